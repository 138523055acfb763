import { beforeEach, describe, expect, it } from "vitest";
import { rand, randn, tensor, zeros } from "../../../engine/creation.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { memoryReport } from "../../../engine/memory.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import { startOnNode } from "../../../engine/node.ts";
import * as optim from "../../../engine/optim/index.ts";
import { seed } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { countOf, descend, stripes } from "./support.ts";

startOnNode();
beforeEach(() => seed(1));

const set = (target: Tensor, values: readonly number[]): void => target.storage.values().set(values);
const numbers = (values: Tensor): number[] => Array.from(values.toTypedArray());
const expectClose = (found: readonly number[], expected: readonly number[], digits = 5): void => {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(found[i], `number ${i}`).toBeCloseTo(value, digits);
  });
};

describe("rbm", () => {
  const weight = [0.5, -0.2, 0.1, 0.3, -0.4, 0.2];
  const visibleBias = [0.1, -0.1, 0.2];
  const hiddenBias = [0.05, -0.3];
  const made = (): models.Rbm => {
    const machine = models.rbm(3, 2);
    set(machine.weight, weight);
    set(machine.visibleBias, visibleBias);
    set(machine.hiddenBias, hiddenBias);
    return machine;
  };
  const logistic = (a: number): number => 1 / (1 + Math.exp(-a));
  const up = (v: readonly number[]): number[] =>
    hiddenBias.map((b, j) => logistic(b + v.reduce((sum, x, i) => sum + x * weight[2 * i + j]!, 0)));
  const down = (h: readonly number[]): number[] =>
    visibleBias.map((a, i) => logistic(a + h.reduce((sum, y, j) => sum + y * weight[2 * i + j]!, 0)));

  it("003.58: takes the CD-1 step of the formula for given draws", () => {
    const machine = made();
    const v0 = [1, 0, 1];
    const h0 = up(v0);
    const draws = [0.5, 0.4];
    const v1 = down(h0.map((p, j) => (p > draws[j]! ? 1 : 0)));
    const h1 = up(v1);
    const error = machine.contrastiveDivergence(tensor([v0]), { lr: 0.5, draws: [tensor([draws])] });
    expectClose(
      numbers(machine.weight),
      weight.map((w, n) => w + 0.5 * (v0[n >> 1]! * h0[n & 1]! - v1[n >> 1]! * h1[n & 1]!)),
    );
    expectClose(
      numbers(machine.visibleBias),
      visibleBias.map((a, i) => a + 0.5 * (v0[i]! - v1[i]!)),
    );
    expectClose(
      numbers(machine.hiddenBias),
      hiddenBias.map((b, j) => b + 0.5 * (h0[j]! - h1[j]!)),
    );
    expect(error).toBeCloseTo(v0.reduce((sum, v, i) => sum + (v - v1[i]!) ** 2, 0) / 3, 5);
  });

  it("has the free energy that summing over the hidden units gives", () => {
    const machine = made();
    const v = [1, 1, 0];
    const states = [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ];
    const energies = states.map((h) => machine.energy(tensor([v]), tensor([h])).item());
    expect(energies[0]).toBeCloseTo(-visibleBias[0]! - visibleBias[1]!, 5);
    const sum = energies.reduce((total, energy) => total + Math.exp(-energy), 0);
    expect(machine.freeEnergy(tensor([v])).item()).toBeCloseTo(-Math.log(sum), 5);
  });

  it("learns two patterns, by one step down or three", () => {
    const patterns = tensor([
      [1, 1, 1, 0, 0, 0],
      [0, 0, 0, 1, 1, 1],
    ]);
    for (const k of [1, 3]) {
      const machine = models.rbm(6, 4);
      const first = machine.contrastiveDivergence(patterns, { k });
      for (let step = 0; step < 400; step++) machine.contrastiveDivergence(patterns, { lr: 0.5, k });
      const before = memoryReport().bytes;
      for (let step = 0; step < 20; step++) machine.contrastiveDivergence(patterns, { lr: 0.5, k });
      expect(memoryReport().bytes).toBe(before);
      const found = machine.reconstruct(patterns).sub(patterns).square().mean().item();
      expect(found).toBeLessThan(0.1 * first);
    }
  });

  it("says what does not fit", () => {
    const machine = models.rbm(6, 4);
    expect(() => machine(zeros([2, 5]))).toThrow(
      /visible units are \[N, 6\], or images of 6 pixels; got \[2, 5\]/,
    );
    expect(machine(zeros([2, 1, 2, 3])).shape).toEqual([2, 4]);
    expect(() => machine.visibleGiven(zeros([2, 3]))).toThrow(/hidden units are \[N, 4\]/);
    expect(() => machine.contrastiveDivergence(zeros([1, 6]), { lr: 0 })).toThrow(/lr must be a number > 0/);
    expect(() => machine.contrastiveDivergence(zeros([1, 6]), { k: 2, draws: [zeros([1, 4])] })).toThrow(
      /2 samplings need as many draws, got 1/,
    );
    expect(String(machine)).toBe("Rbm(6 ↔ 4), 34 parameters");
  });
});

describe("deepBelief", () => {
  it("has the paper's sizes, learns layer by layer, and hands its weights to a classifier", () => {
    expect(countOf(() => models.deepBelief())).toBe(1_646_784);
    const { images, labels } = stripes([12, 1, 6, 6], 3);
    const network = models.deepBelief([36, 12, 6]);
    const before = network.machines.map((machine, i) => {
      const input = i === 0 ? images : noGrad(() => network.machines[0]!(images));
      return machine.reconstruct(input).sub(input.flatten(1)).square().mean().item();
    });
    const errors = network.pretrain([images], { epochs: 150, lr: 0.3 });
    expect(errors).toHaveLength(2);
    expect(errors[0]).toBeLessThan(0.6 * before[0]!);
    const model = nn.sequential(nn.flatten(), network.classifier(3));
    const features = network(images).toTypedArray();
    const inner = model.at(1);
    expect(inner).toBeInstanceOf(nn.Sequential);
    const copied = [...(inner as nn.Sequential)].slice(0, -1);
    const same = copied.reduce((value, layer) => layer(value), images.flatten(1)).toTypedArray();
    // A product and then a bias, or both in one: rounded once more or less.
    same.forEach((value, i) => {
      expect(value).toBeCloseTo(features[i]!, 6);
    });
    const optimizer = optim.adam(model.parameters(), { lr: 0.02 });
    const { first, last } = descend(optimizer, 60, () => nn.crossEntropy(model(images), labels));
    expect(last).toBeLessThan(0.5 * first);
    expect(() => models.deepBelief([5])).toThrow(/give the layers' sizes from the pixels up/);
    expect(() => network.pretrain([])).toThrow(/give the batches of images/);
  });
});

describe("autoencoder", () => {
  it("has the paper's 2,837,314 parameters by default, and gives images back as images", () => {
    expect(countOf(() => models.autoencoder())).toBe(2_837_314);
    const model = models.autoencoder([784, 64, 2]);
    expect(model.parameterCount).toBe(101_522);
    const images = rand([3, 1, 28, 28]);
    expect(model(images).shape).toEqual([3, 1, 28, 28]);
    expect(model.encode(images).shape).toEqual([3, 2]);
    expect(String(model).split("\n")[0]).toBe("Autoencoder(784 → 64 → 2 → 64 → 784), 101,522 parameters");
  });

  it("learns to reconstruct, from corrupted inputs too", () => {
    const { images } = stripes([12, 1, 6, 6], 3);
    for (const corruption of [0, 0.2]) {
      const model = models.autoencoder([36, 16, 2], { activation: "tanh", corruption });
      const optimizer = optim.adam(model.parameters(), { lr: 0.02 });
      const { first, last } = descend(optimizer, 80, () => nn.mse(model(images), images));
      expect(last).toBeLessThan(0.4 * first);
    }
  });

  it("corrupts in training only, the share it is told to", () => {
    const model = models.autoencoder([10_000, 2], { corruption: 0.3 });
    const dropped = numbers(model.corrupt(tensor(new Float32Array(10_000).fill(1)))).filter((x) => x === 0);
    expect(dropped.length / 10_000).toBeGreaterThan(0.28);
    expect(dropped.length / 10_000).toBeLessThan(0.32);
    model.eval();
    const x = rand([1, 10_000]);
    expect(model(x).toArray()).toEqual(model.decode(model.encode(x)).toArray());
    expect(() => models.autoencoder([4, 2], { corruption: 1 })).toThrow(/from 0 to less than 1; got 1/);
    expect(() => models.autoencoder([4])).toThrow(/give the sizes from the input to the code/);
  });
});

describe("vae", () => {
  it("gives outputs, mean, variance and code; in evaluation the code is the mean", () => {
    const model = models.vae();
    expect(model.parameterCount).toBe(815_824);
    const images = rand([2, 1, 28, 28]);
    const { output, mean, logVariance, z } = model(images);
    expect([output, mean, logVariance, z].map(({ shape }) => shape)).toEqual([
      [2, 784],
      [2, 20],
      [2, 20],
      [2, 20],
    ]);
    expect(z.toArray()).not.toEqual(mean.toArray());
    const still = model.eval()(images);
    expect(still.z.toArray()).toEqual(still.mean.toArray());
    expect(Math.max(...numbers(model.generate(randn([4, 20]))))).toBeLessThan(1);
  });

  it("draws codes from N(μ, σ²), through which the gradient passes", () => {
    const model = models.vae({ inputs: 2, hidden: 3, latents: 1 });
    for (const layer of [model.mean, model.logVariance]) set(layer.weight, [0, 0, 0]);
    set(model.mean.bias!, [1.5]);
    set(model.logVariance.bias!, [Math.log(0.25)]);
    const { z } = model(zeros([20_000, 2]));
    expect(z.mean().item()).toBeCloseTo(1.5, 1);
    expect(z.std().item()).toBeCloseTo(0.5, 1);
    z.mean().backward();
    expect(model.mean.bias?.grad?.item()).toBeCloseTo(1, 4);
    expect(model.logVariance.bias?.grad).not.toBeNull();
  });

  it("has the bound of its formula, for pixels and for other data", () => {
    const x = tensor([[0.2, 0.9, 0.4]]);
    const divergence = (mean: number[], logVariance: number[]): number =>
      mean.reduce((sum, m, i) => sum + 0.5 * (m * m + Math.exp(logVariance[i]!) - 1 - logVariance[i]!), 0);
    for (const likelihood of ["bernoulli", { std: 0.5 }] as const) {
      const model = models.vae({ inputs: 3, hidden: 4, latents: 2, likelihood }).eval();
      const { output, mean, logVariance } = model(x);
      const fit = numbers(output).reduce((sum, a, i) => {
        const t = numbers(x)[i]!;
        const p = 1 / (1 + Math.exp(-a));
        return likelihood === "bernoulli"
          ? sum + t * Math.log(p) + (1 - t) * Math.log(1 - p)
          : sum - 0.5 * Math.log(2 * Math.PI * 0.25) - (t - a) ** 2 / 0.5;
      }, 0);
      expect(model.elbo(x).item()).toBeCloseTo(fit - divergence(numbers(mean), numbers(logVariance)), 4);
    }
  });

  it("learns: the bound rises", () => {
    const { images } = stripes([12, 1, 6, 6], 3);
    const model = models.vae({ inputs: 36, hidden: 24, latents: 2 });
    const optimizer = optim.adam(model.parameters(), { lr: 0.02 });
    const { first, last } = descend(optimizer, 80, () => model.elbo(images.clamp(0, 1)).mean().neg());
    expect(last).toBeLessThan(0.75 * first);
  });

  it("says what does not fit", () => {
    expect(() => models.vae({ likelihood: { std: 0 } })).toThrow(/\{ std \} > 0/);
    expect(() => models.vae({ latents: 0 })).toThrow(/latents must be a whole number ≥ 1, got 0/);
    expect(() => models.vae({ inputs: 4 }).logLikelihood(zeros([2, 4]), zeros([2, 3]))).toThrow(
      /outputs \[2, 4\] and samples \[2, 3\] must have one shape/,
    );
  });
});

describe("densityNetwork", () => {
  it("learns a curve in the plane", () => {
    const angle = rand([64, 1]).mul(Math.PI);
    const points = noGrad(() => tensor(numbers(angle).map((a) => [Math.cos(a), Math.sin(a)])));
    const model = models.densityNetwork({ latents: 1, std: 0.2 });
    const optimizer = optim.adam(model.parameters(), { lr: 0.03 });
    const { first, last } = descend(optimizer, 60, () => model.logLikelihood(points).mean().neg());
    expect(last).toBeLessThan(first - 1);
    expect(() => model.logLikelihood(zeros([3]))).toThrow(/the data is \[N, 2\], got \[3\]/);
    expect(() => models.densityNetwork({ std: -1 })).toThrow(/std must be > 0, got -1/);
  });
});

describe("gan", () => {
  it("gives the generator no gradient from the discriminator's loss", () => {
    const model = models.gan();
    model.discriminatorLoss(randn([8, 2])).backward();
    expect(model.generator.parameters().every(({ grad }) => grad === null)).toBe(true);
    expect(model.discriminator.parameters().every(({ grad }) => grad !== null)).toBe(true);
    model.generatorLoss(model.noise(4)).backward();
    expect(model.generator.parameters().every(({ grad }) => grad !== null)).toBe(true);
  });

  it("moves its points to where the data is", () => {
    const model = models.gan({ latents: 1, outputs: 1, hidden: [16] });
    const d = optim.adam(model.discriminator.parameters(), { lr: 0.01 });
    const g = optim.adam(model.generator.parameters(), { lr: 0.01 });
    const mean = (): number => noGrad(() => model(model.noise(256)).mean().item());
    const before = Math.abs(mean() - 3);
    for (let step = 0; step < 300; step++) {
      model.discriminatorLoss(randn([64, 1]).mul(0.5).add(3)).backward();
      d.step();
      model.generatorLoss(model.noise(64)).backward();
      g.step();
    }
    expect(Math.abs(mean() - 3)).toBeLessThan(0.5 * before);
    expect(() => model.noise(0)).toThrow(/count must be a whole number ≥ 1/);
    expect(() => Reflect.apply(models.gan, undefined, [{ hidden: 32 }])).toThrow(
      /sizes of the hidden layers/,
    );
  });
});
