// A generative adversarial network of two multilayer perceptrons.

import { randn } from "../creation.ts";
import { ArgumentError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { requireCount } from "../nn/arguments.ts";
import {
  discriminator as discriminatorLoss,
  generator as generatorLoss,
  saturatingGenerator as saturatingGeneratorLoss,
} from "../nn/losses/adversarial.ts";
import { Module } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import type { Generator } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import type { ActivationName } from "./activationByName.ts";
import { Mlp } from "./mlp.ts";

/** Options of `gan`. */
export interface GanOptions {
  /** Dimensions of the noise z (default 2). */
  readonly latents?: number;
  /** Dimensions of the data (default 2). */
  readonly outputs?: number;
  /** Sizes of the hidden layers of both networks (default [32, 32]). */
  readonly hidden?: readonly number[];
  /** Of the hidden layers (default "relu"). */
  readonly activation?: ActivationName;
}

/** Two networks that play against each other; see {@link gan} and {@link dcgan}. Calling it generates from noise. */
export class Gan extends Module {
  readonly generator: Module;
  readonly discriminator: Module;
  /** The shape of the noise for one sample. */
  readonly noiseShape: readonly number[];

  constructor(generator: Module, discriminator: Module, noiseShape: readonly number[]) {
    super();
    this.generator = generator;
    this.discriminator = discriminator;
    this.noiseShape = [...noiseShape];
  }

  /** The generator's samples of noise: `G(z)`. */
  forward(z: Tensor): Tensor {
    return this.generator(z);
  }

  /** Noise for `count` samples, from N(0, 1). */
  noise(count: number, options: { readonly generator?: Generator } = {}): Tensor {
    checkOptions("gan.noise", options, ["generator"]);
    requireCount("gan.noise", "count", count);
    return randn([count, ...this.noiseShape], options);
  }

  /**
   * The discriminator's loss on real data and as many new samples, `−mean ln D(x) − mean ln(1 − D(G(z)))`; the generator gets no
   * gradient. It is 2 ln 2 when D says ½ to everything, the game's equilibrium.
   */
  discriminatorLoss(real: Tensor, z: Tensor = this.noise(real.shape[0] ?? 1)): Tensor {
    const fake = noGrad(() => this.generator(z));
    return discriminatorLoss(this.discriminator(real), this.discriminator(fake));
  }

  /**
   * The generator's loss on noise: `−mean ln D(G(z))`, whose gradient is strong while D wins (the default), or `mean ln(1 −
   * D(G(z)))`, the game's own, which saturates. Its gradient reaches the discriminator's parameters too: step only the
   * generator's optimiser.
   */
  generatorLoss(z: Tensor, options: { readonly saturating?: boolean } = {}): Tensor {
    checkOptions("gan.generatorLoss", options, ["saturating"]);
    const { saturating = false } = options;
    const logits = this.discriminator(this.generator(z));
    return saturating ? saturatingGeneratorLoss(logits) : generatorLoss(logits);
  }
}

/**
 * A generative adversarial network of two MLPs for points: the generator `[N, latents] → [N, outputs]`, the discriminator
 * `[N, outputs] → [N, 1]` logits of "real". They play `min_G max_D mean ln D(x) + mean ln(1 − D(G(z)))`. Goodfellow et al. 2014;
 * lecture step 003.90. For images `models.dcgan()`.
 *
 * @example
 * const model = models.gan({ outputs: 1 })
 * const d = optim.adam(model.discriminator.parameters()), g = optim.adam(model.generator.parameters())
 * model.discriminatorLoss(points).backward(); d.step()
 * model.generatorLoss(model.noise(64)).backward(); g.step()
 */
export function gan(options: GanOptions = {}): Gan {
  checkOptions("gan", options, ["latents", "outputs", "hidden", "activation"]);
  const { latents = 2, outputs = 2, hidden = [32, 32], activation = "relu" } = options;
  requireCount("gan", "latents", latents);
  requireCount("gan", "outputs", outputs);
  if (!Array.isArray(hidden))
    throw new ArgumentError("gan: hidden are the sizes of the hidden layers, such as [32, 32]");
  const generator = new Mlp([latents, ...hidden, outputs], { activation });
  return new Gan(generator, new Mlp([outputs, ...hidden, 1], { activation }), [latents]);
}
