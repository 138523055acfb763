// tslab's language half (TypeScript 5.0) as nnlab uses it. tslab reads the compiler and the files through TypeScript's
// own objects, so this module hands it others:
//  - files: it works in the notebook's folder whatever the process's is, earlier cells are files in memory, nothing is
//    watched by the clock, and the library is that of the newer TypeScript, with the types of this Node;
//  - modules: resolved as the importer resolves them (kernel/execution/modules.ts): the notebook's folder first, then
//    nnlab's own packages, and `nnlab` is the engine that is running;
//  - diagnostics: of the cell and of the student's own files only. What is said of the declarations TypeScript would
//    write is no fault of the student's.

import { readdirSync, statSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type * as Fork from "@tslab/typescript-for-tslab";
import type * as TslabConverter from "tslab/dist/converter.js";
import type * as TslabInspect from "tslab/dist/inspect.js";
import { restoreComments, withoutComments } from "./comments.ts";
import { Growth } from "./growth.ts";
import { augments, type Compiler, importsOf, localsOf } from "./internals.ts";
import { inOlderSyntax } from "./older-syntax.ts";

export interface Tslab {
  ts: Compiler;
  converter: TslabConverter.Converter;
  isCompleteCode: typeof TslabConverter.isCompleteCode;
  printQuickInfo: typeof TslabInspect.printQuickInfo;
  /** How much tslab puts before a cell. */
  prefixLength: number;
  /** A file that is in memory only, in the notebook's folder. */
  addFile(name: string, text: string): void;
  /** Notices the student's files that changed since the last call. */
  refresh(): void;
  /** Notices packages that have come or changed in the notebook's folder. */
  packagesChanged(): void;
  /** From now on null and undefined are values of their own types alone, as in TypeScript's strict mode; or not. */
  setStrict(strict: boolean): void;
  /** Makes the converter anew, after it failed. */
  restart(): void;
  /** Has the next call make the program anew. */
  renew(): void;
  /** How many texts of cells the program's checker remembers, of which it needs one. */
  age(): number;
  /** Of the last call of the converter. */
  program(): Fork.Program;
  cellFile(): Fork.SourceFile;
  previousFile(): Fork.SourceFile;
  /** A file of the student as it was written. */
  textOf(file: Fork.SourceFile): string;
  nodeAt(file: Fork.SourceFile, position: number): Fork.Node;
}

const require = createRequire(import.meta.url);
const here = fileURLToPath(import.meta.url);
/** The parent of `kernel/` and `engine/`: `dist/`, or the sources. */
const root = dirname(dirname(dirname(here)));

/** `isUnchecked` tells whether the cell in hand asked for no check of its types. */
export function loadTslab(directory: string, isUnchecked: () => boolean): Tslab {
  const requireAsTslab = createRequire(require.resolve("tslab/dist/converter.js"));
  const forkFile = requireAsTslab.resolve("@tslab/typescript-for-tslab");
  const ts: Compiler = requireAsTslab(forkFile);
  const folder = slashed(directory).replace(/\/$/, "");
  const cellPath = `${folder}/__tslab__.ts`;
  const previousPath = `${folder}/__prev__.d.ts`;
  const libraries = dirname(require.resolve("typescript"));
  const nodeFolder = nodeTypes(requireAsTslab);
  /** The folders of the library and of Node's types. */
  const own = [libraries, nodeFolder].map((path) => `${slashed(path)}/`);
  const virtual = new Map<string, string>();
  /** The student's files, of which the compiler sees no newer syntax. */
  const asWritten = new Map<string, string>();
  const watched = new Map<string, { notify: Fork.FileWatcherCallback; modified: number }>();
  /** Files whose imports were not all found: looked at again each time, since a package may have come. */
  const unresolved = new Set<string>();
  /** What the imports of packages mean, by folder; these do not change while a notebook is open. */
  const settled = new Map<string, Fork.ResolvedModuleFull | undefined>();
  /** What the student's files import. */
  const imports = new Map<string, Set<string>>();
  let builder: Fork.BuilderProgram | null = null;
  let growth: Growth | null = null;

  const settings: Fork.CompilerOptions = {
    target: ts.ScriptTarget.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    // The library's files are among the program's own: as `lib` they would be looked for again in each check.
    noLib: true,
    typeRoots: [slashed(dirname(nodeFolder))],
    types: ["node"],
    checkJs: false,
    // Standard decorators, as the translated cell runs them.
    experimentalDecorators: false,
    disableTopLevelAwait: false,
    strictNullChecks: false,
    emitDeclarationOnly: true,
    allowImportingTsExtensions: true,
  };

  const { readFile, fileExists } = ts.sys;
  ts.sys.getCurrentDirectory = () => directory;
  ts.sys.readFile = (path, encoding) => virtual.get(path) ?? prepared(path, readFile(path, encoding));
  ts.sys.fileExists = (path) => virtual.has(path) || fileExists(path);
  ts.sys.watchFile = (path, notify) => {
    if (isStudents(path)) watched.set(path, { notify, modified: modifiedAt(path) });
    return { close: () => watched.delete(path) };
  };
  ts.sys.watchDirectory = () => ({ close: () => undefined });

  function prepared(path: string, text: string | undefined): string | undefined {
    if (text === undefined) return text;
    if (isStudents(path) && /\.[cm]?[jt]s$/.test(path)) {
      asWritten.set(path, text);
      return inOlderSyntax(path, text);
    }
    if (isStudents(path) || !path.endsWith(".d.ts")) return text;
    const read = withoutComments(path, text);
    if (!isLibrary(path)) return read;
    // All of the library is in the program anyhow; to look for each file's references again takes half of a check.
    return read.replace(/^\/\/\/ *<reference lib=.*$/gm, (line) => " ".repeat(line.length));
  }

  function isLibrary(path: string): boolean {
    return own.some((folder) => path.startsWith(folder));
  }

  function isStudents(path: string): boolean {
    const ours = ["kernel", "engine"].some((part) => path.startsWith(`${slashed(join(root, part))}/`));
    return !ours && !path.includes("/node_modules/") && !virtual.has(path);
  }

  function resolve(
    specifier: string,
    from: string,
    options: Fork.CompilerOptions,
  ): Fork.ResolvedModuleFull | undefined {
    if (specifier.startsWith("./")) {
      for (const extension of [ts.Extension.Dts, ts.Extension.Ts]) {
        const resolvedFileName = `${folder}/${specifier.slice(2)}${extension}`;
        if (virtual.has(resolvedFileName)) return { resolvedFileName, extension };
      }
    }
    const wanted = specifier === "nnlab" ? slashed(join(root, "engine", "index")) : specifier;
    const found = ts.resolveModuleName(wanted, from, options, ts.sys).resolvedModule;
    if (found || /^[./]/.test(wanted) || !isStudents(from)) return found;
    return ts.resolveModuleName(wanted, slashed(here), options, ts.sys).resolvedModule;
  }

  function resolveOnce(
    specifier: string,
    from: string,
    options: Fork.CompilerOptions,
  ): Fork.ResolvedModuleFull | undefined {
    if (isStudents(from) || virtual.has(from)) return resolve(specifier, from, options);
    const key = `${dirname(from)}\0${specifier}`;
    if (!settled.has(key)) settled.set(key, resolve(specifier, from, options));
    return settled.get(key);
  }

  /** The files that `file` depends on, as far as they are the student's, and itself. */
  function dependencies(
    file: Fork.SourceFile | undefined,
    program: Fork.Program,
    found = new Set<string>(),
  ): Set<string> {
    if (!file || found.has(file.fileName) || !isStudents(file.fileName)) return found;
    found.add(file.fileName);
    // A file without imports has none resolved, so what it imported before an edit is still written down.
    const imported = importsOf(file).length > 0 ? imports.get(file.fileName) : undefined;
    for (const path of imported ?? []) dependencies(program.getSourceFile(path), program, found);
    return found;
  }

  type Report = [Fork.DiagnosticReporter, Fork.WatchStatusReporter];
  function createHost(
    files: string[],
    options: Fork.CompilerOptions,
    system: Fork.System,
    _createProgram: null,
    ...report: Report
  ): unknown {
    const host = ts.createWatchCompilerHost(
      [...libraryFiles(libraries), ...files],
      { ...options, ...settings },
      system,
      ts.createAbstractBuilder,
      ...report,
    );
    host.getDefaultLibLocation = () => slashed(libraries);
    host.hasInvalidatedResolutions = (path) => unresolved.has(path);
    host.resolveModuleNameLiterals = (literals, from, _redirect, using, _file, reused) => {
      unresolved.delete(from);
      const imported = reused?.length ? (imports.get(from) ?? new Set()) : new Set<string>();
      imports.set(from, imported);
      return literals.map(({ text }) => {
        // Declared by the types of Node.
        if (isBuiltin(text)) return { resolvedModule: undefined };
        const resolvedModule = resolveOnce(text, from, using);
        if (resolvedModule) imported.add(resolvedModule.resolvedFileName);
        else if (isStudents(from)) unresolved.add(from);
        return { resolvedModule };
      });
    };
    return host;
  }

  function createWatch(host: Fork.WatchCompilerHostOfFilesAndCompilerOptions<Fork.BuilderProgram>): unknown {
    const growing = new Growth(ts, {
      host,
      cell: cellPath,
      previous: previousPath,
      isLibrary,
      isCell: (path) => virtual.has(path),
    });
    growth = growing;
    const created = host.afterProgramCreate;
    const use = (program: Fork.BuilderProgram): void => {
      builder = program;
      const { emit } = program;
      program.emit = (file, ...rest) =>
        file?.fileName === cellPath && !declares(file)
          ? { emitSkipped: true, diagnostics: [] }
          : emit(file, ...rest);
      program.getAllDependencies = (file) => [...dependencies(file, program.getProgram())];
      // tslab asks for the names that a cell declares: those are there once it is bound, and need no checker yet.
      const cell = program.getSourceFile(cellPath);
      if (cell) ts.bindSourceFile(cell, program.getCompilerOptions());
      created?.(program);
    };
    host.afterProgramCreate = (program) => {
      use(program);
      growing.begin(program);
    };
    const { setTimeout: schedule, clearTimeout: unschedule } = host;
    let scheduled: unknown = null;
    host.setTimeout = (update, ...rest) => {
      scheduled = schedule?.(
        () => {
          scheduled = null;
          const missing = [...unresolved].some((path) => path !== cellPath && path !== previousPath);
          const grown = missing ? null : growing.grow();
          if (grown) use(grown);
          else update();
        },
        ...rest,
      );
      return scheduled;
    };
    host.clearTimeout = (timer) => {
      if (timer === scheduled) unschedule?.(timer);
    };
    return ts.createWatchProgram(host);
  }

  function diagnosticsOf(program: Fork.Program, files: readonly Fork.SourceFile[]): Fork.Diagnostic[] {
    const checked = files.filter(
      (file) => isStudents(file.fileName) && !(file.fileName === cellPath && isUnchecked()),
    );
    return checked
      .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...semanticDiagnostics(program, file)])
      .map((found) => ({ ...found, messageText: ts.flattenDiagnosticMessageText(found.messageText, "\n") }));
  }

  function semanticDiagnostics(program: Fork.Program, file: Fork.SourceFile): readonly Fork.Diagnostic[] {
    const ask = (): readonly Fork.Diagnostic[] => program.getSemanticDiagnostics(file);
    return growth ? growth.diagnostics(file, ask) : ask();
  }

  const quickInfo: Compiler["getQuickInfoAtPosition"] = (file, checker, cancellation, position) => {
    const node = ts.getTouchingPropertyName(file, position);
    const symbols = [checker.getSymbolAtLocation(node)];
    // What an option means stands with the type that is expected of its object.
    const option = ts.getContainingObjectLiteralElement(node)?.parent;
    if (option && ts.isObjectLiteralExpression(option))
      symbols.push(checker.getContextualType(option)?.getProperty(node.getText()));
    for (const symbol of symbols) if (symbol) restoreComments(ts, symbol, checker);
    return ts.getQuickInfoAtPosition(file, checker, cancellation, position);
  };

  /** Whether a cell has declarations that later ones could see. */
  const declares = (file: Fork.SourceFile): boolean => localsOf(file).size > 0 || augments(file);

  // tslab's converter gets the compiler by `require`; its copy has these parts replaced.
  const loaded = requireAsTslab.cache[forkFile];
  if (!loaded) throw new Error("tslab's TypeScript is not where Node keeps its modules");
  loaded.exports = {
    ...ts,
    createWatchCompilerHost: createHost,
    createWatchProgram: createWatch,
    getPreEmitDiagnosticsOfFiles: diagnosticsOf,
    getQuickInfoAtPosition: quickInfo,
    // Would print all that was declared before, of which little is needed; what stays of it is in `previousFile` then.
    createPrinter: () => ({ printFile: () => "" }),
    // Only makes tslab's own JavaScript, which nobody reads here.
    transpileModule: () => ({ outputText: "" }),
  };
  const { createConverter, isCompleteCode }: typeof TslabConverter = requireAsTslab("./converter.js");
  const { printQuickInfo }: typeof TslabInspect = requireAsTslab("./inspect.js");

  const program = (): Fork.Program => {
    if (!builder) throw new Error("tslab made no program");
    return builder.getProgram();
  };
  const sourceFile = (path: string): Fork.SourceFile => {
    const file = program().getSourceFile(path);
    if (!file) throw new Error(`tslab's program lacks ${path}`);
    return file;
  };
  const tslab: Tslab = {
    ts,
    converter: createConverter(),
    isCompleteCode,
    printQuickInfo,
    prefixLength: `export {};${ts.sys.newLine}`.length,
    addFile: (name, text) => void virtual.set(`${folder}/${name}`, text),
    refresh() {
      for (const [path, file] of watched) {
        const modified = modifiedAt(path);
        if (modified === file.modified) continue;
        file.modified = modified;
        growth?.end();
        file.notify(path, modified === 0 ? ts.FileWatcherEventKind.Deleted : ts.FileWatcherEventKind.Changed);
      }
    },
    packagesChanged() {
      settled.clear();
      growth?.end();
      // A file that is known already may be of another version now.
      const known = builder?.getProgram().getSourceFiles() ?? [];
      if (known.some(({ fileName }) => fileName.startsWith(`${folder}/node_modules/`))) tslab.restart();
    },
    setStrict(strict) {
      if (settings.strictNullChecks === strict) return;
      settings.strictNullChecks = strict;
      tslab.restart();
    },
    restart() {
      tslab.converter.close();
      tslab.converter = createConverter();
    },
    renew: () => growth?.end(),
    age: () => growth?.age ?? 0,
    program,
    cellFile: () => sourceFile(cellPath),
    previousFile: () => sourceFile(previousPath),
    textOf: (file) => asWritten.get(file.fileName) ?? file.text,
    nodeAt: (file, position) => ts.getTouchingPropertyName(file, position),
  };
  return tslab;
}

function slashed(path: string): string {
  return path.split(sep).join("/");
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The newer TypeScript's whole ECMAScript library; TypeScript 5.0 does not know all its names, so list the files. */
function libraryFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter(
      (name) =>
        /^lib\.(es5|es20\d\d|esnext|decorators)\b.*\.d\.ts$/.test(name) && !/\.full\.|legacy/.test(name),
    )
    .map((name) => slashed(join(folder, name)));
}

/** The folder `@types/node`: nnlab's own, or else tslab's, which is older. */
function nodeTypes(requireAsTslab: NodeJS.Require): string {
  for (const from of [require, requireAsTslab]) {
    try {
      return dirname(from.resolve("@types/node/package.json"));
    } catch {
      // The next one.
    }
  }
  throw new Error("@types/node is missing: install nnlab's packages again (npm install)");
}
