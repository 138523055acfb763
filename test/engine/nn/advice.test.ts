import { afterEach, describe, expect, it } from "vitest";
import { adviseOn, weightChange, weightSample } from "../../../engine/advice.ts";
import { data, History, models, nn, optim, seed, tensor, fit as train } from "../../../engine/index.ts";

afterEach(() => {
  seed(0);
});

const usual = [0.01, 0.1] as const;
const still = { growth: 1, moved: 0.001 };
const far = { growth: 1.2, moved: 0.9 };
const exploded = { growth: 18, moved: 18 };
const flat = (steps: number, value = 2.31): number[] => Array.from({ length: steps }, () => value);

describe("the advice on a loss that did not fall", () => {
  it("is none when it fell, even slowly and noisily, or when there were few steps", () => {
    expect(adviseOn([2.3, ...flat(20, 2.1)], 0.1, far, false, usual)).toBeNull();
    expect(adviseOn([2.3, ...flat(20, 0.01)], 0.1, exploded, false, usual)).toBeNull();
    expect(adviseOn(flat(9), 10, exploded, false, usual)).toBeNull();
  });

  it("names the optimizer's usual rates where the learning rate is far above them", () => {
    expect(adviseOn(flat(40), 10_000, exploded, false, [0.0001, 0.001])).toMatch(
      / try 0\.0001 to 0\.001, as is usual/,
    );
    expect(adviseOn(flat(40), 0.005, exploded, false, [0.0001, 0.001])).toMatch(/ try 0\.0005 or 0\.00005/);
    for (const optimizer of [optim.sgd, optim.adam, optim.adamW, optim.rmsprop, optim.adagrad]) {
      const made = optimizer(nn.linear(1, 1).parameters(), { lr: 1e4 });
      const [low, high] = made.usualRates;
      expect([low > 0, low < high, high <= 0.1]).toEqual([true, true, true]);
    }
  });

  it("is a lower learning rate when the weights exploded or went far for nothing", () => {
    expect(adviseOn(flat(40), 10, exploded, false, usual)).toBe(
      "The loss did not fall (2.31 at the start, 2.31 at the end): the learning rate 10 is probably too high (it made the weights 18 times as large); make the model anew and try 0.01 to 0.1, as is usual for this optimizer.",
    );
    expect(adviseOn(flat(40), 10, far, false, usual)).toMatch(
      /probably too high; make the model anew and try 0\.01 to 0\.1, as is usual for this optimizer; if that does not help, look whether inputs and targets belong together\.$/,
    );
    expect(adviseOn([2.3, ...flat(20, 300)], 0.3, still, false, usual)).toMatch(
      /^The loss rose \(2\.3 at the start, 300 at the end\): the learning rate 0\.3 is probably too high; .* try 0\.03 or 0\.003/,
    );
  });

  it("is a higher learning rate or more steps when the weights hardly moved", () => {
    expect(adviseOn(flat(40), 1e-6, still, false, usual)).toBe(
      "The loss hardly changed (2.31 at the start, 2.31 at the end), nor did the weights: the learning rate 0.000001 is probably too low; try 0.00001 or 0.0001, or train for longer.",
    );
    expect(adviseOn(flat(40), 0.1, { growth: 1, moved: 0.1 }, false, usual)).toBe(
      "The loss hardly changed (2.31 at the start, 2.31 at the end): train for longer, or try a higher learning rate than 0.1, such as 0.3.",
    );
    expect(adviseOn(flat(40), 0, { growth: 1, moved: 0 }, false, usual)).toMatch(/the learning rate is 0\.$/);
  });

  it("is none for a model that had learned before, unless its loss rises", () => {
    expect(adviseOn(flat(40, 0.05), 0.1, far, true, usual)).toBeNull();
    expect(adviseOn([0.05, ...flat(40)], 10, far, true, usual)).toMatch(
      /^The loss rose \(0\.05 at the start/,
    );
  });

  it("knows the weights by a sample spread over each parameter", () => {
    const before = weightSample([Float32Array.from({ length: 50_000 }, (_, i) => i % 2), [3, 4]]);
    expect(before.length).toBeLessThanOrEqual(10_002);
    expect(Array.from(before.slice(-2))).toEqual([3, 4]);
    expect(weightChange(Float64Array.of(3, 4), Float64Array.of(6, 8))).toEqual({ growth: 2, moved: 1 });
  });
});

describe("LeNet-5 on digits", () => {
  const { train: images } = data.digits({ train: 640, test: 10 });
  const history = async (lr: number): Promise<History> => {
    seed(0);
    const model = models.leNet5();
    return train(model, images.loader({ batchSize: 32, shuffle: true, seed: 1 }), {
      optimizer: optim.sgd(model.parameters(), { lr }),
    });
  };

  it("with learning rate 10 sits at ln 10 without a NaN, and the history says why", async () => {
    const result = await history(10);
    expect(result.steps.at(-1)!.loss).toBeGreaterThan(2.2);
    expect(result.advice).toMatch(/learning rate 10 is probably too high.* try 0\.01 to 0\.1/);
    expect(String(result).endsWith(`. ${result.advice}`)).toBe(true);
  });

  it("with learning rate 0.0001 is told to raise it", async () => {
    expect((await history(1e-4)).advice).toMatch(
      /learning rate 0\.0001 is probably too low; try 0\.001 or 0\.01/,
    );
  });

  it("that learns is told nothing, and nothing when its loss stays low in a second training", async () => {
    seed(0);
    const model = nn.linear(1, 1);
    const batch = [tensor([[0], [1], [2], [3]]), tensor([[1], [3], [5], [6]])] as const;
    const options = { epochs: 200, loss: nn.mse, optimizer: optim.sgd(model.parameters(), { lr: 0.1 }) };
    expect((await train(model, [batch], options)).advice).toBeNull();
    const again = await train(model, [batch], options);
    expect(again.steps.at(-1)!.loss / again.steps[0]!.loss).toBeGreaterThan(0.97);
    expect(again.advice).toBeNull();
    expect(new History().advice).toBeNull();
  });
});
