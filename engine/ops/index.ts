/** All operations. Tests find them here by walking the exports. */
export * from "./activation.ts";
export * from "./comparison.ts";
export {
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  conv2d,
  convTranspose2d,
  type Size2d,
} from "./convolution.ts";
export * from "./counting.ts";
export * from "./einsum.ts";
export * from "./elementwise.ts";
export * from "./indexing.ts";
export * from "./lines.ts";
export { locallyConnected2d, unfold2d, type WindowOptions } from "./local.ts";
export * from "./matmul.ts";
export * from "./movement.ts";
export { type StandardizeOptions, standardize } from "./normalization.ts";
export * from "./order.ts";
export * from "./pooling.ts";
export * from "./rearrange.ts";
export * from "./reduction.ts";
export { type UpsampleOptions, upsample } from "./resampling.ts";
export * from "./scatter.ts";
export * from "./softmax.ts";
export * from "./volumes.ts";
