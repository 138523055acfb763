/**
 * Seeded random numbers, the same on every machine, every JavaScript engine and every backend.
 *
 * Bits: xoshiro128** 1.1 (Blackman & Vigna, "Scrambled linear pseudorandom number generators", 2021), period 2¹²⁸ − 1, in
 * 32-bit integer arithmetic, which JavaScript does exactly. Seeds are spread over the state by splitmix32's finaliser.
 * Normals: the inverse of the normal distribution function (Wichura, algorithm AS 241, 1988) of one uniform number; only
 * + − × ÷ and √ are used, which IEEE 754 rounds alike everywhere; `Math.log` is not, so the logarithm is our own.
 */
import { ArgumentError, describeValue } from "./errors.ts";

/** One step of splitmix32: a well-mixed number from a counter. */
function mix(counter: number): number {
  let z = counter | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

const GOLDEN = 0x9e3779b9;

/** A stream of random numbers. Two generators with one seed give the same stream. */
export class Generator {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  constructor(seed = 0) {
    this.seed(seed);
  }

  /** Starts the stream of this seed again: a whole number, up to 2⁵³ in size. */
  seed(seed: number): this {
    if (!Number.isSafeInteger(seed))
      throw new ArgumentError(`seed: a whole number such as 0 or 42; got ${describeValue(seed)}`);
    const low = seed >>> 0;
    const high = Math.floor(seed / 2 ** 32) >>> 0;
    const start = mix(low) ^ mix(high + GOLDEN);
    this.#a = mix(start + GOLDEN);
    this.#b = mix(start + Math.imul(GOLDEN, 2)) ^ low;
    this.#c = mix(start + Math.imul(GOLDEN, 3)) ^ high;
    this.#d = mix(start + Math.imul(GOLDEN, 4)) | 1;
    return this;
  }

  /** 32 random bits, as a whole number in [0, 2³²). */
  bits(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** @internal Fills with what as many calls of `bits()` would give, in a third of the time: the state stays in registers. */
  fillBits(into: Int32Array): void {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    for (let i = 0; i < into.length; i++) {
      const scrambled = Math.imul(b, 5);
      into[i] = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
      const shifted = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = (d << 11) | (d >>> 21);
    }
    [this.#a, this.#b, this.#c, this.#d] = [a, b, c, d];
  }

  /** A uniform number in [low, high); a multiple of 2⁻²⁴ in [0, 1), so that float32 holds it exactly. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * ((this.bits() >>> 8) * 2 ** -24);
  }

  /** A normally distributed number. */
  normal(mean = 0, deviation = 1): number {
    return mean + deviation * inverseNormal((this.bits() + 0.5) * 2 ** -32);
  }

  /** A whole number in [0, n), every one equally likely. */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32)
      throw new ArgumentError(`integer: n is a whole number from 1 to 2³²; got ${describeValue(n)}`);
    const limit = 2 ** 32 - (2 ** 32 % n);
    let bits = this.bits();
    while (bits >= limit) bits = this.bits();
    return bits % n;
  }

  /** The numbers 0 … n − 1 in random order (Fisher & Yates). */
  permutation(n: number): Int32Array {
    const order = new Int32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    this.shuffle(order);
    return order;
  }

  /** Puts an array in random order, in place. */
  shuffle<T extends Int32Array | unknown[]>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    return items;
  }

  /** A new generator with a stream of its own; this one moves on. */
  fork(): Generator {
    const child = new Generator();
    const key = [this.bits(), this.bits(), this.bits(), this.bits()] as const;
    child.#a = mix(key[0]);
    child.#b = mix(key[1]);
    child.#c = mix(key[2]);
    child.#d = mix(key[3]) | 1;
    return child;
  }

  /** Its kind. */
  toString(): string {
    return "Generator (xoshiro128**)";
  }
}

/** The generator behind `randn` and everything else that is random and given none. */
export const defaultGenerator: Generator = new Generator(0);

/** Restarts the default generator: what is random from here on is the same whenever it is run. */
export function seed(n: number): void {
  defaultGenerator.seed(n);
}

const scratch = new DataView(new ArrayBuffer(8));

/** The natural logarithm of 0 < x < ∞ (normal numbers), within 1 unit in the last place, from exactly rounded operations alone. */
function logarithm(x: number): number {
  scratch.setFloat64(0, x);
  const high = scratch.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  scratch.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let mantissa = scratch.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  // ln m = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …) with |s| < 0.172
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (let k = 21; k >= 1; k -= 2) sum = sum * square + 1 / k;
  return exponent * Math.LN2 + 2 * s * sum;
}

function ratio(x: number, top: readonly number[], bottom: readonly number[]): number {
  let numerator = 0;
  let denominator = 0;
  for (let i = 7; i >= 0; i--) {
    numerator = numerator * x + top[i]!;
    denominator = denominator * x + bottom[i]!;
  }
  return numerator / denominator;
}

const CENTRE_TOP = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
  67265.7709270087, 33430.57558358813, 2509.0809287301227,
];
const CENTRE_BOTTOM = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
  28729.085735721943, 5226.495278852854,
];
const FLANK_TOP = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
  0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
];
const FLANK_BOTTOM = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const TAIL_TOP = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
];
const TAIL_BOTTOM = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
  0.000018463183175100548, 1.421511758316446e-7, 2.0442631033899397e-15,
];

/** The number below which a normal number falls with probability `p`, 0 < p < 1. */
export function inverseNormal(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(0.180625 - q * q, CENTRE_TOP, CENTRE_BOTTOM);
  const r = Math.sqrt(-logarithm(q < 0 ? p : 1 - p));
  const size = r <= 5 ? ratio(r - 1.6, FLANK_TOP, FLANK_BOTTOM) : ratio(r - 5, TAIL_TOP, TAIL_BOTTOM);
  return q < 0 ? -size : size;
}
