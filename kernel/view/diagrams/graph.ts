/** The computational graph of a tensor: gates with values over and gradients under their lines; boxes where tensors are large. */
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import {
  type ComputationGraph,
  type GraphEdge,
  type GraphOptions,
  type GraphVertex,
  graphOf,
} from "../../../engine/graph.ts";
import { isTensor, type NestedNumbers, type Tensor } from "../../../engine/tensor.ts";
import { type Diagram, type DiagramEdge, type DiagramNode, diagram, type Line } from "../drawing/diagram.ts";
import type { Displayable } from "../mime.ts";
import { ink } from "../theme.ts";
import { countOf, formatCount, formatNumber, formatShape } from "../wording.ts";

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

/** Tensors of up to this many numbers are summed up by mean and norm; larger ones by their shape. */
const MOST_NUMBERS = 1_000_000;
/** More formulas than these are no help. */
const MOST_FORMULAS = 8;

/**
 * Draws how a tensor was computed. Single numbers as in a textbook: a gate for each operation, over every line the value
 * that flows forward and under it the gradient that flows back. Larger tensors as boxes with shape, mean and norm.
 * Takes the tensor, or what `graphOf` returned. Lecture steps 002.2, 002.3 and 004.22.
 *
 * @example
 * const [x, y, z] = [-2, 5, -4].map((value) => tensor(value, { requiresGrad: true }));
 * show.graph(x.named("x").add(y.named("y")).named("q").mul(z.named("z")).named("f"));
 */
export function graph(source: Tensor | ComputationGraph, options: GraphPictureOptions = {}): Displayable {
  const { maxNodes = 32 } = options;
  if (!Number.isInteger(maxNodes) || maxNodes < 2)
    throw new ArgumentError(`show.graph: maxNodes must be a whole number from 2, got ${maxNodes}`);
  const found = computation(source, options);
  const shown = nearest(found, maxNodes);
  const drawing = isScalar(found) ? gates(shown, options) : boxes(shown, options);
  const text = sentence(found, options);
  const cut = found.vertices.length - shown.vertices.length;
  const subtitle =
    cut > 0
      ? `${text} The ${formatCount(shown.vertices.length)} tensors nearest the result are drawn, ${formatCount(cut)} are not.`
      : text;
  const title = options.title ?? `How ${nameOf(rootOf(found))} is computed`;
  return diagram({ title, subtitle, ...drawing }, subtitle);
}

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

const rootOf = ({ vertices }: ComputationGraph): GraphVertex => vertices.at(-1)!;

/** The vertices nearest the result, with the lines between them. */
function nearest({ vertices, edges }: ComputationGraph, most: number): ComputationGraph {
  if (vertices.length <= most) return { vertices, edges };
  const operands = vertices.map((): number[] => []);
  for (const { from, to } of edges) operands[to]!.push(from);
  const kept = new Set([vertices.length - 1]);
  for (const id of kept) for (const from of operands[id]!) if (kept.size < most) kept.add(from);
  return {
    vertices: vertices.filter(({ id }) => kept.has(id)),
    edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
  };
}

/** An ellipsis in place of the operands that are not drawn. */
function stubs({ vertices, edges }: ComputationGraph): { nodes: DiagramNode[]; edges: DiagramEdge[] } {
  const drawn = Map.groupBy(edges, ({ to }) => to);
  const cut = vertices.filter(({ id, tensor }) => tensor.inputs.length > (drawn.get(id)?.length ?? 0));
  return {
    nodes: cut.map(({ id }) => ({ id: `${id}…`, shape: "plain", lines: [{ text: "…", tone: "muted" }] })),
    edges: cut.map(({ id }) => ({ from: `${id}…`, to: `${id}`, colour: ink.line })),
  };
}

// ── Single numbers ───────────────────────────────────────────────────────────────────────────────────────────────────

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

const isConstant = ({ op, name, requiresGrad }: GraphVertex): boolean =>
  op === null && name === null && !requiresGrad;

const line = (text: string, tone: NonNullable<Line["tone"]>): Line => ({ text, tone });

/** All numbers of a value or gradient. */
function numbersIn(value: NestedNumbers): number[] {
  return typeof value === "number" ? [value] : value.flatMap(numbersIn);
}

/** The single number in a value or gradient. */
export function numberIn(value: NestedNumbers | null): number | null {
  return value === null ? null : (numbersIn(value)[0] ?? null);
}

/** Gates and lines of a computation with single numbers. The last edge leads to the result's name. */
export function gates(
  found: ComputationGraph,
  options: GraphPictureOptions,
): Pick<Diagram, "nodes" | "edges" | "arrange" | "notes"> {
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

function usesOf(edges: readonly GraphEdge[]): Map<number, number> {
  const uses = new Map<number, number>();
  for (const { from } of edges) uses.set(from, (uses.get(from) ?? 0) + 1);
  return uses;
}

function formulasOf(
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

// ── Larger tensors ───────────────────────────────────────────────────────────────────────────────────────────────────

function boxes(
  found: ComputationGraph,
  options: GraphPictureOptions,
): Pick<Diagram, "nodes" | "edges" | "arrange" | "notes"> {
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
function summary(value: NestedNumbers, withMean: boolean): string {
  const numbers = numbersIn(value);
  if (numbers.length === 1) return formatNumber(numbers[0]!);
  if (numbers.length <= 4) return `[${numbers.map((number) => formatNumber(number)).join(", ")}]`;
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const norm = Math.sqrt(numbers.reduce((sum, number) => sum + number * number, 0));
  return `${withMean ? `mean ${formatNumber(mean, 2)}, ` : ""}norm ${formatNumber(norm, 2)}`;
}

// ── Words ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The result's name, or what it is. */
function nameOf({ name, op }: GraphVertex): string {
  return name ?? (op === null ? "the tensor" : "the result");
}

/** "f = −12 by 2 operations (add, mul) from x, y, z; ∂f/∂x = −4, ∂f/∂y = −4, ∂f/∂z = 3." */
function sentence(found: ComputationGraph, { gradients = true }: GraphPictureOptions): string {
  const root = rootOf(found);
  const number = numberIn(root.value);
  const name = root.name ?? "The result";
  const result =
    root.tensor.size === 1 && number !== null
      ? `${name} = ${formatNumber(number)}`
      : `${name} ${formatShape(root.shape)}`;
  const operations = found.vertices.filter(({ op }) => op !== null);
  if (operations.length === 0)
    return `${root.name ?? "The tensor"} (${formatShape(root.shape)}) was given, not computed: it has no graph.`;
  const kinds = [...new Set(operations.map(({ op }) => op!))];
  const by = `${countOf(operations.length, "operation")}${kinds.length <= 6 ? ` (${kinds.join(", ")})` : ""}`;
  const leaves = found.vertices.filter(({ op, requiresGrad }) => op === null && requiresGrad);
  const slopes = leaves.flatMap(({ name: leaf, gradient, tensor }) =>
    gradients && leaf !== null && tensor.size === 1 && gradient !== null
      ? [`∂${root.name ?? "result"}/∂${leaf} = ${formatNumber(numberIn(gradient)!)}`]
      : [],
  );
  const tail = slopes.length > 0 && slopes.length <= 6 ? `; ${slopes.join(", ")}` : "";
  return `${result} by ${by} from ${countOf(leaves.length, "variable")}${tail}.`;
}
