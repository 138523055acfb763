/**
 * How an operation is defined and run. A *primitive* calls kernels and knows its gradient; an *op* is the public function,
 * with what tests need to know of it: its formula, samples to check values and gradients on, and mistakes with the error
 * each must raise. Tests find ops by walking the exports of `ops/`.
 */
import { checkResult, detecting } from "./anomaly.ts";
import type { Backend, DType } from "./backend/backend.ts";
import { ArgumentError, DTypeError, describeValue } from "./errors.ts";
import { isGradEnabled, isRecordingEverything } from "./gradmode.ts";
import { checkInterrupt } from "./interrupt.ts";
import { allocate, giveBack, type Holding, joinLease, share } from "./memory.ts";
import { currentPlace } from "./place.ts";
import type { Shape } from "./shapes.ts";
import { Tensor } from "./tensor.ts";

export interface Primitive<Options = undefined> {
  readonly name: string;
  /** Checks the operands; the shape of the output. */
  shape(inputs: readonly Tensor[], options: Options): Shape;
  /** The dtype of the output, where it is not the first operand's. */
  dtype?(inputs: readonly Tensor[], options: Options): DType;
  /** Computes `out`. Another tensor that the gradient needs may be returned. */
  forward?(backend: Backend, inputs: readonly Tensor[], out: Tensor, options: Options): Tensor | null;
  /** Instead of `forward`: the output is the input's memory from this element on. */
  view?(input: Tensor, options: Options): number;
  /** `∂L/∂input` for each input from `gradient = ∂L/∂output`, written with ops; null where there is none. */
  readonly backward: BackwardRule<Options> | null;
  /** Value and derivative, where no public op of this name tells them. */
  readonly formula?: string;
  /** Called when the graph has been differentiated and is not kept: what the options hold for the gradient may go. */
  release?(options: Options): void;
}

export type BackwardRule<Options> = (
  gradient: Tensor,
  output: Tensor,
  inputs: readonly Tensor[],
  options: Options,
  saved: Tensor | null,
) => (Tensor | null)[];

/** The edge from a result to what it was computed from. */
export class GraphNode {
  readonly primitive: Primitive<unknown>;
  readonly options: unknown;
  inputs: readonly Tensor[];
  saved: Tensor | null;
  /** Sum of the inputs' versions when they were used. */
  readonly version: number;
  /** The number of the backward() that differentiated it; 0 before. */
  spent = 0;
  interiors: Holding[][] | null = null;
  /** The module's call in which it was made. */
  readonly place = currentPlace();

  constructor(
    primitive: Primitive<unknown>,
    inputs: readonly Tensor[],
    options: unknown,
    saved: Tensor | null,
  ) {
    this.primitive = primitive;
    this.inputs = inputs;
    this.options = options;
    this.saved = saved;
    this.version = versionOf(inputs);
  }
}

/** Changes when one of the tensors was changed in place. */
export function versionOf(tensors: readonly Tensor[]): number {
  let version = 0;
  for (let i = 0; i < tensors.length; i++) version += tensors[i]!.holding.block?.version ?? 0;
  return version;
}

/** Runs a primitive on tensors and, where a gradient may be wanted, records how. */
export function run<Options>(
  primitive: Primitive<Options>,
  inputs: readonly Tensor[],
  options: Options,
): Tensor {
  checkInterrupt();
  const shape = primitive.shape(inputs, options);
  const first = inputs[0]!;
  const { backend } = first.holding;
  for (let i = 1; i < inputs.length; i++)
    if (inputs[i]!.holding.backend !== backend) throw backendError(primitive.name, first, inputs[i]!);
  let out: Tensor;
  let saved: Tensor | null = null;
  if (primitive.view !== undefined)
    out = new Tensor(share(first.holding, shape, primitive.view(first, options), primitive.name));
  else {
    const dtype = primitive.dtype === undefined ? first.dtype : primitive.dtype(inputs, options);
    out = new Tensor(allocate(backend, dtype, shape, primitive.name));
    saved = primitive.forward!(backend, inputs, out, options);
  }
  if (detecting) checkResult(primitive.name, inputs, out);
  if (isGradEnabled() && (primitive.backward !== null || isRecordingEverything()))
    for (let i = 0; i < inputs.length; i++)
      if (inputs[i]!.requiresGrad) {
        out.node = new GraphNode(primitive as Primitive<unknown>, inputs, options, saved);
        return out;
      }
  if (saved !== null) giveBack(saved.holding, "it was saved for a gradient that is not wanted");
  for (let i = 0; i < inputs.length; i++) {
    const lease = inputs[i]!.holding.lease;
    if (lease !== null) {
      joinLease(out.holding, lease);
      break;
    }
  }
  return out;
}

function backendError(operation: string, a: Tensor, b: Tensor): ArgumentError {
  const nameOf = (tensor: Tensor) => tensor.holding.backend.name;
  return new ArgumentError(
    `${operation}: one operand lives on the backend "${nameOf(a)}", another on "${nameOf(b)}"; make both under the same backend (setBackend, withBackend)`,
  );
}

// ── Public ops ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Makes operands for samples; the test decides dtype, backend and seed. */
export interface SampleMaker {
  /** Normal numbers. */
  normal(...shape: number[]): Tensor;
  /** Numbers in [0.5, 2]. */
  positive(...shape: number[]): Tensor;
  /** Numbers no two of which are closer than 0.05, none closer to 0 or to half an integer than 0.02, in random order. */
  distinct(...shape: number[]): Tensor;
  /** These numbers. */
  of(shape: Shape, values: readonly number[]): Tensor;
  /** Whole numbers in [0, classes). */
  labels(classes: number, ...shape: number[]): Tensor;
  /** Random truth. */
  mask(...shape: number[]): Tensor;
}

/** What is known of an operation besides its code; tests check its gradient and its messages by it. */
export interface OpDefinition<Args extends readonly unknown[]> {
  /** The operation's name, as in messages. */
  readonly name: string;
  /** Value and derivative, as in a textbook. */
  readonly formula: string;
  /** Argument lists on which every backend is compared with the reference, and gradients with central differences. */
  samples(make: SampleMaker): Args[];
  /** Argument lists a student might give, and what the error must say. */
  mistakes(make: SampleMaker): [args: readonly unknown[], message: RegExp][];
  /** False for ops whose result has no useful derivative. */
  readonly differentiable?: boolean;
}

/** A public operation: a function that carries its definition. */
export type Op<Args extends readonly unknown[]> = ((...args: Args) => Tensor) & {
  readonly definition: OpDefinition<Args>;
};

/** Makes a function an op. */
export function defineOp<Args extends readonly unknown[]>(
  definition: OpDefinition<Args>,
  call: (...args: Args) => Tensor,
): Op<Args> {
  Object.defineProperty(call, "name", { value: definition.name });
  return Object.assign(call, { definition });
}

/** Whether an export is an op. */
export function isOp(value: unknown): value is Op<readonly unknown[]> {
  return typeof value === "function" && "definition" in value;
}

// ── Checks that many ops need ────────────────────────────────────────────────────────────────────────────────────────

/** Students bypass types: says so when an operand is no tensor. */
export function checkTensor(operation: string, value: unknown, role = ""): asserts value is Tensor {
  if (value instanceof Tensor) return;
  const hint =
    Array.isArray(value) || typeof value === "number" || ArrayBuffer.isView(value)
      ? "; make one with tensor(…)"
      : "";
  throw new ArgumentError(
    `${operation}: expected a tensor${role && ` as ${role}`}, got ${describeValue(value)}${hint}`,
  );
}

/** Float operands only. */
export function checkFloat(operation: string, tensor: Tensor): void {
  if (tensor.dtype !== "float32" && tensor.dtype !== "float64")
    throw new DTypeError(
      `${operation}: works on float numbers, got ${tensor.dtype}; convert with .to("float32")`,
    );
}

/** One dtype for all operands. */
export function checkSameDType(operation: string, a: Tensor, b: Tensor): void {
  if (a.dtype !== b.dtype)
    throw new DTypeError(
      `${operation}: the operands are ${a.dtype} and ${b.dtype}; convert one with .to("${a.dtype}")`,
    );
}
