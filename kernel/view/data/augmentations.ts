/** What random changes make of images: the same few images under several draws. */
import { Dataset } from "../../../engine/data/dataset.ts";
import { Transform } from "../../../engine/data/transforms/transform.ts";
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { checkOptions } from "../../../engine/options.ts";
import { Generator } from "../../../engine/random.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import { brightnessRange, imageBatch, picture, pixelFor, plane, thinning, tileOf } from "../drawing/grid.ts";
import type { Panel, Tile, TileBox } from "../drawing/image.ts";
import type { Displayable } from "../mime.ts";
import { countOf, oddText } from "../wording.ts";

/** Options of `augmentations`. */
export interface AugmentationsOptions {
  /** How many images, the first of the data, 4 where left out. */
  images?: number;
  /** How often each is changed, 7 where left out. */
  draws?: number;
  /** Where the draws come from; your own random numbers stay as they are. */
  seed?: number;
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws the first images of some data and, beside each, what a random transform makes of it in several draws. Boxes of the data move
 * along.
 *
 * @throws ArgumentError for something that is no transform.
 * @example
 * const { randomRotation, randomHorizontalFlip, compose } = data.transforms;
 * show.augmentations(train, compose(randomRotation(20), randomHorizontalFlip()));
 */
export function augmentations(
  source: Dataset | Tensor,
  transform: Transform,
  options: AugmentationsOptions = {},
): Displayable {
  checkOptions("show.augmentations", options, ["images", "draws", "seed", "title"]);
  if (!(source instanceof Dataset) && !isTensor(source))
    throw new ArgumentError(
      `show.augmentations: expected a data set or images [N, C, H, W], got ${describeValue(source)}`,
    );
  if (!(transform instanceof Transform))
    throw new ArgumentError(
      `show.augmentations: expected a transform such as data.transforms.randomRotation(20), got ${describeValue(transform)}`,
    );
  const { images = 4, draws = 7, seed = 0 } = options;
  for (const [name, value] of Object.entries({ images, draws }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new ArgumentError(
        `show.augmentations: ${name} must be a whole number from 1, got ${describeValue(value)}`,
      );
  const random = new Generator(seed);
  const given = contentsOf(source, images);
  const rounds = [
    given,
    ...Array.from({ length: draws }, () => noGrad(() => transform.applyWith(given, random))),
  ];
  const batches = rounds.map((round) => ({
    ...imageBatch(round.images, "show.augmentations"),
    boxes: round.boxes?.toTypedArray(),
  }));
  const [first] = batches as [(typeof batches)[number]];
  const step = thinning(first, first.count * batches.length);
  const range = brightnessRange(first.values);
  const panels = Array.from({ length: first.count }, (_, image): Panel => {
    const tiles = batches.map(({ channels, height, width, values, boxes }, round): Tile => {
      const pixels = plane(values, image, channels * height * width);
      // What leaves the range is cut off, as a camera does: it is the range of the data that the network knows.
      const tile = tileOf(pixels, { channels, height, width }, range, "grey", step);
      const caption = [round === 0 ? "original" : `draw ${round}`];
      return { ...tile, caption, ...(boxes ? { boxes: [boxOf(boxes, image, tile)] } : {}) };
    });
    const side = Math.max(...tiles.map(({ height, width }) => Math.max(height, width)));
    return { tiles, columns: tiles.length, pixel: pixelFor(side, side, batches.length > 12 ? 56 : 76) };
  });
  const text = `${countOf(first.count, "image")} under ${countOf(draws, "draw")} of ${transform}${oddText(range)}.`;
  return picture(
    {
      title: options.title ?? "Augmentation",
      subtitle: text,
      arrange: "column",
      panels,
      nan: range.nan,
      infinite: range.infinite,
    },
    text,
  );
}

function contentsOf(source: Dataset | Tensor, count: number): { images: Tensor; boxes?: Tensor } {
  if (!(source instanceof Dataset)) {
    const batch = source.ndim === 3 ? source.unsqueeze(0) : source;
    return { images: noGrad(() => batch.narrow(0, 0, Math.min(count, batch.shape[0] ?? 0))) };
  }
  const part = source.take(Math.min(count, source.size));
  const boxes = boxesIn(part);
  return { images: part.images, ...(boxes ? { boxes } : {}) };
}

/** The boxes of a data set, where it has one for each image. */
export function boxesIn(dataset: Dataset): Tensor | null {
  if (!dataset.targetNames.includes("boxes")) return null;
  const boxes = dataset.target("boxes");
  return boxes.ndim === 2 && boxes.shape[1] === 4 ? boxes : null;
}

/** The box of a sample, which is given in shares of width and height. */
export function boxOf(
  boxes: ArrayLike<number>,
  sample: number,
  tile: { height: number; width: number },
): TileBox {
  const side = (place: number) => boxes[4 * sample + place]!;
  return {
    left: side(0) * tile.width,
    top: side(1) * tile.height,
    right: side(2) * tile.width,
    bottom: side(3) * tile.height,
  };
}
