// Principal components: the directions in which data vary most, as geometry (PCA) and as a probability model (PPCA).

import { ArgumentError, ShapeError } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { checkInterrupt } from "../interrupt.ts";
import { requireCount } from "../nn/arguments.ts";
import { requireTensor } from "../nn/requireTensor.ts";
import { checkOptions } from "../options.ts";
import { defaultGenerator, type Generator } from "../random.ts";
import { describeShape, sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { columnMeans, makeTensor, plural, type Rows, readLike, readRows, requireFit, short } from "./rows.ts";
import { symmetricEigen } from "./solve.ts";

/** Options of `pca`. */
export interface PCAOptions {
  /** How many directions d to keep, 2 unless told. */
  readonly components?: number;
}

/** What the eigenvectors of the scatter matrix `Σ (xₙ − μ)(xₙ − μ)ᵀ` say. */
interface Directions {
  readonly rows: Rows;
  readonly mean: Float64Array;
  /** d unit vectors, one per row. */
  readonly vectors: Float64Array;
  /** Their eigenvalues: N times the variance along them. */
  readonly scatter: Float64Array;
  /** The sum of all eigenvalues. */
  readonly total: number;
  readonly d: number;
}

/** The d main directions, from the eigenvectors of the smaller of XᵀX `[D, D]` and XXᵀ `[N, N]` of the centred X. */
function findDirections(operation: string, x: Tensor, d: number, most: (rows: Rows) => number): Directions {
  const rows = readRows(operation, "x", x);
  const { count, width, values } = rows;
  if (count < 2)
    throw new ArgumentError(`${operation}: one sample does not vary; it takes two or more, [N, D]`);
  const limit = most(rows);
  if (d > limit)
    throw new ArgumentError(
      `${operation}: ${plural(count, "sample")} of ${plural(width, "number")} have at most ${plural(limit, "component")}; ${d} were asked for`,
    );
  const mean = columnMeans(rows);
  const centred = values.map((value, i) => value - mean[i % width]!);
  const wide = width > count;
  const n = wide ? count : width;
  const product = wide ? outerProduct(centred, count, width) : innerProduct(centred, count, width);
  let total = 0;
  for (let i = 0; i < n; i++) total += product[i * n + i]!;
  const eigen = symmetricEigen(product, n);
  const scatter = eigen.values.slice(0, d).map((value) => Math.max(value, 0));
  const vectors = wide
    ? imagesOf(eigen.vectors, scatter, centred, count, width)
    : eigen.vectors.slice(0, d * width);
  const rank = scatter.findIndex((value) => value <= 1e-12 * total);
  if (wide && rank >= 0)
    throw new ArgumentError(
      `${operation}: the samples vary in ${plural(rank, "direction")} only; ask for that many components, not ${d}`,
    );
  return { rows, mean, vectors, scatter, total, d };
}

/** XᵀX, of both halves. */
function innerProduct(x: Float64Array, count: number, width: number): Float64Array {
  const product = new Float64Array(width * width);
  for (let i = 0; i < count; i++) {
    if (i % 64 === 0) checkInterrupt();
    for (let j = 0; j < width; j++) {
      const xj = x[i * width + j]!;
      if (xj === 0) continue;
      for (let k = j; k < width; k++) product[j * width + k]! += xj * x[i * width + k]!;
    }
  }
  for (let j = 0; j < width; j++)
    for (let k = 0; k < j; k++) product[j * width + k] = product[k * width + j]!;
  return product;
}

/** XXᵀ. */
function outerProduct(x: Float64Array, count: number, width: number): Float64Array {
  const product = new Float64Array(count * count);
  for (let a = 0; a < count; a++) {
    checkInterrupt();
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += x[a * width + j]! * x[b * width + j]!;
      product[a * count + b] = sum;
      product[b * count + a] = sum;
    }
  }
  return product;
}

/** An eigenvector u of XXᵀ with eigenvalue λ gives the eigenvector Xᵀu / √λ of XᵀX. The largest component is positive. */
function imagesOf(
  vectors: Float64Array,
  scatter: Float64Array,
  x: Float64Array,
  count: number,
  width: number,
): Float64Array {
  const images = new Float64Array(scatter.length * width);
  scatter.forEach((value, q) => {
    const image = images.subarray(q * width, q * width + width);
    for (let i = 0; i < count; i++) {
      const share = vectors[q * count + i]! / Math.sqrt(value || 1);
      for (let j = 0; j < width; j++) image[j]! += share * x[i * width + j]!;
    }
    const largest = image.reduce((most, part) => (Math.abs(part) > Math.abs(most) ? part : most), 0);
    if (largest < 0) for (let j = 0; j < width; j++) image[j]! *= -1;
  });
  return images;
}

/** The coordinates `U (x − μ)` of every sample: `[count, d]`. */
function project({ mean, vectors, d }: Directions, given: Rows): Float64Array {
  const { values, count, width } = given;
  const z = new Float64Array(count * d);
  const apart = new Float64Array(width);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) apart[j] = values[i * width + j]! - mean[j]!;
    for (let q = 0; q < d; q++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += vectors[q * width + j]! * apart[j]!;
      z[i * d + q] = sum;
    }
  }
  return z;
}

/** Codes `[N, d]` for a decoder. */
function readCodes(operation: string, z: Tensor, d: number): Rows {
  requireTensor(operation, "z", z);
  if (z.ndim === 2 && z.shape[1] === d) return readRows(operation, "z", z);
  throw new ShapeError(
    `${operation}: z must be [N, ${d}], one number per component, got ${describeShape(z.shape)}${z.ndim === 1 && z.size === d ? "; for one sample write z.unsqueeze(0)" : ""}`,
  );
}

/**
 * Principal component analysis: `z = U (x − μ)` with the eigenvectors U of the covariance whose eigenvalues are largest.
 * Lecture steps 003.4 and 003.87. See {@link pca}.
 */
export class PCA {
  /** How many components are kept. */
  readonly d: number;
  #found: Directions | null = null;

  /** @internal Use `classical.pca({ components })`. */
  constructor(options: PCAOptions = {}) {
    checkOptions("pca", options, ["components"]);
    this.d = requireCount("pca", "components", options.components ?? 2);
  }

  /** Finds the components of samples `[N, D]` or images `[N, C, H, W]`; at most D, and N − 1 where N ≤ D. */
  fit(x: Tensor): this {
    const most = ({ count, width }: Rows) => Math.min(width, width < count ? width : count - 1);
    this.#found = findDirections("pca", x, this.d, most);
    return this;
  }

  /** The mean sample μ, in the shape of a sample. */
  get mean(): Tensor {
    const { mean, rows } = requireFit("pca", this.#found);
    return makeTensor("pca", mean, rows.sampleShape, rows).keep();
  }

  /** The directions, unit vectors, the most varied first: `[d, D]`, or `[d, C, H, W]` ("eigenimages"). */
  get components(): Tensor {
    const { vectors, rows, d } = requireFit("pca", this.#found);
    return makeTensor("pca", vectors, [d, ...rows.sampleShape], rows).keep();
  }

  /** The variance along each component (divided by N − 1): `[d]`. */
  get variances(): Tensor {
    const { scatter, rows, d } = requireFit("pca", this.#found);
    return makeTensor(
      "pca",
      scatter.map((value) => value / (rows.count - 1)),
      [d],
      rows,
    ).keep();
  }

  /** The share of the whole variance along each component: `[d]`. */
  get varianceShares(): Tensor {
    const { scatter, total, rows, d } = requireFit("pca", this.#found);
    return makeTensor(
      "pca",
      scatter.map((value) => value / (total || 1)),
      [d],
      rows,
    ).keep();
  }

  /** Coordinates along the components, `U (x − μ)`: `[N, …]` → `[N, d]`. */
  transform(x: Tensor): Tensor {
    const found = requireFit("pca", this.#found);
    const given = readLike("pca", x, found.rows.sampleShape);
    return makeTensor("pca", project(found, given), [given.count, found.d], given);
  }

  /** Back from coordinates: `Uᵀ z + μ`, `[N, d]` → `[N, …]`. */
  inverse(z: Tensor): Tensor {
    const { mean, vectors, rows, d } = requireFit("pca", this.#found);
    const codes = readCodes("pca", z, d);
    const { width } = rows;
    const x = new Float64Array(codes.count * width);
    for (let i = 0; i < codes.count; i++) {
      x.set(mean, i * width);
      for (let q = 0; q < d; q++) {
        const share = codes.values[i * d + q]!;
        if (share === 0) continue;
        for (let j = 0; j < width; j++) x[i * width + j]! += share * vectors[q * width + j]!;
      }
    }
    return makeTensor("pca", x, [codes.count, ...rows.sampleShape], codes);
  }

  /** The nearest sample that the components can make, `inverse(transform(x))`: what is lost is noise, or detail. */
  reconstruct(x: Tensor): Tensor {
    return this.inverse(this.transform(x));
  }

  /** `PCA: 2 of 784 components hold 19.6 % of the variance of 500 samples`. */
  toString(): string {
    if (this.#found === null) return `PCA: ${plural(this.d, "component")} (not fitted yet)`;
    const { scatter, total, rows, d } = this.#found;
    const share = (100 * scatter.reduce((sum, value) => sum + value, 0)) / (total || 1);
    return `PCA: ${d} of ${plural(rows.width, "component")} hold ${short(share)} % of the variance of ${plural(rows.count, "sample")}`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/**
 * Principal component analysis. Lecture steps 003.4 and 003.87.
 *
 * @example
 * const threes = data.digits().train.byClass()[3].images;
 * const eigen = classical.pca({ components: 16 }).fit(threes);
 * show.images(eigen.components)
 */
export function pca(options: PCAOptions = {}): PCA {
  return new PCA(options);
}

/** Options of `probabilisticPCA`. */
export interface ProbabilisticPCAOptions {
  /** How many latent dimensions d, 2 unless told; fewer than D. */
  readonly components?: number;
  /** The R of the solution, orthogonal `[d, d]`: any is as good; the identity unless told. */
  readonly rotation?: Tensor;
}

interface Model {
  readonly directions: Directions;
  /** λ₁ … λ_d, of the covariance divided by N. */
  readonly variances: Float64Array;
  readonly noise: number;
  readonly rotation: Float64Array;
}

const probabilistic = "probabilisticPCA";

/**
 * Probabilistic PCA (Tipping & Bishop 1999): `x = W z + μ + ε`, `z ~ N(0, I)`, `ε ~ N(0, σ² I)`, fitted in closed form:
 * `W = U_d (Λ_d − σ² I)^½ R`, σ² the mean of the D − d eigenvalues that are left out. Lecture step 003.87. See
 * {@link probabilisticPCA}.
 */
export class ProbabilisticPCA {
  /** How many latent dimensions. */
  readonly d: number;
  #rotation: Tensor | null;
  #model: Model | null = null;

  /** @internal Use `classical.probabilisticPCA({ components })`. */
  constructor(options: ProbabilisticPCAOptions = {}) {
    checkOptions(probabilistic, options, ["components", "rotation"]);
    this.d = requireCount(probabilistic, "components", options.components ?? 2);
    this.#rotation = options.rotation ?? null;
  }

  /** The maximum-likelihood W, σ² and μ of samples `[N, D]` or images `[N, C, H, W]`; d < D and d < N − 1. */
  fit(x: Tensor): this {
    const directions = findDirections(probabilistic, x, this.d, ({ count, width }) =>
      Math.min(width - 1, count - 2),
    );
    const { rows, scatter, total } = directions;
    const variances = scatter.map((value) => value / rows.count);
    const kept = scatter.reduce((sum, value) => sum + value, 0);
    const noise = (total - kept) / rows.count / (rows.width - this.d);
    if (!(noise > 1e-12 * (total / rows.count)))
      throw new ArgumentError(
        `${probabilistic}: ${plural(this.d, "component")} hold all the variance of these samples, so σ² is 0 and the density is infinite; take fewer components`,
      );
    this.#model = { directions, variances, noise, rotation: readRotation(this.#rotation, this.d) };
    return this;
  }

  /** `W`, `[D, d]`. */
  get weight(): Tensor {
    const model = requireFit(probabilistic, this.#model);
    const { rows } = model.directions;
    return makeTensor(probabilistic, weightOf(model), [rows.width, this.d], rows).keep();
  }

  /** σ², the variance of the noise in every number: the mean of the eigenvalues that are left out. */
  get noise(): number {
    return requireFit(probabilistic, this.#model).noise;
  }

  /** The mean sample μ, in the shape of a sample. */
  get mean(): Tensor {
    const { mean, rows } = requireFit(probabilistic, this.#model).directions;
    return makeTensor(probabilistic, mean, rows.sampleShape, rows).keep();
  }

  /** `log p(x)` under `N(μ, W Wᵀ + σ² I)`, in nats: `[N, …]` → `[N]`. Low for outliers. */
  logDensity(x: Tensor): Tensor {
    const { directions, variances, noise } = requireFit(probabilistic, this.#model);
    const { rows, mean, d } = directions;
    const { width } = rows;
    const given = readLike(probabilistic, x, rows.sampleShape);
    const z = project(directions, given);
    let constant = width * Math.log(2 * Math.PI) + (width - d) * Math.log(noise);
    for (const variance of variances) constant += Math.log(variance);
    const densities = Float64Array.from({ length: given.count }, (_, i) => {
      // The Mahalanobis distance: along the components by λ, across them by σ².
      let across = 0;
      for (let j = 0; j < width; j++) across += (given.values[i * width + j]! - mean[j]!) ** 2;
      let along = 0;
      for (let q = 0; q < d; q++) {
        across -= z[i * d + q]! ** 2;
        along += z[i * d + q]! ** 2 / variances[q]!;
      }
      return -0.5 * (constant + along + Math.max(across, 0) / noise);
    });
    return makeTensor(probabilistic, densities, [given.count], given);
  }

  /** The mean of the latent z given x, `(WᵀW + σ² I)⁻¹ Wᵀ (x − μ)`: `[N, …]` → `[N, d]`. */
  transform(x: Tensor): Tensor {
    const { directions, variances, noise, rotation } = requireFit(probabilistic, this.#model);
    const { d } = directions;
    const given = readLike(probabilistic, x, directions.rows.sampleShape);
    const z = project(directions, given);
    const codes = new Float64Array(given.count * d);
    // WᵀW + σ² I = Rᵀ Λ R, so the mean is Rᵀ Λ⁻¹ (Λ − σ²)^½ U (x − μ).
    for (let i = 0; i < given.count; i++)
      for (let q = 0; q < d; q++) {
        const part = (z[i * d + q]! * Math.sqrt(Math.max(variances[q]! - noise, 0))) / variances[q]!;
        for (let r = 0; r < d; r++) codes[i * d + r]! += part * rotation[q * d + r]!;
      }
    return makeTensor(probabilistic, codes, [given.count, d], given);
  }

  /** The mean of x given z, `W z + μ`: `[N, d]` → `[N, …]`. */
  inverse(z: Tensor): Tensor {
    const model = requireFit(probabilistic, this.#model);
    const codes = readCodes(probabilistic, z, this.d);
    return this.#decode(model, codes.values, codes.count, null);
  }

  /** `n` new samples, `[n, …]`: z and ε drawn by the generator (the default one unless told). */
  sample(n: number, options: { readonly generator?: Generator } = {}): Tensor {
    checkOptions(probabilistic, options, ["generator"]);
    const model = requireFit(probabilistic, this.#model);
    const { generator = defaultGenerator } = options;
    const count = requireCount(probabilistic, "n", n);
    const z = Float64Array.from({ length: count * this.d }, () => generator.normal());
    return this.#decode(model, z, count, generator);
  }

  /** `ProbabilisticPCA: 2 latent dimensions of 784, σ² = 0.041, from 500 samples`. */
  toString(): string {
    if (this.#model === null)
      return `ProbabilisticPCA: ${plural(this.d, "latent dimension")} (not fitted yet)`;
    const { directions, noise } = this.#model;
    return `ProbabilisticPCA: ${plural(this.d, "latent dimension")} of ${directions.rows.width}, σ² = ${short(noise)}, from ${plural(directions.rows.count, "sample")}`;
  }

  [inspect](): string {
    return this.toString();
  }

  #decode(model: Model, z: Float64Array, count: number, noise: Generator | null): Tensor {
    const { rows, mean, d } = model.directions;
    const { width } = rows;
    const weight = weightOf(model);
    const deviation = Math.sqrt(model.noise);
    const x = new Float64Array(count * width);
    for (let i = 0; i < count; i++)
      for (let j = 0; j < width; j++) {
        let sum = mean[j]!;
        for (let q = 0; q < d; q++) sum += weight[j * d + q]! * z[i * d + q]!;
        x[i * width + j] = noise === null ? sum : sum + deviation * noise.normal();
      }
    return makeTensor(probabilistic, x, [count, ...rows.sampleShape], rows);
  }
}

/** `U_d (Λ_d − σ² I)^½ R`, `[D, d]`. */
function weightOf({ directions, variances, noise, rotation }: Model): Float64Array {
  const { vectors, rows, d } = directions;
  const { width } = rows;
  const weight = new Float64Array(width * d);
  for (let q = 0; q < d; q++) {
    const length = Math.sqrt(Math.max(variances[q]! - noise, 0));
    for (let j = 0; j < width; j++)
      for (let r = 0; r < d; r++)
        weight[j * d + r]! += vectors[q * width + j]! * length * rotation[q * d + r]!;
  }
  return weight;
}

function readRotation(rotation: Tensor | null, d: number): Float64Array {
  if (rotation === null) return Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));
  requireTensor(probabilistic, "rotation", rotation);
  if (rotation.ndim !== 2 || rotation.shape[0] !== d || sizeOf(rotation.shape) !== d * d)
    throw new ShapeError(
      `${probabilistic}: rotation must be [${d}, ${d}], got ${describeShape(rotation.shape)}`,
    );
  const r = Float64Array.from(rotation.toTypedArray());
  for (let a = 0; a < d; a++)
    for (let b = 0; b < d; b++) {
      let product = 0;
      for (let q = 0; q < d; q++) product += r[q * d + a]! * r[q * d + b]!;
      if (!(Math.abs(product - (a === b ? 1 : 0)) < 1e-5))
        throw new ArgumentError(
          `${probabilistic}: rotation must be orthogonal, RᵀR = I, but its columns ${a} and ${b} have the product ${short(product)}`,
        );
    }
  return r;
}

/**
 * Probabilistic PCA: a Gaussian with few directions that can be sampled and tells outliers. Lecture step 003.87.
 *
 * @example
 * const model = classical.probabilisticPCA({ components: 10 }).fit(threes);
 * show.images(model.sample(16))
 */
export function probabilisticPCA(options: ProbabilisticPCAOptions = {}): ProbabilisticPCA {
  return new ProbabilisticPCA(options);
}
