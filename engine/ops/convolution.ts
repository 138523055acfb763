/** Convolution in two dimensions and its gradients. */
import type { Backend, Conv2dGeometry } from "../backend/backend.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { defineOp, type Op, type Primitive, run } from "../op.ts";
import { checkOptions } from "../options.ts";
import { describeShape, type Shape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { add } from "./elementwise.ts";
import { checkBias, checkKernels } from "./layout.ts";
import { flip, type PadMode, pad, reshape } from "./movement.ts";
import { sum } from "./reduction.ts";

/** One number for both directions, or `[height, width]`. */
export type Size2d = number | readonly [height: number, width: number];

/** Options of `conv2d`. */
export interface Conv2dOptions {
  /** Step of the window (default 1); one number, or `[vertical, horizontal]`. */
  stride?: Size2d;
  /** Zeros around the input: a number, `[height, width]`, `"valid"` (none), or `"same"` (the output is as large as the input; stride 1 only). */
  padding?: Size2d | "valid" | "same";
  /** Distance between the kernel's taps. */
  dilation?: Size2d;
  /** Channels are split into this many groups that do not see each other. */
  groups?: number;
  /** What the padding holds: zeros by default, or the image's own values by one of the modes of `pad`. */
  paddingMode?: "zeros" | PadMode;
  /** Turns the kernel by 180° first: the convolution of mathematics instead of the cross-correlation. */
  flip?: boolean;
}

/** @internal Checks a size option; `least` is 0 for paddings, 1 for all else. */
export function checkSize2d(operation: string, name: string, size: unknown, least: number): [number, number] {
  const pair: readonly unknown[] = Array.isArray(size) ? size : [size, size];
  const [height, width] = pair;
  if (
    pair.length !== 2 ||
    typeof height !== "number" ||
    typeof width !== "number" ||
    !Number.isInteger(height) ||
    !Number.isInteger(width) ||
    height < least ||
    width < least
  )
    throw new ArgumentError(
      `${operation}: ${name} is a whole number from ${least} up, or [height, width]; got ${Array.isArray(size) ? `[${size.join(", ")}]` : describeValue(size)}`,
    );
  return [height, width];
}

/**
 * @internal How many windows fit: ⌊(size + padding − span) / stride⌋ + 1, rounded down as in PyTorch (a remainder at the end is not
 * covered), or up with `ceil`; an error where not even one fits.
 */
export function countWindows(
  operation: string,
  direction: string,
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation = 1,
  ceil = false,
): number {
  const span = dilation * (kernel - 1) + 1;
  const steps = (size + padding - span) / stride;
  let count = Math.floor(steps) + 1;
  // A last window that fits in part counts with `ceil`, unless it would start in the padding behind the input.
  if (ceil && Math.ceil(steps) >= count && count * stride < size + padding / 2) count++;
  if (count >= 1) return count;
  const missing = span - size - padding;
  throw new ShapeError(
    `${operation}: kernel ${kernel}${dilation > 1 ? ` with dilation ${dilation} (${span} wide)` : ""} does not fit an input of ${direction} ${size} ` +
      `(${padding > 0 ? `with padding ${padding} in all` : "no padding"}): (${size + padding} − ${span}) / ${stride} + 1 < 1; ` +
      `pad by at least ${Math.ceil(missing / 2)} more on each side, or use a smaller kernel`,
  );
}

/** @internal Sizes of the input, the kernel and the output; an error where they do not fit each other. */
export function resolveConv2d(x: Tensor, weight: Tensor, options: Conv2dOptions): Conv2dGeometry {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [strideHeight, strideWidth] = checkSize2d("conv2d", "stride", stride, 1);
  const [dilationHeight, dilationWidth] = checkSize2d("conv2d", "dilation", dilation, 1);
  const [batch, inChannels, inHeight, inWidth] = x.shape as readonly [number, number, number, number];
  const [outChannels, perGroup, kernelHeight, kernelWidth] = weight.shape as readonly [
    number,
    number,
    number,
    number,
  ];
  if (!Number.isInteger(groups) || groups < 1 || inChannels % groups !== 0 || outChannels % groups !== 0)
    throw new ShapeError(
      `conv2d: groups divides both the input's ${inChannels} channels and the weight's ${outChannels} filters; got ${describeValue(groups)}`,
    );
  if (perGroup * groups !== inChannels)
    throw new ShapeError(
      `conv2d: the input ${describeShape(x.shape, ["N", "C", "H", "W"])} has ${inChannels} channels, the weight ` +
        `${describeShape(weight.shape, ["out", "in", "kH", "kW"])} takes ${perGroup * groups}${groups > 1 ? ` (${groups} groups of ${perGroup})` : ""}; ` +
        "make both equal (is the layout [N, C, H, W]?)",
    );
  let padTop: number;
  let padLeft: number;
  let padHeight: number;
  let padWidth: number;
  if (padding === "same") {
    if (strideHeight !== 1 || strideWidth !== 1)
      throw new ArgumentError(`conv2d: padding "same" needs stride 1; give the padding as a number`);
    padHeight = dilationHeight * (kernelHeight - 1);
    padWidth = dilationWidth * (kernelWidth - 1);
    padTop = Math.floor(padHeight / 2);
    padLeft = Math.floor(padWidth / 2);
  } else {
    if (typeof padding === "string" && padding !== "valid")
      throw new ArgumentError(
        `conv2d: padding is a number, [height, width], "valid" or "same"; got ${describeValue(padding)}`,
      );
    [padTop, padLeft] = padding === "valid" ? [0, 0] : checkSize2d("conv2d", "padding", padding, 0);
    padHeight = 2 * padTop;
    padWidth = 2 * padLeft;
  }
  return {
    batch,
    inChannels,
    inHeight,
    inWidth,
    outChannels,
    outHeight: countWindows(
      "conv2d",
      "height",
      inHeight,
      kernelHeight,
      strideHeight,
      padHeight,
      dilationHeight,
    ),
    outWidth: countWindows("conv2d", "width", inWidth, kernelWidth, strideWidth, padWidth, dilationWidth),
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    padTop,
    padLeft,
    dilationHeight,
    dilationWidth,
    groups,
  };
}

/** Rows and columns of padding before and behind the input. */
function framing(
  { kernelHeight, kernelWidth, dilationHeight, dilationWidth, padTop, padLeft }: Conv2dGeometry,
  { padding }: Conv2dOptions,
): [[number, number], [number, number]] {
  if (padding !== "same")
    return [
      [padTop, padTop],
      [padLeft, padLeft],
    ];
  return [
    [padTop, dilationHeight * (kernelHeight - 1) - padTop],
    [padLeft, dilationWidth * (kernelWidth - 1) - padLeft],
  ];
}

const inputShape = (g: Conv2dGeometry): Shape => [g.batch, g.inChannels, g.inHeight, g.inWidth];
const outputShape = (g: Conv2dGeometry): Shape => [g.batch, g.outChannels, g.outHeight, g.outWidth];
const weightShape = (g: Conv2dGeometry): Shape => [
  g.outChannels,
  g.inChannels / g.groups,
  g.kernelHeight,
  g.kernelWidth,
];

const convolution: Primitive<Conv2dGeometry> = {
  name: "conv2d",
  shape: (_inputs, geometry) => outputShape(geometry),
  forward: (backend, [x, weight, bias], out, geometry) => {
    if (out.size > 0)
      backend.conv2d(x!.storage, weight!.storage, bias?.storage ?? null, out.storage, geometry);
    return null;
  },
  backward: (g, _y, [x, weight, bias], geometry) => [
    x!.requiresGrad ? run(inputGradient, [g, weight!], geometry) : null,
    weight!.requiresGrad ? run(weightGradient, [x!, g], geometry) : null,
    bias?.requiresGrad ? sum(g, [0, 2, 3]) : null,
  ],
};

/** Bilinear, as the convolution is: each of the three is the gradient of the others. */
const inputGradient: Primitive<Conv2dGeometry> = {
  name: "conv2dInputGradient",
  shape: (_inputs, geometry) => inputShape(geometry),
  forward: zeroIfEmpty((backend, [g, weight], out, geometry) =>
    backend.conv2dInputGradient(g!.storage, weight!.storage, out.storage, geometry),
  ),
  backward: (gg, _y, [g, weight], geometry) => [
    g!.requiresGrad ? run(convolution, [gg, weight!], geometry) : null,
    weight!.requiresGrad ? run(weightGradient, [gg, g!], geometry) : null,
  ],
};

const weightGradient: Primitive<Conv2dGeometry> = {
  name: "conv2dWeightGradient",
  shape: (_inputs, geometry) => weightShape(geometry),
  forward: zeroIfEmpty((backend, [x, g], out, geometry) =>
    backend.conv2dWeightGradient(x!.storage, g!.storage, out.storage, geometry),
  ),
  backward: (gg, _y, [x, g], geometry) => [
    x!.requiresGrad ? run(inputGradient, [g!, gg], geometry) : null,
    g!.requiresGrad ? run(convolution, [x!, gg], geometry) : null,
  ],
};

/** An empty batch has a gradient too: zeros. */
function zeroIfEmpty(
  compute: (backend: Backend, inputs: readonly Tensor[], out: Tensor, geometry: Conv2dGeometry) => void,
): (backend: Backend, inputs: readonly Tensor[], out: Tensor, geometry: Conv2dGeometry) => null {
  return (backend, inputs, out, geometry) => {
    if (inputs.some((input) => input.size === 0)) backend.fill(out.storage, 0);
    else compute(backend, inputs, out, geometry);
    return null;
  };
}

/**
 * The convolution of deep learning (a cross-correlation: the kernel is not flipped, unless by `flip: true`). `x [N, C, H, W]`,
 * `weight [out, C / groups, kH, kW]`, `bias [out]` or null → `[N, out, H′, W′]` with
 * H′ = ⌊(H + 2·padding − dilation·(kH − 1) − 1) / stride⌋ + 1, rounded down as in PyTorch; W′ alike.
 * Throws a ShapeError when channels do not agree or the kernel is larger than the padded input.
 *
 * @example
 * conv2d(images, filters, null, { padding: 2 })   // [64, 1, 28, 28] and [6, 1, 5, 5] give [64, 6, 28, 28]
 */
export const conv2d: Op<[x: Tensor, weight: Tensor, bias?: Tensor | null, options?: Conv2dOptions]> =
  defineOp<[x: Tensor, weight: Tensor, bias?: Tensor | null, options?: Conv2dOptions]>(
    {
      name: "conv2d",
      formula:
        "y[n, o, i, j] = b[o] + Σ_{c, u, v} w[o, c, u, v] · x[n, c, i·s + u·d − p, j·s + v·d − p];  ∂L/∂w and ∂L/∂x: the same sum, over what the third factor met",
      samples: (make) => [
        [make.normal(2, 1, 5, 5), make.normal(2, 1, 3, 3), make.normal(2)],
        [make.normal(1, 2, 5, 6), make.normal(3, 2, 3, 2), null],
        [make.normal(2, 2, 6, 5), make.normal(4, 2, 3, 3), make.normal(4), { stride: 2, padding: 1 }],
        [make.normal(1, 4, 5, 5), make.normal(4, 2, 3, 3), make.normal(4), { groups: 2, padding: 1 }],
        [make.normal(1, 3, 5, 5), make.normal(3, 1, 3, 3), null, { groups: 3 }],
        [make.normal(1, 1, 7, 7), make.normal(1, 1, 3, 3), null, { dilation: 2, padding: [1, 2] }],
        [make.normal(1, 2, 4, 4), make.normal(2, 2, 2, 2), null, { padding: "same" }],
        [make.normal(2, 3, 4, 4), make.normal(5, 3, 1, 1), make.normal(5)],
        [make.normal(1, 1, 8, 7), make.normal(2, 1, 3, 3), null, { stride: [3, 2] }],
        [make.normal(1, 2, 4, 5), make.normal(1, 2, 3, 2), make.normal(1), { flip: true }],
        [make.normal(1, 1, 4, 5), make.normal(2, 1, 3, 3), null, { padding: [2, 1], paddingMode: "reflect" }],
        [
          make.normal(1, 1, 4, 4),
          make.normal(1, 1, 2, 4),
          null,
          { padding: "same", paddingMode: "circular" },
        ],
        [
          make.normal(1, 1, 2, 3),
          make.normal(1, 1, 3, 3),
          null,
          { padding: 3, paddingMode: "replicate", stride: 2 },
        ],
      ],
      mistakes: (make) => [
        [
          [make.normal(2, 3, 8, 8), make.normal(4, 1, 3, 3)],
          /conv2d: the input \[N=2, C=3, H=8, W=8\] has 3 channels, the weight \[out=4, in=1, kH=3, kW=3\] takes 1/,
        ],
        [
          [make.normal(1, 1, 2, 8), make.normal(1, 1, 5, 5)],
          /conv2d: kernel 5 does not fit an input of height 2 \(no padding\): .* pad by at least 2/,
        ],
        [
          [make.normal(28, 28), make.normal(1, 1, 3, 3)],
          /conv2d: the input is \[28, 28\], it should be \[N, C, H, W\].*unsqueeze/,
        ],
        [
          [make.normal(1, 1, 8, 8), make.normal(3, 3)],
          /conv2d: the weight is \[3, 3\], it should be \[out, in, kH, kW\]/,
        ],
        [
          [make.normal(1, 1, 8, 8), make.normal(2, 1, 3, 3), make.normal(3)],
          /conv2d: the bias is \[3\], it should be \[out=2\]/,
        ],
        [
          [make.normal(1, 1, 8, 8), make.normal(2, 1, 3, 3), null, { stride: 0 }],
          /conv2d: stride is a whole number from 1 up, or \[height, width\]; got 0/,
        ],
        [
          [make.normal(1, 1, 8, 8), make.normal(2, 1, 3, 3), null, { padding: "full" }],
          /conv2d: padding is .*; got the string "full"/,
        ],
        [
          [make.normal(1, 1, 8, 8), make.normal(2, 1, 3, 3), null, { padding: "same", stride: 2 }],
          /conv2d: padding "same" needs stride 1/,
        ],
        [
          [make.normal(1, 3, 8, 8), make.normal(4, 3, 3, 3), null, { groups: 2 }],
          /conv2d: groups divides both the input's 3 channels and the weight's 4 filters; got 2/,
        ],
        [
          [make.normal(1, 1, 8, 8), make.normal(2, 1, 3, 3), null, { padding: 1, paddingMode: "mirror" }],
          /conv2d: paddingMode is "zeros", "reflect", "replicate" or "circular"; got the string "mirror"/,
        ],
      ],
    },
    (x, weight, bias = null, options = {}) => {
      checkOptions("conv2d", options, ["stride", "padding", "dilation", "groups", "paddingMode", "flip"]);
      checkKernels("conv2d", x, weight, 4, "[out, in, kH, kW]");
      checkBias("conv2d", x, bias, weight.shape[0]!);
      const { paddingMode = "zeros", flip: flipped = false } = options;
      const geometry = resolveConv2d(x, weight, options);
      const kernel = flipped ? flip(weight, [2, 3]) : weight;
      if (paddingMode === "zeros")
        return run(convolution, bias === null ? [x, kernel] : [x, kernel, bias], geometry);
      if (paddingMode !== "reflect" && paddingMode !== "replicate" && paddingMode !== "circular")
        throw new ArgumentError(
          `conv2d: paddingMode is "zeros", "reflect", "replicate" or "circular"; got ${describeValue(paddingMode)}`,
        );
      const framed = pad(x, framing(geometry, options), paddingMode);
      return run(convolution, bias === null ? [framed, kernel] : [framed, kernel, bias], {
        ...geometry,
        inHeight: framed.shape[2]!,
        inWidth: framed.shape[3]!,
        padTop: 0,
        padLeft: 0,
      });
    },
  );

/** Options of `convTranspose2d`. */
export interface ConvTranspose2dOptions {
  /** How far apart the input's pixels are set (default 1); one number, or `[vertical, horizontal]`. */
  stride?: Size2d;
  /** Rows and columns cut off around the output: what the convolution of the same options would have padded. */
  padding?: Size2d;
  /** Rows and columns added at the bottom and at the right, below the stride (or the dilation): a convolution maps several sizes to one, this picks which. */
  outputPadding?: Size2d;
  /** Distance between the kernel's taps. */
  dilation?: Size2d;
  /** Channels are split into this many groups that do not see each other. */
  groups?: number;
  /** Turns the kernel by 180° first: the transpose of a `conv2d` with `flip`. */
  flip?: boolean;
}

function resolveTransposed(x: Tensor, weight: Tensor, options: ConvTranspose2dOptions): Conv2dGeometry {
  const name = "convTranspose2d";
  const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = options;
  const [strideHeight, strideWidth] = checkSize2d(name, "stride", stride, 1);
  const [dilationHeight, dilationWidth] = checkSize2d(name, "dilation", dilation, 1);
  const [padTop, padLeft] = checkSize2d(name, "padding", padding, 0);
  const [extraHeight, extraWidth] = checkSize2d(name, "outputPadding", outputPadding, 0);
  const [batch, channels, height, width] = x.shape as readonly [number, number, number, number];
  const [inChannels, perGroup, kernelHeight, kernelWidth] = weight.shape as readonly [
    number,
    number,
    number,
    number,
  ];
  if (channels !== inChannels)
    throw new ShapeError(
      `${name}: the input ${describeShape(x.shape, ["N", "C", "H", "W"])} has ${channels} channels, the weight ` +
        `${describeShape(weight.shape, ["in", "out", "kH", "kW"])} takes ${inChannels}; make both equal (the weight's input channels come first, ` +
        "other than in conv2d)",
    );
  if (!Number.isInteger(groups) || groups < 1 || inChannels % groups !== 0)
    throw new ShapeError(
      `${name}: groups divides the input's ${inChannels} channels; got ${describeValue(groups)}`,
    );
  if (
    extraHeight >= Math.max(strideHeight, dilationHeight) ||
    extraWidth >= Math.max(strideWidth, dilationWidth)
  )
    throw new ArgumentError(
      `${name}: outputPadding is smaller than the stride (or the dilation); got ${extraHeight} × ${extraWidth} with stride ${strideHeight} × ${strideWidth}`,
    );
  const grown = (size: number, by: number, pad: number, taps: number, kernel: number, extra: number) =>
    (size - 1) * by - 2 * pad + taps * (kernel - 1) + extra + 1;
  const inHeight = grown(height, strideHeight, padTop, dilationHeight, kernelHeight, extraHeight);
  const inWidth = grown(width, strideWidth, padLeft, dilationWidth, kernelWidth, extraWidth);
  if (inHeight < 1 || inWidth < 1)
    throw new ShapeError(
      `${name}: nothing is left of the output: ${inHeight} × ${inWidth} after cutting off padding ${padTop} × ${padLeft} on each side; use a smaller padding`,
    );
  // The convolution whose gradient this is: from the output here to the input here.
  return {
    batch,
    inChannels: perGroup * groups,
    inHeight,
    inWidth,
    outChannels: inChannels,
    outHeight: height,
    outWidth: width,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    padTop,
    padLeft,
    dilationHeight,
    dilationWidth,
    groups,
  };
}

const transposedConvolution: Primitive<Conv2dGeometry> = { ...inputGradient, name: "convTranspose2d" };

/**
 * The transposed convolution: every input pixel stamps the kernel, times its value, into the output, `stride` apart; stamps
 * add up where they overlap. It is the gradient of `conv2d` with respect to its input, as a matrix its transpose. `x [N, C, H, W]`,
 * `weight [C, out / groups, kH, kW]` (input channels first), `bias [out]` or null → `[N, out, H′, W′]` with
 * H′ = (H − 1)·stride − 2·padding + dilation·(kH − 1) + outputPadding + 1; W′ alike. Throws a ShapeError when the
 * channels or the number of dimensions differ, an ArgumentError for a stride, padding, dilation or groups that cannot
 * be.
 *
 * @example
 * convTranspose2d(maps, kernels, null, { stride: 2 })   // [1, 1, 2, 2] and [1, 1, 3, 3] give [1, 1, 5, 5]
 */
export const convTranspose2d: Op<
  [x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTranspose2dOptions]
> = defineOp<[x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTranspose2dOptions]>(
  {
    name: "convTranspose2d",
    formula:
      "y[n, o, i·s + u·d − p, j·s + v·d − p] += w[c, o, u, v] · x[n, c, i, j], from b[o];  ∂L/∂x = the convolution of ∂L/∂y with w",
    samples: (make) => [
      [make.normal(2, 1, 3, 3), make.normal(1, 2, 3, 3), make.normal(2)],
      [make.normal(1, 2, 3, 4), make.normal(2, 3, 3, 2), null, { stride: 2 }],
      [
        make.normal(1, 2, 3, 2),
        make.normal(2, 1, 3, 3),
        null,
        { stride: [2, 3], padding: 1, outputPadding: 1 },
      ],
      [make.normal(1, 4, 3, 3), make.normal(4, 2, 3, 3), make.normal(4), { groups: 2, padding: [1, 0] }],
      [make.normal(1, 1, 3, 3), make.normal(1, 2, 2, 2), null, { dilation: 2, flip: true }],
      [make.normal(2, 3, 2, 2), make.normal(3, 4, 1, 1), make.normal(4)],
    ],
    mistakes: (make) => [
      [
        [make.normal(2, 3, 4, 4), make.normal(4, 3, 3, 3)],
        /convTranspose2d: the input \[N=2, C=3, H=4, W=4\] has 3 channels, the weight \[in=4, out=3, kH=3, kW=3\] takes 4; .* come first/,
      ],
      [
        [make.normal(4, 4), make.normal(1, 1, 3, 3)],
        /convTranspose2d: the input is \[4, 4\], it should be \[N, C, H, W\].*unsqueeze/,
      ],
      [
        [make.normal(1, 1, 4, 4), make.normal(3, 3)],
        /convTranspose2d: the weight is \[3, 3\], it should be \[in, out \/ groups, kH, kW\]/,
      ],
      [
        [make.normal(1, 1, 4, 4), make.normal(1, 2, 3, 3), make.normal(1)],
        /convTranspose2d: the bias is \[1\], it should be \[out=2\]/,
      ],
      [
        [make.normal(1, 1, 4, 4), make.normal(1, 2, 3, 3), null, { stride: 2, outputPadding: 2 }],
        /convTranspose2d: outputPadding is smaller than the stride .* got 2 × 2 with stride 2 × 2/,
      ],
      [
        [make.normal(1, 1, 1, 1), make.normal(1, 1, 3, 3), null, { padding: 2 }],
        /convTranspose2d: nothing is left of the output: -1 × -1 .* smaller padding/,
      ],
      [
        [make.normal(1, 3, 4, 4), make.normal(3, 1, 3, 3), null, { groups: 2 }],
        /convTranspose2d: groups divides the input's 3 channels; got 2/,
      ],
    ],
  },
  (x, weight, bias = null, options = {}) => {
    const name = "convTranspose2d";
    checkOptions(name, options, ["stride", "padding", "outputPadding", "dilation", "groups", "flip"]);
    checkKernels(name, x, weight, 4, "[in, out / groups, kH, kW]");
    const geometry = resolveTransposed(x, weight, options);
    checkBias(name, x, bias, geometry.inChannels);
    const y = run(transposedConvolution, [x, options.flip ? flip(weight, [2, 3]) : weight], geometry);
    return bias === null ? y : add(y, reshape(bias, [1, bias.size, 1, 1]));
  },
);
