/** Layers against PyTorch: outputs, gradients of input and parameters, running statistics (golden/layers.py). */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as nn from "../../../engine/nn/index.ts";
import { backpropagate, expectPacked, type Packed, unpack } from "../packed.ts";

interface Case {
  readonly build: string;
  readonly note: string;
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
      const x = unpack(entry.input);
      x.requiresGrad = x.dtype === "float32";
      const y = layer(x);
      expectPacked(y, entry.output, "output");
      backpropagate(y);
      if (entry.inputGradient !== null) expectPacked(x.grad, entry.inputGradient, "input gradient");
      parameters.forEach((parameter, i) => {
        expectPacked(parameter.grad, entry.gradients[i]!, `gradient ${i}`);
      });
      if (entry.second === undefined) return;
      layer(unpack(entry.second));
      const state = layer.stateDict();
      expectPacked(state.runningMean!, entry.runningMean!, "running mean");
      expectPacked(state.runningVar!, entry.runningVar!, "running variance");
      layer.eval();
      const z = layer(x);
      expectPacked(z, entry.evaluated!, "output in evaluation");
      backpropagate(z);
      expectPacked(x.grad, entry.evaluatedInputGradient!, "input gradient in evaluation");
      parameters.forEach((parameter, i) => {
        expectPacked(parameter.grad, entry.evaluatedGradients![i]!, `gradient ${i} in evaluation`);
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
