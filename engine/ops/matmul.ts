/** Products of matrices and vectors. */
import { ShapeError } from "../errors.ts";
import { checkFloat, checkSameDType, checkTensor, defineOp, type Op, type Primitive, run } from "../op.ts";
import { checkOptions } from "../options.ts";
import { broadcastShapes, describeShape, sameShape, sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./elementwise.ts";
import { expand, reshape } from "./movement.ts";
import { sum } from "./reduction.ts";

interface Product {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** `[B, m, k] · [B, k, n]` or `[m, k] · [k, n]`; either operand may be stored transposed, so that no gradient copies. */
const product: Primitive<Product> = {
  name: "matmul",
  shape: ([a, b], { transposeA, transposeB }) => {
    const m = a!.shape.at(transposeA ? -1 : -2)!;
    const n = b!.shape.at(transposeB ? -2 : -1)!;
    return [...a!.shape.slice(0, -2), m, n];
  },
  forward: (backend, [a, b], out, { transposeA, transposeB }) => {
    const m = out.shape.at(-2)!;
    const n = out.shape.at(-1)!;
    const k = a!.shape.at(transposeA ? -2 : -1)!;
    if (out.size === 0) return null;
    if (k === 0) backend.fill(out.storage, 0);
    else
      backend.matmul(a!.storage, b!.storage, out.storage, {
        batch: sizeOf(a!.shape.slice(0, -2)),
        m,
        n,
        k,
        transposeA,
        transposeB,
        batchStrideA: m * k,
        batchStrideB: k * n,
        accumulate: false,
      });
    return null;
  },
  backward: (g, _y, inputs, { transposeA, transposeB }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    return [
      a.requiresGrad
        ? transposeA
          ? multiply(b, g, transposeB, true)
          : multiply(g, b, false, !transposeB)
        : null,
      b.requiresGrad
        ? transposeB
          ? multiply(g, a, true, transposeA)
          : multiply(a, g, !transposeA, false)
        : null,
    ];
  },
};

function multiply(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return run(product, [a, b], { transposeA, transposeB });
}

/** Options of `matmul`. */
export interface MatmulOptions {
  /** The first operand is stored `[…, k, m]`. */
  transposeA?: boolean;
  /** The second operand is stored `[…, n, k]`. */
  transposeB?: boolean;
}

/**
 * The matrix product: `[m, k] · [k, n]` → `[m, n]`; `[k]` · `[k]` is a number, `[m, k] · [k]` → `[m]`, and dimensions in
 * front are batches that broadcast. Throws a ShapeError when the inner sizes differ, a DTypeError for int32 and bool.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).matmul(tensor([[1], [1]]))   // [[3], [7]]
 */
export const matmul: Op<[a: Tensor, b: Tensor, options?: MatmulOptions]> = defineOp<
  [a: Tensor, b: Tensor, options?: MatmulOptions]
>(
  {
    name: "matmul",
    formula: "C = A · B;  ∂L/∂A = G · Bᵀ,  ∂L/∂B = Aᵀ · G",
    samples: (make) => [
      [make.normal(2, 3), make.normal(3, 4)],
      [make.normal(3), make.normal(3)],
      [make.normal(2, 3), make.normal(3)],
      [make.normal(3), make.normal(3, 2)],
      [make.normal(5, 2, 3), make.normal(3, 4)],
      [make.normal(2, 3), make.normal(5, 3, 4)],
      [make.normal(2, 1, 2, 3), make.normal(4, 3, 2)],
      [make.normal(3, 2), make.normal(4, 3), { transposeA: true, transposeB: true }],
      [make.normal(2, 2, 3), make.normal(4, 3), { transposeB: true }],
      [make.normal(17, 33), make.normal(33, 19)],
    ],
    mistakes: (make) => [
      [
        [make.normal(2, 3), make.normal(4, 5)],
        /matmul: inner sizes differ: \[2, 3\] · \[4, 5\] needs 3 = 4.*transpose/s,
      ],
      [[make.normal(2, 3), make.normal(2, 3)], /matmul: inner sizes differ.*second\.T/s],
      [[make.normal(), make.normal(2)], /matmul: the first operand is a single number; use mul/],
      [[make.normal(2, 3), 3], /matmul: expected a tensor as second operand, got 3/],
      [[make.normal(2, 3), make.labels(3, 3)], /matmul: works on float numbers, got int32/],
      [[make.normal(2, 2, 3), make.normal(3, 3, 3)], /matmul \(batch dimensions\): shapes \[2\] and \[3\]/],
    ],
  },
  (a, b, options = {}) => {
    checkOptions("matmul", options, ["transposeA", "transposeB"]);
    checkTensor("matmul", a, "first operand");
    checkTensor("matmul", b, "second operand");
    checkFloat("matmul", a);
    checkFloat("matmul", b);
    checkSameDType("matmul", a, b);
    if (a.ndim === 0 || b.ndim === 0)
      throw new ShapeError(
        `matmul: the ${a.ndim === 0 ? "first" : "second"} operand is a single number; use mul`,
      );
    const { transposeA = false, transposeB = false } = options;
    const left = a.ndim === 1 ? reshape(a, transposeA ? [a.size, 1] : [1, a.size]) : a;
    const right = b.ndim === 1 ? reshape(b, transposeB ? [1, b.size] : [b.size, 1]) : b;
    const innerA = left.shape.at(transposeA ? -2 : -1)!;
    const innerB = right.shape.at(transposeB ? -1 : -2)!;
    if (innerA !== innerB) throw innerSizesDiffer(a, b, innerA, innerB, options);
    const out = multiplyBatched(left, right, transposeA, transposeB);
    if (a.ndim > 1 && b.ndim > 1) return out;
    const shape = out.shape.slice(0, -2);
    if (a.ndim > 1) shape.push(out.shape.at(-2)!);
    if (b.ndim > 1) shape.push(out.shape.at(-1)!);
    return reshape(out, shape);
  },
);

function multiplyBatched(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  if (sameShape(batchA, batchB)) return multiply(a, b, transposeA, transposeB);
  if (batchB.length === 0 && !transposeA) {
    const rows = reshape(a, [sizeOf(a.shape.slice(0, -1)), a.shape.at(-1)!]);
    const flat = multiply(rows, b, false, transposeB);
    return reshape(flat, [...a.shape.slice(0, -1), flat.shape[1]!]);
  }
  const batch = broadcastShapes("matmul (batch dimensions)", batchA, batchB);
  return multiply(
    expand(a, [...batch, ...a.shape.slice(-2)]),
    expand(b, [...batch, ...b.shape.slice(-2)]),
    transposeA,
    transposeB,
  );
}

function innerSizesDiffer(
  a: Tensor,
  b: Tensor,
  innerA: number,
  innerB: number,
  options: MatmulOptions,
): ShapeError {
  const fits = (turnedA: boolean, turnedB: boolean) => {
    const inner = (tensor: Tensor, last: boolean) => tensor.shape.at(last || tensor.ndim === 1 ? -1 : -2);
    return inner(a, !turnedA) === inner(b, turnedB);
  };
  const plain = !options.transposeA && !options.transposeB;
  const remedy =
    plain && b.ndim === 2 && fits(false, true)
      ? "; the second operand fits transposed: a.matmul(second.T)"
      : plain && a.ndim === 2 && fits(true, false)
        ? "; the first operand fits transposed: first.T.matmul(b)"
        : "; check the sizes, or transpose or reshape one operand";
  return new ShapeError(
    `matmul: inner sizes differ: ${describeShape(a.shape)} · ${describeShape(b.shape)} needs ${innerA} = ${innerB}${remedy}`,
  );
}

/**
 * The sum of the products of two vectors. Throws a ShapeError for what are no vectors.
 *
 * @example
 * dot(tensor([1, 2, 3]), tensor([4, 5, 6]))   // 32
 */
export const dot: Op<[a: Tensor, b: Tensor]> = defineOp<[a: Tensor, b: Tensor]>(
  {
    name: "dot",
    formula: "y = Σ aᵢ bᵢ;  ∂y/∂a = b,  ∂y/∂b = a",
    samples: (make) => [[make.normal(4), make.normal(4)]],
    mistakes: (make) => [
      [[make.normal(4), make.normal(3)], /dot: the vectors have 4 and 3 elements/],
      [[make.normal(2, 2), make.normal(2)], /dot: works on vectors, got \[2, 2\]; use matmul/],
    ],
  },
  (a, b) => {
    checkTensor("dot", a, "first operand");
    checkTensor("dot", b, "second operand");
    for (const operand of [a, b])
      if (operand.ndim !== 1)
        throw new ShapeError(`dot: works on vectors, got ${describeShape(operand.shape)}; use matmul`);
    if (a.size !== b.size) throw new ShapeError(`dot: the vectors have ${a.size} and ${b.size} elements`);
    return sum(mul(a, b));
  },
);

/**
 * The table of the products of two vectors: `[m]`, `[n]` → `[m, n]`. Throws a ShapeError for what are no vectors.
 *
 * @example
 * outer(tensor([1, 2]), tensor([3, 4]))   // [[3, 4], [6, 8]]
 */
export const outer: Op<[a: Tensor, b: Tensor]> = defineOp<[a: Tensor, b: Tensor]>(
  {
    name: "outer",
    formula: "C[i, j] = aᵢ bⱼ;  ∂L/∂a = G · b,  ∂L/∂b = Gᵀ · a",
    samples: (make) => [[make.normal(3), make.normal(4)]],
    mistakes: (make) => [
      [[make.normal(2, 2), make.normal(2)], /outer: works on vectors, got \[2, 2\]; flatten it/],
      [[make.normal(2), 3], /outer: expected a tensor as second operand, got 3/],
    ],
  },
  (a, b) => {
    checkTensor("outer", a, "first operand");
    checkTensor("outer", b, "second operand");
    for (const operand of [a, b])
      if (operand.ndim !== 1)
        throw new ShapeError(`outer: works on vectors, got ${describeShape(operand.shape)}; flatten it`);
    return mul(reshape(a, [a.size, 1]), b);
  },
);

/**
 * The affine map of a fully connected layer: `x [N…, in]`, `weight [out, in]`, `bias [out]` or null → `[N…, out]`.
 * Throws a ShapeError when the features differ.
 *
 *
 * @example
 * linear(ones([1, 2]), tensor([[3, 4]]), tensor([5]))   // [[12]]
 */
export const linear: Op<[x: Tensor, weight: Tensor, bias?: Tensor | null]> = defineOp<
  [x: Tensor, weight: Tensor, bias?: Tensor | null]
>(
  {
    name: "linear",
    formula: "y = x · Wᵀ + b;  ∂L/∂x = G · W,  ∂L/∂W = Gᵀ · x,  ∂L/∂b = Σ G over the batch",
    samples: (make) => [
      [make.normal(2, 3), make.normal(4, 3), make.normal(4)],
      [make.normal(3), make.normal(4, 3), null],
      [make.normal(2, 5, 3), make.normal(4, 3), make.normal(4)],
    ],
    mistakes: (make) => [
      [
        [make.normal(2, 5), make.normal(4, 3)],
        /linear: the input \[2, 5\] has 5 features, the weight \[out=4, in=3\] takes 3/,
      ],
      [
        [make.normal(2, 3), make.normal(4, 3), make.normal(3)],
        /linear: the bias is \[3\], it should be \[out=4\]/,
      ],
      [[make.normal(2, 3), make.normal(3)], /linear: the weight is \[3\], it should be \[out, in\]/],
    ],
  },
  (x, weight, bias = null) => {
    checkTensor("linear", x, "input");
    checkTensor("linear", weight, "weight");
    if (weight.ndim !== 2)
      throw new ShapeError(`linear: the weight is ${describeShape(weight.shape)}, it should be [out, in]`);
    if (x.shape.at(-1) !== weight.shape[1])
      throw new ShapeError(
        `linear: the input ${describeShape(x.shape)} has ${x.shape.at(-1) ?? "no"} features, the weight ` +
          `${describeShape(weight.shape, ["out", "in"])} takes ${weight.shape[1]}; flatten the input or change the layer's size`,
      );
    const y = matmul(x, weight, { transposeB: true });
    if (bias === null) return y;
    checkTensor("linear", bias, "bias");
    if (bias.ndim !== 1 || bias.size !== weight.shape[0])
      throw new ShapeError(
        `linear: the bias is ${describeShape(bias.shape)}, it should be [out=${weight.shape[0]}]`,
      );
    return add(y, bias);
  },
);
