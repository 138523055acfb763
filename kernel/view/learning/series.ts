/** Plain lines: one series of numbers or several over a common axis. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import { chart, type Point } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { isTensorLike, listOf, type NumberSource } from "../values.ts";
import { countOf, formatNumber } from "../wording.ts";
import { type Line, lineChart, rangeText } from "./lines.ts";

/** Options of `series`. */
export interface SeriesOptions {
  /** Where the values lie along the axis; 0, 1, 2 … where left out. */
  x?: NumberSource;
  /** A title above the chart. */
  title?: string;
  /** What the horizontal axis is, "index" where left out. */
  xTitle?: string;
  /** What the vertical axis is, "value" where left out. */
  yTitle?: string;
  /** Unit of the horizontal axis, such as "s". */
  xUnit?: string;
  /** Unit of the vertical axis. */
  yUnit?: string;
  /** Which axes are logarithmic; none where left out. */
  log?: "x" | "y" | "both";
}

/** Numbers, or a function of x. */
export type SeriesSource = NumberSource | ((x: number) => number);

const operation = "show.series";

/**
 * Draws numbers as lines over a common axis: one series, or several by name, as numbers or as functions of `x`. Values that are
 * not finite break the line.
 *
 * @example
 * show.series([5, 3, 2.4, 2.2], { xTitle: "epoch", yTitle: "loss" });
 * const a = linspace(-4, 4, 200);
 * show.series({ ReLU: a.relu(), softplus: (x: number) => Math.log(1 + Math.exp(x)) }, { x: a, xTitle: "a", yTitle: "g(a)" });
 */
export function series(
  source: SeriesSource | Readonly<Record<string, SeriesSource>>,
  options: SeriesOptions = {},
): Displayable {
  checkOptions(operation, options, ["x", "title", "xTitle", "yTitle", "xUnit", "yUnit", "log"]);
  const { title = "Series", xTitle = "index", yTitle = "value", xUnit, yUnit, log } = options;
  if (log !== undefined && log !== "x" && log !== "y" && log !== "both")
    throw new ArgumentError(`${operation}: log must be "x", "y" or "both", got ${describeValue(log)}`);
  const named = isNamed(source) ? Object.entries(source) : [[yTitle, source] as const];
  if (named.length === 0)
    throw new ShapeError(`${operation}: no series to draw; give numbers, or several lists by name`);
  const x = options.x === undefined ? null : listOf(options.x, `${operation}: x`);
  const lines = named.map(([name, values]): Line => ({ name, points: pointsOf(values, x, name) }));
  for (const [flag, field] of [
    ["x", "x"],
    ["y", "y"],
  ] as const)
    if (log === flag || log === "both") requirePositive(lines, field);
  const text = `${sentence(lines, xTitle)}.`;
  const spec = lineChart({
    operation,
    title,
    subtitle: text,
    x: { title: xTitle, unit: xUnit, log: log === "x" || log === "both" },
    y: { title: yTitle, unit: yUnit, log: log === "y" || log === "both" },
    lines,
  });
  return chart(spec, text);
}

function isNamed(source: unknown): source is Readonly<Record<string, SeriesSource>> {
  return (
    typeof source === "object" &&
    source !== null &&
    Object.getPrototypeOf(source) === Object.prototype &&
    !isTensorLike(source)
  );
}

function pointsOf(source: SeriesSource, x: number[] | null, name: string): Point[] {
  if (typeof source === "function") {
    if (x === null)
      throw new ArgumentError(`${operation}: the function "${name}" needs to know where: give x`);
    return x.map((at) => ({ x: at, y: numberOf(source(at), name) }));
  }
  const values = listOf(source, `${operation}: ${name}`);
  if (values.length === 0)
    throw new ShapeError(`${operation}: "${name}" has no values; give one number or more`);
  if (x !== null && x.length !== values.length)
    throw new ShapeError(
      `${operation}: "${name}" has ${countOf(values.length, "value")} for ${countOf(x.length, "place")} in x; give one for each`,
    );
  return values.map((y, i) => ({ x: x?.[i] ?? i, y }));
}

function numberOf(value: unknown, name: string): number {
  if (typeof value === "number") return value;
  throw new ArgumentError(
    `${operation}: the function "${name}" must give numbers, got ${describeValue(value)}`,
  );
}

function requirePositive(lines: readonly Line[], field: "x" | "y"): void {
  for (const { name, points } of lines) {
    const bad = points.find((point) => point[field] <= 0);
    if (bad)
      throw new ArgumentError(
        `${operation}: a logarithmic axis has no place for ${formatNumber(bad[field])} of "${name}"; leave log out, or draw values above 0`,
      );
  }
}

function sentence(lines: readonly Line[], xTitle: string): string {
  const [first] = lines as [Line];
  const count = countOf(first.points.length, "value");
  if (lines.length === 1) return `${first.name} over ${xTitle}: ${count}, ${rangeText(first.points)}`;
  const ranges = lines.slice(0, 4).map(({ name, points }) => `${name} ${rangeText(points)}`);
  const more = lines.length > 4 ? `; and ${countOf(lines.length - 4, "more", "more")}` : "";
  return `${countOf(lines.length, "line")} over ${xTitle}: ${ranges.join("; ")}${more}`;
}
