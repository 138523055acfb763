// Puts calls of kernel/execution/helpers.ts where a cell's helpers stood.

import { createRequire } from "node:module";
import type * as TypeScript from "typescript";
import { helpersName } from "../execution/cell-names.ts";

const ts: typeof TypeScript = createRequire(import.meta.url)("typescript");

/** What takes the place of a helper when its cell runs. */
export type HelperAction = {
  /** Where the helper stood; what it does is done before the statements behind it. */
  position: number;
} & (
  | { method: "show" | "print" | "install"; argument: string }
  /** Handed functions that read the variables, so that one without a value does not disturb. */
  | { method: "who"; variables: readonly string[]; types: readonly string[] }
  /** Handed functions that assign to the variables. */
  | { method: "reset"; variables: readonly string[] }
  /** Of the statement that begins in the same line, or of the rest of the cell. */
  | { method: "time"; of: "statement" | "rest" }
);

/** The statements of a cell with the calls between them. */
export function withHelperCalls(
  file: TypeScript.SourceFile,
  actions: readonly HelperAction[],
  { factory }: TypeScript.TransformationContext,
): TypeScript.SourceFile {
  if (actions.length === 0) return file;
  const name = (member: string): TypeScript.Expression =>
    factory.createPropertyAccessExpression(factory.createIdentifier(helpersName), member);
  const call = (member: string, ...given: TypeScript.Expression[]): TypeScript.Expression =>
    factory.createCallExpression(name(member), undefined, given);
  const string = (text: string): TypeScript.Expression => factory.createStringLiteral(text);
  const list = (texts: readonly string[]): TypeScript.Expression =>
    factory.createArrayLiteralExpression(texts.map(string));
  const record = (
    names: readonly string[],
    value: (name: TypeScript.Identifier) => TypeScript.Expression,
  ): TypeScript.Expression =>
    factory.createObjectLiteralExpression(
      names.map((each) =>
        factory.createPropertyAssignment(
          factory.createComputedPropertyName(string(each)),
          value(factory.createIdentifier(each)),
        ),
      ),
    );
  const arrow = (parameters: string[], body: TypeScript.Expression): TypeScript.Expression =>
    factory.createArrowFunction(
      undefined,
      undefined,
      parameters.map((each) => factory.createParameterDeclaration(undefined, undefined, each)),
      undefined,
      undefined,
      factory.createParenthesizedExpression(body),
    );

  function statementOf(action: HelperAction): TypeScript.Statement {
    switch (action.method) {
      case "time":
        return factory.createExpressionStatement(call("startTime"));
      case "who": {
        const readers = record(action.variables, (variable) => arrow([], variable));
        return factory.createExpressionStatement(call("who", readers, list(action.types)));
      }
      case "reset": {
        const value = "value";
        const writers = record(action.variables, (variable) =>
          // A parameter of the same name would be assigned to itself.
          arrow(
            [variable.text === value ? "given" : value],
            factory.createAssignment(
              variable,
              factory.createIdentifier(variable.text === value ? "given" : value),
            ),
          ),
        );
        return factory.createExpressionStatement(call("reset", writers));
      }
      default: {
        const done = call(action.method, string(action.argument));
        return factory.createExpressionStatement(factory.createAwaitExpression(done));
      }
    }
  }

  /** The statement, and after it how long it took. */
  function timed(statement: TypeScript.Statement): TypeScript.Statement[] {
    if (!ts.isExpressionStatement(statement))
      return [statement, factory.createExpressionStatement(call("printTime"))];
    const ended = factory.updateExpressionStatement(statement, call("printTime", statement.expression));
    return [ts.setTextRange(ended, statement)];
  }

  const waiting = [...actions].sort((a, b) => a.position - b.position);
  const statements: TypeScript.Statement[] = [];
  let timesRest = false;
  let timesNext = false;
  for (const statement of file.statements) {
    while (waiting[0] && waiting[0].position < statement.getStart(file)) {
      const action = waiting.shift();
      if (!action) break;
      statements.push(statementOf(action));
      if (action.method === "time" && action.of === "rest") timesRest = true;
      if (action.method === "time" && action.of === "statement") timesNext = true;
    }
    statements.push(...(timesNext ? timed(statement) : [statement]));
    timesNext = false;
  }
  if (timesRest) {
    const last = statements.pop();
    if (last) statements.push(...timed(last));
  }
  statements.push(...waiting.map(statementOf));
  return factory.updateSourceFile(
    file,
    ts.setTextRange(factory.createNodeArray(statements), file.statements),
  );
}
