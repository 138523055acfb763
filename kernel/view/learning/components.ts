/** The main components of images, what each holds of the variance, and images rebuilt from the first of them. */
import { PCA } from "../../../engine/classical/principal.ts";
import { tensor } from "../../../engine/creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { withScope } from "../../../engine/memory.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import { centred, valueRange } from "../colours.ts";
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
import { countOf, formatNumber, formatPercent, formatShape } from "../wording.ts";

/** Options of `components`. */
export interface ComponentsOptions {
  /** Images `[N, C, H, W]` to be rebuilt from the first components; the first 5 are drawn. */
  images?: Tensor;
  /** From how many components they are rebuilt, each a row; a few up to all of them where left out. */
  counts?: readonly number[];
  /** How many components to draw at most, 12 where left out. */
  limit?: number;
  /** A title above the picture. */
  title?: string;
}

const operation = "show.components";
const MOST_IMAGES = 5;

/**
 * Draws the mean image and the main components ("eigenimages") that a PCA of images has found, with the share of the variance that
 * each holds; with `images`, these and what the first k components make of them, with the error. Lecture steps 003.4 and 003.87.
 *
 * @example
 * const { images } = data.digits().train.take(300);
 * show.components(classical.pca({ components: 16 }).fit(images), { images });
 */
export function components(model: PCA, options: ComponentsOptions = {}): Displayable {
  checkOptions(operation, options, ["images", "counts", "limit", "title"]);
  if (!(model instanceof PCA))
    throw new ArgumentError(`${operation}: expected a fitted classical.pca, got ${describeValue(model)}`);
  const { mean, components: found, varianceShares } = model;
  const { limit = 12, images } = options;
  if (!(Number.isInteger(limit) && limit >= 1))
    throw new ArgumentError(
      `${operation}: limit must be a whole number from 1 on, got ${describeValue(limit)}`,
    );
  if (mean.ndim < 2)
    throw new ShapeError(
      `${operation}: draws components of images; these samples are ${formatShape(mean.shape)}; reshape them to [N, 1, H, W] before fit`,
    );
  const batch = imageBatch(found, operation);
  const length = batch.channels * batch.height * batch.width;
  const range = centred(valueRange(batch.values));
  const shares = Array.from(varianceShares.toTypedArray());
  const shown = Math.min(model.d, limit);
  const pixel = pixelFor(batch.height, batch.width, 56);
  const tiles = Array.from(
    { length: shown },
    (_, i): Tile => ({
      ...tileOf(plane(batch.values, i, length), batch, range, "diverging"),
      caption: [`${i + 1}: ${formatPercent(shares[i]!)}`],
    }),
  );
  const meanRange = brightnessRange(mean.toTypedArray());
  const meanTile = { ...tileOf(mean.toTypedArray(), batch, meanRange, "grey"), caption: ["mean image"] };
  const panels: Panel[] = [
    { tiles: [meanTile, ...tiles], columns: columnsFor(shown + 1, 8), pixel, title: "Mean and components" },
  ];
  const held = shares.reduce((sum, share) => sum + share, 0);
  const rebuilt = images === undefined ? null : rebuild(model, images, options.counts);
  if (rebuilt) panels.push(rebuilt.panel);
  const more = shown < model.d ? `; the first ${shown} shown` : "";
  const text = `${countOf(model.d, "component")} of ${formatShape(mean.shape)} images hold ${formatPercent(held)} of the variance${more}${rebuilt?.text ?? ""}.`;
  return picture(
    {
      title: options.title ?? "Principal components",
      subtitle: text,
      arrange: "column",
      panels,
      scale: { label: "weight in a component", colours: "diverging", low: range.low, high: range.high },
    },
    text,
  );
}

interface Rebuilt {
  panel: Panel;
  text: string;
}

/** The images, and each row of them made of the first k components alone. */
function rebuild(model: PCA, images: Tensor, counts: readonly number[] = usualCounts(model.d)): Rebuilt {
  if (!isTensor(images) || images.ndim !== model.mean.ndim + 1 || images.shape[0] === 0)
    throw new ShapeError(
      `${operation}: images must be ${formatShape(["N", ...model.mean.shape] as never)}, got ${isTensor(images) ? formatShape(images.shape) : describeValue(images)}`,
    );
  for (const k of counts)
    if (!(Number.isInteger(k) && k >= 0 && k <= model.d))
      throw new ArgumentError(
        `${operation}: counts are whole numbers from 0 to ${model.d}, got ${describeValue(k)}`,
      );
  const count = Math.min(images.shape[0]!, MOST_IMAGES);
  const rows = [{ label: "original", values: Float32Array.from(images.toTypedArray()), error: 0 }];
  withScope(() => {
    const codes = Float64Array.from(model.transform(images).toTypedArray());
    const { values: original } = rows[0]!;
    for (const k of counts) {
      const kept = codes.map((value, i) => (i % model.d < k ? value : 0));
      const made = model.inverse(tensor(kept, { shape: [images.shape[0]!, model.d] }));
      const values = Float32Array.from(made.toTypedArray());
      let squares = 0;
      for (let i = 0; i < values.length; i++) squares += (values[i]! - original[i]!) ** 2;
      rows.push({ label: `${k} of ${model.d}`, values, error: Math.sqrt(squares / values.length) });
    }
  });
  const { channels, height, width } = imageBatch(images, operation);
  const size = { channels, height, width };
  const range = brightnessRange(rows[0]!.values);
  const length = channels * height * width;
  const tiles = rows.flatMap(({ label, values, error }, row) =>
    Array.from(
      { length: count },
      (_, i): Tile => ({
        ...tileOf(plane(values, i, length), size, range, "grey"),
        caption: [i === 0 ? label : i === 1 && row > 0 ? `error ${formatNumber(error, 2)}` : ""],
      }),
    ),
  );
  const last = rows.at(-1)!;
  return {
    panel: {
      title: "Images rebuilt from the first components",
      subtitle: "error: root mean squared, of all images",
      tiles,
      columns: count,
      pixel: pixelFor(height, width, 56),
    },
    text:
      counts.length === 0
        ? ""
        : `; ${counts.at(-1)} of them rebuild images with an error of ${formatNumber(last.error, 2)}`,
  };
}

/** 1, 4, 16 … and all. */
function usualCounts(d: number): number[] {
  const counts: number[] = [];
  for (let k = 1; k < d; k *= 4) counts.push(k);
  return [...counts.slice(-3), d];
}
