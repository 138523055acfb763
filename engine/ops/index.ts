/** All operations. Tests find them here by walking the exports. */
export * from "./activation.ts";
export * from "./border.ts";
export * from "./comparison.ts";
export * from "./convolution.ts";
export * from "./einsum.ts";
export * from "./elementwise.ts";
export * from "./indexing.ts";
export * from "./matmul.ts";
export * from "./movement.ts";
export { type StandardizeOptions, standardize } from "./normalization.ts";
export * from "./order.ts";
export * from "./pooling.ts";
export * from "./rearrange.ts";
export * from "./reduction.ts";
export * from "./scatter.ts";
export * from "./softmax.ts";
