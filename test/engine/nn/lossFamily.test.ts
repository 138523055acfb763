import { describe, expect, it } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { checkGradient } from "../../../engine/checkgradient.ts";
import { ones, rand, randn, tensor, zeros } from "../../../engine/creation.ts";
import * as nn from "../../../engine/nn/index.ts";
import * as classification from "../../../engine/nn/losses/classification.ts";
import * as composition from "../../../engine/nn/losses/composition.ts";
import * as distribution from "../../../engine/nn/losses/distribution.ts";
import * as regression from "../../../engine/nn/losses/regression.ts";
import * as similarity from "../../../engine/nn/losses/similarity.ts";
import { seed } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import golden from "./golden/losses.json" with { type: "json" };
import { flat, wave } from "./wave.ts";

type Name = Exclude<keyof typeof golden, "torch" | "several" | "empty">;
type Run = (prediction: Tensor, target: Tensor, options: nn.LossOptions) => Tensor;

const weight = [0.5, 2, 1.25];
const other = (): Tensor => wave([4, 3], 2, 0.8, 0.9);

/** By golden name, which begins with the loss's. */
const runs: Record<Name, Run> = {
  crossEntropy: nn.crossEntropy,
  crossEntropySoft: nn.crossEntropy,
  crossEntropySpread: nn.crossEntropy,
  crossEntropySpreadSoft: (x, y, o) => nn.crossEntropy(x, y, { ...o, weight, labelSmoothing: 0.3 }),
  nllSpread: (x, y, o) => nn.nll(x, y, { ...o, weight }),
  mse: nn.mse,
  mseImages: nn.mse,
  maeImages: nn.mae,
  bceWithLogits: nn.bceWithLogits,
  bceSure: nn.bce,
  diceEps: (x, y, o) => nn.dice(x, y, { ...o, eps: 1 }),
  sseHalf: (x, y, o) => nn.sse(x, y, { reduction: "mean", half: true, ...o }),
  sseImages: (x, y, o) => nn.sse(x, y, { reduction: "mean", ...o }),
  pNormLargest: (x, y, o) => nn.pNorm(x, y, { ...o, p: Number.POSITIVE_INFINITY }),
  gaussianNllVariances: (x, y, o) => nn.gaussianNll(x, y, { ...o, variance: wave([3], 1, 1.3).exp() }),
  klDivergenceSure: nn.klDivergence,
  crossEntropyWeight: (x, y, o) => nn.crossEntropy(x, y, { ...o, weight }),
  crossEntropySmoothing: (x, y, o) => nn.crossEntropy(x, y, { ...o, labelSmoothing: 0.2 }),
  crossEntropyBoth: (x, y, o) => nn.crossEntropy(x, y, { ...o, weight: tensor(weight), labelSmoothing: 0.2 }),
  crossEntropySoftBoth: (x, y, o) => nn.crossEntropy(x, y, { ...o, weight, labelSmoothing: 0.2 }),
  crossEntropySpreadBoth: (x, y, o) => nn.crossEntropy(x, y, { ...o, weight, labelSmoothing: 0.1 }),
  nll: nn.nll,
  nllWeight: (x, y, o) => nn.nll(x, y, { ...o, weight }),
  bce: nn.bce,
  dice: nn.dice,
  sse: (x, y, o) => nn.sse(x, y, { reduction: "mean", ...o }),
  mae: nn.mae,
  pNorm1: (x, y, o) => nn.pNorm(x, y, { ...o, p: 1 }),
  pNorm2: nn.pNorm,
  pNorm3: (x, y, o) => nn.pNorm(x, y, { ...o, p: 3 }),
  gaussianNll: (x, y, o) => nn.gaussianNll(x, y, { ...o, variance: 0.3 }),
  klDivergence: nn.klDivergence,
  gaussianKl: nn.gaussianKl,
  ntXent: nn.ntXent,
  ntXentCold: (x, y, o) => nn.ntXent(x, y, { ...o, temperature: 0.1 }),
  triplet: (x, y, o) => nn.triplet(x, y, other(), { ...o, margin: 1.5 }),
};

const toTensor = (values: unknown): Tensor => tensor(values as number[]);

/** float32 sums of a dozen terms in another order: 1e-5 relative to 1 or the value. */
function expectClose(actual: Tensor, expected: unknown): void {
  const values = actual.toTypedArray();
  const wanted = flat(expected);
  expect(values).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(values[i]! - value), `element ${i}: ${values[i]} for ${value}`).toBeLessThan(
      1e-5 * (1 + Math.abs(value)),
    );
  });
}

describe("against PyTorch: value under every reduction, and gradient", () => {
  for (const [name, run] of Object.entries(runs)) {
    it(name, () => {
      const expected = golden[name as Name];
      const prediction = toTensor(expected.prediction);
      prediction.requiresGrad = true;
      const target = toTensor(expected.target);
      expectClose(run(prediction, target, { reduction: "sum" }), expected.sum);
      expectClose(run(prediction, target, { reduction: "none" }), expected.none);
      const mean = run(prediction, target, {});
      expectClose(mean, expected.mean);
      mean.backward();
      expectClose(prediction.grad!, expected.gradient);
    });
  }
});

const target = (): Tensor => wave([4, 3], 1, 0.7, 0.2);
const goals = (): Tensor => wave([4, 3], 2, 0.6, 1).sigmoid();

/** Losses of several operands, by golden name. */
const several: Record<keyof typeof golden.several, (...operands: Tensor[]) => Tensor> = {
  contrastive: (a, p, n) => nn.contrastive(a!, p!, n!),
  contrastiveCold: (a, p, n) => nn.contrastive(a!, p!, n!, { temperature: 0.1 }),
  ntXentBoth: (a, b) => nn.ntXent(a!, b!),
  tripletAll: (a, p, n) => nn.triplet(a!, p!, n!, { margin: 5 }),
  gaussianKlBoth: (m, v) => nn.gaussianKl(m!, v!),
  gaussianNllAll: (x, t, variance) => nn.gaussianNll(x!, t!, { variance: variance! }),
  elbo: (x, m, v) =>
    nn.elbo(
      nn.sse(x!, wave([4, 3], 3, 1.7), { reduction: "none" }).neg(),
      nn.gaussianKl(m!, v!, { reduction: "none" }),
      { beta: 0.7 },
    ),
  adversarialValue: (r, f) => nn.adversarial.value(r!, f!),
  adversarialDiscriminator: (r, f) => nn.adversarial.discriminator(r!, f!),
  adversarialGenerator: (f) => nn.adversarial.generator(f!),
  adversarialSaturatingGenerator: (f) => nn.adversarial.saturatingGenerator(f!),
  l1Penalty: (a, b) => nn.l1Penalty([a!, b!]),
  l2Penalty: (a, b) => nn.l2Penalty([a!, b!]),
  multiTask: (x, p) => nn.multiTask([nn.mse(x!, target()), nn.bce(p!, goals())], [0.3, 2]),
  multiTaskAlike: (x, p) => nn.multiTask([nn.mse(x!, target()), nn.bce(p!, goals())]),
};

describe("against PyTorch: the value of several operands, and the gradient of each", () => {
  it.each(Object.entries(several))("%s", (name, loss) => {
    const expected = golden.several[name as keyof typeof several];
    const operands = expected.operands.map(toTensor);
    for (const operand of operands) operand.requiresGrad = true;
    const value = loss(...operands);
    expectClose(value, [expected.value]);
    value.backward();
    operands.forEach((operand, i) => {
      expectClose(operand.grad!, expected.gradients[i]);
    });
  });
});

it("every loss is compared with PyTorch", () => {
  const files = [classification, composition, distribution, regression, similarity];
  const names = files
    .flatMap((file) => Object.keys(file))
    .filter((name) => name in nn)
    .concat(
      Object.keys(nn.adversarial).map((name) => `adversarial${name[0]!.toUpperCase()}${name.slice(1)}`),
    );
  expect(names.length).toBeGreaterThan(20);
  // A golden is of the loss with the longest name that its own begins with.
  const lossOf = (key: string) =>
    names.filter((name) => key.startsWith(name)).toSorted((a, b) => b.length - a.length)[0];
  const compared = [...Object.keys(runs), ...Object.keys(several)].map(lossOf);
  expect(names.filter((name) => !compared.includes(name))).toEqual([]);
});

describe("of no samples", () => {
  const none = (): Tensor => zeros([0, 3], { requiresGrad: true });
  const losses: Record<string, (x: Tensor, options: nn.LossOptions) => Tensor> = {
    crossEntropy: (x, o) => nn.crossEntropy(x, zeros([0]), o),
    nll: (x, o) => nn.nll(x, zeros([0]), o),
    bce: (x, o) => nn.bce(x, none(), o),
    bceWithLogits: (x, o) => nn.bceWithLogits(x, none(), o),
    mse: (x, o) => nn.mse(x, none(), o),
    mae: (x, o) => nn.mae(x, none(), o),
    triplet: (x, o) => nn.triplet(x, none(), none(), o),
    sse: (x, o) => nn.sse(x, none(), { reduction: "mean", ...o }),
    pNorm: (x, o) => nn.pNorm(x, none(), o),
    gaussianNll: (x, o) => nn.gaussianNll(x, none(), o),
    dice: (x, o) => nn.dice(x, none(), o),
    klDivergence: (x, o) => nn.klDivergence(x, none(), o),
    gaussianKl: (x, o) => nn.gaussianKl(x, none(), o),
    elbo: (x, o) => nn.elbo(x.sum(1), none().sum(1), o),
    contrastive: (x, o) => nn.contrastive(x, none(), ones([2, 3]), o),
  };

  it.each(Object.entries(losses))("%s has a sum, which is 0, but no mean", (name, loss) => {
    // As PyTorch's, where PyTorch has the loss.
    const theirs = { sum: 0, none: [0], gradient: [0, 3], ...Reflect.get(golden.empty, name) };
    const x = none();
    const sum = loss(x, { reduction: "sum" });
    expect(sum.item()).toBe(theirs.sum);
    sum.backward();
    expect(x.grad?.shape).toEqual(theirs.gradient);
    expect(loss(none(), { reduction: "none" }).shape).toEqual(theirs.none);
    expect(() => loss(none(), {})).toThrow(
      `${name}: there are no samples to take the mean of; leave empty batches out, or use reduction "sum", which gives 0`,
    );
  });

  it("the adversarial game has no mean either", () => {
    expect(() => nn.adversarial.generator(zeros([0]))).toThrow(
      /adversarial\.generator: there are no samples/,
    );
    expect(() => nn.adversarial.value(ones([2]), zeros([0]))).toThrow(
      /adversarial\.value: there are no samples/,
    );
  });
});

describe("gradients of every operand, against central differences in float64", () => {
  const float = { dtype: "float64", requiresGrad: true } as const;
  const cases: Record<string, () => [(...inputs: Tensor[]) => Tensor, Tensor[]]> = {
    contrastive: () => [
      (a, p, n) => nn.contrastive(a!, p!, n!, { temperature: 0.3 }),
      [randn([3, 4], float), randn([3, 4], float), randn([5, 4], float)],
    ],
    ntXent: () => [(a, b) => nn.ntXent(a!, b!), [randn([3, 4], float), randn([3, 4], float)]],
    triplet: () => [
      (a, p, n) => nn.triplet(a!, p!, n!, { margin: 5 }),
      [randn([3, 4], float), randn([3, 4], float), randn([3, 4], float)],
    ],
    elbo: () => [
      (x, m, v) =>
        nn.elbo(
          nn.gaussianNll(x!, m!, { variance: v!.exp(), reduction: "none" }).neg(),
          nn.gaussianKl(m!, v!, { reduction: "none" }),
          { beta: 0.7 },
        ),
      [randn([3, 4], float), randn([3, 4], float), randn([3, 4], float)],
    ],
    "adversarial, both forms": () => [
      (r, f) =>
        nn.adversarial
          .discriminator(r!, f!)
          .add(nn.adversarial.generator(f!).mul(2))
          .add(nn.adversarial.saturatingGenerator(f!).mul(3)),
      [randn([5], float), randn([5], float)],
    ],
    "penalties and several tasks": () => [
      (a, b) => nn.multiTask([nn.l1Penalty([a!]), nn.l2Penalty([a!, b!])], [0.3, 2]),
      [randn([3, 2], float), randn([4], float)],
    ],
    "pNorm with p = ∞": () => [
      (a, b) => nn.pNorm(a!, b!, { p: Number.POSITIVE_INFINITY }),
      [randn([3, 4], float), randn([3, 4], float)],
    ],
    "bce and dice of probabilities": () => [
      (p) => nn.bce(p!, ones([2, 3], { dtype: "float64" }).mul(0.3)).add(nn.dice(p!, ones([2, 3]))),
      [rand([2, 3], float)],
    ],
  };
  for (const [name, make] of Object.entries(cases)) {
    it(name, () => {
      seed(3);
      withBackend(referenceBackend, () => {
        const report = checkGradient(...make());
        expect(report.ok, String(report)).toBe(true);
      });
    });
  }
});

describe("limits", () => {
  it("no error and no distance have gradient 0, not NaN", () => {
    const x = nn.parameter(ones([2, 3]));
    nn.pNorm(x, ones([2, 3])).backward();
    expect(flat(x.grad?.toArray())).toEqual([0, 0, 0, 0, 0, 0]);
    nn.triplet(x, ones([2, 3]), ones([2, 3])).backward();
    expect(flat(x.grad?.toArray()).every((value) => value === 0)).toBe(true);
  });

  it("bce and klDivergence of certain predictions are finite, with 0 · ln 0 = 0", () => {
    expect(nn.bce(tensor([0, 1]), tensor([0, 1])).item()).toBe(0);
    expect(nn.bce(tensor([0]), tensor([1])).item()).toBe(100);
    const certain = tensor([[0, Number.NEGATIVE_INFINITY]]);
    expect(nn.klDivergence(certain, tensor([[1, 0]])).item()).toBe(0);
    expect(nn.dice(zeros([2, 4]), zeros([2, 4])).item()).toBe(0);
    expect(nn.dice(tensor([[1, 0]]), tensor([[0, 1]])).item()).toBeCloseTo(1, 5);
  });
});

describe("what students do wrong", () => {
  it("scores or softmax where logarithms of probabilities are meant", () => {
    expect(() => nn.nll(tensor([[0.2, 1.5]]), tensor([0]))).toThrow(
      "nll: log-probabilities are ≤ 0, but number 0 is 0.20000000298023224; take scores.logSoftmax(1), or nn.crossEntropy of the scores",
    );
    expect(() => nn.klDivergence(tensor([[0.2, 0.8]]), tensor([[0.5, 0.5]]))).toThrow(
      /number 0 of logQ is .*logSoftmax\(1\)/,
    );
  });

  it("scores where probabilities are meant, and the sigmoid twice", () => {
    expect(() => nn.bce(tensor([2.5]), tensor([1]))).toThrow(
      "bce: probabilities are from 0 to 1, but number 0 is 2.5; for scores of any size use nn.bceWithLogits",
    );
    expect(() => nn.dice(tensor([[-3]]), tensor([[1]]))).toThrow(/use scores\.sigmoid\(\)/);
    const logits = nn.parameter(zeros([2]));
    expect(() => nn.adversarial.generator(logits.sigmoid())).toThrow(
      "adversarial.generator: fakeLogits came out of a sigmoid, which is inside already; leave the sigmoid out of the discriminator",
    );
  });

  it("weights, smoothing, temperature, margin, p and variance out of range", () => {
    const logits = zeros([2, 3]);
    const labels = tensor([0, 1]);
    expect(() => nn.crossEntropy(logits, labels, { weight: [1, 2] })).toThrow(
      "crossEntropy: weight must be [3], one number for each class, got [2]",
    );
    expect(() => nn.crossEntropy(logits, labels, { weight: [1, -2, 1] })).toThrow(/class 1 is -2/);
    expect(() => nn.crossEntropy(logits, labels, { labelSmoothing: 10 })).toThrow(
      /share from 0 to 1, got 10/,
    );
    expect(() => nn.ntXent(zeros([2, 3]), zeros([2, 3]), { temperature: 0 })).toThrow(
      "ntXent: temperature must be a number > 0, got 0",
    );
    expect(() => nn.triplet(logits, logits, logits, { margin: -1 })).toThrow(/margin must be a number > 0/);
    expect(() => nn.pNorm(logits, logits, { p: 0.5 })).toThrow(
      /p must be a number ≥ 1, or Infinity, got 0\.5/,
    );
    expect(() => nn.gaussianNll(logits, logits, { variance: 0 })).toThrow(/variance must be > 0, got 0/);
    expect(() => nn.gaussianNll(logits, logits, { variance: zeros([3]) })).toThrow(/logVariance\.exp\(\)/);
  });

  it("a batch without negatives, single embeddings, columns that do not fit", () => {
    expect(() => nn.ntXent(zeros([1, 3]), zeros([1, 3]))).toThrow(
      /ntXent: a batch of 1 pair has no negatives, and without one the loss is 0 .* give at least 2 pairs/,
    );
    expect(() => nn.contrastive(ones([1, 3]), ones([1, 3]), zeros([0, 3]))).toThrow(
      /contrastive: there are no negatives, and without one the loss is 0 .* batch of 2 or more/,
    );
    expect(() => nn.triplet(zeros([0, 3]), zeros([0, 3]), zeros([0, 3]))).toThrow(/there are no samples/);
    expect(() => nn.ntXent(zeros([3]), zeros([3]))).toThrow(
      /a must be \[N, d\], got \[3\]; for one: a\.unsqueeze/,
    );
    expect(() => nn.contrastive(zeros([2, 3]), zeros([2, 3]), zeros([5, 4]))).toThrow(
      /negatives \[5, 4\] must have as many columns as the anchors \[2, 3\]/,
    );
  });

  it("losses that are not one number, weights that do not fit, a loss that was reduced too soon", () => {
    expect(() => nn.multiTask([zeros([3])])).toThrow(
      /loss 0 must be one number, got a Tensor \[3\]; use reduction "mean"/,
    );
    expect(() => nn.multiTask([zeros([])], [1, 2])).toThrow("multiTask: 1 losses need 1 weights, got 2");
    expect(() => nn.multiTask([])).toThrow(/must be an array of Tensors, got an empty array/);
    expect(() => nn.elbo(zeros([4]), zeros([]))).toThrow(/must both be \[N\].*reduction "none" in both/);
    expect(() => Reflect.apply(nn.l2Penalty, undefined, [3])).toThrow(
      /expected a model or an array of Tensors, got 3/,
    );
  });

  it("shapes that would broadcast to the wrong thing, in every family", () => {
    for (const loss of [nn.sse, nn.mae, nn.pNorm, nn.gaussianNll, nn.gaussianKl, nn.bce, nn.dice]) {
      expect(() => (loss as nn.Loss)(zeros([5, 1]), zeros([5]))).toThrow(/\.reshape\(\[5, 1\]\) fits/);
    }
  });
});
