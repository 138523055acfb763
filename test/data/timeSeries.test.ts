import { describe, expect, it } from "vitest";
import { type TimeSeriesOptions, timeSeries } from "../../engine/data/index.ts";

describe("data.timeSeries", () => {
  it("is the sum of sine waves that its formula says", () => {
    const { train } = timeSeries({ train: 100, window: 8, periods: [10], noise: 0, seed: 3 });
    const values = train.images.toTypedArray();
    const series = Array.from({ length: 100 }, (_, t) => values[8 * t]!);
    // Every sine of this period satisfies x[t + 1] + x[t − 1] = 2 cos(2π / 10) x[t], whatever its phase.
    for (let t = 1; t < 99; t++)
      expect(series[t + 1]! + series[t - 1]!).toBeCloseTo(2 * Math.cos((2 * Math.PI) / 10) * series[t]!, 5);
    expect(Math.max(...series.map(Math.abs))).toBeGreaterThan(0.9);
  });

  it("gives windows and the values that follow, through loaders too", () => {
    const { train, test } = timeSeries({ train: 20, test: 6, window: 5, horizon: 2 });
    expect([train.images.shape, train.target("next").shape, test.size]).toEqual([[20, 5], [20, 2], 6]);
    const values = train.images.toTypedArray();
    expect(train.target("next").toTypedArray()[0]).toBe(values[5 + 4]);
    expect(train.target("next").toTypedArray()[1]).toBe(values[2 * 5 + 4]);
    for (const [x, next] of train.loader({ batchSize: 20 }))
      expect([x.shape, next.shape]).toEqual([
        [20, 5],
        [20, 2],
      ]);
  });

  it("shares no value between training and test", () => {
    const { train, test } = timeSeries({ train: 20, test: 6, window: 5, horizon: 2 });
    const seen = new Set([...train.images.toTypedArray(), ...train.target("next").toTypedArray()]);
    const later = [...test.images.toTypedArray(), ...test.target("next").toTypedArray()];
    expect(later.filter((value) => seen.has(value))).toEqual([]);
  });

  it("depends on its seed alone", () => {
    const values = (seed: number) => timeSeries({ seed }).train.images.toArray();
    expect(values(1)).toEqual(values(1));
    expect(values(1)).not.toEqual(values(2));
  });

  it.each<[unknown, string]>([
    [{ periods: [] }, "data.timeSeries: periods must be an array of positive numbers"],
    [{ periods: [0] }, "data.timeSeries: periods must be an array of positive numbers"],
    [{ periods: ["12"] }, "data.timeSeries: periods must be an array of positive numbers"],
    [{ noise: Number.NaN }, "data.timeSeries: noise must be a number from 0 on"],
    [{ window: 0 }, "data.timeSeries: window must be a whole number from 1 on"],
    [{ samples: 10 }, 'data.timeSeries: there is no option "samples"'],
  ])("refuses %j", (options, message) => {
    expect(() => timeSeries(options as TimeSeriesOptions)).toThrow(message);
  });
});
