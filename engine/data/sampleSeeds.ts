/** A seed for every sample of a set drawn in code, so that sample i is the same whatever the size asked for. */

import { Generator } from "../random.ts";

/**
 * Seeds for the samples of a set that is drawn in code, one 2⁵³-sized number each: 19 bits of the user's seed, 2 bits for what it
 * is for (so that training and test never share one), 32 bits for the index.
 */
export function sampleSeeds(seed: number): (purpose: number, index: number) => number {
  const base = new Generator(seed);
  const high = (base.bits() >>> 13) * 4;
  const low = base.bits();
  return (purpose, index) => (high + purpose) * 2 ** 32 + ((low + index) >>> 0);
}
