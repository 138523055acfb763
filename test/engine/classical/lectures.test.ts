// What the lectures say of the classical methods, by the number of the step, and their recomputed numbers.

import { describe, expect, it } from "vitest";
import * as classical from "../../../engine/classical/index.ts";
import { data, Generator, linspace, metrics, type Tensor, tensor } from "../../../engine/index.ts";
import { numbers } from "../helpers.ts";

const x = tensor([0, 1, 2, 3]);
const y = tensor([1, 3, 5, 6]);

const corners = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const gate = (...outputs: number[]): Tensor => tensor(outputs, { dtype: "int32" });

/** Standard normal samples `[n, d]`. */
function normals(generator: Generator, n: number, d: number): Tensor {
  return tensor(
    Float32Array.from({ length: n * d }, () => generator.normal()),
    { shape: [n, d] },
  );
}

describe("linear regression", () => {
  it("000.4: (0,1), (1,3), (2,5), (3,6) lie near y = 1.7 x + 1.2 with E = 0.3", () => {
    const line = classical.linearRegression().fit(x, y);
    expect(line.coefficients[0]).toBeCloseTo(1.7, 12);
    expect(line.bias).toBeCloseTo(1.2, 12);
    expect(line.sse).toBeCloseTo(0.3, 12);
    expect(`${line}`).toBe("LinearRegression: y = 1.7 x + 1.2, E = 0.3 over 4 samples");
  });

  it("003.11: gradient descent arrives where the normal equations do, its loss falling at every step", () => {
    const line = classical.linearRegression().fitByGradientDescent(x, y, { steps: 2000 });
    expect(line.coefficients[0]).toBeCloseTo(1.7, 9);
    expect(line.bias).toBeCloseTo(1.2, 9);
    expect(line.path).toHaveLength(2001);
    expect(line.path[0]).toEqual({ weight: [0], bias: 0, loss: (1 + 9 + 25 + 36) / 4 });
    const losses = line.path.slice(0, 100).map(({ loss }) => loss);
    expect(losses.every((loss, i) => i === 0 || loss < losses[i - 1]!)).toBe(true);
  });

  it("003.8: an outlier drags the least squares along, not the least absolute error", () => {
    const places = linspace(0, 9, 10);
    const values = numbers(places).map((place, i) => 2 * place + 1 + (i === 8 ? 40 : 0));
    const squares = classical.linearRegression().fit(places, tensor(values));
    const absolute = classical.linearRegression().fitLeastAbsolute(places, tensor(values));
    expect(squares.coefficients[0]).toBeGreaterThan(3);
    expect(absolute.coefficients[0]).toBeCloseTo(2, 9);
    expect(absolute.bias).toBeCloseTo(1, 9);
    const exact = classical.linearRegression().fitLeastAbsolute(x, tensor([1, 2, 3, 4]));
    expect([exact.coefficients[0], exact.bias]).toEqual([expect.closeTo(1, 9), expect.closeTo(1, 9)]);
  });

  it("says how low the learning rate must be", () => {
    const diverge = () => classical.linearRegression().fitByGradientDescent(x, y, { lr: 0.3, steps: 5000 });
    expect(diverge).toThrow(/lr 0\.3 is too high for these x; take one below 0\.24/);
    const steps = classical.linearRegression().fitByGradientDescent(x, y, { lr: 0.23, steps: 5000 });
    expect(steps.sse).toBeCloseTo(0.3, 6);
  });
});

describe("the perceptron", () => {
  it("000.10: sign(0) is −1", () => {
    const neuron = classical.perceptron().fit(tensor([[-1], [1]]), gate(-1, 1));
    expect(neuron.bias).toBe(0);
    expect(numbers(neuron.predict(tensor([[0], [1e-6], [-1e-6]])))).toEqual([-1, 1, -1]);
  });

  it("000.11: w and b change at each mistake, in the order of the samples, and rest when there is none", () => {
    const neuron = classical.perceptron({ record: true }).fit(corners, gate(-1, -1, -1, 1));
    expect(neuron.corrections.slice(0, 4)).toEqual([
      { pass: 1, sample: 0, weight: [0, 0], bias: -1 },
      { pass: 1, sample: 3, weight: [1, 1], bias: 0 },
      { pass: 2, sample: 0, weight: [1, 1], bias: -1 },
      { pass: 2, sample: 1, weight: [1, 0], bias: -2 },
    ]);
    expect(neuron.converged).toBe(true);
    expect(neuron.mistakes.at(-1)).toBe(0);
    expect(neuron.mistakes.reduce((a, b) => a + b)).toBe(neuron.corrections.length);
    expect(numbers(neuron.predict(corners))).toEqual([-1, -1, -1, 1]);
  });

  it("000.11: the signed distance is (w · x + b) / ‖w‖", () => {
    const neuron = classical.perceptron().fit(corners, gate(0, 0, 0, 1));
    const [u = 0, v = 0] = neuron.coefficients;
    expect(numbers(neuron.distance(tensor([[2, 3]])))[0]).toBeCloseTo(
      (2 * u + 3 * v + neuron.bias) / Math.hypot(u, v),
      5,
    );
  });

  it("000.12: keeps the labels of fit, 0 and 1 here", () => {
    for (const outputs of [
      [0, 0, 0, 1],
      [0, 1, 1, 1],
    ]) {
      const neuron = classical.perceptron().fit(corners, gate(...outputs));
      expect(numbers(neuron.predict(corners))).toEqual(outputs);
    }
  });

  it("000.13: XOR never settles; no rule on a grid of 41³ gets more than 3 of 4", () => {
    const neuron = classical.perceptron({ passes: 500 }).fit(corners, gate(0, 1, 1, 0));
    expect(neuron.converged).toBe(false);
    expect(Math.min(...neuron.mistakes)).toBeGreaterThan(0);
    expect(neuron.toString()).toMatch(/not at rest after 500 passes/);
    const score = (u: number, v: number, b: number) =>
      classical
        .thresholdUnit([u, v], -b)
        .truthTable()
        .filter(({ output }, i) => output === [0, 1, 1, 0][i]).length;
    let best = 0;
    for (let u = -20; u <= 20; u++)
      for (let v = -20; v <= 20; v++)
        for (let b = -20; b <= 20; b++) best = Math.max(best, score(u / 10, v / 10, b / 10));
    expect(best).toBe(3);
    const logistic = classical.logisticRegression().fit(corners, gate(0, 1, 1, 0));
    expect(metrics.accuracy(logistic.predict(corners), [0, 1, 1, 0])).toBeLessThanOrEqual(0.75);
  });

  it("another order by the seed, the same each time", () => {
    const { points, labels } = data.blobs({ classes: 2 });
    const learn = (seed: number) => classical.perceptron({ shuffle: true, seed }).fit(points, labels);
    expect(learn(1).coefficients).toEqual(learn(1).coefficients);
    expect(learn(1).coefficients).not.toEqual(learn(2).coefficients);
  });
});

describe("the threshold unit", () => {
  const outputs = (weights: number[], threshold: number) =>
    classical
      .thresholdUnit(weights, threshold)
      .truthTable()
      .map(({ output }) => output);

  it("004.8: w = (6, 2, 2) with T = 5 goes only if the weather is good", () => {
    expect(outputs([6, 2, 2], 5)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(outputs([6, -8, 6], 5)[1]).toBe(1);
  });

  it("004.9: w = (2, 2, 1) with T = 3 goes only with weather and time", () => {
    expect(outputs([2, 2, 1], 3)).toEqual([0, 0, 0, 0, 0, 0, 1, 1]);
  });

  it("004.6: the threshold itself is not enough; b = −T", () => {
    const unit = classical.thresholdUnit([1, 1], 1);
    expect(numbers(unit.predict(corners))).toEqual([0, 0, 0, 1]);
    expect(unit.bias).toBe(-1);
    expect(`${unit}`).toBe("ThresholdUnit: 1 if 1 x0 + 1 x1 > 1, else 0");
  });
});

describe("logistic regression", () => {
  it("003.12: descent arrives where Newton does, and its loss is the mean cross-entropy", () => {
    const { points, labels } = data.moons({ samples: 80, noise: 0.4 });
    const model = () => classical.logisticRegression({ l2: 0.1 });
    const newton = model().fit(points, labels);
    const descent = model().fitByGradientDescent(points, labels, { lr: 2, steps: 4000 });
    descent.coefficients.forEach((weight, j) => {
      expect(weight).toBeCloseTo(newton.coefficients[j]!, 6);
    });
    expect(descent.path[0]!.loss).toBeCloseTo(Math.LN2, 12);
    expect(descent.path.at(-1)!.loss * 80).toBeCloseTo(newton.loss, 8);
  });

  it("003.14: the boundary p = ½ is a line, which moons cross", () => {
    const { points, labels } = data.moons();
    const neuron = classical.logisticRegression().fit(points, labels);
    const accuracy = metrics.accuracy(neuron.predict(points), labels);
    expect(accuracy).toBeGreaterThan(0.8);
    expect(accuracy).toBeLessThan(0.95);
    const [p = 0, a = 0, d = 0] = [neuron.probability, neuron.activation, neuron.distance].map(
      (f) => f.call(neuron, points).toTypedArray()[0]!,
    );
    expect(p).toBeCloseTo(1 / (1 + Math.exp(-a)), 5);
    expect(d).toBeCloseTo(a / Math.hypot(...neuron.coefficients), 5);
  });
});

describe("standardisation", () => {
  it("001.8: mean 0 and deviation 1, by feature; the test set by the training statistics", () => {
    const scale = classical.standardiser().fit(
      tensor([
        [1, 10, 5],
        [3, 30, 5],
      ]),
    );
    expect(scale.transform(tensor([[2, 40, 6]])).toArray()).toEqual([[0, 2, 1]]);
    expect(scale.std.toArray()).toEqual([1, 10, 0]);
    expect(scale.mean.toArray()).toEqual([2, 20, 5]);
    const { images } = data.digits({ train: 30, test: 1 }).train;
    const images01 = classical.standardiser().fit(images);
    expect(images01.transform(images).shape).toEqual(images.shape);
  });
});

describe("universal approximators (001.12)", () => {
  const t = linspace(0, 1, 101);
  const wave = t.mul(2 * Math.PI).sin();

  it("waves and polynomials trace a curve, and more of them trace it better", () => {
    const bump = t.sub(0.4).abs();
    const worst = (terms: number) => {
      const curve = classical.fourier({ terms, period: 2 }).fit(t, bump);
      return curve.predict(t).sub(bump).abs().max().item();
    };
    expect(worst(8)).toBeLessThan(worst(3) / 2);
    const exact = classical.fourier({ terms: 1 }).fit(t, wave);
    expect(exact.period).toBe(1);
    [0, 0, 1].forEach((value, k) => {
      expect(exact.coefficients[k]).toBeCloseTo(value, 6);
    });
  });

  it("Bernstein's own approximation is exact for lines and comes nearer like 1/n", () => {
    const line = classical.bernstein({ degree: 7, interval: [1, 3] }).approximate((u) => 2 * u - 1);
    expect(numbers(line.predict(tensor([1, 2.5, 3])))).toEqual([1, 4, 5]);
    const gap = (degree: number) =>
      classical
        .bernstein({ degree })
        .approximate((u) => Math.sin(2 * Math.PI * u))
        .predict(t)
        .sub(wave)
        .abs()
        .max()
        .item();
    expect(gap(80)).toBeLessThan(0.6 * gap(40));
    expect(gap(40)).toBeGreaterThan(0.02);
    const square = classical.bernstein({ degree: 10 }).approximate((u) => u * u);
    // B_n(x²) = x² + x(1 − x)/n
    expect(numbers(square.predict(tensor([0.5])))[0]).toBeCloseTo(0.275, 6);
  });

  it("outside the interval a polynomial goes astray", () => {
    const curve = classical.bernstein({ degree: 8 }).fit(t, wave);
    const error = (at: number[]) =>
      curve
        .predict(tensor(at))
        .sub(
          tensor(at)
            .mul(2 * Math.PI)
            .sin(),
        )
        .abs()
        .max()
        .item();
    expect(error([0.1, 0.5, 0.9])).toBeLessThan(0.01);
    expect(error([2])).toBeGreaterThan(5);
  });
});

describe("hand-made features (003.5)", () => {
  it("the integral image gives every rectangle's sum", () => {
    const random = new Generator(3);
    const pixels = Array.from({ length: 5 }, () => Array.from({ length: 7 }, () => random.integer(10)));
    const integral = classical.integralImage(tensor(pixels));
    for (let top = 0; top <= 5; top++)
      for (let left = 0; left <= 7; left++)
        for (let height = 0; top + height <= 5; height++)
          for (let width = 0; left + width <= 7; width++) {
            const rectangle = pixels.slice(top, top + height).map((row) => row.slice(left, left + width));
            const brute = rectangle.flat().reduce((a, b) => a + b, 0);
            expect(integral.sum(top, left, height, width)).toBe(brute);
          }
    expect(integral.table.shape).toEqual([6, 8]);
    expect(integral.table.at(5).at(7).item()).toBe(pixels.flat().reduce((a, b) => a + b));
    expect(integral.table.at(0).sum().item()).toBe(0);
  });

  it("the gradient histogram knows a vertical edge (0°) from a horizontal one (90°)", () => {
    const step = tensor(Array.from({ length: 8 }, () => [0, 0, 0, 0, 1, 1, 1, 1]));
    const upright = classical.gradientHistogram(step, { bins: 4 });
    expect(upright.shape).toEqual([1, 1, 4]);
    expect(numbers(upright)).toEqual([16 / 64, 0, 0, 0]);
    const falling = classical.gradientHistogram(step.neg(), { bins: 4 });
    expect(falling.toArray()).toEqual(upright.toArray());
    const flat = classical.gradientHistogram(step.transpose(0, 1), { bins: 4 });
    expect(numbers(flat)).toEqual([0, 0, 16 / 64, 0]);
  });

  it("HoG features make a linear rule of digits better than chance", () => {
    const { train, test } = data.digits({ train: 300, test: 100 });
    const features = classical.hog(train.images, { cell: 7 });
    expect(features.shape).toEqual([300, 324]);
    const model = classical.nearestNeighbours({ k: 3 }).fit(features, train.labels);
    const prediction = model.predict(classical.hog(test.images, { cell: 7 }));
    expect(metrics.accuracy(prediction, test.labels)).toBeGreaterThan(0.6);
  });
});

describe("neighbours and groups", () => {
  it("003.6: neighbours follow moons where a line cannot", () => {
    const { points, labels } = data.moons({ samples: 400 });
    const test = data.moons({ samples: 400, seed: 1 });
    const neighbours = classical.nearestNeighbours({ k: 5 }).fit(points, labels);
    const line = classical.logisticRegression().fit(points, labels);
    const score = (model: { predict(x: Tensor): Tensor }) =>
      metrics.accuracy(model.predict(test.points), test.labels);
    expect(score(neighbours)).toBeGreaterThan(0.97);
    expect(score(line)).toBeLessThan(0.92);
  });

  it("003.6: of equally near neighbours the first count, of equal votes the smallest class", () => {
    const model = classical.nearestNeighbours({ k: 2 }).fit(tensor([1, -1, 1, -1]), gate(2, 1, 0, 0));
    expect(numbers(model.neighbours(tensor([0])).indices)).toEqual([0, 1]);
    expect(numbers(model.predict(tensor([0])))).toEqual([1]);
    expect(model.probabilities(tensor([0])).toArray()).toEqual([[0, 0.5, 0.5]]);
  });

  it("000.7: k-means finds clouds without their labels", () => {
    const { points, labels } = data.blobs({ samples: 300, noise: 0.15 });
    const groups = classical.kMeans({ k: 3 }).fit(points);
    const found = numbers(groups.labels);
    const named = numbers(labels).map((label, i) => `${label} is ${found[i]}`);
    expect(new Set(named).size).toBe(3);
    const { inertias } = groups;
    expect(inertias.every((value, i) => i === 0 || value <= inertias[i - 1]!)).toBe(true);
    expect(groups.toString()).toMatch(/^KMeans: 300 samples in 3 groups of 100, 100, 100, inertia/);
    expect(numbers(groups.predict(points))).toEqual(found);
    expect(numbers(classical.kMeans({ k: 3 }).fit(points).centres)).toEqual(numbers(groups.centres));
  });

  it("a group that loses its samples starts anew", () => {
    const points = tensor([0, 1, 10, 11, 20, 21]);
    const start = tensor([0.5, 500, 600]);
    const groups = classical.kMeans({ k: 3, start }).fit(points);
    expect(numbers(groups.centres).sort((a, b) => a - b)).toEqual([5.5, 20, 21]);
    expect(groups.inertia).toBeCloseTo(101, 9); // as in scikit-learn
  });
});

describe("densities and latent variables", () => {
  it("003.85: a kernel density integrates to 1 and stays finite far away", () => {
    const samples = normals(new Generator(1), 200, 1).squeeze(1);
    const density = classical.kernelDensity({ bandwidth: 0.3 }).fit(samples);
    const grid = linspace(-8, 8, 1601);
    expect(density.density(grid).sum().item() * 0.01).toBeCloseTo(1, 4);
    expect(density.logDensity(tensor([1e4])).item()).toBeLessThan(-1e8);
    expect(Number.isFinite(density.logDensity(tensor([1e4])).item())).toBe(true);
  });

  it.each([
    [1, 0.001, 0.02],
    [2, 0.014, 0.03],
    [5, 0.172, 0.06],
    [10, 0.666, 0.12],
    [20, 2.169, 0.25],
  ])("003.85: of %i dimensions 1000 samples tell %f nats too little", (d, gap, tolerance) => {
    const generator = new Generator(0);
    const density = classical.kernelDensity({ bandwidth: 1000 ** (-1 / (d + 4)) });
    density.fit(normals(generator, 1000, d));
    const test = normals(generator, 300, d);
    const estimated = density.logDensity(test).mean().item();
    const actual = -0.5 * test.square().sum(1).mean().item() - (d / 2) * Math.log(2 * Math.PI);
    expect(Math.abs(actual - estimated - gap)).toBeLessThan(tolerance);
  });

  it("003.85: samples have the density's mean and its variance plus h²", () => {
    const density = classical.kernelDensity({ bandwidth: 0.5 }).fit(tensor([-1, 1]));
    const drawn = density.sample(20000, { generator: new Generator(2) });
    expect(drawn.shape).toEqual([20000]);
    expect(drawn.mean().item()).toBeCloseTo(0, 1);
    expect(drawn.var().item()).toBeCloseTo(1.25, 1);
  });

  it("003.87: probabilistic PCA finds σ² = .09 and WWᵀ again (D = 5, d = 2)", () => {
    const generator = new Generator(3);
    const n = 50000;
    const weight = normals(generator, 5, 2);
    const latent = normals(generator, n, 2);
    const x = latent.matmul(weight.transpose(0, 1)).add(normals(generator, n, 5).mul(0.3));
    const model = classical.probabilisticPCA({ components: 2 }).fit(x);
    expect(Math.abs(model.noise - 0.09)).toBeLessThan(0.001);
    const square = (w: Tensor) => w.matmul(w.transpose(0, 1));
    const size = square(weight).abs().max().item();
    const gap = (a: Tensor, b: Tensor) => square(a).sub(square(b)).abs().max().item() / size;
    expect(gap(model.weight, weight)).toBeLessThan(0.03);
    const drawn = model.sample(n, { generator });
    const again = classical.probabilisticPCA({ components: 2 }).fit(drawn);
    expect(Math.abs(again.noise - model.noise)).toBeLessThan(0.002);
    expect(gap(again.weight, model.weight)).toBeLessThan(0.03);
    const usual = model.logDensity(x).mean().item();
    expect(model.logDensity(tensor([[5, -5, 5, -5, 5]])).item()).toBeLessThan(usual - 20);
  });

  it("003.4: PCA of a class of digits: eigenimages in the shape of images, projection takes noise away", () => {
    const threes = data.digits({ train: 600, test: 1 }).train.byClass()[3]!.images;
    const eigen = classical.pca({ components: 8 }).fit(threes);
    expect(eigen.components.shape).toEqual([8, 1, 28, 28]);
    expect(eigen.mean.shape).toEqual([1, 28, 28]);
    const flat = eigen.components.reshape([8, 784]);
    const product = flat.matmul(flat.transpose(0, 1));
    numbers(product).forEach((value, i) => {
      expect(value).toBeCloseTo(i % 9 === 0 ? 1 : 0, 4);
    });
    const generator = new Generator(1);
    const noise = tensor(Float32Array.from({ length: threes.size }, () => 0.3 * generator.normal()));
    const noisy = threes.add(noise.reshape(threes.shape));
    const error = (images: Tensor) => images.sub(threes).square().mean().item();
    expect(error(eigen.reconstruct(noisy))).toBeLessThan(0.6 * error(noisy));
    expect(eigen.toString()).toMatch(/^PCA: 8 of 784 components hold \d\d(\.\d+)? % of the variance of/);
  });
});

describe("sets of samples", () => {
  it.each([
    [10, 3],
    [12, 4],
    [5, 5],
    [23, 7],
  ])("003.10: the folds of kFold(%i, %i) are disjoint, cover all, and differ by one at most", (n, k) => {
    for (const options of [{}, { shuffle: true, seed: 4 }]) {
      const folds = classical.kFold(n, k, options);
      expect(folds).toHaveLength(k);
      const all = folds.flatMap(({ validation }) => Array.from(validation));
      expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      const sizes = folds.map(({ validation }) => validation.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      for (const { train, validation } of folds) {
        expect(new Set([...train, ...validation]).size).toBe(n);
        expect(train.length + validation.length).toBe(n);
      }
    }
    expect(Array.from(classical.kFold(5, 2)[0]!.validation)).toEqual([0, 1, 2]);
  });

  it("stratified folds share out every class", () => {
    const labels = tensor(
      Array.from({ length: 40 }, (_, i) => (i < 28 ? 0 : i < 37 ? 1 : 2)),
      { dtype: "int32" },
    );
    const values = numbers(labels);
    for (const { validation } of classical.stratifiedKFold(labels, 4, { shuffle: true })) {
      const counts = [0, 0, 0];
      for (const i of validation) counts[values[i]!]!++;
      expect(counts[0]).toBe(7);
      expect([2, 3]).toContain(counts[1]);
      expect(counts[2]).toBeLessThanOrEqual(1);
      expect(validation).toHaveLength(10);
    }
  });

  it("stratified folds do not mind how the classes come in turn", () => {
    const labels = tensor(
      Array.from({ length: 40 }, (_, i) => i % 4),
      { dtype: "int32" },
    );
    for (const { validation } of classical.stratifiedKFold(labels, 4)) {
      const counts = [0, 0, 0, 0];
      for (const i of validation) counts[i % 4]!++;
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });

  it("003.26: three sets share no sample; datasets take them", () => {
    const { train, validation, test } = classical.holdOut(50, { validation: 0.3, test: 0.1 });
    expect([train, validation, test].map((set) => set.length)).toEqual([30, 15, 5]);
    expect(new Set([...train, ...validation, ...test]).size).toBe(50);
    expect(data.moons({ samples: 50 }).subset(train).size).toBe(30);
  });

  it("003.29: a bootstrap sample leaves out about e⁻¹ of all", () => {
    const { drawn, leftOut } = classical.bootstrapSample(5000);
    expect(drawn).toHaveLength(5000);
    expect(leftOut.length / 5000).toBeCloseTo(Math.exp(-1), 1);
    expect(new Set([...drawn, ...leftOut]).size).toBe(5000);
  });

  it("003.10: the bootstrap interval of an accuracy has the binomial's width", () => {
    const right = tensor(Array.from({ length: 200 }, (_, i) => i % 10 > 0));
    const interval = classical.bootstrap(right);
    expect(interval.estimate).toBeCloseTo(0.9, 12);
    expect(interval.standardError).toBeCloseTo(Math.sqrt((0.9 * 0.1) / 200), 2);
    expect(interval.low).toBeGreaterThan(0.83);
    expect(interval.high).toBeLessThan(0.96);
    expect(`${interval}`).toMatch(/^Bootstrap: 0\.9, 95 % interval 0\.8\d* to 0\.9\d* \(1,000 draws\)$/);
    expect(classical.bootstrap(right).draws).toEqual(interval.draws);
  });

  it("003.29: the jackknife of a mean has no bias, and its standard error s/√n", () => {
    const { estimate, bias, standardError } = classical.jackknife([2, 4, 4, 7]);
    expect(estimate).toBe(4.25);
    expect(bias).toBeCloseTo(0, 12);
    expect(standardError).toBeCloseTo(Math.sqrt((2.25 ** 2 + 2 * 0.25 ** 2 + 2.75 ** 2) / 3 / 4), 12);
  });

  it("001.14: the majority class is the score to beat", () => {
    const baseline = classical.majority().fit(tensor([2, 0, 2, 1, 2, 0], { dtype: "int32" }));
    expect([baseline.label, baseline.share]).toEqual([2, 0.5]);
    expect(numbers(baseline.predict(corners))).toEqual([2, 2, 2, 2]);
    expect(`${baseline}`).toBe("Majority: class 2, 50 % of 6 samples");
  });
});
