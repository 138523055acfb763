/** The computation behind a tensor as plain data, for drawing: what was computed from what, with values and gradients. */
import { gradients } from "./autograd.ts";
import { fullLike } from "./creation.ts";
import { ArgumentError, describeValue, GradientError } from "./errors.ts";
import { noGrad } from "./gradmode.ts";
import * as linalg from "./linalg/index.ts";
import { withScope } from "./memory.ts";
import { isOp } from "./op.ts";
import * as ops from "./ops/index.ts";
import { checkOptions } from "./options.ts";
import { pathFinder } from "./place.ts";
import type { Shape } from "./shapes.ts";
import { type NestedNumbers, Tensor } from "./tensor.ts";

/** A tensor in a graph, with the operation that made it. */
export interface GraphVertex {
  /** Its position in `vertices`; an operation comes after what it was computed from. */
  readonly id: number;
  /** The operation, or null for what was given. */
  readonly op: string | null;
  /** The operation's value and derivative as in a textbook, where they are known. */
  readonly formula: string | null;
  /** The path of a parameter in the `model`, else the name given with `.named(…)`. */
  readonly name: string | null;
  /** The path of the layer that computed it in its model, empty for the model itself; null outside of models. */
  readonly layer: string | null;
  /** Its shape, `[]` for a single number. */
  readonly shape: Shape;
  /** Whether gradients flow through it. */
  readonly requiresGrad: boolean;
  /** Null where they are more than `maxValues` numbers, or have been recycled. */
  readonly value: NestedNumbers | null;
  /** `∂root/∂this`; null like `value`, and where none was computed. */
  readonly gradient: NestedNumbers | null;
  /** The tensor itself. */
  readonly tensor: Tensor;
}

/** From an operand to a result. */
export interface GraphEdge {
  /** The operand's `id`. */
  readonly from: number;
  /** The result's `id`. */
  readonly to: number;
  /** The operand's position: 0 for a, 1 for b in `a / b`. */
  readonly operand: number;
  /**
   * With `gradients: true` what flows back along it: this use's part of the operand's gradient, which is the sum over all
   * uses. Null like `value`, and where none flows.
   */
  readonly gradient: NestedNumbers | null;
  /** With `gradients: true` the local derivative `∂result/∂operand`, where both are single numbers. */
  readonly derivative: number | null;
}

/** A computation: its tensors, operands before results, and who was computed from whom. */
export interface ComputationGraph {
  /** All tensors, operands before results. */
  readonly vertices: readonly GraphVertex[];
  /** Who was computed from whom. */
  readonly edges: readonly GraphEdge[];
}

/** Options of `graphOf`. */
export interface GraphOptions {
  /** Computes every gradient for the graph (touching no `.grad`), instead of showing those that are there. */
  readonly gradients?: boolean;
  /** A model whose parameters are called by their paths. */
  readonly model?: { namedParameters(): readonly (readonly [string, Tensor])[] };
  /** How many numbers a value or a gradient may have to be given (default 100). */
  readonly maxValues?: number;
}

let formulas: ReadonlyMap<string, string> | null = null;

/** By operation; read when first asked for. */
function formulaOf(tensor: Tensor): string | null {
  if (tensor.node === null) return null;
  formulas ??= new Map(
    Object.values({ ...ops, ...linalg })
      .filter(isOp)
      .map(({ definition }) => [definition.name, definition.formula]),
  );
  const { primitive } = tensor.node;
  return primitive.formula ?? formulas.get(primitive.name) ?? null;
}

/**
 * The graph of the computation that led to `root`, as far as gradients flow in it: every tensor once, operands before
 * results, with operation, formula, name, shape, value and gradient. Before `backward()` or until two graphs after it; with
 * `gradients: true` before it (or after `backward({ retainGraph: true })`). Lecture steps 002.2 and 002.3.
 *
 * @example
 * const [x, y, z] = [-2, 5, -4].map((value) => tensor(value, { requiresGrad: true }));
 * const f = x.named("x").add(y.named("y")).named("q").mul(z.named("z")).named("f");
 * graphOf(f, { gradients: true }).vertices.map(({ name, value, gradient }) => `${name} = ${value}, ${gradient}`);
 */
export function graphOf(root: Tensor, options: GraphOptions = {}): ComputationGraph {
  checkOptions("graphOf", options, ["gradients", "maxValues", "model"]);
  if (!(root instanceof Tensor))
    throw new ArgumentError(`graphOf: expected a tensor, such as a loss, got ${describeValue(root)}`);
  const { maxValues = 100, model } = options;
  const tensors = operandsFirst([root]);
  const found = options.gradients === true ? computeGradients(root, tensors) : null;
  const names = new Map((model?.namedParameters() ?? []).map(([path, parameter]) => [parameter, path]));
  const pathOf = pathFinder();
  const ids = new Map(tensors.map((tensor, id) => [tensor, id]));
  const shown = (tensor: Tensor | null): NestedNumbers | null =>
    tensor === null || tensor.size > maxValues || tensor.isRecycled ? null : tensor.toArray();
  const vertices = tensors.map((tensor, id) => ({
    id,
    op: tensor.op,
    formula: formulaOf(tensor),
    name: names.get(tensor) ?? tensor.label,
    layer: tensor.node === null || tensor.node.place === null ? null : pathOf(tensor.node.place),
    shape: tensor.shape,
    requiresGrad: tensor.requiresGrad,
    value: shown(tensor),
    gradient: shown(found === null ? tensor.gradient : (found.get(tensor) ?? null)),
    tensor,
  }));
  const edges = tensors.flatMap((tensor, to) => {
    const flows = flowsBack(tensor, found?.get(tensor) ?? null, maxValues);
    return tensor.inputs.map((input, operand) => ({
      from: ids.get(input)!,
      to,
      operand,
      gradient: flows?.[operand]?.gradient ?? null,
      derivative: flows?.[operand]?.derivative ?? null,
    }));
  });
  if (found !== null) for (const gradient of found.values()) gradient?.dispose();
  return { vertices, edges };
}

type Flow = Pick<GraphEdge, "gradient" | "derivative">;

/** What an operation passes back to each of its operands, given the gradient of its result. */
function flowsBack(result: Tensor, gradient: Tensor | null, maxValues: number): Flow[] | null {
  const { node } = result;
  if (node === null || gradient === null) return null;
  const single = result.size === 1 && node.inputs.every(({ size }) => size === 1);
  return noGrad(() =>
    withScope(() => {
      // Of single numbers the derivative itself, by the gradient 1: a gradient of 0 would hide it.
      const upstream = single ? fullLike(result, 1) : gradient;
      const parts = node.primitive.backward!(upstream, result, node.inputs, node.options, node.saved);
      return node.inputs.map((input, operand) => {
        const part = parts[operand] ?? null;
        if (part === null || !input.requiresGrad) return { gradient: null, derivative: null };
        if (!single) return { gradient: part.size > maxValues ? null : part.toArray(), derivative: null };
        const derivative = part.item();
        const flow = part.mul(gradient.reshape(part.shape));
        return { gradient: maxValues < 1 ? null : flow.toArray(), derivative };
      });
    }),
  );
}

/** @internal Everything that the roots were computed from, and they themselves; without recursion. */
export function operandsFirst(roots: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const entered = new Set<Tensor>();
  const open = roots.toReversed().map((tensor) => ({ tensor, done: false }));
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const { tensor, done } = item;
    if (done) order.push(tensor);
    if (done || entered.has(tensor)) continue;
    entered.add(tensor);
    open.push({ tensor, done: true });
    for (const input of tensor.inputs.toReversed()) open.push({ tensor: input, done: false });
  }
  return order;
}

function computeGradients(root: Tensor, tensors: readonly Tensor[]): Map<Tensor, Tensor | null> {
  if (root.size !== 1)
    throw new GradientError(
      "graphOf: gradients are those of a single number (a loss); reduce the tensor with .sum() or .mean(), or leave out { gradients: true }",
    );
  const wanted = tensors.filter((tensor) => tensor.requiresGrad);
  const found = gradients(root, wanted, { retainGraph: true });
  return new Map(wanted.map((tensor, i) => [tensor, found[i] ?? null]));
}
