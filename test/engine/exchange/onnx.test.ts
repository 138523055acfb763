import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randn, zeros } from "../../../engine/creation.ts";
import { saveOnnx, toOnnx } from "../../../engine/exchange/index.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import { startOnNode } from "../../../engine/node.ts";
import { Tensor } from "../../../engine/tensor.ts";
import golden from "./golden/onnx.json" with { type: "json" };
import { exported, filled, numbers } from "./onnxModels.ts";

let folder = "";
beforeAll(async () => {
  startOnNode();
  folder = await mkdtemp(join(tmpdir(), "nnlab-onnx-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Outputs = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>
>;
const stored: Readonly<Record<string, { readonly sha256: string; readonly runs: readonly Outputs[] }>> =
  golden;

/** A model whose forward is the function. */
function modelOf(forward: (x: Tensor) => unknown): nn.AnyModule {
  class Model extends nn.Module<[Tensor], unknown> {
    forward(x: Tensor): unknown {
      return forward(x);
    }
  }
  return new Model();
}

/** The tensors of a model's result, by the names that they have in the file. */
function named(made: unknown, name = ""): [string, Tensor][] {
  if (made instanceof Tensor) return [[name || "output", made]];
  if (Array.isArray(made)) return made.flatMap((part, i) => named(part, `${name || "output"}.${i}`));
  return Object.entries(made as object).flatMap(([key, part]) => named(part, name ? `${name}.${key}` : key));
}

describe("toOnnx", () => {
  it("has what onnxruntime computed for every model", () => {
    expect(Object.keys(stored).sort()).toEqual(Object.keys(exported).sort());
  });

  describe.each(Object.entries(exported))("of %s", (name, [make, input]) => {
    it("gives the file that onnxruntime ran", async () => {
      const bytes = await toOnnx(filled(make()), numbers([1, ...input], 7));
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(stored[name]!.sha256);
    });

    it.each([
      [1, 0],
      [3, 1],
    ])("computes what onnxruntime computes for %i samples", (batch, run) => {
      const model = filled(make());
      model.eval();
      const outputs = named((model as unknown as (x: Tensor) => unknown)(numbers([batch, ...input], 3)));
      const wanted = stored[name]!.runs[run]!;
      expect(outputs.map(([key]) => key).sort()).toEqual(Object.keys(wanted).sort());
      for (const [key, value] of outputs) {
        const { shape, values } = wanted[key]!;
        expect(value.shape).toEqual(shape);
        const step = Math.max(1, Math.floor(value.size / 40));
        const ours = [...value.toTypedArray()].filter((_value, i) => i % step === 0);
        const scale = Math.max(...values.map(Math.abs));
        expect(ours).toHaveLength(values.length);
        expect(Math.max(...ours.map((one, i) => Math.abs(one - values[i]!))) / scale).toBeLessThan(1e-5);
      }
    });
  });

  it("leaves the model in the mode in which it was", async () => {
    const model = models.leNet5();
    await toOnnx(model, zeros([1, 1, 28, 28]));
    expect(model.training).toBe(true);
  });

  it("names parameters by their paths and operators by their layers", async () => {
    const text = Buffer.from(await toOnnx(models.leNet5(), zeros([2, 1, 28, 28]))).toString("latin1");
    for (const name of ["c1.weight", "c1/conv2d", "f6.bias", "input", "output", "nnlab"])
      expect(text).toContain(name);
  });

  it("follows symbols to their embeddings", async () => {
    const model = nn.sequential(nn.embedding(10, 3), nn.flatten());
    const text = Buffer.from(await toOnnx(model, zeros([1, 2], { dtype: "int32" }))).toString("latin1");
    for (const name of ["input/reshape", "0.weight", "Gather"]) expect(text).toContain(name);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "an example of the wrong shape",
      () => toOnnx(models.leNet5(), zeros([1, 3, 28, 28])),
      /LeNet5\.c1 .*expected \[N, 1, H, W\], got \[1, 3, 28, 28\]/,
    ],
    [
      "an example that is a single number",
      () => toOnnx(models.leNet5(), zeros([])),
      /toOnnx: the example is a batch of inputs, such as zeros\(\[1, 1, 28, 28\]\)/,
    ],
    [
      "a class in place of a model",
      () => toOnnx(models.LeNet5 as unknown as nn.AnyModule, zeros([1, 1, 28, 28])),
      /toOnnx: model must be a module.*make an instance of it with new/,
    ],
    [
      "an operation that ONNX lacks",
      () =>
        toOnnx(
          modelOf((x) => x.cumprod(1)),
          randn([2, 3]),
        ),
      /toOnnx: cumprod in Model cannot be written as ONNX: .*write this step with other operations/,
    ],
    [
      "a value computed outside of the graph",
      () =>
        toOnnx(
          modelOf((x) => x.mul(x.exp().detach())),
          randn([2, 3]),
        ),
      /toOnnx: an operand of mul in Model depends on the input.*not with item\(\) or detach\(\)/,
    ],
    [
      "a position among all numbers",
      () =>
        toOnnx(
          modelOf((x) => x.argmax()),
          randn([2, 3]),
        ),
      /toOnnx: argmax in Model cannot be written as ONNX: ONNX looks along one dimension; give it, as in argmax\(1\)/,
    ],
    [
      "a fixed number of samples",
      () =>
        toOnnx(
          modelOf((x) => x.reshape([2, 3, 1])),
          randn([2, 3]),
        ),
      /takes the example \[2, 3\] but not \[3, 3\], one sample more; take the number of samples from/,
    ],
    [
      "steps that depend on the numbers",
      () =>
        toOnnx(
          modelOf((x) => ((x.shape[0] ?? 0) > 2 ? x.exp() : x.abs())),
          randn([2, 3]),
        ),
      /toOnnx: the model takes other steps for other inputs/,
    ],
    [
      "a result without tensors",
      () =>
        toOnnx(
          modelOf(() => 5),
          randn([2, 3]),
        ),
      /the model gives no tensor/,
    ],
  ])("says what to do about %s", async (_what, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});

describe("saveOnnx", () => {
  it("writes the bytes of toOnnx", async () => {
    const path = join(folder, "new", "lenet.onnx");
    const model = models.leNet5();
    await saveOnnx(path, model, zeros([1, 1, 28, 28]));
    expect(new Uint8Array(await readFile(path))).toEqual(await toOnnx(model, zeros([1, 1, 28, 28])));
  });

  it("says why a path cannot be written", async () => {
    await writeFile(join(folder, "file"), "");
    const model = models.mlp([2, 2]);
    await expect(saveOnnx(folder, model, zeros([1, 2]))).rejects.toThrow(
      /saveOnnx: cannot write .*it is a folder/,
    );
    await expect(saveOnnx(join(folder, "file", "m.onnx"), model, zeros([1, 2]))).rejects.toThrow(
      /saveOnnx: cannot write .*a part of the path is a file/,
    );
    await expect(
      saveOnnx(model as unknown as string, "m.onnx" as unknown as nn.AnyModule, zeros([1, 2])),
    ).rejects.toThrow(/saveOnnx: the path must be a text.*first the path, then the model/);
  });
});
