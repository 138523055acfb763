/** The engine's own objects: how they show themselves, and the pictures for which a model runs. */
import { beforeAll, describe, expect, it } from "vitest";
import { rand, tensor, zeros } from "../../engine/creation.ts";
import { Dataset } from "../../engine/data/dataset.ts";
import { confusionMatrix } from "../../engine/metrics/index.ts";
import { leNet5 } from "../../engine/models/index.ts";
import * as nn from "../../engine/nn/index.ts";
import * as optim from "../../engine/optim/index.ts";
import { Generator } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { historyOf, fit as train } from "../../engine/training.ts";
import { displaySymbol, installViews, type MimeBundle, show } from "../../kernel/view/index.ts";
import { bundleOf, inked, pictureOf, specOf, textOf } from "./decode.ts";

const published: { kind: string; bundle: MimeBundle; id: string | undefined }[] = [];
let stopWatching = () => {};

beforeAll(() => {
  stopWatching = installViews({
    display: (bundle, id) => void published.push({ kind: "display", bundle, id }),
    update: (bundle, id) => void published.push({ kind: "update", bundle, id }),
    atEnd: () => {},
  });
});

/** What a notebook asks of a value, functions included: a model is one. */
function shownBy(value: object): MimeBundle {
  const method: unknown = Reflect.get(value, displaySymbol);
  if (typeof method !== "function") throw new Error("this value does not show itself");
  return method.call(value) as MimeBundle;
}

const generator = new Generator(1);

/** 40 images of 8×8 pixels; class 1 is bright on the right, class 0 on the left. */
function halves(): Dataset {
  const images = rand([40, 1, 8, 8], { generator }).mul(0.3);
  const marked = Float32Array.from(images.toTypedArray(), (value, i) => {
    const label = Math.floor(i / 64) % 2;
    return value + (label === (i % 8 >= 4 ? 1 : 0) ? 0.6 : 0);
  });
  return new Dataset({
    name: "halves",
    images: tensor(marked, { shape: [40, 1, 8, 8] }),
    labels: tensor(
      Int32Array.from({ length: 40 }, (_, i) => i % 2),
      { dtype: "int32" },
    ),
    classes: ["left", "right"],
  });
}

class AlwaysLeft extends nn.Module {
  forward(x: Tensor): Tensor {
    return zeros([x.shape[0]!, 2]);
  }
}

const network = () => nn.sequential(nn.conv2d(1, 2, 3), nn.relu(), nn.flatten(), nn.linear(72, 2));

describe("objects that show themselves", () => {
  it("a training that was broken off shows what its model has of it", async () => {
    const set = halves();
    const model = network();
    let steps = 0;
    const broken = {
      *[Symbol.iterator]() {
        for (const batch of set.loader({ batchSize: 8 })) {
          if (++steps > 4) throw new Error("the disk is gone");
          yield batch;
        }
      },
    };
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    await expect(train(model, broken, { optimizer, epochs: 3, silent: true })).rejects.toThrow("the disk");
    const bundle = shownBy(historyOf(model));
    expect(textOf(bundle)).toMatch(/^4 steps, loss /);
    expect(bundle.data["image/png"]).toBeDefined();
  });

  it("small tensors print their values, larger ones are drawn", () => {
    expect(shownBy(tensor([1, 2.5])).data).toEqual({ "text/plain": tensor([1, 2.5]).toString() });
    const odd = tensor([1, Number.NaN, Number.POSITIVE_INFINITY, Number.NaN]);
    expect(shownBy(odd).data).toEqual({ "text/plain": `${odd}\n2 NaN, 1 infinite of 4 values` });
    const large = shownBy(rand([30, 100], { generator }).named("noise"));
    expect(textOf(large)).toMatch(/^Tensor 30×100 float32: mean 0\.[45]\d+, standard deviation 0\.[23]\d+/);
    expect(inked(pictureOf(large))).toBeGreaterThan(0.3);
  });

  it("a model is a table of layers, a layer a line", () => {
    const model = network();
    expect(textOf(shownBy(model))).toContain("Sequential: 4 layers, 166 parameters.");
    expect(textOf(shownBy(model)).split("\n")[2]).not.toContain("output shape");
    show.summary(model, [1, 8, 8]);
    expect(textOf(shownBy(model))).toContain("2×6×6");
    expect(shownBy(nn.linear(3, 2)).data).toEqual({ "text/plain": "Linear(3 → 2), 8 parameters" });
  });

  it("a confusion matrix is a chart with its sentence", () => {
    const bundle = shownBy(confusionMatrix([0, 1, 1, 1], [0, 1, 0, 0], { classes: ["cat", "dog"] }));
    expect(textOf(bundle)).toBe(
      "4 samples: accuracy 50.0 %, 2 mistakes; most often cat taken for dog (2 times).",
    );
    expect(specOf(bundle).layer).toHaveLength(2);
  });

  it("a data set shows samples of each class and counts them", () => {
    const bundle = shownBy(halves());
    expect(textOf(bundle)).toBe("halves: 40 images of 8×8 pixels in 2 classes, 20 each.");
    expect(inked(pictureOf(bundle))).toBeGreaterThan(0.2);
    expect(textOf(bundleOf(show.images(halves(), { limit: 10 })))).toBe(
      "10 images of 8×8 pixels, of 2 classes.",
    );
  });
});

describe("pictures for which a model runs", () => {
  it("summary: LeNet-5 has 61,706 parameters, and the shapes of the lecture", () => {
    const text = textOf(bundleOf(show.summary(leNet5(), [1, 28, 28])));
    expect(text).toMatch(/^LeNet5: \d+ layers, 61,706 parameters\./);
    for (const shape of ["6×28×28", "6×14×14", "16×10×10", "16×5×5"]) expect(text).toContain(shape);
  });

  it("summary counts a layer that runs twice once, and lists parameters outside layers", () => {
    class Twice extends nn.Module {
      shared = nn.linear(4, 4);
      scale = nn.parameter(zeros([3]));
      forward(x: Tensor): Tensor {
        return this.shared(this.shared(x));
      }
    }
    const text = textOf(bundleOf(show.summary(new Twice(), [4])));
    expect(text).toMatch(/^Twice: 3 layers, 23 parameters\./);
    expect(text).toMatch(/again +4 +0/);
    expect(text).toMatch(/outside these layers +3/);
  });

  it("feature maps, information flow and filters of one image", () => {
    const model = network();
    const [image] = halves().at(0);
    expect(textOf(bundleOf(show.featureMaps(model, image)))).toBe(
      "Feature maps of Sequential for one image: 0 2×6×6.",
    );
    expect(textOf(bundleOf(show.informationFlow(model, image, { classes: ["left", "right"] })))).toBe(
      "One image on its way through Sequential: 1×8×8 → 2×6×6 → 72 → 2.",
    );
    const layer = model.children[0] as ReturnType<typeof nn.conv2d>;
    expect(textOf(bundleOf(show.filters(layer)))).toMatch(
      /^2 filters of 1×3×3 weights from −0\.\d+ to 0\.\d+\.$/,
    );
  });

  it("training is watched, then its history and mistakes are drawn; the mode stays as it was", async () => {
    const set = halves();
    const model = network();
    published.length = 0;
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const history = await train(model, set.loader({ batchSize: 10 }), {
      epochs: 3,
      optimizer,
      validation: set.loader(),
    });
    expect(published.filter(({ kind }) => kind === "display")).toHaveLength(1);
    const last = published[published.length - 1]!;
    expect(textOf(last.bundle)).toMatch(
      /^Sequential trained for 3 epochs \(.* s\): loss .*; on validation data loss .*, accuracy .* %\.$/,
    );
    expect(specOf(last.bundle).concat).toHaveLength(2);
    expect(textOf(shownBy(history))).toMatch(/^3 epochs, loss /);

    model.train();
    const always = textOf(bundleOf(show.mistakes(new AlwaysLeft(), set, { n: 3 })));
    expect(always).toBe(
      "20 mistakes on 40 images (accuracy 50.0 %); the worst is image 1: right taken for left with probability 50 %.",
    );
    expect(textOf(bundleOf(show.mistakes(model, set)))).toMatch(/^\d+ mistakes? on 40 images \(accuracy/);
    expect(model.training).toBe(true);
  });

  it("a training that is not to be watched is not", async () => {
    const set = halves();
    const model = network();
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    published.length = 0;
    await train(model, set.loader(), { optimizer, silent: true });
    stopWatching();
    await train(model, set.loader(), { optimizer });
    expect(published).toEqual([]);
  });

  it("says what is wrong with the input", () => {
    const model = network();
    const set = halves();
    expect(() => show.filters(nn.linear(3, 2))).toThrow(
      /expected a convolution.*got Linear, whose weights have shape 2×3/,
    );
    expect(() => show.featureMaps(model, set.images)).toThrow(
      /expected one image .*got shape 40×1×8×8; take one/,
    );
    expect(() => show.featureMaps("model" as never, set.images)).toThrow(
      /show.featureMaps: model must be a module/,
    );
    expect(() => show.mistakes(model, set.images as never)).toThrow(/expected a data set/);
    expect(() => show.mistakes(model, set, { n: 0 })).toThrow(/n must be a whole number from 1, got 0/);
    expect(() => show.images(set, { predictions: [1] })).toThrow("show.images: 1 prediction for 40 images");
    expect(() => show.confusionMatrix([1, 0], [1])).toThrow(/2 predictions for 1 labels?/);
    expect(() => show.confusionMatrix([[1, 2], [3]])).toThrow(/as many columns as rows/);
    expect(() =>
      show.confusionMatrix(
        [
          [1, 0],
          [0, 1],
        ],
        { classes: ["a"] },
      ),
    ).toThrow("1 class name for 2 classes");
  });
});
