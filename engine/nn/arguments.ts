// Checks of the numbers that layers are made with.

import { ArgumentError, describeValue } from "../errors.ts";

/** A whole number ≥ 1, else an ArgumentError that names the layer and the argument. */
export function requireCount(operation: string, name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new ArgumentError(`${operation}: ${name} must be a whole number ≥ 1, got ${describeValue(value)}`);
}

/** A number of groups that divides the channels on both sides, else an ArgumentError that names the layer. */
export function requireGroups(
  operation: string,
  inChannels: number,
  outChannels: number,
  groups: number,
): number {
  requireCount(operation, "groups", groups);
  if (inChannels % groups === 0 && outChannels % groups === 0) return groups;
  throw new ArgumentError(
    `${operation}: ${groups} groups must divide both ${inChannels} input and ${outChannels} output channels`,
  );
}

/** One number for both directions or `[height, width]`. */
export type Pair = number | readonly [number, number];

/** Height and width of a pair, each a whole number ≥ `least`. */
export function requirePair(
  operation: string,
  name: string,
  value: Pair,
  least: number = 1,
): [number, number] {
  const pair: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  if (pair.length === 2 && pair.every((part) => Number.isInteger(part) && Number(part) >= least)) {
    return [Number(pair[0]), Number(pair[1])];
  }
  throw new ArgumentError(
    `${operation}: ${name} must be a whole number ≥ ${least} or a pair [height, width] of them, got ${describeValue(value)}`,
  );
}
