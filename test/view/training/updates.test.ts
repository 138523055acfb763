import { describe, expect, it } from "vitest";
import { inspection, nn, optim, seed, tensor } from "../../../engine/index.ts";
import { installViews } from "../../../kernel/view/hooks.ts";
import { show } from "../../../kernel/view/index.ts";
import { displaySymbol } from "../../../kernel/view/mime.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

/** Ratios that begin at 10 times `end` and settle, with some noise. */
const settling = (end: number, steps = 200): number[] =>
  Array.from({ length: steps }, (_, i) => end * (1 + 9 * Math.exp(-i / 30)) * 2 ** (0.7 * Math.sin(13 * i)));

const watched = (ends: Readonly<Record<string, number>>, steps?: number) => ({
  ratios: new Map(Object.entries(ends).map(([path, end]) => [path, settling(end, steps)])),
});

describe("show.updateRatios", () => {
  it("draws the weights beside the guide of 1e-3", () => {
    const watch = watched({ "c1.weight": 2e-3, "c1.bias": 4, "f1.weight": 4e-4, "f2.weight": 9e-4 });
    const bundle = expectPicture("updateRatios", show.updateRatios(watch));
    expect(textOf(bundle)).toMatch(
      /^200 steps, 3 parameters: at the end a step moves each by between 3\.9e−4 of its spread \(f1\.weight\) and 0\.0019 of its spread \(c1\.weight\)\. About 0\.001 is healthy\.$/,
    );
    expect(String(show.updateRatios(watch, { biases: true }))).toMatch(/^200 steps, 4 parameters: .*shakes/);
  });

  it("says what too high and too low a learning rate do", () => {
    expect(String(show.updateRatios(watched({ w: 0.5 })))).toMatch(
      /shakes the network: lower the learning rate/,
    );
    expect(String(show.updateRatios(watched({ w: 1e-6 })))).toMatch(
      /teaches it nothing: raise the learning rate/,
    );
  });

  it("shades many parameters by depth, below the limit", () => {
    const many = Object.fromEntries(
      Array.from({ length: 160 }, (_, i) => [`layers.${i}.weight`, 1e-3 * 1.02 ** i]),
    );
    const bundle = bundleOf(show.updateRatios(watched(many, 3000)));
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    expect(JSON.stringify(specOf(bundle))).toContain("from input to output");
    expect(bundle.data["image/png"]).toBeDefined();
  });

  it("draws around ratios of 0, infinity and NaN, and names the parameter that broke", () => {
    const ratios = new Map([
      ["a.weight", [0, Number.POSITIVE_INFINITY, 1e-3, Number.NaN]],
      ["b.weight", [0, 0, 0, 0]],
    ]);
    const bundle = bundleOf(show.updateRatios({ ratios }));
    expect(textOf(bundle)).toMatch(/A step made NaN or infinity of a\.weight\./);
    expect(bundle.data["image/png"]).toBeDefined();
  });

  it("is how what inspection watched shows itself", () => {
    seed(1);
    const model = nn.linear(2, 2);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const watch = inspection.updateRatios(model, optimizer);
    expect(() => show.updateRatios(watch)).toThrow("no step was watched");
    nn.crossEntropy(model(tensor([[1, 2]])), tensor([1], { dtype: "int32" })).backward();
    optimizer.step();
    const end = installViews({ display() {}, update() {}, atEnd() {} });
    try {
      const shown = (watch as unknown as { [displaySymbol](): { data: Record<string, unknown> } })[
        displaySymbol
      ]();
      expect(shown.data["text/plain"]).toBe(String(show.updateRatios(watch)));
    } finally {
      end();
    }
  });

  it("refuses what is no watch", () => {
    expect(() => show.updateRatios(undefined as never)).toThrow(
      "expected the result of inspection.updateRatios",
    );
  });
});
