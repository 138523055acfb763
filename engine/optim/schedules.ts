// Learning rates that change during training: functions of how far it has come. They know no optimiser.

import { ArgumentError, describeValue } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { directionOf, type EpochResult, type MonitorOptions, monitored } from "./monitor.ts";

/** Where training is and how it went so far. */
export interface ScheduleState {
  /** Counts from 1. */
  readonly epoch: number;
  /** How many epochs there will be. */
  readonly epochs: number;
  /** What each epoch so far has reported. */
  readonly history: { readonly epochs: readonly EpochResult[] };
}

/**
 * The factor by which the optimizer's learning rate is multiplied, given `progress`: the share of all steps that lie behind,
 * 0 at the first step, just below 1 at the last; and, for schedules that count epochs or look back, the state of training.
 * Any function of this form will do: `(progress) => (progress < 0.5 ? 1 : 0.1)`.
 */
export type Schedule = (progress: number, state: ScheduleState) => number;

function requireShare(operation: string, name: string, value: number): void {
  if (typeof value === "number" && value > 0 && value < 1) return;
  throw new ArgumentError(`${operation}: ${name} must be between 0 and 1, got ${describeValue(value)}`);
}

function requireWhole(operation: string, name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new ArgumentError(
    `${operation}: ${name} must be a whole number ≥ ${least}, got ${describeValue(value)}`,
  );
}

/**
 * Falls in a straight line: `1 − progress`. Lecture step 003.36 (a learning rate set over time).
 *
 * @example
 * optim.linearDecay()(0.25)   // 0.75
 */
export function linearDecay(): (progress: number) => number {
  return (progress) => 1 - progress;
}

/**
 * Falls along half a cosine, slowly at both ends: `(1 + cos(π · progress)) / 2`. Loshchilov & Hutter 2017, without restarts.
 *
 * @example
 * await fit(model, loader, { epochs: 5, optimizer, schedule: optim.cosineAnnealing() })
 */
export function cosineAnnealing(): (progress: number) => number {
  return (progress) => (1 + Math.cos(Math.PI * progress)) / 2;
}

/** Options of `stepDecay`. */
export interface StepDecayOptions {
  /** How many epochs a step of the stairs lasts. */
  readonly every: number;
  /** What the rate is multiplied by after each (default 0.1). */
  readonly factor?: number;
}

/**
 * Falls in stairs: multiplied by `factor` after every so many epochs. Throws an ArgumentError for options out of
 * range.
 *
 * @example
 * await fit(model, loader, { epochs: 90, optimizer, schedule: optim.stepDecay({ every: 30 }) })
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  checkOptions("stepDecay", options, ["every", "factor"]);
  const { every, factor = 0.1 } = options;
  requireWhole("stepDecay", "every", every, 1);
  requireShare("stepDecay", "factor", factor);
  return (_progress, { epoch }) => factor ** Math.floor((epoch - 1) / every);
}

/** Falls by the same share each epoch: `factor^(epoch − 1)`. Throws an ArgumentError for options out of range. */
export function exponentialDecay(options: { readonly factor: number }): Schedule {
  checkOptions("exponentialDecay", options, ["factor"]);
  const { factor } = options;
  requireShare("exponentialDecay", "factor", factor);
  return (_progress, { epoch }) => factor ** (epoch - 1);
}

/** Options of `warmUp`. */
export interface WarmUpOptions {
  /** The share of all steps it takes (default 0.1). */
  readonly share?: number;
  /** The factor it begins with, 0 to 1 (default 0.01). */
  readonly from?: number;
}

/**
 * Rises in a straight line from almost nothing to the full learning rate, then goes on as another schedule over the rest of
 * the steps; at the full rate when none is given. Throws an ArgumentError for options out of range.
 *
 * @example
 * optim.warmUp(optim.cosineAnnealing(), { share: 0.1 })
 */
export function warmUp(following?: Schedule, options: WarmUpOptions = {}): Schedule {
  checkOptions("warmUp", options, ["share", "from"]);
  const { share = 0.1, from = 0.01 } = options;
  requireShare("warmUp", "share", share);
  if (!(typeof from === "number" && from >= 0 && from <= 1))
    throw new ArgumentError(`warmUp: from must be from 0 to 1, got ${describeValue(from)}`);
  if (following !== undefined && typeof following !== "function")
    throw new ArgumentError(`warmUp: what follows must be a schedule, got ${describeValue(following)}`);
  return (progress, state) => {
    if (progress < share) return from + (1 - from) * (progress / share);
    return following === undefined ? 1 : following((progress - share) / (1 - share), state);
  };
}

/** Options of `oneCycle`. */
export interface OneCycleOptions {
  /** The share of all steps that the rise takes (default 0.3). */
  readonly share?: number;
  /** It begins with 1/25 of the learning rate (default) … */
  readonly startDivisor?: number;
  /** … and ends with 1/10,000 of that (default). */
  readonly endDivisor?: number;
}

/**
 * Rises along half a cosine to the optimizer's learning rate, the largest, and falls along another to almost nothing. Lets
 * one train with larger rates than otherwise. Smith & Topin 2018. Throws an ArgumentError for options out of range.
 *
 * @example
 * await fit(model, loader, { epochs: 5, optimizer, schedule: optim.oneCycle() })
 */
export function oneCycle(options: OneCycleOptions = {}): (progress: number) => number {
  checkOptions("oneCycle", options, ["share", "startDivisor", "endDivisor"]);
  const { share = 0.3, startDivisor = 25, endDivisor = 1e4 } = options;
  requireShare("oneCycle", "share", share);
  for (const [name, value] of Object.entries({ startDivisor, endDivisor })) {
    if (!(typeof value === "number" && value >= 1))
      throw new ArgumentError(`oneCycle: ${name} must be a number ≥ 1, got ${describeValue(value)}`);
  }
  const start = 1 / startDivisor;
  const end = start / endDivisor;
  const between = (a: number, b: number, t: number): number =>
    b + ((a - b) * (1 + Math.cos(Math.PI * t))) / 2;
  return (progress) =>
    progress < share
      ? between(start, 1, progress / share)
      : between(1, end, (progress - share) / (1 - share));
}

/** Options of `plateau`. */
export interface PlateauOptions extends MonitorOptions {
  /** What the rate is multiplied by (default 0.1). */
  readonly factor?: number;
  /** How many epochs without improvement are put up with (default 3). */
  readonly patience?: number;
  /** An improvement is one by at least this share (default 1e-4). */
  readonly threshold?: number;
}

/**
 * Falls when training gets no better: multiplied by `factor` when the validation loss (or the metric `on`) has not improved
 * for more than `patience` epochs. It looks at the history of its own training only. Throws an ArgumentError for
 * options out of range.
 *
 * @example
 * await fit(model, loader, { epochs: 30, optimizer, validation, schedule: optim.plateau({ patience: 2 }) })
 */
export function plateau(options: PlateauOptions = {}): Schedule {
  checkOptions("plateau", options, ["factor", "patience", "threshold", "on", "mode"]);
  const { factor = 0.1, patience = 3, threshold = 1e-4, ...monitor } = options;
  requireShare("plateau", "factor", factor);
  requireWhole("plateau", "patience", patience, 0);
  const mode = directionOf("plateau", monitor);
  if (!(typeof threshold === "number" && threshold >= 0 && threshold < 1))
    throw new ArgumentError(`plateau: threshold must be from 0 to below 1, got ${describeValue(threshold)}`);
  return (_progress, { history }) => {
    let best = mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    let waited = 0;
    let result = 1;
    for (const epoch of history.epochs) {
      const value = monitored("plateau", epoch, monitor.on);
      const better = mode === "min" ? value < best * (1 - threshold) : value > best * (1 + threshold);
      waited = better ? 0 : waited + 1;
      if (better) best = value;
      if (waited > patience) {
        result *= factor;
        waited = 0;
      }
    }
    return result;
  };
}
