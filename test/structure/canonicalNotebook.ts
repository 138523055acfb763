// The one form in which notebooks are kept: no outputs, no counters, nothing of the editor that saved them, and the
// formatting of nbformat. `npm run format` puts all notebooks into it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { files, read, root } from "./project.ts";

interface Cell {
  cell_type: string;
  metadata: Record<string, unknown>;
  source: string | string[];
  [field: string]: unknown;
}

interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

/** Every lesson, and the notebooks that only tests run. */
export const notebooks: readonly string[] = files.filter((file) => file.endsWith(".ipynb"));

const metadata = {
  kernelspec: { display_name: "TypeScript (nnlab)", language: "typescript", name: "nnlab" },
  language_info: { file_extension: ".ts", mimetype: "text/typescript", name: "typescript" },
};

/** What a cell may say of itself; the rest is what editors leave behind. */
const cellMetadata = ["deletable", "editable", "jupyter", "nbgrader", "slideshow", "tags"];

/** The canonical text of a notebook's text. */
export function canonicalText(text: string): string {
  const notebook: Notebook = JSON.parse(text);
  const cells = notebook.cells.map((cell, i) => {
    const kept = Object.fromEntries(
      Object.entries(cell.metadata).filter(([name]) => cellMetadata.includes(name)),
    );
    const lines = textOf(cell).match(/[^\n]*\n|[^\n]+$/g) ?? [];
    const slide = slideOf(cell, notebook.cells[i - 1]);
    const bare = { ...cell, metadata: { ...slide, ...kept }, source: lines };
    return cell.cell_type === "code" ? { ...bare, execution_count: null, outputs: [] } : bare;
  });
  const canonical = { cells, metadata, nbformat: 4, nbformat_minor: 5 };
  return `${JSON.stringify(sorted(canonical), null, 1)}\n`;
}

const textOf = ({ source }: Cell): string => (Array.isArray(source) ? source.join("") : source);

/**
 * Where `nbconvert --to slides` begins a slide, unless the cell says so itself: at a heading; below it, at each further text, and
 * at code that follows code. Without this a whole lesson is one slide.
 */
function slideOf(cell: Cell, before: Cell | undefined): { slideshow?: { slide_type: string } } {
  const isCode = cell.cell_type === "code";
  if (isCode && before?.cell_type !== "code") return {};
  return { slideshow: { slide_type: !isCode && /^##? /m.test(textOf(cell)) ? "slide" : "subslide" } };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]));
}

if (import.meta.main) {
  for (const file of notebooks) {
    const text = read(file);
    const canonical = canonicalText(text);
    if (canonical === text) continue;
    writeFileSync(join(root, file), canonical);
    console.log(`formatted ${file}`);
  }
}
