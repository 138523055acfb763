/** Systems of linear equations, by elimination with row exchanges (LU) in float64: solutions, inverses, determinants. */
import { withBackend } from "../backend/current.ts";
import { eye } from "../creation.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import { checkSameDType, checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { mul, neg } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { expand, squeeze, transpose, unsqueeze } from "../ops/movement.ts";
import { broadcastShapes, describeShape, sameShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { checkSquare, eachMatrix } from "./matrices.ts";

interface Elimination {
  /** The upper triangle U, and below it the factors of L, row by row. */
  readonly lu: Float64Array;
  /** Row i of L U is row order[i] of the matrix. */
  readonly order: Uint32Array;
  /** −1 for an odd number of exchanges. */
  readonly sign: number;
  /** The first column without a pivot, or −1. */
  readonly dependent: number;
}

/** Golub & Van Loan, Matrix Computations, 3.4.1: the largest element of the column becomes the pivot. Overwrites `a`. */
function eliminate(a: Float64Array, n: number): Elimination {
  const order = Uint32Array.from({ length: n }, (_row, i) => i);
  const least = n * Number.EPSILON * a.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  let sign = 1;
  let dependent = -1;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]!) > Math.abs(a[best * n + k]!)) best = i;
    if (best !== k) {
      for (let j = 0; j < n; j++) [a[k * n + j], a[best * n + j]] = [a[best * n + j]!, a[k * n + j]!];
      [order[k], order[best]] = [order[best]!, order[k]!];
      sign = -sign;
    }
    const pivot = a[k * n + k]!;
    if (Math.abs(pivot) <= least && dependent < 0) dependent = k;
    if (pivot === 0) continue;
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k]! / pivot;
      a[i * n + k] = factor;
      if (factor !== 0) for (let j = k + 1; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!;
    }
  }
  return { lu: a, order, sign, dependent };
}

/** The X with L U X = P B for B `[n, width]`: forwards, then backwards. */
function substitute({ lu, order }: Elimination, b: Float64Array, n: number, width: number): Float64Array {
  const x = new Float64Array(n * width);
  for (let i = 0; i < n; i++)
    for (let c = 0; c < width; c++) {
      let rest = b[order[i]! * width + c]!;
      for (let k = 0; k < i; k++) rest -= lu[i * n + k]! * x[k * width + c]!;
      x[i * width + c] = rest;
    }
  for (let i = n - 1; i >= 0; i--)
    for (let c = 0; c < width; c++) {
      let rest = x[i * width + c]!;
      for (let k = i + 1; k < n; k++) rest -= lu[i * n + k]! * x[k * width + c]!;
      x[i * width + c] = rest / lu[i * n + i]!;
    }
  return x;
}

const solution: Primitive<string> = {
  name: "solve",
  shape: ([, b]) => b!.shape,
  forward: (_backend, [a, b], out, operation) => {
    const [n, width] = b!.shape.slice(-2) as [number, number];
    const rightSides = b!.storage.values();
    const target = out.storage.values();
    let start = 0;
    for (const matrix of eachMatrix(operation, a!)) {
      const elimination = eliminate(matrix, n);
      if (elimination.dependent >= 0)
        throw new ArgumentError(
          `${operation}: the matrix is singular: column ${elimination.dependent} depends on those before it, so there is no single solution; linalg.svd shows the rank`,
        );
      const right = Float64Array.from(rightSides.subarray(start, start + n * width));
      target.set(substitute(elimination, right, n, width), start);
      start += n * width;
    }
    return null;
  },
  backward: (g, x, [a], operation) => {
    const toRight = run(solution, [transpose(a!, -2, -1), g], operation);
    return [neg(matmul(toRight, x, { transposeB: true })), toRight];
  },
};

/** A · X = B for matrices whose batches are the same. */
export function solveFor(operation: string, a: Tensor, b: Tensor): Tensor {
  return run(solution, [a, b], operation);
}

/**
 * The X with `A · X = B`: `A [n, n]`, `B [n]` or `[n, k]`, or batches of them that broadcast; X has B's shape. Computed in float64.
 * `∂L/∂B = A⁻ᵀ G`, `∂L/∂A = −(∂L/∂B) Xᵀ`. Throws a ShapeError when the sizes differ, an ArgumentError when A is singular.
 *
 * @example
 * linalg.solve(tensor([[2, 1], [1, 3]]), tensor([3, 5]))   // [0.8, 1.4]
 */
export const solve: Op<[a: Tensor, b: Tensor]> = defineOp<[a: Tensor, b: Tensor]>(
  {
    name: "solve",
    formula: "X = A⁻¹ B;  ∂L/∂B = A⁻ᵀ G,  ∂L/∂A = −A⁻ᵀ G Xᵀ",
    samples: (make) => [
      [make.of([2, 2], [2, 1, 1, 3]), make.normal(2)],
      [make.of([3, 3], [0, 2, 1, 1, 0, 3, 2, 1, 0]), make.normal(3, 2)],
      [make.of([2, 2, 2], [3, 1, 1, 2, 1, 2, -2, 1]), make.normal(2, 1)],
      [make.of([2, 2], [2, 1, 1, 3]), make.normal(3, 2, 1)],
    ],
    mistakes: (make) => [
      [
        [make.of([2, 2], [1, 2, 2, 4]), make.normal(2)],
        /solve: the matrix is singular: column 1 depends on those before it/,
      ],
      [[make.normal(2, 3), make.normal(2)], /solve: works on square matrices \[…, n, n\], got \[2, 3\]/],
      [
        [make.of([2, 2], [2, 1, 1, 3]), make.normal(3)],
        /solve: the right side \[3\] has 3 rows, the matrix \[2, 2\] has 2/,
      ],
      [
        [make.of([2, 2], [2, 1, 1, 3]), make.normal()],
        /solve: the right side is \[n\] or \[…, n, k\], got \[\]/,
      ],
    ],
  },
  (a, b) => {
    checkSquare("solve", a);
    checkTensor("solve", b, "right side");
    checkSameDType("solve", a, b);
    if (b.ndim === 0)
      throw new ShapeError(`solve: the right side is [n] or […, n, k], got ${describeShape(b.shape)}`);
    const columns = b.ndim === 1 ? unsqueeze(b, 1) : b;
    const [rows, width] = columns.shape.slice(-2) as [number, number];
    const n = a.shape.at(-1)!;
    if (rows !== n)
      throw new ShapeError(
        `solve: the right side ${describeShape(b.shape)} has ${rows} rows, the matrix ${describeShape(a.shape)} has ${n}; make both equal`,
      );
    const batch = broadcastShapes("solve", a.shape.slice(0, -2), columns.shape.slice(0, -2));
    const x = solveFor("solve", spread(a, [...batch, n, n]), spread(columns, [...batch, n, width]));
    return b.ndim === 1 ? squeeze(x, -1) : x;
  },
);

const spread = (x: Tensor, shape: readonly number[]) => (sameShape(x.shape, shape) ? x : expand(x, shape));

/**
 * The inverse of a matrix `[n, n]`, or of each in a batch. To solve equations use `solve`, which is faster and more exact.
 * Throws an ArgumentError when the matrix is singular, a ShapeError when it is not square.
 *
 * @example
 * linalg.inv(tensor([[2, 0], [0, 4]]))   // [[0.5, 0], [0, 0.25]]
 */
export const inv: Op<[a: Tensor]> = defineOp<[a: Tensor]>(
  {
    name: "inv",
    formula: "Y = A⁻¹;  ∂L/∂A = −Yᵀ G Yᵀ",
    samples: (make) => [[make.of([2, 2], [2, 1, 1, 3])], [make.of([2, 2, 2], [3, 1, 1, 2, 0, 2, -2, 1])]],
    mistakes: (make) => [
      [[make.of([2, 2], [1, 2, 2, 4])], /inv: the matrix is singular: column 1 depends on those before it/],
      [[make.normal(2, 3)], /inv: works on square matrices \[…, n, n\], got \[2, 3\]/],
    ],
  },
  (a) => {
    checkSquare("inv", a);
    const n = a.shape.at(-1)!;
    const one = withBackend(a.holding.backend, () => eye(n, n, { dtype: a.dtype }));
    return solveFor("inv", a, spread(one, a.shape));
  },
);

const determinant: Primitive = {
  name: "det",
  shape: ([a]) => a!.shape.slice(0, -2),
  forward: (_backend, [a], out) => {
    const n = a!.shape.at(-1)!;
    const target = out.storage.values();
    let at = 0;
    for (const matrix of eachMatrix("det", a!)) {
      const { lu, sign } = eliminate(matrix, n);
      let product = sign;
      for (let i = 0; i < n; i++) product *= lu[i * n + i]!;
      target[at++] = product;
    }
    return null;
  },
  backward: (g, y, [a]) => {
    const n = a!.shape.at(-1)!;
    const one = withBackend(a!.holding.backend, () => eye(n, n, { dtype: a!.dtype }));
    const inverse = solveFor("the gradient of det", transpose(a!, -2, -1), spread(one, a!.shape));
    return [mul(inverse, unsqueeze(unsqueeze(mul(g, y), -1), -1))];
  },
};

/**
 * The determinant of a matrix `[n, n]`, or of each in a batch `[…, n, n]` → `[…]`: the factor by which it changes volumes. Its gradient
 * is taken through the inverse, so it exists for invertible matrices only. Throws a ShapeError for what is no square
 * matrix.
 *
 * @example
 * linalg.det(tensor([[1, 2], [3, 4]]))   // -2
 */
export const det: Op<[a: Tensor]> = defineOp<[a: Tensor]>(
  {
    name: "det",
    formula: "y = det A;  ∂y/∂A = y · A⁻ᵀ",
    samples: (make) => [
      [make.of([2, 2], [2, 1, 1, 3])],
      [make.of([3, 3], [0, 2, 1, 1, 0, 3, 2, 1, 0])],
      [make.of([2, 2, 2], [3, 1, 1, 2, 0, 2, -2, 1])],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3)], /det: works on square matrices \[…, n, n\], got \[2, 3\]/],
      [[make.normal(3)], /det: works on square matrices/],
    ],
  },
  (a) => {
    checkSquare("det", a);
    return run(determinant, [a], undefined);
  },
);
