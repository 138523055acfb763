// The multilayer perceptron: fully connected layers with a nonlinearity between them.

import { ArgumentError } from "../errors.ts";
import { requireCount } from "../nn/arguments.ts";
import { linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { Sequential } from "../nn/sequential.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { type ActivationName, activationByName } from "./activationByName.ts";

/** Options of `mlp`. */
export interface MlpOptions {
  /** Between the layers (default "relu"); the last layer gives logits. */
  readonly activation?: ActivationName;
}

/** See {@link mlp}. */
export class Mlp extends Module {
  readonly sizes: readonly number[];
  readonly layers: Sequential;

  constructor(sizes: readonly number[], options: MlpOptions = {}) {
    super();
    checkOptions("mlp", options, ["activation"]);
    const { activation = "relu" } = options;
    if (!Array.isArray(sizes) || sizes.length < 2) {
      throw new ArgumentError(
        "mlp: give the layers' sizes from input to output: models.mlp([784, 500, 150, 10])",
      );
    }
    for (const size of sizes) requireCount("mlp", "each size", size);
    this.sizes = [...sizes];
    this.layers = new Sequential(
      ...sizes.slice(1).flatMap((size, i) => {
        const layer = linear(sizes[i]!, size);
        return i === sizes.length - 2 ? [layer] : [layer, activationByName("mlp", activation)];
      }),
    );
  }

  forward(x: Tensor): Tensor {
    return this.layers(x.ndim > 2 ? x.flatten(1) : x);
  }

  override details(): string {
    return this.sizes.join(" → ");
  }
}

/**
 * A multilayer perceptron: `[N, sizes[0]] → [N, sizes.at(-1)]`; images are flattened first. The lectures' feed-forward
 * network for MNIST (step 001.46) is 784-500-150-10 with 469,160 parameters.
 *
 * @example
 * const model = models.mlp([784, 500, 150, 10])
 * model(images)   // [N, 10] logits
 */
export function mlp(sizes: readonly number[], options: MlpOptions = {}): Mlp {
  return new Mlp(sizes, options);
}
