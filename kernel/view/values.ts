/** What `show.*` accepts as numbers: tensors, typed arrays, nested arrays. Reads them into plain arrays with a shape. */
import { ArgumentError, describeValue, ShapeError } from "../../engine/errors.ts";
import { formatShape } from "./wording.ts";

/** The part of a tensor that pictures need. */
export interface TensorLike {
  /** Sizes of the dimensions. */
  readonly shape: readonly number[];
  /** The values in row-major order. */
  toTypedArray(): ArrayLike<number>;
}

/** Numbers nested as deep as there are dimensions. */
export type NestedNumbers = readonly number[] | readonly NestedNumbers[];

/** Numbers with or without a shape: a tensor, a typed array, nested arrays. */
export type NumberSource = TensorLike | ArrayLike<number> | NestedNumbers;

export interface Numbers {
  shape: number[];
  values: ArrayLike<number>;
}

export function isTensorLike(value: unknown): value is TensorLike {
  if (typeof value !== "object" || value === null) return false;
  return "toTypedArray" in value && typeof value.toTypedArray === "function" && "shape" in value;
}

/** A typed array. */
function isNumberList(value: unknown): value is ArrayLike<number> {
  return ArrayBuffer.isView(value) && "length" in value;
}

/** Reads numbers with their shape; `what` names the argument in errors. */
export function numbersOf(source: NumberSource, what: string): Numbers {
  if (isTensorLike(source)) return { shape: [...source.shape], values: source.toTypedArray() };
  if (isNumberList(source)) return { shape: [source.length], values: Array.from(source) };
  if (!Array.isArray(source))
    throw new ArgumentError(
      `${what}: expected a tensor or an array of numbers, got ${describeValue(source)}`,
    );
  const shape: number[] = [];
  const values: number[] = [];
  collect(source, 0, shape, values, what);
  return { shape, values };
}

function collect(
  source: readonly unknown[],
  depth: number,
  shape: number[],
  values: number[],
  what: string,
): void {
  shape[depth] ??= source.length;
  if (shape[depth] !== source.length) {
    throw new ShapeError(`${what}: rows must have equal lengths, got ${shape[depth]} and ${source.length}`);
  }
  for (const item of source) {
    if (Array.isArray(item)) collect(item, depth + 1, shape, values, what);
    else if (isNumberList(item)) collect(Array.from(item), depth + 1, shape, values, what);
    else if (typeof item === "number") values.push(item);
    else throw new ArgumentError(`${what}: expected numbers, got ${describeValue(item)}`);
  }
}

/** A one-dimensional list of numbers. */
export function listOf(source: NumberSource, what: string): number[] {
  const { shape, values } = numbersOf(source, what);
  const long = shape.filter((length) => length !== 1);
  if (long.length > 1)
    throw new ShapeError(`${what}: expected one dimension, got shape ${formatShape(shape)}`);
  return Array.from(values);
}

/** Class numbers: whole and not negative. Scores `[N, C]` become the number of the largest. */
export function classNumbers(source: NumberSource, what: string): number[] {
  const { shape, values } = numbersOf(source, what);
  const broken = Array.prototype.findIndex.call(values, Number.isNaN);
  if (broken !== -1)
    throw new ArgumentError(
      `${what}: number ${broken} is NaN; look for NaN in the inputs, or a learning rate that is too high`,
    );
  if (shape.length === 2 && shape[1]! > 1) return largestPerRow(values, shape[0]!, shape[1]!);
  const numbers = listOf(source, what);
  const odd = numbers.find((value) => !Number.isInteger(value) || value < 0);
  if (odd !== undefined) {
    throw new ShapeError(
      `${what}: expected class numbers 0, 1, 2 … or scores of shape [N, classes], got ${odd}`,
    );
  }
  return numbers;
}

export function largestPerRow(values: ArrayLike<number>, rows: number, columns: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let i = 1; i < columns; i++)
      if (values[row * columns + i]! > values[row * columns + best]!) best = i;
    return best;
  });
}

export function softmax(scores: ArrayLike<number>): number[] {
  const list = Array.from(scores);
  const top = Math.max(...list);
  const powers = list.map((score) => Math.exp(score - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
