import { beforeEach, describe, expect, it } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { shapeOnlyBackend } from "../../../engine/backend/shapeOnly.ts";
import { randn, zeros } from "../../../engine/creation.ts";
import * as models from "../../../engine/models/index.ts";
import { Bottleneck } from "../../../engine/models/resNet.ts";
import * as nn from "../../../engine/nn/index.ts";
import { startOnNode } from "../../../engine/node.ts";
import * as optim from "../../../engine/optim/index.ts";
import { seed } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { wave } from "../nn/wave.ts";
import { countOf, descend, expectLikePyTorch, shapesOf, stripes, trainOnStripes } from "./support.ts";

startOnNode();
beforeEach(() => seed(1));

const weighted = (output: Tensor): Tensor => output.mul(wave(output.shape, 1, 0.7, 0.3)).mean();
const layersWithWeights = (make: () => nn.AnyModule): number =>
  withBackend(
    shapeOnlyBackend,
    () =>
      make()
        .namedParameters()
        .filter(([path, { ndim }]) => path.endsWith("weight") && ndim > 1 && !path.includes("downsample"))
        .length,
  );

describe("resNet", () => {
  it.each([
    [18, models.resNet18, 11_689_512],
    [34, models.resNet34, 21_797_672],
    [50, models.resNet50, 25_557_032],
    [152, models.resNet152, 60_192_808],
  ] as const)(
    "%i has torchvision's number of parameters and as many layers with weights",
    (depth, make, count) => {
      expect(countOf(() => make())).toBe(count);
      expect(layersWithWeights(() => make())).toBe(depth);
    },
  );

  it("halves its maps from 224 to 7 and has torchvision's names", () => {
    const shapes = shapesOf(() => models.resNet50(), [1, 3, 224, 224]);
    expect([
      shapes.get("maxpool"),
      shapes.get("layer1.2.conv3"),
      shapes.get("layer4.2.conv3"),
      shapes.get("fc"),
    ]).toEqual(["64×56×56", "256×56×56", "2048×7×7", "1000"]);
    const names = withBackend(shapeOnlyBackend, () =>
      models
        .resNet18()
        .namedParameters()
        .map(([path]) => path),
    );
    expect(names).toHaveLength(62);
    for (const name of [
      "conv1.weight",
      "layer2.0.downsample.0.weight",
      "layer2.0.downsample.1.bias",
      "layer4.1.bn2.weight",
    ]) {
      expect(names).toContain(name);
    }
  });

  it("computes what PyTorch computes: a bottleneck with a shortcut, the small one in training and evaluation", () => {
    const shortcut = nn.sequential(nn.conv2d(6, 12, 1, { stride: 2, bias: false }), nn.batchNorm2d(12));
    expectLikePyTorch(new Bottleneck(6, 3, 2, shortcut), "bottleneck", weighted, true);
    expectLikePyTorch(models.resNetSmall(), "resNetSmall");
    expectLikePyTorch(models.resNetSmall(), "resNetSmallTraining", undefined, true);
  });

  it("in small has the paper's 0.27 M parameters at depth 20, the plain net as many", () => {
    expect(countOf(() => models.resNetSmall(20, { channels: 3 }))).toBe(269_722);
    expect(countOf(() => models.resNetSmall(20))).toBe(269_434);
    expect(countOf(() => models.plainNet(20))).toBe(269_434);
    expect(layersWithWeights(() => models.plainNet(20))).toBe(20);
    expect(() => models.resNetSmall(10)).toThrow(/the depth is 6n \+ 2 .* 8, 14, 20, 32, 44, 56 …; got 10/);
  });

  it("in small learns, and so does the plain one", () => {
    for (const model of [models.resNetSmall(), models.plainNet(8)]) {
      const { first, last } = trainOnStripes(model, { shape: [8, 1, 16, 16], classes: 2 });
      expect(last).toBeLessThan(0.5 * first);
    }
  });

  it("of depth 20 brings the gradient to the first layer, as it comes to the last", () => {
    const { images, labels } = stripes([4, 1, 16, 16], 2);
    const model = models.resNetSmall(20);
    nn.crossEntropy(model(images), labels).backward();
    const norm = (values: Tensor): number => Math.hypot(...values.grad!.toTypedArray());
    expect(norm(model.conv1.weight) / norm(model.layer3.parameters()[0]!)).toBeGreaterThan(0.1);
  });
});

describe("googLeNet", () => {
  it("has the paper's parameters, or torchvision's", () => {
    expect(countOf(() => models.googLeNet())).toBe(6_998_552);
    expect(countOf(() => models.googLeNet({ version: "torchvision" }))).toBe(6_624_904);
    expect(() => Reflect.apply(models.googLeNet, undefined, [{ version: "v1" }])).toThrow(
      /version is "2014" or "torchvision", got the string "v1"/,
    );
  });

  it("halves its maps as in the paper's table 1", () => {
    for (const version of ["2014", "torchvision"] as const) {
      const shapes = shapesOf(() => models.googLeNet({ version }), [1, 3, 224, 224]);
      expect(["maxpool1", "maxpool2", "maxpool3", "maxpool4", "fc"].map((path) => shapes.get(path))).toEqual([
        "64×56×56",
        "192×28×28",
        "480×14×14",
        "832×7×7",
        "1000",
      ]);
    }
  });

  it("003.61: has modules whose channels add up, the reduced one smaller than the naive one", () => {
    const reduced = models.inception(192, { one: 64, three: [96, 128], five: [16, 32], pool: 32 });
    const naive = models.inceptionNaive(192, { one: 64, three: 128, five: 32 });
    const x = randn([1, 192, 5, 5]);
    expect(reduced(x).shape).toEqual([1, 64 + 128 + 32 + 32, 5, 5]);
    expect(naive(x).shape).toEqual([1, 64 + 128 + 32 + 192, 5, 5]);
    expect([reduced.outChannels, naive.outChannels]).toEqual([256, 416]);
    expect([reduced.parameterCount, naive.parameterCount]).toEqual([163_696, 387_296]);
  });

  it("in small computes what PyTorch computes, and learns", () => {
    expectLikePyTorch(models.googLeNetSmall(), "googLeNetSmall");
    const model = models.googLeNetSmall();
    expect(model.parameterCount).toBe(10_514);
    const { first, last } = trainOnStripes(model, { shape: [8, 1, 16, 16], classes: 2, steps: 25 });
    expect(last).toBeLessThan(0.9 * first);
  });
});

describe("denseNet", () => {
  it("has torchvision's number of parameters", () => {
    expect(countOf(() => models.denseNet121())).toBe(7_978_856);
    expect(countOf(() => models.denseNet201())).toBe(20_013_928);
    expect(layersWithWeights(() => models.denseNet121())).toBe(121);
    expect(layersWithWeights(() => models.denseNet201())).toBe(201);
  });

  it("grows by 32 maps a layer, halves at transitions, and has torchvision's names", () => {
    const shapes = shapesOf(() => models.denseNet121(), [1, 3, 224, 224]);
    expect(shapes.get("features.denseblock4.denselayer16.conv2")).toBe("32×7×7");
    expect(shapes.get("features.transition1.pool")).toBe("128×28×28");
    expect(shapes.get("features.norm5")).toBe("1024×7×7");
    expect(models.denseBlock(4, 3, 2)(randn([1, 4, 5, 5])).shape).toEqual([1, 10, 5, 5]);
  });

  it("in small computes what PyTorch computes, and learns", () => {
    expectLikePyTorch(models.denseNetSmall(), "denseNetSmall");
    expectLikePyTorch(models.denseNetSmall(), "denseNetSmallTraining", undefined, true);
    const model = models.denseNetSmall();
    expect(model.parameterCount).toBe(32_318);
    const { first, last } = trainOnStripes(model, { shape: [8, 1, 16, 16], classes: 2 });
    expect(last).toBeLessThan(0.5 * first);
  });
});

describe("uNet", () => {
  it("is the paper's: 31,030,658 parameters, 23 convolutions, 572 becomes 388", () => {
    expect(countOf(() => models.uNet())).toBe(31_030_658);
    expect(layersWithWeights(() => models.uNet())).toBe(23);
    const paper = (): models.UNet => models.uNet({ padding: "valid" });
    expect(shapesOf(paper, [1, 1, 572, 572]).get("output")).toBe("2×388×388");
    expect(shapesOf(() => models.uNet(), [1, 1, 64, 96]).get("output")).toBe("2×64×96");
  });

  it("in small computes what PyTorch computes, with borders and without", () => {
    expectLikePyTorch(models.uNetSmall({ classes: 3 }), "uNetSmall", weighted);
    expectLikePyTorch(models.uNetSmall({ classes: 3, padding: "valid" }), "uNetSmallValid", weighted);
  });

  it("in small learns which pixels are bright", () => {
    const { images } = stripes([4, 1, 16, 16], 4);
    const masks = images.greater(0.5).to("int32").squeeze(1);
    const model = models.uNetSmall();
    expect(model.parameterCount).toBe(29_330);
    const optimizer = optim.adam(model.parameters(), { lr: 0.01 });
    const { first, last } = descend(optimizer, 15, () => nn.crossEntropy(model(images), masks));
    expect(last).toBeLessThan(0.3 * first);
  });

  it("says which sizes fit", () => {
    const model = models.uNetSmall();
    expect(() => model(zeros([1, 1, 30, 32]))).toThrow(
      /must halve evenly 2 times; at level 2 a size of 30 has become 15: pad or crop the images to multiples of 4/,
    );
    expect(() => models.uNetSmall({ padding: "valid" })(zeros([1, 1, 30, 30]))).toThrow(
      /sizes such as 572 fit/,
    );
    expect(() => model(zeros([1, 32, 32]))).toThrow(/x\.unsqueeze\(0\)/);
    expect(() => Reflect.apply(models.uNet, undefined, [{ padding: 1 }])).toThrow(/"same" or "valid", got 1/);
  });
});

describe("dcgan", () => {
  it("has the sizes of the paper, and those of PyTorch's tutorial", () => {
    withBackend(shapeOnlyBackend, () => {
      const paper = models.dcgan();
      expect([paper.generator.parameterCount, paper.discriminator.parameterCount]).toEqual([
        12_658_432, 11_036_160,
      ]);
      const tutorial = models.dcgan({ width: 64 });
      expect([tutorial.generator.parameterCount, tutorial.discriminator.parameterCount]).toEqual([
        3_576_704, 2_765_568,
      ]);
      expect(paper.eval()(paper.noise(2)).shape).toEqual([2, 3, 64, 64]);
      expect(paper.discriminator(zeros([2, 3, 64, 64])).shape).toEqual([2, 1]);
      expect(models.dcgan({ imageSize: 32 }).eval()(zeros([1, 100, 1, 1])).shape).toEqual([1, 3, 32, 32]);
    });
    expect(() => models.dcgan({ imageSize: 27 })).toThrow(/4, 5, 6 or 7 times a power of two, .*got 27/);
  });

  it("in small computes what PyTorch computes", () => {
    const { generator, discriminator } = models.dcganSmall();
    expectLikePyTorch(generator, "dcganGenerator", weighted, true);
    expectLikePyTorch(discriminator, "dcganDiscriminator", weighted, true);
  });

  it("in small plays: its discriminator learns to tell, its generator to be taken for real", () => {
    const model = models.dcganSmall();
    const real = stripes([8, 1, 28, 28], 2).images.mul(2).sub(1).detach();
    const d = optim.adam(model.discriminator.parameters(), { lr: 0.002 });
    const told = descend(d, 8, () => model.discriminatorLoss(real));
    expect(told.last).toBeLessThan(0.5 * told.first);
    const g = optim.adam(model.generator.parameters(), { lr: 0.002 });
    const z = model.noise(8);
    const taken = descend(g, 8, () => model.generatorLoss(z));
    expect(taken.last).toBeLessThan(taken.first);
  });
});
