// Residual networks: each block adds a change to what comes in. And the plain networks they were measured against.

import { ArgumentError, describeValue } from "../errors.ts";
import { type ReLU, relu } from "../nn/activation.ts";
import { chain } from "../nn/chain.ts";
import { Conv2d, conv2d } from "../nn/convolution.ts";
import { constant, kaimingNormal } from "../nn/init.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { type AnyModule, Module } from "../nn/module.ts";
import { type BatchNorm2d, batchNorm2d } from "../nn/normalization.ts";
import { type MaxPool2d, maxPool2d } from "../nn/pooling.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { pad, slice } from "../ops/movement.ts";
import type { Tensor } from "../tensor.ts";
import { type ImageOptions, imageOptions } from "./imageOptions.ts";

/** Options of the ResNets: channels of the images and number of classes; the images may have any size. */
export type ResNetOptions = Omit<ImageOptions, "imageSize">;

const conv3x3 = (inputs: number, outputs: number, stride = 1): Conv2d =>
  conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false });
const conv1x1 = (inputs: number, outputs: number, stride = 1): Conv2d =>
  conv2d(inputs, outputs, 1, { stride, bias: false });

/** A shortcut without parameters (the paper's option A): every second row and column, new channels of zeros. */
export class PaddedShortcut extends Module {
  readonly extraChannels: number;
  readonly stride: number;

  constructor(extraChannels: number, stride: number) {
    super();
    this.extraChannels = extraChannels;
    this.stride = stride;
  }

  forward(x: Tensor): Tensor {
    const { stride } = this;
    const thinned =
      stride === 1 ? x : slice(x, [null, null, [0, x.shape[2]!, stride], [0, x.shape[3]!, stride]]);
    return pad(thinned, [
      [0, this.extraChannels],
      [0, 0],
      [0, 0],
    ]);
  }

  override details(): string {
    return `stride ${this.stride}, ${this.extraChannels} channels of zeros`;
  }
}

/** Two 3×3 convolutions: `relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))`; without the sum when it is plain. */
export class BasicBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly relu: ReLU;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  /** Null: the input itself is added. */
  readonly downsample: Module | null;
  readonly plain: boolean;

  constructor(inputs: number, outputs: number, stride: number, downsample: Module | null, plain = false) {
    super();
    this.conv1 = conv3x3(inputs, outputs, stride);
    this.bn1 = batchNorm2d(outputs);
    this.relu = relu();
    this.conv2 = conv3x3(outputs, outputs);
    this.bn2 = batchNorm2d(outputs);
    this.downsample = downsample;
    this.plain = plain;
  }

  forward(x: Tensor): Tensor {
    const layers = [this.conv1, this.bn1, this.relu, this.conv2, this.bn2];
    if (this.plain) return chain(x, [...layers, this.relu]);
    return chain(x, layers, { shortcut: () => this.downsample?.(x) ?? x, activation: this.relu });
  }
}

/** A 1×1 convolution to fewer channels, a 3×3 one, a 1×1 one to four times as many, and the sum with the input. */
export class Bottleneck extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly relu: ReLU;
  /** Null: the input itself is added. */
  readonly downsample: Module | null;

  constructor(inputs: number, width: number, stride: number, downsample: Module | null) {
    super();
    this.conv1 = conv1x1(inputs, width);
    this.bn1 = batchNorm2d(width);
    this.conv2 = conv3x3(width, width, stride);
    this.bn2 = batchNorm2d(width);
    this.conv3 = conv1x1(width, 4 * width);
    this.bn3 = batchNorm2d(4 * width);
    this.relu = relu();
    this.downsample = downsample;
  }

  forward(x: Tensor): Tensor {
    const narrowed = [this.conv1, this.bn1, this.relu, this.conv2, this.bn2, this.relu];
    return chain(x, [...narrowed, this.conv3, this.bn3], {
      shortcut: () => this.downsample?.(x) ?? x,
      activation: this.relu,
    });
  }
}

/** See {@link resNet18}. Layers have torchvision's names: `layer1.0.conv1.weight`, `fc.bias`. */
export class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly relu: ReLU;
  readonly maxpool: MaxPool2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly fc: Linear;

  constructor(
    blocks: readonly [number, number, number, number],
    bottleneck: boolean,
    options: Required<ResNetOptions>,
  ) {
    super();
    this.conv1 = conv2d(options.channels, 64, 7, { stride: 2, padding: 3, bias: false });
    this.bn1 = batchNorm2d(64);
    this.relu = relu();
    this.maxpool = maxPool2d(3, { stride: 2, padding: 1 });
    let inputs = 64;
    const stage = (width: number, count: number, stride: number): Sequential => {
      const outputs = bottleneck ? 4 * width : width;
      const made = Array.from({ length: count }, (_, i): Module => {
        const step = i === 0 ? stride : 1;
        const changes = step !== 1 || inputs !== outputs;
        const shortcut = changes ? sequential(conv1x1(inputs, outputs, step), batchNorm2d(outputs)) : null;
        const block = bottleneck
          ? new Bottleneck(inputs, width, step, shortcut)
          : new BasicBlock(inputs, width, step, shortcut);
        inputs = outputs;
        return block;
      });
      return sequential(...made);
    };
    this.layer1 = stage(64, blocks[0], 1);
    this.layer2 = stage(128, blocks[1], 2);
    this.layer3 = stage(256, blocks[2], 2);
    this.layer4 = stage(512, blocks[3], 2);
    this.fc = linear(inputs, options.classes);
    startForRelu(this);
  }

  forward(x: Tensor): Tensor {
    return this.fc(this.features(x).mean([2, 3]));
  }

  /** The last feature maps: `[N, C, 224, 224] → [N, 512 or 2048, 7, 7]`. */
  features(x: Tensor): Tensor {
    const stem = this.maxpool(chain(x, [this.conv1, this.bn1, this.relu]));
    return this.layer4(this.layer3(this.layer2(this.layer1(stem))));
  }
}

/** See {@link resNetSmall} and {@link plainNet}. */
export class SmallResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly relu: ReLU;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly fc: Linear;
  readonly depth: number;

  constructor(operation: string, depth: number, plain: boolean, options: ResNetOptions) {
    super();
    if (!Number.isInteger(depth) || depth < 8 || depth % 6 !== 2) {
      throw new ArgumentError(
        `${operation}: the depth is 6n + 2 (three stages of n blocks of two layers, and two more): 8, 14, 20, 32, 44, 56 …; got ${describeValue(depth)}`,
      );
    }
    const { channels, classes } = imageOptions(operation, options, { channels: 1, classes: 10 });
    const stage = (inputs: number, width: number, stride: number): Sequential => {
      const made = Array.from({ length: (depth - 2) / 6 }, (_, i) => {
        const shortcut =
          i === 0 && inputs !== width && !plain ? new PaddedShortcut(width - inputs, stride) : null;
        return new BasicBlock(i === 0 ? inputs : width, width, i === 0 ? stride : 1, shortcut, plain);
      });
      return sequential(...made);
    };
    this.depth = depth;
    this.conv1 = conv3x3(channels, 16);
    this.bn1 = batchNorm2d(16);
    this.relu = relu();
    this.layer1 = stage(16, 16, 1);
    this.layer2 = stage(16, 32, 2);
    this.layer3 = stage(32, 64, 2);
    this.fc = linear(64, classes);
    startForRelu(this);
  }

  forward(x: Tensor): Tensor {
    return this.fc(this.features(x).mean([2, 3]));
  }

  /** The last feature maps: `[N, C, H, W] → [N, 64, H/4, W/4]`. */
  features(x: Tensor): Tensor {
    return this.layer3(this.layer2(this.layer1(chain(x, [this.conv1, this.bn1, this.relu]))));
  }
}

/** He's normal weights by fan-out for every convolution, as torchvision has it; batch norms start as 1 and 0. */
function startForRelu(model: AnyModule): void {
  for (const [, module] of model.namedModules()) {
    if (!(module instanceof Conv2d)) continue;
    kaimingNormal(module.weight, { mode: "fanOut" });
    if (module.bias !== null) constant(module.bias, 0);
  }
}

function paperResNet(
  operation: string,
  blocks: readonly [number, number, number, number],
  bottleneck: boolean,
  options: ResNetOptions,
): ResNet {
  const images = imageOptions(operation, options, { channels: 3, classes: 1000 });
  return new ResNet(blocks, bottleneck, images);
}

/**
 * ResNet-18, 11,689,512 parameters: `[N, 3, 224, 224] → [N, 1000]` logits (any size from 32 up). Each block computes a
 * change and adds it to its input, `h_l = f_l(h_{l−1}) + h_{l−1}`: doing nothing is easy to learn, and the gradient reaches
 * the first layer undiminished. Where maps are halved, a 1×1 convolution with stride 2 stands in the shortcut. Layers are
 * named as in torchvision, so its weights load by name. He, Zhang, Ren & Sun 2015; lecture step 003.62.
 *
 * @example
 * const model = models.resNet18({ classes: 10 })
 * exchange.loadWeights(model, await exchange.loadSafetensors("resnet18.safetensors"), { except: ["fc"] })
 */
export function resNet18(options: ResNetOptions = {}): ResNet {
  return paperResNet("resNet18", [2, 2, 2, 2], false, options);
}

/** ResNet-34, 21,797,672 parameters; see {@link resNet18}. */
export function resNet34(options: ResNetOptions = {}): ResNet {
  return paperResNet("resNet34", [3, 4, 6, 3], false, options);
}

/**
 * ResNet-50, 25,557,032 parameters, of blocks with a bottleneck (1×1, 3×3, 1×1); see {@link resNet18}. As in torchvision the
 * stride sits in the 3×3 convolution (version 1.5); the paper has it in the first 1×1.
 */
export function resNet50(options: ResNetOptions = {}): ResNet {
  return paperResNet("resNet50", [3, 4, 6, 3], true, options);
}

/** ResNet-152, 60,192,808 parameters in 152 weight layers, the winner of ILSVRC 2015; see {@link resNet50}. */
export function resNet152(options: ResNetOptions = {}): ResNet {
  return paperResNet("resNet152", [3, 8, 36, 3], true, options);
}

/**
 * The small residual networks of the paper's section 4.2, for images of about 32×32: one convolution, three stages of 16,
 * 32 and 64 maps, shortcuts without parameters; `depth` is 6n + 2. `[N, 1, H, W] → [N, 10]`. Depth 20 has 269,434
 * parameters (269,722 for colour: the paper's 0.27 M). Beside it, of the same depth and as many parameters, {@link plainNet}.
 *
 * @example
 * const [deep, plain] = [models.resNetSmall(20), models.plainNet(20)]
 */
export function resNetSmall(depth: number = 8, options: ResNetOptions = {}): SmallResNet {
  return new SmallResNet("resNetSmall", depth, false, options);
}

/**
 * The plain deep network that residual ones were measured against: {@link resNetSmall} without its shortcuts, with as many
 * layers and parameters. He et al. 2015, section 4.2; lecture steps 003.62 and 001.24.
 *
 * @example
 * models.plainNet(20).parameterCount   // 269434
 */
export function plainNet(depth: number = 20, options: ResNetOptions = {}): SmallResNet {
  return new SmallResNet("plainNet", depth, true, options);
}
