/** What limits nnlab's steps: the share of each in products, convolutions, memory traffic and JavaScript. */
import { Contender } from "../contenders.ts";
import { parts } from "../nnlab/profile.ts";
import type { Mode } from "../protocol.ts";
import { digits, type Measured, markdown } from "../report.ts";
import type { Case, Section } from "./section.ts";

/** Milliseconds of a step by part, under the part's name. */
interface Profiled extends Measured {
  readonly contender: string;
}

/** So long are steps run until they are as fast as they become, and as long again to be profiled. */
const milliseconds = { usual: 2000, quick: 100 };

const cases: readonly Case[] = ["MLP", "LeNet-5", "CIFAR CNN", "ResNet-20"].flatMap((network) =>
  (["training", "inference"] satisfies Mode[]).map((mode) => ({
    name: `${network}, ${mode}, batch 64`,
    task: { kind: "network", network, mode, batch: 64 } as const,
  })),
);

export const profileSection: Section<Profiled> = {
  title: "Profile",
  labels: ["BLAS", "WASM"],
  async measure({ recipes, wanted, progress, quick }) {
    const rows: Profiled[] = [];
    for (const { name, task } of wanted(cases))
      for (const recipe of recipes) {
        progress(`profile: ${name}, ${recipe.label}`);
        const contender = new Contender(recipe);
        try {
          await contender.tell({ order: "prepare", task });
          const first = await contender.tell({ order: "run", steps: 2 });
          const steps = Math.ceil((quick ? milliseconds.quick : milliseconds.usual) / first.milliseconds!);
          await contender.tell({ order: "run", steps });
          const { parts: values } = await contender.tell({ order: "profile", steps });
          rows.push({ name, contender: recipe.label, values: values! });
        } finally {
          contender.stop();
        }
      }
    return rows;
  },
  table: (rows) =>
    markdown(
      [
        ["", ({ name }) => name],
        ["", ({ contender }) => contender],
      ],
      [
        ["step, ms", ({ values }) => digits(values.all!)],
        ...parts.map(
          (part) =>
            [part, ({ values }: Profiled) => `${Math.round((100 * values[part]!) / values.all!)} %`] as const,
        ),
      ],
      rows,
    ),
};
