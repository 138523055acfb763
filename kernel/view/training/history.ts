/** What pictures of a training read of its history. */
import type { Point } from "../drawing/chart.ts";

/** The part of a training's `History` that curves need. */
export interface HistoryLike {
  /** The loss of every step. */
  readonly steps: readonly {
    readonly step: number;
    readonly epoch: number;
    readonly loss: number;
    readonly learningRate?: number;
  }[];
  /** What every epoch reported. */
  readonly epochs: readonly EpochLike[];
  /** The epoch that early stopping found best. */
  readonly best?: { readonly epoch: number; readonly on: string; readonly endedEarly: boolean } | null;
  /** Why training failed. */
  readonly failure?: string | null;
  /** How many steps an epoch has; where left out, as many as the longest one had. */
  readonly stepsPerEpoch?: number | null;
}

/** What curves show of an epoch. */
export interface EpochLike {
  /** Counts from 1. */
  readonly epoch: number;
  /** The mean training loss. */
  readonly loss: number;
  /** The metrics on the training data, by name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Loss and metrics on the validation data; null without any. */
  readonly validation: Readonly<Record<string, number>> | null;
}

/** The epoch of the lowest validation loss; null without validation. */
export function lowestValidation(epochs: readonly EpochLike[]): number | null {
  const known = epochs.filter(({ validation }) => Number.isFinite(validation?.loss));
  if (known.length === 0) return null;
  return known.reduce((best, epoch) => (epoch.validation!.loss! < best.validation!.loss! ? epoch : best))
    .epoch;
}

/** A value of each step, such as its loss, at its place on an axis of epochs. */
export function stepPoints(
  history: HistoryLike,
  read: (step: HistoryLike["steps"][number]) => number,
): Point[] {
  const perEpoch = new Map<number, number>();
  for (const { epoch } of history.steps) perEpoch.set(epoch, (perEpoch.get(epoch) ?? 0) + 1);
  // A running epoch is not complete: the longest one tells how many steps an epoch has.
  const length = history.stepsPerEpoch ?? Math.max(...perEpoch.values());
  const seen = new Map<number, number>();
  return history.steps.map((step) => {
    const inEpoch = (seen.get(step.epoch) ?? 0) + 1;
    seen.set(step.epoch, inEpoch);
    return { x: step.epoch - 1 + inEpoch / length, y: read(step) };
  });
}
