/** Tiles as pixels: each value a square of colour, frames over them. */
import { colourOf, colourTable, parseHex, type Rgb } from "../colours.ts";
import { ink } from "../theme.ts";
import type { Tile } from "./image.ts";
import { encodePng } from "./png.ts";
import type { Pixels } from "./svg.ts";

/** A tile with its place and the side of one value, in device pixels. */
export interface Placed {
  tile: Tile;
  left: number;
  top: number;
  pixel: number;
}

/** A tile alone as a PNG in a `data:` address, `pixel` device pixels for the side of one value: for charts. */
export function tileUrl(tile: Tile, pixel: number): string {
  const [width, height] = [tile.width * pixel, tile.height * pixel];
  const rgba = new Uint8Array(4 * width * height);
  blit({ rgba, width, height }, { tile, left: 0, top: 0, pixel });
  return `data:image/png;base64,${encodePng(rgba, width, height, { exact: true }).toString("base64")}`;
}

/** Sets a tile's values as squares of colour. */
export function blit(target: Pixels, { tile, left, top, pixel }: Placed): void {
  const out = new Uint32Array(target.rgba.buffer, target.rgba.byteOffset, target.rgba.length >> 2);
  const row = new Uint32Array(tile.width * pixel);
  for (let v = 0; v < tile.height; v++) {
    for (let u = 0; u < tile.width; u++) {
      row.fill(tileColour(tile, v, u), u * pixel, (u + 1) * pixel);
    }
    for (let k = 0; k < pixel; k++) out.set(row, (top + v * pixel + k) * target.width + left);
  }
  for (const box of tile.boxes ?? []) {
    const [from, to] = [box.left, box.right].map((column) => Math.round(clamp(column, tile.width) * pixel));
    const [first, last] = [box.top, box.bottom].map((row) => Math.round(clamp(row, tile.height) * pixel));
    const frame = [left + from!, top + first!, left + to!, top + last!] as const;
    // A bright frame between dark lines can be seen on any picture; it lies around what it holds, not on it.
    outline(out, target.width, frame, -2, packed(parseHex(ink.strong)));
    outline(out, target.width, frame, -1, packed(parseHex(box.colour ?? BOX_COLOUR)));
    outline(out, target.width, frame, 0, packed(parseHex(box.colour ?? BOX_COLOUR)));
    outline(out, target.width, frame, 1, packed(parseHex(ink.strong)));
  }
}

/** In `hidden`: a line between parts, where 1 is bare paper. */
export const LINE = 2;

const BOX_COLOUR = "#ffd23f";

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);

const packed = ([red, green, blue]: Rgb): number => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;

/** A line of one device pixel, `inset` inside the frame, or outside. */
function outline(
  out: Uint32Array,
  stride: number,
  [left, top, right, bottom]: readonly [number, number, number, number],
  inset: number,
  colour: number,
): void {
  const [x0, y0, x1, y1] = [left + inset, top + inset, right - 1 - inset, bottom - 1 - inset];
  for (let x = x0; x <= x1; x++) {
    out[y0 * stride + x] = colour;
    out[y1 * stride + x] = colour;
  }
  for (let y = y0; y <= y1; y++) {
    out[y * stride + x0] = colour;
    out[y * stride + x1] = colour;
  }
}

/** The colour of one value or RGB triple, as the bytes R, G, B, A read as a little-endian integer. */
function tileColour(tile: Tile, row: number, column: number): number {
  const { values, low, high } = tile;
  const at = row * tile.width + column;
  const hidden = tile.hidden?.[at];
  if (hidden) return packed(parseHex(hidden === LINE ? ink.text : ink.paper));
  if (tile.channels === 1) {
    const value = values[at]!;
    if (!Number.isFinite(value)) return packed(colourOf(value, tile.colours, low, high));
    const share = high > low ? (value - low) / (high - low) : 0.5;
    const level = 3 * Math.round(Math.min(1, Math.max(0, share)) * 255);
    const table = colourTable(tile.colours);
    return packed([table[level]!, table[level + 1]!, table[level + 2]!]);
  }
  const plane = tile.height * tile.width;
  const triple = [values[at]!, values[at + plane]!, values[at + 2 * plane]!];
  const odd = triple.find((value) => !Number.isFinite(value));
  if (odd !== undefined) return packed(colourOf(odd, tile.colours, low, high));
  const [red, green, blue] = triple.map((value) =>
    Math.round(255 * Math.min(1, Math.max(0, high > low ? (value - low) / (high - low) : 0.5))),
  );
  return packed([red!, green!, blue!]);
}
