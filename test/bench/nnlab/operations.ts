/** Operations as nnlab computes them. A maker prepares the operands and returns what is timed; its result is freed each time. */
import {
  abs,
  add,
  conv2d,
  gradients,
  matmul,
  maxPool2d,
  nn,
  noGrad,
  optim,
  relu,
  type Tensor,
  tensor,
} from "../../../engine/index.ts";
import { checksum, pattern } from "../numbers.ts";
import type { Task } from "../protocol.ts";
import type { Prepared } from "../serve.ts";

type Maker = (...sizes: number[]) => () => Tensor;

/** Operands of one operation, each of other numbers. */
function operand(shape: readonly number[], start: number, requiresGrad = false): Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  return tensor(pattern(size, 1000 * start), { shape: [...shape], requiresGrad });
}

const elementwise =
  (compute: (x: Tensor) => Tensor, prepared = (x: Tensor) => x): Maker =>
  (...shape) => {
    const x = prepared(operand(shape, 1));
    return () => noGrad(() => compute(x));
  };

/** The gradient of one operand, again and again on one graph. */
function gradientOf(output: Tensor, input: Tensor, others: readonly Tensor[] = []): () => Tensor {
  const gradient = operand(output.shape, 9);
  return () => {
    const [first, ...rest] = gradients(output, [input, ...others], { gradient, retainGraph: true });
    for (const one of rest) one!.dispose();
    return first!;
  };
}

type ConvolutionSizes = [
  batch: number,
  inputs: number,
  side: number,
  outputs: number,
  kernel: number,
  padding: number,
  stride: number,
];

function convolve(
  sizes: readonly number[],
  wanted: "image" | "weight" | null,
): { image: Tensor; weight: Tensor; output: () => Tensor } {
  const [batch, inputs, side, outputs, kernel, padding, stride] = sizes as ConvolutionSizes;
  const image = operand([batch, inputs, side, side], 1, wanted === "image");
  const weight = operand([outputs, inputs, kernel, kernel], 2, wanted === "weight");
  return { image, weight, output: () => conv2d(image, weight, null, { padding, stride }) };
}

function normalize(shape: readonly number[], requiresGrad: boolean): { x: Tensor; layer: nn.BatchNorm2d } {
  const layer = nn.batchNorm2d(shape[1]!);
  layer.train();
  return { x: operand(shape, 1, requiresGrad), layer };
}

function stepper(size: number, make: (parameters: nn.Parameter[]) => optim.Optimizer): () => Tensor {
  const parameter = nn.parameter(operand([size], 1));
  parameter.grad = operand([size], 2);
  const optimizer = make([parameter]);
  return () => {
    optimizer.step();
    return parameter.detach();
  };
}

const operations: Readonly<Record<string, Maker>> = {
  matmul(m, n, k) {
    const [a, b] = [operand([m!, k!], 1), operand([k!, n!], 2)];
    return () => noGrad(() => matmul(a, b));
  },
  conv2d(...sizes) {
    const { output } = convolve(sizes, null);
    return () => noGrad(output);
  },
  conv2dInputGradient(...sizes) {
    const { image, output } = convolve(sizes, "image");
    return gradientOf(output(), image);
  },
  conv2dWeightGradient(...sizes) {
    const { weight, output } = convolve(sizes, "weight");
    return gradientOf(output(), weight);
  },
  add(...shape) {
    const [a, b] = [operand(shape, 1), operand(shape, 2)];
    return () => noGrad(() => add(a, b));
  },
  relu: elementwise((x) => x.relu()),
  exp: elementwise((x) => x.exp()),
  reshape: elementwise((x) => x.reshape([2, x.size / 2])),
  biasRelu(...shape) {
    const [x, bias] = [operand(shape, 1), operand([shape[1]!, 1, 1], 2)];
    return () => noGrad(() => relu(add(x, bias)));
  },
  reluGradient(...shape) {
    const x = operand(shape, 1, true);
    return gradientOf(relu(x), x);
  },
  // Of positive numbers: sums in which numbers cancel out differ by their rounding.
  sum: elementwise((x) => x.sum(), abs),
  sumRows: elementwise((x) => x.sum(1), abs),
  sumColumns: elementwise((x) => x.sum(0), abs),
  softmax: elementwise((x) => x.softmax(1)),
  crossEntropy(rows, classes) {
    const logits = operand([rows!, classes!], 1, true);
    const labels = tensor(
      Int32Array.from({ length: rows! }, (_, i) => (7 * i) % classes!),
      { dtype: "int32" },
    );
    return () => gradients(nn.crossEntropy(logits, labels), [logits])[0]!;
  },
  batchNorm2d(...shape) {
    const { x, layer } = normalize(shape, false);
    return () => noGrad(() => layer(x));
  },
  batchNorm2dGradient(...shape) {
    const { x, layer } = normalize(shape, true);
    return gradientOf(layer(x), x, [layer.weight!, layer.bias!]);
  },
  maxPool2d: elementwise((x) => maxPool2d(x, 2)),
  maxPool2dGradient(...shape) {
    const x = operand(shape, 1, true);
    return gradientOf(maxPool2d(x, 2), x);
  },
  sgdStep: (size) => stepper(size!, (parameters) => optim.sgd(parameters, { lr: 0.1, momentum: 0.9 })),
  adamStep: (size) => stepper(size!, (parameters) => optim.adam(parameters, { lr: 0.1 })),
  chain(size) {
    const [x, w] = [operand([size!], 1), operand([size!], 2, true)];
    return () => gradients(relu(add(w, x).mul(x)).sum(), [w])[0]!;
  },
};

/** The first step of an operation gives its result's checksum. */
export function prepareOperation({ operation, sizes }: Task & { kind: "operation" }): Prepared {
  const run = operations[operation]!(...sizes);
  const first = run();
  const result = checksum(first.storage.values());
  first.dispose();
  return { result, step: () => run().dispose() };
}
