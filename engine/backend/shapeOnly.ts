/**
 * The backend that computes nothing: its tensors have a shape and no values. On it the largest network is built, traced and
 * counted in milliseconds, without memory for a single weight.
 */
import type { Backend, DType, Storage, TypedArray } from "./backend.ts";

const empty: Record<DType, TypedArray> = {
  float32: new Float32Array(0),
  float64: new Float64Array(0),
  int32: new Int32Array(0),
  bool: new Uint8Array(0),
};

function storage(dtype: DType, length: number): Storage {
  return {
    dtype,
    length,
    byteOffset: 0,
    values: () => empty[dtype],
    slice: (_start, part) => storage(dtype, part),
  };
}

const nothing = (): void => {};

/**
 * Checks shapes and computes nothing: every operation gives a tensor of the right shape without values, and reading values
 * is an error. For asking how large a model is and how its maps shrink, before paying for it.
 *
 * @example
 * withBackend(shapeOnlyBackend, () => models.vgg16().parameterCount)                                   // 138357544
 * withBackend(shapeOnlyBackend, () => models.vgg16().trace(zeros([1, 3, 224, 224])).map((layer) => layer.outputShape))
 */
export const shapeOnlyBackend: Backend = {
  name: "shape-only",
  bytesInUse: 0,
  describe: () => ({ name: "shape-only", simd: "none", threads: 1, blas: null }),
  allocate: storage,
  release: nothing,
  fill: nothing,
  copy: nothing,
  strided: nothing,
  stridedAdd: nothing,
  unary: nothing,
  binary: nothing,
  where: nothing,
  reduce: nothing,
  matmul: nothing,
  conv2d: nothing,
  conv2dInputGradient: nothing,
  conv2dWeightGradient: nothing,
  maxPool2d: nothing,
  maxPool2dGradient: nothing,
  avgPool2d: nothing,
  avgPool2dGradient: nothing,
  moments: nothing,
  normalize: nothing,
  normalizeSums: nothing,
  normalizeGradient: nothing,
  softmax: nothing,
  logSoftmax: nothing,
  crossEntropy: nothing,
  crossEntropyGradient: nothing,
  gatherRows: nothing,
  scatterAddRows: nothing,
  warp: nothing,
  sgdStep: nothing,
  adamStep: nothing,
};
