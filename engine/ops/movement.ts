/** The same numbers in another arrangement: shapes, axes, parts, joins. */
import { constant, makeEmpty } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import {
  broadcastStrides,
  checkDim,
  checkShape,
  describeShape,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from "../shapes.ts";
import type { Dims, Tensor } from "../tensor.ts";
import { operands, sumTo, where } from "./elementwise.ts";

// ── Views: nothing is copied ─────────────────────────────────────────────────────────────────────────────────────────

function viewAs(name: string): Primitive<Shape> {
  return {
    name,
    shape: (_inputs, shape) => shape,
    view: () => 0,
    backward: (g, _y, [x]) => [reshape(g, x!.shape)],
  };
}

const reshaped = viewAs("reshape");
const flattened = viewAs("flatten");
const unsqueezed = viewAs("unsqueeze");
const squeezed = viewAs("squeeze");

/**
 * The same numbers in the same order under another shape. Shares memory. One size may be −1: it follows from the
 * others. Throws a ShapeError when the numbers of elements differ.
 *
 * @example
 * reshape(arange(6), [2, -1])   // [[0, 1, 2], [3, 4, 5]]
 */
export const reshape: Op<[x: Tensor, shape: readonly number[]]> = defineOp<
  [x: Tensor, shape: readonly number[]]
>(
  {
    name: "reshape",
    formula: "y = x in another shape;  ∂L/∂x = ∂L/∂y in the shape of x",
    samples: (make) => [
      [make.normal(2, 6), [3, 4]],
      [make.normal(2, 3, 4), [-1, 4]],
      [make.normal(1), []],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), [4]], /reshape: a tensor \[2, 3\] has 6 elements, shape \[4\] needs 4/],
      [[make.normal(2, 3), [-1, -1]], /reshape: only one size can be -1/],
      [[make.normal(2, 3), [-1, 4]], /reshape: 6 elements do not divide evenly into \[-1, 4\]/],
      [[make.normal(2, 3), 6], /reshape: a shape is an array of sizes such as \[2, 3\]; got 6/],
      [[make.normal(2, 3), [2.5, 3]], /sizes are whole numbers/],
    ],
  },
  (x, shape) => {
    checkTensor("reshape", x);
    const target = resolveShape(x, shape);
    return sameShape(target, x.shape) ? x : run(reshaped, [x], target);
  },
);

function resolveShape(x: Tensor, shape: readonly number[]): Shape {
  if (!Array.isArray(shape))
    throw new ArgumentError(
      `reshape: a shape is an array of sizes such as [2, 3]; got ${describeValue(shape)}`,
    );
  const unknown = shape.indexOf(-1);
  if (unknown !== -1) {
    if (shape.lastIndexOf(-1) !== unknown)
      throw new ShapeError(`reshape: only one size can be -1, got [${shape.join(", ")}]`);
    const others = checkShape("reshape", shape.toSpliced(unknown, 1));
    const known = sizeOf(others);
    if (known === 0 || x.size % known !== 0)
      throw new ShapeError(
        `reshape: ${x.size} elements do not divide evenly into [${shape.join(", ")}]; the tensor is ${describeShape(x.shape)}`,
      );
    return shape.with(unknown, x.size / known);
  }
  const target = checkShape("reshape", shape);
  if (sizeOf(target) !== x.size)
    throw new ShapeError(
      `reshape: a tensor ${describeShape(x.shape)} has ${x.size} elements, shape ${describeShape(target)} needs ${sizeOf(target)}; let one size follow with -1`,
    );
  return target;
}

/**
 * Dimensions `startDim` to `endDim` as one. Shares memory. `flatten(images, 1)` keeps the batch: `[N, C, H, W]` →
 * `[N, C·H·W]`. Throws a ShapeError for a dimension that does not exist.
 *
 * @example
 * flatten(zeros([64, 6, 12, 12]), 1)   // [64, 864]
 */
export const flatten: Op<[x: Tensor, startDim?: number, endDim?: number]> = defineOp<
  [x: Tensor, startDim?: number, endDim?: number]
>(
  {
    name: "flatten",
    formula: "y = x with dimensions startDim … endDim as one",
    samples: (make) => [[make.normal(2, 3, 4), 1], [make.normal(2, 3, 4)], [make.normal(2, 3, 4), 0, 1]],
    mistakes: (make) => [
      [[make.normal(2, 3), 2], /flatten: dim 2 does not exist in shape \[2, 3\]/],
      [[make.normal(2, 3), 1, 0], /flatten: startDim 1 comes after endDim 0/],
    ],
  },
  (x, startDim = 0, endDim = -1) => {
    checkTensor("flatten", x);
    if (x.ndim === 0) return run(flattened, [x], [1]);
    const start = checkDim("flatten", startDim, x.ndim, x.shape);
    const end = checkDim("flatten", endDim, x.ndim, x.shape);
    if (start > end) throw new ShapeError(`flatten: startDim ${startDim} comes after endDim ${endDim}`);
    const middle = sizeOf(x.shape.slice(start, end + 1));
    return run(flattened, [x], [...x.shape.slice(0, start), middle, ...x.shape.slice(end + 1)]);
  },
);

/**
 * A dimension of size 1 put in at `dim`. Shares memory. Throws a ShapeError for a dimension that does not exist.
 *
 * @example
 * unsqueeze(zeros([28, 28]), 0)   // [1, 28, 28]
 */
export const unsqueeze: Op<[x: Tensor, dim: number]> = defineOp<[x: Tensor, dim: number]>(
  {
    name: "unsqueeze",
    formula: "y = x with a dimension of size 1 at dim",
    samples: (make) => [
      [make.normal(2, 3), 0],
      [make.normal(2, 3), -1],
      [make.normal(), 0],
    ],
    mistakes: (make) => [[[make.normal(2, 3), 4], /unsqueeze: dim 4 does not exist/]],
  },
  (x, dim) => {
    checkTensor("unsqueeze", x);
    const at = checkDim("unsqueeze", dim, x.ndim + 1, x.shape);
    return run(unsqueezed, [x], x.shape.toSpliced(at, 0, 1));
  },
);

/**
 * Dimensions of size 1 taken out: those given, or all. Shares memory. Throws a ShapeError for a dimension that does not exist.
 *
 * @example
 * squeeze(zeros([64, 1]), 1)   // [64]
 */
export const squeeze: Op<[x: Tensor, dim?: Dims | undefined]> = defineOp<[x: Tensor, dim?: Dims | undefined]>(
  {
    name: "squeeze",
    formula: "y = x without dimensions of size 1",
    samples: (make) => [[make.normal(1, 3, 1)], [make.normal(1, 3, 1), 0], [make.normal(1, 3, 1), [0, -1]]],
    mistakes: (make) => [[[make.normal(1, 3), 1], /squeeze: dimension 1 of \[1, 3\] has size 3, not 1/]],
  },
  (x, dim) => {
    checkTensor("squeeze", x);
    const dims = dim === undefined ? null : checkDims("squeeze", dim, x);
    for (const d of dims ?? [])
      if (x.shape[d] !== 1)
        throw new ShapeError(
          `squeeze: dimension ${d} of ${describeShape(x.shape)} has size ${x.shape[d]}, not 1`,
        );
    return run(
      squeezed,
      [x],
      x.shape.filter((size, d) => (dims === null ? size !== 1 : !dims.includes(d))),
    );
  },
);

/** @internal One axis or several, positive and without repetition, in ascending order. */
export function checkDims(operation: string, dims: Dims, x: Tensor): number[] {
  const given = typeof dims === "number" ? [dims] : dims;
  if (!Array.isArray(given))
    throw new ArgumentError(
      `${operation}: dim is a whole number or an array of them; got ${describeValue(dims)}`,
    );
  const axes = given.map((dim) => checkDim(operation, dim, x.ndim, x.shape)).sort((a, b) => a - b);
  for (let i = 1; i < axes.length; i++)
    if (axes[i] === axes[i - 1])
      throw new ShapeError(`${operation}: dimension ${axes[i]} is given twice in [${given.join(", ")}]`);
  return axes;
}

// ── Walks: the numbers are copied in another order ───────────────────────────────────────────────────────────────────

/** @internal */
export interface Walking {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

function strided(name: string): Primitive<Walking> {
  return {
    name,
    shape: (_inputs, walk) => walk.shape,
    forward: (backend, [x], out, walk) => {
      if (out.size > 0) backend.strided(x!.storage, walk, out.storage);
      return null;
    },
    backward: (g, _y, [x], walk) => [run(stridedSum, [g], { walk, shape: x!.shape })],
  };
}

const permuted: Primitive<{ walk: Walking; dims: readonly number[] }> = {
  name: "permute",
  shape: (_inputs, { walk }) => walk.shape,
  forward: (backend, [x], out, { walk }) => {
    if (out.size > 0) backend.strided(x!.storage, walk, out.storage);
    return null;
  },
  backward: (g, _y, _inputs, { dims }) => {
    const inverse = new Array<number>(dims.length);
    for (let d = 0; d < dims.length; d++) inverse[dims[d]!] = d;
    return [permute(g, inverse)];
  },
};

const expanded: Primitive<Walking> = {
  ...strided("expand"),
  backward: (g, _y, [x]) => [sumTo(g, x!.shape)],
};

/** @internal Reads by a walk. */
export const sliced: Primitive<Walking> = strided("slice");
const flipped = strided("flip");

/** @internal The gradient of a walk: every number is added where it was taken from. */
export const stridedSum: Primitive<{ walk: Walking; shape: Shape }> = {
  name: "stridedSum",
  shape: (_inputs, { shape }) => shape,
  forward: (backend, [g], out, { walk }) => {
    backend.fill(out.storage, 0);
    if (g!.size > 0) backend.stridedAdd(g!.storage, walk, out.storage);
    return null;
  },
  backward: (gg, _y, _inputs, { walk }) => [run(sliced, [gg], walk)],
};

/**
 * The axes in another order: `permute(images, [0, 2, 3, 1])` turns `[N, C, H, W]` into `[N, H, W, C]`. Throws a
 * ShapeError when a dimension does not exist or is named twice.
 *
 * @example
 * permute(zeros([28, 28, 3]), [2, 0, 1])   // [3, 28, 28]
 */
export const permute: Op<[x: Tensor, dims: readonly number[]]> = defineOp<
  [x: Tensor, dims: readonly number[]]
>(
  {
    name: "permute",
    formula: "y[i_{dims[0]}, i_{dims[1]}, …] = x[i₀, i₁, …]",
    samples: (make) => [
      [make.normal(2, 3), [1, 0]],
      [make.normal(2, 3, 4), [2, 0, 1]],
      [make.normal(2, 3, 4, 5), [0, -1, 1, 2]],
    ],
    mistakes: (make) => [
      [
        [make.normal(2, 3), [0]],
        /permute: a tensor \[2, 3\] needs all its 2 dimensions in a new order, got \[0\]/,
      ],
      [[make.normal(2, 3), [0, 0]], /permute: dimension 0 is given twice/],
      [[make.normal(2, 3), [0, 2]], /permute: dim 2 does not exist/],
    ],
  },
  (x, dims) => {
    checkTensor("permute", x);
    if (!Array.isArray(dims) || dims.length !== x.ndim)
      throw new ShapeError(
        `permute: a tensor ${describeShape(x.shape)} needs all its ${x.ndim} dimensions in a new order, got ${Array.isArray(dims) ? `[${dims.join(", ")}]` : describeValue(dims)}`,
      );
    checkDims("permute", dims, x);
    const axes = dims.map((dim) => (dim < 0 ? dim + x.ndim : dim));
    if (axes.every((axis, d) => axis === d)) return x;
    const strides = stridesOf(x.shape);
    const walk = {
      shape: axes.map((axis) => x.shape[axis]!),
      strides: axes.map((axis) => strides[axis]!),
      offset: 0,
    };
    return run(permuted, [x], { walk, dims: axes });
  },
);

/**
 * Two axes swapped. Throws a ShapeError for a dimension that does not exist.
 *
 * @example
 * transpose(tensor([[1, 2, 3]]), 0, 1)   // [[1], [2], [3]]
 */
export const transpose: Op<[x: Tensor, dimA: number, dimB: number]> = defineOp<
  [x: Tensor, dimA: number, dimB: number]
>(
  {
    name: "transpose",
    formula: "y[…, j, …, i, …] = x[…, i, …, j, …]",
    samples: (make) => [
      [make.normal(2, 3), 0, 1],
      [make.normal(2, 3, 4), 0, -1],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), 0, 2], /transpose: dim 2 does not exist in shape \[2, 3\]/],
      [[make.normal(2, 3)], /transpose: dim is a whole number; got undefined/],
    ],
  },
  (x, dimA, dimB) => {
    checkTensor("transpose", x);
    const a = checkDim("transpose", dimA, x.ndim, x.shape);
    const b = checkDim("transpose", dimB, x.ndim, x.shape);
    const dims = x.shape.map((_size, d) => (d === a ? b : d === b ? a : d));
    return permute(x, dims);
  },
);

/**
 * Repeats along dimensions of size 1 (and new ones in front) up to `shape`; −1 keeps a size. Throws a ShapeError when
 * a size other than 1 would change.
 *
 * @example
 * expand(tensor([[1], [2]]), [2, 3])   // [[1, 1, 1], [2, 2, 2]]
 */
export const expand: Op<[x: Tensor, shape: readonly number[]]> = defineOp<
  [x: Tensor, shape: readonly number[]]
>(
  {
    name: "expand",
    formula: "y[…, i, …] = x[…, 0, …] along repeated dimensions;  ∂L/∂x = Σ ∂L/∂y over the repetitions",
    samples: (make) => [
      [make.normal(3, 1), [3, 4]],
      [make.normal(3), [2, 3]],
      [make.normal(1, 2), [3, -1]],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), [2, 4]], /expand: dimension 1 has size 3; only size 1 can be repeated, to 4/],
      [[make.normal(2, 3), [3]], /expand: shape \[3\] has fewer dimensions than the tensor \[2, 3\]/],
    ],
  },
  (x, shape) => {
    checkTensor("expand", x);
    if (sameShape(x.shape, shape)) return x;
    const lead = Array.isArray(shape) ? shape.length - x.ndim : 0;
    const target = checkShape(
      "expand",
      Array.isArray(shape) ? shape.map((size, d) => (size === -1 ? (x.shape[d - lead] ?? -1) : size)) : shape,
    );
    if (target.length < x.ndim)
      throw new ShapeError(
        `expand: shape ${describeShape(target)} has fewer dimensions than the tensor ${describeShape(x.shape)}`,
      );
    x.shape.forEach((size, d) => {
      if (size !== 1 && size !== target[lead + d])
        throw new ShapeError(
          `expand: dimension ${d} has size ${size}; only size 1 can be repeated, to ${target[lead + d]} here`,
        );
    });
    return run(expanded, [x], { shape: target, strides: broadcastStrides(x.shape, target), offset: 0 });
  },
);

/**
 * The order along the given dimensions reversed. Throws a ShapeError for a dimension that does not exist.
 *
 * @example
 * flip(tensor([1, 2, 3]), 0)   // [3, 2, 1]
 */
export const flip: Op<[x: Tensor, dims: Dims]> = defineOp<[x: Tensor, dims: Dims]>(
  {
    name: "flip",
    formula: "y[i] = x[n − 1 − i] along dims",
    samples: (make) => [
      [make.normal(2, 3), 1],
      [make.normal(2, 3, 4), [0, 2]],
    ],
    mistakes: (make) => [[[make.normal(2, 3), 5], /flip: dim 5 does not exist/]],
  },
  (x, dims) => {
    checkTensor("flip", x);
    const strides = stridesOf(x.shape);
    let offset = 0;
    for (const dim of checkDims("flip", dims, x)) {
      offset += strides[dim]! * Math.max(0, x.shape[dim]! - 1);
      strides[dim] = -strides[dim]!;
    }
    return run(flipped, [x], { shape: x.shape, strides, offset });
  },
);

/** `[start, end]` or `[start, end, step]`, end not included; negative positions count from the end; a number picks one row and drops the dimension. */
export type Range =
  | readonly [start: number, end: number]
  | readonly [start: number, end: number, step: number]
  | number;

/** Elements below which a part of a large tensor is copied. */
const SMALL_PART = 1024;

const rows: Primitive<{ shape: Shape; start: number }> = {
  name: "slice",
  shape: (_inputs, { shape }) => shape,
  view: (_input, { start }) => start,
  backward: (g, _y, [x], { start }) => [
    run(stridedSum, [g], { walk: { shape: [g.size], strides: [1], offset: start }, shape: x!.shape }),
  ],
};

/**
 * A part of a tensor, one range per dimension: `slice(x, [[0, 10], [2, -1], null])`; null keeps a dimension whole, a
 * number picks one row and drops the dimension. Along the first dimension alone, unless small, it shares memory.
 * Throws a ShapeError for a dimension or a place outside the shape.
 *
 * @example
 * slice(tensor([[1, 2, 3], [4, 5, 6]]), [null, [1, 3]])   // [[2, 3], [5, 6]]
 */
export const slice: Op<[x: Tensor, ranges: readonly (Range | null)[]]> = defineOp<
  [x: Tensor, ranges: readonly (Range | null)[]]
>(
  {
    name: "slice",
    formula: "y[i] = x[start + i · step];  ∂L/∂x = ∂L/∂y at those places, 0 elsewhere",
    samples: (make) => [
      [make.normal(5, 3), [[1, 4]]],
      [make.normal(4, 5), [null, [1, 5, 2]]],
      [make.normal(4, 5, 2), [1, [0, -1]]],
      [make.normal(6), [[-3, 6]]],
      [make.normal(3, 3), [[2, 2], null]],
    ],
    mistakes: (make) => [
      [
        [make.normal(2, 3), [[0, 3]]],
        /slice: dimension 0 has positions 0 to 2, the range \[0, 3\] leaves it/,
      ],
      [[make.normal(2, 3), [null, null, [0, 1]]], /slice: 3 ranges for a tensor \[2, 3\] of 2 dimensions/],
      [[make.normal(4), [[0, 4, 0]]], /slice: the step is a whole number from 1 up; got 0/],
      [[make.normal(4), 2], /slice: expects one range per dimension, such as \[\[0, 2\], null\]; got 2/],
      [[make.normal(4), [7]], /slice: index 7 is outside dimension 0 of size 4/],
    ],
  },
  (x, ranges) => {
    checkTensor("slice", x);
    const { walk, onlyFirst } = walkOf("slice", x, ranges);
    const { shape, offset } = walk;
    // A small part is copied: a view of it would hold the whole.
    const size = sizeOf(shape);
    if (onlyFirst && (size >= SMALL_PART || 4 * size >= x.size))
      return run(rows, [x], { shape, start: size === 0 ? 0 : offset });
    return run(sliced, [x], walk);
  },
);

/** @internal The walk through a part of x, and whether it restricts the first dimension alone, without steps. */
export function walkOf(
  operation: string,
  x: Tensor,
  ranges: readonly (Range | null)[],
): { walk: Walking; onlyFirst: boolean } {
  if (!Array.isArray(ranges))
    throw new ArgumentError(
      `${operation}: expects one range per dimension, such as [[0, 2], null]; got ${describeValue(ranges)}`,
    );
  if (ranges.length > x.ndim)
    throw new ShapeError(
      `${operation}: ${ranges.length} ranges for a tensor ${describeShape(x.shape)} of ${x.ndim} dimensions`,
    );
  const from = stridesOf(x.shape);
  const shape: number[] = [];
  const strides: number[] = [];
  let offset = 0;
  let onlyFirst = true;
  for (let d = 0; d < x.ndim; d++) {
    const range: unknown = ranges[d] ?? null;
    if (typeof range === "number") {
      offset += checkIndex(operation, range, d, x.shape) * from[d]!;
      if (d > 0) onlyFirst = false;
      continue;
    }
    const [start, count, step] = checkRange(operation, range, d, x.shape[d]!);
    if (step !== 1 || (d > 0 && count !== x.shape[d])) onlyFirst = false;
    offset += start * from[d]!;
    shape.push(count);
    strides.push(from[d]! * step);
  }
  return { walk: { shape, strides, offset }, onlyFirst };
}

function checkIndex(operation: string, index: unknown, dim: number, shape: Shape): number {
  const size = shape[dim]!;
  if (typeof index !== "number" || !Number.isInteger(index))
    throw new ArgumentError(`${operation}: an index is a whole number; got ${describeValue(index)}`);
  if (index < -size || index >= size)
    throw new ShapeError(
      `${operation}: index ${index} is outside dimension ${dim} of size ${size} (shape ${describeShape(shape)})`,
    );
  return index < 0 ? index + size : index;
}

function checkRange(
  operation: string,
  range: unknown,
  dim: number,
  size: number,
): [start: number, count: number, step: number] {
  if (range === null) return [0, size, 1];
  if (!Array.isArray(range) || range.length < 2 || range.length > 3 || !range.every(Number.isInteger))
    throw new ArgumentError(
      `${operation}: a range is [start, end] or [start, end, step] in whole numbers, a number, or null; got ${Array.isArray(range) ? `[${range.join(", ")}]` : describeValue(range)} for dimension ${dim}`,
    );
  const [first, last, step = 1]: number[] = range;
  const start = first! < 0 ? first! + size : first!;
  const end = last! < 0 ? last! + size : last!;
  if (step < 1)
    throw new ArgumentError(
      `${operation}: the step is a whole number from 1 up; got ${step} (reverse with flip)`,
    );
  if (start < 0 || end > size || start > end)
    throw new ShapeError(
      `${operation}: dimension ${dim} has positions 0 to ${size}, the range [${range.join(", ")}] leaves it or runs backwards`,
    );
  return [start, Math.ceil((end - start) / step), step];
}

/**
 * `length` rows from `start` along `dim`. Along the first dimension, unless small, it shares memory. Throws a
 * ShapeError for a dimension or a place outside the shape.
 *
 * @example
 * narrow(arange(10), 0, 2, 3)   // [2, 3, 4]
 */
export const narrow: Op<[x: Tensor, dim: number, start: number, length: number]> = defineOp<
  [x: Tensor, dim: number, start: number, length: number]
>(
  {
    name: "narrow",
    formula: "y = x[…, start : start + length, …]",
    samples: (make) => [
      [make.normal(4, 3), 0, 1, 2],
      [make.normal(4, 3), 1, 0, 2],
    ],
    mistakes: (make) => [
      [[make.normal(4, 3), 0, 3, 2], /slice: dimension 0 has positions 0 to 4, the range \[3, 5\]/],
      [[make.normal(4, 3), 2, 0, 1], /narrow: dim 2 does not exist/],
    ],
  },
  (x, dim, start, length) => {
    checkTensor("narrow", x);
    const axis = checkDim("narrow", dim, x.ndim, x.shape);
    const ranges: (Range | null)[] = new Array(axis).fill(null);
    ranges.push([start, start + length]);
    return slice(x, ranges);
  },
);

/**
 * Row `index` along `dim`, without that dimension. Along the first dimension, unless small, it shares memory. Throws
 * a ShapeError for a dimension or a place outside the shape.
 *
 * @example
 * select(tensor([[1, 2], [3, 4]]), 1, -1)   // [2, 4]
 */
export const select: Op<[x: Tensor, dim: number, index: number]> = defineOp<
  [x: Tensor, dim: number, index: number]
>(
  {
    name: "select",
    formula: "y = x[…, index, …]",
    samples: (make) => [
      [make.normal(4, 3), 0, 1],
      [make.normal(4, 3), 1, -1],
      [make.normal(4), 0, 2],
    ],
    mistakes: (make) => [
      [[make.normal(4, 3), 0, 4], /select: index 4 is outside dimension 0 of size 4/],
      [[make.normal(), 0, 0], /select: dim 0 of a single number; it has no dimensions/],
    ],
  },
  (x, dim, index) => {
    checkTensor("select", x);
    const axis = checkDim("select", dim, x.ndim, x.shape);
    const ranges: (Range | null)[] = new Array(axis).fill(null);
    ranges.push(checkIndex("select", index, axis, x.shape));
    return slice(x, ranges);
  },
);

// ── Joining and padding ──────────────────────────────────────────────────────────────────────────────────────────────

const joined: Primitive<{ dim: number; shape: Shape }> = {
  name: "concat",
  shape: (_inputs, { shape }) => shape,
  forward: (backend, inputs, out, { dim, shape }) => {
    const strides = stridesOf(shape);
    let offset = 0;
    if (dim > 0) backend.fill(out.storage, 0);
    for (const input of inputs) {
      if (input.size === 0) continue;
      if (dim === 0) backend.copy(input.storage, out.storage.slice(offset, input.size));
      else backend.stridedAdd(input.storage, { shape: input.shape, strides, offset }, out.storage);
      offset += input.shape[dim]! * strides[dim]!;
    }
    return null;
  },
  backward: (g, _y, inputs, { dim }) => {
    let start = 0;
    return inputs.map((input) => {
      const length = input.shape[dim]!;
      start += length;
      return input.requiresGrad ? narrow(g, dim, start - length, length) : null;
    });
  },
};

function checkList(operation: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors) || tensors.length === 0)
    throw new ArgumentError(
      `${operation}: expects an array of at least one tensor; got ${Array.isArray(tensors) ? "an empty array" : describeValue(tensors)}`,
    );
  tensors.forEach((tensor, i) => {
    checkTensor(operation, tensor, `element ${i}`);
    if (tensor.dtype !== tensors[0]!.dtype)
      throw new ArgumentError(
        `${operation}: element ${i} is ${tensor.dtype}, element 0 is ${tensors[0]!.dtype}; convert one with .to(…)`,
      );
  });
}

/**
 * Tensors one after another along `dim`; all other sizes are equal. Throws a ShapeError when the shapes differ
 * elsewhere, an ArgumentError for what is no array of tensors.
 *
 * @example
 * concat([tensor([1, 2]), tensor([3])])   // [1, 2, 3]
 */
export const concat: Op<[tensors: readonly Tensor[], dim?: number]> = defineOp<
  [tensors: readonly Tensor[], dim?: number]
>(
  {
    name: "concat",
    formula: "y = [x₁; x₂; …] along dim;  ∂L/∂xᵢ = its part of ∂L/∂y",
    samples: (make) => [
      [[make.normal(2, 3), make.normal(1, 3)]],
      [[make.normal(2, 3), make.normal(2, 1), make.normal(2, 2)], 1],
      [[make.normal(2, 2, 2), make.normal(2, 2, 1)], -1],
    ],
    mistakes: (make) => [
      [
        [[make.normal(2, 3), make.normal(2, 4)]],
        /concat: element 1 is \[2, 4\], element 0 is \[2, 3\]; .* except dim 0/,
      ],
      [[[]], /concat: expects an array of at least one tensor; got an empty array/],
      [[[make.normal(2), 5]], /concat: expected a tensor as element 1, got 5/],
      [[[make.normal(), make.normal()]], /concat: dim 0 of a single number/],
    ],
  },
  (tensors, dim = 0) => {
    checkList("concat", tensors);
    const first = tensors[0]!;
    const axis = checkDim("concat", dim, first.ndim, first.shape);
    let length = 0;
    tensors.forEach((tensor, i) => {
      if (tensor.ndim !== first.ndim || tensor.shape.some((size, d) => d !== axis && size !== first.shape[d]))
        throw new ShapeError(
          `concat: element ${i} is ${describeShape(tensor.shape)}, element 0 is ${describeShape(first.shape)}; all sizes are equal except dim ${axis}`,
        );
      length += tensor.shape[axis]!;
    });
    return run(joined, tensors, { dim: axis, shape: first.shape.with(axis, length) });
  },
);

/**
 * Tensors of one shape side by side along a new dimension. Throws a ShapeError when the shapes differ, an
 * ArgumentError for what is no array of tensors.
 *
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])])   // [[1, 2], [3, 4]]
 */
export const stack: Op<[tensors: readonly Tensor[], dim?: number]> = defineOp<
  [tensors: readonly Tensor[], dim?: number]
>(
  {
    name: "stack",
    formula: "y[…, i, …] = xᵢ",
    samples: (make) => [[[make.normal(2, 3), make.normal(2, 3)]], [[make.normal(3), make.normal(3)], -1]],
    mistakes: (make) => [
      [
        [[make.normal(2), make.normal(3)]],
        /stack: element 1 is \[3\], element 0 is \[2\]; all shapes are equal/,
      ],
    ],
  },
  (tensors, dim = 0) => {
    checkList("stack", tensors);
    const first = tensors[0]!;
    const axis = checkDim("stack", dim, first.ndim + 1, first.shape);
    tensors.forEach((tensor, i) => {
      if (!sameShape(tensor.shape, first.shape))
        throw new ShapeError(
          `stack: element ${i} is ${describeShape(tensor.shape)}, element 0 is ${describeShape(first.shape)}; all shapes are equal`,
        );
    });
    return concat(
      tensors.map((tensor) => unsqueeze(tensor, axis)),
      axis,
    );
  },
);

const padded: Primitive<{ walk: Walking; shape: Shape }> = {
  name: "pad",
  shape: (_inputs, { shape }) => shape,
  forward: (backend, [x], out, { walk }) => {
    backend.fill(out.storage, 0);
    if (x!.size > 0) backend.stridedAdd(x!.storage, walk, out.storage);
    return null;
  },
  backward: (g, _y, _inputs, { walk }) => [run(sliced, [g], walk)],
};

/** How a border continues an image: mirrored without repeating the edge, the edge repeated, or from the other side. */
export type PadMode = "reflect" | "replicate" | "circular";

/**
 * A border around a tensor: one `[before, after]` per dimension, the last ones if fewer are given. `fill` is a number (0),
 * or how the border continues the inside: "reflect" `3 2 │ 1 2 3 │ 2 1`, "replicate" `1 1 │ 1 2 3 │ 3 3`, "circular"
 * `2 3 │ 1 2 3 │ 1 2`. `pad(images, [[1, 1], [1, 1]])` frames every image of `[N, C, H, W]`.
 * Throws a ShapeError where a mode needs more values than there are.
 *
 * @example
 * pad(tensor([[1, 2]]), [[1, 0]])   // [[0, 1, 2]]
 */
export const pad: Op<[x: Tensor, padding: readonly (readonly [number, number])[], fill?: number | PadMode]> =
  defineOp<[x: Tensor, padding: readonly (readonly [number, number])[], fill?: number | PadMode]>(
    {
      name: "pad",
      formula:
        "y[i + before] = x[i], the fill elsewhere;  ∂L/∂x = the inner part of ∂L/∂y, plus the border's where it came from x",
      samples: (make) => [
        [make.normal(2, 3), [[1, 2]]],
        [
          make.normal(2, 3),
          [
            [1, 0],
            [0, 2],
          ],
          1.5,
        ],
        ...(["reflect", "replicate", "circular"] as const).flatMap(
          (mode): [Tensor, [number, number][], PadMode][] => [
            [make.normal(4), [[2, 1]], mode],
            [
              make.normal(2, 3, 4),
              [
                [2, 1],
                [0, 3],
              ],
              mode,
            ],
          ],
        ),
      ],
      mistakes: (make) => [
        [
          [make.normal(2, 3), [[3, 0]], "reflect"],
          /pad: mode "reflect" needs more than 3 values along dimension 1; it has 3/,
        ],
        [
          [make.normal(2, 3), [[0, 4]], "circular"],
          /pad: mode "circular" needs at least 4 values along dimension 1; it has 3/,
        ],
        [
          [make.normal(0), [[0, 1]], "replicate"],
          /pad: mode "replicate" needs at least 1 value along dimension 0/,
        ],
        [
          [make.normal(2), [[0, 1]], "mirror"],
          /pad: the fill is a number, "reflect", "replicate" or "circular"; got the string "mirror"/,
        ],
        [[make.normal(2), [[1, -1]]], /pad: paddings are whole numbers from 0 up; got \[1, -1\]/],
        [
          [make.normal(2), 1],
          /pad: expects \[before, after\] for each dimension to pad, such as \[\[1, 1\], \[1, 1\]\]; got 1/,
        ],
        [
          [
            make.normal(2),
            [
              [1, 1],
              [1, 1],
            ],
          ],
          /pad: 2 paddings for a tensor \[2\] of 1 dimension/,
        ],
      ],
    },
    (x, padding, fill = 0) => {
      checkTensor("pad", x);
      if (!Array.isArray(padding) || !padding.every((pair) => Array.isArray(pair) && pair.length === 2))
        throw new ArgumentError(
          `pad: expects [before, after] for each dimension to pad, such as [[1, 1], [1, 1]]; got ${describeValue(padding)}`,
        );
      if (padding.length > x.ndim)
        throw new ShapeError(
          `pad: ${padding.length} paddings for a tensor ${describeShape(x.shape)} of ${x.ndim} dimension${x.ndim === 1 ? "" : "s"}`,
        );
      for (const pair of padding)
        if (!pair.every((size: unknown) => Number.isInteger(size) && (size as number) >= 0))
          throw new ArgumentError(`pad: paddings are whole numbers from 0 up; got [${pair.join(", ")}]`);
      if (typeof fill !== "number") return continued(x, padding, fill);
      const lead = x.ndim - padding.length;
      const before = (d: number) => padding[d - lead]?.[0] ?? 0;
      const shape = x.shape.map((size, d) => size + before(d) + (padding[d - lead]?.[1] ?? 0));
      const strides = stridesOf(shape);
      const offset = strides.reduce((sum, stride, d) => sum + stride * before(d), 0);
      const walk = { shape: x.shape, strides, offset };
      const framed = run(padded, [x], { walk, shape });
      return fill === 0 ? framed : where(insideOf(framed, walk), framed, fill);
    },
  );

/** Pads with parts of the tensor itself, one dimension after the other. */
function continued(x: Tensor, padding: readonly (readonly [number, number])[], mode: PadMode): Tensor {
  if (mode !== "reflect" && mode !== "replicate" && mode !== "circular")
    throw new ArgumentError(
      `pad: the fill is a number, "reflect", "replicate" or "circular"; got ${describeValue(mode)}`,
    );
  const lead = x.ndim - padding.length;
  return padding.reduce((inside, [before, after], i) => {
    const dim = lead + i;
    const size = x.shape[dim]!;
    const reach = Math.max(before, after);
    if (reach === 0) return inside;
    checkReach(mode, reach, size, dim, x.shape);
    const part = (start: number, length: number) => narrow(inside, dim, start, length);
    const repeated = (start: number, length: number) =>
      expand(part(start, 1), inside.shape.with(dim, length));
    const border = {
      reflect: () => [flip(part(1, before), dim), flip(part(size - 1 - after, after), dim)],
      replicate: () => [repeated(0, before), repeated(size - 1, after)],
      circular: () => [part(size - before, before), part(0, after)],
    }[mode]();
    return concat([border[0]!, inside, border[1]!], dim);
  }, x);
}

function checkReach(mode: PadMode, reach: number, size: number, dim: number, shape: Shape): void {
  const least = { reflect: reach + 1, replicate: 1, circular: reach }[mode];
  if (size >= least) return;
  const needed = mode === "reflect" ? `more than ${reach}` : `at least ${least}`;
  throw new ShapeError(
    `pad: mode "${mode}" needs ${needed} value${needed === "at least 1" ? "" : "s"} along dimension ${dim}; it has ${size} (shape ${describeShape(shape)})`,
  );
}

/** @internal True where a walk passes. */
export function insideOf(like: Tensor, walk: Walking): Tensor {
  const { backend } = like.holding;
  const one = constant(1, like.dtype, backend);
  const marks = makeEmpty("pad", like.shape, like.dtype, backend);
  backend.fill(marks.storage, 0);
  const [ones] = operands("pad", expand(one, walk.shape), one, "whole");
  backend.stridedAdd(ones.storage, walk, marks.storage);
  return marks.to("bool");
}
