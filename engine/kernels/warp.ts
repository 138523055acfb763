// Pictures moved by affine maps, in float64 as the reference computes them: the same bits. Task words: x, maps (six float64 a sample:
// a, b, c, d, e, f), out, samples, channels, height and width of the input, of the output, border, 1 for the nearest pixel. The pixel (x, y)
// of the output comes from (a·x + b·y + e, c·x + d·y + f) of the input. Slices divide the samples.

import { copyRow } from "./simd";
import { pointer, sliceStart, word } from "./task";

const ZEROS: i32 = 0;
const REPLICATE: i32 = 1;
/** Places beyond this one count as this one. */
const FAR: f64 = 1e15;

// Read at the head of the kernel; one instance of the module serves one thread.
let channels: i32 = 0, height: i32 = 0, width: i32 = 0, outHeight: i32 = 0, outWidth: i32 = 0, border: i32 = 0;
let a: f64 = 0, b: f64 = 0, c: f64 = 0, d: f64 = 0, e: f64 = 0, f: f64 = 0;

/** The place along one axis that the border's rule has for one outside. */
function inside(at: f64, size: i32): i32 {
  const i = <i64>(at > -FAR ? min(at, FAR) : -FAR);
  const last = <i64>size - 1;
  if (border == REPLICATE) return <i32>max<i64>(0, min<i64>(i, last));
  // 3 2 │ 1 2 3 │ 2 1, again and again.
  if (size == 1) return 0;
  const period = 2 * last;
  const within = ((i % period) + period) % period;
  return <i32>(within <= last ? within : period - within);
}

/** Where in a channel the pixel at a whole place lies, by the border's rule outside; −1 for black. */
function placeOf(x: f64, y: f64): i32 {
  if (x >= 0 && x < <f64>width && y >= 0 && y < <f64>height) return <i32>y * width + <i32>x;
  if (border == ZEROS) return -1;
  return inside(y, height) * width + inside(x, width);
}

@inline
function pixel(plane: usize, place: i32): f64 {
  return place < 0 ? 0 : <f64>load<f32>(plane + (<usize>place << 2));
}

/** Each pixel from the one that a whole map, which turns nothing, has for it: a row at a time. */
function copyPixels(from: usize, to: usize): void {
  const shift = <i32>e;
  // The columns that come from inside: 0 ≤ a·x + e < width, where a is 1 or −1.
  const first = max(0, min(outWidth, a > 0 ? -shift : shift - width + 1));
  const end = max(first, min(outWidth, a > 0 ? width - shift : shift + 1));
  const outRow = <usize>outWidth << 2;
  for (let channel = 0; channel < channels; ++channel) {
    for (let y = 0; y < outHeight; ++y) {
      const line = d * <f64>y + f;
      const isOutside = line < 0 || line >= <f64>height;
      if (isOutside && border == ZEROS) {
        memory.fill(to, 0, outRow);
        to += outRow;
        continue;
      }
      const row = from + (<usize>((isOutside ? inside(line, height) : <i32>line) * width) << 2);
      for (let x = 0; x < first; ++x) store<f32>(to + (<usize>x << 2), outsidePixel(row, x));
      if (a > 0) copyRow(row + (<usize>(first + shift) << 2), to + (<usize>first << 2), end - first);
      else mirrorRow(row + (<usize>(shift - end + 1) << 2), to + (<usize>first << 2), end - first);
      for (let x = end; x < outWidth; ++x) store<f32>(to + (<usize>x << 2), outsidePixel(row, x));
      to += outRow;
    }
    from += <usize>(height * width) << 2;
  }
}

@inline
function outsidePixel(row: usize, x: i32): f32 {
  return border == ZEROS ? <f32>0 : load<f32>(row + (<usize>inside(a * <f64>x + e, width) << 2));
}

/** Copies a row of `count` floats backwards. */
function mirrorRow(from: usize, to: usize, count: i32): void {
  let left = count;
  for (; left >= 4; left -= 4) {
    const four = v128.load(from + (<usize>(left - 4) << 2));
    v128.store(to, v128.shuffle<f32>(four, four, 3, 2, 1, 0));
    to += 16;
  }
  for (; left > 0; --left) {
    store<f32>(to, load<f32>(from + (<usize>(left - 1) << 2)));
    to += 4;
  }
}

/** Each pixel from the nearest one. */
function pickPixels(from: usize, to: usize): void {
  const area = <usize>(height * width) << 2;
  const outArea = <usize>(outHeight * outWidth) << 2;
  for (let y = 0; y < outHeight; ++y) {
    for (let x = 0; x < outWidth; ++x) {
      const column = Math.floor(a * <f64>x + b * <f64>y + e + 0.5);
      const row = Math.floor(c * <f64>x + d * <f64>y + f + 0.5);
      const place = placeOf(column, row);
      for (let channel: usize = 0; channel < <usize>channels; ++channel) {
        const value: f32 = place < 0 ? <f32>0 : load<f32>(from + channel * area + (<usize>place << 2));
        store<f32>(to + channel * outArea, value);
      }
      to += 4;
    }
  }
}

/** Whether the four pixels around the place of this one lie inside. */
@inline
function isInside(u: f64, v: f64): bool {
  return u >= 0 && v >= 0 && u < <f64>(width - 1) && v < <f64>(height - 1);
}

/** A bound of x: where `slope · x + start` is `goal`. */
@inline
function crossing(slope: f64, start: f64, goal: f64): i32 {
  const x = (goal - start) / slope;
  return x > 0 ? <i32>min(x, <f64>outWidth) : 0;
}

/** Each pixel from the four around its place: bilinear. */
function mixPixels(from: usize, to: usize): void {
  for (let y = 0; y < outHeight; ++y) {
    const down = b * <f64>y, across = d * <f64>y;
    // In the middle of a row all four lie inside: its ends by division, then by the test itself, which decides.
    let first = 0, end = outWidth;
    if (a != 0) {
      const zero = crossing(a, down + e, 0), last = crossing(a, down + e, <f64>(width - 1));
      first = max(first, min(zero, last));
      end = min(end, max(zero, last) + 1);
    }
    if (c != 0) {
      const zero = crossing(c, across + f, 0), last = crossing(c, across + f, <f64>(height - 1));
      first = max(first, min(zero, last));
      end = min(end, max(zero, last) + 1);
    }
    while (first < end && !isInside(a * <f64>first + down + e, c * <f64>first + across + f)) ++first;
    while (first < end && !isInside(a * <f64>(end - 1) + down + e, c * <f64>(end - 1) + across + f)) --end;
    end = max(first, end);
    mixBorder(from, to, y, 0, first);
    mixInside(from, to, y, first, end);
    mixBorder(from, to, y, end, outWidth);
    to += <usize>outWidth << 2;
  }
}

/** Both as integers, of numbers that are in their range. */
@inline
function truncate(x: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_trunc_f64x2_s_zero(x);
  return i32x4.trunc_sat_f64x2_s_zero(x);
}

function mixInside(from: usize, to: usize, y: i32, first: i32, end: i32): void {
  const area = <usize>(height * width) << 2;
  const outArea = <usize>(outHeight * outWidth) << 2;
  const next = <usize>width << 2;
  const slope = f64x2.replace_lane(f64x2.splat(a), 1, c);
  const start = f64x2.mul(f64x2.replace_lane(f64x2.splat(b), 1, d), f64x2.splat(<f64>y));
  const offset = f64x2.replace_lane(f64x2.splat(e), 1, f);
  let column = f64x2.splat(<f64>first);
  to += <usize>first << 2;
  for (let x = first; x < end; ++x) {
    const place2 = f64x2.add(f64x2.add(f64x2.mul(slope, column), start), offset);
    column = f64x2.add(column, f64x2.splat(1));
    const whole = truncate(place2);
    const rest = f64x2.sub(place2, f64x2.convert_low_i32x4_s(whole));
    const left = i32x4.extract_lane(whole, 0), top = i32x4.extract_lane(whole, 1);
    const right = v128.shuffle<f64>(rest, rest, 0, 0);
    const down = f64x2.extract_lane(rest, 1);
    let place = from + (<usize>(top * width + left) << 2);
    let at = to;
    for (let channel = 0; channel < channels; ++channel) {
      // The upper and the lower pixel on the left, then on the right.
      const four = v128.shuffle<f32>(v128.load64_zero(place), v128.load64_zero(place + next), 0, 4, 1, 5);
      const lefts = f64x2.promote_low_f32x4(four);
      const rights = f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 2, 3));
      const rows = f64x2.add(lefts, f64x2.mul(f64x2.sub(rights, lefts), right));
      const above = f64x2.extract_lane(rows, 0);
      store<f32>(at, <f32>(above + (f64x2.extract_lane(rows, 1) - above) * down));
      place += area;
      at += outArea;
    }
    to += 4;
  }
}

function mixBorder(from: usize, to: usize, y: i32, first: i32, end: i32): void {
  const area = <usize>(height * width) << 2;
  const outArea = <usize>(outHeight * outWidth) << 2;
  to += <usize>first << 2;
  for (let x = first; x < end; ++x) {
    const u = a * <f64>x + b * <f64>y + e;
    const v = c * <f64>x + d * <f64>y + f;
    const left = Math.floor(u), top = Math.floor(v);
    const right = u - left, down = v - top;
    const one = placeOf(left, top), two = placeOf(left + 1, top);
    const three = placeOf(left, top + 1), four = placeOf(left + 1, top + 1);
    let plane = from;
    let at = to;
    for (let channel = 0; channel < channels; ++channel) {
      const p = pixel(plane, one), r = pixel(plane, three);
      const above = p + (pixel(plane, two) - p) * right;
      store<f32>(at, <f32>(above + (r + (pixel(plane, four) - r) * right - above) * down));
      plane += area;
      at += outArea;
    }
    to += 4;
  }
}

@inline
function isWhole(x: f64): bool {
  return Math.trunc(x) == x && Math.abs(x) <= 1e9;
}

export function warp(task: usize, slice: i32, slices: i32): void {
  const samples = word(task, 3);
  channels = word(task, 4);
  height = word(task, 5);
  width = word(task, 6);
  outHeight = word(task, 7);
  outWidth = word(task, 8);
  border = word(task, 9);
  const isNearest = word(task, 10) != 0;
  const last = sliceStart(samples, 1, slice + 1, slices);
  for (let sample = sliceStart(samples, 1, slice, slices); sample < last; ++sample) {
    const map = pointer(task, 1) + <usize>sample * 48;
    a = load<f64>(map);
    b = load<f64>(map, 8);
    c = load<f64>(map, 16);
    d = load<f64>(map, 24);
    e = load<f64>(map, 32);
    f = load<f64>(map, 40);
    const from = pointer(task, 0) + (<usize>sample * <usize>(channels * height * width) << 2);
    const to = pointer(task, 2) + (<usize>sample * <usize>(channels * outHeight * outWidth) << 2);
    // Flips, shifts and crops land on pixels: nothing to mix.
    if (b == 0 && c == 0 && Math.abs(a) == 1 && isWhole(d) && isWhole(e) && isWhole(f)) copyPixels(from, to);
    else if (isNearest) pickPixels(from, to);
    else mixPixels(from, to);
  }
}
