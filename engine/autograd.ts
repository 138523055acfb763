/**
 * The tape, run backwards. Every result of an operation on a tensor with `requiresGrad` knows its operation and inputs;
 * `backward()` visits them in reverse order and adds up what each passes back (reverse-mode differentiation).
 */
import { checkParts, detecting, withoutDetecting } from "./anomaly.ts";
import { fullLike } from "./creation.ts";
import { ArgumentError, describeValue, GradientError, ShapeError } from "./errors.ts";
import { enableGrad, noGrad } from "./gradmode.ts";
import {
  abandonScope,
  enterScope,
  GraphEnd,
  giveBack,
  type Holding,
  leaveScope,
  outsideScopes,
  share,
} from "./memory.ts";
import { type GraphNode, versionOf } from "./op.ts";
import { add } from "./ops/elementwise.ts";
import { checkOptions } from "./options.ts";
import { describeShape, sameShape } from "./shapes.ts";
import { Tensor } from "./tensor.ts";

export { enableGrad, isGradEnabled, noGrad } from "./gradmode.ts";

/** Options of `backward`. */
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

/**
 * Called with the gradient of a tensor when `backward()` has it complete. A tensor that it returns takes the gradient's
 * place from there on; anything else that it returns is ignored.
 */
export type GradientHook = (gradient: Tensor) => unknown;

/** Takes a hook away again. */
export interface HookHandle {
  /** From now on the hook is not called. */
  remove(): void;
}

interface Sweep {
  readonly order: Tensor[];
  /** Gradients of the leaves and of the tensors that asked for theirs. */
  readonly results: Map<Tensor, Tensor>;
  /** What hooks were shown and what they made. */
  readonly shown: Holding[];
}

/** A tensor where differentiation starts, and the gradient it starts with. */
type Root = readonly [tensor: Tensor, seed: Tensor];

const NODE_GRADIENT = "it was a temporary of backward()";

/** Another tensor on the same memory, so that two owners can let go of it separately. */
function alias(tensor: Tensor): Tensor {
  const twin = new Tensor(share(tensor.holding, tensor.shape, 0, "gradient"));
  twin.node = tensor.node;
  if (tensor.requiresGrad && tensor.node === null) twin.requiresGrad = true;
  return twin;
}

function checkRoot(root: Tensor, gradient: Tensor | undefined): Tensor {
  if (!root.requiresGrad)
    throw new GradientError(
      "backward: this tensor does not depend on any tensor with requiresGrad, so there is nothing to differentiate. " +
        "Was it computed under noGrad, from a .detach()ed tensor, or from tensors made without { requiresGrad: true }?",
    );
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

/** How often each tensor is used in the graph below `roots`, found without recursion. */
function countUses(roots: readonly Root[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>(roots.map(([root]) => [root, 0]));
  const open = [...uses.keys()];
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

/** Gradients of the weighted sum of `roots` with respect to leaves, retained intermediates and `wanted`. */
function differentiate(
  roots: readonly Root[],
  wanted: ReadonlySet<Tensor> | null,
  createGraph: boolean,
): Sweep {
  const uses = countUses(roots);
  const sums = new Map<Tensor, Tensor>();
  for (const [root, seed] of roots) {
    const before = sums.get(root);
    sums.set(root, before === undefined ? seed : add(before, seed));
  }
  const results = new Map<Tensor, Tensor>();
  const order: Tensor[] = [];
  const shown: Holding[] = [];
  const ready = [...sums.keys()].filter((root) => uses.get(root) === 0);
  try {
    for (let tensor = ready.pop(); tensor !== undefined; tensor = ready.pop()) {
      order.push(tensor);
      const node = tensor.node;
      let gradient = sums.get(tensor);
      if (gradient !== undefined) {
        if (tensor.hooks !== null) {
          gradient = callHooks(tensor.hooks, gradient, shown, createGraph);
          sums.set(tensor, gradient);
        }
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
  return { order, results, shown };
}

/** Shows the gradient to each hook, under an alias, since they may keep it; returns what they make of it. */
function callHooks(
  hooks: readonly GradientHook[],
  gradient: Tensor,
  shown: Holding[],
  createGraph: boolean,
): Tensor {
  let current = gradient;
  for (const hook of [...hooks]) {
    const scope = enterScope();
    let given: Tensor;
    let answer: unknown;
    try {
      given = alias(current);
      answer = hook(given);
    } finally {
      abandonScope(scope);
      if (!createGraph) for (const holding of scope.made) shown.push(holding);
    }
    if (answer instanceof Promise || Array.isArray(answer))
      throw new ArgumentError(
        `registerHook: a hook returns the gradient to go on with, or nothing; it returned ${describeValue(answer)}`,
      );
    if (!(answer instanceof Tensor) || answer === given) continue;
    if (!sameShape(answer.shape, gradient.shape))
      throw new ShapeError(
        `registerHook: the hook was given a gradient ${describeShape(gradient.shape)} and returned ${describeShape(answer.shape)}; they must be equal`,
      );
    const replacement = alias(answer);
    if (!createGraph) giveBack(current.holding, NODE_GRADIENT);
    current = replacement;
  }
  return current;
}

/** See `Tensor.registerHook`. */
export function registerGradientHook(tensor: Tensor, hook: GradientHook): HookHandle {
  if (typeof hook !== "function")
    throw new ArgumentError(
      `registerHook: expected a function of the gradient, such as (gradient) => console.log(gradient); got ${describeValue(hook)}`,
    );
  if (!tensor.requiresGrad)
    throw new GradientError(
      "registerHook: this tensor has no gradient, since it does not depend on any tensor with requiresGrad; make it one with { requiresGrad: true }, or compute it outside noGrad",
    );
  // Functions of its own, so that one hook may be registered twice and removed once.
  const entry: GradientHook = (gradient) => hook(gradient);
  tensor.hooks = [...(tensor.hooks ?? []), entry];
  return {
    remove() {
      const left = tensor.hooks?.filter((other) => other !== entry) ?? [];
      tensor.hooks = left.length > 0 ? left : null;
    },
  };
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
    const compute = () => node.primitive.backward!(gradient, output, node.inputs, node.options, node.saved);
    const parts = detecting ? withoutDetecting(compute) : compute();
    if (detecting) checkParts(node, gradient, parts);
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
  checkOptions("backward", options, ["gradient", "accumulate", "retainGraph", "createGraph"]);
  const { accumulate = false, createGraph = false } = options;
  const retainGraph = options.retainGraph ?? createGraph;
  const seed = checkRoot(root, options.gradient);
  const inMode = createGraph ? enableGrad : noGrad;
  const compute = () => {
    const { order, results, shown } = differentiate([[root, seed]], null, createGraph);
    const end = new GraphEnd();
    for (const [tensor, gradient] of results) {
      const before = tensor.gradient;
      tensor.gradient = accumulate && before !== null ? add(before, gradient) : gradient;
      if (before !== null) {
        end.replace(before.holding);
        if (accumulate) end.replace(gradient.holding);
      }
    }
    finish(order, shown, end, retainGraph);
  };
  inMode(() => outsideScopes(compute));
}

/** Frees the graph (rules 2-5 of memory.ts). */
function finish(
  order: readonly Tensor[],
  shown: readonly Holding[],
  end: GraphEnd,
  retainGraph: boolean,
): void {
  const nodes: GraphNode[] = [];
  for (const holding of shown) end.observe(holding);
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
    node.primitive.release?.(node.options);
    nodes.push(node);
  }
  end.finish(() => {
    for (const node of nodes) node.inputs = [];
  });
}

/** Options of `gradients`. */
export interface GradientsOptions extends Omit<BackwardOptions, "gradient" | "accumulate"> {
  /** `∂L/∂output`; for several outputs one each. Needed where an output is not a single number. */
  gradient?: Tensor | readonly Tensor[];
}

/**
 * The gradients with respect to `inputs` (leaves or computed tensors), without touching any `.grad`. An input that nothing
 * depends on gets null. With `gradient` it is the vector-Jacobian product `gradient · ∂output/∂input` (lecture step 002.5);
 * with several outputs those of all outputs, added up. The graph is kept only with `retainGraph` or `createGraph`.
 *
 * @example
 * const x = tensor(3, { requiresGrad: true });
 * const [slope] = gradients(x.square(), [x], { createGraph: true });   // 6, and slope.backward() gives 2
 */
export function gradients(
  output: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradientsOptions = {},
): (Tensor | null)[] {
  checkOptions("gradients", options, ["gradient", "retainGraph", "createGraph"]);
  const { createGraph = false } = options;
  const roots = checkRoots(output, inputs, options.gradient);
  const inMode = createGraph ? enableGrad : noGrad;
  return inMode(() => {
    const { order, results, shown } = differentiate(roots, new Set(inputs), createGraph);
    finish(order, shown, new GraphEnd(), options.retainGraph ?? createGraph);
    return inputs.map((input) => results.get(input) ?? null);
  });
}

function checkRoots(
  output: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  gradient: Tensor | readonly Tensor[] | undefined,
): Root[] {
  const outputs = output instanceof Tensor ? [output] : output;
  if (!Array.isArray(outputs) || outputs.length === 0 || !outputs.every((one) => one instanceof Tensor))
    throw new ArgumentError(
      `gradients: the output is a tensor or an array of tensors, got ${describeValue(output)}`,
    );
  if (!Array.isArray(inputs) || !inputs.every((one) => one instanceof Tensor))
    throw new ArgumentError(
      `gradients: the inputs are an array of tensors, such as [x]; got ${describeValue(inputs)}`,
    );
  const given = gradient === undefined || gradient instanceof Tensor ? [gradient] : gradient;
  if (gradient !== undefined && given.length !== outputs.length)
    throw new ArgumentError(
      `gradients: ${outputs.length} outputs need ${outputs.length} gradients, got ${given.length}; pass { gradient: [one per output] }`,
    );
  return outputs.map((one, i) => [one, checkRoot(one, given[i])]);
}

/**
 * @internal The vector-Jacobian products of one output with several vectors, as one graph: it is freed once, at the end,
 * unless it is to be differentiated again. `use` gets each product, or null where the output does not depend on the input.
 */
export function pullBack(
  output: Tensor,
  input: Tensor,
  vectors: Iterable<Tensor>,
  createGraph: boolean,
  use: (product: Tensor | null) => void,
): void {
  const inMode = createGraph ? enableGrad : noGrad;
  inMode(() => {
    let last: Sweep | null = null;
    const shown: Holding[] = [];
    for (const vector of vectors) {
      last = differentiate([[output, alias(vector)]], new Set([input]), createGraph);
      shown.push(...last.shown);
      use(last.results.get(input) ?? null);
    }
    if (last !== null) finish(last.order, shown, new GraphEnd(), createGraph);
  });
}
