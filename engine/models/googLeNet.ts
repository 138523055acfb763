// GoogLeNet and its Inception modules: kernels of several sizes side by side.

import { ArgumentError, describeValue } from "../errors.ts";
import { type ReLU, relu } from "../nn/activation.ts";
import { requireCount } from "../nn/arguments.ts";
import { type Conv2d, conv2d } from "../nn/convolution.ts";
import { type Dropout, dropout } from "../nn/dropout.ts";
import { constant, kaimingNormal } from "../nn/init.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { localResponseNorm } from "../nn/localResponseNorm.ts";
import { Module } from "../nn/module.ts";
import { type BatchNorm2d, batchNorm2d } from "../nn/normalization.ts";
import { globalAvgPool2d, maxPool2d } from "../nn/pooling.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { concat, pad } from "../ops/movement.ts";
import { maxPool2d as maxPool2dOp } from "../ops/pooling.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { type ImageOptions, imageOptions } from "./imageOptions.ts";

interface ConvolutionOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly batchNorm?: boolean;
}

/** A convolution and a ReLU, with a batch norm between them or a bias instead. */
export class ConvolutionUnit extends Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d | null;
  readonly relu: ReLU;

  constructor(inputs: number, outputs: number, kernel: number, options: ConvolutionOptions = {}) {
    super();
    const { stride = 1, padding = 0, batchNorm = false } = options;
    this.conv = conv2d(inputs, outputs, kernel, { stride, padding, bias: !batchNorm });
    this.bn = batchNorm ? batchNorm2d(outputs, { epsilon: 0.001 }) : null;
    this.relu = relu();
    kaimingNormal(this.conv.weight);
    if (this.conv.bias !== null) constant(this.conv.bias, 0);
  }

  forward(x: Tensor): Tensor {
    const maps = this.conv(x);
    return this.relu(this.bn === null ? maps : this.bn(maps));
  }
}

/** A maximum over windows that also covers a remainder at the right and at the bottom (rounding up). */
export class CeilMaxPool2d extends Module {
  readonly kernelSize: number;
  readonly stride: number;

  constructor(kernelSize: number, stride: number) {
    super();
    this.kernelSize = kernelSize;
    this.stride = stride;
  }

  forward(x: Tensor): Tensor {
    const { kernelSize, stride } = this;
    const missing = (size: number): number => {
      const windows = Math.ceil((size - kernelSize) / stride) + 1;
      return Math.max(0, (windows - 1) * stride + kernelSize - size);
    };
    const [height, width] = [missing(x.shape[2]!), missing(x.shape[3]!)];
    const covered =
      height + width === 0
        ? x
        : pad(
            x,
            [
              [0, height],
              [0, width],
            ],
            Number.NEGATIVE_INFINITY,
          );
    return maxPool2dOp(covered, kernelSize, { stride });
  }

  override details(): string {
    return `${this.kernelSize}×${this.kernelSize}, stride ${this.stride}, rounding up`;
  }
}

/** Output channels of an Inception module's branches; of those with two convolutions `[reduced, output]`. */
export interface InceptionWidths {
  /** Of the 1 × 1 convolution. */
  readonly one: number;
  /** Of the 1 × 1 and the 3 × 3 convolution after it. */
  readonly three: readonly [reduced: number, output: number];
  /** Of the 1 × 1 and the 5 × 5 convolution after it. */
  readonly five: readonly [reduced: number, output: number];
  /** Of the 1 × 1 convolution after the pooling. */
  readonly pool: number;
}

/** See {@link inception}. Branches have torchvision's names. */
export class Inception extends Module {
  readonly branch1: ConvolutionUnit;
  readonly branch2: Sequential;
  readonly branch3: Sequential;
  readonly branch4: Sequential;
  readonly outChannels: number;

  constructor(inputs: number, widths: InceptionWidths, batchNorm = false, largeKernel = 5) {
    super();
    const { one, three, five, pool } = widths;
    for (const width of [inputs, one, ...three, ...five, pool]) {
      requireCount("inception", "each number of channels", width);
    }
    const unit = (from: number, to: number, kernel: number): ConvolutionUnit =>
      new ConvolutionUnit(from, to, kernel, { padding: (kernel - 1) / 2, batchNorm });
    this.branch1 = unit(inputs, one, 1);
    this.branch2 = sequential(unit(inputs, three[0], 1), unit(three[0], three[1], 3));
    this.branch3 = sequential(unit(inputs, five[0], 1), unit(five[0], five[1], largeKernel));
    this.branch4 = sequential(maxPool2d(3, { stride: 1, padding: 1 }), unit(inputs, pool, 1));
    this.outChannels = one + three[1] + five[1] + pool;
  }

  forward(x: Tensor): Tensor {
    return concat([this.branch1(x), this.branch2(x), this.branch3(x), this.branch4(x)], 1);
  }
}

/** See {@link inceptionNaive}. */
export class InceptionNaive extends Module {
  readonly branch1: ConvolutionUnit;
  readonly branch2: ConvolutionUnit;
  readonly branch3: ConvolutionUnit;
  readonly pool: Module;
  readonly outChannels: number;

  constructor(
    inputs: number,
    widths: { readonly one: number; readonly three: number; readonly five: number },
  ) {
    super();
    const { one, three, five } = widths;
    for (const width of [inputs, one, three, five]) {
      requireCount("inceptionNaive", "each number of channels", width);
    }
    this.branch1 = new ConvolutionUnit(inputs, one, 1);
    this.branch2 = new ConvolutionUnit(inputs, three, 3, { padding: 1 });
    this.branch3 = new ConvolutionUnit(inputs, five, 5, { padding: 2 });
    this.pool = maxPool2d(3, { stride: 1, padding: 1 });
    this.outChannels = one + three + five + inputs;
  }

  forward(x: Tensor): Tensor {
    return concat([this.branch1(x), this.branch2(x), this.branch3(x), this.pool(x)], 1);
  }
}

/**
 * The Inception module with dimension reduction: 1×1, 3×3 and 5×5 convolutions and a maximum side by side, the larger
 * kernels after 1×1 convolutions to fewer channels: `[N, C, H, W] → [N, one + three[1] + five[1] + pool, H, W]`. Szegedy et al.
 * 2014, figure 2b; lecture step 003.61.
 *
 * @example
 * models.inception(192, { one: 64, three: [96, 128], five: [16, 32], pool: 32 })   // 163,696 parameters, 256 channels
 */
export function inception(inputs: number, widths: InceptionWidths): Inception {
  return new Inception(inputs, widths);
}

/**
 * The naive Inception module: 1×1, 3×3 and 5×5 convolutions and a maximum side by side, each on all channels:
 * `[N, C, H, W] → [N, one + three + five + C, H, W]`. Szegedy et al. 2014, figure 2a; lecture step 003.61.
 *
 * @example
 * models.inceptionNaive(192, { one: 64, three: 128, five: 32 })   // 387,296 parameters, 416 channels
 */
export function inceptionNaive(
  inputs: number,
  widths: { readonly one: number; readonly three: number; readonly five: number },
): InceptionNaive {
  return new InceptionNaive(inputs, widths);
}

/** See {@link googLeNet}. Layers have torchvision's names. */
export class GoogLeNet extends Module {
  readonly conv1: ConvolutionUnit;
  readonly maxpool1: Module;
  readonly norm1: Module | null;
  readonly conv2: ConvolutionUnit;
  readonly conv3: ConvolutionUnit;
  readonly norm2: Module | null;
  readonly maxpool2: Module;
  readonly inception3a: Inception;
  readonly inception3b: Inception;
  readonly maxpool3: Module;
  readonly inception4a: Inception;
  readonly inception4b: Inception;
  readonly inception4c: Inception;
  readonly inception4d: Inception;
  readonly inception4e: Inception;
  readonly maxpool4: Module;
  readonly inception5a: Inception;
  readonly inception5b: Inception;
  readonly dropout: Dropout;
  readonly fc: Linear;

  constructor(
    version: "2014" | "torchvision",
    { channels, classes }: Required<Omit<ImageOptions, "imageSize">>,
  ) {
    super();
    const batchNorm = version === "torchvision";
    const unit = (inputs: number, outputs: number, kernel: number, stride = 1): ConvolutionUnit =>
      new ConvolutionUnit(inputs, outputs, kernel, { stride, padding: (kernel - 1) / 2, batchNorm });
    const module = (
      inputs: number,
      one: number,
      three: readonly [number, number],
      five: readonly [number, number],
      pool: number,
    ): Inception => new Inception(inputs, { one, three, five, pool }, batchNorm, batchNorm ? 3 : 5);
    const norm = (): Module | null => (batchNorm ? null : localResponseNorm(5));
    this.conv1 = unit(channels, 64, 7, 2);
    this.maxpool1 = new CeilMaxPool2d(3, 2);
    this.norm1 = norm();
    this.conv2 = unit(64, 64, 1);
    this.conv3 = unit(64, 192, 3);
    this.norm2 = norm();
    this.maxpool2 = new CeilMaxPool2d(3, 2);
    this.inception3a = module(192, 64, [96, 128], [16, 32], 32);
    this.inception3b = module(256, 128, [128, 192], [32, 96], 64);
    this.maxpool3 = new CeilMaxPool2d(3, 2);
    this.inception4a = module(480, 192, [96, 208], [16, 48], 64);
    this.inception4b = module(512, 160, [112, 224], [24, 64], 64);
    this.inception4c = module(512, 128, [128, 256], [24, 64], 64);
    this.inception4d = module(512, 112, [144, 288], [32, 64], 64);
    this.inception4e = module(528, 256, [160, 320], [32, 128], 128);
    this.maxpool4 = new CeilMaxPool2d(batchNorm ? 2 : 3, 2);
    this.inception5a = module(832, 256, [160, 320], [32, 128], 128);
    this.inception5b = module(832, 384, [192, 384], [48, 128], 128);
    this.dropout = dropout(batchNorm ? 0.2 : 0.4);
    this.fc = linear(1024, classes);
  }

  forward(x: Tensor): Tensor {
    return this.fc(this.dropout(this.features(x).mean([2, 3])));
  }

  /** The last feature maps: `[N, C, 224, 224] → [N, 1024, 7, 7]`. */
  features(x: Tensor): Tensor {
    let maps = this.maxpool1(this.conv1(x));
    if (this.norm1 !== null) maps = this.norm1(maps);
    maps = this.conv3(this.conv2(maps));
    if (this.norm2 !== null) maps = this.norm2(maps);
    maps = this.maxpool3(this.inception3b(this.inception3a(this.maxpool2(maps))));
    maps = this.inception4c(this.inception4b(this.inception4a(maps)));
    maps = this.maxpool4(this.inception4e(this.inception4d(maps)));
    return this.inception5b(this.inception5a(maps));
  }
}

/** Options of `googLeNet`. */
export interface GoogLeNetOptions extends Omit<ImageOptions, "imageSize"> {
  /** `"2014"`, the paper's (the default), or `"torchvision"`, whose weights load by name into that version. */
  readonly version?: "2014" | "torchvision";
}

/**
 * GoogLeNet, 22 weight layers deep, with nine Inception modules and global average pooling: `[N, 3, 224, 224] → [N, 1000]`
 * logits (other sizes too). The paper's network has 6,998,552 parameters, local response normalisation, 5×5 kernels and biases.
 * Torchvision's, 6,624,904, has batch norms in place of biases and 3×3 kernels where the paper has 5×5. The two auxiliary
 * classifiers of the paper, used in training only, are left out: where a file has them, load it by `exchange.loadWeights` with
 * `{ except: ["aux1", "aux2"] }`. Torchvision's trained weights want colours from −1 to 1: `images.mul(2).sub(1)`. Szegedy et al.
 * 2014; lecture step 003.61. Throws an ArgumentError for another version.
 *
 * @example
 * models.googLeNet({ version: "torchvision", classes: 10 })
 */
export function googLeNet(options: GoogLeNetOptions = {}): GoogLeNet {
  checkOptions("googLeNet", options, ["version", "channels", "classes"]);
  const { version = "2014", ...sizes } = options;
  if (version !== "2014" && version !== "torchvision") {
    throw new ArgumentError(`googLeNet: version is "2014" or "torchvision", got ${describeValue(version)}`);
  }
  const images = imageOptions("googLeNet", sizes, { channels: 3, classes: 1000 });
  return new GoogLeNet(version, images);
}

/**
 * GoogLeNet in small: a 3×3 convolution, two Inception modules, global average pooling; 10,514 parameters:
 * `[N, 1, H, W] → [N, 10]` logits.
 *
 * @example
 * const model = models.googLeNetSmall({ channels: 3 })
 */
export function googLeNetSmall(options: Omit<ImageOptions, "imageSize"> = {}): Sequential {
  const { channels, classes } = imageOptions("googLeNetSmall", options, { channels: 1, classes: 10 });
  const first = new Inception(16, { one: 8, three: [8, 16], five: [4, 8], pool: 8 });
  const second = new Inception(first.outChannels, { one: 16, three: [16, 32], five: [4, 8], pool: 8 });
  return sequential(
    new ConvolutionUnit(channels, 16, 3, { padding: 1 }),
    maxPool2d(2),
    first,
    maxPool2d(2),
    second,
    globalAvgPool2d(),
    linear(second.outChannels, classes),
  );
}
