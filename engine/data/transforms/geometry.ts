/** Transforms that move pixels: every target moves along. */

import type { WarpGeometry } from "../../backend/backend.ts";
import type { Affine } from "../../backend/warp.ts";
import { ArgumentError, describeValue } from "../../errors.ts";
import { checkOptions } from "../../options.ts";
import type { Generator } from "../../random.ts";
import { checkCount } from "../checks.ts";
import { onCircle } from "../circle.ts";
import { type Batch, makePictures, type Pictures, Transform } from "./transform.ts";

/** What lies outside of an image: black, its edge repeated, or its mirror image. */
export type Border = WarpGeometry["border"];

/** Options of flips. */
export interface FlipOptions {
  /** The share of samples that are flipped, 0.5 unless told. */
  readonly probability?: number;
}

/** Options of `randomRotation`, `rotate` and `randomShift`. */
export interface MoveOptions {
  /** What comes in from outside, zeros unless told. */
  readonly border?: Border;
}

/** Options of `randomAffine`. */
export interface AffineOptions extends MoveOptions {
  /** Turns by up to this many degrees either way, 0 unless told. */
  readonly degrees?: number;
  /** Shifts by up to this share of height and width, 0 unless told. */
  readonly shift?: number;
  /** Scales by a factor between these, 1 unless told. */
  readonly scale?: readonly [low: number, high: number];
}

/** Options of `randomCrop`. */
export interface CropOptions extends MoveOptions {
  /** Pixels added on every side before the crop, 0 unless told. */
  readonly padding?: number;
}

interface Size {
  readonly height: number;
  readonly width: number;
}

/** A transform that draws a map for each sample. */
function moving(
  text: string,
  border: Border,
  sizeOf: (images: Pictures) => Size,
  draw: (random: Generator, images: Pictures) => Affine,
): Transform {
  if (border !== "zeros" && border !== "replicate" && border !== "reflect")
    throw new ArgumentError(
      `${text}: border is "zeros", "replicate" or "reflect"; got ${describeValue(border)}`,
    );
  return new Transform(text, (batch, random): Batch => {
    const { images, clean, masks, boxes } = batch;
    const size = sizeOf(images);
    const maps = Array.from({ length: images.count }, () => draw(random, images));
    return {
      boxes: boxes && movedBoxes(boxes, images, size, maps),
      images: warp(images, size, maps, border, false),
      clean: clean && warp(clean, size, maps, border, false),
      masks: masks && warp(masks, size, maps, border, true),
    };
  });
}

/** Each picture moved by its map. What it was given is used up. */
function warp(
  from: Pictures,
  size: Size,
  maps: readonly Affine[],
  border: Border,
  nearest: boolean,
): Pictures {
  const { count, channels, height, width } = from;
  const moved = makePictures({ count, channels, ...size });
  const numbers = Float64Array.from(maps.flatMap(({ a, b, c, d, e, f }) => [a, b, c, d, e, f]));
  moved.pixels.holding.backend.warp(from.pixels.storage, numbers, moved.pixels.storage, {
    count,
    channels,
    inHeight: height,
    inWidth: width,
    outHeight: size.height,
    outWidth: size.width,
    border,
    nearest,
  });
  from.pixels.dispose();
  return moved;
}

/** The smallest upright boxes around the moved ones, cut off at the border. */
function movedBoxes(boxes: Float32Array, from: Size, to: Size, maps: readonly Affine[]): Float32Array {
  return Float32Array.from(
    maps.flatMap(({ a, b, c, d, e, f }, i) => {
      const [left, top, right, bottom] = boxes.subarray(4 * i, 4 * i + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      const determinant = a * d - b * c;
      const corners = [left, right].flatMap((x) =>
        [top, bottom].map((y) => {
          // Edges lie half a pixel before the centres that maps speak of.
          const [u, v] = [x * from.width - 0.5 - e, y * from.height - 0.5 - f];
          return [
            ((d * u - b * v) / determinant + 0.5) / to.width,
            ((a * v - c * u) / determinant + 0.5) / to.height,
          ] as const;
        }),
      );
      const ends = (axis: 0 | 1) => corners.map((corner) => Math.min(1, Math.max(0, corner[axis])));
      return [Math.min(...ends(0)), Math.min(...ends(1)), Math.max(...ends(0)), Math.max(...ends(1))];
    }),
  );
}

const sameSize = ({ height, width }: Pictures) => ({ height, width });

function checkProbability(operation: string, value: unknown): void {
  if (typeof value === "number" && value >= 0 && value <= 1) return;
  throw new ArgumentError(
    `${operation}: probability must be a number from 0 to 1; got ${describeValue(value)}${typeof value === "number" && value > 1 && value <= 100 ? ` (${value} % is ${value / 100})` : ""}`,
  );
}

function checkAmount(operation: string, name: string, value: unknown): asserts value is number {
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return;
  throw new ArgumentError(`${operation}: ${name} must be a number from 0 on; got ${describeValue(value)}`);
}

const identity: Affine = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };

/**
 * Mirrors left and right, each sample with this probability. Harmful where sides matter: a b becomes a d. Lecture step 003.69.
 *
 * @throws ArgumentError for a probability that is none.
 * @example
 * data.transforms.randomHorizontalFlip({ probability: 1 }).apply(images);
 */
export function randomHorizontalFlip(options: FlipOptions = {}): Transform {
  return flip("randomHorizontalFlip", options, ({ width }) => ({ ...identity, a: -1, e: width - 1 }));
}

/** Mirrors top and bottom, each sample with this probability. */
export function randomVerticalFlip(options: FlipOptions = {}): Transform {
  return flip("randomVerticalFlip", options, ({ height }) => ({ ...identity, d: -1, f: height - 1 }));
}

function flip(operation: string, options: FlipOptions, mirrored: (images: Pictures) => Affine): Transform {
  checkOptions(operation, options, ["probability"]);
  const { probability = 0.5 } = options;
  checkProbability(operation, probability);
  return moving(`${operation}(${probability})`, "zeros", sameSize, (random, images) =>
    random.uniform() < probability ? mirrored(images) : identity,
  );
}

/**
 * Turns, shifts and scales each sample by chance, around its middle, between pixels bilinear. Lecture steps 003.47 and 003.69.
 *
 * @throws ArgumentError for angles, shifts or scales that are no numbers.
 * @example
 * data.transforms.randomAffine({ degrees: 10, shift: 0.1, scale: [0.9, 1.1] });
 */
export function randomAffine(options: AffineOptions): Transform {
  const operation = "randomAffine";
  checkOptions(operation, options, ["degrees", "shift", "scale", "border"]);
  const { degrees = 0, shift = 0, scale = [1, 1], border = "zeros" } = options;
  checkAmount(operation, "degrees", degrees);
  checkAmount(operation, "shift (a share of the size)", shift);
  const [low, high]: readonly unknown[] = Array.isArray(scale) ? scale : [];
  if (!(typeof low === "number" && typeof high === "number" && low > 0 && low <= high && high < Infinity))
    throw new ArgumentError(
      `${operation}: scale is [low, high], both above 0; got ${Array.isArray(scale) ? `[${scale.join(", ")}]` : describeValue(scale)}`,
    );
  return moving(
    `${operation}(±${degrees}°, ±${shift}, ${low}–${high})`,
    border,
    sameSize,
    (random, { height, width }) => {
      const turns = random.uniform(-degrees, degrees) / 360;
      const factor = random.uniform(low, high);
      const [across, down] = [random.uniform(-shift, shift) * width, random.uniform(-shift, shift) * height];
      return around(height, width, turns, factor, across, down);
    },
  );
}

/** The map of a picture turned counter-clockwise around its middle, scaled and then shifted. */
function around(
  height: number,
  width: number,
  turns: number,
  factor: number,
  across: number,
  down: number,
): Affine {
  const [cosine, sine] = onCircle(turns);
  const [a, b, c, d] = [cosine / factor, -sine / factor, sine / factor, cosine / factor];
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const [x, y] = [middleX + across, middleY + down];
  return { a, b, c, d, e: middleX - a * x - b * y, f: middleY - c * x - d * y };
}

/**
 * Turns each sample by up to this many degrees either way. Four turns by 90° are none, exactly.
 *
 * @example
 * data.transforms.randomRotation(15);
 */
export function randomRotation(degrees: number, options: MoveOptions = {}): Transform {
  checkOptions("randomRotation", options, ["border"]);
  checkAmount("randomRotation", "degrees", degrees);
  return randomAffine({ degrees, ...options });
}

/**
 * Turns every sample by this many degrees counter-clockwise; four quarter turns are none, exactly.
 *
 * @example
 * data.transforms.rotate(90).apply(images);
 */
export function rotate(degrees: number, options: MoveOptions = {}): Transform {
  checkOptions("rotate", options, ["border"]);
  if (typeof degrees !== "number" || !Number.isFinite(degrees))
    throw new ArgumentError(`rotate: degrees must be a number; got ${describeValue(degrees)}`);
  return moving(`rotate(${degrees}°)`, options.border ?? "zeros", sameSize, (_random, { height, width }) =>
    around(height, width, degrees / 360, 1, 0, 0),
  );
}

/**
 * Shifts each sample by up to this many whole pixels in either direction.
 *
 * @example
 * data.transforms.randomShift(2);
 */
export function randomShift(pixels: number, options: MoveOptions = {}): Transform {
  checkOptions("randomShift", options, ["border"]);
  checkCount("randomShift", "pixels", pixels);
  const whole = (random: Generator) => random.integer(2 * pixels + 1) - pixels;
  return moving(`randomShift(±${pixels})`, options.border ?? "zeros", sameSize, (random) => ({
    ...identity,
    e: -whole(random),
    f: -whole(random),
  }));
}

/**
 * Cuts a square out of each sample at a place drawn by chance, after `padding` pixels were added on every side.
 *
 * @throws ArgumentError where the crop is larger than the padded image.
 * @example
 * data.transforms.randomCrop(32, { padding: 4 });   // what CIFAR-10 is trained with
 */
export function randomCrop(size: number, options: CropOptions = {}): Transform {
  checkOptions("randomCrop", options, ["padding", "border"]);
  const { padding = 0, border = "zeros" } = options;
  if (padding !== 0) checkCount("randomCrop", "padding", padding);
  return crop("randomCrop", size, padding, border, (room, random) => random.integer(room + 1));
}

/**
 * Cuts a square out of the middle.
 *
 * @throws ArgumentError where the crop is larger than the image.
 */
export function centerCrop(size: number): Transform {
  return crop("centerCrop", size, 0, "zeros", (room) => Math.floor(room / 2));
}

function crop(
  operation: string,
  size: number,
  padding: number,
  border: Border,
  start: (room: number, random: Generator) => number,
): Transform {
  checkCount(operation, "size", size);
  const place = (length: number, random: Generator) => {
    const room = length + 2 * padding - size;
    if (room >= 0) return start(room, random) - padding;
    throw new ArgumentError(
      `${operation}: a crop of ${size} is larger than the image of ${length}${padding > 0 ? ` with padding ${padding}` : ""}; crop less, or pad more`,
    );
  };
  return moving(
    `${operation}(${size})`,
    border,
    () => ({ height: size, width: size }),
    (random, { height, width }) => ({ ...identity, e: place(width, random), f: place(height, random) }),
  );
}

/**
 * Images in another size, between pixels bilinear (PyTorch's `interpolate` without antialiasing: shrink in steps of two, or blur
 * first, where fine patterns matter).
 *
 * @example
 * data.transforms.resize(32);
 */
export function resize(size: number): Transform {
  checkCount("resize", "size", size);
  return moving(
    `resize(${size})`,
    "replicate",
    () => ({ height: size, width: size }),
    (_random, { height, width }) => ({
      ...identity,
      a: width / size,
      e: 0.5 * (width / size) - 0.5,
      d: height / size,
      f: 0.5 * (height / size) - 0.5,
    }),
  );
}
