// The namespace `metrics`: how good predictions are, as plain numbers. No gradients.

import { ArgumentError, describeValue, ShapeError } from "./errors.ts";
import { inspect } from "./inspect.ts";
import { describeInput } from "./nn/requireTensor.ts";
import { describeShape } from "./shapes.ts";
import { Tensor } from "./tensor.ts";

/** Predictions and targets of a metric: a Tensor or a plain array of numbers. */
export type Values = Tensor | ArrayLike<number>;

/** A metric as `fit` and `evaluate` take it: the mean over the samples of a batch. */
export type Metric = (prediction: Tensor, target: Tensor) => number;

interface Table {
  readonly values: ArrayLike<number>;
  readonly shape: readonly number[];
}

function read(operation: string, role: string, input: Values): Table {
  if (input instanceof Tensor) return { values: input.toTypedArray(), shape: input.shape };
  const isList = Array.isArray(input) || ArrayBuffer.isView(input);
  if (!isList || (input.length > 0 && typeof input[0] !== "number")) {
    const nested = Array.isArray(input) && Array.isArray(input[0]);
    throw new ArgumentError(
      `${operation}: ${role} must be a Tensor or an array of numbers, got ${describeInput(input)}${nested ? "; make it one with tensor(…)" : ""}`,
    );
  }
  return { values: input, shape: [input.length] };
}

/** Class numbers `[N]` of class numbers, of scores `[N, C]` (the largest wins, the first of equals) or of one-hot rows. */
function readClasses(operation: string, role: string, input: Values): ArrayLike<number> {
  const { values, shape } = read(operation, role, input);
  if (shape.length === 2 && shape[1]! > 1)
    return Array.from({ length: shape[0]! }, (_, row) => best(values, row, shape[1]!));
  if (shape.length > 1 && shape[shape.length - 1] !== values.length) {
    const remedy =
      shape[1] === 1
        ? "; one score per sample is no class: compare it first, pred.greater(0).squeeze(1)"
        : "";
    throw new ShapeError(
      `${operation}: ${role} must be class numbers [N] or scores [N, C], got ${describeShape(shape)}${remedy}`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    if (!(Number.isInteger(values[i]) && values[i]! >= 0)) {
      throw new ArgumentError(
        `${operation}: ${role} must be class numbers (0, 1, 2, …) or scores [N, C], but number ${i} is ${describeValue(values[i])}`,
      );
    }
  }
  return values;
}

function best(values: ArrayLike<number>, row: number, classes: number): number {
  let winner = 0;
  for (let k = 1; k < classes; k++) {
    if (values[row * classes + k]! > values[row * classes + winner]!) winner = k;
  }
  return winner;
}

function requirePairs(operation: string, predictions: number, targets: number): void {
  if (predictions !== targets) {
    throw new ShapeError(
      `${operation}: ${predictions} predictions for ${targets} labels; each sample needs one of each`,
    );
  }
  if (predictions === 0) throw new ShapeError(`${operation}: there are no samples`);
}

/**
 * The share of samples whose class is right, 0 to 1. `predictions` are logits or probabilities `[N, C]`, or class numbers
 * `[N]`; `labels` are class numbers `[N]` or one-hot rows `[N, C]`. Plain arrays of class numbers are fine.
 *
 *     metrics.accuracy(model(images), labels)   // 0.97
 */
export function accuracy(predictions: Values, labels: Values): number {
  return topMatches("accuracy", predictions, labels);
}

/** The share of samples whose class is wrong: `Cerr = (1/T) Σ 1(ŷₜ ≠ yₜ) = 1 − accuracy`. Lecture step 003.9. */
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
 * The share of samples whose class is among the `k` highest scores. ImageNet is judged by k = 5.
 *
 *     metrics.topK(logits, labels, 5)
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
  let right = 0;
  for (let row = 0; row < samples; row++) {
    const label = actual[row]!;
    const score = values[row * classes + label]!;
    let better = 0;
    for (let j = 0; j < classes; j++) {
      const other = values[row * classes + j]!;
      if (other > score || (other === score && j < label)) better++;
    }
    if (label < classes && !Number.isNaN(score) && better < k) right++;
  }
  return right / samples;
}

/** The share of yes-or-no answers that are right: a logit > 0 means yes, a target > ½ means yes. For `nn.bceWithLogits`. */
export function binaryAccuracy(logits: Values, targets: Values): number {
  const predicted = read("binaryAccuracy", "logits", logits).values;
  const actual = read("binaryAccuracy", "targets", targets).values;
  requirePairs("binaryAccuracy", predicted.length, actual.length);
  let right = 0;
  for (let i = 0; i < actual.length; i++) if (predicted[i]! > 0 === actual[i]! > 0.5) right++;
  return right / actual.length;
}

/** Mean squared error `(1/n) Σ (ŷ − y)²` over all n elements, as a number; the loss is `nn.mse`. Lecture step 003.9. */
export function mse(predictions: Values, targets: Values): number {
  return meanOver("mse", predictions, targets, (difference) => difference * difference);
}

/** Mean absolute error `(1/n) Σ |ŷ − y|` over all n elements. Lecture step 003.9. */
export function mae(predictions: Values, targets: Values): number {
  return meanOver("mae", predictions, targets, Math.abs);
}

function meanOver(
  operation: string,
  predictions: Values,
  targets: Values,
  cost: (difference: number) => number,
): number {
  const predicted = read(operation, "predictions", predictions);
  const actual = read(operation, "targets", targets);
  if (predicted.shape.join() !== actual.shape.join()) {
    throw new ShapeError(
      `${operation}: predictions ${describeShape(predicted.shape)} and targets ${describeShape(actual.shape)} must have one shape`,
    );
  }
  requirePairs(operation, predicted.values.length, actual.values.length);
  let sum = 0;
  for (let i = 0; i < actual.values.length; i++) sum += cost(predicted.values[i]! - actual.values[i]!);
  return sum / actual.values.length;
}

export interface ConfusionOptions {
  /** The classes' names, or how many there are (default: as many as scores or labels show). */
  readonly classes?: readonly string[] | number;
}

/** What a confusion matrix says of one class. A share of nothing (a class never seen or never predicted) is NaN. */
export interface ClassReport {
  readonly name: string;
  /** How many samples are of this class. */
  readonly count: number;
  /** Of the samples of this class, the share that was recognised. */
  readonly recall: number;
  /** Of the samples taken for this class, the share that is. */
  readonly precision: number;
  /** The harmonic mean of recall and precision. */
  readonly f1: number;
}

/** Counts of samples by true class (row) and predicted class (column). See {@link confusionMatrix}. */
export class ConfusionMatrix {
  /** `counts[actual][predicted]` */
  readonly counts: readonly (readonly number[])[];
  readonly classes: readonly string[];

  constructor(counts: readonly (readonly number[])[], classes: readonly string[]) {
    this.counts = counts;
    this.classes = classes;
  }

  /** How many samples. */
  get total(): number {
    return this.counts.flat().reduce((sum, count) => sum + count, 0);
  }

  /** The diagonal's share: `trace / total`; the classification error is 1 − this. */
  get accuracy(): number {
    return this.counts.reduce((sum, row, k) => sum + row[k]!, 0) / this.total;
  }

  /** Recall, precision and f1 of every class. */
  get perClass(): ClassReport[] {
    return this.classes.map((name, k) => {
      const right = this.counts[k]![k]!;
      const count = this.counts[k]!.reduce((sum, value) => sum + value, 0);
      const taken = this.counts.reduce((sum, row) => sum + row[k]!, 0);
      return {
        name,
        count,
        recall: right / count,
        precision: right / taken,
        f1: (2 * right) / (count + taken),
      };
    });
  }

  /** The most frequent confusions, the worst first. */
  worst(n: number = 5): { actual: string; predicted: string; count: number }[] {
    return this.counts
      .flatMap((row, i) =>
        row.map((count, j) => ({
          actual: this.classes[i]!,
          predicted: this.classes[j]!,
          count,
          wrong: i !== j,
        })),
      )
      .filter(({ wrong, count }) => wrong && count > 0)
      .sort((a, b) => b.count - a.count)
      .slice(0, n)
      .map(({ actual, predicted, count }) => ({ actual, predicted, count }));
  }

  /** A table, true classes down, predicted ones across. */
  toString(): string {
    const right = this.counts.reduce((sum, row, k) => sum + row[k]!, 0);
    const percent = (100 * this.accuracy).toFixed(2);
    const label = Math.max(...this.classes.map((name) => name.length));
    const widths = this.classes.map((name, k) =>
      Math.max(name.length, ...this.counts.map((row) => String(row[k]).length)),
    );
    const line = (name: string, cells: readonly (string | number)[]): string =>
      `${name.padStart(label)} ${cells.map((cell, k) => String(cell).padStart(widths[k]!)).join(" ")}`;
    return [
      `ConfusionMatrix: ${right} of ${this.total} right (${percent} %); rows are true, columns predicted`,
      line("", this.classes),
      ...this.classes.map((name, k) => line(name, this.counts[k]!)),
    ].join("\n");
  }

  [inspect](): string {
    return this.toString();
  }
}

/**
 * Counts which class was taken for which. Arguments as for `accuracy`.
 *
 *     const confusion = metrics.confusionMatrix(model(images), labels, { classes: dataset.classes })
 *     confusion.worst(3)   // the most frequent mistakes
 */
export function confusionMatrix(
  predictions: Values,
  labels: Values,
  { classes }: ConfusionOptions = {},
): ConfusionMatrix {
  const predicted = readClasses("confusionMatrix", "predictions", predictions);
  const actual = readClasses("confusionMatrix", "labels", labels);
  requirePairs("confusionMatrix", predicted.length, actual.length);
  const scores = predictions instanceof Tensor && predictions.ndim === 2 ? predictions.shape[1]! : 0;
  const seen = Math.max(maximum(predicted), maximum(actual)) + 1;
  const names =
    classes === undefined || typeof classes === "number"
      ? Array.from({ length: classes ?? Math.max(scores, seen) }, (_, k) => String(k))
      : [...classes];
  if (seen > names.length) {
    throw new ArgumentError(
      `confusionMatrix: class ${seen - 1} occurs, but there are only ${names.length} classes (0 to ${names.length - 1})`,
    );
  }
  const counts = names.map(() => names.map(() => 0));
  for (let i = 0; i < actual.length; i++) counts[actual[i]!]![predicted[i]!]!++;
  return new ConfusionMatrix(counts, names);
}

function maximum(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]!);
  return largest;
}
