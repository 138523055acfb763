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
  const first = sliceStart(planes, 1, slice, slices);
  let out = pointer(task, 1) + (<usize>(first * outHeight * outWidth) << 2);
  let indices = pointer(task, 2) + (<usize>(first * outHeight * outWidth) << 2);
  const isPair =
    kernelHeight == 2 && kernelWidth == 2 && strideHeight == 2 && strideWidth == 2 && padTop == 0 && padLeft == 0 &&
    outHeight * 2 <= inHeight && outWidth * 2 <= inWidth;
  for (let plane = first; plane < last; ++plane) {
    const x = pointer(task, 0) + (<usize>(plane * inHeight * inWidth) << 2);
    if (isPair) {
      for (let y = 0; y < outHeight; ++y) {
        const top = y * 2 * inWidth;
        let position = 0;
        for (; position + 4 <= outWidth; position += 4) {
          const corner = top + 2 * position;
          const upper = x + (<usize>corner << 2);
          const lower = upper + (<usize>inWidth << 2);
          const u0 = v128.load(upper);
          const u1 = v128.load(upper, 16);
          const l0 = v128.load(lower);
          const l1 = v128.load(lower, 16);
          let best = v128.shuffle<f32>(u0, u1, 0, 2, 4, 6);
          let index = i32x4.add(i32x4.splat(corner), i32x4(0, 2, 4, 6));
          const second = v128.shuffle<f32>(u0, u1, 1, 3, 5, 7);
          let wins = winner(second, best);
          const secondIndex = i32x4.add(index, i32x4.splat(1));
          const thirdIndex = i32x4.add(index, i32x4.splat(inWidth));
          best = v128.bitselect(second, best, wins);
          index = v128.bitselect(secondIndex, index, wins);
          const third = v128.shuffle<f32>(l0, l1, 0, 2, 4, 6);
          wins = winner(third, best);
          best = v128.bitselect(third, best, wins);
          index = v128.bitselect(thirdIndex, index, wins);
          const fourth = v128.shuffle<f32>(l0, l1, 1, 3, 5, 7);
          wins = winner(fourth, best);
          best = v128.bitselect(fourth, best, wins);
          index = v128.bitselect(i32x4.add(thirdIndex, i32x4.splat(1)), index, wins);
          v128.store(out, best);
          v128.store(indices, index);
          out += 16;
          indices += 16;
        }
        for (; position < outWidth; ++position) {
          window(x, out, indices, inWidth, 2 * y, 2 * y + 2, 2 * position, 2 * position + 2);
          out += 4;
          indices += 4;
        }
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
