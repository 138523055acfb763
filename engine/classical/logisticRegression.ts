// One sigmoid neuron: the probability of a class from a weighted sum.

import { ArgumentError } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { checkInterrupt } from "../interrupt.ts";
import { requireCount } from "../nn/arguments.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import type { DescentOptions, DescentStep } from "./linearRegression.ts";
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
import { solvePositive } from "./solve.ts";

/** Options of `logisticRegression`. */
export interface LogisticRegressionOptions {
  /**
   * The weight λ of the penalty `½ λ ‖w‖²` (the bias is free), 0.001 unless told: enough that classes which a line
   * separates have a best line too. 0 is the lecture's bare formula.
   */
  readonly l2?: number;
}

interface Neuron {
  readonly weight: Float64Array;
  readonly bias: number;
  readonly loss: number;
  readonly rows: Rows;
  readonly path: readonly DescentStep[];
}

const operation = "logisticRegression";

/**
 * The neuron `p(y = 1 | x) = σ(w · x + b)` that minimises `Σ −yₙ log pₙ − (1 − yₙ) log(1 − pₙ) + ½ λ ‖w‖²`. Lecture steps
 * 003.12 to 003.14. See {@link logisticRegression}.
 */
export class LogisticRegression {
  readonly l2: number;
  #neuron: Neuron | null = null;

  /** @internal Use `classical.logisticRegression()`. */
  constructor(options: LogisticRegressionOptions = {}) {
    checkOptions(operation, options, ["l2"]);
    this.l2 = requireNumber(operation, "l2", options.l2 ?? 0.001, 0);
  }

  /**
   * Goes to the minimum by Newton's method (iteratively reweighted least squares; Bishop 2006, 4.3.3). `x` is `[N, D]`,
   * `labels` are 0 and 1, `[N]`. Throws an ArgumentError for one class only, and, without a penalty, where a line separates
   * the classes: then larger weights are always better.
   */
  fit(x: Tensor, labels: Tensor): this {
    const { rows, targets } = read(x, labels);
    const { count, width, values } = rows;
    const n = width + 1;
    const parameters = new Float64Array(n);
    let loss = this.#loss(rows, targets, parameters);
    for (let iteration = 0; iteration < 100; iteration++) {
      checkInterrupt();
      const outputs = affine(rows, parameters, parameters[width]!);
      const gradient = new Float64Array(n);
      const hessian = new Float64Array(n * n);
      for (let j = 0; j < width; j++) {
        gradient[j] = this.l2 * parameters[j]!;
        hessian[j * n + j] = this.l2;
      }
      for (let i = 0; i < count; i++) {
        const p = sigmoid(outputs[i]!);
        const steepness = p * (1 - p);
        const error = p - targets[i]!;
        for (let j = 0; j < n; j++) {
          const xj = j === width ? 1 : values[i * width + j]!;
          gradient[j]! += error * xj;
          for (let k = 0; k <= j; k++)
            hessian[j * n + k]! += steepness * xj * (k === width ? 1 : values[i * width + k]!);
        }
      }
      const direction = solvePositive(hessian, gradient, n);
      if (direction === null) throw flat(this.l2, loss, count);
      // Newton's step may overshoot far from the minimum: halve it until the loss falls.
      let scale = 1;
      let next = parameters.map((value, j) => value - direction[j]!);
      let nextLoss = this.#loss(rows, targets, next);
      while (!(nextLoss <= loss + 1e-12 * Math.abs(loss)) && scale > 1e-10) {
        scale /= 2;
        next = parameters.map((value, j) => value - scale * direction[j]!);
        nextLoss = this.#loss(rows, targets, next);
      }
      parameters.set(next);
      loss = nextLoss;
      if (this.l2 === 0 && loss < 1e-6 * count) throw flat(this.l2, loss, count);
      const moved = Math.max(...direction.map(Math.abs)) * scale;
      if (moved <= 1e-11 * (1 + Math.max(...parameters.map(Math.abs)))) break;
    }
    this.#neuron = { weight: parameters.slice(0, width), bias: parameters[width]!, loss, rows, path: [] };
    return this;
  }

  /**
   * Walks downhill from w = 0, b = 0 on the mean of the same loss with all samples at every step; `path` holds the way.
   *
   * @example
   * const neuron = classical.logisticRegression({ l2: 0 }).fitByGradientDescent(points, labels, { lr: 0.5, steps: 300 });
   * neuron.path.map(({ loss }) => loss);   // the loss curve
   */
  fitByGradientDescent(x: Tensor, labels: Tensor, options: DescentOptions = {}): this {
    checkOptions(operation, options, ["lr", "steps"]);
    const lr = requireNumber(operation, "lr", options.lr ?? 0.1, 0, true);
    const steps = requireCount(operation, "steps", options.steps ?? 1000);
    const { rows, targets } = read(x, labels);
    const { count, width, values } = rows;
    const parameters = new Float64Array(width + 1);
    const path: DescentStep[] = [];
    for (let step = 0; step <= steps; step++) {
      checkInterrupt();
      const loss = this.#loss(rows, targets, parameters) / count;
      if (!Number.isFinite(loss))
        throw new ArgumentError(
          `${operation}: the loss overflowed at step ${step}: lr ${lr} is too high; take a tenth of it, or standardise x first`,
        );
      path.push({ weight: Array.from(parameters.subarray(0, width)), bias: parameters[width]!, loss });
      if (step === steps) break;
      const outputs = affine(rows, parameters, parameters[width]!);
      const gradient = parameters.map((value, j) => (j === width ? 0 : (this.l2 * value) / count));
      for (let i = 0; i < count; i++) {
        const error = (sigmoid(outputs[i]!) - targets[i]!) / count;
        for (let j = 0; j < width; j++) gradient[j]! += error * values[i * width + j]!;
        gradient[width]! += error;
      }
      for (let j = 0; j <= width; j++) parameters[j]! -= lr * gradient[j]!;
    }
    const loss = this.#loss(rows, targets, parameters);
    this.#neuron = { weight: parameters.slice(0, width), bias: parameters[width]!, loss, rows, path };
    return this;
  }

  /** `w`, `[D]`. */
  get weight(): Tensor {
    const { weight, rows } = requireFit(operation, this.#neuron);
    return makeTensor(operation, weight, [rows.width], rows).keep();
  }

  /** `b`. */
  get bias(): number {
    return requireFit(operation, this.#neuron).bias;
  }

  /** The weights in float64. */
  get coefficients(): number[] {
    return Array.from(requireFit(operation, this.#neuron).weight);
  }

  /** The cross-entropy summed over the samples of `fit`, and the penalty. */
  get loss(): number {
    return requireFit(operation, this.#neuron).loss;
  }

  /** The way of gradient descent with the mean loss, the start included; empty after `fit`. */
  get path(): readonly DescentStep[] {
    return requireFit(operation, this.#neuron).path;
  }

  /** The activation `a = w · x + b`: `[N, D]` → `[N]`. */
  activation(x: Tensor): Tensor {
    return this.#map(x, (activation) => activation);
  }

  /** The signed distance from the boundary p = ½, `(w · x + b) / ‖w‖`: `[N, D]` → `[N]`. */
  distance(x: Tensor): Tensor {
    const length = Math.hypot(...requireFit(operation, this.#neuron).weight);
    return this.#map(x, (activation) => activation / length);
  }

  /** `p(y = 1 | x) = σ(w · x + b)`: `[N, D]` → `[N]`. */
  probability(x: Tensor): Tensor {
    return this.#map(x, sigmoid);
  }

  /** The more probable class, 0 or 1: `[N, D]` → `[N]`, int32. 1 needs p > ½. */
  predict(x: Tensor): Tensor {
    const { weight, bias, rows } = requireFit(operation, this.#neuron);
    const given = readLike(operation, x, rows.sampleShape);
    const classes = affine(given, weight, bias).map((activation) => (activation > 0 ? 1 : 0));
    return makeWhole(operation, classes, [given.count], given);
  }

  /** `LogisticRegression: p = σ(1.117 x0 − 6.389 x1 + 0.1693), loss 0.2599 per sample over 200 samples`. */
  toString(): string {
    if (this.#neuron === null) return "LogisticRegression (not fitted yet)";
    const { weight, bias, loss, rows } = this.#neuron;
    return `LogisticRegression: p = σ(${formatPlane(weight, bias)}), loss ${short(loss / rows.count)} per sample over ${plural(rows.count, "sample")}`;
  }

  [inspect](): string {
    return this.toString();
  }

  #map(x: Tensor, f: (activation: number) => number): Tensor {
    const { weight, bias, rows } = requireFit(operation, this.#neuron);
    const given = readLike(operation, x, rows.sampleShape);
    return makeTensor(operation, affine(given, weight, bias).map(f), [given.count], given);
  }

  #loss(rows: Rows, targets: Int32Array, parameters: Float64Array): number {
    let loss = 0;
    for (let j = 0; j < rows.width; j++) loss += 0.5 * this.l2 * parameters[j]! ** 2;
    const outputs = affine(rows, parameters, parameters[rows.width]!);
    for (let i = 0; i < rows.count; i++) {
      // −log σ(a) for y = 1, −log(1 − σ(a)) for y = 0, without overflow: softplus(∓a).
      const a = targets[i] === 1 ? -outputs[i]! : outputs[i]!;
      loss += Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
    }
    return loss;
  }
}

function sigmoid(a: number): number {
  return a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a));
}

function read(x: Tensor, labels: Tensor): { rows: Rows; targets: Int32Array } {
  const rows = readRows(operation, "x", x);
  const targets = readLabels(operation, labels, rows.count, -1);
  const wrong = targets.findIndex((label) => label !== 0 && label !== 1);
  if (wrong >= 0)
    throw new ArgumentError(
      `${operation}: labels are 0 and 1, but number ${wrong} is ${targets[wrong]}; ${targets[wrong] === -1 ? 'for −1 and 1 use labels.greater(0).to("int32")' : "for more classes train nn.linear(D, classes) with nn.crossEntropy, or compare one class with the rest: labels.equal(2)"}`,
    );
  requireBothClasses(operation, targets);
  return { rows, targets };
}

function flat(l2: number, loss: number, count: number): ArgumentError {
  return new ArgumentError(
    l2 === 0 && loss < 0.05 * count
      ? `${operation}: a line separates the classes, so larger weights are always better and there is no best line; add a penalty, { l2: 0.001 }, or stop early with fitByGradientDescent`
      : `${operation}: a feature is constant or follows from the others, so many planes are equally good; leave it out, or add a penalty: { l2: 0.001 }`,
  );
}

/**
 * Logistic regression: the probability of class 1 as `σ(w · x + b)`. Lecture step 003.12.
 *
 * @example
 * const { points, labels } = data.moons();
 * const neuron = classical.logisticRegression().fit(points, labels);
 * metrics.accuracy(neuron.predict(points), labels)   // 0.865: a straight line
 */
export function logisticRegression(options: LogisticRegressionOptions = {}): LogisticRegression {
  return new LogisticRegression(options);
}
