import { describe, expect, it } from "vitest";
import { LearningRateSearch } from "../../../engine/optim/learningRate.ts";
import { displaySymbol } from "../../../kernel/view/mime.ts";
import { learningRates } from "../../../kernel/view/training/rates.ts";
import { specOf, textOf } from "../decode.ts";

const rates = Array.from({ length: 60 }, (_, i) => 10 ** (i / 12 - 4));

describe("the picture of a learning-rate search", () => {
  it("marks the rate to take, cuts off the explosion, and says the result", () => {
    const losses = rates.map((_, i) => (i < 20 ? 2 : i < 45 ? 2 - (i - 20) * 0.06 : 0.5 + (i - 45) ** 3));
    const bundle = learningRates(new LearningRateSearch(rates, losses))[displaySymbol]();
    expect(textOf(bundle)).toMatch(
      /^60 learning rates tried, from 1e−4 to 8\.25: the loss fell fastest at 0\.\d+\.$/,
    );
    const { layer } = specOf(bundle) as {
      layer: { mark: { type: string }; data: { values: { loss: number }[] } }[];
    };
    expect(layer.map(({ mark }) => mark.type)).toEqual(["line", "line", "rule"]);
    expect(Math.max(...layer[0]!.data.values.map(({ loss }) => loss))).toBe(3);
    expect(bundle.data["image/png"]).toBeDefined();
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
  });

  it("marks nothing where the loss did not fall", () => {
    const bundle = learningRates(
      new LearningRateSearch(
        rates,
        rates.map(() => 2),
      ),
    )[displaySymbol]();
    expect(textOf(bundle)).toMatch(/: the loss fell noticeably at none of them\.$/);
    const { layer } = specOf(bundle) as { layer: unknown[] };
    expect(layer).toHaveLength(2);
  });
});
