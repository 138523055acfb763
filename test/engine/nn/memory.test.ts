/** Training for 10,000 steps in the styles of students, with whole models: what is held does not grow. */
import { beforeAll, describe, expect, it } from "vitest";
import { getBackend } from "../../../engine/backend/current.ts";
import { randint, randn } from "../../../engine/creation.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { setLivenessProbe, sweep } from "../../../engine/memory.ts";
import * as metrics from "../../../engine/metrics/index.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import { startOnNode } from "../../../engine/node.ts";
import * as optim from "../../../engine/optim/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { evaluate, observeTraining, fit as train } from "../../../engine/training.ts";

const steps = 10_000;

beforeAll(() => {
  startOnNode();
  return () => setLivenessProbe(null);
});

/** Wide enough for hidden activations above the 4 kB under which values are never recycled. */
function setting(): { model: models.Mlp; optimizer: optim.Optimizer; x: Tensor; y: Tensor } {
  const model = models.mlp([2, 40, 3], { activation: "tanh" });
  const optimizer = optim.adam(model.parameters());
  return { model, optimizer, x: randn([32, 2]), y: randint(0, 3, [32]) };
}

/** Runs `step` 10,000 times: never more than `peak` bytes, and after the first thousand nothing that stays is added. */
function expectFlat(step: (number: number) => void, peak = 32 * 2 ** 20): void {
  let highest = 0;
  let settled = 0;
  for (let number = 1; number <= steps; number++) {
    step(number);
    if (number % 100 === 0) highest = Math.max(highest, getBackend().bytesInUse);
    if (number === 1000) {
      sweep();
      settled = getBackend().bytesInUse;
    }
  }
  sweep();
  expect(getBackend().bytesInUse).toBeLessThan(settled + 64 * 2 ** 10);
  expect(highest).toBeLessThan(peak);
}

// Generous, since the machine may be busy with other tests.
describe("10,000 steps hold no more than 1,000", { timeout: 180_000 }, () => {
  it("in a plain synchronous loop", () => {
    const { model, optimizer, x, y } = setting();
    expectFlat(() => {
      const loss = nn.crossEntropy(model(x), y);
      loss.backward();
      optimizer.step();
    });
  });

  it("with zeroGrad, accumulated gradients, metrics, reading gradients and a loss kept from every hundredth step", () => {
    const { model, optimizer, x, y } = setting();
    const losses: Tensor[] = [];
    let norm = 0;
    expectFlat((number) => {
      optimizer.zeroGrad();
      const logits = model(x);
      const loss = nn.crossEntropy(logits, y);
      loss.backward({ accumulate: true });
      for (const parameter of model.parameters()) norm += parameter.grad!.square().sum().item();
      optimizer.step();
      metrics.accuracy(logits, y);
      if (number % 100 === 0) losses.push(loss);
    });
    expect(losses.every((loss) => loss.item() > 0)).toBe(true);
    expect(norm).toBeGreaterThan(0);
  });

  it("with a model that remembers its activations, and is looked at between the steps", () => {
    class Curious extends nn.Module {
      first = nn.linear(2, 40);
      second = nn.linear(40, 3);
      hidden: Tensor | null = null;
      forward(input: Tensor): Tensor {
        this.hidden = this.first(input).tanh();
        return this.second(this.hidden);
      }
    }
    const { x, y } = setting();
    const model = new Curious();
    const optimizer = optim.sgd(model.parameters(), { lr: 0.01, momentum: 0.9 });
    expectFlat(() => {
      nn.crossEntropy(model(x), y).backward();
      optimizer.step();
      expect(model.hidden!.isRecycled).toBe(false);
    });
  });

  it("with evaluation inside the loop, under noGrad and without", () => {
    const { model, optimizer, x, y } = setting();
    expectFlat(
      (number) => {
        nn.crossEntropy(model(x), y).backward();
        optimizer.step();
        if (number % 2 === 0) noGrad(() => metrics.accuracy(model(x), y));
        else metrics.accuracy(model(x), y);
        if (number % 10 === 0) evaluate(model, [[x, y]]);
      },
      192 * 2 ** 20,
    );
  });

  it("with a new batch every step", () => {
    const { model, optimizer } = setting();
    expectFlat(
      () => {
        nn.crossEntropy(model(randn([32, 2])), randint(0, 3, [32])).backward();
        optimizer.step();
      },
      192 * 2 ** 20,
    );
  });

  it("in fit, with validation after each epoch", async () => {
    const { model, optimizer, x, y } = setting();
    const batches = Array.from({ length: 100 }, (): [Tensor, Tensor] => [x, y]);
    const held: number[] = [];
    const stop = observeTraining({
      epoch(run) {
        if (run.epoch % 10 > 0) return;
        sweep();
        held.push(getBackend().bytesInUse);
      },
    });
    await train(model, batches, { epochs: steps / 100, optimizer, validation: batches.slice(0, 10) });
    stop();
    expect(held).toHaveLength(10);
    expect(Math.max(...held)).toBeLessThan(held[0]! + 64 * 2 ** 10);
  });
});
