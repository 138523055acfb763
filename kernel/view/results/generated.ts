/** What generative models make: images over a plane of codes, on the way between two codes, and while they learn. */
import { tensor } from "../../../engine/creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { inEvaluation } from "../../../engine/nn/evaluation.ts";
import { Module } from "../../../engine/nn/module.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import { valueRange } from "../colours.ts";
import {
  brightnessRange,
  type ImageBatch,
  imageBatch,
  mostImages,
  picture,
  pixelFor,
  plane,
  tileOf,
} from "../drawing/grid.ts";
import type { Panel, Tile } from "../drawing/image.ts";
import type { Displayable } from "../mime.ts";
import { listOf, type NumberSource, numbersOf } from "../values.ts";
import { countOf, formatNumber, formatShape, oddText } from "../wording.ts";

/** Makes images `[N, 1 or 3, H, W]`, or flat squares `[N, H·H]`, of codes `[N, d]`: a module, or a function such as `(z) => vae.decode(z)`. */
export type Decoder = Module<[Tensor], Tensor> | ((codes: Tensor) => Tensor);

/** Options of `latentGrid`. */
export interface LatentGridOptions {
  /** Images in a row and in a column (default 10). */
  size?: number;
  /** Codes go from −reach to reach in both directions (default 2; of a standard normal code 95 % lie within). */
  reach?: number;
  /** How many numbers a code has (default 2). */
  dimensions?: number;
  /** Which of them vary, across and up; the others are 0 (default the first two). */
  axes?: readonly [number, number];
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws what a decoder makes of codes on a square grid: the first varied number grows to the right, the second upwards. A module
 * runs in evaluation mode and is left as it was.
 *
 * @throws ArgumentError for options that are none, ShapeError where the decoder makes no images.
 * @example
 * show.latentGrid((z) => vae.decode(z));
 * show.latentGrid(decoder, { dimensions: 16, axes: [3, 5] });
 */
export function latentGrid(decoder: Decoder, options: LatentGridOptions = {}): Displayable {
  checkOptions("show.latentGrid", options, ["size", "reach", "dimensions", "axes", "title"]);
  const operation = "show.latentGrid";
  const { size = 10, reach = 2, dimensions = 2, axes = [0, 1], title = "Latent space" } = options;
  requireWhole(operation, "size", size, 2, 30);
  requireWhole(operation, "dimensions", dimensions, 2, 100_000);
  if (!(typeof reach === "number" && reach > 0 && Number.isFinite(reach)))
    throw new ArgumentError(`${operation}: reach must be a number > 0, got ${describeValue(reach)}`);
  const [across, up] = axes;
  const known = (axis: unknown) =>
    Number.isInteger(axis) && (axis as number) >= 0 && (axis as number) < dimensions;
  if (!known(across) || !known(up) || across === up)
    throw new ArgumentError(
      `${operation}: axes takes two different numbers from 0 to ${dimensions - 1}, got ${describeValue(axes)}`,
    );
  const at = (i: number) => -reach + (2 * reach * i) / (size - 1);
  const codes = new Float32Array(size * size * dimensions);
  for (let cell = 0; cell < size * size; cell++) {
    codes[cell * dimensions + across] = at(cell % size);
    codes[cell * dimensions + up] = at(size - 1 - Math.floor(cell / size));
  }
  const images = decoded(operation, decoder, codes, dimensions);
  const range = brightnessRange(images.values);
  const sides = `${size}×${size} codes`;
  const span = `from ${formatNumber(-reach)} to ${formatNumber(reach)}`;
  const rest = dimensions > 2 ? `; the other ${countOf(dimensions - 2, "number")} 0` : "";
  const text = `${sides}, z${subscript(across)} ${span} to the right and z${subscript(up)} ${span} upwards${rest}${oddText(range)}.`;
  const whole = joined(images, size);
  const tile = tileOf(whole.values, whole, range, "grey");
  return picture(
    {
      title,
      subtitle: text,
      arrange: "column",
      panels: [{ tiles: [tile], columns: 1, pixel: pixelFor(tile.height, tile.width, 480) }],
      nan: range.nan,
      infinite: range.infinite,
    },
    text,
  );
}

/** Options of `interpolation`. */
export interface InterpolationOptions {
  /** How many images, both ends included (default 10). */
  steps?: number;
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws what a decoder makes on the straight way from one code to another. A module runs in evaluation mode and is left as it was.
 *
 * @param from a code, `[d]` or `[1, d]`
 * @param to another of the same length
 * @throws ShapeError where the codes differ in length or the decoder makes no images.
 * @example
 * const z = vae.encode(images).mean;
 * show.interpolation((code) => vae.decode(code), z.select(0, 0), z.select(0, 1));
 */
export function interpolation(
  decoder: Decoder,
  from: NumberSource,
  to: NumberSource,
  options: InterpolationOptions = {},
): Displayable {
  checkOptions("show.interpolation", options, ["steps", "title"]);
  const operation = "show.interpolation";
  const { steps = 10, title = "From one code to another" } = options;
  requireWhole(operation, "steps", steps, 2, 40);
  const [a, b] = [listOf(from, `${operation}: from`), listOf(to, `${operation}: to`)];
  if (a.length !== b.length || a.length === 0)
    throw new ShapeError(
      `${operation}: both codes must have the same numbers, got ${a.length} and ${b.length}`,
    );
  const codes = Float32Array.from({ length: steps * a.length }, (_, i) => {
    const share = Math.floor(i / a.length) / (steps - 1);
    return a[i % a.length]! * (1 - share) + b[i % a.length]! * share;
  });
  const images = decoded(operation, decoder, codes, a.length);
  const range = brightnessRange(images.values);
  const distance = Math.hypot(...a.map((value, i) => value - b[i]!));
  const text = `${countOf(steps, "image")} on the way between two codes of ${countOf(a.length, "number")}, ${formatNumber(distance)} apart${oddText(range)}.`;
  const tiles = tilesOf(images, steps).map((tile, i): Tile => {
    const caption = i === 0 ? "from" : i === steps - 1 ? "to" : formatNumber(i / (steps - 1), 2);
    return { ...tile, caption: [caption] };
  });
  const panel = { tiles, columns: Math.min(10, steps), pixel: pixelFor(images.height, images.width, 64) };
  return picture(
    { title, subtitle: text, arrange: "column", panels: [panel], nan: range.nan, infinite: range.infinite },
    text,
  );
}

/** Options of `samples`. */
export interface SamplesOptions {
  /** How many images of each to show (default 10). */
  n?: number;
  /** A title above the picture. */
  title?: string;
}

const MOST_ROWS = 8;

/**
 * Draws images that a model made at several moments of its training, a row for each: make them of the same codes every time, and a
 * column shows how one image forms. Of more than eight moments eight are drawn, spread evenly.
 *
 * @param moments by name images `[N, 1 or 3, H, W]`, or flat squares `[N, H·H]`, of one size
 * @throws ShapeError where there are none, or of different sizes.
 * @example
 * const made: Record<string, Tensor> = {};
 * const codes = randn([8, 16]);
 * for (let epoch = 1; epoch <= 5; epoch++) {
 *   await fit(model, loader, { optimizer });
 *   made[`epoch ${epoch}`] = noGrad(() => generator(codes).keep());
 * }
 * show.samples(made);
 */
export function samples(
  moments: Readonly<Record<string, NumberSource>>,
  options: SamplesOptions = {},
): Displayable {
  checkOptions("show.samples", options, ["n", "title"]);
  const operation = "show.samples";
  const { n = 10, title = "Samples while training" } = options;
  requireWhole(operation, "n", n, 1, 20);
  const plain =
    typeof moments === "object" && moments !== null && Object.getPrototypeOf(moments) === Object.prototype;
  if (!plain)
    throw new ArgumentError(
      `${operation}: expected images by name, such as { "epoch 1": images }, got ${describeValue(moments)}`,
    );
  const all = Object.entries(moments);
  if (all.length === 0) throw new ShapeError(`${operation}: there are no images`);
  const rows = spread(all, MOST_ROWS).map(([name, source]) => [name, imagesOf(operation, source)] as const);
  const first = rows[0]![1];
  const other = rows.find(([, images]) => sizeOf(images) !== sizeOf(first));
  if (other)
    throw new ShapeError(
      `${operation}: images must have one size, got ${sizeOf(first)} and ${sizeOf(other[1])} for "${other[0]}"`,
    );
  const each = Math.max(1, Math.min(n, Math.floor(mostImages(first) / rows.length)));
  const panels = rows.map(([name, images]): Panel => {
    const tiles = tilesOf(images, Math.min(each, images.count));
    return { title: name, tiles, columns: tiles.length, pixel: pixelFor(first.height, first.width, 56) };
  });
  const ranges = rows.map(([, images]) => valueRange(images.values));
  const odd = {
    nan: ranges.reduce((sum, { nan }) => sum + nan, 0),
    infinite: ranges.reduce((sum, { infinite }) => sum + infinite, 0),
  };
  const part = rows.length < all.length ? `, ${rows.length} of them shown` : "";
  const text = `Samples of ${first.width}×${first.height} pixels at ${countOf(all.length, "moment")}${part}: from ${all[0]![0]} to ${all.at(-1)![0]}${oddText(odd)}.`;
  return picture({ title, subtitle: text, arrange: "column", panels, ...odd }, text);
}

function requireWhole(operation: string, name: string, value: unknown, low: number, high: number): void {
  if (Number.isInteger(value) && (value as number) >= low && (value as number) <= high) return;
  throw new ArgumentError(
    `${operation}: ${name} must be a whole number from ${low} to ${high}, got ${describeValue(value)}`,
  );
}

const subscript = (axis: number): string =>
  [...String(axis + 1)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");

const sizeOf = ({ channels, height, width }: ImageBatch): string => `${channels}×${height}×${width}`;

/** First, last, and evenly between. */
function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}

/** The decoder's images of codes `[N, d]`. */
function decoded(operation: string, decoder: Decoder, codes: Float32Array, dimensions: number): ImageBatch {
  if (typeof decoder !== "function")
    throw new ArgumentError(
      `${operation}: expected a decoder, a module or a function such as (z) => vae.decode(z); got ${describeValue(decoder)}`,
    );
  const count = codes.length / dimensions;
  const run = () => noGrad(() => decoder(tensor(codes).reshape([count, dimensions])));
  const made: unknown = decoder instanceof Module ? inEvaluation(decoder, run) : run();
  if (!isTensor(made))
    throw new ShapeError(
      `${operation}: the decoder must give a tensor of images, got ${describeValue(made)}`,
    );
  const images = imagesOf(operation, made);
  if (images.count !== count)
    throw new ShapeError(
      `${operation}: the decoder made ${countOf(images.count, "image")} of ${countOf(count, "code")}; it must give [N, C, H, W]`,
    );
  return images;
}

/** Images, of flat rows too where these are squares. */
function imagesOf(operation: string, source: NumberSource): ImageBatch {
  const { shape, values } = numbersOf(source, operation);
  const side = Math.sqrt(shape[1] ?? 0);
  if (shape.length === 2 && Number.isInteger(side) && side > 1)
    return { values, count: shape[0]!, channels: 1, height: side, width: side };
  if (shape.length === 4) return imageBatch({ shape, toTypedArray: () => values }, operation);
  throw new ShapeError(
    `${operation}: expected images [N, 1 or 3, H, W], or flat squares [N, H·H], got shape ${formatShape(shape)}`,
  );
}

function tilesOf(images: ImageBatch, count: number): Tile[] {
  const length = images.channels * images.height * images.width;
  const range = brightnessRange(images.values);
  return Array.from({ length: count }, (_, i) =>
    tileOf(plane(images.values, i, length), images, range, "grey"),
  );
}

/** Images as one, `size` in a row, without gaps: neighbours of a code space look alike. */
function joined({ values, channels, height, width }: ImageBatch, size: number): ImageBatch {
  const [tall, wide] = [size * height, size * width];
  const whole = new Float32Array(channels * tall * wide);
  for (let i = 0; i < whole.length; i++) {
    const [channel, row, column] = [Math.floor(i / (tall * wide)), Math.floor(i / wide) % tall, i % wide];
    const cell = Math.floor(row / height) * size + Math.floor(column / width);
    const inside = (row % height) * width + (column % width);
    whole[i] = values[(cell * channels + channel) * height * width + inside]!;
  }
  return { values: whole, count: 1, channels, height: tall, width: wide };
}
