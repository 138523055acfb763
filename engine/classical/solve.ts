// Linear algebra on rows of float64 numbers, for the classical methods alone: least squares by Householder's QR, systems by
// Cholesky, and the engine's symmetric eigenvalues.

import { withBackend } from "../backend/current.ts";
import { referenceBackend } from "../backend/reference.ts";
import { tensor } from "../creation.ts";
import { noGrad } from "../gradmode.ts";
import { checkInterrupt } from "../interrupt.ts";
import { eigh } from "../linalg/eigh.ts";
import { withScope } from "../memory.ts";

/** A solution, or the first column that depends on those before it. */
export type Solution = Float64Array | { readonly dependent: number };

/**
 * The w that minimises ‖A w − b‖², A `[count, width]` row by row, by Householder reflections (Golub & Van Loan, 5.3.2).
 * Returns the first column that depends on those before it instead, when there is one (also for count < width).
 */
export function leastSquares(
  matrix: Float64Array,
  target: Float64Array,
  count: number,
  width: number,
): Solution {
  const a = matrix.slice();
  const b = target.slice();
  const norms = new Float64Array(width);
  for (let j = 0; j < width; j++) {
    for (let i = 0; i < count; i++) norms[j]! += a[i * width + j]! ** 2;
    norms[j] = Math.sqrt(norms[j]!);
  }
  const smallest = Math.max(count, width) * Number.EPSILON;
  const diagonal = new Float64Array(width);
  for (let k = 0; k < width; k++) {
    checkInterrupt();
    let norm = 0;
    for (let i = k; i < count; i++) norm += a[i * width + k]! ** 2;
    norm = Math.sqrt(norm);
    if (k >= count || norm <= 10 * smallest * norms[k]!) return { dependent: k };
    const head = a[k * width + k]!;
    const mirrored = head > 0 ? -norm : norm;
    // The reflection's vector v lies in column k from row k on; H = I − 2 v vᵀ / vᵀv.
    a[k * width + k] = head - mirrored;
    const square = 2 * norm * (norm + Math.abs(head));
    for (let j = k + 1; j < width; j++) {
      let product = 0;
      for (let i = k; i < count; i++) product += a[i * width + k]! * a[i * width + j]!;
      const scale = (2 * product) / square;
      for (let i = k; i < count; i++) a[i * width + j]! -= scale * a[i * width + k]!;
    }
    let product = 0;
    for (let i = k; i < count; i++) product += a[i * width + k]! * b[i]!;
    const scale = (2 * product) / square;
    for (let i = k; i < count; i++) b[i]! -= scale * a[i * width + k]!;
    diagonal[k] = mirrored;
  }
  const solution = new Float64Array(width);
  for (let k = width - 1; k >= 0; k--) {
    let rest = b[k]!;
    for (let j = k + 1; j < width; j++) rest -= a[k * width + j]! * solution[j]!;
    solution[k] = rest / diagonal[k]!;
  }
  return solution;
}

/** The x with A x = b for a symmetric positive definite A `[n, n]`, by Cholesky; null where A is not (numerically). */
export function solvePositive(matrix: Float64Array, target: Float64Array, n: number): Float64Array | null {
  const l = matrix.slice();
  const x = target.slice();
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = l[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i === j) {
        if (!(sum > n * Number.EPSILON * matrix[j * n + j]!)) return null;
        l[j * n + j] = Math.sqrt(sum);
      } else l[i * n + j] = sum / l[j * n + j]!;
    }
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= l[i * n + k]! * x[k]!;
    x[i]! /= l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= l[k * n + i]! * x[k]!;
    x[i]! /= l[i * n + i]!;
  }
  return x;
}

/** Eigenvalues, the largest first, and their unit eigenvectors, one per row. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/** All eigenvalues and eigenvectors of a symmetric `[n, n]`: `linalg.eigh` in float64. Each vector's largest component is positive. */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const found = withBackend(referenceBackend, () =>
    withScope(() =>
      noGrad(() => {
        const { values, vectors } = eigh(tensor(matrix, { shape: [n, n], dtype: "float64" }));
        return { values: values.toTypedArray(), vectors: vectors.toTypedArray() };
      }),
    ),
  );
  // eigh sorts upwards and keeps vectors in columns.
  return {
    values: Float64Array.from(found.values).reverse(),
    vectors: Float64Array.from(
      { length: n * n },
      (_, i) => found.vectors[(i % n) * n + (n - 1 - Math.floor(i / n))]!,
    ),
  };
}
