/** Computations with larger tensors as boxes with shape, mean and norm; parameters stand aside. */
import type { ComputationGraph, GraphEdge, GraphVertex } from "../../../engine/graph.ts";
import type { NestedNumbers } from "../../../engine/tensor.ts";
import type { DiagramEdge, DiagramNode } from "../drawing/diagram.ts";
import { ink } from "../theme.ts";
import { formatNumber, formatShape } from "../wording.ts";
import {
  type DrawnComputation,
  formulasOf,
  type GraphPictureOptions,
  isConstant,
  line,
  nameOf,
  numbersIn,
  rootOf,
  stubs,
  usesOf,
} from "./computation.ts";

/** A box for each operation, a rounded one for each tensor that was given. */
export function boxes(found: ComputationGraph, options: GraphPictureOptions): DrawnComputation {
  const { values = true, gradients = true } = options;
  const uses = usesOf(found.edges);
  const main = mainOperands(found);
  const hosts = new Map(found.edges.filter((edge) => !main.has(edge)).map(({ from, to }) => [from, to]));
  const nodes = found.vertices.map((vertex): DiagramNode => {
    const { id, op, shape, value, gradient, requiresGrad } = vertex;
    const numbers = [
      ...(values && value !== null ? [line(summary(value, true), "value")] : []),
      ...(gradients && gradient !== null ? [line(`∂ ${summary(gradient, false)}`, "gradient")] : []),
    ];
    if (op !== null)
      return {
        id: `${id}`,
        fill: "#eef3f8",
        lines: [
          line(headOf(vertex), "name"),
          ...(shape.length === 0 ? [] : [line(formatShape(shape), "muted")]),
          ...numbers,
        ],
      };
    return {
      id: `${id}`,
      shape: "pill",
      fill: requiresGrad ? "#fdf3e7" : ink.paper,
      lines: [
        line(`${headOf(vertex)} ${shape.length === 0 ? "" : formatShape(shape)}`.trim(), "name"),
        ...numbers,
      ],
      ...(uses.get(id) === 1 && hosts.has(id) ? { beside: `${hosts.get(id)}` } : {}),
    };
  });
  const cut = stubs(found);
  nodes.push(...cut.nodes);
  const edges = found.edges.map(({ from, to }): DiagramEdge => ({ from: `${from}`, to: `${to}` }));
  edges.push(...cut.edges);
  const known = gradients && found.vertices.some(({ gradient }) => gradient !== null);
  const note = `${known ? `∂: the gradient of ${nameOf(rootOf(found))}. ` : ""}The norm is the root of the sum of squares.`;
  return { nodes, edges, arrange: "right", notes: [note, ...formulasOf(found, options, (op) => op)] };
}

/** Of each operation the operand that comes from above: a computed one, else data, else the first. The others stand aside. */
function mainOperands({ vertices, edges }: ComputationGraph): Set<GraphEdge> {
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const main = new Set<GraphEdge>();
  for (const operands of Map.groupBy(edges, ({ to }) => to).values()) {
    const from = (edge: GraphEdge): GraphVertex => byId.get(edge.from)!;
    const first =
      operands.find((edge) => from(edge).op !== null) ??
      operands.find((edge) => !from(edge).requiresGrad) ??
      operands[0]!;
    main.add(first);
  }
  return main;
}

/** `q = matmul`, `conv2d in c1`, `c1.weight`. */
function headOf(vertex: GraphVertex): string {
  const { op, name, layer, shape } = vertex;
  if (op === null) return name ?? (isConstant(vertex) && shape.length === 0 ? "constant" : "input");
  return `${name === null ? "" : `${name} = `}${op}${layer && layer !== op ? ` in ${layer}` : ""}`;
}

/** A few numbers themselves, more by norm and mean. */
export function summary(value: NestedNumbers, withMean: boolean): string {
  const numbers = numbersIn(value);
  if (numbers.length === 0) return "empty";
  if (numbers.length === 1) return formatNumber(numbers[0]!);
  if (numbers.length <= 4) return `[${numbers.map((number) => formatNumber(number)).join(", ")}]`;
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const norm = Math.sqrt(numbers.reduce((sum, number) => sum + number * number, 0));
  return `${withMean ? `mean ${formatNumber(mean, 2)}, ` : ""}norm ${formatNumber(norm, 2)}`;
}
