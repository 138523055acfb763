/** Stopping a computation between two operations: whoever runs the engine sets a flag, the next operation throws. */
import { InterruptError } from "./errors.ts";

let flag: Int32Array | null = null;

/** Watch `flag[0]` (on a SharedArrayBuffer, so that another thread can set it), or nothing. */
export function setInterruptFlag(watched: Int32Array | null): void {
  flag = watched;
}

/**
 * Throws an InterruptError if the flag is set, and clears it, so that `finally` blocks may compute.
 * Every operation calls it; long loops of plain TypeScript may too.
 */
export function checkInterrupt(): void {
  if (flag !== null && Atomics.load(flag, 0) !== 0) {
    Atomics.store(flag, 0, 0);
    throw new InterruptError("Interrupted: the computation was stopped between two operations.");
  }
}
