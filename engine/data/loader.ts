/** Batches of a dataset, in order or shuffled anew for each epoch. */

import { makeEmpty } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { checkInterrupt } from "../interrupt.ts";
import { type BatchLease, blockOf, endLease, leaseBatch } from "../memory.ts";
import { checkOptions } from "../options.ts";
import { defaultGenerator, Generator } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { Batch } from "./batch.ts";
import { checkCount, checkSeed } from "./checks.ts";
import { type Dataset, targetOf } from "./dataset.ts";
import { gatherRows } from "./rows.ts";
import { checkImages, Transform } from "./transforms/transform.ts";

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
  /**
   * What the batches' second part is, one of the data set's `targetNames`: `"images"` for auto-encoders, `"masks"` for
   * segmentation; an array of names gives batches with as many more parts. Labels unless told, where there are none the
   * first other target, where there are none either the images.
   */
  readonly target?: string;
  /**
   * Changes the images of each batch, such as `data.transforms.randomShift(2)`; masks, boxes and images as targets move with
   * them. For training; leave it out where you judge.
   */
  readonly transform?: Transform;
}

/** How long `for await` goes on before timers, messages and pictures have their turn. */
const turnMilliseconds = 50;

/**
 * Iterates over batches `[images, labels]`; every new loop is a new epoch, shuffled anew. A batch is recycled after its
 * step of training; write `images.keep()` to hold on to one. In a notebook a batch shows itself: `const [batch] = loader; batch`.
 *
 * @example
 * const loader = train.loader({ batchSize: 64, shuffle: true, seed: 1 });
 * for (const [images, labels] of loader) …
 */
export class Loader<Parts extends [Tensor, ...Tensor[]] = [images: Tensor, target: Tensor]>
  implements Iterable<Parts>, AsyncIterable<Parts>
{
  /** What the batches are taken from. */
  readonly dataset: Dataset;
  /** What the batches have besides images: names of the data set's targets. */
  readonly targets: readonly string[];
  /** Samples per batch. */
  readonly batchSize: number;
  /** Whether each epoch has an order of its own. */
  readonly shuffle: boolean;
  /** Whether a last batch that is not full is left out. */
  readonly dropLast: boolean;
  /** How many batches an epoch has. */
  readonly length: number;
  /** What changes the images of each batch, or null. */
  readonly transform: Transform | null;
  /** What transforms draw from: another stream than the orders, which stay the same without them. */
  readonly #draws: Generator;
  /** Draws each epoch's order at its start, so that an epoch broken off changes nothing in the next. */
  readonly #orders: Generator;

  constructor(
    dataset: Dataset,
    options: Omit<LoaderOptions, "target"> & { readonly target?: string | readonly string[] } = {},
  ) {
    checkOptions("loader", options, ["batchSize", "shuffle", "seed", "dropLast", "target", "transform"]);
    const { batchSize = 64, shuffle = false, seed, dropLast = false } = options;
    const { target = dataset.targetNames[1] ?? "images", transform = null } = options;
    checkCount("loader", "batchSize", batchSize);
    checkFlag("shuffle", shuffle);
    checkFlag("dropLast", dropLast);
    if (seed !== undefined) checkSeed("loader", seed);
    if (dropLast && batchSize > dataset.size)
      throw new ArgumentError(
        `loader: with dropLast and batchSize ${batchSize} there is no batch: the data set has ${dataset.size} samples`,
      );
    checkTransform(transform, dataset);
    this.transform = transform;
    this.targets = typeof target === "string" ? [target] : [...target];
    for (const name of this.targets) targetOf("loader", dataset, name);
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.dropLast = dropLast;
    this.length = dropLast ? Math.floor(dataset.size / batchSize) : Math.ceil(dataset.size / batchSize);
    this.#orders =
      seed !== undefined ? new Generator(seed) : shuffle ? defaultGenerator.fork() : new Generator();
    this.#draws =
      seed !== undefined
        ? new Generator(seed).fork()
        : transform !== null
          ? defaultGenerator.fork()
          : new Generator();
  }

  /** The batches `[x, y]` of one pass; with `shuffle`, in a new order each time. */
  *[Symbol.iterator](): IterableIterator<Parts> {
    const { images } = this.dataset.contents;
    const targets = this.targets.map((name) => targetOf("loader", this.dataset, name));
    // A tensor, so that it is given back too when nobody finishes the loop.
    const order = makeEmpty("loader", [this.dataset.size], "int32", blockOf(images.holding).backend).keep();
    order.storage.values().set(this.#order());
    let lease: BatchLease | null = null;
    try {
      for (let i = 0; i < this.length; i++) {
        checkInterrupt();
        const start = i * this.batchSize;
        const length = Math.min(this.batchSize, this.dataset.size - start);
        const rows = order.storage.slice(start, length);
        const taken = gatherRows("loader", images, rows);
        const parts = targets.map((all) => (all === images ? taken : gatherRows("loader", all, rows)));
        const batch = new Batch(this.dataset, this.targets, this.#transformed(taken, parts));
        lease = leaseBatch([...new Set(batch)], lease);
        yield batch as Tensor[] as Parts;
      }
    } finally {
      endLease(lease);
      order.dispose();
    }
  }

  /** As `for … of`, but lets timers, messages and pictures have their turn about every 50 ms. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Parts, void, undefined> {
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

  /** A batch as it is trained on: images first, each target in its place. */
  #transformed(images: Tensor, targets: readonly Tensor[]): Tensor[] {
    if (this.transform === null) return [images, ...targets];
    const of = (name: string) => targets[this.targets.indexOf(name)];
    const moving = { clean: of("images"), masks: of("masks"), boxes: of("boxes") };
    const given = Object.fromEntries(Object.entries(moving).filter(([, target]) => target !== undefined));
    const changed = this.transform.applyWith({ images, ...given }, this.#draws);
    for (const replaced of new Set([images, ...Object.values(given)])) replaced?.dispose();
    const moved: Record<string, Tensor | undefined> = {
      images: changed.clean,
      masks: changed.masks,
      boxes: changed.boxes,
    };
    return [changed.images, ...targets.map((target, i) => moved[this.targets[i]!] ?? target)];
  }

  /** The rows of this epoch's samples, in its order. */
  #order(): Int32Array {
    const { rows, size } = this.dataset;
    if (!this.shuffle) return rows;
    return this.#orders.permutation(size).map((i) => rows[i]!);
  }
}

function checkTransform(transform: unknown, dataset: Dataset): void {
  if (transform === null) return;
  if (!(transform instanceof Transform))
    throw new ArgumentError(
      `loader: transform must be one of data.transforms, such as data.transforms.randomShift(2); got ${describeValue(transform)}${typeof transform === "function" ? "; call it" : ""}`,
    );
  checkImages(`loader: ${transform}`, dataset.contents.images.shape);
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
