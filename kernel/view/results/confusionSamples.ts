/** The images beside a confusion matrix: some samples of the square that is chosen by a click. */
import { ShapeError } from "../../../engine/errors.ts";
import { tileUrl } from "../drawing/blit.ts";
import type { ChartSpec } from "../drawing/chart.ts";
import { brightnessRange, imageBatch, plane, thinning, tileOf } from "../drawing/grid.ts";
import { ink } from "../theme.ts";
import type { NumberSource } from "../values.ts";
import { countOf } from "../wording.ts";
import type { Pairs } from "./confusion.ts";

/** A sample's image beside the matrix. */
export interface Sample {
  actual: string;
  predicted: string;
  /** Place among the samples of its square. */
  place: number;
  url: string;
}

const COLUMNS = 3;

/** Some images of each square, mistakes first: as many of each as the display may weigh. */
export function samplesOf(
  { predicted, actual }: Pairs,
  source: NumberSource,
  names: readonly string[],
): Sample[] {
  const batch = imageBatch(source, "show.confusionMatrix: images");
  if (batch.count !== actual.length)
    throw new ShapeError(
      `show.confusionMatrix: ${countOf(batch.count, "image")} for ${countOf(actual.length, "sample")}`,
    );
  const squares = new Map<string, number[]>();
  for (const [i, label] of actual.entries()) {
    const square = `${label} ${predicted[i]}`;
    squares.set(square, [...(squares.get(square) ?? []), i]);
  }
  const wrongFirst = [...squares.values()].sort(
    ([a], [b]) => Number(actual[a!] === predicted[a!]) - Number(actual[b!] === predicted[b!]),
  );
  // Round by round, so that each square has one before any has two.
  const chosen = Array.from({ length: COLUMNS * COLUMNS }, (_, place) =>
    wrongFirst.flatMap((list) => (place < list.length ? [{ index: list[place]!, place }] : [])),
  ).flat();
  const range = brightnessRange(batch.values);
  const side = Math.max(batch.height, batch.width);
  const step = Math.max(thinning(batch), Math.ceil(side / 32));
  const length = batch.channels * batch.height * batch.width;
  const samples: Sample[] = [];
  let weight = 0;
  for (const { index, place } of chosen) {
    const tile = tileOf(plane(batch.values, index, length), batch, range, "grey", step);
    const url = tileUrl(tile, 1);
    weight += url.length;
    if (weight > MOST_CHARACTERS) break;
    samples.push({ actual: names[actual[index]!]!, predicted: names[predicted[index]!]!, place, url });
  }
  return samples;
}

/** Of the images' addresses: the display stays below 200 KB. */
const MOST_CHARACTERS = 110_000;

const SAMPLE_SIDE = 56;

/** The images of the chosen square under what it is. */
export function sampleGrid(samples: readonly Sample[], squares: readonly object[]): ChartSpec {
  const rows = Math.ceil((Math.max(...samples.map(({ place }) => place)) + 1) / COLUMNS);
  const chosen = { filter: { param: "square", empty: false } };
  return {
    width: COLUMNS * (SAMPLE_SIDE + 4),
    height: rows * (SAMPLE_SIDE + 4) + 34,
    view: { stroke: null },
    layer: [
      {
        data: { values: squares },
        transform: [
          chosen,
          { calculate: "datum.actual + ' taken for ' + datum.predicted", as: "wrong" },
          {
            calculate: "datum.actual === datum.predicted ? datum.actual + ' recognised' : datum.wrong",
            as: "name",
          },
          {
            calculate: "format(datum.count, ',') + (datum.count === 1 ? ' sample' : ' samples')",
            as: "many",
          },
        ],
        encoding: { x: { value: 0 } },
        layer: [
          {
            mark: {
              type: "text",
              align: "left",
              baseline: "top",
              fontWeight: "bold",
              limit: 220,
              color: ink.strong,
            },
            encoding: { y: { value: 0 }, text: { field: "name" } },
          },
          {
            mark: { type: "text", align: "left", baseline: "top", color: ink.muted },
            encoding: { y: { value: 15 }, text: { field: "many" } },
          },
        ],
      },
      {
        data: { values: samples },
        transform: [
          chosen,
          { calculate: `(datum.place % ${COLUMNS}) * ${SAMPLE_SIDE + 4} + ${SAMPLE_SIDE / 2}`, as: "x" },
          {
            calculate: `floor(datum.place / ${COLUMNS}) * ${SAMPLE_SIDE + 4} + ${34 + SAMPLE_SIDE / 2}`,
            as: "y",
          },
        ],
        mark: { type: "image", width: SAMPLE_SIDE, height: SAMPLE_SIDE, smooth: false },
        encoding: {
          x: { field: "x", type: "quantitative", scale: null, axis: null },
          y: { field: "y", type: "quantitative", scale: null, axis: null },
          url: { field: "url" },
        },
      },
    ],
  };
}
