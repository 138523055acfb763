/** Vectors as points in the plane: embeddings of two numbers as they are, longer ones along their main directions. */
import { pca } from "../../../engine/classical/index.ts";
import { tensor } from "../../../engine/creation.ts";
import { ArgumentError, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { checkOptions } from "../../../engine/options.ts";
import { chart, someOf } from "../drawing/chart.ts";
import { type Dot, planeChart, type Range } from "../learning/scatter.ts";
import type { Displayable } from "../mime.ts";
import { classNumbers, type NumberSource, numbersOf } from "../values.ts";
import { countOf, formatCount, formatPercent, formatShape } from "../wording.ts";

/** Options of `embedding`. */
export interface EmbeddingOptions {
  /** Class of each vector: numbers, or names. */
  labels?: NumberSource | readonly string[];
  /** Names for class numbers. */
  classes?: readonly string[];
  /** A title above the chart. */
  title?: string;
}

/** More vectors than this make the search for directions slow, and are not drawn anyway. */
const MOST_VECTORS = 2000;

/**
 * Draws vectors `[N, D]` as points, coloured and shaped by class. Two numbers are coordinates; longer vectors (or images, or
 * feature maps, each as one vector) are projected on the two directions in which they vary most (PCA), and the sentence says how
 * much of their variance that shows. Vectors that are not finite are left out.
 *
 * @throws ShapeError where there are no vectors, or more or fewer labels than vectors.
 * @example
 * show.embedding(encoder(test.images), { labels: test.labels, classes: test.classes });
 */
export function embedding(vectors: NumberSource, options: EmbeddingOptions = {}): Displayable {
  checkOptions("show.embedding", options, ["labels", "classes", "title"]);
  const { shape, values } = numbersOf(vectors, "show.embedding");
  const count = shape[0] ?? 0;
  const width = shape.slice(1).reduce((product, size) => product * size, 1);
  if (shape.length < 2 || count * width === 0 || width < 2)
    throw new ShapeError(
      `show.embedding: expected vectors [N, D] of two numbers or more, got shape ${formatShape(shape)}`,
    );
  const labels = options.labels && labelNames(options.labels, options.classes, count);
  const finite = Array.from({ length: count }, (_, i) => i).filter((i) =>
    everyFinite(values, i * width, width),
  );
  if (finite.length === 0)
    throw new ShapeError("show.embedding: no vector is finite; look where NaN begins with detectAnomaly");
  const taken = someOf(finite, MOST_VECTORS);
  const { places, shares } = project(taken, values, width);
  const dots = taken.map((index, i): Dot => {
    const place = { x: places[2 * i]!, y: places[2 * i + 1]! };
    return labels === undefined ? place : { ...place, class: labels[index]! };
  });
  const left = count - finite.length;
  const text = embeddingSentence(count, width, shares, labels, left);
  const named = labels === undefined ? [] : (options.classes ?? [...new Set(labels)].sort(byNumber));
  const spec = planeChart({
    operation: "show.embedding",
    title: options.title ?? "Embedding",
    subtitle: text,
    names:
      shares === null
        ? ["first coordinate", "second coordinate"]
        : ["first main direction", "second main direction"],
    x: rangeOf(dots.map(({ x }) => x)),
    y: rangeOf(dots.map(({ y }) => y)),
    dots,
    classes: named.filter((name) => labels?.includes(name)),
  });
  return chart(spec, text);
}

function labelNames(
  labels: NumberSource | readonly string[],
  classes: readonly string[] | undefined,
  count: number,
): string[] {
  const names =
    Array.isArray(labels) && labels.every((label) => typeof label === "string")
      ? [...(labels as string[])]
      : classNumbers(labels as NumberSource, "show.embedding: labels").map((label) => {
          const name = classes === undefined ? String(label) : classes[label];
          if (name === undefined)
            throw new ArgumentError(
              `show.embedding: labels hold class ${label}, but there are ${countOf(classes!.length, "class name")}`,
            );
          return name;
        });
  if (names.length !== count)
    throw new ShapeError(
      `show.embedding: ${countOf(names.length, "label")} for ${countOf(count, "vector")}; give one for each`,
    );
  return names;
}

const byNumber = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

function everyFinite(values: ArrayLike<number>, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (!Number.isFinite(values[i]!)) return false;
  return true;
}

/** Two coordinates of each vector; with their shares of the variance where they are main directions. */
function project(
  indices: readonly number[],
  values: ArrayLike<number>,
  width: number,
): { places: ArrayLike<number>; shares: readonly number[] | null } {
  const rows = new Float32Array(indices.length * width);
  for (const [row, index] of indices.entries())
    for (let j = 0; j < width; j++) rows[row * width + j] = values[index * width + j]!;
  if (width === 2) return { places: rows, shares: null };
  // Fewer than three vectors, or all of them equal, have no two directions.
  const varied = rows.some((value, i) => i >= width && value !== rows[i % width]);
  if (indices.length < 3 || !varied) return { places: firstTwo(rows, width), shares: null };
  return noGrad(() => {
    const x = tensor(rows).reshape([indices.length, width]);
    const main = pca({ components: 2 }).fit(x);
    return {
      places: main.transform(x).toTypedArray(),
      shares: Array.from(main.varianceShares.toTypedArray()),
    };
  });
}

const firstTwo = (rows: Float32Array, width: number): Float32Array => rows.filter((_, i) => i % width < 2);

/** A little more than the values need; of equal ones a range around them. */
function rangeOf(values: readonly number[]): Range {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const reach = (high - low) * 0.05 || Math.abs(low) * 0.1 || 1;
  return [low - reach, high + reach];
}

/** "300 vectors of 84 numbers, 10 classes, along their two main directions, which hold 41.0 % of the variance." */
function embeddingSentence(
  count: number,
  width: number,
  shares: readonly number[] | null,
  labels: readonly string[] | undefined,
  left: number,
): string {
  const classes = labels === undefined ? "" : `, ${countOf(new Set(labels).size, "class", "classes")}`;
  const held =
    shares === null
      ? ""
      : `, along their two main directions, which hold ${formatPercent(shares.reduce((sum, share) => sum + share, 0))} of the variance`;
  const note = left > 0 ? `; ${formatCount(left)} left out: not finite` : "";
  return `${countOf(count, "vector")} of ${formatCount(width)} numbers${classes}${held}${note}.`;
}
