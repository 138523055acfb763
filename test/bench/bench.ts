/** `npm run bench`: nnlab, in each of its builds, and PyTorch (where it is installed) side by side. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Contender, recipes } from "./contenders.ts";
import { measureLimits } from "./limits.ts";
import { operations } from "./operations.ts";
import type { Mode, Task } from "./protocol.ts";
import { comparison, type Report, tables } from "./report.ts";
import { measure, type Timing } from "./rounds.ts";

const usage = `npm run bench [-- what … options]
  networks             training and inference of four networks (what is done unless told)
  operations           products, convolutions and the rest one by one, beside the machine's limits
  --quick              fewer rounds; networks: batch 64 only
  --busy               for a machine that is busy with other things: one thread, processor time, the fastest of the rounds
  --match TEXT         only what has TEXT in its name
  --contenders A,B     only these
  --json               the result as JSON, and nothing else
  --compare FILE       against an earlier run's JSON: what became slower or faster by more than 10 %
  --python PATH        a Python that has PyTorch; python3 unless told, left out where it has none
  --threads N          threads for every contender (${availableParallelism()} here unless told)`;

const sections = ["networks", "operations"] as const;

interface Case<T extends Task = Task> {
  readonly name: string;
  readonly task: T;
}

const networks = ["MLP", "LeNet-5", "CIFAR CNN", "ResNet-20"];

function networkCases(batches: readonly number[]): Case<Task & { kind: "network" }>[] {
  return networks.flatMap((network) =>
    (["training", "inference"] satisfies Mode[]).flatMap((mode) =>
      batches.map((batch) => ({
        name: `${network}, ${mode}, batch ${batch}`,
        task: { kind: "network" as const, network, mode, batch },
      })),
    ),
  );
}

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      busy: { type: "boolean", default: false },
      match: { type: "string", default: "" },
      contenders: { type: "string" },
      json: { type: "boolean", default: false },
      compare: { type: "string" },
      python: { type: "string", default: "python3" },
      threads: { type: "string", default: String(availableParallelism()) },
      help: { type: "boolean", default: false },
    },
  });
  const threads = values.busy ? 1 : Number(values.threads);
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`--threads must be a whole number from 1, got ${values.threads}`);
  const unknown = positionals.filter((name) => !sections.some((section) => section === name));
  if (unknown.length > 0)
    throw new RangeError(`nothing is called ${unknown.join(", ")}; there are ${sections.join(", ")}`);
  return { ...values, threads, sections: positionals.length === 0 ? ["networks"] : positionals };
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return console.log(usage);
  const { threads, quick, busy } = options;
  const before =
    options.compare === undefined ? null : (JSON.parse(readFileSync(options.compare, "utf8")) as Report);
  const all = recipes(threads, options.python);
  const labels = options.contenders?.split(",") ?? all.map(({ label }) => label);
  const unknown = labels.filter((label) => !all.some((recipe) => recipe.label === label));
  if (unknown.length > 0)
    throw new RangeError(
      `no contender ${unknown.join(", ")}; there are ${all.map(({ label }) => label).join(", ")}`,
    );
  const load = loadavg()[0]!;
  const limits = options.sections.includes("operations") ? measureLimits(threads) : null;
  const contenders = all.filter(({ label }) => labels.includes(label)).map((recipe) => new Contender(recipe));
  const log = (text: string) => void (options.json || process.stderr.write(text));
  try {
    const descriptions: Record<string, string> = {};
    for (const one of contenders)
      descriptions[one.label] = (await one.tell({ order: "describe" })).description!;
    const timeAll = async <T extends Case>(cases: readonly T[], timing: Timing) => {
      const measured = [];
      for (const one of cases.filter(({ name }) => name.includes(options.match))) {
        log(`\r${one.name}`.padEnd(80));
        measured.push({ ...one, milliseconds: await measure(contenders, one.name, one.task, timing) });
      }
      return measured;
    };
    const report: Report = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores`,
      node: process.versions.node,
      load,
      threads,
      busy,
      limits,
      contenders: descriptions,
      networks: [],
      operations: [],
    };
    if (options.sections.includes("networks")) {
      const timing: Timing = { rounds: quick ? 5 : 9, turnMilliseconds: 250, busy };
      for (const { task, ...one } of await timeAll(networkCases(quick ? [64] : [1, 64, 512]), timing))
        report.networks.push({ ...one, ...task });
    }
    if (options.sections.includes("operations")) {
      const timing: Timing = { rounds: quick ? 5 : 11, turnMilliseconds: 30, busy };
      report.operations.push(...(await timeAll(operations, timing)));
    }
    log(`${"\r".padEnd(80)}\r`);
    console.log(options.json ? JSON.stringify(report, null, 1) : tables(report));
    if (before !== null) log(`\n${comparison(before, report)}\n`);
  } finally {
    for (const contender of contenders) contender.stop();
  }
}

await main();
