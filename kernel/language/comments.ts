// The comments of library files, which are two thirds of their text: the compiler reads the files without them, in a
// fifth of the time it takes to start, and gets those of a file back when something that it declares is asked about.

import { readFileSync } from "node:fs";
import type * as Fork from "@tslab/typescript-for-tslab";

/** What the compiler has beyond its declarations. */
type WithComments = Fork.Node & { jsDoc?: Fork.JSDoc[] };

/** Library files whose comments were blanked out, and not put back yet. */
const blanked = new Set<string>();

/** The text with spaces in place of its documentation; every position stays. */
export function withoutComments(path: string, text: string): string {
  blanked.add(path);
  return text.replace(/^[ \t]*\/\*\*[\s\S]*?\*\//gm, (comment) => " ".repeat(comment.length));
}

/** Puts the comments back into the files that declare `symbol`, or that it may inherit comments from. */
export function restoreComments(ts: typeof Fork, symbol: Fork.Symbol, checker: Fork.TypeChecker): void {
  const seen = new Set<Fork.Symbol>();
  function visit(some: Fork.Symbol): void {
    if (seen.has(some)) return;
    seen.add(some);
    if (some.flags & ts.SymbolFlags.Alias) visit(checker.getAliasedSymbol(some));
    for (const root of checker.getRootSymbols(some)) visit(root);
    for (const declaration of some.declarations ?? []) {
      restoreFile(ts, declaration.getSourceFile());
      const { parent } = declaration;
      if (!parent || !(ts.isClassLike(parent) || ts.isInterfaceDeclaration(parent))) continue;
      for (const base of checker.getTypeAtLocation(parent).getBaseTypes() ?? [])
        if (base.symbol) visit(base.symbol);
    }
  }
  visit(symbol);
}

/** Takes the comments from a second reading, whose nodes are the same in the same order. */
function restoreFile(ts: typeof Fork, file: Fork.SourceFile): void {
  if (!blanked.delete(file.fileName)) return;
  const text = readFileSync(file.fileName, "utf8");
  const commented = ts.createSourceFile(file.fileName, text, file.languageVersion, true);
  // Comments are nodes too, which read what they say from their file.
  file.text = text;
  function take(to: WithComments, from: WithComments): void {
    if (from.jsDoc?.length) {
      to.jsDoc = from.jsDoc;
      for (const comment of from.jsDoc) Object.assign(comment, { parent: to });
    }
    const children = childrenOf(ts, to);
    for (const [at, child] of childrenOf(ts, from).entries()) {
      const other = children[at];
      if (other?.kind === child.kind && other.end === child.end) take(other, child);
    }
  }
  take(file, commented);
}

function childrenOf(ts: typeof Fork, node: Fork.Node): Fork.Node[] {
  const children: Fork.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  return children;
}
