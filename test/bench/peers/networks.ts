/** The networks that peers can compute, as plain data: the same as in `nnlab/networks.ts`, with the same numbers in them. */
import { pattern } from "../numbers.ts";

export type Layer =
  | {
      readonly kind: "linear";
      readonly weight: readonly [outputs: number, inputs: number];
      readonly relu: boolean;
    }
  | {
      readonly kind: "conv2d";
      readonly weight: readonly [outputs: number, inputs: number, height: number, width: number];
      readonly padding: number;
      readonly relu: boolean;
    }
  /** Of 2 × 2. */
  | { readonly kind: "maxPool2d" }
  | { readonly kind: "flatten" };

export interface Network {
  /** Shape of one sample. */
  readonly input: readonly number[];
  readonly layers: readonly Layer[];
}

const linear = (inputs: number, outputs: number, relu: boolean): Layer => ({
  kind: "linear",
  weight: [outputs, inputs],
  relu,
});
const conv = (inputs: number, outputs: number, padding = 0): Layer => ({
  kind: "conv2d",
  weight: [outputs, inputs, 5, 5],
  padding,
  relu: true,
});
const pool: Layer = { kind: "maxPool2d" };
const flatten: Layer = { kind: "flatten" };

export const networks: Readonly<Record<string, Network>> = {
  MLP: { input: [1, 28, 28], layers: [flatten, linear(784, 256, true), linear(256, 10, false)] },
  "LeNet-5": {
    input: [1, 28, 28],
    layers: [
      ...[conv(1, 6, 2), pool, conv(6, 16), pool, conv(16, 120)],
      ...[flatten, linear(120, 84, true), linear(84, 10, false)],
    ],
  },
};

export interface Parameter {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Weight and bias of each layer that has them, in order, as `fillWeights` fills nnlab's. */
export function parametersOf({ layers }: Network): Parameter[] {
  const shapes = layers.flatMap((layer) => ("weight" in layer ? [layer.weight, [layer.weight[0]]] : []));
  return shapes.map((shape, i) => {
    const size = shape.reduce((product, side) => product * side, 1);
    if (shape.length < 2) return { shape, values: new Float32Array(size) };
    const scale = Math.sqrt((3 * shape[0]!) / size);
    return { shape, values: pattern(size, 1000 * i).map((value) => scale * value) };
  });
}

/** A batch of the network's shape. */
export function imagesOf({ input }: Network, batch: number): Parameter {
  const shape = [batch, ...input];
  return {
    shape,
    values: pattern(
      shape.reduce((product, side) => product * side),
      17,
    ),
  };
}
