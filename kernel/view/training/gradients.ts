/** How large the gradients of a network's parameters are, layer by layer: whether they vanish or explode on their way back. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import type { ParameterGradient } from "../../../engine/inspection/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type ChartSpec, chart, logarithmic, pathLabel, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { dashes, ink, palette, role } from "../theme.ts";
import { countOf, formatNumber, wrapped } from "../wording.ts";

/** Options of `gradientFlow`. */
export interface GradientFlowOptions {
  /** A title above the chart. */
  title?: string;
}

/** What `inspection.gradientFlow` gives. */
type Flow = readonly ParameterGradient[];

/** First layer's norm over the last's: below the one gradients vanish, above the other they explode. */
const vanishing = 1e-2;
const exploding = 1e2;
const MOST_ROWS = 220;
const MOST_ODD = 20;

/**
 * Draws the norm of each parameter's gradient, first layer on top; several networks in one chart by name. A norm of 0 and one
 * that is not finite have no place on the logarithmic axis and stand at its ends.
 *
 * @throws ArgumentError where `flow` is no result of `inspection.gradientFlow`, ShapeError where it is empty.
 * @example
 * nn.crossEntropy(model(images), labels).backward();
 * show.gradientFlow(inspection.gradientFlow(model));
 * show.gradientFlow({ sigmoid: first, ReLU: second });
 */
export function gradientFlow(
  flow: readonly ParameterGradient[] | Readonly<Record<string, readonly ParameterGradient[]>>,
  options: GradientFlowOptions = {},
): Displayable {
  checkOptions("show.gradientFlow", options, ["title"]);
  const runs: Readonly<Record<string, Flow>> = isFlow(flow) ? { "": flow } : flow;
  if (Object.keys(runs).length === 0)
    throw new ShapeError(
      "show.gradientFlow: no gradients to draw; give inspection.gradientFlow(model) after loss.backward(), or several by name",
    );
  for (const [name, run] of Object.entries(runs)) {
    if (!isFlow(run) || run.some((part) => typeof part?.norm !== "number"))
      throw new ArgumentError(
        `show.gradientFlow: expected the result of inspection.gradientFlow(model), got ${describeValue(run)}${name && ` for "${name}"`}`,
      );
    if (run.length === 0)
      throw new ShapeError(
        "show.gradientFlow: expected the gradients of one parameter or more, got none; does the model have parameters?",
      );
  }
  const sentences = Object.entries(runs).map(([name, run]) => `${name && `${name}: `}${flowSentence(run)}`);
  return chart(flowSpec(runs, options.title ?? "Gradients by layer", sentences), sentences.join(" "));
}

const isFlow = (flow: unknown): flow is Flow => Array.isArray(flow);

const isBias = ({ path }: ParameterGradient): boolean => /^bias/i.test(path.slice(path.lastIndexOf(".") + 1));

/** The layer a parameter belongs to; a model's own parameter stands for itself. */
const layerOf = ({ path }: ParameterGradient): string => path.slice(0, path.lastIndexOf(".")) || path;

/** "Gradients of 10 parameters, norms from 0.0012 (f6.weight) to 0.31 (c1.weight). …" */
function flowSentence(run: Flow): string {
  const finite = run.filter(({ norm, notFinite }) => Number.isFinite(norm) && notFinite === 0);
  const broken = run.filter((part) => !finite.includes(part));
  const silent = finite.filter(({ norm }) => norm === 0);
  const remarks = [
    ...(broken.length > 0
      ? [`${listed(broken)} ${broken.length === 1 ? "holds" : "hold"} NaN or infinity.`]
      : []),
    ...(silent.length > 0
      ? [
          `${silent.length === run.length ? "All" : listed(silent)} ${silent.length === 1 ? "is" : "are"} 0: nothing is learned there.`,
        ]
      : []),
  ];
  const moving = finite.filter(({ norm }) => norm > 0).sort((a, b) => a.norm - b.norm);
  const [least, most] = [moving[0], moving.at(-1)];
  const start = `Gradients of ${countOf(run.length, "parameter")}`;
  if (!least || !most) return [`${start}.`, ...remarks].join(" ");
  const norm = (part: ParameterGradient) => `${formatNumber(part.norm)} (${part.path})`;
  const range = least === most ? `norm ${norm(most)}` : `norms from ${norm(least)} to ${norm(most)}`;
  return [`${start}, ${range}.`, ...remarks, ...verdict(run)].join(" ");
}

function listed(parts: Flow): string {
  const names = parts.slice(0, 3).map(({ path }) => path);
  return parts.length > 3 ? `${names.join(", ")} and ${parts.length - 3} more` : names.join(" and ");
}

function verdict(run: Flow): string[] {
  const weights = run.filter((part) => !isBias(part));
  const [first, last] = [weights[0], weights.at(-1)];
  const ratio = first && last && first !== last ? first.norm / last.norm : Number.NaN;
  if (!Number.isFinite(ratio) || ratio === 0) return [];
  const share = `The first layer's is ${formatNumber(ratio, 2)} times the last's`;
  if (ratio < vanishing) return [`${share}: gradients vanish on their way back.`];
  if (ratio > exploding) return [`${share}: gradients explode on their way back.`];
  return [`${share}: they neither vanish nor explode.`];
}

function flowSpec(
  runs: Readonly<Record<string, Flow>>,
  title: string,
  sentences: readonly string[],
): ChartSpec {
  const names = Object.keys(runs);
  const several = names.length > 1;
  const layers = [...new Set(Object.values(runs).flatMap((run) => run.map(layerOf)))];
  const all = Object.entries(runs).flatMap(([network, run]) =>
    run.map((part, i) => ({
      i,
      ...(several ? { network } : {}),
      layer: layerOf(part),
      parameter: part.path.slice(part.path.lastIndexOf(".") + 1),
      kind: isBias(part) ? "bias" : "weight",
      norm: part.notFinite > 0 ? null : rounded(part.norm),
    })),
  );
  // Of a very deep network some layers tell the same; those where something is wrong are kept.
  const step = Math.ceil(all.length / MOST_ROWS);
  const odd = all.filter(({ norm }) => norm === null || norm === 0).slice(0, MOST_ODD);
  const kept = layers.filter((name, i) => i % step === 0 || odd.some(({ layer }) => layer === name));
  const rows = step === 1 ? all : all.filter(({ layer }) => kept.includes(layer));
  const drawn = rows.filter(({ norm }) => norm !== null && norm > 0);
  const edge = (atEnd: boolean, filter: string, label: string): ChartSpec => ({
    transform: [{ filter }],
    mark: { type: "text", text: label, align: atEnd ? "right" : "left", fontSize: 10, fontWeight: "bold" },
    encoding: { x: { value: atEnd ? "width" : 3 }, color: { value: role.wrong } },
  });
  const tooltip = [
    ...(several ? [{ field: "network", title: "network" }] : []),
    { field: "layer" },
    { field: "parameter" },
    { field: "norm", title: "norm of the gradient", format: ".3~g" },
  ];
  const byNetwork = (range: readonly unknown[]): ChartSpec => ({
    field: "network",
    type: "nominal",
    title: null,
    scale: { domain: names, range },
    legend: { orient: "bottom", columns: 4, symbolType: "stroke", symbolOpacity: 1, symbolSize: 300 },
  });
  const colour = several
    ? byNetwork(names.map((_, i) => palette[i % palette.length]))
    : { value: palette[0] };
  const height = Math.min(640, Math.max(84, layers.length * 24));
  return {
    title: { text: title, subtitle: sentences.flatMap((sentence) => wrapped(sentence, 560)) },
    width: 420,
    height,
    encoding: {
      y: {
        field: "layer",
        type: "nominal",
        scale: { domain: kept },
        axis: {
          title: step === 1 ? "layer, input first" : `one layer in ${step}, input first`,
          labelLimit: 220,
          labelExpr: pathLabel,
          ticks: false,
          grid: layers.length <= 26,
        },
      },
      color: colour,
    },
    data: { values: rows },
    layer: [
      {
        transform: [{ filter: "datum.norm > 0 && datum.kind === 'weight'" }],
        mark: { type: "line", orient: "horizontal", strokeWidth: 1.5, opacity: 0.5 },
        encoding: {
          x: normAxis(drawn),
          order: { field: "i" },
          ...(several ? { strokeDash: byNetwork(names.map((_, i) => dashes[i % dashes.length])) } : {}),
        },
      },
      {
        transform: [{ filter: "datum.norm > 0" }],
        mark: { type: "point", filled: true, size: 60, opacity: 1, stroke: ink.paper, strokeWidth: 1 },
        encoding: {
          x: normAxis(drawn),
          shape: {
            field: "kind",
            type: "nominal",
            title: null,
            scale: { domain: ["weight", "bias"], range: ["circle", "diamond"] },
            legend: { orient: "bottom", symbolFillColor: ink.text },
          },
          tooltip,
        },
      },
      ...(rows.some(({ norm }) => norm === 0) ? [edge(false, "datum.norm === 0", "◂ 0")] : []),
      ...(rows.some(({ norm }) => norm === null) ? [edge(true, "datum.norm === null", "NaN or ∞ ▸")] : []),
    ],
  };
}

const normAxis = (rows: readonly { norm: number | null }[]): ChartSpec => {
  const { scale, axis } = logarithmic(rows.map(({ norm }) => norm ?? 0));
  return {
    field: "norm",
    type: "quantitative",
    scale,
    axis: { ...axis, title: "norm of the gradient (logarithmic)" },
  };
};
