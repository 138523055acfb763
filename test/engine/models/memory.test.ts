/**
 * LeNet-5, and a network of plain operations, over 10,000 steps: the engine's bytes, the WebAssembly memory and the whole process
 * stay within 5 % of what they were after the first 2,000.
 */
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import {
  avgPool2d,
  data,
  evaluate,
  getBackend,
  fit as learn,
  models,
  nn,
  noGrad,
  observeTraining,
  oneHot,
  optim,
  randn,
  referenceBackend,
  seed,
  type Tensor,
  withBackend,
  zeros,
} from "../../../engine/index.ts";
import { sweep } from "../../../engine/memory.ts";

const steps = 10_000;
const batchSize = 8;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** What is held when all that nothing refers to is gone, in bytes. */
function held() {
  sweep();
  collectGarbage();
  return {
    engine: getBackend().bytesInUse,
    memory: zeros([1]).storage.values().buffer.byteLength,
    process: process.memoryUsage.rss(),
  };
}

/** Looks every 2,000 steps. */
class Watch {
  readonly #seen: ReturnType<typeof held>[] = [];

  step(number: number): void {
    if (number % 2000 === 0) this.#seen.push(held());
  }

  expectFlat(): void {
    const [first, ...later] = this.#seen;
    expect(later).toHaveLength(steps / 2000 - 1);
    for (const what of ["engine", "memory", "process"] as const)
      expect(Math.max(...later.map((one) => one[what])), what).toBeLessThanOrEqual(1.05 * first![what]);
  }
}

function digits() {
  seed(0);
  return data.digits({ train: 800, test: 200 });
}

describe("memory over 10,000 steps", { timeout: 180_000 }, () => {
  it("is flat for LeNet-5 in a synchronous loop, with a look at the test set now and then", () => {
    const { train, test } = digits();
    const model = models.leNet5();
    const optimizer = optim.adam(model.parameters());
    const watch = new Watch();
    let number = 0;
    while (number < steps)
      for (const [x, y] of train.loader({ batchSize, shuffle: true })) {
        nn.crossEntropy(model(x), y).backward();
        optimizer.step();
        if (++number % 500 === 0) evaluate(model, test.loader());
        watch.step(number);
      }
    watch.expectFlat();
  });

  it("is flat for LeNet-5 in fit", async () => {
    const { train, test } = digits();
    const model = models.leNet5();
    const optimizer = optim.sgd(model.parameters(), { lr: 0.01, momentum: 0.9 });
    const watch = new Watch();
    const stop = observeTraining({ step: (run) => watch.step(run.step) });
    const loader = train.loader({ batchSize, shuffle: true });
    await learn(model, loader, {
      epochs: (steps * batchSize) / train.size,
      optimizer,
      validation: test.loader(),
    });
    stop();
    watch.expectFlat();
  });

  it("is flat for 10,000 answers of LeNet-5, under noGrad and without", () => {
    const { test } = digits();
    const model = models.leNet5().eval();
    const watch = new Watch();
    for (let number = 1; number <= steps; number++) {
      const [image] = test.at(number % test.size);
      const answer = () => model(image.unsqueeze(0)).argmax(1).item();
      if (number % 2 === 0) noGrad(answer);
      else answer();
      watch.step(number);
    }
    watch.expectFlat();
  });

  it.each([
    ["WebAssembly", undefined],
    ["the plain reference", referenceBackend],
  ])("is flat for a network of plain operations whose weights are replaced, on %s", (_, backend) => {
    withBackend(backend ?? getBackend(), () => {
      const { train } = digits();
      const images = avgPool2d(train.images, 4).flatten(1);
      const targets = oneHot(train.labels).to("float32");
      const begin = (...shape: number[]) => randn(shape, { requiresGrad: true });
      let weights = [begin(49, 32), begin(32), begin(32, 10), begin(10)];
      const watch = new Watch();
      for (let number = 1; number <= steps; number++) {
        const start = (number * batchSize) % train.size;
        const [x, y] = [images.narrow(0, start, batchSize), targets.narrow(0, start, batchSize)];
        const [w1, b1, w2, b2] = weights as [Tensor, Tensor, Tensor, Tensor];
        const scores = x.matmul(w1).add(b1).tanh().matmul(w2).add(b2);
        const loss = scores.logSumExp(1).sub(scores.mul(y).sum(1)).mean();
        loss.backward();
        weights = weights.map((weight) => {
          const next = noGrad(() => weight.sub(weight.grad!.mul(0.01)));
          next.requiresGrad = true;
          return next;
        });
        watch.step(number);
      }
      watch.expectFlat();
    });
  });
});
