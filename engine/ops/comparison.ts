/** Questions to numbers and pairs of numbers; the answers are bool tensors and carry no gradient. */
import type { BinaryKind } from "../backend/backend.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { checkOptions } from "../options.ts";
import { broadcastShapes, sameShape } from "../shapes.ts";
import type { Dims, Operand, Tensor } from "../tensor.ts";
import { abs, binaryKernel, operands, to } from "./elementwise.ts";
import { type ReduceOptions, sum } from "./reduction.ts";

type Comparison = "equal" | "notEqual" | "less" | "lessEqual" | "greater" | "greaterEqual";

function comparison(name: Comparison & BinaryKind, symbol: string): Op<[a: Operand, b: Operand]> {
  const primitive: Primitive = {
    name,
    shape: ([a, b]) => broadcastShapes(name, a!.shape, b!.shape),
    dtype: () => "bool",
    forward: binaryKernel(name),
    backward: null,
  };
  return defineOp<[a: Operand, b: Operand]>(
    {
      name,
      formula: `y = a ${symbol} b`,
      differentiable: false,
      samples: (make) => [
        [make.labels(3, 4, 5).to("float32"), make.labels(3, 5).to("float32")],
        [make.labels(3, 40), make.labels(3, 40)],
        [make.normal(5), 0],
        [make.labels(3, 20), 1],
      ],
      mistakes: (make) => [
        [[make.normal(2, 3), make.normal(2)], new RegExp(`${name}: shapes \\[2, 3\\] and \\[2\\]`)],
        [[make.normal(2), null], new RegExp(`${name}: the second operand is a tensor or a number; got null`)],
      ],
    },
    (a, b) => run(primitive, operands(name, a, b, "whole"), undefined),
  );
}

/**
 * True where `a = b`. Throws a ShapeError when the shapes do not broadcast.
 *
 * @example
 * equal(tensor([1, 2]), tensor([1, 3]))   // [1, 0]
 */
export const equal: Op<[a: Operand, b: Operand]> = comparison("equal", "=");
/** True where `a ≠ b`. Throws a ShapeError when the shapes do not broadcast. */
export const notEqual: Op<[a: Operand, b: Operand]> = comparison("notEqual", "≠");
/** True where `a < b`. Throws a ShapeError when the shapes do not broadcast. */
export const less: Op<[a: Operand, b: Operand]> = comparison("less", "<");
/** True where `a ≤ b`. Throws a ShapeError when the shapes do not broadcast. */
export const lessEqual: Op<[a: Operand, b: Operand]> = comparison("lessEqual", "≤");
/** True where `a > b`. Throws a ShapeError when the shapes do not broadcast. */
export const greater: Op<[a: Operand, b: Operand]> = comparison("greater", ">");
/** True where `a ≥ b`. Throws a ShapeError when the shapes do not broadcast. */
export const greaterEqual: Op<[a: Operand, b: Operand]> = comparison("greaterEqual", "≥");

const negation: Primitive = {
  name: "logicalNot",
  shape: ([x]) => x!.shape,
  dtype: () => "bool",
  forward: (backend, [x], out) => {
    backend.unary("logicalNot", x!.storage, out.storage);
    return null;
  },
  backward: null,
};

/** True where x is false (or 0). */
export const logicalNot: Op<[x: Tensor]> = defineOp<[x: Tensor]>(
  {
    name: "logicalNot",
    formula: "y = ¬x",
    differentiable: false,
    samples: (make) => [[make.mask(2, 3)]],
    mistakes: () => [[[true], /logicalNot: expected a tensor, got true/]],
  },
  (x) => {
    checkTensor("logicalNot", x);
    return run(negation, [to(x, "bool")], undefined);
  },
);

function connective(
  name: "logicalAnd" | "logicalOr" | "logicalXor",
  symbol: string,
  answer: (a: Tensor, b: Tensor) => Tensor,
): Op<[a: Tensor, b: Tensor]> {
  return defineOp<[a: Tensor, b: Tensor]>(
    {
      name,
      formula: `y = a ${symbol} b`,
      differentiable: false,
      samples: (make) => [
        [make.mask(3, 4), make.mask(4)],
        [make.labels(2, 30), make.mask(30)],
      ],
      mistakes: (make) => [
        [[make.mask(2), true], new RegExp(`${name}: expected a tensor as second operand, got true`)],
        [[make.mask(2, 3), make.mask(2)], new RegExp(`${name}: shapes \\[2, 3\\] and \\[2\\]`)],
      ],
    },
    (a, b) => {
      checkTensor(name, a, "first operand");
      checkTensor(name, b, "second operand");
      broadcastShapes(name, a.shape, b.shape);
      return answer(to(a, "bool"), to(b, "bool"));
    },
  );
}

/** True where both are true (or not 0). Throws a ShapeError when the shapes do not broadcast. */
export const logicalAnd: Op<[a: Tensor, b: Tensor]> = connective("logicalAnd", "∧", (a, b) =>
  greater(a, logicalNot(b)),
);
/** True where at least one is true (or not 0). Throws a ShapeError when the shapes do not broadcast. */
export const logicalOr: Op<[a: Tensor, b: Tensor]> = connective("logicalOr", "∨", (a, b) =>
  greaterEqual(a, logicalNot(b)),
);
/** True where exactly one is true (or not 0). Throws a ShapeError when the shapes do not broadcast. */
export const logicalXor: Op<[a: Tensor, b: Tensor]> = connective("logicalXor", "⊻", (a, b) => notEqual(a, b));

function classification(
  name: "isNaN" | "isInfinite" | "isFinite",
  what: string,
  answer: (x: Tensor) => Tensor,
): Op<[x: Tensor]> {
  return defineOp<[x: Tensor]>(
    {
      name,
      formula: `y = x is ${what}`,
      differentiable: false,
      samples: (make) => [
        [make.of([5], [0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -3e38])],
        [make.labels(3, 4)],
        [make.normal(2, 3)],
      ],
      mistakes: () => [[[1], new RegExp(`${name}: expected a tensor, got 1; make one with tensor`)]],
    },
    (x) => {
      checkTensor(name, x);
      return answer(x);
    },
  );
}

/** True where x is not a number. */
const notNumber: Op<[x: Tensor]> = classification("isNaN", "not a number", (x) => notEqual(x, x));
/** True where x is ∞ or −∞. */
export const isInfinite: Op<[x: Tensor]> = classification("isInfinite", "∞ or −∞", (x) =>
  equal(abs(x), Number.POSITIVE_INFINITY),
);
/** True where x is neither NaN nor infinite. */
const finite: Op<[x: Tensor]> = classification("isFinite", "neither NaN nor infinite", (x) =>
  less(abs(x), Number.POSITIVE_INFINITY),
);

// Under their usual names outside; in here these are JavaScript's own functions.
export { finite as isFinite, notNumber as isNaN };

type QuestionArgs = [x: Tensor, dim?: Dims | null | undefined, options?: ReduceOptions | undefined];

function question(
  name: "any" | "all",
  formula: string,
  answer: (x: Tensor, dim: Dims | null | undefined, options: ReduceOptions | undefined) => Tensor,
): Op<QuestionArgs> {
  return defineOp<QuestionArgs>(
    {
      name,
      formula,
      differentiable: false,
      samples: (make) => [
        [make.mask(3, 4)],
        [make.mask(5, 3), 0],
        [make.labels(3, 2, 3, 4), [0, 2], { keepDim: true }],
        [make.mask(0, 3), 0],
      ],
      mistakes: (make) => [
        [[make.mask(2, 3), 2], /sum: dim 2 does not exist in shape \[2, 3\]/],
        [[[true]], new RegExp(`${name}: expected a tensor, got an array of 1`)],
      ],
    },
    (x, dim, options = {}) => {
      checkOptions(name, options, ["keepDim"]);
      checkTensor(name, x);
      return answer(to(x, "bool"), dim, options);
    },
  );
}

/**
 * Whether at least one value is true (or not 0), over all dimensions or those given; of nothing, false. Throws a
 * ShapeError for a dimension that does not exist.
 *
 * @example
 * any(tensor([0, 1]).greater(0))   // true
 */
export const any: Op<QuestionArgs> = question("any", "y = x₀ ∨ x₁ ∨ …", (x, dim, options) =>
  greater(sum(x, dim, options), 0),
);
/**
 * Whether every value is true (or not 0), over all dimensions or those given; of nothing, true. Throws a ShapeError
 * for a dimension that does not exist.
 */
export const all: Op<QuestionArgs> = question("all", "y = x₀ ∧ x₁ ∧ …", (x, dim, options) =>
  equal(sum(logicalNot(x), dim, options), 0),
);

/** Options of `allClose`. */
export interface AllCloseOptions {
  /** The difference allowed relative to the size of b; 1e-5 by default. */
  rtol?: number;
  /** The difference allowed besides; 1e-8 by default. */
  atol?: number;
  /** Whether NaN equals NaN; no by default. */
  equalNaN?: boolean;
}

/**
 * Whether two tensors of one shape agree: `|a − b| ≤ atol + rtol · |b|` everywhere; equal infinities agree. With
 * `{ rtol: 0, atol: 0 }` exactly. Tensors of different shapes do not agree. Throws an ArgumentError for a tolerance
 * below 0.
 *
 * @example
 * allClose(tensor([1]), tensor([1.000001]))   // true
 */
export function allClose(a: Tensor, b: Tensor, options: AllCloseOptions = {}): boolean {
  checkOptions("allClose", options, ["rtol", "atol", "equalNaN"]);
  checkTensor("allClose", a, "first operand");
  checkTensor("allClose", b, "second operand");
  const { rtol = 1e-5, atol = 1e-8, equalNaN = false } = options;
  for (const [name, bound] of Object.entries({ rtol, atol }))
    if (!(typeof bound === "number" && bound >= 0))
      throw new ArgumentError(`allClose: ${name} is a number from 0 up; got ${describeValue(bound)}`);
  if (!sameShape(a.shape, b.shape)) return false;
  const [x, y] = [a.toTypedArray(), b.toTypedArray()];
  return x.every((value, i) => {
    const other = y[i]!;
    if (value === other) return true;
    if (Number.isNaN(value) && Number.isNaN(other)) return equalNaN;
    return Number.isFinite(other) && Math.abs(value - other) <= atol + rtol * Math.abs(other);
  });
}
