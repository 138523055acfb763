/**
 * What every picture makes of input that nobody means to give: nothing at all, one class, NaN, one value everywhere, 1,000 classes,
 * 10,000 points, images that are not square or have 2 or 5 channels. Either a picture that states a result, below the limit, or an
 * error of ours that says what is wrong. A picture without cases fails.
 */
import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, GradientError, ShapeError } from "../../engine/errors.ts";
import {
  checkGradient,
  classical,
  data,
  full,
  inspection,
  models,
  nn,
  optim,
  rand,
  randn,
  seed,
  type Tensor,
  tensor,
  zeros,
} from "../../engine/index.ts";
import { show } from "../../kernel/view/index.ts";
import type { Displayable, MimeBundle } from "../../kernel/view/mime.ts";
import { bundleOf } from "./decode.ts";
import { widest } from "./snapshot.ts";

type Case = () => Displayable;
type Cases = Readonly<Record<string, Case>>;

seed(11);
const nan = Number.NaN;
const none = zeros([0]);
const numbers = randn([10_000]);
const points = randn([10_000, 2]);
const labelsOf = (n: number, classes: number): Tensor =>
  tensor(
    Array.from({ length: n }, (_, i) => i % classes),
    { dtype: "int32" },
  );
const twoMoons = data.moons({ samples: 40 });
const plane = nn.sequential(nn.linear(2, 4), nn.tanh(), nn.linear(4, 2));
const conv = (channels: number) => nn.sequential(nn.conv2d(channels, 4, 3), nn.relu());
const net = (channels: number) =>
  nn.sequential(nn.conv2d(channels, 4, 3), nn.relu(), nn.flatten(), nn.linear(4 * 6 * 10, 3));

/** Scores, labels: what classifiers are asked about. */
const answers = (draw: (scores: Tensor, labels: Tensor) => Displayable): Cases => ({
  empty: () => draw(zeros([0, 3]), tensor([], { dtype: "int32" })),
  "one class": () => draw(zeros([5, 1]), labelsOf(5, 1)),
  "one class of three": () => draw(rand([5, 3]).softmax(1), labelsOf(5, 1)),
  NaN: () => draw(full([6, 3], nan), labelsOf(6, 3)),
  constant: () => draw(full([6, 3], 1 / 3), labelsOf(6, 3)),
  "1,000 classes": () => draw(rand([2000, 1000]).softmax(1), labelsOf(2000, 1000)),
  "10,000 points": () => draw(rand([10_000, 3]).softmax(1), labelsOf(10_000, 3)),
});
/** Images of all kinds. */
const pixels = (draw: (images: Tensor) => Displayable, ofNothing: number[] = [0, 1, 8, 12]): Cases => ({
  empty: () => draw(zeros(ofNothing)),
  NaN: () => draw(full([3, 1, 8, 12], nan)),
  constant: () => draw(full([3, 1, 8, 12], 0.5)),
  "not square": () => draw(rand([3, 3, 8, 12])),
  "2 channels": () => draw(rand([3, 2, 8, 12])),
  "5 channels": () => draw(rand([3, 5, 8, 12])),
  "1,000 images": () => draw(rand([1000, 1, 8, 12])),
});
/** Lists of numbers. */
const lists = (draw: (values: Tensor) => Displayable): Cases => ({
  empty: () => draw(none),
  "a single one": () => draw(tensor([3])),
  NaN: () => draw(tensor([1, nan, 2])),
  "only NaN": () => draw(tensor([nan, nan])),
  constant: () => draw(full([50], 2)),
  "10,000 points": () => draw(numbers),
});
/** One image through a network with the layers that its picture needs. */
const through = (draw: (model: nn.Sequential, image: Tensor) => Displayable): Cases => ({
  empty: () => draw(net(1), zeros([1, 0, 0])),
  NaN: () => draw(net(1), full([1, 8, 12], nan)),
  constant: () => draw(net(1), full([1, 8, 12], 0.5)),
  "not square": () => draw(net(3), rand([3, 8, 12])),
  "2 channels": () => draw(net(2), rand([2, 8, 12])),
  "5 channels": () => draw(net(5), rand([5, 8, 12])),
  "no layers": () => draw(nn.sequential(), rand([1, 8, 12])),
});
/** Points of a plane with their classes. */
const planes = (draw: (set: ReturnType<typeof data.moons>) => Displayable): Cases => ({
  "one class": () => draw(data.blobs({ classes: 1, samples: 30 })),
  "1,000 classes": () => draw(data.blobs({ classes: 1000, samples: 1000 })),
  "10,000 points": () => draw(data.moons({ samples: 10_000 })),
});
const parametersOf = (fill: (shape: number[]) => Tensor) =>
  nn.linear(3, 2).loadStateDict({ weight: fill([2, 3]), bias: fill([2]) });

const stepsOf = (losses: readonly number[]) => ({
  steps: losses.map((loss, step) => ({ step, epoch: 1, loss })),
  epochs: [],
});

const cases: Readonly<Record<keyof typeof show, Cases>> = {
  tensor: { ...lists((x) => show.tensor(x)), ...pixels((x) => show.tensor(x)) },
  images: pixels((x) => show.images(x)),
  augmentations: pixels((x) => show.augmentations(x, data.transforms.randomHorizontalFlip())),
  bars: lists((x) => show.bars(x)),
  curves: {
    empty: () => show.curves(stepsOf([])),
    NaN: () => show.curves(stepsOf([1, nan, nan])),
    constant: () => show.curves(stepsOf([1, 1, 1])),
    "10,000 points": () => show.curves(stepsOf(Array.from({ length: 10_000 }, (_, i) => 1 / (i + 1)))),
  },
  learningRates: { empty: () => show.learningRates({} as never) },
  gradientFlow: {
    empty: () => show.gradientFlow([]),
    "no gradients yet": () => show.gradientFlow(inspection.gradientFlow(plane)),
  },
  updateRatios: {
    empty: () => show.updateRatios({ ratios: new Map() }),
    NaN: () => show.updateRatios({ ratios: new Map([["a.weight", [nan, nan]]]) }),
    constant: () => show.updateRatios({ ratios: new Map([["a.weight", [0, 0, 0]]]) }),
    "10,000 points": () =>
      show.updateRatios({ ratios: new Map([["a.weight", Array.from({ length: 10_000 }, () => 1e-3)]]) }),
  },
  activations: through((model, image) => show.activations(inspection.activations(model, image.unsqueeze(0)))),
  distributions: {
    empty: () =>
      show.distributions(inspection.distributions(plane, optim.sgd(plane.parameters(), { lr: 0.1 }))),
  },
  confusionMatrix: answers((scores, labels) => show.confusionMatrix(scores, labels)),
  classAccuracy: answers((scores, labels) => show.classAccuracy(scores, labels)),
  errorBy: answers((scores, labels) =>
    show.errorBy(scores, labels, labels.to("float32"), { by: "the label" }),
  ),
  roc: answers((scores, labels) => show.roc(scores, labels)),
  calibration: answers((scores, labels) => show.calibration(scores, labels)),
  mistakes: pixels((x) => {
    const model = nn.sequential(nn.flatten(), nn.linear(x.shape[1]! * 96, 3));
    return show.mistakes(model, data.fromArrays(x, labelsOf(x.shape[0]!, 3)));
  }),
  compare: { empty: () => show.compare({}), NaN: () => show.compare({ a: { accuracy: nan } }) },
  residuals: {
    ...lists((x) => show.residuals(x, x)),
    "other lengths": () => show.residuals([1, 2], [1]),
  },
  embedding: {
    empty: () => show.embedding(zeros([0, 4])),
    "one class": () => show.embedding(randn([9, 4]), { labels: labelsOf(9, 1) }),
    NaN: () => show.embedding(full([9, 4], nan)),
    constant: () => show.embedding(full([9, 4], 1)),
    "1,000 classes": () => show.embedding(randn([1000, 4]), { labels: labelsOf(1000, 1000) }),
    "10,000 points": () => show.embedding(points, { labels: labelsOf(10_000, 5) }),
  },
  similarity: {
    empty: () => show.similarity(zeros([0, 0])),
    NaN: () => show.similarity(full([4, 4], nan)),
    constant: () => show.similarity(full([4, 4], 1)),
    "not square": () => show.similarity(rand([4, 6])),
    "1,000 classes": () => show.similarity(rand([1000, 1000])),
  },
  pairs: pixels((x) => show.pairs(x, x.mul(0.9))),
  latentGrid: {
    NaN: () => show.latentGrid((z) => full([z.shape[0]!, 1, 8, 12], nan)),
    constant: () => show.latentGrid((z) => full([z.shape[0]!, 1, 8, 12], 1)),
    "2 channels": () => show.latentGrid((z) => rand([z.shape[0]!, 2, 8, 12])),
    "5 channels": () => show.latentGrid((z) => rand([z.shape[0]!, 5, 8, 12])),
  },
  interpolation: {
    empty: () => show.interpolation((z) => rand([z.shape[0]!, 1, 8, 12]), none, none),
    NaN: () => show.interpolation((z) => z.mul(nan).unsqueeze(1).unsqueeze(1), randn([4]), randn([4])),
    "5 channels": () => show.interpolation((z) => rand([z.shape[0]!, 5, 8, 12]), randn([4]), randn([4])),
  },
  samples: pixels((x) => show.samples({ "epoch 1": x, "epoch 2": x })),
  filters: {
    NaN: () => show.filters(full([4, 3, 5, 5], nan)),
    constant: () => show.filters(full([4, 3, 5, 5], 1)),
    "not square": () => show.filters(randn([4, 3, 3, 7])),
    "2 channels": () => show.filters(nn.conv2d(2, 4, 3)),
    "5 channels": () => show.filters(nn.conv2d(5, 4, 3)),
    empty: () => show.filters(zeros([0, 3, 5, 5])),
    "1,000 filters": () => show.filters(randn([1000, 3, 5, 5])),
  },
  weightEvolution: {
    empty: () => show.weightEvolution({ layer: "Conv2d", snapshots: [] } as never),
    NaN: () =>
      show.weightEvolution({
        layer: "Conv2d",
        snapshots: [{ step: 0, weight: full([4, 3, 5, 5], nan) }],
      } as never),
    "5 channels": () =>
      show.weightEvolution({
        layer: "Conv2d",
        snapshots: [{ step: 0, weight: randn([4, 5, 3, 7]) }],
      } as never),
  },
  dropout: pixels((x) => show.dropout(nn.dropout(0.5), x)),
  batchNorm: pixels((x) => show.batchNorm(nn.batchNorm2d(x.shape[1]!), x)),
  featureMaps: through((model, image) => show.featureMaps(model, image)),
  informationFlow: through((model, image) => show.informationFlow(model, image)),
  overlay: through((model, image) => show.overlay(image, { saliency: inspection.saliency(model, image) })),
  topPatches: pixels((x) => show.topPatches(conv(x.shape[1]!), x, { layer: "0" })),
  receptiveField: through((model, image) => show.receptiveField(model, image)),
  dream: {
    empty: () => show.dream({ frames: [], values: [] } as never),
    "5 channels": () =>
      show.dream(models.deepDream(conv(5), rand([1, 5, 8, 12]), { layer: 0, channel: 1, steps: 4 })),
    NaN: () =>
      show.dream(models.deepDream(conv(1), full([1, 1, 8, 12], nan), { layer: 0, channel: 1, steps: 4 })),
  },
  graph: {
    empty: () => show.graph(none),
    NaN: () => show.graph(tensor(nan, { requiresGrad: true }).mul(2)),
    "not computed": () => show.graph(tensor(1)),
  },
  backpropagation: {
    empty: () => show.backpropagation(none),
    NaN: () => show.backpropagation(tensor(nan, { requiresGrad: true }).mul(2)),
  },
  architecture: through((model, image) => show.architecture(model, image.shape)),
  neurons: {
    NaN: () => show.neurons(parametersOf((shape) => full(shape, nan))),
    constant: () => show.neurons(parametersOf((shape) => full(shape, 0))),
    "1,000 classes": () => show.neurons(nn.linear(10, 1000)),
    "no layers": () => show.neurons(nn.sequential()),
  },
  jacobian: lists((x) => show.jacobian((y) => y.mul(2), x.size > 100 ? x.slice([[0, 100]]) : x)),
  gradientCheck: lists((x) => {
    const input = (x.size > 100 ? x.slice([[0, 100]]) : x).clone();
    input.requiresGrad = true;
    return show.gradientCheck(checkGradient((y) => y.square(), [input]));
  }),
  summary: through((model, image) => show.summary(model, image.shape)),
  parameters: {
    NaN: () => show.parameters(parametersOf((shape) => full(shape, nan))),
    constant: () => show.parameters(parametersOf((shape) => full(shape, 0))),
    "no layers": () => show.parameters(nn.sequential()),
  },
  connections: {
    "kernel larger than the image": () => show.connections({ size: 3, kernel: 10 }),
    nothing: () => show.connections({ size: 0, kernel: 0 }),
    NaN: () => show.connections({ size: nan, kernel: 3 }),
  },
  convolution: {
    ...pixels((x) =>
      show.convolution(x.size === 0 ? [] : x.at(0), rand([x.shape[1]!, 3, 2]), { at: [0, 0] }),
    ),
    large: () => show.convolution(rand([40, 40]), rand([3, 3])),
  },
  convolutionMatrix: {
    empty: () => show.convolutionMatrix([], [[1]]),
    NaN: () => show.convolutionMatrix(full([4, 4], nan), full([2, 2], nan)),
    constant: () => show.convolutionMatrix(full([4, 6], 0), full([2, 2], 0)),
    "kernel larger than the image": () => show.convolutionMatrix(rand([2, 2]), rand([3, 3])),
    large: () => show.convolutionMatrix(rand([40, 40]), rand([3, 3])),
  },
  im2col: {
    empty: () => show.im2col([], [[1]]),
    NaN: () => show.im2col(full([4, 4], nan), full([2, 2], nan)),
    "not square": () => show.im2col(rand([4, 6]), rand([2, 3])),
    large: () => show.im2col(rand([40, 40]), rand([3, 3])),
  },
  transposedConvolution: {
    empty: () => show.transposedConvolution([], [[1]]),
    NaN: () => show.transposedConvolution(full([2, 2], nan), full([2, 2], nan), { stride: 2 }),
    "not square": () => show.transposedConvolution(rand([2, 3]), rand([2, 3]), { stride: 2 }),
    large: () => show.transposedConvolution(rand([40, 40]), rand([3, 3])),
    "larger than anybody reads": () => show.transposedConvolution(rand([80, 80]), rand([3, 3])),
  },
  pooling: {
    empty: () => show.pooling([]),
    NaN: () => show.pooling(full([4, 6], nan)),
    constant: () => show.pooling(full([4, 6], 1), { unpool: true }),
    large: () => show.pooling(rand([60, 60])),
    "5 channels": () => show.pooling(rand([5, 8, 12])),
  },
  receptiveFieldGrowth: through((model, image) =>
    show.receptiveFieldGrowth(inspection.receptiveField(model, image.shape)),
  ),
  decisionBoundary: {
    ...planes((set) =>
      show.decisionBoundary(nn.linear(2, new Set(set.labels.toArray() as number[]).size), set, {
        resolution: 20,
      }),
    ),
    NaN: () => show.decisionBoundary((x: Tensor) => full([x.shape[0]!], nan), twoMoons, { resolution: 20 }),
    constant: () =>
      show.decisionBoundary((x: Tensor) => full([x.shape[0]!], 1), twoMoons, { resolution: 20 }),
  },
  live: { nothing: () => show.live(undefined as never) },
  hiddenSpace: planes((set) => show.hiddenSpace(plane, set)),
  perceptron: planes((set) =>
    show.perceptron(classical.perceptron({ record: true, passes: 2 }).fit(set.points, set.labels), set),
  ),
  functionFit: {
    NaN: () => show.functionFit(() => nan),
    constant: () => show.functionFit(() => 1),
    "10,000 points": () => show.functionFit((x: number) => x, { data: { x: numbers, y: numbers } }),
    empty: () => show.functionFit((x: number) => x, { data: { x: none, y: none } }),
  },
  activationFunctions: {
    empty: () => show.activationFunctions({}),
    NaN: () => show.activationFunctions({ nothing: (x) => x.mul(nan) }),
    constant: () => show.activationFunctions({ one: (x) => x.mul(0).add(1) }),
  },
  series: lists((x) => show.series(x)),
  schedule: {
    empty: () => show.schedule({}),
    NaN: () => show.schedule({ a: optim.cosineAnnealing() }, { steps: nan, lr: nan }),
    "10,000 points": () => show.schedule({ a: optim.cosineAnnealing() }, { steps: 10_000, lr: 0.1 }),
  },
  lossSlice: {
    NaN: () => show.lossSlice(inspection.lossSlice(plane, () => tensor(nan), { resolution: 9 })),
    constant: () => show.lossSlice(inspection.lossSlice(plane, () => tensor(1), { resolution: 9 })),
  },
  lossSurface: {
    NaN: () => show.lossSurface(() => nan),
    constant: () => show.lossSurface(() => 1),
    empty: () => show.lossSurface((a: number, b: number) => a + b, { paths: { none: [] } }),
    "10,000 points": () =>
      show.lossSurface((a: number, b: number) => a * a + b * b, {
        paths: { long: points.toArray() as number[][] },
      }),
  },
  density: lists((x) => show.density(classical.kernelDensity({ bandwidth: 0.5 }).fit(x), x)),
  components: pixels((x) => show.components(classical.pca({ components: 2 }).fit(x), { images: x })),
  timeline: {
    empty: () => show.timeline([]),
    NaN: () => show.timeline([{ date: nan, label: "never" }]),
    constant: () => show.timeline([1, 2, 3].map((i) => ({ date: 2000, label: `event ${i}` }))),
    "1,000 events": () =>
      show.timeline(Array.from({ length: 1000 }, (_, i) => ({ date: i, label: `event ${i}` }))),
  },
};

/** A display may weigh this much, an animation with its slider a megabyte. */
const most = (png: string): number => (Buffer.from(png, "base64").includes("acTL") ? 1_000_000 : 200_000);

test("every picture has cases", () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(show).sort());
});

describe.each(Object.entries(cases))("show.%s", (name, own) => {
  test.each(Object.entries(own))("%s: a picture, or an error that says why not", (_kind, draw) => {
    let bundle: MimeBundle;
    try {
      bundle = bundleOf(draw());
    } catch (error) {
      const ours = [ShapeError, ArgumentError, DTypeError, GradientError].some(
        (kind) => error instanceof kind,
      );
      if (!ours) throw error;
      // What was expected, or what to do instead.
      expect((error as Error).message).toMatch(/^\S.*: .*(expect|must|takes|needs|; |such as|at most)/s);
      return;
    }
    const formats = bundle.data;
    const sentence = String(formats["text/plain"]);
    // Tables and small tensors are written out.
    if (formats["image/png"] !== undefined) expect(sentence, name).toMatch(/\S+ .*[.!?]$/s);
    else expect(sentence.length, name).toBeGreaterThan(5);
    expect(sentence).not.toMatch(/undefined|\[object|null/);
    const png = String(formats["image/png"] ?? "");
    expect(JSON.stringify(formats).length).toBeLessThan(most(png));
    const { width } = (bundle.metadata?.["image/png"] ?? { width: 0 }) as { width: number };
    expect(width, "CSS pixels").toBeLessThanOrEqual(widest(formats));
  });
});
