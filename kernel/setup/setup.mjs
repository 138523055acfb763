// Runs the steps that are needed, one line each, and leaves stamps so that the next run skips them.

import { statfsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { root } from "./layout.mjs";
import { asProblem, SetupProblem } from "./problems.mjs";
import { lock, stampsIn } from "./stamps.mjs";
import { steps } from "./steps.mjs";

const folder = join(root, ".setup");
const neededBytes = 1.5e9;

/** A step is needed unless it succeeded with the same inputs and its result is still there. */
export function isNeeded(step, stamps) {
  return stamps.read(step.name) !== step.inputs() || !step.done();
}

/** Does one step; its stamp is gone while it runs and comes back only when it has succeeded. */
export async function perform(step, stamps) {
  const previous = stamps.read(step.name);
  const inputs = step.inputs();
  stamps.remove(step.name);
  await step.run(previous);
  if (!step.done()) {
    throw new SetupProblem(
      `The step "${step.name}" ended well but left no result.`,
      "delete the folders node_modules, dist, .venv and .setup, then run this again.",
    );
  }
  stamps.write(step.name, inputs);
}

/** Brings the named steps up to date (all of them when none is named). Throws a SetupProblem. */
export async function setUp(
  names = steps.map((step) => step.name),
  write = (text) => process.stdout.write(text),
) {
  const stamps = stampsIn(folder);
  const wanted = steps.filter((step) => names.includes(step.name));
  if (!(await anyNeeded(wanted, stamps))) return;
  const started = performance.now();
  const unlock = await lock(folder, (holder) => {
    write(
      `Another set-up of this folder is running (process ${holder}); waiting for it. If that is wrong, delete .setup/lock\n`,
    );
  });
  try {
    if (wanted.some((step) => step.name.endsWith("packages") && stamps.read(step.name) === null))
      refuseFullDisk();
    for (const step of wanted) {
      if (!isNeeded(step, stamps)) continue;
      const start = performance.now();
      write(`  ${step.name}: ${step.says} … `);
      try {
        await perform(step, stamps);
      } catch (error) {
        write("failed\n");
        throw asProblem(step.name, error);
      }
      write(`${seconds(start)}\n`);
    }
    write(`Set up in ${seconds(started)}.\n`);
  } finally {
    unlock();
  }
}

async function anyNeeded(wanted, stamps) {
  return wanted.some((step) => {
    try {
      return isNeeded(step, stamps);
    } catch {
      return true; // Asking can need what an earlier step makes.
    }
  });
}

function refuseFullDisk() {
  const { bavail, bsize } = statfsSync(root);
  const free = bavail * bsize;
  if (free >= neededBytes) return;
  throw new SetupProblem(
    `The disk has ${(free / 1e9).toFixed(1)} GB left here; the set-up needs ${neededBytes / 1e9} GB.`,
    "free some space or move this folder to another disk, then run this again.",
  );
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/** `setUp` for a program's entry: prints a problem with its remedy and ends with exit code 1. */
export async function main(names) {
  try {
    await setUp(names);
  } catch (error) {
    console.error(`\n${asProblem("set-up", error)}`);
    process.exit(1);
  }
}
