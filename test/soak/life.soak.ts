/** Thousands of kernels, started, stopped and restarted by Jupyter. */
import { expect, test } from "vitest";
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
