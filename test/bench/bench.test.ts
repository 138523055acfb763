/** The benchmark compares like with like: contenders compute what PyTorch does, and the report says what changed. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Answer, Order, Task } from "./protocol.ts";
import { comparison, labelsOf, type Report } from "./report.ts";
import { measure } from "./rounds.ts";
import { exponent, growthSection } from "./sections/growth.ts";
import { networksSection } from "./sections/networks.ts";
import { operations, operationsSection } from "./sections/operations.ts";
import { profileSection } from "./sections/profile.ts";

/** First losses and outputs by PyTorch 2.13, one thread. */
const networks: readonly (readonly [network: string, batch: number, loss: number, output: number])[] = [
  ["MLP", 64, 9.719433784484863, 5.520971298217773],
  ["LeNet-5", 64, 2.3048534393310547, 0.016773851588368416],
  ["CIFAR CNN", 4, 2.2545952796936035, -0.0002808845601975918],
  ["ResNet-20", 4, 2.4126181602478027, -0.018372230231761932],
];

/** First losses by pytorch/programs.py and of an MLP, PyTorch 2.13, one thread. */
const trainings: readonly (readonly [task: Task, loss: number])[] = [
  [{ kind: "network", network: "VAE", mode: "training", batch: 64 }, 544.947265625],
  [{ kind: "network", network: "MLP from scratch", mode: "training", batch: 64 }, 2.3243794441223145],
  [{ kind: "mlp", width: 32, depth: 3, batch: 8 }, 2.4748079776763916],
];

/** Checksums by pytorch/operations.py, PyTorch 2.13, one thread. */
const checksums: readonly (readonly [operation: string, sizes: readonly number[], checksum: number])[] = [
  ["matmul", [5, 7, 3], 2.1365220853260585],
  ["conv2d", [2, 3, 9, 4, 3, 1, 2], 3.130186774143949],
  ["conv2dInputGradient", [2, 3, 9, 4, 3, 1, 2], 2.237676697792514],
  ["conv2dWeightGradient", [2, 3, 9, 4, 3, 1, 2], 5.029873343223396],
  ["add", [10], 3.040544141829014],
  ["relu", [10], 0.9655571982264519],
  ["exp", [10], 4.2542948693037035],
  ["reshape", [4], 1.50612473487854],
  ["biasRelu", [2, 3, 4, 4], 0.6461197120758394],
  ["reluGradient", [2, 3, 4, 4], 1.4226867423082392],
  ["sum", [40, 1], 20.22291374206543],
  ["sumRows", [5, 8], 12.11145601272583],
  ["sumColumns", [5, 8], 8.723067924380302],
  ["softmax", [5, 8], 0.4700163776986301],
  ["crossEntropy", [6, 10], 0.1232947357231751],
  ["batchNorm2d", [2, 3, 4, 4], 3.392114861885299],
  ["batchNorm2dGradient", [2, 3, 4, 4], 3.581510029597363],
  ["maxPool2d", [2, 3, 4, 4], 2.659592986727754],
  ["maxPool2dGradient", [2, 3, 4, 4], 0.39943364759286243],
  ["sgdStep", [10], 1.5399633830878883],
  ["adamStep", [10], 1.463440253585577],
  ["chain", [4], 1.50612473487854],
];

const options = [{}, { blas: false }, { blas: false, simd: "simd128", threads: 1 }];

test.each(options)(
  "a contender with %j computes PyTorch's results, and times its steps",
  (option) => {
    const tasks: Task[] = [
      ...networks.flatMap(([network, batch]) =>
        (["training", "inference"] as const).map((mode) => ({
          kind: "network" as const,
          network,
          batch,
          mode,
        })),
      ),
      ...trainings.map(([task]) => task),
      ...checksums.map(([operation, sizes]) => ({ kind: "operation" as const, operation, sizes })),
      { kind: "loading", network: "LeNet-5", augmented: true, batch: 64 },
    ];
    const orders: Order[] = [
      { order: "describe" },
      ...tasks.map((task): Order => ({ order: "prepare", task })),
      { order: "run", steps: 2 },
    ];
    const contender = join(import.meta.dirname, "nnlab", "contender.ts");
    const { stdout, stderr } = spawnSync(process.execPath, [contender, JSON.stringify(option)], {
      input: orders.map((order) => `${JSON.stringify(order)}\n`).join(""),
      encoding: "utf8",
    });
    const answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Answer);
    expect(answers, stderr).toHaveLength(orders.length);
    const results = answers.slice(1, -1).map(({ result }) => result!);
    for (const [i, [network, , loss, output]] of networks.entries()) {
      expect(results[2 * i]! / loss, network).toBeCloseTo(1, 5);
      expect(results[2 * i + 1]!, network).toBeCloseTo(output, 5);
    }
    const others = results.slice(2 * networks.length);
    for (const [i, [task, loss]] of trainings.entries())
      expect(others[i]! / loss, JSON.stringify(task)).toBeCloseTo(1, 5);
    for (const [i, [operation, , checksum]] of checksums.entries())
      expect(others[trainings.length + i]! / checksum, operation).toBeCloseTo(1, 4);
    expect(answers.at(-1)!.milliseconds).toBeGreaterThan(0);
    expect(answers.at(-1)!.processorMilliseconds).toBeGreaterThan(0);
    const { description } = answers[0]!;
    expect(description).toContain("simd" in option ? "SIMD," : "SIMD with FMA,");
    if ("blas" in option) expect(description).toContain("no BLAS");
    if ("threads" in option) expect(description).toContain("one thread");
  },
  120_000,
);

test("every operation that is timed is compared with PyTorch's result", () => {
  const compared = new Set(checksums.map(([operation]) => operation));
  expect(operations.filter(({ task }) => !compared.has(task.operation))).toEqual([]);
});

test("`npm run bench` times contenders beside each other and reports it as JSON", () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(import.meta.dirname, "bench.ts"),
      ...[
        "operations",
        "--quick",
        "--json",
        "--threads",
        "1",
        "--match",
        "reshape",
        "--contenders",
        "BLAS,WASM",
      ],
    ],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as Report;
  expect(Object.keys(report.contenders)).toEqual(["BLAS", "WASM"]);
  expect(report.rows.operations!.map(({ name }) => name)).toEqual(["reshape, 4 numbers"]);
  expect(report.rows.operations![0]!.values.WASM).toBeGreaterThan(0);
}, 120_000);

test("`npm run bench -- profile` tells where a step's time goes, of all of it", () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(import.meta.dirname, "bench.ts"),
      ...[
        "profile",
        "--quick",
        "--json",
        "--threads",
        "1",
        "--match",
        "LeNet-5, training",
        "--contenders",
        "WASM",
      ],
    ],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  const [row] = (JSON.parse(stdout) as Report).rows.profile!;
  const { all, ...parts } = row!.values;
  for (const part of ["products", "convolutions", "pooling", "elementwise", "optimiser", "JavaScript"])
    expect(parts[part], part).toBeGreaterThan(0);
  expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(all!, 6);
  expect(profileSection.table([{ ...row!, contender: "WASM" }], null)).toMatch(
    /\| LeNet-5, training, batch 64 \| WASM \| [\d.]+ \| \d+ % \|/,
  );
}, 120_000);

test("a contender that is none is refused, and those that have to be asked for are named", () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, "bench.ts"), "--contenders", "BLAS,jax-js", "--python", "none"],
    { encoding: "utf8" },
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /no contender jax-js; there are BLAS, .*, and with --peers tfjs wasm, tfjs cpu, jax-js/,
  );
}, 60_000);

describe("a measurement", () => {
  const task: Task = { kind: "network", network: "MLP", mode: "training", batch: 1 };
  const timing = { rounds: 3, turnMilliseconds: 10, busy: false };

  /** Answers with one result and, run by run, with these times. */
  const contender = (label: string, result: number | undefined, times: number[]) => ({
    label,
    async tell({ order }: Order): Promise<Answer> {
      if (order === "prepare") return result === undefined ? {} : { result };
      return { milliseconds: times.shift()!, processorMilliseconds: 1 };
    },
  });

  test("is the median of the rounds, of those that can do the task", async () => {
    const [a, b] = [contender("a", 2, [10, 9, 2, 3]), contender("b", 2.001, [10, 5, 6, 1])];
    const found = await measure([a, contender("no", undefined, []), b], "one", task, timing);
    expect(found).toEqual({ a: 3, b: 5 });
  });

  test("of a contender that takes longer than all others together is its first step, once warm", async () => {
    const times = [100, 7, 7];
    const found = await measure(
      [contender("a", 2, [10, 9, 2, 3]), contender("slow", 2, times)],
      "one",
      task,
      timing,
    );
    expect(found).toEqual({ a: 3, slow: 100 });
    expect(times).toEqual([7, 7]);
  });

  test("is refused where first results differ", async () => {
    const differing = [contender("a", 2, []), contender("b", 2.1, [])];
    await expect(measure(differing, "one", task, timing)).rejects.toThrow(
      "one: b computes 2.1, a 2: not the same work",
    );
  });
});

describe("the report", () => {
  const report = (blas: number, torch: number): Report => ({
    date: "2026-01-01",
    machine: "one",
    node: "26",
    load: 0,
    threads: 2,
    busy: false,
    limits: null,
    contenders: { BLAS: "two threads", PyTorch: "2.13" },
    rows: {
      networks: [{ name: "MLP", values: { BLAS: blas, PyTorch: torch } }],
      memory: [{ name: "MLP", values: { PyTorch: torch } }],
    },
  });

  test("finds what became slower, also on another machine", () => {
    expect(comparison(report(2, 5), report(2.1, 5))).toBe("Nothing changed by more than 10 %.");
    expect(comparison(report(2, 5), report(4, 10))).toBe("Nothing changed by more than 10 %.");
    expect(comparison(report(2, 5), report(3, 5))).toBe("networks: MLP, BLAS: more, 1.50 times as much");
    expect(comparison(report(3, 5), report(3, 10))).toBe("networks: MLP, BLAS: less, 0.50 times as much");
  });

  test("gives networks in samples per second, and the ratios to PyTorch", () => {
    const task = { kind: "network", network: "MLP", mode: "training", batch: 64 } as const;
    const rows = [{ name: "MLP", task, values: { BLAS: 2, PyTorch: 5 } }];
    expect(networksSection.table(rows, null).split("\n")).toEqual([
      "| network |  | batch | BLAS, samples/s | PyTorch, samples/s |",
      "| --- | --- | ---: | ---: | ---: |",
      "| MLP | training | 64 | 32,000 | 12,800 |",
      "",
      "| network |  | batch | BLAS : PyTorch |",
      "| --- | --- | ---: | ---: |",
      "| MLP | training | 64 | 2.50 |",
    ]);
  });

  test("keeps the order of the contenders where the first row lacks one", () => {
    const rows = [{ BLAS: 1, "jax-js": 3 }, { BLAS: 1, "tfjs wasm": 2, "jax-js": 3 }, { WASM: 4 }];
    const labels = labelsOf(rows.map((values) => ({ name: "", values })));
    expect(labels).toEqual(["BLAS", "tfjs wasm", "jax-js", "WASM"]);
  });

  test("gives operations as shares of the machine's limits", () => {
    const task = { kind: "operation", operation: "add", sizes: [] } as const;
    const rows = [
      { name: "matmul", task, flops: 1e8, values: { BLAS: 2, PyTorch: 5 } },
      { name: "add", task, bytes: 1e7, values: { PyTorch: 5 } },
    ];
    expect(operationsSection.table(rows, { gigaflops: 100, gigabytes: 10 }).split("\n").slice(2)).toEqual([
      "| matmul | 2,000 | 5,000 | 2.50 | 50 % | 20 % |",
      "| add | – | 5,000 | – | – | 20 % |",
    ]);
  });

  test("gives the exponent with which time grows", () => {
    expect(exponent([1, 2, 4, 8], [3, 12, 48, 192])).toBeCloseTo(2, 12);
    const task = { kind: "mlp", width: 1, depth: 1, batch: 64 } as const;
    const rows = [1, 2, 4, 8].map((size) => ({
      ...{ name: `width ${size}`, grows: "width", size, task },
      values: { BLAS: 5 + size, WASM: Math.max(4, size) },
    }));
    expect(growthSection.table(rows, null).split("\n").slice(-2)).toEqual([
      "| width 8 | 13.0 | 8.00 |",
      "| width …: exponent of the larger half | 0.53 | 1.00 |",
    ]);
  });
});
