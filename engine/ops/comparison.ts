/** Questions to pairs of numbers; the answers are bool tensors and carry no gradient. */
import type { BinaryKind } from "../backend/backend.ts";
import { checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { broadcastShapes } from "../shapes.ts";
import type { Operand, Tensor } from "../tensor.ts";
import { binaryKernel, operands, to } from "./elementwise.ts";

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

/** True where `a = b`. */
export const equal: Op<[a: Operand, b: Operand]> = comparison("equal", "=");
/** True where `a ≠ b`. */
export const notEqual: Op<[a: Operand, b: Operand]> = comparison("notEqual", "≠");
/** True where `a < b`. */
export const less: Op<[a: Operand, b: Operand]> = comparison("less", "<");
/** True where `a ≤ b`. */
export const lessEqual: Op<[a: Operand, b: Operand]> = comparison("lessEqual", "≤");
/** True where `a > b`. */
export const greater: Op<[a: Operand, b: Operand]> = comparison("greater", ">");
/** True where `a ≥ b`. */
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
