// What a cell's helpers do when it runs: `%time`, `%who`, `%reset`, `%install`, and what is only shown. The translator of
// cells (kernel/language/helper-calls.ts) writes the calls.

import { performance } from "node:perf_hooks";
import type { MimeBundle } from "../view/mime.ts";
import { type Cell, currentCell } from "./cell.ts";
import { helpersName } from "./cell-names.ts";
import { sweepGarbage } from "./garbage.ts";
import { describeVariable, formatBytes, formatDuration, table } from "./variables.ts";

interface Mark {
  wall: number;
  processor: NodeJS.CpuUsage;
}

export interface HelperParts {
  /** The notebook's folder. */
  directory: string;
  /** Shows a bundle below the running cell. */
  display(bundle: MimeBundle): void;
}

/** Makes the helpers known to translated cells. All names that are global by now survive `%reset`. */
export function installHelpers({ directory, display }: HelperParts): void {
  const marks = new WeakMap<Cell, Mark[]>();
  const globals = new Map(Object.entries(Object.getOwnPropertyDescriptors(globalThis)));

  const helpers = {
    /** A MIME bundle, as JSON. */
    show(data: string): void {
      display({ data: JSON.parse(data) });
    },

    print(text: string): void {
      console.log(text);
    },

    startTime(): void {
      const cell = currentCell();
      const open = marks.get(cell) ?? [];
      marks.set(cell, open);
      open.push({ wall: performance.now(), processor: process.cpuUsage() });
    },

    /** Prints how long it is since `startTime`; hands on the value of what was timed. */
    printTime<Value>(value: Value): Value {
      const now = performance.now();
      const mark = marks.get(currentCell())?.pop();
      if (!mark) return value;
      const { user, system } = process.cpuUsage(mark.processor);
      const pending = value instanceof Promise ? "; what was timed goes on: await it to time it whole" : "";
      console.log(
        `wall time ${formatDuration(now - mark.wall)}, processor ${formatDuration((user + system) / 1000)} in all threads${pending}`,
      );
      return value;
    },

    who(variables: Record<string, () => unknown>, types: readonly string[]): void {
      const rows = Object.entries(variables).map(([name, read]) => [name, ...describeVariable(read)]);
      for (const name of types) rows.push([name, "type", ""]);
      rows.sort(([a = ""], [b = ""]) => a.localeCompare(b));
      console.log(
        rows.length === 0 ? "You have declared no names yet." : table(["name", "type", "size"], rows),
      );
    },

    /** The bindings stay, since V8 keeps them; they hold what was preloaded by their name, or nothing. */
    reset(variables: Record<string, (value: unknown) => void>): void {
      for (const key of Object.keys(globalThis))
        if (!globals.has(key)) Reflect.deleteProperty(globalThis, key);
      for (const [key, original] of globals) {
        const current = Object.getOwnPropertyDescriptor(globalThis, key);
        if ("value" in original && current?.value !== original.value)
          Reflect.defineProperty(globalThis, key, original);
      }
      for (const [name, assign] of Object.entries(variables)) {
        try {
          assign(globals.get(name)?.value);
        } catch {
          // Its cell stopped before the declaration, so that there is nothing to forget.
        }
      }
      const freed = sweepGarbage();
      const count = Object.keys(variables).length;
      const memory = freed > 0 ? `; ${formatBytes(freed)} of tensors freed` : "";
      console.log(`${count === 1 ? "1 name" : `${count} names`} forgotten${memory}.`);
    },

    async install(packages: string): Promise<void> {
      const { installPackages } = await import("./packages.ts");
      await installPackages(packages.split(/\s+/).filter(Boolean), directory);
    },
  };
  Object.defineProperty(globalThis, helpersName, { value: helpers, configurable: true });
}
