// Ways to use samples more than once, and to keep some apart: splits, k-fold cross-validation, bootstrap, jackknife. Places
// of samples as plain numbers, for `dataset.subset(…)`.

import { checkSeed } from "../data/checks.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { requireCount } from "../nn/arguments.ts";
import { checkOptions } from "../options.ts";
import { Generator } from "../random.ts";
import { Tensor } from "../tensor.ts";
import { readLabels, short } from "./rows.ts";

/** One part of a cross-validation: train on all samples but this part's. */
export interface Fold {
  /** The samples to train on, by number. */
  readonly train: Int32Array;
  /** The samples held back, by number. */
  readonly validation: Int32Array;
}

/** Options of `kFold` and `stratifiedKFold`. */
export interface FoldOptions {
  /** Deal the samples out at random, by the seed; in their order unless told. */
  readonly shuffle?: boolean;
  /** Another seed, other folds: 0 unless told. */
  readonly seed?: number;
}

/**
 * k-fold cross-validation: the places 0 … n − 1 in k parts whose sizes differ by at most 1; each part is the validation set
 * once. Lecture steps 003.10 and 003.29.
 *
 * @example
 * for (const { train, validation } of classical.kFold(dataset.size, 5, { shuffle: true })) {
 *   const model = classical.nearestNeighbours().fit(dataset.subset(train).points, dataset.subset(train).labels);
 * }
 */
export function kFold(n: number, k: number, options: FoldOptions = {}): Fold[] {
  checkOptions("kFold", options, ["shuffle", "seed"]);
  const count = checkSize("kFold", n);
  checkFolds("kFold", k, count);
  const order = arrange("kFold", count, options);
  const parts: number[][] = [];
  let start = 0;
  for (let fold = 0; fold < k; fold++) {
    const size = Math.floor(count / k) + (fold < count % k ? 1 : 0);
    parts.push(Array.from(order.subarray(start, start + size)));
    start += size;
  }
  return foldsOf(parts);
}

/**
 * k-fold cross-validation in which every part has each class in the proportion of the whole, as far as whole numbers go:
 * `labels` are the class numbers `[N]`.
 *
 * @example
 * classical.stratifiedKFold(dataset.labels, 5)
 */
export function stratifiedKFold(labels: Tensor, k: number, options: FoldOptions = {}): Fold[] {
  checkOptions("stratifiedKFold", options, ["shuffle", "seed"]);
  const classes = readLabels("stratifiedKFold", labels);
  checkFolds("stratifiedKFold", k, classes.length);
  const order = arrange("stratifiedKFold", classes.length, options);
  const parts = Array.from({ length: k }, () => [] as number[]);
  // Deal class after class, going on where the last one ended: sizes differ by at most 1 per class and overall.
  let next = 0;
  for (const label of [...new Set(classes)].sort((a, b) => a - b))
    for (const i of order) if (classes[i] === label) parts[next++ % k]!.push(i);
  return foldsOf(parts);
}

/** Places of samples in three sets that share none. */
export interface ThreeSets {
  /** The samples to train on, by number. */
  readonly train: Int32Array;
  /** The samples to choose settings by. */
  readonly validation: Int32Array;
  /** The samples to look at once, at the end. */
  readonly test: Int32Array;
}

/** Options of `holdOut`. */
export interface HoldOutOptions {
  /** The share of the validation set, 0.2 unless told. */
  readonly validation?: number;
  /** The share of the test set, 0.2 unless told. */
  readonly test?: number;
  /** Another seed, another split: 0 unless told. */
  readonly seed?: number;
}

/**
 * The places 0 … n − 1, shuffled, in three sets: train for the parameters, validation for the choices, test for the final
 * number. Lecture step 003.26.
 *
 * @example
 * const { train, validation, test } = classical.holdOut(dataset.size);
 * const trainingSet = dataset.subset(train);
 */
export function holdOut(n: number, options: HoldOutOptions = {}): ThreeSets {
  checkOptions("holdOut", options, ["validation", "test", "seed"]);
  const count = checkSize("holdOut", n);
  const { validation = 0.2, test = 0.2, seed = 0 } = options;
  for (const [name, share] of Object.entries({ validation, test }))
    if (typeof share !== "number" || !(share >= 0 && share < 1))
      throw new ArgumentError(
        `holdOut: ${name} is a share between 0 and 1 (0.2 for 20 %); got ${describeValue(share)}`,
      );
  const forTest = Math.round(count * test);
  const forValidation = Math.round(count * validation);
  const forTraining = count - forTest - forValidation;
  if (forTraining < 1)
    throw new ArgumentError(
      `holdOut: ${validation} for validation and ${test} for test of ${count} samples leave none to train on`,
    );
  const order = arrange("holdOut", count, { shuffle: true, seed });
  return {
    train: order.slice(0, forTraining),
    validation: order.slice(forTraining, forTraining + forValidation),
    test: order.slice(forTraining + forValidation),
  };
}

/** Places drawn with replacement, and those never drawn. */
export interface BootstrapSample {
  /** n places, some more than once. */
  readonly drawn: Int32Array;
  /** The others, about 37 %, in order: to test on. */
  readonly leftOut: Int32Array;
}

/**
 * A bootstrap sample: n draws from the places 0 … n − 1, with replacement. Lecture step 003.29; Efron 1979.
 *
 * @example
 * const { drawn, leftOut } = classical.bootstrapSample(dataset.size, { seed: 1 });
 */
export function bootstrapSample(n: number, options: { readonly seed?: number } = {}): BootstrapSample {
  checkOptions("bootstrapSample", options, ["seed"]);
  const count = checkSize("bootstrapSample", n);
  const { seed = 0 } = options;
  checkSeed("bootstrapSample", seed);
  const generator = new Generator(seed);
  const drawn = Int32Array.from({ length: count }, () => generator.integer(count));
  const seen = new Set(drawn);
  const leftOut = Int32Array.from({ length: count }, (_, i) => i).filter((i) => !seen.has(i));
  return { drawn, leftOut };
}

/** A number computed from samples. */
export type Statistic = (values: readonly number[]) => number;

/** Options of `bootstrap`. */
export interface BootstrapOptions {
  /** What is computed from the values: their mean unless told. */
  readonly statistic?: Statistic;
  /** How often to draw anew, 1000 unless told. */
  readonly samples?: number;
  /** How much of the draws the interval holds, 0.95 unless told. */
  readonly confidence?: number;
  /** Another seed, other draws: 0 unless told. */
  readonly seed?: number;
}

/** A statistic with an interval. See {@link bootstrap}. */
export class BootstrapResult {
  /** The statistic of the values themselves. */
  readonly estimate: number;
  /** The interval's lower end. */
  readonly low: number;
  /** The interval's upper end. */
  readonly high: number;
  /** How much of the draws the interval holds. */
  readonly confidence: number;
  /** The standard deviation of the draws. */
  readonly standardError: number;
  /** The statistic of every draw, in ascending order: for a histogram. */
  readonly draws: readonly number[];

  /** @internal Use `classical.bootstrap(values)`. */
  constructor(estimate: number, draws: readonly number[], confidence: number) {
    this.estimate = estimate;
    this.draws = [...draws].sort((a, b) => a - b);
    this.confidence = confidence;
    this.low = quantile(this.draws, (1 - confidence) / 2);
    this.high = quantile(this.draws, (1 + confidence) / 2);
    this.standardError = deviation(draws);
  }

  /** `Bootstrap: 0.91, 95 % interval 0.87 to 0.95 (1,000 draws)`. */
  toString(): string {
    return `Bootstrap: ${short(this.estimate)}, ${short(100 * this.confidence)} % interval ${short(this.low)} to ${short(this.high)} (${this.draws.length.toLocaleString("en-US")} draws)`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/**
 * How far a statistic could have been by chance: draws as many values with replacement, computes it again, a thousand
 * times, and takes the middle 95 % (the percentile interval). Lecture steps 003.10 and 003.29; Efron 1979.
 *
 * @example
 * const right = model(images).argmax(1).equal(labels);
 * classical.bootstrap(right)   // Bootstrap: 0.91, 95 % interval 0.87 to 0.95 (1,000 draws)
 */
export function bootstrap(
  values: Tensor | ArrayLike<number>,
  options: BootstrapOptions = {},
): BootstrapResult {
  checkOptions("bootstrap", options, ["statistic", "samples", "confidence", "seed"]);
  const { statistic = mean, confidence = 0.95, seed = 0 } = options;
  const given = readValues("bootstrap", values);
  const samples = requireCount("bootstrap", "samples", options.samples ?? 1000);
  if (!(typeof confidence === "number" && confidence > 0 && confidence < 1))
    throw new ArgumentError(
      `bootstrap: confidence is a share between 0 and 1, such as 0.95; got ${describeValue(confidence)}`,
    );
  checkSeed("bootstrap", seed);
  const estimate = apply("bootstrap", statistic, given);
  const generator = new Generator(seed);
  const draws = Array.from({ length: samples }, () =>
    apply(
      "bootstrap",
      statistic,
      given.map(() => given[generator.integer(given.length)]!),
    ),
  );
  return new BootstrapResult(estimate, draws, confidence);
}

/** A statistic, and what leaving out one value at a time says of it. */
export interface JackknifeResult {
  /** The statistic of all values. */
  readonly estimate: number;
  /** How much too large the estimate is on average: `(n − 1)(mean of the n statistics − estimate)`. */
  readonly bias: number;
  /** `√((n − 1)/n Σ (θᵢ − mean)²)` */
  readonly standardError: number;
}

/**
 * The jackknife: the statistic without the first value, without the second, …, and what their spread says of its bias and
 * its standard error. Lecture step 003.29; Quenouille 1949, Tukey 1958.
 *
 * @example
 * classical.jackknife([2, 4, 4, 7])   // estimate 4.25, standardError 1.03
 */
export function jackknife(
  values: Tensor | ArrayLike<number>,
  options: { readonly statistic?: Statistic } = {},
): JackknifeResult {
  checkOptions("jackknife", options, ["statistic"]);
  const { statistic = mean } = options;
  const given = readValues("jackknife", values);
  const n = given.length;
  if (n < 2) throw new ArgumentError("jackknife: it takes two values or more, to leave one out");
  const estimate = apply("jackknife", statistic, given);
  const without = given.map((_, left) =>
    apply(
      "jackknife",
      statistic,
      given.filter((_value, i) => i !== left),
    ),
  );
  const middle = mean(without);
  const spread = without.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return {
    estimate,
    bias: (n - 1) * (middle - estimate),
    standardError: Math.sqrt(((n - 1) / n) * spread),
  };
}

function checkSize(operation: string, n: unknown): number {
  if (typeof n === "number") return requireCount(operation, "n", n);
  throw new ArgumentError(
    `${operation}: n must be the number of samples, got ${describeValue(n)}; write dataset.size, or x.shape[0]`,
  );
}

function checkFolds(operation: string, k: unknown, n: number): void {
  if (typeof k === "number" && Number.isInteger(k) && k >= 2 && k <= n) return;
  throw new ArgumentError(
    `${operation}: k must be a whole number from 2 to the ${n} samples; got ${describeValue(k)}`,
  );
}

function arrange(operation: string, n: number, { shuffle = false, seed = 0 }: FoldOptions): Int32Array {
  checkSeed(operation, seed);
  return shuffle ? new Generator(seed).permutation(n) : Int32Array.from({ length: n }, (_, i) => i);
}

function foldsOf(parts: readonly (readonly number[])[]): Fold[] {
  return parts.map((part, fold) => ({
    train: Int32Array.from(parts.flatMap((other, i) => (i === fold ? [] : other))),
    validation: Int32Array.from(part),
  }));
}

function readValues(operation: string, values: Tensor | ArrayLike<number>): number[] {
  const given: unknown = values instanceof Tensor ? values.toTypedArray() : values;
  if (!Array.isArray(given) && !(ArrayBuffer.isView(given) && "length" in given))
    throw new ArgumentError(
      `${operation}: values must be a Tensor or an array of numbers; got ${describeValue(given)}`,
    );
  const list: unknown[] = Array.from(given as ArrayLike<unknown>);
  if (list.length === 0) throw new ArgumentError(`${operation}: there are no values`);
  return list.map((value, i) => {
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (typeof value === "boolean") return value ? 1 : 0;
    throw new ArgumentError(
      `${operation}: values must be finite numbers, but number ${i} is ${describeValue(value)}`,
    );
  });
}

function apply(operation: string, statistic: Statistic, values: readonly number[]): number {
  const result: unknown = statistic(values);
  if (typeof result === "number") return result;
  throw new ArgumentError(
    `${operation}: statistic must return a number, it returned ${describeValue(result)}${result === undefined ? "; was a return forgotten?" : ""}`,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

/** Between the two nearest of the sorted values, in a straight line. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}
