/** Kernels come and go without leaving anything behind. The long forms of these are in test/soak. */
import { test, vi } from "vitest";
import { canList } from "../support/processes.ts";
import { cycles } from "./cycles.ts";

// A kernel that shares a busy machine may take long to start; what these ask is whether, not when.
vi.setConfig({ testTimeout: 180_000 });

test.skipIf(!canList).each(["start", "restart"] as const)(
  "cycles of %s and stop leave no process and no file",
  async (mode) => {
    await cycles(mode, 2);
  },
);
