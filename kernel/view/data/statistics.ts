/** What the values of a tensor are like: their statistics in a sentence, and their histogram. */
import { asFloats, hexOf, nonFinite, valueRange } from "../colours.ts";
import { type ChartSpec, rounded } from "../drawing/chart.ts";
import { palette } from "../theme.ts";
import { countOf, formatCount, formatNumber, formatShape, wrapped } from "../wording.ts";

export interface Statistics {
  count: number;
  mean: number;
  /** Of the finite values, dividing by their number. */
  std: number;
  low: number;
  high: number;
  zeros: number;
  nan: number;
  infinite: number;
}

export function statistics(numbers: ArrayLike<number>): Statistics {
  const values = asFloats(numbers);
  const { low, high, nan, infinite } = valueRange(values);
  const finite = values.length - nan - infinite;
  let [sum, zeros] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) sum += value;
    if (value === 0) zeros++;
  }
  const mean = finite > 0 ? sum / finite : Number.NaN;
  let squares = 0;
  for (let i = 0; i < values.length; i++)
    if (Number.isFinite(values[i]!)) squares += (values[i]! - mean) ** 2;
  const none = finite === 0;
  return {
    count: values.length,
    mean,
    std: none ? Number.NaN : Math.sqrt(squares / finite),
    low: none ? Number.NaN : low,
    high: none ? Number.NaN : high,
    zeros,
    nan,
    infinite,
  };
}

/**
 * "Tensor 64×10 float32: mean 0.1, standard deviation 0.3, from −1 to 1; 2 NaN." Of truth values how many are true, of labels which
 * is most frequent.
 */
export function tensorSentence(shape: readonly number[], values: ArrayLike<number>, dtype = ""): string {
  const head = `Tensor ${formatShape(shape)}${dtype && ` ${dtype}`}`;
  if (values.length === 0) return `${head}: empty.`;
  const { count, mean, std, low, high, nan, infinite, zeros } = statistics(values);
  if (dtype === "bool") return `${head}: ${formatCount(count - zeros)} true, ${formatCount(zeros)} false.`;
  const odd = [
    ...(nan > 0 ? [`${formatCount(nan)} NaN`] : []),
    ...(infinite > 0 ? [`${formatCount(infinite)} infinite`] : []),
  ];
  const warning = odd.length > 0 ? `; ${odd.join(" and ")}` : "";
  if (nan + infinite === count) return `${head}: no value is a number: ${odd.join(" and ")}.`;
  if (low === high && odd.length === 0) return `${head}: all values are ${formatNumber(low)}.`;
  const range = `from ${formatNumber(low)} to ${formatNumber(high)}`;
  if (dtype === "int32" && low >= 0 && high < MOST_LABELS) {
    const bins = histogram(values);
    const most = bins.reduce((best, bin) => (bin.count > best.count ? bin : best));
    const kinds = bins.filter((bin) => bin.count > 0).length;
    const label = Math.round((most.start + most.end) / 2);
    return `${head}: ${formatCount(kinds)} different values ${range}, most often ${label} (${countOf(most.count, "time")}).`;
  }
  return `${head}: mean ${formatNumber(mean)}, standard deviation ${formatNumber(std)}, ${range}${warning}.`;
}

/** Whole numbers below this are read as labels. */
const MOST_LABELS = 40;

export interface Bin {
  start: number;
  end: number;
  count: number;
}

/** Counts of the finite values in `count` bins of equal width; whole numbers of a short range get a bin each. */
export function histogram(numbers: ArrayLike<number>, count = 40): Bin[] {
  const values = asFloats(numbers);
  const { low, high, nan, infinite } = valueRange(values);
  if (values.length - nan - infinite === 0) return [];
  const whole =
    high - low <= count && values.every((value) => !Number.isFinite(value) || Number.isInteger(value));
  const [start, end] = whole ? [low - 0.5, high + 0.5] : high > low ? [low, high] : [low - 0.5, high + 0.5];
  const bins = whole ? high - low + 1 : count;
  const width = (end - start) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]!)) counts[Math.min(bins - 1, Math.floor((values[i]! - start) / width))]!++;
  }
  return counts.map((amount, i) => ({
    start: start + i * width,
    end: start + (i + 1) * width,
    count: amount,
  }));
}

/** The histogram of the finite values, and beside it bars of how many are none. */
export function histogramSpec(
  values: ArrayLike<number>,
  title: string,
  text: string,
  dtype: string,
): ChartSpec {
  const { low, high, nan } = valueRange(values);
  const bins = histogram(values);
  const rows = bins.map(({ start, end, count }) => ({ start: rounded(start), end: rounded(end), count }));
  const size = Math.max(Math.abs(low), Math.abs(high));
  const plain = size === 0 || (size >= 1e-3 && size < 1e7);
  const whole = bins.length > 0 && bins[0]!.end - bins[0]!.start === 1;
  const names =
    dtype === "bool" ? { labelExpr: "datum.value === 0 ? 'false' : datum.value === 1 ? 'true' : ''" } : {};
  const finite = {
    data: { values: rows },
    width: 420,
    height: 160,
    mark: { type: "bar", color: palette[0], binSpacing: 1 },
    encoding: {
      x: {
        field: "start",
        type: "quantitative",
        bin: "binned",
        title: "value",
        scale: { zero: false, nice: false },
        axis: { grid: false, format: plain ? ",.5~r" : "~g", ...(whole ? { tickMinStep: 1 } : {}), ...names },
      },
      x2: { field: "end" },
      y: {
        field: "count",
        type: "quantitative",
        title: "number of values",
        axis: { format: "~s", tickMinStep: 1 },
      },
      tooltip: [
        { field: "start", title: "from", format: ".4~g" },
        { field: "end", title: "to", format: ".4~g" },
        { field: "count", title: "values", format: "," },
      ],
    },
  };
  const heading = { text: title, subtitle: wrapped(text, 480) };
  let [above, below] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (values[i] === Number.POSITIVE_INFINITY) above++;
    if (values[i] === Number.NEGATIVE_INFINITY) below++;
  }
  const kinds = [
    { kind: "−∞", count: below, fill: nonFinite.infinite },
    { kind: "∞", count: above, fill: nonFinite.infinite },
    { kind: "NaN", count: nan, fill: nonFinite.nan },
  ].filter(({ count }) => count > 0);
  if (kinds.length === 0) return { title: heading, ...finite };
  const odd = {
    data: { values: kinds.map((one) => ({ ...one, fill: hexOf(one.fill) })) },
    width: 44 * kinds.length,
    height: 160,
    mark: { type: "bar" },
    encoding: {
      x: {
        field: "kind",
        type: "nominal",
        sort: null,
        title: "no number",
        axis: { labelAngle: 0, domain: false, ticks: false },
      },
      y: {
        field: "count",
        type: "quantitative",
        title: rows.length > 0 ? null : "number of values",
        axis: { format: "~s", tickMinStep: 1 },
      },
      color: { field: "fill", type: "nominal", scale: null, legend: null },
      tooltip: [
        { field: "kind", title: "value" },
        { field: "count", title: "values", format: "," },
      ],
    },
  };
  // Both count on one axis: a bar of NaN says how many of all they are.
  return rows.length === 0
    ? { title: heading, ...odd }
    : { title: heading, hconcat: [finite, odd], spacing: 16, resolve: { scale: { y: "shared" } } };
}
