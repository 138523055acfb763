// The encoder of contrastive learning: features, and a projection of them in which views are compared.

import { ArgumentError, describeValue } from "../errors.ts";
import { relu } from "../nn/activation.ts";
import { requireCount } from "../nn/arguments.ts";
import { linear } from "../nn/linear.ts";
import { Module, requireModule } from "../nn/module.ts";
import { type Sequential, sequential } from "../nn/sequential.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { convEncoder, type Encoder } from "./convEncoder.ts";

/** Options of `contrastiveEncoder`. */
export interface ContrastiveEncoderOptions {
  /** From images to features (default `models.convEncoder()`). */
  readonly encoder?: Encoder;
  /** Dimensions in which views are compared (default 32; the paper's 128). */
  readonly projection?: number;
}

/** See {@link contrastiveEncoder}. */
export class ContrastiveEncoder extends Module {
  readonly encoder: Encoder;
  readonly projection: Sequential;

  constructor(options: ContrastiveEncoderOptions = {}) {
    super();
    checkOptions("contrastiveEncoder", options, ["encoder", "projection"]);
    const { encoder = convEncoder(), projection = 32 } = options;
    requireModule("contrastiveEncoder", "the encoder", encoder);
    const features = requireFeatures("contrastiveEncoder", encoder);
    requireCount("contrastiveEncoder", "projection", projection);
    this.encoder = encoder;
    this.projection = sequential(linear(features, features), relu(), linear(features, projection));
  }

  /** Where views are compared: `[N, C, H, W] → [N, projection]`. For other tasks take `model.encoder(images)`. */
  forward(x: Tensor): Tensor {
    return this.projection(this.encoder(x));
  }
}

/** The number of features that an encoder says it gives. */
export function requireFeatures(operation: string, { features }: Encoder): number {
  if (Number.isInteger(features) && features >= 1) return features;
  throw new ArgumentError(
    `${operation}: the encoder needs a field \`features\`, the number of features that it gives; got ${describeValue(features)}`,
  );
}

/**
 * SimCLR's network: an encoder `h = f(x)` and a projection head of two layers `z = g(h)`: `[N, C, H, W] → [N, projection]`. Two
 * random views of the same images are to agree and to differ from those of other images, `nn.ntXent(model(a), model(b))`.
 * Afterwards the head is thrown away. Chen, Kornblith, Norouzi & Hinton 2020 (there f is ResNet-50); lecture step 003.94.
 *
 * @example
 * const model = models.contrastiveEncoder()
 * nn.ntXent(model(augment(images)), model(augment(images)), { temperature: 0.5 }).backward()
 */
export function contrastiveEncoder(options: ContrastiveEncoderOptions = {}): ContrastiveEncoder {
  return new ContrastiveEncoder(options);
}
