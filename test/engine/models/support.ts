// What the tests of the models share: PyTorch's values, counting without memory, a little training.

import { expect } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { shapeOnlyBackend } from "../../../engine/backend/shapeOnly.ts";
import { tensor, zeros } from "../../../engine/creation.ts";
import type { AnyModule, Module } from "../../../engine/nn/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import * as optim from "../../../engine/optim/index.ts";
import { Generator } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { wave } from "../nn/wave.ts";
import golden from "./golden/golden.json" with { type: "json" };

/** An entry of golden.json's models. */
interface Recorded {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly shape: readonly number[];
  readonly loss: number;
  readonly inputGradient: number;
  readonly gradients: Readonly<Record<string, { readonly norm: number; readonly first: readonly number[] }>>;
  readonly buffers: Readonly<Record<string, readonly number[]>>;
}

/** Gives the parameters of a model the waves that golden.py gives PyTorch's of the same names. */
export function fill(model: AnyModule, names: readonly string[]): void {
  const parameters = new Map(model.namedParameters());
  names.forEach((name, index) => {
    const parameter = parameters.get(name)!;
    const fan = parameter.shape.slice(1).reduce((product, size) => product * size, 1);
    const scale = parameter.ndim === 1 ? 0.2 : 1.7 / Math.sqrt(fan);
    const centre = name.endsWith("weight") && parameter.ndim === 1 ? 1 : 0;
    const values = wave(parameter.shape, scale, 1.37 + 0.11 * index, index)
      .add(centre)
      .toTypedArray();
    parameter.storage.values().set(values);
  });
}

/**
 * Holds a model against PyTorch's of the same parameter names: output, loss, gradients of the input and of every parameter.
 * float32: sums of up to some thousand products in another order, hence 2·10⁻⁴ for values and 10⁻³ of a gradient's norm.
 */
export function expectLikePyTorch(
  model: Module,
  name: keyof typeof golden.models,
  loss: (output: Tensor) => Tensor = classesInTurn,
  training = false,
): void {
  const expected: Recorded = golden.models[name];
  model.train(training);
  expect(
    model
      .namedParameters()
      .map(([path]) => path)
      .sort(),
  ).toEqual(Object.keys(expected.gradients).sort());
  fill(model, Object.keys(expected.gradients));
  const buffers = new Map(model.namedBuffers());
  Object.keys(expected.buffers).forEach((path, index) => {
    const buffer = buffers.get(ours(path))!;
    const centre = path.endsWith("var") ? 1 : 0;
    buffer.storage.values().set(wave(buffer.shape, 0.2, 0.7, index).add(centre).toTypedArray());
  });
  const x = wave(expected.input, 1, 0.37);
  x.requiresGrad = true;
  const output = model(x);
  expect(output.shape).toEqual(expected.shape);
  const values = output.toTypedArray();
  const scale = Math.max(...expected.output.map(Math.abs));
  expected.output.forEach((value, i) => {
    expect(Math.abs(values[i]! - value), `output ${i}`).toBeLessThan(2e-4 * (scale + Math.abs(value)));
  });
  const value = loss(output);
  expect(Math.abs(value.item() / expected.loss - 1)).toBeLessThan(3e-4);
  Object.entries(expected.buffers).forEach(([path, start]) => {
    const found = buffers.get(ours(path))!.toTypedArray();
    start.forEach((part, i) => {
      expect(Math.abs(found[i]! - part), `${path}[${i}]`).toBeLessThan(1e-5 * (1 + Math.abs(part)));
    });
  });
  value.backward();
  expect(Math.abs(norm(x.grad!) / expected.inputGradient - 1), "gradient of the input").toBeLessThan(1e-3);
  for (const [path, parameter] of model.namedParameters()) {
    const { norm: length, first } = expected.gradients[path]!;
    const gradient = parameter.grad!.toTypedArray();
    expect(Math.abs(norm(parameter.grad!) - length), `norm of ${path}`).toBeLessThan(1e-3 * length + 1e-6);
    first.forEach((part, i) => {
      expect(Math.abs(gradient[i]! - part), `${path}[${i}]`).toBeLessThan(1e-3 * length + 1e-6);
    });
  }
}

const ours = (path: string): string =>
  path.replace(/running_(.)/, (_, letter: string) => `running${letter.toUpperCase()}`);

function norm(values: Tensor): number {
  return Math.hypot(...Array.from(values.toTypedArray()));
}

function classesInTurn(output: Tensor): Tensor {
  const [samples, classes] = output.shape as readonly [number, number];
  return nn.crossEntropy(output, tensor(Int32Array.from({ length: samples }, (_, i) => i % classes)));
}

/** The number of parameters of a model that is built without memory. */
export function countOf(make: () => AnyModule): number {
  return withBackend(shapeOnlyBackend, () => make().parameterCount);
}

/** The shapes of the outputs of the leaf layers, by path, without computing them. */
export function shapesOf(make: () => Module, input: readonly number[]): Map<string, string> {
  return withBackend(shapeOnlyBackend, () => {
    const trace = make().trace(zeros(input));
    return new Map(trace.map(({ path, outputShape }) => [path, outputShape.slice(1).join("×")]));
  });
}

/** Images of class i with a bright stripe i/classes of the way down, in faint noise; and their classes in turn. */
export function stripes(shape: readonly number[], classes: number): { images: Tensor; labels: Tensor } {
  const generator = new Generator(3);
  const [samples, channels, height, width] = shape as readonly [number, number, number, number];
  const values = Float32Array.from({ length: samples * channels * height * width }, (_, i) => {
    const sample = Math.floor(i / (channels * height * width));
    const row = Math.floor(i / width) % height;
    const lit = Math.floor((row * classes) / height) === sample % classes;
    return generator.uniform(0, 0.2) + (lit ? 1 : 0);
  });
  const labels = Int32Array.from({ length: samples }, (_, i) => i % classes);
  return { images: tensor(values, { shape: [...shape] }), labels: tensor(labels) };
}

/** Trains a classifier on one small batch of {@link stripes}; returns the first and the last loss. */
export function trainOnStripes(
  model: Module,
  {
    shape,
    classes = 10,
    steps = 12,
    learningRate = 0.01,
  }: {
    readonly shape: readonly number[];
    readonly classes?: number;
    readonly steps?: number;
    readonly learningRate?: number;
  },
): { readonly first: number; readonly last: number } {
  const { images, labels } = stripes(shape, classes);
  const optimizer = optim.adam(model.parameters(), { lr: learningRate });
  return descend(optimizer, steps, () => nn.crossEntropy(model(images), labels));
}

/** Takes steps down a loss; returns the first and the last. */
export function descend(
  optimizer: { step(): void },
  steps: number,
  loss: () => Tensor,
): { readonly first: number; readonly last: number } {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const value = loss();
    value.backward();
    optimizer.step();
    losses.push(value.item());
  }
  return { first: losses[0]!, last: losses.at(-1)! };
}
