/** Points of classes in a plane: colours, shapes, sizes and layers that the pictures of learning share. */
import type { Dataset } from "../../../engine/data/dataset.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { hexOf, parseHex, type Rgb } from "../colours.ts";
import { isDataset } from "../data/images.ts";
import { type ChartSpec, rounded } from "../drawing/chart.ts";
import { ink, palette } from "../theme.ts";
import { countOf, formatShape } from "../wording.ts";

/** More points than this hide each other, and make the chart heavy. */
const MOST_POINTS = 1000;
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

/** A point in a scatter chart. */
export interface Dot {
  readonly x: number;
  readonly y: number;
  /** Its class; without labels none. */
  readonly class?: string;
  /** What the model took it for, where that is wrong. */
  readonly taken?: string;
}

/** Of many points every so many-th, so that all stretches of the list are shown; mistakes come last, on top. */
export function thinned(dots: readonly Dot[]): Dot[] {
  const step = Math.max(1, dots.length / MOST_POINTS);
  const some = Array.from({ length: Math.floor(dots.length / step) }, (_, i) => dots[Math.floor(i * step)]!);
  return some.sort((a, b) => Number(a.taken !== undefined) - Number(b.taken !== undefined));
}

/** The points with a white edge, by class where they have one, and a ring around each mistake. */
export function dotLayers(operation: string, dots: readonly Dot[], names: readonly string[]): ChartSpec[] {
  const values = dots.map((dot) => ({ ...dot, x: rounded(dot.x), y: rounded(dot.y) }));
  const labelled = dots.some((dot) => dot.class !== undefined);
  const place = {
    x: { field: "x", type: "quantitative" },
    y: { field: "y", type: "quantitative" },
  };
  const tooltip = [
    { field: "x", title: "x₁", format: ".3~g" },
    { field: "y", title: "x₂", format: ".3~g" },
    ...(labelled ? [{ field: "class", title: "class" }] : []),
  ];
  const many = values.length > 400;
  const size = many ? 26 : 44;
  const points: ChartSpec = {
    data: { values },
    mark: {
      type: "point",
      filled: true,
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
  if (wrong.length === 0) return [points];
  const rings: ChartSpec = {
    data: { values: wrong },
    mark: { type: "point", shape: "circle", filled: false, opacity: 1, size: 3.4 * size, strokeWidth: 1.5 },
    encoding: {
      ...place,
      color: { value: ink.strong },
      tooltip: [...tooltip, { field: "taken", title: "taken for" }],
    },
  };
  return [points, rings];
}

export type Range = readonly [low: number, high: number];

/** An axis over exactly this range. */
export function planeAxis(title: string, range: Range): object {
  return {
    title,
    type: "quantitative",
    scale: { domain: [rounded(range[0]), rounded(range[1])], nice: false, zero: false },
    axis: { grid: false, tickCount: 6, format: "~g" },
  };
}

/** Width and height in CSS pixels that give both axes one scale, as far as the picture stays readable. */
export function planeSize(x: Range, y: Range, width = 380): { width: number; height: number } {
  const height = (width * (y[1] - y[0])) / (x[1] - x[0]);
  return { width, height: Math.round(Math.min(1.1 * width, Math.max(0.5 * width, height))) };
}
