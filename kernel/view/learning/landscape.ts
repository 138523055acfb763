/** The loss as a landscape: along a line, and as a map with the ways that optimisers took. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import type { LossSlice, LossSurface } from "../../../engine/inspection/landscape.ts";
import { type ChartSpec, chart, type Point, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { dashes, ink, palette } from "../theme.ts";
import { isTensorLike, type NumberSource, numbersOf } from "../values.ts";
import { countOf, formatNumber, formatPercent, formatShape, wrapped } from "../wording.ts";
import { bandsLegend, bandsOf, between, contourImage } from "./contours.ts";
import { type Line, lineChart } from "./lines.ts";
import { planeAxis, planeSize, type Range } from "./scatter.ts";

/** Options of `lossSlice`. */
export interface LossSlicePictureOptions {
  /** A title above the chart. */
  title?: string;
  /** What lies along the axis; "along the direction" where left out. */
  xTitle?: string;
  /** A logarithmic axis of the loss. */
  log?: boolean;
}

/**
 * Draws the loss along a line through a network's weights, or along several by name, and marks the lowest. 0 is where the weights
 * are; towards another state, 1 is that state. Lecture steps 000.22 and 000.30.
 *
 * @example
 * show.lossSlice(inspection.lossSlice(model, () => nn.crossEntropy(model(images), labels), { seed: 1 }));
 */
export function lossSlice(
  source: LossSlice | Readonly<Record<string, LossSlice>>,
  options: LossSlicePictureOptions = {},
): Displayable {
  const operation = "show.lossSlice";
  const { title = "The loss along a line", xTitle = "along the direction", log = false } = options;
  const named: [string, LossSlice][] = isSlice(source) ? [["loss", source]] : Object.entries(source ?? {});
  if (named.length === 0) throw new ShapeError(`${operation}: no slice to draw`);
  const lines = named.map(([name, slice]): Line => {
    if (!isSlice(slice) || slice.at.length !== slice.loss.length || slice.at.length === 0)
      throw new ArgumentError(
        `${operation}: expected what inspection.lossSlice returns, got ${describeValue(slice)} for "${name}"`,
      );
    return { name, points: slice.at.map((x, i) => ({ x, y: slice.loss[i]! })) };
  });
  if (log && lines.some(({ points }) => points.some(({ y }) => y <= 0)))
    throw new ArgumentError(
      `${operation}: a logarithmic axis has no place for a loss of 0 or below; leave log out`,
    );
  const minima = lines.map(({ points }) => lowest(points));
  const told = lines.map(({ name, points }, i) => {
    const head = lines.length > 1 ? `${name}: ` : "";
    const odd = points.filter(({ y }) => !Number.isFinite(y)).length;
    const note = odd > 0 ? ` (${countOf(odd, "value")} not finite)` : "";
    const found = minima[i];
    return found
      ? `${head}lowest loss ${formatNumber(found.y)} at ${formatNumber(found.x)}${note}`
      : `${head}no finite loss`;
  });
  const text = `${lines.length > 1 ? "" : told[0]![0]!.toUpperCase()}${told.join("; ").slice(lines.length > 1 ? 0 : 1)}.`;
  const spec = lineChart({
    operation,
    title,
    subtitle: text,
    x: { title: xTitle },
    y: { title: "loss", log },
    lines,
    height: 200,
  });
  const marks = minima.flatMap((found) => (found ? [{ x: rounded(found.x), y: rounded(found.y) }] : []));
  const mark = {
    data: { values: marks },
    mark: { type: "point", shape: "diamond", filled: true, size: 90, opacity: 1, color: ink.strong },
  };
  return chart({ ...spec, layer: [...(spec.layer as ChartSpec[]), mark] }, text);
}

function isSlice(value: unknown): value is LossSlice {
  return (
    typeof value === "object" &&
    value !== null &&
    "at" in value &&
    "loss" in value &&
    Array.isArray(value.at) &&
    Array.isArray(value.loss)
  );
}

function lowest(points: readonly Point[]): Point | null {
  return points.reduce<Point | null>(
    (best, point) => (Number.isFinite(point.y) && (best === null || point.y < best.y) ? point : best),
    null,
  );
}

/** A way through the plane: a place `[x, y]` for each step, or what `inspection.weightPath` recorded of a model of two weights. */
export type PathSource = NumberSource | { readonly points: readonly (readonly number[])[] };

/** Options of `lossSurface`. */
export interface LossSurfacePictureOptions {
  /** The ways of optimisers by name; those of the surface where left out. */
  paths?: Readonly<Record<string, PathSource>>;
  /** For a function: from where to where across; around the paths where left out, without paths −2 to 2. */
  x?: readonly [low: number, high: number];
  /** For a function: from where to where upwards; as `x` where left out. */
  y?: readonly [low: number, high: number];
  /** What the two coordinates are. */
  names?: readonly [string, string];
  /** A title above the map. */
  title?: string;
  /** What the height of the map is, "loss" where left out. */
  zTitle?: string;
}

const operation = "show.lossSurface";
/** Places along each side at which a function is asked. */
const PLACES = 91;
const PATH_POINTS = 240;

/**
 * Draws the loss over a plane as a map with lines of equal loss: what `inspection.lossSurface` found around a network's weights, or
 * any function of two numbers. The lowest place is marked; the ways of optimisers run over it, each in its colour and dash, from a
 * ring at the start to a dot at the end. Lecture steps 000.22, 000.23, 000.30, 003.32 and 003.36.
 *
 * @example
 * show.lossSurface(inspection.lossSurface(model, () => nn.mse(model(x), y), { paths: { Adam: path } }));
 * show.lossSurface((a, b) => a ** 2 + 10 * b ** 2, { paths: { SGD: [[2, 1], [1.6, -0.4], [1.2, 0.2]] }, names: ["a", "b"] });
 */
export function lossSurface(
  source: LossSurface | ((x: number, y: number) => number),
  options: LossSurfacePictureOptions = {},
): Displayable {
  const { title = "Loss landscape", zTitle = "loss" } = options;
  const given = options.paths ?? (typeof source === "function" ? {} : (source?.paths ?? {}));
  const paths = Object.entries(given).map(([name, path]): Line => ({ name, points: pathOf(name, path) }));
  if (paths.length > palette.length)
    throw new ArgumentError(
      `${operation}: at most ${palette.length} paths can be told apart, got ${paths.length}`,
    );
  const map = typeof source === "function" ? sampled(source, paths, options) : tabled(source);
  const names =
    options.names ??
    (typeof source === "function" ? (["x", "y"] as const) : (["direction 1", "direction 2"] as const));
  const found = lowestPlace(map);
  const text = sentence(map, found, paths, zTitle);
  const [x, y] = [
    [map.x[0]!, map.x.at(-1)!],
    [map.y[0]!, map.y.at(-1)!],
  ] as [Range, Range];
  const size = planeSize(x, y, 400);
  const bands = bandsOf(map.values, "viridis");
  const grid = { columns: map.x.length, rows: map.y.length, values: map.values };
  const spec = {
    title: { text: title, subtitle: wrapped(text, size.width + 90) },
    ...size,
    encoding: { x: { field: "x", ...planeAxis(names[0], x) }, y: { field: "y", ...planeAxis(names[1], y) } },
    layer: [
      {
        data: { values: [{}] },
        mark: { type: "image", ...size, aspect: false, smooth: false, url: contourImage(grid, bands) },
        encoding: { x: { value: size.width / 2 }, y: { value: size.height / 2 } },
      },
      bandsLegend(bands, zTitle, size.height),
      ...pathLayers(paths),
      ...(found === null ? [] : [minimumLayer(found)]),
    ],
  };
  return chart(spec, text);
}

interface LossMap {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Row by row from the lowest y. */
  readonly values: Float64Array;
}

function sampled(
  f: (x: number, y: number) => number,
  paths: readonly Line[],
  options: LossSurfacePictureOptions,
): LossMap {
  const around = (field: "x" | "y"): [number, number] => {
    const places = paths.flatMap(({ points }) => points.map((point) => point[field])).filter(Number.isFinite);
    if (places.length === 0) return [-2, 2];
    const [low, high] = [Math.min(...places), Math.max(...places)];
    const room = 0.25 * (high - low) || 1;
    return [low - room, high + room];
  };
  const { x: across = around("x") } = options;
  const { y: up = paths.length > 0 ? around("y") : across } = options;
  const [x, y] = [line("x", across), line("y", up)];
  const values = new Float64Array(x.length * y.length);
  y.forEach((b, j) => {
    x.forEach((a, i) => {
      const value: unknown = f(a, b);
      if (typeof value !== "number")
        throw new ArgumentError(
          `${operation}: the function must give a number for two numbers, got ${describeValue(value)}`,
        );
      values[j * x.length + i] = value;
    });
  });
  return { x, y, values };
}

function line(name: string, [low, high]: readonly [number, number]): number[] {
  if (!(low < high && Number.isFinite(high - low)))
    throw new ArgumentError(
      `${operation}: ${name} is [low, high] with low below high, got [${low}, ${high}]`,
    );
  return Array.from({ length: PLACES }, (_, i) => low + ((high - low) * i) / (PLACES - 1));
}

function tabled(source: unknown): LossMap {
  const surface = source as LossSurface | null;
  const size = surface?.at?.length ?? 0;
  if (size < 2 || surface?.loss?.length !== size || surface.loss.some((row) => row.length !== size))
    throw new ArgumentError(
      `${operation}: expected what inspection.lossSurface returns, or a function of two numbers, got ${describeValue(source)}`,
    );
  const values = new Float64Array(size * size);
  surface.loss.forEach((row, i) => {
    row.forEach((loss, j) => {
      values[j * size + i] = loss;
    });
  });
  return { x: surface.at, y: surface.at, values };
}

function pathOf(name: string, source: PathSource): Point[] {
  const what = `${operation}: path "${name}"`;
  const recorded =
    typeof source === "object" && source !== null && "points" in source && !isTensorLike(source);
  const { shape, values } = numbersOf(recorded ? source.points : (source as NumberSource), what);
  if (shape.length !== 2 || shape[1] !== 2 || shape[0] === 0)
    throw new ShapeError(
      `${what} must be places [steps, 2], got ${formatShape(shape)}${recorded ? "; for more weights give the paths to inspection.lossSurface, which finds their plane" : ""}`,
    );
  return Array.from({ length: shape[0]! }, (_, i) => ({ x: values[2 * i]!, y: values[2 * i + 1]! }));
}

function lowestPlace({ x, y, values }: LossMap): (Point & { value: number }) | null {
  let best = -1;
  for (let i = 0; i < values.length; i++)
    if (Number.isFinite(values[i]!) && (best < 0 || values[i]! < values[best]!)) best = i;
  if (best < 0) return null;
  return { x: x[best % x.length]!, y: y[Math.floor(best / x.length)]!, value: values[best]! };
}

function sentence(
  map: LossMap,
  found: ReturnType<typeof lowestPlace>,
  paths: readonly Line[],
  zTitle: string,
): string {
  if (found === null) return `The ${zTitle} is nowhere finite.`;
  const highest = map.values.reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, value) : most),
    Number.NEGATIVE_INFINITY,
  );
  const odd = map.values.filter((value) => !Number.isFinite(value)).length / map.values.length;
  const note = odd > 0 ? `, not finite on ${formatPercent(odd)} of the plane` : "";
  const range = `${zTitle} from ${formatNumber(found.value)} at (${formatNumber(found.x, 2)}, ${formatNumber(found.y, 2)}) to ${formatNumber(highest)}${note}`;
  const ends = paths.map(({ name, points }) => {
    const steps = `${name} ${countOf(points.length - 1, "step")}`;
    const at = valueAt(map, points.at(-1)!);
    return at === null ? `${steps}, ending outside` : `${steps} to about ${formatNumber(at, 2)}`;
  });
  const capital = `${range[0]!.toUpperCase()}${range.slice(1)}`;
  return ends.length === 0 ? `${capital}.` : `${capital}; ${ends.join("; ")}.`;
}

/** The map's value at a place, interpolated; null outside. */
function valueAt({ x, y, values }: LossMap, { x: a, y: b }: Point): number | null {
  const place = (axis: readonly number[], at: number) =>
    ((at - axis[0]!) / (axis.at(-1)! - axis[0]!)) * (axis.length - 1);
  const [i, j] = [place(x, a), place(y, b)];
  if (!(i >= 0 && j >= 0 && i <= x.length - 1 && j <= y.length - 1)) return null;
  const [left, bottom] = [Math.min(Math.floor(i), x.length - 2), Math.min(Math.floor(j), y.length - 2)];
  return between(values, bottom * x.length + left, x.length, i - left, j - bottom);
}

/** White below each path, so that it stands out of every colour of the map. */
function pathLayers(paths: readonly Line[]): ChartSpec[] {
  if (paths.length === 0) return [];
  const names = paths.map(({ name }) => name);
  const places = ({ name, points }: Line) =>
    thinned(points).map(({ x, y, step }) => ({ name, step, x: rounded(x), y: rounded(y) }));
  const rows = paths.flatMap(places);
  const ends = paths.flatMap((path) => {
    const shown = places(path);
    return [
      { ...shown[0]!, end: "start" },
      { ...shown.at(-1)!, end: "end" },
    ];
  });
  const channel = (range: readonly unknown[]) => ({
    field: "name",
    type: "nominal",
    title: "path",
    scale: { domain: names, range },
    legend: { symbolType: "stroke", symbolSize: 500 },
  });
  const color = channel(names.map((_, i) => palette[pathColours[i]!]));
  const order = { field: "step", type: "quantitative" };
  const tooltip = [
    { field: "name", title: "path" },
    { field: "step", title: "step" },
    { field: "x", title: "across", format: ".3~g" },
    { field: "y", title: "up", format: ".3~g" },
  ];
  return [
    {
      data: { values: rows },
      mark: { type: "line", clip: true, strokeWidth: 5, color: ink.paper, opacity: 0.9 },
      encoding: { detail: { field: "name" }, order },
    },
    {
      data: { values: rows },
      mark: { type: "line", clip: true, strokeWidth: 2.4 },
      encoding: {
        color,
        strokeDash: channel(names.map((_, i) => dashes[i % dashes.length])),
        order,
        tooltip,
      },
    },
    {
      data: { values: ends },
      mark: { type: "point", clip: true, size: 80, strokeWidth: 2.4, opacity: 1 },
      encoding: {
        color: { ...color, legend: null },
        fill: {
          condition: { test: "datum.end === 'start'", value: ink.paper },
          value: ink.strong,
        },
        tooltip,
      },
    },
  ];
}

/** Colours that stand out of the map's violet, green and yellow, first. */
const pathColours = [1, 0, 3, 5, 4, 2, 6, 7] as const;

/** At most so many places with their steps, the first and the last among them. */
function thinned(points: readonly Point[]): (Point & { step: number })[] {
  const every = Math.ceil(points.length / PATH_POINTS);
  return points.flatMap((point, step) =>
    step % every === 0 || step === points.length - 1 ? [{ ...point, step }] : [],
  );
}

function minimumLayer({ x, y }: Point): ChartSpec {
  return {
    data: { values: [{ x: rounded(x), y: rounded(y) }] },
    mark: {
      type: "point",
      shape: "cross",
      angle: 45,
      size: 110,
      filled: true,
      opacity: 1,
      fill: ink.paper,
      stroke: ink.strong,
      strokeWidth: 1,
    },
  };
}
