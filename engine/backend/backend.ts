/**
 * The contract between ops and the machines that compute them. A backend owns memory and runs kernels on it; it knows
 * nothing of tensors, gradients or layers. Every operand is contiguous and row-major; every shape was checked by the op.
 */

export type DType = "float32" | "float64" | "int32" | "bool";

/** The values of a tensor's dtype: float32, float64, int32; bool as Uint8Array. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A stretch of a backend's memory: `length` elements of one dtype. */
export interface Storage {
  readonly dtype: DType;
  readonly length: number;
  /** Address of the first element in the backend's memory, in bytes. */
  readonly byteOffset: number;
  /** A live view of the elements. Take it anew after every allocation: memory may have grown. */
  values(): TypedArray;
  /** Elements `[start, start + length)` of the same memory; releasing it is its owner's business. */
  slice(start: number, length: number): Storage;
}

export type UnaryKind =
  | "neg"
  | "abs"
  | "sign"
  | "exp"
  | "log"
  | "sqrt"
  | "square"
  | "reciprocal"
  | "sin"
  | "cos"
  | "floor"
  | "ceil"
  | "round"
  | "relu"
  | "sigmoid"
  | "tanh"
  | "softplus"
  | "logicalNot";

/** `reluGradient(y, g)`, `sigmoidGradient(y, g)` and `tanhGradient(y, g)` take the op's OUTPUT y and the gradient g. */
export type BinaryKind =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "pow"
  | "maximum"
  | "minimum"
  | "reluGradient"
  | "sigmoidGradient"
  | "tanhGradient"
  | "equal"
  | "notEqual"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual";

export type ReduceKind = "sum" | "prod" | "max" | "min" | "argmax" | "argmin";

/** Walks memory by strides (in elements): element `i` of the walk sits at `offset + Σ i[d]·strides[d]`. */
export interface Walk {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Operands broadcast to `shape`; a stride of 0 repeats an element. */
export interface Broadcast {
  readonly shape: readonly number[];
  readonly aStrides: readonly number[];
  readonly bStrides: readonly number[];
}

/** A contiguous array seen as `[outer, size, inner]`, reduced over the middle. */
export interface Reduction {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** A contiguous array seen as `[outer, channels, inner]`; statistics are over outer and inner, one per channel. */
export interface Channels {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}

/**
 * `out[b] = op(a[b]) · op(b[b])` (+ `out[b]` when `accumulate`), `[m, k]·[k, n] → [m, n]`.
 * A transposed operand is stored `[k, m]` (a) or `[n, k]` (b). Batch strides are in elements; 0 shares one matrix.
 */
export interface MatmulGeometry {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly batchStrideA: number;
  readonly batchStrideB: number;
  readonly accumulate: boolean;
}

/** What each number of a product goes through, in this order, each step if it is given. */
export interface MatmulFinish {
  /** `[n]`, added to every row. */
  readonly bias: Storage | null;
  /** `max(y, 0)`. */
  readonly relu: boolean;
}

/** Input `[batch, inChannels, inHeight, inWidth]`, kernel `[outChannels, inChannels / groups, kernelHeight, kernelWidth]`. */
export interface Conv2dGeometry {
  readonly batch: number;
  readonly inChannels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly groups: number;
}

/** What each number y of a convolution's output goes through, in this order, each step if it is given. */
export interface Conv2dFinish {
  /** `(y − mean)·inverse·weight + bias`, each `[outChannels]`. */
  readonly normalize: {
    readonly mean: Storage;
    readonly inverse: Storage;
    readonly weight: Storage;
    readonly bias: Storage;
  } | null;
  /** What is added to it, in the shape of the output. */
  readonly addend: Storage | null;
  /** `max(y, 0)`. */
  readonly relu: boolean;
}

/** Windows over `[batch·channels, inHeight, inWidth]`. Padding never wins a maximum and counts in no average. */
export interface Pool2dGeometry {
  readonly planes: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
}

/** Pictures `[count, channels, inHeight, inWidth]` moved to `[count, channels, outHeight, outWidth]`. */
export interface WarpGeometry {
  readonly count: number;
  readonly channels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  /** What lies outside of a picture: black, its edge repeated, or its mirror image. */
  readonly border: "zeros" | "replicate" | "reflect";
  /** The nearest pixel, instead of four mixed bilinearly. */
  readonly nearest: boolean;
}

export interface SgdOptions {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

export interface AdamOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Counts from 1; used for the bias corrections `1 − βᵗ`. */
  readonly step: number;
}

/** What runs where: shown by `nnlab doctor`. */
export interface BackendDescription {
  /** Its name, such as "wasm". */
  readonly name: string;
  /** The WebAssembly vector instructions in use; relaxed ones add and multiply at once. */
  readonly simd: "relaxed" | "simd128" | "none";
  /** How many threads compute, the main one included. */
  readonly threads: number;
  /** Path of the BLAS library in use, or null. */
  readonly blas: string | null;
}

/** Where numbers are computed: the kernels that every operation is composed of. */
export interface Backend {
  /** Its name, such as "reference" or "wasm". */
  readonly name: string;
  /** Bytes of live storages (views not counted twice). */
  readonly bytesInUse: number;
  /** What runs where. */
  describe(): BackendDescription;

  /** Memory for `length` elements; the contents are undefined. Throws an OutOfMemoryError that says what is held. */
  allocate(dtype: DType, length: number): Storage;
  /** Takes memory back. */
  release(storage: Storage): void;

  /** `out[i] = value`. */
  fill(out: Storage, value: number): void;
  /** Copies and converts between dtypes. */
  copy(x: Storage, out: Storage): void;
  /** `out[i] = x[walk(i)]`: permute, slice, flip, expand. */
  strided(x: Storage, walk: Walk, out: Storage): void;
  /** `out[walk(i)] += x[i]`: the gradient of `strided`. */
  stridedAdd(x: Storage, walk: Walk, out: Storage): void;

  /** `out[i] = kind(x[i])`. */
  unary(kind: UnaryKind, x: Storage, out: Storage): void;
  /** Comparisons write bool. Without `broadcast` all three have one shape. */
  binary(kind: BinaryKind, a: Storage, b: Storage, out: Storage, broadcast?: Broadcast): void;
  /** `out[i] = condition[i] ? a[i] : b[i]`, one shape. */
  where(condition: Storage, a: Storage, b: Storage, out: Storage): void;
  /** argmax and argmin write int32 and take the first of equals; NaN counts as the extreme, as in PyTorch. */
  reduce(kind: ReduceKind, x: Storage, reduction: Reduction, out: Storage): void;

  /** `out = a · b` for each matrix of a batch. `finish` gives the bits that `binary` and `unary` would after it. */
  matmul(a: Storage, b: Storage, out: Storage, geometry: MatmulGeometry, finish?: MatmulFinish): void;

  /** `bias` is `[outChannels]` or null. `finish` gives the bits that `normalize`, `binary` and `unary` would after it. */
  conv2d(
    x: Storage,
    weight: Storage,
    bias: Storage | null,
    out: Storage,
    geometry: Conv2dGeometry,
    finish?: Conv2dFinish,
  ): void;
  /** `∂L/∂x` from `gradient = ∂L/∂out`. */
  conv2dInputGradient(gradient: Storage, weight: Storage, out: Storage, geometry: Conv2dGeometry): void;
  /** `∂L/∂weight` from `gradient = ∂L/∂out`. */
  conv2dWeightGradient(x: Storage, gradient: Storage, out: Storage, geometry: Conv2dGeometry): void;

  /** Writes the maxima and, as int32, the position of each within its input plane. */
  maxPool2d(x: Storage, out: Storage, indices: Storage, geometry: Pool2dGeometry): void;
  /** Adds each gradient at its winner; `out` is `[planes, inHeight, inWidth]` and is overwritten. */
  maxPool2dGradient(gradient: Storage, indices: Storage, out: Storage, geometry: Pool2dGeometry): void;
  /** The mean of each window. */
  avgPool2d(x: Storage, out: Storage, geometry: Pool2dGeometry): void;
  /** Spreads each gradient evenly over its window; `out` is overwritten. */
  avgPool2dGradient(gradient: Storage, out: Storage, geometry: Pool2dGeometry): void;

  /** Mean and variance (divided by n) of each channel. */
  moments(x: Storage, mean: Storage, variance: Storage, layout: Channels): void;
  /** `out = (x − mean)·inverse·weight + bias`, each `[channels]`; `weight` and `bias` may be null. */
  normalize(
    x: Storage,
    mean: Storage,
    inverse: Storage,
    weight: Storage | null,
    bias: Storage | null,
    out: Storage,
    layout: Channels,
  ): void;
  /** `sums [2, channels]`: `Σ g` and `Σ g·(x − mean)·inverse`, the gradients with regard to bias and weight. */
  normalizeSums(
    gradient: Storage,
    x: Storage,
    mean: Storage,
    inverse: Storage,
    sums: Storage,
    layout: Channels,
  ): void;
  /** `∂L/∂x` of `normalize` by the x's own moments: `inverse·weight·(g − sums₀ / n − (x − mean)·inverse·sums₁ / n)`. */
  normalizeGradient(
    gradient: Storage,
    x: Storage,
    mean: Storage,
    inverse: Storage,
    weight: Storage | null,
    sums: Storage,
    out: Storage,
    layout: Channels,
  ): void;

  /** Over the rows of `[rows, size]`, shifted by the row's maximum. */
  softmax(x: Storage, out: Storage, rows: number, size: number): void;
  /** The logarithm of `softmax`, computed without it. */
  logSoftmax(x: Storage, out: Storage, rows: number, size: number): void;
  /** `probabilities = softmax(x)` over the rows of `[rows, size]`, `losses [rows] = −log probabilities[label]`. Labels were checked. */
  crossEntropy(
    x: Storage,
    labels: Storage,
    probabilities: Storage,
    losses: Storage,
    rows: number,
    size: number,
  ): void;
  /** `∂L/∂x = (probabilities − [label])·gradient` from `gradient [rows] = ∂L/∂losses`. */
  crossEntropyGradient(
    probabilities: Storage,
    labels: Storage,
    gradient: Storage,
    out: Storage,
    rows: number,
    size: number,
  ): void;

  /** `out[i] = x[indices[i]]` over rows of `rowLength` elements: batches, embeddings. Indices were checked. */
  gatherRows(x: Storage, indices: Storage, out: Storage, rowLength: number): void;
  /** `out[indices[i]] += x[i]`: the gradient of `gatherRows`. */
  scatterAddRows(x: Storage, indices: Storage, out: Storage, rowLength: number): void;

  /**
   * The pixel (x, y) of each picture from the place (a·x + b·y + e, c·x + d·y + f) of the one given, pixel centres at whole numbers; `maps`
   * holds a, b, c, d, e and f for each. Computed in float64.
   */
  warp(x: Storage, maps: Float64Array, out: Storage, geometry: WarpGeometry): void;

  /** In place: `v ← momentum·v + (g + weightDecay·p)`, `p ← p − learningRate·v`. `velocity` is null without momentum. */
  sgdStep(parameter: Storage, gradient: Storage, velocity: Storage | null, options: SgdOptions): void;
  /** In place, Kingma & Ba 2014, algorithm 1, with L2 `weightDecay` added to the gradient. */
  adamStep(parameter: Storage, gradient: Storage, m: Storage, v: Storage, options: AdamOptions): void;
}
