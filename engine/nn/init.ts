/**
 * Initial values for parameters: plain functions that overwrite a tensor in place and return it. A seeded generator
 * decides every number.
 *
 * @module
 */

import { ArgumentError, ShapeError } from "../errors.ts";
import { writeEach } from "../inplace.ts";
import { checkOptions } from "../options.ts";
import { defaultGenerator, type Generator } from "../random.ts";
import { describeShape, type Shape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { requireTensor } from "./requireTensor.ts";

/** Options of the initialisers that draw numbers. */
export interface RandomOptions {
  /** Where the numbers come from; the default generator (see `seed`) when absent. */
  readonly generator?: Generator;
}

/** What follows the layer: it decides the gain. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu";

/**
 * How many inputs reach one unit, and how many units one input reaches: `[out, in, …window]`. Throws a ShapeError for
 * fewer than 2 dimensions.
 *
 * @example
 * nn.init.fans([6, 1, 5, 5]).fanIn   // 25
 */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new ShapeError(
      `init: the fan of a tensor needs at least 2 dimensions [out, in, …], got ${describeShape(shape)}; for a bias use nn.init.zeros or nn.init.uniform`,
    );
  }
  const window = shape.slice(2).reduce((product, size) => product * size, 1);
  return { fanIn: shape[1]! * window, fanOut: shape[0]! * window };
}

/**
 * The factor by which initial weights make up for what a nonlinearity does to the variance: ReLU √2, tanh 5/3, else
 * 1. Throws an ArgumentError for another nonlinearity.
 *
 * @example
 * nn.init.gain("tanh")   // 1.6667
 */
export function gain(nonlinearity: Nonlinearity, negativeSlope: number = 0.01): number {
  if (nonlinearity === "relu") return Math.SQRT2;
  if (nonlinearity === "leakyRelu") return Math.sqrt(2 / (1 + negativeSlope ** 2));
  if (nonlinearity === "tanh") return 5 / 3;
  if (nonlinearity === "linear" || nonlinearity === "sigmoid") return 1;
  throw new ArgumentError(
    `init.gain: unknown nonlinearity ${JSON.stringify(nonlinearity)}; one of "linear", "sigmoid", "tanh", "relu", "leakyRelu"`,
  );
}

function write(target: Tensor, next: () => number): Tensor {
  requireTensor("init", "target", target);
  writeEach(target, next);
  return target;
}

/**
 * Fills with 0. Right for biases; weights that start equal stay equal. Throws an ArgumentError for what is no tensor.
 */
export function zeros(target: Tensor): Tensor {
  return constant(target, 0);
}

/** Fills with 1: right for the scales of a normalisation. Throws an ArgumentError for what is no tensor. */
export function ones(target: Tensor): Tensor {
  return constant(target, 1);
}

/** Fills with one value. Throws an ArgumentError for what is no tensor. */
export function constant(target: Tensor, value: number): Tensor {
  return write(target, () => value);
}

/** From U(−bound, bound). */
function within(target: Tensor, bound: number, { generator = defaultGenerator }: RandomOptions): Tensor {
  return write(target, () => generator.uniform(-bound, bound));
}

/** From N(0, std²). */
function around(target: Tensor, std: number, { generator = defaultGenerator }: RandomOptions): Tensor {
  return write(target, () => generator.normal(0, std));
}

/** Options of `normal`. */
export interface NormalOptions extends RandomOptions {
  /** Default 0. */
  readonly mean?: number;
  /** The standard deviation (default 1). */
  readonly std?: number;
}

/** Fills from the normal distribution N(mean, std²). Throws an ArgumentError for what is no tensor. */
export function normal(target: Tensor, options: NormalOptions = {}): Tensor {
  checkOptions("init.normal", options, ["mean", "std", "generator"]);
  const { mean = 0, std = 1, generator = defaultGenerator } = options;
  return write(target, () => generator.normal(mean, std));
}

/** Options of `uniform`. */
export interface UniformOptions extends RandomOptions {
  /** The lower end (default −1). */
  readonly low?: number;
  /** The upper end (default 1). */
  readonly high?: number;
}

/** Fills from the uniform distribution U(low, high). Throws an ArgumentError for what is no tensor. */
export function uniform(target: Tensor, options: UniformOptions = {}): Tensor {
  checkOptions("init.uniform", options, ["low", "high", "generator"]);
  const { low = -1, high = 1, generator = defaultGenerator } = options;
  return write(target, () => generator.uniform(low, high));
}

/** Options of `xavierUniform`, `xavierNormal` and `orthogonal`. */
export interface GainOptions extends RandomOptions {
  /** What makes up for the activation that follows, such as `nn.init.gain("tanh")` (default 1). */
  readonly gain?: number;
}

/**
 * Xavier (Glorot) uniform: U(−a, a) with a = gain·√(6 / (fanIn + fanOut)), which keeps the variance of signals and of
 * gradients alike through layers of sigmoid or tanh. Glorot & Bengio 2010. Throws a ShapeError for fewer than 2
 * dimensions.
 *
 * @example
 * nn.init.xavierUniform(layer.weight, { gain: nn.init.gain("tanh") })
 */
export function xavierUniform(target: Tensor, options: GainOptions = {}): Tensor {
  checkOptions("init.xavierUniform", options, ["gain", "generator"]);
  const { fanIn, fanOut } = fans(target.shape);
  const bound = (options.gain ?? 1) * Math.sqrt(6 / (fanIn + fanOut));
  return within(target, bound, options);
}

/**
 * Xavier (Glorot) normal: N(0, σ²) with σ = gain·√(2 / (fanIn + fanOut)). Glorot & Bengio 2010. Throws a ShapeError
 * for fewer than 2 dimensions.
 */
export function xavierNormal(target: Tensor, options: GainOptions = {}): Tensor {
  checkOptions("init.xavierNormal", options, ["gain", "generator"]);
  const { fanIn, fanOut } = fans(target.shape);
  return around(target, (options.gain ?? 1) * Math.sqrt(2 / (fanIn + fanOut)), options);
}

/** Options of `kaimingNormal` and `kaimingUniform`. */
export interface KaimingOptions extends RandomOptions {
  /** Keep the variance of the signals forward (`fanIn`, the default) or of the gradients backward (`fanOut`). */
  readonly mode?: "fanIn" | "fanOut";
  /** The activation after the layer ("relu" by default). */
  readonly nonlinearity?: Nonlinearity;
  /** The slope of "leakyRelu" below 0 (0.01 by default). */
  readonly negativeSlope?: number;
}

/**
 * Kaiming (He) uniform: U(−a, a) with a = gain·√(3 / fan), made for ReLU. He, Zhang, Ren & Sun 2015. Throws a
 * ShapeError for fewer than 2 dimensions.
 *
 * @example
 * nn.init.kaimingUniform(layer.weight)
 */
export function kaimingUniform(target: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingDeviation("init.kaimingUniform", target, options);
  return within(target, bound, options);
}

/**
 * Kaiming (He) normal: N(0, σ²) with σ = gain / √fan, made for ReLU. He, Zhang, Ren & Sun 2015. Throws a ShapeError
 * for fewer than 2 dimensions.
 */
export function kaimingNormal(target: Tensor, options: KaimingOptions = {}): Tensor {
  return around(target, kaimingDeviation("init.kaimingNormal", target, options), options);
}

function kaimingDeviation(operation: string, target: Tensor, options: KaimingOptions): number {
  checkOptions(operation, options, ["mode", "nonlinearity", "negativeSlope", "generator"]);
  const { fanIn, fanOut } = fans(target.shape);
  const fan = options.mode === "fanOut" ? fanOut : fanIn;
  return gain(options.nonlinearity ?? "relu", options.negativeSlope) / Math.sqrt(fan);
}

/**
 * The older heuristic U(−1/√fanIn, 1/√fanIn), whose variance 1/(3·fanIn) lets signals fade from layer to layer. Lecture step
 * 003.38 prints it as Glorot's; Glorot & Bengio 2010 name it as what their `xavierUniform` improves on (C-22). Throws
 * a ShapeError for fewer than 2 dimensions.
 *
 * @example
 * nn.init.heuristicUniform(layer.weight)
 */
export function heuristicUniform(target: Tensor, options: RandomOptions = {}): Tensor {
  checkOptions("init.heuristicUniform", options, ["generator"]);
  const bound = 1 / Math.sqrt(fans(target.shape).fanIn);
  return within(target, bound, options);
}

/** Options of `misprintedKaimingNormal`. */
export interface MisprintedOptions extends RandomOptions {
  /** What the printed 2/√d is taken for: the standard deviation (default) or the variance. */
  readonly readAs?: "deviation" | "variance";
  /** Which d: the inputs of a unit (default) or the units an input reaches. */
  readonly mode?: "fanIn" | "fanOut";
}

/**
 * He's initial values as lecture step 003.38 misprints them, N(0, 2/√d), to see what a misprint does: signals explode, by
 * √2 a layer when 2/√d is read as the standard deviation, faster when read as the variance. The paper has √(2/d), which is
 * `kaimingNormal` (C-23). Throws a ShapeError for fewer than 2 dimensions.
 *
 * @example
 * nn.init.misprintedKaimingNormal(layer.weight, { readAs: "variance" })
 */
export function misprintedKaimingNormal(target: Tensor, options: MisprintedOptions = {}): Tensor {
  checkOptions("init.misprintedKaimingNormal", options, ["readAs", "mode", "generator"]);
  const { readAs = "deviation", mode = "fanIn" } = options;
  if (readAs !== "deviation" && readAs !== "variance") {
    throw new ArgumentError(
      `init.misprintedKaimingNormal: readAs is "deviation" or "variance", got ${JSON.stringify(readAs)}`,
    );
  }
  const { fanIn, fanOut } = fans(target.shape);
  const printed = 2 / Math.sqrt(mode === "fanOut" ? fanOut : fanIn);
  return around(target, readAs === "variance" ? Math.sqrt(printed) : printed, options);
}

/**
 * A random matrix `[out, in, …window]` whose rows (or, where it is taller than wide, columns) are orthogonal and of length
 * `gain`: it changes no signal's length. Saxe, McClelland & Ganguli 2014. By Gram and Schmidt, twice, from normal
 * numbers. Throws a ShapeError for fewer than 2 dimensions.
 *
 * @example
 * nn.init.orthogonal(layer.weight, { gain: nn.init.gain("relu") })
 */
export function orthogonal(target: Tensor, options: GainOptions = {}): Tensor {
  checkOptions("init.orthogonal", options, ["gain", "generator"]);
  const { gain: length = 1, generator = defaultGenerator } = options;
  requireTensor("init", "target", target);
  const { shape } = target;
  if (shape.length < 2) {
    throw new ShapeError(
      `init.orthogonal: needs at least 2 dimensions [out, in, …], got ${describeShape(shape)}; for a bias use nn.init.zeros`,
    );
  }
  const rows = shape[0]!;
  const columns = target.size / rows || 0;
  const [count, size] = rows <= columns ? [rows, columns] : [columns, rows];
  const basis: Float64Array[] = [];
  while (basis.length < count) {
    const vector = Float64Array.from({ length: size }, () => generator.normal());
    for (let pass = 0; pass < 2; pass++) for (const other of basis) removeAlong(vector, other);
    const norm = Math.sqrt(product(vector, vector));
    // Almost all of it was along the others, by the rarest chance: take another.
    if (norm < 1e-6) continue;
    basis.push(vector.map((value) => value / norm));
  }
  let index = 0;
  return write(target, () => {
    const [row, column] = [Math.floor(index / columns), index++ % columns];
    return length * (rows <= columns ? basis[row]![column]! : basis[column]![row]!);
  });
}

function product(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function removeAlong(vector: Float64Array, unit: Float64Array): void {
  const share = product(vector, unit);
  for (let i = 0; i < vector.length; i++) vector[i]! -= share * unit[i]!;
}
