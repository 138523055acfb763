/** Data sets and batches: their samples, and beside them the images that are to be predicted. */
import { beforeAll, describe, expect, it } from "vitest";
import { Batch } from "../../../engine/data/batch.ts";
import { Dataset } from "../../../engine/data/dataset.ts";
import { data, nn, optim, rand, seed, type Tensor, tensor } from "../../../engine/index.ts";
import { batchPicture, datasetPicture } from "../../../kernel/view/data/samples.ts";
import { displaySymbol, installViews, type MimeBundle } from "../../../kernel/view/index.ts";
import { bundleOf, countColour, pictureOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const { train: digits } = data.digits({ train: 40, test: 2, seed: 1 });
const { train: shapes } = data.shapes({ train: 8, test: 2, seed: 3 });
const frame = [255, 210, 63];

const firstOf = <T>(batches: Iterable<T>): T => {
  for (const batch of batches) return batch;
  throw new Error("no batch");
};
const shownBatch = (batch: readonly Tensor[]) => batchPicture(batch as Batch);

describe("a batch", () => {
  beforeAll(() => {
    installViews({ display: () => {}, update: () => {}, atEnd: () => {} })();
  });

  it("is an array to programs, and shows itself in a notebook", () => {
    const batch = firstOf(digits.loader({ batchSize: 12 }));
    const [x, y] = batch;
    expect([x.shape, y.shape]).toEqual([[12, 1, 28, 28], [12]]);
    expect(Array.isArray(batch)).toBe(true);
    expect(Object.keys(batch)).toEqual(["0", "1"]);
    expect(batch.map(({ ndim }) => ndim)).toEqual([4, 1]);
    for (const plain of [batch.map((part) => part), batch.slice(1), batch.filter(() => true)])
      expect(plain).not.toBeInstanceOf(Batch);
    const method = (batch as unknown as Record<symbol, () => MimeBundle>)[displaySymbol]!;
    expect(textOf(method.call(batch))).toBe(
      `A batch of ${digits.name}: 12 images of 28×28 pixels, of ${new Set(y.toTypedArray()).size} classes.`,
    );
  });

  it("shows images in their order with the names of their classes, changed by transforms, boxes moved along", () => {
    const { randomHorizontalFlip } = data.transforms;
    const loader = shapes.loader({
      batchSize: 6,
      target: ["labels", "boxes"],
      transform: randomHorizontalFlip({ probability: 1 }),
      seed: 1,
    });
    const picture = pictureOf(expectPicture("batch", shownBatch(firstOf(loader))));
    expect(countColour(picture, frame)).toBeGreaterThan(500);
  });

  it("sets clean images below noisy ones, and draws images that are their own target once", () => {
    const { randomErasing } = data.transforms;
    const target = "images";
    const noisy = shapes.loader({ batchSize: 8, target, transform: randomErasing(10), seed: 2 });
    const bundle = expectPicture("batch-denoising", shownBatch(firstOf(noisy)));
    expect(textOf(bundle)).toMatch(/8 images of 32×32 pixels, with their target images\.$/);
    const own = bundleOf(shownBatch(firstOf(shapes.loader({ batchSize: 8, target }))));
    expect(textOf(own)).toMatch(/8 images of 32×32 pixels\.$/);
  });

  it("shows points as points, and other samples as a sentence", () => {
    const points = bundleOf(shownBatch(firstOf(data.moons({ samples: 30 }).loader({ batchSize: 20 }))));
    expect(textOf(points)).toMatch(/^A batch of moons: 20 samples of 2 numbers, 2 classes/);
    const rows = Array.from({ length: 4 }, () => [1, 2, 3]);
    const table = data.fromArrays(rows, [0, 1, 0, 1]);
    expect(Object.keys(bundleOf(shownBatch(firstOf(table.loader()))).data)).toEqual(["text/plain"]);
  });

  it("trains as a plain array does", () => {
    seed(1);
    const model = nn.sequential(nn.flatten(), nn.linear(784, 10));
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const losses: number[] = [];
    for (let epoch = 0; epoch < 2; epoch++)
      for (const [x, y] of digits.loader({ batchSize: 40 })) {
        const loss = nn.crossEntropy(model(x), y);
        loss.backward();
        optimizer.step();
        losses.push(loss.item());
      }
    expect(losses[1]).toBeLessThan(losses[0]!);
  });
});

describe("a data set", () => {
  const images = rand([14, 3, 8, 8]);
  const pairs = (targets: Record<string, Tensor>, size = 14) =>
    new Dataset({ name: "pairs", images: images.narrow(0, 0, size), labels: null, classes: [], targets });

  it("shows target images and masks below its images, where nobody has labelled them", () => {
    const masks = shapes.target("masks");
    const { images } = shapes;
    const set = new Dataset({ name: "masked", images, labels: null, classes: [], targets: { masks } });
    expect(textOf(expectPicture("masks", datasetPicture(set)))).toBe(
      "masked: 8 images of 32×32 pixels, with their masks.",
    );
  });

  it("shows the first of many, in grey for colour too, and leaves out what is no image of this size", () => {
    const grey = bundleOf(datasetPicture(pairs({ grey: rand([14, 1, 8, 8]), codes: rand([14, 5]) })));
    expect(textOf(grey)).toBe("pairs: 14 images of 8×8 pixels, the first 10 shown, with their grey.");
    for (const other of [rand([14, 8]), rand([14, 3, 16, 16]), rand([14, 2, 8, 8])])
      expect(textOf(bundleOf(datasetPicture(pairs({ other }))))).toBe("pairs: 14 images of 8×8 pixels.");
  });

  it("stays below 200 KB with large images", () => {
    const large = rand([12, 3, 160, 160]);
    const targets = { clean: rand([12, 3, 160, 160]) };
    const set = new Dataset({ name: "large", images: large, labels: null, classes: [], targets });
    expect(JSON.stringify(bundleOf(datasetPicture(set))).length).toBeLessThan(200_000);
    const labels = tensor(Int32Array.from({ length: 12 }, (_, i) => i));
    const classes = Array.from({ length: 12 }, (_, i) => `class ${i}`);
    const labelled = new Dataset({ name: "large", images: large, labels, classes, targets });
    expect(JSON.stringify(bundleOf(datasetPicture(labelled))).length).toBeLessThan(200_000);
  });
});
