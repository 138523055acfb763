/** Values over a plane as one small image: bands of colour with lines of equal value between them. */
import { type ColourMapName, colourTable, nonFinite, type Rgb } from "../colours.ts";
import { type Point, powersAxis } from "../drawing/chart.ts";
import { encodePng } from "../drawing/png.ts";
import { mixed } from "./scatter.ts";

/** Values at the places of a grid, and how they become colours. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  /** Row by row from the lowest y. */
  readonly values: ArrayLike<number>;
}

/** Bands from `low` to `high`, of equal width in the values or, where they span powers of ten, in their logarithms. */
export interface Bands {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly colours: ColourMapName;
}

const BANDS = 14;
/** About as many pixels along a side as the picture has on the screen. */
const SIDE = 380;

/** Bands for these values: logarithmic where all are positive and the highest is 30 times the lowest or more. */
export function bandsOf(values: ArrayLike<number>, colours: ColourMapName): Bands {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return { low: 0, high: 1, log: false, colours };
  return { low, high: high > low ? high : low + 1, log: low > 0 && high > 30 * low, colours };
}

/** The grid as a PNG in a `data:` address, interpolated between its places. */
export function contourImage({ columns, rows, values }: Grid, { low, high, log, colours }: Bands): string {
  const finer = Math.max(1, Math.round(SIDE / Math.max(columns, rows)));
  const [width, height] = [(columns - 1) * finer + 1, (rows - 1) * finer + 1];
  const [start, end] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const band = new Int16Array(width * height);
  for (let row = 0, at = 0; row < height; row++) {
    const bottom = Math.min(Math.floor(row / finer), Math.max(0, rows - 2));
    const up = row / finer - bottom;
    for (let column = 0; column < width; column++, at++) {
      const left = Math.min(Math.floor(column / finer), Math.max(0, columns - 2));
      const value = between(values, bottom * columns + left, columns, column / finer - left, up);
      const share = ((log ? Math.log(value) : value) - start) / (end - start);
      band[at] = Number.isNaN(share) ? -1 : Math.max(0, Math.min(BANDS - 1, Math.floor(share * BANDS)));
    }
  }
  const table = Array.from({ length: BANDS }, (_, i) => bandColour(i, colours));
  const lines = table.map((colour) => mixed(colour, [255, 255, 255], 0.35));
  const rgba = new Uint8Array(4 * width * height).fill(255);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const here = band[at]!;
      const edge =
        (column + 1 < width && band[at + 1] !== here) || (row + 1 < height && band[at + width] !== here);
      const colour: Rgb = here < 0 ? nonFinite.nan : (edge ? lines : table)[here]!;
      // Images begin at the top, where y is largest.
      const pixel = 4 * ((height - 1 - row) * width + column);
      rgba[pixel] = colour[0];
      rgba[pixel + 1] = colour[1];
      rgba[pixel + 2] = colour[2];
    }
  }
  return `data:image/png;base64,${encodePng(rgba, width, height, { exact: true }).toString("base64")}`;
}

function bandColour(band: number, colours: ColourMapName): Rgb {
  const table = colourTable(colours);
  const level = 3 * Math.round((255 * (band + 0.5)) / BANDS);
  return [table[level]!, table[level + 1]!, table[level + 2]!];
}

/** The value between four neighbours; that of a corner right on it, whatever the others are. */
export function between(
  values: ArrayLike<number>,
  corner: number,
  columns: number,
  right: number,
  up: number,
): number {
  const mix = (a: number, b: number, share: number) =>
    share === 0 ? a : share === 1 ? b : a * (1 - share) + b * share;
  const below = mix(values[corner]!, values[corner + 1]!, right);
  if (up === 0) return below;
  return mix(below, mix(values[corner + columns]!, values[corner + columns + 1]!, right), up);
}

/** The powers of ten from low to high. */
function powersWithin(low: number, high: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, i) => Number(`1e${first + i}`));
}

/** A chart layer that draws nothing but the legend of the bands, and the axes, which need a mark with coordinates. */
export function bandsLegend({ low, high, log }: Bands, title: string, height: number, corner: Point): object {
  const digits = (value: number) => Number(value.toPrecision(4));
  return {
    data: { values: [low, high].map((value) => ({ value: digits(value), ...corner })) },
    mark: { type: "point", opacity: 0, size: 0 },
    encoding: {
      fill: {
        field: "value",
        type: "quantitative",
        title,
        scale: { type: log ? "log" : "linear", scheme: "viridis", domain: [digits(low), digits(high)] },
        legend: {
          type: "gradient",
          gradientLength: Math.min(160, height - 60),
          ...(log ? powersAxis(powersWithin(low, high)).axis : {}),
          ...(log ? {} : { tickCount: 6 }),
        },
      },
    },
  };
}
