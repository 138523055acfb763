// Lets an interrupt end what a cell awaits at its top level: `await x` becomes `await tools.awaited(x, line, column)`.
// Awaits in functions stay as they are, and with them the order in which promises settle.

import { createRequire } from "node:module";
import type * as TypeScript from "typescript";
import { cellToolsName } from "../execution/cell-names.ts";

const ts: typeof TypeScript = createRequire(import.meta.url)("typescript");

/** For a cell as it was parsed, imports included, before types are removed. */
export function interruptibleAwaits(
  file: TypeScript.SourceFile,
  context: TypeScript.TransformationContext,
): TypeScript.SourceFile {
  const { factory } = context;

  function call(
    tool: "awaited" | "awaitedEach",
    value: TypeScript.Expression,
    keyword: number,
  ): TypeScript.Expression {
    const { line, character } = ts.getLineAndCharacterOfPosition(file, keyword);
    const callee = factory.createPropertyAccessExpression(factory.createIdentifier(cellToolsName), tool);
    const place = [line + 1, character + 1].map((number) => factory.createNumericLiteral(number));
    return ts.setTextRange(factory.createCallExpression(callee, undefined, [value, ...place]), value);
  }

  /** Awaits that the translation has added begin where what they load is named. */
  const start = (node: TypeScript.Node, value: TypeScript.Node): number => {
    const written = node.pos >= 0 ? node : value;
    return written.pos >= 0 ? written.getStart(file) : 0;
  };

  const visit = (node: TypeScript.Node): TypeScript.Node => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return node;
    const inner = ts.visitEachChild(node, visit, context);
    if (ts.isAwaitExpression(inner))
      return factory.updateAwaitExpression(
        inner,
        call("awaited", inner.expression, start(node, inner.expression)),
      );
    if (ts.isForOfStatement(inner) && inner.awaitModifier)
      return factory.updateForOfStatement(
        inner,
        inner.awaitModifier,
        inner.initializer,
        call("awaitedEach", inner.expression, start(node, inner.expression)),
        inner.statement,
      );
    return inner;
  };
  return ts.visitEachChild(file, visit, context);
}
