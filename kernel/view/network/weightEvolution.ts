/** How the filters of a layer come out of noise while it trains. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import type { WeightEvolution } from "../../../engine/inspection/weightEvolution.ts";
import { checkOptions } from "../../../engine/options.ts";
import { centred, valueRange } from "../colours.ts";
import { picture, pixelFor, plane, tileOf } from "../drawing/grid.ts";
import type { Panel } from "../drawing/image.ts";
import type { Displayable } from "../mime.ts";
import { isTensorLike, type TensorLike } from "../values.ts";
import { countOf, formatCount, formatPercent, formatShape } from "../wording.ts";

/** The part of `inspection.weightEvolution` that its picture needs. */
export interface WeightEvolutionLike {
  /** What kind of layer it is. */
  readonly layer: WeightEvolution["layer"];
  /** The weights after some of the steps, all of one shape. */
  readonly snapshots: readonly { readonly step: number; readonly weight: TensorLike }[];
}

/** Options of `weightEvolution`. */
export interface WeightEvolutionOptions {
  /** How many filters to show, 12 where left out. */
  limit?: number;
  /** How many moments to show, 6 where left out. */
  moments?: number;
  /** Of kernels on several channels that are no colours: which input channel, 0 where left out. */
  channel?: number;
  /** How the inputs of a linear layer lie in an image; a square where left out and possible. */
  imageShape?: readonly [height: number, width: number];
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws the filters of a layer at some moments of a training, one below the other: what `inspection.weightEvolution` has kept. Blue
 * below 0, red above; filters on red, green and blue as colours. Of a linear layer, the weights of each unit as an image.
 *
 * @throws ShapeError for weights that are no filters, and inputs that form no image.
 * @example
 * const evolution = inspection.weightEvolution(model.conv1, optimizer);
 * await fit(model, loader, { optimizer });
 * show.weightEvolution(evolution);
 */
export function weightEvolution(
  evolution: WeightEvolutionLike,
  options: WeightEvolutionOptions = {},
): Displayable {
  checkOptions("show.weightEvolution", options, ["limit", "moments", "channel", "imageShape", "title"]);
  const snapshots: unknown = evolution?.snapshots;
  if (!Array.isArray(snapshots) || snapshots.length === 0 || !isTensorLike(snapshots[0]?.weight))
    throw new ArgumentError(
      `show.weightEvolution: expected the result of inspection.weightEvolution(layer, optimizer), got ${describeValue(evolution)}`,
    );
  const { limit = 12, moments = 6 } = options;
  for (const [name, value] of Object.entries({ limit, moments }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new ArgumentError(`show.weightEvolution: ${name} must be a whole number from 1, got ${value}`);
  const shown = evenly(evolution.snapshots, moments);
  const filters = shown.map(({ weight }) => filtersOf(weight, options));
  const { count, channels, height, width } = filters[0]!;
  const size = { channels, height, width };
  // Rather fewer filters than coarser ones.
  const most = Math.max(1, Math.floor((channels === 3 ? 10_000 : 60_000) / (shown.length * height * width)));
  const drawn = Math.min(count, limit, most);
  const own = centred(valueRange(filters.flatMap(({ values }) => Array.from(values))));
  const columns = Math.min(drawn, 16);
  const panels = shown.map(({ step: at }, i): Panel => {
    const tiles = Array.from({ length: drawn }, (_, filter) =>
      tileOf(plane(filters[i]!.values, filter, channels * height * width), size, own, "diverging"),
    );
    const side = pixelFor(tiles[0]!.height, tiles[0]!.width, drawn <= 6 ? 64 : 48);
    return {
      title: at === 0 ? "before the first step" : `after ${countOf(at, "step")}`,
      tiles,
      columns,
      pixel: side,
    };
  });
  const part = drawn < count ? `, the first ${drawn} shown` : "";
  const text = `${countOf(count, "filter")} of ${formatShape([height, width])} weights of ${evolution.layer}${part}: ${movement(evolution)}.`;
  return picture(
    {
      title: options.title ?? `How the weights of ${evolution.layer} change`,
      subtitle: text,
      arrange: "column",
      panels,
      ...(channels === 1
        ? { scale: { label: "weight", colours: "diverging" as const, low: own.low, high: own.high } }
        : {}),
      nan: own.nan,
      infinite: own.infinite,
    },
    text,
  );
}

/** At most `count` of them, the first and the last among them. */
function evenly<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  if (count === 1) return [all.at(-1)!];
  return Array.from({ length: count }, (_, i) => all[Math.round((i * (all.length - 1)) / (count - 1))]!);
}

/** How far the weights went from where they began, as a share of their first norm. */
function movement({ snapshots }: WeightEvolutionLike): string {
  const [first, last] = [snapshots[0]!, snapshots.at(-1)!];
  if (last.step === first.step) return "no step was made yet";
  const [before, after] = [first.weight.toTypedArray(), last.weight.toTypedArray()];
  let [moved, norm] = [0, 0];
  for (let i = 0; i < before.length; i++) {
    moved += (after[i]! - before[i]!) ** 2;
    norm += before[i]! ** 2;
  }
  const steps = `in ${formatCount(last.step)} ${last.step === 1 ? "step" : "steps"}`;
  if (norm === 0) return `they left 0 ${steps}`;
  return `${steps} they moved by ${formatPercent(Math.sqrt(moved / norm), 0)} of their first norm`;
}

interface Filters {
  values: ArrayLike<number>;
  count: number;
  channels: 1 | 3;
  height: number;
  width: number;
}

function filtersOf(weight: TensorLike, { channel = 0, imageShape }: WeightEvolutionOptions): Filters {
  const values = weight.toTypedArray();
  const { shape } = weight;
  if (shape.length === 2) {
    const [count, inputs] = shape as [number, number];
    const side = Math.sqrt(inputs);
    const [height, width] = imageShape ?? [side, side];
    if (!Number.isInteger(height) || height * width !== inputs)
      throw new ShapeError(
        `show.weightEvolution: ${countOf(inputs, "input")} form no image of ${imageShape ? formatShape(imageShape) : "equal sides"}; give imageShape: [height, width]`,
      );
    return { values, count, channels: 1, height, width };
  }
  if (shape.length !== 4)
    throw new ShapeError(
      `show.weightEvolution: expected weights of a convolution [outChannels, inChannels, height, width] or of a linear layer, got shape ${formatShape(shape)}`,
    );
  const [count, inputs, height, width] = shape as [number, number, number, number];
  if (inputs === 3) return { values, count, channels: 3, height, width };
  if (!(Number.isInteger(channel) && channel >= 0 && channel < inputs))
    throw new ArgumentError(
      `show.weightEvolution: channel must be a whole number from 0 to ${inputs - 1}, got ${describeValue(channel)}`,
    );
  const planes = Array.from({ length: count }, (_, k) => plane(values, k * inputs + channel, height * width));
  return { values: planes.flatMap((kernel) => Array.from(kernel)), count, channels: 1, height, width };
}
