// The names that the translator of cells and the thread that runs them must agree on.

/** The global object that translated cells import through; see `modules.ts`. */
export const importerName = "__nnlab__";

/** The global object whose functions translated cells and interrupts call; see `awaits.ts`. */
export const cellToolsName = "__nnlabCell__";

/** The global object with what the helpers of a cell do; see `helpers.ts`. */
export const helpersName = "__nnlab_helpers__";

/** What V8 calls the script of a cell, in stack frames: `cell 3` → `nnlab:cell-3`. */
export function cellUrl(cell: string): string {
  return `nnlab:${cell.trim().replace(/\s+/g, "-")}`;
}
