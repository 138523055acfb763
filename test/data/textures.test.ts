import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Dataset, textures } from "../../engine/data/index.ts";
import { evaluate, nn, optim, seed, type Tensor, fit as teach } from "../../engine/index.ts";

const hash = (x: Tensor): string =>
  createHash("sha256")
    .update(Uint8Array.from(x.toTypedArray(), (value) => Math.round(value * 255)))
    .digest("hex")
    .slice(0, 16);

const names = ["stripes", "waves", "checks", "grid", "bricks", "dots", "blobs", "grain"];

describe("data.textures", () => {
  it("draws the same pictures on every machine", () => {
    const { train, test } = textures({ train: 40, test: 16, seed: 4, channels: 3, size: 24 });
    expect([hash(train.images), hash(test.images)]).toEqual(["7a7a537f358a7f59", "db0fb87f5944756b"]);
  });

  it("gives surfaces with labels, as many of each class, in grey or in colour", () => {
    const { train, test } = textures({ train: 80, test: 16 });
    expect(`${train}`).toBe("textures, training: 80 images 32 × 32, 8 classes");
    expect([train.images.shape, test.size]).toEqual([[80, 1, 32, 32], 16]);
    expect(train.classes).toEqual(names);
    expect(train.classCounts).toEqual(new Array(8).fill(10));
    const some = textures({ train: 6, test: 2, size: 20, channels: 3, classes: ["dots", "stripes"] }).train;
    expect(some.images.shape).toEqual([6, 3, 20, 20]);
    expect([some.classes, some.labels.toArray()]).toEqual([
      ["dots", "stripes"],
      [0, 1, 0, 1, 0, 1],
    ]);
    const [red, green] = [0, 1].map((c) => some.images.select(1, c)) as [Tensor, Tensor];
    expect(red.sub(green).abs().mean().item()).toBeGreaterThan(0.02);
  });

  it("draws sample i alike whatever the size asked for, shares none between the parts, and changes with the seed", () => {
    const { train, test } = textures({ train: 20, test: 20 });
    expect(hash(textures({ train: 9, test: 1 }).train.images)).toBe(hash(train.take(9).images));
    expect(hash(test.images)).not.toBe(hash(train.images));
    expect(hash(textures({ train: 20, test: 20, seed: 1 }).train.images)).not.toBe(hash(train.images));
  });

  it("adds as much noise as told, to pictures that stay as they are", () => {
    // Noise is drawn after the pattern, so that it is all that differs; grain and blobs reach neither black nor white.
    const make = (noise: number) => textures({ train: 64, test: 1, noise }).train.images;
    expect(make(0.02).sub(make(0)).std().item()).toBeCloseTo(0.02, 3);
  });

  it("turns and begins each picture differently: pixels of one class have next to nothing in common", () => {
    const { train } = textures({ train: 1600, test: 1, noise: 0 });
    for (const set of train.byClass()) {
      const [common, all] = [set.images.mean(0).std().item(), set.images.std().item()];
      expect(common).toBeLessThan(0.15 * all);
    }
  });

  it.each([
    [{ classes: ["marble"] }, /classes must be some of stripes, waves, .*got the string "marble"/],
    [{ classes: [] }, /classes must be some of .*got \[\]/],
    [{ classes: ["dots", "dots"] }, /each once/],
    [{ channels: 2 }, /data.textures: channels must be 1 \(grey\) or 3 \(colour\); got 2/],
    [{ size: 8 }, /data.textures: size must be at least 16 pixels/],
    [{ noise: -1 }, /noise must be a number from 0 on; got -1/],
    [{ train: 0 }, /train must be a whole number from 1 on/],
    [{ colours: 3 }, /there is no option "colours"/],
  ])("explains %j", (wrong, message) => {
    expect(() => textures(wrong as never)).toThrow(message);
  });
});

describe("data.textures teaches what it should", () => {
  const { train, test } = textures();

  /** Test accuracy after some epochs of Adam and two more with a small step. */
  async function accuracyOf(model: nn.Module, epochs: number, lr: number): Promise<number> {
    const optimizer = optim.adam(model.parameters(), { lr });
    const loader = (set: Dataset) => set.loader({ batchSize: 32, shuffle: true, seed: 0 });
    await teach(model, loader(train), { epochs, optimizer, silent: true });
    optimizer.lr = lr / 5;
    await teach(model, loader(train), { epochs: 2, optimizer, silent: true });
    return (await evaluate(model, test.loader({ batchSize: 250 }))).accuracy!;
  }

  it.each([3e-4, 3e-3])(
    "a linear classifier on pixels learns next to nothing (learning rate %d)",
    async (lr) => {
      seed(0);
      // One in eight is chance.
      expect(await accuracyOf(nn.sequential(nn.flatten(), nn.linear(1024, 8)), 10, lr)).toBeLessThan(0.25);
    },
  );

  it("a small CNN passes 97 %", async () => {
    seed(0);
    const stage = (from: number, to: number, kernel: number) => [
      nn.conv2d(from, to, kernel),
      nn.batchNorm2d(to),
      nn.relu(),
    ];
    const model = nn.sequential(
      ...stage(1, 12, 5),
      nn.maxPool2d(2),
      ...stage(12, 24, 3),
      nn.maxPool2d(2),
      ...stage(24, 48, 3),
      nn.adaptiveAvgPool2d(1),
      nn.flatten(),
      nn.linear(48, 8),
    );
    expect(await accuracyOf(model, 6, 5e-3)).toBeGreaterThan(0.97);
  }, 120_000);
});
