/** A diagram whose layers go down further than a screen is high, folded into columns that are read one after the other. */
import type { Point } from "./diagram.ts";
import { type Geometry, type Place, trimmed } from "./geometry.ts";

/** CSS pixels: higher diagrams are folded. */
const TALL = 640;
const BETWEEN_COLUMNS = 48;
/** How far below and above its columns a line runs from one to the next. */
const TURN = 14;

/** Folds a tall geometry where one line alone goes on, into as few columns as are low enough, or as many as fit. */
export function inColumns(geometry: Geometry, within: number): Geometry {
  let best = geometry;
  const cuts = geometry.groups.size > 0 ? [] : cutsOf(geometry);
  for (let count = 2; best.height > TALL && count <= cuts.length + 1; count++) {
    const next = folded(geometry, cuts, count);
    if (next === null || next.width * 0.8 > within) break;
    best = next;
  }
  return best;
}

interface Cut {
  y: number;
  /** The position of the line that goes on. */
  edge: number;
}

const topOf = ({ y, height }: Place): number => y - height / 2;
const bottomOf = ({ y, height }: Place): number => y + height / 2;

/** Heights at which there is no node, and one line without text. */
function cutsOf({ nodes, edges }: Geometry): Cut[] {
  const places = [...nodes.values()].sort((a, b) => topOf(a) - topOf(b));
  const cuts: Cut[] = [];
  let bottom = Number.NEGATIVE_INFINITY;
  for (const place of places) {
    if (topOf(place) > bottom && bottom > Number.NEGATIVE_INFINITY) {
      const y = (topOf(place) + bottom) / 2;
      const crossing = edges.flatMap(({ points }, i) =>
        points[0]!.y < y && points.at(-1)!.y > y ? [i] : [],
      );
      const [edge] = crossing;
      if (crossing.length === 1 && edges[edge!]!.label === null) cuts.push({ y, edge: edge! });
    }
    bottom = Math.max(bottom, bottomOf(place));
  }
  return cuts;
}

/** In so many columns of about equal height; null where there is no place to fold it so. */
function folded(geometry: Geometry, cuts: readonly Cut[], count: number): Geometry | null {
  const chosen = Array.from({ length: count - 1 }, (_, i) => {
    const ideal = (geometry.height * (i + 1)) / count;
    return cuts.reduce((best, cut) => (Math.abs(cut.y - ideal) < Math.abs(best.y - ideal) ? cut : best));
  });
  if (new Set(chosen).size < chosen.length) return null;
  const columnOf = (y: number): number => chosen.filter((cut) => cut.y < y).length;
  const columns = Array.from({ length: count }, () => ({ xs: [] as number[], ys: [] as number[] }));
  for (const place of geometry.nodes.values()) {
    const { xs, ys } = columns[columnOf(place.y)]!;
    xs.push(place.x - place.width / 2, place.x + place.width / 2);
    ys.push(topOf(place), bottomOf(place));
  }
  for (const { points, label } of geometry.edges)
    for (const { x, y } of points) columns[columnOf(label?.y ?? y)]!.xs.push(x);
  let left = 0;
  const moves = columns.map(({ xs, ys }) => {
    const move = { x: left - Math.min(...xs), y: -Math.min(...ys) };
    left += Math.max(...xs) - Math.min(...xs) + BETWEEN_COLUMNS;
    return { ...move, right: left - BETWEEN_COLUMNS, bottom: Math.max(...ys) + move.y };
  });
  const moved = <P extends Point>(point: P, column = columnOf(point.y)): P => {
    const { x, y } = moves[column]!;
    return { ...point, x: point.x + x, y: point.y + y };
  };
  return trimmed({
    ...geometry,
    nodes: new Map([...geometry.nodes].map(([id, place]) => [id, moved(place)])),
    edges: geometry.edges.map(({ points, label }, i) => {
      const next = chosen.findIndex(({ edge }) => edge === i) + 1;
      if (next === 0) {
        const column = columnOf(points[0]!.y);
        return { points: points.map((point) => moved(point, column)), label: label && moved(label, column) };
      }
      const [start, end] = [moved(points[0]!), moved(points.at(-1)!)];
      const { right, bottom } = moves[next - 1]!;
      const between = right + BETWEEN_COLUMNS / 2;
      const way = [
        start,
        { x: start.x, y: bottom + TURN },
        { x: between, y: bottom + TURN },
        { x: between, y: -TURN - 8 },
        { x: end.x, y: -TURN - 8 },
        end,
      ];
      return { points: way, label };
    }),
  });
}
