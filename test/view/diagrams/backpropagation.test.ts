/** Backpropagation step by step: lecture steps 000.24, 000.25 and 002.3. */
import { describe, expect, test } from "vitest";
import { tensor } from "../../../engine/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { mostAnimationBytes } from "../../../kernel/view/drawing/animation.ts";
import { show } from "../../../kernel/view/index.ts";
import { VEGALITE_MIME } from "../../../kernel/view/mime.ts";
import { bundleOf, decodePng, pictureOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const leaf = (value: number, name: string): Tensor => tensor(value, { requiresGrad: true }).named(name);

const lectureExample = (): Tensor => leaf(-2, "x").add(leaf(5, "y")).named("q").mul(leaf(-4, "z")).named("f");

describe("show.backpropagation", () => {
  test("002.3: values forward, then gradients back with local derivatives", () => {
    const shown = show.backpropagation(lectureExample());
    expect(String(shown)).toBe(
      "f = −12 by 2 operations forward; as many backward give ∂f/∂x = −4, ∂f/∂y = −4, ∂f/∂z = 3.",
    );
    expectPicture("backpropagation", shown);
  });

  test("gradients of a variable that is used twice arrive one by one, their sum at the end", () => {
    const a = leaf(3, "a");
    const shown = show.backpropagation(a.mul(a).sub(a.div(2)).named("L"));
    expect(String(shown)).toContain("∂L/∂a = 5.5");
    expectPicture("backpropagation-uses", shown);
  });

  test("many steps are drawn together, so that the picture stays small", { timeout: 300_000 }, () => {
    const x = leaf(1, "x");
    let value = x;
    for (let i = 0; i < 12; i++) value = i % 2 ? value.mul(x) : value.tanh();
    const shown = show.backpropagation(value);
    expect(String(shown)).toMatch(/by 12 operations forward/);
    let longest = x;
    for (let i = 0; i < 21; i++) longest = longest.tanh();
    for (const large of [shown, show.backpropagation(longest)])
      expect(JSON.stringify(bundleOf(large)).length).toBeLessThan(200_000);
    const heightOf = (maxSteps: number): number =>
      pictureOf(bundleOf(show.backpropagation(value, { maxSteps }))).height;
    expect(heightOf(4)).toBeLessThan(heightOf(8));
  });

  test("moves as an animation, a frame for each step, and has a slider that lays each change over those before", () => {
    const { data, metadata } = bundleOf(show.backpropagation(lectureExample(), { as: "animation" }));
    const png = Buffer.from(String(data["image/png"]), "base64");
    expect(png.readUInt32BE(png.indexOf("acTL") + 4)).toBe(6);
    const {
      data: frames,
      width,
      height,
    } = data[VEGALITE_MIME] as {
      data: { values: { left: number; right: number; top: number; bottom: number }[] };
      width: number;
      height: number;
    };
    const [first, ...changes] = frames.values;
    expect(first).toMatchObject({ left: 0, top: 0, right: width, bottom: height });
    expect(changes).toHaveLength(5);
    for (const { left, right, top, bottom } of changes) {
      expect(right - left).toBeGreaterThan(0);
      expect(bottom - top).toBeGreaterThan(0);
      expect(Math.min(left, top, width - right, height - bottom)).toBeGreaterThanOrEqual(0);
    }
    expect(metadata?.["image/png"]).toMatchObject({ alt: data["text/plain"] });
  });

  test("shows gradients on the way back only, and a sum when its last part has arrived", () => {
    const a = leaf(3, "a");
    const { data } = bundleOf(show.backpropagation(a.mul(a).add(a).named("L"), { as: "animation" }));
    const { data: frames } = data[VEGALITE_MIME] as { data: { values: { url: string }[] } };
    const red = frames.values.map(({ url }) => {
      const { rgb } = decodePng(Buffer.from(url.split(",")[1]!, "base64"));
      let count = 0;
      for (let i = 0; i < rgb.length; i += 3)
        if (Math.hypot(rgb[i]! - 194, rgb[i + 1]! - 65, rgb[i + 2]! - 12) < 30) count++;
      return count;
    });
    // The variable, × and +; then the gradient 1 of the result, what + passes back, what × passes back.
    expect(red.slice(0, 3)).toEqual([0, 0, 0]);
    expect(red[3]).toBeGreaterThan(0);
    expect(red[4]).toBeGreaterThan(red[3]!);
    expect(red[5]! - red[4]!).toBeGreaterThan(red[4]! - red[3]!);
  });

  test("goes through tensors: shape and norm of each, values first, gradients on the way back", () => {
    const W = tensor(
      [
        [0.1, 0.5],
        [-0.3, 0.8],
        [0.2, -0.1],
      ],
      { requiresGrad: true },
    ).named("W");
    const x = tensor([
      [0.2, 0.4],
      [1, -1],
      [0.5, 0.3],
    ]).named("x");
    const loss = x.matmul(W.transpose(0, 1)).relu().mean().named("loss");
    const shown = show.backpropagation(loss);
    expect(String(shown)).toMatch(
      /^loss = 0\.\d+ by 4 operations forward; as many backward give ∂loss\/∂W has norm 0\.\d+\.$/,
    );
    const bundle = expectPicture("backpropagation-tensors", shown, mostAnimationBytes);
    const png = Buffer.from(String(bundle.data["image/png"]), "base64");
    expect(png.readUInt32BE(png.indexOf("acTL") + 4)).toBe(10);
    const { data: frames } = bundle.data[VEGALITE_MIME] as { data: { values: { url: string }[] } };
    const red = frames.values.map(({ url }) => {
      const { rgb } = decodePng(Buffer.from(url.split(",")[1]!, "base64"));
      let count = 0;
      for (let i = 0; i < rgb.length; i += 3)
        if (Math.hypot(rgb[i]! - 194, rgb[i + 1]! - 65, rgb[i + 2]! - 12) < 30) count++;
      return count;
    });
    expect(red.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    for (let i = 5; i < 10; i++) expect(red[i]!).toBeGreaterThan(red[i - 1]!);
  });

  test("leaves no trace: backward() still works, and gives what was shown", () => {
    const f = lectureExample();
    const [q] = f.inputs;
    bundleOf(show.backpropagation(f));
    f.backward();
    expect(q!.inputs.length).toBe(2);
    expect(q!.inputs.map((input) => input.grad!.item())).toEqual([-4, -4]);
  });

  test("says what is wrong", () => {
    expect(() => show.backpropagation(tensor([1, 2], { requiresGrad: true }).mul(2))).toThrow(
      "show.backpropagation: the way back begins at a single number, this tensor has the shape 2; give its sum() or mean()",
    );
    let long = leaf(1, "x");
    for (let i = 0; i < 30; i++) long = long.tanh();
    expect(() => show.backpropagation(long)).toThrow(
      "31 numbers are too many to follow step by step (at most 22)",
    );
    expect(() => show.backpropagation(tensor(1))).toThrow("nothing to go back through");
    expect(() => Reflect.apply(show.backpropagation, null, ["f"])).toThrow(
      "expected a tensor, such as a loss",
    );
    expect(() => show.backpropagation(lectureExample(), { maxSteps: 1.5 })).toThrow("maxSteps must be");
    expect(() => Reflect.apply(show.backpropagation, null, [lectureExample(), { as: "film" }])).toThrow(
      'as must be "grid" or "animation"',
    );
    const f = lectureExample();
    f.backward();
    expect(() => show.backpropagation(f)).toThrow("backward() has been through this graph already");
  });
});
