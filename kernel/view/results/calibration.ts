/** Whether a model is right as often as it says: the reliability diagram. */

import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import { Calibration, calibration as calibrationOf, type Values } from "../../../engine/metrics/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { type ChartSpec, chart, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { ink, palette, role } from "../theme.ts";
import { countOf, formatPercent, wrapped } from "../wording.ts";

/** Options of `calibration`. */
export interface CalibrationPictureOptions {
  /** How many bins of confidence (default 10); only with probabilities and labels. */
  bins?: number;
  /** A title above the chart. */
  title?: string;
}

/**
 * Draws how often a model is right for each confidence, beside the diagonal of a model that is right as often as it says, and
 * below how many samples it was so sure of.
 *
 * Takes `metrics.calibration(…)`, or probabilities `[N, classes]` and labels.
 *
 * @throws ArgumentError where it gets neither, or where the probabilities of a sample do not sum to 1.
 * @example
 * show.calibration(model(test.images).softmax(1), test.labels);
 */
export function calibration(result: Calibration, options?: CalibrationPictureOptions): Displayable;
export function calibration(
  probabilities: Tensor,
  labels: Values,
  options?: CalibrationPictureOptions,
): Displayable;
export function calibration(
  first: Calibration | Tensor,
  second: Values | CalibrationPictureOptions = {},
  third: CalibrationPictureOptions = {},
): Displayable {
  const labelled = Array.isArray(second) || ArrayBuffer.isView(second) || "toTypedArray" in second;
  const options = labelled ? third : (second as CalibrationPictureOptions);
  checkOptions("show.calibration", options, ["bins", "title"]);
  const given = first instanceof Calibration;
  if (!given && !labelled)
    throw new ArgumentError(
      `show.calibration: expected metrics.calibration(…), or probabilities [N, classes] and labels; got ${describeValue(first)}`,
    );
  const { bins } = options;
  const result = given ? first : calibrationOf(first, second as Values, bins === undefined ? {} : { bins });
  const text = calibrationSentence(result);
  return chart(calibrationSpec(result, options.title ?? "Calibration", text), text);
}

/** "300 samples: sure of 95.2 % on average, right in 91.0 %: too sure. Expected calibration error 4.3 %." */
function calibrationSentence({ bins, error }: Calibration): string {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const mean = (of: "confidence" | "accuracy") =>
    bins.reduce((sum, bin) => (bin.count === 0 ? sum : sum + bin.count * bin[of]), 0) / total;
  const [confidence, accuracy] = [mean("confidence"), mean("accuracy")];
  const gap = confidence - accuracy;
  const verdict = Math.abs(gap) < 0.005 ? "" : gap > 0 ? ": too sure" : ": not sure enough";
  return `${countOf(total, "sample")}, ${formatPercent(confidence)} sure on average and right in ${formatPercent(accuracy)}${verdict}. Expected calibration error ${formatPercent(error)}.`;
}

function calibrationSpec({ bins }: Calibration, title: string, text: string): ChartSpec {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const values = bins
    .filter(({ count }) => count > 0)
    .map(({ from, to, count, confidence, accuracy }) => ({
      from: rounded(from),
      to: rounded(to),
      count,
      share: rounded(count / total),
      confidence: rounded(confidence),
      accuracy: rounded(accuracy),
    }));
  const size = 280;
  const x = (axis: object | null) => ({
    field: "from",
    type: "quantitative",
    scale: { domain: [0, 1] },
    axis,
  });
  const confidenceAxis = { title: "confidence: what the model says", format: ".0%", tickCount: 5 };
  const tooltip = [
    { field: "count", title: "samples", format: "," },
    { field: "confidence", title: "mean confidence", format: ".1%" },
    { field: "accuracy", title: "accuracy", format: ".1%" },
  ];
  const bar = { type: "bar", stroke: ink.paper, strokeWidth: 1 };
  return {
    title: {
      text: title,
      subtitle: [
        ...wrapped(text, size + 120),
        "dashed: right as often as it says; dots: the distance from that",
      ],
    },
    spacing: 8,
    vconcat: [
      {
        width: size,
        height: size,
        layer: [
          {
            data: { values },
            mark: { ...bar, color: palette[0], opacity: 0.6 },
            encoding: {
              x: x({ ...confidenceAxis, title: null, labels: false, ticks: false }),
              x2: { field: "to" },
              y: {
                field: "accuracy",
                type: "quantitative",
                scale: { domain: [0, 1] },
                axis: { title: "share that is right", format: ".0%", tickCount: 5 },
              },
              y2: { datum: 0 },
              tooltip,
            },
          },
          {
            data: { values: [{ x: 0 }, { x: 1 }] },
            mark: { type: "line", strokeDash: [4, 3], strokeWidth: 1.5, color: ink.strong },
            encoding: { x: { field: "x", type: "quantitative" }, y: { field: "x", type: "quantitative" } },
          },
          {
            data: { values },
            mark: { type: "rule", strokeWidth: 2, color: role.wrong },
            encoding: {
              x: { field: "confidence", type: "quantitative" },
              y: { field: "confidence", type: "quantitative" },
              y2: { field: "accuracy" },
            },
          },
          {
            data: { values },
            mark: { type: "point", filled: true, size: 34, opacity: 1, color: role.wrong },
            encoding: {
              x: { field: "confidence", type: "quantitative" },
              y: { field: "accuracy", type: "quantitative" },
              tooltip,
            },
          },
        ],
      },
      {
        width: size,
        height: 60,
        data: { values },
        mark: { ...bar, color: ink.muted },
        encoding: {
          x: x(confidenceAxis),
          x2: { field: "to" },
          y: {
            field: "share",
            type: "quantitative",
            axis: { title: "samples", format: ".0%", tickCount: 2 },
          },
          y2: { datum: 0 },
          tooltip,
        },
      },
    ],
  };
}
