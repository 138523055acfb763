// The training loop of every lesson: `fit`, `evaluate`, what they record and who may watch. It prints nothing by itself and
// knows no display.

import { adviseOn, hasFallen, lowerRates, type RateRange, weightChange, weightSample } from "./advice.ts";
import { detectAnomaly } from "./anomaly.ts";
import { type BestEpoch, type EarlyStopping, Stopper } from "./earlyStopping.ts";
import {
  AnomalyError,
  ArgumentError,
  describeValue,
  GradientError,
  InterruptError,
  ShapeError,
} from "./errors.ts";
import { noGrad } from "./gradmode.ts";
import { inspect } from "./inspect.ts";
import { checkInterrupt } from "./interrupt.ts";
import { withScope } from "./memory.ts";
import { accuracy, binaryAccuracy, type Metric } from "./metrics/index.ts";
import { inEvaluation, modesOf, restoreModes } from "./nn/evaluation.ts";
import { bceWithLogits, crossEntropy, nll } from "./nn/losses/classification.ts";
import type { Loss } from "./nn/losses/reduction.ts";
import { type Module, requireModule } from "./nn/module.ts";
import { describeInput } from "./nn/requireTensor.ts";
import { Optimizer } from "./optim/optimizer.ts";
import type { Schedule } from "./optim/schedules.ts";
import { checkOptions } from "./options.ts";
import { describeShape } from "./shapes.ts";
import { Tensor } from "./tensor.ts";
import { count, formatNumber } from "./wording.ts";

/** One pass over the data, in pairs `[x, y]` of inputs and targets: a loader, an array, a generator. */
export type Batches = Iterable<readonly Tensor[]> | AsyncIterable<readonly Tensor[]>;

/** Metrics by name. */
export type Metrics = Readonly<Record<string, Metric>>;

/** What `evaluate` returns: the mean loss and each metric's mean, over all samples. */
export type Evaluation<M extends Metrics = { readonly accuracy: Metric }> = { loss: number } & {
  [K in keyof M]: number;
};

/** One step of training: a batch forward, backward, and a change of the parameters. */
export interface StepRecord {
  /** Counts from 1 through all epochs. */
  readonly step: number;
  /** Counts from 1. */
  readonly epoch: number;
  /** The batch's loss. */
  readonly loss: number;
  /** The learning rate of the step. */
  readonly learningRate: number;
}

/** One pass through the training data. */
export interface EpochRecord {
  /** Counts from 1. */
  readonly epoch: number;
  /** Mean over the samples, while the parameters were changing. */
  readonly loss: number;
  /** The metrics on the training data, by name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Loss and metrics on the validation data after this epoch, or null without such data. */
  readonly validation: Readonly<Record<string, number>> | null;
  /** Training and validation. */
  readonly seconds: number;
  /** Training only. */
  readonly samplesPerSecond: number;
}

/** How training went, step by step and epoch by epoch: what `fit` returns. */
export class History {
  /** Every step of training. */
  readonly steps: StepRecord[] = [];
  /** Every epoch completed. */
  readonly epochs: EpochRecord[] = [];
  /** What to try when the loss did not fall, in a sentence; else null. */
  advice: string | null = null;
  /** Why early stopping ended the training, or went back to an earlier epoch, in a sentence; else null. */
  stopped: string | null = null;
  /** The epoch that early stopping found best; null without early stopping. */
  best: BestEpoch | null = null;
  /** Why training failed, such as a loss of NaN, in which step and layer, and what to try; null when it did not. */
  failure: string | null = null;

  /** One sentence: how long, from which loss to which, and the last metrics; then why it stopped early, and the advice. */
  toString(): string {
    const last = this.epochs.at(-1);
    if (last === undefined) return `History: ${count(this.steps.length, "step")}, no epoch completed`;
    const seconds = this.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
    const first = this.epochs[0]!;
    const loss =
      first === last ? formatNumber(last.loss) : `${formatNumber(first.loss)} → ${formatNumber(last.loss)}`;
    const training = [`loss ${loss}`, ...formatMetrics(last.metrics)].join(", ");
    const validation =
      last.validation === null ? "" : `; validation ${formatMetrics(last.validation).join(", ")}`;
    const remarks = [this.stopped, this.advice].filter((remark) => remark !== null);
    const more = remarks.length === 0 ? "" : `. ${remarks.join(" ")}`;
    return `History: ${count(this.epochs.length, "epoch")}, ${count(this.steps.length, "step")}, ${seconds.toFixed(1)} s: ${training}${validation}${more}`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/** Training under way, as observers see it. */
export interface TrainingRun {
  /** The model in training. */
  readonly model: Module;
  /** What has been recorded so far. */
  readonly history: History;
  /** How many epochs there will be. */
  readonly epochs: number;
  /** Null while nobody can know: in the first epoch over data without a length. */
  readonly stepsPerEpoch: number | null;
  /** Counts from 1; the epoch under way or just ended. */
  readonly epoch: number;
  /** Counts from 1; the step within the epoch. */
  readonly stepInEpoch: number;
  /** How many steps were made. */
  readonly step: number;
  /** Seconds since training began. */
  readonly seconds: number;
  /** An estimate from the steps so far, or null while it cannot be made. */
  readonly secondsLeft: number | null;
  /** Whether it goes on, or how it ended. */
  readonly status: "running" | "done" | "interrupted" | "failed";
}

/** Watches training. What a method returns is awaited before training goes on. */
export interface TrainingObserver {
  /** Before the first step. */
  begin?(run: TrainingRun): void | Promise<void>;
  /** After every step. */
  step?(run: TrainingRun): void | Promise<void>;
  /** After every epoch, its validation included. */
  epoch?(run: TrainingRun): void | Promise<void>;
  /** Once for every begin, however training ended. */
  end?(run: TrainingRun): void | Promise<void>;
}

const observers = new Set<TrainingObserver>();
const inTraining = new WeakMap<Module, Run>();
/** What the last training of each model recorded. */
const histories = new WeakMap<Module, History>();
/** Models whose loss has fallen in a training: that it falls no further later is no failure. */
const learned = new WeakSet<Module>();

/** Has an observer watch every `fit` that is not silent. Returns the function that stops it. */
export function observeTraining(observer: TrainingObserver): () => void {
  observers.add(observer);
  return () => {
    observers.delete(observer);
  };
}

/** Options of `evaluate`. */
export interface EvaluateOptions<M extends Metrics = { readonly accuracy: Metric }> {
  /** Default `nn.crossEntropy`. */
  readonly loss?: Loss;
  /** Default: accuracy, where the loss is one of classification. */
  readonly metrics?: M;
}

/** Options of `fit`. */
export interface FitOptions extends EvaluateOptions<Metrics> {
  /** How many passes over the data (default 1). */
  readonly epochs?: number;
  /** What changes the parameters, such as `optim.adam(model.parameters(), { lr: 0.001 })`. */
  readonly optimizer: Optimizer;
  /** Evaluated after each epoch. */
  readonly validation?: Batches;
  /**
   * Multiplies the optimizer's learning rate by a function of the progress, such as `optim.cosineAnnealing()`; the
   * optimizer has its own learning rate back afterwards. Needs a loader with a `length`.
   */
  readonly schedule?: Schedule;
  /**
   * Ends training when the validation loss (or the metric `on`) has had no new best for `patience` epochs, and gives the
   * model its parameters of the best epoch back. Lecture step 003.28. For example `{ patience: 3, on: "accuracy" }`.
   */
  readonly earlyStopping?: EarlyStopping;
  /** No observer watches (no live chart). */
  readonly silent?: boolean;
  /** Prints a line per epoch. */
  readonly verbose?: boolean;
}

/**
 * The mean loss and metrics of a model over data, in evaluation mode and without gradients. For an async loader a promise.
 *
 * @example
 * const { loss, accuracy } = evaluate(model, test.loader({ batchSize: 500 }))
 */
export function evaluate<M extends Metrics = { readonly accuracy: Metric }>(
  model: Module,
  loader: Iterable<readonly Tensor[]>,
  options?: EvaluateOptions<M>,
): Evaluation<M>;
export function evaluate<M extends Metrics = { readonly accuracy: Metric }>(
  model: Module,
  loader: AsyncIterable<readonly Tensor[]>,
  options?: EvaluateOptions<M>,
): Promise<Evaluation<M>>;
export function evaluate(
  model: Module,
  loader: Batches,
  options: EvaluateOptions<Metrics> = {},
): Evaluation<Metrics> | Promise<Evaluation<Metrics>> {
  checkOptions("evaluate", options, ["loss", "metrics"]);
  requireModule("evaluate", "model", model);
  checkLoader("evaluate", "loader", loader);
  const total = new Totals("evaluate", options);
  if (Symbol.iterator in loader) {
    return inEvaluation(model, () => {
      for (const batch of loader) total.evaluate(model, batch);
      return total.result();
    });
  }
  const modes = modesOf(model);
  model.eval();
  return evaluateAsync(model, loader, total).finally(() => restoreModes(modes));
}

async function evaluateAsync(
  model: Module,
  loader: AsyncIterable<readonly Tensor[]>,
  total: Totals,
): Promise<Evaluation<Metrics>> {
  for await (const batch of loader) total.evaluate(model, batch);
  return total.result();
}

/**
 * Trains a model: for every batch of every epoch forward, loss, backward, one step of the optimiser. Lecture step 000.44.
 *
 * The model is in training mode during the steps, in evaluation mode during validation, and afterwards as it was before.
 * Other things can happen meanwhile: it yields about twenty times a second. Interrupted, it stops between two steps, never
 * within one, and throws the interruption on; the model keeps what it has learned, and `historyOf(model)` what was recorded.
 * A loss of NaN or infinity stops it.
 *
 * @example
 * const optimizer = optim.sgd(model.parameters(), { lr: 0.1 })
 * const history = await fit(model, train.loader({ shuffle: true }), { epochs: 5, optimizer, validation: test.loader() })
 */
export async function fit(model: Module, loader: Batches, options: FitOptions): Promise<History> {
  checkFit(model, loader, options);
  const run = new Run(model, loader, options);
  const watchers = options.silent ? [] : [...observers];
  const modes = modesOf(model);
  const learningRate = options.optimizer.lr;
  const stopper = options.earlyStopping === undefined ? null : new Stopper(model, options.earlyStopping);
  const weights = parameterSample(model);
  inTraining.set(model, run);
  histories.set(model, run.history);
  try {
    for (const watcher of watchers) await run.rest(watcher.begin?.(run));
    for (run.epoch = 1; run.epoch <= run.epochs; run.epoch++) {
      model.train();
      await run.rest(trainEpoch(run, loader, options, learningRate, watchers));
      if (options.verbose) console.log(describeEpoch(run));
      for (const watcher of watchers) await run.rest(watcher.epoch?.(run));
      await run.rest(nextTask());
      if (stopper?.see(run.history.epochs.at(-1)!)) break;
    }
    run.epoch = run.history.epochs.length;
    run.history.best = stopper?.best(run.epoch < run.epochs) ?? null;
    run.history.stopped = stopper?.finish(run.epoch < run.epochs, options.validation !== undefined) ?? null;
    run.status = "done";
    conclude(run, learningRate, options.optimizer.usualRates, weights);
  } catch (error) {
    run.status = error instanceof InterruptError ? "interrupted" : "failed";
    if (run.status === "failed") run.history.failure = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    run.endedAt = performance.now();
    inTraining.delete(model);
    if (options.schedule) options.optimizer.lr = learningRate;
    restoreModes(modes);
    for (const watcher of watchers) await run.rest(watcher.end?.(run));
  }
  return run.history;
}

/**
 * What the last `fit` of a model recorded: also of one that was interrupted or failed and so returned nothing, or still goes on.
 *
 * @throws ArgumentError where `fit` has never trained the model.
 * @example
 * await fit(model, loader, { epochs: 100, optimizer });   // ■ interrupts it
 * show.curves(historyOf(model))
 */
export function historyOf(model: Module): History {
  requireModule("historyOf", "model", model);
  const history = histories.get(model);
  if (history !== undefined) return history;
  throw new ArgumentError(
    "historyOf: fit has not trained this model; a loop of your own keeps its losses itself: losses.push(loss.item())",
  );
}

function parameterSample(model: Module): Float64Array {
  return weightSample(model.parameters().map((tensor) => tensor.storage.values()));
}

/** Writes the advice, where there is one to give. */
function conclude(
  { model, history }: Run,
  learningRate: number,
  usual: RateRange,
  before: Float64Array,
): void {
  const losses = history.steps.map(({ loss }) => loss);
  const good = Object.entries(history.epochs.at(-1)!.metrics).some(
    ([name, value]) => /accuracy/i.test(name) && value >= 0.9,
  );
  const change = weightChange(before, parameterSample(model));
  history.advice = adviseOn(losses, learningRate, change, good || learned.has(model), usual);
  if (hasFallen(losses)) learned.add(model);
}

class Run implements TrainingRun {
  readonly model: Module;
  readonly history = new History();
  readonly epochs: number;
  stepsPerEpoch: number | null;
  epoch = 1;
  stepInEpoch = 0;
  status: TrainingRun["status"] = "running";
  endedAt: number | null = null;
  /** When the event loop last had its turn. */
  yieldedAt = performance.now();
  /**
   * Whether its own code is running now. When anybody else can see this true, that code was terminated from outside and
   * will never go on.
   */
  working = true;
  readonly #beganAt = performance.now();

  constructor(model: Module, loader: Batches, { epochs = 1 }: FitOptions) {
    this.model = model;
    this.epochs = epochs;
    this.stepsPerEpoch = "length" in loader && typeof loader.length === "number" ? loader.length : null;
  }

  /** Waits for something outside. */
  async rest<T>(until: T): Promise<Awaited<T>> {
    this.working = false;
    const result = await until;
    this.working = true;
    return result;
  }

  /** The promise of a turn for timers, messages and pictures, about every 50 ms; else nothing. */
  turn(): Promise<void> | undefined {
    if (performance.now() - this.yieldedAt < 50) return undefined;
    return nextTask().then(() => {
      this.yieldedAt = performance.now();
    });
  }

  get step(): number {
    return this.history.steps.length;
  }

  /** What a schedule makes of the learning rate now. */
  factor(schedule: Schedule): number {
    const progress = this.step / (this.epochs * this.stepsPerEpoch!);
    const factor: unknown = schedule(progress, this);
    if (typeof factor === "number" && factor >= 0 && Number.isFinite(factor)) return factor;
    throw new ArgumentError(
      `fit: the schedule must give a number ≥ 0; for progress ${progress.toFixed(3)} it gave ${describeValue(factor)}`,
    );
  }

  get seconds(): number {
    return ((this.endedAt ?? performance.now()) - this.#beganAt) / 1000;
  }

  get secondsLeft(): number | null {
    if (this.status !== "running") return 0;
    if (this.stepsPerEpoch === null || this.step === 0) return null;
    return (this.seconds / this.step) * Math.max(0, this.epochs * this.stepsPerEpoch - this.step);
  }
}

async function trainEpoch(
  run: Run,
  loader: Batches,
  options: FitOptions,
  learningRate: number,
  watchers: readonly TrainingObserver[],
): Promise<void> {
  const total = new Totals("fit", options);
  const beganAt = performance.now();
  run.stepInEpoch = 0;
  await eachBatch(run, loader, (batch) => {
    if (options.schedule) options.optimizer.lr = learningRate * run.factor(options.schedule);
    trainStep(run, batch, options, total);
    const waiting = watchers.map((watcher) => watcher.step?.(run)).filter((result) => result !== undefined);
    const turn = run.turn();
    if (turn !== undefined) waiting.push(turn);
    return waiting;
  });
  if (run.stepInEpoch === 0) {
    throw new ArgumentError(
      run.epoch === 1
        ? "fit: the loader gave no batches; is the data set empty?"
        : `fit: the loader gave no batches in epoch ${run.epoch}; it can be used only once. Pass an array ([...batches]) or a loader`,
    );
  }
  run.stepsPerEpoch = run.stepInEpoch;
  const trainedFor = (performance.now() - beganAt) / 1000;
  const { loss, ...metrics } = total.result();
  const validation = options.validation ? await validate(run, options.validation, options) : null;
  run.history.epochs.push({
    epoch: run.epoch,
    loss,
    metrics,
    validation,
    seconds: (performance.now() - beganAt) / 1000,
    samplesPerSecond: total.samples / trainedFor,
  });
}

/** All of a step or, when it throws, nothing: the parameters change last and together. */
function trainStep(run: Run, batch: unknown, options: FitOptions, total: Totals): void {
  checkInterrupt();
  const [x, y] = checkBatch("fit", batch, run.stepInEpoch + 1);
  const { optimizer } = options;
  const compute = (): [prediction: Tensor, loss: Tensor] => {
    const prediction = run.model(x);
    return [prediction, total.lossOf(prediction, y)];
  };
  try {
    const [prediction, loss] = compute();
    const value = loss.item();
    if (!Number.isFinite(value))
      throw divergence(
        run,
        value,
        x,
        optimizer,
        beginning(() => noGrad(compute)),
      );
    if (run.step === 0) checkReach(run.model, optimizer, loss);
    total.add(value, prediction, y);
    loss.backward();
    optimizer.step();
    run.stepInEpoch++;
    run.history.steps.push({ step: run.step + 1, epoch: run.epoch, loss: value, learningRate: optimizer.lr });
  } catch (error) {
    if (error instanceof AnomalyError)
      throw new AnomalyError(`fit, step ${run.step + 1} (epoch ${run.epoch}): ${error.message}`);
    if (!(error instanceof GradientError) || optimizer.parameters.every(hasFiniteGradient)) throw error;
    throw new GradientError(`${error.message}${beginning(() => compute()[1].backward())}`);
  }
}

/** Where NaN or infinity comes from when `step` is done again, as the end of a message; empty where it does not come again. */
function beginning(step: () => unknown): string {
  try {
    detectAnomaly(step);
  } catch (error) {
    if (error instanceof AnomalyError) return `. Where it began: ${error.message}`;
    throw error;
  }
  return "";
}

function hasFiniteGradient({ gradient }: Tensor): boolean {
  return gradient === null || gradient.storage.values().every((value) => Number.isFinite(value));
}

async function validate(run: Run, loader: Batches, options: FitOptions): Promise<Record<string, number>> {
  run.model.eval();
  const total = new Totals("fit: validation", options);
  await eachBatch(run, loader, (batch) => {
    checkInterrupt();
    total.evaluate(run.model, batch);
    const turn = run.turn();
    return turn === undefined ? [] : [turn];
  });
  return total.result();
}

/** Visits every batch, and waits for what a visit returns. */
async function eachBatch(
  run: Run,
  loader: Batches,
  visit: (batch: unknown) => readonly Promise<void>[],
): Promise<void> {
  if (Symbol.iterator in loader) {
    for (const batch of loader) {
      const waiting = visit(batch);
      if (waiting.length > 0) await run.rest(Promise.all(waiting));
    }
    return;
  }
  const iterator = loader[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const next = await run.rest(iterator.next());
      finished = next.done === true;
      if (finished) return;
      await run.rest(Promise.all(visit(next.value)));
    }
  } finally {
    if (!finished) await iterator.return?.();
  }
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

/** Sums of losses and metrics over the batches, each batch by its number of samples. */
class Totals {
  samples = 0;
  readonly #operation: string;
  readonly #loss: Loss;
  readonly #metrics: Metrics;
  readonly #sums: Record<string, number> = {};
  #lossSum = 0;
  #batches = 0;

  constructor(operation: string, { loss = crossEntropy, metrics }: EvaluateOptions<Metrics>) {
    this.#operation = operation;
    this.#loss = loss;
    this.#metrics = metrics ?? defaultMetrics(loss);
    for (const name of Object.keys(this.#metrics)) this.#sums[name] = 0;
  }

  lossOf(prediction: Tensor, target: Tensor): Tensor {
    const loss: unknown = this.#loss(prediction, target);
    if (loss instanceof Tensor && loss.size === 1) return loss;
    throw new ShapeError(
      loss instanceof Tensor
        ? `${this.#operation}: the loss must be one number, got ${describeInput(loss)}; use reduction "mean"`
        : `${this.#operation}: the loss must be a Tensor of one number, got ${describeInput(loss)}`,
    );
  }

  add(loss: number, prediction: Tensor, target: Tensor): void {
    const samples = target.shape[0] ?? 1;
    this.samples += samples;
    this.#batches++;
    this.#lossSum += loss * samples;
    for (const [name, metric] of Object.entries(this.#metrics)) {
      this.#sums[name]! += noGrad(() => metric(prediction, target)) * samples;
    }
  }

  evaluate(model: Module, batch: unknown): void {
    const [x, y] = checkBatch(this.#operation, batch, this.#batches + 1);
    noGrad(() =>
      withScope(() => {
        const prediction = model(x);
        this.add(this.lossOf(prediction, y).item(), prediction, y);
      }),
    );
  }

  result(): { loss: number } & Record<string, number> {
    if (this.samples === 0) {
      throw new ArgumentError(
        `${this.#operation}: the loader gave no batches; is it empty, or was it used up before?`,
      );
    }
    const means = Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.samples] as const);
    return { loss: this.#lossSum / this.samples, ...Object.fromEntries(means) };
  }
}

function defaultMetrics(loss: Loss): Metrics {
  if (loss === crossEntropy || loss === nll) return { accuracy };
  if (loss === bceWithLogits) return { accuracy: binaryAccuracy };
  return {};
}

function checkSchedule(schedule: unknown, loader: Batches): void {
  if (schedule === undefined) return;
  if (typeof schedule !== "function") {
    throw new ArgumentError(
      `fit: schedule must be a function of the progress, such as optim.cosineAnnealing(), got ${describeInput(schedule)}`,
    );
  }
  if (!("length" in loader)) {
    throw new ArgumentError(
      "fit: a schedule needs to know how many steps there are; pass a loader or an array of batches, which have a length",
    );
  }
}

function checkFit(model: Module, loader: Batches, options: FitOptions): void {
  checkOptions("fit", options ?? {}, [
    "epochs",
    "optimizer",
    "loss",
    "metrics",
    "validation",
    "schedule",
    "earlyStopping",
    "silent",
    "verbose",
  ]);
  requireModule("fit", "model", model);
  if (!(options?.optimizer instanceof Optimizer)) {
    throw new ArgumentError(
      `fit: needs an optimizer, got ${describeInput(options?.optimizer)}; pass { optimizer: optim.sgd(model.parameters(), { lr: 0.1 }) }`,
    );
  }
  const { epochs = 1, optimizer, schedule, validation } = options;
  if (!(Number.isInteger(epochs) && epochs >= 1)) {
    throw new ArgumentError(`fit: epochs must be a whole number ≥ 1, got ${describeValue(epochs)}`);
  }
  checkLoader("fit", "loader", loader);
  checkReuse("loader", loader, epochs);
  checkSchedule(schedule, loader);
  if (validation !== undefined) {
    checkLoader("fit", "validation", validation);
    checkReuse("validation", validation, epochs);
  }
  if (inTraining.get(model)?.working === false) {
    throw new ArgumentError(
      "fit: this model is being trained already; write await before the fit(…) that does it",
    );
  }
  const own = new Set(model.parameters());
  if (!optimizer.parameters.some((tensor) => own.has(tensor))) {
    throw new ArgumentError(
      "fit: the optimizer was made for another model: it has none of this model's parameters. Make it after the model: optim.sgd(model.parameters(), …)",
    );
  }
}

function checkLoader(operation: string, role: string, loader: unknown): void {
  const iterable = Symbol.iterator in Object(loader) || Symbol.asyncIterator in Object(loader);
  if (iterable && typeof loader !== "string" && !(loader instanceof Tensor)) return;
  const remedy =
    typeof loader === "object" && loader !== null && "loader" in loader
      ? "; write dataset.loader({ batchSize: 64 })"
      : typeof loader === "function"
        ? "; call it and pass the result"
        : loader instanceof Promise
          ? "; write await before it"
          : "; one batch: [[x, y]]";
  throw new ArgumentError(
    `${operation}: ${role} must give batches [x, y], got ${describeInput(loader)}${remedy}`,
  );
}

/** A generator gives its batches once; several epochs need them again. */
function checkReuse(role: string, loader: Batches, epochs: number): void {
  const iterator: unknown =
    Symbol.iterator in loader
      ? "next" in loader && loader
      : "next" in loader && Symbol.asyncIterator in loader && loader;
  if (epochs === 1 || !iterator) return;
  throw new ArgumentError(
    `fit: ${role} is a generator, which gives its batches only once, and ${epochs} epochs need them ${epochs} times; pass an array ([...batches]) or a loader`,
  );
}

function checkBatch(operation: string, batch: unknown, number: number): readonly [Tensor, Tensor] {
  if (batch instanceof Tensor) {
    throw new ArgumentError(
      `${operation}: batch ${number} must be a pair [x, y], got ${describeInput(batch)}; for a single batch write [[x, y]]`,
    );
  }
  const parts: readonly unknown[] = Array.isArray(batch) ? batch : [];
  const [x, y] = parts;
  if (parts.length > 2) {
    throw new ArgumentError(
      `${operation}: batch ${number} has ${parts.length} parts, it must be a pair [x, y]; choose one target, as in loader({ target: "masks" }), or write the loop yourself: for (const [x, y, z] of loader) …`,
    );
  }
  if (!(x instanceof Tensor && y instanceof Tensor)) {
    throw new ArgumentError(
      `${operation}: batch ${number} must be a pair [x, y] of Tensors, got ${
        parts.length === 2
          ? `[${describeInput(x)}, ${describeInput(y)}]; make them with tensor(…)`
          : describeInput(batch)
      }`,
    );
  }
  if (x.ndim > 0 && x.shape[0] !== (y.shape[0] ?? 1)) {
    throw new ShapeError(
      `${operation}: batch ${number} has ${x.shape[0]} inputs ${describeShape(x.shape)} but ${y.shape[0] ?? 1} targets ${describeShape(y.shape)}`,
    );
  }
  return [x, y];
}

/** Every parameter that the loss depends on must be known to the model or the optimiser, else it would silently not train. */
function checkReach(model: Module, optimizer: Optimizer, loss: Tensor): void {
  const known = new Set([...model.parameters(), ...optimizer.parameters]);
  const seen = new Set<Tensor>();
  const waiting = [loss];
  for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    waiting.push(...tensor.inputs);
    if (tensor.op === null && tensor.requiresGrad && !known.has(tensor)) {
      throw new ArgumentError(
        `fit: ${model.constructor.name} computes with a parameter ${describeShape(tensor.shape)} that is not one of its fields and would not be trained; make its layer in the constructor or as a field (this.fc = …), not inside forward and not #private`,
      );
    }
  }
}

function divergence(run: Run, value: number, x: Tensor, optimizer: Optimizer, beginning: string): Error {
  const what = Number.isNaN(value) ? "NaN (not a number)" : "infinite";
  const where = `at step ${run.step + 1} (epoch ${run.epoch}) with learning rate ${optimizer.lr}`;
  const last = run.history.steps.at(-1);
  if (x.toTypedArray().some((number) => !Number.isFinite(number))) {
    return new Error(
      `fit: the loss became ${what} ${where}: the inputs of this batch contain NaN or infinity; clean the data`,
    );
  }
  const remedy =
    last === undefined
      ? "look at the scale of the inputs (0 to 1 is usual) and of the initial weights"
      : `the last loss was ${formatNumber(last.loss)}. Likely the learning rate is too high: make the model anew and try ${lowerRates(optimizer.lr, optimizer.usualRates)}`;
  return new Error(`fit: the loss became ${what} ${where}; ${remedy}${beginning}`);
}

function describeEpoch(run: Run): string {
  const record = run.history.epochs.at(-1)!;
  const training = [`loss ${formatNumber(record.loss)}`, ...formatMetrics(record.metrics)].join(", ");
  const validation =
    record.validation === null ? "" : ` · validation ${formatMetrics(record.validation).join(", ")}`;
  return `epoch ${record.epoch}/${run.epochs}: ${training}${validation} · ${record.seconds.toFixed(1)} s`;
}

function formatMetrics(metrics: Readonly<Record<string, number>>): string[] {
  return Object.entries(metrics).map(
    ([name, value]) =>
      `${name} ${/accuracy/i.test(name) ? `${(100 * value).toFixed(2)} %` : formatNumber(value)}`,
  );
}
