import { describe, expect, it } from "vitest";
import { full, inspection, nn, rand, seed } from "../../../engine/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";
import { digits, edgeNetwork } from "./edgeNetwork.ts";

const model = edgeNetwork();

describe("show.topPatches", () => {
  it("sets the patches of each channel in a row, and below each what of it the unit answers to", () => {
    const shown = show.topPatches(model, digits.test, {
      layer: "0.3",
      channels: [0, 2, 9],
      reconstruction: "deconvnet",
    });
    expectPicture("topPatches", shown);
    expect(String(shown)).toMatch(
      /^Patches of 10×10 pixels, among 60 images, that excite 3 channels of layer 0.3 most/,
    );
  });

  it("finds what inspection finds, channel by channel, in one run over the images", () => {
    let runs = 0;
    const counting = model.registerForwardHook(() => void runs++);
    const text = String(show.topPatches(model, digits.test, { layer: "0.0", count: 3 }));
    counting.remove();
    const all = Array.from({ length: 8 }, (_, channel) =>
      inspection.topPatches(model, digits.test, { layer: "0.0", channel, count: 3 }),
    ).flat();
    const best = all.sort((a, b) => b.activation - a.activation)[0]!;
    expect(text).toContain("8 channels of layer 0.0");
    expect(text).toContain(
      `of channel ${best.channel} in image ${best.image} at row ${best.place.top}, column ${best.place.left}.`,
    );
    // Once for the images, once for the receptive fields.
    expect(runs).toBe(2);
  });

  it("stays below 200 KB for large colour patches of many channels", () => {
    seed(1);
    const deep = nn.sequential(
      nn.conv2d(3, 12, 7, { stride: 3 }),
      nn.relu(),
      nn.conv2d(12, 10, 15),
      nn.relu(),
    );
    const bundle = bundleOf(
      show.topPatches(deep, rand([12, 3, 64, 64]), { layer: "2", reconstruction: "guided" }),
    );
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
  });

  it("says which channels nothing excites", () => {
    const layers = nn.sequential(nn.conv2d(1, 2, 3, { bias: false }), nn.relu());
    const asked = { layer: "1", count: 2 };
    const text = String(show.topPatches(layers, full([2, 1, 5, 5], 0), asked));
    expect(text).toMatch(/the strongest is 0, .*; nothing excites 2 of them\.$/);
  });

  it("says what it cannot show", () => {
    const of =
      (options: object, data: unknown = digits.test) =>
      () =>
        show.topPatches(model, data as never, options as never);
    expect(of({ layer: "9" })).toThrow(/topPatches: Sequential has no layer "9"/);
    expect(of({ layer: "0.0", channels: [8] })).toThrow(/channel must be a whole number from 0 to 7; got 8/);
    expect(of({ layer: "0.0", channels: [] })).toThrow(/channels is empty/);
    expect(of({ layer: "0.0", reconstruction: "odd", count: 1 })).toThrow(/relu is "backprop"/);
    expect(of({ layer: "0.0" }, full([2, 1, 28, 28], Number.NaN))).toThrow(/every activation is NaN/);
    expect(of({})).toThrow(/topPatches: Sequential has no layer/);
    expect(() => show.topPatches(model, digits.test, undefined as never)).toThrow(
      /takes its options as an object: \{ layer: … \}/,
    );
    const two = nn.sequential(nn.conv2d(2, 2, 3));
    expect(() => show.topPatches(two, rand([1, 2, 8, 8]), { layer: "0" })).toThrow(
      /2 channels are no pictures/,
    );
  });
});
