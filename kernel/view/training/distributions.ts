/** How weights, gradients or activations are distributed while a network trains: ridges of histograms, one panel a layer. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import type { Distribution, DistributionHistory } from "../../../engine/inspection/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { colourOf, hexOf } from "../colours.ts";
import { type ChartSpec, chart, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { fontSize, ink } from "../theme.ts";
import { countOf, formatCount, formatNumber, wrapped } from "../wording.ts";

/** Options of `distributions`. */
export interface DistributionsOptions {
  /** The parameters or layers to draw, by path; six spread over the depth where left out, no biases. */
  layers?: readonly string[];
  /** A title above the chart. */
  title?: string;
}

/** The part of `inspection.distributions` that its picture needs. */
type Recorded = Pick<DistributionHistory, "of" | "steps" | "distributions">;

const MOST_PANELS = 6;
const MOST_RIDGES = 10;
const BINS = 32;
/** A ridge is at most as high as so many lie apart. */
const OVERLAP = 3;
const WIDTH = 190;

/**
 * Draws how weights, gradients or activations were distributed after more and more steps: the first on top, the last in front.
 *
 * @throws ArgumentError where `history` is no result of `inspection.distributions` or a layer is unknown, ShapeError where
 * nothing was recorded.
 * @example
 * const watch = inspection.distributions(model, optimizer, { of: "gradients" });
 * await fit(model, loader, { optimizer });
 * show.distributions(watch);
 */
export function distributions(history: DistributionHistory, options: DistributionsOptions = {}): Displayable {
  checkOptions("show.distributions", options, ["layers", "title"]);
  const recorded: Recorded = history;
  if (
    !(typeof recorded === "object" && recorded?.distributions instanceof Map && Array.isArray(recorded.steps))
  )
    throw new ArgumentError(
      `show.distributions: expected the result of inspection.distributions(model, optimizer), got ${describeValue(history)}`,
    );
  if (recorded.steps.length === 0)
    throw new ShapeError("show.distributions: no step was recorded; train after inspection.distributions(…)");
  const paths = options.layers ?? chosen([...recorded.distributions.keys()]);
  const unknown = paths.find((path) => !recorded.distributions.has(path));
  if (unknown !== undefined)
    throw new ArgumentError(
      `show.distributions: there is no "${unknown}"; there are ${[...recorded.distributions.keys()].join(", ")}`,
    );
  if (paths.length === 0 || paths.length > 2 * MOST_PANELS)
    throw new ArgumentError(
      `show.distributions: layers takes 1 to ${2 * MOST_PANELS} paths, got ${formatCount(paths.length)}`,
    );
  const text = historySentence(recorded, paths);
  return chart(
    ridgesSpec(recorded, paths, options.title ?? `${capital(recorded.of)} while training`, text),
    text,
  );
}

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

/** At most six, spread over the depth. */
function chosen(all: readonly string[]): string[] {
  const weights = all.filter((path) => !/(^|\.)bias[^.]*$/i.test(path));
  const from = weights.length > 0 ? weights : all;
  if (from.length <= MOST_PANELS) return [...from];
  return Array.from(
    { length: MOST_PANELS },
    (_, i) => from[Math.round((i * (from.length - 1)) / (MOST_PANELS - 1))]!,
  );
}

/** "Weights of 5 layers, step 0 to 48: the spread changed most in c1.weight, from 0.115 to 0.154." */
function historySentence({ of, steps, distributions }: Recorded, paths: readonly string[]): string {
  const start = `${capital(of)} of ${countOf(paths.length, of === "activations" ? "layer" : "parameter")}, step ${formatCount(steps[0]!)} to ${formatCount(steps.at(-1)!)}`;
  const changes = paths
    .map((path) => {
      const list = distributions.get(path)!;
      const [first, last] = [list[0]!.std, list.at(-1)!.std];
      return { path, first, last, change: Math.abs(Math.log(last / first)) };
    })
    .filter(({ change }) => Number.isFinite(change))
    .sort((a, b) => b.change - a.change);
  const broken = paths.find((path) => distributions.get(path)!.some(({ notFinite }) => notFinite > 0));
  const note = broken === undefined ? "" : ` ${broken} holds NaN or infinity.`;
  const most = changes[0];
  if (!most || steps.length === 1) return `${start}.${note}`;
  return `${start}: the spread changed most in ${most.path}, from ${formatNumber(most.first)} to ${formatNumber(most.last)}.${note}`;
}

function ridgesSpec(
  { steps, distributions }: Recorded,
  paths: readonly string[],
  title: string,
  text: string,
): ChartSpec {
  const count = Math.min(MOST_RIDGES, steps.length);
  const picked = Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (steps.length - 1)) / (count - 1)),
  );
  const labels = picked.map((index) => formatCount(steps[index]!));
  const panels = paths.map((path) => {
    const list = distributions.get(path)!;
    return panel(
      path,
      picked.map((index) => list[index]!),
      labels,
    );
  });
  const columns = Math.min(3, panels.length);
  const order = `${countOf(count, "recording")}: the first on top, the last in front`;
  return {
    title: {
      text: title,
      subtitle: [...wrapped(text, columns * (WIDTH + 60)), ...wrapped(order, columns * (WIDTH + 60))],
    },
    columns,
    spacing: 20,
    concat: panels,
  };
}

function panel(path: string, list: readonly Distribution[], labels: readonly string[]): ChartSpec {
  const { low, high } = rangeOf(list);
  const shares = list.map((distribution) => rebinned(distribution, low, high));
  const top = Math.max(...shares.flat()) || 1;
  const width = (high - low) / BINS;
  const values = shares.flatMap((ridge, i) =>
    ridge.map((share, bin) => ({
      i,
      x: rounded(low + (bin + 0.5) * width),
      y: Number((i - (OVERLAP * share) / top).toFixed(3)),
    })),
  );
  const last = labels.length - 1;
  const ticks = [...new Set([0, Math.round(last / 2), last])];
  const from = [0.9, 0.45, 0.05].map((share) => hexOf(colourOf(share, "viridis", 0, 1)));
  // The end tells one layer from the next.
  const name = path.length > 34 ? `…${path.slice(-33)}` : path;
  return {
    title: { text: name, fontSize: fontSize.label, fontWeight: "normal", offset: 8 },
    width: WIDTH,
    height: 150,
    data: { values },
    mark: { type: "area", stroke: ink.paper, strokeWidth: 0.8, fillOpacity: 1 },
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: null,
        scale: { domain: [rounded(low), rounded(high)], nice: false },
        axis: { tickCount: 4, grid: false },
      },
      y: {
        field: "y",
        type: "quantitative",
        title: "step",
        scale: { domain: [last + 0.01, -OVERLAP], nice: false },
        axis: {
          values: ticks,
          labelExpr: `${JSON.stringify(labels)}[datum.value]`,
          grid: false,
          domain: false,
          ticks: false,
        },
      },
      y2: { field: "i" },
      detail: { field: "i" },
      fill: { field: "i", type: "quantitative", scale: { range: from }, legend: null },
    },
  };
}

/** Where nearly all values of all recordings lie: far outliers would press the ridges into a spike. */
function rangeOf(list: readonly Distribution[]): { low: number; high: number } {
  const known = list.filter(({ mean }) => Number.isFinite(mean));
  if (known.length === 0) return { low: -1, high: 1 };
  const low = Math.min(...known.map(({ min, mean, std }) => Math.max(min, mean - 4 * std)));
  const high = Math.max(...known.map(({ max, mean, std }) => Math.min(max, mean + 4 * std)));
  if (high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high))) return { low, high };
  const reach = Math.abs(low) * 0.1 || 1;
  return { low: low - reach, high: high + reach };
}

/** The share of values in each of the panel's bins; a stretch of the histogram that overlaps several is shared out. */
function rebinned({ histogram, count }: Distribution, low: number, high: number): number[] {
  const shares = new Array<number>(BINS).fill(0);
  if (count === 0 || !Number.isFinite(histogram.low)) return shares;
  const width = (high - low) / BINS;
  const stretch = (histogram.high - histogram.low) / histogram.counts.length;
  for (const [k, found] of histogram.counts.entries()) {
    if (found === 0) continue;
    const from = (histogram.low + k * stretch - low) / width;
    const length = Math.max(stretch / width, 1e-9);
    const [first, last] = [Math.floor(from), Math.floor(from + length - 1e-9)];
    for (let bin = Math.max(0, first); bin <= Math.min(BINS - 1, last); bin++) {
      const inside = Math.min(bin + 1, from + length) - Math.max(bin, from);
      shares[bin]! += (found / count) * (inside / length);
    }
  }
  return shares;
}
