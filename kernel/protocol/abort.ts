// Which requests an error stops (`stop_on_error`): those that were sent before the front end could know of the error.

import type { Header } from "./wire.ts";

interface Failure {
  session: string;
  sentAt: number;
  /** How long it was in the kernel, by the kernel's clock. */
  milliseconds: number;
}

/**
 * Who waited for the reply must not be stopped: dates count whole milliseconds, and within a second two clocks differ by
 * less than another one.
 */
const marginMilliseconds = 2;
/** Cells that were sent together do not arrive later than this. */
const longestWindow = 1000;

/**
 * "Run all" sends every cell at once, and a type error answers within milliseconds, when half of the cells are
 * still under way; they must stop too. A request was sent too early to know of the error when, by the clock
 * of its own session, it was sent sooner after the failed one than that one took.
 */
export class AbortRule {
  #failure: Failure | null = null;

  failed(header: Header, milliseconds: number): void {
    this.#failure = { session: header.session, sentAt: Date.parse(header.date), milliseconds };
  }

  applies(header: Header): boolean {
    if (this.#failure?.session !== header.session) return false;
    const later = Date.parse(header.date) - this.#failure.sentAt;
    return later >= 0 && later < Math.min(this.#failure.milliseconds - marginMilliseconds, longestWindow);
  }
}
