// Convolution as matrix multiplication, image by image: `unfold` lays the patches out as columns, [channels·kernel, positions].
// Slices divide the batch. Task words 0-3 are operands; the geometry follows from word 4.

import { GEMM_SCRATCH, gemm } from "./gemm";
import { storeLanes } from "./simd";
import { pointer, sliceStart, word } from "./task";

// Read at the head of each kernel; one instance of the module serves one thread.
let batch: i32 = 0, inChannels: i32 = 0, inHeight: i32 = 0, inWidth: i32 = 0;
let outChannels: i32 = 0, outHeight: i32 = 0, outWidth: i32 = 0;
let kernelHeight: i32 = 0, kernelWidth: i32 = 0, strideHeight: i32 = 0, strideWidth: i32 = 0;
let padTop: i32 = 0, padLeft: i32 = 0, dilationHeight: i32 = 0, dilationWidth: i32 = 0, groups: i32 = 0;
let useBlas: bool = false;
let gemmScratch: usize = 0;
let columns: usize = 0;

function readGeometry(task: usize, slice: i32): void {
  batch = word(task, 4);
  inChannels = word(task, 5);
  inHeight = word(task, 6);
  inWidth = word(task, 7);
  outChannels = word(task, 8);
  outHeight = word(task, 9);
  outWidth = word(task, 10);
  kernelHeight = word(task, 11);
  kernelWidth = word(task, 12);
  strideHeight = word(task, 13);
  strideWidth = word(task, 14);
  padTop = word(task, 15);
  padLeft = word(task, 16);
  dilationHeight = word(task, 17);
  dilationWidth = word(task, 18);
  groups = word(task, 19);
  gemmScratch = pointer(task, 20) + <usize>slice * pointer(task, 21);
  columns = gemmScratch + ((GEMM_SCRATCH + 63) & ~63);
  useBlas = word(task, 22) != 0;
}

/** First output position whose input position, position·stride + shift, is ≥ 0. */
@inline
function firstInside(shift: i32, stride: i32): i32 {
  return shift >= 0 ? 0 : (-shift + stride - 1) / stride;
}

/** One past the last output position whose input position is < size. */
@inline
function endInside(shift: i32, stride: i32, size: i32, count: i32): i32 {
  const room = size - shift;
  return room <= 0 ? 0 : min(count, (room + stride - 1) / stride);
}

/** columns[(c, ky, kx), (y, x)] = image[c, y·stride + ky·dilation − pad, x·stride + kx·dilation − pad], 0 outside. */
function unfold(image: usize, channels: i32): void {
  let out = columns;
  const plane = <usize>(inHeight * inWidth) << 2;
  for (let channel = 0; channel < channels; ++channel) {
    for (let ky = 0; ky < kernelHeight; ++ky) {
      const shiftY = ky * dilationHeight - padTop;
      const firstY = min(firstInside(shiftY, strideHeight), outHeight);
      const endY = max(firstY, endInside(shiftY, strideHeight, inHeight, outHeight));
      for (let kx = 0; kx < kernelWidth; ++kx) {
        const shiftX = kx * dilationWidth - padLeft;
        const firstX = min(firstInside(shiftX, strideWidth), outWidth);
        const endX = max(firstX, endInside(shiftX, strideWidth, inWidth, outWidth));
        if (firstY > 0) memory.fill(out, 0, <usize>(firstY * outWidth) << 2);
        let row = out + (<usize>(firstY * outWidth) << 2);
        for (let y = firstY; y < endY; ++y) {
          const line = image + (<usize>((y * strideHeight + shiftY) * inWidth) << 2);
          for (let x = 0; x < firstX; ++x) store<f32>(row + (<usize>x << 2), 0);
          if (strideWidth == 1) {
            const count = endX - firstX;
            const from = line + (<usize>(firstX + shiftX) << 2);
            const to = row + (<usize>firstX << 2);
            if (count >= 4) {
              // The last vector overlaps the one before it.
              const end = <usize>(count - 4) << 2;
              for (let at: usize = 0; at < end; at += 16) v128.store(to + at, v128.load(from + at));
              v128.store(to + end, v128.load(from + end));
            } else if (count > 0) {
              storeLanes(to, v128.load(from), count);
            }
          } else {
            for (let x = firstX; x < endX; ++x) {
              store<f32>(row + (<usize>x << 2), load<f32>(line + (<usize>(x * strideWidth + shiftX) << 2)));
            }
          }
          for (let x = endX; x < outWidth; ++x) store<f32>(row + (<usize>x << 2), 0);
          row += <usize>outWidth << 2;
        }
        if (endY < outHeight) memory.fill(row, 0, <usize>((outHeight - endY) * outWidth) << 2);
        out += <usize>(outHeight * outWidth) << 2;
      }
    }
    image += plane;
  }
}

/** The transpose of `unfold`: image[…] += columns[…], in a fixed order. */
function fold(image: usize, channels: i32): void {
  let from = columns;
  const plane = <usize>(inHeight * inWidth) << 2;
  for (let channel = 0; channel < channels; ++channel) {
    for (let ky = 0; ky < kernelHeight; ++ky) {
      const shiftY = ky * dilationHeight - padTop;
      const firstY = min(firstInside(shiftY, strideHeight), outHeight);
      const endY = max(firstY, endInside(shiftY, strideHeight, inHeight, outHeight));
      for (let kx = 0; kx < kernelWidth; ++kx) {
        const shiftX = kx * dilationWidth - padLeft;
        const firstX = min(firstInside(shiftX, strideWidth), outWidth);
        const endX = max(firstX, endInside(shiftX, strideWidth, inWidth, outWidth));
        let row = from + (<usize>(firstY * outWidth) << 2);
        for (let y = firstY; y < endY; ++y) {
          const line = image + (<usize>((y * strideHeight + shiftY) * inWidth) << 2);
          if (strideWidth == 1) {
            const count = endX - firstX;
            const to = line + (<usize>(firstX + shiftX) << 2);
            const at = row + (<usize>firstX << 2);
            const end = <usize>(max(count, 0) & ~3) << 2;
            let x: usize = 0;
            for (; x < end; x += 16) v128.store(to + x, f32x4.add(v128.load(to + x), v128.load(at + x)));
            if (count & 2) {
              const sum = f32x4.add(v128.load64_zero(to + x), v128.load64_zero(at + x));
              v128.store_lane<u64>(to + x, sum, 0);
              x += 8;
            }
            if (count & 1) store<f32>(to + x, load<f32>(to + x) + load<f32>(at + x));
          } else {
            for (let x = firstX; x < endX; ++x) {
              const to = line + (<usize>(x * strideWidth + shiftX) << 2);
              store<f32>(to, load<f32>(to) + load<f32>(row + (<usize>x << 2)));
            }
          }
          row += <usize>outWidth << 2;
        }
        from += <usize>(outHeight * outWidth) << 2;
      }
    }
    image += plane;
  }
}

/** A 1×1 kernel with stride 1 and no padding: the image is its own columns. */
@inline
function isPointwise(): bool {
  return (
    kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1 && padTop == 0 && padLeft == 0 &&
    outHeight == inHeight && outWidth == inWidth
  );
}

/** Operands: x, weight, bias (0: none), out. */
export function conv2d(task: usize, slice: i32, slices: i32): void {
  readGeometry(task, slice);
  const last = sliceStart(batch, 1, slice + 1, slices);
  const positions = outHeight * outWidth;
  const groupIn = inChannels / groups;
  const groupOut = outChannels / groups;
  const depth = groupIn * kernelHeight * kernelWidth;
  const bias = pointer(task, 2);
  for (let image = sliceStart(batch, 1, slice, slices); image < last; ++image) {
    for (let group = 0; group < groups; ++group) {
      const x = pointer(task, 0) + (<usize>((image * groups + group) * groupIn) * <usize>(inHeight * inWidth) << 2);
      const weight = pointer(task, 1) + (<usize>(group * groupOut * depth) << 2);
      const out = pointer(task, 3) + (<usize>((image * groups + group) * groupOut) * <usize>positions << 2);
      if (bias) {
        for (let channel = 0; channel < groupOut; ++channel) {
          const value = v128.load32_splat(bias + (<usize>(group * groupOut + channel) << 2));
          let to = out + (<usize>(channel * positions) << 2);
          let left = positions;
          for (; left >= 4; left -= 4) {
            v128.store(to, value);
            to += 16;
          }
          if (left > 0) storeLanes(to, value, left);
        }
      }
      let patches = x;
      if (!isPointwise()) {
        unfold(x, groupIn);
        patches = columns;
      }
      gemm(
        useBlas, false, false, groupOut, positions, depth, weight, depth, patches, positions,
        bias != 0, out, positions, gemmScratch,
      );
    }
  }
}

/** Operands: gradient, weight, unused, out. */
export function conv2dInputGradient(task: usize, slice: i32, slices: i32): void {
  readGeometry(task, slice);
  const last = sliceStart(batch, 1, slice + 1, slices);
  const positions = outHeight * outWidth;
  const groupIn = inChannels / groups;
  const groupOut = outChannels / groups;
  const depth = groupIn * kernelHeight * kernelWidth;
  const plane = <usize>(inHeight * inWidth);
  for (let image = sliceStart(batch, 1, slice, slices); image < last; ++image) {
    for (let group = 0; group < groups; ++group) {
      const gradient = pointer(task, 0) + (<usize>((image * groups + group) * groupOut) * <usize>positions << 2);
      const weight = pointer(task, 1) + (<usize>(group * groupOut * depth) << 2);
      const out = pointer(task, 3) + (<usize>((image * groups + group) * groupIn) * plane << 2);
      const direct = isPointwise();
      gemm(
        useBlas, true, false, depth, positions, groupOut, weight, depth, gradient, positions,
        false, direct ? out : columns, positions, gemmScratch,
      );
      if (!direct) {
        memory.fill(out, 0, <usize>groupIn * plane << 2);
        fold(out, groupIn);
      }
    }
  }
}

/** Operands: x, gradient, unused, partial sums [slices, weight]. Their total, in order of the slices, is `sumPartials`'s. */
export function conv2dWeightGradient(task: usize, slice: i32, slices: i32): void {
  readGeometry(task, slice);
  const last = sliceStart(batch, 1, slice + 1, slices);
  const positions = outHeight * outWidth;
  const groupIn = inChannels / groups;
  const groupOut = outChannels / groups;
  const depth = groupIn * kernelHeight * kernelWidth;
  const weights = outChannels * depth;
  const partial = pointer(task, 3) + (<usize>slice * <usize>weights << 2);
  memory.fill(partial, 0, <usize>weights << 2);
  for (let image = sliceStart(batch, 1, slice, slices); image < last; ++image) {
    for (let group = 0; group < groups; ++group) {
      const x = pointer(task, 0) + (<usize>((image * groups + group) * groupIn) * <usize>(inHeight * inWidth) << 2);
      const gradient = pointer(task, 1) + (<usize>((image * groups + group) * groupOut) * <usize>positions << 2);
      let patches = x;
      if (!isPointwise()) {
        unfold(x, groupIn);
        patches = columns;
      }
      gemm(
        useBlas, false, true, groupOut, depth, positions, gradient, positions, patches, positions,
        true, partial + (<usize>(group * groupOut * depth) << 2), depth, gemmScratch,
      );
    }
  }
}

/** Words: partials, out, length, count. out = partials[0] + partials[1] + … */
export function sumPartials(task: usize, slice: i32, slices: i32): void {
  const length = word(task, 2);
  const count = word(task, 3);
  const last = sliceStart(length, 16, slice + 1, slices);
  const stride = <usize>length << 2;
  for (let i = sliceStart(length, 16, slice, slices); i < last; i += 4) {
    let from = pointer(task, 0) + (<usize>i << 2);
    let total = v128.load(from);
    for (let part = 1; part < count; ++part) {
      from += stride;
      total = f32x4.add(total, v128.load(from));
    }
    const to = pointer(task, 1) + (<usize>i << 2);
    if (last - i >= 4) v128.store(to, total);
    else storeLanes(to, total, last - i);
  }
}
