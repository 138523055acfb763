// AlexNet as it was trained on two GPUs: grouped convolutions, local response normalisation, overlapping pooling. And the
// version for one GPU that torchvision has.

import { ArgumentError, describeValue } from "../errors.ts";
import { relu } from "../nn/activation.ts";
import { type Conv2d, conv2d } from "../nn/convolution.ts";
import { type Dropout, dropout } from "../nn/dropout.ts";
import { type Flatten, flatten } from "../nn/flatten.ts";
import { constant, kaimingNormal, normal } from "../nn/init.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { type LocalResponseNorm, localResponseNorm } from "../nn/localResponseNorm.ts";
import { Module } from "../nn/module.ts";
import { type AdaptiveAvgPool2d, adaptiveAvgPool2d, type MaxPool2d, maxPool2d } from "../nn/pooling.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { type ImageOptions, imageOptions } from "./imageOptions.ts";

interface AlexNetSizes {
  /** Filters of the five convolutions. */
  readonly widths: readonly [number, number, number, number, number];
  readonly hidden: number;
  readonly first: { readonly kernel: number; readonly stride: number; readonly padding: number };
  /** As in the paper: N(0, 0.01²), and 1 for the biases of layers 2, 4 to 7; too small for a narrow net, which takes He's. */
  readonly paperWeights: boolean;
  readonly images: Required<ImageOptions>;
}

/** See {@link alexNet}. `aN`, `nN`, `pN` and `dN` are the activation, normalisation, pooling and dropout that go with layer N. */
export class AlexNet extends Module {
  readonly conv1: Conv2d;
  readonly a1: Module;
  readonly n1: LocalResponseNorm;
  readonly p1: MaxPool2d;
  readonly conv2: Conv2d;
  readonly a2: Module;
  readonly n2: LocalResponseNorm;
  readonly p2: MaxPool2d;
  readonly conv3: Conv2d;
  readonly a3: Module;
  readonly conv4: Conv2d;
  readonly a4: Module;
  readonly conv5: Conv2d;
  readonly a5: Module;
  readonly p5: MaxPool2d;
  readonly flatten: Flatten;
  readonly d6: Dropout;
  readonly fc6: Linear;
  readonly a6: Module;
  readonly d7: Dropout;
  readonly fc7: Linear;
  readonly a7: Module;
  readonly fc8: Linear;

  /** @internal Use `models.alexNet()` or `models.alexNetSmall()`. */
  constructor({ widths, hidden, first, paperWeights, images }: AlexNetSizes) {
    super();
    const [w1, w2, w3, w4, w5] = widths;
    const afterPooling = (size: number): number => Math.floor((size - 3) / 2) + 1;
    const firstMap = Math.floor((images.imageSize + 2 * first.padding - first.kernel) / first.stride) + 1;
    const lastMap = afterPooling(afterPooling(afterPooling(firstMap)));
    this.conv1 = conv2d(images.channels, w1, first.kernel, {
      stride: first.stride,
      padding: first.padding,
    });
    this.a1 = relu();
    this.n1 = localResponseNorm(5, { alpha: 5e-4, k: 2 });
    this.p1 = maxPool2d(3, { stride: 2 });
    this.conv2 = conv2d(w1, w2, 5, { padding: 2, groups: 2 });
    this.a2 = relu();
    this.n2 = localResponseNorm(5, { alpha: 5e-4, k: 2 });
    this.p2 = maxPool2d(3, { stride: 2 });
    this.conv3 = conv2d(w2, w3, 3, { padding: 1 });
    this.a3 = relu();
    this.conv4 = conv2d(w3, w4, 3, { padding: 1, groups: 2 });
    this.a4 = relu();
    this.conv5 = conv2d(w4, w5, 3, { padding: 1, groups: 2 });
    this.a5 = relu();
    this.p5 = maxPool2d(3, { stride: 2 });
    this.flatten = flatten();
    this.d6 = dropout(0.5);
    this.fc6 = linear(w5 * lastMap * lastMap, hidden);
    this.a6 = relu();
    this.d7 = dropout(0.5);
    this.fc7 = linear(hidden, hidden);
    this.a7 = relu();
    this.fc8 = linear(hidden, images.classes);
    const { conv1, conv2: conv2Layer, conv3, conv4, conv5, fc6, fc7, fc8 } = this;
    const lit: readonly Module[] = [conv2Layer, conv4, conv5, fc6, fc7];
    for (const layer of [conv1, conv2Layer, conv3, conv4, conv5, fc6, fc7, fc8]) {
      if (paperWeights) normal(layer.weight, { std: 0.01 });
      else kaimingNormal(layer.weight);
      if (layer.bias !== null) constant(layer.bias, paperWeights && lit.includes(layer) ? 1 : 0);
    }
  }

  forward(x: Tensor): Tensor {
    const maps1 = this.p1(this.n1(this.a1(this.conv1(x))));
    const maps2 = this.p2(this.n2(this.a2(this.conv2(maps1))));
    const maps4 = this.a4(this.conv4(this.a3(this.conv3(maps2))));
    const maps5 = this.p5(this.a5(this.conv5(maps4)));
    const features = this.a6(this.fc6(this.d6(this.flatten(maps5))));
    return this.fc8(this.a7(this.fc7(this.d7(features))));
  }
}

/** See {@link alexNet}: torchvision's version. Layers are numbered as there: `features.0.weight`, `classifier.6.bias`. */
export class TorchvisionAlexNet extends Module {
  readonly features: Sequential;
  readonly avgpool: AdaptiveAvgPool2d;
  readonly flatten: Flatten;
  readonly classifier: Sequential;

  /** @internal Use `models.alexNet({ version: "torchvision" })`. */
  constructor({ channels, classes }: Required<ImageOptions>) {
    super();
    this.features = sequential(
      conv2d(channels, 64, 11, { stride: 4, padding: 2 }),
      relu(),
      maxPool2d(3, { stride: 2 }),
      conv2d(64, 192, 5, { padding: 2 }),
      relu(),
      maxPool2d(3, { stride: 2 }),
      conv2d(192, 384, 3, { padding: 1 }),
      relu(),
      conv2d(384, 256, 3, { padding: 1 }),
      relu(),
      conv2d(256, 256, 3, { padding: 1 }),
      relu(),
      maxPool2d(3, { stride: 2 }),
    );
    this.avgpool = adaptiveAvgPool2d(6);
    this.flatten = flatten();
    this.classifier = sequential(
      dropout(0.5),
      linear(256 * 6 * 6, 4096),
      relu(),
      dropout(0.5),
      linear(4096, 4096),
      relu(),
      linear(4096, classes),
    );
  }

  forward(x: Tensor): Tensor {
    return this.classifier(this.flatten(this.avgpool(this.features(x))));
  }
}

/** Options of `alexNet`. */
export interface AlexNetOptions extends ImageOptions {
  /** `"2012"`, the paper's (the default), or `"torchvision"`, whose weights load by name into that version. */
  readonly version?: "2012" | "torchvision";
}

/**
 * AlexNet with its 60,965,224 parameters in 8 weight layers: `[N, 3, 224, 224] → [N, 1000]` logits. Convolutions 2, 4 and 5
 * are in two groups, one per GPU of 2012; maxima over overlapping windows (3, stride 2); dropout before the two hidden
 * layers; weights from N(0, 0.01²). Maps: 55 - 27 - 13 - 6 (the paper's 224 with kernel 11 and stride 4 give 55 when padded
 * by 2). Trained by SGD with momentum 0.9, weight decay 5·10⁻⁴, batches of 128. Krizhevsky, Sutskever & Hinton 2012; lecture
 * steps 003.59 and 004.36. Takes 244 MB; `shapeOnlyBackend` counts it without. `models.alexNetSmall()` trains in seconds.
 *
 * Torchvision's version, 61,100,840 parameters, is for one GPU: 64 - 192 - 384 - 256 - 256 filters without groups or response
 * normalisation, pooling to 6×6 whatever the image's size, PyTorch's initial weights. Krizhevsky 2014. Throws an ArgumentError
 * for another version or an image smaller than 63×63.
 *
 * @example
 * withBackend(shapeOnlyBackend, () => models.alexNet().parameterCount)   // 60965224
 * models.alexNet({ version: "torchvision" }).loadStateDict(await exchange.loadSafetensors("alexnet.safetensors"))
 */
export function alexNet(options?: AlexNetOptions & { readonly version?: "2012" }): AlexNet;
export function alexNet(options: AlexNetOptions & { readonly version: "torchvision" }): TorchvisionAlexNet;
export function alexNet(options?: AlexNetOptions): AlexNet | TorchvisionAlexNet;
export function alexNet(options: AlexNetOptions = {}): AlexNet | TorchvisionAlexNet {
  checkOptions("alexNet", options, ["version", "channels", "classes", "imageSize"]);
  const { version = "2012", ...sizes } = options;
  if (version !== "2012" && version !== "torchvision") {
    throw new ArgumentError(`alexNet: version is "2012" or "torchvision", got ${describeValue(version)}`);
  }
  const images = imageOptions("alexNet", sizes, { channels: 3, classes: 1000, imageSize: 224 }, 63);
  if (version === "torchvision") return new TorchvisionAlexNet(images);
  return new AlexNet({
    widths: [96, 256, 384, 384, 256],
    hidden: 4096,
    first: { kernel: 11, stride: 4, padding: 2 },
    paperWeights: true,
    images,
  });
}

/**
 * AlexNet scaled down to images of 28×28 and ten classes, 72,394 parameters: `[N, 1, 28, 28] → [N, 10]`. The same layers with
 * a sixth to an eighth of the filters, a first kernel of 5 without stride, 128 hidden units and He's initial weights.
 *
 * @example
 * await fit(models.alexNetSmall(), data.digits().train.loader(), { epochs: 2, optimizer: … })
 */
export function alexNetSmall(options: ImageOptions = {}): AlexNet {
  const images = imageOptions("alexNetSmall", options, { channels: 1, classes: 10, imageSize: 28 }, 15);
  return new AlexNet({
    widths: [16, 32, 48, 48, 32],
    hidden: 128,
    first: { kernel: 5, stride: 1, padding: 2 },
    paperWeights: false,
    images,
  });
}
