/** The gallery: each picture of `show` has an example cell that runs, a snapshot, and a line with it in the README. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { show } from "../../kernel/view/index.ts";
import { projectRoot } from "../support/jupyter.ts";
import { snapshotFolder } from "../view/snapshot.ts";
import { executeNotebook, joined, readNotebook } from "./notebook.ts";

const path = join(projectRoot, "notebooks", "gallery.ipynb");
const sources = readNotebook(path)
  .cells.filter(({ cell_type }) => cell_type === "code")
  .map(({ source }) => joined(source));

describe.each(Object.keys(show))("show.%s", (name) => {
  test("has an example in the gallery, a snapshot, and a line with it in the README", () => {
    expect(sources.filter((source) => source.includes(`show.${name}(`))).not.toEqual([]);
    const snapshot = [`${name}.png`, `${name}.md`].find((file) => existsSync(join(snapshotFolder, file)));
    expect(snapshot, `${name}.png, or ${name}.md for a table`).toBeDefined();
    const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
    const line = readme.split("\n").find((text) => text.startsWith(`| \`show.${name}\` |`));
    expect(line).toContain(`test/view/snapshots/${snapshot}`);
  });
});

test("the gallery runs from a clean kernel, and each cell shows a picture that says what it is", {
  timeout: 300_000,
}, async () => {
  const { code, output, notebook } = await executeNotebook(path);
  expect(code, output).toBe(0);
  for (const { cell_type, source, outputs = [] } of notebook!.cells) {
    if (cell_type !== "code") continue;
    expect(outputs.filter(({ output_type }) => output_type === "error")).toEqual([]);
    const shown = outputs.flatMap(({ data }) => (data ? [data] : []));
    expect(shown, joined(source)).not.toEqual([]);
    for (const data of shown) expect(joined(data["text/plain"] as string | string[])).not.toBe("");
  }
});
