// `npm test` and `npm run soak` after the check of Node's version.

import { join } from "node:path";
import process from "node:process";
import { courseEnvironment, root } from "./layout.mjs";
import { foreground } from "./programs.mjs";
import { runtimeNode } from "./runtime.mjs";
import { main } from "./setup.mjs";

async function runVitest(passedOn) {
  await main();
  const command = [runtimeNode(), join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...passedOn];
  process.exitCode = await foreground(command, { cwd: root, env: courseEnvironment(process.env) });
}

export function runTests(passedOn) {
  return runVitest(passedOn);
}

export function runSoak(passedOn) {
  return runVitest(["--config", join(root, "test", "soak", "vitest.config.ts"), ...passedOn]);
}
