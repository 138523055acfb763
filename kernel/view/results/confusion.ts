/** The confusion matrix: which classes are taken for which. */

import { ArgumentError, ShapeError } from "../../../engine/errors.ts";
import { confusionMatrix as metricOf, type Values } from "../../../engine/metrics/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { colourOf, hexOf, valueRange } from "../colours.ts";
import { type ChartSpec, chart } from "../drawing/chart.ts";
import { picture } from "../drawing/grid.ts";
import type { Displayable } from "../mime.ts";
import { ink, role } from "../theme.ts";
import { classNumbers, type NumberSource } from "../values.ts";
import { countOf, formatCount, formatPercent, wrapped } from "../wording.ts";
import { type Sample, sampleGrid, samplesOf } from "./confusionSamples.ts";

/** The part of a confusion matrix that its picture needs. */
export interface ConfusionLike {
  /** `counts[actual][predicted]`. */
  readonly counts: readonly (readonly number[])[];
  /** The classes' names. */
  readonly classes: readonly string[];
}

/** Options of `confusionMatrix`. */
export interface ConfusionOptions {
  /** Names of the classes; numbers where left out. */
  classes?: readonly string[];
  /** What the squares say: how many samples (default), or the share of their true class. */
  values?: "counts" | "rates";
  /** The samples' images `[N, 1 or 3, H, W]`: clicking a square shows some of its own. Only with predictions and labels. */
  images?: NumberSource;
  /** A title above the chart. */
  title?: string;
}

/** Numbers fit into the squares up to here; above, squares become pixels. */
const MOST_NUMBERED = 20;
const MOST_SQUARES = 40;

/**
 * Draws counts by true class (row) and predicted class (column); colour is the share of the row.
 *
 * Takes a confusion matrix, its counts, or predictions (class numbers or scores `[N, classes]`) and labels. With `images` a
 * click on a square shows samples of it; the most frequent confusion is chosen first.
 *
 * @throws ArgumentError where counts are no square, ShapeError where names, labels or images are too few or many.
 * @example
 * show.confusionMatrix(metrics.confusionMatrix(logits, labels));
 * show.confusionMatrix(predictions, labels, { classes: ["cat", "dog"], values: "rates" });
 * show.confusionMatrix(model(test.images), test.labels, { images: test.images });
 */
export function confusionMatrix(
  matrix: ConfusionLike | readonly (readonly number[])[],
  options?: ConfusionOptions,
): Displayable;
export function confusionMatrix(predictions: Values, labels: Values, options?: ConfusionOptions): Displayable;
export function confusionMatrix(
  first: ConfusionLike | Values | readonly (readonly number[])[],
  second: Values | ConfusionOptions = {},
  third: ConfusionOptions = {},
): Displayable {
  const operation = "show.confusionMatrix";
  const { counts, classes, options, pairs } = readConfusion(operation, first, second, third, (given) =>
    checkOptions(operation, given, ["classes", "values", "title", "images"]),
  );
  const { title = "Confusion matrix", values = "counts", images } = options;
  if (values !== "counts" && values !== "rates")
    throw new ArgumentError(`show.confusionMatrix: values is "counts" or "rates", got ${String(values)}`);
  if (images !== undefined && pairs === null)
    throw new ArgumentError(
      "show.confusionMatrix: images belong to samples; give predictions and labels, not a matrix",
    );
  const text = confusionSentence({ counts, classes });
  if (counts.length > MOST_SQUARES) return pixelMatrix(counts, title, text);
  const samples = images === undefined ? null : samplesOf(pairs!, images, uniqueNames(classes));
  return chart(matrixSpec({ counts, classes }, values, title, text, samples), text);
}

/** The counts and names in what the pictures of a confusion matrix take, and the classes of each sample where they are given. */
export function readConfusion<O extends { classes?: readonly string[] }>(
  operation: string,
  first: ConfusionLike | Values | readonly (readonly number[])[],
  second: Values | O,
  third: O,
  check: (options: O) => void,
): ConfusionLike & { options: O; pairs: Pairs | null } {
  const fromLabels = Array.isArray(second) || ArrayBuffer.isView(second) || "toTypedArray" in second;
  const options = fromLabels ? third : (second as O);
  check(options);
  // The engine's metric also checks predictions and labels.
  const { counts, classes } = fromLabels
    ? metricOf(first as Values, second as Values, options.classes ? { classes: options.classes } : {})
    : readMatrix(operation, first, options.classes);
  if (classes.length !== counts.length) {
    throw new ShapeError(
      `${operation}: ${countOf(classes.length, "class name")} for ${countOf(counts.length, "class", "classes")}`,
    );
  }
  const pairs = fromLabels
    ? {
        predicted: classNumbers(first as NumberSource, operation),
        actual: classNumbers(second as NumberSource, operation),
      }
    : null;
  return { counts, classes, options, pairs };
}

/** The classes of each sample. */
export interface Pairs {
  predicted: readonly number[];
  actual: readonly number[];
}

function readMatrix(
  operation: string,
  source: ConfusionLike | Values | readonly (readonly number[])[],
  names: readonly string[] | undefined,
): ConfusionLike {
  const named = typeof source === "object" && source !== null && "counts" in source ? source : null;
  const rows = (named ? named.counts : source) as readonly (readonly number[])[];
  if (!Array.isArray(rows) || rows.length === 0 || rows.some((row) => row.length !== rows.length)) {
    throw new ArgumentError(
      `${operation}: expected a confusion matrix (as many columns as rows), or predictions and labels`,
    );
  }
  return { counts: rows, classes: names ?? named?.classes ?? rows.map((_, i) => String(i)) };
}

const uniqueNames = (classes: readonly string[]): string[] =>
  classes.map((name, i) => (classes.indexOf(name) === i ? name : `${name} (${i})`));

/** "1,000 images: accuracy 98.4 %, 16 mistakes; most often 4 taken for 9 (3 times)." */
export function confusionSentence({ counts, classes }: ConfusionLike, noun = "sample"): string {
  let [total, right] = [0, 0];
  let worst = { count: 0, actual: 0, predicted: 0 };
  for (const [actual, row] of counts.entries()) {
    for (const [predicted, count] of row.entries()) {
      total += count;
      if (actual === predicted) right += count;
      else if (count > worst.count) worst = { count, actual, predicted };
    }
  }
  const start = `${countOf(total, noun)}: accuracy ${formatPercent(total === 0 ? Number.NaN : right / total)}`;
  if (worst.count === 0) return `${start}, no mistakes.`;
  const pair = `${classes[worst.actual]} taken for ${classes[worst.predicted]}`;
  return `${start}, ${countOf(total - right, "mistake")}; most often ${pair} (${countOf(worst.count, "time")}).`;
}

function matrixSpec(
  { counts, classes }: ConfusionLike,
  shown: "counts" | "rates",
  title: string,
  text: string,
  samples: readonly Sample[] | null,
): ChartSpec {
  const names = uniqueNames(classes);
  const values = counts.flatMap((row, actual) => {
    const sum = row.reduce((total, count) => total + count, 0);
    return row.map((count, predicted) => ({
      actual: names[actual],
      predicted: names[predicted],
      count,
      share: sum === 0 ? 0 : Number((count / sum).toPrecision(3)),
    }));
  });
  const numbered = counts.length <= MOST_NUMBERED;
  const digits = shown === "rates" ? 3 : String(valueRange(counts.flat()).high).length;
  const side = numbered ? Math.max(26, digits * 8 + 8) : Math.max(9, Math.floor(560 / counts.length));
  const axis = (name: string) => ({
    title: name,
    domain: false,
    ticks: false,
    labelAngle: 0,
    labelLimit: 110,
    ...(numbered ? { labelOverlap: false } : { labelSeparation: 3 }),
  });
  const x = { field: "predicted", type: "nominal", sort: null };
  const longest = Math.max(...names.map((name) => name.length));
  // From nearly white: a square without samples must not look like a few.
  const shades = ["#f6f9fc", ...[64, 128, 192, 255].map((level) => hexOf(colourOf(level, "blues", 0, 255)))];
  const squares = {
    mark: { type: "rect", stroke: ink.paper, strokeWidth: numbered ? 1 : 0.5 },
    encoding: {
      color: {
        field: "share",
        type: "quantitative",
        title: ["share of", "true class"],
        scale: { type: "sqrt", domain: [0, 1], range: shades },
        legend: { format: ".0%", values: [0, 0.05, 0.25, 0.5, 1], gradientLength: 130 },
      },
      tooltip: [
        { field: "actual", title: "true class" },
        { field: "predicted", title: "predicted as" },
        { field: "count", title: "samples", format: "," },
        { field: "share", title: "share of true class", format: ".1%" },
      ],
    },
  };
  const numbers = {
    transform: [{ filter: "datum.count > 0" }],
    mark: { type: "text", fontSize: 10 },
    encoding: {
      text:
        shown === "rates"
          ? { field: "share", type: "quantitative", format: ".0%" }
          : { field: "count", type: "quantitative", format: "," },
      color: { condition: { test: "datum.share > 0.3", value: ink.paper }, value: ink.strong },
    },
  };
  const size = side * counts.length;
  const matrix: ChartSpec = {
    data: { values },
    width: size,
    height: size,
    encoding: {
      x: { ...x, axis: { ...axis("predicted class"), labelAngle: longest * 7 > side ? -45 : 0 } },
      y: { field: "actual", type: "nominal", sort: null, axis: axis("true class") },
    },
    layer: numbered ? [squares, numbers] : [squares],
  };
  const header = { text: title, subtitle: wrapped(text, Math.max(300, size + 170)) };
  if (samples === null) return { title: header, ...matrix };
  const mistakes = values.filter(({ actual, predicted }) => actual !== predicted);
  const worst = mistakes.reduce((most, square) => (square.count > most.count ? square : most), mistakes[0]!);
  const first = worst && worst.count > 0 ? worst : values[0]!;
  return {
    title: { ...header, subtitle: [...header.subtitle, "Click a square: its samples are on the right."] },
    spacing: 24,
    hconcat: [withChoice(matrix, squares, numbered ? [numbers] : [], first), sampleGrid(samples, values)],
    resolve: { scale: { color: "independent" } },
  };
}

/** The matrix with one square chosen by a click, framed. */
function withChoice(
  matrix: ChartSpec,
  squares: ChartSpec,
  above: readonly ChartSpec[],
  { actual, predicted }: { actual: string | undefined; predicted: string | undefined },
): ChartSpec {
  const chosen = {
    params: [
      {
        name: "square",
        select: { type: "point", fields: ["actual", "predicted"], toggle: false, clear: false },
        value: [{ actual, predicted }],
      },
    ],
  };
  const frame: ChartSpec = {
    transform: [{ filter: { param: "square", empty: false } }],
    mark: { type: "rect", fillOpacity: 0, stroke: role.validation, strokeWidth: 2.5 },
  };
  return { ...matrix, layer: [{ ...squares, ...chosen }, ...above, frame] };
}

/** Too many classes for squares with names: a pixel for each pair. */
function pixelMatrix(counts: readonly (readonly number[])[], title: string, text: string): Displayable {
  const values = counts.flatMap((row) => {
    const sum = row.reduce((total, count) => total + count, 0) || 1;
    return row.map((count) => Math.sqrt(count / sum));
  });
  const size = counts.length;
  const pixel = Math.max(1, Math.floor(1000 / size));
  const tile = { values, channels: 1, height: size, width: size, low: 0, high: 1, colours: "blues" } as const;
  const subtitle = `${formatCount(size)} classes: true class down, predicted class across`;
  return picture(
    {
      title,
      subtitle: text,
      arrange: "column",
      panels: [{ subtitle, tiles: [tile], columns: 1, pixel }],
      scale: { label: "square root of the share of the true class", colours: "blues", low: 0, high: 1 },
    },
    text,
  );
}
