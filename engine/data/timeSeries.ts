/** A noisy sum of sine waves, cut into windows with the values that follow; drawn by seed, the same on every machine. */

import { tensor } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { Generator } from "../random.ts";
import { checkCount, checkNoise, checkSeed } from "./checks.ts";
import { onCircle } from "./circle.ts";
import { Dataset } from "./dataset.ts";
import type { TrainAndTest } from "./digits.ts";

/** Options of `timeSeries`. */
export interface TimeSeriesOptions {
  /** How many training windows, 800 unless told. */
  readonly train?: number;
  /** How many test windows, later in time, 200 unless told. */
  readonly test?: number;
  /** How many values a window has, 24 unless told. */
  readonly window?: number;
  /** How many values after the window are to be predicted, 1 unless told. */
  readonly horizon?: number;
  /** The waves' periods in steps, `[12, 31]` unless told; all have the same amplitude, together at most 1. */
  readonly periods?: readonly number[];
  /** Standard deviation of what is added to each value, 0.05 unless told. */
  readonly noise?: number;
  /** Another seed, other phases and noise: 0 unless told. */
  readonly seed?: number;
}

/**
 * Windows `[N, window]` of one series and, as the target `next`, the values that follow `[N, horizon]`; without labels.
 * Value t is `Σₖ sin(2π (t / periodₖ + phaseₖ)) / K` plus noise. The test windows begin after the last training value, so
 * that no value is in both parts. Throws an ArgumentError for periods, counts or noise that make no series.
 *
 * @example
 * const { train, test } = data.timeSeries({ window: 24, noise: 0.1 });
 * for (const [windows, next] of train.loader({ batchSize: 32, shuffle: true })) …
 */
export function timeSeries(options: TimeSeriesOptions = {}): TrainAndTest {
  const operation = "data.timeSeries";
  checkOptions(operation, options, ["train", "test", "window", "horizon", "periods", "noise", "seed"]);
  const { train = 800, test = 200, window = 24, horizon = 1, periods = [12, 31] } = options;
  const { noise = 0.05, seed = 0 } = options;
  for (const [name, value] of Object.entries({ train, test, window, horizon }))
    checkCount(operation, name, value);
  checkSeed(operation, seed);
  if (!Array.isArray(periods) || periods.length === 0 || !periods.every(isPeriod))
    throw new ArgumentError(
      `${operation}: periods must be an array of positive numbers such as [12, 31]; got ${describeValue(periods)}`,
    );
  checkNoise(operation, noise);
  const random = new Generator(seed);
  const phases = periods.map(() => random.uniform());
  const length = train + test + 2 * (window + horizon - 1);
  const series = Float32Array.from({ length }, (_, t) => {
    let sum = 0;
    periods.forEach((period, k) => {
      const turns = t / period + phases[k]!;
      sum += onCircle(turns - Math.floor(turns))[1];
    });
    return sum / periods.length + noise * random.normal();
  });
  return {
    train: windows("time series, training", series, 0, train, window, horizon),
    test: windows("time series, test", series, train + window + horizon - 1, test, window, horizon),
  };
}

/** `count` windows, each a step later than the one before, from the value `start` on. */
function windows(
  name: string,
  series: Float32Array,
  start: number,
  count: number,
  window: number,
  horizon: number,
): Dataset {
  const cut = (offset: number, width: number) => {
    const values = new Float32Array(count * width);
    for (let i = 0; i < count; i++) {
      const from = start + offset + i;
      values.set(series.subarray(from, from + width), i * width);
    }
    return tensor(values, { shape: [count, width] }).keep();
  };
  const targets = { next: cut(window, horizon) };
  return new Dataset({ name, images: cut(0, window), labels: null, classes: [], targets });
}

function isPeriod(value: unknown): boolean {
  return typeof value === "number" && value > 0 && value < Infinity;
}
