/** What cells import, through the real kernel: the student's files, JSON, Node's modules, packages; and what is said when that fails. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/jupyter.ts";
import { resultText, streamText, TestKernel } from "./client.ts";

const folder = temporaryFolder("imports");
let kernel: TestKernel;

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

beforeAll(async () => {
  write({
    "model.ts":
      'import { scale } from "./lib/scale.ts";\nimport settings from "./settings.json" with { type: "json" };\nimport { sep } from "node:path";\nexport interface Row { name: string }\nexport const width: number = scale * settings.width;\nexport const separator = sep;\n',
    "newer.ts":
      'import settings from "./settings.json" with { type: "json" };\nexport function f() { using it = { [Symbol.dispose]() {} }; return it; }\nexport const rows: number = settings.names;\n',
    "lib/scale.ts": 'export { scale } from "./deep/number.ts";\n',
    "lib/deep/number.ts": "export const scale: number = 2;\n",
    "settings.json": '{ "width": 8, "names": ["a", "b"] }',
    "fails.ts":
      "interface Unused { x: number }\n\nexport function divide(a: number, b: number): number {\n  if (b === 0) throw new RangeError('b is 0');\n  return a / b;\n}\n",
    "fails-at-once.ts": "const list: number[] = [];\n\nexport const first = list[0]!.toFixed();\n",
    "through.ts":
      'import { divide } from "./fails.ts";\nexport const half = (n: number): number => divide(n, 0);\n',
    "enum.ts":
      "export enum Kind { Good,\n Bad }\n\nexport function check(kind: Kind): void {\n  if (kind === Kind.Bad) throw new TypeError('bad');\n}\n",
    "node_modules/modern/package.json": JSON.stringify({
      name: "modern",
      version: "1.0.0",
      type: "module",
      exports: {
        ".": { types: "./index.d.ts", import: "./index.js" },
        "./parts/*": { types: "./parts/*.d.ts", import: "./parts/*.js" },
      },
    }),
    "node_modules/modern/index.js":
      "export const name = await Promise.resolve('modern');\nexport default (n) => n + 1;\n",
    "node_modules/modern/index.d.ts":
      "export declare const name: string;\nexport default function (n: number): number;\n",
    "node_modules/modern/parts/left.js": "export const side = 'left';\n",
    "node_modules/modern/parts/left.d.ts": "export declare const side: string;\n",
    "node_modules/modern/hidden.js": "export const hidden = 1;\n",
  });
  kernel = await TestKernel.start({ directory: folder.path });
  await kernel.execute("1", {}, 60_000);
}, 120_000);
afterAll(async () => {
  await kernel.stop();
  folder.remove();
});

/** The value of a cell that must run. */
async function value(code: string): Promise<string | null> {
  const ran = await kernel.execute(code);
  expect(ran.reply.content, code).toMatchObject({ status: "ok" });
  expect(streamText(ran, "stderr")).toBe("");
  return resultText(ran);
}

/** The traceback of a cell that must fail, plain; the kernel goes on. */
async function failing(code: string): Promise<string> {
  const ran = await kernel.execute(code);
  expect(ran.reply.content.status, code).toBe("error");
  expect(streamText(ran, "stderr")).toBe("");
  expect(await value("'alive'")).toBe("'alive'");
  return stripVTControlCharacters((ran.reply.content.traceback as string[]).join("\n"));
}

describe("are loaded", () => {
  test.each([
    [
      "a TypeScript file with imports of its own",
      'import { type Row, width, separator } from "./model.ts";\nconst row: Row = { name: separator };\n[width, row.name]',
      "[ 16, '/' ]",
    ],
    [
      "JSON, with and without attributes",
      'import whole, { names } from "./settings.json";\nimport same from "./settings.json" with { type: "json" };\n[whole.width, names, same.width]',
      "[ 8, [ 'a', 'b' ], 8 ]",
    ],
    [
      "modules of Node, with and without its prefix",
      'import { readFile } from "node:fs/promises";\nimport path from "path";\n[JSON.parse(await readFile("settings.json", "utf8")).width, path.basename("a/b.ts")]',
      "[ 8, 'b.ts' ]",
    ],
    [
      "a package that is ESM only, awaits at its top level and has a default",
      'import plus, { name } from "modern";\n[name, plus(1)]',
      "[ 'modern', 2 ]",
    ],
    [
      "a subpath that a package exports by a pattern",
      'import { side } from "modern/parts/left";\nside',
      "'left'",
    ],
    [
      "the same by import() and require()",
      '[(await import("modern/parts/left")).side, (await import("./model.ts")).width, require("./settings.json").width]',
      "[ 'left', 16, 8 ]",
    ],
  ])("%s", async (_what, code, expected) => {
    expect(await value(code)).toBe(expected);
  });
});

test("types of files and packages reach the cell", async () => {
  expect(await failing('import { width } from "./model.ts";\nconst text: string = width;')).toContain(
    "Type 'number' is not assignable to type 'string'",
  );
  expect(await failing('import { rows } from "./newer.ts";\nrows')).toMatch(
    /newer\.ts, line 3, column 14: .*\n.*\n.*\n> 3 \| export const rows: number = settings\.names;/,
  );
  expect(await failing('import plus from "modern";\nplus("1")')).toContain("not assignable to parameter");
});

test("an edited file is loaded anew, with its types, and so is what imports it", async () => {
  expect(await value('import { width } from "./model.ts";\nwidth')).toBe("16");
  write({ "lib/deep/number.ts": "export const scale: number = 5;\nexport const unit: string = 'px';\n" });
  expect(await value('import { width } from "./model.ts";\nwidth')).toBe("40");
  expect(await value('import { unit } from "./lib/deep/number.ts";\nunit.length')).toBe("2");
  write({ "settings.json": '{ "width": 9, "names": [] }' });
  expect(await value('import { width } from "./model.ts";\nwidth')).toBe("45");
  // A file that was broken and is right again.
  write({ "lib/deep/number.ts": "export const scale: number = = 5;\n" });
  expect(await failing('import { width } from "./model.ts";\nwidth')).toContain("lib/deep/number.ts, line 1");
  write({ "lib/deep/number.ts": "export const scale: number = 6;\n" });
  expect(await value('import { width } from "./model.ts";\nwidth')).toBe("54");
});

describe("errors show the file's line:", () => {
  test.each([
    [
      "of a function",
      'import { divide } from "./fails.ts";\ndivide(1, 0)',
      ["RangeError: b is 0", "fails.ts, line 4, in divide", "> 4 |   if (b === 0)", "line 2: divide(1, 0)"],
    ],
    [
      "of a file that another file imports",
      'import { half } from "./through.ts";\nhalf(3)',
      ["fails.ts, line 4, in divide", "through.ts, line 2, in half: export const half", "line 2: half(3)"],
    ],
    [
      "of a file that fails while it is loaded",
      'import { first } from "./fails-at-once.ts";\nfirst',
      ["TypeError", "fails-at-once.ts, line 3", "> 3 | export const first = list[0]!.toFixed();"],
    ],
    [
      "of a file that has to be translated",
      'import { check, Kind } from "./enum.ts";\ncheck(Kind.Bad)',
      ["TypeError: bad", "enum.ts, line 5, in check", "> 5 |   if (kind === Kind.Bad)"],
    ],
    [
      "after an edit, the new one",
      'const fs = await import("node:fs");\nfs.writeFileSync("fails.ts", "\\n\\n" + fs.readFileSync("fails.ts", "utf8"));\nconst { divide: anew } = await import("./fails.ts");\nanew(1, 0)',
      ["fails.ts, line 6, in divide", "> 6 |   if (b === 0)", "line 4: anew(1, 0)"],
    ],
  ])("%s", async (_what, code, texts) => {
    const traceback = await failing(code);
    for (const text of texts) expect(traceback).toContain(text);
  });
});

describe("what is not there", () => {
  test.each([
    ["a package", 'import { x } from "no-such-package";', "%install no-such-package"],
    ["a package, unchecked", '// @ts-nocheck\nimport "no-such-package";', "%install no-such-package"],
    ["a file", 'import { x } from "./modl.ts";', "did you mean ./model.ts?"],
    ["a part that is not exported", '// @ts-nocheck\nimport "modern/hidden.js";', "hidden.js"],
    ["a name", 'import { absent } from "./model.ts";', "has no exported member 'absent'"],
  ])("%s: the cell fails with a remedy, and the kernel lives", async (_what, code, text) => {
    expect(await failing(code)).toContain(text);
  });
});
