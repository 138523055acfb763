/** What explanations of one image have in common: they carry the image, so that they can be drawn over it. */

import type { Tensor } from "../tensor.ts";

/** What the score of a class rests on in an image, pixel by pixel: what `saliency`, `occlusion`, `cam` and others find. */
export class Attribution {
  /** How it was found: `"saliency"`, `"Grad-CAM"`. */
  readonly method: string;
  /** `[C, H, W]`: the image that is explained. */
  readonly image: Tensor;
  /** How much each place counts: `[H, W]`, or `[h, w]` in the size of a layer's maps. */
  readonly map: Tensor;
  /** The class that is explained. */
  readonly class: number;
  /** Its score. */
  readonly score: number;

  /** @internal Found by the functions of `inspection`. */
  constructor(found: Pick<Attribution, "method" | "image" | "map" | "class" | "score">) {
    this.method = found.method;
    this.image = found.image;
    this.map = found.map;
    this.class = found.class;
    this.score = found.score;
  }

  /** `Grad-CAM of class 3 (score 8.21): map [5, 5]`. */
  toString(): string {
    return `${this.method} of class ${this.class} (score ${Number(this.score.toPrecision(3))}): map [${this.map.shape.join(", ")}]`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** The image of a batch of one without its graph, `[C, H, W]`: what is explained. */
export function explained(x: Tensor): Tensor {
  return x.detach().select(0, 0).keep();
}
