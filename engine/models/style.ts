// Pictures made by descending to an image instead of to weights: style transfer and deep dream.

import { gradients } from "../autograd.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { copyInto } from "../inplace.ts";
import { withScope } from "../memory.ts";
import { requireCount } from "../nn/arguments.ts";
import { requireImages } from "../nn/convolution.ts";
import { inEvaluation } from "../nn/evaluation.ts";
import { requireTensor } from "../nn/requireTensor.ts";
import { Sequential } from "../nn/sequential.ts";
import { adam } from "../optim/adam.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The Gram matrices of feature maps: `G_ij = Σ_p F_ip·F_jp / (C·H·W)`, which maps light up together, wherever that is:
 * `[N, C, H, W] → [N, C, C]`. Symmetric; the same however the places are shuffled. Gatys, Ecker & Bethge 2015.
 *
 * @example
 * models.gram(maps)   // [1, 32, 14, 14] → [1, 32, 32]
 */
export function gram(maps: Tensor): Tensor {
  requireTensor("gram", "maps", maps);
  requireImages(maps, null);
  const rows = maps.flatten(2);
  return rows.matmul(rows.transpose(1, 2)).div(maps.size / maps.shape[0]!);
}

/** Options of `styleTransfer`. */
export interface StyleTransferOptions {
  /** What is to be seen, `[1, C, H, W]`. */
  readonly content: Tensor;
  /** How it is to look, `[1, C, H', W']`, of another size if you like. */
  readonly style: Tensor;
  /** Positions of the layers whose maps shall be the content's. */
  readonly contentLayers: readonly number[];
  /** Positions of the layers whose Gram matrices shall be the style's. */
  readonly styleLayers: readonly number[];
  /** Weight of the squared differences of Gram matrices against those of maps (default 1000). */
  readonly styleWeight?: number;
  /** Steps of Adam on the pixels (default 100). */
  readonly steps?: number;
  /** Learning rate of the pixels (default 0.02). */
  readonly lr?: number;
  /** Where to start (default: at the content). */
  readonly start?: Tensor;
}

/** An image that was descended to, and the objective at each step. */
export interface MadeImage {
  /** The image, `[1, C, H, W]`. */
  readonly image: Tensor;
  /** The number that was optimised, before each step. */
  readonly values: readonly number[];
  /** What that number is: an activation that rises, or a loss that falls. */
  readonly objective: "activation" | "loss";
  /** Copies of the image on its way, at most 8 and evenly apart; the first is the start, the last the image. */
  readonly frames: readonly ImageFrame[];
}

/** The image after some of the steps. */
export interface ImageFrame {
  /** How many steps were made. */
  readonly step: number;
  /** A copy of the image, `[1, C, H, W]`. */
  readonly image: Tensor;
}

/** Frames that tell how an image was made. */
const mostFrames = 8;

/** Whether a frame is kept after so many of the steps: after none, after all, evenly apart between. */
function isFrame(step: number, steps: number): boolean {
  const count = Math.min(mostFrames, steps + 1) - 1;
  return Array.from({ length: count + 1 }, (_, i) => Math.round((i * steps) / count)).includes(step);
}

function frameOf(step: number, image: Tensor): ImageFrame {
  return { step, image: noGrad(() => image.detach().clone()).keep() };
}

/**
 * Paints the content in the manner of the style: changes the pixels until the maps of the content layers are those of the
 * content, and the Gram matrices of the style layers those of the style: `mean (F − P)² + w·Σ_layers ¼ Σ_ij (G − A)²_ij`. The
 * network's weights stay. Pixels are kept from 0 to 1. Gatys, Ecker & Bethge 2015; lecture steps 000.2 and 003.83.
 *
 * @example
 * const { image } = models.styleTransfer(model.features, { content, style, contentLayers: [5], styleLayers: [1, 3, 6] })
 */
export function styleTransfer(network: Sequential, options: StyleTransferOptions): MadeImage {
  checkOptions("styleTransfer", options, [
    "content",
    "style",
    "contentLayers",
    "styleLayers",
    "styleWeight",
    "steps",
    "lr",
    "start",
  ]);
  const { content, style, contentLayers, styleLayers, styleWeight = 1000, steps = 100, lr = 0.02 } = options;
  for (const [name, image] of Object.entries({ content, style })) requireTensor("styleTransfer", name, image);
  checkLayers("styleTransfer", network, [...contentLayers, ...styleLayers]);
  requireCount("styleTransfer", "steps", steps);
  const [maps, grams] = inEvaluation(network, () =>
    noGrad(
      () => [mapsOf(network, content, contentLayers), mapsOf(network, style, styleLayers).map(gram)] as const,
    ),
  );
  const image = noGrad(() => (options.start ?? content).detach().clone()).keep();
  image.requiresGrad = true;
  const optimizer = adam([image], { lr });
  const all = [...contentLayers, ...styleLayers];
  const frames: ImageFrame[] = [];
  const values = inEvaluation(network, () =>
    Array.from({ length: steps }, (_, step) => {
      if (isFrame(step, steps)) frames.push(frameOf(step, image));
      const { value, slope } = withScope(() => {
        const found = mapsOf(network, image, all);
        const terms = found.map((layer, i) => {
          if (i < maps.length) return layer.sub(maps[i]!).square().mean();
          const difference = gram(layer).sub(grams[i - maps.length]!);
          return difference
            .square()
            .sum()
            .mul(styleWeight / 4);
        });
        const loss = terms.reduce((sum, term) => sum.add(term));
        return { value: loss.item(), slope: gradients(loss, [image])[0] ?? null };
      });
      image.grad = slope;
      optimizer.step();
      slope?.dispose();
      withScope(() => noGrad(() => copyInto(image, image.clamp(0, 1))));
      return value;
    }),
  );
  image.grad = null;
  image.requiresGrad = false;
  frames.push(frameOf(steps, image));
  return { image, values, objective: "loss", frames };
}

/** Options of `deepDream`. */
export interface DeepDreamOptions {
  /** Position of the layer to excite. */
  readonly layer: number;
  /** Its channel; all channels when absent. */
  readonly channel?: number;
  /** Steps of gradient ascent (default 20). */
  readonly steps?: number;
  /** Mean change of a pixel at each step (default 0.02). */
  readonly lr?: number;
}

/**
 * Changes an image so that it excites a layer more: gradient ascent on the mean square of its maps, or on the mean of one
 * `channel`, with the gradient divided by its mean size. What the layer is looking for appears in the image, in noise too. Pixels are kept from 0 to 1.
 * With the last layer and a class as its `channel` it shows what the network takes for that class. Mordvintsev, Olah & Tyka 2015
 * ("inceptionism"); lecture step 002.18.
 *
 * @example
 * const { image } = models.deepDream(model.features, rand([1, 1, 28, 28]), { layer: 3, channel: 7 })
 */
export function deepDream(network: Sequential, start: Tensor, options: DeepDreamOptions): MadeImage {
  checkOptions("deepDream", options, ["layer", "channel", "steps", "lr"]);
  const { layer, channel, steps = 20, lr = 0.02 } = options;
  requireTensor("deepDream", "the image", start);
  checkLayers("deepDream", network, [layer]);
  requireCount("deepDream", "steps", steps);
  const image = noGrad(() => start.detach().clone()).keep();
  image.requiresGrad = true;
  const frames: ImageFrame[] = [];
  const values = inEvaluation(network, () =>
    Array.from({ length: steps }, (_, step) =>
      withScope(() => {
        if (isFrame(step, steps)) frames.push(frameOf(step, image));
        const maps = mapsOf(network, image, [layer])[0]!;
        const channels = maps.shape[1] ?? 0;
        if (channel !== undefined && !(Number.isInteger(channel) && channel >= 0 && channel < channels)) {
          throw new ArgumentError(
            `deepDream: layer ${layer} has the channels 0 to ${channels - 1}, got ${describeValue(channel)}`,
          );
        }
        const excitement = channel === undefined ? maps.square().mean() : maps.select(1, channel).mean();
        const value = excitement.item();
        const slope = gradients(excitement, [image])[0];
        if (!slope) return value;
        return noGrad(() => {
          const size = slope.abs().mean().item() + 1e-12;
          copyInto(image, image.add(slope.mul(lr / size)).clamp(0, 1));
          return value;
        });
      }),
    ),
  );
  image.requiresGrad = false;
  frames.push(frameOf(steps, image));
  return { image, values, objective: "activation", frames };
}

/** What the layers at these positions give, in the order asked for; runs no layer after the last of them. */
function mapsOf(network: Sequential, x: Tensor, positions: readonly number[]): Tensor[] {
  const found = new Map<number, Tensor>();
  let value = x;
  for (let i = 0; i <= Math.max(-1, ...positions); i++) {
    value = network.at(i)(value);
    if (positions.includes(i)) found.set(i, value);
  }
  return positions.map((position) => found.get(position)!);
}

function checkLayers(operation: string, network: unknown, positions: readonly unknown[]): void {
  if (!(network instanceof Sequential)) {
    throw new ArgumentError(
      `${operation}: the network must be an nn.sequential, such as model.features; got ${describeValue(network)}`,
    );
  }
  if (positions.length === 0) throw new ArgumentError(`${operation}: give at least one layer's position`);
  for (const position of positions) {
    if (!(Number.isInteger(position) && Number(position) >= 0 && Number(position) < network.layers.length)) {
      throw new ArgumentError(
        `${operation}: the network's layers are 0 to ${network.layers.length - 1}, got ${describeValue(position)}`,
      );
    }
  }
}
