// Pooling layers: each window of a feature map becomes one number.

import {
  adaptiveAvgPool2d as adaptiveAvgPool2dOp,
  adaptiveMaxPool2d as adaptiveMaxPool2dOp,
  avgPool2d as avgPool2dOp,
  maxPool2d as maxPool2dOp,
  maxPool2dWithIndices as maxPool2dWithIndicesOp,
  maxUnpool2d as maxUnpool2dOp,
  minPool2d as minPool2dOp,
  minPool2dWithIndices as minPool2dWithIndicesOp,
} from "../ops/pooling.ts";
import { checkNames, checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { type Pair, requirePair } from "./arguments.ts";
import { requireImages } from "./convolution.ts";
import { Module } from "./module.ts";
import { describePooling, formatSizes } from "./windows.ts";

/** Options of `maxPool2d` and `minPool2d`, with and without indices. */
export interface Pool2dOptions {
  /** Step of the window (default: its size, so that windows do not overlap). */
  readonly stride?: Pair;
  /** Cells around the map that never win a maximum and count in no average (default 0). */
  readonly padding?: Pair;
  /** Rounds the number of windows up: a remainder at the end makes a smaller window (default false: it is left out). */
  readonly ceilMode?: boolean;
}

/** Options of `avgPool2d`. */
export interface AvgPool2dOptions extends Pool2dOptions {
  /** Counts the padding as zeros, as PyTorch does by default (default false: the mean is over the map's own cells). */
  readonly countPadding?: boolean;
}

abstract class Pool2d<Inputs extends readonly Tensor[] = [Tensor], Output = Tensor> extends Module<
  Inputs,
  Output
> {
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly ceilMode: boolean;

  constructor(
    operation: string,
    kernelSize: Pair,
    options: Pool2dOptions,
    known: readonly string[] = ["stride", "padding", "ceilMode"],
  ) {
    super();
    checkNames(operation, options, known);
    const { stride = kernelSize, padding = 0, ceilMode = false } = options;
    this.ceilMode = ceilMode;
    this.kernelSize = requirePair(operation, "kernelSize", kernelSize);
    this.stride = requirePair(operation, "stride", stride);
    this.padding = requirePair(operation, "padding", padding, 0);
  }

  override details(): string {
    return describePooling(this);
  }
}

/** See {@link maxPool2d}. */
export class MaxPool2d extends Pool2d {
  constructor(kernelSize: Pair, options: Pool2dOptions = {}) {
    super("maxPool2d", kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    requireImages(x, null);
    const { stride, padding, ceilMode } = this;
    return maxPool2dOp(x, this.kernelSize, { stride, padding, ceilMode });
  }
}

/** See {@link minPool2d}. */
export class MinPool2d extends Pool2d {
  constructor(kernelSize: Pair, options: Pool2dOptions = {}) {
    super("minPool2d", kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    requireImages(x, null);
    const { stride, padding, ceilMode } = this;
    return minPool2dOp(x, this.kernelSize, { stride, padding, ceilMode });
  }
}

/** See {@link maxPool2dWithIndices}. */
export class MaxPool2dWithIndices extends Pool2d<[Tensor], [values: Tensor, indices: Tensor]> {
  constructor(kernelSize: Pair, options: Pool2dOptions = {}) {
    super("maxPool2dWithIndices", kernelSize, options);
  }

  forward(x: Tensor): [values: Tensor, indices: Tensor] {
    requireImages(x, null);
    const { stride, padding, ceilMode } = this;
    return maxPool2dWithIndicesOp(x, this.kernelSize, { stride, padding, ceilMode });
  }
}

/** See {@link minPool2dWithIndices}. */
export class MinPool2dWithIndices extends Pool2d<[Tensor], [values: Tensor, indices: Tensor]> {
  constructor(kernelSize: Pair, options: Pool2dOptions = {}) {
    super("minPool2dWithIndices", kernelSize, options);
  }

  forward(x: Tensor): [values: Tensor, indices: Tensor] {
    requireImages(x, null);
    const { stride, padding, ceilMode } = this;
    return minPool2dWithIndicesOp(x, this.kernelSize, { stride, padding, ceilMode });
  }
}

/** Options of `maxUnpool2d`. */
export interface MaxUnpool2dOptions {
  /** Step of the window that is undone (default: its size). */
  readonly stride?: Pair;
  /** Padding of the pooling that is undone (default 0). */
  readonly padding?: Pair;
  /** Height and width of the map that was pooled, where several sizes were pooled to the same one. */
  readonly outputSize?: Pair;
}

/** See {@link maxUnpool2d}. */
export class MaxUnpool2d extends Module<[values: Tensor, indices: Tensor]> {
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly outputSize: readonly [number, number] | null;

  constructor(kernelSize: Pair, options: MaxUnpool2dOptions = {}) {
    super();
    checkOptions("maxUnpool2d", options, ["stride", "padding", "outputSize"]);
    const { stride = kernelSize, padding = 0, outputSize } = options;
    this.kernelSize = requirePair("maxUnpool2d", "kernelSize", kernelSize);
    this.stride = requirePair("maxUnpool2d", "stride", stride);
    this.padding = requirePair("maxUnpool2d", "padding", padding, 0);
    this.outputSize = outputSize === undefined ? null : requirePair("maxUnpool2d", "outputSize", outputSize);
  }

  forward(values: Tensor, indices: Tensor): Tensor {
    requireImages(values, null);
    const { stride, padding, outputSize } = this;
    return maxUnpool2dOp(values, indices, this.kernelSize, {
      stride,
      padding,
      ...(outputSize === null ? {} : { outputSize }),
    });
  }

  override details(): string {
    const { kernelSize, stride, outputSize } = this;
    const parts = [
      `${kernelSize[0]}×${kernelSize[1]}`,
      formatSizes(stride) === formatSizes(kernelSize) ? "" : `stride ${formatSizes(stride)}`,
      outputSize === null ? "" : `to ${outputSize[0]}×${outputSize[1]}`,
    ];
    return parts.filter(Boolean).join(", ");
  }
}

/** See {@link avgPool2d}. */
export class AvgPool2d extends Pool2d {
  readonly countPadding: boolean;

  constructor(kernelSize: Pair, options: AvgPool2dOptions = {}) {
    super("avgPool2d", kernelSize, options, ["stride", "padding", "ceilMode", "countPadding"]);
    this.countPadding = options.countPadding ?? false;
  }

  forward(x: Tensor): Tensor {
    requireImages(x, null);
    const { stride, padding, ceilMode, countPadding } = this;
    return avgPool2dOp(x, this.kernelSize, { stride, padding, ceilMode, countPadding });
  }
}

abstract class AdaptivePool2d extends Module {
  readonly outputSize: readonly [number, number];

  constructor(operation: string, outputSize: Pair) {
    super();
    this.outputSize = requirePair(operation, "outputSize", outputSize);
  }

  override details(): string {
    return `to ${this.outputSize[0]}×${this.outputSize[1]}`;
  }
}

/** See {@link adaptiveAvgPool2d}. */
export class AdaptiveAvgPool2d extends AdaptivePool2d {
  constructor(outputSize: Pair) {
    super("adaptiveAvgPool2d", outputSize);
  }

  forward(x: Tensor): Tensor {
    requireImages(x, null);
    return adaptiveAvgPool2dOp(x, this.outputSize);
  }
}

/** See {@link adaptiveMaxPool2d}. */
export class AdaptiveMaxPool2d extends AdaptivePool2d {
  constructor(outputSize: Pair) {
    super("adaptiveMaxPool2d", outputSize);
  }

  forward(x: Tensor): Tensor {
    requireImages(x, null);
    return adaptiveMaxPool2dOp(x, this.outputSize);
  }
}

/** See {@link globalAvgPool2d}. */
export class GlobalAvgPool2d extends Module {
  forward(x: Tensor): Tensor {
    requireImages(x, null);
    return x.mean([2, 3]);
  }
}

/** See {@link globalMaxPool2d}. */
export class GlobalMaxPool2d extends Module {
  forward(x: Tensor): Tensor {
    requireImages(x, null);
    return adaptiveMaxPool2dOp(x, 1).reshape([x.shape[0]!, x.shape[1]!]);
  }
}

/**
 * The largest value of each window: `[N, C, H, W] → [N, C, H', W']` with `H' = ⌊(H + 2p − k) / s⌋ + 1`. Throws a
 * ShapeError for what are no images `[N, C, H, W]` or are smaller than the window.
 *
 * @example
 * nn.maxPool2d(2)(maps)   // [N, 6, 28, 28] → [N, 6, 14, 14]
 */
export function maxPool2d(kernelSize: Pair, options: Pool2dOptions = {}): MaxPool2d {
  return new MaxPool2d(kernelSize, options);
}

/**
 * The smallest value of each window; sizes as of {@link maxPool2d}. Throws a ShapeError for what are no images
 * `[N, C, H, W]` or are smaller than the window.
 */
export function minPool2d(kernelSize: Pair, options: Pool2dOptions = {}): MinPool2d {
  return new MinPool2d(kernelSize, options);
}

/**
 * Max pooling that tells where: `[values, indices]`, the indices int32 `row · W + column` within the map, for
 * {@link maxUnpool2d}. Throws a ShapeError for what are no images `[N, C, H, W]` or are smaller than the window.
 *
 * @example
 * const [values, switches] = nn.maxPool2dWithIndices(2)(maps)
 */
export function maxPool2dWithIndices(kernelSize: Pair, options: Pool2dOptions = {}): MaxPool2dWithIndices {
  return new MaxPool2dWithIndices(kernelSize, options);
}

/**
 * Min pooling that tells where: `[values, indices]`, as {@link maxPool2dWithIndices}. Throws a ShapeError for what
 * are no images `[N, C, H, W]` or are smaller than the window.
 *
 * @example
 * const [values, places] = nn.minPool2dWithIndices(2)(maps)
 */
export function minPool2dWithIndices(kernelSize: Pair, options: Pool2dOptions = {}): MinPool2dWithIndices {
  return new MinPool2dWithIndices(kernelSize, options);
}

/**
 * Puts values back where {@link maxPool2dWithIndices} took them from, zeros elsewhere: called with values and indices,
 * `[N, C, H, W] → [N, C, H', W']` with `H' = (H − 1)·s − 2p + k`, or `outputSize`. Zeiler & Fergus 2013. Throws a
 * ShapeError for an index outside the output.
 *
 * @example
 * nn.maxUnpool2d(2)(values, switches)   // [N, C, 7, 7] → [N, C, 14, 14]
 */
export function maxUnpool2d(kernelSize: Pair, options: MaxUnpool2dOptions = {}): MaxUnpool2d {
  return new MaxUnpool2d(kernelSize, options);
}

/**
 * The mean of each window: `[N, C, H, W] → [N, C, H', W']` with `H' = ⌊(H + 2p − k) / s⌋ + 1`. Throws a ShapeError
 * for what are no images `[N, C, H, W]` or are smaller than the window.
 *
 * @example
 * nn.avgPool2d(2)(maps)   // [N, 6, 28, 28] → [N, 6, 14, 14]
 */
export function avgPool2d(kernelSize: Pair, options: AvgPool2dOptions = {}): AvgPool2d {
  return new AvgPool2d(kernelSize, options);
}

/**
 * The mean of windows chosen so that the output has this size, whatever the input's: `[N, C, H, W] → [N, C, h, w]`. Window i reaches
 * from ⌊i·H/h⌋ to ⌈(i + 1)·H/h⌉, as in PyTorch. Throws a ShapeError for what are no images `[N, C, H, W]`.
 *
 * @example
 * nn.adaptiveAvgPool2d(7)(maps)   // [N, 512, 9, 12] → [N, 512, 7, 7]
 */
export function adaptiveAvgPool2d(outputSize: Pair): AdaptiveAvgPool2d {
  return new AdaptiveAvgPool2d(outputSize);
}

/**
 * The largest value of windows chosen so that the output has this size: `[N, C, H, W] → [N, C, h, w]`, windows as of
 * {@link adaptiveAvgPool2d}. Throws a ShapeError for what are no images `[N, C, H, W]`.
 *
 * @example
 * nn.adaptiveMaxPool2d([3, 2])(maps)   // [N, 16, 9, 12] → [N, 16, 3, 2]
 */
export function adaptiveMaxPool2d(outputSize: Pair): AdaptiveMaxPool2d {
  return new AdaptiveMaxPool2d(outputSize);
}

/**
 * The mean of each whole map: `[N, C, H, W] → [N, C]`, ready for a linear layer. Lin et al. 2013; the basis of class
 * activation maps. Throws a ShapeError for what are no images `[N, C, H, W]`.
 *
 * @example
 * nn.sequential(nn.conv2d(1, 32, 3), nn.relu(), nn.globalAvgPool2d(), nn.linear(32, 10))
 */
export function globalAvgPool2d(): GlobalAvgPool2d {
  return new GlobalAvgPool2d();
}

/**
 * The largest value of each whole map: `[N, C, H, W] → [N, C]`: whether a filter found its pattern anywhere. The gradient goes to the
 * winner, the first of equals. Throws a ShapeError for what are no images `[N, C, H, W]`.
 *
 * @example
 * nn.sequential(nn.conv2d(1, 32, 3), nn.relu(), nn.globalMaxPool2d(), nn.linear(32, 10))
 */
export function globalMaxPool2d(): GlobalMaxPool2d {
  return new GlobalMaxPool2d();
}
