/** Batches that get larger from epoch to epoch. */

import { ArgumentError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { checkCount } from "./checks.ts";
import { Dataset } from "./dataset.ts";
import type { Loader } from "./loader.ts";

/** Options of `growingBatches`. */
export interface GrowingBatchesOptions {
  /** Samples per batch in the first epoch. */
  readonly from: number;
  /** Samples per batch at most. */
  readonly to: number;
  /** What the size is multiplied by after each epoch, 2 unless told. */
  readonly factor?: number;
  /** Whether each epoch has an order of its own; false unless told. */
  readonly shuffle?: boolean;
  /** Fixes the orders. */
  readonly seed?: number;
}

/** See {@link growingBatches}. */
export class GrowingBatches implements Iterable<[Tensor, Tensor]> {
  /** The size of the first epoch's batches, the second's, and so on; the last size stays. */
  readonly sizes: readonly number[];
  readonly #loaders: readonly Loader[];
  #epoch = 0;

  constructor(dataset: Dataset, options: GrowingBatchesOptions) {
    checkOptions("growingBatches", options, ["from", "to", "factor", "shuffle", "seed"]);
    const { from, to, factor = 2, shuffle = false, seed } = options;
    if (!(dataset instanceof Dataset))
      throw new ArgumentError("growingBatches: takes a data set, such as the train of data.digits()");
    checkCount("growingBatches", "from", from);
    checkCount("growingBatches", "to", to);
    checkCount("growingBatches", "factor", factor);
    if (factor === 1 || to < from) {
      throw new ArgumentError(
        `growingBatches: batches must grow; got from ${from} to ${to} by the factor ${factor}`,
      );
    }
    const sizes = [from];
    while (sizes.at(-1)! < to) sizes.push(Math.min(to, sizes.at(-1)! * factor));
    this.sizes = sizes;
    this.#loaders = sizes.map((batchSize, i) =>
      dataset.loader({ batchSize, shuffle, ...(seed === undefined ? {} : { seed: seed + i }) }),
    );
  }

  /** The next epoch. */
  [Symbol.iterator](): Iterator<[Tensor, Tensor]> {
    const loader = this.#loaders[Math.min(this.#epoch++, this.#loaders.length - 1)]!;
    return loader[Symbol.iterator]();
  }

  /** `GrowingBatches: 8, 16, 32 samples, from digits, …`. */
  toString(): string {
    return `GrowingBatches: ${this.sizes.join(", ")} samples, from ${this.#loaders[0]!.dataset}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * Small batches first, whose noisy steps are many, larger ones in every later epoch, whose steps are steady. Lecture step
 * 001.23; Smith et al. 2018, "Don't decay the learning rate, increase the batch size". Each loop over it is the next epoch,
 * so make it anew for another training. An epoch's number of steps changes, so it goes with no schedule of the learning rate.
 *
 * @example
 * await fit(model, data.growingBatches(train, { from: 8, to: 64, shuffle: true }), { epochs: 4, optimizer });
 */
export function growingBatches(dataset: Dataset, options: GrowingBatchesOptions): GrowingBatches {
  return new GrowingBatches(dataset, options);
}
