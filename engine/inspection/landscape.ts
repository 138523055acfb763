/** The loss as a landscape over a network's weights: along a line, over a plane, from one state of training to another. */

import { pca } from "../classical/principal.ts";
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
import type { WeightPath } from "./weightPath.ts";

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

/** Options of `lossSurface`. */
export interface LossSurfaceOptions extends LandscapeOptions {
  /**
   * Ways of training by name, recorded by `weightPath`: the plane is then the one in which they move most, through the model's
   * weights (Li et al. 2018, section 7), and reaches as far as they do unless `range` is told.
   */
  readonly paths?: Readonly<Record<string, WeightPath>>;
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
  /** Where the `paths` run in the plane, seen at right angles: `[first, second]` at each record; none where none were given. */
  readonly paths: Readonly<Record<string, readonly (readonly [number, number])[]>>;
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
 * The loss over the plane of two directions through the model's weights: random ones, as `lossSlice` has one, or those in which
 * recorded `paths` move most. Li et al. 2018, "Visualizing the loss landscape of neural nets"; lecture step 000.30.
 *
 * @throws ArgumentError where `loss` gives no number, or a path is of another model or moves in no plane.
 * @example
 * const { at, loss } = inspection.lossSurface(model, () => nn.mse(model(x), y), { resolution: 31 });
 */
export function lossSurface(
  model: Module,
  loss: () => Tensor,
  options: LossSurfaceOptions = {},
): LossSurface {
  const operation = "lossSurface";
  checkOptions(operation, options, ["range", "resolution", "seed", "paths"]);
  const given = options.paths ?? {};
  const plane = Object.keys(given).length === 0 ? null : planeOf(operation, model, given);
  const reach = plane === null ? {} : { range: plane.reach };
  const { at, generator } = readOptions(operation, model, loss, { ...reach, ...options });
  const [first, second] = plane?.directions ?? [
    filterNormalized(model, generator),
    filterNormalized(model, generator),
  ];
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
    paths: plane?.paths ?? {},
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

/** Records of all paths together from which the plane is found. */
const mostRecords = 120;

interface PathPlane {
  readonly directions: readonly [Map<Parameter, Float64Array>, Map<Parameter, Float64Array>];
  readonly paths: Record<string, [number, number][]>;
  /** A little farther than the paths go from the model's weights. */
  readonly reach: number;
}

/** The plane through the model's weights along the two main components of the paths, and the paths in it. */
function planeOf(operation: string, model: Module, paths: Readonly<Record<string, WeightPath>>): PathPlane {
  const parameters = model.parameters();
  const home = parameters.flatMap((parameter) => Array.from(parameter.toTypedArray()));
  const all = Object.entries(paths).flatMap(([name, path]) => {
    const points: unknown = path?.points;
    if (Array.isArray(points) && path.points.every((point) => point.length === home.length))
      return path.points;
    throw new ArgumentError(
      `${operation}: path ${JSON.stringify(name)} is no weightPath of a model of ${home.length} weights; got ${describeValue(path)}`,
    );
  });
  const step = Math.ceil(all.length / mostRecords);
  const kept = all.filter((_, i) => i % step === 0 || i === all.length - 1);
  const axes = withScope(() => mainDirections(operation, kept));
  const directions = axes.map((axis) => splitBy(parameters, axis)) as [
    Map<Parameter, Float64Array>,
    Map<Parameter, Float64Array>,
  ];
  const along = (point: readonly number[], axis: Float64Array): number =>
    axis.reduce((sum, part, i) => sum + part * (point[i]! - home[i]!), 0);
  const placed = Object.entries(paths).map(([name, { points }]) => [
    name,
    points.map((point): [number, number] => [along(point, axes[0]), along(point, axes[1])]),
  ]);
  const found: Record<string, [number, number][]> = Object.fromEntries(placed);
  const farthest = Object.values(found)
    .flat(2)
    .reduce((most, place) => Math.max(most, Math.abs(place)), 0);
  return { directions, paths: found, reach: 1.15 * farthest };
}

/** Two unit vectors. */
function mainDirections(operation: string, points: readonly number[][]): [Float64Array, Float64Array] {
  const width = points[0]!.length;
  const centre = points[0]!;
  if (
    width < 2 ||
    points.length < 3 ||
    points.every((point) => point.every((value, k) => value === centre[k]))
  )
    throw new ArgumentError(
      `${operation}: the paths span no plane: it takes 2 weights or more that move, recorded 3 times or more`,
    );
  // Two weights are a plane already: their own axes are easier to read than turned ones.
  if (width === 2) return [Float64Array.of(1, 0), Float64Array.of(0, 1)];
  const components = pca({ components: 2 })
    .fit(tensor(points.flat(), { shape: [points.length, width] }))
    .components.toTypedArray();
  return [Float64Array.from(components.subarray(0, width)), Float64Array.from(components.subarray(width))];
}

function splitBy(parameters: readonly Parameter[], values: Float64Array): Map<Parameter, Float64Array> {
  let start = 0;
  return new Map(
    parameters.map((parameter) => {
      const part = values.slice(start, start + parameter.size);
      start += parameter.size;
      return [parameter, part];
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
