/** What dropout does to activations: which it drops in each draw, and that their mean stays. */
import { ones } from "../../../engine/creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { Dropout, Dropout2d } from "../../../engine/nn/dropout.ts";
import { checkOptions } from "../../../engine/options.ts";
import { Generator } from "../../../engine/random.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import { valueRange } from "../colours.ts";
import { columnsFor, picture, pixelFor, plane, thinning, tileOf } from "../drawing/grid.ts";
import type { Panel, Tile } from "../drawing/image.ts";
import type { Displayable } from "../mime.ts";
import { countOf, formatNumber, formatPercent, formatShape } from "../wording.ts";
import { layerName } from "./layers.ts";

/** Options of `dropout`. */
export interface DropoutPictureOptions {
  /** How many draws to show, 3 where left out. */
  draws?: number;
  /** Where the draws come from; your own random numbers stay as they are. */
  seed?: number;
  /** A title above the picture. */
  title?: string;
}

/** Draws in the mean that is shown last. */
const AVERAGED = 200;
const MOST_ROWS = 32;
const MOST_CHANNELS = 16;

/**
 * Draws activations, what a dropout layer leaves of them in several draws (what is dropped is white), and the mean of very many draws,
 * which is the input again: the kept values grow by `1 / (1 − p)`.
 *
 * `x`: `[D]` or `[N, D]`, `[C, H, W]` or `[N, C, H, W]`, of which the first sample is shown.
 *
 * @throws ArgumentError for another layer than `nn.dropout` and `nn.dropout2d`.
 * @example
 * show.dropout(nn.dropout(0.5), rand([8, 32]));
 */
export function dropout(
  layer: Dropout | Dropout2d,
  x: Tensor,
  options: DropoutPictureOptions = {},
): Displayable {
  checkOptions("show.dropout", options, ["draws", "seed", "title"]);
  if (!(layer instanceof Dropout || layer instanceof Dropout2d))
    throw new ArgumentError(
      `show.dropout: expected a layer such as nn.dropout(0.5), got ${typeof layer === "object" && layer !== null ? layerName(layer) : describeValue(layer)}`,
    );
  if (!isTensor(x))
    throw new ArgumentError(`show.dropout: expected activations as a Tensor, got ${describeValue(x)}`);
  const { draws = 3, seed = 0 } = options;
  if (!(Number.isInteger(draws) && draws >= 1))
    throw new ArgumentError(`show.dropout: draws must be a whole number from 1, got ${describeValue(draws)}`);
  const input = samplesOf(x);
  const twin = twinOf(layer, seed);
  const values = input.toTypedArray();
  const masks = [...drawsOf(twin, input, draws)];
  const mean = new Float64Array(values.length);
  for (const mask of drawsOf(twin, input, AVERAGED)) {
    for (let i = 0; i < mean.length; i++) mean[i]! += (values[i]! * mask[i]!) / AVERAGED;
  }
  const kept = layer.p < 1 ? 1 / (1 - layer.p) : 0;
  const found = valueRange(values);
  const range = { low: Math.min(found.low, found.low * kept), high: Math.max(found.high, found.high * kept) };
  const panel = (
    title: string,
    subtitle: string,
    shown: ArrayLike<number>,
    mask?: ArrayLike<number>,
  ): Panel => ({
    title,
    subtitle,
    ...tilesOf(input.shape, shown, range, mask),
  });
  const dropped = masks.map(
    (mask) => Array.prototype.filter.call(mask, (value) => value === 0).length / mask.length,
  );
  const panels = [
    panel("input", formatShape(input.shape), values),
    ...masks.map((mask, i) =>
      panel(
        `draw ${i + 1}`,
        `${formatPercent(dropped[i]!, 0)} dropped`,
        Float32Array.from(values, (value, k) => value * mask[k]!),
        mask,
      ),
    ),
    panel("mean", `of ${AVERAGED} draws`, mean),
  ];
  const error = distance(mean, values);
  const averaged = Number.isFinite(error)
    ? `, and the mean of ${AVERAGED} draws differs from the input by ${formatPercent(error, 0)}`
    : `; ${countOf(found.nan + found.infinite, "value")} of the input ${found.nan + found.infinite === 1 ? "is" : "are"} not finite`;
  const text = `${layerName(layer)} with p = ${layer.p}: ${dropped.length === 1 ? "one draw drops" : `${dropped.length} draws drop`} ${dropped.map((share) => formatPercent(share, 0)).join(", ")}; what is kept grows by the factor ${formatNumber(kept)}${averaged}.`;
  return picture(
    {
      title: options.title ?? "Dropout",
      subtitle: text,
      arrange: "row",
      panels,
      scale: { label: "activation (white: dropped)", colours: "viridis", ...range },
      nan: found.nan,
      infinite: found.infinite,
    },
    text,
  );
}

/** `[N, D]` rows, or the maps of one sample `[C, H, W]`. */
function samplesOf(x: Tensor): Tensor {
  if (x.size === 0)
    throw new ShapeError(
      `show.dropout: expected activations, got none (shape ${formatShape(x.shape)}); give one sample or more`,
    );
  const own = noGrad(() => {
    const plain = x.detach();
    if (x.ndim === 1) return plain.unsqueeze(0);
    if (x.ndim === 4) return plain.select(0, 0);
    return plain;
  });
  if (own.ndim < 2 || own.ndim > 3)
    throw new ShapeError(
      `show.dropout: expected activations [D], [N, D], [C, H, W] or [N, C, H, W], got shape ${formatShape(x.shape)}`,
    );
  return noGrad(() => own.narrow(0, 0, Math.min(own.shape[0]!, own.ndim === 2 ? MOST_ROWS : MOST_CHANNELS)));
}

/** The same layer with random numbers of its own, in training. */
function twinOf(layer: Dropout | Dropout2d, seed: number): Dropout | Dropout2d {
  const generator = new Generator(seed);
  const twin =
    layer instanceof Dropout2d ? new Dropout2d(layer.p, { generator }) : new Dropout(layer.p, { generator });
  twin.train();
  return twin;
}

/** What each of so many draws multiplies each activation by, 0 or `1 / (1 − p)`: many draws in one call. */
function* drawsOf(twin: Dropout | Dropout2d, input: Tensor, count: number): Iterable<ArrayLike<number>> {
  const together = Math.max(1, Math.min(count, Math.floor(MOST_DRAWN / input.size)));
  for (let first = 0; first < count; first += together) {
    const draws = Math.min(together, count - first);
    const masks = noGrad(() => twin(ones([draws, ...input.shape])).toTypedArray());
    for (let draw = 0; draw < draws; draw++) yield masks.subarray(draw * input.size, (draw + 1) * input.size);
  }
}

/** Activations at once. */
const MOST_DRAWN = 1 << 19;

function tilesOf(
  shape: readonly number[],
  values: ArrayLike<number>,
  range: { low: number; high: number },
  mask?: ArrayLike<number>,
): Pick<Panel, "tiles" | "columns" | "pixel"> {
  const [count, height, width] =
    shape.length === 2 ? [1, shape[0]!, shape[1]!] : (shape as [number, number, number]);
  const size = { channels: 1, height, width } as const;
  const step = thinning(size, count * 5);
  const gone = mask && Float32Array.from(mask, (value) => (value === 0 ? 1 : 0));
  const tiles = Array.from({ length: count }, (_, i): Tile => {
    const tile = tileOf(plane(values, i, height * width), size, range, "viridis", step);
    if (!gone) return tile;
    const hidden = tileOf(plane(gone, i, height * width), size, range, "viridis", step).values;
    return { ...tile, hidden: Uint8Array.from(hidden) };
  });
  const [first] = tiles as [Tile];
  return {
    tiles,
    columns: columnsFor(count, 4),
    pixel: pixelFor(first.height, first.width, count === 1 ? 150 : 40),
  };
}

/** How far apart, as a share of the length of the second. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [apart, length] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    apart += (a[i]! - b[i]!) ** 2;
    length += b[i]! ** 2;
  }
  return length === 0 ? 0 : Math.sqrt(apart / length);
}
