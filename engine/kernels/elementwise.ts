// Elementwise kernels. Task words: unary x, out, length; binary and broadcast as documented at `zip` and `zipBroadcast`.

import { exp4, log4, sigmoid4, softplus4, tanh4 } from "./mathematics";
import { storeLanes, storeSome } from "./simd";
import { pointer, real, sliceStart, word } from "./task";

// Slices begin at multiples of 16 floats: no two threads write one cache line.
const LINE: i32 = 16;

const NEG: i32 = 0;
const ABS: i32 = 1;
const SIGN: i32 = 2;
const EXP: i32 = 3;
const LOG: i32 = 4;
const SQRT: i32 = 5;
const SQUARE: i32 = 6;
const RECIPROCAL: i32 = 7;
const FLOOR: i32 = 8;
const CEIL: i32 = 9;
const ROUND: i32 = 10;
const RELU: i32 = 11;
const SIGMOID: i32 = 12;
const TANH: i32 = 13;
const SOFTPLUS: i32 = 14;

@inline
function apply(kind: i32, x: v128): v128 {
  if (kind == NEG) return f32x4.neg(x);
  if (kind == ABS) return f32x4.abs(x);
  if (kind == SIGN) {
    const one = f32x4.splat(1.0);
    const zero = f32x4.splat(0.0);
    const magnitude = v128.bitselect(one, x, v128.or(f32x4.gt(x, zero), f32x4.lt(x, zero)));
    return v128.or(magnitude, v128.and(x, i32x4.splat(<i32>0x80000000)));
  }
  if (kind == EXP) return exp4(x);
  if (kind == LOG) return log4(x);
  if (kind == SQRT) return f32x4.sqrt(x);
  if (kind == SQUARE) return f32x4.mul(x, x);
  if (kind == RECIPROCAL) return f32x4.div(f32x4.splat(1.0), x);
  if (kind == FLOOR) return f32x4.floor(x);
  if (kind == CEIL) return f32x4.ceil(x);
  if (kind == ROUND) return f32x4.nearest(x);
  if (kind == RELU) return f32x4.pmax(x, f32x4.splat(0.0)); // NaN stays NaN
  if (kind == SIGMOID) return sigmoid4(x);
  if (kind == TANH) return tanh4(x);
  return softplus4(x);
}

@inline
function map(kind: i32, task: usize, slice: i32, slices: i32): void {
  const length = word(task, 2);
  const first = sliceStart(length, LINE, slice, slices);
  const last = sliceStart(length, LINE, slice + 1, slices);
  let x = pointer(task, 0) + (<usize>first << 2);
  let out = pointer(task, 1) + (<usize>first << 2);
  let left = last - first;
  for (; left >= 4; left -= 4) {
    v128.store(out, apply(kind, v128.load(x)));
    x += 16;
    out += 16;
  }
  if (left > 0) storeLanes(out, apply(kind, v128.load(x)), left);
}

export function neg(task: usize, slice: i32, slices: i32): void { map(NEG, task, slice, slices); }
export function abs(task: usize, slice: i32, slices: i32): void { map(ABS, task, slice, slices); }
export function sign(task: usize, slice: i32, slices: i32): void { map(SIGN, task, slice, slices); }
export function exp(task: usize, slice: i32, slices: i32): void { map(EXP, task, slice, slices); }
export function log(task: usize, slice: i32, slices: i32): void { map(LOG, task, slice, slices); }
export function sqrt(task: usize, slice: i32, slices: i32): void { map(SQRT, task, slice, slices); }
export function square(task: usize, slice: i32, slices: i32): void { map(SQUARE, task, slice, slices); }
export function reciprocal(task: usize, slice: i32, slices: i32): void { map(RECIPROCAL, task, slice, slices); }
export function floor(task: usize, slice: i32, slices: i32): void { map(FLOOR, task, slice, slices); }
export function ceil(task: usize, slice: i32, slices: i32): void { map(CEIL, task, slice, slices); }
export function round(task: usize, slice: i32, slices: i32): void { map(ROUND, task, slice, slices); }
export function relu(task: usize, slice: i32, slices: i32): void { map(RELU, task, slice, slices); }
export function sigmoid(task: usize, slice: i32, slices: i32): void { map(SIGMOID, task, slice, slices); }
export function tanh(task: usize, slice: i32, slices: i32): void { map(TANH, task, slice, slices); }
export function softplus(task: usize, slice: i32, slices: i32): void { map(SOFTPLUS, task, slice, slices); }

const ADD: i32 = 0;
const SUB: i32 = 1;
const MUL: i32 = 2;
const DIV: i32 = 3;
const MAXIMUM: i32 = 4;
const MINIMUM: i32 = 5;
const RELU_GRADIENT: i32 = 6;
const SIGMOID_GRADIENT: i32 = 7;
const TANH_GRADIENT: i32 = 8;
// From here on the results are truth values, a byte each.
const EQUAL: i32 = 9;
const NOT_EQUAL: i32 = 10;
const LESS: i32 = 11;
const LESS_EQUAL: i32 = 12;
const GREATER: i32 = 13;
const GREATER_EQUAL: i32 = 14;

@inline
function combine(kind: i32, a: v128, b: v128): v128 {
  if (kind == ADD) return f32x4.add(a, b);
  if (kind == SUB) return f32x4.sub(a, b);
  if (kind == MUL) return f32x4.mul(a, b);
  if (kind == DIV) return f32x4.div(a, b);
  if (kind == MAXIMUM) return f32x4.max(a, b);
  if (kind == MINIMUM) return f32x4.min(a, b);
  if (kind == RELU_GRADIENT) return v128.and(b, f32x4.gt(a, f32x4.splat(0.0)));
  if (kind == EQUAL) return f32x4.eq(a, b);
  if (kind == NOT_EQUAL) return f32x4.ne(a, b);
  if (kind == LESS) return f32x4.lt(a, b);
  if (kind == LESS_EQUAL) return f32x4.le(a, b);
  if (kind == GREATER) return f32x4.gt(a, b);
  if (kind == GREATER_EQUAL) return f32x4.ge(a, b);
  const one = f32x4.splat(1.0);
  if (kind == SIGMOID_GRADIENT) return f32x4.mul(b, f32x4.mul(a, f32x4.sub(one, a)));
  return f32x4.mul(b, f32x4.sub(one, f32x4.mul(a, a)));
}

/** Bytes of `count` results. */
@inline
function bytesOf(kind: i32, count: i32): usize {
  return kind >= EQUAL ? <usize>count : <usize>count << 2;
}

/** Stores up to four results: numbers, or of truth values the lowest bit of each lane. */
@inline
function put(kind: i32, out: usize, x: v128, count: i32): void {
  if (kind < EQUAL) {
    storeSome(out, x, count);
    return;
  }
  const halves = i16x8.narrow_i32x4_s(x, x);
  const bytes = v128.and(i8x16.narrow_i16x8_s(halves, halves), i8x16.splat(1));
  if (count == 4) {
    v128.store_lane<u32>(out, bytes, 0);
    return;
  }
  v128.store_lane<u8>(out, bytes, 0);
  if (count > 1) v128.store_lane<u8>(out, bytes, 1, 1);
  if (count > 2) v128.store_lane<u8>(out, bytes, 2, 2);
}

/** Words: a, b, out, length; one shape. */
@inline
function zip(kind: i32, task: usize, slice: i32, slices: i32): void {
  const length = word(task, 3);
  const first = sliceStart(length, LINE, slice, slices);
  const last = sliceStart(length, LINE, slice + 1, slices);
  let a = pointer(task, 0) + (<usize>first << 2);
  let b = pointer(task, 1) + (<usize>first << 2);
  let out = pointer(task, 2) + bytesOf(kind, first);
  let left = last - first;
  for (; left >= 4; left -= 4) {
    put(kind, out, combine(kind, v128.load(a), v128.load(b)), 4);
    a += 16;
    b += 16;
    out += bytesOf(kind, 4);
  }
  if (left > 0) put(kind, out, combine(kind, v128.load(a), v128.load(b)), left);
}

/**
 * Words: a, b, out, the four dimensions (outermost first), the four strides of a, the four of b (in elements). The
 * innermost strides are 0 or 1, not both 0. The first three dimensions are split over the slices, row by row.
 */
@inline
function zipBroadcast(kind: i32, task: usize, slice: i32, slices: i32): void {
  const a = pointer(task, 0);
  const b = pointer(task, 1);
  const d1 = word(task, 4);
  const d2 = word(task, 5);
  const inner = word(task, 6);
  const rows = word(task, 3) * d1 * d2;
  const first = sliceStart(rows, 1, slice, slices);
  const last = sliceStart(rows, 1, slice + 1, slices);
  const innerA = word(task, 10);
  const innerB = word(task, 14);
  let out = pointer(task, 2) + <usize>first * bytesOf(kind, inner);
  for (let row = first; row < last; ++row) {
    const i2 = row % d2;
    const i1 = (row / d2) % d1;
    const i0 = row / d2 / d1;
    let pa = a + (<usize>(i0 * word(task, 7) + i1 * word(task, 8) + i2 * word(task, 9)) << 2);
    let pb = b + (<usize>(i0 * word(task, 11) + i1 * word(task, 12) + i2 * word(task, 13)) << 2);
    let left = inner;
    if (innerA == 0) {
      const va = v128.load32_splat(pa);
      for (; left >= 4; left -= 4) {
        put(kind, out, combine(kind, va, v128.load(pb)), 4);
        pb += 16;
        out += bytesOf(kind, 4);
      }
      if (left > 0) put(kind, out, combine(kind, va, v128.load(pb)), left);
    } else if (innerB == 0) {
      const vb = v128.load32_splat(pb);
      for (; left >= 4; left -= 4) {
        put(kind, out, combine(kind, v128.load(pa), vb), 4);
        pa += 16;
        out += bytesOf(kind, 4);
      }
      if (left > 0) put(kind, out, combine(kind, v128.load(pa), vb), left);
    } else {
      for (; left >= 4; left -= 4) {
        put(kind, out, combine(kind, v128.load(pa), v128.load(pb)), 4);
        pa += 16;
        pb += 16;
        out += bytesOf(kind, 4);
      }
      if (left > 0) put(kind, out, combine(kind, v128.load(pa), v128.load(pb)), left);
    }
    out += bytesOf(kind, left);
  }
}

export function add(task: usize, slice: i32, slices: i32): void { zip(ADD, task, slice, slices); }
export function sub(task: usize, slice: i32, slices: i32): void { zip(SUB, task, slice, slices); }
export function mul(task: usize, slice: i32, slices: i32): void { zip(MUL, task, slice, slices); }
export function div(task: usize, slice: i32, slices: i32): void { zip(DIV, task, slice, slices); }
export function maximum(task: usize, slice: i32, slices: i32): void { zip(MAXIMUM, task, slice, slices); }
export function minimum(task: usize, slice: i32, slices: i32): void { zip(MINIMUM, task, slice, slices); }
export function reluGradient(task: usize, slice: i32, slices: i32): void { zip(RELU_GRADIENT, task, slice, slices); }
export function sigmoidGradient(task: usize, slice: i32, slices: i32): void { zip(SIGMOID_GRADIENT, task, slice, slices); }
export function tanhGradient(task: usize, slice: i32, slices: i32): void { zip(TANH_GRADIENT, task, slice, slices); }
export function equal(task: usize, slice: i32, slices: i32): void { zip(EQUAL, task, slice, slices); }
export function notEqual(task: usize, slice: i32, slices: i32): void { zip(NOT_EQUAL, task, slice, slices); }
export function less(task: usize, slice: i32, slices: i32): void { zip(LESS, task, slice, slices); }
export function lessEqual(task: usize, slice: i32, slices: i32): void { zip(LESS_EQUAL, task, slice, slices); }
export function greater(task: usize, slice: i32, slices: i32): void { zip(GREATER, task, slice, slices); }
export function greaterEqual(task: usize, slice: i32, slices: i32): void { zip(GREATER_EQUAL, task, slice, slices); }

export function addBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(ADD, task, slice, slices); }
export function subBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(SUB, task, slice, slices); }
export function mulBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(MUL, task, slice, slices); }
export function divBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(DIV, task, slice, slices); }
export function maximumBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(MAXIMUM, task, slice, slices); }
export function minimumBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(MINIMUM, task, slice, slices); }
export function equalBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(EQUAL, task, slice, slices); }
export function notEqualBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(NOT_EQUAL, task, slice, slices); }
export function lessBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(LESS, task, slice, slices); }
export function lessEqualBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(LESS_EQUAL, task, slice, slices); }
export function greaterBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(GREATER, task, slice, slices); }
export function greaterEqualBroadcast(task: usize, slice: i32, slices: i32): void { zipBroadcast(GREATER_EQUAL, task, slice, slices); }

/** Words: condition (bytes), a, b, out, length. */
export function where(task: usize, slice: i32, slices: i32): void {
  const condition = pointer(task, 0);
  const a = pointer(task, 1);
  const b = pointer(task, 2);
  const out = pointer(task, 3);
  const length = word(task, 4);
  const last = sliceStart(length, LINE, slice + 1, slices);
  for (let i = sliceStart(length, LINE, slice, slices); i < last; ++i) {
    const at = <usize>i << 2;
    store<f32>(out + at, load<f32>((load<u8>(condition + i) ? a : b) + at));
  }
}

/** Words: out, length, value. */
export function fill(task: usize, slice: i32, slices: i32): void {
  const length = word(task, 1);
  const first = sliceStart(length, LINE, slice, slices);
  const last = sliceStart(length, LINE, slice + 1, slices);
  let out = pointer(task, 0) + (<usize>first << 2);
  let left = last - first;
  const value = f32x4.splat(real(task, 2));
  for (; left >= 4; left -= 4) {
    v128.store(out, value);
    out += 16;
  }
  if (left > 0) storeLanes(out, value, left);
}

/** Words: x, out, bytes. */
export function copyBytes(task: usize, slice: i32, slices: i32): void {
  const bytes = word(task, 2);
  const first = sliceStart(bytes, 64, slice, slices);
  const last = sliceStart(bytes, 64, slice + 1, slices);
  memory.copy(pointer(task, 1) + first, pointer(task, 0) + first, last - first);
}

/** In place. Words: parameter, gradient, velocity (0: none), length, learning rate, momentum, weight decay. */
export function sgdStep(task: usize, slice: i32, slices: i32): void {
  const length = word(task, 3);
  const first = sliceStart(length, LINE, slice, slices);
  const last = sliceStart(length, LINE, slice + 1, slices);
  const rate = f32x4.splat(real(task, 4));
  const momentum = f32x4.splat(real(task, 5));
  const decay = f32x4.splat(real(task, 6));
  const velocity = pointer(task, 2);
  for (let i = first; i < last; i += 4) {
    const at = <usize>i << 2;
    const p = pointer(task, 0) + at;
    const value = v128.load(p);
    let step = f32x4.add(v128.load(pointer(task, 1) + at), f32x4.mul(decay, value));
    if (velocity) {
      step = f32x4.add(f32x4.mul(momentum, v128.load(velocity + at)), step);
      if (last - i >= 4) v128.store(velocity + at, step);
      else storeLanes(velocity + at, step, last - i);
    }
    const next = f32x4.sub(value, f32x4.mul(rate, step));
    if (last - i >= 4) v128.store(p, next);
    else storeLanes(p, next, last - i);
  }
}

/**
 * In place. Words: parameter, gradient, m, v, length, β1, β2, 1 − β1, 1 − β2, weight decay, rate / (1 − β1ᵗ), 1 / √(1 − β2ᵗ), ε.
 */
export function adamStep(task: usize, slice: i32, slices: i32): void {
  const length = word(task, 4);
  const first = sliceStart(length, LINE, slice, slices);
  const last = sliceStart(length, LINE, slice + 1, slices);
  const beta1 = f32x4.splat(real(task, 5));
  const beta2 = f32x4.splat(real(task, 6));
  const rest1 = f32x4.splat(real(task, 7));
  const rest2 = f32x4.splat(real(task, 8));
  const decay = f32x4.splat(real(task, 9));
  const rate = f32x4.splat(real(task, 10));
  const correction = f32x4.splat(real(task, 11));
  const epsilon = f32x4.splat(real(task, 12));
  for (let i = first; i < last; i += 4) {
    const at = <usize>i << 2;
    const p = pointer(task, 0) + at;
    const pm = pointer(task, 2) + at;
    const pv = pointer(task, 3) + at;
    const value = v128.load(p);
    const g = f32x4.add(v128.load(pointer(task, 1) + at), f32x4.mul(decay, value));
    const m = f32x4.add(f32x4.mul(beta1, v128.load(pm)), f32x4.mul(rest1, g));
    const v = f32x4.add(f32x4.mul(beta2, v128.load(pv)), f32x4.mul(rest2, f32x4.mul(g, g)));
    const root = f32x4.add(f32x4.mul(f32x4.sqrt(v), correction), epsilon);
    const next = f32x4.sub(value, f32x4.div(f32x4.mul(rate, m), root));
    if (last - i >= 4) {
      v128.store(pm, m);
      v128.store(pv, v);
      v128.store(p, next);
    } else {
      storeLanes(pm, m, last - i);
      storeLanes(pv, v, last - i);
      storeLanes(p, next, last - i);
    }
  }
}
