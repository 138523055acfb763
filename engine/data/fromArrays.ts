/** `data.fromArrays`: a dataset of one's own pictures or numbers, checked so that training does not fail later in silence. */

import { type TensorData, tensor } from "../creation.ts";
import { ArgumentError, DTypeError, describeValue, ShapeError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import { Tensor } from "../tensor.ts";
import { Dataset } from "./dataset.ts";

/** Options of `fromArrays`. */
export interface FromArraysOptions {
  /** Names of the classes; the numbers 0, 1, … up to the largest label unless told. */
  readonly classes?: readonly string[];
  /** What the data set calls itself: `my data` unless told. */
  readonly name?: string;
}

const operation = "data.fromArrays";

/**
 * A dataset of your own. `images` are `[N, C, H, W]`, `[N, H, W]` (grey, stored as `[N, 1, H, W]`) or rows of numbers
 * `[N, D]`; best scaled to about [0, 1]. `labels` are N whole numbers, each the place of a class in `classes`.
 * Throws where lengths differ, rows are ragged, numbers are not finite or labels are no classes.
 *
 * @example
 * const points = data.fromArrays([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], { name: "XOR" });
 */
export function fromArrays(
  images: Tensor | TensorData,
  labels: Tensor | ArrayLike<number>,
  options: FromArraysOptions = {},
): Dataset {
  checkOptions(operation, options, ["classes", "name"]);
  const { name = "my data" } = options;
  const samples = readImages(images);
  const numbers = readLabels(labels, samples.shape[0]!);
  const classes = readClasses(options.classes, numbers);
  return new Dataset({
    name,
    images: samples,
    labels: tensor(Int32Array.from(numbers)).keep(),
    classes,
  });
}

function readImages(given: unknown): Tensor {
  const images = given instanceof Tensor ? given : makeTensor(given);
  if (images.dtype !== "float32" && images.dtype !== "float64")
    throw new DTypeError(
      `${operation}: images must be float numbers, got ${images.dtype}; convert with .to("float32")`,
    );
  if (images.ndim < 2 || images.ndim > 4)
    throw new ShapeError(
      `${operation}: images must be [N, C, H, W], [N, H, W] or [N, D], got ${describeShape(images.shape)}; add what is missing with reshape`,
    );
  if (images.size === 0)
    throw new ShapeError(
      `${operation}: images are empty: ${describeShape(images.shape)}; give one image or more`,
    );
  const values = images.storage.values();
  const bad = values.findIndex((value: number) => !Number.isFinite(value));
  if (bad !== -1) {
    const sample = Math.floor(bad / (images.size / images.shape[0]!));
    throw new ArgumentError(
      `${operation}: images must be finite numbers, got ${values[bad]} in sample ${sample}; look for a division by zero or missing values`,
    );
  }
  const own = images.detach();
  if (own.ndim !== 3) return own;
  const [n, height, width] = own.shape;
  return own.reshape([n!, 1, height!, width!]).keep();
}

function makeTensor(images: unknown): Tensor {
  if (Array.isArray(images) && images.length > 0 && images.every((image) => image instanceof Tensor))
    throw new ArgumentError(`${operation}: images are an array of tensors; join them with stack([…])`);
  if (!Array.isArray(images))
    throw new ArgumentError(
      `${operation}: images must be a tensor or nested arrays of numbers; got ${describeValue(images)}` +
        (ArrayBuffer.isView(images)
          ? ", which has no shape; use tensor(values, { shape: [N, C, H, W] })"
          : ""),
    );
  try {
    return tensor(images);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const kind = error instanceof ShapeError ? ShapeError : ArgumentError;
    throw new kind(`${operation}: images: ${error.message.replace(/^tensor: /, "")}`, { cause: error });
  }
}

function readLabels(given: unknown, samples: number): number[] {
  const list = given instanceof Tensor ? given.toTypedArray() : given;
  if (!Array.isArray(list) && !(ArrayBuffer.isView(list) && "length" in list))
    throw new ArgumentError(
      `${operation}: labels must be an array of whole numbers; got ${describeValue(given)}`,
    );
  if (given instanceof Tensor && given.ndim !== 1)
    throw new ShapeError(
      `${operation}: labels must be [N], one class number per sample, got ${describeShape(given.shape)}` +
        (given.ndim === 2 ? "; one-hot rows become class numbers with .argmax(1)" : ""),
    );
  const labels: unknown[] = Array.from(list as ArrayLike<unknown>);
  if (labels.length !== samples)
    throw new ShapeError(
      `${operation}: there are ${samples} images but ${labels.length} labels; each image needs one label`,
    );
  return labels.map((label, i) => {
    if (typeof label === "number" && Number.isInteger(label) && label >= 0) return label;
    throw new ArgumentError(
      `${operation}: labels must be whole numbers from 0 on, got ${describeValue(label)} at ${i}${labelRemedy(label)}`,
    );
  });
}

function labelRemedy(label: unknown): string {
  if (typeof label === "string")
    return "; give the names as classes and let each label be a place among them: labels.map((name) => classes.indexOf(name))";
  if (Array.isArray(label)) return "; a one-hot row becomes a class number with row.indexOf(1)";
  if (label === -1) return "; was a name not found by indexOf?";
  return "";
}

function readClasses(given: readonly string[] | undefined, labels: readonly number[]): readonly string[] {
  let largest = 0;
  for (const label of labels) if (label > largest) largest = label;
  if (given === undefined) {
    if (largest >= labels.length && largest >= 1000)
      throw new ArgumentError(
        `${operation}: the largest label is ${largest}, so there would be ${largest + 1} classes; number the classes from 0 on without gaps, or give their names as classes`,
      );
    return Array.from({ length: largest + 1 }, (_, label) => String(label));
  }
  const unknownClasses: unknown = given;
  if (!Array.isArray(unknownClasses) || !unknownClasses.every((name) => typeof name === "string"))
    throw new ArgumentError(
      `${operation}: classes are the names of the classes, an array of strings; got ${describeValue(given)}`,
    );
  if (largest >= given.length)
    throw new ArgumentError(
      `${operation}: label ${largest} at ${labels.indexOf(largest)} is no class: there are ${given.length} names, so labels go from 0 to ${given.length - 1}`,
    );
  return [...given];
}
