// The rotation pretext: by how much was this image turned?

import { tensor } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { requireImages } from "../nn/convolution.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { Module, requireModule } from "../nn/module.ts";
import { requireTensor } from "../nn/requireTensor.ts";
import { concat, flip } from "../ops/movement.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { requireFeatures } from "./contrastiveEncoder.ts";
import { convEncoder, type Encoder } from "./convEncoder.ts";

/** See {@link rotationClassifier}. */
export class RotationClassifier extends Module {
  readonly encoder: Encoder;
  readonly output: Linear;

  constructor(encoder: Encoder = convEncoder()) {
    super();
    requireModule("rotationClassifier", "the encoder", encoder);
    this.encoder = encoder;
    this.output = linear(requireFeatures("rotationClassifier", encoder), 4);
  }

  forward(x: Tensor): Tensor {
    return this.output(this.encoder(x));
  }
}

/**
 * An encoder with a head of four classes for {@link rotations}: `[N, C, H, W] → [N, 4]` logits. To tell by how much an image
 * was turned, the encoder must know what things look like upright; no labels are needed. Gidaris, Singh & Komodakis 2018;
 * lecture step 003.93.
 *
 * @example
 * const encoder = models.convEncoder(), model = models.rotationClassifier(encoder)
 * const turned = models.rotations(images)
 * nn.crossEntropy(model(turned.images), turned.labels).backward()
 */
export function rotationClassifier(encoder?: Encoder): RotationClassifier {
  return new RotationClassifier(encoder);
}

/**
 * Every image turned anticlockwise by 0°, 90°, 180° and 270°: `[N, C, H, H] → images [4N, C, H, H]`, first all unturned, and
 * `labels [4N]`, 0 to 3. Throws a ShapeError for images that are not square.
 *
 * @example
 * models.rotations(zeros([2, 1, 28, 28])).images   // [8, 1, 28, 28]
 */
export function rotations(images: Tensor): { readonly images: Tensor; readonly labels: Tensor } {
  requireTensor("rotations", "images", images);
  requireImages(images, null);
  const [samples, , height, width] = images.shape as readonly [number, number, number, number];
  if (height !== width) {
    throw new ShapeError(
      `rotations: turned by 90° only square images keep their shape, got ${describeShape(images.shape)}; crop or pad them`,
    );
  }
  return noGrad(() => {
    const quarter = flip(images.transpose(2, 3), 2);
    const half = flip(images, [2, 3]);
    const three = flip(images.transpose(2, 3), 3);
    const labels = Int32Array.from({ length: 4 * samples }, (_, i) => Math.floor(i / samples));
    return { images: concat([images, quarter, half, three], 0).detach(), labels: tensor(labels) };
  });
}
