/** How many there are of each: classes, whole numbers, values between bounds. */
import { withBackend } from "../backend/current.ts";
import { linspace, tensor } from "../creation.ts";
import { ArgumentError, DTypeError, describeValue, ShapeError } from "../errors.ts";
import { checkFloat, checkTensor, defineOp, type Op } from "../op.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

function checkWhole(operation: string, x: Tensor): void {
  if (x.dtype !== "int32")
    throw new DTypeError(
      `${operation}: works on whole numbers (int32), got ${x.dtype}; convert with .to("int32")`,
    );
}

/** The largest class number + 1, after checking that none is negative or beyond `classes`. */
function countClasses(operation: string, x: Tensor, classes: unknown): number {
  const values = x.storage.values();
  let needed = 0;
  for (const value of values) {
    if (value < 0) throw new ShapeError(`${operation}: counts from 0 up; got ${value} among the values`);
    needed = Math.max(needed, value + 1);
  }
  if (classes === undefined) return needed;
  if (typeof classes !== "number" || !Number.isInteger(classes) || classes < 0)
    throw new ArgumentError(
      `${operation}: the number of classes is a whole number; got ${describeValue(classes)}`,
    );
  return Math.max(needed, classes);
}

/**
 * Class numbers as rows with a single 1: `[…]` int32 → `[…, classes]` float32. `classes` is the largest number + 1 unless
 * told. Throws a ShapeError when a number is negative or beyond the classes, a DTypeError for floats.
 *
 * @example
 * oneHot(tensor([2, 0], { dtype: "int32" }), 3)   // [[0, 0, 1], [1, 0, 0]]
 */
export const oneHot: Op<[labels: Tensor, classes?: number | undefined]> = defineOp<
  [labels: Tensor, classes?: number | undefined]
>(
  {
    name: "oneHot",
    formula: "y[…, k] = 1 where k is the label, else 0",
    differentiable: false,
    samples: (make) => [
      [make.labels(3, 5), 4],
      [make.labels(3, 2, 3)],
      [make.of([], [2]).to("int32"), 3],
      [make.of([0], []).to("int32"), 3],
    ],
    mistakes: (make) => [
      [[make.labels(3, 20), 2], /oneHot: a label is 2, there are 2 classes, 0 to 1/],
      [[make.of([1], [-1]).to("int32")], /oneHot: counts from 0 up; got -1/],
      [[make.normal(3)], /oneHot: works on whole numbers \(int32\), got float/],
      [[make.labels(3, 2), 2.5], /oneHot: the number of classes is a whole number; got 2\.5/],
      [[[0, 1]], /oneHot: expected a tensor, got an array of 2/],
    ],
  },
  (labels, classes) => {
    checkTensor("oneHot", labels);
    checkWhole("oneHot", labels);
    const count = countClasses("oneHot", labels, classes);
    if (classes !== undefined && count > classes)
      throw new ShapeError(
        `oneHot: a label is ${count - 1}, there are ${classes} classes, 0 to ${classes - 1}`,
      );
    const rows = new Float32Array(labels.size * count);
    labels.storage.values().forEach((label, i) => {
      rows[i * count + label] = 1;
    });
    return withBackend(labels.holding.backend, () => tensor(rows, { shape: [...labels.shape, count] }));
  },
);

/** Options of `bincount`. */
export interface BincountOptions {
  /** What each element counts, in the shape of x, instead of 1. */
  weights?: Tensor;
  /** The result has at least so many places. */
  minLength?: number;
}

/**
 * How often each whole number 0, 1, … occurs: `[largest + 1]` or longer, int32; or the sum of its weights, float32.
 * `bincount(labels)` counts the samples of each class. Throws a DTypeError for floats, a ShapeError for numbers below
 * 0 or weights of another shape.
 *
 * @example
 * bincount(tensor([0, 1, 1, 3], { dtype: "int32" }))   // [1, 2, 0, 1]
 */
export const bincount: Op<[x: Tensor, options?: BincountOptions]> = defineOp<
  [x: Tensor, options?: BincountOptions]
>(
  {
    name: "bincount",
    formula: "y[k] = Σ weightᵢ over xᵢ = k",
    differentiable: false,
    samples: (make) => [
      [make.labels(4, 30)],
      [make.labels(4, 2, 3), { minLength: 7 }],
      [make.of([0], []).to("int32"), { minLength: 2 }],
    ],
    mistakes: (make) => [
      [[make.normal(3)], /bincount: works on whole numbers \(int32\), got float/],
      [[make.of([2], [0, -3]).to("int32")], /bincount: counts from 0 up; got -3/],
      [
        [make.labels(3, 4), { weights: make.normal(3) }],
        /bincount: the weights are \[3\], the numbers \[4\]; they must be equal/,
      ],
    ],
  },
  (x, options = {}) => {
    checkOptions("bincount", options, ["weights", "minLength"]);
    checkTensor("bincount", x);
    checkWhole("bincount", x);
    const count = countClasses("bincount", x, options.minLength);
    const { weights } = options;
    if (weights !== undefined) {
      checkTensor("bincount", weights, "weights");
      if (describeShape(weights.shape) !== describeShape(x.shape))
        throw new ShapeError(
          `bincount: the weights are ${describeShape(weights.shape)}, the numbers ${describeShape(x.shape)}; they must be equal`,
        );
    }
    const each = weights?.storage.values();
    const totals = new Float64Array(count);
    x.storage.values().forEach((value, i) => {
      totals[value]! += each?.[i] ?? 1;
    });
    return withBackend(x.holding.backend, () =>
      tensor(totals, { dtype: weights === undefined ? "int32" : "float32" }),
    );
  },
);

/** Options of `histc` and `histogram`. */
export interface HistogramOptions {
  /** The lower bound of the first bin; the smallest value by default. */
  min?: number;
  /** The upper bound of the last bin, which includes it; the largest value by default. */
  max?: number;
}

/** The bounds: those given, else the data's; as in PyTorch one unit to each side where both are equal. */
function boundsOf(operation: string, x: Tensor, options: HistogramOptions): [min: number, max: number] {
  const values = x.storage.values();
  let { min = Number.POSITIVE_INFINITY, max = Number.NEGATIVE_INFINITY } = options;
  if (options.min === undefined) for (const value of values) min = Math.min(min, value);
  if (options.max === undefined) for (const value of values) max = Math.max(max, value);
  if (x.size === 0) {
    min = options.min ?? 0;
    max = options.max ?? 0;
  }
  if (!Number.isFinite(min) || !Number.isFinite(max))
    throw new ArgumentError(
      `${operation}: the bounds are finite numbers; got ${min} to ${max} (are there NaN or infinities among the values? give { min, max })`,
    );
  if (min > max) throw new ArgumentError(`${operation}: min ≤ max; got min ${min} and max ${max}`);
  return min === max ? [min - 1, max + 1] : [min, max];
}

/**
 * How many values fall into each of `bins` equal intervals between the bounds: `[bins]`, in the dtype of x. The last bin
 * includes the upper bound; values outside and NaN are not counted. Throws an ArgumentError for bins below 1 or
 * bounds that are not finite, a DTypeError for int32 and bool.
 *
 * @example
 * histc(tensor([0, 0.4, 0.6, 1]), 2)   // [2, 2]
 */
export const histc: Op<[x: Tensor, bins?: number, options?: HistogramOptions]> = defineOp<
  [x: Tensor, bins?: number, options?: HistogramOptions]
>(
  {
    name: "histc",
    formula: "y[k] = the number of xᵢ with min + k·w ≤ xᵢ < min + (k + 1)·w,  w = (max − min) / bins",
    differentiable: false,
    samples: (make) => [
      [make.distinct(40), 5],
      [make.distinct(4, 5), 7, { min: -0.5, max: 0.5 }],
      [make.of([3], [2, 2, 2]), 4],
      [make.of([4], [0, 1, 2, 3]), 3],
      [make.normal(0), 2],
    ],
    mistakes: (make) => [
      [[make.normal(3), 0], /histc: the number of bins is a whole number from 1 up; got 0/],
      [[make.normal(3), 2, { min: 1, max: 0 }], /histc: min ≤ max; got min 1 and max 0/],
      [
        [make.of([2], [1, Number.POSITIVE_INFINITY]), 2],
        /histc: the bounds are finite numbers; got 1 to Infinity/,
      ],
      [[make.labels(3, 4), 2], /histc: works on float numbers, got int32/],
    ],
  },
  (x, bins = 100, options = {}) => {
    checkOptions("histc", options, ["min", "max"]);
    checkTensor("histc", x);
    checkFloat("histc", x);
    if (!Number.isInteger(bins) || bins < 1)
      throw new ArgumentError(
        `histc: the number of bins is a whole number from 1 up; got ${describeValue(bins)}`,
      );
    const [min, max] = boundsOf("histc", x, options);
    const counts = new Float64Array(bins);
    for (const value of x.storage.values())
      if (value >= min && value <= max)
        counts[Math.min(bins - 1, Math.floor(((value - min) / (max - min)) * bins))]!++;
    return withBackend(x.holding.backend, () => tensor(counts, { dtype: x.dtype }));
  },
);

/** A histogram. */
export interface Histogram {
  /** `[bins]` */
  readonly counts: Tensor;
  /** `[bins + 1]`: where the bins begin, and where the last one ends. */
  readonly edges: Tensor;
}

/**
 * The counts of `histc` and the edges of its bins. Throws an ArgumentError for bins below 1 or bounds that are not
 * finite, a DTypeError for int32 and bool.
 *
 * @example
 * const { counts, edges } = histogram(layer.weight, 30);
 */
export function histogram(x: Tensor, bins = 100, options: HistogramOptions = {}): Histogram {
  checkOptions("histogram", options, ["min", "max"]);
  checkTensor("histogram", x);
  const [min, max] = boundsOf("histogram", x, options);
  const counts = histc(x, bins, { min, max });
  return withBackend(x.holding.backend, () => ({
    counts,
    edges: linspace(min, max, bins + 1, { dtype: x.dtype }),
  }));
}
