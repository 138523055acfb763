// When to end a training before its last epoch: once the validation data say that it gets no better. It knows no loop.

import { ArgumentError, describeValue } from "./errors.ts";
import type { AnyModule } from "./nn/module.ts";
import { directionOf, type EpochResult, type MonitorOptions, monitored } from "./optim/monitor.ts";
import { checkOptions } from "./options.ts";
import type { Tensor } from "./tensor.ts";
import { count, formatNumber } from "./wording.ts";

/** When `fit` should stop because the validation no longer gets better. */
export interface EarlyStopping extends MonitorOptions {
  /** How many epochs without a new best are put up with (default 3). */
  readonly patience?: number;
  /** A new best is better by more than this (default 0). */
  readonly minDelta?: number;
  /** Whether the model gets its parameters of the best epoch back (default true). */
  readonly restoreBest?: boolean;
}

/** The epoch that early stopping found best. */
export interface BestEpoch {
  /** Counts from 1. */
  readonly epoch: number;
  /** What was watched: "loss" or a metric's name. */
  readonly on: string;
  /** Its value after that epoch. */
  readonly value: number;
  /** Whether training ended before its last epoch, because there was no new best for so long. */
  readonly endedEarly: boolean;
}

/** Follows a training epoch by epoch and keeps a copy of the best model. */
export class Stopper {
  readonly #model: AnyModule;
  readonly #options: EarlyStopping;
  readonly #patience: number;
  readonly #mode: "min" | "max";
  #best: { readonly epoch: number; readonly value: number } | null = null;
  #copy: Readonly<Record<string, Tensor>> | null = null;
  #seen = 0;

  constructor(model: AnyModule, options: EarlyStopping) {
    checkOptions("fit: earlyStopping", options, ["patience", "minDelta", "restoreBest", "on", "mode"]);
    const { patience = 3, minDelta = 0 } = options;
    if (!(Number.isInteger(patience) && patience >= 1)) {
      throw new ArgumentError(
        `fit: earlyStopping.patience must be a whole number ≥ 1, got ${describeValue(patience)}`,
      );
    }
    if (!(typeof minDelta === "number" && minDelta >= 0)) {
      throw new ArgumentError(
        `fit: earlyStopping.minDelta must be a number ≥ 0, got ${describeValue(minDelta)}`,
      );
    }
    this.#mode = directionOf("fit: earlyStopping", options);
    this.#model = model;
    this.#options = options;
    this.#patience = patience;
  }

  /** Takes note of an epoch; true when training should end. */
  see(epoch: EpochResult): boolean {
    this.#seen++;
    const value = monitored("fit: earlyStopping", epoch, this.#options.on);
    const gain = this.#best === null ? 1 : (value - this.#best.value) * (this.#mode === "min" ? -1 : 1);
    if (this.#best === null || gain > (this.#options.minDelta ?? 0)) {
      this.#best = { epoch: this.#seen, value };
      if (this.#options.restoreBest !== false) {
        this.#forget();
        this.#copy = this.#model.stateDict();
      }
    }
    return this.#seen - this.#best.epoch >= this.#patience;
  }

  /** The best epoch so far; null before the first. */
  best(endedEarly: boolean): BestEpoch | null {
    return this.#best && { ...this.#best, on: this.#options.on ?? "loss", endedEarly };
  }

  /** Gives the model the parameters of its best epoch, and says what was done; null when the last epoch was the best. */
  finish(stopped: boolean, validated: boolean): string | null {
    if (this.#best === null || this.#best.epoch === this.#seen) {
      this.#forget();
      return null;
    }
    const { epoch, value } = this.#best;
    const restored = this.#copy !== null;
    if (this.#copy !== null) this.#model.loadStateDict(this.#copy);
    this.#forget();
    const what = `${validated ? "validation " : ""}${this.#options.on ?? "loss"}`;
    const best = `${what} was best after epoch ${epoch} (${formatNumber(value)})`;
    const beginning = stopped ? `Stopped after ${count(this.#seen, "epoch")}: the ${best}` : `The ${best}`;
    return `${beginning}${restored ? `, and the model is as it was then` : ""}.`;
  }

  #forget(): void {
    for (const tensor of Object.values(this.#copy ?? {})) tensor.dispose();
    this.#copy = null;
  }
}
