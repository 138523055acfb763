// The locally connected layer: local as a convolution, but no weights are shared.

import { zeros } from "../creation.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import { locallyConnected2d as locallyConnected2dOp } from "../ops/local.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { type Pair, requireCount, requirePair } from "./arguments.ts";
import { requireImages } from "./convolution.ts";
import { uniform } from "./init.ts";
import { Module, type Parameter, parameter } from "./module.ts";
import { describeConvolution, formatSizes } from "./windows.ts";

/** Options of `locallyConnected2d`. */
export interface LocallyConnected2dOptions {
  /** Height and width of the images; the weights belong to places. */
  readonly inputSize: Pair;
  /** Step of the window (default 1). */
  readonly stride?: Pair;
  /** Zeros on each side (default 0); `"valid"` means 0, `"same"` keeps height and width (stride 1 only). */
  readonly padding?: Pair | "same" | "valid";
  /** Adds a trainable bias per output channel and place (default true). */
  readonly bias?: boolean;
}

/** See {@link locallyConnected2d}. */
export class LocallyConnected2d extends Module {
  /** `[outHeight, outWidth, outChannels, inChannels, kernelHeight, kernelWidth]` */
  weight: Parameter;
  /** `[outChannels, outHeight, outWidth]`, or null without bias */
  bias: Parameter | null;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly [number, number];
  readonly inputSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number] | "same" | "valid";

  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: LocallyConnected2dOptions) {
    super();
    const name = "locallyConnected2d";
    checkOptions(name, options ?? {}, ["inputSize", "stride", "padding", "bias"]);
    const { inputSize, stride = 1, padding = 0, bias = true } = options ?? {};
    if (inputSize === undefined) {
      throw new ArgumentError(
        `${name}: give the size of the images, { inputSize: [28, 28] }; every place has weights of its own`,
      );
    }
    this.inChannels = requireCount(name, "inChannels", inChannels);
    this.outChannels = requireCount(name, "outChannels", outChannels);
    this.kernelSize = requirePair(name, "kernelSize", kernelSize);
    this.inputSize = requirePair(name, "inputSize", inputSize);
    this.stride = requirePair(name, "stride", stride);
    this.padding =
      padding === "same" || padding === "valid" ? padding : requirePair(name, "padding", padding, 0);
    if (padding === "same" && (this.stride[0] !== 1 || this.stride[1] !== 1)) {
      throw new ArgumentError(
        `${name}: padding "same" keeps the size, stride ${formatSizes(this.stride)} does not; give the padding as a number`,
      );
    }
    const [height, width] = [0, 1].map((d) => this.places(d)) as [number, number];
    if (height < 1 || width < 1) {
      throw new ShapeError(
        `${name}: the kernel ${formatSizes(this.kernelSize)} does not fit images of ${this.inputSize.join(" × ")}; use a smaller kernel or padding`,
      );
    }
    const [kernelHeight, kernelWidth] = this.kernelSize;
    const bound = 1 / Math.sqrt(inChannels * kernelHeight * kernelWidth);
    const range = { low: -bound, high: bound };
    this.weight = uniform(
      parameter(zeros([height, width, outChannels, inChannels, kernelHeight, kernelWidth])),
      range,
    ).named("weight");
    this.bias = bias ? uniform(parameter(zeros([outChannels, height, width])), range).named("bias") : null;
  }

  /** How many windows fit along one direction. */
  private places(d: number): number {
    const size = this.inputSize[d]!;
    if (this.padding === "same") return size;
    const around = this.padding === "valid" ? 0 : 2 * Number(this.padding[d]);
    return Math.floor((size + around - this.kernelSize[d]!) / this.stride[d]!) + 1;
  }

  forward(x: Tensor): Tensor {
    requireImages(x, this.inChannels, `nn.locallyConnected2d(${x.shape[1]}, ${this.outChannels}, …)`);
    const [height, width] = this.inputSize;
    if (x.shape[2] !== height || x.shape[3] !== width) {
      throw new ShapeError(
        `expected [N, ${this.inChannels}, ${height}, ${width}], got ${describeShape(x.shape)}; the weights belong to places: make this layer with { inputSize: [${x.shape[2]}, ${x.shape[3]}] }`,
      );
    }
    return locallyConnected2dOp(x, this.weight, this.bias, { stride: this.stride, padding: this.padding });
  }

  override details(): string {
    return describeConvolution(this);
  }
}

/**
 * A locally connected layer: every place of the output has filters of its own,
 * `y[o, i, j] = b[o, i, j] + Σ_{c,u,v} w[i, j, o, c, u, v] · x[c, i·s + u − p, j·s + v − p]`, `[N, inChannels, H, W] → [N, outChannels, H', W']`
 * with sizes as of {@link conv2d}. Between fully connected and convolutional: few weights per unit, but none shared.
 * Throws a ShapeError for images of another size than `inputSize`.
 *
 * @example
 * nn.locallyConnected2d(1, 1, 10, { inputSize: 200, padding: "same", bias: false }).parameterCount   // 4,000,000
 */
export function locallyConnected2d(
  inChannels: number,
  outChannels: number,
  kernelSize: Pair,
  options: LocallyConnected2dOptions,
): LocallyConnected2d {
  return new LocallyConnected2d(inChannels, outChannels, kernelSize, options);
}
