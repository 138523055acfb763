/** Which part of the image a class needs: a patch is moved over it, and the score watched. */

import { tensor } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { checkInterrupt } from "../interrupt.ts";
import { withScope } from "../memory.ts";
import { inEvaluation } from "../nn/evaluation.ts";
import type { Module } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { Attribution, explained } from "./attribution.ts";
import { checkModel, chooseClass, oneImage } from "./observe.ts";

/** Options of `occlusion`. */
export interface OcclusionOptions {
  /** The class whose score is watched; the one with the largest unless told. */
  readonly class?: number;
  /** Height and width of the patch in pixels, 5 unless told. */
  readonly size?: number;
  /** How far the patch moves, 2 unless told. */
  readonly stride?: number;
  /** What the patch holds: the mean of the image unless told. */
  readonly value?: number;
}

/**
 * What `occlusion` finds. Its `map`, `[H, W]`: by how much the score falls, as a mean over the patches that hide the pixel; 0 where
 * none does. Its `score`: that of the whole image.
 */
export class Occlusion extends Attribution {}

/** Images in one run of the model. */
const together = 32;

/**
 * How much the score of a class falls when a patch hides each part of the image. Slow but honest: it asks the network itself,
 * not its gradient. Zeiler & Fergus 2013, section 4.2.
 *
 * @throws ArgumentError for a patch larger than the image, or a stride that is no whole number.
 * @example
 * const { map } = inspection.occlusion(model, image, { size: 7 });   // [H, W]
 */
export function occlusion(model: Module, image: Tensor, options: OcclusionOptions = {}): Occlusion {
  checkOptions("occlusion", options, ["class", "size", "stride", "value"]);
  checkModel("occlusion", model);
  const x = oneImage("occlusion", image).detach();
  const { size = 5, stride = 2 } = options;
  const [, channels, height, width] = x.shape as readonly [number, number, number, number];
  for (const [name, value] of Object.entries({ size, stride }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new ArgumentError(
        `occlusion: ${name} must be a whole number of pixels from 1 on; got ${describeValue(value)}`,
      );
  if (size > Math.min(height, width))
    throw new ArgumentError(`occlusion: a patch of ${size} hides the whole image of ${height} × ${width}`);
  const pixels = Array.from(x.toTypedArray());
  if (options.value !== undefined && !Number.isFinite(options.value))
    throw new ArgumentError(
      `occlusion: value must be a number, what the patch holds; got ${describeValue(options.value)}`,
    );
  const value = options.value ?? pixels.reduce((sum, one) => sum + one, 0) / pixels.length;
  const places = starts(height, size, stride).flatMap((top) =>
    starts(width, size, stride).map((left) => ({ top, left })),
  );
  return inEvaluation(model, () =>
    noGrad(() => {
      const whole = model(x);
      const chosen = chooseClass("occlusion", whole, options.class);
      const score = whole.select(1, chosen).sum().item();
      const [sums, counts] = [new Float64Array(height * width), new Float64Array(height * width)];
      const covered = function* (top: number, left: number) {
        for (let y = top; y < top + size; y++) for (let i = 0; i < size; i++) yield y * width + left + i;
      };
      for (let first = 0; first < places.length; first += together) {
        checkInterrupt();
        const part = places.slice(first, first + together);
        const hidden = new Float32Array(part.length * pixels.length);
        part.forEach(({ top, left }, k) => {
          hidden.set(pixels, k * pixels.length);
          for (let c = 0; c < channels; c++)
            for (const i of covered(top, left)) hidden[(k * channels + c) * height * width + i] = value;
        });
        const scores = withScope(() =>
          model(tensor(hidden, { shape: [part.length, channels, height, width] }))
            .select(1, chosen)
            .toTypedArray(),
        );
        part.forEach(({ top, left }, k) => {
          for (const i of covered(top, left)) {
            sums[i]! += score - scores[k]!;
            counts[i]!++;
          }
        });
      }
      const falls = Float32Array.from(sums, (sum, i) => (counts[i] === 0 ? 0 : sum / counts[i]!));
      return new Occlusion({
        method: "occlusion",
        image: explained(x),
        map: tensor(falls, { shape: [height, width] }).keep(),
        class: chosen,
        score,
      });
    }),
  );
}

/** Where patches begin along a side; the last one ends where the image does. */
function starts(length: number, size: number, stride: number): number[] {
  const found = Array.from({ length: Math.floor((length - size) / stride) + 1 }, (_, i) => i * stride);
  if (found.at(-1)! + size < length) found.push(length - size);
  return found;
}
