// Errors as a student should read them: what happened, then where in the notebook, with the line as it was written.
// Frames of nnlab, of Node and of packages are left out; the places in cells and in the student's own files stay.

import { readFileSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { excerpt, type Span } from "../language/excerpt.ts";
import type { Diagnostic } from "../language/language.ts";
import { cellUrl } from "./cell-names.ts";
import type { Failure } from "./messages.ts";
import { translatedFiles } from "./modules.ts";
import { runtimeHint } from "./runtime-hints.ts";
import { throwSite } from "./thrown.ts";

export interface CellSource {
  source: string;
  /** JSON; empty when the code runs as it was written. */
  sourceMap: string;
}

/** The cells that ran, by the name that `check` was given. */
export type CellSources = ReadonlyMap<string, CellSource>;

interface Place extends Span {
  /** `cell 3` or a file's path. */
  where: string;
  /** The function's name, where there is one. */
  name: string;
  text: string;
}

const mostFrames = 8;
const mostCauses = 5;
const longestValue = 10_000;
const root = new URL("../../", import.meta.url).href;
const ownFolders = ["kernel/", "engine/"].map((folder) => root + folder);

const style =
  (code: number) =>
  (text: string): string =>
    `\x1b[${code}m${text}\x1b[0m`;
const red = style(31);
const cyan = style(36);
const dim = style(2);

/** What was thrown, in Jupyter's terms. Whatever it is, this does not throw. */
export function formatError(error: unknown, cells: CellSources): Failure {
  try {
    const { ename, evalue } = nameAndValue(error);
    return { ename, evalue, traceback: describe(error, cells, 0) };
  } catch {
    return {
      ename: "Error",
      evalue: "an error that cannot be shown",
      traceback: [red("an error that cannot be shown")],
    };
  }
}

/** The same failure in other words. */
export function renamed({ traceback }: Failure, ename: string, evalue: string): Failure {
  return { ename, evalue, traceback: [`${red(ename)}: ${evalue}`, ...traceback.slice(1)] };
}

/** Why a cell was not run. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): Failure {
  const errors = diagnostics.filter(({ category }) => category === "error");
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  const evalue = first ? `${position(first)}: ${first.message.split("\n")[0]}${more}` : "";
  const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
  const traceback = [`${red("TypeScriptError")}: ${count}; the cell was not run`];
  let said: string | undefined;
  for (const diagnostic of errors) {
    const { code, hint, message } = diagnostic;
    traceback.push(
      `\n${cyan(position(diagnostic))}: ${message}${code === 0 ? "" : ` ${dim(`TS${code}`)}`}`,
      marked(diagnostic.excerpt),
    );
    if (hint !== undefined && hint !== said) traceback.push(advice(hint));
    said = hint;
  }
  return { ename: "TypeScriptError", evalue, traceback };
}

function position({ file, line, column }: Diagnostic): string {
  return `${file === undefined ? "" : `${file}, `}line ${line}, column ${column}`;
}

function describe(error: unknown, cells: CellSources, depth: number): string[] {
  const { ename, evalue, isError } = nameAndValue(error);
  if (!isError) {
    const advised =
      "throw new Error(…) instead of a plain value: whoever catches it learns where it came from";
    return [`${red("Thrown")}: ${evalue}`, ...framesOf(places(error, cells)), advice(advised)];
  }
  const found = places(error, cells);
  const lines = [`${red(ename)}: ${evalue}`, ...framesOf(found)];
  const hint = runtimeHint({ ename, evalue, before: before(found[0]) }, cells);
  if (hint !== null) lines.push(advice(hint));
  if (depth >= mostCauses) return lines;
  const inner = (label: string, of: unknown): void => {
    const [head, ...rest] = describe(of, cells, depth + 1);
    lines.push(`${dim(label)} ${head}`, ...rest);
  };
  const { errors, cause, suppressed, error: disposal } = error as Record<string, unknown>;
  if (Array.isArray(errors)) {
    errors.slice(0, mostCauses).forEach((each, index) => {
      inner(`[${index + 1} of ${errors.length}]`, each);
    });
    if (errors.length > mostCauses) lines.push(dim(`… and ${errors.length - mostCauses} more errors`));
  }
  if (ename === "SuppressedError") {
    inner("While disposing:", disposal);
    inner("After:", suppressed);
  }
  if (cause !== undefined && cause !== error) inner("Caused by:", cause);
  return lines;
}

function nameAndValue(error: unknown): { ename: string; evalue: string; isError: boolean } {
  const shown = (): string => shortened(inspect(error, { depth: 2, colors: false }));
  if (typeof error !== "object" || error === null || !("stack" in error && "message" in error)) {
    return { ename: "Thrown", evalue: shown(), isError: false };
  }
  const name = "name" in error && typeof error.name === "string" ? error.name : "";
  // A class that extends Error and sets no name still says more by its own.
  const own = name === "Error" ? (error.constructor?.name ?? "") : "";
  return { ename: own || name || "Error", evalue: shortened(String(error.message)), isError: true };
}

function shortened(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue)} … (${text.length} characters)` : text;
}

/** Most recent first; the first with its lines. */
function framesOf(found: readonly Place[]): string[] {
  const lines: string[] = [];
  let shown = 0;
  for (let index = 0; index < found.length && shown < mostFrames; shown++) {
    const place = found[index]!;
    const period = repetition(found, index);
    const rounds = period === null ? 1 : period.rounds;
    const title = cyan(`${place.where}, line ${place.line}`) + (place.name ? `, in ${place.name}` : "");
    if (shown === 0) lines.push(title, marked(excerpt(place.text, place)));
    else lines.push(`${title}${dim(`: ${lineOf(place)}`)}`);
    if (rounds > 1 && period) {
      lines.push(dim(`… the same ${rounds - 1} more times`));
      index += period.length * rounds;
    } else index++;
  }
  return lines;
}

/** How often the frames from `index` on repeat themselves: one frame that calls itself, or two or three in a ring. */
function repetition(found: readonly Place[], index: number): { length: number; rounds: number } | null {
  const same = (a: number, b: number): boolean =>
    found[a]?.where === found[b]?.where &&
    found[a]?.line === found[b]?.line &&
    found[a]?.name === found[b]?.name;
  for (const length of [1, 2, 3]) {
    let rounds = 1;
    while (index + (rounds + 1) * length <= found.length) {
      const start = index + rounds * length;
      if (!Array.from({ length }, (_, step) => same(index + step, start + step)).every(Boolean)) break;
      rounds++;
    }
    if (rounds > 2) return { length, rounds };
  }
  return null;
}

/** The line of a traceback that says what to do. */
export const advice = (hint: string): string => `  → ${hint}`;

/** What stands before the place, in its line. */
function before(place: Place | undefined): string {
  if (!place) return "";
  return (place.text.split(/\r\n|\n|\r/)[place.line - 1] ?? "").slice(0, place.column - 1);
}

function lineOf({ text, line }: Place): string {
  return shortLine((text.split(/\r\n|\n|\r/)[line - 1] ?? "").trim());
}

function shortLine(line: string): string {
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}

function marked(frame: string): string {
  return frame.replace(/^( *\|\s*)(\^+)$/m, (_match, before: string, mark: string) => before + red(mark));
}

/** Finds places in the cells' texts for places in their JavaScript. */
function createMapper(cells: CellSources) {
  const byUrl = new Map([...cells.keys()].map((cell) => [cellUrl(cell), cell]));
  const maps = new Map<string, TraceMap>();

  /** Null for what the translation added. */
  function mapped(key: string, map: string, { line, column }: Frame): Span | null {
    if (map === "") return { line, column };
    const traced = maps.get(key) ?? new TraceMap(map);
    maps.set(key, traced);
    const original = originalPositionFor(traced, { line, column: column - 1 });
    return original.line === null ? null : { line: original.line, column: original.column + 1 };
  }

  return {
    mapped,
    /** The cell of a frame; `prepareStack` has put names instead of URLs and mapped the place. */
    cellOf(frame: Frame): { cell: string; source: string; span: Span | null } | null {
      const cell = byUrl.get(frame.url) ?? frame.url;
      const found = cells.get(cell);
      if (!found) return null;
      const span = cell === frame.url ? frame : mapped(cell, found.sourceMap, frame);
      return { cell, source: found.source, span };
    },
  };
}

/** The places of `error`'s stack that belong to the student. */
function places(error: unknown, cells: CellSources): Place[] {
  const isObject = typeof error === "object" && error !== null;
  const stack = isObject && "stack" in error ? error.stack : throwSite(error);
  if (typeof stack !== "string") return [];
  const mapper = createMapper(cells);
  const found: Place[] = [];
  const add = (where: string, text: string, { name }: Frame, span: Span | null): void => {
    if (span) found.push({ ...span, ...wordAt(text, span), where, name, text });
  };
  for (const frame of frames(stack)) {
    const inCell = mapper.cellOf(frame);
    if (inCell) {
      add(inCell.cell, inCell.source, frame, inCell.span);
      continue;
    }
    const path = studentsFile(frame.url);
    const text = path === null ? null : readText(path);
    if (path === null || text === null) continue;
    add(
      relative(process.cwd(), path),
      text,
      frame,
      mapper.mapped(path, translatedFiles.get(path) ?? "", frame),
    );
  }
  return found;
}

/**
 * Makes `error.stack` name cells and lines as written, so that an error which a student prints says what an uncaught one
 * does. Stacks that touch no cell stay as V8 writes them.
 */
export function installStackTraces(cells: CellSources): void {
  Error.prepareStackTrace = (error, sites) => {
    const lines = sites.map((site) => `    at ${site}`);
    let head = "Error";
    try {
      head = String(error);
      return [head, ...prepareStack(lines, cells)].join("\n");
    } catch {
      return [head, ...lines].join("\n");
    }
  };
}

function prepareStack(lines: readonly string[], cells: CellSources): readonly string[] {
  if (!lines.some((line) => line.includes("nnlab:"))) return lines;
  const mapper = createMapper(cells);
  const kept: string[] = [];
  /** What stands below the outermost cell called it: the kernel and Node. */
  let outermost = 0;
  for (const line of lines) {
    const frame = frameOf(line);
    const inCell = frame && mapper.cellOf(frame);
    if (inCell) {
      const { cell, span } = inCell;
      if (!span) continue;
      const place = `${frame.url}:${frame.line}:${frame.column}`;
      kept.push(line.replace(place, `${cell}:${span.line}:${span.column}`));
      outermost = kept.length;
    } else if (!frame || !isOwn(frame.url)) kept.push(line);
  }
  return kept.slice(0, outermost);
}

interface Frame {
  url: string;
  line: number;
  column: number;
  name: string;
}

function frames(stack: string): Frame[] {
  const lines = stack.split("\n");
  const found = lines.map(frameOf).filter((frame) => frame !== null);
  // The loader puts the place of a syntax error before the message: `file:///folder/module.js:3`.
  const syntax = /^(file:\S+|\/\S+):(\d+)$/.exec(lines[0] ?? "");
  if (syntax) {
    const mark = lines.find((line) => /^\s*\^+\s*$/.test(line)) ?? "^";
    found.unshift({ url: syntax[1]!, line: Number(syntax[2]), column: mark.indexOf("^") + 1, name: "" });
  }
  return found;
}

function frameOf(line: string): Frame | null {
  const parts = /^\s+at (?:(.*) \()?(?:async )?([^()]+?):(\d+):(\d+)\)?$/.exec(line);
  if (!parts) return null;
  return { name: functionName(parts[1]), url: parts[2]!, line: Number(parts[3]), column: Number(parts[4]) };
}

/** `async Object.step [as run]` → `step`. */
function functionName(described: string | undefined): string {
  const name = (described ?? "")
    .replace(/^async /, "")
    .replace(/ \[as .*\]$/, "")
    .replace(/^(?:Function|Object|Module|global|globalThis)\./, "");
  return /<anonymous>|^eval$/.test(name) ? "" : name;
}

/** The path of a file that is no package's, nor Node's, nor nnlab's. */
function studentsFile(url: string): string | null {
  if (/[\\/]node_modules[\\/]/.test(url) || isOwn(url)) return null;
  const file = url.replace(/\?.*$/, "");
  if (file.startsWith("file:")) return fileURLToPath(file);
  return isAbsolute(file) ? file : null;
}

function isOwn(url: string): boolean {
  const href = isAbsolute(url) ? pathToFileURL(url).href : url;
  return ownFolders.some((own) => href.startsWith(own));
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** A mark as long as the name at `span`, so that the eye finds it. */
function wordAt(text: string, { line, column }: Span): { endLine: number; endColumn: number } {
  const rest = (text.split(/\r\n|\n|\r/)[line - 1] ?? "").slice(column - 1);
  const word = /^(?:new\s+)?[\p{ID_Continue}$.#]+/u.exec(rest)?.[0] ?? " ";
  return { endLine: line, endColumn: column + word.length };
}
