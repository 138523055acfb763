/** PyTorch's values and gradients (golden/*.py). */
import { describe, expect, test } from "vitest";
import { withBackend } from "../../engine/backend/current.ts";
import { chunk, linalg, meshgrid, sort, split, type Tensor, topk, unique } from "../../engine/index.ts";
import { isOp } from "../../engine/op.ts";
import * as operations from "../../engine/ops/index.ts";
import arrangement from "./golden/arrangement.json" with { type: "json" };
import golden from "./golden/golden.json" with { type: "json" };
import matrices from "./golden/matrices.json" with { type: "json" };
import rest from "./golden/operations.json" with { type: "json" };
import placement from "./golden/placement.json" with { type: "json" };
import sequences from "./golden/sequences.json" with { type: "json" };
import { backends } from "./helpers.ts";
import { backpropagate, expectPacked, type Packed, unpack } from "./packed.ts";

const ops = { ...operations, ...linalg };

interface Case {
  readonly op: string;
  readonly note: string;
  readonly options: unknown;
  readonly operands: readonly Packed[];
  readonly output: Packed;
  readonly gradients: readonly (Packed | null)[];
}

const cases: readonly Case[] = [
  ...golden.cases,
  ...arrangement.cases,
  ...matrices.cases,
  ...rest.cases,
  ...placement.cases,
  ...sequences.cases,
];

/** Functions that return several tensors, by the one that is compared; questions about numbers that JSON does not hold. */
const parts: Record<string, (...args: never[]) => Tensor> = {
  sort: (...args: Parameters<typeof sort>) => sort(...args).values,
  topk: (...args: Parameters<typeof topk>) => topk(...args).values,
  split: (...args: Parameters<typeof split>) => split(...args)[1]!,
  chunk: (...args: Parameters<typeof chunk>) => chunk(...args).at(-1)!,
  meshgrid: (...args: Parameters<typeof meshgrid>) => meshgrid(...args)[1]!,
  unique: (x: Tensor) => unique(x).values,
  uniqueCounts: (x: Tensor) => unique(x).counts,
  isNaN: (x: Tensor) => x.log().isNaN(),
  isFinite: (x: Tensor) => x.log().isFinite(),
  isInfinite: (x: Tensor) => x.log().isInfinite(),
  eigenvalues: (x: Tensor) => linalg.eigh(x.add(x.T)).values,
  singularValues: (x: Tensor) => linalg.svd(x).s,
  leftVectorsSquared: (x: Tensor) => linalg.svd(x).u.square(),
  rightVectorsSquared: (x: Tensor) => linalg.svd(x).vh.square(),
  orthonormal: (x: Tensor) => linalg.qr(x).q,
  triangular: (x: Tensor) => linalg.qr(x).r,
  eigenvectorsSquared: (x: Tensor) => linalg.eigh(x.add(x.T)).vectors.square(),
};

describe.each(backends.slice(0, 3).map(({ name, backend }) => [name, backend] as const))(
  "on %s",
  (_name, backend) => {
    test.each(cases.map((entry, i) => [`${entry.op} ${entry.note || i}`, entry] as const))(
      "%s is PyTorch's",
      (_title, entry) => {
        withBackend(backend, () => {
          const operands = entry.operands.map(unpack);
          for (const operand of operands) operand.requiresGrad = operand.dtype === "float32";
          const op: unknown = Reflect.get(parts, entry.op) ?? Reflect.get(ops, entry.op);
          if (typeof op !== "function") throw new Error(`no op ${entry.op}`);
          const y: Tensor = op(...argumentsOf(entry.op, operands, entry.options));
          expectPacked(y, entry.output, "output");
          if (!y.requiresGrad) return;
          backpropagate(y);
          entry.gradients.forEach((gradient, i) => {
            if (gradient !== null) expectPacked(operands[i]!.grad!, gradient, `gradient ${i}`);
          });
        });
      },
    );
  },
);

test("every operation is compared with PyTorch", () => {
  const compared = new Set(cases.map(({ op }) => op));
  const names = Object.entries(ops).flatMap(([name, value]) => (isOp(value) ? [name] : []));
  expect(names.filter((name) => !compared.has(name))).toEqual([]);
});

/** The op's arguments in nnlab's order. */
function argumentsOf(op: string, operands: Tensor[], options: unknown): unknown[] {
  const rest = Array.isArray(options) ? options : [options];
  if (op.startsWith("conv")) return [operands[0], operands[1], operands[2] ?? null, ...rest];
  if (op === "concat" || op === "stack" || op === "meshgrid") return [operands, ...rest];
  if (op === "gather" || op === "indexSelect") return [operands[0], ...rest, operands[1]];
  if (op.startsWith("scatter")) return [operands[0], ...rest, operands[1], operands[2]];
  if (op === "sliceScatter") return [operands[0], ...rest, operands[1]];
  if (op === "einsum") return [...rest, ...operands];
  return [...operands, ...rest];
}
