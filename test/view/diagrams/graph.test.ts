/** The picture of a computation: lecture steps 002.2, 002.3, 002.6 and 004.22. */
import { describe, expect, test } from "vitest";
import { graphOf, models, nn, tensor, zeros } from "../../../engine/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, pictureOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const leaf = (value: number, name: string): Tensor => tensor(value, { requiresGrad: true }).named(name);

function lectureExample(): Tensor {
  const [x, y, z] = [leaf(-2, "x"), leaf(5, "y"), leaf(-4, "z")];
  return x.add(y).named("q").mul(z).named("f");
}

/** The picture weighs what a display may, and says this. */
function expectShown(shown: ReturnType<typeof show.graph>, text: string | RegExp): void {
  expect(String(shown)).toMatch(text);
  expect(JSON.stringify(bundleOf(shown)).length).toBeLessThan(200_000);
}

describe("show.graph", () => {
  test("002.3: gates with values over and gradients under their lines", () => {
    const shown = show.graph(lectureExample());
    expect(String(shown)).toBe(
      "f = −12 by 2 operations (add, mul) from 3 variables; ∂f/∂x = −4, ∂f/∂y = −4, ∂f/∂z = 3.",
    );
    expectPicture("graph", shown);
  });

  test("a variable that is used several times, and operands in their order", () => {
    const a = leaf(3, "a");
    const shown = show.graph(a.mul(a).sub(a.div(2)).add(tensor(1)).maximum(a).named("L"));
    expect(String(shown)).toContain("∂L/∂a = 5.5");
    expectPicture("graph-uses", shown);
  });

  test("004.22: tensors as boxes with shape, mean and norm, parameters aside by their paths", () => {
    const model = models.mlp([4, 3, 2]);
    for (const [i, parameter] of model.parameters().entries())
      parameter.storage.values().forEach((_, k, values) => {
        values[k] = Math.sin(i + k);
      });
    const images = tensor([
      [1, 2, 3, 4],
      [-1, 0, 1, 2],
    ]);
    const loss = nn.crossEntropy(model(images), tensor([0, 1], { dtype: "int32" })).named("loss");
    expectPicture("graph-tensors", show.graph(loss, { model }));
  });

  test("002.6: small tensors show their numbers", () => {
    const W = tensor(
      [
        [0.1, 0.5],
        [-0.3, 0.8],
      ],
      { requiresGrad: true },
    );
    const x = tensor([0.2, 0.4], { requiresGrad: true });
    const q = W.named("W").matmul(x.named("x")).named("q");
    expectShown(show.graph(q.square().sum().named("f")), /^f = 0.116 by 5 operations/);
  });

  test("draws the tensors nearest the result of a long computation, and says how many it leaves out", () => {
    const x = leaf(1, "x");
    let value = x;
    for (let i = 0; i < 300; i++) value = i % 3 ? value.mul(1.01) : value.add(x);
    expectShown(
      show.graph(value.named("long")),
      /^long = 328 by 300 operations .*The 32 tensors nearest the result are drawn, 270 are not\.$/,
    );
    const few = pictureOf(bundleOf(show.graph(value, { maxNodes: 5 })));
    expect(few.height).toBeLessThan(pictureOf(bundleOf(show.graph(value))).height / 2);
  });

  test("shows the tape of a convolutional network", () => {
    const model = models.leNet5();
    const loss = nn.crossEntropy(
      model(tensor(new Float32Array(784), { shape: [1, 1, 28, 28] })),
      tensor([3], { dtype: "int32" }),
    );
    expectShown(show.graph(loss, { model }), /^The result = 2\.\d+ by 16 operations from 10 variables\.$/);
  });

  test("takes graphOf's result; values, gradients and formulas can be left out", () => {
    const found = graphOf(lectureExample(), { gradients: true });
    const height = (options: object): number => pictureOf(bundleOf(show.graph(found, options))).height;
    expect(height({ formulas: false })).toBeLessThan(height({}));
    const bare = show.graph(found, { gradients: false, values: false, formulas: false });
    expect(String(bare)).toBe("f = −12 by 2 operations (add, mul) from 3 variables.");
    expect(pictureOf(bundleOf(bare)).width).toBeLessThanOrEqual(pictureOf(bundleOf(show.graph(found))).width);
  });

  test("after backward() it shows the gradients that are there", () => {
    const x = leaf(3, "x");
    const y = x.mul(x).named("y");
    y.backward();
    expectShown(show.graph(y), "y = 9 by 1 operation (mul) from 1 variable; ∂y/∂x = 6.");
  });

  test("NaN is drawn as such; what was given has no graph", () => {
    expectShown(show.graph(leaf(Number.NaN, "n").mul(2).named("f")), "f = NaN by 1 operation (mul)");
    expectShown(show.graph(tensor([1, 2, 3])), "The tensor (3) was given, not computed: it has no graph.");
    expectShown(show.graph(zeros([0, 3], { requiresGrad: true }).mul(2)), "The result 0×3 by 1 operation");
    const long = leaf(1, "a name that is much longer than any line of a diagram may ever be").mul(2);
    expect(pictureOf(bundleOf(show.graph(long))).width).toBeLessThan(1200);
    expectShown(show.graph(tensor([[1, 2]], { requiresGrad: true }).relu()), "The result 1×2 by 1 operation");
  });

  test("says what is wrong", () => {
    expect(() => Reflect.apply(show.graph, null, [3])).toThrow(
      "show.graph: expected a tensor, such as a loss, or what graphOf returned; got 3",
    );
    expect(() => show.graph(lectureExample(), { maxNodes: 1 })).toThrow(
      "show.graph: maxNodes must be a whole number from 2, got 1",
    );
  });
});
