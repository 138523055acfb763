// Numbers and counts as the engine's sentences write them.

/** Four significant digits: 0.03121, 2.303, 1.20e-7. */
export function formatNumber(value: number, digits: number = 4): string {
  return Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-4)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(digits)));
}

/** "1 step", "1,000 steps". */
export function count(n: number, unit: string): string {
  return `${n.toLocaleString("en-US")} ${unit}${n === 1 ? "" : "s"}`;
}
