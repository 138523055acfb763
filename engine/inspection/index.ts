/**
 * What goes on inside a network, as plain data: what its units see, what they answer to, what its decisions rest on. Models are run
 * in evaluation mode and left as they were.
 *
 * @module
 */

export {
  type DeconvnetOptions,
  type Deconvolution,
  deconvnet,
  guidedBackprop,
  type ReluRule,
  type Saliency,
  type SaliencyOptions,
  saliency,
} from "./backprojection.ts";
export { boxOf, type CamOptions, type ClassActivation, cam, type GradCamOptions, gradCam } from "./cam.ts";
export { type Occlusion, type OcclusionOptions, occlusion } from "./occlusion.ts";
export { type LayerField, type Patch, ReceptiveFields, receptiveField } from "./receptiveField.ts";
