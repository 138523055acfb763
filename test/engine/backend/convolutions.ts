/** The three computations of a convolution on any backend, and how far they are from exact. */
import type { Backend, Conv2dGeometry, Storage } from "../../../engine/backend/backend.ts";
import { randomFloats } from "./support.ts";

export interface Results<T = number[]> {
  readonly out: T;
  readonly inputGradient: T;
  readonly weightGradient: T;
}

/** The three computations of a convolution, on the same numbers whatever the backend and its precision. */
export function compute(backend: Backend, dtype: "float32" | "float64", g: Conv2dGeometry): Results {
  const [x, weight, bias, gradient, out, dx, dw] = [
    g.batch * g.inChannels * g.inHeight * g.inWidth,
    (g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth) / g.groups,
    g.outChannels,
    g.batch * g.outChannels * g.outHeight * g.outWidth,
    g.batch * g.outChannels * g.outHeight * g.outWidth,
    g.batch * g.inChannels * g.inHeight * g.inWidth,
    (g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth) / g.groups,
  ].map((length, i) => {
    const storage = backend.allocate(dtype, length);
    storage.values().set(randomFloats(length, i + 1));
    return storage;
  }) as [Storage, Storage, Storage, Storage, Storage, Storage, Storage];
  backend.conv2d(x, weight, bias, out, g);
  backend.conv2dInputGradient(gradient, weight, dx, g);
  backend.conv2dWeightGradient(x, gradient, dw, g);
  const results = {
    out: [...out.values()],
    inputGradient: [...dx.values()],
    weightGradient: [...dw.values()],
  };
  for (const storage of [x, weight, bias, gradient, out, dx, dw]) backend.release(storage);
  return results;
}

const rootMeanSquare = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

/** Root mean square of the differences, relative to that of the exact values. */
export const errorOf = (values: readonly number[], exact: readonly number[]): number =>
  rootMeanSquare(values.map((value, i) => value - exact[i]!)) / rootMeanSquare(exact);
