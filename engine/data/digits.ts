/**
 * `data.digits`: handwritten-like digits drawn in code, so that lessons need no download. Sample i of a seed is the same
 * on every machine and whatever the size asked for; no training sample is ever a test sample.
 */

import { checkInterrupt } from "../interrupt.ts";
import { checkOptions } from "../options.ts";
import { Generator } from "../random.ts";
import { checkCount, checkSeed } from "./checks.ts";
import { Dataset } from "./dataset.ts";
import { type Glyph, glyphs } from "./glyphs.ts";
import { imageSize, Pen, pixelCount } from "./handwriting.ts";
import { imageTensor, labelTensor } from "./pixels.ts";
import { sampleSeeds } from "./sampleSeeds.ts";

/** Options of `digits`. */
export interface DigitsOptions {
  /** Training samples, 6,000 unless told. */
  readonly train?: number;
  /** Test samples, 1,000 unless told. */
  readonly test?: number;
  /** Another seed, other digits: 0 unless told. */
  readonly seed?: number;
}

/** A data set in its two parts. */
export interface TrainAndTest {
  /** What to learn from. */
  readonly train: Dataset;
  /** What to judge by, drawn apart. */
  readonly test: Dataset;
}

export const digitClasses: readonly string[] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/**
 * 28 × 28 grey pictures of handwritten-like digits, drawn at once and without a network connection. Each digit is written
 * in several ways (`dataset.variants` names them: `7 with a bar`), every sample bent, slanted, placed and inked differently.
 * Images are `[N, 1, 28, 28]` in [0, 1], labels `[N]`; any ten samples from a multiple of ten on hold each digit once.
 *
 * Measured with 6,000 training samples: a linear classifier reaches about 90 % on the test set, LeNet-5 more than 98 %.
 *
 * @example
 * const { train, test } = data.digits({ seed: 1 });
 * for (const [images, labels] of train.loader({ batchSize: 64, shuffle: true })) …
 */
export function digits(options: DigitsOptions = {}): TrainAndTest {
  checkOptions("data.digits", options, ["train", "test", "seed"]);
  const { train = 6000, test = 1000, seed = 0 } = options;
  checkCount("data.digits", "train", train);
  checkCount("data.digits", "test", test);
  checkSeed("data.digits", seed);
  return { train: draw(train, seed, 0), test: draw(test, seed, 1) };
}

function draw(count: number, seed: number, part: 0 | 1): Dataset {
  const pixels = new Uint8Array(count * pixelCount);
  const labels = new Uint8Array(count);
  const variants: string[] = [];
  const pen = new Pen();
  const random = new Generator();
  const seedOf = sampleSeeds(seed);
  const order = new Int32Array(10);
  for (let i = 0; i < count; i++) {
    if (i % 10 === 0) {
      checkInterrupt();
      for (let digit = 0; digit < 10; digit++) order[digit] = digit;
      random.seed(seedOf(2 + part, i / 10)).shuffle(order);
    }
    const digit = order[i % 10]!;
    random.seed(seedOf(part, i));
    const glyph = chooseGlyph(glyphs[digit]!, random);
    pen.write(glyph, random, pixels, i * pixelCount);
    labels[i] = digit;
    variants.push(glyph.name);
  }
  return new Dataset({
    name: part === 0 ? "digits, training" : "digits, test",
    images: imageTensor("data.digits", pixels, [count, 1, imageSize, imageSize]),
    labels: labelTensor("data.digits", labels),
    classes: digitClasses,
    variants,
  });
}

function chooseGlyph(ways: readonly Glyph[], random: Generator): Glyph {
  let left = random.uniform() * ways.reduce((sum, way) => sum + way.weight, 0);
  for (const way of ways) {
    left -= way.weight;
    if (left < 0) return way;
  }
  return ways[0]!;
}
