// Which Node runs the kernel, the build and the tests: the pinned one, or the user's own where none is published.

import { existsSync } from "node:fs";
import process from "node:process";
import { pinnedNode, root } from "./layout.mjs";
import { SetupProblem } from "./problems.mjs";
import { ask } from "./programs.mjs";

const oldestRuntime = "22.15";

/** Path of the Node to run nnlab with. `own` is the Node that asks; tests put others in. */
export function runtimeNode(folder = root, own = { path: process.execPath, version: process.versions.node }) {
  const pinned = pinnedNode(folder);
  // Started once, because a binary can be there and yet not run (Alpine's musl, an old glibc).
  if (pinned !== null && existsSync(pinned) && ask([pinned, "--version"]) !== null) return pinned;
  if (own.version.localeCompare(oldestRuntime, "en", { numeric: true }) >= 0) return own.path;
  throw new SetupProblem(
    `No Node for nnlab: the pinned binary does not run on ${process.platform}-${process.arch}, and Node ${own.version} is older than ${oldestRuntime}.`,
    `install Node ${oldestRuntime} or newer from https://nodejs.org and run this again with it.`,
  );
}
