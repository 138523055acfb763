/** What holds for every shape: laws of views, broadcasting and rearrangement, tried on random tensors by fast-check. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import { concat, einsum, type Tensor, tensor } from "../../engine/index.ts";
import { broadcastShapes } from "../../engine/shapes.ts";
import { numbers } from "./helpers.ts";

setBackend(referenceBackend);

const sizes = (least: number, most: number) =>
  fc.array(fc.integer({ min: 0, max: 4 }), { minLength: least, maxLength: most });

/** A tensor of small whole numbers, which floats add and multiply exactly. */
const filled = (shape: readonly number[]) => {
  const size = shape.reduce((product, n) => product * n, 1);
  return fc
    .array(fc.integer({ min: -9, max: 9 }), { minLength: size, maxLength: size })
    .map((values) => tensor(values, { shape: [...shape] }));
};

const tensors = (least = 0, most = 4) => sizes(least, most).chain(filled);

/** A tensor and one of its dimensions. */
const withDim = tensors(1).chain((x) => fc.tuple(fc.constant(x), fc.integer({ min: 0, max: x.ndim - 1 })));

const same = (a: Tensor, b: Tensor) => {
  expect(a.shape).toEqual(b.shape);
  expect(numbers(a)).toEqual(numbers(b));
};

describe("views and rearrangements", () => {
  test("reshape and flatten keep the order", () => {
    fc.assert(
      fc.property(tensors(), (x) => {
        expect(numbers(x.flatten())).toEqual(numbers(x));
        same(x.reshape([x.size]).reshape(x.shape), x);
      }),
    );
  });

  test("permuting back gives the tensor again", () => {
    const permuted = tensors().chain((x) => {
      const dims = x.shape.map((_size, d) => d);
      return fc.tuple(fc.constant(x), fc.shuffledSubarray(dims, { minLength: x.ndim, maxLength: x.ndim }));
    });
    fc.assert(
      fc.property(permuted, ([x, dims]) => {
        const back = dims.map((_dim, d) => dims.indexOf(d));
        same(x.permute(dims).permute(back), x);
      }),
    );
  });

  test("flipping twice, and rolling there and back, give the tensor again", () => {
    fc.assert(
      fc.property(withDim, fc.integer({ min: -20, max: 20 }), ([x, dim], shift) => {
        same(x.flip(dim).flip(dim), x);
        same(x.roll(shift, dim).roll(-shift, dim), x);
        same(x.roll(shift + x.shape[dim]!, dim), x.roll(shift, dim));
      }),
    );
  });

  test("split and chunk are undone by concat", () => {
    fc.assert(
      fc.property(withDim, fc.integer({ min: 1, max: 5 }), ([x, dim], count) => {
        same(concat(x.split(count, dim), dim), x);
        same(concat(x.chunk(count, dim), dim), x);
        expect(x.chunk(count, dim).length).toBeLessThanOrEqual(count);
      }),
    );
  });

  test("padding is undone by slicing, whatever it is filled with", () => {
    const reach = fc.integer({ min: 0, max: 2 });
    const fill = fc.constantFrom(0, 7, "reflect" as const, "replicate" as const, "circular" as const);
    const large = fc
      .array(fc.integer({ min: 3, max: 5 }), { minLength: 1, maxLength: 3 })
      .chain(filled)
      .chain((x) => fc.tuple(fc.constant(x), fc.integer({ min: 0, max: x.ndim - 1 })));
    fc.assert(
      fc.property(large, reach, reach, fill, ([x, dim], before, after, how) => {
        const padding = x.shape.map((_size, d): [number, number] => (d === dim ? [before, after] : [0, 0]));
        same(x.pad(padding, how).narrow(dim, before, x.shape[dim]!), x);
      }),
    );
  });

  test("a matrix is its lower triangle and what lies above", () => {
    const matrices = sizes(2, 3).chain(filled);
    fc.assert(
      fc.property(matrices, fc.integer({ min: -5, max: 5 }), (x, k) => {
        same(x.tril(k).add(x.triu(k + 1)), x);
      }),
    );
  });

  test("the diagonal of a diagonal matrix is the vector", () => {
    fc.assert(
      fc.property(tensors(1, 1), fc.integer({ min: -3, max: 3 }), (x, k) => {
        same(x.diag(k).diag(k), x);
        expect(x.diag().trace().item()).toBe(x.sum().item());
      }),
    );
  });

  test("a view shares memory with what it was taken from", () => {
    fc.assert(
      fc.property(tensors(1), (x) => {
        const view = x.reshape([x.size]);
        expect(view.storage.byteOffset).toBe(x.storage.byteOffset);
        expect(view.storage.values().buffer).toBe(x.storage.values().buffer);
      }),
    );
  });
});

describe("broadcasting", () => {
  /** Two shapes that go together: some sizes of a common one become 1, some in front are left out. */
  const pairs = sizes(0, 4).chain((shape) => {
    const narrowed = fc
      .tuple(
        fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
        fc.integer({ min: 0, max: shape.length }),
      )
      .map(([ones, lead]) => shape.map((size, d) => (ones[d] ? 1 : size)).slice(lead));
    return fc.tuple(narrowed, narrowed).chain(([a, b]) => fc.tuple(filled(a), filled(b)));
  });

  test("gives what repeating the operands to one shape gives", () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const shape = broadcastShapes("test", a.shape, b.shape);
        same(a.sub(b), a.expand(shape).clone().sub(b.expand(shape).clone()));
        same(a.add(b), b.add(a));
        same(a.mul(b), b.mul(a));
      }),
    );
  });

  test("sends gradients of the operands' own shapes back: how often each value was used", () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        a.requiresGrad = true;
        b.requiresGrad = true;
        const y = a.add(b);
        y.sum().backward();
        for (const x of [a, b]) {
          expect(x.grad!.shape).toEqual(x.shape);
          for (const value of numbers(x.grad!)) expect(value).toBe(y.size / x.size);
        }
      }),
    );
  });
});

describe("order and sums", () => {
  test("sorting keeps the values and puts them in order", () => {
    fc.assert(
      fc.property(withDim, fc.boolean(), ([x, dim], descending) => {
        const { values, indices } = x.sort(dim, { descending });
        same(x.gather(dim, indices), values);
        const size = x.shape[dim]!;
        if (size > 1) {
          const steps = values.narrow(dim, 1, size - 1).sub(values.narrow(dim, 0, size - 1));
          for (const step of numbers(descending ? steps.neg() : steps))
            expect(step).toBeGreaterThanOrEqual(0);
        }
        const sorted = (t: Tensor) => numbers(t).toSorted((a, b) => a - b);
        expect(sorted(values)).toEqual(sorted(x));
      }),
    );
  });

  test("topk is the beginning of the sorted values, for few of many too", () => {
    const long = fc.integer({ min: 1, max: 60 }).chain((size) => filled([2, size, 2]));
    fc.assert(
      fc.property(long, fc.nat(), fc.boolean(), (x, seed, largest) => {
        const k = seed % (x.shape[1]! + 1);
        const sorted = x.sort(1, { descending: largest });
        const best = x.topk(k, 1, { largest });
        same(best.values, sorted.values.narrow(1, 0, k));
        same(best.indices, sorted.indices.narrow(1, 0, k));
      }),
    );
  });

  test("the last running sum is the sum", () => {
    fc.assert(
      fc.property(
        withDim.filter(([x, dim]) => x.shape[dim]! > 0),
        ([x, dim]) => {
          same(x.cumsum(dim).select(dim, -1), x.sum(dim));
        },
      ),
    );
  });

  test("einsum sums, transposes and multiplies like the operations of these names", () => {
    const product = fc
      .tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 3 })))
      .chain(([b, i, j, k]) => fc.tuple(filled([b!, i!, j!]), filled([b!, j!, k!])));
    fc.assert(
      fc.property(product, ([a, b]) => {
        same(einsum("bij,bjk->bik", a, b), a.matmul(b));
        same(einsum("bij->jbi", a), a.permute([2, 0, 1]));
        same(einsum("bij->i", a), a.sum([0, 2]));
        same(einsum("bij,bjk->kb", a, b), a.matmul(b).sum(1).transpose(0, 1));
        const c = a.mul(2);
        same(einsum("bij,bij->b", a, c), a.mul(c).sum([1, 2]));
      }),
    );
  });
});
