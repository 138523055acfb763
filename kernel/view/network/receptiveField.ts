/** What a unit sees of the image: feature maps beside it, and under the pointer each unit's receptive field. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import {
  receptiveField as fieldsOf,
  type LayerField,
  type ReceptiveFields,
} from "../../../engine/inspection/receptiveField.ts";
import type { AnyModule, Module, TraceRecord } from "../../../engine/nn/module.ts";
import { checkOptions } from "../../../engine/options.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { hexOf, nonFinite, valueRange } from "../colours.ts";
import { tileUrl } from "../drawing/blit.ts";
import { type ChartSpec, chart } from "../drawing/chart.ts";
import { brightnessRange, imageBatch, pixelFor, plane, thinning, tileOf } from "../drawing/grid.ts";
import type { Displayable } from "../mime.ts";
import { dashes, ink, palette } from "../theme.ts";
import { formatShape, wrapped } from "../wording.ts";
import { layerName } from "./layers.ts";
import { oneImage, traceOf } from "./network.ts";

/** Options of `receptiveField`. */
export interface ReceptiveFieldOptions {
  /** A layer, or several, by path (`"conv2"`) or themselves; up to four that see ever more where left out. */
  layer?: string | AnyModule | readonly (string | AnyModule)[];
  /** The channel of each layer's map; the one with the strongest unit where left out. */
  channel?: number;
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws the maps of some layers and the image. With the pointer over a unit, a frame shows what it sees of the image: its
 * receptive field. At first the frames are those of the units in the middle.
 *
 * @throws ArgumentError for a layer that the model does not have or that gives no maps.
 * @example
 * const [image] = test.at(0);
 * show.receptiveField(model, image);
 * show.receptiveField(model, image, { layer: ["conv1", "conv2"], channel: 3 });
 */
export function receptiveField(
  model: Module,
  image: Tensor,
  options: ReceptiveFieldOptions = {},
): Displayable {
  checkOptions("show.receptiveField", options, ["layer", "channel", "title"]);
  const input = oneImage(model, image, "show.receptiveField");
  const [, channels, height, width] = input.shape as [number, number, number, number];
  const fields = fieldsOf(model, [channels, height, width]);
  const trace = traceOf(model, input);
  const chosen = chooseLayers(fields, model, options.layer);
  const most = mostSide(chosen);
  const maps = chosen.map((field, number) => mapOf(field, number, fields, trace, options.channel, most));
  const sizes = chosen.map(({ path, size }) => `${path || "the layer"} ${formatShape(size)}`);
  const text = `What one unit sees of ${height}×${width} pixels in ${layerName(model)}: ${sizes.join(", ")}.`;
  const batch = imageBatch(input, "show.receptiveField: image");
  // The image travels twice: in the chart and in its picture.
  const step = batch.channels === 3 ? thinning(batch, 2, 16_000) : thinning(batch);
  const tile = tileOf(batch.values, batch, brightnessRange(batch.values), "grey", step);
  const url = tileUrl(tile, pixelFor(tile.height, tile.width, INPUT / 2));
  const hint = "With the pointer over a unit, the frame of its colour shows what the unit sees.";
  const spec = {
    title: { text: options.title ?? "Receptive fields", subtitle: [...wrapped(text, 560), hint] },
    datasets: { units: maps.flatMap(({ units }) => units) },
    spacing: 24,
    hconcat: [
      {
        concat: maps.map((map) => mapPanel(map)),
        columns: maps.length <= 2 ? 1 : Math.ceil(maps.length / 2),
        spacing: 16,
      },
      imagePanel(maps, url, height, width),
    ],
  };
  return chart(spec, text);
}

/** Sides in CSS pixels. */
const INPUT = 280;
const MAP = 124;
/** A map keeps at most this many units along a side, and all maps together: the specification stays small. */
const MOST_SIDE = 32;
const MOST_UNITS = 2000;
const MOST_LAYERS = 4;

/** Units along a side, so that all maps together have not too many. */
function mostSide(layers: readonly LayerField[]): number {
  const units = (most: number) =>
    layers.reduce((sum, { outputShape: [, , height, width] }) => {
      const step = Math.ceil(Math.max(height!, width!) / most);
      return sum + Math.ceil(height! / step) * Math.ceil(width! / step);
    }, 0);
  let most = MOST_SIDE;
  while (units(most) > MOST_UNITS) most--;
  return most;
}

const isSpatial = ({ outputShape }: LayerField) =>
  outputShape.length === 4 && outputShape[2]! * outputShape[3]! > 1;

function chooseLayers(
  fields: ReceptiveFields,
  model: Module,
  wanted: ReceptiveFieldOptions["layer"],
): LayerField[] {
  const known = fields.layers.filter(isSpatial);
  if (wanted === undefined) {
    // A relu or a normalisation sees what the layer before it sees.
    const growing = known.filter((layer, i) => i === 0 || layer.size.join() !== known[i - 1]!.size.join());
    if (growing.length === 0)
      throw new ArgumentError("show.receptiveField: no layer of this model gives maps [N, C, H, W]");
    const count = Math.min(MOST_LAYERS, growing.length);
    const last = growing.length - 1;
    return Array.from(
      { length: count },
      (_, i) => growing[count === 1 ? 0 : Math.round((i * last) / (count - 1))]!,
    );
  }
  const asked = Array.isArray(wanted) ? wanted : [wanted];
  if (asked.length === 0 || asked.length > 6)
    throw new ArgumentError(`show.receptiveField: show 1 to 6 layers at once, got ${asked.length}`);
  const paths = new Map(model.namedModules().map(([path, module]) => [module, path]));
  return asked.map((layer: string | AnyModule) => {
    const path = typeof layer === "string" ? layer : paths.get(layer);
    const found = known.find((one) => one.path === path);
    if (found !== undefined) return found;
    throw new ArgumentError(
      `show.receptiveField: no layer ${typeof layer === "string" ? JSON.stringify(layer) : describeValue(layer)} with maps; layers with maps: ${known.map((one) => one.path).join(", ")}`,
    );
  });
}

interface UnitRow {
  /** Number of the map. */
  k: number;
  r: number;
  c: number;
  v: number | null;
}

interface FieldMap {
  number: number;
  path: string;
  channel: number;
  field: LayerField;
  units: UnitRow[];
  rows: number[];
  columns: number[];
  range: { low: number; high: number };
  /** For each row `[top, bottom]` of what it sees, for each column `[left, right]`. */
  rowSpans: number[][];
  columnSpans: number[][];
}

function mapOf(
  field: LayerField,
  number: number,
  fields: ReceptiveFields,
  trace: readonly TraceRecord[],
  channel: number | undefined,
  most: number,
): FieldMap {
  const { path } = field;
  const [, channels, height, width] = field.outputShape as [number, number, number, number];
  const values = trace.findLast((record) => record.path === path)!.output.toTypedArray();
  if (channel !== undefined && !(Number.isInteger(channel) && channel >= 0 && channel < channels))
    throw new ShapeError(
      `show.receptiveField: channel must be a whole number from 0 to ${channels - 1} in layer ${path}, got ${describeValue(channel)}`,
    );
  const chosen = channel ?? strongestChannel(values, channels);
  const map = plane(values, chosen, height * width);
  const step = Math.ceil(Math.max(height, width) / most);
  const places = (size: number) => Array.from({ length: Math.ceil(size / step) }, (_, i) => i * step);
  const [rows, columns] = [places(height), places(width)];
  const patches = {
    rows: Array.from({ length: height }, (_, r) => fields.patch(path, [r, 0])),
    columns: Array.from({ length: width }, (_, c) => fields.patch(path, [0, c])),
  };
  return {
    number,
    path,
    channel: chosen,
    field,
    rows,
    columns,
    range: valueRange(map),
    units: rows.flatMap((r) =>
      columns.map((c) => {
        const v = map[r * width + c]!;
        return { k: number, r, c, v: Number.isFinite(v) ? Number(v.toPrecision(3)) : null };
      }),
    ),
    rowSpans: patches.rows.map(({ top, bottom }) => [top, bottom]),
    columnSpans: patches.columns.map(({ left, right }) => [left, right]),
  };
}

function strongestChannel(values: ArrayLike<number>, channels: number): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return Math.floor(best / (values.length / channels));
}

const parameter = (number: number) => `unit${number}`;
const only = (number: number) => ({ filter: `datum.k === ${number}` });
const pointed = (number: number) => ({ filter: { param: parameter(number), empty: false } });
const colourOfMap = (number: number) => palette[number % palette.length]!;

/** What the unit of a row of data sees. */
function seen({ rowSpans, columnSpans }: FieldMap): ChartSpec[] {
  const lookUp = (spans: number[][], place: string, end: number, as: string) => ({
    calculate: `${JSON.stringify(spans.map((span) => span[end]))}[datum.${place}]`,
    as,
  });
  return [
    lookUp(rowSpans, "r", 0, "top"),
    lookUp(rowSpans, "r", 1, "bottom"),
    lookUp(columnSpans, "c", 0, "left"),
    lookUp(columnSpans, "c", 1, "right"),
  ];
}

function mapPanel(map: FieldMap): ChartSpec {
  const { number, rows, columns, field, channel, path } = map;
  // Whole pixels: between units of broken ones the paper would shine through.
  const side = Math.max(1, Math.round(MAP / Math.max(rows.length, columns.length)));
  const middle = (places: readonly number[]) => places[Math.floor(places.length / 2)]!;
  const axis = (name: string) => ({ field: name, type: "ordinal", axis: null });
  return {
    title: {
      text: `${path}: sees ${formatShape(field.size)}`,
      subtitle: `channel ${channel} of ${formatShape(field.outputShape.slice(1))}`,
      color: colourOfMap(number),
      fontSize: 11,
      offset: 4,
      subtitleFontSize: 10,
      subtitlePadding: 2,
    },
    data: { name: "units" },
    transform: [
      only(number),
      ...seen(map),
      {
        calculate:
          "'rows ' + datum.top + ' to ' + (datum.bottom - 1) + ', columns ' + datum.left + ' to ' + (datum.right - 1)",
        as: "sees",
      },
    ],
    width: side * columns.length,
    height: side * rows.length,
    encoding: { x: axis("c"), y: axis("r") },
    layer: [
      {
        params: [
          {
            name: parameter(number),
            select: { type: "point", on: "mouseover", clear: "dblclick", fields: ["r", "c"] },
            value: [{ r: middle(rows), c: middle(columns) }],
          },
        ],
        mark: { type: "rect" },
        encoding: {
          color: {
            field: "v",
            type: "quantitative",
            scale: { scheme: "viridis", domain: [map.range.low, map.range.high] },
            legend: null,
          },
          tooltip: [
            { field: "r", title: "row" },
            { field: "c", title: "column" },
            { field: "v", title: "activation" },
            { field: "sees", title: "sees" },
          ],
        },
      },
      ...(map.units.some(({ v }) => v === null)
        ? [
            {
              transform: [{ filter: "datum.v === null" }],
              mark: { type: "rect", color: hexOf(nonFinite.nan) },
            },
          ]
        : []),
      {
        transform: [pointed(number)],
        mark: { type: "rect", filled: false, stroke: ink.paper, strokeWidth: 4 },
      },
      {
        transform: [pointed(number)],
        mark: { type: "rect", filled: false, stroke: colourOfMap(number), strokeWidth: 2 },
      },
    ],
    resolve: { scale: { color: "independent" } },
  };
}

function imagePanel(maps: readonly FieldMap[], url: string, height: number, width: number): ChartSpec {
  const side = INPUT / Math.max(height, width);
  const size = { width: side * width, height: side * height };
  const scale = (most: number, reverse: boolean) => ({
    type: "quantitative",
    axis: null,
    scale: { domain: [0, most], nice: false, zero: false, ...(reverse ? { reverse } : {}) },
  });
  const frame = (map: FieldMap, stroke: string, strokeWidth: number, strokeDash: readonly number[]) => ({
    data: { name: "units" },
    transform: [only(map.number), pointed(map.number), ...seen(map)],
    mark: { type: "rect", fillOpacity: 0, stroke, strokeWidth, strokeDash },
    encoding: {
      x: { field: "left", ...scale(width, false) },
      x2: { field: "right" },
      y: { field: "top", ...scale(height, true) },
      y2: { field: "bottom" },
    },
  });
  return {
    title: {
      text: "image",
      subtitle: `${formatShape([height, width])} pixels`,
      fontSize: 11,
      offset: 4,
      subtitleFontSize: 10,
      subtitlePadding: 2,
    },
    ...size,
    layer: [
      {
        data: { values: [{ x: width / 2, y: height / 2 }] },
        mark: { type: "image", ...size, aspect: false, smooth: false, url },
        encoding: {
          x: { field: "x", ...scale(width, false) },
          y: { field: "y", ...scale(height, true) },
        },
      },
      // The widest first, so that it hides no other; white below, so that each is seen on dark and bright.
      ...[...maps]
        .reverse()
        .flatMap((map) => [
          frame(map, ink.paper, 4, [1, 0]),
          frame(map, colourOfMap(map.number), 2, dashes[map.number % dashes.length]!),
        ]),
    ],
  };
}
