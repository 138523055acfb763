/** Mean 0 and variance 1: what batch and layer normalisation are made of. */
import type { Backend } from "../backend/backend.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { isGradEnabled, noGrad } from "../gradmode.ts";
import { checkFloat, checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { checkOptions } from "../options.ts";
import { broadcastStrides } from "../shapes.ts";
import type { Dims, Tensor } from "../tensor.ts";
import { add, mul, reciprocal, sqrt, square, sub } from "./elementwise.ts";
import { checkDims } from "./movement.ts";
import { mean } from "./reduction.ts";

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

/** Mean and variance (divided by n) over `dims`, which stay in the shape with size 1; not part of any graph. */
export function moments(x: Tensor, dims: Dims): { mean: Tensor; variance: Tensor } {
  const axes = checkDims("standardize", dims, x);
  return noGrad(() => {
    const centre = meanOver(x, axes);
    return { mean: centre, variance: meanOver(square(sub(x, centre)), axes) };
  });
}

const inverseDeviation = (spread: Tensor, epsilon: number) => reciprocal(sqrt(add(spread, epsilon)));

/** Operands: x, its mean and 1 / its deviation, both over `dims` and therefore no constants for the gradient. */
const standardizing: Primitive<{ readonly dims: readonly number[]; readonly epsilon: number }> = {
  name: "standardize",
  shape: ([x]) => x!.shape,
  forward: (backend: Backend, [x, centre, inverse], out) => {
    if (out.size === 0) return null;
    const strides = broadcastStrides(centre!.shape, x!.shape);
    const walk = {
      shape: x!.shape,
      aStrides: broadcastStrides(x!.shape, x!.shape),
      bStrides: strides,
    };
    backend.binary("sub", x!.storage, centre!.storage, out.storage, walk);
    backend.binary("mul", out.storage, inverse!.storage, out.storage, walk);
    return null;
  },
  backward: (g, y, [x, _centre, saved], { dims, epsilon }) => {
    // A second derivative needs the deviation as a function of x.
    const inverse = isGradEnabled()
      ? inverseDeviation(meanOver(square(sub(x!, meanOver(x!, dims))), dims), epsilon)
      : saved!;
    const level = meanOver(g, dims);
    const slope = meanOver(mul(g, y), dims);
    return [mul(inverse, sub(sub(g, level), mul(y, slope))), null, null];
  },
};

/** {@link standardize} with moments computed before. */
export function standardizeBy(
  x: Tensor,
  dims: Dims,
  found: { readonly mean: Tensor; readonly variance: Tensor },
  epsilon: number,
): Tensor {
  const inverse = noGrad(() => inverseDeviation(found.variance, epsilon));
  return run(standardizing, [x, found.mean, inverse], {
    dims: checkDims("standardize", dims, x),
    epsilon,
  });
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
    return standardizeBy(x, axes, moments(x, axes), epsilon);
  },
);
