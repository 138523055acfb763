import { beforeEach, describe, expect, it } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { shapeOnlyBackend } from "../../../engine/backend/shapeOnly.ts";
import { randn, tensor, zeros } from "../../../engine/creation.ts";
import { memoryReport } from "../../../engine/memory.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import { startOnNode } from "../../../engine/node.ts";
import { seed } from "../../../engine/random.ts";
import { flat, wave } from "../nn/wave.ts";
import golden from "./golden/golden.json" with { type: "json" };
import { countOf, expectLikePyTorch, shapesOf, trainOnStripes } from "./support.ts";

startOnNode();
beforeEach(() => seed(1));

describe("shapeOnlyBackend", () => {
  it("builds and traces a network without memory, and has no values", () => {
    const before = memoryReport().bytes;
    withBackend(shapeOnlyBackend, () => {
      const model = models.leNet5();
      expect(model.parameterCount).toBe(61_706);
      const logits = model(zeros([2, 1, 28, 28]));
      expect(logits.shape).toEqual([2, 10]);
      expect(() => logits.toArray()).toThrow(/\[2, 10\] on the shape-only backend has a shape and no values/);
      expect(() => model(zeros([2, 1, 32, 32]))).toThrow(/expected \[N, 120\], got \[2, 480\]/);
      expect(tensor(new Float32Array(6), { shape: [2, 3] }).shape).toEqual([2, 3]);
      expect(shapeOnlyBackend.bytesInUse).toBe(0);
    });
    const large = withBackend(shapeOnlyBackend, () => models.vgg16());
    expect(large.parameterCount).toBe(138_357_544);
    expect(memoryReport().bytes - before).toBeLessThan(2 ** 20);
  });
});

describe("nn.localResponseNorm", () => {
  it("computes what PyTorch computes, forward and backward", () => {
    const x = wave([2, 7, 2, 3], 3, 0.9);
    x.requiresGrad = true;
    const y = nn.localResponseNorm(3, { alpha: 0.5, beta: 0.6, k: 1.5 })(x);
    y.mul(wave(y.shape, 1, 0.7, 0.3))
      .sum()
      .backward();
    const { output, gradient } = golden.localResponseNorm;
    for (const [ours, theirs] of [
      [y, output],
      [x.grad!, gradient],
    ] as const) {
      const values = ours.toTypedArray();
      flat(theirs).forEach((value, i) => {
        expect(Math.abs(values[i]! - value)).toBeLessThan(1e-5 * (1 + Math.abs(value)));
      });
    }
  });

  it("refuses an even number of channels and what are no images", () => {
    expect(() => nn.localResponseNorm(4)).toThrow(/it is odd; got 4/);
    expect(() => nn.localResponseNorm(5, { k: Number.NaN })).toThrow(/k must be a number, got NaN/);
    expect(() => nn.localResponseNorm(5)(zeros([2, 3]))).toThrow(/expected \[N, C, H, W\], got \[2, 3\]/);
  });
});

describe("alexNet", () => {
  it("004.36: has the paper's 60,965,224 parameters and the maps 55-27-13-6", () => {
    expect(countOf(() => models.alexNet())).toBe(60_965_224);
    const shapes = shapesOf(() => models.alexNet(), [1, 3, 224, 224]);
    expect(
      ["conv1", "p1", "conv2", "p2", "conv5", "p5", "fc6", "fc8"].map((path) => shapes.get(path)),
    ).toEqual(["96×55×55", "96×27×27", "256×27×27", "256×13×13", "256×13×13", "256×6×6", "4096", "1000"]);
    expect(shapesOf(() => models.alexNet({ imageSize: 227 }), [1, 3, 227, 227]).get("fc8")).toBe("1000");
  });

  it("is torchvision's with 61,100,840 parameters where that is asked for, for images of any size", () => {
    const make = () => models.alexNet({ version: "torchvision" });
    expect(countOf(make)).toBe(61_100_840);
    for (const size of [63, 224, 300])
      expect(shapesOf(make, [1, 3, size, size]).get("avgpool")).toBe("256×6×6");
    expect(() => Reflect.apply(models.alexNet, undefined, [{ version: "2014" }])).toThrow(
      /alexNet: version is "2012" or "torchvision", got the string "2014"/,
    );
  });

  it("starts as the paper says: small normal weights, biases of 1 in layers 2 and 4 to 7", () => {
    // A small input and a single channel keep the fully connected layers small.
    const model = models.alexNet({ imageSize: 63, channels: 1, classes: 2 });
    const weights = Array.from(model.conv1.weight.toTypedArray());
    const std = Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0) / weights.length);
    expect(std).toBeGreaterThan(0.0095);
    expect(std).toBeLessThan(0.0105);
    const biases = [
      model.conv1,
      model.conv2,
      model.conv3,
      model.conv4,
      model.conv5,
      model.fc6,
      model.fc7,
      model.fc8,
    ];
    expect(biases.map((layer) => layer.bias!.toTypedArray()[0])).toEqual([0, 1, 0, 1, 1, 1, 1, 0]);
    expect(model(randn([1, 1, 63, 63])).shape).toEqual([1, 2]);
  });

  it("in small computes what PyTorch computes", () => {
    expectLikePyTorch(models.alexNetSmall(), "alexNetSmall");
  });

  it("in small has the parameters its description says, and learns", () => {
    const model = models.alexNetSmall();
    expect(model.parameterCount).toBe(72_394);
    const { first, last } = trainOnStripes(model.eval(), {
      shape: [10, 1, 28, 28],
      classes: 2,
      learningRate: 0.003,
    });
    expect(last).toBeLessThan(0.8 * first);
    const colour = models.alexNetSmall({ channels: 3, imageSize: 32, classes: 4 });
    expect(colour(randn([2, 3, 32, 32])).shape).toEqual([2, 4]);
  });

  it("names its options when they are wrong", () => {
    expect(() => models.alexNetSmall({ imageSize: 10 })).toThrow(
      /alexNetSmall: imageSize must be at least 15, since its layers shrink the maps; got 10/,
    );
    expect(() => models.alexNetSmall({ classes: 0 })).toThrow(/classes must be a whole number ≥ 1, got 0/);
    const make = (options: unknown) => () => Reflect.apply(models.alexNetSmall, undefined, [options]);
    expect(make(10)).toThrow(/takes its options as an object: \{ channels: … \}; got 10/);
    expect(() => models.alexNetSmall()(randn([2, 3, 28, 28]))).toThrow(
      /AlexNet\.conv1.*expected \[N, 1, H, W\]/,
    );
  });
});

describe("vgg", () => {
  it.each([
    ["vgg11", models.vgg11, 132_863_336],
    ["vgg16", models.vgg16, 138_357_544],
    ["vgg19", models.vgg19, 143_667_240],
  ] as const)("%s has its published number of parameters", (_, make, count) => {
    expect(countOf(() => make())).toBe(count);
  });

  it("16 has 16 layers with weights and halves its maps to 7", () => {
    const shapes = shapesOf(() => models.vgg16(), [1, 3, 224, 224]);
    expect(shapes.get("features.30")).toBe("512×7×7");
    expect(shapes.get("classifier.6")).toBe("1000");
    const weights = withBackend(shapeOnlyBackend, () =>
      models
        .vgg16()
        .namedParameters()
        .filter(([path]) => path.endsWith("weight")),
    );
    expect(weights).toHaveLength(16);
    expect(weights.slice(0, 13).every(([, { shape }]) => shape[2] === 3 && shape[3] === 3)).toBe(true);
  });

  it("in small computes what PyTorch computes", () => {
    expectLikePyTorch(models.vggSmall(), "vggSmall");
  });

  it("in small has the parameters its description says, and learns", () => {
    const model = models.vggSmall();
    expect(model.parameterCount).toBe(121_594);
    const { first, last } = trainOnStripes(model.eval(), {
      shape: [10, 1, 28, 28],
      classes: 2,
      learningRate: 0.003,
    });
    expect(last).toBeLessThan(0.8 * first);
    expect(() => models.vggSmall({ imageSize: 3 })).toThrow(/imageSize must be at least 4/);
    expect(nn.crossEntropy(model(randn([2, 1, 28, 28])), tensor([1, 2], { dtype: "int32" })).shape).toEqual(
      [],
    );
  });
});
