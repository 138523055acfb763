// The examples of the docstrings: each passes the type checker; those that need nothing but the engine are run, and a value
// written behind an expression (`// [[3], [7]]`, `// x.grad is [2, 4]`) is what comes out: a tensor's numbers, or its shape.

import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import * as engine from "../../engine/index.ts";
import { files, read, root } from "../structure/project.ts";

/** What the examples speak of without making it. */
const given = new Set(
  `a augment autoencoder b body boxes clean content corners covariance d dataset decoder denoised encoder everything f
  features films filters first g generator head hidden image images isCat kernels labels layer loader logVariance
  logits loss machine maps mask masks model mu network optimizer other p path picture points predicted predictions
  same saved scores second signals style switches targets test threes train vae validation values x y z`.split(
    /\s+/,
  ),
);

interface Example {
  readonly name: string;
  readonly code: string;
}

const sources = files.filter((file) => /^(engine|kernel\/view)\/.*\.ts$|^kernel\/display\.ts$/.test(file));
const examples = sources.flatMap((file) => examplesOf(file));

function examplesOf(file: string): Example[] {
  const found: Example[] = [];
  const visit = (node: ts.Node): void => {
    for (const tag of ts.getJSDocTags(node))
      if (tag.tagName.text === "example" && tag.parent.parent === node)
        found.push({ name: nameOf(file, node), code: ts.getTextOfJSDocComment(tag.comment) ?? "" });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true));
  return found;
}

function nameOf(file: string, node: ts.Node): string {
  const named = ts.isVariableStatement(node) ? node.declarationList.declarations[0] : node;
  return `${file} ${(named as ts.NamedDeclaration | undefined)?.name?.getText() ?? ""}`;
}

/** Whether something is left to the reader. */
const isSketch = ({ code }: Example): boolean => code.replaceAll(/\/\/.*/g, "").includes("…");
const complete = examples.filter((example) => !isSketch(example));

// ── Types ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const names = Object.keys(engine).join(", ");
const header = [
  `import { ${names} } from "./engine/index.ts";`,
  `import { display, getpass, interact, progress, prompt, show } from "./kernel/preload/names.ts";`,
].join("");
const folder = root.replaceAll("\\", "/");
const wrapped = new Map(
  complete.map(({ code }, i) => [
    `${folder}/example-${i}.ts`,
    `${header} export async function example() {\n${code}\n}`,
  ]),
);

/** What the type checker says of each example, by its number; `missing` are names that nobody made. */
function checkTypes(): { readonly messages: string[]; readonly missing: Set<string> }[] {
  const settings = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
    ts.sys,
    root,
  ).options;
  const options = { ...settings, noUnusedLocals: false, noUnusedParameters: false, noImplicitAny: false };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (file) => wrapped.has(file) || fileExists(file);
  host.readFile = (file) => wrapped.get(file) ?? readFile(file);
  host.getSourceFile = (file, ...rest) => {
    const text = wrapped.get(file);
    return text === undefined
      ? getSourceFile(file, ...rest)
      : ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  };
  const program = ts.createProgram([...wrapped.keys()], options, host);
  return [...wrapped.keys()].map((file) => {
    const source = program.getSourceFile(file)!;
    const messages: string[] = [];
    const missing = new Set<string>();
    for (const found of [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]) {
      const text = ts.flattenDiagnosticMessageText(found.messageText, "\n");
      const name =
        /^Cannot find name '(\w+)'|^No value exists in scope for the shorthand property '(\w+)'/.exec(text);
      if (name === null) messages.push(text);
      else missing.add((name[1] ?? name[2])!);
    }
    return { messages, missing };
  });
}

const checked = checkTypes();
describe("examples", () => {
  test("are found in every folder of the engine, most of them complete", () => {
    expect(complete.length).toBeGreaterThan(250);
    expect(examples.length - complete.length).toBeLessThan(10);
  });

  test("speak of nothing else", () => {
    const spoken = new Set(checked.flatMap(({ missing }) => [...missing]));
    expect([...given].filter((name) => !spoken.has(name))).toEqual([]);
  });

  test.each(complete.map(({ name }, i) => [name, checked[i]!] as const))(
    "%s passes the type checker",
    (_name, { messages, missing }) => {
      expect(messages).toEqual([]);
      expect([...missing].filter((name) => !given.has(name))).toEqual([]);
    },
  );
});

// ── Values ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Claim {
  readonly subject: string;
  readonly actual: unknown;
  readonly expected: unknown;
}

/** The number, truth value, array or list that a remark begins with, up to a colon; undefined for words. */
function valueIn(remark: string): unknown {
  const text = remark
    .split(": ")[0]!
    .replaceAll("−", "-")
    .replaceAll(/(?<=\d),(?=\d{3}\b)/g, "")
    .trim();
  if (!/^(true|false|[-\d.e[\], ]+)$/.test(text)) return undefined;
  const values = JSON.parse(`[${text}]`);
  return values.length === 1 ? values[0] : values;
}

/** What the remark behind a statement speaks of: `x.grad is …`, the names it declares, or the expression it is. */
function subjectOf(statement: ts.Statement, remark: string): string | undefined {
  if (/^[\w.]+ is /.test(remark)) return remark.split(" is ")[0];
  if (ts.isExpressionStatement(statement)) return statement.expression.getText();
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations[0]!.name.getText();
  return undefined;
}

/** The example as a program that calls `claim(subject, actual, expected)` where a remark tells a value. */
function withClaims(code: string): { readonly program: string; readonly claims: number } {
  let claims = 0;
  const source = ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest, true);
  const parts = source.statements.map((statement) => {
    const text = statement.getText();
    const remark = /^;?\s*\/\/ (.*)/.exec(code.slice(statement.end))?.[1] ?? "";
    const subject = subjectOf(statement, remark);
    const told = valueIn(remark.replace(`${subject} is `, ""));
    if (subject === undefined || told === undefined) return text;
    claims++;
    const claim = `claim(${JSON.stringify(subject)}, ${subject}, ${JSON.stringify(told)});`;
    return ts.isExpressionStatement(statement) && text.startsWith(subject) ? claim : `${text}\n${claim}`;
  });
  return { program: parts.join("\n"), claims };
}

/** Numbers as precise as they are written. */
function agrees({ actual, expected }: Claim): boolean {
  if (actual instanceof engine.Tensor && typeof expected === "boolean")
    return actual.item() === Number(expected);
  if (actual instanceof engine.Tensor)
    return [actual.toArray(), actual.shape].some((value) => agrees({ subject: "", actual: value, expected }));
  if (Array.isArray(expected))
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((value, i) => agrees({ subject: "", actual: actual[i], expected: value }))
    );
  if (typeof expected !== "number" || typeof actual !== "number") return actual === expected;
  const decimals = String(expected).split(".")[1]?.length ?? 0;
  return Math.abs(actual - expected) <= 0.5 * 10 ** -decimals + 1e-6 * Math.abs(expected);
}

async function run(program: string): Promise<Claim[]> {
  const claims: Claim[] = [];
  const claim = (subject: string, actual: unknown, expected: unknown) =>
    claims.push({ subject, actual, expected });
  const { target, module } = { target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.ESNext };
  const script = ts.transpile(`async function example() {\n${program}\n}`, { target, module });
  const scope = { ...engine, claim };
  await new Function(...Object.keys(scope), `${script}; return example();`)(...Object.values(scope));
  return claims;
}

/** Needs a file, a network or a notebook. */
const reachesOut =
  /\bexchange\.|\bdata\.(?:mnist|fashionMnist|cifar100?|image|imageFolder)\b|\bshow\.|\bdisplay\(|\bprompt\(/;
const alone = complete.filter(({ code }, i) => checked[i]!.missing.size === 0 && !reachesOut.test(code));

describe("examples that need nothing but the engine", () => {
  test("are many, and many tell a value", () => {
    expect(alone.length).toBeGreaterThan(100);
    expect(alone.map(({ code }) => withClaims(code).claims).reduce((a, b) => a + b)).toBeGreaterThan(60);
  });

  test.each(alone.map(({ name, code }) => [name, code] as const))(
    "%s runs and gives what it says",
    async (_name, code) => {
      const { program, claims } = withClaims(code);
      const made = await run(program);
      expect(made.length).toBe(claims);
      for (const one of made) if (!agrees(one)) expect(one.actual, one.subject).toEqual(one.expected);
    },
  );
});
