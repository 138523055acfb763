// Says in words what a value is, and refuses everything that is not a Tensor with the remedy for it.

import { ArgumentError, describeValue } from "../errors.ts";
import { describeShape } from "../shapes.ts";
import { Tensor } from "../tensor.ts";

/** What a value is, for an error message: `a Tensor [64, 10]`, `an array of 2 × 3 numbers`, `the class Net`. */
export function describeInput(value: unknown): string {
  if (value instanceof Tensor) return `a Tensor ${describeShape(value.shape)}`;
  if (Array.isArray(value)) return describeArray(value);
  if (isClass(value)) return `the class ${value.name}`;
  if (typeof value === "function" && !(value instanceof Function))
    return `a ${constructorName(value)} (a module)`;
  if (value === undefined || value === null) return `nothing (${value})`;
  return describeValue(value);
}

function describeArray(values: readonly unknown[]): string {
  if (values.length === 0) return "an empty array";
  if (values.every((value) => value instanceof Tensor)) return `an array of ${values.length} Tensors`;
  const lengths = [values.length];
  let first: unknown = values[0];
  while (Array.isArray(first)) {
    lengths.push(first.length);
    first = first[0];
  }
  const kind = typeof first === "number" ? "numbers" : typeof first === "string" ? "strings" : "values";
  return `an array of ${lengths.join(" × ")} ${kind}`;
}

function constructorName(value: object): string {
  return value.constructor.name;
}

/** True for a class where an instance of it was meant. */
export function isClass(value: unknown): value is { readonly name: string } {
  return value instanceof Function && /^class\b/.test(Function.prototype.toString.call(value));
}

/** Returns `value` when it is a Tensor, else throws: `mse: target must be a Tensor, got an array of 3 numbers; make it one …`. */
export function requireTensor(operation: string, role: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  const subject = operation ? `${operation}: ` : "";
  throw new ArgumentError(`${subject}${role} must be a Tensor, got ${describeInput(value)}${remedy(value)}`);
}

function remedy(value: unknown): string {
  if (Array.isArray(value) && value.length > 0 && value.every((part) => part instanceof Tensor)) {
    return value.length === 2
      ? "; a batch is a pair, so take it apart: for (const [x, y] of loader) …"
      : "; join them with stack([…]) or pass one of them";
  }
  if (Array.isArray(value) && typeof value.flat(8)[0] === "string") return "; networks compute with numbers";
  if (Array.isArray(value) || ArrayBuffer.isView(value) || typeof value === "number") {
    return "; make it one with tensor(…)";
  }
  if (value === undefined || value === null) return "; was a result forgotten (a missing return)?";
  if (isClass(value)) return "; make an instance of it with new";
  if (typeof value === "function") return "; call it and pass its result";
  if (typeof value === "object" && "images" in value) return "; pass its images: dataset.images";
  return "";
}
