// Where values were thrown that are no errors, and so have no stack: `throw "text"`. (Translated cells call `thrown`; see
// language/throws.ts.)

import { types } from "node:util";

/** Has a `stack` in V8's form. */
interface Site {
  stack?: string;
}

let values = new Map<unknown, Site>();
const objects = new WeakMap<object, Site>();

/** So many texts and numbers are remembered of one cell; it may throw others without an end. */
const most = 1000;

/** `throw value` becomes `throw thrown(value)`. */
export function thrown(value: unknown): unknown {
  if (types.isNativeError(value)) return value;
  const site: Site = {};
  Error.captureStackTrace(site, thrown);
  remember(value, site);
  return value;
}

/** A promise that the cell awaits at `site`, a line of a stack, was rejected with `reason`. */
export function rejected(reason: unknown, site: string): void {
  if (!types.isNativeError(reason) && throwSite(reason) === null) remember(reason, { stack: `\n${site}` });
}

/** The stack of what was thrown last, in this cell, with this value; null where it is not known. */
export function throwSite(value: unknown): string | null {
  const site = isObject(value) ? objects.get(value) : values.get(value);
  return site?.stack ?? null;
}

/** A cell begins: an equal text that an earlier one threw says nothing about it. */
export function forgetThrown(): void {
  values = new Map();
}

function remember(value: unknown, site: Site): void {
  if (isObject(value)) objects.set(value, site);
  else if (values.size < most || values.has(value)) values.set(value, site);
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
