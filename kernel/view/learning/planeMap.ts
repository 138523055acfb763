/** Values over a plane as a chart: bands of colour with their legend, and whatever is drawn on them. */
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import type { ChartSpec, Point } from "../drawing/chart.ts";
import { wrapped } from "../wording.ts";
import { bandsLegend, bandsOf, between, contourImage } from "./contours.ts";
import { planeAxis, planeSize, type Range } from "./scatter.ts";

export interface PlaneMap {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Row by row from the lowest y. */
  readonly values: ArrayLike<number>;
}

/** Places along each side at which a function is asked. */
const PLACES = 91;

/** A function of two numbers at the places of a grid. */
export function sampledMap(
  operation: string,
  f: (x: number, y: number) => number,
  across: Range,
  up: Range,
): PlaneMap {
  const [x, y] = [gridLine(operation, "x", across), gridLine(operation, "y", up)];
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

/** Places from low to high, both included. */
export function gridLine(operation: string, name: string, [low, high]: Range, places = PLACES): number[] {
  if (!(low < high && Number.isFinite(high - low)))
    throw new ArgumentError(
      `${operation}: ${name} is [low, high] with low below high, got [${low}, ${high}]`,
    );
  return Array.from({ length: places }, (_, i) => low + ((high - low) * i) / (places - 1));
}

export interface MapPlace extends Point {
  readonly value: number;
}

/** Where the map is lowest; null where it is nowhere finite. */
export function lowestPlace({ x, y, values }: PlaneMap): MapPlace | null {
  let best = -1;
  for (let i = 0; i < values.length; i++)
    if (Number.isFinite(values[i]!) && (best < 0 || values[i]! < values[best]!)) best = i;
  if (best < 0) return null;
  return { x: x[best % x.length]!, y: y[Math.floor(best / x.length)]!, value: values[best]! };
}

/** The map's value at a place, interpolated; null outside. */
export function valueAt({ x, y, values }: PlaneMap, { x: a, y: b }: Point): number | null {
  const place = (axis: readonly number[], at: number) =>
    ((at - axis[0]!) / (axis.at(-1)! - axis[0]!)) * (axis.length - 1);
  const [i, j] = [place(x, a), place(y, b)];
  if (!(i >= 0 && j >= 0 && i <= x.length - 1 && j <= y.length - 1)) return null;
  const [left, bottom] = [Math.min(Math.floor(i), x.length - 2), Math.min(Math.floor(j), y.length - 2)];
  return between(values, bottom * x.length + left, x.length, i - left, j - bottom);
}

export interface MapContent {
  title: string;
  subtitle: string;
  /** What the coordinates are called. */
  names: readonly [string, string];
  map: PlaneMap;
  /** What the values are. */
  zTitle: string;
  /** Whether values that span powers of ten have bands in logarithms; true where left out. */
  logarithmic?: boolean;
  /** What is drawn on the map; fields `x` and `y` are its coordinates. */
  layers?: readonly ChartSpec[];
}

export function mapSpec(content: MapContent): ChartSpec {
  const { title, subtitle, names, map, zTitle, logarithmic = true, layers = [] } = content;
  const x: Range = [map.x[0]!, map.x.at(-1)!];
  const y: Range = [map.y[0]!, map.y.at(-1)!];
  const size = planeSize(x, y, 400);
  const found = bandsOf(map.values, "viridis");
  const bands = { ...found, log: found.log && logarithmic };
  const url = contourImage({ columns: map.x.length, rows: map.y.length, values: map.values }, bands);
  return {
    title: { text: title, subtitle: wrapped(subtitle, size.width + 90) },
    ...size,
    encoding: { x: { field: "x", ...planeAxis(names[0], x) }, y: { field: "y", ...planeAxis(names[1], y) } },
    layer: [
      {
        data: { values: [{}] },
        mark: { type: "image", ...size, aspect: false, smooth: false, url },
        encoding: { x: { value: size.width / 2 }, y: { value: size.height / 2 } },
      },
      bandsLegend(bands, zTitle, size.height, { x: x[0], y: y[0] }),
      ...layers,
    ],
  };
}
