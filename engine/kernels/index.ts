// Everything exported here is a kernel: (task, slice, slices). The backend calls kernels by these names.

export { conv2d, conv2dInputGradient, conv2dWeightGradient, sumPartials } from "./conv2d";
export {
  abs,
  adamStep,
  add,
  addBroadcast,
  ceil,
  copyBytes,
  div,
  divBroadcast,
  equal,
  equalBroadcast,
  exp,
  fill,
  floor,
  greater,
  greaterBroadcast,
  greaterEqual,
  greaterEqualBroadcast,
  less,
  lessBroadcast,
  lessEqual,
  lessEqualBroadcast,
  log,
  maximum,
  maximumBroadcast,
  minimum,
  minimumBroadcast,
  mul,
  mulBroadcast,
  neg,
  notEqual,
  notEqualBroadcast,
  reciprocal,
  relu,
  reluGradient,
  round,
  sgdStep,
  sigmoid,
  sigmoidGradient,
  sign,
  softplus,
  sqrt,
  square,
  sub,
  subBroadcast,
  tanh,
  tanhGradient,
  where,
} from "./elementwise";
export { matmul } from "./gemm";
export { moments, normalize, normalizeGradient, normalizeSums } from "./normalization";
export { avgPool2d, avgPool2dGradient, maxPool2d, maxPool2dGradient } from "./pool2d";
export { argmax, argmin, max, min_ as min, sumBlocks, sumColumns, sumRows } from "./reduce";
export { crossEntropy, crossEntropyGradient, logSoftmax, softmax } from "./softmax";
export { gatherRows, scatterAddRows, strided, stridedAdd } from "./walk";
export { warp } from "./warp";
export { winograd, winogradWeight, winogradWeightGradient, winogradWeightSums } from "./winograd";
