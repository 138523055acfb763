/** What a classifier says everywhere in the plane, and the points it was asked about. */
import type { Dataset } from "../../../engine/data/dataset.ts";
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import { decisionSurface } from "../../../engine/inspection/decisionSurface.ts";
import type { Module } from "../../../engine/nn/module.ts";
import { checkOptions } from "../../../engine/options.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { chart } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { layerName } from "../network/layers.ts";
import { formatPercent } from "../wording.ts";
import { regionsImage, regionsOf } from "./regions.ts";
import { dotsOf, dotsSentence, planeChart, requirePoints } from "./scatter.ts";

/** A classifier: a module, a function of points `[N, 2]`, or a fitted classical model, whose probabilities are asked where it has some. */
export type Classifier =
  | Module
  | ((points: Tensor) => Tensor)
  | { probabilities(points: Tensor): Tensor }
  | { probability(points: Tensor): Tensor }
  | { predict(points: Tensor): Tensor };

/** Options of `decisionBoundary`. */
export interface DecisionBoundaryOptions {
  /** A title above the picture; the model and the data set where left out. */
  title?: string;
  /** From where to where across; a little beyond the points where left out. */
  x?: readonly [low: number, high: number];
  /** From where to where upwards; a little beyond the points where left out. */
  y?: readonly [low: number, high: number];
  /** Places along each side at which the model is asked, 120 where left out. */
  resolution?: number;
  /** Where class 1 begins for a model of one score; 0 for logits and 0.5 for probabilities where left out. */
  threshold?: number;
}

const operation = "show.decisionBoundary";

/**
 * Draws the region of each class, the darker the surer the model is, with the line between them, and a data set's points on
 * top: colour and shape are the true class, mistakes are ringed. For any number of classes up to 24. Lecture steps 000.19,
 * 000.21, 003.14, 003.18.
 *
 * `model` is a module, a function of points `[N, 2]`, or a fitted model of `classical`; `dataset` has samples of 2 numbers.
 * Scores `[N, K]` may be logits or probabilities; one score is class 1 against class 0.
 *
 * @example
 * show.decisionBoundary(model, data.moons());
 * show.decisionBoundary(classical.nearestNeighbours({ k: 3 }).fit(points, labels), test);
 */
export function decisionBoundary(
  model: Classifier,
  dataset: Dataset,
  options: DecisionBoundaryOptions = {},
): Displayable {
  checkOptions(operation, options, ["title", "x", "y", "resolution", "threshold"]);
  const { title, ...where } = options;
  const set = requirePoints(operation, dataset);
  const surface = decisionSurface(asked(model), { resolution: 120, ...where, points: set.points });
  const name = nameOf(model);
  const regions = regionsOf(surface, options.threshold);
  const dots = dotsOf(set, set.points.toTypedArray(), surface.pointClasses!.toTypedArray());
  const undecided = regions.classes.filter((label) => label < 0).length / regions.classes.length;
  const nan = undecided > 0 ? `; its score is NaN on ${formatPercent(undecided)} of the plane` : "";
  const result = `${dotsSentence(dots, set.isLabelled)}${nan}.`;
  const spec = planeChart({
    operation,
    title: title ?? `${name} on ${set.name}`,
    subtitle: result,
    x: endsOf(surface.x),
    y: endsOf(surface.y),
    image: regionsImage(regions),
    dots,
    classes: set.classes,
  });
  return chart(spec, `${name} on ${set.name}: ${result}`);
}

export const endsOf = (line: readonly number[]): [number, number] => [line[0]!, line.at(-1)!];

/** What to ask: a module or function itself, of a classical model its probabilities, else its classes. */
function asked(model: unknown): Module | ((points: Tensor) => Tensor) {
  if (typeof model === "function") return model as (points: Tensor) => Tensor;
  for (const method of ["probabilities", "probability", "predict"]) {
    const found: unknown = typeof model === "object" && model !== null ? Reflect.get(model, method) : null;
    if (typeof found === "function") return (points) => Reflect.apply(found, model, [points]) as Tensor;
  }
  throw new ArgumentError(
    `${operation}: expected a model, a function of points [N, 2] or a classical model with predict, got ${describeValue(model)}`,
  );
}

const nameOf = (model: unknown): string => {
  const name = layerName(model);
  return name === "Function" ? "A function" : name;
};
