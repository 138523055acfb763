/** What each layer of a network makes of an image. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { valueRange } from "../colours.ts";
import {
  brightnessRange,
  columnsFor,
  imageBatch,
  picture,
  pixelFor,
  plane,
  tileOf,
} from "../drawing/grid.ts";
import type { Panel, Tile } from "../drawing/image.ts";
import type { Displayable } from "../mime.ts";
import { isTensorLike, type TensorLike } from "../values.ts";
import { formatNumber, formatShape } from "../wording.ts";

/** `Linear`, `LeNet5`: what a model or layer is called. */
export function layerName(value: unknown): string {
  if (typeof value === "function" || (typeof value === "object" && value !== null))
    return value.constructor.name;
  return describeValue(value);
}

/** `Conv2d(1 → 6, kernel 5×5)` without the parameter count that a layer prints. */
export function layerText(module: object): string {
  const details = "details" in module && typeof module.details === "function" ? String(module.details()) : "";
  return `${layerName(module)}${details && `(${details})`}`;
}

/** What one layer did: an entry of `model.trace(x)`. */
export interface LayerTrace {
  readonly path: string;
  readonly module: object;
  readonly outputShape: readonly number[];
  readonly output: TensorLike;
}

/** Options of `featureMaps`. */
export interface FeatureMapsOptions {
  /** Path (`"conv1"`), number in order of execution, or the layer itself; every convolution where left out. */
  layer?: string | number | object;
  /** A title above the picture. */
  title?: string;
  /** How many channels of a layer to show at most. */
  limit?: number;
}

/** The picture of `show.featureMaps`, from a trace of the model. */
export function featureMapsPicture(
  trace: readonly LayerTrace[],
  model: string,
  options: FeatureMapsOptions,
): Displayable {
  const chosen = chooseLayers(trace, options.layer);
  const limit = options.limit ?? 32;
  const single = chosen.length === 1;
  const ranges = chosen.map((layer) => valueRange(mapsOf(layer).values));
  const panels = chosen.map((layer, i): Panel => {
    const { values, channels, height, width } = mapsOf(layer);
    const range = ranges[i]!;
    const shown = Math.min(channels, limit);
    const tiles = Array.from({ length: shown }, (_, channel) =>
      tileOf(plane(values, channel, height * width), { channels: 1, height, width }, range, "viridis"),
    );
    const more = shown < channels ? `, the first ${shown} shown` : "";
    const title = `${layer.path || layerName(layer.module)}: ${layerName(layer.module)}`;
    const spread = `${formatShape([channels, height, width])}${more}${single ? "" : `, colours from ${formatNumber(range.low)} to ${formatNumber(range.high)}`}`;
    const target = channels <= 8 && height > 12 ? 84 : 56;
    return {
      title,
      subtitle: spread,
      tiles,
      columns: columnsFor(shown, target === 84 ? 8 : 12),
      pixel: pixelFor(height, width, target),
    };
  });
  const shapes = chosen.map(
    (layer) => `${layer.path || layerName(layer.module)} ${formatShape(layer.outputShape.slice(1))}`,
  );
  const text = `Feature maps of ${model} for one image: ${shapes.join(", ")}.`;
  const range = ranges[0]!;
  return picture(
    {
      title: options.title ?? `Feature maps of ${model}`,
      ...(single ? { subtitle: text } : {}),
      arrange: "column",
      panels,
      ...(single
        ? { scale: { label: "activation", colours: "viridis" as const, low: range.low, high: range.high } }
        : {}),
      nan: ranges.reduce((sum, { nan }) => sum + nan, 0),
      infinite: ranges.reduce((sum, { infinite }) => sum + infinite, 0),
    },
    text,
  );
}

interface Maps {
  values: ArrayLike<number>;
  channels: number;
  height: number;
  width: number;
}

function mapsOf(layer: LayerTrace): Maps {
  const [, channels, height, width] = layer.outputShape as [number, number, number, number];
  return { values: layer.output.toTypedArray(), channels, height, width };
}

/** Maps with an extent; `[N, C, 1, 1]` is a vector. */
const isSpatial = ({ outputShape }: LayerTrace) =>
  outputShape.length === 4 && outputShape[2]! * outputShape[3]! > 1;

function chooseLayers(trace: readonly LayerTrace[], layer: FeatureMapsOptions["layer"]): LayerTrace[] {
  const known = () =>
    trace
      .filter(isSpatial)
      .map((one, i) => one.path || String(i))
      .join(", ");
  if (layer === undefined) {
    const spatial = trace.filter(isSpatial);
    const convolutions = spatial.filter(
      ({ module }) => "weight" in module && isTensorLike(module.weight) && module.weight.shape.length === 4,
    );
    const chosen = convolutions.length > 0 ? convolutions : spatial;
    if (chosen.length === 0)
      throw new ArgumentError(
        "show.featureMaps: no layer of this model gives maps [N, C, H, W]; show.bars draws vectors",
      );
    return chosen;
  }
  const found =
    typeof layer === "number"
      ? trace.at(layer)
      : trace.find((one) => one.path === layer || one.module === layer);
  if (!found) {
    throw new ShapeError(
      `show.featureMaps: no layer ${typeof layer === "object" ? layerName(layer) : JSON.stringify(layer)}; layers with maps: ${known()}`,
    );
  }
  if (!isSpatial(found)) {
    throw new ShapeError(
      `show.featureMaps: layer ${found.path} gives shape ${formatShape(found.outputShape)}, not maps [N, C, H, W]; layers with maps: ${known()}`,
    );
  }
  return [found];
}

/** Options of `informationFlow`. */
export interface InformationFlowOptions {
  /** Names of the output's classes. */
  classes?: readonly string[];
  /** A title above the picture. */
  title?: string;
  /** Rows of maps in a layer's column. */
  rows?: number;
}

/** The picture of `show.informationFlow`: image and layers side by side, each with its shape. */
export function informationFlowPicture(
  image: TensorLike,
  trace: readonly LayerTrace[],
  model: string,
  options: InformationFlowOptions,
): Displayable {
  if (trace.length === 0)
    throw new ArgumentError(
      "show.informationFlow: this model has no layers to follow; give one such as models.lenet5()",
    );
  const rows = options.rows ?? 8;
  const batch = imageBatch(image, "show.informationFlow: image");
  const input: Tile = {
    ...tileOf(
      plane(batch.values, 0, batch.channels * batch.height * batch.width),
      batch,
      brightnessRange(batch.values),
      "grey",
    ),
  };
  const panels: Panel[] = [
    {
      title: "image",
      subtitle: formatShape([batch.channels, batch.height, batch.width]),
      tiles: [input],
      columns: 1,
      pixel: pixelFor(batch.height, batch.width, 64),
    },
  ];
  const last = trace.length - 1;
  for (const [i, layer] of trace.entries()) {
    if (isSpatial(layer)) panels.push(mapColumn(layer, rows));
    else if (i === last) panels.push(outputColumn(layer, options.classes));
    else panels.push(vectorColumn(layer));
  }
  const shapes = [formatShape([batch.channels, batch.height, batch.width]), ...distinctShapes(trace)];
  const text = `One image on its way through ${model}: ${shapes.join(" → ")}.`;
  const ranges = trace.map((layer) => valueRange(layer.output.toTypedArray()));
  return picture(
    {
      title: options.title ?? `Information flow through ${model}`,
      subtitle: text,
      arrange: "flow",
      maxWidth: 1040,
      panels,
      scale: { label: "activation, in shares of each layer's range", colours: "viridis", low: 0, high: 1 },
      nan: ranges.reduce((sum, { nan }) => sum + nan, 0),
      infinite: ranges.reduce((sum, { infinite }) => sum + infinite, 0),
    },
    text,
  );
}

/** Shapes in order, leaving out those that a layer does not change. */
function distinctShapes(trace: readonly LayerTrace[]): string[] {
  const shapes = trace.map((layer) => formatShape(layer.outputShape.slice(1)));
  return shapes.filter((shape, i) => i === 0 || shape !== shapes[i - 1]);
}

function columnTitle(layer: LayerTrace): string {
  return layer.path
    .split(".")
    .at(-1)
    ?.match(/^[a-z]/i)
    ? layer.path
    : layerName(layer.module);
}

function mapColumn(layer: LayerTrace, rows: number): Panel {
  const { values, channels, height, width } = mapsOf(layer);
  const range = valueRange(values);
  const columns = Math.min(3, Math.ceil(channels / rows));
  const shown = Math.min(channels, rows * columns);
  const tiles = Array.from({ length: shown }, (_, channel) =>
    tileOf(plane(values, channel, height * width), { channels: 1, height, width }, range, "viridis"),
  );
  const more = shown < channels ? ` (${shown} shown)` : "";
  return {
    title: columnTitle(layer),
    subtitle: `${formatShape([channels, height, width])}${more}`,
    tiles,
    columns,
    pixel: pixelFor(height, width, 36),
  };
}

/** A vector as a block of squares, filled column by column. */
function vectorColumn(layer: LayerTrace): Panel {
  const length = layer.outputShape.slice(1).reduce((size, dim) => size * dim, 1);
  const vector = plane(layer.output.toTypedArray(), 0, length);
  const height = Math.min(length, length > 240 ? 50 : 30);
  const width = Math.ceil(length / height);
  const values = new Float32Array(height * width);
  const hidden = new Uint8Array(height * width).fill(1);
  for (let i = 0; i < length; i++) {
    const at = (i % height) * width + Math.floor(i / height);
    values[at] = vector[i]!;
    hidden[at] = 0;
  }
  const tile = { ...tileOf(values, { channels: 1, height, width }, valueRange(vector), "viridis"), hidden };
  return {
    title: columnTitle(layer),
    subtitle: formatShape(layer.outputShape.slice(1)),
    tiles: [tile],
    columns: 1,
    pixel: length > 240 ? 12 : 20,
  };
}

/** The scores of the classes, one square each with its name; the largest is marked. */
function outputColumn(layer: LayerTrace, classes?: readonly string[]): Panel {
  const length = layer.outputShape.slice(1).reduce((size, dim) => size * dim, 1);
  if (length > 20) return vectorColumn(layer);
  const values = plane(layer.output.toTypedArray(), 0, length);
  const range = valueRange(values);
  const top = values.indexOf(Math.max(...values));
  const tiles = Array.from(values, (value, i): Tile => {
    const tile = tileOf([value], { channels: 1, height: 1, width: 1 }, range, "viridis");
    const name = classes?.[i] ?? String(i);
    return {
      ...tile,
      caption: [i === top ? `▶ ${name}` : name],
      captionSide: "right",
      tone: i === top ? "right" : "plain",
    };
  });
  return {
    title: columnTitle(layer),
    subtitle: formatShape(layer.outputShape.slice(1)),
    tiles,
    columns: 1,
    pixel: 44,
  };
}
