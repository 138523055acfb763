import { describe, expect, it } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { shapeOnlyBackend } from "../../../engine/backend/shapeOnly.ts";
import { tensor, zeros } from "../../../engine/creation.ts";
import { encodeSafetensors } from "../../../engine/exchange/safetensors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import { startOnNode } from "../../../engine/node.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import golden from "./golden/torchvisionModels.json" with { type: "json" };

startOnNode();

const makers: Readonly<Record<keyof typeof golden.states, () => nn.Module>> = {
  alexNet: () => models.alexNet({ version: "torchvision" }),
  vgg11: models.vgg11,
  vgg16: models.vgg16,
  vgg19: models.vgg19,
  googLeNet: () => models.googLeNet({ version: "torchvision" }),
  resNet18: models.resNet18,
  resNet34: models.resNet34,
  resNet50: models.resNet50,
  resNet152: models.resNet152,
  denseNet121: models.denseNet121,
  denseNet201: models.denseNet201,
};

/** The shapes of the tree that torchvisionModels.py stores, by name. */
function flatten(tree: object, path = ""): [string, readonly number[]][] {
  if (Array.isArray(tree)) return [[path, tree]];
  return Object.entries(tree).flatMap(([name, part]: [string, object]) =>
    flatten(part, path === "" ? name : `${path}.${name}`),
  );
}

/** What a safetensors file of this state says of its tensors. */
function headerOf(state: Readonly<Record<string, Tensor>>): [string, readonly number[]][] {
  const head: Uint8Array = encodeSafetensors(state).next().value!;
  const header: Record<string, { shape: readonly number[] }> = JSON.parse(
    new TextDecoder().decode(head.subarray(8)),
  );
  return Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, { shape }]) => [name, shape]);
}

/** torchvisionModels.py's noise: MurmurHash3's finaliser of the position. */
function noise(count: number, stream: number, centre = 0, scale = 1): Float32Array {
  const start = Math.imul(stream, 0x9e3779b1);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let x = (start + i) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    values[i] = centre + scale * (((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1);
  }
  return values;
}

const theirs = (path: string): string =>
  path.replace(/running(Mean|Var)$/, (_, what: string) => `running_${what.toLowerCase()}`);

function fill(model: nn.Module): void {
  const state = [...model.namedParameters(), ...model.namedBuffers()].map(
    ([path, value]) => [theirs(path).replace("numBatchesTracked", "num_batches_tracked"), value] as const,
  );
  state.sort(([a], [b]) => (a < b ? -1 : 1));
  state.forEach(([name, value], stream) => {
    if (value.dtype === "int32") return;
    const vector = value.ndim === 1;
    const fan = value.shape.slice(1).reduce((product, size) => product * size, 1);
    const centre = vector && /(weight|running_var)$/.test(name) ? 1 : 0;
    value.storage.values().set(noise(value.size, stream + 1, centre, vector ? 0.1 : Math.sqrt(6 / fan)));
  });
}

describe("torchvision's networks", () => {
  it.each(Object.keys(makers) as (keyof typeof makers)[])(
    "%s: a file from torchvision has the names and shapes of ours, all of them and no other",
    (name) => {
      const ours = withBackend(shapeOnlyBackend, () => headerOf(makers[name]().stateDict()));
      const expected = flatten(golden.states[name]);
      expect(new Map(ours)).toEqual(new Map(expected));
      expect(ours).toHaveLength(expected.length);
    },
  );

  it.each(Object.keys(golden.logits) as (keyof typeof golden.logits)[])(
    "%s: the same weights give the same logits",
    (name) => {
      const model = makers[name]().eval();
      fill(model);
      const image = tensor(noise(3 * 64 * 64, 0), { shape: [1, 3, 64, 64] });
      const logits = noGrad(() => model(image)).toTypedArray();
      const { norm, every50th } = golden.logits[name];
      expect(Math.abs(Math.hypot(...logits) / norm - 1)).toBeLessThan(1e-5);
      const largest = Math.max(...every50th.map(Math.abs));
      every50th.forEach((value, i) => {
        expect(Math.abs(logits[50 * i]! - value), `logit ${50 * i}`).toBeLessThan(1e-4 * largest);
      });
    },
    60_000,
  );
});

describe("files without a batch norm's count of batches, as PyTorch wrote them once", () => {
  const older = (): Record<string, Tensor> => {
    const { numBatchesTracked: _, ...state } = nn.batchNorm2d(2).stateDict();
    return state;
  };

  it("load, and leave the count as it is", () => {
    const layer = nn.batchNorm2d(2);
    layer(tensor([[[[1, 2]], [[3, 5]]]]));
    expect(layer.loadStateDict(older()).numBatchesTracked?.item()).toBe(1);
    expect(layer.runningMean?.toArray()).toEqual([0, 0]);
  });

  it("still need all else", () => {
    const { runningMean: _, ...state } = older();
    expect(() => nn.batchNorm2d(2).loadStateDict(state)).toThrow(
      /runningMean \[2\] is missing from the state/,
    );
    expect(() => nn.batchNorm2d(2).loadStateDict({ ...older(), numBatchesTracked: zeros([2]) })).toThrow(
      /numBatchesTracked has shape \[\], the state has \[2\]/,
    );
  });
});
