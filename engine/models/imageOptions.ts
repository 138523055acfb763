// The options that every classifier of images has, and their checks.

import { ArgumentError } from "../errors.ts";
import { requireCount } from "../nn/arguments.ts";
import { checkNames } from "../options.ts";

/** The images that a network takes and the classes it tells apart. */
export interface ImageOptions {
  /** Channels of the images: 3 for colour, 1 for grey. */
  readonly channels?: number;
  /** How many classes, each with a logit. */
  readonly classes?: number;
  /** Height and width of the images. */
  readonly imageSize?: number;
}

/**
 * Fills in a model's own sizes and checks what was given; `least` is the smallest image that its layers can shrink. A model
 * that takes images of any size has no `imageSize` of its own.
 */
export function imageOptions<Own extends ImageOptions>(
  operation: string,
  options: Partial<Own>,
  own: Own,
  least: number = 1,
): Own {
  checkNames(operation, options, Object.keys(own));
  const filled = { ...own, ...options };
  const sizes: readonly [string, number][] = Object.entries(filled);
  for (const [name, size] of sizes) requireCount(operation, name, size);
  if (filled.imageSize !== undefined && filled.imageSize < least) {
    throw new ArgumentError(
      `${operation}: imageSize must be at least ${least}, since its layers shrink the maps; got ${filled.imageSize}`,
    );
  }
  return filled;
}
