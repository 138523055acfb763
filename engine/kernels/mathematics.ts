// Vectorised functions of float32: exp, log and tanh to 1 unit in the last place, sigmoid and softplus to 2 (found over 2²⁴
// arguments spread over all of float32). The polynomials are those of Moshier's Cephes library (expf, logf, tanhf). NaN stays NaN; infinities, zeros and overflow give what Math.* gives.

import { madd } from "./simd";

@inline
function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** 2^n for integers −126 ≤ n ≤ 127, as float lanes. */
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

@inline
export function exp4(x: v128): v128 {
  // pmin and pmax return their first operand when it is NaN, so NaN survives the clamp.
  const clamped = f32x4.pmax(f32x4.pmin(x, splat(89.0)), splat(-104.0));
  const n = f32x4.nearest(f32x4.mul(clamped, splat(1.44269504088896341)));
  // x − n·ln 2 in two steps: 0.693359375 has few bits, so n times it is exact.
  let r = madd(n, splat(-0.693359375), clamped);
  r = madd(n, splat(2.12194440e-4), r);
  let p = madd(splat(1.9875691500e-4), r, splat(1.3981999507e-3));
  p = madd(p, r, splat(8.3334519073e-3));
  p = madd(p, r, splat(4.1665795894e-2));
  p = madd(p, r, splat(1.6666665459e-1));
  p = madd(p, r, splat(5.0000001201e-1));
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), splat(1.0));
  // In two factors, so that 2^n may be denormal (n ≥ −150) or overflow (n = 128).
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

@inline
export function log4(x: v128): v128 {
  const tiny = f32x4.lt(x, splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, splat(8388608.0)), x, tiny);
  const bits = scaled;
  let exponent = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(bits, 23), i32x4.splat(126)));
  exponent = f32x4.sub(exponent, v128.and(splat(23.0), tiny));
  // Mantissa in [0.5, 1), then moved to [√½, √2).
  let m = v128.or(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000));
  const low = f32x4.lt(m, splat(0.707106781186547524));
  exponent = f32x4.sub(exponent, v128.and(splat(1.0), low));
  m = f32x4.sub(f32x4.add(m, v128.and(m, low)), splat(1.0));
  const z = f32x4.mul(m, m);
  let p = madd(splat(7.0376836292e-2), m, splat(-1.1514610310e-1));
  p = madd(p, m, splat(1.1676998740e-1));
  p = madd(p, m, splat(-1.2420140846e-1));
  p = madd(p, m, splat(1.4249322787e-1));
  p = madd(p, m, splat(-1.6668057665e-1));
  p = madd(p, m, splat(2.0000714765e-1));
  p = madd(p, m, splat(-2.4999993993e-1));
  p = madd(p, m, splat(3.3333331174e-1));
  let y = f32x4.mul(f32x4.mul(m, z), p);
  y = madd(exponent, splat(-2.12194440e-4), y);
  y = madd(z, splat(-0.5), y);
  let result = madd(exponent, splat(0.693359375), f32x4.add(m, y));
  result = v128.bitselect(splat(-Infinity), result, f32x4.eq(x, splat(0.0)));
  result = v128.bitselect(x, result, f32x4.eq(x, splat(Infinity)));
  // Negative or NaN: not ≥ 0.
  return v128.bitselect(result, splat(NaN), f32x4.ge(x, splat(0.0)));
}

@inline
export function sigmoid4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const numerator = v128.bitselect(e, splat(1.0), f32x4.lt(x, splat(0.0)));
  return f32x4.div(numerator, f32x4.add(splat(1.0), e));
}

@inline
export function tanh4(x: v128): v128 {
  const magnitude = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = madd(splat(-5.70498872745e-3), z, splat(2.06390887954e-2));
  p = madd(p, z, splat(-5.37397155531e-2));
  p = madd(p, z, splat(1.33314422036e-1));
  p = madd(p, z, splat(-3.33332819422e-1));
  const near = madd(f32x4.mul(p, z), x, x);
  const e = exp4(f32x4.add(magnitude, magnitude));
  const far = f32x4.sub(splat(1.0), f32x4.div(splat(2.0), f32x4.add(e, splat(1.0))));
  const signed = v128.or(far, v128.and(x, i32x4.splat(<i32>0x80000000)));
  return v128.bitselect(near, signed, f32x4.lt(magnitude, splat(0.625)));
}

/** max(x, 0) + log(1 + e^(−|x|)); the second term corrects what rounding 1 + e loses. */
@inline
export function softplus4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const u = f32x4.add(splat(1.0), e);
  const lost = f32x4.sub(e, f32x4.sub(u, splat(1.0)));
  const log1p = f32x4.add(log4(u), f32x4.div(lost, u));
  return f32x4.add(f32x4.max(x, splat(0.0)), log1p);
}
