/** Tiles as pixels: each value a square of colour, frames over them. */
import { type ColourMapName, colourTable, nonFinite, parseHex, type Rgb } from "../colours.ts";
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
  blit({ rgba, width, height }, { tile, left: 0, top: 0, pixel }, shadesOf([tile]));
  return `data:image/png;base64,${encodePng(rgba, width, height, { exact: true, level: 6 }).toString("base64")}`;
}

/** The colours of a picture's tiles, packed as the bytes R, G, B, A are read: for each map those of its 256 levels. */
export interface Shades {
  readonly maps: ReadonlyMap<ColourMapName, Uint32Array>;
  /** All that tiles may have; null where some are images in colour. */
  readonly all: readonly number[] | null;
}

/** Colours of tiles in a palette of 256, which text, lines and frames share. */
const MOST_SHADES = 208;

/** The levels that tiles use, or, where those are more than a palette has room for, so many fewer, evenly: a step is 1 % of the range at most. */
export function shadesOf(tiles: readonly Tile[]): Shades {
  const used = new Map<ColourMapName, Uint8Array>();
  for (const tile of tiles) {
    if (tile.channels !== 1) continue;
    const levels = used.get(tile.colours) ?? new Uint8Array(256);
    used.set(tile.colours, levels);
    for (let i = 0; i < tile.width * tile.height; i++)
      if (Number.isFinite(tile.values[i]!)) levels[levelOf(tile, tile.values[i]!)] = 1;
  }
  const count = [...used.values()].reduce((sum, levels) => sum + levels.reduce((a, b) => a + b, 0), 0);
  const steps = count <= MOST_SHADES ? 255 : Math.floor(MOST_SHADES / used.size) - 1;
  const all = new Set(FRAME_COLOURS);
  const maps = new Map(
    [...used].map(([name, levels]) => {
      const table = colourTable(name);
      const shades = Uint32Array.from({ length: 256 }, (_, level) => {
        const at = 3 * Math.round((Math.round((level / 255) * steps) / steps) * 255);
        return packed([table[at]!, table[at + 1]!, table[at + 2]!]);
      });
      shades.forEach((shade, level) => {
        if (levels[level] === 1) all.add(shade);
      });
      return [name, shades] as const;
    }),
  );
  for (const box of tiles.flatMap(({ boxes = [] }) => boxes))
    all.add(packed(parseHex(box.colour ?? BOX_COLOUR)));
  return { maps, all: tiles.every(({ channels }) => channels === 1) ? [...all] : null };
}

/** Sets a tile's values as squares of colour. */
export function blit(target: Pixels, { tile, left, top, pixel }: Placed, shades: Shades): void {
  const out = new Uint32Array(target.rgba.buffer, target.rgba.byteOffset, target.rgba.length >> 2);
  const row = new Uint32Array(tile.width * pixel);
  const map = shades.maps.get(tile.colours);
  for (let v = 0; v < tile.height; v++) {
    for (let u = 0; u < tile.width; u++) {
      row.fill(tileColour(tile, v, u, map), u * pixel, (u + 1) * pixel);
    }
    for (let k = 0; k < pixel; k++) out.set(row, (top + v * pixel + k) * target.width + left);
  }
  for (const box of tile.boxes ?? []) {
    const [from, to] = [box.left, box.right].map((column) => Math.round(clamp(column, tile.width) * pixel));
    const [first, last] = [box.top, box.bottom].map((row) => Math.round(clamp(row, tile.height) * pixel));
    const frame = [left + from!, top + first!, left + to!, top + last!] as const;
    // A bright frame between dark lines can be seen on any picture; it lies around what it holds, not on it.
    outline(out, target.width, frame, -2, STRONG);
    outline(out, target.width, frame, -1, packed(parseHex(box.colour ?? BOX_COLOUR)));
    outline(out, target.width, frame, 0, packed(parseHex(box.colour ?? BOX_COLOUR)));
    outline(out, target.width, frame, 1, STRONG);
  }
}

/** In `hidden`: a line between parts, where 1 is bare paper. */
export const LINE = 2;

const BOX_COLOUR = "#ffd23f";

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);

function packed([red, green, blue]: Rgb): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

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

/** The map's level of a finite value. */
function levelOf({ low, high }: Tile, value: number): number {
  return Math.round(255 * (high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5));
}

/** The colour of one value or RGB triple, as the bytes R, G, B, A read as a little-endian integer. */
function tileColour(tile: Tile, row: number, column: number, map: Uint32Array | undefined): number {
  const { values } = tile;
  const at = row * tile.width + column;
  const hidden = tile.hidden?.[at];
  if (hidden) return hidden === LINE ? TEXT : PAPER;
  const value = values[at]!;
  if (tile.channels === 1) return Number.isFinite(value) ? map![levelOf(tile, value)]! : oddColour(value);
  const plane = tile.height * tile.width;
  const triple = [value, values[at + plane]!, values[at + 2 * plane]!] as const;
  const odd = triple.find((one) => !Number.isFinite(one));
  if (odd !== undefined) return oddColour(odd);
  return packed([levelOf(tile, triple[0]), levelOf(tile, triple[1]), levelOf(tile, triple[2])]);
}

const [TEXT, PAPER, STRONG, NAN, INFINITE] = [
  ...[ink.text, ink.paper, ink.strong].map(parseHex),
  nonFinite.nan,
  nonFinite.infinite,
].map(packed) as [number, number, number, number, number];

/** What tiles may have beside their maps' colours. */
const FRAME_COLOURS = [PAPER, TEXT, STRONG, NAN, INFINITE];

const oddColour = (value: number): number => (Number.isNaN(value) ? NAN : INFINITE);
