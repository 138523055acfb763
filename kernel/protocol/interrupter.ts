// Stops what the main thread does, in two stages: first a flag at which engine operations throw, so that `finally`
// runs and the traceback says where; then, if that did not help, V8 ends whatever code is running.

import { Session } from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";
import { Input, Signal } from "../execution/messages.ts";
import { interruptChildren } from "./processes.ts";

/** How long code may take to stop by itself. */
const graceMilliseconds = 300;
/** How long V8 and the event loop may take after that, each time. */
const responseMilliseconds = 200;
/** Code that resists - native code - is given up after this long; idle must come within 4 seconds. */
const givenUpMilliseconds = 2500;

export interface Target {
  /** Asks the main thread's event loop for a sign of life. */
  ping(): Promise<void>;
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
  /** Settles when V8 has done what `terminate` asked for; null when nothing is left to do. */
  #terminated: Promise<void> | null = null;

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
    Atomics.store(this.#signals, Signal.interrupt, 0);
  }

  /** Settles when no interrupt is at work: before that, a cell that starts could be hit by what was meant for the last. */
  async over(): Promise<void> {
    await this.#inProgress;
  }

  /** Settles when the main thread is free again. A second interrupt joins the first. */
  interrupt(target: Target): Promise<void> {
    this.#inProgress ??= this.#interrupt(target).finally(() => {
      this.clear();
      this.#inProgress = null;
    });
    return this.#inProgress;
  }

  async #interrupt(target: Target): Promise<void> {
    const started = performance.now();
    Atomics.store(this.#signals, Signal.interrupt, 1);
    Atomics.store(this.#signals, Signal.input, Input.interrupted);
    Atomics.notify(this.#signals, Signal.input);

    const settled = target.settled();
    const answered = within(target.ping(), graceMilliseconds);
    if ((await within(settled, graceMilliseconds)) && (await answered)) return;

    let resists = false;
    while (performance.now() - started < givenUpMilliseconds) {
      if (await this.#isFree(target)) {
        if (await within(settled, 0)) return;
        // The cell awaits something, and no code runs that could be terminated: it would hit our own.
        target.abandon();
        await within(settled, responseMilliseconds);
      } else {
        if (resists) interruptChildren();
        resists = true;
        this.#terminate();
      }
    }
    target.giveUp();
  }

  /** Ends the JavaScript that is running, or else that runs next; once, until V8 says that it has been done. */
  #terminate(): void {
    this.connect();
    this.#terminated ??= new Promise((resolve) =>
      this.#session?.post("Runtime.terminateExecution", () => {
        this.#terminated = null;
        resolve();
      }),
    );
  }

  /** Whether the main thread's event loop turns, and no termination is left that could hit the next cell. */
  async #isFree(target: Target): Promise<boolean> {
    if (this.#terminated && !(await within(this.#terminated, responseMilliseconds))) return false;
    // Twice: ticks that were left over run between one message and the next.
    for (let turn = 0; turn < 2; turn++)
      if (!(await within(target.ping(), responseMilliseconds))) return false;
    return true;
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
