import { describe, expect, it } from "vitest";
import { inspection, nn, optim, rand, seed, tensor, zeros } from "../../../engine/index.ts";
import { installViews } from "../../../kernel/view/hooks.ts";
import { show } from "../../../kernel/view/index.ts";
import { type Displayable, displaySymbol } from "../../../kernel/view/mime.ts";
import { bundleOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const wave = (shape: number[], share: number) => {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const noise = (i: number) => ((i * i * 31 + i * 7919) % 101) / 101 - 0.5;
  const edge = (i: number) =>
    Math.cos((Math.floor(i / 25) * Math.PI) / 4) * ((i % 5) - 2) +
    Math.sin((Math.floor(i / 25) * Math.PI) / 4) * ((Math.floor(i / 5) % 5) - 2);
  const values = Float32Array.from(
    { length: size },
    (_, i) => (1 - share) * noise(i) + share * 0.3 * edge(i),
  );
  return tensor(values, { shape });
};
const evolution = (shape: number[], steps = [0, 20, 40, 80]) => ({
  layer: "Conv2d",
  snapshots: steps.map((step) => ({ step, weight: wave(shape, step / 80) })),
});

describe("show.weightEvolution", () => {
  it("sets the filters at some moments one below the other", () => {
    const shown = show.weightEvolution(evolution([8, 1, 5, 5]));
    expectPicture("weightEvolution", shown);
    expect(String(shown)).toMatch(
      /^8 filters of 5×5 weights of Conv2d: in 80 steps they moved by \d+ % of their first norm\.$/,
    );
  });

  it("takes colours, one of several channels, linear layers, many moments and filters", () => {
    const many = evolution(
      [64, 3, 7, 7],
      Array.from({ length: 16 }, (_, i) => 5 * i),
    );
    const bundle = bundleOf(show.weightEvolution(many, { limit: 64, moments: 16 }));
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    expect(String(show.weightEvolution(many))).toContain(
      "64 filters of 7×7 weights of Conv2d, the first 12 shown",
    );
    expect(bundleOf(show.weightEvolution(evolution([4, 6, 3, 3]), { channel: 5 }))).not.toEqual(
      bundleOf(show.weightEvolution(evolution([4, 6, 3, 3]))),
    );
    expect(String(show.weightEvolution(evolution([10, 784])))).toContain("10 filters of 28×28 weights");
    const oblong = show.weightEvolution(evolution([10, 12]), { imageShape: [3, 4] });
    expect(String(oblong)).toContain("of 3×4 weights");
  });

  it("says when nothing moved yet, and from 0", () => {
    const still = { layer: "Linear", snapshots: [{ step: 0, weight: zeros([2, 4]) }] };
    expect(String(show.weightEvolution(still))).toContain("no step was made yet");
    const left = [...still.snapshots, { step: 1, weight: wave([2, 4], 0) }];
    expect(String(show.weightEvolution({ ...still, snapshots: left }))).toContain("they left 0 in 1 step.");
  });

  it("says what it cannot draw", () => {
    expect(() => show.weightEvolution({} as never)).toThrow(
      /expected the result of inspection.weightEvolution/,
    );
    expect(() => show.weightEvolution(evolution([10, 12]))).toThrow(
      /12 inputs form no image of equal sides; give/,
    );
    expect(() => show.weightEvolution(evolution([10, 12]), { imageShape: [5, 5] })).toThrow(
      /no image of 5×5/,
    );
    expect(() => show.weightEvolution(evolution([9]))).toThrow(/got shape 9/);
    expect(() => show.weightEvolution(evolution([2, 2, 3, 3]), { channel: 2 })).toThrow(/from 0 to 1, got 2/);
    expect(() => show.weightEvolution(evolution([2, 1, 3, 3]), { limit: 0 })).toThrow(/limit must be/);
  });

  it("is how a watched layer shows itself", () => {
    seed(1);
    const stop = installViews({ display: () => {}, update: () => {}, atEnd: () => {} });
    const layer = nn.conv2d(1, 2, 3);
    const optimizer = optim.sgd(layer.parameters(), { lr: 0.1 });
    const watched = inspection.weightEvolution(layer, optimizer);
    layer(rand([1, 1, 5, 5]))
      .square()
      .sum()
      .backward();
    optimizer.step();
    expect((watched as unknown as Displayable)[displaySymbol]()).toEqual(
      bundleOf(show.weightEvolution(watched)),
    );
    stop();
  });
});
