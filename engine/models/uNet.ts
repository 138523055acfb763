// U-Net: an encoder that shrinks, a decoder that grows, and bridges between maps of one size. An answer for each pixel.

import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { relu } from "../nn/activation.ts";
import { requireCount } from "../nn/arguments.ts";
import {
  type Conv2d,
  type ConvTranspose2d,
  conv2d,
  convTranspose2d,
  requireImages,
} from "../nn/convolution.ts";
import { kaimingNormal, zeros } from "../nn/init.ts";
import { Module } from "../nn/module.ts";
import { type MaxPool2d, maxPool2d } from "../nn/pooling.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { concat } from "../ops/movement.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";

/** Options of `uNet` and `uNetSmall`. */
export interface UNetOptions {
  /** Channels of the images (default 1). */
  readonly channels?: number;
  /** Answers for each pixel: classes, or channels of an output image (default 2). */
  readonly classes?: number;
  /** Maps at full size, doubled at each level (default 64). */
  readonly width?: number;
  /** How often the maps are halved (default 4). */
  readonly depth?: number;
  /** `"same"`: the output is as large as the image (default). `"valid"`: the paper's, it loses a border and bridges are cropped. */
  readonly padding?: "same" | "valid";
}

/** See {@link uNet}. */
export class UNet extends Module {
  /** At each level, the largest maps first, two 3×3 convolutions. */
  readonly encoders: readonly Sequential[];
  readonly pool: MaxPool2d;
  readonly bottom: Sequential;
  /** At each level, the smallest maps first, the 2×2 transposed convolution that doubles the size. */
  readonly ups: readonly ConvTranspose2d[];
  readonly decoders: readonly Sequential[];
  readonly output: Conv2d;
  readonly padding: "same" | "valid";

  constructor(options: UNetOptions = {}) {
    super();
    checkOptions("uNet", options, ["channels", "classes", "width", "depth", "padding"]);
    const { channels = 1, classes = 2, width = 64, depth = 4, padding = "same" } = options;
    for (const [name, size] of Object.entries({ channels, classes, width, depth })) {
      requireCount("uNet", name, size);
    }
    if (padding !== "same" && padding !== "valid") {
      throw new ArgumentError(`uNet: padding is "same" or "valid", got ${describeValue(padding)}`);
    }
    const pair = (inputs: number, outputs: number): Sequential => {
      const layers = [conv2d(inputs, outputs, 3, { padding }), conv2d(outputs, outputs, 3, { padding })];
      for (const layer of layers) {
        kaimingNormal(layer.weight);
        if (layer.bias !== null) zeros(layer.bias);
      }
      return sequential(layers[0]!, relu(), layers[1]!, relu());
    };
    const widths = Array.from({ length: depth }, (_, level) => width * 2 ** level);
    const rising = [...widths].reverse();
    this.padding = padding;
    this.encoders = widths.map((maps, level) => pair(level === 0 ? channels : maps / 2, maps));
    this.pool = maxPool2d(2);
    this.bottom = pair(width * 2 ** (depth - 1), width * 2 ** depth);
    this.ups = rising.map((maps) => convTranspose2d(2 * maps, maps, 2, { stride: 2 }));
    this.decoders = rising.map((maps) => pair(2 * maps, maps));
    this.output = conv2d(width, classes, 1);
  }

  forward(x: Tensor): Tensor {
    this.checkSize(x);
    const bridges: Tensor[] = [];
    let maps = x;
    for (const encoder of this.encoders) {
      const level = encoder(maps);
      bridges.push(level);
      maps = this.pool(level);
    }
    maps = this.bottom(maps);
    for (const [level, up] of this.ups.entries()) {
      const grown = up(maps);
      const bridge = crop(bridges.pop()!, grown.shape[2]!, grown.shape[3]!);
      maps = this.decoders[level]!(concat([bridge, grown], 1));
    }
    return this.output(maps);
  }

  /** Each halving must come out even, or the bridges would not meet maps of their size. */
  private checkSize(x: Tensor): void {
    requireImages(x, null);
    const depth = this.encoders.length;
    for (const size of x.shape.slice(2)) {
      let left = size;
      for (let level = 0; level < depth; level++) {
        if (this.padding === "valid") left -= 4;
        if (left < 2 || left % 2 !== 0) {
          const remedy =
            this.padding === "same"
              ? `pad or crop the images to multiples of ${2 ** depth}`
              : 'sizes such as 572 fit, or use padding: "same"';
          throw new ShapeError(
            `height and width must halve evenly ${depth} times; at level ${level + 1} a size of ${size} has become ${left}: ${remedy}`,
          );
        }
        left /= 2;
      }
      if (this.padding === "valid" && left < 5) {
        throw new ShapeError(`images of ${size} are too small for ${depth} levels without padding`);
      }
    }
  }

  override details(): string {
    return `${this.encoders.length} levels, padding ${this.padding}`;
  }
}

function crop(maps: Tensor, height: number, width: number): Tensor {
  const [, , tall, wide] = maps.shape as readonly [number, number, number, number];
  if (tall === height && wide === width) return maps;
  const [top, left] = [Math.floor((tall - height) / 2), Math.floor((wide - width) / 2)];
  return maps.slice([null, null, [top, top + height], [left, left + width]]);
}

/**
 * U-Net with the paper's sizes, 64 to 1024 maps, 31,030,658 parameters: `[N, 1, H, W] → [N, 2, H, W]` logits for each pixel,
 * H and W multiples of 16. With `padding: "valid"` it is the paper's in every detail: 572×572 becomes 388×388. With as many
 * `classes` as channels it denoises, colours or fills in images. Ronneberger, Fischer & Brox 2015; lecture step 003.71.
 *
 * @example
 * const model = models.uNetSmall({ classes: 4 })
 * nn.crossEntropy(model(images), masks)   // masks: a class for each pixel, [N, H, W]
 */
export function uNet(options: UNetOptions = {}): UNet {
  return new UNet(options);
}

/** U-Net with 8 to 32 maps and two halvings, 29,330 parameters: trains in seconds on images of 32×32; see {@link uNet}. */
export function uNetSmall(options: Omit<UNetOptions, "width" | "depth"> = {}): UNet {
  checkOptions("uNetSmall", options, ["channels", "classes", "padding"]);
  return new UNet({ ...options, width: 8, depth: 2 });
}
