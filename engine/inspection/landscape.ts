/** The loss as a landscape over a network's weights: along a line, over a plane, from one state of training to another. */

import { tensor } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { copyInto } from "../inplace.ts";
import { printsAs } from "../inspect.ts";
import { checkInterrupt } from "../interrupt.ts";
import { withScope } from "../memory.ts";
import type { Module, Parameter } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import { defaultGenerator, Generator } from "../random.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { formatNumber } from "../wording.ts";
import { checkModel } from "./observe.ts";

/** A direction in the space of a model's parameters: a tensor for each, by its path. */
export type Direction = Readonly<Record<string, Tensor>>;

/** Options of `lossSlice` and `lossSurface`. */
export interface LandscapeOptions {
  /** How far to go on both sides of the model's own weights, 1 unless told: with normalised directions, as far as the weights are long. */
  readonly range?: number;
  /** Values along each direction, 21 unless told. */
  readonly resolution?: number;
  /** Fixes the random directions; without it they come from the default generator, which `seed(n)` restarts. */
  readonly seed?: number;
}

/** Options of `lossSlice`. */
export interface LossSliceOptions extends LandscapeOptions {
  /** Where to go: from the model's weights towards another state (`stateDict()`), which lies at 1; a random direction unless told. */
  readonly towards?: Readonly<Record<string, Tensor>>;
}

/** The loss along a line; prints as a sentence with the lowest and the highest. */
export interface LossSlice {
  /** How far along the direction, from −range to range. */
  readonly at: readonly number[];
  /** The loss there; NaN and infinities stay. */
  readonly loss: readonly number[];
}

/** The loss over a plane; prints as a sentence with the lowest and the highest. */
export interface LossSurface {
  /** How far along either direction, from −range to range. */
  readonly at: readonly number[];
  /** `loss[i][j]` at `at[i]` along the first direction and `at[j]` along the second. */
  readonly loss: readonly (readonly number[])[];
}

/**
 * The loss along one direction through the model's weights: random, every filter of it as long as the model's own (Li et al. 2018),
 * or towards another state of the same model. The weights are put back as they were, bit by bit, whatever happens. Lecture
 * steps 000.30, 003.32.
 *
 * @throws ArgumentError where `loss` gives no number, or the other state is of another model.
 * @example
 * const { at, loss } = inspection.lossSlice(model, () => nn.crossEntropy(model(images), labels), { seed: 1 });
 */
export function lossSlice(model: Module, loss: () => Tensor, options: LossSliceOptions = {}): LossSlice {
  const operation = "lossSlice";
  checkOptions(operation, options, ["range", "resolution", "seed", "towards"]);
  const { at, generator } = readOptions(operation, model, loss, options);
  const direction =
    options.towards === undefined
      ? filterNormalized(model, generator)
      : difference(operation, model, options.towards);
  const slice: LossSlice = {
    at,
    loss: exploring(model, (moveTo) =>
      at.map((step) => {
        moveTo([[direction, step]]);
        return lossHere(operation, loss);
      }),
    ),
  };
  return printsAs(
    slice,
    (found) => `LossSlice: ${found.at.length} places, ${extremes(found.loss, (i) => short(found.at[i]!))}`,
  );
}

/**
 * The loss over the plane of two random directions through the model's weights, as `lossSlice` has one. Li et al. 2018,
 * "Visualizing the loss landscape of neural nets"; lecture step 000.30.
 *
 * @example
 * const { at, loss } = inspection.lossSurface(model, () => nn.mse(model(x), y), { resolution: 31 });
 */
export function lossSurface(model: Module, loss: () => Tensor, options: LandscapeOptions = {}): LossSurface {
  const operation = "lossSurface";
  checkOptions(operation, options, ["range", "resolution", "seed"]);
  const { at, generator } = readOptions(operation, model, loss, options);
  const [first, second] = [filterNormalized(model, generator), filterNormalized(model, generator)];
  const surface: LossSurface = {
    at,
    loss: exploring(model, (moveTo) =>
      at.map((down) =>
        at.map((across) => {
          moveTo([
            [first, down],
            [second, across],
          ]);
          return lossHere(operation, loss);
        }),
      ),
    ),
  };
  return printsAs(surface, ({ at, loss }) => {
    const place = (i: number) => `(${short(at[Math.floor(i / at.length)]!)}, ${short(at[i % at.length]!)})`;
    return `LossSurface: ${at.length} × ${at.length} places, ${extremes(loss.flat(), place)}`;
  });
}

const short = (value: number): string => formatNumber(value, 2);

/** `0.31 where the model is, lowest 0.291 at 0.1, highest 5.2 at −1`, and how many are NaN or infinite where some are. */
function extremes(losses: readonly number[], place: (i: number) => string): string {
  const finite = losses.filter(Number.isFinite);
  const parts: string[] = [];
  // Of an odd number of places the middle one is where the model is.
  if (losses.length % 2 === 1)
    parts.push(`${formatNumber(losses[(losses.length - 1) / 2]!)} where the model is`);
  if (finite.length > 0) {
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    parts.push(`lowest ${formatNumber(low)} at ${place(losses.indexOf(low))}`);
    parts.push(`highest ${formatNumber(high)} at ${place(losses.indexOf(high))}`);
  }
  if (finite.length < losses.length) parts.push(`${losses.length - finite.length} NaN or infinite`);
  return parts.join(", ");
}

function readOptions(
  operation: string,
  model: Module,
  loss: unknown,
  { range = 1, resolution = 21, seed }: LandscapeOptions,
): { at: number[]; generator: Generator } {
  checkModel(operation, model);
  if (typeof loss !== "function")
    throw new ArgumentError(
      `${operation}: loss is a function that computes it anew: () => nn.mse(model(x), y); got ${describeValue(loss)}`,
    );
  if (!(typeof range === "number" && range > 0 && Number.isFinite(range)))
    throw new ArgumentError(`${operation}: range must be a number above 0; got ${describeValue(range)}`);
  if (!(Number.isInteger(resolution) && resolution >= 2))
    throw new ArgumentError(
      `${operation}: resolution must be a whole number from 2 on; got ${describeValue(resolution)}`,
    );
  const at = Array.from({ length: resolution }, (_, i) => range * ((2 * i) / (resolution - 1) - 1));
  return { at, generator: seed === undefined ? defaultGenerator : new Generator(seed) };
}

/** Random normal numbers, each filter (row of a weight) scaled to the length of the model's own; biases stay where they are. */
function filterNormalized(model: Module, generator: Generator): Map<Parameter, Float64Array> {
  return new Map(
    model.parameters().map((parameter) => {
      const values = parameter.toTypedArray();
      const direction = Float64Array.from(values, () => generator.normal());
      if (parameter.ndim < 2) return [parameter, direction.fill(0)];
      const filter = parameter.size / parameter.shape[0]!;
      for (let start = 0; start < direction.length; start += filter) {
        const [own, drawn] = [values, direction].map((numbers) => {
          let squares = 0;
          for (let i = start; i < start + filter; i++) squares += numbers[i]! ** 2;
          return Math.sqrt(squares);
        }) as [number, number];
        for (let i = start; i < start + filter; i++) direction[i]! *= own / (drawn + 1e-10);
      }
      return [parameter, direction];
    }),
  );
}

function difference(operation: string, model: Module, state: Direction): Map<Parameter, Float64Array> {
  return new Map(
    movable(model).map(([path, parameter]) => {
      const target: unknown = state[path];
      if (!isTensor(target) || target.shape.join() !== parameter.shape.join())
        throw new ArgumentError(
          `${operation}: the other state has no ${path} of shape [${parameter.shape.join(", ")}]; give the stateDict() of a model of the same kind`,
        );
      const [from, to] = [parameter.toTypedArray(), target.toTypedArray()];
      return [parameter, Float64Array.from(to, (value, i) => value - from[i]!)];
    }),
  );
}

/** What training changes: parameters, and the running statistics of normalisation. */
function movable(model: Module): [string, Tensor][] {
  return [...model.namedParameters(), ...model.namedBuffers()].filter(([, tensor]) =>
    tensor.dtype.startsWith("float"),
  );
}

type Steps = readonly (readonly [direction: ReadonlyMap<Parameter, Float64Array>, length: number])[];

/** Lets `explore` move the weights; afterwards they are what they were. */
function exploring<T>(model: Module, explore: (moveTo: (steps: Steps) => void) => T): T {
  const home = model.stateDict();
  const start = new Map(movable(model).map(([, tensor]) => [tensor, tensor.toTypedArray()]));
  try {
    return explore((steps) => {
      checkInterrupt();
      withScope(() => {
        for (const [parameter, values] of start) {
          const ways = steps.flatMap(([direction, length]) => {
            const way = direction.get(parameter);
            return way === undefined ? [] : [{ way, length }];
          });
          if (ways.length === 0) continue;
          const moved = Float64Array.from(values, (value, i) =>
            ways.reduce((sum, { way, length }) => sum + length * way[i]!, value),
          );
          noGrad(() =>
            copyInto(parameter, tensor(moved, { shape: parameter.shape, dtype: parameter.dtype })),
          );
        }
      });
    });
  } finally {
    model.loadStateDict(home);
    for (const saved of Object.values(home)) saved.dispose();
  }
}

function lossHere(operation: string, loss: () => Tensor): number {
  return noGrad(() =>
    withScope(() => {
      const value: unknown = loss();
      if (isTensor(value) && value.size === 1) return value.item();
      throw new ArgumentError(
        `${operation}: the loss must be a tensor of one number; got ${describeValue(value)}`,
      );
    }),
  );
}
