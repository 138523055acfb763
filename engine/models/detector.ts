// A detector of one object: what it is and where.

import { ArgumentError } from "../errors.ts";
import { relu } from "../nn/activation.ts";
import { requireCount } from "../nn/arguments.ts";
import { conv2d } from "../nn/convolution.ts";
import { flatten } from "../nn/flatten.ts";
import { kaimingNormal, zeros } from "../nn/init.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { maxPool2d } from "../nn/pooling.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { concat } from "../ops/movement.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { type ImageOptions, imageOptions } from "./imageOptions.ts";

/** Options of `detector`. */
export interface DetectorOptions extends ImageOptions {
  /** Filters of the 3×3 convolutions; the maps are halved after each (default [16, 32, 64]). */
  readonly widths?: readonly number[];
  /** Units of the shared hidden layer (default 64). */
  readonly hidden?: number;
}

/** See {@link detector}. */
export class Detector extends Module<[Tensor], [logits: Tensor, boxes: Tensor]> {
  readonly trunk: Sequential;
  readonly classHead: Linear;
  readonly boxHead: Linear;

  constructor(options: DetectorOptions = {}) {
    super();
    checkOptions("detector", options, ["channels", "classes", "imageSize", "widths", "hidden"]);
    const { widths = [16, 32, 64], hidden = 64, ...sizes } = options;
    if (!Array.isArray(widths) || widths.length === 0) {
      throw new ArgumentError("detector: widths are the filters of each convolution, such as [16, 32, 64]");
    }
    const own = { channels: 1, classes: 3, imageSize: 32 };
    const { channels, classes, imageSize } = imageOptions("detector", sizes, own, 2 ** widths.length);
    requireCount("detector", "hidden", hidden);
    const layers = widths.flatMap((width, i): Module[] => {
      const layer = conv2d(i === 0 ? channels : widths[i - 1]!, width, 3, { padding: 1 });
      kaimingNormal(layer.weight);
      if (layer.bias !== null) zeros(layer.bias);
      return [layer, relu(), maxPool2d(2)];
    });
    const map = Math.floor(imageSize / 2 ** widths.length);
    this.trunk = sequential(...layers, flatten(), linear(widths.at(-1)! * map * map, hidden), relu());
    this.classHead = linear(hidden, classes);
    this.boxHead = linear(hidden, 4);
  }

  forward(x: Tensor): [logits: Tensor, boxes: Tensor] {
    const features = this.trunk(x);
    const place = this.boxHead(features).sigmoid();
    const centre = place.narrow(1, 0, 2);
    const half = place.narrow(1, 2, 2).mul(0.5);
    return [this.classHead(features), concat([centre.sub(half), centre.add(half)], 1)];
  }
}

/**
 * A detector of one object per image: `[N, C, H, W] → [logits, boxes]`, the logits `[N, classes]`, the boxes `[N, 4]` as
 * `[left, top, right, bottom]` in shares of the image's width and height. Centre and size come out of a sigmoid, so right is
 * never left of left. 89,351 parameters by default (grey images of 32×32, 3 classes). Trained by the sum of two losses;
 * lecture steps 003.68 and 003.71.
 *
 * @example
 * const [logits, boxes] = model(images)
 * nn.crossEntropy(logits, labels).add(nn.mse(boxes, targets).mul(10)).backward()
 */
export function detector(options: DetectorOptions = {}): Detector {
  return new Detector(options);
}
