/** What batch normalisation does: the values of each channel before and after. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { copyInto } from "../../../engine/inplace.ts";
import { BatchNorm1d, BatchNorm2d } from "../../../engine/nn/normalization.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import { valueRange } from "../colours.ts";
import { histogram, statistics } from "../data/statistics.ts";
import { type ChartSpec, chart, emptyPlot, roomyRange, rounded } from "../drawing/chart.ts";
import { niceTicks } from "../drawing/ticks.ts";
import type { Displayable } from "../mime.ts";
import { dashes, palette } from "../theme.ts";
import { countOf, formatNumber, formatShape, wrapped } from "../wording.ts";
import { layerName } from "./layers.ts";

/** Options of `batchNorm`. */
export interface BatchNormPictureOptions {
  /** How many channels to show, 6 where left out. */
  channels?: number;
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws how the values of each channel are distributed before a batch normalisation and after it, by the statistics of this batch:
 * mean 0 and deviation 1 become the layer's own β and γ. The layer keeps the statistics it had.
 *
 * @throws ArgumentError for another layer than `nn.batchNorm1d` and `nn.batchNorm2d`.
 * @example
 * show.batchNorm(nn.batchNorm2d(6), model.c1(test.images));
 */
export function batchNorm(
  layer: BatchNorm1d | BatchNorm2d,
  x: Tensor,
  options: BatchNormPictureOptions = {},
): Displayable {
  checkOptions("show.batchNorm", options, ["channels", "title"]);
  if (!(layer instanceof BatchNorm1d || layer instanceof BatchNorm2d))
    throw new ArgumentError(
      `show.batchNorm: expected a layer such as nn.batchNorm2d(6), got ${typeof layer === "object" && layer !== null ? layerName(layer) : describeValue(layer)}`,
    );
  if (!isTensor(x))
    throw new ArgumentError(`show.batchNorm: expected activations as a Tensor, got ${describeValue(x)}`);
  const { channels: most = 6 } = options;
  if (!(Number.isInteger(most) && most >= 1))
    throw new ArgumentError(
      `show.batchNorm: channels must be a whole number from 1, got ${describeValue(most)}`,
    );
  const before = channelsOf(x);
  const after = channelsOf(normalised(layer, x));
  if (before.length === 0 || before[0]!.length === 0)
    throw new ShapeError(
      `show.batchNorm: expected activations [N, C] or [N, C, H, W], got none (shape ${formatShape(x.shape)})`,
    );
  const shown = Math.min(most, before.length);
  const text = `${layerName(layer)} of ${countOf(before.length, "channel")} with ${countOf(before[0]!.length, "value")} each: before, ${spread(before)}; after, ${spread(after)}.`;
  const names = Array.from({ length: shown }, (_, channel) => `channel ${channel}`);
  const spec = {
    title: { text: options.title ?? "Batch normalisation", subtitle: wrapped(text, 640) },
    bounds: "flush",
    spacing: 76,
    hconcat: [panel("before", before.slice(0, shown), names), panel("after", after.slice(0, shown), names)],
  };
  return chart(spec, text);
}

/** What the layer makes of a batch in training, without remembering it. */
function normalised(layer: BatchNorm1d | BatchNorm2d, x: Tensor): Tensor {
  const { training } = layer;
  const buffers = [layer.runningMean, layer.runningVar, layer.numBatchesTracked].filter(
    (one) => one !== null,
  );
  return noGrad(() => {
    const kept = buffers.map((buffer) => buffer.clone());
    try {
      layer.train();
      return layer(x.detach());
    } finally {
      layer.train(training);
      for (const [i, buffer] of buffers.entries()) copyInto(buffer, kept[i]!);
    }
  });
}

/** The values of each channel, of all samples and places. */
function channelsOf(x: Tensor): Float32Array[] {
  const [samples = 0, channels = 0] = x.shape;
  const places = x.shape.slice(2).reduce((product, size) => product * size, 1);
  const values = x.toTypedArray();
  return Array.from({ length: channels }, (_, channel) => {
    const own = new Float32Array(samples * places);
    for (let sample = 0; sample < samples; sample++)
      for (let place = 0; place < places; place++)
        own[sample * places + place] = values[(sample * channels + channel) * places + place]!;
    return own;
  });
}

function spread(channels: readonly Float32Array[]): string {
  const found = channels.map(statistics);
  const range = (values: number[]) => {
    if (!values.some(Number.isFinite)) return "not finite";
    const { low, high } = valueRange(values.map((value) => (Math.abs(value) < 1e-4 ? 0 : value)));
    const [from, to] = [formatNumber(low, 2), formatNumber(high, 2)];
    return from === to ? from : `${from} to ${to}`;
  };
  return `means ${range(found.map(({ mean }) => mean))} and deviations ${range(found.map(({ std }) => std))}`;
}

/** The lowest and the highest finite value; none where none is. */
function ends(values: Float32Array): readonly number[] {
  const { low, high, nan, infinite } = valueRange(values);
  return nan + infinite === values.length ? [] : [low, high];
}

/** Few values make few bins: a line of single values tells nothing. */
const binsFor = (values: number): number => Math.max(8, Math.min(40, Math.round(Math.sqrt(values))));

/** Values that tell the shape of a channel as well as all of them, which take long to count. */
const MOST_COUNTED = 20_000;

function evenly(values: Float32Array): Float32Array {
  const step = Math.ceil(values.length / MOST_COUNTED);
  return step === 1
    ? values
    : Float32Array.from({ length: Math.ceil(values.length / step) }, (_, i) => values[i * step]!);
}

/** The share of each channel's values in bins of one width, as lines. */
function panel(title: string, channels: readonly Float32Array[], names: readonly string[]): ChartSpec {
  const found = roomyRange(channels.flatMap((own) => [...ends(own)]));
  const ticks = niceTicks(found.low, found.high, 8);
  const all = { low: ticks[0]!, high: ticks.at(-1)! };
  const rows = channels.map(evenly).flatMap((own, channel) => {
    // The ends of the common range make the bins of all channels the same; they do not count.
    const counted = new Float64Array(own.length + 2);
    counted.set(own);
    counted.set([all.low, all.high], own.length);
    const bins = histogram(counted, binsFor(own.length));
    const counts = bins.map(({ count }, i) => count - (i === 0 ? 1 : 0) - (i === bins.length - 1 ? 1 : 0));
    // Where a channel has nothing it has no line: several on the axis would hide each other.
    return bins.flatMap(({ start, end }, i) =>
      [counts[i - 1], counts[i], counts[i + 1]].some((count) => count !== undefined && count > 0)
        ? [
            {
              value: rounded((start + end) / 2),
              share: rounded(counts[i]! / own.length),
              channel: names[channel],
            },
          ]
        : [],
    );
  });
  // A tick at the top of each panel keeps both titles at one height.
  const shares = niceTicks(0, Math.max(0.01, ...rows.map(({ share }) => share ?? 0)), 6);
  const series = (range: readonly unknown[]) => ({
    field: "channel",
    type: "nominal",
    title: null,
    scale: { domain: names, range },
    legend: { orient: "bottom", symbolType: "stroke", symbolSize: 300, columns: 3 },
  });
  return {
    title: { text: title, fontSize: 11, offset: 10 },
    data: { values: rows },
    width: 300,
    height: 180,
    layer: [
      {
        mark: { type: "line", interpolate: "monotone", strokeWidth: 2 },
        encoding: {
          color: series(names.map((_, i) => palette[i % palette.length])),
          strokeDash: series(names.map((_, i) => dashes[i % dashes.length])),
          tooltip: [
            { field: "channel", title: "channel" },
            { field: "value", title: "value", format: ".3~g" },
            { field: "share", title: "share", format: ".1%" },
          ],
        },
      },
      ...(rows.length === 0 ? [emptyPlot(300, 180)] : []),
    ],
    encoding: {
      x: {
        field: "value",
        type: "quantitative",
        title: "value",
        scale: { nice: false, zero: false, domain: [rounded(all.low), rounded(all.high)] },
        axis: { grid: false, format: "~g" },
      },
      y: {
        field: "share",
        type: "quantitative",
        title: "share of the channel's values",
        scale: { domain: [0, shares.at(-1)], nice: false },
        axis: { format: ".1~%", values: shares },
      },
    },
  };
}
