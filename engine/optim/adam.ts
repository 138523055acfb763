// Adam and AdamW: a step of its own size for every parameter.

import { zerosLike } from "../creation.ts";
import { backendOf } from "../inplace.ts";
import type { Parameter } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import { Tensor } from "../tensor.ts";
import { type Memory, Optimizer, requireFraction, requireNonNegative, type Trained } from "./optimizer.ts";

/** What a group of parameters may set for itself in `adam` and `adamW`. */
export interface AdamSettings {
  /** Decay of the running means of the gradient and of its square (default [0.9, 0.999]). */
  readonly betas: readonly [number, number];
  /** Keeps the division from 0 (default 1e-8). */
  readonly eps: number;
  /** λ: `adam` adds a penalty λ/2·‖θ‖² (default 0), `adamW` shrinks θ by ηλθ beside the step (default 0.01). */
  readonly weightDecay: number;
}

/** Options of `adam` and `adamW`. */
export interface AdamOptions extends Partial<AdamSettings> {
  /** The learning rate η (default 0.001). */
  readonly lr?: number;
}

const known = ["lr", "betas", "eps", "weightDecay"] as const;

function checkAdam(operation: string): (settings: AdamSettings) => void {
  return ({ betas, eps, weightDecay }) => {
    requireFraction(operation, "betas[0]", betas[0]);
    requireFraction(operation, "betas[1]", betas[1]);
    requireNonNegative(operation, "eps", eps);
    requireNonNegative(operation, "weightDecay", weightDecay);
  };
}

/** See {@link adam}. */
export class Adam extends Optimizer<AdamSettings> {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;

  /** Steps are scaled by the gradients' size, so learning rates are a hundred times smaller than those of SGD. */
  override get usualRates(): readonly [low: number, high: number] {
    return [0.0001, 0.001];
  }

  constructor(parameters: Trained<AdamSettings>, options: AdamOptions = {}, operation: string = "adam") {
    checkOptions(operation, options, known);
    const { lr = 0.001, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = options;
    super(parameters, lr, { betas, eps, weightDecay }, checkAdam(operation));
    this.betas = betas;
    this.eps = eps;
    this.weightDecay = weightDecay;
  }

  protected override remember(tensor: Parameter): Memory {
    return { m: zerosLike(tensor).keep(), v: zerosLike(tensor).keep(), step: 0 };
  }

  protected override update(
    tensor: Parameter,
    gradient: Tensor,
    learningRate: number,
    { betas, eps, weightDecay }: AdamSettings,
    memory: Memory,
  ): void {
    const { m, v } = memory;
    if (!(m instanceof Tensor && v instanceof Tensor)) return;
    const step = Number(memory.step) + 1;
    memory.step = step;
    backendOf(tensor).adamStep(tensor.storage, gradient.storage, m.storage, v.storage, {
      learningRate,
      beta1: betas[0],
      beta2: betas[1],
      epsilon: eps,
      weightDecay,
      step,
    });
  }

  protected override details(): string {
    return `lr ${this.lr}, betas ${this.betas.join(" and ")}${this.weightDecay ? `, weightDecay ${this.weightDecay}` : ""}`;
  }
}

/**
 * Adam (Kingma & Ba 2014, algorithm 1): `m ← β₁m + (1 − β₁)g`, `v ← β₂v + (1 − β₂)g²`,
 * `θ ← θ − η · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε)`; weight decay adds λθ to g. Lecture step 003.36. Throws an
 * ArgumentError for settings out of range or what are no parameters; `step()` throws a GradientError without a
 * gradient or with NaN in one.
 *
 * @example
 * const optimizer = optim.adam(model.parameters(), { lr: 0.001 })
 * loss.backward(); optimizer.step()
 */
export function adam(parameters: Trained<AdamSettings>, options: AdamOptions = {}): Adam {
  return new Adam(parameters, options);
}

/** See {@link adamW}. */
export class AdamW extends Adam {
  constructor(parameters: Trained<AdamSettings>, options: AdamOptions = {}) {
    checkOptions("adamW", options, known);
    super(parameters, { weightDecay: 0.01, ...options }, "adamW");
  }

  protected override update(
    tensor: Parameter,
    gradient: Tensor,
    learningRate: number,
    settings: AdamSettings,
    memory: Memory,
  ): void {
    const values = tensor.storage.values();
    const kept = 1 - learningRate * settings.weightDecay;
    if (kept !== 1) for (let i = 0; i < values.length; i++) values[i]! *= kept;
    super.update(tensor, gradient, learningRate, { ...settings, weightDecay: 0 }, memory);
  }
}

/**
 * AdamW (Loshchilov & Hutter 2019): Adam whose weight decay `θ ← θ − ηλθ` stands beside the step, not in the gradient that
 * is divided by √v; so it shrinks all weights alike. Throws an ArgumentError for settings out of range or what are no
 * parameters; `step()` throws a GradientError without a gradient or with NaN in one.
 *
 * @example
 * const optimizer = optim.adamW(model.parameters(), { lr: 0.001, weightDecay: 0.05 })
 * loss.backward(); optimizer.step()
 */
export function adamW(parameters: Trained<AdamSettings>, options: AdamOptions = {}): AdamW {
  return new AdamW(parameters, options);
}
