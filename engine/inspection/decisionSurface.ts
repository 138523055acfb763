/** What a classifier or a regression says everywhere in the plane. */

import { tensor } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { printsAs } from "../inspect.ts";
import { checkInterrupt } from "../interrupt.ts";
import { withScope } from "../memory.ts";
import { inEvaluation } from "../nn/evaluation.ts";
import { Module } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { formatNumber, percent } from "../wording.ts";

/** Options of `decisionSurface`. */
export interface DecisionSurfaceOptions {
  /** From where to where along the first coordinate; unless told a little beyond the `points`, without any −1.5 to 1.5. */
  readonly x?: readonly [low: number, high: number];
  /** From where to where along the second coordinate; unless told a little beyond the `points`, without any as `x`. */
  readonly y?: readonly [low: number, high: number];
  /** Places `[N, 2]`, such as a data set's, of which the class is asked too. */
  readonly points?: Tensor;
  /** Places along each side, 60 unless told. */
  readonly resolution?: number;
  /** Where class 1 begins for a model of one score: 0 unless told, and 0.5 where all scores are probabilities, from 0 to 1. */
  readonly threshold?: number;
}

/** What was found at each place of a grid; prints as a sentence with each class's share. */
export interface DecisionSurface {
  /** The grid's first coordinates, from low to high. */
  readonly x: readonly number[];
  /** The grid's second coordinates, from low to high. */
  readonly y: readonly number[];
  /**
   * `[y, x]` int32: the class with the largest score; of a single score, whether it is above the threshold; −1 where a score is
   * NaN. A model that says −1 and 1 itself means the classes 0 and 1.
   */
  readonly classes: Tensor;
  /** `[y, x, K]`: the scores themselves; K is 1 for a single number. */
  readonly scores: Tensor;
  /** `[N]` int32: the classes of the `points`, in the same way; null where none were given. */
  readonly pointClasses: Tensor | null;
}

/** Places in one run of the model. */
const together = 2048;

/**
 * Asks a model of points `[N, 2]` at every place of a grid: for pictures of decision boundaries (lecture steps 000.21, 003.14,
 * 003.18) and of surfaces. `model` is a module or any function from points `[N, 2]` to scores `[N, K]` (logits or probabilities:
 * the largest wins), to one number each `[N]` or `[N, 1]` (a logit or a probability of class 1), or to classes `[N]` int32.
 *
 * @throws ShapeError where the model gives something else; ArgumentError for ranges that are empty.
 * @example
 * const { classes } = inspection.decisionSurface(model, { x: [-2, 2], y: [-1, 1] });   // [60, 60]
 */
export function decisionSurface(
  model: Module | ((points: Tensor) => Tensor),
  options: DecisionSurfaceOptions = {},
): DecisionSurface {
  checkOptions("decisionSurface", options, ["x", "y", "points", "resolution", "threshold"]);
  const { points, resolution = 60, threshold } = options;
  const given = points === undefined ? null : readPoints(points);
  const { x = given === null ? [-1.5, 1.5] : around(given, 0) } = options;
  const { y = given === null ? x : around(given, 1) } = options;
  if (typeof model !== "function")
    throw new ArgumentError(
      `decisionSurface: expects a model or a function of points [N, 2]; got ${describeValue(model)}`,
    );
  if (!(Number.isInteger(resolution) && resolution >= 2 && resolution <= 1000))
    throw new ArgumentError(
      `decisionSurface: resolution must be a whole number from 2 to 1000; got ${describeValue(resolution)}`,
    );
  if (threshold !== undefined && !(typeof threshold === "number" && Number.isFinite(threshold)))
    throw new ArgumentError(`decisionSurface: threshold must be a number; got ${describeValue(threshold)}`);
  const [across, up] = [line("x", x, resolution), line("y", y, resolution)];
  const grid = resolution * resolution;
  const places = new Float32Array(2 * grid + (given?.length ?? 0));
  for (let i = 0; i < grid; i++) {
    places[2 * i] = across[i % resolution]!;
    places[2 * i + 1] = up[Math.floor(i / resolution)]!;
  }
  if (given !== null) places.set(given, 2 * grid);
  const ask = () => noGrad(() => answers(model, places, places.length / 2));
  const answer = model instanceof Module ? inEvaluation(model, ask) : ask();
  const classes = classesOf(answer, threshold);
  const scores = answer.values.subarray(0, grid * answer.width);
  const surface: DecisionSurface = {
    x: across,
    y: up,
    classes: tensor(classes.subarray(0, grid), { shape: [resolution, resolution], dtype: "int32" }).keep(),
    scores: tensor(scores, { shape: [resolution, resolution, answer.width] }).keep(),
    pointClasses: given === null ? null : tensor(classes.subarray(grid), { dtype: "int32" }).keep(),
  };
  return printsAs(surface, describeSurface);
}

/** `DecisionSurface: 60 × 60 places, x from −1.5 to 1.5, y from −1 to 1: class 0 on 52 %, class 1 on 48 %`. */
function describeSurface({ x, y, classes }: DecisionSurface): string {
  const places = new Map<number, number>();
  for (const label of classes.toTypedArray()) places.set(label, (places.get(label) ?? 0) + 1);
  const shares = Array.from(places)
    .sort(([a], [b]) => a - b)
    .map(([label, n]) => `${label === -1 ? "NaN" : `class ${label}`} on ${percent(n / classes.size)}`);
  const range = (name: string, line: readonly number[]) =>
    `${name} from ${formatNumber(line[0]!)} to ${formatNumber(line.at(-1)!)}`;
  return `DecisionSurface: ${x.length} × ${y.length} places, ${range("x", x)}, ${range("y", y)}: ${shares.join(", ")}`;
}

function readPoints(points: unknown): ArrayLike<number> {
  if (isTensor(points) && points.ndim === 2 && points.shape[1] === 2 && points.size > 0)
    return points.toTypedArray();
  throw new ShapeError(
    `decisionSurface: points must be [N, 2]; got ${isTensor(points) ? describeShape(points.shape) : describeValue(points)}`,
  );
}

/** From a little below the lowest to a little above the highest of the points' coordinates; equal ones get room too. */
function around(points: ArrayLike<number>, coordinate: 0 | 1): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = coordinate; i < points.length; i += 2) {
    if (!Number.isFinite(points[i]!)) continue;
    low = Math.min(low, points[i]!);
    high = Math.max(high, points[i]!);
  }
  const room = (high - low) / 10 || 1;
  return [low - room, high + room];
}

function line(name: string, range: unknown, resolution: number): number[] {
  const [low, high]: unknown[] = Array.isArray(range) ? range : [];
  if (!(typeof low === "number" && typeof high === "number" && low < high && Number.isFinite(high - low)))
    throw new ArgumentError(
      `decisionSurface: ${name} is [low, high] with low below high; got ${Array.isArray(range) ? `[${range.join(", ")}]` : describeValue(range)}`,
    );
  return Array.from({ length: resolution }, (_, i) => low + ((high - low) * i) / (resolution - 1));
}

/** @internal The model's scores `[N, width]`, or its classes. */
export interface Answer {
  readonly values: Float32Array;
  readonly width: number;
  /** Whether they are classes already. */
  readonly whole: boolean;
}

function answers(model: (points: Tensor) => Tensor, places: Float32Array, count: number): Answer {
  let answer: Answer | null = null;
  for (let start = 0; start < count; start += together) {
    checkInterrupt();
    const n = Math.min(together, count - start);
    withScope(() => {
      const said: unknown = model(tensor(places.slice(2 * start, 2 * (start + n)), { shape: [n, 2] }));
      if (!isTensor(said) || said.shape[0] !== n || said.ndim > 2)
        throw new ShapeError(
          `decisionSurface: for points [${n}, 2] the model must give [${n}, K] or [${n}]; it gave ${isTensor(said) ? describeShape(said.shape) : describeValue(said)}`,
        );
      const width = said.shape[1] ?? 1;
      answer ??= { values: new Float32Array(count * width), width, whole: !said.dtype.startsWith("float") };
      answer.values.set(said.toTypedArray(), start * width);
    });
  }
  return answer!;
}

/** @internal */
export function classesOf({ values, width, whole }: Answer, threshold?: number): Int32Array {
  const limit = threshold ?? (values.every((value) => value >= 0 && value <= 1) ? 0.5 : 0);
  return Int32Array.from({ length: values.length / width }, (_, i) => {
    const scores = values.subarray(i * width, (i + 1) * width);
    if (scores.some((score) => Number.isNaN(score))) return -1;
    if (width === 1) return whole ? Math.max(scores[0]!, 0) : scores[0]! > limit ? 1 : 0;
    return scores.indexOf(Math.max(...scores));
  });
}
