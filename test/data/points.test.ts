import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { blobs, circles, type Dataset, digits, moons, spirals, xor } from "../../engine/data/index.ts";

const makers = { moons, circles, spirals, xor, blobs };
type Maker = keyof typeof makers;
const kinds = Object.keys(makers) as Maker[];

/** The points without noise, as pairs, with their labels. */
function exactPoints(set: Dataset): { x: number; y: number; label: number }[] {
  const values = set.points.toTypedArray();
  const labels = set.labels.toTypedArray();
  return Array.from(labels, (label, i) => ({ x: values[2 * i]!, y: values[2 * i + 1]!, label }));
}

describe("sets of points", () => {
  it.each(kinds)("data.%s gives balanced points [N, 2] by seed", (kind) => {
    const set = makers[kind]({ samples: 60, seed: 1 });
    expect(set.points.shape).toEqual([60, 2]);
    expect(set.points.dtype).toBe("float32");
    expect(new Set(set.classCounts).size).toBe(1);
    expect(makers[kind]({ samples: 60, seed: 1 }).points.toArray()).toEqual(set.points.toArray());
    expect(makers[kind]({ samples: 60, seed: 2 }).points.toArray()).not.toEqual(set.points.toArray());
    expect(makers[kind]({ samples: 90, seed: 1 }).take(60).points.toArray()).toEqual(set.points.toArray());
    expect(makers[kind]().size).toBe(200);
  });

  it("draws the same points on every machine", () => {
    const hash = createHash("sha256");
    for (const kind of kinds) {
      const values = makers[kind]({ samples: 100, seed: 3 }).points.toTypedArray();
      hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
    expect(hash.digest("hex")).toBe("819841cee21af98f0908f48f1f8235e2285c49f991d286bd2cf4ba815a3295ec");
  });

  it("puts the points where the names say", () => {
    for (const { x, y, label } of exactPoints(circles({ noise: 0 })))
      expect(Math.hypot(x, y)).toBeCloseTo(label === 0 ? 1 : 0.4, 6);
    for (const { x, y, label } of exactPoints(xor({ noise: 0 }))) {
      expect([Math.abs(x), Math.abs(y)]).toEqual([1, 1]);
      expect(x * y).toBe(label === 0 ? 1 : -1);
    }
    for (const { x, y, label } of exactPoints(moons({ noise: 0 }))) {
      const side = label === 0 ? 1 : -1;
      expect(Math.hypot(side * x + 0.5, side * y + 0.25)).toBeCloseTo(1, 6);
      expect(side * y + 0.25).toBeGreaterThanOrEqual(0);
    }
    for (const { x, y, label } of exactPoints(blobs({ noise: 0, classes: 5 }))) {
      expect(x).toBeCloseTo(Math.cos((2 * Math.PI * label) / 5), 6);
      expect(y).toBeCloseTo(Math.sin((2 * Math.PI * label) / 5), 6);
    }
    for (const { x, y, label } of exactPoints(spirals({ noise: 0, classes: 3 }))) {
      const turns = 1.5 * Math.hypot(x, y) + label / 3;
      expect(Math.cos(2 * Math.PI * turns) * Math.hypot(x, y)).toBeCloseTo(x, 5);
      expect(Math.sin(2 * Math.PI * turns) * Math.hypot(x, y)).toBeCloseTo(y, 5);
    }
  });

  it("loads them in batches and says what they are", () => {
    const [[points, labels]] = moons().loader({ batchSize: 10 });
    expect([points.shape, labels.shape]).toEqual([[10, 2], [10]]);
    expect(`${spirals({ classes: 3 })}`).toBe("spirals: 200 samples of 2 numbers, 3 classes");
    expect(() => digits({ train: 1, test: 1 }).train.points).toThrow(
      "points: digits, training has images; write images",
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      "no samples",
      () => moons({ samples: 0 }),
      /data\.moons: samples must be a whole number from 1 on; got 0/,
    ],
    ["negative noise", () => xor({ noise: -1 }), /data\.xor: noise must be a number from 0 on; got -1/],
    ["half a class", () => blobs({ classes: 2.5 }), /data\.blobs: classes must be a whole number/],
    ["a float seed", () => circles({ seed: 0.1 }), /data\.circles: seed must be a whole number/],
    [
      "three moons",
      () => Reflect.apply(moons, null, [{ classes: 3 }]),
      /data\.moons: there is no option "classes"; the options are samples, noise, seed$/,
    ],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
