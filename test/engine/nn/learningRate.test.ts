import { afterEach, describe, expect, it } from "vitest";
import { randn, type Tensor, tensor } from "../../../engine/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import * as optim from "../../../engine/optim/index.ts";
import { findLearningRate, LearningRateSearch } from "../../../engine/optim/learningRate.ts";
import { Generator, seed } from "../../../engine/random.ts";

afterEach(() => {
  seed(0);
});

/** Points whose target is a linear function of them. */
function batches(count: number): [Tensor, Tensor][] {
  const generator = new Generator(1);
  const weights = tensor([[1], [-2], [3]]);
  return Array.from({ length: count }, () => {
    const x = randn([16, 3], { generator });
    return [x, x.matmul(weights)];
  });
}

describe("findLearningRate", () => {
  it("finds a rate at which training works, and ends when the loss explodes", async () => {
    seed(1);
    const model = nn.linear(3, 1);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const search = await findLearningRate(model, batches(8), { optimizer, loss: nn.mse, to: 100 });
    expect(search.rates[0]).toBeCloseTo(1e-5, 12);
    expect(search.rates.length).toBe(search.losses.length);
    expect(search.rates.length).toBeLessThan(100);
    expect(search.suggestion).toBeGreaterThan(0.01);
    expect(search.suggestion).toBeLessThan(1);
    expect(String(search)).toMatch(
      /^LearningRateSearch: \d+ learning rates from 1\.00e-5 to [\d.]+: the loss fell fastest at 0\.\d+$/,
    );
  });

  it("leaves model and optimizer as they were, also when the gradient leaves the numbers", async () => {
    const model = nn.linear(3, 1);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1, momentum: 0.9 });
    nn.mse(model(batches(1)[0]![0]), batches(1)[0]![1]).backward();
    optimizer.step();
    const before = [model.stateDict().weight!.toArray(), optimizer.stateDict().parameters[0]!.velocity];
    await findLearningRate(model, batches(4), { optimizer, loss: nn.mse, from: 1, to: 1e5, steps: 30 });
    expect(model.weight.toArray()).toEqual(before[0]);
    const after = optimizer.stateDict();
    expect((after.parameters[0]!.velocity as Tensor).toArray()).toEqual((before[1] as Tensor).toArray());
    expect([optimizer.lr, optimizer.stepCount, model.training]).toEqual([0.1, 1, true]);
  });

  it("tries every rate evenly on a logarithmic scale, from async loaders too", async () => {
    const model = nn.linear(3, 1);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const source = {
      async *[Symbol.asyncIterator]() {
        yield* batches(3);
      },
    };
    const options = { optimizer, loss: nn.mse, from: 1e-6, to: 1e-2, steps: 11 };
    const search = await findLearningRate(model, source, options);
    expect(search.rates).toHaveLength(11);
    expect(search.rates.at(-1)).toBeCloseTo(1e-2, 10);
    expect(search.rates[5]! ** 2).toBeCloseTo(search.rates[4]! * search.rates[6]!, 12);
  });

  it("suggests nothing where the loss did not fall, and the steepest fall elsewhere", () => {
    const rates = Array.from({ length: 40 }, (_, i) => 10 ** (i / 10 - 4));
    expect(
      new LearningRateSearch(
        rates,
        rates.map(() => 2),
      ).suggestion,
    ).toBeNull();
    expect(
      String(
        new LearningRateSearch(
          rates,
          rates.map(() => 2),
        ),
      ),
    ).toMatch(/fell noticeably at none of them; try more steps/);
    // Falls from step 15 to step 25, then rises.
    const losses = rates.map((_, i) => (i < 15 ? 2 : i < 25 ? 2 - (i - 15) * 0.15 : 0.5 + (i - 25) * 0.5));
    const { suggestion } = new LearningRateSearch(rates, losses);
    expect(suggestion).toBeGreaterThanOrEqual(rates[15]!);
    expect(suggestion).toBeLessThan(rates[25]!);
  });

  it("refuses what cannot be searched, and passes real failures on", async () => {
    const model = nn.linear(3, 1);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const search = (options: object) =>
      Reflect.apply(findLearningRate, undefined, [
        model,
        batches(2),
        { optimizer, loss: nn.mse, ...options },
      ]);
    await expect(search({ optimizer: undefined })).rejects.toThrow(
      /findLearningRate: needs an optimizer; pass/,
    );
    await expect(search({ from: 1, to: 0.1 })).rejects.toThrow(
      /from must be > 0 and to larger, got from 1 and to 0\.1/,
    );
    await expect(search({ steps: 3 })).rejects.toThrow(
      "findLearningRate: steps must be a whole number ≥ 10, got 3",
    );
    await expect(
      search({
        loss: () => {
          throw new RangeError("mine");
        },
      }),
    ).rejects.toThrow("mine");
    expect(optimizer.lr).toBe(0.1);
  });
});
