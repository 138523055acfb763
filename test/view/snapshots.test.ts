/** The snapshots of the pictures that `show` has had from the start; the others stand beside their families' tests. */
import { describe, it } from "vitest";
import { data, models, seed } from "../../engine/index.ts";
import { show } from "../../kernel/view/index.ts";
import { expectPicture } from "./snapshot.ts";

describe("pictures look as they did when they were reviewed", () => {
  seed(3);
  const { train, test } = data.digits({ train: 60, test: 40, seed: 3 });
  const model = models.leNet5();
  const [image] = test.at(0);

  it("tensor", () => void expectPicture("tensor", show.tensor(image, { title: "One digit" })));
  it("images", () => void expectPicture("images", show.images(test, { columns: 10 })));
  it("bars", () => void expectPicture("bars", show.bars([0.1, 0.7, 0.2], { labels: ["cat", "dog", "owl"] })));
  it("confusionMatrix", () => {
    const truth = Array.from({ length: 90 }, (_, i) => i % 3);
    const guess = truth.map((label, i) => (i % 7 === 0 ? (label + 1) % 3 : label));
    expectPicture("confusionMatrix", show.confusionMatrix(guess, truth, { classes: ["cat", "dog", "owl"] }));
  });
  it("mistakes", () => void expectPicture("mistakes", show.mistakes(model, test, { n: 8 })));
  it("compare", () => {
    const results = {
      linear: { accuracy: 0.924, parameters: 7850 },
      "LeNet-5": { accuracy: 0.989, parameters: 61706 },
    };
    expectPicture("compare", show.compare(results));
  });
  it("filters", () => void expectPicture("filters", show.filters(model.c1)));
  it("featureMaps", () => void expectPicture("featureMaps", show.featureMaps(model, image)));
  it("informationFlow", () => {
    expectPicture("informationFlow", show.informationFlow(model, image, { classes: train.classes }));
  });
  it("summary", () => void expectPicture("summary", show.summary(model, [1, 28, 28])));
});
