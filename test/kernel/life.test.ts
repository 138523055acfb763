/** Kernels come and go without leaving anything behind. The long forms of these are in test/soak. */
import { test } from "vitest";
import { canList } from "../support/processes.ts";
import { cycles } from "./cycles.ts";

test.skipIf(!canList).each(["start", "restart"] as const)(
  "cycles of %s and stop leave no process and no file",
  { timeout: 180_000 },
  async (mode) => {
    await cycles(mode, 2);
  },
);
