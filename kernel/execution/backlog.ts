// What the main thread has sent to the front end and the protocol thread could not hand on yet. Who sends waits when that
// is much: an endless loop that prints must not eat the memory.

import type { Cell } from "./cell.ts";
import { checkInterrupt } from "./interrupt.ts";
import { backlogCost, type PipePosition, Signal } from "./messages.ts";
import { pipePosition } from "./pipe.ts";

/** A fraction of a second's work for the protocol thread, so that an interrupt is not behind more. */
const fullBacklog = 4_000_000;
/** An interrupt is looked for so often. */
const waitMilliseconds = 100;

export class Backlog {
  readonly #signals: Int32Array<SharedArrayBuffer>;
  /** What stands before the next message at descriptor 1. */
  readonly position: () => PipePosition;

  constructor(signals: Int32Array<SharedArrayBuffer>) {
    this.#signals = signals;
    this.position = pipePosition(signals);
  }

  /** Counts what `cell` has just sent, and waits for its turn. Throws if the cell is interrupted meanwhile. */
  add(cell: Cell, text: string): void {
    const cost = backlogCost(text);
    let backlog = Atomics.add(this.#signals, Signal.backlog, cost) + cost;
    while (backlog > fullBacklog) {
      Atomics.wait(this.#signals, Signal.backlog, backlog, waitMilliseconds);
      // What cells have left behind goes on printing.
      if (!cell.settled) checkInterrupt();
      backlog = Atomics.load(this.#signals, Signal.backlog);
    }
  }
}
