import { afterEach, describe, expect, it, vi } from "vitest";
import { ones, randint, randn, tensor, zeros } from "../../../engine/creation.ts";
import { InterruptError } from "../../../engine/errors.ts";
import { setInterruptFlag } from "../../../engine/interrupt.ts";
import * as metrics from "../../../engine/metrics/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import * as optim from "../../../engine/optim/index.ts";
import { Generator, seed } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import * as training from "../../../engine/training.ts";
import {
  evaluate,
  observeTraining,
  type TrainingObserver,
  type TrainingRun,
} from "../../../engine/training.ts";

afterEach(() => {
  setInterruptFlag(null);
  seed(0);
});

/** Points in the plane; the class is the sign of x₀ + x₁. */
function points(batches: number, size: number, start = 1): [Tensor, Tensor][] {
  const generator = new Generator(start);
  return Array.from({ length: batches }, () => {
    const x = randn([size, 2], { generator });
    const labels = (x.toArray() as number[][]).map(([a, b]) => (a! + b! > 0 ? 1 : 0));
    return [x, tensor(labels, { dtype: "int32" })];
  });
}

const model = (): nn.Sequential => nn.sequential(nn.linear(2, 8), nn.tanh(), nn.linear(8, 2));

function watch(observer: TrainingObserver): void {
  const stop = observeTraining(observer);
  stops.push(stop);
}
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

describe("fit", () => {
  it("learns, and returns what happened step by step and epoch by epoch", async () => {
    const net = model();
    const optimizer = optim.sgd(net.parameters(), { lr: 0.5 });
    const history = await training.fit(net, points(10, 20), {
      epochs: 5,
      optimizer,
      validation: points(2, 50, 2),
    });
    expect(history.steps).toHaveLength(50);
    expect(history.steps[10]).toMatchObject({ step: 11, epoch: 2, learningRate: 0.5 });
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
    const [first] = history.epochs;
    const last = history.epochs.at(-1)!;
    expect(last.loss).toBeLessThan(first!.loss);
    expect(last.metrics.accuracy).toBeGreaterThan(0.9);
    expect(Object.keys(last.validation ?? {})).toEqual(["loss", "accuracy"]);
    expect(last.validation?.accuracy).toBeGreaterThan(0.9);
    expect(last.samplesPerSecond).toBeGreaterThan(0);
    expect(optimizer.stepCount).toBe(50);
    expect(String(history)).toMatch(
      /^History: 5 epochs, 50 steps, [\d.]+ s: loss [\d.]+ → [\d.]+, accuracy [\d.]+ %; validation loss [\d.]+, accuracy [\d.]+ %$/,
    );
  });

  it("gives the same history for the same seed", async () => {
    const losses = async (): Promise<number[]> => {
      seed(3);
      const net = model();
      const history = await training.fit(net, points(3, 8), {
        epochs: 2,
        optimizer: optim.adam(net.parameters()),
      });
      return history.steps.map(({ loss }) => loss);
    };
    expect(await losses()).toEqual(await losses());
  });

  it("weighs batches by their size", async () => {
    const net = nn.linear(1, 1, { bias: false });
    const batches: [Tensor, Tensor][] = [
      [zeros([3, 1]), zeros([3, 1])],
      [zeros([1, 1]), zeros([1, 1])],
    ];
    const history = await training.fit(net, batches, {
      optimizer: optim.sgd(net.parameters(), { lr: 0 }),
      loss: (_prediction, target) => net.weight.sum().mul(0).add(target.shape[0]!),
      metrics: { size: (_prediction, target) => target.shape[0]! },
    });
    expect(history.epochs[0]).toMatchObject({ loss: (3 * 3 + 1) / 4, metrics: { size: 2.5 } });
  });

  it("takes arrays, objects with an iterator, generators for one epoch, and async iterables", async () => {
    const batches = points(3, 4);
    const options = (net: nn.Module): { optimizer: optim.Optimizer; epochs: number } => ({
      optimizer: optim.sgd(net.parameters(), { lr: 0.1 }),
      epochs: 2,
    });
    const sources = [
      batches,
      { [Symbol.iterator]: () => batches[Symbol.iterator]() },
      {
        async *[Symbol.asyncIterator]() {
          yield* batches;
        },
      },
    ];
    for (const source of sources) {
      const net = model();
      expect((await training.fit(net, source, options(net))).steps).toHaveLength(6);
    }
    const net = model();
    const once = (function* () {
      yield* batches;
    })();
    expect((await training.fit(net, once, { ...options(net), epochs: 1 })).steps).toHaveLength(3);
  });

  it("trains in training mode, validates in evaluation mode, and restores the modes", async () => {
    const seen: string[] = [];
    class Spy extends nn.Module {
      fc = nn.linear(2, 2);
      frozen = nn.dropout(0.5);
      forward(x: Tensor): Tensor {
        seen.push(`${this.training} ${this.fc.training}`);
        return this.fc(x);
      }
    }
    const net = new Spy();
    net.frozen.eval();
    await training.fit(net, points(1, 4), {
      epochs: 2,
      optimizer: optim.sgd(net.parameters(), { lr: 0.1 }),
      validation: points(1, 4),
    });
    expect(seen).toEqual(["true true", "false false", "true true", "false false"]);
    expect([net.training, net.fc.training, net.frozen.training]).toEqual([true, true, false]);
  });

  it("prints nothing unless asked to", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    try {
      const net = model();
      const optimizer = optim.sgd(net.parameters(), { lr: 0.1 });
      await training.fit(net, points(2, 4), { optimizer });
      expect(log).not.toHaveBeenCalled();
      await training.fit(net, points(2, 4), {
        optimizer,
        epochs: 2,
        validation: points(1, 4),
        verbose: true,
      });
      expect(log.mock.calls.map(([line]) => line)).toEqual([
        expect.stringMatching(
          /^epoch 1\/2: loss [\d.]+, accuracy [\d.]+ % · validation loss [\d.]+, accuracy [\d.]+ % · [\d.]+ s$/,
        ),
        expect.stringMatching(/^epoch 2\/2: /),
      ]);
      expect(error).not.toHaveBeenCalled();
    } finally {
      log.mockRestore();
      error.mockRestore();
    }
  });

  it("lets other things happen meanwhile", async () => {
    const net = model();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const slow = points(30, 4).map(([x, y]): [Tensor, Tensor] => [x, y]);
    await training.fit(
      net,
      {
        *[Symbol.iterator]() {
          for (const batch of slow) {
            const until = performance.now() + 10;
            while (performance.now() < until);
            yield batch;
          }
        },
      },
      { optimizer: optim.sgd(net.parameters(), { lr: 0.1 }) },
    );
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(2);
  });
});

describe("observers", () => {
  it("see begin, every step, every epoch and the end, with progress", async () => {
    const events: string[] = [];
    const note = (event: string) => (run: TrainingRun) => {
      events.push(
        `${event} ${run.epoch}/${run.epochs} ${run.stepInEpoch}/${run.stepsPerEpoch} ${run.step} ${run.status} ${run.history.epochs.length}`,
      );
    };
    watch({ begin: note("begin"), step: note("step"), epoch: note("epoch"), end: note("end") });
    const net = model();
    await training.fit(net, points(2, 4), { epochs: 2, optimizer: optim.sgd(net.parameters(), { lr: 0.1 }) });
    expect(events).toEqual([
      "begin 1/2 0/2 0 running 0",
      "step 1/2 1/2 1 running 0",
      "step 1/2 2/2 2 running 0",
      "epoch 1/2 2/2 2 running 1",
      "step 2/2 1/2 3 running 1",
      "step 2/2 2/2 4 running 1",
      "epoch 2/2 2/2 4 running 2",
      "end 2/2 2/2 4 done 2",
    ]);
  });

  it("are told the time left as soon as it can be known", async () => {
    const left: (number | null)[] = [];
    watch({ step: (run) => void left.push(run.secondsLeft), end: (run) => void left.push(run.secondsLeft) });
    const batches = points(2, 4);
    const net = model();
    await training.fit(
      net,
      { [Symbol.iterator]: () => batches[Symbol.iterator]() },
      { epochs: 2, optimizer: optim.sgd(net.parameters(), { lr: 0.1 }) },
    );
    expect(left.map((value) => (value === null ? null : value > 0))).toEqual([
      null,
      null,
      true,
      false,
      false,
    ]);
  });

  it("are awaited, and not asked when silent or after they stopped", async () => {
    const order: string[] = [];
    const stop = observeTraining({
      async epoch() {
        await new Promise((resolve) => setTimeout(resolve, 5));
        order.push("epoch seen");
      },
      end: () => void order.push("end"),
    });
    const net = model();
    const options = { optimizer: optim.sgd(net.parameters(), { lr: 0.1 }) };
    await training.fit(net, points(1, 4), options);
    expect(order).toEqual(["epoch seen", "end"]);
    await training.fit(net, points(1, 4), { ...options, silent: true });
    stop();
    await training.fit(net, points(1, 4), options);
    expect(order).toHaveLength(2);
  });
});

describe("an interruption", () => {
  it("stops between two steps, tells observers, restores the modes and is thrown on", async () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    setInterruptFlag(flag);
    const ended: string[] = [];
    watch({
      step(run) {
        if (run.step === 3) flag[0] = 1;
      },
      end: (run) => void ended.push(`${run.status} after ${run.step}`),
    });
    const net = model();
    net.eval();
    const optimizer = optim.sgd(net.parameters(), { lr: 0.1, momentum: 0.9 });
    await expect(training.fit(net, points(10, 4), { optimizer })).rejects.toThrow(InterruptError);
    expect(ended).toEqual(["interrupted after 3"]);
    expect(optimizer.stepCount).toBe(3);
    expect(net.training).toBe(false);
    expect(net.parameters().every((p) => p.toTypedArray().every(Number.isFinite))).toBe(true);
    const kept = training.historyOf(net);
    expect(kept.steps.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect([kept.epochs, kept.failure]).toEqual([[], null]);
    const again = await training.fit(net, points(2, 4), { optimizer });
    expect(again.steps).toHaveLength(2);
    expect(training.historyOf(net)).toBe(again);
  });

  it("and a failure leave what was recorded with the model", async () => {
    const net = model();
    expect(() => training.historyOf(net)).toThrow("historyOf: fit has not trained this model");
    expect(() => training.historyOf(5 as never)).toThrow(/historyOf: .*got 5/);
    const [first, second] = points(2, 4);
    const broken: [Tensor, Tensor] = [second![0].mul(Number.NaN), second![1]];
    const optimizer = optim.sgd(net.parameters(), { lr: 0.1 });
    await expect(training.fit(net, [first!, broken], { optimizer })).rejects.toThrow(/NaN/);
    const kept = training.historyOf(net);
    expect(kept.steps[0]!.loss).toBeGreaterThan(0);
    expect(kept.failure).toMatch(/NaN/);
  });

  it("in the middle of a forward pass leaves the parameters of the last whole step", async () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    setInterruptFlag(flag);
    let calls = 0;
    class Halting extends nn.Module {
      a = nn.linear(2, 4);
      b = nn.linear(4, 2);
      forward(x: Tensor): Tensor {
        const hidden = this.a(x);
        if (++calls === 3) flag[0] = 1;
        return this.b(hidden);
      }
    }
    const net = new Halting();
    let last: unknown;
    watch({
      step() {
        last = net.parameters().map((p) => p.toArray());
      },
    });
    await expect(
      training.fit(net, points(10, 4), { optimizer: optim.adam(net.parameters()) }),
    ).rejects.toThrow(InterruptError);
    expect(net.parameters().map((p) => p.toArray())).toEqual(last);
  });
});

describe("what goes wrong in training", () => {
  it("a diverging loss stops with step, epoch, learning rate and remedy", async () => {
    seed(1);
    const net = nn.linear(4, 1);
    const batches: [Tensor, Tensor][] = Array.from({ length: 200 }, () => [randn([8, 4]), randn([8, 1])]);
    const ended: string[] = [];
    watch({ end: (run) => void ended.push(run.status) });
    await expect(
      training.fit(net, batches, {
        epochs: 3,
        optimizer: optim.sgd(net.parameters(), { lr: 100 }),
        loss: nn.mse,
      }),
    ).rejects.toThrow(
      /fit: the loss became infinite at step \d+ \(epoch \d\) with learning rate 100; the last loss was \S+\. Likely the learning rate is too high: make the model anew and try 0\.01 to 0\.1, as is usual for this optimizer|sgd: the gradient of .* contains NaN or infinity .* Lower the learning rate \(now 100\)/,
    );
    expect(ended).toEqual(["failed"]);
    expect(net.parameters().every((p) => p.toTypedArray().every((value) => !Number.isNaN(value)))).toBe(true);
  });

  it("NaN in the inputs is named as such", async () => {
    const net = nn.linear(2, 1);
    const batch: [Tensor, Tensor] = [tensor([[1, Number.NaN]]), tensor([[1]])];
    await expect(
      training.fit(net, [batch], { optimizer: optim.sgd(net.parameters(), { lr: 0.1 }), loss: nn.mse }),
    ).rejects.toThrow(
      "fit: the loss became NaN (not a number) at step 1 (epoch 1) with learning rate 0.1: the inputs of this batch contain NaN or infinity; clean the data",
    );
  });

  const attempt = (loader: unknown, options: object = {}): Promise<unknown> => {
    const net = model();
    return Reflect.apply(training.fit, undefined, [
      net,
      loader,
      { optimizer: optim.sgd(net.parameters(), { lr: 0.1 }), ...options },
    ]);
  };

  it("a generator for several epochs", async () => {
    const batches = points(2, 4);
    const once = () =>
      (function* () {
        yield* batches;
      })();
    await expect(attempt(once(), { epochs: 3 })).rejects.toThrow(
      "fit: loader is a generator, which gives its batches only once, and 3 epochs need them 3 times; pass an array ([...batches]) or a loader",
    );
    await expect(attempt(batches, { epochs: 2, validation: once() })).rejects.toThrow(
      /fit: validation is a generator/,
    );
    const used = once();
    await expect(
      attempt({ [Symbol.iterator]: () => ({ next: () => used.next() }) }, { epochs: 2 }),
    ).rejects.toThrow(/no batches in epoch 2; it can be used only once/);
  });

  it("something that gives no batches", async () => {
    await expect(attempt([])).rejects.toThrow(/the loader gave no batches; is the data set empty/);
    await expect(attempt({ images: 1, loader() {} })).rejects.toThrow(
      /write dataset\.loader\(\{ batchSize: 64 \}\)/,
    );
    await expect(attempt(points)).rejects.toThrow(/call it and pass the result/);
    await expect(attempt(Promise.resolve(points(1, 2)))).rejects.toThrow(/write await before it/);
    await expect(attempt(ones([2, 2]))).rejects.toThrow(/one batch: \[\[x, y\]\]/);
    await expect(attempt([ones([2, 2]), zeros([2])])).rejects.toThrow(
      /batch 1 must be a pair \[x, y\], got a Tensor \[2, 2\]; for a single batch write \[\[x, y\]\]/,
    );
    await expect(attempt([[[[1, 2]], [0]]])).rejects.toThrow(/make them with tensor\(…\)/);
    await expect(attempt([[ones([3, 2]), zeros([2])]])).rejects.toThrow(
      /batch 1 has 3 inputs \[3, 2\] but 2 targets \[2\]/,
    );
  });

  it("a missing optimizer, another model's, odd epochs, a class for a model", async () => {
    await expect(attempt(points(1, 2), { optimizer: undefined })).rejects.toThrow(
      /fit: needs an optimizer, got nothing \(undefined\); pass \{ optimizer: optim\.sgd/,
    );
    await expect(
      attempt(points(1, 2), { optimizer: optim.sgd(model().parameters(), { lr: 0.1 }) }),
    ).rejects.toThrow(/the optimizer was made for another model/);
    await expect(attempt(points(1, 2), { epochs: 0 })).rejects.toThrow(
      /epochs must be a whole number ≥ 1, got 0/,
    );
    class Net extends nn.Module {
      forward(x: Tensor): Tensor {
        return x;
      }
    }
    await expect(Reflect.apply(training.fit, undefined, [Net, [], {}])).rejects.toThrow(
      "fit: model must be a module, got the class Net; make an instance of it with new",
    );
  });

  it("a second fit of a model whose first was not awaited", async () => {
    const net = model();
    const options = { optimizer: optim.sgd(net.parameters(), { lr: 0.1 }) };
    const first = training.fit(net, points(3, 4), options);
    await expect(training.fit(net, points(3, 4), options)).rejects.toThrow(
      /is being trained already; write await before the fit/,
    );
    await first;
  });

  it("but not a fit after one whose code was terminated from outside and never ended", async () => {
    class Stuck extends Error {}
    const net = model();
    const options = { optimizer: optim.sgd(net.parameters(), { lr: 0.1 }) };
    let again: Promise<unknown> | undefined;
    // What a kernel does after terminating: other code runs while the first fit is still in the midst of its own.
    const loss = (p: Tensor, t: Tensor): Tensor => {
      again ??= training.fit(net, points(2, 4), options);
      throw new Stuck(`${p.size} ${t.size}`);
    };
    await expect(training.fit(net, points(2, 4), { ...options, loss })).rejects.toThrow(Stuck);
    expect(await again).toMatchObject({ steps: [{ step: 1 }, { step: 2 }] });
  });

  it("a layer made inside forward, or hidden in a #private field, would not be trained", async () => {
    class Hidden extends nn.Module {
      fc = nn.linear(2, 2);
      #secret = nn.linear(2, 2);
      forward(x: Tensor): Tensor {
        return this.fc(this.#secret(x));
      }
    }
    const net = new Hidden();
    await expect(
      training.fit(net, points(1, 4), { optimizer: optim.sgd(net.parameters(), { lr: 0.1 }) }),
    ).rejects.toThrow(
      /Hidden computes with a parameter \[2(, 2)?\] that is not one of its fields and would not be trained/,
    );
  });

  it("a loss that is not one number", async () => {
    await expect(
      attempt(points(1, 4), { loss: (p: Tensor, t: Tensor) => nn.crossEntropy(p, t, { reduction: "none" }) }),
    ).rejects.toThrow(/the loss must be one number, got a Tensor \[4\]; use reduction "mean"/);
  });
});

describe("evaluate", () => {
  it("is the mean over all samples, however they are batched", () => {
    const net = model();
    const [x, y] = points(1, 10)[0]!;
    const whole = evaluate(net, [[x, y]]);
    const parts = evaluate(net, [
      [x.slice([[0, 7]]), y.slice([[0, 7]])],
      [x.slice([[7, 10]]), y.slice([[7, 10]])],
    ]);
    expect(parts.loss).toBeCloseTo(whole.loss, 6);
    expect(parts.accuracy).toBeCloseTo(whole.accuracy, 12);
    expect(whole.accuracy).toBe(metrics.accuracy(net(x), y));
  });

  it("uses evaluation mode, restores the mode, and takes loss and metrics", () => {
    const net = nn.sequential(nn.dropout(0.9), nn.linear(4, 1));
    const batch: [Tensor, Tensor] = [ones([5, 4]), zeros([5, 1])];
    const first = evaluate(net, [batch], { loss: nn.mse, metrics: { mae: metrics.mae } });
    expect(first).toEqual(evaluate(net, [batch], { loss: nn.mse, metrics: { mae: metrics.mae } }));
    expect(Object.keys(first)).toEqual(["loss", "mae"]);
    expect(net.at(0).training).toBe(true);
  });

  it("is a promise for an async loader", async () => {
    const net = model();
    const batches = points(2, 4);
    const result = await evaluate(net, {
      async *[Symbol.asyncIterator]() {
        yield* batches;
      },
    });
    expect(result).toEqual(evaluate(net, batches));
    expect(net.training).toBe(true);
  });

  it("of nothing is an error", () => {
    expect(() => evaluate(model(), [])).toThrow(/evaluate: the loader gave no batches/);
  });

  it("for bceWithLogits counts yes and no, for mse has no accuracy", () => {
    const net = nn.linear(2, 1);
    const x = randn([6, 2]);
    const yes = randint(0, 2, [6, 1]).to("float32");
    expect(Object.keys(evaluate(net, [[x, yes]], { loss: nn.bceWithLogits }))).toEqual(["loss", "accuracy"]);
    expect(Object.keys(evaluate(net, [[x, yes]], { loss: nn.mse }))).toEqual(["loss"]);
    const logarithms = nn.sequential(nn.linear(2, 2), nn.logSoftmax());
    const classes = yes.squeeze(1).to("int32");
    expect(Object.keys(evaluate(logarithms, [[x, classes]], { loss: nn.nll }))).toEqual(["loss", "accuracy"]);
  });
});
