/** Many numbers to few: sums, means, extremes, over all dimensions or those given. */
import type { Backend, ReduceKind, Reduction } from "../backend/backend.ts";
import { withBackend } from "../backend/current.ts";
import { constant, eye } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { checkFloat, checkTensor, defineOp, type Op, type Primitive, run, type SampleMaker } from "../op.ts";
import { checkOptions } from "../options.ts";
import { describeShape, type Shape, sizeOf } from "../shapes.ts";
import type { Dims, Tensor } from "../tensor.ts";
import { equal } from "./comparison.ts";
import { abs, div, exp, mul, pow, sqrt, square, sub, sumTo, to, where } from "./elementwise.ts";
import { checkDims, expand, permute, reshape } from "./movement.ts";

/** Options of the reductions: `sum`, `mean`, `max`, `argmax`, `all`, `logSumExp` and the like. */
export interface ReduceOptions {
  /** Leaves reduced dimensions in the shape with size 1. */
  keepDim?: boolean;
}

/** Options of `variance` and `std`. */
export interface VarianceOptions extends ReduceOptions {
  /** What is taken from the number of values in the divisor: 1 (unbiased) by default, 0 for the population. */
  correction?: number;
}

/** Options of `norm`. */
export interface NormOptions extends ReduceOptions {
  /** The order: 2 by default; 1, any positive number, or Infinity. */
  p?: number;
}

interface Reduced {
  readonly reduction: Reduction;
  readonly shape: Shape;
  /** The output's shape with every reduced dimension as 1. */
  readonly kept: Shape;
}

/** Over all dimensions if `dim` is null or undefined; dimensions that are not neighbours are brought together first. */
function reduceOver(
  primitive: Primitive<Reduced>,
  x: Tensor,
  dim: Dims | null | undefined,
  options: ReduceOptions = {},
): Tensor {
  const name = primitive.name;
  checkTensor(name, x);
  if (dim !== null && typeof dim === "object" && !Array.isArray(dim))
    throw new ArgumentError(
      `${name}: dim comes first, then the options: .${name}(null, { keepDim: true }); got ${describeValue(dim)} as dim`,
    );
  checkOptions(name, options, ["keepDim"]);
  const dims = dim === null || dim === undefined ? x.shape.map((_size, d) => d) : checkDims(name, dim, x);
  const kept = x.shape.map((size, d) => (dims.includes(d) ? 1 : size));
  const shape = options.keepDim ? kept : x.shape.filter((_size, d) => !dims.includes(d));
  const first = dims[0] ?? 0;
  const last = dims.at(-1) ?? first - 1;
  if (last - first + 1 !== dims.length) {
    const others = kept.map((_size, d) => d).filter((d) => !dims.includes(d));
    const together = permute(x, [...others, ...dims]);
    const tail = dims.map((_dim, i) => others.length + i);
    return reshape(reduceOver(primitive, together, tail), shape);
  }
  const reduction = {
    outer: sizeOf(x.shape.slice(0, first)),
    size: sizeOf(x.shape.slice(first, last + 1)),
    inner: sizeOf(x.shape.slice(last + 1)),
  };
  return run(primitive, [x], { reduction, shape, kept });
}

function kernel(
  kind: ReduceKind,
): (backend: Backend, inputs: readonly Tensor[], out: Tensor, o: Reduced) => null {
  return (backend, [x], out, { reduction }) => {
    if (x!.size > 0) backend.reduce(kind, x!.storage, reduction, out.storage);
    else backend.fill(out.storage, kind === "prod" ? 1 : 0);
    return null;
  };
}

/** A reduced tensor repeated to the shape it was reduced from. */
const spread = (reduced: Tensor, kept: Shape, shape: Shape) => expand(reshape(reduced, kept), shape);

const reduceSamples = (make: SampleMaker, of: "normal" | "distinct" | "positive" = "normal") =>
  [
    [make[of](2, 3)],
    [make[of](2, 3), 0],
    [make[of](2, 3), -1, { keepDim: true }],
    [make[of](2, 3, 4), [0, 2]],
    [make[of](2, 3, 4), [1, 2], { keepDim: true }],
    [make[of]()],
    [make[of](3, 17, 5), 1],
  ] as ReductionArgs[];

const reduceMistakes =
  (name: string) =>
  (make: SampleMaker): [readonly unknown[], RegExp][] => [
    [
      [make.normal(2, 3), 2],
      new RegExp(`${name}: dim 2 does not exist in shape \\[2, 3\\]; use 0 to 1 \\(or -2 to -1\\)`),
    ],
    [[make.normal(2, 3), [0, 0]], new RegExp(`${name}: dimension 0 is given twice`)],
    [[make.normal(2, 3), 0.5], new RegExp(`${name}: dim is a whole number; got 0.5`)],
    [[make.normal(2, 3), { keepDim: true }], new RegExp(`${name}: dim comes first`)],
    [["abc"], new RegExp(`${name}: expected a tensor`)],
  ];

type ReductionArgs = [x: Tensor, dim?: Dims | null | undefined, options?: ReduceOptions | undefined];

type ReductionOp = Op<ReductionArgs>;

// ── Sums ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const sumPrimitive: Primitive<Reduced> = {
  name: "sum",
  shape: (_inputs, { shape }) => shape,
  forward: kernel("sum"),
  backward: (g, _y, [x], { kept }) => [spread(g, kept, x!.shape)],
};

/**
 * The sum over all dimensions or those given. bool counts the true ones, as int32. Throws a ShapeError for a
 * dimension that does not exist or is named twice.
 *
 * @example
 * sum(tensor([[1, 2], [3, 4]]), 0)   // [4, 6]
 */
export const sum: ReductionOp = defineOp<ReductionArgs>(
  {
    name: "sum",
    formula: "y = Σ xᵢ;  ∂y/∂xᵢ = 1",
    samples: (make) => reduceSamples(make),
    mistakes: reduceMistakes("sum"),
  },
  (x, dim, options) => {
    checkTensor("sum", x);
    return reduceOver(sumPrimitive, x.dtype === "bool" ? to(x, "int32") : x, dim, options);
  },
);

const meanPrimitive: Primitive<Reduced> = {
  name: "mean",
  shape: (_inputs, { shape }) => shape,
  forward: (backend, [x], out, { reduction }) => {
    if (x!.size === 0) {
      backend.fill(out.storage, Number.NaN);
      return null;
    }
    const total = backend.allocate(x!.dtype, out.size);
    backend.reduce("sum", x!.storage, reduction, total);
    const count = constant(reduction.size, x!.dtype, backend);
    backend.binary("div", total, count.storage, out.storage, {
      shape: [out.size],
      aStrides: [1],
      bStrides: [0],
    });
    backend.release(total);
    return null;
  },
  backward: (g, _y, [x], { kept, reduction }) => [spread(div(g, reduction.size), kept, x!.shape)],
};

/**
 * The mean over all dimensions or those given. Throws a ShapeError for a dimension that does not exist or is named
 * twice, a DTypeError for int32 and bool.
 *
 * @example
 * mean(tensor([[1, 2], [3, 4]]), 1, { keepDim: true })   // [[1.5], [3.5]]
 */
export const mean: ReductionOp = defineOp<ReductionArgs>(
  {
    name: "mean",
    formula: "y = (1/n) Σ xᵢ;  ∂y/∂xᵢ = 1/n",
    samples: (make) => reduceSamples(make),
    mistakes: (make) => [
      ...reduceMistakes("mean")(make),
      [[make.labels(3, 4)], /mean: works on float numbers, got int32; convert with \.to\("float32"\)/],
    ],
  },
  (x, dim, options) => {
    checkTensor("mean", x);
    checkFloat("mean", x);
    return reduceOver(meanPrimitive, x, dim, options);
  },
);

const prodPrimitive: Primitive<Reduced> = {
  name: "prod",
  shape: (_inputs, { shape }) => shape,
  forward: kernel("prod"),
  backward: (g, y, [x], { kept, reduction }) => {
    const shape = x!.shape;
    const others = noGrad(() => x!.size === 0 || min(abs(x!)).item() > 0)
      ? div(spread(y, kept, shape), x!)
      : productOfOthers(x!, reduction);
    return [mul(spread(g, kept, shape), others)];
  },
};

/** `Π_{j≠i} xⱼ` for each i, without dividing: an n × n table of each group with 1 on its diagonal, multiplied along rows. */
function productOfOthers(x: Tensor, { outer, size, inner }: Reduction): Tensor {
  const table = expand(reshape(x, [outer, 1, size, inner]), [outer, size, size, inner]);
  const { backend } = x.holding;
  const diagonal = withBackend(backend, () =>
    reshape(eye(size, size, { dtype: "bool" }), [1, size, size, 1]),
  );
  return reshape(prod(where(diagonal, 1, table), 2), x.shape);
}

/**
 * The product over all dimensions or those given. Throws a ShapeError for a dimension that does not exist or is named
 * twice.
 *
 * @example
 * prod(tensor([2, 3, 4]))   // 24
 */
export const prod: ReductionOp = defineOp<ReductionArgs>(
  {
    name: "prod",
    formula: "y = Π xᵢ;  ∂y/∂xᵢ = Π_{j≠i} xⱼ",
    samples: (make) => [
      ...reduceSamples(make, "distinct").slice(0, 6),
      [make.of([2, 3], [1, 0, 2, 0, 0, 3]), 1],
    ],
    mistakes: reduceMistakes("prod"),
  },
  (x, dim, options) => reduceOver(prodPrimitive, x, dim, options),
);

// ── Extremes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function checkNotEmpty(name: string, x: Tensor, reduction: Reduction): void {
  if (reduction.size === 0)
    throw new ShapeError(`${name}: there is nothing to choose from in a tensor ${describeShape(x.shape)}`);
}

function extremePrimitive(name: "max" | "min"): Primitive<Reduced> {
  return {
    name,
    shape: ([x], { shape, reduction }) => {
      checkNotEmpty(name, x!, reduction);
      return shape;
    },
    forward: kernel(name),
    backward: (g, y, [x], { kept, reduction }) => {
      const winners = to(equal(x!, spread(y, kept, x!.shape)), g.dtype);
      const grouped = reshape(winners, [reduction.outer, reduction.size, reduction.inner]);
      const count = spread(sum(grouped, 1), kept, x!.shape);
      return [mul(spread(g, kept, x!.shape), div(winners, count))];
    },
  };
}

const maxPrimitive = extremePrimitive("max");
const minPrimitive = extremePrimitive("min");

/**
 * The largest value over all dimensions or those given; NaN counts as largest. Equal winners share the gradient. For
 * the position see `argmax`. Throws a ShapeError for a dimension that does not exist or where there is nothing to
 * choose from.
 *
 * @example
 * max(tensor([[1, 5], [7, 0]]), 1)   // [5, 7]
 */
export const max: ReductionOp = defineOp<ReductionArgs>(
  {
    name: "max",
    formula: "y = max xᵢ;  ∂y/∂xᵢ = 1 / (number of winners) where xᵢ = y, else 0",
    samples: (make) => reduceSamples(make, "distinct"),
    mistakes: reduceMistakes("max"),
  },
  (x, dim, options) => reduceOver(maxPrimitive, x, dim, options),
);

/**
 * The smallest value over all dimensions or those given; NaN counts as smallest. Equal winners share the gradient.
 * For the position see `argmin`. Throws a ShapeError for a dimension that does not exist or where there is nothing to
 * choose from.
 */
export const min: ReductionOp = defineOp<ReductionArgs>(
  {
    name: "min",
    formula: "y = min xᵢ;  ∂y/∂xᵢ = 1 / (number of winners) where xᵢ = y, else 0",
    samples: (make) => reduceSamples(make, "distinct"),
    mistakes: reduceMistakes("min"),
  },
  (x, dim, options) => reduceOver(minPrimitive, x, dim, options),
);

type PositionArgs = [x: Tensor, dim?: number | null | undefined, options?: ReduceOptions | undefined];

type PositionOp = Op<PositionArgs>;

function positionOp(name: "argmax" | "argmin", what: string): PositionOp {
  const primitive: Primitive<Reduced> = {
    name,
    shape: ([x], { shape, reduction }) => {
      checkNotEmpty(name, x!, reduction);
      return shape;
    },
    dtype: () => "int32",
    forward: kernel(name),
    backward: null,
  };
  return defineOp<PositionArgs>(
    {
      name,
      formula: `y = the first position of the ${what} value`,
      differentiable: false,
      samples: (make) => [
        [make.distinct(2, 3)],
        [make.distinct(2, 3), 1],
        [make.distinct(5, 3, 2), 0, { keepDim: true }],
        [make.labels(2, 3, 5).to("float32"), 1],
      ],
      mistakes: (make) => [
        [[make.normal(2, 3), 2], new RegExp(`${name}: dim 2 does not exist`)],
        [[make.normal(2, 3), [0, 1]], new RegExp(`${name}: one dimension or all of them; got an array of 2`)],
        [
          [make.normal(2, 0), 1],
          new RegExp(`${name}: there is nothing to choose from in a tensor \\[2, 0\\]`),
        ],
      ],
    },
    (x, dim, options) => {
      if (Array.isArray(dim))
        throw new ArgumentError(`${name}: one dimension or all of them; got ${describeValue(dim)}`);
      return reduceOver(primitive, x, dim, options);
    },
  );
}

/**
 * The position of the largest value, int32: along `dim`, or in the flattened tensor. The first of equals. Throws a
 * ShapeError for a dimension that does not exist or where there is nothing to choose from.
 *
 * @example
 * argmax(tensor([[1, 5, 2], [7, 0, 3]]), 1)   // [1, 0]
 */
export const argmax: PositionOp = positionOp("argmax", "largest");
/**
 * The position of the smallest value, int32: along `dim`, or in the flattened tensor. The first of equals. Throws a
 * ShapeError for a dimension that does not exist or where there is nothing to choose from.
 */
export const argmin: PositionOp = positionOp("argmin", "smallest");

// ── Composed of the above ────────────────────────────────────────────────────────────────────────────────────────────

function countOver(name: string, x: Tensor, dim: Dims | null | undefined): number {
  if (dim === null || dim === undefined) return x.size;
  return checkDims(name, dim, x).reduce((count, d) => count * x.shape[d]!, 1);
}

function squaredDeviation(
  name: string,
  x: Tensor,
  dim: Dims | null | undefined,
  options: VarianceOptions = {},
): Tensor {
  checkOptions(name, options, ["keepDim", "correction"]);
  checkTensor(name, x);
  checkFloat(name, x);
  const { correction = 1, keepDim = false } = options;
  const centred = sub(x, mean(x, dim, { keepDim: true }));
  return div(sum(square(centred), dim, { keepDim }), Math.max(0, countOver(name, x, dim) - correction));
}

type VarianceArgs = [x: Tensor, dim?: Dims | null | undefined, options?: VarianceOptions | undefined];

type VarianceOp = Op<VarianceArgs>;

/**
 * The variance; divided by n − 1, or n with `{ correction: 0 }`. Throws a ShapeError for a dimension that does not
 * exist or is named twice, a DTypeError for int32 and bool.
 *
 * @example
 * variance(tensor([1, 2, 3, 4]))   // 1.6667
 */
export const variance: VarianceOp = defineOp<VarianceArgs>(
  {
    name: "variance",
    formula: "y = Σ (xᵢ − x̄)² / (n − correction)",
    samples: (make) => [
      [make.normal(5)],
      [make.normal(2, 3), 1],
      [make.normal(2, 3, 4), [0, 2], { keepDim: true, correction: 0 }],
    ],
    mistakes: (make) => [
      [[make.normal(2, 3), 2], /mean: dim 2 does not exist/],
      [[make.labels(3, 4)], /variance: works on float numbers, got int32/],
    ],
  },
  (x, dim, options) => squaredDeviation("variance", x, dim, options),
);

/**
 * The standard deviation; from the variance divided by n − 1, or n with `{ correction: 0 }`. Throws a ShapeError for
 * a dimension that does not exist or is named twice, a DTypeError for int32 and bool.
 *
 * @example
 * std(tensor([1, 2, 3, 4]), null, { correction: 0 })   // 1.118
 */
export const std: VarianceOp = defineOp<VarianceArgs>(
  {
    name: "std",
    formula: "y = √(Σ (xᵢ − x̄)² / (n − correction))",
    samples: (make) => [[make.normal(5)], [make.normal(2, 3), 1, { correction: 0 }]],
    mistakes: (make) => [[[make.labels(3, 4)], /std: works on float numbers, got int32/]],
  },
  (x, dim, options) => sqrt(squaredDeviation("std", x, dim, options)),
);

/**
 * The p-norm `(Σ |xᵢ|ᵖ)^(1/p)`; Euclidean by default, the largest size for `{ p: Infinity }`. Its gradient at 0 is 0.
 * Throws a ShapeError for a dimension that does not exist or is named twice, a DTypeError for int32 and bool.
 *
 * @example
 * norm(tensor([3, 4]))   // 5
 */
export const norm: Op<[x: Tensor, dim?: Dims | null | undefined, options?: NormOptions | undefined]> =
  defineOp<[x: Tensor, dim?: Dims | null | undefined, options?: NormOptions | undefined]>(
    {
      name: "norm",
      formula: "y = (Σ |xᵢ|ᵖ)^(1/p)",
      samples: (make) => [
        [make.normal(5)],
        [make.distinct(2, 3), 1, { p: 1 }],
        [make.distinct(2, 3), 0, { p: 3, keepDim: true }],
        [make.distinct(2, 3), null, { p: Number.POSITIVE_INFINITY }],
      ],
      mistakes: (make) => [
        [[make.normal(3), null, { p: 0 }], /norm: p is a positive number or Infinity; got 0/],
        [[make.labels(3, 4)], /norm: works on float numbers, got int32/],
      ],
    },
    (x, dim, options = {}) => {
      checkOptions("norm", options, ["keepDim", "p"]);
      checkTensor("norm", x);
      checkFloat("norm", x);
      const { p = 2, ...kept } = options;
      if (!(typeof p === "number" && p > 0))
        throw new ArgumentError(`norm: p is a positive number or Infinity; got ${describeValue(p)}`);
      if (p === 1) return sum(abs(x), dim, kept);
      if (p === Number.POSITIVE_INFINITY) return max(abs(x), dim, kept);
      const total = sum(p === 2 ? square(x) : pow(abs(x), p), dim, kept);
      const zero = equal(total, 0);
      const root = p === 2 ? sqrt : (t: Tensor) => pow(t, 1 / p);
      return where(zero, 0, root(where(zero, 1, total)));
    },
  );

const logSumExpPrimitive: Primitive<Reduced> = {
  name: "logSumExp",
  shape: ([x], { shape, reduction }) => {
    checkNotEmpty("logSumExp", x!, reduction);
    return shape;
  },
  forward: (backend, [x], out, { reduction }) => {
    if (x!.size === 0) return null;
    const { outer, size, inner } = reduction;
    const bound = (value: number) => constant(value, x!.dtype, backend).storage;
    const each = { shape: [out.size], aStrides: [1], bStrides: [0] };
    // The maximum; where it is infinite, the largest finite number does as well, and ∞ − ∞ does not come up.
    const shift = backend.allocate(x!.dtype, out.size);
    const largest = x!.dtype === "float64" ? Number.MAX_VALUE : 3.4028234663852886e38;
    backend.reduce("max", x!.storage, reduction, shift);
    backend.binary("minimum", shift, bound(largest), shift, each);
    backend.binary("maximum", shift, bound(-largest), shift, each);
    const terms = backend.allocate(x!.dtype, x!.size);
    backend.binary("sub", x!.storage, shift, terms, {
      shape: [outer, size, inner],
      aStrides: [size * inner, inner, 1],
      bStrides: [inner, 0, 1],
    });
    backend.unary("exp", terms, terms);
    backend.reduce("sum", terms, reduction, out.storage);
    backend.unary("log", out.storage, out.storage);
    backend.binary("add", out.storage, shift, out.storage);
    backend.release(terms);
    backend.release(shift);
    return null;
  },
  backward: (g, y, [x], { kept }) => {
    const shape = x!.shape;
    // They add up to 1 but for the rounding of y, which is large where y is.
    const shares = exp(sub(x!, spread(y, kept, shape)));
    return [mul(spread(g, kept, shape), div(shares, sumTo(shares, kept)))];
  },
};

/**
 * `ln Σ eˣ`, shifted by the maximum so that nothing overflows. Throws a ShapeError for a dimension that does not
 * exist or is named twice.
 *
 * @example
 * logSumExp(tensor([1000, 1000]))   // 1000.6931
 */
export const logSumExp: ReductionOp = defineOp<ReductionArgs>(
  {
    name: "logSumExp",
    formula: "y = ln Σ e^xᵢ = m + ln Σ e^(xᵢ − m);  ∂y/∂xᵢ = e^(xᵢ − y)",
    samples: (make) => [...reduceSamples(make), [make.of([3], [1000, 1001, -1000])]],
    mistakes: reduceMistakes("logSumExp"),
  },
  (x, dim, options = {}) => {
    checkOptions("logSumExp", options, ["keepDim"]);
    checkTensor("logSumExp", x);
    checkFloat("logSumExp", x);
    return reduceOver(logSumExpPrimitive, x, dim, options);
  },
);
