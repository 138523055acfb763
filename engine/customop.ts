/** Operations that students write: a forward and a backward, as the nodes of the lecture's computational graph have. */
import { ArgumentError, DTypeError, describeValue, ShapeError } from "./errors.ts";
import { isGradEnabled, noGrad } from "./gradmode.ts";
import { checkInterrupt } from "./interrupt.ts";
import { abandonScope, enterScope, giveBack, type Holding, joinLease, leaveScope, share } from "./memory.ts";
import { checkTensor, GraphNode, type Primitive } from "./op.ts";
import { describeShape, sameShape } from "./shapes.ts";
import { Tensor } from "./tensor.ts";

/** What an operation's `forward` leaves to its `backward`. */
export class OperationContext {
  #saved: readonly Tensor[] = [];
  /** What was made for the gradient alone. */
  #owned: readonly Holding[] = [];
  #state: "forward" | "saved" | "spent" = "forward";
  readonly #operation: string;

  /** @internal */
  constructor(operation: string) {
    this.#operation = operation;
  }

  /** Keeps these tensors for `backward`: operands, the result, intermediates. Call it once, in `forward`. */
  save(...tensors: readonly Tensor[]): void {
    if (this.#state !== "forward")
      throw new ArgumentError(
        `${this.#operation}: context.save(…) is for forward; backward reads context.saved`,
      );
    if (this.#saved.length > 0)
      throw new ArgumentError(
        `${this.#operation}: context.save(…) was called twice; give it all tensors at once: context.save(x, y)`,
      );
    tensors.forEach((tensor, i) => {
      checkTensor(`${this.#operation}: context.save`, tensor, `argument ${i}`);
    });
    this.#saved = tensors;
  }

  /** What `forward` saved, in that order: `const [x, y] = context.saved`. */
  get saved(): readonly Tensor[] {
    if (this.#state === "spent")
      throw new ArgumentError(`${this.#operation}: what forward saved is gone, since backward() has used it`);
    return this.#saved;
  }

  /** @internal Ends the forward; `out` stands for the `result` that the student's code made. */
  seal(result: Tensor, out: Tensor, made: readonly Holding[]): void {
    const holdings = new Set(this.#saved.map((tensor) => tensor.holding));
    this.#saved = this.#saved.map((tensor) => (tensor === result ? out : tensor));
    this.#owned = made.filter((holding) => holdings.has(holding) && holding !== result.holding);
    this.#state = "saved";
  }

  /** @internal */
  holds(holding: Holding): boolean {
    return this.#owned.includes(holding);
  }

  /** @internal Gives back what was kept for the gradient alone. */
  release(): void {
    for (const holding of this.#owned)
      if (!holding.kept)
        giveBack(holding, `${this.#operation} saved it for a gradient that has been computed`);
    this.#saved = [];
    this.#owned = [];
    this.#state = "spent";
  }
}

/** `∂L/∂input` for each input; null for one without gradient. A single gradient need not be in an array. */
export type InputGradients = Tensor | null | readonly (Tensor | null)[];

/** A node of the computational graph: what it computes, and the chain rule through it. */
export interface CustomOp<Inputs extends readonly Tensor[]> {
  /** How graphs and messages call it. */
  readonly name: string;
  /** Value and derivative as in a textbook, for drawings of the graph. */
  readonly formula?: string;
  /** Computes the result from the inputs, and saves what `backward` will need. Nothing in it is recorded. */
  forward(context: OperationContext, ...inputs: Inputs): Tensor;
  /**
   * The chain rule: from `gradient = ∂L/∂result`, `∂L/∂input` for each input, of the input's shape. Written with
   * operations on tensors, it can be differentiated again (as far as it uses inputs and the result, not intermediates).
   */
  backward(context: OperationContext, gradient: Tensor): InputGradients;
}

/**
 * Makes an operation from a forward and a backward, as the nodes of lecture step 002.7 have: forward computes the result
 * and saves what the gradient needs, backward applies the chain rule. The result is a function of tensors; in a graph its
 * node carries the given name. Numbers other than tensors come from outside: `const scale = (k: number) => customOp({ … })`.
 * Throws an ArgumentError or a ShapeError where forward or backward return something else than they should.
 *
 * @example
 * const multiply = customOp({
 *   name: "Multiply",
 *   forward(context, x: Tensor, y: Tensor) {
 *     context.save(x, y);
 *     return x.mul(y);
 *   },
 *   backward(context, gradient) {
 *     const [x, y] = context.saved;
 *     return [gradient.mul(y), gradient.mul(x)];
 *   },
 * });
 * const z = multiply(tensor(2, { requiresGrad: true }), tensor(3));
 */
export function customOp<Inputs extends readonly Tensor[]>(
  operation: CustomOp<Inputs>,
): (...inputs: Inputs) => Tensor {
  checkOperation(operation);
  const { name } = operation;
  const primitive: Primitive<OperationContext> = {
    name,
    shape: ([first]) => first!.shape,
    backward: (gradient, _output, inputs, context) =>
      checkGradients(name, operation.backward(context, gradient), inputs),
    release: (context) => context.release(),
    ...(operation.formula === undefined ? {} : { formula: operation.formula }),
  };
  const call = (...inputs: Inputs): Tensor => {
    checkInterrupt();
    if (inputs.length === 0) throw new ArgumentError(`${name}: expected tensors, got nothing`);
    inputs.forEach((input, i) => {
      checkTensor(name, input, `input ${i}`);
    });
    return perform(operation, primitive, inputs);
  };
  Object.defineProperty(call, "name", { value: name });
  return call;
}

function checkOperation(operation: CustomOp<never>): void {
  const given: unknown = operation;
  if (typeof given !== "object" || given === null)
    throw new ArgumentError(
      `customOp: expected { name, forward(context, x) { … }, backward(context, gradient) { … } }, got ${describeValue(given)}`,
    );
  const { name } = operation;
  if (typeof name !== "string" || name === "")
    throw new ArgumentError(
      `customOp: name is what graphs and messages call the operation, such as "Multiply"; got ${describeValue(name)}`,
    );
  for (const [role, example] of [
    ["forward", "forward(context, x: Tensor) { context.save(x); return … }"],
    ["backward", "backward(context, gradient) { const [x] = context.saved; return [ … ] }"],
  ] as const)
    if (typeof operation[role] !== "function")
      throw new ArgumentError(`customOp: ${name} has no ${role}; write ${example}`);
}

/** Runs the student's forward unrecorded, and puts its result into the graph under the operation's name. */
function perform<Inputs extends readonly Tensor[]>(
  operation: CustomOp<Inputs>,
  primitive: Primitive<OperationContext>,
  inputs: Inputs,
): Tensor {
  const { name } = primitive;
  const context = new OperationContext(name);
  const recorded = isGradEnabled() && inputs.some((input) => input.requiresGrad);
  const scope = enterScope();
  let out: Tensor;
  try {
    const result = checkResult(
      name,
      noGrad(() => operation.forward(context, ...inputs)),
    );
    out = new Tensor(share(result.holding, result.shape, 0, name));
    context.seal(result, out, scope.made);
  } catch (error) {
    abandonScope(scope);
    throw error;
  }
  leaveScope(
    scope,
    (holding) => holding === out.holding || (recorded && context.holds(holding)),
    `it was made in the forward of ${name} and neither returned nor saved. Write .keep() where it is made to read it afterwards`,
  );
  if (recorded) {
    checkDifferentiable(name, out);
    out.node = new GraphNode(primitive as Primitive<unknown>, inputs, context, null);
    return out;
  }
  context.release();
  const leased = inputs.find((input) => input.holding.lease !== null);
  if (leased !== undefined) joinLease(out.holding, leased.holding.lease!);
  return out;
}

function checkResult(name: string, result: unknown): Tensor {
  if (result instanceof Tensor) return result;
  if (result === undefined) throw new ArgumentError(`${name}.forward returned nothing: end it with return …`);
  if (result instanceof Promise)
    throw new ArgumentError(
      `${name}.forward is async; an operation computes at once: remove async and await`,
    );
  const remedy =
    typeof result === "number"
      ? "; compute with tensors (x.mul(y)), or make it one with tensor(…)"
      : Array.isArray(result)
        ? "; an operation has one result: join several with stack([…])"
        : "";
  throw new ArgumentError(`${name}.forward must return a Tensor, got ${describeValue(result)}${remedy}`);
}

function checkDifferentiable(name: string, out: Tensor): void {
  if (out.dtype !== "float32" && out.dtype !== "float64")
    throw new DTypeError(
      `${name}.forward returned ${out.dtype}, which has no gradient; convert it with .to("float32")`,
    );
}

/** What backward returned, one gradient per input, or a sentence about what is wrong with it. */
function checkGradients(name: string, returned: unknown, inputs: readonly Tensor[]): (Tensor | null)[] {
  const subject = `${name}.backward`;
  const wanted = `return [${inputs.map((input, i) => `∂L/∂${input.label ?? `input ${i}`}`).join(", ")}]`;
  if (returned === undefined) throw new ArgumentError(`${subject} returned nothing: end it with ${wanted}`);
  if (returned instanceof Promise)
    throw new ArgumentError(`${subject} is async; an operation computes at once: remove async and await`);
  const parts: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  if (parts.length !== inputs.length)
    throw new ArgumentError(
      `${subject} returned ${parts.length} gradient${parts.length === 1 ? "" : "s"} for ${inputs.length} input${inputs.length === 1 ? "" : "s"}: ${wanted}, null for an input without gradient`,
    );
  return parts.map((part, i) => {
    const input = inputs[i]!;
    const which = `input ${i}${input.label === null ? "" : ` (${input.label})`}`;
    if (part === null) return null;
    if (!(part instanceof Tensor))
      throw new ArgumentError(
        `${subject}: the gradient for ${which} must be a Tensor, or null if it has none; got ${describeValue(part)}`,
      );
    if (!input.requiresGrad) return null;
    if (!sameShape(part.shape, input.shape)) {
      const summed =
        part.size > input.size ? "; where the input was repeated (broadcast), sum its gradient" : "";
      throw new ShapeError(
        `${subject}: the gradient for ${which} is ${describeShape(part.shape)}, the input is ${describeShape(input.shape)}; a gradient has the shape of what it belongs to${summed}`,
      );
    }
    if (part.dtype === input.dtype) return part;
    if (part.dtype === "float32" || part.dtype === "float64") return part.to(input.dtype);
    throw new DTypeError(
      `${subject}: the gradient for ${which} is ${part.dtype}; multiply the gradient of the result by it, or convert it with .to("${input.dtype}")`,
    );
  });
}
