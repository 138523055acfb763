// Convolution and pooling layers for signals and sequences [N, C, L].

import { zeros } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import {
  avgPool1d as avgPool1dOp,
  conv1d as conv1dOp,
  convTranspose1d as convTranspose1dOp,
  maxPool1d as maxPool1dOp,
} from "../ops/lines.ts";
import { checkNames, checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { requireCount, requireGroups } from "./arguments.ts";
import { type PaddingMode, requirePaddingMode } from "./convolution.ts";
import { uniform } from "./init.ts";
import { Module, type Parameter, parameter } from "./module.ts";
import { describeConvolution, describePooling } from "./windows.ts";

function requireWhole(operation: string, name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new ArgumentError(`${operation}: ${name} must be a whole number ≥ 0, got ${describeValue(value)}`);
}

/** Throws a ShapeError unless `x` is `[N, channels, L]`. */
function requireLines(x: Tensor, channels: number | null, otherLayer: string = ""): void {
  const { shape } = x;
  if (shape.length === 3 && (channels === null || shape[1] === channels)) return;
  const got = `expected [N, ${channels ?? "C"}, L], got ${describeShape(shape)}; `;
  if (shape.length === 2 && channels === 1) {
    throw new ShapeError(`${got}single signals need the channel dimension: x.unsqueeze(1)`);
  }
  if (shape.length === 2) throw new ShapeError(`${got}one signal needs the batch dimension: x.unsqueeze(0)`);
  if (shape.length !== 3) {
    throw new ShapeError(`${got}give the input three dimensions: samples, channels, length`);
  }
  if (shape[2] === channels) {
    throw new ShapeError(`${got}the channels come second, not last: x.transpose(1, 2)`);
  }
  throw new ShapeError(`${got}the input has ${shape[1]} channels: ${otherLayer}`);
}

/** Options of `conv1d`. */
export interface Conv1dOptions {
  /** Step of the window (default 1). */
  readonly stride?: number;
  /** Zeros on each side (default 0); `"valid"` means 0, `"same"` keeps the length (stride 1 only). */
  readonly padding?: number | "same" | "valid";
  /** Distance between the taps of the kernel (default 1). */
  readonly dilation?: number;
  /** Splits the channels into groups that do not see each other (default 1). */
  readonly groups?: number;
  /** Adds a trainable bias per output channel (default true). */
  readonly bias?: boolean;
  /** What the padding holds: zeros (default), or the signal mirrored, its ends repeated, or its other side. */
  readonly paddingMode?: PaddingMode;
  /** Reverses each kernel first: the convolution of mathematics (default false). */
  readonly flip?: boolean;
}

/** See {@link conv1d}. */
export class Conv1d extends Module {
  /** `[outChannels, inChannels / groups, kernelSize]` */
  weight: Parameter;
  /** `[outChannels]`, or null without bias */
  bias: Parameter | null;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number | "same" | "valid";
  readonly dilation: number;
  readonly groups: number;
  readonly paddingMode: PaddingMode;
  readonly flip: boolean;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dOptions = {}) {
    super();
    checkOptions("conv1d", options, [
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
    this.inChannels = requireCount("conv1d", "inChannels", inChannels);
    this.outChannels = requireCount("conv1d", "outChannels", outChannels);
    this.kernelSize = requireCount("conv1d", "kernelSize", kernelSize);
    this.stride = requireCount("conv1d", "stride", stride);
    this.dilation = requireCount("conv1d", "dilation", dilation);
    this.groups = requireGroups("conv1d", inChannels, outChannels, groups);
    this.padding =
      padding === "same" || padding === "valid" ? padding : requireWhole("conv1d", "padding", padding);
    this.paddingMode = requirePaddingMode("conv1d", paddingMode);
    this.flip = flip;
    if (padding === "same" && stride !== 1) {
      throw new ArgumentError(
        `conv1d: padding "same" keeps the length, stride ${stride} does not; give the padding as a number`,
      );
    }
    const bound = 1 / Math.sqrt((inChannels / groups) * kernelSize);
    const range = { low: -bound, high: bound };
    this.weight = uniform(parameter(zeros([outChannels, inChannels / groups, kernelSize])), range).named(
      "weight",
    );
    this.bias = bias ? uniform(parameter(zeros([outChannels])), range).named("bias") : null;
  }

  forward(x: Tensor): Tensor {
    requireLines(x, this.inChannels, `nn.conv1d(${x.shape[1]}, ${this.outChannels}, …)`);
    const { stride, padding, dilation, groups, paddingMode, flip } = this;
    return conv1dOp(x, this.weight, this.bias, { stride, padding, dilation, groups, paddingMode, flip });
  }

  override details(): string {
    return describeConvolution(this);
  }
}

/** Options of `convTranspose1d`. */
export interface ConvTranspose1dOptions {
  /** Distance between the stamps in the output (default 1). */
  readonly stride?: number;
  /** What is cut off on each side of the output (default 0). */
  readonly padding?: number;
  /** What is added at the end of the output; smaller than the stride or the dilation (default 0). */
  readonly outputPadding?: number;
  /** Distance between the taps of the kernel (default 1). */
  readonly dilation?: number;
  /** Splits the channels into groups that do not see each other (default 1). */
  readonly groups?: number;
  /** Adds a trainable bias per output channel (default true). */
  readonly bias?: boolean;
  /** Reverses each kernel first (default false). */
  readonly flip?: boolean;
}

/** See {@link convTranspose1d}. */
export class ConvTranspose1d extends Module {
  /** `[inChannels, outChannels / groups, kernelSize]` */
  weight: Parameter;
  /** `[outChannels]`, or null without bias */
  bias: Parameter | null;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;
  readonly outputPadding: number;
  readonly dilation: number;
  readonly groups: number;
  readonly flip: boolean;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: ConvTranspose1dOptions = {},
  ) {
    super();
    const name = "convTranspose1d";
    checkOptions(name, options, ["stride", "padding", "outputPadding", "dilation", "groups", "bias", "flip"]);
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1 } = options;
    const { groups = 1, bias = true, flip = false } = options;
    this.inChannels = requireCount(name, "inChannels", inChannels);
    this.outChannels = requireCount(name, "outChannels", outChannels);
    this.kernelSize = requireCount(name, "kernelSize", kernelSize);
    this.stride = requireCount(name, "stride", stride);
    this.padding = requireWhole(name, "padding", padding);
    this.outputPadding = requireWhole(name, "outputPadding", outputPadding);
    this.dilation = requireCount(name, "dilation", dilation);
    this.groups = requireGroups(name, inChannels, outChannels, groups);
    this.flip = flip;
    const bound = 1 / Math.sqrt((outChannels / groups) * kernelSize);
    const range = { low: -bound, high: bound };
    this.weight = uniform(parameter(zeros([inChannels, outChannels / groups, kernelSize])), range).named(
      "weight",
    );
    this.bias = bias ? uniform(parameter(zeros([outChannels])), range).named("bias") : null;
  }

  forward(x: Tensor): Tensor {
    requireLines(x, this.inChannels, `nn.convTranspose1d(${x.shape[1]}, ${this.outChannels}, …)`);
    const { stride, padding, outputPadding, dilation, groups, flip } = this;
    const options = { stride, padding, outputPadding, dilation, groups, flip };
    return convTranspose1dOp(x, this.weight, this.bias, options);
  }

  override details(): string {
    return describeConvolution(this);
  }
}

/** Options of `avgPool1d` and `maxPool1d`. */
export interface Pool1dOptions {
  /** Step of the window (default: its size, so that windows do not overlap). */
  readonly stride?: number;
  /** Positions on each side that never win a maximum and count in no average (default 0). */
  readonly padding?: number;
  /** Rounds the number of windows up (default false). */
  readonly ceilMode?: boolean;
}

/** Options of {@link avgPool1d}. */
export interface AvgPool1dOptions extends Pool1dOptions {
  /** Counts the padding as zeros, as PyTorch does by default (default false: the mean is over the signal's own positions). */
  readonly countPadding?: boolean;
}

abstract class Pool1d extends Module {
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;
  readonly ceilMode: boolean;

  constructor(
    operation: string,
    kernelSize: number,
    options: Pool1dOptions,
    known: readonly string[] = ["stride", "padding", "ceilMode"],
  ) {
    super();
    checkNames(operation, options, known);
    const { stride = kernelSize, padding = 0, ceilMode = false } = options;
    this.kernelSize = requireCount(operation, "kernelSize", kernelSize);
    this.stride = requireCount(operation, "stride", stride);
    this.padding = requireWhole(operation, "padding", padding);
    this.ceilMode = ceilMode;
  }

  override details(): string {
    return describePooling(this);
  }
}

/** See {@link maxPool1d}. */
export class MaxPool1d extends Pool1d {
  constructor(kernelSize: number, options: Pool1dOptions = {}) {
    super("maxPool1d", kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    requireLines(x, null);
    const { stride, padding, ceilMode } = this;
    return maxPool1dOp(x, this.kernelSize, { stride, padding, ceilMode });
  }
}

/** See {@link avgPool1d}. */
export class AvgPool1d extends Pool1d {
  readonly countPadding: boolean;

  constructor(kernelSize: number, options: AvgPool1dOptions = {}) {
    super("avgPool1d", kernelSize, options, ["stride", "padding", "ceilMode", "countPadding"]);
    this.countPadding = options.countPadding ?? false;
  }

  forward(x: Tensor): Tensor {
    requireLines(x, null);
    const { stride, padding, ceilMode, countPadding } = this;
    return avgPool1dOp(x, this.kernelSize, { stride, padding, ceilMode, countPadding });
  }
}

/**
 * A convolution along signals or sequences: `[N, inChannels, L] → [N, outChannels, L']` with `L' = ⌊(L + 2p − d·(k − 1) − 1) / s⌋ + 1`;
 * otherwise as {@link conv2d}. Throws a ShapeError when the channels or the number of dimensions differ.
 *
 * @example
 * nn.conv1d(1, 8, 5, { padding: "same" })(signals)   // [N, 1, 100] → [N, 8, 100]
 */
export function conv1d(
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  options: Conv1dOptions = {},
): Conv1d {
  return new Conv1d(inChannels, outChannels, kernelSize, options);
}

/**
 * A transposed convolution along signals: `[N, inChannels, L] → [N, outChannels, L']` with
 * `L' = (L − 1)·s − 2p + d·(k − 1) + outputPadding + 1`; otherwise as {@link convTranspose2d}. Throws a ShapeError
 * when the channels or the number of dimensions differ.
 *
 * @example
 * nn.convTranspose1d(8, 1, 2, { stride: 2 })(x)   // [N, 8, 50] → [N, 1, 100]
 */
export function convTranspose1d(
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  options: ConvTranspose1dOptions = {},
): ConvTranspose1d {
  return new ConvTranspose1d(inChannels, outChannels, kernelSize, options);
}

/**
 * The largest value of each window of a signal: `[N, C, L] → [N, C, L']` with `L' = ⌊(L + 2p − k) / s⌋ + 1`. Throws a
 * ShapeError for what are no signals `[N, C, L]` or are shorter than the window.
 */
export function maxPool1d(kernelSize: number, options: Pool1dOptions = {}): MaxPool1d {
  return new MaxPool1d(kernelSize, options);
}

/**
 * The mean of each window of a signal: `[N, C, L] → [N, C, L']` with `L' = ⌊(L + 2p − k) / s⌋ + 1`. Throws a
 * ShapeError for what are no signals `[N, C, L]` or are shorter than the window.
 */
export function avgPool1d(kernelSize: number, options: AvgPool1dOptions = {}): AvgPool1d {
  return new AvgPool1d(kernelSize, options);
}
