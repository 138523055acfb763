// How much one cell may show. A loop that prints for ever must fill neither the notebook nor the browser; what is cut is
// counted, and the cell says so.

import { fromEnvironment } from "./settings.ts";

const limitMegabytes = fromEnvironment("NNLAB_CELL_OUTPUT_MB", 200);

/** What one cell has shown, in characters, and what was cut of it. */
export class Shown {
  #left: number;
  #characters = 0;
  #lines = 0;
  #displays = 0;

  constructor(megabytes = limitMegabytes) {
    this.#left = megabytes * 1e6;
  }

  /** The part of a printed text that is shown. */
  text(text: string): string {
    if (text.length <= this.#left) {
      this.#left -= text.length;
      return text;
    }
    const shown = text.slice(0, this.#left).replace(/[\uD800-\uDBFF]$/, "");
    this.#left = 0;
    this.#characters += text.length - shown.length;
    for (let at = text.indexOf("\n", shown.length); at >= 0; at = text.indexOf("\n", at + 1)) this.#lines++;
    return shown;
  }

  /** Whether a display of `characters` is shown. */
  display(characters: number): boolean {
    if (characters <= this.#left) {
      this.#left -= characters;
      return true;
    }
    this.#displays++;
    return false;
  }

  /** A sentence about what was cut since the last one; null if nothing was. */
  statement(): string | null {
    const parts: string[] = [];
    const count = (number: number, what: string): string =>
      `${number.toLocaleString("en-US")} ${what}${number === 1 ? "" : "s"}`;
    if (this.#characters > 0)
      parts.push(`${count(this.#characters, "character")} of printed text (${count(this.#lines, "line")})`);
    if (this.#displays > 0) parts.push(count(this.#displays, "display"));
    this.#characters = this.#lines = this.#displays = 0;
    if (parts.length === 0) return null;
    return `\nnnlab: ${parts.join(" and ")} cut here: a cell shows at most ${limitMegabytes} MB (NNLAB_CELL_OUTPUT_MB sets another limit)\n`;
  }
}
