/** What the engine's tests share: the backends to test, and operands made from a seed. */
import type { Backend, DType } from "../../engine/backend/backend.ts";
import { withBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import { createWasmBackend } from "../../engine/backend/wasm.ts";
import { Generator, type Shape, Tensor, tensor } from "../../engine/index.ts";
import type { SampleMaker } from "../../engine/op.ts";

/** Every backend there is, each in the variants that take other paths. */
export const backends: readonly { name: string; backend: Backend }[] = [
  { name: "reference", backend: referenceBackend },
  { name: "wasm, one thread", backend: createWasmBackend({ threads: 1, blas: false }) },
  { name: "wasm, two threads", backend: createWasmBackend({ threads: 2, blas: false }) },
  { name: "wasm, plain SIMD", backend: createWasmBackend({ threads: 1, blas: false, simd: "simd128" }) },
];

/** Operands on `backend`, the same for the same seed. */
export function sampleMaker(backend: Backend, dtype: DType, seed = 1): SampleMaker {
  const generator = new Generator(seed);
  const make = (shape: Shape, kind: DType, value: (i: number) => number) =>
    withBackend(backend, () => {
      const size = shape.reduce((product, n) => product * n, 1);
      return tensor(
        Float64Array.from({ length: size }, (_item, i) => value(i)),
        { shape, dtype: kind },
      );
    });
  return {
    normal: (...shape) => make(shape, dtype, () => generator.normal()),
    positive: (...shape) => make(shape, dtype, () => generator.uniform(0.5, 2)),
    distinct: (...shape) => {
      const size = shape.reduce((product, n) => product * n, 1);
      const order = generator.permutation(size);
      return make(shape, dtype, (i) => awayFromHalves(order[i]! - size / 2));
    },
    of: (shape, values) => make(shape, dtype, (i) => values[i]!),
    labels: (classes, ...shape) => make(shape, "int32", () => generator.integer(classes)),
    mask: (...shape) => make(shape, "bool", () => generator.integer(2)),
  };
}

/** Numbers 0.0725 apart or more, moved off the multiples of one half. */
function awayFromHalves(step: number): number {
  const value = step * 0.0825 + 0.031;
  const fromHalf = value - Math.round(value * 2) / 2;
  return Math.abs(fromHalf) < 0.02 ? value + (fromHalf < 0 ? -0.03 : 0.03) : value;
}

/** The values of a tensor as plain numbers. */
export function numbers(x: Tensor): number[] {
  return Array.from(x.toTypedArray());
}

/** Every tensor among an op's arguments, in lists too. */
export function tensorsIn(args: readonly unknown[]): Tensor[] {
  return args.flatMap((arg) => (arg instanceof Tensor ? [arg] : Array.isArray(arg) ? tensorsIn(arg) : []));
}
