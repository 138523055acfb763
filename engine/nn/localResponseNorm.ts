// Local response normalisation: the layer of AlexNet and GoogLeNet that batch normalisation has replaced.

import { ones } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { conv2d as conv2dOp } from "../ops/convolution.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { requireCount } from "./arguments.ts";
import { requireImages } from "./convolution.ts";
import { Module } from "./module.ts";

/** Options of `localResponseNorm`. */
export interface LocalResponseNormOptions {
  /** Times the MEAN of the squares (default 1e-4); where a paper takes their sum, give `size` times its α. */
  readonly alpha?: number;
  /** The exponent (default 0.75). */
  readonly beta?: number;
  /** Added to the mean (default 1). */
  readonly k?: number;
}

/** See {@link localResponseNorm}. */
export class LocalResponseNorm extends Module {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;

  constructor(size: number, options: LocalResponseNormOptions = {}) {
    super();
    checkOptions("localResponseNorm", options, ["alpha", "beta", "k"]);
    const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
    this.size = requireCount("localResponseNorm", "size", size);
    if (size % 2 === 0) {
      throw new ArgumentError(
        `localResponseNorm: size counts a channel and as many neighbours on either side, so it is odd; got ${size}`,
      );
    }
    for (const [name, value] of Object.entries({ alpha, beta, k })) {
      if (!Number.isFinite(value)) {
        throw new ArgumentError(`localResponseNorm: ${name} must be a number, got ${describeValue(value)}`);
      }
    }
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
  }

  forward(x: Tensor): Tensor {
    requireImages(x, null);
    const { size, alpha, beta, k } = this;
    const [samples, channels, height, width] = x.shape as readonly [number, number, number, number];
    // Channels as the rows of one tall map: a column of ones sums neighbouring channels.
    const squares = x.square().reshape([samples, 1, channels, height * width]);
    const window = noGrad(() => ones([1, 1, size, 1], { dtype: x.dtype }));
    const sums = conv2dOp(squares, window, null, { padding: [(size - 1) / 2, 0] });
    return x.mul(
      sums
        .reshape(x.shape)
        .mul(alpha / size)
        .add(k)
        .pow(-beta),
    );
  }

  override details(): string {
    return `${this.size} channels, α = ${this.alpha}, β = ${this.beta}, k = ${this.k}`;
  }
}

/**
 * Divides each value by what its neighbours in `size` adjacent channels do: `y_c = x_c / (k + (α/size)·Σ_j x_j²)^β` with j
 * over the channels c − (size−1)/2 … c + (size−1)/2 that exist; `[N, C, H, W] → [N, C, H, W]`. Krizhevsky, Sutskever &
 * Hinton 2012, section 3.3. Throws an ArgumentError for an even size, a ShapeError for what are no images.
 *
 * @example
 * nn.localResponseNorm(5, { alpha: 5e-4, k: 2 })   // AlexNet's: n = 5, α = 10⁻⁴ for the sum, β = 0.75, k = 2
 */
export function localResponseNorm(size: number, options: LocalResponseNormOptions = {}): LocalResponseNorm {
  return new LocalResponseNorm(size, options);
}
