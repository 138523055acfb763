import { describe, expect, it } from "vitest";
import { randn, tensor } from "../../../engine/creation.ts";
import * as nn from "../../../engine/nn/index.ts";
import * as optim from "../../../engine/optim/index.ts";
import { Generator } from "../../../engine/random.ts";
import * as training from "../../../engine/training.ts";

const generator = new Generator(1);
const batches = Array.from(
  { length: 5 },
  () => [randn([4, 2], { generator }), tensor([0, 1, 0, 1], { dtype: "int32" })] as const,
);

describe("schedules", () => {
  it("fall from 1 towards 0", () => {
    for (const schedule of [optim.linearDecay(), optim.cosineAnnealing()]) {
      expect(schedule(0)).toBe(1);
      expect(schedule(0.5)).toBeCloseTo(0.5, 12);
      expect(schedule(1)).toBeCloseTo(0, 12);
    }
    expect(optim.cosineAnnealing()(0.25)).toBeCloseTo((1 + Math.SQRT1_2) / 2, 12);
  });

  it("set the learning rate of every step of all epochs, and give the optimizer its own back", async () => {
    const model = nn.linear(2, 2);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const history = await training.fit(model, batches, {
      epochs: 2,
      optimizer,
      schedule: optim.linearDecay(),
    });
    const rates = history.steps.map(({ learningRate }) => learningRate);
    expect(rates).toHaveLength(10);
    rates.forEach((rate, step) => {
      expect(rate).toBeCloseTo(0.1 * (1 - step / 10), 12);
    });
    expect(optimizer.lr).toBe(0.1);
  });

  it("give it back after a failure too", async () => {
    const model = nn.linear(2, 2);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const failing = training.fit(model, batches, {
      epochs: 2,
      optimizer,
      schedule: (progress) => (progress < 0.5 ? 0.5 : Number.NaN),
    });
    await expect(failing).rejects.toThrow(/schedule must give a number ≥ 0; for progress 0.500 it gave NaN/);
    expect(optimizer.lr).toBe(0.1);
  });

  it("are refused where they cannot work, with the remedy", async () => {
    const model = nn.linear(2, 2);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const odd = { optimizer, schedule: 0.1 as never };
    await expect(training.fit(model, batches, odd)).rejects.toThrow(
      /such as optim.cosineAnnealing\(\), got 0.1/,
    );
    const endless = { [Symbol.iterator]: () => batches[Symbol.iterator]() };
    const unknown = { optimizer, schedule: optim.linearDecay() };
    await expect(training.fit(model, endless, unknown)).rejects.toThrow(/needs to know how many steps/);
  });
});
