import { describe, expect, it } from "vitest";
import { table } from "../../../kernel/view/drawing/table.ts";
import { compare, summaryTable } from "../../../kernel/view/network/summary.ts";
import { formatNumber, formatPercent, formatSeconds, wrapped } from "../../../kernel/view/wording.ts";
import { bundleOf, textOf } from "../decode.ts";

describe("tables", () => {
  it("are Markdown, and aligned text after a sentence", () => {
    const bundle = bundleOf(
      summaryTable(
        "Net",
        [
          { path: "conv", layer: "Conv2d(1 → 6, 5×5)", outputShape: [6, 28, 28], parameterCount: 156 },
          { path: "fc", layer: "Linear(4704 → 10)", outputShape: [10], parameterCount: 47050 },
        ],
        47206,
        [1, 32, 32],
      ),
    );
    expect(Object.keys(bundle.data)).toEqual(["text/markdown", "text/plain"]);
    expect(String(bundle.data["text/markdown"]).split("\n")).toEqual([
      "**Net**",
      "",
      "| name | layer | output shape | parameters |",
      "| :--- | :--- | ---: | ---: |",
      "| input |  | 1×32×32 |  |",
      "| conv | Conv2d(1 → 6, 5×5) | 6×28×28 | 156 |",
      "| fc | Linear(4704 → 10) | 10 | 47,050 |",
      "| **total** |  |  | **47,206** |",
    ]);
    const lines = textOf(bundle).split("\n");
    expect(lines[0]).toBe("Net: 2 layers, 47,206 parameters.");
    expect(
      new Set(
        lines.filter((line) => /\d$/.test(line) && !line.startsWith("input")).map((line) => line.length),
      ).size,
    ).toBe(1);
  });

  it("escape what Markdown and MathJax would read as markup", () => {
    const bundle = bundleOf(
      table({ text: "T.", columns: [{ title: "a|b", align: "left" }], rows: [["$x_1$ *y* `z` <b>"]] }),
    );
    expect(bundle.data["text/markdown"]).toContain("| a\\|b |");
    expect(bundle.data["text/markdown"]).toContain("\\$x\\_1\\$ \\*y\\* \\`z\\` \\<b\\>");
  });

  it("compare states the best", () => {
    const text = textOf(
      bundleOf(compare({ linear: { accuracy: 0.924 }, "LeNet-5": { accuracy: 0.989, parameters: 61706 } })),
    );
    expect(text).toContain("2 results compared; highest accuracy: LeNet-5 (98.90 %).");
    expect(text).toContain("61,706");
    expect(textOf(bundleOf(compare({ a: { error: 0.02 }, b: { error: 0.01 } })))).toContain(
      "lowest error: b (1.00 %)",
    );
    expect(() => compare({})).toThrow("nothing to compare");
  });
});

describe("wording", () => {
  it("rounds, groups and gives units", () => {
    expect(
      [0, 0.01234, 1.2345, 123.45, 12345.6, 1.23e-7, -2, 4.5e9].map((value) => formatNumber(value)),
    ).toEqual(["0", "0.0123", "1.23", "123", "12,346", "1.23e−7", "−2", "4.5e9"]);
    expect([Number.NaN, Number.NEGATIVE_INFINITY].map((value) => formatNumber(value))).toEqual(["NaN", "−∞"]);
    expect([0.4, 12, 185, 7800].map(formatSeconds)).toEqual(["0.4 s", "12 s", "3 min 05 s", "2 h 10 min"]);
    expect(formatPercent(0.9876)).toBe("98.8 %");
    expect(wrapped("one two three four", 70)).toEqual(["one two", "three four"]);
    // A number is not parted from its percent sign.
    expect(wrapped("right in 96.7 %).", 84)).toEqual(["right in", "96.7 %)."]);
  });
});
