/** Points of classes in a plane: colours, shapes, sizes and layers that the pictures of learning share. */
import type { Dataset } from "../../../engine/data/dataset.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { hexOf, parseHex, type Rgb } from "../colours.ts";
import { isDataset } from "../data/images.ts";
import { type ChartSpec, rounded, someOf } from "../drawing/chart.ts";
import { ink, palette } from "../theme.ts";
import { countOf, formatCount, formatPercent, formatShape, wrapped } from "../wording.ts";

/** More points than this hide each other, and make the chart heavy. */
const MOST_POINTS = 1000;
const MOST_WIDE_RINGS = 100;
/** Beyond these, colours and shapes cannot be told apart. */
const MOST_CLASSES = 3 * palette.length;

const shapes = [
  "circle",
  "square",
  "triangle-up",
  "diamond",
  "cross",
  "triangle-down",
  "triangle-right",
  "triangle-left",
];

/** `colour` moved towards `other` by a share of the way. */
export function mixed(colour: Rgb, other: Rgb, share: number): Rgb {
  const part = (k: 0 | 1 | 2) => Math.round(colour[k] + share * (other[k] - colour[k]));
  return [part(0), part(1), part(2)];
}

/** The colour of a class: the palette, then darker, then lighter. */
export function classColour(label: number): Rgb {
  const plain = parseHex(palette[label % palette.length]!);
  const round = Math.floor(label / palette.length) % 3;
  return round === 0 ? plain : mixed(plain, round === 1 ? [0, 0, 0] : [255, 255, 255], 0.45);
}

/** Each class its colour and its shape; more than can be told apart are an error. */
export function classChannels(operation: string, names: readonly string[]): { color: object; shape: object } {
  if (names.length > MOST_CLASSES)
    throw new ArgumentError(
      `${operation}: ${countOf(names.length, "class", "classes")} cannot be told apart, at most ${MOST_CLASSES}; take some: dataset.filter((label) => label < 10)`,
    );
  const channel = (range: readonly string[]) => ({
    field: "class",
    type: "nominal",
    title: "class",
    scale: { domain: [...names], range },
    legend: { symbolSize: 60, symbolOpacity: 1 },
  });
  return {
    color: channel(names.map((_, label) => hexOf(classColour(label)))),
    shape: channel(
      names.map((_, label) => shapes[(label + Math.floor(label / palette.length)) % shapes.length]!),
    ),
  };
}

/** A data set of points `[N, 2]`. */
export function requirePoints(operation: string, dataset: unknown): Dataset {
  if (!isDataset(dataset))
    throw new ArgumentError(
      `${operation}: expected a data set of points such as data.moons(), got ${describeValue(dataset)}`,
    );
  if (dataset.sampleShape.join() === "2") return dataset;
  throw new ShapeError(
    `${operation}: draws points in the plane, samples of 2 numbers; those of ${dataset.name} are ${formatShape(dataset.sampleShape)}; show.hiddenSpace draws what a layer makes of them`,
  );
}

const axisNames = ["x₁", "x₂"] as const;

/** A point in a scatter chart. */
export interface Dot {
  readonly x: number;
  readonly y: number;
  /** Its class; without labels none. */
  readonly class?: string;
  /** What the model took it for, where that is wrong. */
  readonly taken?: string;
}

/** Some of many points; mistakes come last, on top. */
export function thinned(dots: readonly Dot[]): Dot[] {
  return [...someOf(dots, MOST_POINTS)].sort(
    (a, b) => Number(a.taken !== undefined) - Number(b.taken !== undefined),
  );
}

/** The points with a white edge, by class where they have one, and a ring around each mistake. */
function dotLayers(
  operation: string,
  dots: readonly Dot[],
  names: readonly string[],
  [across, up]: readonly [string, string] = axisNames,
): ChartSpec[] {
  const values = dots.map((dot) => ({ ...dot, x: rounded(dot.x), y: rounded(dot.y) }));
  const labelled = dots.some((dot) => dot.class !== undefined);
  const place = {
    x: { field: "x", type: "quantitative" },
    y: { field: "y", type: "quantitative" },
  };
  const tooltip = [
    { field: "x", title: across, format: ".3~g" },
    { field: "y", title: up, format: ".3~g" },
    ...(labelled ? [{ field: "class", title: "class" }] : []),
  ];
  const many = values.length > 400;
  const size = many ? 26 : 44;
  const points: ChartSpec = {
    mark: {
      type: "point",
      filled: true,
      clip: true,
      opacity: 1,
      size,
      ...(many ? {} : { stroke: ink.paper, strokeWidth: 0.8 }),
    },
    encoding: {
      ...place,
      ...(labelled ? classChannels(operation, names) : { color: { value: ink.text } }),
      tooltip,
    },
  };
  const wrong = values.filter(({ taken }) => taken !== undefined);
  if (wrong.length === 0) return [{ data: { values }, ...points }];
  const rings: ChartSpec = {
    transform: [{ filter: "isValid(datum.taken)" }],
    mark: {
      type: "point",
      shape: "circle",
      filled: false,
      clip: true,
      opacity: 1,
      // Very many rings would cover all points: they lie close around theirs then.
      size: (wrong.length > MOST_WIDE_RINGS ? 1.3 : 3.4) * size,
      strokeWidth: wrong.length > MOST_WIDE_RINGS ? 0.7 : 1.5,
    },
    encoding: {
      ...place,
      color: { value: ink.strong },
      tooltip: [...tooltip, { field: "taken", title: "taken for" }],
    },
  };
  return [{ data: { values }, layer: [points, rings] }];
}

export type Range = readonly [low: number, high: number];

/** An axis over exactly this range. */
export function planeAxis(title: string, range: Range): object {
  return {
    title,
    type: "quantitative",
    scale: { domain: [rounded(range[0]), rounded(range[1])], nice: false, zero: false },
    axis: { grid: false, tickCount: 6 },
  };
}

/** What a chart of points in a plane shows. */
export interface PlaneChart {
  operation: string;
  title: string;
  /** The result, below the title. */
  subtitle: string;
  /** What the coordinates are called. */
  names?: readonly [string, string];
  x: Range;
  y: Range;
  /** The address of an image of the whole plane, below the points. */
  image?: string | undefined;
  dots: readonly Dot[];
  classes: readonly string[];
}

/** A chart of points over an image of their plane. */
export function planeChart({
  operation,
  title,
  subtitle,
  names = axisNames,
  x,
  y,
  image,
  dots,
  classes,
}: PlaneChart): ChartSpec {
  const size = planeSize(x, y);
  const shown = thinned(dots);
  const part = shown.length < dots.length ? ` ${formatCount(shown.length)} of them are drawn.` : "";
  const below: ChartSpec = {
    data: { values: [{}] },
    mark: { type: "image", ...size, aspect: false, smooth: false, url: image },
    encoding: { x: { value: size.width / 2 }, y: { value: size.height / 2 } },
  };
  return {
    title: { text: title, subtitle: wrapped(`${subtitle}${part}`, size.width + 80) },
    ...size,
    encoding: { x: planeAxis(names[0], x), y: planeAxis(names[1], y) },
    layer: [...(image === undefined ? [] : [below]), ...dotLayers(operation, shown, classes, names)],
  };
}

/** "97.5 % of 200 points right, 5 mistakes (ringed)"; without labels how many there are. */
export function dotsSentence(dots: readonly Dot[], judged: boolean, noun = "point"): string {
  const wrong = dots.filter(({ taken }) => taken !== undefined).length;
  const count = countOf(dots.length, noun);
  if (!judged) return count;
  const mistakes = wrong > 0 ? `, ${countOf(wrong, "mistake")} (ringed)` : "";
  return `${formatPercent(1 - wrong / dots.length)} of ${count} right${mistakes}`;
}

/** The points at `places`, two numbers each, with their classes in the data set, and what was `said` of them. */
export function dotsOf(set: Dataset, places: ArrayLike<number>, said: ArrayLike<number> | null): Dot[] {
  const labels = set.isLabelled ? set.labels.toTypedArray() : null;
  const name = (label: number) => (label < 0 ? "NaN" : (set.classes[label] ?? String(label)));
  return Array.from({ length: set.size }, (_, i): Dot => {
    const place = { x: places[2 * i]!, y: places[2 * i + 1]! };
    if (labels === null) return place;
    const dot = { ...place, class: name(labels[i]!) };
    return said === null || labels[i] === said[i] ? dot : { ...dot, taken: name(said[i]!) };
  });
}

/** Width and height in CSS pixels that give both axes one scale, as far as the picture stays readable. */
export function planeSize(x: Range, y: Range, width = 380): { width: number; height: number } {
  const height = (width * (y[1] - y[0])) / (x[1] - x[0]);
  return { width, height: Math.round(Math.min(width, Math.max(0.5 * width, height))) };
}
