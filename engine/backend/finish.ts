/** What follows a product or a convolution, one operation after the other: where a backend has no kernel that does it all at once. */
import type {
  Backend,
  Conv2dFinish,
  Conv2dGeometry,
  MatmulFinish,
  MatmulGeometry,
  Storage,
} from "./backend.ts";

export function finishProduct(
  backend: Backend,
  out: Storage,
  { batch, m, n }: MatmulGeometry,
  { bias, relu }: MatmulFinish,
): void {
  if (bias !== null)
    backend.binary("add", out, bias, out, { shape: [batch * m, n], aStrides: [n, 1], bStrides: [0, 1] });
  if (relu) backend.unary("relu", out, out);
}

export function finishConvolution(
  backend: Backend,
  out: Storage,
  { batch, outChannels, outHeight, outWidth }: Conv2dGeometry,
  { normalize, addend, relu }: Conv2dFinish,
): void {
  if (normalize !== null) {
    const { mean, inverse, weight, bias } = normalize;
    const layout = { outer: batch, channels: outChannels, inner: outHeight * outWidth };
    backend.normalize(out, mean, inverse, weight, bias, out, layout);
  }
  if (addend !== null) backend.binary("add", out, addend, out);
  if (relu) backend.unary("relu", out, out);
}
