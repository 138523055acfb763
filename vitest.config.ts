import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // In CI the results are also written down, for the closing line of .ci/run.
    reporters: process.env.CI
      ? ["default", ["json", { outputFile: "test/output/results.json" }]]
      : ["default"],
  },
});
