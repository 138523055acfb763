import { afterEach, describe, expect, it } from "vitest";
import { ones, randn, tensor } from "../../../engine/creation.ts";
import * as nn from "../../../engine/nn/index.ts";
import { Generator, seed } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";

afterEach(() => {
  seed(0);
});

function statistics(values: Tensor): { mean: number; std: number; low: number; high: number } {
  const numbers = Array.from(values.toTypedArray());
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length;
  return { mean, std: Math.sqrt(variance), low: Math.min(...numbers), high: Math.max(...numbers) };
}

/** Mean 0 and the given standard deviation, within five standard errors. */
function expectSpread(values: Tensor, std: number): void {
  const found = statistics(values);
  expect(Math.abs(found.mean)).toBeLessThan((5 * std) / Math.sqrt(values.size));
  expect(Math.abs(found.std / std - 1)).toBeLessThan(5 / Math.sqrt(2 * values.size));
}

describe("shapes", () => {
  const cases: [string, nn.Module, number[], number[]][] = [
    ["linear", nn.linear(4, 3), [2, 4], [2, 3]],
    ["linear over more dimensions", nn.linear(4, 3), [2, 5, 4], [2, 5, 3]],
    ["linear of one sample", nn.linear(4, 3), [4], [3]],
    ["conv2d", nn.conv2d(2, 3, 3), [1, 2, 8, 7], [1, 3, 6, 5]],
    [
      "conv2d with stride and padding",
      nn.conv2d(2, 3, 3, { stride: 2, padding: 1 }),
      [1, 2, 8, 7],
      [1, 3, 4, 4],
    ],
    ["conv2d same", nn.conv2d(2, 3, 4, { padding: "same" }), [1, 2, 8, 7], [1, 3, 8, 7]],
    ["conv2d valid", nn.conv2d(2, 3, [1, 3], { padding: "valid" }), [1, 2, 8, 7], [1, 3, 8, 5]],
    ["conv2d dilated", nn.conv2d(2, 3, 3, { dilation: 2 }), [1, 2, 8, 7], [1, 3, 4, 3]],
    ["conv2d in groups", nn.conv2d(4, 6, 3, { groups: 2, bias: false }), [1, 4, 8, 8], [1, 6, 6, 6]],
    ["maxPool2d", nn.maxPool2d(2), [1, 2, 8, 7], [1, 2, 4, 3]],
    ["maxPool2d overlapping", nn.maxPool2d(3, { stride: 2 }), [1, 2, 7, 7], [1, 2, 3, 3]],
    ["avgPool2d with padding", nn.avgPool2d(2, { padding: 1 }), [1, 2, 6, 6], [1, 2, 4, 4]],
    ["flatten", nn.flatten(), [2, 3, 4, 5], [2, 60]],
    ["flatten from 2", nn.flatten(2), [2, 3, 4, 5], [2, 3, 20]],
    ["relu", nn.relu(), [2, 3], [2, 3]],
  ];
  for (const [name, layer, input, output] of cases) {
    it(name, () => {
      expect(layer(randn(input)).shape).toEqual(output);
    });
  }

  it("conv2d in groups has a weight per group", () => {
    expect(nn.conv2d(4, 6, 3, { groups: 2 }).weight.shape).toEqual([6, 2, 3, 3]);
  });
});

describe("values", () => {
  it("linear computes x·Wᵀ + b", () => {
    const layer = nn.linear(2, 2);
    layer.weight = nn.parameter(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    layer.bias = nn.parameter(tensor([10, 20]));
    expect(
      layer(
        tensor([
          [1, 1],
          [0, 2],
        ]),
      ).toArray(),
    ).toEqual([
      [13, 27],
      [14, 28],
    ]);
  });

  it("activations", () => {
    const x = tensor([-1, 0, 2]);
    expect(nn.relu()(x).toArray()).toEqual([0, 0, 2]);
    const close = (layer: nn.Module, expected: number[]): void => {
      layer(x)
        .toTypedArray()
        .forEach((value, i) => {
          expect(value).toBeCloseTo(expected[i]!, 6);
        });
    };
    close(nn.sigmoid(), [0.2689414, 0.5, 0.8807971]);
    close(nn.tanh(), [-0.7615942, 0, 0.9640276]);
    const [low = 0, middle = 0, high = 0] = nn
      .softmax()(tensor([[1, 2, 3]]))
      .toTypedArray();
    expect([low, middle, high].map((p) => p.toFixed(5))).toEqual(["0.09003", "0.24473", "0.66524"]);
  });
});

describe("dropout", () => {
  it("drops the share p and keeps the expected value, in training only", () => {
    const layer = nn.dropout(0.3, { generator: new Generator(5) });
    const y = Array.from(layer(ones([20_000])).toTypedArray());
    const kept = y.filter((value) => value !== 0);
    expect(Math.abs(1 - kept.length / y.length - 0.3)).toBeLessThan(0.02);
    expect(kept.every((value) => Math.abs(value - 1 / 0.7) < 1e-6)).toBe(true);
    layer.eval();
    const x = ones([5]);
    expect(layer(x)).toBe(x);
  });

  it("gives another mask each time and the same ones for the same seed", () => {
    const masks = (): unknown[] => {
      seed(11);
      const layer = nn.dropout(0.5);
      return [layer(ones([64])).toArray(), layer(ones([64])).toArray()];
    };
    const [first, second] = masks();
    expect(first).not.toEqual(second);
    expect(masks()).toEqual([first, second]);
  });

  it("passes the gradient through what it kept, and allows p = 0 and p = 1", () => {
    const x = ones([100]);
    x.requiresGrad = true;
    const y = nn.dropout(0.5)(x);
    y.sum().backward();
    expect(x.grad?.toArray()).toEqual(y.toArray());
    expect(nn.dropout(0)(x)).toBe(x);
    expect(
      nn
        .dropout(1)(ones([3]))
        .toArray(),
    ).toEqual([0, 0, 0]);
  });
});

describe("initial values", () => {
  it("of layers are PyTorch's: uniform in ±1/√fanIn, weights and biases", () => {
    seed(1);
    const cases: [Tensor, number][] = [
      [nn.linear(100, 400).weight, 100],
      [nn.linear(4, 4000).bias!, 4],
      [nn.conv2d(8, 200, 5).weight, 200],
      [nn.conv2d(8, 200, 5, { groups: 4 }).weight, 50],
    ];
    for (const [values, fanIn] of cases) {
      const bound = 1 / Math.sqrt(fanIn);
      const { low, high } = statistics(values);
      expect(low).toBeGreaterThanOrEqual(-bound);
      expect(high).toBeLessThanOrEqual(bound);
      expect(high - low).toBeGreaterThan(1.98 * bound);
      expectSpread(values, bound / Math.sqrt(3));
    }
  });

  it("follow the seed", () => {
    const weights = (): unknown => {
      seed(7);
      return nn.linear(3, 3).weight.toArray();
    };
    expect(weights()).toEqual(weights());
  });

  it("by Xavier and Kaiming have the variance of their formulas", () => {
    seed(2);
    const weight = (): Tensor => nn.linear(300, 200).weight;
    expectSpread(nn.init.xavierUniform(weight()), Math.sqrt(2 / 500));
    expectSpread(nn.init.xavierNormal(weight(), { gain: 5 / 3 }), (5 / 3) * Math.sqrt(2 / 500));
    expectSpread(nn.init.kaimingUniform(weight()), Math.sqrt(2 / 300));
    expectSpread(nn.init.kaimingNormal(weight(), { mode: "fanOut" }), Math.sqrt(2 / 200));
    expectSpread(nn.init.kaimingNormal(weight(), { nonlinearity: "linear" }), Math.sqrt(1 / 300));
    expectSpread(nn.init.kaimingNormal(nn.conv2d(10, 100, 5).weight), Math.sqrt(2 / 250));
    expectSpread(nn.init.normal(weight(), { std: 0.01 }), 0.01);
    expectSpread(nn.init.uniform(weight(), { low: -3, high: 3 }), Math.sqrt(3));
    expect(statistics(nn.init.kaimingUniform(weight())).high).toBeLessThanOrEqual(Math.sqrt(6 / 300));
  });

  it("write in place, return the tensor, and take a generator of one's own", () => {
    const layer = nn.linear(2, 2);
    const { weight } = layer;
    expect(nn.init.constant(weight, 3)).toBe(weight);
    expect(layer.weight.toArray()).toEqual([
      [3, 3],
      [3, 3],
    ]);
    expect(nn.init.zeros(layer.bias!).toArray()).toEqual([0, 0]);
    const draw = (): unknown => nn.init.normal(weight, { generator: new Generator(4) }).toArray();
    expect(draw()).toEqual(draw());
  });

  it("say what is wrong with a bias, a nonlinearity, an array", () => {
    expect(() => nn.init.xavierUniform(nn.linear(2, 2).bias!)).toThrow(
      /init: the fan of a tensor needs at least 2 dimensions .* got \[2\]; for a bias use nn\.init\.zeros/,
    );
    expect(() => Reflect.apply(nn.init.gain, undefined, ["swish"])).toThrow(/unknown nonlinearity "swish"/);
    expect(() => Reflect.apply(nn.init.zeros, undefined, [[1, 2]])).toThrow(
      /target must be a Tensor, got an array/,
    );
  });
});

describe("sequential", () => {
  it("is indexed and iterated", () => {
    const layers = [nn.linear(2, 3), nn.relu()];
    const model = nn.sequential(...layers);
    expect([...model]).toEqual(layers);
    expect(model.length).toBe(2);
    expect(model.at(-1)).toBe(layers[1]);
    expect(() => model.at(5)).toThrow("sequential: no layer 5; there are 2");
  });
});
