/** A tensor shows itself: numbers while they are few, an image where it looks like one, else statistics and a histogram. */
import { ArgumentError, ShapeError } from "../../../engine/errors.ts";
import {
  type ColourMapName,
  centred,
  colourOf,
  hexOf,
  type Rgb,
  type ValueRange,
  valueRange,
} from "../colours.ts";
import { type ChartSpec, chart, rounded } from "../drawing/chart.ts";
import { picture, tileOf } from "../drawing/grid.ts";
import { type Displayable, displayable } from "../mime.ts";
import { ink, palette } from "../theme.ts";
import { isTensorLike, type NumberSource, numbersOf } from "../values.ts";
import { formatCount, formatNumber, formatShape, wrapped } from "../wording.ts";
import { images } from "./images.ts";

/** Up to this many values are printed as numbers. */
const PRINTED = 64;

export interface Statistics {
  count: number;
  mean: number;
  /** Of the finite values, dividing by their number. */
  std: number;
  low: number;
  high: number;
  zeros: number;
  nan: number;
  infinite: number;
}

export function statistics(values: ArrayLike<number>): Statistics {
  const { low, high, nan, infinite } = valueRange(values);
  const finite = values.length - nan - infinite;
  let [sum, zeros] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]!)) sum += values[i]!;
    if (values[i] === 0) zeros++;
  }
  const mean = finite > 0 ? sum / finite : Number.NaN;
  let squares = 0;
  for (let i = 0; i < values.length; i++)
    if (Number.isFinite(values[i]!)) squares += (values[i]! - mean) ** 2;
  const none = finite === 0;
  return {
    count: values.length,
    mean,
    std: none ? Number.NaN : Math.sqrt(squares / finite),
    low: none ? Number.NaN : low,
    high: none ? Number.NaN : high,
    zeros,
    nan,
    infinite,
  };
}

/** "Tensor 64×10 float32: mean 0.1, standard deviation 0.3, from −1 to 1; 2 NaN." */
export function tensorSentence(shape: readonly number[], values: ArrayLike<number>, dtype = ""): string {
  const { mean, std, low, high, nan, infinite } = statistics(values);
  const odd = [
    ...(nan > 0 ? [`${formatCount(nan)} NaN`] : []),
    ...(infinite > 0 ? [`${formatCount(infinite)} infinite`] : []),
  ];
  const warning = odd.length > 0 ? `; ${odd.join(" and ")}` : "";
  const head = `Tensor ${formatShape(shape)}${dtype && ` ${dtype}`}`;
  if (values.length === 0) return `${head}: empty.`;
  return `${head}: mean ${formatNumber(mean)}, standard deviation ${formatNumber(std)}, from ${formatNumber(low)} to ${formatNumber(high)}${warning}.`;
}

/** Options of `tensor`. */
export interface TensorOptions {
  /** A title above the picture. */
  title?: string;
  /** Draw as this; chosen by shape and size where left out. */
  as?: "values" | "image" | "map" | "histogram";
}

/**
 * Draws a tensor: its numbers when it has at most 64, images when it looks like them (`[1 or 3, H, W]` or `[N, 1 or 3, H, W]`), a
 * heat map when it is a matrix of moderate size, else a histogram; with its statistics, NaN and infinite values counted.
 *
 * @example
 * show.tensor(model.conv1.weight, { as: "histogram" });
 */
export function tensor(source: NumberSource, options: TensorOptions = {}): Displayable {
  const { shape, values } = numbersOf(source, "show.tensor");
  const dtype = dtypeOf(source);
  const text = tensorSentence(shape, values, dtype);
  const title = options.title ?? `${labelOf(source) ?? "Tensor"} ${formatShape(shape)}`;
  switch (options.as ?? chooseForm(shape, values, dtype)) {
    case "values": {
      const printed = isTensorLike(source) ? String(source) : printNested(shape, values);
      return displayable(printed, () => ({ data: { "text/plain": printed } }));
    }
    case "image":
      return images(source, { title });
    case "map":
      return isSmallMatrix(shape, values)
        ? chart(matrixSpec(shape, values, title, text), text)
        : mapPicture(shape, values, title, text);
    case "histogram":
      return chart(histogramSpec(values, title, text), text);
    default:
      throw new ArgumentError(
        `show.tensor: as must be "values", "image", "map" or "histogram", got ${JSON.stringify(options.as)}`,
      );
  }
}

function dtypeOf(source: unknown): string {
  return typeof source === "object" && source !== null && "dtype" in source ? String(source.dtype) : "";
}

function labelOf(source: unknown): string | undefined {
  if (typeof source !== "object" || source === null || !("label" in source)) return undefined;
  return typeof source.label === "string" && source.label !== "" ? source.label : undefined;
}

function chooseForm(
  shape: readonly number[],
  values: ArrayLike<number>,
  dtype: string,
): NonNullable<TensorOptions["as"]> {
  if (values.length <= PRINTED) return "values";
  const [height, width] = [shape[shape.length - 2] ?? 0, shape[shape.length - 1] ?? 0];
  const channels = shape[shape.length - 3];
  const imageSized = (shape.length === 3 || shape.length === 4) && height >= 8 && width >= 8;
  const { low, high } = valueRange(values);
  const brightness = low >= 0 && (high <= 1 || (dtype !== "float32" && high <= 255));
  if (imageSized && brightness && (channels === 1 || channels === 3)) return "image";
  if (shape.length === 2 && height > 1 && width > 1 && Math.max(height, width) <= 320) return "map";
  return "histogram";
}

function printNested(shape: readonly number[], values: ArrayLike<number>): string {
  const print = (depth: number, start: number, size: number): string => {
    if (depth === shape.length) return formatNumber(values[start]!, 4);
    const length = shape[depth]!;
    const part = size / length;
    return `[${Array.from({ length }, (_, i) => print(depth + 1, start + i * part, part)).join(", ")}]`;
  };
  return print(0, 0, values.length);
}

/** Few enough values to print each in its square. */
function isSmallMatrix(shape: readonly number[], values: ArrayLike<number>): boolean {
  return shape.length === 2 && values.length > 0 && values.length <= 200 && shape[1]! <= 16;
}

function matrixSpec(
  shape: readonly number[],
  values: ArrayLike<number>,
  title: string,
  text: string,
): ChartSpec {
  const columns = shape[1]!;
  const { range, colours } = mapColours(values);
  // Few shades, so that the PNG has few colours and stays small.
  const shade = (value: number): Rgb => {
    if (!Number.isFinite(value)) return colourOf(value, colours, 0, 1);
    const share = range.high > range.low ? (value - range.low) / (range.high - range.low) : 0.5;
    return colourOf(Math.round(share * 16), colours, 0, 16);
  };
  const rows = Array.from(values, (value, i) => ({
    row: Math.floor(i / columns),
    column: i % columns,
    value: formatNumber(value, 2),
    exact: formatNumber(value, 6),
    fill: hexOf(shade(value)),
    ink: isDark(shade(value)) ? ink.paper : ink.strong,
  }));
  const axis = (name: string) => ({ title: name, domain: false, ticks: false, labelAngle: 0 });
  const fixed = (field: string) => ({ field, type: "nominal", scale: null, legend: null });
  return {
    title: { text: title, subtitle: wrapped(text, Math.max(320, 46 * columns)) },
    data: { values: rows },
    width: 46 * columns,
    height: 24 * shape[0]!,
    encoding: {
      x: { field: "column", type: "ordinal", axis: axis("column") },
      y: { field: "row", type: "ordinal", axis: axis("row") },
    },
    layer: [
      {
        mark: { type: "rect", stroke: ink.paper },
        encoding: {
          color: fixed("fill"),
          tooltip: ["row", "column", "exact"].map((field) => ({
            field,
            title: field === "exact" ? "value" : field,
          })),
        },
      },
      {
        mark: { type: "text", fontSize: 10 },
        encoding: { text: { field: "value", type: "nominal" }, color: fixed("ink") },
      },
    ],
  };
}

const isDark = ([red, green, blue]: Rgb): boolean => 0.3 * red + 0.59 * green + 0.11 * blue < 140;

/** Signed values around 0, others over their range. */
function mapColours(values: ArrayLike<number>): { range: ValueRange; colours: ColourMapName } {
  const found = valueRange(values);
  const signed = found.low < 0 && found.high > 0;
  return { range: signed ? centred(found) : found, colours: signed ? "diverging" : "viridis" };
}

/** A matrix (or a tensor read as one: all but the last dimension down) as a heat map. */
function mapPicture(
  shape: readonly number[],
  values: ArrayLike<number>,
  title: string,
  text: string,
): Displayable {
  const width = shape[shape.length - 1] ?? 1;
  const height = values.length / width;
  if (values.length === 0)
    throw new ShapeError(`show.tensor: an empty tensor (shape ${formatShape(shape)}) has no map`);
  const { range, colours } = mapColours(values);
  const tile = tileOf(values, { channels: 1, height, width }, range, colours);
  const pixel = Math.max(1, Math.min(40, Math.floor(1200 / tile.width), Math.floor(720 / tile.height)));
  return picture(
    {
      title,
      subtitle: text,
      arrange: "column",
      panels: [{ tiles: [tile], columns: 1, pixel }],
      scale: { label: "value", colours, low: range.low, high: range.high },
      nan: range.nan,
      infinite: range.infinite,
    },
    text,
  );
}

export interface Bin {
  start: number;
  end: number;
  count: number;
}

/** Counts of the finite values in `count` bins of equal width; whole numbers of a short range get a bin each. */
export function histogram(values: ArrayLike<number>, count = 40): Bin[] {
  const { low, high, nan, infinite } = valueRange(values);
  if (values.length - nan - infinite === 0) return [];
  const whole =
    high - low <= count &&
    Array.prototype.every.call(values, (value) => !Number.isFinite(value) || Number.isInteger(value));
  const [start, end] = whole ? [low - 0.5, high + 0.5] : high > low ? [low, high] : [low - 0.5, high + 0.5];
  const bins = whole ? high - low + 1 : count;
  const width = (end - start) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]!)) counts[Math.min(bins - 1, Math.floor((values[i]! - start) / width))]!++;
  }
  return counts.map((amount, i) => ({
    start: start + i * width,
    end: start + (i + 1) * width,
    count: amount,
  }));
}

function histogramSpec(values: ArrayLike<number>, title: string, text: string): ChartSpec {
  const rows = histogram(values).map(({ start, end, count }) => ({
    start: rounded(start),
    end: rounded(end),
    count,
  }));
  return {
    title: { text: title, subtitle: wrapped(text, 480) },
    data: { values: rows },
    width: 420,
    height: 160,
    mark: { type: "bar", color: palette[0], binSpacing: 1 },
    encoding: {
      x: {
        field: "start",
        type: "quantitative",
        bin: "binned",
        title: "value",
        axis: { grid: false, format: "~g" },
      },
      x2: { field: "end" },
      y: { field: "count", type: "quantitative", title: "number of values", axis: { format: "~s" } },
      tooltip: [
        { field: "start", title: "from", format: ".4~g" },
        { field: "end", title: "to", format: ".4~g" },
        { field: "count", title: "values", format: "," },
      ],
    },
  };
}
