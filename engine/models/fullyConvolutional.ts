// A network of convolutions only: strides in place of pooling, 1×1 convolutions in place of fully connected layers.

import { relu } from "../nn/activation.ts";
import { requireCount } from "../nn/arguments.ts";
import { Conv2d, conv2d } from "../nn/convolution.ts";
import { dropout } from "../nn/dropout.ts";
import { kaimingNormal, zeros } from "../nn/init.ts";
import { Module } from "../nn/module.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";

/** Options of `fullyConvolutional` and `fullyConvolutionalSmall`. */
export interface FullyConvolutionalOptions {
  /** Channels of the images. */
  readonly channels?: number;
  /** How many classes. */
  readonly classes?: number;
}

/** See {@link fullyConvolutional}. */
export class FullyConvolutional extends Module {
  readonly layers: Sequential;

  constructor(layers: readonly Module[]) {
    super();
    this.layers = sequential(...layers);
    for (const layer of layers) {
      if (!(layer instanceof Conv2d)) continue;
      kaimingNormal(layer.weight);
      if (layer.bias !== null) zeros(layer.bias);
    }
  }

  /** The mean of the score maps: `[N, C, H, W] → [N, classes]`. */
  forward(x: Tensor): Tensor {
    return this.scoreMaps(x).mean([2, 3]);
  }

  /** The scores at each place, `[N, classes, H', W']`: a larger image gives larger maps. */
  scoreMaps(x: Tensor): Tensor {
    return this.layers(x);
  }
}

/**
 * All-CNN-C with its 1,369,738 parameters: seven 3×3 convolutions, two of them with stride 2 in place of pooling, two 1×1
 * convolutions, and the mean over the places: `[N, 3, H, W] → [N, 10]` logits for images of any size from 12 up, the paper's
 * 32. Springenberg, Dosovitskiy, Brox & Riedmiller 2014; lecture step 001.47.
 *
 * @example
 * models.fullyConvolutional().scoreMaps(images)   // [N, 3, 32, 32] → [N, 10, 6, 6]
 */
export function fullyConvolutional(options: FullyConvolutionalOptions = {}): FullyConvolutional {
  checkOptions("fullyConvolutional", options, ["channels", "classes"]);
  const { channels = 3, classes = 10 } = options;
  requireCount("fullyConvolutional", "classes", classes);
  return new FullyConvolutional([
    dropout(0.2),
    ...[conv2d(channels, 96, 3, { padding: 1 }), relu(), conv2d(96, 96, 3, { padding: 1 }), relu()],
    ...[conv2d(96, 96, 3, { stride: 2, padding: 1 }), relu(), dropout(0.5)],
    ...[conv2d(96, 192, 3, { padding: 1 }), relu(), conv2d(192, 192, 3, { padding: 1 }), relu()],
    ...[conv2d(192, 192, 3, { stride: 2, padding: 1 }), relu(), dropout(0.5)],
    ...[conv2d(192, 192, 3), relu(), conv2d(192, 192, 1), relu(), conv2d(192, classes, 1), relu()],
  ]);
}

/**
 * Four convolutions, two of them with stride 2, 6,218 parameters: `[N, 1, H, W] → [N, 10]` logits for images of any size.
 *
 * @example
 * models.fullyConvolutionalSmall().scoreMaps(images)   // [N, 1, 28, 28] → [N, 10, 7, 7]
 */
export function fullyConvolutionalSmall(options: FullyConvolutionalOptions = {}): FullyConvolutional {
  checkOptions("fullyConvolutionalSmall", options, ["channels", "classes"]);
  const { channels = 1, classes = 10 } = options;
  requireCount("fullyConvolutionalSmall", "classes", classes);
  return new FullyConvolutional([
    ...[conv2d(channels, 8, 3, { padding: 1 }), relu(), conv2d(8, 16, 3, { stride: 2, padding: 1 }), relu()],
    ...[conv2d(16, 32, 3, { stride: 2, padding: 1 }), relu(), conv2d(32, classes, 1)],
  ]);
}
