/** Small images and kernels as planes of plain numbers, and how their sizes are said: what the pictures of operations share. */
import { tensor } from "../../../engine/creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { type Conv2dOptions, checkSize2d } from "../../../engine/ops/convolution.ts";
import { type PadMode, pad } from "../../../engine/ops/movement.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import type { CellGrid, CellMark } from "../drawing/cells.ts";
import { type NumberSource, numbersOf } from "../values.ts";
import { formatNumber, formatShape } from "../wording.ts";

/** `[channels, height, width]`, row by row. */
export interface Planes {
  values: Float32Array;
  channels: number;
  height: number;
  width: number;
}

/** Rows and columns around an image. */
export interface Margins {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** What is still read as numbers in cells. */
const largest = { channels: 4, side: 64 } as const;

/** Reads `[H, W]` as one plane and `[C, H, W]` as several. */
export function planesOf(
  source: NumberSource,
  what: string,
  mostChannels: number = largest.channels,
): Planes {
  const { shape, values } = numbersOf(source, what);
  const [channels, height, width] = shape.length === 2 ? [1, ...shape] : shape;
  const form = mostChannels === 1 ? "[H, W]" : "[H, W] or [C, H, W]";
  if (shape.length < 2 || shape.length > 3 || !channels || !height || !width)
    throw new ShapeError(`${what} must be ${form} with at least one value, got shape ${formatShape(shape)}`);
  if (channels > mostChannels || Math.max(height, width) > largest.side)
    throw new ShapeError(
      `${what} must be ${form} and small enough to read, at most ${mostChannels > 1 ? `${mostChannels} channels of ` : ""}${largest.side}×${largest.side}, got ${formatShape(shape)}`,
    );
  return { values: Float32Array.from(values), channels, height, width };
}

/** The values of one channel. */
export function channelOf(
  { values, height, width }: Omit<Planes, "channels">,
  channel: number,
): Float32Array {
  return values.subarray(channel * height * width, (channel + 1) * height * width);
}

/** How much a padding adds on each side. */
export function marginsOf(
  operation: string,
  padding: NonNullable<Conv2dOptions["padding"]>,
  kernel: { height: number; width: number },
  dilation: readonly [number, number],
): Margins {
  if (padding === "valid") return { top: 0, bottom: 0, left: 0, right: 0 };
  if (padding === "same") {
    const [tall, wide] = [dilation[0] * (kernel.height - 1), dilation[1] * (kernel.width - 1)];
    const [top, left] = [Math.floor(tall / 2), Math.floor(wide / 2)];
    return { top, bottom: tall - top, left, right: wide - left };
  }
  const [vertical, horizontal] = checkSize2d(operation, "padding", padding, 0);
  return { top: vertical, bottom: vertical, left: horizontal, right: horizontal };
}

/** The number of a place `[row, column]`, row by row; an error where it is not inside. */
export function positionOf(operation: string, at: unknown, size: { height: number; width: number }): number {
  const [row, column] = Array.isArray(at) ? (at as unknown[]) : [];
  const inside = (index: unknown, most: number): index is number =>
    typeof index === "number" && Number.isInteger(index) && index >= 0 && index < most;
  if (!inside(row, size.height) || !inside(column, size.width))
    throw new ArgumentError(
      `${operation}: at must be [row, column] of ${size.height}×${size.width} places, got ${Array.isArray(at) ? `[${at.join(", ")}]` : describeValue(at)}`,
    );
  return row * size.width + column;
}

/** `3×3` or `2×3×3`: a size without its channels where there is one only. */
export function sidesOf({ channels, height, width }: Omit<Planes, "values">): string {
  return formatShape(channels > 1 ? [channels, height, width] : [height, width]);
}

/** `2`, or `2×1` where the directions differ. */
export function pairText([vertical, horizontal]: readonly [number, number]): string {
  return vertical === horizontal ? String(vertical) : `${vertical}×${horizontal}`;
}

/** A number in a sum or product: negative ones in brackets. */
export function bracketed(value: number): string {
  return value < 0 ? `(${formatNumber(value, 5)})` : formatNumber(value, 5);
}

/** As the engine's batch of one, `[1, C, H, W]`. */
export function batchOf({ values, channels, height, width }: Planes): Tensor {
  return tensor(values, { shape: [1, channels, height, width] });
}

/** The first sample of a batch `[N, C, H, W]`. */
export function firstOf(batch: Tensor): Planes {
  const [, channels, height, width] = batch.shape as [number, number, number, number];
  const values = Float32Array.from(batch.toTypedArray().subarray(0, channels * height * width));
  return { values, channels, height, width };
}

/** The image with its border. */
export function padded(
  image: Tensor,
  { top, bottom, left, right }: Margins,
  fill: number | PadMode = 0,
): Tensor {
  const none = [0, 0] as const;
  return top + bottom + left + right === 0
    ? image
    : pad(image, [none, none, [top, bottom], [left, right]], fill);
}

/** 1 for the cells of a padded image that belong to its border. */
export function borderOf({ height, width }: { height: number; width: number }, margins: Margins): Uint8Array {
  const { top, bottom, left, right } = margins;
  return Uint8Array.from({ length: height * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    return row < top || row >= height - bottom || column < left || column >= width - right ? 1 : 0;
  });
}

/** The first channel as a matrix on the sheet. */
export function gridOf(
  title: string,
  { values, height, width }: Planes,
  marks: readonly CellMark[],
): CellGrid {
  return { title, rows: height, columns: width, values, marks };
}
