/** The most memory that a process of its own ever held while it trained (VmHWM, measured alike for all; Linux only). */
import { readFileSync } from "node:fs";
import { Contender, type Recipe } from "../contenders.ts";
import type { Task } from "../protocol.ts";
import { cellOf, digits, labelsOf, type Measured, markdown } from "../report.ts";
import type { Case, Section } from "./section.ts";

const steps = 5;
/** Whose steps take longer than this together takes no more of them. */
const enoughMilliseconds = 10_000;

const cases: readonly Case[] = ["MLP", "LeNet-5", "CIFAR CNN", "ResNet-20"].flatMap((network) =>
  [64, 512].map((batch) => ({
    name: `${network}, training, batch ${batch}`,
    task: { kind: "network", network, mode: "training", batch } as const,
  })),
);

/** Megabytes; null where the contender cannot do the task or the system does not say. */
async function peakMemory(recipe: Recipe, task: Task): Promise<number | null> {
  const contender = new Contender(recipe);
  try {
    const { result } = await contender.tell({ order: "prepare", task });
    if (result === undefined) return null;
    for (let step = 0, spent = 0; step < steps && spent < enoughMilliseconds; step++)
      spent += (await contender.tell({ order: "run", steps: 1 })).milliseconds!;
    const status = readFileSync(`/proc/${contender.pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1000;
  } finally {
    contender.stop();
  }
}

export const memorySection: Section = {
  title: "Memory",
  async measure({ recipes, wanted, progress, quick }) {
    if (process.platform !== "linux") return [];
    const rows: Measured[] = [];
    for (const { name, task } of wanted(cases.filter(({ name }) => !quick || name.endsWith("64")))) {
      progress(`memory: ${name}`);
      const values: Record<string, number> = {};
      for (const recipe of recipes) {
        const peak = await peakMemory(recipe, task);
        if (peak !== null) values[recipe.label] = peak;
      }
      rows.push({ name, values });
    }
    return rows;
  },
  table: (rows) =>
    markdown(
      [["", ({ name }) => name]],
      labelsOf(rows).map((label) => [`${label}, MB`, cellOf(label, digits)]),
      rows,
    ),
};
