// `npm run bench` after the check of Node's version.

import { join } from "node:path";
import process from "node:process";
import { courseEnvironment, root } from "./layout.mjs";
import { foreground } from "./programs.mjs";
import { runtimeNode } from "./runtime.mjs";
import { main } from "./setup.mjs";

/** What is no comparison of engines has a program of its own. */
const parts = {
  "--kernel": ["kernel", "bench.ts"],
  "--displays": ["displays", "bench.ts"],
  "--live": ["displays", "live.ts"],
};

export async function runBenchmark(passedOn) {
  // What it prints may be asked for as JSON: the set-up's words go elsewhere.
  const write = (text) => process.stderr.write(text);
  await main(undefined, write);
  if (passedOn.includes("--peers")) await main(["peer packages"], write);
  const part = Object.keys(parts).find((option) => passedOn.includes(option));
  const script = join(root, "test", "bench", ...(part ? parts[part] : ["bench.ts"]));
  const command = [runtimeNode(), script, ...passedOn.filter((argument) => argument !== part)];
  process.exitCode = await foreground(command, { cwd: root, env: courseEnvironment(process.env) });
}
