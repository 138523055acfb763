// The restricted Boltzmann machine, trained by contrastive divergence: no backpropagation. And a stack of them.

import { rand, zeros } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { copyInto } from "../inplace.ts";
import { withScope } from "../memory.ts";
import { sigmoid } from "../nn/activation.ts";
import { requireCount } from "../nn/arguments.ts";
import { normal } from "../nn/init.ts";
import { linear } from "../nn/linear.ts";
import { Module, type Parameter, parameter } from "../nn/module.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { checkOptions } from "../options.ts";
import { defaultGenerator, type Generator } from "../random.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

/** Options of `contrastiveDivergence` and `pretrain`. */
export interface ContrastiveDivergenceOptions {
  /** η (default 0.1). */
  readonly lr?: number;
  /** How often the chain goes down and up again (default 1). */
  readonly k?: number;
  /** The uniform numbers that decide each sampling of the hidden units, k of `[N, hidden]`; drawn when absent. */
  readonly draws?: readonly Tensor[];
  /** Where the draws come from; the default generator (see `seed`) when absent. */
  readonly generator?: Generator;
}

/** See {@link rbm}. */
export class Rbm extends Module {
  /** `[visible, hidden]` */
  weight: Parameter;
  /** The biases a of the visible units, `[visible]` */
  visibleBias: Parameter;
  /** The biases b of the hidden units, `[hidden]` */
  hiddenBias: Parameter;
  readonly visible: number;
  readonly hidden: number;

  constructor(visible: number, hidden: number) {
    super();
    this.visible = requireCount("rbm", "visible", visible);
    this.hidden = requireCount("rbm", "hidden", hidden);
    this.weight = normal(parameter(zeros([visible, hidden])), { std: 0.01 }).named("weight");
    this.visibleBias = parameter(zeros([visible])).named("visibleBias");
    this.hiddenBias = parameter(zeros([hidden])).named("hiddenBias");
  }

  /** `p(h = 1 | v) = σ(b + v·W)`: `[N, visible]` (or images of as many pixels) `→ [N, hidden]`. */
  forward(v: Tensor): Tensor {
    return this.rows(v).matmul(this.weight).add(this.hiddenBias).sigmoid();
  }

  /** `p(v = 1 | h) = σ(a + h·Wᵀ)`: `[N, hidden] → [N, visible]`. */
  visibleGiven(h: Tensor): Tensor {
    if (h.ndim !== 2 || h.shape[1] !== this.hidden) {
      throw new ShapeError(`rbm: hidden units are [N, ${this.hidden}], got ${describeShape(h.shape)}`);
    }
    return h.matmul(this.weight.transpose(0, 1)).add(this.visibleBias).sigmoid();
  }

  /** Down and up once without sampling: what the machine makes of `v`, `[N, visible]`. */
  reconstruct(v: Tensor): Tensor {
    return noGrad(() => this.visibleGiven(this.forward(v)));
  }

  /** `−a·v − b·h − v·W·h` of each pair, `[N]`: the lower, the likelier. */
  energy(v: Tensor, h: Tensor): Tensor {
    const rows = this.rows(v);
    const together = rows.matmul(this.weight).mul(h).sum(1);
    return rows.mul(this.visibleBias).sum(1).add(h.mul(this.hiddenBias).sum(1)).add(together).neg();
  }

  /** `−a·v − Σⱼ ln(1 + e^{bⱼ + v·Wⱼ})`, `[N]`: minus the logarithm of `Σ_h e^{−energy}`, so that p(v) ∝ e^{−freeEnergy}. */
  freeEnergy(v: Tensor): Tensor {
    const rows = this.rows(v);
    const inputs = rows.matmul(this.weight).add(this.hiddenBias);
    return rows.mul(this.visibleBias).sum(1).add(inputs.softplus().sum(1)).neg();
  }

  /**
   * One step of CD-k on a batch, in place: `W += η (v₀ᵀ·p(h|v₀) − v_kᵀ·p(h|v_k)) / N`, likewise the biases by
   * `v₀ − v_k` and `p(h|v₀) − p(h|v_k)`. Hidden units are sampled on the way (h = 1 where p > draw), visible ones and the
   * statistics take probabilities, as Hinton's practical guide advises (2010). Returns the mean squared error of the
   * reconstruction.
   *
   * @example
   * for (const [images] of loader) machine.contrastiveDivergence(images, { lr: 0.1 })
   */
  contrastiveDivergence(v: Tensor, options: ContrastiveDivergenceOptions = {}): number {
    checkOptions("contrastiveDivergence", options, ["lr", "k", "draws", "generator"]);
    const { lr = 0.1, k = 1, draws, generator = defaultGenerator } = options;
    requireCount("contrastiveDivergence", "k", k);
    if (!(lr > 0)) {
      throw new ArgumentError(`contrastiveDivergence: lr must be a number > 0, got ${describeValue(lr)}`);
    }
    if (draws !== undefined && draws.length !== k) {
      throw new ArgumentError(
        `contrastiveDivergence: ${k} samplings need as many draws, got ${draws.length}`,
      );
    }
    const step = (): number => {
      const v0 = this.rows(v);
      const h0 = this.forward(v0);
      let [vk, hk] = [v0, h0];
      for (let i = 0; i < k; i++) {
        const draw = draws?.[i] ?? rand(hk.shape, { generator });
        vk = this.visibleGiven(hk.greater(draw).to(v0.dtype));
        hk = this.forward(vk);
      }
      const rate = lr / v0.shape[0]!;
      const statistics = v0.transpose(0, 1).matmul(h0).sub(vk.transpose(0, 1).matmul(hk));
      copyInto(this.weight, this.weight.add(statistics.mul(rate)));
      copyInto(this.visibleBias, this.visibleBias.add(v0.sub(vk).sum(0).mul(rate)));
      copyInto(this.hiddenBias, this.hiddenBias.add(h0.sub(hk).sum(0).mul(rate)));
      return v0.sub(vk).square().mean().item();
    };
    return withScope(() => noGrad(step));
  }

  override details(): string {
    return `${this.visible} ↔ ${this.hidden}`;
  }

  private rows(v: Tensor): Tensor {
    const rows = v.ndim > 2 ? v.flatten(1) : v;
    if (rows.ndim === 2 && rows.shape[1] === this.visible) return rows;
    throw new ShapeError(
      `rbm: visible units are [N, ${this.visible}], or images of ${this.visible} pixels; got ${describeShape(v.shape)}`,
    );
  }
}

/**
 * A restricted Boltzmann machine of binary units: `p(v, h) ∝ e^{−E}` with the energy `E = −a·v − b·h − v·W·h`, `v` the
 * `visible` units (pixels from 0 to 1) and `h` the `hidden` ones. It learns without labels, by `contrastiveDivergence`.
 * Smolensky 1986; Hinton 2002; lecture step 003.58.
 *
 * @example
 * const machine = models.rbm(784, 64)
 * machine.contrastiveDivergence(images)   // its filters are the columns of machine.weight
 */
export function rbm(visible: number, hidden: number): Rbm {
  return new Rbm(visible, hidden);
}

/** See {@link deepBelief}. */
export class DeepBelief extends Module {
  readonly machines: readonly Rbm[];
  readonly sizes: readonly number[];

  constructor(sizes: readonly number[]) {
    super();
    if (!Array.isArray(sizes) || sizes.length < 2) {
      throw new ArgumentError(
        "deepBelief: give the layers' sizes from the pixels up: models.deepBelief([784, 500, 500, 2000])",
      );
    }
    this.sizes = [...sizes];
    this.machines = sizes.slice(1).map((size, i) => new Rbm(sizes[i]!, size));
  }

  /** The probabilities of the top units, each layer's given those of the layer below: `[N, …] → [N, top]`. */
  forward(v: Tensor): Tensor {
    let value = v;
    for (const machine of this.machines) value = machine(value);
    return value;
  }

  /**
   * Trains layer after layer without labels: each machine by contrastive divergence on what those below make of the batches.
   * Returns for each layer the reconstruction error of its last epoch.
   *
   * @example
   * network.pretrain([...train.loader()].map(([images]) => images), { epochs: 3 })
   */
  pretrain(
    batches: readonly Tensor[],
    options: ContrastiveDivergenceOptions & { readonly epochs?: number } = {},
  ): number[] {
    checkOptions("deepBelief.pretrain", options, ["epochs", "lr", "k", "draws", "generator"]);
    const { epochs = 5, ...training } = options;
    requireCount("deepBelief.pretrain", "epochs", epochs);
    if (!Array.isArray(batches) || batches.length === 0) {
      throw new ArgumentError("deepBelief.pretrain: give the batches of images as an array of tensors");
    }
    let inputs = batches;
    return this.machines.map((machine) => {
      let error = 0;
      for (let epoch = 0; epoch < epochs; epoch++) {
        error = 0;
        for (const batch of inputs) error += machine.contrastiveDivergence(batch, training) / inputs.length;
      }
      inputs = noGrad(() => inputs.map((batch) => machine(batch).keep()));
      return error;
    });
  }

  /**
   * A sigmoid network of the same sizes with these weights and a new linear layer for `classes`, to be fine-tuned by
   * backpropagation. It takes `[N, pixels]`; put `nn.flatten()` before it for images.
   *
   * @example
   * const model = nn.sequential(nn.flatten(), network.classifier(10))
   */
  classifier(classes: number): Sequential {
    requireCount("deepBelief.classifier", "classes", classes);
    const layers = this.machines.flatMap((machine) => {
      const layer = linear(machine.visible, machine.hidden);
      noGrad(() => copyInto(layer.weight, machine.weight.transpose(0, 1)));
      if (layer.bias !== null) copyInto(layer.bias, machine.hiddenBias);
      return [layer, sigmoid()];
    });
    return sequential(...layers, linear(this.sizes.at(-1)!, classes));
  }

  override details(): string {
    return this.sizes.join(" ↔ ");
  }
}

/**
 * A deep belief net as a stack of restricted Boltzmann machines, pre-trained layer by layer without labels and fine-tuned
 * with them. The paper's sizes are the default, 784-500-500-2000, 1,646,784 numbers with the visible biases. Hinton,
 * Osindero & Teh 2006 (whose fine-tuning is another, the wake-sleep algorithm); lecture step 003.58.
 *
 * @example
 * const network = models.deepBelief([784, 64, 32])
 */
export function deepBelief(sizes: readonly number[] = [784, 500, 500, 2000]): DeepBelief {
  return new DeepBelief(sizes);
}
