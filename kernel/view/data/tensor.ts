/** A tensor shows itself: numbers while they are few, an image where it looks like one, else statistics and a histogram. */
import { ArgumentError, ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import {
  type ColourMapName,
  centred,
  colourOf,
  hexOf,
  type Rgb,
  type ValueRange,
  valueRange,
} from "../colours.ts";
import { type ChartSpec, chart } from "../drawing/chart.ts";
import { columnsFor, mostImages, picture, pixelFor, plane, tileOf } from "../drawing/grid.ts";
import type { Tile } from "../drawing/image.ts";
import { type Displayable, displayable } from "../mime.ts";
import { ink } from "../theme.ts";
import { isTensorLike, type NumberSource, numbersOf } from "../values.ts";
import { countOf, formatCount, formatNumber, formatShape, wrapped } from "../wording.ts";
import { images } from "./images.ts";
import { histogramSpec, tensorSentence } from "./statistics.ts";

/** Up to this many values are printed as numbers. */
const PRINTED = 64;

/** A map of more values than this has so many steps of colour only; 0 is in the middle of them. */
const MANY_VALUES = 10_000;
const FEW_STEPS = 14;

/** Options of `tensor`. */
export interface TensorOptions {
  /** A title above the picture. */
  title?: string;
  /** Draw as this; chosen by shape and size where left out. */
  as?: "values" | "image" | "map" | "histogram";
}

/**
 * Draws a tensor: its numbers when it has at most 64, images when it looks like them (`[1 or 3, H, W]` or `[N, 1 or 3, H, W]`), heat
 * maps when it is a matrix of moderate size or a few of them, else a histogram; with its statistics, NaN and infinite values counted.
 *
 * @example
 * show.tensor(model.conv1.weight, { as: "histogram" });
 */
export function tensor(source: NumberSource, options: TensorOptions = {}): Displayable {
  checkOptions("show.tensor", options, ["title", "as"]);
  const { shape, values } = numbersOf(source, "show.tensor");
  const dtype = dtypeOf(source);
  const text = tensorSentence(shape, values, dtype);
  const title = options.title ?? `${labelOf(source) ?? "Tensor"} ${formatShape(shape)}`;
  switch (options.as ?? chooseForm(shape, values, dtype)) {
    case "values": {
      const written = isTensorLike(source) ? String(source) : printNested(shape, values);
      const printed = `${written}${oddCounts(values)}`;
      return displayable(printed, () => ({ data: { "text/plain": printed } }));
    }
    case "image":
      return images(source, { title });
    case "map":
      return isSmallMatrix(shape, values)
        ? chart(matrixSpec(shape, values, title, text), text)
        : mapPicture(shape, values, title, text, dtype);
    case "histogram":
      return chart(histogramSpec(values, title, text, dtype), text);
    default:
      throw new ArgumentError(
        `show.tensor: as must be "values", "image", "map" or "histogram", got ${JSON.stringify(options.as)}`,
      );
  }
}

/** A line that counts what is not a number, empty where all are. */
function oddCounts(values: ArrayLike<number>): string {
  const { nan, infinite } = valueRange(values);
  const parts = [...(nan > 0 ? [`${nan} NaN`] : []), ...(infinite > 0 ? [`${infinite} infinite`] : [])];
  return parts.length === 0 ? "" : `\n${parts.join(", ")} of ${countOf(values.length, "value")}`;
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
  const maps = values.length / (height * width);
  if (
    shape.length >= 3 &&
    Math.min(height, width) >= 4 &&
    Math.max(height, width) <= 320 &&
    maps <= MOST_MAPS
  )
    return "map";
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

/** The values in so many steps over their range: a map of noise then has few colours, and its PNG is small. */
function stepped(values: ArrayLike<number>, { low, high }: ValueRange, steps: number): ArrayLike<number> {
  if (steps === Number.POSITIVE_INFINITY || high <= low) return values;
  const step = (high - low) / steps;
  return Array.from(values, (value) => low + Math.round((value - low) / step) * step);
}

/** A matrix as a heat map; of more dimensions one for each place in all but the last two. */
function mapPicture(
  shape: readonly number[],
  values: ArrayLike<number>,
  title: string,
  text: string,
  dtype: string,
): Displayable {
  if (values.length === 0)
    throw new ShapeError(`show.tensor: an empty tensor (shape ${formatShape(shape)}) has no map`);
  const width = shape.at(-1) ?? 1;
  const height = shape.at(-2) ?? 1;
  const leading = shape.slice(0, -2);
  const count = values.length / (width * height);
  const size = { channels: 1, height, width } as const;
  const shown = Math.min(count, MOST_MAPS, mostImages(size));
  const { range, colours } = mapColours(values);
  const steps = height * width > MANY_VALUES ? FEW_STEPS : Number.POSITIVE_INFINITY;
  const tiles = Array.from({ length: shown }, (_, i): Tile => {
    const tile = tileOf(stepped(plane(values, i, height * width), range, steps), size, range, colours);
    return count === 1 ? tile : { ...tile, caption: [placeOf(i, leading)] };
  });
  const [tile] = tiles as [Tile];
  const single = Math.max(1, Math.min(40, Math.floor(1200 / tile.width), Math.floor(720 / tile.height)));
  const pixel = count === 1 ? single : pixelFor(tile.height, tile.width, shown <= 4 ? 150 : 72);
  const told =
    shown < count ? `${text.slice(0, -1)}; the first ${shown} of ${formatCount(count)} maps.` : text;
  return picture(
    {
      title,
      subtitle: told,
      arrange: "column",
      panels: [{ tiles, columns: columnsFor(shown, shown <= 4 ? 4 : 8), pixel }],
      ...(dtype === "bool"
        ? { scale: { label: "0 false, 1 true", colours, low: 0, high: 1 } }
        : { scale: { label: "value", colours, low: range.low, high: range.high } }),
      nan: range.nan,
      infinite: range.infinite,
    },
    told,
  );
}

const MOST_MAPS = 64;

/** `2` or `[0, 2]`: where the map stands in the dimensions before it. */
function placeOf(index: number, leading: readonly number[]): string {
  const places: number[] = [];
  let rest = index;
  for (const size of leading.toReversed()) {
    places.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return places.length === 1 ? String(places[0]) : `[${places.join(", ")}]`;
}
