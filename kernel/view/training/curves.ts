/** Learning curves: loss and metrics of one training or several. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import {
  type ChartSpec,
  chart,
  domainOf,
  downsample,
  emptyPlot,
  type Point,
  rounded,
  smooth,
} from "../drawing/chart.ts";
import { epochTicks } from "../drawing/ticks.ts";
import type { Displayable } from "../mime.ts";
import { dashes, palette, role } from "../theme.ts";
import { countOf, formatNumber, formatPercent, wrapped } from "../wording.ts";
import { eventLayers, eventsOf, type TrainingEvent } from "./events.ts";
import { type EpochLike, type HistoryLike, stepPoints } from "./history.ts";

/** Options of `curves`. */
export interface CurvesOptions {
  /** What the chart is of; chosen by its content where left out. */
  title?: string;
  /** Lines under the title; the result in a sentence where left out. */
  subtitle?: string | readonly string[];
  /** The result in a sentence; made from the histories where left out. */
  text?: string;
}

/** Rates are drawn and told in per cent. */
export function isRate(metric: string): boolean {
  return (
    /accuracy|error|precision|recall|rate|^f1$/i.test(metric) && !/squared|absolute|learning/i.test(metric)
  );
}

export const printMetric = (metric: string, value: number): string =>
  isRate(metric) ? formatPercent(value) : formatNumber(value);

/**
 * Draws loss and metrics over the epochs, training solid and validation dashed; several trainings in one chart by name.
 *
 * @example
 * const history = await fit(model, train, { epochs: 5, optimizer, validation: test });
 * show.curves(history);
 * show.curves({ SGD: first, Adam: second });
 */
export function curves(
  source: HistoryLike | Readonly<Record<string, HistoryLike>>,
  options: CurvesOptions = {},
): Displayable {
  checkOptions("show.curves", options, ["title", "subtitle", "text"]);
  const runs = isHistory(source) ? { "": source } : source;
  for (const [name, run] of Object.entries(runs)) {
    if (!isHistory(run))
      throw new ArgumentError(
        `show.curves: expected a History, as await fit(…) returns, or several by name; got ${describeValue(run)}${name && ` for "${name}"`}`,
      );
    if (run.steps.length === 0 && run.epochs.length === 0) {
      throw new ShapeError(
        `show.curves: the history${name && ` "${name}"`} is empty: nothing was trained; give what await fit(…) returns after a step or more`,
      );
    }
  }
  if (Object.keys(runs).length === 0)
    throw new ShapeError(
      "show.curves: no history to draw; give what await fit(…) returns, or several by name",
    );
  const text = options.text ?? curvesSentence(runs);
  return chart(curvesSpec(runs, options), text);
}

function isHistory(value: unknown): value is HistoryLike {
  return (
    typeof value === "object" &&
    value !== null &&
    "steps" in value &&
    "epochs" in value &&
    Array.isArray(value.epochs)
  );
}

function subtitleOf(runs: Readonly<Record<string, HistoryLike>>): string[] {
  const results = Object.entries(runs).flatMap(([name, run]) =>
    wrapped(curvesSentence({ [name]: run }), 680),
  );
  const validated = Object.values(runs).some(({ epochs }) => epochs.some(({ validation }) => validation));
  const several = Object.keys(runs).length > 1;
  return several && validated ? [...results, "solid: training data, dashed: validation data"] : results;
}

/** "5 epochs: loss 0.031, accuracy 99.1 %; validation loss 0.042, validation accuracy 98.7 %." */
export function curvesSentence(runs: Readonly<Record<string, HistoryLike>>): string {
  const parts = Object.entries(runs).map(([name, { epochs, steps }]) => {
    const start = `${name && `${name}: `}${epochs.length > 0 ? countOf(epochs.length, "epoch") : countOf(steps.length, "step")}`;
    const last = epochs[epochs.length - 1];
    if (!last) return `${start}, loss ${formatNumber(steps[steps.length - 1]!.loss)}`;
    return `${start}, ${epochText(last)}`;
  });
  return `${parts.join(". ")}.`;
}

export function epochText(epoch: EpochLike): string {
  const own = [["loss", epoch.loss] as const, ...Object.entries(epoch.metrics)];
  const validation = Object.entries(epoch.validation ?? {}).map(([name, value]) => [name, value] as const);
  const print = ([name, value]: readonly [string, number]) => `${name} ${printMetric(name, value)}`;
  const trained = own.map(print).join(", ");
  return validation.length === 0
    ? trained
    : `${trained}; on validation data ${validation.map(print).join(", ")}`;
}

/** Metric names of all runs, in order of appearance. */
function metricNames(runs: readonly HistoryLike[]): string[] {
  const names = runs.flatMap(({ epochs }) =>
    epochs.flatMap(({ metrics, validation }) => [...Object.keys(metrics), ...Object.keys(validation ?? {})]),
  );
  return [...new Set(names)].filter((name) => name !== "loss");
}

interface Row {
  x: number | null;
  y: number | null;
  run: string;
  part: "train" | "validation";
}

function curvesSpec(runs: Readonly<Record<string, HistoryLike>>, options: CurvesOptions): ChartSpec {
  const names = Object.keys(runs);
  const several = names.length > 1;
  const metrics = metricNames(Object.values(runs)).slice(0, 3);
  const noisy: Row[] = [];
  const loss: Row[] = [];
  for (const [run, history] of Object.entries(runs)) {
    const points = stepPoints(history, (step) => step.loss);
    const budget = Math.max(40, Math.floor(300 / names.length));
    if (!several) noisy.push(...downsample(points, budget).map((point) => row(point, run, "train")));
    loss.push(...smooth(points, 60).map((point) => row(point, run, "train")));
    loss.push(...epochRows(history, run, "loss", "validation"));
    if (points.length === 0) loss.push(...epochRows(history, run, "loss", "train"));
  }
  const series = [
    { name: "loss", rows: loss },
    ...metrics.map((metric) => ({
      name: metric,
      rows: Object.entries(runs).flatMap(([run, history]) => [
        ...epochRows(history, run, metric, "train"),
        ...epochRows(history, run, metric, "validation"),
      ]),
    })),
    ...scheduleRows(runs),
  ];
  // One scale of colours serves all panels, so each has to know what the others draw.
  const used = series.flatMap(({ rows }) => rows.map(({ part }) => part));
  const parts = (["train", "validation"] as const).filter((part) => used.includes(part));
  const events = several ? [] : eventsOf(Object.values(runs)[0]!);
  const panels = series.map(({ name, rows }) =>
    panel(name, name === "loss" ? noisy : [], rows, names, parts, events, panelSize(series.length)),
  );
  return {
    title: {
      text: options.title ?? (several ? "Trainings compared" : "Training"),
      subtitle: options.subtitle ?? subtitleOf(runs),
    },
    concat: panels,
    columns: panels.length === 4 ? 2 : 3,
    spacing: panelSize(panels.length).spacing,
  };
}

/** The learning rate of every step, where it changes. */
function scheduleRows(runs: Readonly<Record<string, HistoryLike>>): { name: string; rows: Row[] }[] {
  const rates = Object.values(runs).flatMap(({ steps }) => steps.map((step) => step.learningRate));
  if (new Set(rates.filter((rate) => rate !== undefined)).size < 2) return [];
  const constant = Object.values(runs).every(
    ({ steps }) => new Set(steps.map((step) => step.learningRate)).size === 1,
  );
  if (constant) return [];
  const rows = Object.entries(runs).flatMap(([run, history]) => {
    const points = stepPoints(history, (step) => step.learningRate ?? Number.NaN);
    return downsample(points, 80).map((point) => row(point, run, "train"));
  });
  return [{ name: "learning rate", rows }];
}

const lineLegend = { orient: "bottom", symbolType: "stroke", symbolOpacity: 1, symbolSize: 300, columns: 4 };

function row({ x, y }: Point, run: string, part: Row["part"]): Row {
  return { x: rounded(x), y: rounded(y), run, part };
}

function epochRows(history: HistoryLike, run: string, metric: string, part: Row["part"]): Row[] {
  return history.epochs.flatMap((epoch) => {
    const own = metric === "loss" ? epoch.loss : epoch.metrics[metric];
    const value = part === "train" ? own : epoch.validation?.[metric];
    return value === undefined ? [] : [row({ x: epoch.epoch, y: value }, run, part)];
  });
}

/** Two panels or three beside each other stay within a notebook's column. */
function panelSize(panels: number): { width: number; height: number; spacing: number } {
  return panels <= 2 || panels === 4
    ? { width: 290, height: 200, spacing: 28 }
    : { width: 182, height: 160, spacing: 20 };
}

const isBeside = (a: Row, b: Row): boolean => a.run === b.run && a.part === b.part;

/** Losses explode: 3.4e32 instead of thirty zeros. */
const shortLabel = "abs(datum.value) >= 1e6 ? replace(format(datum.value, '.2~e'), '+', '') : datum.label";

function panel(
  metric: string,
  noisy: Row[],
  rows: Row[],
  runs: readonly string[],
  parts: readonly Row["part"][],
  events: readonly TrainingEvent[],
  { width, height }: { width: number; height: number },
): ChartSpec {
  const several = runs.length > 1;
  const rate = isRate(metric);
  const lastEpoch = Math.max(1, ...rows.map(({ x }) => x ?? 0));
  const colour = several
    ? {
        field: "run",
        type: "nominal",
        title: null,
        scale: { domain: runs, range: runs.map((_, i) => palette[i % palette.length]) },
        legend: lineLegend,
      }
    : {
        field: "part",
        type: "nominal",
        title: null,
        scale: { domain: parts, range: parts.map((part) => role[part]) },
        legend: lineLegend,
      };
  const encoding = {
    x: {
      field: "x",
      type: "quantitative",
      title: "epochs",
      scale: { domain: [0, lastEpoch], nice: false },
      axis: { values: epochTicks(lastEpoch), grid: false, format: "~g" },
    },
    y: {
      field: "y",
      type: "quantitative",
      title: metric,
      scale: {
        zero: metric === "loss" || metric === "learning rate",
        ...(rate ? domainOf(rows.map(({ y }) => y ?? Number.NaN)) : {}),
      },
      axis: { ...(rate ? { format: ".1~%" } : { labelExpr: shortLabel }), tickCount: 6 },
    },
    color: colour,
  };
  const dash = {
    field: "part",
    type: "nominal",
    title: null,
    scale: { domain: parts, range: parts.map((part) => dashes[part === "train" ? 0 : 1]) },
    // Vega-Lite cannot draw dashes of no colour: for several runs the subtitle says which line is dashed.
    legend: several ? null : lineLegend,
  };
  const tooltip = [
    { field: "run", title: "training" },
    { field: "part", title: "data" },
    { field: "x", title: "epoch", format: ".2~f" },
    { field: "y", title: metric, format: rate ? ".2%" : ".4~g" },
  ].slice(several ? 0 : 1);
  const few = metric !== "loss" && metric !== "learning rate" && rows.length <= 60;
  const layers: ChartSpec[] = [];
  if (noisy.length > 0) {
    layers.push({
      data: { values: noisy },
      mark: { type: "line", strokeWidth: 1, opacity: 0.28 },
      encoding: { color: colour },
    });
  }
  layers.push({
    data: { values: rows },
    mark: { type: "line", strokeWidth: 2, ...(few ? { point: { size: 28, filled: true } } : {}) },
    encoding: { strokeDash: dash, tooltip },
  });
  if (!few && rows.some(({ part }) => part === "validation")) {
    layers.push({
      data: { values: rows.filter(({ part }) => part === "validation") },
      mark: { type: "point", size: 28, filled: true, opacity: 1 },
      encoding: { tooltip },
    });
  }
  // Moments are named once, above the loss; their lines go through all panels.
  layers.push(...eventLayers(events, metric === "loss", { epochs: lastEpoch, width }));
  // One step alone makes no line.
  const alone = rows.filter((row) => !rows.some((other) => other !== row && isBeside(row, other)));
  if (!few && alone.length > 0)
    layers.push({ data: { values: alone }, mark: { type: "point", size: 40, filled: true, opacity: 1 } });
  const drawn = [...noisy, ...rows].some(({ y }) => y !== null);
  if (!drawn) layers.push(emptyPlot(width, height));
  return { width, height, encoding, layer: layers };
}
