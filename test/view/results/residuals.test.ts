import { describe, expect, it } from "vitest";
import { tensor } from "../../../engine/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const targets = Array.from({ length: 120 }, (_, i) => -2 + i / 24);
const predictions = targets.map((target, i) => 0.9 * target + 0.1 + 0.4 * Math.sin(17 * i));

describe("show.residuals", () => {
  it("draws predicted against true, and the errors", () => {
    const bundle = expectPicture("residuals", show.residuals(predictions, targets, { unit: "m" }));
    expect(textOf(bundle)).toBe(
      "120 pairs: root mean squared error 0.319 m, mean error 0.0518 m, R² 0.951; the largest error is 0.673 m.",
    );
  });

  it("takes tensors of one column, and leaves out what is not finite", () => {
    const odd = [...predictions.slice(0, 118), Number.NaN, Number.POSITIVE_INFINITY];
    expect(String(show.residuals(tensor(odd).unsqueeze(1), tensor(targets)))).toMatch(
      /^118 pairs: .* 2 pairs left out: not finite\.$/,
    );
  });

  it("draws perfect and constant predictions, a single pair and 10,000", () => {
    const perfect = show.residuals([1, 2], [1, 2]);
    expect(String(perfect)).toBe(
      "2 pairs: root mean squared error 0, mean error 0, R² 1; the largest error is 0.",
    );
    expect(bundleOf(perfect).data["image/png"]).toBeDefined();
    const single = show.residuals([3], [5]);
    expect(String(single)).toBe("1 pair: root mean squared error 2, mean error −2; the largest error is −2.");
    expect(bundleOf(single).data["image/png"]).toBeDefined();
    const many = Array.from({ length: 10_000 }, (_, i) => Math.sin(i));
    const bundle = bundleOf(
      show.residuals(
        many,
        many.map((value) => value + 0.1),
      ),
    );
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    expect(JSON.stringify(specOf(bundle).title)).toContain("800 of the pairs are drawn.");
  });

  it("refuses other shapes and nothing", () => {
    expect(() => show.residuals([1, 2], [1])).toThrow("predictions 2 and targets 1 must have one shape");
    expect(() => show.residuals([], [])).toThrow("expected pairs of finite numbers");
    expect(() => show.residuals([Number.NaN], [1])).toThrow("expected pairs of finite numbers");
  });
});
