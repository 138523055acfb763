// Groups in data without labels: k centres, each the mean of the samples that are nearest to it.

import { checkSeed } from "../data/checks.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { checkInterrupt } from "../interrupt.ts";
import { requireCount } from "../nn/arguments.ts";
import { checkOptions } from "../options.ts";
import { Generator } from "../random.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { makeTensor, makeWhole, plural, type Rows, readLike, readRows, requireFit, short } from "./rows.ts";

/** Options of `kMeans`. */
export interface KMeansOptions {
  /** How many groups. */
  readonly k: number;
  /** Another seed, other first centres: 0 unless told. */
  readonly seed?: number;
  /** From how many random starts the best result is taken, 10 unless told. */
  readonly restarts?: number;
  /** After how many rounds to stop, 300 unless told. */
  readonly rounds?: number;
  /** The first centres, `[k, D]`, in place of random ones. */
  readonly start?: Tensor;
}

interface Grouping {
  readonly centres: Float64Array;
  readonly labels: Int32Array;
  readonly inertias: readonly number[];
  readonly settled: boolean;
}

const operation = "kMeans";

/**
 * Lloyd's k-means (1957, 1982) from k-means++ starts (Arthur & Vassilvitskii 2007): assign every sample to its nearest
 * centre, move every centre to the mean of its samples, until nothing changes. It minimises the inertia `Σ ‖xₙ − c(n)‖²`.
 * Lecture step 000.7. See {@link kMeans}.
 */
export class KMeans {
  readonly k: number;
  readonly seed: number;
  readonly restarts: number;
  readonly rounds: number;
  #start: Tensor | null;
  #found: { readonly grouping: Grouping; readonly rows: Rows } | null = null;

  /** @internal Use `classical.kMeans({ k })`. */
  constructor(options: KMeansOptions) {
    checkOptions(operation, options, ["k", "seed", "restarts", "rounds", "start"]);
    const { seed = 0 } = options;
    checkSeed(operation, seed);
    this.k = requireCount(operation, "k", options.k);
    this.seed = seed;
    this.restarts = requireCount(operation, "restarts", options.restarts ?? 10);
    this.rounds = requireCount(operation, "rounds", options.rounds ?? 300);
    this.#start = options.start ?? null;
  }

  /** Groups the samples `[N, D]`, N ≥ k. Throws an ArgumentError where there are fewer than k different ones. */
  fit(x: Tensor): this {
    const rows = readRows(operation, "x", x);
    if (this.k > rows.count)
      throw new ArgumentError(
        `${operation}: ${plural(rows.count, "sample")} cannot make ${this.k} groups; take k up to ${rows.count}`,
      );
    if (this.#start !== null) {
      this.#found = { rows, grouping: settle(rows, this.#given(this.#start, rows), this.k, this.rounds) };
      return this;
    }
    const generator = new Generator(this.seed);
    let best: Grouping | null = null;
    for (let attempt = 0; attempt < this.restarts; attempt++) {
      const grouping = settle(rows, spread(rows, this.k, generator), this.k, this.rounds);
      if (best === null || grouping.inertias.at(-1)! < best.inertias.at(-1)!) best = grouping;
    }
    this.#found = best === null ? null : { grouping: best, rows };
    return this;
  }

  /** The centres, `[k, D]` (`[k, C, H, W]` of images). */
  get centres(): Tensor {
    const { grouping, rows } = requireFit(operation, this.#found);
    return makeTensor(operation, grouping.centres, [this.k, ...rows.sampleShape], rows).keep();
  }

  /** The group of each sample of `fit`: `[N]`, int32. */
  get labels(): Tensor {
    const { grouping, rows } = requireFit(operation, this.#found);
    return makeWhole(operation, grouping.labels, [rows.count], rows).keep();
  }

  /** The sum of the squared distances of the samples from their centres. */
  get inertia(): number {
    return requireFit(operation, this.#found).grouping.inertias.at(-1)!;
  }

  /** The inertia after each assignment, never rising: of the best start. */
  get inertias(): readonly number[] {
    return requireFit(operation, this.#found).grouping.inertias;
  }

  /** Whether nothing changed any more, before the rounds were over. */
  get converged(): boolean {
    return requireFit(operation, this.#found).grouping.settled;
  }

  /** The group of the nearest centre: `[N, D]` → `[N]`, int32. */
  predict(x: Tensor): Tensor {
    const { grouping, rows } = requireFit(operation, this.#found);
    const given = readLike(operation, x, rows.sampleShape);
    const { labels } = assign(given, grouping.centres, this.k);
    return makeWhole(operation, labels, [given.count], given);
  }

  /** `KMeans: 200 samples in 3 groups of 68, 67, 65, inertia 35.12`. */
  toString(): string {
    if (this.#found === null) return `KMeans: k = ${this.k} (not fitted yet)`;
    const { grouping, rows } = this.#found;
    const sizes = new Array<number>(this.k).fill(0);
    for (const label of grouping.labels) sizes[label]!++;
    const unsettled = grouping.settled ? "" : ", not at rest yet: give it more rounds";
    return `KMeans: ${plural(rows.count, "sample")} in ${plural(this.k, "group")} of ${sizes.join(", ")}, inertia ${short(this.inertia)}${unsettled}`;
  }

  [inspect](): string {
    return this.toString();
  }

  #given(start: Tensor, rows: Rows): Float64Array {
    const centres = readRows(operation, "start", start);
    if (centres.count !== this.k || centres.width !== rows.width)
      throw new ShapeError(
        `${operation}: start must be ${this.k} centres ${describeShape([this.k, ...rows.sampleShape])}, got ${describeShape(start.shape)}`,
      );
    return centres.values.slice();
  }
}

/** The nearest centre of every sample, the first of equals, and how far it is, squared. */
function assign(rows: Rows, centres: Float64Array, k: number): { labels: Int32Array; squares: Float64Array } {
  const { values, count, width } = rows;
  const labels = new Int32Array(count);
  const squares = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let least = Number.POSITIVE_INFINITY;
    for (let c = 0; c < k; c++) {
      let square = 0;
      for (let j = 0; j < width; j++) square += (values[i * width + j]! - centres[c * width + j]!) ** 2;
      if (square < least) {
        least = square;
        labels[i] = c;
      }
    }
    squares[i] = least;
  }
  return { labels, squares };
}

/** Lloyd's rounds from these centres. */
function settle(rows: Rows, start: Float64Array, k: number, rounds: number): Grouping {
  const { count, width, values } = rows;
  let centres = start;
  let { labels, squares } = assign(rows, centres, k);
  const inertias = [total(squares)];
  for (let round = 0; round < rounds; round++) {
    checkInterrupt();
    const sizes = new Int32Array(k);
    for (const label of labels) sizes[label]!++;
    // A group that lost all its samples starts anew with the one that is farthest from its own centre.
    for (let c = 0; c < k; c++) {
      if (sizes[c]! > 0) continue;
      let farthest = -1;
      for (let i = 0; i < count; i++)
        if (sizes[labels[i]!]! > 1 && (farthest < 0 || squares[i]! > squares[farthest]!)) farthest = i;
      sizes[labels[farthest]!]!--;
      sizes[c] = 1;
      labels[farthest] = c;
      squares[farthest] = 0;
    }
    const moved = new Float64Array(k * width);
    for (let i = 0; i < count; i++)
      for (let j = 0; j < width; j++)
        moved[labels[i]! * width + j]! += values[i * width + j]! / sizes[labels[i]!]!;
    centres = moved;
    const next = assign(rows, centres, k);
    const settled = next.labels.every((label, i) => label === labels[i]);
    ({ labels, squares } = next);
    inertias.push(total(squares));
    if (settled) return { centres, labels, inertias, settled };
  }
  return { centres, labels, inertias, settled: false };
}

/** k-means++: the first centre is a sample at random, each next one with probability in proportion to its squared distance. */
function spread(rows: Rows, k: number, generator: Generator): Float64Array {
  const { values, count, width } = rows;
  const centres = new Float64Array(k * width);
  const take = (c: number, sample: number): void =>
    centres.set(values.subarray(sample * width, sample * width + width), c * width);
  take(0, generator.integer(count));
  for (let c = 1; c < k; c++) {
    const { squares } = assign(rows, centres, c);
    const all = total(squares);
    if (all === 0)
      throw new ArgumentError(
        `${operation}: there are only ${plural(c, "different sample")} among the ${count}, too few for ${k} groups`,
      );
    let rest = generator.uniform() * all;
    let sample = squares.findIndex((square) => {
      rest -= square;
      return rest < 0;
    });
    if (sample < 0) sample = squares.findLastIndex((square) => square > 0);
    take(c, sample);
  }
  return centres;
}

function total(squares: Float64Array): number {
  return squares.reduce((sum, square) => sum + square, 0);
}

/**
 * k-means clustering. Lecture step 000.7.
 *
 * @example
 * const groups = classical.kMeans({ k: 3 }).fit(data.blobs().points);
 * groups.centres   // [3, 2]
 */
export function kMeans(options: KMeansOptions): KMeans {
  return new KMeans(options);
}
