/** How many samples of each class are recognised. */

import { ArgumentError } from "../../../engine/errors.ts";
import { ConfusionMatrix, type Values } from "../../../engine/metrics/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type ChartSpec, chart, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { palette } from "../theme.ts";
import { countOf, formatCount, formatPercent, wrapped } from "../wording.ts";
import { type ConfusionLike, readConfusion } from "./confusion.ts";
import { countsBeside, namesAxis, overallLine } from "./rateBars.ts";

/** Options of `classAccuracy`. */
export interface ClassAccuracyOptions {
  /** Names of the classes; numbers where left out. */
  classes?: readonly string[];
  /** Whether classes stand from the worst to the best (default), or as they are numbered. */
  sort?: "accuracy" | "class";
  /** A title above the chart. */
  title?: string;
}

const MOST_BARS = 40;

/**
 * Draws the accuracy on each class's samples (its recall) with how many there are, beside the accuracy on all. Of more than 40
 * classes the 40 worst.
 *
 * Takes a confusion matrix, its counts, or predictions (class numbers or scores `[N, classes]`) and labels.
 *
 * @throws ArgumentError where counts are no square or `sort` is unknown, ShapeError where names or labels are too few or many.
 * @example
 * show.classAccuracy(model(test.images), test.labels, { classes: test.classes });
 */
export function classAccuracy(
  matrix: ConfusionLike | readonly (readonly number[])[],
  options?: ClassAccuracyOptions,
): Displayable;
export function classAccuracy(
  predictions: Values,
  labels: Values,
  options?: ClassAccuracyOptions,
): Displayable;
export function classAccuracy(
  first: ConfusionLike | Values | readonly (readonly number[])[],
  second: Values | ClassAccuracyOptions = {},
  third: ClassAccuracyOptions = {},
): Displayable {
  const operation = "show.classAccuracy";
  const { counts, classes, options } = readConfusion(operation, first, second, third, (given) =>
    checkOptions(operation, given, ["classes", "sort", "title"]),
  );
  const { sort = "accuracy", title = "Accuracy of each class" } = options;
  if (sort !== "accuracy" && sort !== "class")
    throw new ArgumentError(`show.classAccuracy: sort is "accuracy" or "class", got ${String(sort)}`);
  const matrix = new ConfusionMatrix(counts, classes);
  const rows = matrix.perClass.map(({ name, count, recall }, i) => ({
    name: classes.indexOf(name) === i ? name : `${name} (${i})`,
    count,
    right: counts[i]![i]!,
    accuracy: recall,
  }));
  const known = rows.filter(({ count }) => count > 0).sort((a, b) => a.accuracy - b.accuracy);
  const text = accuracySentence(matrix, known, rows.length);
  const worst = new Set(known.slice(0, MOST_BARS));
  const drawn =
    rows.length > MOST_BARS
      ? sort === "class"
        ? rows.filter((row) => worst.has(row))
        : [...worst]
      : sort === "class"
        ? rows
        : [...known, ...rows.filter(({ count }) => count === 0)];
  return chart(accuracySpec(drawn, rows.length, matrix.accuracy, title, text), text);
}

interface Row {
  name: string;
  count: number;
  right: number;
  accuracy: number;
}

/** "300 samples of 10 classes: accuracy 97.0 %; lowest 8 (90.0 %), highest 0 (100.0 %)." */
function accuracySentence(matrix: ConfusionMatrix, known: readonly Row[], classes: number): string {
  const start = `${countOf(matrix.total, "sample")} of ${countOf(classes, "class", "classes")}`;
  const [lowest, highest] = [known[0], known.at(-1)];
  if (!lowest || !highest) return `${start}: nothing to count.`;
  const print = ({ name, accuracy }: Row) => `${name} (${formatPercent(accuracy)})`;
  const range =
    lowest.accuracy === highest.accuracy
      ? "the same on every class"
      : `lowest ${print(lowest)}, highest ${print(highest)}`;
  const missing = classes - known.length;
  const note = missing > 0 ? `; ${countOf(missing, "class has", "classes have")} no sample` : "";
  return `${start}: accuracy ${formatPercent(matrix.accuracy)}; ${range}${note}.`;
}

function accuracySpec(
  rows: readonly Row[],
  classes: number,
  overall: number,
  title: string,
  text: string,
): ChartSpec {
  const values = rows.map(({ name, count, right, accuracy }) => ({
    name,
    accuracy: count === 0 ? null : rounded(accuracy),
    label: count === 0 ? "no sample" : `${formatCount(right)} of ${formatCount(count)}`,
  }));
  const note = rows.length < classes ? [`The ${rows.length} lowest are drawn.`] : [];
  const width = 360;
  const share = { field: "accuracy", type: "quantitative" };
  return {
    title: { text: title, subtitle: [...wrapped(text, width + 130), ...note] },
    width,
    height: Math.max(40, rows.length * 20),
    data: { values },
    encoding: {
      y: namesAxis(null),
    },
    layer: [
      {
        mark: { type: "bar", color: palette[0], height: { band: 0.7 } },
        encoding: {
          x: {
            ...share,
            scale: { domain: [0, 1] },
            axis: { title: "share recognised", format: ".0%", tickCount: 5 },
          },
          tooltip: [
            { field: "name", title: "class" },
            { ...share, title: "accuracy", format: ".1%" },
            { field: "label", title: "right" },
          ],
        },
      },
      countsBeside(width),
      overallLine(overall, "right"),
    ],
  };
}
