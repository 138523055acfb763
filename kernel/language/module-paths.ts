// Completion inside the quotes of an import: files beside the notebook, installed packages, Node's modules.

import { readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import type { Completions } from "./language.ts";

const beforeSpecifier = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*(["'])([^"'\n]*)$/;
const importable = /\.(?:[cm]?[jt]s|json)$/;

/** Completions of the module specifier around `cursor`, or null when there is none. */
export function modulePaths(code: string, cursor: number, directory: string): Completions | null {
  const [, , typed] = beforeSpecifier.exec(code.slice(0, cursor)) ?? [];
  if (typed === undefined) return null;
  const rest = /^[^"'\n]*/.exec(code.slice(cursor))?.[0] ?? "";
  const names = /^\.{1,2}\//.test(typed) ? files(typed, directory) : packages(typed, directory);
  const matches = [...new Set(names)]
    .filter((name) => name.startsWith(typed))
    .sort()
    .map((text) => ({ text, type: "module" }));
  return { matches, start: cursor - typed.length, end: cursor + rest.length };
}

function files(typed: string, directory: string): string[] {
  const folder = typed.slice(0, typed.lastIndexOf("/") + 1);
  return entries(join(directory, folder))
    .filter((entry) => entry.isDirectory() || importable.test(entry.name))
    .map((entry) => folder + entry.name + (entry.isDirectory() ? "/" : ""));
}

function packages(typed: string, directory: string): string[] {
  const found = [
    "nnlab",
    "./",
    ...builtinModules.map((name) => (name.startsWith("node:") ? name : `node:${name}`)),
  ];
  for (let folder = directory; ; folder = dirname(folder)) {
    const scope = typed.startsWith("@") && typed.includes("/") ? typed.slice(0, typed.indexOf("/") + 1) : "";
    for (const { name } of entries(join(folder, "node_modules", scope))) found.push(scope + name);
    if (dirname(folder) === folder) return found;
  }
}

function entries(folder: string): { name: string; isDirectory(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.name.startsWith("."));
  } catch {
    return [];
  }
}
