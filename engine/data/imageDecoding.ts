/** PNG and JPEG files as numbers. Node-only, as it takes the packages that decode them; loaded with the first image. */

import { inflateSync } from "node:zlib";
import { decode as decodePngBytes } from "fast-png";
import jpeg from "jpeg-js";
import { DataError } from "./errors.ts";
import { type Orientation, orientationOf } from "./exif.ts";

/** Red, green and blue of every pixel in [0, 1], `[H, W, 3]`. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  readonly rgb: Float32Array;
}

/** More would be a mistake or an attack: a file of a few bytes can claim any size. */
const maximalMegapixels = 64;

/** The image in the bytes of a file, which `file` names in errors, upright; transparent pixels are laid over white. */
export function decodeImage(bytes: Uint8Array, file: string): DecodedImage {
  const kind = kindOf(bytes);
  if (kind !== "PNG" && kind !== "JPEG")
    throw new DataError(
      `${file}: expected a PNG or JPEG image, found ${kind}; save it as PNG with an image program`,
    );
  if (kind === "PNG") checkPngHeader(bytes, file);
  try {
    return kind === "PNG" ? decodePng(bytes) : decodeJpeg(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/maxResolutionInMP|maxMemoryUsageInMB/.test(reason))
      throw new DataError(tooLarge(file, "more"), { cause: error });
    throw new DataError(
      `${file}: expected a whole ${kind} image, found a broken one (${reason}); fetch or save it again`,
      { cause: error },
    );
  }
}

const openings: readonly (readonly [kind: string, opening: RegExp])[] = [
  ["PNG", /^\x89PNG\r\n/],
  ["JPEG", /^\xff\xd8\xff/],
  ["a GIF image", /^GIF8/],
  ["a WebP image", /^RIFF.{4}WEBP/s],
  ["a BMP image", /^BM/],
  ["a TIFF image", /^(II\*\0|MM\0\*)/],
  ["a HEIC or AVIF image", /^.{4}ftyp/s],
  ["text that begins with <: an SVG drawing or a web page saved in its place", /^\s*</],
  ["an empty file", /^$/],
];

/** What the content (not the name) says. */
function kindOf(bytes: Uint8Array): string {
  const opening = String.fromCharCode(...bytes.subarray(0, 16));
  return openings.find(([, pattern]) => pattern.test(opening))?.[0] ?? "another kind of file";
}

function tooLarge(file: string, size: string): string {
  return `${file}: expected an image of at most ${maximalMegapixels} million pixels, found ${size}; make it smaller first`;
}

/** Refuses sizes that no photograph has before anything of that size is made. */
function checkPngHeader(bytes: Uint8Array, file: string): void {
  if (bytes.length < 33)
    throw new DataError(
      `${file}: expected a whole PNG image, found a truncated one of ${bytes.length} bytes; fetch or save it again`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width * height > maximalMegapixels * 1e6) throw new DataError(tooLarge(file, `${width} × ${height}`));
  const [depth, interlaced] = [bytes[24]!, bytes[28]! === 1];
  if (interlaced && depth < 8)
    throw new DataError(
      `${file}: expected an image with 8 or 16 bits a channel, found an interlaced one with ${depth}; save it without interlacing`,
    );
}

/** What pixels are made of; other chunks (texts, colour profiles, frames of animations) may be compressed, too. */
const pixelChunks: readonly string[] = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];

/** By the header's colour type: grey, colour, palette, grey and colour with opacity. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * The file with nothing but one header and the pixels. Throws where these inflate to more than the header promises, which a
 * decoder would learn only from its own memory: a file of a megabyte can hold a gigabyte of zeros.
 */
function boundedPng(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [bytes.subarray(0, 8)];
  const compressed: Uint8Array[] = [];
  for (let at = 8, type = ""; type !== "IEND"; ) {
    const end = at + 12 + (at + 12 <= bytes.length ? view.getUint32(at) : 0);
    if (end > bytes.length) throw new Error("the file breaks off");
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") compressed.push(bytes.subarray(at + 8, end - 4));
    if (pixelChunks.includes(type) && (type !== "IHDR" || at === 8)) parts.push(bytes.subarray(at, end));
    at = end;
  }
  const [width, height, depth] = [view.getUint32(16), view.getUint32(20), bytes[24]!];
  const rowBytes = 1 + Math.ceil((width * depth * (channelsOf[bytes[25]!] ?? 4)) / 8);
  try {
    // Interlaced, a picture has up to twice as many rows, which are shorter.
    inflateSync(Buffer.concat(compressed), { maxOutputLength: 2 * height * rowBytes });
  } catch (error) {
    if (error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE")
      throw new Error("it holds far more than the pixels that its header promises", { cause: error });
    throw error;
  }
  return Buffer.concat(parts);
}

function decodePng(bytes: Uint8Array): DecodedImage {
  const { width, height, data, depth, channels, palette, transparency } = decodePngBytes(boundedPng(bytes), {
    checkCrc: true,
  });
  const samples = depth < 8 ? unpackBits(data, width, height, depth) : data;
  const rgb = new Float32Array(width * height * 3);
  const most = palette === undefined ? 2 ** depth - 1 : 255;
  const transparent = transparency !== undefined && transparency.length > 0 ? transparency : null;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const own = samples.subarray(pixel * channels, (pixel + 1) * channels);
    const levels = palette === undefined ? own : palette[own[0]!];
    if (levels === undefined) throw new Error(`colour ${own[0]} is not in the palette`);
    // Two or four levels end with the opacity; one transparent colour stands for it where there is none.
    const hasAlpha = levels.length % 2 === 0;
    const isClear = palette === undefined && transparent?.every((level, c) => level === levels[c]);
    const alpha = isClear ? 0 : hasAlpha ? levels[levels.length - 1]! / most : 1;
    for (let c = 0; c < 3; c++)
      rgb[3 * pixel + c] = (alpha * levels[levels.length < 3 ? 0 : c]!) / most + 1 - alpha;
  }
  return { width, height, rgb };
}

/** Pixels of 1, 2 or 4 bits, the first in the highest bits; each row begins with a byte of its own. */
function unpackBits(packed: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const samples = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const perByte = 8 / depth;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const byte = packed[y * rowBytes + Math.floor(x / perByte)]!;
      samples[y * width + x] = (byte >> (8 - depth * ((x % perByte) + 1))) & (2 ** depth - 1);
    }
  return samples;
}

function decodeJpeg(bytes: Uint8Array): DecodedImage {
  const { width, height, data } = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: maximalMegapixels,
    maxMemoryUsageInMB: 1024,
  });
  return upright(
    { width, height, rgb: Float32Array.from(data, (level) => level / 255) },
    orientationOf(bytes),
  );
}

/** The picture as it was seen: turned and mirrored as its orientation says. */
function upright(stored: DecodedImage, orientation: Orientation): DecodedImage {
  if (orientation === 1) return stored;
  const isTurned = orientation >= 5;
  const [width, height] = isTurned ? [stored.height, stored.width] : [stored.width, stored.height];
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  const rgb = new Float32Array(stored.rgb.length);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++, to += 3) {
      const column = isTurned ? y : x;
      const row = isTurned ? x : y;
      const from =
        (fromBottom ? stored.height - 1 - row : row) * stored.width +
        (fromRight ? stored.width - 1 - column : column);
      for (let c = 0; c < 3; c++) rgb[to + c] = stored.rgb[3 * from + c]!;
    }
  return { width, height, rgb };
}
