/**
 * Sheets of numbers: matrices as cells with signs between them, as one writes a computation on a board. The types describe a
 * sheet as plain data; `sheetSvg` runs in the drawing thread.
 */

import { type ColourMapName, colourOf, hexOf, valueRange } from "../colours.ts";
import { fontSize, ink, palette } from "../theme.ts";
import { formatNumber } from "../wording.ts";
import { fitText, foldText, textWidth } from "./font.ts";
import { svgDocument, svgRect, svgText } from "./svg.ts";

/** What a mark stands for; each has its colour and its dash. */
export type MarkTone = "input" | "kernel" | "output" | "window";

/** A rectangle of cells that is pointed at. */
export interface CellMark {
  row: number;
  column: number;
  rows: number;
  columns: number;
  tone: MarkTone;
}

/** A matrix. */
export interface CellGrid {
  title?: string;
  subtitle?: string;
  rows: number;
  columns: number;
  /** Row by row; null leaves its cell empty. */
  values: ArrayLike<number | null>;
  /** Cells are filled by this colour map; without it they are white, or grey by their values where these have no room. */
  shade?: { colours: ColourMapName; low: number; high: number };
  /** Small factors in the corner of cells: the weights that are placed on them. */
  corners?: readonly (number | null)[];
  /** 1 where a value is not known yet: its cell stays empty, and has the room for it. */
  hidden?: ArrayLike<number>;
  /** 1 where a cell does not belong to the matrix itself, such as padding. */
  outside?: ArrayLike<number>;
  marks?: readonly CellMark[];
  /** Whether numbers are written into the cells; where they have room unless told. */
  written?: boolean;
}

/** A sign between matrices, such as `∗` or `=`. */
export interface CellSign {
  sign: string;
}

/** Matrices and signs in lines, with lines of text below. */
export interface Sheet {
  title: string;
  subtitle?: string;
  lines: readonly (readonly (CellGrid | CellSign)[])[];
  notes: readonly string[];
}

const MARGIN = 14;
const GAP = 14;
const LINE = 16;
/** Size of the factors in the cells' corners. */
const FACTOR = 9;
/** CSS pixels inside the margins: an animation is a chart with a slider, which no front end makes smaller. */
const widest = 750;

const toneColour: Record<MarkTone, string> = {
  input: palette[0]!,
  kernel: palette[2]!,
  output: palette[1]!,
  window: ink.muted,
};

/** Side of a cell in CSS pixels for a sheet whose largest matrix has so many rows or columns. */
function cellSide(most: number): number {
  if (most <= 8) return 34;
  if (most <= 12) return 27;
  if (most <= 18) return 21;
  return Math.max(3, Math.min(14, Math.floor(380 / most)));
}

interface Measured {
  grid: CellGrid;
  cellWidth: number;
  cellHeight: number;
  width: number;
  height: number;
  head: number;
  texts: (string | null)[] | null;
  factors: (string | null)[];
  shade: CellGrid["shade"];
}

type Measure = (CellSign | Measured)[];

const isSign = (item: CellGrid | CellSign): item is CellSign => "sign" in item;

function measure(grid: CellGrid, side: number, digits: number): Measured {
  const written = grid.written ?? side >= 20;
  const texts = written
    ? Array.from(grid.values, (value) => (value === null ? null : formatNumber(value, digits)))
    : null;
  const factors = written
    ? (grid.corners ?? []).map((factor) => (factor === null ? null : `×${formatNumber(factor, digits)}`))
    : [];
  const longest = Math.max(
    0,
    ...(texts ?? []).map((text) => textWidth(text ?? "", numberSize(side)) + 8),
    ...factors.map((text) => textWidth(text ?? "", FACTOR, "bold") + 6),
  );
  const cellWidth = Math.ceil(Math.max(side, longest));
  const shade = grid.shade ?? (written ? undefined : { colours: "grey" as const, ...greyRange(grid.values) });
  const head = (grid.title ? 16 : 0) + (grid.subtitle ? 14 : 0);
  const width = Math.max(
    cellWidth * grid.columns,
    textWidth(grid.title ?? "", fontSize.label, "bold"),
    textWidth(grid.subtitle ?? "", fontSize.small),
  );
  const height = head + side * grid.rows;
  return { grid, cellWidth, cellHeight: side, width, height, head, texts, factors, shade };
}

/** Of the values that there are; an eighth darker than the darkest, so that lines are seen on it. */
function greyRange(values: ArrayLike<number | null>): { low: number; high: number } {
  const { low, high } = valueRange(Array.from(values, (value) => value ?? Number.NaN));
  return { low: low - (high - low) / 8, high };
}

const numberSize = (side: number): number => (side >= 27 ? 12 : fontSize.small);

/** A sheet as SVG. */
export function sheetSvg(sheet: Sheet): string {
  const grids = sheet.lines.flat().filter((item) => !isSign(item)) as CellGrid[];
  const side = cellSide(Math.max(1, ...grids.flatMap(({ rows, columns }) => [rows, columns])));
  const lines = fitted(sheet.lines, side);
  const widths = lines.map(lineWidth);
  const titleWidth = Math.min(textWidth(sheet.title, fontSize.title, "bold"), widest);
  const inner = Math.max(...widths, titleWidth);
  const parts = [
    svgText(fitText(sheet.title, inner, fontSize.title, "bold"), MARGIN, MARGIN + 12, {
      size: fontSize.title,
      weight: "bold",
      colour: ink.strong,
    }),
  ];
  let y = MARGIN + 22;
  for (const line of foldText(sheet.subtitle ?? "", inner, fontSize.label)) {
    parts.push(svgText(line, MARGIN, y + 10, { colour: ink.muted }));
    y += LINE;
  }
  y += 8;
  for (const line of lines) {
    const measured = line.filter((item): item is Measured => "grid" in item);
    const head = Math.max(0, ...measured.map((item) => item.head));
    const body = Math.max(...measured.map((item) => item.height - item.head));
    let x = MARGIN;
    for (const item of line) {
      if (!("grid" in item)) {
        const middle = y + head + body / 2 + 7;
        parts.push(svgText(item.sign, x, middle, { size: 20, colour: ink.text }));
        x += signWidth(item) + GAP;
        continue;
      }
      const top = y + head + (body - (item.height - item.head)) / 2;
      parts.push(gridSvg(item, x, top));
      x += item.width + GAP;
    }
    y += head + body + GAP;
  }
  const notes = sheet.notes.flatMap((note) => foldText(note, inner, fontSize.label));
  for (const [i, line] of notes.entries()) {
    parts.push(svgText(line, MARGIN, y + 8 + i * LINE, { colour: ink.text }));
  }
  y += notes.length * LINE;
  return svgDocument(Math.ceil(inner + 2 * MARGIN), Math.ceil(y + MARGIN - 4), parts.join(""));
}

/** With three digits, with two where these are too wide, and in more lines where two are. */
function fitted(lines: Sheet["lines"], side: number): Measure[] {
  const measured = (digits: number): Measure[] =>
    lines.map((line) => line.map((item) => (isSign(item) ? item : measure(item, side, digits))));
  const fits = (made: Measure[]) => made.every((line) => lineWidth(line) <= widest);
  const three = measured(3);
  if (fits(three)) return three;
  return measured(2).flatMap(folded);
}

/** A line in as many as it needs; a sign goes with what follows it. */
function folded(line: Measure): Measure[] {
  const lines: Measure[] = [[]];
  for (let i = 0; i < line.length; ) {
    const next = line.slice(i, i + ("grid" in line[i]! ? 1 : 2));
    const last = lines.at(-1)!;
    if (last.length > 0 && lineWidth([...last, ...next]) > widest) lines.push(next);
    else last.push(...next);
    i += next.length;
  }
  return lines;
}

const lineWidth = (line: Measure): number =>
  line.reduce((sum, item) => sum + ("grid" in item ? item.width : signWidth(item)) + GAP, -GAP);

const signWidth = ({ sign }: CellSign): number => textWidth(sign, 20);

function gridSvg(measured: Measured, x: number, y: number): string {
  const { grid, cellWidth, cellHeight, head, texts, factors, shade } = measured;
  const { rows, columns, values, hidden, outside, marks = [] } = grid;
  const parts: string[] = [];
  if (grid.title) parts.push(svgText(grid.title, x, y - head + 10, { weight: "bold", colour: ink.strong }));
  if (grid.subtitle)
    parts.push(svgText(grid.subtitle, x, y - 6, { size: fontSize.small, colour: ink.muted }));
  const place = (row: number, column: number) => [x + column * cellWidth, y + row * cellHeight] as const;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const i = row * columns + column;
      const value = hidden?.[i] === 1 ? null : (values[i] ?? null);
      const beyond = outside?.[i] === 1;
      const fill =
        value === null
          ? ink.paper
          : shade
            ? hexOf(colourOf(value, shade.colours, shade.low, shade.high))
            : beyond
              ? ink.grid
              : ink.paper;
      const [left, top] = place(row, column);
      const line = cellHeight >= 6 ? `stroke="${ink.line}" stroke-width="1"` : "";
      parts.push(svgRect(left, top, cellWidth, cellHeight, `fill="${fill}" ${line}`));
    }
  }
  for (const mark of marks) {
    const [left, top] = place(mark.row, mark.column);
    const colour = toneColour[mark.tone];
    const look = `fill="${colour}" fill-opacity="${mark.tone === "window" ? 0 : 0.16}" stroke="${colour}" stroke-width="${cellHeight >= 10 ? 2.5 : 1.5}"`;
    parts.push(svgRect(left, top, mark.columns * cellWidth, mark.rows * cellHeight, look));
  }
  for (let i = 0; texts && i < texts.length; i++) {
    const text = texts[i];
    if (text === null || text === undefined || hidden?.[i] === 1) continue;
    const [left, top] = place(Math.floor(i / columns), i % columns);
    const size = numberSize(cellHeight);
    const value = values[i] as number;
    const dark = shade && luminance(colourOf(value, shade.colours, shade.low, shade.high)) < 0.55;
    const colour = outside?.[i] === 1 ? ink.muted : dark ? ink.paper : ink.strong;
    const corner = factors[i];
    const middle = top + cellHeight / 2 + size * 0.36 - (corner ? 4 : 0);
    parts.push(svgText(text, left + cellWidth / 2, middle, { size, anchor: "middle", colour }));
    if (corner) {
      const below = { size: FACTOR, anchor: "end", colour: toneColour.kernel, weight: "bold" } as const;
      parts.push(svgText(corner, left + cellWidth - 3, top + cellHeight - 4, below));
    }
  }
  return parts.join("");
}

function luminance([red, green, blue]: readonly [number, number, number]): number {
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}
