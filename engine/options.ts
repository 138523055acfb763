// Options are objects; a misspelt one would be ignored in silence. One check for every function that takes them.

import { ArgumentError, describeValue } from "./errors.ts";

type NamesOf<Options> = Options extends unknown ? keyof Options & string : never;

/** Asks for a list that has every name of `Options`. */
type Complete<Options, Known extends readonly string[]> =
  Exclude<NamesOf<Options>, Known[number]> extends never
    ? unknown
    : { readonly missing: Exclude<NamesOf<Options>, Known[number]> };

/**
 * Throws an ArgumentError for what is no options object, or has another than the `known` names; the message says which was
 * meant. The type checker holds the list to the type of the options.
 */
export function checkOptions<Options extends object, const Known extends readonly NamesOf<Options>[]>(
  operation: string,
  options: Options,
  known: Known & Complete<Options, Known>,
): void {
  checkNames(operation, options, known);
}

/** {@link checkOptions} where the names are found out while it runs. */
export function checkNames(operation: string, options: unknown, known: readonly string[]): void {
  if (!isPlain(options))
    throw new ArgumentError(
      `${operation}: takes its options as an object: { ${known[0]}: … }; got ${describeValue(options)}`,
    );
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    throw new ArgumentError(
      `${operation}: there is no option "${name}"; ${meant === null ? `the options are ${known.join(", ")}` : `did you mean ${meant}?`}`,
    );
  }
}

/** An object as `{ … }` writes it, no array and no instance of a class. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The known name that was probably meant: other case or dashes, an abbreviation or the word in full, a slip or two. */
function nearest(name: string, known: readonly string[]): string | null {
  const plain = (text: string): string => text.replace(/[^a-z0-9]/gi, "").toLowerCase();
  const initials = (text: string): string =>
    text
      .split(/(?=[A-Z])|[^a-zA-Z0-9]+/)
      .map((word) => word[0] ?? "")
      .join("")
      .toLowerCase();
  const given = plain(name);
  const has = (long: string, short: string): boolean => short.length >= 3 && long.includes(short);
  const tests: ((option: string) => boolean)[] = [
    (option) => plain(option) === given,
    (option) => initials(name) === option || initials(option) === given,
    (option) => has(given, plain(option)) || has(plain(option), given),
    (option) => slips(given, plain(option)) <= Math.min(2, given.length / 3),
  ];
  for (const test of tests) {
    const found = known.find(test);
    if (found !== undefined) return found;
  }
  return null;
}

/** How many letters must be put in, left out or changed to make one word of the other (Levenshtein 1966). */
function slips(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
