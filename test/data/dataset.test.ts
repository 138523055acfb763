import { describe, expect, it } from "vitest";
import { tensor } from "../../engine/creation.ts";
import { type Dataset, digits, fromArrays } from "../../engine/data/index.ts";

/** Ten samples of 1 × 2 pixels; sample i holds [i, −i] and has the label i mod 3. */
function ten(): Dataset {
  const numbers = Array.from({ length: 10 }, (_, i) => i);
  return fromArrays(
    numbers.map((i) => [[i, -i]]),
    numbers.map((i) => i % 3),
    { name: "ten", classes: ["a", "b", "c"] },
  );
}

const firsts = (set: Dataset): number[] => [...set.images.toTypedArray()].filter((_, i) => i % 2 === 0);

describe("Dataset", () => {
  it("takes the first samples on the same memory", () => {
    const all = ten();
    const three = all.take(3);
    expect(three.size).toBe(3);
    expect(three.images.shape).toEqual([3, 1, 1, 2]);
    expect(three.images.toArray()).toEqual([[[[0, -0]]], [[[1, -1]]], [[[2, -2]]]]);
    expect(three.labels.toArray()).toEqual([0, 1, 2]);
    expect(three.images.storage.byteOffset).toBe(all.images.storage.byteOffset);
  });

  it("takes samples by index, in the order given, from arrays and tensors", () => {
    expect(firsts(ten().subset([7, 0, 7]))).toEqual([7, 0, 7]);
    expect(firsts(ten().subset(tensor([2, 5], { dtype: "int32" })))).toEqual([2, 5]);
    expect(firsts(ten().subset(Int32Array.of(9)))).toEqual([9]);
    expect(ten().subset([7, 0]).labels.toArray()).toEqual([1, 0]);
  });

  it("takes subsets of subsets", () => {
    const tail = ten().subset([5, 6, 7, 8, 9]);
    expect(firsts(tail)).toEqual([5, 6, 7, 8, 9]);
    expect(firsts(tail.subset([4, 0]))).toEqual([9, 5]);
    expect(firsts(tail.take(2))).toEqual([5, 6]);
    expect(tail.classCounts).toEqual([2, 1, 2]);
  });

  it("filters by label and by index", () => {
    expect(firsts(ten().filter((label) => label === 1))).toEqual([1, 4, 7]);
    expect(firsts(ten().filter((_, index) => index > 7))).toEqual([8, 9]);
    expect(() => ten().filter(() => false)).toThrow("filter: the condition holds for none of the 10 samples");
  });

  it("holds each sample back in one fold, by the seed", () => {
    const folds = ten().kFold(3, { seed: 4 });
    expect(folds.map(([, validation]) => validation.size)).toEqual([4, 3, 3]);
    expect(folds.flatMap(([, validation]) => firsts(validation)).sort()).toEqual(firsts(ten()));
    for (const [train, validation] of folds)
      expect([...firsts(train), ...firsts(validation)].sort()).toEqual(firsts(ten()));
    const held = (seed: number) =>
      ten()
        .kFold(3, { seed })
        .map(([, validation]) => firsts(validation));
    expect(held(4)).toEqual(folds.map(([, validation]) => firsts(validation)));
    expect(held(5)).not.toEqual(held(4));
  });

  it("deals each class out evenly in stratified folds, of subsets too", () => {
    const six = ten().subset([9, 8, 7, 6, 5, 4]);
    for (const [train, validation] of six.kFold(2, { stratified: true })) {
      expect(train.classCounts).toEqual([1, 1, 1]);
      expect(validation.classCounts).toEqual([1, 1, 1]);
      expect([...firsts(train), ...firsts(validation)].sort()).toEqual([4, 5, 6, 7, 8, 9]);
    }
  });

  it("splits each class in the same proportion when stratified", () => {
    for (const seed of [0, 1, 2, 3, 4, 5]) {
      const [larger, smaller] = ten().split(0.7, { seed, stratified: true });
      // 2.8, 2.1 and 2.1 samples of the classes: the place left over goes to the first.
      expect(larger.classCounts).toEqual([3, 2, 2]);
      expect(smaller.classCounts).toEqual([1, 1, 1]);
      expect([...firsts(larger), ...firsts(smaller)].sort()).toEqual(firsts(ten()));
    }
    const held = (seed: number) => firsts(ten().split(0.7, { seed, stratified: true })[1]);
    expect(held(4)).toEqual(held(4));
    expect(new Set([0, 1, 2, 3, 4, 5].map((seed) => held(seed).join())).size).toBeGreaterThan(1);
  });

  it("draws as many samples with replacement, each with its label", () => {
    const drawn = ten().bootstrap({ seed: 1 });
    expect(drawn.size).toBe(10);
    expect(new Set(firsts(drawn)).size).toBeLessThan(10);
    expect(drawn.labels.toArray()).toEqual(firsts(drawn).map((i) => i % 3));
    expect(firsts(ten().bootstrap({ seed: 1 }))).toEqual(firsts(drawn));
    expect(firsts(ten().bootstrap({ seed: 2 }))).not.toEqual(firsts(drawn));
  });

  it("splits without loss or overlap, by the seed", () => {
    const [larger, smaller] = ten().split(0.7, { seed: 4 });
    expect([larger.size, smaller.size]).toEqual([7, 3]);
    expect([...firsts(larger), ...firsts(smaller)].toSorted((a, b) => a - b)).toEqual(firsts(ten()));
    expect(firsts(ten().split(0.7, { seed: 4 })[0])).toEqual(firsts(larger));
    expect(firsts(ten().split(0.7, { seed: 5 })[0])).not.toEqual(firsts(larger));
    expect(firsts(ten().split(0.7)[0])).toEqual(firsts(ten().split(0.7, { seed: 0 })[0]));
  });

  it("gives one set per class", () => {
    const byClass = ten().byClass();
    expect(byClass.map(firsts)).toEqual([
      [0, 3, 6, 9],
      [1, 4, 7],
      [2, 5, 8],
    ]);
    expect(() => ten().take(2).byClass()).toThrow("byClass: ten has no sample of the class c");
  });

  it("gives one sample with its label, from either end", () => {
    const [image, label] = ten().at(4);
    expect([image.shape, image.toArray(), label]).toEqual([[1, 1, 2], [[[4, -4]]], 1]);
    expect(ten().at(-1)[0].toArray()).toEqual([[[9, -9]]]);
    expect(ten().subset([8, 3]).at(1)[1]).toBe(0);
    expect(() => ten().at(10)).toThrow("at: ten has the samples 0 to 9; got 10");
    expect(() => ten().at(0.5)).toThrow("got 0.5");
  });

  it("tells in one line what it is", () => {
    expect(`${ten()}`).toBe("ten: 10 images 1 × 2, 3 classes");
    expect(`${digits({ train: 1500, test: 1 }).train}`).toBe(
      "digits, training: 1,500 images 28 × 28, 10 classes",
    );
    expect(`${fromArrays([[1, 2, 3]], [0])}`).toBe("my data: 1 sample of 3 numbers, 1 class");
    const coloured = fromArrays(tensor(new Float32Array(24), { shape: [2, 3, 2, 2] }), [0, 1]);
    expect(`${coloured}`).toBe("my data: 2 images 2 × 2 with 3 channels, 2 classes");
  });

  it.each<[string, (set: Dataset) => unknown, string | RegExp]>([
    ["take 0", (set) => set.take(0), "take: n must be a whole number from 1 on; got 0"],
    ["take 2.5", (set) => set.take(2.5), /got 2\.5/],
    ["take too many", (set) => set.take(11), "take: ten has 10 samples; 11 were asked for"],
    ["subset of none", (set) => set.subset([]), "subset: there are no indices"],
    ["subset beyond", (set) => set.subset([1, 10]), "subset: indices are whole numbers from 0 to 9; got 10"],
    ["subset before", (set) => set.subset([-1]), /got -1/],
    [
      "subset of a number",
      (set) => Reflect.apply(set.subset, set, [3]),
      "subset: takes an array of indices; got 3",
    ],
    ["split in percent", (set) => set.split(80), /between 0 and 1 \(0\.8 for 80 %\); got 80/],
    [
      "a stratified split without labels",
      (set) => set.unlabelled().split(0.5, { stratified: true }),
      /split: .*has no labels/,
    ],
    [
      "a split stratified by 1",
      (set) => set.split(0.5, { stratified: 1 as never }),
      /split: stratified must be true or false/,
    ],
    ["one fold", (set) => set.kFold(1), /kFold: k must be a whole number from 2 to the 10 samples; got 1/],
    ["more folds than samples", (set) => set.kFold(11), /from 2 to the 10 samples; got 11/],
    [
      "stratified as a word",
      (set) => set.kFold(2, { stratified: "yes" as never }),
      /kFold: stratified must be true or false; got the string "yes"/,
    ],
    [
      "stratified folds without labels",
      (set) => set.unlabelled().kFold(2, { stratified: true }),
      /kFold: .*has no labels/,
    ],
    [
      "a bootstrap with a word as seed",
      (set) => set.bootstrap({ seed: "1" as never }),
      /bootstrap: seed must/,
    ],
    ["split by 0", (set) => set.split(0), /got 0/],
    ["split by NaN", (set) => set.split(Number.NaN), /got NaN/],
    [
      "split that leaves nothing",
      (set) => set.split(0.99),
      "0.99 of 10 samples leaves nothing in the second part",
    ],
    ["split with a float seed", (set) => set.split(0.5, { seed: 1.5 }), /split: seed must be a whole number/],
  ])("refuses %s", (_, call, message) => {
    expect(() => call(ten())).toThrow(message);
  });
});

describe("data.fromArrays", () => {
  it("keeps [N, C, H, W], gives [N, H, W] a channel, and keeps rows [N, D]", () => {
    const shapeOf = (shape: number[]) =>
      fromArrays(tensor(new Float32Array(24), { shape }), new Array(shape[0]).fill(0)).images.shape;
    expect(shapeOf([2, 3, 2, 2])).toEqual([2, 3, 2, 2]);
    expect(shapeOf([2, 3, 4])).toEqual([2, 1, 3, 4]);
    expect(shapeOf([12, 2])).toEqual([12, 2]);
  });

  it("accepts nested arrays, tensors and typed labels", () => {
    const xor = fromArrays(
      [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ],
      Int32Array.of(0, 1, 1, 0),
      { name: "XOR" },
    );
    expect(xor.images.toArray()).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(xor.labels.dtype).toBe("int32");
    expect(xor.classes).toEqual(["0", "1"]);
    expect(fromArrays([[1], [2]], tensor([0, 1])).labels.toArray()).toEqual([0, 1]);
  });

  it("keeps the data when the tensor it came from is disposed", () => {
    const images = tensor([
      [1, 2],
      [3, 4],
    ]);
    const set = fromArrays(images, [0, 1]);
    images.dispose();
    expect(set.images.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it.each<[string, unknown[], string | RegExp]>([
    [
      "names as labels",
      [
        [[1], [2]],
        ["cat", "dog"],
      ],
      /whole numbers from 0 on, got the string "cat" at 0; give the names as classes .* classes\.indexOf\(name\)/,
    ],
    [
      "fewer labels than images",
      [[[1], [2]], [0]],
      "there are 2 images but 1 labels; each image needs one label",
    ],
    [
      "NaN",
      [
        [[1], [Number.NaN]],
        [0, 1],
      ],
      /finite numbers, got NaN in sample 1/,
    ],
    [
      "infinity",
      [
        [
          [1, 2],
          [3, Infinity],
        ],
        [0, 1],
      ],
      /got Infinity in sample 1/,
    ],
    [
      "ragged rows",
      [
        [[1, 2], [3]],
        [0, 1],
      ],
      /data\.fromArrays: images: the nested array is ragged/,
    ],
    [
      "text as pixels",
      [
        [["a"], ["b"]],
        [0, 1],
      ],
      /data\.fromArrays: images: expected numbers, got the string "a"/,
    ],
    [
      "half a label",
      [
        [[1], [2]],
        [0, 0.5],
      ],
      /whole numbers from 0 on, got 0\.5 at 1/,
    ],
    [
      "a negative label",
      [
        [[1], [2]],
        [0, -1],
      ],
      /got -1 at 1; was a name not found by indexOf\?/,
    ],
    [
      "one-hot rows",
      [
        [[1], [2]],
        [
          [1, 0],
          [0, 1],
        ],
      ],
      /row\.indexOf\(1\)/,
    ],
    [
      "a one-hot tensor",
      [
        [[1], [2]],
        tensor([
          [1, 0],
          [0, 1],
        ]),
      ],
      /labels must be \[N\].*\.argmax\(1\)/,
    ],
    [
      "a label without a name",
      [[[1], [2]], [0, 2], { classes: ["a", "b"] }],
      "label 2 at 1 is no class: there are 2 names, so labels go from 0 to 1",
    ],
    [
      "a label that is a year",
      [
        [[1], [2]],
        [0, 2024],
      ],
      /the largest label is 2024, so there would be 2025 classes/,
    ],
    [
      "classes that are no names",
      [[[1]], [0], { classes: [1] }],
      /classes are the names of the classes, an array of strings/,
    ],
    ["a flat typed array", [new Float32Array(4), [0]], /which has no shape; use tensor\(values, \{ shape/],
    [
      "an array of tensors",
      [
        [tensor([1]), tensor([2])],
        [0, 1],
      ],
      /join them with stack/,
    ],
    [
      "one dimension",
      [tensor([1, 2]), [0, 1]],
      /images must be \[N, C, H, W\], \[N, H, W\] or \[N, D\], got \[2\]/,
    ],
    ["no samples", [[], []], /images are empty|must be \[N/],
    [
      "whole-number images",
      [tensor([[1]], { dtype: "int32" }), [0]],
      /must be float numbers, got int32; convert with \.to\("float32"\)/,
    ],
    ["no labels", [[[1]]], /labels must be an array of whole numbers; got undefined/],
    ["labels as text", [[[1]], "0"], /labels must be an array of whole numbers/],
    ["a misspelt option", [[[1]], [0], { Classes: ["a"] }], /did you mean classes\?/],
  ])("refuses %s", (_, args, message) => {
    expect(() => Reflect.apply(fromArrays, null, args)).toThrow(message);
  });
});
