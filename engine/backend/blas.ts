/**
 * A BLAS library, if the machine has one: its sgemm is called on the tensors where they lie, one call per thread, with the
 * library's own threads off. No library is required; why one could not be used is kept for `nnlab doctor`. Node only.
 */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Sgemm } from "./kernels.ts";
import type { Memory } from "./webassembly.ts";

export interface BlasLibrary {
  readonly path: string;
  readonly sgemm: Sgemm;
}

export interface BlasFailure {
  readonly path: string;
  readonly reason: string;
}

export interface BlasSearch {
  readonly library: BlasLibrary | null;
  readonly failures: readonly BlasFailure[];
}

// cblas.h
const ROW_MAJOR = 101;
const NO_TRANSPOSE = 111;
const TRANSPOSE = 112;

// The wheels of scipy-openblas prefix their symbols so that several libraries can live in one process.
const PREFIXES = ["", "scipy_"];

interface ForeignLibrary {
  func(name: string, result: string, parameters: string[]): (...values: number[]) => unknown;
}

interface ForeignFunctions {
  load(path: string): ForeignLibrary;
  address(view: Uint8Array): bigint;
}

function firstFunction(
  library: ForeignLibrary,
  names: readonly string[],
  result: string,
  parameters: string[],
) {
  for (const name of names) {
    try {
      return library.func(name, result, parameters);
    } catch {
      // not in this library
    }
  }
  return null;
}

/** Libraries read these when they are loaded; set only while they are. */
const SINGLE_THREAD = [
  "OPENBLAS_NUM_THREADS",
  "VECLIB_MAXIMUM_THREADS",
  "MKL_NUM_THREADS",
  "OMP_NUM_THREADS",
];

function loadSingleThreaded(koffi: ForeignFunctions, path: string): ForeignLibrary {
  const before = SINGLE_THREAD.map((name) => [name, process.env[name]] as const);
  for (const name of SINGLE_THREAD) process.env[name] = "1";
  try {
    return koffi.load(path);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** Opens the library for the given memory; throws when it cannot be loaded, lacks sgemm, or computes wrongly. */
export function openBlas(path: string, memory: Memory): BlasLibrary {
  const koffi: ForeignFunctions = createRequire(import.meta.url)("koffi");
  const library = loadSingleThreaded(koffi, path);
  const named = (name: string) => PREFIXES.map((prefix) => `${prefix}${name}`);
  const matrix = ["intptr_t", "int"];
  const cblas = firstFunction(library, named("cblas_sgemm"), "void", [
    ...["int", "int", "int", "int", "int", "int", "float", ...matrix, ...matrix, "float", ...matrix],
  ]);
  if (cblas === null) throw new Error("it has no function cblas_sgemm");
  const setThreads = ["openblas_set_num_threads", "MKL_Set_Num_Threads"].flatMap(named);
  firstFunction(library, setThreads, "void", ["int"])?.(1);

  // A shared memory stays where it is when it grows.
  const base = Number(koffi.address(new Uint8Array(memory.buffer)));
  const sgemm: Sgemm = (transposeA, transposeB, m, n, k, a, lda, b, ldb, accumulate, c, ldc) => {
    cblas(
      ROW_MAJOR,
      transposeA ? TRANSPOSE : NO_TRANSPOSE,
      transposeB ? TRANSPOSE : NO_TRANSPOSE,
      m,
      n,
      k,
      1,
      // WebAssembly hands addresses over as signed numbers.
      base + (a >>> 0),
      lda,
      base + (b >>> 0),
      ldb,
      accumulate,
      base + (c >>> 0),
      ldc,
    );
  };
  return { path, sgemm };
}

/** One small product in memory that nothing else uses: does the library's interface mean what we think it does? */
function checkProduct(sgemm: Sgemm, memory: Memory, scratch: number): void {
  const values = new Float32Array(memory.buffer, scratch, 14);
  values.set([1, 2, 3, 4, 5, 6, 1, 0, 2, 1, 0, 3, 9, 9]);
  // [[1, 2, 3], [4, 5, 6]] · [1, 0, 3]ᵀ = [10, 22], then the same added to it.
  sgemm(0, 1, 2, 1, 3, scratch, 3, scratch + 36, 3, 0, scratch + 48, 1);
  sgemm(0, 1, 2, 1, 3, scratch, 3, scratch + 36, 3, 1, scratch + 48, 1);
  if (values[12] !== 20 || values[13] !== 44)
    throw new Error(`its cblas_sgemm gives [${values[12]}, ${values[13]}] where [20, 44] is right`);
}

function wheelLibraries(venv: string): string[] {
  const packages = [join(venv, "Lib", "site-packages")];
  try {
    for (const name of readdirSync(join(venv, "lib")))
      packages.push(join(venv, "lib", name, "site-packages"));
  } catch {
    // not a venv of this layout
  }
  const file = { win32: "libscipy_openblas.dll", darwin: "libscipy_openblas.dylib" }[
    process.platform as string
  ];
  return packages
    .map((folder) => join(folder, "scipy_openblas32", "lib", file ?? "libscipy_openblas.so"))
    .filter((path) => existsSync(path));
}

/** The `.venv` folders beside or above this file, and the active one. */
function virtualEnvironments(): string[] {
  const found: string[] = [];
  let folder = dirname(fileURLToPath(import.meta.url));
  while (dirname(folder) !== folder) {
    const venv = join(folder, ".venv");
    if (existsSync(venv)) found.push(venv);
    folder = dirname(folder);
  }
  const active = process.env.VIRTUAL_ENV;
  return active && !found.includes(active) ? [...found, active] : found;
}

/** Where libraries are that may or may not be installed. */
function systemLibraries(): string[] {
  switch (process.platform) {
    case "darwin":
      return [
        "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
        "/usr/local/opt/openblas/lib/libopenblas.dylib",
      ];
    case "win32":
      return ["libopenblas.dll"];
    default:
      return ["libopenblas.so.0", "libopenblas.so"];
  }
}

interface Candidate {
  readonly path: string;
  /** It was asked for, or its file is there: that it does not work is worth telling. */
  readonly expected: boolean;
}

function candidates(): Candidate[] {
  const accelerate = "/System/Library/Frameworks/Accelerate.framework/Accelerate";
  const expected = [
    ...(process.platform === "darwin" ? [accelerate] : []),
    ...virtualEnvironments().flatMap(wheelLibraries),
  ];
  return [
    ...expected.map((path) => ({ path, expected: true })),
    ...systemLibraries().map((path) => ({ path, expected: existsSync(path) })),
  ];
}

/**
 * The first BLAS that works. `request` is a path, true (search), or false or "none" (use none); `NNLAB_BLAS` says the
 * same for a whole process. `scratch` is the address of 64 bytes of `memory` to try a library on.
 */
export function findBlas(
  memory: Memory,
  scratch: number,
  request: boolean | string = process.env.NNLAB_BLAS || true,
): BlasSearch {
  if (request === false || request === "none") return { library: null, failures: [] };
  const failures: BlasFailure[] = [];
  const tried = typeof request === "string" ? [{ path: request, expected: true }] : candidates();
  for (const { path, expected } of tried) {
    try {
      const library = openBlas(path, memory);
      checkProduct(library.sgemm, memory, scratch);
      return { library, failures };
    } catch (error) {
      if (expected) failures.push({ path, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { library: null, failures };
}
