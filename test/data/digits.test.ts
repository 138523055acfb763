import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { digits } from "../../engine/data/digits.ts";
import { glyphs } from "../../engine/data/glyphs.ts";
import type { Dataset } from "../../engine/data/index.ts";
import { setInterruptFlag } from "../../engine/interrupt.ts";

const bytesOf = (set: Dataset): Uint8Array =>
  Uint8Array.from(set.images.toTypedArray(), (value) => Math.round(value * 255));

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("data.digits", () => {
  it("draws the same pixels on every machine", () => {
    const { train, test } = digits({ train: 200, test: 100, seed: 7 });
    expect(sha256(bytesOf(train))).toBe("8ac7e55472f9fa4fdbd7a6378a82845701daadbebc4ceb9be1d2927d58bc05fd");
    expect(sha256(bytesOf(test))).toBe("1b212518d5760cfe7af7f48f80c723aa35460737242f1d8fa826a485c03b7ab9");
    expect(sha256(Uint8Array.from(train.labels.toTypedArray()))).toBe(
      "8894f78d3d03b619a7a614b3739012e00a8d836fd440aa337dc161780499f65e",
    );
  });

  it("gives images [N, 1, 28, 28] float32 in [0, 1] and labels [N] int32", () => {
    const { train, test } = digits({ train: 50, test: 20 });
    expect(train.images.shape).toEqual([50, 1, 28, 28]);
    expect(train.images.dtype).toBe("float32");
    expect(train.labels.shape).toEqual([50]);
    expect(train.labels.dtype).toBe("int32");
    expect(test.size).toBe(20);
    const values = train.images.toTypedArray();
    expect(Math.min(...values)).toBe(0);
    expect(Math.max(...values)).toBe(1);
    expect(values.every((value) => Math.fround(Math.round(value * 255) / 255) === value)).toBe(true);
    expect(train.classes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  });

  it("has 6,000 training and 1,000 test samples unless told", () => {
    const { train, test } = digits();
    expect([train.size, test.size]).toEqual([6000, 1000]);
    expect(`${train}`).toBe("digits, training: 6,000 images 28 × 28, 10 classes");
  });

  it("draws sample i alike whatever the size asked for", () => {
    const small = bytesOf(digits({ train: 37, test: 13, seed: 3 }).train);
    const large = digits({ train: 120, test: 50, seed: 3 });
    expect(small).toEqual(bytesOf(large.train).subarray(0, small.length));
    expect(digits({ train: 37, test: 13, seed: 3 }).test.labels.toArray()).toEqual(
      large.test.take(13).labels.toArray(),
    );
  });

  it("draws other digits for another seed, large ones too", () => {
    const seeds = [0, 1, 2, -1, 2 ** 32, 2 ** 40 + 1];
    const hashes = seeds.map((seed) => sha256(bytesOf(digits({ train: 30, test: 1, seed }).train)));
    expect(new Set(hashes).size).toBe(seeds.length);
  });

  it("shares no sample between training and test, and repeats none", () => {
    const { train, test } = digits({ train: 1500, test: 1500, seed: 5 });
    const pictures = new Set<string>();
    for (const bytes of [bytesOf(train), bytesOf(test)])
      for (let i = 0; i < bytes.length; i += 784) pictures.add(sha256(bytes.subarray(i, i + 784)));
    expect(pictures.size).toBe(3000);
  });

  it("balances the classes in every ten samples, in no fixed order", () => {
    const { train } = digits({ train: 600, test: 1 });
    expect(train.classCounts).toEqual(new Array(10).fill(60));
    const labels = [...train.labels.toTypedArray()];
    const orders = new Set<string>();
    for (let i = 0; i < 600; i += 10) {
      const ten = labels.slice(i, i + 10);
      expect(ten.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      orders.add(ten.join());
    }
    expect(orders.size).toBeGreaterThan(55);
  });

  it("names how each sample was written, and uses every way", () => {
    const { train } = digits({ train: 2000, test: 1 });
    const labels = train.labels.toTypedArray();
    expect(train.variants).toHaveLength(2000);
    expect(train.variants?.every((name, i) => name.startsWith(`${labels[i]} `))).toBe(true);
    expect(new Set(train.variants)).toEqual(new Set(glyphs.flat().map((glyph) => glyph.name)));
    expect(train.subset([5, 3]).variants).toEqual([train.variants?.[5], train.variants?.[3]]);
  });

  it("keeps the ink on the paper: a margin of one pixel is nearly free of it", () => {
    const bytes = bytesOf(digits({ train: 1000, test: 1 }).train);
    let rim = 0;
    let all = 0;
    for (let i = 0; i < bytes.length; i++) {
      const x = i % 28;
      const y = Math.floor(i / 28) % 28;
      all += bytes[i]!;
      if (x === 0 || y === 0 || x === 27 || y === 27) rim += bytes[i]!;
    }
    expect(rim / all).toBeLessThan(0.01);
  });

  it("stops at an interrupt, however many samples were asked for", () => {
    setInterruptFlag(new Int32Array(new SharedArrayBuffer(4)).fill(1));
    try {
      expect(() => digits({ train: 50_000 })).toThrow("Interrupted");
    } finally {
      setInterruptFlag(null);
    }
  });

  it.each([
    [{ train: 0 }, /data\.digits: train must be a whole number from 1 on; got 0/],
    [{ test: 1.5 }, /data\.digits: test must be a whole number from 1 on; got 1\.5/],
    [{ train: -5 }, /train .* got -5/],
    [{ seed: 0.5 }, /data\.digits: seed must be a whole number such as 0 or 42; got 0\.5/],
    [{ sead: 1 }, /data\.digits: there is no option "sead"; did you mean seed\?/],
    [{ Seed: 1 }, /did you mean seed\?/],
    [7, /data\.digits: takes its options as an object: \{ train: … \}; got 7/],
  ])("refuses %j", (options, message) => {
    expect(() => Reflect.apply(digits, null, [options])).toThrow(message);
  });
});
