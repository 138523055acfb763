// Adagrad and RMSProp: steps divided by the size of the gradients so far.

import { fullLike, zerosLike } from "../creation.ts";
import type { Parameter } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { type Memory, Optimizer, requireFraction, requireNonNegative, type Trained } from "./optimizer.ts";
import { valuesOf } from "./sgd.ts";

/** What a group of parameters may set for itself in `adagrad`. */
export interface AdagradSettings {
  /** Keeps the division from 0 (default 1e-10). */
  readonly eps: number;
  /** λ of an added penalty λ/2·‖θ‖² (default 0). */
  readonly weightDecay: number;
  /** What the sum of squares starts at (default 0). */
  readonly initialSum: number;
}

/** Options of `adagrad`. */
export interface AdagradOptions extends Partial<AdagradSettings> {
  /** The learning rate η (default 0.01). */
  readonly lr?: number;
}

/** See {@link adagrad}. */
export class Adagrad extends Optimizer<AdagradSettings> {
  constructor(parameters: Trained<AdagradSettings>, options: AdagradOptions = {}) {
    checkOptions("adagrad", options, ["lr", "eps", "weightDecay", "initialSum"]);
    const { lr = 0.01, eps = 1e-10, weightDecay = 0, initialSum = 0 } = options;
    super(parameters, lr, { eps, weightDecay, initialSum }, (settings) => {
      requireNonNegative("adagrad", "eps", settings.eps);
      requireNonNegative("adagrad", "weightDecay", settings.weightDecay);
      requireNonNegative("adagrad", "initialSum", settings.initialSum);
    });
  }

  protected override remember(tensor: Parameter, { initialSum }: AdagradSettings): Memory {
    return { sum: fullLike(tensor, initialSum).keep() };
  }

  protected override update(
    tensor: Parameter,
    gradient: Tensor,
    learningRate: number,
    { eps, weightDecay }: AdagradSettings,
    { sum }: Memory,
  ): void {
    const [p, g, s] = [tensor.storage.values(), gradient.storage.values(), valuesOf(sum)];
    for (let i = 0; i < p.length; i++) {
      const slope = g[i]! + weightDecay * p[i]!;
      s[i]! += slope * slope;
      p[i]! -= (learningRate * slope) / (Math.sqrt(s[i]!) + eps);
    }
  }

  protected override details(): string {
    return `lr ${this.lr}`;
  }
}

/**
 * Adagrad (Duchi, Hazan & Singer 2011): `s ← s + g²`, `θ ← θ − η·g / (√s + ε)`. Parameters with small or rare gradients
 * take large steps; all steps shrink for ever. Lecture step 003.36. Throws an ArgumentError for settings out of range
 * or what are no parameters; `step()` throws a GradientError without a gradient or with NaN in one.
 *
 * @example
 * const optimizer = optim.adagrad(model.parameters(), { lr: 0.05 })
 * loss.backward(); optimizer.step()
 */
export function adagrad(parameters: Trained<AdagradSettings>, options: AdagradOptions = {}): Adagrad {
  return new Adagrad(parameters, options);
}

/** What a group of parameters may set for itself in `rmsprop`. */
export interface RmspropSettings {
  /** Decay of the running mean of squared gradients, 0 to below 1 (default 0.99). */
  readonly alpha: number;
  /** Keeps the division from 0 (default 1e-8). */
  readonly eps: number;
  /** How much of the last step's velocity stays, 0 to below 1 (default 0). */
  readonly momentum: number;
  /** λ of an added penalty λ/2·‖θ‖² (default 0). */
  readonly weightDecay: number;
}

/** Options of `rmsprop`. */
export interface RmspropOptions extends Partial<RmspropSettings> {
  /** The learning rate η (default 0.01). */
  readonly lr?: number;
}

/** See {@link rmsprop}. */
export class Rmsprop extends Optimizer<RmspropSettings> {
  readonly alpha: number;

  /** Steps are scaled by the gradients' size, so learning rates are ten times smaller than those of SGD. */
  override get usualRates(): readonly [low: number, high: number] {
    return [0.001, 0.01];
  }

  constructor(parameters: Trained<RmspropSettings>, options: RmspropOptions = {}) {
    checkOptions("rmsprop", options, ["lr", "alpha", "eps", "momentum", "weightDecay"]);
    const { lr = 0.01, alpha = 0.99, eps = 1e-8, momentum = 0, weightDecay = 0 } = options;
    super(parameters, lr, { alpha, eps, momentum, weightDecay }, (settings) => {
      requireFraction("rmsprop", "alpha", settings.alpha);
      requireNonNegative("rmsprop", "eps", settings.eps);
      requireFraction("rmsprop", "momentum", settings.momentum);
      requireNonNegative("rmsprop", "weightDecay", settings.weightDecay);
    });
    this.alpha = alpha;
  }

  protected override remember(tensor: Parameter): Memory {
    return { square: zerosLike(tensor).keep(), velocity: zerosLike(tensor).keep() };
  }

  protected override update(
    tensor: Parameter,
    gradient: Tensor,
    learningRate: number,
    { alpha, eps, momentum, weightDecay }: RmspropSettings,
    { square, velocity }: Memory,
  ): void {
    const [p, g] = [tensor.storage.values(), gradient.storage.values()];
    const [s, v] = [valuesOf(square), valuesOf(velocity)];
    for (let i = 0; i < p.length; i++) {
      const slope = g[i]! + weightDecay * p[i]!;
      s[i] = alpha * s[i]! + (1 - alpha) * slope * slope;
      v[i] = momentum * v[i]! + slope / (Math.sqrt(s[i]!) + eps);
      p[i]! -= learningRate * v[i]!;
    }
  }

  protected override details(): string {
    return `lr ${this.lr}, alpha ${this.alpha}`;
  }
}

/**
 * RMSProp (Hinton 2012, lecture 6e of his course): `s ← αs + (1 − α)g²`, `θ ← θ − η·g / (√s + ε)`; with momentum the quotient
 * is gathered in a velocity. Adagrad that forgets. Lecture step 003.36. Throws an ArgumentError for settings out of
 * range or what are no parameters; `step()` throws a GradientError without a gradient or with NaN in one.
 *
 * @example
 * const optimizer = optim.rmsprop(model.parameters(), { lr: 0.001 })
 * loss.backward(); optimizer.step()
 */
export function rmsprop(parameters: Trained<RmspropSettings>, options: RmspropOptions = {}): Rmsprop {
  return new Rmsprop(parameters, options);
}
