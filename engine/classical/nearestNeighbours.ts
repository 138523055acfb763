// The oldest classifier: the class that most of the k nearest samples have.

import { ArgumentError } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { checkInterrupt } from "../interrupt.ts";
import { requireCount } from "../nn/arguments.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import {
  makeTensor,
  makeWhole,
  plural,
  type Rows,
  readLabels,
  readLike,
  readRows,
  requireFit,
} from "./rows.ts";

/** Options of `nearestNeighbours`. */
export interface NearestNeighboursOptions {
  /** How many neighbours vote, 5 unless told. */
  readonly k?: number;
}

/** The nearest samples of each query. */
export interface Neighbours {
  /** Places among the samples of `fit`, the nearest first: `[N, k]`, int32. */
  readonly indices: Tensor;
  /** Their Euclidean distances: `[N, k]`. */
  readonly distances: Tensor;
}

interface Memory {
  readonly rows: Rows;
  readonly labels: Int32Array;
  readonly classes: number;
}

const operation = "nearestNeighbours";

/** The k nearest samples by Euclidean distance, and their majority. Lecture step 003.6. See {@link nearestNeighbours}. */
export class NearestNeighbours {
  readonly k: number;
  #memory: Memory | null = null;

  /** @internal Use `classical.nearestNeighbours()`. */
  constructor(options: NearestNeighboursOptions = {}) {
    checkOptions(operation, options, ["k"]);
    this.k = requireCount(operation, "k", options.k ?? 5);
  }

  /** Remembers the samples `[N, D]` with their class numbers `[N]`: nothing is learnt, and N ≥ k. */
  fit(x: Tensor, labels: Tensor): this {
    const rows = readRows(operation, "x", x);
    const classes = readLabels(operation, labels, rows.count);
    if (this.k > rows.count)
      throw new ArgumentError(
        `${operation}: there are ${plural(rows.count, "sample")}, so k must be at most ${rows.count}; it is ${this.k}`,
      );
    this.#memory = { rows, labels: classes, classes: classes.reduce((a, b) => Math.max(a, b), 0) + 1 };
    return this;
  }

  /** The k nearest samples of each query `[N, D]`; of equally distant ones those that come first. */
  neighbours(x: Tensor): Neighbours {
    const { given, indices, distances } = this.#search(x);
    const shape = [given.count, this.k];
    return {
      indices: makeWhole(operation, indices, shape, given),
      distances: makeTensor(operation, distances, shape, given),
    };
  }

  /** The share of each class among the k nearest: `[N, D]` → `[N, C]`. */
  probabilities(x: Tensor): Tensor {
    const { classes } = requireFit(operation, this.#memory);
    const { given, votes } = this.#vote(x);
    const shares = Float64Array.from(votes, (count) => count / this.k);
    return makeTensor(operation, shares, [given.count, classes], given);
  }

  /** The class of most of the k nearest, the smallest class number of equals: `[N, D]` → `[N]`, int32. */
  predict(x: Tensor): Tensor {
    const { classes } = requireFit(operation, this.#memory);
    const { given, votes } = this.#vote(x);
    const winners = Int32Array.from({ length: given.count }, (_, i) => {
      let winner = 0;
      for (let c = 1; c < classes; c++)
        if (votes[i * classes + c]! > votes[i * classes + winner]!) winner = c;
      return winner;
    });
    return makeWhole(operation, winners, [given.count], given);
  }

  /** `NearestNeighbours: k = 5 among 200 samples of 2 classes`. */
  toString(): string {
    if (this.#memory === null) return `NearestNeighbours: k = ${this.k} (not fitted yet)`;
    const { rows, classes } = this.#memory;
    return `NearestNeighbours: k = ${this.k} among ${plural(rows.count, "sample")} of ${plural(classes, "class", "classes")}`;
  }

  [inspect](): string {
    return this.toString();
  }

  #vote(x: Tensor): { given: Rows; votes: Int32Array } {
    const { labels, classes } = requireFit(operation, this.#memory);
    const { given, indices } = this.#search(x);
    const votes = new Int32Array(given.count * classes);
    indices.forEach((sample, i) => {
      votes[Math.floor(i / this.k) * classes + labels[sample]!]!++;
    });
    return { given, votes };
  }

  #search(x: Tensor): { given: Rows; indices: Int32Array; distances: Float64Array } {
    const { rows } = requireFit(operation, this.#memory);
    const given = readLike(operation, x, rows.sampleShape);
    const { k } = this;
    const indices = new Int32Array(given.count * k);
    const distances = new Float64Array(given.count * k);
    for (let i = 0; i < given.count; i++) {
      checkInterrupt();
      nearest(rows, given, i, indices.subarray(i * k, i * k + k), distances.subarray(i * k, i * k + k));
    }
    return { given, indices, distances: distances.map(Math.sqrt) };
  }
}

/** Fills `indices` and `squares` with the nearest samples of query `i`, kept in order as they are found. */
function nearest(rows: Rows, given: Rows, i: number, indices: Int32Array, squares: Float64Array): void {
  const { values, count, width } = rows;
  const query = given.values.subarray(i * width, i * width + width);
  const last = indices.length - 1;
  squares.fill(Number.POSITIVE_INFINITY);
  for (let sample = 0; sample < count; sample++) {
    const start = sample * width;
    const limit = squares[last]!;
    let square = 0;
    // Most samples are too far after a part of their features.
    for (let j = 0; j < width && square < limit; ) {
      const end = Math.min(width, j + 32);
      for (; j < end; j++) square += (values[start + j]! - query[j]!) ** 2;
    }
    if (!(square < limit)) continue;
    let place = last;
    for (; place > 0 && squares[place - 1]! > square; place--) {
      squares[place] = squares[place - 1]!;
      indices[place] = indices[place - 1]!;
    }
    squares[place] = square;
    indices[place] = sample;
  }
}

/**
 * k-nearest neighbours: the non-parametric alternative to a trained function. Lecture step 003.6.
 *
 * @example
 * const { points, labels } = data.moons();
 * const neighbours = classical.nearestNeighbours({ k: 3 }).fit(points, labels);
 * neighbours.predict(tensor([[0, 0], [1, 1]]))
 */
export function nearestNeighbours(options: NearestNeighboursOptions = {}): NearestNeighbours {
  return new NearestNeighbours(options);
}
