// Larger feature maps without parameters.

import { ArgumentError, describeValue } from "../errors.ts";
import { upsample as upsampleOp } from "../ops/resampling.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { type Pair, requirePair } from "./arguments.ts";
import { requireImages } from "./convolution.ts";
import { Module } from "./module.ts";

/** Options of `upsample`. */
export interface UpsampleOptions {
  /** `"nearest"` repeats pixels (default), `"bilinear"` interpolates. */
  readonly mode?: "nearest" | "bilinear";
  /** For bilinear: the corners' centres stay where they are (default false: the image's edges do). */
  readonly alignCorners?: boolean;
  /** The new height and width, instead of a scale. */
  readonly size?: Pair;
}

/** See {@link upsample}. */
export class Upsample extends Module {
  readonly scale: number | null;
  readonly size: readonly [number, number] | null;
  readonly mode: "nearest" | "bilinear";
  readonly alignCorners: boolean;

  constructor(scale: number | null = null, options: UpsampleOptions = {}) {
    super();
    checkOptions("upsample", options, ["mode", "alignCorners", "size"]);
    const { mode = "nearest", alignCorners = false, size } = options;
    if ((scale === null) === (size === undefined)) {
      throw new ArgumentError(
        "upsample: give either a scale, nn.upsample(2), or a size, nn.upsample(null, { size: [28, 28] })",
      );
    }
    if (scale !== null && !(typeof scale === "number" && scale > 0)) {
      throw new ArgumentError(`upsample: scale must be a positive number, got ${describeValue(scale)}`);
    }
    if (mode !== "nearest" && mode !== "bilinear") {
      throw new ArgumentError(`upsample: mode must be "nearest" or "bilinear", got ${describeValue(mode)}`);
    }
    this.scale = scale;
    this.size = size === undefined ? null : requirePair("upsample", "size", size);
    this.mode = mode;
    this.alignCorners = alignCorners;
  }

  forward(x: Tensor): Tensor {
    requireImages(x, null);
    const { scale, size, mode, alignCorners } = this;
    return upsampleOp(x, {
      ...(scale === null ? {} : { scale }),
      ...(size === null ? {} : { size }),
      mode,
      alignCorners,
    });
  }

  override details(): string {
    const { scale, size, mode } = this;
    return `${size === null ? `×${scale}` : `to ${size[0]}×${size[1]}`}, ${mode}${this.alignCorners ? ", corners aligned" : ""}`;
  }
}

/**
 * Images in another size: `[N, C, H, W] → [N, C, ⌊H · scale⌋, ⌊W · scale⌋]`, pixels repeated (`"nearest"`) or interpolated (`"bilinear"`).
 * Without a scale: to the `size` of the options. Throws an ArgumentError unless there is either a scale or a size, a
 * ShapeError for what are no images.
 *
 * @example
 * nn.sequential(nn.upsample(2), nn.conv2d(64, 32, 3, { padding: 1 }))   // instead of a transposed convolution
 */
export function upsample(scale: number | null = null, options: UpsampleOptions = {}): Upsample {
  return new Upsample(scale, options);
}
