import { describe, expect, it } from "vitest";
import { randn, tensor } from "../../../engine/creation.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import golden from "./golden/golden.json" with { type: "json" };
import { flat, wave } from "./wave.ts";

describe("leNet5", () => {
  it("has 61,706 parameters and the maps 28-14-10-5-1", () => {
    const model = models.leNet5();
    expect(model.parameterCount).toBe(61_706);
    const trace = model.trace(randn([1, 1, 28, 28]));
    expect(trace.map(({ path, outputShape }) => `${path} ${outputShape.join("×")}`)).toEqual([
      "c1 1×6×28×28",
      "a1 1×6×28×28",
      "s2 1×6×14×14",
      "c3 1×16×10×10",
      "a3 1×16×10×10",
      "s4 1×16×5×5",
      "c5 1×120×1×1",
      "a5 1×120×1×1",
      "flatten 1×120",
      "f6 1×84",
      "a6 1×84",
      "output 1×10",
    ]);
    expect(trace.map(({ parameterCount }) => parameterCount).filter(Boolean)).toEqual([
      156, 2416, 48_120, 10_164, 850,
    ]);
  });

  it("takes images of 32, other channels and classes", () => {
    expect(models.leNet5({ imageSize: 32 })(randn([2, 1, 32, 32])).shape).toEqual([2, 10]);
    const colour = models.leNet5({ imageSize: 32, channels: 3, classes: 4 });
    expect(colour(randn([2, 3, 32, 32])).shape).toEqual([2, 4]);
    expect(() => models.leNet5()(randn([2, 1, 32, 32]))).toThrow(
      /LeNet5\.f6 \(Linear 120 → 84\): expected \[N, 120\], got \[2, 480\]/,
    );
  });

  it("names its options when they are wrong", () => {
    const make = (options: unknown) => () => Reflect.apply(models.leNet5, undefined, [options]);
    expect(make({ activation: "swish" })).toThrow(
      'leNet5: activation must be one of relu, sigmoid, tanh, got the string "swish"',
    );
    expect(make({ pooling: "min" })).toThrow(/pooling must be "max" or "avg"/);
    expect(make({ imageSize: 64 })).toThrow(/imageSize must be 28 or 32, got 64/);
  });

  for (const [name, options] of [
    ["reluMax", { activation: "relu", pooling: "max" }],
    ["tanhAvg", { activation: "tanh", pooling: "avg" }],
  ] as const) {
    it(`computes what PyTorch computes, forward and backward: ${name}`, () => {
      const expected = golden.leNet5[name];
      const model = models.leNet5(options);
      const named = model.namedParameters();
      named.forEach(([, parameter], index) => {
        const fan = parameter.shape.slice(1).reduce((product, size) => product * size, 1);
        const scale = 1.5 / Math.sqrt(fan);
        const values = wave(parameter.shape, scale, 1.37 + 0.11 * index, index).toTypedArray();
        parameter.storage.values().set(values);
      });
      const logits = model(wave([3, 1, 28, 28], 1, 0.37));
      const values = logits.toTypedArray();
      flat(expected.logits).forEach((value, i) => {
        expect(Math.abs(values[i]! - value)).toBeLessThan(2e-4 * (1 + Math.abs(value)));
      });
      const loss = nn.crossEntropy(logits, tensor([3, 0, 7], { dtype: "int32" }));
      expect(loss.item()).toBeCloseTo(expected.loss, 4);
      loss.backward();
      for (const [path, parameter] of named) {
        const { norm, first } = expected.gradients[path as keyof typeof expected.gradients];
        const gradient = Array.from(parameter.grad!.toTypedArray());
        const found = Math.hypot(...gradient);
        expect(Math.abs(found / norm - 1), `norm of ${path}`).toBeLessThan(1e-3);
        first.forEach((value, i) => {
          expect(Math.abs(gradient[i]! - value), `${path}[${i}]`).toBeLessThan(1e-3 * norm);
        });
      }
    });
  }
});

describe("leNet5Original", () => {
  it("has exactly the paper's 60,000 trainable parameters, layer by layer", () => {
    const model = models.leNet5Original();
    expect(model.parameterCount).toBe(60_000);
    const counts = model.namedChildren().map(([name, layer]) => [name, layer.parameterCount]);
    expect(counts.filter(([, count]) => count)).toEqual([
      ["c1", 156],
      ["s2", 12],
      ["c3", 1516],
      ["s4", 32],
      ["c5", 48_120],
      ["f6", 10_164],
    ]);
    expect(Object.keys(model.stateDict())).toContain("output.codes");
  });

  it("wires C3 by table I: each map of S2 reaches ten maps of C3", () => {
    const { c3 } = models.leNet5Original();
    const kernel = noGrad(() => c3.kernel()).toArray() as number[][][][];
    const seen = kernel.map((inputs) => inputs.map((taps) => taps.flat().some((tap) => tap !== 0)));
    expect(seen.map((inputs) => inputs.filter(Boolean).length)).toEqual([
      3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6,
    ]);
    expect([0, 1, 2, 3, 4, 5].map((map) => seen.filter((inputs) => inputs[map]).length)).toEqual([
      10, 10, 10, 10, 10, 10,
    ]);
    expect(new Set(seen.map((inputs) => inputs.join())).size).toBe(16);
  });

  it("has a code of its own for every digit, at least ten pixels from any other", () => {
    const codes = models.leNet5Original().output.codes.toArray() as number[][];
    expect(codes).toHaveLength(10);
    for (const [i, code] of codes.entries()) {
      expect(code).toHaveLength(84);
      for (const other of codes.slice(i + 1)) {
        expect(code.filter((pixel, k) => pixel !== other[k]).length).toBeGreaterThanOrEqual(10);
      }
    }
  });

  it("gives minus the squared distances from the codes", () => {
    const { output } = models.leNet5Original();
    const codes = output.codes.toArray() as number[][];
    const scores = output(tensor([codes[3]!])).toArray() as number[][];
    const distance = codes[3]!.reduce((sum, pixel, k) => sum + (pixel - codes[8]![k]!) ** 2, 0);
    expect(scores[0]![3]).toBeCloseTo(0, 4);
    expect(scores[0]![8]).toBeCloseTo(-distance, 3);
  });

  it("gives every trainable parameter a gradient, and none to the codes", () => {
    const model = models.leNet5Original();
    nn.crossEntropy(model(randn([2, 1, 28, 28])), tensor([1, 2], { dtype: "int32" })).backward();
    for (const [path, parameter] of model.namedParameters()) {
      expect(
        parameter.grad?.toTypedArray().some((value) => value !== 0),
        path,
      ).toBe(true);
    }
    expect(model.output.codes.grad).toBeNull();
  });
});

describe("mlp", () => {
  it("784-500-150-10 has 469,160 parameters and flattens images", () => {
    const model = models.mlp([784, 500, 150, 10]);
    expect(model.parameterCount).toBe(469_160);
    expect(model(randn([2, 1, 28, 28])).shape).toEqual([2, 10]);
    expect(String(model).split("\n").slice(0, 3)).toEqual([
      "Mlp(784 → 500 → 150 → 10), 469,160 parameters",
      "  layers: Sequential, 469,160 parameters",
      "    0: Linear(784 → 500), 392,500 parameters",
    ]);
  });

  it("has the activation between the layers only", () => {
    const model = models.mlp([2, 4, 1], { activation: "tanh" });
    expect(model.layers.layers.map((layer) => layer.constructor.name)).toEqual(["Linear", "Tanh", "Linear"]);
  });

  it("needs two sizes at least", () => {
    expect(() => models.mlp([784])).toThrow(/mlp: give the layers' sizes from input to output/);
    expect(() => models.mlp([784, 0])).toThrow(/mlp: each size must be a whole number ≥ 1, got 0/);
  });
});
