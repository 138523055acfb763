// Whether the kernel ended as it was told to. A kernel that crashes cannot say so; but Jupyter starts another one with the
// same connection file, and deletes that file when it needs no kernel any more. So what the next one has to know stands in
// the connection file, under a name that no one else reads, and nothing is left behind.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { gigabytes, machineMemory } from "./memory.ts";

/** The state of a kernel that runs; absent from the file before and after. */
interface Note {
  pid: number;
  /** What it was doing: `cell 3`, or null at rest. */
  cell: string | null;
  /** Bytes that the process held. */
  memory: number;
}

/** Of all memory, what a process that ran out of it held at the least when it was last looked at. */
const nearlyAll = 0.7;

export class Lifetime {
  /** For the user, where the kernel before this one ended without being told to; else null. */
  readonly lost: string | null;
  readonly #fields: Record<string, unknown>;
  #file: number | null = null;
  #length = 0;
  #note: Note = { pid: process.pid, cell: null, memory: 0 };

  /** `connectionFile` is one that `readConnection` has accepted. Where it cannot be written, nothing is noted. */
  constructor(connectionFile: string) {
    const text = readFileSync(connectionFile, "utf8");
    const { nnlab, ...fields } = JSON.parse(text) as Record<string, unknown>;
    this.#fields = fields;
    this.#length = Buffer.byteLength(text);
    this.lost = isNote(nnlab) ? whatWasLost(nnlab) : null;
    try {
      this.#file = openSync(connectionFile, "r+");
    } catch {
      return;
    }
    this.#write({ ...fields, nnlab: this.#note });
  }

  /** Notes what runs from now on. */
  runs(cell: string | null): void {
    this.#change({ ...this.#note, cell });
  }

  holds(memory: number): void {
    this.#change({ ...this.#note, memory });
  }

  /** The kernel is about to end because it was told to. */
  ends(): void {
    this.#write(this.#fields);
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #change(note: Note): void {
    this.#note = note;
    this.#write({ ...this.#fields, nnlab: note });
  }

  /** In one write over what is there, filled up with blanks: who reads at that moment finds the old or the new, whole. */
  #write(fields: Record<string, unknown>): void {
    if (this.#file === null) return;
    const text = JSON.stringify(fields, null, 2);
    this.#length = Math.max(this.#length, Buffer.byteLength(text));
    const padding = " ".repeat(this.#length - Buffer.byteLength(text));
    try {
      writeSync(this.#file, text + padding, 0);
    } catch {
      // A full disk: the file keeps what it held.
    }
  }
}

function isNote(value: unknown): value is Note {
  if (typeof value !== "object" || value === null) return false;
  const { cell, memory } = value as Record<string, unknown>;
  return (cell === null || typeof cell === "string") && typeof memory === "number";
}

function whatWasLost({ cell, memory }: Note): string {
  const doing = cell === null ? "while no cell was running" : `while ${cell} was running`;
  const machine = machineMemory();
  const why =
    memory > nearlyAll * machine
      ? `it held ${gigabytes(memory)} of this machine's ${gigabytes(machine)} of memory, so it has likely run out of it`
      : "a crash in native code, a lack of memory, or a kill from outside";
  return (
    `The kernel ended unexpectedly ${doing} (${why}) and was started anew: ` +
    "all variables and imports are gone. Run the cells again from the top.\n"
  );
}
