/** Jacobian matrices and gradient checks as pictures: lecture steps 000.25 and 002.5. */
import { describe, expect, test } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { checkGradient, customOp, tensor, zeros } from "../../../engine/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

describe("show.jacobian", () => {
  test("002.5: of ReLU it is a diagonal of zeros and ones", () => {
    const shown = show.jacobian((x) => x.relu(), tensor([-1, 2, 3, -0.5]).named("a"));
    expect(String(shown)).toBe("4 × 4 derivatives from 0 to 1, 88 % of them zero: all beside the diagonal.");
    expectPicture("jacobian", shown);
    expect(JSON.stringify(specOf(bundleOf(shown)))).toContain('"column":"a[1]"');
  });

  test("names every element by its index, also of matrices, and a single number by its name", () => {
    const text = (shown: ReturnType<typeof show.jacobian>): string => JSON.stringify(specOf(bundleOf(shown)));
    const matrix = show.jacobian(
      (x) => x.sum(1),
      tensor([
        [1, 2],
        [3, 4],
      ]),
      { names: ["s", "W"] },
    );
    expect(text(matrix)).toContain('"row":"s[1]","column":"W[1, 0]","value":"1"');
    expect(text(show.jacobian((x) => x.square(), 3))).toContain('"row":"y","column":"x","value":"6"');
  });

  test("larger ones are pixels; NaN is counted", () => {
    const large = show.jacobian((x) => x.tanh(), zeros([40]));
    expect(String(large)).toBe(
      "40 × 40 derivatives from 0 to 1, 98 % of them zero: all beside the diagonal.",
    );
    expect(specOf(bundleOf(large))).toBeUndefined();
    expect(JSON.stringify(bundleOf(large)).length).toBeLessThan(200_000);
    expect(String(show.jacobian((x) => x.log(), tensor([Number.NaN, 1])))).toContain("2 not finite");
  });

  test("says what is wrong", () => {
    expect(() => show.jacobian((x) => x.square(), zeros([600]))).toThrow(
      "show.jacobian: draws 1 to 250,000 derivatives, these are 600 outputs by 600 inputs",
    );
    expect(() => Reflect.apply(show.jacobian, null, [tensor(1), 1])).toThrow("jacobian: expected a function");
  });
});

describe("show.gradientCheck", () => {
  const precise = (values: number[][], name: string): Tensor =>
    tensor(values, { dtype: "float64", requiresGrad: true }).named(name);

  /** A product whose second gradient is wrong at [0, 2]. */
  const flawed = customOp({
    name: "flawed",
    forward(context, x: Tensor, y: Tensor) {
      context.save(x, y);
      return x.mul(y);
    },
    backward(context, gradient) {
      const [x, y] = context.saved;
      return [gradient.mul(y!), gradient.mul(x!).add(tensor([[0, 0, 0.3]], { dtype: "float64" }))];
    },
  });

  test("000.25: rings the worst element and states both values", () => {
    withBackend(referenceBackend, () => {
      const found = checkGradient(
        (x, y) => flawed(x!, y!),
        [precise([[1, 2, 3]], "W"), precise([[4, 5, 6]], "V")],
      );
      // The picture must not depend on the last digits of a correct difference.
      const inputs = found.inputs.map((input) => ({
        ...input,
        errors: input.errors.map((error) => (error > 1e-6 ? error : 1e-11)),
      }));
      const shown = show.gradientCheck({ ...found, ok: found.ok, inputs });
      expect(String(shown)).toMatch(
        /^Gradient WRONG: 1 of 6 derivatives; worst at V\[0, 2\]: backward\(\) gives 1\.0\d+, the central difference 0\.7\d+, relative difference 0\.29 \(allowed 1e−6\)\.$/,
      );
      expectPicture("gradientCheck", shown);
      const marked = JSON.stringify(specOf(bundleOf(shown))).match(/\{[^{}]*"marked":true\}/g);
      expect(marked).toHaveLength(1);
      expect(marked![0]).toContain('"row":"[0]","column":"2"');
    });
  });

  test("a correct gradient is said to be, large inputs are pixels, single numbers have a cell", () => {
    withBackend(referenceBackend, () => {
      const square = (x: Tensor): Tensor => x.square().sum();
      const large = Array.from({ length: 20 }, (_, i) => Array.from({ length: 20 }, (_, j) => i - j));
      const shown = show.gradientCheck(checkGradient((x) => square(x!), [precise(large, "B")]));
      expect(String(shown)).toMatch(/^Gradient correct: all 400 derivatives agree; worst at B\[\d+, \d+\]/);
      expect(specOf(bundleOf(shown))).toBeUndefined();
      const x = tensor(3, { dtype: "float64", requiresGrad: true });
      expect(String(show.gradientCheck(checkGradient((value) => value!.exp(), [x])))).toMatch(
        /^Gradient correct: its derivative agrees; worst at input 0: backward\(\) gives 20\.0/,
      );
    });
  });

  test("a gradient that is NaN counts as wrong", () => {
    withBackend(referenceBackend, () => {
      const x = tensor([-1, 1], { dtype: "float64", requiresGrad: true });
      const shown = show.gradientCheck(checkGradient((value) => value!.log(), [x]));
      expect(String(shown)).toContain("relative difference ∞");
      expect(JSON.stringify(bundleOf(shown)).length).toBeLessThan(200_000);
    });
  });

  test("says what is wrong", () => {
    expect(() => Reflect.apply(show.gradientCheck, null, [true])).toThrow(
      "show.gradientCheck: expected what checkGradient(f, inputs) returned, got true",
    );
  });
});
