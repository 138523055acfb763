/** The WebAssembly backend on Node: finds the compiled kernels, a BLAS and the number of threads. Node only. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type BlasLibrary, findBlas } from "./blas.ts";
import { instantiate, kernelNames } from "./kernels.ts";
import { Pool, type StartThread } from "./pool.ts";
import { CONTROL_ADDRESS, HEAP_START, MAXIMUM_THREADS } from "./protocol.ts";
import { WasmBackend } from "./wasmBackend.ts";
import { type Memory, type Module, WebAssembly } from "./webassembly.ts";
import type { ComputeThreadData } from "./worker.ts";

export { WasmBackend } from "./wasmBackend.ts";

export interface WasmBackendOptions {
  /** Threads that compute, the main thread included. Default: `NNLAB_THREADS`, else one per core, at most 8. */
  readonly threads?: number;
  /** Path of a BLAS library; true: search for one; false or "none": use none. Default: `NNLAB_BLAS`, else true. */
  readonly blas?: boolean | string;
  /** Default: the best that this engine has. */
  readonly simd?: "relaxed" | "simd128";
  /** The memory's limit, at most 4 GiB, which is the default. */
  readonly maximumBytes?: number;
}

const PAGE = 65536;
const INITIAL_PAGES = 256;
const MOST_PAGES = 65536;
const DEFAULT_MOST_THREADS = 8;

const isSource = import.meta.url.endsWith(".ts");

/** Compiled kernels lie in dist/, also for the engine that runs from its source. */
const kernelFolder = new URL(isSource ? "../../dist/engine/kernels/" : "../kernels/", import.meta.url);

function readKernels(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(new URL(file, kernelFolder)));
  } catch (cause) {
    const path = fileURLToPath(new URL(file, kernelFolder));
    throw new Error(`the engine's compiled kernels are missing (${path}): run \`npm run build\``, { cause });
  }
}

function compileKernels(request: "relaxed" | "simd128" | undefined): [Module, "relaxed" | "simd128"] {
  for (const simd of request === undefined ? (["relaxed", "simd128"] as const) : [request]) {
    const bytes = readKernels(`${simd}.wasm`);
    if (WebAssembly.validate(bytes)) return [new WebAssembly.Module(bytes), simd];
  }
  throw new Error(
    `this JavaScript engine (Node ${process.versions.node}) has no ${request ?? "simd128"} SIMD for WebAssembly; Node 22 and later have`,
  );
}

/** Systems that limit address space may refuse to reserve 4 GiB. */
function makeMemory(maximumBytes: number): [Memory, number] {
  let pages = Math.max(1, Math.min(MOST_PAGES, Math.floor(maximumBytes / PAGE)));
  for (;;) {
    try {
      const initial = Math.min(INITIAL_PAGES, pages);
      return [new WebAssembly.Memory({ initial, maximum: pages, shared: true }), pages * PAGE];
    } catch (error) {
      if (pages <= INITIAL_PAGES) throw error;
      pages = Math.floor(pages / 2);
    }
  }
}

function countThreads(request: number | undefined, problems: string[]): number {
  const isCount = (n: number) => Number.isInteger(n) && n >= 1 && n <= MAXIMUM_THREADS;
  if (request !== undefined) {
    if (!isCount(request))
      throw new RangeError(`threads must be a whole number from 1 to ${MAXIMUM_THREADS}, got ${request}`);
    return request;
  }
  const setting = process.env.NNLAB_THREADS;
  if (setting) {
    if (isCount(Number(setting))) return Number(setting);
    problems.push(
      `NNLAB_THREADS must be a whole number from 1 to ${MAXIMUM_THREADS}, got "${setting}": ignored`,
    );
  }
  return Math.max(1, Math.min(availableParallelism(), DEFAULT_MOST_THREADS));
}

function threadStarter(module: Module, memory: Memory, blas: string | null): StartThread {
  const entry = new URL(isSource ? "./worker.ts" : "./worker.js", import.meta.url);
  return (slice, ended) => {
    const workerData: ComputeThreadData = { module, memory, blas, slice };
    const worker = new Worker(entry, { workerData, name: `nnlab compute ${slice}`, execArgv: [] });
    // An error ends a thread; without it the main thread computes its slices.
    worker.on("error", ended);
    worker.on("exit", ended);
    worker.unref();
    return () => void worker.terminate();
  };
}

/** The fast backend for this machine. Works without threads and without a BLAS; never throws for lack of either. */
export function createWasmBackend(options: WasmBackendOptions = {}): WasmBackend {
  const problems: string[] = [];
  const [module, simd] = compileKernels(options.simd);
  const [memory, maximumBytes] = makeMemory(options.maximumBytes ?? MOST_PAGES * PAGE);
  const { library, failures } = findBlas(memory, HEAP_START, options.blas);
  for (const { path, reason } of failures) problems.push(`BLAS library not used: ${path}: ${reason}`);
  const blas: BlasLibrary | null = library;
  const pool = new Pool({
    threads: countThreads(options.threads, problems),
    control: new Int32Array(memory.buffer, CONTROL_ADDRESS, (HEAP_START - CONTROL_ADDRESS) / 4),
    compute: instantiate(module, memory, blas?.sgemm ?? null),
    startThread: threadStarter(module, memory, blas?.path ?? null),
  });
  return new WasmBackend({
    memory,
    maximumBytes,
    kernelNames: kernelNames(module),
    pool,
    simd,
    blas: blas?.path ?? null,
    problems,
  });
}
