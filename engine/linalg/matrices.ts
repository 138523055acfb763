/** Batches of matrices `[…, rows, columns]`: their checks, and each one's numbers in float64. */
import { ArgumentError, ShapeError } from "../errors.ts";
import { checkInterrupt } from "../interrupt.ts";
import { checkFloat, checkTensor } from "../op.ts";
import { describeShape, sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

/** Throws unless `x` is a float tensor `[…, rows, columns]`. */
export function checkMatrices(operation: string, x: Tensor): void {
  checkTensor(operation, x);
  checkFloat(operation, x);
  if (x.ndim < 2)
    throw new ShapeError(
      `${operation}: works on matrices […, rows, columns], got ${describeShape(x.shape)}; make one with unsqueeze or reshape`,
    );
}

/** Throws unless `x` is a float tensor `[…, n, n]`. */
export function checkSquare(operation: string, x: Tensor): void {
  checkTensor(operation, x);
  checkFloat(operation, x);
  if (x.ndim < 2 || x.shape.at(-1) !== x.shape.at(-2))
    throw new ShapeError(`${operation}: works on square matrices […, n, n], got ${describeShape(x.shape)}`);
}

/** The numbers of each matrix of the batch, copied, in order; throws where one is not finite. */
export function* eachMatrix(operation: string, x: Tensor): Generator<Float64Array> {
  const size = x.shape.at(-1)! * x.shape.at(-2)!;
  const values = x.storage.values();
  const batch = sizeOf(x.shape.slice(0, -2));
  for (let b = 0; b < batch; b++) {
    checkInterrupt();
    const matrix = Float64Array.from(values.subarray(b * size, (b + 1) * size));
    if (!matrix.every(Number.isFinite))
      throw new ArgumentError(`${operation}: the matrix contains NaN or infinity`);
    yield matrix;
  }
}

/** Throws where a matrix is not symmetric, up to the rounding of float32. */
export function checkSymmetric(operation: string, matrix: Float64Array, n: number): void {
  const size = matrix.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const [a, b] = [matrix[j * n + i]!, matrix[i * n + j]!];
      if (Math.abs(a - b) > 1e-4 * size)
        throw new ArgumentError(
          `${operation}: the matrix is not symmetric: element [${j}, ${i}] is ${a}, element [${i}, ${j}] is ${b}; a.add(a.T).div(2) makes it so`,
        );
    }
}

/** −1 where the largest of the numbers is negative: of two directions the one that is chosen, so that a result is the same everywhere. */
export function signOf(vector: Iterable<number>): number {
  let largest = 0;
  for (const value of vector) if (Math.abs(value) > Math.abs(largest) + 1e-9) largest = value;
  return largest < 0 ? -1 : 1;
}
