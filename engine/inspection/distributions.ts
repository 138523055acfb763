/** How a network's numbers are distributed while it trains: weights, gradients or activations, recorded by a watch. */

import { ArgumentError, describeValue } from "../errors.ts";
import type { Module, Parameter } from "../nn/module.ts";
import { Optimizer } from "../optim/optimizer.ts";
import { checkOptions } from "../options.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { checkModel } from "./observe.ts";
import { activations, type Distribution, distributionOf } from "./statistics.ts";

/** Options of `distributions`. */
export interface DistributionsOptions {
  /** What is recorded (default "weights"). */
  readonly of?: "weights" | "gradients" | "activations";
  /** The batch `[N, …]` whose activations are recorded; only for "activations". */
  readonly x?: Tensor;
}

/** When this many recordings are kept, every second one goes and from then on half as many are made. */
const mostRecordings = 64;

/** What `distributions` recorded, step by step. */
export class DistributionHistory {
  /** What was recorded. */
  readonly of: "weights" | "gradients" | "activations";
  /** After how many steps of the optimiser each recording was made; 0 is before the first. At most 64, evenly spread. */
  readonly steps: readonly number[];
  /** By the path of the parameter or layer, a distribution for each of `steps`. */
  readonly distributions: ReadonlyMap<string, readonly Distribution[]>;
  readonly #stop: () => void;

  /** @internal Use `inspection.distributions(model, optimizer)`. */
  constructor(
    of: "weights" | "gradients" | "activations",
    steps: readonly number[],
    distributions: ReadonlyMap<string, readonly Distribution[]>,
    stop: () => void,
  ) {
    this.of = of;
    this.steps = steps;
    this.distributions = distributions;
    this.#stop = stop;
  }

  /** Ends the watching; what was recorded stays. */
  stop(): void {
    this.#stop();
  }

  /** `DistributionHistory: gradients of 10 parameters, 24 recordings up to step 48`. */
  toString(): string {
    const what = this.of === "activations" ? "layers" : "parameters";
    const last = this.steps.at(-1);
    const recorded =
      last === undefined ? "no step yet" : `${this.steps.length} recordings up to step ${last}`;
    return `DistributionHistory: ${this.of} of ${this.distributions.size} ${what}, ${recorded}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * Records how a model's weights, its gradients or the activations of a batch are distributed while an optimiser trains it.
 * Works in `fit` and in loops of your own, of any length: recordings grow rarer as there are more. Lecture steps 000.29,
 * 001.24, 001.27.
 *
 * @throws ArgumentError where the optimiser has none of the model's parameters, or for activations `x` is missing.
 * @example
 * const watch = inspection.distributions(model, optimizer, { of: "gradients" });
 * await fit(model, loader, { optimizer });
 * watch.stop(); show.distributions(watch);
 */
export function distributions(
  model: Module,
  optimizer: Optimizer,
  options: DistributionsOptions = {},
): DistributionHistory {
  checkOptions("distributions", options, ["of", "x"]);
  checkModel("distributions", model);
  if (!(optimizer instanceof Optimizer))
    throw new ArgumentError(
      `distributions: expects the optimizer that trains the model, such as optim.adam(model.parameters()); got ${describeValue(optimizer)}`,
    );
  const { of = "weights", x } = options;
  const measure = measureOf(model, optimizer, of, x);
  const steps: number[] = [];
  const found = new Map<string, Distribution[]>();
  let [step, stride] = [0, 1];
  const record = (): void => {
    if (step % stride !== 0) return;
    if (steps.length === mostRecordings) {
      stride *= 2;
      halve(steps);
      for (const list of found.values()) halve(list);
      if (step % stride !== 0) return;
    }
    for (const [path, distribution] of measure()) {
      const list = found.get(path) ?? [];
      list.push(distribution);
      found.set(path, list);
    }
    steps.push(step);
  };
  if (of !== "gradients") record();
  // Gradients are there before a step; what the step makes of the network, after it.
  const handle =
    of === "gradients"
      ? optimizer.registerStepPreHook(() => {
          record();
          step++;
        })
      : optimizer.registerStepPostHook(() => {
          step++;
          record();
        });
  return new DistributionHistory(of, steps, found, () => handle.remove());
}

/** Leaves the first, third, fifth … */
function halve(list: unknown[]): void {
  list.splice(0, list.length, ...list.filter((_, i) => i % 2 === 0));
}

type Measured = readonly (readonly [path: string, distribution: Distribution])[];

function measureOf(model: Module, optimizer: Optimizer, of: string, x: unknown): () => Measured {
  if (of === "activations") {
    if (!isTensor(x))
      throw new ArgumentError(
        `distributions: for activations give the batch they are of: { of: "activations", x: images }; got ${describeValue(x)}`,
      );
    return () => {
      const runs = new Map<string, number>();
      return activations(model, x).map((layer) => {
        const name = layer.path || layer.type;
        const run = (runs.get(name) ?? 0) + 1;
        runs.set(name, run);
        return [run === 1 ? name : `${name}, run ${run}`, layer];
      });
    };
  }
  if (of !== "weights" && of !== "gradients")
    throw new ArgumentError(
      `distributions: of is "weights", "gradients" or "activations", got ${describeValue(of)}`,
    );
  const own = new Set<Parameter>(optimizer.parameters);
  const watched = model.namedParameters().filter(([, parameter]) => own.has(parameter));
  if (watched.length === 0)
    throw new ArgumentError(
      "distributions: the optimizer was made for another model; make it after the model",
    );
  if (of === "weights")
    return () => watched.map(([path, parameter]) => [path, distributionOf(parameter.toTypedArray())]);
  return () => watched.map(([path, { grad }]) => [path, distributionOf(grad?.toTypedArray() ?? [])]);
}
