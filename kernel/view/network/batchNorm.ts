/** What batch normalisation does: the values of each channel before and after. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { copyInto } from "../../../engine/inplace.ts";
import { BatchNorm1d, BatchNorm2d } from "../../../engine/nn/normalization.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import { valueRange } from "../colours.ts";
import { histogram } from "../data/statistics.ts";
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
  if (x.size === 0)
    throw new ShapeError(
      `show.batchNorm: expected activations [N, C] or [N, C, H, W], got none (shape ${formatShape(x.shape)})`,
    );
  const [before, after] = [x, normalised(layer, x)].map(activationsOf) as [Activations, Activations];
  const { samples, places, channels } = before;
  const shown = Math.min(most, channels.length);
  const text = `${layerName(layer)} of ${countOf(channels.length, "channel")} with ${countOf(samples * places, "value")} each: before, ${spread(before)}; after, ${spread(after)}.`;
  const names = Array.from({ length: shown }, (_, channel) => `channel ${channel}`);
  const spec = {
    title: { text: options.title ?? "Batch normalisation", subtitle: wrapped(text, 640) },
    bounds: "flush",
    spacing: 76,
    hconcat: [panel("before", before, names), panel("after", after, names)],
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

/** Activations `[N, C, …]` and what each channel's values are like. */
interface Activations {
  readonly values: ArrayLike<number>;
  readonly samples: number;
  /** Values of a channel in one sample. */
  readonly places: number;
  readonly channels: readonly Moments[];
}

/** Of the finite values of a channel; `low` is Infinity where there is none. */
interface Moments {
  readonly mean: number;
  readonly std: number;
  readonly low: number;
  readonly high: number;
}

function activationsOf(x: Tensor): Activations {
  const [samples = 0, channels = 0] = x.shape;
  const places = x.shape.slice(2).reduce((product, size) => product * size, 1);
  const values = x.toTypedArray();
  return {
    ...{ values, samples, places },
    channels: Array.from({ length: channels }, (_, channel) =>
      momentsOf(values, channel * places, channels * places, samples, places),
    ),
  };
}

/** Of `samples` runs of `places` values, `stride` apart, in one pass: sums of distances from a value among them lose no digits. */
function momentsOf(
  values: ArrayLike<number>,
  first: number,
  stride: number,
  samples: number,
  places: number,
): Moments {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [count, sum, squares, origin] = [0, 0, 0, 0];
  for (let sample = 0; sample < samples; sample++) {
    const start = first + sample * stride;
    for (let i = start; i < start + places; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) continue;
      if (count === 0) origin = value;
      const away = value - origin;
      count++;
      sum += away;
      squares += away * away;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  const mean = sum / count;
  return { mean: origin + mean, std: Math.sqrt(Math.max(0, squares / count - mean * mean)), low, high };
}

function spread({ channels }: Activations): string {
  const range = (values: number[]) => {
    if (!values.some(Number.isFinite)) return "not finite";
    const { low, high } = valueRange(values.map((value) => (Math.abs(value) < 1e-4 ? 0 : value)));
    const [from, to] = [formatNumber(low, 2), formatNumber(high, 2)];
    return from === to ? from : `${from} to ${to}`;
  };
  return `means ${range(channels.map(({ mean }) => mean))} and deviations ${range(channels.map(({ std }) => std))}`;
}

/** Few values make few bins: a line of single values tells nothing. */
const binsFor = (values: number): number => Math.max(8, Math.min(40, Math.round(Math.sqrt(values))));

/** Values that tell the shape of a channel as well as all of them, which take long to count. */
const MOST_COUNTED = 20_000;

/** A channel's values, evenly picked where they are very many. */
function evenly({ values, samples, places, channels }: Activations, channel: number): Float32Array {
  const all = samples * places;
  const step = Math.ceil(all / MOST_COUNTED);
  const picked = new Float32Array(Math.ceil(all / step));
  for (let i = 0, at = 0; i < picked.length; i++, at += step) {
    const sample = Math.floor(at / places);
    picked[i] = values[(sample * channels.length + channel - sample) * places + at]!;
  }
  return picked;
}

/** The share of each channel's values in bins of one width, as lines. */
function panel(title: string, activations: Activations, names: readonly string[]): ChartSpec {
  const shown = activations.channels.slice(0, names.length);
  const found = roomyRange(shown.flatMap(({ low, high }) => (low <= high ? [low, high] : [])));
  const ticks = niceTicks(found.low, found.high, 8);
  const all = { low: ticks[0]!, high: ticks.at(-1)! };
  const rows = shown.flatMap((_, channel) => {
    const own = evenly(activations, channel);
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
