/** Where a class is seen in the image: class activation maps, exact and by gradients, and the box around what they light up. */

import { gradients } from "../autograd.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { Linear } from "../nn/linear.ts";
import type { AnyModule, Module } from "../nn/module.ts";
import { upsample } from "../ops/resampling.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import { Tensor } from "../tensor.ts";
import { Attribution, explained } from "./attribution.ts";
import { mapsOf } from "./backprojection.ts";
import { checkModel, chooseClass, explaining, layerAt, oneImage } from "./observe.ts";

/** Options of `cam`. */
export interface CamOptions {
  /** The class to look for; the one with the largest score unless told. */
  readonly class?: number;
}

/** Options of `gradCam`. */
export interface GradCamOptions extends CamOptions {
  /** The layer whose maps are weighed, by its path or itself; the last that gives maps unless told. */
  readonly layer?: string | AnyModule;
}

/** Where a class is seen. Its `map`, `[h, w]`, is as large as the layer's maps. */
export class ClassActivation extends Attribution {
  /** `[H, W]`, the map in the size of the image, between its places bilinear. */
  readonly overlay: Tensor;

  /** @internal Use `inspection.cam` or `inspection.gradCam`. */
  constructor(found: ConstructorParameters<typeof Attribution>[0] & Pick<ClassActivation, "overlay">) {
    super(found);
    this.overlay = found.overlay;
  }
}

/**
 * The class activation map `M(x, y) = Σ_k w_k · h_k(x, y)` of a network that ends in the mean over each map and one linear layer:
 * where the class is seen, without any gradient. Its mean is the class's score less the bias. Zhou et al. 2016; lecture
 * step 003.81.
 *
 * @throws ArgumentError for a network that ends otherwise; `gradCam` takes any.
 * @example
 * const { map, overlay } = inspection.cam(model, image, { class: 2 });
 */
export function cam(model: Module, image: Tensor, options: CamOptions = {}): ClassActivation {
  checkOptions("cam", options, ["class"]);
  checkModel("cam", model);
  const x = oneImage("cam", image);
  return explaining(model, x, ({ output }) => {
    const chosen = chooseClass("cam", output, options.class);
    const { weight, maps } = pooledEnd(model, output);
    const map = noGrad(() =>
      maps
        .select(0, 0)
        .mul(weight.select(0, chosen).reshape([-1, 1, 1]))
        .sum(0),
    );
    return activation("CAM", map, x, chosen, output);
  });
}

/** The linear layer that made the scores, and the maps whose means it was given. */
function pooledEnd(model: Module, scores: Tensor): { weight: Tensor; maps: Tensor } {
  const linears = new Set<Tensor>(
    model.namedModules().flatMap(([, module]) => (module instanceof Linear ? [module.weight] : [])),
  );
  const ends =
    "cam: the network must end in the mean over each map (nn.globalAvgPool2d) and one linear layer";
  const remedy = "; for other networks: inspection.gradCam";
  const weight = ancestors(scores, (tensor) => tensor.node === null).find((tensor) => linears.has(tensor));
  if (weight === undefined) throw new ArgumentError(`${ends}; it ends without one${remedy}`);
  const product = ancestors(scores, () => false).find((tensor) =>
    tensor.inputs.some((one) => reaches(one, weight)),
  );
  const features = product?.inputs.find((input) => !reaches(input, weight));
  const pooled = features === undefined ? null : through(features, ["reshape", "flatten", "view", "squeeze"]);
  const maps = pooled?.op === "mean" || pooled?.op === "avgPool2d" ? pooled.inputs[0] : undefined;
  if (maps === undefined || maps.ndim !== 4 || maps.shape[1] !== weight.shape[1])
    throw new ArgumentError(
      `${ends}; before its last linear layer comes ${pooled?.op ?? "nothing that has a gradient"}${remedy}`,
    );
  return { weight, maps };
}

/** The nearest tensors first. */
function ancestors(root: Tensor, stop: (tensor: Tensor) => boolean): Tensor[] {
  const order: Tensor[] = [root];
  for (let i = 0; i < order.length && order.length < 64; i++)
    if (!stop(order[i]!)) for (const input of order[i]!.inputs) if (!order.includes(input)) order.push(input);
  return order;
}

/** Whether a tensor is `leaf`, or a view of it. */
function reaches(tensor: Tensor, leaf: Tensor): boolean {
  return through(tensor, ["transpose", "permute", "reshape", "view"]) === leaf;
}

/** What a tensor was before these operations. */
function through(tensor: Tensor, operations: readonly string[]): Tensor {
  let at = tensor;
  while (at.op !== null && operations.includes(at.op)) at = at.inputs[0]!;
  return at;
}

/**
 * Where a class is seen, for any network of convolutions: `relu(Σ_k α_k · h_k(x, y))`, with `α_k` the mean of the score's
 * gradient over map k. On a network that `cam` takes it is the positive part of that map, divided by its number of places.
 * Selvaraju et al. 2017.
 *
 * @throws ArgumentError for a layer that the model does not have, or one without maps.
 * @example
 * const { overlay } = inspection.gradCam(model, image, { layer: "conv2" });
 */
export function gradCam(model: Module, image: Tensor, options: GradCamOptions = {}): ClassActivation {
  checkOptions("gradCam", options, ["class", "layer"]);
  checkModel("gradCam", model);
  const layer = options.layer === undefined ? null : layerAt("gradCam", model, options.layer);
  const x = oneImage("gradCam", image);
  return explaining(model, x, ({ output, outputs }) => {
    const chosen = chooseClass("gradCam", output, options.class);
    const maps = layer === null ? lastMaps(model, outputs) : mapsOf("gradCam", outputs.get(layer));
    const [gradient] = gradients(output.select(1, chosen).sum(), [maps]);
    if (gradient === null || gradient === undefined)
      throw new ArgumentError(
        "gradCam: the scores do not depend on this layer; choose one on the way to them",
      );
    const map = noGrad(() =>
      maps
        .mul(gradient.mean([2, 3], { keepDim: true }))
        .sum(1)
        .select(0, 0)
        .relu(),
    );
    return activation("Grad-CAM", map, x, chosen, output);
  });
}

/** The last maps with an extent: what the decision is made of. */
function lastMaps(model: Module, outputs: ReadonlyMap<AnyModule, Tensor>): Tensor {
  const found = [...outputs.values()].findLast(({ shape, ndim }) => ndim === 4 && shape[2]! * shape[3]! > 1);
  if (found !== undefined) return found;
  throw new ArgumentError(
    `gradCam: ${model.constructor.name} has no layer that gives maps [N, C, H, W]; inspection.saliency explains any network`,
  );
}

function activation(
  method: string,
  map: Tensor,
  image: Tensor,
  chosen: number,
  scores: Tensor,
): ClassActivation {
  const [height, width] = image.shape.slice(2) as [number, number];
  return noGrad(
    () =>
      new ClassActivation({
        method,
        image: explained(image),
        map: map.keep(),
        overlay: upsample(map.unsqueeze(0).unsqueeze(0), { size: [height, width], mode: "bilinear" })
          .reshape([height, width])
          .keep(),
        class: chosen,
        score: scores.select(1, chosen).sum().item(),
      }),
  );
}

/**
 * The box around the largest connected part of a map that is above a share of its maximum: `[left, top, right, bottom]` in
 * shares of width and height, as `metrics.boxIou` and `models.detector` have it. Zhou et al. 2016 take 20 %.
 *
 * @example
 * const { overlay } = inspection.cam(model, image);
 * const [left, top, right, bottom] = inspection.boxOf(overlay);
 */
export function boxOf(map: Tensor, share = 0.2): [left: number, top: number, right: number, bottom: number] {
  if (!(map instanceof Tensor) || map.ndim !== 2)
    throw new ShapeError(
      `boxOf: expects a map [H, W]; got ${map instanceof Tensor ? describeShape(map.shape) : describeValue(map)}`,
    );
  if (!(typeof share === "number" && share >= 0 && share < 1))
    throw new ArgumentError(
      `boxOf: the share of the maximum is from 0 to below 1; got ${describeValue(share)}`,
    );
  const [height, width] = map.shape as [number, number];
  const values = Array.from(map.toTypedArray());
  const limit = share * values.reduce((most, value) => Math.max(most, value), 0);
  const left = new Set(values.flatMap((value, i) => (value > limit ? [i] : [])));
  let largest: readonly number[] = [];
  for (const start of left) {
    const part = connected(start, left, width);
    if (part.length > largest.length) largest = part;
  }
  if (largest.length === 0)
    throw new ArgumentError(
      "boxOf: nothing in the map is above 0, so there is no box; is the class in the image?",
    );
  const [rows, columns] = [largest.map((i) => Math.floor(i / width)), largest.map((i) => i % width)];
  return [
    Math.min(...columns) / width,
    Math.min(...rows) / height,
    (Math.max(...columns) + 1) / width,
    (Math.max(...rows) + 1) / height,
  ];
}

/** Takes the part that `start` belongs to out of `left`; neighbours share an edge. */
function connected(start: number, left: Set<number>, width: number): number[] {
  const part = [start];
  left.delete(start);
  for (let k = 0; k < part.length; k++) {
    const i = part[k]!;
    const sideways = [...(i % width > 0 ? [i - 1] : []), ...(i % width < width - 1 ? [i + 1] : [])];
    for (const next of [i - width, i + width, ...sideways]) if (left.delete(next)) part.push(next);
  }
  return part;
}
