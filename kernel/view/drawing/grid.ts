/** Pixel pictures as displays, and how images and maps become tiles. */
import { ShapeError } from "../../../engine/errors.ts";
import { type ColourMapName, type ValueRange, valueRange } from "../colours.ts";
import type { Displayable } from "../mime.ts";
import { type NumberSource, numbersOf } from "../values.ts";
import { formatShape } from "../wording.ts";
import { Drawn } from "./drawn.ts";
import type { Picture, Tile } from "./image.ts";
import { thinned } from "./resample.ts";

/** A picture that states its result in `text`. */
export function picture(content: Picture, text: string): Displayable {
  return new Drawn({ kind: "picture", picture: content }, text);
}

export interface ImageSize {
  channels: 1 | 3;
  height: number;
  width: number;
}

/** Images of one size as planes: `values` holds `[count, channels, height, width]`. */
export interface ImageBatch extends ImageSize {
  values: ArrayLike<number>;
  count: number;
}

/** Reads `[H, W]`, `[1 or 3, H, W]` or `[N, 1 or 3, H, W]`, or an array of such images of one size. */
export function imageBatch(source: NumberSource | readonly NumberSource[], what: string): ImageBatch {
  const { shape, values } = isImageList(source)
    ? stacked(source, what)
    : numbersOf(source as NumberSource, what);
  const [count, channels, height, width] =
    shape.length === 2 ? [1, 1, ...shape] : shape.length === 3 ? [1, ...shape] : shape;
  const imageLike = shape.length >= 2 && shape.length <= 4 && (channels === 1 || channels === 3);
  if (!imageLike || count === undefined || height === undefined || width === undefined) {
    throw new ShapeError(
      `${what}: expected images [H, W], [1 or 3, H, W] or [N, 1 or 3, H, W], got shape ${formatShape(shape)}${remedy(shape)}`,
    );
  }
  if (count * height * width === 0)
    throw new ShapeError(`${what}: no images (shape ${formatShape(shape)}); give one or more`);
  return { values, count, channels: channels as 1 | 3, height, width };
}

function remedy(shape: readonly number[]): string {
  const last = shape[shape.length - 1];
  if (shape.length >= 3 && (last === 1 || last === 3))
    return "; channels come before height and width, permute them";
  if (shape.length >= 3)
    return "; of images of other channels reshape each to one of its own, [-1, 1, H, W]; for the channels of a layer use show.featureMaps";
  return shape.length === 1 ? "; reshape the pixels to [H, W]" : "";
}

function isImageList(source: unknown): source is readonly NumberSource[] {
  return (
    Array.isArray(source) &&
    source.length > 0 &&
    typeof source[0] === "object" &&
    !Array.isArray(source[0]) &&
    "shape" in source[0]
  );
}

function stacked(sources: readonly NumberSource[], what: string) {
  const parts = sources.map((source) => numbersOf(source, what));
  const first = parts[0]!.shape;
  const other = parts.find(({ shape }) => formatShape(shape) !== formatShape(first));
  if (other) {
    throw new ShapeError(
      `${what}: images must have one size, got ${formatShape(first)} and ${formatShape(other.shape)}`,
    );
  }
  const image =
    first.length === 4 && first[0] === 1 ? first.slice(1) : first.length === 2 ? [1, ...first] : first;
  return { shape: [parts.length, ...image], values: parts.flatMap(({ values }) => Array.from(values)) };
}

/** Part `index` of consecutive planes of `length` values. */
export function plane(values: ArrayLike<number>, index: number, length: number): Float32Array {
  const copy = new Float32Array(length);
  for (let i = 0; i < length; i++) copy[i] = values[index * length + i]!;
  return copy;
}

/** The range an image's brightness is drawn over: 0 to 1, or 0 to 255 for whole numbers, where the values fit, else their own. */
export function brightnessRange(values: ArrayLike<number>): ValueRange {
  const range = valueRange(values);
  if (range.low >= 0 && range.high <= 1) return { ...range, low: 0, high: 1 };
  if (range.low >= 0 && range.high > 2 && range.high <= 255 && areWhole(values))
    return { ...range, low: 0, high: 255 };
  return range;
}

function areWhole(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isInteger(values[i])) return false;
  return true;
}

/** Larger images are thinned to these sides, and of many only some are shown: a display stays below 200 KB. */
const largestSide = { 1: 320, 3: 160 } as const;
export const mostPixels = { 1: 90_000, 3: 28_000 } as const;

/** How many images of a size fit into a display. */
export function mostImages({ channels, height, width }: ImageSize): number {
  const step = thinning({ channels, height, width });
  return Math.max(1, Math.floor(mostPixels[channels] / (Math.ceil(height / step) * Math.ceil(width / step))));
}

/**
 * Every how many pixels are kept of images of a size, so that `count` of them fit into a display. Many small tiles weigh more by
 * the pixel than few large ones: each has its caption, and noise in enlarged pixels hardly compresses.
 */
export function thinning(
  size: ImageSize,
  count = 1,
  pixels = mostPixels[size.channels] / (size.channels === 1 ? 2 : 4),
): number {
  const { channels, height, width } = size;
  const bySide = Math.max(height, width) / largestSide[channels];
  const byArea = count === 1 ? 1 : Math.sqrt((count * height * width) / pixels);
  return Math.ceil(Math.max(bySide, byArea));
}

/** An image or map as a tile, thinned where it is very large, or one of very many (`step`). */
export function tileOf(
  values: ArrayLike<number>,
  size: ImageSize,
  range: { low: number; high: number },
  colours: ColourMapName,
  step = thinning(size),
): Tile {
  const { low, high } = range;
  return { ...thinned(values, size, step), channels: size.channels, low, high, colours };
}

/** Device pixels per value so that a tile's longer side is about `target` CSS pixels. */
export function pixelFor(height: number, width: number, target: number): number {
  return Math.max(1, Math.round((2 * target) / Math.min(largestSide[1], Math.max(height, width))));
}

/** Columns for `count` tiles, at most `most`, that leave few cells empty. */
export function columnsFor(count: number, most: number): number {
  if (count <= Math.min(8, most)) return count;
  let best = most;
  for (let columns = most; columns >= most / 2; columns--) {
    if (emptyCells(count, columns) < emptyCells(count, best)) best = columns;
  }
  return best;
}

const emptyCells = (count: number, columns: number): number => Math.ceil(count / columns) * columns - count;
