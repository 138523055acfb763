/** How alike things are, each pair a square: cosine similarities of embeddings, distances, correlations. */
import { ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import { centred, colourOf, hexOf, nonFinite, valueRange } from "../colours.ts";
import { type ChartSpec, chart } from "../drawing/chart.ts";
import { picture, pixelFor, tileOf } from "../drawing/grid.ts";
import type { Displayable } from "../mime.ts";
import { ink } from "../theme.ts";
import { type NumberSource, numbersOf } from "../values.ts";
import { countOf, formatNumber, formatShape, wrapped } from "../wording.ts";

/** Options of `similarity`. */
export interface SimilarityOptions {
  /** A name for each row, and for each column where `columns` is left out. */
  labels?: readonly string[];
  /** A name for each column, where they are not what the rows are. */
  columns?: readonly string[];
  /** A title above the picture. */
  title?: string;
}

/** Numbers fit into the squares up to here; above, squares become pixels. */
const MOST_NUMBERED = 12;
const MOST_SQUARES = 36;
const MOST_PIXELS = 170;

/**
 * Draws a matrix `[N, M]` of similarities as a heat map: blue and red around 0 where there are negative values, else from dark to
 * light. Large ones are drawn as pixels, without names.
 *
 * @throws ShapeError where it is no matrix, or has more or fewer names than rows or columns.
 * @example
 * const z = encoder(images);
 * const unit = z.div(z.square().sum(1, { keepDim: true }).sqrt());
 * show.similarity(unit.matmul(unit.transpose(0, 1)));
 */
export function similarity(matrix: NumberSource, options: SimilarityOptions = {}): Displayable {
  checkOptions("show.similarity", options, ["labels", "columns", "title"]);
  const { shape, values } = numbersOf(matrix, "show.similarity");
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2 || rows * columns === 0)
    throw new ShapeError(`show.similarity: expected a matrix [N, M], got shape ${formatShape(shape)}`);
  const names = namesOf(options, rows, columns);
  const range = valueRange(values);
  const signed = range.low < 0 && range.high > 0;
  // Nothing alike is 0 to the eye, not 7e−10.
  const scale = signed
    ? centred(range)
    : { ...range, low: range.low > 0 && range.low < 0.05 * range.high ? 0 : range.low };
  const text = similaritySentence(values, rows, columns, names);
  const title = options.title ?? "Similarity";
  const colours = signed ? "diverging" : "viridis";
  if (Math.max(rows, columns) > MOST_SQUARES) {
    const step = Math.ceil(Math.max(rows, columns) / MOST_PIXELS);
    const tile = tileOf(values, { channels: 1, height: rows, width: columns }, scale, colours, step);
    return picture(
      {
        title,
        subtitle: text,
        arrange: "column",
        panels: [
          {
            ...(step > 1 ? { subtitle: `one row and column in ${step} is drawn` } : {}),
            tiles: [tile],
            columns: 1,
            pixel: pixelFor(tile.height, tile.width, 420),
          },
        ],
        scale: { label: "similarity", colours, low: scale.low, high: scale.high },
        nan: range.nan,
        infinite: range.infinite,
      },
      text,
    );
  }
  return chart(similaritySpec(values, names, { ...scale, colours }, title, text), text);
}

interface Names {
  rows: readonly string[];
  columns: readonly string[];
}

function namesOf({ labels, columns: given }: SimilarityOptions, rows: number, columns: number): Names {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));
  const names = {
    rows: labels ?? numbers(rows),
    columns: given ?? (labels && rows === columns ? labels : numbers(columns)),
  };
  if (names.rows.length !== rows)
    throw new ShapeError(
      `show.similarity: ${countOf(names.rows.length, "label")} for ${countOf(rows, "row")}`,
    );
  if (names.columns.length !== columns)
    throw new ShapeError(
      `show.similarity: ${countOf(names.columns.length, "column name")} for ${countOf(columns, "column")}`,
    );
  return names;
}

/** "4×4 pairs, mean 0.31; apart from the diagonal most alike are a and b (0.9), least alike a and d (−0.2)." */
function similaritySentence(values: ArrayLike<number>, rows: number, columns: number, names: Names): string {
  let [best, worst]: [number, number] = [-1, -1];
  let [sum, count] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    sum += value;
    count++;
    if (rows === columns && i % (columns + 1) === 0) continue;
    if (best < 0 || value > values[best]!) best = i;
    if (worst < 0 || value < values[worst]!) worst = i;
  }
  const size = `${rows}×${columns} pairs`;
  if (count === 0) return `${size}, none with a finite value.`;
  const mean = `${size}, mean ${formatNumber(sum / count)}`;
  if (best < 0 || values[best] === values[worst]) return `${mean}.`;
  const pair = (at: number) =>
    `${names.rows[Math.floor(at / columns)]} and ${names.columns[at % columns]} (${formatNumber(values[at]!)})`;
  const apart = rows === columns ? "apart from the diagonal " : "";
  return `${mean}; ${apart}most alike are ${pair(best)}, least alike ${pair(worst)}.`;
}

function similaritySpec(
  values: ArrayLike<number>,
  names: Names,
  { low, high, colours }: { low: number; high: number; colours: "diverging" | "viridis" },
  title: string,
  text: string,
): ChartSpec {
  const [rows, columns] = [names.rows.length, names.columns.length];
  const numbered = Math.max(rows, columns) <= MOST_NUMBERED;
  const side = numbered ? 44 : Math.max(13, Math.floor(460 / Math.max(rows, columns)));
  // By their places, so that two things of one name stay apart.
  const data = Array.from({ length: rows * columns }, (_, i) => ({
    r: Math.floor(i / columns),
    c: i % columns,
    v: Number.isFinite(values[i]!) ? Number(values[i]!.toPrecision(3)) : null,
    text: Number.isFinite(values[i]!)
      ? String(Number(values[i]!.toFixed(2))).replace("-", "−")
      : formatNumber(values[i]!),
    dark: isDark(colourOf(values[i]!, colours, low, high)),
  }));
  const axis = (list: readonly string[]) => ({
    title: null,
    ticks: false,
    domain: false,
    labelAngle: 0,
    labelLimit: 120,
    labelExpr: `${JSON.stringify(list)}[datum.value]`,
  });
  const longest = Math.max(...names.columns.map((name) => name.length));
  const shades = Array.from({ length: 11 }, (_, i) => hexOf(colourOf(i / 10, colours, 0, 1)));
  const squares = {
    mark: { type: "rect", stroke: ink.paper, strokeWidth: numbered ? 1 : 0.5 },
    encoding: {
      color: {
        field: "v",
        type: "quantitative",
        title: "similarity",
        scale: { domain: [low, high], range: shades },
        legend: { gradientLength: 120, format: ".2~g" },
      },
      tooltip: [
        { field: "r", title: "row" },
        { field: "c", title: "column" },
        { field: "v", title: "similarity", format: ".3~g" },
      ],
    },
  };
  const broken = {
    transform: [{ filter: "datum.v === null" }],
    mark: { type: "rect", stroke: ink.paper, color: hexOf(nonFinite.nan) },
  };
  const numbers = {
    mark: { type: "text", fontSize: 10 },
    encoding: {
      text: { field: "text" },
      color: { condition: { test: "datum.dark", value: ink.paper }, value: ink.strong },
    },
  };
  return {
    title: { text: title, subtitle: wrapped(text, Math.max(300, side * columns + 120)) },
    data: { values: data },
    width: side * columns,
    height: side * rows,
    encoding: {
      x: {
        field: "c",
        type: "ordinal",
        axis: { ...axis(names.columns), orient: "top", labelAngle: longest * 7 > side ? -45 : 0 },
      },
      y: { field: "r", type: "ordinal", axis: axis(names.rows) },
    },
    layer: [squares, ...(data.some(({ v }) => v === null) ? [broken] : []), ...(numbered ? [numbers] : [])],
  };
}

/** Whether white text is easier to read on a colour (relative luminance, Rec. 709). */
const isDark = ([red, green, blue]: readonly number[]): boolean =>
  0.2126 * red! + 0.7152 * green! + 0.0722 * blue! < 140;
