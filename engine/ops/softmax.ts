/** Scores to probabilities. */
import { checkFloat, checkTensor, defineOp, type Op, type Primitive, run, type SampleMaker } from "../op.ts";
import { checkDim } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { exp, mul, sub } from "./elementwise.ts";
import { transpose } from "./movement.ts";
import { sum } from "./reduction.ts";

function overRows(name: "softmax" | "logSoftmax", backward: Primitive["backward"]): Primitive {
  return {
    name,
    shape: ([x]) => x!.shape,
    forward: (backend, [x], out) => {
      const size = x!.shape.at(-1)!;
      if (x!.size > 0) backend[name](x!.storage, out.storage, x!.size / size, size);
      return null;
    },
    backward,
  };
}

const softmaxRows = overRows("softmax", (g, y) => [mul(y, sub(g, sum(mul(g, y), -1, { keepDim: true })))]);
const logSoftmaxRows = overRows("logSoftmax", (g, y) => [sub(g, mul(exp(y), sum(g, -1, { keepDim: true })))]);

/** Along the last dimension directly, along another by swapping it there and back. */
function along(primitive: Primitive, x: Tensor, dim: number): Tensor {
  const { name } = primitive;
  checkTensor(name, x);
  checkFloat(name, x);
  const axis = checkDim(name, dim, x.ndim, x.shape);
  if (axis === x.ndim - 1) return run(primitive, [x], undefined);
  return transpose(run(primitive, [transpose(x, axis, -1)], undefined), axis, -1);
}

const samples = (make: SampleMaker) =>
  [
    [make.normal(2, 3), 1],
    [make.normal(2, 3), 0],
    [make.normal(2, 3, 4), 1],
    [make.normal(5), -1],
    [make.of([2, 3], [1000, 1001, 999, -1000, -1001, -1000]), -1],
    [make.normal(7, 37), 1],
  ] as [x: Tensor, dim: number][];

const mistakes =
  (name: string) =>
  (make: SampleMaker): [readonly unknown[], RegExp][] => [
    [[make.normal(2, 3), 2], new RegExp(`${name}: dim 2 does not exist in shape \\[2, 3\\]`)],
    [[make.normal(2, 3)], new RegExp(`${name}: dim is a whole number; got undefined`)],
    [[make.labels(3, 4), 0], new RegExp(`${name}: works on float numbers, got int32`)],
  ];

/**
 * Positive numbers that add up to 1 along `dim`. Throws a ShapeError for a dimension that does not exist, a
 * DTypeError for int32 and bool.
 *
 * @example
 * softmax(tensor([[1, 2, 3]]), 1)   // [[0.09, 0.2447, 0.6652]]
 */
export const softmax: Op<[x: Tensor, dim: number]> = defineOp<[x: Tensor, dim: number]>(
  {
    name: "softmax",
    formula: "yᵢ = e^xᵢ / Σⱼ e^xⱼ;  ∂L/∂xᵢ = yᵢ (gᵢ − Σⱼ gⱼ yⱼ)",
    samples,
    mistakes: mistakes("softmax"),
  },
  (x, dim) => along(softmaxRows, x, dim),
);

/**
 * The logarithm of softmax along `dim`, exact where softmax itself is 0 or 1 in floating point. Throws a ShapeError
 * for a dimension that does not exist, a DTypeError for int32 and bool.
 *
 * @example
 * logSoftmax(tensor([[0, 0]]), 1)   // [[-0.6931, -0.6931]]
 */
export const logSoftmax: Op<[x: Tensor, dim: number]> = defineOp<[x: Tensor, dim: number]>(
  {
    name: "logSoftmax",
    formula: "yᵢ = xᵢ − ln Σⱼ e^xⱼ;  ∂L/∂xᵢ = gᵢ − e^yᵢ Σⱼ gⱼ",
    samples,
    mistakes: mistakes("logSoftmax"),
  },
  (x, dim) => along(logSoftmaxRows, x, dim),
);
