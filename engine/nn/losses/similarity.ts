// Losses that compare embeddings with each other: what belongs together near, all else far.

import { withBackend } from "../../backend/current.ts";
import { eye } from "../../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../errors.ts";
import { concat, where } from "../../ops/index.ts";
import { checkOptions } from "../../options.ts";
import { describeShape } from "../../shapes.ts";
import type { Tensor } from "../../tensor.ts";
import { count } from "../../wording.ts";
import { requireTensor } from "../requireTensor.ts";
import { type LossOptions, pairOf, reduce } from "./reduction.ts";
import { normOf } from "./regression.ts";

/** Rows of length 1; a row of zeros stays one. */
function unitRows(x: Tensor): Tensor {
  return x.div(normOf(x, 2).maximum(1e-8).unsqueeze(1));
}

function requireEmbeddings(operation: string, role: string, x: Tensor): void {
  requireTensor(operation, role, x);
  if (x.ndim === 2) return;
  const one =
    x.ndim === 1 ? `; for one: ${role}.unsqueeze(0)` : "; flatten what one sample has: x.flatten(1)";
  throw new ShapeError(`${operation}: ${role} must be [N, d], got ${describeShape(x.shape)}${one}`);
}

function requirePositive(operation: string, name: string, value: number): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw new ArgumentError(`${operation}: ${name} must be a number > 0, got ${describeValue(value)}`);
}

/** Options of `contrastive` and `ntXent`. */
export interface ContrastiveOptions extends LossOptions {
  /** τ: small ones mind the most similar negatives (default 0.5). */
  readonly temperature?: number;
}

/**
 * Contrastive loss of anchors against one positive each and negatives common to all:
 * `−ln [e^{sim(z, ẑ)/τ} / (e^{sim(z, ẑ)/τ} + Σ_{z̄} e^{sim(z, z̄)/τ})]` with `sim` the cosine of the angle; the mean over the
 * anchors. `anchor` and `positive` are `[N, d]`, `negatives` `[M, d]`. Lecture step 003.94, its l(x̃, x̂). Throws a ShapeError
 * for other shapes or without a negative, an ArgumentError for a temperature that is not > 0.
 *
 * @example
 * nn.contrastive(tensor([[1, 0]]), tensor([[1, 1]]), tensor([[0, 1], [-1, 0]]), { temperature: 1 })   // 0.515490
 */
export function contrastive(
  anchor: Tensor,
  positive: Tensor,
  negatives: Tensor,
  options: ContrastiveOptions = {},
): Tensor {
  checkOptions("contrastive", options, ["reduction", "temperature"]);
  const { temperature = 0.5 } = options;
  requireEmbeddings("contrastive", "anchor", anchor);
  requireEmbeddings("contrastive", "negatives", negatives);
  const [a, p] = pairOf("contrastive", anchor, positive, ["anchor", "positive"]);
  if (negatives.shape[1] !== a.shape[1]) {
    throw new ShapeError(
      `contrastive: negatives ${describeShape(negatives.shape)} must have as many columns as the anchors ${describeShape(a.shape)}`,
    );
  }
  if (negatives.shape[0] === 0) {
    throw new ShapeError(
      "contrastive: there are no negatives, and without one the loss is 0 whatever the embeddings; give at least one, such as the other samples of a batch of 2 or more",
    );
  }
  const tau = requirePositive("contrastive", "temperature", temperature);
  const rows = unitRows(a);
  const own = rows.mul(unitRows(p)).sum(1, { keepDim: true });
  const others = rows.matmul(unitRows(negatives).transpose(0, 1));
  const scores = concat([own, others], 1).div(tau);
  return reduce(scores.logSoftmax(1).narrow(1, 0, 1).squeeze(1).neg(), options, "contrastive");
}

/**
 * NT-Xent, the contrastive loss of a batch: rows i of `a` and `b`, both `[N, d]`, are two views of one sample, everything
 * else in the batch is a negative: `−ln [e^{sim(zᵢ, zⱼ)/τ} / Σ_{k ≠ i} e^{sim(zᵢ, z_k)/τ}]`, the mean over all 2N views. Half
 * of the lecture's sum over both directions, step 003.94 (C-59: a view is no negative of itself). Chen et al. 2020, SimCLR.
 * Throws a ShapeError for other shapes or fewer than 2 pairs, an ArgumentError for a temperature that is not > 0.
 *
 * @example
 * nn.ntXent(encoder(augment(x)), encoder(augment(x)), { temperature: 0.5 }).backward()
 */
export function ntXent(a: Tensor, b: Tensor, options: ContrastiveOptions = {}): Tensor {
  checkOptions("ntXent", options, ["reduction", "temperature"]);
  const { temperature = 0.5 } = options;
  requireEmbeddings("ntXent", "a", a);
  const [first, second] = pairOf("ntXent", a, b, ["a", "b"]);
  const n = first.shape[0]!;
  if (n < 2) {
    throw new ShapeError(
      `ntXent: a batch of ${count(n, "pair")} has no negatives, and without one the loss is 0 whatever the embeddings; give at least 2 pairs, which are each other's negatives (a loader's dropLast leaves out a last batch of one)`,
    );
  }
  const tau = requirePositive("ntXent", "temperature", temperature);
  const [u, v] = [unitRows(first), unitRows(second)];
  const rows = concat([u, v], 0);
  const scores = rows.matmul(rows.transpose(0, 1)).div(tau);
  const itself = withBackend(a.holding.backend, () => eye(2 * n, 2 * n, { dtype: "bool" }));
  const others = where(itself, Number.NEGATIVE_INFINITY, scores);
  const own = u.mul(v).sum(1).div(tau);
  return reduce(others.logSumExp(1).sub(concat([own, own], 0)), options, "ntXent");
}

/** Options of `triplet`. */
export interface TripletOptions extends LossOptions {
  /** By how much the negative shall be farther than the positive (default 1). */
  readonly margin?: number;
}

/**
 * Triplet loss: `max(‖anchor − positive‖ − ‖anchor − negative‖ + margin, 0)` of each row, the mean over the rows; all
 * `[N, d]`. Schroff, Kalenichenko & Philbin 2015 (there with squared distances; PyTorch and this without). Throws a ShapeError
 * for other shapes or no rows, an ArgumentError for a margin that is not > 0.
 *
 * @example
 * nn.triplet(f(x), f(same), f(other), { margin: 0.2 }).backward()
 */
export function triplet(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletOptions = {},
): Tensor {
  checkOptions("triplet", options, ["reduction", "margin"]);
  const { margin = 1 } = options;
  requireEmbeddings("triplet", "anchor", anchor);
  const [a, p] = pairOf("triplet", anchor, positive, ["anchor", "positive"]);
  const [, n] = pairOf("triplet", anchor, negative, ["anchor", "negative"]);
  requirePositive("triplet", "margin", margin);
  const near = normOf(a.sub(p), 2);
  const far = normOf(a.sub(n), 2);
  return reduce(near.sub(far).add(margin).relu(), options, "triplet");
}
