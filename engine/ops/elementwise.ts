/** One number in, one number out: arithmetic with broadcasting, functions, activations. */
import type { Backend, BinaryKind, DType, UnaryKind } from "../backend/backend.ts";
import { constant, zerosLike } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { type BackwardRule, checkFloat, checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { broadcastShapes, broadcastStrides, type Shape, sameShape } from "../shapes.ts";
import { type Operand, Tensor } from "../tensor.ts";
import { equal, greater, greaterEqual, lessEqual } from "./comparison.ts";
import { expand } from "./movement.ts";
import { sum } from "./reduction.ts";

// ── Two operands ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where two dtypes meet: float64 over float32 over int32 over bool. */
function meet(a: DType, b: DType): DType {
  if (a === b) return a;
  for (const dtype of ["float64", "float32", "int32"] as const) if (a === dtype || b === dtype) return dtype;
  return "bool";
}

/** @internal Numbers become tensors, and both operands one dtype. A number takes the dtype of the tensor, unless it is a fraction and the tensor whole. */
export function operands(
  operation: string,
  a: Operand,
  b: Operand,
  arithmetic: "whole" | "float",
): [Tensor, Tensor] {
  if (a instanceof Tensor && b instanceof Tensor) {
    if (a.dtype === b.dtype && (a.dtype === "float32" || a.dtype === "float64")) return [a, b];
    const dtype = atLeast(meet(a.dtype, b.dtype), arithmetic);
    return [to(a, dtype), to(b, dtype)];
  }
  if (a instanceof Tensor && typeof b === "number") {
    const dtype = atLeast(numberMeets(a.dtype, b), arithmetic);
    return [to(a, dtype), constant(b, dtype, a.holding.backend)];
  }
  if (b instanceof Tensor && typeof a === "number") {
    const dtype = atLeast(numberMeets(b.dtype, a), arithmetic);
    return [constant(a, dtype, b.holding.backend), to(b, dtype)];
  }
  throw operandError(operation, a, b);
}

function numberMeets(dtype: DType, value: number): DType {
  if (dtype === "float32" || dtype === "float64") return dtype;
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? "int32" : "float32";
}

function atLeast(dtype: DType, arithmetic: "whole" | "float"): DType {
  if (dtype === "float32" || dtype === "float64") return dtype;
  return arithmetic === "float" ? "float32" : "int32";
}

function remedyFor(wrong: unknown): string {
  if (Array.isArray(wrong)) return "; make a tensor with tensor(…)";
  // What a loop gets that wrote w = w.sub(w.grad): the new w is a result, and no leaf.
  if (wrong === null)
    return "; .grad is null before backward(), and of results: change a parameter by an optimizer, or under noGrad and with requiresGrad = true anew";
  return "";
}

function operandError(operation: string, a: unknown, b: unknown): ArgumentError {
  if (typeof a === "number" && typeof b === "number")
    return new ArgumentError(
      `${operation}: at least one operand is a tensor; for two numbers use plain arithmetic`,
    );
  const [position, wrong] = a instanceof Tensor || typeof a === "number" ? ["second", b] : ["first", a];
  return new ArgumentError(
    `${operation}: the ${position} operand is a tensor or a number; got ${describeValue(wrong)}${remedyFor(wrong)}`,
  );
}

const binaryShape =
  (name: string) =>
  ([a, b]: readonly Tensor[]): Shape =>
    broadcastShapes(name, a!.shape, b!.shape);

/** @internal Runs a binary kernel, broadcasting where the shapes differ. */
export function binaryKernel(
  kind: BinaryKind,
): (backend: Backend, inputs: readonly Tensor[], out: Tensor) => null {
  return (backend, inputs, out) => {
    const a = inputs[0]!;
    const b = inputs[1]!;
    if (sameShape(a.shape, b.shape)) backend.binary(kind, a.storage, b.storage, out.storage);
    else
      backend.binary(kind, a.storage, b.storage, out.storage, {
        shape: out.shape,
        aStrides: broadcastStrides(a.shape, out.shape),
        bStrides: broadcastStrides(b.shape, out.shape),
      });
    return null;
  };
}

/** @internal The gradient of broadcasting: adds up over the dimensions along which `shape` was repeated. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.ndim - shape.length;
  const dims: number[] = [];
  for (let d = 0; d < x.ndim; d++) if (d < lead || (shape[d - lead] === 1 && x.shape[d] !== 1)) dims.push(d);
  const total = dims.length === 0 ? x : sum(x, dims, { keepDim: true });
  return total.reshape(shape);
}

interface BinaryOptions {
  name: string;
  kind: BinaryKind;
  formula: string;
  arithmetic?: "whole" | "float";
  /** `∂L/∂a` and `∂L/∂b` in the shape of the output. Each is asked for only when wanted. */
  left: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor;
  right: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor;
  samples?: "positive" | "distinct";
}

function binaryOp(options: BinaryOptions): Op<[a: Operand, b: Operand]> {
  const { name, kind, formula, arithmetic = "whole", left, right, samples = "distinct" } = options;
  const primitive: Primitive = {
    name,
    shape: binaryShape(name),
    forward: binaryKernel(kind),
    backward: (g, y, [a, b]) => [
      a!.requiresGrad ? sumTo(left(g, a!, b!, y), a!.shape) : null,
      b!.requiresGrad ? sumTo(right(g, a!, b!, y), b!.shape) : null,
    ],
  };
  return defineOp<[a: Operand, b: Operand]>(
    {
      name,
      formula,
      samples: (make) => {
        const x = (...shape: number[]) => (samples === "positive" ? make.positive : make.distinct)(...shape);
        return [
          [x(2, 3), x(2, 3)],
          [x(2, 3), x(3)],
          [x(4, 1), x(2, 1, 3)],
          [x(2, 3), 1.7],
          [1.7, x(3)],
          [x(), x(2, 2)],
          [x(3, 5, 7), x(5, 1)],
        ];
      },
      mistakes: (make) => [
        [[make.normal(2, 3), make.normal(4)], new RegExp(`${name}: shapes \\[2, 3\\] and \\[4\\]`)],
        [
          [make.normal(2), "3"],
          new RegExp(`${name}: the second operand is a tensor or a number; got the string "3"`),
        ],
        [[[1, 2], make.normal(2)], new RegExp(`${name}: the first operand .* an array of 2`)],
        [
          [make.normal(2), null],
          new RegExp(`${name}: .* got null; .grad is null before backward\\(\\), and of results`),
        ],
        [[1, 2], new RegExp(`${name}: at least one operand is a tensor`)],
      ],
    },
    (a, b) => run(primitive, operands(name, a, b, arithmetic), undefined),
  );
}

/**
 * `a + b`, element by element, with broadcasting. Throws a ShapeError when the shapes do not broadcast.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).add(tensor([10, 20]))   // [[11, 22], [13, 24]]
 */
export const add: Op<[a: Operand, b: Operand]> = binaryOp({
  name: "add",
  kind: "add",
  formula: "y = a + b;  ∂y/∂a = 1,  ∂y/∂b = 1",
  left: (g) => g,
  right: (g) => g,
});

/** `a − b`, element by element, with broadcasting. Throws a ShapeError when the shapes do not broadcast. */
export const sub: Op<[a: Operand, b: Operand]> = binaryOp({
  name: "sub",
  kind: "sub",
  formula: "y = a − b;  ∂y/∂a = 1,  ∂y/∂b = −1",
  left: (g) => g,
  right: (g) => neg(g),
});

/** `a · b`, element by element, with broadcasting. Throws a ShapeError when the shapes do not broadcast. */
export const mul: Op<[a: Operand, b: Operand]> = binaryOp({
  name: "mul",
  kind: "mul",
  formula: "y = a · b;  ∂y/∂a = b,  ∂y/∂b = a",
  left: (g, _a, b) => mul(g, b),
  right: (g, a) => mul(g, a),
});

/**
 * `a / b`, element by element, with broadcasting; whole numbers give float32. Throws a ShapeError when the shapes do
 * not broadcast.
 *
 * @example
 * div(tensor([1, 2, 3]), 2)   // [0.5, 1, 1.5]
 */
export const div: Op<[a: Operand, b: Operand]> = binaryOp({
  name: "div",
  kind: "div",
  formula: "y = a / b;  ∂y/∂a = 1 / b,  ∂y/∂b = −y / b",
  arithmetic: "float",
  samples: "positive",
  left: (g, _a, b) => div(g, b),
  right: (g, _a, b, y) => neg(mul(g, div(y, b))),
});

/**
 * `a` to the power `b`, element by element, with broadcasting. Throws a ShapeError when the shapes do not broadcast.
 *
 * @example
 * pow(2, tensor([1, 2, 3]))   // [2, 4, 8]
 */
export const pow: Op<[a: Operand, b: Operand]> = binaryOp({
  name: "pow",
  kind: "pow",
  formula: "y = aᵇ;  ∂y/∂a = b · aᵇ⁻¹ (0 where b = 0),  ∂y/∂b = y · ln a (0 where a = 0)",
  arithmetic: "float",
  samples: "positive",
  left: (g, a, b) => {
    const zero = equal(b, 0);
    return mul(g, where(zero, 0, mul(b, pow(a, where(zero, 1, sub(b, 1))))));
  },
  right: (g, a, _b, y) => {
    const zero = equal(a, 0);
    return mul(g, mul(y, where(zero, 0, log(where(zero, 1, a)))));
  },
});

/** 1 where the first wins, ½ where both are equal, 0 elsewhere. */
const share = (wins: Tensor, ties: Tensor, dtype: DType) => add(to(wins, dtype), mul(to(ties, dtype), 0.5));

/**
 * The larger of `a` and `b`, element by element; NaN wins. Equal operands share the gradient. Throws a ShapeError
 * when the shapes do not broadcast.
 *
 * @example
 * maximum(tensor([1, 5]), tensor([3, 2]))   // [3, 5]
 */
export const maximum: Op<[a: Operand, b: Operand]> = binaryOp({
  name: "maximum",
  kind: "maximum",
  formula: "y = max(a, b);  ∂y/∂a = 1 where a > b, ½ where a = b, else 0",
  left: (g, a, b) => mul(g, share(greater(a, b), equal(a, b), g.dtype)),
  right: (g, a, b) => mul(g, share(greater(b, a), equal(a, b), g.dtype)),
});

/**
 * The smaller of `a` and `b`, element by element; NaN wins. Equal operands share the gradient. Throws a ShapeError
 * when the shapes do not broadcast.
 */
export const minimum: Op<[a: Operand, b: Operand]> = binaryOp({
  name: "minimum",
  kind: "minimum",
  formula: "y = min(a, b);  ∂y/∂a = 1 where a < b, ½ where a = b, else 0",
  left: (g, a, b) => mul(g, share(greater(b, a), equal(a, b), g.dtype)),
  right: (g, a, b) => mul(g, share(greater(a, b), equal(a, b), g.dtype)),
});

// ── One operand ──────────────────────────────────────────────────────────────────────────────────────────────────────

interface UnaryOptions {
  name: string;
  kind: UnaryKind;
  formula: string;
  /** `∂L/∂x` from g = `∂L/∂y`. */
  gradient: (g: Tensor, x: Tensor, y: Tensor) => Tensor;
  /** Works on int32 as well. */
  whole?: boolean;
  samples?: "positive" | "distinct";
}

function unaryOp(options: UnaryOptions): Op<[x: Tensor]> {
  const { name, kind, formula, gradient, whole = false, samples = "distinct" } = options;
  const primitive: Primitive = {
    name,
    shape: ([x]) => x!.shape,
    forward: (backend, [x], out) => {
      backend.unary(kind, x!.storage, out.storage);
      return null;
    },
    backward: (g, y, [x]) => [gradient(g, x!, y)],
  };
  return defineOp(
    {
      name,
      formula,
      samples: (make) =>
        samples === "positive"
          ? [[make.positive(2, 3)], [make.positive()], [make.positive(37)]]
          : [[make.distinct(2, 3)], [make.distinct()], [make.distinct(37)]],
      mistakes: (make) => [
        [["abc"], new RegExp(`${name}: expected a tensor, got the string "abc"`)],
        [[[1, 2]], new RegExp(`${name}: expected a tensor, got an array of 2; make one with tensor`)],
        ...(whole
          ? []
          : ([[[make.labels(3, 2)], new RegExp(`${name}: works on float numbers, got int32`)]] as [
              unknown[],
              RegExp,
            ][])),
      ],
    },
    (x) => {
      checkTensor(name, x);
      if (!whole) checkFloat(name, x);
      else if (x.dtype === "bool") return run(primitive, [to(x, "int32")], undefined);
      return run(primitive, [x], undefined);
    },
  );
}

/** `−x` */
export const neg: Op<[x: Tensor]> = unaryOp({
  name: "neg",
  kind: "neg",
  formula: "y = −x;  dy/dx = −1",
  whole: true,
  gradient: (g) => neg(g),
});

/** `|x|`; its gradient at 0 is 0. */
export const abs: Op<[x: Tensor]> = unaryOp({
  name: "abs",
  kind: "abs",
  formula: "y = |x|;  dy/dx = sign x",
  whole: true,
  gradient: (g, x) => mul(g, sign(x)),
});

/** −1, 0 or 1; its gradient is 0. */
export const sign: Op<[x: Tensor]> = unaryOp({
  name: "sign",
  kind: "sign",
  formula: "y = sign x;  dy/dx = 0",
  whole: true,
  gradient: (g) => zerosLike(g),
});

/** `eˣ` Throws a DTypeError for int32 and bool. */
export const exp: Op<[x: Tensor]> = unaryOp({
  name: "exp",
  kind: "exp",
  formula: "y = eˣ;  dy/dx = y",
  gradient: (g, _x, y) => mul(g, y),
});

/** The natural logarithm. Throws a DTypeError for int32 and bool. */
export const log: Op<[x: Tensor]> = unaryOp({
  name: "log",
  kind: "log",
  formula: "y = ln x;  dy/dx = 1 / x",
  samples: "positive",
  gradient: (g, x) => div(g, x),
});

/** `√x` Throws a DTypeError for int32 and bool. */
export const sqrt: Op<[x: Tensor]> = unaryOp({
  name: "sqrt",
  kind: "sqrt",
  formula: "y = √x;  dy/dx = 1 / (2y)",
  samples: "positive",
  gradient: (g, _x, y) => div(g, mul(y, 2)),
});

/** `x²` Throws a DTypeError for int32 and bool. */
export const square: Op<[x: Tensor]> = unaryOp({
  name: "square",
  kind: "square",
  formula: "y = x²;  dy/dx = 2x",
  gradient: (g, x) => mul(g, mul(x, 2)),
});

/** `1 / x` Throws a DTypeError for int32 and bool. */
export const reciprocal: Op<[x: Tensor]> = unaryOp({
  name: "reciprocal",
  kind: "reciprocal",
  formula: "y = 1 / x;  dy/dx = −y²",
  samples: "positive",
  gradient: (g, _x, y) => neg(mul(g, square(y))),
});

/** `sin x`, x in radians. Throws a DTypeError for int32 and bool. */
export const sin: Op<[x: Tensor]> = unaryOp({
  name: "sin",
  kind: "sin",
  formula: "y = sin x;  dy/dx = cos x",
  gradient: (g, x) => mul(g, cos(x)),
});

/** `cos x`, x in radians. Throws a DTypeError for int32 and bool. */
export const cos: Op<[x: Tensor]> = unaryOp({
  name: "cos",
  kind: "cos",
  formula: "y = cos x;  dy/dx = −sin x",
  gradient: (g, x) => neg(mul(g, sin(x))),
});

/** The largest whole number ≤ x; its gradient is 0. Throws a DTypeError for int32 and bool. */
export const floor: Op<[x: Tensor]> = unaryOp({
  name: "floor",
  kind: "floor",
  formula: "y = ⌊x⌋;  dy/dx = 0",
  gradient: (g) => zerosLike(g),
});

/** The smallest whole number ≥ x; its gradient is 0. Throws a DTypeError for int32 and bool. */
export const ceil: Op<[x: Tensor]> = unaryOp({
  name: "ceil",
  kind: "ceil",
  formula: "y = ⌈x⌉;  dy/dx = 0",
  gradient: (g) => zerosLike(g),
});

/**
 * The nearest whole number, halves to the even one; its gradient is 0. Throws a DTypeError for int32 and bool.
 *
 * @example
 * round(tensor([0.5, 1.5, -0.7]))   // [0, 2, -1]
 */
export const round: Op<[x: Tensor]> = unaryOp({
  name: "round",
  kind: "round",
  formula: "y = x rounded, halves to even;  dy/dx = 0",
  gradient: (g) => zerosLike(g),
});

/**
 * `max(x, 0)`; its gradient at 0 is 0. Throws a DTypeError for int32 and bool.
 *
 * @example
 * relu(tensor([-1, 0, 2]))   // [0, 0, 2]
 */
export const relu: Op<[x: Tensor]> = unaryOp({
  name: "relu",
  kind: "relu",
  formula: "y = max(x, 0);  dy/dx = 1 where x > 0, else 0",
  gradient: (g, _x, y) => reluGradient(y, g),
});

/**
 * `1 / (1 + e⁻ˣ)` Throws a DTypeError for int32 and bool.
 *
 * @example
 * sigmoid(tensor([0, 2]))   // [0.5, 0.8808]
 */
export const sigmoid: Op<[x: Tensor]> = unaryOp({
  name: "sigmoid",
  kind: "sigmoid",
  formula: "y = 1 / (1 + e⁻ˣ);  dy/dx = y (1 − y)",
  gradient: (g, _x, y) => sigmoidGradient(y, g),
});

/** The hyperbolic tangent. Throws a DTypeError for int32 and bool. */
export const tanh: Op<[x: Tensor]> = unaryOp({
  name: "tanh",
  kind: "tanh",
  formula: "y = tanh x;  dy/dx = 1 − y²",
  gradient: (g, _x, y) => tanhGradient(y, g),
});

/**
 * `ln(1 + eˣ)`, a smooth relu, computed without overflow. Throws a DTypeError for int32 and bool.
 *
 * @example
 * softplus(tensor([0, 10]))   // [0.6931, 10.0000454]
 */
export const softplus: Op<[x: Tensor]> = unaryOp({
  name: "softplus",
  kind: "softplus",
  formula: "y = ln(1 + eˣ);  dy/dx = sigmoid x",
  gradient: (g, x) => mul(g, sigmoid(x)),
});

// ── Gradients that have kernels of their own ─────────────────────────────────────────────────────────────────────────

function gradientOp(
  name: "reluGradient" | "sigmoidGradient" | "tanhGradient",
  formula: string,
  toOutput: (gg: Tensor, y: Tensor, g: Tensor) => Tensor,
  toGradient: (gg: Tensor, y: Tensor) => Tensor,
): Op<[y: Tensor, g: Tensor]> {
  const primitive: Primitive = {
    name,
    shape: binaryShape(name),
    forward: binaryKernel(name),
    backward: (gg, _out, [y, g]) => [
      y!.requiresGrad ? toOutput(gg, y!, g!) : null,
      g!.requiresGrad ? toGradient(gg, y!) : null,
    ],
  };
  return defineOp(
    {
      name,
      formula,
      samples: (make) => [[make.distinct(2, 3), make.distinct(2, 3)]],
      mistakes: (make) => [
        [[make.normal(2), "g"], new RegExp(`${name}: expected a tensor as gradient, got the string "g"`)],
      ],
    },
    (y, g) => {
      checkTensor(name, y, "output");
      checkTensor(name, g, "gradient");
      return run(primitive, [y, g], undefined);
    },
  );
}

/** @internal The gradient of relu from its output y. */
export const reluGradient: Op<[y: Tensor, g: Tensor]> = gradientOp(
  "reluGradient",
  "g where y > 0, else 0",
  (gg) => zerosLike(gg),
  (gg, y) => reluGradient(y, gg),
);

/** @internal The gradient of sigmoid from its output y. */
export const sigmoidGradient: Op<[y: Tensor, g: Tensor]> = gradientOp(
  "sigmoidGradient",
  "g · y · (1 − y)",
  (gg, y, g) => mul(gg, mul(g, sub(1, mul(y, 2)))),
  (gg, y) => sigmoidGradient(y, gg),
);

/** @internal The gradient of tanh from its output y. */
export const tanhGradient: Op<[y: Tensor, g: Tensor]> = gradientOp(
  "tanhGradient",
  "g · (1 − y²)",
  (gg, y, g) => mul(gg, mul(g, mul(y, -2))),
  (gg, y) => tanhGradient(y, gg),
);

// ── Choosing, copying, converting ────────────────────────────────────────────────────────────────────────────────────

const choose: Primitive = {
  name: "where",
  shape: ([_condition, a]) => a!.shape,
  dtype: ([_condition, a]) => a!.dtype,
  forward: (backend, [condition, a, b], out) => {
    backend.where(condition!.storage, a!.storage, b!.storage, out.storage);
    return null;
  },
  backward: (g, _y, [condition, a, b]) => [
    null,
    a!.requiresGrad ? where(condition!, g, 0) : null,
    b!.requiresGrad ? where(condition!, 0, g) : null,
  ],
};

/**
 * `a` where the condition is true, `b` elsewhere, with broadcasting. Throws an ArgumentError when the condition is
 * not bool, a ShapeError when the shapes do not broadcast.
 *
 * @example
 * where(tensor([5, -1]).greater(0), tensor([7, 8]), 0)   // [7, 0]
 */
export const where: Op<[condition: Tensor, a: Operand, b: Operand]> = defineOp<
  [condition: Tensor, a: Operand, b: Operand]
>(
  {
    name: "where",
    formula: "y = condition ? a : b;  ∂y/∂a = 1 where the condition is true, ∂y/∂b = 1 elsewhere",
    samples: (make) => [
      [make.mask(2, 3), make.normal(2, 3), make.normal(2, 3)],
      [make.mask(3), make.normal(2, 1), 0.5],
      [make.mask(2, 1), 1, make.normal(2, 3)],
    ],
    mistakes: (make) => [
      [[make.normal(2), 1, make.normal(2)], /where: the condition is a bool tensor, got float/],
      [[make.mask(2), make.normal(2), make.normal(3)], /where: shapes \[2\] and \[3\]/],
    ],
  },
  (condition, a, b) => {
    checkTensor("where", condition, "condition");
    if (condition.dtype !== "bool")
      throw new ArgumentError(
        `where: the condition is a bool tensor, got ${condition.dtype}; compare first, as in x.greater(0)`,
      );
    const [left, right] = operands("where", a, b, "whole");
    const shape = broadcastShapes(
      "where",
      broadcastShapes("where", left.shape, right.shape),
      condition.shape,
    );
    return run(choose, [expand(condition, shape), expand(left, shape), expand(right, shape)], undefined);
  },
);

const clampPrimitive: Primitive<readonly [low: number, high: number]> = {
  name: "clamp",
  shape: ([x]) => x!.shape,
  forward: (backend, [x], out, [low, high]) => {
    const bound = (value: number) => constant(value, x!.dtype, backend).storage;
    const walk = { shape: [x!.size], aStrides: [1], bStrides: [0] };
    const raised = backend.allocate(x!.dtype, x!.size);
    backend.binary("maximum", x!.storage, bound(low), raised, walk);
    backend.binary("minimum", raised, bound(high), out.storage, walk);
    backend.release(raised);
    return null;
  },
  backward: (g, _y, [x], [low, high]) => [
    mul(g, mul(to(greaterEqual(x!, low), g.dtype), to(lessEqual(x!, high), g.dtype))),
  ],
};

/**
 * x, but not below `low` nor above `high`; the gradient passes where x is within the bounds. Throws an ArgumentError
 * unless low ≤ high.
 *
 * @example
 * clamp(tensor([-2, 0.5, 3]), 0, 1)   // [0, 0.5, 1]
 */
export const clamp: Op<[x: Tensor, low: number, high: number]> = defineOp<
  [x: Tensor, low: number, high: number]
>(
  {
    name: "clamp",
    formula: "y = min(max(x, low), high);  dy/dx = 1 where low ≤ x ≤ high, else 0",
    samples: (make) => [
      [make.distinct(2, 3), -0.5, 0.5],
      [make.distinct(30), 0.25, 100],
    ],
    mistakes: (make) => [
      [[make.normal(2), 1, 0], /clamp: low ≤ high; got low 1 and high 0/],
      [[make.normal(2), 1], /clamp: low ≤ high; got low 1 and high undefined/],
    ],
  },
  (x, low, high) => {
    checkTensor("clamp", x);
    if (!(typeof low === "number" && typeof high === "number" && low <= high))
      throw new ArgumentError(
        `clamp: low ≤ high; got low ${describeValue(low)} and high ${describeValue(high)} (use ±Infinity for no bound)`,
      );
    checkFloat("clamp", x);
    return run(clampPrimitive, [x], [low, high]);
  },
);

const passOn: BackwardRule<unknown> = (g, _y, [x]) => [to(g, x!.dtype)];

const copy: Primitive<DType> = {
  name: "clone",
  shape: ([x]) => x!.shape,
  dtype: (_inputs, dtype) => dtype,
  forward: (backend, [x], out) => {
    backend.copy(x!.storage, out.storage);
    return null;
  },
  backward: passOn,
};

const convert: Primitive<DType> = { ...copy, name: "to" };
const convertToWhole: Primitive<DType> = { ...copy, name: "to", backward: null };

/** The values on new memory. */
export const clone: Op<[x: Tensor]> = defineOp<[x: Tensor]>(
  {
    name: "clone",
    formula: "y = x;  dy/dx = 1",
    samples: (make) => [[make.normal(2, 3)]],
    mistakes: () => [[[3], /clone: expected a tensor, got 3; make one with tensor/]],
  },
  (x) => {
    checkTensor("clone", x);
    return run(copy, [x], x.dtype);
  },
);

const isFloat = (dtype: DType) => dtype === "float32" || dtype === "float64";

/**
 * The values in another dtype: fractions are cut off for int32, everything but 0 is true for bool. Throws an
 * ArgumentError for a dtype that does not exist.
 *
 * @example
 * to(tensor([1.7, -1.7]), "int32")   // [1, -1]
 */
export const to: Op<[x: Tensor, dtype: DType]> = defineOp<[x: Tensor, dtype: DType]>(
  {
    name: "to",
    formula: "y = x in another dtype;  dy/dx = 1 between float types",
    samples: (make) => {
      const x = make.normal(2, 3);
      return [[x, x.dtype]];
    },
    mistakes: (make) => [[[make.normal(2), "float16"], /to: dtype is one of .*; got the string "float16"/]],
  },
  (x, dtype) => {
    checkTensor("to", x);
    if (x.dtype === dtype) return x;
    if (!isFloat(dtype) && dtype !== "int32" && dtype !== "bool")
      throw new ArgumentError(
        `to: dtype is one of "float32", "float64", "int32", "bool"; got ${describeValue(dtype)}`,
      );
    return run(isFloat(dtype) ? convert : convertToWhole, [x], dtype);
  },
);
