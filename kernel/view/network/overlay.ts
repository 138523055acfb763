/** Where in an image the reasons of a network lie: attribution maps beside the image and over it. */
import { tensor } from "../../../engine/creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { Attribution } from "../../../engine/inspection/attribution.ts";
import { Deconvolution } from "../../../engine/inspection/backprojection.ts";
import { boxOf } from "../../../engine/inspection/cam.ts";
import { checkOptions } from "../../../engine/options.ts";
import { centred, colourOf, type ValueRange, valueRange } from "../colours.ts";
import {
  brightnessRange,
  type ImageBatch,
  imageBatch,
  picture,
  pixelFor,
  thinning,
} from "../drawing/grid.ts";
import type { Panel, Tile, TileBox } from "../drawing/image.ts";
import { enlarged, thinned } from "../drawing/resample.ts";
import type { Displayable } from "../mime.ts";
import { isTensorLike, type NumberSource, numbersOf } from "../values.ts";
import { countOf, formatNumber, formatShape } from "../wording.ts";

/** A map `[h, w]`, `[1, h, w]` or `[3, h, w]` of any size, or what a function of `inspection` found. */
export type OverlaySource = Attribution | Deconvolution | NumberSource;

/** Options of `overlay`. */
export interface OverlayOptions {
  /** Names of the classes, for findings that know which class they explain. */
  classes?: readonly string[];
  /** Frame the largest part of each map above this share of its maximum; `true` is a share of 0.2. */
  box?: boolean | number;
  /** How much the map covers the image where it is strongest, 0.85 where left out. */
  opacity?: number;
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws an image, maps of what counts in it, and each map over the image: what `inspection.saliency`, `guidedBackprop`, `deconvnet`,
 * `occlusion`, `cam` and `gradCam` find, one or several by name, or any maps. Maps without negative values are drawn from dark to
 * bright, others in blue below 0 and red above; smaller ones are enlarged, linear between their values.
 *
 * @throws ShapeError for something that is no map.
 * @example
 * show.overlay(image, inspection.gradCam(model, image), { box: true });
 * show.overlay(image, { gradient: inspection.saliency(model, image), occlusion: inspection.occlusion(model, image) });
 */
export function overlay(
  image: NumberSource,
  maps: OverlaySource | Readonly<Record<string, OverlaySource>>,
  options: OverlayOptions = {},
): Displayable {
  checkOptions("show.overlay", options, ["classes", "box", "opacity", "title"]);
  const batch = imageBatch(image, "show.overlay: image");
  if (batch.count !== 1)
    throw new ShapeError(
      `show.overlay: expected one image, got ${countOf(batch.count, "image")}; take one: images.at(0)`,
    );
  const { opacity = 0.85 } = options;
  if (!(opacity >= 0 && opacity <= 1))
    throw new ArgumentError(`show.overlay: opacity must be from 0 to 1, got ${describeValue(opacity)}`);
  const sources = isSource(maps) ? [["", maps] as const] : Object.entries(maps ?? {});
  if (sources.length === 0) throw new ArgumentError("show.overlay: give a map to lay over the image");
  const found = sources.map(([name, source]) => readMap(name, source, options.classes));
  // What is laid over the image is in colour, whatever the image is.
  const step = thinning({ ...batch, channels: 3 }, found.length + 1, 28_000);
  const base = { ...batch, ...thinned(batch.values, batch, step) };
  const single = found.length === 1;
  const pixel = pixelFor(base.height, base.width, single ? 150 : 112);
  const brightness = brightnessRange(batch.values);
  const pixels = { values: base.values, channels: base.channels, height: base.height, width: base.width };
  const plain: Tile = { ...pixels, low: brightness.low, high: brightness.high, colours: "grey" };
  const panels: Panel[] = [
    {
      title: "image",
      subtitle: formatShape([batch.channels, batch.height, batch.width]),
      tiles: [plain],
      columns: 1,
      pixel,
    },
    ...found.map((map): Panel => {
      const colours = map.signed ? "diverging" : "viridis";
      const values = enlarged(map.values, map, base);
      const size = { height: base.height, width: base.width };
      const range = { low: map.range.low, high: map.range.high };
      const boxes = boxesOf(map, base, options.box);
      const blend = blended(base, brightness, values, map, opacity);
      return {
        title: map.name,
        subtitle: map.subtitle,
        tiles: [
          { values, channels: 1, ...size, ...range, colours },
          { values: blend, channels: 3, ...size, low: 0, high: 1, colours, boxes },
        ],
        columns: single ? 2 : 1,
        pixel,
        scale: { colours, ...range },
      };
    }),
  ];
  const text = sentence(found, batch);
  return picture(
    {
      title: options.title ?? titleOf(found),
      subtitle: text,
      arrange: "row",
      panels,
      nan: brightness.nan + found.reduce((sum, { range }) => sum + range.nan, 0),
      infinite: brightness.infinite + found.reduce((sum, { range }) => sum + range.infinite, 0),
    },
    text,
  );
}

/** The picture of one finding over the image that it carries. */
export function findingPicture(finding: Attribution | Deconvolution): Displayable {
  return overlay(finding.image, finding);
}

interface FoundMap {
  name: string;
  /** What is explained: a class, a unit. */
  subtitle: string;
  values: ArrayLike<number>;
  height: number;
  width: number;
  signed: boolean;
  range: ValueRange;
}

function isSource(value: unknown): value is OverlaySource {
  const finding = value instanceof Attribution || value instanceof Deconvolution;
  return finding || isTensorLike(value) || Array.isArray(value) || ArrayBuffer.isView(value);
}

function readMap(name: string, source: OverlaySource, classes: readonly string[] | undefined): FoundMap {
  if (!isSource(source))
    throw new ArgumentError(
      `show.overlay: expected a map or what a function of inspection found${name && ` for "${name}"`}, got ${describeValue(source)}`,
    );
  if (source instanceof Attribution) {
    const explained = classes?.[source.class] ?? `class ${source.class}`;
    const subtitle = `for ${explained}, score ${formatNumber(source.score)}`;
    return { ...mapOf(source.map, name), name: name || source.method, subtitle };
  }
  if (source instanceof Deconvolution) {
    const { layer, channel, activation } = source;
    const subtitle = `channel ${channel} at ${formatNumber(activation)}`;
    return { ...mapOf(source.pattern, name), name: name || `unit of ${layer}`, subtitle };
  }
  const map = mapOf(source, name);
  return { ...map, name: name || "map", subtitle: formatShape([map.height, map.width]) };
}

/** Of three channels the value of the largest size, with its sign. */
function mapOf(source: NumberSource, name: string): Omit<FoundMap, "name" | "subtitle"> {
  const { shape, values } = numbersOf(source, "show.overlay: map");
  const [height, width] = shape.slice(-2) as [number, number];
  const planes = shape.slice(0, -2);
  const channels = planes.at(-1) ?? 1;
  const others = planes.slice(0, -1).some((size) => size !== 1);
  if (shape.length < 2 || others || (channels !== 1 && channels !== 3) || values.length === 0)
    throw new ShapeError(
      `show.overlay: ${name ? `"${name}"` : "a map"} must be [h, w], [1, h, w] or [3, h, w], got shape ${formatShape(shape)}`,
    );
  const flat = Float32Array.from({ length: height * width }, (_, i) => {
    let strongest = values[i]!;
    for (let c = 1; c < channels; c++) {
      const value = values[c * height * width + i]!;
      if (Math.abs(value) > Math.abs(strongest) || Number.isNaN(value)) strongest = value;
    }
    return strongest;
  });
  const own = valueRange(flat);
  const signed = own.low < 0;
  const range = signed ? centred(own) : { ...own, low: 0, high: own.high || 1 };
  return { values: flat, height, width, signed, range };
}

/** The image in grey, tinted by the map's colours the more, the further its values are from 0: `[3, height, width]`. */
function blended(
  { values, channels, height, width }: ImageBatch,
  brightness: ValueRange,
  map: Float32Array,
  { range, signed }: FoundMap,
  opacity: number,
): Float32Array {
  const plane = height * width;
  const result = new Float32Array(3 * plane);
  const span = brightness.high - brightness.low || 1;
  for (let i = 0; i < plane; i++) {
    const at = (channel: number) => values[channel * plane + i]!;
    const light = channels === 1 ? at(0) : 0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2);
    const grey = (light - brightness.low) / span;
    const size = Math.abs(map[i]!) / range.high;
    // The root lets the weaker places be seen too.
    const cover = Number.isFinite(size) ? opacity * Math.sqrt(Math.min(1, size)) : 1;
    // Of a signed map only the sign colours: its white middle would be fog on the image.
    const tint = signed && Number.isFinite(size) ? 0.75 * range.high * Math.sign(map[i]!) : map[i]!;
    const colour = colourOf(tint, signed ? "diverging" : "viridis", range.low, range.high);
    for (let c = 0; c < 3; c++) result[c * plane + i] = grey * (1 - cover) + (colour[c]! / 255) * cover;
  }
  return result;
}

function boxesOf(map: FoundMap, base: ImageBatch, box: boolean | number | undefined): TileBox[] {
  if (box === undefined || box === false || valueRange(map.values).high <= 0) return [];
  const wide = tensor(enlarged(map.values, map, base), { shape: [base.height, base.width] });
  const [left, top, right, bottom] = boxOf(wide, box === true ? 0.2 : box);
  const { height, width } = base;
  return [{ left: left * width, top: top * height, right: right * width, bottom: bottom * height }];
}

function titleOf(found: readonly FoundMap[]): string {
  return found.length === 1 ? `${found[0]!.name} over the image` : "What counts in the image";
}

/** Where each map is strongest, in pixels of the image. */
function sentence(found: readonly FoundMap[], image: ImageBatch): string {
  const places = found.map((map) => ({ ...map, place: strongest(map, image) }));
  const [first] = places;
  if (first !== undefined && places.length === 1)
    return `${first.name} (${first.subtitle}): ${first.place === null ? "nothing counts" : `strongest at row ${first.place[0]}, column ${first.place[1]}`} of ${image.height}×${image.width} pixels.`;
  const texts = places.slice(0, 8).map(({ name, place }) => `${name} (${place?.join(", ") ?? "nowhere"})`);
  const more = places.length > 8 ? ` and ${countOf(places.length - 8, "more map")}` : "";
  return `Strongest at (row, column): ${texts.join(", ")}${more}.`;
}

/** Row and column of the pixel under the value of the largest size; null where none is above 0. */
function strongest({ values, height, width }: FoundMap, image: ImageBatch): [number, number] | null {
  let best = -1;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (Number.isFinite(size) && size > (best < 0 ? 0 : Math.abs(values[best]!))) best = i;
  }
  if (best < 0) return null;
  const middle = (place: number, size: number, pixels: number) => Math.floor(((place + 0.5) * pixels) / size);
  return [middle(Math.floor(best / width), height, image.height), middle(best % width, width, image.width)];
}
