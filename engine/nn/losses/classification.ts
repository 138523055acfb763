// Losses of classes and probabilities: plain functions of predictions and targets that return a Tensor to call backward() on.

import { withBackend } from "../../backend/current.ts";
import { tensor } from "../../creation.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { crossEntropyOf } from "../../ops/crossEntropy.ts";
import { where } from "../../ops/index.ts";
import { checkOptions } from "../../options.ts";
import { describeShape, sameShape } from "../../shapes.ts";
import { Tensor } from "../../tensor.ts";
import { describeInput, requireTensor } from "../requireTensor.ts";
import { type LossOptions, pairOf, perSample, reduce, requireValues } from "./reduction.ts";

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions extends LossOptions {
  /** How much each class counts, `[C]`: for classes of which there are few. The mean divides by the weights used. */
  readonly weight?: Tensor | readonly number[];
  /** The share ε, 0 to 1, of a target's probability that is spread over all classes alike (default 0). Szegedy et al. 2016. */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy of logits and classes: `−log softmax(logits)[label]`, its mean over the samples.
 *
 * `logits` are `[N, C]` (or `[N, C, …]`), straight from the last linear layer: softmax is inside. `target` is either the
 * class numbers `[N]` (or `[N, …]`), each 0 to C − 1, or a probability for each class, `[N, C]` like the logits (one-hot
 * rows): `−Σ_k target_k · log softmax(logits)_k`. With `labelSmoothing` ε the target is `(1 − ε)·target + ε/C`; with `weight`
 * each class's term is multiplied by its weight. Lecture steps 000.43 and 003.54. Throws a ShapeError when shapes do
 * not go together, an ArgumentError for labels out of range, for probabilities that do not sum to 1, and for logits
 * that came out of a softmax.
 *
 * @example
 * const loss = nn.crossEntropy(model(images), labels)
 * loss.backward()
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOptions("crossEntropy", options, ["reduction", "weight", "labelSmoothing"]);
  requireTensor("crossEntropy", "logits", logits);
  requireTensor("crossEntropy", "target", target);
  requireRows("crossEntropy", "logits", logits);
  if (logits.op === "softmax") {
    throw new ArgumentError(
      "crossEntropy: the logits came out of a softmax, which is inside crossEntropy already; leave the softmax out of the model (apply it for display only)",
    );
  }
  const { labelSmoothing: smoothing = 0 } = options;
  if (!(typeof smoothing === "number" && smoothing >= 0 && smoothing <= 1)) {
    throw new ArgumentError(
      `crossEntropy: labelSmoothing is a share from 0 to 1, got ${describeInput(smoothing)}`,
    );
  }
  const weight = classWeights("crossEntropy", options.weight, logits);
  if (target.ndim === logits.ndim) {
    requireProbabilities(logits, target);
    const goal = target.to(logits.dtype);
    const classes = logits.shape[1]!;
    const smoothed = smoothing === 0 ? goal : goal.mul(1 - smoothing).add(smoothing / classes);
    return reduce(
      weightedLogProbabilities(logits, weight).mul(smoothed).sum(1).neg(),
      options,
      "crossEntropy",
    );
  }
  const labels = requireLabels("crossEntropy", "logits", logits, target);
  if (weight === null && smoothing === 0)
    return reduce(crossEntropyOf(logits, labels), options, "crossEntropy");
  const positions = labels.unsqueeze(1);
  const weighted = weightedLogProbabilities(logits, weight);
  const own = weighted.gather(1, positions).squeeze(1).neg();
  const spread = () => weighted.sum(1).mul(smoothing / logits.shape[1]!);
  const losses = smoothing === 0 ? own : own.mul(1 - smoothing).sub(spread());
  return reduce(losses, options, "crossEntropy", weight === null ? losses.size : weightOf(weight, positions));
}

function weightedLogProbabilities(logits: Tensor, weight: Tensor | null): Tensor {
  const logProbabilities = logits.logSoftmax(1);
  return weight === null ? logProbabilities : logProbabilities.mul(weight);
}

/** Options of `nll`. */
export interface NllOptions extends LossOptions {
  /** How much each class counts, `[C]`. The mean divides by the weights used. */
  readonly weight?: Tensor | readonly number[];
}

/**
 * Negative log-likelihood: `−logProbabilities[label]`, its mean over the samples. `logProbabilities` are `[N, C]` (or
 * `[N, C, …]`) from a `logSoftmax(1)`, labels the class numbers `[N]`. Lecture step 001.29. With the softmax inside it is
 * `nn.crossEntropy`. Throws a ShapeError when shapes do not go together, an ArgumentError for labels out of range and
 * log-probabilities above 0.
 *
 * @example
 * nn.nll(model(x).logSoftmax(1), labels).backward()
 */
export function nll(logProbabilities: Tensor, labels: Tensor, options: NllOptions = {}): Tensor {
  checkOptions("nll", options, ["reduction", "weight"]);
  requireTensor("nll", "logProbabilities", logProbabilities);
  requireTensor("nll", "labels", labels);
  requireRows("nll", "logProbabilities", logProbabilities);
  requireValues(
    logProbabilities,
    (value) => !(value > 1e-4),
    (index, value) =>
      `nll: log-probabilities are ≤ 0, but number ${index} is ${value}; take scores.logSoftmax(1), or nn.crossEntropy of the scores`,
  );
  const weight = classWeights("nll", options.weight, logProbabilities);
  const indices = requireLabels("nll", "logProbabilities", logProbabilities, labels).unsqueeze(1);
  const weighted = weight === null ? logProbabilities : logProbabilities.mul(weight);
  const losses = weighted.gather(1, indices).squeeze(1).neg();
  return reduce(losses, options, "nll", weight === null ? losses.size : weightOf(weight, indices));
}

/**
 * Binary cross-entropy of probabilities: `−[t·ln p + (1 − t)·ln(1 − p)]`, the mean over all elements; both of one shape and
 * from 0 to 1. The logarithms go no lower than −100, where the gradient is 0. Lecture step 003.30; `nn.bceWithLogits` of the
 * scores before the sigmoid is exact for any score, so train with that. Throws a ShapeError when the shapes differ,
 * an ArgumentError for numbers outside 0 to 1.
 *
 * @example
 * nn.bce(tensor([0.9, 0.2]), tensor([1, 0])).item()   // 0.164: (−ln 0.9 − ln 0.8) / 2
 */
export function bce(probabilities: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  checkOptions("bce", options, ["reduction"]);
  const [p, t] = pairOf("bce", probabilities, targets, ["probabilities", "targets"]);
  requireShares("bce", "probabilities", p, "; for scores of any size use nn.bceWithLogits");
  requireShares("bce", "targets", t, "; for labels −1 and 1 use y.add(1).div(2)");
  const yes = t.mul(boundedLog(p));
  const no = t
    .neg()
    .add(1)
    .mul(boundedLog(p.neg().add(1)));
  return reduce(yes.add(no).neg(), options, "bce");
}

/** ln p, and −100 for 0. */
function boundedLog(p: Tensor): Tensor {
  const none = p.lessEqual(0);
  return where(none, -100, where(none, 1, p).log());
}

/**
 * Binary cross-entropy of logits: `−[t·log σ(x) + (1 − t)·log(1 − σ(x))]`, computed as `softplus(x) − t·x`, which
 * overflows for no x. One logit per yes-or-no question, targets 0 to 1, both of one shape; the mean over all
 * elements. Throws a ShapeError when the shapes differ, an ArgumentError for targets outside 0 to 1 and logits that
 * came out of a sigmoid.
 *
 * @example
 * const loss = nn.bceWithLogits(model(x).squeeze(1), isCat)
 */
export function bceWithLogits(logits: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  checkOptions("bceWithLogits", options, ["reduction"]);
  const [x, t] = pairOf("bceWithLogits", logits, targets, ["logits", "targets"]);
  if (logits.op === "sigmoid") {
    throw new ArgumentError(
      "bceWithLogits: the logits came out of a sigmoid, which is inside bceWithLogits already; leave the sigmoid out of the model",
    );
  }
  requireShares("bceWithLogits", "targets", t, "; for labels −1 and 1 use y.add(1).div(2)");
  return reduce(x.softplus().sub(x.mul(t)), options, "bceWithLogits");
}

/** Options of `dice`. */
export interface DiceOptions extends LossOptions {
  /** Added above and below the line, so that an empty mask found empty is right (default 1e-6). */
  readonly eps?: number;
}

/**
 * Dice loss of masks: `1 − 2·Σ p·t / (Σ p + Σ t)` over the pixels of each sample, its mean over the samples: 0 where the
 * masks agree, 1 where they do not meet. `probabilities` `[N, …]` from 0 to 1 (after a sigmoid), `target` 0 or 1, of one
 * shape. It minds the share of the object that was found, however small the object. Lecture step 003.10; Milletari,
 * Navab & Ahmadi 2016. Throws a ShapeError when the shapes differ, an ArgumentError for numbers outside 0 to 1.
 *
 * @example
 * nn.dice(model(images).sigmoid(), masks).backward()
 */
export function dice(probabilities: Tensor, target: Tensor, options: DiceOptions = {}): Tensor {
  checkOptions("dice", options, ["reduction", "eps"]);
  const { eps = 1e-6 } = options;
  const [p, t] = pairOf("dice", probabilities, target, ["probabilities", "target"]);
  requireShares("dice", "probabilities", p, "; for scores of any size use scores.sigmoid()");
  requireShares("dice", "target", t, "; a mask is 1 inside and 0 outside");
  if (!(typeof eps === "number" && eps >= 0))
    throw new ArgumentError(`dice: eps must be a number ≥ 0, got ${describeInput(eps)}`);
  const shared = perSample(p.mul(t)).mul(2).add(eps);
  const both = perSample(p).add(perSample(t)).add(eps);
  return reduce(shared.div(both).neg().add(1), options, "dice");
}

function requireShares(operation: string, role: string, x: Tensor, remedy: string): void {
  requireValues(
    x,
    (value) => value >= 0 && value <= 1,
    (index, value) => `${operation}: ${role} are from 0 to 1, but number ${index} is ${value}${remedy}`,
  );
}

function requireRows(operation: string, role: string, x: Tensor): void {
  if (x.ndim >= 2) return;
  throw new ShapeError(
    `${operation}: ${role} must be [N, C], got ${describeShape(x.shape)}; for one sample: ${role}.unsqueeze(0)`,
  );
}

/** The weights as `[1, C, 1, …]`, or null. */
function classWeights(
  operation: string,
  weight: Tensor | readonly number[] | undefined,
  scores: Tensor,
): Tensor | null {
  if (weight === undefined) return null;
  const given: unknown = weight;
  if (!(given instanceof Tensor || Array.isArray(given)))
    throw new ArgumentError(
      `${operation}: weight must be a Tensor or an array [C], got ${describeInput(given)}`,
    );
  const values =
    weight instanceof Tensor ? weight : withBackend(scores.holding.backend, () => tensor([...weight]));
  const classes = scores.shape[1]!;
  if (!sameShape(values.shape, [classes])) {
    throw new ShapeError(
      `${operation}: weight must be [${classes}], one number for each class, got ${describeShape(values.shape)}`,
    );
  }
  requireValues(
    values,
    (value) => value >= 0 && Number.isFinite(value),
    (index, value) => `${operation}: weights are ≥ 0, but that of class ${index} is ${value}`,
  );
  return values.to(scores.dtype).reshape([1, classes, ...scores.shape.slice(2).map(() => 1)]);
}

/** The sum of the weights of these labels. */
function weightOf(weight: Tensor, labels: Tensor): Tensor {
  return weight.flatten().indexSelect(0, labels.flatten()).sum();
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

/** The class numbers as int32, or an error that says which is wrong. */
function requireLabels(operation: string, role: string, logits: Tensor, labels: Tensor): Tensor {
  const classes = logits.shape[1]!;
  const expected = [logits.shape[0]!, ...logits.shape.slice(2)];
  if (!sameShape(labels.shape, expected)) {
    const batch = labels.shape[0] !== expected[0] ? "; labels and images must come from one batch" : "";
    throw new ShapeError(
      `${operation}: ${role} ${describeShape(logits.shape)} need labels ${describeShape(expected)}, one class number each, got ${describeShape(labels.shape)}${batch}`,
    );
  }
  const values = labels.toTypedArray();
  const wrong = values.findIndex((value) => !(value >= 0 && value < classes && Number.isInteger(value)));
  if (wrong < 0) return labels.to("int32");
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
    `${operation}: label ${wrong} is ${value}, but ${role} ${describeShape(logits.shape)} have the classes 0 to ${classes - 1}; ${remedy}`,
  );
}
