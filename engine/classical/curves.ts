// Universal approximators older than networks: sums of waves (Fourier) and of Bernstein's polynomials.

import { ArgumentError, describeValue } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { requireCount } from "../nn/arguments.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import {
  makeTensor,
  plural,
  type Rows,
  readRows,
  readTargets,
  requireFit,
  requireNumber,
  short,
} from "./rows.ts";
import { leastSquares } from "./solve.ts";

interface Curve {
  readonly coefficients: Float64Array;
  /** Where the interval begins, and how long it is. */
  readonly from: number;
  readonly length: number;
  readonly sse: number | null;
}

/** One number per sample: `[N]`, or `[N, 1]`. */
function readAxis(operation: string, x: Tensor): Rows {
  const rows = readRows(operation, "x", x);
  if (rows.width === 1) return rows;
  throw new ArgumentError(
    `${operation}: x must be one number per sample, [N], got ${plural(rows.count, "sample")} of ${rows.width}; take one column: x.select(1, 0)`,
  );
}

function range(operation: string, { values }: Rows): { from: number; length: number } {
  const from = values.reduce((a, b) => Math.min(a, b));
  const length = values.reduce((a, b) => Math.max(a, b)) - from;
  if (length === 0)
    throw new ArgumentError(`${operation}: all x are ${short(from)}; a curve needs different ones`);
  return { from, length };
}

/** A linear combination of functions of one variable, fitted by least squares. */
function fitBasis(
  operation: string,
  x: Rows,
  targets: Float64Array,
  size: number,
  basis: (x: number) => Float64Array,
  fewer: string,
): { coefficients: Float64Array; sse: number } {
  const matrix = new Float64Array(x.count * size);
  x.values.forEach((value, i) => {
    matrix.set(basis(value), i * size);
  });
  const coefficients = leastSquares(matrix, targets, x.count, size);
  if ("dependent" in coefficients)
    throw new ArgumentError(
      `${operation}: ${plural(new Set(x.values).size, "different x", "different x")} cannot decide ${size} coefficients; take more samples, or ${fewer}`,
    );
  const sse = targets.reduce(
    (sum, target, i) =>
      sum + (combine(coefficients, matrix.subarray(i * size, i * size + size)) - target) ** 2,
    0,
  );
  return { coefficients, sse };
}

function combine(coefficients: Float64Array, basis: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < basis.length; k++) sum += coefficients[k]! * basis[k]!;
  return sum;
}

function predictCurve(
  operation: string,
  x: Tensor,
  basis: (x: number) => Float64Array,
  curve: Curve,
): Tensor {
  const rows = readAxis(operation, x);
  return makeTensor(
    operation,
    rows.values.map((value) => combine(curve.coefficients, basis(value))),
    [rows.count],
    rows,
  );
}

/** Options of `fourier`. */
export interface FourierOptions {
  /** How many waves K, each a cosine and a sine: 5 unless told. */
  readonly terms?: number;
  /** After how much the curve repeats; the range of x in `fit` unless told. */
  readonly period?: number;
}

/**
 * `f(x) = a₀ + Σₖ aₖ cos(2πk x/P) + bₖ sin(2πk x/P)`, k = 1 … K, with the least squared error. Lecture step 001.12. See
 * {@link fourier}.
 */
export class Fourier {
  /** K, the number of harmonics. */
  readonly terms: number;
  #period: number | null;
  #curve: Curve | null = null;

  /** @internal Use `classical.fourier({ terms })`. */
  constructor(options: FourierOptions = {}) {
    checkOptions("fourier", options, ["terms", "period"]);
    this.terms = requireCount("fourier", "terms", options.terms ?? 5);
    this.#period =
      options.period === undefined ? null : requireNumber("fourier", "period", options.period, 0, true);
  }

  /** Fits the 2K + 1 coefficients to x `[N]` and y `[N]`; it takes as many different x within a period. */
  fit(x: Tensor, y: Tensor): this {
    const rows = readAxis("fourier", x);
    const targets = readTargets("fourier", y, rows.count);
    const length = this.#period ?? range("fourier", rows).length;
    const found = fitBasis(
      "fourier",
      rows,
      targets,
      2 * this.terms + 1,
      waves(this.terms, length),
      "fewer terms",
    );
    this.#curve = { ...found, from: 0, length };
    return this;
  }

  /** After how much the curve repeats. */
  get period(): number {
    return requireFit("fourier", this.#curve).length;
  }

  /** `[a₀, a₁, b₁, a₂, b₂, …]`, in float64. */
  get coefficients(): number[] {
    return Array.from(requireFit("fourier", this.#curve).coefficients);
  }

  /** The curve at x: `[N]` → `[N]`. */
  predict(x: Tensor): Tensor {
    const curve = requireFit("fourier", this.#curve);
    return predictCurve("fourier", x, waves(this.terms, curve.length), curve);
  }

  /** `Fourier: 5 waves of period 1, E = 0.02`. */
  toString(): string {
    if (this.#curve === null) return `Fourier: ${plural(this.terms, "wave")} (not fitted yet)`;
    return `Fourier: ${plural(this.terms, "wave")} of period ${short(this.#curve.length)}, E = ${short(this.#curve.sse!)}`;
  }

  [inspect](): string {
    return this.toString();
  }
}

function waves(terms: number, period: number): (x: number) => Float64Array {
  return (x) => {
    const basis = new Float64Array(2 * terms + 1);
    basis[0] = 1;
    for (let k = 1; k <= terms; k++) {
      basis[2 * k - 1] = Math.cos((2 * Math.PI * k * x) / period);
      basis[2 * k] = Math.sin((2 * Math.PI * k * x) / period);
    }
    return basis;
  };
}

/**
 * A Fourier sum with the least squared error: waves approximate as well as networks do. Lecture step 001.12.
 *
 * @example
 * const curve = classical.fourier({ terms: 3, period: 1 }).fit(x, y);
 * curve.predict(linspace(0, 1, 200))
 */
export function fourier(options: FourierOptions = {}): Fourier {
  return new Fourier(options);
}

/** Options of `bernstein`. */
export interface BernsteinOptions {
  /** The degree n of the polynomial, 10 unless told. */
  readonly degree?: number;
  /** Where the polynomial lives, `[from, to]`; the range of x in `fit` unless told. */
  readonly interval?: readonly [from: number, to: number];
}

/**
 * A polynomial in Bernstein's form, `f(x) = Σₖ cₖ C(n, k) tᵏ (1 − t)ⁿ⁻ᵏ`, where t goes from 0 to 1 over the interval.
 * `fit` finds the cₖ with the least squared error; `approximate` takes `cₖ = f(k/n)`, Bernstein's proof (1912) of
 * Weierstrass's theorem. Lecture step 001.12. See {@link bernstein}.
 */
export class Bernstein {
  /** The degree n. */
  readonly degree: number;
  #interval: readonly [from: number, to: number] | null;
  #curve: Curve | null = null;

  /** @internal Use `classical.bernstein({ degree })`. */
  constructor(options: BernsteinOptions = {}) {
    checkOptions("bernstein", options, ["degree", "interval"]);
    this.degree = requireCount("bernstein", "degree", options.degree ?? 10);
    const interval: unknown = options.interval ?? null;
    if (interval !== null && !(isPair(interval) && interval[0] < interval[1]))
      throw new ArgumentError(
        `bernstein: interval must be [from, to] with from < to, such as [0, 1]; got ${isPair(interval) ? `[${interval.join(", ")}]` : describeValue(interval)}`,
      );
    this.#interval = interval;
  }

  /** Fits the n + 1 coefficients to x `[N]` and y `[N]`; it takes as many different x. */
  fit(x: Tensor, y: Tensor): this {
    const rows = readAxis("bernstein", x);
    const targets = readTargets("bernstein", y, rows.count);
    const interval = this.#interval;
    const { from, length } =
      interval === null ? range("bernstein", rows) : { from: interval[0], length: interval[1] - interval[0] };
    const basis = bernsteinBasis(this.degree, from, length);
    const found = fitBasis("bernstein", rows, targets, this.degree + 1, basis, "a lower degree");
    this.#curve = { ...found, from, length };
    return this;
  }

  /**
   * Bernstein's own approximation of a function on the interval ([0, 1] unless told): its values at n + 1 even steps are the
   * coefficients. It comes nearer for higher degrees wherever f is continuous, but slowly, like 1/n.
   *
   * @example
   * classical.bernstein({ degree: 40 }).approximate((x) => Math.abs(x - 0.5)).predict(linspace(0, 1, 100))
   */
  approximate(f: (x: number) => number): this {
    if (typeof f !== "function")
      throw new ArgumentError(
        `bernstein: approximate takes a function such as (x) => Math.sin(x); got ${describeValue(f)}; for data use fit(x, y)`,
      );
    const [from, to] = this.#interval ?? [0, 1];
    const coefficients = Float64Array.from({ length: this.degree + 1 }, (_, k) => {
      const x = from + ((to - from) * k) / this.degree;
      const value: unknown = f(x);
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw new ArgumentError(
        `bernstein: the function must give a finite number everywhere from ${from} to ${to}, but f(${x}) is ${describeValue(value)}`,
      );
    });
    this.#curve = { coefficients, from, length: to - from, sse: null };
    return this;
  }

  /** `c₀ … cₙ`, in float64. */
  get coefficients(): number[] {
    return Array.from(requireFit("bernstein", this.#curve).coefficients);
  }

  /** The polynomial at x, outside the interval too: `[N]` → `[N]`. */
  predict(x: Tensor): Tensor {
    const curve = requireFit("bernstein", this.#curve);
    return predictCurve("bernstein", x, bernsteinBasis(this.degree, curve.from, curve.length), curve);
  }

  /** `Bernstein: degree 10 on [0, 1], E = 0.004`. */
  toString(): string {
    if (this.#curve === null) return `Bernstein: degree ${this.degree} (not fitted yet)`;
    const { from, length, sse } = this.#curve;
    return `Bernstein: degree ${this.degree} on [${short(from)}, ${short(from + length)}]${sse === null ? "" : `, E = ${short(sse)}`}`;
  }

  [inspect](): string {
    return this.toString();
  }
}

function isPair(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((end) => Number.isFinite(end));
}

/** All n + 1 Bernstein polynomials at x, by de Casteljau's recursion, which needs no large binomials. */
function bernsteinBasis(degree: number, from: number, length: number): (x: number) => Float64Array {
  return (x) => {
    const t = (x - from) / length;
    const basis = new Float64Array(degree + 1);
    basis[0] = 1;
    for (let n = 1; n <= degree; n++)
      for (let k = n; k >= 0; k--) basis[k] = (1 - t) * basis[k]! + (k === 0 ? 0 : t * basis[k - 1]!);
    return basis;
  };
}

/**
 * A polynomial in Bernstein's form. Lecture step 001.12.
 *
 * @example
 * const curve = classical.bernstein({ degree: 8 }).fit(x, y);
 * curve.predict(linspace(0, 1, 200))
 */
export function bernstein(options: BernsteinOptions = {}): Bernstein {
  return new Bernstein(options);
}
