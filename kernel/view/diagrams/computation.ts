/** The computation behind a tensor, as drawings of it need it: its graph, numbers, names, formulas. */
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import {
  type ComputationGraph,
  type GraphEdge,
  type GraphOptions,
  type GraphVertex,
  graphOf,
} from "../../../engine/graph.ts";
import { isTensor, type NestedNumbers, type Tensor } from "../../../engine/tensor.ts";
import type { Diagram, DiagramEdge, DiagramNode, Line } from "../drawing/diagram.ts";
import { ink } from "../theme.ts";

/** Options of `graph`. */
export interface GraphPictureOptions {
  /** A title above the picture. */
  title?: string;
  /** Whether values are shown (default true). */
  values?: boolean;
  /** Whether gradients are shown (default true): computed where the tensor is a single number, else those that are there. */
  gradients?: boolean;
  /** Whether the operations' formulas are listed below (default true). */
  formulas?: boolean;
  /** A model whose parameters are called by their paths. */
  model?: NonNullable<GraphOptions["model"]>;
  /** How many tensors are drawn at most, those nearest the result (default 32). */
  maxNodes?: number;
}

/** What a computation becomes in a diagram. */
export type DrawnComputation = Pick<Diagram, "nodes" | "edges" | "arrange" | "notes">;

/** Tensors of up to this many numbers are summed up by mean and norm; larger ones by their shape. */
const MOST_NUMBERS = 1_000_000;
/** More formulas than these are no help. */
const MOST_FORMULAS = 8;
/** The graph of a tensor, with gradients where they can be computed. */
export function computation(
  source: Tensor | ComputationGraph,
  { model, gradients = true }: GraphPictureOptions,
): ComputationGraph {
  if (isGraph(source)) return source;
  if (!isTensor(source))
    throw new ArgumentError(
      `show.graph: expected a tensor, such as a loss, or what graphOf returned; got ${describeValue(source)}`,
    );
  const given: GraphOptions = { maxValues: MOST_NUMBERS, ...(model === undefined ? {} : { model }) };
  const found = graphOf(source, given);
  const spent = found.vertices.some(({ tensor }) => (tensor.node?.spent ?? 0) > 0);
  if (!gradients || spent || source.size !== 1 || !source.requiresGrad) return found;
  return graphOf(source, { ...given, gradients: true });
}

function isGraph(source: Tensor | ComputationGraph): source is ComputationGraph {
  return (
    typeof source === "object" &&
    source !== null &&
    "vertices" in source &&
    "edges" in source &&
    source.vertices.length > 0
  );
}

/** Whether all of it is single numbers. */
export function isScalar({ vertices }: ComputationGraph): boolean {
  return vertices.every(({ tensor }) => tensor.size === 1);
}

/** What was computed. */
export const rootOf = ({ vertices }: ComputationGraph): GraphVertex => vertices.at(-1)!;
/** An ellipsis in place of the operands that are not drawn. */
export function stubs({ vertices, edges }: ComputationGraph): { nodes: DiagramNode[]; edges: DiagramEdge[] } {
  const drawn = Map.groupBy(edges, ({ to }) => to);
  const cut = vertices.filter(({ id, tensor }) => tensor.inputs.length > (drawn.get(id)?.length ?? 0));
  return {
    nodes: cut.map(({ id }) => ({ id: `${id}…`, shape: "plain", lines: [{ text: "…", tone: "muted" }] })),
    edges: cut.map(({ id }) => ({ from: `${id}…`, to: `${id}`, colour: ink.line })),
  };
}
/** A number that was written into the computation. */
export const isConstant = ({ op, name, requiresGrad }: GraphVertex): boolean =>
  op === null && name === null && !requiresGrad;

/** A line of text in a tone. */
export const line = (text: string, tone: NonNullable<Line["tone"]>): Line => ({ text, tone });

/** All numbers of a value or gradient. */
export function numbersIn(value: NestedNumbers): number[] {
  return typeof value === "number" ? [value] : value.flatMap(numbersIn);
}

/** The single number in a value or gradient. */
export function numberIn(value: NestedNumbers | null): number | null {
  return value === null ? null : (numbersIn(value)[0] ?? null);
}

/** How often each vertex is used. */
export function usesOf(edges: readonly GraphEdge[]): Map<number, number> {
  const uses = new Map<number, number>();
  for (const { from } of edges) uses.set(from, (uses.get(from) ?? 0) + 1);
  return uses;
}

/** The formulas of the operations, one a line. */
export function formulasOf(
  { vertices }: ComputationGraph,
  { formulas = true }: GraphPictureOptions,
  sign: (op: string) => string,
): string[] {
  if (!formulas) return [];
  const known = new Map(
    vertices.flatMap(({ op, formula }) => (op !== null && formula !== null ? [[op, formula] as const] : [])),
  );
  if (known.size > MOST_FORMULAS) return [];
  return [...known].map(([op, formula]) => `${sign(op) === op ? op : `${sign(op)} (${op})`}:  ${formula}`);
}

/** The result's name, or what it is. */
export function nameOf({ name, op }: GraphVertex): string {
  return name ?? (op === null ? "the tensor" : "the result");
}
