/** Grids of sample images with what they are and what they were taken for. */
import { ArgumentError, describeValue, ShapeError } from "../../engine/errors.ts";
import type { ValueRange } from "./colours.ts";
import {
  brightnessRange,
  columnsFor,
  type ImageBatch,
  imageBatch,
  picture,
  pixelFor,
  plane,
  tileOf,
} from "./grid.ts";
import type { ScaleBar, Tile, Tone } from "./image.ts";
import type { Displayable } from "./mime.ts";
import { classNumbers, type NumberSource, type TensorLike } from "./values.ts";
import { countOf, formatCount, formatNumber, formatPercent } from "./wording.ts";

export interface DatasetLike {
  readonly images: TensorLike;
  readonly labels: TensorLike;
  readonly classes: readonly string[];
  readonly name?: string;
}

export interface ImagesOptions {
  /** True class of each image: numbers, or names. */
  labels?: NumberSource | readonly string[];
  /** Predicted class of each image: numbers, names, or scores `[N, classes]`. */
  predictions?: NumberSource | readonly string[];
  /** Names for class numbers. */
  classes?: readonly string[];
  /** A line of text under each image, instead of its label. */
  titles?: readonly string[];
  title?: string;
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
 *     show.images(images, { labels, predictions: model(images) });
 *     show.images(train.take(16));
 */
export function images(
  source: NumberSource | readonly NumberSource[] | DatasetLike,
  options: ImagesOptions = {},
): Displayable {
  const full = isDataset(source) ? { labels: source.labels, classes: source.classes, ...options } : options;
  const batch = imageBatch(isDataset(source) ? source.images : source, "show.images");
  const labels = full.labels && classTexts(full.labels, full.classes, "labels", batch.count);
  const predictions =
    full.predictions && classTexts(full.predictions, full.classes, "predictions", batch.count);
  if (full.titles) checkCount(full.titles.length, batch.count, "titles");

  const shown = Math.min(batch.count, full.limit ?? 64);
  const range = brightnessRange(batch.values);
  const tiles: Tile[] = [];
  for (let i = 0; i < shown; i++) {
    const { caption, tone } = captionOf(labels?.[i], predictions?.[i], full.titles?.[i]);
    const pixels = plane(batch.values, i, batch.channels * batch.height * batch.width);
    const tile = tileOf(pixels, batch, range, "grey");
    tiles.push({ ...tile, tone, ...(caption.length > 0 ? { caption } : {}) });
  }
  const columns = full.columns ?? columnsFor(shown, batch.width > 2 * batch.height ? 6 : 10);
  if (!Number.isInteger(columns) || columns < 1) {
    throw new ShapeError(`show.images: columns must be a whole number from 1, got ${columns}`);
  }
  const text = imagesSentence(batch, shown, range, labels, predictions);
  return picture(
    {
      title: full.title ?? (isDataset(source) && source.name ? source.name : "Images"),
      subtitle: text,
      arrange: "column",
      panels: [{ tiles, columns, pixel: pixelFor(batch.height, batch.width, shown <= 4 ? 112 : 56) }],
      ...unusualScale(range),
      nan: range.nan,
      infinite: range.infinite,
    },
    text,
  );
}

/** A scale bar where black is not 0 or white not 1. */
function unusualScale(range: { low: number; high: number }): { scale?: ScaleBar } {
  if (range.low === 0 && range.high === 1) return {};
  return { scale: { label: "brightness", colours: "grey", low: range.low, high: range.high } };
}

function isDataset(source: unknown): source is DatasetLike {
  return typeof source === "object" && source !== null && "images" in source && "labels" in source;
}

function checkCount(got: number, expected: number, what: string): void {
  if (got !== expected) {
    throw new ShapeError(`show.images: ${formatCount(got)} ${what} for ${countOf(expected, "image")}`);
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
      : classNumbers(source as NumberSource, `show.images: ${what}`).map((number) =>
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
      `show.images: ${what} hold class ${number}, but there are ${countOf(classes.length, "class name")}`,
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
  const odd = range.nan + range.infinite;
  const warning = odd > 0 ? ` (${countOf(odd, "value")} not finite)` : "";
  const part = shown < count ? `, the first ${shown} shown` : "";
  const size = `${countOf(count, "image")} of ${width}×${height} pixels${warning}${part}`;
  if (labels && predictions) {
    const wrong = labels.filter((label, i) => label !== predictions[i]).length;
    const rate = formatPercent(1 - wrong / count);
    return `${size}: ${formatCount(count - wrong)} predicted right, ${formatCount(wrong)} wrong (accuracy ${rate}).`;
  }
  const known = labels ?? predictions;
  if (!known) return `${size}.`;
  return `${size}, ${labels ? "of" : "predicted as"} ${countOf(new Set(known).size, "class", "classes")}.`;
}

export interface Mistake {
  index: number;
  label: number;
  prediction: number;
  /** Cross-entropy of this sample. */
  loss: number;
  /** Probability that the model gave to its prediction. */
  probability: number;
}

/** Every wrong prediction, the highest loss first. `logits`: `[N, classes]`. */
export function findMistakes(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): Mistake[] {
  const found: Mistake[] = [];
  for (let index = 0; index < labels.length; index++) {
    const row = Array.from({ length: classes }, (_, i) => logits[index * classes + i]!);
    const label = labels[index]!;
    let prediction = 0;
    for (let i = 1; i < classes; i++) if (row[i]! > row[prediction]!) prediction = i;
    if (prediction === label) continue;
    const top = row[prediction]!;
    const logSum = top + Math.log(row.reduce((sum, score) => sum + Math.exp(score - top), 0));
    found.push({ index, label, prediction, loss: logSum - row[label]!, probability: Math.exp(top - logSum) });
  }
  return found.sort((a, b) => b.loss - a.loss);
}

/** The picture of `show.mistakes`, from what the model answered. */
export function mistakesPicture(dataset: DatasetLike, logits: TensorLike, n: number): Displayable {
  const [count, classes] = [logits.shape[0]!, logits.shape[1]!];
  const found = findMistakes(logits.toTypedArray(), dataset.labels.toTypedArray(), classes);
  const rate = formatPercent(1 - found.length / count);
  const of = `${countOf(found.length, "mistake")} on ${countOf(count, "image")} (accuracy ${rate})`;
  const batch = imageBatch(dataset.images, "show.mistakes");
  const range = brightnessRange(batch.values);
  const worst = found.slice(0, n);
  const name = (index: number) => dataset.classes[index] ?? String(index);
  const tiles = (worst.length > 0 ? worst : [{ index: 0 } as Mistake]).map((mistake): Tile => {
    const pixels = plane(batch.values, mistake.index, batch.channels * batch.height * batch.width);
    const tile = tileOf(pixels, batch, range, "grey");
    if (worst.length === 0) return { ...tile, caption: ["no mistake to show"], tone: "right" };
    const certainty = `p ${formatPercent(mistake.probability, 0)}`;
    return {
      ...tile,
      caption: [
        `✗ ${name(mistake.prediction)}, is ${name(mistake.label)}`,
        `loss ${formatNumber(mistake.loss)}, ${certainty}`,
      ],
      tone: "wrong",
    };
  });
  const first = worst[0];
  const text = first
    ? `${of}; the worst is image ${first.index}: ${name(first.label)} taken for ${name(first.prediction)} with probability ${formatPercent(first.probability, 0)}.`
    : `${of}.`;
  return picture(
    {
      title: worst.length < found.length ? `The ${worst.length} worst mistakes` : "Mistakes",
      subtitle: text,
      arrange: "column",
      panels: [{ tiles, columns: Math.min(6, tiles.length), pixel: pixelFor(batch.height, batch.width, 84) }],
    },
    text,
  );
}

export function requireDataset(value: unknown, what: string): asserts value is DatasetLike {
  if (!isDataset(value))
    throw new ArgumentError(
      `${what}: expected a data set with images and labels, got ${describeValue(value)}`,
    );
}
