// JavaScript of a module, with a source map, as `ts.transpileModule` makes it; but that makes a program and a checker for each,
// which takes three times as long as the translation. Here modules take each other's place in one program.

import { createRequire } from "node:module";
import type * as TypeScript from "typescript";
import { putFile } from "./internals.ts";

const ts: typeof TypeScript & {
  bindSourceFile(file: TypeScript.SourceFile, options: TypeScript.CompilerOptions): void;
} = createRequire(import.meta.url)("typescript");

/** What a checker has read it does not forget, so a new one is made now and then. */
const modulesOfOne = 500;

const name = "cell.ts";
const options: TypeScript.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  verbatimModuleSyntax: true,
  useDefineForClassFields: true,
  sourceMap: true,
  newLine: ts.NewLineKind.LineFeed,
  // One file without others and without types.
  isolatedModules: true,
  noCheck: true,
  noLib: true,
  noResolve: true,
  types: [],
};

let program: TypeScript.Program | null = null;
let modules = 0;

/** The options with which a program would parse its file. */
const parsing: TypeScript.CreateSourceFileOptions = {
  languageVersion: ts.ScriptTarget.ES2022,
  setExternalModuleIndicator: (file) => Object.assign(file, { externalModuleIndicator: true }),
};

export interface Emitted {
  javascript: string;
  /** JSON. */
  sourceMap: string;
}

/** The module's JavaScript; syntax errors are passed over. */
export function emitModule(text: string, transformers: TypeScript.CustomTransformers): Emitted {
  if (modules++ % modulesOfOne === 0) program = null;
  const file = ts.createSourceFile(name, text, parsing);
  if (program === null) program = programOf(file);
  else putFile(program, file);
  ts.bindSourceFile(file, options);
  const emitted: Emitted = { javascript: "", sourceMap: "" };
  const write: TypeScript.WriteFileCallback = (path, text) => {
    emitted[path.endsWith(".map") ? "sourceMap" : "javascript"] = text;
  };
  program.emit(file, write, undefined, false, transformers);
  return emitted;
}

function programOf(file: TypeScript.SourceFile): TypeScript.Program {
  return ts.createProgram([name], options, {
    getSourceFile: (path) => (path === name ? file : undefined),
    getDefaultLibFileName: () => "",
    writeFile: () => undefined,
    getCurrentDirectory: () => "",
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: (path) => path === name,
    readFile: () => "",
  });
}
