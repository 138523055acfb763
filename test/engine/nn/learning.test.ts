import { afterEach, describe, expect, it } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { checkGradient } from "../../../engine/checkgradient.ts";
import { randn, tensor } from "../../../engine/creation.ts";
import * as metrics from "../../../engine/metrics/index.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import * as optim from "../../../engine/optim/index.ts";
import { seed } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { evaluate, fit as train } from "../../../engine/training.ts";

afterEach(() => {
  seed(0);
});

/** Replaces every parameter and buffer by its values in float64, in the fields that hold them. */
function toFloat64(model: nn.AnyModule): void {
  for (const [, module] of model.namedModules()) {
    for (const [field, value] of Object.entries(module)) {
      if (value === null || typeof value !== "object" || !("toTypedArray" in value)) continue;
      const wide = (value as Tensor).detach().to("float64");
      Reflect.set(module, field, (value as Tensor).requiresGrad ? nn.parameter(wide) : nn.buffer(wide));
    }
  }
}

describe("gradients through whole nets, against central differences in float64", () => {
  const labels = tensor([1, 0, 2], { dtype: "int32" });
  const cases: [string, () => nn.Module, number[], (y: Tensor) => Tensor][] = [
    [
      "conv, relu, max pooling, linear, cross-entropy",
      () =>
        nn.sequential(
          nn.conv2d(2, 3, 3, { padding: 1 }),
          nn.relu(),
          nn.maxPool2d(2),
          nn.flatten(),
          nn.linear(12, 3),
        ),
      [3, 2, 4, 4],
      (y) => nn.crossEntropy(y, labels),
    ],
    [
      "conv with stride in groups, tanh, average pooling, linear, mse",
      () =>
        nn.sequential(
          nn.conv2d(2, 4, 3, { stride: 2, padding: 1, groups: 2 }),
          nn.tanh(),
          nn.avgPool2d(2),
          nn.flatten(),
          nn.linear(4, 2),
        ),
      [3, 2, 4, 4],
      (y) =>
        nn.mse(
          y,
          tensor(
            [
              [1, 0],
              [0.5, -1],
              [2, 2],
            ],
            { dtype: "float64" },
          ),
        ),
    ],
    [
      "mlp with sigmoid, bceWithLogits",
      () => models.mlp([4, 5, 3, 1], { activation: "sigmoid" }),
      [3, 4],
      (y) => nn.bceWithLogits(y, tensor([[1], [0], [0.5]], { dtype: "float64" })),
    ],
    [
      "softmax as an output, mse",
      () => nn.sequential(nn.linear(4, 3), nn.softmax()),
      [3, 4],
      (y) =>
        nn.mse(
          y,
          tensor(
            [
              [1, 0, 0],
              [0, 1, 0],
              [0, 0, 1],
            ],
            { dtype: "float64" },
          ),
        ),
    ],
  ];
  for (const [name, make, shape, loss] of cases) {
    it(name, () => {
      withBackend(referenceBackend, () => {
        seed(4);
        const model = make();
        toFloat64(model);
        const x = randn(shape, { dtype: "float64", requiresGrad: true });
        const inputs = [x, ...model.parameters()];
        const report = checkGradient(() => loss(model(x)), inputs);
        expect(report.ok, String(report)).toBe(true);
      });
    });
  }

  it("the layers of 1998: partial connections, subsampling, squashing, codes", () => {
    withBackend(referenceBackend, () => {
      seed(5);
      const { s2, a2, c3, output } = models.leNet5Original();
      for (const layer of [s2, c3, output]) toFloat64(layer);
      const maps = randn([1, 6, 10, 10], { dtype: "float64" });
      const stage = checkGradient(
        () =>
          c3(a2(s2(maps)))
            .square()
            .mean(),
        [s2.coefficient, s2.bias, c3.bias],
      );
      expect(stage.ok, String(stage)).toBe(true);
      const small = randn([1, 6, 5, 5], { dtype: "float64", requiresGrad: true });
      const kernels = checkGradient(() => c3(small).square().mean(), [small]);
      expect(kernels.ok, String(kernels)).toBe(true);
      const features = randn([2, 84], { dtype: "float64", requiresGrad: true });
      const codes = checkGradient(
        () => nn.crossEntropy(output(features).mul(0.05), tensor([3, 8])),
        [features],
      );
      expect(codes.ok, String(codes)).toBe(true);
    });
  });
});

describe("learning", () => {
  const x = tensor([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);

  it("XOR by a 2-4-1 net of tanh units in a hand-written loop", () => {
    seed(0);
    const y = tensor([[0], [1], [1], [0]]);
    class Xor extends nn.Module {
      hidden = nn.linear(2, 4);
      out = nn.linear(4, 1);
      forward(input: Tensor): Tensor {
        return this.out(this.hidden(input).tanh());
      }
    }
    const net = new Xor();
    const optimizer = optim.sgd(net.parameters(), { lr: 0.5 });
    for (let step = 0; step < 3000; step++) {
      nn.bceWithLogits(net(x), y).backward();
      optimizer.step();
    }
    const answers = net(x).sigmoid().toTypedArray();
    expect(Array.from(answers, Math.round)).toEqual([0, 1, 1, 0]);
    expect(nn.bceWithLogits(net(x), y).item()).toBeLessThan(0.05);
  });

  it("XOR by fit, as a classification with Adam", async () => {
    seed(0);
    const labels = tensor([0, 1, 1, 0], { dtype: "int32" });
    const net = models.mlp([2, 8, 2], { activation: "tanh" });
    await train(net, [[x, labels]], { epochs: 400, optimizer: optim.adam(net.parameters(), { lr: 0.05 }) });
    expect(evaluate(net, [[x, labels]])).toMatchObject({ accuracy: 1 });
    expect(metrics.confusionMatrix(net(x), labels).counts).toEqual([
      [2, 0],
      [0, 2],
    ]);
  });

  it("000.4: a layer trained by gradient descent finds the line near four points, 1.7 and 1.2", () => {
    const inputs = tensor([[0], [1], [2], [3]]);
    const targets = tensor([[1], [3], [5], [6]]);
    const line = nn.linear(1, 1);
    const optimizer = optim.sgd(line.parameters(), { lr: 0.1, momentum: 0.5 });
    for (let step = 0; step < 600; step++) {
      nn.mse(line(inputs), targets).backward();
      optimizer.step();
    }
    expect(line.weight.item()).toBeCloseTo(1.7, 4);
    expect(line.bias?.item()).toBeCloseTo(1.2, 4);
  });

  it("a small LeNet overfits one batch of images, in both wirings", () => {
    for (const [make, lr] of [
      [models.leNet5, 0.1],
      [models.leNet5Original, 0.002],
    ] as const) {
      seed(1);
      const model: nn.Module = make();
      const images = randn([4, 1, 28, 28]);
      const labels = tensor([0, 1, 2, 3], { dtype: "int32" });
      const optimizer = optim.sgd(model.parameters(), { lr, momentum: 0.5 });
      const losses: number[] = [];
      for (let step = 0; step < 12; step++) {
        const loss = nn.crossEntropy(model(images), labels);
        losses.push(loss.item());
        loss.backward();
        optimizer.step();
      }
      expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.9);
    }
  });
});
