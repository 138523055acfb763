/** What a benchmark found, as data, as Markdown, and against an earlier one. */
import type { Limits } from "./limits.ts";

/** One row: what was found of each contender that can do it, mostly the milliseconds of one step. */
export interface Measured {
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
}

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  /** Load of the machine at the start. */
  readonly load: number;
  readonly threads: number;
  /** Whether the times are processor times, and of the fastest round. */
  readonly busy: boolean;
  readonly limits: Limits | null;
  /** By label: what it says of itself. */
  readonly contenders: Readonly<Record<string, string>>;
  /** By section. */
  readonly rows: Readonly<Record<string, readonly Measured[]>>;
}

export type Column<Row> = readonly [heading: string, cell: (row: Row) => string];

/** Columns of text are aligned left, those of numbers right. */
export function markdown<Row>(
  text: readonly Column<Row>[],
  numbers: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const columns = [...text, ...numbers];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(([heading]) => heading)),
    line(columns.map((_, i) => (i < text.length ? "---" : "---:"))),
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join("\n");
}

/** Three digits, or all before the point. */
export const digits = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);

const missing = "–";

/** A number made of one contender's; a dash where it has none. */
export const cellOf =
  (label: string, text: (value: number) => string) =>
  ({ values }: Measured): string =>
    values[label] === undefined ? missing : text(values[label]);

/** Who has numbers in these rows, in the order of the contenders, as the row with most of them has it. */
export const labelsOf = (rows: readonly Measured[]): string[] => {
  const labels = rows.map(({ values }) => Object.keys(values));
  return [...new Set(labels.toSorted((a, b) => b.length - a.length).flat())];
};

/** Who is compared with whom: other libraries, builds without something, one thread. */
const compared: readonly (readonly [label: string, other: string])[] = [
  ["BLAS", "PyTorch"],
  ["WASM", "PyTorch"],
  ["BLAS", "tfjs wasm"],
  ["BLAS", "tfjs cpu"],
  ["BLAS", "jax-js"],
  ["WASM", "WASM without FMA"],
  ["BLAS", "BLAS on one thread"],
  ["WASM", "WASM on one thread"],
  ["PyTorch", "PyTorch on one thread"],
];

/** How many times as fast as another, of those that took part. */
export function ratios(labels: readonly string[]): Column<Measured>[] {
  return compared
    .filter((pair) => pair.every((label) => labels.includes(label)))
    .map(([label, other]) => [
      `${label} : ${other}`,
      ({ values }) =>
        values[label] === undefined || values[other] === undefined
          ? missing
          : (values[other] / values[label]).toFixed(2),
    ]);
}

/** Where and how it was measured. */
export function circumstances(report: Report): string {
  const { date, machine, node, load, threads, limits, busy, contenders } = report;
  const most =
    limits === null
      ? "not measured: there is no C compiler"
      : `${limits.gigaflops} GFLOP/s, ${limits.gigabytes} GB/s`;
  const how = busy ? "processor time of the fastest round" : "median of the rounds";
  return [
    `${date}, ${machine}, ${threads === 1 ? "one thread" : `${threads} threads`}, Node ${node}; load at the start ${load.toFixed(1)}; ${how}. The machine at most: ${most}.`,
    "",
    ...Object.entries(contenders).map(([label, description]) => `- ${label}: ${description}`),
  ].join("\n");
}

/** What takes 10 % more or less than in an earlier report, relative to PyTorch where both have it: machines differ. */
export function comparison(before: Report, now: Report): string {
  const lines: string[] = [];
  for (const [section, rows] of Object.entries(now.rows)) {
    const earlier = new Map(before.rows[section]?.map(({ name, values }) => [name, values]));
    for (const { name, values } of rows) {
      const others = earlier.get(name) ?? {};
      const scale = values.PyTorch && others.PyTorch ? values.PyTorch / others.PyTorch : 1;
      for (const [label, value] of Object.entries(values)) {
        if (others[label] === undefined || label === "PyTorch") continue;
        const change = value / (others[label] * scale);
        if (Math.abs(change - 1) > 0.1)
          lines.push(
            `${section}: ${name}, ${label}: ${change > 1 ? "more" : "less"}, ${change.toFixed(2)} times as much`,
          );
      }
    }
  }
  return lines.length === 0 ? "Nothing changed by more than 10 %." : lines.join("\n");
}
