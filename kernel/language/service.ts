// The four answers of `Language`, computed where they are asked for; `worker.ts` puts a thread around them.
//
// Each cell that passed is a module in memory, `__cell_3__.d.ts`, made of the declarations that tslab writes for it. What
// a new cell sees is one list of names from those modules: the last cell that declared a name has it. Variables come as
// declarations of that type, since an import cannot be assigned to; all else is imported.
// A type therefore stays what it was for the values made of it, when a later cell declares another by its name.

import type * as Fork from "@tslab/typescript-for-tslab";
import type * as TslabConverter from "tslab/dist/converter.js";
import { cellUrl } from "../execution/cell-names.ts";
import { ownDeclarations, wordsOf } from "./declarations.ts";
import { excerpt } from "./excerpt.ts";
import {
  actionsOf,
  isTypeCheck,
  loadFile,
  packagesToInstall,
  problemsOf,
  type TypeCheck,
} from "./helper-actions.ts";
import type { HelperAction } from "./helper-calls.ts";
import { completeHelper, inspectHelper, withoutQuestion } from "./helper-completion.ts";
import { hintFor } from "./hints.ts";
import { localsOf } from "./internals.ts";
import type {
  Checked,
  CheckRequest,
  Completeness,
  CompletionMatch,
  Completions,
  Diagnostic,
  Inspection,
  LanguageOptions,
} from "./language.ts";
import { filePaths, modulePaths } from "./module-paths.ts";
import { type SyntaxProblem, withSyntaxHints } from "./syntax-hints.ts";
import { checkTensors } from "./tensor-checks.ts";
import {
  defaultExportName,
  enclosingCallee,
  enclosingString,
  type ParsedCell,
  parseCell,
  translateCell,
} from "./transpile.ts";
import { loadTslab } from "./tslab.ts";

interface Seen {
  module: string;
  as: "import" | "let" | "const";
  /** Types alone are nothing that a variable could hold. */
  isValue: boolean;
  /** Types are written with the names of others; a name of values alone matters only where it stands. */
  isType: boolean;
  /** Its comment, where the declaration that stands for it has none of its own. */
  comment?: string;
}

/** What TypeScript says of `import x = require(…)`, which cells may use, and of files outside the notebook's folder. */
const allowedHere = new Set([1202, 1203, 6059, 6307]);

/** TypeScript's number for a `// @ts-expect-error` that hides nothing. */
const unusedDirective = 2578;

/** Each takes some 20 KB. */
const textsWorthForgetting = 100;

export interface LanguageService {
  /** Reads the library and what is preloaded; before that nothing else may be asked. */
  load(): void;
  /** Does once what every check does, so that the first is as fast as the others. */
  warm(): void;
  check(request: CheckRequest): Checked;
  complete(code: string, cursor: number): Completions;
  inspect(code: string, cursor: number, detailLevel: number): Inspection;
  isComplete(code: string): Completeness;
  /** Forgets what is remembered of earlier texts, if that is much; for a moment when nobody asks. */
  tidy(): void;
}

export function createLanguageService({ directory, preload }: LanguageOptions): LanguageService {
  let unchecked = false;
  /** What `%typecheck` says of the cells to come. */
  let typeCheck: TypeCheck = "on";
  const tslab = loadTslab(directory, () => unchecked);
  const { ts } = tslab;
  /** Where each name that a cell can see comes from, and how it comes. */
  const visible = new Map<string, Seen>();
  /** What of it was there before the first cell. */
  const preloaded = new Map<string, Seen>();
  /** Modules of cells that augment other modules or the global scope. */
  const augmentations: string[] = [];
  let cells = 0;

  const preloadModule = preload?.module.replaceAll("\\", "/") ?? "";
  for (const name of preload?.names ?? []) preloadName(name, true);

  /** What tslab calls the previous declarations: all of them, or as many as a cell of these words can be about. */
  function previous(words?: ReadonlySet<string>, except: ReadonlySet<string> = new Set()): string {
    const imported = new Map<string, string[]>();
    const variables: string[] = [];
    for (const [name, { module, as, isType, comment = "" }] of visible) {
      if (except.has(name) || !(isType || !words || words.has(name))) continue;
      if (as === "import") imported.set(module, [...(imported.get(module) ?? []), name]);
      else
        variables.push(
          `${comment}declare ${as} ${name}: typeof import(${JSON.stringify(module)}).${name};\n`,
        );
    }
    const imports = [...imported].map(
      ([module, names]) => `import { ${names.join(", ")} } from ${JSON.stringify(module)};\n`,
    );
    const effects = augmentations.map((module) => `import ${JSON.stringify(module)};\n`);
    return [...imports, ...effects, ...variables].join("");
  }

  function preloadName(name: string, isValue: boolean): void {
    // All of them in each cell, which then reads one text for all cells.
    const seen: Seen = { module: preloadModule, as: "import", isValue, isType: true };
    preloaded.set(name, seen);
    visible.set(name, seen);
  }

  /** What the student's cells have declared: values, or types. */
  function own(values: boolean): string[] {
    return [...visible]
      .filter(([, seen]) => seen.module !== preloadModule && seen.isValue === values)
      .map(([name]) => name);
  }

  function load(): void {
    if (!preload) return;
    // Only makes the program that has the module; nothing is there to tell.
    tslab.converter.inspect(`import * as preloaded from ${JSON.stringify(preloadModule)};\n`, "", 0);
    preloadTypes();
  }

  function warm(): void {
    const cell = parseCell("const warm = [1].map((value) => value + 1); console.log(warm)");
    tslab.converter.convert(previous(), cell.forChecker);
    translateCell(cell, cellUrl("warm"), new Set());
  }

  /** Adds the types that the preloaded module exports; its list of names, if there is one, has only values. */
  function preloadTypes(): void {
    const checker = tslab.program().getTypeChecker();
    const statement = tslab.previousFile().statements.find(ts.isImportDeclaration);
    const module = statement && checker.getSymbolAtLocation(statement.moduleSpecifier);
    if (!module) return;
    for (const exported of checker.getExportsOfModule(module)) {
      const value = isValue(exported, checker);
      if (preload?.names === undefined || !value) preloadName(exported.name, value);
    }
  }

  const isValue = (symbol: Fork.Symbol, checker: Fork.TypeChecker): boolean =>
    (meant(symbol, checker).flags & ts.SymbolFlags.Value) !== 0;

  const isType = (symbol: Fork.Symbol, checker: Fork.TypeChecker): boolean =>
    (meant(symbol, checker).flags & (ts.SymbolFlags.Type | ts.SymbolFlags.Namespace)) !== 0;

  /** What an imported name stands for. */
  function meant(symbol: Fork.Symbol, checker: Fork.TypeChecker): Fork.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }

  const parsed = (code: string): ParsedCell => parseCell(code, (name) => visible.has(name));

  function check({ code, cell: name, installed = false }: CheckRequest): Checked {
    const cell = parsed(code);
    const wrong = [
      ...cell.syntaxErrors,
      ...problemsOf(cell.helpers, cell.statements).map((it) => ({ ...it, code: 0 })),
    ];
    if (wrong.length > 0) return failed(code, withSyntaxHints(cell.neutral, wrong));
    const [first] = cell.helpers;
    if (first?.name === "load") {
      const loaded = loadFile(first.argument, directory);
      if ("message" in loaded) return failed(code, [{ ...first, ...loaded, code: 0 }]);
      const again = parsed(loaded.text).helpers.find((helper) => helper.name === "load");
      if (again)
        return failed(loaded.text, [{ ...again, message: "%load: this file was loaded itself", code: 0 }]);
      return { ...check({ code: loaded.text, cell: name, executionCount: 0 }), loaded: loaded.text };
    }
    const installs = packagesToInstall(cell.helpers);
    if (installs.length > 0 && !installed)
      return {
        diagnostics: [],
        ...translateCell(parseCell(""), cellUrl(name), new Set(), installs),
        goesOn: true,
      };
    if (installs.length > 0) tslab.packagesChanged();
    tslab.refresh();
    return cell.helpers.some((helper) => helper.name === "reset")
      ? checkAfterReset(cell, code, name)
      : checkTypes(cell, code, name);
  }

  /** Syntax errors and helpers that are written wrongly, as an answer. */
  function failed(code: string, wrong: readonly SyntaxProblem[]): Checked {
    const diagnostics = wrong.map(({ start, end, message, code: number, hint }) =>
      describe(code, start, end, { message, code: number, category: "error", hint }),
    );
    return { diagnostics: sorted(diagnostics), javascript: "", sourceMap: "" };
  }

  /** The cell sees the preloaded names alone; if it is wrong, it has not run, and all others stay. */
  function checkAfterReset(cell: ParsedCell, code: string, name: string): Checked {
    const before = new Map(visible);
    const effects = augmentations.splice(0);
    tslab.renew();
    const forgotten: HelperAction = { position: -1, method: "reset", variables: own(true) };
    visible.clear();
    for (const [each, seen] of preloaded) visible.set(each, seen);
    const checked = checkTypes(cell, code, name, [forgotten]);
    if (checked.javascript === "") {
      for (const [each, seen] of before) visible.set(each, seen);
      augmentations.push(...effects);
    }
    return checked;
  }

  function checkTypes(cell: ParsedCell, code: string, name: string, before: HelperAction[] = []): Checked {
    const setting = cell.helpers.findLast((helper) => helper.name === "typecheck")?.argument ?? "";
    const asked = isTypeCheck(setting) ? setting : typeCheck;
    unchecked = cell.unchecked || asked === "off";
    tslab.setStrict(asked === "strict");
    const converted = convert(cell);
    const failure = converted instanceof Error ? converted : null;
    const diagnostics = converted instanceof Error ? [] : problems(cell, code, converted);
    if (diagnostics.some(({ category }) => category === "error"))
      return { diagnostics, javascript: "", sourceMap: "" };
    typeCheck = asked;
    const typeOnly =
      converted instanceof Error ? rememberUnchecked(cell) : remember(cell, converted.declOutput);
    const actions = actionsOf(cell.helpers, code, {
      variables: own(true),
      types: own(false),
      names: [...visible.keys()],
      inspect: (asked, detailLevel) => inspect(asked, asked.length, detailLevel),
    });
    const remark =
      failure === null
        ? {}
        : {
            remark: `${name} runs without a check of its types, since TypeScript itself failed: ${failure.message}`,
          };
    const translation = translateCell(cell, cellUrl(name), typeOnly, [...before, ...actions]);
    return { diagnostics, ...translation, ...remark };
  }

  /** Why tslab itself fails, even made anew: the cell then runs unchecked, since nobody's work should stop. */
  function convert(cell: ParsedCell): TslabConverter.ConvertResult | Error {
    const ask = (words?: ReadonlySet<string>): TslabConverter.ConvertResult =>
      tslab.converter.convert(previous(words), cell.forChecker);
    const answer = attempt(() => {
      const found = ask(wordsOf(cell.forChecker));
      if (found.diagnostics.length === 0) return found;
      // Any name may be suggested; and a checker gives reasons only the first time that it says something.
      tslab.renew();
      return ask();
    });
    if (answer) return answer;
    try {
      tslab.restart();
      return ask();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Later cells know what this one declares, of whatever type. */
  function rememberUnchecked(cell: ParsedCell): Set<string> {
    if (cell.declared.length === 0) return new Set();
    const module = `./__cell_${++cells}__`;
    const lines = cell.declared.map((name) => `export declare let ${name}: any;\n`);
    tslab.addFile(`${module.slice(2)}.d.ts`, lines.join(""));
    for (const name of cell.declared) visible.set(name, { module, as: "let", isValue: true, isType: false });
    return new Set();
  }

  /** Keeps what the cell declares; returns the imported names that stand for types alone. */
  function remember(cell: ParsedCell, declarations: string | undefined): Set<string> {
    const checker = tslab.program().getTypeChecker();
    const locals = new Map([...localsOf(tslab.cellFile())].filter(([name]) => name !== defaultExportName));
    const typeOnly = new Set<string>();
    for (const [name, symbol] of locals) {
      if (symbol.flags & ts.SymbolFlags.Alias && !isValue(symbol, checker)) typeOnly.add(name);
    }
    if (locals.size === 0 && !cell.augments) return typeOnly;
    const module = `./__cell_${++cells}__`;
    const exports = `\nexport { ${[...locals.keys()].join(", ")} };\n`;
    // TypeScript writes no declarations where a type cannot be named; then the cell's text itself declares it.
    if (declarations === undefined || declarations.startsWith("undefined")) {
      tslab.addFile(
        `${module.slice(2)}.ts`,
        previous(undefined, new Set(locals.keys())) + cell.forChecker + exports,
      );
    } else {
      const own = ownDeclarations(ts, declarations, new Set(locals.keys()), tslab.previousFile());
      tslab.addFile(`${module.slice(2)}.d.ts`, own + exports);
    }
    for (const [name, symbol] of locals)
      visible.set(name, {
        ...howSeen(symbol, module),
        isValue: isValue(symbol, checker),
        isType: isType(symbol, checker),
      });
    if (cell.augments) augmentations.push(module);
    return typeOnly;
  }

  function howSeen(symbol: Fork.Symbol, module: string): Pick<Seen, "module" | "as" | "comment"> {
    const declaration = symbol.valueDeclaration;
    const others = symbol.flags & ~ts.SymbolFlags.Variable & (ts.SymbolFlags.Value | ts.SymbolFlags.Type);
    if (!declaration || !(symbol.flags & ts.SymbolFlags.Variable) || others) return { module, as: "import" };
    const as = ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const ? "const" : "let";
    const statement = ts.findAncestor(declaration, ts.isVariableStatement);
    const text = declaration.getSourceFile().text;
    const comments = statement ? (ts.getLeadingCommentRanges(text, statement.pos) ?? []) : [];
    const comment = comments
      .map(({ pos, end }) => text.slice(pos, end))
      .findLast((it) => it.startsWith("/**"));
    return comment === undefined ? { module, as } : { module, as, comment: `${comment}\n` };
  }

  /** What TypeScript finds, and what it allows with tensors and nobody can mean. */
  function problems(cell: ParsedCell, code: string, converted: TslabConverter.ConvertResult): Diagnostic[] {
    const ofTensors = unchecked
      ? []
      : checkTensors(ts, tslab.cellFile(), tslab.program().getTypeChecker(), isTensor);
    /** Comments that hide something, of which TypeScript knows nothing. */
    const used = new Set(ofTensors.map(({ hiddenBy = -1 }) => hiddenBy - tslab.prefixLength));
    const found = converted.diagnostics.filter(
      (each) => each.code !== unusedDirective || !used.has(each.start.offset),
    );
    const shown = ofTensors.filter(({ hiddenBy }) => hiddenBy === undefined);
    return sorted([
      ...found.flatMap((each) => diagnose(cell, code, each)),
      ...shown.map(({ start, end, message, hint }) =>
        describe(code, start - tslab.prefixLength, end - tslab.prefixLength, {
          message,
          code: 0,
          category: "error",
          hint,
        }),
      ),
    ]);
  }

  /** The engine's, and no class of that name of the student's. */
  function isTensor(type: Fork.Type): boolean {
    const file =
      type.symbol?.name === "Tensor" ? type.symbol.declarations?.[0]?.getSourceFile().fileName : undefined;
    return file !== undefined && /\/engine\/tensor\.(?:d\.)?ts$/.test(file);
  }

  function diagnose(cell: ParsedCell, code: string, found: TslabConverter.Diagnostic): Diagnostic[] {
    const category = found.category === ts.DiagnosticCategory.Error ? "error" : "warning";
    const { code: number, fileName } = found;
    const message = withoutPaths(found.messageText);
    if (allowedHere.has(number) || found.category > ts.DiagnosticCategory.Error) return [];
    const said = { message, code: number, category } as const;
    if (fileName !== undefined) {
      const file = tslab.program().getSourceFile(`${directory.replaceAll("\\", "/")}/${fileName}`);
      if (!file || /^__cell_\d+__/.test(fileName)) return [];
      return [
        { ...describe(tslab.textOf(file), found.start.offset, found.end.offset, said), file: fileName },
      ];
    }
    const { start, end } = { start: found.start.offset, end: found.end.offset };
    // Beyond the text there is only what tslab appends to it.
    if (start >= code.length && code.length > 0) return [];
    const context = {
      marked: code.slice(start, end),
      before: /[^\n]*$/.exec(code.slice(0, start))?.[0] ?? "",
      after: /^[^\n]*/.exec(code.slice(end))?.[0] ?? "",
      directory,
      signature: () => signatureAt(cell, start),
      members: () => attempt(() => membersAt(cell, start)) ?? [],
      type: () => typeAt(start, end),
    };
    const hint = hintFor(number, message, context);
    return [describe(code, start, Math.min(end, code.length), { ...said, hint })];
  }

  /** Broken code can make the compiler throw; then there is simply no answer. */
  function attempt<Answer>(ask: () => Answer): Answer | undefined {
    try {
      return ask();
    } catch {
      // A checker that was left in the middle of something may say anything.
      tslab.renew();
      return undefined;
    }
  }

  function signatureAt(cell: ParsedCell, position: number): string | null {
    const callee = attempt(() => enclosingCallee(cell.forChecker, position)) ?? position;
    const shown = attempt(() => tslab.converter.inspect(previous(), cell.forChecker, callee));
    const declared = shown
      ? signatureOf(shown).replace(/^\((?:method|property|local function)\) |^function /, "")
      : "";
    return declared.includes("(") ? declared.replace(/\s+/g, " ") : null;
  }

  /** The type of the expression that is exactly there, or that a type error there is about. */
  function typeAt(start: number, end: number): string {
    let node: Fork.Node = tslab.nodeAt(tslab.cellFile(), start + tslab.prefixLength);
    while (node.end < end + tslab.prefixLength && node.parent) node = node.parent;
    const checker = tslab.program().getTypeChecker();
    return checker.typeToString(checker.getTypeAtLocation(node));
  }

  function membersAt(cell: ParsedCell, position: number): string[] {
    const entries = tslab.converter.complete(previous(), cell.forChecker, position).original?.entries ?? [];
    return entries.map((entry) => entry.name);
  }

  function complete(written: string, cursor: number): Completions {
    const helper = completeHelper(written, cursor, directory);
    if (helper) return helper;
    const code = withoutQuestion(written, parsed(written).helpers, cursor);
    const nothing = { matches: [], start: cursor, end: cursor };
    const paths = modulePaths(code, cursor, directory);
    if (paths) return paths;
    const { forChecker, neutral } = parsed(code);
    const literal = enclosingString(neutral, cursor);
    const found = attempt(() => tslab.converter.complete(previous(), forChecker, cursor));
    if (!found) return nothing;
    const entries = new Map(found.original?.entries.map((entry) => [entry.name, entry]));
    if (literal) {
      const typed = code.slice(literal.start, cursor);
      const strings = [...entries.values()].filter(
        ({ kind, name }) => kind === "string" && name.startsWith(typed),
      );
      const matches = strings.map(({ name }) => ({ text: name, type: "string" }));
      if (matches.length > 0) return { matches, start: literal.start, end: literal.end };
      return (/^[^\n]*$/.test(typed) && filePaths(typed, directory, literal)) || nothing;
    }
    const typed = code.slice(found.start, cursor).toLowerCase();
    const names = found.candidates.filter((name) => !/^__(tslab|cell_|prev)|^_dflt$/.test(name));
    const beginning = names.filter((name) => name.toLowerCase().startsWith(typed));
    /** Where the expression before a dot ends, or -1. */
    const before = /\.\s*$/.test(code.slice(0, found.start))
      ? code.slice(0, found.start).lastIndexOf(".")
      : -1;
    // A name that the notebook declares is likelier meant than one of the library's hundreds.
    const own = (name: string): number =>
      before >= 0 || !visible.has(name) ? 2 : visible.get(name)?.module === preloadModule ? 1 : 0;
    const matches = (beginning.length > 0 ? beginning : names)
      .map((name, index) => ({ name, index }))
      .sort((a, b) => own(a.name) - own(b.name) || a.index - b.index)
      .map(
        ({ name }): CompletionMatch => ({
          text: name,
          type: kindOf(name, entries.get(name)?.kind ?? "", before),
        }),
      );
    return { matches, start: found.start, end: found.end };
  }

  /** The kind of a completion; where it is an import or a re-export, of what it stands for. */
  function kindOf(name: string, kind: string, before: number): string {
    if (kind !== "alias") return kind;
    const checker = tslab.program().getTypeChecker();
    let symbol = before < 0 ? localsOf(tslab.previousFile()).get(name) : memberAt(before, name, checker);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
    const flags = symbol?.flags ?? 0;
    if (flags & ts.SymbolFlags.Class) return "class";
    if (flags & ts.SymbolFlags.Function) return "function";
    if (flags & ts.SymbolFlags.Enum) return "enum";
    if (flags & ts.SymbolFlags.Module) return "module";
    if (flags & ts.SymbolFlags.Variable) {
      const declaration = symbol?.valueDeclaration;
      const type = symbol && declaration ? checker.getTypeOfSymbolAtLocation(symbol, declaration) : undefined;
      return type && type.getCallSignatures().length > 0 ? "function" : "variable";
    }
    if (flags & ts.SymbolFlags.Interface) return "interface";
    return flags & ts.SymbolFlags.TypeAlias ? "type" : kind;
  }

  /** The export `name` of the module that the expression which ends at `position` stands for. */
  function memberAt(position: number, name: string, checker: Fork.TypeChecker): Fork.Symbol | undefined {
    const node = tslab.nodeAt(tslab.cellFile(), position + tslab.prefixLength - 1);
    let module = checker.getSymbolAtLocation(node);
    if (module && module.flags & ts.SymbolFlags.Alias) module = checker.getAliasedSymbol(module);
    return module && checker.tryGetMemberInModuleExports(name, module);
  }

  function inspect(written: string, cursor: number, detailLevel: number): Inspection {
    const calls = parsed(written).helpers;
    const helper = inspectHelper(calls, cursor);
    if (helper) return helper;
    const code = withoutQuestion(written, calls, cursor);
    const { forChecker } = parsed(code);
    const at = (position: number): Fork.QuickInfo | null =>
      attempt(() => tslab.converter.inspect(previous(), forChecker, position)) ?? null;
    const callee = attempt(() => enclosingCallee(forChecker, cursor)) ?? null;
    const touches = (position: number): boolean =>
      position >= 0 && /[\p{ID_Continue}$"'`]/u.test(code.charAt(position));
    const candidates = [cursor, cursor - 1].filter(touches);
    if (callee !== null) candidates.push(callee);
    for (const position of candidates) {
      const info = at(position);
      // Of a name that nothing declares, TypeScript says no more than its type.
      if (!info?.displayParts?.length || ts.displayPartsToString(info.displayParts) === "any") continue;
      const source = detailLevel > 0 ? sourceAt(position) : null;
      return { found: true, markdown: asMarkdown(info, source), text: asText(info, source) };
    }
    return { found: false, markdown: "", text: "" };
  }

  function sourceAt(position: number): string | null {
    const checker = tslab.program().getTypeChecker();
    let symbol = checker.getSymbolAtLocation(tslab.nodeAt(tslab.cellFile(), position + tslab.prefixLength));
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
    const declaration = symbol?.declarations?.[0];
    return declaration ? declaration.getText() : null;
  }

  /** What an imported name stands for, rather than that it is imported. */
  function signatureOf(info: Fork.QuickInfo): string {
    const shown = ts.displayPartsToString(info.displayParts).replace(/\n(?:import|export) [^\n]*$/, "");
    return withoutPaths(shown.replace(/^\(alias\) /, "").replace(/^(?:import|export) [^\n]*\n/, ""));
  }

  function asText(info: Fork.QuickInfo, source: string | null): string {
    const text = tslab.printQuickInfo({ ...info, displayParts: [{ kind: "text", text: signatureOf(info) }] });
    return source === null ? text : `${text}\n\n${source}`;
  }

  function asMarkdown(info: Fork.QuickInfo, source: string | null): string {
    const parts = [`\`\`\`typescript\n${signatureOf(info)}\n\`\`\``];
    const documentation = ts.displayPartsToString(info.documentation);
    if (documentation) parts.push(documentation);
    const tags = (info.tags ?? []).map((tag) => {
      const text = ts.displayPartsToString(tag.text);
      const [, name, rest] = tag.name === "param" ? (/^(\S+)\s*(.*)$/s.exec(text) ?? []) : [];
      if (tag.name === "example")
        return `*example*\n\n\`\`\`typescript\n${text.replace(/^```\w*\n|\n```$/g, "")}\n\`\`\``;
      return name ? `- \`${name}\` ${rest}` : `*${tag.name}* ${text}`;
    });
    if (tags.length > 0) parts.push(tags.join("\n"));
    if (source !== null) parts.push(`\`\`\`typescript\n${source}\n\`\`\``);
    return parts.join("\n\n");
  }

  function isComplete(code: string): Completeness {
    const { syntaxErrors, neutral } = parsed(code);
    if (syntaxErrors.length === 0) return { status: "complete" };
    // An open template literal or comment goes on in the next line as it is.
    if (syntaxErrors.some((error) => error.code === 1160 || error.code === 1010))
      return { status: "incomplete", indent: "" };
    const { completed, indent } = tslab.isCompleteCode(neutral);
    return completed ? { status: "invalid" } : { status: "incomplete", indent: indent ?? "" };
  }

  function tidy(): void {
    if (tslab.age() < textsWorthForgetting) return;
    tslab.renew();
    warm();
  }

  return { load, warm, check, complete, inspect, isComplete, tidy };
}

function describe(
  text: string,
  start: number,
  end: number,
  { hint, ...said }: Pick<Diagnostic, "message" | "code" | "category"> & { hint?: string | undefined },
): Diagnostic {
  const from = place(text, start);
  const to = place(text, Math.max(start, end));
  const span = { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  return { ...said, ...span, excerpt: excerpt(text, span), ...(hint === undefined ? {} : { hint }) };
}

function place(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

/** The cell's own first, each file by position. */
function sorted(diagnostics: Diagnostic[]): Diagnostic[] {
  return diagnostics.sort(
    (a, b) =>
      (a.file ?? "").localeCompare(b.file ?? "") || a.line - b.line || a.column - b.column || a.code - b.code,
  );
}

/** TypeScript names a type that is not in scope by its file: `import("/long/path").Tensor`, `typeof import("/long/data/index")`. */
function withoutPaths(text: string): string {
  return text
    .replace(/(?:typeof )?import\("[^"]*"\)\./g, "")
    .replace(/import\("[^"]*?([^/"]+?)(?:\/index)?"\)/g, "$1");
}
