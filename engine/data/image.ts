/** `data.image`: one picture from a PNG or JPEG file as a tensor, in another size where asked. */

import { makeEmpty } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { withScope } from "../memory.ts";
import { checkSize2d } from "../ops/convolution.ts";
import { resample, resamplingMatrix } from "../ops/resampling.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { MissingDataError } from "./errors.ts";
import type { FileAccess } from "./fileAccess.ts";
import type { DecodedImage } from "./imageDecoding.ts";

/** Options of `image` and `imageFolder`. */
export interface ImageOptions {
  /** One channel of brightness, 0.299 R + 0.587 G + 0.114 B, instead of red, green and blue; false unless told. */
  readonly grey?: boolean;
  /** The height and width to resize to: one number for a square, or `[height, width]`. The proportions may change. */
  readonly size?: number | readonly [height: number, width: number];
}

/**
 * The picture in a PNG or JPEG file, `[3, H, W]` float32 in [0, 1], or `[1, H, W]` with `grey`. Transparent pixels are laid over
 * white; a JPEG is turned upright as its camera noted (Exif orientation). `size` resizes bilinearly; shrinking, the weights widen to the
 * pixels that become one, so that fine patterns fade instead of flickering (PyTorch's `interpolate` with `antialias`). Throws a
 * DataError for a broken file, another format or more than 64 million pixels, a MissingDataError where there is no file.
 *
 * @example
 * const cat = await data.image("cat.jpg", { size: 64 });   // [3, 64, 64]
 */
export async function image(path: string, options: ImageOptions = {}): Promise<Tensor> {
  checkImageOptions("data.image", path, options);
  const { nodeFiles } = await import("./nodeFiles.ts");
  const file = nodeFiles.absolute(path);
  if (!(await nodeFiles.isFile(file)))
    throw new MissingDataError(
      (await nodeFiles.isFolder(file))
        ? `data.image: ${file} is a folder; data.imageFolder reads folders of images`
        : `data.image: there is no file ${file}; a path is relative to the notebook's folder`,
    );
  return readImage("data.image", nodeFiles, file, options);
}

/** The image of a file that exists. */
export async function readImage(
  operation: string,
  access: FileAccess,
  file: string,
  { grey = false, size }: ImageOptions,
): Promise<Tensor> {
  const { decodeImage } = await import("./imageDecoding.ts");
  const decoded = decodeImage(await access.read(file), file);
  return withScope(() => {
    const picture = toTensor(operation, decoded, grey);
    return (size === undefined ? picture : resize(picture, checkSize2d(operation, "size", size, 1))).keep();
  });
}

/** @internal A path and the options of both readers. */
export function checkImageOptions(operation: string, path: unknown, options: ImageOptions): void {
  if (typeof path !== "string" || path === "")
    throw new ArgumentError(
      `${operation}: path must be the path of a file or folder; got ${describeValue(path)}`,
    );
  checkOptions(operation, options, ["size", "grey"]);
  const { grey, size } = options;
  if (grey !== undefined && typeof grey !== "boolean")
    throw new ArgumentError(`${operation}: grey must be true or false; got ${describeValue(grey)}`);
  if (size !== undefined) checkSize2d(operation, "size", size, 1);
}

/** Weights of the brightness in red, green and blue (ITU-R BT.601), as PyTorch's and Pillow's grey. */
const brightness = [0.299, 0.587, 0.114] as const;

/** `[H, W, 3]` to `[C, H, W]`. */
function toTensor(operation: string, { width, height, rgb }: DecodedImage, grey: boolean): Tensor {
  const pixels = width * height;
  const made = makeEmpty(operation, [grey ? 1 : 3, height, width], "float32");
  const values = made.storage.values();
  for (let i = 0; i < pixels; i++) {
    const [red, green, blue] = [rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!];
    if (grey) values[i] = brightness[0] * red + brightness[1] * green + brightness[2] * blue;
    else {
      values[i] = red;
      values[pixels + i] = green;
      values[2 * pixels + i] = blue;
    }
  }
  return made;
}

/** `[C, H, W]` in another size. */
function resize(picture: Tensor, [height, width]: readonly [number, number]): Tensor {
  const [channels, fromHeight, fromWidth] = picture.shape as readonly [number, number, number];
  const batch = picture.reshape([1, channels, fromHeight, fromWidth]);
  const rows = smoothingMatrix(fromHeight, height, picture);
  const columns = smoothingMatrix(fromWidth, width, picture);
  return resample(batch, rows, columns).reshape([channels, height, width]);
}

/** Triangles around `(i + ½) · from/to`, as wide as the pixels that become one, at least one; each row adds up to 1. */
function smoothingMatrix(from: number, to: number, like: Tensor): Tensor {
  const ratio = from / to;
  const reach = Math.max(ratio, 1);
  return resamplingMatrix(from, to, like, (row, i) => {
    const weights = row.map((_, j) => Math.max(0, 1 - Math.abs(j + 0.5 - (i + 0.5) * ratio) / reach));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    row.set(weights.map((weight) => weight / total));
  });
}
