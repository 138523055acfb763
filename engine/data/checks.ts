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

/** An options object that has none but the `known` options; a misspelt one would be ignored in silence. */
export function checkOptions(operation: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null)
    throw new ArgumentError(
      `${operation}: takes its options as an object: { ${known[0]}: … }; got ${describeValue(options)}`,
    );
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const plain = (text: string) => text.replace(/[^a-z]/gi, "").toLowerCase();
    const meant = known.find((option) => plain(option) === plain(name));
    throw new ArgumentError(
      `${operation}: there is no option "${name}"; ${meant === undefined ? `the options are ${known.join(", ")}` : `did you mean ${meant}?`}`,
    );
  }
}
