/** Layers against PyTorch: outputs, gradients of input and parameters, running statistics (golden/layers.py). */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { tensor } from "../../../engine/creation.ts";
import * as nn from "../../../engine/nn/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";

interface Packed {
  readonly shape: number[];
  readonly values: number[];
}

interface Case {
  readonly build: string;
  readonly note: string;
  readonly whole: boolean;
  readonly input: Packed;
  readonly parameters: Packed[];
  readonly output: Packed;
  readonly inputGradient: Packed | null;
  readonly gradients: Packed[];
  readonly second?: Packed;
  readonly runningMean?: Packed;
  readonly runningVar?: Packed;
  readonly evaluated?: Packed;
  readonly evaluatedInputGradient?: Packed;
  readonly evaluatedGradients?: Packed[];
}

const golden: { cases: Case[] } = JSON.parse(
  readFileSync(new URL("./golden/layers.json", import.meta.url), "utf8"),
);

const unpack = ({ shape, values }: Packed, whole = false): Tensor =>
  tensor(values, { shape, dtype: whole ? "int32" : "float32" });

/** PyTorch computed in float64, we in float32: 1e-5 of the largest value covers sums of some hundred terms. */
function expectValues(actual: Tensor | null, expected: Packed, what: string): void {
  expect(actual?.shape, what).toEqual(expected.shape);
  const scale = Math.max(1, ...expected.values.map(Math.abs));
  actual!.toTypedArray().forEach((value, i) => {
    expect(
      Math.abs(value - expected.values[i]!) / scale,
      `${what}[${i}]: ${value}, PyTorch ${expected.values[i]}`,
    ).toBeLessThan(1e-5);
  });
}

/** Backpropagates Σ y · (cos i + 0.2). */
function backward(y: Tensor): void {
  const weights = Float32Array.from({ length: y.size }, (_item, i) => Math.cos(i) + 0.2);
  y.backward({ gradient: tensor(weights, { shape: y.shape }) });
}

describe("PyTorch's", () => {
  test.each(golden.cases.map((entry) => [`${entry.build} ${entry.note}`.trim(), entry] as const))(
    "%s",
    (_title, entry) => {
      const layer: nn.Module = new Function("nn", `return ${entry.build}`)(nn);
      const parameters = layer.parameters();
      expect(parameters.map(({ shape }) => shape)).toEqual(entry.parameters.map(({ shape }) => shape));
      parameters.forEach((parameter, i) => {
        parameter.storage.values().set(entry.parameters[i]!.values);
      });
      const x = unpack(entry.input, entry.whole);
      if (!entry.whole) x.requiresGrad = true;
      const y = layer(x);
      expectValues(y, entry.output, "output");
      backward(y);
      if (entry.inputGradient !== null) expectValues(x.grad, entry.inputGradient, "input gradient");
      parameters.forEach((parameter, i) => {
        expectValues(parameter.grad, entry.gradients[i]!, `gradient ${i}`);
      });
      if (entry.second === undefined) return;
      layer(unpack(entry.second));
      const state = layer.stateDict();
      expectValues(state.runningMean!, entry.runningMean!, "running mean");
      expectValues(state.runningVar!, entry.runningVar!, "running variance");
      layer.eval();
      const z = layer(x);
      expectValues(z, entry.evaluated!, "output in evaluation");
      backward(z);
      expectValues(x.grad, entry.evaluatedInputGradient!, "input gradient in evaluation");
      parameters.forEach((parameter, i) => {
        expectValues(parameter.grad, entry.evaluatedGradients![i]!, `gradient ${i} in evaluation`);
      });
      expect(layer.stateDict().runningMean!.toArray()).toEqual(state.runningMean!.toArray());
    },
  );
});

test("every layer is compared with PyTorch, and on an empty batch", () => {
  /** Called with two tensors, or giving two: compared within a module, on empty batches by their operations. */
  const pairs = ["maxPool2dWithIndices", "minPool2dWithIndices", "maxUnpool2d", "parallel", "sequential"];
  /** Evaluated only: in training an empty batch has no mean, see blocks.test.ts. */
  const needSamples = ["batchNorm1d", "batchNorm2d", "batchNorm3d"];
  const isLayer = (value: unknown) => typeof value === "function" && value.prototype instanceof nn.Module;
  const classes = Object.entries(nn).flatMap(([name, value]) => (isLayer(value) ? [name.toLowerCase()] : []));
  const layers = Object.keys(nn).filter(
    (name) => /^[a-z]/.test(name) && classes.includes(name.toLowerCase()),
  );
  expect(layers.length).toBe(classes.length);
  const missing = (cases: readonly Case[]) =>
    layers.filter((name) => !cases.some(({ build }) => build.includes(`nn.${name}(`)));
  expect(missing(golden.cases)).toEqual([]);
  const empty = golden.cases.filter(({ input }) => input.shape[0] === 0);
  expect(missing(empty).toSorted()).toEqual([...pairs, ...needSamples].toSorted());
});
