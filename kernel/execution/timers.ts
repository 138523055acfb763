// Timers that know their cell, so that interrupting a cell stops `for (;;) { …; await sleep(100); }` and intervals.

import { createRequire, syncBuiltinESMExports } from "node:module";
import { promisify } from "node:util";
import { type Cell, currentCell } from "./cell.ts";

const require = createRequire(import.meta.url);

type Callback = (...args: unknown[]) => void;
type Start = (callback: Callback, ...rest: unknown[]) => object;
type Clear = (timer?: object | string | number | null) => void;

/** Replaces the global timer functions, and those of `node:timers` and `node:timers/promises`, for the user's code. */
export function installTimers(): void {
  const timers: Record<string, unknown> = require("node:timers");
  const promises: Record<string, unknown> = require("node:timers/promises");
  const cleanups = new WeakMap<object, () => void>();

  function trackStart(name: string, repeats: boolean, clear: Clear): void {
    const start = timers[name] as Start;
    const tracked = (callback: Callback, ...rest: unknown[]): object => {
      if (typeof callback !== "function") return start(callback, ...rest);
      const cell = currentCell();
      const stop = (): void => clear(timer);
      const once = (...args: unknown[]): void => {
        cell.cleanups.delete(stop);
        callback(...args);
      };
      const timer = start(repeats ? callback : once, ...rest);
      if (cell.abandoned) clear(timer);
      else {
        cell.cleanups.add(stop);
        cleanups.set(timer, () => cell.cleanups.delete(stop));
      }
      return timer;
    };
    Object.defineProperty(tracked, "name", { value: name });
    if (promisify.custom in start)
      Object.defineProperty(tracked, promisify.custom, { get: () => promises[name], enumerable: true });
    install(name, tracked);
  }

  function trackClear(name: string): Clear {
    const clear = timers[name] as Clear;
    const tracked: Clear = (timer) => {
      if (typeof timer === "object" && timer !== null) cleanups.get(timer)?.();
      clear(timer);
    };
    Object.defineProperty(tracked, "name", { value: name });
    install(name, tracked);
    return clear;
  }

  function install(name: string, value: unknown): void {
    timers[name] = value;
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  }

  trackStart("setTimeout", false, trackClear("clearTimeout"));
  trackStart("setInterval", true, trackClear("clearInterval"));
  trackStart("setImmediate", false, trackClear("clearImmediate"));

  for (const name of ["setTimeout", "setImmediate"]) {
    const start = promises[name] as (...args: unknown[]) => Promise<unknown>;
    promises[name] = function sleep(...args: unknown[]): Promise<unknown> {
      const here: { stack?: string } = {};
      Error.captureStackTrace(here, sleep);
      return untilInterrupted(currentCell(), here, start(...args));
    };
  }
  const interval = promises.setInterval as (...args: unknown[]) => AsyncIterable<unknown>;
  promises.setInterval = async function* (...args: unknown[]) {
    const cell = currentCell();
    for await (const value of interval(...args)) {
      if (cell.abandoned) return;
      yield value;
    }
  };
  syncBuiltinESMExports();
}

/**
 * The same promise, except that an interrupt rejects it with an error that has the place of the sleep, and that code which
 * awaits it in an abandoned cell is never continued.
 */
function untilInterrupted(
  cell: Cell,
  { stack }: { stack?: string },
  promise: Promise<unknown>,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const end = (error: (site: string) => Error): void => {
      const [, ...frames] = String(stack).split("\n");
      reject(error(frames.join("\n")));
    };
    if (!cell.settled) cell.sleeps.add(end);
    const over = (settle: (result: unknown) => void) => (result: unknown) => {
      cell.sleeps.delete(end);
      if (!cell.abandoned) settle(result);
    };
    promise.then(over(resolve), over(reject));
  });
}
