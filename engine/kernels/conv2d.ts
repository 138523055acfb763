// Convolution as matrix multiplication, image by image: `unfold` lays the patches out as columns, [channels·kernel, positions].
// Slices divide the batch. Task words 0-3 are operands; the geometry follows from word 4.

import { convolveDirectly, correlateDirectly, setTaps } from "./direct";
import { finish, readFinish } from "./finish";
import { GEMM_SCRATCH, gemm, multiplyPacked, packA } from "./gemm";
import { copyRow, storeLanes } from "./simd";
import { pointer, sliceStart, word } from "./task";

// Read at the head of each kernel; one instance of the module serves one thread.
let batch: i32 = 0, inChannels: i32 = 0, inHeight: i32 = 0, inWidth: i32 = 0;
let outChannels: i32 = 0, outHeight: i32 = 0, outWidth: i32 = 0;
let kernelHeight: i32 = 0, kernelWidth: i32 = 0, strideHeight: i32 = 0, strideWidth: i32 = 0;
let padTop: i32 = 0, padLeft: i32 = 0, dilationHeight: i32 = 0, dilationWidth: i32 = 0, groups: i32 = 0;
let useBlas: bool = false;
let gemmScratch: usize = 0;
let columns: usize = 0;
/** Patches of so many output rows are unfolded at a time, so that they stay in a cache. */
let chunkRows: i32 = 0;
let packedWeight: usize = 0;

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
  chunkRows = word(task, 23);
  packedWeight = gemmScratch + pointer(task, 24);
  padded = gemmScratch + pointer(task, 25);
  readPadding();
}

/** The image that patches are cut from: padded, unless there is no padding. */
let paddedHeight: i32 = 0, paddedWidth: i32 = 0;
let padded: usize = 0;

function readPadding(): void {
  const isPadded = padTop > 0 || padLeft > 0;
  const neededHeight = (outHeight - 1) * strideHeight + (kernelHeight - 1) * dilationHeight + 1;
  const neededWidth = (outWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1;
  paddedHeight = max(neededHeight, padTop + inHeight);
  paddedWidth = max(neededWidth, padLeft + inWidth);
  if (!isPadded && paddedHeight == inHeight && paddedWidth == inWidth) padded = 0;
}

/** The image with zeros around it; or the image itself, where there is no padding. */
function pad(image: usize, channels: i32): usize {
  if (!padded) return image;
  const row = <usize>paddedWidth << 2;
  memory.fill(padded, 0, <usize>(channels * paddedHeight) * row);
  let plane = padded + <usize>padTop * row + (<usize>padLeft << 2);
  for (let channel = 0; channel < channels; ++channel) {
    let to = plane;
    for (let y = 0; y < inHeight; ++y) {
      copyRow(image, to, inWidth);
      image += <usize>inWidth << 2;
      to += row;
    }
    plane += <usize>paddedHeight * row;
  }
  return padded;
}

/** The transpose of `pad`: copies the image out of its padding. */
function unpad(image: usize, channels: i32): void {
  const row = <usize>paddedWidth << 2;
  let plane = padded + <usize>padTop * row + (<usize>padLeft << 2);
  for (let channel = 0; channel < channels; ++channel) {
    let from = plane;
    for (let y = 0; y < inHeight; ++y) {
      copyRow(from, image, inWidth);
      image += <usize>inWidth << 2;
      from += row;
    }
    plane += <usize>paddedHeight * row;
  }
}

/** Copies `rows` rows of outWidth floats that lie `pitch` bytes apart, to lie close together. */
@inline
function gatherLines(from: usize, pitch: usize, to: usize, rows: i32): void {
  const row = <usize>outWidth << 2;
  const end = row - 16;
  if (outWidth >= 4 && outWidth <= 8) {
    for (let y = 0; y < rows; ++y) {
      v128.store(to, v128.load(from));
      v128.store(to + end, v128.load(from + end));
      from += pitch;
      to += row;
    }
  } else if (outWidth > 8 && outWidth <= 12) {
    for (let y = 0; y < rows; ++y) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      v128.store(to + end, v128.load(from + end));
      from += pitch;
      to += row;
    }
  } else if (outWidth > 12 && outWidth <= 16) {
    for (let y = 0; y < rows; ++y) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      v128.store(to, v128.load(from, 32), 32);
      v128.store(to + end, v128.load(from + end));
      from += pitch;
      to += row;
    }
  } else {
    for (let y = 0; y < rows; ++y) {
      copyRow(from, to, outWidth);
      from += pitch;
      to += row;
    }
  }
}

/** columns[(c, ky, kx), (y − top, x)] = image[c, y·stride + ky·dilation, x·stride + kx·dilation] for top ≤ y < bottom. */
function unfold(image: usize, channels: i32, top: i32, bottom: i32): void {
  let out = columns;
  const rows = bottom - top;
  const pitch = <usize>(paddedWidth * strideHeight) << 2;
  const step = <usize>strideWidth << 2;
  for (let channel = 0; channel < channels; ++channel) {
    for (let ky = 0; ky < kernelHeight; ++ky) {
      let line = image + (<usize>((channel * paddedHeight + top * strideHeight + ky * dilationHeight) * paddedWidth) << 2);
      for (let kx = 0; kx < kernelWidth; ++kx) {
        if (strideWidth == 1) {
          gatherLines(line, pitch, out, rows);
          out += <usize>(rows * outWidth) << 2;
        } else {
          let row = line;
          for (let y = 0; y < rows; ++y) {
            let from = row;
            let x = 0;
            if (strideWidth == 2) {
              for (; x + 4 <= outWidth; x += 4) {
                v128.store(out, v128.shuffle<f32>(v128.load(from), v128.load(from, 16), 0, 2, 4, 6));
                from += 32;
                out += 16;
              }
            }
            for (; x < outWidth; ++x) {
              store<f32>(out, load<f32>(from));
              from += step;
              out += 4;
            }
            row += pitch;
          }
        }
        line += <usize>dilationWidth << 2;
      }
    }
  }
}

/** The transpose of `unfold`: image[…] += columns[…], in a fixed order. */
function fold(image: usize, channels: i32, top: i32, bottom: i32): void {
  let from = columns;
  const rows = bottom - top;
  const pitch = <usize>(paddedWidth * strideHeight) << 2;
  const step = <usize>strideWidth << 2;
  const whole = <usize>(outWidth & ~3) << 2;
  const nothing = f32x4.splat(-0.0);
  for (let channel = 0; channel < channels; ++channel) {
    for (let ky = 0; ky < kernelHeight; ++ky) {
      let line = image + (<usize>((channel * paddedHeight + top * strideHeight + ky * dilationHeight) * paddedWidth) << 2);
      for (let kx = 0; kx < kernelWidth; ++kx) {
        let row = line;
        for (let y = 0; y < rows; ++y) {
          let to = row;
          if (strideWidth == 1) {
            for (const end = row + whole; to < end; to += 16) {
              v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
              from += 16;
            }
            if (outWidth & 2) {
              v128.store_lane<u64>(to, f32x4.add(v128.load64_zero(to), v128.load64_zero(from)), 0);
              to += 8;
              from += 8;
            }
            if (outWidth & 1) {
              store<f32>(to, load<f32>(to) + load<f32>(from));
              from += 4;
            }
          } else {
            let x = 0;
            if (strideWidth == 2) {
              // Every second number stays as it is; a fifth output behind the four says that the last of them is the row's.
              for (; x + 4 < outWidth; x += 4) {
                const four = v128.load(from);
                v128.store(to, f32x4.add(v128.load(to), v128.shuffle<f32>(four, nothing, 0, 4, 1, 5)));
                v128.store(to, f32x4.add(v128.load(to, 16), v128.shuffle<f32>(four, nothing, 2, 6, 3, 7)), 16);
                to += 32;
                from += 16;
              }
            }
            for (; x < outWidth; ++x) {
              store<f32>(to, load<f32>(to) + load<f32>(from));
              to += step;
              from += 4;
            }
          }
          row += pitch;
        }
        line += <usize>dilationWidth << 2;
      }
    }
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

/** With so few channels patches are not copied: there is little to compute with them. */
const DIRECT_CHANNELS: i32 = 4;

@inline
function isDirect(): bool {
  return inChannels / groups <= DIRECT_CHANNELS && strideWidth == 1 && outWidth >= 8 && kernelHeight * kernelWidth > 1;
}

function setTapsOf(groupIn: i32): void {
  const row = <usize>paddedWidth << 2;
  setTaps(
    groupIn, kernelHeight, kernelWidth,
    <usize>paddedHeight * row, <usize>dilationHeight * row, <usize>dilationWidth << 2,
  );
}

/** C (+)= weight·B or weightᵀ·B; the weight was packed by `packWeight` unless a BLAS does it. */
@inline
function multiplyWeight(
  transposed: bool, m: i32, n: i32, k: i32, weight: usize, b: usize, ldb: i32, accumulate: bool, c: usize, ldc: i32,
): void {
  if (useBlas) gemm(true, transposed, false, m, n, k, weight, transposed ? m : k, b, ldb, accumulate, c, ldc, gemmScratch);
  else multiplyPacked(m, n, k, packedWeight, b, <usize>ldb << 2, false, c, <usize>ldc << 2, accumulate, gemmScratch);
}

/** Once for all images of a slice. */
@inline
function packWeight(transposed: bool, m: i32, k: i32, weight: usize): void {
  if (!useBlas) packA(weight, <usize>(transposed ? m : k) << 2, transposed, m, k, packedWeight);
}

function fillChannels(out: usize, positions: i32, channels: i32, bias: usize): void {
  for (let channel = 0; channel < channels; ++channel) {
    const value = v128.load32_splat(bias + (<usize>channel << 2));
    let left = positions;
    for (; left >= 4; left -= 4) {
      v128.store(out, value);
      out += 16;
    }
    if (left > 0) storeLanes(out, value, left);
    out += <usize>left << 2;
  }
}

/** Rows of `count` numbers, one for each channel of the group, `positions` apart. */
function finishRows(to: usize, count: i32, positions: i32, group: i32): void {
  const channels = outChannels / groups;
  for (let channel = 0; channel < channels; ++channel) {
    finish(to, count, group * channels + channel);
    to += <usize>positions << 2;
  }
}

/** Operands: x, weight, bias (0: none), out. What follows the convolution: see finish.ts. */
export function conv2d(task: usize, slice: i32, slices: i32): void {
  readGeometry(task, slice);
  readFinish(task, pointer(task, 3));
  const first = sliceStart(batch, 1, slice, slices);
  const last = sliceStart(batch, 1, slice + 1, slices);
  const positions = outHeight * outWidth;
  const groupIn = inChannels / groups;
  const groupOut = outChannels / groups;
  const depth = groupIn * kernelHeight * kernelWidth;
  const bias = pointer(task, 2);
  const pointwise = isPointwise();
  const direct = isDirect();
  if (direct) setTapsOf(groupIn);
  for (let group = 0; group < groups; ++group) {
    const weight = pointer(task, 1) + (<usize>(group * groupOut * depth) << 2);
    if (direct) packA(weight, <usize>depth << 2, false, groupOut, depth, packedWeight);
    else packWeight(false, groupOut, depth, weight);
    for (let image = first; image < last; ++image) {
      const x = pointer(task, 0) + (<usize>((image * groups + group) * groupIn) * <usize>(inHeight * inWidth) << 2);
      const out = pointer(task, 3) + (<usize>((image * groups + group) * groupOut) * <usize>positions << 2);
      const groupBias = bias ? bias + (<usize>(group * groupOut) << 2) : 0;
      if (direct) {
        const lineStep = <usize>(strideHeight * paddedWidth) << 2;
        convolveDirectly(pad(x, groupIn), lineStep, packedWeight, groupBias, out, groupOut, outHeight, outWidth);
        finishRows(out, positions, positions, group);
        continue;
      }
      if (bias) fillChannels(out, positions, groupOut, groupBias);
      if (pointwise) {
        multiplyWeight(false, groupOut, positions, depth, weight, x, positions, bias != 0, out, positions);
        finishRows(out, positions, positions, group);
        continue;
      }
      const source = pad(x, groupIn);
      for (let top = 0; top < outHeight; top += chunkRows) {
        const bottom = min(top + chunkRows, outHeight);
        const count = (bottom - top) * outWidth;
        unfold(source, groupIn, top, bottom);
        const to = out + (<usize>(top * outWidth) << 2);
        multiplyWeight(false, groupOut, count, depth, weight, columns, count, bias != 0, to, positions);
        finishRows(to, count, positions, group);
      }
    }
  }
}

/** Operands: gradient, weight, unused, out. */
export function conv2dInputGradient(task: usize, slice: i32, slices: i32): void {
  readGeometry(task, slice);
  const first = sliceStart(batch, 1, slice, slices);
  const last = sliceStart(batch, 1, slice + 1, slices);
  const positions = outHeight * outWidth;
  const groupIn = inChannels / groups;
  const groupOut = outChannels / groups;
  const depth = groupIn * kernelHeight * kernelWidth;
  const plane = <usize>(inHeight * inWidth);
  const pointwise = isPointwise();
  for (let group = 0; group < groups; ++group) {
    const weight = pointer(task, 1) + (<usize>(group * groupOut * depth) << 2);
    packWeight(true, depth, groupOut, weight);
    for (let image = first; image < last; ++image) {
      const gradient = pointer(task, 0) + (<usize>((image * groups + group) * groupOut) * <usize>positions << 2);
      const out = pointer(task, 3) + (<usize>((image * groups + group) * groupIn) * plane << 2);
      if (pointwise) {
        multiplyWeight(true, depth, positions, groupOut, weight, gradient, positions, false, out, positions);
        continue;
      }
      const target = padded ? padded : out;
      memory.fill(target, 0, <usize>(groupIn * paddedHeight * paddedWidth) << 2);
      for (let top = 0; top < outHeight; top += chunkRows) {
        const bottom = min(top + chunkRows, outHeight);
        const count = (bottom - top) * outWidth;
        const from = gradient + (<usize>(top * outWidth) << 2);
        multiplyWeight(true, depth, count, groupOut, weight, from, positions, false, columns, count);
        fold(target, groupIn, top, bottom);
      }
      if (padded) unpad(out, groupIn);
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
  const pointwise = isPointwise();
  const direct = isDirect();
  if (direct) setTapsOf(groupIn);
  memory.fill(partial, 0, <usize>weights << 2);
  for (let image = sliceStart(batch, 1, slice, slices); image < last; ++image) {
    for (let group = 0; group < groups; ++group) {
      const x = pointer(task, 0) + (<usize>((image * groups + group) * groupIn) * <usize>(inHeight * inWidth) << 2);
      const gradient = pointer(task, 1) + (<usize>((image * groups + group) * groupOut) * <usize>positions << 2);
      const sum = partial + (<usize>(group * groupOut * depth) << 2);
      const source = pointwise ? x : pad(x, groupIn);
      if (direct) {
        correlateDirectly(
          source, <usize>(strideHeight * paddedWidth) << 2, gradient, sum, groupOut, outHeight, outWidth,
        );
        continue;
      }
      for (let top = 0; top < outHeight; top += pointwise ? outHeight : chunkRows) {
        const bottom = pointwise ? outHeight : min(top + chunkRows, outHeight);
        const count = (bottom - top) * outWidth;
        if (!pointwise) unfold(source, groupIn, top, bottom);
        gemm(
          useBlas, false, true, groupOut, depth, count, gradient + (<usize>(top * outWidth) << 2), positions,
          pointwise ? x : columns, count, true, sum, depth, gemmScratch,
        );
      }
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
