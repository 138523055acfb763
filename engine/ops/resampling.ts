/** Images in another size: repeated or interpolated pixels. */
import { withBackend } from "../backend/current.ts";
import { tensor } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { checkFloat, checkTensor, defineOp, type Op } from "../op.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { checkSize2d, type Size2d } from "./convolution.ts";
import { matmul } from "./matmul.ts";
import { expand, reshape } from "./movement.ts";

/** A `[to, from]` matrix on the backend and in the dtype of `like`; `fill` writes row i. */
export function resamplingMatrix(
  from: number,
  to: number,
  like: Tensor,
  fill: (row: Float64Array, i: number) => void,
): Tensor {
  const values = new Float64Array(to * from);
  for (let i = 0; i < to; i++) fill(values.subarray(i * from, (i + 1) * from), i);
  return withBackend(like.holding.backend, () => tensor(values, { shape: [to, from], dtype: like.dtype }));
}

/** `rows · x · columnsᵀ` for every map of `[N, C, H, W]`: what treats rows and columns apart is a product from both sides. */
export function resample(x: Tensor, rows: Tensor, columns: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape as readonly [number, number, number, number];
  const [outHeight, outWidth] = [rows.shape[0]!, columns.shape[0]!];
  const lines = matmul(reshape(x, [batch * channels * height, width]), columns, { transposeB: true });
  const maps = matmul(rows, reshape(lines, [batch * channels, height, outWidth]));
  return reshape(maps, [batch, channels, outHeight, outWidth]);
}

/** Options of `upsample`. */
export interface UpsampleOptions {
  /** How many times larger, in both directions or `[height, width]`; need not be whole. */
  scale?: number | readonly [height: number, width: number];
  /** The new height and width, instead of a scale. */
  size?: Size2d;
  /** `"nearest"` repeats pixels (default), `"bilinear"` interpolates. */
  mode?: "nearest" | "bilinear";
  /** For bilinear: the corners' centres stay where they are (default false: the image's edges do). */
  alignCorners?: boolean;
}

/** Output sizes, and input pixels per output pixel. */
function target(x: Tensor, { scale, size }: UpsampleOptions): { size: number[]; ratio: number[] } {
  const from = x.shape.slice(2);
  if ((scale === undefined) === (size === undefined))
    throw new ArgumentError(
      "upsample: give either a scale, such as { scale: 2 }, or a size, such as { size: [28, 28] }",
    );
  if (size !== undefined) {
    const to = checkSize2d("upsample", "size", size, 1);
    return { size: to, ratio: from.map((n, d) => n / to[d]!) };
  }
  const scales: readonly unknown[] = Array.isArray(scale) ? scale : [scale, scale];
  const to = from.map((n, d) => Math.floor(n * Number(scales[d])));
  if (
    scales.length !== 2 ||
    !scales.every((part) => typeof part === "number" && part > 0) ||
    to.some((n) => n < 1)
  )
    throw new ArgumentError(
      `upsample: scale is a positive number or [height, width], and leaves at least one pixel; got ${Array.isArray(scale) ? `[${scale.join(", ")}]` : describeValue(scale)}`,
    );
  return { size: to, ratio: scales.map((part) => 1 / Number(part)) };
}

/**
 * Images `[N, C, H, W]` in another size: by a scale or to a size. `"nearest"` repeats the pixel at ⌊i · H/H′⌋; `"bilinear"` weighs the
 * four pixels around `(i + ½) · H/H′ − ½`, or with `alignCorners` around `i · (H − 1)/(H′ − 1)`. As PyTorch's
 * `interpolate`. Throws an ArgumentError unless there is either a scale or a size, a ShapeError for what are no
 * images.
 *
 * @example
 * upsample(maps, { scale: 2 })   // [N, C, 7, 7] → [N, C, 14, 14]
 */
export const upsample: Op<[x: Tensor, options: UpsampleOptions]> = defineOp<
  [x: Tensor, options: UpsampleOptions]
>(
  {
    name: "upsample",
    formula:
      "y[i, j] = Σ_{u, v} a[i, u] b[j, v] x[u, v], rows of a and b adding up to 1;  ∂L/∂x = aᵀ · ∂L/∂y · b",
    samples: (make) => [
      [make.normal(2, 3, 2, 3), { scale: 2 }],
      [make.normal(1, 1, 3, 2), { scale: [1, 3] }],
      [make.normal(1, 2, 3, 4), { size: [5, 7] }],
      [make.normal(1, 1, 3, 3), { scale: 1.5, mode: "bilinear" }],
      [make.normal(2, 1, 2, 3), { size: [5, 4], mode: "bilinear" }],
      [make.normal(1, 2, 2, 3), { size: [5, 1], mode: "bilinear", alignCorners: true }],
      [make.normal(1, 1, 6, 4), { size: 2 }],
    ],
    mistakes: (make) => [
      [[make.normal(1, 1, 2, 2), {}], /upsample: give either a scale, such as .* or a size/],
      [[make.normal(1, 1, 2, 2), { scale: 2, size: 4 }], /upsample: give either a scale/],
      [[make.normal(1, 1, 2, 2), { scale: 0 }], /upsample: scale is a positive number .* got 0/],
      [[make.normal(1, 1, 2, 2), { scale: 0.1 }], /leaves at least one pixel; got 0\.1/],
      [[make.normal(2, 2), { scale: 2 }], /upsample: the input is \[2, 2\], it should be \[N, C, H, W\]/],
      [[make.normal(1, 1, 2, 2), 2], /upsample: takes its options as an object: \{ scale: … \}; got 2/],
      [
        [make.normal(1, 1, 2, 2), { scale: 2, mode: "cubic" }],
        /upsample: mode is "nearest" or "bilinear"; got the string "cubic"/,
      ],
    ],
  },
  (x, options) => {
    checkOptions("upsample", options ?? {}, ["scale", "size", "mode", "alignCorners"]);
    checkTensor("upsample", x);
    checkFloat("upsample", x);
    if (x.ndim !== 4)
      throw new ShapeError(
        `upsample: the input is ${describeShape(x.shape)}, it should be [N, C, H, W]; add missing dimensions with unsqueeze(0)`,
      );
    const { mode = "nearest", alignCorners = false } = options ?? {};
    const { size, ratio } = target(x, options ?? {});
    if (mode !== "nearest" && mode !== "bilinear")
      throw new ArgumentError(`upsample: mode is "nearest" or "bilinear"; got ${describeValue(mode)}`);
    const [batch, channels, height, width] = x.shape as readonly [number, number, number, number];
    const from = [height, width];
    const times = size.map((n, d) => n / from[d]!);
    if (mode === "nearest" && times.every((n, d) => Number.isInteger(n) && n * ratio[d]! === 1)) {
      const [down, across] = times as [number, number];
      const spread = expand(reshape(x, [batch, channels, height, 1, width, 1]), [
        batch,
        channels,
        height,
        down,
        width,
        across,
      ]);
      return reshape(spread, [batch, channels, ...size]);
    }
    const matrix = (d: number) =>
      resamplingMatrix(from[d]!, size[d]!, x, (row, i) => {
        const last = from[d]! - 1;
        if (mode === "nearest") {
          row[Math.min(Math.floor(i * ratio[d]!), last)] = 1;
          return;
        }
        const place = alignCorners
          ? size[d]! > 1
            ? (i * last) / (size[d]! - 1)
            : 0
          : Math.max(0, (i + 0.5) * ratio[d]! - 0.5);
        const before = Math.min(Math.floor(place), last);
        const after = Math.min(before + 1, last);
        row[before]! += 1 - (place - before);
        row[after]! += place - before;
      });
    return resample(x, matrix(0), matrix(1));
  },
);
