/** One program and one checker serve many cells, and are made anew where a cell may change what others see. */
import { afterAll, describe, expect, test } from "vitest";
import { loadTslab } from "../../kernel/language/tslab.ts";
import { makeFolder, removeFolder } from "./notebook.ts";

const folder = makeFolder({ "local.ts": "export const local = 1;\n" });
afterAll(() => removeFolder(folder));

describe("the program", () => {
  const tslab = loadTslab(folder, () => false);
  const ask = (code: string, previous = "") => {
    const { diagnostics, declOutput } = tslab.converter.convert(previous, code);
    return { program: tslab.program(), messages: diagnostics.map((it) => it.messageText), declOutput };
  };
  const base = ask("1 + 1").program;

  test.each([
    ["declares", "const a = [1]", ""],
    ["sees what was declared", "a.length", "declare let a: number[];\n"],
    ["imports from Node", "import { join } from 'node:path'; join('a')", ""],
    ["is wrong", "const b: string = 1", ""],
    ["lacks a module", "import 'nowhere'", ""],
    ["has types of Node's in its declarations", "const bytes = Buffer.from('a')", ""],
    ["imports a cell in memory", "two.a", "import { two } from './__cell_2__';\n"],
  ])("is the same for a cell that %s", (what, code, previous) => {
    tslab.addFile("__cell_1__.d.ts", "export interface One { a: string }\n");
    tslab.addFile("__cell_2__.d.ts", "import { One } from './__cell_1__';\nexport declare let two: One;\n");
    const asked = ask(code, previous);
    expect(asked.program).toBe(base);
    if (!/is wrong|lacks/.test(what)) expect(asked.messages).toEqual([]);
  });

  test.each([
    ["augments the global scope", "declare global { var added: number }"],
    ["augments a module", "declare module 'node:path' { const added: number }"],
    ["imports a file", "import { local } from './local.ts'; local.toFixed()"],
  ])("is another one for a cell that %s, and after it", (_what, code) => {
    const before = tslab.program();
    const { program } = ask(code);
    expect(program).not.toBe(before);
    expect(ask("added").messages).toEqual(["Cannot find name 'added'."]);
  });

  test("is another one after many texts", () => {
    const programs = new Set(Array.from({ length: 1100 }, (_, i) => ask(`${i}`).program));
    expect(programs.size).toBeGreaterThan(1);
    expect(programs.size).toBeLessThan(10);
  });
});
