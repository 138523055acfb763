/**
 * The tape, run backwards. Every result of an operation on a tensor with `requiresGrad` knows its operation and inputs;
 * `backward()` visits them in reverse order and adds up what each passes back (reverse-mode differentiation).
 */
import { fullLike } from "./creation.ts";
import { GradientError, ShapeError } from "./errors.ts";
import { enableGrad, noGrad } from "./gradmode.ts";
import { abandonScope, enterScope, GraphEnd, giveBack, leaveScope, outsideScopes, share } from "./memory.ts";
import { type GraphNode, versionOf } from "./op.ts";
import { add } from "./ops/elementwise.ts";
import { describeShape, sameShape } from "./shapes.ts";
import { Tensor } from "./tensor.ts";

export { enableGrad, isGradEnabled, noGrad } from "./gradmode.ts";

export interface BackwardOptions {
  /** `∂L/∂this`, needed where this is not a single number. */
  gradient?: Tensor;
  /** Add to the gradients that the leaves have instead of overwriting them. */
  accumulate?: boolean;
  /** Keep the graph, so that it can be differentiated again. */
  retainGraph?: boolean;
  /** Record the gradients' own computation, so that they can be differentiated (implies `retainGraph`). */
  createGraph?: boolean;
}

interface Sweep {
  readonly order: Tensor[];
  /** Gradients of the leaves and of the tensors that asked for theirs. */
  readonly results: Map<Tensor, Tensor>;
}

const NODE_GRADIENT = "it was a temporary of backward()";

/** Another tensor on the same memory, so that two owners can let go of it separately. */
function alias(tensor: Tensor): Tensor {
  const twin = new Tensor(share(tensor.holding, tensor.shape, 0, "gradient"));
  twin.node = tensor.node;
  if (tensor.requiresGrad && tensor.node === null) twin.requiresGrad = true;
  return twin;
}

function checkRoot(root: Tensor, options: BackwardOptions): Tensor {
  if (!root.requiresGrad)
    throw new GradientError(
      "backward: this tensor does not depend on any tensor with requiresGrad, so there is nothing to differentiate. " +
        "Was it computed under noGrad, from a .detach()ed tensor, or from tensors made without { requiresGrad: true }?",
    );
  const { gradient } = options;
  if (gradient === undefined) {
    if (root.size !== 1)
      throw new GradientError(
        `backward: starts from a single number (a loss), this tensor is ${describeShape(root.shape)}. ` +
          "Reduce it with .mean() or .sum(), or pass { gradient: a tensor of this shape }",
      );
    return noGrad(() => fullLike(root, 1));
  }
  if (!sameShape(gradient.shape, root.shape))
    throw new ShapeError(
      `backward: the given gradient is ${describeShape(gradient.shape)}, the tensor is ${describeShape(root.shape)}; they must be equal`,
    );
  return alias(gradient);
}

/** How often each tensor is used in the graph below `root`, found without recursion. */
function countUses(root: Tensor): Map<Tensor, number> {
  const uses = new Map<Tensor, number>([[root, 0]]);
  const open = [root];
  for (let tensor = open.pop(); tensor !== undefined; tensor = open.pop()) {
    const node = tensor.node;
    if (node === null) continue;
    checkUsable(node);
    for (const input of node.inputs) {
      if (!input.requiresGrad) continue;
      const count = uses.get(input);
      uses.set(input, (count ?? 0) + 1);
      if (count === undefined) open.push(input);
    }
  }
  return uses;
}

function checkUsable(node: GraphNode): void {
  if (node.spent > 0)
    throw new GradientError(
      `backward: this graph runs through a ${node.primitive.name} that backward() number ${node.spent} has already differentiated, and what it saved is gone. ` +
        "Compute the loss anew before each backward(), .detach() what comes from an earlier step, or pass { retainGraph: true } to the earlier backward()",
    );
  if (versionOf(node.inputs) !== node.version)
    throw new GradientError(
      `backward: an operand of ${node.primitive.name} was changed in place (by an optimiser's step?) after it was used. ` +
        "Call backward() before step(), and compute the loss anew after it",
    );
}

/** Gradients of `root` with respect to leaves, retained intermediates and `wanted`. */
function differentiate(
  root: Tensor,
  seed: Tensor,
  wanted: ReadonlySet<Tensor> | null,
  createGraph: boolean,
): Sweep {
  const uses = countUses(root);
  const sums = new Map<Tensor, Tensor>([[root, seed]]);
  const results = new Map<Tensor, Tensor>();
  const order: Tensor[] = [];
  const ready = [root];
  try {
    for (let tensor = ready.pop(); tensor !== undefined; tensor = ready.pop()) {
      order.push(tensor);
      const node = tensor.node;
      const gradient = sums.get(tensor);
      if (gradient !== undefined) {
        const isResult = wanted === null ? node === null || tensor.retainsGrad : wanted.has(tensor);
        if (isResult) results.set(tensor, node === null ? gradient : alias(gradient));
        if (node !== null) propagate(tensor, node, gradient, sums, createGraph);
        if (node === null && isResult) sums.delete(tensor);
        else dropSum(sums, tensor, createGraph);
      }
      if (node === null) continue;
      for (const input of node.inputs) {
        if (!input.requiresGrad) continue;
        const left = uses.get(input)! - 1;
        uses.set(input, left);
        if (left === 0) ready.push(input);
      }
    }
  } catch (error) {
    for (const sum of [...sums.values(), ...results.values()]) giveBack(sum.holding, NODE_GRADIENT);
    throw error;
  }
  return { order, results };
}

function dropSum(sums: Map<Tensor, Tensor>, tensor: Tensor, createGraph: boolean): void {
  if (!createGraph) giveBack(sums.get(tensor)!.holding, NODE_GRADIENT);
  sums.delete(tensor);
}

/** One step: from `∂L/∂output` to the operands' sums. */
function propagate(
  output: Tensor,
  node: GraphNode,
  gradient: Tensor,
  sums: Map<Tensor, Tensor>,
  createGraph: boolean,
): void {
  const scope = enterScope();
  const fresh = new Set<Tensor>();
  try {
    const parts = node.primitive.backward!(gradient, output, node.inputs, node.options, node.saved);
    for (let i = 0; i < node.inputs.length; i++) {
      const input = node.inputs[i]!;
      const part = parts[i] ?? null;
      if (part === null || !input.requiresGrad) continue;
      if (!sameShape(part.shape, input.shape))
        throw new ShapeError(
          `${node.primitive.name}: its gradient for operand ${i} is ${describeShape(part.shape)}, the operand is ${describeShape(input.shape)}; they must be equal`,
        );
      const before = sums.get(input);
      // A part that is someone else's (the gradient itself, or one given to two operands) gets an owner of its own.
      const sum =
        before !== undefined
          ? add(before, part)
          : part === gradient || fresh.has(part) || !scope.made.includes(part.holding)
            ? alias(part)
            : part;
      fresh.add(sum);
      sums.set(input, sum);
      if (before !== undefined && !createGraph) giveBack(before.holding, NODE_GRADIENT);
    }
  } catch (error) {
    abandonScope(scope);
    throw error;
  }
  if (createGraph) abandonScope(scope);
  else {
    const surviving = new Set<unknown>();
    for (const tensor of fresh) surviving.add(tensor.holding);
    leaveScope(scope, (holding) => surviving.has(holding), NODE_GRADIENT);
  }
}

/** See `Tensor.backward`. */
export function backward(root: Tensor, options: BackwardOptions = {}): void {
  const { accumulate = false, createGraph = false } = options;
  const retainGraph = options.retainGraph ?? createGraph;
  const seed = checkRoot(root, options);
  const inMode = createGraph ? enableGrad : noGrad;
  const compute = () => {
    const { order, results } = differentiate(root, seed, null, createGraph);
    const end = new GraphEnd();
    for (const [tensor, gradient] of results) {
      const before = tensor.gradient;
      tensor.gradient = accumulate && before !== null ? add(before, gradient) : gradient;
      if (before !== null) {
        end.replace(before.holding);
        if (accumulate) end.replace(gradient.holding);
      }
    }
    finish(order, end, retainGraph);
  };
  inMode(() => outsideScopes(compute));
}

/** Frees the graph (rules 2-5 of memory.ts). */
function finish(order: readonly Tensor[], end: GraphEnd, retainGraph: boolean): void {
  const nodes: GraphNode[] = [];
  for (const tensor of order) {
    const node = tensor.node;
    if (node === null) {
      end.visit(tensor, true);
      continue;
    }
    for (const input of node.inputs) if (!input.requiresGrad) end.visit(input, true);
    if (retainGraph) continue;
    end.visit(tensor, false);
    node.spent = end.number;
    if (node.saved !== null)
      giveBack(node.saved.holding, "it was saved for a gradient that has been computed");
    node.saved = null;
    nodes.push(node);
  }
  end.finish(() => {
    for (const node of nodes) node.inputs = [];
  });
}

/**
 * The gradients of a single number with respect to `inputs`, without touching any `.grad`. An input that `output` does not
 * depend on gets null. The graph is kept only with `retainGraph` or `createGraph`.
 *
 * @example
 * const x = tensor(3, { requiresGrad: true });
 * const [slope] = gradients(x.square(), [x], { createGraph: true });   // 6, and slope.backward() gives 2
 */
export function gradients(
  output: Tensor,
  inputs: readonly Tensor[],
  options: BackwardOptions = {},
): (Tensor | null)[] {
  const { createGraph = false } = options;
  const seed = checkRoot(output, options);
  const inMode = createGraph ? enableGrad : noGrad;
  return inMode(() => {
    const { order, results } = differentiate(output, seed, new Set(inputs), createGraph);
    finish(order, new GraphEnd(), options.retainGraph ?? createGraph);
    return inputs.map((input) => results.get(input) ?? null);
  });
}
