/** The result of a learning-rate search: the loss over the rates tried. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { LearningRateSearch } from "../../../engine/optim/learningRate.ts";
import { type ChartSpec, chart, powersAxis, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { role } from "../theme.ts";
import { countOf, formatNumber, wrapped } from "../wording.ts";

/**
 * Draws the loss of each learning rate, thin as measured and thick smoothed, and marks the one to take.
 *
 * @throws ArgumentError where `search` is no result of `optim.findLearningRate`, ShapeError where no rate was tried.
 * @example
 * const search = await optim.findLearningRate(model, train.loader({ shuffle: true }), { optimizer });
 * show.learningRates(search);
 */
export function learningRates(search: LearningRateSearch): Displayable {
  if (!(search instanceof LearningRateSearch))
    throw new ArgumentError(
      `show.learningRates: expected the result of await optim.findLearningRate(…), got ${describeValue(search)}`,
    );
  if (search.rates.length === 0)
    throw new ShapeError(
      "show.learningRates: no learning rate was tried: the loss was not finite from the first step; look where NaN begins with detectAnomaly",
    );
  const { rates, losses, smoothed, suggestion } = search;
  const result =
    suggestion === null
      ? "the loss fell noticeably at none of them"
      : `the loss fell fastest at ${formatNumber(suggestion, 2)}`;
  const text = `${countOf(rates.length, "learning rate")} tried, from ${formatNumber(rates[0]!)} to ${formatNumber(rates.at(-1)!)}: ${result}.`;
  // What lies far above the start says only that it exploded, and would press the rest flat.
  const highest = Math.max(smoothed[0]! * 1.5, ...smoothed.slice(0, Math.ceil(smoothed.length / 2)));
  const points = (values: readonly number[]) =>
    values.map((loss, i) => ({ rate: rounded(rates[i]!), loss: rounded(Math.min(loss, highest)) }));
  const layer: ChartSpec[] = [
    { data: { values: points(losses) }, mark: { type: "line", strokeWidth: 1, opacity: 0.3 } },
    {
      data: { values: points(smoothed) },
      mark: { type: "line", strokeWidth: 2 },
      encoding: {
        tooltip: [
          { field: "rate", title: "learning rate", format: ".2~g" },
          { field: "loss", title: "loss, smoothed", format: ".4~g" },
        ],
      },
    },
  ];
  if (suggestion !== null) {
    layer.push({
      data: { values: [{ rate: rounded(suggestion), text: `take ${formatNumber(suggestion, 2)}` }] },
      encoding: { color: { value: role.validation }, y: { value: 0 } },
      layer: [
        {
          mark: { type: "rule", strokeDash: [4, 3], strokeWidth: 1.5 },
          encoding: { y2: { value: "height" } },
        },
        {
          mark: { type: "text", align: "left", dx: 5, baseline: "top", fontSize: 11 },
          encoding: { text: { field: "text" } },
        },
      ],
    });
  }
  const spec: ChartSpec = {
    title: { text: "Learning rates tried", subtitle: wrapped(text, 460) },
    width: 440,
    height: 220,
    encoding: {
      x: {
        field: "rate",
        type: "quantitative",
        title: "learning rate",
        scale: { type: "log", nice: false },
        axis: { grid: false, ...powersAxis(powersOfTen(rates)).axis },
      },
      y: {
        field: "loss",
        type: "quantitative",
        title: "loss",
        scale: { zero: false, domainMax: rounded(highest) },
      },
      color: { value: role.train },
    },
    layer,
  };
  return chart(spec, text);
}

/** Ticks of a logarithmic axis: 0.001, 0.01, 0.1. */
function powersOfTen(rates: readonly number[]): number[] {
  const first = Math.ceil(Math.log10(rates[0]!) - 1e-9);
  const last = Math.floor(Math.log10(rates.at(-1)!) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(`1e${first + i}`));
}
