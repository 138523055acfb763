/**
 * The tensor: an n-dimensional array of numbers that remembers how it was computed. Methods are thin; the operations
 * are in `ops/`.
 */
import {
  type BackwardOptions,
  backward,
  type GradientHook,
  type HookHandle,
  registerGradientHook,
} from "./autograd.ts";
import type { DType, Storage, TypedArray } from "./backend/backend.ts";
import { GradientError, ShapeError } from "./errors.ts";
import { blockOf, giveBack, type Holding, type Life, register, share, valuesOf } from "./memory.ts";
import type { GraphNode } from "./op.ts";
import * as compare from "./ops/comparison.ts";
import * as elementwise from "./ops/elementwise.ts";
import * as indexing from "./ops/indexing.ts";
import * as products from "./ops/matmul.ts";
import * as movement from "./ops/movement.ts";
import * as order from "./ops/order.ts";
import * as rearrange from "./ops/rearrange.ts";
import * as reduction from "./ops/reduction.ts";
import * as scattering from "./ops/scatter.ts";
import * as soft from "./ops/softmax.ts";
import { formatTensor, nestValues, summariseTensor } from "./printing.ts";
import { describeShape, type Shape } from "./shapes.ts";

/** Nested arrays of numbers, as deep as the tensor has dimensions. */
export type NestedNumbers = number | NestedNumbers[];

/** A tensor, or a number that stands for a tensor without dimensions. */
export type Operand = Tensor | number;

/** One dimension or several; negative ones count from the end. */
export type Dims = number | readonly number[];

/**
 * An n-dimensional array of numbers that remembers how it was computed, so that `backward()` finds gradients. Made by
 * `tensor`, `zeros`, `randn` and the like; every method returns a new tensor unless it says otherwise, and each operation is
 * a function as well: `x.relu()` is `relu(x)`.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]], { requiresGrad: true });
 * x.square().sum().backward();   // x.grad is [[2, 4], [6, 8]]
 */
export class Tensor {
  /** Sizes of the dimensions; `[]` for a single number. */
  readonly shape: Shape;
  /** What kind of numbers: "float32", "float64", "int32" or "bool". */
  readonly dtype: DType;
  /** How many numbers it has. */
  readonly size: number;
  /** A name given by the user, for graphs and messages. */
  label: string | null = null;
  /** @internal */
  readonly holding: Holding;
  /** @internal How it was computed; null for leaves and for what was computed without recording. */
  node: GraphNode | null = null;
  /** @internal The gradient, without marking it as seen by user code. */
  gradient: Tensor | null = null;
  /** @internal */
  retainsGrad = false;
  /** @internal */
  hooks: readonly GradientHook[] | null = null;
  /** @internal Its memory is given back when this is garbage. */
  readonly life: Life | null;
  #leafRequiresGrad = false;

  /** @internal Use `tensor(…)`. */
  constructor(holding: Holding) {
    this.holding = holding;
    this.shape = holding.shape;
    this.dtype = holding.storage.dtype;
    this.size = holding.storage.length;
    this.life = register(this);
  }

  /** How many dimensions it has. */
  get ndim(): number {
    return this.shape.length;
  }

  /** @internal The memory; throws when it was recycled. Take it anew after every operation. */
  get storage(): Storage {
    blockOf(this.holding);
    return this.holding.storage;
  }

  /** Whether the memory was given back. */
  get isRecycled(): boolean {
    return this.holding.block === null && this.holding.values === null;
  }

  // ── The graph ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether `backward()` computes a gradient through (or for) this tensor. Settable on leaves. */
  get requiresGrad(): boolean {
    return this.node !== null || this.#leafRequiresGrad;
  }

  set requiresGrad(value: boolean) {
    if (this.node !== null) {
      if (value) return;
      throw new GradientError(
        `requiresGrad: this tensor was computed by ${this.node.primitive.name}; use .detach() to get its values outside the graph`,
      );
    }
    if (value && this.dtype !== "float32" && this.dtype !== "float64")
      throw new GradientError(
        `requiresGrad: only float tensors have gradients, this one is ${this.dtype}; convert it with .to("float32")`,
      );
    this.#leafRequiresGrad = value;
  }

  /** Whether it is an end of the graph: made by the user, not computed. */
  get isLeaf(): boolean {
    return this.node === null;
  }

  /** `∂L/∂this` after `L.backward()`; null before. Computed tensors have one only after `.retainGrad()`. */
  get grad(): Tensor | null {
    if (this.gradient !== null) this.gradient.holding.seen = true;
    return this.gradient;
  }

  set grad(value: Tensor | null) {
    if (value !== null && describeShape(value.shape) !== describeShape(this.shape))
      throw new ShapeError(
        `grad: the gradient of a tensor ${describeShape(this.shape)} has that shape, got ${describeShape(value.shape)}`,
      );
    this.gradient = value;
  }

  /** The operation that computed it, or null. */
  get op(): string | null {
    return this.node?.primitive.name ?? null;
  }

  /** What it was computed from, as far as gradients go; empty for leaves and for graphs that have been recycled. */
  get inputs(): readonly Tensor[] {
    return this.node?.inputs ?? [];
  }

  /** Names the tensor, for graphs and messages. */
  named(label: string): this {
    this.label = label;
    return this;
  }

  /** Asks `backward()` to keep the gradient of this computed tensor in `.grad`. */
  retainGrad(): this {
    this.retainsGrad = true;
    return this;
  }

  /**
   * Computes `∂this/∂leaf` for every leaf with `requiresGrad` and stores it in `leaf.grad`, overwriting what was there.
   * The graph is freed; its larger intermediates are recycled two graphs later (see `keep`).
   * Throws a GradientError when this is not a single number, has no graph, or its graph was differentiated already.
   *
   * @example
   * const w = tensor([1, 2], { requiresGrad: true });
   * w.square().sum().backward();   // w.grad is [2, 4]
   */
  backward(options: BackwardOptions = {}): void {
    backward(this, options);
  }

  /**
   * Has every `backward()` call `hook` with this tensor's gradient, once it is complete and before it goes on to the
   * operands and into `.grad`. A tensor of the same shape that the hook returns takes its place. A large gradient that the
   * hook stores is recycled two graphs later, unless it is kept with `.keep()`. Throws a GradientError where there is no
   * gradient.
   *
   * @example
   * const handle = hidden.registerHook((gradient) => gradient.mul(0.5));
   * handle.remove();
   */
  registerHook(hook: GradientHook): HookHandle {
    return registerGradientHook(this, hook);
  }

  /** The same values outside the graph (on the same memory); never recycled. */
  detach(): Tensor {
    const twin = new Tensor(share(this.holding, this.shape, 0, "detach"));
    twin.holding.kept = true;
    return twin;
  }

  /** Protects the values from being recycled. Returns the tensor itself. */
  keep(): this {
    blockOf(this.holding);
    this.holding.kept = true;
    return this;
  }

  /** Gives the memory back now. Nobody has to call this. */
  dispose(): void {
    giveBack(this.holding, "it was disposed");
  }

  /** `using x = …` gives the memory back at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  // ── Values ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The one number of a tensor of size 1. */
  item(): number {
    if (this.size !== 1)
      throw new ShapeError(
        `item: gives the value of a single number, this tensor is ${describeShape(this.shape)}; use toArray()`,
      );
    return valuesOf(this.holding)[0]!;
  }

  /** The values as nested arrays; a number for a tensor without dimensions. bool gives 0 and 1. */
  toArray(): NestedNumbers {
    return nestValues(valuesOf(this.holding), this.shape);
  }

  /** The values in row-major order, as a copy. */
  toTypedArray(): TypedArray {
    return valuesOf(this.holding).slice();
  }

  /** One line or a small table: values where they are few, else the corners. */
  toString(): string {
    return formatTensor(this);
  }

  /** One line: shape, dtype, range. */
  summary(): string {
    return summariseTensor(this);
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return formatTensor(this);
  }

  /** A single number converts to a number, as in `loss < 0.1`; anything else is an error. */
  [Symbol.toPrimitive](hint: string): number | string {
    if (hint === "string") return this.toString();
    if (this.size === 1) return this.item();
    throw new ShapeError(
      `a tensor ${describeShape(this.shape)} is no number: write a.add(b), a.mul(b), … for arithmetic, .item() for the value of a single number`,
    );
  }

  // ── Arithmetic ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** `a + b`, element by element, with broadcasting. */
  add(other: Operand): Tensor {
    return elementwise.add(this, other);
  }
  /** `a − b`, element by element, with broadcasting. */
  sub(other: Operand): Tensor {
    return elementwise.sub(this, other);
  }
  /** `a · b`, element by element, with broadcasting. */
  mul(other: Operand): Tensor {
    return elementwise.mul(this, other);
  }
  /** `a / b`, element by element, with broadcasting; whole numbers give float32. */
  div(other: Operand): Tensor {
    return elementwise.div(this, other);
  }
  /** `a` to the power `b`, element by element, with broadcasting. */
  pow(exponent: Operand): Tensor {
    return elementwise.pow(this, exponent);
  }
  /** The larger of `a` and `b`, element by element; NaN wins. Equal operands share the gradient. */
  maximum(other: Operand): Tensor {
    return elementwise.maximum(this, other);
  }
  /** The smaller of `a` and `b`, element by element; NaN wins. Equal operands share the gradient. */
  minimum(other: Operand): Tensor {
    return elementwise.minimum(this, other);
  }
  /** x, but not below `low` nor above `high`; the gradient passes where x is within the bounds. */
  clamp(low: number, high: number): Tensor {
    return elementwise.clamp(this, low, high);
  }
  /** `−x` */
  neg(): Tensor {
    return elementwise.neg(this);
  }
  /** `|x|`; its gradient at 0 is 0. */
  abs(): Tensor {
    return elementwise.abs(this);
  }
  /** −1, 0 or 1; its gradient is 0. */
  sign(): Tensor {
    return elementwise.sign(this);
  }
  /** `eˣ` */
  exp(): Tensor {
    return elementwise.exp(this);
  }
  /** The natural logarithm. */
  log(): Tensor {
    return elementwise.log(this);
  }
  /** `√x` */
  sqrt(): Tensor {
    return elementwise.sqrt(this);
  }
  /** `x²` */
  square(): Tensor {
    return elementwise.square(this);
  }
  /** `1 / x` */
  reciprocal(): Tensor {
    return elementwise.reciprocal(this);
  }
  /** `sin x`, x in radians. */
  sin(): Tensor {
    return elementwise.sin(this);
  }
  /** `cos x`, x in radians. */
  cos(): Tensor {
    return elementwise.cos(this);
  }
  /** The largest whole number ≤ x; its gradient is 0. */
  floor(): Tensor {
    return elementwise.floor(this);
  }
  /** The smallest whole number ≥ x; its gradient is 0. */
  ceil(): Tensor {
    return elementwise.ceil(this);
  }
  /** The nearest whole number, halves to the even one; its gradient is 0. */
  round(): Tensor {
    return elementwise.round(this);
  }
  /** `max(x, 0)`; its gradient at 0 is 0. */
  relu(): Tensor {
    return elementwise.relu(this);
  }
  /** `1 / (1 + e⁻ˣ)` */
  sigmoid(): Tensor {
    return elementwise.sigmoid(this);
  }
  /** The hyperbolic tangent. */
  tanh(): Tensor {
    return elementwise.tanh(this);
  }
  /** `ln(1 + eˣ)`, a smooth relu, computed without overflow. */
  softplus(): Tensor {
    return elementwise.softplus(this);
  }
  /** Positive numbers that add up to 1 along `dim`. */
  softmax(dim: number): Tensor {
    return soft.softmax(this, dim);
  }
  /** The logarithm of softmax along `dim`, exact where softmax itself is 0 or 1 in floating point. */
  logSoftmax(dim: number): Tensor {
    return soft.logSoftmax(this, dim);
  }

  // ── Comparison ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** True where `a = b`. */
  equal(other: Operand): Tensor {
    return compare.equal(this, other);
  }
  /** True where `a ≠ b`. */
  notEqual(other: Operand): Tensor {
    return compare.notEqual(this, other);
  }
  /** True where `a < b`. */
  less(other: Operand): Tensor {
    return compare.less(this, other);
  }
  /** True where `a ≤ b`. */
  lessEqual(other: Operand): Tensor {
    return compare.lessEqual(this, other);
  }
  /** True where `a > b`. */
  greater(other: Operand): Tensor {
    return compare.greater(this, other);
  }
  /** True where `a ≥ b`. */
  greaterEqual(other: Operand): Tensor {
    return compare.greaterEqual(this, other);
  }
  /** True where x is false (or 0). */
  logicalNot(): Tensor {
    return compare.logicalNot(this);
  }
  /** True where both are true (or not 0). */
  logicalAnd(other: Tensor): Tensor {
    return compare.logicalAnd(this, other);
  }
  /** True where at least one is true (or not 0). */
  logicalOr(other: Tensor): Tensor {
    return compare.logicalOr(this, other);
  }
  /** True where exactly one is true (or not 0). */
  logicalXor(other: Tensor): Tensor {
    return compare.logicalXor(this, other);
  }
  /** True where the value is not a number. */
  isNaN(): Tensor {
    return compare.isNaN(this);
  }
  /** True where the value is ∞ or −∞. */
  isInfinite(): Tensor {
    return compare.isInfinite(this);
  }
  /** True where the value is neither NaN nor infinite. */
  isFinite(): Tensor {
    return compare.isFinite(this);
  }
  /** Whether at least one value is true (or not 0), over all dimensions or those given. */
  any(dim?: Dims | null, options?: reduction.ReduceOptions): Tensor {
    return compare.any(this, dim, options);
  }
  /** Whether every value is true (or not 0), over all dimensions or those given. */
  all(dim?: Dims | null, options?: reduction.ReduceOptions): Tensor {
    return compare.all(this, dim, options);
  }
  /** Whether the other tensor has this shape and, within `atol + rtol · |other|`, these values. */
  allClose(other: Tensor, options: compare.AllCloseOptions = {}): boolean {
    return compare.allClose(this, other, options);
  }

  // ── Reduction ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The sum over all dimensions or those given. bool counts the true ones, as int32. */
  sum(dim?: Dims | null, options?: reduction.ReduceOptions): Tensor {
    return reduction.sum(this, dim, options);
  }
  /** The mean over all dimensions or those given. */
  mean(dim?: Dims | null, options?: reduction.ReduceOptions): Tensor {
    return reduction.mean(this, dim, options);
  }
  /** The product over all dimensions or those given. */
  prod(dim?: Dims | null, options?: reduction.ReduceOptions): Tensor {
    return reduction.prod(this, dim, options);
  }
  /**
   * The largest value over all dimensions or those given; NaN counts as largest. Equal winners share the gradient.
   * For the position see `argmax`.
   */
  max(dim?: Dims | null, options?: reduction.ReduceOptions): Tensor {
    return reduction.max(this, dim, options);
  }
  /**
   * The smallest value over all dimensions or those given; NaN counts as smallest. Equal winners share the gradient.
   * For the position see `argmin`.
   */
  min(dim?: Dims | null, options?: reduction.ReduceOptions): Tensor {
    return reduction.min(this, dim, options);
  }
  /** The position of the largest value, int32: along `dim`, or in the flattened tensor. The first of equals. */
  argmax(dim?: number | null, options?: reduction.ReduceOptions): Tensor {
    return reduction.argmax(this, dim, options);
  }
  /** The position of the smallest value, int32: along `dim`, or in the flattened tensor. The first of equals. */
  argmin(dim?: number | null, options?: reduction.ReduceOptions): Tensor {
    return reduction.argmin(this, dim, options);
  }
  /** The variance; divided by n − 1, or n with `{ correction: 0 }`. */
  var(dim?: Dims | null, options?: reduction.VarianceOptions): Tensor {
    return reduction.variance(this, dim, options);
  }
  /** The standard deviation; from the variance divided by n − 1, or n with `{ correction: 0 }`. */
  std(dim?: Dims | null, options?: reduction.VarianceOptions): Tensor {
    return reduction.std(this, dim, options);
  }
  /** The p-norm `(Σ |xᵢ|ᵖ)^(1/p)`; Euclidean by default, the largest size for `{ p: Infinity }`. */
  norm(dim?: Dims | null, options?: reduction.NormOptions): Tensor {
    return reduction.norm(this, dim, options);
  }
  /** `ln Σ eˣ`, shifted by the maximum so that nothing overflows. */
  logSumExp(dim?: Dims | null, options?: reduction.ReduceOptions): Tensor {
    return reduction.logSumExp(this, dim, options);
  }

  /** The middle value along `dim`, or of all; of an even number the lower of the two in the middle. */
  median(dim?: number | null, options?: reduction.ReduceOptions): Tensor {
    return order.median(this, dim, options);
  }
  /** The value below which this share (0 to 1) of the values along `dim`, or of all, lies; between two values interpolated. */
  quantile(share: number, dim?: number | null, options?: reduction.ReduceOptions): Tensor {
    return order.quantile(this, share, dim, options);
  }

  /** The running product along `dim`; bool counts as 0 and 1, in int32. */
  cumprod(dim: number): Tensor {
    return order.cumprod(this, dim);
  }
  /** The running sum along `dim`; bool counts the true ones, as int32. */
  cumsum(dim: number): Tensor {
    return order.cumsum(this, dim);
  }
  /**
   * The values in ascending order along `dim` (the last), and where they were. Equal values keep their order; NaN counts
   * as the largest.
   */
  sort(dim = -1, options: order.SortOptions = {}): order.Ordered {
    return order.sort(this, dim, options);
  }
  /** The positions (int32) that put the values in ascending order along `dim` (the last). */
  argsort(dim = -1, options: order.SortOptions = {}): Tensor {
    return order.argsort(this, dim, options);
  }
  /** The `k` largest values along `dim` (the last), the largest first, and where they were. */
  topk(k: number, dim = -1, options: order.TopkOptions = {}): order.Ordered {
    return order.topk(this, k, dim, options);
  }
  /** The distinct values, ascending, with how often each occurs and where. */
  unique(): order.Distinct {
    return order.unique(this);
  }

  // ── Products ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The matrix product: `[m, k] · [k, n]` → `[m, n]`; `[k]` · `[k]` is a number, `[m, k] · [k]` → `[m]`, and
   * dimensions in front are batches that broadcast. Throws a ShapeError when the inner sizes differ.
   */
  matmul(other: Tensor): Tensor {
    return products.matmul(this, other);
  }
  /** The sum of the products of two vectors. */
  dot(other: Tensor): Tensor {
    return products.dot(this, other);
  }
  /** The table of the products of two vectors: `[m]`, `[n]` → `[m, n]`. */
  outer(other: Tensor): Tensor {
    return products.outer(this, other);
  }

  // ── Shape and position ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Shares memory. One size may be −1: it follows from the others. */
  reshape(shape: readonly number[]): Tensor {
    return movement.reshape(this, shape);
  }
  /** Shares memory. Dimensions from `startDim` to `endDim` become one. */
  flatten(startDim = 0, endDim = -1): Tensor {
    return movement.flatten(this, startDim, endDim);
  }
  /** Shares memory. A dimension of size 1 is put in at `dim`. */
  unsqueeze(dim: number): Tensor {
    return movement.unsqueeze(this, dim);
  }
  /** Shares memory. Dimensions of size 1 are taken out: all, or those given. */
  squeeze(dim?: Dims): Tensor {
    return movement.squeeze(this, dim);
  }
  /** The axes in another order: `permute(images, [0, 2, 3, 1])` turns `[N, C, H, W]` into `[N, H, W, C]`. */
  permute(dims: readonly number[]): Tensor {
    return movement.permute(this, dims);
  }
  /** Two axes swapped. */
  transpose(dimA: number, dimB: number): Tensor {
    return movement.transpose(this, dimA, dimB);
  }
  /** The transpose of a matrix. */
  get T(): Tensor {
    if (this.ndim !== 2)
      throw new ShapeError(
        `T: transposes a matrix, this tensor is ${describeShape(this.shape)}; use transpose(dimA, dimB) or permute(dims)`,
      );
    return movement.transpose(this, 0, 1);
  }
  /** Repeats along dimensions of size 1 (and new ones in front) up to `shape`; −1 keeps a size. */
  expand(shape: readonly number[]): Tensor {
    return movement.expand(this, shape);
  }
  /** The order along the given dimensions reversed. */
  flip(dims: Dims): Tensor {
    return movement.flip(this, dims);
  }
  /**
   * Everything moved by `shifts` places along `dims` (to the right and down if positive); what leaves at one end comes
   * in at the other. Without `dims` the tensor is shifted as one long row.
   */
  roll(shifts: Dims, dims?: Dims): Tensor {
    return rearrange.roll(this, shifts, dims);
  }
  /** The tensor side by side with itself, `repeats[d]` times along dimension d. */
  repeat(repeats: readonly number[]): Tensor {
    return rearrange.repeat(this, repeats);
  }
  /**
   * A border: one `[before, after]` per dimension, the last ones if fewer are given, filled with a number (0) or by
   * "reflect", "replicate" or "circular".
   */
  pad(padding: readonly (readonly [number, number])[], fill: number | movement.PadMode = 0): Tensor {
    return movement.pad(this, padding, fill);
  }
  /** Parts along `dim`: of the given sizes, or of one size each (the last may be smaller). */
  split(sizes: number | readonly number[], dim = 0): Tensor[] {
    return rearrange.split(this, sizes, dim);
  }
  /** At most `count` parts of equal size along `dim`; the last may be smaller. */
  chunk(count: number, dim = 0): Tensor[] {
    return rearrange.chunk(this, count, dim);
  }
  /** The lower triangle of a matrix, zeros above `diagonal` (0 the main one, 1 the one above it). */
  tril(diagonal = 0): Tensor {
    return rearrange.tril(this, diagonal);
  }
  /** The upper triangle of a matrix, zeros below `diagonal` (0 the main one, 1 the one above it). */
  triu(diagonal = 0): Tensor {
    return rearrange.triu(this, diagonal);
  }
  /** A vector as the diagonal of a square matrix, or the diagonal of a matrix as a vector. */
  diag(diagonal = 0): Tensor {
    return rearrange.diag(this, diagonal);
  }
  /** The sum of the diagonal of a matrix. */
  trace(): Tensor {
    return rearrange.trace(this);
  }
  /**
   * A part of a tensor, one range per dimension: `slice(x, [[0, 10], [2, -1], null])`; null keeps a dimension whole,
   * a number picks one row and drops the dimension. Along the first dimension alone, unless small, it shares memory.
   */
  slice(ranges: readonly (movement.Range | null)[]): Tensor {
    return movement.slice(this, ranges);
  }
  /** `length` rows from `start` along `dim`. Along the first dimension, unless small, it shares memory. */
  narrow(dim: number, start: number, length: number): Tensor {
    return movement.narrow(this, dim, start, length);
  }
  /** Row `index` along `dim`, without that dimension. Along the first dimension, unless small, it shares memory. */
  select(dim: number, index: number): Tensor {
    return movement.select(this, dim, index);
  }
  /** `t.at(i)` is row i, `t.at(i, j)` element j of row i, and so on; negative indices count from the end. */
  at(...indices: number[]): Tensor {
    let part: Tensor = this;
    for (const index of indices) part = movement.select(part, 0, index);
    return part;
  }
  /**
   * The rows along `dim` at the given positions, in that order, repeated ones too. Gradients of repeated rows add up.
   */
  indexSelect(dim: number, indices: Tensor | readonly number[]): Tensor {
    return indexing.indexSelect(this, dim, indices);
  }
  /**
   * One value per index along `dim`: `y[i][j] = x[i][indices[i][j]]` for dim 1. `indices` (int32) has the dimensions
   * of x, and may be shorter along any of them. `gather(logProbabilities, 1, labels.unsqueeze(1))` picks the right
   * class of each sample.
   */
  gather(dim: number, indices: Tensor): Tensor {
    return indexing.gather(this, dim, indices);
  }
  /**
   * A copy with values put at the given positions along `dim`, the reverse of `gather`; the source has the shape of the
   * indices, or is a number. Where a position is given twice, the last one counts.
   */
  scatter(dim: number, indices: Tensor, source: Operand): Tensor {
    return scattering.scatter(this, dim, indices, source);
  }
  /** A copy with values added at the given positions along `dim`; where positions repeat, their values add up. */
  scatterAdd(dim: number, indices: Tensor, source: Operand): Tensor {
    return scattering.scatterAdd(this, dim, indices, source);
  }
  /** A copy with a part replaced, what `x[ranges] = source` is in Python; the source broadcasts to the part. */
  sliceScatter(ranges: readonly (movement.Range | null)[], source: Operand): Tensor {
    return scattering.sliceScatter(this, ranges, source);
  }
  /** `value` where the mask is true, these values elsewhere. */
  maskedFill(mask: Tensor, value: number): Tensor {
    return scattering.maskedFill(this, mask, value);
  }
  /** The values where the mask is true, as a list `[n]`. */
  maskedSelect(mask: Tensor): Tensor {
    return scattering.maskedSelect(this, mask);
  }
  /** The positions of the elements that are not 0 (or true), one per row: `[n, dimensions]`, int32. */
  nonzero(): Tensor {
    return scattering.nonzero(this);
  }

  /** The values on new memory; part of the graph. */
  clone(): Tensor {
    return elementwise.clone(this);
  }
  /** The values in another dtype (the tensor itself if it has it); part of the graph between float types. */
  to(dtype: DType): Tensor {
    return elementwise.to(this, dtype);
  }

  /** `for (const row of t)`: the rows along the first dimension. */
  *[Symbol.iterator](): Generator<Tensor, void, undefined> {
    if (this.ndim === 0) throw new ShapeError("a tensor without dimensions cannot be iterated; use item()");
    for (let i = 0; i < this.shape[0]!; i++) yield movement.select(this, 0, i);
  }
}

/** Whether a value is a tensor. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}
