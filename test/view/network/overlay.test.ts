import { describe, expect, it } from "vitest";
import { inspection, tensor, zeros } from "../../../engine/index.ts";
import { nonFinite } from "../../../kernel/view/colours.ts";
import { enlarged } from "../../../kernel/view/drawing/resample.ts";
import { installViews } from "../../../kernel/view/hooks.ts";
import { show } from "../../../kernel/view/index.ts";
import { type Displayable, displaySymbol } from "../../../kernel/view/mime.ts";
import { bundleOf, countColour, pictureOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";
import { digits, edgeNetwork } from "./edgeNetwork.ts";

const model = edgeNetwork();
const [image, label] = digits.test.at(0);
const ramp = (height: number, width: number, value: (i: number) => number) =>
  tensor(
    Float32Array.from({ length: height * width }, (_, i) => value(i)),
    { shape: [height, width] },
  );

describe("show.overlay", () => {
  it("compares what the methods of inspection find", () => {
    expect(model(image.unsqueeze(0)).argmax().item()).toBe(label);
    const shown = show.overlay(
      image,
      {
        saliency: inspection.saliency(model, image),
        "guided backprop": inspection.guidedBackprop(model, image).gradient,
        deconvnet: inspection.deconvnet(model, image, { layer: "0.3" }),
        occlusion: inspection.occlusion(model, image, { size: 7 }),
        "Grad-CAM": inspection.gradCam(model, image),
        CAM: inspection.cam(edgeNetwork(true), image, { class: label }),
      },
      { classes: digits.test.classes, box: true },
    );
    expectPicture("overlay", shown);
    expect(String(shown)).toMatch(/^Strongest at \(row, column\): saliency \(\d+, \d+\), guided/);
  });

  it("says where one map is strongest, in pixels of the image", () => {
    const map = ramp(4, 4, (i) => (i === 6 ? 2 : 0.1));
    expect(String(show.overlay(zeros([1, 28, 28]), map))).toBe(
      "map (4×4): strongest at row 10, column 17 of 28×28 pixels.",
    );
  });

  it("colours signed maps around 0, and others from 0", () => {
    const of = (map: Displayable) => pictureOf(bundleOf(map));
    const black = zeros([1, 8, 8]);
    const bright = [253, 231, 37];
    expect(
      countColour(
        of(
          show.overlay(
            black,
            ramp(8, 8, (i) => i % 2),
          ),
        ),
        bright,
      ),
    ).toBeGreaterThan(0);
    expect(
      countColour(
        of(
          show.overlay(
            black,
            ramp(8, 8, (i) => (i % 2) - 0.5),
          ),
        ),
        bright,
      ),
    ).toBe(0);
  });

  it("lets the image through where the map is 0, and frames where it is not", () => {
    const white = tensor(new Float32Array(64).fill(0.5), { shape: [1, 8, 8] });
    const map = ramp(8, 8, (i) => (i === 27 ? 1 : 0));
    const plain = pictureOf(bundleOf(show.overlay(white, map)));
    const framed = pictureOf(bundleOf(show.overlay(white, map, { box: 0.5 })));
    const side = Math.round(300 / 8);
    expect(countColour(plain, [128, 128, 128])).toBe((64 + 63) * side * side);
    const frame = [255, 210, 63];
    expect(countColour(plain, frame)).toBe(0);
    expect(countColour(framed, frame)).toBe(4 * (side + 1) + 4 * (side - 1));
  });

  it("takes colour images, large ones, channels of signed gradients and maps of any size below 200 KB", () => {
    const noise = (shape: number[], scale = 1) => {
      const size = shape.reduce((product, dim) => product * dim, 1);
      const values = Float32Array.from({ length: size }, (_, i) => (((i * 7919) % 613) / 613 - 0.3) * scale);
      return tensor(values, { shape });
    };
    const maps = { gradient: noise([3, 224, 150], 1e-4), small: noise([7, 7]), one: noise([1, 14, 14]) };
    const bundle = bundleOf(show.overlay(noise([3, 224, 150]), maps, { box: true }));
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
  });

  it("counts what is not a number, and does not spread it", () => {
    const map = ramp(4, 4, (i) => (i === 0 ? Number.NaN : i === 1 ? Number.POSITIVE_INFINITY : i));
    const bundle = bundleOf(show.overlay(zeros([1, 4, 4]), map));
    const side = Math.round(300 / 4);
    expect(countColour(pictureOf(bundle), nonFinite.nan)).toBeGreaterThanOrEqual(2 * side * side);
    const none = ramp(2, 2, () => Number.NaN);
    expect(String(show.overlay(zeros([1, 4, 4]), none))).toContain("nothing counts");
    expect(String(show.overlay(zeros([1, 4, 4]), zeros([4, 4]), { box: true }))).toContain("nothing counts");
  });

  it("says what it cannot draw", () => {
    const map = zeros([4, 4]);
    expect(() => show.overlay(zeros([2, 1, 8, 8]), map)).toThrow(/one image, got 2 images; take one/);
    expect(() => show.overlay(image, zeros([5, 4, 4]))).toThrow(/\[3, h, w\], got shape 5×4×4/);
    expect(() => show.overlay(image, { "Grad-CAM": zeros([9]) })).toThrow(/"Grad-CAM" must be/);
    expect(() => show.overlay(image, {})).toThrow(/give a map/);
    expect(() => show.overlay(image, { a: 3 as never })).toThrow(/inspection found for "a", got/);
    expect(() => show.overlay(image, map, { opacity: 2 })).toThrow(/opacity must be from 0 to 1, got 2/);
  });

  it("is how findings show themselves", () => {
    const stop = installViews({ display: () => {}, update: () => {}, atEnd: () => {} });
    const found = inspection.gradCam(model, image);
    const shown = (found as unknown as Displayable)[displaySymbol]();
    expect(shown).toEqual(bundleOf(show.overlay(image, found)));
    expect(String(found)).toMatch(/^Grad-CAM of class 9 \(score [\d.]+\): map \[7, 7\]$/);
    stop();
  });
});

describe("enlarged", () => {
  it("is linear between the middles of values, as PyTorch's bilinear without align_corners", () => {
    const row = enlarged([0, 1], { height: 1, width: 2 }, { height: 1, width: 4 });
    expect(Array.from(row)).toEqual([0, 0.25, 0.75, 1]);
    expect(Array.from(enlarged([1, 2, 3, 4], { height: 2, width: 2 }, { height: 2, width: 2 }))).toEqual([
      1, 2, 3, 4,
    ]);
    expect(Array.from(enlarged([5], { height: 1, width: 1 }, { height: 2, width: 2 }))).toEqual([5, 5, 5, 5]);
  });
});
