/** Every kernel against the reference backend: odd sizes, every option, each build, thread count and BLAS. */
import { afterAll, describe, expect, test } from "vitest";
import type {
  Backend,
  BinaryKind,
  Broadcast,
  Conv2dGeometry,
  MatmulGeometry,
  Pool2dGeometry,
  ReduceKind,
  UnaryKind,
} from "../../../engine/backend/backend.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import {
  ensureKernels,
  expectSame,
  type Operand,
  randomFloats,
  randomIntegers,
  randomSource,
  runOn,
  wasmBackends,
} from "./support.ts";

await ensureKernels();
const backends = wasmBackends();
afterAll(() => {
  for (const { backend } of backends) backend.close();
});

const unaryKinds: UnaryKind[] = [
  "neg",
  "abs",
  "sign",
  "exp",
  "log",
  "sqrt",
  "square",
  "reciprocal",
  "sin",
  "cos",
  "floor",
  "ceil",
  "round",
  "relu",
  "sigmoid",
  "tanh",
  "softplus",
];
const arithmeticKinds: BinaryKind[] = [
  "add",
  "sub",
  "mul",
  "div",
  "pow",
  "maximum",
  "minimum",
  "reluGradient",
  "sigmoidGradient",
  "tanhGradient",
];
const comparisonKinds: BinaryKind[] = ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"];
const special = [0, -0, 1, -1, 0.5, 1.5, 2.5, -2.5, 1e-40, -1e-40, 3e38, -3e38];
const unusual = Float32Array.of(
  ...special,
  Number.NaN,
  Infinity,
  -Infinity,
  88.5,
  89.5,
  -103,
  -110,
  1e-20,
  0.625,
);

const sizes = [0, 1, 3, 4, 5, 16, 31, 1000, 40_003];

const matmulCase = (m: number, n: number, k: number, rest: Partial<MatmulGeometry> = {}): MatmulGeometry => {
  const batch = rest.batch ?? 1;
  return {
    batch,
    m,
    n,
    k,
    transposeA: false,
    transposeB: false,
    batchStrideA: m * k,
    batchStrideB: k * n,
    accumulate: false,
    ...rest,
  };
};

const convolutionCase = (rest: Partial<Conv2dGeometry>): Conv2dGeometry => {
  const g = {
    batch: 2,
    inChannels: 1,
    inHeight: 7,
    inWidth: 6,
    outChannels: 2,
    kernelHeight: 3,
    kernelWidth: 3,
    strideHeight: 1,
    strideWidth: 1,
    padTop: 0,
    padLeft: 0,
    dilationHeight: 1,
    dilationWidth: 1,
    groups: 1,
    ...rest,
  };
  const out = (size: number, pad: number, kernel: number, dilation: number, stride: number) =>
    Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
  return {
    ...g,
    outHeight: out(g.inHeight, g.padTop, g.kernelHeight, g.dilationHeight, g.strideHeight),
    outWidth: out(g.inWidth, g.padLeft, g.kernelWidth, g.dilationWidth, g.strideWidth),
  };
};

const convolutions: Record<string, Conv2dGeometry> = {
  small: convolutionCase({}),
  "LeNet 1": convolutionCase({
    batch: 5,
    inHeight: 28,
    inWidth: 28,
    outChannels: 6,
    kernelHeight: 5,
    kernelWidth: 5,
    padTop: 2,
    padLeft: 2,
  }),
  "LeNet 2": convolutionCase({
    batch: 7,
    inChannels: 6,
    inHeight: 14,
    inWidth: 14,
    outChannels: 16,
    kernelHeight: 5,
    kernelWidth: 5,
  }),
  strided: convolutionCase({
    inHeight: 11,
    inWidth: 13,
    strideHeight: 2,
    strideWidth: 3,
    padTop: 1,
    padLeft: 2,
  }),
  dilated: convolutionCase({
    inHeight: 12,
    inWidth: 11,
    dilationHeight: 2,
    dilationWidth: 3,
    padTop: 3,
    padLeft: 1,
  }),
  grouped: convolutionCase({ inChannels: 4, outChannels: 6, groups: 2, padTop: 1, padLeft: 1 }),
  depthwise: convolutionCase({ inChannels: 5, outChannels: 5, groups: 5, batch: 3 }),
  pointwise: convolutionCase({
    inChannels: 9,
    outChannels: 10,
    kernelHeight: 1,
    kernelWidth: 1,
    inHeight: 8,
  }),
  "padding wider than the image": convolutionCase({
    inHeight: 2,
    inWidth: 1,
    padTop: 4,
    padLeft: 5,
    strideWidth: 2,
  }),
  "one pixel": convolutionCase({
    inHeight: 1,
    inWidth: 1,
    kernelHeight: 1,
    kernelWidth: 1,
    batch: 1,
    outChannels: 1,
  }),
  "as large as the image": convolutionCase({
    batch: 9,
    inChannels: 16,
    inHeight: 5,
    inWidth: 4,
    outChannels: 12,
    kernelHeight: 5,
    kernelWidth: 4,
  }),
  "empty batch": convolutionCase({ batch: 0 }),
  wide: convolutionCase({
    batch: 4,
    inChannels: 20,
    outChannels: 33,
    inHeight: 17,
    inWidth: 19,
    padTop: 1,
    padLeft: 1,
  }),
};

const poolCase = (rest: Partial<Pool2dGeometry>): Pool2dGeometry => {
  const g = {
    planes: 5,
    inHeight: 8,
    inWidth: 10,
    kernelHeight: 2,
    kernelWidth: 2,
    strideHeight: 2,
    strideWidth: 2,
    padTop: 0,
    padLeft: 0,
    ...rest,
  };
  return {
    ...g,
    outHeight: Math.floor((g.inHeight + 2 * g.padTop - g.kernelHeight) / g.strideHeight) + 1,
    outWidth: Math.floor((g.inWidth + 2 * g.padLeft - g.kernelWidth) / g.strideWidth) + 1,
  };
};

const pools: Record<string, Pool2dGeometry> = {
  "2×2": poolCase({}),
  "2×2 on odd sizes": poolCase({ inHeight: 9, inWidth: 11 }),
  "2×2, many planes": poolCase({ planes: 400, inHeight: 28, inWidth: 28 }),
  overlapping: poolCase({ kernelHeight: 3, kernelWidth: 3 }),
  padded: poolCase({ kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1, strideWidth: 1 }),
  "one window": poolCase({ inHeight: 4, inWidth: 4, kernelHeight: 4, kernelWidth: 4, planes: 1 }),
  empty: poolCase({ planes: 0 }),
};

describe.each(backends)("$name", ({ backend }) => {
  describe("elementwise", () => {
    test.each(unaryKinds)("%s", (kind) => {
      for (const size of sizes) {
        const x = randomFloats(size, size + 1, kind === "exp" ? 20 : 5);
        expectSame(backend, [x, new Float32Array(size)], 4e-7, (b, [x, out]) => b.unary(kind, x!, out!));
      }
    });

    test.each(unaryKinds)("%s of zeros, infinities, NaN and the very small and large", (kind) => {
      expectSame(backend, [unusual, new Float32Array(unusual.length)], 4e-7, (b, [x, out]) =>
        b.unary(kind, x!, out!),
      );
    });

    test.each(["exp", "log", "tanh", "sigmoid", "softplus"] as const)(
      "%s to 2 units in the last place",
      (kind) => {
        // Arguments spread evenly over the bit patterns of float32: every magnitude, both signs, denormals, NaN.
        const x = new Float32Array(Uint32Array.from({ length: 65_536 }, (_, i) => i * 65_537).buffer);
        const evaluate = (b: Backend) =>
          runOn(b, [x, new Float32Array(x.length)], (b, [x, out]) => b.unary(kind, x!, out!));
        const actual = evaluate(backend)[1]!;
        const expected = evaluate(referenceBackend)[1]!;
        const order = (values: Operand) =>
          Int32Array.from(new Int32Array(values.slice().buffer), (bits) =>
            bits < 0 ? -(bits & 0x7fffffff) : bits,
          );
        const [a, e] = [order(actual), order(expected)];
        for (let i = 0; i < x.length; i++) {
          if (Number.isNaN(expected[i]!) && Number.isNaN(actual[i]!)) continue;
          if (Math.abs(a[i]! - e[i]!) > 2)
            expect.fail(`${kind}(${x[i]}): got ${actual[i]}, expected ${expected[i]}`);
        }
      },
    );

    test("logicalNot", () => {
      const x = Uint8Array.of(0, 1, 1, 0, 0);
      expectSame(backend, [x, new Uint8Array(5)], 0, (b, [x, out]) => b.unary("logicalNot", x!, out!));
    });

    test.each(arithmeticKinds)("%s", (kind) => {
      for (const size of sizes) {
        const a = randomFloats(size, size + 1, 3).map((x) => (kind === "pow" ? Math.abs(x) : x));
        expectSame(
          backend,
          [a, randomFloats(size, size + 2), new Float32Array(size)],
          4e-7,
          (b, [x, y, out]) => b.binary(kind, x!, y!, out!),
        );
      }
    });

    test.each(arithmeticKinds)("%s of every pair of unusual numbers", (kind) => {
      const left = Float32Array.from({ length: unusual.length ** 2 }, (_, i) => unusual[i % unusual.length]!);
      const right = Float32Array.from(
        { length: left.length },
        (_, i) => unusual[Math.floor(i / unusual.length)]!,
      );
      // A gradient of infinity times zero is NaN or zero, as the order of the factors has it.
      if (kind === "sigmoidGradient" || kind === "tanhGradient") return;
      expectSame(backend, [left, right, new Float32Array(left.length)], 4e-7, (b, [x, y, out]) =>
        b.binary(kind, x!, y!, out!),
      );
    });

    test.each(comparisonKinds)("%s", (kind) => {
      const a = randomIntegers(50, 4, 1);
      const b = randomIntegers(50, 4, 2);
      for (const [x, y] of [
        [a, b],
        [Float32Array.from(a), Float32Array.from(b)],
      ] as const)
        expectSame(backend, [x, y, new Uint8Array(50)], 0, (b, [x, y, out]) => b.binary(kind, x!, y!, out!));
    });

    test("int32 arithmetic", () => {
      const operands = [randomIntegers(50, 1000, 1), randomIntegers(50, 1000, 2), new Int32Array(50)];
      for (const kind of ["add", "sub", "mul", "maximum"] as const)
        expectSame(backend, operands, 0, (b, [x, y, out]) => b.binary(kind, x!, y!, out!));
    });

    test("in place", () => {
      expectSame(backend, [randomFloats(40_000, 1), randomFloats(40_000, 2)], 4e-7, (b, [x, y]) => {
        b.binary("add", x!, y!, x!);
        b.unary("tanh", x!, x!);
      });
    });

    const broadcasts: Record<string, Broadcast> = {
      "scalar on the right": { shape: [3, 5], aStrides: [5, 1], bStrides: [0, 0] },
      "scalar on the left": { shape: [3, 5], aStrides: [0, 0], bStrides: [5, 1] },
      "large with scalar": { shape: [300, 301], aStrides: [301, 1], bStrides: [0, 0] },
      row: { shape: [301, 103], aStrides: [103, 1], bStrides: [0, 1] },
      column: { shape: [301, 103], aStrides: [103, 1], bStrides: [1, 0] },
      "column with row": { shape: [7, 9], aStrides: [1, 0], bStrides: [0, 1] },
      channels: { shape: [4, 6, 5, 7], aStrides: [210, 35, 7, 1], bStrides: [0, 1, 0, 0] },
      "every other dimension": { shape: [3, 4, 5, 6], aStrides: [20, 0, 4, 0], bStrides: [0, 6, 0, 1] },
      "of one element": { shape: [1, 1], aStrides: [1, 1], bStrides: [1, 1] },
      "no dimensions": { shape: [], aStrides: [], bStrides: [] },
      "five alternating dimensions": {
        shape: [2, 3, 2, 3, 2],
        aStrides: [6, 0, 3, 0, 1],
        bStrides: [0, 3, 0, 1, 0],
      },
      empty: { shape: [0, 4], aStrides: [4, 1], bStrides: [0, 1] },
    };
    test.each(Object.entries(broadcasts))("broadcast: %s", (_, broadcast) => {
      const total = broadcast.shape.reduce((a, b) => a * b, 1);
      const span = (strides: readonly number[]) =>
        1 + broadcast.shape.reduce((sum, size, d) => sum + Math.max(0, size - 1) * strides[d]!, 0);
      const a = randomFloats(span(broadcast.aStrides), 1);
      const b = randomFloats(span(broadcast.bStrides), 2).map((x) => x + 3);
      for (const kind of ["add", "sub", "mul", "div", "maximum", "minimum"] as const)
        expectSame(backend, [a, b, new Float32Array(total)], 4e-7, (machine, [x, y, out]) =>
          machine.binary(kind, x!, y!, out!, broadcast),
        );
    });

    test("where, fill and copy", () => {
      for (const size of sizes) {
        const operands = [
          Uint8Array.from(randomIntegers(size, 2, 3)),
          randomFloats(size, 1),
          randomFloats(size, 2),
          new Float32Array(size),
          new Float32Array(size),
          new Int32Array(size),
          new Float32Array(size),
        ];
        expectSame(backend, operands, 0, (b, [condition, x, y, chosen, filled, counted, copied]) => {
          b.where(condition!, x!, y!, chosen!);
          b.fill(filled!, 2.5);
          b.fill(counted!, -3);
          b.copy(x!, copied!);
        });
        expectSame(backend, operands, 0, (b, [condition, x, , , filled, counted]) => {
          b.copy(condition!, filled!);
          b.copy(x!, counted!);
        });
      }
    });
  });

  describe("walks", () => {
    const walks = {
      transpose: { shape: [5, 3], strides: [1, 5], offset: 0 },
      "large transpose": { shape: [200, 150], strides: [1, 200], offset: 0 },
      slice: { shape: [3, 2, 4], strides: [40, 8, 1], offset: 11 },
      flip: { shape: [6], strides: [-1], offset: 5 },
      expand: { shape: [3, 4], strides: [0, 1], offset: 0 },
      "five dimensions": { shape: [2, 3, 2, 3, 2], strides: [1, 4, 60, 12, 2], offset: 0 },
      "no dimensions": { shape: [], strides: [], offset: 3 },
      empty: { shape: [0, 4], strides: [4, 1], offset: 0 },
    };
    test.each(Object.entries(walks))("%s", (_, walk) => {
      const total = walk.shape.reduce((a, b) => a * b, 1);
      const base = randomFloats(30_000, 1);
      expectSame(backend, [base, new Float32Array(total)], 0, (b, [x, out]) => b.strided(x!, walk, out!));
      expectSame(backend, [randomIntegers(30_000, 99, 1), new Int32Array(total)], 0, (b, [x, out]) =>
        b.strided(x!, walk, out!),
      );
      expectSame(backend, [base, randomFloats(total, 2)], 1e-6, (b, [out, x]) =>
        b.stridedAdd(x!, walk, out!),
      );
    });

    test("gatherRows and scatterAddRows", () => {
      for (const [rows, length, count] of [
        [5, 3, 4],
        [50, 784, 64],
        [3, 1, 10],
        [4, 100, 700],
        [2, 5, 0],
      ] as const) {
        const indices = randomIntegers(count, rows, 3);
        const table = randomFloats(rows * length, 1);
        expectSame(backend, [table, indices, new Float32Array(count * length)], 0, (b, [x, i, out]) =>
          b.gatherRows(x!, i!, out!, length),
        );
        expectSame(backend, [randomFloats(count * length, 2), indices, table], 3e-5, (b, [x, i, out]) =>
          b.scatterAddRows(x!, i!, out!, length),
        );
        expectSame(
          backend,
          [Int32Array.from(table), indices, new Int32Array(count * length)],
          0,
          (b, [x, i, out]) => b.gatherRows(x!, i!, out!, length),
        );
      }
    });
  });

  describe("reductions", () => {
    const kinds: ReduceKind[] = ["sum", "prod", "max", "min", "argmax", "argmin"];
    const shapes = [
      [1, 1, 1],
      [1, 70_001, 1],
      [3, 5, 1],
      [64, 10, 1],
      [300, 257, 1],
      [4, 6, 35],
      [1, 130, 97],
      [1, 300, 200],
      [5, 1, 7],
      [0, 4, 3],
    ] as const;
    test.each(kinds)("%s", (kind) => {
      for (const [outer, size, inner] of shapes) {
        const length = outer * size * inner;
        const x = randomFloats(length, length + 1).map((v) => (kind === "prod" ? 1 + v / 1000 : v));
        const out = kind.startsWith("arg") ? new Int32Array(outer * inner) : new Float32Array(outer * inner);
        expectSame(backend, [x, out], 3e-7 * Math.sqrt(size) + 1e-6, (b, [x, out]) =>
          b.reduce(kind, x!, { outer, size, inner }, out!),
        );
      }
    });

    test.each(kinds)("%s with equal elements, NaN and infinities", (kind) => {
      const rows = [
        [1, 1, 1, 1, 1],
        [0, Number.NaN, 5, Number.NaN, -5],
        [Infinity, 3, -Infinity, Infinity, 0],
        [-Infinity, -Infinity, -Infinity, -Infinity, -Infinity],
        [-1, -2, -3, -1, -3],
      ];
      const out = kind.startsWith("arg") ? new Int32Array(5) : new Float32Array(5);
      expectSame(backend, [Float32Array.from(rows.flat()), out], 1e-6, (b, [x, out]) =>
        b.reduce(kind, x!, { outer: 5, size: 5, inner: 1 }, out!),
      );
      expectSame(backend, [Float32Array.from(rows.flat()), out], 1e-6, (b, [x, out]) =>
        b.reduce(kind, x!, { outer: 1, size: 5, inner: 5 }, out!),
      );
    });

    test("the sum of nothing is 0", () => {
      expectSame(backend, [new Float32Array(0), new Float32Array(3)], 0, (b, [x, out]) =>
        b.reduce("sum", x!, { outer: 3, size: 0, inner: 1 }, out!),
      );
    });

    test("int32", () => {
      expectSame(backend, [randomIntegers(12, 100, 1), new Int32Array(4)], 0, (b, [x, out]) =>
        b.reduce("sum", x!, { outer: 4, size: 3, inner: 1 }, out!),
      );
    });

    const rowCases = [
      [1, 1],
      [64, 10],
      [3, 7],
      [700, 33],
      [2, 5000],
      [0, 4],
    ] as const;

    test("crossEntropy and its gradient", () => {
      for (const [rows, size] of rowCases) {
        const x = randomFloats(rows * size, 1, 30);
        const labels = randomIntegers(rows, size, 2);
        const empty = () => new Float32Array(rows * size);
        expectSame(
          backend,
          [x, labels, empty(), new Float32Array(rows), randomFloats(rows, 3), empty()],
          2e-6,
          (b, [x, labels, probabilities, losses, gradient, out]) => {
            b.crossEntropy(x!, labels!, probabilities!, losses!, rows, size);
            b.crossEntropyGradient(probabilities!, labels!, gradient!, out!, rows, size);
          },
        );
      }
      const extremes = Float32Array.of(1000, 0, -1000, Number.NaN, 0, 1, -Infinity, 0, 0);
      expectSame(
        backend,
        [extremes, Int32Array.of(2, 1, 0), new Float32Array(9), new Float32Array(3)],
        2e-6,
        (b, [x, labels, probabilities, losses]) => {
          b.crossEntropy(x!, labels!, probabilities!, losses!, 3, 3);
        },
      );
    });

    test.each(["softmax", "logSoftmax"] as const)("%s", (kind) => {
      for (const [rows, size] of rowCases) {
        const x = randomFloats(rows * size, 1, 30);
        expectSame(backend, [x, new Float32Array(rows * size)], 2e-6, (b, [x, out]) =>
          b[kind](x!, out!, rows, size),
        );
      }
      const extremes = Float32Array.of(1000, 0, -1000, Number.NaN, 0, 1, -Infinity, 0, 0);
      expectSame(backend, [extremes, new Float32Array(9)], 2e-6, (b, [x, out]) => b[kind](x!, out!, 3, 3));
    });
  });

  describe("matmul", () => {
    const run = (g: MatmulGeometry) => {
      const span = (stride: number, matrix: number) => (g.batch === 0 ? 0 : (g.batch - 1) * stride + matrix);
      const a = randomFloats(span(g.batchStrideA, g.m * g.k), 1);
      const b = randomFloats(span(g.batchStrideB, g.k * g.n), 2);
      const out = randomFloats(g.batch * g.m * g.n, 3);
      expectSame(backend, [a, b, out], 1e-7 * g.k + 1e-6, (machine, [x, y, z]) =>
        machine.matmul(x!, y!, z!, g),
      );
    };

    test.each([
      { transposeA: false, transposeB: false, accumulate: false },
      { transposeA: true, transposeB: false, accumulate: false },
      { transposeA: false, transposeB: true, accumulate: false },
      { transposeA: true, transposeB: true, accumulate: false },
      { transposeA: false, transposeB: false, accumulate: true },
      { transposeA: true, transposeB: false, accumulate: true },
      { transposeA: false, transposeB: true, accumulate: true },
      { transposeA: true, transposeB: true, accumulate: true },
    ])("a transposed: $transposeA, b transposed: $transposeB, accumulate: $accumulate", (options) => {
      const random = randomSource(7);
      for (const [m, n, k] of [
        [1, 1, 1],
        [6, 8, 4],
        [7, 9, 5],
        [1, 40, 3],
        [40, 1, 3],
        [13, 17, 300],
        [64, 120, 400],
        [80, 600, 30],
        [100, 30, 270],
        [5, 6, 0],
        [0, 3, 2],
        [3, 0, 2],
      ] as const)
        run(matmulCase(m, n, k, options));
      for (let i = 0; i < 20; i++) {
        const size = () => 1 + Math.floor(random() * 40);
        run(matmulCase(size(), size(), size(), options));
      }
    });

    test("a large one, beyond every block", () => {
      run(matmulCase(150, 530, 280));
      run(matmulCase(300, 260, 260, { transposeB: true }));
    });

    test("batches, shared matrices and gaps", () => {
      run(matmulCase(5, 7, 9, { batch: 4 }));
      run(matmulCase(20, 30, 40, { batch: 5, batchStrideB: 0 }));
      run(matmulCase(5, 7, 9, { batch: 3, batchStrideA: 0, accumulate: true }));
      run(matmulCase(5, 7, 9, { batch: 3, batchStrideA: 100, transposeB: true }));
      run(matmulCase(5, 7, 9, { batch: 0 }));
      run(matmulCase(50, 60, 70, { batch: 2 }));
    });

    test("NaN and infinities reach exactly the elements they belong to", () => {
      const g = matmulCase(7, 9, 5);
      const a = randomFloats(35, 1);
      const b = randomFloats(45, 2);
      a[3 * 5 + 2] = Number.NaN;
      b[4 * 9 + 8] = Infinity;
      for (const options of [{}, { transposeA: true }, { transposeB: true }])
        expectSame(backend, [a, b, new Float32Array(63)], 1e-6, (machine, [x, y, z]) =>
          machine.matmul(x!, y!, z!, { ...g, ...options }),
        );
    });

    test("int32", () => {
      expectSame(
        backend,
        [randomIntegers(6, 9, 1), randomIntegers(6, 9, 2), new Int32Array(4)],
        0,
        (m, [x, y, z]) => m.matmul(x!, y!, z!, matmulCase(2, 2, 3)),
      );
    });
  });

  describe.each(Object.entries(convolutions))("conv2d: %s", (_, g) => {
    const x = randomFloats(g.batch * g.inChannels * g.inHeight * g.inWidth, 1);
    const weight = randomFloats(
      (g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth) / g.groups,
      2,
    );
    const bias = randomFloats(g.outChannels, 3);
    const out = randomFloats(g.batch * g.outChannels * g.outHeight * g.outWidth, 4);

    test("with and without bias", () => {
      expectSame(backend, [x, weight, bias, out], 1e-5, (b, [x, w, bias, y]) =>
        b.conv2d(x!, w!, bias!, y!, g),
      );
      expectSame(backend, [x, weight, out], 1e-5, (b, [x, w, y]) => b.conv2d(x!, w!, null, y!, g));
    });

    test("input gradient", () => {
      expectSame(backend, [out, weight, randomFloats(x.length, 5)], 1e-5, (b, [gradient, w, dx]) =>
        b.conv2dInputGradient(gradient!, w!, dx!, g),
      );
    });

    test("weight gradient", () => {
      const tolerance = 2e-6 * Math.sqrt(g.batch * g.outHeight * g.outWidth) + 1e-6;
      expectSame(backend, [x, out, randomFloats(weight.length, 5)], tolerance, (b, [x, gradient, dw]) =>
        b.conv2dWeightGradient(x!, gradient!, dw!, g),
      );
    });
  });

  describe.each(Object.entries(pools))("pool2d: %s", (_, g) => {
    const inputs = g.planes * g.inHeight * g.inWidth;
    const outputs = g.planes * g.outHeight * g.outWidth;

    test("maximum and its gradient", () => {
      // Few values, so that there are ties; some NaN.
      const x = Float32Array.from(randomIntegers(inputs, 6, 1), (v, i) => (i % 97 === 96 ? Number.NaN : v));
      const operands = [
        x,
        new Float32Array(outputs),
        new Int32Array(outputs),
        randomFloats(outputs, 2),
        x.slice(),
      ];
      expectSame(backend, operands, 1e-6, (b, [x, out, indices, gradient, dx]) => {
        b.maxPool2d(x!, out!, indices!, g);
        b.maxPool2dGradient(gradient!, indices!, dx!, g);
      });
    });

    test("average and its gradient", () => {
      const operands = [
        randomFloats(inputs, 1),
        new Float32Array(outputs),
        randomFloats(outputs, 2),
        randomFloats(inputs, 3),
      ];
      expectSame(backend, operands, 1e-6, (b, [x, out, gradient, dx]) => {
        b.avgPool2d(x!, out!, g);
        b.avgPool2dGradient(gradient!, dx!, g);
      });
    });
  });

  describe("optimisers", () => {
    test.each([
      [0, 0],
      [0, 0.01],
      [0.9, 0],
      [0.9, 0.01],
    ])("SGD with momentum %d and weight decay %d", (momentum, weightDecay) => {
      for (const size of [1, 7, 64, 61_706]) {
        const operands = [randomFloats(size, 1), randomFloats(size, 2), randomFloats(size, 3)];
        expectSame(backend, operands, 1e-6, (b, [p, g, v]) => {
          for (let i = 0; i < 3; i++)
            b.sgdStep(p!, g!, momentum === 0 ? null : v!, { learningRate: 0.1, momentum, weightDecay });
        });
      }
    });

    test.each([0, 0.01])("Adam with weight decay %d", (weightDecay) => {
      for (const size of [1, 7, 64, 61_706]) {
        const zeros = new Float32Array(size);
        const options = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay };
        expectSame(
          backend,
          [randomFloats(size, 1), randomFloats(size, 2), zeros, zeros],
          2e-6,
          (b, [p, g, m, v]) => {
            for (let step = 1; step <= 3; step++) b.adamStep(p!, g!, m!, v!, { ...options, step });
          },
        );
      }
    });
  });

  describe.each([
    { outer: 3, channels: 5, inner: 7 },
    { outer: 4, channels: 18, inner: 1 },
    { outer: 130, channels: 3, inner: 1 },
    { outer: 1, channels: 6, inner: 33 },
    { outer: 2, channels: 3, inner: 5000 },
    { outer: 16, channels: 16, inner: 64 },
    { outer: 1, channels: 4, inner: 1 },
  ])("normalisation of $outer × $channels × $inner", (layout) => {
    const size = layout.outer * layout.channels * layout.inner;
    // Far from zero: squares minus squares would lose all digits.
    const x = randomFloats(size, 1).map((value) => 100 + value);
    const gradient = randomFloats(size, 2);
    const [mean, inverse, weight, bias] = [3, 4, 5, 6].map((seed) => randomFloats(layout.channels, seed)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const centre = mean.map((value) => 100 + value);
    const sums = randomFloats(2 * layout.channels, 7);

    test("moments", () => {
      expectSame(
        backend,
        [x, new Float32Array(layout.channels), new Float32Array(layout.channels)],
        1e-5,
        (b, [x, m, v]) => b.moments(x!, m!, v!, layout),
      );
    });

    test("with and without weight and bias", () => {
      const out = new Float32Array(size);
      expectSame(backend, [x, centre, inverse, weight, bias, out], 1e-5, (b, [x, m, i, w, c, y]) =>
        b.normalize(x!, m!, i!, w!, c!, y!, layout),
      );
      expectSame(backend, [x, centre, inverse, out], 1e-5, (b, [x, m, i, y]) =>
        b.normalize(x!, m!, i!, null, null, y!, layout),
      );
    });

    test("sums for the gradients", () => {
      const tolerance = 1e-6 * Math.sqrt(size) + 1e-5;
      expectSame(
        backend,
        [gradient, x, centre, inverse, new Float32Array(sums.length)],
        tolerance,
        (b, [g, x, m, i, s]) => b.normalizeSums(g!, x!, m!, i!, s!, layout),
      );
    });

    test("input gradient, with and without a weight", () => {
      const out = new Float32Array(size);
      expectSame(
        backend,
        [gradient, x, centre, inverse, weight, sums, out],
        1e-5,
        (b, [g, x, m, i, w, s, dx]) => b.normalizeGradient(g!, x!, m!, i!, w!, s!, dx!, layout),
      );
      expectSame(backend, [gradient, x, centre, inverse, sums, out], 1e-5, (b, [g, x, m, i, s, dx]) =>
        b.normalizeGradient(g!, x!, m!, i!, null, s!, dx!, layout),
      );
    });
  });

  test("the same numbers give the same bits, run after run", () => {
    const g = convolutions["LeNet 2"]!;
    const x = randomFloats(g.batch * 6 * 196, 1);
    const gradient = randomFloats(g.batch * 16 * 100, 2);
    const once = () =>
      runOn(
        backend,
        [
          x,
          gradient,
          new Float32Array(2400),
          randomFloats(100_000, 3),
          new Float32Array(1),
          new Float32Array(90_000),
        ],
        (b, [x, gradient, dw, long, sum, product]) => {
          b.conv2dWeightGradient(x!, gradient!, dw!, g);
          b.reduce("sum", long!, { outer: 1, size: 100_000, inner: 1 }, sum!);
          b.matmul(long!, long!, product!, matmulCase(300, 300, 300));
        },
      );
    const first = once();
    for (let i = 0; i < 20; i++) {
      const again = once();
      for (const [j, values] of first.entries()) expect(again[j]).toEqual(values);
    }
  });
});
