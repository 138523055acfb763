/** Functions of one number or of two: what a network has made of a target, with the data and the parts it is summed from. */
import { tensor } from "../../../engine/creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { withScope } from "../../../engine/memory.ts";
import { inEvaluation } from "../../../engine/nn/evaluation.ts";
import { Module } from "../../../engine/nn/module.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import { chart, type Point, someOf } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { listOf, type NumberSource } from "../values.ts";
import { capital, countOf, formatNumber, formatShape } from "../wording.ts";
import { type Line, lineChart, rangeText } from "./lines.ts";
import { gridLine, mapSpec, type PlaneMap, sampledMap } from "./planeMap.ts";
import type { Range } from "./scatter.ts";

/** A function of numbers, a module from `[N, 1]` to `[N, 1]`, or a fitted model of `classical`. */
export type Fit = ((x: number) => number) | Module | { predict(x: Tensor): Tensor };

/** A function of two numbers. */
export type PlaneFit = (x: number, y: number) => number;

/** Options of `functionFit`. */
export interface FunctionFitOptions {
  /** What was to be met. */
  target?: (x: number, y: number) => number;
  /** The samples it was learned from. */
  data?: { readonly x: NumberSource; readonly y: NumberSource };
  /** What the function is summed from, drawn thin: steps, bumps, hidden units. */
  components?: readonly Fit[];
  /** From where to where; the data's range where left out, without data 0 to 1. */
  x?: readonly [low: number, high: number];
  /** Of functions of two numbers, and of modules of `[N, 2]`: from where to where upwards, as `x` where left out. */
  y?: readonly [low: number, high: number];
  /** A title above the chart. */
  title?: string;
}

const operation = "show.functionFit";
/** Places at which functions are asked. */
const PLACES = 401;
const MOST_DOTS = 500;
/** Places along each side at which a module of two numbers is asked. */
const GRID = 71;

/**
 * Draws a function over an interval, or several by name, with the target, the data and the parts of which it is the sum; says the
 * largest and the root mean squared error against the target. A function of two numbers is drawn as a map, as is a module of `[N, 2]` when `y` is
 * told. Lecture steps 000.20, 001.10, 003.24 and 003.25.
 *
 * @example
 * const step = (s: number) => (x: number) => 1 / (1 + Math.exp(-100 * (x - s)));
 * const bump = (x: number) => 0.8 * (step(0.4)(x) - step(0.6)(x));
 * show.functionFit(bump, { components: [step(0.4), step(0.6)], target: (x) => Math.sin(Math.PI * x) });
 *
 * @example
 * const inside = (x: number) => (x > 0.4 && x < 0.6 ? 1 : 0);
 * show.functionFit((x: number, y: number) => inside(x) * inside(y), { title: "A tower" });
 */
export function functionFit(
  fits: Fit | PlaneFit | Readonly<Record<string, Fit>>,
  options: FunctionFitOptions = {},
): Displayable {
  checkOptions(operation, options, ["target", "data", "components", "x", "y", "title"]);
  if (isPlaneFit(fits) || (options.y !== undefined && isFit(fits))) return overPlane(fits, options);
  const target = options.target as ((x: number) => number) | undefined;
  const { data, components = [], title = "Functions" } = options;
  const dots = data === undefined ? [] : dataPoints(data);
  const [low, high] = options.x ?? rangeOf(dots);
  if (!(low < high && Number.isFinite(high - low)))
    throw new ArgumentError(`${operation}: x is [low, high] with low below high, got [${low}, ${high}]`);
  const places = Array.from({ length: PLACES }, (_, i) => low + ((high - low) * i) / (PLACES - 1));
  const named: [string, Fit][] = isFit(fits) ? [["fit", fits]] : Object.entries(fits);
  if (named.length === 0)
    throw new ShapeError(
      `${operation}: no function to draw; give one such as (x) => x * x, a model, or several by name`,
    );
  const lines = named.map(([name, one]): Line => ({ name, points: pointsOf(one, places, name) }));
  const aim = target === undefined ? null : pointsOf(target, places, "target");
  const told = lines.map((line) => describe(line, aim, lines.length > 1));
  const extra = [
    ...(dots.length > 0 ? [`Dots: ${countOf(dots.length, "sample")}.`] : []),
    ...(components.length > 0 ? [`Thin: ${countOf(components.length, "part")} of the sum.`] : []),
  ];
  const text = [
    `${lines.length > 1 || told[0]!.startsWith("f(") ? told.join("; ") : capital(told[0]!)}.`,
    ...extra,
  ].join(" ");
  const spec = lineChart({
    operation,
    title,
    subtitle: text,
    x: { title: "x", range: [low, high] },
    y: { title: "f(x)" },
    lines: [...lines, ...(aim === null ? [] : [{ name: "target", points: aim }])],
    thin: components.map((part, i) => pointsOf(part, places, `component ${i}`)),
    dots: someOf(dots, MOST_DOTS),
  });
  return chart(spec, text);
}

const isPlaneFit = (value: unknown): value is PlaneFit =>
  typeof value === "function" && !(value instanceof Module) && value.length === 2;

/** A map of one function of two numbers. */
function overPlane(fit: Fit | PlaneFit, options: FunctionFitOptions): Displayable {
  if (options.components !== undefined || options.data !== undefined)
    throw new ArgumentError(`${operation}: components and data are drawn of functions of one number only`);
  const { target, x = [0, 1], title = "A function of two numbers" } = options;
  const { y = x } = options;
  const map = isPlaneFit(fit) ? sampledMap(operation, fit, x, y) : askedMap(fit, x, y);
  const points = Array.from(map.values, (value, i): Point => ({ x: i, y: value }));
  const text = target === undefined ? `f(x, y): ${rangeText(points)}.` : mapErrors(map, target);
  const names = ["x", "y"] as const;
  return chart(mapSpec({ title, subtitle: text, names, map, zTitle: "f(x, y)", logarithmic: false }), text);
}

/** A module or a fitted model at the places of a grid. */
function askedMap(fit: Fit, x: Range, y: Range): PlaneMap {
  const [across, up] = [gridLine(operation, "x", x, GRID), gridLine(operation, "y", y, GRID)];
  const places = up.flatMap((b) => across.flatMap((a) => [a, b]));
  return { x: across, y: up, values: valuesOf(fit, places, "fit", 2) };
}

function mapErrors(map: PlaneMap, target: PlaneFit): string {
  let [largest, squares, at] = [0, 0, 0];
  const { x, y, values } = map;
  for (let i = 0; i < values.length; i++) {
    const error = Math.abs(values[i]! - target(x[i % x.length]!, y[Math.floor(i / x.length)]!));
    squares += error ** 2;
    if (error > largest) [largest, at] = [error, i];
  }
  const rms = Math.sqrt(squares / values.length);
  if (!Number.isFinite(rms)) return "Not finite everywhere.";
  const place = `(${formatNumber(x[at % x.length]!, 2)}, ${formatNumber(y[Math.floor(at / x.length)]!, 2)})`;
  return `Largest error ${formatNumber(largest)} at ${place}, root mean squared ${formatNumber(rms)}.`;
}

function isFit(value: unknown): value is Fit {
  return (
    typeof value === "function" ||
    (typeof value === "object" && value !== null && "predict" in value && typeof value.predict === "function")
  );
}

function describe({ name, points }: Line, aim: readonly Point[] | null, named: boolean): string {
  const head = named ? `${name}: ` : "";
  if (aim === null) return `${head || "f(x): "}${rangeText(points)}`;
  let [largest, squares, at] = [0, 0, points[0]!.x];
  points.forEach(({ x, y }, i) => {
    const error = Math.abs(y - aim[i]!.y);
    squares += error ** 2;
    if (error > largest) [largest, at] = [error, x];
  });
  const rms = Math.sqrt(squares / points.length);
  if (!Number.isFinite(rms)) return `${head}not finite everywhere`;
  return `${head}largest error ${formatNumber(largest)} (at x = ${formatNumber(at)}), root mean squared ${formatNumber(rms)}`;
}

function pointsOf(one: Fit, places: readonly number[], name: string): Point[] {
  const values = valuesOf(one, places, name);
  return places.map((x, i) => ({ x, y: values[i]! }));
}

/** What the function says at places of `width` numbers each. */
function valuesOf(one: Fit, places: readonly number[], name: string, width = 1): ArrayLike<number> {
  if (one instanceof Module) return inEvaluation(one, () => ask((x) => one(x), places, name, width));
  if (typeof one === "function")
    return places.map((x) => {
      const value: unknown = one(x);
      if (typeof value === "number") return value;
      throw new ArgumentError(
        `${operation}: the function "${name}" must give a number for a number, got ${describeValue(value)}`,
      );
    });
  if (isFit(one)) return ask((x) => one.predict(x), places, name, width);
  throw new ArgumentError(
    `${operation}: "${name}" must be a function of numbers, a module or a fitted model, got ${describeValue(one)}`,
  );
}

function ask(
  model: (x: Tensor) => Tensor,
  places: readonly number[],
  name: string,
  width: number,
): ArrayLike<number> {
  const count = places.length / width;
  return noGrad(() =>
    withScope(() => {
      const said: unknown = model(tensor(places, { shape: [count, width] }));
      if (isTensor(said) && said.size === count) return said.toTypedArray().slice();
      throw new ShapeError(
        `${operation}: "${name}" must give one number for each x of [${count}, ${width}], it gave ${isTensor(said) ? formatShape(said.shape) : describeValue(said)}`,
      );
    }),
  );
}

function dataPoints({ x, y }: { readonly x: NumberSource; readonly y: NumberSource }): Point[] {
  const [xs, ys] = [listOf(x, `${operation}: data.x`), listOf(y, `${operation}: data.y`)];
  if (xs.length !== ys.length)
    throw new ShapeError(`${operation}: data has ${countOf(xs.length, "x")} for ${countOf(ys.length, "y")}`);
  return xs
    .map((at, i) => ({ x: at, y: ys[i]! }))
    .filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
}

function rangeOf(dots: readonly Point[]): [number, number] {
  if (dots.length === 0) return [0, 1];
  const xs = dots.map(({ x }) => x);
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}
