import { beforeAll, describe, expect, it } from "vitest";
import { classical, data, type Tensor, tensor } from "../../../engine/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, inked, pictureOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

interface Layer {
  mark: { type: string };
  data: { values: { x: number; y: number; start: number; end: number; height: number; line: string }[] };
}
const layersOf = (shown: ReturnType<typeof show.density>): Layer[] =>
  specOf(bundleOf(shown)).layer as Layer[];

/** Two heaps of numbers, without chance. */
const heaps = Array.from({ length: 90 }, (_, i) => (i % 3 === 0 ? 2 : -1) + Math.sin(i * i) * 0.9);
const kde = (bandwidth: number, x: Tensor) => classical.kernelDensity({ bandwidth }).fit(x);

describe("show.density", () => {
  const samples = tensor(heaps);

  it("draws estimates over the histogram and the samples", () => {
    const shown = show.density({ "h = 0.1": kde(0.1, samples), "h = 0.5": kde(0.5, samples) }, samples);
    expectPicture("density", shown);
    expect(String(shown)).toMatch(
      /^90 samples; h = 0\.1: highest density 0\.\d+ at .*; h = 0\.5: highest density 0\.\d+ at /,
    );
    const [bars, rug, lines] = layersOf(shown) as [Layer, Layer, Layer];
    const area = bars.data.values.reduce((sum, { start, end, height }) => sum + (end - start) * height, 0);
    expect(area).toBeCloseTo(1, 3);
    expect(rug.data.values).toHaveLength(90);
    const places = lines.data.values.filter(({ line }) => line === "h = 0.5");
    const found = kde(0.5, samples)
      .density(tensor(places.map(({ x }) => x)))
      .toTypedArray();
    places.forEach(({ y }, i) => void expect(y).toBeCloseTo(found[i]!, 3));
  });

  it("adds the true density, takes [N, 1] and logarithms", () => {
    const column = samples.unsqueeze(1);
    const shown = show.density(kde(0.4, column), column, { target: () => 0.2, x: [-1, 1] });
    expect(String(shown)).toMatch(/^90 samples; highest density 0\.\d+ at /);
    expect(
      layersOf(shown)
        .at(-1)!
        .data.values.some(({ line, y }) => line === "target" && y === 0.2),
    ).toBe(true);
    const flat = { logDensity: (x: Tensor) => x.mul(0).sub(1) };
    expect(String(show.density(flat, samples))).toContain("highest density 0.368");
  });

  it("draws a map of samples of two numbers, some of very many, and stays small", () => {
    const { points } = data.moons({ samples: 3000 });
    const shown = show.density(kde(0.2, points), points);
    expect(String(shown)).toMatch(/^3,000 samples; highest density 0\.\d+ at \(.*\)\.$/);
    const layers = layersOf(shown);
    expect(layers[0]!.mark.type).toBe("image");
    expect(layers.at(-1)!.data.values.length).toBeLessThanOrEqual(400);
    const bundle = bundleOf(shown);
    expect(bundle.data).toHaveProperty("image/png");
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
  });

  const two = tensor([
    [0, 1],
    [1, 0],
  ]);
  it.each<[unknown, unknown, object, RegExp]>([
    [5, samples, {}, /show\.density: expected a fitted density such as classical\.kernelDensity\(\), got 5/],
    [{ a: 5 }, samples, {}, /got 5 for "a"/],
    [classical.kernelDensity(), samples, {}, /there is nothing fitted yet/],
    [kde(1, samples), heaps, {}, /samples must be \[N\], \[N, 1\] or \[N, 2\], got an array/],
    [kde(1, two), tensor([[1, 2, 3]]), {}, /samples of 3 numbers have no picture/],
    [{ a: kde(1, two), b: kde(1, two) }, two, {}, /one estimate is drawn at a time, got 2/],
    [kde(1, samples), tensor([Number.NaN]), {}, /no sample is a finite number/],
    [kde(1, samples), samples, { x: [2, 1] }, /x is \[low, high\] with low below high/],
  ])("explains what is wrong (%#)", (estimate, given, options, message) => {
    expect(() => show.density(estimate as never, given as never, options)).toThrow(message);
  });
});

describe("show.components", () => {
  let digits: Tensor;
  beforeAll(() => {
    digits = data.digits({ train: 80, test: 1, seed: 3 }).train.images;
  });

  it("draws mean, components with their shares, and images rebuilt from the first ones", () => {
    const model = classical.pca({ components: 16 }).fit(digits);
    const shown = show.components(model, { images: digits });
    const bundle = expectPicture("components", shown);
    const share = model.varianceShares.sum().item() * 100;
    const lost = model.reconstruct(digits).sub(digits).square().mean().sqrt().item();
    expect(String(shown)).toBe(
      `16 components of 1×28×28 images hold ${share.toFixed(1)} % of the variance; the first 12 shown; 16 of them rebuild images with an error of ${Number(lost.toPrecision(2))}.`,
    );
    expect(inked(pictureOf(bundle))).toBeGreaterThan(0.2);
  });

  it("draws components alone, of colours too, and rebuilds from as many as asked", () => {
    const colours = data.fromArrays(
      Array.from({ length: 6 }, (_, n) =>
        [0, 1, 2].map((c) => [0, 1].map((y) => [0, 1].map((x) => ((n + 1) * (c + 2) * (2 * y + x + 1)) % 7))),
      ),
      [0, 0, 0, 0, 0, 0],
    ).images;
    const model = classical.pca({ components: 3 }).fit(colours);
    expect(String(show.components(model, { limit: 1 }))).toMatch(
      /^3 components of 3×2×2 images hold .*; the first 1 shown\.$/,
    );
    const shown = show.components(model, { images: colours, counts: [0, 2] });
    expect(String(shown)).toMatch(/; 2 of them rebuild images with an error of /);
    expect(bundleOf(shown).data).toHaveProperty("image/png");
  });

  it("explains what is wrong", () => {
    const model = classical.pca({ components: 2 }).fit(digits);
    const rows = classical.pca({ components: 2 }).fit(data.blobs().points);
    expect(() => show.components(5 as never)).toThrow(
      /show\.components: expected a fitted classical\.pca, got 5/,
    );
    expect(() => show.components(classical.pca())).toThrow(/there is nothing fitted yet/);
    expect(() => show.components(rows)).toThrow(/draws components of images; these samples are 2; reshape/);
    expect(() => show.components(model, { images: data.blobs().points })).toThrow(
      /images must be N×1×28×28, got 200×2/,
    );
    expect(() => show.components(model, { images: digits, counts: [3] })).toThrow(
      /counts are whole numbers from 0 to 2, got 3/,
    );
    expect(() => show.components(model, { limit: 0 })).toThrow(
      /limit must be a whole number from 1 on, got 0/,
    );
  });
});
