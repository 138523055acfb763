// Losses between distributions: what variational auto-encoders are trained by.

import { ArgumentError, ShapeError } from "../../errors.ts";
import { where } from "../../ops/index.ts";
import { checkOptions } from "../../options.ts";
import { describeShape, sameShape } from "../../shapes.ts";
import type { Tensor } from "../../tensor.ts";
import { requireTensor } from "../requireTensor.ts";
import { type LossOptions, pairOf, perSample, reduce, requireValues } from "./reduction.ts";

/**
 * Kullback-Leibler divergence `D(p ‖ q) = Σ_k p_k (ln p_k − ln q_k)` of each sample, its mean over the samples; ≥ 0, and 0
 * where p = q. As in PyTorch the prediction comes first and as log-probabilities: `logQ` `[N, C]` from a `logSoftmax(1)`,
 * `p` probabilities of the same shape. (PyTorch's default divides by all N·C elements; this is its "batchmean".)
 * Throws a ShapeError when the shapes differ, an ArgumentError for what are no (log-)probabilities.
 *
 * @example
 * nn.klDivergence(model(x).logSoftmax(1), p).backward()
 */
export function klDivergence(logQ: Tensor, p: Tensor, options: LossOptions = {}): Tensor {
  checkOptions("klDivergence", options, ["reduction"]);
  const [log, target] = pairOf("klDivergence", logQ, p, ["logQ", "p"]);
  requireValues(
    log,
    (value) => !(value > 1e-4),
    (index, value) =>
      `klDivergence: log-probabilities are ≤ 0, but number ${index} of logQ is ${value}; take scores.logSoftmax(1)`,
  );
  requireValues(
    target,
    (value) => value >= 0 && value <= 1.0001,
    (index, value) => `klDivergence: probabilities are from 0 to 1, but number ${index} of p is ${value}`,
  );
  // 0 · ln 0 = 0, also where q is 0 too.
  const none = target.equal(0);
  const logP = where(none, 1, target).log();
  return reduce(perSample(target.mul(logP.sub(where(none, 0, log)))), options, "klDivergence");
}

/**
 * Kullback-Leibler divergence of normal distributions from the standard one:
 * `D(N(μ, σ²) ‖ N(0, 1)) = ½ Σⱼ (μⱼ² + σⱼ² − 1 − ln σⱼ²)`, its mean over the samples. `mean` and `logVariance` (ln σ²) are
 * `[N, d]`, as a variational encoder gives them. Lecture step 003.89; Kingma & Welling 2014, appendix B. Throws a
 * ShapeError when the shapes differ.
 *
 * @example
 * nn.gaussianKl(tensor([[1]]), tensor([[Math.log(0.25)]])).item()   // 0.818147
 */
export function gaussianKl(mean: Tensor, logVariance: Tensor, options: LossOptions = {}): Tensor {
  checkOptions("gaussianKl", options, ["reduction"]);
  const [m, v] = pairOf("gaussianKl", mean, logVariance, ["mean", "logVariance"]);
  return reduce(perSample(m.square().add(v.exp()).sub(1).sub(v)).mul(0.5), options, "gaussianKl");
}

/** Options of `elbo`. */
export interface ElboOptions extends LossOptions {
  /** How much the divergence counts (default 1; other values make it a β-VAE, and no bound). */
  readonly beta?: number;
}

/**
 * The evidence lower bound of a variational auto-encoder: `E_q[ln p(x|z)] − D(q(z|x) ‖ p(z)) ≤ ln p(x)`, its mean over the
 * samples; to be made large, so train with its negative. `logLikelihood` (of one z drawn for each x) and `kl` are `[N]`.
 * Lecture step 003.89. Throws a ShapeError unless both are `[N]`, an ArgumentError for a beta below 0.
 *
 * @example
 * const logLikelihood = nn.gaussianNll(decoder(z), x, { reduction: "none" }).neg()
 * nn.elbo(logLikelihood, nn.gaussianKl(mu, logVariance, { reduction: "none" })).neg().backward()
 */
export function elbo(logLikelihood: Tensor, kl: Tensor, options: ElboOptions = {}): Tensor {
  checkOptions("elbo", options, ["reduction", "beta"]);
  const { beta = 1 } = options;
  requireTensor("elbo", "logLikelihood", logLikelihood);
  requireTensor("elbo", "kl", kl);
  if (!sameShape(logLikelihood.shape, kl.shape) || logLikelihood.ndim > 1) {
    throw new ShapeError(
      `elbo: logLikelihood ${describeShape(logLikelihood.shape)} and kl ${describeShape(kl.shape)} must both be [N], one number for each sample; use reduction "none" in both`,
    );
  }
  if (!(typeof beta === "number" && beta >= 0 && Number.isFinite(beta)))
    throw new ArgumentError(`elbo: beta must be a number ≥ 0, got ${String(beta)}`);
  return reduce(logLikelihood.sub(beta === 1 ? kl : kl.mul(beta)), options, "elbo");
}
