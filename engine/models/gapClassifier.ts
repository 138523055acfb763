// A classifier that ends in global average pooling, so that it can show where it looked.

import { ArgumentError } from "../errors.ts";
import { relu } from "../nn/activation.ts";
import { requireCount } from "../nn/arguments.ts";
import { conv2d } from "../nn/convolution.ts";
import { kaimingNormal, zeros } from "../nn/init.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { maxPool2d } from "../nn/pooling.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { conv2d as conv2dOp } from "../ops/convolution.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";

/** Options of `gapClassifier`. */
export interface GapClassifierOptions {
  /** Channels of the images (default 1). */
  readonly channels?: number;
  /** How many classes (default 10). */
  readonly classes?: number;
  /** Filters of the 3×3 convolutions; the maps are halved between them, not after the last (default [16, 32, 64]). */
  readonly widths?: readonly number[];
  /**
   * How many convolutions of each width, one after the other (default 1). With 2, and images shifted by chance in training, the
   * maximum of an activation map lies on the object; with 1 it often lies beside it.
   */
  readonly convolutions?: number;
}

/** See {@link gapClassifier}. */
export class GapClassifier extends Module {
  readonly features: Sequential;
  /** Without bias, so that a class score is the mean of its activation map. */
  readonly output: Linear;

  constructor(options: GapClassifierOptions = {}) {
    super();
    checkOptions("gapClassifier", options, ["channels", "classes", "widths", "convolutions"]);
    const { channels = 1, classes = 10, widths = [16, 32, 64], convolutions = 1 } = options;
    requireCount("gapClassifier", "channels", channels);
    requireCount("gapClassifier", "classes", classes);
    requireCount("gapClassifier", "convolutions", convolutions);
    if (!Array.isArray(widths) || widths.length === 0) {
      throw new ArgumentError(
        "gapClassifier: widths are the filters of each convolution, such as [16, 32, 64]",
      );
    }
    const layers: Module[] = [];
    let inputs = channels;
    for (const width of widths) {
      if (layers.length > 0) layers.push(maxPool2d(2));
      for (let k = 0; k < convolutions; k++) {
        const layer = conv2d(inputs, width, 3, { padding: 1 });
        kaimingNormal(layer.weight);
        if (layer.bias !== null) zeros(layer.bias);
        layers.push(layer, relu());
        inputs = width;
      }
    }
    this.features = sequential(...layers);
    this.output = linear(widths.at(-1)!, classes, { bias: false });
  }

  forward(x: Tensor): Tensor {
    return this.output(this.features(x).mean([2, 3]));
  }

  /**
   * The class activation maps `M_j(x, y) = Σ_k w_jk · h_k(x, y)` of all classes: `[N, channels, H, W] → [N, classes, H', W']`.
   * The mean of map j is the score of class j. Zhou et al. 2016; lecture step 003.81.
   *
   * @example
   * const maps = noGrad(() => model.activationMaps(images))   // maps.at(0, 3): where image 0 looks like class 3
   */
  activationMaps(x: Tensor): Tensor {
    const { weight } = this.output;
    return conv2dOp(this.features(x), weight.reshape([...weight.shape, 1, 1]));
  }
}

/**
 * Convolutions, the mean of each feature map over the image, and one linear layer without bias: `[N, C, H, W] → [N, classes]`
 * logits for images of any size; 23,936 parameters by default. `model.activationMaps(images)` shows where each class is
 * seen (CAM). Lin, Chen & Yan 2013; Zhou et al. 2016; lecture steps 003.80 and 003.81.
 *
 * @example
 * const model = models.gapClassifier({ classes: 4 })
 */
export function gapClassifier(options: GapClassifierOptions = {}): GapClassifier {
  return new GapClassifier(options);
}
