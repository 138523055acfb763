/** Mean 0 and variance 1: what batch and layer normalisation are made of. */
import type { Backend, Channels, Storage } from "../backend/backend.ts";
import { makeEmpty, zeros, zerosLike } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { isGradEnabled, noGrad } from "../gradmode.ts";
import { checkFloat, checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { checkOptions } from "../options.ts";
import type { Dims, Tensor } from "../tensor.ts";
import { add, mul, reciprocal, sqrt, square, sub } from "./elementwise.ts";
import { checkDims, permute, reshape, select } from "./movement.ts";
import { mean, sum } from "./reduction.ts";

/** Options of `standardize`. */
export interface StandardizeOptions {
  /** Added to the variance, so that constant values give 0 instead of 0/0; 1e-5 by default. */
  epsilon?: number;
}

/** The mean over dimensions that need not be neighbours, group by group from the last: nothing is brought together first. */
function meanOver(x: Tensor, dims: readonly number[]): Tensor {
  let result = x;
  for (let end = dims.length; end > 0; ) {
    let start = end - 1;
    while (start > 0 && dims[start - 1] === dims[start]! - 1) start--;
    result = mean(result, dims.slice(start, end), { keepDim: true });
    end = start;
  }
  return result;
}

/** How kernels see the dimensions that are not in `dims`: as one, between two others; null where they are not neighbours. */
function channelsOf({ shape }: Tensor, dims: readonly number[]): Channels | null {
  const kept = shape.map((_size, d) => d).filter((d) => !dims.includes(d));
  const first = kept[0] ?? 0;
  if (kept.some((d, i) => d !== first + i)) return null;
  const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);
  const end = first + kept.length;
  return {
    outer: product(shape.slice(0, first)),
    channels: product(shape.slice(first, end)),
    inner: product(shape.slice(end)),
  };
}

/** Mean and variance (divided by n) of each channel: of each place in the dimensions that are not in `dims`. */
export interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** The moments over `dims` (of which the others must be neighbours), `[channels]`; not part of any graph. */
export function moments(x: Tensor, dims: readonly number[]): Moments {
  const layout = channelsOf(x, dims)!;
  const { backend } = x.holding;
  const mean = makeEmpty("standardize", [layout.channels], x.dtype, backend);
  const variance = makeEmpty("standardize", [layout.channels], x.dtype, backend);
  if (x.size > 0) backend.moments(x.storage, mean.storage, variance.storage, layout);
  else for (const found of [mean, variance]) backend.fill(found.storage, Number.NaN);
  return { mean, variance };
}

const inverseDeviation = (spread: Tensor, epsilon: number) => reciprocal(sqrt(add(spread, epsilon)));

interface Standardizing {
  readonly dims: readonly number[];
  readonly epsilon: number;
  readonly layout: Channels;
  /** Weight and bias follow x. */
  readonly affine: boolean;
}

/** `Σ g` and `Σ g·y` per channel, y being x standardised. Operands: g, x, mean, inverse deviation. */
const gradientSums: Primitive<Channels> = {
  name: "standardizeSums",
  shape: (_inputs, { channels }) => [2, channels],
  forward: (backend, [g, x, mean, inverse], out, layout) => {
    backend.normalizeSums(g!.storage, x!.storage, mean!.storage, inverse!.storage, out.storage, layout);
    return null;
  },
  backward: null,
};

/** Operands: g, x, mean, inverse deviation, the sums, and the weight if there is one. */
const inputGradient: Primitive<Channels> = {
  name: "standardizeGradient",
  shape: ([g]) => g!.shape,
  forward: (backend, [g, x, mean, inverse, sums, weight], out, layout) => {
    backend.normalizeGradient(
      g!.storage,
      x!.storage,
      mean!.storage,
      inverse!.storage,
      weight?.storage ?? null,
      sums!.storage,
      out.storage,
      layout,
    );
    return null;
  },
  backward: null,
};

/** A vector of a number per channel, in the place where x has its channels. */
function perChannel(vector: Tensor, x: Tensor, dims: readonly number[]): Tensor {
  return reshape(
    vector,
    x.shape.map((size, d) => (dims.includes(d) ? 1 : size)),
  );
}

/** The sum over all but the channels, `[channels]`. */
function sumPerChannel(x: Tensor, dims: readonly number[], { channels }: Channels): Tensor {
  return reshape(sum(x, [...dims]), [channels]);
}

/** The gradients as part of a graph: mean and deviation are functions of x. */
function differentiableGradients(
  g: Tensor,
  x: Tensor,
  weight: Tensor | undefined,
  { dims, epsilon, layout }: Standardizing,
): [Tensor, Tensor, Tensor] {
  const centred = sub(x, meanOver(x, dims));
  const inverse = inverseDeviation(meanOver(square(centred), dims), epsilon);
  const y = mul(centred, inverse);
  const slope = weight === undefined ? g : mul(g, perChannel(weight, x, dims));
  const level = meanOver(slope, dims);
  const tilt = meanOver(mul(slope, y), dims);
  return [
    mul(inverse, sub(sub(slope, level), mul(y, tilt))),
    sumPerChannel(mul(g, y), dims, layout),
    sumPerChannel(g, dims, layout),
  ];
}

/** Operands: x, weight and bias if it is affine, x's mean and 1 / its deviation, which are therefore no constants for the gradient. */
const standardizing: Primitive<Standardizing> = {
  name: "standardize",
  shape: ([x]) => x!.shape,
  forward: (backend: Backend, inputs, out, { layout, affine }) => {
    const [x, weight, bias] = inputs;
    const [mean, inverse] = inputs.slice(-2);
    if (out.size > 0)
      backend.normalize(
        x!.storage,
        mean!.storage,
        inverse!.storage,
        affine ? weight!.storage : null,
        affine ? bias!.storage : null,
        out.storage,
        layout,
      );
    return null;
  },
  backward: (g, _y, inputs, options) => {
    const { affine, layout } = options;
    const x = inputs[0]!;
    const weight = affine ? inputs[1] : undefined;
    const [mean, inverse] = inputs.slice(-2) as [Tensor, Tensor];
    const gradients = (dx: Tensor | null, dWeight: Tensor, dBias: Tensor) =>
      affine ? [dx, dWeight, dBias, null, null] : [dx, null, null];
    if (isGradEnabled()) return gradients(...differentiableGradients(g, x, weight, options));
    if (x.size === 0)
      return gradients(zerosLike(x), ...([zeros([layout.channels]), zeros([layout.channels])] as const));
    const sums = run(gradientSums, [g, x, mean, inverse], layout);
    const operands = [g, x, mean, inverse, sums];
    const dx = x.requiresGrad
      ? run(inputGradient, weight === undefined ? operands : [...operands, weight], layout)
      : null;
    return gradients(dx, select(sums, 0, 1), select(sums, 0, 0));
  },
};

/**
 * {@link standardize} with moments computed before, over dimensions of which the others are neighbours; then times a weight plus
 * a bias, both `[channels]`, if they are given.
 */
export function standardizeBy(
  x: Tensor,
  dims: readonly number[],
  found: Moments,
  epsilon: number,
  affine: readonly [weight: Tensor, bias: Tensor] | null = null,
): Tensor {
  const inverse = noGrad(() => inverseDeviation(found.variance, epsilon));
  return run(standardizing, [x, ...(affine ?? []), found.mean, inverse], {
    dims,
    epsilon,
    layout: channelsOf(x, dims)!,
    affine: affine !== null,
  });
}

interface Normalizing {
  readonly dims: readonly number[];
  readonly epsilon: number;
  readonly layout: Channels;
}

/** Lends `use` the numbers `1 / √(variance + ε)`. */
export function withInverseDeviation(
  backend: Backend,
  { storage: variance }: Tensor,
  epsilon: number,
  use: (inverse: Storage) => void,
): void {
  const inverse = backend.allocate(variance.dtype, variance.length);
  backend.fill(inverse, epsilon);
  backend.binary("add", variance, inverse, inverse);
  backend.unary("sqrt", inverse, inverse);
  backend.unary("reciprocal", inverse, inverse);
  use(inverse);
  backend.release(inverse);
}

/** Operands: x, weight, bias, mean and variance, which are constants. */
const normalizing: Primitive<Normalizing> = {
  name: "batchNorm",
  formula:
    "y = γ (x − μ) / √(σ² + ε) + β;  ∂L/∂x = g γ / √(σ² + ε), ∂L/∂γ = Σ g (x − μ) / √(σ² + ε), ∂L/∂β = Σ g",
  shape: ([x]) => x!.shape,
  forward: (backend, [x, weight, bias, mean, variance], out, { epsilon, layout }) => {
    if (out.size === 0) return null;
    withInverseDeviation(backend, variance!, epsilon, (inverse) => {
      backend.normalize(
        x!.storage,
        mean!.storage,
        inverse,
        weight!.storage,
        bias!.storage,
        out.storage,
        layout,
      );
    });
    return null;
  },
  backward: (g, _y, [x, weight, bias, mean, variance], { dims, epsilon, layout }) => {
    const inverse = inverseDeviation(variance!, epsilon);
    const standard = () => mul(sub(x!, perChannel(mean!, x!, dims)), perChannel(inverse, x!, dims));
    return [
      x!.requiresGrad ? mul(g, perChannel(mul(weight!, inverse), x!, dims)) : null,
      weight!.requiresGrad ? sumPerChannel(mul(g, standard()), dims, layout) : null,
      bias!.requiresGrad ? sumPerChannel(g, dims, layout) : null,
      null,
      null,
    ];
  },
};

/** Normalisation by moments that do not depend on x, such as running ones, then a factor and an offset; all `[channels]`. */
export interface FixedNormalization extends Moments {
  readonly weight: Tensor;
  readonly bias: Tensor;
  /** Added to the variance. */
  readonly epsilon: number;
}

/** `weight · (x − mean) / √(variance + ε) + bias`. */
export function normalizeBy(
  x: Tensor,
  dims: readonly number[],
  { mean, variance, weight, bias, epsilon }: FixedNormalization,
): Tensor {
  return run(normalizing, [x, weight, bias, mean, variance], { dims, epsilon, layout: channelsOf(x, dims)! });
}

/**
 * `(x − mean) / √(variance + ε)` with mean and variance (divided by n) over the given dimensions: over `[0, 2, 3]` of
 * `[N, C, H, W]` batch normalisation, over the last ones layer normalisation. Ioffe & Szegedy 2015. Throws a
 * ShapeError for a dimension that does not exist, a DTypeError for int32 and bool.
 *
 * @example
 * standardize(tensor([[1, 3]]), [1])   // [[-1, 1]]
 */
export const standardize: Op<[x: Tensor, dims: Dims, options?: StandardizeOptions]> = defineOp<
  [x: Tensor, dims: Dims, options?: StandardizeOptions]
>(
  {
    name: "standardize",
    formula: "y = (x − μ) / s, s = √(σ² + ε);  ∂L/∂x = (g − mean g − y · mean(g·y)) / s, means over dims",
    samples: (make) => [
      [make.normal(4, 3), 0],
      [make.normal(2, 3, 2, 3), [0, 2, 3]],
      [make.normal(3, 5), -1, { epsilon: 0.1 }],
      [make.normal(2, 3, 4), [1, 2]],
      [make.normal(3, 2, 4), 1],
      [make.normal(5, 4), [0, 1]],
      [make.normal(3, 1), 1],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), 2], /standardize: dim 2 does not exist/],
      [[make.normal(2, 3)], /standardize: dim is a whole number or an array of them; got undefined/],
      [[make.labels(3, 4), 0], /standardize: works on float numbers, got int32/],
      [[make.normal(2), 0, { epsilon: -1 }], /standardize: epsilon is a number from 0 up; got -1/],
    ],
  },
  (x, dims, options = {}) => {
    checkOptions("standardize", options, ["epsilon"]);
    const { epsilon = 1e-5 } = options;
    checkTensor("standardize", x);
    checkFloat("standardize", x);
    const axes = checkDims("standardize", dims, x);
    if (!(typeof epsilon === "number" && epsilon >= 0))
      throw new ArgumentError(`standardize: epsilon is a number from 0 up; got ${describeValue(epsilon)}`);
    if (channelsOf(x, axes) !== null) return standardizeBy(x, axes, moments(x, axes), epsilon);
    // Brought together at the front, and back afterwards.
    const order = [...x.shape.keys()].sort(
      (a, b) => Number(axes.includes(a)) - Number(axes.includes(b)) || a - b,
    );
    const apart = permute(x, order);
    const last = axes.map((_dim, i) => x.ndim - axes.length + i);
    return permute(
      standardizeBy(apart, last, moments(apart, last), epsilon),
      order.map((_dim, d) => order.indexOf(d)),
    );
  },
);
