// LeNet-5 as it was wired in 1998: maps that see only some maps, trainable subsampling, an output that compares with bitmaps.

import { tensor, zeros } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { type Conv2d, conv2d, requireImages } from "../nn/convolution.ts";
import { type Flatten, flatten } from "../nn/flatten.ts";
import { uniform } from "../nn/init.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { buffer, Module, type Parameter, parameter } from "../nn/module.ts";
import { conv2d as conv2dOp } from "../ops/convolution.ts";
import { linear as linearOp } from "../ops/matmul.ts";
import { concat } from "../ops/movement.ts";
import { avgPool2d as avgPool2dOp } from "../ops/pooling.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

/** Table I of the paper: for each of the 16 maps of C3 the maps of S2 that it sees. */
const connectionsOfC3: readonly (readonly number[])[] = [
  [0, 1, 2],
  [1, 2, 3],
  [2, 3, 4],
  [3, 4, 5],
  [0, 4, 5],
  [0, 1, 5],
  [0, 1, 2, 3],
  [1, 2, 3, 4],
  [2, 3, 4, 5],
  [0, 3, 4, 5],
  [0, 1, 4, 5],
  [0, 1, 2, 5],
  [0, 1, 3, 4],
  [1, 2, 4, 5],
  [0, 2, 3, 5],
  [0, 1, 2, 3, 4, 5],
];

/** The squashing function of appendix A: `1.7159 · tanh(2x/3)`, which maps ±1 to ±1. */
export class Squash extends Module {
  forward(x: Tensor): Tensor {
    return x
      .mul(2 / 3)
      .tanh()
      .mul(1.7159);
  }

  override details(): string {
    return "1.7159·tanh(2x/3)";
  }
}

/** Halves a map: the sum of each 2×2 block times a trainable coefficient, plus a trainable bias, both one per map. */
export class Subsampling extends Module {
  /** `[channels]` */
  coefficient: Parameter;
  /** `[channels]` */
  bias: Parameter;
  readonly channels: number;

  constructor(channels: number) {
    super();
    this.channels = channels;
    this.coefficient = startUniform([channels], 4).named("coefficient");
    this.bias = startUniform([channels], 4).named("bias");
  }

  forward(x: Tensor): Tensor {
    requireImages(x, this.channels, "this layer has a coefficient for each of its channels");
    const perMap = [this.channels, 1, 1];
    const sums = avgPool2dOp(x, 2).mul(4);
    return sums.mul(this.coefficient.reshape(perMap)).add(this.bias.reshape(perMap));
  }

  override details(): string {
    return `${this.channels} maps, 2×2`;
  }
}

/** A convolution whose output maps see only the input maps of a table; there are weights only where there is a connection. */
export class PartialConv2d extends Module {
  /** `[connections, kernel, kernel]`, one kernel per connection, in the order of the table */
  weight: Parameter;
  /** `[outChannels]` */
  bias: Parameter;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly connections: readonly (readonly number[])[];
  /** For each output and input channel the row of `weight`, or the row of zeros after the last. */
  readonly #rows: readonly number[];

  constructor(inChannels: number, connections: readonly (readonly number[])[], kernelSize: number) {
    super();
    this.inChannels = inChannels;
    this.outChannels = connections.length;
    this.kernelSize = kernelSize;
    this.connections = connections;
    const count = connections.reduce((sum, inputs) => sum + inputs.length, 0);
    let next = 0;
    this.#rows = connections.flatMap((inputs) =>
      Array.from({ length: inChannels }, (_, channel) => (inputs.includes(channel) ? next++ : count)),
    );
    const fanIn = (count / connections.length) * kernelSize * kernelSize;
    this.weight = startUniform([count, kernelSize, kernelSize], fanIn).named("weight");
    this.bias = startUniform([connections.length], fanIn).named("bias");
  }

  forward(x: Tensor): Tensor {
    requireImages(x, this.inChannels, "its table of connections is made for another number");
    return conv2dOp(x, this.kernel(), this.bias);
  }

  /** The kernel `[outChannels, inChannels, kernel, kernel]` with zeros where there is no connection. */
  kernel(): Tensor {
    const { kernelSize } = this;
    const none = zeros([1, kernelSize, kernelSize], { dtype: this.weight.dtype });
    return concat([this.weight, none], 0)
      .indexSelect(0, this.#rows)
      .reshape([this.outChannels, this.inChannels, kernelSize, kernelSize]);
  }

  override details(): string {
    return `${this.inChannels} → ${this.outChannels}, kernel ${this.kernelSize}×${this.kernelSize}, ${this.weight.shape[0]} connections`;
  }
}

/** For each class minus the squared distance from its code: `−Σⱼ (xⱼ − codeⱼ)²`. The codes are fixed. */
export class RadialBasis extends Module {
  /** `[classes, features]`, values −1 and 1 */
  codes: Tensor;

  constructor(codes: readonly (readonly number[])[]) {
    super();
    this.codes = buffer(tensor(codes.map((code) => [...code]))).named("codes");
  }

  forward(x: Tensor): Tensor {
    const [, features] = this.codes.shape;
    if (x.ndim !== 2 || x.shape[1] !== features) {
      throw new ShapeError(
        `expected [N, ${features}], got ${describeShape(x.shape)}; flatten, or give the layer before it ${features} outputs`,
      );
    }
    // (x − c)² = x² − 2xc + c², so that one product of matrices does it for all classes.
    const cross = linearOp(x, this.codes).mul(2);
    const lengths = x.square().sum(1, { keepDim: true });
    return cross.sub(lengths).sub(this.codes.square().sum(1));
  }

  override details(): string {
    return `${this.codes.shape[1]} → ${this.codes.shape[0]}, fixed codes`;
  }
}

/** See {@link leNet5Original}. The layers have the names of the paper; `aN` is the squashing after layer N. */
export class LeNet5Original extends Module {
  readonly c1: Conv2d;
  readonly a1: Squash;
  readonly s2: Subsampling;
  readonly a2: Squash;
  readonly c3: PartialConv2d;
  readonly a3: Squash;
  readonly s4: Subsampling;
  readonly a4: Squash;
  readonly c5: Conv2d;
  readonly a5: Squash;
  readonly flatten: Flatten;
  readonly f6: Linear;
  readonly a6: Squash;
  readonly output: RadialBasis;

  constructor() {
    super();
    this.c1 = start(conv2d(1, 6, 5, { padding: 2 }), 25);
    this.a1 = new Squash();
    this.s2 = new Subsampling(6);
    this.a2 = new Squash();
    this.c3 = new PartialConv2d(6, connectionsOfC3, 5);
    this.a3 = new Squash();
    this.s4 = new Subsampling(16);
    this.a4 = new Squash();
    this.c5 = start(conv2d(16, 120, 5), 400);
    this.a5 = new Squash();
    this.flatten = flatten();
    this.f6 = start(linear(120, 84), 120);
    this.a6 = new Squash();
    this.output = new RadialBasis(digitCodes());
  }

  forward(x: Tensor): Tensor {
    const edges = this.a2(this.s2(this.a1(this.c1(x))));
    const parts = this.a4(this.s4(this.a3(this.c3(edges))));
    const features = this.flatten(this.a5(this.c5(parts)));
    return this.output(this.a6(this.f6(features)));
  }
}

/**
 * LeNet-5 with the wiring of 1998 and its exactly 60,000 trainable parameters, 156 + 12 + 1516 + 32 + 48,120 + 10,164:
 * `[N, 1, 28, 28] → [N, 10]`. C3 follows the paper's table I, S2 and S4 have a coefficient and a bias per map, every layer
 * up to F6 is squashed, and the output is minus the squared distance of F6 from a 7×12 bitmap of each digit, which
 * `nn.crossEntropy` takes as logits (the paper's criterion of equation 9 without its constant rejection class).
 * The bitmaps are drawn anew in the manner of the paper's figure 3. Weights start uniform in ±2.4/fanIn (appendix A).
 * The paper's images have background −0.1 and ink 1.175. LeCun, Bottou, Bengio & Haffner 1998; lecture step 001.45.
 *
 * @example
 * const model = models.leNet5Original()
 * model.parameterCount   // 60000
 */
export function leNet5Original(): LeNet5Original {
  return new LeNet5Original();
}

function startUniform(shape: readonly number[], fanIn: number): Parameter {
  return uniform(parameter(zeros(shape)), { low: -2.4 / fanIn, high: 2.4 / fanIn });
}

function start<Layer extends Conv2d | Linear>(layer: Layer, fanIn: number): Layer {
  for (const values of layer.parameters()) uniform(values, { low: -2.4 / fanIn, high: 2.4 / fanIn });
  return layer;
}

/** The digits 0 to 9 side by side, each 7 wide and 12 high. */
const bitmaps = [
  ".#####. ...##.. .#####. ####### ....##. ####### ..####. ####### .#####. .#####.",
  "##...## ..###.. ##...## .....## ...###. ##..... .##.... ####### ##...## ##...##",
  "##...## .####.. .....## ....##. ..#.##. ##..... ##..... .....## #.....# #.....#",
  "#.....# ...##.. .....## ...##.. .##.##. ##..... ##..... ....##. ##...## #.....#",
  "#.....# ...##.. ....##. ..####. ##..##. ######. ##.###. ....##. .#####. ##...##",
  "#.....# ...##.. ...##.. .....## #...##. ##...## ###..## ...##.. .#####. .######",
  "#.....# ...##.. ..##... ......# ####### .....## ##...## ...##.. ##...## .....##",
  "#.....# ...##.. .##.... ......# ....##. .....## ##...## ..##... #.....# .....##",
  "##...## ...##.. ##..... #.....# ....##. .....## ##...## ..##... #.....# ....##.",
  "##...## .###### ####### ##...## ....##. ##...## ##..##. .##.... ##...## ...##..",
  ".#####. .###### ####### .#####. ....##. .#####. .####.. .##.... .#####. .###...",
  "....... ....... ....... ....... ....... ....... ....... ....... ....... .......",
];

/** For each digit its 84 pixels in row-major order: ink 1, background −1. */
function digitCodes(): number[][] {
  const rows = bitmaps.map((row) => row.split(" "));
  return Array.from({ length: 10 }, (_, digit) =>
    rows.flatMap((row) => Array.from(row[digit]!, (cell) => (cell === "#" ? 1 : -1))),
  );
}
