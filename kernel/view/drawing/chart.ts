/** Vega-Lite charts as displays: a v5 specification that front ends draw, the same as PNG, and one sentence. */

import type { Displayable } from "../mime.ts";
import { vegaConfig } from "../theme.ts";
import { Drawn } from "./drawn.ts";
import { decades } from "./ticks.ts";

export type ChartSpec = Record<string, unknown>;

/** The specification with its schema and our look. Valid for Vega-Lite 5 (front ends) and 6 (our renderer). */
export function themed(spec: ChartSpec, description: string): ChartSpec {
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    description,
    ...spec,
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

/** Scale and axis of positive values over several powers of ten, with a true minus sign in 1e−7. */
export function logarithmic(values: readonly number[]): { scale: ChartSpec; axis: ChartSpec } {
  const { low, high, ticks } = decades(values);
  return {
    scale: { type: "log", domain: [low, high], nice: false },
    axis: {
      values: ticks,
      labelExpr: "replace(format(datum.value, datum.value < 0.001 ? '~e' : '~g'), '-', '−')",
    },
  };
}

/** Every `step`th of the items, so that at most `most` are left. */
export function everyFew<T>(items: readonly T[], most: number): { kept: T[]; step: number } {
  const step = Math.ceil(items.length / most);
  return { kept: items.filter((_, i) => i % step === 0), step };
}

/** An axis label for long paths in a model: their end is kept, which tells one layer from the next. */
export const pathLabel = "length(datum.label) > 28 ? '…' + slice(datum.label, -27) : datum.label";
