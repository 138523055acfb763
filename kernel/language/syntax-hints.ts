// What to do about text that TypeScript cannot read: one sentence after TypeScript's own.

import { lonelyBracket } from "./brackets.ts";
import { foreignLines, foreignMarks } from "./habits.ts";

export interface SyntaxProblem {
  start: number;
  end: number;
  message: string;
  /** TypeScript's; 0 is what nnlab itself says. */
  code: number;
  hint?: string;
}

/** By TypeScript's number, where the number says it all. */
const byCode: Readonly<Record<number, string>> = {
  1002: "close the text with the same quote in its line; a text of several lines stands between backticks",
  1160: "close the text with a backtick: `",
  1010: "close the comment with */",
  1161: "close the regular expression with /",
};

/** The same problems with hints. What TypeScript says of the rest of a line that is explained is left out. */
export function withSyntaxHints(code: string, problems: readonly SyntaxProblem[]): SyntaxProblem[] {
  const bracket = problems.some(({ code: number }) => number !== 0) ? bracketHint(code) : null;
  const explained = new Set<number>();
  const kept: SyntaxProblem[] = [];
  for (const problem of [...problems].sort((a, b) => a.start - b.start)) {
    const line = lineAround(code, problem.start);
    if (explained.has(line.start)) continue;
    const foreign = problem.code === 0 ? undefined : foreignHint(code.slice(problem.start), line.text);
    if (foreign !== undefined) explained.add(line.start);
    const hint = foreign ?? byCode[problem.code] ?? strayHint(code, problem);
    if (hint !== undefined) kept.push({ ...problem, hint });
    else if (bracket && problem.code !== 0 && problem.start >= bracket.position && !bracket.isTold) {
      bracket.isTold = true;
      kept.push({ ...problem, hint: bracket.hint });
    } else if (!bracket && problem.code === 1005 && problem.message === "',' expected.")
      kept.push({ ...problem, hint: "before this place a comma or an operator is missing" });
    else kept.push(problem);
  }
  return kept;
}

function foreignHint(rest: string, line: string): string | undefined {
  for (const [text, patterns] of [
    [rest, foreignMarks],
    [line, foreignLines],
  ] as const) {
    for (const [pattern, hint] of patterns) {
      const match = pattern.exec(text)?.[0];
      if (match !== undefined) return match.replace(pattern, hint);
    }
  }
  return undefined;
}

/** For a character that no program has: often a look-alike of one that has a key of its own. */
function strayHint(code: string, { start, code: number }: SyntaxProblem): string | undefined {
  if (number !== 1127) return undefined;
  const character = String.fromCodePoint(code.codePointAt(start) ?? 0);
  const plain = character.normalize("NFKC");
  if (plain !== character && /^[!-~]$/.test(plain)) return `write ${plain} instead of ${character}`;
  return "remove this character: no name and no operator has it";
}

function bracketHint(code: string): { hint: string; position: number; isTold: boolean } | null {
  const found = lonelyBracket(code);
  if (!found) return null;
  const { bracket, position, partner } = found;
  const before = code.slice(0, position).split("\n");
  const place = `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
  const hint =
    partner === undefined
      ? `nothing is open that this ${bracket} could close: remove it`
      : `the ${bracket} in ${place} is not closed: write ${partner} where it ends`;
  return { hint, position, isTold: false };
}

function lineAround(code: string, position: number): { start: number; text: string } {
  const start = code.lastIndexOf("\n", position - 1) + 1;
  return { start, text: /^[^\r\n]*/.exec(code.slice(start))?.[0] ?? "" };
}
