/** What the benchmark of displays times: the picture of a cell, without the computation that it is given. */
import { describe, expect, test } from "vitest";
import { partCell } from "./gallery.ts";

describe("a cell of the gallery", () => {
  test("is parted from the call that shows its picture", () => {
    const cell = partCell("const a = 1;\nshow.bars(slow(a), { labels })");
    expect(cell).toEqual({
      name: "show.bars",
      before: "const a = 1;\n\nconst given = [slow(a), { labels }];",
      shown: "show.bars(...given)",
    });
  });

  test("tells by its name in which way a picture is shown", () => {
    expect(partCell('show.backpropagation(f, { as: "animation" })').name).toBe(
      "show.backpropagation, animation",
    );
  });

  test("may end in an object that shows itself, or in no picture", () => {
    expect(partCell("const batch = first();\nbatch")).toMatchObject({ name: "a batch", shown: "batch" });
    expect(partCell("for (const x of all) use(x);").shown).toBeNull();
  });
});
