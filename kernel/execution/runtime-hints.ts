// What to do about an error that a cell threw: one sentence after the error's own.

import { foreignName } from "../language/habits.ts";

export interface Thrown {
  ename: string;
  evalue: string;
  /** What stands before the place of the error, in its line. */
  before: string;
}

type Cells = ReadonlyMap<string, { source: string }>;

/** The hint for the error, or null where it says enough. */
export function runtimeHint({ ename, evalue, before }: Thrown, cells: Cells): string | null {
  if (ename === "RangeError" && evalue.startsWith("Maximum call stack"))
    return "a function calls itself without an end: check the condition that should stop it";
  if (ename === "ReferenceError") return nameHint(evalue, cells);
  if (ename === "TypeError") return missingHint(evalue, before);
  return null;
}

function nameHint(evalue: string, cells: Cells): string | null {
  const name = /^(?:(\S+) is not defined|Cannot access '(\S+)' before initialization)$/.exec(evalue);
  const variable = name?.[1] ?? name?.[2];
  if (variable === undefined) return null;
  const escaped = variable.replaceAll("$", "\\$");
  const declaration = new RegExp(
    `\\b(?:let|const|var|class|function|import)\\b[^;=\\n]*(?<![\\w$])${escaped}(?![\\w$])`,
  );
  const declaring = [...cells].findLast(([, { source }]) => declaration.test(source));
  if (declaring)
    return `${declaring[0]} declares ${variable}, but stopped before that line: correct it and run it again`;
  return foreignName(variable) ?? `run the cell that declares ${variable}, or import it`;
}

/** For a member of what is undefined or null. */
function missingHint(evalue: string, before: string): string | null {
  const found = /^Cannot (read|set) properties of (undefined|null)(?: \(\w+ '(.*)'\))?$/.exec(evalue);
  if (!found) return null;
  const [, action, value, member = ""] = found;
  // V8 points at what is read, and behind what is set.
  const path = action === "set" ? before.trimEnd().replace(/(?:\.[\w$]+|\[[^[\]]*\])$/, "") : before;
  const owner = /([\w$]+(?:\.[\w$]+|\[[^[\]]*\]|\(\))*)\s*(?:\??\.|\[)?\s*$/.exec(path)?.[1];
  const what = owner ?? (member === "" ? "the object" : `what .${member} is asked of`);
  const look = `${what} is ${value}: check where it gets its value`;
  return action === "read" && owner !== undefined && /^[\w$]+$/.test(member) && /^\D/.test(member)
    ? `${look}, or write ${owner}?.${member} if it may be missing`
    : look;
}
