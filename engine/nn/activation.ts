// Activation functions as layers, each elementwise except softmax.

import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

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
 *     nn.sequential(nn.linear(2, 8), nn.relu(), nn.linear(8, 1))
 */
export function relu(): ReLU {
  return new ReLU();
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
 *     nn.softmax()(model(x))   // class probabilities [N, C]
 */
export function softmax(dim: number = -1): Softmax {
  return new Softmax(dim);
}
