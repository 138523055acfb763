/** Numbers and counts as a reader wants them: grouped, rounded, with units and a true minus sign. */

import { valueRange } from "./colours.ts";

export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** "1 image", "1,000 images". */
export function countOf(value: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(value)} ${value === 1 ? noun : plural}`;
}

/** Three significant digits: 0.0123, 1.23, 123, 1.2e−7, NaN, ∞. */
export function formatNumber(value: number, digits = 3): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 1e-3 && size < 1e6);
  const rounded = Number(value.toPrecision(digits));
  const text = plain ? (size >= 1e3 ? formatCount(value) : String(rounded)) : rounded.toExponential();
  return text.replace(/-/g, "−").replace("e+", "e");
}

/** "98.4 %" of a share of 0.984. */
export function formatPercent(share: number, digits = 1): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(digits)} %` : "no rate";
}

/** "0.4 s", "12 s", "3 min 05 s", "2 h 10 min". */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown time";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** A shape as the lectures write it: 6×28×28. */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? "scalar" : shape.join("×");
}

/** " (12 values not finite)"; empty where all are finite. */
export function oddText({ nan, infinite }: { nan: number; infinite: number }): string {
  return nan + infinite > 0 ? ` (${countOf(nan + infinite, "value")} not finite)` : "";
}

/** "a 5×5", "an 8×12". */
export function withArticle(text: string): string {
  return `${/^(8|11(?!\d)|18(?!\d))/.test(text) ? "an" : "a"} ${text}`;
}

export function capital(text: string): string {
  return `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`;
}

/** "weights from −0.28 to 4"; "weights, all 2.5"; "weights, none finite": what is not finite is counted. */
export function withRange(noun: string, values: ArrayLike<number>): string {
  const { low, high, nan, infinite } = valueRange(values);
  if (nan + infinite === values.length) return `${noun}, none finite`;
  const note = oddText({ nan, infinite });
  if (low === high) return `${noun}, all ${formatNumber(low)}${note}`;
  return `${noun} from ${formatNumber(low)} to ${formatNumber(high)}${note}`;
}

/** The words between which a line may break: a number keeps its percent sign. */
export const wordsOf = (text: string): string[] => (text === "" ? [] : text.split(/ (?!%)/));

/** The text in lines of about `width` CSS pixels at our label size, by the mean width of a letter. */
export function wrapped(text: string, width: number): string[] {
  const most = Math.floor(width / 6);
  const lines: string[] = [];
  for (const word of wordsOf(text)) {
    const last = lines.length - 1;
    if (last >= 0 && lines[last]!.length + 1 + word.length <= most) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}
