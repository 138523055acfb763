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

/** A share in per cent: "12 %", "0.31 %". */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

/** Columns one under another, the first ones, `texts` of them, to the left and the others, numbers, to the right. */
export function alignColumns(rows: readonly (readonly string[])[], texts: number): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, i) => (i < texts ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
  );
  return lines.map((line) => line.trimEnd()).join("\n");
}
