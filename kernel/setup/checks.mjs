// `npm run check` after the check of Node's version.

import { join } from "node:path";
import process from "node:process";
import { courseEnvironment, root } from "./layout.mjs";
import { capture } from "./programs.mjs";
import { typedoc } from "./reference.mjs";
import { runtimeNode } from "./runtime.mjs";
import { main } from "./setup.mjs";

const tool = (...parts) => join(root, "node_modules", ...parts);

// By their paths: tslab brings a TypeScript of its own, whose `tsc` can win the name in node_modules/.bin.
const checks = [
  { name: "types", script: [tool("typescript", "bin", "tsc"), "-p", join(root, "tsconfig.json")] },
  {
    name: "lint and format",
    script: [tool("@biomejs", "biome", "bin", "biome"), "ci", "--colors=off", root],
  },
  { name: "structure", script: [tool("vitest", "vitest.mjs"), "run", join("test", "structure")] },
  { name: "documentation", script: [...typedoc, "--emit", "none"] },
];

export async function runChecks() {
  await main(["npm packages"]);
  const node = runtimeNode();
  const results = await Promise.all(
    checks.map(async ({ name, script }) => {
      const { code, output } = await capture([node, ...script], {
        cwd: root,
        env: courseEnvironment(process.env),
      });
      return { name, code, output };
    }),
  );
  for (const { name, code, output } of results) {
    console.log(`${code === 0 ? "✓" : "✗"} ${name}`);
    if (code !== 0) console.log(output);
  }
  if (results.some(({ code }) => code !== 0)) process.exitCode = 1;
}
