/** Where the parts of a diagram stand, and what every way of placing them needs. Runs in the drawing thread. */
import type { DiagramEdge, Point } from "./diagram.ts";
import { labelSize } from "./measure.ts";

/** A rectangle by its centre. */
export interface Place extends Point {
  width: number;
  height: number;
}

export interface Geometry {
  width: number;
  height: number;
  nodes: ReadonlyMap<string, Place>;
  /** In the order of the diagram's edges; `label` is where its text stands, over and under this point. */
  edges: readonly { points: readonly Point[]; label: Place | null }[];
  groups: ReadonlyMap<string, Place>;
  /** How lines leave and enter nodes. */
  direction: "right" | "down" | "straight";
}
/** The text of an edge around a point of its line. */
export function labelAt(edge: DiagramEdge, middle: Point): Place | null {
  const size = labelSize(edge);
  return size === null ? null : { ...middle, ...size };
}
/** Moved to the upper left corner of what is really there. */
export function trimmed(geometry: Geometry): Geometry {
  const labels = geometry.edges.flatMap(({ label }) => label ?? []);
  const places = [...geometry.nodes.values(), ...geometry.groups.values(), ...labels];
  const points = geometry.edges.flatMap(({ points }) => points);
  const xs = [
    ...places.flatMap(({ x, width }) => [x - width / 2, x + width / 2]),
    ...points.map(({ x }) => x),
  ];
  const ys = [
    ...places.flatMap(({ y, height }) => [y - height / 2, y + height / 2]),
    ...points.map(({ y }) => y),
  ];
  const [left, top] = [Math.min(...xs), Math.min(...ys) - (geometry.groups.size > 0 ? 24 : 0)];
  const move = <P extends Point>(point: P): P => ({ ...point, x: point.x - left, y: point.y - top });
  const all = (map: ReadonlyMap<string, Place>) => new Map([...map].map(([id, place]) => [id, move(place)]));
  return {
    ...geometry,
    width: Math.max(...xs) - left,
    height: Math.max(...ys) - top,
    nodes: all(geometry.nodes),
    groups: all(geometry.groups),
    edges: geometry.edges.map(({ points, label }) => ({
      points: points.map(move),
      label: label && move(label),
    })),
  };
}
