/** Operations one by one: their sizes, and what they cost at least, so that times can be read as shares of the machine's limits. */
import type { Limits } from "../limits.ts";
import type { Task } from "../protocol.ts";
import { type Column, cellOf, digits, labelsOf, type Measured, markdown, ratios } from "../report.ts";
import type { Section } from "./section.ts";

export interface Operation {
  readonly name: string;
  readonly task: Task & { kind: "operation" };
  /** Additions and multiplications. */
  readonly flops?: number;
  /** Bytes that must be read and written, where that is the limit. */
  readonly bytes?: number;
}

type Cost = Pick<Operation, "flops" | "bytes">;

const operation = (name: string, operation: string, sizes: readonly number[], cost: Cost): Operation => ({
  name,
  task: { kind: "operation", operation, sizes },
  ...cost,
});

/** Sizes of a product `[m, k]·[k, n]`: m, n, k. */
const products: readonly (readonly [string, number, number, number])[] = [
  ["matmul 512×512×512", 512, 512, 512],
  ["matmul 1024×1024×1024", 1024, 1024, 1024],
  ["matmul 64×256×784 (MLP)", 64, 256, 784],
  ["matmul 256×784×64 (MLP, weight gradient)", 256, 784, 64],
  ["matmul 6×50176×25 (LeNet, first convolution)", 6, 50176, 25],
  ["matmul 16×6400×150 (LeNet, second)", 16, 6400, 150],
];

const batch = 64;

/** The convolutions of the four networks: input channels, side, output channels, kernel, padding, stride. */
const convolutions: readonly (readonly [string, ...(readonly number[])])[] = [
  ["LeNet 1→6, 5×5", 1, 28, 6, 5, 2, 1],
  ["LeNet 6→16, 5×5", 6, 14, 16, 5, 0, 1],
  ["LeNet 16→120, 5×5", 16, 5, 120, 5, 0, 1],
  ["CIFAR 3→32", 3, 32, 32, 3, 1, 1],
  ["CIFAR 32→32", 32, 32, 32, 3, 1, 1],
  ["CIFAR 32→64", 32, 16, 64, 3, 1, 1],
  ["CIFAR 64→64", 64, 16, 64, 3, 1, 1],
  ["ResNet 3→16", 3, 32, 16, 3, 1, 1],
  ["ResNet 16→16", 16, 32, 16, 3, 1, 1],
  ["ResNet 16→32, stride 2", 16, 32, 32, 3, 1, 2],
  ["ResNet 32→32", 32, 16, 32, 3, 1, 1],
  ["ResNet 32→64, stride 2", 32, 16, 64, 3, 1, 2],
  ["ResNet 64→64", 64, 8, 64, 3, 1, 1],
];

function passes([name, ...sizes]: (typeof convolutions)[number]): Operation[] {
  const [inputs, side, outputs, kernel, padding, stride] = sizes as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const outSide = Math.floor((side + 2 * padding - kernel) / stride) + 1;
  const flops = 2 * batch * outputs * outSide ** 2 * inputs * kernel ** 2;
  const all = ["conv2d", "conv2dInputGradient", "conv2dWeightGradient"];
  // Nothing needs the gradient of the images.
  return (inputs > 3 ? all : [all[0]!, all[2]!]).map((pass) =>
    operation(`${pass} ${name}`, pass, [batch, ...sizes], { flops }),
  );
}

/** Larger than caches. */
const many = 2 ** 23;
const weights = 2 ** 22;
/** What the second layer of the CIFAR network works on. */
const activations = [batch, 32, 32, 32];
const activationBytes = 4 * batch * 32 ** 3;

/** All of them. Bytes count every operand once: batch normalisation must see its input twice, though. */
export const operations: readonly Operation[] = [
  ...products.map(([name, m, n, k]) => operation(name, "matmul", [m, n, k], { flops: 2 * m * n * k })),
  ...convolutions.flatMap(passes),
  operation("add, 8 M", "add", [many], { bytes: 12 * many }),
  operation("relu, 8 M", "relu", [many], { bytes: 8 * many }),
  operation("exp, 8 M", "exp", [many], { bytes: 8 * many }),
  operation("bias and relu, 64×32×32×32", "biasRelu", activations, { bytes: 2 * activationBytes }),
  operation("relu gradient, 64×32×32×32", "reluGradient", activations, { bytes: 3 * activationBytes }),
  operation("sum of all, 8 M", "sum", [many, 1], { bytes: 4 * many }),
  operation("sum of rows, 8192×1024", "sumRows", [8192, 1024], { bytes: 4 * many }),
  operation("sum of columns, 8192×1024", "sumColumns", [8192, 1024], { bytes: 4 * many }),
  operation("softmax, 8192×1024", "softmax", [8192, 1024], { bytes: 8 * many }),
  operation("crossEntropy and gradient, 512×10", "crossEntropy", [512, 10], { bytes: 8 * 5120 }),
  operation("crossEntropy and gradient, 512×1000", "crossEntropy", [512, 1000], { bytes: 8 * 512_000 }),
  operation("batchNorm2d, 64×32×32×32", "batchNorm2d", activations, { bytes: 3 * activationBytes }),
  operation("batchNorm2d gradient, 64×32×32×32", "batchNorm2dGradient", activations, {
    bytes: 5 * activationBytes,
  }),
  operation("maxPool2d, 64×32×32×32", "maxPool2d", activations, { bytes: 1.5 * activationBytes }),
  operation("maxPool2d gradient, 64×32×32×32", "maxPool2dGradient", activations, {
    bytes: 1.5 * activationBytes,
  }),
  operation("sgd step with momentum, 4 M", "sgdStep", [weights], { bytes: 20 * weights }),
  operation("adam step, 4 M", "adamStep", [weights], { bytes: 28 * weights }),
  ...["add", "relu", "reshape"].map((kind) => operation(`${kind}, 4 numbers`, kind, [4], {})),
  operation("matmul 4×4×4", "matmul", [4, 4, 4], {}),
  operation("add, multiply, relu, sum and their gradients, 4 numbers", "chain", [4], {}),
];

/** Above 100 % where the operands stay in a cache. */
function share({ flops, bytes }: Partial<Operation>, limits: Limits, milliseconds: number): string {
  const [work, limit] = flops !== undefined ? [flops, limits.gigaflops] : [bytes, limits.gigabytes];
  return work === undefined ? "" : `${Math.round((100 * work) / (milliseconds * 1e6 * limit))} %`;
}

export const operationsSection: Section<Measured & Operation> = {
  title: "Operations one by one",
  labels: ["BLAS", "WASM", "PyTorch"],
  measure: ({ time, quick }) => time(operations, { rounds: quick ? 5 : 11, turnMilliseconds: 30 }),
  table(rows, limits) {
    const labels = labelsOf(rows);
    const times = labels.map(
      (label): Column<Measured> => [`${label}, µs`, cellOf(label, (value) => digits(1000 * value))],
    );
    const shares = labels.map(
      (label): Column<Measured & Operation> => [
        `${label}, of the limit`,
        (row) => cellOf(label, (value) => (limits === null ? "" : share(row, limits, value)))(row),
      ],
    );
    return markdown<Measured & Operation>(
      [["operation", ({ name }) => name]],
      [...times, ...ratios(labels), ...(limits === null ? [] : shares)],
      rows,
    );
  },
};
