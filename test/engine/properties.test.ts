/** What holds for every shape: laws of views, broadcasting and rearrangement, tried on random tensors by fast-check. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import {
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool2d,
  concat,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  dot,
  einsum,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  minPool2d,
  outer,
  type Tensor,
  tensor,
  unfold2d,
} from "../../engine/index.ts";
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

/** The numbers, with −0 as 0: sums of nothing and products with negative numbers differ in this sign. */
const signless = (x: Tensor) => numbers(x).map((value) => value + 0);

const same = (a: Tensor, b: Tensor) => {
  expect(a.shape).toEqual(b.shape);
  expect(signless(a)).toEqual(signless(b));
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

/** Numbers as equal as float32 makes them: 1e-5 of the largest. */
const close = (a: Tensor, b: Tensor) => {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [numbers(a), numbers(b)];
  const scale = Math.max(1, ...y.map(Math.abs));
  x.forEach((value, i) => {
    expect(Math.abs(value - y[i]!) / scale).toBeLessThan(1e-5);
  });
};

describe("products", () => {
  const four = fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 4 })));

  test("are associative, distribute over sums, and turn round when transposed", () => {
    const factors = four.chain(([m, k, n, p]) =>
      fc.tuple(filled([m!, k!]), filled([k!, n!]), filled([k!, n!]), filled([n!, p!])),
    );
    fc.assert(
      fc.property(factors, ([a, b, c, d]) => {
        same(a.matmul(b).matmul(d), a.matmul(b.matmul(d)));
        same(a.matmul(b.add(c)), a.matmul(b).add(a.matmul(c)));
        same(a.matmul(b).T, b.T.matmul(a.T));
      }),
    );
  });

  test("batches broadcast as repeated matrices would", () => {
    const batches = fc
      .tuple(fc.integer({ min: 1, max: 3 }), four)
      .chain(([b, [m, k, n]]) => fc.tuple(filled([b, 1, m!, k!]), filled([2, k!, n!])));
    fc.assert(
      fc.property(batches, ([a, b]) => {
        const batch = a.shape[0]!;
        const [m, k] = a.shape.slice(2) as [number, number];
        const n = b.shape[2]!;
        same(
          a.matmul(b),
          a
            .expand([batch, 2, m, k])
            .clone()
            .matmul(b.expand([batch, 2, k, n]).clone()),
        );
      }),
    );
  });

  test("of vectors are numbers and tables: outer holds what dot adds up", () => {
    const pairs = fc.integer({ min: 0, max: 5 }).chain((n) => fc.tuple(filled([n]), filled([n])));
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        expect(outer(a, b).trace().item()).toBe(dot(a, b).item());
        same(outer(a, b), outer(b, a).T);
      }),
    );
  });
});

describe("convolution", () => {
  const size = (least: number, most: number) => fc.integer({ min: least, max: most });

  /** Everything that fits together, in one to three directions. */
  const fitting = size(1, 3).chain((directions) => {
    const each = (least: number, most: number) =>
      fc.array(size(least, most), { minLength: directions, maxLength: directions });
    return fc
      .record({
        batch: size(0, 2),
        groups: size(1, 2),
        inputs: size(1, 2),
        outputs: size(1, 2),
        kernel: each(1, 3),
        stride: each(1, 3),
        dilation: each(1, 2),
        padding: each(0, 2),
        extra: each(0, 3),
        flip: fc.boolean(),
      })
      .chain((chosen) => {
        // The smallest input the kernel fits, and a little more.
        const input = chosen.kernel.map((k, d) =>
          Math.max(1, chosen.dilation[d]! * (k - 1) + 1 - 2 * chosen.padding[d]! + chosen.extra[d]!),
        );
        const [channels, outputs] = [chosen.groups * chosen.inputs, chosen.groups * chosen.outputs];
        return fc.record({
          options: fc.constant(chosen),
          x: filled([chosen.batch, channels, ...input]),
          w: filled([outputs, chosen.inputs, ...chosen.kernel]),
        });
      });
  });

  type Convolution = (x: Tensor, w: Tensor, bias: null, options: object) => Tensor;
  const forwards = [conv1d, conv2d, conv3d] as unknown as Convolution[];
  const backwards = [convTranspose1d, convTranspose2d, convTranspose3d] as unknown as Convolution[];
  const optionsOf = (chosen: { stride: number[]; dilation: number[]; padding: number[] }) =>
    Object.fromEntries(
      (["stride", "dilation", "padding"] as const).map((name) => [
        name,
        chosen[name].length === 1 ? chosen[name][0] : chosen[name],
      ]),
    );

  test("⟨conv x, y⟩ = ⟨x, convTranspose y⟩: one is the other's adjoint, whatever the options", () => {
    fc.assert(
      fc.property(fitting, fc.integer({ min: 1, max: 9 }), ({ options: chosen, x, w }, step) => {
        const d = chosen.kernel.length;
        const options = { ...optionsOf(chosen), groups: chosen.groups, flip: chosen.flip };
        const z = forwards[d - 1]!(x, w, null, options);
        const y = tensor(
          Float32Array.from({ length: z.size }, (_item, i) => ((i * step) % 7) - 3),
          { shape: z.shape },
        );
        // What the stride left out at the far end of x comes back as outputPadding.
        const outputPadding = chosen.kernel.map((k, i) => {
          const left = x.shape[2 + i]! + 2 * chosen.padding[i]! - chosen.dilation[i]! * (k - 1) - 1;
          return left % chosen.stride[i]!;
        });
        const back = backwards[d - 1]!(y, w, null, {
          ...options,
          outputPadding: d === 1 ? outputPadding[0] : outputPadding,
        });
        expect(back.shape).toEqual(x.shape);
        expect(back.mul(x).sum().item()).toBe(z.mul(y).sum().item());
      }),
    );
  });

  test("is linear in the image and in the kernel", () => {
    fc.assert(
      fc.property(fitting, ({ options: chosen, x, w }) => {
        const conv = forwards[chosen.kernel.length - 1]!;
        const options = { ...optionsOf(chosen), groups: chosen.groups };
        const y = conv(x, w, null, options);
        same(conv(x.mul(3), w, null, options), y.mul(3));
        same(conv(x, w.add(w.flip(0)), null, options), y.add(conv(x, w.flip(0), null, options)));
      }),
    );
  });

  test("003.48: shifts with the image where the border goes round, which is equivariance", () => {
    const images = fc
      .tuple(size(3, 6), size(3, 6))
      .chain(([h, w]) => fc.tuple(filled([1, 1, h, w]), filled([2, 1, 3, 3])));
    fc.assert(
      fc.property(images, size(-4, 4), size(-4, 4), ([x, w], down, right) => {
        const conv = (image: Tensor) => conv2d(image, w, null, { padding: "same", paddingMode: "circular" });
        same(conv(x.roll([down, right], [2, 3])), conv(x).roll([down, right], [2, 3]));
      }),
    );
  });

  test("of unfolded windows is a product of matrices", () => {
    fc.assert(
      fc.property(fitting, ({ options: chosen, x, w }) => {
        fc.pre(chosen.kernel.length === 2 && chosen.groups === 1);
        const options = optionsOf(chosen);
        const y = conv2d(x, w, null, options);
        const columns = unfold2d(x, chosen.kernel as [number, number], options);
        same(
          w
            .reshape([w.shape[0]!, w.size / w.shape[0]!])
            .matmul(columns)
            .reshape(y.shape),
          y,
        );
      }),
    );
  });
});

describe("pooling", () => {
  const images = fc
    .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 3, max: 7 }), fc.integer({ min: 3, max: 7 }))
    .chain(([n, h, w]) => filled([n, 2, h, w]));
  const options = fc.record({
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.integer({ min: 0, max: 1 }),
    ceilMode: fc.boolean(),
  });

  test("the smallest is the negative of the largest of the negatives, and the mean lies between", () => {
    fc.assert(
      fc.property(images, fc.integer({ min: 2, max: 3 }), options, (x, kernel, how) => {
        const [least, most] = [minPool2d(x, kernel, how), maxPool2d(x, kernel, how)];
        same(least, maxPool2d(x.neg(), kernel, how).neg());
        const mean = avgPool2d(x, kernel, how);
        for (const gap of numbers(mean.sub(least))) expect(gap).toBeGreaterThan(-1e-5);
        for (const gap of numbers(most.sub(mean))) expect(gap).toBeGreaterThan(-1e-5);
      }),
    );
  });

  test("unpooling puts each maximum back where it was", () => {
    fc.assert(
      fc.property(images, fc.integer({ min: 2, max: 3 }), (x, kernel) => {
        const [values, indices] = maxPool2dWithIndices(x, kernel);
        const back = maxUnpool2d(values, indices, kernel, {
          outputSize: x.shape.slice(2) as [number, number],
        });
        same(back.mul(back.sub(x)), back.mul(0));
        expect(back.sum().item()).toBe(values.sum().item());
      }),
    );
  });

  test("to size 1 is the maximum and the mean of each map", () => {
    fc.assert(
      fc.property(images, (x) => {
        fc.pre(x.size > 0);
        same(adaptiveMaxPool2d(x, 1), x.max([2, 3], { keepDim: true }));
        close(adaptiveAvgPool2d(x, 1), x.mean([2, 3], { keepDim: true }));
      }),
    );
  });
});

describe("softmax", () => {
  test("does not see a shift, adds up to 1, and keeps the order", () => {
    fc.assert(
      fc.property(withDim, fc.integer({ min: -1000, max: 1000 }), ([x, dim], shift) => {
        close(x.add(shift).softmax(dim), x.softmax(dim));
        close(x.add(shift).logSoftmax(dim), x.logSoftmax(dim));
        const total = x.softmax(dim).sum(dim);
        if (x.shape[dim]! > 0) close(total, total.mul(0).add(1));
        if (x.size > 0) same(x.softmax(dim).argmax(dim), x.argmax(dim));
      }),
    );
  });

  test("logSumExp lies between the maximum and the maximum + ln n, and moves with a shift", () => {
    fc.assert(
      fc.property(withDim, fc.integer({ min: -500, max: 500 }), ([x, dim], shift) => {
        fc.pre(x.size > 0);
        const above = x.logSumExp(dim).sub(x.max(dim));
        for (const gap of numbers(above)) {
          expect(gap).toBeGreaterThan(-1e-5);
          expect(gap).toBeLessThan(Math.log(x.shape[dim]!) + 1e-5);
        }
        close(x.add(shift).logSumExp(dim), x.logSumExp(dim).add(shift));
      }),
    );
  });
});

describe("order and sums", () => {
  test("the last running product is the product", () => {
    fc.assert(
      fc.property(
        withDim.filter(([x, dim]) => x.shape[dim]! > 0),
        ([x, dim]) => {
          same(x.cumprod(dim).select(dim, -1), x.prod(dim));
        },
      ),
    );
  });

  test("the median and quantiles do not mind the order, and the ends are the extremes", () => {
    fc.assert(
      fc.property(
        withDim.filter(([x]) => x.size > 0),
        fc.integer({ min: -9, max: 9 }),
        fc.integer({ min: 0, max: 10 }),
        ([x, dim], shift, tenths) => {
          const other = x.roll(shift, dim);
          same(other.median(dim), x.median(dim));
          same(other.quantile(tenths / 10, dim), x.quantile(tenths / 10, dim));
          same(x.quantile(0, dim), x.min(dim));
          same(x.quantile(1, dim), x.max(dim));
        },
      ),
    );
  });

  test("what is gathered and scattered back is where it was", () => {
    fc.assert(
      fc.property(withDim, fc.boolean(), ([x, dim], descending) => {
        const order = x.argsort(dim, { descending });
        same(x.scatter(dim, order, x.gather(dim, order)), x);
        same(x.mul(0).scatterAdd(dim, order, x.gather(dim, order)), x);
      }),
    );
  });

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
