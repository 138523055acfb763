import { describe, expect, it } from "vitest";
import { data } from "../../../engine/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const digits = data.digits({ train: 10, test: 200, seed: 3 }).test;
const labels = Array.from(digits.labels.toTypedArray());
const predictions = labels.map((label, i) =>
  i % 9 === 0 ? (label + 3) % 10 : i % 31 === 0 ? 9 - label : label,
);

interface Choice {
  hconcat: [
    { layer: { params?: { value: object[] }[] }[] },
    { layer: { data: { values: { actual: string; predicted: string; url: string }[] } }[] },
  ];
}

describe("show.confusionMatrix", () => {
  it("shows the images of the square that is chosen, first of the most frequent confusion", () => {
    const shown = show.confusionMatrix(predictions, labels, { images: digits.images });
    const bundle = expectPicture("confusionMatrixWithImages", shown);
    const { hconcat } = specOf(bundle) as unknown as Choice;
    const value = hconcat[0].layer[0]!.params![0]!.value[0]!;
    const [, actual, predicted] = /most often (\S+) taken for (\S+)/.exec(textOf(bundle))!;
    expect(value).toEqual({ actual, predicted });
    const samples = hconcat[1].layer[1]!.data.values;
    expect(
      samples.filter((sample) => sample.actual === actual && sample.predicted === predicted).length,
    ).toBeGreaterThan(0);
    const squares = new Set(labels.map((label, i) => `${label} ${predictions[i]}`));
    expect(new Set(samples.map((sample) => `${sample.actual} ${sample.predicted}`))).toEqual(squares);
    for (const { url } of samples) expect(url).toMatch(/^data:image\/png;base64,/);
  });

  it("stays below the limit with 300 images of many colours", () => {
    const count = 300;
    const pixels = Float32Array.from({ length: count * 3 * 64 * 64 }, (_, i) => Math.abs(Math.sin(i * 12.9)));
    const images = { shape: [count, 3, 64, 64], toTypedArray: () => pixels };
    const truth = Array.from({ length: count }, (_, i) => i % 10);
    const bundle = bundleOf(
      show.confusionMatrix(
        truth.map((label, i) => (i % 3 ? label : i % 7)),
        truth,
        { images },
      ),
    );
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    expect(bundle.data["image/png"]).toBeDefined();
  });

  it("prints rates instead of counts", () => {
    const bundle = expectPicture(
      "confusionMatrixRates",
      show.confusionMatrix(
        [
          [8, 2, 0],
          [1, 9, 0],
          [0, 5, 15],
        ],
        { values: "rates" },
      ),
    );
    expect(JSON.stringify(specOf(bundle))).toContain('"format":".0%"');
  });

  it("draws 1,000 classes as pixels", () => {
    const counts = Array.from({ length: 1000 }, (_, i) =>
      Array.from({ length: 1000 }, (_, j) => Number(i === j) * 5 + Number((i * j) % 997 === 1)),
    );
    const bundle = bundleOf(show.confusionMatrix(counts));
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    expect(specOf(bundle)).toBeUndefined();
  });

  it("refuses images that belong to no sample", () => {
    expect(() =>
      show.confusionMatrix(
        [
          [1, 0],
          [0, 1],
        ],
        { images: digits.images },
      ),
    ).toThrow("give predictions and labels");
    expect(() => show.confusionMatrix([0, 1], [0, 1], { images: digits.images })).toThrow(
      "200 images for 2 samples",
    );
    expect(() => show.confusionMatrix([[1]], { values: "percent" as never })).toThrow(
      'values is "counts" or "rates"',
    );
  });
});
