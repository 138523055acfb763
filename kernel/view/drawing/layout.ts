/** Where the nodes of a diagram stand and how its lines run. Runs in the drawing thread. */
import { inColumns } from "./columns.ts";
import type { Diagram, DiagramNode, Point } from "./diagram.ts";
import { type Geometry, labelAt, type Place, trimmed } from "./geometry.ts";
import { inLayers } from "./layers.ts";
import { labelSize, nodeSize } from "./measure.ts";

/** The frames of an animation have their nodes in common, and so their places. */
const known = new WeakMap<
  Diagram["nodes"],
  { edges: Diagram["edges"]; within: number; geometry: Geometry }
>();

/** Places a diagram; what is too wide in layers to the right goes downwards, in columns, or, if a chain, into rows. */
export function layOut(diagram: Diagram, within: number): Geometry {
  const before = known.get(diagram.nodes);
  if (before?.edges === diagram.edges && before.within === within) return before.geometry;
  const geometry = laidOut(diagram, within);
  known.set(diagram.nodes, { edges: diagram.edges, within, geometry });
  return geometry;
}

function laidOut(diagram: Diagram, within: number): Geometry {
  switch (diagram.arrange) {
    case "byHand":
      return byHand(diagram);
    case "rows":
      return isChain(diagram) ? inRows(diagram, within) : inLayers(diagram, "down");
    case "down":
      return inLayers(diagram, "down");
    case "right": {
      const right = inLayers(diagram, "right");
      if (right.width * 0.8 <= within) return right;
      const down = inLayers(diagram, "down");
      return down.width < right.width ? inColumns(down, within) : right;
    }
  }
}
/** Whether every node has at most one line in and one out, in the order of the nodes. */
function isChain({ nodes, edges }: Diagram): boolean {
  return (
    edges.length === nodes.length - 1 &&
    edges.every(({ from, to }, i) => from === nodes[i]!.id && to === nodes[i + 1]!.id)
  );
}

/** A chain from left to right, row by row; in one row if it can be made to fit by drawing it a little smaller. */
function inRows({ nodes, edges }: Diagram, within: number): Geometry {
  const sizes = nodes.map(nodeSize);
  const labels = edges.map(labelSize);
  const gaps = nodes.map((_, i) => (i === 0 ? 0 : Math.max(26, (labels[i - 1]?.width ?? 0) + 24)));
  const whole = sizes.reduce((sum, { width }, i) => sum + gaps[i]! + width, 0);
  const room = whole * 0.8 <= within ? whole : within;
  const between = Math.max(30, ...labels.map((label) => (label?.height ?? 0) + 6));
  const rows: number[][] = [];
  let used = 0;
  sizes.forEach(({ width }, i) => {
    if (rows.length > 0 && used + gaps[i]! + width <= room + 0.01) {
      rows.at(-1)!.push(i);
      used += gaps[i]! + width;
    } else {
      rows.push([i]);
      used = width;
    }
  });
  const places: Place[] = [];
  const tops: number[] = [];
  let top = 0;
  for (const row of rows) {
    const height = Math.max(...row.map((i) => sizes[i]!.height));
    let x = 0;
    for (const i of row) {
      if (i !== row[0]) x += gaps[i]!;
      places.push({
        x: x + sizes[i]!.width / 2,
        y: top + height / 2,
        width: sizes[i]!.width,
        height: sizes[i]!.height,
      });
      tops.push(top);
      x += sizes[i]!.width;
    }
    top += height + between;
  }
  const lines = edges.map((edge, i) => {
    const [a, b] = [places[i]!, places[i + 1]!];
    const [from, to] = [sizes[i]!.shape, sizes[i + 1]!.shape];
    if (tops[i] === tops[i + 1]) {
      const [left, right] = [a.x + from.width / 2, b.x - to.width / 2];
      const points = [
        { x: left, y: a.y },
        { x: right, y: b.y },
      ];
      return { points, label: labelAt(edge, { x: (left + right) / 2, y: a.y }) };
    }
    // Down between the rows and back to the left.
    const y = tops[i + 1]! - between / 2;
    const points = [
      { x: a.x, y: a.y + a.height / 2 },
      { x: a.x, y },
      { x: b.x, y },
      { x: b.x, y: b.y - b.height / 2 },
    ];
    return {
      points,
      label: labelAt(edge, { x: Math.max(b.x, b.width) + (labels[i]?.width ?? 0) / 2 + 12, y }),
    };
  });
  const named = new Map(nodes.map(({ id }, i) => [id, places[i]!]));
  return trimmed({ width: 0, height: 0, direction: "right", nodes: named, groups: new Map(), edges: lines });
}

/** Nodes where their `at` says, straight lines between their borders. */
function byHand({ nodes, edges }: Diagram): Geometry {
  const places = new Map<string, Place>(
    nodes.map((node) => {
      const { width, height } = nodeSize(node);
      return [node.id, { ...(node.at ?? { x: 0, y: 0 }), width, height }];
    }),
  );
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const lines = edges.map((edge) => {
    const [a, b] = [places.get(edge.from)!, places.get(edge.to)!];
    const points = [towards(byId.get(edge.from)!, a, b), towards(byId.get(edge.to)!, b, a)];
    const [start, end] = points as [Point, Point];
    const { labelAt: share = 0.5 } = edge;
    const middle = { x: start.x + share * (end.x - start.x), y: start.y + share * (end.y - start.y) };
    return { points, label: labelAt(edge, middle) };
  });
  return trimmed({
    width: 0,
    height: 0,
    direction: "straight",
    nodes: places,
    groups: new Map(),
    edges: lines,
  });
}

/** Where the line from a node's centre to `other` leaves its shape. */
function towards(node: DiagramNode, { x, y }: Place, other: Point): Point {
  const { width, height } = nodeSize(node).shape;
  const [dx, dy] = [other.x - x, other.y - y];
  const distance = Math.hypot(dx, dy) || 1;
  const share =
    node.shape === "circle"
      ? width / 2 / distance
      : Math.min(width / 2 / (Math.abs(dx) || 1e-9), height / 2 / (Math.abs(dy) || 1e-9));
  return { x: x + dx * share, y: y + dy * share };
}
