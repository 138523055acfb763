// Batch and layer normalisation of [outer, channels, inner]: statistics over outer and inner, one per channel. Task words:
// operands, then outer, channels, inner. Slices divide the channels. Where inner is 1, neighbouring channels are computed
// together, four at a time; else each run of `inner` numbers is read as vectors. The order of additions depends on the sizes
// alone.

import { madd, storeSome, sumLanes } from "./simd";
import { pointer, sliceStart, word } from "./task";

/** Numbers of a run that are summed in float32 before they join a sum in float64; they stay in the first-level cache. */
const RUN: i32 = 2048;

/** The sum of `count` numbers, or of their squared distances from `centre`. */
@inline
function sumRun(x: usize, count: i32, centre: f32, squared: bool): f64 {
  const shift = f32x4.splat(centre);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let left = count;
  for (; left >= 16; left -= 16) {
    if (squared) {
      const d0 = f32x4.sub(v128.load(x), shift), d1 = f32x4.sub(v128.load(x, 16), shift);
      const d2 = f32x4.sub(v128.load(x, 32), shift), d3 = f32x4.sub(v128.load(x, 48), shift);
      s0 = madd(d0, d0, s0);
      s1 = madd(d1, d1, s1);
      s2 = madd(d2, d2, s2);
      s3 = madd(d3, d3, s3);
    } else {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
    x += 64;
  }
  for (; left >= 4; left -= 4) {
    const d = squared ? f32x4.sub(v128.load(x), shift) : v128.load(x);
    s0 = squared ? madd(d, d, s0) : f32x4.add(s0, d);
    x += 16;
  }
  let total = <f64>sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; left > 0; --left) {
    const d = load<f32>(x) - centre;
    total += squared ? <f64>(d * d) : <f64>load<f32>(x);
    x += 4;
  }
  return total;
}

/**
 * Operands: x, mean, variance (divided by n). Runs are joined as by Chan, Golub & LeVeque 1979: each has its own mean, so that
 * numbers far from zero lose nothing.
 */
export function moments(task: usize, slice: i32, slices: i32): void {
  const outer = word(task, 3);
  const channels = word(task, 4);
  const inner = word(task, 5);
  const unit = inner == 1 ? 16 : 1;
  const last = sliceStart(channels, unit, slice + 1, slices);
  let channel = sliceStart(channels, unit, slice, slices);
  if (inner == 1 && outer > 1) {
    for (; channel < last; channel += 4) momentsOfColumns(task, channel, min(4, last - channel));
    return;
  }
  const step = <usize>(channels * inner) << 2;
  for (; channel < last; ++channel) {
    let from = pointer(task, 0) + (<usize>(channel * inner) << 2);
    let seen: f64 = 0, mean: f64 = 0, squares: f64 = 0;
    for (let o = 0; o < outer; ++o) {
      for (let i = 0; i < inner; i += RUN) {
        const count = min(RUN, inner - i);
        const x = from + (<usize>i << 2);
        const n = <f64>count;
        const centre = sumRun(x, count, 0, false) / n;
        // Around the float32 that is nearest; what it is off by is put right.
        const near = <f32>centre;
        const off = centre - <f64>near;
        const own = sumRun(x, count, near, true) - n * off * off;
        const distance = centre - mean;
        const all = seen + n;
        mean += (distance * n) / all;
        squares += own + (distance * distance * seen * n) / all;
        seen = all;
      }
      from += step;
    }
    store<f32>(pointer(task, 1) + (<usize>channel << 2), <f32>mean);
    store<f32>(pointer(task, 2) + (<usize>channel << 2), <f32>max(squares / seen, 0));
  }
}

/** Up to four neighbouring channels, whose numbers stand below each other. */
function momentsOfColumns(task: usize, channel: i32, count: i32): void {
  const outer = word(task, 3);
  const step = <usize>word(task, 4) << 2;
  const x = pointer(task, 0) + (<usize>channel << 2);
  const n = f32x4.splat(<f32>outer);
  let from = x;
  const first = v128.load(x);
  let total = f32x4.splat(0);
  for (let left = outer; left > 0; left -= 64) {
    let run = f32x4.splat(0);
    for (let r = min(left, 64); r > 0; --r) {
      run = f32x4.add(run, f32x4.sub(v128.load(from), first));
      from += step;
    }
    total = f32x4.add(total, run);
  }
  const mean = f32x4.add(first, f32x4.div(total, n));
  from = x;
  total = f32x4.splat(0);
  for (let left = outer; left > 0; left -= 64) {
    let run = f32x4.splat(0);
    for (let r = min(left, 64); r > 0; --r) {
      const d = f32x4.sub(v128.load(from), mean);
      run = madd(d, d, run);
      from += step;
    }
    total = f32x4.add(total, run);
  }
  storeSome(pointer(task, 1) + (<usize>channel << 2), mean, count);
  storeSome(pointer(task, 2) + (<usize>channel << 2), f32x4.div(total, n), count);
}

/** Operands: x, mean, inverse deviation, weight (0: ones), bias (0: zeros), out. out = (x − mean)·inverse·weight + bias. */
export function normalize(task: usize, slice: i32, slices: i32): void {
  const outer = word(task, 6);
  const channels = word(task, 7);
  const inner = word(task, 8);
  const weight = pointer(task, 3);
  const bias = pointer(task, 4);
  const unit = inner == 1 ? 16 : 1;
  const last = sliceStart(channels, unit, slice + 1, slices);
  let channel = sliceStart(channels, unit, slice, slices);
  const step = <usize>(channels * inner) << 2;
  if (inner == 1 && outer > 1) {
    for (; channel < last; channel += 4) {
      const count = min(4, last - channel);
      const at = <usize>channel << 2;
      const mean = v128.load(pointer(task, 1) + at);
      const inverse = v128.load(pointer(task, 2) + at);
      const factor = weight ? f32x4.mul(inverse, v128.load(weight + at)) : inverse;
      const offset = bias ? v128.load(bias + at) : f32x4.splat(0);
      let from = pointer(task, 0) + at;
      let to = pointer(task, 5) + at;
      for (let o = 0; o < outer; ++o) {
        storeSome(to, madd(f32x4.sub(v128.load(from), mean), factor, offset), count);
        from += step;
        to += step;
      }
    }
    return;
  }
  for (; channel < last; ++channel) {
    const at = <usize>channel << 2;
    const mean = v128.load32_splat(pointer(task, 1) + at);
    const inverse = v128.load32_splat(pointer(task, 2) + at);
    const factor = weight ? f32x4.mul(inverse, v128.load32_splat(weight + at)) : inverse;
    const offset = bias ? v128.load32_splat(bias + at) : f32x4.splat(0);
    let fromRun = pointer(task, 0) + (<usize>(channel * inner) << 2);
    let toRun = pointer(task, 5) + (<usize>(channel * inner) << 2);
    for (let o = 0; o < outer; ++o) {
      let from = fromRun;
      let to = toRun;
      let left = inner;
      for (; left >= 8; left -= 8) {
        const a = madd(f32x4.sub(v128.load(from), mean), factor, offset);
        const b = madd(f32x4.sub(v128.load(from, 16), mean), factor, offset);
        v128.store(to, a);
        v128.store(to, b, 16);
        from += 32;
        to += 32;
      }
      for (; left > 0; left -= 4) {
        storeSome(to, madd(f32x4.sub(v128.load(from), mean), factor, offset), min(left, 4));
        from += 16;
        to += 16;
      }
      fromRun += step;
      toRun += step;
    }
  }
}

/** Operands: gradient, x, mean, inverse deviation, sums [2, channels]: Σ g, and Σ g·(x − mean)·inverse. */
export function normalizeSums(task: usize, slice: i32, slices: i32): void {
  const outer = word(task, 5);
  const channels = word(task, 6);
  const inner = word(task, 7);
  const step = <usize>(channels * inner) << 2;
  const unit = inner == 1 ? 16 : 1;
  const last = sliceStart(channels, unit, slice + 1, slices);
  let channel = sliceStart(channels, unit, slice, slices);
  const second = <usize>channels << 2;
  if (inner == 1 && outer > 1) {
    for (; channel < last; channel += 4) {
      const count = min(4, last - channel);
      const at = <usize>channel << 2;
      const mean = v128.load(pointer(task, 2) + at);
      let g = pointer(task, 0) + at;
      let x = pointer(task, 1) + at;
      let total = f32x4.splat(0), products = total;
      for (let left = outer; left > 0; left -= 64) {
        let run = f32x4.splat(0), runOfProducts = run;
        for (let r = min(left, 64); r > 0; --r) {
          const gradient = v128.load(g);
          run = f32x4.add(run, gradient);
          runOfProducts = madd(gradient, f32x4.sub(v128.load(x), mean), runOfProducts);
          g += step;
          x += step;
        }
        total = f32x4.add(total, run);
        products = f32x4.add(products, runOfProducts);
      }
      const to = pointer(task, 4) + at;
      storeSome(to, total, count);
      storeSome(to + second, f32x4.mul(products, v128.load(pointer(task, 3) + at)), count);
    }
    return;
  }
  for (; channel < last; ++channel) {
    const at = <usize>channel << 2;
    const centre = load<f32>(pointer(task, 2) + at);
    const mean = f32x4.splat(centre);
    let gRun = pointer(task, 0) + (<usize>(channel * inner) << 2);
    let xRun = pointer(task, 1) + (<usize>(channel * inner) << 2);
    let total: f64 = 0, products: f64 = 0;
    for (let o = 0; o < outer; ++o) {
      let g = gRun;
      let x = xRun;
      for (let rest = inner; rest > 0; rest -= RUN) {
        let left = min(rest, RUN);
        let s0 = f32x4.splat(0), s1 = s0, p0 = s0, p1 = s0;
        for (; left >= 8; left -= 8) {
          const g0 = v128.load(g), g1 = v128.load(g, 16);
          s0 = f32x4.add(s0, g0);
          s1 = f32x4.add(s1, g1);
          p0 = madd(g0, f32x4.sub(v128.load(x), mean), p0);
          p1 = madd(g1, f32x4.sub(v128.load(x, 16), mean), p1);
          g += 32;
          x += 32;
        }
        total += <f64>sumLanes(f32x4.add(s0, s1));
        products += <f64>sumLanes(f32x4.add(p0, p1));
        for (; left > 0; --left) {
          const gradient = load<f32>(g);
          total += <f64>gradient;
          products += <f64>(gradient * (load<f32>(x) - centre));
          g += 4;
          x += 4;
        }
      }
      gRun += step;
      xRun += step;
    }
    const to = pointer(task, 4) + at;
    store<f32>(to, <f32>total);
    store<f32>(to + second, <f32>(products * <f64>load<f32>(pointer(task, 3) + at)));
  }
}

/**
 * Operands: gradient, x, mean, inverse deviation, weight (0: ones), sums of `normalizeSums`, out.
 * out = inverse·weight·(g − Σ g / n − (x − mean)·inverse·Σ… / n).
 */
export function normalizeGradient(task: usize, slice: i32, slices: i32): void {
  const weight = pointer(task, 4);
  const outer = word(task, 7);
  const channels = word(task, 8);
  const inner = word(task, 9);
  const step = <usize>(channels * inner) << 2;
  const second = <usize>channels << 2;
  const share = f32x4.splat(1 / (<f32>outer * <f32>inner));
  const unit = inner == 1 ? 16 : 1;
  const last = sliceStart(channels, unit, slice + 1, slices);
  let channel = sliceStart(channels, unit, slice, slices);
  const isColumns = inner == 1 && outer > 1;
  while (channel < last) {
    const at = <usize>channel << 2;
    const count = isColumns ? min(4, last - channel) : 1;
    const sums = pointer(task, 5) + at;
    const mean = isColumns ? v128.load(pointer(task, 2) + at) : v128.load32_splat(pointer(task, 2) + at);
    const inverse = isColumns ? v128.load(pointer(task, 3) + at) : v128.load32_splat(pointer(task, 3) + at);
    const level = f32x4.mul(isColumns ? v128.load(sums) : v128.load32_splat(sums), share);
    const products = isColumns ? v128.load(sums + second) : v128.load32_splat(sums + second);
    const slope = f32x4.neg(f32x4.mul(f32x4.mul(products, share), inverse));
    let factor = inverse;
    if (weight) factor = f32x4.mul(inverse, isColumns ? v128.load(weight + at) : v128.load32_splat(weight + at));
    let gRun = pointer(task, 0) + (<usize>(channel * inner) << 2);
    let xRun = pointer(task, 1) + (<usize>(channel * inner) << 2);
    let toRun = pointer(task, 6) + (<usize>(channel * inner) << 2);
    const length = isColumns ? count : inner;
    for (let o = 0; o < outer; ++o) {
      let g = gRun;
      let x = xRun;
      let to = toRun;
      let left = length;
      for (; left >= 8; left -= 8) {
        const d0 = madd(f32x4.sub(v128.load(x), mean), slope, f32x4.sub(v128.load(g), level));
        const d1 = madd(f32x4.sub(v128.load(x, 16), mean), slope, f32x4.sub(v128.load(g, 16), level));
        v128.store(to, f32x4.mul(d0, factor));
        v128.store(to, f32x4.mul(d1, factor), 16);
        g += 32;
        x += 32;
        to += 32;
      }
      for (; left > 0; left -= 4) {
        const d = madd(f32x4.sub(v128.load(x), mean), slope, f32x4.sub(v128.load(g), level));
        storeSome(to, f32x4.mul(d, factor), min(left, 4));
        g += 16;
        x += 16;
        to += 16;
      }
      gRun += step;
      xRun += step;
      toRun += step;
    }
    channel += count;
  }
}
