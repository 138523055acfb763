/** Pictures of what networks make: reconstructions, images over a code space, samples. */
import { describe, expect, it } from "vitest";
import { data, full, nn, noGrad, seed, type Tensor, tensor } from "../../../engine/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const images = data.digits({ train: 10, test: 12, seed: 3 }).test.images;

/** An ellipse whose width and height a code says: `[N, 2]` to `[N, 1, 16, 16]`. */
function ellipses(codes: Tensor): Tensor {
  const values = codes.toTypedArray();
  const [count, width] = codes.shape as [number, number];
  const pixels = Float32Array.from({ length: count * 256 }, (_, i) => {
    const [cell, y, x] = [Math.floor(i / 256), (Math.floor(i / 16) % 16) - 7.5, (i % 16) - 7.5];
    const [a, b] = [4 + 1.5 * values[cell * width]!, 4 + 1.5 * values[cell * width + 1]!];
    return 1 / (1 + Math.exp(4 * (Math.hypot(x / a, y / b) - 1)));
  });
  return tensor(pixels).reshape([count, 1, 16, 16]);
}

describe("show.pairs", () => {
  const outputs = noGrad(() => images.mul(0.8).add(0.1).keep());

  it("draws inputs, outputs and where they differ, with the error of each", () => {
    const bundle = expectPicture("pairs", show.pairs(images, outputs, { n: 6 }));
    expect(textOf(bundle)).toMatch(
      /^12 pairs: mean squared error 0\.0\d+ on average, from 0\.00?\d+ to 0\.0\d+; the first 6 are shown\.$/,
    );
  });

  it("takes flat outputs and colours, and shows the worst first", () => {
    const flat = outputs.reshape([12, 784]);
    const worst = noGrad(() =>
      images
        .mul(tensor(Array.from({ length: 12 }, (_, i) => (i === 7 ? 0 : 0.9))).reshape([12, 1, 1, 1]))
        .keep(),
    );
    expect(String(show.pairs(images, worst, { order: "worst", n: 3 }))).toMatch(
      /; the 3 worst are shown, image 7 first\.$/,
    );
    expect(String(show.pairs(images, flat))).toBe(String(show.pairs(images, outputs)));
    const colours = {
      shape: [2, 3, 5, 9],
      toTypedArray: () => Float32Array.from({ length: 270 }, (_, i) => (i % 7) / 7),
    };
    expect(String(show.pairs(colours, colours))).toBe("2 pairs: mean squared error 0.");
    expect(bundleOf(show.pairs(colours, colours)).data["image/png"]).toBeDefined();
  });

  it("draws outputs that are not finite, and says so", () => {
    const broken = { shape: [1, 1, 2, 2], toTypedArray: () => [Number.NaN, 0, 0, 0] };
    const fine = { shape: [1, 1, 2, 2], toTypedArray: () => [1, 0, 0, 0] };
    expect(String(show.pairs(fine, broken))).toBe("1 pair, none of them finite.");
    expect(bundleOf(show.pairs(fine, broken)).data["image/png"]).toBeDefined();
  });

  it("refuses what does not fit", () => {
    expect(() => show.pairs(images, images.select(0, 0))).toThrow(
      "expected outputs of the inputs' shape 12×1×28×28 or flat 12×784, got 1×28×28",
    );
    expect(() => show.pairs(images, outputs, { n: 0 })).toThrow("n must be a whole number from 1 to 24");
    expect(() => show.pairs(images, outputs, { order: "best" as never })).toThrow(
      'order is "first" or "worst"',
    );
  });
});

describe("show.latentGrid", () => {
  it("draws what a decoder makes of codes on a grid, the second number upwards", () => {
    const seen: number[][] = [];
    const decoder = (codes: Tensor) => {
      seen.push(...(codes.toArray() as number[][]));
      return ellipses(codes);
    };
    const bundle = expectPicture("latentGrid", show.latentGrid(decoder, { size: 9 }));
    expect(textOf(bundle)).toBe("9×9 codes, z₁ from −2 to 2 to the right and z₂ from −2 to 2 upwards.");
    expect([seen[0], seen[8], seen[72], seen[80]]).toEqual([
      [-2, 2],
      [2, 2],
      [-2, -2],
      [2, -2],
    ]);
  });

  it("varies two numbers of longer codes, takes modules, and leaves their mode as it was", () => {
    seed(1);
    const decoder = nn.sequential(nn.linear(5, 64), nn.batchNorm1d(64), nn.sigmoid());
    const shown = show.latentGrid(decoder, { dimensions: 5, axes: [4, 1], size: 3, reach: 1 });
    expect(String(shown)).toBe(
      "3×3 codes, z₅ from −1 to 1 to the right and z₂ from −1 to 1 upwards; the other 3 numbers 0.",
    );
    expect(bundleOf(shown).data["image/png"]).toBeDefined();
    expect(decoder.training).toBe(true);
  });

  it("stays below the limit with colour images", () => {
    const decoder = (codes: Tensor) => {
      const count = codes.shape[0]!;
      return tensor(Float32Array.from({ length: count * 3 * 64 * 64 }, (_, i) => (i * 7919) % 256)).reshape([
        count,
        3,
        64,
        64,
      ]);
    };
    expect(JSON.stringify(bundleOf(show.latentGrid(decoder, { size: 8 }))).length).toBeLessThan(200_000);
  });

  it("refuses what makes no images", () => {
    expect(() => show.latentGrid(3 as never)).toThrow("expected a decoder, a module or a function");
    expect(() => show.latentGrid((z) => z)).toThrow(
      "expected images [N, 1 or 3, H, W], or flat squares [N, H·H], got shape 100×2",
    );
    expect(() => show.latentGrid(() => ellipses(tensor([[0, 0]])))).toThrow("made 1 image of 100 codes");
    expect(() => show.latentGrid(() => 1 as never)).toThrow("must give a tensor of images");
    expect(() => show.latentGrid(ellipses, { axes: [0, 0] })).toThrow("two different numbers from 0 to 1");
    expect(() => show.latentGrid(ellipses, { size: 1 })).toThrow("size must be a whole number from 2 to 30");
    expect(() => show.latentGrid(ellipses, { reach: 0 })).toThrow("reach must be a number > 0");
  });
});

describe("show.interpolation", () => {
  it("draws the way from one code to another", () => {
    const bundle = expectPicture("interpolation", show.interpolation(ellipses, [-2, 1], tensor([[2, -1]])));
    expect(textOf(bundle)).toBe("10 images on the way between two codes of 2 numbers, 4.47 apart.");
  });

  it("refuses codes of different lengths", () => {
    expect(() => show.interpolation(ellipses, [1], [1, 2])).toThrow("the same numbers, got 1 and 2");
    expect(() => show.interpolation(ellipses, [1, 2], [1, 2], { steps: 1 })).toThrow(
      "steps must be a whole number from 2 to 40",
    );
  });
});

describe("images of two or five channels", () => {
  it.each([2, 5])("are refused: %i", (channels) => {
    const odd = { shape: [4, channels, 3, 3], toTypedArray: () => new Float32Array(4 * channels * 9) };
    const message = `got shape 4×${channels}×3×3`;
    expect(() => show.pairs(odd, odd)).toThrow(message);
    expect(() => show.samples({ a: odd })).toThrow(message);
    expect(() =>
      show.latentGrid(() => tensor(new Float32Array(4 * channels * 9)).reshape([4, channels, 3, 3]), {
        size: 2,
      }),
    ).toThrow(message);
  });
});

describe("show.samples", () => {
  const at = (share: number) =>
    noGrad(() =>
      images
        .mul(share)
        .add((1 - share) / 2)
        .keep(),
    );

  it("draws a row for each moment of a training", () => {
    const bundle = expectPicture(
      "samples",
      show.samples({ "epoch 1": at(0.1), "epoch 5": at(0.5), "epoch 20": at(1) }, { n: 8 }),
    );
    expect(textOf(bundle)).toBe("Samples of 28×28 pixels at 3 moments: from epoch 1 to epoch 20.");
  });

  it("draws eight of many moments, of large colour images too, below the limit", () => {
    const noisy = {
      shape: [12, 3, 64, 64],
      toTypedArray: () => Float32Array.from({ length: 12 * 3 * 64 * 64 }, (_, i) => ((i * 7919) % 256) / 256),
    };
    const bundle = bundleOf(
      show.samples(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`epoch ${i + 1}`, noisy]))),
    );
    expect(textOf(bundle)).toMatch(/at 30 moments, 8 of them shown: from epoch 1 to epoch 30\.$/);
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
  });

  it("refuses nothing, other sizes, and a list", () => {
    expect(() => show.samples({})).toThrow("there are no images");
    expect(() => show.samples([images] as never)).toThrow('such as { "epoch 1": images }');
    expect(() => show.samples({ a: images, b: ellipses(tensor([[0, 0]])) })).toThrow(
      'got 1×28×28 and 1×16×16 for "b"',
    );
    expect(() => show.samples({ a: images }, { n: 0 })).toThrow("n must be a whole number from 1 to 20");
  });
});

it("counts what is not finite, in the sentence and the picture", () => {
  const broken = full([2, 1, 4, 4], Number.NaN);
  const ofNaN = (z: Tensor) => full([z.shape[0]!, 1, 4, 4], Number.NaN);
  expect(String(show.samples({ "epoch 1": broken }))).toMatch(/ \(32 values not finite\)\.$/);
  expect(String(show.latentGrid(ofNaN, { size: 3 }))).toMatch(/ \(144 values not finite\)\.$/);
  expect(String(show.interpolation(ofNaN, [0, 1], [1, 0], { steps: 3 }))).toMatch(
    / \(48 values not finite\)\.$/,
  );
});
