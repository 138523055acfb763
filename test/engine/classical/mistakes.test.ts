// What students get wrong with the classical methods, and what the methods say of themselves.

import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { classical, data, randn, scope, tensor, zeros } from "../../../engine/index.ts";

const { points, labels } = data.moons({ samples: 20 });
const x = tensor([0, 1, 2, 3]);
const y = tensor([1, 3, 5, 6]);
const whole = (...values: number[]) => tensor(values, { dtype: "int32" });
const equalRows = zeros([5, 2]);
const wrongly = (f: (...args: never[]) => unknown, ...args: unknown[]) => Reflect.apply(f, undefined, args);

describe("shapes and values", () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      "plain arrays",
      () => wrongly((a: never, b: never) => classical.linearRegression().fit(a, b), [0, 1], [1, 2]),
      /linearRegression: x must be a Tensor, got an array of 2 numbers; make it one with tensor/,
    ],
    [
      "a data set",
      () => wrongly((a: never) => classical.kMeans({ k: 2 }).fit(a), data.moons()),
      /kMeans: x must be a Tensor, .*dataset\.images/,
    ],
    [
      "too few targets",
      () => classical.linearRegression().fit(x, tensor([1, 2])),
      /y must be one number for each of the 4 samples, \[4\], got \[2\]/,
    ],
    [
      "targets in columns",
      () => classical.linearRegression().fit(x, randn([4, 2])),
      /got \[4, 2\]; fit one model per column: y\.select\(1, 0\)/,
    ],
    [
      "missing values",
      () => classical.pca().fit(tensor([[1, 2], [3, Number.NaN], [4, 5]])), // biome-ignore format: short
      /pca: x must be finite numbers, but sample 1 has NaN at 1; look for a division by zero or missing values/,
    ],
    [
      "missing targets",
      () => classical.linearRegression().fit(x, tensor([1, 2, Infinity, 4])),
      /y must be finite numbers, but number 2 is Infinity/,
    ],
    ["nothing", () => classical.kMeans({ k: 2 }).fit(zeros([0, 2])), /kMeans: x has no numbers: \[0, 2\]/],
    [
      "a single number",
      () => classical.kernelDensity().fit(tensor(3)),
      /x must be samples \[N, D\], got a single number; .*reshape\(\[1, 1\]\)/,
    ],
    [
      "one sample without its dimension",
      () =>
        classical
          .nearestNeighbours()
          .fit(points, labels)
          .predict(tensor([0, 1])),
      /nearestNeighbours: x must be \[N, 2\] like the samples of fit, got \[2\]; for one sample write x\.unsqueeze\(0\)/,
    ],
    [
      "other features than in fit",
      () =>
        classical
          .logisticRegression()
          .fit(points, labels)
          .predict(randn([5, 3])),
      /x must be \[N, 2\] like the samples of fit, got \[5, 3\]$/,
    ],
    [
      "predict before fit",
      () => classical.perceptron().predict(points),
      /perceptron: there is nothing fitted yet; call fit\(…\) first/,
    ],
    [
      "one-hot labels",
      () => classical.nearestNeighbours().fit(points, randn([20, 2])),
      /labels must be one class number per sample, \[20\], got \[20, 2\]; one-hot rows .*argmax\(1\)/,
    ],
    [
      "labels that are no classes",
      () => classical.nearestNeighbours({ k: 1 }).fit(x, tensor([0, 1, 0.5, 1])),
      /labels are class numbers \(0, 1, 2, …\), but number 2 is 0\.5/,
    ],
    [
      "codes of another size",
      () =>
        classical
          .pca()
          .fit(randn([9, 4]))
          .inverse(randn([3, 3])),
      /pca: z must be \[N, 2\], one number per component, got \[3, 3\]/,
    ],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe("what has no answer", () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      "a constant feature",
      () => classical.linearRegression().fit(tensor([[1, 7], [2, 7], [3, 7]]), tensor([1, 2, 3])), // biome-ignore format: short
      /feature 1 is 7 in every sample, which the bias already stands for; leave it out, or add a penalty/,
    ],
    [
      "a feature twice",
      () => classical.linearRegression().fit(tensor([[1, 2], [2, 4], [3, 6]]), tensor([1, 2, 3])), // biome-ignore format: short
      /feature 1 follows from the features before it, so many planes are equally good/,
    ],
    [
      "fewer samples than weights",
      () => classical.linearRegression().fit(randn([3, 5]), randn([3])),
      /3 samples cannot decide 6 numbers \(5 weights and a bias\); take more samples, or add a penalty/,
    ],
    [
      "a penalty on absolute errors",
      () => classical.linearRegression({ l2: 1 }).fitLeastAbsolute(x, y),
      /fitLeastAbsolute takes no penalty; make the model without l2/,
    ],
    [
      "one place for a line",
      () => classical.linearRegression().fitLeastAbsolute(tensor([3, 3, 3]), tensor([1, 2, 3])),
      /feature 0 is 3 in every sample/,
    ],
    [
      "one class only",
      () => classical.logisticRegression().fit(x, whole(1, 1, 1, 1)),
      /logisticRegression: all 4 labels are 1; it takes samples of both classes/,
    ],
    [
      "three classes",
      () => classical.logisticRegression().fit(x, whole(0, 1, 2, 1)),
      /labels are 0 and 1, but number 2 is 2; for more classes train nn\.linear/,
    ],
    [
      "labels −1 and 1 for a probability",
      () => classical.logisticRegression().fit(x, whole(-1, 1, 1, 1)),
      /number 0 is -1; for −1 and 1 use labels\.greater\(0\)/,
    ],
    [
      "classes that a line separates, without a penalty",
      () => classical.logisticRegression({ l2: 0 }).fit(x, whole(0, 0, 1, 1)),
      /a line separates the classes, so larger weights are always better.*\{ l2: 0\.001 \}/,
    ],
    [
      "one class for a perceptron",
      () => classical.perceptron().fit(x, whole(0, 0, 0, 0)),
      /perceptron: all 4 labels are 0/,
    ],
    [
      "three classes for a perceptron",
      () => classical.perceptron().fit(x, whole(0, 1, 2, 1)),
      /labels are −1 and 1, or 0 and 1; got 0, 1, 2; to tell one class from the rest: labels\.equal\(2\)/,
    ],
    [
      "more neighbours than samples",
      () => classical.nearestNeighbours({ k: 9 }).fit(x, whole(0, 1, 0, 1)),
      /there are 4 samples, so k must be at most 4; it is 9/,
    ],
    ["more groups than samples", () => classical.kMeans({ k: 9 }).fit(x), /4 samples cannot make 9 groups/],
    [
      "more groups than different samples",
      () => classical.kMeans({ k: 2 }).fit(equalRows),
      /only 1 different sample among the 5, too few for 2 groups/,
    ],
    [
      "centres of another shape",
      () => classical.kMeans({ k: 2, start: randn([3, 2]) }).fit(points),
      /start must be 2 centres \[2, 2\], got \[3, 2\]/,
    ],
    [
      "too many components",
      () => classical.pca({ components: 3 }).fit(points),
      /pca: 20 samples of 2 numbers have at most 2 components; 3 were asked for/,
    ],
    ["one sample", () => classical.pca().fit(randn([1, 5])), /one sample does not vary; it takes two/],
    [
      "no noise left",
      () => classical.probabilisticPCA({ components: 1 }).fit(tensor([[0, 0], [1, 1], [2, 2], [3, 3]])), // biome-ignore format: short
      /1 component hold.* all the variance of these samples, so σ² is 0 .* take fewer components/,
    ],
    [
      "as many latent dimensions as features",
      () => classical.probabilisticPCA({ components: 2 }).fit(points),
      /20 samples of 2 numbers have at most 1 component; 2 were asked for/,
    ],
    [
      "a rotation that is none",
      () => classical.probabilisticPCA({ components: 1, rotation: tensor([[2]]) }).fit(points),
      /rotation must be orthogonal, RᵀR = I, but its columns 0 and 0 have the product 4/,
    ],
    [
      "equal samples for a bandwidth",
      () => classical.kernelDensity().fit(equalRows),
      /equal samples have no spread to choose a bandwidth by; give a number/,
    ],
    [
      "more waves than points",
      () => classical.fourier({ terms: 3, period: 5 }).fit(x, y),
      /fourier: 4 different x cannot decide 7 coefficients; take more samples, or fewer terms/,
    ],
    [
      "too high a degree",
      () => classical.bernstein().fit(x, y),
      /4 different x cannot decide 11 coefficients; take more samples, or a lower degree/,
    ],
    [
      "a curve over one place",
      () => classical.fourier().fit(tensor([1, 1]), tensor([1, 2])),
      /all x are 1; a curve needs different ones/,
    ],
    [
      "a curve over a plane",
      () => classical.fourier().fit(points, tensor(new Float32Array(20))),
      /x must be one number per sample, \[N\], got 20 samples of 2; take one column: x\.select\(1, 0\)/,
    ],
    [
      "a function with a pole",
      () => classical.bernstein({ degree: 2 }).approximate((t) => 1 / t),
      /must give a finite number everywhere from 0 to 1, but f\(0\) is Infinity/,
    ],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe("arguments", () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      "a misspelt option",
      () => wrongly(classical.nearestNeighbours, { K: 3 }),
      /there is no option "K"; did you mean k\?/,
    ],
    [
      "a bare number for options",
      () => wrongly(classical.kMeans, 3),
      /kMeans: takes its options as an object: \{ k: … \}; got 3/,
    ],
    ["no k", () => wrongly(classical.kMeans, {}), /kMeans: k must be a whole number ≥ 1, got undefined/],
    [
      "an unknown rule",
      () => wrongly(classical.kernelDensity, { bandwidth: "auto" }),
      /bandwidth is a number above 0, "scott" or "silverman"; got the string "auto"/,
    ],
    ["a bandwidth of 0", () => classical.kernelDensity({ bandwidth: 0 }), /above 0/],
    [
      "a negative penalty",
      () => classical.linearRegression({ l2: -1 }),
      /l2 must be a number from 0 on; got -1/,
    ],
    [
      "an interval backwards",
      () => classical.bernstein({ interval: [1, 0] }),
      /interval must be \[from, to\] with from < to, such as \[0, 1\]; got \[1, 0\]/,
    ],
    [
      "a threshold unit without weights",
      () => wrongly(classical.thresholdUnit, 6, 5),
      /weights are an array of numbers such as \[6, 2, 2\]; got 6/,
    ],
    [
      "more folds than samples",
      () => classical.kFold(3, 5),
      /k must be a whole number from 2 to the 3 samples; got 5/,
    ],
    [
      "a data set for a number",
      () => wrongly(classical.kFold, data.moons(), 5),
      /n must be the number of samples, got .*; write dataset\.size/,
    ],
    [
      "shares above the whole",
      () => classical.holdOut(10, { validation: 0.6, test: 0.5 }),
      /0\.6 for validation and 0\.5 for test of 10 samples leave none to train on/,
    ],
    [
      "a share in percent",
      () => classical.holdOut(10, { test: 20 }),
      /test is a share between 0 and 1.*got 20/,
    ],
    ["no values", () => classical.bootstrap([]), /bootstrap: there are no values/],
    [
      "a statistic without return",
      () => wrongly(classical.bootstrap, [1, 2], { statistic: () => {} }),
      /statistic must return a number, it returned undefined; was a return forgotten\?/,
    ],
    [
      "an image in colour",
      () => classical.integralImage(randn([3, 4, 4])),
      /image must be \[H, W\] or \[1, H, W\], got \[3, 4, 4\]; take one channel: image\.at\(0\)/,
    ],
    [
      "a rectangle that sticks out",
      () => classical.integralImage(randn([4, 4])).sum(2, 2, 3, 1),
      /rectangle of 3 × 1 pixels at row 2, column 2 does not lie in the image of 4 × 4/,
    ],
    [
      "cells larger than the image",
      () => classical.gradientHistogram(randn([4, 4])),
      /a cell of 8 × 8 pixels does not fit in images of 4 × 4; take a smaller cell/,
    ],
    [
      "blocks larger than the cells",
      () => classical.hog(randn([8, 8])),
      /a block of 2 × 2 cells does not fit in 1 × 1 cells; take smaller cells/,
    ],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });

  it("an orthogonal penalty makes the unanswerable answerable", () => {
    const twice = tensor([[1, 1], [2, 2], [3, 3]]); // biome-ignore format: short
    const ridge = classical.linearRegression({ l2: 1e-6 }).fit(twice, tensor([2, 4, 6]));
    expect(ridge.coefficients[0]).toBeCloseTo(1, 5);
    expect(ridge.coefficients[1]).toBeCloseTo(1, 5);
    const separated = classical.logisticRegression().fit(x, whole(0, 0, 1, 1));
    expect(Array.from(separated.predict(x).toTypedArray())).toEqual([0, 0, 1, 1]);
  });
});

describe("printing", () => {
  it.each<[() => unknown, RegExp]>([
    [() => classical.linearRegression(), /^LinearRegression \(not fitted yet\)$/],
    [
      () => classical.linearRegression().fit(points, labels.to("float32")),
      /^LinearRegression: y = −?[\d.]+ x0 [+−] [\d.]+ x1 [+−] [\d.]+, E = [\d.]+ over 20 samples$/,
    ],
    [
      () => classical.logisticRegression().fit(points, labels),
      /^LogisticRegression: p = σ\(.* x0 .* x1 .*\), loss [\d.]+ per sample over 20 samples$/,
    ],
    [
      () => classical.perceptron().fit(x, whole(0, 0, 1, 1)),
      /^Perceptron: fires when [\d.]+ x − [\d.]+ > 0; at rest after \d+ passes and \d+ mistakes$/,
    ],
    [
      () => classical.nearestNeighbours({ k: 3 }).fit(points, labels),
      /^NearestNeighbours: k = 3 among 20 samples of 2 classes$/,
    ],
    [() => classical.pca().fit(points), /^PCA: 2 of 2 components hold 100 % of the variance of 20 samples$/],
    [
      () => classical.probabilisticPCA({ components: 1 }).fit(points),
      /^ProbabilisticPCA: 1 latent dimension of 2, σ² = [\d.]+, from 20 samples$/,
    ],
    [
      () => classical.kernelDensity({ bandwidth: 0.5 }).fit(x),
      /^KernelDensity: bandwidth 0\.5 on 4 samples of 1 number$/,
    ],
    [
      () => classical.fourier({ terms: 1, period: 8 }).fit(x, y),
      /^Fourier: 1 wave of period 8, E = [\d.e-]+$/,
    ],
    [() => classical.bernstein({ degree: 2 }).approximate(Math.sin), /^Bernstein: degree 2 on \[0, 1\]$/],
    [
      () => classical.linearRegression().fit(x, x.mul(-2).add(1)),
      /^LinearRegression: y = −2 x \+ 1, E = [\d.e-]+ over 4 samples$/,
    ],
    [() => classical.thresholdUnit([-1, 2], 0.5), /^ThresholdUnit: 1 if −1 x0 \+ 2 x1 > 0\.5, else 0$/],
    [() => classical.standardiser().fit(points), /^Standardiser: 2 features of 20 samples$/],
    [() => classical.integralImage(zeros([3, 4]).add(1)), /^IntegralImage: 3 × 4 pixels, sum 12$/],
  ])("%#", (make, text) => {
    const object = make();
    expect(`${object}`).toMatch(text);
    expect(inspect(object)).toBe(`${object}`);
  });
});

describe("memory", () => {
  it("a model fitted in a scope outlives it", () => {
    const model = scope(() => classical.pca({ components: 1 }).fit(randn([10, 3])));
    expect(model.transform(randn([2, 3])).shape).toEqual([2, 1]);
  });

  it("no graph: results of tensors with gradients are leaves", () => {
    const trained = tensor([0, 1, 2, 3], { requiresGrad: true });
    const line = classical.linearRegression().fit(trained, y);
    expect(line.predict(trained).requiresGrad).toBe(false);
  });
});
