/** Picking by tables of positions: batches, embeddings, the probability of the right class. */

import { withBackend } from "../backend/current.ts";
import { makeEmpty, tensor } from "../creation.ts";
import { ArgumentError, DTypeError, describeValue, ShapeError } from "../errors.ts";
import { checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { checkDim, describeShape, type Shape, sizeOf, stridesOf } from "../shapes.ts";
import { Tensor } from "../tensor.ts";
import { transpose } from "./movement.ts";

interface Rows {
  readonly rowLength: number;
  /** Of the output. */
  readonly shape: Shape;
}

/** @internal */
export const gathered: Primitive<Rows> = {
  name: "gatherRows",
  shape: (_inputs, { shape }) => shape,
  forward: (backend, [x, indices], out, { rowLength }) => {
    if (out.size > 0) backend.gatherRows(x!.storage, indices!.storage, out.storage, rowLength);
    return null;
  },
  backward: (g, _y, [x, indices], { rowLength }) => [
    run(scattered, [g, indices!], { rowLength, shape: x!.shape }),
    null,
  ],
};

/** @internal The gradient of picking rows: each is added where it was taken from. */
export const scattered: Primitive<Rows> = {
  name: "scatterAddRows",
  shape: (_inputs, { shape }) => shape,
  forward: (backend, [g, indices], out, { rowLength }) => {
    backend.fill(out.storage, 0);
    if (g!.size > 0) backend.scatterAddRows(g!.storage, indices!.storage, out.storage, rowLength);
    return null;
  },
  backward: (gg, _y, [g, indices], { rowLength }) => [
    run(gathered, [gg, indices!], { rowLength, shape: g!.shape }),
    null,
  ],
};

const picked: Primitive<number> = {
  name: "gather",
  shape: ([_x, indices]) => indices!.shape,
  forward: (backend, [x, indices], out, axis) => {
    const flat = makeEmpty("gather", [out.size], "int32", backend);
    flat.storage.values().set(flatPositions(x!.shape, axis, indices!));
    if (out.size > 0) backend.gatherRows(x!.storage, flat.storage, out.storage, 1);
    return flat;
  },
  backward: (g, _y, [x], _axis, flat) => [
    run(scattered, [g, flat!], { rowLength: 1, shape: x!.shape }),
    null,
  ],
};

/** Positions as an int32 tensor, each in [−size, size) and made positive. */
function checkIndices(operation: string, indices: unknown, size: number, like: Tensor): Tensor {
  const { backend } = like.holding;
  const given = indices instanceof Tensor ? indices : null;
  if (given === null && !Array.isArray(indices) && !(indices instanceof Int32Array))
    throw new ArgumentError(
      `${operation}: the indices are an int32 tensor or an array of whole numbers; got ${describeValue(indices)}`,
    );
  if (given !== null && given.dtype !== "int32")
    throw new DTypeError(
      `${operation}: the indices are an int32 tensor, got ${given.dtype}; convert with .to("int32")`,
    );
  const values: ArrayLike<number> = given?.storage.values() ?? (indices as number[]);
  let negative = false;
  for (let i = 0; i < values.length; i++) {
    const index = values[i]!;
    if (!Number.isInteger(index) || index < -size || index >= size)
      throw new ShapeError(
        `${operation}: index ${describeValue(index)} (at position ${i}) is outside the dimension of size ${size}; indices go from 0 to ${size - 1}, or -1 to -${size} from the end`,
      );
    if (index < 0) negative = true;
  }
  if (given !== null && !negative && given.holding.backend === backend) return given;
  const positive = Int32Array.from(values, (index) => (index < 0 ? index + size : index));
  const shape = given?.shape ?? [positive.length];
  return withBackend(backend, () => tensor(positive, { shape }));
}

/**
 * The rows along `dim` at the given positions, in that order, repeated ones too. Gradients of repeated rows add up.
 * Throws a ShapeError for an index outside the dimension, a DTypeError for indices that are not int32.
 *
 * @example
 * indexSelect(tensor([[1, 2], [3, 4]]), 0, tensor([1, 1], { dtype: "int32" }))   // [[3, 4], [3, 4]]
 */
export const indexSelect: Op<[x: Tensor, dim: number, indices: Tensor | readonly number[]]> = defineOp<
  [x: Tensor, dim: number, indices: Tensor | readonly number[]]
>(
  {
    name: "indexSelect",
    formula: "y[…, i, …] = x[…, indices[i], …];  ∂L/∂x = Σ ∂L/∂y over the places each row went to",
    samples: (make) => [
      [make.normal(4, 3), 0, make.labels(4, 6)],
      [make.normal(3, 4), 1, [3, 0, 0, -1]],
      [make.normal(5), 0, [1, 1, 4]],
      [make.normal(6, 2, 3), 0, [5, 2]],
    ],
    mistakes: (make) => [
      [
        [make.normal(4, 3), 0, [4]],
        /indexSelect: index 4 \(at position 0\) is outside the dimension of size 4/,
      ],
      [[make.normal(4, 3), 0, [0.5]], /indexSelect: index 0\.5/],
      [[make.normal(4, 3), 0, make.normal(2)], /indexSelect: the indices are an int32 tensor, got float/],
      [[make.normal(4, 3), 0, "all"], /indexSelect: .* got the string "all"/],
      [
        [make.normal(4, 3), 0, make.labels(2, 2, 2)],
        /indexSelect: the indices are a list \[n\], got \[2, 2\]/,
      ],
      [[make.normal(4, 3), 2, [0]], /indexSelect: dim 2 does not exist/],
    ],
  },
  (x, dim, indices) => {
    checkTensor("indexSelect", x);
    const axis = checkDim("indexSelect", dim, x.ndim, x.shape);
    const positions = checkIndices("indexSelect", indices, x.shape[axis]!, x);
    if (positions.ndim !== 1)
      throw new ShapeError(
        `indexSelect: the indices are a list [n], got ${describeShape(positions.shape)}; use gather or flatten them`,
      );
    if (axis > 0) return transpose(indexSelect(transpose(x, 0, axis), 0, positions), 0, axis);
    const row = x.shape.slice(1);
    return run(gathered, [x, positions], { rowLength: sizeOf(row), shape: [positions.size, ...row] });
  },
);

/**
 * One value per index along `dim`: `y[i][j] = x[i][indices[i][j]]` for dim 1. `indices` (int32) has the dimensions of x, and
 * may be shorter along any of them. `gather(logProbabilities, 1, labels.unsqueeze(1))` picks the right class of each
 * sample. Throws a ShapeError for an index outside the dimension or indices in a shape that does not fit, a
 * DTypeError for indices that are not int32.
 *
 * @example
 * gather(tensor([[0.2, 0.8], [0.6, 0.4]]), 1, tensor([[1], [0]], { dtype: "int32" }))   // [[0.8], [0.6]]
 */
export const gather: Op<[x: Tensor, dim: number, indices: Tensor]> = defineOp<
  [x: Tensor, dim: number, indices: Tensor]
>(
  {
    name: "gather",
    formula: "y[i, j] = x[i, indices[i, j]] (dim 1);  ∂L/∂x = Σ ∂L/∂y over the places each value went to",
    samples: (make) => [
      [make.normal(4, 3), 1, make.labels(3, 4, 1)],
      [make.normal(4, 3), 0, make.labels(4, 2, 3)],
      [make.normal(2, 3, 4), 2, make.labels(4, 2, 3, 5)],
      [make.normal(5), 0, make.labels(5, 3)],
    ],
    mistakes: (make) => [
      [
        [make.normal(4, 3), 1, make.labels(3, 4)],
        /gather: the indices \[4\] have 1 dimension, the tensor \[4, 3\] has 2/,
      ],
      [
        [make.normal(4, 3), 1, make.labels(3, 5, 1)],
        /gather: dimension 0 of the indices is 5, longer than the tensor's 4/,
      ],
      [[make.normal(4, 3), 1, make.normal(4, 1)], /gather: the indices are an int32 tensor/],
    ],
  },
  (x, dim, indices) => {
    checkTensor("gather", x);
    checkTensor("gather", indices, "indices");
    const axis = checkDim("gather", dim, x.ndim, x.shape);
    return run(picked, [x, checkPositions("gather", x, axis, indices)], axis);
  },
);

/** @internal Indices with the dimensions of x, none but `axis` longer, each in the range of `axis` and made positive. */
export function checkPositions(operation: string, x: Tensor, axis: number, indices: Tensor): Tensor {
  if (indices.ndim !== x.ndim)
    throw new ShapeError(
      `${operation}: the indices ${describeShape(indices.shape)} have ${indices.ndim} dimension${indices.ndim === 1 ? "" : "s"}, the tensor ${describeShape(x.shape)} has ${x.ndim}; add one with unsqueeze`,
    );
  indices.shape.forEach((size, d) => {
    if (d !== axis && size > x.shape[d]!)
      throw new ShapeError(
        `${operation}: dimension ${d} of the indices is ${size}, longer than the tensor's ${x.shape[d]}`,
      );
  });
  return checkIndices(operation, indices, x.shape[axis]!, x);
}

/** @internal Where in the memory of `shape` the value for each index lies. */
export function flatPositions(shape: Shape, axis: number, indices: Tensor): Int32Array {
  const strides = stridesOf(shape);
  const values = indices.storage.values();
  const flat = new Int32Array(values.length);
  const position = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < flat.length; i++) {
    let at = 0;
    for (let d = 0; d < shape.length; d++) at += strides[d]! * (d === axis ? values[i]! : position[d]!);
    flat[i] = at;
    for (let d = shape.length - 1; d >= 0; d--) {
      position[d]!++;
      if (position[d]! < indices.shape[d]!) break;
      position[d] = 0;
    }
  }
  return flat;
}
