// What comes before any model: features of one scale, and the score that a model has to beat.

import { inspect } from "../inspect.ts";
import type { Tensor } from "../tensor.ts";
import {
  columnMeans,
  makeTensor,
  makeWhole,
  plural,
  type Rows,
  readLabels,
  readLike,
  readRows,
  requireFit,
  short,
} from "./rows.ts";

/** Brings features to mean 0 and deviation 1. See {@link standardiser}. */
export class Standardiser {
  #found: { readonly rows: Rows; readonly mean: Float64Array; readonly std: Float64Array } | null = null;

  /** Takes mean and standard deviation (divided by N) of every feature of the training samples, `[N, D]` or images. */
  fit(x: Tensor): this {
    const rows = readRows("standardiser", "x", x);
    const mean = columnMeans(rows);
    const std = new Float64Array(rows.width);
    rows.values.forEach((value, i) => {
      std[i % rows.width]! += (value - mean[i % rows.width]!) ** 2 / rows.count;
    });
    // A constant feature varies by rounding at most; it becomes 0.
    this.#found = {
      rows,
      mean,
      std: std.map((variance, j) =>
        Math.sqrt(variance) > 1e-12 * Math.abs(mean[j]!) ? Math.sqrt(variance) : 0,
      ),
    };
    return this;
  }

  /** The mean of each feature, in the shape of a sample. */
  get mean(): Tensor {
    const { rows, mean } = requireFit("standardiser", this.#found);
    return makeTensor("standardiser", mean, rows.sampleShape, rows).keep();
  }

  /** The standard deviation of each feature, in the shape of a sample; 0 where all are equal. */
  get std(): Tensor {
    const { rows, std } = requireFit("standardiser", this.#found);
    return makeTensor("standardiser", std, rows.sampleShape, rows).keep();
  }

  /** `(x − mean) / std`, by the statistics of `fit`; a feature that was constant there is only shifted. */
  transform(x: Tensor): Tensor {
    return this.#map(x, (value, mean, std) => (value - mean) / (std || 1));
  }

  /** Back: `x · std + mean`. */
  inverse(x: Tensor): Tensor {
    return this.#map(x, (value, mean, std) => value * (std || 1) + mean);
  }

  /** `Standardiser: 2 features of 200 samples`. */
  toString(): string {
    if (this.#found === null) return "Standardiser (not fitted yet)";
    const { rows } = this.#found;
    return `Standardiser: ${plural(rows.width, "feature")} of ${plural(rows.count, "sample")}`;
  }

  [inspect](): string {
    return this.toString();
  }

  #map(x: Tensor, f: (value: number, mean: number, std: number) => number): Tensor {
    const { rows, mean, std } = requireFit("standardiser", this.#found);
    const given = readLike("standardiser", x, rows.sampleShape);
    const values = given.values.map((value, i) => f(value, mean[i % rows.width]!, std[i % rows.width]!));
    return makeTensor("standardiser", values, x.shape, given);
  }
}

/**
 * Standardisation, `x := (x̂ − mean) / std` over the training set. Lecture step 001.8: the test set is transformed by the
 * statistics of the training set.
 *
 * @example
 * const scale = classical.standardiser().fit(train.points);
 * const [x, xTest] = [scale.transform(train.points), scale.transform(test.points)];
 */
export function standardiser(): Standardiser {
  return new Standardiser();
}

/** Answers the commonest class, whatever it is asked. See {@link majority}. */
export class Majority {
  #found: { readonly label: number; readonly count: number; readonly total: number } | null = null;

  /** Counts the labels `[N]`. */
  fit(labels: Tensor): this {
    const given = readLabels("majority", labels);
    const counts = new Map<number, number>();
    for (const label of given) counts.set(label, (counts.get(label) ?? 0) + 1);
    const ranked = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    const [label, count] = ranked[0]!;
    this.#found = { label, count, total: given.length };
    return this;
  }

  /** The commonest class, the smallest number of equals. */
  get label(): number {
    return requireFit("majority", this.#found).label;
  }

  /** Its share of the labels: the accuracy that a model has to beat. */
  get share(): number {
    const { count, total } = requireFit("majority", this.#found);
    return count / total;
  }

  /** The commonest class for every sample: `[N, …]` → `[N]`, int32. */
  predict(x: Tensor): Tensor {
    const { label } = requireFit("majority", this.#found);
    const rows = readRows("majority", "x", x);
    return makeWhole("majority", new Int32Array(rows.count).fill(label), [rows.count], rows);
  }

  /** `Majority: class 3, 25 % of 200 samples`. */
  toString(): string {
    if (this.#found === null) return "Majority (not fitted yet)";
    const { label, total } = this.#found;
    return `Majority: class ${label}, ${short(100 * this.share)} % of ${plural(total, "sample")}`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/**
 * The baseline of every classifier: the commonest class, always. Lecture step 001.14.
 *
 * @example
 * classical.majority().fit(train.labels).share   // 0.1 of ten equal classes
 */
export function majority(): Majority {
  return new Majority();
}
