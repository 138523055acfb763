import { describe, expect, it } from "vitest";
import { tensor } from "../../engine/creation.ts";
import { type Dataset, fromArrays, type Loader } from "../../engine/data/index.ts";
import { setInterruptFlag } from "../../engine/interrupt.ts";
import { memoryReport } from "../../engine/memory.ts";
import { seed } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";

const numbered = (size: number): Dataset =>
  fromArrays(
    Array.from({ length: size }, (_, i) => [i, 10 * i]),
    Array.from({ length: size }, (_, i) => i % 7),
  );

/** The numbers of the samples in an epoch's batches. */
const epoch = (loader: Loader): number[][] =>
  Array.from(loader, ([x]) => [...x.toTypedArray()].filter((_, i) => i % 2 === 0));

describe("Loader", () => {
  it("gives batches [images, labels] in order, the last one with what is left", () => {
    const loader = numbered(10).loader({ batchSize: 4 });
    expect(loader.length).toBe(3);
    const batches = [...loader];
    expect(batches.map(([x, y]) => [x.shape, y.shape])).toEqual([
      [[4, 2], [4]],
      [[4, 2], [4]],
      [[2, 2], [2]],
    ]);
    expect(batches[2]![0].toArray()).toEqual([
      [8, 80],
      [9, 90],
    ]);
    expect(batches[2]![1].toArray()).toEqual([1, 2]);
    expect(batches[0]![1].dtype).toBe("int32");
  });

  it("leaves out a last batch that is not full with dropLast", () => {
    const loader = numbered(10).loader({ batchSize: 4, dropLast: true });
    expect(loader.length).toBe(2);
    expect(epoch(loader).flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(numbered(8).loader({ batchSize: 4, dropLast: true }).length).toBe(2);
  });

  it("gives one batch when batchSize exceeds the data set", () => {
    const loader = numbered(3).loader({ batchSize: 64 });
    expect(loader.length).toBe(1);
    expect(epoch(loader)).toEqual([[0, 1, 2]]);
  });

  it("shuffles by the seed, anew in each epoch, images and labels together", () => {
    const make = () => numbered(50).loader({ batchSize: 8, shuffle: true, seed: 3 });
    const loader = make();
    const first = epoch(loader);
    const second = epoch(loader);
    expect(first.flat()).not.toEqual(second.flat());
    for (const order of [first, second])
      expect(order.flat().toSorted((a, b) => a - b)).toEqual([...Array(50).keys()]);
    const again = make();
    expect([epoch(again), epoch(again)]).toEqual([first, second]);
    for (const [x, y] of loader) {
      const numbers = [...x.toTypedArray()].filter((_, i) => i % 2 === 0);
      expect([...y.toTypedArray()]).toEqual(numbers.map((i) => i % 7));
    }
    expect(epoch(numbered(50).loader({ batchSize: 8, shuffle: true, seed: 4 }))).not.toEqual(first);
  });

  it("has the same later epochs when an earlier one was broken off", () => {
    const make = () => numbered(30).loader({ batchSize: 4, shuffle: true, seed: 9 });
    const whole = make();
    epoch(whole);
    const broken = make();
    for (const _ of broken) break;
    expect(epoch(broken)).toEqual(epoch(whole));
  });

  it("takes its orders from the default generator when it has no seed", () => {
    const make = () => epoch(numbered(30).loader({ shuffle: true }));
    seed(1);
    const first = make();
    const second = make();
    seed(1);
    expect(make()).toEqual(first);
    expect(second).not.toEqual(first);
  });

  it("draws nothing from the default generator when it does not shuffle", () => {
    const next = () => epoch(numbered(30).loader({ shuffle: true }));
    seed(2);
    const undisturbed = next();
    seed(2);
    numbered(5).loader();
    expect(next()).toEqual(undisturbed);
  });

  it("iterates over a subset", () => {
    expect(epoch(numbered(10).subset([9, 1, 5]).loader({ batchSize: 2 }))).toEqual([[9, 1], [5]]);
    const shuffled = numbered(20)
      .filter((label) => label === 1)
      .loader({ shuffle: true, seed: 1 });
    expect(
      epoch(shuffled)
        .flat()
        .toSorted((a, b) => a - b),
    ).toEqual([1, 8, 15]);
  });

  it("iterates with for await, in the same order, and lets timers run meanwhile", async () => {
    const loader = numbered(40).loader({ batchSize: 1 });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const seen: number[] = [];
    for await (const [x] of loader) {
      seen.push(x.toTypedArray()[0]!);
      const until = performance.now() + 5;
      while (performance.now() < until);
    }
    clearInterval(timer);
    expect(seen).toEqual([...Array(40).keys()]);
    expect(ticks).toBeGreaterThan(0);
  });

  it("lets two loops over one loader run side by side", () => {
    const loader = numbered(6).loader({ batchSize: 2 });
    const pairs: number[][] = [];
    for (const [a] of loader)
      for (const [b] of loader) pairs.push([a.toTypedArray()[0]!, b.toTypedArray()[0]!]);
    expect(pairs).toHaveLength(9);
    expect(pairs.at(-1)).toEqual([4, 4]);
  });

  it("recycles a batch two steps after it was trained on, and keeps collected batches", () => {
    const weight = tensor([[1], [1]], { requiresGrad: true });
    const seen: Tensor[] = [];
    for (const [x] of numbered(4000).loader({ batchSize: 1000 })) {
      x.matmul(weight).mean().backward();
      seen.push(x);
    }
    expect(seen.map((x) => x.isRecycled)).toEqual([true, true, false, false]);
    const collected = [...numbered(4000).loader({ batchSize: 1000 })];
    expect(collected.every(([x, y]) => !x.isRecycled && !y.isRecycled)).toBe(true);
  });

  it("keeps memory flat over many epochs of training", () => {
    const weight = tensor([[1], [1]], { requiresGrad: true });
    const loader = numbered(4000).loader({ batchSize: 2000, shuffle: true, seed: 0 });
    const train = (epochs: number): number => {
      for (let i = 0; i < epochs; i++) for (const [x] of loader) x.matmul(weight).square().mean().backward();
      return memoryReport().bytes;
    };
    const early = train(5);
    expect(train(50) - early).toBeLessThan(50_000);
  });

  it("stops at an interrupt", () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    setInterruptFlag(flag);
    try {
      const seen: number[] = [];
      expect(() => {
        for (const [x] of numbered(10).loader({ batchSize: 1 })) {
          seen.push(x.size);
          if (seen.length === 3) Atomics.store(flag, 0, 1);
        }
      }).toThrow("Interrupted");
      expect(seen).toHaveLength(3);
    } finally {
      setInterruptFlag(null);
    }
  });

  it("tells in one line what it is", () => {
    expect(`${numbered(10).loader({ batchSize: 4, shuffle: true })}`).toBe(
      "Loader: 3 batches of 4, shuffled, from my data: 10 samples of 2 numbers, 7 classes",
    );
    expect(`${numbered(10).loader()}`).toBe(
      "Loader: 1 batch of 10, from my data: 10 samples of 2 numbers, 7 classes",
    );
  });

  it.each<[unknown, string | RegExp]>([
    [{ batchSize: 0 }, "loader: batchSize must be a whole number from 1 on; got 0"],
    [{ batchSize: -8 }, /got -8/],
    [{ batchSize: 1.5 }, /got 1\.5/],
    [{ batchSize: "64" }, /got the string "64"/],
    [{ batchSize: Number.NaN }, /got NaN/],
    [{ batch_size: 64 }, 'loader: there is no option "batch_size"; did you mean batchSize?'],
    [{ workers: 2 }, /the options are batchSize, shuffle, seed, dropLast/],
    [{ shuffle: 1 }, "loader: shuffle must be true or false; got 1"],
    [{ seed: "a" }, /loader: seed must be a whole number/],
    [
      { batchSize: 20, dropLast: true },
      /with dropLast and batchSize 20 there is no batch: the data set has 10 samples/,
    ],
    [64, /loader: takes its options as an object: \{ batchSize: … \}; got 64/],
  ])("refuses %j", (options, message) => {
    const set = numbered(10);
    expect(() => Reflect.apply(set.loader, set, [options])).toThrow(message);
  });
});
