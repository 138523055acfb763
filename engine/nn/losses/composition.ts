// Sums of losses: several tasks, or a loss and a penalty on the weights.

import { ArgumentError, describeValue, ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { type AnyModule, Module } from "../module.ts";
import { describeInput, requireTensor } from "../requireTensor.ts";

/**
 * The loss of several tasks at once: `Σᵢ λᵢ·Lᵢ`, by default all λᵢ = 1. Lecture step 003.68. Throws a ShapeError for
 * a loss that is not one number, an ArgumentError for weights below 0 or not one for each.
 *
 * @example
 * nn.multiTask([nn.crossEntropy(logits, labels), nn.mse(corners, boxes)], [1, 0.5]).backward()
 */
export function multiTask(losses: readonly Tensor[], weights?: readonly number[]): Tensor {
  if (!Array.isArray(losses) || losses.length === 0) {
    throw new ArgumentError(`multiTask: losses must be an array of Tensors, got ${describeInput(losses)}`);
  }
  const factors = weights ?? losses.map(() => 1);
  if (factors.length !== losses.length) {
    throw new ArgumentError(
      `multiTask: ${losses.length} losses need ${losses.length} weights, got ${factors.length}`,
    );
  }
  const terms = losses.map((loss, i) => {
    requireTensor("multiTask", `loss ${i}`, loss);
    const factor = factors[i]!;
    if (loss.size !== 1) {
      throw new ShapeError(
        `multiTask: loss ${i} must be one number, got ${describeInput(loss)}; use reduction "mean"`,
      );
    }
    if (!(typeof factor === "number" && factor >= 0 && Number.isFinite(factor))) {
      throw new ArgumentError(`multiTask: weight ${i} must be a number ≥ 0, got ${describeValue(factor)}`);
    }
    const single = loss.ndim === 0 ? loss : loss.reshape([]);
    return factor === 1 ? single : single.mul(factor);
  });
  return terms.reduce((sum, term) => sum.add(term));
}

/** The weights: what has at least two dimensions. Biases and the scales of normalisation are not held down. */
function weightsOf(operation: string, model: AnyModule | readonly Tensor[]): Tensor[] {
  const input: unknown = model;
  if (!(input instanceof Module || Array.isArray(input))) {
    throw new ArgumentError(
      `${operation}: expected a model or an array of Tensors, got ${describeInput(input)}`,
    );
  }
  const tensors = model instanceof Module ? model.parameters().filter(({ ndim }) => ndim >= 2) : [...model];
  if (tensors.length === 0) throw new ArgumentError(`${operation}: there are no weights`);
  tensors.forEach((tensor, i) => {
    requireTensor(operation, `tensor ${i}`, tensor);
  });
  return tensors;
}

/**
 * The L2 penalty `½ Σ θ²` of a model's weights (not of biases and other vectors), or of the tensors given. Lecture step
 * 003.66; Krogh & Hertz 1992. With plain SGD the same as `weightDecay` on those weights. Throws an ArgumentError
 * where there are no weights.
 *
 * @example
 * nn.crossEntropy(model(x), y).add(nn.l2Penalty(model).mul(1e-4)).backward()
 */
export function l2Penalty(model: AnyModule | readonly Tensor[]): Tensor {
  return weightsOf("l2Penalty", model)
    .map((tensor) => tensor.square().sum())
    .reduce((sum, term) => sum.add(term))
    .mul(0.5);
}

/**
 * The L1 penalty `Σ |θ|` of a model's weights (not of biases and other vectors), or of the tensors given: drives weights to
 * 0 itself; its gradient is the sign, 0 at 0. Lecture step 003.66. Throws an ArgumentError where there are no
 * weights.
 *
 * @example
 * nn.crossEntropy(model(x), y).add(nn.l1Penalty(model).mul(1e-4)).backward()
 */
export function l1Penalty(model: AnyModule | readonly Tensor[]): Tensor {
  return weightsOf("l1Penalty", model)
    .map((tensor) => tensor.abs().sum())
    .reduce((sum, term) => sum.add(term));
}
