// Convolution layers.

import { zeros } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { conv2d as conv2dOp, convTranspose2d as convTranspose2dOp } from "../ops/convolution.ts";
import { type Finish, finishedConv2d } from "../ops/finished.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { type Pair, requireCount, requireGroups, requirePair } from "./arguments.ts";
import { uniform } from "./init.ts";
import { Module, type Parameter, parameter } from "./module.ts";
import { describeConvolution, formatSizes } from "./windows.ts";

/** What stands outside the image: zeros, its mirror image, its border's pixels, or its other side. */
export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

const paddingModes: readonly PaddingMode[] = ["zeros", "reflect", "replicate", "circular"];

/** One of the four modes, else an ArgumentError that names the layer. */
export function requirePaddingMode(operation: string, mode: PaddingMode): PaddingMode {
  if (paddingModes.includes(mode)) return mode;
  throw new ArgumentError(
    `${operation}: paddingMode must be "zeros", "reflect", "replicate" or "circular", got ${describeValue(mode)}`,
  );
}

/** Options of `conv2d`. */
export interface Conv2dOptions {
  /** Step of the window (default 1). */
  readonly stride?: Pair;
  /** Zeros on each side (default 0); `"valid"` means 0, `"same"` keeps height and width (stride 1 only). */
  readonly padding?: Pair | "same" | "valid";
  /** Distance between the taps of the kernel (default 1). */
  readonly dilation?: Pair;
  /** Splits the channels into groups that do not see each other (default 1). */
  readonly groups?: number;
  /** Adds a trainable bias per output channel (default true). */
  readonly bias?: boolean;
  /** What the padding holds: zeros (default), or the image mirrored, its border repeated, or its other side. */
  readonly paddingMode?: PaddingMode;
  /** Turns each kernel by 180° first: the convolution of mathematics (default false: cross-correlation). */
  readonly flip?: boolean;
}

/** See {@link conv2d}. */
export class Conv2d extends Module {
  /** `[outChannels, inChannels / groups, kernelHeight, kernelWidth]` */
  weight: Parameter;
  /** `[outChannels]`, or null without bias */
  bias: Parameter | null;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number] | "same" | "valid";
  readonly dilation: readonly [number, number];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
  readonly flip: boolean;

  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: Conv2dOptions = {}) {
    super();
    checkOptions("conv2d", options, [
      "stride",
      "padding",
      "dilation",
      "groups",
      "bias",
      "paddingMode",
      "flip",
    ]);
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
    const { paddingMode = "zeros", flip = false } = options;
    this.inChannels = requireCount("conv2d", "inChannels", inChannels);
    this.outChannels = requireCount("conv2d", "outChannels", outChannels);
    this.kernelSize = requirePair("conv2d", "kernelSize", kernelSize);
    this.stride = requirePair("conv2d", "stride", stride);
    this.dilation = requirePair("conv2d", "dilation", dilation);
    this.groups = requireGroups("conv2d", inChannels, outChannels, groups);
    this.paddingMode = requirePaddingMode("conv2d", paddingMode);
    this.flip = flip;
    this.padding =
      padding === "same" || padding === "valid" ? padding : requirePair("conv2d", "padding", padding, 0);
    if (padding === "same" && (this.stride[0] !== 1 || this.stride[1] !== 1)) {
      throw new ArgumentError(
        `conv2d: padding "same" keeps the size, stride ${formatSizes(this.stride)} does not; give the padding as a number`,
      );
    }
    const [kernelHeight, kernelWidth] = this.kernelSize;
    const bound = 1 / Math.sqrt((inChannels / groups) * kernelHeight * kernelWidth);
    const range = { low: -bound, high: bound };
    this.weight = uniform(
      parameter(zeros([outChannels, inChannels / groups, kernelHeight, kernelWidth])),
      range,
    ).named("weight");
    this.bias = bias ? uniform(parameter(zeros([outChannels])), range).named("bias") : null;
  }

  forward(x: Tensor): Tensor {
    this.check(x);
    const { stride, padding, dilation, groups, paddingMode, flip } = this;
    return conv2dOp(x, this.weight, this.bias, { stride, padding, dilation, groups, paddingMode, flip });
  }

  /** @internal What it gives with zeros outside and kernels as they are, finished as told; nothing is recorded for a gradient. */
  finish(x: Tensor, finish: Finish): Tensor {
    this.check(x);
    const { stride, padding, dilation, groups } = this;
    return finishedConv2d(x, this.weight, this.bias, { stride, padding, dilation, groups }, finish);
  }

  private check(x: Tensor): void {
    requireImages(x, this.inChannels, `nn.conv2d(${x.shape[1]}, ${this.outChannels}, …)`);
  }

  override details(): string {
    return describeConvolution(this);
  }
}

/** Throws a ShapeError unless `x` is `[N, channels, H, W]`. */
export function requireImages(x: Tensor, channels: number | null, otherLayer: string = ""): void {
  const { shape } = x;
  if (shape.length === 4 && (channels === null || shape[1] === channels)) return;
  const wanted = channels ?? "C";
  const got = `expected [N, ${wanted}, H, W], got ${describeShape(shape)}; `;
  if (shape.length === 3 && (channels === null || shape[0] === channels)) {
    throw new ShapeError(`${got}one image needs the batch dimension: x.unsqueeze(0)`);
  }
  if (shape.length === 3 && channels === 1) {
    throw new ShapeError(`${got}grey images need the channel dimension: x.unsqueeze(1)`);
  }
  if (shape.length === 2 && (channels === null || channels === 1)) {
    throw new ShapeError(
      `${got}one grey image: x.reshape([1, 1, ${shape.join(", ")}]); a batch of flattened images: x.reshape([${shape[0]}, 1, H, W])`,
    );
  }
  if (shape.length !== 4)
    throw new ShapeError(`${got}give the input four dimensions: samples, channels, height, width`);
  // Of a square image whose side happens to be that number, the channels are what does not fit.
  if (shape[3] === channels && shape[2] !== shape[3]) {
    throw new ShapeError(`${got}the channels come second, not last: x.permute([0, 3, 1, 2])`);
  }
  throw new ShapeError(`${got}the input has ${shape[1]} channels: ${otherLayer}`);
}

/**
 * A 2-D convolution (cross-correlation, as everywhere in deep learning, unless `flip` turns the kernels):
 * `y[n, o, i, j] = b[o] + Σ_{c,u,v} w[o, c, u, v] · x[n, c, i·s + u·d − p, j·s + v·d − p]`,
 * `[N, inChannels, H, W] → [N, outChannels, H', W']` with `H' = ⌊(H + 2p − d·(k − 1) − 1) / s⌋ + 1`.
 *
 * Weights and biases start uniform in ±1/√(inChannels/groups · kernelHeight · kernelWidth) (PyTorch's default).
 * Throws a ShapeError when the channels or the number of dimensions differ, or the kernel does not fit.
 *
 * @example
 * const layer = nn.conv2d(1, 6, 5, { padding: 2 })
 * layer(images)   // [N, 1, 28, 28] → [N, 6, 28, 28]
 */
export function conv2d(
  inChannels: number,
  outChannels: number,
  kernelSize: Pair,
  options: Conv2dOptions = {},
): Conv2d {
  return new Conv2d(inChannels, outChannels, kernelSize, options);
}

/** Options of `convTranspose2d`. */
export interface ConvTranspose2dOptions {
  /** Distance between the stamps in the output (default 1). */
  readonly stride?: Pair;
  /** Rows and columns cut off on each side of the output (default 0). */
  readonly padding?: Pair;
  /** Rows and columns added at the bottom and right of the output; smaller than the stride or the dilation (default 0). */
  readonly outputPadding?: Pair;
  /** Distance between the taps of the kernel (default 1). */
  readonly dilation?: Pair;
  /** Splits the channels into groups that do not see each other (default 1). */
  readonly groups?: number;
  /** Adds a trainable bias per output channel (default true). */
  readonly bias?: boolean;
  /** Turns each kernel by 180° first (default false). */
  readonly flip?: boolean;
}

/** See {@link convTranspose2d}. */
export class ConvTranspose2d extends Module {
  /** `[inChannels, outChannels / groups, kernelHeight, kernelWidth]` */
  weight: Parameter;
  /** `[outChannels]`, or null without bias */
  bias: Parameter | null;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly outputPadding: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
  readonly flip: boolean;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Pair,
    options: ConvTranspose2dOptions = {},
  ) {
    super();
    const name = "convTranspose2d";
    checkOptions(name, options, ["stride", "padding", "outputPadding", "dilation", "groups", "bias", "flip"]);
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1 } = options;
    const { groups = 1, bias = true, flip = false } = options;
    this.inChannels = requireCount(name, "inChannels", inChannels);
    this.outChannels = requireCount(name, "outChannels", outChannels);
    this.kernelSize = requirePair(name, "kernelSize", kernelSize);
    this.stride = requirePair(name, "stride", stride);
    this.padding = requirePair(name, "padding", padding, 0);
    this.outputPadding = requirePair(name, "outputPadding", outputPadding, 0);
    this.dilation = requirePair(name, "dilation", dilation);
    this.groups = requireGroups(name, inChannels, outChannels, groups);
    this.flip = flip;
    const [kernelHeight, kernelWidth] = this.kernelSize;
    const bound = 1 / Math.sqrt((outChannels / groups) * kernelHeight * kernelWidth);
    const range = { low: -bound, high: bound };
    this.weight = uniform(
      parameter(zeros([inChannels, outChannels / groups, kernelHeight, kernelWidth])),
      range,
    ).named("weight");
    this.bias = bias ? uniform(parameter(zeros([outChannels])), range).named("bias") : null;
  }

  forward(x: Tensor): Tensor {
    requireImages(x, this.inChannels, `nn.convTranspose2d(${x.shape[1]}, ${this.outChannels}, …)`);
    const { stride, padding, outputPadding, dilation, groups, flip } = this;
    const options = { stride, padding, outputPadding, dilation, groups, flip };
    return convTranspose2dOp(x, this.weight, this.bias, options);
  }

  override details(): string {
    return describeConvolution(this);
  }
}

/**
 * A transposed 2-D convolution: each input pixel stamps the kernel, times its value, into the output, `stride` apart; stamps add up
 * where they overlap. `[N, inChannels, H, W] → [N, outChannels, H', W']` with
 * `H' = (H − 1)·s − 2p + d·(k − 1) + outputPadding + 1`: it enlarges what {@link conv2d} of the same options shrinks.
 *
 * Weights `[inChannels, outChannels / groups, kH, kW]` start as PyTorch's. Throws a ShapeError when the channels or the number of
 * dimensions differ.
 *
 * @example
 * nn.convTranspose2d(64, 32, 2, { stride: 2 })(maps)   // [N, 64, 7, 7] → [N, 32, 14, 14]
 */
export function convTranspose2d(
  inChannels: number,
  outChannels: number,
  kernelSize: Pair,
  options: ConvTranspose2dOptions = {},
): ConvTranspose2d {
  return new ConvTranspose2d(inChannels, outChannels, kernelSize, options);
}
