import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Dataset, digits, shapes } from "../../engine/data/index.ts";
import { fit as learn, nn, ones, optim, seed, type Tensor } from "../../engine/index.ts";
import { memoryReport } from "../../engine/memory.ts";

const options = { train: 60, test: 20, seed: 4 } as const;

const hash = (x: Tensor): string =>
  createHash("sha256")
    .update(Uint8Array.from(x.toTypedArray(), (value) => Math.round(value * 255)))
    .digest("hex")
    .slice(0, 16);

/** The smallest box around the pixels of a mask that are not background, in shares of its size. */
function boxAround(mask: ArrayLike<number>, size: number): number[] {
  const inside = Array.from(mask).flatMap((value, i) => (value > 0 ? [i] : []));
  const [xs, ys] = [inside.map((i) => i % size), inside.map((i) => Math.floor(i / size))];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1].map((x) => x / size);
}

describe("data.shapes", () => {
  it("draws the same pictures on every machine", () => {
    const { train, test } = shapes({ ...options, channels: 3, objects: 3, size: 24 });
    expect([hash(train.images), hash(test.images)]).toEqual(["63ede28097a75d9d", "12f4fff17f781aeb"]);
  });

  it("gives images, labels, masks and boxes that speak of the same figure", () => {
    const { train } = shapes(options);
    expect(train.targetNames).toEqual(["images", "labels", "masks", "boxes"]);
    expect(train.images.shape).toEqual([60, 1, 32, 32]);
    expect(train.target("masks").shape).toEqual([60, 32, 32]);
    expect(train.target("masks").dtype).toBe("int32");
    expect(train.target("boxes").shape).toEqual([60, 4]);
    const masks = train.target("masks").toTypedArray();
    const labels = train.labels.toTypedArray();
    for (let i = 0; i < 60; i++) {
      const mask = masks.slice(i * 1024, (i + 1) * 1024);
      expect(new Set(mask)).toEqual(new Set([0, labels[i]! + 1]));
      expect(train.target("boxes").select(0, i).toArray()).toEqual(boxAround(mask, 32).map(Math.fround));
    }
  });

  it("tells the colour as a second task, and puts the labelled figure in front of others", () => {
    const { train } = shapes({ ...options, channels: 3, objects: 4, size: 48 });
    expect(train.target("colours").shape).toEqual([60]);
    const [masks, boxes] = [train.target("masks").toTypedArray(), train.target("boxes").toTypedArray()];
    let several = 0;
    for (const [i, label] of train.labels.toTypedArray().entries()) {
      const mask = masks.slice(i * 48 * 48, (i + 1) * 48 * 48);
      const own = mask.map((value) => (value === label + 1 ? 1 : 0));
      const [left, top, right, bottom] = boxAround(own, 48).map(Math.fround);
      const box = boxes.slice(4 * i, 4 * i + 4);
      expect(left! <= box[0]! && top! <= box[1]! && right! >= box[2]! && bottom! >= box[3]!).toBe(true);
      if (new Set(mask).size > 2) several++;
    }
    expect(several).toBeGreaterThan(20);
  });

  it("draws sample i alike whatever the size asked for, and shares none between the parts", () => {
    const { train, test } = shapes(options);
    expect(hash(shapes({ ...options, train: 9 }).train.images)).toBe(hash(train.take(9).images));
    expect(hash(test.images)).not.toBe(hash(train.take(20).images));
  });

  it.each([
    [{ classes: ["hexagon"] }, /classes must be some of circle, .*got the string "hexagon"/],
    [{ classes: "circle" }, /classes must be some of .*got the string "circle"/],
    [{ classes: ["circle", "circle"] }, /each once/],
    [{ classes: [] }, /classes must be some of/],
    [{ channels: 2 }, /channels must be 1 \(grey\) or 3 \(colour\); got 2/],
    [{ size: 8 }, /size must be at least 16 pixels/],
    [{ objects: 0 }, /objects must be a whole number from 1 on/],
    [{ noise: "much" }, /noise must be a number from 0 on/],
    [{ sizes: 32 }, /there is no option "sizes"/],
  ])("explains %j", (wrong, message) => {
    expect(() => shapes(wrong as never)).toThrow(message);
  });
});

describe("targets of a data set", () => {
  const set = (): Dataset => shapes(options).train;

  it("are what a loader gives beside the images", () => {
    const train = set();
    const [x, masks] = [...train.loader({ batchSize: 8, target: "masks" })][2]!;
    expect(x.shape).toEqual([8, 1, 32, 32]);
    expect(masks.toArray()).toEqual(train.target("masks").narrow(0, 16, 8).toArray());
    const [, labels, boxes] = [...train.loader({ batchSize: 8, target: ["labels", "boxes"] })][0]!;
    expect(labels.toArray()).toEqual(train.take(8).labels.toArray());
    expect(boxes.shape).toEqual([8, 4]);
    const [image, again] = [...train.loader({ batchSize: 8, target: "images" })][0]!;
    expect(again).toBe(image);
  });

  it("stay with their samples in subsets, splits and shuffled batches", () => {
    const [part] = set().split(0.5, { seed: 2 });
    const some = part.filter((label) => label === 1).subset([2, 0]);
    const masks = some.target("masks").toTypedArray();
    expect(new Set(masks)).toEqual(new Set([0, 2]));
    const boxes = some.target("boxes");
    for (const i of [0, 1])
      expect(boxes.select(0, i).toArray()).toEqual(
        boxAround(masks.slice(i * 1024, (i + 1) * 1024), 32).map(Math.fround),
      );
    for (const [, labels, shuffled] of part.loader({ shuffle: true, target: ["labels", "masks"] }))
      expect(shuffled.flatten(1).max(1).toArray()).toEqual(labels.add(1).toArray());
  });

  it("may be none: auto-encoders learn from images alone", async () => {
    const bare = set().unlabelled();
    expect([bare.isLabelled, bare.targetNames, bare.classCounts]).toEqual([false, ["images"], []]);
    expect(`${bare}`).toBe("shapes, training, unlabelled: 60 images 32 × 32, no labels");
    seed(0);
    const model = nn.sequential(
      nn.flatten(),
      nn.linear(1024, 16),
      nn.linear(16, 1024),
      nn.unflatten([1, 32, 32]),
    );
    const optimizer = optim.adam(model.parameters(), { lr: 0.003 });
    const history = await learn(model, bare.loader({ batchSize: 10 }), {
      epochs: 3,
      optimizer,
      loss: nn.mse,
    });
    expect(history.epochs[2]!.loss).toBeLessThan(0.8 * history.epochs[0]!.loss);
    expect(Object.keys(history.epochs[0]!.metrics)).toEqual([]);
  });

  it("leave memory flat", () => {
    const train = set();
    const weight = ones([1], { requiresGrad: true });
    const pass = () => {
      for (const [x, m] of train.loader({ batchSize: 4, target: ["images"] }))
        x.mul(weight).sub(m).sum().backward();
      return memoryReport().bytes;
    };
    pass();
    const first = pass();
    for (let i = 0; i < 50; i++) pass();
    expect(pass()).toBeLessThanOrEqual(first * 1.05);
  });

  it("explain what is missing", async () => {
    const train = set();
    expect(() => train.target("depth")).toThrow(
      /target: shapes, training has no target "depth"; it has "images", "labels", "masks", "boxes"/,
    );
    expect(() => train.loader({ target: "mask" })).toThrow(/loader: .* has no target "mask"/);
    const bare = train.unlabelled();
    expect(() => bare.labels).toThrow(/has no labels; .*loader\(\{ target: "images" \}\)/);
    expect(() => bare.byClass()).toThrow(/byClass: .* has no labels/);
    expect(() => bare.at(0)).toThrow(/at: .* has no labels/);
    const model = nn.linear(4, 2);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const three = train.loader({ target: ["labels", "boxes"] });
    await expect(learn(model, three, { optimizer })).rejects.toThrow(
      /batch 1 has 3 parts, it must be a pair \[x, y\]/,
    );
    expect(digits({ train: 10, test: 10 }).train.targetNames).toEqual(["images", "labels"]);
  });
});
