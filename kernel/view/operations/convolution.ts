/** Convolution by hand: the kernel placed on the input, the products, their sum, the output cell that it fills. */
import { tensor } from "../../../engine/creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { type Conv2dOptions, checkSize2d, conv2d } from "../../../engine/ops/convolution.ts";
import { flip } from "../../../engine/ops/movement.ts";
import { checkOptions } from "../../../engine/options.ts";
import { animation, stepsShown } from "../drawing/animation.ts";
import type { CellGrid, CellMark, Sheet } from "../drawing/cells.ts";
import { Drawn } from "../drawing/drawn.ts";
import type { Displayable } from "../mime.ts";
import type { NumberSource } from "../values.ts";
import { capital, countOf, formatNumber, withArticle, withRange } from "../wording.ts";
import {
  batchOf,
  borderOf,
  bracketed,
  channelOf,
  firstOf,
  type Margins,
  marginsOf,
  type Planes,
  padded,
  pairText,
  planesOf,
  positionOf,
  sidesOf,
} from "./planes.ts";

/** Options of `convolution`: those of `conv2d`, and what to show. */
export interface ConvolutionOptions
  extends Pick<Conv2dOptions, "stride" | "padding" | "dilation" | "paddingMode" | "flip"> {
  /** Added to each output. */
  bias?: number;
  /** Row and column of the one output to show; an animation over all of them where left out. */
  at?: readonly [row: number, column: number];
  /** A title above the picture. */
  title?: string;
}

/** What is convolved, the input with its border. */
interface Convolution {
  input: Planes;
  margins: Margins;
  kernel: Planes;
  output: Planes;
  stride: readonly [number, number];
  dilation: readonly [number, number];
  bias: number;
  flipped: boolean;
}

/**
 * Draws a convolution step by step: the kernel's weights on the cells of the input that they meet, the products and their sum,
 * and the output cell that is filled. An animation over all outputs, or the one output `at`.
 *
 * `input`: `[H, W]` or `[C, H, W]`; `kernel`: `[h, w]` or `[C, h, w]`. As in `nn.conv2d`, the kernel is not turned (a
 * cross-correlation) unless `flip` says so. Throws a ShapeError where the two do not fit. Source: lecture steps 000.37, 000.38.
 *
 * @example
 * show.convolution([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, -1]]);
 * show.convolution(eye(5), ones([3, 3]), { padding: 1, at: [0, 0] });
 */
export function convolution(
  input: NumberSource,
  kernel: NumberSource,
  options: ConvolutionOptions = {},
): Displayable {
  checkOptions("show.convolution", options, [
    "stride",
    "padding",
    "dilation",
    "paddingMode",
    "flip",
    "bias",
    "at",
    "title",
  ]);
  const made = compute(input, kernel, options);
  const { output } = made;
  if (options.at !== undefined) {
    const step = positionOf("show.convolution", options.at, output);
    return new Drawn(
      { kind: "sheet", sheet: stepSheet(made, step, options) },
      `${summaryOf(made)} Output (${options.at.join(", ")}): ${workOf(made, step).at(-1)}.`,
    );
  }
  const { steps, note } = stepsShown(
    output.values.length,
    made.input.values.length + made.kernel.values.length + output.values.length,
  );
  return animation(
    steps.map((step) => ({ kind: "sheet", sheet: stepSheet(made, step, options) })),
    `${summaryOf(made)}${note}`,
    { secondsPerFrame: 1.2, step: "output" },
  );
}

function compute(input: NumberSource, kernel: NumberSource, options: ConvolutionOptions): Convolution {
  const what = "show.convolution";
  const image = planesOf(input, `${what}: input`);
  const weight = planesOf(kernel, `${what}: kernel`);
  if (image.channels !== weight.channels)
    throw new ShapeError(
      `${what}: the kernel needs a plane for each channel of the input: ${countOf(image.channels, "channel")} in the input, ${weight.channels} in the kernel`,
    );
  const { bias = 0, paddingMode = "zeros" } = options;
  if (typeof bias !== "number")
    throw new ArgumentError(`${what}: bias must be a number, got ${describeValue(bias)}`);
  const stride = checkSize2d(what, "stride", options.stride ?? 1, 1);
  const dilation = checkSize2d(what, "dilation", options.dilation ?? 1, 1);
  const margins = marginsOf(what, options.padding ?? 0, weight, dilation);
  return noGrad(() => {
    const x = padded(batchOf(image), margins, paddingMode === "zeros" ? 0 : paddingMode);
    const w = options.flip ? flip(batchOf(weight), [2, 3]) : batchOf(weight);
    const output = firstOf(conv2d(x, w, tensor([bias]), { stride, dilation }));
    const flipped = options.flip === true;
    return { input: firstOf(x), margins, kernel: firstOf(w), output, stride, dilation, bias, flipped };
  });
}

function summaryOf({ input, margins, kernel, output, stride, dilation, flipped }: Convolution): string {
  const { top, bottom, left, right } = margins;
  const bare = { ...input, height: input.height - top - bottom, width: input.width - left - right };
  const details = [
    `stride ${pairText(stride)}`,
    top + left + bottom + right > 0 ? `padding ${pairText([top, left])}` : "no padding",
    ...(dilation[0] * dilation[1] > 1 ? [`dilation ${pairText(dilation)}`] : []),
    ...(flipped ? ["kernel turned by 180°"] : []),
  ];
  const outputs = withRange(`${sidesOf(output)} outputs,`, output.values).replace(",,", ",");
  return `${capital(withArticle(sidesOf(bare)))} input and ${withArticle(sidesOf(kernel))} kernel (${details.join(", ")}) give ${outputs}.`;
}

/** The board at one step. */
function stepSheet(made: Convolution, step: number, options: ConvolutionOptions): Sheet {
  const { kernel, output } = made;
  const channels = Array.from({ length: kernel.channels }, (_, channel) => channel);
  const name = (of: string, channel: number) => (channels.length > 1 ? `${of}, channel ${channel}` : of);
  const { height: rows, width: columns } = kernel;
  const inputs = channels.map((channel) => inputGrid(made, channel, step, name("input", channel)));
  const kernels = channels.map((channel): CellGrid => {
    const title = name(made.flipped ? "kernel, turned" : "kernel", channel);
    const marks: CellMark[] = [{ row: 0, column: 0, rows, columns, tone: "kernel" }];
    return { title, rows, columns, values: channelOf(kernel, channel), marks };
  });
  const filled: CellGrid = {
    title: "output",
    rows: output.height,
    columns: output.width,
    values: output.values,
    hidden: Uint8Array.from(output.values, (_, i) => (i > step && options.at === undefined ? 1 : 0)),
    marks: [
      {
        row: Math.floor(step / output.width),
        column: step % output.width,
        rows: 1,
        columns: 1,
        tone: "output",
      },
    ],
  };
  return {
    title: options.title ?? "Convolution, step by step",
    subtitle: summaryOf(made),
    lines:
      channels.length === 1
        ? [[...inputs, { sign: "∗" }, ...kernels, { sign: "=" }, filled]]
        : [inputs, [...kernels, { sign: "=" }, filled]],
    notes: workOf(made, step),
  };
}

/** The input with the weights in the corners of the cells that they meet. */
function inputGrid(made: Convolution, channel: number, step: number, title: string): CellGrid {
  const { input, kernel, margins, dilation } = made;
  const weights = channelOf(kernel, channel);
  const taps = tapsOf(made, step);
  const corners = new Array<number | null>(input.height * input.width).fill(null);
  for (const { at, tap } of taps) corners[at] = weights[tap]!;
  const whole = { rows: kernel.height, columns: kernel.width };
  const single = { rows: 1, columns: 1 };
  const marked = dilation[0] * dilation[1] > 1 ? taps : taps.slice(0, 1);
  const size = marked.length > 1 ? single : whole;
  return {
    title,
    rows: input.height,
    columns: input.width,
    values: channelOf(input, channel),
    corners,
    outside: borderOf(input, margins),
    marks: marked.map(({ row, column }) => ({ row, column, ...size, tone: "input" })),
  };
}

/** Where in the padded input each of the kernel's taps lies. */
function tapsOf({ input, kernel, output, stride, dilation }: Convolution, step: number) {
  const [top, left] = [Math.floor(step / output.width) * stride[0], (step % output.width) * stride[1]];
  return Array.from({ length: kernel.height * kernel.width }, (_, tap) => {
    const row = top + Math.floor(tap / kernel.width) * dilation[0];
    const column = left + (tap % kernel.width) * dilation[1];
    return { tap, row, column, at: row * input.width + column };
  });
}

/** More products than these are not written out. */
const mostProducts = 16;

/** The sum as one writes it: a line for each channel, and what they add up to. */
function workOf(made: Convolution, step: number): string[] {
  const { input, kernel, output, bias } = made;
  const taps = tapsOf(made, step);
  const result = formatNumber(output.values[step]!, 5);
  const works = Array.from({ length: kernel.channels }, (_, channel) => {
    const [pixels, weights] = [channelOf(input, channel), channelOf(kernel, channel)];
    const products = taps.map(({ at, tap }) => `${bracketed(pixels[at]!)}·${bracketed(weights[tap]!)}`);
    return {
      text: products.length > mostProducts ? `the sum of ${products.length} products` : products.join(" + "),
      sum: taps.reduce((total, { at, tap }) => total + pixels[at]! * weights[tap]!, 0),
    };
  });
  if (works.length === 1 && bias === 0) return [`${works[0]!.text} = ${result}`];
  const lines = works.map(({ text, sum }, channel) => {
    const name = works.length > 1 ? `channel ${channel}: ` : "";
    return `${name}${text} = ${formatNumber(sum, 5)}`;
  });
  const terms = [
    ...works.map(({ sum }) => bracketed(sum)),
    ...(bias === 0 ? [] : [`bias ${bracketed(bias)}`]),
  ];
  return [...lines, `${terms.join(" + ")} = ${result}`];
}
