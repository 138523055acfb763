/** Charts of lines over one axis, with points and marks, that the pictures of functions share. */
import { ArgumentError } from "../../../engine/errors.ts";
import {
  type ChartSpec,
  domainOf,
  downsample,
  emptyPlot,
  logarithmic,
  type Point,
  rounded,
} from "../drawing/chart.ts";
import { dashes, ink, palette } from "../theme.ts";
import { countOf, formatNumber, wrapped } from "../wording.ts";

/** More lines than this cannot be told apart. */
const MOST_LINES = 10;
/** Points of all lines together: a chart stays small. */
const POINTS = 900;
/** How often all lines together may cross the chart from top to bottom. */
const MOST_TRAVEL = 190;

export interface Line {
  name: string;
  points: readonly Point[];
}

export interface AxisOptions {
  title: string;
  /** What the numbers are counted in, after the title: "learning rate", "s". */
  unit?: string | undefined;
  log?: boolean | undefined;
  /** From where to where; by the lines where left out. */
  range?: readonly [number, number] | undefined;
}

export interface LineChart {
  operation: string;
  title: string;
  subtitle: string;
  x: AxisOptions;
  y: AxisOptions;
  lines: readonly Line[];
  /** Drawn thin and grey below the lines: the parts of a sum. */
  thin?: readonly (readonly Point[])[];
  /** Drawn as dots below the lines: data. */
  dots?: readonly Point[];
  width?: number;
  height?: number;
}

/** The lines, each in its colour and dash, with a legend where there are several. */
export function lineChart(content: LineChart): ChartSpec {
  const { operation, title, subtitle, lines, thin = [], dots = [], width = 460, height = 240 } = content;
  if (lines.length > MOST_LINES)
    throw new ArgumentError(
      `${operation}: ${countOf(lines.length, "line")} cannot be told apart, at most ${MOST_LINES}; draw some of them`,
    );
  const names = lines.map(({ name }) => name);
  const all = [...lines.flatMap(({ points }) => [...points]), ...dots];
  const most = Math.max(30, Math.floor(POINTS / Math.max(3, lines.length + thin.length)));
  const everything = [...lines.map(({ points }) => points), ...thin];
  const budget = calmed(everything, most, content.y.log ?? false);
  const rows = lines.flatMap(({ name, points }) =>
    pieces(points, budget).map((row) => ({ ...row, line: name })),
  );
  const thinRows = thin.flatMap((points, i) =>
    pieces(points, budget).map((row) => ({ ...row, part: `${i}.${row.part}` })),
  );
  const legend =
    lines.length < 2
      ? null
      : {
          orient: "bottom",
          symbolType: "stroke",
          symbolSize: 500,
          columns: columnsFor(names, width),
          title: null,
        };
  const channel = (range: readonly unknown[]) => ({
    field: "line",
    type: "nominal",
    title: null,
    scale: { domain: names, range },
    legend,
  });
  const layer: ChartSpec[] = [];
  if (dots.length > 0)
    layer.push({
      data: { values: dots.map(({ x, y }) => ({ x: rounded(x), y: rounded(y) })) },
      mark: { type: "point", filled: true, size: 26, opacity: 0.55, color: ink.muted, clip: true },
    });
  if (thinRows.length > 0)
    layer.push({
      data: { values: thinRows },
      mark: { type: "line", strokeWidth: 1, opacity: 0.7, color: ink.muted, clip: true },
      encoding: { detail: { field: "part" } },
    });
  layer.push({
    data: { values: rows },
    mark: { type: "line", strokeWidth: 2, clip: true },
    encoding: {
      color: channel(names.map((_, i) => palette[i % palette.length])),
      strokeDash: channel(names.map((_, i) => dashes[i % dashes.length])),
      detail: { field: "part" },
      tooltip: [
        ...(names.length > 1 ? [{ field: "line", title: "line" }] : []),
        { field: "x", title: content.x.title, format: ".4~g" },
        { field: "y", title: content.y.title, format: ".4~g" },
      ],
    },
  });
  // A value between two that are not finite makes no line.
  const alone = rows.filter((row, i) => [rows[i - 1], rows[i + 1]].every((other) => apart(row, other)));
  if (alone.length > 0)
    layer.push({
      data: { values: alone },
      mark: { type: "point", filled: true, size: 36, opacity: 1 },
      encoding: { color: { ...channel(names.map((_, i) => palette[i % palette.length])), legend: null } },
    });
  if (rows.length === 0 && dots.length === 0) layer.push(emptyPlot(width, height));
  return {
    title: { text: title, subtitle: wrapped(subtitle, width + 40) },
    width,
    height,
    encoding: {
      x: axis(
        "x",
        content.x,
        all.map(({ x }) => x),
      ),
      y: axis(
        "y",
        content.y,
        all.map(({ y }) => y),
      ),
    },
    layer,
  };
}

interface PiecePlace {
  line: string;
  part: string;
}

const apart = (a: PiecePlace, b: PiecePlace | undefined): boolean => a.line !== b?.line || a.part !== b.part;

function columnsFor(names: readonly string[], width: number): number {
  const longest = Math.max(...names.map((name) => Math.min(32, name.length)));
  return Math.max(1, Math.floor(width / (longest * 7 + 44)));
}

function axis(
  field: "x" | "y",
  { title, unit, log = false, range }: AxisOptions,
  values: readonly number[],
): object {
  const { scale, axis: ticks } = log ? logarithmic(values) : plain(field, range, values);
  return {
    field,
    type: "quantitative",
    title: unit === undefined ? title : `${title} (${unit})`,
    scale,
    axis: { ...ticks, ...(field === "x" ? { grid: false } : {}) },
  };
}

const plain = (
  field: "x" | "y",
  range: AxisOptions["range"],
  values: readonly number[],
): { scale: object; axis: object } => ({
  scale: {
    zero: false,
    nice: field === "y",
    ...domainOf(values),
    ...(range === undefined ? {} : { domain: range.map(rounded), nice: false }),
  },
  axis: { tickCount: field === "x" ? 8 : 6 },
});

/**
 * How many points of each line are drawn: `most`, or fewer where the lines go up and down so much that nobody could follow them,
 * and that their picture would be heavy.
 */
function calmed(lines: readonly (readonly Point[])[], most: number, log: boolean): number {
  const height = log ? Math.log : (y: number) => y;
  const heights = lines.map((points) => pieces(points, most).map(({ y }) => height(y)));
  const values = heights.flat();
  const [low, high] = values.reduce(([a, b], y) => [Math.min(a, y), Math.max(b, y)], [Infinity, -Infinity]);
  const way = heights.reduce(
    (sum, line) =>
      sum + line.reduce((length, y, i) => (i === 0 ? 0 : length + Math.abs(y - line[i - 1]!)), 0),
    0,
  );
  const travel = way / (high! - low!);
  return travel > MOST_TRAVEL ? Math.max(12, Math.floor((most * MOST_TRAVEL) / travel)) : most;
}

/** A line's points, downsampled, in parts: where a value is not finite the line is broken. */
function pieces(points: readonly Point[], budget: number): { x: number; y: number; part: string }[] {
  const parts: Point[][] = [[]];
  for (const point of points) {
    if (Number.isFinite(point.x) && Number.isFinite(point.y)) parts.at(-1)!.push(point);
    else if (parts.at(-1)!.length > 0) parts.push([]);
  }
  return parts.flatMap((part, i) =>
    downsample(part, Math.max(3, Math.ceil((budget * part.length) / points.length))).map(({ x, y }) => ({
      x: rounded(x)!,
      y: rounded(y)!,
      part: String(i),
    })),
  );
}

/** "from −0.28 to 4"; "2.5 everywhere"; what is not finite is counted. */
export function rangeText(points: readonly Point[]): string {
  const values = points.map(({ y }) => y).filter(Number.isFinite);
  const odd = points.length - values.length;
  const note = odd > 0 ? ` (${countOf(odd, "value")} not finite)` : "";
  if (values.length === 0) return "none finite";
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [
    Infinity,
    -Infinity,
  ] as [number, number]);
  return `${low === high ? `${formatNumber(low)} everywhere` : `from ${formatNumber(low)} to ${formatNumber(high)}`}${note}`;
}
