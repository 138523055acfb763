// The namespace `nn`: layers, losses and initial values.

export { ReLU, relu, Sigmoid, Softmax, sigmoid, softmax, Tanh, tanh } from "./activation.ts";
export type { Pair } from "./arguments.ts";
export { Conv2d, type Conv2dOptions, conv2d } from "./convolution.ts";
export { Dropout, type DropoutOptions, dropout } from "./dropout.ts";
export { Flatten, flatten } from "./flatten.ts";
export * as init from "./init.ts";
export { Linear, type LinearOptions, linear } from "./linear.ts";
export {
  LocalResponseNorm,
  type LocalResponseNormOptions,
  localResponseNorm,
} from "./localResponseNorm.ts";
export { bceWithLogits, crossEntropy, type Loss, type LossOptions, mse, type Reduction } from "./losses.ts";
export { type AnyModule, buffer, Module, type Parameter, parameter, type TraceRecord } from "./module.ts";
export { AvgPool2d, avgPool2d, MaxPool2d, maxPool2d, type Pool2dOptions } from "./pooling.ts";
export { Sequential, sequential } from "./sequential.ts";
