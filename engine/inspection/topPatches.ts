/** What a unit looks for: the parts of many images that excite it most. */

import { tensor } from "../creation.ts";
import { Dataset } from "../data/dataset.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { printsAs } from "../inspect.ts";
import { checkInterrupt } from "../interrupt.ts";
import type { AnyModule, Module } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { alignColumns, formatNumber } from "../wording.ts";
import { mapsOf } from "./backprojection.ts";
import { checkModel, layerAt } from "./observe.ts";
import { type Patch, receptiveField } from "./receptiveField.ts";

/** Options of `topPatches`. */
export interface TopPatchesOptions {
  /** The layer by its path or itself; one that gives maps `[N, C, H, W]`. */
  readonly layer: string | AnyModule;
  /** The channel whose units are watched. */
  readonly channel: number;
  /** How many patches to find, 9 unless told; each from another image. */
  readonly count?: number;
}

/** A part of an image that excites a unit. */
export interface TopPatch {
  /** How strongly. */
  readonly activation: number;
  /** The unit's channel. */
  readonly channel: number;
  /** The image's place in the data. */
  readonly image: number;
  /** The unit's row and column in the map. */
  readonly unit: readonly [row: number, column: number];
  /** What the unit sees, padding included. */
  readonly window: Patch;
  /** What the unit sees of the image. */
  readonly place: Patch;
  /** Those pixels, `[C, height, width]`; what lies outside of the image is 0, so that the patches of a convolution are of one size. */
  readonly pixels: Tensor;
}

/** Images in one run of the model. */
const together = 64;

/**
 * The patches of images that excite the units of one channel most, the strongest first, at most one of each image: what the
 * channel has learned to look for. Prints as a table. Zeiler & Fergus 2014; lecture steps 003.73, 003.74, 004.30.
 *
 * @throws ArgumentError for a layer or channel that the model does not have, ShapeError where the data are no images.
 * @example
 * const patches = inspection.topPatches(model, test, { layer: "conv2", channel: 3 });
 * show.images(stack(patches.map(({ pixels }) => pixels)));
 */
export function topPatches(model: Module, data: Dataset | Tensor, options: TopPatchesOptions): TopPatch[] {
  checkOptions("topPatches", options ?? {}, ["layer", "channel", "count"]);
  return topPatchesOfChannels(model, data, { ...options, channels: [options?.channel] })[0]!;
}

/** As `topPatches`, for several channels in one run over the images. All channels, or the first `most` of them, where none are told. */
export function topPatchesOfChannels(
  model: Module,
  data: Dataset | Tensor,
  options: Omit<TopPatchesOptions, "channel"> & {
    readonly channels?: readonly number[];
    readonly most?: number;
  },
): TopPatch[][] {
  checkModel("topPatches", model);
  const layer = layerAt("topPatches", model, options?.layer);
  const { count = 9, most = Number.POSITIVE_INFINITY } = options;
  const images = data instanceof Dataset ? data.images : data;
  if (!isTensor(images) || images.ndim !== 4 || images.shape[0] === 0)
    throw new ShapeError(
      `topPatches: expects images [N, C, H, W] or a data set of them; got ${isTensor(images) ? describeShape(images.shape) : describeValue(images)}`,
    );
  if (!(Number.isInteger(count) && count >= 1))
    throw new ArgumentError(
      `topPatches: count must be a whole number from 1 on; got ${describeValue(count)}`,
    );
  let channels = options.channels;
  const found = new Map<number, Excitation[]>();
  for (let start = 0; start < images.shape[0]!; start += together) {
    checkInterrupt();
    const batch = images.narrow(0, start, Math.min(together, images.shape[0]! - start));
    const records = model.trace(batch);
    const maps = mapsOf("topPatches", records.findLast(({ module }) => module === layer)?.output);
    channels ??= Array.from({ length: Math.min(maps.shape[1]!, most) }, (_, channel) => channel);
    for (const channel of channels) {
      const strong = strongest(maps, channel).map((one) => ({ ...one, image: one.image + start }));
      const all = [...(found.get(channel) ?? []), ...strong];
      all.sort((a, b) => b.activation - a.activation || a.image - b.image);
      found.set(channel, all.slice(0, count));
    }
    for (const { output } of records) output.dispose();
  }
  const fields = receptiveField(model, images.shape.slice(1));
  return channels!.map((channel) => {
    const patches = found.get(channel)!.map((one): TopPatch => {
      const window = fields.window(layer, one.unit);
      const pixels = cut(images.select(0, one.image), window);
      return { ...one, channel, window, place: fields.patch(layer, one.unit), pixels };
    });
    return printsAs(patches, patchTable);
  });
}

/** A line per patch, the strongest first. */
function patchTable(patches: readonly TopPatch[]): string {
  const rows = patches.map(({ activation, channel, image, unit, place }) => [
    formatNumber(activation),
    String(channel),
    String(image),
    unit.join(", "),
    `${place.top} to ${place.bottom - 1}`,
    `${place.left} to ${place.right - 1}`,
  ]);
  return alignColumns([["activation", "channel", "image", "unit", "rows", "columns"], ...rows], 0);
}

type Excitation = Pick<TopPatch, "activation" | "image" | "unit">;

/** For each image the strongest unit of the channel. */
function strongest(maps: Tensor, channel: unknown): Excitation[] {
  const [samples, channels, height, width] = maps.shape as readonly [number, number, number, number];
  if (!(typeof channel === "number" && Number.isInteger(channel) && channel >= 0 && channel < channels))
    throw new ArgumentError(
      `topPatches: channel must be a whole number from 0 to ${channels - 1}; got ${describeValue(channel)}`,
    );
  const values = maps.toTypedArray();
  return Array.from({ length: samples }, (_, image) => {
    const first = (image * channels + channel) * height * width;
    let best = first;
    for (let i = first; i < first + height * width; i++) if (values[i]! > values[best]!) best = i;
    const place = best - first;
    return { activation: values[best]!, image, unit: [Math.floor(place / width), place % width] as const };
  }).filter(({ activation }) => !Number.isNaN(activation));
}

/** A window of an image `[C, H, W]`; what lies outside is 0. */
export function cut(image: Tensor, { top, left, bottom, right }: Patch): Tensor {
  const [channels, height, width] = image.shape as readonly [number, number, number];
  const pixels = image.toTypedArray();
  const shape = [channels, bottom - top, right - left];
  const values = Float32Array.from({ length: channels * shape[1]! * shape[2]! }, (_, i) => {
    const column = i % shape[2]!;
    const row = Math.floor(i / shape[2]!) % shape[1]!;
    const c = Math.floor(i / (shape[1]! * shape[2]!));
    const [y, x] = [top + row, left + column];
    return y >= 0 && y < height && x >= 0 && x < width ? pixels[(c * height + y) * width + x]! : 0;
  });
  return tensor(values, { shape }).keep();
}
