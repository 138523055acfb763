/** The way of a model's weights through training, to be drawn on its loss landscape. */

import { ArgumentError, describeValue } from "../errors.ts";
import { inspect } from "../inspect.ts";
import { type Module, requireModule } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import { count } from "../wording.ts";

/** Options of `weightPath`. */
export interface WeightPathOptions {
  /** Keeps the weights of every so many-th record, 1 unless told. */
  readonly every?: number;
}

/** All weights of a model, in one row each time they were recorded. See {@link weightPath}. */
export class WeightPath {
  readonly #model: Module;
  readonly #every: number;
  #asked = 0;
  /** The weights at each record, the parameters one after the other in their order: `[records][parameters]`. */
  readonly points: number[][] = [];

  /** @internal Use `inspection.weightPath(model)`. */
  constructor(model: Module, every: number) {
    this.#model = model;
    this.#every = every;
    this.#keep();
  }

  /** Records the weights of now: call it after each step, or pass it on: `optimizer.registerStepPostHook(path.record)`. */
  readonly record = (): void => {
    if (++this.#asked % this.#every === 0) this.#keep();
  };

  #keep(): void {
    this.points.push(this.#model.parameters().flatMap((parameter) => Array.from(parameter.toTypedArray())));
  }

  /** `WeightPath: 101 records of 2 weights`. */
  toString(): string {
    return `WeightPath: ${count(this.points.length, "record")} of ${count(this.points[0]!.length, "weight")}`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/**
 * Records the way of a model's weights, beginning with where they are now. For `lossSurface` and `show.lossSurface`. Lecture steps
 * 000.23 and 003.36.
 *
 * @throws ArgumentError where `model` is no module, or `every` no whole number from 1 on.
 * @example
 * const path = inspection.weightPath(model);
 * optimizer.registerStepPostHook(path.record);
 */
export function weightPath(model: Module, options: WeightPathOptions = {}): WeightPath {
  checkOptions("weightPath", options, ["every"]);
  requireModule("weightPath", "model", model);
  const { every = 1 } = options;
  if (!(Number.isInteger(every) && every >= 1))
    throw new ArgumentError(
      `weightPath: every must be a whole number from 1 on; got ${describeValue(every)}`,
    );
  return new WeightPath(model, every);
}
