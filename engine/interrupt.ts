/** Stopping a computation between two operations: whoever runs the engine sets a flag, the next operation throws. */
import { InterruptError } from "./errors.ts";

let flag: Int32Array | null = null;

let isLeftover: (() => boolean) | null = null;

/** How many `undivided` calls are under way, one within the other. */
let undividedCalls = 0;

/**
 * Watch `flag[0]` (on a SharedArrayBuffer, so that another thread can set it), or nothing. 1 makes the next operation throw,
 * 2 makes every operation throw until it is set back.
 */
export function setInterruptFlag(watched: Int32Array | null): void {
  flag = watched;
}

/**
 * Throws an InterruptError if the flag is set, and clears it when it is 1, so that `finally` blocks may compute.
 * Every operation calls it; long loops of plain TypeScript may too.
 */
export function checkInterrupt(): void {
  if (flag === null || undividedCalls > 0) return;
  if (Atomics.load(flag, 0) !== 0) Atomics.compareExchange(flag, 0, 1, 0);
  else if (isLeftover === null || !isLeftover()) return;
  throw new InterruptError("Interrupted: the computation was stopped between two operations.");
}

/** From now on code for which `check` holds is stopped at every operation: what is left of a cell that was interrupted. */
export function stopLeftovers(check: () => boolean): void {
  isLeftover = check;
}

/** Runs `body`, which must be done whole or not at all: an interrupt that is set already throws first, one that comes waits. */
export function undivided<Result>(body: () => Result): Result {
  checkInterrupt();
  undividedCalls++;
  try {
    return body();
  } finally {
    undividedCalls--;
  }
}

/** Whether an `undivided` body runs: who terminates code from outside, without its `finally` blocks, waits for its end. */
export function isUndivided(): boolean {
  return undividedCalls > 0;
}

/** Says that no `undivided` body runs any more, though none has ended. */
export function resetUndivided(): void {
  undividedCalls = 0;
}
