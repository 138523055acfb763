/** A gradient check element by element: where backward() and the central difference disagree. */
import type { CheckedInput, GradientCheck } from "../../../engine/checkgradient.ts";
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import { chart } from "../drawing/chart.ts";
import { picture } from "../drawing/grid.ts";
import type { Displayable } from "../mime.ts";
import { countOf, formatCount, formatNumber, formatShape, wrapped } from "../wording.ts";
import { isPrintable, type LabelledMatrix, matrixPanel, matrixView } from "./labelledMatrix.ts";

/** Options of `gradientCheck`. */
export interface GradientCheckPictureOptions {
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws what `checkGradient` found: for every element of every input how far `backward()` and the central difference are
 * apart, relative to their size, on a logarithmic scale, with a ring around the worst and both of its values in words.
 * Lecture step 000.25.
 *
 * @example
 * const x = tensor([1, 2], { requiresGrad: true });
 * show.gradientCheck(checkGradient((x) => x.square().sum(), [x]));
 */
export function gradientCheck(report: GradientCheck, options: GradientCheckPictureOptions = {}): Displayable {
  checkOptions("show.gradientCheck", options, ["title"]);
  const given: unknown = report;
  if (typeof given !== "object" || given === null || !("inputs" in given) || !("tolerance" in given))
    throw new ArgumentError(
      `show.gradientCheck: expected what checkGradient(f, inputs) returned, got ${describeValue(report)}`,
    );
  const drawn = report.inputs.filter(({ errors }) => errors.length > 0);
  if (drawn.length === 0)
    throw new ArgumentError(
      "show.gradientCheck: the check had no numbers to compare; give checkGradient inputs of one number or more",
    );
  const matrices = drawn.map((input) => matrixOf(input, report));
  const text = sentence(report);
  const title = options.title ?? (report.ok ? "Gradient check: correct" : "Gradient check: WRONG");
  if (
    matrices.every(({ rows, columns }) => isPrintable(rows.length, columns.length)) &&
    cells(matrices) <= 400
  ) {
    const views = matrices.map(matrixView);
    const width = Math.max(420, ...views.map((view) => Number(view.width)));
    return chart({ title: { text: title, subtitle: wrapped(text, width) }, vconcat: views }, text);
  }
  const [low, high] = scaleOf(report);
  return picture(
    {
      title,
      subtitle: text,
      arrange: "row",
      panels: matrices.map(matrixPanel),
      scale: { label: "relative difference, as a power of ten", colours: "viridis", low, high },
      infinite: drawn.reduce(
        (sum, { errors }) => sum + errors.filter((error) => error === Number.POSITIVE_INFINITY).length,
        0,
      ),
    },
    text,
  );
}

const cells = (matrices: readonly LabelledMatrix[]): number =>
  matrices.reduce((sum, { values }) => sum + values.length, 0);

/** Powers of ten: six below the tolerance to one above it, where wrong gradients lie. */
const scaleOf = ({ tolerance }: GradientCheck): [number, number] => {
  const power = Math.log10(tolerance);
  return [power - 6, power + 1];
};

function matrixOf({ input, name, shape, errors }: CheckedInput, report: GradientCheck): LabelledMatrix {
  const columns = shape.at(-1) ?? 1;
  const rows = errors.length / columns;
  const [low, high] = scaleOf(report);
  const label = nameOf(input, name);
  const outer = shape.slice(0, -1);
  const worst = report.input === input && report.worst > 0 ? flat(report.index, shape) : null;
  return {
    title: `${label}: ${formatShape(shape)}`,
    rows: Array.from({ length: rows }, (_, row) =>
      outer.length === 0 ? label : `[${indexOf(row, outer).join(", ")}]`,
    ),
    columns: Array.from({ length: columns }, (_, i) => (shape.length === 0 ? "value" : `${i}`)),
    rowTitle: outer.length === 0 ? "" : "row",
    columnTitle: shape.length === 0 ? "relative difference" : "relative difference at index",
    values: errors,
    shades: errors.map((error) => Math.log10(Math.max(error, 10 ** low))),
    low,
    high,
    colours: "viridis",
    marked: worst,
  };
}

const nameOf = (input: number, name: string | null): string => name ?? `input ${input}`;

function indexOf(position: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (let d = shape.length - 1, rest = position; d >= 0; d--) {
    index.unshift(rest % shape[d]!);
    rest = Math.floor(rest / shape[d]!);
  }
  return index;
}

const flat = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((position, i, d) => position * shape[d]! + i, 0);

/** `WRONG at W[1, 0]: backward() gives 3, the central difference 2, relative difference 0.33 (allowed 1e−6); 1 of 4 is wrong.` */
function sentence(report: GradientCheck): string {
  const { ok, worst, index, analytic, numeric, tolerance, input, inputs } = report;
  const all = inputs.flatMap(({ errors }) => errors);
  const wrong = all.filter((error) => !(error <= tolerance)).length;
  const name = nameOf(input, inputs.find((one) => one.input === input)?.name ?? null);
  const where = `${name}${index.length > 0 ? `[${index.join(", ")}]` : ""}`;
  const values = `backward() gives ${formatNumber(analytic, 5)}, the central difference ${formatNumber(numeric, 5)}, relative difference ${formatNumber(worst, 2)} (allowed ${formatNumber(tolerance, 2)})`;
  const count = countOf(all.length, "derivative");
  const agree = all.length === 1 ? "its derivative agrees" : `all ${count} agree`;
  if (ok && worst === 0) return `Gradient correct: ${agree} exactly.`;
  return ok
    ? `Gradient correct: ${agree}; worst at ${where}: ${values}.`
    : `Gradient WRONG: ${formatCount(wrong)} of ${count}; worst at ${where}: ${values}.`;
}
