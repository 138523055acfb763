/** Whether training ever waits for its data: drawing shuffled batches, as they are and augmented, beside a training step. */
import type { Task } from "../protocol.ts";
import { type Column, digits, labelsOf, type Measured, markdown } from "../report.ts";
import type { Case, Section } from "./section.ts";

const batch = 64;

/** From the small images of the first network to the large ones of the last, training becomes slower faster than loading. */
const networks = ["MLP", "LeNet-5", "CIFAR CNN"];

const parts = ["batches", "augmented batches", "training"] as const;

interface LoadingCase extends Case {
  readonly network: string;
  readonly part: (typeof parts)[number];
}

const taskOf = (network: string, part: LoadingCase["part"]): Task =>
  part === "training"
    ? { kind: "network", network, mode: "training", batch }
    : { kind: "loading", network, augmented: part === "augmented batches", batch };

const cases: readonly LoadingCase[] = networks.flatMap((network) =>
  parts.map((part) => ({ name: `${network}, ${part}`, network, part, task: taskOf(network, part) })),
);

interface Line {
  readonly network: string;
  readonly label: string;
  readonly milliseconds: Readonly<Record<string, number>>;
}

const speed = (part: LoadingCase["part"]): Column<Line> => [
  `${part}, samples/s`,
  ({ milliseconds }) => digits((1000 * batch) / milliseconds[part]!),
];

const share = (part: LoadingCase["part"]): Column<Line> => [
  `${part}, of a step`,
  ({ milliseconds }) => `${((100 * milliseconds[part]!) / milliseconds.training!).toFixed(1)} %`,
];

export const loadingSection: Section<LoadingCase & Measured> = {
  title: "Data loading",
  labels: ["BLAS", "WASM"],
  measure: ({ time, quick }) => time(cases, { rounds: quick ? 3 : 7, turnMilliseconds: 100 }),
  table(rows) {
    const lines = [...Map.groupBy(rows, ({ network }) => network)].flatMap(([network, its]) =>
      labelsOf(its).map(
        (label): Line => ({
          network,
          label,
          milliseconds: Object.fromEntries(its.map(({ part, values }) => [part, values[label]!])),
        }),
      ),
    );
    return markdown(
      [
        ["data of", ({ network }) => network],
        ["", ({ label }) => label],
      ],
      [...parts.map(speed), share("batches"), share("augmented batches")],
      lines,
    );
  },
};
