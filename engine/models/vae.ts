// The variational auto-encoder: an encoder to a distribution of codes, a decoder from codes to a distribution of images.

import { randn } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { requireCount } from "../nn/arguments.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { gaussianKl } from "../nn/losses/distribution.ts";
import { Module } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { type ActivationName, activationByName } from "./activationByName.ts";

/** Options of `vae`. */
export interface VaeOptions {
  /** Numbers per sample (default 784). */
  readonly inputs?: number;
  /** Units of the hidden layer of encoder and decoder (default 500). */
  readonly hidden?: number;
  /** Dimensions of the code z (default 20). */
  readonly latents?: number;
  /** Of the hidden layers (default "tanh"). */
  readonly activation?: ActivationName;
  /**
   * The decoder's distribution: `"bernoulli"` for pixels from 0 to 1, its outputs logits (the default), or normal around
   * its outputs with this standard deviation, for all other data.
   */
  readonly likelihood?: "bernoulli" | { readonly std: number };
}

/** What a variational auto-encoder gives for a batch. */
export interface VaeOutput {
  /** The decoder's outputs for z, `[N, inputs]`: logits, or means. */
  readonly output: Tensor;
  /** μ of q(z|x), `[N, latents]` */
  readonly mean: Tensor;
  /** ln σ² of q(z|x), `[N, latents]` */
  readonly logVariance: Tensor;
  /** The code that was drawn: μ + σ·ε, `[N, latents]` */
  readonly z: Tensor;
}

/** See {@link vae}. */
export class Vae extends Module<[Tensor], VaeOutput> {
  readonly encoder: Linear;
  readonly encoderActivation: Module;
  readonly mean: Linear;
  readonly logVariance: Linear;
  readonly decoder: Linear;
  readonly decoderActivation: Module;
  readonly output: Linear;
  readonly likelihood: "bernoulli" | { readonly std: number };

  constructor(options: VaeOptions = {}) {
    super();
    checkOptions("vae", options, ["inputs", "hidden", "latents", "activation", "likelihood"]);
    const {
      inputs = 784,
      hidden = 500,
      latents = 20,
      activation = "tanh",
      likelihood = "bernoulli",
    } = options;
    for (const [name, size] of Object.entries({ inputs, hidden, latents })) requireCount("vae", name, size);
    if (likelihood !== "bernoulli" && !(likelihood?.std > 0)) {
      throw new ArgumentError(
        `vae: likelihood is "bernoulli" for pixels from 0 to 1, or { std } > 0 for a normal distribution; got ${describeValue(likelihood)}`,
      );
    }
    this.likelihood = likelihood;
    this.encoder = linear(inputs, hidden);
    this.encoderActivation = activationByName("vae", activation);
    this.mean = linear(hidden, latents);
    this.logVariance = linear(hidden, latents);
    this.decoder = linear(latents, hidden);
    this.decoderActivation = activationByName("vae", activation);
    this.output = linear(hidden, inputs);
  }

  /** Encodes, draws `z = μ + σ·ε` with ε from N(0, 1) (in evaluation z = μ), decodes. */
  forward(x: Tensor): VaeOutput {
    const { mean, logVariance } = this.encode(x);
    const z = this.training ? mean.add(logVariance.mul(0.5).exp().mul(randn(mean.shape))) : mean;
    return { output: this.decode(z), mean, logVariance, z };
  }

  /** Mean and logarithm of the variance of q(z|x): `[N, …] → [N, latents]` each. */
  encode(x: Tensor): { readonly mean: Tensor; readonly logVariance: Tensor } {
    const features = this.encoderActivation(this.encoder(x.ndim > 2 ? x.flatten(1) : x));
    return { mean: this.mean(features), logVariance: this.logVariance(features) };
  }

  /** The decoder's outputs: logits of pixels, or means: `[N, latents] → [N, inputs]`. */
  decode(z: Tensor): Tensor {
    return this.output(this.decoderActivation(this.decoder(z)));
  }

  /** The mean of p(x|z), what to look at: probabilities of pixels, or means; `[N, latents] → [N, inputs]`. */
  generate(z: Tensor): Tensor {
    const output = this.decode(z);
    return this.likelihood === "bernoulli" ? output.sigmoid() : output;
  }

  /** `ln p(x|z)` of each sample, `[N]`, from the decoder's outputs. */
  logLikelihood(output: Tensor, x: Tensor): Tensor {
    const target = x.ndim > 2 ? x.flatten(1) : x;
    if (target.shape.join() !== output.shape.join()) {
      throw new ShapeError(
        `vae: outputs ${describeShape(output.shape)} and samples ${describeShape(target.shape)} must have one shape`,
      );
    }
    if (this.likelihood === "bernoulli") return output.mul(target).sub(output.softplus()).sum(1);
    const { std } = this.likelihood;
    const constant = 0.5 * Math.log(2 * Math.PI) + Math.log(std);
    return target
      .sub(output)
      .square()
      .mul(-0.5 / std ** 2)
      .sub(constant)
      .sum(1);
  }

  /**
   * The evidence lower bound of each sample, `[N]`: `ln p(x|z) − ½ Σ (μ² + σ² − 1 − ln σ²)`, with one z drawn for each. Train
   * by its negative mean: `model.elbo(images).mean().neg().backward()`.
   */
  elbo(x: Tensor): Tensor {
    const { output, mean, logVariance } = this(x);
    return this.logLikelihood(output, x).sub(gaussianKl(mean, logVariance, { reduction: "none" }));
  }
}

/**
 * A variational auto-encoder, 815,824 parameters by default, 784-500-20 and back: `[N, …] → { output, mean, logVariance, z }`. It
 * learns the encoder q(z|x) = N(μ, σ²) and the decoder p(x|z) together by the bound
 * `ln p(x) ≥ E_q[ln p(x|z)] − KL(q(z|x) ‖ N(0, 1))`; drawing z as μ + σ·ε lets the gradient through (reparametrisation).
 * Kingma & Welling 2014; Rezende, Mohamed & Wierstra 2014; lecture step 003.89.
 *
 * @example
 * const model = models.vae({ hidden: 64, latents: 2 })
 * model.elbo(images).mean().neg().backward()
 * model.generate(randn([16, 2]))   // 16 new images, [16, 784]
 */
export function vae(options: VaeOptions = {}): Vae {
  return new Vae(options);
}
