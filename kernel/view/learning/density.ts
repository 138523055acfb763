/** Densities that were estimated from samples: over a line with a histogram, over the plane as a map. */
import { tensor } from "../../../engine/creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { withScope } from "../../../engine/memory.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import { histogram } from "../data/statistics.ts";
import { type ChartSpec, chart, type Point, rounded, someOf } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { layerName } from "../network/layers.ts";
import { ink } from "../theme.ts";
import { countOf, formatNumber, formatShape } from "../wording.ts";
import { type Line, lineChart } from "./lines.ts";
import { gridLine, mapSpec } from "./planeMap.ts";
import type { Range } from "./scatter.ts";

/** What estimates a density at samples `[N, D]`: `classical.kernelDensity`, or the logarithm of one, as `classical.probabilisticPCA`. */
export type DensityEstimate = { density(x: Tensor): Tensor } | { logDensity(x: Tensor): Tensor };

/** Options of `density`. */
export interface DensityOptions {
  /** The density that the samples were drawn from, of one number; drawn beside the estimate. */
  target?: (x: number) => number;
  /** From where to where across; a little beyond the samples where left out. */
  x?: readonly [low: number, high: number];
  /** From where to where upwards, of samples of two numbers. */
  y?: readonly [low: number, high: number];
  /** A title above the chart. */
  title?: string;
}

const operation = "show.density";
const PLACES = 301;
const GRID = 61;
const MOST_SAMPLES = 400;

/**
 * Draws an estimated density, or several by name, over samples of one number: as lines over the samples' histogram, with a tick for
 * each sample. Of samples of two numbers it draws a map with the samples on it. Lecture step 003.85.
 *
 * `samples`: `[N]` or `[N, 1]`, or `[N, 2]` for one estimate. Throws for more numbers.
 *
 * @example
 * const samples = randn([200]);
 * show.density(classical.kernelDensity({ bandwidth: 0.3 }).fit(samples), samples);
 */
export function density(
  estimates: DensityEstimate | Readonly<Record<string, DensityEstimate>>,
  samples: Tensor,
  options: DensityOptions = {},
): Displayable {
  checkOptions(operation, options, ["target", "x", "y", "title"]);
  const named: [string, DensityEstimate][] = isEstimate(estimates)
    ? [[layerName(estimates), estimates]]
    : Object.entries(estimates ?? {});
  for (const [name, estimate] of named)
    if (!isEstimate(estimate))
      throw new ArgumentError(
        `${operation}: expected a fitted density such as classical.kernelDensity(), got ${describeValue(estimate)} for "${name}"`,
      );
  if (named.length === 0)
    throw new ArgumentError(
      `${operation}: expected a fitted density such as classical.kernelDensity(), got ${describeValue(estimates)}`,
    );
  if (!isTensor(samples) || samples.size === 0 || samples.ndim > 2 || samples.ndim === 0)
    throw new ShapeError(
      `${operation}: samples must be [N], [N, 1] or [N, 2], got ${isTensor(samples) ? formatShape(samples.shape) : describeValue(samples)}`,
    );
  const width = samples.shape[1] ?? 1;
  if (width === 1) return overLine(named, samples, options);
  if (width !== 2)
    throw new ShapeError(
      `${operation}: samples of ${width} numbers have no picture; draw two of them, or their components by classical.pca`,
    );
  if (named.length > 1)
    throw new ArgumentError(
      `${operation}: over the plane one estimate is drawn at a time, got ${named.length}`,
    );
  return overPlane(named[0]![0], named[0]![1], samples, options);
}

function isEstimate(value: unknown): value is DensityEstimate {
  if (typeof value !== "object" || value === null) return false;
  return ["density", "logDensity"].some((method) => typeof Reflect.get(value, method) === "function");
}

/** The density at places, of the samples' shape but for the first size. */
function densities(estimate: DensityEstimate, places: readonly number[], shape: readonly number[]): number[] {
  return withScope(() => {
    const x = tensor(places, { shape });
    const found = "density" in estimate ? estimate.density(x) : estimate.logDensity(x).exp();
    return Array.from(found.toTypedArray());
  });
}

function overLine(
  named: readonly [string, DensityEstimate][],
  samples: Tensor,
  options: DensityOptions,
): Displayable {
  const values = Array.from(samples.toTypedArray()).filter(Number.isFinite);
  const range = options.x ?? around(values, 0.2);
  const places = gridLine(operation, "x", range, PLACES);
  const shape = [PLACES, ...samples.shape.slice(1)];
  const lines = named.map(([name, estimate]): Line => {
    const found = densities(estimate, places, shape);
    return { name, points: places.map((x, i) => ({ x, y: found[i]! })) };
  });
  const { target } = options;
  if (target) lines.push({ name: "target", points: places.map((x) => ({ x, y: target(x) })) });
  const bins = histogram(values, Math.max(8, Math.min(40, Math.round(2 * Math.sqrt(values.length)))));
  const bars = bins.map(({ start, end, count }) => ({
    start: rounded(start),
    end: rounded(end),
    height: rounded(count / values.length / (end - start)),
  }));
  const tops = named.map(([name], i) => {
    const top = highest(lines[i]!.points);
    return `${named.length > 1 ? `${name}: ` : ""}highest density ${formatNumber(top.y)} at ${formatNumber(top.x)}`;
  });
  const text = `${countOf(values.length, "sample")}; ${tops.join("; ")}.`;
  const spec = lineChart({
    operation,
    title: options.title ?? (named.length > 1 ? "Densities" : `Density: ${named[0]![0]}`),
    subtitle: text,
    x: { title: "x", range },
    y: { title: "density" },
    lines,
  });
  const histogramLayer = {
    data: { values: bars },
    mark: { type: "bar", color: ink.line, opacity: 0.75, binSpacing: 1, clip: true },
    encoding: {
      x: { field: "start", type: "quantitative", bin: "binned" },
      x2: { field: "end" },
      y: { field: "height", type: "quantitative" },
      tooltip: [
        { field: "start", title: "from", format: ".3~g" },
        { field: "end", title: "to", format: ".3~g" },
        { field: "height", title: "density of the histogram", format: ".3~g" },
      ],
    },
  };
  const rug = {
    data: { values: someOf(values, MOST_SAMPLES).map((x) => ({ x: rounded(x) })) },
    mark: { type: "tick", color: ink.strong, opacity: 0.5, thickness: 1, size: 9, clip: true },
    encoding: { y: { value: Number(spec.height) - 5 } },
  };
  return chart({ ...spec, layer: [histogramLayer, rug, ...(spec.layer as ChartSpec[])] }, text);
}

function overPlane(
  name: string,
  estimate: DensityEstimate,
  samples: Tensor,
  options: DensityOptions,
): Displayable {
  const all = samples.toTypedArray();
  const points = Array.from(
    { length: samples.shape[0]! },
    (_, i): Point => ({ x: all[2 * i]!, y: all[2 * i + 1]! }),
  );
  const x: Range =
    options.x ??
    around(
      points.map((point) => point.x),
      0.25,
    );
  const y: Range =
    options.y ??
    around(
      points.map((point) => point.y),
      0.25,
    );
  const [across, up] = [gridLine(operation, "x", x, GRID), gridLine(operation, "y", y, GRID)];
  const places = up.flatMap((b) => across.map((a) => [a, b]));
  const values = densities(estimate, places.flat(), [places.length, 2]);
  const best = values.reduce((most, value, i) => (value > values[most]! ? i : most), 0);
  const [px, py] = places[best]! as [number, number];
  const text = `${countOf(points.length, "sample")}; highest density ${formatNumber(values[best]!)} at (${formatNumber(px, 2)}, ${formatNumber(py, 2)}).`;
  const kept = someOf(points, MOST_SAMPLES);
  const part = kept.length < points.length ? ` ${countOf(kept.length, "sample")} shown.` : "";
  const spec = mapSpec({
    title: options.title ?? `Density: ${name}`,
    subtitle: `${text}${part}`,
    names: ["x₁", "x₂"],
    map: { x: across, y: up, values },
    zTitle: "density",
    logarithmic: false,
    layers: [
      {
        data: { values: kept.map((point) => ({ x: rounded(point.x), y: rounded(point.y) })) },
        mark: {
          type: "point",
          filled: true,
          clip: true,
          size: 16,
          opacity: 0.9,
          fill: ink.paper,
          stroke: ink.strong,
          strokeWidth: 0.5,
        },
      },
    ],
  });
  return chart(spec, text);
}

function highest(points: readonly Point[]): Point {
  return points.reduce((best, point) => (point.y > best.y ? point : best));
}

function around(values: readonly number[], share: number): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) throw new ShapeError(`${operation}: no sample is a finite number`);
  const [low, high] = finite.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [
    Infinity,
    -Infinity,
  ] as [number, number]);
  const room = share * (high - low) || 1;
  return [low - room, high + room];
}
