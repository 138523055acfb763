/**
 * The live picture of a training: frames of one size while it runs, one chart when it ends, in the same output. Frames are
 * drawn in the drawing thread, at most four a second and so seldom that drawing takes at most 1 % of the time.
 */
import { randomUUID } from "node:crypto";
import { drawLater, type TimedImage } from "../drawing/drawing.ts";
import type { FrameChart, FrameSeries, TrainingFrame } from "../drawing/frame.ts";
import { FrameLimiter } from "../drawing/limiter.ts";
import { displaySymbol, type MimeBundle, type Publisher, pictureBundle } from "../mime.ts";
import { layerName } from "../network/layers.ts";
import { dashes, role } from "../theme.ts";
import { countOf, formatCount, formatNumber, formatPercent, formatSeconds, wrapped } from "../wording.ts";
import { curves, epochText, isRate } from "./curves.ts";
import { type HistoryLike, lowestValidation } from "./history.ts";
import { Trend } from "./trend.ts";

/** The part of the engine's `TrainingRun` that the dashboard needs. */
export interface RunLike {
  readonly epochs: number;
  readonly stepsPerEpoch: number | null;
  /** From 1. */
  readonly epoch: number;
  readonly stepInEpoch: number;
  readonly step: number;
  readonly seconds: number;
  /** An estimate, or null while there is none. */
  readonly secondsLeft: number | null;
  readonly status: "running" | "done" | "interrupted" | "failed";
  readonly history: HistoryLike & {
    readonly epochs: readonly { readonly samplesPerSecond: number }[];
    /** What to try when the loss did not fall. */
    readonly advice?: string | null;
    /** Why training ended early. */
    readonly stopped?: string | null;
  };
  readonly model: object;
}

export interface DashboardOptions {
  /** Publish frames while training; else only the final chart. */
  live: boolean;
  /** Milliseconds; replaced in tests. */
  now?: () => number;
  drawFrame?: (frame: TrainingFrame) => Promise<TimedImage>;
}

/** What the dashboard does at each event of a training: the engine's `TrainingObserver`. */
export interface Dashboard {
  begin(run: RunLike): void;
  step(run: RunLike): void;
  epoch(run: RunLike): void;
  end(run: RunLike): void;
}

interface RunView {
  readonly id: string;
  readonly name: string;
  readonly limiter: FrameLimiter;
  readonly losses: Trend;
  seen: number;
  warm: boolean;
  ended: boolean;
}

export function trainingDashboard(publisher: Publisher, options: DashboardOptions): Dashboard {
  const { live, now = () => performance.now() } = options;
  const drawFrame = options.drawFrame ?? ((frame) => drawLater({ kind: "frame", frame }));
  const views = new WeakMap<RunLike, RunView>();

  const viewOf = (run: RunLike): RunView => {
    let view = views.get(run);
    if (!view) {
      view = {
        id: randomUUID(),
        name: layerName(run.model),
        limiter: new FrameLimiter(),
        losses: new Trend(),
        seen: 0,
        warm: false,
        ended: false,
      };
      views.set(run, view);
    }
    return view;
  };

  const showFrame = (run: RunLike, view: RunView) => {
    if (!live || view.ended || !view.limiter.start(now())) return;
    const text = runSentence(run, view.name);
    drawFrame(frameOf(run, view)).then(
      (image) => {
        view.limiter.finish(view.warm ? image.milliseconds : null);
        view.warm = true;
        if (!view.ended) publisher.update(pictureBundle(image, text), view.id);
      },
      () => view.limiter.finish(null),
    );
  };

  const follow = (run: RunLike) => {
    const view = viewOf(run);
    const { steps } = run.history;
    for (; view.seen < steps.length; view.seen++) {
      const { epoch, loss } = steps[view.seen]!;
      const inEpoch = run.stepsPerEpoch ? ((view.seen % run.stepsPerEpoch) + 1) / run.stepsPerEpoch : 1;
      view.losses.push(epoch - 1 + inEpoch, loss);
    }
    showFrame(run, view);
  };

  return {
    begin(run) {
      const view = viewOf(run);
      if (!live) return;
      publisher.display({ data: { "text/plain": runSentence(run, view.name) } }, view.id);
      showFrame(run, view);
    },
    step: follow,
    epoch: follow,
    end(run) {
      const view = viewOf(run);
      view.ended = true;
      const bundle = finalBundle(run, view.name);
      if (live) publisher.update(bundle, view.id);
      else publisher.display(bundle, view.id);
    },
  };
}

function finalBundle(run: RunLike, name: string): MimeBundle {
  const text = runSentence(run, name);
  if (run.history.steps.length === 0 && run.history.epochs.length === 0)
    return { data: { "text/plain": text } };
  const picture = curves(
    { ...run.history, stepsPerEpoch: run.stepsPerEpoch },
    {
      title: `${name}: ${statusText(run)}`,
      subtitle: finalSubtitle(run),
      text,
    },
  );
  return picture[displaySymbol]();
}

function statusText(run: RunLike): string {
  switch (run.status) {
    case "running":
      return `epoch ${Math.max(1, run.epoch)} of ${run.epochs}`;
    case "done":
      return `trained for ${countOf(run.epoch, "epoch")}`;
    case "interrupted":
      return `interrupted in epoch ${Math.max(1, run.epoch)} of ${run.epochs}`;
    case "failed":
      return `failed in epoch ${Math.max(1, run.epoch)} of ${run.epochs}`;
  }
}

function finalSubtitle(run: RunLike): string[] {
  const last = run.history.epochs[run.history.epochs.length - 1];
  const speed = last ? `, ${formatCount(last.samplesPerSecond)} samples/s` : "";
  const time = `${countOf(run.step, "step")} in ${formatSeconds(run.seconds)}${speed}`;
  const remarks = remarksOn(run).flatMap((remark) => wrapped(remark, 680));
  return [last ? epochText(last) : `loss ${formatNumber(lastLoss(run))}`, time, ...remarks];
}

/** What is to be said of a training besides its numbers. */
const remarksOn = ({ history }: RunLike): string[] =>
  [history.failure && failureText(history.failure), history.stopped, history.advice].filter(
    (remark) => typeof remark === "string",
  );

/** The error's message as a sentence; that it comes from `fit` is plain here. */
function failureText(message: string): string {
  const text = message.replace(/^fit: /, "");
  return `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

const lastLoss = (run: RunLike): number =>
  run.history.steps[run.history.steps.length - 1]?.loss ?? Number.NaN;

/** "LeNet5, epoch 2 of 5: step 600 of 4,690, loss 0.12; 12 s left." */
export function runSentence(run: RunLike, name: string): string {
  const head = `${name} ${statusText(run)}`;
  const last = run.history.epochs[run.history.epochs.length - 1];
  if (run.status === "running") {
    if (run.step === 0) return `${head}: training begins.`;
    const total = totalSteps(run);
    const place = total
      ? `step ${formatCount(run.step)} of ${formatCount(total)}`
      : countOf(run.step, "step");
    const left = run.secondsLeft;
    const time = left === null ? `${formatSeconds(run.seconds)} so far` : `${formatSeconds(left)} left`;
    return `${head}: ${place}, loss ${formatNumber(lastLoss(run))}; ${time}.`;
  }
  const result = last
    ? epochText(last)
    : run.step > 0
      ? `loss ${formatNumber(lastLoss(run))}`
      : "before the first step";
  return [`${head} (${formatSeconds(run.seconds)}): ${result}.`, ...remarksOn(run)].join(" ");
}

function totalSteps(run: RunLike): number | null {
  return run.stepsPerEpoch ? run.stepsPerEpoch * run.epochs : null;
}

function frameOf(run: RunLike, view: RunView): TrainingFrame {
  const total = totalSteps(run);
  const left = run.secondsLeft;
  const last = run.history.epochs[run.history.epochs.length - 1];
  const speed = last
    ? `${formatCount(last.samplesPerSecond)} samples/s`
    : run.seconds > 0 && run.step > 0
      ? `${formatNumber(run.step / run.seconds)} steps/s`
      : "";
  const parts = [
    statusText(run),
    total ? formatPercent(run.step / total, 0) : countOf(run.step, "step"),
    left === null ? formatSeconds(run.seconds) : `${formatSeconds(left)} left`,
    speed,
  ];
  const rate = run.history.steps.at(-1)?.learningRate;
  const now = [
    run.step > 0 ? `loss ${formatNumber(lastLoss(run))}` : "no step yet",
    ...(rate === undefined ? [] : [`learning rate ${formatNumber(rate)}`]),
  ].join(" · ");
  return {
    title: view.name,
    status: run.status,
    progress: total ? run.step / total : null,
    progressText: parts.filter((part) => part !== "").join(" · "),
    valuesText: last ? `${now} · after epoch ${run.history.epochs.length}: ${epochText(last)}` : now,
    epochs: run.epochs,
    charts: frameCharts(run, view),
  };
}

function frameCharts(run: RunLike, view: RunView): FrameChart[] {
  const { points, band } = view.losses.lines();
  const loss: FrameChart = {
    title: "loss",
    percent: false,
    empty: "no step yet",
    series: [
      { name: "train", colour: role.train, dash: dashes[0]!, points, band },
      ...epochSeries(run, "loss", ["validation"]),
    ],
  };
  const names = run.history.epochs.flatMap(({ metrics, validation }) => [
    ...Object.keys(metrics),
    ...Object.keys(validation ?? {}),
  ]);
  const metric = names.find((name) => name !== "loss") ?? "accuracy";
  const rate: FrameChart = {
    title: metric,
    percent: isRate(metric),
    empty: "after the first epoch",
    series: epochSeries(run, metric, ["train", "validation"]),
  };
  return [loss, rate];
}

function epochSeries(
  run: RunLike,
  metric: string,
  parts: readonly ("train" | "validation")[],
): FrameSeries[] {
  return parts.map((part): FrameSeries => {
    const points = run.history.epochs.flatMap(({ epoch, loss, metrics, validation }) => {
      const own = metric === "loss" ? loss : metrics[metric];
      const value = part === "train" ? own : validation?.[metric];
      return value === undefined ? [] : [epoch, value];
    });
    const dash = dashes[part === "train" ? 0 : 1]!;
    const best = part === "validation" ? lowestValidation(run.history.epochs) : null;
    const ring =
      best === null || run.history.epochs.length < 2
        ? {}
        : { ring: { x: best, label: `best: epoch ${best}` } };
    return { name: part, colour: role[part], dash, points: Float64Array.from(points), marks: true, ...ring };
  });
}
