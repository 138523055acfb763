// From a cell's TypeScript to JavaScript for `Runtime.evaluate({ replMode: true })`, with a source map. No types are
// checked here. The rules:
//  - Every top-level name becomes a `let`: V8's REPL mode lets a `let` be declared again, but refuses it when an
//    earlier cell declared the same name by another kind (const, var, function).
//  - Imports become awaited calls of the importer (kernel/execution/modules.ts), at the top, as in a module.
//  - The completion value is that of the last statement when it is an expression, and undefined otherwise.

import { createRequire } from "node:module";
import type * as TypeScript from "typescript";
import { importerName } from "../execution/cell-names.ts";
import { interruptibleAwaits } from "./awaits.ts";
import { emitModule } from "./emit.ts";
import { type HelperAction, withHelperCalls } from "./helper-calls.ts";
import { type HelperCall, readHelpers } from "./helpers.ts";
import { apply, type Edit, editsForOlder } from "./older-syntax.ts";
import { placedThrows } from "./throws.ts";

const ts: typeof TypeScript = createRequire(import.meta.url)("typescript");

/** A cell parsed once: what is wrong with its syntax, and the texts that the checker and the translator read. */
export interface ParsedCell {
  /** Positions are indices into the student's text; the code 0 is ours, of helpers. */
  syntaxErrors: { start: number; end: number; message: string; code: number }[];
  /** The text without helpers and `export`, which a cell does not have. Every position is as in the student's text. */
  neutral: string;
  /** `neutral` for TypeScript 5.0. */
  forChecker: string;
  /** Whether the text begins with `// @ts-nocheck`. */
  unchecked: boolean;
  /** The names of values that it declares at its top level, by `import` too. */
  declared: string[];
  /** Whether it augments `global` or a module, which must stay in force in later cells. */
  augments: boolean;
  helpers: HelperCall[];
  /** Where the statements begin. */
  statements: number[];
}

export interface Translation {
  javascript: string;
  sourceMap: string;
}

export const defaultExportName = "_dflt";

/** Reads a cell; `syntaxErrors` is empty when the rest can be used. `isDeclared` tells the names of earlier cells. */
export function parseCell(code: string, isDeclared?: (name: string) => boolean): ParsedCell {
  const { text, calls, problems } = readHelpers(code, isDeclared);
  const file = parse(text);
  const neutral: Edit[] = [];
  const blank = (start: number, end: number): Edit => ({ start, end, text: "" });

  for (const statement of file.statements) {
    if (ts.isExportDeclaration(statement) && statement.moduleSpecifier === undefined) {
      neutral.push(blank(statement.getStart(file), statement.end));
    } else if (ts.isExportAssignment(statement)) {
      neutral.push(...nameDefault(statement, file));
    } else if (ts.canHaveModifiers(statement)) {
      const modifiers = ts.getModifiers(statement) ?? [];
      const isDefault = modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword);
      const nameless = !("name" in statement) || statement.name === undefined;
      if (isDefault && nameless) neutral.push(...nameDefault(statement, file));
      else {
        for (const modifier of modifiers) {
          if (
            modifier.kind === ts.SyntaxKind.ExportKeyword ||
            modifier.kind === ts.SyntaxKind.DefaultKeyword
          ) {
            neutral.push(blank(modifier.getStart(file), modifier.end));
          }
        }
      }
    }
  }

  const neutralText = apply(text, neutral);
  const ours = problems.map((problem) => ({ ...problem, code: 0 }));
  return {
    // What follows an unknown helper in its line is no TypeScript either.
    syntaxErrors: ours.length > 0 ? ours : syntaxErrors(file),
    neutral: neutralText,
    forChecker: apply(neutralText, editsForOlder(file)),
    unchecked: isUnchecked(file),
    declared: file.statements.flatMap(declaredNames),
    augments: file.statements.some(
      (statement) =>
        ts.isModuleDeclaration(statement) &&
        (ts.isStringLiteral(statement.name) || (statement.flags & ts.NodeFlags.GlobalAugmentation) !== 0),
    ),
    helpers: calls,
    statements: file.statements.filter((it) => !ts.isEmptyStatement(it)).map((it) => it.getStart(file)),
  };
}

/** The callee of the innermost call whose parentheses hold `cursor`, as an index into its name. */
export function enclosingCallee(code: string, cursor: number): number | null {
  const file = parse(code);
  const position = code.slice(0, cursor).trimEnd().length;
  let callee: number | null = null;
  const visit = (node: TypeScript.Node): void => {
    if (position < node.pos || position > node.end) return;
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const closed = code.charAt(node.end - 1) === ")" && cursor >= node.end;
      if (position > node.expression.end && !closed) callee = node.expression.end - 1;
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return callee;
}

/** The literal that holds `position`, without its quotes. */
export function enclosingString(code: string, position: number): { start: number; end: number } | null {
  const file = parse(code);
  let found: { start: number; end: number } | null = null;
  const visit = (node: TypeScript.Node): void => {
    if (position < node.pos || position > node.end) return;
    if (ts.isStringLiteralLike(node) && position > node.getStart(file)) {
      const text = node.getText(file);
      const closed = text.length > 1 && text.endsWith(text.charAt(0));
      if (position < node.end || !closed) {
        found = { start: node.getStart(file) + 1, end: closed ? node.end - 1 : node.end };
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/**
 * `typeOnly`: imported names that stand for types alone, so that nothing is read at run time. `actions`: what the helpers
 * of the cell do.
 */
export function translateCell(
  cell: ParsedCell,
  url: string,
  typeOnly: ReadonlySet<string>,
  actions: readonly HelperAction[] = [],
): Translation {
  let endsWithValue = false;
  const { javascript, sourceMap } = emitModule(cell.neutral, {
    before: [
      (context) => (source) => {
        const file = withHelperCalls(source, actions, context);
        const last = [...file.statements].findLast((statement) => !isTypeStatement(statement));
        endsWithValue = last !== undefined && ts.isExpressionStatement(last);
        return interruptibleAwaits(
          placedThrows(ts, rewriteImports(file, context, typeOnly), context),
          context,
        );
      },
    ],
    after: [(context) => (file) => redeclarable(file, context, endsWithValue)],
  });
  const code = javascript.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
  return { javascript: `${code}//# sourceURL=${url}\n`, sourceMap };
}

function parse(code: string): TypeScript.SourceFile {
  return ts.createSourceFile(
    "cell.ts",
    code,
    {
      languageVersion: ts.ScriptTarget.ESNext,
      // As a module, so that `await` at the top level is the keyword.
      setExternalModuleIndicator: (file) => Object.assign(file, { externalModuleIndicator: true }),
    },
    true,
  );
}

function syntaxErrors(file: TypeScript.SourceFile): ParsedCell["syntaxErrors"] {
  if (!("parseDiagnostics" in file)) return [];
  return (file.parseDiagnostics as TypeScript.DiagnosticWithLocation[]).map((diagnostic) => ({
    start: diagnostic.start,
    end: diagnostic.start + diagnostic.length,
    message: ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"),
    code: diagnostic.code,
  }));
}

function isUnchecked(file: TypeScript.SourceFile): boolean {
  const directive = "checkJsDirective" in file ? (file.checkJsDirective as { enabled?: boolean }) : undefined;
  return directive?.enabled === false;
}

/** `export default value` declares a name that nobody sees, letter for letter as long. */
function nameDefault(statement: TypeScript.Statement, file: TypeScript.SourceFile): Edit[] {
  const start = statement.getStart(file);
  const keywords = /^export(\s+)default|^export(\s*)=/.exec(file.text.slice(start));
  if (!keywords) return [];
  const end = start + keywords[0].length;
  if (keywords[0].endsWith("=")) return [{ start, end, text: "let _ =" }];
  return [
    { start, end: start + "export".length, text: "let" },
    { start: end - "default".length, end, text: `${defaultExportName} =` },
  ];
}

function isTypeStatement(statement: TypeScript.Statement): boolean {
  return (
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEmptyStatement(statement) ||
    (ts.canHaveModifiers(statement) &&
      (ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.DeclareKeyword) ??
        false))
  );
}

function rewriteImports(
  file: TypeScript.SourceFile,
  context: TypeScript.TransformationContext,
  typeOnly: ReadonlySet<string>,
): TypeScript.SourceFile {
  const { factory } = context;
  const importer = (member: string): TypeScript.Expression =>
    factory.createPropertyAccessExpression(factory.createIdentifier(importerName), member);
  const imports: TypeScript.Statement[] = [];

  /** `await importer.import("specifier", { with: … }, ["names"])` */
  function load(
    specifier: TypeScript.Expression,
    attributes: TypeScript.ImportAttributes | undefined,
    names: readonly string[],
  ): TypeScript.Expression {
    const options = attributes
      ? factory.createObjectLiteralExpression([
          factory.createPropertyAssignment(
            "with",
            factory.createObjectLiteralExpression(
              attributes.elements.map(({ name, value }) =>
                factory.createPropertyAssignment(factory.createStringLiteral(name.text), value),
              ),
            ),
          ),
        ])
      : factory.createVoidZero();
    const strings = factory.createArrayLiteralExpression(
      names.map((name) => factory.createStringLiteral(name)),
    );
    const call = factory.createCallExpression(importer("import"), undefined, [specifier, options, strings]);
    return factory.createAwaitExpression(ts.setTextRange(call, specifier));
  }

  function declare(
    statement: TypeScript.Statement,
    name: TypeScript.BindingName,
    value: TypeScript.Expression,
  ): TypeScript.Statement {
    const declaration = factory.createVariableDeclaration(name, undefined, undefined, value);
    const list = factory.createVariableDeclarationList([declaration], ts.NodeFlags.Let);
    return ts.setTextRange(factory.createVariableStatement(undefined, list), statement);
  }

  function importStatement(statement: TypeScript.ImportDeclaration): void {
    const clause = statement.importClause;
    const specifier = statement.moduleSpecifier;
    if (!clause) {
      const sideEffect = factory.createExpressionStatement(load(specifier, statement.attributes, []));
      imports.push(ts.setTextRange(sideEffect, statement));
      return;
    }
    if (clause.isTypeOnly) return;
    const elements: TypeScript.BindingElement[] = [];
    const names: string[] = [];
    const bind = (property: string, name: TypeScript.Identifier): void => {
      if (typeOnly.has(name.text)) return;
      names.push(property);
      elements.push(
        factory.createBindingElement(
          undefined,
          factory.createStringLiteral(property),
          factory.createIdentifier(name.text),
        ),
      );
    };
    if (clause.name) bind("default", clause.name);
    const bindings = clause.namedBindings;
    if (bindings && ts.isNamespaceImport(bindings)) {
      imports.push(declare(statement, bindings.name, load(specifier, statement.attributes, names)));
      if (elements.length > 0) {
        const pattern = factory.createObjectBindingPattern(elements);
        imports.push(declare(statement, pattern, factory.createIdentifier(bindings.name.text)));
      }
      return;
    }
    for (const element of bindings?.elements ?? []) {
      if (!element.isTypeOnly) bind((element.propertyName ?? element.name).text, element.name);
    }
    if (elements.length === 0 && (clause.name || (bindings?.elements.length ?? 0) > 0)) return;
    imports.push(
      declare(
        statement,
        factory.createObjectBindingPattern(elements),
        load(specifier, statement.attributes, names),
      ),
    );
  }

  function reference(name: TypeScript.EntityName): TypeScript.Expression {
    return ts.isIdentifier(name)
      ? factory.createIdentifier(name.text)
      : factory.createPropertyAccessExpression(reference(name.left), name.right.text);
  }

  const visit = (node: TypeScript.Node): TypeScript.Node => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const call = factory.createCallExpression(
        importer("import"),
        undefined,
        node.arguments.map((argument) => ts.visitNode(argument, visit, ts.isExpression)),
      );
      return ts.setTextRange(call, node);
    }
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) {
      return ts.setTextRange(importer("meta"), node);
    }
    return ts.visitEachChild(node, visit, context);
  };

  const rest: TypeScript.Statement[] = [];
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) importStatement(statement);
    else if (ts.isExportDeclaration(statement)) {
      if (statement.moduleSpecifier && !statement.isTypeOnly) {
        const load_ = load(statement.moduleSpecifier, statement.attributes, []);
        imports.push(ts.setTextRange(factory.createExpressionStatement(load_), statement));
      }
    } else if (ts.isImportEqualsDeclaration(statement)) {
      if (statement.isTypeOnly || typeOnly.has(statement.name.text)) continue;
      const target = statement.moduleReference;
      const value = ts.isExternalModuleReference(target)
        ? factory.createCallExpression(importer("require"), undefined, [target.expression])
        : reference(target);
      (ts.isExternalModuleReference(target) ? imports : rest).push(
        declare(statement, factory.createIdentifier(statement.name.text), value),
      );
    } else rest.push(ts.visitNode(statement, visit, ts.isStatement));
  }
  return factory.updateSourceFile(
    file,
    ts.setTextRange(factory.createNodeArray([...imports, ...rest]), file.statements),
  );
}

/** Turns the JavaScript's top-level declarations into `let` and classes, functions first. */
function redeclarable(
  file: TypeScript.SourceFile,
  context: TypeScript.TransformationContext,
  endsWithValue: boolean,
): TypeScript.SourceFile {
  const { factory } = context;
  const functions: TypeScript.Statement[] = [];
  const body: TypeScript.Statement[] = [];
  /** Names of `var`, which may be declared in a block or twice; declared once at the top. */
  const hoisted = new Set<string>();
  const declared = new Set<string>();

  const letStatement = (
    declarations: readonly TypeScript.VariableDeclaration[],
    original: TypeScript.Node,
  ): TypeScript.Statement =>
    ts.setTextRange(
      factory.createVariableStatement(
        undefined,
        ts.setTextRange(factory.createVariableDeclarationList(declarations, ts.NodeFlags.Let), original),
      ),
      original,
    );

  /** A `var` list as the expression that assigns, or null when nothing is assigned. */
  function assignment(list: TypeScript.VariableDeclarationList): TypeScript.Expression | null {
    const parts: TypeScript.Expression[] = [];
    for (const declaration of list.declarations) {
      for (const name of boundNames(declaration.name)) hoisted.add(name);
      if (!declaration.initializer) continue;
      const value = ts.visitNode(declaration.initializer, hoistVar, ts.isExpression);
      const target = assignable(declaration.name, factory);
      parts.push(ts.setTextRange(factory.createAssignment(target, value), declaration));
    }
    return parts.length > 0 ? parts.reduce((left, right) => factory.createComma(left, right)) : null;
  }

  const isVar = (list: TypeScript.Node): list is TypeScript.VariableDeclarationList =>
    ts.isVariableDeclarationList(list) && (list.flags & ts.NodeFlags.BlockScoped) === 0;

  function hoistVar(node: TypeScript.Node): TypeScript.Node {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return node;
    if (ts.isVariableStatement(node) && isVar(node.declarationList)) {
      const value = assignment(node.declarationList);
      const statement = value
        ? factory.createExpressionStatement(
            ts.isObjectLiteralExpression(value) ? factory.createParenthesizedExpression(value) : value,
          )
        : factory.createEmptyStatement();
      return ts.setTextRange(statement, node);
    }
    if (ts.isForStatement(node) && node.initializer && isVar(node.initializer)) {
      const initializer = assignment(node.initializer) ?? undefined;
      const updated = factory.updateForStatement(
        node,
        initializer,
        node.condition,
        node.incrementor,
        node.statement,
      );
      return ts.visitEachChild(updated, hoistVar, context);
    }
    if ((ts.isForOfStatement(node) || ts.isForInStatement(node)) && isVar(node.initializer)) {
      const [declaration] = node.initializer.declarations;
      for (const name of boundNames(declaration!.name)) hoisted.add(name);
      const target = assignable(declaration!.name, factory);
      const updated = ts.isForOfStatement(node)
        ? factory.updateForOfStatement(node, node.awaitModifier, target, node.expression, node.statement)
        : factory.updateForInStatement(node, target, node.expression, node.statement);
      return ts.visitEachChild(updated, hoistVar, context);
    }
    return ts.visitEachChild(node, hoistVar, context);
  }

  for (const statement of file.statements) {
    if (ts.isExportDeclaration(statement)) continue;
    if (ts.isFunctionDeclaration(statement) && statement.name) {
      const { name, asteriskToken, parameters } = statement;
      const isAsync = statement.modifiers?.filter((modifier) => modifier.kind === ts.SyntaxKind.AsyncKeyword);
      const value = factory.createFunctionExpression(
        isAsync as TypeScript.Modifier[] | undefined,
        asteriskToken,
        undefined,
        undefined,
        parameters,
        undefined,
        statement.body ?? factory.createBlock([]),
      );
      ts.setOriginalNode(ts.setTextRange(value, statement), statement);
      functions.push(
        letStatement([factory.createVariableDeclaration(name, undefined, undefined, value)], statement),
      );
      declared.add(name.text);
    } else if (ts.isVariableStatement(statement)) {
      const { declarationList } = statement;
      const names = declarationList.declarations.flatMap(({ name }) => boundNames(name));
      const twice = names.some((name) => declared.has(name)) || new Set(names).size < names.length;
      if (isVar(declarationList) && twice) body.push(hoistVar(statement) as TypeScript.Statement);
      else {
        body.push(letStatement(declarationList.declarations, statement));
        for (const name of names) declared.add(name);
      }
    } else {
      if (ts.isClassDeclaration(statement) && statement.name) declared.add(statement.name.text);
      body.push(hoistVar(statement) as TypeScript.Statement);
    }
  }

  const missing = [...hoisted].filter((name) => !declared.has(name));
  const strict = factory.createExpressionStatement(factory.createStringLiteral("use strict"));
  const statements = [
    strict,
    ...(missing.length > 0
      ? [
          letStatement(
            missing.map((name) => factory.createVariableDeclaration(name)),
            factory.createEmptyStatement(),
          ),
        ]
      : []),
    ...functions,
    ...body,
    ...(endsWithValue ? [] : [factory.createExpressionStatement(factory.createVoidZero())]),
  ];
  return factory.updateSourceFile(
    file,
    ts.setTextRange(factory.createNodeArray(statements), file.statements),
  );
}

/** The values that a statement declares for the statements after it. */
function declaredNames(statement: TypeScript.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  if (ts.isImportDeclaration(statement)) {
    const { importClause: clause } = statement;
    if (!clause || clause.isTypeOnly) return [];
    const { name, namedBindings: bindings } = clause;
    const named =
      bindings && ts.isNamespaceImport(bindings)
        ? [bindings]
        : (bindings?.elements ?? []).filter(({ isTypeOnly }) => !isTypeOnly);
    return [...(name ? [name] : []), ...named.map((each) => each.name)].map(({ text }) => text);
  }
  const declares =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isEnumDeclaration(statement) ||
    ts.isImportEqualsDeclaration(statement);
  return declares && statement.name ? [statement.name.text] : [];
}

function boundNames(name: TypeScript.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) =>
    ts.isOmittedExpression(element) ? [] : boundNames(element.name),
  );
}

/** The binding `{ a, b: [c = 1] }` as the target of an assignment. */
function assignable(name: TypeScript.BindingName, factory: TypeScript.NodeFactory): TypeScript.Expression {
  if (ts.isIdentifier(name)) return factory.createIdentifier(name.text);
  const target = (element: TypeScript.BindingElement): TypeScript.Expression => {
    const inner = assignable(element.name, factory);
    return element.initializer ? factory.createAssignment(inner, element.initializer) : inner;
  };
  if (ts.isArrayBindingPattern(name)) {
    return factory.createArrayLiteralExpression(
      name.elements.map((element) => {
        if (ts.isOmittedExpression(element)) return factory.createOmittedExpression();
        return element.dotDotDotToken ? factory.createSpreadElement(target(element)) : target(element);
      }),
    );
  }
  return factory.createObjectLiteralExpression(
    name.elements.map((element) => {
      if (element.dotDotDotToken) return factory.createSpreadAssignment(target(element));
      const property =
        element.propertyName ?? factory.createIdentifier((element.name as TypeScript.Identifier).text);
      return factory.createPropertyAssignment(property, target(element));
    }),
  );
}
