// A small convolutional encoder: what the pretext tasks train and a linear probe reads.

import { ArgumentError } from "../errors.ts";
import { relu } from "../nn/activation.ts";
import { requireCount } from "../nn/arguments.ts";
import { conv2d } from "../nn/convolution.ts";
import { kaimingNormal } from "../nn/init.ts";
import { Module } from "../nn/module.ts";
import { batchNorm2d } from "../nn/normalization.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";

/** Options of `convEncoder`. */
export interface ConvEncoderOptions {
  /** Channels of the images (default 1). */
  readonly channels?: number;
  /** Maps of the 3×3 convolutions, each with stride 2, batch norm and ReLU (default [16, 32, 64]). */
  readonly widths?: readonly number[];
}

/** See {@link convEncoder}. */
export class ConvEncoder extends Module {
  readonly layers: Sequential;
  /** How many features an image becomes. */
  readonly features: number;

  constructor(options: ConvEncoderOptions = {}) {
    super();
    checkOptions("convEncoder", options, ["channels", "widths"]);
    const { channels = 1, widths = [16, 32, 64] } = options;
    requireCount("convEncoder", "channels", channels);
    if (!Array.isArray(widths) || widths.length === 0) {
      throw new ArgumentError("convEncoder: widths are the maps of each convolution, such as [16, 32, 64]");
    }
    const layers = widths.flatMap((width, i): Module[] => {
      const seen = i === 0 ? channels : widths[i - 1]!;
      const layer = conv2d(seen, width, 3, { stride: 2, padding: 1, bias: false });
      kaimingNormal(layer.weight);
      return [layer, batchNorm2d(width), relu()];
    });
    this.layers = sequential(...layers);
    this.features = widths.at(-1)!;
  }

  forward(x: Tensor): Tensor {
    return this.layers(x).mean([2, 3]);
  }
}

/**
 * A small convolutional encoder, `[N, C, H, W] → [N, features]` for images of any size: convolutions with stride 2, then the
 * mean of each map; 23,408 parameters and 64 features by default. For {@link contrastiveEncoder} and
 * {@link rotationClassifier}; afterwards a linear probe or fine-tuning shows what it learned (lecture step 003.91).
 *
 * @example
 * const probe = nn.sequential(encoder, nn.linear(encoder.features, 10))
 */
export function convEncoder(options: ConvEncoderOptions = {}): ConvEncoder {
  return new ConvEncoder(options);
}

/** What turns images into feature vectors: an encoder of {@link convEncoder}'s kind, or any module and its feature count. */
export type Encoder = Module & { readonly features: number };
