/**
 * The fast backend: float32 on WebAssembly SIMD kernels, threads, and a BLAS where there is one. What has no kernel (int32
 * and bool arithmetic, rare operations) runs the reference backend's loops on the same memory. Knows no platform: threads,
 * files and libraries come in through `Machine`.
 *
 * The same operation on the same numbers gives the same bits, run after run, for one build of the kernels, number of threads
 * and BLAS. Elementwise operations, reductions, softmax, pooling and optimiser steps do not depend on the number of threads
 * either; products and convolutions may, in their last bits.
 */
import { DTypeError, OutOfMemoryError } from "../errors.ts";
import { Allocator, blockSize } from "./allocator.ts";
import type {
  AdamOptions,
  Backend,
  BackendDescription,
  BinaryKind,
  Broadcast,
  Channels,
  Conv2dFinish,
  Conv2dGeometry,
  DType,
  MatmulFinish,
  MatmulGeometry,
  Pool2dGeometry,
  ReduceKind,
  Reduction,
  SgdOptions,
  Storage,
  TypedArray,
  UnaryKind,
  Walk,
  WarpGeometry,
} from "./backend.ts";
import { finishConvolution } from "./finish.ts";
import type { Pool } from "./pool.ts";
import { HEAP_START, TASK_ADDRESS } from "./protocol.ts";
import { referenceBackend } from "./reference.ts";
import type { Memory } from "./webassembly.ts";
import {
  isWinograd,
  tileBytes,
  transformedWeightBytes,
  transposedGeometry,
  winogradChunkRows,
} from "./winograd.ts";

/** What the platform gives. */
export interface Machine {
  readonly memory: Memory;
  /** The size beyond which the memory cannot grow. */
  readonly maximumBytes: number;
  readonly kernelNames: readonly string[];
  readonly pool: Pool;
  readonly simd: "relaxed" | "simd128";
  readonly blas: string | null;
  /** What is not as it could be, for people: a library that did not load, a setting that makes no sense. */
  readonly problems: readonly string[];
}

const PAGE = 65536;
/** Kernels may read (not write) so many bytes past the end of an operand. */
const MARGIN = 64;
/** Of `gemm` in the kernels, for one thread: a block of A, a block of B, one tile, rounded up. */
const GEMM_SCRATCH = blockSize((72 * 256 + 512 * 256 + 48) * 4);

/** Unfolded patches of so many bytes are multiplied at a time. */
const CHUNK_BYTES = 256 * 1024;

/** Work that is worth a thread: elements moved, elements put through exp or the like, multiplications. */
const CHEAP = 8192;
const COSTLY = 1024;
const MULTIPLICATIONS = 65_536;

/** Sums of this many elements are one unit, whatever the number of threads. */
const SUM_BLOCK = 8192;

const bytesPer = { float32: 4, float64: 8, int32: 4, bool: 1 } as const;

class WasmStorage implements Storage {
  readonly dtype: DType;
  readonly length: number;
  readonly byteOffset: number;
  /** Bytes of the block this storage owns; 0 for a slice, and once released. */
  block: number;
  readonly #memory: Memory;
  #view: TypedArray | null = null;

  constructor(memory: Memory, dtype: DType, length: number, byteOffset: number, block: number) {
    this.#memory = memory;
    this.dtype = dtype;
    this.length = length;
    this.byteOffset = byteOffset;
    this.block = block;
  }

  values(): TypedArray {
    // A shared buffer is never detached: views of it outlive the growth of the memory.
    this.#view ??= this.#makeView();
    return this.#view;
  }

  slice(start: number, length: number): Storage {
    return new WasmStorage(
      this.#memory,
      this.dtype,
      length,
      this.byteOffset + start * bytesPer[this.dtype],
      0,
    );
  }

  #makeView(): TypedArray {
    const { buffer } = this.#memory;
    switch (this.dtype) {
      case "int32":
        return new Int32Array(buffer, this.byteOffset, this.length);
      case "bool":
        return new Uint8Array(buffer, this.byteOffset, this.length);
      default:
        return new Float32Array(buffer, this.byteOffset, this.length);
    }
  }
}

/** As the kernel names them. */
const borders: Record<WarpGeometry["border"], number> = { zeros: 0, replicate: 1, reflect: 2 };

const inWords = (bytes: number): string => {
  if (bytes < 1e4) return `${bytes} bytes`;
  if (bytes < 1e7) return `${(bytes / 1e3).toFixed(0)} kB`;
  return bytes < 1e10 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
};

const isFloat = (...storages: readonly Storage[]): boolean => {
  for (const storage of storages) if (storage.dtype !== "float32") return false;
  return true;
};

/** Kernels as large as the image: each filter sees all of it once, as a unit of a fully connected layer does. */
const isDense = (g: Conv2dGeometry): boolean =>
  g.outHeight === 1 &&
  g.outWidth === 1 &&
  g.kernelHeight === g.inHeight &&
  g.kernelWidth === g.inWidth &&
  g.padTop === 0 &&
  g.padLeft === 0 &&
  g.dilationHeight === 1 &&
  g.dilationWidth === 1 &&
  g.groups === 1;

/** Such a convolution as a product: x·Wᵀ, g·W or gᵀ·x, of x `[batch, in]`, W `[out, in]` and g `[batch, out]`. */
function dense(g: Conv2dGeometry, wanted: "out" | "input" | "weight", accumulate = false): MatmulGeometry {
  const inputs = g.inChannels * g.inHeight * g.inWidth;
  const sizes = {
    out: { m: g.batch, n: g.outChannels, k: inputs, transposeA: false, transposeB: true },
    input: { m: g.batch, n: inputs, k: g.outChannels, transposeA: false, transposeB: false },
    weight: { m: g.outChannels, n: inputs, k: g.batch, transposeA: true, transposeB: false },
  };
  return { batch: 1, ...sizes[wanted], batchStrideA: 0, batchStrideB: 0, accumulate };
}

/** Dimensions and strides with neighbours merged where every operand walks through both as through one. */
interface Walks {
  readonly shape: number[];
  readonly strides: number[][];
}

/** At most `limit` dimensions, padded with leading ones; null when more are needed. */
function merge(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  limit: number,
): Walks | null {
  const merged: number[] = [];
  const mergedStrides: number[][] = strides.map(() => []);
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d]!;
    if (size === 1) continue;
    const outermost = merged[0];
    if (outermost !== undefined && strides.every((s, i) => s[d] === mergedStrides[i]![0]! * outermost)) {
      merged[0] = outermost * size;
    } else {
      merged.unshift(size);
      for (const [i, s] of strides.entries()) mergedStrides[i]!.unshift(s[d]!);
    }
  }
  if (merged.length > limit) return null;
  while (merged.length < limit) {
    merged.unshift(1);
    for (const s of mergedStrides) s.unshift(0);
  }
  return { shape: merged, strides: mergedStrides };
}

const unaryKernels: Partial<Record<UnaryKind, number>> = {
  neg: CHEAP,
  abs: CHEAP,
  sign: CHEAP,
  exp: COSTLY,
  log: COSTLY,
  sqrt: CHEAP,
  square: CHEAP,
  reciprocal: CHEAP,
  floor: CHEAP,
  ceil: CHEAP,
  round: CHEAP,
  relu: CHEAP,
  sigmoid: COSTLY,
  tanh: COSTLY,
  softplus: COSTLY,
};

export class WasmBackend implements Backend {
  readonly name = "wasm";
  /** What is not as it could be, for `nnlab doctor`. */
  readonly problems: readonly string[];
  readonly #memory: Memory;
  readonly #maximumBytes: number;
  readonly #pool: Pool;
  readonly #allocator: Allocator;
  readonly #description: BackendDescription;
  readonly #kernels: ReadonlyMap<string, number>;
  readonly #useBlas: number;
  /** The words of the task, as integers and as floats. */
  readonly #words: Int32Array;
  readonly #reals: Float32Array;
  /** Memory that a kernel uses while it runs; not counted as in use. */
  #scratch = 0;
  #scratchBytes = 0;

  constructor(machine: Machine) {
    this.#memory = machine.memory;
    this.#maximumBytes = machine.maximumBytes;
    this.#pool = machine.pool;
    this.problems = machine.problems;
    this.#useBlas = machine.blas === null ? 0 : 1;
    this.#description = {
      name: this.name,
      simd: machine.simd,
      threads: machine.pool.threads,
      blas: machine.blas,
    };
    this.#kernels = new Map(machine.kernelNames.map((name, index) => [name, index]));
    this.#words = new Int32Array(machine.memory.buffer, TASK_ADDRESS, 32);
    this.#reals = new Float32Array(machine.memory.buffer, TASK_ADDRESS, 32);
    const end = machine.memory.buffer.byteLength - MARGIN;
    this.#allocator = new Allocator(HEAP_START, end, (needed) => this.#growTo(needed));
  }

  get bytesInUse(): number {
    return this.#allocator.used - this.#scratchBytes;
  }

  describe(): BackendDescription {
    return this.#description;
  }

  /** Ends the compute threads; everything still works, on one thread. */
  close(): void {
    this.#pool.close();
  }

  allocate(dtype: DType, length: number): Storage {
    if (dtype === "float64")
      throw new DTypeError(
        "the wasm backend computes in float32, int32 and bool; float64 is for the reference backend: withBackend(referenceBackend, () => …)",
      );
    // A thread may still be writing for an interrupted operation; its memory must not be handed out before.
    if (this.#pool.inFlight) this.#pool.settle();
    const block = blockSize(length * bytesPer[dtype]);
    const address = this.#allocator.allocate(block);
    if (address === null)
      throw this.#outOfMemory(`${length.toLocaleString("en")} numbers of ${dtype}`, block);
    return new WasmStorage(this.#memory, dtype, length, address, block);
  }

  release(storage: Storage): void {
    if (!(storage instanceof WasmStorage) || storage.block === 0)
      throw new Error("wasm backend: only a live storage that it allocated can be released, once");
    const { block } = storage;
    storage.block = 0;
    this.#allocator.release(storage.byteOffset, block);
  }

  fill(out: Storage, value: number): void {
    if (!isFloat(out)) {
      out.values().fill(value);
      return;
    }
    const words = this.#task();
    words[0] = out.byteOffset;
    words[1] = out.length;
    this.#reals[2] = value;
    this.#run("fill", this.#slices(out.length, CHEAP));
  }

  copy(x: Storage, out: Storage): void {
    // The kernel counts bytes in 31 bits.
    if (x.dtype !== out.dtype || out.length * bytesPer[out.dtype] > 2 ** 31 - PAGE) {
      referenceBackend.copy(x, out);
      return;
    }
    const words = this.#task();
    words[0] = x.byteOffset;
    words[1] = out.byteOffset;
    words[2] = out.length * bytesPer[out.dtype];
    this.#run("copyBytes", this.#slices(out.length, 4 * CHEAP));
  }

  strided(x: Storage, walk: Walk, out: Storage): void {
    if (!this.#setWalk(x, walk, out)) {
      referenceBackend.strided(x, walk, out);
      return;
    }
    this.#run("strided", this.#slices(out.length, CHEAP / 2));
  }

  stridedAdd(x: Storage, walk: Walk, out: Storage): void {
    if (!isFloat(x, out) || !this.#setWalk(x, walk, out)) {
      referenceBackend.stridedAdd(x, walk, out);
      return;
    }
    this.#run("stridedAdd", 1);
  }

  unary(kind: UnaryKind, x: Storage, out: Storage): void {
    const grain = unaryKernels[kind];
    if (grain === undefined || !isFloat(x, out)) {
      referenceBackend.unary(kind, x, out);
      return;
    }
    const words = this.#task();
    words[0] = x.byteOffset;
    words[1] = out.byteOffset;
    words[2] = out.length;
    this.#run(kind, this.#slices(out.length, grain), x.byteOffset !== out.byteOffset);
  }

  binary(kind: BinaryKind, a: Storage, b: Storage, out: Storage, broadcast?: Broadcast): void {
    const name = broadcast === undefined ? kind : `${kind}Broadcast`;
    const isComparison = out.dtype === "bool";
    if (!this.#kernels.has(name) || !isFloat(a, b) || !(isComparison || isFloat(out))) {
      referenceBackend.binary(kind, a, b, out, broadcast);
      return;
    }
    if (broadcast !== undefined && !this.#setBroadcast(broadcast)) {
      referenceBackend.binary(kind, a, b, out, broadcast);
      return;
    }
    const words = this.#task();
    words[0] = a.byteOffset;
    words[1] = b.byteOffset;
    words[2] = out.byteOffset;
    if (broadcast === undefined) words[3] = out.length;
    const inPlace = out.byteOffset === a.byteOffset || out.byteOffset === b.byteOffset;
    this.#run(name, this.#slices(out.length, CHEAP), !inPlace);
  }

  where(condition: Storage, a: Storage, b: Storage, out: Storage): void {
    if (condition.dtype !== "bool" || !isFloat(a, b, out)) {
      referenceBackend.where(condition, a, b, out);
      return;
    }
    const words = this.#task();
    words[0] = condition.byteOffset;
    words[1] = a.byteOffset;
    words[2] = b.byteOffset;
    words[3] = out.byteOffset;
    words[4] = out.length;
    this.#run("where", this.#slices(out.length, CHEAP));
  }

  reduce(kind: ReduceKind, x: Storage, reduction: Reduction, out: Storage): void {
    const { outer, size, inner } = reduction;
    if (kind === "prod" || x.dtype !== "float32" || (kind === "sum" && out.dtype !== "float32")) {
      referenceBackend.reduce(kind, x, reduction, out);
      return;
    }
    if (kind !== "sum" && size === 0) {
      referenceBackend.reduce(kind, x, reduction, out);
      return;
    }
    if (kind === "sum" && outer === 1 && inner === 1 && size > 2 * SUM_BLOCK) {
      this.#sumAll(x, out);
      return;
    }
    const words = this.#task();
    words[0] = x.byteOffset;
    words[1] = out.byteOffset;
    words[2] = outer;
    words[3] = size;
    words[4] = inner;
    const name = kind !== "sum" ? kind : inner === 1 ? "sumRows" : "sumColumns";
    this.#run(name, this.#slices(outer * size * inner, CHEAP));
  }

  matmul(a: Storage, b: Storage, out: Storage, geometry: MatmulGeometry, finish?: MatmulFinish): void {
    if (!isFloat(a, b, out)) {
      referenceBackend.matmul(a, b, out, geometry, finish);
      return;
    }
    const { batch, m, n, k } = geometry;
    const slices = this.#slices(batch * m * n * k, MULTIPLICATIONS);
    const scratch = this.#scratchFor(slices * GEMM_SCRATCH);
    const words = this.#task();
    words[0] = a.byteOffset;
    words[1] = b.byteOffset;
    words[2] = out.byteOffset;
    words[3] = batch;
    words[4] = m;
    words[5] = n;
    words[6] = k;
    words[7] = geometry.transposeA ? 1 : 0;
    words[8] = geometry.transposeB ? 1 : 0;
    words[9] = geometry.batchStrideA;
    words[10] = geometry.batchStrideB;
    words[11] = geometry.accumulate ? 1 : 0;
    words[12] = scratch;
    words[13] = GEMM_SCRATCH;
    words[14] = this.#useBlas;
    words[15] = finish?.bias?.byteOffset ?? 0;
    words[16] = finish?.relu ? 1 : 0;
    this.#run("matmul", slices, !geometry.accumulate);
  }

  conv2d(
    x: Storage,
    weight: Storage,
    bias: Storage | null,
    out: Storage,
    geometry: Conv2dGeometry,
    finish?: Conv2dFinish,
  ): void {
    if (!isFloat(x, weight, out)) {
      referenceBackend.conv2d(x, weight, bias, out, geometry, finish);
      return;
    }
    if (isDense(geometry)) {
      const { batch, outChannels } = geometry;
      if (bias !== null) this.strided(bias, { shape: [batch, outChannels], strides: [0, 1], offset: 0 }, out);
      this.matmul(x, weight, out, dense(geometry, "out", bias !== null));
      if (finish !== undefined) finishConvolution(this, out, geometry, finish);
      return;
    }
    if (isWinograd(geometry)) {
      this.#winograd(x, weight, false, bias, out, geometry, finish);
      return;
    }
    const slices = this.#setConvolution(geometry);
    const words = this.#words;
    words[0] = x.byteOffset;
    words[1] = weight.byteOffset;
    words[2] = bias?.byteOffset ?? 0;
    words[3] = out.byteOffset;
    this.#setFinish(finish);
    this.#run("conv2d", slices);
  }

  conv2dInputGradient(gradient: Storage, weight: Storage, out: Storage, geometry: Conv2dGeometry): void {
    if (!isFloat(gradient, weight, out)) {
      referenceBackend.conv2dInputGradient(gradient, weight, out, geometry);
      return;
    }
    if (isDense(geometry)) {
      this.matmul(gradient, weight, out, dense(geometry, "input"));
      return;
    }
    if (isWinograd(geometry)) {
      this.#winograd(gradient, weight, true, null, out, transposedGeometry(geometry));
      return;
    }
    const slices = this.#setConvolution(geometry);
    const words = this.#words;
    words[0] = gradient.byteOffset;
    words[1] = weight.byteOffset;
    words[3] = out.byteOffset;
    this.#run("conv2dInputGradient", slices);
  }

  conv2dWeightGradient(x: Storage, gradient: Storage, out: Storage, geometry: Conv2dGeometry): void {
    if (!isFloat(x, gradient, out)) {
      referenceBackend.conv2dWeightGradient(x, gradient, out, geometry);
      return;
    }
    if (isDense(geometry)) {
      this.matmul(gradient, x, out, dense(geometry, "weight"));
      return;
    }
    if (isWinograd(geometry)) {
      this.#winogradWeightGradient(x, gradient, out, geometry);
      return;
    }
    const weights = out.length;
    const slices = this.#setConvolution(geometry, 4 * weights);
    const words = this.#words;
    const partials = slices === 1 ? out.byteOffset : this.#scratch;
    words[0] = x.byteOffset;
    words[1] = gradient.byteOffset;
    words[3] = partials;
    this.#run("conv2dWeightGradient", slices);
    if (slices === 1) return;
    words[0] = partials;
    words[1] = out.byteOffset;
    words[2] = weights;
    words[3] = slices;
    this.#run("sumPartials", this.#slices(weights, CHEAP));
  }

  maxPool2d(x: Storage, out: Storage, indices: Storage, geometry: Pool2dGeometry): void {
    if (!isFloat(x, out)) {
      referenceBackend.maxPool2d(x, out, indices, geometry);
      return;
    }
    this.#runPool("maxPool2d", x, out, indices, geometry);
  }

  maxPool2dGradient(gradient: Storage, indices: Storage, out: Storage, geometry: Pool2dGeometry): void {
    if (!isFloat(gradient, out)) {
      referenceBackend.maxPool2dGradient(gradient, indices, out, geometry);
      return;
    }
    this.#runPool("maxPool2dGradient", gradient, indices, out, geometry);
  }

  avgPool2d(x: Storage, out: Storage, geometry: Pool2dGeometry): void {
    if (!isFloat(x, out)) {
      referenceBackend.avgPool2d(x, out, geometry);
      return;
    }
    this.#runPool("avgPool2d", x, out, out, geometry);
  }

  avgPool2dGradient(gradient: Storage, out: Storage, geometry: Pool2dGeometry): void {
    if (!isFloat(gradient, out)) {
      referenceBackend.avgPool2dGradient(gradient, out, geometry);
      return;
    }
    this.#runPool("avgPool2dGradient", gradient, out, out, geometry);
  }

  moments(x: Storage, mean: Storage, variance: Storage, layout: Channels): void {
    if (!isFloat(x, mean, variance)) {
      referenceBackend.moments(x, mean, variance, layout);
      return;
    }
    const words = this.#task();
    words[0] = x.byteOffset;
    words[1] = mean.byteOffset;
    words[2] = variance.byteOffset;
    this.#runChannels("moments", 3, layout);
  }

  normalize(
    x: Storage,
    mean: Storage,
    inverse: Storage,
    weight: Storage | null,
    bias: Storage | null,
    out: Storage,
    layout: Channels,
  ): void {
    if (!isFloat(x, mean, inverse, out)) {
      referenceBackend.normalize(x, mean, inverse, weight, bias, out, layout);
      return;
    }
    const words = this.#task();
    words[0] = x.byteOffset;
    words[1] = mean.byteOffset;
    words[2] = inverse.byteOffset;
    words[3] = weight?.byteOffset ?? 0;
    words[4] = bias?.byteOffset ?? 0;
    words[5] = out.byteOffset;
    this.#runChannels("normalize", 6, layout);
  }

  normalizeSums(
    gradient: Storage,
    x: Storage,
    mean: Storage,
    inverse: Storage,
    sums: Storage,
    layout: Channels,
  ): void {
    if (!isFloat(gradient, x, mean, inverse, sums)) {
      referenceBackend.normalizeSums(gradient, x, mean, inverse, sums, layout);
      return;
    }
    const words = this.#task();
    words[0] = gradient.byteOffset;
    words[1] = x.byteOffset;
    words[2] = mean.byteOffset;
    words[3] = inverse.byteOffset;
    words[4] = sums.byteOffset;
    this.#runChannels("normalizeSums", 5, layout);
  }

  normalizeGradient(
    gradient: Storage,
    x: Storage,
    mean: Storage,
    inverse: Storage,
    weight: Storage | null,
    sums: Storage,
    out: Storage,
    layout: Channels,
  ): void {
    if (!isFloat(gradient, x, mean, inverse, sums, out)) {
      referenceBackend.normalizeGradient(gradient, x, mean, inverse, weight, sums, out, layout);
      return;
    }
    const words = this.#task();
    words[0] = gradient.byteOffset;
    words[1] = x.byteOffset;
    words[2] = mean.byteOffset;
    words[3] = inverse.byteOffset;
    words[4] = weight?.byteOffset ?? 0;
    words[5] = sums.byteOffset;
    words[6] = out.byteOffset;
    this.#runChannels("normalizeGradient", 7, layout);
  }

  softmax(x: Storage, out: Storage, rows: number, size: number): void {
    if (!isFloat(x, out)) {
      referenceBackend.softmax(x, out, rows, size);
      return;
    }
    this.#runRows("softmax", x, out, rows, size);
  }

  logSoftmax(x: Storage, out: Storage, rows: number, size: number): void {
    if (!isFloat(x, out)) {
      referenceBackend.logSoftmax(x, out, rows, size);
      return;
    }
    this.#runRows("logSoftmax", x, out, rows, size);
  }

  crossEntropy(
    x: Storage,
    labels: Storage,
    probabilities: Storage,
    losses: Storage,
    rows: number,
    size: number,
  ): void {
    if (!isFloat(x, probabilities, losses) || labels.dtype !== "int32") {
      referenceBackend.crossEntropy(x, labels, probabilities, losses, rows, size);
      return;
    }
    this.#runLabelledRows("crossEntropy", [x, labels, probabilities, losses], rows, size);
  }

  crossEntropyGradient(
    probabilities: Storage,
    labels: Storage,
    gradient: Storage,
    out: Storage,
    rows: number,
    size: number,
  ): void {
    if (!isFloat(probabilities, gradient, out) || labels.dtype !== "int32") {
      referenceBackend.crossEntropyGradient(probabilities, labels, gradient, out, rows, size);
      return;
    }
    this.#runLabelledRows("crossEntropyGradient", [probabilities, labels, gradient, out], rows, size);
  }

  gatherRows(x: Storage, indices: Storage, out: Storage, rowLength: number): void {
    if (x.dtype !== out.dtype || bytesPer[x.dtype] !== 4 || indices.dtype !== "int32") {
      referenceBackend.gatherRows(x, indices, out, rowLength);
      return;
    }
    this.#setRows(x, indices, out, rowLength);
    this.#run("gatherRows", this.#slices(out.length, 2 * CHEAP));
  }

  scatterAddRows(x: Storage, indices: Storage, out: Storage, rowLength: number): void {
    if (!isFloat(x, out) || indices.dtype !== "int32") {
      referenceBackend.scatterAddRows(x, indices, out, rowLength);
      return;
    }
    this.#setRows(x, indices, out, rowLength);
    const slices = rowLength < 64 ? 1 : this.#slices(x.length, CHEAP);
    this.#run("scatterAddRows", slices, false);
  }

  warp(x: Storage, maps: Float64Array, out: Storage, geometry: WarpGeometry): void {
    if (!isFloat(x, out)) {
      referenceBackend.warp(x, maps, out, geometry);
      return;
    }
    const words = this.#task();
    const scratch = this.#scratchFor(maps.byteLength);
    new Float64Array(this.#memory.buffer, scratch, maps.length).set(maps);
    words[0] = x.byteOffset;
    words[1] = scratch;
    words[2] = out.byteOffset;
    words[3] = geometry.count;
    words[4] = geometry.channels;
    words[5] = geometry.inHeight;
    words[6] = geometry.inWidth;
    words[7] = geometry.outHeight;
    words[8] = geometry.outWidth;
    words[9] = borders[geometry.border];
    words[10] = geometry.nearest ? 1 : 0;
    this.#run("warp", Math.max(1, Math.min(geometry.count, this.#slices(out.length, COSTLY))));
  }

  sgdStep(parameter: Storage, gradient: Storage, velocity: Storage | null, options: SgdOptions): void {
    if (!isFloat(parameter, gradient)) {
      referenceBackend.sgdStep(parameter, gradient, velocity, options);
      return;
    }
    const words = this.#task();
    words[0] = parameter.byteOffset;
    words[1] = gradient.byteOffset;
    words[2] = velocity?.byteOffset ?? 0;
    words[3] = parameter.length;
    const reals = this.#reals;
    reals[4] = options.learningRate;
    reals[5] = options.momentum;
    reals[6] = options.weightDecay;
    this.#run("sgdStep", this.#slices(parameter.length, CHEAP), false);
  }

  adamStep(parameter: Storage, gradient: Storage, m: Storage, v: Storage, options: AdamOptions): void {
    if (!isFloat(parameter, gradient, m, v)) {
      referenceBackend.adamStep(parameter, gradient, m, v, options);
      return;
    }
    const words = this.#task();
    words[0] = parameter.byteOffset;
    words[1] = gradient.byteOffset;
    words[2] = m.byteOffset;
    words[3] = v.byteOffset;
    words[4] = parameter.length;
    const reals = this.#reals;
    reals[5] = options.beta1;
    reals[6] = options.beta2;
    reals[7] = 1 - options.beta1;
    reals[8] = 1 - options.beta2;
    reals[9] = options.weightDecay;
    reals[10] = options.learningRate / (1 - options.beta1 ** options.step);
    reals[11] = 1 / Math.sqrt(1 - options.beta2 ** options.step);
    reals[12] = options.epsilon;
    this.#run("adamStep", this.#slices(parameter.length, CHEAP / 2), false);
  }

  /** The words of the task, once no thread reads them any more for an interrupted one. */
  #task(): Int32Array {
    if (this.#pool.inFlight) this.#pool.settle();
    return this.#words;
  }

  #run(kernel: string, slices: number, repeatable = true): void {
    this.#pool.run(this.#kernels.get(kernel)!, slices, repeatable);
  }

  /** Into how many slices work is cut: a matter of its amount and the number of threads, never of the moment. */
  #slices(work: number, grain: number): number {
    return work < 2 * grain ? 1 : Math.min(this.#pool.threads, Math.floor(work / grain));
  }

  #sumAll(x: Storage, out: Storage): void {
    const blocks = Math.ceil(x.length / SUM_BLOCK);
    const partials = this.#scratchFor(4 * blocks);
    const words = this.#task();
    words[0] = x.byteOffset;
    words[1] = partials;
    words[2] = x.length;
    words[3] = SUM_BLOCK;
    this.#run("sumBlocks", this.#slices(x.length, 2 * CHEAP));
    words[0] = partials;
    words[1] = out.byteOffset;
    words[2] = 1;
    words[3] = blocks;
    words[4] = 1;
    this.#run("sumRows", 1);
  }

  #runRows(kernel: string, x: Storage, out: Storage, rows: number, size: number): void {
    const words = this.#task();
    words[0] = x.byteOffset;
    words[1] = out.byteOffset;
    words[2] = rows;
    words[3] = size;
    this.#run(kernel, this.#rowSlices(rows, size), x.byteOffset !== out.byteOffset);
  }

  #runLabelledRows(kernel: string, operands: readonly Storage[], rows: number, size: number): void {
    const words = this.#task();
    for (const [i, { byteOffset }] of operands.entries()) words[i] = byteOffset;
    words[4] = rows;
    words[5] = size;
    this.#run(kernel, this.#rowSlices(rows, size));
  }

  #rowSlices(rows: number, size: number): number {
    return Math.min(this.#slices(rows * size, COSTLY), Math.max(rows, 1));
  }

  /** The layout's words follow the operands'. */
  #runChannels(kernel: string, operands: number, { outer, channels, inner }: Channels): void {
    const words = this.#words;
    words[operands] = outer;
    words[operands + 1] = channels;
    words[operands + 2] = inner;
    this.#run(kernel, Math.max(1, Math.min(channels, this.#slices(outer * channels * inner, CHEAP))));
  }

  #setRows(x: Storage, indices: Storage, out: Storage, rowLength: number): void {
    const words = this.#task();
    words[0] = x.byteOffset;
    words[1] = indices.byteOffset;
    words[2] = out.byteOffset;
    words[3] = indices.length;
    words[4] = rowLength;
  }

  /** Writes a walk's words; false when the walk has more dimensions than the kernels take, or an 8-bit dtype. */
  #setWalk(x: Storage, walk: Walk, out: Storage): boolean {
    if (x.dtype !== out.dtype || bytesPer[x.dtype] !== 4) return false;
    const merged = merge(walk.shape, [walk.strides], 4);
    if (merged === null) return false;
    const words = this.#task();
    words[0] = x.byteOffset;
    words[1] = out.byteOffset;
    words[4] = walk.offset;
    for (let d = 0; d < 4; d++) {
      words[5 + d] = merged.shape[d]!;
      words[9 + d] = merged.strides[0]![d]!;
    }
    return true;
  }

  #setBroadcast({ shape, aStrides, bStrides }: Broadcast): boolean {
    const merged = merge(shape, [aStrides, bStrides], 4);
    if (merged === null) return false;
    const [a, b] = merged.strides as [number[], number[]];
    // A whole operand of one element arrives as all ones.
    if (shape.length === 0 || merged.shape[3] === 1) a[3] = b[3] = 1;
    if (a[3]! + b[3]! < 1 || a[3]! > 1 || b[3]! > 1 || a[3]! < 0 || b[3]! < 0) return false;
    const words = this.#task();
    for (let d = 0; d < 4; d++) {
      words[3 + d] = merged.shape[d]!;
      words[7 + d] = a[d]!;
      words[11 + d] = b[d]!;
    }
    return true;
  }

  /** Writes a convolution's geometry and scratch; returns the number of slices. */
  #setConvolution(g: Conv2dGeometry, extraBytesPerSlice = 0): number {
    const depth = (g.inChannels / g.groups) * g.kernelHeight * g.kernelWidth;
    const positions = g.outHeight * g.outWidth;
    const work = g.batch * g.outChannels * depth * positions;
    const slices = Math.max(1, Math.min(g.batch, this.#slices(work, MULTIPLICATIONS)));
    const chunkRows = Math.max(1, Math.min(g.outHeight, Math.floor(CHUNK_BYTES / (4 * depth * g.outWidth))));
    const columns = blockSize(4 * depth * chunkRows * g.outWidth + MARGIN);
    // The weight in strips of 6 rows, packed for one product or the other.
    const weight = blockSize(
      4 * Math.max((g.outChannels / g.groups + 6) * depth, (depth + 6) * (g.outChannels / g.groups)),
    );
    const paddedHeight = Math.max(
      (g.outHeight - 1) * g.strideHeight + (g.kernelHeight - 1) * g.dilationHeight + 1,
      g.padTop + g.inHeight,
    );
    const paddedWidth = Math.max(
      (g.outWidth - 1) * g.strideWidth + (g.kernelWidth - 1) * g.dilationWidth + 1,
      g.padLeft + g.inWidth,
    );
    const padded = blockSize(4 * (g.inChannels / g.groups) * paddedHeight * paddedWidth + MARGIN);
    const perSlice = GEMM_SCRATCH + columns + weight + padded;
    // What a caller needs besides (partial sums) lies first.
    const extra = blockSize(slices * extraBytesPerSlice);
    const scratch = this.#scratchFor(extra + slices * perSlice) + extra;
    const words = this.#task();
    words[4] = g.batch;
    words[5] = g.inChannels;
    words[6] = g.inHeight;
    words[7] = g.inWidth;
    words[8] = g.outChannels;
    words[9] = g.outHeight;
    words[10] = g.outWidth;
    words[11] = g.kernelHeight;
    words[12] = g.kernelWidth;
    words[13] = g.strideHeight;
    words[14] = g.strideWidth;
    words[15] = g.padTop;
    words[16] = g.padLeft;
    words[17] = g.dilationHeight;
    words[18] = g.dilationWidth;
    words[19] = g.groups;
    words[20] = scratch;
    words[21] = perSlice;
    words[22] = this.#useBlas;
    words[23] = chunkRows;
    words[24] = GEMM_SCRATCH + columns;
    words[25] = GEMM_SCRATCH + columns + weight;
    return slices;
  }

  /** What follows a convolution. */
  #setFinish(finish: Conv2dFinish | undefined): void {
    const words = this.#words;
    const normalize = finish?.normalize;
    words[26] = normalize?.mean.byteOffset ?? 0;
    words[27] = normalize?.inverse.byteOffset ?? 0;
    words[28] = normalize?.weight.byteOffset ?? 0;
    words[29] = normalize?.bias.byteOffset ?? 0;
    words[30] = finish?.addend?.byteOffset ?? 0;
    words[31] = finish?.relu ? 1 : 0;
  }

  /** `turned` says that the weight is the one of the convolution whose input gradient this is. */
  #winograd(
    x: Storage,
    weight: Storage,
    turned: boolean,
    bias: Storage | null,
    out: Storage,
    g: Conv2dGeometry,
    finish?: Conv2dFinish,
  ): void {
    const isPacked = this.#useBlas === 0;
    const slices = this.#setWinograd(g, transformedWeightBytes(g, isPacked), 0);
    const words = this.#words;
    words[0] = x.byteOffset;
    words[1] = this.#scratch;
    words[2] = bias?.byteOffset ?? 0;
    words[3] = out.byteOffset;
    words[17] = weight.byteOffset;
    words[18] = this.#scratch;
    words[19] = g.outChannels;
    words[20] = g.inChannels;
    words[21] = turned ? 1 : 0;
    words[22] = isPacked ? 1 : 0;
    this.#setFinish(finish);
    this.#run("winogradWeight", this.#slices(weight.length, COSTLY));
    this.#run("winograd", slices);
  }

  #winogradWeightGradient(x: Storage, gradient: Storage, out: Storage, g: Conv2dGeometry): void {
    const weights = g.outChannels * g.inChannels;
    const slices = this.#setWinograd(g, 0, 4 * 16 * weights);
    const words = this.#words;
    words[0] = x.byteOffset;
    words[1] = gradient.byteOffset;
    words[3] = this.#scratch;
    this.#run("winogradWeightSums", slices);
    words[0] = this.#scratch;
    words[1] = out.byteOffset;
    words[2] = weights;
    words[3] = slices;
    this.#run("winogradWeightGradient", this.#slices(weights, COSTLY));
  }

  /** Writes the geometry and scratch of a convolution by Winograd's algorithm; returns the number of slices. What the caller needs lies first. */
  #setWinograd(g: Conv2dGeometry, extra: number, extraPerSlice: number): number {
    const rows = g.batch * Math.ceil(g.outHeight / 2);
    const tilesX = Math.ceil(g.outWidth / 2);
    const work = 16 * rows * tilesX * g.inChannels * g.outChannels;
    const slices = Math.max(1, Math.min(rows, this.#slices(work, MULTIPLICATIONS)));
    const chunkRows = Math.min(Math.ceil(rows / slices), winogradChunkRows(g));
    const perSlice = blockSize(GEMM_SCRATCH + tileBytes(g, chunkRows) + MARGIN);
    const first = blockSize(extra + slices * extraPerSlice);
    const scratch = this.#scratchFor(first + slices * perSlice) + first;
    const words = this.#task();
    words[4] = g.batch;
    words[5] = g.inChannels;
    words[6] = g.inHeight;
    words[7] = g.inWidth;
    words[8] = g.outChannels;
    words[9] = g.outHeight;
    words[10] = g.outWidth;
    words[11] = g.padTop;
    words[12] = g.padLeft;
    words[13] = scratch;
    words[14] = perSlice;
    words[15] = this.#useBlas;
    words[16] = chunkRows;
    return slices;
  }

  #runPool(kernel: string, first: Storage, second: Storage, third: Storage, g: Pool2dGeometry): void {
    const words = this.#task();
    words[0] = first.byteOffset;
    words[1] = second.byteOffset;
    words[2] = third.byteOffset;
    words[3] = g.planes;
    words[4] = g.inHeight;
    words[5] = g.inWidth;
    words[6] = g.outHeight;
    words[7] = g.outWidth;
    words[8] = g.kernelHeight;
    words[9] = g.kernelWidth;
    words[10] = g.strideHeight;
    words[11] = g.strideWidth;
    words[12] = g.padTop;
    words[13] = g.padLeft;
    const work = g.planes * g.outHeight * g.outWidth * g.kernelHeight * g.kernelWidth;
    this.#run(kernel, Math.max(1, Math.min(g.planes, this.#slices(work, CHEAP))));
  }

  #scratchFor(bytes: number): number {
    if (bytes > this.#scratchBytes) {
      if (this.#pool.inFlight) this.#pool.settle();
      const before = this.#scratchBytes;
      // First, so that an interruption in between loses the block instead of using it twice.
      this.#scratchBytes = 0;
      if (before > 0) this.#allocator.release(this.#scratch, before);
      const block = blockSize(bytes);
      const address = this.#allocator.allocate(block);
      if (address === null) throw this.#outOfMemory("the working memory of an operation", block);
      this.#scratch = address;
      this.#scratchBytes = block;
    }
    return this.#scratch;
  }

  #growTo(needed: number): number | null {
    const wanted = Math.ceil((needed + MARGIN) / PAGE);
    const have = this.#memory.buffer.byteLength / PAGE;
    const most = Math.floor(this.#maximumBytes / PAGE);
    if (wanted > most) return null;
    for (const pages of [Math.min(most, Math.max(wanted, Math.ceil(1.5 * have))), wanted]) {
      try {
        this.#memory.grow(pages - have);
        return pages * PAGE - MARGIN;
      } catch {
        // the system has less than we would like; ask for what is needed
      }
    }
    return null;
  }

  #outOfMemory(what: string, bytes: number): OutOfMemoryError {
    return new OutOfMemoryError(
      `no memory for ${what} (${inWords(bytes)}): ${inWords(this.bytesInUse)} are in use and the limit is ${inWords(this.#maximumBytes)}. ` +
        "Use smaller batches, run predictions under noGrad(() => …), or dispose of tensors you keep.",
    );
  }
}
