// Layers that give their inputs mean 0 and variance 1: over the batch, or over each sample.

import { ones, zeros } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { copyInto, markChanged } from "../inplace.ts";
import {
  type FixedNormalization,
  type Moments,
  moments,
  normalizeBy,
  standardize,
  standardizeBy,
} from "../ops/normalization.ts";
import { checkOptions } from "../options.ts";
import { describeShape, sameShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { requireCount } from "./arguments.ts";
import { requireImages } from "./convolution.ts";
import { buffer, Module, type Parameter, parameter } from "./module.ts";
import { requireVolumes } from "./volumes.ts";

/** Options of `batchNorm1d`, `batchNorm2d` and `batchNorm3d`. */
export interface BatchNormOptions {
  /** Added to the variance (default 1e-5). */
  readonly epsilon?: number;
  /** Share of the new batch in the running statistics (default 0.1); null for their mean over all batches so far. */
  readonly momentum?: number | null;
  /** Trains a factor and an offset per channel (default true). */
  readonly affine?: boolean;
  /** Keeps running statistics for evaluation (default true); without them evaluation uses the batch's own. */
  readonly trackRunningStats?: boolean;
}

function requireEpsilon(operation: string, epsilon: number): number {
  if (typeof epsilon === "number" && epsilon >= 0) return epsilon;
  throw new ArgumentError(`${operation}: epsilon must be a number ≥ 0, got ${describeValue(epsilon)}`);
}

abstract class BatchNorm extends Module {
  /** `[channels]`: the factor γ, or null without affine */
  weight: Parameter | null;
  /** `[channels]`: the offset β, or null without affine */
  bias: Parameter | null;
  /** `[channels]`: what evaluation subtracts, or null when not tracked */
  runningMean: Tensor | null;
  /** `[channels]`: the unbiased variance that evaluation divides by, or null when not tracked */
  runningVar: Tensor | null;
  /** How many batches the running statistics have seen, one int32; or null when not tracked */
  numBatchesTracked: Tensor | null;
  readonly channels: number;
  readonly epsilon: number;
  readonly momentum: number | null;

  constructor(operation: string, channels: number, options: BatchNormOptions) {
    super();
    checkOptions(operation, options, ["epsilon", "momentum", "affine", "trackRunningStats"]);
    const { epsilon = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true } = options;
    this.channels = requireCount(operation, "channels", channels);
    this.epsilon = requireEpsilon(operation, epsilon);
    if (momentum !== null && !(typeof momentum === "number" && momentum >= 0 && momentum <= 1)) {
      throw new ArgumentError(
        `${operation}: momentum is the share of the new batch, between 0 and 1, or null; got ${describeValue(momentum)}`,
      );
    }
    this.momentum = momentum;
    this.weight = affine ? parameter(ones([channels])).named("weight") : null;
    this.bias = affine ? parameter(zeros([channels])).named("bias") : null;
    this.runningMean = trackRunningStats ? buffer(zeros([channels])).named("runningMean") : null;
    this.runningVar = trackRunningStats ? buffer(ones([channels])).named("runningVar") : null;
    this.numBatchesTracked = trackRunningStats
      ? buffer(zeros([], { dtype: "int32" }), { optional: true }).named("numBatchesTracked")
      : null;
  }

  /** Throws a ShapeError unless the input is what this layer normalises. */
  protected abstract check(x: Tensor): void;

  forward(x: Tensor): Tensor {
    this.check(x);
    const { runningMean, runningVar, weight, bias, epsilon } = this;
    const dims = x.shape.map((_size, d) => d).filter((d) => d !== 1);
    const affine = weight === null || bias === null ? null : ([weight, bias] as const);
    if (this.training || runningMean === null || runningVar === null) {
      const found = moments(x, dims);
      if (this.training) {
        const count = x.size / this.channels;
        if (count < 2) {
          throw new ShapeError(
            `training needs at least 2 values per channel to find their variance, got ${count} in ${describeShape(x.shape)}; use a larger batch (a loader's dropLast leaves out a last batch of one), or model.eval()`,
          );
        }
        this.update(found, count);
      }
      return standardizeBy(x, dims, found, epsilon, affine);
    }
    const fixed = this.fixed();
    if (fixed !== null) return normalizeBy(x, dims, fixed);
    const perChannel = x.shape.map((_size, d) => (d === 1 ? this.channels : 1));
    const spread = noGrad(() => runningVar.add(epsilon).sqrt().reshape(perChannel));
    return x.sub(runningMean.reshape(perChannel)).div(spread);
  }

  /** @internal What evaluation normalises by: the running statistics; null where there are none, or no weight and bias. */
  fixed(): FixedNormalization | null {
    const { training, runningMean: mean, runningVar: variance, weight, bias, epsilon } = this;
    if (training || mean === null || variance === null || weight === null || bias === null) return null;
    return { mean, variance, weight, bias, epsilon };
  }

  /** Moves the running statistics towards those of a batch of `count` values per channel. */
  private update(found: Moments, count: number): void {
    const { runningMean, runningVar, numBatchesTracked } = this;
    if (runningMean === null || runningVar === null || numBatchesTracked === null) return;
    const batches = numBatchesTracked.item() + 1;
    numBatchesTracked.storage.values()[0] = batches;
    markChanged(numBatchesTracked);
    const share = this.momentum ?? 1 / batches;
    noGrad(() => {
      const move = (running: Tensor, target: Tensor): void => {
        copyInto(running, running.mul(1 - share).add(target.mul(share)));
      };
      move(runningMean, found.mean);
      move(runningVar, found.variance.mul(count / (count - 1)));
    });
  }

  override details(): string {
    const parts = [
      String(this.channels),
      this.momentum === null ? "cumulative" : this.momentum === 0.1 ? "" : `momentum ${this.momentum}`,
      this.weight === null ? "not affine" : "",
      this.runningMean === null ? "batch statistics only" : "",
    ];
    return parts.filter(Boolean).join(", ");
  }
}

/** See {@link batchNorm1d}. */
export class BatchNorm1d extends BatchNorm {
  constructor(channels: number, options: BatchNormOptions = {}) {
    super("batchNorm1d", channels, options);
  }

  protected check({ shape }: Tensor): void {
    if ((shape.length === 2 || shape.length === 3) && shape[1] === this.channels) return;
    const remedy =
      shape.length === 4
        ? `for images use nn.batchNorm2d(${shape[1]})`
        : shape.length === 1
          ? "one sample needs the batch dimension: x.unsqueeze(0)"
          : `make this layer nn.batchNorm1d(${shape[1] ?? 1})`;
    throw new ShapeError(
      `expected [N, ${this.channels}] or [N, ${this.channels}, L], got ${describeShape(shape)}; ${remedy}`,
    );
  }
}

/** See {@link batchNorm2d}. */
export class BatchNorm2d extends BatchNorm {
  constructor(channels: number, options: BatchNormOptions = {}) {
    super("batchNorm2d", channels, options);
  }

  protected check(x: Tensor): void {
    if (x.ndim === 2) {
      throw new ShapeError(
        `expected [N, ${this.channels}, H, W], got ${describeShape(x.shape)}; for feature vectors use nn.batchNorm1d(${x.shape[1]})`,
      );
    }
    requireImages(x, this.channels, `nn.batchNorm2d(${x.shape[1]})`);
  }
}

/** See {@link batchNorm3d}. */
export class BatchNorm3d extends BatchNorm {
  constructor(channels: number, options: BatchNormOptions = {}) {
    super("batchNorm3d", channels, options);
  }

  protected check(x: Tensor): void {
    requireVolumes(x, this.channels, `nn.batchNorm3d(${x.shape[1]})`);
  }
}

/** Options of `layerNorm`. */
export interface LayerNormOptions {
  /** Added to the variance (default 1e-5). */
  readonly epsilon?: number;
  /** Trains a factor and an offset per element (default true). */
  readonly affine?: boolean;
}

/** See {@link layerNorm}. */
export class LayerNorm extends Module {
  /** The factor γ in the normalised shape, or null without affine */
  weight: Parameter | null;
  /** The offset β in the normalised shape, or null without affine */
  bias: Parameter | null;
  readonly shape: readonly number[];
  readonly epsilon: number;

  constructor(shape: number | readonly number[], options: LayerNormOptions = {}) {
    super();
    checkOptions("layerNorm", options, ["epsilon", "affine"]);
    const { epsilon = 1e-5, affine = true } = options;
    const sizes: readonly number[] = typeof shape === "number" ? [shape] : shape;
    if (!Array.isArray(sizes) || sizes.length === 0) {
      throw new ArgumentError(
        `layerNorm: give the sizes of the last dimensions, such as 64 or [6, 28, 28]; got ${describeValue(shape)}`,
      );
    }
    for (const size of sizes) requireCount("layerNorm", "each size", size);
    this.shape = [...sizes];
    this.epsilon = requireEpsilon("layerNorm", epsilon);
    this.weight = affine ? parameter(ones(sizes)).named("weight") : null;
    this.bias = affine ? parameter(zeros(sizes)).named("bias") : null;
  }

  forward(x: Tensor): Tensor {
    const { shape, weight, bias } = this;
    const lead = x.ndim - shape.length;
    if (lead < 0 || !sameShape(x.shape.slice(lead), shape)) {
      const last = x.shape.slice(Math.max(lead, x.ndim > 1 ? 1 : 0));
      throw new ShapeError(
        `expected […, ${shape.join(", ")}], got ${describeShape(x.shape)}; make this layer nn.layerNorm(${last.length === 1 ? last[0] : describeShape(last)})`,
      );
    }
    let y = standardize(
      x,
      shape.map((_size, d) => lead + d),
      { epsilon: this.epsilon },
    );
    if (weight !== null) y = y.mul(weight);
    return bias === null ? y : y.add(bias);
  }

  override details(): string {
    return `${this.shape.join("×")}${this.weight === null ? ", not affine" : ""}`;
  }
}

/**
 * Batch normalisation of feature vectors: `γ (x − μ) / √(σ² + ε) + β` for each of the features of `[N, C]` (or channels of
 * `[N, C, L]`). In training μ and σ² (divided by n) are the batch's, and the running statistics move towards it by
 * `running ← (1 − momentum) · running + momentum · batch` (the variance unbiased, as in PyTorch); in evaluation they take its place.
 * Ioffe & Szegedy 2015. Throws a ShapeError for other features, or when a batch in training has a single value per channel.
 *
 * @example
 * nn.sequential(nn.linear(784, 128, { bias: false }), nn.batchNorm1d(128), nn.relu(), nn.linear(128, 10))
 */
export function batchNorm1d(channels: number, options: BatchNormOptions = {}): BatchNorm1d {
  return new BatchNorm1d(channels, options);
}

/**
 * Batch normalisation of feature maps: as {@link batchNorm1d}, with mean and variance of each channel of `[N, C, H, W]` over samples,
 * rows and columns. Throws a ShapeError for other channels, or when a batch in training has a single value per
 * channel.
 *
 * @example
 * nn.sequential(nn.conv2d(3, 64, 3, { padding: 1, bias: false }), nn.batchNorm2d(64), nn.relu())
 */
export function batchNorm2d(channels: number, options: BatchNormOptions = {}): BatchNorm2d {
  return new BatchNorm2d(channels, options);
}

/**
 * Batch normalisation of films and volumes: as {@link batchNorm1d}, with mean and variance of each channel of `[N, C, D, H, W]` over
 * samples and all places. Throws a ShapeError for other channels, or when a batch in training has a single value per
 * channel.
 *
 * @example
 * nn.sequential(nn.conv3d(1, 8, 3, { padding: 1, bias: false }), nn.batchNorm3d(8), nn.relu())
 */
export function batchNorm3d(channels: number, options: BatchNormOptions = {}): BatchNorm3d {
  return new BatchNorm3d(channels, options);
}

/**
 * Layer normalisation: `γ (x − μ) / √(σ² + ε) + β` with mean and variance (divided by n) over the last dimensions, whose sizes are
 * given, of each sample alone: the same in training and evaluation, for batches of one too. Ba et al. 2016. Throws a
 * ShapeError when the last dimensions are not those given.
 *
 * @example
 * nn.layerNorm(64)(x)   // [N, 64] → [N, 64]
 */
export function layerNorm(shape: number | readonly number[], options: LayerNormOptions = {}): LayerNorm {
  return new LayerNorm(shape, options);
}
