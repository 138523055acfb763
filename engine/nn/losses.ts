// Losses: plain functions of predictions and targets that return a Tensor to call backward() on.

import { ArgumentError, ShapeError } from "../errors.ts";
import { describeShape, sameShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { requireTensor } from "./requireTensor.ts";

/** What becomes of the losses of the single samples (or elements): their mean, their sum, or nothing. */
export type Reduction = "mean" | "sum" | "none";

export interface LossOptions {
  readonly reduction?: Reduction;
}

/** A loss as `fit` and `evaluate` take it. */
export type Loss = (prediction: Tensor, target: Tensor) => Tensor;

function reduce(losses: Tensor, { reduction = "mean" }: LossOptions, operation: string): Tensor {
  if (reduction === "mean") return losses.mean();
  if (reduction === "sum") return losses.sum();
  if (reduction === "none") return losses;
  throw new ArgumentError(
    `${operation}: reduction is "mean", "sum" or "none", got ${JSON.stringify(reduction)}`,
  );
}

/**
 * Mean squared error: `(1/n) Σ (prediction − target)²` over all n elements; both of one shape.
 *
 * Throws a ShapeError when the shapes differ: `[N, 1]` and `[N]` would broadcast to `[N, N]` and train the wrong thing.
 *
 *     const loss = nn.mse(model(x), y)
 *     loss.backward()
 */
export function mse(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  requireTensor("mse", "prediction", prediction);
  requireTensor("mse", "target", target);
  requireSameShape("mse", prediction, target);
  return reduce(prediction.sub(target.to(prediction.dtype)).square(), options, "mse");
}

/**
 * Cross-entropy of logits and classes: `−log softmax(logits)[label]`, its mean over the samples.
 *
 * `logits` are `[N, C]` (or `[N, C, …]`), straight from the last linear layer: softmax is inside. `target` is either the
 * class numbers `[N]` (or `[N, …]`), each 0 to C − 1, or a probability for each class, `[N, C]` like the logits (one-hot
 * rows, smoothed labels): `−Σ_k target_k · log softmax(logits)_k`. Lecture steps 000.43 and 003.54.
 *
 *     const loss = nn.crossEntropy(model(images), labels)
 *     loss.backward()
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  requireTensor("crossEntropy", "logits", logits);
  requireTensor("crossEntropy", "target", target);
  if (logits.ndim < 2) {
    throw new ShapeError(
      `crossEntropy: logits must be [N, C], got ${describeShape(logits.shape)}; for one sample: logits.unsqueeze(0)`,
    );
  }
  if (logits.op === "softmax") {
    throw new ArgumentError(
      "crossEntropy: the logits came out of a softmax, which is inside crossEntropy already; leave the softmax out of the model (apply it for display only)",
    );
  }
  const logProbabilities = logits.logSoftmax(1);
  if (target.ndim === logits.ndim) {
    requireProbabilities(logits, target);
    return reduce(logProbabilities.mul(target.to(logits.dtype)).sum(1).neg(), options, "crossEntropy");
  }
  requireLabels(logits, target);
  const picked = logProbabilities.gather(1, target.to("int32").unsqueeze(1));
  return reduce(picked.squeeze(1).neg(), options, "crossEntropy");
}

/**
 * Binary cross-entropy of logits: `−[t·log σ(x) + (1 − t)·log(1 − σ(x))]`, computed as `softplus(x) − t·x`, which
 * overflows for no x. One logit per yes-or-no question, targets 0 to 1, both of one shape; the mean over all elements.
 *
 *     const loss = nn.bceWithLogits(model(x).squeeze(1), isCat)
 */
export function bceWithLogits(logits: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  requireTensor("bceWithLogits", "logits", logits);
  requireTensor("bceWithLogits", "targets", targets);
  requireSameShape("bceWithLogits", logits, targets);
  if (logits.op === "sigmoid") {
    throw new ArgumentError(
      "bceWithLogits: the logits came out of a sigmoid, which is inside bceWithLogits already; leave the sigmoid out of the model",
    );
  }
  const values = targets.toTypedArray();
  const wrong = values.findIndex((value) => !(value >= 0 && value <= 1));
  if (wrong >= 0) {
    throw new ArgumentError(
      `bceWithLogits: targets are probabilities between 0 and 1, but number ${wrong} is ${values[wrong]}; for labels −1 and 1 use y.add(1).div(2)`,
    );
  }
  return reduce(logits.softplus().sub(logits.mul(targets.to(logits.dtype))), options, "bceWithLogits");
}

function requireSameShape(operation: string, prediction: Tensor, target: Tensor): void {
  if (sameShape(prediction.shape, target.shape)) return;
  const shapes = `${operation}: prediction ${describeShape(prediction.shape)} and target ${describeShape(target.shape)} must have one shape`;
  if (prediction.size === target.size) {
    throw new ShapeError(`${shapes}; target.reshape([${prediction.shape.join(", ")}]) fits`);
  }
  throw new ShapeError(`${shapes}; each prediction needs one target`);
}

function requireProbabilities(logits: Tensor, target: Tensor): void {
  if (!sameShape(logits.shape, target.shape)) {
    const labels = target.shape[1] === 1 ? "; class numbers have no second dimension: target.squeeze(1)" : "";
    throw new ShapeError(
      `crossEntropy: class probabilities must have the logits' shape ${describeShape(logits.shape)}, got ${describeShape(target.shape)}${labels}`,
    );
  }
  const values = target.toTypedArray();
  const classes = target.shape[1]!;
  const inner = target.size / (target.shape[0]! * classes) || 1;
  for (let row = 0; row < values.length / classes; row++) {
    const start = Math.floor(row / inner) * classes * inner + (row % inner);
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      const value = values[start + k * inner]!;
      if (!(value >= 0)) {
        throw new ArgumentError(
          `crossEntropy: class probabilities must be ≥ 0, but sample ${row} has ${value} for class ${k}`,
        );
      }
      sum += value;
    }
    if (Math.abs(sum - 1) > 1e-3) {
      throw new ArgumentError(
        `crossEntropy: the class probabilities of a sample sum to 1, but those of sample ${row} sum to ${Number(sum.toPrecision(6))}; a one-hot row has a single 1`,
      );
    }
  }
}

function requireLabels(logits: Tensor, labels: Tensor): void {
  const classes = logits.shape[1]!;
  const expected = [logits.shape[0]!, ...logits.shape.slice(2)];
  if (!sameShape(labels.shape, expected)) {
    const batch = labels.shape[0] !== expected[0] ? "; labels and images must come from one batch" : "";
    throw new ShapeError(
      `crossEntropy: logits ${describeShape(logits.shape)} need labels ${describeShape(expected)}, one class number each, got ${describeShape(labels.shape)}${batch}`,
    );
  }
  const values = labels.toTypedArray();
  const wrong = values.findIndex((value) => !(value >= 0 && value < classes && Number.isInteger(value)));
  if (wrong < 0) return;
  const value = values[wrong]!;
  const remedy = Number.isNaN(value)
    ? "look for missing labels in the data"
    : !Number.isInteger(value)
      ? "class numbers are whole; for probabilities pass one per class, [N, C]"
      : value === classes
        ? `are the classes counted from 1? Then use labels.sub(1); or give the last layer ${classes + 1} outputs`
        : value < 0
          ? "class numbers start at 0"
          : `give the last layer one output per class (at least ${value + 1})`;
  throw new ArgumentError(
    `crossEntropy: label ${wrong} is ${value}, but logits ${describeShape(logits.shape)} have the classes 0 to ${classes - 1}; ${remedy}`,
  );
}
