/** What the soaks share: how long they are, and how they say what they measured. */

/** The part of the full length that NNLAB_SOAK asks for; 1 unless told. */
const part = Number(process.env.NNLAB_SOAK ?? 1);
if (!(part > 0)) throw new RangeError(`NNLAB_SOAK must be a number above 0, got ${process.env.NNLAB_SOAK}`);

/** `full` rounds, or the part of them that NNLAB_SOAK asks for. */
export function rounds(full: number): number {
  return Math.max(1, Math.round(full * part));
}

/** Prints one line of figures, for whoever runs the soak. */
export function figures(what: string, values: Record<string, string | number>): void {
  const told = Object.entries(values).map(([name, value]) => `${name} ${value}`);
  console.log(`soak: ${what}: ${told.join(", ")}`);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const seconds = (value: number): string => `${value.toFixed(2)} s`;
export const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
