/**
 * Pictures of data, networks and results. Each function returns a displayable: the last value of a cell, or `display(…)`.
 *
 * @module
 */
export { type AugmentationsOptions, augmentations } from "./data/augmentations.ts";
export { type BarsOptions, bars } from "./data/bars.ts";
export { type ImagesOptions, images } from "./data/images.ts";
export { type TensorOptions, tensor } from "./data/tensor.ts";
export { type ArchitecturePictureOptions, architecture } from "./diagrams/architecture.ts";
export { type BackpropagationOptions, backpropagation } from "./diagrams/backpropagation.ts";
export type { GraphPictureOptions } from "./diagrams/computation.ts";
export { type GradientCheckPictureOptions, gradientCheck } from "./diagrams/gradientCheck.ts";
export { graph } from "./diagrams/graph.ts";
export { type JacobianOptions, jacobian } from "./diagrams/jacobian.ts";
export { type NeuronsOptions, neurons } from "./diagrams/neurons.ts";
export {
  type ActivationFunctionsOptions,
  type ActivationSource,
  activationFunctions,
} from "./learning/activationFunctions.ts";
export { type ComponentsOptions, components } from "./learning/components.ts";
export {
  type Classifier,
  type DecisionBoundaryOptions,
  decisionBoundary,
} from "./learning/decisionBoundary.ts";
export { type DensityEstimate, type DensityOptions, density } from "./learning/density.ts";
export { type Fit, type FunctionFitOptions, functionFit, type PlaneFit } from "./learning/functionFit.ts";
export { type HiddenSpaceOptions, hiddenSpace } from "./learning/hiddenSpace.ts";
export { type LossSlicePictureOptions, lossSlice } from "./learning/lossSlice.ts";
export { type LossSurfacePictureOptions, lossSurface, type PathSource } from "./learning/lossSurface.ts";
export { type PerceptronOptions, perceptron } from "./learning/perceptron.ts";
export { type ScheduleOptions, schedule } from "./learning/schedule.ts";
export { type SeriesOptions, type SeriesSource, series } from "./learning/series.ts";
export { type TimelineEvent, type TimelineOptions, timeline } from "./learning/timeline.ts";
export { type LivePicture, live } from "./live.ts";
export type { Displayable } from "./mime.ts";
export { type BatchNormPictureOptions, batchNorm } from "./network/batchNorm.ts";
export { type DreamOptions, dream } from "./network/dream.ts";
export { type DropoutPictureOptions, dropout } from "./network/dropout.ts";
export { type FilterSource, type FiltersOptions, filters } from "./network/filters.ts";
export type { FeatureMapsOptions, InformationFlowOptions } from "./network/layers.ts";
export { featureMaps, informationFlow, summary } from "./network/network.ts";
export { type OverlayOptions, type OverlaySource, overlay } from "./network/overlay.ts";
export { parameters } from "./network/parameters.ts";
export { type ReceptiveFieldOptions, receptiveField } from "./network/receptiveField.ts";
export { type Compared, compare } from "./network/summary.ts";
export { type TopPatchesOptions, topPatches } from "./network/topPatches.ts";
export {
  type WeightEvolutionLike,
  type WeightEvolutionOptions,
  weightEvolution,
} from "./network/weightEvolution.ts";
export { type ConnectionsOptions, connections } from "./operations/connections.ts";
export { type ConvolutionOptions, convolution } from "./operations/convolution.ts";
export {
  type ConvolutionMatrixOptions,
  convolutionMatrix,
  type Im2colOptions,
  im2col,
} from "./operations/matrix.ts";
export { type PoolingOptions, pooling } from "./operations/pooling.ts";
export { type ReceptiveFieldGrowthOptions, receptiveFieldGrowth } from "./operations/receptiveFieldGrowth.ts";
export { type TransposedConvolutionOptions, transposedConvolution } from "./operations/transposed.ts";
export { type CalibrationPictureOptions, calibration } from "./results/calibration.ts";
export { type ClassAccuracyOptions, classAccuracy } from "./results/classAccuracy.ts";
export { type ConfusionLike, type ConfusionOptions, confusionMatrix } from "./results/confusion.ts";
export { type EmbeddingOptions, embedding } from "./results/embedding.ts";
export { type ErrorByOptions, errorBy } from "./results/errorBy.ts";
export {
  type Decoder,
  type InterpolationOptions,
  interpolation,
  type LatentGridOptions,
  latentGrid,
  type SamplesOptions,
  samples,
} from "./results/generated.ts";
export { type MistakesOptions, mistakes } from "./results/mistakes.ts";
export { type PairsOptions, pairs } from "./results/pairs.ts";
export { type ResidualsOptions, residuals } from "./results/residuals.ts";
export { type RocOptions, roc } from "./results/roc.ts";
export { type SimilarityOptions, similarity } from "./results/similarity.ts";
export { type ActivationsOptions, activations } from "./training/activations.ts";
export { type CurvesOptions, curves } from "./training/curves.ts";
export { type DistributionsOptions, distributions } from "./training/distributions.ts";
export { type GradientFlowOptions, gradientFlow } from "./training/gradients.ts";
export type { EpochLike, HistoryLike } from "./training/history.ts";
export { learningRates } from "./training/rates.ts";
export { type UpdateRatiosLike, type UpdateRatiosOptions, updateRatios } from "./training/updates.ts";
export type { NestedNumbers, NumberSource, TensorLike } from "./values.ts";
