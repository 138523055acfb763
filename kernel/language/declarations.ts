// What is kept of the declarations that tslab writes for a cell. It repeats all that was declared before; here only what
// the cell's own declarations mention stays, so that a cell does not hold on to all earlier ones.

import { createRequire } from "node:module";
import type * as TypeScript from "typescript";

const ts: typeof TypeScript = createRequire(import.meta.url)("typescript");

/** `declarations` without the earlier ones that those of `own` names do not mention. */
export function ownDeclarations(declarations: string, own: ReadonlySet<string>): string {
  const file = ts.createSourceFile("cell.d.ts", declarations, ts.ScriptTarget.ESNext);
  const mentioned = new Set<string>();
  const mention = (node: TypeScript.Node): void => {
    if (ts.isIdentifier(node)) mentioned.add(node.text);
    ts.forEachChild(node, mention);
  };
  const earlier: TypeScript.Statement[] = [];
  const kept: string[] = [];
  for (const statement of file.statements) {
    const names = declaredNames(statement);
    if (names !== null && !names.some((name) => own.has(name))) earlier.push(statement);
    else {
      mention(statement);
      kept.push(statement.getFullText(file));
    }
  }
  for (const statement of earlier) {
    const names = (declaredNames(statement) ?? []).filter((name) => mentioned.has(name));
    if (names.length === 0) continue;
    if (ts.isImportDeclaration(statement)) {
      kept.push(`\nimport { ${names.join(", ")} } from ${statement.moduleSpecifier.getText(file)};`);
    } else kept.push(statement.getFullText(file));
  }
  return kept.join("");
}

/** The names that a statement declares; null for what declares none and stands for itself. */
function declaredNames(statement: TypeScript.Statement): string[] | null {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => (ts.isIdentifier(name) ? name.text : ""));
  }
  if (ts.isImportDeclaration(statement)) {
    const bindings = statement.importClause?.namedBindings;
    const names = statement.importClause?.name ? [statement.importClause.name.text] : [];
    if (bindings && ts.isNamespaceImport(bindings)) names.push(bindings.name.text);
    else for (const { name } of bindings?.elements ?? []) names.push(name.text);
    return statement.importClause ? names : null;
  }
  const { name } = statement as TypeScript.DeclarationStatement;
  return name && ts.isIdentifier(name) ? [name.text] : null;
}
