import { describe, expect, it } from "vitest";
import { inspection, nn, seed, tensor } from "../../../engine/index.ts";
import { distributionOf, type ParameterGradient } from "../../../engine/inspection/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

/** A gradient of one number for each path. */
const flowOf = (norms: Readonly<Record<string, number>>): ParameterGradient[] =>
  Object.entries(norms).map(([path, norm]) => ({ path, weightNorm: 1, ...distributionOf([norm]) }));

/** Eight layers whose gradients fall by a factor each. */
const deep = (factor: number): ParameterGradient[] =>
  flowOf(
    Object.fromEntries(
      Array.from({ length: 8 }, (_, i) => [
        [`layers.${i}.weight`, 0.6 * factor ** (7 - i) * (1 + 0.2 * Math.sin(5 * i))] as const,
        [`layers.${i}.bias`, 0.2 * factor ** (7 - i)] as const,
      ]).flat(),
    ),
  );

describe("show.gradientFlow", () => {
  it("draws several networks by name and says which gradients vanish", () => {
    const bundle = expectPicture("gradientFlow", show.gradientFlow({ sigmoid: deep(0.2), ReLU: deep(0.9) }));
    expect(textOf(bundle)).toMatch(
      /sigmoid: .*vanish on their way back\. ReLU: .*neither vanish nor explode\./,
    );
  });

  it("takes what inspection gives", () => {
    seed(1);
    const model = nn.sequential(nn.linear(2, 3), nn.tanh(), nn.linear(3, 2));
    nn.crossEntropy(model(tensor([[1, 2]])), tensor([1], { dtype: "int32" })).backward();
    const text = String(show.gradientFlow(inspection.gradientFlow(model)));
    expect(text).toMatch(
      /^Gradients of 4 parameters, norms from [\d.]+ \(\d\.\w+\) to [\d.]+ \(\d\.\w+\)\. The first/,
    );
  });

  it("says that gradients explode", () => {
    expect(String(show.gradientFlow(deep(4)))).toMatch(/explode/);
  });

  it("sets 0 and NaN at the ends of the axis, and names them", () => {
    const flow = flowOf({ "a.weight": 0, "b.weight": Number.NaN, "c.weight": 0.1, scale: 2 });
    const bundle = bundleOf(show.gradientFlow(flow));
    expect(textOf(bundle)).toBe(
      "Gradients of 4 parameters, norms from 0.1 (c.weight) to 2 (scale). b.weight holds NaN or infinity. a.weight is 0: nothing is learned there.",
    );
    const { layer } = specOf(bundle) as { layer: { mark: { text?: string }; transform: object[] }[] };
    expect(layer.flatMap(({ mark, transform }) => (mark.text ? [[mark.text, transform]] : []))).toEqual([
      ["◂ 0", [{ filter: "datum.norm === 0" }]],
      ["NaN or ∞ ▸", [{ filter: "datum.norm === null" }]],
    ]);
    expect(bundle.data["image/png"]).toBeDefined();
    expect(String(show.gradientFlow(flowOf({ w: 0, v: 0 })))).toMatch(
      /^Gradients of 2 parameters\. All are 0/,
    );
  });

  it("draws a thousand parameters below the limit", () => {
    const many = flowOf(
      Object.fromEntries(
        Array.from({ length: 1000 }, (_, i) => [`features.denseblock4.denselayer${i}.conv1.weight`, 1 + i]),
      ),
    );
    const bundle = bundleOf(show.gradientFlow(many));
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    const broken = bundleOf(
      show.gradientFlow(many.map((part, i) => (i === 501 ? { ...part, notFinite: 1 } : part))),
    );
    expect(JSON.stringify(specOf(broken))).toContain('"layer":"features.denseblock4.denselayer501.conv1"');
  });

  it("refuses what is no gradient flow", () => {
    expect(() => show.gradientFlow([])).toThrow("expected the gradients of one parameter or more");
    expect(() => show.gradientFlow({})).toThrow("no gradients to draw");
    expect(() => show.gradientFlow([{ path: "w" }] as never)).toThrow(
      "expected the result of inspection.gradientFlow(model)",
    );
    expect(() => show.gradientFlow({ a: 3 } as never)).toThrow('for "a"');
  });
});
