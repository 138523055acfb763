// What a convolution's output goes through before another operation reads it, while it is still in a cache: normalisation by moments
// that are given, a sum with another tensor, ReLU. The bits are those of `normalize`, `add` and `relu` one after the other.

import { madd, storeSome } from "./simd";
import { pointer, word } from "./task";

// Read at the head of each kernel; one instance of the module serves one thread.
let finishes: bool = false;
let mean: usize = 0, inverse: usize = 0, weight: usize = 0, bias: usize = 0;
/** From a number of the output to the one that is added to it, in bytes; 0 where none is. */
let toAddend: usize = 0;
/** The least that the output may be. */
let least: f32 = 0;

/**
 * Words from 26: mean, inverse deviation, weight and bias of the normalisation (0: none), the addend (0: none), 1 for ReLU. `out` is where
 * the output begins.
 */
export function readFinish(task: usize, out: usize): void {
  mean = pointer(task, 26);
  inverse = pointer(task, 27);
  weight = pointer(task, 28);
  bias = pointer(task, 29);
  const addend = pointer(task, 30);
  toAddend = addend ? addend - out : 0;
  const rectifies = word(task, 31) != 0;
  least = rectifies ? 0 : -Infinity;
  finishes = rectifies || mean != 0 || addend != 0;
}

/** `count` numbers of a channel of the output, where they lie. */
export function finish(at: usize, count: i32, channel: i32): void {
  if (!finishes) return;
  const index = <usize>channel << 2;
  // These three leave every number as it is, a negative zero too.
  let centre = f32x4.splat(0), factor = f32x4.splat(1), offset = f32x4.splat(-0.0);
  if (mean) {
    centre = v128.load32_splat(mean + index);
    factor = f32x4.mul(v128.load32_splat(inverse + index), v128.load32_splat(weight + index));
    offset = v128.load32_splat(bias + index);
  }
  const low = f32x4.splat(least), shift = toAddend;
  let left = count;
  for (; left >= 8; left -= 8) {
    let a = madd(f32x4.sub(v128.load(at), centre), factor, offset);
    let b = madd(f32x4.sub(v128.load(at, 16), centre), factor, offset);
    if (shift) {
      a = f32x4.add(a, v128.load(at + shift));
      b = f32x4.add(b, v128.load(at + shift, 16));
    }
    v128.store(at, f32x4.pmax(a, low));
    v128.store(at, f32x4.pmax(b, low), 16);
    at += 32;
  }
  for (; left > 0; left -= 4) {
    let a = madd(f32x4.sub(v128.load(at), centre), factor, offset);
    if (shift) a = f32x4.add(a, v128.load(at + shift));
    storeSome(at, f32x4.pmax(a, low), min(left, 4));
    at += 16;
  }
}
