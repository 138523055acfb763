// Which bracket of a cell has no partner. TypeScript says only what it expected where it gave up, often lines later.

import { createRequire } from "node:module";
import type * as TypeScript from "typescript";

const ts: typeof TypeScript = createRequire(import.meta.url)("typescript");

const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

export interface LonelyBracket {
  bracket: string;
  position: number;
  /** What would close it; absent where the bracket itself closes nothing. */
  partner?: string;
}

/** The first bracket that closes nothing or that another kind of bracket closes; else the last that nothing closes. */
export function lonelyBracket(code: string): LonelyBracket | null {
  const literals = literalsOf(code);
  const open: LonelyBracket[] = [];
  for (let at = 0; at < code.length; at++) {
    const end = literals.get(at) ?? commentEnd(code, at);
    if (end > at) {
      at = end - 1;
      continue;
    }
    const bracket = code.charAt(at);
    const partner = closing[bracket];
    if (partner !== undefined) open.push({ bracket, position: at, partner });
    else if (")]}".includes(bracket)) {
      const last = open.pop();
      if (last?.partner !== bracket) return last ?? { bracket, position: at };
    }
  }
  return open.at(-1) ?? null;
}

/** Where literals end, by where they begin. A template counts with the brackets around its values, so these match. */
function literalsOf(code: string): ReadonlyMap<number, number> {
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ESNext, true);
  const found = new Map<number, number>();
  const visit = (node: TypeScript.Node): void => {
    if (ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isTemplateHead(node))
      found.set(node.getStart(file), node.end);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The end of the comment that begins at `at`; `at` where none does. */
function commentEnd(code: string, at: number): number {
  const closedBy = code.startsWith("//", at) ? "\n" : code.startsWith("/*", at) ? "*/" : null;
  if (closedBy === null) return at;
  const end = code.indexOf(closedBy, at + 2);
  return end < 0 ? code.length : end + closedBy.length;
}
