/** Runs one backend call on the reference backend and on another, from the same numbers, and compares what they wrote. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { expect } from "vitest";
import type { Backend, DType, Storage } from "../../../engine/backend/backend.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { createWasmBackend, type WasmBackend } from "../../../engine/backend/wasm.ts";

const kernelFolder = new URL("../../../engine/kernels/", import.meta.url);
const compiled = new URL("../../../dist/engine/kernels/relaxed.wasm", import.meta.url);

/** Compiles the kernels if their sources are newer than what is there. */
export async function ensureKernels(): Promise<void> {
  const sources = readdirSync(kernelFolder).map((name) => statSync(new URL(name, kernelFolder)).mtimeMs);
  if (existsSync(compiled) && statSync(compiled).mtimeMs >= Math.max(...sources)) return;
  const build: { buildKernels(): Promise<void> } = await import(new URL("build.mjs", kernelFolder).href);
  await build.buildKernels();
}

/** The BLAS this machine has, or null; what tests with a BLAS run against. */
export function findTestBlas(): string | null {
  const backend = createWasmBackend({ threads: 1 });
  return backend.describe().blas;
}

export interface NamedBackend {
  readonly name: string;
  readonly backend: WasmBackend;
}

/** Every build and thread count, and the BLAS where there is one. */
export function wasmBackends(): NamedBackend[] {
  const blas = findTestBlas();
  return [
    {
      name: "relaxed SIMD, 1 thread",
      backend: createWasmBackend({ threads: 1, blas: false, simd: "relaxed" }),
    },
    {
      name: "relaxed SIMD, 2 threads",
      backend: createWasmBackend({ threads: 2, blas: false, simd: "relaxed" }),
    },
    { name: "SIMD, 3 threads", backend: createWasmBackend({ threads: 3, blas: false, simd: "simd128" }) },
    ...(blas === null
      ? []
      : [
          { name: "BLAS, 1 thread", backend: createWasmBackend({ threads: 1, blas }) },
          { name: "BLAS, 2 threads", backend: createWasmBackend({ threads: 2, blas }) },
        ]),
  ];
}

/** Deterministic numbers for tests (mulberry32). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomFloats(length: number, seed: number, scale = 1): Float32Array {
  const random = randomSource(seed);
  return Float32Array.from({ length }, () => (2 * random() - 1) * scale);
}

export function randomIntegers(length: number, below: number, seed: number): Int32Array {
  const random = randomSource(seed);
  return Int32Array.from({ length }, () => Math.floor(random() * below));
}

const dtypeOf = (values: Float32Array | Int32Array | Uint8Array): DType =>
  values instanceof Float32Array ? "float32" : values instanceof Int32Array ? "int32" : "bool";

export type Operand = Float32Array | Int32Array | Uint8Array;

/** Copies the operands into `backend`, runs `body`, and returns the operands as they are then. */
export function runOn(
  backend: Backend,
  operands: readonly Operand[],
  body: (backend: Backend, storages: Storage[]) => void,
): Operand[] {
  const storages = operands.map((values) => {
    const storage = backend.allocate(dtypeOf(values), values.length);
    storage.values().set(values);
    return storage;
  });
  body(backend, storages);
  const results = storages.map((storage) => storage.values().slice() as Operand);
  for (const storage of storages) backend.release(storage);
  return results;
}

/** Within `tolerance`, absolute and relative; NaN and infinities exactly; integers exactly. */
export function expectClose(actual: Operand, expected: Operand, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    const equal = Object.is(a, e) || a === e;
    const close = Number.isFinite(e) && Math.abs(a - e) <= tolerance * Math.max(1, Math.abs(e));
    if (!equal && !close) expect.fail(`element ${i} of ${expected.length}: got ${a}, expected ${e}`);
  }
}

/** All operands, inputs too, must be the same afterwards on both backends. */
export function expectSame(
  backend: Backend,
  operands: readonly Operand[],
  tolerance: number,
  body: (backend: Backend, storages: Storage[]) => void,
): void {
  const expected = runOn(referenceBackend, operands, body);
  const actual = runOn(backend, operands, body);
  for (const [i, values] of expected.entries()) expectClose(actual[i]!, values, tolerance);
}
