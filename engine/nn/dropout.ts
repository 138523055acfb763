// Dropout: a regulariser that acts in training only.

import { rand } from "../creation.ts";
import { ArgumentError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import type { Generator } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

export interface DropoutOptions {
  /** Where the masks come from; the default generator (see `seed`) when absent. */
  readonly generator?: Generator;
}

/** See {@link dropout}. */
export class Dropout extends Module {
  readonly p: number;
  readonly generator: Generator | undefined;

  constructor(p: number = 0.5, { generator }: DropoutOptions = {}) {
    super();
    if (!(typeof p === "number" && p >= 0 && p <= 1)) {
      throw new ArgumentError(`dropout: p is the share of units to drop, between 0 and 1, got ${p}`);
    }
    this.p = p;
    this.generator = generator;
  }

  forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    const mask = noGrad(() => {
      const numbers = rand(x.shape, this.generator ? { generator: this.generator } : {});
      const kept = numbers.greaterEqual(this.p).to(x.dtype);
      return this.p === 1 ? kept : kept.mul(1 / (1 - this.p));
    });
    return x.mul(mask);
  }

  override details(): string {
    return `p = ${this.p}`;
  }
}

/**
 * In training sets each unit to 0 with probability `p` and multiplies the others by 1/(1 − p), so that the expected
 * value stays (inverted dropout); in evaluation lets everything pass. Srivastava et al. 2014.
 *
 *     nn.sequential(nn.linear(784, 500), nn.relu(), nn.dropout(0.5), nn.linear(500, 10))
 */
export function dropout(p: number = 0.5, options: DropoutOptions = {}): Dropout {
  return new Dropout(p, options);
}
