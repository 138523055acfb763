/** Lecture 003, "Deep Learning for Computer Vision", parts I, II and V: its formulas and numbers, item by item. */
import { describe, expect, it } from "vitest";
import {
  adaptiveAvgPool2d,
  avgPool2d,
  classical,
  concat,
  conv2d,
  convTranspose2d,
  data,
  grad,
  inspection,
  linalg,
  linspace,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  metrics,
  minPool2d,
  models,
  nn,
  noGrad,
  ones,
  optim,
  rand,
  randn,
  seed,
  type Tensor,
  tensor,
  zeros,
} from "../../../engine/index.ts";
import { expectClose, fill, image, itReadsEveryNumberOf, rows, workedExamples } from "./worked.ts";

const worked = workedExamples("003");
const labelled = (...labels: number[]) => tensor(labels, { dtype: "int32" });

describe("Part I: learning", () => {
  it("003.4: PCA of one class of digits describes how it varies, and a projection on it takes noise away", () => {
    seed(1);
    const threes = data.digits({ train: 600, test: 1 }).train.byClass()[3]!.images;
    const eigen = classical.pca({ components: 8 }).fit(threes);
    expect(eigen.components.shape).toEqual([8, 1, 28, 28]);
    expect(eigen.mean.shape).toEqual([1, 28, 28]);
    const flat = eigen.components.reshape([8, 784]);
    expectClose(
      flat.matmul(flat.T),
      Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0)),
      1e-4,
    );
    const noisy = threes.add(randn(threes.shape).mul(0.3));
    const error = (images: Tensor) => images.sub(threes).square().mean().item();
    expect(error(eigen.reconstruct(noisy))).toBeLessThan(0.6 * error(noisy));
    expect(eigen.toString()).toMatch(/^PCA: 8 of 784 components hold \d\d(\.\d+)? % of the variance of/);
  });

  it("003.5: the integral image gives every rectangle's sum from four corners", () => {
    seed(2);
    const pixels = rand([5, 7]).mul(10).floor();
    const integral = classical.integralImage(pixels);
    for (let top = 0; top <= 5; top++)
      for (let left = 0; left <= 7; left++)
        for (let height = 0; top + height <= 5; height++)
          for (let width = 0; left + width <= 7; width++) {
            const rectangle = pixels.slice([
              [top, top + height],
              [left, left + width],
            ]);
            expect(integral.sum(top, left, height, width)).toBe(rectangle.sum().item());
          }
    expect(integral.table.shape).toEqual([6, 8]);
    expect(integral.table.at(5, 7).item()).toBe(pixels.sum().item());
    expect(integral.table.at(0).sum().item()).toBe(0);
  });

  it("003.5: the gradient histogram knows a vertical edge (0°) from a horizontal one (90°)", () => {
    const step = tensor(Array.from({ length: 8 }, () => [0, 0, 0, 0, 1, 1, 1, 1]));
    const upright = classical.gradientHistogram(step, { bins: 4 });
    expect(upright.toArray()).toEqual([[[16 / 64, 0, 0, 0]]]);
    expect(classical.gradientHistogram(step.neg(), { bins: 4 }).toArray()).toEqual(upright.toArray());
    expect(classical.gradientHistogram(step.T, { bins: 4 }).toArray()).toEqual([[[0, 0, 16 / 64, 0]]]);
  });

  it("003.5: HoG features make a simple rule of digits better than chance", () => {
    const { train, test } = data.digits({ train: 300, test: 100 });
    const features = classical.hog(train.images, { cell: 7 });
    expect(features.shape).toEqual([300, 324]);
    const model = classical.nearestNeighbours({ k: 3 }).fit(features, train.labels);
    const prediction = model.predict(classical.hog(test.images, { cell: 7 }));
    expect(metrics.accuracy(prediction, test.labels)).toBeGreaterThan(0.6);
  });

  it("003.6: neighbours follow moons where a line cannot", () => {
    const { points, labels } = data.moons({ samples: 400 });
    const test = data.moons({ samples: 400, seed: 1 });
    const score = (model: { predict(x: Tensor): Tensor }) =>
      metrics.accuracy(model.predict(test.points), test.labels);
    expect(score(classical.nearestNeighbours({ k: 5 }).fit(points, labels))).toBeGreaterThan(0.97);
    expect(score(classical.logisticRegression().fit(points, labels))).toBeLessThan(0.92);
  });

  it("003.6: of equally near neighbours the first count, of equal votes the smallest class", () => {
    const model = classical.nearestNeighbours({ k: 2 }).fit(tensor([1, -1, 1, -1]), labelled(2, 1, 0, 0));
    expect(model.neighbours(tensor([0])).indices.toArray()).toEqual([[0, 1]]);
    expect(model.predict(tensor([0])).toArray()).toEqual([1]);
    expect(model.probabilities(tensor([0])).toArray()).toEqual([[0, 0.5, 0.5]]);
  });

  it("003.7: θ* is where the loss over the data is least", () => {
    const [x, y] = [tensor([1, 2, 4]), tensor([3, 5, 13])];
    const loss = (theta: number) => nn.sse(x.mul(theta), y).item();
    const best = x.dot(y).item() / x.dot(x).item();
    for (const theta of [best - 0.1, best + 0.1]) expect(loss(theta)).toBeGreaterThan(loss(best));
    expectClose(grad((theta: Tensor) => nn.sse(x.mul(theta), y))(best), 0);
  });

  it("003.8: ‖y − f‖ₚ for p = 1, 2; the cost of classes is −Σ log f_k 1(y = k): the lecture has lost the minus", () => {
    const [y, f] = [tensor([[1, 2]]), tensor([[4, -2]])];
    expect(nn.pNorm(f, y, { p: 1 }).item()).toBe(7);
    expect(nn.pNorm(f, y).item()).toBe(5);
    expect(nn.mse(f, y).item()).toBe(12.5); // the square, and its mean over the outputs
    const cost = (p: number) => nn.nll(tensor([[p, 1 - p]]).log(), labelled(0)).item();
    expectClose(cost(0.7), -Math.log(0.7));
    expect(cost(0.9)).toBeLessThan(cost(0.7));
  });

  it("003.8: an outlier drags the least squares along, not the least absolute error", () => {
    const places = linspace(0, 9, 10);
    const values = places
      .mul(2)
      .add(1)
      .add(tensor([0, 0, 0, 0, 0, 0, 0, 0, 40, 0]));
    expect(classical.linearRegression().fit(places, values).coefficients[0]).toBeGreaterThan(3);
    const absolute = classical.linearRegression().fitLeastAbsolute(places, values);
    expectClose([absolute.coefficients[0]!, absolute.bias], [2, 1], 1e-9);
    const exact = classical.linearRegression().fitLeastAbsolute(tensor([0, 1, 2, 3]), tensor([1, 2, 3, 4]));
    expectClose([exact.coefficients[0]!, exact.bias], [1, 1], 1e-9);
  });

  it("003.9: MSE, MAE, and Cerr = 1 − trace/T of the confusion matrix; classes by argmax", () => {
    expect(metrics.mse(tensor([1, 4]), tensor([2, 1]))).toBe((1 + 9) / 2);
    expect(metrics.mae(tensor([1, 4]), tensor([2, 1]))).toBe((1 + 3) / 2);
    const scores = tensor([
      [3, 1, 0],
      [0, 2, 1],
      [0, 1, 5],
      [4, 1, 0],
    ]);
    const labels = [0, 1, 1, 0];
    expect(metrics.classificationError(scores, labels)).toBe(0.25);
    expect(metrics.classificationError(scores.argmax(1), labels)).toBe(0.25);
    const matrix = metrics.confusionMatrix(scores, labels);
    const trace = matrix.counts.reduce((sum, row, i) => sum + row[i]!, 0);
    expect(1 - trace / matrix.total).toBe(0.25);
  });

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

  it("003.10: Dice is 1 − 2 |A ∩ B| / (|A| + |B|): missing a small object costs it nearly all, cross-entropy little", () => {
    const object = zeros([1, 100]).sliceScatter([null, [0, 2]], ones([1, 2]));
    const blind = zeros([1, 100]).add(1e-3);
    expect(nn.dice(tensor([[1, 1, 0, 0]]), tensor([[1, 0, 0, 0]])).item()).toBeCloseTo(1 - 2 / 3, 5);
    expect(nn.dice(blind, object).item()).toBeGreaterThan(0.95);
    expect(nn.bce(blind, object).item()).toBeLessThan(0.2);
  });

  it("003.11: gradient descent arrives where the normal equations do, its loss falling at every step", () => {
    const [x, y] = [tensor([0, 1, 2, 3]), tensor([1, 3, 5, 6])];
    const line = classical.linearRegression().fitByGradientDescent(x, y, { steps: 2000 });
    expectClose([line.coefficients[0]!, line.bias], [1.7, 1.2], 1e-9);
    expect(line.path).toHaveLength(2001);
    expect(line.path[0]).toEqual({ weight: [0], bias: 0, loss: (1 + 9 + 25 + 36) / 4 });
    const losses = line.path.slice(0, 100).map(({ loss }) => loss);
    expect(losses.every((loss, i) => i === 0 || loss < losses[i - 1]!)).toBe(true);
  });

  it("003.12: p = σ(θᵀx) and −y log f − (1 − y) log(1 − f), from the logit max(a, 0) − a y + log(1 + e^−|a|)", () => {
    // The lecture's index k on f is a slip.
    for (const [a, y] of [
      [1.3, 1],
      [-0.4, 0],
      [2, 0],
    ] as const) {
      const f = 1 / (1 + Math.exp(-a));
      const expected = -y * Math.log(f) - (1 - y) * Math.log(1 - f);
      expectClose(nn.bceWithLogits(tensor([a]), tensor([y])), expected);
      expectClose(Math.max(a, 0) - a * y + Math.log1p(Math.exp(-Math.abs(a))), expected);
    }
  });

  it("003.12: descent arrives where Newton does, and its loss is the mean cross-entropy", () => {
    const { points, labels } = data.moons({ samples: 80, noise: 0.4 });
    const model = () => classical.logisticRegression({ l2: 0.1 });
    const newton = model().fit(points, labels);
    const descent = model().fitByGradientDescent(points, labels, { lr: 2, steps: 4000 });
    expectClose(descent.coefficients, newton.coefficients, 1e-6);
    expect(descent.path[0]!.loss).toBeCloseTo(Math.LN2, 12);
    expect(descent.path.at(-1)!.loss * 80).toBeCloseTo(newton.loss, 8);
  });

  it("003.13: a = W x + b has d + 1 parameters; tanh(a)/2 + ½ = σ(2a)", () => {
    expect(nn.linear(7, 1).parameterCount).toBe(8);
    const a = linspace(-4, 4, 9);
    expectClose(a.tanh().div(2).add(0.5), a.mul(2).sigmoid().toArray());
  });

  it("003.14: the boundary p = ½ is a line, which moons cross", () => {
    const { points, labels } = data.moons();
    const neuron = classical.logisticRegression().fit(points, labels);
    const accuracy = metrics.accuracy(neuron.predict(points), labels);
    expect(accuracy).toBeGreaterThan(0.8);
    expect(accuracy).toBeLessThan(0.95);
    const activation = neuron.activation(points);
    expectClose(neuron.probability(points), activation.sigmoid().toArray());
    expectClose(neuron.distance(points), activation.div(Math.hypot(...neuron.coefficients)).toArray());
  });

  it("003.15: f = σ(W₂ σ(W₁ x + b₁) + b₂), W₁ of d₁ × d and W₂ of 1 × d₁", () => {
    seed(3);
    const [first, second] = [nn.linear(4, 6), nn.linear(6, 1)];
    expect([first.weight.shape, second.weight.shape]).toEqual([
      [6, 4],
      [1, 6],
    ]);
    const x = randn([5, 4]);
    const h = x.matmul(first.weight.T).add(first.bias!).sigmoid();
    const f = h.matmul(second.weight.T).add(second.bias!).sigmoid();
    expectClose(nn.sequential(first, nn.sigmoid(), second, nn.sigmoid())(x), f.toArray());
  });

  it("003.16: a width below the input's is a bottleneck: what comes through has no more dimensions than it", () => {
    seed(4);
    const rank = (width: number) => {
      const [inwards, outwards] = [nn.linear(6, width), nn.linear(width, 6)];
      return linalg.svd(outwards.weight.matmul(inwards.weight)).s.greater(1e-5).to("float32").sum().item();
    };
    expect([2, 6, 20].map(rank)).toEqual([2, 6, 6]);
  });

  it("003.17: h_l = σ(W_l h_{l−1} + b_l), h₀ = x and h_L = f, where the slide has h_l: a composition", () => {
    seed(5);
    const layers = [nn.linear(3, 5), nn.linear(5, 4), nn.linear(4, 1)];
    const x = randn([2, 3]);
    const f = layers.reduce((h, { weight, bias }) => h.matmul(weight.T).add(bias!).sigmoid(), x);
    expectClose(nn.sequential(...layers.flatMap((layer) => [layer, nn.sigmoid()]))(x), f.toArray());
  });

  it("003.18: without a hidden layer a network is logistic regression", () => {
    const { points, labels } = data.moons({ samples: 50 });
    const classic = classical.logisticRegression({ l2: 0.01 }).fit(points, labels);
    const network = nn.sequential(nn.linear(2, 1), nn.sigmoid());
    fill(network, [classic.coefficients], [classic.bias]);
    expectClose(network(points), classic.probability(points).toArray());
  });

  it("003.20: Σ σ(x − i + ½), units with shared weights, comes close to softplus, and that to ReLU", () => {
    const x = tensor([-2, 0, 1, 5]);
    const steps = linspace(1, 1000, 1000).sub(0.5);
    expectClose(x.unsqueeze(1).sub(steps).sigmoid().sum(1), [0.1226, 0.6826, 1.305, 5.0064], 5e-5);
    expectClose(x.softplus(), [0.1269, Math.LN2, 1.3133, 5.0067], 5e-5);
    expectClose(nn.elu()(x), [Math.exp(-2) - 1, 0, 1, 5]); // the lecture's ELU has α = 1
  });

  it("003.21: σ(W_L φ(x) + b_L): on frozen features only the last layer learns", () => {
    seed(6);
    const { points, labels } = data.moons({ samples: 100 });
    const features = nn.sequential(nn.linear(2, 16), nn.tanh());
    const last = nn.linear(16, 2);
    const before = features.parameters().map((own) => own.toArray());
    const optimizer = optim.adam(last.parameters(), { lr: 0.05 });
    const loss = () => nn.crossEntropy(last(features(points)), labels);
    const first = loss().item();
    for (let step = 0; step < 50; step++) {
      loss().backward();
      optimizer.step();
    }
    expect(loss().item()).toBeLessThan(first / 2);
    expect(features.parameters().map((own) => own.toArray())).toEqual(before);
  });

  it("003.22: with σ(a) = V a + c any depth is one affine map Ŵ x + b̂", () => {
    seed(7);
    const model = nn.sequential(nn.linear(3, 4), nn.linear(4, 4), nn.linear(4, 5), nn.linear(5, 2));
    const b = model(zeros([1, 3]));
    const W = concat(
      [0, 1, 2].map((i) => model(zeros([1, 3]).sliceScatter([null, [i, i + 1]], ones([1, 1]))).sub(b)),
      0,
    );
    const x = randn([4, 3]);
    expectClose(model(x), x.matmul(W).add(b).toArray());
  });

  it("003.23: of two classes p = σ(a); of K exclusive ones softmax, not multi-label as printed: there K sigmoids", () => {
    const a = tensor([0.3, -1.2, 2]);
    expectClose(
      concat([zeros([3, 1]), a.unsqueeze(1)], 1)
        .softmax(1)
        .select(1, 1),
      a.sigmoid().toArray(),
    );
    expectClose(a.softmax(0).sum(), 1);
    expect(a.sigmoid().sum().item()).toBeGreaterThan(1.5);
  });

  it("003.24: a regression network gives M numbers of any size: no activation at the end", () => {
    seed(8);
    const model = models.mlp([3, 8, 2]);
    const y = model(randn([100, 3]).mul(50));
    expect(y.shape).toEqual([100, 2]);
    expect([y.min().item() < -1, y.max().item() > 1]).toEqual([true, true]);
  });

  it("003.25: a sine learned on [−2, 2] is wrong outside it by five times as much and more", () => {
    seed(9);
    const model = models.mlp([1, 20, 1], { activation: "tanh" });
    const optimizer = optim.adam(model.parameters(), { lr: 0.02 });
    const sine = (x: Tensor) => x.mul(2).sin();
    const x = linspace(-2, 2, 64).unsqueeze(1);
    for (let step = 0; step < 800; step++) {
      nn.mse(model(x), sine(x)).backward();
      optimizer.step();
    }
    const error = (at: Tensor) => noGrad(() => Math.sqrt(nn.mse(model(at), sine(at)).item()));
    expect(error(linspace(-1.9, 1.9, 31).unsqueeze(1))).toBeLessThan(0.1);
    expect(error(linspace(2, 6, 31).unsqueeze(1))).toBeGreaterThan(5 * error(x));
  });

  it("003.26, 003.28: three sets share no sample; data sets take them", () => {
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

  it("003.29: the jackknife of a mean has no bias, and its standard error s/√n", () => {
    const { estimate, bias, standardError } = classical.jackknife([2, 4, 4, 7]);
    expect(estimate).toBe(4.25);
    expect(bias).toBeCloseTo(0, 12);
    expect(standardError).toBeCloseTo(Math.sqrt((2.25 ** 2 + 2 * 0.25 ** 2 + 2.75 ** 2) / 3 / 4), 12);
  });
});

describe("Part I: training", () => {
  it("003.30: costs of classes from the scores are finite at ±800, where the naive ones are not; near 0 they agree", () => {
    const naive = (a: number, y: number) => {
      const f = 1 / (1 + Math.exp(-a));
      return -y * Math.log(f) - (1 - y) * Math.log(1 - f);
    };
    expect(naive(-800, 1)).toBe(Number.POSITIVE_INFINITY);
    expect(nn.bceWithLogits(tensor([-800, 800]), tensor([1, 0]), { reduction: "none" }).toArray()).toEqual([
      800, 800,
    ]);
    for (const a of [-3, 3])
      for (const y of [0, 1]) expectClose(nn.bceWithLogits(tensor([a]), tensor([y])), naive(a, y));
    const scores = tensor([
      [1, 2, 0],
      [0, -1, 1],
    ]);
    const terms = scores.softmax(1).log();
    const sum = -(terms.at(0, 1).item() + terms.at(1, 2).item());
    expectClose(nn.crossEntropy(scores, labelled(1, 2), { reduction: "sum" }), sum);
  });

  it("003.31: the means over samples add up the outputs; gradients 2 r and sign r", () => {
    const prediction = tensor(
      [
        [1, 2],
        [3, 5],
      ],
      { requiresGrad: true },
    );
    const target = tensor([
      [0, 4],
      [3, 1],
    ]);
    nn.sse(prediction, target).backward();
    expect(prediction.grad!.toArray()).toEqual([
      [2, -4],
      [0, 8],
    ]);
    nn.pNorm(prediction, target, { p: 1, reduction: "sum" }).backward();
    expect(prediction.grad!.toArray()).toEqual([
      [1, -1],
      [0, 1],
    ]);
    expect(nn.sse(prediction, target).item()).toBe(21);
    expect(nn.sse(prediction, target, { reduction: "mean" }).item()).toBe(10.5);
    expect(nn.pNorm(prediction, target, { p: 1 }).item()).toBe(3.5);
    // PyTorch's mean goes over the outputs too.
    expect(nn.mse(prediction, target).item()).toBe(5.25);
    expect(nn.mae(prediction, target).item()).toBe(1.75);
  });

  it("003.32: θᵢ ← θᵢ − η ∂L/∂θᵢ: below and above 2/10 on ½ · 10 θ² it converges and diverges", () => {
    const descend = (lr: number, steps: number) => {
      const theta = nn.parameter(tensor(1));
      const optimizer = optim.sgd([theta], { lr });
      for (let step = 0; step < steps; step++) {
        theta.square().mul(5).backward();
        optimizer.step();
      }
      return theta.item();
    };
    expectClose(descend(0.05, 1), 1 - 0.05 * 10);
    expect(Math.abs(descend(0.19, 100))).toBeLessThan(1e-3);
    expect(Math.abs(descend(0.21, 100))).toBeGreaterThan(1e3);
  });

  it("003.33, 003.34: ∂L/∂w = δ_{l,i} f_{l−1,j} by δ_l = (Σ δ_{l+1,k} w_{ki}) σ′(a_l), as columns Wᵀ δ or rows δ W", () => {
    // The slide's middle term misses the factor ∂a/∂w.
    seed(10);
    const [first, second] = [nn.linear(2, 2), nn.linear(2, 1)];
    const x = tensor([[0.4, -0.9]]);
    const f1 = first(x).sigmoid();
    const f2 = second(f1).sigmoid();
    nn.sse(f2, tensor([[1]])).backward();
    const slope = (f: Tensor) => f.mul(f.neg().add(1));
    const delta2 = f2.sub(1).mul(2).mul(slope(f2)); // [1, 1]: rows
    const delta1 = delta2.matmul(second.weight).mul(slope(f1));
    expectClose(second.bias!.grad!, delta2.toArray());
    expectClose(second.weight.grad!, delta2.T.matmul(f1).toArray());
    expectClose(first.weight.grad!, delta1.T.matmul(x).toArray());
    expectClose(first.weight.grad!.at(1, 0), delta1.at(0, 1).item() * 0.4);
    expectClose(second.weight.T.matmul(delta2.T).T.mul(slope(f1)), delta1.toArray());
    // diag(σ′(a)) is the elementwise product.
    expectClose(delta2.matmul(second.weight).matmul(slope(f1).squeeze(0).diag()), delta1.toArray());
  });

  it("003.35: a batch's sum times N/|B| is the full gradient on average", () => {
    seed(11);
    const model = nn.linear(2, 1);
    const [x, y] = [randn([12, 2]), randn([12, 1])];
    const gradient = (from: number, size: number) => {
      nn.sse(model(x.narrow(0, from, size)), y.narrow(0, from, size)).backward();
      return model.weight.grad!.detach();
    };
    const estimates = [0, 3, 6, 9].map((from) => gradient(from, 3).mul(12 / 3));
    const mean = estimates.reduce((a, b) => a.add(b)).div(4);
    expectClose(mean, gradient(0, 12).toArray());
  });

  it("003.36: on θ² the lecture's momentum goes .98, .9424, .889712, the classical .8, .46, .062; it is that one with η/(1 − α)", () => {
    const { f, theta0, eta, alpha, seed_form, classical: path } = worked["003.momentum"];
    const losses: Record<string, (theta: Tensor) => Tensor> = { "theta^2": (theta) => theta.square() };
    const descend = (make: typeof optim.sgd | typeof optim.averagedMomentum, lr: number) => {
      const theta = nn.parameter(tensor(theta0));
      const optimizer = make([theta], { lr, momentum: alpha });
      return [1, 2, 3].map(() => {
        losses[f]!(theta).backward();
        optimizer.step();
        return theta.item();
      });
    };
    expectClose(descend(optim.averagedMomentum, eta), seed_form, 1e-6);
    expectClose(descend(optim.sgd, eta), path, 1e-6);
    expectClose(descend(optim.averagedMomentum, eta / (1 - alpha)), path, 1e-6);
    expectClose([...seed_form, ...path], [0.98, 0.9424, 0.889712, 0.8, 0.46, 0.062], 1e-9);
  });

  it("003.37: from equal weights all units of a layer stay equal for ever", () => {
    const model = models.mlp([2, 4, 1], { activation: "tanh" });
    for (const own of model.parameters()) nn.init.constant(own, own.ndim === 1 ? 0 : 0.3);
    const optimizer = optim.adam(model.parameters(), { lr: 0.05 });
    const { points, labels } = data.moons({ samples: 40 });
    for (let step = 0; step < 30; step++) {
      nn.bceWithLogits(model(points), labels.to("float32").unsqueeze(1)).backward();
      optimizer.step();
    }
    const weight = model.parameters()[0]!;
    expect(weight.at(0).toArray()).not.toEqual([expect.closeTo(0.3), expect.closeTo(0.3)]);
    for (const unit of [1, 2, 3]) expect(weight.at(unit).toArray()).toEqual(weight.at(0).toArray());
  });
});

describe("Part II: networks for images", () => {
  it("003.40: 64 × 64 pixels into 128 units: 524,288 weights (524,416 with the biases, which the lecture leaves out)", () => {
    const layer = nn.linear(64 * 64, 128);
    expect([layer.weight.size, layer.parameterCount]).toEqual([524_288, 524_416]);
  });

  it("003.41: a = Σ x(i − p, j − q) w(p, q), a true convolution: the engine's with flip", () => {
    seed(12);
    const [x, w] = [randn([5, 6]), randn([2, 3])];
    const value = (i: number, j: number) => {
      let sum = 0;
      for (let p = 0; p < 2; p++)
        for (let q = 0; q < 3; q++) sum += x.at(i - p, j - q).item() * w.at(p, q).item();
      return sum;
    };
    const y = conv2d(x.reshape([1, 1, 5, 6]), w.reshape([1, 1, 2, 3]), null, { flip: true });
    // The first whole window ends at row 1 and column 2.
    const expected = [1, 2, 3, 4].map((i) => [2, 3, 4, 5].map((j) => value(i, j)));
    expectClose(y, expected);
  });

  it("003.42: neurons become channels, numbers images: of images of one pixel a convolution is the full layer", () => {
    seed(13);
    const [full, conv] = [nn.linear(4, 3), nn.conv2d(4, 3, 1)];
    fill(conv, full.weight.reshape([3, 4, 1, 1]).toArray(), full.bias!.toArray());
    const h = randn([5, 4]);
    expectClose(conv(h.reshape([5, 4, 1, 1])), full(h).toArray());
  });

  it("003.43: 64 × 64 into 128 maps by 5 × 5 kernels: 3,200 weights for 524,288, and a larger layer", () => {
    const layer = nn.conv2d(1, 128, 5);
    expect(layer.weight.size).toBe(3200);
    expect(layer(zeros([1, 1, 64, 64])).shape).toEqual([1, 128, 60, 60]);
  });

  it("003.44: one unit of a full layer depends on every pixel, of a convolution on its 3 × 3", () => {
    const seen = (model: nn.Module, unit: (y: Tensor) => Tensor) => {
      const x = zeros([1, 1, 8, 8], { requiresGrad: true });
      unit(model(x)).sum().backward();
      return x.grad!.notEqual(0).nonzero().toArray() as number[][];
    };
    expect(seen(nn.sequential(nn.flatten(), nn.linear(64, 5)), (y) => y.at(0, 2))).toHaveLength(64);
    const local = seen(nn.conv2d(1, 1, 3), (y) => y.at(0, 0, 2, 4));
    expect(local.map(([, , row]) => row)).toEqual([2, 2, 2, 3, 3, 3, 4, 4, 4]);
    expect(local.map(([, , , column]) => column)).toEqual([4, 5, 6, 4, 5, 6, 4, 5, 6]);
  });

  it("003.45: valid M − k + 1, same M; of a kernel with its origin in the corner the lost pixels are top and left", () => {
    const x = zeros([1, 1, 9, 12]);
    expect(nn.conv2d(1, 1, [3, 5])(x).shape).toEqual([1, 1, 7, 8]);
    expect(nn.conv2d(1, 1, [3, 5], { padding: "same" })(x).shape).toEqual([1, 1, 9, 12]);
    // y(i) = Σ x(i − p) w(p): of w = (0, 0, 1) the first place is 2; "bottom and right" holds for x(i + p).
    const line = tensor([10, 20, 30, 40]).reshape([1, 1, 1, 4]);
    const last = tensor([0, 0, 1]).reshape([1, 1, 1, 3]);
    expect(conv2d(line, last, null, { flip: true }).flatten().toArray()).toEqual([10, 20]);
    expect(conv2d(line, last).flatten().toArray()).toEqual([30, 40]);
  });

  it("003.46: one, two, three 3 × 3 convolutions see 3, 5, 7 pixels", () => {
    const stack = nn.sequential(nn.conv2d(1, 1, 3), nn.conv2d(1, 1, 3), nn.conv2d(1, 1, 3));
    expect(inspection.receptiveField(stack, [1, 9, 9]).layers.map(({ size }) => size[0])).toEqual([3, 5, 7]);
  });

  it("003.47: of a shifted image a full layer makes other activations, a convolution the same ones elsewhere", () => {
    seed(14);
    const x = zeros([1, 1, 8, 8]).sliceScatter([null, null, [2, 5], [2, 5]], rand([1, 1, 3, 3]));
    const shifted = x.roll([1], [3]);
    const sorted = (y: Tensor) => y.flatten().sort().values.toArray() as number[];
    const full = nn.sequential(nn.flatten(), nn.linear(64, 9));
    const conv = nn.conv2d(1, 1, 3);
    expect(full(shifted).allClose(full(x))).toBe(false);
    expectClose(sorted(conv(shifted)), sorted(conv(x)));
  });

  it("003.49: 5 × 5 kernels without padding take 4 each: from 65 to 1 in 16 layers, from 64 15 layers leave 4", () => {
    const left = (size: number, layers: number) => {
      const stack = nn.sequential(...Array.from({ length: layers }, () => nn.conv2d(1, 1, 5)));
      return stack(zeros([1, 1, size, size])).shape[2];
    };
    expect([left(65, 16), left(64, 15)]).toEqual([1, 4]);
    expect(() => left(64, 16)).toThrow(/kernel 5 does not fit an input of height 4/);
  });

  it("003.50: ⌊(M − k)/s⌋ + 1: 5, 3, 2, 2 of 7 at strides 1 to 4; a grating of one pixel is lost at stride 2", () => {
    const x = zeros([1, 1, 7, 7]);
    expect([1, 2, 3, 4].map((stride) => nn.conv2d(1, 1, 3, { stride })(x).shape[2])).toEqual([5, 3, 2, 2]);
    const grating = image(Array.from({ length: 6 }, () => [1, 0, 1, 0, 1, 0]));
    const strided = conv2d(grating, ones([1, 1, 1, 1]), null, { stride: 2 });
    expect(strided.unique().values.toArray()).toEqual([1]);
  });

  it("003.51: the average is linear, the largest and the smallest are not", () => {
    seed(15);
    const [a, b] = [randn([1, 1, 6, 6]), randn([1, 1, 6, 6])];
    const additive = (pool: (x: Tensor) => Tensor) =>
      pool(a.add(b)).allClose(pool(a).add(pool(b)), { atol: 1e-5 });
    const pools = [avgPool2d, maxPool2d, minPool2d].map((pool) => additive((x) => pool(x, 2)));
    expect(pools).toEqual([true, false, false]);
  });

  it("003.52: maxima change less than the image does when it shifts, but change; the stride is the kernel's size unless told", () => {
    const { images } = data.digits({ train: 50, test: 1 }).train;
    const changed = (f: (x: Tensor) => Tensor) =>
      f(images.roll([1], [3]))
        .sub(f(images))
        .abs()
        .greater(0.1)
        .to("float32")
        .mean()
        .item();
    const pooled = changed((x) => maxPool2d(x, 7));
    expect(pooled).toBeGreaterThan(0);
    const relative = (f: (x: Tensor) => Tensor) =>
      f(images.roll([1], [3]))
        .sub(f(images))
        .norm()
        .item() / f(images).norm().item();
    expect(relative((x) => maxPool2d(x, 7))).toBeLessThan(0.7 * relative((x) => x));
    expect(nn.maxPool2d(3)(zeros([1, 1, 9, 9])).shape).toEqual([1, 1, 3, 3]);
  });

  it("003.53: 2 × 2 halves each side", () => {
    expect(nn.maxPool2d(2)(zeros([1, 5, 16, 24])).shape).toEqual([1, 5, 8, 12]);
  });

  it("003.54: a_L = W h + b, softmax, L = −Σ log f_k 1(y = k)", () => {
    seed(16);
    const model = nn.sequential(
      nn.conv2d(1, 4, 3),
      nn.relu(),
      nn.maxPool2d(2),
      nn.flatten(),
      nn.linear(36, 3),
    );
    const [x, y] = [rand([2, 1, 8, 8]), labelled(2, 0)];
    const f = model(x).softmax(1);
    expect(f.shape).toEqual([2, 3]);
    const loss = -Math.log(f.at(0, 2).item()) - Math.log(f.at(1, 0).item());
    expectClose(nn.crossEntropy(model(x), y, { reduction: "sum" }), loss);
  });

  it("003.60: two 3 × 3 kernels see what a 5 × 5 does, by 18 weights for 25", () => {
    const [two, one] = [
      nn.sequential(nn.conv2d(1, 1, 3, { bias: false }), nn.conv2d(1, 1, 3, { bias: false })),
      nn.conv2d(1, 1, 5, { bias: false }),
    ];
    expect([two.parameterCount, one.parameterCount]).toEqual([18, 25]);
    expect(two(zeros([1, 1, 9, 9])).shape).toEqual(one(zeros([1, 1, 9, 9])).shape);
  });

  it("003.62: h_l = f_l(h_{l−1}) + h_{l−1}: the identity is f = 0, and the gradient passes beside f", () => {
    const body = nn.linear(4, 4);
    for (const own of body.parameters()) nn.init.zeros(own);
    const x = randn([3, 4], { requiresGrad: true });
    const y = nn.sequential(...Array.from({ length: 50 }, () => nn.residual(body)))(x);
    expect(y.toArray()).toEqual(x.toArray());
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual(ones([3, 4]).toArray());
  });

  it("003.64: 10-20-30-10 has 1160 parameters and 10-20-30-10-1 1171; the lecture's sum of 1170 is neither", () => {
    expect(models.mlp([10, 20, 30, 10]).parameterCount).toBe(1160);
    expect(models.mlp([10, 20, 30, 10, 1]).parameterCount).toBe(1171);
    expect(10 * 20 + 20 + 20 * 30 + 30 + 30 * 10 + 10 + 10).toBe(1171 - 1);
  });

  it("003.65: a network of many parameters learns random labels by heart: perfect on training, chance on validation", () => {
    seed(17);
    const [x, other] = [randn([40, 8]), randn([200, 8])];
    const labels = (n: number) => rand([n]).greater(0.5).to("int32");
    const [y, otherLabels] = [labels(40), labels(200)];
    const model = models.mlp([8, 64, 2]);
    const optimizer = optim.adam(model.parameters(), { lr: 0.01 });
    for (let step = 0; step < 400; step++) {
      nn.crossEntropy(model(x), y).backward();
      optimizer.step();
    }
    expect(noGrad(() => metrics.accuracy(model(x), y))).toBe(1);
    expect(noGrad(() => metrics.accuracy(model(other), otherLabels))).toBeLessThan(0.65);
  });

  it("003.66: L2 is ½ Σ θ² and L1 Σ |θ| (no ½), of weights and not of biases; L1′ is 0 at 0", () => {
    const layer = nn.linear(2, 1);
    fill(layer, [[-3, -3]], [7]);
    expect(nn.l2Penalty(layer).item()).toBe(9);
    expect(nn.l1Penalty(layer).item()).toBe(6);
    expect(nn.l2Penalty(layer.parameters()).item()).toBe(9 + 24.5);
    const theta = nn.parameter(tensor([0, -2]));
    nn.l1Penalty([theta]).backward();
    expect(theta.grad!.toArray()).toEqual([0, -1]);
    nn.l2Penalty([theta]).backward();
    expect(theta.grad!.toArray()).toEqual([0, -2]);
  });

  it("003.67: dropout keeps .8 of the units: the mean of ones is 1.00 with 1/.8, .80 without; at test all are on", () => {
    // The lecture does not say how it is scaled.
    seed(18);
    const layer = nn.dropout(0.2);
    const y = layer(ones([200_000]));
    expect(Math.abs(y.mean().item() - 1)).toBeLessThan(0.006);
    expect(Math.abs(y.mul(0.8).mean().item() - 0.8)).toBeLessThan(0.005);
    expect(y.unique().values.toArray()).toEqual([0, 1.25]);
    const x = randn([5]);
    expect(layer.eval()(x).toArray()).toEqual(x.toArray());
  });

  it("003.68: λ₁ L₁ + λ₂ L₂, and the gradient so too", () => {
    const theta = nn.parameter(tensor([2]));
    const loss = nn.multiTask([theta.square().sum(), theta.mul(3).sum()], [0.5, 2]);
    expect(loss.item()).toBe(0.5 * 4 + 2 * 6);
    loss.backward();
    expect(theta.grad!.toArray()).toEqual([0.5 * 4 + 2 * 3]);
  });

  it("003.69: rotations, scalings and flips give new images of the old size; turned by 180° a 6 is a 9", () => {
    const six = image([
      [1, 0, 0],
      [1, 1, 0],
      [1, 1, 0],
    ]);
    const nine = image([
      [0, 1, 1],
      [0, 1, 1],
      [0, 0, 1],
    ]);
    expectClose(data.transforms.rotate(180).apply(six), nine.toArray());
    expect(data.transforms.randomHorizontalFlip({ probability: 1 }).apply(six).toArray()).toEqual(
      six.flip(3).toArray(),
    );
    const { images } = data.digits({ train: 5, test: 1 }).train;
    const changed = data.transforms.randomAffine({ degrees: 20, scale: [0.8, 1.2] }).apply(images);
    expect(changed.shape).toEqual(images.shape);
    expect(changed.allClose(images)).toBe(false);
  });

  it("003.70: a new network starts from weights learned elsewhere, and retrains a part", () => {
    seed(19);
    const trunk = () => nn.sequential(nn.conv2d(1, 4, 3), nn.relu(), nn.globalAvgPool2d(), nn.flatten());
    const [learned, fresh] = [trunk(), trunk()];
    fresh.loadStateDict(learned.stateDict());
    const x = rand([3, 1, 8, 8]);
    expect(fresh(x).toArray()).toEqual(learned(x).toArray());
    const model = nn.sequential(fresh, nn.linear(4, 2));
    for (const own of fresh.parameters()) own.requiresGrad = false;
    const optimizer = optim.sgd(model.parameters(), { lr: 0.5 });
    const head = model.at(1).parameters()[0]!.toArray();
    nn.crossEntropy(model(x), labelled(0, 1, 0)).backward();
    optimizer.step();
    expect(fresh(x).toArray()).toEqual(learned(x).toArray());
    expect(model.at(1).parameters()[0]!.toArray()).not.toEqual(head);
  });
});

describe("Part V: looking inside", () => {
  it("003.73: what excites a linear unit is the same pattern for every image; of a ReLU network it depends on the image", () => {
    seed(20);
    const answer = (model: nn.Module) => {
      const gradient = () => inspection.saliency(model, randn([1, 1, 6, 6]), { class: 0 }).gradient;
      return gradient().allClose(gradient());
    };
    expect(answer(nn.sequential(nn.flatten(), nn.linear(36, 2)))).toBe(true);
    expect(answer(nn.sequential(nn.flatten(), nn.linear(36, 20), nn.relu(), nn.linear(20, 2)))).toBe(false);
  });

  it("003.74: r_l = r_{l−1} + (k_l − 1) ∏ s_i, the strides before", () => {
    const layers = [
      [5, 1],
      [2, 2],
      [3, 2],
      [3, 1],
    ] as const;
    const model = nn.sequential(...layers.map(([k, stride]) => nn.conv2d(1, 1, k, { stride })));
    let [r, jump] = [1, 1];
    const expected = layers.map(([k, stride]) => {
      r += (k - 1) * jump;
      jump *= stride;
      return r;
    });
    const found = inspection.receptiveField(model, [1, 40, 40]).layers.map(({ size }) => size[0]);
    expect(found).toEqual(expected);
    expect(found).toEqual([5, 6, 10, 18]);
  });

  it("003.76: maxima go back where they came from: 6 at (1,1), 8 at (1,3), 3 at (2,0), 4 at (3,3)", () => {
    const { x, out } = worked["003.unpool"];
    const [values, switches] = maxPool2dWithIndices(image(x), 2);
    expect(rows(switches)).toEqual([
      [1 * 4 + 1, 1 * 4 + 3],
      [2 * 4 + 0, 3 * 4 + 3],
    ]);
    expect(rows(maxUnpool2d(values, switches, 2))).toEqual(out);
    // Of overlapping windows a winner goes back once.
    const dot = image([
      [0, 0, 0],
      [0, 9, 0],
      [0, 0, 0],
    ]);
    const [nines, places] = maxPool2dWithIndices(dot, 2, { stride: 1 });
    expect(rows(maxUnpool2d(nines, places, 2, { stride: 1 }))).toEqual(rows(dot));
  });

  it("003.77: on the way back ReLU passes where the unit was on, where the signal is positive, or where both", () => {
    // One unit at 3 with the signal −2 and one at −1 with 5, one at 2 with 4.
    const model = nn.sequential(nn.relu(), nn.conv2d(3, 1, 1, { bias: false }));
    fill(model, [[[[-2]], [[5]], [[4]]]]);
    const x = tensor([3, -1, 2]).reshape([1, 3, 1, 1]);
    const pattern = (relu: inspection.ReluRule) =>
      inspection.deconvnet(model, x, { layer: "1", relu }).pattern.flatten().toArray();
    expect(pattern("backprop")).toEqual([-2, 0, 4]);
    expect(pattern("deconvnet")).toEqual([0, 5, 4]);
    expect(pattern("guided")).toEqual([0, 0, 4]);
  });

  it("003.78: stamping a kernel is the full correlation with the flipped kernel, and not with the kernel itself", () => {
    seed(21);
    const [x, k] = [rand([1, 1, 4, 5]).mul(9).floor(), rand([1, 1, 2, 3]).mul(9).floor()];
    const stamped = convTranspose2d(x, k).toArray();
    expect(conv2d(x, k.flip([2, 3]), null, { padding: [1, 2] }).toArray()).toEqual(stamped);
    expect(conv2d(x, k, null, { padding: [1, 2], flip: true }).toArray()).toEqual(stamped);
    expect(conv2d(x, k, null, { padding: [1, 2] }).toArray()).not.toEqual(stamped);
  });

  it("003.80: H_k is the mean of map k, so images of any size give scores", () => {
    seed(22);
    const model = models.gapClassifier({ widths: [4, 8] });
    const maps = randn([2, 3, 5, 7]);
    expectClose(adaptiveAvgPool2d(maps, 1), maps.mean([2, 3]).toArray());
    for (const size of [16, 28, 41]) expect(model(rand([1, 1, size, size])).shape).toEqual([1, 10]);
    expect(model.output.bias).toBeNull();
  });
});

describe("Part V: learning without labels", () => {
  it("003.84: images of 64 × 64 have 4096 dimensions, where all distances are alike: their spread falls like 1/√D", () => {
    expect(zeros([1, 64, 64]).size).toBe(4096);
    const spread = (dimensions: number) => {
      seed(24);
      const distances = randn([500, dimensions])
        .sub(randn([500, dimensions]))
        .norm(1);
      return distances.std().item() / distances.mean().item();
    };
    expect(spread(4) / spread(4096)).toBeGreaterThan(20);
    expect(spread(4096)).toBeCloseTo(1 / Math.sqrt(2 * 4096), 2);
  });

  it("003.85: a kernel density integrates to 1 and stays finite far away", () => {
    seed(25);
    const density = classical.kernelDensity({ bandwidth: 0.3 }).fit(randn([200]));
    expect(
      density
        .density(linspace(-8, 8, 1601))
        .sum()
        .item() * 0.01,
    ).toBeCloseTo(1, 4);
    const far = density.logDensity(tensor([1e4])).item();
    expect(far).toBeLessThan(-1e8);
    expect(Number.isFinite(far)).toBe(true);
  });

  it.each([
    [1, 0.001, 0.02],
    [2, 0.014, 0.03],
    [5, 0.172, 0.06],
    [10, 0.666, 0.12],
    [20, 2.169, 0.25],
  ])("003.85: of %i dimensions 1000 samples tell %f nats too little", (d, gap, tolerance) => {
    seed(0);
    const density = classical.kernelDensity({ bandwidth: 1000 ** (-1 / (d + 4)) }).fit(randn([1000, d]));
    const test = randn([300, d]);
    const actual = -0.5 * test.square().sum(1).mean().item() - (d / 2) * Math.log(2 * Math.PI);
    expect(Math.abs(actual - density.logDensity(test).mean().item() - gap)).toBeLessThan(tolerance);
  });

  it("003.82, 003.85: a density p(x) is drawn from, which a function y = f(x) is not: its mean, and its variance plus h²", () => {
    seed(26);
    const density = classical.kernelDensity({ bandwidth: 0.5 }).fit(tensor([-1, 1]));
    const drawn = density.sample(20_000);
    expect(drawn.shape).toEqual([20_000]);
    expect(drawn.mean().item()).toBeCloseTo(0, 1);
    expect(drawn.var().item()).toBeCloseTo(1.25, 1);
  });

  it("003.87: probabilistic PCA finds σ² = .09 and WWᵀ again (D = 5, d = 2); R and the sign of W stay open", () => {
    seed(3);
    const n = 50_000;
    const weight = randn([5, 2]);
    const x = randn([n, 2])
      .matmul(weight.T)
      .add(randn([n, 5]).mul(0.3));
    const model = classical.probabilisticPCA({ components: 2 }).fit(x);
    expect(Math.abs(model.noise - 0.09)).toBeLessThan(0.001);
    const square = (w: Tensor) => w.matmul(w.T);
    const gap = (a: Tensor, b: Tensor) =>
      square(a).sub(square(b)).abs().max().item() / square(weight).abs().max().item();
    expect(gap(model.weight, weight)).toBeLessThan(0.03);
    const again = classical.probabilisticPCA({ components: 2 }).fit(model.sample(n));
    expect(Math.abs(again.noise - model.noise)).toBeLessThan(0.002);
    expect(gap(again.weight, model.weight)).toBeLessThan(0.03);
    const usual = model.logDensity(x).mean().item();
    expect(model.logDensity(tensor([[5, -5, 5, -5, 5]])).item()).toBeLessThan(usual - 20);
  });

  // z ~ N(0, 1), x | z ~ N(2z, ¼), x = 1.5: x ~ N(0, 4.25), and z | x ~ N(12/17, 1/17).
  const x = 1.5;
  const exact = -0.5 * Math.log(2 * Math.PI * 4.25) - x ** 2 / (2 * 4.25);

  it("003.88: ln p(1.5) = −1.9071, and ln (1/R) Σ p(x | z_r) comes there with many samples", () => {
    expect(exact).toBeCloseTo(-1.9071, 4);
    const model = models.densityNetwork({ latents: 1, hidden: [], outputs: 1, std: 0.5 });
    fill(model, [[2]], [0]);
    const estimate = (samples: number) =>
      noGrad(() => model.logLikelihood(tensor([[x]]), { samples }).item());
    const spread = (samples: number) => {
      seed(27);
      return tensor(Array.from({ length: 30 }, () => estimate(samples)))
        .std()
        .item();
    };
    seed(27);
    expect(Math.abs(estimate(100_000) - exact)).toBeLessThan(0.02);
    expect(spread(1000)).toBeLessThan(spread(10) / 3);
    const one = noGrad(() => model.logLikelihood(tensor([[x]]), { z: tensor([[0.75]]) }).item());
    expectClose(one, -0.5 * Math.log(2 * Math.PI) - Math.log(0.5));
  });

  it("003.89: KL(N(1, ¼) ‖ N(0, 1)) = ½ (μ² + σ² − 1 − ln σ²) = 0.818147", () => {
    expectClose(nn.gaussianKl(tensor([[1]]), tensor([[Math.log(0.25)]])), 0.818147, 1e-6);
    expectClose(0.5 * (1 + 0.25 - 1 - Math.log(0.25)), 0.818147, 1e-6);
  });

  it("003.89: the bound is −1.9071 = ln p(x) at the posterior, −12.7258 at q = N(0, 1), and never above", () => {
    const bound = (mean: number, variance: number): number => {
      // A quadratic's mean under N(m, s²) is that over m − s and m + s.
      const s = Math.sqrt(variance);
      const z = tensor([[mean - s], [mean + s]]);
      const likelihood = nn.gaussianNll(z.mul(2), full(x), { variance: 0.25, reduction: "none" }).neg();
      return nn
        .elbo(likelihood, nn.gaussianKl(full(mean), full(Math.log(variance)), { reduction: "none" }))
        .item();
    };
    const full = (value: number) => tensor([[value], [value]]);
    expectClose(bound(12 / 17, 1 / 17), exact);
    expectClose(bound(0, 1), -12.7258, 1e-5);
    for (const [mean, variance] of [
      [0.5, 0.1],
      [1, 0.05],
      [0.7, 0.5],
    ] as const)
      expect(bound(mean, variance)).toBeLessThan(exact);
  });

  it("003.90: at D = ½ the value is −2 ln 2 = −1.386294; where D is sure only −E ln D(G) still pulls", () => {
    const undecided = zeros([4, 1]);
    expectClose(nn.adversarial.value(undecided, undecided), -1.386294, 1e-6);
    expectClose(nn.adversarial.discriminator(undecided, undecided), 1.386294, 1e-6);
    const pull = (loss: (logits: Tensor) => Tensor) => grad(loss)(tensor([-8])).item();
    expectClose(pull(nn.adversarial.generator), -0.99966, 1e-5);
    expectClose(pull(nn.adversarial.saturatingGenerator), -0.000335, 1e-6);
    expectClose(nn.adversarial.value(tensor([800]), tensor([-800])), 0, 1e-6);
    const game = models.gan({ outputs: 1 });
    for (const own of game.discriminator.parameters()) nn.init.zeros(own);
    expectClose(game.discriminatorLoss(randn([8, 1])), 1.386294, 1e-6);
    expectClose(game.generatorLoss(game.noise(8)), Math.LN2, 1e-6);
    expectClose(game.generatorLoss(game.noise(8), { saturating: true }), -Math.LN2, 1e-6);
  });

  it("003.92: the best linear auto-encoder is PCA: training one comes to PCA's error, and not below", () => {
    seed(28);
    const x = randn([200, 2])
      .matmul(randn([2, 5]))
      .add(randn([200, 5]).mul(0.2));
    const centred = x.sub(x.mean(0));
    const error = (y: Tensor) => nn.sse(y, centred).item();
    const best = error(classical.pca({ components: 2 }).fit(centred).reconstruct(centred));
    const model = nn.sequential(nn.linear(5, 2, { bias: false }), nn.linear(2, 5, { bias: false }));
    const optimizer = optim.adam(model.parameters(), { lr: 0.02 });
    for (let step = 0; step < 1000; step++) {
      nn.mse(model(centred), centred).backward();
      optimizer.step();
    }
    const learned = noGrad(() => error(model(centred)));
    expect(learned).toBeGreaterThan(best * 0.9999);
    expect(learned).toBeLessThan(best * 1.01);
  });

  it("003.94: l = .515490, .243745, .000849 at τ = 1, .5, .1; with anchor and partner exchanged .807866, .722272, .693148", () => {
    // In the lecture's sum the anchor's name is used again for the negatives.
    const { z, zhat, neg, tau, l, l_rev } = worked["003.contrastive"];
    const [anchor, partner, negatives] = [tensor([[...z]]), tensor([[...zhat]]), tensor(neg)];
    const both = (temperature: number) => [
      nn.contrastive(anchor, partner, negatives, { temperature }).item(),
      nn.contrastive(partner, anchor, negatives, { temperature }).item(),
    ];
    const found = [...tau].map(both);
    expectClose(
      found.map(([forward]) => forward!),
      l,
      1e-6,
    );
    expectClose(
      found.map(([, reverse]) => reverse!),
      l_rev,
      1e-6,
    );
    expectClose([...l, ...l_rev], [0.51549, 0.243745, 0.000849, 0.807866, 0.722272, 0.693148], 1e-6);
  });
});

itReadsEveryNumberOf(worked);
