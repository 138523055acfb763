/** The filters of a convolution: its kernels, one by one or very many on a sheet. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import { centred, type ValueRange, valueRange } from "../colours.ts";
import { LINE } from "../drawing/blit.ts";
import { columnsFor, picture, pixelFor, plane, tileOf } from "../drawing/grid.ts";
import type { Panel, Tile } from "../drawing/image.ts";
import type { Displayable } from "../mime.ts";
import { isTensorLike, type TensorLike } from "../values.ts";
import { countOf, formatShape, withRange } from "../wording.ts";
import { layerName, layerText } from "./layers.ts";

/** A layer's weights: `[outChannels, inChannels, height, width]`. */
export interface FilterSource {
  /** The weights. */
  readonly weight: TensorLike;
}

/** Options of `filters`. */
export interface FiltersOptions {
  /** A title above the picture. */
  title?: string;
  /** How many output channels to show at most. */
  limit?: number;
}

/**
 * Draws the kernels of a convolution, blue below 0, white at 0, red above. Kernels on one channel are set in a grid; of
 * several channels, each column is an output channel and each row an input channel; on three (colour) also the colours
 * that the kernel looks for.
 *
 * @example
 * show.filters(model.conv1);
 */
export function filters(source: FilterSource | TensorLike, options: FiltersOptions = {}): Displayable {
  checkOptions("show.filters", options, ["title", "limit"]);
  const weight = weightOf(source);
  if (weight.shape.length !== 4) {
    throw new ShapeError(
      `show.filters: expected the weights of a convolution [outChannels, inChannels, height, width], got shape ${formatShape(weight.shape)}; show.tensor draws any tensor`,
    );
  }
  const [outputs, inputs, height, width] = weight.shape as [number, number, number, number];
  const values = weight.toTypedArray();
  if (values.length === 0)
    throw new ShapeError(
      `show.filters: expected one filter or more, got weights of shape ${formatShape(weight.shape)}`,
    );
  const range = centred(valueRange(values));
  const { limit = inputs === 1 ? 144 : 96 } = options;
  if (!(Number.isInteger(limit) && limit >= 1))
    throw new ArgumentError(`show.filters: limit must be a whole number from 1, got ${describeValue(limit)}`);
  // Large kernels on many channels would be heavy: fewer then.
  const shown = Math.min(outputs, limit, Math.max(1, Math.floor(MOST_WEIGHTS / (height * width))));
  const rows = Math.min(inputs, 64, Math.max(1, Math.floor(MOST_WEIGHTS / (shown * height * width))));
  const text = `${countOf(outputs, "filter")} of ${formatShape([inputs, height, width])} ${withRange("weights", values)}${shown < outputs ? `; the first ${shown} shown` : ""}${rows < inputs ? ` on the first ${rows} of ${inputs} channels` : ""}.`;
  const kernel = (output: number, input: number): Tile =>
    tileOf(
      plane(values, output * inputs + input, height * width),
      { channels: 1, height, width },
      range,
      "diverging",
    );
  const panels: Panel[] = [];
  if (inputs === 1) {
    const tiles = Array.from({ length: shown }, (_, output) => ({
      ...kernel(output, 0),
      caption: [String(output)],
    }));
    panels.push({ tiles, columns: columnsFor(shown, 12), pixel: pixelFor(height, width, 56) });
  } else {
    if (inputs === 3) panels.push(colourPanel(values, shown, height, width, range));
    if (shown * rows > 24 * 16 || shown > MOST_ACROSS)
      panels.push(sheetPanel(values, { outputs: shown, inputs: rows, of: inputs, height, width }, range));
    else {
      const tiles = Array.from({ length: rows * shown }, (_, i) => kernel(i % shown, Math.floor(i / shown)));
      const pixel = pixelFor(height, width, Math.max(14, Math.min(36, 800 / shown - 6)));
      panels.push({ subtitle: "output channels across, input channels down", tiles, columns: shown, pixel });
    }
  }
  return picture(
    {
      title: options.title ?? `Filters of ${titleOf(source)}`,
      subtitle: text,
      arrange: "column",
      panels,
      scale: { label: "weight", colours: "diverging", low: range.low, high: range.high },
      nan: range.nan,
      infinite: range.infinite,
    },
    text,
  );
}

function weightOf(source: unknown): TensorLike {
  if (isTensorLike(source)) return source;
  const weight =
    (typeof source === "object" || typeof source === "function") && source !== null && "weight" in source
      ? source.weight
      : null;
  if (isTensorLike(weight) && weight.shape.length === 4) return weight;
  throw new ArgumentError(
    `show.filters: expected a convolution or its weights [outChannels, inChannels, height, width], got ${layerName(source)}${isTensorLike(weight) ? `, whose weights have shape ${formatShape(weight.shape)}; show.tensor(layer.weight) draws them` : ""}`,
  );
}

function titleOf(source: FilterSource | TensorLike): string {
  return isTensorLike(source) ? "a weight tensor" : layerText(source);
}

/** Filters on red, green and blue as one colour each: grey is 0. */
function colourPanel(
  values: ArrayLike<number>,
  shown: number,
  height: number,
  width: number,
  range: ValueRange,
): Panel {
  const tiles = Array.from({ length: shown }, (_, output) =>
    tileOf(plane(values, output, 3 * height * width), { channels: 3, height, width }, range, "diverging"),
  );
  return {
    subtitle: "as colours (grey is 0)",
    tiles,
    columns: Math.min(shown, 16),
    pixel: pixelFor(height, width, 44),
  };
}

/** Kernels beside each other as tiles of their own; more are wider than a notebook's column. */
const MOST_ACROSS = 40;

/** Weights in one picture: more would weigh too much, and be too small to see. */
const MOST_WEIGHTS = 60_000;

/** Very many kernels close together on one sheet, dark lines between them: output channels across, input channels down. */
function sheetPanel(
  values: ArrayLike<number>,
  {
    outputs,
    inputs,
    of,
    height,
    width,
  }: { outputs: number; inputs: number; of: number; height: number; width: number },
  range: ValueRange,
): Panel {
  const [tall, wide] = [inputs * (height + 1) - 1, outputs * (width + 1) - 1];
  const sheet = new Float32Array(tall * wide);
  const hidden = new Uint8Array(tall * wide);
  for (let row = 0; row < tall; row++) {
    for (let column = 0; column < wide; column++) {
      const [input, y] = [Math.floor(row / (height + 1)), row % (height + 1)];
      const [output, x] = [Math.floor(column / (width + 1)), column % (width + 1)];
      const at = row * wide + column;
      if (y === height || x === width) hidden[at] = LINE;
      else sheet[at] = values[((output * of + input) * height + y) * width + x]!;
    }
  }
  const tile: Tile = {
    values: sheet,
    channels: 1,
    height: tall,
    width: wide,
    low: range.low,
    high: range.high,
    colours: "diverging",
    hidden,
  };
  const pixel = Math.max(1, Math.min(10, Math.floor(1780 / wide)));
  return { subtitle: "output channels across, input channels down", tiles: [tile], columns: 1, pixel };
}
