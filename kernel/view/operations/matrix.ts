/** Convolution as a matrix: the weights that each output gives each input; and im2col, the windows as the columns of a matrix. */
import { eye } from "../../../engine/creation.ts";
import { ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { checkSize2d, conv2d, type Size2d } from "../../../engine/ops/convolution.ts";
import { checkOptions } from "../../../engine/options.ts";
import { centred, valueRange } from "../colours.ts";
import { animation, stepsShown } from "../drawing/animation.ts";
import type { CellGrid, CellMark, Sheet } from "../drawing/cells.ts";
import { Drawn } from "../drawing/drawn.ts";
import type { Displayable } from "../mime.ts";
import type { NumberSource } from "../values.ts";
import { countOf, formatNumber, withArticle } from "../wording.ts";
import {
  batchOf,
  firstOf,
  marginsOf,
  type Planes,
  padded,
  pairText,
  planesOf,
  positionOf,
  sidesOf,
} from "./planes.ts";

/** Options of `convolutionMatrix`. */
export interface ConvolutionMatrixOptions {
  /** Step of the kernel (default 1). */
  stride?: Size2d;
  /** Zeros around the input. */
  padding?: Size2d | "valid" | "same";
  /** Draws the transposed matrix times the output: the transposed convolution. */
  transposed?: boolean;
  /** A title above the picture. */
  title?: string;
}

/** Larger matrices are not read any more. */
const mostCells = 4096;

/**
 * Draws a convolution as a product with a matrix, a row for each output and a column for each input value: most entries are
 * zero, and every row holds the same weights, shifted. With `transposed` the matrix stands on its side, times the output.
 *
 * `input`: `[H, W]`; `kernel`: `[h, w]`. Throws a ShapeError for a matrix of more than 4096 entries. Source: lecture steps
 * 001.49, 001.50.
 *
 * @example
 * show.convolutionMatrix([[4, 3, 2, 4], [6, 2, 4, 4], [3, 5, 3, 7], [6, 1, 9, 8]], [[1, 1, 1], [1, 2, 1], [1, 1, 1]]);
 */
export function convolutionMatrix(
  input: NumberSource,
  kernel: NumberSource,
  options: ConvolutionMatrixOptions = {},
): Displayable {
  checkOptions("show.convolutionMatrix", options, ["stride", "padding", "transposed", "title"]);
  const what = "show.convolutionMatrix";
  const image = planesOf(input, `${what}: input`, 1);
  const weight = planesOf(kernel, `${what}: kernel`, 1);
  const stride = checkSize2d(what, "stride", options.stride ?? 1, 1);
  const margins = marginsOf(what, options.padding ?? 0, weight, [1, 1]);
  const inputs = image.values.length;
  const made = noGrad(() => {
    const w = batchOf(weight);
    const output = firstOf(conv2d(padded(batchOf(image), margins), w, null, { stride }));
    const outputs = output.values.length;
    if (outputs * inputs > mostCells)
      throw new ShapeError(
        `${what}: ${outputs} outputs × ${inputs} inputs are ${outputs * inputs} entries, more than can be read (${mostCells}); take a smaller input`,
      );
    // The convolution of a single 1 at each place of the input is a column of the matrix.
    const places = eye(inputs).reshape([inputs, 1, image.height, image.width]);
    const columns = conv2d(padded(places, margins), w, null, { stride }).reshape([inputs, outputs]);
    const backwards = columns.matmul(batchOf(output).reshape([outputs, 1]));
    return {
      output,
      columns: Float32Array.from(columns.toTypedArray()),
      matrix: Float32Array.from(columns.transpose(0, 1).toTypedArray()),
      backwards: Float32Array.from(backwards.toTypedArray()),
    };
  });
  const { output, transposed = false } = { ...made, ...options };
  const outputs = output.values.length;
  const values = transposed ? made.columns : made.matrix;
  const [rows, columns] = transposed ? [inputs, outputs] : [outputs, inputs];
  const { low, high } = centred(valueRange(values));
  const matrix: CellGrid = {
    title: transposed ? "the matrix, transposed" : "the convolution's matrix",
    subtitle: `${rows}×${columns}`,
    rows,
    columns,
    values: Array.from(values, (value) => (value === 0 ? null : value)),
    shade: { colours: "diverging", low, high },
  };
  const vector = (title: string, numbers: Float32Array): CellGrid => ({
    title,
    subtitle: `${numbers.length}`,
    rows: numbers.length,
    columns: 1,
    values: numbers,
  });
  const zeros = values.reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
  const text = `${sidesOf(image)} inputs, ${sidesOf(weight)} kernel, stride ${pairText(stride)}: a matrix of ${rows}×${columns} entries, of which ${countOf(zeros, "entry is", "entries are")} zero (empty here); the others are the kernel's ${countOf(weight.values.length, "weight")}, repeated.`;
  return new Drawn(
    {
      kind: "sheet",
      sheet: {
        title:
          options.title ?? (transposed ? "Transposed convolution as a matrix" : "Convolution as a matrix"),
        subtitle: text,
        lines: [
          transposed
            ? [
                matrix,
                { sign: "·" },
                vector("output", output.values),
                { sign: "=" },
                vector("of the input's size", made.backwards),
              ]
            : [
                matrix,
                { sign: "·" },
                vector("input", image.values),
                { sign: "=" },
                vector("output", output.values),
              ],
        ],
        notes: [],
      },
    },
    text,
  );
}

/** Options of `im2col`. */
export interface Im2colOptions {
  /** Step of the kernel (default 1). */
  stride?: Size2d;
  /** Zeros around the input. */
  padding?: Size2d | "valid" | "same";
  /** Row and column of the one output to show; an animation over all of them where left out. */
  at?: readonly [row: number, column: number];
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws im2col, the way fast libraries convolve: each window of the input becomes a column, so that the kernel, as a row, times
 * the matrix of columns is the output. An animation over all windows, or the one `at`.
 *
 * `input`: `[H, W]`; `kernel`: `[h, w]`. Throws a ShapeError for a matrix of more than 4096 entries. Source: Chellapilla,
 * Puri & Simard 2006.
 *
 * @example
 * show.im2col([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, -1]]);
 */
export function im2col(input: NumberSource, kernel: NumberSource, options: Im2colOptions = {}): Displayable {
  checkOptions("show.im2col", options, ["stride", "padding", "at", "title"]);
  const what = "show.im2col";
  const image = planesOf(input, `${what}: input`, 1);
  const weight = planesOf(kernel, `${what}: kernel`, 1);
  const stride = checkSize2d(what, "stride", options.stride ?? 1, 1);
  const margins = marginsOf(what, options.padding ?? 0, weight, [1, 1]);
  const [x, output] = noGrad(() => {
    const border = padded(batchOf(image), margins);
    return [firstOf(border), firstOf(conv2d(border, batchOf(weight), null, { stride }))];
  });
  const [taps, windows] = [weight.values.length, output.values.length];
  if (taps * windows > mostCells)
    throw new ShapeError(
      `${what}: ${windows} windows of ${taps} values are ${taps * windows} entries, more than can be read (${mostCells}); take a smaller input`,
    );
  const columns = new Float32Array(taps * windows);
  for (let i = 0; i < columns.length; i++) {
    const [tap, window] = [Math.floor(i / windows), i % windows];
    const row = Math.floor(window / output.width) * stride[0] + Math.floor(tap / weight.width);
    columns[i] = x.values[row * x.width + (window % output.width) * stride[1] + (tap % weight.width)]!;
  }
  const text = `The ${countOf(windows, "window")} of ${withArticle(sidesOf(x))} input, as columns of ${taps} values, times the kernel as a row: ${sidesOf(output)} outputs; the matrix holds ${formatNumber(columns.length / x.values.length)} times as many numbers as the input.`;
  const parts = { x, weight, output, stride, columns };
  const frame = (step: number) =>
    ({
      kind: "sheet",
      sheet: columnSheet(parts, step, text, options.title ?? "im2col: windows as columns"),
    }) as const;
  if (options.at !== undefined) return new Drawn(frame(positionOf(what, options.at, output)), text);
  const { steps, note } = stepsShown(windows, x.values.length + columns.length);
  return animation(steps.map(frame), `${text}${note}`, { secondsPerFrame: 1.2, step: "window" });
}

function columnSheet(
  {
    x,
    weight,
    output,
    stride,
    columns,
  }: { x: Planes; weight: Planes; output: Planes; stride: readonly [number, number]; columns: Float32Array },
  step: number,
  text: string,
  title: string,
): Sheet {
  const [taps, windows] = [weight.values.length, output.values.length];
  const [row, column] = [Math.floor(step / output.width), step % output.width];
  const mark = (at: Omit<CellMark, "tone">, tone: CellMark["tone"]): CellMark[] => [{ ...at, tone }];
  const later = (i: number) => (i % windows > step ? 1 : 0);
  const window = {
    row: row * stride[0],
    column: column * stride[1],
    rows: weight.height,
    columns: weight.width,
  };
  return {
    title,
    subtitle: text,
    lines: [
      [
        { title: "input", rows: x.height, columns: x.width, values: x.values, marks: mark(window, "input") },
        {
          title: "output",
          rows: output.height,
          columns: output.width,
          values: output.values,
          hidden: Uint8Array.from(output.values, (_, i) => later(i)),
          marks: mark({ row, column, rows: 1, columns: 1 }, "output"),
        },
      ],
      [
        {
          title: "kernel as a row",
          rows: 1,
          columns: taps,
          values: weight.values,
          marks: mark({ row: 0, column: 0, rows: 1, columns: taps }, "kernel"),
        },
        { sign: "·" },
        {
          title: "windows as columns",
          rows: taps,
          columns: windows,
          values: columns,
          hidden: Uint8Array.from(columns, (_, i) => later(i)),
          marks: mark({ row: 0, column: step, rows: taps, columns: 1 }, "input"),
        },
        { sign: "=" },
        {
          title: "outputs",
          rows: 1,
          columns: windows,
          values: output.values,
          hidden: Uint8Array.from(output.values, (_, i) => later(i)),
          marks: mark({ row: 0, column: step, rows: 1, columns: 1 }, "output"),
        },
      ],
    ],
    notes: [],
  };
}
