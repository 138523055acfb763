/** Numbers by size and in sequence: sorting, the largest few, medians and quantiles, running sums and products, distinct values. */

import { withBackend } from "../backend/current.ts";
import { eye, makeEmpty, tensor } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { checkFloat, checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { checkOptions } from "../options.ts";
import { checkDim, describeShape, sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { notEqual } from "./comparison.ts";
import { abs, add, div, mul, sub, to, where } from "./elementwise.ts";
import { gather } from "./indexing.ts";
import { expand, reshape, select, unsqueeze } from "./movement.ts";
import { min, type ReduceOptions, sum } from "./reduction.ts";

// ── Sorting ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Options of `argsort` and `sort`. */
export interface SortOptions {
  /** The largest first. */
  descending?: boolean;
}

/** Values along a dimension and where they were. */
export interface Ordered {
  /** The values in their new order. */
  readonly values: Tensor;
  /** int32 */
  readonly indices: Tensor;
}

interface Ordering {
  readonly axis: number;
  readonly descending: boolean;
  /** How many positions are wanted, the first ones of the order. */
  readonly count: number;
}

type Comparison = (i: number, j: number) => number;

/** The first `count` of the positions 0 … size − 1, in order. */
function firstPositions(size: number, count: number, compare: Comparison): Uint32Array {
  if (8 * count > size)
    return Uint32Array.from({ length: size }, (_position, i) => i)
      .sort(compare)
      .subarray(0, count);
  // A few of many: each finds its place among the best so far, which most never enter.
  const best = new Uint32Array(count);
  let found = 0;
  for (let i = 0; i < size; i++) {
    let place = found;
    while (place > 0 && compare(i, best[place - 1]!) < 0) place--;
    if (place === count) continue;
    found = Math.min(found + 1, count);
    best.copyWithin(place + 1, place, found - 1);
    best[place] = i;
  }
  return best;
}

const ordering: Primitive<Ordering> = {
  name: "argsort",
  shape: ([x], { axis, count }) => x!.shape.with(axis, count),
  dtype: () => "int32",
  forward: (_backend, [x], out, { axis, descending, count }) => {
    const source = x!.storage.values();
    const target = out.storage.values();
    const size = x!.shape[axis]!;
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const sign = descending ? -1 : 1;
    const row = new Float64Array(size);
    // NaN counts as the largest; equal values stay in their order.
    const compare: Comparison = (i, j) => {
      const a = row[i]!;
      const b = row[j]!;
      if (a < b) return -sign;
      if (a > b) return sign;
      return sign * (Number(Number.isNaN(a)) - Number(Number.isNaN(b))) || i - j;
    };
    for (let outer = 0; outer < sizeOf(x!.shape.slice(0, axis)); outer++)
      for (let k = 0; k < inner; k++) {
        for (let i = 0; i < size; i++) row[i] = source[(outer * size + i) * inner + k]!;
        const order = firstPositions(size, count, compare);
        for (let i = 0; i < count; i++) target[(outer * count + i) * inner + k] = order[i]!;
      }
    return null;
  },
  backward: null,
};

/**
 * The positions (int32) that put x in ascending order along `dim` (the last): `gather(x, dim, argsort(x))` is sorted.
 * Equal values keep their order; NaN counts as the largest. Throws a ShapeError for a dimension that does not exist.
 *
 * @example
 * argsort(tensor([3, 1, 2]))   // [1, 2, 0]
 */
export const argsort: Op<[x: Tensor, dim?: number | undefined, options?: SortOptions | undefined]> = defineOp<
  [x: Tensor, dim?: number | undefined, options?: SortOptions | undefined]
>(
  {
    name: "argsort",
    formula: "x[y[0]] ≤ x[y[1]] ≤ … along dim",
    differentiable: false,
    samples: (make) => [
      [make.distinct(7)],
      [make.distinct(3, 4), 0],
      [make.distinct(2, 5, 3), 1, { descending: true }],
      [make.labels(3, 2, 20)],
      [make.of([4], [1, Number.NaN, -1, Number.POSITIVE_INFINITY]), 0, { descending: true }],
      [make.normal(0, 3)],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), 2], /argsort: dim 2 does not exist/],
      [[make.normal()], /argsort: dim -1 of a single number/],
      [[make.normal(3), { descending: true }], /argsort: dim is a whole number; got an object/],
    ],
  },
  (x, dim = -1, options = {}) => {
    checkOptions("argsort", options, ["descending"]);
    checkTensor("argsort", x);
    const axis = checkDim("argsort", dim, x.ndim, x.shape);
    return run(ordering, [x], { axis, descending: options.descending ?? false, count: x.shape[axis]! });
  },
);

/**
 * The values in ascending order along `dim` (the last), and where they were. The gradient goes back to where each value
 * came from. Equal values keep their order; NaN counts as the largest. Throws a ShapeError for a dimension that does
 * not exist.
 *
 * @example
 * const { values, indices } = scores.sort(1, { descending: true });
 */
export function sort(x: Tensor, dim = -1, options: SortOptions = {}): Ordered {
  checkOptions("sort", options, ["descending"]);
  checkTensor("sort", x);
  const axis = checkDim("sort", dim, x.ndim, x.shape);
  const indices = argsort(x, axis, options);
  return { values: gather(x, axis, indices), indices };
}

/** Options of `topk`. */
export interface TopkOptions {
  /** False for the smallest. */
  largest?: boolean;
}

/**
 * The `k` largest values along `dim` (the last), the largest first, and where they were: `logits.topk(5).indices` are the
 * five best classes. Throws a ShapeError when there are fewer than k.
 *
 * @example
 * topk(tensor([0.1, 0.7, 0.2]), 2).indices   // [1, 2]
 */
export function topk(x: Tensor, k: number, dim = -1, options: TopkOptions = {}): Ordered {
  checkOptions("topk", options, ["largest"]);
  checkTensor("topk", x);
  const axis = checkDim("topk", dim, x.ndim, x.shape);
  if (!Number.isInteger(k) || k < 0)
    throw new ArgumentError(`topk: k is a whole number from 0 up; got ${describeValue(k)}`);
  if (k > x.shape[axis]!)
    throw new ShapeError(
      `topk: dimension ${axis} of ${describeShape(x.shape)} has ${x.shape[axis]} values, fewer than k = ${k}`,
    );
  const indices = run(ordering, [x], { axis, descending: options.largest ?? true, count: k });
  return { values: gather(x, axis, indices), indices };
}

// ── In the middle ────────────────────────────────────────────────────────────────────────────────────────────────────

/** `take` of the sorted values along `dim`, or of all of them; NaN where one is among them. */
function fromSorted(
  name: string,
  x: Tensor,
  dim: number | null | undefined,
  { keepDim = false }: ReduceOptions,
  take: (sorted: Tensor, axis: number, size: number) => Tensor,
): Tensor {
  const whole = dim === null || dim === undefined;
  const axis = whole ? 0 : checkDim(name, dim, x.ndim, x.shape);
  const { values } = sort(whole ? reshape(x, [x.size]) : x, axis);
  const size = values.shape[axis]!;
  if (size === 0)
    throw new ShapeError(`${name}: there is nothing to choose from in a tensor ${describeShape(x.shape)}`);
  // NaN is sorted to the end, and is the only value that differs from itself.
  const last = select(values, axis, size - 1);
  const found = where(notEqual(last, last), last, take(values, axis, size));
  if (!keepDim) return found;
  return whole
    ? reshape(
        found,
        x.shape.map(() => 1),
      )
    : unsqueeze(found, axis);
}

type MiddleArgs = [x: Tensor, dim?: number | null | undefined, options?: ReduceOptions | undefined];

/**
 * The middle of the sorted values along `dim`, or of all of them; of an even number the lower of the two in the middle, as in PyTorch
 * (`quantile(x, 0.5)` is their mean). Outliers do not move it. NaN among the values gives NaN. The gradient goes to
 * the value taken. Throws a ShapeError for a dimension that does not exist or where there is nothing to choose from.
 *
 * @example
 * median(unfold2d(image, 3, { padding: 1 }), 1)   // a median filter: the middle of each pixel's neighbourhood
 */
export const median: Op<MiddleArgs> = defineOp<MiddleArgs>(
  {
    name: "median",
    formula: "y = x₍⌊(n−1)/2⌋₎ of x₍₀₎ ≤ x₍₁₎ ≤ …;  ∂y/∂xᵢ = 1 for the value taken, else 0",
    samples: (make) => [
      [make.distinct(5)],
      [make.distinct(2, 3), null, { keepDim: true }],
      [make.distinct(2, 4), 1],
      [make.distinct(3, 2, 2), 0, { keepDim: true }],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), 2], /median: dim 2 does not exist/],
      [[make.normal(2, 0), 1], /median: there is nothing to choose from in a tensor \[2, 0\]/],
    ],
  },
  (x, dim, options = {}) => {
    checkOptions("median", options, ["keepDim"]);
    checkTensor("median", x);
    return fromSorted("median", x, dim, options, (sorted, axis, size) =>
      select(sorted, axis, Math.floor((size - 1) / 2)),
    );
  },
);

type QuantileArgs = [
  x: Tensor,
  share: number,
  dim?: number | null | undefined,
  options?: ReduceOptions | undefined,
];

/**
 * The value below which a share of the values lies (0 the smallest, 0.5 the middle, 1 the largest), along `dim` or of all of them;
 * between two values interpolated linearly, as in PyTorch. NaN among the values gives NaN. Throws an ArgumentError
 * for a share outside 0 to 1, a ShapeError where there is nothing to choose from, a DTypeError for int32 and bool.
 *
 * @example
 * quantile(tensor([1, 2, 4]), 0.25)   // 1.5
 */
export const quantile: Op<QuantileArgs> = defineOp<QuantileArgs>(
  {
    name: "quantile",
    formula: "y = (1 − f)·x₍ₖ₎ + f·x₍ₖ₊₁₎ with k + f = q·(n − 1), k whole, of x₍₀₎ ≤ x₍₁₎ ≤ …",
    samples: (make) => [
      [make.distinct(5), 0.3],
      [make.distinct(2, 4), 0.5, 1],
      [make.distinct(4, 2), 0.9, 0, { keepDim: true }],
      [make.distinct(2, 3), 1],
    ],
    mistakes: (make) => [
      [[make.normal(3), 25], /quantile: the share is a number from 0 to 1; got 25 \(a quarter is 0\.25\)/],
      [[make.normal(3)], /quantile: the share is a number from 0 to 1; got undefined/],
      [[make.labels(3, 4), 0.5], /quantile: works on float numbers, got int32/],
      [[make.normal(2, 3), 0.5, 2], /quantile: dim 2 does not exist/],
      [[make.normal(0), 0.5], /quantile: there is nothing to choose from in a tensor \[0\]/],
    ],
  },
  (x, share, dim, options = {}) => {
    checkOptions("quantile", options, ["keepDim"]);
    checkTensor("quantile", x);
    checkFloat("quantile", x);
    if (!(typeof share === "number" && share >= 0 && share <= 1))
      throw new ArgumentError(
        `quantile: the share is a number from 0 to 1; got ${describeValue(share)} (a quarter is 0.25)`,
      );
    return fromSorted("quantile", x, dim, options, (sorted, axis, size) => {
      const position = share * (size - 1);
      const below = select(sorted, axis, Math.floor(position));
      const above = select(sorted, axis, Math.ceil(position));
      return add(below, mul(sub(above, below), position - Math.floor(position)));
    });
  },
);

// ── In sequence ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Visits every line along an axis: where it starts, how many numbers it has, and how far they are apart. */
function eachLine(
  { shape, size }: Tensor,
  axis: number,
  visit: (start: number, length: number, step: number) => void,
): void {
  const length = shape[axis]!;
  const step = sizeOf(shape.slice(axis + 1));
  for (let first = 0; first < size; first += length * step)
    for (let start = first; start < first + step; start++) visit(start, length, step);
}

interface Running {
  readonly axis: number;
  readonly backwards: boolean;
}

const running: Primitive<Running> = {
  name: "cumsum",
  shape: ([x]) => x!.shape,
  forward: (_backend, [x], out, { axis, backwards }) => {
    const source = x!.storage.values();
    const target = out.storage.values();
    eachLine(x!, axis, (start, length, step) => {
      let total = 0;
      for (let i = 0; i < length; i++) {
        const at = start + (backwards ? length - 1 - i : i) * step;
        total += source[at]!;
        target[at] = total;
      }
    });
    return null;
  },
  backward: (g, _y, _inputs, { axis, backwards }) => [run(running, [g], { axis, backwards: !backwards })],
};

/**
 * The running sum along `dim`; twice, along rows and columns, it is the integral image. Added up in float64; bool
 * counts the true ones, as int32. Throws a ShapeError for a dimension that does not exist.
 *
 * @example
 * cumsum(tensor([1, 2, 3]), 0)   // [1, 3, 6]
 */
export const cumsum: Op<[x: Tensor, dim: number]> = defineOp<[x: Tensor, dim: number]>(
  {
    name: "cumsum",
    formula: "yᵢ = x₀ + … + xᵢ;  ∂L/∂xᵢ = gᵢ + gᵢ₊₁ + … + gₙ₋₁",
    samples: (make) => [
      [make.normal(5), 0],
      [make.normal(2, 3), 1],
      [make.normal(2, 3, 4), 1],
      [make.normal(0, 2), 1],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), 2], /cumsum: dim 2 does not exist/],
      [[make.normal(2, 3)], /cumsum: dim is a whole number; got undefined/],
      [[make.normal(), 0], /cumsum: dim 0 of a single number/],
    ],
  },
  (x, dim) => {
    checkTensor("cumsum", x);
    const axis = checkDim("cumsum", dim, x.ndim, x.shape);
    return run(running, [x.dtype === "bool" ? to(x, "int32") : x], { axis, backwards: false });
  },
);

interface Multiplying {
  readonly axis: number;
}

const multiplying: Primitive<Multiplying> = {
  name: "cumprod",
  shape: ([x]) => x!.shape,
  forward: (_backend, [x], out, { axis }) => {
    const source = x!.storage.values();
    const target = out.storage.values();
    eachLine(x!, axis, (start, length, step) => {
      let product = 1;
      for (let i = 0, at = start; i < length; i++, at += step) {
        product *= source[at]!;
        target[at] = product;
      }
    });
    return null;
  },
  backward: (g, y, [x], { axis }) => {
    const withoutZeros = noGrad(() => x!.size === 0 || min(abs(x!)).item() > 0);
    if (withoutZeros) return [div(run(running, [mul(g, y)], { axis, backwards: true }), x!)];
    // Row k of the table is x with 1 in place of xₖ: its running products from k on are ∂y/∂xₖ.
    const size = x!.shape[axis]!;
    const sides = [sizeOf(x!.shape.slice(0, axis)), sizeOf(x!.shape.slice(axis + 1))] as const;
    const spread = (t: Tensor) =>
      expand(reshape(t, [sides[0], 1, size, sides[1]]), [sides[0], size, size, sides[1]]);
    const [diagonal, reached] = withBackend(x!.holding.backend, () => {
      const one = eye(size, size, { dtype: "bool" });
      const below = tensor(
        Float32Array.from({ length: size * size }, (_item, i) => Number(i % size >= Math.floor(i / size))),
        { shape: [size, size, 1], dtype: x!.dtype },
      );
      return [reshape(one, [size, size, 1]), below] as const;
    });
    const products = run(multiplying, [where(diagonal, 1, spread(x!))], { axis: 2 });
    return [reshape(sum(mul(mul(products, reached), spread(g)), 2), x!.shape)];
  },
};

/**
 * The running product along `dim`, multiplied in float64; the gradient holds at zeros too. bool counts as 0 and 1, in
 * int32. Throws a ShapeError for a dimension that does not exist.
 *
 * @example
 * cumprod(tensor([1, 2, 3]), 0)   // [1, 2, 6]
 */
export const cumprod: Op<[x: Tensor, dim: number]> = defineOp<[x: Tensor, dim: number]>(
  {
    name: "cumprod",
    formula: "yᵢ = x₀ · … · xᵢ;  ∂L/∂xₖ = Σ_{i ≥ k} gᵢ · Π_{j ≤ i, j ≠ k} xⱼ",
    samples: (make) => [
      [make.distinct(4), 0],
      [make.distinct(2, 3, 2), 1],
      [make.of([2, 4], [1, 0, 2, 3, 0, 2, 0, 1.5]), 1],
      [make.normal(0, 2), 1],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), 2], /cumprod: dim 2 does not exist/],
      [[make.normal(2, 3)], /cumprod: dim is a whole number; got undefined/],
    ],
  },
  (x, dim) => {
    checkTensor("cumprod", x);
    const axis = checkDim("cumprod", dim, x.ndim, x.shape);
    return run(multiplying, [x.dtype === "bool" ? to(x, "int32") : x], { axis });
  },
);

// ── Distinct values ──────────────────────────────────────────────────────────────────────────────────────────────────

/** The distinct values of a tensor. */
export interface Distinct {
  /** `[n]`, ascending; each NaN by itself, at the end. */
  readonly values: Tensor;
  /** For each element of the tensor, in its shape, the position of its value in `values`; int32. */
  readonly indices: Tensor;
  /** `[n]`: how often each value occurs; int32. */
  readonly counts: Tensor;
}

/**
 * The distinct values, ascending, with how often each occurs and where. No gradient.
 *
 * @example
 * const { values, counts } = unique(labels);   // the classes and their sizes
 */
export function unique(x: Tensor): Distinct {
  checkTensor("unique", x);
  const source = x.storage.values();
  const order = argsort(reshape(x, [x.size]), 0).storage.values();
  const indices = new Int32Array(x.size);
  const values: number[] = [];
  const counts: number[] = [];
  for (const at of order) {
    if (counts.length === 0 || source[at] !== values.at(-1)) {
      values.push(source[at]!);
      counts.push(0);
    }
    counts[counts.length - 1]!++;
    indices[at] = counts.length - 1;
  }
  const { backend } = x.holding;
  const list = makeEmpty("unique", [values.length], x.dtype, backend);
  list.storage.values().set(values);
  return withBackend(backend, () => ({
    values: list,
    indices: tensor(indices, { shape: x.shape }),
    counts: tensor(Int32Array.from(counts)),
  }));
}
