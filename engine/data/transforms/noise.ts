/** Normal noise for whole images at once: by a table, as working out each number exactly takes longer than all other transforms. */

import { type Generator, inverseNormal } from "../../random.ts";

/**
 * A float32 number is an exponent and a mantissa: its bits, less the mantissa's last 13, count places that lie 1024 to each
 * doubling, from ½ on, and those 13 say how far it is to the next.
 */
const single = new Float32Array(1);
const singleBits = new Int32Array(single.buffer);
const firstPlace = 126 << 10;
const places = 32 << 10;

/** At each place for a number x of 2³² equal shares of probability: the normal number below which x shares lie, and its growth. */
function makeTable(): Float32Array {
  const normalAt = (place: number): number => {
    singleBits[0] = (firstPlace + place) << 13;
    return inverseNormal(single[0]! * 2 ** -32);
  };
  const table = new Float32Array(2 * (places + 1));
  for (let place = 0; place <= places; place++) {
    table[2 * place] = normalAt(place);
    if (place > 0) table[2 * place - 1] = (table[2 * place]! - table[2 * place - 2]!) / 2 ** 13;
  }
  return table;
}

let madeTable: Float32Array | null = null;

/** Used again by every call. */
let scratch = new Int32Array(0);

/** Adds `deviation · z` to each value, for the z that `random.normal()` would give, within 5e-7. */
export function addNormalNoise(values: Float32Array, deviation: number, random: Generator): void {
  madeTable ??= makeTable();
  const table = madeTable;
  if (scratch.length < values.length) scratch = new Int32Array(values.length);
  const draws = scratch.subarray(0, values.length);
  random.fillBits(draws);
  for (let i = 0; i < values.length; i++) {
    // The table has the lower half, which the upper mirrors. No branches: half of them would be guessed wrong.
    const draw = draws[i]!;
    const isUpper = draw >> 31;
    single[0] = (draw ^ isUpper) + 0.5;
    const bits = singleBits[0]!;
    const at = ((bits >>> 13) - firstPlace) << 1;
    const lower = table[at]! + (bits & 8191) * table[at + 1]!;
    values[i] = values[i]! + deviation * lower * (1 + 2 * isUpper);
  }
}
