// Completion and documentation of helpers: `%ti`, `%load da`, `?na`.

import { describeHelper, type HelperCall, helpers, isHelper, placeOf, readHelpers } from "./helpers.ts";
import type { Completions, Inspection } from "./language.ts";
import { filePaths } from "./module-paths.ts";

/** Completions of a helper's name or argument, or null where there is none. */
export function completeHelper(code: string, cursor: number, directory: string): Completions | null {
  const lineStart = Math.max(code.lastIndexOf("\n", cursor - 1), code.lastIndexOf("\r", cursor - 1)) + 1;
  const line = code.slice(lineStart, cursor);
  const [, indent = "", sign = "", name = "", gap = "", argument = ""] =
    /^([ \t]*)(%%?)(\w*)([ \t]*)(.*)$/.exec(line) ?? [];
  if (sign === "" || placeOfHelper(code, lineStart, lineStart + indent.length) === null) return null;
  if (gap === "" && argument === "") {
    const rest = /^\w*/.exec(code.slice(cursor))?.[0] ?? "";
    const start = lineStart + indent.length;
    return choose(Object.keys(helpers), name, { start, end: cursor + rest.length, before: sign });
  }
  if (!isHelper(name)) return null;
  const end = cursor + (/^\S*/.exec(code.slice(cursor))?.[0].length ?? 0);
  const range = { start: cursor - argument.length, end };
  if (name === "typecheck") return choose(["on", "off", "strict"], argument, range);
  if (name === "help") return choose(Object.keys(helpers), argument, range);
  if (name === "load") return filePaths(argument, directory, range);
  return null;
}

function choose(
  names: readonly string[],
  typed: string,
  { start, end, before = "" }: { start: number; end: number; before?: string },
): Completions | null {
  const fitting = names.filter((name) => name.startsWith(typed.toLowerCase()));
  if (fitting.length === 0) return null;
  return { matches: fitting.map((name) => ({ text: before + name, type: "magic" })), start, end };
}

function placeOfHelper(code: string, lineStart: number, start: number): string | null {
  const place = placeOf(readHelpers(code.slice(0, lineStart)).text + code.slice(lineStart), start);
  return place === "inside" ? null : place;
}

/** The helper's documentation where the cursor is on its name. */
export function inspectHelper(calls: readonly HelperCall[], cursor: number): Inspection | null {
  for (const { name, start } of calls) {
    if (name === "?" || cursor < start || cursor > start + name.length + 1) continue;
    return { found: true, ...describeHelper(name) };
  }
  return null;
}

/** `?name` and `name?` without the marks, for what is asked about the name. */
export function withoutQuestion(code: string, calls: readonly HelperCall[], cursor: number): string {
  const asked = calls.find(({ name, start, end }) => name === "?" && start <= cursor && cursor <= end);
  if (!asked) return code;
  const line = code.slice(asked.start, asked.end).replace(/\?/g, " ");
  return code.slice(0, asked.start) + line + code.slice(asked.end);
}
