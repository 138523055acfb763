// What to try when a training's loss did not fall. Plain numbers in, one sentence out; it knows no model and no optimiser.

import { formatNumber } from "./wording.ts";

/** From where to where learning rates of an optimiser usually lie. */
export type RateRange = readonly [low: number, high: number];

/** What to try instead of too high a learning rate: a tenth or a hundredth, or the usual where it is far above that. */
export function lowerRates(learningRate: number, [low, high]: RateRange): string {
  return learningRate > 10 * high
    ? `${low} to ${high}, as is usual for this optimizer`
    : `${times(learningRate, 0.1)} or ${times(learningRate, 0.01)}`;
}

/** How large a training's parameters were, and how far they moved. See {@link weightSample}. */
export interface WeightChange {
  /** Root mean square at the end over that at the start. */
  readonly growth: number;
  /** Root mean square of the change over that of the start. */
  readonly moved: number;
}

/** At least so many steps are needed to say anything. */
const FEWEST_STEPS = 10;
/** A loss that fell by more than this share did fall. */
const NOTICEABLE = 0.03;

/**
 * The advice on a training, or null: when its loss fell, when there were too few steps to tell, or when nothing is known.
 *
 * The start is the first step's loss, the only one of untouched parameters; the end is the mean of the last fifth of the
 * steps (at most 50). A loss that did not fall although the weights went far (half their size or more), or one that rose,
 * comes of too high a learning rate; where the weights hardly moved, of too low a one or of too few steps. `continued` says
 * that the model had learned before: then only a rise is worth a word. `usual` is the optimiser's range.
 */
export function adviseOn(
  losses: readonly number[],
  learningRate: number,
  weights: WeightChange,
  continued: boolean,
  usual: RateRange,
): string | null {
  if (losses.length < FEWEST_STEPS) return null;
  const last = ending(losses);
  const start = losses[0]!;
  const end = mean(last);
  if (hasFallen(losses) || !Number.isFinite(end)) return null;
  const noise = Math.sqrt(mean(last.map((loss) => (loss - end) ** 2)));
  const rose = end > start + 0.1 * Math.abs(start) + 3 * noise;
  const values = `(${formatNumber(start)} at the start, ${formatNumber(end)} at the end)`;
  if (rose || (!continued && weights.moved > 0.5)) {
    const grown =
      weights.growth > 3 ? ` (it made the weights ${formatNumber(weights.growth, 2)} times as large)` : "";
    const other = grown ? "" : "; if that does not help, look whether inputs and targets belong together";
    return `The loss ${rose ? "rose" : "did not fall"} ${values}: the learning rate ${learningRate} is probably too high${grown}; make the model anew and try ${lowerRates(learningRate, usual)}${other}.`;
  }
  if (continued) return null;
  if (learningRate === 0) return `The loss did not fall ${values}: the learning rate is 0.`;
  if (weights.moved < 0.02) {
    return `The loss hardly changed ${values}, nor did the weights: the learning rate ${learningRate} is probably too low; try ${times(learningRate, 10)} or ${times(learningRate, 100)}, or train for longer.`;
  }
  return `The loss hardly changed ${values}: train for longer, or try a higher learning rate than ${learningRate}, such as ${times(learningRate, 3)}.`;
}

/** Whether the loss fell noticeably from the first step to the last fifth of the steps. */
export function hasFallen(losses: readonly number[]): boolean {
  const start = losses[0] ?? Number.NaN;
  return start - mean(ending(losses)) > NOTICEABLE * Math.abs(start);
}

const ending = (losses: readonly number[]): readonly number[] =>
  losses.slice(-Math.min(50, Math.ceil(losses.length / 5)));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const times = (rate: number, factor: number): number => Number((rate * factor).toPrecision(2));

/** Some elements of every parameter, evenly spread: enough to measure how they change, in little memory. */
export function weightSample(parameters: readonly ArrayLike<number>[]): Float64Array {
  const most = Math.max(1, Math.floor(20_000 / Math.max(1, parameters.length)));
  const taken = parameters.flatMap((values) => {
    const count = Math.min(most, values.length);
    return Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)]!);
  });
  return Float64Array.from(taken);
}

/** How far parameters moved between two samples of them. */
export function weightChange(before: Float64Array, after: Float64Array): WeightChange {
  const size = (values: Float64Array): number =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const start = size(before);
  return {
    growth: size(after) / start,
    moved: size(after.map((value, i) => value - before[i]!)) / start,
  };
}
