// The rules of the tree: who may import whom, which folders there are, and that nothing belongs to one machine only.

import { homedir } from "node:os";
import { describe, expect, test } from "vitest";
import { canonicalText, notebooks } from "./canonicalNotebook.ts";
import { importsOf } from "./imports.ts";
import { files, folders, read, root } from "./project.ts";

const modules = files.filter((file) => /^(engine|kernel)\/.*\.ts$/.test(file));
const imports = modules.flatMap((file) =>
  importsOf(file, read(file)).map((found) => ({
    ...found,
    from: file,
    text: `${file} imports ${found.specifier}`,
  })),
);

/** The layers, the lowest first; a module imports from its own layer and from lower ones. */
const layers = ["engine/kernels/", "engine/", "kernel/view/", "kernel/"];
const layerOf = (file: string): number => layers.findIndex((layer) => file.startsWith(layer));

describe("imports", () => {
  test("are found in static, dynamic, re-exporting and worker form", () => {
    const text = [
      'import { a } from "../engine/index.ts";',
      'import type { B } from "./b.ts";',
      "import {",
      "  c,",
      '} from "node:fs";',
      'import "vega";',
      'export * from "./d.ts";',
      'const e = await import("./e.ts");',
      'new URL("./worker.ts", import.meta.url);',
      '// import "./comment.ts"',
    ].join("\n");
    const found = importsOf("kernel/x.ts", text);
    expect(found.map(({ specifier }) => specifier)).toEqual([
      "../engine/index.ts",
      "./b.ts",
      "node:fs",
      "vega",
      "./d.ts",
      "./e.ts",
      "./worker.ts",
    ]);
    expect(found.map(({ file }) => file)).toContain("engine/index.ts");
    expect(found.filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier)).toEqual(["./b.ts"]);
    expect(imports.length).toBeGreaterThan(100);
  });

  test("go one way: engine/kernels → engine → kernel/view → kernel", () => {
    const upward = imports.filter(({ from, file }) => file !== null && layerOf(file) > layerOf(from));
    expect(upward.map(({ text }) => text)).toEqual([]);
  });

  test("stay in the project's own two folders", () => {
    const outside = imports.filter(({ file }) => file !== null && layerOf(file) === -1);
    expect(outside.map(({ text }) => text)).toEqual([]);
  });

  test("of the engine and of the views stand in one file of the kernel, besides what doctor asks", () => {
    const kernelOnly = imports.filter(({ from }) => layerOf(from) === 3);
    const reaching = kernelOnly.filter(
      ({ file, typeOnly }) => file !== null && !typeOnly && layerOf(file) < 3,
    );
    const allowed = new Set(["kernel/preload/names.ts", "kernel/cli/doctor.ts"]);
    expect(reaching.filter(({ from }) => !allowed.has(from)).map(({ text }) => text)).toEqual([]);
  });

  test("of Node and of packages are, in the engine, only in modules whose head says so", () => {
    const external = imports.filter(({ from, file }) => from.startsWith("engine/") && file === null);
    const undeclared = external.filter(
      ({ from }) => !/Node[- ]only|package is loaded when used/.test(headOf(read(from))),
    );
    expect(undeclared.map(({ text }) => text)).toEqual([]);
  });
});

/** The comment that a file begins with. */
function headOf(text: string): string {
  return text.match(/^(?:\/\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/)?.[0] ?? "";
}

describe("the tree", () => {
  test("has exactly the top-level folders that were agreed", () => {
    expect(folders(1)).toEqual([".ci", "engine", "kernel", "notebooks", "test"]);
  });

  test("is the one that the README shows", () => {
    const named = new Set(
      [...read("README.md").matchAll(/^\| `([a-z/-]+)\/` \|/gm)].map(([, folder]) => folder),
    );
    const known = [...folders(1), ...folders(2), ...folders(3)];
    const inner = folders(2).filter((folder) => /^(engine|kernel|notebooks)\//.test(folder));
    expect(inner.filter((folder) => !named.has(folder) && folder !== "notebooks/images")).toEqual([]);
    expect([...named].filter((folder) => !known.includes(folder ?? ""))).toEqual([]);
  });

  test("names no place of the machine it was written on", () => {
    const own = [root, homedir()].filter((path) => path.length > 3);
    const places = /(?<![\w.])\/(?:work|root|home\/\w+|Users\/\w+|tmp)\//;
    const text = files.filter((file) => !/\.(png|gz|wasm|ttf|bin)$/.test(file));
    const found = text.filter((file) => {
      const content = read(file);
      return places.test(content) || own.some((path) => content.includes(`${path}/`));
    });
    expect(found).toEqual([]);
  });

  test("has no default exports and no other modules than ES modules", () => {
    const wrong = modules.filter((file) =>
      /^export default|\brequire\("\.|^module\.exports/m.test(read(file)),
    );
    expect(wrong).toEqual([]);
  });
});

describe("notebooks", () => {
  test.each(notebooks)(
    "%s is kept without outputs, in the canonical form (`npm run format` does it)",
    (file) => {
      expect(read(file)).toBe(canonicalText(read(file)));
    },
  );

  test("lose outputs, counters and editors' traces in the canonical form, and keep text and marks", () => {
    const cell = {
      cell_type: "code",
      id: "a",
      execution_count: 3,
      metadata: { trusted: true, nbgrader: { grade: true }, tags: ["raises-exception"] },
      outputs: [{ output_type: "stream", name: "stdout", text: "1" }],
      source: "a\nb",
    };
    const text = canonicalText(
      JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 4 }),
    );
    const notebook = JSON.parse(text);
    expect(notebook.cells).toEqual([
      {
        cell_type: "code",
        id: "a",
        execution_count: null,
        metadata: { nbgrader: { grade: true }, tags: ["raises-exception"] },
        outputs: [],
        source: ["a\n", "b"],
      },
    ]);
    expect(notebook.metadata.kernelspec.name).toBe("nnlab");
    expect(canonicalText(text)).toBe(text);
  });

  test("begin slides at headings, and parts of slides at further texts and at code behind code", () => {
    const sources = ["# Title", "code", "more code", "text", "code", "Notice.\n\n## Heading", "### Part"];
    const cells = sources.map((source) => ({
      cell_type: source.endsWith("code") ? "code" : "markdown",
      metadata: source === "text" ? { slideshow: { slide_type: "notes" } } : {},
      source,
    }));
    const notebook = JSON.parse(
      canonicalText(JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 })),
    );
    const slides = notebook.cells.map(
      ({ metadata }: { metadata: { slideshow?: { slide_type: string } } }) => metadata.slideshow?.slide_type,
    );
    expect(slides).toEqual(["slide", undefined, "subslide", "notes", undefined, "slide", "subslide"]);
  });
});
