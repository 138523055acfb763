// What the helpers of a cell ask for, and what is wrong with how they are written.

import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, resolve } from "node:path";
import type { HelperAction } from "./helper-calls.ts";
import {
  describeHelper,
  type HelperCall,
  type HelperProblem,
  helpers,
  isHelper,
  listHelpers,
} from "./helpers.ts";
import { nearest } from "./hints.ts";
import type { Inspection } from "./language.ts";

/** Texts of this length are no source text that anybody wants in a cell. */
const longestLoaded = 1_000_000;

/** What the helpers are told of the notebook, once the names of their own cell are known. */
export interface Notebook {
  variables: readonly string[];
  types: readonly string[];
  /** All that a cell can see. */
  names: readonly string[];
  inspect(name: string, detailLevel: number): Inspection;
}

/** What is wrong with the helpers of a cell; `statements` is where its statements begin. */
export function problemsOf(calls: readonly HelperCall[], statements: readonly number[]): HelperProblem[] {
  const problems: HelperProblem[] = [];
  for (const call of calls) {
    const message = problemOf(call, calls, statements);
    if (message !== null) problems.push({ start: call.start, end: call.end, message });
  }
  return problems;
}

function problemOf(
  call: HelperCall,
  calls: readonly HelperCall[],
  statements: readonly number[],
): string | null {
  const { name, argument, start } = call;
  const usage = name === "?" ? "" : `%${name}: write ${helpers[name].usage}`;
  switch (name) {
    case "?":
      return null;
    case "help": {
      const about = argument.replace(/^%/, "");
      if (about === "" || isHelper(about)) return null;
      const meant = nearest(about, Object.keys(helpers));
      return `there is no helper %${about}; ${meant ? `did you mean %${meant}? ` : ""}%help lists them all`;
    }
    case "time":
      return statements.some((each) => each > start) ? null : `${usage}; there is nothing after it to time`;
    case "who":
      return argument === "" ? null : usage;
    case "reset":
      if (argument !== "") return usage;
      return statements.some((each) => each < start) ? "%reset stands before the code of its cell" : null;
    case "typecheck":
      return isTypeCheck(argument) ? null : usage;
    case "load":
      if (argument === "") return usage;
      if (statements.length > 0 || calls.length > 1)
        return "%load stands alone in its cell, since the text of the file takes the cell's place";
      return null;
    case "install": {
      const packages = argument.split(/\s+/).filter(Boolean);
      const option = packages.find((each) => each.startsWith("-"));
      if (option) return `${usage}; it takes no options, got ${option}`;
      return packages.length > 0 ? null : usage;
    }
  }
}

/** How cells are checked: `strict` also asks what may be null or undefined. */
export type TypeCheck = "on" | "off" | "strict";

const typeCheckRemarks: Readonly<Record<TypeCheck, string>> = {
  on: "Types are checked from here on.",
  off: "Types are not checked from here on; %typecheck on checks them again.",
  strict:
    "Types are checked from here on, and what may be null or undefined must be tested before it is used.",
};

export function isTypeCheck(argument: string): argument is TypeCheck {
  return Object.hasOwn(typeCheckRemarks, argument);
}

/** What happens at run time in the places of the helpers. */
export function actionsOf(calls: readonly HelperCall[], code: string, notebook: Notebook): HelperAction[] {
  return calls.map((call) => actionOf(call, code, notebook)).filter((action) => action !== null);
}

function actionOf(call: HelperCall, code: string, notebook: Notebook): HelperAction | null {
  const { name, argument, start: position } = call;
  switch (name) {
    case "?": {
      const asked = argument.replace(/^\?+/, "");
      const found = notebook.inspect(asked, argument.startsWith("??") ? 1 : 0);
      if (found.found) return showing(position, found);
      return { position, method: "print", argument: unknownName(asked, notebook.names) };
    }
    case "help": {
      const about = argument.replace(/^%/, "");
      return showing(position, isHelper(about) ? describeHelper(about) : listHelpers());
    }
    case "time": {
      const behind = /^[^\r\n]*/.exec(code.slice(call.end))?.[0] ?? "";
      const alone = /^[\s;]*(?:\/\/.*)?$/.test(behind);
      return { position, method: "time", of: alone ? "rest" : "statement" };
    }
    case "who":
      return { position, method: "who", variables: notebook.variables, types: notebook.types };
    case "typecheck": {
      return isTypeCheck(argument)
        ? { position, method: "print", argument: typeCheckRemarks[argument] }
        : null;
    }
    // These are done before their cell is checked.
    case "load":
    case "install":
    case "reset":
      return null;
  }
}

function showing(position: number, { markdown, text }: { markdown: string; text: string }): HelperAction {
  const bundle = { "text/markdown": markdown, "text/plain": text };
  return { position, method: "show", argument: JSON.stringify(bundle) };
}

function unknownName(name: string, names: readonly string[]): string {
  const meant = nearest(name, names);
  return `nothing is known of ${name}${meant ? `; did you mean ${meant}?` : "; run the cell that declares it first"}`;
}

/** The packages that the helpers of a cell install. */
export function packagesToInstall(calls: readonly HelperCall[]): HelperAction[] {
  return calls
    .filter(({ name }) => name === "install")
    .map(({ argument, start }) => ({ position: start, method: "install", argument }));
}

/** The text that takes the cell's place, or what is wrong with the file. */
export function loadFile(path: string, directory: string): { text: string } | { message: string } {
  const plain = path.replace(/^(["'])(.*)\1$/, "$2");
  const file = resolve(directory, plain.replace(/^~(?=\/|$)/, homedir()));
  try {
    const text = readFileSync(file, "utf8");
    if (text.length > longestLoaded || text.includes("\0"))
      return {
        message: `%load: ${plain} is no source text (${text.length.toLocaleString("en-US")} characters)`,
      };
    return { text: `// %load ${plain}\n${text}` };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code !== "ENOENT") return { message: `%load: ${error instanceof Error ? error.message : error}` };
    const meant = nearest(basename(file), entriesOf(dirname(file)));
    const hint = meant === null ? `the notebook's folder is ${directory}` : `did you mean ${meant}?`;
    return { message: `%load: there is no file ${plain}; ${hint}` };
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
