// `import` and `require` for cells. The inspector evaluates no import of its own, so the translator of cells writes
// calls of the object that is made here. Node's loader does the loading; hooks in it settle what a notebook needs:
//  - modules are looked for from the notebook's folder first, then among nnlab's own packages;
//  - `nnlab` is the engine that is running, never a second copy;
//  - the student's files may leave out the extension, be TypeScript, and are loaded anew once they were edited.

import { existsSync, readFileSync, statSync } from "node:fs";
import {
  createRequire,
  isBuiltin,
  type LoadFnOutput,
  type LoadHookContext,
  type ResolveFnOutput,
  type ResolveHookContext,
  registerHooks,
} from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as TypeScript from "typescript";
import { placedThrows } from "../language/throws.ts";
import { importerName } from "./cell-names.ts";

type Namespace = Record<string, unknown>;
type Import = (specifier: unknown, options?: ImportCallOptions) => Promise<Namespace>;

export interface Importer {
  /** `import(specifier, options)`; an import statement also says which names it wants, and they must be there. */
  import(specifier: unknown, options?: ImportCallOptions, names?: readonly string[]): Promise<Namespace>;
  require: NodeJS.Require;
  /** The `import.meta` of cells. */
  meta: { url: string; dirname: string; filename: string; resolve(specifier: string): string };
}

/** What a student reads when a module is not there; `code` is Node's. */
export class ModuleNotFoundError extends Error {
  override readonly name = "ModuleNotFoundError";
  readonly code = "ERR_MODULE_NOT_FOUND";
}

const here = import.meta.url;
const root = dirname(dirname(dirname(fileURLToPath(here))));
const ownFolders = ["kernel", "engine"].map((part) => `${pathToFileURL(join(root, part)).href}/`);
/** Where this module's code is imported from: the build joins modules to files, and the loader knows only files. */
const importing = pathToFileURL(import.meta.filename).href;
const engine = new URL(here.endsWith(".ts") ? "../../engine/index.ts" : "../../engine/index.js", here).href;
const extensions = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"];
/** TypeScript that is more than types over JavaScript: Node does not strip it. */
const notErasable =
  /\b(?:enum|namespace|module)\s+[\w$]+\s*\{|\bimport\s+[\w$]+\s*=|\bconstructor\s*\([^)]*\b(?:public|private|protected|readonly|override)\s|^\s*@[\w$]/m;
/** What is thrown, or rejects a promise, and is neither a new error nor one that was caught: its place must be remembered. */
const throwsValues =
  /\b(?:throw\b|reject\()\s*(?!new\b|\s|(?!(?:undefined|null|true|false)\b)[A-Za-z_$][\w$.]*\s*(?:[;})]|$))/m;
const moduleSyntax = /^\s*(?:import\b\s*[\w${*"']|export\b\s*[\w${*])/m;

/** Source maps (JSON) of the files that were translated rather than stripped, by path; `traceback.ts` reads them. */
export const translatedFiles = new Map<string, string>();

/** Installs the hooks and returns what cells import through. Once in a process. */
export function createImporter({ directory }: { directory: string }): Importer {
  const notebook = basename(process.env.JPY_SESSION_NAME || "notebook.ipynb");
  const filename = join(directory, notebook);
  const parent = pathToFileURL(filename).href;
  const require = createRequire(parent);
  const hooks = createHooks(parent, directory, require);
  registerHooks(hooks);
  // The hooks take this module's own imports, which there are no others of, for the notebook's.
  const load: Import = (specifier, options) => import(String(specifier), options);

  return {
    async import(specifier, options, names = []) {
      const namespace = await load(specifier, options);
      const isJson = /\.json$/.test(String(specifier));
      return names.length > 0 || isJson ? withNames(namespace, String(specifier), names) : namespace;
    },
    require,
    meta: {
      url: parent,
      dirname: directory,
      filename,
      resolve: (specifier) => hooks.find(specifier) ?? pathToFileURL(require.resolve(specifier)).href,
    },
  };
}

/** Makes the importer known to cells, which may shadow `require` and the rest. */
export function installImporter(importer: Importer): void {
  const names = {
    [importerName]: importer,
    require: importer.require,
    __filename: importer.meta.filename,
    __dirname: importer.meta.dirname,
  };
  for (const [name, value] of Object.entries(names)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

/**
 * The namespace with at least `names`: TypeScript lets an import name a property of a CommonJS module or of a JSON
 * file, and takes the `default` of a module that was compiled from one, where Node does not.
 */
function withNames(namespace: Namespace, specifier: string, names: readonly string[]): Namespace {
  const whole = namespace.default;
  const inner = typeof whole === "object" || typeof whole === "function" ? (whole as Namespace | null) : null;
  const isCompiled = inner?.__esModule === true && "default" in inner;
  if (names.every((name) => name in namespace) && !(isCompiled && names.includes("default")))
    return namespace;
  const found: Namespace = { ...namespace };
  if (isCompiled) found.default = inner.default;
  for (const name of names) {
    if (name in found) continue;
    if (inner === null || !(name in inner)) {
      const has = Object.keys(namespace).slice(0, 20).join(", ");
      throw new SyntaxError(`the module '${specifier}' exports no '${name}'; it exports ${has || "nothing"}`);
    }
    found[name] = inner[name];
  }
  return found;
}

interface Hooks {
  resolve(
    specifier: string,
    context: ResolveHookContext,
    next: (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput,
  ): ResolveFnOutput;
  load(
    url: string,
    context: LoadHookContext,
    next: (url: string, context?: Partial<LoadHookContext>) => LoadFnOutput,
  ): LoadFnOutput;
  /** The URL that a relative specifier of a cell means. */
  find(specifier: string): string | null;
}

function createHooks(notebook: string, directory: string, require: NodeJS.Require): Hooks {
  const versions = createVersions(require);

  /** The student's file that `specifier` means, if it means one. */
  function findFile(specifier: string, parent: string): string | null {
    if (!/^(?:\.{0,2}\/|\.{1,2}$|file:)/.test(specifier)) return null;
    const url = new URL(specifier, parent);
    url.search = "";
    const path = fileURLToPath(url);
    if (isFile(path)) return path;
    // `./helper` and, as TypeScript's own convention has it, `./helper.js` for `helper.ts`.
    const asTypeScript = path.replace(/\.([cm]?)js$/, ".$1ts");
    const candidates = [
      asTypeScript,
      ...extensions.flatMap((end) => [path + end, join(path, `index${end}`)]),
    ];
    return candidates.find(isFile) ?? null;
  }

  function missing(specifier: string, parent: string, cause: unknown): Error {
    const from = parent === notebook ? directory : fileURLToPath(withoutQuery(parent));
    if (/^[./]|^file:/.test(specifier)) {
      return new ModuleNotFoundError(`there is no file '${specifier}' as seen from ${from}`, { cause });
    }
    const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
    return new ModuleNotFoundError(
      `there is no package '${name}' for ${from}; install it into the notebook's folder: %install ${name}`,
      { cause },
    );
  }

  function resolve(...[specifier, given, next]: Parameters<Hooks["resolve"]>): ResolveFnOutput {
    const context =
      given.parentURL === importing && !isRequire(given) ? { ...given, parentURL: notebook } : given;
    const { parentURL: parent } = context;
    if (specifier === "nnlab") return next(engine, context);
    if (parent === undefined || !isStudents(parent) || isBuiltin(specifier)) return next(specifier, context);
    const path = findFile(specifier, parent);
    const found =
      path === null ? resolvePackage(specifier, parent, context, next) : next(locate(path, context), context);
    if (path === null || isRequire(context)) return found;
    versions.depends(withoutQuery(parent), path);
    const url = versions.versioned(path);
    const importAttributes = path.endsWith(".json") ? { type: "json" } : context.importAttributes;
    return { ...found, url, importAttributes };
  }

  function resolvePackage(
    specifier: string,
    parent: string,
    context: ResolveHookContext,
    next: Parameters<Hooks["resolve"]>[2],
  ): ResolveFnOutput {
    try {
      return next(specifier, context);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      try {
        return next(specifier, { ...context, parentURL: here });
      } catch {
        throw missing(specifier, parent, undefined);
      }
    }
  }

  function load(...[url, context, next]: Parameters<Hooks["load"]>): LoadFnOutput {
    const path = isStudents(url) && /\.m?[jt]s(?:\?|$)/.test(url) ? fileURLToPath(withoutQuery(url)) : null;
    if (path === null) return next(url, context);
    const source = readFileSync(path, "utf8");
    const isTypeScript = /ts$/.test(path);
    const isModule = moduleSyntax.test(source);
    const isPlain = isTypeScript ? process.features.typescript && !notErasable.test(source) : true;
    if (!isPlain || (throwsValues.test(source) && (isTypeScript || isModule))) {
      return { format: "module", source: translate(path, source), shortCircuit: true };
    }
    // Said here, or Node warns on stderr that the folder has no package.json to say so.
    const format = isModule ? (isTypeScript ? "module-typescript" : "module") : context.format;
    return next(url, { ...context, format });
  }

  return { resolve, load, find: (specifier) => hrefOf(findFile(specifier, notebook)) };
}

/**
 * Which version of a student's file to load. Node keeps each module for good, by its URL; a file that was edited, or
 * that imports one that was, gets a URL of its own.
 */
function createVersions(require: NodeJS.Require) {
  const imports = new Map<string, Set<string>>();
  const first = new Map<string, number>();

  function newest(path: string, seen = new Set<string>()): number {
    if (seen.has(path)) return 0;
    seen.add(path);
    let time = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    for (const imported of imports.get(path) ?? []) time = Math.max(time, newest(imported, seen));
    return time;
  }

  return {
    depends(parent: string, path: string): void {
      const from = fileURLToPath(parent);
      const list = imports.get(from) ?? new Set();
      imports.set(from, list.add(path));
    },
    versioned(path: string): string {
      const { href } = pathToFileURL(path);
      const version = newest(path);
      const original = first.get(path);
      if (original === undefined) first.set(path, version);
      if (original === undefined || original === version) return href;
      delete require.cache[path];
      return `${href}?version=${version}`;
    },
  };
}

/** The student's file with enums and the like, or with values that it throws; types are checked with the cell. */
function translate(path: string, source: string): string {
  const ts: typeof TypeScript = createRequire(here)("typescript");
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      sourceMap: true,
    },
    transformers: { before: [(context) => (file) => placedThrows(ts, file, context)] },
  });
  if (sourceMapText !== undefined) translatedFiles.set(path, sourceMapText);
  return outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
}

/** A file of the student: no package, and no part of nnlab. */
function isStudents(url: string): boolean {
  return (
    url.startsWith("file:") &&
    !url.includes("/node_modules/") &&
    !ownFolders.some((own) => url.startsWith(own))
  );
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

function isRequire({ conditions }: ResolveHookContext): boolean {
  return conditions.includes("require");
}

function locate(path: string, context: ResolveHookContext): string {
  return isRequire(context) ? path : pathToFileURL(path).href;
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, "");
}

function hrefOf(path: string | null): string | null {
  return path === null ? null : pathToFileURL(path).href;
}

function isNotFound(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
