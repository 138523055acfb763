import { beforeEach, describe, expect, it } from "vitest";
import { ones, rand, randn, tensor, zeros } from "../../../engine/creation.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { memoryReport } from "../../../engine/memory.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import { startOnNode } from "../../../engine/node.ts";
import * as optim from "../../../engine/optim/index.ts";
import { seed } from "../../../engine/random.ts";
import { descend, stripes } from "./support.ts";

startOnNode();
beforeEach(() => seed(1));

describe("convEncoder", () => {
  it("makes features of images of any size", () => {
    const encoder = models.convEncoder();
    expect([encoder.features, encoder.parameterCount]).toEqual([64, 23_408]);
    expect(encoder(randn([2, 1, 28, 28])).shape).toEqual([2, 64]);
    expect(encoder(randn([2, 1, 17, 40])).shape).toEqual([2, 64]);
    expect(() => models.convEncoder({ widths: [] })).toThrow(/widths are the maps of each convolution/);
  });
});

describe("contrastiveEncoder", () => {
  it("003.94: learns that two views of an image agree and those of others do not", () => {
    const { images } = stripes([8, 1, 16, 16], 8);
    const view = (): ReturnType<typeof rand> => images.add(randn(images.shape).mul(0.1));
    const model = models.contrastiveEncoder({
      encoder: models.convEncoder({ widths: [8, 16] }),
      projection: 8,
    });
    const optimizer = optim.adam(model.parameters(), { lr: 0.01 });
    const { first, last } = descend(optimizer, 40, () =>
      nn.ntXent(model(view()), model(view()), { temperature: 0.5 }),
    );
    expect(last).toBeLessThan(first - 0.3);
    expect(model.encoder(images).shape).toEqual([8, 16]);
  });

  it("takes any encoder that says how many features it gives", () => {
    const encoder = Object.assign(nn.sequential(nn.flatten(), nn.linear(4, 6)), { features: 6 });
    expect(models.contrastiveEncoder({ encoder, projection: 3 })(zeros([2, 1, 2, 2])).shape).toEqual([2, 3]);
    const make = (given: unknown) => () =>
      Reflect.apply(models.contrastiveEncoder, undefined, [{ encoder: given }]);
    expect(make(nn.flatten())).toThrow(
      /needs a field `features`, the number of features that it gives; got undefined/,
    );
    expect(make(nn.flatten)).toThrow(/the encoder must be a module, .*call it/);
  });
});

describe("rotation", () => {
  it("turns images anticlockwise by quarters; four turns are none", () => {
    const image = tensor([
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ]);
    const { images, labels } = models.rotations(image);
    expect(labels.dtype).toBe("int32");
    expect(labels.toArray()).toEqual([0, 1, 2, 3]);
    expect(images.squeeze(1).toArray()).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [2, 4],
        [1, 3],
      ],
      [
        [4, 3],
        [2, 1],
      ],
      [
        [3, 1],
        [4, 2],
      ],
    ]);
    const once = models.rotations(images.narrow(0, 3, 1)).images.narrow(0, 1, 1);
    expect(once.toArray()).toEqual(image.toArray());
    expect(() => models.rotations(zeros([1, 1, 2, 3]))).toThrow(/only square images keep their shape/);
    expect(() => models.rotations(zeros([2, 3]))).toThrow(/rotations|expected \[N, C, H, W\]/);
  });

  it("003.93: is learned by an encoder with a head of four classes", () => {
    const upright = zeros([4, 1, 12, 12]);
    const values = upright.storage.values();
    for (let i = 0; i < 4; i++) for (let k = 0; k < 12; k++) values[i * 144 + (i % 3) * 12 + k] = 1;
    const { images, labels } = models.rotations(upright);
    const model = models.rotationClassifier(models.convEncoder({ widths: [8, 16] }));
    const optimizer = optim.adam(model.parameters(), { lr: 0.01 });
    const { first, last } = descend(optimizer, 80, () => nn.crossEntropy(model(images), labels));
    expect(last).toBeLessThan(0.6 * first);
    expect(models.rotationClassifier()(images).shape).toEqual([16, 4]);
  });
});

describe("contextEncoder", () => {
  it("punches holes in the centre or anywhere, and says where", () => {
    const { images, mask } = models.punchHoles(ones([2, 3, 8, 6]), { fill: 0.5 });
    expect(mask.shape).toEqual([2, 1, 8, 6]);
    expect(mask.sum().item()).toBe(2 * 9);
    expect(images.at(1, 2).toArray()).toEqual(mask.at(1, 0).mul(-0.5).add(1).toArray());
    const places = models.punchHoles(ones([20, 1, 8, 8]), { size: 2, place: "random" }).mask;
    expect(
      new Set(Array.from({ length: 20 }, (_, i) => places.at(i).toTypedArray().join())).size,
    ).toBeGreaterThan(5);
    expect(() => models.punchHoles(ones([1, 1, 4, 4]), { size: 5 })).toThrow(
      /a hole of 5 is larger than images of 4×4/,
    );
  });

  it("003.93: sees the whole image from every place, and learns to fill the hole", () => {
    const { images } = stripes([8, 1, 16, 16], 2);
    const { images: seen, mask } = models.punchHoles(images, { size: 6 });
    const model = models.contextEncoder({ imageSize: 16, widths: [8, 16] });
    expect(model(seen).shape).toEqual([8, 1, 16, 16]);
    const optimizer = optim.adam(model.parameters(), { lr: 0.01 });
    const { first, last } = descend(optimizer, 60, () => nn.mse(model(seen).mul(mask), images.mul(mask)));
    expect(last).toBeLessThan(0.2 * first);
    expect(() => models.contextEncoder({ imageSize: 30 })).toThrow(/such as 28 for \[16, 32\]; got 30/);
    expect(() => model(zeros([1, 1, 32, 32]))).toThrow(/expected maps of 16 places, got \[1, 16, 8, 8\]/);
  });
});

describe("gram", () => {
  it("is symmetric, the same for shuffled places, and right on an example", () => {
    const maps = randn([2, 3, 4, 5]);
    const found = models.gram(maps);
    expect(found.shape).toEqual([2, 3, 3]);
    expect(found.sub(found.transpose(1, 2)).abs().max().item()).toBeLessThan(1e-6);
    const order = [7, 3, 19, 0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
    const shuffled = maps.flatten(2).indexSelect(2, order).reshape([2, 3, 4, 5]);
    expect(models.gram(shuffled).sub(found).abs().max().item()).toBeLessThan(1e-6);
    expect(models.gram(tensor([[[[1, 2]], [[3, -1]]]])).toArray()).toEqual([
      [
        [5 / 4, 1 / 4],
        [1 / 4, 10 / 4],
      ],
    ]);
    expect(() => models.gram(zeros([3, 4]))).toThrow(/expected \[N, C, H, W\]/);
  });
});

describe("styleTransfer", () => {
  const network = (): nn.Sequential => models.gapClassifier({ widths: [6, 8] }).features;

  it("brings the Gram matrices to the style's, and leaves network and content alone", () => {
    const features = network();
    const before = features.parameters().map((weights) => weights.toArray());
    const [content, style] = [rand([1, 1, 12, 12]), stripes([1, 1, 16, 16], 2).images.detach()];
    const kept = content.toArray();
    const { image, values } = models.styleTransfer(features, {
      content,
      style,
      contentLayers: [3],
      styleLayers: [1, 4],
      steps: 30,
      lr: 0.05,
    });
    expect(image.shape).toEqual([1, 1, 12, 12]);
    expect(values).toHaveLength(30);
    expect(values.at(-1)).toBeLessThan(0.5 * values[0]!);
    expect(image.min().item()).toBeGreaterThanOrEqual(0);
    expect(image.max().item()).toBeLessThanOrEqual(1);
    expect(content.toArray()).toEqual(kept);
    expect(features.parameters().map((weights) => weights.toArray())).toEqual(before);
    expect(features.parameters().every(({ grad }) => grad === null)).toBe(true);
    expect(features.training).toBe(true);
  });

  it("says what does not fit", () => {
    const image = rand([1, 1, 8, 8]);
    const options = { content: image, style: image, contentLayers: [1], styleLayers: [9] };
    expect(() => models.styleTransfer(network(), options)).toThrow(/the network's layers are 0 to 4, got 9/);
    const call = (given: unknown) => () => Reflect.apply(models.styleTransfer, undefined, [given, options]);
    expect(call(models.gapClassifier())).toThrow(/must be an nn\.sequential, such as model\.features/);
  });
});

describe("deepDream", () => {
  it("excites a layer or a channel more at each step, within the range of pixels, in flat memory", () => {
    const { features } = models.gapClassifier({ widths: [6, 8] });
    const start = rand([1, 1, 12, 12]);
    models.deepDream(features, start, { layer: 4 });
    const before = memoryReport().bytes;
    for (const options of [{ layer: 4 }, { layer: 3, channel: 2 }]) {
      const { image, values, frames } = models.deepDream(features, start, { ...options, steps: 25 });
      expect(frames.map(({ step }) => step)).toEqual([0, 4, 7, 11, 14, 18, 21, 25]);
      expect(frames[0]!.image.toArray()).toEqual(start.toArray());
      expect(frames.at(-1)!.image.toArray()).toEqual(image.toArray());
      expect(values.at(-1)).toBeGreaterThan(values[0]!);
      expect(image.sub(start).abs().max().item()).toBeGreaterThan(0.01);
      expect(image.min().item()).toBeGreaterThanOrEqual(0);
      expect(image.max().item()).toBeLessThanOrEqual(1);
    }
    // Two images with 8 frames each, their differences from the start, and a few numbers.
    expect(memoryReport().bytes - before).toBeLessThan(28 * start.size * 4);
    expect(noGrad(() => features(start)).shape).toEqual([1, 8, 6, 6]);
    expect(() => models.deepDream(features, start, { layer: 3, channel: 8 })).toThrow(
      /layer 3 has the channels 0 to 7, got 8/,
    );
  });
});
