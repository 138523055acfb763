import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatDiagnostics, formatError } from "../../kernel/execution/traceback.ts";
import { Notebook } from "./notebook.ts";

let notebook: Notebook;
beforeAll(async () => {
  notebook = new Notebook({
    "package.json": "{}",
    "helper.ts":
      "export interface Unused { x: number }\n\nexport function fail(text: string): never {\n  throw new Error(text);\n}\n",
    "translated.ts":
      "export enum Two { A,\n B }\n\nexport function fail(two: Two): never {\n  throw new TypeError(String(two));\n}\n",
    "broken.ts": "export const a = 1;\nexport const b = = 2;\n",
    "values.ts":
      "interface Unused { x: number }\n\nexport function fail(what: unknown): never {\n  throw 'from ' + what;\n}\nexport const late = (): unknown => Promise.reject({ code: 2 });\n",
    "values.mjs": "export function fail(what) {\n  throw { what };\n}\n",
  });
  await notebook.language.ready;
});
afterAll(() => notebook.close());

/** The traceback of a cell that must fail, without the number of the cell. */
async function failing(code: string): Promise<string[]> {
  const { traceback, diagnostics } = await notebook.run(code);
  if (traceback === undefined) throw new Error(`it ran: ${diagnostics.map(({ message }) => message)}`);
  const lines = traceback.replace(/cell \d+/g, "cell #").split("\n");
  // The kernel's own caller would be hidden; the test's is not of the kernel.
  return lines.filter((line) => !line.includes("run-cells.ts"));
}

test("an error shows its line as the student wrote it", async () => {
  const lines = await failing(
    "interface Much { typed: string }\ntype More = Much;\nconst a: Much | null = null;\n  a.typed.length",
  );
  expect(lines).toEqual([
    "TypeError: Cannot read properties of null (reading 'typed')",
    "cell #, line 4",
    "  2 | type More = Much;",
    "  3 | const a: Much | null = null;",
    "> 4 |   a.typed.length",
    "    |     ^^^^^^^^^^^^",
    "  → a is null: check where it gets its value, or write a?.typed if it may be missing",
  ]);
});

test("a method of something callable has its own name", async () => {
  const lines = await failing(
    "class Base { constructor() { return Object.setPrototypeOf(function () {}, new.target.prototype); } }\n" +
      "class Net extends Base { forward() { throw new Error('no') } }\nnew Net().forward()",
  );
  expect(lines[1]).toBe("cell #, line 2, in forward");
});

test("frames across cells, most recent first, and nothing of Node or nnlab", async () => {
  await notebook.value(
    "enum Shift { Lines }\nfunction inner(x: number): number {\n  if (x > 2) throw new RangeError('too large');\n  return x;\n}\nclass Layer { forward(x: number) { return inner(x) } }",
  );
  expect(await failing("// a comment\n[1, 2, 3].map((x) => new Layer().forward(x))")).toEqual([
    "RangeError: too large",
    "cell #, line 3, in inner",
    "  1 | enum Shift { Lines }",
    "  2 | function inner(x: number): number {",
    "> 3 |   if (x > 2) throw new RangeError('too large');",
    "    |                    ^^^^^^^^^^^^^^",
    "  4 |   return x;",
    "cell #, line 6, in Layer.forward: class Layer { forward(x: number) { return inner(x) } }",
    "cell #, line 2: [1, 2, 3].map((x) => new Layer().forward(x))",
    "cell #, line 2: [1, 2, 3].map((x) => new Layer().forward(x))",
  ]);
});

test("after an await, and of an import", async () => {
  expect(
    (
      await failing("async function slow() {\n  await null;\n  throw new Error('late');\n}\nawait slow()")
    ).slice(0, 2),
  ).toEqual(["Error: late", "cell #, line 3, in slow"]);
  expect(await failing("const first = 1;\nawait import('./broken' + '.ts')")).toContain(
    "> 2 | export const b = = 2;",
  );
});

test("places in the student's own files", async () => {
  const lines = await failing("import { fail } from './helper.ts';\nfail('from a file')");
  expect(lines[0]).toBe("Error: from a file");
  expect(lines[1]).toMatch(/helper\.ts, line 4, in fail$/);
  expect(lines).toContain("> 4 |   throw new Error(text);");
  expect(lines.at(-1)).toBe("cell #, line 2: fail('from a file')");
  const translated = await failing("import { fail as fail2, Two } from './translated.ts';\nfail2(Two.B)");
  expect(translated).toContain("> 5 |   throw new TypeError(String(two));");
});

test("endless recursion is folded", async () => {
  const lines = await failing("function down(n: number): number {\n  return down(n + 1);\n}\ndown(0)");
  expect(lines[0]).toBe("RangeError: Maximum call stack size exceeded");
  expect(lines.join("\n")).toMatch(/… the same \d+ more times/);
  expect(lines.at(-1)).toContain("calls itself");
  expect(lines.length).toBeLessThan(12);
});

test("causes, aggregates and suppressed errors", async () => {
  const cause = await failing(
    "try {\n  JSON.parse('{');\n} catch (error) {\n  throw new Error('cannot read', { cause: error });\n}",
  );
  expect(cause.join("\n")).toMatch(
    /^Error: cannot read[\s\S]*line 4[\s\S]*Caused by: SyntaxError: [\s\S]*line 2/,
  );
  const aggregate = await failing(
    "await Promise.any([1, 2, 3, 4, 5, 6, 7].map(async (n) => { throw new Error('no ' + n) }))",
  );
  expect(aggregate.join("\n")).toMatch(
    /^AggregateError: All promises were rejected[\s\S]*\[1 of 7\] Error: no 1[\s\S]*and 2 more errors$/,
  );
  const suppressed = await failing(
    "{ using bad = { [Symbol.dispose]() { throw new Error('closing') } }; throw new Error('working') }",
  );
  expect(suppressed.join("\n")).toMatch(
    /^SuppressedError[\s\S]*While disposing: Error: closing[\s\S]*After: Error: working/,
  );
});

describe("what is thrown but is no error", () => {
  test.each([
    ["'text'", "Thrown: 'text'"],
    ["undefined", "Thrown: undefined"],
    ["{ code: 1 }", "Thrown: { code: 1 }"],
    ["Symbol('s')", "Thrown: Symbol(s)"],
  ])("%s", async (value, first) => {
    expect(await failing(`const before = 1;\nif (before) throw ${value};`)).toEqual([
      first,
      "cell #, line 2",
      "  1 | const before = 1;",
      `> 2 | if (before) throw ${value};`,
      expect.stringMatching(/^ {4}\| {19}\^+$/),
      expect.stringContaining("throw new Error(…) instead of a plain value"),
    ]);
  });

  test.each([
    [
      "in a function",
      "function fail(n: number) {\n  throw n as number;\n}\nfail(3)",
      "line 2, in fail",
      "line 4: fail(3)",
    ],
    [
      "in a class and after an await",
      "class A { async b() { await null;\n throw 'b' } }\nawait new A().b()",
      "line 2, in A.b",
    ],
    ["the latest of equal ones", "try {\n  throw 7;\n} catch {}\nthrow 7", "line 4"],
    ["thrown again", "try {\n  throw { code: 1 };\n} catch (error) { throw error }", "line 3"],
  ])("%s", async (_what, code, ...shown) => {
    const lines = await failing(code);
    expect(lines[1]).toMatch(new RegExp(`^cell #, ${shown[0]}$`));
    for (const text of shown.slice(1)) expect(lines.join("\n")).toContain(text);
  });

  test.each([
    [
      "TypeScript",
      "import { fail } from './values.ts';\nfail('a file')",
      "Thrown: 'from a file'",
      "values.ts, line 4, in fail",
      "> 4 |   throw 'from ' + what;",
      "cell #, line 2: fail('a file')",
    ],
    [
      "JavaScript",
      "import { fail } from './values.mjs';\nfail('a file')",
      "Thrown: { what: 'a file' }",
      "values.mjs, line 2, in fail",
      "> 2 |   throw { what };",
      "cell #, line 2: fail('a file')",
    ],
    [
      "a promise of a file",
      "import { late } from './values.ts';\nawait late()",
      "Thrown: { code: 2 }",
      "values.ts, line 6, in late",
      "> 6 | export const late",
    ],
    [
      "a promise of the cell",
      "1;\nawait new Promise((_, no) =>\n  no('made'))",
      "Thrown: 'made'",
      "cell #, line 3",
      "> 3 |   no('made'))",
    ],
  ])("in %s", async (_what, code, ...shown) => {
    const text = (await failing(code)).join("\n");
    for (const part of shown) expect(text).toContain(part);
  });

  test("it stays what it is, and so does an error", async () => {
    const value = await notebook.value(
      "const it = { code: 1 }, error = new Error('x');\nconst caught = (value: unknown) => { try { throw value } catch (found) { return found === value } };\n[it, error, null, undefined, 'x', 3].map(caught).join()",
    );
    expect(value).toContain("true,true,true,true,true,true");
  });

  test("and what is hostile", () => {
    const hostile = new Proxy(new Error("x"), {
      get: () => {
        throw new Error("no");
      },
    });
    expect(formatError(hostile, new Map()).traceback.length).toBeGreaterThan(0);
    const circular: Error & { cause?: unknown } = new Error("round");
    circular.cause = new Error("and", { cause: circular });
    expect(formatError(circular, new Map()).traceback.length).toBeLessThan(30);
  });
});

test("an error's class is its name", async () => {
  const { failure } = await notebook.run(
    "class ShapeProblem extends Error {}\nthrow new ShapeProblem('bad shape')",
  );
  expect(failure).toMatchObject({ ename: "ShapeProblem", evalue: "bad shape" });
});

test("a stack that the student prints names cells and lines as written", async () => {
  const value = await notebook.value(
    "interface Gone { away: string }\nfunction deep(): never {\n  throw new Error('printed');\n}\nlet text = '';\ntry {\n  deep();\n} catch (error) { text = (error as Error).stack! }\ntext.replace(/cell \\d+/g, 'cell #')",
  );
  expect(value).toBe(
    "'Error: printed\\n    at deep (cell #:3:9)\\n    at cell #:7:3'".replaceAll("'", value[0]!),
  );
});

test("colours are few, and none are in name and value", async () => {
  const { failure } = await notebook.run("throw new Error('x')");
  expect(`${failure?.ename}${failure?.evalue}`).not.toContain("\x1b");
  expect(failure?.traceback[0]).toBe("\x1b[31mError\x1b[0m: x");
});

test("type errors as a failure", async () => {
  const { diagnostics } = await notebook.run("const a: number = 'x';\nnowhere;");
  const { ename, evalue, traceback } = formatDiagnostics(diagnostics);
  expect(ename).toBe("TypeScriptError");
  expect(evalue).toBe("line 1, column 7: Type 'string' is not assignable to type 'number'. (and 1 more)");
  const text = traceback.join("\n");
  expect(text).toContain("2 errors; the cell was not run");
  expect(text).toContain("> 2 | nowhere;");
  expect(text).toContain("TS2304");
});
