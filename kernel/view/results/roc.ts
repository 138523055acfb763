/** Hits against false alarms at every threshold: the ROC curves of one question or several. */

import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { RocCurve, roc as rocOf, type Values } from "../../../engine/metrics/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type ChartSpec, chart, downsample, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { dashes, ink, palette } from "../theme.ts";
import { classNumbers, numbersOf } from "../values.ts";
import { countOf, formatCount, formatNumber, formatShape, wrapped } from "../wording.ts";

/** Options of `roc`. */
export interface RocOptions {
  /** Names of the classes; numbers where left out. */
  classes?: readonly string[];
  /** A title above the chart. */
  title?: string;
}

/** More lines cannot be told apart. */
const MOST_CURVES = 8;

/**
 * Draws ROC curves with the areas under them: of one question, of several by name, or of each class against all others. Of many
 * the eight with the smallest area.
 *
 * Takes curves of `metrics.roc`, or scores with labels: `[N]` or `[N, 1]` with labels 0 and 1, or `[N, classes]` with class
 * numbers. Classes without a sample are left out.
 *
 * @throws ArgumentError where curves are none, ShapeError where scores and labels do not fit.
 * @example
 * show.roc(metrics.roc(model(x).squeeze(1), y));
 * show.roc(model(test.images), test.labels, { classes: test.classes });
 */
export function roc(curves: RocCurve | Readonly<Record<string, RocCurve>>, options?: RocOptions): Displayable;
export function roc(scores: Values, labels: Values, options?: RocOptions): Displayable;
export function roc(
  first: RocCurve | Readonly<Record<string, RocCurve>> | Values,
  second: Values | RocOptions = {},
  third: RocOptions = {},
): Displayable {
  const fromScores = Array.isArray(second) || ArrayBuffer.isView(second) || "toTypedArray" in second;
  const options = fromScores ? third : (second as RocOptions);
  checkOptions("show.roc", options, ["classes", "title"]);
  const curves = fromScores ? curvesOf(first as Values, second as Values, options) : named(first);
  const sorted = [...curves].sort(([, a], [, b]) => a.auc - b.auc);
  const drawn = curves.filter((curve) => sorted.slice(0, MOST_CURVES).includes(curve));
  const text = rocSentence(curves, sorted);
  const note = drawn.length < curves.length ? [`The ${drawn.length} with the smallest area are drawn.`] : [];
  return chart(rocSpec(drawn, options.title ?? "ROC", text, note), text);
}

type Curve = readonly [name: string, curve: RocCurve];

function named(source: unknown): Curve[] {
  if (source instanceof RocCurve) return [["", source]];
  const curves = Object.entries(Object(source) as Record<string, unknown>);
  const bad = curves.find(([, curve]) => !(curve instanceof RocCurve));
  if (bad || curves.length === 0)
    throw new ArgumentError(
      `show.roc: expected metrics.roc(scores, labels), several by name, or scores and labels; got ${describeValue(bad ? bad[1] : source)}${bad ? ` for "${bad[0]}"` : ""}`,
    );
  return curves as Curve[];
}

function curvesOf(scores: Values, labels: Values, { classes }: RocOptions): Curve[] {
  const { shape, values } = numbersOf(scores, "show.roc: scores");
  const [samples = 0, columns = 1] = shape;
  if (shape.length > 2 || samples === 0)
    throw new ShapeError(`show.roc: scores must be [N] or [N, classes], got ${formatShape(shape)}`);
  if (columns === 1) return [["", rocOf(Array.from(values), labels)]];
  const actual = classNumbers(labels, "show.roc: labels");
  if (actual.length !== samples)
    throw new ShapeError(
      `show.roc: ${countOf(actual.length, "label")} for the scores of ${countOf(samples, "sample")}`,
    );
  if (classes && classes.length !== columns)
    throw new ShapeError(
      `show.roc: ${countOf(classes.length, "class name")} for scores of ${countOf(columns, "class", "classes")}`,
    );
  const found = Array.from({ length: columns }, (_, k): Curve[] => {
    const own = actual.map((label) => Number(label === k));
    const positives = own.filter((label) => label === 1).length;
    if (positives === 0 || positives === samples) return [];
    const column = own.map((_, row) => values[row * columns + k]!);
    return [[classes?.[k] ?? String(k), rocOf(column, own)]];
  }).flat();
  if (found.length === 0)
    throw new ShapeError("show.roc: all labels are one class; it takes samples of two classes at least");
  return found;
}

/** "Areas under 10 ROC curves, mean 0.998: the smallest 0.991 (8), the largest 1 (0)." */
function rocSentence(curves: readonly Curve[], sorted: readonly Curve[]): string {
  const [lowest, highest] = [sorted[0]!, sorted.at(-1)!];
  if (curves.length === 1) {
    const [name, { auc }] = lowest;
    return `Area under the ROC curve${name && ` of ${name}`}: ${formatNumber(auc)} (1 is perfect, 0.5 is chance).`;
  }
  const mean = curves.reduce((sum, [, { auc }]) => sum + auc, 0) / curves.length;
  const print = ([name, { auc }]: Curve) => `${formatNumber(auc)} (${name})`;
  return `Areas under ${formatCount(curves.length)} ROC curves, mean ${formatNumber(mean)}: the smallest ${print(lowest)}, the largest ${print(highest)}.`;
}

function rocSpec(curves: readonly Curve[], title: string, text: string, note: readonly string[]): ChartSpec {
  const several = curves.length > 1;
  const names = curves.map(([name, { auc }]) => (several ? `${name}: ${formatNumber(auc)}` : ""));
  const points = Math.max(40, Math.floor(600 / curves.length));
  const values = curves.flatMap(([, { falsePositiveRate, truePositiveRate }], i) =>
    downsample(
      falsePositiveRate.map((x, k) => ({ x, y: truePositiveRate[k]! })),
      points,
    ).map(({ x, y }, order) => ({ x: rounded(x), y: rounded(y), order, curve: names[i] })),
  );
  const channel = (range: readonly unknown[]) => ({
    field: "curve",
    type: "nominal",
    sort: null,
    title: "area under the curve",
    scale: { domain: names, range: names.map((_, i) => range[i % range.length]) },
    legend: { symbolType: "stroke", symbolSize: 300, symbolOpacity: 1 },
  });
  const size = 300;
  const axis = (name: string) => ({
    type: "quantitative",
    scale: { domain: [0, 1] },
    axis: { title: name, format: ".0%", tickCount: 5 },
  });
  return {
    title: { text: title, subtitle: [...wrapped(text, several ? size + 180 : size + 60), ...note] },
    width: size,
    height: size,
    layer: [
      {
        data: {
          values: [
            { x: 0, y: 0 },
            { x: 1, y: 1 },
          ],
        },
        mark: { type: "line", strokeDash: [4, 3], strokeWidth: 1.2, color: ink.muted },
        encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } },
      },
      {
        data: { values: [{ x: 0.62, y: 0.58 }] },
        mark: { type: "text", text: "chance", align: "left", baseline: "top", color: ink.muted },
        encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } },
      },
      {
        data: { values },
        mark: { type: "line", strokeWidth: 2 },
        encoding: {
          x: { field: "x", ...axis("false alarms: negatives taken for positive") },
          y: { field: "y", ...axis("hits: positives recognised") },
          order: { field: "order" },
          ...(several
            ? { color: channel(palette), strokeDash: channel(dashes) }
            : { color: { value: palette[0] } }),
          tooltip: [
            ...(several ? [{ field: "curve", title: "area of" }] : []),
            { field: "x", title: "false alarms", format: ".1%" },
            { field: "y", title: "hits", format: ".1%" },
          ],
        },
      },
    ],
  };
}
