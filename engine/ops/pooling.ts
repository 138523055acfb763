/** Windows over images: the largest value, the mean. */
import type { Pool2dGeometry } from "../backend/backend.ts";
import { makeEmpty } from "../creation.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import { checkFloat, checkTensor, defineOp, type Op, type Primitive, run, type SampleMaker } from "../op.ts";
import { describeShape, type Shape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { checkSize2d, countWindows, type Size2d } from "./convolution.ts";
import { gather } from "./indexing.ts";

export interface Pool2dOptions {
  /** Distance between windows; the window's size by default, so that windows do not overlap. */
  stride?: Size2d;
  /** Rows and columns around the input that never win a maximum and count in no average; at most half the window. */
  padding?: Size2d;
}

function resolve(name: string, x: Tensor, kernel: Size2d, options: Pool2dOptions): Pool2dGeometry {
  checkTensor(name, x);
  checkFloat(name, x);
  if (x.ndim !== 4)
    throw new ShapeError(
      `${name}: the input is ${describeShape(x.shape)}, it should be [N, C, H, W]; add missing dimensions with unsqueeze(0)`,
    );
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
    outHeight: countWindows(name, "height", inHeight, kernelHeight, strideHeight, 2 * padTop),
    outWidth: countWindows(name, "width", inWidth, kernelWidth, strideWidth, 2 * padLeft),
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
 * the mean is over the part of the window inside the image (PyTorch's `count_include_pad=False`).
 */
export const avgPool2d: PoolOp = defineOp<PoolArgs>(
  {
    name: "avgPool2d",
    formula: "y[i, j] = mean_{u, v} x[i·s + u, j·s + v];  ∂L/∂x = ∂L/∂y / (pixels in the window)",
    samples,
    mistakes: mistakes("avgPool2d"),
  },
  (x, kernel, options = {}) => {
    const geometry = resolve("avgPool2d", x, kernel, options);
    return run(avgPooling, [x], { geometry, leading: x.shape.slice(0, 2) });
  },
);
