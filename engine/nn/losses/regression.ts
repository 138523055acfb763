// Losses of predicted numbers. They differ in what is added up and what is averaged, and so in the learning rate they need.

import { ArgumentError, describeValue } from "../../errors.ts";
import { where } from "../../ops/index.ts";
import { checkOptions } from "../../options.ts";
import type { Tensor } from "../../tensor.ts";
import { type LossOptions, pairOf, perSample, reduce } from "./reduction.ts";

/**
 * Mean squared error: `(1/n) Σ (prediction − target)²` over all n elements; both of one shape.
 *
 * Throws a ShapeError when the shapes differ: `[N, 1]` and `[N]` would broadcast to `[N, N]` and train the wrong thing.
 *
 * @example
 * const loss = nn.mse(model(x), y)
 * loss.backward()
 */
export function mse(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions("mse", options, ["reduction"]);
  const [p, t] = pairOf("mse", prediction, target);
  return reduce(p.sub(t).square(), options, "mse");
}

/** Options of `sse`. */
export interface SseOptions extends LossOptions {
  /** Half of it, so that the gradient is `prediction − target` without a 2 (default false). */
  readonly half?: boolean;
}

/**
 * Sum of squared errors: `Σₙ ‖predictionₙ − targetₙ‖²`, added up over outputs and samples (`reduction` "sum", the default:
 * lecture step 000.4), over the outputs only and averaged over the samples ("mean": 003.31), or for each sample ("none",
 * `[N]`). `half` puts ½ before it (004.18). `nn.mse` divides by the number of outputs too. Throws a ShapeError when
 * the shapes differ.
 *
 * @example
 * nn.sse(model(x), y, { half: true }).backward()   // gradient: prediction − target
 */
export function sse(prediction: Tensor, target: Tensor, options: SseOptions = {}): Tensor {
  checkOptions("sse", options, ["reduction", "half"]);
  const { reduction = "sum", half = false } = options;
  const [p, t] = pairOf("sse", prediction, target);
  const errors = perSample(p.sub(t).square());
  return reduce(half ? errors.mul(0.5) : errors, { reduction }, "sse");
}

/**
 * Mean absolute error: `(1/n) Σ |prediction − target|` over all n elements; its gradient is the sign, 0 at 0. Lecture step
 * 003.9; the form of 003.31, which adds up over the outputs, is `nn.pNorm` with p = 1. Throws a ShapeError when the
 * shapes differ.
 *
 * @example
 * nn.mae(model(x), y).backward()
 */
export function mae(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions("mae", options, ["reduction"]);
  const [p, t] = pairOf("mae", prediction, target);
  return reduce(p.sub(t).abs(), options, "mae");
}

/** Options of `pNorm`. */
export interface PNormOptions extends LossOptions {
  /** 1 or more (default 2); `Infinity` takes the largest error. */
  readonly p?: number;
}

/**
 * The p-norm of each sample's error: `(Σⱼ |predictionⱼ − targetⱼ|ᵖ)^(1/p)`, its mean over the samples; `[N, …]` both. Not
 * squared for p = 2. Where a sample has no error the gradient is 0. Lecture steps 003.8 and, for p = 1, 003.31.
 * Throws a ShapeError when the shapes differ, an ArgumentError for p below 1.
 *
 * @example
 * nn.pNorm(model(x), y, { p: 1 }).backward()
 */
export function pNorm(prediction: Tensor, target: Tensor, options: PNormOptions = {}): Tensor {
  checkOptions("pNorm", options, ["reduction", "p"]);
  const { p = 2 } = options;
  if (!(typeof p === "number" && p >= 1)) {
    throw new ArgumentError(`pNorm: p must be a number ≥ 1, or Infinity, got ${describeValue(p)}`);
  }
  const [x, t] = pairOf("pNorm", prediction, target);
  return reduce(normOf(x.sub(t), p), options, "pNorm");
}

/** The p-norm of each row, with gradient 0 where it is 0. */
export function normOf(difference: Tensor, p: number): Tensor {
  const sizes = difference.abs();
  const rows = sizes.ndim <= 1 ? sizes.reshape([sizes.size, 1]) : sizes.flatten(1);
  if (p === 1) return rows.sum(1);
  if (p === Number.POSITIVE_INFINITY) return rows.max(1);
  const total = (p === 2 ? rows.square() : rows.pow(p)).sum(1);
  const none = total.equal(0);
  const root = where(none, 1, total);
  return where(none, 0, p === 2 ? root.sqrt() : root.pow(1 / p));
}

/** Options of `gaussianNll`. */
export interface GaussianNllOptions extends LossOptions {
  /** The variance σ² of every output: one number (default 1), or a Tensor that broadcasts to the outputs. */
  readonly variance?: Tensor | number;
}

/**
 * Negative log-likelihood of targets under normal distributions around the predictions:
 * `½ Σⱼ [ln(2πσ²) + (targetⱼ − predictionⱼ)²/σ²]`, added up over a sample's outputs, its mean over the samples. The
 * reconstruction term of a variational auto-encoder for grey values; lecture step 003.89. Throws a ShapeError when
 * the shapes differ, an ArgumentError for a variance that is not > 0.
 *
 * @example
 * nn.gaussianNll(decoder(z), x, { variance: 0.1, reduction: "none" })   // [N]
 */
export function gaussianNll(prediction: Tensor, target: Tensor, options: GaussianNllOptions = {}): Tensor {
  checkOptions("gaussianNll", options, ["reduction", "variance"]);
  const { variance = 1 } = options;
  const [p, t] = pairOf("gaussianNll", prediction, target);
  const wrong =
    typeof variance === "number" ? !(variance > 0) : variance.toTypedArray().some((value) => !(value > 0));
  if (wrong) {
    throw new ArgumentError(
      `gaussianNll: the variance must be > 0${typeof variance === "number" ? `, got ${variance}` : " everywhere; let the model give its logarithm and pass logVariance.exp()"}`,
    );
  }
  const logarithm = typeof variance === "number" ? Math.log(variance) : variance.log();
  const each = p
    .sub(t)
    .square()
    .div(variance)
    .add(logarithm)
    .add(Math.log(2 * Math.PI))
    .mul(0.5);
  return reduce(perSample(each), options, "gaussianNll");
}
