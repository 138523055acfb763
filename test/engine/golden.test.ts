/** PyTorch's values and gradients (golden/*.py), and the lectures' worked numbers. */
import { describe, expect, test } from "vitest";
import { withBackend } from "../../engine/backend/current.ts";
import {
  avgPool2d,
  chunk,
  conv2d,
  linalg,
  maxPool2d,
  meshgrid,
  nn,
  pad,
  sort,
  split,
  type Tensor,
  type TensorData,
  tensor,
  topk,
  unique,
} from "../../engine/index.ts";
import { isOp } from "../../engine/op.ts";
import * as operations from "../../engine/ops/index.ts";
import arrangement from "./golden/arrangement.json" with { type: "json" };
import golden from "./golden/golden.json" with { type: "json" };
import matrices from "./golden/matrices.json" with { type: "json" };
import rest from "./golden/operations.json" with { type: "json" };
import placement from "./golden/placement.json" with { type: "json" };
import sequences from "./golden/sequences.json" with { type: "json" };
import { backends, numbers } from "./helpers.ts";
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

describe("the lectures' worked numbers", () => {
  const image = (rows: TensorData) => tensor(rows).unsqueeze(0).unsqueeze(0);
  const rows = (x: Tensor) => x.squeeze([0, 1]).toArray();

  test("000: a binary image under a cross", () => {
    const x = [
      [1, 1, 1, 0, 0],
      [0, 1, 1, 1, 0],
      [0, 0, 1, 1, 1],
      [0, 0, 1, 1, 0],
      [0, 1, 1, 0, 0],
    ];
    const k = [
      [1, 0, 1],
      [0, 1, 0],
      [1, 0, 1],
    ];
    expect(rows(conv2d(image(x), image(k)))).toEqual([
      [4, 3, 4],
      [2, 4, 3],
      [2, 3, 4],
    ]);
  });

  test("000: three channels and a bias", () => {
    const channels = [
      [
        [156, 155, 156, 158, 158],
        [153, 154, 157, 159, 159],
        [149, 151, 155, 158, 159],
        [146, 146, 149, 153, 158],
        [145, 143, 143, 148, 158],
      ],
      [
        [167, 166, 167, 169, 169],
        [164, 165, 168, 170, 170],
        [160, 162, 166, 169, 170],
        [156, 156, 159, 163, 168],
        [155, 153, 153, 158, 168],
      ],
      [
        [163, 162, 163, 165, 165],
        [160, 161, 164, 166, 166],
        [156, 158, 162, 165, 166],
        [155, 155, 158, 162, 167],
        [154, 152, 152, 157, 167],
      ],
    ];
    const framed = pad(tensor(channels).unsqueeze(0), [
      [1, 0],
      [1, 0],
    ]);
    const kernels = [
      [-1, -1, 1, 0, 1, -1, 0, 1, 1],
      [1, 0, 0, 1, -1, -1, 1, 0, -1],
      [0, 1, 1, 0, 1, 0, 1, -1, 1],
    ];
    const y = conv2d(framed, tensor(kernels).reshape([1, 3, 3, 3]), tensor([1]));
    expect(rows(y)).toEqual([
      [-25, 466, 466, 475],
      [295, 787, 798, 812],
      [291, 776, 784, 800],
      [293, 771, 773, 782],
    ]);
  });

  test("001 and 002: max pooling", () => {
    const a = [
      [12, 20, 30, 0],
      [8, 12, 2, 0],
      [34, 70, 37, 4],
      [112, 100, 25, 12],
    ];
    expect(rows(maxPool2d(image(a), 2))).toEqual([
      [20, 30],
      [112, 37],
    ]);
    expect(rows(avgPool2d(image(a), 2))).toEqual([
      [13, 8],
      [79, 19.5],
    ]);
    const b = [
      [1, 1, 2, 4],
      [5, 6, 7, 8],
      [3, 2, 1, 0],
      [1, 2, 3, 4],
    ];
    expect(rows(maxPool2d(image(b), 2))).toEqual([
      [6, 8],
      [3, 4],
    ]);
  });

  test("002: the gate f = (x + y) · z", () => {
    const [x, y, z] = [-2, 5, -4].map((value) => tensor(value, { requiresGrad: true })) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const q = x.add(y).retainGrad();
    const f = q.mul(z);
    f.backward();
    expect([q, f, q.grad!, x.grad!, y.grad!, z.grad!].map((t) => t.item())).toEqual([3, -12, -4, -4, -4, 3]);
  });

  test("001: the gradient of cross entropy is softmax minus the label", () => {
    const a = tensor([[0.5, -1, 2]], { requiresGrad: true });
    nn.crossEntropy(a, tensor([1], { dtype: "int32" })).backward();
    const expected = [0.1752903921400367, -0.9608874267293126, 0.7855970345892759];
    numbers(a.grad!).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 6);
    });
  });
});
