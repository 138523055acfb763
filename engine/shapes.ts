/** Arithmetic on shapes, and the words errors use for them. Knows no tensors. */
import { ArgumentError, describeValue, ShapeError } from "./errors.ts";

/** Sizes of the dimensions, such as `[N, C, H, W]`; `[]` for a single number. */
export type Shape = readonly number[];

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let d = 0; d < shape.length; d++) size *= shape[d]!;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

/** `[2, 3]`, or `[N=2, C=3]` with names. */
export function describeShape(shape: Shape, names?: readonly string[]): string {
  return `[${shape.map((size, d) => (names?.[d] === undefined ? size : `${names[d]}=${size}`)).join(", ")}]`;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape[d]!;
  }
  return strides;
}

/** Checks a shape given by the user: an array of sizes, or one size. */
export function checkShape(operation: string, shape: unknown): number[] {
  const sizes = typeof shape === "number" ? [shape] : shape;
  if (!Array.isArray(sizes))
    throw new ArgumentError(
      `${operation}: a shape is an array of sizes such as [2, 3]; got ${describeValue(shape)}`,
    );
  for (const size of sizes)
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0)
      throw new ShapeError(
        `${operation}: sizes are whole numbers from 0 up; got ${describeValue(size)} in [${sizes.join(", ")}]`,
      );
  return sizes.slice();
}

/** Turns a negative axis into its positive form; `ndim` axes exist. */
export function checkDim(operation: string, dim: unknown, ndim: number, shape: Shape): number {
  if (typeof dim !== "number" || !Number.isInteger(dim))
    throw new ArgumentError(`${operation}: dim is a whole number; got ${describeValue(dim)}`);
  const axis = dim < 0 ? dim + ndim : dim;
  if (axis < 0 || axis >= ndim)
    throw new ShapeError(
      ndim === 0
        ? `${operation}: dim ${dim} of a single number; it has no dimensions`
        : `${operation}: dim ${dim} does not exist in shape ${describeShape(shape)}; use ${ndim === 1 ? "0 (or -1)" : `0 to ${ndim - 1} (or -${ndim} to -1)`}`,
    );
  return axis;
}

/** The shape to which `a` and `b` broadcast: sizes agree from the right, or one of them is 1 or missing. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const ndim = Math.max(a.length, b.length);
  const shape = new Array<number>(ndim);
  for (let d = 1; d <= ndim; d++) {
    const sizeA = a[a.length - d] ?? 1;
    const sizeB = b[b.length - d] ?? 1;
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1)
      throw new ShapeError(
        `${operation}: shapes ${describeShape(a)} and ${describeShape(b)} do not go together: counted from the right, ` +
          `dimension ${-d} is ${sizeA} in one and ${sizeB} in the other. Sizes must be equal, or one of them 1; ` +
          "reshape or unsqueeze one of the two",
      );
    shape[ndim - d] = sizeA === 1 ? sizeB : sizeA;
  }
  return shape;
}

/** Strides that walk a contiguous array of shape `from` as if it had shape `to`; repeated elements have stride 0. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = new Array<number>(to.length).fill(0);
  const lead = to.length - from.length;
  let stride = 1;
  for (let d = from.length - 1; d >= 0; d--) {
    strides[lead + d] = from[d] === 1 ? 0 : stride;
    stride *= from[d]!;
  }
  return strides;
}
