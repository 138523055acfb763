/** The entry of a compute thread (a Node worker): makes its instance of the kernels and serves. Node only. */
import { workerData } from "node:worker_threads";
import { openBlas } from "./blas.ts";
import { instantiate } from "./kernels.ts";
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
const sgemm = blas === null ? null : openBlas(blas, memory).sgemm;
const control = new Int32Array(memory.buffer, CONTROL_ADDRESS, (HEAP_START - CONTROL_ADDRESS) / 4);
serve(control, slice, instantiate(module, memory, sgemm));
