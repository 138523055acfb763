// What a module imports, read from its text: enough for modules that are formatted by one tool.

import { posix } from "node:path";

export interface Import {
  readonly specifier: string;
  /** The imported file relative to the root, or null for a package. */
  readonly file: string | null;
  /** `import type` leaves nothing behind at run time. */
  readonly typeOnly: boolean;
}

const statement = /^\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm;
const dynamic = /\bimport\("([^"]+)"\)/g;
const address = /new URL\("(\.{1,2}\/[^"]+\.(?:ts|js|mjs))"/g;

/** Static imports, re-exports, `import("…")` and worker files, of the module `file` with the given text. */
export function importsOf(file: string, text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const found = [...code.matchAll(statement)].map(([, type, specifier]) => ({
    specifier,
    typeOnly: type !== undefined,
  }));
  const loaded = [...code.matchAll(dynamic), ...code.matchAll(address)].map(([, specifier]) => ({
    specifier,
    typeOnly: false,
  }));
  return [...found, ...loaded].flatMap(({ specifier, typeOnly }) => {
    if (specifier === undefined) return [];
    const relative = specifier.startsWith(".");
    return [{ specifier, typeOnly, file: relative ? posix.join(posix.dirname(file), specifier) : null }];
  });
}
