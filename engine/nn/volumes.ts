// Convolution and pooling layers for films and volumes [N, C, D, H, W].

import { zeros } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import {
  avgPool3d as avgPool3dOp,
  conv3d as conv3dOp,
  convTranspose3d as convTranspose3dOp,
  maxPool3d as maxPool3dOp,
} from "../ops/volumes.ts";
import { checkNames, checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { requireCount, requireGroups } from "./arguments.ts";
import { type PaddingMode, requirePaddingMode } from "./convolution.ts";
import { uniform } from "./init.ts";
import { Module, type Parameter, parameter } from "./module.ts";
import { describeConvolution, describePooling, formatSizes } from "./windows.ts";

/** One number for all directions or `[depth, height, width]`. */
export type Triple = number | readonly [number, number, number];

function requireTriple(
  operation: string,
  name: string,
  value: Triple,
  least: number = 1,
): [number, number, number] {
  const triple: readonly unknown[] = Array.isArray(value) ? value : [value, value, value];
  if (triple.length === 3 && triple.every((part) => Number.isInteger(part) && Number(part) >= least)) {
    return [Number(triple[0]), Number(triple[1]), Number(triple[2])];
  }
  throw new ArgumentError(
    `${operation}: ${name} must be a whole number ≥ ${least} or [depth, height, width], got ${describeValue(value)}`,
  );
}

/** Throws a ShapeError unless `x` is `[N, channels, D, H, W]`. */
export function requireVolumes(x: Tensor, channels: number | null, otherLayer: string = ""): void {
  const { shape } = x;
  if (shape.length === 5 && (channels === null || shape[1] === channels)) return;
  const got = `expected [N, ${channels ?? "C"}, D, H, W], got ${describeShape(shape)}; `;
  if (shape.length === 4 && (channels === null || shape[0] === channels)) {
    throw new ShapeError(`${got}one volume needs the batch dimension: x.unsqueeze(0)`);
  }
  if (shape.length === 4 && channels === 1) {
    throw new ShapeError(`${got}grey volumes need the channel dimension: x.unsqueeze(1)`);
  }
  if (shape.length !== 5) {
    throw new ShapeError(`${got}give the input five dimensions: samples, channels, depth, height, width`);
  }
  throw new ShapeError(`${got}the input has ${shape[1]} channels: ${otherLayer}`);
}

/** Options of `conv3d`. */
export interface Conv3dOptions {
  /** Step of the window (default 1). */
  readonly stride?: Triple;
  /** Zeros on each side (default 0); `"valid"` means 0, `"same"` keeps the size (stride 1 only). */
  readonly padding?: Triple | "same" | "valid";
  /** Distance between the taps of the kernel (default 1). */
  readonly dilation?: Triple;
  /** Splits the channels into groups that do not see each other (default 1). */
  readonly groups?: number;
  /** Adds a trainable bias per output channel (default true). */
  readonly bias?: boolean;
  /** What the padding holds: zeros (default), or the volume mirrored, its border repeated, or its other side. */
  readonly paddingMode?: PaddingMode;
  /** Mirrors each kernel first: the convolution of mathematics (default false). */
  readonly flip?: boolean;
}

/** See {@link conv3d}. */
export class Conv3d extends Module {
  /** `[outChannels, inChannels / groups, kernelDepth, kernelHeight, kernelWidth]` */
  weight: Parameter;
  /** `[outChannels]`, or null without bias */
  bias: Parameter | null;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly [number, number, number];
  readonly stride: readonly [number, number, number];
  readonly padding: readonly [number, number, number] | "same" | "valid";
  readonly dilation: readonly [number, number, number];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
  readonly flip: boolean;

  constructor(inChannels: number, outChannels: number, kernelSize: Triple, options: Conv3dOptions = {}) {
    super();
    checkOptions("conv3d", options, [
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
    this.inChannels = requireCount("conv3d", "inChannels", inChannels);
    this.outChannels = requireCount("conv3d", "outChannels", outChannels);
    this.kernelSize = requireTriple("conv3d", "kernelSize", kernelSize);
    this.stride = requireTriple("conv3d", "stride", stride);
    this.dilation = requireTriple("conv3d", "dilation", dilation);
    this.groups = requireGroups("conv3d", inChannels, outChannels, groups);
    this.padding =
      padding === "same" || padding === "valid" ? padding : requireTriple("conv3d", "padding", padding, 0);
    this.paddingMode = requirePaddingMode("conv3d", paddingMode);
    this.flip = flip;
    if (padding === "same" && this.stride.some((step) => step !== 1)) {
      throw new ArgumentError(
        `conv3d: padding "same" keeps the size, stride ${formatSizes(this.stride)} does not; give the padding as a number`,
      );
    }
    const bound = 1 / Math.sqrt(this.kernelSize.reduce((product, n) => product * n, inChannels / groups));
    const range = { low: -bound, high: bound };
    this.weight = uniform(
      parameter(zeros([outChannels, inChannels / groups, ...this.kernelSize])),
      range,
    ).named("weight");
    this.bias = bias ? uniform(parameter(zeros([outChannels])), range).named("bias") : null;
  }

  forward(x: Tensor): Tensor {
    requireVolumes(x, this.inChannels, `nn.conv3d(${x.shape[1]}, ${this.outChannels}, …)`);
    const { stride, padding, dilation, groups, paddingMode, flip } = this;
    return conv3dOp(x, this.weight, this.bias, { stride, padding, dilation, groups, paddingMode, flip });
  }

  override details(): string {
    return describeConvolution(this);
  }
}

/** Options of `convTranspose3d`. */
export interface ConvTranspose3dOptions {
  /** Distance between the stamps in the output (default 1). */
  readonly stride?: Triple;
  /** What is cut off on each side of the output (default 0). */
  readonly padding?: Triple;
  /** What is added at the far end of each direction; smaller than the stride or the dilation (default 0). */
  readonly outputPadding?: Triple;
  /** Distance between the taps of the kernel (default 1). */
  readonly dilation?: Triple;
  /** Splits the channels into groups that do not see each other (default 1). */
  readonly groups?: number;
  /** Adds a trainable bias per output channel (default true). */
  readonly bias?: boolean;
  /** Mirrors each kernel first (default false). */
  readonly flip?: boolean;
}

/** See {@link convTranspose3d}. */
export class ConvTranspose3d extends Module {
  /** `[inChannels, outChannels / groups, kernelDepth, kernelHeight, kernelWidth]` */
  weight: Parameter;
  /** `[outChannels]`, or null without bias */
  bias: Parameter | null;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly [number, number, number];
  readonly stride: readonly [number, number, number];
  readonly padding: readonly [number, number, number];
  readonly outputPadding: readonly [number, number, number];
  readonly dilation: readonly [number, number, number];
  readonly groups: number;
  readonly flip: boolean;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Triple,
    options: ConvTranspose3dOptions = {},
  ) {
    super();
    const name = "convTranspose3d";
    checkOptions(name, options, ["stride", "padding", "outputPadding", "dilation", "groups", "bias", "flip"]);
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1 } = options;
    const { groups = 1, bias = true, flip = false } = options;
    this.inChannels = requireCount(name, "inChannels", inChannels);
    this.outChannels = requireCount(name, "outChannels", outChannels);
    this.kernelSize = requireTriple(name, "kernelSize", kernelSize);
    this.stride = requireTriple(name, "stride", stride);
    this.padding = requireTriple(name, "padding", padding, 0);
    this.outputPadding = requireTriple(name, "outputPadding", outputPadding, 0);
    this.dilation = requireTriple(name, "dilation", dilation);
    this.groups = requireGroups(name, inChannels, outChannels, groups);
    this.flip = flip;
    const bound = 1 / Math.sqrt(this.kernelSize.reduce((product, n) => product * n, outChannels / groups));
    const range = { low: -bound, high: bound };
    this.weight = uniform(
      parameter(zeros([inChannels, outChannels / groups, ...this.kernelSize])),
      range,
    ).named("weight");
    this.bias = bias ? uniform(parameter(zeros([outChannels])), range).named("bias") : null;
  }

  forward(x: Tensor): Tensor {
    requireVolumes(x, this.inChannels, `nn.convTranspose3d(${x.shape[1]}, ${this.outChannels}, …)`);
    const { stride, padding, outputPadding, dilation, groups, flip } = this;
    const options = { stride, padding, outputPadding, dilation, groups, flip };
    return convTranspose3dOp(x, this.weight, this.bias, options);
  }

  override details(): string {
    return describeConvolution(this);
  }
}

/**
 * A 3-D convolution of films or volumes: `[N, inChannels, D, H, W] → [N, outChannels, D', H', W']`, each size as of {@link conv2d}, with
 * the same options, `[depth, height, width]` where the directions differ.
 * Throws a ShapeError when the channels or the number of dimensions differ, or the kernel does not fit.
 *
 * @example
 * nn.conv3d(1, 8, 3, { padding: 1 })(films)   // [N, 1, 16, 32, 32] → [N, 8, 16, 32, 32]
 */
export function conv3d(
  inChannels: number,
  outChannels: number,
  kernelSize: Triple,
  options: Conv3dOptions = {},
): Conv3d {
  return new Conv3d(inChannels, outChannels, kernelSize, options);
}

/**
 * A transposed 3-D convolution: `[N, inChannels, D, H, W] → [N, outChannels, D', H', W']`, each size as of {@link convTranspose2d}.
 * Throws a ShapeError when the channels or the number of dimensions differ.
 *
 * @example
 * nn.convTranspose3d(8, 1, 2, { stride: 2 })(x)   // [N, 8, 8, 16, 16] → [N, 1, 16, 32, 32]
 */
export function convTranspose3d(
  inChannels: number,
  outChannels: number,
  kernelSize: Triple,
  options: ConvTranspose3dOptions = {},
): ConvTranspose3d {
  return new ConvTranspose3d(inChannels, outChannels, kernelSize, options);
}

/** Options of `maxPool3d`. */
export interface Pool3dOptions {
  /** Step of the window (default: its size, so that windows do not overlap). */
  readonly stride?: Triple;
  /** Cells around the volume that never win a maximum and count in no average (default 0). */
  readonly padding?: Triple;
  /** Rounds the number of windows up: a remainder at the end makes a smaller window (default false: it is left out). */
  readonly ceilMode?: boolean;
}

/** Options of `avgPool3d`. */
export interface AvgPool3dOptions extends Pool3dOptions {
  /** Counts the padding as zeros, as PyTorch does by default (default false: the mean is over the volume's own cells). */
  readonly countPadding?: boolean;
}

abstract class Pool3d extends Module {
  readonly kernelSize: readonly [number, number, number];
  readonly stride: readonly [number, number, number];
  readonly padding: readonly [number, number, number];
  readonly ceilMode: boolean;

  constructor(
    operation: string,
    kernelSize: Triple,
    options: Pool3dOptions,
    known: readonly string[] = ["stride", "padding", "ceilMode"],
  ) {
    super();
    checkNames(operation, options, known);
    const { stride = kernelSize, padding = 0, ceilMode = false } = options;
    this.kernelSize = requireTriple(operation, "kernelSize", kernelSize);
    this.stride = requireTriple(operation, "stride", stride);
    this.padding = requireTriple(operation, "padding", padding, 0);
    this.ceilMode = ceilMode;
  }

  override details(): string {
    return describePooling(this);
  }
}

/** See {@link maxPool3d}. */
export class MaxPool3d extends Pool3d {
  constructor(kernelSize: Triple, options: Pool3dOptions = {}) {
    super("maxPool3d", kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    requireVolumes(x, null);
    const { stride, padding, ceilMode } = this;
    return maxPool3dOp(x, this.kernelSize, { stride, padding, ceilMode });
  }
}

/** See {@link avgPool3d}. */
export class AvgPool3d extends Pool3d {
  readonly countPadding: boolean;

  constructor(kernelSize: Triple, options: AvgPool3dOptions = {}) {
    super("avgPool3d", kernelSize, options, ["stride", "padding", "ceilMode", "countPadding"]);
    this.countPadding = options.countPadding ?? false;
  }

  forward(x: Tensor): Tensor {
    requireVolumes(x, null);
    const { stride, padding, ceilMode, countPadding } = this;
    return avgPool3dOp(x, this.kernelSize, { stride, padding, ceilMode, countPadding });
  }
}

/**
 * The largest value of each window of a film or volume: `[N, C, D, H, W] → [N, C, D', H', W']`, each size as of
 * {@link maxPool2d}. Throws a ShapeError for what are no volumes `[N, C, D, H, W]` or are smaller than the window.
 *
 * @example
 * nn.maxPool3d([1, 2, 2])(films)   // [N, 8, 16, 32, 32] → [N, 8, 16, 16, 16]
 */
export function maxPool3d(kernelSize: Triple, options: Pool3dOptions = {}): MaxPool3d {
  return new MaxPool3d(kernelSize, options);
}

/**
 * The mean of each window of a film or volume: `[N, C, D, H, W] → [N, C, D', H', W']`, each size as of {@link avgPool2d}.
 * Throws a ShapeError for what are no volumes `[N, C, D, H, W]` or are smaller than the window.
 *
 * @example
 * nn.avgPool3d(2)(films)   // [N, 8, 16, 32, 32] → [N, 8, 8, 16, 16]
 */
export function avgPool3d(kernelSize: Triple, options: AvgPool3dOptions = {}): AvgPool3d {
  return new AvgPool3d(kernelSize, options);
}
