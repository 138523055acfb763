/** The benchmark compares like with like: contenders compute what PyTorch does, and the report says what changed. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { operations } from "./operations.ts";
import type { Answer, Order, Task } from "./protocol.ts";
import { comparison, type Report, tables } from "./report.ts";
import { measure } from "./rounds.ts";

/** First losses and outputs by PyTorch 2.13, one thread. */
const networks: readonly (readonly [network: string, batch: number, loss: number, output: number])[] = [
  ["MLP", 64, 9.719433784484863, 5.520971298217773],
  ["LeNet-5", 64, 2.3048534393310547, 0.016773851588368416],
  ["CIFAR CNN", 4, 2.2545952796936035, -0.0002808845601975918],
  ["ResNet-20", 4, 2.4126181602478027, -0.018372230231761932],
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
      ...checksums.map(([operation, sizes]) => ({ kind: "operation" as const, operation, sizes })),
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
    for (const [i, [operation, , checksum]] of checksums.entries())
      expect(results[2 * networks.length + i]! / checksum, operation).toBeCloseTo(1, 4);
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
  expect(report.operations.map(({ name }) => name)).toEqual(["reshape, 4 numbers"]);
  expect(report.operations[0]!.milliseconds.WASM).toBeGreaterThan(0);
}, 120_000);

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
    limits: { gigaflops: 100, gigabytes: 10 },
    contenders: { BLAS: "two threads", PyTorch: "2.13" },
    networks: [
      {
        name: "MLP, training, batch 64",
        network: "MLP",
        mode: "training",
        batch: 64,
        milliseconds: { BLAS: blas, PyTorch: torch },
      },
    ],
    operations: [
      { name: "matmul", flops: 1e8, milliseconds: { BLAS: blas, PyTorch: torch } },
      { name: "add", bytes: 1e7, milliseconds: { PyTorch: torch } },
    ],
  });

  test("gives samples per second, the ratio to PyTorch, and the share of the machine's limit", () => {
    expect(tables(report(2, 5)).split("\n").slice(4)).toEqual([
      "",
      "| network |  | batch | BLAS, samples/s | PyTorch, samples/s | BLAS : PyTorch |",
      "| --- | --- | ---: | ---: | ---: | ---: |",
      "| MLP | training | 64 | 32,000 | 12,800 | 2.50 |",
      "",
      "| operation | BLAS, µs | PyTorch, µs | BLAS : PyTorch | BLAS, of the limit | PyTorch, of the limit |",
      "| --- | ---: | ---: | ---: | ---: | ---: |",
      "| matmul | 2,000 | 5,000 | 2.50 | 50 % | 20 % |",
      "| add | – | 5,000 | – | – | 20 % |",
    ]);
  });

  test("finds what became slower, also on another machine", () => {
    expect(comparison(report(2, 5), report(2.1, 5))).toBe("Nothing changed by more than 10 %.");
    expect(comparison(report(2, 5), report(4, 10))).toBe("Nothing changed by more than 10 %.");
    expect(comparison(report(2, 5), report(3, 5))).toBe(
      "MLP, training, batch 64, BLAS: slower, 1.50 times the time\nmatmul, BLAS: slower, 1.50 times the time",
    );
    expect(comparison(report(3, 5), report(3, 10))).toBe(
      "MLP, training, batch 64, BLAS: faster, 0.50 times the time\nmatmul, BLAS: faster, 0.50 times the time",
    );
  });
});
