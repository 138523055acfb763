/** How large the texts and nodes of diagrams are. Runs in the drawing thread, which has the font. */
import { fontSize, ink, palette, role } from "../theme.ts";
import type { DiagramEdge, DiagramNode, Line, Tone } from "./diagram.ts";
import { type FontWeight, fitText, textWidth } from "./font.ts";

/** Height of a line of text. */
export const LINE = 14;
/** Space between a shape and its text. */
const PAD = { x: 9, y: 6 } as const;
const LONGEST_LINE = 230;

/** What a line looks like. */
export const tones: Record<Tone, { colour: string; size: number; weight: FontWeight }> = {
  name: { colour: ink.strong, size: fontSize.label, weight: "bold" },
  plain: { colour: ink.text, size: fontSize.label, weight: "normal" },
  number: { colour: ink.strong, size: fontSize.small, weight: "normal" },
  muted: { colour: ink.muted, size: fontSize.small, weight: "normal" },
  value: { colour: palette[0]!, size: fontSize.label, weight: "normal" },
  gradient: { colour: role.wrong, size: fontSize.label, weight: "normal" },
  wrong: { colour: role.wrong, size: fontSize.label, weight: "bold" },
};

export interface Size {
  width: number;
  height: number;
}

/** As much of a line as is shown. */
export const fitted = ({ text, tone = "plain" }: Line): string =>
  fitText(text, LONGEST_LINE, tones[tone].size, tones[tone].weight);

/** Width and height of lines of text. */
export function textSize(lines: readonly Line[] = []): Size {
  const width = ({ text, tone = "plain" }: Line) => textWidth(text, tones[tone].size, tones[tone].weight);
  const widths = lines.map((line) => width({ ...line, text: fitted(line) }));
  return { width: Math.max(0, ...widths), height: LINE * lines.length };
}

/** The shape itself, without the text above and below. */
function shapeSize(node: DiagramNode): Size {
  const text = textSize(node.lines);
  const [leastWidth, leastHeight] = node.size ?? [0, 0];
  const empty = node.lines.length === 0;
  const width = Math.max(leastWidth, empty ? 0 : text.width + 2 * PAD.x);
  const height = Math.max(leastHeight, empty ? 0 : text.height + 2 * PAD.y);
  if (node.shape === "circle") return square(Math.max(width - 6, height, 26));
  if (node.shape === "plain") return { width: Math.max(leastWidth, text.width + 4), height: text.height + 4 };
  return { width, height };
}

const square = (side: number): Size => ({ width: side, height: side });

/** A node with the text around it. */
export function nodeSize(node: DiagramNode): Size & { shape: Size } {
  const shape = shapeSize(node);
  const [above, below] = [textSize(node.above), textSize(node.below)];
  // Symmetrical, so that the shape stays in the middle, where the lines go.
  const outside = Math.max(above.height, below.height);
  return {
    width: Math.max(shape.width, above.width, below.width),
    height: shape.height + 2 * outside,
    shape,
  };
}

/** The text of an edge, as high over as under the line; null where there is none. */
export function labelSize({ above = [], below = [] }: DiagramEdge): Size | null {
  if (above.length + below.length === 0) return null;
  const [over, under] = [textSize(above), textSize(below)];
  return {
    width: Math.max(over.width, under.width) + 6,
    height: 2 * Math.max(over.height, under.height) + 8,
  };
}
