/** Computations with single numbers as gates, with values over and gradients under their lines. */
import type { ComputationGraph, GraphVertex } from "../../../engine/graph.ts";
import type { DiagramEdge, DiagramNode } from "../drawing/diagram.ts";
import { ink } from "../theme.ts";
import { formatNumber } from "../wording.ts";
import {
  type DrawnComputation,
  formulasOf,
  type GraphPictureOptions,
  isConstant,
  line,
  nameOf,
  numberIn,
  rootOf,
  stubs,
  usesOf,
} from "./computation.ts";

const symbols: Readonly<Record<string, string>> = {
  add: "+",
  sub: "−",
  mul: "×",
  div: "÷",
  neg: "−a",
  maximum: "max",
  minimum: "min",
  square: "a²",
  pow: "aᵇ",
  sqrt: "√",
  log: "ln",
  sum: "Σ",
  sigmoid: "σ",
};

/** Operations whose operands may not change places. */
const ordered = new Set(["sub", "div", "pow"]);

/** A gate's sign, or the operation's name. */
export const symbolOf = (op: string): string => symbols[op] ?? op;

/** Gates and lines of a computation with single numbers. The last edge leads to the result's name. */
export function gates(found: ComputationGraph, options: GraphPictureOptions): DrawnComputation {
  const { values = true, gradients = true } = options;
  const uses = usesOf(found.edges);
  const byId = new Map(found.vertices.map((vertex) => [vertex.id, vertex]));
  const several =
    gradients && found.vertices.some(({ id, gradient }) => gradient !== null && (uses.get(id) ?? 0) > 1);
  const nodes = found.vertices.map((vertex): DiagramNode => {
    const { id, op, name, gradient, value } = vertex;
    const total = gradients && (uses.get(id) ?? 0) > 1 ? numberIn(gradient) : null;
    const below = total === null ? {} : { below: [line(`Σ ${formatNumber(total)}`, "gradient")] };
    if (op !== null)
      return {
        id: `${id}`,
        shape: symbolOf(op).length > 4 ? "pill" : "circle",
        lines: [line(symbolOf(op), "name")],
        fill: "#eef3f8",
        ...below,
      };
    if (isConstant(vertex)) {
      const number = numberIn(value);
      return {
        id: `${id}`,
        shape: "plain",
        lines: [line(number === null ? "constant" : formatNumber(number), "muted")],
      };
    }
    return { id: `${id}`, shape: "pill", lines: [line(name ?? "input", "name")], ...below };
  });
  const edges = found.edges.map((edge): DiagramEdge => {
    const from = byId.get(edge.from)!;
    const order = ordered.has(byId.get(edge.to)!.op ?? "") ? `${"ab"[edge.operand]}: ` : "";
    const ends = { from: `${edge.from}`, to: `${edge.to}`, arrow: true };
    if (isConstant(from))
      return { ...ends, colour: ink.line, ...(order && { above: [line(order.slice(0, 1), "muted")] }) };
    const back = (uses.get(edge.from) ?? 0) > 1 ? edge.gradient : (edge.gradient ?? from.gradient);
    return { ...ends, ...labels(from, values, gradients ? numberIn(back) : null, order) };
  });
  const cut = stubs(found);
  nodes.push(...cut.nodes);
  edges.push(...cut.edges);
  const root = rootOf(found);
  nodes.push({ id: "result", shape: "plain", lines: [line(nameOf(root), "name")] });
  edges.push({
    from: `${root.id}`,
    to: "result",
    ...labels({ ...root, name: null }, values, gradients ? numberIn(root.gradient) : null, ""),
  });
  return {
    nodes,
    edges,
    arrange: "right",
    notes: [
      ...howToRead(values, gradients && edges.some(({ below }) => below), several, nameOf(root)),
      ...formulasOf(found, options, symbolOf),
    ],
  };
}

function labels(
  from: GraphVertex,
  values: boolean,
  gradient: number | null,
  order: string,
): Pick<DiagramEdge, "above" | "below"> {
  const number = values ? numberIn(from.value) : null;
  const named = from.op !== null && from.name !== null ? `${from.name} = ` : "";
  const over = number === null ? named.replace(" = ", "") : `${named}${formatNumber(number)}`;
  return {
    ...(over || order ? { above: [line(`${order}${over}`, "value")] } : {}),
    ...(gradient === null ? {} : { below: [line(formatNumber(gradient), "gradient")] }),
  };
}

function howToRead(values: boolean, gradients: boolean, several: boolean, root: string): string[] {
  const parts = [
    ...(values ? ["above, the value that flows forward"] : []),
    ...(gradients ? [`below, the gradient of ${root} that flows back`] : []),
  ];
  if (parts.length === 0) return [];
  const sums = several ? " Σ: the sum of what flows back along several lines." : "";
  return [`On each line: ${parts.join("; ")}.${sums}`];
}
