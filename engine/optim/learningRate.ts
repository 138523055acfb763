// The learning-rate finder: a short training whose learning rate rises from tiny to huge, to see where the loss falls fastest.

import { ArgumentError, describeValue, GradientError } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { crossEntropy } from "../nn/losses/classification.ts";
import type { Loss } from "../nn/losses/reduction.ts";
import { type Module, requireModule } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import { Tensor } from "../tensor.ts";
import { type Batches, fit as train } from "../training.ts";
import { count, formatNumber } from "../wording.ts";
import { Optimizer } from "./optimizer.ts";

/** Options of `findLearningRate`. */
export interface FindLearningRateOptions {
  /** What makes the steps; model and optimizer are as before afterwards. */
  readonly optimizer: Optimizer;
  /** Default `nn.crossEntropy`. */
  readonly loss?: Loss;
  /** The first learning rate tried (default 1e-5). */
  readonly from?: number;
  /** The last, unless the loss explodes before (default 10). */
  readonly to?: number;
  /** How many are tried, evenly on a logarithmic scale (default 100). */
  readonly steps?: number;
}

/** The loss at every learning rate tried. See {@link findLearningRate}. */
export class LearningRateSearch {
  /** The learning rates tried, in ascending order. */
  readonly rates: readonly number[];
  /** The loss of the step that was then made with each rate. */
  readonly losses: readonly number[];
  /** The losses without the batches' noise: each the mean of itself and its neighbours. */
  readonly smoothed: readonly number[];
  /** The rate at which the smoothed loss fell fastest; null when it did not fall. */
  readonly suggestion: number | null;

  constructor(rates: readonly number[], losses: readonly number[]) {
    this.rates = rates;
    this.losses = losses;
    this.smoothed = smooth(losses);
    this.suggestion = steepest(rates, this.smoothed);
  }

  /** One sentence: what was tried and what to take. */
  toString(): string {
    const range = `${formatNumber(this.rates[0]!)} to ${formatNumber(this.rates.at(-1)!)}`;
    const result =
      this.suggestion === null
        ? "the loss fell noticeably at none of them; try more steps, or look at the data and the model first"
        : `the loss fell fastest at ${formatNumber(this.suggestion, 2)}`;
    return `LearningRateSearch: ${count(this.rates.length, "learning rate")} from ${range}: ${result}`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/** Means over a window of a tenth of the series, narrower at the ends. */
function smooth(losses: readonly number[]): number[] {
  const reach = Math.floor(losses.length / 20);
  return losses.map((_, i) => {
    const near = Math.min(reach, i, losses.length - 1 - i);
    const window = losses.slice(i - near, i + near + 1);
    return window.reduce((sum, loss) => sum + loss, 0) / window.length;
  });
}

function steepest(rates: readonly number[], losses: readonly number[]): number | null {
  const lowest = losses.indexOf(Math.min(...losses));
  const start = losses[0]!;
  if (start - losses[lowest]! < 0.03 * Math.abs(start)) return null;
  const reach = Math.max(1, Math.floor(losses.length / 20));
  let [best, fall] = [lowest, 0];
  for (let i = 0; i <= lowest; i++) {
    const [left, right] = [Math.max(0, i - reach), Math.min(lowest, i + reach)];
    if (right <= left) continue;
    const slope = (losses[left]! - losses[right]!) / (right - left);
    if (slope > fall) [best, fall] = [i, slope];
  }
  return rates[best]!;
}

/**
 * Looks for a good learning rate: trains for some steps while the rate rises from tiny to huge, and notes the loss of each.
 * It ends early when the loss explodes. Model and optimizer are afterwards as they were before. Smith 2017, "Cyclical
 * learning rates". Throws an ArgumentError without an optimizer, for rates out of order or fewer than 10 steps.
 *
 * @example
 * const search = await optim.findLearningRate(model, train.loader({ shuffle: true }), { optimizer })
 * optimizer.lr = search.suggestion ?? 0.01
 */
export async function findLearningRate(
  model: Module,
  loader: Batches,
  options: FindLearningRateOptions,
): Promise<LearningRateSearch> {
  checkOptions("findLearningRate", options ?? {}, ["optimizer", "loss", "from", "to", "steps"]);
  requireModule("findLearningRate", "model", model);
  const { optimizer, loss = crossEntropy, from = 1e-5, to = 10, steps = 100 } = options ?? {};
  if (!(optimizer instanceof Optimizer)) {
    throw new ArgumentError(
      "findLearningRate: needs an optimizer; pass { optimizer: optim.sgd(model.parameters(), { lr: 0.1 }) }",
    );
  }
  if (!(typeof from === "number" && typeof to === "number" && from > 0 && from < to && to < 1e6)) {
    throw new ArgumentError(
      `findLearningRate: from must be > 0 and to larger, got from ${describeValue(from)} and to ${describeValue(to)}`,
    );
  }
  if (!(Number.isInteger(steps) && steps >= 10))
    throw new ArgumentError(
      `findLearningRate: steps must be a whole number ≥ 10, got ${describeValue(steps)}`,
    );

  const rateAt = (step: number): number => from * (to / from) ** (step / (steps - 1));
  const losses: number[] = [];
  const exploded = (): boolean => {
    const [first, last] = [losses[0] ?? 0, losses.at(-1) ?? 0];
    return !Number.isFinite(last) || last > Math.min(...losses) + 4 * Math.abs(first);
  };
  const watched: Loss = (prediction, target) => {
    const value = loss(prediction, target);
    if (value instanceof Tensor && value.size === 1) losses.push(value.item());
    return value;
  };
  const saved = { model: model.stateDict(), optimizer: optimizer.stateDict() };
  try {
    optimizer.lr = to;
    await train(model, repeated(loader, steps, exploded), {
      optimizer,
      loss: watched,
      metrics: {},
      schedule: (progress) => rateAt(Math.round(progress * steps)) / to,
      silent: true,
    });
  } catch (error) {
    // The end of a search, not a failure: the loss or a gradient left the numbers.
    if (losses.length < 2 || !(exploded() || error instanceof GradientError)) throw error;
  } finally {
    model.loadStateDict(saved.model);
    optimizer.loadStateDict(saved.optimizer);
    for (const tensor of Object.values(saved.model)) tensor.dispose();
  }
  const finite = losses.filter(Number.isFinite);
  return new LearningRateSearch(
    finite.map((_, i) => rateAt(i)),
    finite,
  );
}

/** The loader's batches, from its start again where it ends, until there were `steps` or `ended` says so. */
function repeated(loader: Batches, steps: number, ended: () => boolean): Batches {
  if (Symbol.iterator in loader) {
    const batches = {
      length: steps,
      *[Symbol.iterator](): Generator<readonly Tensor[]> {
        for (let made = 0, before = -1; made < steps && made > before; ) {
          before = made;
          for (const batch of loader) {
            yield batch;
            if (++made === steps || ended()) return;
          }
        }
      },
    };
    return batches;
  }
  const batches = {
    length: steps,
    async *[Symbol.asyncIterator](): AsyncGenerator<readonly Tensor[]> {
      for (let made = 0, before = -1; made < steps && made > before; ) {
        before = made;
        for await (const batch of loader) {
          yield batch;
          if (++made === steps || ended()) return;
        }
      }
    },
  };
  return batches;
}
