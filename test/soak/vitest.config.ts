import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // As for `npm test`: paths that are passed on are those of the project.
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/soak/**/*.soak.ts"],
    pool: "forks",
    // One at a time: they measure.
    maxWorkers: 1,
    testTimeout: 4 * 3_600_000,
    hookTimeout: 60_000,
    // Their figures are to be read while they run.
    disableConsoleIntercept: true,
  },
});
