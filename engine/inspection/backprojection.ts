/** What in the image speaks for a class or excites a unit: gradients at the pixels, by three rules for the way back through relu. */

import { gradients } from "../autograd.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import type { AnyModule, Module } from "../nn/module.ts";
import { type BackwardRule, GraphNode, type Primitive } from "../op.ts";
import { relu, reluGradient } from "../ops/elementwise.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { Attribution, explained } from "./attribution.ts";
import { checkModel, chooseClass, explaining, layerAt, oneImage } from "./observe.ts";

/**
 * How a signal passes a relu on its way back. `"backprop"`, the gradient: where the unit was on (Simonyan et al. 2014).
 * `"deconvnet"`: where the signal is positive (Zeiler & Fergus 2013; lecture step 003.77). `"guided"`: where both
 * (Springenberg et al. 2015).
 */
export type ReluRule = "backprop" | "deconvnet" | "guided";

const backwardRules: Readonly<Record<ReluRule, BackwardRule<unknown>>> = {
  backprop: (g, y) => [reluGradient(y, g)],
  deconvnet: (g) => [relu(g)],
  guided: (g, y) => [reluGradient(y, relu(g))],
};

/** Options of `saliency` and `guidedBackprop`. */
export interface SaliencyOptions {
  /** The class to explain; the one with the largest score unless told. */
  readonly class?: number;
}

/** What `saliency` and `guidedBackprop` find. Its `map`, `[H, W]`, is the largest size of the gradient over the channels. */
export class Saliency extends Attribution {
  /** `[C, H, W]`: `∂score/∂image`, with signs. */
  readonly gradient: Tensor;

  /** @internal Use `inspection.saliency` or `inspection.guidedBackprop`. */
  constructor(found: ConstructorParameters<typeof Attribution>[0] & Pick<Saliency, "gradient">) {
    super(found);
    this.gradient = found.gradient;
  }
}

/** Options of `deconvnet`. */
export interface DeconvnetOptions {
  /** The layer by its path (`"conv2"`) or itself; one that gives maps `[N, C, H, W]`. */
  readonly layer: string | AnyModule;
  /** The channel whose unit is followed; the one with the strongest unit unless told. */
  readonly channel?: number;
  /** The unit's row and column in the map; the strongest of the channel unless told. */
  readonly unit?: readonly [row: number, column: number];
  /** How the signal passes relu on its way back: `"deconvnet"` unless told. */
  readonly relu?: ReluRule;
}

/** What `deconvnet` finds. */
export class Deconvolution {
  /** `[C, H, W]`: the image in which the unit is followed. */
  readonly image: Tensor;
  /** `[C, H, W]`: what of the image the unit answers to, on the scale of a gradient. */
  readonly pattern: Tensor;
  /** The layer's path. */
  readonly layer: string;
  /** The unit's channel. */
  readonly channel: number;
  /** The unit's row and column. */
  readonly unit: readonly [row: number, column: number];
  /** How strongly the unit is excited. */
  readonly activation: number;

  /** @internal Use `inspection.deconvnet`. */
  constructor(found: Pick<Deconvolution, "image" | "pattern" | "layer" | "channel" | "unit" | "activation">) {
    this.image = found.image;
    this.pattern = found.pattern;
    this.layer = found.layer;
    this.channel = found.channel;
    this.unit = found.unit;
    this.activation = found.activation;
  }

  /** `conv2, channel 3, unit [4, 5] (activation 1.2): pattern [1, 28, 28]`. */
  toString(): string {
    const { layer, channel, unit, activation, pattern } = this;
    return `${layer}, channel ${channel}, unit [${unit.join(", ")}] (activation ${Number(activation.toPrecision(3))}): pattern [${pattern.shape.join(", ")}]`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * Which pixels the score of a class depends on most: the gradient of the score with respect to the image, and its largest
 * size over the channels. Evaluation mode; touches no `.grad`. Simonyan, Vedaldi & Zisserman 2014.
 *
 * @throws ShapeError where it is given several images, or a model that gives no scores `[1, K]`.
 * @example
 * const { map } = inspection.saliency(model, image, { class: 3 });   // [H, W]
 */
export function saliency(model: Module, image: Tensor, options: SaliencyOptions = {}): Saliency {
  return explain("saliency", model, image, options, "backprop");
}

/**
 * As `saliency`, but the signal passes a relu only where it is positive and the unit was on: a clearer picture, and less true
 * to the class. Springenberg et al. 2015, "Striving for simplicity".
 *
 * @example
 * const { gradient } = inspection.guidedBackprop(model, image);   // [C, H, W]
 */
export function guidedBackprop(model: Module, image: Tensor, options: SaliencyOptions = {}): Saliency {
  return explain("guidedBackprop", model, image, options, "guided");
}

function explain(
  operation: string,
  model: Module,
  image: Tensor,
  options: SaliencyOptions,
  rule: ReluRule,
): Saliency {
  checkOptions(operation, options, ["class"]);
  checkModel(operation, model);
  const x = oneImage(operation, image);
  return explaining(model, x, ({ output }) => {
    const chosen = chooseClass(operation, output, options.class);
    const score = output.select(1, chosen).sum();
    const gradient = backproject(score, x, rule);
    return new Saliency({
      method: rule === "guided" ? "guided backprop" : "saliency",
      image: explained(x),
      map: gradient.abs().max(0).keep(),
      gradient,
      class: chosen,
      score: score.item(),
    });
  });
}

/**
 * Follows one unit back to the image: unpooling by the places of the maxima, the relu rule, transposed convolution with the same
 * kernels. Zeiler & Fergus 2013; lecture steps 003.75 to 003.78. The way starts with 1 at the unit, so the three rules for
 * relu differ only in what they let pass; with `"backprop"` the pattern is the unit's gradient.
 *
 * @throws ArgumentError for a layer the model does not have, and a channel or unit the layer does not have.
 * @example
 * const { pattern } = inspection.deconvnet(model, image, { layer: "conv2" });
 */
export function deconvnet(model: Module, image: Tensor, options: DeconvnetOptions): Deconvolution {
  checkOptions("deconvnet", options ?? {}, ["layer", "channel", "unit", "relu"]);
  checkModel("deconvnet", model);
  const rule = options?.relu ?? "deconvnet";
  if (!Object.hasOwn(backwardRules, rule))
    throw new ArgumentError(
      `deconvnet: relu is "backprop", "deconvnet" or "guided"; got ${describeValue(rule)}`,
    );
  const layer = layerAt("deconvnet", model, options?.layer);
  const x = oneImage("deconvnet", image);
  return explaining(model, x, ({ outputs }) => {
    const maps = mapsOf("deconvnet", outputs.get(layer));
    const { channel, row, column } = chooseUnit(maps, options);
    const value = maps.slice([null, [channel, channel + 1], [row, row + 1], [column, column + 1]]).sum();
    return new Deconvolution({
      image: explained(x),
      pattern: backproject(value, x, rule),
      layer: pathOf(model, layer),
      channel,
      unit: [row, column],
      activation: value.item(),
    });
  });
}

function pathOf(model: Module, layer: AnyModule): string {
  return model.namedModules().find(([, module]) => module === layer)?.[0] ?? "";
}

/** The output of a layer, if it is maps. */
export function mapsOf(operation: string, output: Tensor | undefined): Tensor {
  if (output === undefined)
    throw new ArgumentError(`${operation}: the model does not run this layer, or it returns several tensors`);
  if (output.ndim === 4) return output;
  throw new ShapeError(
    `${operation}: the layer must give maps [N, C, H, W]; it gives ${describeShape(output.shape)}`,
  );
}

function chooseUnit(
  maps: Tensor,
  { channel, unit }: DeconvnetOptions,
): { channel: number; row: number; column: number } {
  const [, channels, height, width] = maps.shape as readonly [number, number, number, number];
  const inRange = (value: number | undefined, size: number, what: string) => {
    if (value === undefined || (Number.isInteger(value) && value >= 0 && value < size)) return;
    throw new ArgumentError(
      `deconvnet: ${what} must be a whole number from 0 to ${size - 1}; got ${describeValue(value)}`,
    );
  };
  inRange(channel, channels, "channel");
  if (unit !== undefined) {
    inRange(unit[0], height, "the unit's row");
    inRange(unit[1], width, "the unit's column");
  }
  const values = maps.toTypedArray();
  let best: readonly [value: number, index: number] = [Number.NEGATIVE_INFINITY, -1];
  for (let i = 0; i < values.length; i++) {
    const c = Math.floor(i / (height * width));
    if (channel !== undefined && c !== channel) continue;
    if (unit !== undefined && i % (height * width) !== unit[0] * width + unit[1]) continue;
    if (values[i]! > best[0]) best = [values[i]!, i];
  }
  if (best[1] === -1)
    throw new ArgumentError("deconvnet: every unit is NaN; look where it begins with detectAnomaly");
  const place = best[1] % (height * width);
  return {
    channel: Math.floor(best[1] / (height * width)),
    row: Math.floor(place / width),
    column: place % width,
  };
}

/** The signal of `value` at the image, `[C, H, W]`. */
function backproject(value: Tensor, x: Tensor, rule: ReluRule): Tensor {
  if (rule !== "backprop") exchangeRelu(value, rule);
  const [gradient] = gradients(value, [x]);
  if (gradient === null || gradient === undefined)
    throw new ArgumentError(
      "the output does not depend on the image in a way that has a gradient; was something computed with detach() or noGrad()?",
    );
  return gradient.select(0, 0).keep();
}

/** Gives every relu in the graph of `value` another rule for the way back: in this graph alone, which nobody else sees. */
function exchangeRelu(value: Tensor, rule: ReluRule): void {
  const seen = new Set<Tensor>();
  const open = [value];
  for (let tensor = open.pop(); tensor !== undefined; tensor = open.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    open.push(...tensor.inputs);
    const { node } = tensor;
    if (node === null || node.primitive.name !== "relu") continue;
    const primitive: Primitive<unknown> = { ...node.primitive, backward: backwardRules[rule] };
    tensor.node = new GraphNode(primitive, node.inputs, node.options, node.saved);
  }
}
