/** The loss along a line through a network's weights, or along several. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import type { LossSlice } from "../../../engine/inspection/landscape.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type ChartSpec, chart, type Point, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { ink } from "../theme.ts";
import { countOf, formatNumber } from "../wording.ts";
import { type Line, lineChart } from "./lines.ts";

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
  checkOptions("show.lossSlice", options, ["title", "xTitle", "log"]);
  const operation = "show.lossSlice";
  const { title = "The loss along a line", xTitle = "along the direction", log = false } = options;
  const named: [string, LossSlice][] = isSlice(source) ? [["loss", source]] : Object.entries(source ?? {});
  if (named.length === 0)
    throw new ShapeError(
      `${operation}: no slice to draw; give what inspection.lossSlice returns, or several by name`,
    );
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
    if (found && points.every(({ y }) => y === found.y))
      return `${head}the loss is ${formatNumber(found.y)} everywhere`;
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
  const marks = minima.flatMap((found, i) =>
    found && lines[i]!.points.some(({ y }) => y !== found.y)
      ? [{ x: rounded(found.x), y: rounded(found.y) }]
      : [],
  );
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
