import { describe, expect, it } from "vitest";
import { data, nn, seed, type Tensor, tensor, zeros } from "../../../engine/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const xor = data.xor({ samples: 100 });

/** Solves exclusive or: |x₁ + x₂| > 1 is class 0. */
function solver() {
  const model = nn.sequential(nn.linear(2, 2), nn.relu(), nn.linear(2, 2));
  const weight = [
    [1, 1],
    [-1, -1],
  ];
  model.loadStateDict({
    "0.weight": tensor(weight),
    "0.bias": zeros([2]),
    "2.weight": tensor(weight),
    "2.bias": tensor([-1, 1]),
  });
  return model;
}

interface Layer {
  mark: { type: string };
  data: { values: { x: number; y: number; taken?: string }[] };
}

const layersOf = (shown: ReturnType<typeof show.hiddenSpace>): Layer[] =>
  specOf(bundleOf(shown)).layer as Layer[];

describe("show.hiddenSpace", () => {
  it("draws two units as they are, with the regions of the last layer", () => {
    const model = solver().train();
    const bundle = expectPicture("hiddenSpace", show.hiddenSpace(model, xor));
    expect(textOf(bundle)).toMatch(
      /^XOR in Sequential, before its last layer: 2 numbers of each sample; \d+\.0 % of 100 samples right/,
    );
    const [image, points] = specOf(bundle).layer as Layer[];
    expect(image!.mark.type).toBe("image");
    const [x, y] = xor.points.select(0, 3).toArray() as [number, number];
    const all = points!.data.values.map((dot) => dot.x - dot.y);
    expect(all.some((sum) => Math.abs(sum - (x + y)) < 1e-3)).toBe(true);
    expect(model.training).toBe(true);
  });

  it("rings what the model takes for another class", () => {
    const model = solver();
    const noisy = data.xor({ samples: 100, noise: 0.6 });
    const said = model(noisy.points).argmax(1).toTypedArray();
    const wrong = Array.from(noisy.labels.toTypedArray()).filter((label, i) => said[i] !== label).length;
    expect(wrong).toBeGreaterThan(0);
    const dots = layersOf(show.hiddenSpace(model, noisy))[1]!.data.values;
    expect(dots.filter(({ taken }) => taken !== undefined)).toHaveLength(wrong);
  });

  it("has no regions for a layer that the last one does not see", () => {
    expect(layersOf(show.hiddenSpace(solver(), xor, { layer: "0" }))[0]!.mark.type).toBe("point");
    expect(layersOf(show.hiddenSpace(solver(), xor, { layer: "1" }))[0]!.mark.type).toBe("image");
  });

  it("draws wider layers by their main components, of images too", () => {
    seed(2);
    const { test } = data.digits({ train: 10, test: 60 });
    const relu = nn.relu();
    const model = nn.sequential(nn.flatten(), nn.linear(784, 12), relu, nn.linear(12, 10));
    const shown = show.hiddenSpace(model, test, { layer: relu, limit: 40 });
    expect(String(shown)).toMatch(
      /^.* in Sequential, after layer 2 \(ReLU\): 12 numbers of each sample; the plane shows \d+\.\d % of their variance; .* of 40 samples right.* 40 samples of [\d,]+ shown\.$/,
    );
    const { encoding } = specOf(bundleOf(shown)) as { encoding: { x: { title: string } } };
    expect(encoding.x.title).toMatch(/^component 1 \(\d+\.\d % of the variance\)$/);
    expect(layersOf(shown)[0]!.data.values).toHaveLength(40);
  });

  it("judges no model that gives no classes, and no samples without labels", () => {
    const coder = nn.sequential(nn.linear(2, 2), nn.tanh(), nn.linear(2, 7));
    expect(String(show.hiddenSpace(coder, xor))).toMatch(/each sample; 100 samples\.$/);
    expect(String(show.hiddenSpace(solver(), xor.unlabelled()))).toMatch(/each sample; 100 samples\.$/);
  });

  class Bare extends nn.Module {
    scale = nn.parameter(tensor([2]));
    forward(x: Tensor): Tensor {
      return x.mul(this.scale);
    }
  }

  it.each<[unknown, unknown, object, RegExp]>([
    [5, xor, {}, /show\.hiddenSpace: model must be a module/],
    [solver(), xor.points, {}, /show\.hiddenSpace: expected a data set/],
    [solver(), xor, { layer: "7" }, /show\.hiddenSpace: Sequential has no layer "7"; it has 0, 1, 2/],
    [solver(), xor, { limit: 1 }, /limit must be a whole number from 2 on, got 1/],
    [new Bare(), xor, {}, /Bare runs no linear layer; say which layer to draw/],
    [nn.sequential(nn.linear(2, 1), nn.linear(1, 2)), xor, {}, /one unit makes no plane/],
  ])("explains what is wrong (%#)", (model, set, options, message) => {
    expect(() => show.hiddenSpace(model as never, set as never, options)).toThrow(message);
  });
});
