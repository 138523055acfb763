/**
 * What goes on inside a network, as plain data: what its units see, what they answer to, what its decisions rest on. Models are run
 * in evaluation mode and left as they were.
 *
 * @module
 */

export {
  type Architecture,
  type ArchitectureGroup,
  type ArchitectureNode,
  type ArchitectureOptions,
  architecture,
} from "./architecture.ts";
export { Attribution } from "./attribution.ts";
export {
  type DeconvnetOptions,
  Deconvolution,
  deconvnet,
  guidedBackprop,
  type ReluRule,
  Saliency,
  type SaliencyOptions,
  saliency,
} from "./backprojection.ts";
export { boxOf, type CamOptions, ClassActivation, cam, type GradCamOptions, gradCam } from "./cam.ts";
export { type DecisionSurface, type DecisionSurfaceOptions, decisionSurface } from "./decisionSurface.ts";
export { DistributionHistory, type DistributionsOptions, distributions } from "./distributions.ts";
export {
  type Direction,
  type LandscapeOptions,
  type LossSlice,
  type LossSliceOptions,
  type LossSurface,
  type LossSurfaceOptions,
  lossSlice,
  lossSurface,
} from "./landscape.ts";
export { Occlusion, type OcclusionOptions, occlusion } from "./occlusion.ts";
export { type LayerField, type Patch, ReceptiveFields, receptiveField } from "./receptiveField.ts";
export {
  activations,
  type Distribution,
  distributionOf,
  gradientFlow,
  type Histogram,
  type LayerActivations,
  type ParameterGradient,
  UpdateRatios,
  updateRatios,
} from "./statistics.ts";
export { type LayerSummary, ModelSummary, summary } from "./summary.ts";
export { type TopPatch, type TopPatchesOptions, topPatches } from "./topPatches.ts";
export {
  WeightEvolution,
  type WeightEvolutionOptions,
  type WeightSnapshot,
  weightEvolution,
} from "./weightEvolution.ts";
export { WeightPath, type WeightPathOptions, weightPath } from "./weightPath.ts";
