/** The entry of a compute thread (a Node worker): makes its instance of the kernels and serves. Node only. */
import { workerData } from "node:worker_threads";
import { openBlas } from "./blas.ts";
import { instantiate, type Sgemm } from "./kernels.ts";
import { CONTROL_ADDRESS, HEAP_START, serve } from "./protocol.ts";
import type { Memory, Module } from "./webassembly.ts";

/** What the main thread sends. */
export interface ComputeThreadData {
  readonly memory: Memory;
  readonly module: Module;
  readonly blas: string | null;
  readonly slice: number;
}

const { memory, module, blas, slice } = workerData as ComputeThreadData;

/**
 * The library is opened by the first product, while the main thread waits for it: a process that ends while one of its
 * threads is loading a library is aborted by Node.
 */
function openedOnFirstUse(path: string): Sgemm {
  let opened: Sgemm | null = null;
  return (transposeA, transposeB, m, n, k, a, lda, b, ldb, accumulate, c, ldc) => {
    opened ??= openBlas(path, memory).sgemm;
    opened(transposeA, transposeB, m, n, k, a, lda, b, ldb, accumulate, c, ldc);
  };
}

const sgemm = blas === null ? null : openedOnFirstUse(blas);
const control = new Int32Array(memory.buffer, CONTROL_ADDRESS, (HEAP_START - CONTROL_ADDRESS) / 4);
serve(control, slice, instantiate(module, memory, sgemm));
