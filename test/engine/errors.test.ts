// Docstrings say which errors are thrown: of operations, each kind that their sample mistakes provoke; of everything else that
// can fail, at least one.

import ts from "typescript";
import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../engine/backend/reference.ts";
import * as engine from "../../engine/index.ts";
import { isOp } from "../../engine/op.ts";
import * as operations from "../../engine/ops/index.ts";
import { files, read } from "../structure/project.ts";
import { sampleMaker } from "./helpers.ts";

interface Documented {
  readonly file: string;
  readonly name: string;
  readonly text: string;
}

/** What files export as functions, with their docstrings. */
function documented(pattern: RegExp): Documented[] {
  return files
    .filter((file) => pattern.test(file))
    .flatMap((file) => {
      const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
      return source.statements.flatMap((node): Documented[] => {
        const isExported =
          ts.canHaveModifiers(node) &&
          node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
        if (!isExported || !(ts.isFunctionDeclaration(node) || ts.isVariableStatement(node))) return [];
        const named = ts.isVariableStatement(node) ? node.declarationList.declarations[0]! : node;
        const text = ts
          .getJSDocCommentsAndTags(node)
          .map((part) => part.getText())
          .join("\n");
        return [{ file, name: named.name!.getText(), text }];
      });
    });
}

const { DTypeError, linalg, metrics, nn, optim, ShapeError } = engine;
const docs = documented(/^engine\/(ops|linalg|nn|optim|metrics)\/.*\.ts$|^engine\/creation\.ts$/);

describe("the docstring of an operation names the kind of error of each of its mistakes", () => {
  const exported = Object.values({ ...operations, ...linalg }).filter(isOp);
  it.each(exported.map((op) => [op.name, op] as const))("%s", (name, op) => {
    const kinds = new Set<string>();
    for (const [args] of op.definition.mistakes(sampleMaker(referenceBackend, "float32"))) {
      try {
        Reflect.apply(op, undefined, args);
      } catch (error) {
        if (error instanceof ShapeError || error instanceof DTypeError) kinds.add(error.name);
      }
    }
    const own = docs.find((one) => one.name === name && /^engine\/(ops|linalg)\//.test(one.file));
    const text = own?.text ?? "";
    if (text.includes("@internal")) return;
    expect([...kinds].filter((kind) => !text.includes(kind))).toEqual([]);
  });
});

it("the docstring of every function that can refuse more than an argument of the wrong kind says so", () => {
  /** They work on every tensor, or take nothing that could be wrong. */
  const fine =
    `neg abs sign clone logicalNot isInfinite unique nonzero relu identity step softplus gelu logSoftmax sigmoid tanh
    softmax parallel linearDecay cosineAnnealing`.split(/\s+/);
  const namespaces = [operations, linalg, nn, nn.init, nn.adversarial, optim, metrics, engine];
  const isPublic = ({ file, name }: Documented): boolean =>
    namespaces.some((space) => typeof Reflect.get(space, name) === "function") &&
    !file.endsWith("/requireTensor.ts");
  const silent = docs.filter((one) => isPublic(one) && !/\b[Tt]hrows?\b|@internal/.test(one.text));
  expect(
    silent.map(({ file, name }) => `${file} ${name}`).filter((one) => !fine.includes(one.split(" ")[1]!)),
  ).toEqual([]);
  expect(fine.filter((name) => !silent.some((one) => one.name === name))).toEqual([]);
});
