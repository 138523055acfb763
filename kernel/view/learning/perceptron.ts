/** How a perceptron learns from its mistakes: its line moves from one to the next, or stands before and after each side by side. */
import { type Correction, Perceptron } from "../../../engine/classical/perceptron.ts";
import type { Dataset } from "../../../engine/data/dataset.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import { animation, stepSlider } from "../drawing/animation.ts";
import { type ChartSpec, chart, rounded, someOf, themed } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { ink } from "../theme.ts";
import { countOf, formatCount, wrapped } from "../wording.ts";
import { classChannels, planeSize, type Range, requirePoints } from "./scatter.ts";

/** Options of `perceptron`. */
export interface PerceptronOptions {
  /** A title above the picture. */
  title?: string;
  /** One step after the other as an animation with a slider (the default), or beside each other. */
  as?: "animation" | "grid";
  /**
   * How many steps to show at most, 16 of an animation and 8 beside each other where left out; of more some, the first and the
   * last among them.
   */
  limit?: number;
}

const operation = "show.perceptron";
/** Points in each panel; a ring is drawn around the mistake whether its point is shown or not. */
const MOST_POINTS = 120;
const PANEL = 150;
const FRAME = 340;
/** A longer animation would be too heavy for its slider. */
const MOST_FRAMES = 24;

/**
 * Draws the steps in which a perceptron has learnt: the line before a mistake (dashed) and after its correction (solid), the
 * mistake ringed, and an arrow along w to the side on which it fires. Moves from mistake to mistake, or has them beside each
 * other as a `grid`. Lecture steps 000.11 to 000.13.
 *
 * `neuron` is fitted with `{ record: true }` on `dataset`, whose samples are points. Throws where it is not.
 *
 * @example
 * const blobs = data.blobs({ classes: 2, samples: 60 });
 * const neuron = classical.perceptron({ record: true }).fit(blobs.points, blobs.labels);
 * show.perceptron(neuron, blobs);
 * show.perceptron(neuron, blobs, { as: "grid" });
 */
export function perceptron(
  neuron: Perceptron,
  dataset: Dataset,
  options: PerceptronOptions = {},
): Displayable {
  checkOptions(operation, options, ["title", "as", "limit"]);
  if (!(neuron instanceof Perceptron))
    throw new ArgumentError(
      `${operation}: expected a fitted classical.perceptron, got ${describeValue(neuron)}`,
    );
  const set = requirePoints(operation, dataset);
  const steps = neuron.corrections;
  const { as = "animation", limit = as === "grid" ? 8 : 16 } = options;
  if (as !== "animation" && as !== "grid")
    throw new ArgumentError(`${operation}: as must be "animation" or "grid", got ${describeValue(as)}`);
  const most = as === "grid" ? Number.POSITIVE_INFINITY : MOST_FRAMES;
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= most))
    throw new ArgumentError(
      `${operation}: limit must be a whole number from 1 ${as === "grid" ? "on" : `to ${MOST_FRAMES}`}, got ${describeValue(limit)}`,
    );
  if (steps.length === 0)
    throw new ArgumentError(
      `${operation}: no step was recorded; fit with classical.perceptron({ record: true })`,
    );
  if (neuron.coefficients.length !== 2 || steps.some(({ sample }) => sample >= set.size) || !set.isLabelled)
    throw new ShapeError(
      `${operation}: the neuron was fitted on other samples than ${set.name} has; give the data set of fit`,
    );
  const shown = chosen(steps.length, limit);
  const result = sentence(neuron);
  const some =
    shown.length < steps.length
      ? ` ${formatCount(shown.length)} of ${countOf(steps.length, "step")} shown.`
      : "";
  const points = set.points.toTypedArray();
  const labels = set.labels.toTypedArray();
  const [x, y] = [rangeOf(points, 0), rangeOf(points, 1)];
  const kept = someOf(
    Array.from({ length: set.size }, (_, i) => i),
    MOST_POINTS,
  );
  const values = kept.map((i) => ({
    x: rounded(points[2 * i]!),
    y: rounded(points[2 * i + 1]!),
    class: set.classes[labels[i]!],
  }));
  const stepOf = (step: number): Shown => {
    const now = steps[step]!;
    const at = [points[2 * now.sample]!, points[2 * now.sample + 1]!] as const;
    return { number: step + 1, now, before: steps[step - 1] ?? null, at };
  };
  const stepPanel = (side: number, axes: Axes | null, these: readonly Shown[]): ChartSpec => {
    const layers = panel({ these, x, y, axes, size: planeSize(x, y, side) });
    return { ...layers, layer: [pointsLayer(set, side), ...(layers.layer as ChartSpec[])] };
  };
  const text = `Perceptron on ${set.name}: ${result}`;
  const headed = (width: number): ChartSpec => ({
    title: {
      text: options.title ?? `A perceptron learns ${set.name}`,
      subtitle: wrapped(`${result[0]!.toUpperCase()}${result.slice(1)}${some} ${legend}`, width),
    },
    data: { values },
  });
  if (as === "animation") {
    const spec = {
      ...headed(FRAME + 80),
      params: [stepSlider(shown.length, "step")],
      // A concatenation of one: the step's own title stands below that of all.
      concat: [stepPanel(FRAME, ["x₁", "x₂"], shown.map(stepOf))],
    };
    const frames = { spec: themed(spec, text), count: shown.length };
    return animation(frames, text, { secondsPerFrame: 0.9, step: "step" });
  }
  const columns = Math.ceil(shown.length / Math.ceil(shown.length / 4));
  const width = Math.max(460, columns * (PANEL + 24));
  const panels = shown.map((step) => stepPanel(PANEL, null, [stepOf(step)]));
  return chart({ ...headed(width), columns, spacing: 18, concat: panels }, text);
}

const legend =
  "Dashed: before the correction; solid: after it; ring: the mistake; the arrow is w and points to where the neuron fires.";

function sentence(neuron: Perceptron): string {
  const passes = countOf(neuron.mistakes.length, "pass", "passes");
  const total = neuron.mistakes.reduce((sum, wrong) => sum + wrong, 0);
  return neuron.converged
    ? `at rest after ${passes} and ${countOf(total, "mistake")}.`
    : `not at rest after ${passes}: ${countOf(neuron.mistakes.at(-1)!, "mistake")} in the last.`;
}

/** The first, the last and others evenly between. */
function chosen(count: number, limit: number): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, i) => i);
  if (limit === 1) return [count - 1];
  return Array.from({ length: limit }, (_, i) => Math.round((i * (count - 1)) / (limit - 1)));
}

function rangeOf(points: ArrayLike<number>, coordinate: 0 | 1): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = coordinate; i < points.length; i += 2) {
    low = Math.min(low, points[i]!);
    high = Math.max(high, points[i]!);
  }
  const room = (high - low) / 8 || 1;
  return [low - room, high + room];
}

function pointsLayer(set: Dataset, side: number): ChartSpec {
  const { color, shape } = classChannels(operation, set.classes);
  return {
    mark: { type: "point", filled: true, opacity: 0.85, size: side / 8 },
    encoding: { color, shape },
  };
}

/** The axes' names. */
type Axes = readonly [across: string, up: string];

/** A correction as it is shown. */
interface Shown {
  /** From 1. */
  number: number;
  now: Correction;
  /** The one before; null for the first. */
  before: Correction | null;
  /** Where the mistake lies. */
  at: readonly [number, number];
}

interface Panel {
  /** One, or those that the parameter `step` chooses from. */
  these: readonly Shown[];
  x: Range;
  y: Range;
  /** None beside many small panels. */
  axes: Axes | null;
  size: { width: number; height: number };
}

/** Both lines, the ring, the arrow, of one step or of the one that is chosen. */
function panel({ these, x, y, axes, size }: Panel): ChartSpec {
  const axis = (range: Range, name: string | undefined) => ({
    type: "quantitative",
    scale: { domain: [rounded(range[0]), rounded(range[1])], nice: false, zero: false },
    axis: name === undefined ? null : { title: name, grid: false, tickCount: 6 },
  });
  const isChoice = these.length > 1;
  const marks = these.map((one) => marksOf(one, x, y, size));
  const layer = (part: keyof Marks, mark: object, encoding: object = {}): ChartSpec[] => {
    const values = marks.flatMap((one, i) =>
      one[part].map((row) => (isChoice ? { ...row, step: i + 1 } : row)),
    );
    const look = { mark: { clip: true, ...mark }, encoding: { color: { value: ink.strong }, ...encoding } };
    const chosen = isChoice ? { transform: [{ filter: "datum.step === step" }] } : {};
    return values.length === 0 ? [] : [{ data: { values }, ...chosen, ...look }];
  };
  const titles = these.map(({ number, now }) => `mistake ${number}, pass ${now.pass}`);
  return {
    ...size,
    title: {
      text: isChoice ? { expr: `${JSON.stringify(titles)}[step - 1]` } : titles[0],
      ...{ fontSize: 11, fontWeight: "normal", offset: 8 },
    },
    view: { stroke: ink.line },
    encoding: { x: { field: "x", ...axis(x, axes?.[0]) }, y: { field: "y", ...axis(y, axes?.[1]) } },
    layer: [
      ...layer("before", { type: "line", strokeDash: [4, 3], strokeWidth: 1.2, opacity: 0.7 }),
      ...layer("after", { type: "line", strokeWidth: 2 }),
      ...layer("shaft", { type: "line", strokeWidth: 1.6 }),
      ...layer(
        "tip",
        { type: "point", shape: "triangle", filled: true, size: 50, opacity: 1 },
        { angle: { field: "angle", type: "quantitative", scale: null } },
      ),
      ...layer("ring", {
        type: "point",
        shape: "circle",
        filled: false,
        size: 150,
        strokeWidth: 1.8,
        opacity: 1,
      }),
    ],
  };
}

/** What is drawn of a step. */
interface Marks {
  before: readonly End[];
  after: readonly End[];
  shaft: readonly End[];
  tip: readonly (End & { angle: number | null })[];
  ring: readonly End[];
}

function marksOf({ now, before, at }: Shown, x: Range, y: Range, size: Panel["size"]): Marks {
  const after = lineIn(now, x, y);
  return {
    before: (before && lineIn(before, x, y)) ?? [],
    after: after ?? [],
    ...(after ? arrow(now, after, x, y, size) : { shaft: [], tip: [] }),
    ring: [{ x: rounded(at[0])!, y: rounded(at[1])! }],
  };
}

interface End {
  x: number;
  y: number;
}

/** Where w · x + b = 0 enters and leaves the box; null where it does not pass through. */
function lineIn({ weight, bias }: Correction, x: Range, y: Range): End[] | null {
  const [a, b] = weight as [number, number];
  const ends: End[] = [];
  const add = (end: End) => {
    const inside = end.x >= x[0] && end.x <= x[1] && end.y >= y[0] && end.y <= y[1];
    if (inside && !ends.some((other) => other.x === end.x && other.y === end.y)) ends.push(end);
  };
  if (b !== 0) for (const side of x) add({ x: side, y: -(a * side + bias) / b });
  if (a !== 0) for (const side of y) add({ x: -(b * side + bias) / a, y: side });
  return ends.length < 2 ? null : ends.slice(0, 2).map((end) => ({ x: rounded(end.x)!, y: rounded(end.y)! }));
}

/** A short arrow from the middle of the line along w, perpendicular on the screen where both axes have one scale. */
function arrow(
  { weight }: Correction,
  line: readonly End[],
  x: Range,
  y: Range,
  size: Panel["size"],
): Pick<Marks, "shaft" | "tip"> {
  const [from, to] = line as [End, End];
  const [perX, perY] = [(x[1] - x[0]) / size.width, (y[1] - y[0]) / size.height];
  // In pixels: a step of 24 along w.
  const [u, v] = [weight[0]! / perX, weight[1]! / perY];
  const length = Math.hypot(u, v);
  const start = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const tip = { x: start.x + ((24 * u) / length) * perX, y: start.y + ((24 * v) / length) * perY };
  const ends = [start, tip].map((end) => ({ x: rounded(end.x)!, y: rounded(end.y)! }));
  const angle = rounded((Math.atan2(u, v) * 180) / Math.PI);
  return { shaft: ends, tip: [{ ...ends[1]!, angle }] };
}
