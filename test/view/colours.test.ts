import { describe, expect, it } from "vitest";
import { centred, colourOf, colourTable, nonFinite, valueRange } from "../../kernel/view/colours.ts";

const luminance = ([red, green, blue]: readonly number[]) => 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;

describe("colour maps", () => {
  it("viridis runs from dark violet to yellow, ever lighter", () => {
    const table = colourTable("viridis");
    expect([...table.subarray(0, 3)]).toEqual([0x44, 0x01, 0x54]);
    expect([...table.subarray(765)]).toEqual([0xfd, 0xe7, 0x25]);
    for (let level = 1; level < 256; level++) {
      const [before, here] = [
        table.subarray(3 * level - 3, 3 * level),
        table.subarray(3 * level, 3 * level + 3),
      ];
      expect(luminance([...here])).toBeGreaterThanOrEqual(luminance([...before]) - 0.5);
    }
  });

  it("the diverging map is white at its centre, blue below, red above", () => {
    const [low, high] = [-2, 2];
    expect(luminance(colourOf(0, "diverging", low, high))).toBeGreaterThan(250);
    const [below, above] = [colourOf(-2, "diverging", low, high), colourOf(2, "diverging", low, high)];
    expect(below[2]).toBeGreaterThan(below[0]);
    expect(above[0]).toBeGreaterThan(above[2]);
  });

  it("shows NaN and infinities in colours that no map has", () => {
    expect(colourOf(Number.NaN, "viridis", 0, 1)).toEqual(nonFinite.nan);
    expect(colourOf(Number.NEGATIVE_INFINITY, "grey", 0, 1)).toEqual(nonFinite.infinite);
    for (const map of ["viridis", "blues", "diverging", "grey"] as const) {
      const table = colourTable(map);
      for (const odd of [nonFinite.nan, nonFinite.infinite]) {
        for (let level = 0; level < 256; level++) {
          const distance = Math.hypot(...odd.map((value, i) => value - table[3 * level + i]!));
          expect(distance).toBeGreaterThan(60);
        }
      }
    }
  });

  it("ranges ignore what is not finite, and count it", () => {
    const values = [3, Number.NaN, -1, Number.POSITIVE_INFINITY, Number.NaN];
    expect(valueRange(values)).toEqual({ low: -1, high: 3, nan: 2, infinite: 1 });
    expect(centred(valueRange(values))).toMatchObject({ low: -3, high: 3 });
    expect(valueRange([Number.NaN])).toMatchObject({ low: 0, high: 1 });
    expect(centred(valueRange([0, 0]))).toMatchObject({ low: -1, high: 1 });
  });

  it("a constant is drawn in the middle of its map", () => {
    expect(colourOf(7, "grey", 7, 7)).toEqual([128, 128, 128]);
  });
});
