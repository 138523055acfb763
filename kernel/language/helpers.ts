// The few lines of a cell that are no TypeScript: `%time fit(…)`, `%who`, `?name`. They are found here and blanked out, so
// that every position of the rest stays; `translateCell` puts calls of `kernel/execution/helpers.ts` in their places.
//
// A helper stands where a statement may begin, outside of functions and blocks. At the beginning of a line that goes on
// with an expression, `%` stays the operator: only `%name` of a helper whose name nothing declares is a helper there,
// after a line that lacks its semicolon.

import { createRequire } from "node:module";
import type * as TypeScript from "typescript";
import { nearest } from "./hints.ts";

const ts: typeof TypeScript = createRequire(import.meta.url)("typescript");

interface Helper {
  usage: string;
  summary: string;
  /** What `%help name` and hovering say beyond the summary. */
  details: string;
}

/** All there are, in the order of `%help`. */
export const helpers = {
  help: {
    usage: "%help [name]",
    summary: "the helpers, or more about one of them",
    details: "`?name` and `name?` show what a name is, `??name` its declaration too.",
  },
  time: {
    usage: "%time [statement]",
    summary: "how long a statement takes; alone on its line: how long the rest of the cell takes",
    details:
      "Prints the wall time and the processor time of all threads: `%time await fit(model, loader, { epochs: 1, optimizer })`. " +
      "The value of the statement is shown as always.",
  },
  who: {
    usage: "%who",
    summary: "the names that you declared, with types and sizes",
    details: "Tensors with shape and memory, models with the number of their parameters.",
  },
  reset: {
    usage: "%reset",
    summary: "forgets the names that you declared, restores the preloaded ones, frees their tensors",
    details:
      "Stands before the code of its cell. Modules that were imported stay loaded; for a fresh process use Kernel > Restart Kernel.",
  },
  load: {
    usage: "%load file",
    summary: "puts the text of a file in the place of the cell, and runs it",
    details:
      "Stands alone in its cell. The path is relative to the notebook's folder. What the file declares becomes the notebook's.",
  },
  install: {
    usage: "%install package[@version] …",
    summary: "adds npm packages to the notebook's folder",
    details:
      'The rest of the cell may import them at once, with their types: `%install zod`, then `import { z } from "zod"`. ' +
      "Needs npm and a network; they are written into the folder's package.json.",
  },
  typecheck: {
    usage: "%typecheck off | on | strict",
    summary: "runs the cells from here on without checking their types, or checks them again",
    details:
      "For a single cell write `// @ts-nocheck` in its first line. Usually a value that may be null or undefined is no error " +
      "before it is; `%typecheck strict` finds those too (TypeScript's strictNullChecks).",
  },
} as const satisfies Record<string, Helper>;

export type HelperName = keyof typeof helpers;

/** What other notebooks call it. */
const elsewhere: Record<string, HelperName> = {
  pip: "install",
  npm: "install",
  conda: "install",
  run: "load",
  timeit: "time",
  prun: "time",
  lsmagic: "help",
  magic: "help",
  quickref: "help",
  typescript: "typecheck",
};

export interface HelperCall {
  name: HelperName | "?";
  /** The rest of its line, without the statement that `%time` times. */
  argument: string;
  /** From its first character to the end of what was blanked. */
  start: number;
  end: number;
}

export interface HelperProblem {
  start: number;
  end: number;
  message: string;
}

export interface WithoutHelpers {
  /** The code with every helper blanked out; positions are as before. */
  text: string;
  calls: HelperCall[];
  problems: HelperProblem[];
}

const helperLine = /^([ \t]*)(%%?|\?\??)([ \t]*[\p{ID_Start}$_][\p{ID_Continue}$.]*)?([^\r\n]*)$/gmu;
const questionAtEnd = /^([ \t]*)([\p{ID_Start}$_][\p{ID_Continue}$.]*)(\?\??);?\s*$/mu;

/** Finds the helpers of a cell; `isDeclared` tells the names of earlier cells. */
export function readHelpers(
  code: string,
  isDeclared: (name: string) => boolean = () => false,
): WithoutHelpers {
  const found: WithoutHelpers = { text: code, calls: [], problems: [] };
  // Most cells have none, and must not pay for it.
  if (!/^[ \t]*[%?]/m.test(code) && !/\?;?$/.test(code.trimEnd())) return found;
  for (const match of code.matchAll(helperLine)) {
    const [, indent = "", sign = "", word = "", rest = ""] = match;
    const start = match.index + indent.length;
    readLine(
      found,
      { start, sign, name: word.trim(), wordEnd: start + sign.length + word.length, rest },
      isDeclared,
    );
  }
  return askedAtEnd(found);
}

interface Line {
  start: number;
  sign: string;
  name: string;
  wordEnd: number;
  rest: string;
}

/** Adds what one line is, if it is a helper, and blanks it out. */
function readLine(found: WithoutHelpers, line: Line, isDeclared: (name: string) => boolean): void {
  const { start, sign, name, wordEnd } = line;
  const isQuestion = sign.startsWith("?");
  const rest = line.rest.trim().replace(/;$/, "");
  const times = !isQuestion && name === "time";
  const end = times ? wordEnd : wordEnd + line.rest.length;
  const place = sign === "?" ? questionPlace(found.text, start, end) : placeOf(found.text, start);
  if (place === "inside" && !isQuestion && isHelper(name)) {
    const message = `%${name} stands at the beginning of a line, outside of functions and blocks`;
    found.problems.push({ start, end: wordEnd, message });
  }
  if (place === "statement") found.text = blank(found.text, start, end);
  else if (place === "operator" && isHelper(name)) {
    const ended = endedBefore(found.text, start, end, name, isDeclared);
    if (ended === null) return;
    found.text = ended;
  } else return;
  if (isQuestion) {
    if (name !== "" && rest === "") found.calls.push({ name: "?", argument: sign + name, start, end });
    else found.problems.push({ start, end, message: "after ? stands one name, as in ?tensor" });
  } else if (isHelper(name)) found.calls.push({ name, argument: times ? "" : rest, start, end });
  else found.problems.push({ start, end: wordEnd, message: noHelper(name) });
}

/** The text with a helper blanked out that an operator could be as well, or null where it is the operator. */
function endedBefore(
  text: string,
  start: number,
  end: number,
  name: HelperName,
  isDeclared: (name: string) => boolean,
): string | null {
  // Helpers further down would be operators of the same expression.
  const later = text.slice(end).replace(helperLine, (line) => " ".repeat(line.length));
  const ended = blank(text, start, end, ";");
  const errors = countErrors(ended.slice(0, end) + later) - countErrors(text.slice(0, end) + later);
  const isOperator = errors > 0 || (errors === 0 && (isDeclared(name) || declares(text, name)));
  return isOperator ? null : ended;
}

/** The parser skips a `?` that begins a statement; in a condition it belongs to the text. */
function questionPlace(text: string, start: number, end: number): Place {
  return countErrors(blank(text, start, end)) < countErrors(text) ? "statement" : null;
}

/** `name?` in the last line, where nothing follows that would make a condition of it. */
function askedAtEnd(found: WithoutHelpers): WithoutHelpers {
  const { text, calls, problems } = found;
  const lastLine = text.trimEnd().lastIndexOf("\n") + 1;
  const [, indent = "", name = "", marks = ""] = questionAtEnd.exec(text.slice(lastLine)) ?? [];
  const start = lastLine + indent.length;
  if (name === "" || placeOf(text, start) !== "statement") return found;
  const end = start + name.length + marks.length;
  const call = { name: "?", argument: marks + name, start, end } as const;
  return { text: blank(text, start, text.length), calls: [...calls, call], problems };
}

export function isHelper(name: string): name is HelperName {
  return Object.hasOwn(helpers, name);
}

function noHelper(name: string): string {
  const all = Object.keys(helpers);
  if (name === "") return `after % stands the name of a helper: ${all.map((each) => `%${each}`).join(", ")}`;
  const meant =
    elsewhere[name.toLowerCase()] ?? nearest(name, all) ?? all.find((each) => each[0] === name[0]);
  return `there is no helper %${name}; ${meant ? `did you mean %${meant}? ` : ""}%help lists them all`;
}

type Place = "statement" | "inside" | "operator" | null;

/** What is at `position`: a statement of the cell begins, or one within a block, or an expression goes on. */
export function placeOf(text: string, position: number): Place {
  const file = parse(text);
  let place: Place = null;
  const visit = (node: TypeScript.Node): void => {
    if (position < node.pos || position > node.end) return;
    if (ts.isStatement(node) && node.getStart(file) === position && node.end > position) {
      place = node.parent === file ? "statement" : "inside";
      return;
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.getStart(file) === position) place = "operator";
    ts.forEachChild(node, visit);
  };
  visit(file);
  return place;
}

function parse(text: string): TypeScript.SourceFile {
  return ts.createSourceFile("cell.ts", text, ts.ScriptTarget.ESNext, true);
}

function countErrors(text: string): number {
  const file = parse(text);
  return "parseDiagnostics" in file ? (file.parseDiagnostics as unknown[]).length : 0;
}

/** Whether anything in the cell is declared by this name. */
function declares(text: string, name: string): boolean {
  const visit = (node: TypeScript.Node): boolean | undefined => {
    // A lone identifier would count as the name of what it is assigned to.
    const named = ts.isIdentifier(node) || ts.isPropertyAccessExpression(node) ? undefined : nameOf(node);
    return named === name || ts.forEachChild(node, visit);
  };
  return visit(parse(text)) === true;
}

function nameOf(node: TypeScript.Node): string | undefined {
  const name = ts.getNameOfDeclaration(node as TypeScript.Declaration);
  return name && ts.isIdentifier(name) ? name.text : undefined;
}

function blank(text: string, start: number, end: number, first = ""): string {
  return (
    text.slice(0, start) +
    first +
    text.slice(start + first.length, end).replace(/[^\r\n]/g, " ") +
    text.slice(end)
  );
}

/** A helper as `%help name` and hovering show it. */
export function describeHelper(name: HelperName): { markdown: string; text: string } {
  const { usage, summary, details } = helpers[name];
  return {
    markdown: `\`${usage}\`\n\n${summary}.\n\n${details}`,
    text: `${usage}\n\n${summary}.\n\n${details.replaceAll("`", "")}`,
  };
}

/** What `%help` shows. */
export function listHelpers(): { markdown: string; text: string } {
  const all = Object.values(helpers);
  const widest = Math.max(...all.map(({ usage }) => usage.length));
  const others: [string, string][] = [
    ["?name, name?", "what a name is; ??name its declaration too"],
    ["Tab, Shift+Tab", "complete a name, show what it is"],
    ["// @ts-nocheck", "in the first line: this cell runs without a check of its types"],
  ];
  const rows: [string, string][] = [
    ...all.map(({ usage, summary }): [string, string] => [usage, summary]),
    ...others,
  ];
  return {
    markdown: [
      "| helper | what it does |",
      "|---|---|",
      ...rows.map(([usage, summary]) => `| \`${usage.replaceAll("|", "\\|")}\` | ${summary} |`),
    ].join("\n"),
    text: rows.map(([usage, summary]) => `${usage.padEnd(widest)}  ${summary}`).join("\n"),
  };
}
