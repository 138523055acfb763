import { describe, expect, it } from "vitest";
import {
  data,
  inspection,
  models,
  nn,
  shapeOnlyBackend,
  stack,
  tensor,
  withBackend,
  zeros,
} from "../../../engine/index.ts";

describe("summary", () => {
  it("counts LeNet-5: 61,706 parameters, weights and biases apart, 416,520 multiply-adds (N11 a)", () => {
    const found = inspection.summary(models.leNet5(), [1, 28, 28]);
    expect(found.parameters).toBe(61706);
    expect([found.weights, found.biases]).toEqual([61470, 236]);
    // 28²·6·25 + 10²·16·150 + 120·400 + 84·120 + 10·84
    expect(found.multiplyAdds).toBe(117600 + 240000 + 48000 + 10080 + 840);
    expect(found.depth).toBe(5);
    const shapes = found.layers.map(({ path, outputShape }) => `${path} ${outputShape.join("×")}`);
    expect(shapes.slice(0, 3)).toEqual(["c1 6×28×28", "a1 6×28×28", "s2 6×14×14"]);
    expect(String(found)).toMatch(/c3 +Conv2d +16 × 10 × 10 +2,400 +16 +240,000/);
    expect(String(found)).toMatch(/61,706 parameters \(61,470 weights, 236 biases\), 416,520 multiply-adds/);
  });

  it.each([
    ["vgg16", 16],
    ["resNet18", 18],
    ["resNet34", 34],
    ["resNet50", 50],
    ["denseNet121", 121],
  ] as const)(
    "finds the depth of %s, as its name counts: %i",
    (name, depth) => {
      const make: () => nn.Module = models[name];
      withBackend(shapeOnlyBackend, () => {
        expect(inspection.summary(make(), [3, 224, 224]).depth).toBe(depth);
      });
    },
    60_000,
  );

  it("counts the multiply-adds of VGG-16 and ResNet-50 as they are published: 15.5 and 4.1 thousand millions", () => {
    withBackend(shapeOnlyBackend, () => {
      expect(inspection.summary(models.vgg16(), [3, 224, 224]).multiplyAdds / 1e9).toBeCloseTo(15.47, 2);
      expect(inspection.summary(models.resNet50(), [3, 224, 224]).multiplyAdds / 1e9).toBeCloseTo(4.09, 2);
    });
  }, 60_000);

  it("counts a layer that runs twice once, and groups and transposed convolutions by what they do", () => {
    const shared = nn.linear(3, 3);
    const twice = inspection.summary(nn.sequential(shared, shared), [3]);
    expect([twice.parameters, twice.layers.map(({ weights }) => weights), twice.multiplyAdds]).toEqual([
      12,
      [9, 0],
      18,
    ]);
    const looked = inspection.summary(nn.sequential(nn.linear(3, 3), nn.identity()), [3]);
    expect(looked.layers.map(({ multiplyAdds }) => multiplyAdds)).toEqual([9, 0]);
    const grouped = nn.conv2d(4, 4, 3, { groups: 2, bias: false });
    expect(inspection.summary(nn.sequential(grouped), [4, 5, 5]).multiplyAdds).toBe(3 * 3 * 4 * 2 * 9);
    const stamps = nn.convTranspose2d(2, 3, 2, { stride: 2 });
    expect(inspection.summary(nn.sequential(stamps), [2, 4, 4]).multiplyAdds).toBe(2 * 16 * 3 * 4);
  });

  it.each<[() => unknown, RegExp]>([
    [() => inspection.summary(models.leNet5(), 28 as never), /the shape is that of one sample.*got 28/],
    [() => inspection.summary(models.leNet5(), []), /the shape is that of one sample.*got \[\]/],
    [() => inspection.summary(models.leNet5(), [3, 28, 28]), /c1/],
    [() => inspection.summary("leNet5" as never, [1, 28, 28]), /model must be a module/],
  ])("explains %s", (act, message) => {
    expect(act).toThrow(message);
  });
});

describe("top patches", () => {
  const edge = () => {
    const conv = nn.conv2d(1, 2, 3, { bias: false });
    conv.weight.storage.values().set([...[-1, 0, 1, -1, 0, 1, -1, 0, 1], ...new Array<number>(9).fill(0)]);
    return nn.sequential(conv, nn.relu());
  };

  it("are where the filter's own pattern is, the strongest first, one of each image", () => {
    const images = zeros([70, 1, 8, 8]).keep();
    const values = images.storage.values();
    // Image 66 has a full edge after column 4 in rows 2 to 4, image 3 a fainter one at the left.
    for (const row of [2, 3, 4]) for (let x = 5; x < 8; x++) values[66 * 64 + row * 8 + x] = 1;
    for (const row of [0, 1, 2]) values[3 * 64 + row * 8 + 2] = 0.5;
    const found = inspection.topPatches(edge(), images, { layer: "1", channel: 0, count: 2 });
    expect(found.map(({ image, activation, unit }) => [image, activation, unit])).toEqual([
      [66, 3, [2, 3]],
      [3, 1.5, [0, 0]],
    ]);
    expect(found[0]!.place).toEqual({ top: 2, left: 3, bottom: 5, right: 6 });
    expect(found[0]!.pixels.toArray()).toEqual([
      [
        [0, 0, 1],
        [0, 0, 1],
        [0, 0, 1],
      ],
    ]);
  });

  it("are of one size, with zeros where they leave the image, so that they stack", () => {
    const conv = nn.conv2d(1, 1, 3, { padding: 1, bias: false });
    conv.weight.storage.values().fill(1);
    const images = zeros([2, 1, 4, 4]).keep();
    images.storage.values()[0] = 5;
    images.storage.values().fill(1, 16);
    const found = inspection.topPatches(nn.sequential(conv), images, { layer: "0", channel: 0 });
    expect(found.map(({ image, unit }) => [image, unit])).toEqual([
      [1, [1, 1]],
      [0, [0, 0]],
    ]);
    expect(found[1]!.place).toEqual({ top: 0, left: 0, bottom: 2, right: 2 });
    expect(stack(found.map(({ pixels }) => pixels)).shape).toEqual([2, 1, 3, 3]);
    expect(found[1]!.pixels.toArray()).toEqual([
      [
        [0, 0, 0],
        [0, 5, 0],
        [0, 0, 0],
      ],
    ]);
  });

  it("come from data sets and subsets of them", () => {
    const { test } = data.digits({ train: 10, test: 100 });
    const found = inspection.topPatches(
      models.leNet5(),
      test.filter((label) => label === 1),
      { layer: "c3", channel: 5 },
    );
    expect(found).toHaveLength(9);
    expect(found.map(({ activation }) => activation)).toEqual(
      found.map(({ activation }) => activation).toSorted((a, b) => b - a),
    );
    expect(found.every(({ image }) => image < 10)).toBe(true);
    expect(Math.max(...found[0]!.pixels.shape)).toBeLessThanOrEqual(14);
  });

  it.each<[() => unknown, RegExp]>([
    [
      () => inspection.topPatches(edge(), zeros([2, 1, 8, 8]), { layer: "1", channel: 2 }),
      /channel must be a whole number from 0 to 1; got 2/,
    ],
    [
      () => inspection.topPatches(edge(), zeros([2, 1, 8, 8]), { layer: "9", channel: 0 }),
      /no layer "9"; it has 0, 1/,
    ],
    [
      () => inspection.topPatches(edge(), data.moons(), { layer: "0", channel: 0 }),
      /expects images \[N, C, H, W\].*got \[200, 2\]/,
    ],
    [() => inspection.topPatches(edge(), tensor([1]), { layer: "0", channel: 0 }), /expects images/],
    [
      () => inspection.topPatches(edge(), zeros([2, 1, 8, 8]), { layer: "0", channel: 0, count: 0 }),
      /count must be/,
    ],
  ])("explain %s", (act, message) => {
    expect(act).toThrow(message);
  });
});
