/** Convolution and pooling in three dimensions: films and volumes, as stacks of images. */
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { defineOp, type Op, type SampleMaker } from "../op.ts";
import { checkNames, checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { conv2d, convTranspose2d, countWindows } from "./convolution.ts";
import { add } from "./elementwise.ts";
import { checkBias, checkInput, checkKernels } from "./layout.ts";
import {
  flip,
  narrow,
  type PadMode,
  pad,
  permute,
  reshape,
  select,
  slice,
  stack,
  unsqueeze,
} from "./movement.ts";
import { type AvgPool2dOptions, avgPool2d, maxPool2d } from "./pooling.ts";

/** One number for all directions, or `[depth, height, width]`. */
export type Size3d = number | readonly [depth: number, height: number, width: number];

function checkSize3d(
  operation: string,
  name: string,
  size: unknown,
  least: number,
): [number, number, number] {
  const triple: readonly unknown[] = Array.isArray(size) ? size : [size, size, size];
  if (triple.length !== 3 || !triple.every((part) => Number.isInteger(part) && Number(part) >= least))
    throw new ArgumentError(
      `${operation}: ${name} is a whole number from ${least} up, or [depth, height, width]; got ${Array.isArray(size) ? `[${size.join(", ")}]` : describeValue(size)}`,
    );
  return [Number(triple[0]), Number(triple[1]), Number(triple[2])];
}

/** `[N, C, D, …]` to `[N, D, C, …]` and back. */
const swapDepth = (x: Tensor) => permute(x, [0, 2, 1, 3, 4]);

/** Options of `conv3d`. */
export interface Conv3dOptions {
  /** Step of the window (default 1); one number, or one for each of depth, height and width. */
  stride?: Size3d;
  /** Zeros around the input: a number, `[depth, height, width]`, `"valid"` (none), or `"same"` (the output is as large as the input; stride 1 only). */
  padding?: Size3d | "valid" | "same";
  /** Distance between the kernel's taps. */
  dilation?: Size3d;
  /** Channels are split into this many groups that do not see each other. */
  groups?: number;
  /** What the padding holds: zeros by default. */
  paddingMode?: "zeros" | PadMode;
  /** Mirrors the kernel in all directions first: the convolution of mathematics. */
  flip?: boolean;
}

/**
 * Convolution (cross-correlation) of volumes or films: `x [N, C, D, H, W]`, `weight [out, C / groups, kD, kH, kW]`, `bias [out]` or null →
 * `[N, out, D′, H′, W′]`, each size as in `conv2d`. The images under the kernel's depth become channels of one 2-D
 * convolution. Throws a ShapeError when the channels or the number of dimensions differ or the kernel does not fit,
 * an ArgumentError for a stride, padding or dilation that cannot be.
 *
 * @example
 * conv3d(zeros([1, 1, 16, 32, 32]), zeros([8, 1, 3, 3, 3]))   // [1, 8, 14, 30, 30]
 */
export const conv3d: Op<[x: Tensor, weight: Tensor, bias?: Tensor | null, options?: Conv3dOptions]> =
  defineOp<[x: Tensor, weight: Tensor, bias?: Tensor | null, options?: Conv3dOptions]>(
    {
      name: "conv3d",
      formula:
        "y[n, o, h, i, j] = b[o] + Σ_{c, t, u, v} w[o, c, t, u, v] · x[n, c, h·s + t·d − p, i·s + u·d − p, j·s + v·d − p]",
      samples: (make) => [
        [make.normal(2, 1, 3, 3, 3), make.normal(2, 1, 2, 2, 2), make.normal(2)],
        [
          make.normal(1, 2, 4, 3, 3),
          make.normal(2, 1, 3, 1, 2),
          null,
          { groups: 2, stride: [2, 1, 1], padding: [1, 0, 1] },
        ],
        [
          make.normal(1, 1, 3, 2, 2),
          make.normal(1, 1, 2, 2, 1),
          null,
          { padding: "same", dilation: [2, 1, 1], flip: true },
        ],
        [
          make.normal(1, 1, 3, 3, 2),
          make.normal(1, 1, 2, 2, 2),
          null,
          { padding: 1, paddingMode: "replicate" },
        ],
      ],
      mistakes: (make) => [
        [
          [make.normal(1, 4, 4, 4), make.normal(1, 1, 2, 2, 2)],
          /conv3d: the input is \[1, 4, 4, 4\], it should be \[N, C, D, H, W\].*unsqueeze/,
        ],
        [
          [make.normal(1, 1, 4, 4, 4), make.normal(1, 2, 2, 2)],
          /conv3d: the weight is \[1, 2, 2, 2\], it should be \[out, C \/ groups, kD, kH, kW\]/,
        ],
        [
          [make.normal(1, 3, 4, 4, 4), make.normal(2, 1, 2, 2, 2)],
          /conv3d: the input \[1, 3, 4, 4, 4\] has 3 channels, the weight \[2, 1, 2, 2, 2\] takes 1; make both equal/,
        ],
        [
          [make.normal(1, 1, 2, 4, 4), make.normal(1, 1, 3, 2, 2)],
          /conv3d: kernel 3 does not fit an input of depth 2/,
        ],
        [
          [make.normal(1, 1, 4, 4, 4), make.normal(1, 1, 2, 2, 2), null, { stride: [1, 2] }],
          /conv3d: stride is a whole number from 1 up, or \[depth, height, width\]; got \[1, 2\]/,
        ],
        [
          [make.normal(1, 1, 4, 4, 4), make.normal(1, 1, 2, 2, 2), null, { padding: "same", stride: 2 }],
          /conv3d: padding "same" needs stride 1/,
        ],
      ],
    },
    (x, weight, bias = null, options = {}) => {
      const name = "conv3d";
      checkOptions(name, options, ["stride", "padding", "dilation", "groups", "paddingMode", "flip"]);
      checkKernels(name, x, weight, 5, "[out, C / groups, kD, kH, kW]");
      checkBias(name, x, bias, weight.shape[0]!);
      const { padding = 0, groups = 1, paddingMode = "zeros" } = options;
      const [strideDepth, ...stride] = checkSize3d(name, "stride", options.stride ?? 1, 1);
      const [dilationDepth, ...dilation] = checkSize3d(name, "dilation", options.dilation ?? 1, 1);
      const [out, perGroup, taps, ...window] = weight.shape as readonly [
        number,
        number,
        number,
        number,
        number,
      ];
      if (x.shape[1] !== perGroup * groups)
        throw new ShapeError(
          `${name}: the input ${describeShape(x.shape)} has ${x.shape[1]} channels, the weight ${describeShape(weight.shape)} takes ${perGroup * groups}; make both equal (is the layout [N, C, D, H, W]?)`,
        );
      if (padding === "same" && (strideDepth !== 1 || stride.some((step) => step !== 1)))
        throw new ArgumentError(`${name}: padding "same" needs stride 1; give the padding as a number`);
      const span = dilationDepth * (taps - 1);
      const around = typeof padding === "string" ? null : checkSize3d(name, "padding", padding, 0);
      const before = padding === "same" ? Math.floor(span / 2) : (around?.[0] ?? 0);
      const after = padding === "same" ? span - before : before;
      const [batch, channels, depth] = x.shape as readonly [number, number, number];
      const count = countWindows(name, "depth", depth, taps, strideDepth, before + after, dilationDepth);
      let frames = swapDepth(x);
      const frame = [
        [before, after],
        [0, 0],
        [0, 0],
        [0, 0],
      ] as const;
      if (before + after > 0) frames = pad(frames, frame, paddingMode === "zeros" ? 0 : paddingMode);
      const kernel = options.flip ? flip(weight, [2, 3, 4]) : weight;
      // The image under each tap of the kernel's depth, as channels c·kD + t.
      const layers = Array.from({ length: taps }, (_item, t) => {
        const start = t * dilationDepth;
        return slice(frames, [null, [start, start + (count - 1) * strideDepth + 1, strideDepth]]);
      });
      const size = x.shape.slice(3);
      const images = reshape(stack(layers, 3), [batch * count, channels * taps, ...size]);
      const y = conv2d(images, reshape(kernel, [out, perGroup * taps, ...window]), bias, {
        stride: stride as [number, number],
        dilation: dilation as [number, number],
        padding: around === null ? (padding as "valid" | "same") : [around[1], around[2]],
        groups,
        paddingMode,
      });
      return swapDepth(reshape(y, [batch, count, ...y.shape.slice(1)]));
    },
  );

/** Options of `convTranspose3d`. */
export interface ConvTranspose3dOptions {
  /** How far apart the input's voxels are set (default 1); one number, or one for each of depth, height and width. */
  stride?: Size3d;
  /** What is cut off around the output. */
  padding?: Size3d;
  /** What is added at the far end of each direction; smaller than the stride or the dilation. */
  outputPadding?: Size3d;
  /** Distance between the kernel's taps. */
  dilation?: Size3d;
  /** Channels are split into this many groups that do not see each other. */
  groups?: number;
  /** Mirrors the kernel first. */
  flip?: boolean;
}

/**
 * The transposed convolution of volumes, see `convTranspose2d`: `x [N, C, D, H, W]`, `weight [C, out / groups, kD, kH, kW]`, `bias [out]` or
 * null → `[N, out, D′, H′, W′]` with D′ = (D − 1)·stride − 2·padding + dilation·(kD − 1) + outputPadding + 1; H′ and
 * W′ alike. Throws a ShapeError when the channels or the number of dimensions differ, an ArgumentError for a stride,
 * padding, dilation or groups that cannot be.
 */
export const convTranspose3d: Op<
  [x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTranspose3dOptions]
> = defineOp<[x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTranspose3dOptions]>(
  {
    name: "convTranspose3d",
    formula:
      "y[n, o, h·s + t·d − p, i·s + u·d − p, j·s + v·d − p] += w[c, o, t, u, v] · x[n, c, h, i, j], from b[o]",
    samples: (make) => [
      [make.normal(2, 1, 2, 2, 2), make.normal(1, 2, 2, 2, 2), make.normal(2)],
      [
        make.normal(1, 2, 2, 2, 3),
        make.normal(2, 1, 3, 2, 1),
        null,
        { groups: 2, stride: [2, 1, 1], padding: [1, 0, 0], outputPadding: [1, 0, 0] },
      ],
      [make.normal(1, 1, 2, 1, 2), make.normal(1, 1, 2, 1, 2), null, { dilation: 2, stride: 3, flip: true }],
    ],
    mistakes: (make) => [
      [
        [make.normal(1, 4, 4, 4), make.normal(1, 1, 2, 2, 2)],
        /convTranspose3d: the input is \[1, 4, 4, 4\], it should be \[N, C, D, H, W\]/,
      ],
      [
        [make.normal(1, 3, 2, 2, 2), make.normal(2, 1, 2, 2, 2)],
        /convTranspose3d: the input \[1, 3, 2, 2, 2\] has 3 channels, the weight \[2, 1, 2, 2, 2\] takes 2; .* come first/,
      ],
      [
        [make.normal(1, 1, 2, 2, 2), make.normal(1, 2, 2, 2, 2), make.normal(3)],
        /convTranspose3d: the bias is \[3\], it should be \[out=2\]/,
      ],
      [
        [make.normal(1, 1, 2, 2, 2), make.normal(1, 2, 2, 2, 2), null, { outputPadding: [1, 0, 0] }],
        /convTranspose3d: outputPadding is smaller than the stride \(or the dilation\); got 1 along the depth with stride 1/,
      ],
      [
        [make.normal(1, 1, 1, 4, 4), make.normal(1, 1, 2, 2, 2), null, { padding: [1, 0, 0] }],
        /convTranspose3d: nothing is left of the output's depth: 0 after cutting off padding 1/,
      ],
    ],
  },
  (x, weight, bias = null, options = {}) => {
    const name = "convTranspose3d";
    checkOptions(name, options, ["stride", "padding", "outputPadding", "dilation", "groups", "flip"]);
    checkKernels(name, x, weight, 5, "[C, out / groups, kD, kH, kW]");
    const { groups = 1, flip: flipped = false } = options;
    const [strideDepth, ...stride] = checkSize3d(name, "stride", options.stride ?? 1, 1);
    const [dilationDepth, ...dilation] = checkSize3d(name, "dilation", options.dilation ?? 1, 1);
    const [padDepth, ...padding] = checkSize3d(name, "padding", options.padding ?? 0, 0);
    const [extraDepth, ...outputPadding] = checkSize3d(name, "outputPadding", options.outputPadding ?? 0, 0);
    const [batch, channels, depth] = x.shape as readonly [number, number, number];
    const [inChannels, perGroup, taps, ...window] = weight.shape as readonly [
      number,
      number,
      number,
      number,
      number,
    ];
    if (channels !== inChannels)
      throw new ShapeError(
        `${name}: the input ${describeShape(x.shape)} has ${channels} channels, the weight ${describeShape(weight.shape)} takes ${inChannels}; make both equal (the weight's input channels come first, other than in conv3d)`,
      );
    const out = perGroup * groups;
    checkBias(name, x, bias, out);
    if (extraDepth >= Math.max(strideDepth, dilationDepth))
      throw new ArgumentError(
        `${name}: outputPadding is smaller than the stride (or the dilation); got ${extraDepth} along the depth with stride ${strideDepth}`,
      );
    const spread = (depth - 1) * strideDepth + 1;
    const whole = spread + dilationDepth * (taps - 1) + extraDepth;
    const outDepth = whole - 2 * padDepth;
    if (outDepth < 1)
      throw new ShapeError(
        `${name}: nothing is left of the output's depth: ${outDepth} after cutting off padding ${padDepth} on each side; use a smaller padding`,
      );
    const images = reshape(swapDepth(x), [batch * depth, channels, ...x.shape.slice(3)]);
    const kernel = flipped ? flip(weight, [2, 3, 4]) : weight;
    const stamps = convTranspose2d(images, reshape(kernel, [inChannels, perGroup * taps, ...window]), null, {
      stride: stride as [number, number],
      dilation: dilation as [number, number],
      padding: padding as [number, number],
      outputPadding: outputPadding as [number, number],
      groups,
    });
    const size = stamps.shape.slice(2);
    const byTap = reshape(stamps, [batch, depth, out, taps, ...size]);
    const layers = Array.from({ length: taps }, (_item, t) => {
      const layer = select(byTap, 3, t);
      // Zeros between the frames, then before and behind them.
      const apart =
        strideDepth === 1
          ? layer
          : narrow(
              reshape(
                pad(unsqueeze(layer, 2), [
                  [0, strideDepth - 1],
                  [0, 0],
                  [0, 0],
                  [0, 0],
                ]),
                [batch, depth * strideDepth, out, ...size],
              ),
              1,
              0,
              spread,
            );
      const start = t * dilationDepth;
      return pad(apart, [
        [start, whole - spread - start],
        [0, 0],
        [0, 0],
        [0, 0],
      ]);
    });
    const total = layers.reduce((sum, layer) => add(sum, layer));
    const y = swapDepth(narrow(total, 1, padDepth, outDepth));
    return bias === null ? y : add(y, reshape(bias, [1, out, 1, 1, 1]));
  },
);

/** Options of `maxPool3d`. */
export interface Pool3dOptions {
  /** Distance between windows; the window's size by default, so that windows do not overlap. */
  stride?: Size3d;
  /** Cells around the input that never win a maximum and count in no average; at most half the window. */
  padding?: Size3d;
  /** Rounds the number of windows up: a remainder at the end makes a smaller window (default false: it is left out). */
  ceilMode?: boolean;
}

/** Options of `avgPool3d`. */
export interface AvgPool3dOptions extends Pool3dOptions {
  /** Counts the padding as zeros, PyTorch's `count_include_pad=True` (default false: the mean is over the volume's own cells). */
  countPadding?: boolean;
}

type Pool3dArgs = [x: Tensor, kernel: Size3d, options?: AvgPool3dOptions];

/** The windows' rows and columns in each frame first, then their depth: a maximum of maxima, a mean of means of equally many. */
function pool3d(
  name: "maxPool3d" | "avgPool3d",
  formula: string,
  pool: (x: Tensor, kernel: readonly [number, number], options: AvgPool2dOptions) => Tensor,
  more: Pick<AvgPool3dOptions, "countPadding"> = {},
): Op<Pool3dArgs> {
  return defineOp<Pool3dArgs>(
    {
      name,
      formula,
      samples: (make: SampleMaker) => [
        [make.distinct(2, 1, 4, 2, 4), 2],
        [make.distinct(1, 2, 3, 4, 3), [2, 3, 1], { stride: [1, 2, 2], padding: [1, 1, 0] }],
        [make.distinct(1, 1, 5, 3, 4), 2, { ceilMode: true, ...more }],
      ],
      mistakes: (make: SampleMaker) => [
        [
          [make.normal(1, 4, 4, 4), 2],
          new RegExp(`${name}: the input is \\[1, 4, 4, 4\\], it should be \\[N, C, D, H, W\\].*unsqueeze`),
        ],
        [
          [make.normal(1, 1, 2, 4, 4), 3],
          new RegExp(`${name}: kernel 3 does not fit an input of depth 2 \\(no padding\\)`),
        ],
        [
          [make.normal(1, 1, 4, 4, 4), 0],
          new RegExp(`${name}: the window \\(kernel\\) is a whole number from 1 up`),
        ],
        [
          [make.normal(1, 1, 4, 4, 4), 2, { padding: [0, 0, 2] }],
          new RegExp(`${name}: padding is at most half the window; got 2 for a window of 2`),
        ],
      ],
    },
    (x, kernel, options = {}) => {
      checkNames(name, options, ["stride", "padding", "ceilMode", ...Object.keys(more)]);
      checkInput(name, x, 5);
      const window = checkSize3d(name, "the window (kernel)", kernel, 1);
      const stride = checkSize3d(name, "stride", options.stride ?? kernel, 1);
      const padding = checkSize3d(name, "padding", options.padding ?? 0, 0);
      const { stride: _stride, padding: _padding, ...others } = options;
      window.forEach((size, d) => {
        if (padding[d]! > size / 2)
          throw new ArgumentError(
            `${name}: padding is at most half the window; got ${padding[d]} for a window of ${size}`,
          );
        const side = ["depth", "height", "width"][d]!;
        countWindows(name, side, x.shape[2 + d]!, size, stride[d]!, 2 * padding[d]!, 1, options.ceilMode);
      });
      const [batch, channels, depth, ...size] = x.shape as [number, number, number, number, number];
      const frames = pool(reshape(x, [batch, channels * depth, ...size]), [window[1], window[2]], {
        stride: [stride[1], stride[2]],
        padding: [padding[1], padding[2]],
        ...others,
      });
      const [height, width] = frames.shape.slice(2) as [number, number];
      const y = pool(reshape(frames, [batch, channels, depth, height * width]), [window[0], 1], {
        stride: [stride[0], 1],
        padding: [padding[0], 0],
        ...others,
      });
      return reshape(y, [batch, channels, y.shape[2]!, height, width]);
    },
  );
}

/**
 * The largest value of each window of a volume: `[N, C, D, H, W]` → `[N, C, D′, H′, W′]`, sizes and options as in `maxPool2d`. The gradient
 * goes to the winner, the first of equals. Throws a ShapeError when the window does not fit the input, an
 * ArgumentError for a padding above half of it.
 */
export const maxPool3d: Op<[x: Tensor, kernel: Size3d, options?: Pool3dOptions]> = pool3d(
  "maxPool3d",
  "y[h, i, j] = max_{t, u, v} x[h·s + t, i·s + u, j·s + v];  ∂L/∂x = ∂L/∂y at the winner, else 0",
  maxPool2d,
);

/**
 * The mean of each window of a volume: `[N, C, D, H, W]` → `[N, C, D′, H′, W′]`, sizes and options as in `avgPool2d`.
 * Throws a ShapeError when the window does not fit the input, an ArgumentError for a padding above half of it.
 */
export const avgPool3d: Op<[x: Tensor, kernel: Size3d, options?: AvgPool3dOptions]> = pool3d(
  "avgPool3d",
  "y[h, i, j] = mean_{t, u, v} x[h·s + t, i·s + u, j·s + v];  ∂L/∂x = ∂L/∂y / (cells in the window)",
  avgPool2d,
  { countPadding: true },
);
