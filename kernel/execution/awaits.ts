// What the code of a cell awaits, at its top level. An interrupt ends the waiting right there: the `await` throws, so
// `finally` runs, and the traceback has the line. (Translated cells call this; see language/awaits.ts.)

import { currentCell } from "./cell.ts";
import { cellToolsName } from "./cell-names.ts";
import { type InterruptedError, look } from "./interrupt.ts";
import { rejected, thrown } from "./thrown.ts";

/** Where the top level of a cell waits. It runs in sequence, so there is one such place at most. */
export interface Waiting {
  /** A line of a stack. */
  readonly site: string;
  reject(reason: InterruptedError): void;
}

/** `await value` becomes `await awaited(value, line, column)`. */
function awaited(value: unknown, line: number, column: number): unknown {
  if (typeof value !== "object" || value === null || !("then" in value)) return value;
  const cell = currentCell();
  return new Promise((resolve, reject) => {
    const site = `    at ${cell.name}:${line}:${column}`;
    cell.waiting = { site, reject };
    // `resolve` itself, not a function around it: V8 follows it from an error's place to who awaits.
    Promise.resolve(value).then(resolve, (reason) => {
      rejected(reason, site);
      reject(reason);
    });
  });
}

/** `for await (… of values)` becomes `for await (… of awaitedEach(values, line, column))`. */
function awaitedEach(values: unknown, line: number, column: number): unknown {
  if (typeof values !== "object" || values === null) return values;
  const start: unknown = Reflect.get(values, Symbol.asyncIterator);
  // The values of a list of promises are awaited by the language itself.
  if (typeof start !== "function") return values;
  return {
    [Symbol.asyncIterator]() {
      const iterator: AsyncIterator<unknown> = Reflect.apply(start, values, []);
      const next = iterator.next;
      return {
        next: () => awaited(Reflect.apply(next, iterator, []), line, column),
        return(value: unknown) {
          const end = iterator.return;
          return end ? Reflect.apply(end, iterator, [value]) : { done: true, value };
        },
      };
    },
  };
}

/** Makes what translated cells and interrupts call reachable for them. */
export function installCellTools(): void {
  const tools = Object.freeze({ awaited, awaitedEach, look, thrown });
  Object.defineProperty(globalThis, cellToolsName, { value: tools, configurable: true });
}
