/**
 * Changes of images: more samples from few (lecture step 003.69), and sizes and scales that networks want. Random ones draw for each
 * sample; give them to a loader, `train.loader({ transform })`.
 *
 * @module
 */
export {
  type ColorJitterOptions,
  colorJitter,
  denormalize,
  type ErasingOptions,
  gaussianNoise,
  normalize,
  randomErasing,
} from "./appearance.ts";
export {
  type AffineOptions,
  type Border,
  type CropOptions,
  centerCrop,
  type FlipOptions,
  type MoveOptions,
  randomAffine,
  randomCrop,
  randomHorizontalFlip,
  randomRotation,
  randomShift,
  randomVerticalFlip,
  resize,
  rotate,
} from "./geometry.ts";
export { compose, type ImagesWithTargets, Transform } from "./transform.ts";
