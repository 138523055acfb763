/** What follows a convolution, one operation after the other: where a backend has no kernel that does it all at once. */
import type { Backend, Conv2dFinish, Conv2dGeometry, Storage } from "./backend.ts";

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
