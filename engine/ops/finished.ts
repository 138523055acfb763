/** Products and convolutions with what follows them in one pass over the output: where no gradient is wanted. */
import type { Conv2dGeometry, Storage } from "../backend/backend.ts";
import { type Primitive, run } from "../op.ts";
import { type Shape, sameShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { type Conv2dOptions, resolveConv2d } from "./convolution.ts";
import { add, relu } from "./elementwise.ts";
import { checkBias, checkKernels } from "./layout.ts";
import { linear } from "./matmul.ts";
import { type FixedNormalization, withInverseDeviation } from "./normalization.ts";

/** What the output goes through, in this order, each step if it is given. */
export interface Finish {
  readonly normalize: FixedNormalization | null;
  /** Added, in the shape of the output. */
  readonly addend: Tensor | null;
  readonly relu: boolean;
}

interface FinishedConvolution {
  readonly geometry: Conv2dGeometry;
  readonly bias: Tensor | null;
  readonly finish: Finish;
}

const outputShape = (g: Conv2dGeometry): Shape => [g.batch, g.outChannels, g.outHeight, g.outWidth];

const finishedConvolution: Primitive<FinishedConvolution> = {
  name: "conv2d",
  shape: (_inputs, { geometry }) => outputShape(geometry),
  forward: (backend, [x, kernel], out, { geometry, bias, finish: { normalize, addend, relu } }) => {
    if (out.size === 0) return null;
    const compute = (inverse: Storage | null): void => {
      backend.conv2d(x!.storage, kernel!.storage, bias?.storage ?? null, out.storage, geometry, {
        normalize: normalize &&
          inverse && {
            mean: normalize.mean.storage,
            inverse,
            weight: normalize.weight.storage,
            bias: normalize.bias.storage,
          },
        addend: addend?.storage ?? null,
        relu,
      });
    };
    if (normalize === null) compute(null);
    else withInverseDeviation(backend, normalize.variance, normalize.epsilon, compute);
    return null;
  },
  backward: null,
};

/**
 * The numbers of `conv2d`, then batch normalisation, a sum and ReLU, to the last bit, with one pass over memory instead of one for each.
 * Padding with zeros only. Nothing is recorded for a gradient.
 */
export function finishedConv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: Conv2dOptions,
  finish: Finish,
): Tensor {
  checkKernels("conv2d", x, weight, 4, "[out, in, kH, kW]");
  checkBias("conv2d", x, bias, weight.shape[0]!);
  const geometry = resolveConv2d(x, weight, options);
  const { normalize, addend } = finish;
  if (addend !== null && !sameShape(addend.shape, outputShape(geometry))) {
    const sum = add(
      finishedConv2d(x, weight, bias, options, { normalize, addend: null, relu: false }),
      addend,
    );
    return finish.relu ? relu(sum) : sum;
  }
  const operands = [x, weight];
  if (bias !== null) operands.push(bias);
  if (normalize !== null) operands.push(normalize.mean, normalize.variance, normalize.weight, normalize.bias);
  if (addend !== null) operands.push(addend);
  return run(finishedConvolution, operands, { geometry, bias, finish });
}

interface FinishedProduct {
  readonly bias: Tensor | null;
  readonly relu: boolean;
}

const finishedProduct: Primitive<FinishedProduct> = {
  name: "linear",
  shape: ([x, weight]) => [x!.shape[0]!, weight!.shape[0]!],
  forward: (backend, [x, weight], out, { bias, relu: rectifies }) => {
    const [m, n, k] = [x!.shape[0]!, weight!.shape[0]!, x!.shape[1]!];
    backend.matmul(
      x!.storage,
      weight!.storage,
      out.storage,
      {
        batch: 1,
        m,
        n,
        k,
        transposeA: false,
        transposeB: true,
        batchStrideA: m * k,
        batchStrideB: k * n,
        accumulate: false,
      },
      { bias: bias?.storage ?? null, relu: rectifies },
    );
    return null;
  },
  backward: null,
};

/** The numbers of `linear`, then ReLU if told, to the last bit, with one pass over memory. Nothing is recorded for a gradient. */
export function finishedLinear(x: Tensor, weight: Tensor, bias: Tensor | null, rectifies: boolean): Tensor {
  const isPlain =
    x.ndim === 2 && x.dtype === "float32" && weight.dtype === "float32" && x.size > 0 && weight.size > 0;
  if (isPlain)
    return run(finishedProduct, bias === null ? [x, weight] : [x, weight, bias], { bias, relu: rectifies });
  const y = linear(x, weight, bias);
  return rectifies ? relu(y) : y;
}
