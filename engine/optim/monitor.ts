// Which of an epoch's numbers tells whether training gets better, and in which direction.

import { ArgumentError, describeValue } from "../errors.ts";

/** What one epoch reports: the part of training's record that schedules and early stopping read. */
export interface EpochResult {
  /** The mean training loss. */
  readonly loss: number;
  /** The metrics on the training data, by name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Loss and metrics on the validation data; null without any. */
  readonly validation: Readonly<Record<string, number>> | null;
}

/** Options of what watches a training: a quantity and when it counts as better. */
export interface MonitorOptions {
  /** "loss" (the default) or a metric's name; on the validation data where there are any, else on the training data. */
  readonly on?: string;
  /** Whether less or more is better; by default less for loss, error, mse and mae, more for everything else. */
  readonly mode?: "min" | "max";
}

/** Checks the options and returns the direction. */
export function directionOf(operation: string, { on = "loss", mode }: MonitorOptions): "min" | "max" {
  if (typeof on !== "string")
    throw new ArgumentError(`${operation}: on is "loss" or a metric's name, got ${describeValue(on)}`);
  if (mode === "min" || mode === "max") return mode;
  if (mode !== undefined)
    throw new ArgumentError(`${operation}: mode is "min" or "max", got ${describeValue(mode)}`);
  return /loss|error|mse|mae/i.test(on) ? "min" : "max";
}

/** The number watched, or an error that says which there are. */
export function monitored(operation: string, epoch: EpochResult, on: string = "loss"): number {
  const own: Readonly<Record<string, number>> = { loss: epoch.loss, ...epoch.metrics };
  const value = epoch.validation?.[on] ?? own[on];
  if (value !== undefined) return value;
  throw new ArgumentError(
    `${operation}: there is no ${on} to watch; there are ${Object.keys({ ...own, ...epoch.validation }).join(", ")}`,
  );
}
