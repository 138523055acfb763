/** Activation functions beside those of elementwise.ts: steps, the relatives of relu, GELU, maxout. */
import { constant, zerosLike } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { checkFloat, checkSameDType, checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { checkOptions } from "../options.ts";
import { broadcastStrides, checkDim, describeShape, stridesOf } from "../shapes.ts";
import type { Operand, Tensor } from "../tensor.ts";
import { add, exp, minimum, mul, neg, square, sub, sumTo, tanh } from "./elementwise.ts";
import { reshape } from "./movement.ts";
import { max } from "./reduction.ts";

/** A finite number, else an ArgumentError that names the operation and the argument. */
function checkNumber(operation: string, name: string, value: unknown): void {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new ArgumentError(`${operation}: ${name} is a number; got ${describeValue(value)}`);
}

const stepping: Primitive = {
  name: "step",
  shape: ([x]) => x!.shape,
  forward: (backend, [x], out) => {
    backend.unary("relu", x!.storage, out.storage);
    backend.unary("sign", out.storage, out.storage);
    return null;
  },
  backward: (g) => [zerosLike(g)],
};

/**
 * 1 where x > 0, else 0 (at 0 as well): the threshold of McCulloch and Pitts' neuron. Its gradient is 0: nothing is
 * learned through it. Throws a DTypeError for int32 and bool.
 *
 * @example
 * step(tensor([-1, 0, 2]))   // [0, 0, 1]
 */
export const step: Op<[x: Tensor]> = defineOp<[x: Tensor]>(
  {
    name: "step",
    formula: "y = 1 where x > 0, else 0;  dy/dx = 0",
    samples: (make) => [[make.distinct(2, 3)], [make.distinct(37)], [make.distinct()]],
    mistakes: (make) => [
      [["abc"], /step: expected a tensor, got the string "abc"/],
      [[make.labels(3, 2)], /step: works on float numbers, got int32/],
    ],
  },
  (x) => {
    checkTensor("step", x);
    checkFloat("step", x);
    return run(stepping, [x], undefined);
  },
);

/** 1 where x > 0, `below` elsewhere; a constant but for what `below` depends on. */
function slopes(x: Tensor, below: Operand): Tensor {
  const above = noGrad(() => step(x));
  return add(above, mul(sub(1, above), below));
}

const leaking: Primitive<number> = {
  name: "leakyRelu",
  shape: ([x]) => x!.shape,
  forward: (backend, [x], out, slope) => {
    // max(x, 0) + slope · min(x, 0), the second as −slope · max(−x, 0)
    const walk = { shape: [x!.size], aStrides: [1], bStrides: [0] };
    const below = backend.allocate(x!.dtype, x!.size);
    backend.unary("neg", x!.storage, below);
    backend.unary("relu", below, below);
    backend.binary("mul", below, constant(slope, x!.dtype, backend).storage, below, walk);
    backend.unary("relu", x!.storage, out.storage);
    backend.binary("sub", out.storage, below, out.storage);
    backend.release(below);
    return null;
  },
  backward: (g, _y, [x], slope) => [mul(g, slopes(x!, slope))],
};

/**
 * x where x > 0, else `slope · x` (0.01 by default): no unit dies. Maas et al. 2013. The gradient at 0 is the slope,
 * as in PyTorch. Throws a DTypeError for int32 and bool, an ArgumentError when the second argument is no number.
 *
 * @example
 * leakyRelu(tensor([-2, 3]), 0.1)   // [-0.2, 3]
 */
export const leakyRelu: Op<[x: Tensor, slope?: number]> = defineOp<[x: Tensor, slope?: number]>(
  {
    name: "leakyRelu",
    formula: "y = x where x > 0, else slope · x;  dy/dx = 1 where x > 0, else slope",
    samples: (make) => [[make.distinct(2, 3)], [make.distinct(37), 0.2], [make.distinct(5), 1.5]],
    mistakes: (make) => [
      [[[1, 2]], /leakyRelu: expected a tensor, got an array of 2; make one with tensor/],
      [[make.normal(2), "0.1"], /leakyRelu: the slope is a number; got the string "0.1"/],
      [[make.labels(3, 2)], /leakyRelu: works on float numbers, got int32/],
    ],
  },
  (x, slope = 0.01) => {
    checkTensor("leakyRelu", x);
    checkFloat("leakyRelu", x);
    checkNumber("leakyRelu", "the slope", slope);
    return run(leaking, [x], slope);
  },
);

const learning: Primitive = {
  name: "prelu",
  shape: ([x]) => x!.shape,
  forward: (backend, [x, slope], out) => {
    // As leakyRelu, by slopes that lie along the channels.
    const walk = {
      shape: x!.shape,
      aStrides: stridesOf(x!.shape),
      bStrides: broadcastStrides(slope!.shape, x!.shape),
    };
    const below = backend.allocate(x!.dtype, x!.size);
    backend.unary("neg", x!.storage, below);
    backend.unary("relu", below, below);
    backend.binary("mul", below, slope!.storage, below, walk);
    backend.unary("relu", x!.storage, out.storage);
    backend.binary("sub", out.storage, below, out.storage);
    backend.release(below);
    return null;
  },
  backward: (g, _y, [x, slope]) => [
    x!.requiresGrad ? mul(g, slopes(x!, slope!)) : null,
    slope!.requiresGrad ? sumTo(mul(g, minimum(x!, 0)), slope!.shape) : null,
  ],
};

/**
 * x where x > 0, else `slope · x` with slopes that are learned: `slope` is `[1]`, or `[C]` with one per channel (dimension 1
 * of x; the last one if x has a single dimension). He et al. 2015. At 0 as in PyTorch. Throws a ShapeError when there
 * is neither one slope nor one for each channel.
 *
 * @example
 * prelu(tensor([-2, 3]), tensor([0.25]))   // [-0.5, 3]
 */
export const prelu: Op<[x: Tensor, slope: Tensor]> = defineOp<[x: Tensor, slope: Tensor]>(
  {
    name: "prelu",
    formula: "y = x where x > 0, else a · x;  ∂y/∂x = 1 where x > 0, else a;  ∂L/∂a = Σ ∂L/∂y · x over x ≤ 0",
    samples: (make) => [
      [make.distinct(2, 3), make.positive(1)],
      [make.distinct(2, 3), make.positive(3)],
      [make.distinct(2, 3, 2, 4), make.positive(3)],
      [make.distinct(7), make.positive(1)],
    ],
    mistakes: (make) => [
      [
        [make.normal(2, 3), make.normal(4)],
        /prelu: the slope is \[4\], it should be \[1\] or \[3\], one for each channel of the input \[2, 3\]/,
      ],
      [[make.normal(2, 3), 0.1], /prelu: expected a tensor as slope, got 0\.1; make one with tensor/],
    ],
  },
  (x, slope) => {
    checkTensor("prelu", x);
    checkTensor("prelu", slope, "slope");
    checkFloat("prelu", x);
    checkSameDType("prelu", x, slope);
    const channels = x.ndim > 1 ? x.shape[1]! : 1;
    if (slope.ndim > 1 || (slope.size !== 1 && slope.size !== channels))
      throw new ShapeError(
        `prelu: the slope is ${describeShape(slope.shape)}, it should be [1] or [${channels}], one for each channel of the input ${describeShape(x.shape)}`,
      );
    const perChannel =
      x.ndim > 2 && slope.size > 1
        ? reshape(
            slope,
            x.shape.slice(1).map((size, d) => (d === 0 ? size : 1)),
          )
        : reshape(slope, [slope.size]);
    return run(learning, [x, perChannel], undefined);
  },
);

const elevating: Primitive<number> = {
  name: "elu",
  shape: ([x]) => x!.shape,
  forward: (backend, [x], out, alpha) => {
    const walk = { shape: [x!.size], aStrides: [1], bStrides: [0] };
    const number = (value: number) => constant(value, x!.dtype, backend).storage;
    const below = backend.allocate(x!.dtype, x!.size);
    backend.binary("minimum", x!.storage, number(0), below, walk);
    backend.unary("exp", below, below);
    backend.binary("sub", below, number(1), below, walk);
    backend.binary("mul", below, number(alpha), below, walk);
    backend.unary("relu", x!.storage, out.storage);
    backend.binary("add", out.storage, below, out.storage);
    backend.release(below);
    return null;
  },
  backward: (g, y, [x], alpha) => [mul(g, slopes(x!, add(y, alpha)))],
};

/**
 * x where x > 0, else `alpha · (eˣ − 1)` (alpha 1 by default): smooth, with a mean nearer to 0. Clevert et al. 2015.
 * Throws a DTypeError for int32 and bool, an ArgumentError when the second argument is no number.
 *
 * @example
 * elu(tensor([-1, 2]))   // [-0.6321, 2]
 */
export const elu: Op<[x: Tensor, alpha?: number]> = defineOp<[x: Tensor, alpha?: number]>(
  {
    name: "elu",
    formula: "y = x where x > 0, else α (eˣ − 1);  dy/dx = 1 where x > 0, else y + α",
    samples: (make) => [[make.distinct(2, 3)], [make.distinct(37), 0.5]],
    mistakes: (make) => [
      [["abc"], /elu: expected a tensor, got the string "abc"/],
      [[make.normal(2), null], /elu: alpha is a number; got null/],
      [[make.labels(3, 2)], /elu: works on float numbers, got int32/],
    ],
  },
  (x, alpha = 1) => {
    checkTensor("elu", x);
    checkFloat("elu", x);
    checkNumber("elu", "alpha", alpha);
    return run(elevating, [x], alpha);
  },
);

/**
 * The error function in double precision. Up to 3 by 2/√π · e^{−x²} · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n + 1)), whose terms are all positive
 * (Abramowitz & Stegun 7.1.6); beyond by the continued fraction of 1 − erf (7.1.14), which then converges fast.
 */
function errorFunction(x: number): number {
  const size = Math.abs(x);
  if (!(size > 0)) return x;
  if (size > 6) return Math.sign(x);
  if (size > 3) {
    let fraction = size;
    for (let n = 60; n >= 1; n--) fraction = size + n / 2 / fraction;
    return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * fraction));
  }
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

const erring: Primitive = {
  name: "erf",
  shape: ([x]) => x!.shape,
  forward: (_backend, [x], out) => {
    const from = x!.storage.values();
    const to = out.storage.values();
    for (let i = 0; i < to.length; i++) to[i] = errorFunction(from[i]!);
    return null;
  },
  backward: (g, _y, [x]) => [mul(g, mul(exp(neg(square(x!))), 2 / Math.sqrt(Math.PI)))],
};

/**
 * The error function `2/√π ∫₀ˣ e^{−t²} dt`; `(1 + erf(x/√2)) / 2` is the normal distribution's cumulative
 * probability. Throws a DTypeError for int32 and bool.
 *
 * @example
 * erf(tensor([0, 1]))   // [0, 0.8427]
 */
export const erf: Op<[x: Tensor]> = defineOp<[x: Tensor]>(
  {
    name: "erf",
    formula: "y = 2/√π ∫₀ˣ e^{−t²} dt;  dy/dx = 2/√π · e^{−x²}",
    samples: (make) => [
      [make.distinct(2, 3)],
      [make.distinct(37)],
      [make.of([6], [-7, -3.5, -2.9, 3.1, 5, 12])],
    ],
    mistakes: (make) => [
      [["abc"], /erf: expected a tensor, got the string "abc"/],
      [[make.labels(3, 2)], /erf: works on float numbers, got int32/],
    ],
  },
  (x) => {
    checkTensor("erf", x);
    checkFloat("erf", x);
    return run(erring, [x], undefined);
  },
);

/** Options of `gelu`. */
export interface GeluOptions {
  /** `"tanh"` for the older approximation (GPT-2's), exact by default. */
  approximate?: "none" | "tanh";
}

/**
 * `x · Φ(x)`, Φ being the normal distribution's cumulative probability: the activation of transformers. Hendrycks &
 * Gimpel 2016. Throws a DTypeError for int32 and bool.
 *
 * @example
 * gelu(tensor([-1, 1]))   // [-0.1587, 0.8413]
 */
export const gelu: Op<[x: Tensor, options?: GeluOptions]> = defineOp<[x: Tensor, options?: GeluOptions]>(
  {
    name: "gelu",
    formula: "y = x · Φ(x);  dy/dx = Φ(x) + x · e^{−x²/2} / √(2π)",
    samples: (make) => [
      [make.distinct(2, 3)],
      [make.distinct(37), { approximate: "tanh" }],
      [make.distinct(9), { approximate: "none" }],
    ],
    mistakes: (make) => [
      [["abc"], /gelu: expected a tensor, got the string "abc"/],
      [
        [make.normal(2), { approximate: "sigmoid" }],
        /gelu: approximate is "none" or "tanh"; got the string "sigmoid"/,
      ],
    ],
  },
  (x, options = {}) => {
    checkOptions("gelu", options, ["approximate"]);
    const { approximate = "none" } = options;
    checkTensor("gelu", x);
    checkFloat("gelu", x);
    if (approximate !== "none" && approximate !== "tanh")
      throw new ArgumentError(`gelu: approximate is "none" or "tanh"; got ${describeValue(approximate)}`);
    const twice =
      approximate === "none"
        ? add(erf(mul(x, Math.SQRT1_2)), 1)
        : add(tanh(mul(mul(x, add(mul(square(x), 0.044715), 1)), Math.sqrt(2 / Math.PI))), 1);
    return mul(mul(x, 0.5), twice);
  },
);

/**
 * The largest of `pieces` neighbours along `dim` (the last by default): `[N, F · pieces]` → `[N, F]`. After a linear layer it is
 * `max_j (w_j·x + b_j)`, a convex function that is learned piece by piece. Goodfellow et al. 2013. Equal ones share
 * the gradient. Throws a ShapeError when the pieces do not divide the dimension.
 *
 * @example
 * maxout(tensor([[1, 4, 3, 2]]), 2)   // [[4, 3]]
 */
export const maxout: Op<[x: Tensor, pieces?: number, dim?: number]> = defineOp<
  [x: Tensor, pieces?: number, dim?: number]
>(
  {
    name: "maxout",
    formula: "y[f] = max_j x[f · pieces + j];  ∂L/∂x = ∂L/∂y at the largest, else 0",
    samples: (make) => [
      [make.distinct(2, 6)],
      [make.distinct(2, 6), 3],
      [make.distinct(2, 4, 3, 3), 2, 1],
      [make.distinct(4), 4],
    ],
    mistakes: (make) => [
      [
        [make.normal(2, 5)],
        /maxout: 2 pieces do not divide the 5 features along dim 1 of \[2, 5\]; give the layer before it a multiple of 2 outputs/,
      ],
      [[make.normal(2, 4), 0], /maxout: pieces is a whole number from 1 up; got 0/],
      [[make.normal(2, 4), 2, 2], /maxout: dim 2 does not exist/],
    ],
  },
  (x, pieces = 2, dim = -1) => {
    checkTensor("maxout", x);
    checkFloat("maxout", x);
    if (!Number.isInteger(pieces) || pieces < 1)
      throw new ArgumentError(`maxout: pieces is a whole number from 1 up; got ${describeValue(pieces)}`);
    const axis = checkDim("maxout", dim, x.ndim, x.shape);
    const size = x.shape[axis]!;
    if (size % pieces !== 0)
      throw new ShapeError(
        `maxout: ${pieces} pieces do not divide the ${size} features along dim ${axis} of ${describeShape(x.shape)}; give the layer before it a multiple of ${pieces} outputs`,
      );
    return max(reshape(x, x.shape.toSpliced(axis, 1, size / pieces, pieces)), axis + 1);
  },
);
