/** Lecture 002, "Deep learning for Computer Vision", part 2: its formulas and numbers, item by item. */
import { expect, it } from "vitest";
import {
  conv2d,
  grad,
  gradients,
  inspection,
  jacobian,
  linspace,
  maxPool2d,
  minPool2d,
  models,
  nn,
  noGrad,
  ones,
  randn,
  seed,
  type Tensor,
  tensor,
  zeros,
} from "../../../engine/index.ts";
import { expectClose, fill, image, itReadsEveryNumberOf, rows, workedExamples } from "./worked.ts";

const worked = workedExamples("002");

it("002.3: f = (x + y) z at −2, 5, −4: q = 3, f = −12, backwards −4, −4, −4 and 3", () => {
  const gate = worked["002.gate"];
  const [x, y, z] = [gate.x, gate.y, gate.z].map((value) => nn.parameter(tensor(value))) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const q = x.add(y).retainGrad();
  const f = q.mul(z);
  f.backward();
  const found = [q, f, q.grad!, x.grad!, y.grad!, z.grad!].map((one) => one.item());
  expect(found).toEqual([gate.q, gate.f, gate.dq, gate.dx, gate.dy, gate.dz]);
  expect(found).toEqual([3, -12, -4, -4, -4, 3]);
  expect(
    grad((a: Tensor, b: Tensor, c: Tensor) => a.add(b).mul(c))(-2, 5, -4).map((slope) => slope.item()),
  ).toEqual([-4, -4, 3]);
});

it("002.3: the circuit of the sigmoid gate", () => {
  // CS231n's numbers behind the lecture's slide: w = (2, −3, −3), x = (−1, −2); σ(1) = .73, its slope .2.
  const f = (w: Tensor, x: Tensor) => w.narrow(0, 0, 2).dot(x).add(w.at(2)).sigmoid();
  const [w, x] = [tensor([2, -3, -3]), tensor([-1, -2])];
  expectClose(f(w, x), 0.731059, 1e-6);
  const [dw, dx] = grad(f)(w, x);
  const slope = 0.196612;
  expectClose(dw, [-slope, -2 * slope, slope], 1e-6);
  expectClose(dx, [2 * slope, -3 * slope], 1e-6);
});

it("002.4: add distributes, max routes, mul switches, branches add up", () => {
  const pair = (f: (a: Tensor, b: Tensor) => Tensor) => grad(f)(3, -4).map((slope) => slope.item());
  expect(pair((a, b) => a.add(b).mul(2))).toEqual([2, 2]);
  expect(pair((a, b) => a.maximum(b).mul(2))).toEqual([2, 0]);
  expect(pair((a, b) => a.mul(b).mul(2))).toEqual([-8, 6]);
  expect(grad((a: Tensor) => a.mul(2).add(a.mul(5)))(1).item()).toBe(7);
});

it("002.5: the Jacobian matrix of relu is diagonal; backward multiplies by it without building it", () => {
  const x = tensor([1, -2, 3, -1], { requiresGrad: true });
  const matrix = jacobian((v) => v.relu(), x.detach());
  expect(matrix.toArray()).toEqual([
    [1, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 0],
  ]);
  const upstream = tensor([4, -1, 5, 9]);
  const [product] = gradients(x.relu(), [x], { gradient: upstream });
  expect(product!.toArray()).toEqual(upstream.matmul(matrix).toArray());
});

it("002.6: ‖W x‖² = 0.116: ∂f/∂W = 2 q xᵀ and ∂f/∂x = 2 Wᵀ q, in the shapes of W and x", () => {
  const W = tensor([
    [0.1, 0.5],
    [-0.3, 0.8],
  ]);
  const x = tensor([0.2, 0.4]);
  const f = (a: Tensor, b: Tensor) => a.matmul(b).square().sum();
  expectClose(W.matmul(x), [0.22, 0.26], 1e-6);
  expectClose(f(W, x), 0.116, 1e-6);
  const [dW, dx] = grad(f)(W, x);
  expect([dW.shape, dx.shape]).toEqual([W.shape, x.shape]);
  expectClose(dW, [0.088, 0.176, 0.104, 0.208], 1e-6);
  expectClose(dx, [-0.112, 0.636], 1e-6);
});

it("002.8: f = W x, W₂ max(0, W₁ x), W₃ max(0, W₂ max(0, W₁ x))", () => {
  seed(1);
  const [W1, W2, W3] = [
    nn.linear(4, 6, { bias: false }),
    nn.linear(6, 5, { bias: false }),
    nn.linear(5, 3, { bias: false }),
  ];
  const x = randn([4]);
  const two = W2.weight.matmul(W1.weight.matmul(x).maximum(0));
  expectClose(W1(x), W1.weight.matmul(x).toArray());
  expectClose(nn.sequential(W1, nn.relu(), W2)(x), two.toArray());
  expectClose(nn.sequential(W1, nn.relu(), W2, nn.relu(), W3)(x), W3.weight.matmul(two.maximum(0)).toArray());
});

it("002.9: the catalogue at −2 and 3: sigmoid, tanh, ReLU, leaky with .1, maxout, ELU", () => {
  const x = tensor([-2, 3]);
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  expectClose(nn.sigmoid()(x), [sigmoid(-2), sigmoid(3)]);
  expectClose(nn.tanh()(x), [Math.tanh(-2), Math.tanh(3)]);
  expectClose(nn.relu()(x), [0, 3]);
  expectClose(nn.leakyRelu(0.1)(x), [-0.2, 3]);
  expectClose(nn.leakyRelu()(x), [-0.02, 3]); // the lecture has .1 here and .01 in 002.13: the slope is an argument
  expectClose(nn.elu()(x), [Math.exp(-2) - 1, 3]);
  expectClose(nn.elu(0.5)(x), [0.5 * (Math.exp(-2) - 1), 3]);
  // maxout: the larger of w₁ᵀx + b₁ and w₂ᵀx + b₂
  const model = nn.sequential(nn.linear(1, 2), nn.maxout(2));
  fill(model, [[1], [-2]], [0, 1]);
  expectClose(model(x.unsqueeze(1)), [Math.max(-2, 5), Math.max(3, -5)]);
});

it("002.10: sigmoid saturates, is not centred (so all weights of a unit move together), and stays in (0, 1)", () => {
  // The lecture writes the closed interval.
  const slope = grad((z: Tensor) => z.sigmoid());
  expect(slope(10).item()).toBeLessThan(5e-5);
  expect(slope(-10).item()).toBeLessThan(5e-5);
  const values = linspace(-15, 15, 31).sigmoid();
  expect([values.min().item() > 0, values.max().item() < 1]).toEqual([true, true]);
  expectClose(values.mean(), 0.5);
  const unit = nn.linear(8, 1);
  unit(randn([1, 8]).sigmoid())
    .mul(-3)
    .sum()
    .backward();
  expect(unit.weight.grad!.less(0).all().item()).toBe(1);
});

it("002.11: tanh is centred, in (−1, 1), and saturates too", () => {
  const values = linspace(-5, 5, 11).tanh();
  expectClose(values.mean(), 0);
  expect(values.abs().max().item()).toBeLessThan(1);
  expect(grad((z: Tensor) => z.tanh())(10).item()).toBeLessThan(1e-7);
});

it("002.12: ReLU does not saturate above 0 and is dead below", () => {
  const slope = grad((z: Tensor) => z.relu());
  expect([1e-3, 1, 1e6].map((z) => slope(z).item())).toEqual([1, 1, 1]);
  expect([-1e-3, -5].map((z) => slope(z).item())).toEqual([0, 0]);
  const unit = nn.linear(2, 1);
  fill(unit, [[1, 1]], [-100]);
  unit(randn([50, 2]))
    .relu()
    .sum()
    .backward();
  expect(unit.weight.grad!.toArray()).toEqual([[0, 0]]);
});

it("002.13: max(0.01 x, x) and max(α x, x) do not die; ∂f/∂α = x below 0", () => {
  const x = tensor([-3, 2], { requiresGrad: true });
  nn.leakyRelu()(x).sum().backward();
  expectClose(x.grad!, [0.01, 1]);
  const layer = nn.prelu();
  expectClose(layer(x), [0.25 * -3, 2]);
  layer(x).sum().backward();
  expectClose(x.grad!, [0.25, 1]);
  expectClose(layer.parameters()[0]!.grad!, -3);
});

it("002.14: ELU is x above 0 and α (eˣ − 1) below; its outputs are nearer to zero on average", () => {
  expectClose(nn.elu()(tensor([-1, 0, 2])), [Math.exp(-1) - 1, 0, 2]);
  const slope = (alpha: number, z: number) => grad((x: Tensor) => nn.elu(alpha)(x))(z).item();
  expect([slope(1, -1e-4), slope(1, 1e-4)]).toEqual([expect.closeTo(1, 3), 1]);
  expect(slope(2, -1e-4)).toBeCloseTo(2, 3); // only α = 1 joins without a kink
  seed(2);
  const x = randn([10_000]);
  const [relu, elu] = [x.relu().mean().item(), nn.elu()(x).mean().item()];
  expect(relu).toBeCloseTo(1 / Math.sqrt(2 * Math.PI), 1);
  expect(Math.abs(elu)).toBeLessThan(relu / 2);
});

it("002.16: a 2-layer net has one hidden layer, 3-4-2 with 26 parameters; 3-4-4-1 has two and 41", () => {
  const nets = [models.mlp([3, 4, 2]), models.mlp([3, 4, 4, 1])];
  expect(nets.map((model) => model.parameterCount)).toEqual([26, 41]);
  expect(nets.map((model) => inspection.summary(model, [3]).depth)).toEqual([2, 3]);
});

it("002.17: h₁ = f(W₁ x + b₁), h₂ = f(W₂ h₁ + b₂), out = W₃ h₂ + b₃: 3 → 4 → 4 → 1, 32 weights and 9 biases", () => {
  seed(3);
  const model = models.mlp([3, 4, 4, 1], { activation: "sigmoid" });
  const [W1, b1, W2, b2, W3, b3] = model.parameters() as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const x = randn([3, 1]);
  const h1 = W1.matmul(x).add(b1.unsqueeze(1)).sigmoid();
  const h2 = W2.matmul(h1).add(b2.unsqueeze(1)).sigmoid();
  const out = W3.matmul(h2).add(b3.unsqueeze(1));
  expect([h1, h2, out].map(({ shape }) => shape)).toEqual([
    [4, 1],
    [4, 1],
    [1, 1],
  ]);
  expectClose(model(x.T), out.toArray());
  const { weights, biases, parameters } = inspection.summary(model, [3]);
  expect([weights, biases, parameters]).toEqual([32, 9, 41]); // a bias for each of the 9 neurons
});

it("002.19: 32 × 32 × 3 under a 5 × 5 × 3 filter gives 28 × 28; six of them 6 maps by 456 parameters, where full layers take 14,450,688 weights", () => {
  const one = nn.conv2d(3, 1, 5);
  const six = nn.conv2d(3, 6, 5);
  const x = randn([1, 3, 32, 32]);
  expect(one(x).shape).toEqual([1, 1, 28, 28]);
  expect(six(x).shape).toEqual([1, 6, 28, 28]);
  expect([one.weight.size, six.parameterCount]).toEqual([75, 456]);
  expect(x.size * six(x).size).toBe(14_450_688);
  const term = x
    .slice([null, null, [3, 8], [4, 9]])
    .mul(one.weight)
    .sum()
    .add(one.bias!);
  expectClose(one(x).at(0, 0, 3, 4), term.item());
});

/** The height of what a convolution F × F makes of N × N. */
const sizeOf = (N: number, F: number, stride = 1, padding = 0) =>
  conv2d(zeros([1, 1, N, N]), zeros([1, 1, F, F]), null, { stride, padding }).shape[2];

it("002.20: (N − F)/S + 1: 7 under 3 gives 5, 3, and 2.33 at stride 3, which does not fit: the last column is left out", () => {
  expect([1, 2, 3].map((stride) => sizeOf(7, 3, stride))).toEqual([5, 3, 2]);
  const x = ones([1, 1, 7, 7]);
  const last = zeros([1, 1, 7, 7]).sliceScatter([null, null, null, [6, 7]], ones([1, 1, 7, 1]));
  const k = ones([1, 1, 3, 3]);
  expect(conv2d(x.add(last), k, null, { stride: 3 }).toArray()).toEqual(
    conv2d(x, k, null, { stride: 3 }).toArray(),
  );
});

it("002.21: (N + 2P − F)/S + 1: 7 stays 7; P = (F − 1)/2 keeps the size; unpadded 32 becomes 28 and 24", () => {
  expect(sizeOf(7, 3, 1, 1)).toBe(7);
  for (const F of [3, 5, 7]) expect(sizeOf(20, F, 1, (F - 1) / 2)).toBe(20);
  expect(sizeOf(32, 5)).toBe(28);
  expect(sizeOf(28, 5)).toBe(24);
});

it("002.22: ten 5 × 5 filters with padding 2 on 32 × 32 × 3: 32 × 32 × 10 by 760 parameters, 76 each", () => {
  const layer = nn.conv2d(3, 10, 5, { padding: 2 });
  expect(layer(zeros([1, 3, 32, 32])).shape).toEqual([1, 10, 32, 32]);
  expect([layer.parameterCount, layer.parameterCount / 10]).toEqual([760, 76]);
});

it("002.23, 004.31: F · F · D₁ · K weights and K biases; (3, 1, 1), (5, 1, 2) and (1, 1, 0) keep the size; F = 5, S = 2 divides evenly by no padding", () => {
  for (const [F, S, P] of [
    [3, 1, 1],
    [5, 1, 2],
    [1, 1, 0],
  ] as const) {
    const layer = nn.conv2d(16, 32, F, { stride: S, padding: P });
    expect([layer.weight.size, layer.bias!.size]).toEqual([F * F * 16 * 32, 32]);
    expect(layer(zeros([1, 16, 14, 14])).shape).toEqual([1, 32, 14, 14]);
  }
  // (32 + 2P − 5)/2 + 1 = 14.5, 15.5, 16.5, 17.5: always rounded down.
  expect([0, 1, 2, 3].map((P) => sizeOf(32, 5, 2, P))).toEqual([14, 15, 16, 17]);
});

it("002.23: a 1 × 1 convolution is a full layer at every pixel", () => {
  const layer = nn.conv2d(3, 5, 1);
  const dense = nn.linear(3, 5);
  fill(dense, layer.weight.flatten(1).toArray(), layer.bias!.toArray());
  const x = randn([2, 3, 4, 4]);
  expectClose(layer(x).permute([0, 2, 3, 1]), dense(x.permute([0, 2, 3, 1])).toArray());
});

it("002.24, 004.32: 2 × 2 maxima are 6 8 / 3 4, the least 1 2 / 1 0; slice by slice, (W − F)/S + 1 wide, without parameters", () => {
  const { x, out } = worked["002.maxpool"];
  expect(rows(maxPool2d(image(x), 2))).toEqual(out);
  expect(out).toEqual([
    [6, 8],
    [3, 4],
  ]);
  expect(rows(minPool2d(image(x), 2))).toEqual([
    [1, 2],
    [1, 0],
  ]);
  const layers = [nn.maxPool2d(2, { stride: 2 }), nn.maxPool2d(3, { stride: 2 })];
  expect(layers.map((layer) => layer(zeros([1, 16, 13, 13])).shape)).toEqual([
    [1, 16, 6, 6],
    [1, 16, 6, 6],
  ]);
  expect(layers.map((layer) => layer.parameterCount)).toEqual([0, 0]);
});

const column = () => tensor([[1], [2], [3], [4]]);

it("002.25: x̂ = (x − E[x])/√Var[x] for each dimension over the batch", () => {
  seed(4);
  const layer = nn.batchNorm1d(3, { epsilon: 0 });
  const y = layer(
    randn([50, 3])
      .mul(tensor([1, 5, 0.1]))
      .add(tensor([0, 7, -2])),
  );
  expectClose(y.mean(0), [0, 0, 0]);
  expectClose(y.square().mean(0), [1, 1, 1]);
});

it("002.26: 1, 2, 3, 4 become ∓1.341641 and ∓.447214, with ε = 1e-5 ∓1.341635 and ∓.447212; γ = √(Var + ε), β = E undo it, γ = √Var only to 6e-6", () => {
  expectClose(nn.batchNorm1d(1, { epsilon: 0 })(column()), [-1.341641, -0.447214, 0.447214, 1.341641], 1e-6);
  const layer = nn.batchNorm1d(1);
  expectClose(layer(column()), [-1.341635, -0.447212, 0.447212, 1.341635], 1e-6);
  const errorWith = (gamma: number) => {
    fill(layer, [gamma], [2.5]);
    return layer(column()).sub(column()).abs().max().item();
  };
  expect(errorWith(Math.sqrt(1.25 + 1e-5))).toBeLessThan(5e-7);
  expect(errorWith(Math.sqrt(1.25))).toBeGreaterThan(5e-6);
  expect(errorWith(Math.sqrt(1.25))).toBeLessThan(7e-6);
});

it("002.27: μ, σ² (by 1/m), x̂ and y = γ x̂ + β, step by step; for maps over samples and places", () => {
  seed(5);
  const x = randn([6, 2]);
  const mean = x.mean(0);
  const variance = x.sub(mean).square().mean(0);
  const normal = x.sub(mean).div(variance.add(1e-5).sqrt());
  const layer = nn.batchNorm1d(2);
  fill(layer, [2, 3], [-1, 0.5]);
  expectClose(
    layer(x),
    normal
      .mul(tensor([2, 3]))
      .add(tensor([-1, 0.5]))
      .toArray(),
  );
  const maps = nn.batchNorm2d(3)(randn([4, 3, 5, 5]).mul(9).add(2));
  expectClose(maps.mean([0, 2, 3]), [0, 0, 0]);
  expectClose(maps.square().mean([0, 2, 3]), [1, 1, 1], 1e-4);
});

it("002.28: at test time the statistics of training, running averages, whatever the batch", () => {
  const layer = nn.batchNorm1d(1, { momentum: 0.5 });
  layer(column()); // mean 2.5, variance 5/3 by 1/(m − 1), as in PyTorch
  const running = Object.fromEntries(layer.namedBuffers());
  expectClose(running.runningMean!, 0.5 * 0 + 0.5 * 2.5);
  expectClose(running.runningVar!, 0.5 * 1 + 0.5 * (5 / 3));
  layer.eval();
  const alone = noGrad(() => layer(tensor([[4]])).item());
  expectClose(alone, (4 - 1.25) / Math.sqrt(0.5 + 5 / 6 + 1e-5));
  expectClose(
    noGrad(() => layer(column()).at(3)),
    alone,
  );
  for (let step = 0; step < 30; step++) layer.train()(column());
  expectClose(running.runningMean!, 2.5);
});

itReadsEveryNumberOf(worked);
