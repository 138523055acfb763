// The context encoder: fill in the hole in the image.

import { zeros } from "../creation.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { relu } from "../nn/activation.ts";
import { requireCount } from "../nn/arguments.ts";
import { conv2d, convTranspose2d, requireImages } from "../nn/convolution.ts";
import { uniform } from "../nn/init.ts";
import { Module, type Parameter, parameter } from "../nn/module.ts";
import { batchNorm2d } from "../nn/normalization.ts";
import { requireTensor } from "../nn/requireTensor.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { where } from "../ops/elementwise.ts";
import { checkOptions } from "../options.ts";
import { defaultGenerator, type Generator } from "../random.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

/** Options of `contextEncoder`. */
export interface ContextEncoderOptions {
  /** Channels of the images (default 1). */
  readonly channels?: number;
  /** Height and width of the images, a multiple of 2 for each width (default 28). */
  readonly imageSize?: number;
  /** Maps after each halving (default [16, 32]). */
  readonly widths?: readonly number[];
}

/** Fully connected within each channel: every place of a map sees every place of the same map. */
export class ChannelwiseLinear extends Module {
  /** `[channels, places, places]` */
  weight: Parameter;
  readonly channels: number;
  readonly places: number;

  constructor(channels: number, places: number) {
    super();
    this.channels = channels;
    this.places = places;
    const bound = 1 / Math.sqrt(places);
    this.weight = uniform(parameter(zeros([channels, places, places])), { low: -bound, high: bound }).named(
      "weight",
    );
  }

  forward(x: Tensor): Tensor {
    const { channels, places } = this;
    requireImages(x, channels);
    if (x.shape[2]! * x.shape[3]! !== places) {
      throw new ShapeError(`expected maps of ${places} places, got ${describeShape(x.shape)}`);
    }
    const perChannel = x.flatten(2).permute([1, 0, 2]);
    return perChannel.matmul(this.weight).permute([1, 0, 2]).reshape(x.shape);
  }

  override details(): string {
    return `${this.channels} channels of ${this.places} places`;
  }
}

/** See {@link contextEncoder}. */
export class ContextEncoder extends Module {
  readonly encoder: Sequential;
  readonly bridge: ChannelwiseLinear;
  readonly decoder: Sequential;

  constructor(options: ContextEncoderOptions = {}) {
    super();
    checkOptions("contextEncoder", options, ["channels", "imageSize", "widths"]);
    const { channels = 1, imageSize = 28, widths = [16, 32] } = options;
    requireCount("contextEncoder", "channels", channels);
    requireCount("contextEncoder", "imageSize", imageSize);
    if (!Array.isArray(widths) || widths.length === 0 || imageSize % 2 ** widths.length !== 0) {
      throw new ArgumentError(
        `contextEncoder: imageSize must be a multiple of 2 for each of the widths, such as 28 for [16, 32]; got ${imageSize} for ${JSON.stringify(widths)}`,
      );
    }
    const seen = [channels, ...widths];
    const down = widths.flatMap((width, i) => [
      conv2d(seen[i]!, width, 4, { stride: 2, padding: 1, bias: false }),
      batchNorm2d(width),
      relu(),
    ]);
    const up = [...widths.keys()].reverse().flatMap((i) => {
      const layer = convTranspose2d(widths[i]!, seen[i]!, 4, { stride: 2, padding: 1, bias: i === 0 });
      return i === 0 ? [layer] : [layer, batchNorm2d(seen[i]!), relu()];
    });
    this.encoder = sequential(...down);
    this.bridge = new ChannelwiseLinear(widths.at(-1)!, (imageSize / 2 ** widths.length) ** 2);
    this.decoder = sequential(...up);
  }

  forward(x: Tensor): Tensor {
    return this.decoder(this.bridge(this.encoder(x)).relu());
  }
}

/**
 * An encoder that halves, a layer that connects all places of each map (so that the hole sees the whole image), a decoder that
 * doubles: `[N, C, H, W] → [N, C, H, W]`. It learns what belongs into the hole from what is around it, without labels; its
 * loss counts in the hole only. After Pathak et al. 2016, in small and without their adversarial loss; lecture step 003.93.
 *
 * @example
 * const { images: seen, mask } = models.punchHoles(images)
 * nn.mse(model(seen).mul(mask), images.mul(mask)).backward()
 */
export function contextEncoder(options: ContextEncoderOptions = {}): ContextEncoder {
  return new ContextEncoder(options);
}

/** Options of `punchHoles`. */
export interface HoleOptions {
  /** Height and width of the hole (default half the image's). */
  readonly size?: number;
  /** Where: in the centre (the default), or anywhere, for each image anew. */
  readonly place?: "centre" | "random";
  /** What stands in the hole (default 0; the paper puts the mean of the images there). */
  readonly fill?: number;
  /** Where the places come from; the default generator (see `seed`) when absent. */
  readonly generator?: Generator;
}

/**
 * Images with a square hole, and the mask of it, 1 in the hole and 0 elsewhere: `[N, C, H, W] → images [N, C, H, W], mask [N, 1, H, W]`.
 *
 * @example
 * models.punchHoles(ones([2, 1, 28, 28])).mask   // [2, 1, 28, 28]
 */
export function punchHoles(
  images: Tensor,
  options: HoleOptions = {},
): { readonly images: Tensor; readonly mask: Tensor } {
  checkOptions("punchHoles", options, ["size", "place", "fill", "generator"]);
  requireTensor("punchHoles", "images", images);
  requireImages(images, null);
  const [samples, , height, width] = images.shape as readonly [number, number, number, number];
  const { size = Math.floor(Math.min(height, width) / 2), place = "centre", fill = 0 } = options;
  const { generator = defaultGenerator } = options;
  requireCount("punchHoles", "size", size);
  if (size > Math.min(height, width)) {
    throw new ArgumentError(`punchHoles: a hole of ${size} is larger than images of ${height}×${width}`);
  }
  return noGrad(() => {
    const mask = zeros([samples, 1, height, width]);
    const values = mask.storage.values();
    for (let n = 0; n < samples; n++) {
      const at = (length: number): number =>
        place === "random" ? generator.integer(length - size + 1) : Math.floor((length - size) / 2);
      const [top, left] = [at(height), at(width)];
      for (let row = top; row < top + size; row++) {
        values.fill(1, (n * height + row) * width + left, (n * height + row) * width + left + size);
      }
    }
    const inside = mask.equal(1).expand(images.shape);
    return { images: where(inside, fill, images).detach(), mask };
  });
}
