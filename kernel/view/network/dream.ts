/** How an image is made by ascent or descent: its frames in a strip, and below it the number that was optimised. */
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import type { MadeImage } from "../../../engine/models/style.ts";
import { checkOptions } from "../../../engine/options.ts";
import { tileUrl } from "../drawing/blit.ts";
import { chart, domainOf, downsample, emptyPlot, rounded } from "../drawing/chart.ts";
import { brightnessRange, imageBatch, thinning, tileOf } from "../drawing/grid.ts";
import type { Displayable } from "../mime.ts";
import { ink, palette } from "../theme.ts";
import { countOf, formatNumber, wrapped } from "../wording.ts";

/** Options of `dream`. */
export interface DreamOptions {
  /** A title above the picture. */
  title?: string;
}

/** Sides of all frames together, in CSS pixels. */
const STRIP = 640;
const MOST_POINTS = 200;

/**
 * Draws an image on its way from where it began, and the activation that rose (or the loss that fell) below: what
 * `models.deepDream` and `models.styleTransfer` return.
 *
 * @throws ArgumentError for anything else.
 * @example
 * show.dream(models.deepDream(model.features, rand([1, 1, 28, 28]), { layer: 3, channel: 7 }));
 */
export function dream(made: MadeImage, options: DreamOptions = {}): Displayable {
  checkOptions("show.dream", options, ["title"]);
  if (!Array.isArray(made?.frames) || made.frames.length === 0 || !Array.isArray(made.values))
    throw new ArgumentError(
      `show.dream: expected what models.deepDream or models.styleTransfer returns, got ${describeValue(made)}`,
    );
  const { frames, values, objective } = made;
  const batch = imageBatch(
    frames.map(({ image }) => image),
    "show.dream",
  );
  const { channels, height, width } = batch;
  const step = thinning(batch, frames.length, channels === 3 ? 9_000 : 30_000);
  const range = brightnessRange(batch.values);
  const size = Math.min(150, Math.floor(STRIP / frames.length) - 6);
  const scale = size / Math.max(height, width);
  const plane = channels * height * width;
  const strip = frames.map(({ step: at }, i) => {
    const pixels = Array.prototype.slice.call(batch.values, i * plane, (i + 1) * plane);
    const tile = tileOf(pixels, batch, range, "grey", step);
    const pixel = Math.max(1, Math.round((2 * size) / Math.max(tile.height, tile.width)));
    return { step: at === 0 ? "start" : `step ${at}`, url: tileUrl(tile, pixel) };
  });
  const points = values.map((value, at) => ({ x: at, y: value }));
  const line = downsample(points, MOST_POINTS).map(({ x, y }) => ({ step: x, value: rounded(y) }));
  const marked = frames.flatMap(({ step: at }) =>
    Number.isFinite(values[at]) ? [{ step: at, value: rounded(values[at]!) }] : [],
  );
  const [first, last] = [values[0], values.at(-1)];
  const moved =
    first === undefined || last === undefined
      ? "no step was made"
      : `${countOf(values.length, "step")} took the ${objective} from ${formatNumber(first)} to ${formatNumber(last)}`;
  const text = `An image of ${height}×${width} pixels: ${moved}.`;
  const stripWidth = frames.length * (size + 6);
  const axes = {
    x: {
      field: "step",
      type: "quantitative",
      title: "steps",
      scale: { domain: [0, frames.at(-1)!.step || 1], nice: false },
      axis: { grid: false, tickMinStep: 1, format: "~s" },
    },
    y: {
      field: "value",
      type: "quantitative",
      title: objective,
      scale: { zero: false, ...domainOf(values) },
    },
    tooltip: [
      { field: "step", title: "step" },
      { field: "value", title: objective, format: ".4~g" },
    ],
  };
  const spec = {
    title: { text: options.title ?? "How the image is made", subtitle: wrapped(text, 560) },
    spacing: 14,
    vconcat: [
      {
        data: { values: strip },
        width: stripWidth,
        height: Math.round(scale * height),
        mark: { type: "image", width: scale * width, height: scale * height, aspect: false, smooth: false },
        encoding: {
          x: {
            field: "step",
            type: "ordinal",
            sort: null,
            scale: { padding: 0 },
            axis: { title: null, labelAngle: 0, domain: false, ticks: false, labelColor: ink.text },
          },
          y: { value: Math.round(scale * height) / 2 },
          url: { field: "url", type: "nominal" },
        },
      },
      {
        width: stripWidth,
        height: 120,
        layer: [
          {
            data: { values: line },
            mark: { type: "line", strokeWidth: 2, color: palette[0] },
            encoding: axes,
          },
          {
            data: { values: marked },
            mark: { type: "point", filled: true, size: 40, opacity: 1, color: palette[0] },
            encoding: axes,
          },
          ...(line.length === 0 ? [emptyPlot(stripWidth, 120)] : []),
        ],
      },
    ],
  };
  return chart(spec, text);
}
