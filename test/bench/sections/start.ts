/** What a program waits for at first: the library, its kernels, and a first step of training that is slower than the later ones. */
import { spawnSync } from "node:child_process";
import type { Recipe } from "../contenders.ts";
import { cellOf, digits, labelsOf, type Measured, markdown } from "../report.ts";
import { median } from "../rounds.ts";
import type { Section } from "./section.ts";

/** What `nnlab/start.ts` and `pytorch/start.py` print, in milliseconds. */
const stages = {
  import: "import of the library",
  ready: "first tensor, kernels ready",
  first: "first training step of LeNet-5, batch 64",
  later: "later training steps",
} as const;

type Stages = Record<keyof typeof stages, number>;

function start({ label, starter, env }: Recipe): Stages {
  const { stdout, stderr, status } = spawnSync(starter![0]!, starter!.slice(1), {
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${label} did not start: ${stderr}`);
  return JSON.parse(stdout) as Stages;
}

export const startSection: Section = {
  title: "Start",
  labels: ["BLAS", "WASM", "PyTorch"],
  async measure({ recipes, progress, quick }) {
    const starting = recipes.filter(({ starter }) => starter !== undefined);
    const found = new Map<string, Stages[]>(starting.map(({ label }) => [label, []]));
    for (let round = 0; round < (quick ? 3 : 9); round++)
      for (const recipe of starting) {
        progress(`start of ${recipe.label}`);
        found.get(recipe.label)!.push(start(recipe));
      }
    return (Object.keys(stages) as (keyof Stages)[]).map((stage): Measured => {
      const values = [...found].map(([label, runs]) => [label, median(runs.map((run) => run[stage]))]);
      return { name: stages[stage], values: Object.fromEntries(values) };
    });
  },
  table: (rows) =>
    markdown(
      [["", ({ name }) => name]],
      labelsOf(rows).map((label) => [`${label}, ms`, cellOf(label, digits)]),
      rows,
    ),
};
