// Small pieces of SIMD that several kernels share.

/** a·b + c, fused where the build has relaxed SIMD. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

@inline
export function sumLanes(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

/** Stores the first `count` (1 to 3) lanes. Kernels may read past an operand's end, never write there. */
@inline
export function storeLanes(at: usize, x: v128, count: i32): void {
  v128.store_lane<f32>(at, x, 0);
  if (count > 1) v128.store_lane<f32>(at, x, 1, 4);
  if (count > 2) v128.store_lane<f32>(at, x, 2, 8);
}

/** Copies a row of `count` floats. */
@inline
export function copyRow(from: usize, to: usize, count: i32): void {
  if (count < 4) {
    if (count > 0) storeLanes(to, v128.load(from), count);
    return;
  }
  // The last vector overlaps the one before it.
  const end = <usize>(count - 4) << 2;
  for (let at: usize = 0; at < end; at += 16) v128.store(to + at, v128.load(from + at));
  v128.store(to + end, v128.load(from + end));
}

/** Stores the first `count` (1 to 4) lanes. */
@inline
export function storeSome(at: usize, x: v128, count: i32): void {
  if (count == 4) v128.store(at, x);
  else storeLanes(at, x, count);
}

/** The first `count` lanes; zeros in the others. */
@inline
export function mask(x: v128, count: i32): v128 {
  return v128.and(x, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}
