/** Networks as neurons: lecture steps 000.14 and 004.11. */
import { describe, expect, test } from "vitest";
import { models, nn, tensor, zeros } from "../../../engine/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, countColour, pictureOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

/** Fixed weights, some of each sign. */
function steady<M extends nn.Module>(model: M): M {
  const state = Object.entries(model.stateDict()).map(([path, { size, shape }], k): [string, Tensor] => [
    path,
    tensor(
      Float32Array.from({ length: size }, (_, i) => Math.round(100 * Math.sin(3 * i + k + 1)) / 100),
      { shape },
    ),
  ]);
  model.loadStateDict(Object.fromEntries(state));
  return model;
}

describe("show.neurons", () => {
  test("draws weights as lines with numbers, biases, and what each unit answers", () => {
    const model = steady(models.mlp([2, 3, 2]));
    const options = { input: tensor([0.5, -1]), inputs: ["height", "weight"], outputs: ["cat", "dog"] };
    const shown = show.neurons(model, options);
    expect(String(shown)).toBe("Mlp 2-3-2: 17 parameters, weights from −0.76 to 0.84.");
    expectPicture("neurons", shown);
  });

  test("of large layers it draws some units, of many lines the widest, and says so", () => {
    const shown = show.neurons(steady(models.mlp([784, 30, 10])));
    expect(String(shown)).toBe(
      "Mlp 784-30-10: 23,860 parameters, weights from −1 to 1; up to 12 units of each layer are drawn.",
    );
    expectPicture("neurons-large", shown);
    const deep = show.neurons(steady(models.mlp([10, 12, 12, 12, 12, 3])), { input: zeros([1, 10]) });
    expect(JSON.stringify(bundleOf(deep)).length).toBeLessThan(200_000);
    const few = pictureOf(bundleOf(show.neurons(steady(models.mlp([784, 30, 10])), { maxUnits: 5 })));
    expect(few.height).toBeLessThan(pictureOf(bundleOf(shown)).height);
  });

  test("positive and negative weights differ in colour", () => {
    const layer = nn.linear(1, 1, { bias: false });
    const red = [178, 24, 43];
    const inked = (weight: number): number => {
      layer.loadStateDict({ weight: tensor([[weight]]) });
      return countColour(pictureOf(bundleOf(show.neurons(layer))), red);
    };
    // The legend has a red line too.
    expect(inked(1)).toBeGreaterThan(inked(-1) + 100);
  });

  test("single layers, layers without bias, NaN and all zeros", () => {
    const layer = nn.linear(3, 1, { bias: false });
    layer.loadStateDict({ weight: tensor([[Number.NaN, 0, 1]]) });
    for (const model of [layer, nn.sequential(layer, nn.relu())])
      expect(JSON.stringify(bundleOf(show.neurons(model))).length).toBeLessThan(200_000);
    layer.loadStateDict({ weight: zeros([1, 3]) });
    expect(String(show.neurons(layer))).toBe("Linear 3-1: 3 parameters, weights, all 0.");
    bundleOf(show.neurons(layer));
  });

  test("says what is wrong", () => {
    const model = models.mlp([2, 3, 1]);
    expect(() => show.neurons(models.leNet5())).toThrow(
      "show.neurons: draws fully connected networks, c1 is a Conv2d; use show.architecture",
    );
    expect(() => show.neurons(nn.sequential(nn.relu()))).toThrow("Sequential has no linear layer");
    expect(() => show.neurons(model, { input: zeros([3]) })).toThrow(
      "show.neurons: the network takes 2 numbers, input has shape 3; give one sample",
    );
    expect(() => show.neurons(model, { inputs: ["x"] })).toThrow(
      "show.neurons: 1 names for 2 inputs; give one each",
    );
    expect(() => show.neurons(model, { maxUnits: 2 })).toThrow("maxUnits must be a whole number from 3");
    expect(() => show.neurons(nn.sequential(nn.linear(2, 3), nn.linear(4, 1)))).toThrow(
      "layer 0 gives 3 units, the next takes 4",
    );
    expect(() => Reflect.apply(show.neurons, null, [{}])).toThrow("show.neurons: model must be a module");
  });
});
