import * as vega from "vega";
import { describe, expect, it } from "vitest";
import { bars } from "../../../kernel/view/data/bars.ts";
import { tensor } from "../../../kernel/view/data/tensor.ts";
import {
  chart,
  domainOf,
  downsample,
  type Point,
  powersAxis,
  smooth,
  someOf,
} from "../../../kernel/view/drawing/chart.ts";
import { chartSvg, compiledChart } from "../../../kernel/view/drawing/chart-image.ts";
import { textPath } from "../../../kernel/view/drawing/font.ts";
import { type Displayable, displaySymbol } from "../../../kernel/view/mime.ts";
import { fontSize } from "../../../kernel/view/theme.ts";
import { curves } from "../../../kernel/view/training/curves.ts";
import type { HistoryLike } from "../../../kernel/view/training/history.ts";
import { bundleOf, inked, pictureOf, specOf, textOf } from "../decode.ts";

const wave = (count: number): Point[] =>
  Array.from({ length: count }, (_, x) => ({ x, y: Math.sin(x / 50) }));

/** A training whose loss falls like 1/e per epoch. */
function history(epochs: number, steps: number, rate = 1): HistoryLike {
  const loss = (epoch: number) => 2 * Math.exp(-rate * epoch);
  return {
    steps: Array.from({ length: epochs * steps }, (_, i) => ({
      step: i + 1,
      epoch: 1 + Math.floor(i / steps),
      loss: loss(i / steps) * (1 + 0.2 * Math.sin(i)),
    })),
    epochs: Array.from({ length: epochs }, (_, i) => ({
      epoch: i + 1,
      loss: loss(i + 1),
      metrics: { accuracy: 1 - 0.3 * loss(i + 1) },
      validation: { loss: loss(i + 1) + 0.02, accuracy: 0.98 - 0.3 * loss(i + 1) },
    })),
  };
}

describe("axes", () => {
  it("write powers of ten in one notation", async () => {
    expect([0.001, 1, 1000].map(powersAxis([0.001, 1, 1000]).print)).toEqual(["0.001", "1", "1,000"]);
    expect([1e-5, 1e-3, 1].map(powersAxis([1e-5, 1e-3, 1]).print)).toEqual(["1e−5", "1e−3", "1e0"]);
    const labels = async (ticks: number[]) => {
      const { axis } = powersAxis(ticks);
      const { compiled } = compiledChart(
        {
          data: { values: ticks.map((y) => ({ y })) },
          mark: "point",
          encoding: { y: { field: "y", type: "quantitative", scale: { type: "log" }, axis } },
        },
        { messages: [] },
      );
      return new vega.View(vega.parse(compiled), { renderer: "none" }).toSVG();
    };
    for (const ticks of [
      [0.001, 0.1, 10],
      [1e-5, 1e-3, 1],
    ])
      for (const tick of ticks)
        expect(await labels(ticks)).toContain(`>${powersAxis(ticks).print(tick)}</text>`);
  });

  it("have room around one value, and a range where none is finite", () => {
    expect(domainOf([2, 2, Number.NaN])).toEqual({ domain: [1, 3] });
    expect(domainOf([0])).toEqual({ domain: [-1, 1] });
    expect(domainOf([Number.NaN])).toEqual({ domain: [0, 1] });
    expect(domainOf([1, 2])).toEqual({});
  });
});

describe("some of many", () => {
  it("are as many as asked for, in their order, the same each time, of every class where classes alternate", () => {
    const items = Array.from({ length: 10_000 }, (_, i) => i);
    const some = someOf(items, 1000);
    expect(some).toHaveLength(1000);
    expect(some).toEqual([...some].sort((a, b) => a - b));
    expect(someOf(items, 1000)).toEqual(some);
    for (let label = 0; label < 10; label++)
      expect(some.filter((i) => i % 10 === label).length).toBeGreaterThan(60);
    expect(someOf([1, 2], 3)).toEqual([1, 2]);
  });
});

describe("a chart's picture", () => {
  const far = (mark: object) =>
    chart(
      {
        data: { values: [-900, -1, 0, 1, 900].map((x) => ({ x, y: x })) },
        width: 120,
        height: 80,
        mark,
        encoding: {
          x: { field: "x", type: "quantitative", scale: { domain: [-1, 1], nice: false } },
          y: { field: "y", type: "quantitative", scale: { domain: [-1, 1], nice: false } },
        },
      },
      "Far away.",
    );

  // resvg would abort the whole process here, not throw.
  it.each([
    { type: "point", filled: true, opacity: 0.5, clip: true },
    { type: "point", opacity: 0.5, stroke: "red", fill: "blue", clip: true },
    { type: "point", opacity: 0.5, fillOpacity: 0.5, clip: true },
    { type: "line", clip: true },
    { type: "bar", opacity: 0.75, clip: true },
    { type: "tick", clip: true },
  ])("survives data far outside its axes: %j", (mark) => {
    expect(inked(pictureOf(bundleOf(far(mark))))).toBeGreaterThan(0.001);
  });

  it("is left out where marks that are not clipped would make it huge; chart and text remain", () => {
    expect(Object.keys(bundleOf(far({ type: "point" })).data)).toEqual([
      "application/vnd.vegalite.v5+json",
      "text/plain",
    ]);
  });

  it("is drawn where a tick or a legend has an empty label", async () => {
    const spec = {
      data: { values: [{ v: 0.0002 }, { v: 2.3 }] },
      mark: "point",
      encoding: {
        fill: {
          field: "v",
          type: "quantitative",
          scale: { type: "log" },
          legend: { format: "~g", tickCount: 4 },
        },
      },
    };
    expect(bundleOf(chart(spec, "Logarithms.")).data).toHaveProperty("image/png");
    expect(await chartSvg({ ...spec, title: "" })).not.toContain("<text");
  });
});

describe("downsample", () => {
  it("keeps the limit, both ends and the order", () => {
    const few = downsample(wave(5000), 100);
    expect(few).toHaveLength(100);
    expect([few[0]!.x, few[99]!.x]).toEqual([0, 4999]);
    expect(few.every((point, i) => i === 0 || point.x > few[i - 1]!.x)).toBe(true);
  });

  it("keeps a spike that a mean would lose", () => {
    const points = wave(5000);
    points[2345] = { x: 2345, y: 40 };
    expect(downsample(points, 60)).toContainEqual({ x: 2345, y: 40 });
  });

  it("leaves short series alone and drops what is not finite", () => {
    const short = wave(20);
    expect(downsample(short, 100)).toEqual(short);
    expect(
      downsample(
        [
          { x: 0, y: 1 },
          { x: 1, y: Number.NaN },
          { x: 2, y: 3 },
        ],
        10,
      ),
    ).toHaveLength(2);
    expect(() => downsample(short, 2)).toThrow(/at least 3/);
  });

  it("smooth gives the means of equal stretches", () => {
    const points = Array.from({ length: 100 }, (_, x) => ({ x, y: x % 2 }));
    const means = smooth(points, 10);
    expect(means).toHaveLength(10);
    expect(means.every(({ y }) => y === 0.5)).toBe(true);
  });
});

describe("charts", () => {
  const long: HistoryLike = history(5, 2000);
  const examples: Record<string, () => Displayable> = {
    "one training": () => curves(long),
    "one epoch": () => curves(history(1, 90)),
    "trainings compared": () =>
      curves({ SGD: history(3, 400), "a name, long enough to need room": history(3, 400, 2) }),
    probabilities: () => bars([0.1, 0.7, 0.2], { labels: ["a", "b", "c"] }),
    "lying bars": () => bars({ "T-shirt or top": 12, Trouser: -3 }, { unit: "images" }),
    histogram: () => tensor(Float32Array.from({ length: 900 }, (_, i) => Math.sin(i))),
  };

  for (const [name, example] of Object.entries(examples)) {
    it(`${name}: specification, picture and sentence`, async () => {
      const bundle = bundleOf(example());
      expect(Object.keys(bundle.data)).toEqual([
        "application/vnd.vegalite.v5+json",
        "image/png",
        "text/plain",
      ]);
      expect(JSON.stringify(bundle).length).toBeLessThan(200_000);

      const spec = specOf(bundle);
      expect(spec.$schema).toBe("https://vega.github.io/schema/vega-lite/v5.json");
      const log = { messages: [] };
      const svg = await chartSvg(spec, log);
      expect(log.messages).toEqual([]);
      expect(svg).not.toContain("<text");
      const { text: title } = spec.title as { text: string };
      expect(svg).toContain(textPath(title, 0, 0, fontSize.title, "bold"));

      const picture = pictureOf(bundle);
      const size = bundle.metadata?.["image/png"] as { width: number; height: number; alt: string };
      expect(Math.abs(picture.width - 2 * size.width)).toBeLessThan(2);
      expect(Math.abs(picture.height - 2 * size.height)).toBeLessThan(2);
      expect(size.width).toBeLessThan(1000);
      expect(inked(picture)).toBeGreaterThan(0.01);
      expect([...picture.rgb.subarray(0, 3)]).toEqual([255, 255, 255]);

      const text = textOf(bundle);
      expect(size.alt).toBe(text);
      expect(spec.description).toBe(text);
      expect(text).toMatch(/^[A-Z0-9].*\.$/);
      expect(text).not.toMatch(/undefined|\[object/);
    });
  }

  it("states results", () => {
    expect(textOf(bundleOf(bars([0.1, 0.7, 0.2], { labels: ["a", "b", "c"] })))).toBe(
      "Most probable of 3: b with 70.0 %.",
    );
    expect(textOf(bundleOf(curves(history(2, 10))))).toBe(
      "2 epochs, loss 0.271, accuracy 91.9 %; on validation data loss 0.291, accuracy 89.9 %.",
    );
  });

  it("keeps specification and sentence where the picture cannot be drawn", () => {
    const bundle = chart({ mark: "no such mark", data: { values: [] } }, "A sentence.")[displaySymbol]();
    expect(textOf(bundle)).toBe("A sentence.");
    expect(bundle.data["image/png"]).toBeUndefined();
  });

  it("says what is wrong with the input", () => {
    expect(() => bars([])).toThrow("show.bars: expected numbers, got none; give a list");
    expect(() => bars([1, 2], { labels: ["a"] })).toThrow("show.bars: 1 label for 2 values");
    expect(() => bars(new Float32Array(500))).toThrow(/500 bars are too many/);
    expect(() =>
      bars([
        [1, 2],
        [3, 4],
      ]),
    ).toThrow(/expected one dimension, got shape 2×2/);
    expect(() => curves({ a: 5 } as never)).toThrow(/expected a History/);
    expect(() => curves({ steps: [], epochs: [] })).toThrow(/empty: nothing was trained/);
  });
});
