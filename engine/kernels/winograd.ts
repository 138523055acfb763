// Convolution with 3×3 kernels and stride 1 by Winograd's minimal filtering F(2×2, 3×3): 16 multiplications for four outputs
// where the sum of products takes 36 (Lavin & Gray 2015, https://arxiv.org/abs/1509.09308). With the matrices
//
//        ⎡1  0 −1  0⎤          ⎡ 1    0    0 ⎤          ⎡1  1  1  0⎤
//   Bᵀ = ⎢0  1  1  0⎥      G = ⎢ ½    ½    ½ ⎥     Aᵀ = ⎣0  1 −1 −1⎦
//        ⎢0 −1  1  0⎥          ⎢ ½   −½    ½ ⎥
//        ⎣0  1  0 −1⎦          ⎣ 0    0    1 ⎦
//
// a tile of 2×2 outputs is Aᵀ [Σ_c (G w Gᵀ) ⊙ (Bᵀ x B)] A. The sums over channels are 16 matrix products, one for each place ξ
// of the transformed tiles: M[ξ] = U[ξ]·V[ξ], [out, in]·[in, tiles]. The gradient with regard to the input is a convolution
// with the kernels turned by 180°; that with regard to the weight is Gᵀ [(A g Aᵀ) ⊙ (Bᵀ x B), summed over tiles] G.
// All additions are of few terms, so that rounding errors are not larger than those of the plain sum.
//
// Slices divide the rows of tiles of all images; a chunk is so many rows that its transforms stay in a cache.

import { finish, readFinish } from "./finish";
import { GEMM_SCRATCH, gemm, multiplyPacked } from "./gemm";
import { copyRow } from "./simd";
import { pointer, sliceStart, word } from "./task";

/** Rows of a strip of a packed left operand: see gemm.ts. */
const STRIP: i32 = 6;

// Read at the head of each kernel; one instance of the module serves one thread.
let inChannels: i32 = 0, inHeight: i32 = 0, inWidth: i32 = 0;
let outChannels: i32 = 0, outHeight: i32 = 0, outWidth: i32 = 0;
let padTop: i32 = 0, padLeft: i32 = 0;
let tilesX: i32 = 0, tilesY: i32 = 0;
let useBlas: bool = false;
/** Rows of tiles in a chunk. */
let chunkRows: i32 = 0;
/** Elements from one channel's tiles to the next's; vectors may write up to 3 past a row of tiles. */
let lead: i32 = 0;
let gemmScratch: usize = 0;
/** V: [16, inChannels, lead]. */
let inputTiles: usize = 0;
/** M, or the gradient's transform: [16, outChannels, lead]. */
let outputTiles: usize = 0;
/** One channel of an image with its padding, and the same for a gradient. */
let plane: usize = 0;
let gradientPlane: usize = 0;

/** Bytes of a row of a plane: whole vectors of four tiles, and the two columns that the last one shares. */
@inline
function pitch(): usize {
  return <usize>(((tilesX + 3) & ~3) * 2 + 4) << 2;
}

/** Words from 4: batch, channels and sizes of the input, of the output, padding, scratch, its bytes per slice, BLAS, rows per chunk. */
function readGeometry(task: usize, slice: i32): void {
  inChannels = word(task, 5);
  inHeight = word(task, 6);
  inWidth = word(task, 7);
  outChannels = word(task, 8);
  outHeight = word(task, 9);
  outWidth = word(task, 10);
  padTop = word(task, 11);
  padLeft = word(task, 12);
  useBlas = word(task, 15) != 0;
  chunkRows = word(task, 16);
  tilesX = (outWidth + 1) >> 1;
  tilesY = (outHeight + 1) >> 1;
  lead = ((chunkRows * tilesX + 3) & ~3) + 4;
  gemmScratch = pointer(task, 13) + <usize>slice * pointer(task, 14);
  inputTiles = gemmScratch + ((GEMM_SCRATCH + 63) & ~63);
  outputTiles = inputTiles + 16 * stride(inChannels);
  plane = outputTiles + 16 * stride(outChannels);
  const planeBytes = <usize>(2 * chunkRows + 2) * pitch();
  gradientPlane = plane + planeBytes;
  // What lies outside of the images is written here, once; the rows and columns inside are written for every image.
  memory.fill(plane, 0, 2 * planeBytes);
}

/** Bytes from the tiles of one place ξ to those of the next. The 16 places fall into different sets of a cache. */
@inline
function stride(channels: i32): usize {
  return spread(<usize>(channels * lead) << 2);
}

/** Rounded up to an odd multiple of 256 bytes over 4096. */
@inline
function spread(bytes: usize): usize {
  return ((bytes + 4095) & ~4095) + 256;
}

/** Rows [top, top + rows) of an image's channel into a plane, from this column; rows outside of the image are zero. */
function copyRows(image: usize, height: i32, width: i32, top: i32, rows: i32, left: i32, to: usize): void {
  to += <usize>left << 2;
  for (let y = top; y < top + rows; ++y) {
    if (y >= 0 && y < height) copyRow(image + (<usize>(y * width) << 2), to, width);
    else memory.fill(to, 0, <usize>width << 2);
    to += pitch();
  }
}

/** Bᵀ x B of `rows` rows of tiles of one channel: four tiles at a time, whose columns lie two apart. */
function transformInput(rows: i32, out: usize): void {
  const step = pitch();
  const next = stride(inChannels);
  for (let row = 0; row < rows; ++row) {
    const line = plane + <usize>(2 * row) * step;
    for (let x = 0; x < tilesX; x += 4) {
      const from = line + (<usize>x << 3);
      // Rows in the order 2, 0, 1, 3, so that few are alive at a time.
      let at = from + 2 * step;
      let a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 8), d = v128.load(at, 24);
      let e0 = v128.shuffle<f32>(a, b, 0, 2, 4, 6), e1 = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
      let e2 = v128.shuffle<f32>(c, d, 0, 2, 4, 6), e3 = v128.shuffle<f32>(c, d, 1, 3, 5, 7);
      const r20 = f32x4.sub(e0, e2), r21 = f32x4.add(e1, e2), r22 = f32x4.sub(e2, e1), r23 = f32x4.sub(e1, e3);
      at = from;
      a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 8), d = v128.load(at, 24);
      e0 = v128.shuffle<f32>(a, b, 0, 2, 4, 6), e1 = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
      e2 = v128.shuffle<f32>(c, d, 0, 2, 4, 6), e3 = v128.shuffle<f32>(c, d, 1, 3, 5, 7);
      let to = out + (<usize>x << 2);
      v128.store(to, f32x4.sub(f32x4.sub(e0, e2), r20));
      to += next;
      v128.store(to, f32x4.sub(f32x4.add(e1, e2), r21));
      to += next;
      v128.store(to, f32x4.sub(f32x4.sub(e2, e1), r22));
      to += next;
      v128.store(to, f32x4.sub(f32x4.sub(e1, e3), r23));
      to += next;
      at = from + step;
      a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 8), d = v128.load(at, 24);
      e0 = v128.shuffle<f32>(a, b, 0, 2, 4, 6), e1 = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
      e2 = v128.shuffle<f32>(c, d, 0, 2, 4, 6), e3 = v128.shuffle<f32>(c, d, 1, 3, 5, 7);
      const r10 = f32x4.sub(e0, e2), r11 = f32x4.add(e1, e2), r12 = f32x4.sub(e2, e1), r13 = f32x4.sub(e1, e3);
      v128.store(to, f32x4.add(r10, r20));
      v128.store(to + 4 * next, f32x4.sub(r20, r10));
      to += next;
      v128.store(to, f32x4.add(r11, r21));
      v128.store(to + 4 * next, f32x4.sub(r21, r11));
      to += next;
      v128.store(to, f32x4.add(r12, r22));
      v128.store(to + 4 * next, f32x4.sub(r22, r12));
      to += next;
      v128.store(to, f32x4.add(r13, r23));
      v128.store(to + 4 * next, f32x4.sub(r23, r13));
      to += 5 * next;
      at = from + 3 * step;
      a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 8), d = v128.load(at, 24);
      e0 = v128.shuffle<f32>(a, b, 0, 2, 4, 6), e1 = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
      e2 = v128.shuffle<f32>(c, d, 0, 2, 4, 6), e3 = v128.shuffle<f32>(c, d, 1, 3, 5, 7);
      v128.store(to, f32x4.sub(r10, f32x4.sub(e0, e2)));
      to += next;
      v128.store(to, f32x4.sub(r11, f32x4.add(e1, e2)));
      to += next;
      v128.store(to, f32x4.sub(r12, f32x4.sub(e2, e1)));
      to += next;
      v128.store(to, f32x4.sub(r13, f32x4.sub(e1, e3)));
    }
    out += <usize>tilesX << 2;
  }
}

/** A g Aᵀ of `rows` rows of tiles of one channel of a gradient. */
function transformGradient(rows: i32, out: usize): void {
  const step = pitch();
  const next = stride(outChannels);
  for (let row = 0; row < rows; ++row) {
    const line = gradientPlane + <usize>(2 * row) * step;
    for (let x = 0; x < tilesX; x += 4) {
      const from = line + (<usize>x << 3);
      const a = v128.load(from), b = v128.load(from, 16);
      const c = v128.load(from + step), d = v128.load(from + step, 16);
      const g00 = v128.shuffle<f32>(a, b, 0, 2, 4, 6), g01 = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
      const g10 = v128.shuffle<f32>(c, d, 0, 2, 4, 6), g11 = v128.shuffle<f32>(c, d, 1, 3, 5, 7);
      const to = out + (<usize>x << 2);
      storeGradientRow(to, next, g00, g01);
      storeGradientRow(to + 4 * next, next, f32x4.add(g00, g10), f32x4.add(g01, g11));
      storeGradientRow(to + 8 * next, next, f32x4.sub(g00, g10), f32x4.sub(g01, g11));
      storeGradientRow(to + 12 * next, next, f32x4.neg(g10), f32x4.neg(g11));
    }
    out += <usize>tilesX << 2;
  }
}

@inline
function storeGradientRow(to: usize, next: usize, left: v128, right: v128): void {
  v128.store(to, left);
  v128.store(to + next, f32x4.add(left, right));
  v128.store(to + 2 * next, f32x4.sub(left, right));
  v128.store(to + 3 * next, f32x4.neg(right));
}

/** Aᵀ m A of `rows` rows of tiles of one channel, plus its bias, to the rows of the output from `top`. */
function transformOutput(from: usize, rows: i32, bias: v128, out: usize, top: i32): void {
  const next = stride(outChannels);
  const width = <usize>outWidth << 2;
  // Whole vectors of tiles go straight to the output; else by way of a plane, from which what is inside is copied.
  const direct = (outWidth & 7) == 0;
  const spare = gradientPlane;
  for (let row = 0; row < rows; ++row) {
    const y = top + 2 * row;
    const to = out + <usize>y * width;
    const hasSecond = y + 1 < outHeight;
    const first = direct ? to : spare;
    const second = direct && hasSecond ? to + width : spare + pitch();
    for (let x = 0; x < tilesX; x += 4) {
      let at = from + (<usize>x << 2);
      let m0 = v128.load(at), m1 = v128.load(at + 4 * next), m2 = v128.load(at + 8 * next), m3 = v128.load(at + 12 * next);
      let t = f32x4.add(m0, f32x4.add(m1, m2)), u = f32x4.sub(f32x4.sub(m1, m2), m3);
      let y00 = t, y10 = u;
      at += next;
      m0 = v128.load(at), m1 = v128.load(at + 4 * next), m2 = v128.load(at + 8 * next), m3 = v128.load(at + 12 * next);
      t = f32x4.add(m0, f32x4.add(m1, m2)), u = f32x4.sub(f32x4.sub(m1, m2), m3);
      y00 = f32x4.add(y00, t), y10 = f32x4.add(y10, u);
      let y01 = t, y11 = u;
      at += next;
      m0 = v128.load(at), m1 = v128.load(at + 4 * next), m2 = v128.load(at + 8 * next), m3 = v128.load(at + 12 * next);
      t = f32x4.add(m0, f32x4.add(m1, m2)), u = f32x4.sub(f32x4.sub(m1, m2), m3);
      y00 = f32x4.add(f32x4.add(y00, t), bias), y10 = f32x4.add(f32x4.add(y10, u), bias);
      y01 = f32x4.sub(y01, t), y11 = f32x4.sub(y11, u);
      at += next;
      m0 = v128.load(at), m1 = v128.load(at + 4 * next), m2 = v128.load(at + 8 * next), m3 = v128.load(at + 12 * next);
      t = f32x4.add(m0, f32x4.add(m1, m2)), u = f32x4.sub(f32x4.sub(m1, m2), m3);
      y01 = f32x4.add(f32x4.sub(y01, t), bias), y11 = f32x4.add(f32x4.sub(y11, u), bias);
      const column = <usize>x << 3;
      v128.store(first + column, v128.shuffle<f32>(y00, y01, 0, 4, 1, 5));
      v128.store(first + column, v128.shuffle<f32>(y00, y01, 2, 6, 3, 7), 16);
      v128.store(second + column, v128.shuffle<f32>(y10, y11, 0, 4, 1, 5));
      v128.store(second + column, v128.shuffle<f32>(y10, y11, 2, 6, 3, 7), 16);
    }
    if (!direct) {
      copyRow(first, to, outWidth);
      if (hasSecond) copyRow(second, to + width, outWidth);
    }
    from += <usize>tilesX << 2;
  }
}

/** V of the chunk of tile rows [first, last), counted over all images. */
function transformImages(x: usize, first: i32, last: i32): void {
  const size = <usize>(inHeight * inWidth) << 2;
  let column: usize = 0;
  for (let row = first; row < last; ) {
    const image = row / tilesY;
    const top = row - image * tilesY;
    const rows = min(tilesY - top, last - row);
    let from = x + <usize>(image * inChannels) * size;
    for (let channel = 0; channel < inChannels; ++channel) {
      copyRows(from, inHeight, inWidth, 2 * top - padTop, 2 * rows + 2, padLeft, plane);
      transformInput(rows, inputTiles + (<usize>(channel * lead) << 2) + column);
      from += size;
    }
    column += <usize>(rows * tilesX) << 2;
    row += rows;
  }
}

/** Bytes from one packed or plain U[ξ] to the next. */
@inline
function weightStride(packed: bool, rows: i32, depth: i32): usize {
  return spread(<usize>(packed ? ((rows + STRIP - 1) / STRIP) * STRIP * depth : rows * depth) << 2);
}

/**
 * Words from 17: weight [out, in, 3, 3], U, rows and columns of U, turned, packed. U[ξ] = (G w Gᵀ)[ξ] as [out, in]; `turned`: as
 * [in, out], of the kernels turned by 180°; `packed`: in strips of 6 rows for gemm.ts. Slices divide the rows of U.
 */
export function winogradWeight(task: usize, slice: i32, slices: i32): void {
  const rows = word(task, 19);
  const depth = word(task, 20);
  const turned = word(task, 21) != 0;
  const packed = word(task, 22) != 0;
  const next = weightStride(packed, rows, depth);
  const rowStep: usize = turned ? 36 : <usize>depth * 36;
  const depthStep: usize = turned ? <usize>rows * 36 : 36;
  const last = sliceStart(rows, STRIP, slice + 1, slices);
  for (let row = sliceStart(rows, STRIP, slice, slices); row < last; ++row) {
    let from = pointer(task, 17) + <usize>row * rowStep;
    let to = pointer(task, 18) + (<usize>(packed ? (row / STRIP) * STRIP * depth + row % STRIP : row * depth) << 2);
    const step: usize = packed ? STRIP * 4 : 4;
    for (let p = 0; p < depth; ++p) {
      // The rows of w, each in the first three lanes.
      let r0 = v128.load(from), r1 = v128.load(from, 12), r2 = v128.load(from, 20);
      r2 = v128.shuffle<f32>(r2, r2, 1, 2, 3, 0);
      if (turned) {
        const top = v128.shuffle<f32>(r2, r2, 2, 1, 0, 3);
        r1 = v128.shuffle<f32>(r1, r1, 2, 1, 0, 3);
        r2 = v128.shuffle<f32>(r0, r0, 2, 1, 0, 3);
        r0 = top;
      }
      const outer = f32x4.add(r0, r2);
      const half = f32x4.splat(0.5);
      storeWeightRow(to, next, r0);
      storeWeightRow(to + 4 * next, next, f32x4.mul(half, f32x4.add(outer, r1)));
      storeWeightRow(to + 8 * next, next, f32x4.mul(half, f32x4.sub(outer, r1)));
      storeWeightRow(to + 12 * next, next, r2);
      from += depthStep;
      to += step;
    }
  }
}

@inline
function storeWeightRow(to: usize, next: usize, row: v128): void {
  const w0 = f32x4.extract_lane(row, 0);
  const w1 = f32x4.extract_lane(row, 1);
  const w2 = f32x4.extract_lane(row, 2);
  const outer = w0 + w2;
  store<f32>(to, w0);
  store<f32>(to + next, 0.5 * (outer + w1));
  store<f32>(to + 2 * next, 0.5 * (outer - w1));
  store<f32>(to + 3 * next, w2);
}

/** Operands: x, U (plain for a BLAS, else packed), bias (0: none), out. What follows the convolution: see finish.ts. */
export function winograd(task: usize, slice: i32, slices: i32): void {
  readGeometry(task, slice);
  readFinish(task, pointer(task, 3));
  const bias = pointer(task, 2);
  const size = <usize>(outHeight * outWidth) << 2;
  const rowsInAll = word(task, 4) * tilesY;
  const nextU = weightStride(!useBlas, outChannels, inChannels);
  const end = sliceStart(rowsInAll, 1, slice + 1, slices);
  for (let first = sliceStart(rowsInAll, 1, slice, slices); first < end; first += chunkRows) {
    const last = min(first + chunkRows, end);
    const tiles = (last - first) * tilesX;
    transformImages(pointer(task, 0), first, last);
    for (let place = 0; place < 16; ++place) {
      const u = pointer(task, 1) + <usize>place * nextU;
      const v = inputTiles + <usize>place * stride(inChannels);
      const m = outputTiles + <usize>place * stride(outChannels);
      if (useBlas) gemm(true, false, false, outChannels, tiles, inChannels, u, inChannels, v, lead, false, m, lead, gemmScratch);
      else multiplyPacked(outChannels, tiles, inChannels, u, v, <usize>lead << 2, false, m, <usize>lead << 2, false, gemmScratch);
    }
    let column: usize = 0;
    for (let row = first; row < last; ) {
      const image = row / tilesY;
      const top = row - image * tilesY;
      const rows = min(tilesY - top, last - row);
      let out = pointer(task, 3) + <usize>(image * outChannels) * size;
      for (let channel = 0; channel < outChannels; ++channel) {
        const value = bias ? v128.load32_splat(bias + (<usize>channel << 2)) : f32x4.splat(0);
        transformOutput(outputTiles + (<usize>(channel * lead) << 2) + column, rows, value, out, 2 * top);
        finish(out + (<usize>(2 * top * outWidth) << 2), min(2 * rows, outHeight - 2 * top) * outWidth, channel);
        out += size;
      }
      column += <usize>(rows * tilesX) << 2;
      row += rows;
    }
  }
}

/** Operands: x, gradient, unused, partial sums [slices, 16, out, in] of the transformed gradient. */
export function winogradWeightSums(task: usize, slice: i32, slices: i32): void {
  readGeometry(task, slice);
  const size = <usize>(outHeight * outWidth) << 2;
  const rowsInAll = word(task, 4) * tilesY;
  const weights = <usize>(outChannels * inChannels) << 2;
  const sums = pointer(task, 3) + <usize>slice * 16 * weights;
  const begin = sliceStart(rowsInAll, 1, slice, slices);
  const end = sliceStart(rowsInAll, 1, slice + 1, slices);
  for (let first = begin; first < end; first += chunkRows) {
    const last = min(first + chunkRows, end);
    transformImages(pointer(task, 0), first, last);
    let column: usize = 0;
    for (let row = first; row < last; ) {
      const image = row / tilesY;
      const top = row - image * tilesY;
      const rows = min(tilesY - top, last - row);
      let from = pointer(task, 1) + <usize>(image * outChannels) * size;
      for (let channel = 0; channel < outChannels; ++channel) {
        copyRows(from, outHeight, outWidth, 2 * top, 2 * rows, 0, gradientPlane);
        transformGradient(rows, outputTiles + (<usize>(channel * lead) << 2) + column);
        from += size;
      }
      column += <usize>(rows * tilesX) << 2;
      row += rows;
    }
    for (let place = 0; place < 16; ++place) {
      gemm(
        useBlas, false, true, outChannels, inChannels, (last - first) * tilesX,
        outputTiles + <usize>place * stride(outChannels), lead,
        inputTiles + <usize>place * stride(inChannels), lead,
        first > begin, sums + <usize>place * weights, inChannels, gemmScratch,
      );
    }
  }
  if (begin == end) memory.fill(sums, 0, 16 * weights);
}

/** Words: partial sums, gradient [out, in, 3, 3], out·in, number of partial sums. Gᵀ S G of their total; slices divide out·in. */
export function winogradWeightGradient(task: usize, slice: i32, slices: i32): void {
  const weights = word(task, 2);
  const parts = word(task, 3);
  const next = <usize>weights << 2;
  const last = sliceStart(weights, 4, slice + 1, slices);
  for (let i = sliceStart(weights, 4, slice, slices); i < last; i += 4) {
    const from = pointer(task, 0) + (<usize>i << 2);
    const count = min(4, last - i);
    // S's columns one after the other, each made three rows by Gᵀ; then the same along the rows.
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0;
    let b0 = a0, b1 = a0, b2 = a0;
    let c0 = a0, c1 = a0, c2 = a0;
    const half = f32x4.splat(0.5);
    for (let column = 0; column < 4; ++column) {
      const at = from + <usize>column * next;
      const s0 = total(at, next, parts);
      const s1 = total(at + 4 * next, next, parts);
      const s2 = total(at + 8 * next, next, parts);
      const s3 = total(at + 12 * next, next, parts);
      const middle = f32x4.mul(half, f32x4.add(s1, s2));
      const t0 = f32x4.add(s0, middle);
      const t1 = f32x4.mul(half, f32x4.sub(s1, s2));
      const t2 = f32x4.add(middle, s3);
      if (column == 0) {
        a0 = t0;
        b0 = t1;
        c0 = t2;
      } else if (column == 3) {
        a2 = f32x4.add(a2, t0);
        b2 = f32x4.add(b2, t1);
        c2 = f32x4.add(c2, t2);
      } else {
        const h0 = f32x4.mul(half, t0), h1 = f32x4.mul(half, t1), h2 = f32x4.mul(half, t2);
        a0 = f32x4.add(a0, h0);
        b0 = f32x4.add(b0, h1);
        c0 = f32x4.add(c0, h2);
        a2 = f32x4.add(a2, h0);
        b2 = f32x4.add(b2, h1);
        c2 = f32x4.add(c2, h2);
        a1 = column == 1 ? h0 : f32x4.sub(a1, h0);
        b1 = column == 1 ? h1 : f32x4.sub(b1, h1);
        c1 = column == 1 ? h2 : f32x4.sub(c1, h2);
      }
    }
    const to = pointer(task, 1) + <usize>i * 36;
    storeEach(to, a0, count);
    storeEach(to + 4, a1, count);
    storeEach(to + 8, a2, count);
    storeEach(to + 12, b0, count);
    storeEach(to + 16, b1, count);
    storeEach(to + 20, b2, count);
    storeEach(to + 24, c0, count);
    storeEach(to + 28, c1, count);
    storeEach(to + 32, c2, count);
  }
}

/** The sum of all parts at this place, in their order. */
@inline
function total(at: usize, next: usize, parts: i32): v128 {
  let sum = v128.load(at);
  for (let part = 1; part < parts; ++part) sum = f32x4.add(sum, v128.load(at + <usize>(16 * part) * next));
  return sum;
}

/** The lanes go to the same place of neighbouring kernels. */
@inline
function storeEach(to: usize, x: v128, count: i32): void {
  v128.store_lane<f32>(to, x, 0);
  if (count > 1) v128.store_lane<f32>(to, x, 1, 36);
  if (count > 2) v128.store_lane<f32>(to, x, 2, 72);
  if (count > 3) v128.store_lane<f32>(to, x, 3, 108);
}
