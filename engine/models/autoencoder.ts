// Auto-encoders: the input through a bottleneck and back, the clean input from a corrupted one.

import { rand } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { requireCount } from "../nn/arguments.ts";
import { xavierUniform, zeros } from "../nn/init.ts";
import { linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { type ActivationName, activationByName } from "./activationByName.ts";

/** Options of `autoencoder`. */
export interface AutoencoderOptions {
  /** Between the layers; the code and the output are linear (default "sigmoid", the paper's). */
  readonly activation?: ActivationName;
  /** The share of the input's values that is set to 0 in training: with it the auto-encoder is a denoising one (default 0). */
  readonly corruption?: number;
}

/** See {@link autoencoder}. */
export class Autoencoder extends Module {
  readonly encoder: Sequential;
  readonly decoder: Sequential;
  readonly sizes: readonly number[];
  readonly corruption: number;

  constructor(sizes: readonly number[], options: AutoencoderOptions = {}) {
    super();
    checkOptions("autoencoder", options, ["activation", "corruption"]);
    const { activation = "sigmoid", corruption = 0 } = options;
    if (!Array.isArray(sizes) || sizes.length < 2) {
      throw new ArgumentError(
        "autoencoder: give the sizes from the input to the code: models.autoencoder([784, 128, 2])",
      );
    }
    for (const size of sizes) requireCount("autoencoder", "each size", size);
    if (!(corruption >= 0 && corruption < 1)) {
      throw new ArgumentError(
        `autoencoder: corruption is the share of values to set to 0, from 0 to less than 1; got ${describeValue(corruption)}`,
      );
    }
    this.sizes = [...sizes];
    this.corruption = corruption;
    this.encoder = chain(sizes, activation);
    this.decoder = chain([...sizes].reverse(), activation);
  }

  /** The reconstruction, in the shape of the input; in training of a denoising auto-encoder that of the corrupted input. */
  forward(x: Tensor): Tensor {
    return this.decode(this.encode(this.training ? this.corrupt(x) : x)).reshape(x.shape);
  }

  /** `[N, …] → [N, code]` */
  encode(x: Tensor): Tensor {
    return this.encoder(x.ndim > 2 ? x.flatten(1) : x);
  }

  /** `[N, code] → [N, inputs]` */
  decode(code: Tensor): Tensor {
    return this.decoder(code);
  }

  /** Sets the share `corruption` of the values to 0, others each time. */
  corrupt(x: Tensor): Tensor {
    if (this.corruption === 0) return x;
    return x.mul(noGrad(() => rand(x.shape).greaterEqual(this.corruption).to(x.dtype)));
  }

  override details(): string {
    const there = [...this.sizes, ...this.sizes.slice(0, -1).reverse()].join(" → ");
    return this.corruption === 0 ? there : `${there}, ${this.corruption} of the input dropped`;
  }
}

function chain(sizes: readonly number[], activation: ActivationName): Sequential {
  const layers = sizes.slice(1).flatMap((size, i): Module[] => {
    const layer = linear(sizes[i]!, size);
    xavierUniform(layer.weight);
    if (layer.bias !== null) zeros(layer.bias);
    return i === sizes.length - 2 ? [layer] : [layer, activationByName("autoencoder", activation)];
  });
  return sequential(...layers);
}

/**
 * An auto-encoder: layers of falling size down to the code, the same sizes back; trained by `nn.mse(model(x), x)`. The
 * default sizes are the paper's for digits, 784-1000-500-250-30 and back, 2,837,314 parameters; `[784, 64, 2]` trains in
 * seconds. With one linear layer each way it spans the subspace of PCA. Images are flattened and come back as images.
 * With `corruption` it is the denoising auto-encoder of Vincent et al. 2008. Hinton & Salakhutdinov 2006; lecture step 003.92.
 *
 * @example
 * const model = models.autoencoder([784, 64, 2], { activation: "tanh" })
 * nn.mse(model(images), images).backward()
 */
export function autoencoder(
  sizes: readonly number[] = [784, 1000, 500, 250, 30],
  options: AutoencoderOptions = {},
): Autoencoder {
  return new Autoencoder(sizes, options);
}
