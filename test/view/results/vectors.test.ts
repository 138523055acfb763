/** Pictures of vectors: their similarities, and their places in the plane. */
import { describe, expect, it } from "vitest";
import { classical, tensor } from "../../../engine/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

describe("show.similarity", () => {
  const names = ["cat", "dog", "wolf", "car", "lorry"];
  const matrix = [
    [1, 0.71, 0.52, -0.2, -0.31],
    [0.71, 1, 0.83, -0.1, -0.22],
    [0.52, 0.83, 1, -0.05, -0.4],
    [-0.2, -0.1, -0.05, 1, 0.9],
    [-0.31, -0.22, -0.4, 0.9, 1],
  ];

  it("draws squares with names and numbers, around 0 where there are negative ones", () => {
    const bundle = expectPicture("similarity", show.similarity(matrix, { labels: names }));
    expect(textOf(bundle)).toBe(
      "5×5 pairs, mean 0.334; apart from the diagonal most alike are car and lorry (0.9), least alike wolf and lorry (−0.4).",
    );
    expect(JSON.stringify(specOf(bundle))).toContain('"domain":[-1,1]');
  });

  it("draws wide matrices with names of their own, two of one name apart, and NaN", () => {
    const bundle = bundleOf(
      show.similarity([[1, Number.NaN, 0.2]], { labels: ["a"], columns: ["x", "x", "y"] }),
    );
    expect(textOf(bundle)).toBe(
      "1×3 pairs, mean 0.6; most alike are a and x (1), least alike a and y (0.2).",
    );
    expect(bundle.data["image/png"]).toBeDefined();
    expect((specOf(bundle) as { data: { values: unknown[] } }).data.values).toHaveLength(3);
    expect(String(show.similarity([[Number.NaN]]))).toBe("1×1 pairs, none with a finite value.");
    expect(
      bundleOf(
        show.similarity([
          [2, 2],
          [2, 2],
        ]),
      ).data["image/png"],
    ).toBeDefined();
  });

  it("draws 36 rows as squares and 1,000 as pixels, below the limit", () => {
    const square = (n: number) =>
      tensor(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Math.sin(i * j))));
    const some = bundleOf(show.similarity(square(36)));
    expect(specOf(some)).toBeDefined();
    const many = bundleOf(show.similarity(square(1000)));
    expect(specOf(many)).toBeUndefined();
    for (const bundle of [some, many]) expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
  });

  it("refuses what is no matrix, and too few names", () => {
    expect(() => show.similarity([1, 2])).toThrow("expected a matrix [N, M], got shape 2");
    expect(() => show.similarity(matrix, { labels: ["a"] })).toThrow("1 label for 5 rows");
    expect(() => show.similarity([[1, 2]], { columns: ["a"] })).toThrow("1 column name for 2 columns");
  });
});

describe("show.embedding", () => {
  /** A bell around 0, the same on every machine. */
  const noise = (i: number, j: number): number => {
    const part = (k: number) => {
      const mixed = Math.imul(i * 31 + j * 7 + k + 1, 2_654_435_761);
      return (Math.imul(mixed ^ (mixed >>> 15), 739_982_445) >>> 0) / 2 ** 32;
    };
    return 1.3 * (part(1000) + part(2000) + part(3000) - 1.5);
  };
  const labels = Array.from({ length: 120 }, (_, i) => i % 3);
  /** Three clouds in `width` numbers. */
  const clouds = (width: number) =>
    labels.map((label, i) =>
      Array.from({ length: width }, (_, j) => (j % 3 === label ? 1.4 : 0) + noise(i, j)),
    );

  it("draws longer vectors along their main directions, by class", () => {
    const bundle = expectPicture(
      "embedding",
      show.embedding(clouds(8), { labels, classes: ["cat", "dog", "owl"] }),
    );
    const shares = classical
      .pca({ components: 2 })
      .fit(tensor(clouds(8)))
      .varianceShares.toTypedArray();
    const percent = (100 * (shares[0]! + shares[1]!)).toFixed(1);
    expect(textOf(bundle)).toBe(
      `120 vectors of 8 numbers, 3 classes, along their two main directions, which hold ${percent} % of the variance.`,
    );
  });

  it("takes two numbers as coordinates, feature maps as vectors, and names as labels", () => {
    expect(String(show.embedding(clouds(2)))).toBe("120 vectors of 2 numbers.");
    expect(
      String(
        show.embedding(tensor(clouds(8)).reshape([120, 2, 2, 2]), {
          labels: labels.map((label) => `c${label}`),
        }),
      ),
    ).toMatch(/^120 vectors of 8 numbers, 3 classes, along/);
  });

  it("draws 10,000 vectors below the limit, one, equal ones, and leaves out what is not finite", () => {
    const many = tensor(
      Array.from({ length: 10_000 }, (_, i) => [Math.sin(i), Math.cos(3 * i), Math.sin(5 * i)]),
    );
    expect(JSON.stringify(bundleOf(show.embedding(many))).length).toBeLessThan(200_000);
    for (const few of [
      [[1, 2, 3]],
      [
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
      ],
      [
        [5, 5],
        [5, 5],
      ],
    ])
      expect(bundleOf(show.embedding(few)).data["image/png"]).toBeDefined();
    expect(
      String(
        show.embedding([
          [1, 2],
          [Number.NaN, 1],
        ]),
      ),
    ).toBe("2 vectors of 2 numbers; 1 left out: not finite.");
    const { layer } = specOf(
      bundleOf(
        show.embedding(
          [
            [Number.NaN, 1],
            [3, 4],
          ],
          { labels: [0, 1] },
        ),
      ),
    ) as {
      layer: { data: { values: object[] } }[];
    };
    expect(layer[0]!.data.values).toEqual([{ x: 3, y: 4, class: "1" }]);
  });

  it("refuses numbers that are no vectors, wrong labels and too many classes", () => {
    expect(() => show.embedding([1, 2])).toThrow(
      "expected vectors [N, D] of two numbers or more, got shape 2",
    );
    expect(() => show.embedding([[Number.NaN, 1]])).toThrow("no vector is finite");
    expect(() => show.embedding([[1, 2]], { labels: [0, 1] })).toThrow("2 labels for 1 vector");
    expect(() => show.embedding([[1, 2]], { labels: [3], classes: ["a"] })).toThrow(
      "class 3, but there are 1 class name",
    );
    const many = Array.from({ length: 50 }, (_, i) => i);
    expect(() =>
      show.embedding(
        many.map((i) => [i, 1]),
        { labels: many },
      ),
    ).toThrow("50 classes cannot be told apart");
  });
});
