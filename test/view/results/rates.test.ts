/** Pictures of how often a classifier is right: by class, by threshold, by confidence, by group. */
import { describe, expect, it } from "vitest";
import { metrics, tensor } from "../../../engine/index.ts";
import { installViews } from "../../../kernel/view/hooks.ts";
import { show } from "../../../kernel/view/index.ts";
import { displaySymbol, type MimeBundle } from "../../../kernel/view/mime.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

/** `n` samples of `classes` classes; of each class a share of its own is taken for the next one. */
function samples(n: number, classes: number) {
  const labels = Array.from({ length: n }, (_, i) => i % classes);
  const predictions = labels.map((label, i) =>
    (i * 7) % 23 < 1 + 2 * label ? (label + 1) % classes : label,
  );
  return { labels, predictions };
}

/** Between 0 and 1, the same on every machine. */
const noise = (i: number, k: number): number =>
  (Math.imul(i * 7919 + k * 104_729 + 1, 2_654_435_761) >>> 0) / 2 ** 32;

/** Scores `[n, classes]` that favour the true class, more or less surely. */
function scores(n: number, classes: number) {
  const labels = Array.from({ length: n }, (_, i) => i % classes);
  const values = labels.map((label, i) =>
    Array.from({ length: classes }, (_, k) => (k === label ? 0.5 + 0.4 * k : 0) + 2 * noise(i, k)),
  );
  return { labels, values: tensor(values) };
}

describe("show.classAccuracy", () => {
  const names = ["cat", "dog", "owl", "horse", "fish"];
  const { labels, predictions } = samples(230, 5);

  it("draws the worst class first, with counts, beside the accuracy on all", () => {
    const bundle = expectPicture(
      "classAccuracy",
      show.classAccuracy(predictions, labels, { classes: names }),
    );
    expect(textOf(bundle)).toMatch(
      /^230 samples of 5 classes: accuracy 7\d\.\d %; lowest fish \(.* %\), highest cat \(.* %\)\.$/,
    );
    const { data } = specOf(bundle) as { data: { values: { name: string; label: string }[] } };
    expect(data.values[0]).toMatchObject({ name: "fish" });
    expect(data.values[0]!.label).toMatch(/^\d+ of 46$/);
  });

  it("keeps the order of the classes when asked to, and takes a matrix", () => {
    const matrix = metrics.confusionMatrix(predictions, labels, { classes: names });
    const { data } = specOf(bundleOf(show.classAccuracy(matrix, { sort: "class" }))) as {
      data: { values: { name: string }[] };
    };
    expect(data.values.map(({ name }) => name)).toEqual(names);
  });

  it("draws the 40 worst of 1,000 classes, and a class without samples as such", () => {
    const many = samples(5000, 1000);
    const bundle = bundleOf(show.classAccuracy(many.predictions, many.labels));
    expect((specOf(bundle) as { data: { values: unknown[] } }).data.values).toHaveLength(40);
    expect(JSON.stringify(specOf(bundle).title)).toContain("The 40 lowest are drawn.");
    const empty = bundleOf(
      show.classAccuracy([
        [3, 1],
        [0, 0],
      ]),
    );
    expect(textOf(empty)).toBe(
      "4 samples of 2 classes: accuracy 75.0 %; the same on every class; 1 class has no sample.",
    );
    expect(JSON.stringify(specOf(empty))).toContain("no sample");
  });

  it("refuses bad input", () => {
    expect(() => show.classAccuracy([[1, 2]])).toThrow("show.classAccuracy: expected a confusion matrix");
    expect(() => show.classAccuracy([[1]], { sort: "name" as never })).toThrow(
      'sort is "accuracy" or "class"',
    );
    expect(() => show.classAccuracy([0, 1], [0])).toThrow("confusionMatrix");
  });
});

describe("show.roc", () => {
  it("draws each class against all others, with its area", () => {
    const { labels, values } = scores(300, 3);
    const bundle = expectPicture("roc", show.roc(values, labels, { classes: ["cat", "dog", "owl"] }));
    expect(textOf(bundle)).toMatch(
      /^Areas under 3 ROC curves, mean 0\.\d+: the smallest 0\.\d+ \(\w+\), the largest 0\.\d+ \(\w+\)\.$/,
    );
  });

  it("takes one question as scores, as a column, and as a curve", () => {
    const labels = [0, 0, 1, 1, 0, 1];
    const given = [0.1, 0.4, 0.35, 0.8, 0.2, 0.9];
    const text = "Area under the ROC curve: 0.889 (1 is perfect, 0.5 is chance).";
    expect(String(show.roc(given, labels))).toBe(text);
    expect(String(show.roc(tensor(given).unsqueeze(1), labels))).toBe(text);
    expect(String(show.roc(metrics.roc(given, labels)))).toBe(text);
    expect(String(show.roc({ a: metrics.roc(given, labels), b: metrics.roc(labels, labels) }))).toMatch(
      /mean 0\.944.*largest 1 \(b\)/,
    );
  });

  it("draws the eight worst of many classes, below the limit, and leaves out classes that do not occur", () => {
    const { labels, values } = scores(4000, 20);
    const bundle = bundleOf(show.roc(values, labels));
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    expect(JSON.stringify(specOf(bundle).title)).toContain("The 8 with the smallest area are drawn.");
    const half = labels.map((label) => label % 10);
    expect(String(show.roc(values, half))).toMatch(/^Areas under 10 ROC curves/);
  });

  it("refuses bad input", () => {
    const { labels, values } = scores(30, 3);
    expect(() => show.roc({})).toThrow("expected metrics.roc(scores, labels)");
    expect(() => show.roc({ a: 3 } as never)).toThrow('for "a"');
    expect(() => show.roc(values, labels.slice(1))).toThrow("29 labels for the scores of 30 samples");
    expect(() =>
      show.roc(
        values,
        labels.map(() => 0),
      ),
    ).toThrow("all labels are one class");
    expect(() => show.roc(values, labels, { classes: ["a"] })).toThrow(
      "1 class name for scores of 3 classes",
    );
    expect(() => show.roc([Number.NaN, 1], [0, 1])).toThrow("scores is NaN");
  });
});

describe("show.calibration", () => {
  const { values } = scores(600, 3);
  /** Two classes, the first named with a confidence from 52 to 99 %, and right less often than that. */
  const sure = Array.from({ length: 600 }, (_, i) => 0.52 + (0.47 * ((i * 37) % 100)) / 100);
  const probabilities = tensor(sure.map((confidence) => [confidence, 1 - confidence]));
  const labels = sure.map((confidence, i) => Number(noise(i, 1) > 0.25 + 0.6 * confidence));

  it("draws accuracy by confidence beside the diagonal, and how many samples there were", () => {
    const bundle = expectPicture("calibration", show.calibration(probabilities, labels));
    expect(textOf(bundle)).toMatch(
      /^600 samples, \d\d\.\d % sure on average and right in \d\d\.\d %: too sure\. Expected calibration error \d+\.\d %\.$/,
    );
  });

  it("takes the metric's result, other bins, and a model that is always sure", () => {
    expect(String(show.calibration(metrics.calibration(probabilities, labels)))).toBe(
      String(show.calibration(probabilities, labels)),
    );
    const certain = show.calibration(
      tensor([
        [1, 0],
        [0, 1],
      ]),
      [0, 1],
      { bins: 5 },
    );
    expect(String(certain)).toBe(
      "2 samples, 100.0 % sure on average and right in 100.0 %. Expected calibration error 0.0 %.",
    );
    expect(bundleOf(certain).data["image/png"]).toBeDefined();
  });

  it("refuses logits, and probabilities without labels", () => {
    expect(() => show.calibration(values, labels)).toThrow("scores.softmax(1)");
    expect(() => show.calibration(probabilities as never)).toThrow(
      "expected metrics.calibration(…), or probabilities",
    );
  });
});

describe("show.errorBy", () => {
  const { labels, predictions } = samples(230, 5);

  it("sorts numbers into groups of equal size, each with its 95 % range", () => {
    const brightness = labels.map((label, i) => 0.1 + 0.1 * label + 0.05 * Math.abs(Math.sin(i)));
    const bundle = expectPicture(
      "errorBy",
      show.errorBy(predictions, labels, brightness, { by: "brightness" }),
    );
    expect(textOf(bundle)).toMatch(
      /^230 samples, \d+ wrong \(.* %\): most errors where brightness is 0\.5\d* to 0\.5\d* \(.* %\), fewest where it is 0\.1\d* to 0\.\d+ \(.* %\)\.$/,
    );
    const { data } = specOf(bundle) as { data: { values: { rate: number; low: number; high: number }[] } };
    expect(data.values).toHaveLength(5);
    for (const { rate, low, high } of data.values) expect(low <= rate && rate <= high).toBe(true);
  });

  it("takes names, few numbers, and what is not finite as groups", () => {
    const named = show.errorBy([0, 1, 1, 0], [0, 1, 0, 0], ["day", "day", "night", "night"], { by: "time" });
    expect(String(named)).toBe(
      "4 samples, 1 wrong (25.0 %): most errors where time is night (50.0 %), fewest where it is day (0.0 %); the difference may be chance, their 95 % ranges overlap.",
    );
    const one = show.errorBy([0, 1], [0, 1], [7, 7]);
    expect(String(one)).toBe("2 samples, 0 wrong (0.0 %), alike in all groups.");
    expect(bundleOf(one).data["image/png"]).toBeDefined();
    const odd = Array.from({ length: 230 }, (_, i) => (i === 0 ? Number.NaN : i));
    const { data } = specOf(bundleOf(show.errorBy(predictions, labels, odd))) as {
      data: { values: { name: string }[] };
    };
    expect(data.values.map(({ name }) => name)).toContain("not finite");
  });

  it("refuses bad input", () => {
    expect(() => show.errorBy([0, 1], [0], [1, 2])).toThrow("2 predictions, 1 label and 2 groups");
    expect(() => show.errorBy([], [], [])).toThrow("no samples");
    expect(() => show.errorBy(tensor([[Number.NaN, 1]]), [1], [1])).toThrow("predictions: number 0 is NaN");
    expect(() => show.errorBy([0], [0], [1], { bins: 1 })).toThrow(
      "bins must be a whole number from 2 to 40",
    );
    const names = labels.map((_, i) => `file ${i}`);
    expect(() => show.errorBy(predictions, labels, names)).toThrow("230 groups are too many to read");
  });
});

describe("curves and calibrations", () => {
  it("show themselves", () => {
    const end = installViews({ display() {}, update() {}, atEnd() {} });
    const { labels, values } = scores(60, 2);
    const shown = [metrics.roc([0.2, 0.7], [0, 1]), metrics.calibration(values.softmax(1), labels)].map(
      (result) => (result as unknown as { [displaySymbol](): MimeBundle })[displaySymbol](),
    );
    end();
    expect(shown.map(textOf)).toEqual([
      expect.stringMatching(/^Area under the ROC/),
      expect.stringMatching(/^60 samples/),
    ]);
  });
});
