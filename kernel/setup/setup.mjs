// Runs the steps that are needed, one line each, and leaves stamps so that the next run skips them.

import { statfsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { root } from "./layout.mjs";
import { asProblem, SetupProblem } from "./problems.mjs";
import { lock, stampsIn } from "./stamps.mjs";
import { onDemand, steps } from "./steps.mjs";

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

/** Brings the named steps up to date (all but those on demand when none is named). Throws a SetupProblem. */
export async function setUp(
  names = steps.map((step) => step.name),
  write = (text) => process.stdout.write(text),
) {
  const stamps = stampsIn(folder);
  const wanted = [...steps, ...onDemand].filter((step) => names.includes(step.name));
  if (!anyNeeded(wanted, stamps)) return;
  const unlock = await lock(folder, (holder) => {
    write(
      `Another set-up of this folder is running (process ${holder}); waiting for it. If that is wrong, delete .setup/lock\n`,
    );
  });
  try {
    const first = wanted.some((step) => step.name.endsWith("packages") && stamps.read(step.name) === null);
    if (first) refuseFullDisk();
    write(first ? "Setting up; this takes a minute or two, once.\n" : "Setting up what has changed.\n");
    const started = performance.now();
    await performAll(wanted, stamps, write);
    write(`Set up in ${seconds(started)}.\n`);
  } finally {
    unlock();
  }
}

/** Does the needed steps, each once those it comes `after` are done: npm and pip load at the same time. */
export async function performAll(wanted, stamps, write) {
  const progress = progressLine(write);
  const endings = new Map();
  const performOne = async (step) => {
    await Promise.all(step.after.map((name) => endings.get(name)));
    if (!isNeeded(step, stamps)) return;
    const start = performance.now();
    progress.begin(step.name);
    try {
      await perform(step, stamps);
      progress.end(step.name, `${seconds(start).padStart(9)}  ${step.name}: ${step.says}`);
    } catch (error) {
      progress.end(step.name, `   failed  ${step.name}`);
      throw asProblem(step.name, error);
    }
  };
  for (const step of wanted) endings.set(step.name, performOne(step));
  // All of them, so that a step which is at work when another fails still finishes.
  const results = await Promise.allSettled(endings.values());
  progress.clear();
  const failure = results.find(({ status }) => status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

/** In a terminal the steps at work stand in the last line; elsewhere only finished lines are written. */
function progressLine(write) {
  const working = new Set();
  const wipe = process.stdout.isTTY ? "\r\u001b[K" : "";
  const draw = () => {
    if (process.stdout.isTTY && working.size > 0) write(`${wipe}  … ${[...working].join(", ")}`);
  };
  return {
    begin(name) {
      working.add(name);
      draw();
    },
    end(name, line) {
      working.delete(name);
      write(`${wipe}${line}\n`);
      draw();
    },
    clear() {
      if (working.size > 0) write(wipe);
    },
  };
}

function anyNeeded(wanted, stamps) {
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
export async function main(names, write) {
  try {
    await setUp(names, write);
  } catch (error) {
    console.error(`\n${asProblem("set-up", error)}`);
    process.exit(1);
  }
}
