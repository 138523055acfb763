import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Notebook, writeFiles } from "./notebook.ts";

let notebook: Notebook;
beforeAll(async () => {
  notebook = new Notebook({
    "package.json": "{}",
    "helper.ts":
      'import { factor } from "./deep";\nexport interface Point { x: number }\nexport const six = 2 * factor;\n',
    "deep.ts": "export const factor: number = 3;\n",
    "enums.ts":
      "export enum Colour { Red, Green }\nexport class Pair { constructor(public left: number) {} }\n",
    "old.cjs": "exports.one = 1; exports.sum = function () { return require('./values.json').rate };\n",
    "modern.mjs": "export default class Modern { static year = 2026 }\nexport const list = [1];\n",
    "untyped.js": "export const present = 1;\n",
    "values.json": '{ "rate": 0.5 }',
    "node_modules/only-esm/package.json":
      '{ "name": "only-esm", "type": "module", "exports": { ".": "./index.js", "./part": "./part.js" } }',
    "node_modules/only-esm/index.js": "await 0; export const esm = 'esm'; export default () => 'default';\n",
    "node_modules/only-esm/part.js": "export const part = 'part';\n",
    "node_modules/compiled/package.json": '{ "name": "compiled", "main": "main.js", "types": "main.d.ts" }',
    "node_modules/compiled/main.js":
      "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = () => 7;\n",
    "node_modules/compiled/main.d.ts": "export default function seven(): number;\n",
  });
  await notebook.language.ready;
});
afterAll(() => notebook.close());

describe("the value of a cell", () => {
  test.each([
    ["1 + 1", "2"],
    ["const a1 = 1; a1", "1"],
    ["5; const a2 = 1;", "undefined"],
    ["5\nfor (let i = 0; i < 3; i++) i", "undefined"],
    ["5; function f1() {}", "undefined"],
    ["'a'\ninterface Later { x: number }", "'a'"],
    ["({ a: 1 })", "{ a: 1 }"],
    ["await Promise.resolve('late')", "'late'"],
    ["if (true) { 5 }", "undefined"],
    ["", "undefined"],
    [`'😀' + \`\${1}\\n\${2}\``, "'😀1\\n2'"],
    ["using last = { [Symbol.dispose]() {} };\n'kept'", "'kept'"],
    ["(function (this: unknown) { return this === undefined })()", "true"],
  ])("%s", async (code, value) => {
    expect(await notebook.value(code)).toBe(value);
  });
});

describe("names", () => {
  const kinds: Record<string, string> = {
    let: "let it = 1",
    const: "const it = 2",
    var: "var it = 3",
    function: "function it() { return 4 }",
    class: "class it { static five = 5 }",
    enum: "enum it { Six = 6 }",
    namespace: "namespace it { export const seven = 7 }",
    import: "import it from 'node:os'",
    "import equals": "import it = require('node:fs')",
    destructuring: "const { it, ...others } = { it: 8, more: 1 }",
    "var in a block": "if (true) { var it = 9 }",
    "var in loops": "for (var it = 0; it < 10; it++); for (var other of [1]); for (var key in { a: 1 });",
    "var twice": "var it = 1; var it = 11",
    "var, destructured, in a block":
      "{ var { a: it = 1, ...rest } = { a: 12 } as { a: number; b?: number }; var [first, ...tail] = [1, 2] }",
    using: "using it = { [Symbol.dispose]() {} }",
  };
  test("may be declared again by any other kind of declaration", async () => {
    const order = Object.values(kinds);
    const across = order.map((_, index) => order[(index * 7) % order.length]!);
    for (const declaration of [...order, ...order.toReversed(), ...across]) {
      expect(await notebook.value(declaration), declaration).toBe("undefined");
    }
  });

  test("closures see the newest value", async () => {
    await notebook.value("let rate = 0.1; function step() { return rate } const arrow = () => step()");
    await notebook.value("rate = 0.01");
    expect(await notebook.value("arrow()")).toBe("0.01");
    await notebook.value("const rate = 3");
    expect(await notebook.value("step()")).toBe("3");
  });

  test("functions are hoisted and keep their names", async () => {
    expect(await notebook.value("const early = later(); function later() { return later.name }\nearly")).toBe(
      "'later'",
    );
    expect(await notebook.value("async function* stream() { yield 1 }\nstream().next()")).toBe(
      "Promise { { value: 1, done: false } }",
    );
  });

  test("of a cell that threw stay, up to where it stopped", async () => {
    await notebook.run("let before = 1; throw new Error('stop'); let after = 2");
    expect(await notebook.value("before")).toBe("1");
    const { traceback } = await notebook.run("after");
    expect(traceback).toContain("ReferenceError: after is not defined");
    expect(traceback).toMatch(/→ cell \d+ declares after, but stopped before that line/);
  });

  test("are disposed at the end of their cell", async () => {
    await notebook.value(
      "const log: string[] = []; using resource = { [Symbol.dispose]() { log.push('disposed') } }; log.push('used')",
    );
    expect(await notebook.value("log")).toBe("[ 'used', 'disposed' ]");
  });

  test("standard decorators run", async () => {
    const code =
      "function doubled(method: (this: Shop) => number, _context: ClassMethodDecoratorContext) { return function (this: Shop) { return 2 * method.call(this) } }\nclass Shop { @doubled price() { return 4 } }\nnew Shop().price()";
    expect(await notebook.value(code)).toBe("8");
  });
});

describe("imports", () => {
  test.each([
    [
      "default, named, namespace",
      "import os, { EOL as end } from 'node:os'; import * as path from 'node:path';\n[typeof os.cpus, end, path.sep]",
      "[ 'function', '\\n', '/' ]",
    ],
    [
      "default and namespace",
      "import modern, * as all from './modern.mjs';\n[modern.year, Object.keys(all).length]",
      "[ 2026, 2 ]",
    ],
    ["side effect", "import './helper.ts';\n'done'", "'done'"],
    [
      "type only",
      "import type { Point } from './helper.ts'; import { type Point as P, six } from './helper.ts';\nconst at: Point & P = { x: six }; at",
      "{ x: 6 }",
    ],
    [
      "a type without saying so",
      "import { Point, six as sixth } from './helper.ts';\nconst where: Point = { x: sixth }; where",
      "{ x: 6 }",
    ],
    [
      "without extension, as .js",
      "import { six as s1 } from './helper'; import { six as s2 } from './helper.js';\ns1 + s2",
      "12",
    ],
    [
      "TypeScript with enums",
      "import { Colour, Pair } from './enums.ts';\n[Colour.Green, Colour[0], new Pair(2).left]",
      "[ 1, 'Red', 2 ]",
    ],
    ["CommonJS", "import old, { one, sum } from './old.cjs';\n[old.one, one, sum()]", "[ 1, 1, 0.5 ]"],
    [
      "import = require",
      "import fs = require('node:fs'); import EOL = os.EOL;\n[typeof fs.readFileSync, EOL]",
      "[ 'function', '\\n' ]",
    ],
    [
      "JSON",
      "import values, { rate as r } from './values.json'; import again from './values.json' with { type: 'json' };\n[values.rate, r, again.rate]",
      "[ 0.5, 0.5, 0.5 ]",
    ],
    [
      "ESM only, subpath",
      "import d, { esm } from 'only-esm'; import { part } from 'only-esm/part';\n[d(), esm, part]",
      "[ 'default', 'esm', 'part' ]",
    ],
    ["a default compiled to CommonJS", "import seven from 'compiled';\nseven()", "7"],
    [
      "dynamic",
      "const { esm: dynamic } = await import('only-esm'); const load = () => import('./helper');\n[dynamic, (await load()).six]",
      "[ 'esm', 6 ]",
    ],
    [
      "require",
      "[require('./old.cjs').one, require('only-esm/part').part, typeof require.resolve('node:fs')]",
      "[ 1, 'part', 'string' ]",
    ],
    [
      "re-exports, run only",
      "export { part as again } from 'only-esm/part'; export * from './helper.ts'; 'exported'",
      "'exported'",
    ],
    ["nnlab's own packages, last", "typeof (await import('vega-lite')).compile", "'function'"],
  ])("%s", async (_what, code, value) => {
    expect(await notebook.value(code)).toBe(value);
  });

  test("stand at the top, wherever they are written, and stay for later cells", async () => {
    expect(
      await notebook.value("const joined = join('a', 'b');\nimport { join } from 'node:path';\njoined"),
    ).toBe("'a/b'");
    expect(await notebook.value("[1].map(() => join('c'))")).toBe("[ 'c' ]");
  });

  test("import.meta is the notebook's", async () => {
    const value = await notebook.value(
      "[import.meta.dirname, import.meta.url.startsWith('file:'), __dirname, import.meta.resolve('./helper')]",
    );
    expect(value).toContain(notebook.folder);
    expect(value).toContain("helper.ts");
  });

  test("load an edited file again, and what imports it", async () => {
    expect(await notebook.value("import { six } from './helper.ts'; six")).toBe("6");
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFiles(notebook.folder, { "deep.ts": "export const factor: number = 5;\n" });
    expect(await notebook.value("import { six } from './helper.ts'; six")).toBe("10");
    expect(
      await notebook.value(
        "import { six as same } from './helper.ts'; import * as one from './helper.ts'; one.six === same",
      ),
    ).toBe("true");
  });

  test("that fail say what was looked for, where, and what to do", async () => {
    const missing = "// @ts-nocheck\nimport x from '@scope/none/part'";
    const { failure } = await notebook.run(missing);
    expect(failure?.ename).toBe("ModuleNotFoundError");
    expect(failure?.evalue).toContain("'@scope/none'");
    expect(failure?.evalue).toContain("%install @scope/none");
    const file = await notebook.run("// @ts-nocheck\nawait import('./none.ts')");
    expect(file.failure?.evalue).toBe(`there is no file './none.ts' as seen from ${notebook.folder}`);
    const name = await notebook.run("// @ts-nocheck\nimport { absent } from './untyped.js'");
    expect(name.failure?.evalue).toBe("the module './untyped.js' exports no 'absent'; it exports present");
  });

  test("write nothing to stderr", async () => {
    expect(notebook.stderr).toBe("");
  });
});
