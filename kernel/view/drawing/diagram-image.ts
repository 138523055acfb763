/** The SVG of a diagram. Text never overlaps: nodes and labels are measured before they are placed. Runs in the drawing thread. */
import { fontSize, ink } from "../theme.ts";
import type { Diagram, DiagramEdge, DiagramNode, Line, Point } from "./diagram.ts";
import { fitText, foldText, textWidth } from "./font.ts";
import type { Geometry, Place } from "./geometry.ts";
import { layOut } from "./layout.ts";
import { fitted, LINE, nodeSize, textSize, tones } from "./measure.ts";
import { svgDocument, svgRect, svgText } from "./svg.ts";

const MARGIN = 12;
/** Space between columns and rows of steps. */
const STEP_GAP = 22;
/** Smaller than this, text cannot be read. */
const LEAST_SCALE = 0.66;

const accent = { stroke: "#b26a00", fill: "#ffedc2" } as const;

/** The SVG of a diagram. */
export function diagramSvg(diagram: Diagram): string {
  const maxWidth = diagram.maxWidth ?? 900;
  const within = maxWidth - 2 * MARGIN;
  const geometry = layOut(diagram, within);
  // Steps are compared with each other: two side by side where that is possible.
  const room = (diagram.steps?.length ?? 0) < 2 ? within : (within - STEP_GAP) / 2;
  const scale = Math.min(1, Math.max(LEAST_SCALE, room / geometry.width));
  const height = geometry.height * scale;
  const steps = diagram.steps ?? [];
  // Room for captions.
  const width = Math.max(geometry.width * scale, steps.length === 0 ? 0 : 250);
  const columns = steps.length === 0 ? 1 : columnsOf(steps.length, width, within);
  const captions = steps.map((step) => foldText(step.caption, width - 20, fontSize.small));
  // One alone leaves room for a second line, so that the frames of an animation do not jump.
  const lines = Math.max(steps.length === 1 ? 2 : 0, ...captions.map(({ length }) => length));
  const caption = steps.length === 0 ? 0 : 10 + 13 * lines;
  const rows = steps.length === 0 ? 1 : Math.ceil(steps.length / columns);
  const bodyWidth = columns * width + (columns - 1) * STEP_GAP;
  const titleWidth = textWidth(diagram.title, fontSize.title, "bold");
  const inner = Math.max(bodyWidth, Math.min(within, Math.max(titleWidth, 440)));

  const head = heading(diagram, inner);
  const parts = [head.svg];
  let y = MARGIN + head.height;
  const left = (inner - bodyWidth) / 2;
  if (steps.length === 0) parts.push(moved(body(diagram, geometry), MARGIN + left, y, scale));
  for (const [i, step] of steps.entries()) {
    const x = MARGIN + left + (i % columns) * (width + STEP_GAP);
    const top = y + Math.floor(i / columns) * (height + caption + STEP_GAP);
    parts.push(
      svgRect(x - 6, top - 4, width + 12, height + caption + 10, `rx="5" fill="none" stroke="${ink.grid}"`),
      svgText(`${step.number ?? i + 1}`, x, top + 11, {
        weight: "bold",
        colour: ink.muted,
        size: fontSize.small,
      }),
      ...captions[i]!.map((line, k) =>
        svgText(line, x + 20, top + 11 + 13 * k, { colour: ink.strong, size: fontSize.small }),
      ),
      moved(
        body({ ...diagram, ...step }, geometry),
        x + (width - geometry.width * scale) / 2,
        top + caption,
        scale,
      ),
    );
  }
  y += rows * (height + caption) + (rows - 1) * STEP_GAP;
  const foot = footing(diagram, inner, y);
  parts.push(foot.svg);
  return svgDocument(Math.ceil(inner + 2 * MARGIN), Math.ceil(y + foot.height + MARGIN), parts.join(""));
}

/** As many as fit side by side, so that the last row is not much emptier than the others. */
function columnsOf(count: number, width: number, within: number): number {
  const most = Math.max(1, Math.min(count, Math.floor((within + STEP_GAP) / (width + STEP_GAP))));
  return Math.ceil(count / Math.ceil(count / most));
}

const moved = (svg: string, x: number, y: number, scale: number): string =>
  `<g transform="translate(${x} ${y})${scale === 1 ? "" : ` scale(${scale})`}">${svg}</g>`;

interface Part {
  svg: string;
  height: number;
}

function heading({ title, subtitle }: Diagram, width: number): Part {
  const lines = subtitle ? foldText(subtitle, width, fontSize.label) : [];
  const svg = [
    svgText(fitText(title, width, fontSize.title, "bold"), MARGIN, MARGIN + 12, {
      size: fontSize.title,
      weight: "bold",
      colour: ink.strong,
    }),
    ...lines.map((line, i) => svgText(line, MARGIN, MARGIN + 30 + 15 * i, { colour: ink.muted })),
  ];
  return { svg: svg.join(""), height: 20 + 15 * lines.length + 12 };
}

function footing({ legend = [], notes = [] }: Diagram, width: number, top: number): Part {
  const svg: string[] = [];
  let [x, y] = [MARGIN, top + (legend.length + notes.length > 0 ? 14 : 0)];
  for (const entry of legend) {
    const needed = 34 + textWidth(entry.text, fontSize.small);
    if (x > MARGIN && x + needed > MARGIN + width) [x, y] = [MARGIN, y + 16];
    const dash = entry.dashed ? ` stroke-dasharray="4 3"` : "";
    svg.push(
      `<path d="M${x} ${y + 5}h20" stroke="${entry.colour}" stroke-width="${entry.width ?? 2}"${dash} fill="none"/>`,
      svgText(entry.text, x + 26, y + 9, { size: fontSize.small }),
    );
    x += needed + 14;
  }
  if (legend.length > 0) y += 18;
  for (const line of notes.flatMap((note) => foldText(note, width, fontSize.label))) {
    svg.push(svgText(line, MARGIN, y + 9, { size: fontSize.small, colour: ink.muted }));
    y += 14;
  }
  return { svg: svg.join(""), height: y - top };
}

function body(diagram: Diagram, geometry: Geometry): string {
  const groups = diagram.groups ?? [];
  // Room for the labels of a frame and of those in it.
  const levels = (id: string): number =>
    1 + Math.max(0, ...groups.filter(({ inside }) => inside === id).map((group) => levels(group.id)));
  const framed = groups.map(({ id, label }) => frameSvg(geometry.groups.get(id)!, label, 8 * levels(id)));
  const lines = diagram.edges.map((edge, i) => edgeSvg(edge, geometry.edges[i]!.points, geometry));
  const nodes = diagram.nodes.map((node) => nodeSvg(node, geometry.nodes.get(node.id)!));
  const labels = diagram.edges.map((edge, i) => labelSvg(edge, geometry.edges[i]!.label, geometry));
  const byId = new Map(diagram.nodes.map((node) => [node.id, node]));
  const windows = diagram.edges.map(({ from, to, window }) => {
    const [start, end] = [geometry.nodes.get(from)!, geometry.nodes.get(to)!];
    // From the end of a row to the start of the next, lines would run across everything.
    if (window === undefined || end.x - end.width / 2 < start.x + start.width / 2) return "";
    return windowSvg(frontOf(byId.get(from)!, start), frontOf(byId.get(to)!, end), window);
  });
  return [
    ...framed.map(({ frame }) => frame),
    ...lines,
    ...framed.map(({ label }) => label),
    ...nodes,
    ...windows,
    ...labels,
  ].join("");
}

const FRAME = "#f6f8fa";

/** A frame, and its label, which stands over the lines that enter it. */
function frameSvg(place: Place, label: string, lift: number): { frame: string; label: string } {
  const { x, y, width, height } = place;
  const left = x - width / 2;
  const top = y - height / 2 - lift;
  const text = fitText(label, width - 12, fontSize.small);
  const plate = svgRect(left + 4, top + 2, textWidth(text, fontSize.small) + 4, 12, `fill="${FRAME}"`);
  return {
    frame: svgRect(
      left,
      top,
      width,
      height + lift,
      `rx="6" fill="${FRAME}" stroke="${ink.line}" stroke-dasharray="3 2"`,
    ),
    label: plate + svgText(text, left + 6, top + 11, { size: fontSize.small, colour: ink.muted }),
  };
}

function edgeSvg(edge: DiagramEdge, points: readonly Point[], { direction }: Geometry): string {
  const { emphasis, dashed, arrow = true } = edge;
  const colour =
    emphasis === "active" ? accent.stroke : emphasis === "waiting" ? ink.line : (edge.colour ?? ink.muted);
  const width = (edge.width ?? 1.2) + (emphasis === "active" ? 1 : 0);
  const dash = dashed ? ` stroke-dasharray="4 3"` : "";
  let path = `M${coordinates(points[0]!)}`;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!];
    if (direction === "straight" || a.x === b.x || a.y === b.y) path += `L${coordinates(b)}`;
    else if (direction === "right") {
      const middle = (a.x + b.x) / 2;
      path += `C${middle} ${a.y} ${middle} ${b.y} ${coordinates(b)}`;
    } else {
      const middle = (a.y + b.y) / 2;
      path += `C${a.x} ${middle} ${b.x} ${middle} ${coordinates(b)}`;
    }
  }
  const line = `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width}"${dash}/>`;
  if (!arrow) return line;
  const [before, end] = [points.at(-2)!, points.at(-1)!];
  const straight = direction === "straight" || before.x === end.x || before.y === end.y;
  const along = straight
    ? Math.atan2(end.y - before.y, end.x - before.x)
    : direction === "right"
      ? 0
      : Math.PI / 2;
  const corner = (turn: number): string =>
    `${end.x - 7 * Math.cos(along + turn)} ${end.y - 7 * Math.sin(along + turn)}`;
  return `${line}<path d="M${coordinates(end)}L${corner(0.42)}L${corner(-0.42)}Z" fill="${colour}"/>`;
}

const coordinates = ({ x, y }: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

function labelSvg(edge: DiagramEdge, at: Place | null, { direction }: Geometry): string {
  if (at === null) return "";
  const { above = [], below = [], emphasis } = edge;
  const faded = emphasis === "waiting";
  const { width } = at;
  // A line that does not run from left to right pauses for its text.
  const pause = (height: number): string =>
    svgRect(at.x - width / 2, at.y - height / 2, width, height, `fill="${ink.paper}"`);
  if (direction === "straight") {
    const text = [...above, ...below];
    return pause(LINE * text.length) + linesSvg(text, at.x, at.y + 11 - (LINE * text.length) / 2, faded);
  }
  return (
    (direction === "right" ? "" : pause(at.height)) +
    linesSvg(above, at.x, at.y - 5 - LINE * (above.length - 1), faded) +
    linesSvg(below, at.x, at.y + 13, faded)
  );
}

/** Centred lines of text; y is the first baseline. */
function linesSvg(lines: readonly Line[], x: number, y: number, faded = false): string {
  return lines
    .map((line, i) => {
      if (line.hidden) return "";
      const { colour, size, weight } = tones[line.tone ?? "plain"];
      const style = { size, weight, colour: faded ? "#a3adb8" : colour, anchor: "middle" } as const;
      return svgText(fitted(line), x, y + LINE * i, style);
    })
    .join("");
}

function nodeSvg(node: DiagramNode, { x, y }: Place): string {
  const { width, height } = nodeSize(node).shape;
  const { emphasis, shape = "box" } = node;
  const faded = emphasis === "waiting";
  const stroke = emphasis === "active" ? accent.stroke : faded ? ink.line : (node.stroke ?? ink.muted);
  const fill = emphasis === "active" ? accent.fill : (node.fill ?? ink.paper);
  const look = `fill="${fill}" stroke="${stroke}" stroke-width="${emphasis === "active" ? 2 : 1.2}"`;
  const outline =
    shape === "plain" && emphasis !== "active"
      ? ""
      : shape === "circle"
        ? `<circle cx="${x}" cy="${y}" r="${width / 2}" ${look}/>`
        : shape === "sheets"
          ? sheetsSvg(node, x, y, look)
          : svgRect(
              x - width / 2,
              y - height / 2,
              width,
              height,
              `rx="${shape === "pill" ? Math.min(14, height / 2) : 5}" ${look}`,
            );
  const below = textSize(node.below);
  const plate =
    below.width === 0
      ? ""
      : svgRect(
          x - below.width / 2 - 2,
          y + height / 2 + 2,
          below.width + 4,
          below.height,
          `fill="${ink.paper}"`,
        );
  const first = y - (LINE * node.lines.length) / 2 + 11;
  const above = node.above ?? [];
  return (
    outline +
    plate +
    linesSvg(node.lines, x, first, faded) +
    linesSvg(above, x, y - height / 2 - 5 - LINE * (above.length - 1), faded) +
    linesSvg(node.below ?? [], x, y + height / 2 + 12, faded)
  );
}

/** Distance between two sheets of a stack. */
export const SHEET_STEP = 4;

/** The first map of a stack, the whole of any other node. */
function frontOf(node: DiagramNode, { x, y }: Place): Place {
  const { width, height } = nodeSize(node).shape;
  const depth = node.shape === "sheets" ? SHEET_STEP * ((node.sheets ?? 1) - 1) : 0;
  return { x: x - depth / 2, y: y - depth / 2, width: width - depth, height: height - depth };
}

const WINDOW = "#8a4b00";

/** What a kernel covers of a map, and lines from its corners to the one unit that is computed from it. */
function windowSvg(from: Place, to: Place, [across, up]: readonly [number, number]): string {
  // Right of the middle and above it, where neither texts nor the arrow are.
  const width = across * from.width;
  const height = up * from.height;
  const left = from.x + from.width / 2 - width - 0.12 * (from.width - width);
  const top = from.y - from.height / 2 + 0.12 * (from.height - height);
  const unit = {
    x: to.x - to.width / 2 + Math.min(12, to.width / 2),
    y: to.y - to.height / 2 + Math.min(12, to.height / 2),
  };
  const corners = [
    [left, top],
    [left + width, top],
    [left + width, top + height],
    [left, top + height],
  ] as const;
  const look = `stroke="${WINDOW}" fill="none"`;
  const lines = corners
    .map(([x, y]) => `<path d="M${coordinates({ x, y })}L${coordinates(unit)}" ${look} stroke-width="0.7"/>`)
    .join("");
  return (
    lines +
    svgRect(left, top, width, height, `${look} stroke-width="1.2"`) +
    svgRect(unit.x - 1.5, unit.y - 1.5, 3, 3, `fill="${WINDOW}"`)
  );
}

/** A stack of maps, the first in front at the upper left: what is drawn on it stays clear of the texts below the arrows. */
function sheetsSvg(node: DiagramNode, x: number, y: number, look: string): string {
  const { width, height } = nodeSize(node).shape;
  const count = node.sheets ?? 1;
  const depth = SHEET_STEP * (count - 1);
  return Array.from({ length: count }, (_, i) => {
    const back = count - 1 - i;
    const left = x - width / 2 + SHEET_STEP * back;
    return svgRect(left, y - height / 2 + SHEET_STEP * back, width - depth, height - depth, look);
  }).join("");
}
