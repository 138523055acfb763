// The density network: a network from a simple distribution to a complicated one, trained by averaging over samples.

import { randn } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { requireCount } from "../nn/arguments.ts";
import { Module } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import type { Generator } from "../random.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import type { ActivationName } from "./activationByName.ts";
import { Mlp } from "./mlp.ts";

/** Options of `densityNetwork`. */
export interface DensityNetworkOptions {
  /** Dimensions of the latent z (default 2). */
  readonly latents?: number;
  /** Sizes of the hidden layers (default [32]). */
  readonly hidden?: readonly number[];
  /** Dimensions of the data (default 2). */
  readonly outputs?: number;
  /** Standard deviation of the data around the network's output (default 0.1). */
  readonly std?: number;
  /** Of the hidden layers (default "tanh"). */
  readonly activation?: ActivationName;
}

/** See {@link densityNetwork}. */
export class DensityNetwork extends Module {
  readonly network: Mlp;
  readonly latents: number;
  readonly outputs: number;
  readonly std: number;

  constructor(options: DensityNetworkOptions = {}) {
    super();
    checkOptions("densityNetwork", options, ["latents", "hidden", "outputs", "std", "activation"]);
    const { latents = 2, hidden = [32], outputs = 2, std = 0.1, activation = "tanh" } = options;
    if (!(std > 0)) throw new ArgumentError(`densityNetwork: std must be > 0, got ${describeValue(std)}`);
    this.network = new Mlp([latents, ...hidden, outputs], { activation });
    this.latents = latents;
    this.outputs = outputs;
    this.std = std;
  }

  /** The mean of p(x|z): `[N, latents] → [N, outputs]`. */
  forward(z: Tensor): Tensor {
    return this.network(z);
  }

  /**
   * `ln p(x) ≈ ln (1/R) Σ_r p(x | z_r)` of each sample, `[N, outputs] → [N]`, with `samples` = R draws z_r from N(0, 1) shared
   * by the batch. Its exponential is right on average; the logarithm is too low, the more so the fewer the draws.
   *
   * @example
   * model.logLikelihood(points, { samples: 100 }).mean().neg().backward()
   */
  logLikelihood(
    x: Tensor,
    options: { readonly samples?: number; readonly z?: Tensor; readonly generator?: Generator } = {},
  ): Tensor {
    checkOptions("densityNetwork.logLikelihood", options, ["samples", "z", "generator"]);
    const { samples = 100, z, generator } = options;
    if (x.ndim !== 2 || x.shape[1] !== this.outputs) {
      throw new ShapeError(`densityNetwork: the data is [N, ${this.outputs}], got ${describeShape(x.shape)}`);
    }
    requireCount("densityNetwork", "samples", samples);
    const draws = z ?? randn([samples, this.latents], generator ? { generator } : {});
    const means = this(draws).unsqueeze(0);
    const distances = x.unsqueeze(1).sub(means).square().sum(2);
    const constant = this.outputs * (0.5 * Math.log(2 * Math.PI) + Math.log(this.std));
    return distances
      .mul(-0.5 / this.std ** 2)
      .logSumExp(1)
      .sub(constant + Math.log(draws.shape[0]!));
  }

  override details(): string {
    return `${this.network.sizes.join(" → ")}, std ${this.std}`;
  }
}

/**
 * A density network: `z` from N(0, 1) through an MLP, then normal noise of standard deviation `std`;
 * `p(x) = ∫ p(x|z) p(z) dz`, estimated by averaging over draws of z, most of which miss: that is why it needs so many.
 * MacKay 1995; lecture step 003.88.
 *
 * @example
 * const model = models.densityNetwork({ latents: 1, outputs: 2 })
 * model.logLikelihood(points, { samples: 200 }).mean().neg().backward()
 */
export function densityNetwork(options: DensityNetworkOptions = {}): DensityNetwork {
  return new DensityNetwork(options);
}
