/** TypeScript itself may fail on a cell. Then it runs unchecked, says so, and later cells know what it has declared. */
import { afterAll, expect, test, vi } from "vitest";
import { createLanguageService } from "../../kernel/language/service.ts";
import { makeFolder, removeFolder } from "./notebook.ts";

const poison = "/* poison */";

vi.mock("../../kernel/language/tslab.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../kernel/language/tslab.ts")>();
  const loadTslab: typeof original.loadTslab = (...parameters) => {
    const tslab = original.loadTslab(...parameters);
    const spoil = (): void => {
      const { convert } = tslab.converter;
      tslab.converter.convert = (previous, code) => {
        if (code.includes(poison)) throw new RangeError("Debug Failure");
        return convert(previous, code);
      };
    };
    const { restart } = tslab;
    tslab.restart = () => {
      restart();
      spoil();
    };
    spoil();
    return tslab;
  };
  return { ...original, loadTslab };
});

const folder = makeFolder();
afterAll(() => removeFolder(folder));

test("a cell on which TypeScript fails runs, says that it is unchecked, and is known to the next", () => {
  const language = createLanguageService({ directory: folder });
  const check = (code: string, cell: string) => language.check({ code, cell, executionCount: 1 });
  const declaring =
    "import path, { join as joined } from 'node:path';\nimport * as fs from 'node:fs';\nconst { a, b: [c] } = { a: 1, b: ['x'] };\n" +
    "class Net {}\nfunction run() {}\nenum Two { A }\ninterface Gone {}";
  const broken = check(`${poison}\n${declaring};\nconst wrong: string = 1`, "cell 1");
  expect(broken.diagnostics).toEqual([]);
  expect(broken.javascript).toContain("class Net");
  expect(broken.remark).toBe(
    "cell 1 runs without a check of its types, since TypeScript itself failed: Debug Failure",
  );
  const next = check("[path, joined, fs, a, c, Net, run, Two, wrong]; nowhere", "cell 2");
  expect(next.diagnostics.map(({ message }) => message)).toEqual(["Cannot find name 'nowhere'."]);
  const fine = check("a + 1", "cell 3");
  expect(fine).toMatchObject({ diagnostics: [] });
  expect(fine).not.toHaveProperty("remark");
});
