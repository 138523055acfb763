/** Batches of a dataset, in order or shuffled anew for each epoch. */

import { makeEmpty } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { checkInterrupt } from "../interrupt.ts";
import { type BatchLease, blockOf, endLease, leaseBatch } from "../memory.ts";
import { defaultGenerator, Generator } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { checkCount, checkOptions, checkSeed } from "./checks.ts";
import type { Dataset } from "./dataset.ts";
import { gatherRows } from "./rows.ts";

/** Options of `dataset.loader`. */
export interface LoaderOptions {
  /** Samples per batch, 64 unless told; the last batch has what is left. */
  readonly batchSize?: number;
  /** Whether each epoch has an order of its own; false unless told. */
  readonly shuffle?: boolean;
  /** Fixes the orders; without it they come from the default generator, which `seed(n)` restarts. */
  readonly seed?: number;
  /** Leaves out a last batch that is not full. */
  readonly dropLast?: boolean;
}

/** How long `for await` goes on before timers, messages and pictures have their turn. */
const turnMilliseconds = 50;

/**
 * Iterates over batches `[images, labels]`; every new loop is a new epoch, shuffled anew. A batch is recycled after its
 * step of training; write `images.keep()` to hold on to one.
 *
 * @example
 * const loader = train.loader({ batchSize: 64, shuffle: true, seed: 1 });
 * for (const [images, labels] of loader) …
 */
export class Loader implements Iterable<[Tensor, Tensor]>, AsyncIterable<[Tensor, Tensor]> {
  /** What the batches are taken from. */
  readonly dataset: Dataset;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly dropLast: boolean;
  /** How many batches an epoch has. */
  readonly length: number;
  /** Draws each epoch's order at its start, so that an epoch broken off changes nothing in the next. */
  readonly #orders: Generator;

  constructor(dataset: Dataset, options: LoaderOptions = {}) {
    checkOptions("loader", options, ["batchSize", "shuffle", "seed", "dropLast"]);
    const { batchSize = 64, shuffle = false, seed, dropLast = false } = options;
    checkCount("loader", "batchSize", batchSize);
    checkFlag("shuffle", shuffle);
    checkFlag("dropLast", dropLast);
    if (seed !== undefined) checkSeed("loader", seed);
    if (dropLast && batchSize > dataset.size)
      throw new ArgumentError(
        `loader: with dropLast and batchSize ${batchSize} there is no batch: the data set has ${dataset.size} samples`,
      );
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.dropLast = dropLast;
    this.length = dropLast ? Math.floor(dataset.size / batchSize) : Math.ceil(dataset.size / batchSize);
    this.#orders =
      seed !== undefined ? new Generator(seed) : shuffle ? defaultGenerator.fork() : new Generator();
  }

  /** The batches `[x, y]` of one pass; with `shuffle`, in a new order each time. */
  *[Symbol.iterator](): IterableIterator<[Tensor, Tensor]> {
    const { images, labels } = this.dataset.contents;
    // A tensor, so that it is given back too when nobody finishes the loop.
    const order = makeEmpty("loader", [this.dataset.size], "int32", blockOf(images.holding).backend).keep();
    order.storage.values().set(this.#order());
    let lease: BatchLease | null = null;
    try {
      for (let batch = 0; batch < this.length; batch++) {
        checkInterrupt();
        const start = batch * this.batchSize;
        const length = Math.min(this.batchSize, this.dataset.size - start);
        const rows = order.storage.slice(start, length);
        const pair: [Tensor, Tensor] = [
          gatherRows("loader", images, rows),
          gatherRows("loader", labels, rows),
        ];
        lease = leaseBatch(pair, lease);
        yield pair;
      }
    } finally {
      endLease(lease);
      order.dispose();
    }
  }

  /** As `for … of`, but lets timers, messages and pictures have their turn about every 50 ms. */
  async *[Symbol.asyncIterator](): AsyncGenerator<[Tensor, Tensor], void, undefined> {
    let turn = performance.now();
    for (const batch of this) {
      if (performance.now() - turn > turnMilliseconds) {
        await nextTask();
        turn = performance.now();
      }
      yield batch;
    }
  }

  /** `94 batches of 64 from digits, training: …, shuffled`. */
  toString(): string {
    const batches = `${this.length} ${this.length === 1 ? "batch" : "batches"}`;
    return `Loader: ${batches} of ${Math.min(this.batchSize, this.dataset.size)}${this.shuffle ? ", shuffled" : ""}, from ${this.dataset}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** The rows of this epoch's samples, in its order. */
  #order(): Int32Array {
    const { rows, size } = this.dataset;
    if (!this.shuffle) return rows;
    return this.#orders.permutation(size).map((i) => rows[i]!);
  }
}

function checkFlag(option: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new ArgumentError(`loader: ${option} must be true or false; got ${describeValue(value)}`);
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
