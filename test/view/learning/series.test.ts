import { describe, expect, it } from "vitest";
import { linspace, optim, rand } from "../../../engine/index.ts";
import { Generator } from "../../../engine/random.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

interface Spec {
  layer: { data: { values: { x: number; y: number; line: string; part: string }[] } }[];
  encoding: Record<"x" | "y", { title: string; scale: { type?: string } }>;
}
const chartOf = (shown: ReturnType<typeof show.series>): Spec => specOf(bundleOf(shown)) as unknown as Spec;
const rowsOf = (shown: ReturnType<typeof show.series>) => chartOf(shown).layer.at(-1)!.data.values;

describe("show.series", () => {
  it("draws several lines over x, from numbers and from functions", () => {
    const a = linspace(-4, 4, 81);
    const sigmoids = (x: number) =>
      Array.from({ length: 20 }, (_, i) => 1 / (1 + Math.exp(i + 0.5 - x))).reduce(
        (sum, part) => sum + part,
        0,
      );
    const shown = show.series(
      { ReLU: a.relu(), "many sigmoids": sigmoids },
      { x: a, xTitle: "a", yTitle: "g(a)" },
    );
    expectPicture("series", shown);
    expect(String(shown)).toBe("2 lines over a: ReLU from 0 to 4; many sigmoids from 0.0174 to 4.02.");
    const rows = rowsOf(shown);
    expect(rows.filter(({ line }) => line === "ReLU")).toHaveLength(81);
    for (const { x, y } of rows.filter(({ line }) => line !== "ReLU")) expect(y).toBeCloseTo(sigmoids(x), 3);
  });

  it("counts from 0 where no x is given, and tells units", () => {
    const shown = show.series([5, 3, 2], { xTitle: "epoch", yTitle: "time", yUnit: "s" });
    expect(String(shown)).toBe("time over epoch: 3 values, from 2 to 5.");
    expect(rowsOf(shown).map(({ x, y }) => [x, y])).toEqual([
      [0, 5],
      [1, 3],
      [2, 2],
    ]);
    expect(chartOf(shown).encoding.y.title).toBe("time (s)");
  });

  it("breaks the line at values that are not finite, and says so", () => {
    const shown = show.series((x) => 1 / x, { x: [-2, -1, 0, 1, 2] });
    expect(String(shown)).toBe("value over index: 5 values, from −1 to 1 (1 value not finite).");
    expect(rowsOf(shown).map(({ part }) => part)).toEqual(["0", "0", "1", "1"]);
    expect(String(show.series([Number.NaN, Number.NaN]))).toBe("value over index: 2 values, none finite.");
    expect(String(show.series([3, 3]))).toBe("value over index: 2 values, 3 everywhere.");
  });

  it("has logarithmic axes", () => {
    const shown = show.series([1, 10, 1000], { x: [1, 2, 3], log: "y" });
    expect(chartOf(shown).encoding.y.scale.type).toBe("log");
    expect(chartOf(shown).encoding.x.scale.type).toBeUndefined();
  });

  it("stays small with ten long series", () => {
    const waves = Object.fromEntries(
      Array.from({ length: 10 }, (_, k) => [
        `wave ${k}`,
        Array.from({ length: 10_000 }, (_v, i) => Math.sin(((k + 1) * i) / 3000)),
      ]),
    );
    expect(JSON.stringify(bundleOf(show.series(waves))).length).toBeLessThan(200_000);
  });

  it.each([1, 3, 10])("stays small where %i lines are noise", (count) => {
    const generator = new Generator(1);
    const noise = Object.fromEntries(
      Array.from({ length: count }, (_, k) => [`noise ${k}`, rand([5000], { generator })]),
    );
    const bundle = bundleOf(show.series(noise));
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    const all = (specOf(bundle) as unknown as Spec).layer.at(-1)!.data.values;
    // Each is still drawn from end to end and over its whole height.
    for (const name of Object.keys(noise)) {
      const rows = all.filter(({ line }) => line === name);
      expect(rows.length).toBeGreaterThan(12);
      expect([rows[0]!.x, rows.at(-1)!.x]).toEqual([0, 4999]);
      const heights = rows.map(({ y }) => y);
      expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(0.9);
    }
  });

  it.each<[unknown, object, RegExp]>([
    [{}, {}, /show\.series: no series to draw/],
    [[], {}, /show\.series: "value" has no values/],
    [5, {}, /show\.series: value: expected a tensor or an array of numbers, got 5/],
    [(x: number) => x, {}, /the function "value" needs to know where: give x/],
    [() => "1", { x: [1] }, /the function "value" must give numbers, got/],
    [[1, 2], { x: [1] }, /"value" has 2 values for 1 place in x/],
    [[1, 0], { log: "y" }, /a logarithmic axis has no place for 0 of "value"/],
    [[1, 2], { log: "z" }, /log must be "x", "y" or "both"/],
    [
      Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [i, [1, 2]])),
      {},
      /1,000 lines cannot be told apart, at most 10/,
    ],
  ])("explains what is wrong (%#)", (source, options, message) => {
    expect(() => show.series(source as never, options)).toThrow(message);
  });
});

describe("show.schedule", () => {
  it("draws the rate of every step, of several schedules by name", () => {
    const shown = show.schedule(
      {
        "linear decay": optim.linearDecay(),
        stairs: optim.stepDecay({ every: 3 }),
        "warm-up": optim.warmUp(optim.linearDecay(), { share: 0.2 }),
      },
      { steps: 90, epochs: 9, lr: 0.1 },
    );
    expectPicture("schedule", shown);
    expect(String(shown)).toBe(
      "90 steps in 9 epochs; at the last step linear decay 0.00111, stairs 0.001, warm-up 0.00139.",
    );
    const stairs = rowsOf(shown).filter(({ line }) => line === "stairs");
    expect(stairs.map(({ y }) => y)).toEqual([
      ...Array(30).fill(0.1),
      ...Array(30).fill(0.01),
      ...Array(30).fill(0.001),
    ]);
  });

  it("draws the factor without a rate, and a function of one's own", () => {
    const shown = show.schedule((progress) => (progress < 0.5 ? 1 : 0.1), { steps: 10 });
    expect(String(shown)).toBe("10 steps in 10 epochs; at the last step a factor of 0.1.");
    expect(chartOf(shown).encoding.y.title).toBe("share of the learning rate");
  });

  it.each<[unknown, object, RegExp]>([
    [5, {}, /no schedule to draw/],
    [{}, {}, /show\.schedule: no schedule to draw/],
    [{ a: 5 }, {}, /expected a schedule such as optim\.cosineAnnealing\(\), got 5/],
    [optim.linearDecay(), { steps: 0 }, /steps must be a whole number from 1 on, got 0/],
    [optim.linearDecay(), { lr: -1 }, /lr must be a number above 0, got -1/],
  ])("explains what is wrong (%#)", (source, options, message) => {
    expect(() => show.schedule(source as never, options)).toThrow(message);
  });
});
