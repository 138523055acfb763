// Stochastic gradient descent, and its forms of momentum.

import { zerosLike } from "../creation.ts";
import { ArgumentError } from "../errors.ts";
import { backendOf } from "../inplace.ts";
import type { Parameter } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import { Tensor } from "../tensor.ts";
import { type Memory, Optimizer, requireFraction, requireNonNegative, type Trained } from "./optimizer.ts";

/** What a group of parameters may set for itself in `sgd`. */
export interface SgdSettings {
  /** How much of the last step's velocity stays, 0 to below 1 (default 0). */
  readonly momentum: number;
  /** λ of an added penalty λ/2·‖θ‖² (default 0). */
  readonly weightDecay: number;
  /** Looks ahead: the gradient counts once more, in the direction the velocity will take (default false). */
  readonly nesterov: boolean;
}

/** Options of `sgd`. */
export interface SgdOptions extends Partial<SgdSettings> {
  /** The learning rate η. */
  readonly lr: number;
}

/** See {@link sgd}. */
export class Sgd extends Optimizer<SgdSettings> {
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;

  constructor(parameters: Trained<SgdSettings>, options: SgdOptions) {
    checkOptions("sgd", options ?? {}, ["lr", "momentum", "weightDecay", "nesterov"]);
    const { lr, momentum = 0, weightDecay = 0, nesterov = false } = options ?? {};
    super(parameters, lr, { momentum, weightDecay, nesterov }, checkSgd);
    this.momentum = momentum;
    this.weightDecay = weightDecay;
    this.nesterov = nesterov;
  }

  protected override remember(tensor: Parameter, { momentum }: SgdSettings): Memory {
    return momentum === 0 ? {} : { velocity: zerosLike(tensor).keep() };
  }

  protected override update(
    tensor: Parameter,
    gradient: Tensor,
    learningRate: number,
    { momentum, weightDecay, nesterov }: SgdSettings,
    { velocity }: Memory,
  ): void {
    if (!nesterov) {
      const storage = velocity instanceof Tensor ? velocity.storage : null;
      backendOf(tensor).sgdStep(tensor.storage, gradient.storage, storage, {
        learningRate,
        momentum,
        weightDecay,
      });
      return;
    }
    const [p, g, v] = [tensor.storage.values(), gradient.storage.values(), valuesOf(velocity)];
    for (let i = 0; i < p.length; i++) {
      const slope = g[i]! + weightDecay * p[i]!;
      v[i] = momentum * v[i]! + slope;
      p[i]! -= learningRate * (slope + momentum * v[i]!);
    }
  }

  protected override details(): string {
    const { lr, momentum, weightDecay, nesterov } = this;
    return [
      `lr ${lr}`,
      momentum && `momentum ${momentum}`,
      nesterov && "Nesterov",
      weightDecay && `weightDecay ${weightDecay}`,
    ]
      .filter(Boolean)
      .join(", ");
  }
}

function checkSgd({ momentum, weightDecay, nesterov }: SgdSettings): void {
  requireFraction("sgd", "momentum", momentum);
  requireNonNegative("sgd", "weightDecay", weightDecay);
  if (nesterov && momentum === 0)
    throw new ArgumentError("sgd: nesterov needs momentum; pass { momentum: 0.9, nesterov: true }");
}

/** The numbers of a remembered tensor, for writing. */
export function valuesOf(remembered: Tensor | number | undefined): { [index: number]: number } {
  if (remembered instanceof Tensor) return remembered.storage.values();
  throw new ArgumentError("the optimizer remembers nothing of this parameter");
}

/**
 * Stochastic gradient descent, with momentum if wanted: `v ← μ·v + (g + λθ)`, `θ ← θ − η·v` (v starts at 0; without
 * momentum v is the gradient). The formula is PyTorch's; the classical one has η inside v, the same steps at constant η.
 * With `nesterov` (Nesterov 1983, as in Sutskever et al. 2013): `θ ← θ − η·(g + λθ + μ·v)`. The lecture's averaged form of
 * momentum is {@link averagedMomentum}. Throws an ArgumentError for settings out of range or what are no parameters;
 * `step()` throws a GradientError without a gradient or with NaN in one.
 *
 * @example
 * const optimizer = optim.sgd(model.parameters(), { lr: 0.1, momentum: 0.9 })
 * loss.backward(); optimizer.step()
 * // Groups have settings of their own:
 * optim.sgd([{ parameters: body.parameters(), lr: 0.001 }, { parameters: head.parameters() }], { lr: 0.1 })
 */
export function sgd(parameters: Trained<SgdSettings>, options: SgdOptions): Sgd {
  return new Sgd(parameters, options);
}

/** What a group of parameters may set for itself in `averagedMomentum`. */
export interface AveragedMomentumSettings {
  /** α: how much of the last change stays, 0 to below 1 (default 0.9). */
  readonly momentum: number;
}

/** Options of `averagedMomentum`. */
export interface AveragedMomentumOptions extends Partial<AveragedMomentumSettings> {
  /** The learning rate η. */
  readonly lr: number;
}

/** See {@link averagedMomentum}. */
export class AveragedMomentum extends Optimizer<AveragedMomentumSettings> {
  readonly momentum: number;

  constructor(parameters: Trained<AveragedMomentumSettings>, options: AveragedMomentumOptions) {
    checkOptions("averagedMomentum", options ?? {}, ["lr", "momentum"]);
    const { lr, momentum = 0.9 } = options ?? {};
    super(parameters, lr, { momentum }, (settings) => {
      requireFraction("averagedMomentum", "momentum", settings.momentum);
    });
    this.momentum = momentum;
  }

  protected override remember(tensor: Parameter): Memory {
    return { change: zerosLike(tensor).keep() };
  }

  protected override update(
    tensor: Parameter,
    gradient: Tensor,
    learningRate: number,
    { momentum }: AveragedMomentumSettings,
    { change }: Memory,
  ): void {
    const [p, g, d] = [tensor.storage.values(), gradient.storage.values(), valuesOf(change)];
    for (let i = 0; i < p.length; i++) {
      d[i] = momentum * d[i]! - (1 - momentum) * learningRate * g[i]!;
      p[i]! += d[i]!;
    }
  }

  protected override details(): string {
    return `lr ${this.lr}, momentum ${this.momentum}`;
  }
}

/**
 * Momentum in the lecture's form, where the change is a running average: `Δθ ← α·Δθ − (1 − α)·η·g`, `θ ← θ + Δθ`. Lecture
 * step 003.36. It goes (1 − α) times as far as `sgd` with the same momentum; with η/(1 − α) it makes the same steps
 * (C-21). Throws an ArgumentError for settings out of range or what are no parameters; `step()` throws a
 * GradientError without a gradient or with NaN in one.
 *
 * @example
 * const optimizer = optim.averagedMomentum(model.parameters(), { lr: 0.1, momentum: 0.9 })
 * loss.backward(); optimizer.step()
 */
export function averagedMomentum(
  parameters: Trained<AveragedMomentumSettings>,
  options: AveragedMomentumOptions,
): AveragedMomentum {
  return new AveragedMomentum(parameters, options);
}
