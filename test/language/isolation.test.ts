/** Cells take each other's place in one program: none hears of what another one did, and what changed is seen. */
import { afterAll, expect, test } from "vitest";
import { createLanguageService } from "../../kernel/language/service.ts";
import { makeFolder, preload, removeFolder, writeFiles } from "./notebook.ts";

const folder = makeFolder({ "script.ts": "var fromScript = 1;\n" });
afterAll(() => removeFolder(folder));

const language = createLanguageService({ directory: folder, preload });
language.load();
language.warm();
let count = 0;
const messages = (code: string): string[] => {
  const { diagnostics } = language.check({ code, cell: `cell ${++count}`, executionCount: count });
  return diagnostics.map(({ message }) => message);
};

test("is told the same error as often as it has it, and others are not told it", () => {
  const wrong = ["Type 'number' is not assignable to type 'string'."];
  const missing = ["Cannot find name 'nowhere'."];
  for (let i = 0; i < 3; i++) {
    expect(messages("const text: string = 1")).toEqual(wrong);
    language.complete("const text: string = 1", 10);
    language.inspect("const text: string = 1", 8, 0);
    expect(messages("const text: string = 'a'")).toEqual([]);
    language.complete("nowhere.a", 9);
    language.inspect("nowhere.a", 3, 0);
    expect(messages("nowhere.a")).toEqual(missing);
  }
});

test("is told the reasons each time", () => {
  const code = "const box: Box = point";
  expect(messages("interface Box { b: { c: string } }\ninterface Point { b: { c: number } }")).toEqual([]);
  expect(messages("const point: Point = { b: { c: 1 } }")).toEqual([]);
  const [first = ""] = messages(code);
  expect(first.split("\n").length).toBeGreaterThan(2);
  expect(messages(code)).toEqual([first]);
  expect(messages(`// again\n${code}`)).toEqual([first]);
});

test("does not hide what another one has used a comment for", () => {
  expect(messages("// @ts-expect-error\nconst hidden: string = 1")).toEqual([]);
  expect(messages("// @ts-expect-error\nconst hidden: number = 1")).toEqual([
    "Unused '@ts-expect-error' directive.",
  ]);
});

test("that is wrong leaves nothing behind", () => {
  expect(messages("declare global { var leftOver: number }\nconst a: string = 1")).toHaveLength(1);
  expect(messages("leftOver")).toEqual(["Cannot find name 'leftOver'."]);
  expect(messages("import './script.ts';\nconst a: string = fromScript")).toHaveLength(1);
  expect(messages("fromScript")).toEqual(["Cannot find name 'fromScript'."]);
  expect(messages("class Net { a = 1 }\nconst a: string = 1")).toHaveLength(1);
  expect(messages("new Net()")).toEqual(["Cannot find name 'Net'."]);
});

test("sees what a cell declared globally, and whatever came long ago", () => {
  expect(messages("declare global { var kept: number }\nclass Old { a = 1 }\nlet old = new Old()")).toEqual(
    [],
  );
  for (let i = 0; i < 60; i++) expect(messages(`let name${i} = ${i}; kept + old.a`)).toEqual([]);
  language.tidy();
  for (let i = 0; i < 60; i++) expect(messages(`name${i}.toFixed(); const again: Old = old`)).toEqual([]);
  expect(messages("const again2: Old = { a: 'text' }")).toEqual([
    "Type 'string' is not assignable to type 'number'.",
  ]);
});

test("is told of names that it does not mention", () => {
  expect(messages("let temperature = 1; function heat() { return temperature }")).toEqual([]);
  expect(messages("temperatur")).toEqual(["Cannot find name 'temperatur'. Did you mean 'temperature'?"]);
  expect(messages("let performance = 'of heat'")).toEqual([]);
  expect(messages("p\\u0065rformance.now()")).toEqual(["Property 'now' does not exist on type 'string'."]);
  expect(messages("const copy = { temperature, text: [heat()].join() }")).toEqual([]);
  expect(language.complete("temper", 6).matches.map(({ text }) => text)).toContain("temperature");
  expect(language.inspect("copy", 2, 0).text).toContain("temperature: number");
});

test("sees a file that was edited after another cell imported it", () => {
  writeFiles(folder, { "edited.ts": "export const value: number = 1;\n" });
  expect(messages("import { value } from './edited.ts';\nvalue.toFixed()")).toEqual([]);
  expect(messages("value.toFixed()")).toEqual([]);
  writeFiles(folder, { "edited.ts": "export const value: string = 'longer';\n" });
  expect(messages("import { value } from './edited.ts';\nvalue.toUpperCase()")).toEqual([]);
});
