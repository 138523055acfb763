// What TypeDoc cannot know of the engine: an op is a constant that is called, and its formula stands in its definition; a
// module's fields are its layers and its settings.

import {
  Application,
  Comment,
  CommentTag,
  type Context,
  Converter,
  type DeclarationReflection,
  ParameterReflection,
  type ProjectReflection,
  ReflectionFlag,
  ReflectionKind,
  SignatureReflection,
  type SomeType,
  type TranslatedString,
  UnionType,
} from "typedoc";
import type ts from "typescript";
import { isOp } from "../../engine/op.ts";
import * as ops from "../../engine/ops/index.ts";

export function load(app: Application): void {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, showOpAsFunction);
  // Before TypeDoc leaves out what is internal: constructors tell which options a class has.
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) => explainFields(project), 1e6);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) => {
    hideHooks(project);
    addFormulas(project);
  });
  app.on(Application.EVENT_VALIDATE_PROJECT, (project: ProjectReflection) => {
    for (const name of undocumented(project))
      app.logger.validationWarning(
        `${name} has no docstring: one sentence that says what it is` as TranslatedString,
      );
  });
}

/** `const relu: Op<[x: Tensor]>` is read as `relu(x: Tensor): Tensor`. */
function showOpAsFunction(context: Context, op: DeclarationReflection): void {
  const symbol = context.getSymbolFromReflection(op);
  if (symbol === undefined || op.kind !== ReflectionKind.Variable) return;
  const type = context.checker.getTypeOfSymbol(symbol);
  if (type.getProperty("definition") === undefined || type.getCallSignatures().length === 0) return;
  op.kind = ReflectionKind.Function;
  op.flags.setFlag(ReflectionFlag.Const, false);
  op.signatures = type.getCallSignatures().map((call) => {
    const signature = new SignatureReflection(op.name, ReflectionKind.CallSignature, op);
    context.registerReflection(signature, undefined);
    const inside = context.withScope(op).withScope(signature);
    signature.type = context.converter.convertType(inside, call.getReturnType());
    signature.parameters = call.parameters.flatMap((rest) => parametersOf(inside, signature, rest));
    if (op.comment !== undefined) signature.comment = op.comment;
    return signature;
  });
  delete op.type;
  delete op.defaultValue;
  delete op.comment;
}

/** The parameters that a rest parameter of a tuple type stands for. */
function parametersOf(
  context: Context,
  signature: SignatureReflection,
  rest: ts.Symbol,
): ParameterReflection[] {
  const tuple = context.checker.getTypeOfSymbol(rest) as ts.TupleTypeReference;
  const labels = tuple.target.labeledElementDeclarations ?? [];
  return context.checker.getTypeArguments(tuple).map((type, i) => {
    const label = labels[i] as ts.NamedTupleMember;
    const parameter = new ParameterReflection(label.name.text, ReflectionKind.Parameter, signature);
    parameter.flags.setFlag(ReflectionFlag.Optional, label.questionToken !== undefined);
    parameter.flags.setFlag(ReflectionFlag.Rest, label.dotDotDotToken !== undefined);
    parameter.type = withoutUndefined(context.converter.convertType(context, type));
    context.registerReflection(parameter, undefined);
    return parameter;
  });
}

/** What `?` says already. */
function withoutUndefined(type: SomeType): SomeType {
  if (type.type !== "union") return type;
  const others = type.types.filter((one) => !(one.type === "intrinsic" && one.name === "undefined"));
  return others.length === 1 ? others[0]! : new UnionType(others);
}

/** How an object prints and shows itself is for Node and Jupyter to call. */
function hideHooks(project: ProjectReflection): void {
  for (const method of project.getReflectionsByKind(ReflectionKind.Method))
    if (/^\[(inspect|display|"?nodejs)/.test(method.name)) project.removeReflection(method);
}

/** The layers and settings of modules: their names, their types and the class's text say what they are. */
const fields = new WeakSet<DeclarationReflection>();

const formulas = new Map(
  Object.entries(ops).flatMap(([name, op]) => (isOp(op) ? [[name, op.definition.formula]] : [])),
);

/** Value and derivative from the op's definition, at the function and at the tensor's method of that name. */
function addFormulas(project: ProjectReflection): void {
  const tensor = project.getChildByName("Tensor") as DeclarationReflection;
  for (const [name, formula] of formulas) {
    const places = [project.getChildByName(name), tensor.getChildByName(name)] as (
      | DeclarationReflection
      | undefined
    )[];
    for (const place of places)
      for (const { comment } of place?.signatures ?? [])
        comment?.blockTags.unshift(
          new CommentTag("@formula", [
            { kind: "code", text: `\`\`\`text\n${formula.split(/;\s+/).join("\n")}\n\`\`\`` },
          ]),
        );
  }
}

/** What an option says of itself holds for the field that keeps it; a module's other fields are grouped by what they are. */
function explainFields(project: ProjectReflection): void {
  const owners = project.getReflectionsByKind(ReflectionKind.ClassOrInterface) as DeclarationReflection[];
  for (const owner of owners) {
    const options = optionsOf(owner);
    for (const field of owner.children ?? []) {
      if (field.kind !== ReflectionKind.Property || field.hasComment()) continue;
      const option = options.find(({ name, comment }) => name === field.name && comment !== undefined);
      if (option !== undefined) field.comment = option.comment!.clone();
      if (!isModule(owner)) continue;
      field.comment ??= new Comment();
      const group = mentionsModule(field.type) ? "Layers" : "Settings";
      fields.add(field);
      field.comment.blockTags.push(new CommentTag("@group", [{ kind: "text", text: group }]));
    }
  }
}

/** The options that a class can be made with. */
function optionsOf(owner: DeclarationReflection): DeclarationReflection[] {
  const maker = owner.getChildByName("constructor") as DeclarationReflection | undefined;
  const parameters = maker?.signatures?.flatMap((signature) => signature.parameters ?? []) ?? [];
  return parameters.flatMap(({ type }) => {
    if (type?.type !== "reference") return [];
    return (type.reflection as DeclarationReflection | undefined)?.children ?? [];
  });
}

function isModule(owner: DeclarationReflection): boolean {
  return owner.getChildByName("namedParameters") !== undefined;
}

function mentionsModule(type: SomeType | undefined): boolean {
  if (type?.type === "array") return mentionsModule(type.elementType);
  if (type?.type === "typeOperator") return mentionsModule(type.target);
  if (type?.type === "union") return type.types.some(mentionsModule);
  if (type?.type !== "reference") return false;
  const target = type.reflection as DeclarationReflection | undefined;
  return target !== undefined && isModule(target);
}

const kinds = [
  ReflectionKind.Namespace,
  ReflectionKind.Class,
  ReflectionKind.Interface,
  ReflectionKind.TypeAlias,
  ReflectionKind.Function,
  ReflectionKind.Method,
  ReflectionKind.Variable,
  ReflectionKind.Property,
  ReflectionKind.Accessor,
];

/** Public names without a sentence, but for the layers and settings of modules, and the fields of types without a name. */
function undocumented(project: ProjectReflection): string[] {
  const names = kinds.flatMap((kind) => project.getReflectionsByKind(kind) as DeclarationReflection[]);
  return names
    .filter((named) => !isExplained(named) && !isWithinUnnamedType(named))
    .map((named) => named.getFullName());
}

function isExplained(named: DeclarationReflection): boolean {
  const voices = [named, named.getSignature, ...(named.signatures ?? [])];
  return fields.has(named) || voices.some((voice) => voice?.comment?.hasVisibleComponent());
}

function isWithinUnnamedType(named: DeclarationReflection): boolean {
  return named.parent?.kind === ReflectionKind.TypeLiteral || named.parent?.kind === ReflectionKind.Parameter;
}
