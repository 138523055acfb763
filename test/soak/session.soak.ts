/** One long session, and many at once. */
import { expect, test } from "vitest";
import { resultText, TestKernel } from "../kernel/client.ts";
import { processorTime, residentMemory } from "../support/processes.ts";
import { figures, median, megabytes, rounds, seconds } from "./soak.ts";

/** What a notebook's cells do, over and over: the n-th of them. */
function cell(n: number): string {
  const kinds = [
    `const value${n % 50} = ${n}`,
    `function double${n % 20}(x: number) { return 2 * x; }`,
    `[${n}, 1].map((x) => x + 1)`,
    `console.log("line ${n}")`,
    "randn([64, 64]).matmul(randn([64, 64])).relu().mean()",
  ];
  return kinds[n % kinds.length]!;
}

test("10,000 cells in one session: neither slower nor larger", async () => {
  const kernel = await TestKernel.start();
  try {
    const pid = kernel.process.pid!;
    const count = rounds(10_000);
    const tenth = Math.max(10, Math.round(count / 10));
    const parts: { latency: number; processor: number; memory: number }[] = [];
    // The first tenth is for the compilers and caches to settle.
    for (let part = 0; part <= 10; part++) {
      const latencies: number[] = [];
      const before = processorTime(pid);
      for (let i = 0; i < tenth; i++) {
        const begin = performance.now();
        const { reply } = await kernel.execute(cell(part * tenth + i), {}, 120_000);
        latencies.push(performance.now() - begin);
        expect(reply.content.status).toBe("ok");
        // What the client keeps must not slow it down.
        kernel.iopub.all.length = 0;
        kernel.inboxes.shell.all.length = 0;
      }
      const processor = (processorTime(pid) - before) / tenth;
      parts.push({ latency: median(latencies), processor, memory: residentMemory(pid) });
      const { latency, memory } = parts.at(-1)!;
      figures(`cells ${part * tenth} to ${(part + 1) * tenth}`, {
        "latency, median": `${latency.toFixed(1)} ms`,
        "processor time of one": `${processor.toFixed(1)} ms`,
        memory: megabytes(memory),
      });
    }
    const [, second, ...rest] = parts;
    const last = rest.at(-1) ?? second!;
    expect(last.memory / second!.memory).toBeLessThan(1.2);
    // Time on a processor: the clock also counts what else the machine does.
    expect(last.processor / second!.processor).toBeLessThan(1.2);
  } finally {
    await kernel.stop();
  }
});

test("24 kernels at once all answer", async () => {
  const count = Math.max(2, rounds(24));
  const begin = performance.now();
  const started = await Promise.allSettled(
    Array.from({ length: count }, async () => {
      const kernel = await TestKernel.start();
      return { kernel, ran: await kernel.execute("6 * 7", {}, 600_000), after: performance.now() - begin };
    }),
  );
  const all = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  try {
    expect(started.filter(({ status }) => status === "rejected")).toEqual([]);
    expect(all.map(({ ran }) => resultText(ran))).toEqual(Array(count).fill("42"));
    const memory = all.map(({ kernel }) => residentMemory(kernel.process.pid!));
    figures(`${count} kernels at once`, {
      "memory of each, median": megabytes(median(memory)),
      "at most": megabytes(Math.max(...memory)),
      "first reply of the first": seconds(Math.min(...all.map(({ after }) => after)) / 1000),
      "of the last": seconds(Math.max(...all.map(({ after }) => after)) / 1000),
    });
  } finally {
    await Promise.all(all.map(({ kernel }) => kernel.stop()));
  }
});
