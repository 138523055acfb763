/** Whole networks: training steps and inference, from a single sample to large batches. */
import type { Mode, Task } from "../protocol.ts";
import { type Column, cellOf, digits, labelsOf, type Measured, markdown, ratios } from "../report.ts";
import type { Case, Section } from "./section.ts";

interface NetworkCase extends Case {
  readonly task: Task & { kind: "network" };
}

const networkCase = (network: string, mode: Mode, batch: number): NetworkCase => ({
  name: `${network}, ${mode}, batch ${batch}`,
  task: { kind: "network", network, mode, batch },
});

const modes = ["training", "inference"] satisfies Mode[];

export const networksSection: Section<NetworkCase & Measured> = {
  title: "Networks",
  measure({ time, quick }) {
    const batches = quick ? [64] : [1, 64, 512];
    const cases = [
      ...["MLP", "LeNet-5", "CIFAR CNN", "ResNet-20"].flatMap((network) =>
        modes.flatMap((mode) => batches.map((batch) => networkCase(network, mode, batch))),
      ),
      ...["VAE", "MLP from scratch"].map((program) => networkCase(program, "training", 64)),
    ];
    return time(cases, { rounds: quick ? 5 : 9, turnMilliseconds: 250 });
  },
  table(rows) {
    const labels = labelsOf(rows);
    const text: Column<NetworkCase>[] = [
      ["network", ({ task }) => task.network],
      ["", ({ task }) => task.mode],
    ];
    const batch: Column<NetworkCase> = ["batch", ({ task }) => String(task.batch)];
    const speeds = labels.map(
      (label): Column<NetworkCase & Measured> => [
        `${label}, samples/s`,
        (row) => cellOf(label, (milliseconds) => digits((1000 * row.task.batch) / milliseconds))(row),
      ],
    );
    const tables = [markdown([...text], [batch, ...speeds], rows)];
    const compared = ratios(labels);
    if (compared.length > 0) tables.push(markdown([...text], [batch, ...compared], rows));
    return tables.join("\n\n");
  },
};
