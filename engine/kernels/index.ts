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
  exp,
  fill,
  floor,
  log,
  maximum,
  maximumBroadcast,
  minimum,
  minimumBroadcast,
  mul,
  mulBroadcast,
  neg,
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
export {
  argmax,
  argmin,
  logSoftmax,
  max,
  min_ as min,
  softmax,
  sumBlocks,
  sumColumns,
  sumRows,
} from "./reduce";
export { gatherRows, scatterAddRows, strided, stridedAdd } from "./walk";
export { winograd, winogradWeight, winogradWeightGradient, winogradWeightSums } from "./winograd";
