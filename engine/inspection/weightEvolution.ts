/** How the weights of a layer change through a training, kept as a few copies evenly apart, however long it lasts. */

import { tensor } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import type { AnyModule } from "../nn/module.ts";
import { Optimizer } from "../optim/optimizer.ts";
import { checkOptions } from "../options.ts";
import { isTensor, type Tensor } from "../tensor.ts";

/** Options of `weightEvolution`. */
export interface WeightEvolutionOptions {
  /** How many copies are kept at most, 16 unless told. */
  readonly snapshots?: number;
}

/** The weights after a number of steps. */
export interface WeightSnapshot {
  /** Steps of the optimiser since the watching began; 0 before the first. */
  readonly step: number;
  /** A copy of the weights. */
  readonly weight: Tensor;
}

/** The weights of a layer as they changed. */
export class WeightEvolution {
  /** What is watched: `Conv2d`. */
  readonly layer: string;
  readonly #weight: Tensor;
  readonly #most: number;
  readonly #end: () => void;
  #kept: WeightSnapshot[];
  #stride = 1;
  #step = 0;
  #stopped = false;

  /** @internal Use `inspection.weightEvolution(layer, optimizer)`. */
  constructor(layer: string, weight: Tensor, optimizer: Optimizer, most: number) {
    this.layer = layer;
    this.#weight = weight;
    this.#most = most;
    this.#kept = [this.#now()];
    const handle = optimizer.registerStepPostHook(() => this.#stepped());
    this.#end = () => handle.remove();
  }

  #now(): WeightSnapshot {
    const weight = tensor(Float32Array.from(this.#weight.toTypedArray()), { shape: [...this.#weight.shape] });
    return { step: this.#step, weight: weight.keep() };
  }

  #stepped(): void {
    this.#step++;
    if (this.#step % this.#stride !== 0) return;
    this.#kept.push(this.#now());
    if (this.#kept.length <= this.#most) return;
    // Too many: every second one goes, and from now on half as many come.
    this.#stride *= 2;
    for (const { step, weight } of this.#kept) if (step % this.#stride !== 0) weight.dispose();
    this.#kept = this.#kept.filter(({ step }) => step % this.#stride === 0);
  }

  /** The copies, evenly apart; the first is from before the first step, the last from after the latest. */
  get snapshots(): readonly WeightSnapshot[] {
    const last = this.#kept.at(-1)!;
    return this.#stopped || last.step === this.#step ? [...this.#kept] : [...this.#kept, this.#now()];
  }

  /** Ends the watching; what was found stays. */
  stop(): void {
    if (this.#stopped) return;
    this.#end();
    this.#kept = [...this.snapshots];
    this.#stopped = true;
  }

  /** `Conv2d [6, 1, 5, 5]: 13 copies through 240 steps`. */
  toString(): string {
    const { length } = this.snapshots;
    return `${this.layer} [${this.#weight.shape.join(", ")}]: ${length} ${length === 1 ? "copy" : "copies"} through ${this.#step} ${this.#step === 1 ? "step" : "steps"}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * Watches the weights of a layer through a training and keeps copies evenly apart: how filters come out of noise. Works in `fit`
 * and in loops of your own, and needs not know how long they last: where there are too many copies, every second one goes.
 *
 * @throws ArgumentError for a layer without weights, or an optimiser that does not train them.
 * @example
 * const evolution = inspection.weightEvolution(model.conv1, optimizer);
 * await fit(model, loader, { optimizer });
 * show.weightEvolution(evolution);
 */
export function weightEvolution(
  layer: AnyModule,
  optimizer: Optimizer,
  options: WeightEvolutionOptions = {},
): WeightEvolution {
  checkOptions("weightEvolution", options, ["snapshots"]);
  const weight: unknown =
    typeof layer === "object" || typeof layer === "function" ? Reflect.get(layer ?? {}, "weight") : undefined;
  if (!isTensor(weight))
    throw new ArgumentError(
      `weightEvolution: expects a layer with weights, such as model.conv1; got ${describeValue(layer)}`,
    );
  if (!(optimizer instanceof Optimizer))
    throw new ArgumentError(
      `weightEvolution: expects the optimizer that trains the layer; got ${describeValue(optimizer)}`,
    );
  if (!optimizer.parameters.some((parameter) => parameter === weight))
    throw new ArgumentError(
      "weightEvolution: the optimizer does not have this layer's weights; make it of model.parameters()",
    );
  const { snapshots = 16 } = options;
  if (!(Number.isInteger(snapshots) && snapshots >= 2))
    throw new ArgumentError(
      `weightEvolution: snapshots must be a whole number from 2 on; got ${describeValue(snapshots)}`,
    );
  return new WeightEvolution(layer.constructor.name, weight, optimizer, snapshots);
}
