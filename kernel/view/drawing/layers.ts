/**
 * Layers of a directed graph: dagre orders and places the nodes (Gansner et al. 1993; Brandes and Köpf 2001), what is done here is
 * the order of operands, lines that run through their texts and end at shapes, and nodes that stand beside others.
 */
import { Graph, layout } from "@dagrejs/dagre";
import type { Diagram, DiagramEdge, DiagramNode, Point } from "./diagram.ts";
import { type Geometry, type Place, trimmed } from "./geometry.ts";
import { labelSize, nodeSize } from "./measure.ts";

/** Nodes in layers to the right or downwards. */
export function inLayers(diagram: Diagram, direction: "right" | "down"): Geometry {
  const { groups = [] } = diagram;
  const aside = direction === "down" ? diagram.nodes.filter(({ beside }) => beside !== undefined) : [];
  const guests = Map.groupBy(aside, ({ beside }) => beside!);
  const nodes = diagram.nodes.filter((node) => !aside.includes(node));
  const isAside = new Set(aside.map(({ id }) => id));
  const inside = diagram.edges.flatMap((edge, i) =>
    isAside.has(edge.from) ? [] : [{ ...edge, name: `${i}` }],
  );
  const graph = bestOrder(inside, direction, () => {
    const fresh = new Graph({ multigraph: true, compound: true });
    fresh.setGraph({
      rankdir: direction === "right" ? "LR" : "TB",
      nodesep: direction === "right" ? 12 : 18,
      edgesep: 10,
      ranksep: direction === "right" ? 44 : 24,
    });
    for (const group of groups) fresh.setNode(`group ${group.id}`, {});
    for (const node of nodes) {
      fresh.setNode(node.id, withGuests(node, guests.get(node.id) ?? []));
      if (node.group !== undefined) fresh.setParent(node.id, `group ${node.group}`);
    }
    for (const { id, inside: outer } of groups)
      if (outer !== undefined) fresh.setParent(`group ${id}`, `group ${outer}`);
    for (const edge of inside)
      fresh.setEdge(edge.from, edge.to, { ...labelSize(edge), labelpos: "c" }, edge.name);
    return fresh;
  });
  const placeOf = (id: string): Place => {
    const { x = 0, y = 0, width, height } = graph.node(id);
    return { x, y, width, height };
  };
  const places = new Map<string, Place>(
    nodes.map((node) => {
      const { width, height } = nodeSize(node);
      return [node.id, { ...placeOf(node.id), width, height }];
    }),
  );
  for (const [host, all] of guests)
    for (const [id, place] of seats(places.get(host)!, all)) places.set(id, place);
  const lines = diagram.edges.map((edge, i) => {
    if (isAside.has(edge.from)) return { label: null, inner: [] };
    const found = graph.edge(edge.from, edge.to, `${i}`);
    const size = labelSize(edge);
    const label = size === null ? null : { x: found.x!, y: found.y!, ...size };
    const inner = (found.points ?? []).slice(1, -1);
    return { label, inner: label === null ? inner : throughLabel(inner, label, direction) };
  });
  return trimmed({
    width: 0,
    height: 0,
    direction,
    nodes: places,
    groups: new Map(groups.map(({ id }) => [id, placeOf(`group ${id}`)])),
    edges: ends(diagram, lines, places, direction),
  });
}

/** Between a node and what stands beside it. */
const ASIDE = 30;

/** The room of a node with what stands at its right, and as much at its left, so that it stays in the middle. */
function withGuests(node: DiagramNode, guests: readonly DiagramNode[]): { width: number; height: number } {
  const { width, height } = nodeSize(node);
  if (guests.length === 0) return { width, height };
  const sizes = guests.map(nodeSize);
  const stack = sizes.reduce((sum, size) => sum + size.height + 6, -6);
  const widest = Math.max(...sizes.map((size) => size.width));
  return { width: width + 2 * (ASIDE + widest), height: Math.max(height, stack) };
}

/** Guests at the right of their host, one below the other. */
function seats(host: Place, guests: readonly DiagramNode[]): [string, Place][] {
  const sizes = guests.map(nodeSize);
  let y = host.y - sizes.reduce((sum, size) => sum + size.height + 6, -6) / 2;
  return guests.map(({ id }, i) => {
    const { width, height } = sizes[i]!;
    const place = { x: host.x + host.width / 2 + ASIDE + width / 2, y: y + height / 2, width, height };
    y += height + 6;
    return [id, place];
  });
}
type Named = DiagramEdge & { name: string };

/** More lines than these are laid out once, as the library orders them. */
const MOST_TRIED = 60;

/**
 * The layout with the fewest crossings, and then with the most lines that meet in their operands' order: as the library
 * orders nodes within layers, or in their given order, each as it is or mirrored.
 */
function bestOrder(edges: readonly Named[], direction: "right" | "down", make: () => Graph): Graph {
  const tries = edges.length > MOST_TRIED ? [false] : [false, true];
  const candidates = tries.map((disableOptimalOrderHeuristic) => {
    const graph = make();
    layout(graph, { disableOptimalOrderHeuristic });
    const across = (id: string): number => graph.node(id)[direction === "right" ? "y" : "x"] ?? 0;
    const order = orderOf(edges, across);
    if (order.wrong > order.right) mirror(graph, direction);
    const score = 10 * crossings(edges.map(({ from, to, name }) => graph.edge(from, to, name).points ?? []));
    return { graph, score: tries.length === 1 ? 0 : score + Math.min(order.wrong, order.right) };
  });
  return candidates.reduce((best, other) => (other.score < best.score ? other : best)).graph;
}

/**
 * How far neighbours among the lines that meet in a node come in the order of the operands, the first above or left; and, counting
 * less, those that leave a node in the order in which it is used.
 */
function orderOf(
  edges: readonly DiagramEdge[],
  across: (id: string) => number,
): { right: number; wrong: number } {
  const order = { right: 0, wrong: 0 };
  const count = (ids: readonly string[], weight: number): void => {
    for (let i = 1; i < ids.length; i++) {
      const step = across(ids[i]!) - across(ids[i - 1]!);
      if (step > 0) order.right += weight;
      if (step < 0) order.wrong += weight;
    }
  };
  for (const meeting of Map.groupBy(edges, ({ to }) => to).values())
    count(
      meeting.map(({ from }) => from),
      1,
    );
  for (const leaving of Map.groupBy(edges, ({ from }) => from).values())
    count(
      leaving.map(({ to }) => to),
      0.1,
    );
  return order;
}

/** How often lines cross each other. */
function crossings(lines: readonly (readonly Point[])[]): number {
  const segments = lines.flatMap((points, line) =>
    points.slice(1).map((end, i) => ({ start: points[i]!, end, line })),
  );
  let count = 0;
  for (const [i, a] of segments.entries())
    for (const b of segments.slice(i + 1)) if (a.line !== b.line && cross(a, b)) count++;
  return count;
}

interface Segment {
  start: Point;
  end: Point;
}

function cross(a: Segment, b: Segment): boolean {
  const side = ({ start, end }: Segment, point: Point): number =>
    Math.sign((end.x - start.x) * (point.y - start.y) - (end.y - start.y) * (point.x - start.x));
  return side(a, b.start) * side(a, b.end) < 0 && side(b, a.start) * side(b, a.end) < 0;
}

function mirror(graph: Graph, direction: "right" | "down"): void {
  const { width = 0, height = 0 } = graph.graph();
  const turn = (point: { x?: number; y?: number }): void => {
    if (direction === "right" && point.y !== undefined) point.y = height - point.y;
    if (direction === "down" && point.x !== undefined) point.x = width - point.x;
  };
  for (const id of graph.nodes()) turn(graph.node(id));
  for (const edge of graph.edges()) {
    const label = graph.edge(edge);
    turn(label);
    for (const point of label.points ?? []) turn(point);
  }
}

/** The line runs straight through its label, so that text over and under it stays clear of it. */
function throughLabel(inner: readonly Point[], label: Place, direction: "right" | "down"): Point[] {
  const near = inner.findIndex(({ x, y }) => Math.abs(x - label.x) < 1 && Math.abs(y - label.y) < 1);
  const [before, after] = near === -1 ? [[], []] : [inner.slice(0, near), inner.slice(near + 1)];
  const half = (direction === "right" ? label.width : label.height) / 2;
  const [dx, dy] = direction === "right" ? [half, 0] : [0, half];
  return [...before, { x: label.x - dx, y: label.y - dy }, { x: label.x + dx, y: label.y + dy }, ...after];
}

interface Inner {
  label: Place | null;
  inner: readonly Point[];
}

/** Lines start and end at the shapes, those that meet at one side of a node apart from each other. */
function ends(
  { nodes, edges }: Diagram,
  lines: readonly Inner[],
  places: ReadonlyMap<string, Place>,
  direction: "right" | "down",
): Geometry["edges"] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const across = (point: Point): number => (direction === "right" ? point.y : point.x);
  const arrivals = new Map<string, number[]>();
  const isAside = ({ from, to }: DiagramEdge): boolean =>
    direction === "down" && byId.get(from)!.beside === to;
  edges.forEach((edge, i) => {
    const { to } = edge;
    if (!isAside(edge)) arrivals.set(to, [...(arrivals.get(to) ?? []), i]);
  });
  const entry = new Map<number, number>();
  for (const [to, all] of arrivals) {
    const from = (i: number): number => across(lines[i]!.inner.at(-1) ?? places.get(edges[i]!.from)!);
    const ordered = all.toSorted((a, b) => from(a) - from(b));
    const { shape } = nodeSize(byId.get(to)!);
    const room = (direction === "right" ? shape.height : shape.width) * 0.6;
    const step = Math.min(direction === "right" ? 12 : 26, room / ordered.length);
    ordered.forEach((i, position) => {
      entry.set(i, (position - (ordered.length - 1) / 2) * step);
    });
  }
  return edges.map((edge, i) => {
    const { inner, label } = lines[i]!;
    if (isAside(edge)) {
      const [guest, host] = [places.get(edge.from)!, places.get(edge.to)!];
      const most = host.height / 2 - 6;
      const y = host.y + Math.max(-most, Math.min(most, guest.y - host.y));
      return {
        points: [
          { x: guest.x - guest.width / 2, y },
          { x: host.x + host.width / 2, y },
        ],
        label,
      };
    }
    const start = borderPoint(byId.get(edge.from)!, places.get(edge.from)!, 0, direction, 1);
    const end = borderPoint(byId.get(edge.to)!, places.get(edge.to)!, entry.get(i)!, direction, -1);
    return { points: [start, ...inner, end], label };
  });
}

/** The point of a shape's border `offset` beside its middle, on the side that lines leave (1) or enter (−1). */
function borderPoint(
  node: DiagramNode,
  { x, y }: Place,
  offset: number,
  direction: "right" | "down",
  side: 1 | -1,
): Point {
  const { width, height } = nodeSize(node).shape;
  const half = (direction === "right" ? width : height) / 2;
  const reach = node.shape === "circle" ? Math.sqrt(Math.max(0, half * half - offset * offset)) : half;
  return direction === "right"
    ? { x: x + side * reach, y: y + offset }
    : { x: x + offset, y: y + side * reach };
}
