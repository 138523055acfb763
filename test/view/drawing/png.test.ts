import { describe, expect, it } from "vitest";
import { encodePng } from "../../../kernel/view/drawing/png.ts";
import { decodePng } from "../decode.ts";

function pixels(
  width: number,
  height: number,
  colour: (i: number) => readonly [number, number, number],
): Uint8Array {
  const rgba = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) rgba.set([...colour(i), 255], 4 * i);
  return rgba;
}

const withoutAlpha = (rgba: Uint8Array) => rgba.filter((_, i) => i % 4 !== 3);

describe("PNG", () => {
  it("keeps every pixel of a picture of few colours", () => {
    const rgba = pixels(31, 17, (i) => [i % 7, (i * 3) % 11, 200]);
    const decoded = decodePng(encodePng(rgba, 31, 17, { exact: true }));
    expect(decoded).toMatchObject({ width: 31, height: 17 });
    expect(Buffer.compare(decoded.rgb, withoutAlpha(rgba))).toBe(0);
  });

  it("keeps every pixel of a picture of many colours, equal rows included", () => {
    const rgba = pixels(40, 40, (i) => [i % 40, Math.floor(i / 80) * 5, (i % 40) * 6]);
    const decoded = decodePng(encodePng(rgba, 40, 40, { exact: true }));
    expect(Buffer.compare(decoded.rgb, withoutAlpha(rgba))).toBe(0);
  });

  it("merges near colours of a chart, unseen, and keeps white white", () => {
    const rgba = pixels(64, 64, (i) =>
      i % 3 === 0 ? [255, 255, 255] : [40 + (i % 5), 100 + (i % 7), i % 200],
    );
    const decoded = decodePng(encodePng(rgba, 64, 64, { exact: false }));
    const original = withoutAlpha(rgba);
    const differences = Array.from(decoded.rgb, (value, i) => Math.abs(value - original[i]!));
    expect(Math.max(...differences)).toBeLessThan(16);
    expect([...decoded.rgb.subarray(0, 3)]).toEqual([255, 255, 255]);
  });

  it("keeps the common colours of a chart that has far too many, and stays small", () => {
    const noise = (i: number, k: number) => (i * 7919 * k + ((i * i) % 8191)) % 256;
    const rgba = pixels(100, 100, (i) =>
      i % 4 > 0 ? [119, 181, 217] : [noise(i, 1), noise(i, 3), noise(i, 5)],
    );
    const png = encodePng(rgba, 100, 100, { exact: false });
    const decoded = decodePng(png);
    const original = withoutAlpha(rgba);
    for (let i = 0; i < 10_000; i++) {
      const off = [0, 1, 2].map((k) => Math.abs(decoded.rgb[3 * i + k]! - original[3 * i + k]!));
      expect(Math.max(...off)).toBeLessThan(i % 4 > 0 ? 1 : 64);
    }
    expect(png.length).toBeLessThan(10_000);
  });

  it("keeps the colours that count where edges of text make them too many, in a palette", () => {
    const grey = (level: number) => [level, level, level] as const;
    const rgba = pixels(100, 60, (i) => (i < 4000 ? grey((i * 7) % 200) : [i % 90, (i * 3) % 90, 255]));
    const packed = new Uint32Array(rgba.buffer);
    const kept = [...new Set(packed.subarray(0, 4000))];
    const png = encodePng(rgba, 100, 60, { exact: true, kept });
    const decoded = decodePng(png);
    const original = withoutAlpha(rgba);
    expect(png[25], "a palette").toBe(3);
    expect(Buffer.compare(decoded.rgb.subarray(0, 12_000), original.subarray(0, 12_000))).toBe(0);
    for (let i = 12_000; i < original.length; i++)
      expect(Math.abs(decoded.rgb[i]! - original[i]!)).toBeLessThan(16);
    expect(encodePng(rgba, 100, 60, { exact: true })[25], "24 bits without").toBe(2);
  });
});
