// Features of images that were made by hand before networks learnt their own: sums over rectangles in no time, and
// histograms of gradient directions.

import { ArgumentError, ShapeError } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { requireCount } from "../nn/arguments.ts";
import { requireTensor } from "../nn/requireTensor.ts";
import { checkOptions } from "../options.ts";
import { describeShape, type Shape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { makeTensor, type Place, readRows } from "./rows.ts";

/** Sums of an image over all rectangles from its top left corner. See {@link integralImage}. */
export class IntegralImage {
  /** Rows of pixels. */
  readonly height: number;
  /** Columns of pixels. */
  readonly width: number;
  readonly #sums: Float64Array;
  readonly #place: Place;

  /** @internal Use `classical.integralImage(image)`. */
  constructor(image: Tensor) {
    const checked: Tensor = requireTensor("integralImage", "image", image);
    const grey = checked.ndim === 2 || (checked.ndim === 3 && checked.shape[0] === 1);
    if (!grey)
      throw new ShapeError(
        `integralImage: image must be [H, W] or [1, H, W], got ${describeShape(checked.shape)}${checked.ndim === 4 ? "; for the first of a batch write images.at(0)" : checked.ndim === 3 ? "; take one channel: image.at(0)" : ""}`,
      );
    const pixels = readRows("integralImage", "image", checked);
    const [height, width] = checked.shape.slice(-2) as [number, number];
    const stride = width + 1;
    const sums = new Float64Array((height + 1) * stride);
    for (let y = 0; y < height; y++)
      for (let x = 0, row = 0; x < width; x++) {
        row += pixels.values[y * width + x]!;
        sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1]! + row;
      }
    this.height = height;
    this.width = width;
    this.#sums = sums;
    this.#place = pixels;
  }

  /** `table[y, x]`, the sum of all pixels above row y and left of column x: `[H + 1, W + 1]`, its first row and column 0. */
  get table(): Tensor {
    return makeTensor("integralImage", this.#sums, [this.height + 1, this.width + 1], this.#place).keep();
  }

  /**
   * The sum of the pixels of a rectangle, from its four corners alone: `S(bottom, right) − S(top, right) − S(bottom, left) +
   * S(top, left)`. Throws a ShapeError where it does not lie in the image.
   */
  sum(top: number, left: number, height: number, width: number): number {
    const whole = [top, left, height, width].every((value) => Number.isInteger(value) && value >= 0);
    if (!whole || top + height > this.height || left + width > this.width)
      throw new ShapeError(
        `integralImage: the rectangle of ${height} × ${width} pixels at row ${top}, column ${left} does not lie in the image of ${this.height} × ${this.width}`,
      );
    const stride = this.width + 1;
    const at = (y: number, x: number): number => this.#sums[y * stride + x]!;
    const bottom = top + height;
    const right = left + width;
    return at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left);
  }

  /** `IntegralImage: 28 × 28 pixels, sum 103.2`. */
  toString(): string {
    const all = this.sum(0, 0, this.height, this.width);
    return `IntegralImage: ${this.height} × ${this.width} pixels, sum ${Number(all.toPrecision(6))}`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/**
 * The integral image (summed-area table; Crow 1984, Viola & Jones 2001): afterwards the sum over any rectangle costs four
 * look-ups, whatever its size. `image` is `[H, W]` or `[1, H, W]`. Lecture step 003.5.
 *
 * @example
 * const integral = classical.integralImage(image);
 * integral.sum(0, 0, 4, 8) - integral.sum(4, 0, 4, 8)   // a Haar feature: the upper half against the lower
 */
export function integralImage(image: Tensor): IntegralImage {
  return new IntegralImage(image);
}

/** Options of `gradientHistogram`. */
export interface GradientHistogramOptions {
  /** Height and width of a cell in pixels, 8 unless told. */
  readonly cell?: number;
  /** Into how many directions 180° are divided, 9 unless told. */
  readonly bins?: number;
}

/** Options of `hog`. */
export interface HogOptions extends GradientHistogramOptions {
  /** Height and width of a block in cells, 2 unless told. */
  readonly block?: number;
}

interface Histograms extends Place {
  /** `images · down · across · bins` numbers. */
  readonly values: Float64Array;
  readonly images: number;
  readonly down: number;
  readonly across: number;
  readonly bins: number;
  /** `[N]`, or `[]` for a single image. */
  readonly lead: Shape;
}

function histograms(operation: string, images: Tensor, options: GradientHistogramOptions): Histograms {
  const cell = requireCount(operation, "cell", options.cell ?? 8);
  const bins = requireCount(operation, "bins", options.bins ?? 9);
  const checked: Tensor = requireTensor(operation, "images", images);
  if (checked.ndim < 2 || checked.ndim > 4)
    throw new ShapeError(
      `${operation}: images must be [N, C, H, W], [C, H, W] or [H, W], got ${describeShape(checked.shape)}`,
    );
  const pixels = readRows(operation, "images", checked);
  const [channels, height, width] = [1, ...checked.shape].slice(-3) as [number, number, number];
  const lead = checked.ndim === 4 ? checked.shape.slice(0, 1) : [];
  const count = lead[0] ?? 1;
  const down = Math.floor(height / cell);
  const across = Math.floor(width / cell);
  if (down === 0 || across === 0)
    throw new ShapeError(
      `${operation}: a cell of ${cell} × ${cell} pixels does not fit in images of ${height} × ${width}; take a smaller cell`,
    );
  const values = new Float64Array(count * down * across * bins);
  for (let n = 0; n < count; n++)
    for (let y = 0; y < down * cell; y++)
      for (let x = 0; x < across * cell; x++) {
        const { strength, turn } = gradientAt(pixels.values, n * channels, channels, height, width, y, x);
        const bin = Math.min(bins - 1, Math.floor(turn * bins));
        const place = ((n * down + Math.floor(y / cell)) * across + Math.floor(x / cell)) * bins + bin;
        values[place]! += strength / (cell * cell);
      }
  return { values, images: count, down, across, bins, lead, dtype: pixels.dtype, backend: pixels.backend };
}

/** The gradient of the channel in which it is largest: its size, and its direction in half turns, 0 ≤ turn ≤ 1. */
function gradientAt(
  pixels: Float64Array,
  first: number,
  channels: number,
  height: number,
  width: number,
  y: number,
  x: number,
): { strength: number; turn: number } {
  let best = { strength: 0, turn: 0 };
  for (let c = first; c < first + channels; c++) {
    const at = c * height * width + y * width + x;
    const dx = x === 0 || x === width - 1 ? 0 : pixels[at + 1]! - pixels[at - 1]!;
    const dy = y === 0 || y === height - 1 ? 0 : pixels[at + width]! - pixels[at - width]!;
    const strength = Math.hypot(dx, dy);
    if (strength <= best.strength) continue;
    const angle = Math.atan2(dy, dx) / Math.PI;
    best = { strength, turn: angle < 0 ? angle + 1 : angle === 1 ? 0 : angle };
  }
  return best;
}

/**
 * How strongly each cell of an image changes in each direction: `[N, C, H, W]` → `[N, H/cell, W/cell, bins]` (a single image
 * `[C, H, W]` or `[H, W]` without N). Every pixel's gradient (`[−1, 0, 1]` across and down, 0 at the border; of the channel
 * that changes most) adds its length, divided by the pixels of a cell, to the bin of its direction; bin b holds directions
 * from b/bins · 180° on, opposite ones together: 0° is a change from left to right, that is a vertical edge. Pixels beyond
 * the last full cell are left out. Lecture step 003.5; Dalal & Triggs 2005.
 *
 * @example
 * const cells = classical.gradientHistogram(image, { cell: 7 });   // [4, 4, 9] of a digit
 */
export function gradientHistogram(images: Tensor, options: GradientHistogramOptions = {}): Tensor {
  checkOptions("gradientHistogram", options, ["cell", "bins"]);
  const found = histograms("gradientHistogram", images, options);
  const shape = [...found.lead, found.down, found.across, found.bins];
  return makeTensor("gradientHistogram", found.values, shape, found);
}

/**
 * The HoG descriptor: gradient histograms in overlapping blocks of `block` × `block` cells, each block divided by its
 * length, `v / √(‖v‖² + 10⁻¹⁰)`, so that lighting does not matter. `[N, C, H, W]` → `[N, F]` for a linear classifier, F =
 * blocks down · blocks across · block² · bins (a single image gives `[F]`). Lecture step 003.5; Dalal & Triggs 2005.
 *
 * @example
 * const features = classical.hog(train.images, { cell: 7 });   // [N, 324]
 */
export function hog(images: Tensor, options: HogOptions = {}): Tensor {
  checkOptions("hog", options, ["cell", "bins", "block"]);
  const block = requireCount("hog", "block", options.block ?? 2);
  const found = histograms("hog", images, options);
  const { down, across, bins } = found;
  if (block > down || block > across)
    throw new ArgumentError(
      `hog: a block of ${block} × ${block} cells does not fit in ${down} × ${across} cells; take smaller cells, or { block: 1 }`,
    );
  const perBlock = block * block * bins;
  const perImage = (down - block + 1) * (across - block + 1) * perBlock;
  const features = new Float64Array(found.images * perImage);
  let place = 0;
  for (let n = 0; n < found.images; n++)
    for (let y = 0; y + block <= down; y++)
      for (let x = 0; x + block <= across; x++) {
        const start = place;
        let square = 1e-10;
        for (let cy = y; cy < y + block; cy++)
          for (let cx = x; cx < x + block; cx++)
            for (let b = 0; b < bins; b++) {
              const value = found.values[((n * down + cy) * across + cx) * bins + b]!;
              features[place++] = value;
              square += value * value;
            }
        for (let i = start; i < place; i++) features[i]! /= Math.sqrt(square);
      }
  return makeTensor("hog", features, [...found.lead, perImage], found);
}
