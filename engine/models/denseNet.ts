// Dense networks: each layer sees the maps of all layers before it in its block.

import { relu } from "../nn/activation.ts";
import { type Conv2d, conv2d } from "../nn/convolution.ts";
import { constant, kaimingNormal } from "../nn/init.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { type AnyModule, Module } from "../nn/module.ts";
import { type BatchNorm2d, batchNorm2d } from "../nn/normalization.ts";
import { avgPool2d, maxPool2d } from "../nn/pooling.ts";
import { concat } from "../ops/movement.ts";
import type { Tensor } from "../tensor.ts";
import { type ImageOptions, imageOptions } from "./imageOptions.ts";

const thinConv = (inputs: number, outputs: number, kernel: number): Conv2d => {
  const layer = conv2d(inputs, outputs, kernel, { padding: (kernel - 1) / 2, bias: false });
  kaimingNormal(layer.weight);
  return layer;
};

/** `growth` new maps from all maps so far: batch norm, ReLU, 1×1 convolution to 4·growth maps, batch norm, ReLU, 3×3. */
export class DenseLayer extends Module {
  readonly norm1: BatchNorm2d;
  readonly relu1: Module;
  readonly conv1: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly relu2: Module;
  readonly conv2: Conv2d;

  constructor(inputs: number, growth: number) {
    super();
    this.norm1 = batchNorm2d(inputs);
    this.relu1 = relu();
    this.conv1 = thinConv(inputs, 4 * growth, 1);
    this.norm2 = batchNorm2d(4 * growth);
    this.relu2 = relu();
    this.conv2 = thinConv(4 * growth, growth, 3);
  }

  forward(x: Tensor): Tensor {
    return this.conv2(this.relu2(this.norm2(this.conv1(this.relu1(this.norm1(x))))));
  }
}

/** See {@link denseBlock}. */
export class DenseBlock extends Module {
  readonly layers: readonly DenseLayer[];
  readonly outChannels: number;

  constructor(inputs: number, count: number, growth: number) {
    super();
    this.layers = Array.from({ length: count }, (_, i) => new DenseLayer(inputs + i * growth, growth));
    this.outChannels = inputs + count * growth;
  }

  forward(x: Tensor): Tensor {
    let maps = x;
    for (const layer of this.layers) maps = concat([maps, layer(maps)], 1);
    return maps;
  }

  /** Its layers have torchvision's names: `denselayer1`, `denselayer2`, … */
  override namedChildren(): [string, AnyModule][] {
    return this.layers.map((layer, i) => [`denselayer${i + 1}`, layer]);
  }
}

/** Half as many maps of half the size, between two blocks. */
export class Transition extends Module {
  readonly norm: BatchNorm2d;
  readonly relu: Module;
  readonly conv: Conv2d;
  readonly pool: Module;

  constructor(inputs: number) {
    super();
    this.norm = batchNorm2d(inputs);
    this.relu = relu();
    this.conv = thinConv(inputs, Math.floor(inputs / 2), 1);
    this.pool = avgPool2d(2);
  }

  forward(x: Tensor): Tensor {
    return this.pool(this.conv(this.relu(this.norm(x))));
  }
}

interface DenseSizes {
  readonly blocks: readonly number[];
  readonly growth: number;
  readonly first: number;
  /** The 7×7 convolution and the maximum that large images begin with; else one 3×3 convolution. */
  readonly largeImages: boolean;
}

/** The part of {@link DenseNet} before the classifier. */
export class DenseFeatures extends Module {
  readonly stages: readonly (readonly [string, Module])[];
  readonly outChannels: number;

  /** @internal */
  constructor({ blocks, growth, first, largeImages }: DenseSizes, channels: number) {
    super();
    const stages: [string, Module][] = [];
    if (largeImages) {
      const stem = conv2d(channels, first, 7, { stride: 2, padding: 3, bias: false });
      kaimingNormal(stem.weight);
      stages.push(["conv0", stem], ["norm0", batchNorm2d(first)], ["relu0", relu()]);
      stages.push(["pool0", maxPool2d(3, { stride: 2, padding: 1 })]);
    } else stages.push(["conv0", thinConv(channels, first, 3)]);
    let maps = first;
    blocks.forEach((count, i) => {
      const block = new DenseBlock(maps, count, growth);
      stages.push([`denseblock${i + 1}`, block]);
      maps = block.outChannels;
      if (i === blocks.length - 1) return;
      stages.push([`transition${i + 1}`, new Transition(maps)]);
      maps = Math.floor(maps / 2);
    });
    stages.push(["norm5", batchNorm2d(maps)]);
    this.stages = stages;
    this.outChannels = maps;
  }

  forward(x: Tensor): Tensor {
    let maps = x;
    for (const [, stage] of this.stages) maps = stage(maps);
    return maps;
  }

  /** Its stages have torchvision's names: `conv0`, `denseblock1`, `transition1`, … */
  override namedChildren(): [string, AnyModule][] {
    return this.stages.map(([name, stage]) => [name, stage]);
  }
}

/** See {@link denseNet121}. Layers have torchvision's names: `features.denseblock1.denselayer1.norm1.weight`. */
export class DenseNet extends Module {
  readonly features: DenseFeatures;
  readonly relu: Module;
  readonly classifier: Linear;

  /** @internal Use `models.denseNet121()`, `models.denseNet201()` or `models.denseNetSmall()`. */
  constructor(sizes: DenseSizes, { channels, classes }: Required<DenseNetOptions>) {
    super();
    this.features = new DenseFeatures(sizes, channels);
    this.relu = relu();
    this.classifier = linear(this.features.outChannels, classes);
    if (this.classifier.bias !== null) constant(this.classifier.bias, 0);
  }

  forward(x: Tensor): Tensor {
    return this.classifier(this.relu(this.features(x)).mean([2, 3]));
  }
}

/** Options of the DenseNets: channels of the images and number of classes; the images may have any size. */
export type DenseNetOptions = Omit<ImageOptions, "imageSize">;

const large = { growth: 32, first: 64, largeImages: true };
const imageNet = { channels: 3, classes: 1000 };

/**
 * A dense block: `count` layers, each of which adds `growth` maps computed from all maps before it,
 * `[N, C, H, W] → [N, C + count·growth, H, W]`. Huang, Liu, van der Maaten & Weinberger 2016.
 *
 * @example
 * models.denseBlock(64, 6, 32)   // 64 → 256 maps
 */
export function denseBlock(inputs: number, count: number, growth: number): DenseBlock {
  return new DenseBlock(inputs, count, growth);
}

/**
 * DenseNet-121, 7,978,856 parameters in 121 weight layers: `[N, 3, 224, 224] → [N, 1000]` logits (other sizes too). Layers
 * are named as in torchvision, so its weights load by name. Huang, Liu, van der Maaten & Weinberger 2016; lecture step 000.28.
 *
 * @example
 * withBackend(shapeOnlyBackend, () => models.denseNet121().parameterCount)   // 7978856
 */
export function denseNet121(options: DenseNetOptions = {}): DenseNet {
  const images = imageOptions("denseNet121", options, imageNet);
  return new DenseNet({ ...large, blocks: [6, 12, 24, 16] }, images);
}

/** DenseNet-201, 20,013,928 parameters, the one in the lecture's chart of depths; see {@link denseNet121}. */
export function denseNet201(options: DenseNetOptions = {}): DenseNet {
  const images = imageOptions("denseNet201", options, imageNet);
  return new DenseNet({ ...large, blocks: [6, 12, 48, 32] }, images);
}

/**
 * DenseNet in small, three blocks of three layers with 8 new maps each, for images of about 28×28, 32,318
 * parameters: `[N, 1, H, W] → [N, 10]`.
 *
 * @example
 * const model = models.denseNetSmall({ channels: 3 })
 */
export function denseNetSmall(options: DenseNetOptions = {}): DenseNet {
  const images = imageOptions("denseNetSmall", options, { channels: 1, classes: 10 });
  return new DenseNet({ growth: 8, first: 16, largeImages: false, blocks: [3, 3, 3] }, images);
}
