// What TypeScript allows with tensors and no student can mean: `a == b` asks whether both are one and the same tensor, and
// `a[0]` is undefined, both without an error. `a === b` between names is left alone: programs ask for identity by it.

import type * as Fork from "@tslab/typescript-for-tslab";
import { directiveBefore } from "./directives.ts";

export interface TensorProblem {
  /** Positions in the checked file. */
  start: number;
  end: number;
  message: string;
  hint: string;
  /** Where the comment begins that asks for no errors in its line; absent where there is none. */
  hiddenBy?: number;
}

/** The problems of `file`, in order; `isTensor` knows the engine's tensors from other classes of that name. */
export function checkTensors(
  ts: typeof Fork,
  file: Fork.SourceFile,
  checker: Fork.TypeChecker,
  isTensor: (type: Fork.Type) => boolean,
): TensorProblem[] {
  const problems: TensorProblem[] = [];
  const equalities = new Set([
    ts.SyntaxKind.EqualsEqualsToken,
    ts.SyntaxKind.EqualsEqualsEqualsToken,
    ts.SyntaxKind.ExclamationEqualsToken,
    ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ]);
  const report = (node: Fork.Node, message: string, hint: string): void => {
    const start = node.getStart(file);
    const hiddenBy = directiveBefore(file, start);
    problems.push({ start, end: node.end, message, hint, ...(hiddenBy === null ? {} : { hiddenBy }) });
  };

  const areTensors = (...nodes: Fork.Node[]): boolean =>
    nodes.every((node) => isTensor(checker.getTypeAtLocation(node)));
  const isNumber = (node: Fork.Node): boolean =>
    (checker.getTypeAtLocation(node).flags & ts.TypeFlags.NumberLike) !== 0;

  function visit(node: Fork.Node): void {
    if (ts.isBinaryExpression(node) && equalities.has(node.operatorToken.kind)) {
      const operator = node.operatorToken.getText(file);
      const method = operator.startsWith("!") ? "notEqual" : "equal";
      const isStrict = operator.length === 3;
      const isFresh = [node.left, node.right].some((side) => ts.isCallExpression(side));
      if ((isFresh || !isStrict) && areTensors(node.left, node.right))
        report(
          node,
          `'${operator}' does not compare the values of tensors.`,
          `write a.${method}(b) for each element, a.allClose(b) for all; Object.is(a, b) asks whether both are one tensor`,
        );
    } else if (ts.isElementAccessExpression(node) && isNumber(node.argumentExpression)) {
      if (areTensors(node.expression))
        report(
          node,
          "A tensor has no elements in [ ].",
          "write x.at(i) for a part, x.at(i).item() for a number, x.slice([[start, end]]) for a range",
        );
    }
    ts.forEachChild(node, visit);
  }
  visit(file);
  return problems;
}
