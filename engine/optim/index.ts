/**
 * Rules that turn gradients into better parameters: optimisers, and schedules of the learning rate.
 *
 * @module
 */

export { Adam, type AdamOptions, type AdamSettings, AdamW, adam, adamW } from "./adam.ts";
export {
  Adagrad,
  type AdagradOptions,
  type AdagradSettings,
  adagrad,
  Rmsprop,
  type RmspropOptions,
  type RmspropSettings,
  rmsprop,
} from "./adaptive.ts";
export {
  type FindLearningRateOptions,
  findLearningRate,
  LearningRateSearch,
} from "./learningRate.ts";
export type { EpochResult, MonitorOptions } from "./monitor.ts";
export {
  type Group,
  Optimizer,
  type OptimizerState,
  type ParameterGroup,
  type Trained,
} from "./optimizer.ts";
export {
  cosineAnnealing,
  exponentialDecay,
  linearDecay,
  type OneCycleOptions,
  oneCycle,
  type PlateauOptions,
  plateau,
  type Schedule,
  type ScheduleState,
  type StepDecayOptions,
  stepDecay,
  type WarmUpOptions,
  warmUp,
} from "./schedules.ts";
export {
  AveragedMomentum,
  type AveragedMomentumOptions,
  type AveragedMomentumSettings,
  averagedMomentum,
  Sgd,
  type SgdOptions,
  type SgdSettings,
  sgd,
} from "./sgd.ts";
