/**
 * Pictures of data, networks and results. Each function returns a displayable: the last value of a cell, or `display(…)`.
 *
 * @module
 */
export { type BarsOptions, bars } from "./bars.ts";
export { type ConfusionLike, type ConfusionOptions, confusionMatrix } from "./confusion.ts";
export { type CurvesOptions, curves, type EpochLike, type HistoryLike } from "./curves.ts";
export { type ImagesOptions, images } from "./images.ts";
export {
  type FeatureMapsOptions,
  type FilterSource,
  type FiltersOptions,
  filters,
  type InformationFlowOptions,
} from "./layers.ts";
export type { Displayable } from "./mime.ts";
export { featureMaps, informationFlow, type MistakesOptions, mistakes, summary } from "./network.ts";
export { compare } from "./summary.ts";
export { type TensorOptions, tensor } from "./tensor.ts";
export type { NestedNumbers, NumberSource, TensorLike } from "./values.ts";
