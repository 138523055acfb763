// Dropout: a regulariser that acts in training only.

import { rand } from "../creation.ts";
import { ArgumentError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { checkOptions } from "../options.ts";
import type { Generator } from "../random.ts";
import type { Shape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { requireImages } from "./convolution.ts";
import { Module } from "./module.ts";

/** Options of `dropout` and `dropout2d`. */
export interface DropoutOptions {
  /** Where the masks come from; the default generator (see `seed`) when absent. */
  readonly generator?: Generator;
}

abstract class RandomMask extends Module {
  /** The share that is dropped. */
  readonly p: number;
  readonly generator: Generator | undefined;

  constructor(operation: string, dropped: string, p: number, options: DropoutOptions) {
    super();
    checkOptions(operation, options, ["generator"]);
    if (!(typeof p === "number" && p >= 0 && p <= 1)) {
      throw new ArgumentError(
        `${operation}: p is the share of ${dropped} to drop, between 0 and 1, got ${p}`,
      );
    }
    this.p = p;
    this.generator = options.generator;
  }

  /** The shape in which it is drawn what to drop. */
  protected abstract maskShape(x: Tensor): Shape;

  forward(x: Tensor): Tensor {
    const shape = this.maskShape(x);
    if (!this.training || this.p === 0) return x;
    const mask = noGrad(() => {
      const numbers = rand(shape, this.generator ? { generator: this.generator } : {});
      const kept = numbers.greaterEqual(this.p).to(x.dtype);
      return this.p === 1 ? kept : kept.mul(1 / (1 - this.p));
    });
    return x.mul(mask);
  }

  override details(): string {
    return `p = ${this.p}`;
  }
}

/** See {@link dropout}. */
export class Dropout extends RandomMask {
  constructor(p: number = 0.5, options: DropoutOptions = {}) {
    super("dropout", "units", p, options);
  }

  protected maskShape(x: Tensor): Shape {
    return x.shape;
  }
}

/** See {@link dropout2d}. */
export class Dropout2d extends RandomMask {
  constructor(p: number = 0.5, options: DropoutOptions = {}) {
    super("dropout2d", "maps", p, options);
  }

  protected maskShape(x: Tensor): Shape {
    requireImages(x, null);
    return [x.shape[0]!, x.shape[1]!, 1, 1];
  }
}

/**
 * In training sets each unit to 0 with probability `p` and multiplies the others by 1/(1 − p), so that the expected
 * value stays (inverted dropout); in evaluation lets everything pass. Srivastava et al. 2014. Throws an ArgumentError
 * when p is not from 0 to 1.
 *
 * @example
 * nn.sequential(nn.linear(784, 500), nn.relu(), nn.dropout(0.5), nn.linear(500, 10))
 */
export function dropout(p: number = 0.5, options: DropoutOptions = {}): Dropout {
  return new Dropout(p, options);
}

/**
 * Dropout of whole feature maps of `[N, C, H, W]`: neighbouring pixels of a map say much the same, so dropping single ones would
 * drop little. Otherwise as {@link dropout}. Tompson et al. 2015. Throws an ArgumentError when p is not from 0 to 1.
 *
 * @example
 * nn.sequential(nn.conv2d(3, 32, 3), nn.relu(), nn.dropout2d(0.2), nn.conv2d(32, 32, 3))
 */
export function dropout2d(p: number = 0.5, options: DropoutOptions = {}): Dropout2d {
  return new Dropout2d(p, options);
}
