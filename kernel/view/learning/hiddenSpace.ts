/** What a network has made of its inputs before it decides: a layer's outputs as points in a plane. */
import { pca } from "../../../engine/classical/principal.ts";
import { tensor } from "../../../engine/creation.ts";
import type { Dataset } from "../../../engine/data/dataset.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { classesOf, decisionSurface } from "../../../engine/inspection/decisionSurface.ts";
import { layerAt } from "../../../engine/inspection/observe.ts";
import { withScope } from "../../../engine/memory.ts";
import { inEvaluation } from "../../../engine/nn/evaluation.ts";
import { Linear } from "../../../engine/nn/linear.ts";
import { type AnyModule, type Module, requireModule } from "../../../engine/nn/module.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import { isDataset } from "../data/images.ts";
import { chart, someOf } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { layerName } from "../network/layers.ts";
import { countOf, formatCount, formatPercent } from "../wording.ts";
import { endsOf } from "./decisionBoundary.ts";
import { regionsImage, regionsOf } from "./regions.ts";
import { dotsOf, dotsSentence, planeChart, type Range } from "./scatter.ts";

/** Options of `hiddenSpace`. */
export interface HiddenSpaceOptions {
  /** The layer whose output is drawn, by path or itself; what the last linear layer is given where left out. */
  layer?: string | AnyModule;
  /** A title above the picture. */
  title?: string;
  /** How many samples at most, 1,000 where left out. */
  limit?: number;
}

const operation = "show.hiddenSpace";

/**
 * Draws the outputs of a hidden layer as points by class: of two units as they are, of more by their two main components.
 * Where the last linear layer gets just these two numbers, its regions and the straight lines between them are drawn below;
 * mistakes of the model are ringed. Lecture steps 003.21 and 000.26.
 *
 * @example
 * const model = nn.sequential(nn.linear(2, 16), nn.tanh(), nn.linear(16, 2), nn.tanh(), nn.linear(2, 2));
 * show.hiddenSpace(model, data.moons());
 * show.hiddenSpace(model, data.moons(), { layer: "1" });   // 16 units by their main components
 */
export function hiddenSpace(model: Module, dataset: Dataset, options: HiddenSpaceOptions = {}): Displayable {
  checkOptions(operation, options, ["layer", "title", "limit"]);
  requireModule(operation, "model", model);
  if (!isDataset(dataset))
    throw new ArgumentError(
      `${operation}: expected a data set such as data.digits().test, got ${describeValue(dataset)}`,
    );
  const { limit = 1000 } = options;
  if (!(Number.isInteger(limit) && limit >= 2))
    throw new ArgumentError(
      `${operation}: limit must be a whole number from 2 on, got ${describeValue(limit)}`,
    );
  const set = dataset.size > limit ? dataset.subset(someOf(range(dataset.size), limit)) : dataset;
  const hidden = hiddenOf(model, set, options.layer);
  const plane = hidden.width === 2 ? twoUnits(hidden) : mainComponents(hidden, set.size);
  const judged = set.isLabelled && isClassifier(hidden, set);
  const said = judged ? classesOf({ values: hidden.scores, width: hidden.scoreWidth, whole: false }) : null;
  const dots = dotsOf(set, plane.places, said);
  const name = layerName(model);
  const where =
    options.layer === undefined ? "before its last layer" : `after ${layerTitle(model, options.layer)}`;
  const shown =
    plane.held === undefined ? "" : `; the plane shows ${formatPercent(plane.held)} of their variance`;
  const part =
    set.size < dataset.size ? ` ${countOf(set.size, "sample")} of ${formatCount(dataset.size)} shown.` : "";
  const result = `${countOf(hidden.width, "number")} of each sample${shown}; ${dotsSentence(dots, judged, "sample")}.${part}`;
  const spec = planeChart({
    operation,
    title: options.title ?? `${set.name} in ${name}, ${where}`,
    subtitle: result,
    names: plane.names,
    x: plane.x,
    y: plane.y,
    image: plane.image,
    dots,
    classes: set.classes,
  });
  return chart(spec, `${set.name} in ${name}, ${where}: ${result}`);
}

function layerTitle(model: Module, layer: string | AnyModule): string {
  const path = model.namedModules().find(([found, module]) => found === layer || module === layer)![0];
  return `layer ${path} (${layerName(layerAt(operation, model, layer))})`;
}

const range = (size: number): number[] => Array.from({ length: size }, (_, i) => i);

interface Hidden {
  /** `width` numbers for each sample. */
  readonly values: Float32Array;
  readonly width: number;
  /** What the model said in the end. */
  readonly scores: Float32Array;
  readonly scoreWidth: number;
  /** The last linear layer, where it was given just these numbers; else null. */
  readonly last: Linear | null;
}

/** Samples in one run of the model. */
const together = 250;

function hiddenOf(model: Module, set: Dataset, wanted: string | AnyModule | undefined): Hidden {
  const layer = wanted === undefined ? null : layerAt(operation, model, wanted);
  const parts: Batch[] = [];
  inEvaluation(model, () => {
    for (const [x] of set.loader({ batchSize: together, target: "images" }))
      noGrad(() => withScope(() => void parts.push(runBatch(model, x, layer))));
  });
  const [first] = parts as [Batch];
  const joined = (list: Float32Array[]) => Float32Array.from(list.flatMap((values) => Array.from(values)));
  return {
    values: joined(parts.map(({ values }) => values)),
    width: first.values.length / first.size,
    scores: joined(parts.map(({ scores }) => scores)),
    scoreWidth: first.scores.length / first.size,
    last: parts.every(({ last }) => last === first.last) ? first.last : null,
  };
}

interface Batch {
  size: number;
  values: Float32Array;
  scores: Float32Array;
  last: Linear | null;
}

function runBatch(model: Module, x: Tensor, layer: AnyModule | null): Batch {
  const linears = model.namedModules().flatMap(([, module]) => (module instanceof Linear ? [module] : []));
  let last: { layer: Linear; input: Float32Array } | null = null;
  let output: Float32Array | null = null;
  const handles = linears.map((linear) =>
    linear.registerForwardPreHook((_linear, [input]) => {
      last = { layer: linear, input: Float32Array.from(input!.toTypedArray()) };
    }),
  );
  if (layer !== null)
    handles.push(
      layer.registerForwardHook((_layer, _inputs, made) => {
        if (isTensor(made)) output = Float32Array.from(made.toTypedArray());
      }),
    );
  try {
    const scores: unknown = model(x);
    const seen = last as { layer: Linear; input: Float32Array } | null;
    const values = layer === null ? seen?.input : output;
    if (values === null || values === undefined)
      throw new ArgumentError(
        layer === null
          ? `${operation}: ${layerName(model)} runs no linear layer; say which layer to draw: { layer: "…" }`
          : `${operation}: the layer ${layerName(layer)} does not run, or gives no tensor`,
      );
    return {
      size: x.shape[0]!,
      values,
      scores: isTensor(scores) ? Float32Array.from(scores.toTypedArray()) : new Float32Array(),
      last: seen !== null && sameNumbers(seen.input, values) ? seen.layer : null,
    };
  } finally {
    for (const handle of handles) handle.remove();
  }
}

const sameNumbers = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

const isClassifier = ({ scoreWidth }: Hidden, { classes }: Dataset): boolean =>
  scoreWidth === classes.length || (scoreWidth === 1 && classes.length === 2);

interface Plane {
  readonly places: ArrayLike<number>;
  readonly names: readonly [string, string];
  readonly x: Range;
  readonly y: Range;
  readonly image?: string;
  /** The share of the variance that lies in the plane, where it is not all. */
  readonly held?: number;
}

/** Two units with the last layer's regions where it decides by them. */
function twoUnits({ values, last }: Hidden): Plane {
  const points = tensor(values, { shape: [values.length / 2, 2] });
  const decide = last === null ? (places: Tensor) => places : (places: Tensor) => last(places);
  const surface = decisionSurface(decide, { points, resolution: last === null ? 2 : 120 });
  const frame = { places: values, x: endsOf(surface.x), y: endsOf(surface.y) };
  const names = ["h₁", "h₂"] as const;
  return { ...frame, names, ...(last === null ? {} : { image: regionsImage(regionsOf(surface)) }) };
}

function mainComponents({ values, width }: Hidden, count: number): Plane {
  if (width < 2)
    throw new ShapeError(
      `${operation}: one unit makes no plane; take a layer of two or more, or show.tensor for its numbers`,
    );
  const points = tensor(values, { shape: [count, width] });
  const found = pca({ components: 2 }).fit(points);
  const places = found.transform(points);
  const shares = found.varianceShares.toTypedArray();
  const { x, y } = decisionSurface((plane) => plane, { points: places, resolution: 2 });
  const title = (i: 0 | 1) => `component ${i + 1} (${formatPercent(shares[i]!)} of the variance)`;
  return {
    places: places.toTypedArray(),
    names: [title(0), title(1)],
    x: endsOf(x),
    y: endsOf(y),
    held: shares[0]! + shares[1]!,
  };
}
