/** Transforms that change how pixels look and leave them where they are: masks, boxes and images to be predicted stay. */

import { ArgumentError, describeValue } from "../../errors.ts";
import { checkOptions } from "../../options.ts";
import type { Generator } from "../../random.ts";
import { checkCount } from "../checks.ts";
import { addNormalNoise } from "./noise.ts";
import { type Pictures, Transform } from "./transform.ts";

/** Options of `colorJitter`: each is how far a factor may be from 1 either way, or the hue from where it was. */
export interface ColorJitterOptions {
  /** Multiplies all pixels, 0 unless told. */
  readonly brightness?: number;
  /** Draws pixels away from the sample's mean grey or towards it, 0 unless told. */
  readonly contrast?: number;
  /** Draws colours away from their grey or towards it, 0 unless told; needs 3 channels. */
  readonly saturation?: number;
  /** Turns colours around the circle of hues by up to this share of it either way, 0 unless told, at most 0.5; needs 3 channels. */
  readonly hue?: number;
}

/** Options of `randomErasing`. */
export interface ErasingOptions {
  /** The share of samples in which a square is hidden, 1 unless told. */
  readonly probability?: number;
  /** What the square holds, 0 unless told. */
  readonly value?: number;
}

/** A transform that rewrites each sample's pixels, `[channels · area]`, in place: a batch on its way belongs to its transforms. */
function painting(
  text: string,
  paint: (pixels: Float32Array, random: Generator, images: Pictures) => void,
): Transform {
  return new Transform(text, (batch, random) => {
    const { values, count } = batch.images;
    const length = values.length / Math.max(1, count);
    for (let i = 0; i < count; i++)
      paint(values.subarray(i * length, (i + 1) * length), random, batch.images);
    return batch;
  });
}

/** To [0, 1], by sums instead of comparisons, which a processor guesses wrong where bright and dark pixels alternate. */
function clip(value: number): number {
  const above = value + Math.abs(value); // twice max(0, value)
  const below = 2 - above;
  return 1 - (below + Math.abs(below)) / 4;
}

function brighten(pixels: Float32Array, factor: number): void {
  for (let i = 0; i < pixels.length; i++) pixels[i] = clip(pixels[i]! * factor);
}

/** How bright red, green and blue look together. ITU-R BT.601. */
const greyOf = (red: number, green: number, blue: number): number =>
  0.299 * red + 0.587 * green + 0.114 * blue;

/** Draws pixels away from the mean grey, that of the first channel where there are not three. */
function changeContrast(pixels: Float32Array, area: number, factor: number): void {
  let sum = 0;
  if (pixels.length === 3 * area)
    for (let i = 0; i < area; i++) sum += greyOf(pixels[i]!, pixels[area + i]!, pixels[2 * area + i]!);
  else for (let i = 0; i < area; i++) sum += pixels[i]!;
  const rest = (sum / area) * (1 - factor);
  for (let i = 0; i < pixels.length; i++) pixels[i] = clip(rest + pixels[i]! * factor);
}

function changeSaturation(pixels: Float32Array, area: number, factor: number): void {
  for (let i = 0; i < area; i++) {
    const red = pixels[i]!;
    const green = pixels[area + i]!;
    const blue = pixels[2 * area + i]!;
    const rest = greyOf(red, green, blue) * (1 - factor);
    pixels[i] = clip(rest + red * factor);
    pixels[area + i] = clip(rest + green * factor);
    pixels[2 * area + i] = clip(rest + blue * factor);
  }
}

/**
 * Adds to the hue (H of HSV, a share of the circle from red over green and blue back to red) and leaves saturation and value, as
 * torchvision's `adjust_hue`. Smith 1978, "Color gamut transform pairs".
 */
function turnHue(pixels: Float32Array, area: number, turns: number): void {
  for (let i = 0; i < area; i++) {
    const red = pixels[i]!;
    const green = pixels[area + i]!;
    const blue = pixels[2 * area + i]!;
    const value = Math.max(red, green, blue);
    const chroma = value - Math.min(red, green, blue);
    if (chroma === 0) continue;
    let hue = 6 * turns;
    if (value === red) hue += (green - blue) / chroma;
    else if (value === green) hue += 2 + (blue - red) / chroma;
    else hue += 4 + (red - green) / chroma;
    pixels[i] = channelAt(hue + 5, value, chroma);
    pixels[area + i] = channelAt(hue + 3, value, chroma);
    pixels[2 * area + i] = channelAt(hue + 1, value, chroma);
  }
}

/** A channel is high in a third of the six parts of the circle, low in another and slopes between: `place` says where on it. */
function channelAt(place: number, value: number, chroma: number): number {
  const part = place - 6 * Math.floor(place / 6);
  return value - chroma * Math.max(0, Math.min(part, 4 - part, 1));
}

/**
 * Brightness, contrast, saturation and hue of each sample by chance, in this order, each kept in [0, 1]: pixels are drawn by a
 * factor in `[1 − amount, 1 + amount]` away from black, from the mean grey, from their own grey; hues turn by a share of the
 * circle in `[−amount, amount]`. Grey is 0.299 R + 0.587 G + 0.114 B. As torchvision's `ColorJitter`. For images in [0, 1].
 *
 * @throws ArgumentError for amounts below 0, a hue above 0.5, or saturation or hue of images that are not in colour.
 * @example
 * data.transforms.colorJitter({ brightness: 0.2, contrast: 0.2, hue: 0.05 });
 */
export function colorJitter(options: ColorJitterOptions): Transform {
  const operation = "colorJitter";
  checkOptions(operation, options, ["brightness", "contrast", "saturation", "hue"]);
  const { brightness = 0, contrast = 0, saturation = 0, hue = 0 } = options;
  for (const [name, amount] of Object.entries({ brightness, contrast, saturation, hue }))
    if (!(typeof amount === "number" && amount >= 0 && Number.isFinite(amount)))
      throw new ArgumentError(
        `${operation}: ${name} must be a number from 0 on; got ${describeValue(amount)}`,
      );
  if (hue > 0.5)
    throw new ArgumentError(
      `${operation}: hue is a share of the circle of colours, at most 0.5, the opposite; got ${hue}${hue <= 180 && hue > 1 ? ` (${hue}° are ${hue / 360})` : ""}`,
    );
  const factor = (random: Generator, amount: number) => random.uniform(Math.max(0, 1 - amount), 1 + amount);
  return painting(
    `${operation}(brightness ${brightness}, contrast ${contrast}, saturation ${saturation}, hue ${hue})`,
    (pixels, random, { channels, height, width }) => {
      if ((saturation > 0 || hue > 0) && channels !== 3)
        throw new ArgumentError(
          `${operation}: ${saturation > 0 ? "saturation" : "hue"} needs red, green and blue; the images have ${channels} ${channels === 1 ? "channel" : "channels"}`,
        );
      const area = height * width;
      const bright = factor(random, brightness);
      const strong = factor(random, contrast);
      const full = factor(random, saturation);
      if (brightness > 0) brighten(pixels, bright);
      if (contrast > 0) changeContrast(pixels, area, strong);
      if (saturation > 0) changeSaturation(pixels, area, full);
      if (hue > 0) turnHue(pixels, area, random.uniform(-hue, hue));
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
  return painting(`gaussianNoise(${deviation})`, (pixels, random) =>
    addNormalNoise(pixels, deviation, random),
  );
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
  return perChannel(`normalize(${means.join(", ")})`, means.length, (channel, c) => {
    const [middle, deviation] = [means[c]!, deviations[c]!];
    for (let i = 0; i < channel.length; i++) channel[i] = (channel[i]! - middle) / deviation;
  });
}

/**
 * What `normalize` with the same numbers did, undone: for looking at images.
 *
 * @example
 * show.images(data.transforms.denormalize([0.5], [0.25]).apply(images));
 */
export function denormalize(mean: readonly number[], std: readonly number[]): Transform {
  const [means, deviations] = readChannels("denormalize", mean, std);
  return perChannel(`denormalize(${means.join(", ")})`, means.length, (channel, c) => {
    const [middle, deviation] = [means[c]!, deviations[c]!];
    for (let i = 0; i < channel.length; i++) channel[i] = channel[i]! * deviation + middle;
  });
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

function perChannel(
  text: string,
  expected: number,
  rewrite: (channel: Float32Array, c: number) => void,
): Transform {
  return painting(text, (pixels, _random, { channels, height, width }) => {
    if (channels !== expected)
      throw new ArgumentError(`${text}: has numbers for ${expected} channels; the images have ${channels}`);
    const area = height * width;
    for (let c = 0; c < channels; c++) rewrite(pixels.subarray(c * area, (c + 1) * area), c);
  });
}
