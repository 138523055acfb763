// What was run in this kernel, for `history_request`. Kept in memory: every kernel process is one session, and nothing
// of what a student writes is left on the disk.

import { RequestError } from "./answers.ts";

/** `[session, line, input]`, or `[session, line, [input, output]]` where outputs are asked for. */
export type HistoryEntry = [number, number, string | [string, string | null]];

interface Entry {
  line: number;
  input: string;
  output: string | null;
}

/** This kernel's own session; the specification also calls it 0. */
const session = 1;

export class History {
  readonly #entries: Entry[] = [];

  add(line: number, input: string): void {
    this.#entries.push({ line, input, output: null });
  }

  setOutput(line: number, output: string): void {
    const entry = this.#entries.findLast((candidate) => candidate.line === line);
    if (entry) entry.output = output;
  }

  /** Answers a `history_request`'s content. */
  answer(request: Record<string, unknown>): HistoryEntry[] {
    const withOutput = request.output === true;
    return this.#select(request).map(({ line, input, output }) => [
      session,
      line,
      withOutput ? [input, output] : input,
    ]);
  }

  #select(request: Record<string, unknown>): Entry[] {
    switch (request.hist_access_type) {
      case "tail":
        return lastOf(this.#entries, integer(request.n));
      case "range": {
        const asked = integer(request.session) ?? 0;
        // Negative sessions count back from the present one; there are none before it.
        if (asked !== 0 && asked !== session) return [];
        const end = (this.#entries.at(-1)?.line ?? 0) + 1;
        // As in IPython, lines below 0 count from the end, and a stop of 0 means the end.
        const fromEnd = (line: number): number => (line < 0 ? line + end : line);
        const start = fromEnd(integer(request.start) ?? 1);
        const stop = fromEnd(integer(request.stop) || end);
        return this.#entries.filter(({ line }) => line >= start && line < stop);
      }
      case "search": {
        const matches = globPattern(typeof request.pattern === "string" ? request.pattern : "*");
        let found = this.#entries.filter(({ input }) => matches.test(input));
        if (request.unique === true) {
          const last = new Map(found.map((entry) => [entry.input, entry]));
          found = found.filter((entry) => last.get(entry.input) === entry);
        }
        return lastOf(found, integer(request.n));
      }
      default: {
        const got = JSON.stringify(request.hist_access_type) ?? "nothing";
        throw new RequestError(
          `history_request: hist_access_type must be "tail", "range" or "search", got ${got}`,
        );
      }
    }
  }
}

function integer(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) ? value : undefined;
}

function lastOf(entries: Entry[], count: number | undefined): Entry[] {
  if (count === undefined) return entries;
  return count > 0 ? entries.slice(-count) : [];
}

/**
 * `*` stands for any text, `?` for one character, `[ab]` and `[^ab]` for one of some, as in SQLite's GLOB, which
 * IPython uses.
 */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/\[(\^?)(\]?[^\]]*)\]|[*?]|[.+^${}()|[\]\\/]/g, (part, not, set) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (part.length === 1) return `\\${part}`;
    return `[${not}${set.replace(/[\\\]^]/g, "\\$&")}]`;
  });
  return new RegExp(`^${source}$`, "su");
}
