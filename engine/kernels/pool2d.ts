// Pooling over planes. Slices divide the planes. Task words 0-2 are operands, the geometry follows from word 3.

import { pointer, sliceStart, word } from "./task";

@inline
function geometry(task: usize, index: i32): i32 {
  return word(task, 3 + index);
}

/** Operands: x, out, indices. NaN wins; of equals the first. */
export function maxPool2d(task: usize, slice: i32, slices: i32): void {
  const planes = geometry(task, 0);
  const inHeight = geometry(task, 1);
  const inWidth = geometry(task, 2);
  const outHeight = geometry(task, 3);
  const outWidth = geometry(task, 4);
  const kernelHeight = geometry(task, 5);
  const kernelWidth = geometry(task, 6);
  const strideHeight = geometry(task, 7);
  const strideWidth = geometry(task, 8);
  const padTop = geometry(task, 9);
  const padLeft = geometry(task, 10);
  const last = sliceStart(planes, 1, slice + 1, slices);
  const firstPlane = sliceStart(planes, 1, slice, slices);
  let out = pointer(task, 1) + (<usize>(firstPlane * outHeight * outWidth) << 2);
  let indices = pointer(task, 2) + (<usize>(firstPlane * outHeight * outWidth) << 2);
  const isPairs =
    kernelHeight == 2 && kernelWidth == 2 && strideHeight == 2 && strideWidth == 2 && padTop == 0 && padLeft == 0 &&
    outHeight * 2 <= inHeight && outWidth * 2 <= inWidth && outWidth >= 4;
  for (let plane = firstPlane; plane < last; ++plane) {
    const x = pointer(task, 0) + (<usize>(plane * inHeight * inWidth) << 2);
    if (isPairs) {
      for (let y = 0; y < outHeight; ++y) {
        for (let position = 0; position < outWidth; position += 4) {
          // The last four of a row overlap the four before them.
          const first = min(position, outWidth - 4);
          const corner = 2 * (y * inWidth + first);
          const upper = x + (<usize>corner << 2);
          const lower = upper + (<usize>inWidth << 2);
          const u0 = v128.load(upper);
          const u1 = v128.load(upper, 16);
          const l0 = v128.load(lower);
          const l1 = v128.load(lower, 16);
          let best = v128.shuffle<f32>(u0, u1, 0, 2, 4, 6);
          let index = i32x4.add(i32x4.splat(corner), i32x4(0, 2, 4, 6));
          const below = i32x4.add(index, i32x4.splat(inWidth));
          let candidate = v128.shuffle<f32>(u0, u1, 1, 3, 5, 7);
          let wins = winner(candidate, best);
          best = v128.bitselect(candidate, best, wins);
          // A mask is −1 where it holds: subtracting it adds 1.
          index = i32x4.sub(index, wins);
          candidate = v128.shuffle<f32>(l0, l1, 0, 2, 4, 6);
          wins = winner(candidate, best);
          best = v128.bitselect(candidate, best, wins);
          index = v128.bitselect(below, index, wins);
          candidate = v128.shuffle<f32>(l0, l1, 1, 3, 5, 7);
          wins = winner(candidate, best);
          best = v128.bitselect(candidate, best, wins);
          index = v128.bitselect(i32x4.add(below, i32x4.splat(1)), index, wins);
          const at = <usize>first << 2;
          v128.store(out + at, best);
          v128.store(indices + at, index);
        }
        out += <usize>outWidth << 2;
        indices += <usize>outWidth << 2;
      }
      continue;
    }
    for (let y = 0; y < outHeight; ++y) {
      const firstY = max(y * strideHeight - padTop, 0);
      const endY = min(y * strideHeight - padTop + kernelHeight, inHeight);
      for (let position = 0; position < outWidth; ++position) {
        const left = position * strideWidth - padLeft;
        window(x, out, indices, inWidth, firstY, endY, max(left, 0), min(left + kernelWidth, inWidth));
        out += 4;
        indices += 4;
      }
    }
  }
}

/** Where a later candidate displaces the best so far: greater, or NaN where the best is a number. */
@inline
function winner(candidate: v128, best: v128): v128 {
  return v128.or(f32x4.gt(candidate, best), v128.andnot(f32x4.ne(candidate, candidate), f32x4.ne(best, best)));
}

@inline
function window(
  x: usize, out: usize, indices: usize, inWidth: i32, firstY: i32, endY: i32, firstX: i32, endX: i32,
): void {
  let index = firstY * inWidth + firstX;
  let best = load<f32>(x + (<usize>index << 2));
  for (let y = firstY; y < endY; ++y) {
    for (let column = firstX; column < endX; ++column) {
      const at = y * inWidth + column;
      const value = load<f32>(x + (<usize>at << 2));
      if (value > best || (value != value && best == best)) {
        best = value;
        index = at;
      }
    }
  }
  store<f32>(out, best);
  store<i32>(indices, index);
}

/** Operands: gradient, indices, out. */
export function maxPool2dGradient(task: usize, slice: i32, slices: i32): void {
  const planes = geometry(task, 0);
  const plane = geometry(task, 1) * geometry(task, 2);
  const positions = geometry(task, 3) * geometry(task, 4);
  const first = sliceStart(planes, 1, slice, slices);
  const last = sliceStart(planes, 1, slice + 1, slices);
  let gradient = pointer(task, 0) + (<usize>(first * positions) << 2);
  let indices = pointer(task, 1) + (<usize>(first * positions) << 2);
  let out = pointer(task, 2) + (<usize>(first * plane) << 2);
  memory.fill(out, 0, <usize>((last - first) * plane) << 2);
  for (let i = first; i < last; ++i) {
    for (let position = 0; position < positions; ++position) {
      const to = out + (<usize>load<i32>(indices) << 2);
      store<f32>(to, load<f32>(to) + load<f32>(gradient));
      gradient += 4;
      indices += 4;
    }
    out += <usize>plane << 2;
  }
}

/** Operands: x, out, unused. The mean of the window's elements that lie inside. */
export function avgPool2d(task: usize, slice: i32, slices: i32): void {
  const planes = geometry(task, 0);
  const inHeight = geometry(task, 1);
  const inWidth = geometry(task, 2);
  const outHeight = geometry(task, 3);
  const outWidth = geometry(task, 4);
  const first = sliceStart(planes, 1, slice, slices);
  const last = sliceStart(planes, 1, slice + 1, slices);
  let out = pointer(task, 1) + (<usize>(first * outHeight * outWidth) << 2);
  for (let plane = first; plane < last; ++plane) {
    const x = pointer(task, 0) + (<usize>(plane * inHeight * inWidth) << 2);
    for (let y = 0; y < outHeight; ++y) {
      const top = y * geometry(task, 7) - geometry(task, 9);
      const firstY = max(top, 0);
      const endY = min(top + geometry(task, 5), inHeight);
      for (let position = 0; position < outWidth; ++position) {
        const left = position * geometry(task, 8) - geometry(task, 10);
        const firstX = max(left, 0);
        const endX = min(left + geometry(task, 6), inWidth);
        let sum: f32 = 0;
        for (let row = firstY; row < endY; ++row) {
          for (let column = firstX; column < endX; ++column) {
            sum += load<f32>(x + (<usize>(row * inWidth + column) << 2));
          }
        }
        store<f32>(out, sum / <f32>((endY - firstY) * (endX - firstX)));
        out += 4;
      }
    }
  }
}

/** Operands: gradient, out, unused. */
export function avgPool2dGradient(task: usize, slice: i32, slices: i32): void {
  const planes = geometry(task, 0);
  const inHeight = geometry(task, 1);
  const inWidth = geometry(task, 2);
  const outHeight = geometry(task, 3);
  const outWidth = geometry(task, 4);
  const first = sliceStart(planes, 1, slice, slices);
  const last = sliceStart(planes, 1, slice + 1, slices);
  let gradient = pointer(task, 0) + (<usize>(first * outHeight * outWidth) << 2);
  memory.fill(
    pointer(task, 1) + (<usize>(first * inHeight * inWidth) << 2), 0, <usize>((last - first) * inHeight * inWidth) << 2,
  );
  for (let plane = first; plane < last; ++plane) {
    const out = pointer(task, 1) + (<usize>(plane * inHeight * inWidth) << 2);
    for (let y = 0; y < outHeight; ++y) {
      const top = y * geometry(task, 7) - geometry(task, 9);
      const firstY = max(top, 0);
      const endY = min(top + geometry(task, 5), inHeight);
      for (let position = 0; position < outWidth; ++position) {
        const left = position * geometry(task, 8) - geometry(task, 10);
        const firstX = max(left, 0);
        const endX = min(left + geometry(task, 6), inWidth);
        const share = load<f32>(gradient) / <f32>((endY - firstY) * (endX - firstX));
        for (let row = firstY; row < endY; ++row) {
          for (let column = firstX; column < endX; ++column) {
            const to = out + (<usize>(row * inWidth + column) << 2);
            store<f32>(to, load<f32>(to) + share);
          }
        }
        gradient += 4;
      }
    }
  }
}
