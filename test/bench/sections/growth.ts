/** How the time of a training step grows with the batch, with a network's width and with its depth. */
import type { Task } from "../protocol.ts";
import { cellOf, digits, labelsOf, type Measured, markdown } from "../report.ts";
import type { Case, Section } from "./section.ts";

interface GrowthCase extends Case {
  readonly grows: string;
  readonly size: number;
}

const sweep = (grows: string, sizes: readonly number[], task: (size: number) => Task): GrowthCase[] =>
  sizes.map((size) => ({ name: `${grows} ${size}`, grows, size, task: task(size) }));

const cases: readonly GrowthCase[] = [
  ...sweep("LeNet-5, batch", [1, 4, 16, 64, 256, 1024], (batch) => ({
    kind: "network",
    network: "LeNet-5",
    mode: "training",
    batch,
  })),
  ...sweep("MLP, batch 64, one layer of width", [64, 128, 256, 512, 1024, 2048], (width) => ({
    kind: "mlp",
    width,
    depth: 1,
    batch: 64,
  })),
  ...sweep("MLP, batch 64, layers of width 256:", [1, 2, 4, 8, 16, 32], (depth) => ({
    kind: "mlp",
    width: 256,
    depth,
    batch: 64,
  })),
];

/** The slope of log time over log size, by least squares: 1 where time grows in proportion. */
export function exponent(sizes: readonly number[], times: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [sizes.map(Math.log), times.map(Math.log)];
  const [centreX, centreY] = [mean(x), mean(y)];
  const covariance = mean(x.map((value, i) => (value - centreX) * (y[i]! - centreY)));
  return covariance / mean(x.map((value) => (value - centreX) ** 2));
}

/** Small sizes cost what a step costs anyway: the exponent is that of the larger half. */
function exponentOf(rows: readonly (GrowthCase & Measured)[], label: string): string {
  const larger = rows.slice(rows.length >> 1).filter(({ values }) => label in values);
  if (larger.length < 2) return "–";
  return exponent(
    larger.map(({ size }) => size),
    larger.map(({ values }) => values[label]!),
  ).toFixed(2);
}

export const growthSection: Section<GrowthCase & Measured> = {
  title: "Growth",
  labels: ["BLAS", "WASM", "PyTorch"],
  measure: ({ time, quick }) => time(cases, { rounds: quick ? 3 : 7, turnMilliseconds: 100 }),
  table(rows) {
    const labels = labelsOf(rows);
    const lines = [...Map.groupBy(rows, ({ grows }) => grows)].flatMap(([grows, sweep]) => [
      ...sweep.map((row) => ({ name: row.name, cell: (label: string) => cellOf(label, digits)(row) })),
      { name: `${grows} …: exponent of the larger half`, cell: (label: string) => exponentOf(sweep, label) },
    ]);
    return markdown<{ name: string; cell: (label: string) => string }>(
      [["training step", ({ name }) => name]],
      labels.map((label) => [`${label}, ms`, ({ cell }) => cell(label)]),
      lines,
    );
  },
};
