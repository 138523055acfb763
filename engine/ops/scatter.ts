/** Putting values where positions, a mask or a range say, and finding them there; the tensor itself stays as it is. */
import { withBackend } from "../backend/current.ts";
import { tensor } from "../creation.ts";
import { ArgumentError, DTypeError, describeValue, ShapeError } from "../errors.ts";
import { checkSameDType, checkTensor, defineOp, type Op, run, type SampleMaker } from "../op.ts";
import { broadcastShapes, checkDim, describeShape, sameShape, stridesOf } from "../shapes.ts";
import { type Operand, Tensor } from "../tensor.ts";
import { add, operands, to, where } from "./elementwise.ts";
import { checkPositions, flatPositions, gathered, indexSelect, scattered } from "./indexing.ts";
import { expand, insideOf, type Range, reshape, stridedSum, walkOf } from "./movement.ts";

// ── By a table of positions ──────────────────────────────────────────────────────────────────────────────────────────

type ScatterArgs = [x: Tensor, dim: number, indices: Tensor, source: Operand];

/** Where in the memory of x each value goes, and the values, in the indices' shape. */
function resolve(
  operation: string,
  [x, dim, indices, source]: ScatterArgs,
): { places: Int32Array; values: Tensor } {
  checkTensor(operation, x);
  checkTensor(operation, indices, "indices");
  const axis = checkDim(operation, dim, x.ndim, x.shape);
  const places = flatPositions(x.shape, axis, checkPositions(operation, x, axis, indices));
  if (typeof source === "number") {
    const value = withBackend(x.holding.backend, () => tensor(source, { dtype: x.dtype }));
    return { places, values: expand(value, indices.shape) };
  }
  if (!(source instanceof Tensor))
    throw new ArgumentError(
      `${operation}: the source is a tensor in the shape of the indices, or a number; got ${describeValue(source)}`,
    );
  checkSameDType(operation, x, source);
  if (!sameShape(source.shape, indices.shape))
    throw new ShapeError(
      `${operation}: the source is ${describeShape(source.shape)}, the indices are ${describeShape(indices.shape)}; they must be equal`,
    );
  return { places, values: source };
}

const listOf = (positions: Int32Array, like: Tensor) =>
  withBackend(like.holding.backend, () => tensor(positions));

const scatterMistakes =
  (name: string) =>
  (make: SampleMaker): [readonly unknown[], RegExp][] => [
    [
      [make.normal(2, 3), 1, make.labels(3, 2), make.normal(2)],
      new RegExp(`${name}: the indices \\[2\\] have 1 dimension, the tensor \\[2, 3\\] has 2`),
    ],
    [
      [make.normal(2, 3), 1, make.labels(3, 2, 1), make.normal(2)],
      new RegExp(`${name}: the source is \\[2\\], the indices are \\[2, 1\\]; they must be equal`),
    ],
    [
      [make.normal(2, 3), 1, make.of([2, 1], [0, 3]).to("int32"), 1],
      new RegExp(`${name}: index 3 \\(at position 1\\) is outside the dimension of size 3`),
    ],
    [
      [make.normal(2, 3), 1, make.labels(3, 2, 1), make.labels(3, 2, 1)],
      new RegExp(`${name}: the operands are float.* and int32`),
    ],
    [
      [make.normal(2, 3), 1, make.labels(3, 2, 1), "ones"],
      new RegExp(`${name}: the source is a tensor .* or a number; got the string "ones"`),
    ],
  ];

/**
 * x with values put at the given positions along `dim`: `y[i][indices[i][j]] = source[i][j]` for dim 1, the reverse of
 * `gather`. `indices` (int32) has the dimensions of x and may be shorter along any of them; the source has the indices'
 * shape or is a number. Where a position is given twice, the last one counts. Throws a ShapeError for an index
 * outside the dimension or shapes that do not fit, a DTypeError when the dtypes differ.
 *
 * @example
 * zeros([2, 3]).scatter(1, tensor([[2], [0]], { dtype: "int32" }), 1)   // one-hot rows: [[0, 0, 1], [1, 0, 0]]
 */
export const scatter: Op<ScatterArgs> = defineOp<ScatterArgs>(
  {
    name: "scatter",
    formula:
      "y[i, indices[i, j]] = source[i, j] (dim 1), x elsewhere;  ∂L/∂source = ∂L/∂y at those places, ∂L/∂x elsewhere",
    samples: (make) => [
      [make.normal(3, 4), 1, make.labels(4, 3, 1), make.normal(3, 1)],
      [make.normal(3, 4), 0, make.of([2, 4], [0, 2, 1, 1, 1, 0, -1, 1]).to("int32"), make.normal(2, 4)],
      [make.normal(4, 3), 0, make.labels(4, 2, 2), 7],
      [make.normal(5), 0, make.labels(5, 9), make.normal(9)],
    ],
    mistakes: scatterMistakes("scatter"),
  },
  (...args) => {
    const { places, values } = resolve("scatter", args);
    const [x] = args;
    const origins = new Int32Array(x.size);
    const marks = new Uint8Array(x.size);
    places.forEach((place, i) => {
      origins[place] = i;
      marks[place] = 1;
    });
    if (places.length === 0) return x;
    const options = { rowLength: 1, shape: x.shape };
    const placed = run(gathered, [values, listOf(origins, x)], options);
    const mask = withBackend(x.holding.backend, () => tensor(marks, { shape: x.shape, dtype: "bool" }));
    return to(where(mask, placed, x), x.dtype);
  },
);

/**
 * x with values added at the given positions along `dim`: `y[i][indices[i][j]] += source[i][j]` for dim 1. Positions may
 * repeat: their values add up. Shapes as for `scatter`. Throws a ShapeError for an index outside the dimension or
 * shapes that do not fit, a DTypeError when the dtypes differ.
 *
 * @example
 * scatterAdd(zeros([3]), 0, tensor([2, 2], { dtype: "int32" }), tensor([1, 4]))   // [0, 0, 5]
 */
export const scatterAdd: Op<ScatterArgs> = defineOp<ScatterArgs>(
  {
    name: "scatterAdd",
    formula:
      "y[i, indices[i, j]] += source[i, j] (dim 1);  ∂L/∂x = ∂L/∂y, ∂L/∂source = ∂L/∂y at those places",
    samples: (make) => [
      [make.normal(3, 4), 1, make.labels(4, 3, 2), make.normal(3, 2)],
      [make.normal(3, 4), 0, make.labels(3, 5, 4), make.normal(5, 4)],
      [make.normal(4, 3), 0, make.labels(4, 2, 2), 7],
    ],
    mistakes: scatterMistakes("scatterAdd"),
  },
  (...args) => {
    const { places, values } = resolve("scatterAdd", args);
    const [x] = args;
    return add(x, run(scattered, [values, listOf(places, x)], { rowLength: 1, shape: x.shape }));
  },
);

// ── By a range ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * x with a part replaced: what `x[ranges] = source` is in Python, as a new tensor. Ranges as for `slice`; the source
 * broadcasts to the part. Throws a ShapeError when the source does not fit the part, or the part the tensor.
 *
 * @example
 * const covered = image.sliceScatter([null, [4, 8], [4, 8]], 0.5);   // a grey square on [C, H, W]
 */
export const sliceScatter: Op<[x: Tensor, ranges: readonly (Range | null)[], source: Operand]> = defineOp<
  [x: Tensor, ranges: readonly (Range | null)[], source: Operand]
>(
  {
    name: "sliceScatter",
    formula:
      "y[start + i · step] = source[i], x elsewhere;  ∂L/∂source = ∂L/∂y in the part, ∂L/∂x outside it",
    samples: (make) => [
      [
        make.normal(4, 5),
        [
          [1, 3],
          [0, 5, 2],
        ],
        make.normal(2, 3),
      ],
      [make.normal(2, 4, 4), [null, [1, 3], [1, 3]], 0.5],
      [make.normal(3, 4), [1], make.normal(4)],
      [make.normal(3, 4), [null, -1], make.normal(1)],
      [make.normal(3, 3), [[2, 2]], 1],
    ],
    mistakes: (make) => [
      [
        [make.normal(4), [[0, 2]], make.normal(3)],
        /sliceScatter: the source \[3\] does not fit the part \[2\] of the tensor \[4\]/,
      ],
      [[make.normal(4), [[0, 5]], 0], /sliceScatter: dimension 0 has positions 0 to 4, the range \[0, 5\]/],
      [[make.normal(4), [9], 0], /sliceScatter: index 9 is outside dimension 0/],
      [[make.normal(4), 2, 0], /sliceScatter: expects one range per dimension/],
      [[make.normal(4), [[0, 2]], [1, 2]], /sliceScatter: the second operand .* got an array of 2/],
    ],
  },
  (x, ranges, source) => {
    checkTensor("sliceScatter", x);
    const { walk } = walkOf("sliceScatter", x, ranges);
    const fitting = to(operands("sliceScatter", x, source, "whole")[1], x.dtype);
    if (!sameShape(broadcast(fitting, walk.shape), walk.shape))
      throw new ShapeError(
        `sliceScatter: the source ${describeShape(fitting.shape)} does not fit the part ${describeShape(walk.shape)} of the tensor ${describeShape(x.shape)}`,
      );
    const placed = run(stridedSum, [expand(fitting, walk.shape)], { walk, shape: x.shape });
    return to(where(insideOf(placed, walk), placed, x), x.dtype);
  },
);

const broadcast = (x: Tensor, shape: readonly number[]) => {
  try {
    return broadcastShapes("sliceScatter", x.shape, shape);
  } catch {
    return [];
  }
};

// ── By a mask ────────────────────────────────────────────────────────────────────────────────────────────────────────

function checkMask(operation: string, mask: unknown): asserts mask is Tensor {
  checkTensor(operation, mask, "mask");
  if (mask.dtype !== "bool")
    throw new DTypeError(
      `${operation}: the mask is a bool tensor, got ${mask.dtype}; compare first, as in x.greater(0)`,
    );
}

/**
 * `value` where the mask is true, x elsewhere; the mask broadcasts to x. Throws a DTypeError when the mask is not
 * bool, a ShapeError when it does not fit.
 *
 * @example
 * maskedFill(tensor([1, -2]), tensor([1, -2]).less(0), 0)   // [1, 0]
 */
export const maskedFill: Op<[x: Tensor, mask: Tensor, value: number]> = defineOp<
  [x: Tensor, mask: Tensor, value: number]
>(
  {
    name: "maskedFill",
    formula: "y = mask ? value : x;  ∂y/∂x = 1 where the mask is false",
    samples: (make) => [
      [make.normal(2, 3), make.mask(2, 3), 0.5],
      [make.normal(2, 3), make.mask(3), -1000],
    ],
    mistakes: (make) => [
      [[make.normal(2), make.normal(2), 0], /maskedFill: the mask is a bool tensor, got float/],
      [
        [make.normal(2), make.mask(2), make.normal(2)],
        /maskedFill: the value is a number; got .*; use where/,
      ],
      [[make.normal(2), make.mask(3, 1), 0], /maskedFill: the mask \[3, 1\] does not fit the tensor \[2\]/],
    ],
  },
  (x, mask, value) => {
    checkTensor("maskedFill", x);
    checkMask("maskedFill", mask);
    if (typeof value !== "number")
      throw new ArgumentError(
        `maskedFill: the value is a number; got ${describeValue(value)}; use where(mask, values, x) for a tensor`,
      );
    if (!sameShape(broadcast(mask, x.shape), x.shape))
      throw new ShapeError(
        `maskedFill: the mask ${describeShape(mask.shape)} does not fit the tensor ${describeShape(x.shape)}`,
      );
    return to(where(mask, value, x), x.dtype);
  },
);

/** Where in the memory the elements are that are not 0. */
function placesOf(x: Tensor): Int32Array {
  const values = x.storage.values();
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) count++;
  const places = new Int32Array(count);
  for (let i = 0, next = 0; i < values.length; i++) if (values[i] !== 0) places[next++] = i;
  return places;
}

/**
 * The values where the mask is true, as a list `[n]`, row by row. The mask has the shape of x. Throws a DTypeError
 * when the mask is not bool, a ShapeError when it does not fit.
 *
 * @example
 * maskedSelect(tensor([1, -2, 3]), tensor([1, -2, 3]).greater(0))   // [1, 3]
 */
export const maskedSelect: Op<[x: Tensor, mask: Tensor]> = defineOp<[x: Tensor, mask: Tensor]>(
  {
    name: "maskedSelect",
    formula: "y = the x[i] whose mask[i] is true;  ∂L/∂x = ∂L/∂y at those places, 0 elsewhere",
    samples: (make) => [
      [make.normal(2, 3), make.of([2, 3], [1, 0, 1, 1, 0, 0]).to("bool")],
      [make.normal(4), make.of([4], [0, 1, 0, 0]).to("bool")],
    ],
    mistakes: (make) => [
      [
        [make.normal(2, 3), make.mask(3)],
        /maskedSelect: the mask is \[3\], the tensor \[2, 3\]; they must be equal/,
      ],
      [[make.normal(2), make.normal(2)], /maskedSelect: the mask is a bool tensor, got float/],
    ],
  },
  (x, mask) => {
    checkTensor("maskedSelect", x);
    checkMask("maskedSelect", mask);
    if (!sameShape(x.shape, mask.shape))
      throw new ShapeError(
        `maskedSelect: the mask is ${describeShape(mask.shape)}, the tensor ${describeShape(x.shape)}; they must be equal (expand the mask)`,
      );
    return indexSelect(reshape(x, [x.size]), 0, listOf(placesOf(mask), x));
  },
);

/**
 * The positions of the elements that are not 0 (or true), one per row: `[n, dimensions]`, int32.
 *
 * @example
 * const wrong = nonzero(predicted.notEqual(labels)).flatten();   // which samples were misclassified
 */
export const nonzero: Op<[x: Tensor]> = defineOp<[x: Tensor]>(
  {
    name: "nonzero",
    formula: "y[k] = the k-th position i with x[i] ≠ 0",
    differentiable: false,
    samples: (make) => [[make.mask(3, 4)], [make.labels(2, 5)], [make.of([2], [0, 0])], [make.of([], [1])]],
    mistakes: () => [[[[1, 0]], /nonzero: expected a tensor, got an array of 2/]],
  },
  (x) => {
    checkTensor("nonzero", x);
    const places = placesOf(x);
    const strides = stridesOf(x.shape);
    const rows = Int32Array.from({ length: places.length * x.ndim }, (_row, i) => {
      const d = i % x.ndim;
      return Math.floor(places[Math.floor(i / x.ndim)]! / strides[d]!) % x.shape[d]!;
    });
    return withBackend(x.holding.backend, () => tensor(rows, { shape: [places.length, x.ndim] }));
  },
);
