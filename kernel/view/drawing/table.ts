/**
 * Tables as Markdown with the same as aligned text. Markdown, because front ends, nbconvert's HTML and its LaTeX all set it
 * as a table that can be selected and read aloud, and because HTML would outrank charts.
 */
import { type Displayable, displayable } from "../mime.ts";

export interface Column {
  title: string;
  align: "left" | "right";
}

export interface Table {
  /** What the table shows, in a sentence. */
  text: string;
  title?: string;
  columns: readonly Column[];
  rows: readonly (readonly string[])[];
  /** Set apart below the rows. */
  total?: readonly string[];
}

export function table(content: Table): Displayable {
  const plain = `${content.text}\n\n${alignedText(content)}`;
  return displayable(plain, () => ({ data: { "text/markdown": markdown(content), "text/plain": plain } }));
}

/** Characters that Markdown or MathJax would read as markup. */
const escaped = (text: string) => text.replace(/[\\`*_$|<>[\]]/g, (letter) => `\\${letter}`);

function markdown({ title, columns, rows, total }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    ...(title ? [`**${escaped(title)}**`, ""] : []),
    line(columns.map((column) => escaped(column.title))),
    line(columns.map((column) => (column.align === "right" ? "---:" : ":---"))),
    ...rows.map((row) => line(row.map(escaped))),
    ...(total ? [line(total.map((cell) => (cell === "" ? "" : `**${escaped(cell)}**`)))] : []),
  ].join("\n");
}

function alignedText({ columns, rows, total }: Table): string {
  const lines = [columns.map((column) => column.title), ...rows, ...(total ? [total] : [])];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => [...(line[i] ?? "")].length)));
  const pad = (cell: string, i: number) =>
    columns[i]!.align === "right" ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
  const print = (line: readonly string[]) => line.map(pad).join("  ").trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [print(lines[0]!), rule, ...rows.map(print), ...(total ? [rule, print(total)] : [])].join("\n");
}
