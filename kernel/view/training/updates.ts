/** How far the steps of a training move each parameter, with the guide of one part in a thousand. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import type { UpdateRatios } from "../../../engine/inspection/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { colourOf, hexOf } from "../colours.ts";
import { type ChartSpec, chart, everyFew, logarithmic, rounded, smooth } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { dashes, ink, palette } from "../theme.ts";
import { countOf, formatNumber, wrapped } from "../wording.ts";

/** The part of `inspection.updateRatios` that its picture needs. */
export interface UpdateRatiosLike {
  /** By the parameter's path, a ratio for each step. */
  readonly ratios: UpdateRatios["ratios"];
}

/** Options of `updateRatios`. */
export interface UpdateRatiosOptions {
  /** Whether biases are drawn too; they start at 0, where a ratio says little (default false). */
  biases?: boolean;
  /** A title above the chart. */
  title?: string;
}

/** What a step moves a parameter by, as a share of its spread, when training goes well. Karpathy, "makemore" part 3. */
const healthy = 1e-3;
const shaking = 1e-1;
const idle = 1e-5;

const MOST_NAMED = 8;
const MOST_DRAWN = 40;
const MOST_POINTS = 600;

/**
 * Draws how far each step moved each parameter, `std(change) / std(parameter)`, smoothed, on a logarithmic axis beside the
 * guide of 10⁻³.
 *
 * @throws ArgumentError where `watch` is no result of `inspection.updateRatios`, ShapeError where there was no step.
 * @example
 * const watch = inspection.updateRatios(model, optimizer);
 * await fit(model, loader, { optimizer });
 * show.updateRatios(watch);
 */
export function updateRatios(watch: UpdateRatiosLike, options: UpdateRatiosOptions = {}): Displayable {
  checkOptions("show.updateRatios", options, ["biases", "title"]);
  if (!(typeof watch === "object" && watch !== null && watch.ratios instanceof Map))
    throw new ArgumentError(
      `show.updateRatios: expected the result of inspection.updateRatios(model, optimizer), got ${describeValue(watch)}`,
    );
  const all = [...watch.ratios].filter(([, ratios]) => ratios.length > 0);
  if (all.length === 0)
    throw new ShapeError("show.updateRatios: no step was watched; train after inspection.updateRatios(…)");
  const weights = all.filter(([path]) => !/(^|\.)bias[^.]*$/i.test(path));
  const chosen = options.biases || weights.length === 0 ? all : weights;
  const series = chosen.map(([path, ratios], i): Series => [path, ratios, i + 1]);
  const text = ratiosSentence(series);
  // Of a very deep network some parameters tell the same.
  const { kept } = everyFew(series, MOST_DRAWN);
  return chart(ratiosSpec(kept, options.title ?? "How far each step moves the parameters", text), text);
}

type Series = readonly [path: string, ratios: readonly number[], depth: number];

/** The last tenth of the steps, averaged as the axis is: geometrically. */
function ending(ratios: readonly number[]): number {
  const logs = ratios
    .slice(-Math.ceil(ratios.length / 10))
    .map(Math.log10)
    .filter(Number.isFinite);
  return 10 ** (logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

function ratiosSentence(series: readonly Series[]): string {
  const steps = Math.max(...series.map(([, ratios]) => ratios.length));
  const ends = series
    .map(([path, ratios]) => ({ path, ratio: ending(ratios) }))
    .filter(({ ratio }) => Number.isFinite(ratio))
    .sort((a, b) => a.ratio - b.ratio);
  const start = `${countOf(steps, "step")}, ${countOf(series.length, "parameter")}`;
  const broken = series.filter(([, ratios]) => ratios.some(Number.isNaN)).map(([path]) => path);
  const remarks = broken.length > 0 ? [`A step made NaN or infinity of ${broken[0]}.`] : [];
  const [least, most] = [ends[0], ends.at(-1)];
  if (!least || !most) return [`${start}: nothing moved.`, ...remarks].join(" ");
  const print = ({ ratio, path }: typeof least) => `${formatNumber(ratio, 2)} of its spread (${path})`;
  const range = least === most ? print(most) : `between ${print(least)} and ${print(most)}`;
  if (most.ratio > shaking)
    remarks.push(`More than ${formatNumber(shaking)} shakes the network: lower the learning rate.`);
  else if (most.ratio < idle)
    remarks.push(`Less than ${formatNumber(idle)} teaches it nothing: raise the learning rate.`);
  else remarks.push("About 0.001 is healthy.");
  return [`${start}: at the end a step moves each by ${range}.`, ...remarks].join(" ");
}

function ratiosSpec(series: readonly Series[], title: string, text: string): ChartSpec {
  const stretches = Math.max(20, Math.floor(MOST_POINTS / series.length));
  const rows = series.flatMap(([path, ratios, depth]) => {
    const logs = ratios.map((ratio, i) => ({ x: i + 1, y: Math.log10(ratio) }));
    return smooth(logs, stretches).map(({ x, y }) => ({
      step: rounded(x),
      ratio: rounded(10 ** y),
      path,
      depth,
    }));
  });
  const named = series.length <= MOST_NAMED;
  const paths = series.map(([path]) => path);
  const { scale, axis, print } = logarithmic([
    healthy / 9,
    healthy * 9,
    ...rows.map(({ ratio }) => ratio ?? 0),
  ]);
  const from = [0.85, 0.6, 0.4, 0.2, 0].map((share) => hexOf(colourOf(share, "viridis", 0, 1)));
  const legend = { symbolType: "stroke", symbolSize: 300, orient: "bottom", columns: 4 };
  const encoding = named
    ? {
        color: {
          field: "path",
          type: "nominal",
          sort: null,
          title: null,
          scale: { domain: paths, range: paths.map((_, i) => palette[i % palette.length]) },
          legend,
        },
        strokeDash: {
          field: "path",
          type: "nominal",
          scale: { domain: paths, range: paths.map((_, i) => dashes[i % dashes.length]) },
          legend,
          title: null,
        },
      }
    : {
        detail: { field: "path" },
        color: {
          field: "depth",
          type: "quantitative",
          title: "parameter, from input to output",
          scale: { range: from },
          legend: { orient: "bottom", gradientLength: 200, tickMinStep: 1, format: "d" },
        },
      };
  return {
    title: { text: title, subtitle: wrapped(text, 560) },
    width: 460,
    height: 240,
    layer: [
      {
        data: { values: [{ ratio: healthy }] },
        encoding: { y: { field: "ratio", type: "quantitative", scale } },
        layer: [
          { mark: { type: "rule", strokeDash: [4, 3], strokeWidth: 1.5, color: ink.muted } },
          {
            mark: {
              type: "text",
              text: [`about ${print(healthy)}`, "is healthy"],
              align: "left",
              dx: 6,
              dy: -3,
              color: ink.muted,
            },
            encoding: { x: { value: "width" } },
          },
        ],
      },
      {
        data: { values: rows },
        mark: { type: "line", strokeWidth: named ? 2 : 1.2 },
        encoding: {
          x: {
            field: "step",
            type: "quantitative",
            title: "step",
            scale: { nice: false, domainMin: 0 },
            axis: { grid: false, tickMinStep: 1 },
          },
          y: {
            field: "ratio",
            type: "quantitative",
            scale,
            axis: { ...axis, title: ["spread of the step", "over spread of the parameter"] },
          },
          ...encoding,
          tooltip: [
            { field: "path", title: "parameter" },
            { field: "step", title: "step", format: ".0f" },
            { field: "ratio", title: "ratio", format: ".2~g" },
          ],
        },
      },
    ],
  };
}
