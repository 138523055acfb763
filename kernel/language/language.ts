// What the kernel asks about a student's text: is it right, what does it run as, what could come next, what is
// this, is it finished. The answers come from a Worker, so that they come while a cell trains.

import { Worker } from "node:worker_threads";

/** One thing TypeScript has to say about a cell; lines and columns count from 1, in the student's text. */
export interface Diagnostic {
  message: string;
  /** TypeScript's number, as in TS2345; 0 is what nnlab itself says. */
  code: number;
  category: "error" | "warning";
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
  /** The lines around it with a mark under it, without colours. */
  excerpt: string;
  /** What to do about it, where that is likely known. */
  hint?: string;
  /** The imported file it is in, relative to the notebook's folder; absent for the cell itself. */
  file?: string;
}

export interface CheckRequest {
  code: string;
  /** The name tracebacks show: `cell 3`. */
  cell: string;
  executionCount: number;
  /** Whether the packages that the cell installs are there by now; see `Checked.goesOn`. */
  installed?: boolean;
}

export interface Checked {
  /** Sorted by position. Any error means that the cell must not run; nothing was remembered of it. */
  diagnostics: Diagnostic[];
  /** For `Runtime.evaluate({ replMode: true, awaitPromise: true })`; empty when there are errors. */
  javascript: string;
  /** Source map (JSON) from `javascript` to the student's text. */
  sourceMap: string;
  /** The text of a file that takes the place of the cell's, by `%load`; all positions are in it. */
  loaded?: string;
  /** For the user: the types of the cell could not be checked, and why. */
  remark?: string;
  /** The JavaScript installs packages and no more: once it has run, ask again with `installed`. */
  goesOn?: true;
}

export interface CompletionMatch {
  text: string;
  /** What Jupyter shows beside it: `function`, `class`, `property`, `module`, `keyword` … */
  type: string;
}

export interface Completions {
  matches: CompletionMatch[];
  /** The replaced range, in UTF-16 units (see `cursor.ts` for Jupyter's code points). */
  start: number;
  end: number;
}

export interface Inspection {
  found: boolean;
  markdown: string;
  text: string;
}

export interface Completeness {
  status: "complete" | "incomplete" | "invalid" | "unknown";
  /** What the next line starts with; only for `incomplete`. */
  indent?: string;
}

export interface Language {
  /** Checks and translates a cell. A cell without errors is remembered, whatever happens when it runs. */
  check(request: CheckRequest): Promise<Checked>;
  complete(code: string, cursor: number): Promise<Completions>;
  inspect(code: string, cursor: number, detailLevel: number): Promise<Inspection>;
  isComplete(code: string): Promise<Completeness>;
  /** Settles when the first check will be fast; asking earlier is fine. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export interface LanguageOptions {
  /** The notebook's folder: relative imports and packages are looked for from here. */
  directory: string;
  /**
   * What every cell knows: the absolute path of the module that exports it (without extension), and the names of the
   * values, or all that its types export.
   */
  preload?: { module: string; names?: readonly string[] };
}

/** What travels to the Worker and back; every call but `close` is one request and one answer. */
export interface LanguageCalls {
  warm: { arguments: []; answer: null };
  check: { arguments: [CheckRequest]; answer: Checked };
  complete: { arguments: [string, number]; answer: Completions };
  inspect: { arguments: [string, number, number]; answer: Inspection };
  isComplete: { arguments: [string]; answer: Completeness };
}

export type LanguageRequest = {
  [Call in keyof LanguageCalls]: { id: number; call: Call; arguments: LanguageCalls[Call]["arguments"] };
}[keyof LanguageCalls];

export interface LanguageResponse {
  id: number;
  answer?: LanguageCalls[keyof LanguageCalls]["answer"];
  failure?: string;
}

interface Waiting {
  resolve(answer: LanguageCalls[keyof LanguageCalls]["answer"]): void;
  reject(reason: Error): void;
}

/** Starts the language Worker; returns at once. */
export function startLanguage(options: LanguageOptions): Language {
  const file = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);
  // Without limits V8 lets garbage of the size of several programs lie; what is needed stays under 150 MB.
  const resourceLimits = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 16 };
  const worker = new Worker(file, {
    name: "language",
    workerData: options,
    resourceLimits,
    stdout: true,
    stderr: true,
  });
  // What compilers print is for nobody.
  worker.stdout.resume();
  worker.stderr.resume();
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let failed: Error | null = null;

  function fail(reason: Error): void {
    failed ??= reason;
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  }
  worker.on("message", ({ id, answer, failure }: LanguageResponse) => {
    const request = waiting.get(id);
    waiting.delete(id);
    if (failure !== undefined) request?.reject(new Error(failure));
    else request?.resolve(answer ?? null);
  });
  worker.on("error", (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.on("exit", () => fail(new Error("the language service has ended")));

  function ask<Call extends keyof LanguageCalls>(
    call: Call,
    ...parameters: LanguageCalls[Call]["arguments"]
  ): Promise<LanguageCalls[Call]["answer"]> {
    return new Promise((resolve, reject) => {
      if (failed) return reject(failed);
      const id = nextId++;
      waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      worker.postMessage({ id, call, arguments: parameters });
    });
  }

  const ready = ask("warm").then(() => undefined);
  ready.catch(() => undefined);
  return {
    ready,
    check: (request) => ask("check", request),
    complete: (code, cursor) => ask("complete", code, cursor),
    inspect: (code, cursor, detailLevel) => ask("inspect", code, cursor, detailLevel),
    isComplete: (code) => ask("isComplete", code),
    async close() {
      fail(new Error("the language service is closed"));
      await worker.terminate();
    },
  };
}
