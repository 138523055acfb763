/** Matrices whose rows and columns have names, as heat maps with a number in every cell; larger ones as pixels. */
import { type ColourMapName, colourOf, hexOf, type Rgb } from "../colours.ts";
import type { ChartSpec } from "../drawing/chart.ts";
import { tileOf } from "../drawing/grid.ts";
import type { Panel } from "../drawing/image.ts";
import { ink } from "../theme.ts";
import { formatNumber } from "../wording.ts";

/** A matrix and how to draw it. */
export interface LabelledMatrix {
  title?: string;
  rows: readonly string[];
  columns: readonly string[];
  rowTitle: string;
  columnTitle: string;
  /** Row by row. */
  values: ArrayLike<number>;
  /** What a cell is coloured by, where that is not its value. */
  shades?: ArrayLike<number>;
  low: number;
  high: number;
  colours: ColourMapName;
  /** A cell with a ring around it. */
  marked?: number | null;
}

/** More cells or columns than these carry no numbers. */
export const isPrintable = (rows: number, columns: number): boolean => rows * columns <= 240 && columns <= 14;

const isDark = ([red, green, blue]: Rgb): boolean => 0.3 * red + 0.59 * green + 0.11 * blue < 140;

/** A Vega-Lite view with a number in every cell. */
export function matrixView(matrix: LabelledMatrix): ChartSpec {
  const { rows, columns, values, shades = values, low, high, colours, marked = null } = matrix;
  // Few shades, so that the PNG has few colours and stays small.
  const shade = (value: number): Rgb => {
    if (!Number.isFinite(value)) return colourOf(value, colours, 0, 1);
    const share = high > low ? (value - low) / (high - low) : 0.5;
    return colourOf(Math.round(Math.min(1, Math.max(0, share)) * 16), colours, 0, 16);
  };
  const cells = Array.from(values, (value, i) => ({
    row: rows[Math.floor(i / columns.length)]!,
    column: columns[i % columns.length]!,
    value: formatNumber(value, 2),
    exact: formatNumber(value, 6),
    fill: hexOf(shade(shades[i]!)),
    ink: isDark(shade(shades[i]!)) ? ink.paper : ink.strong,
    marked: i === marked,
  }));
  const axis = (title: string) => ({
    title,
    domain: false,
    ticks: false,
    labelAngle: 0,
    labelLimit: 120,
    labelOverlap: false,
  });
  const fixed = (field: string) => ({ field, type: "nominal", scale: null, legend: null });
  const widest = Math.max(...columns.map(({ length }) => length));
  return {
    ...(matrix.title === undefined ? {} : { title: { text: matrix.title, fontSize: 12 } }),
    data: { values: cells },
    width: Math.max(54, 7 * widest) * columns.length,
    height: 26 * rows.length,
    encoding: {
      x: {
        field: "column",
        type: "ordinal",
        sort: null,
        axis: { ...axis(matrix.columnTitle), orient: "top" },
      },
      y: { field: "row", type: "ordinal", sort: null, axis: axis(matrix.rowTitle) },
    },
    layer: [
      {
        mark: { type: "rect", stroke: ink.line, strokeWidth: 0.5 },
        encoding: {
          color: fixed("fill"),
          tooltip: ["row", "column", "exact"].map((field) => ({
            field,
            type: "nominal",
            title: field === "exact" ? "value" : field,
          })),
        },
      },
      {
        transform: [{ filter: "datum.marked" }],
        mark: { type: "rect", filled: false, stroke: ink.strong, strokeWidth: 3 },
      },
      {
        mark: { type: "text", fontSize: 10 },
        encoding: { text: { field: "value", type: "nominal" }, color: fixed("ink") },
      },
    ],
  };
}

/** The same as a panel of pixels, where numbers would not be readable. */
export function matrixPanel({
  title,
  rows,
  columns,
  values,
  shades = values,
  low,
  high,
  colours,
  rowTitle,
  columnTitle,
}: LabelledMatrix): Panel {
  const tile = tileOf(
    shades,
    { channels: 1, height: rows.length, width: columns.length },
    { low, high },
    colours,
  );
  const pixel = Math.max(1, Math.min(24, Math.floor(1000 / tile.width), Math.floor(600 / tile.height)));
  return {
    ...(title === undefined ? {} : { title }),
    subtitle: `down: ${rowTitle}; across: ${columnTitle}`,
    tiles: [tile],
    columns: 1,
    pixel,
  };
}
