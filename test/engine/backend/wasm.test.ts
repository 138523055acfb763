/** The backend as a whole: memory, settings, libraries, interruption, the end of the process. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { promisify } from "node:util";
import { runInThisContext } from "node:vm";
import { afterEach, describe, expect, test, vi } from "vitest";
import { instantiate } from "../../../engine/backend/kernels.ts";
import { CONTROL_ADDRESS } from "../../../engine/backend/protocol.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { createWasmBackend } from "../../../engine/backend/wasm.ts";
import { WebAssembly } from "../../../engine/backend/webassembly.ts";
import { DTypeError, OutOfMemoryError } from "../../../engine/errors.ts";
import { ensureKernels, expectClose, findTestBlas, randomFloats } from "./support.ts";

await ensureKernels();

const square = (size: number) => ({
  batch: 1,
  m: size,
  n: size,
  k: size,
  transposeA: false,
  transposeB: false,
  batchStrideA: 0,
  batchStrideB: 0,
  accumulate: false,
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("memory", () => {
  test("storages lie on cache lines, and their bytes are counted", () => {
    const backend = createWasmBackend({ threads: 1, blas: false });
    const a = backend.allocate("float32", 100);
    const b = backend.allocate("bool", 3);
    const c = backend.allocate("int32", 0);
    expect([a, b, c].map((storage) => storage.byteOffset % 64)).toEqual([0, 0, 0]);
    expect(backend.bytesInUse).toBe(448 + 64 + 64);
    for (const storage of [a, b, c]) backend.release(storage);
    expect(backend.bytesInUse).toBe(0);
  });

  test("the kernels' constants lie below the words that threads meet by", () => {
    const bytes = readFileSync(new URL("../../../dist/engine/kernels/simd128.wasm", import.meta.url));
    const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
    instantiate(new WebAssembly.Module(bytes), memory, null);
    const written = new Uint8Array(memory.buffer).findLastIndex((byte) => byte !== 0);
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(CONTROL_ADDRESS);
  });

  test("the working memory of operations is not in use", () => {
    const backend = createWasmBackend({ threads: 2, blas: false });
    const [a, b, out] = [0, 1, 2].map(() => backend.allocate("float32", 10_000));
    const before = backend.bytesInUse;
    backend.matmul(a!, b!, out!, square(100));
    expect(backend.bytesInUse).toBe(before);
    backend.close();
  });

  test("slices and views see the same numbers, also after the memory has grown", () => {
    const backend = createWasmBackend({ threads: 1, blas: false });
    const storage = backend.allocate("float32", 10);
    const before = storage.values();
    backend.fill(storage, 3);
    backend.allocate("float32", 40_000_000);
    const slice = storage.slice(2, 3);
    backend.fill(slice, 5);
    expect([...storage.values()]).toEqual([3, 3, 5, 5, 5, 3, 3, 3, 3, 3]);
    expect([...before]).toEqual([...storage.values()]);
    expect(() => backend.release(slice)).toThrow(/only a live storage/);
  });

  test("nothing is released twice", () => {
    const backend = createWasmBackend({ threads: 1, blas: false });
    const storage = backend.allocate("float32", 1);
    backend.release(storage);
    expect(() => backend.release(storage)).toThrow(/once/);
  });

  test("running out says what is held and what to do, and goes on", () => {
    const backend = createWasmBackend({ threads: 1, blas: false, maximumBytes: 32 * 2 ** 20 });
    const held = backend.allocate("float32", 5_000_000);
    expect(() => backend.allocate("float32", 5_000_000)).toThrow(OutOfMemoryError);
    expect(() => backend.allocate("float32", 5_000_000)).toThrow(
      "no memory for 5,000,000 numbers of float32 (21 MB): 21 MB are in use and the limit is 34 MB. Use smaller batches",
    );
    backend.release(held);
    backend.release(backend.allocate("float32", 5_000_000));
    expect(backend.bytesInUse).toBe(0);
  });

  test("many sizes in turn do not make the memory grow", () => {
    const backend = createWasmBackend({ threads: 1, blas: false, maximumBytes: 16 * 2 ** 20 });
    for (let size = 1000; size < 3_000_000; size = Math.ceil(size * 1.1)) {
      backend.release(backend.allocate("float32", size));
    }
    expect(backend.bytesInUse).toBe(0);
  });

  test("memory beyond 2 GiB works", () => {
    const backend = createWasmBackend({ threads: 2, blas: false });
    let high = backend.allocate("float32", 2 ** 26);
    while (high.byteOffset < 2 ** 31) high = backend.allocate("float32", 2 ** 26);
    const [a, b, out] = [0, 1, 2].map((i) => high.slice(i * 10_000, 10_000));
    a!.values().set(randomFloats(10_000, 1));
    b!.values().set(randomFloats(10_000, 2));
    const expected = [a, b, out].map((storage) => referenceBackend.allocate("float32", storage!.length));
    expected[0]!.values().set(a!.values());
    expected[1]!.values().set(b!.values());
    backend.matmul(a!, b!, out!, square(100));
    referenceBackend.matmul(expected[0]!, expected[1]!, expected[2]!, square(100));
    expectClose(out!.values() as Float32Array, expected[2]!.values() as Float32Array, 1e-5);
    backend.close();
  });

  test("float64 is refused, with the way out", () => {
    const backend = createWasmBackend({ threads: 1, blas: false });
    expect(() => backend.allocate("float64", 1)).toThrow(DTypeError);
    expect(() => backend.allocate("float64", 1)).toThrow(/withBackend\(referenceBackend/);
  });
});

describe("settings", () => {
  test("what runs where is described", () => {
    vi.stubEnv("NNLAB_THREADS", "3");
    expect(createWasmBackend({ blas: false }).describe()).toEqual({
      name: "wasm",
      simd: "relaxed",
      threads: 3,
      blas: null,
    });
    expect(createWasmBackend({ blas: false, simd: "simd128", threads: 1 }).describe()).toMatchObject({
      simd: "simd128",
      threads: 1,
    });
  });

  test("a senseless NNLAB_THREADS is a problem to report, not an error", () => {
    for (const value of ["0", "many", "2.5", "1000"]) {
      vi.stubEnv("NNLAB_THREADS", value);
      const backend = createWasmBackend({ blas: false });
      expect(backend.describe().threads).toBeGreaterThanOrEqual(1);
      expect(backend.problems).toEqual([expect.stringContaining(`got "${value}"`)]);
    }
    expect(() => createWasmBackend({ threads: 0 })).toThrow(
      "threads must be a whole number from 1 to 64, got 0",
    );
  });

  test("a library that does not exist, or is none, is a problem to report, not an error", () => {
    for (const path of ["/nowhere/libblas.so", process.execPath]) {
      const backend = createWasmBackend({ threads: 1, blas: path });
      expect(backend.describe().blas).toBeNull();
      expect(backend.problems).toEqual([expect.stringContaining(path)]);
    }
  });

  test("NNLAB_BLAS=none uses none", () => {
    vi.stubEnv("NNLAB_BLAS", "none");
    const backend = createWasmBackend({ threads: 1 });
    expect(backend.describe().blas).toBeNull();
    expect(backend.problems).toEqual([]);
  });

  const blas = findTestBlas();
  test.skipIf(blas === null)("NNLAB_BLAS names a library; the environment is left as it was", () => {
    vi.stubEnv("NNLAB_BLAS", blas!);
    vi.stubEnv("OMP_NUM_THREADS", "7");
    expect(createWasmBackend({ threads: 1 }).describe().blas).toBe(blas);
    expect(process.env.OMP_NUM_THREADS).toBe("7");
    expect(process.env.OPENBLAS_NUM_THREADS).toBeUndefined();
  });
});

test("without a BLAS a product's bits do not depend on the number of threads", () => {
  const results = [1, 2, 3].map((threads) => {
    const backend = createWasmBackend({ threads, blas: false });
    const [a, b, out] = [0, 1, 2].map((i) => {
      const storage = backend.allocate("float32", 40_000);
      storage.values().set(randomFloats(40_000, i));
      return storage;
    });
    backend.matmul(a!, b!, out!, square(200));
    backend.close();
    return out!.values().slice();
  });
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test("an interruption anywhere in an operation leaves a backend that computes rightly", () => {
  const backend = createWasmBackend({ threads: 3, blas: false });
  const size = 250;
  const make = (seed: number) => {
    const storage = backend.allocate("float32", size * size);
    storage.values().set(randomFloats(size * size, seed));
    return storage;
  };
  const [a, b, out] = [make(1), make(2), make(3)];
  const expected = backend.allocate("float32", size * size);
  backend.matmul(a, b, expected, square(size));
  const interrupted = () => {
    for (;;) {
      backend.matmul(a, b, out, square(size));
      backend.release(backend.allocate("float32", 100));
      backend.unary("exp", a, out);
    }
  };
  Reflect.set(globalThis, "interrupted", interrupted);
  for (let i = 0; i < 25; i++) {
    // V8 terminates the execution, as the kernel's interrupt does.
    expect(() => runInThisContext("interrupted()", { timeout: 3 + (i % 7) })).toThrow(/timed out/);
    const fresh = backend.allocate("float32", size * size);
    backend.fill(fresh, i);
    backend.matmul(a, b, out, square(size));
    expect(out.values()).toEqual(expected.values());
    expect(fresh.values().every((value) => value === i)).toBe(true);
    backend.release(fresh);
  }
  Reflect.deleteProperty(globalThis, "interrupted");
  backend.close();
});

test("memory that an interrupted operation wrote to is handed out only when no thread writes any more", () => {
  const backend = createWasmBackend({ threads: 2, blas: false });
  const size = 800;
  const [a, b] = [1, 2].map((seed) => {
    const storage = backend.allocate("float32", size * size);
    storage.values().set(randomFloats(size * size, seed));
    return storage;
  });
  let out = backend.allocate("float32", size * size);
  Reflect.set(globalThis, "interrupted", () => {
    for (;;) backend.matmul(a!, b!, out, square(size));
  });
  for (let i = 0; i < 10; i++) {
    expect(() => runInThisContext("interrupted()", { timeout: 10 + i })).toThrow(/timed out/);
    const before = out.byteOffset;
    backend.release(out);
    out = backend.allocate("float32", size * size);
    expect(out.byteOffset).toBe(before);
    const values = out.values().fill(7);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    expect(values.every((value) => value === 7)).toBe(true);
  }
  Reflect.deleteProperty(globalThis, "interrupted");
  backend.close();
});

describe("the end of the process", () => {
  const script = (end: string) => `
    import { createWasmBackend } from ${JSON.stringify(new URL("../../../engine/backend/wasm.ts", import.meta.url).href)};
    const backend = createWasmBackend({ threads: 3 });
    const [a, b] = [0, 1].map(() => backend.allocate("float32", 1e6));
    for (let i = 0; i < 200; i++) backend.binary("add", a, b, a);
    console.log("computed");
    ${end}`;

  test.each([
    ["by itself", ""],
    ["by process.exit()", "process.exit(0);"],
    ["by process.exit() after a pause", "setTimeout(() => process.exit(0), 100);"],
  ])("%s", async (_, end) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "--eval", script(end)],
      { timeout: 20_000 },
    );
    expect(stdout).toBe("computed\n");
  });
});
