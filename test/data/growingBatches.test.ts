import { describe, expect, it } from "vitest";
import { data, models, optim, seed, fit as train } from "../../engine/index.ts";

const { train: digits } = data.digits({ train: 100, test: 10 });

describe("growing batches", () => {
  it("double from epoch to epoch and stay at the largest", () => {
    const batches = data.growingBatches(digits, { from: 10, to: 50 });
    expect(batches.sizes).toEqual([10, 20, 40, 50]);
    const lengths = Array.from({ length: 5 }, () => [...batches].map(([images]) => images.shape[0]));
    expect(lengths).toEqual([Array(10).fill(10), Array(5).fill(20), [40, 40, 20], [50, 50], [50, 50]]);
    expect(String(batches)).toMatch(/^GrowingBatches: 10, 20, 40, 50 samples, from /);
  });

  it("give every sample once an epoch, in an order fixed by the seed", () => {
    const labels = (): number[] =>
      [...data.growingBatches(digits, { from: 16, to: 64, shuffle: true, seed: 3 })].flatMap(([, y]) =>
        Array.from(y.toTypedArray()),
      );
    expect(labels()).toEqual(labels());
    expect([...labels()].sort()).toEqual(Array.from(digits.labels.toTypedArray()).sort());
  });

  it("train a model in fit, whose epochs have fewer and fewer steps", async () => {
    seed(0);
    const model = models.mlp([784, 8, 10]);
    const batches = data.growingBatches(digits, { from: 10, to: 40 });
    const options = { epochs: 3, optimizer: optim.sgd(model.parameters(), { lr: 0.1 }) };
    const history = await train(model, batches, options);
    const steps = [1, 2, 3].map((epoch) => history.steps.filter((step) => step.epoch === epoch).length);
    expect(steps).toEqual([10, 5, 3]);
    await expect(train(model, batches, { ...options, schedule: optim.linearDecay() })).rejects.toThrow(
      /a schedule needs to know how many steps there are/,
    );
  });

  it("refuse sizes that do not grow, and what is no data set", () => {
    expect(() => data.growingBatches(digits, { from: 64, to: 8 })).toThrow(
      "growingBatches: batches must grow; got from 64 to 8 by the factor 2",
    );
    expect(() => data.growingBatches(digits, { from: 8, to: 64, factor: 1 })).toThrow(/by the factor 1/);
    expect(() => data.growingBatches(digits, { from: 0, to: 8 })).toThrow(
      /from must be a whole number from 1 on/,
    );
    const loader = digits.loader();
    expect(() => Reflect.apply(data.growingBatches, undefined, [loader, { from: 8, to: 64 }])).toThrow(
      /takes a data set/,
    );
  });
});
