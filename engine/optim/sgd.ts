// Stochastic gradient descent.

import { zerosLike } from "../creation.ts";
import { backendOf } from "../inplace.ts";
import type { Parameter } from "../nn/module.ts";
import type { Tensor } from "../tensor.ts";
import { Optimizer, requireFraction, requireNonNegative } from "./optimizer.ts";

export interface SgdOptions {
  /** The learning rate η. */
  readonly lr: number;
  /** How much of the last step's velocity stays, 0 to below 1 (default 0). */
  readonly momentum?: number;
  /** λ of an added penalty λ/2·‖θ‖² (default 0). */
  readonly weightDecay?: number;
}

/** See {@link sgd}. */
export class Sgd extends Optimizer {
  readonly momentum: number;
  readonly weightDecay: number;
  readonly #velocities = new Map<Parameter, Tensor>();

  constructor(parameters: Iterable<Parameter>, { lr, momentum = 0, weightDecay = 0 }: SgdOptions) {
    super(parameters, lr);
    this.momentum = requireFraction("sgd", "momentum", momentum);
    this.weightDecay = requireNonNegative("sgd", "weightDecay", weightDecay);
  }

  protected override prepare(tensor: Parameter): void {
    if (this.momentum === 0 || this.#velocities.has(tensor)) return;
    this.#velocities.set(tensor, zerosLike(tensor).keep());
  }

  protected override update(tensor: Parameter, gradient: Tensor): void {
    backendOf(tensor).sgdStep(
      tensor.storage,
      gradient.storage,
      this.#velocities.get(tensor)?.storage ?? null,
      {
        learningRate: this.lr,
        momentum: this.momentum,
        weightDecay: this.weightDecay,
      },
    );
  }

  protected override details(): string {
    const { lr, momentum, weightDecay } = this;
    return [`lr ${lr}`, momentum && `momentum ${momentum}`, weightDecay && `weightDecay ${weightDecay}`]
      .filter(Boolean)
      .join(", ");
  }
}

/**
 * Stochastic gradient descent, with momentum if wanted: `v ← μ·v + (g + λθ)`, `θ ← θ − η·v` (v starts at 0; without
 * momentum v is the gradient). The formula is PyTorch's; the classical one has η inside v, the same steps at constant η.
 *
 *     const optimizer = optim.sgd(model.parameters(), { lr: 0.1, momentum: 0.9 })
 *     loss.backward(); optimizer.step()
 */
export function sgd(parameters: Iterable<Parameter>, options: SgdOptions): Sgd {
  return new Sgd(parameters, options ?? {});
}
