// `npm run docs` after the check of Node's version.

import { join } from "node:path";
import process from "node:process";
import { root } from "./layout.mjs";
import { foreground } from "./programs.mjs";
import { runtimeNode } from "./runtime.mjs";
import { main } from "./setup.mjs";

/** TypeDoc's arguments: what the reference covers, and how it looks. */
export const typedoc = [
  join(root, "node_modules", "typedoc", "bin", "typedoc"),
  "--options",
  join(root, "test", "reference", "typedoc.json"),
];

export async function writeReference() {
  await main(["npm packages"]);
  process.exitCode = await foreground([runtimeNode(), ...typedoc], { cwd: root });
}
