// The few lines of a student's text around a place, with a mark under it.

export interface Span {
  /** 1-based, as editors count. */
  line: number;
  column: number;
  endLine?: number;
  endColumn?: number;
}

const linesBefore = 2;
const linesAfter = 1;
const widest = 100;

/**
 * Lines `line - 2 … line + 1` of `source`, numbered, with `^^^` under the span.
 *
 *       2 | const b: string = "b"
 *     > 3 | const c: number = b
 *         |       ^
 */
export function excerpt(source: string, span: Span): string {
  const lines = source.split(/\r\n|\n|\r/);
  const at = Math.min(Math.max(span.line, 1), lines.length);
  const first = Math.max(1, at - linesBefore);
  const last = Math.min(lines.length, at + linesAfter);
  const digits = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number++) {
    const line = lines[number - 1] ?? "";
    // A line of data or of minified code is shown around the place, not whole.
    const from = number === at && span.column > widest - 20 ? span.column - Math.floor(widest / 2) : 0;
    const shown = `${from > 0 ? "…" : ""}${line.slice(from, from + widest)}${line.length > from + widest ? "…" : ""}`;
    const gutter = `${number === at ? ">" : " "} ${String(number).padStart(digits)} |`;
    frame.push(shown.length > 0 ? `${gutter} ${shown}` : gutter);
    if (number !== at) continue;
    const before = (from > 0 ? " " : "") + line.slice(from, span.column - 1).replace(/[^\t]/g, " ");
    const end = span.endLine === undefined || span.endLine === at ? span.endColumn : line.length + 1;
    const length = Math.max(1, Math.min((end ?? 0) - span.column, from + widest - span.column + 1));
    frame.push(`  ${" ".repeat(digits)} | ${before}${"^".repeat(length)}`);
  }
  return frame.join("\n");
}
