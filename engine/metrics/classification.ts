// How well classes are told apart, as plain numbers.

import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { type ConfusionMatrix, confusionMatrix } from "./confusion.ts";
import { read, readClasses, requireNumbers, requirePairs, type Values } from "./values.ts";

/**
 * The share of samples whose class is right, 0 to 1. `predictions` are logits or probabilities `[N, C]`, or class numbers
 * `[N]`; `labels` are class numbers `[N]` or one-hot rows `[N, C]`. Plain arrays of class numbers are fine. Throws a
 * ShapeError when there is not one prediction for each label, an ArgumentError for what are no classes and for NaN.
 *
 * @example
 * metrics.accuracy(model(images), labels)   // 0.97
 */
export function accuracy(predictions: Values, labels: Values): number {
  return topMatches("accuracy", predictions, labels);
}

/**
 * The share of samples whose class is wrong: `Cerr = (1/T) Σ 1(ŷₜ ≠ yₜ) = 1 − accuracy`. Lecture step 003.9. Throws a
 * ShapeError when there is not one prediction for each label, an ArgumentError for what are no classes and for NaN.
 */
export function classificationError(predictions: Values, labels: Values): number {
  return 1 - topMatches("classificationError", predictions, labels);
}

function topMatches(operation: string, predictions: Values, labels: Values): number {
  const predicted = readClasses(operation, "predictions", predictions);
  const actual = readClasses(operation, "labels", labels);
  requirePairs(operation, predicted.length, actual.length);
  let right = 0;
  for (let i = 0; i < actual.length; i++) if (predicted[i] === actual[i]) right++;
  return right / actual.length;
}

/**
 * The share of samples whose class is among the `k` highest scores. ImageNet is judged by k = 5. Throws a ShapeError
 * unless the scores are `[N, C]`, an ArgumentError for k beyond the classes.
 *
 * @example
 * metrics.topK(logits, labels, 5)
 */
export function topK(scores: Tensor, labels: Values, k: number = 5): number {
  const { values, shape } = read("topK", "scores", scores);
  const actual = readClasses("topK", "labels", labels);
  if (shape.length !== 2) throw new ShapeError(`topK: scores must be [N, C], got ${describeShape(shape)}`);
  const [samples = 0, classes = 0] = shape;
  requirePairs("topK", samples, actual.length);
  if (!(Number.isInteger(k) && k >= 1 && k <= classes)) {
    throw new ArgumentError(
      `topK: k must be a whole number from 1 to the ${classes} classes, got ${describeValue(k)}`,
    );
  }
  requireNumbers("topK", "scores", values);
  let right = 0;
  for (let row = 0; row < samples; row++) {
    const label = actual[row]!;
    const score = values[row * classes + label]!;
    let better = 0;
    for (let j = 0; j < classes; j++) {
      const other = values[row * classes + j]!;
      if (other > score || (other === score && j < label)) better++;
    }
    if (label < classes && better < k) right++;
  }
  return right / samples;
}

/**
 * The share of yes-or-no answers that are right: a logit > 0 means yes, a target > ½ means yes. For
 * `nn.bceWithLogits`. Throws a ShapeError when there is not one answer for each target, an ArgumentError for NaN.
 *
 * @example
 * metrics.binaryAccuracy(tensor([2, -1, 3]), tensor([1, 0, 0]))   // 0.6667
 */
export function binaryAccuracy(logits: Values, targets: Values): number {
  const predicted = read("binaryAccuracy", "logits", logits).values;
  const actual = read("binaryAccuracy", "targets", targets).values;
  requirePairs("binaryAccuracy", predicted.length, actual.length);
  requireNumbers("binaryAccuracy", "logits", predicted);
  requireNumbers("binaryAccuracy", "targets", actual);
  let right = 0;
  for (let i = 0; i < actual.length; i++) if (predicted[i]! > 0 === actual[i]! > 0.5) right++;
  return right / actual.length;
}

/** Options of `f1`, `precision` and `recall`. */
export interface AverageOptions {
  /**
   * "macro" (the default): the mean over the classes that occur, each alike; "weighted": each by its number of samples;
   * "micro": over all samples, where precision, recall and F1 are one number, the accuracy.
   */
  readonly average?: "macro" | "micro" | "weighted";
}

function average(
  operation: string,
  predictions: Values,
  labels: Values,
  options: AverageOptions,
  share: (right: number, taken: number, count: number) => number,
): number {
  checkOptions(operation, options, ["average"]);
  const { average: kind = "macro" } = options;
  if (kind !== "macro" && kind !== "micro" && kind !== "weighted")
    throw new ArgumentError(
      `${operation}: average is "macro", "micro" or "weighted", got ${describeValue(kind)}`,
    );
  const { counts, total } = confusionMatrix(predictions, labels);
  if (kind === "micro") {
    const right = counts.reduce((sum, row, k) => sum + row[k]!, 0);
    return share(right, total, total);
  }
  const each = counts.flatMap((row, k) => {
    const count = row.reduce((sum, n) => sum + n, 0);
    const taken = counts.reduce((sum, other) => sum + other[k]!, 0);
    // A class that nobody is in and nobody was taken for says nothing.
    return count + taken === 0 ? [] : [{ value: share(row[k]!, taken, count), count }];
  });
  if (kind === "weighted") return each.reduce((sum, { value, count }) => sum + value * count, 0) / total;
  return each.reduce((sum, { value }) => sum + value, 0) / each.length;
}

/**
 * Of the samples taken for a class, the share that is of it, averaged over the classes; 0 for a class nobody was taken for.
 * Arguments as for `accuracy`. Throws as `accuracy`, and an ArgumentError for another average.
 *
 * @example
 * metrics.precision(model(images), labels)
 */
export function precision(predictions: Values, labels: Values, options: AverageOptions = {}): number {
  return average("precision", predictions, labels, options, (right, taken) => (taken ? right / taken : 0));
}

/**
 * Of the samples of a class, the share that was recognised, averaged over the classes; 0 for a class nobody is in.
 * Arguments as for `accuracy`. Throws as `accuracy`, and an ArgumentError for another average.
 *
 * @example
 * metrics.recall(model(images), labels)
 */
export function recall(predictions: Values, labels: Values, options: AverageOptions = {}): number {
  return average("recall", predictions, labels, options, (right, _taken, count) =>
    count ? right / count : 0,
  );
}

/**
 * The harmonic mean of precision and recall of each class, `2·right / (taken + count)`, averaged over the classes.
 * Arguments as for `accuracy`. Throws as `accuracy`, and an ArgumentError for another average.
 *
 * @example
 * metrics.f1(model(images), labels)
 */
export function f1(predictions: Values, labels: Values, options: AverageOptions = {}): number {
  return average("f1", predictions, labels, options, (right, taken, count) => (2 * right) / (taken + count));
}

/**
 * The share of each class's samples that was recognised: an accuracy that a large class cannot hide. NaN for a class without
 * samples. Arguments as for `confusionMatrix`, which reports more of each class. Throws a ShapeError when there is
 * not one prediction for each label, an ArgumentError for what are no classes and for NaN.
 *
 * @example
 * metrics.perClassAccuracy(model(images), labels)   // [0.99, 0.97, …]
 */
export function perClassAccuracy(predictions: Values, labels: Values): number[] {
  const confusion: ConfusionMatrix = confusionMatrix(predictions, labels);
  return confusion.perClass.map(({ recall: share }) => share);
}
