import { beforeEach, describe, expect, it } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { randn, tensor } from "../../../engine/creation.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import { startOnNode } from "../../../engine/node.ts";
import * as optim from "../../../engine/optim/index.ts";
import { seed } from "../../../engine/random.ts";
import { countOf, descend, shapesOf, stripes, trainOnStripes } from "./support.ts";

startOnNode();
beforeEach(() => seed(1));

describe("gapClassifier", () => {
  it("003.81: gives activation maps whose mean is the class score", () => {
    withBackend(referenceBackend, () => {
      const model = models.gapClassifier({ channels: 2, classes: 3, widths: [4, 5] });
      const x = randn([2, 2, 9, 11]);
      const [scores, maps] = noGrad(() => [model(x), model.activationMaps(x)] as const);
      expect(maps.shape).toEqual([2, 3, 4, 5]);
      const means = maps.mean([2, 3]).toTypedArray();
      scores.toTypedArray().forEach((score, i) => {
        expect(means[i]).toBeCloseTo(score, 6);
      });
    });
  });

  it("takes images of any size, has no bias at the end, and learns", () => {
    const model = models.gapClassifier();
    expect(model.parameterCount).toBe(23_936);
    expect(model.output.bias).toBeNull();
    expect(model(randn([1, 1, 28, 28])).shape).toEqual([1, 10]);
    expect(model(randn([1, 1, 40, 20])).shape).toEqual([1, 10]);
    const small = models.gapClassifier({ classes: 2, widths: [8, 16] });
    const { first, last } = trainOnStripes(small, {
      shape: [8, 1, 12, 12],
      classes: 2,
      steps: 60,
      learningRate: 0.02,
    });
    expect(last).toBeLessThan(0.8 * first);
    const pairs = models.gapClassifier({ widths: [8, 16], convolutions: 2 });
    expect(pairs.features.namedParameters().map(([path, { shape }]) => `${path} ${shape}`)).toEqual([
      "0.weight 8,1,3,3",
      "0.bias 8",
      "2.weight 8,8,3,3",
      "2.bias 8",
      "5.weight 16,8,3,3",
      "5.bias 16",
      "7.weight 16,16,3,3",
      "7.bias 16",
    ]);
    expect(pairs.activationMaps(randn([1, 1, 12, 12])).shape).toEqual([1, 10, 6, 6]);
    expect(() => models.gapClassifier({ widths: [] })).toThrow(/widths are the filters of each convolution/);
  });
});

describe("fullyConvolutional", () => {
  it("is All-CNN-C: 1,369,738 parameters, maps 32-16-8-6, any size", () => {
    expect(countOf(() => models.fullyConvolutional())).toBe(1_369_738);
    const shapes = (size: number): string[] => [
      ...shapesOf(() => models.fullyConvolutional(), [1, 3, size, size]).values(),
    ];
    expect(shapes(32).at(-1)).toBe("10×6×6");
    expect(shapes(32)).toContain("96×16×16");
    expect(shapes(64).at(-1)).toBe("10×14×14");
  });

  it("in small scores each place and learns from their mean", () => {
    const model = models.fullyConvolutionalSmall();
    expect(model.parameterCount).toBe(6_218);
    const x = randn([2, 1, 28, 28]);
    const [scores, maps] = noGrad(() => [model(x), model.scoreMaps(x)] as const);
    expect(maps.shape).toEqual([2, 10, 7, 7]);
    expect(maps.mean([2, 3]).sub(scores).abs().max().item()).toBeLessThan(1e-5);
    const { first, last } = trainOnStripes(models.fullyConvolutionalSmall({ classes: 2 }), {
      shape: [8, 1, 12, 12],
      classes: 2,
      steps: 60,
    });
    expect(last).toBeLessThan(0.9 * first);
    expect(() => models.fullyConvolutional({ classes: 0 })).toThrow(/classes must be a whole number ≥ 1/);
  });
});

describe("detector", () => {
  it("gives classes and boxes that are never inside out", () => {
    const model = models.detector();
    expect(model.parameterCount).toBe(89_351);
    const [logits, boxes] = noGrad(() => model(randn([16, 1, 32, 32]).mul(5)));
    expect(logits.shape).toEqual([16, 3]);
    expect(boxes.shape).toEqual([16, 4]);
    for (const [left, top, right, bottom] of boxes.toArray() as [number, number, number, number][]) {
      expect(right).toBeGreaterThanOrEqual(left);
      expect(bottom).toBeGreaterThanOrEqual(top);
    }
  });

  it("learns what and where together", () => {
    const { images, labels } = stripes([8, 1, 16, 16], 2);
    const targets = tensor(Array.from({ length: 8 }, (_, i) => [0, (i % 2) / 2, 1, (i % 2) / 2 + 0.5]));
    const model = models.detector({ imageSize: 16, classes: 2, widths: [8, 8], hidden: 16 });
    const optimizer = optim.adam(model.parameters(), { lr: 0.01 });
    const where = (): number => noGrad(() => nn.mse(model(images)[1], targets).item());
    const before = where();
    const { first, last } = descend(optimizer, 40, () => {
      const [logits, boxes] = model(images);
      return nn.crossEntropy(logits, labels).add(nn.mse(boxes, targets).mul(10));
    });
    expect(last).toBeLessThan(0.4 * first);
    expect(where()).toBeLessThan(0.4 * before);
    expect(() => models.detector({ imageSize: 4 })).toThrow(/imageSize must be at least 8/);
  });
});
