/** The numbers that contenders compute with, alike in any language, and the sum by which results are compared. */

/** Numbers between −1 and 1 that any language computes alike: the fractional part of a multiple of the golden ratio. */
export function pattern(length: number, start: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    const turns = (start + i) * 0.6180339887498949;
    return 2 * (turns - Math.floor(turns)) - 1;
  });
}

/** The classes of a batch, from 0 to 9. */
export function classes(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => (i * 7) % 10);
}

/** The checksum of an operation's result, `mean |yᵢ|·(1 + i mod 7)`: what is computed wrongly or lies elsewhere changes it. */
export function checksum(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!) * (1 + (i % 7));
  return sum / values.length;
}
