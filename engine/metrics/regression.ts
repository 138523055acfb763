// How near predicted numbers come, as plain numbers.

import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import { read, requirePairs, type Values } from "./values.ts";

/**
 * Mean squared error `(1/n) Σ (ŷ − y)²` over all n elements, as a number; the loss is `nn.mse`. Lecture step 003.9.
 * Throws a ShapeError when the shapes differ.
 *
 * @example
 * metrics.mse(tensor([1, 2]), tensor([1, 4]))   // 2
 */
export function mse(predictions: Values, targets: Values): number {
  return meanOver("mse", predictions, targets, (difference) => difference * difference);
}

/**
 * Mean absolute error `(1/n) Σ |ŷ − y|` over all n elements. Lecture step 003.9. Throws a ShapeError when the shapes
 * differ.
 *
 * @example
 * metrics.mae(tensor([1, 2]), tensor([1, 4]))   // 1
 */
export function mae(predictions: Values, targets: Values): number {
  return meanOver("mae", predictions, targets, Math.abs);
}

function meanOver(
  operation: string,
  predictions: Values,
  targets: Values,
  cost: (difference: number) => number,
): number {
  const predicted = read(operation, "predictions", predictions);
  const actual = read(operation, "targets", targets);
  if (predicted.shape.join() !== actual.shape.join()) {
    throw new ShapeError(
      `${operation}: predictions ${describeShape(predicted.shape)} and targets ${describeShape(actual.shape)} must have one shape`,
    );
  }
  requirePairs(operation, predicted.values.length, actual.values.length);
  let sum = 0;
  for (let i = 0; i < actual.values.length; i++) sum += cost(predicted.values[i]! - actual.values[i]!);
  return sum / actual.values.length;
}

/**
 * Peak signal-to-noise ratio of an image in decibels: `10·log₁₀(peak² / mse)`; 20 dB is coarse, 40 dB hard to tell from the
 * original, ∞ the same. `peak` is the largest value a pixel can have (default 1). Throws a ShapeError when the shapes
 * differ, an ArgumentError for a peak that is not > 0.
 *
 * @example
 * metrics.psnr(denoised, clean)
 */
export function psnr(image: Values, reference: Values, options: { readonly peak?: number } = {}): number {
  checkOptions("psnr", options, ["peak"]);
  const { peak = 1 } = options;
  if (!(typeof peak === "number" && peak > 0))
    throw new ArgumentError(`psnr: peak must be a number > 0, got ${describeValue(peak)}`);
  const error = meanOver("psnr", image, reference, (difference) => difference * difference);
  return 10 * Math.log10((peak * peak) / error);
}
