/** What a loader hands out at each step: an array of tensors that knows what it is of. */

import type { Tensor } from "../tensor.ts";
import type { Dataset } from "./dataset.ts";

/**
 * The tensors `[images, target, …]` of one step. To programs it is the array it was before it had a class: `const [x, y] = batch`,
 * and `map`, `slice` and their like give plain arrays. The class is there for those who draw it.
 */
export class Batch extends Array<Tensor> {
  readonly #dataset: Dataset;
  readonly #targets: readonly string[];

  /** `targets` name all parts but the first, which are the images. */
  constructor(dataset: Dataset, targets: readonly string[], parts: readonly Tensor[]) {
    super();
    this.push(...parts);
    this.#dataset = dataset;
    this.#targets = targets;
  }

  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /** What its samples are taken from: classes and name. */
  get dataset(): Dataset {
    return this.#dataset;
  }

  /** What its parts after the images are, names of the data set's targets. */
  get targets(): readonly string[] {
    return this.#targets;
  }
}
