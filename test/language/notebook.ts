// A notebook for tests: the real language Worker in front of a real process that evaluates what it translates.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { Failure } from "../../kernel/execution/messages.ts";
import { type Diagnostic, type Language, startLanguage } from "../../kernel/language/language.ts";

export const preload = {
  module: fileURLToPath(new URL("./preload/names", import.meta.url)),
  names: ["nn", "tensor", "Tensor"],
};

/** A folder with `files`, removed by `removeFolder`. */
export function makeFolder(files: Record<string, string> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nnlab-language-")));
  writeFiles(folder, files);
  return folder;
}

export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export interface Ran {
  diagnostics: Diagnostic[];
  javascript: string;
  /** How `util.inspect` shows the cell's value. */
  value?: string;
  /** The MIME bundles that the cell's helpers showed. */
  shown?: Record<string, string>[];
  /** What the cell printed. */
  printed?: string;
  failure?: Failure;
  /** The failure's traceback, plain. */
  traceback?: string;
}

export class Notebook {
  readonly language: Language;
  readonly folder: string;
  /** What the process wrote to stderr. */
  stderr = "";
  #child: ChildProcess | null = null;
  #count = 0;

  constructor(files: Record<string, string> = {}) {
    this.folder = makeFolder(files);
    this.language = startLanguage({ directory: this.folder, preload });
  }

  /** What TypeScript says about a cell, as `TS2322 1:5`. */
  async problems(code: string): Promise<string[]> {
    const { diagnostics } = await this.#check(code);
    return diagnostics.map(({ code: number, line, column }) => `TS${number} ${line}:${column}`);
  }

  async run(code: string): Promise<Ran> {
    const { diagnostics, javascript, sourceMap, loaded = code } = await this.#check(code);
    if (diagnostics.length > 0) return { diagnostics, javascript };
    const child = await this.#process();
    child.send({ name: `cell ${this.#count}`, source: loaded, javascript, sourceMap });
    const [answer]: [{ value?: string; failure?: Failure }] = (await once(child, "message")) as [Ran];
    const traceback = stripVTControlCharacters(answer.failure?.traceback.join("\n") ?? "");
    return {
      diagnostics,
      javascript,
      ...answer,
      ...(answer.failure ? { traceback } : {}),
    };
  }

  /** The value of a cell that must run. */
  async value(code: string): Promise<string> {
    const { value, diagnostics, traceback } = await this.run(code);
    if (value === undefined)
      throw new Error(traceback ?? diagnostics.map(({ message }) => message).join("\n"));
    return value;
  }

  async close(): Promise<void> {
    this.#child?.kill();
    await this.language.close();
    removeFolder(this.folder);
  }

  #check(code: string) {
    this.#count++;
    return this.language.check({ code, cell: `cell ${this.#count}`, executionCount: this.#count });
  }

  async #process(): Promise<ChildProcess> {
    if (!this.#child) {
      const file = fileURLToPath(new URL("./run-cells.ts", import.meta.url));
      this.#child = fork(file, [this.folder], {
        cwd: this.folder,
        execArgv: [],
        stdio: ["ignore", "inherit", "pipe", "ipc"],
      });
      this.#child.stderr?.on("data", (chunk) => {
        this.stderr += chunk;
      });
      await once(this.#child, "message");
    }
    return this.#child;
  }
}
