/** Random numbers of given distributions: their statistics over many draws, seeds, and what students get wrong. */
import { beforeEach, describe, expect, test } from "vitest";
import { setBackend, withBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import {
  bernoulli,
  bincount,
  full,
  Generator,
  multinomial,
  normal,
  randLike,
  randnLike,
  seed,
  type Tensor,
  tensor,
  zeros,
} from "../../engine/index.ts";
import { backends, numbers } from "./helpers.ts";

setBackend(referenceBackend);
beforeEach(() => seed(1));

/** Calls with arguments the types forbid. */
const loosely =
  (f: (...args: never[]) => unknown, ...args: unknown[]): (() => unknown) =>
  () =>
    Reflect.apply(f, undefined, args);

const DRAWS = 20_000;
/** Four standard errors of a frequency with probability p: a fair draw is beyond once in 16,000 tries, and seeds are fixed. */
const slack = (p: number) => 4 * Math.sqrt((p * (1 - p)) / DRAWS);

test("normal has the mean and deviation asked for, element by element", () => {
  const x = normal(tensor([0, 100]), tensor([1, 5]), [DRAWS, 2]);
  expect(x.shape).toEqual([DRAWS, 2]);
  const [mean, deviation] = [numbers(x.mean(0)), numbers(x.std(0))];
  for (const [i, [m, s]] of [
    [0, 1],
    [100, 5],
  ].entries()) {
    expect(Math.abs(mean[i]! - m!)).toBeLessThan((4 * s!) / Math.sqrt(DRAWS));
    expect(Math.abs(deviation[i]! / s! - 1)).toBeLessThan(4 / Math.sqrt(2 * DRAWS));
  }
  expect(normal(tensor([[1], [2]]), tensor([0, 0, 0])).toArray()).toEqual([
    [1, 1, 1],
    [2, 2, 2],
  ]);
  expect(normal(3, 0).shape).toEqual([]);
  expect(normal(zeros([2]).keep(), 1, undefined, { dtype: "float64" }).dtype).toBe("float64");
});

test("bernoulli is 1 as often as its probability says", () => {
  const chances = [0, 0.1, 0.5, 1];
  const x = bernoulli(tensor(chances).expand([DRAWS, 4]));
  expect(new Set(numbers(x))).toEqual(new Set([0, 1]));
  numbers(x.mean(0)).forEach((frequency, i) => {
    expect(Math.abs(frequency - chances[i]!)).toBeLessThanOrEqual(slack(chances[i]!));
  });
});

describe("multinomial", () => {
  test("draws as often as the weights say, and never what has none", () => {
    const drawn = multinomial(tensor([1, 0, 2, 1]), DRAWS, { replacement: true });
    expect(drawn).toMatchObject({ shape: [DRAWS], dtype: "int32" });
    numbers(bincount(drawn, { minLength: 4 })).forEach((count, i) => {
      const p = [0.25, 0, 0.5, 0.25][i]!;
      expect(Math.abs(count / DRAWS - p)).toBeLessThanOrEqual(slack(p));
    });
  });

  test("without replacement, each position at most once, the first like a single draw", () => {
    const rows = multinomial(tensor([0.7, 0.2, 0.1, 0]).expand([DRAWS, 4]), 3);
    expect(rows.shape).toEqual([DRAWS, 3]);
    for (const row of rows.slice([[0, 200]])) expect(numbers(row).toSorted()).toEqual([0, 1, 2]);
    const first = numbers(bincount(rows.select(1, 0)));
    first.forEach((count, i) => {
      const p = [0.7, 0.2, 0.1][i]!;
      expect(Math.abs(count / DRAWS - p)).toBeLessThanOrEqual(slack(p));
    });
  });
});

test("randLike and randnLike take shape and backend, and a float dtype", () => {
  for (const { backend } of backends.slice(0, 2)) {
    const like = withBackend(backend, () => zeros([2, 3], { dtype: "int32" }));
    for (const make of [randLike, randnLike]) {
      expect(make(like)).toMatchObject({ shape: [2, 3], dtype: "float32" });
      expect(make(like).holding.backend).toBe(backend);
    }
  }
});

test("a seed, or a generator, gives the same numbers again, on every backend", () => {
  const draw = (generator?: Generator): number[] => {
    const options = generator === undefined ? {} : { generator };
    const half = full([5], 0.5);
    const parts: Tensor[] = [
      normal(half, half, [5], options),
      bernoulli(half, options),
      multinomial(half, 3, options).to("float32"),
      randnLike(half, options),
    ];
    return parts.flatMap(numbers);
  };
  const first = backends.slice(0, 2).map(({ backend }) => {
    seed(7);
    return withBackend(backend, () => draw());
  });
  expect(first[1]).toEqual(first[0]);
  expect(draw(new Generator(7))).toEqual(first[0]);
  expect(draw()).not.toEqual(first[0]);
});

test.each([
  [
    "a probability of 2",
    loosely(bernoulli, tensor([0.5, 2])),
    /bernoulli: a probability is a number from 0 to 1; got 2/,
  ],
  ["NaN as probability", loosely(bernoulli, tensor([Number.NaN])), /bernoulli: a probability .* got NaN/],
  [
    "a number as probability",
    loosely(bernoulli, 0.5),
    /bernoulli: expected a tensor of probabilities, got 0\.5; make one with tensor/,
  ],
  [
    "whole probabilities",
    loosely(bernoulli, tensor([1], { dtype: "int32" })),
    /bernoulli: probabilities are float numbers, got int32/,
  ],
  [
    "a negative deviation",
    loosely(normal, 0, -1, [2]),
    /normal: a standard deviation is a number from 0 up; got -1/,
  ],
  [
    "a deviation of text",
    loosely(normal, 0, "1"),
    /normal: the standard deviation is a number or a tensor; got the string "1"/,
  ],
  ["a shape that does not fit", loosely(normal, zeros([3]), 1, [2]), /normal: shapes \[3\] and \[2\]/],
  [
    "a shape too small",
    loosely(normal, zeros([3]), 1, []),
    /normal: mean and deviation are \[3\], which does not fit the shape \[\]/,
  ],
  [
    "sizes one by one",
    loosely(normal, 0, 1, 2, 3),
    /normal: the shape is one array of sizes, as in \[2, 3\]/,
  ],
  [
    "more than there are",
    loosely(multinomial, tensor([1, 1, 0]), 3),
    /multinomial: 2 positions have a weight above 0, 3 are to be drawn; pass \{ replacement: true \}/,
  ],
  [
    "no weight at all",
    loosely(multinomial, zeros([2]), 1, { replacement: true }),
    /multinomial: 0 positions have a weight above 0, 1 is to be drawn/,
  ],
  [
    "a negative weight",
    loosely(multinomial, tensor([1, -1]), 1),
    /multinomial: a weight is a finite number from 0 up; got -1/,
  ],
  [
    "no draws",
    loosely(multinomial, tensor([1]), 0),
    /multinomial: the number of draws is a whole number from 1 up; got 0/,
  ],
  [
    "weights of three dimensions",
    loosely(multinomial, zeros([1, 1, 1]), 1),
    /multinomial: the weights are \[n\] or \[m, n\], got \[1, 1, 1\]/,
  ],
  ["no tensor to be like", loosely(randnLike, [1]), /randnLike: expected a tensor, got an array of 1/],
])("%s is an error", (_what, call, message) => {
  expect(call).toThrow(message);
});
