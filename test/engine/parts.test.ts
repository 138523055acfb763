/** Functions on tensors that return several tensors or plain values, so that the walk over the operations does not meet them. */
import { describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import {
  allClose,
  bincount,
  checkGradient,
  chunk,
  cumsum,
  histogram,
  meshgrid,
  oneHot,
  randn,
  sort,
  split,
  type Tensor,
  tensor,
  topk,
  unique,
  zeros,
} from "../../engine/index.ts";

setBackend(referenceBackend);

/** Calls with arguments the types forbid. */
const loosely =
  (f: (...args: never[]) => unknown, ...args: unknown[]): (() => unknown) =>
  () =>
    Reflect.apply(f, undefined, args);

const precise = (...shape: number[]) => randn(shape, { dtype: "float64", requiresGrad: true });

const shapes = (parts: readonly Tensor[]) => parts.map(({ shape }) => shape);

describe("split and chunk", () => {
  const x = tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { shape: [5, 2] });

  test("divide as PyTorch does", () => {
    expect(shapes(x.split(2))).toEqual([
      [2, 2],
      [2, 2],
      [1, 2],
    ]);
    expect(shapes(x.split([1, 0, 4]))).toEqual([
      [1, 2],
      [0, 2],
      [4, 2],
    ]);
    expect(x.split(1, -1).map((part) => part.squeeze(1).toArray())).toEqual([
      [0, 2, 4, 6, 8],
      [1, 3, 5, 7, 9],
    ]);
    // 5 rows in 4 parts: ⌈5/4⌉ = 2 rows each, so three parts are enough.
    expect(shapes(x.chunk(4))).toEqual([
      [2, 2],
      [2, 2],
      [1, 2],
    ]);
    expect(shapes(x.chunk(9, 1))).toEqual([
      [5, 1],
      [5, 1],
    ]);
  });

  test("send gradients back to where the parts were", () => {
    const y = precise(5, 2);
    expect(checkGradient((x) => (x.split([2, 3])[1] as Tensor).square(), [y]).ok).toBe(true);
    expect(checkGradient((x) => (x.chunk(2, 1)[0] as Tensor).square(), [y]).ok).toBe(true);
  });

  test.each([
    [
      "sizes that do not add up",
      loosely(split, x, [2, 2]),
      /split: the parts \[2, 2\] add up to 4, dimension 0 of \[5, 2\] is 5/,
    ],
    [
      "parts of nothing",
      loosely(split, x, 0),
      /split: a part has 1 row or more; got 0 \(chunk takes a number of parts\)/,
    ],
    ["a dimension that is not there", loosely(split, x, 1, 2), /split: dim 2 does not exist/],
    ["no sizes", loosely(split, x), /split: .* got undefined/],
    [
      "no tensor",
      loosely(split, [1, 2], 1),
      /split: expected a tensor, got an array of 2; make one with tensor/,
    ],
    [
      "half a part",
      loosely(chunk, x, 0.5),
      /chunk: the number of parts is a whole number from 1 up; got 0\.5/,
    ],
    ["no tensor to chunk", loosely(chunk, null, 1), /chunk: expected a tensor, got null/],
  ])("%s is an error", (_what, call, message) => {
    expect(call).toThrow(message);
  });
});

describe("sort and topk", () => {
  const x = tensor([
    [3, 1, 2],
    [5, 5, 4],
  ]);

  test("give values and positions", () => {
    const { values, indices } = x.sort();
    expect([values.toArray(), indices.toArray(), indices.dtype]).toEqual([
      [
        [1, 2, 3],
        [4, 5, 5],
      ],
      [
        [1, 2, 0],
        [2, 0, 1],
      ],
      "int32",
    ]);
    expect(x.sort(0, { descending: true }).values.toArray()).toEqual([
      [5, 5, 4],
      [3, 1, 2],
    ]);
    const best = x.topk(2, 1);
    expect([best.values.toArray(), best.indices.toArray()]).toEqual([
      [
        [3, 2],
        [5, 5],
      ],
      [
        [0, 2],
        [0, 1],
      ],
    ]);
    expect(x.topk(1, -1, { largest: false }).values.toArray()).toEqual([[1], [4]]);
    expect(x.topk(0).values.shape).toEqual([2, 0]);
  });

  test("count NaN as the largest", () => {
    const holes = tensor([Number.NaN, 1, Number.POSITIVE_INFINITY, -2]);
    expect(holes.sort().indices.toArray()).toEqual([3, 1, 2, 0]);
    expect(holes.topk(2).indices.toArray()).toEqual([0, 2]);
  });

  test("send gradients back to where the values were", () => {
    const y = precise(3, 4);
    const weights = tensor([1, 2, 3, 4], { dtype: "float64" });
    for (const dim of [0, 1]) expect(checkGradient((x) => x.sort(dim).values.square(), [y]).ok).toBe(true);
    expect(checkGradient((x) => x.sort(1, { descending: true }).values.mul(weights), [y]).ok).toBe(true);
    expect(checkGradient((x) => x.topk(2, 0).values.square(), [y]).ok).toBe(true);
  });

  test.each([
    [
      "more than there are",
      loosely(topk, x, 4),
      /topk: dimension 1 of \[2, 3\] has 3 values, fewer than k = 4/,
    ],
    ["half a value", loosely(topk, x, 0.5), /topk: k is a whole number from 0 up; got 0\.5/],
    ["a dimension that is not there", loosely(sort, x, 2), /sort: dim 2 does not exist/],
    ["no tensor", loosely(sort, [3, 1]), /sort: expected a tensor, got an array of 2/],
    ["no tensor for topk", loosely(topk, [3, 1], 1), /topk: expected a tensor, got an array of 2/],
  ])("%s is an error", (_what, call, message) => {
    expect(call).toThrow(message);
  });
});

test("unique gives distinct values, how often, and where", () => {
  const labels = tensor(
    [
      [2, 0, 2],
      [7, 0, 2],
    ],
    { dtype: "int32" },
  );
  const { values, indices, counts } = labels.unique();
  expect([values.dtype, values.toArray()]).toEqual(["int32", [0, 2, 7]]);
  expect(counts.toArray()).toEqual([2, 3, 1]);
  expect(indices.toArray()).toEqual([
    [1, 0, 1],
    [2, 0, 1],
  ]);
  expect(values.indexSelect(0, indices.flatten()).toArray()).toEqual(labels.flatten().toArray());
  expect(tensor([Number.NaN, 1, Number.NaN]).unique().counts.toArray()).toEqual([1, 1, 1]);
  expect(tensor([]).unique().values.shape).toEqual([0]);
  expect(loosely(unique, "abc")).toThrow(/unique: expected a tensor, got the string "abc"/);
});

test("cumsum counts truth and adds whole numbers as such", () => {
  expect(cumsum(tensor([true, false, true]), 0)).toMatchObject({ dtype: "int32" });
  expect(cumsum(tensor([true, false, true]), 0).toArray()).toEqual([1, 1, 2]);
  expect(
    cumsum(
      tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: "int32" },
      ),
      0,
    ).toArray(),
  ).toEqual([
    [1, 2],
    [4, 6],
  ]);
  // In float32 alone, 2²⁴ + 1 stays 2²⁴.
  expect(
    tensor([2 ** 24, 1, 1])
      .cumsum(0)
      .at(2)
      .item(),
  ).toBe(2 ** 24 + 2);
});

describe("allClose", () => {
  const x = tensor([1, 2, Number.POSITIVE_INFINITY]);

  test("allows small differences, absolute and relative", () => {
    expect(x.allClose(tensor([1.000001, 2, Number.POSITIVE_INFINITY]))).toBe(true);
    expect(x.allClose(tensor([1.001, 2, Number.POSITIVE_INFINITY]))).toBe(false);
    expect(x.allClose(tensor([1.001, 2, Number.POSITIVE_INFINITY]), { rtol: 0.01 })).toBe(true);
    expect(tensor([0]).allClose(tensor([1e-3]), { atol: 1e-2 })).toBe(true);
    expect(tensor([1]).allClose(tensor([1.0000001]), { rtol: 0, atol: 0 })).toBe(false);
    expect(tensor([1e30]).allClose(x.slice([[2, 3]]))).toBe(false);
    expect(x.slice([[2, 3]]).allClose(x.slice([[2, 3]]).neg())).toBe(false);
  });

  test("knows NaN, shapes and dtypes", () => {
    const hole = tensor([Number.NaN]);
    expect([hole.allClose(hole), hole.allClose(hole, { equalNaN: true })]).toEqual([false, true]);
    expect(hole.allClose(tensor([0]), { equalNaN: true })).toBe(false);
    expect(tensor([1, 1]).allClose(tensor([[1, 1]]))).toBe(false);
    expect(tensor([1, 0]).allClose(tensor([true, false]))).toBe(true);
    expect(tensor([]).allClose(tensor([]))).toBe(true);
  });

  test.each([
    ["a number", loosely(allClose, x, 1), /allClose: expected a tensor as second operand, got 1/],
    [
      "a negative bound",
      loosely(allClose, x, x, { rtol: -1 }),
      /allClose: rtol is a number from 0 up; got -1/,
    ],
  ])("%s is an error", (_what, call, message) => {
    expect(call).toThrow(message);
  });
});

describe("masks and positions", () => {
  test("any and all of nothing", () => {
    expect([zeros([0]).any().item(), zeros([0]).all().item()]).toEqual([0, 1]);
  });

  test("isFinite sees large float64 numbers as finite", () => {
    expect(tensor([1e300, Number.NaN], { dtype: "float64" }).isFinite().toArray()).toEqual([1, 0]);
    expect(tensor([1e300, Number.NaN], { dtype: "float64" }).isInfinite().toArray()).toEqual([0, 0]);
  });

  test("masked values, and where they are", () => {
    const x = tensor([
      [1, -2],
      [-3, 4],
    ]);
    expect(x.maskedSelect(x.less(0)).toArray()).toEqual([-2, -3]);
    expect(x.less(0).nonzero().toArray()).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(x.maskedFill(x.less(0), Number.NEGATIVE_INFINITY).toArray()).toEqual([
      [1, Number.NEGATIVE_INFINITY],
      [Number.NEGATIVE_INFINITY, 4],
    ]);
    expect(x.to("int32").maskedFill(x.less(0), 0).dtype).toBe("int32");
    expect(x.greater(9).nonzero().shape).toEqual([0, 2]);
  });

  test("the last of repeated positions counts in scatter, as in a loop", () => {
    const indices = tensor([0, 1, 1], { dtype: "int32" });
    expect(
      zeros([3])
        .scatter(0, indices, tensor([5, 6, 7]))
        .toArray(),
    ).toEqual([5, 7, 0]);
    const source = tensor([5, 6, 7], { requiresGrad: true });
    zeros([3]).scatter(0, indices, source).sum().backward();
    expect(source.grad!.toArray()).toEqual([1, 0, 1]);
  });

  test("scatter and sliceScatter leave the tensor as it is", () => {
    const x = zeros([2, 3]);
    expect(x.scatter(1, tensor([[2], [0]], { dtype: "int32" }), 1).toArray()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ]);
    expect(x.sliceScatter([null, [0, 2]], tensor([[1], [2]])).toArray()).toEqual([
      [1, 1, 0],
      [2, 2, 0],
    ]);
    expect(x.toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });
});

describe("counting", () => {
  const labels = tensor([2, 0, 2], { dtype: "int32" });

  test("oneHot rows are float32 and add up to 1", () => {
    expect(oneHot(labels)).toMatchObject({ shape: [3, 3], dtype: "float32" });
    expect(oneHot(labels, 4).toArray()).toEqual([
      [0, 0, 1, 0],
      [1, 0, 0, 0],
      [0, 0, 1, 0],
    ]);
    expect(oneHot(labels).argmax(1).toArray()).toEqual([2, 0, 2]);
  });

  test("bincount counts, or adds weights", () => {
    expect(bincount(labels)).toMatchObject({ dtype: "int32" });
    expect(bincount(labels).toArray()).toEqual([1, 0, 2]);
    const weights = tensor([0.5, 2, 0.25]);
    expect(bincount(labels, { weights }).toArray()).toEqual([2, 0, 0.75]);
  });

  test("histogram has the edges of its bins, and every value in one of them", () => {
    const x = tensor([0, 1, 2, 3, 4]);
    const { counts, edges } = histogram(x, 4);
    expect([counts.toArray(), edges.toArray()]).toEqual([
      [1, 1, 1, 2],
      [0, 1, 2, 3, 4],
    ]);
    expect(histogram(x, 2, { min: 1, max: 2 }).counts.toArray()).toEqual([1, 1]);
    expect(histogram(tensor([1, Number.NaN, 2]), 1, { min: 0, max: 5 }).counts.toArray()).toEqual([2]);
    expect(loosely(histogram, x, -1)).toThrow(
      /histc: the number of bins is a whole number from 1 up; got -1/,
    );
    expect(loosely(histogram, [1])).toThrow(/histogram: expected a tensor, got an array of 1/);
    expect(loosely(histogram, tensor([Number.NaN]), 3)).toThrow(
      /histogram: the bounds are finite numbers; got NaN/,
    );
  });
});

describe("meshgrid", () => {
  const [a, b] = [tensor([1, 2, 3]), tensor([10, 20])];

  test("gives the coordinates of every point", () => {
    const [rows, columns] = meshgrid([a, b]) as [Tensor, Tensor];
    expect(rows.toArray()).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(columns.toArray()).toEqual([
      [10, 20],
      [10, 20],
      [10, 20],
    ]);
    const [x, y] = meshgrid([a, b], { indexing: "xy" }) as [Tensor, Tensor];
    expect([x.toArray(), y.toArray()]).toEqual([
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      [
        [10, 10, 10],
        [20, 20, 20],
      ],
    ]);
    expect(shapes(meshgrid([a, b, a]))).toEqual([
      [3, 2, 3],
      [3, 2, 3],
      [3, 2, 3],
    ]);
    expect(shapes(meshgrid([a, b, a], { indexing: "xy" }))).toEqual([
      [2, 3, 3],
      [2, 3, 3],
      [2, 3, 3],
    ]);
  });

  test.each([
    [
      "vectors one by one",
      loosely(meshgrid, a, b),
      /meshgrid: expects an array of vectors, as in meshgrid\(\[rows, columns\]\)/,
    ],
    [
      "a matrix",
      loosely(meshgrid, [zeros([2, 2])]),
      /meshgrid: element 0 is \[2, 2\], it should be a vector/,
    ],
    [
      "another order",
      loosely(meshgrid, [a], { indexing: "yx" }),
      /meshgrid: indexing is "ij" or "xy"; got the string "yx"/,
    ],
  ])("%s is an error", (_what, call, message) => {
    expect(call).toThrow(message);
  });
});

test("gradients of empty tensors are empty", () => {
  const losses: ((x: Tensor) => Tensor)[] = [
    (x) => x.prod(0),
    (x) => x.norm(0),
    (x) => x.cumsum(0),
    (x) => x.sort(0).values,
    (x) => x.roll(1, 0),
    (x) => x.T.matmul(x),
  ];
  for (const loss of losses) {
    const x = zeros([0, 3], { requiresGrad: true });
    loss(x).sum().backward();
    expect(x.grad!.shape).toEqual([0, 3]);
  }
});
