import { describe, expect, it } from "vitest";
import { data } from "../../../engine/index.ts";
import { datasetPicture } from "../../../kernel/view/data/samples.ts";
import { displaySymbol, type MimeBundle, VEGALITE_MIME } from "../../../kernel/view/mime.ts";

interface Chart {
  data: { values: { x: number; y: number; class?: string }[] };
  encoding: object;
}

const bundleOf = (set: data.Dataset): MimeBundle => datasetPicture(set)[displaySymbol]();
const chartOf = (set: data.Dataset): Chart => bundleOf(set).data[VEGALITE_MIME] as Chart;

describe("a data set of points", () => {
  it("shows itself as a scatter chart by classes, which differ in colour and shape", () => {
    const set = data.blobs({ classes: 4, samples: 40 });
    const chart = chartOf(set);
    expect(chart.data.values).toHaveLength(40);
    const [x, y] = set.points.select(0, 7).toArray() as number[];
    expect(chart.data.values[7]!.x).toBeCloseTo(x!, 3);
    expect(chart.data.values[7]!.y).toBeCloseTo(y!, 3);
    expect(chart.data.values[7]!.class).toBe("3");
    expect(Object.keys(chart.encoding)).toEqual(["x", "y", "color", "shape"]);
    const { data: shown, metadata } = bundleOf(set);
    expect(shown["text/plain"]).toBe("blobs: 40 samples of 2 numbers, 4 classes, 10 each.");
    expect(shown["image/png"]).toMatch(/^iVBOR/);
    expect(metadata?.["image/png"]).toMatchObject({ alt: shown["text/plain"] });
  });

  it("says how many each class has, where they differ", () => {
    const set = data.moons({ samples: 30 }).filter((label, i) => label === 0 || i < 10);
    expect(bundleOf(set).data["text/plain"]).toMatch(/: 15 samples of 0, 5 samples of 1\.$/);
  });

  it("has no classes without labels, and stays small with very many points", () => {
    const many = data.moons({ samples: 20_000 }).unlabelled();
    const chart = chartOf(many);
    expect(Object.keys(chart.encoding)).toEqual(["x", "y"]);
    expect(chart.data.values).toHaveLength(1000);
    expect(JSON.stringify(bundleOf(many)).length).toBeLessThan(200_000);
  });

  it("is a sentence where samples are rows of another length", () => {
    const set = data.fromArrays([[1, 2, 3]], [0], { name: "rows" });
    expect(bundleOf(set).data).toEqual({ "text/plain": "rows: 1 sample of 3 numbers, 1 class, 1 each." });
  });
});

describe("a data set without labels", () => {
  it("shows itself as images without names", () => {
    const { train } = data.shapes({ train: 30, test: 1 });
    expect(bundleOf(train.unlabelled()).data["text/plain"]).toMatch(
      /^shapes, training, unlabelled, the first of 30 images: 24 images of 32×32 pixels\.$/,
    );
  });
});
