/** The volumes of a chain of layers: stacks of maps, one behind the other, as in LeCun et al. 1998, figure 2. */
import { ArgumentError } from "../../../engine/errors.ts";
import type { Architecture, ArchitectureNode } from "../../../engine/inspection/architecture.ts";
import type { Diagram, DiagramEdge, DiagramNode } from "../drawing/diagram.ts";
import { ink } from "../theme.ts";

/** CSS pixels of the largest map's side, and of the smallest that can be seen. */
const SIDE = { largest: 100, smallest: 10 } as const;
/** Sheets that are drawn of a stack, at most. */
const MOST_SHEETS = 10;
/** Height of a vector of units. */
const VECTOR = { least: 26, most: 120 } as const;

const shapeless = /relu|sigmoid|tanh|elu|softmax|flatten|dropout|norm|reshape|identity/i;

/** Layers that only change numbers or their arrangement are named under the volume before them. */
export function volumes({ nodes, edges }: Architecture): Omit<Diagram, "title"> {
  const branch = edges.length !== nodes.length - 1 || edges.some(({ from, to }) => to !== from + 1);
  if (branch)
    throw new ArgumentError(
      'show.architecture: volumes are drawn of chains of layers, this network has branches; use style "boxes"',
    );
  const steps = nodes.filter(({ type, kind }) => kind === "input" || !shapeless.test(type));
  const sides = steps.flatMap(({ outputShape }) =>
    outputShape.length === 3 ? [Math.max(...outputShape.slice(1))] : [],
  );
  if (sides.length === 0)
    throw new ArgumentError(
      'show.architecture: volumes are drawn of networks with maps [C, H, W]; for vectors use style "boxes" or show.neurons',
    );
  const largest = Math.max(...sides);
  const drawn = steps.map((node, i): DiagramNode => volumeOf(node, i, largest));
  const joined = steps.slice(1).map((node, i): DiagramEdge => {
    const first = steps[i]!;
    const between = nodes.slice(nodes.indexOf(first) + 1, nodes.indexOf(node)).map(({ type }) => type);
    return {
      from: `${first.id}`,
      to: `${node.id}`,
      ...windowOf(first, node),
      below: [...between.slice(0, 2), ...operation(node)].map((text) => ({ text, tone: "muted" as const })),
    };
  });
  const most = Math.max(...steps.map(({ outputShape }) => (outputShape.length === 3 ? outputShape[0]! : 0)));
  const cut = most > MOST_SHEETS ? `; of more than ${MOST_SHEETS} maps ${MOST_SHEETS} are drawn` : "";
  return {
    nodes: drawn,
    edges: joined,
    arrange: "rows",
    notes: [
      `Each sheet is a map: channels@height×width${cut}. A square on a map is what the next layer's kernel covers for one unit.`,
    ],
  };
}

/** What the layer's kernel covers of the volume before it, where that is more than a unit and both have maps. */
function windowOf(
  before: ArchitectureNode,
  { details, outputShape, kind, type }: ArchitectureNode,
): Pick<DiagramEdge, "window"> {
  // Adaptive pooling tells what it gives, a transposed convolution stamps its kernel on what it gives.
  const kernel = /transpose/i.test(type) ? null : /(?<!to )\b(\d+)×(\d+)/.exec(details);
  if (kind !== "layer" || kernel === null || before.outputShape.length !== 3 || outputShape.length !== 3)
    return {};
  const [, height, width] = before.outputShape as [number, number, number];
  const [up, across] = [Number(kernel[1]) / height, Number(kernel[2]) / width];
  return { window: [Math.min(1, across), Math.min(1, up)] };
}

function volumeOf(
  { id, path, type, outputShape }: ArchitectureNode,
  position: number,
  largest: number,
): DiagramNode {
  const name =
    position === 0
      ? "Input"
      : path === "" || /^\d|\./.test(path)
        ? type
        : /^[a-z]\d+$/.test(path)
          ? path.toUpperCase()
          : path;
  if (outputShape.length !== 3) {
    const units = outputShape.at(-1) ?? 1;
    const height = Math.min(VECTOR.most, Math.max(VECTOR.least, 12 * Math.sqrt(units)));
    return {
      id: `${id}`,
      lines: [],
      size: [14, height],
      fill: "#fdecd2",
      above: [{ text: name, tone: "name" }],
      below: [{ text: `${units} units`, tone: "value" }],
    };
  }
  const [channels, height, width] = outputShape as [number, number, number];
  const sheets = Math.min(channels, MOST_SHEETS);
  const side = (size: number): number => Math.max(SIDE.smallest, (SIDE.largest * size) / largest);
  const depth = 4 * (sheets - 1);
  return {
    id: `${id}`,
    shape: "sheets",
    sheets,
    lines: [],
    size: [side(width) + depth, side(height) + depth],
    fill: position === 0 ? ink.paper : "#dcebf7",
    above: [{ text: name, tone: "name" }],
    below: [{ text: `${channels}@${height}×${width}`, tone: "value" }],
  };
}

/** `MaxPool2d`, `2×2`. */
function operation({ type, details }: ArchitectureNode): string[] {
  const kernel = /\d+×\d+/.exec(details)?.[0];
  return kernel === undefined ? [type] : [type, kernel];
}
