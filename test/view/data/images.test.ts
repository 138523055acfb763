import { describe, expect, it } from "vitest";
import { nonFinite, parseHex } from "../../../kernel/view/colours.ts";
import { images } from "../../../kernel/view/data/images.ts";
import { tensor } from "../../../kernel/view/data/tensor.ts";
import { columnsFor } from "../../../kernel/view/drawing/grid.ts";
import { composePicture, type Picture } from "../../../kernel/view/drawing/image.ts";
import { filters } from "../../../kernel/view/network/filters.ts";
import {
  featureMapsPicture,
  informationFlowPicture,
  type LayerTrace,
} from "../../../kernel/view/network/layers.ts";
import { role } from "../../../kernel/view/theme.ts";
import type { TensorLike } from "../../../kernel/view/values.ts";
import { bundleOf, countColour, type Decoded, inked, pictureOf, specOf, textOf } from "../decode.ts";

/** A stand-in for a tensor, with values by position. */
function numbers(shape: number[], value: (i: number) => number): TensorLike {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { shape, toTypedArray: () => Float32Array.from({ length: size }, (_, i) => value(i)) };
}

const noise = (i: number) => Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1;

function composed(picture: Picture): Decoded {
  const { rgba, width, height } = composePicture(picture);
  return { width, height, rgb: rgba.filter((_, i) => i % 4 !== 3) };
}

describe("composed pictures", () => {
  it("enlarges every value to a square of whole pixels, without smoothing", () => {
    const tile = {
      values: [0, 1, Number.NaN, 0.5],
      channels: 1,
      height: 2,
      width: 2,
      low: 0,
      high: 1,
      colours: "grey",
    } as const;
    const picture = composed({
      title: "",
      panels: [{ tiles: [tile], columns: 1, pixel: 20 }],
      arrange: "column",
    });
    expect(countColour(picture, [0, 0, 0])).toBe(400);
    expect(countColour(picture, [128, 128, 128])).toBe(400);
    expect(countColour(picture, nonFinite.nan)).toBe(400);
  });

  it("sets channels of colour images in red, green and blue", () => {
    const tile = {
      values: [1, 0, 0, 0, 0, 1],
      channels: 3,
      height: 1,
      width: 2,
      low: 0,
      high: 1,
      colours: "grey",
    } as const;
    const picture = composed({
      title: "",
      panels: [{ tiles: [tile], columns: 1, pixel: 10 }],
      arrange: "column",
    });
    expect(countColour(picture, [255, 0, 0])).toBe(100);
    expect(countColour(picture, [0, 0, 255])).toBe(100);
  });

  it("leaves few cells of a grid empty", () => {
    expect(columnsFor(6, 10)).toBe(6);
    expect(columnsFor(30, 10)).toBe(10);
    expect(columnsFor(16, 12)).toBe(8);
    expect(columnsFor(60, 10)).toBe(10);
  });
});

describe("show.images", () => {
  const batch = numbers([6, 1, 28, 28], noise);

  it("states counts and marks wrong predictions in colour", () => {
    const bundle = bundleOf(images(batch, { labels: [0, 1, 2, 3, 4, 5], predictions: [0, 1, 2, 9, 4, 5] }));
    expect(Object.keys(bundle.data)).toEqual(["image/png", "text/plain"]);
    expect(textOf(bundle)).toBe("6 images of 28×28 pixels: 5 predicted right, 1 wrong (accuracy 83.3 %).");
    expect(bundle.metadata?.["image/png"]).toMatchObject({ alt: textOf(bundle) });
    expect(countColour(pictureOf(bundle), parseHex(role.wrong))).toBeGreaterThan(300);
    const right = bundleOf(images(batch, { labels: [0, 1, 2, 3, 4, 5], predictions: [0, 1, 2, 3, 4, 5] }));
    expect(countColour(pictureOf(right), parseHex(role.wrong))).toBe(0);
  });

  it("shows every image once", () => {
    const greys = numbers([6, 1, 10, 10], (i) => Math.floor(i / 100) / 5);
    const picture = pictureOf(bundleOf(images(greys)));
    for (let i = 1; i < 5; i++) expect(countColour(picture, Array(3).fill(51 * i))).toBe(11 * 11 * 100);
  });

  it("takes one image, colour images, scores and names", () => {
    expect(textOf(bundleOf(images(numbers([5, 7], noise))))).toBe("1 image of 7×5 pixels.");
    expect(textOf(bundleOf(images(numbers([3, 8, 8], noise))))).toBe("1 image of 8×8 pixels.");
    const scores = numbers([6, 3], (i) => (i % 3 === 1 ? 5 : 0));
    const shown = images(batch, {
      labels: ["cat", "dog", "cat", "dog", "dog", "cow"],
      predictions: scores,
      classes: ["cat", "dog", "cow"],
    });
    expect(textOf(bundleOf(shown))).toContain("3 predicted right, 3 wrong");
  });

  it("shows the first of very many and stays below 200 KB", () => {
    const bundle = bundleOf(images(numbers([500, 1, 28, 28], noise)));
    expect(textOf(bundle)).toBe("500 images of 28×28 pixels, the first 60 shown.");
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
  });

  it("shows as many colour images as 200 KB hold, and large ones smaller", () => {
    for (const [size, shown] of [
      [32, 27],
      [224, 2],
    ] as const) {
      const bundle = bundleOf(images(numbers([50, 3, size, size], noise)));
      expect(textOf(bundle)).toBe(`50 images of ${size}×${size} pixels, the first ${shown} shown.`);
      expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    }
  });

  it("counts and colours what is not finite", () => {
    const bundle = bundleOf(
      images(
        numbers([4, 1, 8, 8], (i) => (i === 3 ? Number.NaN : i === 70 ? Number.POSITIVE_INFINITY : 0.5)),
      ),
    );
    expect(textOf(bundle)).toBe("4 images of 8×8 pixels (2 values not finite).");
    expect(countColour(pictureOf(bundle), nonFinite.nan)).toBeGreaterThan(20);
    expect(countColour(pictureOf(bundle), nonFinite.infinite)).toBeGreaterThan(20);
  });

  it("says what is wrong with the input", () => {
    expect(() => images(batch, { labels: [1, 2] })).toThrow("show.images: 2 labels for 6 images");
    expect(() => images(batch, { predictions: [1, 2, 3] })).toThrow(
      "show.images: 3 predictions for 6 images",
    );
    expect(() => images(batch, { titles: ["a"] })).toThrow("show.images: 1 title for 6 images");
    expect(() => images(batch, { labels: [0, 1, 2, 3, 4, 7], classes: ["a", "b"] })).toThrow(
      /class 2, but there are 2 class names/,
    );
    expect(() => images(numbers([28, 28, 3], noise))).toThrow(
      /got shape 28×28×3; channels come before height and width/,
    );
    expect(() => images(numbers([2, 6, 5, 5], noise))).toThrow(/show.featureMaps/);
    expect(() => images(numbers([784], noise))).toThrow(/reshape the pixels to \[H, W\]/);
    expect(() => images([numbers([1, 4, 4], noise), numbers([1, 5, 5], noise)])).toThrow(
      /one size, got 1×4×4 and 1×5×5/,
    );
    expect(() => images("cat.png" as never)).toThrow(/got the string "cat.png"/);
  });
});

describe("show.filters", () => {
  const weight = (shape: number[]) => numbers(shape, (i) => noise(i) - 0.4);

  it("draws kernels on one, three and many channels", () => {
    expect(textOf(bundleOf(filters(weight([6, 1, 5, 5]))))).toMatch(
      /^6 filters of 1×5×5 weights from −0\.\d+ to 0\.\d+\.$/,
    );
    expect(textOf(bundleOf(filters(weight([8, 3, 7, 7]))))).toMatch(/^8 filters of 3×7×7/);
    const deep = bundleOf(filters(weight([64, 32, 3, 3])));
    expect(JSON.stringify(deep).length).toBeLessThan(200_000);
  });

  it("centres the colours on 0", () => {
    const picture = pictureOf(bundleOf(filters(numbers([1, 1, 1, 3], (i) => [-1, 0, 0.5][i]!))));
    expect(countColour(picture, [0x05, 0x30, 0x61])).toBeGreaterThan(100);
    expect(countColour(picture, [0x67, 0x00, 0x1f])).toBeLessThan(
      countColour(picture, [0x05, 0x30, 0x61]) / 4,
    );
  });

  it("refuses a layer without kernels, naming it", () => {
    class Linear {
      weight = weight([10, 84]);
    }
    class ReLU {}
    expect(() => filters(new Linear())).toThrow(
      /expected a convolution.*got Linear, whose weights have shape 10×84; show.tensor/,
    );
    expect(() => filters(new ReLU() as never)).toThrow(/got ReLU/);
    expect(() => filters(weight([6, 25]))).toThrow(/got shape 6×25/);
  });
});

describe("layers at work", () => {
  class Conv2d {
    weight = numbers([2, 1, 3, 3], noise);
  }
  class Linear {}
  const layer = (path: string, module: object, shape: number[]): LayerTrace => ({
    path,
    module,
    outputShape: [1, ...shape],
    output: numbers([1, ...shape], noise),
  });
  const trace = [
    layer("conv", new Conv2d(), [2, 10, 10]),
    layer("pool", new (class MaxPool2d {})(), [2, 5, 5]),
    layer("fc", new Linear(), [10]),
  ];

  it("featureMaps draws convolutions, or the layer asked for", () => {
    expect(textOf(bundleOf(featureMapsPicture(trace, "Net", {})))).toBe(
      "Feature maps of Net for one image: conv 2×10×10.",
    );
    for (const choice of ["pool", 1, trace[1]!.module]) {
      expect(textOf(bundleOf(featureMapsPicture(trace, "Net", { layer: choice })))).toContain("pool 2×5×5");
    }
    expect(() => featureMapsPicture(trace, "Net", { layer: "conv9" })).toThrow(
      /no layer "conv9"; layers with maps: conv, pool/,
    );
    expect(() => featureMapsPicture(trace, "Net", { layer: "fc" })).toThrow(
      /layer fc gives shape 1×10, not maps/,
    );
  });

  it("informationFlow tells the shapes on the way", () => {
    const bundle = bundleOf(
      informationFlowPicture(numbers([1, 12, 12], noise), trace, "Net", { classes: [..."abcdefghij"] }),
    );
    expect(textOf(bundle)).toBe("One image on its way through Net: 1×12×12 → 2×10×10 → 2×5×5 → 10.");
    expect(inked(pictureOf(bundle))).toBeGreaterThan(0.1);
  });
});

describe("show.tensor", () => {
  it("prints few values and draws many, by shape", () => {
    expect(
      bundleOf(
        tensor([
          [1, 2],
          [3, 4.5],
        ]),
      ).data,
    ).toEqual({ "text/plain": "[[1, 2], [3, 4.5]]" });
    expect(textOf(bundleOf(tensor(numbers([2, 1, 16, 16], noise))))).toBe("2 images of 16×16 pixels.");
    const matrix = bundleOf(tensor(numbers([10, 12], (i) => i - 40)));
    expect(specOf(matrix).layer).toHaveLength(2);
    expect(countColour(pictureOf(matrix), [0x67, 0x00, 0x1f])).toBeGreaterThan(500);
    const map = bundleOf(tensor(numbers([20, 30], (i) => noise(i) - 0.5)));
    expect(textOf(map)).toMatch(/^Tensor 20×30: mean .*, standard deviation .*, from −0\.\d+ to 0\.\d+\.$/);
    expect(pictureOf(map).width).toBeGreaterThan(600);
  });

  it("counts what is not finite and what is constant without failing", () => {
    const odd = tensor(numbers([1000], (i) => (i < 2 ? Number.NaN : i === 5 ? Number.NEGATIVE_INFINITY : 1)));
    expect(textOf(bundleOf(odd))).toBe(
      "Tensor 1000: mean 1, standard deviation 0, from 1 to 1; 2 NaN and 1 infinite.",
    );
    const spec = specOf(bundleOf(odd)) as { hconcat: { data: { values: object[] } }[] };
    expect(spec.hconcat[1]!.data.values).toMatchObject([
      { kind: "−∞", count: 1 },
      { kind: "NaN", count: 2 },
    ]);
    const none = tensor(numbers([100], () => Number.NaN));
    expect(textOf(bundleOf(none))).toBe("Tensor 100: no value is a number: 100 NaN.");
    const purple = countColour(pictureOf(bundleOf(none)), nonFinite.nan);
    expect(purple).toBeGreaterThan(5000);
    expect(String(tensor(numbers([90], () => 2)))).toBe("Tensor 90: all values are 2.");
  });

  it("counts what is true, and which label is most frequent", () => {
    const truth = { ...numbers([300], (i) => (i % 3 === 0 ? 1 : 0)), dtype: "bool" };
    expect(String(tensor(truth))).toBe("Tensor 300 bool: 100 true, 200 false.");
    const labels = { ...numbers([200], (i) => (i < 50 ? 7 : i % 5)), dtype: "int32" };
    expect(String(tensor(labels))).toBe(
      "Tensor 200 int32: 6 different values from 0 to 7, most often 7 (50 times).",
    );
    const spec = JSON.stringify(specOf(bundleOf(tensor(truth))));
    expect(spec).toContain("'false'");
  });

  it("draws a map for each place in the dimensions before the last two, while there are few", () => {
    const maps = tensor(numbers([2, 3, 6, 8], (i) => noise(i) - 0.5));
    expect(Object.keys(bundleOf(maps).data)).toEqual(["image/png", "text/plain"]);
    const white = inked(pictureOf(bundleOf(maps)));
    expect(white).toBeGreaterThan(0.2);
    expect(specOf(bundleOf(tensor(numbers([64, 32, 3, 3], noise))))).toBeDefined();
    const many = tensor(
      numbers([100, 6, 6], (i) => noise(i) - 0.5),
      { as: "map" },
    );
    expect(String(many)).toMatch(/; the first 64 of 100 maps\.$/);
    expect(JSON.stringify(bundleOf(many)).length).toBeLessThan(200_000);
  });

  it("draws noise in few shades where there is much of it, in less than 200 KB", () => {
    let state = 1;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647 - 0.5;
    };
    const bundle = bundleOf(tensor(numbers([320, 320], () => random() + random() + random())));
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    expect(inked(pictureOf(bundle))).toBeGreaterThan(0.5);
  });

  it("says what is wrong with the input", () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(/rows must have equal lengths, got 2 and 1/);
    expect(() => tensor([["a"]] as never)).toThrow(/expected numbers, got the string "a"/);
    expect(() => tensor([1], { as: "pie" as never })).toThrow(
      /as must be "values", "image", "map" or "histogram", got "pie"/,
    );
  });
});
