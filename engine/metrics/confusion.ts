// Which class was taken for which.

import { ArgumentError } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { checkOptions } from "../options.ts";
import { Tensor } from "../tensor.ts";
import { readClasses, requirePairs, type Values } from "./values.ts";

/** Options of `confusionMatrix`. */
export interface ConfusionOptions {
  /** The classes' names, or how many there are (default: as many as scores or labels show). */
  readonly classes?: readonly string[] | number;
}

/** What a confusion matrix says of one class. A share of nothing (a class never seen or never predicted) is NaN. */
export interface ClassReport {
  /** The class. */
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
  /** The classes' names, in the order of rows and columns. */
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
 * Counts which class was taken for which. Arguments as for `accuracy`. Throws as `accuracy`, and an ArgumentError
 * when more classes occur than there are.
 *
 * @example
 * const confusion = metrics.confusionMatrix(model(images), labels, { classes: dataset.classes })
 * confusion.worst(3)   // the most frequent mistakes
 */
export function confusionMatrix(
  predictions: Values,
  labels: Values,
  options: ConfusionOptions = {},
): ConfusionMatrix {
  checkOptions("confusionMatrix", options, ["classes"]);
  const { classes } = options;
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
