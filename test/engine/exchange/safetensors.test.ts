import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { linspace, randn, tensor, zeros } from "../../../engine/creation.ts";
import {
  loadSafetensors,
  loadWeights,
  saveSafetensors,
  WeightFileError,
} from "../../../engine/exchange/index.ts";
import { decodeSafetensors, type WeightFile } from "../../../engine/exchange/safetensors.ts";
import { memoryReport } from "../../../engine/memory.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import { startOnNode } from "../../../engine/node.ts";
import golden from "./golden/golden.json" with { type: "json" };

const fromPyTorch = fileURLToPath(new URL("./golden/pytorch.safetensors", import.meta.url));
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nnlab-weights-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file made of a header and so many bytes of data, in memory. */
function made(header: unknown, dataLength: number, headerLength?: number): WeightFile & { reads: number } {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength ?? text.length), true);
  bytes.set(text, 8);
  const file = {
    size: bytes.length,
    reads: 0,
    read(start: number, length: number) {
      file.reads++;
      return Promise.resolve(bytes.subarray(start, start + length));
    },
  };
  return file;
}

startOnNode();

describe("a file from PyTorch", () => {
  it("gives every tensor by name, of every kind", async () => {
    const state = await loadSafetensors(fromPyTorch);
    const expected = Object.entries(golden.values);
    expect(Object.keys(state)).toHaveLength(expected.length);
    for (const [name, { shape, values }] of expected) {
      const ours =
        state[
          name
            .replace("num_batches_tracked", "numBatchesTracked")
            .replace(/running_(.)/, (_, letter) => `running${letter.toUpperCase()}`)
        ];
      expect(ours?.shape, name).toEqual(shape);
      const numbers = ours!.dtype === "float32" ? Float32Array : Float64Array;
      expect(numbers.from(ours!.toTypedArray()), name).toEqual(numbers.from(values.map(Number)));
    }
    expect(state["kinds.long"]?.dtype).toBe("int32");
    expect(state["kinds.bool"]?.dtype).toBe("bool");
    expect(state["kinds.double"]?.dtype).toBe("float32");
  });

  it("keeps 64 bits on the reference backend", async () => {
    const state = await withBackend(referenceBackend, () => loadSafetensors(fromPyTorch));
    expect(state["kinds.double"]?.dtype).toBe("float64");
    expect(state["kinds.double"]?.at(0).item()).toBe(0.1);
  });

  it("loads by name into the same model, which then computes what it computed there, running statistics and all", async () => {
    const state = await loadSafetensors(fromPyTorch);
    const model = nn.sequential(
      nn.conv2d(1, 2, 3),
      nn.batchNorm2d(2),
      nn.relu(),
      nn.flatten(),
      nn.linear(18, 4),
    );
    const weights = Object.fromEntries(Object.entries(state).filter(([name]) => !name.startsWith("kinds.")));
    const x = linspace(-1, 1, 50).reshape([2, 1, 5, 5]);
    const output = model.loadStateDict(weights).eval()(x).toArray() as number[][];
    golden.output.flat().forEach((value, i) => {
      expect(output.flat()[i]).toBeCloseTo(value, 5);
    });
    expect(() => model.loadStateDict(state)).toThrow(/kinds\.half is not in this model/);
  });
});

describe("saving and loading", () => {
  it("keeps every bit, dtype and shape, NaN and −0 too", async () => {
    const path = join(folder, "deep", "bits.safetensors");
    const model = models.mlp([6, 5, 3]);
    const odd = new Float32Array([Number.NaN, -0, 1e-42, Number.NEGATIVE_INFINITY]);
    const state = {
      ...model.stateDict(),
      odd: tensor(odd),
      whole: tensor([1, -2147483648], { dtype: "int32" }),
      truth: tensor([true, false]),
      scalar: tensor(3),
      none: zeros([0, 4]),
    };
    await saveSafetensors(state, path, { lecture: "11" });
    const loaded = await loadSafetensors(path);
    expect(Object.keys(loaded).sort()).toEqual(Object.keys(state).sort());
    for (const [name, value] of Object.entries(state)) {
      const same = loaded[name]!;
      expect(same.shape).toEqual(value.shape);
      expect(same.dtype).toBe(value.dtype);
      const [a, b] = [same.toTypedArray(), value.toTypedArray()];
      expect(new Uint8Array(a.buffer)).toEqual(new Uint8Array(b.buffer));
    }
    const other = models.mlp([6, 5, 3]);
    const { odd: _1, whole: _2, truth: _3, scalar: _4, none: _5, ...weights } = loaded;
    other.loadStateDict(weights);
    const x = randn([4, 6]);
    expect(other(x).toArray()).toEqual(model(x).toArray());
    const text = await readFile(path, "latin1");
    expect(text.slice(8)).toMatch(/^\{"__metadata__":\{"format":"pt","lecture":"11"\}/);
    expect((await readdir(join(folder, "deep"))).length).toBe(1);
  });

  it("writes PyTorch's names for the running statistics of batch norms", async () => {
    const path = join(folder, "names.safetensors");
    await saveSafetensors({ "bn1.runningMean": zeros([2]), "bn1.runningVar": zeros([2]) }, path);
    expect(await readFile(path, "latin1")).toMatch(/bn1\.running_mean.*bn1\.running_var/);
    expect(Object.keys(await loadSafetensors(path))).toEqual(["bn1.runningMean", "bn1.runningVar"]);
  });

  it("leaves the old file alone when writing fails", async () => {
    const path = join(folder, "old.safetensors");
    await saveSafetensors({ a: tensor([1]) }, path);
    const disposed = tensor([2]);
    disposed.dispose();
    await expect(saveSafetensors({ a: disposed }, path)).rejects.toThrow();
    expect((await loadSafetensors(path)).a?.toArray()).toEqual([1]);
    expect((await readdir(folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("says what a student gave instead of a state, a path or a file", async () => {
    const call = (...values: unknown[]) => Reflect.apply(saveSafetensors, undefined, values);
    await expect(call(models.mlp([2, 1]).stateDict())).rejects.toThrow(
      /the path must be a text, got undefined/,
    );
    await expect(call("a.safetensors", {})).rejects.toThrow(
      /the path must be a text, .*first the state, then the path/,
    );
    await expect(call(tensor([1]), join(folder, "x"))).rejects.toThrow(/as model\.stateDict\(\) gives them/);
    await expect(call({ a: [1] }, join(folder, "x"))).rejects.toThrow(
      /a must be a Tensor, got an array of 1/,
    );
    await expect(loadSafetensors(join(folder, "missing.safetensors"))).rejects.toThrow(
      /there is no file .*missing/,
    );
    await expect(loadSafetensors(folder)).rejects.toThrow(/is a folder; add the name of the file/);
    await writeFile(join(folder, "plain"), "");
    await expect(loadSafetensors(join(folder, "plain", "a.safetensors"))).rejects.toThrow(
      /a part of .* is a file, not a folder/,
    );
  });
});

describe("a hostile or damaged file", () => {
  const entry = (shape: number[], from: number, to: number, dtype = "F32") => ({
    dtype,
    shape,
    data_offsets: [from, to],
  });

  const first = JSON.stringify(entry([1], 0, 4));

  it.each<[string, WeightFile, RegExp]>([
    ["is empty", { size: 0, read: () => Promise.resolve(new Uint8Array(0)) }, /it has 0 bytes/],
    [
      "claims a header larger than itself",
      made("{}", 0, 500),
      /header would have 500 bytes, the whole file has 10/,
    ],
    ["claims a giant header", made("{}", 0, 2 ** 52), /at most 100000000/],
    ["has no JSON", made("{not json", 0), /no JSON/],
    ["is JSON but no object", made("[1, 2]", 0), /no JSON object/],
    ["is null", made("null", 0), /no JSON object/],
    ["is cut off", made({ a: entry([4], 0, 16) }, 12), /a would end at byte/],
    ["has bytes too many", made({ a: entry([4], 0, 16) }, 20), /4 bytes after the last tensor/],
    [
      "claims a shape larger than its bytes",
      made({ a: entry([1e6, 1e6], 0, 16) }, 16),
      /needs 4000000000000 bytes/,
    ],
    ["claims a shape that overflows", made({ a: entry([2 ** 52, 2 ** 52, 2 ** 52], 0, 16) }, 16), /needs/],
    ["claims sizes below zero", made({ a: entry([-1, -4], 0, 16) }, 16), /no list of sizes/],
    ["claims half sizes", made({ a: entry([0.5, 8], 0, 16) }, 16), /no list of sizes/],
    ["has offsets backwards", made({ a: entry([4], 16, 0) }, 16), /a would end/],
    [
      "has offsets that are no numbers",
      made({ a: { ...entry([4], 0, 16), data_offsets: ["0", 16] } }, 16),
      /no pair/,
    ],
    [
      "has tensors that overlap",
      made({ a: entry([4], 0, 16), b: entry([4], 8, 24) }, 24),
      /b overlaps another/,
    ],
    ["has a gap", made({ a: entry([2], 0, 8), b: entry([2], 16, 24) }, 24), /b leaves a gap/],
    [
      "has an unknown dtype",
      made({ a: entry([16], 0, 16, "F8_E4M3") }, 16),
      /holds the string "F8_E4M3"; known are/,
    ],
    ["has a dtype of Object's", made({ a: entry([4], 0, 16, "constructor") }, 16), /known are/],
    ["has no entry", made({ a: 3 }, 0), /a has no description/],
    [
      "has two tensors that are called alike here",
      made({ "bn.running_mean": entry([1], 0, 4), "bn.runningMean": entry([1], 4, 8) }, 8),
      /two of its tensors are called bn\.runningMean here/,
    ],
    // JSON.parse and the format's own reader keep the last of them in silence.
    ["has two tensors of one name", made(`{"a":${first},"a":${first}}`, 4), /its header says "a" twice/],
    [
      "has two tensors of one name, one written otherwise",
      made(`{"a":${first},"\\u0061" :${first}}`, 4),
      /its header says "a" twice/,
    ],
    [
      "gives a tensor two shapes",
      made('{"a":{"shape":[1],"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      /its header says "shape" twice/,
    ],
  ])("is refused before memory is taken: it %s", async (_, file, message) => {
    const before = memoryReport();
    const failure = decodeSafetensors(file);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toBeInstanceOf(WeightFileError);
    expect(memoryReport().bytes).toBe(before.bytes);
    if ("reads" in file) expect(file.reads).toBeLessThanOrEqual(2);
  });

  it("is a whole one or an error that says so, whatever bytes are changed", async () => {
    const whole = made({ "a.weight": entry([2, 3], 0, 24), b: entry([4], 24, 40, "I32") }, 40);
    const bytes = await whole.read(0, whole.size);
    const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.integer({ min: 0, max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 6 }), fc.nat(bytes.length), async (changes, length) => {
        const mutated = bytes.slice(0, length);
        for (const { at, to } of changes) if (at < length) mutated[at] = to;
        let asked = 0;
        const file: WeightFile = {
          size: length,
          read(start, count) {
            asked += count;
            return Promise.resolve(mutated.subarray(start, start + count));
          },
        };
        const state = await decodeSafetensors(file).catch((error: unknown) => {
          expect(error).toBeInstanceOf(WeightFileError);
          return {};
        });
        expect(asked).toBeLessThanOrEqual(length);
        for (const value of Object.values(state)) value.dispose();
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("may repeat a name in other objects, and have braces, quotes and colons in its texts", async () => {
    const header = { __metadata__: { a: '{"a": "\\"}, {"a":' }, 'a"': entry([1], 0, 4), a: entry([1], 4, 8) };
    expect(Object.keys(await decodeSafetensors(made(header, 8)))).toEqual(['a"', "a"]);
  });

  it("has truth values of any bytes, as the format's own reader takes them: 0 is false", async () => {
    const file = made({ a: entry([4], 0, 4, "BOOL") }, 4);
    (await file.read(file.size - 4, 4)).set([0, 1, 2, 255]);
    const { a } = await decodeSafetensors(file);
    expect([...a!.toTypedArray()]).toEqual([0, 1, 1, 1]);
  });

  it("may say __proto__ without effect", async () => {
    const state = await decodeSafetensors(
      made('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
    );
    expect(Object.keys(state)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(state)).toBe(Object.prototype);
  });

  it("is refused where an integer does not fit", async () => {
    const path = join(folder, "long.safetensors");
    const header = JSON.stringify({ n: { dtype: "I64", shape: [1], data_offsets: [0, 8] } });
    const bytes = new Uint8Array(16 + header.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    new DataView(bytes.buffer).setBigInt64(8 + header.length, 2n ** 40n, true);
    await writeFile(path, bytes);
    await expect(loadSafetensors(path)).rejects.toThrow(/n holds 1099511627776, which does not fit/);
  });
});

describe("loadWeights", () => {
  it("loads what fits and reports the rest", () => {
    const trained = models.mlp([4, 6, 3]);
    const model = models.mlp([4, 6, 2]);
    const before = model.stateDict();
    const report = loadWeights(model, { ...trained.stateDict(), extra: zeros([1]) });
    expect(report.loaded).toEqual(["layers.0.weight", "layers.0.bias"]);
    expect(report.missing).toEqual([]);
    expect(report.unexpected).toEqual(["extra"]);
    expect(
      String(report)
        .split("\n")
        .map((line) => line.trim()),
    ).toEqual([
      "2 tensors loaded",
      "of another shape: layers.2.weight is [2, 6] in the model, [3, 6] in the state",
      "of another shape: layers.2.bias is [2] in the model, [3] in the state",
      "not in the model: extra",
    ]);
    expect(model.stateDict()["layers.0.weight"]!.toArray()).toEqual(
      trained.stateDict()["layers.0.weight"]!.toArray(),
    );
    expect(model.stateDict()["layers.2.bias"]!.toArray()).toEqual(before["layers.2.bias"]!.toArray());
  });

  it("leaves out what it is told to", () => {
    const trained = models.mlp([4, 6, 3]);
    const model = models.mlp([4, 6, 3]);
    const report = loadWeights(model, trained.stateDict(), { except: ["layers.2"] });
    expect(report.missing).toEqual(["layers.2.weight", "layers.2.bias"]);
    expect(report.unexpected).toEqual([]);
    expect(model.layers.at(2).parameters()[1]!.toArray()).not.toEqual(
      trained.layers.at(2).parameters()[1]!.toArray(),
    );
  });

  it("refuses a state of which nothing fits, and what is no state", () => {
    const model = models.mlp([4, 2]);
    expect(() => loadWeights(model, { w: zeros([1]) })).toThrow(
      /nothing of the state fits the model[\s\S]*missing from the state: layers\.0\.weight[\s\S]*not in the model: w/,
    );
    const call = (...values: unknown[]) => Reflect.apply(loadWeights, undefined, values);
    expect(() => call(model, loadSafetensors(fromPyTorch))).toThrow(/read it with await/);
    expect(() => call(model.stateDict(), model)).toThrow(/the first argument must be a module/);
  });
});
