import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Notebook, writeFiles } from "./notebook.ts";

let notebook: Notebook;
beforeAll(async () => {
  notebook = new Notebook({
    "helper.ts": "export const answer: number = 42;\nexport interface Point { x: number }\n",
    "wrong.ts": "export const count: number = 'three';\n",
    "plain.js": "export const anything = undefined + 1;\nexport const text = 'a';\n",
    "values.json": '{ "rate": 0.5 }',
    "node_modules/typed/package.json":
      '{ "name": "typed", "type": "module", "exports": { "./part": { "types": "./part.d.ts", "default": "./part.js" } } }',
    "node_modules/typed/part.d.ts": "export declare const part: 'a part';\n",
  });
  await notebook.language.ready;
});
afterAll(() => notebook.close());

const ok: string[] = [];

describe("what is right", () => {
  test.each([
    [
      "Node and the web platform",
      "console.log(fetch, URL, setTimeout, structuredClone, performance.now()); process.version",
    ],
    [
      "new ECMAScript",
      "Object.groupBy([1], String); new Set([1]).union(new Set([2])); [1].values().map(x => x).toArray(); Promise.withResolvers()",
    ],
    ["await, for await", "for await (const x of [1, 2]) x; await Promise.resolve(1)"],
    ["import.meta", "import.meta.url.length + import.meta.dirname.length"],
    [
      "standard decorators",
      "function logged(value: Function, context: ClassMethodDecoratorContext) {}\nclass Logged { @logged run() {} }",
    ],
    [
      "JSON, with and without attributes",
      "import a from './values.json' with { type: 'json' };\nimport { rate } from './values.json';\na.rate + rate",
    ],
    ["a subpath of a package", "import { part } from 'typed/part';\nconst exactly: 'a part' = part"],
    ["the engine by its name", "const engine = import('nnlab')"],
    ["plain JavaScript, unchecked", "import { text } from './plain.js';\ntext.length"],
    ["import = require", "import fs = require('node:fs');\nfs.readFileSync('a', 'utf8').length"],
    [
      "using",
      "{ using file = { [Symbol.dispose]() {} }; await using other = { async [Symbol.asyncDispose]() {} }; }",
    ],
    ["exports", "export const exported = 1; export default class { y = 1 }"],
    [
      "a private member in an expression",
      "const Hidden = class { private secret = 1 }; const hidden = new Hidden()",
    ],
    ["@ts-ignore", "// @ts-ignore\nconst ignored: number = 'a'"],
    ["@ts-expect-error", "// @ts-expect-error\nconst expected: number = 'a'"],
    ["@ts-nocheck", "// @ts-nocheck\nconst unchecked: number = nowhere"],
    ["nothing", ""],
    ["a comment", "// nothing"],
  ])("%s", async (_what, code) => {
    expect(await notebook.problems(code)).toEqual(ok);
  });
});

describe("preloaded names", () => {
  test("are typed", async () => {
    expect(
      await notebook.problems("const y: Tensor = nn.linear(2, 3)(tensor([1, 2])); y.item().toFixed()"),
    ).toEqual(ok);
    expect(await notebook.problems("nn.linear('two', 3)")).toEqual(["TS2345 1:11"]);
    expect(await notebook.problems("const n: string = tensor([1]).item()")).toEqual(["TS2322 1:7"]);
  });

  test("include types that are no values", async () => {
    expect(await notebook.problems("const kind: DType = 'float64'")).toEqual(["TS2322 1:7"]);
    expect(await notebook.problems("const along: Reduction = { dim: 1 }")).toEqual(ok);
  });

  test.each([
    ["let", "let nn = 3", "nn.toFixed()"],
    ["const", "const tensor = 'a'", "tensor.length"],
    ["function", "function nn() { return 'a' }", "nn().length"],
    ["class", "class Tensor { z = 1 }", "new Tensor().z"],
    ["import", "import nn from 'node:fs'", "nn.readFileSync"],
    ["interface", "interface DType { name: string }", "const named: DType = { name: 'a' }"],
    ["enum", "enum tensor { A }", "tensor.A"],
    [
      "destructuring",
      "const { nn, list: [tensor] } = { nn: 'a', list: [true] }",
      "nn.length + Number(tensor)",
    ],
  ])("may be shadowed by %s", async (_kind, declaration, use) => {
    expect(await notebook.problems(declaration)).toEqual(ok);
    expect(await notebook.problems(use)).toEqual(ok);
  });
});

describe("from cell to cell", () => {
  test("a name may be declared again with another type", async () => {
    expect(await notebook.problems("let value = 1; function shape() { return 1 }")).toEqual(ok);
    expect(await notebook.problems("const value = 'a'; const shape = value")).toEqual(ok);
    expect(await notebook.problems("value.length + shape.length")).toEqual(ok);
    expect(await notebook.problems("value.toFixed()")).toEqual(["TS2551 1:7"]);
  });

  test("values keep their type when its name is declared again", async () => {
    await notebook.problems("interface Box { width: number }\nconst box: Box = { width: 1 }");
    await notebook.problems("interface Box { height: string }");
    expect(await notebook.problems("const other: Box = { height: 'a' }; box.width.toFixed()")).toEqual(ok);
    expect(await notebook.problems("const wrong: Box = box")).toEqual(["TS2741 1:7"]);
  });

  test("enums, namespaces, classes and generics live on", async () => {
    await notebook.problems(
      "enum Mood { Good, Bad }\nnamespace Maths { export const two = 2 }\nabstract class Base<T> { constructor(public item: T) {} }",
    );
    expect(
      await notebook.problems(
        "class Derived extends Base<number> {}\nnew Derived(Maths.two).item.toFixed() + Mood[Mood.Good]",
      ),
    ).toEqual(ok);
    expect(await notebook.problems("new Base(1)")).toEqual(["TS2511 1:1"]);
  });

  test("a variable is assigned by its type, a constant is not", async () => {
    await notebook.problems("let rate: number = 1; const limit = 2; var turn = 'a'");
    expect(await notebook.problems("rate = 0.1; turn += 'b'; rate++")).toEqual(ok);
    expect(await notebook.problems("rate = 'fast'")).toEqual(["TS2322 1:1"]);
    expect(await notebook.problems("limit = 3")).toEqual(["TS2588 1:1"]);
  });

  test("a long notebook holds only what is still visible", async () => {
    for (let cell = 0; cell < 12; cell++)
      await notebook.problems(`let again = ${cell}; function once${cell}() { return again }`);
    expect(await notebook.problems("once3().toFixed() + again.toFixed()")).toEqual(ok);
  });

  test("a cell with an error changes nothing", async () => {
    await notebook.problems("let kept = 1");
    expect(await notebook.problems("let kept = 'a'; let lost: number = kept")).toEqual(["TS2322 1:21"]);
    expect(await notebook.problems("kept.toFixed()")).toEqual(ok);
    expect(await notebook.problems("lost")).toEqual(["TS2304 1:1"]);
  });

  test("a type that cannot be written down still arrives", async () => {
    await notebook.problems("const Secret = class { private word = 'a'; say() { return this.word } }");
    expect(await notebook.problems("const said: number = new Secret().say()")).toEqual(["TS2322 1:7"]);
  });

  test("declare global stays in force", async () => {
    await notebook.problems("declare global { var counter: number }\ncounter = 1");
    expect(await notebook.problems("globalThis.counter.toFixed()")).toEqual(ok);
  });
});

describe("the student's files", () => {
  test("are typed, with their types", async () => {
    expect(
      await notebook.problems(
        "import { answer, type Point } from './helper.ts';\nconst at: Point = { x: answer }",
      ),
    ).toEqual(ok);
    expect(await notebook.problems("import { answer as text } from './helper';\ntext.length")).toEqual([
      "TS2339 2:6",
    ]);
    expect(await notebook.problems("import { missing } from './helper.ts'")).toEqual(["TS2305 1:10"]);
  });

  test("with errors of their own stop the cell that imports them, and no other", async () => {
    const { diagnostics } = await notebook.run("import { count } from './wrong.ts'");
    expect(diagnostics).toMatchObject([{ file: "wrong.ts", code: 2322, line: 1, column: 14 }]);
    expect(await notebook.problems("1 + 1")).toEqual(ok);
    expect(await notebook.problems("nowhere")).toEqual(["TS2304 1:1"]);
  });

  test("that went wrong later are no matter of a cell that no longer imports them", async () => {
    writeFiles(notebook.folder, { "spoilt.ts": "export const it = 1;\n" });
    expect(await notebook.problems("import { it as spoilt } from './spoilt.ts'")).toEqual(ok);
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFiles(notebook.folder, { "spoilt.ts": "export const it: number = 'a';\n" });
    expect(await notebook.problems("2 + 2")).toEqual(ok);
    expect(await notebook.problems("import { it as again } from './spoilt.ts'")).toHaveLength(1);
  });

  test("are read again after an edit", async () => {
    writeFiles(notebook.folder, { "changing.ts": "export const it = 1;\n" });
    expect(await notebook.problems("import { it } from './changing.ts';\nit.toFixed()")).toEqual(ok);
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFiles(notebook.folder, { "changing.ts": "export const it = 'a';\n" });
    expect(await notebook.problems("import { it } from './changing.ts';\nit.toFixed()")).toEqual([
      "TS2551 2:4",
    ]);
  });

  test("and packages are found once they are there", async () => {
    const cell = "import { late } from 'late';\nlate.toFixed()";
    const { diagnostics } = await notebook.run(cell);
    expect(diagnostics).toMatchObject([{ code: 2307 }]);
    expect(diagnostics[0]!.hint).toContain("%install late");
    writeFiles(notebook.folder, {
      "node_modules/late/package.json": '{ "name": "late", "types": "index.d.ts" }',
      "node_modules/late/index.d.ts": "export declare const late: number;\n",
    });
    expect(await notebook.problems(cell)).toEqual(ok);
  });
});

describe("errors", () => {
  test("come all at once, in order, with place, excerpt and mark", async () => {
    const code = "const a: number = 'x';\n\nconst fine = 1;\n  missing(fine);\n";
    const { diagnostics, javascript } = await notebook.run(code);
    expect(javascript).toBe("");
    expect(diagnostics).toMatchObject([
      { code: 2322, category: "error", line: 1, column: 7, endLine: 1, endColumn: 8 },
      { code: 2304, line: 4, column: 3, endColumn: 10 },
    ]);
    expect(diagnostics[1]!.excerpt).toBe(
      ["  2 |", "  3 | const fine = 1;", "> 4 |   missing(fine);", "    |   ^^^^^^^", "  5 |"].join("\n"),
    );
  });

  test("of syntax likewise", async () => {
    const { diagnostics } = await notebook.run("let a = 1;\nlet b = (a + ;\nf(1,");
    expect(diagnostics.map(({ code, line, column }) => [code, line, column])).toEqual([
      [1109, 2, 14],
      [1005, 3, 5],
    ]);
  });

  test("with chains of reasons are one error", async () => {
    const { diagnostics } = await notebook.run(
      "const deep: { a: { b: number } } = { a: { b: 'x' } } as { a: { b: string } }",
    );
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]!.message).toMatch(/not assignable[\s\S]*\n {2,}/);
  });

  test.each([
    ["tensor([1]).ad(2)", /add/],
    ["tensor([1]).size", /shape|item/],
    [
      "const layers = nn.linear(2)",
      /linear: \(inFeatures: number, outFeatures: number, options\?: \{ bias\?: boolean; \}\) =>/,
    ],
    ["async function load() { return tensor([1]) }\nload().item()", /await/],
    ["const fixed = 1;\nfixed = 2", /let/],
    ["nn = 3", /let nn = …/],
    ["function later() { await 1 }", /async/],
    ["import x from 'no-such-package'", /%install no-such-package/],
    ["import x from './nowhere.ts'", /no such file/],
    ["tensor([1]) * tensor([2])", /a\.mul\(b\)/],
    ["notDeclaredAnywhere", /run the cell that declares/],
  ])("%s: a hint", async (code, hint) => {
    const { diagnostics } = await clean.run(code);
    expect(`${diagnostics[0]?.message} ${diagnostics[0]?.hint}`).toMatch(hint);
  });
  const clean = new Notebook();
  afterAll(() => clean.close());

  test("survive odd text", async () => {
    for (const code of [
      "\u0000",
      "}{",
      "const 𝒙 = '😀'; 𝒙.foo",
      "export =",
      "import",
      "@",
      "`${",
      "class {",
      "a.\n\n",
      "enum",
      "export default",
    ]) {
      await clean.language.check({ code, cell: "cell 1", executionCount: 1 });
    }
    const { diagnostics } = await clean.run("const s = '😀'; s.foo");
    expect(diagnostics).toMatchObject([{ code: 2339, line: 1, column: 19 }]);
  });
});
