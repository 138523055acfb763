/** Every item of the lectures is held by a test that its number begins, or there is nothing to compute in it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import golden from "./golden.json" with { type: "json" };
import { itemsOf, nothingToCompute } from "./items.ts";

const tests = join(import.meta.dirname, "..", "..");
const files = readdirSync(tests, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => ({ file, text: readFileSync(join(tests, file), "utf8") }));

const items = Object.entries(itemsOf).flatMap(([lecture, count]) =>
  Array.from({ length: count }, (_, i) => `${lecture}.${i + 1}`),
);

/** The items that a title begins with: `"001.49, 001.50: the matrix …"`. */
const itemsIn = (title: string): string[] =>
  title.match(/^00\d\.\d+(?:, 00\d\.\d+)*(?=: )/)?.[0].split(", ") ?? [];

/** The titles of the tests and groups in a file that are run: `it("…", …)`, `test.each(…)("…", …)`; not `it.skip`. */
function titlesOf(file: string, text: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [title] = node.arguments;
      const called = node.expression.getText(source);
      if (/^(it|test|describe)\b/.test(called) && !/\.(skip|todo|fails)\b/.test(called))
        if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text);
    }
    ts.forEachChild(node, visit);
  };
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  visit(source);
  return titles;
}

const mentioned = files.filter(({ text }) => /\b00[0-4]\.\d/.test(text));
const held = new Set(mentioned.flatMap(({ file, text }) => titlesOf(file, text).flatMap(itemsIn)));

describe("the lectures", () => {
  it("have 258 items", () => {
    expect(items).toHaveLength(258);
  });

  it("are held by tests, item by item, where there is something to compute", () => {
    expect(items.filter((item) => !held.has(item) && !(item in nothingToCompute))).toEqual([]);
  });

  it("have no other items than these, in titles and in the list of those with nothing to compute", () => {
    const named = [...held, ...Object.keys(nothingToCompute)];
    expect(named.filter((item) => !items.includes(item))).toEqual([]);
  });

  it("say in two or three words why there is nothing to compute", () => {
    const reasons = Object.values(nothingToCompute);
    expect(reasons.filter((reason) => !/^\S+( \S+){1,2}$/.test(reason))).toEqual([]);
  });

  it("have their worked examples read to the last number, in a file of the lecture's name", () => {
    const lectures = new Set(Object.keys(golden).map((item) => item.slice(0, 3)));
    expect(lectures.size).toBeGreaterThan(3);
    for (const lecture of lectures) {
      const { text } = files.find(({ file }) => file.endsWith(join("lectures", `${lecture}.test.ts`)))!;
      expect(text).toContain(`workedExamples("${lecture}")`);
      expect(text).toContain("itReadsEveryNumberOf(worked)");
    }
  });

  it("are found in titles, and not in those that are skipped", () => {
    const text = [
      'it("001.1, 001.2: a", () => {});',
      "describe.each([1])(`002.3: b`, () => { it('no number', () => {}); });",
      'it.skip("001.3: c", () => {});',
      '// it("001.4: d", () => {});',
      'it("as in 001.5: e", () => {});',
    ].join("\n");
    expect(titlesOf("x.ts", text).flatMap(itemsIn)).toEqual(["001.1", "001.2", "002.3"]);
  });
});
