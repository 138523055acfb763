/** Grids of sample images with what they are and what they were taken for. */
import type { Dataset } from "../../../engine/data/dataset.ts";
import { ArgumentError, ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import type { ValueRange } from "../colours.ts";
import {
  brightnessRange,
  columnsFor,
  type ImageBatch,
  imageBatch,
  mostImages,
  picture,
  pixelFor,
  plane,
  tileOf,
} from "../drawing/grid.ts";
import type { ScaleBar, Tile, Tone } from "../drawing/image.ts";
import type { Displayable } from "../mime.ts";
import { classNumbers, type NumberSource, numbersOf } from "../values.ts";

import { countOf, formatCount, formatPercent, formatShape, oddText } from "../wording.ts";
import { boxesIn, boxOf } from "./augmentations.ts";

/** Options of `images`. */
export interface ImagesOptions {
  /** True class of each image: numbers, or names. */
  labels?: NumberSource | readonly string[];
  /** Predicted class of each image: numbers, names, or scores `[N, classes]`. */
  predictions?: NumberSource | readonly string[];
  /** Names for class numbers. */
  classes?: readonly string[];
  /** A line of text under each image, instead of its label. */
  titles?: readonly string[];
  /** A frame in each image: `[N, 4]`, left, top, right, bottom in shares of width and height. */
  boxes?: NumberSource;
  /** A title above the picture. */
  title?: string;
  /** How many images stand in a row; chosen by their number where left out. */
  columns?: number;
  /** How many images to show at most. */
  limit?: number;
}

/**
 * Draws images as a grid; wrong predictions are marked by a frame, a cross and both class names.
 *
 * `images`: `[N, 1 or 3, H, W]`, `[1 or 3, H, W]`, `[H, W]`, an array of images of one size, or a data set.
 * Throws where there are fewer or more labels, predictions or titles than images.
 *
 * @example
 * show.images(images, { labels, predictions: model(images) });
 * show.images(train.take(16));
 */
export function images(
  source: NumberSource | readonly NumberSource[] | Dataset,
  options: ImagesOptions = {},
): Displayable {
  checkOptions("show.images", options, [
    "labels",
    "predictions",
    "classes",
    "titles",
    "boxes",
    "title",
    "columns",
    "limit",
  ]);
  return isDataset(source) ? datasetImages(source, options) : imageGrid(source, options, "");
}

function imageGrid(
  source: NumberSource | readonly NumberSource[],
  options: ImagesOptions,
  prefix: string,
): Displayable {
  const batch = imageBatch(source, "show.images");
  const labels = options.labels && classTexts(options.labels, options.classes, "label", batch.count);
  const predictions =
    options.predictions && classTexts(options.predictions, options.classes, "prediction", batch.count);
  if (options.titles) checkCount(options.titles.length, batch.count, "title");
  const boxes = options.boxes && boxesOf(options.boxes, batch.count);

  const shown = Math.min(batch.count, options.limit ?? Math.min(MOST_SHOWN, mostImages(batch)));
  const range = brightnessRange(batch.values);
  const tiles: Tile[] = [];
  for (let i = 0; i < shown; i++) {
    const { caption, tone } = captionOf(labels?.[i], predictions?.[i], options.titles?.[i]);
    const pixels = plane(batch.values, i, batch.channels * batch.height * batch.width);
    const tile = tileOf(pixels, batch, range, "grey");
    const frame = boxes ? { boxes: [boxOf(boxes, i, tile)] } : {};
    tiles.push({ ...tile, tone, ...frame, ...(caption.length > 0 ? { caption } : {}) });
  }
  const columns = options.columns ?? columnsFor(shown, batch.width > 2 * batch.height ? 6 : 10);
  if (!Number.isInteger(columns) || columns < 1) {
    throw new ArgumentError(`show.images: columns must be a whole number from 1, got ${columns}`);
  }
  const text = `${prefix}${imagesSentence(batch, shown, range, labels, predictions)}`;
  return picture(
    {
      title: options.title ?? "Images",
      subtitle: text,
      arrange: "column",
      panels: [{ tiles, columns, pixel: pixelFor(tiles[0]!.height, tiles[0]!.width, shown <= 4 ? 112 : 56) }],
      ...unusualScale(range),
      nan: range.nan,
      infinite: range.infinite,
    },
    text,
  );
}

const MOST_SHOWN = 60;

/** Without predictions only the images to be shown are read: a data set may have very many. `prefix` begins the sentence. */
export function datasetImages(dataset: Dataset, options: ImagesOptions, prefix = ""): Displayable {
  const all =
    options.predictions !== undefined || options.labels !== undefined || options.titles !== undefined;
  const part = all ? dataset : dataset.take(Math.min(dataset.size, options.limit ?? MOST_SHOWN));
  const title =
    part.size < dataset.size
      ? `${dataset.name}: ${part.size} of ${countOf(dataset.size, "image")}`
      : dataset.name;
  const boxes = boxesIn(part);
  const named = {
    ...(part.isLabelled ? { labels: part.labels, classes: part.classes } : {}),
    ...(boxes ? { boxes } : {}),
  };
  return imageGrid(part.images, { ...named, title, ...options }, prefix);
}

/** A scale bar where black is not 0 or white not 1. */
export function unusualScale(range: { low: number; high: number }): { scale?: ScaleBar } {
  if (range.low === 0 && range.high === 1) return {};
  return { scale: { label: "brightness", colours: "grey", low: range.low, high: range.high } };
}

/** By its members, so that drawing does not load the engine's data code. */
export function isDataset(source: unknown): source is Dataset {
  return typeof source === "object" && source !== null && "images" in source && "classCounts" in source;
}

function boxesOf(source: NumberSource, count: number): ArrayLike<number> {
  const { shape, values } = numbersOf(source, "show.images: boxes");
  if (shape.length === 2 && shape[0] === count && shape[1] === 4) return values;
  throw new ShapeError(
    `show.images: boxes must be [${count}, 4], left, top, right, bottom in shares of width and height; got shape ${formatShape(shape)}`,
  );
}

function checkCount(got: number, expected: number, what: string): void {
  if (got !== expected) {
    throw new ShapeError(`show.images: ${countOf(got, what)} for ${countOf(expected, "image")}`);
  }
}

function classTexts(
  source: NumberSource | readonly string[],
  classes: readonly string[] | undefined,
  what: string,
  count: number,
): string[] {
  const names =
    Array.isArray(source) && source.length > 0 && source.every((item) => typeof item === "string")
      ? (source as string[])
      : classNumbers(source as NumberSource, `show.images: ${what}s`).map((number) =>
          className(number, classes, what),
        );
  checkCount(names.length, count, what);
  return names;
}

function className(number: number, classes: readonly string[] | undefined, what: string): string {
  if (!classes) return String(number);
  const name = classes[number];
  if (name === undefined) {
    throw new ShapeError(
      `show.images: ${what}s hold class ${number}, but there are ${countOf(classes.length, "class name")}`,
    );
  }
  return name;
}

function captionOf(label?: string, prediction?: string, title?: string): { caption: string[]; tone: Tone } {
  const wrong = label !== undefined && prediction !== undefined && label !== prediction;
  const right = label !== undefined && label === prediction;
  const tone = wrong ? "wrong" : right ? "right" : "plain";
  if (title !== undefined) return { caption: title.split("\n"), tone };
  if (wrong) return { caption: [`✗ ${prediction}`, `is ${label}`], tone };
  if (right) return { caption: [`✓ ${label}`], tone };
  const single = label ?? prediction;
  return { caption: single === undefined ? [] : [single], tone };
}

function imagesSentence(
  { count, height, width }: ImageBatch,
  shown: number,
  range: ValueRange,
  labels?: readonly string[],
  predictions?: readonly string[],
): string {
  const part = shown < count ? `, the first ${shown} shown` : "";
  const size = `${countOf(count, "image")} of ${width}×${height} pixels${oddText(range)}${part}`;
  if (labels && predictions) {
    const wrong = labels.filter((label, i) => label !== predictions[i]).length;
    const rate = formatPercent(1 - wrong / count);
    return `${size}: ${formatCount(count - wrong)} predicted right, ${formatCount(wrong)} wrong (accuracy ${rate}).`;
  }
  const known = labels ?? predictions;
  if (!known) return `${size}.`;
  return `${size}, ${labels ? "of" : "predicted as"} ${countOf(new Set(known).size, "class", "classes")}.`;
}
