/** What a benchmark found, as data, as a table, and against an earlier one. */
import type { Mode } from "./protocol.ts";

export interface Case {
  network: string;
  mode: Mode;
  batch: number;
}

/** The milliseconds of one step by contender. */
export interface Measured extends Case {
  milliseconds: Record<string, number>;
  rss: Record<string, number>;
}

export interface Report {
  date: string;
  machine: string;
  node: string;
  load: number;
  threads: number;
  contenders: string[];
  cases: Measured[];
}

const perSecond = (batch: number, milliseconds: number): string =>
  Math.round((1000 * batch) / milliseconds).toLocaleString("en-US");

/** The report as Markdown: samples per second, and the ratio to PyTorch. */
export function table({ contenders, cases }: Report): string {
  const torch = contenders.includes("PyTorch");
  const head = ["network", "", "batch", ...contenders.map((name) => `${name}, samples/s`)];
  const ratios = torch
    ? contenders.filter((name) => name !== "PyTorch").map((name) => `${name} : PyTorch`)
    : [];
  const rows = cases.map(({ network, mode, batch, milliseconds }) => [
    network,
    mode,
    String(batch),
    ...contenders.map((name) => perSecond(batch, milliseconds[name]!)),
    ...(torch
      ? contenders
          .filter((name) => name !== "PyTorch")
          .map((name) => (milliseconds.PyTorch! / milliseconds[name]!).toFixed(2))
      : []),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line([...head, ...ratios]),
    line([...head, ...ratios].map((_, i) => (i < 2 ? "---" : "---:"))),
    ...rows.map(line),
  ].join("\n");
}

/** What takes 10 % more or less time than in an earlier report, relative to PyTorch where both have it: machines differ. */
export function comparison(before: Report, now: Report): string {
  const lines: string[] = [];
  for (const one of now.cases) {
    const other = before.cases.find(
      ({ network, mode, batch }) => network === one.network && mode === one.mode && batch === one.batch,
    );
    if (other === undefined) continue;
    const scale =
      one.milliseconds.PyTorch && other.milliseconds.PyTorch
        ? one.milliseconds.PyTorch / other.milliseconds.PyTorch
        : 1;
    for (const [name, milliseconds] of Object.entries(one.milliseconds)) {
      const earlier = other.milliseconds[name];
      if (earlier === undefined || name === "PyTorch") continue;
      const change = milliseconds / (earlier * scale);
      if (Math.abs(change - 1) > 0.1)
        lines.push(
          `${one.network}, ${one.mode}, batch ${one.batch}, ${name}: ${change > 1 ? "slower" : "faster"}, ${change.toFixed(2)} times the time`,
        );
    }
  }
  return lines.length === 0 ? "Nothing changed by more than 10 %." : lines.join("\n");
}
