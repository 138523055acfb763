import { describe, expect, it } from "vitest";
import { chartSvg } from "../../../kernel/view/drawing/chart-image.ts";
import { reachOf, withoutIdleClips } from "../../../kernel/view/drawing/clip.ts";

describe("how far a path reaches", () => {
  it.each([
    ["M1,2L-3,4.5Z", { left: -3, right: 1, top: 2, bottom: 4.5 }],
    ["M10,20h5v-8h-5Z", { left: 10, right: 15, top: 12, bottom: 20 }],
    ["M0,0C1,9,2,-9,3,1e1", { left: 0, right: 3, top: -9, bottom: 10 }],
    ["M2,0A2,2,0,1,1,-2,0A2,2,0,1,1,2,0", { left: -2, right: 2, top: -2, bottom: 2 }],
    ["M0,0A5,5,0,0,1,1,1", { left: -9, right: 11, top: -9, bottom: 11 }],
  ])("%s", (path, reach) => expect(reachOf(path)).toEqual(reach));

  it("is unknown for commands that Vega does not write", () => {
    expect(reachOf("M0,0s1,2,3,4")).toBeNull();
  });
});

describe("a clip", () => {
  const clipped = (mark: string) =>
    `<svg><g class="a" clip-path="url(#c1)" role="b">${mark}</g><defs><clipPath id="c1"><rect x="0" y="0" width="10" height="10"/></clipPath></defs></svg>`;

  it.each([
    '<path d="M0,0L10,10"/>',
    '<path transform="translate(5,5)" d="M2,0A2,2,0,1,1,-2,0A2,2,0,1,1,2,0"/>',
  ])("goes where it cuts nothing: %s", (mark) => {
    expect(withoutIdleClips(clipped(mark))).toContain(`<g class="a" role="b">${mark}</g>`);
  });

  it.each([
    '<path d="M0,0L10,10.1"/>',
    '<path transform="translate(9,5)" d="M2,0A2,2,0,1,1,-2,0A2,2,0,1,1,2,0"/>',
    '<path transform="rotate(45)" d="M0,0L1,1"/>',
    '<g><path d="M0,0L1,1"/></g>',
    '<path d="M0,0L1,1"/><image width="30" height="30"/>',
  ])("stays where it may: %s", (mark) => {
    expect(withoutIdleClips(clipped(mark))).toBe(clipped(mark));
  });

  it("is found in what Vega draws", async () => {
    const line = (most: number) => ({
      data: { values: [0, 1, 2, 3].map((x) => ({ x, y: x * x })) },
      width: 100,
      height: 60,
      mark: { type: "line", clip: true },
      encoding: {
        x: { field: "x", type: "quantitative" },
        y: { field: "y", type: "quantitative", scale: { domain: [0, most] } },
      },
    });
    expect(await chartSvg(line(9))).not.toMatch(/<g\b[^>]* clip-path=/);
    expect(await chartSvg(line(5))).toMatch(/<g\b[^>]* clip-path=/);
  });
});
