import { describe, expect, it } from "vitest";
import { fitText, textPath, textWidth } from "../../../kernel/view/drawing/font.ts";

/** Heights of the points on a path: M is absolute, l and q are steps. */
function heights(path: string): number[] {
  const found: number[] = [];
  let y = 0;
  for (const [, command, given] of path.matchAll(/([Mlq])([-\d. ]+)/g)) {
    const last = Number(given!.split(" ").at(-1));
    y = command === "M" ? last : y + last;
    found.push(y);
  }
  return found;
}

describe("text as outlines", () => {
  it("measures with the font's own advance widths (DejaVu Sans, 2048 units per em)", () => {
    expect(textWidth("A", 2048)).toBe(1401);
    expect(textWidth("i", 2048)).toBe(569);
    expect(textWidth("Ai", 10)).toBeCloseTo(((1401 + 569) / 2048) * 10, 9);
    expect(textWidth("A", 2048, "bold")).toBe(1585);
    expect(textWidth("", 11)).toBe(0);
  });

  it("draws simple, composite and empty glyphs", () => {
    expect(textPath("l", 0, 0, 11)).toMatch(/^M[\d. -]+(l[\d. -]+){3,4}z$/);
    expect(textPath("é", 0, 0, 11).match(/z/g)).toHaveLength(3);
    expect(textPath(" ", 0, 0, 11)).toBe("");
  });

  it("moves the parts of a composite glyph: the acute stands above the e", () => {
    expect(Math.min(...heights(textPath("é", 0, 0, 20)))).toBeLessThan(
      Math.min(...heights(textPath("e", 0, 0, 20))) - 2,
    );
    expect(textPath("é", 0, 0, 20)).toContain(textPath("e", 0, 0, 20));
  });

  it("starts each letter where the one before ends", () => {
    const starts = (path: string) => [...path.matchAll(/M([\d.]+)/g)].map((match) => Number(match[1]));
    const [first, second] = starts(textPath("ll", 0, 0, 11));
    expect(second! - first!).toBeCloseTo(textWidth("l", 11), 1);
  });

  it("has the marks that captions use", () => {
    const missing = textPath("\u{10ffff}", 0, 0, 10);
    for (const mark of ["✓", "✗", "→", "▶", "−", "×", "·", "…", "∞"]) {
      expect(textPath(mark, 0, 0, 10), mark).not.toBe(missing);
      expect(textPath(mark, 0, 0, 10), mark).not.toBe("");
    }
  });

  it("places outlines on the baseline at the size asked for", () => {
    const found = heights(textPath("H", 5, 100, 20));
    expect(Math.max(...found)).toBeCloseTo(100, 9);
    expect(Math.min(...found)).toBeCloseTo(100 - (1493 / 2048) * 20, 1);
  });

  it("shortens text to a width with an ellipsis", () => {
    expect(fitText("short", 200, 11)).toBe("short");
    const fitted = fitText("a very long caption", 60, 11);
    expect(fitted).toMatch(/^a very.*…$/);
    expect(textWidth(fitted, 11)).toBeLessThanOrEqual(60);
  });
});
