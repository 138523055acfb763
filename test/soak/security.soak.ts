/** A hundred thousand broken messages, while the kernel's memory stays as it was. */
import { expect, test } from "vitest";
import { sendBroken } from "../kernel/broken.ts";
import { resultText, TestKernel } from "../kernel/client.ts";
import { residentMemory } from "../support/processes.ts";
import { figures, megabytes, rounds } from "./soak.ts";

test("100,000 broken messages leave memory flat", async () => {
  const kernel = await TestKernel.start();
  try {
    const pid = kernel.process.pid!;
    await kernel.execute("1");
    // As many as are remembered, so that what remembers them has its full size.
    const [first, rest] = [rounds(30_000), rounds(100_000)];
    await sendBroken(kernel, first, 1);
    await kernel.request("shell", "kernel_info_request", {}, 600_000);
    const before = residentMemory(pid);
    const reasons = await sendBroken(kernel, rest, 2);
    expect(resultText(await kernel.execute("'alive'", {}, 600_000))).toBe("'alive'");
    const after = residentMemory(pid);
    figures(`${rest} broken messages`, { "memory before": megabytes(before), after: megabytes(after) });
    for (const reason of reasons) expect(kernel.log).toContain(reason);
    expect(after / before).toBeLessThan(1.2);
  } finally {
    await kernel.stop();
  }
});
