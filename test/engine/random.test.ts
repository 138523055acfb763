/** The generator: the same numbers everywhere, and the distributions they claim. */
import { describe, expect, test } from "vitest";
import { defaultGenerator, Generator, randn, seed } from "../../engine/index.ts";
import { inverseNormal } from "../../engine/random.ts";

/** Bits of seed 0 and 42, fixed for good: notebooks, data sets and weights depend on them. */
const FIXED = {
  0: [4040328573, 766560300, 3233575305, 3089510194],
  42: [3178939746, 2437901939, 616822505, 1525924169],
};

const draw = <T>(n: number, next: () => T): T[] => Array.from({ length: n }, next);

describe("Generator", () => {
  test.each(Object.entries(FIXED))("seed %s gives the bits it always gave", (from, bits) => {
    const generator = new Generator(Number(from));
    expect(draw(4, () => generator.bits())).toEqual(bits);
  });

  test("repeats with the seed, differs between seeds, large and negative ones too", () => {
    const first = (n: number) =>
      draw(5, () => 0)
        .map(
          (
            (g) => () =>
              g.bits()
          )(new Generator(n)),
        )
        .join();
    expect(first(7)).toBe(first(7));
    const seeds = [0, 1, -1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 40 + 1, -(2 ** 40)];
    expect(new Set(seeds.map(first)).size).toBe(seeds.length);
    for (const wrong of [0.5, Number.NaN, "1", undefined, 2 ** 60])
      expect(() => new Generator().seed(wrong as number)).toThrow(
        /seed: a whole number such as 0 or 42; got/,
      );
  });

  test("uniform numbers fill [0, 1) evenly", () => {
    const generator = new Generator(1);
    const counts = new Array(16).fill(0);
    for (let i = 0; i < 160_000; i++) counts[Math.floor(generator.uniform() * 16)]++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(37.7); // 15 degrees of freedom, p = 0.001
  });

  test("normal numbers have the moments of the normal distribution", () => {
    const generator = new Generator(2);
    const values = draw(200_000, () => generator.normal());
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.015);
    expect(Math.abs(moment(3))).toBeLessThan(0.03);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
  });

  test("integers are even over ranges that are no power of two", () => {
    const generator = new Generator(3);
    const counts = new Array(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[generator.integer(7)]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    expect(() => generator.integer(0)).toThrow(/integer: n is a whole number from 1/);
  });

  test("permutations hold every number once and vary", () => {
    const generator = new Generator(4);
    const [a, b] = [generator.permutation(50), generator.permutation(50)];
    expect([...a].sort((x, y) => x - y)).toEqual(Array.from({ length: 50 }, (_x, i) => i));
    expect([...a]).not.toEqual([...b]);
    expect(generator.permutation(0)).toHaveLength(0);
  });

  test("forks have streams of their own", () => {
    const parent = new Generator(5);
    const [a, b] = [parent.fork(), parent.fork()];
    const streams = [a, b, parent].map((generator) => draw(4, () => generator.bits()).join());
    expect(new Set(streams).size).toBe(3);
    const again = new Generator(5).fork();
    expect(draw(4, () => again.bits()).join()).toBe(streams[0]);
  });
});

test("seed(n) resets what is random by default", () => {
  seed(11);
  const a = randn([3]).toArray();
  const b = randn([3]).toArray();
  seed(11);
  expect(randn([3]).toArray()).toEqual(a);
  expect(b).not.toEqual(a);
  expect(`${defaultGenerator}`).toContain("xoshiro128**");
});

test.each([
  [0.5, 0],
  [0.975, 1.959963984540054],
  [0.99, 2.3263478740408408],
  [0.001, -3.090232306167813],
  [1e-9, -5.997807015007686],
  [1e-20, -9.262340089798405],
])("inverseNormal(%d) is the quantile", (p, quantile) => {
  expect(Math.abs(inverseNormal(p) - quantile)).toBeLessThan(1e-14 * Math.max(1, Math.abs(quantile)) * 4);
});
