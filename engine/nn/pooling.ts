// Pooling layers: each window of a feature map becomes one number.

import {
  adaptiveAvgPool2d as adaptiveAvgPool2dOp,
  avgPool2d as avgPool2dOp,
  maxPool2d as maxPool2dOp,
} from "../ops/pooling.ts";
import type { Tensor } from "../tensor.ts";
import { formatPair, type Pair, requirePair } from "./arguments.ts";
import { requireImages } from "./convolution.ts";
import { Module } from "./module.ts";

export interface Pool2dOptions {
  /** Step of the window (default: its size, so that windows do not overlap). */
  readonly stride?: Pair;
  /** Cells around the map that never win a maximum and count in no average (default 0). */
  readonly padding?: Pair;
}

abstract class Pool2d extends Module {
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];

  constructor(operation: string, kernelSize: Pair, { stride = kernelSize, padding = 0 }: Pool2dOptions) {
    super();
    this.kernelSize = requirePair(operation, "kernelSize", kernelSize);
    this.stride = requirePair(operation, "stride", stride);
    this.padding = requirePair(operation, "padding", padding, 0);
  }

  override details(): string {
    const { kernelSize, stride, padding } = this;
    const parts = [
      `${kernelSize[0]}×${kernelSize[1]}`,
      formatPair(stride) === formatPair(kernelSize) ? "" : `stride ${formatPair(stride)}`,
      formatPair(padding) === "0" ? "" : `padding ${formatPair(padding)}`,
    ];
    return parts.filter(Boolean).join(", ");
  }
}

/** See {@link maxPool2d}. */
export class MaxPool2d extends Pool2d {
  constructor(kernelSize: Pair, options: Pool2dOptions = {}) {
    super("maxPool2d", kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    requireImages(x, null);
    return maxPool2dOp(x, this.kernelSize, { stride: this.stride, padding: this.padding });
  }
}

/** See {@link avgPool2d}. */
export class AvgPool2d extends Pool2d {
  constructor(kernelSize: Pair, options: Pool2dOptions = {}) {
    super("avgPool2d", kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    requireImages(x, null);
    return avgPool2dOp(x, this.kernelSize, { stride: this.stride, padding: this.padding });
  }
}

/** See {@link adaptiveAvgPool2d}. */
export class AdaptiveAvgPool2d extends Module {
  readonly outputSize: readonly [number, number];

  constructor(outputSize: Pair) {
    super();
    this.outputSize = requirePair("adaptiveAvgPool2d", "outputSize", outputSize);
  }

  forward(x: Tensor): Tensor {
    requireImages(x, null);
    return adaptiveAvgPool2dOp(x, this.outputSize);
  }

  override details(): string {
    return `to ${this.outputSize[0]}×${this.outputSize[1]}`;
  }
}

/** See {@link globalAvgPool2d}. */
export class GlobalAvgPool2d extends Module {
  forward(x: Tensor): Tensor {
    requireImages(x, null);
    return x.mean([2, 3]);
  }
}

/**
 * The largest value of each window: `[N, C, H, W] → [N, C, H', W']` with `H' = ⌊(H + 2p − k) / s⌋ + 1`.
 *
 *     nn.maxPool2d(2)(maps)   // [N, 6, 28, 28] → [N, 6, 14, 14]
 */
export function maxPool2d(kernelSize: Pair, options: Pool2dOptions = {}): MaxPool2d {
  return new MaxPool2d(kernelSize, options);
}

/**
 * The mean of each window: `[N, C, H, W] → [N, C, H', W']` with `H' = ⌊(H + 2p − k) / s⌋ + 1`.
 *
 *     nn.avgPool2d(2)(maps)   // [N, 6, 28, 28] → [N, 6, 14, 14]
 */
export function avgPool2d(kernelSize: Pair, options: Pool2dOptions = {}): AvgPool2d {
  return new AvgPool2d(kernelSize, options);
}

/**
 * The mean of windows chosen so that the output has this size, whatever the input's: `[N, C, H, W] → [N, C, h, w]`. Window i reaches
 * from ⌊i·H/h⌋ to ⌈(i + 1)·H/h⌉, as in PyTorch.
 *
 *     nn.adaptiveAvgPool2d(7)(maps)   // [N, 512, 9, 12] → [N, 512, 7, 7]
 */
export function adaptiveAvgPool2d(outputSize: Pair): AdaptiveAvgPool2d {
  return new AdaptiveAvgPool2d(outputSize);
}

/**
 * The mean of each whole map: `[N, C, H, W] → [N, C]`, ready for a linear layer. Lin et al. 2013; the basis of class activation maps.
 *
 *     nn.sequential(nn.conv2d(1, 32, 3), nn.relu(), nn.globalAvgPool2d(), nn.linear(32, 10))
 */
export function globalAvgPool2d(): GlobalAvgPool2d {
  return new GlobalAvgPool2d();
}
