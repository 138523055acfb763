/** Pictures that run the model first: where the engine's modules and tensors meet the drawing code. */

import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { onZeros } from "../../../engine/inspection/observe.ts";
import { type AnyModule, type Module, requireModule, type TraceRecord } from "../../../engine/nn/module.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import type { Displayable } from "../mime.ts";
import { formatShape } from "../wording.ts";
import {
  type FeatureMapsOptions,
  featureMapsPicture,
  type InformationFlowOptions,
  informationFlowPicture,
  layerName,
  layerText,
} from "./layers.ts";
import { type SummaryRow, summaryTable } from "./summary.ts";

/** Output shapes by layer from the last time a model was traced for a picture. */
const knownShapes = new WeakMap<AnyModule, readonly SummaryRow[]>();

/**
 * Draws the feature maps that convolutions make of one image, or those of any layer with maps.
 *
 * `image`: `[C, H, W]`, `[1, C, H, W]` or `[H, W]`. `layer`: path (`"conv1"`), number in order of execution, or the layer.
 *
 * @example
 * const [image] = test.at(0);
 * show.featureMaps(model, image);
 * show.featureMaps(model, image, { layer: "conv2" });
 */
export function featureMaps(model: Module, image: Tensor, options: FeatureMapsOptions = {}): Displayable {
  checkOptions("show.featureMaps", options, ["layer", "title", "limit"]);
  const input = oneImage(model, image, "show.featureMaps");
  return featureMapsPicture(traceOf(model, input), layerName(model), options);
}

/**
 * Draws one image and what every layer makes of it, side by side with shapes, up to the classes' scores.
 *
 * @example
 * const [image] = test.at(0);
 * show.informationFlow(model, image, { classes: test.classes });
 */
export function informationFlow(
  model: Module,
  image: Tensor,
  options: InformationFlowOptions = {},
): Displayable {
  checkOptions("show.informationFlow", options, ["classes", "title", "rows"]);
  const input = oneImage(model, image, "show.informationFlow");
  return informationFlowPicture(input, traceOf(model, input), layerName(model), options);
}

/**
 * Draws a table of the layers in order of execution with output shapes and parameters.
 *
 * `inputShape` is the shape of one sample (`[1, 28, 28]`), or of a batch (`[N, 1, 28, 28]`); without it, the table has no shapes.
 *
 * @example
 * show.summary(models.leNet5(), [1, 28, 28]);
 */
export function summary(model: Module<never, unknown>, inputShape?: readonly number[]): Displayable {
  requireModule("show.summary", "model", model);
  if (inputShape === undefined) {
    return summaryTable(layerName(model), knownShapes.get(model) ?? layerRows(model), model.parameterCount);
  }
  const batch = inputShape.length === 1 || inputShape.length === 3 ? [1, ...inputShape] : [...inputShape];
  const records = onZeros(model, batch, (zero) =>
    noGrad(() => (model as Module<[Tensor], unknown>).trace(zero)),
  );
  const rows = traceRows(model, records);
  return summaryTable(layerName(model), rows, model.parameterCount, batch.slice(1));
}

/** Layers as they stand in the model's fields, for a model that has not run. */
function layerRows(model: AnyModule): SummaryRow[] {
  const leaves = model.namedModules().filter(([, module]) => module.children.length === 0);
  const rows = leaves.map(([path, module]) => ({
    path,
    layer: layerText(module),
    parameterCount: module.parameterCount,
  }));
  return withOwnParameters(model, rows);
}

/** Layers in order of execution; one that runs again counts its parameters once. */
function traceRows(model: AnyModule, records: readonly TraceRecord[]): SummaryRow[] {
  const seen = new Set<AnyModule>();
  const rows = records.map(({ path, module, outputShape, parameterCount }) => {
    const again = seen.has(module);
    seen.add(module);
    const layer = layerText(module);
    return {
      path,
      layer: again ? `${layer}, again` : layer,
      outputShape: outputShape.slice(1),
      parameterCount: again ? 0 : parameterCount,
    };
  });
  const all = withOwnParameters(model, rows);
  knownShapes.set(model, all);
  return all;
}

/** A row for parameters that belong to no layer, such as a `nn.parameter` of the model itself. */
function withOwnParameters(model: AnyModule, rows: SummaryRow[]): SummaryRow[] {
  const listed = rows.reduce((sum, { parameterCount }) => sum + parameterCount, 0);
  const rest = model.parameterCount - listed;
  return rest > 0
    ? [...rows, { path: "", layer: "parameters outside these layers", parameterCount: rest }]
    : rows;
}

export function traceOf(model: Module, input: Tensor): TraceRecord[] {
  const records = model.trace(input);
  traceRows(model, records);
  return records;
}

/** The image as a batch of one. */
export function oneImage(model: unknown, image: unknown, what: string): Tensor {
  requireModule(what, "model", model);
  if (!isTensor(image))
    throw new ArgumentError(`${what}: expected an image as a Tensor, got ${describeValue(image)}`);
  const { shape } = image;
  const single = shape.length === 2 || shape.length === 3 || (shape.length === 4 && shape[0] === 1);
  if (!single) {
    const remedy = shape.length === 4 ? "; take one: images.at(0)" : "";
    throw new ShapeError(
      `${what}: expected one image [H, W], [C, H, W] or [1, C, H, W], got shape ${formatShape(shape)}${remedy}`,
    );
  }
  return noGrad(() =>
    image
      .detach()
      .reshape([1, ...(shape.length === 2 ? [1] : []), ...shape.slice(shape.length === 4 ? 1 : 0)]),
  );
}
