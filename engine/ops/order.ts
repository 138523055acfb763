/** Numbers by size and in sequence: sorting, the largest few, running sums, distinct values. */

import { withBackend } from "../backend/current.ts";
import { makeEmpty, tensor } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { checkDim, describeShape, sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { to } from "./elementwise.ts";
import { gather } from "./indexing.ts";
import { reshape } from "./movement.ts";

// ── Sorting ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SortOptions {
  /** The largest first. */
  descending?: boolean;
}

/** Values along a dimension and where they were. */
export interface Ordered {
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

/** The positions (int32) that put x in ascending order along `dim` (the last): `gather(x, dim, argsort(x))` is sorted. Equal values keep their order; NaN counts as the largest. */
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
    checkTensor("argsort", x);
    const axis = checkDim("argsort", dim, x.ndim, x.shape);
    return run(ordering, [x], { axis, descending: options.descending ?? false, count: x.shape[axis]! });
  },
);

/**
 * The values in ascending order along `dim` (the last), and where they were. The gradient goes back to where each value
 * came from. Equal values keep their order; NaN counts as the largest.
 *
 * @example
 * const { values, indices } = scores.sort(1, { descending: true });
 */
export function sort(x: Tensor, dim = -1, options: SortOptions = {}): Ordered {
  checkTensor("sort", x);
  const axis = checkDim("sort", dim, x.ndim, x.shape);
  const indices = argsort(x, axis, options);
  return { values: gather(x, axis, indices), indices };
}

export interface TopkOptions {
  /** False for the smallest. */
  largest?: boolean;
}

/**
 * The `k` largest values along `dim` (the last), the largest first, and where they were: `logits.topk(5).indices` are the
 * five best classes. Throws a ShapeError when there are fewer than k.
 */
export function topk(x: Tensor, k: number, dim = -1, options: TopkOptions = {}): Ordered {
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

// ── In sequence ──────────────────────────────────────────────────────────────────────────────────────────────────────

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
    const size = x!.shape[axis]!;
    const inner = sizeOf(x!.shape.slice(axis + 1));
    for (let first = 0; first < source.length; first += size * inner)
      for (let start = first; start < first + inner; start++) {
        let total = 0;
        for (let i = 0; i < size; i++) {
          const at = start + (backwards ? size - 1 - i : i) * inner;
          total += source[at]!;
          target[at] = total;
        }
      }
    return null;
  },
  backward: (g, _y, _inputs, { axis, backwards }) => [run(running, [g], { axis, backwards: !backwards })],
};

/** The running sum along `dim`; twice, along rows and columns, it is the integral image. Added up in float64; bool counts the true ones, as int32. */
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
