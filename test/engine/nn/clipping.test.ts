/** Clipped gradients: PyTorch's values (../golden/derivatives.py), shared memory, mistakes. */
import { describe, expect, it } from "vitest";
import { ones, tensor, zeros } from "../../../engine/creation.ts";
import { GradientError } from "../../../engine/errors.ts";
import * as nn from "../../../engine/nn/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import golden from "../golden/derivatives.json" with { type: "json" };
import { expectPacked, type Packed, unpack } from "../packed.ts";

const withGradient = (packed: Packed): Tensor => {
  const parameter = nn.parameter(zeros(packed.shape));
  parameter.grad = unpack(packed);
  return parameter;
};

function expectGradients(parameters: readonly Tensor[], expected: readonly Packed[]): void {
  parameters.forEach((parameter, i) => {
    expectPacked(parameter.grad, expected[i]!, `gradient ${i}`);
  });
}

describe("clipGradNorm", () => {
  it.each(golden.clips.map((entry) => [entry.maxNorm, entry.p, entry] as const))(
    "to %s of norm %s is PyTorch's",
    (maxNorm, p, { given, norm, clipped }) => {
      const parameters = given.map(withGradient);
      expect(nn.clipGradNorm(parameters, maxNorm, { p: Number(p) })).toBeCloseTo(norm, 5);
      expectGradients(parameters, clipped);
    },
  );

  it("leaves a short gradient, and parameters without one, alone", () => {
    const [w, unused] = [nn.parameter(zeros([2])), nn.parameter(zeros([3]))];
    w.grad = tensor([3, 4]);
    expect(nn.clipGradNorm([w, unused], 5.1)).toBe(5);
    expect([w.grad!.toArray(), unused.grad]).toEqual([[3, 4], null]);
    expect(nn.clipGradNorm(w, 0)).toBe(5);
    expect(w.grad!.toArray()).toEqual([0, 0]);
  });

  it("scales gradients that share memory once each", () => {
    const [a, b] = [nn.parameter(zeros([4])), nn.parameter(zeros([4]))];
    a.add(b).sum().backward();
    expect(nn.clipGradNorm([a, b], 1)).toBeCloseTo(Math.sqrt(8), 6);
    for (const parameter of [a, b])
      expect(parameter.grad!.toArray()).toEqual([1, 2, 3, 4].map(() => expect.closeTo(1 / Math.sqrt(8), 6)));
  });

  it("refuses, and says what to do", () => {
    const w = nn.parameter(ones([2])).named("w");
    expect(() => nn.clipGradNorm([w], 1)).toThrow(
      "clipGradNorm: no parameter has a gradient; call loss.backward() before it",
    );
    w.grad = tensor([1, Number.NaN]);
    expect(() => nn.clipGradNorm([w], 1)).toThrow(GradientError);
    expect(() => nn.clipGradNorm([w], 1)).toThrow(
      "clipGradNorm: the gradient of parameter 0 (w [2]) contains NaN or infinity, which no factor makes smaller; no gradient was changed",
    );
    w.grad = tensor([1, 1]);
    expect(() => nn.clipGradNorm([w], -1)).toThrow("clipGradNorm: maxNorm must be a number ≥ 0, got -1");
    expect(() => nn.clipGradNorm([w], 1, { p: 0 })).toThrow("clipGradNorm: p must be a number > 0, got 0");
    expect(() => Reflect.apply(nn.clipGradNorm, null, [nn.linear(1, 1), 1])).toThrow(
      /write model\.parameters\(\)/,
    );
    expect(() => Reflect.apply(nn.clipGradNorm, null, [[3], 1])).toThrow(
      /parameter 0 must be a Tensor, got 3/,
    );
  });
});

describe("clipGradValue", () => {
  it("is PyTorch's", () => {
    const parameters = golden.clips[0]!.given.map(withGradient);
    nn.clipGradValue(parameters, 0.5);
    expectGradients(parameters, golden.clipValue);
  });

  it("refuses, and says what to do", () => {
    const w = nn.parameter(ones([2]));
    expect(() => nn.clipGradValue([w], 1)).toThrow("clipGradValue: no parameter has a gradient");
    expect(() => nn.clipGradValue([w], Number.NaN)).toThrow(
      "clipGradValue: maxValue must be a number ≥ 0, got NaN",
    );
  });
});
