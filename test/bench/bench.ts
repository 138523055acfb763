/** `npm run bench`: nnlab, in each of its builds, beside PyTorch and other libraries where they are installed. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Contender, type Recipe, recipes } from "./contenders.ts";
import { measureLimits } from "./limits.ts";
import { peerLabels, peerRecipes } from "./peers/recipes.ts";
import { circumstances, comparison, type Measured, type Report } from "./report.ts";
import { measure } from "./rounds.ts";
import { growthSection } from "./sections/growth.ts";
import { loadingSection } from "./sections/loading.ts";
import { memorySection } from "./sections/memory.ts";
import { networksSection } from "./sections/networks.ts";
import { operationsSection } from "./sections/operations.ts";
import { profileSection } from "./sections/profile.ts";
import type { Bench, Section } from "./sections/section.ts";
import { startSection } from "./sections/start.ts";

const usage = `npm run bench [-- what … options]
  networks             training and inference of whole networks (what is done unless told)
  operations           products, convolutions and the rest one by one, beside the machine's limits
  growth               a step's time against batch, width and depth
  loading              data loading and augmentation beside training
  start                import, first tensor, first step
  memory               the most memory that training takes
  profile              where the time of nnlab's steps goes
  all                  all of them
  --quick              fewer rounds and cases
  --busy               for a machine that is busy with other things: one thread, processor time, the fastest of the rounds
  --match TEXT         only what has TEXT in its name
  --peers              beside TensorFlow.js (wasm and cpu) and jax-js too, which are installed at first
  --contenders A,B     only these
  --json               the result as JSON, and nothing else
  --compare FILE       against an earlier run's JSON: what became slower or faster by more than 10 %
  --python PATH        a Python that has PyTorch; python3 unless told, left out where it has none
  --threads N          threads for every contender (${availableParallelism()} here unless told)`;

/** Rows and table of a section belong together: what one section measured is shown by no other. */
const sections: Readonly<Record<string, Section>> = {
  networks: networksSection,
  operations: operationsSection,
  growth: growthSection,
  loading: loadingSection,
  start: startSection,
  memory: memorySection,
  profile: profileSection,
};

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      busy: { type: "boolean", default: false },
      match: { type: "string", default: "" },
      peers: { type: "boolean", default: false },
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
  const names = Object.keys(sections);
  const chosen = positionals.includes("all") ? names : positionals.length === 0 ? ["networks"] : positionals;
  const unknown = chosen.filter((name) => !(name in sections));
  if (unknown.length > 0)
    throw new RangeError(`nothing is called ${unknown.join(", ")}; there are ${names.join(", ")} and all`);
  return { ...values, threads, chosen };
}

type Options = ReturnType<typeof readOptions>;

function chooseRecipes({ threads, python, peers, contenders }: Options): Recipe[] {
  const all = [...recipes(threads, python), ...(peers ? peerRecipes() : [])];
  const labels = contenders?.split(",") ?? all.map(({ label }) => label);
  const unknown = labels.filter((label) => !all.some((recipe) => recipe.label === label));
  if (unknown.length > 0)
    throw new RangeError(
      `no contender ${unknown.join(", ")}; there are ${all.map(({ label }) => label).join(", ")}${peers ? "" : `, and with --peers ${peerLabels.join(", ")}`}`,
    );
  return all.filter(({ label }) => labels.includes(label));
}

/** What a section measures with: its contenders among those that were started. */
function benchFor(section: Section, started: ReadonlyMap<Recipe, Contender>, options: Options): Bench {
  const { quick, busy, match, json } = options;
  const own = [...started].filter(([{ label }]) => section.labels?.includes(label) ?? true);
  const progress = (name: string) => void (json || process.stderr.write(`\r${name}`.padEnd(80)));
  const wanted: Bench["wanted"] = (cases) => cases.filter(({ name }) => name.includes(match));
  return {
    quick,
    recipes: own.map(([recipe]) => recipe),
    progress,
    wanted,
    async time(cases, timing) {
      const measured = [];
      for (const one of wanted(cases)) {
        progress(one.name);
        const contenders = own.map(([, contender]) => contender);
        measured.push({ ...one, values: await measure(contenders, one.name, one.task, { ...timing, busy }) });
      }
      return measured;
    },
  };
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return console.log(usage);
  const before =
    options.compare === undefined ? null : (JSON.parse(readFileSync(options.compare, "utf8")) as Report);
  const load = loadavg()[0]!;
  const limits = measureLimits(options.threads);
  const started = new Map(chooseRecipes(options).map((recipe) => [recipe, new Contender(recipe)]));
  try {
    const descriptions: Record<string, string> = {};
    for (const one of started.values())
      descriptions[one.label] = (await one.tell({ order: "describe" })).description!;
    const rows: Record<string, readonly Measured[]> = {};
    const report: Report = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores`,
      node: process.versions.node,
      load,
      threads: options.threads,
      busy: options.busy,
      limits,
      contenders: descriptions,
      rows,
    };
    if (!options.json) console.log(circumstances(report));
    for (const name of options.chosen) {
      const section = sections[name]!;
      rows[name] = await section.measure(benchFor(section, started, options));
      if (options.json || rows[name].length === 0) continue;
      process.stderr.write(`${"\r".padEnd(80)}\r`);
      console.log(`\n### ${section.title}\n\n${section.table(rows[name], limits)}`);
    }
    if (options.json) console.log(JSON.stringify(report, null, 1));
    if (before !== null) process.stderr.write(`\n${comparison(before, report)}\n`);
  } finally {
    for (const contender of started.values()) contender.stop();
  }
}

await main();
