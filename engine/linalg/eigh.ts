/** The eigenvalues and eigenvectors of symmetric matrices. */
import { withBackend } from "../backend/current.ts";
import { eye } from "../creation.ts";
import { checkInterrupt } from "../interrupt.ts";
import { type Primitive, run } from "../op.ts";
import { add, div, mul, sub, where } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { transpose, unsqueeze } from "../ops/movement.ts";
import { sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { checkSquare, checkSymmetric, eachMatrix, signOf } from "./matrices.ts";

/** What `eigh` returns. */
export interface Eigendecomposition {
  /** `[…, n]`, ascending. */
  readonly values: Tensor;
  /** `[…, n, n]`; column j is the eigenvector of value j, of length 1. */
  readonly vectors: Tensor;
}

/** The numbers of a batch, computed once for the values and the vectors. */
interface Decomposed {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

const eigenvalues: Primitive<Decomposed> = {
  name: "eigenvalues",
  formula: "A = V · diag(λ) · Vᵀ;  ∂λⱼ/∂A = vⱼ vⱼᵀ",
  shape: ([x]) => x!.shape.slice(0, -1),
  forward: (_backend, _inputs, out, { values }) => {
    out.storage.values().set(values);
    return null;
  },
  backward: (g, _y, [x], decomposed) => {
    const vectors = run(eigenvectors, [x!], decomposed);
    return [matmul(mul(vectors, unsqueeze(g, -2)), vectors, { transposeB: true })];
  },
};

const eigenvectors: Primitive<Decomposed> = {
  name: "eigenvectors",
  formula: "A = V · diag(λ) · Vᵀ;  ∂L/∂A = V ((Vᵀ G) / (λⱼ − λᵢ), 0 where i = j) Vᵀ",
  shape: ([x]) => x!.shape,
  forward: (_backend, _inputs, out, { vectors }) => {
    out.storage.values().set(vectors);
    return null;
  },
  backward: (g, vectors, [x], decomposed) => {
    const values = run(eigenvalues, [x!], decomposed);
    const n = values.shape.at(-1)!;
    const diagonal = withBackend(x!.holding.backend, () => eye(n, n, { dtype: "bool" }));
    const gaps = where(diagonal, 1, sub(unsqueeze(values, -2), unsqueeze(values, -1)));
    const turns = where(diagonal, 0, div(matmul(transpose(vectors, -2, -1), g), gaps));
    return [matmul(matmul(vectors, turns), vectors, { transposeB: true })];
  },
};

/**
 * The eigenvalues (ascending, as in PyTorch) and eigenvectors of a symmetric matrix `[n, n]`, or of each in a batch
 * `[…, n, n]`: `A = V · diag(λ) · Vᵀ`. Computed in float64. Of the two signs each vector may have, the one that makes its
 * largest element positive. `∂λⱼ/∂A = vⱼ vⱼᵀ`; the gradient of the vectors contains `1 / (λⱼ − λᵢ)` and is not finite
 * where two eigenvalues are equal. Throws an ArgumentError when a matrix is not symmetric or not finite.
 *
 * Source: Householder tridiagonalisation and implicit QL (Bowdler, Martin, Reinsch & Wilkinson 1968, "tred2" and "tql2").
 *
 * @example
 * const { values, vectors } = linalg.eigh(covariance);
 * const mainDirection = vectors.select(1, -1);   // PCA: the direction of the largest variance
 */
export function eigh(x: Tensor): Eigendecomposition {
  checkSquare("eigh", x);
  const decomposed = decomposeAll(x);
  const symmetric = div(add(x, transpose(x, -2, -1)), 2);
  return {
    values: run(eigenvalues, [symmetric], decomposed),
    vectors: run(eigenvectors, [symmetric], decomposed),
  };
}

function decomposeAll(x: Tensor): Decomposed {
  const n = x.shape.at(-1)!;
  const batch = sizeOf(x.shape.slice(0, -2));
  const values = new Float64Array(batch * n);
  const vectors = new Float64Array(batch * n * n);
  let b = 0;
  for (const rows of eachMatrix("eigh", x)) {
    checkSymmetric("eigh", rows, n);
    const found = decompose(rows, n);
    const order = Array.from(found, (_value, j) => j).sort((i, j) => found[i]! - found[j]!);
    order.forEach((from, to) => {
      values[b * n + to] = found[from]!;
      const sign = signOf(rows.subarray(from * n, (from + 1) * n));
      for (let i = 0; i < n; i++) vectors[(b * n + i) * n + to] = sign * rows[from * n + i]!;
    });
    b++;
  }
  return { values, vectors };
}

/** Eigenvalues of a symmetric matrix, unordered; row j of `w` becomes the eigenvector of value j. */
function decompose(w: Float64Array, n: number): Float64Array {
  const d = new Float64Array(n);
  const e = new Float64Array(n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) w[i * n + j] = w[j * n + i] = (w[i * n + j]! + w[j * n + i]!) / 2;
  if (n > 0) tridiagonalise(w, d, e, n);
  if (n > 0) diagonalise(w, d, e, n);
  return d;
}

/** Householder reflections until only the diagonal `d` and its neighbour `e` are left; their product, transposed, in `w`. */
function tridiagonalise(w: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  for (let j = 0; j < n; j++) d[j] = w[j * n + n - 1]!;
  for (let i = n - 1; i > 0; i--) {
    checkInterrupt();
    let scale = 0;
    let h = 0;
    for (let k = 0; k < i; k++) scale += Math.abs(d[k]!);
    if (scale === 0) {
      e[i] = d[i - 1]!;
      for (let j = 0; j < i; j++) {
        d[j] = w[j * n + i - 1]!;
        w[j * n + i] = 0;
        w[i * n + j] = 0;
      }
    } else {
      for (let k = 0; k < i; k++) {
        d[k]! /= scale;
        h += d[k]! * d[k]!;
      }
      const last = d[i - 1]!;
      const length = last > 0 ? -Math.sqrt(h) : Math.sqrt(h);
      e[i] = scale * length;
      h -= last * length;
      d[i - 1] = last - length;
      reflect(w, d, e, n, i, h);
    }
    d[i] = h;
  }
  accumulate(w, d, n);
  e[0] = 0;
}

/** Applies one reflection `1 − u uᵀ / h` from both sides; u is in `d`. */
function reflect(w: Float64Array, d: Float64Array, e: Float64Array, n: number, i: number, h: number): void {
  for (let j = 0; j < i; j++) e[j] = 0;
  for (let j = 0; j < i; j++) {
    const f = d[j]!;
    const row = j * n;
    w[i * n + j] = f;
    let g = e[j]! + w[row + j]! * f;
    for (let k = j + 1; k < i; k++) {
      g += w[row + k]! * d[k]!;
      e[k]! += w[row + k]! * f;
    }
    e[j] = g;
  }
  let f = 0;
  for (let j = 0; j < i; j++) {
    e[j]! /= h;
    f += e[j]! * d[j]!;
  }
  const half = f / (h + h);
  for (let j = 0; j < i; j++) e[j]! -= half * d[j]!;
  for (let j = 0; j < i; j++) {
    const a = d[j]!;
    const b = e[j]!;
    const row = j * n;
    for (let k = j; k < i; k++) w[row + k]! -= a * e[k]! + b * d[k]!;
    d[j] = w[row + i - 1]!;
    w[row + i] = 0;
  }
}

/** Multiplies the reflections that `w` holds. */
function accumulate(w: Float64Array, d: Float64Array, n: number): void {
  for (let i = 0; i < n - 1; i++) {
    w[i * n + n - 1] = w[i * n + i]!;
    w[i * n + i] = 1;
    const h = d[i + 1]!;
    const next = (i + 1) * n;
    if (h !== 0) {
      for (let k = 0; k <= i; k++) d[k] = w[next + k]! / h;
      for (let j = 0; j <= i; j++) {
        const row = j * n;
        let g = 0;
        for (let k = 0; k <= i; k++) g += w[next + k]! * w[row + k]!;
        for (let k = 0; k <= i; k++) w[row + k]! -= g * d[k]!;
      }
    }
    for (let k = 0; k <= i; k++) w[next + k] = 0;
  }
  for (let j = 0; j < n; j++) {
    d[j] = w[j * n + n - 1]!;
    w[j * n + n - 1] = 0;
  }
  w[n * n - 1] = 1;
}

/** Implicit QL with shifts: rotates neighbours until `e` is 0; the rows of `w` turn along. */
function diagonalise(w: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  let shift = 0;
  let size = 0;
  for (let l = 0; l < n; l++) {
    checkInterrupt();
    size = Math.max(size, Math.abs(d[l]!) + Math.abs(e[l]!));
    let m = l;
    while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * size) m++;
    while (m > l) {
      shift += sweep(w, d, e, n, l, m);
      if (Math.abs(e[l]!) <= Number.EPSILON * size) break;
    }
    d[l]! += shift;
    e[l] = 0;
  }
}

/** One QL step on rows l … m; gives the shift it took. */
function sweep(w: Float64Array, d: Float64Array, e: Float64Array, n: number, l: number, m: number): number {
  const first = d[l]!;
  let p = (d[l + 1]! - first) / (2 * e[l]!);
  const root = p < 0 ? -Math.hypot(p, 1) : Math.hypot(p, 1);
  d[l] = e[l]! / (p + root);
  d[l + 1] = e[l]! * (p + root);
  const second = d[l + 1]!;
  const shift = first - d[l]!;
  for (let i = l + 2; i < n; i++) d[i]! -= shift;
  const beside = e[l + 1]!;
  p = d[m]!;
  let [c, c2, c3, s, s2] = [1, 1, 1, 0, 0];
  for (let i = m - 1; i >= l; i--) {
    c3 = c2;
    c2 = c;
    s2 = s;
    const g = c * e[i]!;
    const h = c * p;
    const r = Math.hypot(p, e[i]!);
    e[i + 1] = s * r;
    s = e[i]! / r;
    c = p / r;
    p = c * d[i]! - s * g;
    d[i + 1] = h + s * (c * g + s * d[i]!);
    rotate(w, i * n, (i + 1) * n, n, c, s);
  }
  p = (-s * s2 * c3 * beside * e[l]!) / second;
  e[l] = s * p;
  d[l] = c * p;
  return shift;
}

function rotate(w: Float64Array, a: number, b: number, n: number, c: number, s: number): void {
  for (let k = 0; k < n; k++) {
    const x = w[a + k]!;
    const y = w[b + k]!;
    w[b + k] = s * x + c * y;
    w[a + k] = c * x - s * y;
  }
}
