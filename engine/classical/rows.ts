// Tensors as rows of float64 numbers and back, with the checks that all classical methods share. The methods compute in
// float64 whatever the tensors hold: they solve systems of equations, where float32 loses too much.

import type { Backend, DType } from "../backend/backend.ts";
import { makeEmpty } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { backendOf } from "../inplace.ts";
import { requireTensor } from "../nn/requireTensor.ts";
import { describeShape, type Shape, sameShape, sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

/** Where results belong: the backend of the data they come from, in its float type. */
export interface Place {
  readonly dtype: DType;
  readonly backend: Backend;
}

/** Samples, one row each. */
export interface Rows extends Place {
  /** `count · width` numbers, row by row. */
  readonly values: Float64Array;
  readonly count: number;
  readonly width: number;
  /** The shape of one sample: `[]` for single numbers, `[C, H, W]` for images. */
  readonly sampleShape: Shape;
}

/**
 * Samples `[N, D]`; `[N]` are N samples of one number, images `[N, C, H, W]` rows of C·H·W. Refuses what is empty, NaN or
 * infinite.
 */
export function readRows(operation: string, role: string, x: Tensor): Rows {
  const checked: Tensor = requireTensor(operation, role, x);
  if (checked.ndim === 0)
    throw new ShapeError(
      `${operation}: ${role} must be samples [N, D], got a single number; for one sample of one number write x.reshape([1, 1])`,
    );
  if (checked.size === 0)
    throw new ShapeError(
      `${operation}: ${role} has no numbers: ${describeShape(checked.shape)}; give one sample or more`,
    );
  const values = Float64Array.from(checked.toTypedArray());
  const count = checked.shape[0]!;
  const width = values.length / count;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new ArgumentError(
      `${operation}: ${role} must be finite numbers, but sample ${Math.floor(bad / width)} has ${values[bad]}${width === 1 ? "" : ` at ${bad % width}`}; look for a division by zero or missing values`,
    );
  return { values, count, width, sampleShape: checked.shape.slice(1), ...placeOf(checked) };
}

/** Samples for a model that was fit on samples of `sampleShape`. */
export function readLike(operation: string, x: Tensor, sampleShape: Shape): Rows {
  const rows = readRows(operation, "x", x);
  const width = sizeOf(sampleShape);
  if (rows.width === width) return rows;
  const single = x.ndim === sampleShape.length && sizeOf(x.shape) === width;
  const expected = `[${["N", ...sampleShape].join(", ")}]`;
  throw new ShapeError(
    `${operation}: x must be ${expected} like the samples of fit, got ${describeShape(x.shape)}${single ? "; for one sample write x.unsqueeze(0)" : ""}`,
  );
}

export function placeOf(x: Tensor): Place {
  return { dtype: x.dtype === "float64" ? "float64" : "float32", backend: backendOf(x) };
}

/** One number per sample: `[N]`, or `[N, 1]`. */
export function readTargets(operation: string, y: Tensor, count: number): Float64Array {
  const checked: Tensor = requireTensor(operation, "y", y);
  const fits = sameShape(checked.shape, [count]) || sameShape(checked.shape, [count, 1]);
  if (!fits)
    throw new ShapeError(
      `${operation}: y must be one number for each of the ${count} samples, [${count}], got ${describeShape(checked.shape)}${checked.ndim === 2 && checked.shape[0] === count ? "; fit one model per column: y.select(1, 0)" : ""}`,
    );
  const values = Float64Array.from(checked.toTypedArray());
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new ArgumentError(`${operation}: y must be finite numbers, but number ${bad} is ${values[bad]}`);
  return values;
}

/** One class number (0, 1, 2, …) per sample, `[N]`; `least` may allow −1. */
export function readLabels(operation: string, labels: Tensor, count?: number, least: number = 0): Int32Array {
  const checked: Tensor = requireTensor(operation, "labels", labels);
  if (checked.ndim !== 1 || (count !== undefined && checked.size !== count))
    throw new ShapeError(
      `${operation}: labels must be one class number per sample, [${count ?? "N"}], got ${describeShape(checked.shape)}${checked.ndim === 2 && checked.shape[1]! > 1 ? "; one-hot rows become class numbers with .argmax(1)" : ""}`,
    );
  if (checked.size === 0) throw new ShapeError(`${operation}: there are no labels`);
  const values = checked.toTypedArray();
  const bad = values.findIndex((value) => !(Number.isInteger(value) && value >= least));
  if (bad >= 0)
    throw new ArgumentError(
      `${operation}: labels are class numbers (0, 1, 2, …), but number ${bad} is ${values[bad]}`,
    );
  return Int32Array.from(values);
}

/** Refuses labels that are all the same: there is nothing to tell apart. */
export function requireBothClasses(operation: string, labels: Int32Array): void {
  if (labels.some((label) => label !== labels[0])) return;
  throw new ArgumentError(
    `${operation}: all ${labels.length} labels are ${labels[0]}; it takes samples of both classes to tell them apart`,
  );
}

/** A tensor of results at `place`. */
export function makeTensor(
  operation: string,
  values: ArrayLike<number>,
  shape: Shape,
  { dtype, backend }: Place,
): Tensor {
  const made = makeEmpty(operation, shape, dtype, backend);
  made.storage.values().set(values);
  return made;
}

/** A tensor of class numbers or places, int32. */
export function makeWhole(operation: string, values: ArrayLike<number>, shape: Shape, place: Place): Tensor {
  return makeTensor(operation, values, shape, { ...place, dtype: "int32" });
}

/** What `fit` found; an error before `fit`. */
export function requireFit<T>(operation: string, found: T | null): T {
  if (found !== null) return found;
  throw new ArgumentError(`${operation}: there is nothing fitted yet; call fit(…) first`);
}

/** A finite number that is at least (or, with `above`, more than) `least`. */
export function requireNumber(
  operation: string,
  option: string,
  value: unknown,
  least: number,
  above: boolean = false,
): number {
  if (typeof value === "number" && Number.isFinite(value) && (above ? value > least : value >= least))
    return value;
  throw new ArgumentError(
    `${operation}: ${option} must be a number ${above ? `above ${least}` : `from ${least} on`}; got ${describeValue(value)}`,
  );
}

/** `w · row + b` for every row. */
export function affine(rows: Rows, weight: Float64Array, bias: number): Float64Array {
  const { values, count, width } = rows;
  const results = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let sum = bias;
    for (let j = 0; j < width; j++) sum += weight[j]! * values[i * width + j]!;
    results[i] = sum;
  }
  return results;
}

/** Number j of sample i, with a constant 1 as the last: what the bias is multiplied with. */
export function entry({ values, width }: Rows, i: number, j: number): number {
  return j === width ? 1 : values[i * width + j]!;
}

/** The mean of every column. */
export function columnMeans({ values, count, width }: Rows): Float64Array {
  const means = new Float64Array(width);
  for (let i = 0; i < count; i++) for (let j = 0; j < width; j++) means[j]! += values[i * width + j]! / count;
  return means;
}

/** A number for a printed line: up to 4 significant digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** `1 sample`, `1,000 samples`. */
export function plural(n: number, one: string, many: string = `${one}s`): string {
  return `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`;
}
