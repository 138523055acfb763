/**
 * Layers, losses and initial values: what networks are made of.
 *
 * @module
 */

export {
  ELU,
  elu,
  GELU,
  type GELUOptions,
  gelu,
  Identity,
  identity,
  LeakyReLU,
  LogSoftmax,
  leakyRelu,
  logSoftmax,
  Maxout,
  maxout,
  PReLU,
  type PReLUOptions,
  prelu,
  ReLU,
  relu,
  Sigmoid,
  Sign,
  Softmax,
  Softplus,
  Step,
  sigmoid,
  sign,
  softmax,
  softplus,
  step,
  Tanh,
  tanh,
} from "./activation.ts";
export type { Pair } from "./arguments.ts";
export { type ClipGradNormOptions, clipGradNorm, clipGradValue } from "./clipping.ts";
export { Concat, concat, Parallel, parallel, Residual, residual } from "./combinators.ts";
export {
  Conv2d,
  type Conv2dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
  conv2d,
  convTranspose2d,
  type PaddingMode,
} from "./convolution.ts";
export { Dropout, Dropout2d, type DropoutOptions, dropout, dropout2d } from "./dropout.ts";
export { Embedding, embedding } from "./embedding.ts";
export { Flatten, flatten, Unflatten, unflatten } from "./flatten.ts";
export * as init from "./init.ts";
export { Linear, type LinearOptions, linear } from "./linear.ts";
export {
  AvgPool1d,
  type AvgPool1dOptions,
  avgPool1d,
  Conv1d,
  type Conv1dOptions,
  ConvTranspose1d,
  type ConvTranspose1dOptions,
  conv1d,
  convTranspose1d,
  MaxPool1d,
  maxPool1d,
  type Pool1dOptions,
} from "./lines.ts";
export { LocallyConnected2d, type LocallyConnected2dOptions, locallyConnected2d } from "./local.ts";
export {
  LocalResponseNorm,
  type LocalResponseNormOptions,
  localResponseNorm,
} from "./localResponseNorm.ts";
export * as adversarial from "./losses/adversarial.ts";
export {
  bce,
  bceWithLogits,
  type CrossEntropyOptions,
  crossEntropy,
  type DiceOptions,
  dice,
  type NllOptions,
  nll,
} from "./losses/classification.ts";
export { l1Penalty, l2Penalty, multiTask } from "./losses/composition.ts";
export { type ElboOptions, elbo, gaussianKl, klDivergence } from "./losses/distribution.ts";
export type { Loss, LossOptions, Reduction } from "./losses/reduction.ts";
export {
  type GaussianNllOptions,
  gaussianNll,
  mae,
  mse,
  type PNormOptions,
  pNorm,
  type SseOptions,
  sse,
} from "./losses/regression.ts";
export {
  type ContrastiveOptions,
  contrastive,
  ntXent,
  type TripletOptions,
  triplet,
} from "./losses/similarity.ts";
export {
  type AnyModule,
  type BufferOptions,
  buffer,
  Module,
  type Parameter,
  parameter,
  type TraceRecord,
} from "./module.ts";
export {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  type BatchNormOptions,
  batchNorm1d,
  batchNorm2d,
  batchNorm3d,
  LayerNorm,
  type LayerNormOptions,
  layerNorm,
} from "./normalization.ts";
export {
  AdaptiveAvgPool2d,
  AdaptiveMaxPool2d,
  AvgPool2d,
  type AvgPool2dOptions,
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool2d,
  GlobalAvgPool2d,
  GlobalMaxPool2d,
  globalAvgPool2d,
  globalMaxPool2d,
  MaxPool2d,
  MaxPool2dWithIndices,
  MaxUnpool2d,
  type MaxUnpool2dOptions,
  MinPool2d,
  MinPool2dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  minPool2d,
  minPool2dWithIndices,
  type Pool2dOptions,
} from "./pooling.ts";
export { Sequential, sequential } from "./sequential.ts";
export { Upsample, type UpsampleOptions, upsample } from "./upsample.ts";
export {
  AvgPool3d,
  type AvgPool3dOptions,
  avgPool3d,
  Conv3d,
  type Conv3dOptions,
  ConvTranspose3d,
  type ConvTranspose3dOptions,
  conv3d,
  convTranspose3d,
  MaxPool3d,
  maxPool3d,
  type Pool3dOptions,
  type Triple,
} from "./volumes.ts";
