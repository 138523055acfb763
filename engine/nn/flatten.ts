// From feature maps to feature vectors.

import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

/** See {@link flatten}. */
export class Flatten extends Module {
  readonly startDim: number;

  constructor(startDim: number = 1) {
    super();
    this.startDim = startDim;
  }

  forward(x: Tensor): Tensor {
    return x.flatten(this.startDim);
  }

  override details(): string {
    return this.startDim === 1 ? "" : `from dim ${this.startDim}`;
  }
}

/**
 * Joins all dimensions from `startDim` on into one: `[N, C, H, W] → [N, C·H·W]`.
 *
 *     nn.sequential(nn.conv2d(1, 6, 5), nn.flatten(), nn.linear(3456, 10))
 */
export function flatten(startDim: number = 1): Flatten {
  return new Flatten(startDim);
}
