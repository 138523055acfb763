// The options that every classifier of images has, and their checks.

import { ArgumentError, describeValue } from "../errors.ts";
import { requireCount } from "../nn/arguments.ts";

/** The images that a network takes and the classes it tells apart. */
export interface ImageOptions {
  /** Channels of the images: 3 for colour, 1 for grey. */
  readonly channels?: number;
  /** How many classes, each with a logit. */
  readonly classes?: number;
  /** Height and width of the images. */
  readonly imageSize?: number;
}

/** Fills in a model's own sizes and checks what was given; `least` is the smallest image that its layers can shrink. */
export function imageOptions(
  operation: string,
  options: ImageOptions,
  own: Required<ImageOptions>,
  least: number,
): Required<ImageOptions> {
  if (typeof options !== "object" || options === null) {
    throw new ArgumentError(
      `${operation}: its options are one object, such as { classes: 10 }; got ${describeValue(options)}`,
    );
  }
  const filled = { ...own, ...options };
  for (const name of ["channels", "classes", "imageSize"] as const)
    requireCount(operation, name, filled[name]);
  if (filled.imageSize < least) {
    throw new ArgumentError(
      `${operation}: imageSize must be at least ${least}, since its layers shrink the maps; got ${filled.imageSize}`,
    );
  }
  return filled;
}
