/** Lecture 004, "Introduction to Deep Learning": its formulas and numbers, item by item. No worked example of its own is stored as data. */
import { expect, it } from "vitest";
import {
  classical,
  conv2d,
  data,
  inspection,
  models,
  nn,
  ones,
  optim,
  rand,
  randn,
  randperm,
  seed,
  shapeOnlyBackend,
  type Tensor,
  tensor,
  withBackend,
  zeros,
} from "../../../engine/index.ts";
import { expectClose, fill, image } from "./worked.ts";

const corners = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);

/** What a threshold unit says to 000, 001, …, 111. */
const outputs = (weights: number[], threshold: number) =>
  classical
    .thresholdUnit(weights, threshold)
    .truthTable()
    .map(({ output }) => output);

/** How many weights from `least` to `most` meet the conditions and do not give this table. */
function counterexamples(
  conditions: (w: number[]) => boolean,
  threshold: number,
  table: number[],
  least: number,
  most: number,
): number {
  let count = 0;
  for (let a = least; a <= most; a++)
    for (let b = least; b <= most; b++)
      for (let c = least; c <= most; c++)
        if (conditions([a, b, c]) && `${outputs([a, b, c], threshold)}` !== `${table}`) count++;
  return count;
}

it("004.5, 004.10: z = Σ wᵢ xᵢ + b, output f(z)", () => {
  const neuron = nn.sequential(nn.linear(3, 1), nn.sigmoid());
  fill(neuron, [[0.5, -1, 2]], [0.1]);
  const z = 0.5 * 1 - 1 * 2 + 2 * 3 + 0.1;
  expectClose(neuron(tensor([[1, 2, 3]])), 1 / (1 + Math.exp(-z)));
});

it("004.6: the threshold itself is not enough; b = −T", () => {
  const unit = classical.thresholdUnit([1, 1], 1);
  expect(unit.predict(corners).toArray()).toEqual([0, 0, 0, 1]);
  expect(unit.bias).toBe(-1);
  expect(`${unit}`).toBe("ThresholdUnit: 1 if 1 x0 + 1 x1 > 1, else 0");
});

it("004.7: three yes-or-no factors have a table of 8 rows", () => {
  const table = classical.thresholdUnit([1, 1, 1], 2).truthTable();
  expect(table.map(({ inputs }) => inputs.join(""))).toEqual("000 001 010 011 100 101 110 111".split(" "));
});

it("004.8: w = (6, 2, 2) with T = 5 goes only if the weather is good; w₁ > 5 and w₂ + w₃ ≤ 5 are enough for w ≥ 0 only", () => {
  const table = [0, 0, 0, 0, 1, 1, 1, 1];
  expect(outputs([6, 2, 2], 5)).toEqual(table);
  const conditions = ([a = 0, b = 0, c = 0]: number[]) => a > 5 && b + c <= 5;
  expect(counterexamples(conditions, 5, table, 0, 11)).toBe(0);
  expect(counterexamples(conditions, 5, table, -8, 8)).toBe(569);
  expect(outputs([6, -8, 6], 5)[1]).toBe(1);
});

it("004.9: w = (2, 2, 1) with T = 3 goes only with weather and time, w ≥ 0 again", () => {
  // The lecture repeats the bullet "only if the weather is good" here.
  const table = [0, 0, 0, 0, 0, 0, 1, 1];
  expect(outputs([2, 2, 1], 3)).toEqual(table);
  const conditions = ([a = 0, b = 0, c = 0]: number[]) => a + b > 3 && b + c <= 3 && a + c <= 3;
  expect(counterexamples(conditions, 3, table, 0, 11)).toBe(0);
  expect(counterexamples(conditions, 3, table, -8, 8)).toBe(514);
});

it("004.11: a step is not differentiable where it matters: its gradient is 0, and nothing is learned", () => {
  const model = nn.sequential(nn.linear(2, 1), nn.step());
  nn.sse(model(corners), tensor([[0], [1], [1], [1]])).backward();
  expect(model.parameters().map((own) => own.grad!.abs().sum().item())).toEqual([0, 0]);
  expect(
    nn
      .step()(tensor([-1, 0, 1]))
      .toArray(),
  ).toEqual([0, 0, 1]);
});

it("004.12: 1/(1 + e⁻ᶻ), and (eᶻ − e⁻ᶻ)/(eᶻ + e⁻ᶻ), which is tanh and not tan as printed", () => {
  const z = tensor([-2, 0, 0.7]);
  expectClose(z.sigmoid(), z.neg().exp().add(1).reciprocal().toArray());
  const [up, down] = [z.exp(), z.neg().exp()];
  expectClose(z.tanh(), up.sub(down).div(up.add(down)).toArray());
});

it("004.13: max(0, z) and max(0.01 z, z)", () => {
  const z = tensor([-5, 0, 3]);
  expect(z.relu().toArray()).toEqual(z.maximum(0).toArray());
  expectClose(nn.leakyRelu()(z), z.maximum(z.mul(0.01)).toArray());
});

it("004.15: yᵢ = f(xᵢ, W): a real number in regression, one of {cat, bike, dog, house, car} in classification", () => {
  seed(5);
  const x = randn([200, 3]);
  const [regression, scores] = [models.mlp([3, 8, 1])(x), models.mlp([3, 8, 5])(x)];
  expect(regression.unique().values.size).toBe(200);
  const classes = scores.argmax(1);
  expect([classes.dtype, classes.shape]).toEqual(["int32", [200]]);
  expect(new Set(classes.toArray() as number[]).isSubsetOf(new Set([0, 1, 2, 3, 4]))).toBe(true);
});

it("004.16: the series' next values follow their windows, and an 8 × 8 block goes through a code of 8 numbers", () => {
  const { train } = data.timeSeries({ window: 5 });
  expect(train.points.shape[1]).toBe(5);
  const block = models.autoencoder([64, 8]);
  expect(block.encode(rand([3, 1, 8, 8])).shape).toEqual([3, 8]);
  expect(block(rand([3, 1, 8, 8])).shape).toEqual([3, 1, 8, 8]);
});

it("004.17: forward, error, backward, update: one step of a 2-2-2 network by hand", () => {
  const model = models.mlp([2, 2, 2], { activation: "sigmoid" });
  fill(
    model,
    [
      [0.15, 0.2],
      [0.25, 0.3],
    ],
    [0.35, 0.35],
    [
      [0.4, 0.45],
      [0.5, 0.55],
    ],
    [0.6, 0.6],
  );
  const [x, d, lr] = [[0.05, 0.1], [0.01, 0.99], 0.5] as const;
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  const h = [sigmoid(0.15 * x[0] + 0.2 * x[1] + 0.35), sigmoid(0.25 * x[0] + 0.3 * x[1] + 0.35)] as const;
  const y = [0.4 * h[0] + 0.45 * h[1] + 0.6, 0.5 * h[0] + 0.55 * h[1] + 0.6] as const;
  const delta = [y[0] - d[0], y[1] - d[1]] as const;
  const hidden = [0, 1].map((j) => {
    const back = delta[0] * [0.4, 0.45][j]! + delta[1] * [0.5, 0.55][j]!;
    return back * h[j]! * (1 - h[j]!);
  });
  const cost = nn.sse(model(tensor([[...x]])), tensor([[...d]]), { half: true });
  expectClose(cost, (delta[0] ** 2 + delta[1] ** 2) / 2);
  cost.backward();
  optim.sgd(model.parameters(), { lr }).step();
  const [W1, b1, W2, b2] = model.parameters() as [Tensor, Tensor, Tensor, Tensor];
  expectClose(W1.at(0, 1), 0.2 - lr * hidden[0]! * x[1]);
  expectClose(b1.at(1), 0.35 - lr * hidden[1]!);
  expectClose(W2.at(1, 0), 0.5 - lr * delta[1] * h[0]);
  expectClose(b2.at(0), 0.6 - lr * delta[0]);
});

it("004.18: C = ½ Σ ‖y − ŷ‖² has the gradient ŷ − y: that is what the ½ is for", () => {
  const target = tensor([
    [0, 4],
    [3, 1],
  ]);
  const prediction = tensor(
    [
      [1, 2],
      [3, 5],
    ],
    { requiresGrad: true },
  );
  const cost = nn.sse(prediction, target, { half: true });
  cost.backward();
  expect(cost.item()).toBe(10.5);
  expect(prediction.grad!.toArray()).toEqual([
    [1, -2],
    [0, 4],
  ]);
});

it("004.19: w′ = w − η ∂C/∂w, b′ = b − η ∂C/∂b; η fixed, or falling by a schedule", () => {
  const model = nn.linear(1, 1);
  fill(model, [[2]], [1]);
  const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
  nn.sse(model(tensor([[3]])), tensor([[5]]), { half: true }).backward();
  optimizer.step(); // ŷ − y = 2
  expectClose(
    model.parameters().map((own) => own.item()),
    [2 - 0.1 * 2 * 3, 1 - 0.1 * 2],
  );
  const cosine = optim.cosineAnnealing();
  expectClose([0, 0.5, 1].map(cosine), [1, 0.5, 0]);
});

it("004.21: parameters grow linearly with the layers, not exponentially as printed: 10,100, 20,200, 40,400, 80,800", () => {
  const counts = [1, 2, 4, 8].map((depth) => models.mlp(new Array(depth + 1).fill(100)).parameterCount);
  expect(counts).toEqual([10_100, 20_200, 40_400, 80_800]);
});

it("004.21: a vector has lost who is next to whom: scrambled images are the same to a full layer, not to a convolution", () => {
  seed(1);
  const order = randperm(64);
  const scramble = (x: Tensor) => x.flatten(1).indexSelect(1, order).reshape(x.shape);
  const x = rand([4, 1, 8, 8]);
  const full = nn.linear(64, 3);
  const moved = nn.linear(64, 3);
  fill(moved, full.weight.indexSelect(1, order).toArray(), full.bias!.toArray());
  expectClose(moved(scramble(x).flatten(1)), full(x.flatten(1)).toArray());
  const k = ones([1, 1, 3, 3]).div(9);
  expect(conv2d(scramble(x), k).var().item()).not.toBeCloseTo(conv2d(x, k).var().item(), 6);
});

it("004.24: a colour picture is three matrices, a grey one a single one; 0 to 255 become 0 to 1", () => {
  const { images } = data.digits({ train: 10, test: 1 }).train;
  expect(images.shape).toEqual([10, 1, 28, 28]);
  expect([images.min().item(), images.max().item()]).toEqual([0, expect.closeTo(1, 1)]);
  const colours = data.shapes({ train: 4, test: 1, channels: 3 }).train.images;
  expect(colours.shape.slice(0, 2)).toEqual([4, 3]);
});

it("004.25, 004.28, 004.29: H₁ × W₁ × D₁ under one kernel H₂ × W₂ × D₁ gives one map, under several a stack of as many", () => {
  const x = randn([1, 3, 10, 12]);
  const k = randn([4, 3, 3, 5]);
  const stack = conv2d(x, k);
  expect(conv2d(x, k.narrow(0, 0, 1)).shape).toEqual([1, 1, 8, 8]);
  expect(stack.shape).toEqual([1, 4, 8, 8]);
  for (const i of [0, 1, 2, 3]) expectClose(stack.narrow(1, i, 1), conv2d(x, k.narrow(0, i, 1)).toArray());
});

it("004.26: slide, multiply element by element, add: W₃ = W₁ − W₂ + 1", () => {
  seed(2);
  const [x, k] = [randn([1, 1, 5, 6]), randn([1, 1, 2, 3])];
  const y = conv2d(x, k);
  expect(y.shape).toEqual([1, 1, 5 - 2 + 1, 6 - 3 + 1]);
  const place = x
    .slice([null, null, [2, 4], [1, 4]])
    .mul(k)
    .sum();
  expectClose(y.at(0, 0, 2, 1), place.item());
});

it("004.27: a kernel is learned: gradient descent finds the Sobel mask from pictures before and after", () => {
  seed(3);
  const sobel = image([
    [-1, 0, 1],
    [-2, 0, 2],
    [-1, 0, 1],
  ]);
  const x = rand([8, 1, 12, 12]);
  const layer = nn.conv2d(1, 1, 3, { bias: false });
  const optimizer = optim.adam(layer.parameters(), { lr: 0.1 });
  for (let step = 0; step < 300; step++) {
    nn.mse(layer(x), conv2d(x, sobel)).backward();
    optimizer.step();
  }
  expectClose(layer.weight, sobel.toArray(), 0.02);
});

it("004.33: a fully connected layer at the end takes features and gives probabilities", () => {
  const model = nn.sequential(nn.flatten(), nn.linear(16 * 5 * 5, 10), nn.softmax(1));
  const p = model(rand([2, 16, 5, 5]));
  expect(p.shape).toEqual([2, 10]);
  expectClose(p.sum(1), [1, 1]);
});

it("004.34: all activations of a network for one image, layer by layer", () => {
  const model = models.leNet5();
  const strip = model.trace(rand([1, 1, 28, 28]));
  expect(strip.map(({ path }) => path)).toEqual(
    inspection.summary(model, [1, 28, 28]).layers.map(({ path }) => path),
  );
  expect(strip.at(-1)!.output.shape).toEqual([1, 10]);
});

it("004.35: VGG-16 has 138,357,544 parameters and VGG-19 143,667,240, not fewer than AlexNet's 60,965,224 as printed", () => {
  const counts = withBackend(shapeOnlyBackend, () =>
    [models.alexNet(), models.vgg16(), models.vgg19()].map((model) => model.parameterCount),
  );
  expect(counts).toEqual([60_965_224, 138_357_544, 143_667_240]);
});

it("004.37: of 224 · 224 · 3 = 150,528 inputs three neurons have 451,584 weights, three 11 × 11 × 3 filters 1,089 (3 biases more in both)", () => {
  withBackend(shapeOnlyBackend, () => {
    expect(zeros([3, 224, 224]).size).toBe(150_528);
    const [full, filters] = [nn.linear(150_528, 3), nn.conv2d(3, 3, 11)];
    expect([full.weight.size, full.parameterCount]).toEqual([451_584, 451_587]);
    expect([filters.weight.size, filters.parameterCount]).toEqual([1089, 1092]);
    expect(full.weight.size / filters.weight.size).toBeCloseTo(414.7, 1);
  });
});

it("004.38: the same parameters everywhere make equivariance, which the lecture calls invariance; a stride breaks it", () => {
  seed(4);
  const [x, k] = [rand([1, 1, 8, 8]), randn([1, 1, 3, 3])];
  const round = (stride: number) => (y: Tensor) =>
    conv2d(
      y.pad(
        [
          [1, 1],
          [1, 1],
        ],
        "circular",
      ),
      k,
      null,
      { stride },
    );
  const commutes = (f: (y: Tensor) => Tensor, by: number) =>
    f(x.roll([1], [3])).allClose(f(x).roll([by], [3]));
  expect(commutes(round(1), 1)).toBe(true);
  expect([0, 1].map((by) => commutes(round(2), by))).toEqual([false, false]);
  expect(round(1)(x.roll([1], [3])).allClose(round(1)(x))).toBe(false);
});

it("004.39: few weights serve the whole image: of 28 × 28 to 28 × 28 a full layer needs 614,656, a 5 × 5 kernel 25", () => {
  expect(nn.linear(784, 784, { bias: false }).parameterCount).toBe(614_656);
  const layer = nn.conv2d(1, 1, 5, { padding: "same", bias: false });
  expect([layer.parameterCount, layer(zeros([1, 1, 28, 28])).size]).toEqual([25, 784]);
});
