// VGG: nothing but 3×3 convolutions and halvings, then three fully connected layers.

import { relu } from "../nn/activation.ts";
import { Conv2d, conv2d } from "../nn/convolution.ts";
import { dropout } from "../nn/dropout.ts";
import { type Flatten, flatten } from "../nn/flatten.ts";
import { kaimingNormal, normal, zeros } from "../nn/init.ts";
import { Linear, linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { maxPool2d } from "../nn/pooling.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import type { Tensor } from "../tensor.ts";
import { type ImageOptions, imageOptions } from "./imageOptions.ts";

/** For each stage the filters of its convolutions; after each stage the maps are halved. */
type Stages = readonly (readonly number[])[];

/** See {@link vgg16}. Layers are numbered as in torchvision: `features.0.weight`, `classifier.6.bias`. */
export class Vgg extends Module {
  readonly features: Sequential;
  readonly flatten: Flatten;
  readonly classifier: Sequential;

  /** @internal Use `models.vgg11()`, `models.vgg16()`, `models.vgg19()` or `models.vggSmall()`. */
  constructor(stages: Stages, hidden: number, { channels, classes, imageSize }: Required<ImageOptions>) {
    super();
    const layers: Module[] = [];
    let seen = channels;
    for (const stage of stages) {
      for (const filters of stage) {
        const layer = conv2d(seen, filters, 3, { padding: 1 });
        kaimingNormal(layer.weight, { mode: "fanOut" });
        layers.push(layer, relu());
        seen = filters;
      }
      layers.push(maxPool2d(2));
    }
    const map = Math.floor(imageSize / 2 ** stages.length);
    this.features = sequential(...layers);
    this.flatten = flatten();
    this.classifier = sequential(
      linear(seen * map * map, hidden),
      relu(),
      dropout(0.5),
      linear(hidden, hidden),
      relu(),
      dropout(0.5),
      linear(hidden, classes),
    );
    for (const layer of [...this.features, ...this.classifier]) {
      if (layer instanceof Linear) normal(layer.weight, { std: 1 / Math.sqrt(hidden) });
      if ((layer instanceof Linear || layer instanceof Conv2d) && layer.bias !== null) zeros(layer.bias);
    }
  }

  forward(x: Tensor): Tensor {
    return this.classifier(this.flatten(this.features(x)));
  }
}

function paperVgg(operation: string, stages: Stages, options: ImageOptions): Vgg {
  const images = imageOptions(operation, options, { channels: 3, classes: 1000, imageSize: 224 }, 32);
  return new Vgg(stages, 4096, images);
}

/**
 * VGG-11 (the paper's configuration A), 132,863,336 parameters: `[N, 3, 224, 224] → [N, 1000]` logits; see {@link vgg16}.
 */
export function vgg11(options: ImageOptions = {}): Vgg {
  return paperVgg("vgg11", [[64], [128], [256, 256], [512, 512], [512, 512]], options);
}

/**
 * VGG-16 (configuration D), 138,357,544 parameters in 16 weight layers: `[N, 3, 224, 224] → [N, 1000]` logits. Kernels are
 * 3×3 everywhere: two of them see 5×5 with 18 weights instead of 25 per pair of channels. Maps: 224 - 112 - 56 - 28 - 14 - 7,
 * then 4096 - 4096 - 1000. Simonyan & Zisserman 2014; lecture step 003.60. Takes 553 MB; `shapeOnlyBackend` counts and
 * traces it without. `models.vggSmall()` trains in seconds.
 *
 * @example
 * withBackend(shapeOnlyBackend, () => models.vgg16().parameterCount)   // 138357544
 */
export function vgg16(options: ImageOptions = {}): Vgg {
  const stages = [
    [64, 64],
    [128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [512, 512, 512],
  ];
  return paperVgg("vgg16", stages, options);
}

/** VGG-19 (configuration E), 143,667,240 parameters: `[N, 3, 224, 224] → [N, 1000]` logits; see {@link vgg16}. */
export function vgg19(options: ImageOptions = {}): Vgg {
  const stages = [
    [64, 64],
    [128, 128],
    [256, 256, 256, 256],
    [512, 512, 512, 512],
    [512, 512, 512, 512],
  ];
  return paperVgg("vgg19", stages, options);
}

/**
 * VGG in small, four 3×3 convolutions in two stages and 64 hidden units, 121,594 parameters: `[N, 1, 28, 28] → [N, 10]`.
 *
 * @example
 * const model = models.vggSmall({ channels: 3, imageSize: 32 })
 */
export function vggSmall(options: ImageOptions = {}): Vgg {
  const images = imageOptions("vggSmall", options, { channels: 1, classes: 10, imageSize: 28 }, 4);
  const stages = [
    [16, 16],
    [32, 32],
  ];
  return new Vgg(stages, 64, images);
}
