/** Making, reading, printing and converting tensors; what students type wrong. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { Backend } from "../../engine/backend/backend.ts";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import { OutOfMemoryError } from "../../engine/errors.ts";
import {
  ArgumentError,
  arange,
  DTypeError,
  eye,
  full,
  getBackend,
  linspace,
  ones,
  rand,
  randint,
  randn,
  randperm,
  scope,
  setInterruptFlag,
  Tensor,
  tensor,
  withBackend,
  zeros,
} from "../../engine/index.ts";
import { backends } from "./helpers.ts";

setBackend(referenceBackend);

/** Calls with arguments the types forbid. */
const loosely =
  (f: (...args: never[]) => unknown, ...args: unknown[]): (() => unknown) =>
  () =>
    Reflect.apply(f, undefined, args);

describe("creation", () => {
  test("from nested arrays, typed arrays, numbers, truth values", () => {
    expect(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toMatchObject({ shape: [2, 3], dtype: "float32", size: 6, ndim: 2 });
    expect(tensor(5)).toMatchObject({ shape: [], size: 1 });
    expect(tensor([])).toMatchObject({ shape: [0] });
    expect(tensor([true, false])).toMatchObject({ dtype: "bool" });
    expect(tensor(new Int32Array([1, 2]))).toMatchObject({ dtype: "int32" });
    expect(tensor(new Uint8Array([255])).toArray()).toEqual([255]);
    expect(tensor(new Float32Array(6), { shape: [2, 3] }).shape).toEqual([2, 3]);
    expect(tensor([new Float32Array([1, 2]), new Float32Array([3, 4])]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor([0, 1, 2], { dtype: "bool" }).toArray()).toEqual([0, 1, 1]);
  });

  test("of one value, in a row, the identity", () => {
    expect(zeros([2]).toArray()).toEqual([0, 0]);
    expect(ones([1, 2]).toArray()).toEqual([[1, 1]]);
    expect(full([2], 7, { dtype: "int32" }).toArray()).toEqual([7, 7]);
    expect(eye(2, 3).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(arange(3).toArray()).toEqual([0, 1, 2]);
    expect(arange(5, 0, -2).toArray()).toEqual([5, 3, 1]);
    expect(linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });

  test.each([
    [
      "ragged rows",
      [[1, 2], [3]],
      /tensor: the nested array is ragged.*data\[1\] should have 2 elements, it is an array of 1/,
    ],
    ["a row missing", [[1], 2], /ragged.*data\[1\] should have 1 elements, it is 2/],
    ["too deep", [1, [2]], /ragged.*data\[1\] should have a number, it is an array of 1/],
    ["text", "abc", /tensor: expected numbers, got the string "abc"; convert text with Number/],
    ["text inside", [1, "2"], /tensor: expected numbers, got the string "2" at \[1\]/],
    ["nothing", undefined, /tensor: expected numbers, got undefined/],
    ["a hole", [1, null], /tensor: expected numbers, got null at \[1\]/],
    ["a bigint", [1n], /tensor: expected numbers, got 1 at \[0\]; convert with Number/],
    ["a promise", Promise.resolve(1), /tensor: expected numbers, got a promise \(await it first\)/],
  ])("refuses %s", (_what, data, message) => {
    expect(loosely(tensor, data)).toThrow(message);
  });

  test("refuses tensors, wrong shapes, dtypes, sizes", () => {
    expect(loosely(tensor, tensor(1))).toThrow(/this is a tensor already/);
    expect(loosely(tensor, [tensor(1), tensor(2)])).toThrow(/join tensors with stack/);
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(
      "tensor: shape [2, 2] has 4 elements, the data has 3",
    );
    expect(loosely(zeros, [2], { dtype: "float16" })).toThrow(DTypeError);
    expect(loosely(zeros, [-1])).toThrow("zeros: sizes are whole numbers from 0 up; got -1 in [-1]");
    expect(loosely(randn, "3")).toThrow(
      'randn: a shape is an array of sizes such as [2, 3]; got the string "3"',
    );
    expect(loosely(full, [2], "x")).toThrow(ArgumentError);
    for (const [name, make] of Object.entries({ zeros, ones, randn, rand }))
      expect(loosely(make, 2, 3)).toThrow(`${name}: the shape is one array of sizes, as in [2, 3]`);
    expect(() => arange(0, 5, -1)).toThrow("arange: from 0 to 5 by steps of -1 never arrives");
    expect(() => randint(3, 3, [2])).toThrow(/low up to but not including high/);
  });

  test("float64 is for the reference backend", () => {
    expect(tensor([0.1], { dtype: "float64" }).item()).toBe(0.1);
    const wasm = backends[1]!.backend;
    expect(() => withBackend(wasm, () => zeros([2], { dtype: "float64" }))).toThrow(
      /float64 is for the reference backend/,
    );
    expect(() => zeros([2]).add(withBackend(wasm, () => zeros([2])))).toThrow(
      'add: one operand lives on the backend "reference", another on "wasm"',
    );
  });

  test("at random repeats with the seed and stays in range", () => {
    expect(
      rand([1000])
        .toTypedArray()
        .every((value) => value >= 0 && value < 1),
    ).toBe(true);
    expect(new Set(randint(-2, 3, [500]).toTypedArray())).toEqual(new Set([-2, -1, 0, 1, 2]));
    expect([...randperm(20).toTypedArray()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_x, i) => i),
    );
  });
});

describe("dtypes", () => {
  const whole = tensor([1, 2, 3], { dtype: "int32" });

  test("meet: float over int32 over bool; a fraction makes float", () => {
    expect(whole.add(1).dtype).toBe("int32");
    expect(whole.add(0.5).toArray()).toEqual([1.5, 2.5, 3.5]);
    expect(whole.div(2).toArray()).toEqual([0.5, 1, 1.5]);
    expect(whole.add(tensor([0.5, 0.5, 0.5])).dtype).toBe("float32");
    expect(
      tensor([true, true])
        .add(tensor([true, false]))
        .toArray(),
    ).toEqual([2, 1]);
    expect(tensor([1], { dtype: "float64" }).add(tensor([1])).dtype).toBe("float64");
    expect(whole.equal(2).dtype).toBe("bool");
    expect(whole.greater(1).sum().item()).toBe(2);
  });

  test("convert by cutting off or by truth", () => {
    expect(tensor([1.9, -1.9, 0]).to("int32").toArray()).toEqual([1, -1, 0]);
    expect(tensor([0.5, 0]).to("bool").toArray()).toEqual([1, 0]);
    const x = tensor([1]);
    expect(x.to("float32")).toBe(x);
  });
});

describe("reading", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  test("item, toArray, toTypedArray, rows, elements", () => {
    expect(tensor([[7]]).item()).toBe(7);
    expect(() => x.item()).toThrow(
      "item: gives the value of a single number, this tensor is [2, 3]; use toArray()",
    );
    expect(x.toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const copy = x.toTypedArray();
    copy[0] = 100;
    expect(x.at(0, 0).item()).toBe(1);
    expect(x.at(-1).toArray()).toEqual([4, 5, 6]);
    expect([...x].map((row) => row.sum().item())).toEqual([6, 15]);
    expect(() => x.at(2)).toThrow("select: index 2 is outside dimension 0 of size 2 (shape [2, 3])");
    expect(() => [...tensor(1)]).toThrow("cannot be iterated");
    expect(x.T.toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(() => tensor([1]).T).toThrow("T: transposes a matrix, this tensor is [1]");
  });

  test("single numbers compare as numbers, others say what to write", () => {
    expect(Number(tensor(2)) < 3).toBe(true);
    expect(`${tensor(2)}`).toBe("tensor(2.)");
    expect(() => Number(x)).toThrow(/a tensor \[2, 3\] is no number: write a\.add\(b\)/);
  });

  test("views share memory and survive their source", () => {
    const before = referenceBackend.bytesInUse;
    const source = zeros([64, 64]);
    const view = source.reshape([32, 128]).flatten();
    expect(referenceBackend.bytesInUse - before).toBe(64 * 64 * 4);
    source.dispose();
    expect(view.shape).toEqual([4096]);
    expect(view.sum().item()).toBe(0);
  });
});

describe("printing", () => {
  test.each([
    ["a number", tensor(3), "tensor(3.)"],
    ["a fraction", tensor(0.1), "tensor(0.1000)"],
    ["whole numbers", tensor([1, 2]), "tensor([1., 2.])"],
    [
      "aligned",
      tensor([
        [1, -20],
        [3.5, 4],
      ]),
      "tensor([[  1.0000, -20.0000],\n        [  3.5000,   4.0000]])",
    ],
    ["int32", tensor([1, 10], { dtype: "int32" }), "tensor([ 1, 10], int32)"],
    ["bool", tensor([true, false]), "tensor([ true, false], bool)"],
    ["special", tensor([Number.NaN, Number.POSITIVE_INFINITY, 1.5]), "tensor([   nan,    inf, 1.5000])"],
    ["a wide range", tensor([1e-6, 1]), "tensor([1.0000e-6, 1.0000e+0])"],
    ["empty", zeros([0, 3]), "tensor([], shape [0, 3])"],
    ["a leaf", tensor([1], { requiresGrad: true }).named("w"), 'tensor([1.], label "w", requiresGrad)'],
    ["a result", tensor([1], { requiresGrad: true }).mul(2), "tensor([2.], op mul)"],
    ["three dimensions", zeros([2, 1, 2]), "tensor([[[0., 0.]],\n\n        [[0., 0.]]])"],
  ])("%s", (_what, x, text) => {
    expect(inspect(x)).toBe(text);
  });

  test("large tensors show their corners and shape", () => {
    const text = inspect(arange(10_000).reshape([100, 100]));
    expect(text.split("\n")).toHaveLength(7);
    expect(text).toMatch(/^tensor\(\[\[ {3}0\., {4}1\., {4}2\., …, +97\., +98\., +99\.\],/);
    expect(text).toMatch(/9999\.\]\], shape \[100, 100\]\)$/);
  });

  test("summary tells range and mean in one line, and what is not finite", () => {
    expect(arange(5).summary()).toBe("Tensor [5] float32, 0 … 4, mean 2");
    expect(tensor([1, Number.NaN]).summary()).toBe(
      "Tensor [2] float32, 1 … 1, mean 1, 1 of 2 are NaN or infinite",
    );
  });
});

describe("the backend in use", () => {
  test("changes for the time of withBackend, async functions too", async () => {
    const other = backends[1]!.backend;
    expect(withBackend(other, () => getBackend().name)).toBe("wasm");
    const made = withBackend(other, async () => {
      await Promise.resolve();
      return zeros([1]).add(1).item();
    });
    expect(await made).toBe(1);
    expect(getBackend()).toBe(referenceBackend);
    expect(() =>
      withBackend(other, () => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(getBackend()).toBe(referenceBackend);
  });

  test("out of memory says what holds it", () => {
    const full: Backend = Object.create(referenceBackend, {
      allocate: {
        value: () => {
          throw new OutOfMemoryError("no more");
        },
      },
    });
    const held = zeros([500, 1000]);
    expect(() => withBackend(full, () => ones([30, 7]))).toThrow(
      /ones: no memory for a tensor \[30, 7\] \(840 bytes\); .* are held:\n(.*\n)*? {2}2\.0 MB in \d × zeros \[500, 1000\]/,
    );
    expect(held.size).toBe(500_000);
  });
});

describe("an interrupt", () => {
  test("stops between two operations, once, and lets finally compute", () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    setInterruptFlag(flag);
    const x = tensor(0);
    let total = x;
    let cleaned = 0;
    const loop = () => {
      try {
        for (;;) {
          total = total.add(1);
          if (total.item() === 10) Atomics.store(flag, 0, 1);
        }
      } finally {
        cleaned = total.mul(2).item();
      }
    };
    try {
      expect(loop).toThrow(expect.objectContaining({ name: "KeyboardInterrupt" }));
    } finally {
      setInterruptFlag(null);
    }
    expect([total.item(), cleaned]).toEqual([10, 20]);
    expect(scope(() => x.add(1)).item()).toBe(1);
  });
});

test("the class is exported for instanceof", () => {
  expect(tensor(1)).toBeInstanceOf(Tensor);
});
