/** What inspection finds is plain data that prints itself: a sentence, or a table with a line per layer. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { inspection, nn, tensor } from "../../../engine/index.ts";

/** Two units that add and subtract their inputs, then relu. */
function addAndSubtract(): nn.Sequential {
  const linear = nn.linear(2, 2);
  linear.weight.storage.values().set([1, 1, 1, -1]);
  linear.bias!.storage.values().set([0, 0]);
  return nn.sequential(linear, nn.relu());
}

const inputs = tensor([
  [1, 2],
  [3, 5],
]);

describe("inspection", () => {
  it("prints activations as a table, and one layer as a sentence", () => {
    const layers = inspection.activations(addAndSubtract(), inputs);
    expect(String(layers)).toBe(
      [
        "   layer   mean    std  zeros  dead units",
        "0  Linear     2  3.937    0 %         0 %",
        "1  ReLU    2.75  3.269   50 %        50 %",
      ].join("\n"),
    );
    expect(String(layers[1])).toBe("1  ReLU: 4 numbers, mean 2.75, std 3.269, from 0 to 8, 50 % zeros");
    expect(inspect({ layers })).toContain("0  Linear");
  });

  it("adds columns for saturation and for NaN where there is some", () => {
    const layers = inspection.activations(nn.sequential(nn.sigmoid()), tensor([[9, 0, Number.NaN, 0]]));
    expect(String(layers)).toBe(
      [
        "   layer      mean     std  zeros  dead units  saturated  NaN or infinite",
        "0  Sigmoid  0.6666  0.2356    0 %         0 %       25 %                1",
      ].join("\n"),
    );
    expect(String(inspection.distributionOf([1, 3, Number.POSITIVE_INFINITY]))).toBe(
      "3 numbers, mean 2, std 1, from 1 to 3, 1 NaN or infinite",
    );
  });

  it("prints the gradient flow as a table with a line per parameter", () => {
    const model = addAndSubtract();
    model(inputs).sum().backward();
    const flow = inspection.gradientFlow(model);
    expect(String(flow)).toBe(
      [
        "          norm of the gradient  of the parameter    std  zeros",
        "0.weight                 8.062                 2  2.947   50 %",
        "0.bias                       2                 0      1   50 %",
      ].join("\n"),
    );
    expect(String(flow[1])).toBe("0.bias: norm 2, 2 numbers, mean 1, std 1, from 0 to 2, 50 % zeros");
  });

  it("prints the strongest patches, a line each", () => {
    const conv = nn.conv2d(1, 1, 2, { bias: false });
    conv.weight.storage.values().set([1, 1, 1, 1]);
    const images = tensor([0, 0, 0, 0, 2, 3, 0, 4, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]).reshape([2, 1, 3, 3]);
    const patches = inspection.topPatches(nn.sequential(conv), images, { layer: "0", channel: 0 });
    expect(String(patches)).toBe(
      [
        "activation  channel  image  unit    rows  columns",
        "        10        0      0  1, 1  1 to 2   1 to 2",
        "         1        0      1  0, 0  0 to 1   0 to 1",
      ].join("\n"),
    );
  });

  it("prints the loss along a line and over a plane by its extremes", () => {
    const weight = nn.parameter(tensor([[2]]));
    class Line extends nn.Module {
      readonly weight = weight;
      forward(x: typeof weight) {
        return x.mul(this.weight);
      }
    }
    const model = new Line();
    const slice = inspection.lossSlice(model, () => weight.sub(3).square().sum(), {
      towards: { weight: tensor([[4]]) },
      resolution: 5,
    });
    expect(String(slice)).toBe("LossSlice: 5 places, 1 where the model is, lowest 0 at 0.5, highest 9 at -1");
    const broken = inspection.lossSlice(model, () => weight.sub(1).sqrt().sum(), {
      towards: { weight: tensor([[4]]) },
      resolution: 5,
    });
    expect(String(broken)).toBe(
      "LossSlice: 5 places, 1 where the model is, lowest 0 at -0.5, highest 1.732 at 1, 1 NaN or infinite",
    );
    const surface = inspection.lossSurface(model, () => weight.square().sum(), { resolution: 3, seed: 1 });
    expect(String(surface)).toMatch(
      /^LossSurface: 3 × 3 places, 4 where the model is, lowest \S+ at \(\S+, \S+\), highest 36 at \(\S+, \S+\)$/,
    );
  });

  it("prints a decision surface by its range and the share of each class", () => {
    const surface = inspection.decisionSurface((points) => points.select(1, 0), {
      x: [-3, 1],
      y: [0, 1],
      resolution: 5,
    });
    expect(String(surface)).toBe(
      "DecisionSurface: 5 × 5 places, x from -3 to 1, y from 0 to 1: class 0 on 80 %, class 1 on 20 %",
    );
    const broken = inspection.decisionSurface((points) => points.select(1, 0).sqrt(), {
      x: [-3, 1],
      resolution: 5,
    });
    expect(String(broken)).toContain("NaN on 60 %");
  });

  it("leaves the data plain: nothing is listed, compared or copied along", () => {
    const layers = inspection.activations(addAndSubtract(), inputs);
    expect(Object.keys(layers)).toEqual(["0", "1"]);
    expect(layers.map(({ path }) => path)).toEqual(["0", "1"]);
    expect(JSON.parse(JSON.stringify(layers))).toEqual(layers);
    expect(String({ ...layers[0] })).toBe("[object Object]");
  });
});
