/** Lecture 001, "Shallow and Deep Neural Networks": its formulas and numbers, item by item. */
import { expect, it } from "vitest";
import {
  arange,
  checkGradient,
  classical,
  concat,
  conv1d,
  conv2d,
  conv3d,
  convTranspose2d,
  data,
  Generator,
  grad,
  inspection,
  jacobian,
  linspace,
  maxPool2d,
  metrics,
  models,
  nn,
  noGrad,
  oneHot,
  ones,
  optim,
  pad,
  rand,
  randn,
  randperm,
  referenceBackend,
  seed,
  type Tensor,
  tensor,
  withBackend,
  zeros,
} from "../../../engine/index.ts";
import { expectClose, image, itReadsEveryNumberOf, rows, workedExamples } from "./worked.ts";

const worked = workedExamples("001");
const leaf = (value: number | number[]) => tensor(value, { requiresGrad: true });

it("001.4: ỹ = W x with W of 5 × 3: 15 weights", () => {
  const layer = nn.linear(3, 5, { bias: false });
  expect(layer.weight.shape).toEqual([5, 3]);
  expect(layer.parameterCount).toBe(15);
  const x = randn([3]);
  expectClose(layer(x), layer.weight.matmul(x).toArray());
});

it("001.5: a last input of 1 makes the last column of W a bias", () => {
  const W = randn([5, 3]);
  const x = randn([2]);
  const split = W.narrow(1, 0, 2).matmul(x).add(W.select(1, 2));
  expectClose(W.matmul(concat([x, ones([1])], 0)), split.toArray());
});

it("001.6: ỹ = U σ(W x) has 15 + 10 weights; without σ it is one linear map", () => {
  const [W, U] = [nn.linear(3, 5, { bias: false }), nn.linear(5, 2, { bias: false })];
  expect(nn.sequential(W, nn.sigmoid(), U).parameterCount).toBe(25);
  const x = randn([4, 3]);
  expectClose(nn.sequential(W, U)(x), x.matmul(U.weight.matmul(W.weight).T).toArray(), 1e-6);
  expectClose(nn.sequential(W, nn.sigmoid(), U)(x), W(x).sigmoid().matmul(U.weight.T).toArray(), 1e-6);
});

it("001.7: σ(z) = eᶻ/(1 + eᶻ) = ½(1 + tanh z/2), σ′ = σ(1 − σ), at most ¼; σ(2) = 0.880797, σ′(2) = 0.104994", () => {
  const z = linspace(-8, 8, 17);
  const s = z.sigmoid();
  expectClose(z.exp().div(z.exp().add(1)), s.toArray());
  expectClose(z.div(2).tanh().add(1).div(2), s.toArray());
  const slope = (at: number) => grad((x: Tensor) => x.sigmoid())(at).item();
  expectClose([tensor(2).sigmoid().item(), slope(2)], [0.880797, 0.104994], 1e-6);
  const slopes = Array.from(z.toTypedArray(), slope);
  expectClose(slopes, s.mul(s.neg().add(1)).toArray());
  expect(Math.max(...slopes)).toBe(slope(0));
  expect(slope(0)).toBe(0.25);
});

it("001.8, 001.28: mean 0 and deviation 1 for each feature; the test set by the training statistics", () => {
  const scale = classical.standardiser().fit(
    tensor([
      [1, 10, 5],
      [3, 30, 5],
    ]),
  );
  expect(scale.mean.toArray()).toEqual([2, 20, 5]);
  expect(scale.std.toArray()).toEqual([1, 10, 0]);
  expect(scale.transform(tensor([[2, 40, 6]])).toArray()).toEqual([[0, 2, 1]]);
  const { images } = data.digits({ train: 30, test: 1 }).train;
  expect(classical.standardiser().fit(images).transform(images).shape).toEqual(images.shape);
});

it("001.9: tanh′ = 1 − tanh²", () => {
  const z = leaf([-3, -0.5, 0, 2]);
  const y = z.tanh();
  y.sum().backward();
  expectClose(z.grad!, y.square().neg().add(1).toArray());
});

/** Two steps, up at one place and down at another: h (σ(w(x − from)) − σ(w(x − to))). */
const bump = (x: Tensor, from: number, to: number, height: number, w = 100) =>
  x.sub(from).mul(w).sigmoid().sub(x.sub(to).mul(w).sigmoid()).mul(height);

it("001.10: σ(100 x) rises from 10 to 90 % within 0.0439; two steps are a bump", () => {
  const half = Math.log(9) / 100;
  expect(2 * half).toBeCloseTo(0.0439, 4);
  expectClose(tensor([-half, half]).mul(100).sigmoid(), [0.1, 0.9]);
  const at = tensor([0.3, 0.4, 0.5, 0.6, 0.7]);
  expectClose(bump(at, 0.4, 0.6, 0.8), [3.6e-5, 0.4, 0.79993, 0.4, 3.6e-5]);
});

it.each([
  [5, 100, 0.588, 0.218],
  [10, 100, 0.309, 0.079],
  [20, 100, 0.158, 0.024],
  [40, 100, 0.091, 0.0125],
  [80, 100, 0.065, 0.0091],
  [5, 1000, 0.588, 0.2505],
  [10, 1000, 0.309, 0.1224],
  [20, 1000, 0.156, 0.0575],
  [40, 1000, 0.079, 0.025],
  [80, 1000, 0.039, 0.009],
])("001.10: %i bumps of steepness %i trace sin 2πx to %f at most, %f on average", (n, w, most, average) => {
  const x = linspace(0, 1, 1001);
  // The outer steps lie outside, so that the curve does not fall at its ends.
  const edge = (i: number) => (i === 0 ? -1 : i === n ? 2 : i / n);
  const bumps = Array.from({ length: n }, (_, i) =>
    bump(x, edge(i), edge(i + 1), Math.sin((2 * Math.PI * (i + 0.5)) / n), w),
  );
  const error = bumps.reduce((sum, one) => sum.add(one)).sub(x.mul(2 * Math.PI).sin());
  expect(Math.abs(error.abs().max().item() - most)).toBeLessThan(6e-4);
  expect(Math.abs(Math.sqrt(error.square().mean().item()) - average)).toBeLessThan(6e-4);
});

it("001.11: any bounded growing activation, squashed and shifted, is a step", () => {
  const x = tensor([-1, 0.29, 0.31, 2]);
  const steps = [
    (z: Tensor) => z.tanh().add(1).div(2),
    (z: Tensor) => z.sigmoid(),
    (z: Tensor) => z.div(z.abs().add(1)).add(1).div(2),
  ];
  for (const g of steps) expectClose(g(x.sub(0.3).mul(1e5)), [0, 0, 1, 1], 1e-3);
});

it("001.12: waves and polynomials approximate too, better with more terms; outside the interval they go astray", () => {
  const t = linspace(0, 1, 101);
  const wave = t.mul(2 * Math.PI).sin();
  const kink = t.sub(0.4).abs();
  const worst = (terms: number) =>
    classical.fourier({ terms, period: 2 }).fit(t, kink).predict(t).sub(kink).abs().max().item();
  expect(worst(8)).toBeLessThan(worst(3) / 2);
  const exact = classical.fourier({ terms: 1 }).fit(t, wave);
  expect(exact.period).toBe(1);
  expectClose(exact.coefficients, [0, 0, 1]);
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

it("001.12: Bernstein's own approximation is exact for lines and comes nearer like 1/n", () => {
  const line = classical.bernstein({ degree: 7, interval: [1, 3] }).approximate((u) => 2 * u - 1);
  expect(line.predict(tensor([1, 2.5, 3])).toArray()).toEqual([1, 4, 5]);
  const t = linspace(0, 1, 101);
  const sine = (u: number) => Math.sin(2 * Math.PI * u);
  const gap = (degree: number) =>
    classical
      .bernstein({ degree })
      .approximate(sine)
      .predict(t)
      .sub(t.mul(2 * Math.PI).sin())
      .abs()
      .max()
      .item();
  expect(gap(80)).toBeLessThan(0.6 * gap(40));
  expect(gap(40)).toBeGreaterThan(0.02);
  const square = classical.bernstein({ degree: 10 }).approximate((u) => u * u);
  expectClose(square.predict(tensor([0.5])), 0.5 ** 2 + (0.5 * 0.5) / 10); // x² + x(1 − x)/n
});

/** The lecture's scores, of which the third is the largest. */
const scores = tensor([
  [21, 34, 10_000, 680],
  [9900, 8355, 10_000, 9335],
]);

it("001.13: argmax turns (21, 34, …, 10000, …, 680) into the unit vector; one-hot codes sum to 1", () => {
  expect(scores.argmax(1).toArray()).toEqual([2, 2]);
  const code = oneHot(scores.argmax(1), 4);
  expect(code.toArray()).toEqual([
    [0, 0, 1, 0],
    [0, 0, 1, 0],
  ]);
  expect(code.norm(1, { p: 1 }).toArray()).toEqual([1, 1]);
});

it("001.14: accuracy does not see how sure the scores are: both score the same", () => {
  const labels = tensor([2, 2], { dtype: "int32" });
  for (const i of [0, 1]) expect(metrics.accuracy(scores.narrow(0, i, 1), labels.narrow(0, i, 1))).toBe(1);
  expect(metrics.accuracy(scores, [2, 3])).toBe(0.5);
  const along = (w: number) => metrics.accuracy(tensor([[w, 1]]), [0]);
  expect([0.5, 0.9, 1.1, 3].map(along)).toEqual([0, 0, 1, 1]);
});

it("001.14: the majority class is the score to beat", () => {
  const baseline = classical.majority().fit(tensor([2, 0, 2, 1, 2, 0], { dtype: "int32" }));
  expect([baseline.label, baseline.share]).toEqual([2, 0.5]);
  expect(baseline.predict(zeros([4, 2])).toArray()).toEqual([2, 2, 2, 2]);
  expect(`${baseline}`).toBe("Majority: class 2, 50 % of 6 samples");
});

it("001.15: softmax of scores in the thousands is one-hot, not .97 and .11 as on the slides; of thousandths it is not", () => {
  // e⁻¹⁰⁰ is 3.7e-44.
  expectClose(scores.softmax(1), [0, 0, 1, 0, 0, 0, 1, 0], 1e-43);
  expectClose(scores.div(1000).softmax(1), [0, 0, 0.9998, 0.0001, 0.3464, 0.0739, 0.3828, 0.1969], 6e-5);
  const naive = scores.exp().div(scores.exp().sum(1, { keepDim: true }));
  expect(naive.isNaN().any().item()).toBe(1);
});

it("001.16: ‖softmax(ỹ) − y‖² still falls when the class is right already", () => {
  // The slide has lost the minus and the square of the norm.
  const y = tensor([[0, 1, 0]]);
  const loss = (score: number) => nn.sse(tensor([[0, score, 0]]).softmax(1), y).item();
  expectClose(loss(0), 2 / 9 + 4 / 9);
  const falling = [0, 1, 2, 4].map(loss);
  expect(falling).toEqual([...falling].sort((a, b) => b - a));
  expect(falling[3]).toBeLessThan(falling[1]! / 100);
});

it("001.17: softmax(z + c) = softmax(z), softmax(0, z)₂ = σ(z); norms are blind to scale instead; naive −1000 is NaN", () => {
  const z = tensor([[1, 2, 3]]);
  expectClose(z.add(100).softmax(1), z.softmax(1).toArray());
  const two = tensor([0, 1.3]).softmax(0);
  const one = tensor(1.3).sigmoid().item();
  expectClose(two, [1 - one, one]);
  const byNorm = (x: Tensor) => x.div(x.norm(1, { keepDim: true }));
  expectClose(byNorm(z.mul(5)), byNorm(z).toArray());
  expect(z.mul(5).softmax(1).allClose(z.softmax(1))).toBe(false);
  const low = tensor([-1000, -1000]);
  expect(low.exp().div(low.exp().sum()).toArray()).toEqual([Number.NaN, Number.NaN]);
  expect(low.softmax(0).toArray()).toEqual([0.5, 0.5]);
});

it("001.18: L = Σ ‖softmax(U σ(W x)) − y‖² and W ← W − η ∂L/∂W, U alike", () => {
  seed(1);
  const [W, U] = [nn.linear(2, 5, { bias: false }), nn.linear(5, 3, { bias: false })];
  const model = nn.sequential(W, nn.sigmoid(), U);
  const x = randn([6, 2]);
  const y = oneHot(tensor([0, 1, 2, 0, 1, 2], { dtype: "int32" }), 3).to("float32");
  const loss = () => nn.sse(model(x).softmax(1), y);
  const first = loss();
  first.backward();
  const moved = [W, U].map(({ weight }) => weight.sub(weight.grad!.mul(0.1)).toArray());
  optim.sgd(model.parameters(), { lr: 0.1 }).step();
  [W, U].forEach(({ weight }, i) => {
    expectClose(weight, moved[i]);
  });
  expect(loss().item()).toBeLessThan(first.item());
});

it("001.19: L = 1.132710 of the scalar network σ(u σ(w x)), ∂L/∂w = 0.204718, ∂L/∂u = −0.341905", () => {
  const { x, y, w, u, L, dw, du } = worked["001.scalar2"];
  expectClose([L, dw, du], [1.13271, 0.204718, -0.341905], 1e-6);
  const loss = (a: Tensor, b: Tensor) =>
    nn.sse(
      tensor([...x])
        .mul(a)
        .sigmoid()
        .mul(b)
        .sigmoid(),
      tensor([...y]),
    );
  expectClose(loss(tensor(w), tensor(u)), L);
  expectClose(
    grad(loss)(w, u).map((slope) => slope.item()),
    [dw, du],
  );
});

it("001.20: through one layer more ∂L/∂w = 0.0400056; σ′ ≤ ¼ bounds what passes L layers by 4⁻ᴸ", () => {
  const [x, y] = [tensor([0.5, -1, 2]), tensor([1, 0, 1])];
  const loss = (w: Tensor, v: Tensor, u: Tensor) =>
    nn.sse(x.mul(w).sigmoid().mul(v).sigmoid().mul(u).sigmoid(), y);
  expectClose(grad(loss)(0.7, 0.9, -1.2)[0], 0.0400056, 1e-6);
  const passing = (layers: number) =>
    grad((z: Tensor) => {
      let h = z;
      // Each layer's input is moved to 0, where σ is steepest.
      for (let i = 0; i < layers; i++) h = h.sub(i === 0 ? 0 : 0.5).sigmoid();
      return h;
    })(0).item();
  for (const [layers, bound] of [
    [1, 0.25],
    [2, 0.0625],
    [3, 0.015625],
    [5, 9.765625e-4],
    [10, 9.5367431640625e-7],
    [20, 9.094947017729282e-13],
  ] as const)
    expect(passing(layers) / bound).toBeCloseTo(1, 5);
});

it("001.21: the batch's gradient is the sum of the samples', a mini-batch's the sum of its own", () => {
  // Three of the lecture's update rules have lost their minus.
  seed(2);
  const model = nn.linear(3, 1);
  const [x, y] = [randn([6, 3]), randn([6, 1])];
  const gradient = (from: number, count: number) => {
    nn.sse(model(x.narrow(0, from, count)), y.narrow(0, from, count)).backward();
    return model.weight.grad!.detach();
  };
  const sum = (parts: Tensor[]) => parts.reduce((a, b) => a.add(b)).toArray();
  const batch = gradient(0, 6).toArray();
  expectClose(tensor(sum([0, 1, 2, 3, 4, 5].map((i) => gradient(i, 1)))), batch);
  expectClose(tensor(sum([gradient(0, 2), gradient(2, 4)])), batch);
  const moved = model.weight.sub(gradient(4, 2).mul(0.1)).toArray();
  optim.sgd([model.weight], { lr: 0.1 }).step();
  expectClose(model.weight, moved);
});

it("001.22: shuffled, each sample comes once an epoch; a batch's mean gradient varies like 1/B", () => {
  const set = data.fromArrays(arange(10).reshape([10, 1]), new Array(10).fill(0));
  const seen = [...set.loader({ batchSize: 4, shuffle: true, seed: 1 })].map(([x]) => [...x.toTypedArray()]);
  expect(seen.map(({ length }) => length)).toEqual([4, 4, 2]);
  expect(seen.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  seed(3);
  const gradients = randn([4096]); // of 4096 samples, of one weight
  const variance = (size: number) =>
    gradients
      .reshape([4096 / size, size])
      .mean(1)
      .var()
      .item();
  for (const size of [1, 2, 4, 8, 16, 32, 64])
    expect(Math.abs(variance(size) * size - 1)).toBeLessThan(5 * Math.sqrt((2 * size) / 4096));
});

it("001.23: growing batches: small ones first, and every sample in every epoch", () => {
  const { train } = data.digits({ train: 60, test: 1 });
  const batches = data.growingBatches(train, { from: 5, to: 20 });
  expect(batches.sizes).toEqual([5, 10, 20]);
  expect([1, 2, 3, 4].map(() => [...batches].length)).toEqual([12, 6, 3, 3]);
});

it("001.25: ReLU′ is 0 or 1, so nothing shrinks or grows; at 0 it is 0, where the lecture chooses 1", () => {
  const z = leaf([-2, 0, 3]);
  z.relu().sum().backward();
  expect(z.grad!.toArray()).toEqual([0, 0, 1]);
});

it("001.26: ỹ = U ReLU(W x): the model of the first recipe", () => {
  const model = models.mlp([4, 6, 3]);
  const [W, b, U, c] = model.parameters() as [Tensor, Tensor, Tensor, Tensor];
  const x = randn([5, 4]);
  expectClose(model(x), x.matmul(W.T).add(b).relu().matmul(U.T).add(c).toArray());
});

it("001.27: small weights N(0, 0.1), by its deviation: much smaller and nothing passes, much larger and it explodes", () => {
  const passing = (std: number) => {
    seed(4);
    let h = randn([64, 200]);
    for (let layer = 0; layer < 10; layer++) h = h.matmul(nn.init.normal(zeros([200, 200]), { std })).relu();
    return Math.sqrt(h.square().mean().item());
  };
  expect(passing(0.1)).toBeGreaterThan(0.3);
  expect(passing(0.1)).toBeLessThan(3);
  expect(passing(0.01)).toBeLessThan(1e-9);
  expect(passing(1)).toBeGreaterThan(1e9);
});

it("001.29: a product of 1100 halves underflows to 0, the sum of their logarithms does not; −log p is additive", () => {
  expect(ones([1100]).mul(0.5).prod().item()).toBe(0);
  expect(0.5 ** 1100).toBe(0);
  expectClose(ones([1100]).mul(0.5).log().sum(), 1100 * Math.log(0.5));
  expectClose(tensor(0.2 * 0.3).log(), Math.log(0.2) + Math.log(0.3));
});

it("001.30: H(p, q) = H(p) + KL(p ‖ q); H(p, p) is the entropy and not 0", () => {
  const [p, q] = [tensor([[0.5, 0.25, 0.25]]), tensor([[0.2, 0.5, 0.3]])];
  const cross = (a: Tensor, b: Tensor) => a.mul(b.log()).sum().neg().item();
  expectClose(cross(p, p), 1.5 * Math.LN2);
  expectClose(cross(p, q), cross(p, p) + nn.klDivergence(q.log(), p).item());
  expectClose(nn.crossEntropy(q.log(), p), cross(p, q));
  expect(nn.klDivergence(p.log(), p).item()).toBeCloseTo(0, 6);
});

it("001.31: one-hot against .927 costs −log .927 = 0.0758 nat = 0.1094 bit; against .97 0.0305", () => {
  const cost = (p: number) => nn.nll(tensor([[Math.log(p), Math.log(1 - p)]]), tensor([0])).item();
  expect(cost(0.927)).toBeCloseTo(0.075802, 6);
  expect(cost(0.927) / Math.LN2).toBeCloseTo(0.1094, 4);
  expect(cost(0.927) / Math.LN10).toBeCloseTo(0.0329, 4);
  expect(cost(0.97)).toBeCloseTo(0.0305, 4);
});

it("001.32: ∂CE/∂a = softmax(a) − y: (.175290, −.960887, .785597) at a = (.5, −1, 2), y = e₂", () => {
  // The slide's case i = l has lost its fraction: it is e^a_l / Σ e^a_j − 1.
  const { a, y, grad: expected } = worked["001.ce_grad"];
  const logits = tensor([[...a]], { requiresGrad: true });
  nn.crossEntropy(logits, tensor([y.indexOf(1)], { dtype: "int32" })).backward();
  expectClose(logits.grad!, expected, 1e-6);
  expectClose(logits.grad!, [0.17529, -0.960887, 0.785597], 1e-6);
  expectClose(logits.softmax(1).sub(tensor([[...y]])), expected, 1e-6);
  expect([...y]).toEqual([0, 1, 0]);
  const check = withBackend(referenceBackend, () =>
    checkGradient(
      (x) => nn.crossEntropy(x!, tensor([1], { dtype: "int32" })),
      [tensor([[0.5, -1, 2]], { dtype: "float64", requiresGrad: true })],
    ),
  );
  expect(check.ok, `${check}`).toBe(true);
});

it("001.33: cross-entropy of softmax(ỹ), not of ỹ as printed; where it is surely wrong it pulls with −1, the squared loss with nothing", () => {
  const y = tensor([[0, 1]]);
  const pull = (loss: (a: Tensor) => Tensor) =>
    grad(loss)(tensor([[10, -10]]))
      .at(0, 1)
      .item();
  expectClose(
    pull((a) => nn.crossEntropy(a, y)),
    -1,
  );
  expect(Math.abs(pull((a) => nn.sse(a.softmax(1), y)))).toBeLessThan(1e-7);
  expectClose(nn.crossEntropy(tensor([[1, 3]]), y), -tensor([1, 3]).softmax(0).log().at(1).item());
});

it("001.34: near pixels predict each other, far ones do not", () => {
  const { images } = data.digits({ train: 300, test: 1 }).train;
  const centre = images.slice([null, 0, [8, 20], [8, 20]]).flatten();
  const correlation = (distance: number) => {
    const other = images.slice([null, 0, [8, 20], [8 + distance, 20 + distance]]).flatten();
    const [a, b] = [centre.sub(centre.mean()), other.sub(other.mean())];
    return a.mul(b).mean().div(a.std().mul(b.std())).item();
  };
  expect(correlation(0)).toBeCloseTo(1, 3);
  expect(correlation(1)).toBeGreaterThan(0.6);
  expect(correlation(6)).toBeLessThan(0.3);
});

it("001.34: a network of full layers does not see that all pixels were moved about", () => {
  seed(5);
  const order = randperm(9);
  const x = randn([4, 9]);
  const plain = nn.linear(9, 3);
  const moved = nn.linear(9, 3);
  moved.weight = nn.parameter(plain.weight.detach().indexSelect(1, order));
  moved.bias = plain.bias;
  expectClose(moved(x.indexSelect(1, order)), plain(x).toArray());
});

it("001.35: the kernel of tenths gives 3.4 3.8 4.4 / 4.4 4.6 6.0 / 3.2 4.6 5.8, of which the slide has only the first right", () => {
  const { x, k, out } = worked["001.tenth"];
  const y = conv2d(image(x), image(k));
  expectClose(y, out);
  expectClose(y, [3.4, 3.8, 4.4, 4.4, 4.6, 6, 3.2, 4.6, 5.8]);
  const slide = [3.4, 3.9, 4.9, 4.3, 3.9, 3.9, 4.6, 4.7, 4.8];
  expect(slide.filter((value, i) => Math.abs(value - y.flatten().at(i).item()) < 0.05)).toEqual([3.4]);
});

it("001.36: borders are left out, (F − 1)/2 on each side, or mirrored, constant, or taken round", () => {
  const line = tensor([1, 2, 3, 4]);
  expect(pad(line, [[2, 2]], "reflect").toArray()).toEqual([3, 2, 1, 2, 3, 4, 3, 2]);
  expect(pad(line, [[2, 2]], "replicate").toArray()).toEqual([1, 1, 1, 2, 3, 4, 4, 4]);
  expect(pad(line, [[2, 2]], "circular").toArray()).toEqual([3, 4, 1, 2, 3, 4, 1, 2]);
  expect(pad(line, [[2, 2]]).toArray()).toEqual([0, 0, 1, 2, 3, 4, 0, 0]);
  for (const mode of ["zeros", "reflect", "replicate", "circular"] as const) {
    const y = conv2d(ones([1, 1, 5, 5]), ones([1, 1, 3, 3]), null, { padding: 1, paddingMode: mode });
    expect(y.at(0, 0, 0, 0).item()).toBe(mode === "zeros" ? 4 : 9);
  }
  expect(conv2d(ones([1, 1, 5, 5]), ones([1, 1, 3, 3])).shape).toEqual([1, 1, 3, 3]);
});

it("001.37: normalised, the scalar product is largest, 1, where the mask itself is; plain, a bright place wins", () => {
  const mask = image([
    [0, 1, 0],
    [1, 1, 1],
    [0, 1, 0],
  ]);
  const scene = zeros([1, 1, 8, 8])
    .sliceScatter([null, null, [1, 4], [1, 4]], mask)
    .sliceScatter([null, null, [5, 8], [5, 8]], ones([1, 1, 3, 3]).mul(3));
  const plain = conv2d(scene, mask);
  const sizes = conv2d(scene.square(), ones([1, 1, 3, 3]))
    .sqrt()
    .add(1e-9);
  const normalised = plain.div(sizes).div(mask.norm());
  expect(plain.argmax().item()).toBe(5 * 6 + 5);
  expect(normalised.argmax().item()).toBe(1 * 6 + 1);
  expectClose(normalised.max(), 1);
});

it("001.38: three channels, each with its mask, in eighteenths: 63 66 77 / 73 83 109 / 56 95 115, 3.1 where the slide has 3.2", () => {
  const { A, B, C, kA, kB, kC, out, num18 } = worked["001.eighteenth"];
  const [x, k] = [tensor([[A, B, C]]), tensor([[kA, kB, kC]])];
  expectClose(conv2d(x, k), out);
  expectClose(conv2d(x, k.mul(18)), num18);
  expect(num18.flat()).toEqual([63, 66, 77, 73, 83, 109, 56, 95, 115]);
  // The text has lost the horizontal mask; the first sum, (16 + 13 + 34)/18, says what it was.
  const first = [0, 1, 2].map((c) =>
    conv2d(x.narrow(1, c, 1), k.narrow(1, c, 1).mul(18))
      .at(0, 0, 0, 0)
      .item(),
  );
  expectClose(first, [16, 13, 34]);
  const slide = [3.5, 3.7, 4.3, 4.1, 4.6, 6.1, 3.2, 5.3, 6.4];
  const wrong = slide.flatMap((value, i) => (Math.abs(value - num18.flat()[i]! / 18) < 0.05001 ? [] : [i]));
  expect(wrong).toEqual([6]);
});

it("001.39: sound has masks of one dimension, colour video masks limited in time and space and full in the channels", () => {
  expect(conv1d(zeros([1, 1, 100]), zeros([4, 1, 9])).shape).toEqual([1, 4, 92]);
  expect(conv3d(zeros([1, 3, 10, 16, 16]), zeros([5, 3, 2, 3, 3])).shape).toEqual([1, 5, 9, 14, 14]);
  // A dot that moves to the right: the difference in time is where it came and went.
  const video = zeros([1, 1, 2, 1, 4])
    .sliceScatter([null, null, [0, 1], null, [1, 2]], ones([1, 1, 1, 1, 1]))
    .sliceScatter([null, null, [1, 2], null, [2, 3]], ones([1, 1, 1, 1, 1]));
  const difference = conv3d(video, tensor([-1, 1]).reshape([1, 1, 2, 1, 1]));
  expect(difference.flatten().toArray()).toEqual([0, -1, 1, 0]);
});

it("001.40: with a border that goes round convolution commutes with every shift, not with a turn", () => {
  const generator = new Generator(4);
  const whole = (count: number) => Float32Array.from({ length: count }, () => generator.integer(9));
  const x = tensor(whole(36), { shape: [1, 1, 6, 6] });
  const k = tensor(whole(9), { shape: [1, 1, 3, 3] });
  const filter = (y: Tensor) => conv2d(y, k, null, { padding: "same", paddingMode: "circular" });
  for (const shift of [1, 2, 4])
    expect(filter(x.roll([shift], [3])).toArray()).toEqual(filter(x).roll([shift], [3]).toArray());
  const turn = (y: Tensor) => y.transpose(2, 3).flip(2);
  expect(filter(turn(x)).toArray()).not.toEqual(turn(filter(x)).toArray());
});

it("001.41: as a network: each output sees 9 of 25 pixels, and all share 9 weights", () => {
  const k = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9]).reshape([1, 1, 3, 3]);
  const edges = jacobian((x) => conv2d(x.reshape([1, 1, 5, 5]), k).flatten(), zeros([25]));
  expect(edges.shape).toEqual([9, 25]);
  expect(edges.notEqual(0).to("float32").sum(1).toArray()).toEqual(new Array(9).fill(9));
  expect(edges.unique().counts.toArray()).toEqual([9 * 25 - 81, ...new Array(9).fill(9)]);
});

it("001.42: blur keeps a flat image, Sobel and Laplace masks answer to edges only", () => {
  const flat = ones([1, 1, 5, 5]).mul(7);
  const edge = image(Array.from({ length: 5 }, () => [0, 0, 0, 1, 1]));
  const answer = (mask: number[][], x: Tensor) => [...conv2d(x, image(mask)).toTypedArray()];
  const sobel = [
    [-1, 0, 1],
    [-2, 0, 2],
    [-1, 0, 1],
  ];
  const laplace = [
    [0, 1, 0],
    [1, -4, 1],
    [0, 1, 0],
  ];
  const ninth = Array.from({ length: 3 }, () => [1 / 9, 1 / 9, 1 / 9]);
  expectClose(answer(ninth, flat), new Array(9).fill(7));
  expect(answer(sobel, flat)).toEqual(new Array(9).fill(0));
  expect(answer(laplace, flat)).toEqual(new Array(9).fill(0));
  expect(answer(sobel, edge)).toEqual([0, 4, 4, 0, 4, 4, 0, 4, 4]);
  expect(answer(laplace, edge)).toEqual([0, 1, -1, 0, 1, -1, 0, 1, -1]);
});

it("001.43: k masks make k channels, and a second convolution finds where their features meet", () => {
  // First layer: a bar lying, a bar standing. Second: the lying one right above the standing one, a T.
  const masks = tensor([
    [
      [
        [0, 0, 0],
        [1, 1, 1],
        [0, 0, 0],
      ],
    ],
    [
      [
        [0, 1, 0],
        [0, 1, 0],
        [0, 1, 0],
      ],
    ],
  ]);
  const drawing = ["000000000", "001110000", "000100000", "000100000", "000100000", "000000000"];
  const scene = image([...drawing, "000000000", "000001110", "000000000"].map((row) => [...row].map(Number)));
  const features = conv2d(scene, masks, tensor([-2, -2]), { padding: 1 }).relu();
  expect(features.shape).toEqual([1, 2, 9, 9]);
  const meeting = tensor([
    [
      [[1], [0], [0]],
      [[0], [0], [1]],
    ],
  ]);
  const found = conv2d(features, meeting, tensor([-1]), { padding: [1, 0] }).relu();
  expect(found.nonzero().toArray()).toEqual([[0, 0, 2, 3]]);
});

it("001.44: 2 × 2 maxima are 20 30 / 112 37, the means 13 8 / 79 19.5", () => {
  const { x, out } = worked["001.maxpool"];
  expect(rows(maxPool2d(image(x), 2))).toEqual(out);
  expect(out).toEqual([
    [20, 30],
    [112, 37],
  ]);
  expect(rows(nn.avgPool2d(2)(image(x)))).toEqual([
    [13, 8],
    [79, 19.5],
  ]);
});

it("001.44: two convolutions, one on the other, are one larger convolution", () => {
  seed(6);
  const [x, a, b] = [randn([1, 1, 9, 9]), randn([1, 1, 3, 3]), randn([1, 1, 3, 3])];
  // The joint mask: one stamped by the other.
  expectClose(conv2d(conv2d(x, a), b), conv2d(x, convTranspose2d(a, b)).toArray());
});

it("001.45, 003.55, 003.56: LeNet-5 from 32 to 28, 14, 10, 5, 1, 84 and 10; each unit sees 5, 6, 14, 16, 32 pixels", () => {
  const model = models.leNet5Original();
  const shapes = inspection
    .summary(model, [1, 28, 28])
    .layers.map(({ outputShape }) => outputShape.join("×"));
  for (const shape of ["6×28×28", "6×14×14", "16×10×10", "16×5×5", "84", "10"])
    expect(shapes).toContain(shape);
  const { layers } = inspection.receptiveField(models.leNet5(), [1, 28, 28]);
  const seen = (path: string) => layers.find((layer) => layer.path === path)!.size[0];
  expect(["c1", "s2", "c3", "s4", "c5"].map(seen)).toEqual([5, 6, 14, 16, 32]);
  expect(layers.find(({ path }) => path === "c3")).toMatchObject({ stride: [2, 2], start: [-2, -2] });
  expect(layers.at(-1)).toMatchObject({ path: "output", size: [28, 28], stride: [0, 0], start: [0, 0] });
});

it("001.45: 60,000 trainable parameters as wired in 1998, 61,706 fully connected", () => {
  const counts = (model: nn.AnyModule) =>
    ["c1", "s2", "c3", "s4", "c5", "f6"].map(
      (path) => new Map(model.namedModules()).get(path)!.parameterCount,
    );
  expect(counts(models.leNet5Original())).toEqual([156, 12, 1516, 32, 48_120, 10_164]);
  expect(counts(models.leNet5Original()).reduce((a, b) => a + b)).toBe(60_000);
  expect(models.leNet5().parameterCount).toBe(61_706);
});

it("001.46: 28 × 28 = 784 pixels, grey and not binary as the lecture says; 784-500-150-10 has 469,160 parameters", () => {
  const { images } = data.digits({ train: 20, test: 1 }).train;
  expect(images.flatten(1).shape).toEqual([20, 784]);
  expect(images.unique().values.size).toBeGreaterThan(2);
  expect(models.mlp([784, 500, 150, 10]).parameterCount).toBe(469_160);
});

it("001.47: stride 2 keeps every second place: as extracted 3.1 and 3.2 where the slide has 4.3 and 3.6, which a 7 and a 2 would give", () => {
  const slide = [4, 4.7, 3.7, 4.3, 5.8, 3.6, 3.5, 5.2, 4.7];
  const [extracted, other] = [worked["001.stride2_as_extracted"], worked["001.stride2_alt"]];
  const results = [extracted, other].map(({ x, k, stride, out }) => {
    const y = conv2d(image(x), image(k), null, { stride });
    expectClose(y, out);
    expectClose(conv2d(image(x), image(k)).slice([null, null, [0, 5, 2], [0, 5, 2]]), out);
    return out.flat();
  });
  const wrong = slide.flatMap((value, i) => (Math.abs(value - results[0]![i]!) < 0.05 ? [] : [i]));
  expect(wrong.map((i) => results[0]![i])).toEqual([expect.closeTo(3.1), expect.closeTo(3.2)]);
  expectClose(results[1]!, slide);
  expect([other.x[3]![1], other.x[3]![5]]).toEqual([7, 2]);
});

it("001.48: stamps at strides 3, 2 and 1, (N − 1) s + F wide; at 1 the slide's 12 and 4 should be 9 and 2", () => {
  for (const name of ["001.tconv_s3", "001.tconv_s2", "001.tconv_s1"] as const) {
    const { x, k, stride, out } = worked[name];
    const y = convTranspose2d(image(x), image(k), null, { stride });
    expect(rows(y)).toEqual(out);
    expect(y.shape[2]).toBe((2 - 1) * stride + 3);
  }
  const { out } = worked["001.tconv_s1"];
  expect([out[2]![2], out[3]![1]]).toEqual([9, 2]);
});

it("001.49: convolution is a 4 × 16 matrix: 34 38 / 44 46, where the slide has 39 for 34", () => {
  const { x, k, out, M } = worked["001.matrix"];
  expect(rows(conv2d(image(x), image(k)))).toEqual(out);
  expect(out).toEqual([
    [34, 38],
    [44, 46],
  ]);
  const matrix = jacobian((flat) => conv2d(flat.reshape([1, 1, 4, 4]), image(k)).flatten(), zeros([16]));
  expect(matrix.toArray()).toEqual(M);
  expect(matrix.matmul(tensor(x).flatten()).toArray()).toEqual(out.flat());
});

it("001.50: Mᵀ (2, 3, 1, 0)ᵀ is the transposed convolution, and the gradient of a convolution's input", () => {
  const { k, M, t_in, t_out } = worked["001.matrix"];
  expect(tensor(M).T.matmul(tensor(t_in).flatten()).reshape([4, 4]).toArray()).toEqual(t_out);
  expect(rows(convTranspose2d(image(t_in), image(k)))).toEqual(t_out);
  const x = zeros([1, 1, 4, 4], { requiresGrad: true });
  conv2d(x, image(k)).mul(image(t_in)).sum().backward();
  expect(rows(x.grad!)).toEqual(t_out);
});

it("001.51: c channels and d filters k × k make d channels", () => {
  const [c, d, k] = [3, 7, 5];
  const layer = nn.conv2d(c, d, k);
  expect(layer.weight.shape).toEqual([d, c, k, k]);
  expect(layer(rand([2, c, 12, 12])).shape).toEqual([2, d, 8, 8]);
  expect(
    noGrad(() =>
      nn.sequential(layer, nn.maxPool2d(2), nn.flatten(), nn.linear(d * 16, 10))(rand([2, c, 12, 12])),
    ).shape,
  ).toEqual([2, 10]);
});

itReadsEveryNumberOf(worked);
