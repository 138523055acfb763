/** What a classifier says everywhere in the plane, and the points it was asked about. */
import type { Dataset } from "../../../engine/data/dataset.ts";
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import { decisionSurface } from "../../../engine/inspection/decisionSurface.ts";
import type { Module } from "../../../engine/nn/module.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { chart } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { layerName } from "../network/layers.ts";
import { countOf, formatPercent, wrapped } from "../wording.ts";
import { regionsImage, regionsOf } from "./regions.ts";
import { type Dot, dotLayers, planeAxis, planeSize, requirePoints, thinned } from "./scatter.ts";

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
  const { title, ...where } = options;
  const set = requirePoints(operation, dataset);
  const surface = decisionSurface(asked(model), { resolution: 120, ...where, points: set.points });
  const name = nameOf(model);
  const regions = regionsOf(surface, options.threshold);
  const dots = dotsOf(set, surface.pointClasses!);
  const wrong = dots.filter(({ taken }) => taken !== undefined).length;
  const undecided = regions.classes.filter((label) => label < 0).length / regions.classes.length;
  const result = set.isLabelled
    ? `${formatPercent(1 - wrong / set.size)} of ${countOf(set.size, "point")} right${wrong > 0 ? `, ${countOf(wrong, "mistake")} (ringed)` : ""}`
    : countOf(set.size, "point");
  const nan = undecided > 0 ? `; its score is NaN on ${formatPercent(undecided)} of the plane` : "";
  const text = `${name} on ${set.name}: ${result}${nan}.`;
  const [x, y] = [endsOf(surface.x), endsOf(surface.y)];
  const size = planeSize(x, y);
  const spec = {
    title: {
      text: title ?? `${name} on ${set.name}`,
      subtitle: wrapped(`${result}${nan}.`, size.width + 80),
    },
    ...size,
    encoding: { x: planeAxis("x₁", x), y: planeAxis("x₂", y) },
    layer: [
      {
        data: { values: [{}] },
        mark: { type: "image", ...size, aspect: false, smooth: false, url: regionsImage(regions) },
        encoding: { x: { value: size.width / 2 }, y: { value: size.height / 2 } },
      },
      ...dotLayers(operation, thinned(dots), set.classes),
    ],
  };
  return chart(spec, text);
}

const endsOf = (line: readonly number[]): [number, number] => [line[0]!, line.at(-1)!];

/** What to ask: a module or function itself, of a classical model its probabilities, else its classes. */
export function asked(model: unknown): Module | ((points: Tensor) => Tensor) {
  if (typeof model === "function") return model as (points: Tensor) => Tensor;
  for (const method of ["probabilities", "probability", "predict"]) {
    const found: unknown = typeof model === "object" && model !== null ? Reflect.get(model, method) : null;
    if (typeof found === "function") return (points) => Reflect.apply(found, model, [points]) as Tensor;
  }
  throw new ArgumentError(
    `${operation}: expected a model, a function of points [N, 2] or a classical model with predict, got ${describeValue(model)}`,
  );
}

export const nameOf = (model: unknown): string => {
  const name = layerName(model);
  return name === "Function" ? "A function" : name;
};

function dotsOf(set: Dataset, said: Tensor): Dot[] {
  const places = set.points.toTypedArray();
  const labels = set.isLabelled ? set.labels.toTypedArray() : null;
  const found = said.toTypedArray();
  const name = (label: number) => (label < 0 ? "NaN" : (set.classes[label] ?? String(label)));
  return Array.from({ length: set.size }, (_, i): Dot => {
    const place = { x: places[2 * i]!, y: places[2 * i + 1]! };
    if (labels === null) return place;
    const dot = { ...place, class: name(labels[i]!) };
    return labels[i] === found[i] ? dot : { ...dot, taken: name(found[i]!) };
  });
}
