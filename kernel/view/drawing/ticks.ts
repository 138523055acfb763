/** Round places for the ticks of an axis. */

/** About `count` round values (1, 2 or 5 times a power of ten) that cover the range. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const span = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => span / candidate <= count)!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Whole epochs, at most about ten of them. */
export function epochTicks(epochs: number): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
  const step = steps.find((candidate) => epochs / candidate <= 10) ?? Math.ceil(epochs / 10);
  return Array.from({ length: Math.floor(epochs / step) + 1 }, (_, i) => i * step);
}

/** The decades that enclose the positive, finite values: from and to a power of ten, and all powers between as ticks. */
export function decades(values: readonly number[]): { low: number; high: number; ticks: number[] } {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  const low = logs.length === 0 ? 0 : Math.floor(Math.min(...logs) + 1e-9);
  const high = logs.length === 0 ? 1 : Math.max(low + 1, Math.ceil(Math.max(...logs) - 1e-9));
  const step = Math.ceil((high - low) / 8);
  const powers = Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, i) => low + i * step);
  return {
    low: Number(`1e${low}`),
    high: Number(`1e${high}`),
    ticks: powers.map((power) => Number(`1e${power}`)),
  };
}
