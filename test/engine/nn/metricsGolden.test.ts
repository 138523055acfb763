/** Metrics against scikit-learn's, or their formulas in numpy and PyTorch (golden/metrics.py). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Tensor, type TensorData, tensor } from "../../../engine/index.ts";
import * as metrics from "../../../engine/metrics/index.ts";

/** Infinity and NaN as words. */
type Numbers = number | string | readonly Numbers[];

interface Case {
  /** `confusionMatrix.perClass`: what is read of the result comes after the dot. */
  readonly metric: string;
  readonly note: string;
  readonly args: readonly Numbers[];
  readonly options: object | null;
  readonly expected: Numbers;
}

const golden: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL("./golden/metrics.json", import.meta.url), "utf8"),
);

/** Tables become tensors, lists stay arrays. */
function argument(given: Numbers): Numbers | Tensor {
  return Array.isArray(given) && Array.isArray(given[0]) ? tensor(given as TensorData) : given;
}

/** What golden.py stores of a result. */
function numbersOf(result: unknown): unknown {
  if (result instanceof metrics.ConfusionMatrix) return result.counts;
  if (result instanceof metrics.RocCurve)
    return [result.falsePositiveRate, result.truePositiveRate, result.thresholds];
  if (result instanceof metrics.Calibration) return result.error;
  return result;
}

function expectNear(found: unknown, expected: Numbers, slack: number): void {
  if (Array.isArray(expected)) {
    expect(found).toHaveLength(expected.length);
    expected.forEach((value, i) => {
      expectNear((found as unknown[])[i], value, slack);
    });
    return;
  }
  const value = Number(String(expected).replace("inf", "Infinity"));
  if (Number.isFinite(value)) expect(Math.abs(Number(found) - value)).toBeLessThan(slack);
  else expect(found).toBe(value);
}

describe("scikit-learn's", () => {
  it.each(golden.cases.map((one) => [one.metric, one.options ?? "", one.note, one] as const))(
    "%s %j: %s",
    (name, _options, _note, { args, options, expected }) => {
      const [metric, part] = name.split(".") as [string, string?];
      const call: unknown = Reflect.get(metrics, metric);
      if (typeof call !== "function") throw new Error(`there is no ${metric}`);
      const given = [
        ...args.map(argument),
        ...(options === null || Object.keys(options).length === 0 ? [] : [options]),
      ];
      const result: unknown = Reflect.apply(call, undefined, given);
      const found =
        result instanceof metrics.ConfusionMatrix && part === "perClass"
          ? result.perClass.map((one) => [one.precision, one.recall, one.f1, one.count])
          : numbersOf(result);
      // Probabilities and tables of numbers are float32 here.
      const slack = name === "calibration" ? 1e-6 : 1e-9;
      expectNear(found, expected, slack);
    },
  );
});

it("every metric is compared with an independent source", () => {
  const compared = new Set(golden.cases.map(({ metric }) => metric.split(".")[0]));
  const functions = Object.entries(metrics).filter(
    ([name, value]) => typeof value === "function" && /^[a-z]/.test(name),
  );
  expect(functions.length).toBeGreaterThan(15);
  expect(functions.map(([name]) => name).filter((name) => !compared.has(name))).toEqual([]);
});
