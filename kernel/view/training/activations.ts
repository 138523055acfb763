/** What the layers of a network give for a batch: mean and spread, units that are dead, values that are saturated. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import type { LayerActivations } from "../../../engine/inspection/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type ChartSpec, chart, domainOf, everyFew, pathLabel, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { ink, palette, role } from "../theme.ts";
import { countOf, formatNumber, formatPercent, wrapped } from "../wording.ts";

/** Options of `activations`. */
export interface ActivationsOptions {
  /** A title above the chart. */
  title?: string;
}

const MOST_ROWS = 200;

/**
 * Draws for each layer the mean of its values with their spread (one standard deviation to each side), the share of dead
 * units, and for sigmoid, tanh and softmax the share of values near the ends of their range.
 *
 * @throws ArgumentError where `layers` is no result of `inspection.activations`, ShapeError where it is empty.
 * @example
 * show.activations(inspection.activations(model, images));
 */
export function activations(
  layers: readonly LayerActivations[],
  options: ActivationsOptions = {},
): Displayable {
  checkOptions("show.activations", options, ["title"]);
  if (!Array.isArray(layers) || layers.some((layer) => typeof layer?.dead !== "number"))
    throw new ArgumentError(
      `show.activations: expected the result of inspection.activations(model, x), got ${describeValue(layers)}`,
    );
  if (layers.length === 0)
    throw new ShapeError(
      "show.activations: expected one layer or more, got none; give what inspection.activations(model, x) returns",
    );
  const text = activationsSentence(layers);
  // Of a very deep network some layers tell the same.
  const { kept } = everyFew(layers, MOST_ROWS);
  return chart(activationsSpec(kept, options.title ?? "Activations by layer", text), text);
}

const nameOf = ({ path, type }: LayerActivations): string => (path === "" ? type : `${path} ${type}`);

/** "12 layers; spread from 0.02 (c1 Conv2d) to 1.4 (f6 Linear). Most dead units: 12.5 % of relu ReLU." */
function activationsSentence(layers: readonly LayerActivations[]): string {
  const finite = layers.filter(({ std }) => Number.isFinite(std)).sort((a, b) => a.std - b.std);
  const [least, most] = [finite[0], finite.at(-1)];
  const spread = (layer: LayerActivations) => `${formatNumber(layer.std)} (${nameOf(layer)})`;
  const range =
    !least || !most
      ? "no finite value"
      : least === most
        ? `spread ${spread(most)}`
        : `spread from ${spread(least)} to ${spread(most)}`;
  const dead = layers.reduce((worst, layer) => (layer.dead > worst.dead ? layer : worst));
  const full = layers.filter(({ saturated }) => saturated !== null);
  const saturated = full.sort((a, b) => b.saturated! - a.saturated!)[0];
  const broken = layers.filter(({ notFinite }) => notFinite > 0);
  return [
    `${countOf(layers.length, "layer")}: ${range}.`,
    dead.dead > 0 ? `Most dead units: ${formatPercent(dead.dead)} of ${nameOf(dead)}.` : "No unit is dead.",
    ...(saturated
      ? [`Most saturated: ${formatPercent(saturated.saturated!)} of the values of ${nameOf(saturated)}.`]
      : []),
    ...(broken.length > 0 ? [`NaN or infinity first in ${nameOf(broken[0]!)}.`] : []),
  ].join(" ");
}

function activationsSpec(layers: readonly LayerActivations[], title: string, text: string): ChartSpec {
  // Two layers of one name are two rows.
  const names = layers.map((layer, i) => {
    const name = nameOf(layer);
    return layers.findIndex((other) => nameOf(other) === name) === i ? name : `${name} (${i + 1})`;
  });
  const rows = layers.map(({ mean, std, min, max, dead, saturated, notFinite, count, units }, i) => ({
    layer: names[i],
    mean: rounded(mean),
    std: rounded(std),
    low: rounded(mean - std),
    high: rounded(mean + std),
    min: rounded(min),
    max: rounded(max),
    dead: rounded(dead),
    units,
    saturated: saturated === null ? null : rounded(saturated),
    broken: notFinite > 0 ? `${formatPercent(notFinite / count, 0)} NaN or ∞` : null,
  }));
  const row = layers.length > 30 ? 640 / layers.length : 22;
  const height = Math.max(50, row * layers.length);
  const labels = { title: null, labelLimit: 220, labelExpr: pathLabel, ticks: false };
  const y = (axis: object | null) => ({
    field: "layer",
    type: "nominal",
    scale: { domain: names },
    axis,
  });
  const broken = rows.filter((entry) => entry.broken !== null);
  const { domain } = domainOf(layers.flatMap(({ mean, std }) => [mean - std, mean + std]));
  const spread: ChartSpec = {
    title: panelTitle("mean and spread of the values"),
    width: 260,
    height,
    encoding: { y: y({ ...labels, grid: true }) },
    layer: [
      {
        data: { values: [{}] },
        mark: { type: "rule", color: ink.line },
        encoding: { x: { datum: 0 }, y: { value: 0 }, y2: { value: height } },
      },
      {
        mark: { type: "rule", strokeWidth: Math.min(6, row / 3), opacity: 0.35, color: palette[0] },
        encoding: {
          x: {
            field: "low",
            type: "quantitative",
            axis: { title: "value", tickCount: 6 },
            ...(domain ? { scale: { domain } } : {}),
          },
          x2: { field: "high" },
        },
      },
      {
        mark: { type: "point", filled: true, size: 36, opacity: 1, color: palette[0] },
        encoding: {
          x: { field: "mean", type: "quantitative" },
          tooltip: [
            { field: "layer" },
            ...["mean", "std", "min", "max"].map((field) => ({ field, format: ".4~g" })),
          ],
        },
      },
      ...(broken.length > 0
        ? [
            {
              data: { values: broken },
              mark: { type: "text", align: "right", fontSize: 10, fontWeight: "bold", color: role.wrong },
              encoding: { x: { value: 256 }, text: { field: "broken" } },
            },
          ]
        : []),
    ],
  };
  const share = (field: string, name: string, colour: string): ChartSpec => ({
    title: panelTitle(name),
    width: 110,
    height,
    transform: [{ filter: `datum.${field} !== null` }],
    encoding: {
      y: y({ labels: false, ticks: false, title: null, grid: true }),
      x: {
        field,
        type: "quantitative",
        scale: { domain: [0, 1] },
        axis: { title: "share", format: ".0%", values: [0, 0.5, 1] },
      },
      tooltip: [{ field: "layer" }, { field, title: name, format: ".1%" }, { field: "units" }],
    },
    layer: [
      { mark: { type: "bar", color: colour, height: { band: 0.6 } } },
      ...(row >= 12
        ? [
            {
              transform: [{ filter: `datum.${field} > 0` }],
              mark: {
                type: "text",
                align: { expr: `datum.${field} > 0.6 ? 'right' : 'left'` },
                dx: { expr: `datum.${field} > 0.6 ? -3 : 3` },
                fontSize: 10,
              },
              encoding: {
                text: { field, format: ".1~%" },
                color: { condition: { test: `datum.${field} > 0.6`, value: ink.paper }, value: ink.text },
              },
            },
          ]
        : []),
    ],
  });
  return {
    title: { text: title, subtitle: wrapped(text, 560) },
    data: { values: rows },
    spacing: 18,
    hconcat: [
      spread,
      share("dead", "dead units", role.wrong),
      ...(rows.some(({ saturated }) => saturated !== null)
        ? [share("saturated", "saturated values", palette[3]!)]
        : []),
    ],
  };
}

const panelTitle = (text: string): ChartSpec => ({ text, fontSize: 11, fontWeight: "normal", offset: 10 });
