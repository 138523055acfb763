/** A contender that runs in Node: reads what to do from its standard input, a line of JSON at a time, and answers likewise. */
import { createInterface } from "node:readline";
import type { Answer, Order, Task } from "./protocol.ts";

/** A task that is ready: the result of its first step, and the next ones. */
export interface Prepared {
  readonly result: number;
  step(): void;
}

export interface Side {
  describe(): string;
  /** Null where it cannot do the task. */
  prepare(task: Task): Prepared | null;
  /** Runs a step so many times and tells where the time went, where it can. */
  profile?(steps: number, step: () => void): Record<string, number>;
}

export async function serve({ describe, prepare, profile }: Side): Promise<void> {
  let step = (): void => {};
  const answer = (order: Order): Answer => {
    if (order.order === "describe") return { description: describe() };
    if (order.order === "prepare") {
      const prepared = prepare(order.task);
      if (prepared === null) return {};
      step = prepared.step;
      return { result: prepared.result };
    }
    if (order.order === "profile") return profile === undefined ? {} : { parts: profile(order.steps, step) };
    const used = process.cpuUsage();
    const start = performance.now();
    for (let i = 0; i < order.steps; i++) step();
    const milliseconds = (performance.now() - start) / order.steps;
    const { user, system } = process.cpuUsage(used);
    return { milliseconds, processorMilliseconds: (user + system) / 1000 / order.steps };
  };
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(answer(JSON.parse(line) as Order))}\n`);
}
