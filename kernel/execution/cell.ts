// Which cell does the code that runs right now belong to? Output of a timer that a cell has left behind, long after
// the next cell began, is shown with the cell that started it.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Waiting } from "./awaits.ts";
import type { InterruptedError } from "./interrupt.ts";
import type { Failure } from "./messages.ts";

/** One execution of a cell, on the main thread. */
export interface Cell {
  /** Unique in this kernel; 0 is what belongs to no cell. */
  readonly id: number;
  readonly name: string;
  readonly executionCount: number;
  readonly allowStdin: boolean;
  /** Interrupted for good: what is left of it must not print or continue. */
  abandoned: boolean;
  /** Has replied. */
  settled: boolean;
  /** Errors outside the cell's own flow: of timers, and of promises nobody awaits. */
  failures: number;
  /** Undo what keeps this cell's code alive: its timers. */
  readonly cleanups: Set<() => void>;
  /** Where its top level awaits something, or did last. */
  waiting: Waiting | null;
  /** Ends its sleeps with an error. */
  readonly sleeps: Set<(end: (site: string) => InterruptedError) => void>;
  /** Displays that are still being made. */
  readonly displays: Set<Promise<void>>;
  /** What is to be done once its code has ended, before the reply. */
  readonly endings: Set<() => void>;
  /** Who wants to know that its code was terminated, since no `catch` of theirs will. */
  readonly stops: Set<(failure: Failure) => void>;
}

export function createCell(
  id: number,
  name: string,
  options: { executionCount: number; allowStdin: boolean },
): Cell {
  return {
    id,
    name,
    ...options,
    abandoned: false,
    settled: false,
    failures: 0,
    cleanups: new Set(),
    waiting: null,
    sleeps: new Set(),
    displays: new Set(),
    endings: new Set(),
    stops: new Set(),
  };
}

const nobody = createCell(0, "nnlab", { executionCount: 0, allowStdin: false });

// Before Node 24, AsyncLocalStorage is built on async_hooks, and V8 aborts the process when a timer's endless loop is
// terminated while a hook is enabled. There, everything is counted to the latest cell.
const storage = Number(process.versions.node.split(".")[0]) >= 24 ? new AsyncLocalStorage<Cell>() : undefined;

let latest = nobody;

/** The cell to which the running code belongs. */
export function currentCell(): Cell {
  return storage?.getStore() ?? latest;
}

/** Runs `body` and everything that it starts as part of `cell`. */
export function runInCell<Result>(cell: Cell, body: () => Result): Result {
  latest = cell;
  return storage ? storage.run(cell, body) : body();
}
