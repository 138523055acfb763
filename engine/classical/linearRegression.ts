// A straight line, or a hyperplane, through points: in closed form, by gradient descent, and by absolute errors.

import { ArgumentError } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { checkInterrupt } from "../interrupt.ts";
import { requireCount } from "../nn/arguments.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { leastAbsolutePlane } from "./leastAbsolute.ts";
import {
  affine,
  columnMeans,
  entry,
  makeTensor,
  plural,
  type Rows,
  readLike,
  readRows,
  readTargets,
  requireFit,
  requireNumber,
  short,
} from "./rows.ts";
import { leastSquares, symmetricEigen } from "./solve.ts";

/** Options of `linearRegression`. */
export interface LinearRegressionOptions {
  /** The weight λ of the ridge penalty `λ ‖w‖²` (the bias is free); 0, no penalty, unless told. */
  readonly l2?: number;
}

/** Options of `fitByGradientDescent`. */
export interface DescentOptions {
  /** The learning rate, 0.1 unless told. */
  readonly lr?: number;
  /** How many steps on all samples, 1000 unless told. */
  readonly steps?: number;
}

/** Where gradient descent was, before the first step and after each. */
export interface DescentStep {
  /** The weights, `[D]`. */
  readonly weight: readonly number[];
  /** The bias. */
  readonly bias: number;
  /** What is being minimised. */
  readonly loss: number;
}

interface Line {
  readonly weight: Float64Array;
  readonly bias: number;
  readonly sse: number;
  readonly rows: Rows;
  readonly path: readonly DescentStep[];
}

/**
 * The plane `f(x) = w · x + b` that minimises `E = Σ (f(xᵢ) − yᵢ)² + λ ‖w‖²`. Lecture steps 000.4 and 003.11. See
 * {@link linearRegression}.
 */
export class LinearRegression {
  readonly l2: number;
  #line: Line | null = null;

  /** @internal Use `classical.linearRegression()`. */
  constructor(options: LinearRegressionOptions = {}) {
    checkOptions("linearRegression", options, ["l2"]);
    this.l2 = requireNumber("linearRegression", "l2", options.l2 ?? 0, 0);
  }

  /**
   * Solves for the best plane at once (the normal equations, by QR). `x` is `[N, D]` or `[N]`, `y` `[N]`. Throws an
   * ArgumentError where many planes are equally good: fewer than D + 1 samples, or a feature that follows from others.
   */
  fit(x: Tensor, y: Tensor): this {
    const rows = readRows("linearRegression", "x", x);
    const targets = readTargets("linearRegression", y, rows.count);
    const { count, width, values } = rows;
    const means = columnMeans(rows);
    const target = targets.reduce((sum, value) => sum + value, 0) / count;
    // The ridge penalty is one more row per feature: √λ · wⱼ should be 0.
    const extra = this.l2 === 0 ? 0 : width;
    const centred = new Float64Array((count + extra) * width);
    for (let i = 0; i < count; i++)
      for (let j = 0; j < width; j++) centred[i * width + j] = values[i * width + j]! - means[j]!;
    for (let j = 0; j < extra; j++) centred[(count + j) * width + j] = Math.sqrt(this.l2);
    const wanted = new Float64Array(count + extra);
    for (let i = 0; i < count; i++) wanted[i] = targets[i]! - target;
    const weight = leastSquares(centred, wanted, count + extra, width);
    if ("dependent" in weight) throw singular(rows, weight.dependent);
    const bias = weight.reduce((sum, slope, j) => sum - slope * means[j]!, target);
    this.#line = { weight, bias, rows, sse: squaredError(rows, targets, weight, bias), path: [] };
    return this;
  }

  /**
   * Walks downhill from w = 0, b = 0 on `(E + λ ‖w‖²) / N` with all samples at every step; `path` holds the way. Arrives
   * where `fit` does if the learning rate is below 2 / λmax of the Hessian, and throws an ArgumentError with that limit
   * when the loss overflows.
   *
   * @example
   * const line = classical.linearRegression().fitByGradientDescent(x, y, { lr: 0.05, steps: 200 });
   * line.path.map(({ loss }) => loss);   // the loss curve
   */
  fitByGradientDescent(x: Tensor, y: Tensor, options: DescentOptions = {}): this {
    checkOptions("linearRegression", options, ["lr", "steps"]);
    const lr = requireNumber("linearRegression", "lr", options.lr ?? 0.1, 0, true);
    const steps = requireCount("linearRegression", "steps", options.steps ?? 1000);
    const rows = readRows("linearRegression", "x", x);
    const targets = readTargets("linearRegression", y, rows.count);
    const { count, width, values } = rows;
    const weight = new Float64Array(width);
    let bias = 0;
    const path: DescentStep[] = [];
    for (let step = 0; step <= steps; step++) {
      checkInterrupt();
      const outputs = affine(rows, weight, bias);
      let loss = weight.reduce((sum, slope) => sum + this.l2 * slope * slope, 0);
      for (let i = 0; i < count; i++) loss += (outputs[i]! - targets[i]!) ** 2;
      loss /= count;
      if (!Number.isFinite(loss)) throw this.#diverged(rows, lr, step);
      path.push({ weight: Array.from(weight), bias, loss });
      if (step === steps) break;
      const slopes = weight.map((slope) => (2 * this.l2 * slope) / count);
      let slope = 0;
      for (let i = 0; i < count; i++) {
        const error = (2 * (outputs[i]! - targets[i]!)) / count;
        slope += error;
        for (let j = 0; j < width; j++) slopes[j]! += error * values[i * width + j]!;
      }
      for (let j = 0; j < width; j++) weight[j]! -= lr * slopes[j]!;
      bias -= lr * slope;
    }
    this.#line = { weight, bias, rows, sse: squaredError(rows, targets, weight, bias), path };
    return this;
  }

  /**
   * The plane with the least absolute error `Σ |f(xᵢ) − yᵢ|` instead, which outliers do not drag along; it goes through as
   * many samples as it has numbers. Reweighted least squares (Schlossmacher 1973) come near, the simplex method arrives.
   * Takes no penalty. Lecture step 003.8.
   *
   * @example
   * const robust = classical.linearRegression().fitLeastAbsolute(x, y);
   */
  fitLeastAbsolute(x: Tensor, y: Tensor): this {
    if (this.l2 !== 0)
      throw new ArgumentError(
        "linearRegression: fitLeastAbsolute takes no penalty; make the model without l2",
      );
    const rows = readRows("linearRegression", "x", x);
    const targets = readTargets("linearRegression", y, rows.count);
    const plane = leastAbsolutePlane(rows, targets);
    if ("dependent" in plane) throw singular(rows, Math.min(plane.dependent, rows.width - 1));
    const weight = plane.slice(0, rows.width);
    const bias = plane[rows.width]!;
    this.#line = { weight, bias, rows, sse: squaredError(rows, targets, weight, bias), path: [] };
    return this;
  }

  /** `w`, `[D]`. */
  get weight(): Tensor {
    const { weight, rows } = requireFit("linearRegression", this.#line);
    return makeTensor("linearRegression", weight, [rows.width], rows).keep();
  }

  /** `b`. */
  get bias(): number {
    return requireFit("linearRegression", this.#line).bias;
  }

  /** The weights in float64: `[a]` for a line y = a x + b. */
  get coefficients(): number[] {
    return Array.from(requireFit("linearRegression", this.#line).weight);
  }

  /** `E = Σ (f(xᵢ) − yᵢ)²` over the samples of `fit`. */
  get sse(): number {
    return requireFit("linearRegression", this.#line).sse;
  }

  /** The way of gradient descent, the start included; empty after `fit`. */
  get path(): readonly DescentStep[] {
    return requireFit("linearRegression", this.#line).path;
  }

  /** `w · x + b` for every sample: `[N, D]` → `[N]`. */
  predict(x: Tensor): Tensor {
    const { weight, bias, rows } = requireFit("linearRegression", this.#line);
    const given = readLike("linearRegression", x, rows.sampleShape);
    return makeTensor("linearRegression", affine(given, weight, bias), [given.count], given);
  }

  /** `LinearRegression: y = 1.7 x + 1.2, E = 0.3 over 4 samples`. */
  toString(): string {
    if (this.#line === null) return "LinearRegression (not fitted yet)";
    const { weight, bias, sse, rows } = this.#line;
    return `LinearRegression: y = ${formatPlane(weight, bias)}, E = ${short(sse)} over ${plural(rows.count, "sample")}`;
  }

  [inspect](): string {
    return this.toString();
  }

  #diverged(rows: Rows, lr: number, step: number): ArgumentError {
    // The Hessian of the mean squared error is 2/N · [x 1]ᵀ[x 1].
    const n = rows.width + 1;
    const hessian = new Float64Array(n * n);
    for (let i = 0; i < rows.count; i++)
      for (let j = 0; j < n; j++)
        for (let k = 0; k < n; k++)
          hessian[j * n + k]! += (2 * entry(rows, i, j) * entry(rows, i, k)) / rows.count;
    for (let j = 0; j < rows.width; j++) hessian[j * n + j]! += (2 * this.l2) / rows.count;
    const limit = 2 / symmetricEigen(hessian, n).values[0]!;
    return new ArgumentError(
      `linearRegression: the loss overflowed at step ${step}: lr ${lr} is too high for these x; take one below ${limit.toPrecision(2)}, or standardise x first`,
    );
  }
}

function squaredError(rows: Rows, targets: Float64Array, weight: Float64Array, bias: number): number {
  return affine(rows, weight, bias).reduce((sum, output, i) => sum + (output - targets[i]!) ** 2, 0);
}

function singular({ count, width, values }: Rows, feature: number): ArgumentError {
  const remedy = "; leave it out, or add a penalty: { l2: 0.001 }";
  if (count <= width)
    return new ArgumentError(
      `linearRegression: ${plural(count, "sample")} cannot decide ${plural(width + 1, "number")} (${width} weights and a bias); take more samples, or add a penalty: { l2: 0.001 }`,
    );
  const constant = Array.from({ length: count }, (_, i) => values[i * width + feature]!).every(
    (value, _, all) => value === all[0],
  );
  return new ArgumentError(
    constant
      ? `linearRegression: feature ${feature} is ${short(values[feature]!)} in every sample, which the bias already stands for${remedy}`
      : `linearRegression: feature ${feature} follows from the features before it, so many planes are equally good${remedy}`,
  );
}

/** `1.7 x + 1.2`, `0.5 x0 − 2 x1 + 3`, or in words where there are many. */
export function formatPlane(weight: Float64Array, bias: number): string {
  if (weight.length > 4) return `w · x ${signed(bias)} with ${weight.length} weights`;
  const terms = Array.from(weight, (slope, j) => {
    const name = weight.length === 1 ? "x" : `x${j}`;
    return j === 0 ? `${slope < 0 ? "−" : ""}${short(Math.abs(slope))} ${name}` : `${signed(slope)} ${name}`;
  });
  return `${terms.join(" ")} ${signed(bias)}`;
}

function signed(value: number): string {
  return value < 0 ? `− ${short(-value)}` : `+ ${short(value)}`;
}

/**
 * Linear regression: `f(x) = w · x + b` with the least squared error. Lecture steps 000.4 and 003.11.
 *
 * @example
 * const line = classical.linearRegression().fit(tensor([0, 1, 2, 3]), tensor([1, 3, 5, 6]));
 * line   // LinearRegression: y = 1.7 x + 1.2, E = 0.3 over 4 samples
 */
export function linearRegression(options: LinearRegressionOptions = {}): LinearRegression {
  return new LinearRegression(options);
}
