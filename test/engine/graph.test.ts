/** The graph of a computation as plain data: lecture steps 002.2 and 002.3. */
import { describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import { GradientError, graphOf, models, nn, ones, tensor, zeros } from "../../engine/index.ts";

setBackend(referenceBackend);

const leaf = (value: number, name: string) => tensor(value, { requiresGrad: true }).named(name);

function example() {
  const [x, y, z] = [leaf(-2, "x"), leaf(5, "y"), leaf(-4, "z")];
  return { x, f: x.add(y).named("q").mul(z).named("f") };
}

describe("graphOf", () => {
  test("002.3: gives f = (x + y) z with values and gradients, and touches no .grad", () => {
    const { x, f } = example();
    const { vertices, edges } = graphOf(f, { gradients: true });
    expect(vertices.map(({ name, op, value, gradient }) => [name, op, value, gradient])).toEqual([
      ["x", null, -2, -4],
      ["y", null, 5, -4],
      ["q", "add", 3, -4],
      ["z", null, -4, 3],
      ["f", "mul", -12, 1],
    ]);
    expect(edges).toEqual([
      { from: 0, to: 2, operand: 0, gradient: -4, derivative: 1 },
      { from: 1, to: 2, operand: 1, gradient: -4, derivative: 1 },
      { from: 2, to: 4, operand: 0, gradient: -4, derivative: -4 },
      { from: 3, to: 4, operand: 1, gradient: 3, derivative: 3 },
    ]);
    expect(vertices.map(({ id, shape, requiresGrad }) => [id, shape, requiresGrad])).toEqual(
      [0, 1, 2, 3, 4].map((id) => [id, [], true]),
    );
    expect(vertices[4]!.formula).toMatch(/a · b/);
    expect(vertices[0]!.formula).toBeNull();
    expect(vertices[0]!.tensor).toBe(x);
    expect(x.grad).toBeNull();
    f.backward();
    expect(x.grad!.item()).toBe(-4);
  });

  test("shows after backward() the gradients that are there", () => {
    const { f } = example();
    f.backward();
    expect(graphOf(f).vertices.map(({ name, gradient }) => [name, gradient])).toEqual([
      ["x", -4],
      ["y", -4],
      ["q", null],
      ["z", 3],
      ["f", null],
    ]);
    expect(() => graphOf(f, { gradients: true })).toThrow(/already differentiated/);
  });

  test("has a tensor once, with an edge for each use", () => {
    const x = leaf(3, "x");
    const { vertices, edges } = graphOf(x.mul(x).add(x));
    expect(vertices.length).toBe(3);
    expect(edges.map(({ from, to, operand }) => [from, to, operand])).toEqual([
      [0, 1, 0],
      [0, 1, 1],
      [1, 2, 0],
      [0, 2, 1],
    ]);
    expect(edges.map(({ gradient, derivative }) => [gradient, derivative])).toEqual([
      [null, null],
      [null, null],
      [null, null],
      [null, null],
    ]);
  });

  test("says what each use passes back: the gradient is their sum", () => {
    const x = leaf(3, "x");
    const { vertices, edges } = graphOf(x.mul(x).add(x).mul(0), { gradients: true });
    expect(vertices[0]!.gradient).toBe(0);
    // Behind a factor of 0 nothing arrives, but the local derivatives are still there.
    expect(edges.map(({ gradient, derivative }) => [gradient, derivative])).toEqual([
      [0, 3],
      [0, 3],
      [0, 1],
      [0, 1],
      [0, 0],
      [null, null],
    ]);
    const W = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    const graph = graphOf(W.mul(W).sum().add(W.sum()), { gradients: true });
    const flows = graph.edges.filter(({ from }) => from === 0).map(({ gradient }) => gradient);
    expect(flows).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 1],
        [1, 1],
      ],
    ]);
    expect(graph.vertices[0]!.gradient).toEqual([
      [3, 5],
      [7, 9],
    ]);
    expect(graph.edges.map(({ derivative }) => derivative)).toEqual([null, null, null, null, 1, 1]);
  });

  test("002.2, 004.22: gives a small convolutional network's tape with layers, parameters' paths and shapes", () => {
    const model = models.leNet5();
    const loss = nn.crossEntropy(model(zeros([2, 1, 28, 28])), tensor([3, 7], { dtype: "int32" }));
    const { vertices } = graphOf(loss, { gradients: true, model });
    const paths = model.namedParameters().map(([path]) => path);
    expect(vertices.filter(({ name }) => name !== null).map(({ name }) => name)).toEqual(paths);
    const convolution = vertices.find(({ op }) => op === "conv2d")!;
    expect(convolution.shape).toEqual([2, 6, 28, 28]);
    expect(convolution.layer).toBe(paths[0]!.replace(/\.weight$/, ""));
    expect(convolution.value).toBeNull();
    expect(
      graphOf(loss, { maxValues: 10_000 }).vertices.find(({ op }) => op === "conv2d")!.value,
    ).not.toBeNull();
    expect(vertices.at(-1)).toMatchObject({ layer: null, shape: [], gradient: 1 });
  });

  test("leaves out what was recycled, and works for a tensor without history", () => {
    const layer = nn.linear(2, 1);
    const y = layer(ones([3, 2]));
    const loss = y.sum();
    loss.backward();
    const { vertices } = graphOf(loss, { model: layer });
    expect(vertices.find(({ op }) => op === "matmul")?.value ?? null).toBeNull();
    expect(vertices.find(({ name }) => name === "weight")!.gradient).toEqual([[3, 3]]);
    expect(graphOf(ones([2]))).toMatchObject({ vertices: [{ op: null, value: [1, 1] }], edges: [] });
  });

  test("walks 20,000 operations without recursion", () => {
    let y = leaf(1, "x").mul(1);
    for (let i = 0; i < 20_000; i++) y = y.add(1);
    expect(graphOf(y).edges.length).toBe(40_002);
  });

  test("says what is wrong", () => {
    expect(() => graphOf(ones([2], { requiresGrad: true }).mul(2), { gradients: true })).toThrow(
      GradientError,
    );
    expect(() => Reflect.apply(graphOf, null, [3])).toThrow(
      "graphOf: expected a tensor, such as a loss, got 3",
    );
  });
});
