// What all losses share: what becomes of the losses of single samples, and checks of their operands.

import { ArgumentError, ShapeError } from "../../errors.ts";
import { describeShape, sameShape } from "../../shapes.ts";
import type { Tensor } from "../../tensor.ts";
import { requireTensor } from "../requireTensor.ts";

/** What becomes of the losses of the single samples (or elements): their mean, their sum, or nothing. */
export type Reduction = "mean" | "sum" | "none";

/** Options that every loss has. */
export interface LossOptions {
  /** "mean" (the default), "sum", or "none": the losses one by one. */
  readonly reduction?: Reduction;
}

/** A loss as `fit` and `evaluate` take it. */
export type Loss = (prediction: Tensor, target: Tensor) => Tensor;

/** Throws a ShapeError for the mean of nothing, which would be NaN and spoil every weight. */
export function reduce(
  losses: Tensor,
  { reduction = "mean" }: LossOptions,
  operation: string,
  count: Tensor | number = losses.size,
): Tensor {
  if (reduction === "mean" && losses.size === 0)
    throw new ShapeError(
      `${operation}: there are no samples to take the mean of; leave empty batches out, or use reduction "sum", which gives 0`,
    );
  if (reduction === "mean") return count === losses.size ? losses.mean() : losses.sum().div(count);
  if (reduction === "sum") return losses.sum();
  if (reduction === "none") return losses;
  throw new ArgumentError(
    `${operation}: reduction is "mean", "sum" or "none", got ${JSON.stringify(reduction)}`,
  );
}

/** Both as tensors of one shape, the target in the prediction's dtype. */
export function pairOf(
  operation: string,
  prediction: Tensor,
  target: Tensor,
  roles: readonly [string, string] = ["prediction", "target"],
): [Tensor, Tensor] {
  requireTensor(operation, roles[0], prediction);
  requireTensor(operation, roles[1], target);
  if (!sameShape(prediction.shape, target.shape)) {
    const shapes = `${operation}: ${roles[0]} ${describeShape(prediction.shape)} and ${roles[1]} ${describeShape(target.shape)} must have one shape`;
    throw new ShapeError(
      prediction.size === target.size
        ? `${shapes}; ${roles[1]}.reshape([${prediction.shape.join(", ")}]) fits`
        : `${shapes}; each ${roles[0]} needs one ${roles[1]}`,
    );
  }
  return [prediction, target.to(prediction.dtype)];
}

/** The sum over everything that belongs to one sample: `[N, …]` to `[N]`. */
export function perSample(x: Tensor): Tensor {
  return x.ndim <= 1 ? x : x.flatten(1).sum(1);
}

/** Refuses the first value that is not `fine`. */
export function requireValues(
  x: Tensor,
  fine: (value: number) => boolean,
  problem: (index: number, value: number) => string,
): void {
  const values = x.toTypedArray();
  const wrong = values.findIndex((value) => !fine(value));
  if (wrong >= 0) throw new ArgumentError(problem(wrong, values[wrong]!));
}
