import { afterEach, describe, expect, it } from "vitest";
import { randn, tensor } from "../../../engine/creation.ts";
import * as nn from "../../../engine/nn/index.ts";
import * as optim from "../../../engine/optim/index.ts";
import * as schedules from "../../../engine/optim/schedules.ts";
import { Generator, seed } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import * as training from "../../../engine/training.ts";
import golden from "./golden/schedules.json" with { type: "json" };

afterEach(() => {
  seed(0);
});

const nothing: optim.EpochResult = { loss: 1, metrics: {}, validation: null };

/** The state in `epoch`, after epochs with these validation results. */
function state(epoch: number, results: readonly optim.EpochResult[] = []): optim.ScheduleState {
  return { epoch, epochs: 100, history: { epochs: results } };
}

describe("against PyTorch", () => {
  const byProgress: [keyof typeof golden, optim.Schedule, number][] = [
    ["cosineAnnealing", optim.cosineAnnealing(), 20],
    ["linearDecay", optim.linearDecay(), 20],
    ["warmUp", optim.warmUp(optim.cosineAnnealing(), { share: 0.25, from: 0.05 }), 20],
    ["warmUpAlone", optim.warmUp(), 20],
  ];
  for (const [name, schedule, steps] of byProgress) {
    it(`${name}, step by step`, () => {
      const expected = golden[name] as number[];
      expected.forEach((value, step) => {
        expect(schedule(step / steps, state(1))).toBeCloseTo(value, 10);
      });
    });
  }

  // PyTorch reaches the top at step share · steps − 1 and the end at the last step: the curve is the same between these corners.
  const cycles: [string, readonly number[], optim.Schedule, number][] = [
    ["oneCycle", golden.oneCycle, optim.oneCycle(), 0.3],
    [
      "oneCycle with options",
      golden.oneCycleOptions,
      optim.oneCycle({ share: 0.4, startDivisor: 10, endDivisor: 50 }),
      0.4,
    ],
  ];
  it.each(cycles)("%s, between its corners", (_name, rates, schedule, share) => {
    const top = share * rates.length - 1;
    rates.forEach((value, step) => {
      const fall = (step - top) / (rates.length - 1 - top);
      const progress = step < top ? share * (step / top) : share + (1 - share) * fall;
      expect(schedule(progress, state(1))).toBeCloseTo(value, 10);
    });
  });

  it("stepDecay and exponentialDecay, epoch by epoch", () => {
    golden.stepDecay.forEach((value, i) => {
      expect(optim.stepDecay({ every: 3, factor: 0.2 })(0, state(i + 1))).toBeCloseTo(value, 12);
    });
    golden.stepDecayDefault.forEach((value, i) => {
      expect(optim.stepDecay({ every: 4 })(0, state(i + 1))).toBeCloseTo(value, 12);
    });
    golden.exponentialDecay.forEach((value, i) => {
      expect(optim.exponentialDecay({ factor: 0.8 })(0, state(i + 1))).toBeCloseTo(value, 12);
    });
  });

  it("plateau, of a loss and of a score", () => {
    const losses = golden.losses.map((loss) => ({ ...nothing, validation: { loss } }));
    golden.plateau.forEach((value, i) => {
      const rate = optim.plateau({ factor: 0.3, patience: 2 })(0, state(i + 1, losses.slice(0, i)));
      expect(rate).toBeCloseTo(value, 12);
    });
    golden.plateauOptions.forEach((value, i) => {
      const rate = optim.plateau({ threshold: 0.1 })(0, state(i + 1, losses.slice(0, i)));
      expect(rate).toBeCloseTo(value, 12);
    });
    const scores = golden.scores.map((accuracy) => ({ ...nothing, metrics: { accuracy } }));
    golden.plateauMax.forEach((value, i) => {
      const rate = optim.plateau({ factor: 0.5, patience: 1, on: "accuracy" })(
        0,
        state(i + 1, scores.slice(0, i)),
      );
      expect(rate).toBeCloseTo(value, 12);
    });
  });
});

it("every schedule is compared with PyTorch", () => {
  const names = Object.entries(schedules).flatMap(([name, value]) =>
    typeof value === "function" ? [name] : [],
  );
  expect(names.filter((name) => !(name in golden))).toEqual([]);
});

const generator = new Generator(1);
const batches = Array.from(
  { length: 4 },
  () => [randn([4, 2], { generator }), tensor([0, 1, 0, 1], { dtype: "int32" })] as const,
);

describe("in fit", () => {
  it("stairs and plateaus see epochs and history", async () => {
    const model = nn.linear(2, 2);
    const rates = async (schedule: optim.Schedule): Promise<number[]> => {
      const optimizer = optim.sgd(model.parameters(), { lr: 0.5 });
      // The loss is the same for ever, so that it is a plateau.
      const loss = (prediction: Tensor): Tensor => prediction.sum().mul(0).add(1);
      const history = await training.fit(model, batches, {
        epochs: 6,
        optimizer,
        loss,
        metrics: {},
        schedule,
      });
      return history.epochs.map(
        ({ epoch }) => history.steps.find((step) => step.epoch === epoch)!.learningRate,
      );
    };
    expect(await rates(optim.stepDecay({ every: 2 }))).toEqual(
      [0.5, 0.5, 0.05, 0.05, 0.005, 0.005].map((rate) => expect.closeTo(rate, 10)),
    );
    expect(await rates(optim.plateau({ patience: 1, factor: 0.5 }))).toEqual([
      0.5, 0.5, 0.5, 0.25, 0.25, 0.125,
    ]);
  });

  it("refuse a metric that is not there, saying which are", async () => {
    const model = nn.linear(2, 2);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.5 });
    await expect(
      training.fit(model, batches, { epochs: 2, optimizer, schedule: optim.plateau({ on: "f1" }) }),
    ).rejects.toThrow("plateau: there is no f1 to watch; there are loss, accuracy");
  });
});

describe("early stopping", () => {
  /** A model with one number, which the loss drives up by 1 each epoch; the validation loss is best where it is 3. */
  class Counter extends nn.Module {
    value = nn.parameter(tensor([0]));
    forward(x: Tensor): Tensor {
      return x.add(this.value);
    }
  }
  const zero = tensor([[0]]);
  const run = async (earlyStopping: training.FitOptions["earlyStopping"], epochs = 20) => {
    const model = new Counter();
    const history = await training.fit(model, [[zero, zero]], {
      epochs,
      optimizer: optim.sgd(model.parameters(), { lr: 1 }),
      loss: (prediction) => prediction.sum().neg(),
      metrics: {
        distance: (prediction) => (prediction.item() - 3) ** 2,
        closeness: (p) => -((p.item() - 3) ** 2),
      },
      validation: [[zero, zero]],
      ...(earlyStopping && { earlyStopping }),
    });
    return { history, value: model.value.item() };
  };

  it("ends after so many epochs without a new best, and gives back the best model", async () => {
    const { history, value } = await run({ patience: 2, on: "distance", mode: "min" });
    expect(history.epochs).toHaveLength(5);
    expect(value).toBe(3);
    expect(history.stopped).toBe(
      "Stopped after 5 epochs: the validation distance was best after epoch 3 (0), and the model is as it was then.",
    );
    expect(history.best).toEqual({ epoch: 3, on: "distance", value: 0, endedEarly: true });
    expect(String(history)).toContain(`. ${history.stopped}`);
    expect((await run({ patience: 2, on: "closeness" })).value).toBe(3);
  });

  it("leaves the last model where asked to, and ends a training that ran out of epochs alike", async () => {
    const kept = await run({ patience: 2, on: "closeness", restoreBest: false });
    expect([kept.value, kept.history.stopped]).toEqual([
      5,
      "Stopped after 5 epochs: the validation closeness was best after epoch 3 (0).",
    ]);
    const short = await run({ patience: 9, on: "closeness" }, 4);
    expect([short.value, short.history.stopped]).toEqual([
      3,
      "The validation closeness was best after epoch 3 (0), and the model is as it was then.",
    ]);
  });

  it("does nothing while training gets better, and counts only gains above minDelta", async () => {
    const { history, value } = await run({ patience: 1 }, 4);
    expect([history.epochs.length, history.stopped, value]).toEqual([4, null, 4]);
    expect((await run({ patience: 1, minDelta: 2 })).history.epochs).toHaveLength(2);
  });

  it("refuses odd options", async () => {
    await expect(run({ patience: 0 })).rejects.toThrow(
      "fit: earlyStopping.patience must be a whole number ≥ 1, got 0",
    );
    await expect(run({ on: "f1" })).rejects.toThrow(
      /there is no f1 to watch; there are loss, distance, closeness/,
    );
    await expect(run(true as never)).rejects.toThrow(
      /earlyStopping: takes its options as an object: \{ patience: … \}; got true/,
    );
    await expect(run({ mode: "up" as never })).rejects.toThrow(/mode is "min" or "max", got the string "up"/);
  });
});

describe("what students do wrong", () => {
  it("options out of range", () => {
    expect(() => optim.stepDecay({ every: 0 })).toThrow("stepDecay: every must be a whole number ≥ 1, got 0");
    expect(() => optim.stepDecay({ every: 3, factor: 10 })).toThrow(/factor must be between 0 and 1, got 10/);
    expect(() => optim.exponentialDecay({ factor: 1.1 })).toThrow(/exponentialDecay: factor/);
    expect(() => optim.warmUp(undefined, { share: 5 })).toThrow(
      /warmUp: share must be between 0 and 1, got 5/,
    );
    expect(() => optim.warmUp(0.1 as never)).toThrow(/what follows must be a schedule, got 0\.1/);
    expect(() => optim.oneCycle({ startDivisor: 0.1 })).toThrow(/startDivisor must be a number ≥ 1/);
    expect(() => optim.plateau({ patience: -1 })).toThrow(/patience must be a whole number ≥ 0/);
  });
});
