/** Transposed convolution as stamping: each input value stamps the kernel, scaled by it, onto the output; overlaps add up. */
import { noGrad } from "../../../engine/gradmode.ts";
import { checkSize2d, convTranspose2d, type Size2d } from "../../../engine/ops/convolution.ts";
import { checkOptions } from "../../../engine/options.ts";
import { animation, stepsShown } from "../drawing/animation.ts";
import type { CellMark, Sheet } from "../drawing/cells.ts";
import { Drawn } from "../drawing/drawn.ts";
import type { Displayable } from "../mime.ts";
import type { NumberSource } from "../values.ts";
import { capital, countOf, formatNumber, withArticle } from "../wording.ts";
import {
  batchOf,
  borderOf,
  firstOf,
  gridOf,
  marginsOf,
  type Planes,
  pairText,
  planesOf,
  positionOf,
  sidesOf,
} from "./planes.ts";

/** Options of `transposedConvolution`. */
export interface TransposedConvolutionOptions {
  /** How far apart the stamps are (default 1). */
  stride?: Size2d;
  /** Rows and columns cut off around the output. */
  padding?: Size2d;
  /** Row and column of the one input value to stamp; an animation over all of them where left out. */
  at?: readonly [row: number, column: number];
  /** A title above the picture. */
  title?: string;
}

interface Stamped {
  output: Planes;
  overlaps: Planes;
}

interface Stamping {
  input: Planes;
  kernel: Planes;
  stride: readonly [number, number];
  /** The output after the input value `step`, before anything is cut off, and how many stamps each cell has got. */
  after(step: number): Stamped;
  /** The same at the end. */
  final: Stamped;
  margins: ReturnType<typeof marginsOf>;
}

/**
 * Draws a transposed convolution as stamping: each input value times the kernel is added to the output, `stride` cells apart;
 * beside it, how many stamps each cell got (unequal numbers are the checkerboard pattern of upscaling networks). An animation
 * over all input values, or the one `at`.
 *
 * `input`: `[H, W]`; `kernel`: `[h, w]`. Output: (H − 1)·stride + h rows, less twice the padding. Throws a ShapeError where
 * nothing of the output is left. Source: lecture step 001.48; Odena, Dumoulin & Olah 2016 (checkerboards).
 *
 * @example
 * show.transposedConvolution([[4, 3], [2, 0]], [[1, 1, 1], [1, 2, 1], [1, 1, 1]], { stride: 2 });
 */
export function transposedConvolution(
  input: NumberSource,
  kernel: NumberSource,
  options: TransposedConvolutionOptions = {},
): Displayable {
  checkOptions("show.transposedConvolution", options, ["stride", "padding", "at", "title"]);
  const made = stamp(input, kernel, options);
  const text = summaryOf(made);
  if (options.at !== undefined) {
    const step = positionOf("show.transposedConvolution", options.at, made.input);
    return new Drawn(
      { kind: "sheet", sheet: stepSheet(made, step, options) },
      `${text} ${workOf(made, step)}`,
    );
  }
  const { steps, note } = stepsShown(
    made.input.values.length,
    made.input.values.length + 2 * made.final.output.values.length,
  );
  return animation(
    steps.map((step) => ({ kind: "sheet", sheet: stepSheet(made, step, options) })),
    `${text}${note}`,
    { secondsPerFrame: 1.2, step: "stamp" },
  );
}

function stamp(input: NumberSource, kernel: NumberSource, options: TransposedConvolutionOptions): Stamping {
  const what = "show.transposedConvolution";
  const image = planesOf(input, `${what}: input`, 1);
  const weight = planesOf(kernel, `${what}: kernel`, 1);
  const stride = checkSize2d(what, "stride", options.stride ?? 1, 1);
  const margins = marginsOf(what, options.padding ?? 0, weight, [1, 1]);
  const spread = (count: number, value: (i: number) => number, values: Float32Array) => {
    const partial = { ...image, values: image.values.map((_, i) => (i <= count ? value(i) : 0)) };
    return firstOf(convTranspose2d(batchOf(partial), batchOf({ ...weight, values }), null, { stride }));
  };
  const after = (step: number): Stamped =>
    noGrad(() => ({
      output: spread(step, (i) => image.values[i]!, weight.values),
      overlaps: spread(
        step,
        () => 1,
        weight.values.map(() => 1),
      ),
    }));
  noGrad(() => {
    // The engine says what the cut output is, and refuses a padding that leaves nothing.
    const padding = [margins.top, margins.left] as const;
    convTranspose2d(batchOf(image), batchOf(weight), null, { stride, padding });
  });
  return { input: image, kernel: weight, stride, after, final: after(image.values.length - 1), margins };
}

function summaryOf({ input, kernel, stride, final, margins }: Stamping): string {
  const { top, left } = margins;
  const full = final.output;
  const output = { ...full, height: full.height - 2 * top, width: full.width - 2 * left };
  const inside = borderOf(full, margins);
  const counts = final.overlaps.values.filter((_, i) => inside[i] === 0);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const stamps = least === most ? countOf(most, "stamp") : `${least} to ${countOf(most, "stamp")}`;
  const cut = top + left > 0 ? `, padding ${pairText([top, left])} cut off` : "";
  return `${capital(withArticle(sidesOf(input)))} input stamps ${withArticle(sidesOf(kernel))} kernel (stride ${pairText(stride)}${cut}): ${sidesOf(output)} outputs, each of ${stamps}.`;
}

function stepSheet(made: Stamping, step: number, options: TransposedConvolutionOptions): Sheet {
  const { input, kernel, stride, margins } = made;
  const { output, overlaps } = made.after(step);
  const [row, column] = [Math.floor(step / input.width), step % input.width];
  const place: CellMark = {
    row: row * stride[0],
    column: column * stride[1],
    rows: kernel.height,
    columns: kernel.width,
    tone: "kernel",
  };
  const most = Math.max(...made.final.overlaps.values);
  const outside = borderOf(output, margins);
  return {
    title: options.title ?? "Transposed convolution, stamp by stamp",
    subtitle: summaryOf(made),
    lines: [
      [
        gridOf("input", input, [{ row, column, rows: 1, columns: 1, tone: "input" }]),
        { sign: "×" },
        gridOf("kernel", kernel, [{ ...place, row: 0, column: 0 }]),
        { sign: "→" },
        { ...gridOf("output so far", output, [place]), outside },
        {
          ...gridOf("stamps on each cell", overlaps, [place]),
          shade: { colours: "viridis", low: 0, high: most },
        },
      ],
    ],
    notes: [workOf(made, step)],
  };
}

function workOf({ input, stride }: Stamping, step: number): string {
  const [row, column] = [Math.floor(step / input.width), step % input.width];
  return `Input (${row}, ${column}) = ${formatNumber(input.values[step]!)} times the kernel is added at row ${row * stride[0]}, column ${column * stride[1]}.`;
}
