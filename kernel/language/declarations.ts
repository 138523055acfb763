// What is kept of a cell: the declarations that TypeScript writes for it, and of those before it only what they mention, so that
// a cell does not hold on to all earlier ones.

import type * as Fork from "@tslab/typescript-for-tslab";

/** All that could be names in a text; escapes in names are not read, so that a text with any counts as all names. */
export function wordsOf(text: string): ReadonlySet<string> | undefined {
  if (text.includes("\\u")) return undefined;
  return new Set(text.match(/[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu));
}

/**
 * `declarations` with what they need of the file `earlier`: names that they mention, and those of `own` whose other meaning stays,
 * as a value's where a type is declared.
 */
export function ownDeclarations(
  ts: typeof Fork,
  declarations: string,
  own: ReadonlySet<string>,
  earlier: Fork.SourceFile,
): string {
  const words = wordsOf(declarations);
  const isNeeded = (name: string): boolean => own.has(name) || !words || words.has(name);
  const needed = earlier.statements.flatMap((statement) => {
    if (ts.isImportDeclaration(statement)) {
      const bindings = statement.importClause?.namedBindings;
      const elements = bindings && ts.isNamedImports(bindings) ? bindings.elements : [];
      const names = elements.map((element) => element.name.text).filter(isNeeded);
      if (names.length === 0) return [];
      return [`import { ${names.join(", ")} } from ${statement.moduleSpecifier.getText(earlier)};\n`];
    }
    if (!ts.isVariableStatement(statement)) return [];
    const { declarations } = statement.declarationList;
    const isOurs = declarations.some(({ name }) => ts.isIdentifier(name) && isNeeded(name.text));
    return isOurs ? [`${statement.getFullText(earlier).trim()}\n`] : [];
  });
  return needed.join("") + declarations;
}
