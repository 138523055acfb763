import { describe, expect, it } from "vitest";
import { tensor, zeros } from "../../../engine/creation.ts";
import * as metrics from "../../../engine/metrics/index.ts";

// Values in comments of this file: scikit-learn 1.x's formulas, worked by hand.
describe("precision, recall and F1", () => {
  const predicted = [0, 1, 1, 2, 2, 2, 0];
  const actual = [0, 1, 2, 2, 2, 1, 0];

  it("average over classes (macro) or samples (micro)", () => {
    // Class 0: 2 right of 2 and 2; class 1: 1 of 2 and 2; class 2: 2 of 3 and 3.
    expect(metrics.precision(predicted, actual)).toBeCloseTo((1 + 1 / 2 + 2 / 3) / 3, 12);
    expect(metrics.recall(predicted, actual)).toBeCloseTo((1 + 1 / 2 + 2 / 3) / 3, 12);
    expect(metrics.f1(predicted, actual)).toBeCloseTo((1 + 1 / 2 + 2 / 3) / 3, 12);
    for (const metric of [metrics.precision, metrics.recall, metrics.f1])
      expect(metric(predicted, actual, { average: "micro" })).toBeCloseTo(5 / 7, 12);
  });

  it("differ where one class is taken too often; a class never named has precision 0", () => {
    // Everything taken for class 0, which 3 of 4 are; class 2 does not occur at all.
    const scores = tensor([
      [1, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
    ]);
    expect(metrics.precision(scores, [0, 0, 0, 1])).toBeCloseTo(0.75 / 2, 12);
    expect(metrics.recall(scores, [0, 0, 0, 1])).toBeCloseTo(1 / 2, 12);
    expect(metrics.f1(scores, [0, 0, 0, 1])).toBeCloseTo(6 / 7 / 2, 12);
    expect(metrics.perClassAccuracy(scores, [0, 0, 0, 1])).toEqual([1, 0, Number.NaN]);
  });

  it("refuse another average", () => {
    expect(() => metrics.f1([0], [0], { average: "samples" as never })).toThrow(
      'f1: average is "macro", "micro" or "weighted", got the string "samples"',
    );
  });
});

describe("roc and auc", () => {
  it("step through the thresholds, ties at once", () => {
    const curve = metrics.roc([0.9, 0.8, 0.8, 0.3], [1, 1, 0, 0]);
    expect(curve.thresholds).toEqual([Number.POSITIVE_INFINITY, 0.9, 0.8, 0.3]);
    expect(curve.truePositiveRate).toEqual([0, 0.5, 1, 1]);
    expect(curve.falsePositiveRate).toEqual([0, 0, 0.5, 1]);
    // Of four pairs three are in order and one is a tie.
    expect(curve.auc).toBeCloseTo(3.5 / 4, 12);
    expect(String(curve)).toBe("RocCurve: area 0.875, 3 thresholds");
  });

  it("is 1 for a perfect order, 0 for the reverse, ½ for equal scores, and minds only the order", () => {
    expect(metrics.auc([3, 2, 1], [1, 1, 0])).toBe(1);
    expect(metrics.auc([1, 2, 3], [1, 1, 0])).toBe(0);
    expect(metrics.auc([5, 5, 5, 5], [1, 0, 1, 0])).toBe(0.5);
    const scores = [0.1, 0.4, 0.35, 0.8];
    expect(metrics.auc(scores, [0, 0, 1, 1])).toBe(0.75);
    expect(metrics.auc(tensor(scores).exp(), tensor([0, 0, 1, 1], { dtype: "int32" }))).toBe(0.75);
  });

  it("refuse labels that are no yes or no, or only one kind", () => {
    expect(() => metrics.roc([1, 2], [1, 2])).toThrow(
      /labels must be 0 and 1, but number 1 is 2; .*equal\(k\)/,
    );
    expect(() => metrics.roc([1, 2], [1, 1])).toThrow(
      "roc: there must be samples of both kinds, got 2 with label 1 and 0 with label 0",
    );
    expect(() => metrics.roc([1, Number.NaN], [1, 0])).toThrow("roc: number 1 of the scores is NaN");
  });
});

describe("NaN", () => {
  const scores = tensor([
    [1, 2],
    [Number.NaN, 0],
  ]);

  it("is refused where it would be taken for a class or an answer", () => {
    for (const metric of [metrics.accuracy, metrics.classificationError, metrics.f1, metrics.confusionMatrix])
      expect(() => metric(scores, [1, 0])).toThrow(/: number 2 of the predictions is NaN; look for NaN/);
    expect(() => metrics.topK(scores, [1, 0], 1)).toThrow(/topK: number 2 of the scores is NaN/);
    expect(() => metrics.binaryAccuracy([Number.NaN], [0])).toThrow(/binaryAccuracy: number 0 of the logits/);
    expect(() => metrics.calibration(tensor([[Number.NaN, 0]]), [1])).toThrow(/of sample 0 sum to NaN/);
    expect(() => metrics.maskIou([Number.NaN], [0])).toThrow(/a mask has 0 and 1/);
    expect(() => metrics.boxIou([0, 0, Number.NaN, 1], [0, 0, 1, 1])).toThrow(
      /must go from its left upper corner/,
    );
  });

  it("stays where it can be seen", () => {
    expect([metrics.mse([Number.NaN], [0]), metrics.mae([Number.NaN], [0])]).toEqual([
      Number.NaN,
      Number.NaN,
    ]);
  });
});

describe("psnr", () => {
  it("is 20 dB for an error of a tenth of the peak, and infinite for none", () => {
    expect(metrics.psnr([0.1, 0.1], [0, 0])).toBeCloseTo(20, 10);
    expect(metrics.psnr(tensor([25.5]), tensor([0]), { peak: 255 })).toBeCloseTo(20, 5);
    expect(metrics.psnr([1, 2], [1, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(() => metrics.psnr([1], [1], { peak: 0 })).toThrow("psnr: peak must be a number > 0, got 0");
    expect(() => metrics.psnr(zeros([2, 2]), zeros([4]))).toThrow(/must have one shape/);
  });
});

describe("boxes and masks", () => {
  it("boxIou: overlapping, apart, touching, one in the other, the same, without area", () => {
    expect(metrics.boxIou([0, 0, 2, 2], [1, 1, 3, 3])).toBeCloseTo(1 / 7, 12);
    expect(metrics.boxIou([0, 0, 1, 1], [2, 2, 3, 3])).toBe(0);
    expect(metrics.boxIou([0, 0, 1, 1], [1, 0, 2, 1])).toBe(0);
    expect(metrics.boxIou([0, 0, 4, 4], [1, 1, 3, 3])).toBe(0.25);
    expect(metrics.boxIou(tensor([0, 0, 2, 1]), [0, 0, 2, 1])).toBe(1);
    expect(metrics.boxIou([1, 1, 1, 1], [1, 1, 1, 1])).toBe(0);
  });

  it("maskIou and dice count pixels; two empty masks agree", () => {
    const a = tensor([
      [1, 1],
      [0, 0],
    ]);
    const b = tensor([
      [1, 0],
      [1, 0],
    ]);
    expect(metrics.maskIou(a, b)).toBeCloseTo(1 / 3, 12);
    expect(metrics.dice(a, b)).toBe(0.5);
    expect(metrics.dice(a.greater(0), b.greater(0))).toBe(0.5);
    expect([metrics.maskIou(zeros([3]), zeros([3])), metrics.dice([0], [0])]).toEqual([1, 1]);
    expect(metrics.maskIou([1], [0])).toBe(0);
  });

  it("meanIou averages over the classes that occur", () => {
    const prediction = tensor([
      [0, 0],
      [1, 3],
    ]);
    const target = tensor([
      [0, 1],
      [1, 3],
    ]);
    // Class 0: 1 of 2; class 1: 1 of 2; class 3: 1 of 1; class 2 does not occur.
    expect(metrics.meanIou(prediction, target)).toBeCloseTo((0.5 + 0.5 + 1) / 3, 12);
  });

  it("refuse widths for corners, scores for masks, other shapes", () => {
    expect(() => metrics.boxIou([5, 5, 2, 2], [0, 0, 1, 1])).toThrow(
      /the first box \[5, 5, 2, 2\] must go from its left upper corner .*\[x, y, x \+ w, y \+ h\]/,
    );
    expect(() => metrics.boxIou(zeros([3, 4]), zeros([3, 4]))).toThrow(
      /must be a box \[x1, y1, x2, y2\], got \[3, 4\]/,
    );
    expect(() => metrics.maskIou([0.7], [1])).toThrow(
      /pixel 0 has 0\.7 and 1; compare first: x\.greater\(0\.5\)/,
    );
    expect(() => metrics.dice(zeros([2, 2]), zeros([4]))).toThrow(/must have one shape/);
    expect(() => metrics.meanIou(zeros([1, 3, 2, 2]), zeros([1, 2, 2]))).toThrow(/scores\.argmax\(1\)/);
  });
});

describe("calibration", () => {
  it("compares what is said with what is right, bin by bin", () => {
    const probabilities = tensor([
      [0.9, 0.1],
      [0.85, 0.15],
      [0.42, 0.58],
      [0.45, 0.55],
    ]);
    const result = metrics.calibration(probabilities, [0, 1, 1, 1], { bins: 5 });
    expect(result.bins.map(({ count }) => count)).toEqual([0, 0, 2, 0, 2]);
    expect(result.bins[2]!.accuracy).toBe(1);
    expect(result.bins[2]!.confidence).toBeCloseTo(0.565, 6);
    expect(result.bins[4]!.accuracy).toBe(0.5);
    // Half the samples are off by 0.435, half by 0.375.
    expect(result.error).toBeCloseTo(0.405, 6);
    expect(String(result)).toBe(
      "Calibration: error 40.5 %, 5 bins\nsays 56.5 %, right 100.0 % (2)\nsays 87.5 %, right 50.0 % (2)",
    );
  });

  it("puts a confidence of 1 into the last bin and an upper end into its own", () => {
    const result = metrics.calibration(
      tensor([
        [1, 0],
        [0.5, 0.5],
      ]),
      [0, 0],
      { bins: 2 },
    );
    expect(result.bins.map(({ count }) => count)).toEqual([1, 1]);
    expect(result.error).toBeCloseTo(0.25, 12);
  });

  it("refuses scores that are no probabilities", () => {
    expect(() => metrics.calibration(tensor([[2, 1]]), [0])).toThrow(
      "calibration: the probabilities of sample 0 sum to 3; take scores.softmax(1)",
    );
    expect(() => metrics.calibration(tensor([0.5, 0.5]), [0, 1])).toThrow(/must be \[N, C\], got \[2\]/);
    expect(() => metrics.calibration(tensor([[1, 0]]), [0], { bins: 0 })).toThrow(
      /bins must be a whole number/,
    );
  });
});
