/**
 * `data.shapes`: simple figures drawn in code, with what they are, where they are, which pixels are theirs and their colour:
 * one set for classification, detection, segmentation, several tasks at once. Sample i of a seed is the same on every machine.
 */

import { tensor } from "../creation.ts";
import { checkInterrupt } from "../interrupt.ts";
import { checkOptions } from "../options.ts";
import { Generator } from "../random.ts";
import { checkClasses, checkCount, checkNoise, checkPicture, checkSeed } from "./checks.ts";
import { onCircle } from "./circle.ts";
import { Dataset } from "./dataset.ts";
import type { TrainAndTest } from "./digits.ts";
import { imageTensor } from "./pixels.ts";
import { sampleSeeds } from "./sampleSeeds.ts";

/** A figure that `data.shapes` draws. */
export type ShapeName = "circle" | "square" | "triangle" | "cross" | "ring";

/** Options of `shapes`. */
export interface ShapesOptions {
  /** Training samples, 2,000 unless told. */
  readonly train?: number;
  /** Test samples, 500 unless told. */
  readonly test?: number;
  /** Another seed, other pictures: 0 unless told. */
  readonly seed?: number;
  /** Height and width in pixels, 32 unless told, at least 16. */
  readonly size?: number;
  /** 1 for grey (unless told), 3 for colour. */
  readonly channels?: 1 | 3;
  /** The figures, in the order of their labels: circle, square, triangle unless told. */
  readonly classes?: readonly ShapeName[];
  /** An image holds from 1 to this many figures, 1 unless told. */
  readonly objects?: number;
  /** Standard deviation of the noise in each pixel, whose values go from 0 to 1: 0.03 unless told. */
  readonly noise?: number;
}

/** Whether a place in a figure's own coordinates, about 1 in size, is inside it. */
const figures: Readonly<Record<ShapeName, (u: number, v: number) => boolean>> = {
  circle: (u, v) => u * u + v * v <= 0.64,
  square: (u, v) => Math.abs(u) <= 0.7 && Math.abs(v) <= 0.7,
  triangle: (u, v) => v >= -0.5 && v <= 1 - Math.sqrt(3) * Math.abs(u),
  cross: (u, v) => Math.min(Math.abs(u), Math.abs(v)) <= 0.28 && Math.max(Math.abs(u), Math.abs(v)) <= 0.9,
  ring: (u, v) => u * u + v * v <= 0.81 && u * u + v * v >= 0.3,
};

/** Name, and share of red, green and blue. */
const colours = [
  ["red", [1, 0.1, 0.1]],
  ["yellow", [0.95, 0.85, 0.1]],
  ["green", [0.1, 0.8, 0.2]],
  ["blue", [0.15, 0.3, 1]],
] as const;

/** What `target("colours")` counts, in this order. */
export const shapeColours: readonly string[] = colours.map(([name]) => name);

interface Settings {
  readonly size: number;
  readonly channels: 1 | 3;
  readonly classes: readonly ShapeName[];
  readonly objects: number;
  readonly noise: number;
}

/**
 * Figures (circle, square, triangle; cross and ring where asked for), turned, sized and placed by chance on an uneven
 * background. Images `[N, 1 or 3, size, size]` in [0, 1]. What there is to predict:
 * `labels [N]`; `masks [N, size, size]` int32, for each pixel 0 for background, else 1 + its class;
 * `boxes [N, 4]` `[left, top, right, bottom]` in shares of the image; in colour also `colours [N]` (red, yellow, green,
 * blue). With several `objects` label, box and colour are those of the one in front. Lecture steps 003.68, 003.71, 003.81.
 *
 * @throws ArgumentError for a figure it cannot draw, a size below 16, or counts that are no whole numbers.
 * @example
 * const { train, test } = data.shapes({ seed: 1 });
 * for (const [images, masks] of train.loader({ target: "masks" })) …
 */
export function shapes(options: ShapesOptions = {}): TrainAndTest {
  checkOptions("data.shapes", options, [
    "train",
    "test",
    "seed",
    "size",
    "channels",
    "classes",
    "objects",
    "noise",
  ]);
  const { train = 2000, test = 500, seed = 0 } = options;
  checkCount("data.shapes", "train", train);
  checkCount("data.shapes", "test", test);
  checkSeed("data.shapes", seed);
  const settings = readSettings(options);
  const seedOf = sampleSeeds(seed);
  return {
    train: draw("shapes, training", train, (i) => seedOf(0, i), settings),
    test: draw("shapes, test", test, (i) => seedOf(1, i), settings),
  };
}

function readSettings(options: ShapesOptions): Settings {
  const { size = 32, channels = 1, classes = ["circle", "square", "triangle"] } = options;
  const { objects = 1, noise = 0.03 } = options;
  checkPicture("data.shapes", size, channels);
  checkCount("data.shapes", "objects", objects);
  checkNoise("data.shapes", noise);
  checkClasses("data.shapes", classes, Object.keys(figures));
  return { size, channels, classes: [...classes], objects, noise };
}

function draw(name: string, count: number, seedOf: (i: number) => number, settings: Settings): Dataset {
  const { size, channels, classes } = settings;
  const area = size * size;
  const pixels = new Uint8Array(count * channels * area);
  const masks = new Int32Array(count * area);
  const boxes = new Float32Array(count * 4);
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes.length);
  const hues = new Int32Array(count);
  const random = new Generator();
  for (let i = 0; i < count; i++) {
    checkInterrupt();
    random.seed(seedOf(i));
    const picture = new Canvas(settings, random);
    const mask = masks.subarray(i * area, (i + 1) * area);
    const behind = random.integer(settings.objects);
    for (let k = 0; k < behind; k++) picture.add(random.integer(classes.length), mask);
    hues[i] = picture.add(labels[i]!, mask);
    boxes.set(picture.box, 4 * i);
    picture.develop(pixels.subarray(i * channels * area, (i + 1) * channels * area));
  }
  const targets = {
    masks: tensor(masks, { shape: [count, size, size] }).keep(),
    boxes: tensor(boxes, { shape: [count, 4] }).keep(),
  };
  return new Dataset({
    name,
    images: imageTensor("data.shapes", pixels, [count, channels, size, size]),
    labels: tensor(labels).keep(),
    classes,
    targets: channels === 3 ? { ...targets, colours: tensor(hues).keep() } : targets,
  });
}

/** A pixel is covered by as many of its 9 places as lie inside the figure. */
const places = [-1 / 3, 0, 1 / 3] as const;

/** One picture in the making. */
class Canvas {
  /** Of the figure added last: `[left, top, right, bottom]` in shares of the size. */
  box: readonly number[] = [0, 0, 0, 0];
  readonly #settings: Settings;
  readonly #random: Generator;
  readonly #levels: Float64Array;

  /** A background that gets brighter in one direction. */
  constructor(settings: Settings, random: Generator) {
    this.#settings = settings;
    this.#random = random;
    const { size, channels } = settings;
    this.#levels = new Float64Array(channels * size * size);
    for (let c = 0; c < channels; c++) {
      const [level, right, down] = [
        random.uniform(0.05, 0.3),
        random.uniform(-0.1, 0.1),
        random.uniform(-0.1, 0.1),
      ];
      for (let y = 0; y < size; y++)
        for (let x = 0; x < size; x++)
          this.#levels[(c * size + y) * size + x] = level + right * (x / size) + down * (y / size);
    }
  }

  /** Draws a figure over what is there, and its class into the mask. Returns its colour. */
  add(label: number, mask: Int32Array): number {
    const { size, channels, classes, objects } = this.#settings;
    const random = this.#random;
    const inside = figures[classes[label]!];
    const [least, most] = objects === 1 ? [0.2, 0.36] : [0.14, 0.26];
    const radius = random.uniform(least, most) * size;
    const [centreX, centreY] = [random.uniform(radius, size - radius), random.uniform(radius, size - radius)];
    const [cosine, sine] = onCircle(random.uniform());
    const hue = random.integer(colours.length);
    const strength = random.uniform(0.55, 1);
    const paint = channels === 1 ? [strength] : colours[hue]![1].map((share) => share * strength);
    const covers = (x: number, y: number) => {
      const [dx, dy] = [(x - centreX) / radius, (y - centreY) / radius];
      return inside(dx * cosine + dy * sine, dy * cosine - dx * sine);
    };
    let [left, top, right, bottom] = [size, size, 0, 0];
    for (let y = Math.floor(centreY - radius); y <= Math.min(size - 1, centreY + radius); y++)
      for (let x = Math.floor(centreX - radius); x <= Math.min(size - 1, centreX + radius); x++) {
        let covered = 0;
        for (const v of places) for (const u of places) covered += covers(x + 0.5 + u, y + 0.5 + v) ? 1 : 0;
        for (let c = 0; c < channels; c++) {
          const at = (c * size + y) * size + x;
          this.#levels[at]! += (covered / 9) * (paint[c]! - this.#levels[at]!);
        }
        if (!covers(x + 0.5, y + 0.5)) continue;
        mask[y * size + x] = 1 + label;
        [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
      }
    this.box = [left / size, top / size, right / size, bottom / size];
    return hue;
  }

  /** With noise, as bytes. */
  develop(pixels: Uint8Array): void {
    const { noise } = this.#settings;
    for (const [i, level] of this.#levels.entries()) {
      const seen = level + noise * this.#random.normal();
      pixels[i] = Math.round(255 * Math.min(1, Math.max(0, seen)));
    }
  }
}
