/** Functions on tensors that return several tensors or plain values, so that the walk over the operations does not meet them. */
import { describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import { checkGradient, chunk, randn, split, type Tensor, tensor } from "../../engine/index.ts";

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
