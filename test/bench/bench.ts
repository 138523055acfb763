/**
 * `npm run bench`: training and inference of four networks, nnlab and PyTorch (where it is installed) side by side. In each
 * round every contender runs a little, one after the other, so that a busy machine slows all alike; what counts is the median
 * and its ratio. Contenders whose first losses differ are not compared.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { networks } from "./networks.ts";
import type { Answer, Order } from "./protocol.ts";
import { type Case, comparison, type Measured, type Report, table } from "./report.ts";

const usage = `npm run bench [-- options]
  --quick            fewer rounds, batch 64 only
  --json             the result as JSON, and nothing else
  --compare FILE     against an earlier run's JSON: what became slower or faster by more than 10 %
  --networks A,B     only these (${Object.keys(networks).join(", ")})
  --python PATH      a Python that has PyTorch; python3 unless told, left out where it has none
  --threads N        threads for every contender (${availableParallelism()} here unless told)`;

/** A process that is told what to run. */
class Contender {
  readonly label: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(label: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.label = label;
    this.#child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async tell(order: Order): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.label} ended while it was asked to ${order.order}`);
    return JSON.parse(value) as Answer;
  }

  stop(): void {
    this.#child.kill();
  }
}

async function hasTorch(python: string): Promise<boolean> {
  const child = spawn(python, ["-c", "import torch"], { stdio: "ignore" });
  return new Promise((resolve) => {
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}

async function startContenders(python: string, threads: number): Promise<Contender[]> {
  const here = import.meta.dirname;
  const nnlab = (label: string, env: NodeJS.ProcessEnv) =>
    new Contender(label, process.execPath, [join(here, "contender.ts")], {
      NNLAB_THREADS: String(threads),
      ...env,
    });
  const own = [nnlab("BLAS", {}), nnlab("WASM", { NNLAB_BLAS: "none" })];
  if (threads > 1) own.push(nnlab("BLAS, 1 thread", { NNLAB_THREADS: "1" }));
  if (!(await hasTorch(python))) return own;
  const script = [join(here, "pytorch.py"), String(threads)];
  return [...own, new Contender("PyTorch", python, script, { OMP_NUM_THREADS: String(threads) })];
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** First losses may differ by rounding only. */
const agreement = 2e-3;
/** What one turn of a contender should take. */
const turnMilliseconds = 250;

async function measure(contenders: readonly Contender[], which: Case, rounds: number): Promise<Measured> {
  const results: number[] = [];
  const steps: number[] = [];
  for (const contender of contenders) {
    results.push((await contender.tell({ order: "prepare", ...which })).result!);
    await contender.tell({ order: "run", steps: 2 });
    const { milliseconds } = await contender.tell({ order: "run", steps: 3 });
    steps.push(Math.max(1, Math.round(turnMilliseconds / milliseconds!)));
  }
  for (const [i, result] of results.entries())
    if (!(Math.abs(result - results[0]!) <= agreement * Math.max(1, Math.abs(results[0]!))))
      throw new Error(
        `${which.network}, ${which.mode}, batch ${which.batch}: ${contenders[i]!.label} computes ${result}, ${contenders[0]!.label} ${results[0]}: not the same work`,
      );
  const times: number[][] = contenders.map(() => []);
  const rss: Record<string, number> = {};
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < contenders.length; turn++) {
      const i = (round + turn) % contenders.length;
      const answer = await contenders[i]!.tell({ order: "run", steps: steps[i]! });
      times[i]!.push(answer.milliseconds!);
      rss[contenders[i]!.label] = answer.rss!;
    }
  const milliseconds = Object.fromEntries(contenders.map(({ label }, i) => [label, median(times[i]!)]));
  return { ...which, milliseconds, rss };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      compare: { type: "string" },
      networks: { type: "string" },
      python: { type: "string", default: "python3" },
      threads: { type: "string", default: String(availableParallelism()) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(usage);
  const threads = Number(values.threads);
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`--threads must be a whole number from 1, got ${values.threads}`);
  const chosen = values.networks?.split(",") ?? Object.keys(networks);
  const unknown = chosen.filter((name) => !(name in networks));
  if (unknown.length > 0)
    throw new RangeError(`no network ${unknown.join(", ")}; there are ${Object.keys(networks).join(", ")}`);
  const before =
    values.compare === undefined ? null : (JSON.parse(readFileSync(values.compare, "utf8")) as Report);
  const batches = values.quick ? [64] : [1, 64, 512];
  const contenders = await startContenders(values.python, threads);
  const log = (text: string) => void (values.json || process.stderr.write(text));
  try {
    const report: Report = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores`,
      node: process.versions.node,
      load: loadavg()[0]!,
      threads,
      contenders: contenders.map(({ label }) => label),
      cases: [],
    };
    for (const network of chosen)
      for (const mode of ["training", "inference"] as const)
        for (const batch of batches) {
          log(`\r${network}, ${mode}, batch ${batch}`.padEnd(60));
          report.cases.push(await measure(contenders, { network, mode, batch }, values.quick ? 5 : 9));
        }
    log(`${"\r".padEnd(60)}\r`);
    if (values.json) console.log(JSON.stringify(report, null, 1));
    else
      console.log(
        `${report.date}, ${report.machine}, ${threads} threads, Node ${report.node}, load at the start ${report.load.toFixed(1)}\n\n${table(report)}`,
      );
    if (before !== null) log(`\n${comparison(before, report)}\n`);
  } finally {
    for (const contender of contenders) contender.stop();
  }
}

await main();
