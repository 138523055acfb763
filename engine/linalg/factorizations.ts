/** Matrices as products of simpler ones: Cholesky, QR, singular values. All computed in float64. */
import { withBackend } from "../backend/current.ts";
import { eye } from "../creation.ts";
import { ArgumentError } from "../errors.ts";
import { defineOp, type Op, type Primitive, run } from "../op.ts";
import { add, div, mul, neg, square, sub, where } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { concat, narrow, transpose, unsqueeze } from "../ops/movement.ts";
import { tril } from "../ops/rearrange.ts";
import { sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { checkMatrices, checkSquare, checkSymmetric, eachMatrix, signOf } from "./matrices.ts";
import { solveFor } from "./systems.ts";

const transposed = (x: Tensor) => transpose(x, -2, -1);

// ── Cholesky ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const choleskyFactor: Primitive = {
  name: "cholesky",
  shape: ([a]) => a!.shape,
  forward: (_backend, [a], out) => {
    const n = a!.shape.at(-1)!;
    const target = out.storage.values();
    let start = 0;
    for (const l of eachMatrix("cholesky", a!)) {
      for (let j = 0; j < n; j++)
        for (let i = 0; i < n; i++) {
          let rest = i < j ? 0 : l[i * n + j]!;
          if (i >= j) for (let k = 0; k < j; k++) rest -= l[i * n + k]! * l[j * n + k]!;
          if (i === j && !(rest > 0))
            throw new ArgumentError(
              `cholesky: the matrix is not positive definite: pivot ${j} is ${rest}; a small multiple of the identity added to a covariance makes it so`,
            );
          l[i * n + j] = i === j ? Math.sqrt(rest) : i < j ? 0 : rest / l[j * n + j]!;
        }
      target.set(l, start);
      start += n * n;
    }
    return null;
  },
  backward: (g, l, _inputs) => {
    // S = L⁻ᵀ Φ(Lᵀ G) L⁻¹, Φ the lower triangle with half the diagonal (Murray 2016, eq. 10); the symmetric part counts.
    const product = matmul(l, g, { transposeA: true });
    const half = div(add(tril(product), tril(product, -1)), 2);
    const upper = transposed(l);
    const s = transposed(solveFor("cholesky", upper, transposed(solveFor("cholesky", upper, half))));
    return [div(add(s, transposed(s)), 2)];
  },
};

/**
 * The lower triangular L with `A = L · Lᵀ` of a symmetric positive definite matrix `[n, n]`, or of each in a batch: the square root
 * of a covariance, so that `L · z` of standard normal z has this covariance. Throws an ArgumentError for other matrices,
 * a ShapeError for what is not square.
 *
 * @example
 * const samples = randn([500, 2]).matmul(linalg.cholesky(covariance).T);
 */
export const cholesky: Op<[a: Tensor]> = defineOp<[a: Tensor]>(
  {
    name: "cholesky",
    formula:
      "L Lᵀ = A;  ∂L/∂A = the symmetric part of L⁻ᵀ Φ(Lᵀ G) L⁻¹, Φ the lower triangle with half the diagonal",
    samples: (make) => [
      [make.of([2, 2], [2, 1, 1, 3])],
      [make.of([2, 3, 3], [4, 1, 0, 1, 3, -1, 0, -1, 2, 1, 0.5, 0, 0.5, 2, 0, 0, 0, 3])],
    ],
    mistakes: (make) => [
      [[make.of([2, 2], [1, 2, 2, 1])], /cholesky: the matrix is not positive definite: pivot 1 is -3/],
      [[make.of([2, 2], [2, 1, 0, 2])], /cholesky: the matrix is not symmetric: element \[0, 1\] is 1/],
      [[make.normal(2, 3)], /cholesky: works on square matrices \[…, n, n\], got \[2, 3\]/],
    ],
  },
  (a) => {
    checkSquare("cholesky", a);
    for (const matrix of eachMatrix("cholesky", a)) checkSymmetric("cholesky", matrix, a.shape.at(-1)!);
    return run(choleskyFactor, [div(add(a, transposed(a)), 2)], undefined);
  },
);

// ── QR ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What `qr` returns. */
export interface Orthogonalization {
  /** `[…, m, k]`, k = min(m, n): orthonormal columns. */
  readonly q: Tensor;
  /** `[…, k, n]`: upper triangular. */
  readonly r: Tensor;
}

interface Factors {
  readonly q: Float64Array;
  readonly r: Float64Array;
}

const orthonormal: Primitive<Factors> = {
  name: "qrOrthonormal",
  formula: "A = Q · R;  ∂L/∂A = (G + Q · copyltu(−Gᵀ Q)) R⁻ᵀ",
  shape: ([a]) => a!.shape,
  forward: (_backend, _inputs, out, { q }) => {
    out.storage.values().set(q);
    return null;
  },
  backward: (g, q, [a], factors) => [
    qrGradient(run(triangular, [a!], factors), q, g, neg(matmul(g, q, { transposeA: true }))),
  ],
};

const triangular: Primitive<Factors> = {
  name: "qrTriangular",
  formula: "A = Q · R;  ∂L/∂A = Q · copyltu(R Gᵀ) R⁻ᵀ",
  shape: ([a]) => a!.shape.with(-2, a!.shape.at(-1)!),
  forward: (_backend, _inputs, out, { r }) => {
    out.storage.values().set(r);
    return null;
  },
  backward: (g, r, [a], factors) => [
    qrGradient(r, run(orthonormal, [a!], factors), null, matmul(r, g, { transposeB: true })),
  ],
};

/** `(G_Q + Q · copyltu(M)) R⁻ᵀ` with M = R G_Rᵀ − G_Qᵀ Q (Walter & Lehmann 2018): copyltu mirrors the lower triangle. */
function qrGradient(r: Tensor, q: Tensor, gradientOfQ: Tensor | null, m: Tensor): Tensor {
  const mirrored = matmul(q, add(tril(m), transposed(tril(m, -1))));
  const sum = gradientOfQ === null ? mirrored : add(gradientOfQ, mirrored);
  return transposed(solveFor("the gradient of qr", r, transposed(sum)));
}

/** Householder reflections (Golub & Van Loan, 5.2.1) of `a` `[m, n]`, m ≥ n; the signs are LAPACK's. */
function reflect(a: Float64Array, m: number, n: number): Factors {
  const q = new Float64Array(m * n);
  const vectors: Float64Array[] = [];
  const apply = (v: Float64Array, target: Float64Array, from: number): void => {
    for (let j = from; j < n; j++) {
      let product = 0;
      for (let i = 0; i < m; i++) product += v[i]! * target[i * n + j]!;
      for (let i = 0; i < m; i++) target[i * n + j]! -= 2 * product * v[i]!;
    }
  };
  for (let k = 0; k < n; k++) {
    const v = new Float64Array(m);
    for (let i = k; i < m; i++) v[i] = a[i * n + k]!;
    // The last row of a square matrix is left as it is.
    const norm = k === m - 1 ? 0 : Math.hypot(...v);
    v[k]! += v[k]! >= 0 ? norm : -norm;
    const length = norm === 0 ? 0 : Math.hypot(...v);
    vectors.push(v.map((value) => (length === 0 ? 0 : value / length)));
    apply(vectors[k]!, a, k);
  }
  for (let j = 0; j < n; j++) q[j * n + j] = 1;
  for (let k = n - 1; k >= 0; k--) apply(vectors[k]!, q, 0);
  const r = Float64Array.from({ length: n * n }, (_item, at) => (at % n >= Math.floor(at / n) ? a[at]! : 0));
  return { q, r };
}

/**
 * `A = Q · R` with orthonormal columns in Q and an upper triangle R, of a matrix `[m, n]` or each in a batch; the reduced form,
 * with PyTorch's signs. The gradient exists where the first min(m, n) columns are independent. Throws an ArgumentError for NaN.
 *
 * @example
 * const { q, r } = linalg.qr(randn([5, 3]));   // [5, 3] and [3, 3]
 */
export function qr(a: Tensor): Orthogonalization {
  checkMatrices("qr", a);
  const [m, n] = a.shape.slice(-2) as [number, number];
  if (m < n) {
    const { q, r } = qr(narrow(a, -1, 0, m));
    return { q, r: concat([r, matmul(q, narrow(a, -1, m, n - m), { transposeA: true })], -1) };
  }
  const factors = { q: new Float64Array(a.size), r: new Float64Array(sizeOf(a.shape.slice(0, -2)) * n * n) };
  let b = 0;
  for (const matrix of eachMatrix("qr", a)) {
    const { q, r } = reflect(matrix, m, n);
    factors.q.set(q, b * m * n);
    factors.r.set(r, b * n * n);
    b++;
  }
  return { q: run(orthonormal, [a], factors), r: run(triangular, [a], factors) };
}

// ── Singular values ──────────────────────────────────────────────────────────────────────────────────────────────────

/** What `svd` returns. */
export interface SingularValues {
  /** `[…, m, k]`, k = min(m, n): orthonormal columns, the left singular vectors. */
  readonly u: Tensor;
  /** `[…, k]`: the singular values, the largest first, none negative. */
  readonly s: Tensor;
  /** `[…, k, n]`: orthonormal rows, the right singular vectors. */
  readonly vh: Tensor;
}

interface Spectrum {
  readonly u: Float64Array;
  readonly s: Float64Array;
  readonly v: Float64Array;
}

const singular: Primitive<Spectrum> = {
  name: "singularValues",
  formula: "A = U · diag(s) · Vh;  ∂sⱼ/∂A = uⱼ vⱼᵀ",
  shape: ([a]) => [...a!.shape.slice(0, -2), Math.min(...a!.shape.slice(-2))],
  forward: (_backend, _inputs, out, { s }) => {
    out.storage.values().set(s);
    return null;
  },
  backward: (g, _y, [a], spectrum) => {
    const [u, v] = [run(left, [a!], spectrum), run(right, [a!], spectrum)];
    return [matmul(mul(u, unsqueeze(g, -2)), v, { transposeB: true })];
  },
};

const left: Primitive<Spectrum> = {
  name: "leftSingularVectors",
  formula: "A = U · diag(s) · Vh;  ∂L/∂A = (U (skew(Uᵀ G) / (sⱼ² − sᵢ²)) S + (1 − U Uᵀ) G S⁻¹) Vᵀ",
  shape: ([a]) => [...a!.shape.slice(0, -1), Math.min(...a!.shape.slice(-2))],
  forward: (_backend, _inputs, out, { u }) => {
    out.storage.values().set(u);
    return null;
  },
  backward: (g, u, [a], spectrum) => {
    const [s, v] = [run(singular, [a!], spectrum), run(right, [a!], spectrum)];
    return [vectorGradient(u, s, v, g)];
  },
};

const right: Primitive<Spectrum> = {
  name: "rightSingularVectors",
  formula: "Aᵀ = V · diag(s) · Uᵀ: as the left singular vectors of Aᵀ",
  shape: ([a]) => [...a!.shape.slice(0, -2), a!.shape.at(-1)!, Math.min(...a!.shape.slice(-2))],
  forward: (_backend, _inputs, out, { v }) => {
    out.storage.values().set(v);
    return null;
  },
  backward: (g, v, [a], spectrum) => {
    const [s, u] = [run(singular, [a!], spectrum), run(left, [a!], spectrum)];
    // Aᵀ = V S Uᵀ: the right vectors of A are the left ones of Aᵀ.
    return [transposed(vectorGradient(v, s, u, g))];
  },
};

/** `U (skew(Uᵀ G) / E) S Vᵀ + (1 − U Uᵀ) G S⁻¹ Vᵀ`, E[i, j] = sⱼ² − sᵢ² (Townsend 2016): what the left vectors ask of A. */
function vectorGradient(u: Tensor, s: Tensor, v: Tensor, g: Tensor): Tensor {
  const [m, k] = u.shape.slice(-2) as [number, number];
  const diagonal = withBackend(u.holding.backend, () => eye(k, k, { dtype: "bool" }));
  const squares = square(s);
  const gaps = where(diagonal, 1, sub(unsqueeze(squares, -2), unsqueeze(squares, -1)));
  const product = matmul(u, g, { transposeA: true });
  const turns = div(sub(product, transposed(product)), gaps);
  const within = mul(matmul(u, turns), unsqueeze(s, -2));
  const outside = m > k ? div(sub(g, matmul(u, product)), unsqueeze(s, -2)) : null;
  return matmul(outside === null ? within : add(within, outside), v, { transposeB: true });
}

/** How many times the pairs of columns are gone through at most; six to ten are usual. */
const SWEEPS = 60;

/**
 * One-sided Jacobi (Hestenes 1958; Golub & Van Loan, 8.6.3): turns pairs of columns of `a` `[m, n]`, m ≥ n, until all are orthogonal:
 * `A · V = U · S`. Accurate for small singular values too.
 */
function decompose(a: Float64Array, m: number, n: number): Spectrum {
  const columns = Array.from({ length: n }, (_item, j) =>
    Float64Array.from({ length: m }, (_row, i) => a[i * n + j]!),
  );
  const turned = Array.from({ length: n }, (_item, j) =>
    Float64Array.from({ length: n }, (_row, i) => Number(i === j)),
  );
  let rotated = true;
  for (let sweep = 0; rotated && sweep < SWEEPS; sweep++) {
    rotated = false;
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) {
        const [x, y] = [columns[i]!, columns[j]!];
        const [alpha, beta, gamma] = [dotOf(x, x), dotOf(y, y), dotOf(x, y)];
        if (Math.abs(gamma) <= Number.EPSILON * Math.sqrt(alpha * beta)) continue;
        rotated = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cosine = 1 / Math.hypot(1, t);
        rotate(x, y, cosine, cosine * t);
        rotate(turned[i]!, turned[j]!, cosine, cosine * t);
      }
  }
  const sizes = columns.map((column) => Math.hypot(...column));
  const order = sizes.map((_size, j) => j).sort((i, j) => sizes[j]! - sizes[i]!);
  const least = m * Number.EPSILON * (sizes[order[0] ?? 0] ?? 0);
  const [u, s, v] = [new Float64Array(m * n), new Float64Array(n), new Float64Array(n * n)];
  const found: Float64Array[] = [];
  order.forEach((from, to) => {
    const size = sizes[from]!;
    const column = size > least ? columns[from]!.map((value) => value / size) : perpendicularTo(found, m);
    found.push(column);
    s[to] = size;
    const sign = signOf(column);
    for (let i = 0; i < m; i++) u[i * n + to] = sign * column[i]!;
    for (let i = 0; i < n; i++) v[i * n + to] = sign * turned[from]![i]!;
  });
  return { u, s, v };
}

function dotOf(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

function rotate(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [x[i]!, y[i]!];
    x[i] = cosine * a - sine * b;
    y[i] = sine * a + cosine * b;
  }
}

/** A unit vector at right angles to all of these: of the axes, the one that is farthest from them, less its shadows. */
function perpendicularTo(vectors: readonly Float64Array[], size: number): Float64Array {
  const shadow = (i: number) => vectors.reduce((sum, vector) => sum + vector[i]! ** 2, 0);
  let axis = 0;
  for (let i = 1; i < size; i++) if (shadow(i) < shadow(axis)) axis = i;
  const rest = new Float64Array(size);
  rest[axis] = 1;
  // Twice, so that rounding in the first round is taken out by the second.
  for (const vector of [...vectors, ...vectors]) {
    const product = dotOf(rest, vector);
    for (let i = 0; i < size; i++) rest[i]! -= product * vector[i]!;
  }
  const length = Math.hypot(...rest);
  return rest.map((value) => value / length);
}

/**
 * The singular values and vectors of a matrix `[m, n]`, or of each in a batch: `A = U · diag(s) · Vh`, in the reduced form. Of the two
 * signs each pair of vectors may have, the one that makes the largest element of the longer vector positive. `∂sⱼ/∂A = uⱼ vⱼᵀ`; the gradients of
 * the vectors contain `1 / (sⱼ² − sᵢ²)` and are not finite where two singular values are equal. Throws an ArgumentError for NaN.
 *
 * @example
 * const { u, s, vh } = linalg.svd(image);   // the best image of rank 5:
 * u.narrow(1, 0, 5).mul(s.narrow(0, 0, 5)).matmul(vh.narrow(0, 0, 5))
 */
export function svd(a: Tensor): SingularValues {
  checkMatrices("svd", a);
  const [m, n] = a.shape.slice(-2) as [number, number];
  if (m < n) {
    const { u, s, vh } = svd(transposed(a));
    return { u: transposed(vh), s, vh: transposed(u) };
  }
  const batch = sizeOf(a.shape.slice(0, -2));
  const spectrum: Spectrum = {
    u: new Float64Array(a.size),
    s: new Float64Array(batch * n),
    v: new Float64Array(batch * n * n),
  };
  let b = 0;
  for (const matrix of eachMatrix("svd", a)) {
    const { u, s, v } = decompose(matrix, m, n);
    spectrum.u.set(u, b * m * n);
    spectrum.s.set(s, b * n);
    spectrum.v.set(v, b * n * n);
    b++;
  }
  return {
    u: run(left, [a], spectrum),
    s: run(singular, [a], spectrum),
    vh: transposed(run(right, [a], spectrum)),
  };
}
