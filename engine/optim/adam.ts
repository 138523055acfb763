// Adam: a step of its own size for every parameter.

import { zerosLike } from "../creation.ts";
import { backendOf } from "../inplace.ts";
import type { Parameter } from "../nn/module.ts";
import type { Tensor } from "../tensor.ts";
import { Optimizer, requireFraction, requireNonNegative } from "./optimizer.ts";

export interface AdamOptions {
  /** The learning rate η (default 0.001). */
  readonly lr?: number;
  /** Decay of the running means of the gradient and of its square (default [0.9, 0.999]). */
  readonly betas?: readonly [number, number];
  /** Keeps the division from 0 (default 1e-8). */
  readonly eps?: number;
  /** λ of an added penalty λ/2·‖θ‖² (default 0). */
  readonly weightDecay?: number;
}

/** See {@link adam}. */
export class Adam extends Optimizer {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  readonly #moments = new Map<Parameter, { readonly m: Tensor; readonly v: Tensor; step: number }>();

  constructor(
    parameters: Iterable<Parameter>,
    { lr = 0.001, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 }: AdamOptions = {},
  ) {
    super(parameters, lr);
    this.betas = [
      requireFraction("adam", "betas[0]", betas[0]),
      requireFraction("adam", "betas[1]", betas[1]),
    ];
    this.eps = requireNonNegative("adam", "eps", eps);
    this.weightDecay = requireNonNegative("adam", "weightDecay", weightDecay);
  }

  protected override prepare(tensor: Parameter): void {
    if (this.#moments.has(tensor)) return;
    this.#moments.set(tensor, { m: zerosLike(tensor).keep(), v: zerosLike(tensor).keep(), step: 0 });
  }

  protected override update(tensor: Parameter, gradient: Tensor): void {
    const state = this.#moments.get(tensor)!;
    state.step++;
    backendOf(tensor).adamStep(tensor.storage, gradient.storage, state.m.storage, state.v.storage, {
      learningRate: this.lr,
      beta1: this.betas[0],
      beta2: this.betas[1],
      epsilon: this.eps,
      weightDecay: this.weightDecay,
      step: state.step,
    });
  }

  protected override details(): string {
    return `lr ${this.lr}, betas ${this.betas.join(" and ")}${this.weightDecay ? `, weightDecay ${this.weightDecay}` : ""}`;
  }
}

/**
 * Adam (Kingma & Ba 2014, algorithm 1): `m ← β₁m + (1 − β₁)g`, `v ← β₂v + (1 − β₂)g²`,
 * `θ ← θ − η · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε)`; weight decay adds λθ to g.
 *
 *     const optimizer = optim.adam(model.parameters(), { lr: 0.001 })
 *     loss.backward(); optimizer.step()
 */
export function adam(parameters: Iterable<Parameter>, options: AdamOptions = {}): Adam {
  return new Adam(parameters, options);
}
