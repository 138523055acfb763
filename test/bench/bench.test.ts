/** The benchmark compares like with like: its networks compute what PyTorch's do, and its report says what changed. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Answer, Order } from "./protocol.ts";
import { comparison, type Report, table } from "./report.ts";

/** First losses and outputs by pytorch.py, PyTorch 2.13, one thread. */
const pytorch: readonly (readonly [network: string, batch: number, loss: number, output: number])[] = [
  ["MLP", 64, 9.719433784484863, 5.520971298217773],
  ["LeNet-5", 64, 2.3048534393310547, 0.016773851588368416],
  ["CIFAR CNN", 4, 2.2545952796936035, -0.0002808845601975918],
  ["ResNet-20", 4, 2.4126181602478027, -0.018372230231761932],
];

test("a contender computes PyTorch's losses and outputs, and times its steps", () => {
  const orders: Order[] = pytorch.flatMap(([network, batch]) => [
    { order: "prepare", network, batch, mode: "training" },
    { order: "prepare", network, batch, mode: "inference" },
  ]);
  orders.push({ order: "run", steps: 2 });
  const input = orders.map((order) => `${JSON.stringify(order)}\n`).join("");
  const { stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "contender.ts")], {
    input,
    encoding: "utf8",
  });
  const answers = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
  expect(answers, stderr).toHaveLength(orders.length);
  for (const [i, [network, , loss, output]] of pytorch.entries()) {
    expect(answers[2 * i]!.result! / loss, network).toBeCloseTo(1, 5);
    expect(answers[2 * i + 1]!.result!, network).toBeCloseTo(output, 5);
  }
  expect(answers.at(-1)!.milliseconds).toBeGreaterThan(0);
});

describe("the report", () => {
  const report = (blas: number, torch: number): Report => ({
    date: "2026-01-01",
    machine: "one",
    node: "26",
    load: 0,
    threads: 2,
    contenders: ["BLAS", "PyTorch"],
    cases: [
      { network: "MLP", mode: "training", batch: 64, milliseconds: { BLAS: blas, PyTorch: torch }, rss: {} },
    ],
  });

  test("gives samples per second and the ratio to PyTorch", () => {
    expect(table(report(2, 5)).split("\n")).toEqual([
      "| network |  | batch | BLAS, samples/s | PyTorch, samples/s | BLAS : PyTorch |",
      "| --- | --- | ---: | ---: | ---: | ---: |",
      "| MLP | training | 64 | 32,000 | 12,800 | 2.50 |",
    ]);
  });

  test("finds what became slower, also on another machine", () => {
    expect(comparison(report(2, 5), report(2.1, 5))).toBe("Nothing changed by more than 10 %.");
    expect(comparison(report(2, 5), report(4, 10))).toBe("Nothing changed by more than 10 %.");
    expect(comparison(report(2, 5), report(3, 5))).toBe(
      "MLP, training, batch 64, BLAS: slower, 1.50 times the time",
    );
    expect(comparison(report(3, 5), report(3, 10))).toBe(
      "MLP, training, batch 64, BLAS: faster, 0.50 times the time",
    );
  });
});
