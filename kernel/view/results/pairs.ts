/** Images beside what a network made of them, and how far it is off: reconstructions, denoised or enlarged images. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import { centred, valueRange } from "../colours.ts";
import {
  brightnessRange,
  type ImageBatch,
  imageBatch,
  picture,
  pixelFor,
  plane,
  tileOf,
} from "../drawing/grid.ts";
import type { Panel, Tile } from "../drawing/image.ts";
import type { Displayable } from "../mime.ts";
import { type NumberSource, numbersOf } from "../values.ts";
import { countOf, formatNumber, formatShape } from "../wording.ts";

/** Options of `pairs`. */
export interface PairsOptions {
  /** How many pairs to show (default 8). */
  n?: number;
  /** Which: the first (default), or those with the largest error. */
  order?: "first" | "worst";
  /** What the two rows are called; "input" and "output" where left out. */
  names?: readonly [string, string];
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws images above what a network made of them and above where the two differ, with the mean squared error of each pair.
 *
 * @param inputs images `[N, 1 or 3, H, W]`
 * @param outputs as many, of the same size, or flat: `[N, C·H·W]`
 * @throws ShapeError where they do not fit together, ArgumentError for options that are none.
 * @example
 * show.pairs(test.images, autoencoder(test.images), { order: "worst" });
 */
export function pairs(inputs: NumberSource, outputs: NumberSource, options: PairsOptions = {}): Displayable {
  checkOptions("show.pairs", options, ["n", "order", "names", "title"]);
  const { n = 8, order = "first", names = ["input", "output"], title = "Input and output" } = options;
  if (!(Number.isInteger(n) && n >= 1 && n <= 24))
    throw new ArgumentError(`show.pairs: n must be a whole number from 1 to 24, got ${describeValue(n)}`);
  if (order !== "first" && order !== "worst")
    throw new ArgumentError(`show.pairs: order is "first" or "worst", got ${describeValue(order)}`);
  const given = imageBatch(inputs, "show.pairs: inputs");
  const made = sameSize(given, outputs);
  const length = given.channels * given.height * given.width;
  const errors = Array.from({ length: given.count }, (_, i) =>
    squaredError(given.values, made, i * length, length),
  );
  const indices = errors.map((_, i) => i);
  if (order === "worst") indices.sort((a, b) => badness(errors[b]!) - badness(errors[a]!));
  const shown = indices.slice(0, n);
  const text = pairsSentence(given.count, errors, shown, order);
  // One scale for both rows: an output that left the inputs' range shows it.
  const range = brightnessRange(given.values);
  const changes = shown.map((index) => differences(given, made, index));
  const reach = centred(valueRange(changes.flatMap((change) => Array.from(change)))).high;
  const pixel = pixelFor(given.height, given.width, shown.length > 12 ? 48 : 64);
  const row = (name: string, tiles: Tile[]): Panel => ({ title: name, tiles, columns: tiles.length, pixel });
  const images = (values: ArrayLike<number>, caption: (index: number) => string): Tile[] =>
    shown.map((index) => ({
      ...tileOf(plane(values, index, length), given, range, "grey"),
      caption: [caption(index)],
    }));
  const size = { channels: 1, height: given.height, width: given.width } as const;
  return picture(
    {
      title,
      subtitle: text,
      arrange: "column",
      panels: [
        row(
          names[0],
          images(given.values, (index) => `image ${index}`),
        ),
        row(
          names[1],
          images(made, (index) => `error ${formatNumber(errors[index]!, 2)}`),
        ),
        row(
          `${names[1]} − ${names[0]}`,
          changes.map((change): Tile => {
            const { low, high } = valueRange(change);
            const tile = tileOf(change, size, { low: -reach, high: reach }, "diverging");
            return { ...tile, caption: [`up to ${formatNumber(Math.max(-low, high), 2)}`] };
          }),
        ),
      ],
      scale: { label: "difference", colours: "diverging", low: -reach, high: reach },
    },
    text,
  );
}

/** The outputs' values, which must be as many images of the same size. */
function sameSize(given: ImageBatch, outputs: NumberSource): ArrayLike<number> {
  const { shape, values } = numbersOf(outputs, "show.pairs: outputs");
  const { count, channels, height, width } = given;
  const size = [count, channels, height, width];
  const flat = [count, channels * height * width];
  const plain = shape.filter((part) => part !== 1).join("×");
  const fits = [size, flat].some((wanted) => wanted.filter((part) => part !== 1).join("×") === plain);
  if (fits) return values;
  throw new ShapeError(
    `show.pairs: expected outputs of the inputs' shape ${formatShape(size)} or flat ${formatShape(flat)}, got ${formatShape(shape)}`,
  );
}

function squaredError(a: ArrayLike<number>, b: ArrayLike<number>, start: number, length: number): number {
  let sum = 0;
  for (let i = start; i < start + length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum / length;
}

/** NaN is worse than any number. */
const badness = (error: number): number => (Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);

/** Output minus input, averaged over the colours. */
function differences(
  { values, channels, height, width }: ImageBatch,
  made: ArrayLike<number>,
  index: number,
): Float32Array {
  const area = height * width;
  const start = index * channels * area;
  return Float32Array.from({ length: area }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < channels; k++) sum += made[start + k * area + i]! - values[start + k * area + i]!;
    return sum / channels;
  });
}

/** "300 pairs: mean squared error 0.021 on average, from 0.004 to 0.09; the 8 worst are shown, image 12 first." */
function pairsSentence(
  count: number,
  errors: readonly number[],
  shown: readonly number[],
  order: "first" | "worst",
): string {
  const finite = errors.filter(Number.isFinite);
  const part =
    shown.length === count
      ? ""
      : order === "first"
        ? `; the first ${shown.length} are shown`
        : `; the ${shown.length} worst are shown, image ${shown[0]} first`;
  const odd = errors.length - finite.length;
  const note = odd > 0 ? `; ${countOf(odd, "output")} not finite` : "";
  if (finite.length === 0) return `${countOf(count, "pair")}, none of them finite${part}.`;
  const mean = formatNumber(finite.reduce((sum, error) => sum + error, 0) / finite.length);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const range = low === high ? "" : ` on average, from ${formatNumber(low)} to ${formatNumber(high)}`;
  return `${countOf(count, "pair")}: mean squared error ${mean}${range}${note}${part}.`;
}
