/** Pictures moved by affine maps, one pixel after the other: the loops of the reference backend. */
import type { TypedArray, WarpGeometry } from "./backend.ts";

/** From a place in the output to one in the input: `x' = a·x + b·y + e`, `y' = c·x + d·y + f`, pixel centres at whole numbers. */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export function warpPictures(
  x: TypedArray,
  maps: Float64Array,
  out: TypedArray,
  geometry: WarpGeometry,
): void {
  const { count, channels, inHeight, inWidth, outHeight, outWidth } = geometry;
  const length = channels * inHeight * inWidth;
  const outLength = channels * outHeight * outWidth;
  for (let i = 0; i < count; i++) {
    const [a, b, c, d, e, f] = maps.subarray(6 * i, 6 * i + 6) as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const from = x.subarray(i * length, (i + 1) * length);
    const to = out.subarray(i * outLength, (i + 1) * outLength);
    // Flips, shifts and crops land on pixels: nothing to mix.
    const isWhole = b === 0 && c === 0 && Math.abs(a) === 1 && [d, e, f].every(Number.isInteger);
    if (geometry.nearest || isWhole) pickPixels(from, to, { a, b, c, d, e, f }, geometry);
    else mixPixels(from, to, { a, b, c, d, e, f }, geometry);
  }
}

/** Where in a channel the pixel at a whole place lies, by the border's rule outside; −1 for black. */
function placeOf(x: number, y: number, { inHeight, inWidth, border }: WarpGeometry): number {
  if (x >= 0 && x < inWidth && y >= 0 && y < inHeight) return y * inWidth + x;
  if (border === "zeros") return -1;
  return inside(y, inHeight, border) * inWidth + inside(x, inWidth, border);
}

/** The place along one axis that the border's rule has for one outside. */
const inside = (i: number, size: number, border: "replicate" | "reflect"): number =>
  border === "replicate" ? Math.min(Math.max(i, 0), size - 1) : reflected(i, size);

/** `3 2 │ 1 2 3 │ 2 1`, again and again. */
function reflected(i: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const within = ((i % period) + period) % period;
  return within < size ? within : period - within;
}

/** Each pixel from the nearest one. */
function pickPixels(from: TypedArray, to: TypedArray, map: Affine, geometry: WarpGeometry): void {
  const { a, b, c, d, e, f } = map;
  const { channels, inHeight, inWidth, outHeight, outWidth } = geometry;
  for (let y = 0, at = 0; y < outHeight; y++)
    for (let x = 0; x < outWidth; x++, at++) {
      const place = placeOf(
        Math.floor(a * x + b * y + e + 0.5),
        Math.floor(c * x + d * y + f + 0.5),
        geometry,
      );
      for (let k = 0; k < channels; k++)
        to[at + k * outHeight * outWidth] = place < 0 ? 0 : from[place + k * inHeight * inWidth]!;
    }
}

/** Each pixel from the four around its place: bilinear. */
function mixPixels(from: TypedArray, to: TypedArray, map: Affine, geometry: WarpGeometry): void {
  const { a, b, c, d, e, f } = map;
  const { channels, inHeight, inWidth, outHeight, outWidth } = geometry;
  for (let y = 0, at = 0; y < outHeight; y++)
    for (let x = 0; x < outWidth; x++, at++) {
      const u = a * x + b * y + e;
      const v = c * x + d * y + f;
      const left = Math.floor(u);
      const top = Math.floor(v);
      const places = [
        placeOf(left, top, geometry),
        placeOf(left + 1, top, geometry),
        placeOf(left, top + 1, geometry),
        placeOf(left + 1, top + 1, geometry),
      ];
      for (let k = 0; k < channels; k++) {
        const [p, q, r, s] = places.map((place) =>
          place < 0 ? 0 : from[place + k * inHeight * inWidth]!,
        ) as [number, number, number, number];
        const above = p + (q - p) * (u - left);
        to[at + k * outHeight * outWidth] = above + (r + (s - r) * (u - left) - above) * (v - top);
      }
    }
}
