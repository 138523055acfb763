import { describe, expect, it } from "vitest";
import { inspection, nn, optim, randn, seed, tensor } from "../../../engine/index.ts";
import { nonFinite } from "../../../kernel/view/colours.ts";
import { show } from "../../../kernel/view/index.ts";
import { bandsOf, contourImage } from "../../../kernel/view/learning/contours.ts";
import { bundleOf, countColour, decodePng, pictureOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

interface Layer {
  mark: { type: string; shape?: string };
  data: { values: { x: number; y: number; name?: string; end?: string }[] };
}
const layersOf = (shown: ReturnType<typeof show.lossSurface>): Layer[] =>
  specOf(bundleOf(shown)).layer as Layer[];

/** A valley: 4 times as steep upwards as across, lowest at (1, 0). */
const valley = (x: number, y: number) => (x - 1) ** 2 + 4 * y ** 2 + 0.1;

/** Gradient descent with momentum in it. */
function descend(lr: number, momentum: number, steps: number): [number, number][] {
  let [x, y, vx, vy] = [-2, 1.5, 0, 0];
  const path: [number, number][] = [[x, y]];
  for (let step = 0; step < steps; step++) {
    vx = momentum * vx + 2 * (x - 1);
    vy = momentum * vy + 8 * y;
    x -= lr * vx;
    y -= lr * vy;
    path.push([x, y]);
  }
  return path;
}

describe("show.lossSurface", () => {
  it("draws a function of two numbers, its lowest place, and the ways of optimisers", () => {
    const paths = { SGD: descend(0.2, 0, 20), momentum: descend(0.05, 0.8, 40), slow: descend(0.01, 0, 40) };
    const shown = show.lossSurface(valley, { paths, x: [-3, 3], y: [-2, 2], names: ["a", "b"] });
    expectPicture("lossSurface", shown);
    expect(String(shown)).toMatch(
      /^Loss from 0\.1\d* at \(1, 0\) to 32\.1; SGD 20 steps to about 0\.1; momentum 40 steps to about 0\.1\d*; slow 40 steps to about 1\.9\.$/,
    );
    const layers = layersOf(shown);
    const ends = layers.find(({ data }) => data.values.some(({ end }) => end !== undefined))!.data.values;
    expect(ends).toHaveLength(6);
    expect(ends[0]).toMatchObject({ name: "SGD", x: -2, y: 1.5, end: "start" });
    expect(ends[1]!.x).toBeCloseTo(1, 3);
    const minimum = layers.at(-1)!.data.values[0]!;
    expect([minimum.x, minimum.y]).toEqual([expect.closeTo(1, 1), expect.closeTo(0, 5)]);
  });

  it("draws what the engine found around a network's weights, with recorded paths", () => {
    seed(1);
    const model = nn.sequential(nn.linear(2, 4), nn.tanh(), nn.linear(4, 1));
    const [x, y] = [randn([20, 2]), randn([20, 1])];
    const loss = () => nn.mse(model(x), y);
    const optimizer = optim.adam(model.parameters(), { lr: 0.05 });
    const path = inspection.weightPath(model);
    optimizer.registerStepPostHook(path.record);
    for (let step = 0; step < 300; step++) {
      loss().backward();
      optimizer.step();
    }
    const surface = inspection.lossSurface(model, loss, { paths: { Adam: path }, resolution: 9 });
    const shown = show.lossSurface(surface);
    expect(String(shown)).toMatch(/; Adam 300 steps to about \d/);
    expect(bundleOf(shown).data).toHaveProperty("image/png");
    const line = layersOf(shown).find(({ mark }) => mark.type === "line")!.data.values;
    expect(line.length).toBeLessThanOrEqual(241);
    expect([line.at(-1)!.x, line.at(-1)!.y]).toEqual([expect.closeTo(0, 4), expect.closeTo(0, 4)]);
    const plain = show.lossSurface(inspection.lossSurface(model, loss, { seed: 1, resolution: 5 }));
    expect(layersOf(plain).some(({ mark }) => mark.type === "line")).toBe(false);
  });

  it("takes the record of a model of two weights over a function of them", () => {
    const model = nn.linear(2, 1, { bias: false });
    model.loadStateDict({ weight: tensor([[2, 1]]) });
    const path = inspection.weightPath(model);
    model.loadStateDict({ weight: tensor([[1, 0.5]]) });
    path.record();
    const shown = show.lossSurface(valley, { paths: { path } });
    expect(String(shown)).toMatch(/path 1 step to about 1\.1\.$/);
    const { encoding } = specOf(bundleOf(shown)) as { encoding: { x: { scale: { domain: number[] } } } };
    expect(encoding.x.scale.domain).toEqual([0.75, 2.25]);
  });

  it("says where the loss is not finite, and of paths that leave the map", () => {
    const shown = show.lossSurface((x, y) => Math.log(x) + y * y, {
      paths: {
        far: [
          [1, 1],
          [90, 1],
        ],
      },
      x: [-1, 1],
      y: [-1, 1],
    });
    expect(String(shown)).toMatch(/not finite on 50\.5 % of the plane; far 1 step, ending outside\.$/);
    expect(countColour(pictureOf(bundleOf(shown)), nonFinite.nan)).toBeGreaterThan(10_000);
    expect(String(show.lossSurface(() => Number.NaN))).toBe("The loss is nowhere finite.");
    expect(String(show.lossSurface(() => 3))).toBe("The loss is 3 everywhere.");
  });

  it.each<[unknown, object, RegExp]>([
    [
      5,
      {},
      /show\.lossSurface: expected what inspection\.lossSurface returns, or a function of two numbers, got 5/,
    ],
    [{ at: [0, 1], loss: [[1, 2]] }, {}, /expected what inspection\.lossSurface returns/],
    [() => "a", {}, /the function must give a number for two numbers/],
    [valley, { x: [1, 1] }, /x is \[low, high\] with low below high, got \[1, 1\]/],
    [valley, { paths: { a: [1, 2, 3] } }, /path "a" must be places \[steps, 2\], got 3/],
    [
      valley,
      { paths: { a: inspection.weightPath(nn.linear(3, 1)) } },
      /got 1×4; for more weights give the paths to inspection\.lossSurface/,
    ],
    [
      valley,
      { paths: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [i, [[0, 0]]])) },
      /at most 8 paths can be told apart, got 9/,
    ],
  ])("explains what is wrong (%#)", (source, options, message) => {
    expect(() => show.lossSurface(source as never, options)).toThrow(message);
  });
});

describe("show.lossSlice", () => {
  const at = Array.from({ length: 41 }, (_, i) => (i - 20) / 10);
  const smooth = { at, loss: at.map((x) => (x - 0.5) ** 2 + 0.2) };
  const rough = { at, loss: at.map((x) => Math.abs(x) + 0.3 + ((Math.round(10 * x) % 3) + 3) / 10) };

  it("draws the loss along lines and marks the lowest of each", () => {
    const shown = show.lossSlice({ smooth, rough });
    expectPicture("lossSlice", shown);
    expect(String(shown)).toMatch(/^smooth: lowest loss 0\.2 at 0\.5; rough: lowest loss 0\.6 at −0\.2\.$/);
    const marks = layersOf(shown).at(-1)!;
    expect(marks.mark.shape).toBe("diamond");
    expect(marks.data.values[0]).toEqual({ x: 0.5, y: 0.2 });
  });

  it("breaks where the loss is not finite, and says so", () => {
    const broken = { at: [0, 1, 2], loss: [2, Number.NaN, 1] };
    expect(String(show.lossSlice(broken))).toBe("Lowest loss 1 at 2 (1 value not finite).");
    expect(String(show.lossSlice({ at: [0], loss: [Number.NaN] }))).toBe("No finite loss.");
  });

  it.each<[unknown, object, RegExp]>([
    [{}, {}, /show\.lossSlice: no slice to draw/],
    [{ a: 5 }, {}, /expected what inspection\.lossSlice returns, got 5 for "a"/],
    [{ at: [0, 1], loss: [1] }, {}, /expected what inspection\.lossSlice returns/],
    [{ at: [0, 1], loss: [1, 0] }, { log: true }, /a logarithmic axis has no place for a loss of 0/],
  ])("explains what is wrong (%#)", (source, options, message) => {
    expect(() => show.lossSlice(source as never, options)).toThrow(message);
  });
});

describe("a map of values", () => {
  it("has bands in logarithms where values span much, and its rows upwards", () => {
    expect(bandsOf([1, 10], "viridis").log).toBe(false);
    expect(bandsOf([0.1, 10], "viridis").log).toBe(true);
    expect(bandsOf([-1, 1000], "viridis").log).toBe(false);
    const values = [0, 0, 1, 1];
    const image = contourImage({ columns: 2, rows: 2, values }, bandsOf(values, "grey"));
    const { rgb } = decodePng(Buffer.from(image.split(",")[1]!, "base64"));
    expect(rgb[0]).toBeGreaterThan(200);
    expect(rgb.at(-1)).toBeLessThan(60);
  });
});
