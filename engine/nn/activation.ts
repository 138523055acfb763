// Activation functions as layers: elementwise, but for softmax and logSoftmax (over a dimension) and maxout (over neighbours).

import { full } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import {
  elu as eluOp,
  gelu as geluOp,
  leakyRelu as leakyReluOp,
  maxout as maxoutOp,
  prelu as preluOp,
  step as stepOp,
} from "../ops/activation.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { requireCount } from "./arguments.ts";
import { Module, type Parameter, parameter } from "./module.ts";

function requireNumber(operation: string, name: string, value: number): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new ArgumentError(`${operation}: ${name} must be a number, got ${describeValue(value)}`);
}

/** See {@link identity}. */
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

/** See {@link step}. */
export class Step extends Module {
  forward(x: Tensor): Tensor {
    return stepOp(x);
  }
}

/** See {@link sign}. */
export class Sign extends Module {
  forward(x: Tensor): Tensor {
    return stepOp(x).mul(2).sub(1);
  }
}

/** See {@link relu}. */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** See {@link sigmoid}. */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** See {@link tanh}. */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** See {@link leakyRelu}. */
export class LeakyReLU extends Module {
  readonly slope: number;

  constructor(slope: number = 0.01) {
    super();
    this.slope = requireNumber("leakyRelu", "slope", slope);
  }

  forward(x: Tensor): Tensor {
    return leakyReluOp(x, this.slope);
  }

  override details(): string {
    return `slope ${this.slope}`;
  }
}

/** Options of `prelu`. */
export interface PReLUOptions {
  /** The slope that training starts from (default 0.25). */
  readonly slope?: number;
}

/** See {@link prelu}. */
export class PReLU extends Module {
  /** `[channels]`, or `[1]`: the slopes for x ≤ 0 */
  weight: Parameter;
  readonly channels: number;

  constructor(channels: number = 1, options: PReLUOptions = {}) {
    super();
    checkOptions("prelu", options, ["slope"]);
    const { slope = 0.25 } = options;
    this.channels = requireCount("prelu", "channels", channels);
    this.weight = parameter(full([channels], requireNumber("prelu", "slope", slope))).named("weight");
  }

  forward(x: Tensor): Tensor {
    if (this.channels > 1 && x.shape[1] !== this.channels) {
      throw new ShapeError(
        `expected [N, ${this.channels}, …], got ${describeShape(x.shape)}; make this layer nn.prelu(${x.shape[1] ?? 1}), or nn.prelu() with one slope for all`,
      );
    }
    return preluOp(x, this.weight);
  }

  override details(): string {
    return this.channels === 1 ? "one slope" : `${this.channels} slopes`;
  }
}

/** See {@link elu}. */
export class ELU extends Module {
  readonly alpha: number;

  constructor(alpha: number = 1) {
    super();
    this.alpha = requireNumber("elu", "alpha", alpha);
  }

  forward(x: Tensor): Tensor {
    return eluOp(x, this.alpha);
  }

  override details(): string {
    return `α = ${this.alpha}`;
  }
}

/** See {@link softplus}. */
export class Softplus extends Module {
  forward(x: Tensor): Tensor {
    return x.softplus();
  }
}

/** Options of `gelu`. */
export interface GELUOptions {
  /** `"tanh"` for the older approximation; exact by default. */
  readonly approximate?: "none" | "tanh";
}

/** See {@link gelu}. */
export class GELU extends Module {
  readonly approximate: "none" | "tanh";

  constructor(options: GELUOptions = {}) {
    super();
    checkOptions("gelu", options, ["approximate"]);
    const { approximate = "none" } = options;
    this.approximate = approximate;
  }

  forward(x: Tensor): Tensor {
    return geluOp(x, { approximate: this.approximate });
  }

  override details(): string {
    return this.approximate === "tanh" ? "tanh approximation" : "";
  }
}

/** See {@link maxout}. */
export class Maxout extends Module {
  readonly pieces: number;

  constructor(pieces: number = 2) {
    super();
    this.pieces = requireCount("maxout", "pieces", pieces);
  }

  forward(x: Tensor): Tensor {
    return maxoutOp(x, this.pieces, x.ndim > 1 ? 1 : 0);
  }

  override details(): string {
    return `${this.pieces} pieces`;
  }
}

/** See {@link logSoftmax}. */
export class LogSoftmax extends Module {
  readonly dim: number;

  constructor(dim: number = -1) {
    super();
    this.dim = dim;
  }

  forward(x: Tensor): Tensor {
    return x.logSoftmax(this.dim);
  }

  override details(): string {
    return `dim ${this.dim}`;
  }
}

/** See {@link softmax}. */
export class Softmax extends Module {
  readonly dim: number;

  constructor(dim: number = -1) {
    super();
    this.dim = dim;
  }

  forward(x: Tensor): Tensor {
    return x.softmax(this.dim);
  }

  override details(): string {
    return `dim ${this.dim}`;
  }
}

/**
 * Rectified linear unit: `max(0, x)`, any shape.
 *
 * @example
 * nn.sequential(nn.linear(2, 8), nn.relu(), nn.linear(8, 1))
 */
export function relu(): ReLU {
  return new ReLU();
}

/** Lets everything pass: a linear unit's activation, and the plain shortcut of a residual block. */
export function identity(): Identity {
  return new Identity();
}

/** 1 where x > 0, else 0 (at 0 as well). Its gradient is 0, so nothing in front of it learns by backpropagation. */
export function step(): Step {
  return new Step();
}

/**
 * The perceptron's output: +1 where x > 0, else −1 (at 0 as well: it fires only above the threshold; `x.sign()` is 0 there).
 * Its gradient is 0. Rosenblatt 1958.
 */
export function sign(): Sign {
  return new Sign();
}

/**
 * x where x > 0, else `slope · x`, any shape. Maas et al. 2013. Throws an ArgumentError for what is no number.
 *
 * @example
 * nn.leakyRelu(0.1)(tensor([-2, 3]))   // [-0.2, 3]
 */
export function leakyRelu(slope: number = 0.01): LeakyReLU {
  return new LeakyReLU(slope);
}

/**
 * x where x > 0, else `a · x` with a learned slope: one for all (`nn.prelu()`), or one per channel (`nn.prelu(64)` for `[N, 64, …]`).
 * He et al. 2015. Do not decay the slopes: that pulls them to relu. Throws a ShapeError for other channels.
 */
export function prelu(channels: number = 1, options: PReLUOptions = {}): PReLU {
  return new PReLU(channels, options);
}

/**
 * x where x > 0, else `α (eˣ − 1)`, any shape, values above −α. Clevert et al. 2015. Throws an ArgumentError for what
 * is no number.
 */
export function elu(alpha: number = 1): ELU {
  return new ELU(alpha);
}

/** `ln(1 + eˣ)`, any shape: a relu without a kink. */
export function softplus(): Softplus {
  return new Softplus();
}

/** `x · Φ(x)`, Φ the normal distribution's cumulative probability; any shape. Hendrycks & Gimpel 2016. */
export function gelu(options: GELUOptions = {}): GELU {
  return new GELU(options);
}

/**
 * The largest of `pieces` neighbouring features or channels: `[N, F · pieces, …] → [N, F, …]`. Behind a linear layer a unit is
 * `max(w₁·x + b₁, w₂·x + b₂)`. Goodfellow et al. 2013. Throws a ShapeError when `pieces` does not divide the features.
 *
 * @example
 * nn.sequential(nn.linear(2, 16), nn.maxout(2), nn.linear(8, 1))
 */
export function maxout(pieces: number = 2): Maxout {
  return new Maxout(pieces);
}

/** The logarithm of {@link softmax}, without its overflow: what a negative log-likelihood takes. */
export function logSoftmax(dim: number = -1): LogSoftmax {
  return new LogSoftmax(dim);
}

/** Logistic sigmoid: `1 / (1 + e⁻ˣ)`, any shape, values in (0, 1). */
export function sigmoid(): Sigmoid {
  return new Sigmoid();
}

/** Hyperbolic tangent: `(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)`, any shape, values in (−1, 1). */
export function tanh(): Tanh {
  return new Tanh();
}

/**
 * Softmax: `eˣⁱ / Σⱼ eˣʲ` over one dimension (the last by default): probabilities that sum to 1.
 *
 * Not before `nn.crossEntropy`, which takes logits and contains it.
 *
 * @example
 * nn.softmax()(model(x))   // class probabilities [N, C]
 */
export function softmax(dim: number = -1): Softmax {
  return new Softmax(dim);
}
