// Completion inside quotes: what an import may name (files beside the notebook, installed packages and their parts, Node's
// modules), and the paths of files in any other string.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Completions } from "./language.ts";

const beforeSpecifier = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*(["'])([^"'\n]*)$/;
const importable = /\.(?:[cm]?[jt]s|json)$/;

/** Completions of the module specifier around `cursor`, or null when there is none. */
export function modulePaths(code: string, cursor: number, directory: string): Completions | null {
  const [, , typed] = beforeSpecifier.exec(code.slice(0, cursor)) ?? [];
  if (typed === undefined) return null;
  const rest = /^[^"'\n]*/.exec(code.slice(cursor))?.[0] ?? "";
  const names = /^\.{1,2}\//.test(typed) ? files(typed, directory, importable) : packages(typed, directory);
  const matches = [...new Set(names)]
    .filter((name) => name.startsWith(typed))
    .sort()
    .map((text) => ({ text, type: "module" }));
  return { matches, start: cursor - typed.length, end: cursor + rest.length };
}

/** Files and folders whose path begins with `typed`, relative to the notebook's folder; null where there are none. */
export function filePaths(
  typed: string,
  directory: string,
  range: { start: number; end: number },
): Completions | null {
  const names = files(typed, directory)
    .filter((name) => name.startsWith(typed))
    .sort();
  return names.length === 0 ? null : { matches: names.map((text) => ({ text, type: "path" })), ...range };
}

function files(typed: string, directory: string, wanted = /./): string[] {
  const folder = typed.slice(0, typed.lastIndexOf("/") + 1);
  const place = folder.startsWith("~/") ? join(homedir(), folder.slice(2)) : resolve(directory, folder);
  return entries(place)
    .filter((entry) => entry.isDirectory() || wanted.test(entry.name))
    .map((entry) => folder + entry.name + (entry.isDirectory() ? "/" : ""));
}

function packages(typed: string, directory: string): string[] {
  const found = [
    "nnlab",
    "./",
    ...builtinModules.map((name) => (name.startsWith("node:") ? name : `node:${name}`)),
  ];
  const [, name = null] = /^((?:@[^/]+\/)?[^@/][^/]*)\//.exec(typed) ?? [];
  const scope = typed.startsWith("@") && typed.includes("/") ? typed.slice(0, typed.indexOf("/") + 1) : "";
  for (let folder = directory; ; folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    if (name !== null && existsSync(join(modules, name))) return parts(name, typed, modules);
    for (const entry of entries(join(modules, scope))) found.push(scope + entry.name);
    if (dirname(folder) === folder) return found;
  }
}

/** What of a package may be imported beside the package itself: what it exports, or any file where it does not say. */
function parts(name: string, typed: string, modules: string): string[] {
  const place = join(modules, name);
  const exported = exportsOf(place);
  if (exported === null) return files(typed, modules, importable);
  return exported.flatMap((path) => {
    if (!path.includes("*")) return `${name}/${path}`;
    // `./features/*.js` stands for all the files there are.
    const [before = "", after = ""] = path.split("*");
    const folder = before.slice(0, before.lastIndexOf("/") + 1);
    return entries(join(place, folder))
      .filter((entry) => !entry.isDirectory() && entry.name.endsWith(after || ".js"))
      .map((entry) => `${name}/${folder}${after === "" ? entry.name.replace(/\.js$/, "") : entry.name}`);
  });
}

/** The subpaths that a package exports, without `./`; null where it exports all its files. */
function exportsOf(place: string): string[] | null {
  try {
    const { exports }: { exports?: unknown } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
    if (typeof exports === "string") return [];
    if (typeof exports !== "object" || exports === null) return null;
    return Object.entries(exports)
      .filter(([path, target]) => path.startsWith("./") && target !== null)
      .map(([path]) => path.slice(2));
  } catch {
    return null;
  }
}

function entries(folder: string): { name: string; isDirectory(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.name.startsWith("."));
  } catch {
    return [];
  }
}
