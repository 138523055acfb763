/** What weights cost: the connections of a dense, a locally connected and a convolutional layer, and how many weights each has. */
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import { checkSize2d, type Size2d } from "../../../engine/ops/convolution.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type ChartSpec, chart } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { dashes, ink, palette } from "../theme.ts";
import { countOf, formatCount } from "../wording.ts";

/** Options of `connections`. */
export interface ConnectionsOptions {
  /** Height and width of the image; the layer has as many units for each output channel. */
  size: Size2d;
  /** Height and width of what one unit sees. */
  kernel: Size2d;
  /** Channels of the image (default 1). */
  inChannels?: number;
  /** Filters (default 1). */
  outChannels?: number;
  /** A title above the chart. */
  title?: string;
}

/** The row of units that is drawn. */
const drawnUnits = 7;
const drawnTaps = 3;

/**
 * Draws how a layer's units are connected with an image, in a row of seven: to everything (dense), to their surroundings (locally
 * connected), and to their surroundings by the same weights (convolution); over each, the number of weights it needs at the
 * sizes given, without biases. Throws an ArgumentError for sizes that are not whole numbers from 1. Source: lecture steps
 * 000.32 to 000.35.
 *
 * @example
 * show.connections({ size: 200, kernel: 10 });   // 1,600,000,000, 4,000,000 and 100 weights
 */
export function connections(options: ConnectionsOptions): Displayable {
  checkOptions("show.connections", options, ["size", "kernel", "inChannels", "outChannels", "title"]);
  const what = "show.connections";
  const { inChannels = 1, outChannels = 1 } = options;
  const [height, width] = checkSize2d(what, "size", options.size, 1);
  const [kernelHeight, kernelWidth] = checkSize2d(what, "kernel", options.kernel, 1);
  for (const [name, channels] of Object.entries({ inChannels, outChannels }))
    if (!Number.isInteger(channels) || channels < 1)
      throw new ArgumentError(`${what}: ${name} is a whole number from 1; got ${describeValue(channels)}`);
  if (kernelHeight > height || kernelWidth > width)
    throw new ArgumentError(
      `${what}: a kernel of ${kernelHeight}×${kernelWidth} is larger than the image of ${height}×${width}; take a smaller one`,
    );
  const pixels = height * width;
  const seen = kernelHeight * kernelWidth * inChannels;
  const units = pixels * outChannels;
  const counts = { dense: pixels * inChannels * units, local: seen * units, shared: seen * outChannels };
  const middle = (drawnTaps - 1) / 2;
  const pairs = Array.from({ length: drawnUnits ** 2 }, (_, i) => ({
    from: Math.floor(i / drawnUnits),
    to: i % drawnUnits,
  }));
  const near = pairs.filter(({ from, to }) => Math.abs(from - to) <= middle);
  const panels = [
    panel("dense", `${formatCount(pixels * inChannels)} × ${formatCount(units)}`, counts.dense, pairs, false),
    panel("locally connected", `${formatCount(seen)} × ${formatCount(units)}`, counts.local, near, false),
    panel(
      "convolution, shared weights",
      `${formatCount(seen)} × ${formatCount(outChannels)}`,
      counts.shared,
      near,
      true,
    ),
  ];
  const text = `From an image of ${height}×${width}${inChannels > 1 ? `×${inChannels}` : ""} to ${countOf(units, "unit")}: ${formatCount(counts.dense)} weights dense, ${formatCount(counts.local)} locally connected, ${formatCount(counts.shared)} shared.`;
  return chart(
    {
      title: { text: options.title ?? "Connections and weights", subtitle: text },
      hconcat: panels,
      spacing: 30,
    },
    text,
  );
}

function panel(
  name: string,
  product: string,
  count: number,
  edges: { from: number; to: number }[],
  shared: boolean,
): ChartSpec {
  const rows = edges.map(({ from, to }) => ({
    from,
    to,
    below: 0,
    above: 1,
    weight: `w${"₋₀₊"[from - to + 1] ?? ""}`,
  }));
  const units = Array.from({ length: drawnUnits }, (_, i) =>
    [0, 1].map((level) => ({ from: i, level })),
  ).flat();
  const place = {
    type: "quantitative",
    axis: null,
    scale: { domain: [-0.5, drawnUnits - 0.5], nice: false },
  };
  const level = { type: "quantitative", axis: null, scale: { domain: [-0.15, 1.15], nice: false } };
  const weight = { field: "weight", type: "nominal", legend: null };
  const looks = shared
    ? {
        color: { ...weight, scale: { range: palette.slice(0, 3) } },
        strokeDash: { ...weight, scale: { range: dashes.slice(0, 3) } },
      }
    : { color: { value: ink.muted } };
  return {
    title: {
      text: name,
      subtitle: [`${product} =`, countOf(count, "weight")],
      fontSize: 12,
      offset: 10,
    },
    width: 220,
    height: 130,
    layer: [
      {
        data: { values: rows },
        mark: { type: "rule", strokeWidth: shared ? 1.8 : 1 },
        encoding: {
          x: { field: "from", ...place },
          x2: { field: "to" },
          y: { field: "below", ...level },
          y2: { field: "above" },
          ...looks,
        },
      },
      {
        data: { values: units },
        mark: { type: "point", filled: true, size: 130, opacity: 1, color: ink.strong },
        encoding: { x: { field: "from", ...place }, y: { field: "level", ...level } },
      },
    ],
  };
}
