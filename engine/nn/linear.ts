// The fully connected layer.

import { zeros } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { finishedLinear } from "../ops/finished.ts";
import { linear as linearOp } from "../ops/matmul.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { requireCount } from "./arguments.ts";
import { uniform } from "./init.ts";
import { Module, type Parameter, parameter } from "./module.ts";

/** Options of `linear`. */
export interface LinearOptions {
  /** Adds a trainable bias (default true). */
  readonly bias?: boolean;
}

/** See {@link linear}. */
export class Linear extends Module {
  /** `[outFeatures, inFeatures]` */
  weight: Parameter;
  /** `[outFeatures]`, or null without bias */
  bias: Parameter | null;
  readonly inFeatures: number;
  readonly outFeatures: number;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkOptions("linear", options, ["bias"]);
    const { bias = true } = options;
    this.inFeatures = requireCount("linear", "inFeatures", inFeatures);
    this.outFeatures = requireCount("linear", "outFeatures", outFeatures);
    const bound = 1 / Math.sqrt(inFeatures);
    this.weight = uniform(parameter(zeros([outFeatures, inFeatures])), { low: -bound, high: bound }).named(
      "weight",
    );
    this.bias = bias
      ? uniform(parameter(zeros([outFeatures])), { low: -bound, high: bound }).named("bias")
      : null;
  }

  forward(x: Tensor): Tensor {
    this.check(x);
    return linearOp(x, this.weight, this.bias);
  }

  /** @internal The same with nothing recorded for a gradient, and through ReLU if told. */
  finish(x: Tensor, rectifies: boolean): Tensor {
    this.check(x);
    return finishedLinear(x, this.weight, this.bias, rectifies);
  }

  override details(): string {
    return `${this.inFeatures} → ${this.outFeatures}${this.bias === null ? ", no bias" : ""}`;
  }

  private check(x: Tensor): void {
    if (x.ndim === 0 || x.shape[x.ndim - 1] !== this.inFeatures) throw this.mismatch(x);
  }

  private mismatch(x: Tensor): ShapeError {
    const perSample = x.shape.slice(1).reduce((product, size) => product * size, 1);
    const last = x.shape[x.ndim - 1] ?? 1;
    const remedy =
      x.ndim > 2 && perSample === this.inFeatures
        ? "flatten each sample first: nn.flatten() before this layer, or x.flatten(1)"
        : x.ndim > 2
          ? `flattened, a sample has ${perSample} features: nn.flatten() before this layer and nn.linear(${perSample}, ${this.outFeatures})`
          : `make this layer nn.linear(${last}, ${this.outFeatures}), or give the layer before it ${this.inFeatures} outputs`;
    return new ShapeError(`expected [N, ${this.inFeatures}], got ${describeShape(x.shape)}; ${remedy}`);
  }
}

/**
 * A fully connected layer: `y = x·Wᵀ + b`, `[N, inFeatures] → [N, outFeatures]`.
 *
 * Weights and biases start uniform in ±1/√inFeatures (PyTorch's default, Kaiming uniform with a = √5).
 * Throws a ShapeError when the input's last dimension is not `inFeatures`.
 *
 * @example
 * const layer = nn.linear(784, 128)
 * layer(images.flatten(1))   // [N, 128]
 */
export function linear(inFeatures: number, outFeatures: number, options: LinearOptions = {}): Linear {
  return new Linear(inFeatures, outFeatures, options);
}
