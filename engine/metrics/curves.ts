// How good scores are beyond right and wrong: at every threshold (ROC), and as probabilities (calibration).

import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { formatNumber } from "../wording.ts";
import { read, readClasses, requireNumbers, requirePairs, type Values } from "./values.ts";

/** Hits and false alarms at every threshold. See {@link roc}. */
export class RocCurve {
  /** Of the negatives, the share taken for positive; from 0 to 1. */
  readonly falsePositiveRate: readonly number[];
  /** Of the positives, the share recognised; from 0 to 1. */
  readonly truePositiveRate: readonly number[];
  /** Scores from this on count as positive; Infinity at the start, where nothing does. */
  readonly thresholds: readonly number[];

  constructor(
    falsePositiveRate: readonly number[],
    truePositiveRate: readonly number[],
    thresholds: readonly number[],
  ) {
    this.falsePositiveRate = falsePositiveRate;
    this.truePositiveRate = truePositiveRate;
    this.thresholds = thresholds;
  }

  /**
   * The area under the curve: the probability that a positive scores higher than a negative, ties counting half. 1 is
   * perfect, ½ is chance.
   */
  get auc(): number {
    let area = 0;
    for (let i = 1; i < this.thresholds.length; i++) {
      const width = this.falsePositiveRate[i]! - this.falsePositiveRate[i - 1]!;
      area += (width * (this.truePositiveRate[i]! + this.truePositiveRate[i - 1]!)) / 2;
    }
    return area;
  }

  /** `RocCurve: area 0.931, 41 thresholds`. */
  toString(): string {
    return `RocCurve: area ${formatNumber(this.auc)}, ${this.thresholds.length - 1} thresholds`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/**
 * The receiver operating characteristic of scores for a yes-or-no question: hits against false alarms as the threshold falls
 * from above the highest score to the lowest. `labels` are 1 (yes) and 0 (no), both must occur; equal scores are one
 * step. Throws an ArgumentError for labels other than 0 and 1 or all alike, and for NaN.
 *
 * @example
 * const { falsePositiveRate, truePositiveRate, auc } = metrics.roc(model(x).squeeze(1), y)
 */
export function roc(scores: Values, labels: Values): RocCurve {
  const given = read("roc", "scores", scores).values;
  const actual = read("roc", "labels", labels).values;
  requirePairs("roc", given.length, actual.length);
  for (let i = 0; i < actual.length; i++) {
    if (actual[i] !== 0 && actual[i] !== 1) {
      throw new ArgumentError(
        `roc: labels must be 0 and 1, but number ${i} is ${actual[i]}; for class k of several take its scores and labels.equal(k)`,
      );
    }
  }
  requireNumbers("roc", "scores", given);
  const order = Array.from({ length: given.length }, (_, i) => i).sort((a, b) => given[b]! - given[a]!);
  const positives = Array.from(actual).filter((label) => label === 1).length;
  const negatives = actual.length - positives;
  if (positives === 0 || negatives === 0) {
    throw new ArgumentError(
      `roc: there must be samples of both kinds, got ${positives} with label 1 and ${negatives} with label 0`,
    );
  }
  const [alarms, hits, thresholds] = [[0], [0], [Number.POSITIVE_INFINITY]];
  let [hit, alarm] = [0, 0];
  order.forEach((sample, rank) => {
    if (actual[sample] === 1) hit++;
    else alarm++;
    const next = order[rank + 1];
    if (next !== undefined && given[next] === given[sample]) return;
    alarms.push(alarm / negatives);
    hits.push(hit / positives);
    thresholds.push(given[sample]!);
  });
  return new RocCurve(alarms, hits, thresholds);
}

/**
 * The area under the ROC curve. See {@link roc}. Throws an ArgumentError for labels other than 0 and 1 or all alike,
 * and for NaN.
 */
export function auc(scores: Values, labels: Values): number {
  return roc(scores, labels).auc;
}

/** The predictions whose confidence lies between `from` and `to`. */
export interface ConfidenceBin {
  /** The bin's lower end, exclusive. */
  readonly from: number;
  /** The bin's upper end, inclusive. */
  readonly to: number;
  /** How many predictions are in it. */
  readonly count: number;
  /** The mean probability of the class that was named; NaN in an empty bin. */
  readonly confidence: number;
  /** The share of them that is right; NaN in an empty bin. */
  readonly accuracy: number;
}

/** Whether a model is right as often as it says. See {@link calibration}. */
export class Calibration {
  /** From low to high confidence, all of one width. */
  readonly bins: readonly ConfidenceBin[];

  constructor(bins: readonly ConfidenceBin[]) {
    this.bins = bins;
  }

  /** Expected calibration error: the mean distance of confidence and accuracy over the samples, 0 to 1. Guo et al. 2017. */
  get error(): number {
    const total = this.bins.reduce((sum, { count }) => sum + count, 0);
    return this.bins.reduce(
      (sum, { count, confidence, accuracy }) =>
        count === 0 ? sum : sum + (count / total) * Math.abs(confidence - accuracy),
      0,
    );
  }

  /** `Calibration: error 4.1 %, 10 bins`, and a line for each bin that is not empty. */
  toString(): string {
    const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
    return [
      `Calibration: error ${percent(this.error)}, ${this.bins.length} bins`,
      ...this.bins
        .filter(({ count }) => count > 0)
        .map(
          ({ count, confidence, accuracy }) =>
            `says ${percent(confidence)}, right ${percent(accuracy)} (${count})`,
        ),
    ].join("\n");
  }

  [inspect](): string {
    return this.toString();
  }
}

/**
 * Sorts predictions by how sure they are and compares with how often they are right. `probabilities` are `[N, C]` after a
 * softmax, `labels` class numbers. Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017. Throws an ArgumentError for
 * probabilities that do not sum to 1.
 *
 * @example
 * metrics.calibration(model(images).softmax(1), labels).error
 */
export function calibration(
  probabilities: Tensor,
  labels: Values,
  options: { readonly bins?: number } = {},
): Calibration {
  checkOptions("calibration", options, ["bins"]);
  const { bins = 10 } = options;
  const { values, shape } = read("calibration", "probabilities", probabilities);
  if (shape.length !== 2)
    throw new ShapeError(`calibration: probabilities must be [N, C], got ${describeShape(shape)}`);
  if (!(Number.isInteger(bins) && bins >= 1))
    throw new ArgumentError(`calibration: bins must be a whole number ≥ 1, got ${describeValue(bins)}`);
  const [samples = 0, classes = 0] = shape;
  const actual = readClasses("calibration", "labels", labels);
  requirePairs("calibration", samples, actual.length);
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (let row = 0; row < samples; row++) {
    let winner = 0;
    let total = 0;
    for (let k = 0; k < classes; k++) {
      const value = values[row * classes + k]!;
      total += value;
      if (value > values[row * classes + winner]!) winner = k;
    }
    const confidence = values[row * classes + winner]!;
    if (!(Math.abs(total - 1) < 1e-3)) {
      throw new ArgumentError(
        `calibration: the probabilities of sample ${row} sum to ${Number(total.toPrecision(6))}; take scores.softmax(1)`,
      );
    }
    // A bin has its upper end and not its lower one, as in the paper.
    const bin = sums[Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1))]!;
    bin.count++;
    bin.confidence += confidence;
    if (winner === actual[row]) bin.right++;
  }
  return new Calibration(
    sums.map(({ count, confidence, right }, i) => ({
      from: i / bins,
      to: (i + 1) / bins,
      count,
      confidence: confidence / count,
      accuracy: right / count,
    })),
  );
}
