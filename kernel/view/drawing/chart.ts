/** Vega-Lite charts as displays: a v5 specification that front ends draw, the same as PNG, and one sentence. */

import { Generator } from "../../../engine/random.ts";
import { valueRange } from "../colours.ts";
import type { Displayable } from "../mime.ts";
import { fontSize, ink, vegaConfig } from "../theme.ts";
import { formatNumber } from "../wording.ts";
import { Drawn } from "./drawn.ts";
import { decades } from "./ticks.ts";

/** CSS pixels between the title of all and the panels. */
const panelsOffset = 18;

export type ChartSpec = Record<string, unknown>;

/** The specification with its schema and our look. Valid for Vega-Lite 5 (front ends) and 6 (our renderer). */
export function themed(spec: ChartSpec, description: string): ChartSpec {
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    description,
    ...spec,
    // Charts beside each other have titles of their own, which stand apart from the one of all.
    ...("concat" in spec || "hconcat" in spec
      ? { title: { ...(spec.title as ChartSpec), offset: panelsOffset } }
      : {}),
    config: vegaConfig,
  };
}

/** A chart that states its result in `text`. Where it cannot be drawn here, the specification and the text remain. */
export function chart(spec: ChartSpec, text: string): Displayable {
  return new Drawn({ kind: "chart", spec: themed(spec, text) }, text);
}

export interface Point {
  x: number;
  y: number;
}

/**
 * At most `limit` of the points, keeping the series' look: first, last, and from each bucket between the one that spans the
 * largest triangle with its neighbours (largest triangle three buckets; S. Steinarsson, 2013). Points that are not finite go.
 */
export function downsample(points: readonly Point[], limit: number): Point[] {
  const finite = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  if (limit < 3) throw new RangeError(`downsample: limit must be at least 3, got ${limit}`);
  if (finite.length <= limit) return finite;
  const width = (finite.length - 2) / (limit - 2);
  const kept = [finite[0]!];
  for (let bucket = 0; bucket < limit - 2; bucket++) {
    const start = 1 + Math.floor(bucket * width);
    const end = 1 + Math.floor((bucket + 1) * width);
    const next = meanPoint(finite, end, Math.min(finite.length, 1 + Math.floor((bucket + 2) * width)));
    kept.push(largestTriangle(finite, start, end, kept[kept.length - 1]!, next));
  }
  kept.push(finite[finite.length - 1]!);
  return kept;
}

function meanPoint(points: readonly Point[], start: number, end: number): Point {
  const last = Math.max(end, start + 1);
  let [x, y] = [0, 0];
  for (let i = start; i < last; i++) {
    x += points[i]!.x;
    y += points[i]!.y;
  }
  return { x: x / (last - start), y: y / (last - start) };
}

function largestTriangle(points: readonly Point[], start: number, end: number, a: Point, c: Point): Point {
  let best = points[start]!;
  let bestArea = -1;
  for (let i = start; i < end; i++) {
    const b = points[i]!;
    const area = Math.abs((a.x - c.x) * (b.y - a.y) - (a.x - b.x) * (c.y - a.y));
    if (area > bestArea) [best, bestArea] = [b, area];
  }
  return best;
}

/** The mean of each of at most `count` equal stretches of the series: its trend without the noise. */
export function smooth(points: readonly Point[], count: number): Point[] {
  const finite = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  if (finite.length <= count) return finite;
  return Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * finite.length) / count);
    return meanPoint(finite, start, Math.floor(((i + 1) * finite.length) / count));
  });
}

/** Five significant digits are more than a chart shows, and halve its specification. */
export function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}

/** Scale and axis of positive values over several powers of ten; `print` writes a power as the axis does. */
export function logarithmic(values: readonly number[]): {
  scale: ChartSpec;
  axis: ChartSpec;
  print: (power: number) => string;
} {
  const { low, high, ticks } = decades(values);
  return { scale: { type: "log", domain: [low, high], nice: false }, ...powersAxis(ticks) };
}

/** Ticks at powers of ten in one notation: all as 0.01, or, where one of them is small or large, all as 1e−2. */
export function powersAxis(ticks: readonly number[]): {
  axis: ChartSpec;
  print: (power: number) => string;
} {
  const plain = ticks.every((tick) => tick >= 1e-3 && tick < 1e6);
  const labelExpr = plain
    ? "format(datum.value, ',~r')"
    : "replace(replace(format(datum.value, '~e'), '-', '−'), '+', '')";
  const print = (power: number) =>
    plain ? formatNumber(power) : power.toExponential().replace("-", "−").replace("+", "");
  return { axis: { values: ticks, labelExpr }, print };
}

/** The range of the finite values: around the one that all have it has room, and where none is finite it is 0 to 1. */
export function roomyRange(values: ArrayLike<number>): { low: number; high: number } {
  const { low, high } = valueRange(values);
  const room = low === high ? Math.abs(low) / 2 || 1 : 0;
  return { low: low - room, high: high + room };
}

/** The domain of an axis whose values leave it none: one value, or none that is finite. */
export function domainOf(values: ArrayLike<number>): { domain?: [number, number] } {
  const { low, high, nan, infinite } = valueRange(values);
  if (low < high && nan + infinite < values.length) return {};
  const roomy = roomyRange(values);
  return { domain: [roomy.low, roomy.high] };
}

/** Words in the middle of a plot of this size that would be empty. */
export function emptyPlot(width: number, height: number, text = "no finite value"): ChartSpec {
  return {
    data: { values: [{}] },
    mark: { type: "text", text, color: ink.muted, fontSize: fontSize.label },
    encoding: { x: { value: width / 2 }, y: { value: height / 2 } },
  };
}

/** Every `step`th of the items, so that at most `most` are left: for what has an order, such as layers. */
export function everyFew<T>(items: readonly T[], most: number): { kept: T[]; step: number } {
  const step = Math.ceil(items.length / most);
  return { kept: items.filter((_, i) => i % step === 0), step };
}

/** At most `most` of the items, drawn by chance but always the same, in their order: of classes that alternate, all stay. */
export function someOf<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  const chance = new Generator(1);
  let left = most;
  return items.filter((_, i) => {
    const taken = chance.uniform() < left / (items.length - i);
    if (taken) left--;
    return taken;
  });
}

/** An axis label for long paths in a model: their end is kept, which tells one layer from the next. */
export const pathLabel = "length(datum.label) > 28 ? '…' + slice(datum.label, -27) : datum.label";
