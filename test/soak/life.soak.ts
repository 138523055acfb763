/** Thousands of kernels, started, stopped and restarted by Jupyter. */
import { expect, test } from "vitest";
import { busyStates } from "../kernel/busy.ts";
import { TestKernel } from "../kernel/client.ts";
import { cycles } from "../kernel/cycles.ts";
import { figures, median, rounds, seconds } from "./soak.ts";

test.each(["start", "restart"] as const)(
  "1,000 cycles of %s and stop leave no process and no file",
  async (mode) => {
    const count = rounds(1000);
    const { starts, stops, codes } = await cycles(mode, count);
    figures(`${count} cycles of ${mode}`, {
      "start to first reply, median": seconds(median(starts)),
      "at most": seconds(Math.max(...starts)),
      "stop, median": seconds(median(stops)),
      "stop, at most": seconds(Math.max(...stops)),
      "ended by the watchdog": codes.filter((code) => code !== 0).length,
    });
    expect(Math.max(...stops)).toBeLessThan(2);
  },
);

test("whatever a kernel does, it has ended within 2 seconds of being told to", async () => {
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds(20); round++)
    for (const [state, code] of busyStates) {
      const kernel = await TestKernel.start();
      try {
        await kernel.output(await kernel.submit(code, { allow_stdin: true }), "go");
        const begin = performance.now();
        await kernel.send("control", "shutdown_request", { restart: false });
        await kernel.ended;
        times.set(state, [...(times.get(state) ?? []), (performance.now() - begin) / 1000]);
      } finally {
        await kernel.stop();
      }
    }
  for (const [state, all] of times)
    figures(`ended ${state}`, { median: seconds(median(all)), "at most": seconds(Math.max(...all)) });
  expect(Math.max(...[...times.values()].flat())).toBeLessThan(2);
});
