// Convolution of images with few channels, whose patches are not worth copying: the sums of products are taken where the padded
// image lies. Horizontal stride 1 only.

import { madd, mask, sumLanes } from "./simd";

/** Rows of a strip of packed weights: see gemm.ts. */
const STRIP: i32 = 6;

/** What the taps of a kernel are, and how far apart they lie in the padded image, in bytes. */
let channels: i32 = 0, kernelHeight: i32 = 0, kernelWidth: i32 = 0;
let channelStep: usize = 0, rowStep: usize = 0, columnStep: usize = 0;

/** Before `convolveDirectly` and `correlateDirectly`. */
export function setTaps(
  inChannels: i32, height: i32, width: i32, channelBytes: usize, rowBytes: usize, columnBytes: usize,
): void {
  channels = inChannels;
  kernelHeight = height;
  kernelWidth = width;
  channelStep = channelBytes;
  rowStep = rowBytes;
  columnStep = columnBytes;
}

@inline
function storePair(to: usize, low: v128, high: v128): void {
  v128.store(to, low);
  v128.store(to, high, 16);
}

/**
 * Eight neighbouring outputs of up to six channels. `weights` is a strip of six filters, tap by tap; `bias` six numbers or 0; `to`
 * the outputs of the first channel, those of the next lie `plane` bytes further.
 */
function tile(x: usize, weights: usize, bias: usize, to: usize, plane: usize, rows: i32): void {
  const zero = f32x4.splat(0);
  let c00 = bias ? v128.load32_splat(bias) : zero, c01 = c00;
  let c10 = bias ? v128.load32_splat(bias, 4) : zero, c11 = c10;
  let c20 = bias ? v128.load32_splat(bias, 8) : zero, c21 = c20;
  let c30 = bias ? v128.load32_splat(bias, 12) : zero, c31 = c30;
  let c40 = bias ? v128.load32_splat(bias, 16) : zero, c41 = c40;
  let c50 = bias ? v128.load32_splat(bias, 20) : zero, c51 = c50;
  const width = kernelWidth, step = columnStep;
  for (let channel = 0; channel < channels; ++channel) {
    let row = x;
    for (let ky = 0; ky < kernelHeight; ++ky) {
      let at = row;
      for (let kx = 0; kx < width; ++kx) {
        const b0 = v128.load(at);
        const b1 = v128.load(at, 16);
        at += step;
        let w = v128.load32_splat(weights);
        c00 = madd(w, b0, c00);
        c01 = madd(w, b1, c01);
        w = v128.load32_splat(weights, 4);
        c10 = madd(w, b0, c10);
        c11 = madd(w, b1, c11);
        w = v128.load32_splat(weights, 8);
        c20 = madd(w, b0, c20);
        c21 = madd(w, b1, c21);
        w = v128.load32_splat(weights, 12);
        c30 = madd(w, b0, c30);
        c31 = madd(w, b1, c31);
        w = v128.load32_splat(weights, 16);
        c40 = madd(w, b0, c40);
        c41 = madd(w, b1, c41);
        w = v128.load32_splat(weights, 20);
        c50 = madd(w, b0, c50);
        c51 = madd(w, b1, c51);
        weights += 4 * STRIP;
      }
      row += rowStep;
    }
    x += channelStep;
  }
  storePair(to, c00, c01);
  if (rows > 1) storePair(to + plane, c10, c11);
  if (rows > 2) storePair(to + 2 * plane, c20, c21);
  if (rows > 3) storePair(to + 3 * plane, c30, c31);
  if (rows > 4) storePair(to + 4 * plane, c40, c41);
  if (rows > 5) storePair(to + 5 * plane, c50, c51);
}

/**
 * All outputs of one image, `width` at least 8. `weights` are packed in strips of six filters; `bias` holds a number for every filter
 * of every strip, or is 0. `lineStep` is the distance of the input rows that two output rows begin at, in bytes.
 */
export function convolveDirectly(
  x: usize, lineStep: usize, weights: usize, bias: usize, out: usize, filters: i32, height: i32, width: i32,
): void {
  const row = <usize>width << 2;
  const plane = <usize>height * row;
  const stripBytes = <usize>(channels * kernelHeight * kernelWidth * STRIP) << 2;
  for (let filter = 0; filter < filters; filter += STRIP) {
    let line = x;
    let to = out + <usize>filter * plane;
    for (let y = 0; y < height; ++y) {
      for (let column = 0; column < width; column += 8) {
        // The last eight of a row overlap the eight before them.
        const at = <usize>min(column, width - 8) << 2;
        tile(line + at, weights, bias ? bias + (<usize>filter << 2) : 0, to + at, plane, min(STRIP, filters - filter));
      }
      line += lineStep;
      to += row;
    }
    weights += stripBytes;
  }
}

@inline
function addSum(at: usize, x: v128): void {
  store<f32>(at, load<f32>(at) + sumLanes(x));
}

/** Where the input of this tap begins. */
@inline
function offsetOf(tap: i32): usize {
  const area = kernelHeight * kernelWidth;
  const channel = tap / area;
  const inside = tap - channel * area;
  const ky = inside / kernelWidth;
  return <usize>channel * channelStep + <usize>ky * rowStep + <usize>(inside - ky * kernelWidth) * columnStep;
}

/**
 * sums [filters, taps] += Σ gradient · input over the outputs of one image: three filters and four taps at a time. Filters or
 * taps that do not exist repeat the last one; what they give is not added.
 */
export function correlateDirectly(
  x: usize, lineStep: usize, gradient: usize, sums: usize, filters: i32, height: i32, width: i32,
): void {
  const row = <usize>width << 2;
  const plane = <usize>height * row;
  const count = channels * kernelHeight * kernelWidth;
  const whole = <usize>(width & ~3) << 2;
  const rest = width & 3;
  for (let tap = 0; tap < count; tap += 4) {
    const t0 = x + offsetOf(tap);
    const t1 = x + offsetOf(min(tap + 1, count - 1));
    const t2 = x + offsetOf(min(tap + 2, count - 1));
    const t3 = x + offsetOf(min(tap + 3, count - 1));
    for (let filter = 0; filter < filters; filter += 3) {
      let g0 = gradient + <usize>filter * plane;
      let g1 = filter + 1 < filters ? g0 + plane : g0;
      let g2 = filter + 2 < filters ? g1 + plane : g1;
      let x0 = t0, x1 = t1, x2 = t2, x3 = t3;
      let c00 = f32x4.splat(0), c01 = c00, c02 = c00, c03 = c00;
      let c10 = c00, c11 = c00, c12 = c00, c13 = c00;
      let c20 = c00, c21 = c00, c22 = c00, c23 = c00;
      for (let y = 0; y < height; ++y) {
        let at: usize = 0;
        for (; at < whole; at += 16) {
          const a = v128.load(g0 + at);
          const b = v128.load(g1 + at);
          const c = v128.load(g2 + at);
          let v = v128.load(x0 + at);
          c00 = madd(a, v, c00);
          c10 = madd(b, v, c10);
          c20 = madd(c, v, c20);
          v = v128.load(x1 + at);
          c01 = madd(a, v, c01);
          c11 = madd(b, v, c11);
          c21 = madd(c, v, c21);
          v = v128.load(x2 + at);
          c02 = madd(a, v, c02);
          c12 = madd(b, v, c12);
          c22 = madd(c, v, c22);
          v = v128.load(x3 + at);
          c03 = madd(a, v, c03);
          c13 = madd(b, v, c13);
          c23 = madd(c, v, c23);
        }
        if (rest) {
          const a = mask(v128.load(g0 + at), rest);
          const b = mask(v128.load(g1 + at), rest);
          const c = mask(v128.load(g2 + at), rest);
          let v = mask(v128.load(x0 + at), rest);
          c00 = madd(a, v, c00);
          c10 = madd(b, v, c10);
          c20 = madd(c, v, c20);
          v = mask(v128.load(x1 + at), rest);
          c01 = madd(a, v, c01);
          c11 = madd(b, v, c11);
          c21 = madd(c, v, c21);
          v = mask(v128.load(x2 + at), rest);
          c02 = madd(a, v, c02);
          c12 = madd(b, v, c12);
          c22 = madd(c, v, c22);
          v = mask(v128.load(x3 + at), rest);
          c03 = madd(a, v, c03);
          c13 = madd(b, v, c13);
          c23 = madd(c, v, c23);
        }
        g0 += row;
        g1 += row;
        g2 += row;
        x0 += lineStep;
        x1 += lineStep;
        x2 += lineStep;
        x3 += lineStep;
      }
      const next = <usize>count << 2;
      const to = sums + <usize>filter * next + (<usize>tap << 2);
      const columns = count - tap;
      addSums(to, c00, c01, c02, c03, columns);
      if (filter + 1 < filters) addSums(to + next, c10, c11, c12, c13, columns);
      if (filter + 2 < filters) addSums(to + 2 * next, c20, c21, c22, c23, columns);
    }
  }
}

@inline
function addSums(to: usize, a: v128, b: v128, c: v128, d: v128, count: i32): void {
  addSum(to, a);
  if (count > 1) addSum(to + 4, b);
  if (count > 2) addSum(to + 8, c);
  if (count > 3) addSum(to + 12, d);
}
