/** Points on the unit circle, the same on every machine. */

/**
 * The point at this many turns on the unit circle, counter-clockwise from (1, 0). `Math.cos` may differ between machines in
 * its last digit; a Taylor series of at most an eighth of a turn does not.
 */
export function onCircle(turns: number): [x: number, y: number] {
  const quarters = Math.round((turns - Math.floor(turns)) * 4);
  const angle = (turns - Math.floor(turns) - quarters / 4) * 2 * Math.PI;
  const square = angle * angle;
  let cosine = 0;
  let sine = 0;
  for (let k = 16; k >= 2; k -= 2) {
    cosine = (1 + cosine) * (-square / ((k - 1) * k));
    sine = (1 + sine) * (-square / (k * (k + 1)));
  }
  const x = 1 + cosine;
  const y = (1 + sine) * angle;
  const quarter = quarters % 4;
  return quarter === 0 ? [x, y] : quarter === 1 ? [-y, x] : quarter === 2 ? [-x, -y] : [y, -x];
}
