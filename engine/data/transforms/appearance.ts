/** Transforms that change how pixels look and leave them where they are: masks, boxes and images to be predicted stay. */

import { ArgumentError, describeValue } from "../../errors.ts";
import type { Generator } from "../../random.ts";
import { checkCount, checkOptions } from "../checks.ts";
import { type Pictures, Transform } from "./transform.ts";

/** Options of `colorJitter`: each is how far a factor may be from 1 either way. */
export interface ColorJitterOptions {
  /** Multiplies all pixels, 0 unless told. */
  readonly brightness?: number;
  /** Draws pixels away from the sample's mean grey or towards it, 0 unless told. */
  readonly contrast?: number;
  /** Draws colours away from their grey or towards it, 0 unless told; needs 3 channels. */
  readonly saturation?: number;
}

/** Options of `randomErasing`. */
export interface ErasingOptions {
  /** The share of samples in which a square is hidden, 1 unless told. */
  readonly probability?: number;
  /** What the square holds, 0 unless told. */
  readonly value?: number;
}

/** A transform that rewrites each sample's pixels, `[channels · area]`, in place. */
function painting(
  text: string,
  paint: (pixels: Float32Array, random: Generator, images: Pictures) => void,
): Transform {
  return new Transform(text, (batch, random) => {
    const { values, count } = batch.images;
    const painted = { ...batch.images, values: values.slice() };
    const length = values.length / Math.max(1, count);
    for (let i = 0; i < count; i++)
      paint(painted.values.subarray(i * length, (i + 1) * length), random, painted);
    return { ...batch, images: painted };
  });
}

/** ITU-R BT.601: how bright red, green and blue look. */
const luma = [0.299, 0.587, 0.114] as const;

function greyAt(pixels: Float32Array, area: number, channels: number, i: number): number {
  if (channels !== 3) return pixels[i]!;
  return luma[0] * pixels[i]! + luma[1] * pixels[area + i]! + luma[2] * pixels[2 * area + i]!;
}

const clip = (value: number): number => Math.min(1, Math.max(0, value));

/**
 * Brightness, contrast and saturation of each sample by chance, in this order, each kept in [0, 1]: pixels are drawn by a factor in
 * `[1 − amount, 1 + amount]` away from black, from the mean grey, from their own grey. Grey is 0.299 R + 0.587 G + 0.114 B. As
 * torchvision's `ColorJitter`, without hue. For images in [0, 1].
 *
 * @throws ArgumentError for amounts below 0, or saturation of images that are not in colour.
 * @example
 * data.transforms.colorJitter({ brightness: 0.2, contrast: 0.2 });
 */
export function colorJitter(options: ColorJitterOptions): Transform {
  const operation = "colorJitter";
  checkOptions(operation, options, ["brightness", "contrast", "saturation"]);
  const { brightness = 0, contrast = 0, saturation = 0 } = options;
  for (const [name, amount] of Object.entries({ brightness, contrast, saturation }))
    if (!(typeof amount === "number" && amount >= 0 && Number.isFinite(amount)))
      throw new ArgumentError(
        `${operation}: ${name} must be a number from 0 on; got ${describeValue(amount)}`,
      );
  const factor = (random: Generator, amount: number) => random.uniform(Math.max(0, 1 - amount), 1 + amount);
  return painting(
    `${operation}(brightness ${brightness}, contrast ${contrast}, saturation ${saturation})`,
    (pixels, random, { channels, height, width }) => {
      if (saturation > 0 && channels !== 3)
        throw new ArgumentError(
          `${operation}: saturation needs red, green and blue; the images have ${channels} channel`,
        );
      const area = height * width;
      const [bright, strong, full] = [brightness, contrast, saturation].map((amount) =>
        factor(random, amount),
      ) as [number, number, number];
      if (brightness > 0) for (let i = 0; i < pixels.length; i++) pixels[i] = clip(pixels[i]! * bright);
      if (contrast > 0) {
        let sum = 0;
        for (let i = 0; i < area; i++) sum += greyAt(pixels, area, channels, i);
        const mean = sum / area;
        for (let i = 0; i < pixels.length; i++) pixels[i] = clip(mean + (pixels[i]! - mean) * strong);
      }
      if (saturation > 0)
        for (let i = 0; i < area; i++) {
          const grey = greyAt(pixels, area, channels, i);
          for (let at = i; at < pixels.length; at += area)
            pixels[at] = clip(grey + (pixels[at]! - grey) * full);
        }
    },
  );
}

/**
 * Hides a square of each sample, at a place drawn by chance and cut off at the border. DeVries & Taylor 2017, "Cutout".
 *
 * @throws ArgumentError for a size that is no whole number, or a probability that is none.
 * @example
 * data.transforms.randomErasing(8);
 */
export function randomErasing(size: number, options: ErasingOptions = {}): Transform {
  const operation = "randomErasing";
  checkCount(operation, "size", size);
  checkOptions(operation, options, ["probability", "value"]);
  const { probability = 1, value = 0 } = options;
  if (!(typeof probability === "number" && probability >= 0 && probability <= 1))
    throw new ArgumentError(
      `${operation}: probability must be a number from 0 to 1; got ${describeValue(probability)}`,
    );
  if (typeof value !== "number")
    throw new ArgumentError(`${operation}: value must be a number; got ${describeValue(value)}`);
  return painting(`${operation}(${size})`, (pixels, random, { channels, height, width }) => {
    const [chosen, row, column] = [
      random.uniform() < probability,
      random.integer(height),
      random.integer(width),
    ];
    if (!chosen) return;
    const [top, left] = [row - Math.floor(size / 2), column - Math.floor(size / 2)];
    for (let c = 0; c < channels; c++)
      for (let y = Math.max(0, top); y < Math.min(height, top + size); y++)
        pixels.fill(
          value,
          (c * height + y) * width + Math.max(0, left),
          (c * height + y) * width + Math.min(width, left + size),
        );
  });
}

/**
 * Adds normal noise to every pixel. With `loader({ target: "images" })` the target stays clean: a denoising auto-encoder's
 * training. Lecture step 003.92.
 *
 * @throws ArgumentError for a deviation below 0.
 * @example
 * train.loader({ target: "images", transform: data.transforms.gaussianNoise(0.3) })
 */
export function gaussianNoise(deviation: number): Transform {
  if (!(typeof deviation === "number" && deviation >= 0 && Number.isFinite(deviation)))
    throw new ArgumentError(
      `gaussianNoise: the deviation must be a number from 0 on; got ${describeValue(deviation)}`,
    );
  return painting(`gaussianNoise(${deviation})`, (pixels, random) => {
    for (let i = 0; i < pixels.length; i++) pixels[i]! += deviation * random.normal();
  });
}

/**
 * `(x − mean) / std` for each channel: images as networks like them. Take the numbers from the training set and use them for all.
 * Lecture steps 001.8 and 001.28.
 *
 * @throws ArgumentError where there is not one mean and one std above 0 for each channel.
 * @example
 * const standard = data.transforms.normalize([0.49, 0.48, 0.45], [0.25, 0.24, 0.26]);
 */
export function normalize(mean: readonly number[], std: readonly number[]): Transform {
  const [means, deviations] = readChannels("normalize", mean, std);
  return perChannel(
    `normalize(${means.join(", ")})`,
    means.length,
    (x, c) => (x - means[c]!) / deviations[c]!,
  );
}

/**
 * What `normalize` with the same numbers did, undone: for looking at images.
 *
 * @example
 * show.images(data.transforms.denormalize([0.5], [0.25]).apply(images));
 */
export function denormalize(mean: readonly number[], std: readonly number[]): Transform {
  const [means, deviations] = readChannels("denormalize", mean, std);
  return perChannel(
    `denormalize(${means.join(", ")})`,
    means.length,
    (x, c) => x * deviations[c]! + means[c]!,
  );
}

function readChannels(operation: string, mean: unknown, std: unknown): [number[], number[]] {
  const isNumbers = (value: unknown): value is number[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => typeof one === "number" && Number.isFinite(one));
  if (!isNumbers(mean) || !isNumbers(std) || mean.length !== std.length)
    throw new ArgumentError(
      `${operation}: expects two arrays, a mean and a std for each channel, such as ([0.5], [0.25]); got ${describeValue(mean)} and ${describeValue(std)}`,
    );
  const zero = std.findIndex((one) => one <= 0);
  if (zero !== -1)
    throw new ArgumentError(
      `${operation}: the std of channel ${zero} is ${std[zero]}; a channel that never changes has nothing to divide by, give it 1`,
    );
  return [[...mean], [...std]];
}

function perChannel(text: string, expected: number, rule: (x: number, channel: number) => number): Transform {
  return painting(text, (pixels, _random, { channels, height, width }) => {
    if (channels !== expected)
      throw new ArgumentError(`${text}: has numbers for ${expected} channels; the images have ${channels}`);
    for (let i = 0; i < pixels.length; i++) pixels[i] = rule(pixels[i]!, Math.floor(i / (height * width)));
  });
}
