/** How far predicted numbers are from the true ones: predicted against true, and how the errors are distributed. */
import { ShapeError } from "../../../engine/errors.ts";
import { distributionOf } from "../../../engine/inspection/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type ChartSpec, chart, roomyRange, rounded, someOf } from "../drawing/chart.ts";
import { niceTicks } from "../drawing/ticks.ts";
import type { Displayable } from "../mime.ts";
import { ink, palette, role } from "../theme.ts";
import { type NumberSource, numbersOf } from "../values.ts";
import { countOf, formatCount, formatNumber, wrapped } from "../wording.ts";

/** Options of `residuals`. */
export interface ResidualsOptions {
  /** Unit of the numbers, such as "m". */
  unit?: string;
  /** A title above the chart. */
  title?: string;
}

/** More points hide each other, and make the chart heavy. */
const MOST_POINTS = 800;

/**
 * Draws predicted against true numbers beside the diagonal of perfect predictions, and a histogram of the errors (predicted −
 * true) with their mean. Pairs that are not finite are left out and counted.
 *
 * @param predictions numbers of any shape
 * @param targets as many, of the same shape
 * @throws ShapeError where the shapes differ or there is no finite pair.
 * @example
 * show.residuals(model(x), y, { unit: "m" });
 */
export function residuals(
  predictions: NumberSource,
  targets: NumberSource,
  options: ResidualsOptions = {},
): Displayable {
  checkOptions("show.residuals", options, ["unit", "title"]);
  const predicted = numbersOf(predictions, "show.residuals: predictions");
  const actual = numbersOf(targets, "show.residuals: targets");
  const long = (shape: readonly number[]) => shape.filter((size) => size !== 1).join("×") || "1";
  if (long(predicted.shape) !== long(actual.shape))
    throw new ShapeError(
      `show.residuals: predictions ${predicted.shape.join("×")} and targets ${actual.shape.join("×")} must have one shape; reshape or squeeze one of them`,
    );
  const pairs = Array.from(actual.values, (target, i) => ({ target, predicted: predicted.values[i]! }));
  const finite = pairs.filter((pair) => Number.isFinite(pair.target) && Number.isFinite(pair.predicted));
  if (finite.length === 0)
    throw new ShapeError(
      "show.residuals: expected pairs of finite numbers, there is none; look where NaN begins with detectAnomaly",
    );
  const text = residualsSentence(finite, pairs.length - finite.length, options.unit);
  return chart(residualsSpec(finite, options, text), text);
}

interface Pair {
  target: number;
  predicted: number;
}

const errorsOf = (pairs: readonly Pair[]): number[] =>
  pairs.map(({ target, predicted }) => predicted - target);

/** The coefficient of determination, R² = 1 − Σ(ŷ − y)² / Σ(y − ȳ)²: 1 is perfect, 0 as good as the mean. */
function determination(pairs: readonly Pair[]): number {
  const targets = distributionOf(pairs.map(({ target }) => target));
  return (
    1 - errorsOf(pairs).reduce((sum, error) => sum + error * error, 0) / (pairs.length * targets.std ** 2)
  );
}

/** "100 pairs: root mean squared error 0.31 m, mean error −0.02 m, R² 0.94; the largest error is 1.2 m." */
function residualsSentence(pairs: readonly Pair[], left: number, unit = ""): string {
  const errors = errorsOf(pairs);
  const { mean, min, max } = distributionOf(errors);
  const rms = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
  const print = (value: number) => `${formatNumber(value)}${unit && ` ${unit}`}`;
  const share = determination(pairs);
  const parts = [
    `root mean squared error ${print(rms)}`,
    `mean error ${print(Math.abs(mean) < 1e-6 * rms ? 0 : mean)}`,
    ...(Number.isFinite(share) ? [`R² ${formatNumber(share)}`] : []),
  ];
  const note = left > 0 ? ` ${countOf(left, "pair")} left out: not finite.` : "";
  return `${countOf(pairs.length, "pair")}: ${parts.join(", ")}; the largest error is ${print(Math.abs(min) > max ? min : max)}.${note}`;
}

function residualsSpec(pairs: readonly Pair[], { unit, title }: ResidualsOptions, text: string): ChartSpec {
  const shown = someOf(pairs, MOST_POINTS);
  const all = pairs.flatMap(({ target, predicted }) => [target, predicted]);
  const { low: min, high: max } = roomyRange(all);
  const ticks = niceTicks(min, max, 5);
  const domain = [ticks[0]!, ticks.at(-1)!];
  const inUnit = (name: string) => (unit ? `${name} (${unit})` : name);
  const axis = (name: string) => ({
    type: "quantitative",
    scale: { domain, nice: false },
    axis: { title: inUnit(name), values: ticks },
  });
  const size = 270;
  const note = shown.length < pairs.length ? [`${formatCount(shown.length)} of the pairs are drawn.`] : [];
  return {
    title: { text: title ?? "Predicted and true", subtitle: [...wrapped(text, 2 * size + 90), ...note] },
    spacing: 30,
    hconcat: [
      {
        width: size,
        height: size,
        layer: [
          {
            data: { values: [{ x: domain[0] }, { x: domain[1] }] },
            mark: { type: "line", strokeDash: [4, 3], strokeWidth: 1.5, color: ink.muted },
            encoding: { x: { field: "x", ...axis("true") }, y: { field: "x", ...axis("predicted") } },
          },
          {
            data: {
              values: shown.map(({ target, predicted }) => ({ t: rounded(target), p: rounded(predicted) })),
            },
            mark: {
              type: "point",
              filled: true,
              size: shown.length > 200 ? 18 : 34,
              opacity: 0.6,
              color: palette[0],
            },
            encoding: {
              x: { field: "t", ...axis("true") },
              y: { field: "p", ...axis("predicted") },
              tooltip: [
                { field: "t", title: inUnit("true"), format: ".4~g" },
                { field: "p", title: inUnit("predicted"), format: ".4~g" },
              ],
            },
          },
        ],
      },
      histogram(errorsOf(pairs), inUnit("error: predicted − true"), size),
    ],
  };
}

function histogram(errors: readonly number[], name: string, size: number): ChartSpec {
  const { histogram: found, mean } = distributionOf(errors);
  const width = (found.high - found.low) / found.counts.length;
  // Where all errors are equal there is one bar.
  const bars = found.counts
    .map((count, i) => ({
      from: rounded(found.low + i * width),
      to: rounded(found.low + (i + 1) * width),
      count,
    }))
    .filter(({ count }) => count > 0);
  const reach = Math.max(Math.abs(found.low), Math.abs(found.high)) || 1;
  const one =
    width === 0
      ? [
          {
            from: rounded(found.low - 0.02 * reach),
            to: rounded(found.low + 0.02 * reach),
            count: errors.length,
          },
        ]
      : bars;
  return {
    width: size,
    height: size,
    layer: [
      {
        data: { values: one },
        mark: { type: "bar", color: palette[0], stroke: ink.paper, strokeWidth: 0.5 },
        encoding: {
          x: {
            field: "from",
            type: "quantitative",
            scale: { domain: [rounded(-1.05 * reach), rounded(1.05 * reach)], nice: false },
            axis: { title: name, tickCount: 5, grid: false },
          },
          x2: { field: "to" },
          y: { field: "count", type: "quantitative", axis: { title: "pairs", tickMinStep: 1, format: ",d" } },
          y2: { datum: 0 },
        },
      },
      {
        data: { values: [{ x: 0 }] },
        mark: { type: "rule", strokeDash: [4, 3], strokeWidth: 1.5, color: ink.muted },
        encoding: { x: { field: "x", type: "quantitative" } },
      },
      {
        data: { values: [{ x: rounded(mean) }] },
        encoding: { x: { field: "x", type: "quantitative" }, color: { value: role.validation } },
        layer: [
          { mark: { type: "rule", strokeWidth: 1.5 } },
          {
            mark: {
              type: "text",
              text: `mean ${formatNumber(Math.abs(mean) < 1e-6 * reach ? 0 : mean)}`,
              baseline: "bottom",
              dy: -3,
              fontSize: 10,
            },
            encoding: { y: { value: 0 } },
          },
        ],
      },
    ],
  };
}
