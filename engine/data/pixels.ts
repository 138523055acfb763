/** From bytes to tensors: grey levels 0 … 255 become float32 numbers in [0, 1], labels become int32. */

import { makeEmpty } from "../creation.ts";
import type { Tensor } from "../tensor.ts";

/** `level / 255`, rounded once: the same float32 number everywhere. */
const brightness = Float32Array.from({ length: 256 }, (_, level) => level / 255);

export function imageTensor(operation: string, pixels: Uint8Array, shape: readonly number[]): Tensor {
  const images = makeEmpty(operation, shape, "float32").keep();
  const values = images.storage.values();
  for (let i = 0; i < pixels.length; i++) values[i] = brightness[pixels[i]!]!;
  return images;
}

export function labelTensor(operation: string, labels: Uint8Array): Tensor {
  const made = makeEmpty(operation, [labels.length], "int32").keep();
  made.storage.values().set(labels);
  return made;
}
