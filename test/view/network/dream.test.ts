import { describe, expect, it } from "vitest";
import { full, models, nn, rand, seed, tensor } from "../../../engine/index.ts";
import { chartSvg } from "../../../kernel/view/drawing/chart-image.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";
import { digits, edgeNetwork } from "./edgeNetwork.ts";

describe("show.dream", () => {
  it("sets the frames of the ascent in a strip above the activation", async () => {
    // Made by hand, so that it is the same on every machine: a wave becomes a digit.
    const digit = digits.test.at(0)[0].toTypedArray();
    const frames = [0, 6, 11, 17, 23, 29, 34, 40].map((step) => {
      const wave = (i: number) => 0.5 + 0.2 * Math.sin(i * 1.7) * Math.cos(i * 0.31);
      const mixed = Float32Array.from(digit, (pixel, i) => wave(i) * (1 - step / 40) + (pixel * step) / 40);
      return { step, image: tensor(mixed, { shape: [1, 1, 28, 28] }) };
    });
    const values = Array.from({ length: 40 }, (_, step) => Math.round(3000 * Math.sqrt(step)) / 600);
    const made = { image: frames.at(-1)!.image, values, objective: "activation", frames } as const;
    const shown = show.dream(made, { title: "What the network takes for a 9" });
    const bundle = expectPicture("dream", shown);
    const log = { messages: [] };
    await chartSvg(specOf(bundle), log);
    expect(log.messages).toEqual([]);
    expect(String(shown)).toBe("An image of 28×28 pixels: 40 steps took the activation from 0 to 31.2.");
  });

  it("draws what deep dream returns", () => {
    const shown = show.dream(
      models.deepDream(edgeNetwork(), full([1, 1, 28, 28], 0.5), { layer: 2, channel: 3, steps: 12 }),
    );
    expect(String(shown)).toMatch(
      /^An image of 28×28 pixels: 12 steps took the activation from −?[\d.]+ to [\d.]+\.$/,
    );
  });

  it("draws what style transfer returns, in colour and large, below 200 KB", () => {
    seed(1);
    const net = nn.sequential(nn.conv2d(3, 2, 3), nn.relu());
    const [content, style] = [rand([1, 3, 96, 128]), rand([1, 3, 96, 128])];
    const made = models.styleTransfer(net, {
      content,
      style,
      contentLayers: [1],
      styleLayers: [0],
      steps: 2,
    });
    const shown = show.dream(made);
    expect(String(shown)).toMatch(/of 96×128 pixels: 2 steps took the loss from/);
    expect(JSON.stringify(bundleOf(shown)).length).toBeLessThan(200_000);
    const seven = {
      ...made,
      frames: Array.from({ length: 8 }, (_, step) => ({ step, image: rand([1, 3, 96, 128]) })),
    };
    expect(JSON.stringify(bundleOf(show.dream(seven))).length).toBeLessThan(200_000);
  });

  it("says what it cannot draw, and when nothing was done", () => {
    expect(() => show.dream({ image: full([1, 1, 2, 2], 0) } as never)).toThrow(
      /models.deepDream or .* returns, got/,
    );
    const still = {
      image: full([1, 1, 8, 8], 0),
      values: [],
      objective: "loss",
      frames: [{ step: 0, image: full([1, 1, 8, 8], 0) }],
    } as const;
    expect(String(show.dream(still))).toContain("no step was made");
    expect(bundleOf(show.dream(still)).data["image/png"]).toBeDefined();
  });
});
