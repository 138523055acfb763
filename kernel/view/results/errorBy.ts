/** Where a classifier errs: the error rate of each group of samples. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import type { Values } from "../../../engine/metrics/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type ChartSpec, chart, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { ink, palette } from "../theme.ts";
import { classNumbers, listOf, type NumberSource } from "../values.ts";
import { countOf, formatCount, formatNumber, formatPercent, wrapped } from "../wording.ts";
import { countsBeside, namesAxis, overallLine } from "./rateBars.ts";

/** Options of `errorBy`. */
export interface ErrorByOptions {
  /** What the groups differ in, such as "brightness"; names the axis. */
  by?: string;
  /** Into how many groups of equal size numbers are sorted (default 5); names are groups by themselves. */
  bins?: number;
  /** A title above the chart. */
  title?: string;
}

/** Numbers with so few different values are groups by themselves. */
const FEW_VALUES = 12;
const MOST_GROUPS = 40;

/**
 * Draws the share of wrong predictions in each group of samples, with the range in which the true rate lies with 95 %
 * probability (Wilson 1927): a group of few samples can look bad by chance. Numbers such as an image's brightness are sorted into
 * groups of equal size.
 *
 * @param predictions class numbers `[N]` or scores `[N, classes]`
 * @param labels class numbers `[N]`
 * @param groups a name or a number for each sample
 * @throws ShapeError where they do not have one length, ArgumentError where there are too many groups.
 * @example
 * show.errorBy(model(test.images), test.labels, test.images.mean([1, 2, 3]), { by: "brightness" });
 */
export function errorBy(
  predictions: Values,
  labels: Values,
  groups: NumberSource | readonly string[],
  options: ErrorByOptions = {},
): Displayable {
  checkOptions("show.errorBy", options, ["by", "bins", "title"]);
  const predicted = classNumbers(predictions, "show.errorBy: predictions");
  const actual = classNumbers(labels, "show.errorBy: labels");
  const { bins = 5, by = "group" } = options;
  if (!(Number.isInteger(bins) && bins >= 2 && bins <= MOST_GROUPS))
    throw new ArgumentError(
      `show.errorBy: bins must be a whole number from 2 to ${MOST_GROUPS}, got ${describeValue(bins)}`,
    );
  const names = namesOf(groups, bins);
  if (predicted.length !== actual.length || names.length !== actual.length)
    throw new ShapeError(
      `show.errorBy: ${countOf(predicted.length, "prediction")}, ${countOf(actual.length, "label")} and ${countOf(names.length, "group")}: every sample needs one of each`,
    );
  if (names.length === 0)
    throw new ShapeError("show.errorBy: no samples; give predictions, labels and groups of one or more");
  const rates = ratesOf(
    names,
    actual.map((label, i) => label !== predicted[i]),
  );
  if (rates.length > MOST_GROUPS)
    throw new ArgumentError(
      `show.errorBy: ${formatCount(rates.length)} groups are too many to read, at most ${MOST_GROUPS}; take fewer`,
    );
  const text = errorSentence(rates, by);
  return chart(errorSpec(rates, by, options.title ?? `Errors by ${by}`, text), text);
}

interface Rate {
  name: string;
  count: number;
  wrong: number;
  rate: number;
  low: number;
  high: number;
}

/** The name of each sample's group. */
function namesOf(groups: NumberSource | readonly string[], bins: number): string[] {
  if (Array.isArray(groups) && groups.every((group) => typeof group === "string")) return [...groups];
  const values = listOf(groups as NumberSource, "show.errorBy: groups");
  const different = [...new Set(values)].sort((a, b) => a - b);
  if (different.length <= FEW_VALUES) return values.map((value) => formatNumber(value));
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const edges = Array.from(
    { length: bins + 1 },
    (_, i) => sorted[Math.min(sorted.length - 1, Math.floor((i * sorted.length) / bins))]!,
  );
  return values.map((value) => {
    if (!Number.isFinite(value)) return "not finite";
    let bin = 0;
    while (bin < bins - 1 && value >= edges[bin + 1]!) bin++;
    return `${formatNumber(edges[bin]!)} to ${formatNumber(edges[bin + 1]!)}`;
  });
}

/** Groups in the order of their names where these are numbers, else as they come. */
function ratesOf(names: readonly string[], wrong: readonly boolean[]): Rate[] {
  const found = new Map<string, { count: number; wrong: number }>();
  for (const [i, name] of names.entries()) {
    const group = found.get(name) ?? { count: 0, wrong: 0 };
    group.count++;
    if (wrong[i]) group.wrong++;
    found.set(name, group);
  }
  const rates = Array.from(found, ([name, group]) => ({
    name,
    ...group,
    rate: group.wrong / group.count,
    ...interval(group.wrong, group.count),
  }));
  const start = ({ name }: Rate) => Number.parseFloat(name.replace("−", "-"));
  return rates.every((rate) => Number.isFinite(start(rate)) || rate.name === "not finite")
    ? rates.sort((a, b) => start(a) - start(b))
    : rates;
}

/** Wilson's interval of a share, 95 %. */
function interval(wrong: number, count: number): { low: number; high: number } {
  const z = 1.96;
  const share = wrong / count;
  const middle = (share + (z * z) / (2 * count)) / (1 + (z * z) / count);
  const reach =
    (z * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count))) / (1 + (z * z) / count);
  return { low: Math.max(0, middle - reach), high: Math.min(1, middle + reach) };
}

/** "300 samples, 9 wrong (3.0 %): most in brightness 0.1 to 0.2 (8.3 %), fewest in …" */
function errorSentence(rates: readonly Rate[], by: string): string {
  const [count, wrong] = [sum(rates, "count"), sum(rates, "wrong")];
  const start = `${countOf(count, "sample")}, ${formatCount(wrong)} wrong (${formatPercent(wrong / count)})`;
  const sorted = [...rates].sort((a, b) => a.rate - b.rate);
  const [fewest, most] = [sorted[0]!, sorted.at(-1)!];
  if (fewest.rate === most.rate) return `${start}, alike in all groups.`;
  const print = ({ name, rate }: Rate) => `${name} (${formatPercent(rate)})`;
  const apart = most.low > fewest.high ? "" : "; the difference may be chance, their 95 % ranges overlap";
  return `${start}: most errors where ${by} is ${print(most)}, fewest where it is ${print(fewest)}${apart}.`;
}

const sum = (rates: readonly Rate[], field: "count" | "wrong"): number =>
  rates.reduce((total, rate) => total + rate[field], 0);

function errorSpec(rates: readonly Rate[], by: string, title: string, text: string): ChartSpec {
  const values = rates.map(({ name, count, wrong, rate, low, high }) => ({
    name,
    rate: rounded(rate),
    low: rounded(low),
    high: rounded(high),
    label: `${formatCount(wrong)} of ${formatCount(count)}`,
  }));
  const overall = sum(rates, "wrong") / sum(rates, "count");
  const width = 340;
  const tooltip = [
    { field: "name", title: by },
    { field: "rate", title: "error rate", format: ".1%" },
    { field: "label", title: "wrong" },
  ];
  return {
    title: { text: title, subtitle: wrapped(text, width + 150) },
    width,
    height: Math.max(40, rates.length * 24),
    data: { values },
    encoding: {
      y: namesAxis(by),
    },
    layer: [
      {
        mark: { type: "bar", color: palette[0], opacity: 0.75, height: { band: 0.62 } },
        encoding: {
          x: {
            field: "rate",
            type: "quantitative",
            scale: { domainMin: 0 },
            axis: { title: "error rate, with its 95 % range", format: ".1~%", tickCount: 5 },
          },
          tooltip,
        },
      },
      {
        mark: { type: "rule", strokeWidth: 1.5, color: ink.strong },
        encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" }, tooltip },
      },
      countsBeside(width),
      overallLine(overall, "center"),
    ],
  };
}
