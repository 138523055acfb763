import { describe, expect, it } from "vitest";
import { addNormalNoise } from "../../engine/data/transforms/noise.ts";
import {
  data,
  Generator,
  fit as learn,
  memoryReport,
  models,
  nn,
  ones,
  optim,
  rand,
  seed,
  type Tensor,
  tensor,
} from "../../engine/index.ts";
import hues from "./golden/hue.json" with { type: "json" };
import golden from "./golden/transforms.json" with { type: "json" };

const t = data.transforms;
const wave = () =>
  tensor(
    Float32Array.from({ length: 126 }, (_, i) => 0.5 + 0.5 * Math.sin(0.7 * i)),
    { shape: [1, 2, 7, 9] },
  );

function expectClose(actual: Tensor, expected: readonly number[]): void {
  const values = actual.toTypedArray();
  expect(values.length).toBe(expected.length);
  values.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5);
  });
}

describe("transforms that move pixels", () => {
  it.each(Object.entries(golden).filter(([name]) => name.includes(" ")))(
    "are PyTorch's grid_sample: %s",
    (_name, entry) => {
      const { degrees, border, values } = entry as { degrees: number; border: "zeros"; values: number[] };
      expectClose(t.rotate(degrees, { border }).apply(wave()), values);
    },
  );

  it("resize as PyTorch's interpolate does", () => {
    expectClose(t.resize(5).apply(wave()), golden.resize);
    expectClose(t.resize(12).apply(wave()), golden.enlarge);
  });

  it("undo themselves: two flips, four quarter turns, exactly (N12 c)", () => {
    const x = rand([2, 3, 6, 6]);
    const flip = t.randomHorizontalFlip({ probability: 1 });
    expect(flip.apply(flip.apply(x)).toArray()).toEqual(x.toArray());
    expect(flip.apply(x).toArray()).toEqual(x.flip(3).toArray());
    const upside = t.randomVerticalFlip({ probability: 1 });
    expect(upside.apply(x).toArray()).toEqual(x.flip(2).toArray());
    const quarter = t.rotate(90);
    let turned = x;
    for (let i = 0; i < 4; i++) turned = quarter.apply(turned);
    expect(turned.toArray()).toEqual(x.toArray());
    expect(
      quarter
        .apply(
          tensor([
            [
              [1, 2],
              [3, 4],
            ],
          ]),
        )
        .toArray(),
    ).toEqual([
      [
        [2, 4],
        [1, 3],
      ],
    ]);
  });

  it("keep the sum when they shift within a margin (N12 c), and repeat or mirror the border where told", () => {
    const x = t.randomCrop(20, { padding: 4 });
    expect(
      x
        .apply(ones([3, 1, 12, 12]))
        .sum([1, 2, 3])
        .toArray(),
    ).toEqual([144, 144, 144]);
    const framed = (border: "replicate" | "reflect") =>
      t.randomCrop(7, { padding: 2, border }).apply(
        tensor([
          [
            [1, 2, 3],
            [4, 5, 6],
            [7, 8, 9],
          ],
        ]),
      );
    expect(framed("replicate").toArray()).toMatchObject([
      [[1, 1, 1, 2, 3, 3, 3], {}, {}, {}, {}, {}, [7, 7, 7, 8, 9, 9, 9]],
    ]);
    expect(framed("reflect").toArray()).toMatchObject([[[9, 8, 7, 8, 9, 8, 7], {}, {}, {}, {}, {}, {}]]);
    expect(
      t
        .centerCrop(2)
        .apply(
          tensor([
            [
              [1, 2, 3, 4],
              [5, 6, 7, 8],
              [9, 10, 11, 12],
              [13, 14, 15, 16],
            ],
          ]),
        )
        .toArray(),
    ).toEqual([
      [
        [6, 7],
        [10, 11],
      ],
    ]);
  });

  it.each(["zeros", "replicate", "reflect"] as const)(
    "shift further than the image is large, with %s outside, to a place that exists",
    (border) => {
      const [height, width] = [3, 4];
      const x = tensor(
        Float32Array.from({ length: 24 }, (_, i) => i + 1),
        { shape: [1, 2, height, width] },
      );
      const values = x.toTypedArray();
      const mirrored = (i: number, size: number): number =>
        i < 0 ? mirrored(-i, size) : i < size ? i : mirrored(Math.abs(2 * (size - 1) - i), size);
      const pixel = (k: number, row: number, column: number): number => {
        const isInside = row >= 0 && row < height && column >= 0 && column < width;
        if (border === "zeros" && !isInside) return 0;
        const place = (i: number, size: number) =>
          border === "reflect" ? mirrored(i, size) : Math.min(Math.max(i, 0), size - 1);
        return values[(k * height + place(row, height)) * width + place(column, width)]!;
      };
      const moves = Array.from(
        { length: 15 * 15 },
        (_, i) => [Math.floor(i / 15) - 7, (i % 15) - 7] as const,
      );
      const everyShift = new Set(
        moves.map(([down, right]) =>
          Array.from({ length: 24 }, (_, i) =>
            pixel(Math.floor(i / 12), (Math.floor(i / width) % height) - down, (i % width) - right),
          ).join(),
        ),
      );
      const shifted = t.randomShift(7, { border }).apply(x.expand([60, 2, height, width]), new Generator(5));
      const found = new Set(
        Array.from({ length: 60 }, (_, i) => Array.from(shifted.select(0, i).toTypedArray()).join()),
      );
      for (const one of found) expect(everyShift).toContain(one);
      expect(found.size).toBeGreaterThan(5);
    },
  );

  it("draw for each sample, alike for one seed, and leave the input as it was", () => {
    const x = ones([64, 1, 8, 8]);
    const shift = t.randomShift(3);
    const sums = shift.apply(x, new Generator(1)).sum([1, 2, 3]).toTypedArray();
    expect(new Set(sums).size).toBeGreaterThan(5);
    expect([...shift.apply(x, new Generator(1)).sum([1, 2, 3]).toTypedArray()]).toEqual([...sums]);
    seed(4);
    const first = shift.apply(x).toArray();
    seed(4);
    expect(shift.apply(x).toArray()).toEqual(first);
    expect(x.min().item()).toBe(1);
    const flipped = t
      .randomHorizontalFlip()
      .apply(tensor([[[[0, 1]]]]).expand([1000, 1, 1, 2]), new Generator(2));
    expect(flipped.select(3, 0).mean().item()).toBeCloseTo(0.5, 1);
  });

  it("take masks and boxes along", () => {
    const { train } = data.shapes({ train: 40, test: 1, noise: 0 });
    const given = { images: train.images, masks: train.target("masks"), boxes: train.target("boxes") };
    const augment = t.compose(t.randomHorizontalFlip(), t.randomShift(3), t.rotate(90));
    const { images, masks, boxes } = augment.applyWith(given, new Generator(3));
    const labels = train.labels.toTypedArray();
    const [size, mask] = [32, masks!.toTypedArray()];
    expect([images.shape, masks!.dtype]).toEqual([[40, 1, 32, 32], "int32"]);
    for (let i = 0; i < 40; i++) {
      const inside = Array.from(mask.slice(i * size * size, (i + 1) * size * size)).flatMap((value, at) =>
        value > 0 ? [at] : [],
      );
      expect(new Set(inside.map((at) => mask[i * size * size + at]))).toEqual(new Set([labels[i]! + 1]));
      const [xs, ys] = [inside.map((at) => at % size), inside.map((at) => Math.floor(at / size))];
      const around = [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1].map(
        (x) => x / size,
      );
      boxes!
        .select(0, i)
        .toTypedArray()
        .forEach((edge, k) => {
          expect(edge).toBeCloseTo(around[k]!, 5);
        });
    }
  });
});

describe("transforms that change how pixels look", () => {
  it("multiply, and draw away from grey, in [0, 1]", () => {
    const x = tensor([[[0.2, 0.4]], [[0.6, 0.8]], [[0.1, 1]]]);
    const grey = (r: number, g: number, b: number) => 0.299 * r + 0.587 * g + 0.114 * b;
    const draws = (amount: number, key: string) => {
      const zero = [0, 0, 0];
      const order = ["brightness", "contrast", "saturation"].indexOf(key);
      zero[order] = amount;
      const random = new Generator(5);
      return zero.map((a) => random.uniform(Math.max(0, 1 - a), 1 + a))[order]!;
    };
    const bright = draws(0.5, "brightness");
    expectClose(
      t.colorJitter({ brightness: 0.5 }).apply(x, new Generator(5)),
      [0.2, 0.4, 0.6, 0.8, 0.1, 1].map((v) => Math.min(1, v * bright)),
    );
    const strong = draws(0.5, "contrast");
    const mean = (grey(0.2, 0.6, 0.1) + grey(0.4, 0.8, 1)) / 2;
    const clip = (v: number) => Math.min(1, Math.max(0, v));
    expectClose(
      t.colorJitter({ contrast: 0.5 }).apply(x, new Generator(5)),
      [0.2, 0.4, 0.6, 0.8, 0.1, 1].map((v) => clip(mean + (v - mean) * strong)),
    );
    const full = draws(0.9, "saturation");
    const own = [grey(0.2, 0.6, 0.1), grey(0.4, 0.8, 1)];
    expectClose(
      t.colorJitter({ saturation: 0.9 }).apply(x, new Generator(5)),
      [0.2, 0.4, 0.6, 0.8, 0.1, 1].map((v, i) => clip(own[i % 2]! + (v - own[i % 2]!) * full)),
    );
  });

  it.each(hues.cases)("turn hues as colorsys does, by $factor", ({ factor, turned }) => {
    class Fixed extends Generator {
      override uniform(): number {
        return factor;
      }
    }
    const x = tensor(hues.colours).unsqueeze(1);
    expectClose(t.colorJitter({ hue: 0.5 }).apply(x, new Fixed()), turned.flat());
  });

  it("turn hues by up to the amount either way, after the other changes, whose draws stay", () => {
    const reds = tensor([[[1]], [[0]], [[0]]]).expand([500, 3, 1, 1]);
    const colours = t.colorJitter({ hue: 0.1 }).apply(reds, new Generator(2));
    const [greens, blues] = [1, 2].map((c) => [...colours.select(1, c).toTypedArray()]) as [
      number[],
      number[],
    ];
    expect(Math.max(...greens)).toBeCloseTo(0.6, 1);
    expect(Math.max(...blues)).toBeCloseTo(0.6, 1);
    expect(greens.every((green, i) => Math.min(green, blues[i]!) === 0)).toBe(true);
    const [x, other] = [rand([1, 3, 4, 4]), { brightness: 0.3, saturation: 0.4 }];
    const plain = t.colorJitter(other).apply(x, new Generator(3));
    const turned = t.colorJitter({ ...other, hue: 0.2 }).apply(x, new Generator(3));
    expectClose(turned.max(1), [...plain.max(1).toTypedArray()]);
    expect(turned.toArray()).not.toEqual(plain.toArray());
  });

  it("add the noise that the generator's normal numbers are, out to the tails", () => {
    const [values, random] = [new Float32Array(300_000), new Generator(4)];
    addNormalNoise(values, 2, new Generator(4));
    let [worst, largest] = [0, 0];
    for (const value of values) {
      const exact = 2 * random.normal();
      worst = Math.max(worst, Math.abs(value - exact));
      largest = Math.max(largest, Math.abs(exact));
    }
    expect(worst).toBeLessThan(1e-6);
    expect(largest).toBeGreaterThan(8);
    const [after, before] = [new Generator(7), new Generator(7)];
    after.fillBits(new Int32Array(3));
    for (let i = 0; i < 3; i++) before.bits();
    expect(after.bits()).toBe(before.bits());
  });

  it("hide a square, add noise, standardise and undo it", () => {
    const hidden = t.randomErasing(3, { value: 5 }).apply(ones([50, 2, 9, 9]), new Generator(1));
    const counts = hidden.equal(5).to("float32").sum([1, 2, 3]).toTypedArray();
    expect(Math.max(...counts)).toBe(18);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(8);
    const noisy = t.gaussianNoise(0.2).apply(ones([1, 1, 200, 200]), new Generator(1));
    expect(noisy.mean().item()).toBeCloseTo(1, 2);
    expect(noisy.std().item()).toBeCloseTo(0.2, 2);
    const x = rand([4, 3, 5, 5]);
    const [mean, std] = [
      [0.4, 0.5, 0.6],
      [0.1, 0.2, 0.3],
    ];
    const standard = t.normalize(mean, std).apply(x);
    expect(standard.at(1, 2, 3, 4).item()).toBeCloseTo((x.at(1, 2, 3, 4).item() - 0.6) / 0.3, 5);
    expectClose(t.denormalize(mean, std).apply(standard), [...x.toTypedArray()]);
  });
});

describe("a loader with a transform", () => {
  it("changes images and moves targets, alike for one seed, with the same order as without", () => {
    const { train } = data.shapes({ train: 30, test: 1 });
    const make = (transform?: data.transforms.Transform) =>
      train.loader({
        batchSize: 8,
        shuffle: true,
        seed: 3,
        target: ["labels", "masks"],
        ...(transform ? { transform } : {}),
      });
    const flip = t.randomHorizontalFlip({ probability: 1 });
    const [plain, changed, again] = [[...make()], [...make(flip)], [...make(flip)]];
    for (const [i, [images, labels, masks]] of changed.entries()) {
      expect(images.toArray()).toEqual(plain[i]![0].flip(3).toArray());
      expect(labels.toArray()).toEqual(plain[i]![1].toArray());
      expect(masks.toArray()).toEqual(plain[i]![2].flip(2).toArray());
      expect(images.toArray()).toEqual(again[i]![0].toArray());
    }
  });

  it("gives denoising auto-encoders noisy images and clean ones that moved alike", () => {
    const { train } = data.digits({ train: 20, test: 10 });
    const transform = t.compose(t.randomHorizontalFlip({ probability: 1 }), t.gaussianNoise(0.3));
    const [[noisy, clean]] = [...train.loader({ batchSize: 20, target: "images", transform })] as [
      [Tensor, Tensor],
    ];
    expect(clean.toArray()).toEqual(train.images.flip(3).toArray());
    expect(noisy.sub(clean).std().item()).toBeCloseTo(0.3, 1);
  });

  it("trains, and leaves memory flat over 10,000 batches", async () => {
    const { train } = data.digits({ train: 200, test: 10 });
    seed(1);
    const model = models.mlp([784, 8, 10]);
    const optimizer = optim.adam(model.parameters(), { lr: 0.01 });
    const loader = train.loader({ batchSize: 20, shuffle: true, seed: 1, transform: t.randomShift(1) });
    const history = await learn(model, loader, { epochs: 8, optimizer });
    expect(history.epochs[7]!.loss).toBeLessThan(0.8 * history.epochs[0]!.loss);
    const small = data.fromArrays(
      rand([40, 1, 2, 2]),
      Array.from({ length: 40 }, (_, i) => i % 2),
    );
    const tiny = nn.sequential(nn.flatten(), nn.linear(4, 2));
    const turning = small.loader({ batchSize: 4, transform: t.randomRotation(20) });
    const epochs = (n: number) => {
      for (let i = 0; i < n; i++) for (const [x, y] of turning) nn.crossEntropy(tiny(x), y).backward();
      return memoryReport().bytes;
    };
    const before = epochs(50);
    expect(epochs(1000)).toBeLessThanOrEqual(before * 1.05);
  }, 60_000);
});

describe("transforms' mistakes", () => {
  it.each<[() => unknown, RegExp]>([
    [() => t.randomCrop(8, { padding: 0.5 }), /padding must be a whole number/],
    [
      () => t.randomShift(1).applyWith({ images: rand([2, 1, 8, 8]), boxes: rand([1, 4]) }),
      /boxes \[1, 4\] do not belong to images \[2, 1, 8, 8\]; expected \[2, 4\]/,
    ],
    [
      () => t.randomHorizontalFlip({ probability: 50 }),
      /probability must be a number from 0 to 1; got 50 \(50 % is 0\.5\)/,
    ],
    [() => t.randomHorizontalFlip({ p: 0.5 } as never), /there is no option "p"; did you mean probability\?/],
    [() => t.randomRotation("30" as never), /degrees must be a number from 0 on; got the string "30"/],
    [() => t.randomAffine({ scale: [1.2, 0.8] }), /scale is \[low, high\], both above 0; got \[1\.2, 0\.8\]/],
    [() => t.randomShift(0.1), /pixels must be a whole number/],
    [() => t.rotate(10, { border: "wrap" as never }), /border is "zeros", "replicate" or "reflect"/],
    [
      () => t.randomCrop(32).apply(rand([1, 28, 28])),
      /a crop of 32 is larger than the image of 28; crop less, or pad more/,
    ],
    [
      () => t.randomShift(1).apply(rand([5, 2])),
      /transforms images \[N, C, H, W\] or \[C, H, W\]; got \[5, 2\], points/,
    ],
    [() => t.randomShift(1).apply([[1]] as never), /expects images as a tensor/],
    [
      () => t.colorJitter({ saturation: 0.5 }).apply(rand([1, 4, 4])),
      /saturation needs red, green and blue; the images have 1 channel/,
    ],
    [() => t.colorJitter({ hue: 0.1 }).apply(rand([2, 4, 4])), /hue needs red, .*the images have 2 channels/],
    [
      () => t.colorJitter({ hue: 36 }),
      /hue is a share .* at most 0\.5, the opposite; got 36 \(36° are 0\.1\)/,
    ],
    [() => t.normalize([0.5], [0]), /the std of channel 0 is 0/],
    [() => t.normalize(0.5 as never, 0.5 as never), /expects two arrays/],
    [() => t.normalize([0.5], [1]).apply(rand([3, 4, 4])), /has numbers for 1 channels; the images have 3/],
    [() => t.gaussianNoise(-1), /the deviation must be a number from 0 on/],
    [() => t.randomErasing(4, { probability: 2 }), /probability must be a number from 0 to 1; got 2/],
    [() => t.compose(t.randomHorizontalFlip as never), /takes transforms.*; call it/],
    [
      () => data.moons().loader({ transform: t.randomShift(1) }),
      /loader: randomShift.*got \[200, 2\], points/,
    ],
    [
      () => data.digits({ train: 10, test: 10 }).train.loader({ transform: t.randomShift as never }),
      /transform must be one of data\.transforms.*; call it/,
    ],
  ])("explain %s", (act, message) => {
    expect(act).toThrow(message);
  });
});
