/**
 * The main thread's side of the compute threads. Threads are started by a function that the platform gives; they are asked
 * for work by words in shared memory (`protocol.ts`).
 */
import {
  CLOSED,
  type Compute,
  DONE,
  GENERATION,
  KERNEL,
  MAIN_WAITS,
  OPEN,
  SLEEPERS,
  SLICES,
  sliceWord,
  spin,
  stamp,
  stateOf,
  TAKEN,
} from "./protocol.ts";

/** Starts the thread that computes `slice` of every task; calls `ended` when it has ended. Returns a way to end it. */
export type StartThread = (slice: number, ended: () => void) => () => void;

export interface PoolOptions {
  readonly threads: number;
  readonly control: Int32Array;
  /** Computes a slice on the main thread. */
  readonly compute: Compute;
  readonly startThread: StartThread;
  /** For how long a taken slice is waited for, at the least, before its thread is given up (milliseconds). */
  readonly patience?: number;
}

const WAIT_MILLISECONDS = 20;
const MAXIMUM_RESTARTS = 8;

export class Pool {
  readonly threads: number;
  /** A task was begun and not ended: it was interrupted, and threads may still be writing. See `settle`. */
  inFlight = false;
  readonly #control: Int32Array;
  readonly #compute: Compute;
  readonly #startThread: StartThread;
  readonly #patience: number;
  readonly #stops: ((() => void) | null)[];
  #running = 0;
  #starts = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.threads = options.threads;
    this.#control = options.control;
    this.#compute = options.compute;
    this.#startThread = options.startThread;
    this.#patience = options.patience ?? 10_000;
    this.#stops = new Array(options.threads).fill(null);
  }

  /**
   * Computes all slices of the task that lies in memory. `repeatable` says that a slice may be computed twice (it only
   * writes what it does not read).
   */
  run(kernel: number, slices: number, repeatable: boolean): void {
    if (slices <= 1) {
      this.#compute(kernel, 0, 1);
      return;
    }
    if (this.inFlight) this.settle();
    if (this.#running < this.threads - 1) this.#startMissing();
    const control = this.#control;
    const generation = (control[GENERATION]! + 1) & 0x0fff_ffff;
    const begun = performance.now();
    this.inFlight = true;
    control[KERNEL] = kernel;
    control[SLICES] = slices;
    for (let slice = 1; slice < slices; slice++)
      Atomics.store(control, sliceWord(slice), stamp(generation, OPEN));
    Atomics.store(control, GENERATION, generation);
    if (Atomics.load(control, SLEEPERS) !== 0) Atomics.notify(control, GENERATION);

    this.#compute(kernel, 0, slices);
    const open = stamp(generation, OPEN);
    const done = stamp(generation, DONE);
    for (let slice = 1; slice < slices; slice++) {
      if (Atomics.compareExchange(control, sliceWord(slice), open, done) === open)
        this.#compute(kernel, slice, slices);
    }
    const patience = Math.max(this.#patience, 10 * (performance.now() - begun));
    for (let slice = 1; slice < slices; slice++) {
      if (Atomics.load(control, sliceWord(slice)) === done) continue;
      if (this.#awaitSlice(slice, patience)) continue;
      if (!repeatable && stateOf(Atomics.load(control, sliceWord(slice))) !== DONE) {
        Atomics.store(control, sliceWord(slice), stamp(generation, CLOSED));
        this.inFlight = false;
        throw new Error(
          "a compute thread stopped in the middle of an operation; what the operation wrote is not valid",
        );
      }
      Atomics.store(control, sliceWord(slice), done);
      this.#compute(kernel, slice, slices);
    }
    this.inFlight = false;
  }

  /** Waits until no thread works on an interrupted task any more, and closes what none has taken. */
  settle(): void {
    const control = this.#control;
    for (let slice = 1; slice < this.threads; slice++) {
      const word = sliceWord(slice);
      const seen = Atomics.load(control, word);
      if (stateOf(seen) === OPEN && Atomics.compareExchange(control, word, seen, CLOSED) === seen) continue;
      if (!this.#awaitSlice(slice, this.#patience)) Atomics.store(control, word, CLOSED);
    }
    this.inFlight = false;
  }

  /** Ends the threads. The pool then computes every slice on the main thread. */
  close(): void {
    this.#closed = true;
    for (const [slice, stop] of this.#stops.entries()) {
      stop?.();
      this.#stops[slice] = null;
    }
  }

  #startMissing(): void {
    if (this.#closed || this.#starts >= this.threads - 1 + MAXIMUM_RESTARTS) return;
    for (let slice = 1; slice < this.threads; slice++) {
      if (this.#stops[slice] !== null) continue;
      this.#starts++;
      this.#running++;
      let ended = false;
      this.#stops[slice] = this.#startThread(slice, () => {
        if (ended) return;
        ended = true;
        this.#running--;
        this.#stops[slice] = null;
      });
    }
  }

  /** Waits for a taken slice; false when its thread failed, or gave no sign of life for `patience` milliseconds. */
  #awaitSlice(slice: number, patience: number): boolean {
    const control = this.#control;
    const word = sliceWord(slice);
    const isOver = () => stateOf(Atomics.load(control, word)) !== TAKEN;
    if (!spin(isOver)) {
      Atomics.store(control, MAIN_WAITS, 1);
      // Counted in naps, not by the clock: a machine that was suspended has not waited.
      for (let nap = 0; ; nap++) {
        const seen = Atomics.load(control, word);
        if (stateOf(seen) !== TAKEN) break;
        if (nap * WAIT_MILLISECONDS >= patience) {
          this.#stops[slice]?.();
          break;
        }
        Atomics.wait(control, word, seen, WAIT_MILLISECONDS);
      }
      Atomics.store(control, MAIN_WAITS, 0);
    }
    const state = stateOf(Atomics.load(control, word));
    return state === DONE || state === CLOSED;
  }
}
