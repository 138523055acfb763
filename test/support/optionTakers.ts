/** Finds, by their types, the public functions and methods that take options: a new one is found without a list. */
import { join } from "node:path";
import ts from "typescript";
import { root } from "../structure/project.ts";

export interface Taker {
  /** Such as `nn.conv2d`, and `Tensor#sum` for a method. */
  readonly name: string;
  /** The types of the arguments before the options. */
  readonly before: readonly string[];
}

const configuration = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
const settings = ts.parseJsonConfigFileContent(configuration.config, ts.sys, root).options;

/** The takers among what a module exports, by their paths from it. */
export function optionTakers(entry: string): Taker[] {
  const program = ts.createProgram([entry], settings);
  const checker = program.getTypeChecker();

  /** A parameter, or an element of an op's list of them. */
  interface Parameter {
    readonly name: ts.BindingName | undefined;
    readonly type: ts.Type;
  }

  /** By the parameter's name or its type's, as everywhere in the engine. */
  function isOptions({ name, type }: Parameter): boolean {
    const { aliasSymbol, symbol } = checker.getNonNullableType(type);
    if (name === undefined) return false;
    return (
      ts.isObjectBindingPattern(name) ||
      (ts.isIdentifier(name) && name.text === "options") ||
      /Options$/.test((aliasSymbol ?? symbol)?.name ?? "")
    );
  }

  function parametersOf(signature: ts.Signature): Parameter[] {
    return signature.parameters.flatMap((parameter): Parameter[] => {
      const type = checker.getTypeOfSymbol(parameter);
      const declaration = parameter.valueDeclaration;
      if (declaration === undefined || !ts.isParameter(declaration)) return [];
      if (declaration.dotDotDotToken === undefined) return [{ name: declaration.name, type }];
      // An op's `...args: [x: Tensor, options?: …]`.
      if (!checker.isTupleType(type)) return [];
      const { labeledElementDeclarations: labels } = (type as ts.TupleTypeReference).target;
      return checker.getTypeArguments(type as ts.TupleTypeReference).map((element, i) => {
        const name = labels?.[i]?.name;
        return { name: name && ts.isIdentifier(name) ? name : undefined, type: element };
      });
    });
  }

  function takersOf(name: string, symbol: ts.Symbol): Taker[] {
    for (const signature of checker.getTypeOfSymbol(symbol).getCallSignatures()) {
      const parameters = parametersOf(signature);
      const at = parameters.findIndex(isOptions);
      if (at < 0) continue;
      return [{ name, before: parameters.slice(0, at).map(({ type }) => checker.typeToString(type)) }];
    }
    return [];
  }

  const isHidden = (symbol: ts.Symbol): boolean =>
    (symbol.declarations ?? []).some(
      (node) => ts.getCombinedModifierFlags(node) & ts.ModifierFlags.NonPublicAccessibilityModifier,
    );

  function walk(module: ts.Symbol, path = ""): Taker[] {
    return checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const name = `${path}${exported.name}`;
      if (symbol.flags & ts.SymbolFlags.ValueModule) return walk(symbol, `${name}.`);
      if (!(symbol.flags & ts.SymbolFlags.Class))
        return symbol.flags & ts.SymbolFlags.Value ? takersOf(name, symbol) : [];
      return checker
        .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
        .filter((member) => member.flags & ts.SymbolFlags.Method && !isHidden(member))
        .flatMap((member) => takersOf(`${name}#${member.name}`, member));
    });
  }

  return walk(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!);
}
