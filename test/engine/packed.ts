/** Tensors as the golden scripts write them down, and how ours are compared with them. */
import { expect } from "vitest";
import { type DType, type Tensor, tensor } from "../../engine/index.ts";

/** A tensor of PyTorch's in JSON. */
export interface Packed {
  readonly shape: number[];
  readonly values: number[];
  /** float32 unless told. */
  readonly dtype?: string;
}

export function unpack({ shape, values, dtype = "float32" }: Packed): Tensor {
  return tensor(values, { shape, dtype: dtype as DType });
}

/** PyTorch computes in float64, we in float32 and round every step: 1e-5 of the largest value covers sums of some hundred terms. */
export function expectPacked(actual: Tensor | null, expected: Packed, what = ""): void {
  expect(actual?.shape, what).toEqual(expected.shape);
  const scale = Math.max(1, ...expected.values.map(Math.abs));
  actual!.toTypedArray().forEach((value, i) => {
    expect(
      Math.abs(value - expected.values[i]!) / scale,
      `${what}[${i}]: ${value}, PyTorch ${expected.values[i]}`,
    ).toBeLessThan(1e-5);
  });
}

/** Backpropagates Σ yᵢ · (cos i + 0.2), as the golden scripts do: a number that depends on every element in another way. */
export function backpropagate(y: Tensor): void {
  const weights = Float32Array.from({ length: y.size }, (_item, i) => Math.cos(i) + 0.2);
  y.backward({ gradient: tensor(weights, { shape: y.shape }) });
}
