/** Moving whole rows and planes about: shifting, repeating, dividing, triangles and diagonals. */
import { withBackend } from "../backend/current.ts";
import { tensor } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { checkTensor, defineOp, type Op, run } from "../op.ts";
import { checkOptions } from "../options.ts";
import { checkDim, checkShape, describeShape, stridesOf } from "../shapes.ts";
import type { Dims, Tensor } from "../tensor.ts";
import { where } from "./elementwise.ts";
import { concat, expand, narrow, reshape, sliced, stridedSum } from "./movement.ts";
import { sum } from "./reduction.ts";

// ── Shifting and repeating ───────────────────────────────────────────────────────────────────────────────────────────

/**
 * Everything moved by `shifts` places along `dims` (to the right and down if positive); what leaves at one end comes in at
 * the other. One shift per dimension. Without `dims` the tensor is shifted as one long row. Throws a ShapeError for a
 * dimension that does not exist, an ArgumentError when there is not one shift for each.
 *
 * @example
 * images.roll([2, 3], [2, 3])   // [N, C, H, W]: two pixels down, three to the right
 */
export const roll: Op<[x: Tensor, shifts: Dims, dims?: Dims | undefined]> = defineOp<
  [x: Tensor, shifts: Dims, dims?: Dims | undefined]
>(
  {
    name: "roll",
    formula: "y[(i + shift) mod n] = x[i] along each dim;  ∂L/∂x = ∂L/∂y rolled back",
    samples: (make) => [
      [make.normal(5), 2],
      [make.normal(2, 3), 1],
      [make.normal(3, 4), [1, -1], [0, 1]],
      [make.normal(2, 1, 4, 5), [7, -3], [-2, -1]],
      [make.normal(2, 3), 0, 1],
      [make.normal(2, 5), [1, 1], [1, 1]],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), [1, 2], 0], /roll: 2 shifts for 1 dimension; give one shift for each/],
      [[make.normal(2, 3), [1, 2]], /roll: 2 shifts and no dims; say along which dimensions/],
      [[make.normal(2, 3), 0.5, 0], /roll: shifts are whole numbers; got 0\.5/],
      [[make.normal(2, 3)], /roll: shifts are whole numbers; got undefined/],
      [[make.normal(2, 3), 1, 2], /roll: dim 2 does not exist/],
    ],
  },
  (x, shifts, dims) => {
    checkTensor("roll", x);
    const steps: readonly unknown[] = Array.isArray(shifts) ? shifts : [shifts];
    for (const step of steps)
      if (typeof step !== "number" || !Number.isInteger(step))
        throw new ArgumentError(`roll: shifts are whole numbers; got ${describeValue(step)}`);
    if (dims === undefined || dims === null) {
      if (steps.length !== 1)
        throw new ArgumentError(
          `roll: ${steps.length} shifts and no dims; say along which dimensions: x.roll([${steps.join(", ")}], [dims])`,
        );
      return reshape(rollAlong(reshape(x, [x.size]), 0, steps[0] as number), x.shape);
    }
    const axes: readonly unknown[] = Array.isArray(dims) ? dims : [dims];
    if (axes.length !== steps.length)
      throw new ArgumentError(
        `roll: ${steps.length} shift${steps.length === 1 ? "" : "s"} for ${axes.length} dimension${axes.length === 1 ? "" : "s"}; give one shift for each`,
      );
    return axes.reduce<Tensor>(
      (rolled, axis, i) => rollAlong(rolled, checkDim("roll", axis, x.ndim, x.shape), steps[i] as number),
      x,
    );
  },
);

function rollAlong(x: Tensor, axis: number, shift: number): Tensor {
  const size = x.shape[axis]!;
  const step = size === 0 ? 0 : ((shift % size) + size) % size;
  if (step === 0) return x;
  return concat([narrow(x, axis, size - step, step), narrow(x, axis, 0, size - step)], axis);
}

/**
 * The tensor laid side by side with itself: `repeats[d]` times along dimension d. More repeats than dimensions make new
 * dimensions in front. Throws a ShapeError when there is not one number for each dimension.
 *
 * @example
 * repeat(tensor([1, 2]), [3])   // [1, 2, 1, 2, 1, 2]
 */
export const repeat: Op<[x: Tensor, repeats: readonly number[]]> = defineOp<
  [x: Tensor, repeats: readonly number[]]
>(
  {
    name: "repeat",
    formula: "y[i] = x[i mod n] along each dim;  ∂L/∂x = Σ ∂L/∂y over the repetitions",
    samples: (make) => [
      [make.normal(3), [2]],
      [make.normal(2, 3), [2, 2]],
      [make.normal(3), [4, 1]],
      [make.normal(2, 1, 2), [1, 3, 2]],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), [2]], /repeat: 1 number of repeats for a tensor \[2, 3\] of 2 dimensions/],
      [[make.normal(2), [-1]], /repeat: sizes are whole numbers from 0 up; got -1/],
      [[make.normal(2), "twice"], /repeat: .* got the string "twice"/],
    ],
  },
  (x, repeats) => {
    checkTensor("repeat", x);
    const times = checkShape("repeat", repeats);
    if (times.length < x.ndim)
      throw new ShapeError(
        `repeat: ${times.length} number${times.length === 1 ? "" : "s"} of repeats for a tensor ${describeShape(x.shape)} of ${x.ndim} dimensions; give one for each (1 keeps it)`,
      );
    const sizes = times.map((_count, d) => x.shape[d - (times.length - x.ndim)] ?? 1);
    const apart = sizes.flatMap((size) => [1, size]);
    const repeated = expand(
      reshape(x, apart),
      apart.map((size, i) => (i % 2 === 0 ? times[i / 2]! : size)),
    );
    return reshape(
      repeated,
      sizes.map((size, d) => size * times[d]!),
    );
  },
);

// ── Dividing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Parts along `dim`: of `sizes[0]`, `sizes[1]`, … rows, or of one size each (the last part may be smaller). Joined by
 * `concat` they are the tensor again. Throws a ShapeError when the sizes do not add up.
 *
 * @example
 * const [mean, logVariance] = encoder(x).split(20, 1) as [Tensor, Tensor];   // [N, 40] → twice [N, 20]
 */
export function split(x: Tensor, sizes: number | readonly number[], dim = 0): Tensor[] {
  checkTensor("split", x);
  const axis = checkDim("split", dim, x.ndim, x.shape);
  const total = x.shape[axis]!;
  const parts: number[] = [];
  if (typeof sizes === "number") {
    if (!Number.isInteger(sizes) || sizes < 1)
      throw new ArgumentError(
        `split: a part has 1 row or more; got ${sizes} (chunk takes a number of parts)`,
      );
    for (let start = 0; start < total; start += sizes) parts.push(Math.min(sizes, total - start));
    if (parts.length === 0) parts.push(0);
  } else {
    parts.push(...checkShape("split", sizes));
    const covered = parts.reduce((rows, part) => rows + part, 0);
    if (covered !== total)
      throw new ShapeError(
        `split: the parts [${parts.join(", ")}] add up to ${covered}, dimension ${axis} of ${describeShape(x.shape)} is ${total}`,
      );
  }
  let start = 0;
  return parts.map((part) => {
    start += part;
    return narrow(x, axis, start - part, part);
  });
}

/**
 * At most `count` parts of equal size along `dim`; the last may be smaller, and there may be fewer, as in PyTorch.
 * Throws a ShapeError for a dimension that does not exist.
 *
 * @example
 * chunk(arange(5), 2).map((part) => part.toArray())   // [[0, 1, 2], [3, 4]]
 */
export function chunk(x: Tensor, count: number, dim = 0): Tensor[] {
  checkTensor("chunk", x);
  const axis = checkDim("chunk", dim, x.ndim, x.shape);
  if (!Number.isInteger(count) || count < 1)
    throw new ArgumentError(
      `chunk: the number of parts is a whole number from 1 up; got ${describeValue(count)}`,
    );
  return split(x, Math.max(1, Math.ceil(x.shape[axis]! / count)), axis);
}

/** Options of `meshgrid`. */
export interface MeshgridOptions {
  /** "ij" (default): the first vector runs along dimension 0; "xy": along dimension 1, as x does in a picture. */
  indexing?: "ij" | "xy";
}

/**
 * The coordinates of every point of a grid: vectors `[a]`, `[b]`, … as tables `[a, b, …]` each, the first varying along
 * dimension 0. Throws a ShapeError for what are no vectors.
 *
 * @example
 * const [y, x] = meshgrid([linspace(-1, 1, 50), linspace(-1, 1, 50)]);
 * const points = stack([x.flatten(), y.flatten()], 1);   // [2500, 2]
 */
export function meshgrid(vectors: readonly Tensor[], options: MeshgridOptions = {}): Tensor[] {
  if (!Array.isArray(vectors) || vectors.length === 0)
    throw new ArgumentError(
      `meshgrid: expects an array of vectors, as in meshgrid([rows, columns]); got ${Array.isArray(vectors) ? "an empty array" : describeValue(vectors)}`,
    );
  checkOptions("meshgrid", options, ["indexing"]);
  const { indexing = "ij" } = options;
  if (indexing !== "ij" && indexing !== "xy")
    throw new ArgumentError(`meshgrid: indexing is "ij" or "xy"; got ${describeValue(indexing)}`);
  const sizes = vectors.map((vector, i) => {
    checkTensor("meshgrid", vector, `element ${i}`);
    if (vector.ndim > 1)
      throw new ShapeError(`meshgrid: element ${i} is ${describeShape(vector.shape)}, it should be a vector`);
    return vector.size;
  });
  const axisOf = (i: number) => (indexing === "xy" && sizes.length > 1 && i < 2 ? 1 - i : i);
  const shape = sizes.map((_size, d) => sizes[axisOf(d)]!);
  return vectors.map((vector, i) => {
    const alone = shape.map((_size, d) => (d === axisOf(i) ? vector.size : 1));
    return expand(reshape(vector, alone), shape);
  });
}

// ── Triangles and diagonals ──────────────────────────────────────────────────────────────────────────────────────────

function triangle(name: "tril" | "triu", keeps: string, kept: (above: number) => boolean) {
  return defineOp<[x: Tensor, diagonal?: number]>(
    {
      name,
      formula: `y[i, j] = x[i, j] where j − i ${keeps} diagonal, else 0;  ∂L/∂x likewise`,
      samples: (make) => [[make.normal(3, 3)], [make.normal(2, 4), 1], [make.normal(2, 4, 3), -1]],
      mistakes: (make) => [
        [[make.normal(3)], new RegExp(`${name}: works on matrices \\[…, rows, columns\\], got \\[3\\]`)],
        [[make.normal(3, 3), 0.5], new RegExp(`${name}: the diagonal is a whole number; got 0\\.5`)],
      ],
    },
    (x, diagonal = 0) => {
      checkTensor(name, x);
      checkMatrix(name, x);
      checkDiagonal(name, diagonal);
      const [rows, columns] = x.shape.slice(-2) as [number, number];
      const marks = Uint8Array.from({ length: rows * columns }, (_mark, i) =>
        kept((i % columns) - Math.floor(i / columns) - diagonal) ? 1 : 0,
      );
      const mask = withBackend(x.holding.backend, () =>
        tensor(marks, { shape: [rows, columns], dtype: "bool" }),
      );
      return where(mask, x, 0).to(x.dtype);
    },
  );
}

function checkMatrix(operation: string, x: Tensor): void {
  if (x.ndim < 2)
    throw new ShapeError(`${operation}: works on matrices […, rows, columns], got ${describeShape(x.shape)}`);
}

function checkDiagonal(operation: string, diagonal: unknown): void {
  if (!Number.isInteger(diagonal))
    throw new ArgumentError(
      `${operation}: the diagonal is a whole number; got ${describeValue(diagonal)} (0 is the main one, 1 the one above it)`,
    );
}

/**
 * The lower triangle of a matrix (or of each in a batch), zeros above `diagonal` (0 the main one, 1 the one above
 * it). Throws a ShapeError for what is no matrix.
 *
 * @example
 * tril(ones([2, 2]))   // [[1, 0], [1, 1]]
 */
export const tril: Op<[x: Tensor, diagonal?: number]> = triangle("tril", "≤", (above) => above <= 0);

/**
 * The upper triangle of a matrix (or of each in a batch), zeros below `diagonal` (0 the main one, 1 the one above
 * it). Throws a ShapeError for what is no matrix.
 *
 * @example
 * triu(ones([2, 2]), 1)   // [[0, 1], [0, 0]]
 */
export const triu: Op<[x: Tensor, diagonal?: number]> = triangle("triu", "≥", (above) => above >= 0);

/**
 * @internal Dimensions `dimA` and `dimB`, of one size unless `offset` shifts the diagonal, read along their diagonal, which becomes
 * the last dimension. What einsum's `ii` means.
 */
export function diagonalOf(x: Tensor, offset: number, dimA: number, dimB: number): Tensor {
  const strides = stridesOf(x.shape);
  const [rows, columns] = [x.shape[dimA]!, x.shape[dimB]!];
  const length = Math.max(0, Math.min(rows + Math.min(0, offset), columns - Math.max(0, offset)));
  const others = x.shape.map((_size, d) => d).filter((d) => d !== dimA && d !== dimB);
  const start = offset >= 0 ? offset * strides[dimB]! : -offset * strides[dimA]!;
  return run(sliced, [x], {
    shape: [...others.map((d) => x.shape[d]!), length],
    strides: [...others.map((d) => strides[d]!), strides[dimA]! + strides[dimB]!],
    offset: length === 0 ? 0 : start,
  });
}

/**
 * A vector as the diagonal of a square matrix, or the diagonal of a matrix as a vector. Throws a ShapeError for what
 * is neither vector nor matrix.
 *
 * @example
 * diag(tensor([1, 2]))   // [[1, 0], [0, 2]]
 */
export const diag: Op<[x: Tensor, diagonal?: number]> = defineOp<[x: Tensor, diagonal?: number]>(
  {
    name: "diag",
    formula: "y[i, i] = x[i], else 0, for a vector;  y[i] = x[i, i] for a matrix",
    samples: (make) => [
      [make.normal(3)],
      [make.normal(3), 1],
      [make.normal(2), -2],
      [make.normal(3, 3)],
      [make.normal(3, 5), 2],
      [make.normal(4, 2), -1],
      [make.normal(2, 2), 5],
    ],
    mistakes: (make) => [
      [[make.normal(2, 2, 2)], /diag: works on a vector or a matrix, got \[2, 2, 2\]/],
      [[make.normal(3), "up"], /diag: the diagonal is a whole number; got the string "up"/],
    ],
  },
  (x, diagonal = 0) => {
    checkTensor("diag", x);
    checkDiagonal("diag", diagonal);
    if (x.ndim === 2) return diagonalOf(x, diagonal, 0, 1);
    if (x.ndim !== 1)
      throw new ShapeError(`diag: works on a vector or a matrix, got ${describeShape(x.shape)}`);
    const size = x.size + Math.abs(diagonal);
    const offset = diagonal >= 0 ? diagonal : -diagonal * size;
    const walk = { shape: x.shape, strides: [size + 1], offset };
    return run(stridedSum, [x], { walk, shape: [size, size] });
  },
);

/**
 * The sum of the diagonal of a matrix. Throws a ShapeError for what is no matrix.
 *
 * @example
 * trace(tensor([[1, 2], [3, 4]]))   // 5
 */
export const trace: Op<[x: Tensor]> = defineOp<[x: Tensor]>(
  {
    name: "trace",
    formula: "y = Σ xᵢᵢ;  ∂y/∂x = the identity",
    samples: (make) => [[make.normal(3, 3)], [make.normal(2, 4)]],
    mistakes: (make) => [[[make.normal(3)], /trace: works on a matrix \[rows, columns\], got \[3\]/]],
  },
  (x) => {
    checkTensor("trace", x);
    if (x.ndim !== 2)
      throw new ShapeError(`trace: works on a matrix [rows, columns], got ${describeShape(x.shape)}`);
    return sum(diagonalOf(x, 0, 0, 1));
  },
);
