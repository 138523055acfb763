/** Dates with labels along a line, for the history of a subject. Labels are moved apart until none covers another. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import { chart, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { ink, palette } from "../theme.ts";
import { countOf, wrapped } from "../wording.ts";

/** What happened when. */
export interface TimelineEvent {
  /** A year, or from when to when. */
  readonly date: number | readonly [from: number, to: number];
  /** What happened, in a few words. */
  readonly label: string;
  /** What kind of event it is; kinds differ in colour and shape. */
  readonly group?: string;
}

/** Options of `timeline`. */
export interface TimelineOptions {
  /** A title above the picture. */
  title?: string;
}

const operation = "show.timeline";
const LINE = 15;
const GAP = 7;
const LABEL_WIDTH = 380;
const MOST_EVENTS = 36;
const shapes = [
  "circle",
  "square",
  "diamond",
  "triangle-up",
  "cross",
  "triangle-down",
  "triangle-right",
  "triangle-left",
];

/**
 * Draws events along a line of time, each beside its date in order; spans as bars. Lecture steps 000.8, 000.28 and 004.35.
 *
 * Dates are numbers, years as a rule: 2012, or 2012.75 for September. Give a table from years to labels, or a list of events, which
 * may last from one date to another and belong to groups.
 *
 * @example
 * show.timeline({ 1958: "Perceptron (Rosenblatt)", 1986: "Backpropagation", 2012: "AlexNet wins ImageNet" });
 * show.timeline([{ date: 1958, label: "Perceptron" }, { date: [1969, 1986], label: "The first silence" }]);
 */
export function timeline(
  events: readonly TimelineEvent[] | Readonly<Record<number, string>>,
  options: TimelineOptions = {},
): Displayable {
  checkOptions(operation, options, ["title"]);
  const rows = eventsOf(events).sort((a, b) => a.from - b.from || a.to - b.to);
  const first = rows[0]!.from;
  const last = rows.reduce((latest, { to }) => Math.max(latest, to), first);
  const heights = rows.map(({ lines }) => lines.length * LINE);
  const needed = heights.reduce((sum, height) => sum + height + GAP, -GAP);
  const height = Math.max(180, Math.round(1.15 * needed));
  const y = (date: number) =>
    last > first ? ((date - first) / (last - first)) * (height - LINE) + LINE / 2 : height / 2;
  const places = spread(
    rows.map(({ from, to }) => y((from + to) / 2)),
    heights,
    height,
  );
  const groups = [...new Set(rows.flatMap(({ group }) => (group === undefined ? [] : [group])))];
  if (groups.length > palette.length)
    throw new ArgumentError(
      `${operation}: at most ${palette.length} groups can be told apart, got ${groups.length}`,
    );
  const span = last > first ? `, ${formatDate(first)} to ${formatDate(last)}` : "";
  const title = options.title ?? "Timeline";
  const text = `${countOf(rows.length, "event")}${span}: ${rows
    .slice(0, 3)
    .map(({ date, label }) => `${date} ${label}`)
    .join(", ")}${rows.length > 3 ? " …" : ""}.`;
  const values = rows.map(({ from, to, date, label, lines, group = "" }, i) => ({
    date,
    label,
    lines,
    group,
    at: rounded(y((from + to) / 2)),
    start: rounded(y(from)),
    end: rounded(y(to)),
    place: rounded(places[i]!),
    // Vega counts the first of several lines from where the text is put.
    lineAt: rounded(places[i]! - ((lines.length - 1) * LINE) / 2),
  }));
  const pixels = (field: string) => ({
    field,
    type: "quantitative",
    scale: { domain: [0, height], range: [0, height], nice: false, zero: false },
    axis: null,
  });
  const grouped = groups.length > 0;
  const colour = grouped
    ? {
        color: channel(groups, palette),
        shape: channel(groups, shapes),
      }
    : { color: { value: palette[0] } };
  const tooltip = [
    { field: "date", title: "when" },
    { field: "label", title: "what" },
    ...(grouped ? [{ field: "group", title: "kind" }] : []),
  ];
  const [axisX, bendX, labelX] = [60, 92, 100];
  const textMark = { type: "text", baseline: "middle", lineHeight: LINE };
  const spec = {
    title: { text: title, subtitle: wrapped(`${countOf(rows.length, "event")}${span}`, LABEL_WIDTH) },
    width: labelX + LABEL_WIDTH,
    height,
    data: { values },
    layer: [
      {
        data: { values: [{}] },
        mark: { type: "rule", color: ink.line, strokeWidth: 2 },
        encoding: { x: { value: axisX }, y: { value: 0 }, y2: { value: height } },
      },
      {
        transform: [{ filter: "datum.start !== datum.end" }],
        mark: { type: "rule", strokeWidth: 7, opacity: 0.45, strokeCap: "round" },
        encoding: {
          x: { value: axisX },
          y: pixels("start"),
          y2: { field: "end" },
          ...("shape" in colour ? { color: colour.color } : colour),
        },
      },
      {
        mark: { type: "rule", color: ink.line },
        encoding: { x: { value: axisX }, x2: { value: bendX }, y: pixels("at"), y2: { field: "place" } },
      },
      {
        mark: { type: "point", filled: true, size: 70, opacity: 1, stroke: ink.paper, strokeWidth: 1 },
        encoding: { x: { value: axisX }, y: pixels("at"), ...colour, tooltip },
      },
      {
        mark: { ...textMark, align: "left", color: ink.strong, fontSize: 12, limit: LABEL_WIDTH },
        encoding: {
          x: { value: labelX + dateWidth(rows) },
          y: pixels("lineAt"),
          text: { field: "lines" },
          tooltip,
        },
      },
      {
        mark: { ...textMark, align: "left", color: ink.strong, fontWeight: "bold", fontSize: 12 },
        encoding: { x: { value: labelX }, y: pixels("lineAt"), text: { field: "date" } },
      },
    ],
  };
  return chart(spec, text);
}

const channel = (groups: readonly string[], range: readonly string[]) => ({
  field: "group",
  type: "nominal",
  title: null,
  scale: { domain: groups, range: range.slice(0, groups.length) },
  legend: { orient: "top", symbolSize: 70, symbolOpacity: 1 },
});

interface Row {
  from: number;
  to: number;
  /** The date as text. */
  date: string;
  label: string;
  lines: string[];
  group: string | undefined;
}

function eventsOf(events: unknown): Row[] {
  const list: unknown[] = Array.isArray(events)
    ? events
    : typeof events === "object" && events !== null
      ? Object.entries(events).map(([date, label]) => ({ date: Number(date), label }))
      : [];
  if (list.length === 0)
    throw new ShapeError(
      `${operation}: expected events such as { 1958: "Perceptron" }, got ${Array.isArray(events) ? "none" : describeValue(events)}`,
    );
  if (list.length > MOST_EVENTS)
    throw new ArgumentError(
      `${operation}: ${countOf(list.length, "event")} are too many for one picture, at most ${MOST_EVENTS}; draw a part`,
    );
  return list.map(rowOf);
}

function rowOf(event: unknown): Row {
  const { date, label, group } = (event ?? {}) as Partial<TimelineEvent>;
  const [from, to] = Array.isArray(date) ? (date as number[]) : [date, date];
  if (typeof from !== "number" || typeof to !== "number" || !Number.isFinite(to - from) || to < from)
    throw new ArgumentError(
      `${operation}: a date is a number such as 1958, or [from, to], got ${describeValue(date)} for ${describeValue(label)}`,
    );
  if (typeof label !== "string" || label === "")
    throw new ArgumentError(
      `${operation}: the event of ${formatDate(from)} needs a label, got ${describeValue(label)}`,
    );
  const text = from === to ? formatDate(from) : `${formatDate(from)}–${formatDate(to)}`;
  return { from, to, date: text, label, lines: wrapped(label, LABEL_WIDTH - 110), group };
}

/** Years as they are written, without a comma; a fraction of a year is cut. */
const formatDate = (date: number): string => String(Math.floor(date)).replace("-", "−");

const dateWidth = (rows: readonly Row[]): number =>
  8.5 * Math.max(...rows.map(({ date }) => date.length)) + 8;

/** Places as near to the wanted ones as labels of these heights allow, in the same order, within 0 to `height`. */
function spread(wanted: readonly number[], heights: readonly number[], height: number): number[] {
  const places = [...wanted];
  let free = 0;
  for (let i = 0; i < places.length; i++) {
    places[i] = Math.max(places[i]!, free + heights[i]! / 2);
    free = places[i]! + heights[i]! / 2 + GAP;
  }
  let below = height;
  for (let i = places.length - 1; i >= 0; i--) {
    places[i] = Math.min(places[i]!, below - heights[i]! / 2);
    below = places[i]! - heights[i]! / 2 - GAP;
  }
  return places;
}
