/** Checks that several makers of data share. */

import { ArgumentError, describeValue } from "../errors.ts";

/** A whole number from 1 on. */
export function checkCount(operation: string, option: string, value: unknown): asserts value is number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return;
  throw new ArgumentError(
    `${operation}: ${option} must be a whole number from 1 on; got ${describeValue(value)}`,
  );
}

/** A seed: a whole number. */
export function checkSeed(operation: string, value: unknown): asserts value is number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return;
  throw new ArgumentError(
    `${operation}: seed must be a whole number such as 0 or 42; got ${describeValue(value)}`,
  );
}

/** A standard deviation of noise: a number from 0 on. */
export function checkNoise(operation: string, value: unknown): asserts value is number {
  if (typeof value === "number" && value >= 0 && value < Infinity) return;
  throw new ArgumentError(`${operation}: noise must be a number from 0 on; got ${describeValue(value)}`);
}

/** What pictures drawn in code have in common: a size of at least 16 pixels, one channel or three. */
export function checkPicture(operation: string, size: unknown, channels: unknown): void {
  checkCount(operation, "size", size);
  if (size < 16)
    throw new ArgumentError(
      `${operation}: size must be at least 16 pixels, else the classes look alike; got ${size}`,
    );
  if (channels !== 1 && channels !== 3)
    throw new ArgumentError(
      `${operation}: channels must be 1 (grey) or 3 (colour); got ${describeValue(channels)}`,
    );
}

/** Names of classes: some of the `known` ones, each once. */
export function checkClasses(operation: string, classes: unknown, known: readonly string[]): void {
  const names: readonly unknown[] = Array.isArray(classes) ? classes : [];
  const wrong = Array.isArray(classes) ? names.filter((name) => !known.includes(name as string)) : [classes];
  if (wrong.length === 0 && names.length > 0 && new Set(names).size === names.length) return;
  throw new ArgumentError(
    `${operation}: classes must be some of ${known.join(", ")}, each once; got ${wrong.length > 0 ? describeValue(wrong[0]) : JSON.stringify(classes)}`,
  );
}
