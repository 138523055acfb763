/** The compiled kernels as functions over a shared memory. Every thread makes its own instance of one compiled module. */
import type { Compute } from "./protocol.ts";
import { TASK_ADDRESS } from "./protocol.ts";
import { type Memory, type Module, WebAssembly } from "./webassembly.ts";

/** C (+)= op(A)·op(B), row-major; matrices by address in the shared memory, flags as 0 or 1. */
export type Sgemm = (
  transposeA: number,
  transposeB: number,
  m: number,
  n: number,
  k: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  accumulate: number,
  c: number,
  ldc: number,
) => void;

type Kernel = (task: number, slice: number, slices: number) => void;

/** Names of the kernels, in the order of the indices by which tasks name them. */
export function kernelNames(module: Module): string[] {
  return WebAssembly.Module.exports(module)
    .filter((entry) => entry.kind === "function")
    .map((entry) => entry.name);
}

const noBlas: Sgemm = () => {
  throw new Error("this thread has no BLAS library");
};

/** An instance of the kernels for the calling thread. */
export function instantiate(module: Module, memory: Memory, sgemm: Sgemm | null): Compute {
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, host: { sgemm: sgemm ?? noBlas } });
  const kernels = kernelNames(module).map((name) => exports[name] as Kernel);
  return (kernel, slice, slices) => kernels[kernel]!(TASK_ADDRESS, slice, slices);
}
