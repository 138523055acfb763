// Lets a traceback show where a value was thrown that is no error: `throw x` becomes `throw tools.thrown(x)`, which gives
// back what it is given.

import { createRequire } from "node:module";
import type * as TypeScript from "typescript";
import { cellToolsName } from "../execution/cell-names.ts";

const ts: typeof TypeScript = createRequire(import.meta.url)("typescript");

/** For a cell as it was parsed, before types are removed. What throws a new error is left as it is. */
export function placedThrows(
  file: TypeScript.SourceFile,
  context: TypeScript.TransformationContext,
): TypeScript.SourceFile {
  const { factory } = context;
  const visit = (node: TypeScript.Node): TypeScript.Node => {
    const inner = ts.visitEachChild(node, visit, context);
    if (!ts.isThrowStatement(inner) || ts.isNewExpression(inner.expression)) return inner;
    const value = inner.expression;
    const callee = factory.createPropertyAccessExpression(factory.createIdentifier(cellToolsName), "thrown");
    // V8 takes the callee's name for the place of a call.
    ts.setTextRange(callee.name, value);
    const call = ts.setTextRange(factory.createCallExpression(callee, undefined, [value]), value);
    return factory.updateThrowStatement(inner, call);
  };
  return ts.visitEachChild(file, visit, context);
}
