/** What can go wrong, by kind. A message says the operation, what it expected, what it got, and what to do about it. */

/** A shape, an axis or a size does not fit the operation. */
export class ShapeError extends Error {
  /** "ShapeError". */
  override readonly name = "ShapeError";
}

/** An operation was given numbers of a kind it does not compute with. */
export class DTypeError extends TypeError {
  /** "DTypeError". */
  override readonly name = "DTypeError";
}

/** An argument is not what the operation works on: a string, a ragged array, a label out of range. */
export class ArgumentError extends TypeError {
  /** "ArgumentError". */
  override readonly name = "ArgumentError";
}

/** A gradient was asked for where there is none. */
export class GradientError extends Error {
  /** "GradientError". */
  override readonly name = "GradientError";
}

/** An operation made NaN or infinity while `detectAnomaly` watched. */
export class AnomalyError extends Error {
  /** "AnomalyError". */
  override readonly name = "AnomalyError";
}

/** A tensor was read after its memory had been given to others. */
export class RecycledTensorError extends Error {
  /** "RecycledTensorError". */
  override readonly name = "RecycledTensorError";
}

/** There is no memory left for another tensor. */
export class OutOfMemoryError extends RangeError {
  /** "OutOfMemoryError". */
  override readonly name = "OutOfMemoryError";
}

/** The user asked to stop. Jupyter knows it by the name `KeyboardInterrupt`. */
export class InterruptError extends Error {
  /** "KeyboardInterrupt", as Jupyter calls it. */
  override readonly name = "KeyboardInterrupt";
}

const typedArrayName = (value: object): string | null =>
  ArrayBuffer.isView(value) && "length" in value ? `${value.constructor.name}(${value.length})` : null;

/** @internal A value in a few words, for "… got a string "abc"". */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string")
    return `the string ${JSON.stringify(value.length > 30 ? `${value.slice(0, 30)}…` : value)}`;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return `${value}`;
  if (typeof value === "function") return `the function ${value.name || "(anonymous)"}`;
  if (typeof value === "symbol") return "a symbol";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Promise) return "a promise (await it first)";
  return typedArrayName(value) ?? `an object of class ${value.constructor?.name ?? "Object"}`;
}
