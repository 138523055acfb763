// TypeScript as the checker's compiler, 5.0, can read it: `using` is a `const` there, and import attributes are unknown. What is
// changed keeps its length, so that every place stays where it was.

import { createRequire } from "node:module";
import type * as TypeScript from "typescript";

const ts: typeof TypeScript = createRequire(import.meta.url)("typescript");

/** `text` in the place of what stands from `start` to `end`, which is at least as long; the rest becomes spaces. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What the older compiler must not see. */
export function editsForOlder(file: TypeScript.SourceFile): Edit[] {
  const edits: Edit[] = [];
  const visit = (node: TypeScript.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.attributes)
      edits.push({ start: node.attributes.getStart(file), end: node.attributes.end, text: "" });
    if (ts.isVariableDeclarationList(node)) edits.push(...withoutUsing(node, file));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return edits;
}

function withoutUsing(list: TypeScript.VariableDeclarationList, file: TypeScript.SourceFile): Edit[] {
  const kind = list.flags & ts.NodeFlags.BlockScoped;
  if (kind !== ts.NodeFlags.Using && kind !== ts.NodeFlags.AwaitUsing) return [];
  const start = list.getStart(file);
  const keyword = /^(await\s+)?using/.exec(file.text.slice(start));
  if (!keyword) return [];
  const end = start + keyword[0].length;
  const middle = end - "const".length;
  return [
    { start, end: middle, text: "" },
    { start: middle, end, text: "const" },
  ];
}

/** A file's text for the older compiler. */
export function inOlderSyntax(path: string, text: string): string {
  if (!/\bwith\s*\{|\busing\s/.test(text)) return text;
  return apply(text, editsForOlder(ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true)));
}

/** Replaces what an edit does not need of its place by spaces, so that every line and column stays where it was. */
export function apply(text: string, edits: readonly Edit[]): string {
  let result = "";
  let done = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    const rest = text.slice(edit.start + edit.text.length, edit.end).replace(/[^\r\n]/g, " ");
    result += text.slice(done, edit.start) + edit.text + rest;
    done = edit.end;
  }
  return result + text.slice(done);
}
