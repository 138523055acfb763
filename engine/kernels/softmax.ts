// Softmax over rows, its logarithm, and the cross-entropy that is made of both. Slices divide the rows. Exponentials are
// taken of the distance to the row's greatest, so that none overflows.

import { exp4, log4 } from "./mathematics";
import { storeLanes, sumLanes } from "./simd";
import { pointer, sliceStart, word } from "./task";

@inline
function lanes(x: v128, count: i32, other: v128): v128 {
  return v128.bitselect(x, other, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}

/** The greatest of a row, by the one instruction that `pmax` is: passes over NaN, which the exponentials bring back. */
@inline
function rowMaximum(x: usize, size: i32): f32 {
  const lowest = f32x4.splat(-Infinity);
  let most = lowest, other = lowest;
  let left = size;
  for (; left >= 8; left -= 8) {
    most = f32x4.pmax(most, v128.load(x));
    other = f32x4.pmax(other, v128.load(x, 16));
    x += 32;
  }
  most = f32x4.pmax(most, other);
  for (; left > 0; left -= 4) {
    const next = v128.load(x);
    most = f32x4.pmax(most, left >= 4 ? next : lanes(next, left, lowest));
    x += 16;
  }
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 1, 0, 3, 2));
  return f32x4.extract_lane(most, 0);
}

/** Writes e^(x − shift) to `out`; returns their sum. */
@inline
function exponentials(x: usize, out: usize, size: i32, shift: v128): f32 {
  let sums = f32x4.splat(0);
  let left = size;
  for (; left >= 4; left -= 4) {
    const e = exp4(f32x4.sub(v128.load(x), shift));
    v128.store(out, e);
    sums = f32x4.add(sums, e);
    x += 16;
    out += 16;
  }
  if (left > 0) {
    const e = lanes(exp4(f32x4.sub(v128.load(x), shift)), left, f32x4.splat(0));
    storeLanes(out, e, left);
    sums = f32x4.add(sums, e);
  }
  return sumLanes(sums);
}

@inline
function divide(row: usize, size: i32, divisor: f32): void {
  const total = f32x4.splat(divisor);
  let left = size;
  for (; left >= 4; left -= 4) {
    v128.store(row, f32x4.div(v128.load(row), total));
    row += 16;
  }
  if (left > 0) storeLanes(row, f32x4.div(v128.load(row), total), left);
}

@inline
function logarithm(x: f32): f32 {
  return f32x4.extract_lane(log4(f32x4.splat(x)), 0);
}

/** Words: x, out, rows, size. */
export function softmax(task: usize, slice: i32, slices: i32): void {
  const rows = word(task, 2);
  const size = word(task, 3);
  const last = sliceStart(rows, 1, slice + 1, slices);
  for (let row = sliceStart(rows, 1, slice, slices); row < last; ++row) {
    const at = <usize>(row * size) << 2;
    const x = pointer(task, 0) + at;
    const out = pointer(task, 1) + at;
    divide(out, size, exponentials(x, out, size, f32x4.splat(rowMaximum(x, size))));
  }
}

/** Words: x, out, rows, size. */
export function logSoftmax(task: usize, slice: i32, slices: i32): void {
  const rows = word(task, 2);
  const size = word(task, 3);
  const last = sliceStart(rows, 1, slice + 1, slices);
  for (let row = sliceStart(rows, 1, slice, slices); row < last; ++row) {
    const at = <usize>(row * size) << 2;
    let x = pointer(task, 0) + at;
    const shift = f32x4.splat(rowMaximum(x, size));
    let sums = f32x4.splat(0);
    let left = size;
    for (; left >= 4; left -= 4) {
      sums = f32x4.add(sums, exp4(f32x4.sub(v128.load(x), shift)));
      x += 16;
    }
    if (left > 0) {
      sums = f32x4.add(sums, lanes(exp4(f32x4.sub(v128.load(x), shift)), left, f32x4.splat(0)));
    }
    const total = f32x4.splat(logarithm(sumLanes(sums)));
    x = pointer(task, 0) + at;
    let out = pointer(task, 1) + at;
    left = size;
    for (; left >= 4; left -= 4) {
      v128.store(out, f32x4.sub(f32x4.sub(v128.load(x), shift), total));
      x += 16;
      out += 16;
    }
    if (left > 0) storeLanes(out, f32x4.sub(f32x4.sub(v128.load(x), shift), total), left);
  }
}

/** Words: x, labels, probabilities, losses, rows, size. Loss: log Σ e^x − x[label]. */
export function crossEntropy(task: usize, slice: i32, slices: i32): void {
  const rows = word(task, 4);
  const size = word(task, 5);
  const last = sliceStart(rows, 1, slice + 1, slices);
  for (let row = sliceStart(rows, 1, slice, slices); row < last; ++row) {
    const at = <usize>(row * size) << 2;
    const x = pointer(task, 0) + at;
    const label = load<i32>(pointer(task, 1) + (<usize>row << 2));
    const probabilities = pointer(task, 2) + at;
    const most = rowMaximum(x, size);
    const total = exponentials(x, probabilities, size, f32x4.splat(most));
    divide(probabilities, size, total);
    const own = load<f32>(x + (<usize>label << 2)) - most;
    store<f32>(pointer(task, 3) + (<usize>row << 2), logarithm(total) - own);
  }
}

/** Words: probabilities, labels, gradient of the losses, out, rows, size. */
export function crossEntropyGradient(task: usize, slice: i32, slices: i32): void {
  const rows = word(task, 4);
  const size = word(task, 5);
  const last = sliceStart(rows, 1, slice + 1, slices);
  for (let row = sliceStart(rows, 1, slice, slices); row < last; ++row) {
    const at = <usize>(row * size) << 2;
    const label = <usize>load<i32>(pointer(task, 1) + (<usize>row << 2)) << 2;
    const own = load<f32>(pointer(task, 0) + at + label);
    const gradient = load<f32>(pointer(task, 2) + (<usize>row << 2));
    const factor = f32x4.splat(gradient);
    let from = pointer(task, 0) + at;
    let to = pointer(task, 3) + at;
    let left = size;
    for (; left >= 4; left -= 4) {
      v128.store(to, f32x4.mul(v128.load(from), factor));
      from += 16;
      to += 16;
    }
    if (left > 0) storeLanes(to, f32x4.mul(v128.load(from), factor), left);
    store<f32>(pointer(task, 3) + at + label, (own - 1) * gradient);
  }
}
