// Interrupts as the main thread sees them: the flag that the protocol thread sets when a cell shall stop, the error that
// the cell then meets, and what is to be put right when V8 ended a cell without running its `finally` blocks.

import { performance } from "node:perf_hooks";
import { type Cell, currentCell } from "./cell.ts";
import { interruptFailure, interruptName, StopFlag } from "./messages.ts";

/** What an interrupt throws into a cell, where the cell lets itself be stopped: at an await, a print, a question. */
export class InterruptedError extends Error {
  override name: string = interruptName;

  /** `site`: the stack's lines, where the cell has been stopped somewhere else than here. */
  constructor(site?: string) {
    super(interruptFailure().evalue);
    if (site !== undefined) this.stack = `${this.name}: ${this.message}\n${site}`;
  }
}

let flag: Int32Array | null = null;

/** Called once, before anything that computes is loaded. */
export function provideInterruptFlag(provided: Int32Array): void {
  flag = provided;
}

/** Slot 0 is not 0 while the running cell shall stop; null outside the kernel. */
export function interruptFlag(): Int32Array | null {
  return flag;
}

/** Throws if the running cell shall stop; as a rule once, so that its `finally` blocks may print and compute. */
export function checkInterrupt(): void {
  if (flag === null || Atomics.load(flag, 0) === StopFlag.none) return;
  Atomics.compareExchange(flag, 0, StopFlag.once, StopFlag.none);
  throw new InterruptedError();
}

/** Says that the running cell meets an error of the interrupt already: what it does then may print and compute. */
export function delivered(): void {
  if (flag !== null) Atomics.compareExchange(flag, 0, StopFlag.once, StopFlag.none);
}

/** What the engine, which is loaded later, has to say about terminating code. */
export interface Recovery {
  /** Whether the code that runs now must not be stopped halfway: an optimiser is changing the parameters. */
  isUndivided(): boolean;
  /** Stops code for which `check` holds at its next operation. */
  stopLeftovers(check: () => boolean): void;
  /** Puts right what `finally` blocks would have. */
  recover(): void;
}

let recovery: Recovery = {
  isUndivided: () => false,
  stopLeftovers: () => undefined,
  recover: () => undefined,
};

/** Called by what is loaded into the kernel. */
export function onTermination(provided: Recovery): void {
  recovery = provided;
}

/** Says that the running cell was terminated. */
export function terminated(): void {
  recovery.recover();
}

/** Says that a cell was interrupted of which asynchronous functions may be left; `check` knows them when they run. */
export function leftBehind(check: () => boolean): void {
  recovery.stopLeftovers(check);
}

/** What the protocol thread learns before it terminates: "idle" when no code runs that could be. */
export type Look = "idle" | "running" | "undivided";

/** More frames than errors show: those of the engine and of a deep recursion come before the cell's. */
const deepestStack = 400;

let stopSite: string | null = null;
let stoppedCell: Cell | null = null;

/**
 * The protocol thread has V8 call this in the middle of whatever runs (through the inspector, which interrupts loops,
 * regular expressions and `Atomics.wait`): below this function's own frames lie those of the code that does not stop.
 */
export function look(): Look {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = deepestStack;
  const here: { stack?: string } = {};
  Error.captureStackTrace(here, look);
  const [, ...frames] = String(here.stack).split("\n");
  Error.stackTraceLimit = stackTraceLimit;
  // The first frame is the inspector's expression that calls `look`.
  if (frames.length < 2) return hasIdled() ? "idle" : "running";
  if (recovery.isUndivided()) return "undivided";
  stopSite = frames.slice(1).join("\n");
  stoppedCell = currentCell();
  return "running";
}

let idleMilliseconds = 0;

/**
 * Whether the event loop has waited for anything since this was asked last. Microtasks that start one another keep it
 * from that, and V8 may interrupt them between two, when none of them is on the stack.
 */
function hasIdled(): boolean {
  const before = idleMilliseconds;
  idleMilliseconds = performance.eventLoopUtilization().idle;
  return idleMilliseconds > before;
}

/** Whether code is being ended, or has been, since the site was taken last. */
export function isTerminating(): boolean {
  return stopSite !== null;
}

/** The cell that is being ended, or of which something has been, since the site was taken last. */
export function terminatedCell(): Cell | null {
  return stopSite === null ? null : stoppedCell;
}

/** Where the code was of which `look` was called last; once. */
export function takeStopSite(): string | null {
  const site = stopSite;
  stopSite = null;
  stoppedCell = null;
  return site;
}
