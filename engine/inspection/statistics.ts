/** Whether a network is healthy: how its activations and gradients are distributed, and how far a step moves its weights. */

import { ArgumentError, describeValue } from "../errors.ts";
import { printsAs } from "../inspect.ts";
import { Sigmoid, Softmax, Tanh } from "../nn/activation.ts";
import type { AnyModule, Module, Parameter } from "../nn/module.ts";
import { Optimizer } from "../optim/optimizer.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { alignColumns, count, formatNumber, percent } from "../wording.ts";
import { checkModel } from "./observe.ts";

/** How many values lie in each of equal stretches from `low` to `high`. */
export interface Histogram {
  /** The smallest finite value. */
  readonly low: number;
  /** The largest finite value. */
  readonly high: number;
  /** How many values each stretch holds, from low to high. */
  readonly counts: readonly number[];
}

/** How numbers are distributed; NaN and infinities are counted, and left out of everything else. */
export interface Distribution {
  /** How many numbers there are, NaN and infinities among them. */
  readonly count: number;
  /** Of the finite numbers, as are the next four; NaN where there are none. */
  readonly mean: number;
  /** The root of the mean squared distance to the mean (divided by the count). */
  readonly std: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
  /** `√(Σ x²)`. */
  readonly norm: number;
  /** The share of zeros. */
  readonly zeros: number;
  /** How many are NaN or infinite. */
  readonly notFinite: number;
  /** In stretches of equal length. */
  readonly histogram: Histogram;
}

/** What a layer's units did for a batch. */
export interface LayerActivations extends Distribution {
  /** Where the layer sits in its model. */
  readonly path: string;
  /** What kind of layer it is. */
  readonly type: string;
  /** Units of a map count as one each, over all places: a channel. */
  readonly units: number;
  /** The share of units that gave 0 for every sample and at every place: after relu they learn no more. */
  readonly dead: number;
  /** The share of values within 0.05 of the ends of sigmoid's, softmax's (0, 1) or tanh's (−1, 1) range; null for other layers. */
  readonly saturated: number | null;
}

/** The gradient that `backward()` left at a parameter. */
export interface ParameterGradient extends Distribution {
  /** Where the parameter sits in its model. */
  readonly path: string;
  /** The norm of the parameter itself. */
  readonly weightNorm: number;
}

const stretches = 30;

/** The distribution of a tensor's numbers; prints as a sentence. */
export function distributionOf(values: ArrayLike<number>): Distribution {
  return printsAs(measure(values), describe);
}

/** `1,200 numbers, mean 0.012, std 0.98, from −3.1 to 3.4, 2 % zeros`, and how many are NaN or infinite where some are. */
function describe({ count: numbers, mean, std, min, max, zeros, notFinite }: Distribution): string {
  const parts = [
    count(numbers, "number"),
    `mean ${formatNumber(mean)}`,
    `std ${formatNumber(std)}`,
    `from ${formatNumber(min)} to ${formatNumber(max)}`,
  ];
  if (zeros > 0) parts.push(`${percent(zeros)} zeros`);
  if (notFinite > 0) parts.push(`${notFinite.toLocaleString("en-US")} NaN or infinite`);
  return parts.join(", ");
}

function measure(values: ArrayLike<number>): Distribution {
  let [sum, squares, zeros, notFinite] = [0, 0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      notFinite++;
      continue;
    }
    sum += value;
    squares += value * value;
    if (value === 0) zeros++;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const finite = values.length - notFinite;
  const mean = sum / finite;
  let spread = 0;
  const counts = new Array<number>(stretches).fill(0);
  const scale = max > min ? stretches / (max - min) : 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    spread += (value - mean) ** 2;
    counts[Math.min(stretches - 1, Math.floor((value - min) * scale))]!++;
  }
  const some = finite > 0;
  return {
    count: values.length,
    mean,
    std: Math.sqrt(spread / finite),
    min: some ? min : Number.NaN,
    max: some ? max : Number.NaN,
    norm: some ? Math.sqrt(squares) : Number.NaN,
    zeros: zeros / values.length,
    notFinite,
    histogram: { low: some ? min : Number.NaN, high: some ? max : Number.NaN, counts },
  };
}

/**
 * What every layer gives for a batch, in the order in which they run: mean, spread, histogram, dead units, saturation. Prints as
 * a table. In evaluation mode, without gradients. Lecture steps 001.24, 002.10, 002.12, 003.37.
 *
 * @throws ArgumentError where `model` is no module or `x` no tensor.
 * @example
 * for (const { path, std, dead } of inspection.activations(model, images)) console.log(path, std, dead);
 */
export function activations(model: Module, x: Tensor): LayerActivations[] {
  checkModel("activations", model);
  if (!isTensor(x))
    throw new ArgumentError(`activations: expects a batch of inputs as a tensor; got ${describeValue(x)}`);
  const layers = model.trace(x).map(({ path, module, output }) => {
    const values = output.toTypedArray();
    const found: LayerActivations = {
      path,
      type: module.constructor.name,
      ...measure(values),
      ...deadUnits(values, output.shape),
      saturated: saturationOf(module, values),
    };
    output.dispose();
    return printsAs(found, (layer) => `${layer.path}  ${layer.type}: ${describe(layer)}`);
  });
  return printsAs(layers, activationTable);
}

/** A line per layer; what no layer has, saturation or NaN, has no column. */
function activationTable(layers: readonly LayerActivations[]): string {
  const columns: [title: string, cell: (layer: LayerActivations) => string][] = [
    ["", ({ path }) => path],
    ["layer", ({ type }) => type],
    ["mean", ({ mean }) => formatNumber(mean)],
    ["std", ({ std }) => formatNumber(std)],
    ["zeros", ({ zeros }) => percent(zeros)],
    ["dead units", ({ dead }) => percent(dead)],
  ];
  if (layers.some(({ saturated }) => saturated !== null))
    columns.push(["saturated", ({ saturated }) => (saturated === null ? "" : percent(saturated))]);
  return table(layers, columns, 2);
}

/** With a last column for NaN and infinities where there are some. */
function table<Row extends Distribution>(
  rows: readonly Row[],
  columns: [title: string, cell: (row: Row) => string][],
  texts: number,
): string {
  if (rows.some(({ notFinite }) => notFinite > 0))
    columns.push(["NaN or infinite", ({ notFinite }) => notFinite.toLocaleString("en-US")]);
  const cells = rows.map((row) => columns.map(([, cell]) => cell(row)));
  return alignColumns([columns.map(([title]) => title), ...cells], texts);
}

function deadUnits(values: ArrayLike<number>, shape: readonly number[]): { units: number; dead: number } {
  const units = shape[1] ?? 1;
  const places = shape.slice(2).reduce((product, size) => product * size, 1);
  const alive = new Set<number>();
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) alive.add(Math.floor(i / places) % units);
  return { units, dead: 1 - alive.size / units };
}

function saturationOf(module: AnyModule, values: ArrayLike<number>): number | null {
  const low = module instanceof Tanh ? -1 : module instanceof Sigmoid || module instanceof Softmax ? 0 : null;
  if (low === null) return null;
  let ends = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! < low + 0.05 || values[i]! > 0.95) ends++;
  return ends / values.length;
}

/**
 * The gradients that `backward()` left at a model's parameters, first layers first: where their norm falls from layer to layer
 * they vanish, where it grows they explode. A parameter without a gradient is left out. Prints as a table. Lecture steps 000.29, 001.20.
 *
 * @throws ArgumentError where there is no gradient at all.
 * @example
 * nn.crossEntropy(model(images), labels).backward();
 * inspection.gradientFlow(model).map(({ path, norm }) => [path, norm]);
 */
export function gradientFlow(model: Module): ParameterGradient[] {
  checkModel("gradientFlow", model);
  const found = model.namedParameters().flatMap(([path, parameter]): ParameterGradient[] => {
    const { grad } = parameter;
    if (grad === null) return [];
    const weightNorm = measure(parameter.toTypedArray()).norm;
    const gradient = { path, weightNorm, ...measure(grad.toTypedArray()) };
    return [printsAs(gradient, (own) => `${own.path}: norm ${formatNumber(own.norm)}, ${describe(own)}`)];
  });
  if (found.length === 0)
    throw new ArgumentError("gradientFlow: the model has no gradients yet; call loss.backward() first");
  return printsAs(found, gradientTable);
}

function gradientTable(gradients: readonly ParameterGradient[]): string {
  return table(
    gradients,
    [
      ["", ({ path }) => path],
      ["norm of the gradient", ({ norm }) => formatNumber(norm)],
      ["of the parameter", ({ weightNorm }) => formatNumber(weightNorm)],
      ["std", ({ std }) => formatNumber(std)],
      ["zeros", ({ zeros }) => percent(zeros)],
    ],
    1,
  );
}

/** How far the steps of an optimiser moved each parameter. */
export class UpdateRatios {
  /** By the parameter's path, for each step `std(change) / std(parameter)`; infinite where all its values were equal, as biases start; NaN where the step made NaN or infinity. */
  readonly ratios: ReadonlyMap<string, number[]>;
  readonly #stop: () => void;

  /** @internal Use `inspection.updateRatios(model, optimizer)`. */
  constructor(ratios: ReadonlyMap<string, number[]>, stop: () => void) {
    this.ratios = ratios;
    this.#stop = stop;
  }

  /** Ends the watching; what was found stays. */
  stop(): void {
    this.#stop();
  }

  /** A line per parameter: `conv1.weight  0.0012 in the last of 100 steps`. */
  toString(): string {
    const longest = Math.max(...Array.from(this.ratios.keys(), (path) => path.length), 0);
    return Array.from(this.ratios, ([path, found]) =>
      found.length === 0
        ? `${path.padEnd(longest)}  no step yet`
        : `${path.padEnd(longest)}  ${found.at(-1)!.toPrecision(2)} in the last of ${found.length} steps`,
    ).join("\n");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * Watches how far each step of an optimiser moves a model's parameters: the spread of the change over the spread of the
 * values. About 10⁻³ is healthy; 10⁻¹ shakes the network, 10⁻⁵ teaches it nothing. Works in `fit` and in loops of your
 * own; each watched step copies the parameters once. Karpathy, "makemore" part 3.
 *
 * @throws ArgumentError where the optimiser has none of the model's parameters.
 * @example
 * const watch = inspection.updateRatios(model, optimizer);
 * await fit(model, loader, { optimizer });
 * watch.stop(); watch.ratios.get("0.weight");
 */
export function updateRatios(model: Module, optimizer: Optimizer): UpdateRatios {
  checkModel("updateRatios", model);
  if (!(optimizer instanceof Optimizer))
    throw new ArgumentError(
      `updateRatios: expects the optimizer that trains the model, such as optim.adam(model.parameters()); got ${describeValue(optimizer)}`,
    );
  const own = new Set<Parameter>(optimizer.parameters);
  const watched = model.namedParameters().filter(([, parameter]) => own.has(parameter));
  if (watched.length === 0)
    throw new ArgumentError(
      "updateRatios: the optimizer was made for another model; make it after the model",
    );
  const ratios = new Map(watched.map(([path]) => [path, [] as number[]]));
  let before: readonly Float64Array[] = [];
  const handles = [
    optimizer.registerStepPreHook(() => {
      before = watched.map(([, parameter]) => Float64Array.from(parameter.toTypedArray()));
    }),
    optimizer.registerStepPostHook(() => {
      for (const [i, [path, parameter]] of watched.entries()) {
        const values = parameter.toTypedArray();
        const change = before[i]!.map((value, k) => values[k]! - value);
        const { std, notFinite } = distributionOf(change);
        ratios.get(path)!.push(notFinite > 0 ? Number.NaN : std / distributionOf(before[i]!).std);
      }
    }),
  ];
  return new UpdateRatios(ratios, () => {
    for (const handle of handles) handle.remove();
  });
}
