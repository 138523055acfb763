/**
 * nnlab's engine: tensors with gradients, operations, layers, optimisers, data. PyTorch's names in camelCase; options as
 * objects; axes are `dim`. Every function throws an ArgumentError for what is not what it works on (no tensor where it needs
 * one, an axis that is no whole number) and for an option that it does not have; what else it throws is said where it stands.
 */
export { detectAnomaly } from "./anomaly.ts";
export type { BackwardOptions, GradientHook, GradientsOptions, HookHandle } from "./autograd.ts";
export { enableGrad, gradients, isGradEnabled, noGrad } from "./autograd.ts";
export type { Backend, BackendDescription, DType, TypedArray } from "./backend/backend.ts";
export { getBackend, setBackend, withBackend } from "./backend/current.ts";
export { referenceBackend } from "./backend/reference.ts";
export { shapeOnlyBackend } from "./backend/shapeOnly.ts";
export * from "./checkgradient.ts";
export type {
  CreationOptions,
  MultinomialOptions,
  RandomOptions,
  TensorData,
  TensorOptions,
} from "./creation.ts";
export {
  arange,
  bernoulli,
  eye,
  full,
  fullLike,
  linspace,
  multinomial,
  normal,
  ones,
  onesLike,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
  tensor,
  zeros,
  zerosLike,
} from "./creation.ts";
export type { CustomOp, InputGradients, OperationContext } from "./customop.ts";
export { customOp } from "./customop.ts";
export { grad, hessian, jacobian } from "./derivatives.ts";
export * from "./errors.ts";
export type { ComputationGraph, GraphEdge, GraphOptions, GraphVertex } from "./graph.ts";
export { graphOf } from "./graph.ts";
export { checkInterrupt, isUndivided, setInterruptFlag, stopLeftovers } from "./interrupt.ts";
export * as linalg from "./linalg/index.ts";
export type { MemoryReport } from "./memory.ts";
export { memoryReport, withScope as scope } from "./memory.ts";
export type { Op, OpDefinition } from "./op.ts";
export * from "./ops/index.ts";
export { defaultGenerator, Generator, seed } from "./random.ts";
export type { Shape } from "./shapes.ts";
export type { Dims, NestedNumbers, Operand } from "./tensor.ts";
export { isTensor, Tensor } from "./tensor.ts";

if (typeof process !== "undefined" && process.versions?.node !== undefined)
  (await import("./node.ts")).startOnNode();

export * as classical from "./classical/index.ts";
export * as data from "./data/index.ts";
export type { BestEpoch, EarlyStopping } from "./earlyStopping.ts";
export * as exchange from "./exchange/index.ts";
export * as inspection from "./inspection/index.ts";
export * as metrics from "./metrics/index.ts";
export * as models from "./models/index.ts";
export * as nn from "./nn/index.ts";
export * as optim from "./optim/index.ts";
export { recoverFromTermination } from "./termination.ts";
export type {
  Batches,
  EpochRecord,
  EvaluateOptions,
  Evaluation,
  FitOptions,
  Metrics,
  StepRecord,
  TrainingObserver,
  TrainingRun,
} from "./training.ts";
export { evaluate, fit, History, historyOf, observeTraining } from "./training.ts";
