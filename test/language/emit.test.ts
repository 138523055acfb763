/** A module's JavaScript is what `ts.transpileModule` makes of it, whatever was translated before. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { emitModule } from "../../kernel/language/emit.ts";
import { parseCell } from "../../kernel/language/transpile.ts";

const folder = join(import.meta.dirname, "..", "..", "notebooks");

function cellsOf(notebook: string): string[] {
  const { cells }: { cells: { cell_type: string; source: string | string[] }[] } = JSON.parse(
    readFileSync(join(folder, notebook), "utf8"),
  );
  return cells
    .filter(({ cell_type: type }) => type === "code")
    .map(({ source }) => parseCell([source].flat().join("")).neutral);
}

const others = [
  "enum A { B = 1, C = B << 1 }\nconst enum D { E = 'e' }\n[A.C, D.E]",
  "namespace N { export const a = 1; export namespace M { export let b = a } }\nN.M.b",
  "import type { T } from 'a'; import { b, type C } from 'b'; import d = require('d'); export { b }; let e: C",
  "function f(@logged a: number) {}\nclass L { @logged accessor b = 1; static { this.c = 2 } #d = 3 }",
  "{ using a = b(); await using c = d() }",
  "import { T } from 'a';\nT",
  "enum A { C }\nA.C",
  "const a = <T,>(b: T) => b satisfies unknown as any; class F<in T> { constructor(private a = 1) {} }",
  "for await (const a of b) c?.d ?? e!.f; label: while (1) break label; abstract class G { abstract h(): void }",
  "const broken = ;",
  "",
];

test("is what transpileModule makes", () => {
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    verbatimModuleSyntax: true,
    useDefineForClassFields: true,
    sourceMap: true,
    newLine: ts.NewLineKind.LineFeed,
  };
  const lessons = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));
  const texts = [...others, ...lessons.flatMap(cellsOf), ...others];
  expect(texts.length).toBeGreaterThan(80);
  for (const text of texts) {
    const expected = ts.transpileModule(text, { fileName: "cell.ts", compilerOptions });
    const { javascript, sourceMap } = emitModule(text, {});
    expect(javascript).toBe(expected.outputText);
    expect(sourceMap).toBe(expected.sourceMapText);
  }
});
