import { describe, expect, it } from "vitest";
import { classical, data, randn } from "../../../engine/index.ts";
import { mostAnimationBytes } from "../../../kernel/view/drawing/animation.ts";
import { type MimeBundle, show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const blobs = data.blobs({ classes: 2, samples: 60, noise: 0.42, seed: 20 });
const learned = (passes: number, set = blobs, record = true) =>
  classical.perceptron({ record, passes }).fit(set.points, set.labels);

interface Layer {
  mark: { type: string; strokeDash?: number[]; strokeWidth?: number; shape?: string };
  data?: { values: { x: number; y: number }[] };
}
interface Panel {
  title: { text: string };
  layer: Layer[];
}

/** How many frames the PNG itself has: each has a control chunk. */
const animationFrames = (bundle: MimeBundle): number =>
  Buffer.from(String(bundle.data["image/png"]), "base64").toString("latin1").split("fcTL").length - 1;

const panelsOf = (shown: ReturnType<typeof show.perceptron>): Panel[] =>
  specOf(bundleOf(shown)).concat as Panel[];

/** Both ends of the solid line lie on w · x + b = 0. Returns whether one is drawn. */
function expectLine(layer: readonly Layer[], { weight, bias }: classical.Correction): boolean {
  const line = layer.find(({ mark }) => mark.type === "line" && mark.strokeWidth === 2);
  for (const end of line?.data?.values ?? [])
    expect(weight[0]! * end.x + weight[1]! * end.y + bias).toBeCloseTo(0, 3);
  return line !== undefined;
}

interface SteppedSpec {
  params: object[];
  concat: { layer: { transform: object[]; data: { values: { step: number }[] } }[] }[];
}

describe("show.perceptron", () => {
  it("draws each step with its mistake, the line before and the line after", () => {
    const neuron = learned(100);
    const bundle = expectPicture("perceptron-grid", show.perceptron(neuron, blobs, { as: "grid" }));
    const steps = neuron.corrections;
    expect(neuron.converged).toBe(true);
    expect(textOf(bundle)).toBe(
      `Perceptron on blobs: at rest after ${neuron.mistakes.length} passes and ${steps.length} mistakes.`,
    );
    const panels = specOf(bundle).concat as Panel[];
    expect(panels).toHaveLength(Math.min(8, steps.length));
    panels.forEach(({ title, layer }, i) => {
      const { sample, pass } = steps[i]!;
      expect(title.text).toBe(`mistake ${i + 1}, pass ${pass}`);
      const ring = layer.find(({ mark }) => mark.shape === "circle")!.data!.values[0]!;
      const [x, y] = blobs.points.select(0, sample).toArray() as [number, number];
      expect([ring.x, ring.y]).toEqual([expect.closeTo(x, 3), expect.closeTo(y, 3)]);
      expectLine(layer, steps[i]!);
    });
    expect(panels[0]!.layer.some(({ mark }) => mark.strokeDash)).toBe(false);
    expect(panels.slice(1).some(({ layer }) => layer.some(({ mark }) => mark.strokeDash))).toBe(true);
  });

  it("shows some of many steps, the first and the last among them, and says that it never rests", () => {
    const xor = data.xor({ samples: 40 });
    const neuron = learned(10, xor);
    const shown = show.perceptron(neuron, xor, { as: "grid", limit: 3 });
    expect(String(shown)).toMatch(
      /^Perceptron on XOR: not at rest after 10 passes: \d+ mistakes in the last\.$/,
    );
    const titles = panelsOf(shown).map(({ title }) => title.text);
    expect(titles).toHaveLength(3);
    expect(titles[0]).toBe("mistake 1, pass 1");
    expect(titles[2]).toBe(`mistake ${neuron.corrections.length}, pass 10`);
    const { subtitle } = specOf(bundleOf(shown)).title as { subtitle: string[] };
    expect(subtitle.join(" ")).toContain(`3 of ${neuron.corrections.length} steps shown.`);
  });

  it("draws lines of every direction, and none for weights of 0", () => {
    const xor = data.xor({ samples: 40 });
    const neuron = learned(1, xor);
    const { length } = neuron.corrections;
    const drawn = panelsOf(show.perceptron(neuron, xor, { as: "grid", limit: length })).map(({ layer }, i) =>
      expectLine(layer, neuron.corrections[i]!),
    );
    expect(drawn.filter(Boolean).length).toBeGreaterThan(length / 2);
    const square = data.fromArrays(
      [
        [1, 0],
        [1, 0],
      ],
      [1, 0],
    );
    const [first, second] = panelsOf(show.perceptron(learned(1, square), square, { as: "grid" }));
    expect(expectLine(first!.layer, { pass: 1, sample: 0, weight: [1, 0], bias: 1 })).toBe(false);
    expect(second!.layer.map(({ mark }) => mark.type)).toEqual(["point", "point"]);
  });

  it("moves the line from mistake to mistake, with a slider over all of them", () => {
    const neuron = learned(100);
    const bundle = expectPicture("perceptron", show.perceptron(neuron, blobs), mostAnimationBytes);
    const count = neuron.corrections.length;
    expect(animationFrames(bundle)).toBe(count);
    const { params, concat } = specOf(bundle) as unknown as SteppedSpec;
    expect(params).toMatchObject([{ name: "step", value: count, bind: { min: 1, max: count } }]);
    const rings = concat[0]!.layer.at(-1)!;
    expect(rings.transform).toEqual([{ filter: "datum.step === step" }]);
    expect(rings.data.values.map(({ step }) => step)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  });

  it("stays small with very many points and steps", { timeout: 300_000 }, () => {
    const many = data.blobs({ classes: 2, samples: 10_000, noise: 0.6 });
    const neuron = learned(2, many);
    expect(neuron.corrections.length).toBeGreaterThan(24);
    const grid = bundleOf(show.perceptron(neuron, many, { as: "grid" }));
    expect(JSON.stringify(grid).length).toBeLessThan(200_000);
    const longest = bundleOf(show.perceptron(neuron, many, { limit: 24 }));
    expect(animationFrames(longest)).toBe(24);
    expect(JSON.stringify(longest).length).toBeLessThan(mostAnimationBytes);
  });

  const wide = classical.perceptron({ record: true, passes: 2 }).fit(randn([60, 3]), blobs.labels);

  it.each<[unknown, unknown, object, RegExp]>([
    [5, blobs, {}, /show\.perceptron: expected a fitted classical\.perceptron, got 5/],
    [classical.perceptron(), blobs, {}, /there is nothing fitted yet/],
    [
      learned(5, blobs, false),
      blobs,
      {},
      /no step was recorded; fit with classical\.perceptron\(\{ record: true \}\)/,
    ],
    [learned(5), blobs.points, {}, /show\.perceptron: expected a data set of points/],
    [learned(5), blobs.take(1), {}, /fitted on other samples than blobs has/],
    [wide, blobs, {}, /fitted on other samples than blobs has/],
    [learned(5), blobs, { limit: 25 }, /limit must be a whole number from 1 to 24, got 25/],
    [learned(5), blobs, { as: "grid", limit: 0 }, /limit must be a whole number from 1 on, got 0/],
    [learned(5), blobs, { as: "film" }, /as must be "animation" or "grid", got the string "film"/],
  ])("explains what is wrong (%#)", (neuron, set, options, message) => {
    expect(() => show.perceptron(neuron as never, set as never, options)).toThrow(message);
  });
});
