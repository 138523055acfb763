// Matrix multiplication, C (+)= op(A)·op(B) in float32, row-major. The heart is a register tile of 6×8 floats: 12
// accumulators, two vectors of B and one of A fill the 16 SIMD registers of x86-64. A is packed in strips of 6 rows, B in
// strips of 8 columns where reading it in place would be slower. The order of the additions in an element of C depends
// on k alone, so that slices of any size give the same bits.

import { madd, mask, storeSome } from "./simd";
import { pointer, sliceStart, word } from "./task";

/** A BLAS's cblas_sgemm over the same memory, row-major, α = 1; called only where the task says so. */
// @ts-ignore: decorator
@external("host", "sgemm")
declare function blasSgemm(
  transposeA: i32, transposeB: i32, m: i32, n: i32, k: i32,
  a: usize, lda: i32, b: usize, ldb: i32, accumulate: i32, c: usize, ldc: i32,
): void;

const ROWS: i32 = 6;
const COLUMNS: i32 = 8;
// A block of A (72×256 floats: 72 KB) and of B (256×512: 512 KB) stay in the second-level cache, a strip of B in the first.
const BLOCK_M: i32 = 72;
const BLOCK_N: i32 = 512;
const BLOCK_K: i32 = 256;
/** Up to so many rows of A, dot products with the rows of a transposed B are faster than packing it. */
const DOT_ROWS: i32 = 12;
/** Multiplications below which a BLAS is not called. */
const SMALL: i64 = 4096;
/** Up to so many rows of A it loses to dot products with the rows of a transposed B. */
const BLAS_ROWS: i32 = 4;
/** Bytes of scratch that `gemm` needs: a block of A, a block of B, a tile for the edges. */
export const GEMM_SCRATCH: i32 = (BLOCK_M * BLOCK_K + BLOCK_N * BLOCK_K + ROWS * COLUMNS) * 4;

/** 4×4 transpose of rows a, b, c, d, stored at out, out + stride … */
@inline
function storeTransposed(a: v128, b: v128, c: v128, d: v128, out: usize, stride: usize): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<f64>(ab, cd, 0, 2));
  v128.store(out + stride, v128.shuffle<f64>(ab, cd, 1, 3));
  v128.store(out + 2 * stride, v128.shuffle<f64>(ab2, cd2, 0, 2));
  v128.store(out + 3 * stride, v128.shuffle<f64>(ab2, cd2, 1, 3));
}

/** Packs the m×k matrix with element (i, p) at a + i·lda + p (or a + p·lda + i when transposed): strips of 6, zero-padded. */
export function packA(a: usize, lda: usize, transposed: bool, m: i32, k: i32, out: usize): void {
  for (let i = 0; i < m; i += ROWS) {
    const rows = min(ROWS, m - i);
    if (rows == ROWS) {
      if (transposed) {
        let from = a + (<usize>i << 2);
        for (let p = 0; p < k; ++p) {
          v128.store(out, v128.load(from));
          store<u64>(out + 16, load<u64>(from + 16));
          from += lda;
          out += 24;
        }
      } else {
        const r0 = a + <usize>i * lda;
        const r1 = r0 + lda;
        const r2 = r1 + lda;
        const r3 = r2 + lda;
        const r4 = r3 + lda;
        const r5 = r4 + lda;
        let p = 0;
        for (; p + 4 <= k; p += 4) {
          const at = <usize>p << 2;
          storeTransposed(v128.load(r0 + at), v128.load(r1 + at), v128.load(r2 + at), v128.load(r3 + at), out, 24);
          const x = v128.load(r4 + at);
          const y = v128.load(r5 + at);
          const low = v128.shuffle<f32>(x, y, 0, 4, 1, 5);
          const high = v128.shuffle<f32>(x, y, 2, 6, 3, 7);
          v128.store_lane<u64>(out, low, 0, 16);
          v128.store_lane<u64>(out, low, 1, 40);
          v128.store_lane<u64>(out, high, 0, 64);
          v128.store_lane<u64>(out, high, 1, 88);
          out += 96;
        }
        for (; p < k; ++p) {
          const at = <usize>p << 2;
          store<f32>(out, load<f32>(r0 + at));
          store<f32>(out, load<f32>(r1 + at), 4);
          store<f32>(out, load<f32>(r2 + at), 8);
          store<f32>(out, load<f32>(r3 + at), 12);
          store<f32>(out, load<f32>(r4 + at), 16);
          store<f32>(out, load<f32>(r5 + at), 20);
          out += 24;
        }
      }
    } else {
      const rowStep: usize = transposed ? 4 : lda;
      const depthStep: usize = transposed ? lda : 4;
      for (let p = 0; p < k; ++p) {
        const from = a + <usize>i * rowStep + <usize>p * depthStep;
        for (let r = 0; r < rows; ++r) store<f32>(out + (<usize>r << 2), load<f32>(from + <usize>r * rowStep));
        for (let r = rows; r < ROWS; ++r) store<f32>(out + (<usize>r << 2), 0);
        out += 24;
      }
    }
  }
}

/** Packs the k×n matrix with element (p, j) at b + p·ldb + j (or b + j·ldb + p when transposed): strips of 8, zero-padded. */
function packB(b: usize, ldb: usize, transposed: bool, k: i32, n: i32, out: usize): void {
  for (let j = 0; j < n; j += COLUMNS) {
    const columns = min(COLUMNS, n - j);
    if (columns == COLUMNS) {
      if (transposed) {
        const r0 = b + <usize>j * ldb;
        const r1 = r0 + ldb;
        const r2 = r1 + ldb;
        const r3 = r2 + ldb;
        const r4 = r3 + ldb;
        const r5 = r4 + ldb;
        const r6 = r5 + ldb;
        const r7 = r6 + ldb;
        let p = 0;
        for (; p + 4 <= k; p += 4) {
          const at = <usize>p << 2;
          storeTransposed(v128.load(r0 + at), v128.load(r1 + at), v128.load(r2 + at), v128.load(r3 + at), out, 32);
          storeTransposed(v128.load(r4 + at), v128.load(r5 + at), v128.load(r6 + at), v128.load(r7 + at), out + 16, 32);
          out += 128;
        }
        for (; p < k; ++p) {
          let from = r0 + (<usize>p << 2);
          for (let c = 0; c < COLUMNS; ++c) {
            store<f32>(out + (<usize>c << 2), load<f32>(from));
            from += ldb;
          }
          out += 32;
        }
      } else {
        let from = b + (<usize>j << 2);
        for (let p = 0; p < k; ++p) {
          v128.store(out, v128.load(from));
          v128.store(out, v128.load(from, 16), 16);
          from += ldb;
          out += 32;
        }
      }
    } else {
      const columnStep: usize = transposed ? ldb : 4;
      const depthStep: usize = transposed ? 4 : ldb;
      for (let p = 0; p < k; ++p) {
        const from = b + <usize>j * columnStep + <usize>p * depthStep;
        for (let c = 0; c < columns; ++c) store<f32>(out + (<usize>c << 2), load<f32>(from + <usize>c * columnStep));
        for (let c = columns; c < COLUMNS; ++c) store<f32>(out + (<usize>c << 2), 0);
        out += 32;
      }
    }
  }
}

@inline
function storeRow(c: usize, low: v128, high: v128, accumulate: bool): void {
  if (accumulate) {
    v128.store(c, f32x4.add(v128.load(c), low));
    v128.store(c, f32x4.add(v128.load(c, 16), high), 16);
  } else {
    v128.store(c, low);
    v128.store(c, high, 16);
  }
}

/** c[6×8] (+)= a·b with a strip of packed A and 8 columns of B whose rows lie ldb bytes apart. */
function tile(k: i32, a: usize, b: usize, ldb: usize, c: usize, ldc: usize, accumulate: bool): void {
  let c00 = f32x4.splat(0), c01 = c00;
  let c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00;
  let c40 = c00, c41 = c00;
  let c50 = c00, c51 = c00;
  for (let p = 0; p < k; ++p) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    b += ldb;
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    a += 24;
  }
  storeRow(c, c00, c01, accumulate);
  c += ldc;
  storeRow(c, c10, c11, accumulate);
  c += ldc;
  storeRow(c, c20, c21, accumulate);
  c += ldc;
  storeRow(c, c30, c31, accumulate);
  c += ldc;
  storeRow(c, c40, c41, accumulate);
  c += ldc;
  storeRow(c, c50, c51, accumulate);
}

/** A tile that overhangs C: computed whole in `edge`, then its valid part copied. */
function edgeTile(
  k: i32, a: usize, b: usize, ldb: usize, c: usize, ldc: usize, accumulate: bool, rows: i32, columns: i32, edge: usize,
): void {
  tile(k, a, b, ldb, edge, 32, false);
  for (let i = 0; i < rows; ++i) {
    for (let j = 0; j < columns; ++j) {
      const at = <usize>j << 2;
      const value = load<f32>(edge + at);
      store<f32>(c + at, accumulate ? load<f32>(c + at) + value : value);
    }
    edge += 32;
    c += ldc;
  }
}

/**
 * C (+)= packed A · B, where B is read in place with rows of ldb bytes, or packed when `packedB`. Strides in bytes.
 * In place, the last tile may read up to 28 bytes past the end of B; what it reads there is not used.
 */
export function multiplyPacked(
  m: i32, n: i32, k: i32, a: usize, b: usize, ldb: usize, packedB: bool, c: usize, ldc: usize, accumulate: bool, edge: usize,
): void {
  const rowStep: usize = packedB ? 32 : ldb;
  for (let j = 0; j < n; j += COLUMNS) {
    const columns = min(COLUMNS, n - j);
    const strip = packedB ? b + <usize>j * <usize>k * 4 : b + (<usize>j << 2);
    for (let i = 0; i < m; i += ROWS) {
      const rows = min(ROWS, m - i);
      const from = a + <usize>i * <usize>k * 4;
      const to = c + <usize>i * ldc + (<usize>j << 2);
      if (rows == ROWS && columns == COLUMNS) tile(k, from, strip, rowStep, to, ldc, accumulate);
      else edgeTile(k, from, strip, rowStep, to, ldc, accumulate, rows, columns, edge);
    }
  }
}

/** The four sums of the lanes of a, b, c and d. */
@inline
function sumsOf(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f64>(ab, cd, 0, 2), v128.shuffle<f64>(ab, cd, 1, 3));
}

/**
 * C (+)= A·Bᵀ with both operands' rows contiguous along k, by 3×4 dot products of vectors: no packing, for few rows.
 * The element of row i of A and row j of B lies at c + i·stepI + j·stepJ. Strides in bytes.
 */
function dotRows(
  m: i32, n: i32, k: i32, a: usize, lda: usize, b: usize, ldb: usize, c: usize, stepI: usize, stepJ: usize, accumulate: bool,
): void {
  const rest = k & 3;
  // The larger operand is read once, the smaller again and again from the first-level cache.
  const acrossFirst = n < m;
  const outerEnd = acrossFirst ? m : n;
  const innerEnd = acrossFirst ? n : m;
  const outerStep = acrossFirst ? 3 : 4;
  const innerStep = acrossFirst ? 4 : 3;
  for (let outer = 0; outer < outerEnd; outer += outerStep) {
    for (let inner = 0; inner < innerEnd; inner += innerStep) {
      const i = acrossFirst ? outer : inner;
      const j = acrossFirst ? inner : outer;
      const rows = min(3, m - i);
      // Rows that do not exist repeat the last one; their results are not stored.
      const a0 = a + <usize>i * lda;
      const a1 = rows > 1 ? a0 + lda : a0;
      const a2 = rows > 2 ? a1 + lda : a1;
      const columns = min(4, n - j);
      const b0 = b + <usize>j * ldb;
      const b1 = columns > 1 ? b0 + ldb : b0;
      const b2 = columns > 2 ? b1 + ldb : b1;
      const b3 = columns > 3 ? b2 + ldb : b2;
      let c00 = f32x4.splat(0), c01 = c00, c02 = c00, c03 = c00;
      let c10 = c00, c11 = c00, c12 = c00, c13 = c00;
      let c20 = c00, c21 = c00, c22 = c00, c23 = c00;
      let p: usize = 0;
      let x0: v128, x1: v128, x2: v128, y: v128;
      for (const end = <usize>(k & ~7) << 2; p < end; p += 32) {
        x0 = v128.load(a0 + p);
        x1 = v128.load(a1 + p);
        x2 = v128.load(a2 + p);
        y = v128.load(b0 + p);
        c00 = madd(x0, y, c00);
        c10 = madd(x1, y, c10);
        c20 = madd(x2, y, c20);
        y = v128.load(b1 + p);
        c01 = madd(x0, y, c01);
        c11 = madd(x1, y, c11);
        c21 = madd(x2, y, c21);
        y = v128.load(b2 + p);
        c02 = madd(x0, y, c02);
        c12 = madd(x1, y, c12);
        c22 = madd(x2, y, c22);
        y = v128.load(b3 + p);
        c03 = madd(x0, y, c03);
        c13 = madd(x1, y, c13);
        c23 = madd(x2, y, c23);
        x0 = v128.load(a0 + p, 16);
        x1 = v128.load(a1 + p, 16);
        x2 = v128.load(a2 + p, 16);
        y = v128.load(b0 + p, 16);
        c00 = madd(x0, y, c00);
        c10 = madd(x1, y, c10);
        c20 = madd(x2, y, c20);
        y = v128.load(b1 + p, 16);
        c01 = madd(x0, y, c01);
        c11 = madd(x1, y, c11);
        c21 = madd(x2, y, c21);
        y = v128.load(b2 + p, 16);
        c02 = madd(x0, y, c02);
        c12 = madd(x1, y, c12);
        c22 = madd(x2, y, c22);
        y = v128.load(b3 + p, 16);
        c03 = madd(x0, y, c03);
        c13 = madd(x1, y, c13);
        c23 = madd(x2, y, c23);
      }
      if (k & 4) {
        x0 = v128.load(a0 + p);
        x1 = v128.load(a1 + p);
        x2 = v128.load(a2 + p);
        y = v128.load(b0 + p);
        c00 = madd(x0, y, c00);
        c10 = madd(x1, y, c10);
        c20 = madd(x2, y, c20);
        y = v128.load(b1 + p);
        c01 = madd(x0, y, c01);
        c11 = madd(x1, y, c11);
        c21 = madd(x2, y, c21);
        y = v128.load(b2 + p);
        c02 = madd(x0, y, c02);
        c12 = madd(x1, y, c12);
        c22 = madd(x2, y, c22);
        y = v128.load(b3 + p);
        c03 = madd(x0, y, c03);
        c13 = madd(x1, y, c13);
        c23 = madd(x2, y, c23);
        p += 16;
      }
      if (rest) {
        x0 = mask(v128.load(a0 + p), rest);
        x1 = mask(v128.load(a1 + p), rest);
        x2 = mask(v128.load(a2 + p), rest);
        y = mask(v128.load(b0 + p), rest);
        c00 = madd(x0, y, c00);
        c10 = madd(x1, y, c10);
        c20 = madd(x2, y, c20);
        y = mask(v128.load(b1 + p), rest);
        c01 = madd(x0, y, c01);
        c11 = madd(x1, y, c11);
        c21 = madd(x2, y, c21);
        y = mask(v128.load(b2 + p), rest);
        c02 = madd(x0, y, c02);
        c12 = madd(x1, y, c12);
        c22 = madd(x2, y, c22);
        y = mask(v128.load(b3 + p), rest);
        c03 = madd(x0, y, c03);
        c13 = madd(x1, y, c13);
        c23 = madd(x2, y, c23);
      }
      let to = c + <usize>i * stepI + <usize>j * stepJ;
      storeSums(to, sumsOf(c00, c01, c02, c03), columns, stepJ, accumulate);
      if (rows > 1) {
        to += stepI;
        storeSums(to, sumsOf(c10, c11, c12, c13), columns, stepJ, accumulate);
      }
      if (rows > 2) {
        to += stepI;
        storeSums(to, sumsOf(c20, c21, c22, c23), columns, stepJ, accumulate);
      }
    }
  }
}

@inline
function storeSum(to: usize, sum: f32, accumulate: bool): void {
  store<f32>(to, accumulate ? load<f32>(to) + sum : sum);
}

@inline
function storeSums(to: usize, sums: v128, count: i32, step: usize, accumulate: bool): void {
  if (count == 4 && step == 4) {
    v128.store(to, accumulate ? f32x4.add(v128.load(to), sums) : sums);
    return;
  }
  storeSum(to, f32x4.extract_lane(sums, 0), accumulate);
  if (count > 1) storeSum(to + step, f32x4.extract_lane(sums, 1), accumulate);
  if (count > 2) storeSum(to + 2 * step, f32x4.extract_lane(sums, 2), accumulate);
  if (count > 3) storeSum(to + 3 * step, f32x4.extract_lane(sums, 3), accumulate);
}

@inline
function roundUp(count: i32, unit: i32): i64 {
  return <i64>((count + unit - 1) / unit) * unit;
}

/** C (+)= A·Bᵀ by dot products, whichever way round fills the 3×4 tiles better. */
function multiplyRows(
  m: i32, n: i32, k: i32, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, accumulate: bool,
): void {
  if (roundUp(m, 3) * roundUp(n, 4) <= roundUp(m, 4) * roundUp(n, 3)) dotRows(m, n, k, a, lda, b, ldb, c, ldc, 4, accumulate);
  else dotRows(n, m, k, b, ldb, a, lda, c, 4, ldc, accumulate);
}

function clear(c: usize, ldc: usize, m: i32, n: i32): void {
  for (let i = 0; i < m; ++i) memory.fill(c + <usize>i * ldc, 0, <usize>n << 2);
}

/** Where a call of a BLAS costs more than it saves: tiny products, and a few rows times a transposed matrix, which are dot products. */
@inline
function isSmall(transposeA: bool, transposeB: bool, m: i32, n: i32, k: i32): bool {
  return <i64>m * n * k <= SMALL || (m <= BLAS_ROWS && transposeB && !transposeA);
}

/** C (+)= op(A)·op(B); leading dimensions in elements; `scratch` holds GEMM_SCRATCH bytes. */
export function gemm(
  useBlas: bool, transposeA: bool, transposeB: bool, m: i32, n: i32, k: i32,
  a: usize, leadA: i32, b: usize, leadB: i32, accumulate: bool, c: usize, leadC: i32, scratch: usize,
): void {
  if (m == 0 || n == 0) return;
  const lda = <usize>leadA << 2;
  const ldb = <usize>leadB << 2;
  const ldc = <usize>leadC << 2;
  if (k == 0) {
    if (!accumulate) clear(c, ldc, m, n);
    return;
  }
  if (useBlas && !isSmall(transposeA, transposeB, m, n, k)) {
    blasSgemm(i32(transposeA), i32(transposeB), m, n, k, a, leadA, b, leadB, i32(accumulate), c, leadC);
    return;
  }
  if (transposeB && !transposeA && m <= DOT_ROWS) {
    multiplyRows(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
    return;
  }
  const packedA = scratch;
  const packedB = scratch + BLOCK_M * BLOCK_K * 4;
  const edge = packedB + BLOCK_N * BLOCK_K * 4;
  // Each element of a packed B is used by m / 6 tiles; a small B is read in place faster than packed.
  const inPlace = !transposeB && (m <= 4 * ROWS || <i64>n * k <= 16384);
  for (let p = 0; p < k; p += BLOCK_K) {
    const depth = min(BLOCK_K, k - p);
    for (let j = 0; j < n; j += BLOCK_N) {
      const columns = min(BLOCK_N, n - j);
      const fromB = transposeB ? b + <usize>j * ldb + (<usize>p << 2) : b + <usize>p * ldb + (<usize>j << 2);
      if (!inPlace) packB(fromB, ldb, transposeB, depth, columns, packedB);
      for (let i = 0; i < m; i += BLOCK_M) {
        const rows = min(BLOCK_M, m - i);
        const fromA = transposeA ? a + <usize>p * lda + (<usize>i << 2) : a + <usize>i * lda + (<usize>p << 2);
        packA(fromA, lda, transposeA, rows, depth, packedA);
        multiplyPacked(
          rows, columns, depth, packedA, inPlace ? fromB : packedB, ldb, !inPlace,
          c + <usize>i * ldc + (<usize>j << 2), ldc, accumulate || p > 0, edge,
        );
      }
    }
  }
}

/**
 * Words: a, b, out, batch, m, n, k, transpose a, transpose b, batch strides a and b (elements), accumulate, scratch, bytes of
 * scratch per slice, use BLAS, bias (0: none), 1 for ReLU. Slices divide the batch where it has enough matrices, else the longer side of C.
 */
export function matmul(task: usize, slice: i32, slices: i32): void {
  const batch = word(task, 3);
  const m = word(task, 4);
  const n = word(task, 5);
  const k = word(task, 6);
  const transposeA = word(task, 7) != 0;
  const transposeB = word(task, 8) != 0;
  const accumulate = word(task, 11) != 0;
  const scratch = pointer(task, 12) + <usize>slice * pointer(task, 13);
  const useBlas = word(task, 14) != 0;
  const bias = pointer(task, 15);
  const rectifies = word(task, 16) != 0;
  const finishes = bias != 0 || rectifies;
  const lda = transposeA ? m : k;
  const ldb = transposeB ? k : n;
  let firstMatrix = 0, lastMatrix = batch;
  let firstRow = 0, lastRow = m;
  let firstColumn = 0, lastColumn = n;
  if (batch >= slices) {
    firstMatrix = sliceStart(batch, 1, slice, slices);
    lastMatrix = sliceStart(batch, 1, slice + 1, slices);
  } else if (m >= n) {
    firstRow = sliceStart(m, ROWS, slice, slices);
    lastRow = sliceStart(m, ROWS, slice + 1, slices);
  } else {
    firstColumn = sliceStart(n, 2 * COLUMNS, slice, slices);
    lastColumn = sliceStart(n, 2 * COLUMNS, slice + 1, slices);
  }
  const a = pointer(task, 0) + (<usize>(transposeA ? firstRow : firstRow * k) << 2);
  const b = pointer(task, 1) + (<usize>(transposeB ? firstColumn * k : firstColumn) << 2);
  const c = pointer(task, 2) + (<usize>(firstRow * n + firstColumn) << 2);
  for (let i = firstMatrix; i < lastMatrix; ++i) {
    gemm(
      useBlas, transposeA, transposeB, lastRow - firstRow, lastColumn - firstColumn, k,
      a + (<usize>i * pointer(task, 9) << 2), lda,
      b + (<usize>i * pointer(task, 10) << 2), ldb,
      accumulate, c + (<usize>i * <usize>m * <usize>n << 2), n, scratch,
    );
    if (finishes)
      finishRows(
        c + (<usize>i * <usize>m * <usize>n << 2), lastRow - firstRow, lastColumn - firstColumn, n,
        bias ? bias + (<usize>firstColumn << 2) : 0, rectifies,
      );
  }
}

/** Adds a bias (0: none) to each row and takes the larger of that and zero, if told. The bits are those of `add` and `relu`. */
function finishRows(c: usize, rows: i32, columns: i32, ldc: i32, bias: usize, rectifies: bool): void {
  const low = f32x4.splat(rectifies ? 0 : -Infinity);
  const nothing = f32x4.splat(-0.0);
  for (let row = 0; row < rows; ++row) {
    for (let column = 0; column < columns; column += 4) {
      const at = <usize>column << 2;
      const sum = f32x4.add(v128.load(c + at), bias ? v128.load(bias + at) : nothing);
      storeSome(c + at, f32x4.pmax(sum, low), min(columns - column, 4));
    }
    c += <usize>ldc << 2;
  }
}
