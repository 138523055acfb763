/** Interrupts at random moments, over and over, of one kernel. */
import { expect, test } from "vitest";
import { TestKernel } from "../kernel/client.ts";
import { interruptions } from "../kernel/interruptions.ts";
import { figures, median, rounds } from "./soak.ts";

test("200 interrupts at random moments leave the kernel whole", async () => {
  const kernel = await TestKernel.start();
  try {
    const all = await interruptions(kernel, rounds(200), Math.random);
    const milliseconds = (value: number): string => `${Math.round(value)} ms`;
    const times = all.map(({ took }) => took).sort((a, b) => a - b);
    figures(`${all.length} interrupts, until reply and idle`, {
      median: milliseconds(median(times)),
      p95: milliseconds(times[Math.floor(times.length * 0.95)] ?? 0),
      "at most": milliseconds(times.at(-1) ?? 0),
    });
    for (const code of new Set(all.map((each) => each.code))) {
      const own = all.filter((each) => each.code === code).map(({ took }) => took);
      figures(code, { interrupts: own.length, "at most": milliseconds(Math.max(...own)) });
    }
    // 1 s is promised, and 4 s for native code that cannot be interrupted.
    expect(Math.max(...times)).toBeLessThan(4000);
  } finally {
    await kernel.stop();
  }
});
