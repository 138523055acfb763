import { describe, expect, it } from "vitest";
import { LearningRateSearch } from "../../../engine/optim/learningRate.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const rates = Array.from({ length: 60 }, (_, i) => 10 ** (i / 12 - 4));

describe("the picture of a learning-rate search", () => {
  it("marks the rate to take, cuts off the explosion, and says the result", () => {
    const losses = rates.map((_, i) => (i < 20 ? 2 : i < 45 ? 2 - (i - 20) * 0.06 : 0.5 + (i - 45) ** 3));
    const bundle = expectPicture("learningRates", show.learningRates(new LearningRateSearch(rates, losses)));
    expect(textOf(bundle)).toMatch(
      /^60 learning rates tried, from 1e−4 to 8\.25: the loss fell fastest at 0\.\d+\.$/,
    );
    const { layer } = specOf(bundle) as {
      layer: { mark?: { type: string }; data: { values: { loss: number }[] } }[];
    };
    expect(layer.map(({ mark }) => mark?.type)).toEqual(["line", "line", undefined]);
    expect(JSON.stringify(layer[2])).toContain("take 0.0");
    expect(Math.max(...layer[0]!.data.values.map(({ loss }) => loss))).toBe(3);
  });

  it("marks nothing where the loss did not fall", () => {
    const flat = rates.map(() => 2);
    const bundle = bundleOf(show.learningRates(new LearningRateSearch(rates, flat)));
    expect(textOf(bundle)).toMatch(/: the loss fell noticeably at none of them\.$/);
    const { layer } = specOf(bundle) as { layer: unknown[] };
    expect(layer).toHaveLength(2);
  });

  it("refuses a promise, which is what a forgotten await gives, and a search that tried nothing", () => {
    expect(() => show.learningRates(Promise.resolve() as never)).toThrow("await optim.findLearningRate");
    expect(() => show.learningRates(new LearningRateSearch([], []))).toThrow("no learning rate was tried");
  });
});
