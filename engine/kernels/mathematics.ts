// Vectorised functions of float32: exp, log and tanh to 1 unit in the last place, sigmoid and softplus to 2 (found over 2²⁴
// arguments spread over all of float32). The polynomials are those of Moshier's Cephes library (expf, logf, tanhf). NaN stays NaN; infinities, zeros and overflow give what Math.* gives.

import { madd } from "./simd";

// V8 makes a constant vector anew wherever one is used, by three instructions; to read one from memory takes a single one.
// These tables are the module's only data; they lie below the control words.
const COMMON: usize = memory.data<f32>([1.0, 0.5, -0.0, 2.0]);
const EXP: usize = memory.data<f32>([
  89.0, -104.0, 1.44269504088896341, 12582912.0, -0.693359375, 2.12194440e-4,
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
]);
const LOG: usize = memory.data<f32>([
  1.17549435e-38, 8388608.0, 23.0, 0.707106781186547524,
  7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
  -2.4999993993e-1, 3.3333331174e-1, -2.12194440e-4, -0.5, 0.693359375, Infinity, NaN, -Infinity,
]);
const LOG_BITS: usize = memory.data<i32>([0x007fffff, 0x3f000000, 126]);
const TANH: usize = memory.data<f32>([
  0.625, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
]);

@inline
function constant(table: usize, index: i32): v128 {
  return v128.load32_splat(table + (<usize>index << 2));
}

@inline
function one(): v128 {
  return constant(COMMON, 0);
}

/** 2^n for integers −126 ≤ n ≤ 127, as float lanes: n added to the exponent of 1. */
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.add(i32x4.shl(n, 23), one());
}

@inline
export function exp4(x: v128): v128 {
  // pmin and pmax return their first operand when it is NaN, so NaN survives the clamp.
  const clamped = f32x4.pmax(f32x4.pmin(x, constant(EXP, 0)), constant(EXP, 1));
  // Added to 1.5·2²³, a number is rounded to a whole one, which then stands in the last bits.
  const shift = constant(EXP, 3);
  const shifted = madd(clamped, constant(EXP, 2), shift);
  const n = f32x4.sub(shifted, shift);
  // x − n·ln 2 in two steps: 0.693359375 has few bits, so n times it is exact.
  let r = madd(n, constant(EXP, 4), clamped);
  r = madd(n, constant(EXP, 5), r);
  let p = madd(constant(EXP, 6), r, constant(EXP, 7));
  p = madd(p, r, constant(EXP, 8));
  p = madd(p, r, constant(EXP, 9));
  p = madd(p, r, constant(EXP, 10));
  p = madd(p, r, constant(EXP, 11));
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), one());
  // In two factors, so that 2^n may be denormal (n ≥ −150) or overflow (n = 128).
  const whole = i32x4.sub(shifted, shift);
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

@inline
export function log4(x: v128): v128 {
  const tiny = f32x4.lt(x, constant(LOG, 0));
  const bits = v128.bitselect(f32x4.mul(x, constant(LOG, 1)), x, tiny);
  let exponent = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(bits, 23), constant(LOG_BITS, 2)));
  exponent = f32x4.sub(exponent, v128.and(constant(LOG, 2), tiny));
  // Mantissa in [0.5, 1), then moved to [√½, √2).
  let m = v128.or(v128.and(bits, constant(LOG_BITS, 0)), constant(LOG_BITS, 1));
  const low = f32x4.lt(m, constant(LOG, 3));
  exponent = f32x4.sub(exponent, v128.and(one(), low));
  m = f32x4.sub(f32x4.add(m, v128.and(m, low)), one());
  const z = f32x4.mul(m, m);
  let p = madd(constant(LOG, 4), m, constant(LOG, 5));
  p = madd(p, m, constant(LOG, 6));
  p = madd(p, m, constant(LOG, 7));
  p = madd(p, m, constant(LOG, 8));
  p = madd(p, m, constant(LOG, 9));
  p = madd(p, m, constant(LOG, 10));
  p = madd(p, m, constant(LOG, 11));
  p = madd(p, m, constant(LOG, 12));
  let y = f32x4.mul(f32x4.mul(m, z), p);
  y = madd(exponent, constant(LOG, 13), y);
  y = madd(z, constant(LOG, 14), y);
  let result = madd(exponent, constant(LOG, 15), f32x4.add(m, y));
  const zero = i32x4.sub(bits, bits);
  result = v128.bitselect(constant(LOG, 18), result, f32x4.eq(x, zero));
  result = v128.bitselect(x, result, f32x4.eq(x, constant(LOG, 16)));
  // Negative or NaN: not ≥ 0.
  return v128.bitselect(result, constant(LOG, 17), f32x4.ge(x, zero));
}

@inline
export function sigmoid4(x: v128): v128 {
  const e = exp4(v128.or(x, constant(COMMON, 2)));
  // Where the sign is set the numerator is e. (A NaN gives NaN either way.)
  const numerator = v128.bitselect(e, one(), i32x4.shr_s(x, 31));
  return f32x4.div(numerator, f32x4.add(one(), e));
}

@inline
export function tanh4(x: v128): v128 {
  const sign = constant(COMMON, 2);
  const magnitude = v128.andnot(x, sign);
  const z = f32x4.mul(x, x);
  let p = madd(constant(TANH, 1), z, constant(TANH, 2));
  p = madd(p, z, constant(TANH, 3));
  p = madd(p, z, constant(TANH, 4));
  p = madd(p, z, constant(TANH, 5));
  const near = madd(f32x4.mul(p, z), x, x);
  const e = exp4(f32x4.add(magnitude, magnitude));
  const far = f32x4.sub(one(), f32x4.div(constant(COMMON, 3), f32x4.add(e, one())));
  const signed = v128.or(far, v128.and(x, sign));
  return v128.bitselect(near, signed, f32x4.lt(magnitude, constant(TANH, 0)));
}

/** max(x, 0) + log(1 + e^(−|x|)); the second term corrects what rounding 1 + e loses. */
@inline
export function softplus4(x: v128): v128 {
  const e = exp4(v128.or(x, constant(COMMON, 2)));
  const u = f32x4.add(one(), e);
  const lost = f32x4.sub(e, f32x4.sub(u, one()));
  const log1p = f32x4.add(log4(u), f32x4.div(lost, u));
  return f32x4.add(f32x4.max(x, i32x4.sub(u, u)), log1p);
}
