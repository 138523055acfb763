// Jupyter counts Unicode code points in `cursor_pos`, JavaScript counts UTF-16 units.

/** The index in `text` of the code point number `codePoints`; beyond the end, the end. */
export function toUtf16(text: string, codePoints: number): number {
  let index = 0;
  for (let seen = 0; seen < codePoints && index < text.length; seen++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return index;
}

/** How many code points stand before the index `utf16` of `text`. */
export function toCodePoints(text: string, utf16: number): number {
  let count = 0;
  for (let index = 0; index < utf16 && index < text.length; count++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return count;
}
