/** What convolutions and pooling are given: checks of the layouts of inputs, weights and biases. */
import { ShapeError } from "../errors.ts";
import { checkFloat, checkSameDType, checkTensor } from "../op.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

/** Lines, images and volumes, by their number of dimensions. */
const inputs = { 3: "[N, C, L]", 4: "[N, C, H, W]", 5: "[N, C, D, H, W]" } as const;

/** A float input with samples and channels in front. */
export function checkInput(operation: string, x: Tensor, ndim: keyof typeof inputs): void {
  checkTensor(operation, x, "input");
  checkFloat(operation, x);
  if (x.ndim !== ndim)
    throw new ShapeError(
      `${operation}: the input is ${describeShape(x.shape)}, it should be ${inputs[ndim]}; add missing dimensions with unsqueeze(0)`,
    );
}

/** An input, and weights of as many dimensions whose layout is told by `layout`. */
export function checkKernels(
  operation: string,
  x: Tensor,
  weight: Tensor,
  ndim: keyof typeof inputs,
  layout: string,
): void {
  checkInput(operation, x, ndim);
  checkTensor(operation, weight, "weight");
  checkSameDType(operation, x, weight);
  if (weight.ndim !== ndim)
    throw new ShapeError(
      `${operation}: the weight is ${describeShape(weight.shape)}, it should be ${layout}`,
    );
}

/** No bias, or one number for each output channel. */
export function checkBias(operation: string, x: Tensor, bias: Tensor | null, channels: number): void {
  if (bias === null) return;
  checkTensor(operation, bias, "bias");
  checkSameDType(operation, x, bias);
  if (bias.ndim !== 1 || bias.size !== channels)
    throw new ShapeError(
      `${operation}: the bias is ${describeShape(bias.shape)}, it should be [out=${channels}]`,
    );
}
