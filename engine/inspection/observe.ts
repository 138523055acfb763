/** What all inspections need: one image, a class, a layer, and what a model makes of an input. */

import { zeros } from "../creation.ts";
import { ArgumentError, DTypeError, describeValue, ShapeError } from "../errors.ts";
import { enableGrad } from "../gradmode.ts";
import { Embedding } from "../nn/embedding.ts";
import { inEvaluation } from "../nn/evaluation.ts";
import { type AnyModule, type Module, requireModule } from "../nn/module.ts";
import { requireTensor } from "../nn/requireTensor.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

/** One image `[C, H, W]` or `[1, C, H, W]`, as `[1, C, H, W]` of its own, with a gradient of its own. */
export function oneImage(operation: string, image: unknown): Tensor {
  const given = requireTensor(operation, "image", image);
  const batch = given.ndim === 3 ? given.unsqueeze(0) : given;
  if (batch.ndim !== 4 || batch.shape[0] !== 1)
    throw new ShapeError(
      `${operation}: expects one image, [C, H, W] or [1, C, H, W]; got ${describeShape(given.shape)}${batch.ndim === 4 ? "; take one with images.select(0, i)" : ""}`,
    );
  const own = batch.detach().clone().keep();
  own.requiresGrad = true;
  return own;
}

/** Says so where a student gives something else in place of a model. */
export function checkModel(operation: string, model: unknown): void {
  requireModule(operation, "model", model);
}

/**
 * What `run` makes of zeros of a shape: float numbers, or whole ones for a model that begins with an embedding and takes nothing
 * else.
 */
export function onZeros<T>(model: AnyModule, shape: readonly number[], run: (zero: Tensor) => T): T {
  try {
    return run(zeros(shape));
  } catch (error) {
    const embeds = model.namedModules().some(([, module]) => module instanceof Embedding);
    if (!embeds || !(error instanceof DTypeError)) throw error;
    return run(zeros(shape, { dtype: "int32" }));
  }
}

/** The class to explain: what was asked for, else the one with the largest score; `scores` are `[1, K]`. */
export function chooseClass(operation: string, scores: Tensor, wanted: number | undefined): number {
  const classes = scores.size;
  if (scores.ndim !== 2 || scores.shape[0] !== 1)
    throw new ShapeError(
      `${operation}: the model must give one score per class, [1, K], for one image; it gave ${describeShape(scores.shape)}`,
    );
  if (wanted === undefined) return scores.argmax().item();
  if (Number.isInteger(wanted) && wanted >= 0 && wanted < classes) return wanted;
  throw new ArgumentError(
    `${operation}: class must be a whole number from 0 to ${classes - 1}; got ${describeValue(wanted)}`,
  );
}

/** A layer of the model by its path or itself. */
export function layerAt(operation: string, model: Module, layer: string | AnyModule): AnyModule {
  const named = model.namedModules().filter(([path]) => path !== "");
  const found = named.find(([path, module]) => path === layer || module === layer);
  if (found !== undefined) return found[1];
  const paths = named.map(([path]) => path).join(", ");
  throw new ArgumentError(
    `${operation}: ${model.constructor.name} has no layer ${typeof layer === "string" ? JSON.stringify(layer) : describeValue(layer)}; it has ${paths || "none: give the layer inside a model, such as nn.sequential(layer)"}`,
  );
}

/** What a model makes of an input, and what each of its modules does (the last time, where one runs twice). */
export interface ModelOutputs {
  readonly output: Tensor;
  readonly outputs: ReadonlyMap<AnyModule, Tensor>;
}

/** Runs the model in evaluation mode and gives `explain` the outputs, in whose graph gradients can be asked, also inside a `noGrad`. */
export function explaining<T>(model: Module, x: Tensor, explain: (made: ModelOutputs) => T): T {
  return inEvaluation(model, () => enableGrad(() => explain(outputsOf(model, x))));
}

/** What the model makes of an input, with every module's output by module. */
function outputsOf(model: Module, x: Tensor): ModelOutputs {
  const outputs = new Map<AnyModule, Tensor>();
  const handles = model.namedModules().map(([, module]) =>
    module.registerForwardHook((_module, _inputs, output) => {
      if (isSingle(output)) outputs.set(module, output);
    }),
  );
  try {
    const output: unknown = model(x);
    if (!isSingle(output))
      throw new ArgumentError(
        `${model.constructor.name} returns several tensors; inspect a part of it that returns one`,
      );
    return { output, outputs };
  } finally {
    for (const handle of handles) handle.remove();
  }
}

function isSingle(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "shape" in value && "storage" in value;
}
