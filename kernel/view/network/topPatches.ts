/** What the channels of a layer have learned to look for: the parts of many images that excite each most. */
import type { Dataset } from "../../../engine/data/dataset.ts";
import { ArgumentError, ShapeError } from "../../../engine/errors.ts";
import { deconvnet, type ReluRule } from "../../../engine/inspection/backprojection.ts";
import { cut, type TopPatch, topPatchesOfChannels } from "../../../engine/inspection/topPatches.ts";
import { type AnyModule, type Module, requireModule } from "../../../engine/nn/module.ts";
import { checkOptions } from "../../../engine/options.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { centred, valueRange } from "../colours.ts";
import { brightnessRange, picture, pixelFor, thinning, tileOf } from "../drawing/grid.ts";
import type { Panel, Tile } from "../drawing/image.ts";
import type { Displayable } from "../mime.ts";
import { countOf, formatNumber } from "../wording.ts";
import { layerName } from "./layers.ts";

/** Options of `topPatches`. */
export interface TopPatchesOptions {
  /** The layer by its path (`"conv2"`) or itself; one that gives maps `[N, C, H, W]`. */
  layer: string | AnyModule;
  /** The channels to show; the first 8 where left out. */
  channels?: readonly number[];
  /** How many patches of each channel, 9 where left out. */
  count?: number;
  /** Below each patch, what of it the unit answers to, by this rule for the way back through relu. */
  reconstruction?: ReluRule;
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws, for each channel of a layer, the parts of images that excite it most, with the activations; on wish below each what of the
 * part the unit answers to. See `inspection.topPatches` and `inspection.deconvnet`.
 *
 * @throws ArgumentError for a layer or channel that the model does not have.
 * @example
 * show.topPatches(model, test, { layer: "conv2", channels: [0, 3], reconstruction: "deconvnet" });
 */
export function topPatches(model: Module, images: Dataset | Tensor, options: TopPatchesOptions): Displayable {
  checkOptions("show.topPatches", options, ["layer", "channels", "count", "reconstruction", "title"]);
  requireModule("show.topPatches", "model", model);
  const { layer, reconstruction, ...rest } = options;
  const found = topPatchesOfChannels(model, images, { ...rest, layer, most: 8 });
  const first = found[0]?.[0];
  if (first === undefined)
    throw new ArgumentError(
      found.length === 0
        ? "show.topPatches: channels is empty; leave it out for the first 8"
        : "show.topPatches: every activation is NaN; look where it begins with detectAnomaly",
    );
  const pixels = "images" in images ? images.images : images;
  const channels = pixels.shape[1]!;
  if (channels !== 1 && channels !== 3)
    throw new ShapeError(
      `show.topPatches: patches of ${channels} channels are no pictures; give the model images of 1 or 3`,
    );
  const shown = found.flat();
  const [height, width] = [1, 2].map((axis) => Math.max(...shown.map((one) => one.pixels.shape[axis]!)));
  const size = { channels, height: height!, width: width! } as const;
  const step = thinning(size, shown.length * (reconstruction ? 2 : 1));
  const range = brightnessRange(shown.flatMap((one) => Array.from(one.pixels.toTypedArray())));
  const tile = (
    image: Tensor,
    over: { low: number; high: number },
    caption: string,
    signed = false,
  ): Tile => {
    const [, tall, wide] = image.shape as [number, number, number];
    const own = { channels, height: tall, width: wide } as const;
    const colours = signed ? "diverging" : "grey";
    return { ...tileOf(image.toTypedArray(), own, over, colours, step), caption: [caption] };
  };
  const panels = found.map((patches, row): Panel => {
    const tiles = patches.map((one) => tile(one.pixels, range, formatNumber(one.activation)));
    if (reconstruction) {
      const patterns = patches.map((one) => patternOf(model, pixels, layer, one, reconstruction));
      const own = centred(valueRange(patterns.flatMap((pattern) => Array.from(pattern.toTypedArray()))));
      tiles.push(...patterns.map((pattern, i) => tile(pattern, own, `image ${patches[i]!.image}`, true)));
    }
    const channel = patches[0]?.channel ?? options.channels?.[row];
    return {
      title: `channel ${channel}`,
      ...(isDead(patches) ? { subtitle: "nothing excites it" } : {}),
      tiles,
      columns: patches.length,
      pixel: pixelFor(tiles[0]!.height, tiles[0]!.width, 52),
    };
  });
  const top = shown.reduce((best, one) => (one.activation > best.activation ? one : best));
  const dead = found.filter(isDead).length;
  const name = typeof layer === "string" ? `layer ${layer}` : layerName(layer);
  const text = `Patches of ${width}×${height} pixels, among ${countOf(pixels.shape[0]!, "image")}, that excite ${countOf(found.length, "channel")} of ${name} most; the strongest is ${formatNumber(top.activation)}, of channel ${top.channel} in image ${top.image} at row ${top.place.top}, column ${top.place.left}${dead > 0 ? `; nothing excites ${dead} of them` : ""}.`;
  return picture(
    {
      title: options.title ?? `What excites ${name}`,
      subtitle: text,
      arrange: "column",
      panels,
      nan: range.nan,
      infinite: range.infinite,
    },
    text,
  );
}

const isDead = (patches: readonly TopPatch[]): boolean => patches.every(({ activation }) => activation <= 0);

/** What of its patch a unit answers to. */
function patternOf(
  model: Module,
  images: Tensor,
  layer: string | AnyModule,
  { image, channel, unit, window }: TopPatch,
  relu: ReluRule,
): Tensor {
  const { pattern } = deconvnet(model, images.select(0, image), { layer, channel, unit, relu });
  return cut(pattern, window);
}
