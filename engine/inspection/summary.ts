/** How large a network is: layer by layer the shapes, parameters, multiplications and memory of one sample. */

import { withBackend } from "../backend/current.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { enableGrad } from "../gradmode.ts";
import { graphOf } from "../graph.ts";
import { ConvTranspose2d } from "../nn/convolution.ts";
import { Embedding } from "../nn/embedding.ts";
import { inEvaluation } from "../nn/evaluation.ts";
import type { AnyModule, Module } from "../nn/module.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { alignColumns, count } from "../wording.ts";
import { checkModel, onZeros } from "./observe.ts";

/** One layer of a network, in the order in which layers run. */
export interface LayerSummary {
  /** Where the layer sits in its model. */
  readonly path: string;
  /** What kind of layer it is. */
  readonly type: string;
  /** Of one sample, without the batch. */
  readonly inputShape: readonly number[];
  /** Of one sample, without the batch. */
  readonly outputShape: readonly number[];
  /** Parameters of two and more dimensions: what inputs are multiplied by. 0 where a layer runs again. */
  readonly weights: number;
  /** All other parameters. 0 where a layer runs again. */
  readonly biases: number;
  /** Multiplications with following addition, for one sample. */
  readonly multiplyAdds: number;
}

/** See {@link summary}. */
export class ModelSummary {
  /** In the order in which the layers run. */
  readonly layers: readonly LayerSummary[];
  /** All numbers that training adjusts, those outside of layers too. */
  readonly parameters: number;
  /** Those of two and more dimensions, as many lectures count (items 000.32 to 000.35). */
  readonly weights: number;
  /** All others. */
  readonly biases: number;
  /** For one sample. */
  readonly multiplyAdds: number;
  /** Numbers that the layers give for one sample: what training keeps for the gradient, four bytes each. */
  readonly activations: number;
  /** Layers with weights on the longest way from input to output: the number in names such as VGG-16 and ResNet-152. */
  readonly depth: number;

  /** @internal Use `inspection.summary(model, shape)`. */
  constructor(model: Module, layers: readonly LayerSummary[], depth: number) {
    const total = (of: (layer: LayerSummary) => number) => layers.reduce((sum, layer) => sum + of(layer), 0);
    const all = model.parameters();
    this.layers = layers;
    this.parameters = model.parameterCount;
    this.weights = all.reduce((sum, tensor) => sum + (tensor.ndim >= 2 ? tensor.size : 0), 0);
    this.biases = this.parameters - this.weights;
    this.multiplyAdds = total((layer) => layer.multiplyAdds);
    this.activations = total((layer) => sizeOf(layer.outputShape));
    this.depth = depth;
  }

  /** A table, and one line of totals. */
  toString(): string {
    const rows = [
      ["", "layer", "output", "weights", "biases", "multiply-adds"],
      ...this.layers.map((layer) => [
        layer.path,
        layer.type,
        layer.outputShape.join(" × "),
        ...[layer.weights, layer.biases, layer.multiplyAdds].map(grouped),
      ]),
    ];
    return `${alignColumns(rows, 2)}\n${count(this.parameters, "parameter")} (${grouped(this.weights)} weights, ${grouped(this.biases)} biases), ${grouped(this.multiplyAdds)} multiply-adds and ${grouped(this.activations)} activations a sample, depth ${this.depth}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

const grouped = (n: number): string => n.toLocaleString("en-US");
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * The layers of a model with shapes, weights and biases apart, multiplications, and the depth that names such as VGG-16 count:
 * layers with weights on the longest way. `shape` is that of one sample, `[C, H, W]` or `[D]`. Models made under
 * `shapeOnlyBackend` are summed up without memory for their weights. Lecture steps 003.64, 004.36 and 004.37.
 *
 * @throws ShapeError where the shape is none, and what the model itself throws where the shape does not fit.
 * @example
 * inspection.summary(models.leNet5(), [1, 28, 28]).parameters   // 61706
 */
export function summary(model: Module, shape: readonly number[]): ModelSummary {
  checkModel("summary", model);
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every((n) => Number.isInteger(n) && n >= 1))
    throw new ShapeError(
      `summary: the shape is that of one sample, such as [1, 28, 28]; got ${Array.isArray(shape) ? `[${shape.join(", ")}]` : describeValue(shape)}`,
    );
  const [parameter] = model.parameters();
  const run = () => {
    const records = onZeros(model, [1, ...shape], (zero) => model.trace(zero));
    const seen = new Set<AnyModule>();
    const layers = records.map(({ path, module, inputShape, output }) => {
      const own = seen.has(module) ? [] : module.parameters();
      seen.add(module);
      const weights = own.reduce((sum, tensor) => sum + (tensor.ndim >= 2 ? tensor.size : 0), 0);
      const layer: LayerSummary = {
        path,
        type: module.constructor.name,
        inputShape: inputShape.slice(1),
        outputShape: output.shape.slice(1),
        weights,
        biases: own.reduce((sum, tensor) => sum + tensor.size, 0) - weights,
        multiplyAdds: multiplyAdds(module, sizeOf(inputShape.slice(1)), output),
      };
      output.dispose();
      return layer;
    });
    return new ModelSummary(model, layers, depthOf(model, shape));
  };
  return parameter === undefined ? run() : withBackend(parameter.holding.backend, run);
}

/** Every output (of a transposed convolution: input) is multiplied by the weights of one filter. */
function multiplyAdds(module: AnyModule, inputs: number, output: Tensor): number {
  const weight: unknown = "weight" in module ? module.weight : null;
  if (!isTensor(weight) || weight.ndim < 2 || module instanceof Embedding) return 0;
  const filter = weight.size / weight.shape[0]!;
  return filter * (module instanceof ConvTranspose2d ? inputs : sizeOf(output.shape.slice(1)));
}

/** Operations in which weights are multiplied with what comes from the input. */
const weighing = new Set(["conv2d", "convTranspose2d", "matmul"]);

function depthOf(model: Module, shape: readonly number[]): number {
  const parameters = new Set(model.parameters());
  const output: unknown = onZeros(model, [1, ...shape], (zero) =>
    inEvaluation(model, () => enableGrad(() => model(zero))),
  );
  const roots = (Array.isArray(output) ? output : [output]).filter(isTensor);
  if (roots.length === 0) throw new ArgumentError(`summary: ${model.constructor.name} returns no tensor`);
  const depths = roots.map((root) => {
    const { vertices, edges } = graphOf(root, { maxValues: 0 });
    const operands: number[][] = vertices.map(() => []);
    for (const { from, to } of edges) operands[to]!.push(from);
    const depth: number[] = [];
    // Operands come before results. A weight may be reshaped or turned on its way to the product.
    const isWeight: boolean[] = [];
    vertices.forEach(({ op, tensor }, id) => {
      const own = operands[id]!;
      isWeight.push(parameters.has(tensor) || (own.length === 1 && isWeight[own[0]!]!));
      const weighs = weighing.has(op ?? "") && own.some((from) => isWeight[from]);
      depth.push(Math.max(0, ...own.map((from) => depth[from]!)) + (weighs ? 1 : 0));
    });
    return depth.at(-1)!;
  });
  return Math.max(...depths);
}
