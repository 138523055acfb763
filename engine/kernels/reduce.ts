// Reductions of [outer, size, inner] over the middle. Task words: x, out, outer, size, inner. The order of the additions
// depends on the sizes alone.

import { storeSome, sumLanes } from "./simd";
import { pointer, sliceStart, word } from "./task";

/** Σ of a contiguous run: 16 partial sums, flushed every 2048 elements so that rounding errors grow slowly. */
function sumRun(x: usize, length: i32): f32 {
  let total: f64 = 0;
  while (length > 0) {
    let left = min(length, 2048);
    length -= left;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; left >= 16; left -= 16) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
      x += 64;
    }
    for (; left >= 4; left -= 4) {
      s0 = f32x4.add(s0, v128.load(x));
      x += 16;
    }
    total += <f64>sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    for (; left > 0; --left) {
      total += <f64>load<f32>(x);
      x += 4;
    }
  }
  return <f32>total;
}

/** Sums rows when inner is 1; slices divide outer. */
export function sumRows(task: usize, slice: i32, slices: i32): void {
  const outer = word(task, 2);
  const size = word(task, 3);
  const last = sliceStart(outer, 1, slice + 1, slices);
  for (let i = sliceStart(outer, 1, slice, slices); i < last; ++i) {
    store<f32>(pointer(task, 1) + (<usize>i << 2), sumRun(pointer(task, 0) + (<usize>(i * size) << 2), size));
  }
}

/** Words: x, partial sums, length, block. One partial sum per block of a long run. */
export function sumBlocks(task: usize, slice: i32, slices: i32): void {
  const length = word(task, 2);
  const block = word(task, 3);
  const blocks = (length + block - 1) / block;
  const last = sliceStart(blocks, 1, slice + 1, slices);
  for (let i = sliceStart(blocks, 1, slice, slices); i < last; ++i) {
    const x = pointer(task, 0) + (<usize>(i * block) << 2);
    store<f32>(pointer(task, 1) + (<usize>i << 2), sumRun(x, min(block, length - i * block)));
  }
}

/**
 * Sums columns when inner > 1, in runs of 64 rows so that rounding errors grow slowly; all columns of a run before the next one,
 * so that memory is read in its order. Slices divide outer, or inner when outer is 1.
 */
export function sumColumns(task: usize, slice: i32, slices: i32): void {
  const outer = word(task, 2);
  const size = word(task, 3);
  const inner = word(task, 4);
  const alone = outer == 1;
  const lastOuter = alone ? 1 : sliceStart(outer, 1, slice + 1, slices);
  const firstColumn = alone ? sliceStart(inner, 16, slice, slices) : 0;
  const lastColumn = alone ? sliceStart(inner, 16, slice + 1, slices) : inner;
  const step = <usize>inner << 2;
  for (let i = alone ? 0 : sliceStart(outer, 1, slice, slices); i < lastOuter; ++i) {
    const x = pointer(task, 0) + (<usize>(i * size * inner) << 2);
    const sums = pointer(task, 1) + (<usize>(i * inner) << 2);
    memory.fill(sums + (<usize>firstColumn << 2), 0, <usize>(lastColumn - firstColumn) << 2);
    for (let top = 0; top < size; top += 64) {
      const rows = min(size - top, 64);
      const run = x + <usize>top * step;
      let j = firstColumn;
      // A cache line at a time.
      for (; j + 16 <= lastColumn; j += 16) {
        let from = run + (<usize>j << 2);
        let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
        for (let r = rows; r > 0; --r) {
          s0 = f32x4.add(s0, v128.load(from));
          s1 = f32x4.add(s1, v128.load(from, 16));
          s2 = f32x4.add(s2, v128.load(from, 32));
          s3 = f32x4.add(s3, v128.load(from, 48));
          from += step;
        }
        const to = sums + (<usize>j << 2);
        v128.store(to, f32x4.add(v128.load(to), s0));
        v128.store(to, f32x4.add(v128.load(to, 16), s1), 16);
        v128.store(to, f32x4.add(v128.load(to, 32), s2), 32);
        v128.store(to, f32x4.add(v128.load(to, 48), s3), 48);
      }
      for (; j < lastColumn; j += 4) {
        let from = run + (<usize>j << 2);
        let sum = f32x4.splat(0);
        for (let r = rows; r > 0; --r) {
          sum = f32x4.add(sum, v128.load(from));
          from += step;
        }
        const to = sums + (<usize>j << 2);
        storeSome(to, f32x4.add(v128.load(to), sum), min(4, lastColumn - j));
      }
    }
  }
}

/** One element of a scalar reduction: `better` decides; NaN wins over everything and stays. */
@inline
function extreme(task: usize, slice: i32, slices: i32, wantMax: bool, wantIndex: bool): void {
  const outer = word(task, 2);
  const size = word(task, 3);
  const inner = word(task, 4);
  const step = <usize>inner << 2;
  const last = sliceStart(outer * inner, 16, slice + 1, slices);
  for (let i = sliceStart(outer * inner, 16, slice, slices); i < last; ++i) {
    let from = pointer(task, 0) + (<usize>((i / inner) * size * inner + (i % inner)) << 2);
    let best = load<f32>(from);
    let index = 0;
    for (let r = 1; r < size; ++r) {
      from += step;
      const value = load<f32>(from);
      if (wantMax ? value > best : value < best) {
        best = value;
        index = r;
      } else if (value != value && best == best) {
        best = value;
        index = r;
      }
    }
    const to = pointer(task, 1) + (<usize>i << 2);
    if (wantIndex) store<i32>(to, index);
    else store<f32>(to, best);
  }
}

export function max(task: usize, slice: i32, slices: i32): void { extreme(task, slice, slices, true, false); }
export function min_(task: usize, slice: i32, slices: i32): void { extreme(task, slice, slices, false, false); }
export function argmax(task: usize, slice: i32, slices: i32): void { extreme(task, slice, slices, true, true); }
export function argmin(task: usize, slice: i32, slices: i32): void { extreme(task, slice, slices, false, true); }
