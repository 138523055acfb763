/** Kernels come and go without leaving anything behind. The long forms of these are in test/soak. */
import { expect, test, vi } from "vitest";
import { canList, residentMemory } from "../support/processes.ts";
import { resultText, TestKernel } from "./client.ts";
import { cycles } from "./cycles.ts";

// A kernel that shares a busy machine may take long to start; what these ask is whether, not when.
vi.setConfig({ testTimeout: 180_000 });

test.skipIf(!canList).each(["start", "restart"] as const)(
  "cycles of %s and stop leave no process and no file",
  async (mode) => {
    await cycles(mode, 2);
  },
);

test("three kernels at once all answer", async () => {
  const kernels = await Promise.all([1, 2, 3].map(() => TestKernel.start()));
  try {
    const ran = await Promise.all(kernels.map((kernel) => kernel.execute("6 * 7")));
    expect(ran.map(resultText)).toEqual(["42", "42", "42"]);
  } finally {
    await Promise.all(kernels.map((kernel) => kernel.stop()));
  }
});

test.skipIf(!canList)("200 cells in one session leave memory as it was", async () => {
  const kernel = await TestKernel.start();
  try {
    const run = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++)
        await kernel.execute(`const kept${i % 20} = new Array(1e5).fill(${i}).length`);
    };
    await run(50);
    const before = residentMemory(kernel.process.pid!);
    await run(150);
    expect(residentMemory(kernel.process.pid!) / before).toBeLessThan(1.3);
  } finally {
    await kernel.stop();
  }
});
