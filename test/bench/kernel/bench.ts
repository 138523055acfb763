/**
 * `npm run bench -- --kernel`: nnlab as a kernel beside tslab, Deno and ipykernel. In each round every one of them lives once, one
 * after the other, in an order that rotates; what counts is the median of the rounds. One that fails takes part no more: its column
 * has dashes where it has no figures, and the reason stands below.
 */
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { contenders } from "./contenders.ts";
import { type Figures, measure, median } from "./session.ts";

const usage = `npm run bench -- --kernel [options]
  --rounds N         5 unless told
  --contenders A,B   only these
  --json             every round's figures as JSON, and nothing else
Deno takes part where it is installed: npm install --prefix test/bench/kernel`;

const rows: readonly (readonly [key: keyof Figures, title: string, unit: string, divisor: number])[] = [
  ["info", "start to kernel_info_reply", "ms", 1],
  ["firstReply", "start to first execute_reply", "ms", 1],
  ["startTime", "… its time on a processor", "ms", 1],
  ["cell", "`1+1`, to reply and idle", "ms", 1],
  ["declaration", "declaration cell", "ms", 1],
  ["firstCompletion", "first completion", "ms", 1],
  ["completion", "completion", "ms", 1],
  ["rss", "memory at rest", "MB", 1e6],
  ["idle", "time on a processor in 3 s of rest", "ms", 1],
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      contenders: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(usage);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds must be a whole number from 1, got ${values.rounds}`);
  const all = contenders(values.contenders?.split(","));
  const load = loadavg()[0]!;
  const figures = new Map<string, Figures[]>(all.map(({ name }) => [name, []]));
  const failures = new Map<string, string>();
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < all.length; turn++) {
      const contender = all[(round + turn) % all.length]!;
      if (failures.has(contender.name)) continue;
      if (!values.json) process.stderr.write(`\rround ${round + 1}, ${contender.name}`.padEnd(40));
      try {
        figures.get(contender.name)!.push(await measure(contender));
      } catch (error) {
        failures.set(contender.name, error instanceof Error ? error.message : String(error));
      }
    }
  if (values.json)
    return console.log(
      JSON.stringify({ ...Object.fromEntries(figures), failures: Object.fromEntries(failures) }, null, 1),
    );
  process.stderr.write(`\r${"".padEnd(40)}\r`);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = rows.map(([key, title, unit, divisor]) => {
    const cells = all.map(({ name }) => {
      const measured = figures.get(name)!.map((one) => one[key]);
      if (measured.length === 0) return "-";
      const value = median(measured) / divisor;
      return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US")} ${unit}`;
    });
    return line([title, ...cells]);
  });
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores`;
  const when = new Date().toISOString().slice(0, 10);
  console.log(
    [
      `${when}, ${machine}, Node ${process.versions.node}, ${rounds} rounds, load at the start ${load.toFixed(1)}`,
      "",
      line(["", ...all.map(({ name }) => name)]),
      line(["---", ...all.map(() => "---:")]),
      ...table,
      ...[...failures].map(
        ([name, reason]) => `\n${name} failed in round ${figures.get(name)!.length + 1}: ${reason.trim()}`,
      ),
    ].join("\n"),
  );
}

await main();
// Sockets of a kernel that never came keep Node waiting.
process.exit();
