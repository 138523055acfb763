/**
 * Diagrams as displays: boxes and gates with text, joined by labelled lines, as plain data. Where nodes stand is decided in
 * layout.ts, what they look like in diagram-image.ts.
 */
import { type Displayable, displayable, pictureBundle } from "../mime.ts";
import { draw } from "./drawing.ts";

/** A place in CSS pixels. */
export interface Point {
  x: number;
  y: number;
}

/** How a line of text is meant: a name, ordinary, a small number, less important, a value, a gradient, something wrong. */
export type Tone = "name" | "plain" | "number" | "muted" | "value" | "gradient" | "wrong";

/** A line of text. */
export interface Line {
  text: string;
  tone?: Tone;
  /** It has its room, but is not drawn: its turn has not come. */
  hidden?: boolean;
}

export interface DiagramNode {
  id: string;
  lines: readonly Line[];
  /** Default "box". "sheets" is a stack of maps. */
  shape?: "box" | "pill" | "circle" | "plain" | "sheets";
  fill?: string;
  stroke?: string;
  /** Text outside, below the shape. */
  below?: readonly Line[];
  /** Text outside, above the shape. */
  above?: readonly Line[];
  /** Least width and height of the shape. */
  size?: readonly [width: number, height: number];
  /** How many sheets are drawn. */
  sheets?: number;
  /** The group it stands in. */
  group?: string;
  /** The node at whose side it stands where layers go downwards; its only line leads there. */
  beside?: string;
  /** Its centre, in a diagram that is arranged by hand. */
  at?: Point;
  /** "active": look here. "waiting": its turn has not come. */
  emphasis?: "active" | "waiting";
}

export interface DiagramEdge {
  from: string;
  to: string;
  /** Text over the line, and under it. */
  above?: readonly Line[];
  below?: readonly Line[];
  colour?: string;
  width?: number;
  dashed?: boolean;
  /** Default true. */
  arrow?: boolean;
  /** Between stacks of sheets: the part of the front map that one unit of the next is computed from, in shares of its sides. */
  window?: readonly [width: number, height: number];
  /** Where along a straight line its text stands, from 0 at its start to 1 (default 0.5). */
  labelAt?: number;
  emphasis?: "active" | "waiting";
}

/** A frame around nodes that belong together. */
export interface DiagramGroup {
  id: string;
  label: string;
  /** The group it stands in itself. */
  inside?: string;
}

export interface LegendEntry {
  text: string;
  colour: string;
  width?: number;
  dashed?: boolean;
}

/** One picture of a sequence: the same nodes and edges, with other texts and emphases. */
export interface DiagramStep {
  /** Its number in the sequence, from 1, where it is drawn alone, as in an animation. */
  number?: number;
  caption: string;
  nodes: readonly DiagramNode[];
  edges: readonly DiagramEdge[];
}

export interface Diagram {
  title: string;
  subtitle?: string;
  nodes: readonly DiagramNode[];
  edges: readonly DiagramEdge[];
  groups?: readonly DiagramGroup[];
  /**
   * In layers from left to right (or down where that is too wide), in layers downwards, as a chain in rows, or by hand with straight lines.
   */
  arrange: "right" | "down" | "rows" | "byHand";
  /** Drawn one after the other in a grid instead of the diagram itself, which decides the places. */
  steps?: readonly DiagramStep[];
  legend?: readonly LegendEntry[];
  /** Sentences below. */
  notes?: readonly string[];
  maxWidth?: number;
}

/** A diagram that states its result in `text`. */
export function diagram(content: Diagram, text: string): Displayable {
  return displayable(text, () => pictureBundle(draw({ kind: "diagram", diagram: content }), text));
}
