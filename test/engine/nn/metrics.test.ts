import { describe, expect, it } from "vitest";
import { tensor } from "../../../engine/creation.ts";
import * as metrics from "../../../engine/metrics/index.ts";

const scores = tensor([
  [0.1, 0.7, 0.2],
  [0.5, 0.3, 0.2],
  [0.2, 0.3, 0.5],
  [0.4, 0.4, 0.2],
]);

describe("accuracy and classificationError", () => {
  it("take scores, class numbers, one-hot rows and plain arrays", () => {
    const labels = tensor([1, 0, 1, 0], { dtype: "int32" });
    expect(metrics.accuracy(scores, labels)).toBe(0.75);
    expect(metrics.accuracy(tensor([1, 0, 2, 0]), labels)).toBe(0.75);
    expect(metrics.accuracy([1, 0, 2, 0], [1, 0, 1, 0])).toBe(0.75);
    expect(metrics.accuracy(new Int32Array([1, 0, 2, 0]), labels)).toBe(0.75);
    expect(
      metrics.accuracy(
        scores,
        tensor([
          [0, 1, 0],
          [1, 0, 0],
          [0, 1, 0],
          [1, 0, 0],
        ]),
      ),
    ).toBe(0.75);
    expect(metrics.classificationError(scores, labels)).toBe(0.25);
  });

  it("refuse what cannot be counted", () => {
    expect(() => metrics.accuracy([1, 2], [1])).toThrow(
      "accuracy: 2 predictions for 1 labels; each sample needs one of each",
    );
    expect(() => metrics.accuracy([], [])).toThrow(/there are no samples/);
    expect(() => metrics.accuracy([0.5, 1], [0, 1])).toThrow(
      /predictions must be class numbers .* number 0 is 0\.5/,
    );
    expect(() => metrics.accuracy(tensor([[0.5], [1]]), [0, 1])).toThrow(/pred\.greater\(0\)\.squeeze\(1\)/);
    expect(() => Reflect.apply(metrics.accuracy, undefined, [["cat"], ["cat"]])).toThrow(
      /got an array of 1 strings/,
    );
    expect(() => Reflect.apply(metrics.accuracy, undefined, [[[1, 2]], [0]])).toThrow(
      /make it one with tensor/,
    );
  });
});

describe("topK", () => {
  it("counts labels among the k highest scores", () => {
    expect(metrics.topK(scores, [1, 1, 1, 2], 1)).toBe(0.25);
    expect(metrics.topK(scores, [1, 1, 1, 2], 2)).toBe(0.75);
    expect(metrics.topK(scores, [1, 1, 1, 2], 3)).toBe(1);
    expect(() => metrics.topK(scores, [1, 1, 1, 2])).toThrow(
      /k must be a whole number from 1 to the 3 classes, got 5/,
    );
  });

  it("with k = 1 is accuracy, ties included", () => {
    for (const labels of [
      [1, 0, 2, 0],
      [1, 0, 2, 1],
    ]) {
      expect(metrics.topK(scores, labels, 1)).toBe(metrics.accuracy(scores, labels));
    }
  });
});

describe("mse, mae, binaryAccuracy", () => {
  it("average over all elements", () => {
    expect(metrics.mse([1, 2, 3], [1, 4, 0])).toBeCloseTo(13 / 3, 12);
    expect(metrics.mae(tensor([[1, 2]]), tensor([[3, -1]]))).toBe(2.5);
    expect(() => metrics.mse(tensor([[1], [2]]), [1, 2])).toThrow(
      /predictions \[2, 1\] and targets \[2\] must have one shape/,
    );
    expect(metrics.binaryAccuracy(tensor([2, -1, 0.1, -3]), tensor([1, 0, 0, 0]))).toBe(0.75);
  });
});

describe("confusionMatrix", () => {
  const confusion = metrics.confusionMatrix([0, 1, 1, 2, 2, 2, 0], [0, 1, 2, 2, 2, 1, 0], {
    classes: ["cat", "dog", "bird"],
  });

  it("counts true classes in rows and predicted ones in columns", () => {
    expect(confusion.counts).toEqual([
      [2, 0, 0],
      [0, 1, 1],
      [0, 1, 2],
    ]);
    expect(confusion.total).toBe(7);
    expect(confusion.accuracy).toBeCloseTo(5 / 7, 12);
  });

  it("tells who was taken for whom", () => {
    expect(metrics.confusionMatrix([1, 1], [0, 0]).counts).toEqual([
      [0, 2],
      [0, 0],
    ]);
  });

  it("reports each class, and the worst confusions", () => {
    const [cat, dog, bird] = confusion.perClass;
    expect(cat).toEqual({ name: "cat", count: 2, recall: 1, precision: 1, f1: 1 });
    expect(dog).toEqual({ name: "dog", count: 2, recall: 0.5, precision: 0.5, f1: 0.5 });
    expect(bird?.recall).toBeCloseTo(2 / 3, 12);
    expect(confusion.worst(1)).toEqual([{ actual: "dog", predicted: "bird", count: 1 }]);
    const unseen = metrics.confusionMatrix([0], [0], { classes: 2 }).perClass[1];
    expect([unseen?.recall, unseen?.precision]).toEqual([Number.NaN, Number.NaN]);
  });

  it("prints as a table", () => {
    expect(String(confusion)).toBe(
      [
        "ConfusionMatrix: 5 of 7 right (71.43 %); rows are true, columns predicted",
        "     cat dog bird",
        " cat   2   0    0",
        " dog   0   1    1",
        "bird   0   1    2",
      ].join("\n"),
    );
  });

  it("finds the number of classes, and refuses fewer than there are", () => {
    expect(metrics.confusionMatrix(scores, [0, 0, 1, 1]).classes).toEqual(["0", "1", "2"]);
    expect(() => metrics.confusionMatrix([0, 3], [0, 1], { classes: 3 })).toThrow(
      "confusionMatrix: class 3 occurs, but there are only 3 classes (0 to 2)",
    );
  });
});
