// A density without parameters: a small Gaussian hill on every sample.

import { ArgumentError, describeValue } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { checkInterrupt } from "../interrupt.ts";
import { requireCount } from "../nn/arguments.ts";
import { checkOptions } from "../options.ts";
import { defaultGenerator, type Generator } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { columnMeans, makeTensor, plural, type Rows, readLike, readRows, requireFit, short } from "./rows.ts";

/** Options of `kernelDensity`. */
export interface KernelDensityOptions {
  /**
   * The standard deviation h of a hill: a number, or a rule of thumb, "scott" unless told: `h = s N^(−1/(D+4))`, or
   * "silverman": `h = s (N (D + 2) / 4)^(−1/(D+4))`, s² being the mean variance of the D features.
   */
  readonly bandwidth?: number | "scott" | "silverman";
}

const operation = "kernelDensity";

/**
 * Kernel density estimation: `p(x) = (1/N) Σₙ N(x; xₙ, h² I)`. Lecture step 003.85. See {@link kernelDensity}.
 */
export class KernelDensity {
  readonly #rule: number | "scott" | "silverman";
  #found: { readonly rows: Rows; readonly bandwidth: number } | null = null;

  /** @internal Use `classical.kernelDensity()`. */
  constructor(options: KernelDensityOptions = {}) {
    checkOptions(operation, options, ["bandwidth"]);
    const rule: unknown = options.bandwidth ?? "scott";
    if (
      rule !== "scott" &&
      rule !== "silverman" &&
      !(typeof rule === "number" && rule > 0 && Number.isFinite(rule))
    )
      throw new ArgumentError(
        `${operation}: bandwidth is a number above 0, "scott" or "silverman"; got ${describeValue(rule)}`,
      );
    this.#rule = rule;
  }

  /** Remembers the samples, `[N, D]` or `[N]`, and chooses the bandwidth if a rule is to. */
  fit(x: Tensor): this {
    const rows = readRows(operation, "x", x);
    this.#found = { rows, bandwidth: typeof this.#rule === "number" ? this.#rule : chosen(rows, this.#rule) };
    return this;
  }

  /** The standard deviation h of a hill. */
  get bandwidth(): number {
    return requireFit(operation, this.#found).bandwidth;
  }

  /** `log p(x)` in nats, by log-sum-exp, so that it stays finite far from all samples: `[N, D]` → `[N]`. */
  logDensity(x: Tensor): Tensor {
    return this.#map(x, (density) => density);
  }

  /** `p(x)`, which integrates to 1: `[N, D]` → `[N]`. In many dimensions it under- or overflows; use `logDensity`. */
  density(x: Tensor): Tensor {
    return this.#map(x, Math.exp);
  }

  /** `n` new samples: one of the old ones each, plus Gaussian noise of the bandwidth. */
  sample(n: number, options: { readonly generator?: Generator } = {}): Tensor {
    checkOptions(operation, options, ["generator"]);
    const { rows, bandwidth } = requireFit(operation, this.#found);
    const { generator = defaultGenerator } = options;
    const count = requireCount(operation, "n", n);
    const x = new Float64Array(count * rows.width);
    for (let i = 0; i < count; i++) {
      const from = generator.integer(rows.count) * rows.width;
      for (let j = 0; j < rows.width; j++)
        x[i * rows.width + j] = generator.normal(rows.values[from + j]!, bandwidth);
    }
    return makeTensor(operation, x, [count, ...rows.sampleShape], rows);
  }

  /** `KernelDensity: bandwidth 0.25 on 1,000 samples of 1 number`. */
  toString(): string {
    if (this.#found === null) return "KernelDensity (not fitted yet)";
    const { rows, bandwidth } = this.#found;
    return `KernelDensity: bandwidth ${short(bandwidth)} on ${plural(rows.count, "sample")} of ${plural(rows.width, "number")}`;
  }

  [inspect](): string {
    return this.toString();
  }

  #map(x: Tensor, f: (logDensity: number) => number): Tensor {
    const { rows, bandwidth } = requireFit(operation, this.#found);
    const given = readLike(operation, x, rows.sampleShape);
    const { width, count, values } = rows;
    const constant = Math.log(count) + width * Math.log(bandwidth) + (width / 2) * Math.log(2 * Math.PI);
    const exponents = new Float64Array(count);
    const densities = Float64Array.from({ length: given.count }, (_, i) => {
      checkInterrupt();
      let largest = Number.NEGATIVE_INFINITY;
      for (let n = 0; n < count; n++) {
        let square = 0;
        for (let j = 0; j < width; j++)
          square += (given.values[i * width + j]! - values[n * width + j]!) ** 2;
        exponents[n] = -square / (2 * bandwidth * bandwidth);
        largest = Math.max(largest, exponents[n]!);
      }
      let sum = 0;
      for (let n = 0; n < count; n++) sum += Math.exp(exponents[n]! - largest);
      return f(largest + Math.log(sum) - constant);
    });
    return makeTensor(operation, densities, [given.count], given);
  }
}

function chosen(rows: Rows, rule: "scott" | "silverman"): number {
  const { count, width, values } = rows;
  const means = columnMeans(rows);
  let variance = 0;
  for (let i = 0; i < values.length; i++)
    variance += (values[i]! - means[i % width]!) ** 2 / ((count - 1) * width);
  if (!(variance > 0))
    throw new ArgumentError(
      `${operation}: ${count === 1 ? "one sample has" : "equal samples have"} no spread to choose a bandwidth by; give a number: { bandwidth: 0.1 }`,
    );
  const samples = rule === "scott" ? count : (count * (width + 2)) / 4;
  return Math.sqrt(variance) * samples ** (-1 / (width + 4));
}

/**
 * Kernel density estimation with Gaussian hills. Lecture step 003.85.
 *
 * @example
 * const density = classical.kernelDensity({ bandwidth: 0.2 }).fit(randn([1000]));
 * density.density(linspace(-3, 3, 100))
 */
export function kernelDensity(options: KernelDensityOptions = {}): KernelDensity {
  return new KernelDensity(options);
}
