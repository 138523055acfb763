/** Windows over images: the largest value, the mean. */
import type { Pool2dGeometry } from "../backend/backend.ts";
import { makeEmpty } from "../creation.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import { checkTensor, defineOp, type Op, type Primitive, run, type SampleMaker } from "../op.ts";
import { checkNames, checkOptions } from "../options.ts";
import { describeShape, type Shape, sameShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { checkSize2d, countWindows, type Size2d } from "./convolution.ts";
import { neg } from "./elementwise.ts";
import { gather, indexSelect } from "./indexing.ts";
import { checkInput } from "./layout.ts";
import { pad, reshape } from "./movement.ts";
import { mean } from "./reduction.ts";
import { resample, resamplingMatrix } from "./resampling.ts";

/** Options of `maxPool2d` and `minPool2d`, with and without indices. */
export interface Pool2dOptions {
  /** Distance between windows; the window's size by default, so that windows do not overlap. */
  stride?: Size2d;
  /** Rows and columns around the input that never win a maximum and count in no average; at most half the window. */
  padding?: Size2d;
  /** Rounds the number of windows up: a remainder at the end makes a smaller window (default false: it is left out). */
  ceilMode?: boolean;
}

/** Options of `avgPool2d`. */
export interface AvgPool2dOptions extends Pool2dOptions {
  /** Counts the padding as zeros, PyTorch's `count_include_pad=True` (default false: the mean is over the image's own pixels). */
  countPadding?: boolean;
}

const known = ["stride", "padding", "ceilMode"] as const;

function resolve(
  name: string,
  x: Tensor,
  kernel: Size2d,
  options: Pool2dOptions,
  names: readonly string[] = known,
): Pool2dGeometry {
  checkNames(name, options, names);
  checkInput(name, x, 4);
  const { ceilMode = false } = options;
  const [kernelHeight, kernelWidth] = checkSize2d(name, "the window (kernel)", kernel, 1);
  const [strideHeight, strideWidth] = checkSize2d(name, "stride", options.stride ?? kernel, 1);
  const [padTop, padLeft] = checkSize2d(name, "padding", options.padding ?? 0, 0);
  if (padTop > kernelHeight / 2 || padLeft > kernelWidth / 2)
    throw new ArgumentError(
      `${name}: padding is at most half the window; got padding ${Math.max(padTop, padLeft)} for a window of ${kernelHeight}×${kernelWidth}`,
    );
  const [batch, channels, inHeight, inWidth] = x.shape as readonly [number, number, number, number];
  return {
    planes: batch * channels,
    inHeight,
    inWidth,
    outHeight: countWindows(name, "height", inHeight, kernelHeight, strideHeight, 2 * padTop, 1, ceilMode),
    outWidth: countWindows(name, "width", inWidth, kernelWidth, strideWidth, 2 * padLeft, 1, ceilMode),
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    padTop,
    padLeft,
  };
}

interface Pooling {
  readonly geometry: Pool2dGeometry;
  readonly leading: Shape;
}

const inShape = ({ geometry, leading }: Pooling): Shape => [...leading, geometry.inHeight, geometry.inWidth];
const outShape = ({ geometry, leading }: Pooling): Shape => [
  ...leading,
  geometry.outHeight,
  geometry.outWidth,
];

type PoolArgs = [x: Tensor, kernel: Size2d, options?: Pool2dOptions];

type PoolOp = Op<PoolArgs>;

const samples = (make: SampleMaker) =>
  [
    [make.distinct(2, 1, 4, 4), 2],
    [make.distinct(1, 2, 5, 7), 2],
    [make.distinct(1, 2, 5, 5), 3, { stride: 2 }],
    [make.distinct(1, 1, 6, 6), [2, 3], { stride: [1, 2] }],
    [make.distinct(1, 1, 5, 5), 3, { stride: 2, padding: 1 }],
    [make.distinct(1, 1, 4, 4), 4],
    [make.distinct(1, 2, 5, 6), 2, { ceilMode: true }],
    [make.distinct(1, 1, 6, 7), 3, { stride: 2, padding: 1, ceilMode: true }],
    [make.distinct(1, 1, 4, 4), 3, { stride: 3, padding: 1, ceilMode: true }],
  ] as PoolArgs[];

const mistakes =
  (name: string) =>
  (make: SampleMaker): [readonly unknown[], RegExp][] => [
    [
      [make.normal(1, 1, 2, 2), 3],
      new RegExp(`${name}: kernel 3 does not fit an input of height 2 \\(no padding\\)`),
    ],
    [[make.normal(4, 4), 2], new RegExp(`${name}: the input is \\[4, 4\\], it should be \\[N, C, H, W\\]`)],
    [
      [make.normal(1, 1, 4, 4), 0],
      new RegExp(`${name}: the window \\(kernel\\) is a whole number from 1 up`),
    ],
    [[make.normal(1, 1, 4, 4)], new RegExp(`${name}: the window \\(kernel\\) .* got undefined`)],
    [[make.normal(1, 1, 4, 4), 2, { padding: 2 }], new RegExp(`${name}: padding is at most half the window`)],
  ];

const maxPooling: Primitive<Pooling> = {
  name: "maxPool2d",
  shape: (_inputs, pooling) => outShape(pooling),
  forward: (backend, [x], out, { geometry }) => {
    const winners = makeEmpty("maxPool2d", out.shape, "int32", backend);
    if (out.size > 0) backend.maxPool2d(x!.storage, out.storage, winners.storage, geometry);
    return winners;
  },
  backward: (g, _y, _inputs, pooling, winners) => [run(maxPoolGradient, [g, winners!], pooling)],
};

const maxPoolGradient: Primitive<Pooling> = {
  name: "maxPool2dGradient",
  shape: (_inputs, pooling) => inShape(pooling),
  forward: (backend, [g, winners], out, { geometry }) => {
    if (g!.size > 0) backend.maxPool2dGradient(g!.storage, winners!.storage, out.storage, geometry);
    else backend.fill(out.storage, 0);
    return null;
  },
  backward: (gg, _y, [g, winners], { geometry }) => {
    const { planes, inHeight, inWidth, outHeight, outWidth } = geometry;
    const flat = gg.reshape([planes, inHeight * inWidth]);
    const positions = winners!.reshape([planes, outHeight * outWidth]);
    return [gather(flat, 1, positions).reshape(g!.shape), null];
  },
};

/**
 * The largest value of each window: `[N, C, H, W]` → `[N, C, H′, W′]`, H′ = ⌊(H + 2·padding − kernel) / stride⌋ + 1, rounded
 * down as in PyTorch (rows that fill no window are not seen). The gradient goes to the winner, the first of equals.
 * Throws a ShapeError when the window does not fit the input, an ArgumentError for a padding above half of it.
 *
 * @example
 * maxPool2d(tensor([[[[1, 2], [3, 4]]]]), 2)   // [[[[4]]]]
 */
export const maxPool2d: PoolOp = defineOp<PoolArgs>(
  {
    name: "maxPool2d",
    formula: "y[i, j] = max_{u, v} x[i·s + u, j·s + v];  ∂L/∂x = ∂L/∂y at the winner, else 0",
    samples,
    mistakes: mistakes("maxPool2d"),
  },
  (x, kernel, options = {}) => {
    const geometry = resolve("maxPool2d", x, kernel, options);
    return run(maxPooling, [x], { geometry, leading: x.shape.slice(0, 2) });
  },
);

/**
 * The smallest value of each window: `[N, C, H, W]` → `[N, C, H′, W′]`, sizes and options as in `maxPool2d`. The gradient goes to the
 * winner, the first of equals. Throws a ShapeError when the window does not fit the input, an ArgumentError for a
 * padding above half of it.
 *
 * @example
 * minPool2d(tensor([[[[1, 2], [3, 4]]]]), 2)   // [[[[1]]]]
 */
export const minPool2d: PoolOp = defineOp<PoolArgs>(
  {
    name: "minPool2d",
    formula: "y[i, j] = min_{u, v} x[i·s + u, j·s + v];  ∂L/∂x = ∂L/∂y at the winner, else 0",
    samples,
    mistakes: mistakes("minPool2d"),
  },
  (x, kernel, options = {}) => {
    const geometry = resolve("minPool2d", x, kernel, options);
    return neg(run(maxPooling, [neg(x)], { geometry, leading: x.shape.slice(0, 2) }));
  },
);

const locating: Primitive<Pooling> = {
  name: "maxPool2dIndices",
  shape: (_inputs, pooling) => outShape(pooling),
  dtype: () => "int32",
  forward: (backend, [x], out, { geometry }) => {
    if (out.size === 0) return null;
    const values = backend.allocate(x!.dtype, out.size);
    backend.maxPool2d(x!.storage, values, out.storage, geometry);
    backend.release(values);
    return null;
  },
  backward: null,
};

/**
 * Where the largest value of each window lies: int32 `[N, C, H′, W′]`, positions `row · W + column` within the map, the first of equals.
 * Arguments as of `maxPool2d`: the switches of a deconvnet. Throws a ShapeError when the window does not fit the
 * input, an ArgumentError for a padding above half of it.
 */
export const maxPool2dIndices: PoolOp = defineOp<PoolArgs>(
  {
    name: "maxPool2dIndices",
    formula: "y[i, j] = argmax_{u, v} x[i·s + u, j·s + v]",
    samples,
    mistakes: mistakes("maxPool2dIndices"),
    differentiable: false,
  },
  (x, kernel, options = {}) => {
    const geometry = resolve("maxPool2dIndices", x, kernel, options);
    return run(locating, [x], { geometry, leading: x.shape.slice(0, 2) });
  },
);

/**
 * Where the smallest value of each window lies: int32 `[N, C, H′, W′]`, positions `row · W + column` within the map, the first of equals.
 * Arguments as of `minPool2d`. Throws a ShapeError when the window does not fit the input, an ArgumentError for a
 * padding above half of it.
 */
export const minPool2dIndices: PoolOp = defineOp<PoolArgs>(
  {
    name: "minPool2dIndices",
    formula: "y[i, j] = argmin_{u, v} x[i·s + u, j·s + v]",
    samples,
    mistakes: mistakes("minPool2dIndices"),
    differentiable: false,
  },
  (x, kernel, options = {}) => {
    const geometry = resolve("minPool2dIndices", x, kernel, options);
    return run(locating, [neg(x)], { geometry, leading: x.shape.slice(0, 2) });
  },
);

/**
 * `[values, indices]` of max pooling: the largest value of each window and where it lies (int32, `row · W + column` within the map), for
 * `maxUnpool2d`. Throws a ShapeError when the window does not fit the input, an ArgumentError for a padding above
 * half of it.
 *
 * @example
 * const [values, switches] = maxPool2dWithIndices(maps, 2);
 * const back = maxUnpool2d(values, switches, 2);
 */
export function maxPool2dWithIndices(
  x: Tensor,
  kernel: Size2d,
  options: Pool2dOptions = {},
): [values: Tensor, indices: Tensor] {
  checkOptions("maxPool2dWithIndices", options, known);
  return [maxPool2d(x, kernel, options), maxPool2dIndices(x, kernel, options)];
}

/**
 * `[values, indices]` of min pooling, as of `maxPool2dWithIndices`. Throws a ShapeError when the window does not fit
 * the input, an ArgumentError for a padding above half of it.
 */
export function minPool2dWithIndices(
  x: Tensor,
  kernel: Size2d,
  options: Pool2dOptions = {},
): [values: Tensor, indices: Tensor] {
  checkOptions("minPool2dWithIndices", options, known);
  return [minPool2d(x, kernel, options), minPool2dIndices(x, kernel, options)];
}

/** Options of `maxUnpool2d`. */
export interface MaxUnpool2dOptions {
  /** As of the pooling that is undone; the window's size by default. */
  stride?: Size2d;
  /** As of the pooling that is undone. */
  padding?: Size2d;
  /** Height and width of the map that was pooled, where several sizes were pooled to the same one. */
  outputSize?: Size2d;
}

const unpooling: Primitive<Shape> = {
  name: "maxUnpool2d",
  shape: (_inputs, shape) => shape,
  forward: (backend, [x, indices], out, shape) => {
    backend.fill(out.storage, 0);
    const planes = shape[0]! * shape[1]!;
    const pixels = shape[2]! * shape[3]!;
    const perPlane = planes === 0 ? 0 : x!.size / planes;
    const from = x!.storage.values();
    const places = indices!.storage.values();
    const to = out.storage.values();
    for (let i = 0, plane = 0; plane < planes; plane++)
      for (const end = i + perPlane; i < end; i++) to[plane * pixels + places[i]!] = from[i]!;
    return null;
  },
  backward: (g, _y, [x, indices], [batch, channels, height, width]) => {
    const planes = batch! * channels!;
    const flat = reshape(g, [planes, height! * width!]);
    const places = reshape(indices!, [planes, planes === 0 ? 0 : x!.size / planes]);
    return [reshape(gather(flat, 1, places), x!.shape), null];
  },
};

/**
 * Puts values back where the largest of each window were, zeros elsewhere: `[N, C, H, W]` → `[N, C, H′, W′]` with
 * H′ = (H − 1)·stride − 2·padding + kernel, or `outputSize`. `indices` are those of `maxPool2dIndices`; where two windows had the same
 * winner its value is written once. Zeiler & Fergus 2013, unpooling with switches. Throws a ShapeError for an index
 * outside the output or not one for each value, a DTypeError for indices that are not int32.
 *
 * @example
 * maxUnpool2d(tensor([[[[4]]]]), tensor([[[[3]]]], { dtype: "int32" }), 2)   // [[[[0, 0], [0, 4]]]]
 */
export const maxUnpool2d: Op<[x: Tensor, indices: Tensor, kernel: Size2d, options?: MaxUnpool2dOptions]> =
  defineOp<[x: Tensor, indices: Tensor, kernel: Size2d, options?: MaxUnpool2dOptions]>(
    {
      name: "maxUnpool2d",
      formula: "y[indices[i, j]] = x[i, j], 0 elsewhere;  ∂L/∂x[i, j] = ∂L/∂y[indices[i, j]]",
      samples: (make) => {
        const switches = (x: Tensor, kernel: Size2d, options?: Pool2dOptions) =>
          maxPool2dIndices(x.detach(), kernel, options);
        return [
          [make.normal(2, 3, 2, 3), switches(make.distinct(2, 3, 4, 6), 2), 2],
          [make.normal(1, 1, 2, 2), switches(make.distinct(1, 1, 5, 5), 2), 2, { outputSize: 5 }],
          [
            make.normal(1, 2, 2, 3),
            switches(make.distinct(1, 2, 4, 7), [2, 3], { padding: [0, 1] }),
            [2, 3],
            { padding: [0, 1] },
          ],
        ];
      },
      mistakes: (make) => [
        [
          [make.normal(1, 1, 2, 2), make.normal(1, 1, 2, 2), 2],
          /maxUnpool2d: the indices are int32, got float.*; take those of maxPool2dWithIndices/,
        ],
        [
          [make.normal(1, 1, 2, 2), make.labels(4, 1, 1, 2, 3), 2],
          /maxUnpool2d: the indices are \[1, 1, 2, 3\], the values \[1, 1, 2, 2\]; each value has one/,
        ],
        [
          [make.normal(1, 1, 1, 1), make.labels(1, 1, 1, 1, 1).add(9), 2],
          /maxUnpool2d: index 9 lies outside the output of 2 × 2; give the size that was pooled as outputSize/,
        ],
        [
          [make.normal(2, 2), make.labels(2, 2, 2), 2],
          /maxUnpool2d: the input is \[2, 2\], it should be \[N, C, H, W\]/,
        ],
      ],
    },
    (x, indices, kernel, options = {}) => {
      const name = "maxUnpool2d";
      checkOptions(name, options, ["stride", "padding", "outputSize"]);
      checkInput(name, x, 4);
      checkTensor(name, indices, "indices");
      if (indices.dtype !== "int32")
        throw new DTypeError(
          `${name}: the indices are int32, got ${indices.dtype}; take those of maxPool2dWithIndices`,
        );
      if (!sameShape(indices.shape, x.shape))
        throw new ShapeError(
          `${name}: the indices are ${describeShape(indices.shape)}, the values ${describeShape(x.shape)}; each value has one`,
        );
      const window = checkSize2d(name, "the window (kernel)", kernel, 1);
      const stride = checkSize2d(name, "stride", options.stride ?? kernel, 1);
      const padding = checkSize2d(name, "padding", options.padding ?? 0, 0);
      const [batch, channels, ...size] = x.shape as readonly [number, number, number, number];
      const [height, width] =
        options.outputSize === undefined
          ? size.map((n, d) => (n - 1) * stride[d]! - 2 * padding[d]! + window[d]!)
          : checkSize2d(name, "outputSize", options.outputSize, 1);
      const pixels = height! * width!;
      for (const index of indices.storage.values())
        if (index < 0 || index >= pixels)
          throw new ShapeError(
            `${name}: index ${index} lies outside the output of ${height} × ${width}; give the size that was pooled as outputSize`,
          );
      return run(unpooling, [x, indices], [batch, channels, height!, width!]);
    },
  );

const avgPooling: Primitive<Pooling> = {
  name: "avgPool2d",
  shape: (_inputs, pooling) => outShape(pooling),
  forward: (backend, [x], out, { geometry }) => {
    if (out.size > 0) backend.avgPool2d(x!.storage, out.storage, geometry);
    return null;
  },
  backward: (g, _y, _inputs, pooling) => [run(avgPoolGradient, [g], pooling)],
};

const avgPoolGradient: Primitive<Pooling> = {
  name: "avgPool2dGradient",
  shape: (_inputs, pooling) => inShape(pooling),
  forward: (backend, [g], out, { geometry }) => {
    if (g!.size > 0) backend.avgPool2dGradient(g!.storage, out.storage, geometry);
    else backend.fill(out.storage, 0);
    return null;
  },
  backward: (gg, _y, _inputs, pooling) => [run(avgPooling, [gg], pooling)],
};

/**
 * The mean of each window: `[N, C, H, W]` → `[N, C, H′, W′]`, sizes as in `maxPool2d`. Padding does not count: at the border
 * the mean is over the part of the window inside the image, unless `countPadding` is set (PyTorch's
 * `count_include_pad`). Throws a ShapeError when the window does not fit the input, an ArgumentError for a padding
 * above half of it.
 *
 * @example
 * avgPool2d(tensor([[[[1, 2], [3, 4]]]]), 2)   // [[[[2.5]]]]
 */
export const avgPool2d: Op<[x: Tensor, kernel: Size2d, options?: AvgPool2dOptions]> = defineOp<
  [x: Tensor, kernel: Size2d, options?: AvgPool2dOptions]
>(
  {
    name: "avgPool2d",
    formula: "y[i, j] = mean_{u, v} x[i·s + u, j·s + v];  ∂L/∂x = ∂L/∂y / (pixels in the window)",
    samples: (make) => [
      ...samples(make),
      [make.normal(1, 2, 5, 4), 3, { stride: 2, padding: 1, countPadding: true }],
      [make.normal(1, 1, 6, 5), 3, { stride: 2, padding: [1, 0], countPadding: true, ceilMode: true }],
    ],
    mistakes: mistakes("avgPool2d"),
  },
  (x, kernel, options = {}) => {
    const geometry = resolve("avgPool2d", x, kernel, options, [...known, "countPadding"]);
    const { padTop, padLeft, inHeight, inWidth } = geometry;
    const leading = x.shape.slice(0, 2);
    if (!options.countPadding || (padTop === 0 && padLeft === 0))
      return run(avgPooling, [x], { geometry, leading });
    const framed = pad(x, [
      [padTop, padTop],
      [padLeft, padLeft],
    ]);
    const within = { inHeight: inHeight + 2 * padTop, inWidth: inWidth + 2 * padLeft, padTop: 0, padLeft: 0 };
    return run(avgPooling, [framed], { geometry: { ...geometry, ...within }, leading });
  },
);

// ── To a given size ──────────────────────────────────────────────────────────────────────────────────────────────────

type AdaptiveArgs = [x: Tensor, outputSize: Size2d];

const adaptiveSamples = (make: SampleMaker): AdaptiveArgs[] => [
  [make.distinct(2, 3, 4, 6), 2],
  [make.distinct(1, 2, 5, 7), [3, 2]],
  [make.distinct(2, 2, 5, 4), 1],
  [make.distinct(1, 1, 2, 3), [4, 3]],
];

const adaptiveMistakes =
  (name: string) =>
  (make: SampleMaker): [readonly unknown[], RegExp][] => [
    [[make.normal(4, 4), 2], new RegExp(`${name}: the input is \\[4, 4\\], it should be \\[N, C, H, W\\]`)],
    [[make.normal(1, 1, 4, 4), 0], new RegExp(`${name}: the output's size is a whole number from 1 up`)],
    [[make.normal(1, 1, 0, 4), 1], new RegExp(`${name}: the input \\[1, 1, 0, 4\\] has no pixels`)],
  ];

/** PyTorch's window i of `to` over `from` positions: from ⌊i·from/to⌋ up to ⌈(i + 1)·from/to⌉. */
const adaptiveWindow = (i: number, from: number, to: number): [start: number, end: number] => [
  Math.floor((i * from) / to),
  Math.ceil(((i + 1) * from) / to),
];

function resolveAdaptive(name: string, x: Tensor, outputSize: Size2d) {
  checkInput(name, x, 4);
  const [outHeight, outWidth] = checkSize2d(name, "the output's size", outputSize, 1);
  const [, , height, width] = x.shape as readonly [number, number, number, number];
  if (height === 0 || width === 0)
    throw new ShapeError(`${name}: the input ${describeShape(x.shape)} has no pixels to choose from`);
  return { height, width, outHeight, outWidth };
}

/**
 * The mean of windows chosen so that the output has the given size, whatever the input's: `[N, C, H, W]` → `[N, C, h, w]`. Window i
 * reaches from ⌊i·H/h⌋ to ⌈(i + 1)·H/h⌉, so windows may differ in size and overlap, as in PyTorch. Size 1 is the mean
 * of each map. Throws a ShapeError for what are no images or have no pixels, an ArgumentError for a size below 1.
 *
 * @example
 * adaptiveAvgPool2d(zeros([1, 512, 9, 12]), 7)   // [1, 512, 7, 7]
 */
export const adaptiveAvgPool2d: Op<AdaptiveArgs> = defineOp<AdaptiveArgs>(
  {
    name: "adaptiveAvgPool2d",
    formula: "y[i, j] = mean of x over rows ⌊i·H/h⌋ … ⌈(i+1)·H/h⌉ − 1 and columns alike",
    samples: adaptiveSamples,
    mistakes: adaptiveMistakes("adaptiveAvgPool2d"),
  },
  (x, outputSize) => {
    const { height, width, outHeight, outWidth } = resolveAdaptive("adaptiveAvgPool2d", x, outputSize);
    if (outHeight === 1 && outWidth === 1) return mean(x, [2, 3], { keepDim: true });
    if (height % outHeight === 0 && width % outWidth === 0)
      return avgPool2d(x, [height / outHeight, width / outWidth]);
    const averages = (from: number, to: number) =>
      resamplingMatrix(from, to, x, (row, i) => {
        const [start, end] = adaptiveWindow(i, from, to);
        row.fill(1 / (end - start), start, end);
      });
    return resample(x, averages(height, outHeight), averages(width, outWidth));
  },
);

/**
 * The largest value of windows chosen so that the output has the given size: `[N, C, H, W]` → `[N, C, h, w]`, windows as of
 * `adaptiveAvgPool2d`. Size 1 is the maximum of each map. The gradient goes to the winner, the first of equals.
 * Throws a ShapeError for what are no images or have no pixels, an ArgumentError for a size below 1.
 */
export const adaptiveMaxPool2d: Op<AdaptiveArgs> = defineOp<AdaptiveArgs>(
  {
    name: "adaptiveMaxPool2d",
    formula: "y[i, j] = max of x over rows ⌊i·H/h⌋ … ⌈(i+1)·H/h⌉ − 1 and columns alike",
    samples: adaptiveSamples,
    mistakes: adaptiveMistakes("adaptiveMaxPool2d"),
  },
  (x, outputSize) => {
    const { height, width, outHeight, outWidth } = resolveAdaptive("adaptiveMaxPool2d", x, outputSize);
    if (height % outHeight === 0 && width % outWidth === 0)
      return maxPool2d(x, [height / outHeight, width / outWidth]);
    // Windows side by side, all as long as the longest: shorter ones repeat their last position, which cannot win again.
    const beside = (from: number, to: number) => {
      const windows = Array.from({ length: to }, (_item, i) => adaptiveWindow(i, from, to));
      const longest = Math.max(...windows.map(([start, end]) => end - start));
      const positions = windows.flatMap(([start, end]) =>
        Array.from({ length: longest }, (_item, k) => Math.min(start + k, end - 1)),
      );
      return { longest, positions };
    };
    const [rows, columns] = [beside(height, outHeight), beside(width, outWidth)];
    const apart = indexSelect(indexSelect(x, 2, rows.positions), 3, columns.positions);
    return maxPool2d(apart, [rows.longest, columns.longest]);
  },
);
