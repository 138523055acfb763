import { describe, expect, it } from "vitest";
import { inspection, nn, seed, tensor } from "../../../engine/index.ts";
import { distributionOf, type LayerActivations } from "../../../engine/inspection/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

interface Setting {
  values: readonly number[];
  dead?: number;
  saturated?: number | null;
}

const layer = (path: string, type: string, setting: Setting): LayerActivations => ({
  path,
  type,
  units: 8,
  dead: setting.dead ?? 0,
  saturated: setting.saturated ?? null,
  ...distributionOf(setting.values),
});

/** Numbers spread evenly around a mean. */
const around = (mean: number, reach: number): number[] =>
  Array.from({ length: 41 }, (_, i) => mean + (reach * (i - 20)) / 20);

describe("show.activations", () => {
  it("draws mean and spread, dead units and saturation side by side", () => {
    const layers = [
      layer("conv1", "Conv2d", { values: around(0.1, 1.2) }),
      layer("relu1", "ReLU", { values: around(0.4, 0.4), dead: 0.125 }),
      layer("conv2", "Conv2d", { values: around(-0.3, 2.5) }),
      layer("relu2", "ReLU", { values: around(0.6, 0.6), dead: 0.75 }),
      layer("fc", "Linear", { values: around(0.2, 3) }),
      layer("out", "Sigmoid", { values: around(0.5, 0.5), saturated: 0.42 }),
    ];
    const bundle = expectPicture("activations", show.activations(layers));
    expect(textOf(bundle)).toBe(
      "6 layers: spread from 0.237 (relu1 ReLU) to 1.77 (fc Linear). Most dead units: 75.0 % of relu2 ReLU. Most saturated: 42.0 % of the values of out Sigmoid.",
    );
  });

  it("takes what inspection gives, and leaves saturation out where no layer has any", () => {
    seed(1);
    const found = inspection.activations(nn.sequential(nn.linear(2, 3), nn.relu()), tensor([[1, 2]]));
    const bundle = bundleOf(show.activations(found));
    expect((specOf(bundle) as { hconcat: unknown[] }).hconcat).toHaveLength(2);
    expect(bundle.data["image/png"]).toBeDefined();
  });

  it("marks layers with NaN, and keeps two layers of one name apart", () => {
    const same = layer("relu", "ReLU", { values: [1, 2] });
    const bundle = bundleOf(
      show.activations([same, same, layer("log", "Log", { values: [Number.NaN, Number.NaN] })]),
    );
    expect(textOf(bundle)).toMatch(/No unit is dead\. NaN or infinity first in log Log\.$/);
    expect(JSON.stringify(specOf(bundle))).toContain("relu ReLU (2)");
    expect(JSON.stringify(specOf(bundle))).toContain("100 % NaN or ∞");
    expect(bundle.data["image/png"]).toBeDefined();
  });

  it("draws 500 layers below the limit", () => {
    const many = Array.from({ length: 500 }, (_, i) =>
      layer(`blocks.${i}`, "ReLU", { values: around(i, 1) }),
    );
    expect(JSON.stringify(bundleOf(show.activations(many))).length).toBeLessThan(200_000);
  });

  it("refuses what are no activations", () => {
    expect(() => show.activations([])).toThrow("expected one layer or more, got none");
    expect(() => show.activations({} as never)).toThrow(
      "expected the result of inspection.activations(model, x)",
    );
  });
});
