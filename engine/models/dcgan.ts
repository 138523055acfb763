// DCGAN: a generative adversarial network of convolutions, for images.

import { ArgumentError } from "../errors.ts";
import { leakyRelu, relu, tanh } from "../nn/activation.ts";
import { requireCount } from "../nn/arguments.ts";
import { Conv2d, ConvTranspose2d, conv2d, convTranspose2d } from "../nn/convolution.ts";
import { flatten } from "../nn/flatten.ts";
import { normal } from "../nn/init.ts";
import type { Module } from "../nn/module.ts";
import { BatchNorm2d, batchNorm2d } from "../nn/normalization.ts";
import { sequential } from "../nn/sequential.ts";
import { checkOptions } from "../options.ts";
import { Gan } from "./gan.ts";

/** Options of `dcgan` and `dcganSmall`. */
export interface DcganOptions {
  /** Channels of the images (default 3). */
  readonly channels?: number;
  /** Height and width of the images: 4 to 7 times a power of two (default 64). */
  readonly imageSize?: number;
  /** Dimensions of the noise (default 100). */
  readonly latents?: number;
  /** Maps at half the images' size, doubled at each halving (default 128, the paper's). */
  readonly width?: number;
}

/**
 * DCGAN with the paper's sizes: the generator, 12,658,432 parameters, from noise `[N, 100, 1, 1]` over 1024 maps of 4×4 to
 * images `[N, 3, 64, 64]` in −1 … 1; the discriminator, 11,036,160, back to one logit `[N, 1]`. No pooling, no fully connected
 * layers, batch norm except at both ends, ReLU up, leaky ReLU down, weights from N(0, 0.02²). With `width: 64` it is the net of
 * PyTorch's tutorial (3,576,704 and 2,765,568). Bring images into −1 … 1: `images.mul(2).sub(1)`. Radford, Metz & Chintala
 * 2015; lecture step 003.90. `models.dcganSmall()` trains in a minute.
 *
 * @example
 * const model = models.dcganSmall()
 * model.discriminatorLoss(images.mul(2).sub(1)).backward()
 */
export function dcgan(options: DcganOptions = {}): Gan {
  checkOptions("dcgan", options, ["channels", "imageSize", "latents", "width"]);
  const { channels = 3, imageSize = 64, latents = 100, width = 128 } = options;
  for (const [name, size] of Object.entries({ channels, imageSize, latents, width })) {
    requireCount("dcgan", name, size);
  }
  let start = imageSize;
  let levels = 0;
  while (start % 2 === 0 && start / 2 >= 4) {
    start /= 2;
    levels++;
  }
  if (levels === 0 || start > 7) {
    throw new ArgumentError(
      `dcgan: imageSize must be 4, 5, 6 or 7 times a power of two, such as 28, 32 or 64; got ${imageSize}`,
    );
  }
  const up: Module[] = [];
  const down: Module[] = [];
  for (let level = 0; level < levels; level++) {
    const maps = width * 2 ** (levels - 1 - level);
    up.push(
      level === 0
        ? convTranspose2d(latents, maps, start, { bias: false })
        : convTranspose2d(2 * maps, maps, 4, { stride: 2, padding: 1, bias: false }),
      batchNorm2d(maps),
      relu(),
    );
    const seen = width * 2 ** level;
    down.push(conv2d(level === 0 ? channels : seen / 2, seen, 4, { stride: 2, padding: 1, bias: false }));
    if (level > 0) down.push(batchNorm2d(seen));
    down.push(leakyRelu(0.2));
  }
  up.push(convTranspose2d(width, channels, 4, { stride: 2, padding: 1, bias: false }), tanh());
  down.push(conv2d(width * 2 ** (levels - 1), 1, start, { bias: false }), flatten());
  for (const layer of [...up, ...down]) {
    if (layer instanceof Conv2d || layer instanceof ConvTranspose2d) normal(layer.weight, { std: 0.02 });
    else if (layer instanceof BatchNorm2d && layer.weight !== null)
      normal(layer.weight, { mean: 1, std: 0.02 });
  }
  return new Gan(sequential(...up), sequential(...down), [latents, 1, 1]);
}

/** DCGAN for grey images of 28×28, with 16 maps and noise of 16 dimensions; see {@link dcgan}. */
export function dcganSmall(options: DcganOptions = {}): Gan {
  checkOptions("dcganSmall", options, ["channels", "imageSize", "latents", "width"]);
  return dcgan({ channels: 1, imageSize: 28, latents: 16, width: 16, ...options });
}
