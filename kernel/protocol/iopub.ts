// IOPub keeps messages for front ends that read slowly, in a bounded part of the memory. When that is full, the cell that
// shows things waits; a front end that takes nothing at all is not waited for: what it misses is dropped, and counted.

import { setTimeout as sleep } from "node:timers/promises";
import type { XPublisher } from "zeromq";
import { fromEnvironment } from "./settings.ts";

/** How much may wait for each front end. */
const budgetBytes = fromEnvironment("NNLAB_UNREAD_MB", 64) * 1e6;
/** How long a front end may take nothing while everything waits for it. */
const patienceMilliseconds = fromEnvironment("NNLAB_UNREAD_SECONDS", 5) * 1000;
const retryMilliseconds = 5;
/** What ZeroMQ needs for a message, besides its bytes. */
const overheadBytes = 1000;

/** Of the messages that were sent last, how many fit into `budget`: no more may wait in ZeroMQ, which counts messages. */
export class Window {
  readonly #budget: number;
  readonly #sizes: number[] = [];
  #first = 0;
  #sum = 0;

  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Counts a message in, and returns how many may wait: a power of two, so that it changes seldom; 1 at least. */
  add(bytes: number): number {
    this.#sizes.push(bytes + overheadBytes);
    this.#sum += bytes + overheadBytes;
    const most = this.#budget / overheadBytes;
    let fits = most;
    while (this.#sum > this.#budget && this.#first < this.#sizes.length - 1)
      this.#sum -= this.#sizes[this.#first++]!;
    if (this.#first > 0) fits = this.#sizes.length - this.#first;
    if (this.#first > most) this.#sizes.splice(0, this.#first - 1);
    if (this.#first > most) this.#first = 1;
    return 2 ** Math.floor(Math.log2(Math.max(1, Math.min(fits, most))));
  }
}

export class BoundedPublisher {
  readonly #socket: XPublisher;
  readonly #missed: (count: number) => void;
  readonly #window = new Window(budgetBytes);
  #limit = 0;
  #dropped = 0;
  #patience = patienceMilliseconds;

  /** `missed` is told how many messages some front end did not get, once it reads again. */
  constructor(socket: XPublisher, missed: (count: number) => void) {
    this.#socket = socket;
    this.#missed = missed;
    // A full queue is an error then (EAGAIN, of a message as a whole) instead of a silent loss.
    this.#socket.noDrop = true;
  }

  /** Nobody is waited for any longer than that. */
  hurry(milliseconds: number): void {
    this.#patience = milliseconds;
  }

  async send(frames: Buffer[]): Promise<void> {
    const limit = this.#window.add(frames.reduce((sum, { length }) => sum + length, 0));
    if (limit !== this.#limit) {
      this.#socket.sendHighWaterMark = limit;
      this.#limit = limit;
    }
    const started = performance.now();
    while (!(await this.#sent(frames))) {
      if (this.#dropped === 0 && performance.now() - started < this.#patience) {
        await sleep(retryMilliseconds);
        continue;
      }
      // Those who read get it.
      this.#dropped++;
      this.#socket.noDrop = false;
      try {
        await this.#socket.send(frames);
      } finally {
        this.#socket.noDrop = true;
      }
      return;
    }
    if (this.#dropped === 0) return;
    const count = this.#dropped;
    this.#dropped = 0;
    this.#missed(count);
  }

  /** Whether every front end's queue had room. */
  async #sent(frames: Buffer[]): Promise<boolean> {
    try {
      await this.#socket.send(frames);
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EAGAIN") return false;
      throw error;
    }
  }
}
