/**
 * Pictures made of pixels: samples, filters, feature maps. Tiles are enlarged without smoothing and set in titled panels with
 * captions and a scale bar. `composePicture` runs in the drawing thread; the types describe a picture as plain data.
 */
import { type ColourMapName, colourOf, nonFinite } from "../colours.ts";
import { fontSize, ink, role } from "../theme.ts";
import { countOf, formatNumber } from "../wording.ts";
import { blit, type Placed, shadesOf } from "./blit.ts";
import { fitText, foldText, textWidth } from "./font.ts";
import { type Pixels, rasterise, SCALE, svgDocument, svgRect, svgText } from "./svg.ts";

export type Tone = "plain" | "right" | "wrong" | "muted";

/** One map or image: values `[channels, height, width]`, coloured over `[low, high]`. */
export interface Tile {
  values: ArrayLike<number>;
  channels: 1 | 3;
  height: number;
  width: number;
  low: number;
  high: number;
  colours: ColourMapName;
  /** 1 where a value is none and the paper shows, as at the end of a vector's last column; 2 where a line is drawn. */
  hidden?: Uint8Array;
  caption?: readonly string[];
  /** Beside the tile instead of below it; one line then. */
  captionSide?: "right";
  tone?: Tone;
  /** Frames over the picture. */
  boxes?: readonly TileBox[];
}

/** A frame over a tile, in its values: from the left edge of column `left` to the left edge of column `right`. */
export interface TileBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** `#rrggbb`; ours where left out. */
  colour?: string;
}

/** Tiles in rows under a title. */
export interface Panel {
  title?: string;
  subtitle?: string;
  tiles: readonly Tile[];
  columns: number;
  /** Device pixels (half a CSS pixel) for the side of one value. */
  pixel: number;
  /** Below the tiles, where the panels' values differ in range. */
  scale?: Omit<ScaleBar, "label">;
}

export interface ScaleBar {
  label: string;
  colours: ColourMapName;
  low: number;
  high: number;
}

export interface Picture {
  title: string;
  subtitle?: string;
  panels: readonly Panel[];
  /** Panels one below the other, side by side, or side by side with arrows between. */
  arrange: "column" | "row" | "flow";
  scale?: ScaleBar;
  nan?: number;
  infinite?: number;
  maxWidth?: number;
}

const GAP = 6;
const PANEL_GAP = 18;
const MARGIN = 12;
const LINE = 13;
const toneColour: Record<Tone, string> = {
  plain: ink.text,
  right: role.right,
  wrong: role.wrong,
  muted: ink.muted,
};

interface Block {
  width: number;
  height: number;
  /** SVG of the block's text and frames at (x, y), and its tiles. */
  draw(x: number, y: number): { svg: string; tiles: Placed[] };
}

/** The picture's pixels, and the colours of its tiles, which an encoder should keep; those of images in colour it finds itself. */
export function composePicture(picture: Picture): Pixels & { kept?: readonly number[] } {
  const maxWidth = picture.maxWidth ?? 960;
  const blocks = picture.panels.map(panelBlock);
  const lines =
    picture.arrange !== "column" ? wrap(blocks, maxWidth - 2 * MARGIN) : blocks.map((block) => [block]);
  const footer = footerBlock(picture);
  const titleWidth = textWidth(picture.title, fontSize.title, "bold");
  const subtitleWidth = Math.min(textWidth(picture.subtitle ?? "", fontSize.label), 520);
  const widths = lines.map((line) => line.reduce((sum, block) => sum + block.width + PANEL_GAP, -PANEL_GAP));
  const inner = Math.max(...widths, footer.width, Math.min(Math.max(titleWidth, subtitleWidth), maxWidth));
  const width = Math.ceil(inner + 2 * MARGIN);

  const svg: string[] = [];
  const tiles: Placed[] = [];
  let y = MARGIN;
  const title = fitText(picture.title, inner, fontSize.title, "bold");
  svg.push(svgText(title, MARGIN, y + 12, { size: fontSize.title, weight: "bold", colour: ink.strong }));
  y += 19;
  for (const line of foldText(picture.subtitle ?? "", inner, fontSize.label)) {
    svg.push(svgText(line, MARGIN, y + 10, { colour: ink.muted }));
    y += 15;
  }
  y += 8;
  for (const [row, line] of lines.entries()) {
    const height = Math.max(...line.map((block) => block.height));
    let x = MARGIN;
    for (const [column, block] of line.entries()) {
      const drawn = block.draw(x, y);
      svg.push(drawn.svg);
      tiles.push(...drawn.tiles);
      x += block.width + PANEL_GAP;
      const last = row === lines.length - 1 && column === line.length - 1;
      if (picture.arrange === "flow" && !last) {
        svg.push(svgText("→", x - PANEL_GAP / 2, y + 10, { anchor: "middle", colour: ink.muted, size: 12 }));
      }
    }
    y += height + (row === lines.length - 1 ? 0 : PANEL_GAP);
  }
  if (footer.height > 0) {
    y += 12;
    svg.push(footer.draw(MARGIN, y).svg);
    y += footer.height;
  }
  const pixels = rasterise(svgDocument(width, Math.ceil(y + MARGIN), svg.join("")));
  const shades = shadesOf(tiles.map(({ tile }) => tile));
  for (const placed of tiles) blit(pixels, placed, shades);
  return shades.all === null ? pixels : { ...pixels, kept: shades.all };
}

function wrap(blocks: Block[], width: number): Block[][] {
  const lines: Block[][] = [];
  let used = 0;
  for (const block of blocks) {
    const line = lines.at(-1);
    if (line && used + PANEL_GAP + block.width <= width) {
      line.push(block);
      used += PANEL_GAP + block.width;
    } else {
      lines.push([block]);
      used = block.width;
    }
  }
  return lines;
}

interface Cells {
  columns: number;
  rows: number;
  tileWidth: number;
  /** Captions stand beside the tiles, not below. */
  beside: boolean;
  width: number;
  height: number;
  gap: number;
}

/** All tiles of a panel stand in cells of one size, wide enough for most captions. */
function cellsOf(panel: Panel): Cells {
  const side = (values: number) => (values * panel.pixel) / SCALE;
  const tileWidth = Math.max(...panel.tiles.map((tile) => side(tile.width)));
  const tileHeight = Math.max(...panel.tiles.map((tile) => side(tile.height)));
  const captions = panel.tiles.flatMap((tile) => tile.caption ?? []);
  const lines = Math.max(0, ...panel.tiles.map((tile) => tile.caption?.length ?? 0));
  const captionWidth = Math.max(0, ...captions.map((line) => textWidth(line, fontSize.small)));
  const columns = Math.min(panel.columns, panel.tiles.length);
  const rows = Math.ceil(panel.tiles.length / columns);
  if (panel.tiles[0]?.captionSide === "right") {
    const width = tileWidth + 6 + Math.min(captionWidth, 140);
    return { columns, rows, tileWidth, beside: true, width, height: tileHeight, gap: 3 };
  }
  const width = Math.max(tileWidth, Math.min(captionWidth, Math.max(tileWidth + 24, 104)));
  const height = tileHeight + (lines > 0 ? lines * LINE + 3 : 0);
  return { columns, rows, tileWidth, beside: false, width, height, gap: lines > 0 ? 10 : GAP };
}

function panelBlock(panel: Panel): Block {
  const cells = cellsOf(panel);
  const header = (panel.title ? 15 : 0) + (panel.subtitle ? 14 : 0) + (panel.title || panel.subtitle ? 4 : 0);
  const tilesWidth = cells.columns * (cells.width + cells.gap) - cells.gap;
  const width = Math.max(
    tilesWidth,
    textWidth(panel.title ?? "", fontSize.label, "bold"),
    textWidth(panel.subtitle ?? "", fontSize.small),
  );
  const tilesHeight = header + cells.rows * (cells.height + cells.gap) - cells.gap;
  const height = tilesHeight + (panel.scale ? 32 : 0);

  const draw = (x: number, y: number) => {
    const svg: string[] = [];
    const tiles: Placed[] = [];
    if (panel.title) svg.push(svgText(panel.title, x, y + 10, { weight: "bold", colour: ink.strong }));
    if (panel.subtitle) {
      const baseline = y + (panel.title ? 25 : 10);
      svg.push(svgText(panel.subtitle, x, baseline, { size: fontSize.small, colour: ink.muted }));
    }
    for (const [index, tile] of panel.tiles.entries()) {
      const cellX = x + (index % cells.columns) * (cells.width + cells.gap);
      const cellY = y + header + Math.floor(index / cells.columns) * (cells.height + cells.gap);
      const width = (tile.width * panel.pixel) / SCALE;
      // Whole device pixels, so that every value is equally large.
      const left = Math.round((cellX + (cells.beside ? 0 : (cells.width - width) / 2)) * SCALE) / SCALE;
      const top = Math.round(cellY * SCALE) / SCALE;
      tiles.push({ tile, left: left * SCALE, top: top * SCALE, pixel: panel.pixel });
      svg.push(
        tileFrame(tile, left, top, panel.pixel),
        captionSvg(tile, cells, cellX, left, top, panel.pixel),
      );
    }
    if (panel.scale) svg.push(scaleBar(panel.scale, x, y + tilesHeight + 8, tilesWidth));
    return { svg: svg.join(""), tiles };
  };
  return { width, height, draw };
}

function tileFrame(tile: Tile, left: number, top: number, pixel: number): string {
  const wrong = tile.tone === "wrong";
  const stroke = wrong ? 1.5 : 0.5;
  const [width, height] = [tile.width, tile.height].map((values) => (values * pixel) / SCALE + stroke);
  const colour = wrong ? role.wrong : ink.line;
  const attributes = `fill="none" stroke="${colour}" stroke-width="${stroke}"`;
  return svgRect(left - stroke / 2, top - stroke / 2, width!, height!, attributes);
}

function captionSvg(
  tile: Tile,
  cells: Cells,
  cellX: number,
  left: number,
  top: number,
  pixel: number,
): string {
  const colour = toneColour[tile.tone ?? "plain"];
  const [width, height] = [tile.width, tile.height].map((values) => (values * pixel) / SCALE);
  const lines = (tile.caption ?? []).map((text, line) => {
    if (cells.beside) {
      const fitted = fitText(text, 140, fontSize.small);
      return svgText(fitted, left + width! + 6, top + height! / 2 + 3.5, { size: fontSize.small, colour });
    }
    const fitted = fitText(text, cells.width + cells.gap - 4, fontSize.small);
    const baseline = top + height! + 12 + line * LINE;
    return svgText(fitted, cellX + cells.width / 2, baseline, {
      size: fontSize.small,
      anchor: "middle",
      colour,
    });
  });
  return lines.join("");
}

/** The scale bar, and a swatch for each kind of value that is not a number. */
function footerBlock(picture: Picture): Block {
  const { scale, nan = 0, infinite = 0 } = picture;
  const swatches = [
    ...(nan > 0 ? [{ colour: nonFinite.nan, text: `NaN (${countOf(nan, "value")})` }] : []),
    ...(infinite > 0
      ? [{ colour: nonFinite.infinite, text: `infinite (${countOf(infinite, "value")})` }]
      : []),
  ];
  const barWidth = 180;
  const labelWidth = scale ? textWidth(scale.label, fontSize.label) + 10 : 0;
  const swatchWidths = swatches.map(({ text }) => 18 + textWidth(text, fontSize.small) + 16);
  const scaleWidth = scale ? labelWidth + barWidth + 30 : 0;
  const width = scaleWidth + swatchWidths.reduce((sum, value) => sum + value, 0);
  const draw = (x: number, y: number) => {
    const svg: string[] = [];
    if (scale) {
      svg.push(svgText(scale.label, x, y + 9, { colour: ink.text }));
      svg.push(scaleBar(scale, x + labelWidth, y, barWidth));
    }
    let left = x + scaleWidth;
    for (const [index, { colour, text }] of swatches.entries()) {
      svg.push(svgRect(left, y, 12, 10, `fill="rgb(${colour.join(",")})"`));
      svg.push(svgText(text, left + 18, y + 9, { size: fontSize.small }));
      left += swatchWidths[index]!;
    }
    return { svg: svg.join(""), tiles: [] };
  };
  return { width, height: scale ? 25 : swatches.length > 0 ? 12 : 0, draw };
}

function scaleBar(scale: Omit<ScaleBar, "label">, x: number, y: number, width: number): string {
  const steps = 60;
  const parts: string[] = [];
  for (let i = 0; i < steps; i++) {
    const [red, green, blue] = colourOf(i / (steps - 1), scale.colours, 0, 1);
    const left = x + (i * width) / steps;
    parts.push(svgRect(left, y, width / steps + 0.3, 10, `fill="rgb(${red},${green},${blue})"`));
  }
  parts.push(svgRect(x, y, width, 10, `fill="none" stroke="${ink.line}" stroke-width="0.5"`));
  for (const [share, anchor] of [
    [0, "start"],
    [0.5, "middle"],
    [1, "end"],
  ] as const) {
    const value = scale.low + share * (scale.high - scale.low);
    const text = formatNumber(Math.abs(value) < 1e-12 * (scale.high - scale.low) ? 0 : value);
    parts.push(svgText(text, x + share * width, y + 22, { size: fontSize.small, colour: ink.muted, anchor }));
  }
  return parts.join("");
}
