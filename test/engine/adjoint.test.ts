/** Convolution and its transpose are each other's adjoint on every backend. */
import { describe, expect, test } from "vitest";
import { withBackend } from "../../engine/backend/current.ts";
import { conv2d, convTranspose2d, Generator, tensor } from "../../engine/index.ts";
import { backends } from "./helpers.ts";

describe.each(backends.map(({ name, backend }) => [name, backend] as const))("on %s", (_name, backend) => {
  test("⟨conv x, y⟩ = ⟨x, convTranspose y⟩ for a hundred random geometries", () => {
    const generator = new Generator(11);
    const one = (least: number, most: number) => least + generator.integer(most - least + 1);
    withBackend(backend, () => {
      for (let round = 0; round < 100; round++) {
        const groups = one(1, 2);
        const [inChannels, outChannels] = [groups * one(1, 2), groups * one(1, 2)];
        const kernel = [one(1, 3), one(1, 3)] as const;
        const pair = (least: number, most: number) => [one(least, most), one(least, most)] as const;
        const [stride, dilation, padding] = [pair(1, 3), pair(1, 2), pair(0, 2)];
        const size = [0, 1].map((d) => dilation[d]! * (kernel[d]! - 1) + 1 + one(0, 6));
        const whole = (...shape: number[]) =>
          tensor(
            Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => generator.integer(7) - 3),
            { shape },
          );
        const x = whole(one(1, 2), inChannels, size[0]!, size[1]!);
        const w = whole(outChannels, inChannels / groups, ...kernel);
        const flip = round % 2 === 1;
        const forward = conv2d(x, w, null, { stride, dilation, padding, groups, flip });
        const y = whole(...forward.shape);
        const outputPadding = [0, 1].map(
          (d) => (size[d]! + 2 * padding[d]! - dilation[d]! * (kernel[d]! - 1) - 1) % stride[d]!,
        ) as [number, number];
        const back = convTranspose2d(y, w, null, { stride, dilation, padding, groups, outputPadding, flip });
        // Whole numbers, small enough to be added without rounding.
        expect(back.mul(x).sum().item()).toBe(forward.mul(y).sum().item());
      }
    });
  });
});
