/** The Jacobian matrix of a function as a heat map: which output depends how on which input. */
import { jacobian as jacobianOf } from "../../../engine/derivatives.ts";
import { ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type Operand, Tensor } from "../../../engine/tensor.ts";
import { centred, valueRange } from "../colours.ts";
import { chart } from "../drawing/chart.ts";
import { picture } from "../drawing/grid.ts";
import type { Displayable } from "../mime.ts";
import { formatNumber, formatPercent, formatShape, wrapped } from "../wording.ts";
import { isPrintable, type LabelledMatrix, matrixPanel, matrixView } from "./labelledMatrix.ts";

/** Options of `jacobian`. */
export interface JacobianOptions {
  /** A title above the picture. */
  title?: string;
  /** What the outputs and the inputs are called (default `y` and the input's name, or `x`). */
  names?: readonly [outputs: string, inputs: string];
}

/** Larger matrices are no picture. */
const MOST_VALUES = 250_000;

/**
 * Draws the Jacobian matrix of `f` at `x`: a row for each output, a column for each input, in each cell `∂y[i] / ∂x[j]`. Its
 * sentence says how much of it is zero: why backpropagation multiplies by it without building it. Lecture step 002.5.
 *
 * @example
 * show.jacobian((x) => x.relu(), tensor([-1, 2, 3]));
 */
export function jacobian(f: (x: Tensor) => Tensor, x: Operand, options: JacobianOptions = {}): Displayable {
  checkOptions("show.jacobian", options, ["title", "names"]);
  const found = jacobianOf(f, x);
  const inputShape = x instanceof Tensor ? x.shape : [];
  const outputShape = found.shape.slice(0, found.ndim - inputShape.length);
  const values = found.toTypedArray();
  if (values.length === 0 || values.length > MOST_VALUES)
    throw new ShapeError(
      `show.jacobian: draws 1 to ${MOST_VALUES.toLocaleString("en-US")} derivatives, these are ${formatShape(outputShape)} outputs by ${formatShape(inputShape)} inputs; take fewer, or one number at least`,
    );
  const label = x instanceof Tensor && x.label !== null ? x.label : "x";
  const [output, input] = options.names ?? ["y", label];
  const range = centred(valueRange(values));
  const text = sentence(values, outputShape, inputShape, range);
  const matrix: LabelledMatrix = {
    rows: elementsOf(output, outputShape),
    columns: elementsOf(input, inputShape),
    rowTitle: `output ${output}`,
    columnTitle: `input ${input}`,
    values,
    low: range.low,
    high: range.high,
    colours: "diverging",
  };
  const title = options.title ?? `Jacobian ∂${output} / ∂${input}`;
  if (isPrintable(matrix.rows.length, matrix.columns.length)) {
    const view = matrixView(matrix);
    return chart(
      { ...view, title: { text: title, subtitle: wrapped(text, Math.max(320, Number(view.width))) } },
      text,
    );
  }
  return picture(
    {
      title,
      subtitle: text,
      arrange: "column",
      panels: [matrixPanel(matrix)],
      scale: { label: "derivative", colours: "diverging", low: range.low, high: range.high },
      nan: range.nan,
      infinite: range.infinite,
    },
    text,
  );
}

function sentence(
  values: ArrayLike<number>,
  outputs: readonly number[],
  inputs: readonly number[],
  { nan, infinite }: { nan: number; infinite: number },
): string {
  const all = Array.from(values);
  const zeros = all.filter((value) => value === 0).length;
  const [rows, columns] = [outputs, inputs].map((shape) =>
    shape.reduce((product, size) => product * size, 1),
  );
  const diagonal =
    rows === columns && rows! > 1 && all.every((value, i) => value === 0 || i % (columns! + 1) === 0);
  const { low, high } = valueRange(values);
  const size = `${rows} × ${columns} derivatives`;
  if (nan + infinite === all.length) return `${size}, none of them finite.`;
  const odd = nan + infinite > 0 ? `; ${nan + infinite} not finite` : "";
  if (low === high) return `${size}, all ${formatNumber(low)}${odd}.`;
  return `${size} from ${formatNumber(low)} to ${formatNumber(high)}, ${formatPercent(zeros / all.length, 0)} of them zero${diagonal ? ": all beside the diagonal" : ""}${odd}.`;
}

/** `y`, `y[0]`, `y[0, 1]`. */
function elementsOf(name: string, shape: readonly number[]): string[] {
  return shape
    .reduce<string[]>(
      (indices, size) =>
        indices.flatMap((index) =>
          Array.from({ length: size }, (_, i) => (index === "" ? `${i}` : `${index}, ${i}`)),
        ),
      [""],
    )
    .map((index) => (index === "" ? name : `${name}[${index}]`));
}
