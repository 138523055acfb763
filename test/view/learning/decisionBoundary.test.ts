import { describe, expect, it } from "vitest";
import { classical, data, nn, ones, type Tensor, tensor, zeros } from "../../../engine/index.ts";
import { nonFinite } from "../../../kernel/view/colours.ts";
import { show } from "../../../kernel/view/index.ts";
import { regionsImage, regionsOf } from "../../../kernel/view/learning/regions.ts";
import { bundleOf, countColour, decodePng, pictureOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const blobs = data.blobs({ classes: 3, noise: 0.45, samples: 120 });
const moons = data.moons({ samples: 80 });

interface Layer {
  mark: { type: string };
  data: { values: { class?: string; taken?: string }[] };
  encoding: Record<string, { scale?: { domain: string[]; range: string[] } }>;
}

const layersOf = (shown: ReturnType<typeof show.decisionBoundary>): Layer[] =>
  specOf(bundleOf(shown)).layer as Layer[];

/** Scores [N, 1] or [N, K] on a grid of 2×2 places, as `decisionSurface` gives them. */
const surface = (values: number[], width: number) => ({
  x: [0, 1],
  y: [0, 1],
  classes: zeros([2, 2]),
  scores: tensor(values, { shape: [2, 2, width] }),
  pointClasses: null,
});

describe("show.decisionBoundary", () => {
  it("draws regions, points by colour and shape, and rings around mistakes", () => {
    const model = classical.nearestNeighbours({ k: 5 }).fit(blobs.points, blobs.labels);
    const bundle = expectPicture("decisionBoundary", show.decisionBoundary(model, blobs));
    const said = model.predict(blobs.points).toTypedArray();
    const wrong = Array.from(blobs.labels.toTypedArray()).filter((label, i) => said[i] !== label).length;
    expect(wrong).toBeGreaterThan(0);
    expect(textOf(bundle)).toBe(
      `NearestNeighbours on blobs: ${(100 - wrong / 1.2).toFixed(1)} % of 120 points right, ${wrong} mistakes (ringed).`,
    );
    const [image, dots] = specOf(bundle).layer as (Layer & { layer: Layer[] })[];
    expect(image!.mark.type).toBe("image");
    expect(dots!.data.values).toHaveLength(120);
    const [points, rings] = dots!.layer;
    expect(new Set(points!.encoding.shape!.scale!.range).size).toBe(3);
    expect(rings).toMatchObject({ transform: [{ filter: "isValid(datum.taken)" }], mark: { filled: false } });
    const ringed = dots!.data.values.filter(({ taken }) => taken !== undefined);
    expect(ringed).toHaveLength(wrong);
    expect(ringed.every((dot) => dot.taken !== dot.class)).toBe(true);
  });

  it("takes networks of one score and of several, functions and classical methods", () => {
    const one = nn.sequential(nn.linear(2, 4), nn.tanh(), nn.linear(4, 1));
    const two = nn.sequential(nn.linear(2, 4), nn.tanh(), nn.linear(4, 2)).train();
    const { points, labels } = moons;
    for (const model of [
      one,
      two,
      (x: Tensor) => x.select(1, 0),
      classical.logisticRegression().fit(points, labels),
      classical.perceptron({ passes: 5 }).fit(points, labels),
      classical.perceptron({ passes: 5 }).fit(points, labels.mul(2).sub(1)),
      classical.majority().fit(labels),
    ])
      expect(String(show.decisionBoundary(model, moons))).toMatch(/^\w+.* on moons: \d+\.\d % of 80 points/);
    expect(two.training).toBe(true);
    expect(String(show.decisionBoundary((x) => x.select(1, 1), moons))).toMatch(/^A function on moons/);
  });

  it("counts the mistakes of a model that says −1 and 1 as those of 0 and 1", () => {
    const { points, labels } = moons;
    const plain = classical.perceptron({ passes: 5 }).fit(points, labels);
    const signed = classical.perceptron({ passes: 5 }).fit(points, labels.mul(2).sub(1));
    expect(String(show.decisionBoundary(signed, moons))).toBe(String(show.decisionBoundary(plain, moons)));
  });

  it("has no rings where all is right, no classes without labels, and keeps to the range asked for", () => {
    const model = classical.nearestNeighbours({ k: 1 }).fit(moons.points, moons.labels);
    expect(layersOf(show.decisionBoundary(model, moons))).toHaveLength(2);
    const shown = show.decisionBoundary(model, moons.unlabelled(), { x: [-5, 5], y: [-4, 4], title: "Far" });
    expect(String(shown)).toBe("NearestNeighbours on moons, unlabelled: 80 points.");
    expect(layersOf(shown)[1]!.encoding).not.toHaveProperty("shape");
    const { encoding, title } = specOf(bundleOf(shown)) as {
      encoding: { x: { scale: { domain: number[] } } };
      title: { text: string };
    };
    expect([encoding.x.scale.domain, title.text]).toEqual([[-5, 5], "Far"]);
  });

  it("marks where the score is NaN and says how much of the plane that is", () => {
    const shown = show.decisionBoundary((x) => x.select(1, 0).log(), moons, { x: [-1, 1], y: [-1, 1] });
    expect(String(shown)).toMatch(/; its score is NaN on 50\.0 % of the plane\.$/);
    expect(countColour(pictureOf(bundleOf(shown)), nonFinite.nan)).toBeGreaterThan(10_000);
  });

  it("shows at most 1,000 of many points, and stays small", () => {
    const many = data.spirals({ classes: 5, samples: 10_000, noise: 0.1 });
    const shown = show.decisionBoundary((x) => x.square().matmul(ones([2, 5])), many);
    expect(layersOf(shown)[1]!.data.values).toHaveLength(1000);
    expect(String(shown)).toMatch(/of 10,000 points right/);
    expect(JSON.stringify(bundleOf(shown)).length).toBeLessThan(200_000);
  });

  it("clips points outside the range, so that the picture keeps its size", () => {
    const model = classical.nearestNeighbours({ k: 1 }).fit(moons.points, moons.labels);
    const shown = show.decisionBoundary(model, moons, { x: [0, 0.01], y: [0, 0.01] });
    expect(pictureOf(bundleOf(shown)).width).toBeLessThan(1100);
  });

  it("shows points that lie on one spot or on a line", () => {
    const spot = data.fromArrays(
      [
        [1, 1],
        [1, 1],
      ],
      [0, 1],
    );
    expect(String(show.decisionBoundary((x) => x.select(1, 0), spot))).toMatch(/50\.0 % of 2 points right/);
  });

  it.each<[unknown, unknown, RegExp]>([
    [5, moons, /show\.decisionBoundary: expected a model, a function .* got 5/],
    [nn.linear(2, 2), moons.points, /show\.decisionBoundary: expected a data set of points/],
    [
      nn.linear(2, 2),
      data.digits({ train: 4, test: 4 }).test,
      /samples of 2 numbers; those of .* are 1×28×28; show\.hiddenSpace/,
    ],
    [nn.linear(3, 2), moons, /3/],
    [
      nn.linear(2, 2),
      data.blobs({ classes: 1000, samples: 1000 }),
      /1,000 classes cannot be told apart, at most 24; take some: dataset\.filter/,
    ],
    [classical.perceptron(), moons, /perceptron: there is nothing fitted yet/],
  ])("explains what is wrong (%#)", (model, set, message) => {
    expect(() => show.decisionBoundary(model as never, set as never)).toThrow(message);
  });
});

describe("regions", () => {
  it("take logits by softmax, probabilities as they are, single scores by sigmoid", () => {
    const logits = regionsOf(surface([0, 0, 9, 0, 0, 9, 1, 1], 2));
    expect([...logits.classes]).toEqual([0, 0, 1, 0]);
    expect(logits.leads[0]).toBe(0);
    expect(logits.leads[1]).toBeCloseTo(2 / (1 + Math.exp(-9)) - 1, 5);
    expect([...regionsOf(surface([0.75, 0.25, 1, 0, 0.5, 0.5, 0, 1], 2)).leads]).toEqual([0.5, 1, 0, 1]);
    const single = regionsOf(surface([-3, 3, 0.5, Number.NaN], 1));
    expect([...single.classes]).toEqual([0, 1, 1, -1]);
    expect(single.shares[1]![1]).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
  });

  it("put the boundary at the threshold, and are certain of whole numbers", () => {
    const moved = regionsOf(surface([0.1, 0.3, 0.5, 1], 1), 0.4);
    expect([...moved.classes]).toEqual([0, 0, 1, 1]);
    expect(moved.shares[1]![2]).toBeGreaterThan(0.5);
    const classes = regionsOf(surface([0, 1, 3, 3], 1));
    expect([...classes.classes]).toEqual([0, 1, 3, 3]);
    expect([...classes.leads]).toEqual([1, 1, 1, 1]);
  });

  it("are an image with the largest y on top", () => {
    const image = regionsImage(regionsOf(surface([1, 0, 1, 0, 0, 1, 0, 1], 2)));
    const { rgb, height } = decodePng(Buffer.from(image.split(",")[1]!, "base64"));
    const first = [...rgb.subarray(0, 3)];
    const last = [...rgb.subarray(-3)];
    expect(height).toBe(181);
    expect(first[0]).toBeGreaterThan(first[2]!);
    expect(last[2]).toBeGreaterThan(last[0]!);
  });
});
