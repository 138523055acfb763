/** Windows as columns, and layers whose weights differ from place to place. */
import { withBackend } from "../backend/current.ts";
import { tensor } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { checkFloat, checkSameDType, checkTensor, defineOp, type Op } from "../op.ts";
import { checkOptions } from "../options.ts";
import { describeShape, sameShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { checkSize2d, conv2d, type Size2d } from "./convolution.ts";
import { add } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { permute, reshape } from "./movement.ts";

/** Options of `locallyConnected2d` and `unfold2d`. */
export interface WindowOptions {
  /** Step of the window (default 1); one number, or `[vertical, horizontal]`. */
  stride?: Size2d;
  /** Zeros around the input: a number, `[height, width]`, `"valid"` (none), or `"same"` (stride 1 only). */
  padding?: Size2d | "valid" | "same";
  /** Distance between the window's taps. */
  dilation?: Size2d;
}

const known = ["stride", "padding", "dilation"] as const;

/** `[N, C · kH · kW, H′, W′]`: every window of every channel, one number per channel of a convolution that picks it. */
function windows(name: string, x: Tensor, kernel: Size2d, options: WindowOptions): Tensor {
  checkTensor(name, x);
  checkFloat(name, x);
  if (x.ndim !== 4)
    throw new ShapeError(
      `${name}: the input is ${describeShape(x.shape)}, it should be [N, C, H, W]; add missing dimensions with unsqueeze(0)`,
    );
  const [height, width] = checkSize2d(name, "the window (kernel)", kernel, 1);
  const channels = x.shape[1]!;
  const taps = height * width;
  const picks = new Float64Array(channels * taps * taps);
  for (let channel = 0; channel < channels; channel++)
    for (let tap = 0; tap < taps; tap++) picks[(channel * taps + tap) * taps + tap] = 1;
  const shape = [channels * taps, 1, height, width];
  const weight = withBackend(x.holding.backend, () => tensor(picks, { shape, dtype: x.dtype }));
  return conv2d(x, weight, null, { ...options, groups: channels });
}

/**
 * The windows of an image as columns: `[N, C, H, W]` → `[N, C·kH·kW, L]`, L windows in reading order. A convolution is the product of
 * the filters, as rows, with this matrix. As PyTorch's `unfold`. Throws a ShapeError when the window does not fit the
 * input.
 *
 * @example
 * unfold2d(zeros([1, 3, 8, 8]), 3, { padding: 1 })   // [1, 27, 64]
 */
export const unfold2d: Op<[x: Tensor, kernel: Size2d, options?: WindowOptions]> = defineOp<
  [x: Tensor, kernel: Size2d, options?: WindowOptions]
>(
  {
    name: "unfold2d",
    formula:
      "y[c·kH·kW + u·kW + v, l] = x[c, i·s + u·d − p, j·s + v·d − p], l = i·W′ + j;  ∂L/∂x adds up where windows overlap",
    samples: (make) => [
      [make.normal(1, 1, 3, 4), 2],
      [make.normal(2, 3, 5, 4), [3, 2], { stride: 2, padding: 1 }],
      [make.normal(1, 2, 5, 5), 2, { dilation: 2 }],
    ],
    mistakes: (make) => [
      [[make.normal(3, 3), 2], /unfold2d: the input is \[3, 3\], it should be \[N, C, H, W\]/],
      [[make.normal(1, 1, 3, 3), 0], /unfold2d: the window \(kernel\) is a whole number from 1 up/],
      [[make.normal(1, 1, 3, 3), 4], /kernel 4 does not fit an input of height 3/],
    ],
  },
  (x, kernel, options = {}) => {
    checkOptions("unfold2d", options, known);
    const columns = windows("unfold2d", x, kernel, options);
    const [batch, rows, height, width] = columns.shape as readonly [number, number, number, number];
    return reshape(columns, [batch, rows, height * width]);
  },
);

/**
 * As a convolution, but every place has filters of its own: `x [N, C, H, W]`, `weight [H′, W′, out, C, kH, kW]`, `bias [out, H′, W′]` or
 * null → `[N, out, H′, W′]`. The layer between fully connected and convolutional: local, but nothing shared. Throws a
 * ShapeError when there are filters for another number of places or channels.
 */
export const locallyConnected2d: Op<
  [x: Tensor, weight: Tensor, bias?: Tensor | null, options?: WindowOptions]
> = defineOp<[x: Tensor, weight: Tensor, bias?: Tensor | null, options?: WindowOptions]>(
  {
    name: "locallyConnected2d",
    formula: "y[o, i, j] = b[o, i, j] + Σ_{c, u, v} w[i, j, o, c, u, v] · x[c, i·s + u·d − p, j·s + v·d − p]",
    samples: (make) => [
      [make.normal(2, 1, 3, 3), make.normal(2, 2, 3, 1, 2, 2), make.normal(3, 2, 2)],
      [make.normal(1, 2, 5, 4), make.normal(3, 2, 1, 2, 3, 3), null, { stride: 2, padding: 1 }],
      [make.normal(1, 1, 2, 3), make.normal(2, 3, 1, 1, 2, 2), null, { padding: "same" }],
    ],
    mistakes: (make) => [
      [
        [make.normal(1, 1, 4, 4), make.normal(2, 2, 3, 1, 2, 2)],
        /locallyConnected2d: there are 3 × 3 places, the weight \[2, 2, 3, 1, 2, 2\] has filters for 2 × 2/,
      ],
      [
        [make.normal(1, 2, 3, 3), make.normal(2, 2, 3, 1, 2, 2)],
        /locallyConnected2d: the input \[1, 2, 3, 3\] has 2 channels, the weight takes 1/,
      ],
      [
        [make.normal(1, 1, 3, 3), make.normal(3, 1, 2, 2)],
        /locallyConnected2d: the weight is \[3, 1, 2, 2\], it should be \[H′, W′, out, C, kH, kW\]/,
      ],
      [
        [make.normal(1, 1, 3, 3), make.normal(2, 2, 3, 1, 2, 2), make.normal(3)],
        /locallyConnected2d: the bias is \[3\], it should be \[3, 2, 2\]/,
      ],
    ],
  },
  (x, weight, bias = null, options = {}) => {
    const name = "locallyConnected2d";
    checkOptions(name, options, known);
    checkTensor(name, x, "input");
    checkTensor(name, weight, "weight");
    checkSameDType(name, x, weight);
    if (weight.ndim !== 6)
      throw new ShapeError(
        `${name}: the weight is ${describeShape(weight.shape)}, it should be [H′, W′, out, C, kH, kW]`,
      );
    const [height, width, out, channels, kernelHeight, kernelWidth] = weight.shape as readonly [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    if (x.ndim === 4 && x.shape[1] !== channels)
      throw new ShapeError(
        `${name}: the input ${describeShape(x.shape)} has ${x.shape[1]} channels, the weight takes ${channels}; make both equal (is the layout [N, C, H, W]?)`,
      );
    const columns = windows(name, x, [kernelHeight, kernelWidth], options);
    const [batch, taps, rows, places] = columns.shape as readonly [number, number, number, number];
    if (rows !== height || places !== width)
      throw new ShapeError(
        `${name}: there are ${rows} × ${places} places, the weight ${describeShape(weight.shape)} has filters for ${height} × ${width}; make it for inputs of this size`,
      );
    if (bias !== null) {
      checkTensor(name, bias, "bias");
      if (!sameShape(bias.shape, [out, height, width]))
        throw new ShapeError(
          `${name}: the bias is ${describeShape(bias.shape)}, it should be ${describeShape([out, height, width])}`,
        );
    }
    const perPlace = permute(reshape(columns, [batch, taps, height * width]), [2, 0, 1]);
    const products = matmul(perPlace, reshape(weight, [height * width, out, taps]), { transposeB: true });
    const y = reshape(permute(products, [1, 2, 0]), [batch, out, height, width]);
    return bias === null ? y : add(y, bias);
  },
);
