// Stops what the main thread does, in two stages: first a flag at which prints and engine operations throw, and errors
// for what the cell awaits, so that `finally` runs; then, if that did not help, V8 ends whatever code is running.

import { type Runtime, Session } from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";
import { cellToolsName } from "../execution/cell-names.ts";
import type { Look } from "../execution/interrupt.ts";
import { Input, Signal, StopFlag } from "../execution/messages.ts";
import { interruptChildren } from "./processes.ts";

/** How long code may take to stop by itself. */
const graceMilliseconds = 300;
/** How long V8 and the event loop may take after that, each time. */
const responseMilliseconds = 200;
/** Code that resists - native code - is given up after this long; idle must come within 4 seconds. */
const givenUpMilliseconds = 2500;
/** How often an optimiser's step is looked at again that must not be stopped halfway. */
const stepMilliseconds = 10;

export interface Target {
  /** Asks the main thread's event loop for a sign of life. */
  ping(): Promise<void>;
  /** Has what the running cell awaits throw. */
  ask(): void;
  /** Tells the main thread to give the running cell up. */
  abandon(): void;
  /** Settles when no cell is running any more; at once when none is. */
  settled(): Promise<void>;
  /** The cell does not stop: it must be answered without the main thread. */
  giveUp(): void;
}

export class Interrupter {
  readonly #signals: Int32Array<SharedArrayBuffer>;
  #session: Session | null = null;
  #inProgress: Promise<void> | null = null;
  /** Settles when V8 has done what `stop` asked for; null when nothing is left to do. */
  #stopping: Promise<void> | null = null;
  /** Settles when a main thread that was given up is free again. */
  #blocked: Promise<void> | null = null;

  constructor(signals: Int32Array<SharedArrayBuffer>) {
    this.#signals = signals;
  }

  /** Takes some time to connect, so it is done before it is needed. */
  connect(): void {
    if (this.#session) return;
    this.#session = new Session();
    this.#session.connectToMainThread();
  }

  /** Node waits for connected sessions before it ends. */
  disconnect(): void {
    this.#session?.disconnect();
    this.#session = null;
  }

  /** The flag of an interrupt that came too late for one cell must not stop the next. */
  clear(): void {
    Atomics.store(this.#signals, Signal.interrupt, StopFlag.none);
  }

  /**
   * Settles when no interrupt is at work, and no code that resisted one: before that, a cell that starts could be hit by
   * what was meant for the last.
   */
  async over(): Promise<void> {
    await this.#inProgress;
    await this.#blocked;
  }

  /** Whether code that starts now could be hit; see `over`. */
  get atWork(): boolean {
    return this.#inProgress !== null || this.#blocked !== null;
  }

  /**
   * Settles when the main thread is free again, or given up. A second interrupt joins the first. `urgent` says that there
   * is no time to let the code that runs stop by itself.
   */
  interrupt(target: Target, urgent = false): Promise<void> {
    this.#inProgress ??= this.#interrupt(target, urgent).finally(() => {
      this.#inProgress = null;
    });
    return this.#inProgress;
  }

  async #interrupt(target: Target, urgent: boolean): Promise<void> {
    const started = performance.now();
    Atomics.store(this.#signals, Signal.interrupt, StopFlag.once);
    Atomics.store(this.#signals, Signal.input, Input.interrupted);
    Atomics.notify(this.#signals, Signal.input);
    target.ask();

    if (urgent) await this.#stop();
    const settled = target.settled();
    const answered = within(target.ping(), graceMilliseconds);
    const ended = await within(settled, graceMilliseconds);
    let free = (await answered) && this.#stopping === null;
    if (!(ended && free)) {
      Atomics.store(this.#signals, Signal.interrupt, StopFlag.always);
      for (;;) {
        if (performance.now() - started > givenUpMilliseconds) {
          this.#blocked ??= this.#waitUntilFree(target);
          target.giveUp();
          return;
        }
        if (!free) await this.#stop();
        free = await this.#isFree(target, responseMilliseconds);
        if (!free) continue;
        if (await within(settled, 0)) break;
        // The cell awaits something, and no code runs that could be terminated: it would hit our own.
        target.abandon();
        if (await within(settled, responseMilliseconds)) break;
      }
    }
    this.clear();
  }

  /** Has V8 end the JavaScript that is running. What runs in native code ends when it comes back, or with its children. */
  async #stop(): Promise<void> {
    if (this.#stopping) interruptChildren();
    this.#stopping ??= this.#terminate().finally(() => {
      this.#stopping = null;
    });
    await within(this.#stopping, responseMilliseconds);
  }

  /** Settles when it has been done; the main thread notes where the code was. */
  async #terminate(): Promise<void> {
    for (;;) {
      const state = await this.#look();
      if (state === "idle") return;
      if (state !== "undivided") break;
      await sleep(stepMilliseconds);
    }
    await new Promise<void>((resolve) => this.#session?.post("Runtime.terminateExecution", () => resolve()));
  }

  #look(): Promise<Look> {
    this.connect();
    const expression = `globalThis.${cellToolsName}.look()`;
    return new Promise((resolve) =>
      this.#session?.post(
        "Runtime.evaluate",
        { expression, returnByValue: true, silent: true },
        // Where the stack is full there is no room to look; it can be stopped all the same.
        (_error, reply?: Runtime.EvaluateReturnType) => resolve(reply?.result.value ?? "running"),
      ),
    );
  }

  /** Whether the main thread's event loop turns, and no termination is left that could hit the next cell. */
  async #isFree(target: Target, milliseconds: number): Promise<boolean> {
    if (this.#stopping) return false;
    // Twice: ticks that were left over run between one message and the next.
    for (let turn = 0; turn < 2; turn++) if (!(await within(target.ping(), milliseconds))) return false;
    return true;
  }

  async #waitUntilFree(target: Target): Promise<void> {
    do await this.#stopping;
    while (!(await this.#isFree(target, givenUpMilliseconds)));
    target.abandon();
    this.clear();
    this.#blocked = null;
  }
}

/** Whether `promise` settles in time. */
function within(promise: Promise<void>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  return Promise.race([
    promise.then(() => true),
    sleep(milliseconds, false, { signal: timer.signal }).catch(() => false),
  ]).finally(() => timer.abort());
}
