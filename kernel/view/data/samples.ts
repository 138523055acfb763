/** Data sets and batches as pictures: samples of each class, or one after the other, and beside them what there is to predict. */
import type { Batch } from "../../../engine/data/batch.ts";
import { Dataset, targetOf } from "../../../engine/data/dataset.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { valueRange } from "../colours.ts";
import {
  brightnessRange,
  type ImageSize,
  imageBatch,
  mostImages,
  mostPixels,
  picture,
  pixelFor,
  plane,
  thinning,
  tileOf,
} from "../drawing/grid.ts";
import type { Panel, Tile } from "../drawing/image.ts";
import type { Displayable } from "../mime.ts";
import { countOf, formatCount } from "../wording.ts";
import { boxesIn, boxOf } from "./augmentations.ts";
import { datasetImages, unusualScale } from "./images.ts";
import { pointsPicture } from "./points.ts";

const MOST_CLASSES = 30;
const SAMPLES_PER_CLASS = 4;
/** In a row above their targets. */
const SAMPLES_IN_ROW = 10;
const SAMPLES_UNLABELLED = 24;
const SAMPLES_IN_BATCH = 40;

/** A data set by classes: how many samples each has, and the first few of them. */
export function datasetPicture(dataset: Dataset): Displayable {
  if (dataset.sampleShape.length !== 3) return pointsPicture(dataset);
  if (!dataset.isLabelled) return inOrder(dataset, SAMPLES_UNLABELLED);
  const labels = dataset.labels.toTypedArray();
  const counts = dataset.classCounts;
  const used = counts.flatMap((count, label) => (count > 0 ? [label] : [])).slice(0, MOST_CLASSES);
  const most = Math.floor(fitting(dataset) / used.length);
  const samples = used.map((label) =>
    indicesOf(labels, label, Math.min(SAMPLES_PER_CLASS, Math.max(1, most))),
  );
  const { image, beside, range } = tilesOf(dataset.subset(samples.flat()));
  let next = 0;
  const panels = used.map((label, i): Panel => {
    const tiles = samples[i]!.flatMap((): Tile[] => {
      const sample = next++;
      return [image(sample), ...beside.map(({ tile }) => tile(sample))];
    });
    return {
      title: dataset.classes[label] ?? String(label),
      subtitle: countOf(counts[label]!, "image"),
      tiles,
      columns: 1 + beside.length,
      pixel: pixelOf(dataset),
    };
  });
  const [largest, smallest] = [counts.indexOf(Math.max(...counts)), counts.indexOf(Math.min(...counts))];
  const name = (label: number) => `${dataset.classes[label]} (${formatCount(counts[label]!)})`;
  const spread =
    counts[largest] === counts[smallest]
      ? `${formatCount(counts[largest]!)} each`
      : `most ${name(largest)}, fewest ${name(smallest)}`;
  const more = used.length < counts.length ? `; ${used.length} classes shown` : "";
  const classes = `in ${countOf(counts.length, "class", "classes")}, ${spread}${more}`;
  const text = `${dataset.name}: ${sizeOf(dataset)} ${classes}${besideText(beside)}.`;
  return picture(
    { title: dataset.name, subtitle: text, arrange: "row", panels, ...unusualScale(range) },
    text,
  );
}

/** A batch in its order, as what its transforms have made of the samples. */
export function batchPicture(batch: Batch): Displayable {
  const [images, ...parts] = batch as Tensor[] as [Tensor, ...Tensor[]];
  const { name, classes } = batch.dataset;
  const named = batch.targets.map((target, i) => [target === "images" ? CLEAN : target, parts[i]!] as const);
  // Images as their own target, unchanged, need no second row.
  const targets = Object.fromEntries(named.filter(([, part]) => part !== images));
  const { labels = null, ...others } = targets;
  const samples = new Dataset({ name: `A batch of ${name}`, images, labels, classes, targets: others });
  return images.ndim === 4 ? inOrder(samples, SAMPLES_IN_BATCH) : pointsPicture(samples);
}

const CLEAN = "target images";

/** The first samples one after the other; where there are images to predict, those below them. */
function inOrder(dataset: Dataset, limit: number): Displayable {
  const first = dataset.size > limit ? `, the first of ${countOf(dataset.size, "image")}` : "";
  if (besideNames(dataset).length === 0)
    return datasetImages(dataset, { limit }, `${dataset.name}${first}: `);
  const part = dataset.take(Math.min(dataset.size, SAMPLES_IN_ROW, Math.max(1, fitting(dataset))));
  const { image, beside, range } = tilesOf(part);
  const labels = part.isLabelled ? part.labels.toTypedArray() : null;
  const row = (title: string, tile: (sample: number) => Tile): Panel => {
    const tiles = Array.from({ length: part.size }, (_, sample) => tile(sample));
    return { title, tiles, columns: tiles.length, pixel: pixelOf(dataset) };
  };
  const captioned = (sample: number): Tile =>
    labels ? { ...image(sample), caption: [part.classes[labels[sample]!]!] } : image(sample);
  const shown = part.size < dataset.size ? `, the first ${part.size} shown` : "";
  const text = `${dataset.name}: ${sizeOf(dataset)}${shown}${besideText(beside)}.`;
  const panels = [row("images", captioned), ...beside.map(({ name, tile }) => row(name, tile))];
  return picture(
    { title: dataset.name, subtitle: text, arrange: "column", panels, ...unusualScale(range) },
    text,
  );
}

/** A target whose samples are images themselves. */
interface Beside {
  name: string;
  tile: (sample: number) => Tile;
}

/** The samples of a data set as tiles, with their boxes; and its targets that are images. */
function tilesOf(dataset: Dataset) {
  const names = besideNames(dataset);
  const batch = imageBatch(dataset.images, "the data set");
  const step = thinning(batch, dataset.size * (1 + names.length), ROOM * mostPixels[batch.channels]);
  const range = brightnessRange(batch.values);
  const boxes = boxesIn(dataset)?.toTypedArray() ?? null;
  const length = batch.channels * batch.height * batch.width;
  const image = (sample: number): Tile => {
    const tile = tileOf(plane(batch.values, sample, length), batch, range, "grey", step);
    return boxes ? { ...tile, boxes: [boxOf(boxes, sample, tile)] } : tile;
  };
  return { image, beside: names.map((name) => besideOf(dataset, name, step)), range };
}

/** Samples in pictures compress better than the noise that `mostImages` counts with. */
const ROOM = 1.5;

/** How many samples, with their target images, fit into a display. */
function fitting(dataset: Dataset): number {
  return Math.floor((ROOM * mostImages(imageSize(dataset))) / (1 + besideNames(dataset).length));
}

/** The targets that are one image for each of the data set's images, in their size: classes of pixels, or brightness. */
function besideNames(dataset: Dataset): string[] {
  const { channels, height, width } = imageSize(dataset);
  return dataset.targetNames.slice(1).filter((name) => {
    const [, ...shape] = targetOf("show", dataset, name).shape;
    const size = shape.slice(-2);
    if (size[0] !== height || size[1] !== width) return false;
    return shape.length === 2 || (shape.length === 3 && (shape[0] === 1 || shape[0] === channels));
  });
}

/** Classes of pixels `[N, H, W]` in colours, images `[N, 1 or 3, H, W]` as such. */
function besideOf(dataset: Dataset, name: string, step: number): Beside {
  const target = dataset.target(name);
  const values = target.toTypedArray();
  const { height, width } = imageSize(dataset);
  const areMasks = target.ndim === 3;
  const size: ImageSize = { channels: areMasks ? 1 : (target.shape[1] as 1 | 3), height, width };
  const length = size.channels * height * width;
  const range = areMasks ? { low: 0, high: Math.max(1, valueRange(values).high) } : brightnessRange(values);
  const colours = areMasks ? "viridis" : "grey";
  return { name, tile: (sample) => tileOf(plane(values, sample, length), size, range, colours, step) };
}

function besideText(beside: readonly Beside[]): string {
  return beside.length === 0 ? "" : `, with their ${beside.map(({ name }) => name).join(" and ")}`;
}

function imageSize({ sampleShape }: Dataset): ImageSize {
  const [channels, height, width] = sampleShape as [1 | 3, number, number];
  return { channels, height, width };
}

function pixelOf(dataset: Dataset): number {
  const { height, width } = imageSize(dataset);
  return pixelFor(height, width, 56);
}

function sizeOf(dataset: Dataset): string {
  const { height, width } = imageSize(dataset);
  return `${countOf(dataset.size, "image")} of ${width}×${height} pixels`;
}

function indicesOf(labels: ArrayLike<number>, label: number, most: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < labels.length && found.length < most; i++) if (labels[i] === label) found.push(i);
  return found;
}
