// What every metric reads: tensors or plain arrays, as numbers or as classes.

import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { describeInput } from "../nn/requireTensor.ts";
import { describeShape } from "../shapes.ts";
import { Tensor } from "../tensor.ts";

/** Predictions and targets of a metric: a Tensor or a plain array of numbers. */
export type Values = Tensor | ArrayLike<number>;

/** A metric as `fit` and `evaluate` take it: the mean over the samples of a batch. */
export type Metric = (prediction: Tensor, target: Tensor) => number;

export interface Table {
  readonly values: ArrayLike<number>;
  readonly shape: readonly number[];
}

export function read(operation: string, role: string, input: Values): Table {
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
export function readClasses(operation: string, role: string, input: Values): ArrayLike<number> {
  const { values, shape } = read(operation, role, input);
  if (shape.length === 2 && shape[1]! > 1) {
    requireNumbers(operation, role, values);
    return Array.from({ length: shape[0]! }, (_, row) => best(values, row, shape[1]!));
  }
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

/** Refuses NaN: it loses every comparison, and so would count as a class or an answer in silence. */
export function requireNumbers(operation: string, role: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) continue;
    throw new ArgumentError(
      `${operation}: number ${i} of the ${role} is NaN; look for NaN in the inputs, or a learning rate that is too high`,
    );
  }
}

export function requirePairs(operation: string, predictions: number, targets: number): void {
  if (predictions !== targets) {
    throw new ShapeError(
      `${operation}: ${predictions} predictions for ${targets} labels; each sample needs one of each`,
    );
  }
  if (predictions === 0)
    throw new ShapeError(`${operation}: there are no samples; give predictions and labels of one or more`);
}
