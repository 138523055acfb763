// From feature maps to feature vectors, and back.

import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { describeShape, sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { requireCount } from "./arguments.ts";
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
 * Joins all dimensions from `startDim` on into one: `[N, C, H, W] → [N, C·H·W]`. Throws a ShapeError for an input
 * without a batch dimension.
 *
 * @example
 * nn.sequential(nn.conv2d(1, 6, 5), nn.flatten(), nn.linear(3456, 10))
 */
export function flatten(startDim: number = 1): Flatten {
  return new Flatten(startDim);
}

/** See {@link unflatten}. */
export class Unflatten extends Module {
  readonly shape: readonly number[];

  constructor(shape: readonly number[]) {
    super();
    if (!Array.isArray(shape) || shape.length === 0) {
      throw new ArgumentError(
        `unflatten: give the shape of a sample, such as [16, 5, 5]; got ${describeValue(shape)}`,
      );
    }
    for (const size of shape) requireCount("unflatten", "each size", size);
    this.shape = [...shape];
  }

  forward(x: Tensor): Tensor {
    const { shape } = this;
    const features = sizeOf(shape);
    if (x.ndim !== 2 || x.shape[1] !== features) {
      throw new ShapeError(
        `expected [N, ${features}], got ${describeShape(x.shape)}; a sample becomes ${describeShape(shape)}, so the layer before needs ${features} outputs`,
      );
    }
    return x.reshape([x.shape[0]!, ...shape]);
  }

  override details(): string {
    return this.shape.join("×");
  }
}

/**
 * Gives each sample a shape: `[N, C·H·W] → [N, C, H, W]`, the reverse of {@link flatten}: how a decoder or generator begins.
 * Throws a ShapeError when the features are not as many as the shape holds.
 *
 * @example
 * nn.sequential(nn.linear(32, 784), nn.unflatten([16, 7, 7]), nn.convTranspose2d(16, 1, 4, { stride: 4 }))
 */
export function unflatten(shape: readonly number[]): Unflatten {
  return new Unflatten(shape);
}
