import { describe, expect, it } from "vitest";
import { draw } from "../../../kernel/view/drawing/drawing.ts";
import type { TrainingFrame } from "../../../kernel/view/drawing/frame.ts";
import { FrameLimiter } from "../../../kernel/view/drawing/limiter.ts";
import { displayable, type MimeBundle, pictureBundle } from "../../../kernel/view/mime.ts";
import { type RunLike, trainingDashboard } from "../../../kernel/view/training/dashboard.ts";
import { Trend } from "../../../kernel/view/training/trend.ts";
import { specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

class LeNet5 {}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A training of 2 epochs with 100 steps each, driven by hand. */
function training(): { run: Writable<RunLike>; step(): void; endEpoch(): void } {
  const steps: { step: number; epoch: number; loss: number; learningRate: number }[] = [];
  const epochs: {
    epoch: number;
    loss: number;
    metrics: Record<string, number>;
    validation: Record<string, number>;
    samplesPerSecond: number;
  }[] = [];
  const run: Writable<RunLike> = {
    epochs: 2,
    stepsPerEpoch: 100,
    epoch: 1,
    stepInEpoch: 0,
    step: 0,
    seconds: 0,
    secondsLeft: null,
    status: "running",
    history: { steps, epochs },
    model: new LeNet5(),
  };
  return {
    run,
    step() {
      run.step++;
      run.epoch = Math.ceil(run.step / 100);
      run.seconds = run.step * 0.05;
      run.secondsLeft = (200 - run.step) * 0.05;
      steps.push({ step: run.step, epoch: run.epoch, loss: 1 / run.step, learningRate: 0.01 });
    },
    endEpoch() {
      epochs.push({
        epoch: run.epoch,
        loss: 0.2,
        metrics: { accuracy: 0.95 },
        validation: { loss: 0.3, accuracy: 0.9 },
        samplesPerSecond: 1280,
      });
    },
  };
}

type Event = { kind: "display" | "update"; bundle: MimeBundle; id: string | undefined };

function recorder() {
  const events: Event[] = [];
  return {
    events,
    display: (bundle: MimeBundle, id?: string) => void events.push({ kind: "display", bundle, id }),
    update: (bundle: MimeBundle, id: string) => void events.push({ kind: "update", bundle, id }),
    atEnd: () => {},
  };
}

/** Trains with a clock that moves 50 ms a step and frames that cost `milliseconds`. */
async function watch(milliseconds: number, live = true, until = 200) {
  const publisher = recorder();
  const frames: TrainingFrame[] = [];
  const { run, step, endEpoch } = training();
  const dashboard = trainingDashboard(publisher, {
    live,
    now: () => run.step * 50,
    drawFrame: async (frame) => {
      frames.push(frame);
      return { png: "", width: 720, height: 290, milliseconds };
    },
  });
  dashboard.begin(run);
  for (let i = 0; i < until; i++) {
    step();
    if (run.step % 100 === 0) {
      endEpoch();
      dashboard.epoch(run);
    } else dashboard.step(run);
    await Promise.resolve();
    await Promise.resolve();
  }
  return { ...publisher, frames, run, dashboard };
}

describe("frame limiter", () => {
  it("allows four a second, one at a time", () => {
    const limiter = new FrameLimiter();
    expect(limiter.start(0)).toBe(true);
    expect(limiter.start(1000)).toBe(false);
    limiter.finish(1);
    expect(limiter.start(249)).toBe(false);
    expect(limiter.start(250)).toBe(true);
  });

  it("waits so long that drawing takes 1 % of the time", () => {
    const limiter = new FrameLimiter();
    limiter.start(0);
    limiter.finish(20);
    expect(limiter.pause).toBe(2000);
    expect(limiter.start(1999)).toBe(false);
    expect(limiter.start(2000)).toBe(true);
  });
});

describe("training dashboard", () => {
  it("draws at most four frames a second: 10 s of training, 40 frames", async () => {
    const { frames } = await watch(1);
    expect(frames.length).toBeGreaterThan(30);
    expect(frames.length).toBeLessThanOrEqual(41);
  });

  it("draws seldom where drawing is dear: 100 ms a frame, one in 10 s", async () => {
    const { frames } = await watch(100);
    expect(frames.length).toBeLessThanOrEqual(3);
  });

  it("shows one output that every frame updates, then one chart in the same place", async () => {
    const { events, run, dashboard } = await watch(1);
    run.status = "done";
    dashboard.end(run);
    expect(events.filter(({ kind }) => kind === "display")).toHaveLength(1);
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
    const last = events[events.length - 1]!;
    expect(last.kind).toBe("update");
    expect(specOf(last.bundle)).toBeDefined();
    expect(textOf(last.bundle)).toBe(
      "LeNet5 trained for 2 epochs (10 s): loss 0.2, accuracy 95.0 %; on validation data loss 0.3, accuracy 90.0 %.",
    );
  });

  it("ends with why training stopped early, and with the advice where the loss did not fall", async () => {
    const { events, run, dashboard } = await watch(1);
    run.status = "done";
    const advice = "The loss did not fall: the learning rate 10 is probably too high; try 1 or 0.1.";
    const stopped = "Stopped after 2 epochs: the validation loss was best after epoch 1 (0.3).";
    run.history = { ...run.history, advice, stopped };
    run.epochs = 20;
    dashboard.end(run);
    const { bundle } = events[events.length - 1]!;
    expect(textOf(bundle)).toMatch(
      /^LeNet5 trained for 2 epochs .* accuracy 90\.0 %\. Stopped after 2 epochs: .* \(0\.3\)\. The loss did not fall: .* try 1 or 0\.1\.$/,
    );
    expect(JSON.stringify(specOf(bundle).title)).toContain("The loss did not fall");
  });

  it("tells place, values and time left in each frame", async () => {
    const { frames, events } = await watch(1, true, 150);
    const last = frames[frames.length - 1]!;
    expect(last.progress).toBeCloseTo(0.75, 1);
    expect(last.progressText).toMatch(/^epoch 2 of 2 · 7[0-5] % · 2\.\d s left · 1,280 samples\/s$/);
    expect(last.charts.map(({ title }) => title)).toEqual(["loss", "accuracy"]);
    expect(last.charts[1]!.series.map(({ name, dash }) => [name, dash.join()])).toEqual([
      ["train", "1,0"],
      ["validation", "6,3"],
    ]);
    expect(textOf(events[events.length - 1]!.bundle)).toMatch(
      /^LeNet5 epoch 2 of 2: step 1[45]\d of 200, loss 0\.00\d+; 2\.\d s left\.$/,
    );
  });

  it("looks as it did when it was reviewed, with the best epoch so far in a ring", async () => {
    const { run, step, endEpoch } = training();
    const frames: TrainingFrame[] = [];
    const dashboard = trainingDashboard(recorder(), {
      live: true,
      now: () => run.step * 1000,
      drawFrame: async (frame) => {
        frames.push(frame);
        return { png: "", width: 720, height: 290, milliseconds: 1 };
      },
    });
    run.epochs = 4;
    dashboard.begin(run);
    for (const loss of [0.5, 0.3, 0.36]) {
      for (let i = 0; i < 100; i++) {
        step();
        run.secondsLeft = (400 - run.step) * 0.05;
        await Promise.resolve();
        dashboard.step(run);
      }
      endEpoch();
      const last = run.history.epochs.at(-1)!;
      Object.assign(last, { loss, metrics: { accuracy: 1 - loss / 4 } });
      Object.assign(last.validation!, { loss, accuracy: 1 - loss / 3 });
    }
    await new Promise((resolve) => setImmediate(resolve));
    step();
    run.secondsLeft = 5;
    dashboard.step(run);
    const frame = frames.at(-1)!;
    expect(frame.valuesText).toMatch(
      /^loss 0\.0033\d? · learning rate 0\.01 · after epoch 3: loss 0\.36, accuracy 91\.0 %/,
    );
    const text = "A training at its first step of the fourth epoch.";
    expectPicture(
      "dashboard",
      displayable(text, () => pictureBundle(draw({ kind: "frame", frame }), text)),
    );
  });

  it("ends a failed training with what fit says of it, and marks where it failed", async () => {
    const { events, run, dashboard } = await watch(1, true, 50);
    run.status = "failed";
    const failure =
      "fit: the loss became NaN (not a number) at step 51 (epoch 1) with learning rate 10; the last loss was 0.02. Likely the learning rate is too high: make the model anew and try 1. Where it began: LeNet5.f6 (Linear 120 → 84): matmul made Infinity at [0, 3] (the first in the forward pass)";
    run.history = { ...run.history, failure };
    dashboard.end(run);
    const { bundle } = events[events.length - 1]!;
    expect(textOf(bundle)).toMatch(
      /: loss 0\.02\. The loss became NaN .* at step 51 .*LeNet5\.f6.* forward pass\)\.$/,
    );
    expect(JSON.stringify(specOf(bundle).title)).toContain("LeNet5.f6 (Linear 120 → 84)");
    const drawn = JSON.stringify(specOf(bundle));
    expect(drawn).toContain("✕ failed");
    // 50 of 100 steps are half an epoch.
    expect(drawn).toContain('"values":[{"x":0.5}]');
  });

  it.each([
    ["interrupted", "LeNet5 interrupted in epoch 1 of 2 (2.5 s): loss 0.02."],
    ["failed", "LeNet5 failed in epoch 1 of 2 (2.5 s): loss 0.02."],
  ] as const)("ends a training that was %s with a chart that says so", async (status, sentence) => {
    const { events, run, dashboard } = await watch(1, true, 50);
    run.status = status;
    dashboard.end(run);
    const { bundle } = events[events.length - 1]!;
    expect(textOf(bundle)).toBe(sentence);
    expect(JSON.stringify(specOf(bundle).title)).toContain(`LeNet5: ${status} in epoch 1 of 2`);
  });

  it("says so when nothing was trained", async () => {
    const { events, run, dashboard } = await watch(1, true, 0);
    run.status = "failed";
    dashboard.end(run);
    expect(textOf(events[events.length - 1]!.bundle)).toBe(
      "LeNet5 failed in epoch 1 of 2 (0.0 s): before the first step.",
    );
  });

  it("publishes only the result where live pictures are not wanted", async () => {
    const { events, frames, run, dashboard } = await watch(1, false);
    expect(events).toEqual([]);
    run.status = "done";
    dashboard.end(run);
    expect(frames).toEqual([]);
    expect(events.map(({ kind }) => kind)).toEqual(["display"]);
  });

  it("drops a frame that is drawn after the end", async () => {
    const publisher = recorder();
    let deliver = () => {};
    const { run, step } = training();
    const dashboard = trainingDashboard(publisher, {
      live: true,
      now: () => 0,
      drawFrame: () =>
        new Promise((resolve) => {
          deliver = () => resolve({ png: "late", width: 1, height: 1, milliseconds: 1 });
        }),
    });
    dashboard.begin(run);
    step();
    dashboard.step(run);
    run.status = "done";
    dashboard.end(run);
    deliver();
    await new Promise((resolve) => setImmediate(resolve));
    expect(JSON.stringify(publisher.events)).not.toContain("late");
  });
});

describe("trend", () => {
  it("keeps a long series in few stretches with mean and spread", () => {
    const trend = new Trend();
    for (let i = 0; i < 100_000; i++) trend.push(i, i % 2 === 0 ? 0 : 10);
    const { points, band } = trend.lines();
    expect(points.length / 2).toBeLessThanOrEqual(60);
    expect(points.length / 2).toBeGreaterThan(30);
    expect(points[points.length - 2]).toBe(99_999);
    for (let i = 1; i < points.length; i += 2) expect(points[i]).toBeCloseTo(5, 9);
    expect([band[1], band[2]]).toEqual([0, 10]);
  });

  it("leaves out what is not finite", () => {
    const trend = new Trend();
    trend.push(1, Number.NaN);
    expect(trend.lines().points).toHaveLength(0);
  });
});
