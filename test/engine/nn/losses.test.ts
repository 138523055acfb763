import { describe, expect, it } from "vitest";
import { gradients } from "../../../engine/autograd.ts";
import { randn, tensor, zeros } from "../../../engine/creation.ts";
import * as nn from "../../../engine/nn/index.ts";

describe("crossEntropy", () => {
  it("of equal logits is log C, and of huge ones stays finite", () => {
    expect(nn.crossEntropy(zeros([4, 10]), tensor([0, 3, 5, 9])).item()).toBeCloseTo(Math.log(10), 6);
    expect(nn.crossEntropy(tensor([[1e4, -1e4]]), tensor([1])).item()).toBeCloseTo(2e4, 0);
  });

  it("of one-hot rows equals that of their labels, whatever dtype the labels have", () => {
    const logits = randn([3, 4]);
    const oneHot = [
      [0, 1, 0, 0],
      [0, 0, 0, 1],
      [1, 0, 0, 0],
    ];
    const expected = nn.crossEntropy(logits, tensor([1, 3, 0], { dtype: "int32" })).item();
    expect(nn.crossEntropy(logits, tensor([1, 3, 0], { dtype: "float32" })).item()).toBeCloseTo(expected, 6);
    expect(nn.crossEntropy(logits, tensor(oneHot)).item()).toBeCloseTo(expected, 6);
    expect(nn.crossEntropy(logits, tensor(oneHot, { dtype: "int32" })).item()).toBeCloseTo(expected, 6);
  });

  it("is one operation, whose gradient can be differentiated again: p·(1 − p) on the diagonal", () => {
    const logits = randn([1, 4], { requiresGrad: true });
    const loss = nn.crossEntropy(logits, tensor([2], { dtype: "int32" }), { reduction: "none" });
    expect(loss.op).toBe("crossEntropy");
    const [first] = gradients(loss.sum(), [logits], { createGraph: true });
    const [second] = gradients(first!.at(0, 2), [logits]);
    const p = [...logits.softmax(1).toTypedArray()];
    for (const [i, value] of second!.toTypedArray().entries())
      expect(value).toBeCloseTo(p[2]! * ((i === 2 ? 1 : 0) - p[i]!), 5);
  });

  it("of a map of classes is that of its places one by one", () => {
    const logits = randn([2, 3, 2, 2]);
    const labels = tensor([0, 1, 2, 1, 2, 2, 0, 1], { shape: [2, 2, 2], dtype: "int32" });
    const losses = nn.crossEntropy(logits, labels, { reduction: "none" });
    expect(losses.shape).toEqual([2, 2, 2]);
    const single = nn.crossEntropy(
      logits.select(0, 1).select(1, 1).select(1, 0).reshape([1, 3]),
      tensor([0], { dtype: "int32" }),
    );
    expect(losses.at(1, 1, 0).item()).toBeCloseTo(single.item(), 6);
  });
});

describe("what students do wrong", () => {
  const logits = zeros([4, 3]);
  const loss = (target: unknown) => () => Reflect.apply(nn.crossEntropy, undefined, [logits, target]);

  it("labels out of range", () => {
    expect(loss(tensor([0, 1, 2, 3]))).toThrow(
      "crossEntropy: label 3 is 3, but logits [4, 3] have the classes 0 to 2; are the classes counted from 1? Then use labels.sub(1); or give the last layer 4 outputs",
    );
    expect(loss(tensor([0, 7, 2, 1]))).toThrow(/label 1 is 7, .*one output per class \(at least 8\)/);
    expect(loss(tensor([-1, 1, 2, 1]))).toThrow(/label 0 is -1, .*class numbers start at 0/);
  });

  it("labels that are no class numbers", () => {
    expect(loss(tensor([0, Number.NaN, 1, 2]))).toThrow(/label 1 is NaN, .*missing labels/);
    expect(loss(tensor([0, 0.5, 1, 2]))).toThrow(/label 1 is 0\.5, .*class numbers are whole/);
    expect(loss(["cat", "dog", "cat", "dog"])).toThrow(
      "crossEntropy: target must be a Tensor, got an array of 4 strings; networks compute with numbers",
    );
    expect(loss([0, 1, 2, 0])).toThrow(/got an array of 4 numbers; make it one with tensor\(…\)/);
  });

  it("another number of labels than logits", () => {
    expect(loss(tensor([0, 1, 2]))).toThrow(
      "crossEntropy: logits [4, 3] need labels [4], one class number each, got [3]; labels and images must come from one batch",
    );
    expect(loss(tensor([[0], [1], [2], [0]]))).toThrow(
      /class numbers have no second dimension: target\.squeeze\(1\)/,
    );
    expect(() => nn.crossEntropy(zeros([3]), tensor([1]))).toThrow(/logits\.unsqueeze\(0\)/);
  });

  it("rows that are no probabilities", () => {
    expect(loss(zeros([4, 3]).add(1))).toThrow(/those of sample 0 sum to 3; a one-hot row has a single 1/);
    expect(
      loss(
        tensor([
          [2, -1, 0],
          [1, 0, 0],
          [1, 0, 0],
          [1, 0, 0],
        ]),
      ),
    ).toThrow(/sample 0 has -1 for class 1/);
  });

  it("softmax or sigmoid before a loss that contains it", () => {
    const x = randn([2, 3]);
    x.requiresGrad = true;
    expect(() => nn.crossEntropy(x.softmax(1), tensor([0, 1]))).toThrow(
      /softmax, which is inside crossEntropy already/,
    );
    expect(() => nn.bceWithLogits(x.sigmoid(), zeros([2, 3]))).toThrow(
      /sigmoid, which is inside bceWithLogits already/,
    );
  });

  it("shapes that would broadcast to the wrong thing", () => {
    expect(() => nn.mse(zeros([5, 1]), zeros([5]))).toThrow(
      "mse: prediction [5, 1] and target [5] must have one shape; target.reshape([5, 1]) fits",
    );
    expect(() => nn.mse(zeros([5, 2]), zeros([5]))).toThrow(/each prediction needs one target/);
    expect(() => nn.bceWithLogits(zeros([5, 1]), zeros([5]))).toThrow(/targets\.reshape\(\[5, 1\]\) fits/);
  });

  it("targets of bceWithLogits outside 0 to 1, an unknown reduction", () => {
    expect(() => nn.bceWithLogits(zeros([2]), tensor([-1, 1]))).toThrow(
      /number 0 is -1; for labels −1 and 1/,
    );
    expect(() => Reflect.apply(nn.mse, undefined, [zeros([1]), zeros([1]), { reduction: "avg" }])).toThrow(
      'mse: reduction is "mean", "sum" or "none", got "avg"',
    );
  });
});
