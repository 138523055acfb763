// `// @ts-expect-error` and `// @ts-expect-error`, for what nnlab itself finds wrong: the same rule as TypeScript's.

import type * as Fork from "@tslab/typescript-for-tslab";

/** TypeScript notes these while it scans, and does not declare them. */
interface WithDirectives {
  commentDirectives?: readonly { range: { pos: number; end: number } }[];
}

/** Where the comment begins that asks for no errors at `position`: in the line before it, blank lines and comments aside. */
export function directiveBefore(file: Fork.SourceFile & WithDirectives, position: number): number | null {
  const { commentDirectives: directives } = file;
  if (!directives?.length) return null;
  const lines = file.getLineStarts();
  const lineOf = (at: number): number => file.getLineAndCharacterOfPosition(at).line;
  for (let line = lineOf(position) - 1; line >= 0; line--) {
    const found = directives.find(({ range }) => lineOf(range.end) === line);
    if (found) return found.range.pos;
    const text = file.text.slice(lines[line], lines[line + 1]).trim();
    if (text !== "" && !text.startsWith("//")) return null;
  }
  return null;
}
