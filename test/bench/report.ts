/** What a benchmark found, as data, as tables, and against an earlier one. */
import type { Limits } from "./limits.ts";
import type { Mode } from "./protocol.ts";

/** The milliseconds of one step by contender. */
export interface Measured {
  readonly name: string;
  readonly milliseconds: Readonly<Record<string, number>>;
}

export interface MeasuredNetwork extends Measured {
  readonly network: string;
  readonly mode: Mode;
  readonly batch: number;
}

export interface MeasuredOperation extends Measured {
  readonly flops?: number;
  readonly bytes?: number;
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
  readonly networks: MeasuredNetwork[];
  readonly operations: MeasuredOperation[];
}

type Column<Row> = readonly [heading: string, cell: (row: Row) => string];

/** Columns of text are aligned left, others right. */
function markdown<Row>(
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

const missing = "–";
const digits = (value: number) =>
  value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);

/** A number made of one contender's time; a dash where it has none. */
const of =
  (label: string, value: (milliseconds: number) => string) =>
  ({ milliseconds }: Measured): string =>
    milliseconds[label] === undefined ? missing : value(milliseconds[label]);

/** How many times as fast as PyTorch, for each that is not PyTorch. */
function ratios(labels: readonly string[]): Column<Measured>[] {
  if (!labels.includes("PyTorch")) return [];
  return labels
    .filter((label) => label !== "PyTorch")
    .map((label) => [
      `${label} : PyTorch`,
      (row) => {
        const [own, torch] = [row.milliseconds[label], row.milliseconds.PyTorch];
        return own === undefined || torch === undefined ? missing : (torch / own).toFixed(2);
      },
    ]);
}

/** Labels of those that were timed, in the order of the report. */
const timed = ({ contenders }: Report, rows: readonly Measured[]): string[] =>
  Object.keys(contenders).filter((label) => rows.some(({ milliseconds }) => label in milliseconds));

function networkTable(report: Report): string {
  const labels = timed(report, report.networks);
  const speeds = labels.map(
    (label): Column<MeasuredNetwork> => [
      `${label}, samples/s`,
      (row) => of(label, (milliseconds) => digits((1000 * row.batch) / milliseconds))(row),
    ],
  );
  return markdown<MeasuredNetwork>(
    [
      ["network", ({ network }) => network],
      ["", ({ mode }) => mode],
    ],
    [["batch", ({ batch }) => String(batch)], ...speeds, ...ratios(labels)],
    report.networks,
  );
}

/** The share of what the machine can do at most; above 100 % where the operands stay in a cache. */
function share({ flops, bytes }: MeasuredOperation, limits: Limits, milliseconds: number): string {
  const [work, limit] = flops !== undefined ? [flops, limits.gigaflops] : [bytes, limits.gigabytes];
  return work === undefined ? "" : `${Math.round((100 * work) / (milliseconds * 1e6 * limit))} %`;
}

function operationTable(report: Report): string {
  const { limits, operations } = report;
  const labels = timed(report, operations);
  const times = labels.map(
    (label): Column<MeasuredOperation> => [
      `${label}, µs`,
      of(label, (milliseconds) => digits(1000 * milliseconds)),
    ],
  );
  const shares = labels.map(
    (label): Column<MeasuredOperation> => [
      `${label}, of the limit`,
      (row) => of(label, (milliseconds) => (limits === null ? "" : share(row, limits, milliseconds)))(row),
    ],
  );
  return markdown<MeasuredOperation>(
    [["operation", ({ name }) => name]],
    [...times, ...ratios(labels), ...(limits === null ? [] : shares)],
    operations,
  );
}

/** The report as Markdown. */
export function tables(report: Report): string {
  const { date, machine, node, load, threads, limits, busy, contenders } = report;
  const most =
    limits === null
      ? "not measured: there is no C compiler"
      : `${limits.gigaflops} GFLOP/s, ${limits.gigabytes} GB/s`;
  const parts = [
    `${date}, ${machine}, ${threads === 1 ? "one thread" : `${threads} threads`}, Node ${node}; load at the start ${load.toFixed(1)}; ${busy ? "processor time of the fastest round" : "the median of the rounds"}. The machine at most: ${most}.`,
    Object.entries(contenders)
      .map(([label, description]) => `- ${label}: ${description}`)
      .join("\n"),
  ];
  if (report.networks.length > 0) parts.push(networkTable(report));
  if (report.operations.length > 0) parts.push(operationTable(report));
  return parts.join("\n\n");
}

/** What takes 10 % more or less time than in an earlier report, relative to PyTorch where both have it: machines differ. */
export function comparison(before: Report, now: Report): string {
  const lines: string[] = [];
  const earlierCases = new Map([...before.networks, ...before.operations].map((one) => [one.name, one]));
  for (const one of [...now.networks, ...now.operations]) {
    const other = earlierCases.get(one.name);
    if (other === undefined) continue;
    const scale =
      one.milliseconds.PyTorch && other.milliseconds.PyTorch
        ? one.milliseconds.PyTorch / other.milliseconds.PyTorch
        : 1;
    for (const [label, milliseconds] of Object.entries(one.milliseconds)) {
      const earlier = other.milliseconds[label];
      if (earlier === undefined || label === "PyTorch") continue;
      const change = milliseconds / (earlier * scale);
      if (Math.abs(change - 1) > 0.1)
        lines.push(
          `${one.name}, ${label}: ${change > 1 ? "slower" : "faster"}, ${change.toFixed(2)} times the time`,
        );
    }
  }
  return lines.length === 0 ? "Nothing changed by more than 10 %." : lines.join("\n");
}
