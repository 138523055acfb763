// Lets a traceback show where a value was thrown that is no error: `throw x` becomes `throw tools.thrown(x)`, which gives
// back what it is given, and so do the values with which promises are rejected.

import type * as TypeScript from "typescript";
import { cellToolsName } from "../execution/cell-names.ts";

/**
 * For a cell or file as it was parsed, before types are removed. What is a new error is left as it is, and so is `reject` where it
 * is handed on rather than called. The compiler is the caller's: the main thread loads it only for files that need it.
 */
export function placedThrows(
  ts: typeof TypeScript,
  file: TypeScript.SourceFile,
  context: TypeScript.TransformationContext,
): TypeScript.SourceFile {
  const { factory } = context;

  /** `value`, remembered with its place. */
  function placed(value: TypeScript.Expression): TypeScript.Expression {
    if (ts.isNewExpression(value)) return value;
    const callee = factory.createPropertyAccessExpression(factory.createIdentifier(cellToolsName), "thrown");
    // V8 takes the callee's name for the place of a call.
    ts.setTextRange(callee.name, value);
    return ts.setTextRange(factory.createCallExpression(callee, undefined, [value]), value);
  }

  /** What the function that is given to `new Promise` calls its second argument. */
  function rejectsAs(node: TypeScript.Node): string | null {
    if (!ts.isNewExpression(node) || !ts.isIdentifier(node.expression) || node.expression.text !== "Promise")
      return null;
    const [executor] = node.arguments ?? [];
    if (!executor || !(ts.isArrowFunction(executor) || ts.isFunctionExpression(executor))) return null;
    const name = executor.parameters[1]?.name;
    return name && ts.isIdentifier(name) ? name.text : null;
  }

  function rejects(callee: TypeScript.Expression, names: readonly string[]): boolean {
    if (ts.isIdentifier(callee)) return names.includes(callee.text);
    if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== "reject") return false;
    return ts.isIdentifier(callee.expression) && callee.expression.text === "Promise";
  }

  const visitor =
    (names: readonly string[]) =>
    (node: TypeScript.Node): TypeScript.Node => {
      const own = rejectsAs(node);
      const inner = ts.visitEachChild(node, visitor(own === null ? names : [...names, own]), context);
      if (ts.isThrowStatement(inner)) return factory.updateThrowStatement(inner, placed(inner.expression));
      if (!ts.isCallExpression(inner) || inner.arguments.length !== 1) return inner;
      const [reason] = inner.arguments;
      if (!reason || ts.isSpreadElement(reason) || !rejects(inner.expression, names)) return inner;
      return factory.updateCallExpression(inner, inner.expression, inner.typeArguments, [placed(reason)]);
    };
  return ts.visitEachChild(file, visitor([]), context);
}
