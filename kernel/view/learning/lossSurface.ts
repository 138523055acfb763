/** The loss over a plane as a map, with the ways that optimisers took. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import type { LossSurface } from "../../../engine/inspection/landscape.ts";
import { checkOptions } from "../../../engine/options.ts";
import { valueRange } from "../colours.ts";
import { type ChartSpec, chart, type Point, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { dashes, ink, palette } from "../theme.ts";
import { isTensorLike, type NumberSource, numbersOf } from "../values.ts";
import { countOf, formatNumber, formatPercent, formatShape } from "../wording.ts";
import type { Line } from "./lines.ts";
import { lowestPlace, type MapPlace, mapSpec, type PlaneMap, sampledMap, valueAt } from "./planeMap.ts";

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
  checkOptions(operation, options, ["paths", "x", "y", "names", "title", "zTitle"]);
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
  const spec = mapSpec({
    title,
    subtitle: text,
    names,
    map,
    zTitle,
    layers: [...pathLayers(paths), ...(found === null || isFlat(map) ? [] : [minimumLayer(found)])],
  });
  return chart(spec, text);
}

function sampled(
  f: (x: number, y: number) => number,
  paths: readonly Line[],
  options: LossSurfacePictureOptions,
): PlaneMap {
  const around = (field: "x" | "y"): [number, number] => {
    const places = paths.flatMap(({ points }) => points.map((point) => point[field])).filter(Number.isFinite);
    if (places.length === 0) return [-2, 2];
    const [low, high] = [Math.min(...places), Math.max(...places)];
    const room = 0.25 * (high - low) || 1;
    return [low - room, high + room];
  };
  const { x: across = around("x") } = options;
  const { y: up = paths.length > 0 ? around("y") : across } = options;
  return sampledMap(operation, f, across, up);
}

function tabled(source: unknown): PlaneMap {
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

function sentence(map: PlaneMap, found: MapPlace | null, paths: readonly Line[], zTitle: string): string {
  if (found === null) return `The ${zTitle} is nowhere finite.`;
  const { high: highest, nan, infinite } = valueRange(map.values);
  const odd = (nan + infinite) / map.values.length;
  const note = odd > 0 ? `, not finite on ${formatPercent(odd)} of the plane` : "";
  const range =
    highest === found.value
      ? `the ${zTitle} is ${formatNumber(highest)} everywhere${note}`
      : `${zTitle} from ${formatNumber(found.value)} at (${formatNumber(found.x, 2)}, ${formatNumber(found.y, 2)}) to ${formatNumber(highest)}${note}`;
  const ends = paths.map(({ name, points }) => {
    const steps = `${name} ${countOf(points.length - 1, "step")}`;
    const at = valueAt(map, points.at(-1)!);
    return at === null ? `${steps}, ending outside` : `${steps} to about ${formatNumber(at, 2)}`;
  });
  const capital = `${range[0]!.toUpperCase()}${range.slice(1)}`;
  return ends.length === 0 ? `${capital}.` : `${capital}; ${ends.join("; ")}.`;
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
        // The legend is the line's: a second one of the same scale would be at odds with it.
        color: { field: color.field, type: color.type, title: color.title, scale: color.scale },
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

/** A map of one height has no lowest place. */
const isFlat = ({ values }: PlaneMap): boolean => {
  const { low, high } = valueRange(values);
  return low === high;
};

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
