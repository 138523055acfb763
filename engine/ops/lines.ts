/** Convolution and pooling in one dimension: signals and sequences, as images of one row. */
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { defineOp, type Op, type SampleMaker } from "../op.ts";
import { checkNames, checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { conv2d, convTranspose2d, countWindows } from "./convolution.ts";
import { checkBias, checkInput, checkKernels } from "./layout.ts";
import { type PadMode, squeeze, unsqueeze } from "./movement.ts";
import { type AvgPool2dOptions, avgPool2d, maxPool2d } from "./pooling.ts";

function checkCount(name: string, role: string, value: unknown, least: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least) return value;
  throw new ArgumentError(`${name}: ${role} is a whole number from ${least} up; got ${describeValue(value)}`);
}

const asRow = (x: Tensor) => unsqueeze(x, 2);
const asLine = (y: Tensor) => squeeze(y, 2);

/** Options of `conv1d`. */
export interface Conv1dOptions {
  /** Step of the window (default 1). */
  stride?: number;
  /** Zeros on both sides: a number, `"valid"` (none), or `"same"` (the output is as long as the input; stride 1 only). */
  padding?: number | "valid" | "same";
  /** Distance between the kernel's taps. */
  dilation?: number;
  /** Channels are split into this many groups that do not see each other. */
  groups?: number;
  /** What the padding holds: zeros by default. */
  paddingMode?: "zeros" | PadMode;
  /** Reverses the kernel first: the convolution of mathematics. */
  flip?: boolean;
}

/**
 * Convolution (cross-correlation) along a line: `x [N, C, L]`, `weight [out, C / groups, k]`, `bias [out]` or null → `[N, out, L′]` with
 * L′ = ⌊(L + 2·padding − dilation·(k − 1) − 1) / stride⌋ + 1. Throws a ShapeError when the channels or the number of
 * dimensions differ or the kernel does not fit, an ArgumentError for a stride, padding or dilation that cannot be.
 *
 * @example
 * conv1d(tensor([[[1, 2, 3, 4]]]), tensor([[[1, 0, -1]]]))   // [[[-2, -2]]]
 */
export const conv1d: Op<[x: Tensor, weight: Tensor, bias?: Tensor | null, options?: Conv1dOptions]> =
  defineOp<[x: Tensor, weight: Tensor, bias?: Tensor | null, options?: Conv1dOptions]>(
    {
      name: "conv1d",
      formula: "y[n, o, i] = b[o] + Σ_{c, u} w[o, c, u] · x[n, c, i·s + u·d − p]",
      samples: (make) => [
        [make.normal(2, 1, 6), make.normal(2, 1, 3), make.normal(2)],
        [make.normal(1, 4, 7), make.normal(2, 2, 3), null, { stride: 2, padding: 1, groups: 2 }],
        [make.normal(1, 1, 7), make.normal(1, 1, 4), null, { padding: "same", dilation: 2, flip: true }],
        [make.normal(1, 2, 5), make.normal(1, 2, 3), null, { padding: 2, paddingMode: "circular" }],
      ],
      mistakes: (make) => [
        [
          [make.normal(2, 6), make.normal(2, 1, 3)],
          /conv1d: the input is \[2, 6\], it should be \[N, C, L\]/,
        ],
        [
          [make.normal(2, 1, 6), make.normal(2, 3)],
          /conv1d: the weight is \[2, 3\], it should be \[out, C \/ groups, k\]/,
        ],
        [
          [make.normal(1, 1, 2), make.normal(1, 1, 3)],
          /conv1d: kernel 3 does not fit an input of length 2 \(no padding\)/,
        ],
        [
          [make.normal(1, 3, 8), make.normal(2, 1, 3)],
          /conv1d: the input \[1, 3, 8\] has 3 channels, the weight \[2, 1, 3\] takes 1; make both equal/,
        ],
        [
          [make.normal(1, 1, 8), make.normal(1, 1, 3), null, { stride: 0 }],
          /conv1d: stride is a whole number from 1 up; got 0/,
        ],
        [
          [make.normal(1, 1, 8), make.normal(2, 1, 3), make.normal(3)],
          /conv1d: the bias is \[3\], it should be \[out=2\]/,
        ],
      ],
    },
    (x, weight, bias = null, options = {}) => {
      const name = "conv1d";
      checkOptions(name, options, ["stride", "padding", "dilation", "groups", "paddingMode", "flip"]);
      checkKernels(name, x, weight, 3, "[out, C / groups, k]");
      checkBias(name, x, bias, weight.shape[0]!);
      const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
      checkCount(name, "stride", stride, 1);
      checkCount(name, "dilation", dilation, 1);
      checkCount(name, "groups", groups, 1);
      if (x.shape[1] !== weight.shape[1]! * groups)
        throw new ShapeError(
          `${name}: the input ${describeShape(x.shape)} has ${x.shape[1]} channels, the weight ${describeShape(weight.shape)} takes ${weight.shape[1]! * groups}; make both equal (is the layout [N, C, L]?)`,
        );
      const around = typeof padding === "string" ? padding : checkCount(name, "padding", padding, 0);
      if (around !== "same")
        countWindows(
          name,
          "length",
          x.shape[2]!,
          weight.shape[2]!,
          stride,
          around === "valid" ? 0 : 2 * Number(around),
          dilation,
        );
      const row = conv2d(asRow(x), asRow(weight), bias, {
        ...options,
        stride: [1, stride],
        padding: typeof around === "number" ? [0, around] : around,
        dilation: [1, dilation],
      });
      return asLine(row);
    },
  );

/** Options of `convTranspose1d`. */
export interface ConvTranspose1dOptions {
  /** How far apart the input's positions are set (default 1). */
  stride?: number;
  /** What is cut off on both sides of the output. */
  padding?: number;
  /** What is added at the end of the output; smaller than the stride or the dilation. */
  outputPadding?: number;
  /** Distance between the kernel's taps. */
  dilation?: number;
  /** Channels are split into this many groups that do not see each other. */
  groups?: number;
  /** Reverses the kernel first. */
  flip?: boolean;
}

/**
 * The transposed convolution along a line, see `convTranspose2d`: `x [N, C, L]`, `weight [C, out / groups, k]`, `bias [out]` or null →
 * `[N, out, L′]` with L′ = (L − 1)·stride − 2·padding + dilation·(k − 1) + outputPadding + 1. Throws a ShapeError
 * when the channels or the number of dimensions differ, an ArgumentError for a stride, padding, dilation or groups
 * that cannot be.
 */
export const convTranspose1d: Op<
  [x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTranspose1dOptions]
> = defineOp<[x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTranspose1dOptions]>(
  {
    name: "convTranspose1d",
    formula: "y[n, o, i·s + u·d − p] += w[c, o, u] · x[n, c, i], from b[o]",
    samples: (make) => [
      [make.normal(2, 1, 4), make.normal(1, 2, 3), make.normal(2)],
      [
        make.normal(1, 4, 3),
        make.normal(4, 1, 3),
        null,
        { stride: 2, padding: 1, outputPadding: 1, groups: 2 },
      ],
      [make.normal(1, 1, 3), make.normal(1, 1, 2), null, { dilation: 3, flip: true }],
    ],
    mistakes: (make) => [
      [
        [make.normal(2, 6), make.normal(2, 1, 3)],
        /convTranspose1d: the input is \[2, 6\], it should be \[N, C, L\]/,
      ],
      [
        [make.normal(1, 3, 6), make.normal(2, 3, 3)],
        /convTranspose1d: the input \[1, 3, 6\] has 3 channels, the weight \[2, 3, 3\] takes 2; .* come first/,
      ],
      [
        [make.normal(1, 1, 6), make.normal(1, 1, 3), null, { padding: -1 }],
        /convTranspose1d: padding is a whole number from 0 up; got -1/,
      ],
    ],
  },
  (x, weight, bias = null, options = {}) => {
    const name = "convTranspose1d";
    checkOptions(name, options, ["stride", "padding", "outputPadding", "dilation", "groups", "flip"]);
    checkKernels(name, x, weight, 3, "[C, out / groups, k]");
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1, flip = false } = options;
    checkBias(name, x, bias, weight.shape[1]! * groups);
    if (x.shape[1] !== weight.shape[0])
      throw new ShapeError(
        `${name}: the input ${describeShape(x.shape)} has ${x.shape[1]} channels, the weight ${describeShape(weight.shape)} takes ${weight.shape[0]}; make both equal (the weight's input channels come first, other than in conv1d)`,
      );
    const row = convTranspose2d(asRow(x), asRow(weight), bias, {
      stride: [1, checkCount(name, "stride", stride, 1)],
      padding: [0, checkCount(name, "padding", padding, 0)],
      outputPadding: [0, checkCount(name, "outputPadding", outputPadding, 0)],
      dilation: [1, checkCount(name, "dilation", dilation, 1)],
      groups,
      flip,
    });
    return asLine(row);
  },
);

/** Options of `avgPool1d` and `maxPool1d`. */
export interface Pool1dOptions {
  /** Distance between windows; the window's size by default. */
  stride?: number;
  /** Positions on both sides that never win a maximum and count in no average; at most half the window. */
  padding?: number;
  /** Rounds the number of windows up (default false). */
  ceilMode?: boolean;
}

/** Options of `avgPool1d`. */
export interface AvgPool1dOptions extends Pool1dOptions {
  /** Counts the padding as zeros, PyTorch's `count_include_pad=True` (default false: the mean is over the line's own positions). */
  countPadding?: boolean;
}

type Pool1dArgs = [x: Tensor, kernel: number, options?: AvgPool1dOptions];

function pool1d(
  name: "maxPool1d" | "avgPool1d",
  formula: string,
  pool: (x: Tensor, kernel: readonly [number, number], options: AvgPool2dOptions) => Tensor,
  more: Pick<AvgPool1dOptions, "countPadding"> = {},
): Op<Pool1dArgs> {
  return defineOp<Pool1dArgs>(
    {
      name,
      formula,
      samples: (make: SampleMaker) => [
        [make.distinct(2, 2, 6), 2],
        [make.distinct(1, 2, 7), 3, { stride: 2, padding: 1 }],
        [make.distinct(1, 2, 6), 3, { stride: 2, padding: 1, ...more }],
        [make.distinct(1, 1, 7), 3, { ceilMode: true }],
      ],
      mistakes: (make: SampleMaker) => [
        [[make.normal(4, 4), 2], new RegExp(`${name}: the input is \\[4, 4\\], it should be \\[N, C, L\\]`)],
        [[make.normal(1, 1, 2), 3], new RegExp(`${name}: kernel 3 does not fit an input of length 2`)],
        [
          [make.normal(1, 1, 4), 0],
          new RegExp(`${name}: the window \\(kernel\\) is a whole number from 1 up; got 0`),
        ],
        [
          [make.normal(1, 1, 4), 2, { padding: 2 }],
          new RegExp(`${name}: padding is at most half the window`),
        ],
      ],
    },
    (x, kernel, options = {}) => {
      checkNames(name, options, ["stride", "padding", "ceilMode", ...Object.keys(more)]);
      checkInput(name, x, 3);
      checkCount(name, "the window (kernel)", kernel, 1);
      const { stride = kernel, padding = 0, ceilMode = false, ...counting } = options;
      checkCount(name, "stride", stride, 1);
      checkCount(name, "padding", padding, 0);
      if (padding > kernel / 2)
        throw new ArgumentError(
          `${name}: padding is at most half the window; got ${padding} for a window of ${kernel}`,
        );
      countWindows(name, "length", x.shape[2]!, kernel, stride, 2 * padding, 1, ceilMode);
      const along = { stride: [1, stride], padding: [0, padding] } as const;
      return asLine(pool(asRow(x), [1, kernel], { ...along, ceilMode, ...counting }));
    },
  );
}

/**
 * The largest value of each window along a line: `[N, C, L]` → `[N, C, L′]`, L′ = ⌊(L + 2·padding − kernel) / stride⌋
 * + 1. Throws a ShapeError when the window does not fit the input, an ArgumentError for a padding above half of it.
 *
 * @example
 * maxPool1d(tensor([[[1, 3, 2, 4]]]), 2)   // [[[3, 4]]]
 */
export const maxPool1d: Op<[x: Tensor, kernel: number, options?: Pool1dOptions]> = pool1d(
  "maxPool1d",
  "y[i] = max_u x[i·s + u];  ∂L/∂x = ∂L/∂y at the winner, else 0",
  maxPool2d,
);

/**
 * The mean of each window along a line: `[N, C, L]` → `[N, C, L′]`, sizes as in `maxPool1d`; padding counts with
 * `countPadding` only. Throws a ShapeError when the window does not fit the input, an ArgumentError for a padding
 * above half of it.
 */
export const avgPool1d: Op<[x: Tensor, kernel: number, options?: AvgPool1dOptions]> = pool1d(
  "avgPool1d",
  "y[i] = mean_u x[i·s + u];  ∂L/∂x = ∂L/∂y / (positions in the window)",
  avgPool2d,
  { countPadding: true },
);
