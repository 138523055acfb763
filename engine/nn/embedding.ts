// From whole numbers (words, classes) to vectors that are learned.

import { zeros } from "../creation.ts";
import { ArgumentError, DTypeError } from "../errors.ts";
import { indexSelect } from "../ops/indexing.ts";
import type { Tensor } from "../tensor.ts";
import { requireCount } from "./arguments.ts";
import { normal } from "./init.ts";
import { Module, type Parameter, parameter } from "./module.ts";

/** See {@link embedding}. */
export class Embedding extends Module {
  /** `[count, size]`: one vector per symbol */
  weight: Parameter;
  readonly count: number;
  readonly size: number;

  constructor(count: number, size: number) {
    super();
    this.count = requireCount("embedding", "count", count);
    this.size = requireCount("embedding", "size", size);
    this.weight = normal(parameter(zeros([count, size]))).named("weight");
  }

  forward(x: Tensor): Tensor {
    if (x.dtype !== "int32") {
      throw new DTypeError(`expected whole numbers (int32), got ${x.dtype}; convert with x.to("int32")`);
    }
    for (const symbol of x.storage.values()) {
      if (symbol < 0 || symbol >= this.count) {
        throw new ArgumentError(
          `expected numbers from 0 to ${this.count - 1}, got ${symbol}; make this layer nn.embedding(${Math.max(symbol, this.count) + (symbol < 0 ? 0 : 1)}, ${this.size}) or check the numbers`,
        );
      }
    }
    return indexSelect(this.weight, 0, x.flatten()).reshape([...x.shape, this.size]);
  }

  override details(): string {
    return `${this.count} × ${this.size}`;
  }
}

/**
 * A learned vector for each of `count` symbols: `[…]` of int32 → `[…, size]`. The vectors start from the normal distribution; only
 * those that occur in a batch get a gradient other than 0.
 * Throws an ArgumentError for a number outside 0 … count − 1, a DTypeError for floats.
 *
 * @example
 * nn.embedding(10, 3)(tensor([4, 4, 7], { dtype: "int32" }))   // [3, 3]
 */
export function embedding(count: number, size: number): Embedding {
  return new Embedding(count, size);
}
