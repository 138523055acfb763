/** The networks that are timed, and their data: the same numbers as in `pytorch/networks.py`, so that losses can be compared. */
import { models, nn, noGrad, optim, type Tensor, tensor } from "../../../engine/index.ts";
import { classes, pattern } from "../numbers.ts";
import type { Task } from "../protocol.ts";
import type { Prepared } from "../serve.ts";

export interface Network {
  readonly make: () => nn.Module;
  /** Shape of one sample. */
  readonly input: readonly number[];
}

const block = (from: number, to: number) => [
  nn.conv2d(from, to, 3, { padding: 1 }),
  nn.batchNorm2d(to),
  nn.relu(),
];

export const networks: Readonly<Record<string, Network>> = {
  MLP: {
    make: () => nn.sequential(nn.flatten(), nn.linear(784, 256), nn.relu(), nn.linear(256, 10)),
    input: [1, 28, 28],
  },
  "LeNet-5": { make: () => models.leNet5(), input: [1, 28, 28] },
  "CIFAR CNN": {
    make: () =>
      nn.sequential(
        ...block(3, 32),
        ...block(32, 32),
        nn.maxPool2d(2),
        ...block(32, 64),
        ...block(64, 64),
        nn.maxPool2d(2),
        nn.flatten(),
        nn.linear(64 * 8 * 8, 128),
        nn.relu(),
        nn.linear(128, 10),
      ),
    input: [3, 32, 32],
  },
  "ResNet-20": { make: () => models.resNetSmall(20, { channels: 3, classes: 10 }), input: [3, 32, 32] },
};

/** Gives a model's parameters of two dimensions and more small numbers of the pattern; the others stay as they start. */
export function fillWeights(model: nn.AnyModule): void {
  const state: Record<string, Tensor> = {};
  for (const [i, [name, parameter]] of model.namedParameters().entries()) {
    const { shape, size } = parameter;
    const inputs = size / shape[0]!;
    const scale = shape.length < 2 ? 0 : Math.sqrt(3 / inputs);
    const start = name.endsWith("bias") || shape.length > 1 ? 0 : 1;
    const values = pattern(size, 1000 * i).map((value) => start + scale * value);
    state[name] = tensor(values, { shape: [...shape] });
  }
  model.loadStateDict({ ...model.stateDict(), ...state });
}

/** A batch of a network's shape, with classes from 0 to 9. */
export function batchOf({ input }: Network, size: number): [images: Tensor, labels: Tensor] {
  const length = input.reduce((product, side) => product * side, size);
  return [
    tensor(pattern(length, 17), { shape: [size, ...input] }),
    tensor(classes(size), { dtype: "int32" }),
  ];
}

/** The first step of a network gives the loss, or the first output. */
export function prepareNetwork({ network, batch, mode }: Task & { kind: "network" }): Prepared {
  const given = networks[network]!;
  return mode === "training" ? training(given, batch) : inference(given, batch);
}

/** The first step gives the loss. */
export function prepareMlp({ width, depth, batch }: Task & { kind: "mlp" }): Prepared {
  const hidden = Array.from({ length: depth }, () => width);
  return training({ make: () => models.mlp([784, ...hidden, 10]), input: [1, 28, 28] }, batch);
}

function inference(given: Network, batch: number): Prepared {
  const model = given.make();
  fillWeights(model);
  const [images] = batchOf(given, batch);
  model.eval();
  const step = () =>
    noGrad(() => model(images))
      .at(0, 0)
      .item();
  return { result: step(), step };
}

function training(given: Network, batch: number): Prepared {
  const model = given.make();
  fillWeights(model);
  const [images, labels] = batchOf(given, batch);
  model.train();
  const optimizer = optim.sgd(model.parameters(), { lr: 0.01 });
  // As a lesson writes it, with the loss read in each step.
  const step = () => {
    const loss = nn.crossEntropy(model(images), labels);
    loss.backward();
    optimizer.step();
    return loss.item();
  };
  return { result: step(), step };
}
