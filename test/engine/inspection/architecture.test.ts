/** How networks are built, with every branch: lecture steps 003.61, 003.62 and 004.23. */
import { describe, expect, test } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { shapeOnlyBackend } from "../../../engine/backend/shapeOnly.ts";
import { inspection, models, nn } from "../../../engine/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";

const { architecture } = inspection;
type Found = ReturnType<typeof architecture>;

const operandsOf = ({ nodes, edges }: Found, id: number): string[] =>
  edges.filter(({ to }) => to === id).map(({ from }) => `${nodes[from]!.path}:${nodes[from]!.type}`);

describe("architecture", () => {
  test("004.23: LeNet-5 is a chain of layers with shapes and parameters", () => {
    const { nodes, edges, groups, parameters } = architecture(models.leNet5(), [1, 28, 28]);
    expect(nodes.map(({ type }) => type)).toEqual([
      "input",
      "Conv2d",
      "ReLU",
      "MaxPool2d",
      "Conv2d",
      "ReLU",
      "MaxPool2d",
      "Conv2d",
      "ReLU",
      "Flatten",
      "Linear",
      "ReLU",
      "Linear",
    ]);
    expect(nodes[1]).toMatchObject({
      kind: "layer",
      path: "c1",
      details: "1 → 6, kernel 5×5, padding 2",
      outputShape: [6, 28, 28],
      parameters: 156,
    });
    expect(nodes.reduce((sum, node) => sum + node.parameters, 0)).toBe(parameters);
    expect(edges).toEqual(nodes.slice(1).map(({ id }) => ({ from: id - 1, to: id })));
    expect(groups).toEqual([]);
  });

  test("003.62: a residual block's shortcut leads around its body into the sum", () => {
    const body = nn.sequential(nn.conv2d(8, 8, 3, { padding: 1 }), nn.relu());
    const found = architecture(nn.sequential(nn.conv2d(1, 8, 1), nn.residual(body)), [1, 6, 6]);
    const sum = found.nodes.find(({ type }) => type === "add")!;
    expect(sum).toMatchObject({ kind: "operation", path: "1", outputShape: [8, 6, 6] });
    expect(operandsOf(found, sum.id).sort()).toEqual(["0:Conv2d", "1.body.1:ReLU"]);
    expect(found.groups.map(({ path, type, inside }) => [path, type, inside])).toEqual([
      ["1", "Residual", null],
      ["1.body", "Sequential", 0],
    ]);
    expect(found.nodes.map(({ group }) => group)).toEqual([null, null, 1, 1, 0]);
  });

  test("003.61: four branches of an Inception module meet in one join", () => {
    const found = architecture(models.googLeNetSmall(), [1, 28, 28], { depth: 2 });
    const joins = found.nodes.filter(({ type }) => type === "concat");
    expect(joins.map(({ outputShape }) => outputShape)).toEqual([
      [40, 14, 14],
      [64, 7, 7],
    ]);
    expect(operandsOf(found, joins[0]!.id).map((name) => name.split(":")[0])).toEqual([
      "2.branch1",
      "2.branch2",
      "2.branch3",
      "2.branch4",
    ]);
  });

  test("joins equal blocks in a row: ResNet-152 without memory for its weights", () => {
    const model = withBackend(shapeOnlyBackend, () => models.resNet152());
    const { nodes, depth, parameters } = architecture(model, [3, 224, 224]);
    expect(depth).toBe(2);
    const blocks = nodes.filter(({ type }) => type === "Bottleneck");
    expect(blocks.map(({ path, times }) => `${path} ${times}`)).toEqual([
      "layer1.0 1",
      "layer1.1 1",
      "layer1.2 1",
      "layer2.0 1",
      "layer2.1 7",
      "layer3.0 1",
      "layer3.1 35",
      "layer4.0 1",
      "layer4.1 1",
      "layer4.2 1",
    ]);
    expect(parameters).toBe(60_192_808);
    expect(nodes.reduce((sum, node) => sum + node.parameters, 0)).toBe(parameters);
  });

  test("opens modules as deep as asked, else as deep as gives few nodes", () => {
    const model = models.googLeNetSmall();
    const types = (depth: number): string[] =>
      architecture(model, [1, 28, 28], { depth }).nodes.map(({ type }) => type);
    expect(types(0)).toEqual(["input", "Sequential"]);
    expect(types(1).slice(0, 4)).toEqual(["input", "ConvolutionUnit", "MaxPool2d", "Inception"]);
    const sizes = [10, 24, 100].map((most) => architecture(model, [1, 28, 28], { most }).nodes.length);
    expect(sizes).toEqual([8, 17, 35]);
  });

  test("a layer that runs again is there again, its parameters once; two results are two ends", () => {
    class Twice extends nn.Module<[Tensor], Tensor[]> {
      shared = nn.linear(4, 4);
      forward(x: Tensor): Tensor[] {
        const first = this.shared(x);
        return [this.shared(first.tanh()), first];
      }
    }
    const found = architecture(new Twice() as unknown as nn.Module, [4]);
    expect(found.nodes.map(({ type, parameters }) => [type, parameters])).toEqual([
      ["input", 0],
      ["Linear", 20],
      ["tanh", 0],
      ["Linear", 0],
    ]);
  });

  test("leaves the model as it was, in training, its gradients untouched", () => {
    const model = models.leNet5();
    architecture(model, [1, 28, 28]);
    expect(model.training).toBe(true);
    expect(model.parameters().every(({ grad }) => grad === null)).toBe(true);
  });

  test("says what is wrong", () => {
    const model = nn.sequential(nn.linear(4, 2));
    expect(() => architecture(model, [])).toThrow("architecture: the shape is that of one sample");
    expect(() => architecture(model, [4], { depth: -1 })).toThrow("depth is a whole number from 0");
    expect(() => architecture(model, [5])).toThrow(/Linear 4 → 2/);
    expect(() => Reflect.apply(architecture, null, [nn.relu, [4]])).toThrow("must be a module");
    class Signs extends nn.Module {
      forward(x: Tensor): Tensor {
        return x.detach();
      }
    }
    expect(() => architecture(new Signs(), [4])).toThrow(
      "architecture: nothing that Signs returns is computed from its input",
    );
  });
});
