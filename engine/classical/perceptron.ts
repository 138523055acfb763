// Neurons that fire or do not: Rosenblatt's perceptron, which learns from its mistakes, and the threshold unit with given
// weights.

import { ArgumentError, describeValue } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { checkInterrupt } from "../interrupt.ts";
import { requireCount } from "../nn/arguments.ts";
import { checkOptions } from "../options.ts";
import { Generator } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { formatPlane } from "./linearRegression.ts";
import {
  affine,
  makeTensor,
  makeWhole,
  plural,
  type Rows,
  readLabels,
  readLike,
  readRows,
  requireBothClasses,
  requireFit,
  requireNumber,
  short,
} from "./rows.ts";

/** Options of `perceptron`. */
export interface PerceptronOptions {
  /** The learning rate η, 1 unless told. From w = 0 it changes the length of (w, b) only, not the decisions. */
  readonly lr?: number;
  /** After how many passes through the samples to give up, 100 unless told. */
  readonly passes?: number;
  /** Take the samples in another order at every pass, drawn by the seed; in the given order unless told. */
  readonly shuffle?: boolean;
  /** Decides the order when `shuffle` is set, 0 unless told. */
  readonly seed?: number;
  /** Keep (w, b) after every mistake in `corrections`; false unless told. */
  readonly record?: boolean;
}

/** What the perceptron became by one mistake. */
export interface Correction {
  /** Counts from 1. */
  readonly pass: number;
  /** Which sample was wrong. */
  readonly sample: number;
  /** The weights after the correction, `[D]`. */
  readonly weight: readonly number[];
  /** The bias after the correction. */
  readonly bias: number;
}

interface Learnt {
  readonly weight: Float64Array;
  readonly bias: number;
  readonly rows: Rows;
  /** How the negative class is called: −1 or 0. */
  readonly negative: number;
  readonly mistakes: readonly number[];
  readonly corrections: readonly Correction[];
}

/**
 * Rosenblatt's perceptron (1958): `y = sign(w · x + b)`, where sign(0) = −1. From w = 0, b = 0 it goes through the samples
 * and learns from mistakes alone: where `d (w · x + b) ≤ 0`, `w += η d x` and `b += η d`. It comes to rest if and only if a
 * line separates the classes. Lecture steps 000.9 to 000.13. See {@link perceptron}.
 */
export class Perceptron {
  readonly lr: number;
  readonly passes: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly record: boolean;
  #learnt: Learnt | null = null;

  /** @internal Use `classical.perceptron()`. */
  constructor(options: PerceptronOptions = {}) {
    checkOptions("perceptron", options, ["lr", "passes", "shuffle", "seed", "record"]);
    this.lr = requireNumber("perceptron", "lr", options.lr ?? 1, 0, true);
    this.passes = requireCount("perceptron", "passes", options.passes ?? 100);
    this.shuffle = options.shuffle ?? false;
    this.seed = options.seed ?? 0;
    this.record = options.record ?? false;
  }

  /**
   * Learns until a pass has no mistake, or `passes` are over. `x` is `[N, D]`, `labels` are −1 and 1, or 0 and 1; `predict`
   * uses the same.
   */
  fit(x: Tensor, labels: Tensor): this {
    const rows = readRows("perceptron", "x", x);
    const { targets, negative } = readSides(labels, rows.count);
    const { count, width, values } = rows;
    const weight = new Float64Array(width);
    let bias = 0;
    const mistakes: number[] = [];
    const corrections: Correction[] = [];
    const order = Int32Array.from({ length: count }, (_, i) => i);
    const generator = new Generator(this.seed);
    for (let pass = 1; pass <= this.passes; pass++) {
      checkInterrupt();
      if (this.shuffle) generator.shuffle(order);
      let wrong = 0;
      for (const i of order) {
        let activation = bias;
        for (let j = 0; j < width; j++) activation += weight[j]! * values[i * width + j]!;
        const target = targets[i]!;
        if (target * activation > 0) continue;
        wrong++;
        for (let j = 0; j < width; j++) weight[j]! += this.lr * target * values[i * width + j]!;
        bias += this.lr * target;
        if (this.record) corrections.push({ pass, sample: i, weight: Array.from(weight), bias });
      }
      mistakes.push(wrong);
      if (wrong === 0) break;
    }
    this.#learnt = { weight, bias, rows, negative, mistakes, corrections };
    return this;
  }

  /** `w`, `[D]`. */
  get weight(): Tensor {
    const { weight, rows } = requireFit("perceptron", this.#learnt);
    return makeTensor("perceptron", weight, [rows.width], rows).keep();
  }

  /** `b`. */
  get bias(): number {
    return requireFit("perceptron", this.#learnt).bias;
  }

  /** The weights in float64. */
  get coefficients(): number[] {
    return Array.from(requireFit("perceptron", this.#learnt).weight);
  }

  /** How many samples were wrong in each pass; the last is 0 when it came to rest. */
  get mistakes(): readonly number[] {
    return requireFit("perceptron", this.#learnt).mistakes;
  }

  /** (w, b) after every mistake, with `{ record: true }`; else empty. */
  get corrections(): readonly Correction[] {
    return requireFit("perceptron", this.#learnt).corrections;
  }

  /** Whether the last pass had no mistake: a separating line is found. */
  get converged(): boolean {
    return requireFit("perceptron", this.#learnt).mistakes.at(-1) === 0;
  }

  /** The activation `w · x + b`: `[N, D]` → `[N]`. */
  activation(x: Tensor): Tensor {
    const { weight, bias, rows } = requireFit("perceptron", this.#learnt);
    const given = readLike("perceptron", x, rows.sampleShape);
    return makeTensor("perceptron", affine(given, weight, bias), [given.count], given);
  }

  /** The signed distance from the separating plane, `(w · x + b) / ‖w‖`: `[N, D]` → `[N]`. Lecture step 000.11. */
  distance(x: Tensor): Tensor {
    const { weight } = requireFit("perceptron", this.#learnt);
    const length = Math.hypot(...weight);
    if (length === 0)
      throw new ArgumentError("perceptron: w is 0, so there is no separating plane to be distant from");
    return this.activation(x).div(length);
  }

  /** `sign(w · x + b)`, 1 only where it is positive: `[N, D]` → `[N]`, int32, in the labels of `fit`. */
  predict(x: Tensor): Tensor {
    const { weight, bias, rows, negative } = requireFit("perceptron", this.#learnt);
    const given = readLike("perceptron", x, rows.sampleShape);
    const sides = affine(given, weight, bias).map((activation) => (activation > 0 ? 1 : negative));
    return makeWhole("perceptron", sides, [given.count], given);
  }

  /** `Perceptron: fires when 3 x0 + 2 x1 − 4 > 0; at rest after 9 passes and 18 mistakes`. */
  toString(): string {
    if (this.#learnt === null) return "Perceptron (not fitted yet)";
    const { weight, bias, mistakes } = this.#learnt;
    const total = mistakes.reduce((sum, wrong) => sum + wrong, 0);
    const state = this.converged
      ? `at rest after ${plural(mistakes.length, "pass", "passes")} and ${plural(total, "mistake")}`
      : `not at rest after ${plural(mistakes.length, "pass", "passes")}, ${plural(mistakes.at(-1)!, "mistake")} in the last`;
    return `Perceptron: fires when ${formatPlane(weight, bias)} > 0; ${state}`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/** Labels as −1 and 1, and what the negative class is called. */
function readSides(labels: Tensor, count: number): { targets: Int32Array; negative: number } {
  const given = readLabels("perceptron", labels, count, -1);
  requireBothClasses("perceptron", given);
  const seen = [...new Set(given)].sort((a, b) => a - b);
  if (seen.length !== 2 || seen[1] !== 1)
    throw new ArgumentError(
      `perceptron: labels are −1 and 1, or 0 and 1; got ${seen.slice(0, 5).join(", ")}; to tell one class from the rest: labels.equal(2)`,
    );
  return { targets: given.map((label) => (label === 1 ? 1 : -1)), negative: seen[0]! };
}

/**
 * Rosenblatt's perceptron. Lecture steps 000.9 to 000.13.
 *
 * @example
 * const { points, labels } = data.blobs({ classes: 2 });
 * const neuron = classical.perceptron().fit(points, labels);
 * neuron.mistakes   // per pass: [2, 0]
 */
export function perceptron(options: PerceptronOptions = {}): Perceptron {
  return new Perceptron(options);
}

/**
 * A neuron with given weights: 1 if `Σ wⱼ xⱼ > threshold`, else 0. The same as a bias of −threshold. Lecture steps 004.6
 * to 004.9. See {@link thresholdUnit}.
 */
export class ThresholdUnit {
  /** One per input, `[D]`. */
  readonly weights: readonly number[];
  /** What the weighted sum must exceed. */
  readonly threshold: number;

  /** @internal Use `classical.thresholdUnit(weights, threshold)`. */
  constructor(weights: readonly number[], threshold: number) {
    const given: unknown = weights;
    if (!Array.isArray(given) || given.length === 0 || !given.every((weight) => Number.isFinite(weight)))
      throw new ArgumentError(
        `thresholdUnit: weights are an array of numbers such as [6, 2, 2]; got ${describeValue(given)}`,
      );
    if (!Number.isFinite(threshold))
      throw new ArgumentError(
        `thresholdUnit: threshold must be a number such as 5; got ${describeValue(threshold)}`,
      );
    this.weights = [...weights];
    this.threshold = threshold;
  }

  /** −threshold: `Σ wⱼ xⱼ + bias > 0` says the same. */
  get bias(): number {
    return -this.threshold;
  }

  /** `[N, D]` → `[N]`, int32: 1 where the weighted sum exceeds the threshold, else 0. */
  predict(x: Tensor): Tensor {
    const rows = readLike("thresholdUnit", x, [this.weights.length]);
    const sums = affine(rows, Float64Array.from(this.weights), 0);
    return makeWhole(
      "thresholdUnit",
      sums.map((sum) => (sum > this.threshold ? 1 : 0)),
      [rows.count],
      rows,
    );
  }

  /** What it answers to all inputs of zeros and ones, 00…0 first: 2ᴰ rows `{ inputs, sum, output }`. */
  truthTable(): { readonly inputs: number[]; readonly sum: number; readonly output: 0 | 1 }[] {
    const { length } = this.weights;
    if (length > 12)
      throw new ArgumentError(
        `thresholdUnit: a truth table of ${length} inputs has 2^${length} rows; up to 12 fit`,
      );
    return Array.from({ length: 2 ** length }, (_, row) => {
      const inputs = Array.from({ length }, (_input, j) => (row >> (length - 1 - j)) & 1);
      const sum = inputs.reduce((total, input, j) => total + input * this.weights[j]!, 0);
      return { inputs, sum, output: sum > this.threshold ? 1 : 0 };
    });
  }

  /** `ThresholdUnit: 1 if 6 x0 + 2 x1 + 2 x2 > 5, else 0`. */
  toString(): string {
    const terms = this.weights.map((weight, j) =>
      j === 0
        ? `${weight < 0 ? "−" : ""}${short(Math.abs(weight))} x0`
        : `${weight < 0 ? "−" : "+"} ${short(Math.abs(weight))} x${j}`,
    );
    return `ThresholdUnit: 1 if ${terms.join(" ")} > ${short(this.threshold)}, else 0`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/**
 * A neuron with given weights and threshold. Lecture steps 004.6 to 004.9.
 *
 * @example
 * const goes = classical.thresholdUnit([6, 2, 2], 5);   // weather, time, company
 * goes.truthTable().map(({ output }) => output)   // [0, 0, 0, 0, 1, 1, 1, 1]: only if the weather is good
 */
export function thresholdUnit(weights: readonly number[], threshold: number): ThresholdUnit {
  return new ThresholdUnit(weights, threshold);
}
