// What every layer and every model is: a callable object that finds its own parameters. It knows no particular layer.

import type { HookHandle } from "../autograd.ts";
import {
  AnomalyError,
  ArgumentError,
  DTypeError,
  OutOfMemoryError,
  RecycledTensorError,
  ShapeError,
} from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { copyInto } from "../inplace.ts";
import { inspect } from "../inspect.ts";
import { moduleScope } from "../memory.ts";
import { checkOptions } from "../options.ts";
import { within } from "../place.ts";
import { describeShape, type Shape } from "../shapes.ts";
import { Tensor } from "../tensor.ts";
import { inEvaluation } from "./evaluation.ts";
import { addHook, callWithHooks, hooksOf, ownHooks } from "./hooks.ts";
import { describeInput, isClass, requireTensor } from "./requireTensor.ts";

/** A tensor that an optimiser changes. */
export type Parameter = Tensor;

/** A module of whatever inputs and outputs. */
export type AnyModule = Module<never, unknown>;

/** What one leaf layer did while a model ran: an entry of `model.trace(x)`. */
export interface TraceRecord {
  /** Where the layer sits in its model, such as `classifier.0`; empty when the traced module is a leaf itself. */
  readonly path: string;
  /** The module that was called. */
  readonly module: AnyModule;
  /** The shape of its (first) input. */
  readonly inputShape: Shape;
  /** The shape of its output. */
  readonly outputShape: Shape;
  /** How many numbers it learns, with those of the modules in it. */
  readonly parameterCount: number;
  /** Its output. */
  readonly output: Tensor;
}

const parameters = new WeakSet<Tensor>();
const buffers = new WeakSet<Tensor>();
const optionalBuffers = new WeakSet<Tensor>();
/** Errors of the engine; a student's own errors keep their message. */
const locatable = [
  AnomalyError,
  ArgumentError,
  DTypeError,
  OutOfMemoryError,
  RecycledTensorError,
  ShapeError,
];
/** For an error on its way out: the module that failed and what it said before any path was put in front. */
const failures = new WeakMap<Error, { readonly module: AnyModule; readonly message: string }>();
interface Recorder {
  /** Where each module sits in the traced one; asked once, not for every layer that runs. */
  readonly paths: ReadonlyMap<AnyModule, string>;
  readonly records: TraceRecord[];
}
let recorder: Recorder | null = null;

/**
 * Makes a tensor a parameter: it requires a gradient, is never recycled, and a module that has it as a field trains
 * it. Throws an ArgumentError for what is no tensor.
 *
 * @example
 * class Scale extends nn.Module { factor = nn.parameter(ones([1])); forward(x: Tensor) { return x.mul(this.factor) } }
 */
export function parameter(value: Tensor): Parameter {
  const tensor = requireTensor("nn.parameter", "value", value);
  tensor.requiresGrad = true;
  parameters.add(tensor.keep());
  return tensor;
}

/** Options of `buffer`. */
export interface BufferOptions {
  /** A state to be loaded may lack it: then it stays as it is (default false). */
  readonly optional?: boolean;
}

/**
 * Makes a tensor a buffer: it belongs to a module's state (it is saved and loaded) but is not trained. Throws an
 * ArgumentError for what is no tensor.
 */
export function buffer(value: Tensor, options: BufferOptions = {}): Tensor {
  checkOptions("nn.buffer", options, ["optional"]);
  const tensor = requireTensor("nn.buffer", "value", value);
  buffers.add(tensor.keep());
  if (options.optional) optionalBuffers.add(tensor);
  return tensor;
}

/** @internal True for buffers that a state to be loaded may lack. */
export function isOptional(value: Tensor): boolean {
  return optionalBuffers.has(value);
}

/** True for tensors made parameters by {@link parameter}, frozen ones too. */
export function isMarkedParameter(value: Tensor): boolean {
  return parameters.has(value);
}

function isParameter(value: Tensor): boolean {
  return parameters.has(value) || (value.requiresGrad && value.op === null && !buffers.has(value));
}

/** Makes `new Module()` return a function whose prototype is the class's, so that `model(x)` runs the model. */
abstract class Callable {
  constructor() {
    const self: Module<readonly Tensor[], unknown> = Object.setPrototypeOf(
      (...inputs: Tensor[]) => enter(self, inputs),
      new.target.prototype,
    );
    // A function's own name and length cannot be assigned; a student's `this.name = …` must work.
    Reflect.deleteProperty(self, "name");
    Reflect.deleteProperty(self, "length");
    // biome-ignore lint/correctness/noConstructorReturn: being callable is the purpose of this class.
    return self;
  }
}

export interface Module<Inputs extends readonly Tensor[] = [Tensor], Output = Tensor> {
  /** Computes the output: `forward`, with hooks and the memory of what it made. */
  // biome-ignore lint/style/useShorthandFunctionType: Merged with the class, which a type cannot be.
  (...inputs: Inputs): Output;
}

/**
 * A layer or a model: any class with a `forward` whose fields hold its layers and parameters.
 *
 * Layers and parameters are found by walking the fields: through arrays, maps, plain objects and other modules (not
 * through `#private` fields, which JavaScript hides). What `forward` makes and neither returns nor saves for the
 * gradient is freed by `backward()`, at once under `noGrad`. For several inputs or another output say so:
 * `class Pair extends nn.Module<[Tensor, Tensor], Tensor>`.
 *
 * @example
 * class Net extends nn.Module {
 *   conv = nn.conv2d(1, 6, 5);
 *   fc = nn.linear(6 * 24 * 24, 10);
 *   forward(x: Tensor) {
 *     return this.fc(this.conv(x).relu().flatten(1));
 *   }
 * }
 * const logits = new Net()(zeros([2, 1, 28, 28]));   // [2, 10]
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: Callable provides the call that the interface adds.
export abstract class Module<Inputs extends readonly Tensor[] = [Tensor], Output = Tensor> extends Callable {
  /** True while training; dropout and batch normalisation behave differently in evaluation. Set by `train()` and `eval()`. */
  training = true;

  /** Computes the output from the input. Write this; call `model(x)`. */
  abstract forward(...inputs: Inputs): Output;

  /** What a layer prints between its brackets, such as `784 → 128`. */
  details(): string {
    return "";
  }

  /** Every parameter of this module and of the modules in it; a shared one once. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, tensor]) => tensor);
  }

  /** Every parameter with its path, such as `["classifier.0.weight", tensor]`. */
  namedParameters(): [string, Parameter][] {
    return this.namedState().filter(([, tensor]) => isParameter(tensor));
  }

  /** Every buffer with its path: what belongs to the state but is not trained, such as the running mean of a batch norm. */
  namedBuffers(): [string, Tensor][] {
    return this.namedState().filter(([, tensor]) => !isParameter(tensor));
  }

  /** This module (path `""`) and every module in it with its path, parents first; a shared one once. */
  namedModules(): [string, AnyModule][] {
    const found = new Map<AnyModule, string>();
    const visit = (path: string, module: AnyModule): void => {
      if (found.has(module)) return;
      found.set(module, path);
      for (const [name, child] of module.namedChildren()) visit(join(path, name), child);
    };
    visit("", this);
    return Array.from(found, ([module, path]) => [path, module]);
  }

  /** The modules held by this module's own fields, each with its name. */
  namedChildren(): [string, AnyModule][] {
    const children: [string, AnyModule][] = [];
    walkFields(this, (name, value) => {
      if (value instanceof Module) children.push([name, value]);
    });
    return children;
  }

  /** The modules held by this module's own fields. */
  get children(): AnyModule[] {
    return this.namedChildren().map(([, module]) => module);
  }

  /** How many numbers training adjusts. */
  get parameterCount(): number {
    return this.parameters().reduce((sum, tensor) => sum + tensor.size, 0);
  }

  /** Puts this module and all in it into training mode (or out of it: `train(false)`). */
  train(mode: boolean = true): this {
    for (const [, module] of this.namedModules()) module.training = mode;
    return this;
  }

  /** Puts this module and all in it into evaluation mode: dropout lets everything pass, batch normalisation uses its running statistics. */
  eval(): this {
    return this.train(false);
  }

  /** Forgets all gradients. Not needed before `backward()`, which overwrites them. */
  zeroGrad(): void {
    for (const tensor of this.parameters()) tensor.grad = null;
  }

  /** A copy of every parameter and buffer by path; later training does not change it. */
  stateDict(): Record<string, Tensor> {
    return Object.fromEntries(
      this.namedState().map(([path, tensor]) => [path, noGrad(() => tensor.detach().clone()).keep()]),
    );
  }

  /**
   * Copies saved values into this module's parameters and buffers; all or, when a name or a shape does not fit, nothing.
   * Throws a ShapeError that lists every path that is missing, unknown or of another shape. Optional buffers may be missing:
   * PyTorch's older files lack a batch norm's count of batches.
   */
  loadStateDict(state: Readonly<Record<string, Tensor>>): this {
    const own = new Map(this.namedState());
    const problems: string[] = [];
    for (const [path, tensor] of own) {
      const saved = state[path];
      if (saved === undefined && isOptional(tensor)) own.delete(path);
      else if (saved === undefined)
        problems.push(`${path} ${describeShape(tensor.shape)} is missing from the state`);
      else if (!(saved instanceof Tensor))
        problems.push(`${path} must be a Tensor, got ${describeInput(saved)}`);
      else if (saved.shape.join() !== tensor.shape.join()) {
        problems.push(
          `${path} has shape ${describeShape(tensor.shape)}, the state has ${describeShape(saved.shape)}`,
        );
      }
    }
    for (const path of Object.keys(state)) if (!own.has(path)) problems.push(`${path} is not in this model`);
    if (problems.length > 0) {
      throw new ShapeError(
        `${this.constructor.name}.loadStateDict: the state is of another model:\n  ${problems.join("\n  ")}\nBuild the model as it was when the state was saved.`,
      );
    }
    for (const [path, tensor] of own) copyInto(tensor, state[path]!);
    return this;
  }

  /**
   * Runs the model in evaluation mode without gradients and returns what each leaf layer did, in order of execution.
   * The outputs are kept; a layer that runs twice appears twice.
   *
   * @example
   * for (const { path, outputShape } of model.trace(image)) console.log(path, outputShape)
   */
  trace(...inputs: Inputs): TraceRecord[] {
    const outer = recorder;
    const records: TraceRecord[] = [];
    recorder = { paths: new Map(this.namedModules().map(([path, module]) => [module, path])), records };
    try {
      inEvaluation(this, () => noGrad(() => enter(this, inputs)));
    } finally {
      recorder = outer;
    }
    return records;
  }

  /**
   * Has every call of this module call `hook` before forward. A tensor (for several inputs an array of them) that it
   * returns takes the place of what the module was given.
   */
  registerForwardPreHook(hook: (module: this, inputs: readonly Tensor[]) => unknown): HookHandle {
    return addHook("registerForwardPreHook", ownHooks(this).before, hook, (inputs) => hook(this, inputs));
  }

  /**
   * Has every call of this module call `hook` after forward. A tensor that it returns takes the place of the output. What
   * the hook is shown lives as long as other intermediates: read it before the next-but-one `backward()`, or `.keep()` it.
   *
   * @example
   * const maps: Tensor[] = [];
   * const handle = model.conv1.registerForwardHook((layer, inputs, output) => { maps.push(output); });
   * handle.remove();
   */
  registerForwardHook(
    hook: (module: this, inputs: readonly Tensor[], output: Output) => unknown,
  ): HookHandle {
    return addHook("registerForwardHook", ownHooks(this).after, hook, (inputs, output) =>
      hook(this, inputs, output as Output),
    );
  }

  /**
   * Has `backward()` call `hook` for every call of this module (that returns one tensor), once the gradients of its inputs
   * are known: with these (null for an input without gradient) and with the gradient of its output. For a module of one
   * input, a tensor that the hook returns takes the place of the input's gradient.
   *
   * @example
   * const norms: number[] = [];
   * model.conv1.registerBackwardHook((layer, inputGradients, outputGradient) => { norms.push(outputGradient.norm().item()); });
   */
  registerBackwardHook(
    hook: (module: this, inputGradients: readonly (Tensor | null)[], outputGradient: Tensor) => unknown,
  ): HookHandle {
    return addHook("registerBackwardHook", ownHooks(this).backward, hook, (inputGradients, outputGradient) =>
      hook(this, inputGradients, outputGradient),
    );
  }

  /** One line for a layer, `Linear(784 → 128), 100,480 parameters`; a tree for a model. */
  override toString(): string {
    const lines = [summaryLine(this)];
    const visit = (module: AnyModule, indent: string): void => {
      for (const [name, child] of module.namedChildren()) {
        lines.push(`${indent}${name}: ${summaryLine(child)}`);
        visit(child, `${indent}  `);
      }
    };
    visit(this, "  ");
    return lines.join("\n");
  }

  /** Node's `console.log(model)` prints the same. */
  [inspect](): string {
    return this.toString();
  }

  /** Parameters and buffers by path. */
  private namedState(): [string, Tensor][] {
    const seen = new Set<Tensor>();
    const found: [string, Tensor][] = [];
    for (const [path, module] of this.namedModules()) {
      walkFields(module, (name, value) => {
        if (!(value instanceof Tensor) || seen.has(value) || !(isParameter(value) || buffers.has(value)))
          return;
        seen.add(value);
        found.push([join(path, name), value]);
      });
    }
    return found;
  }
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}

/** Visits the values of a module's fields, looking into arrays, maps and plain objects but not into other modules. */
function walkFields(module: AnyModule, visit: (name: string, value: unknown) => void): void {
  const seen = new Set<unknown>();
  const look = (name: string, value: unknown): void => {
    if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value))
      return;
    if (value instanceof Module || value instanceof Tensor) {
      if (value !== module) visit(name, value);
      return;
    }
    seen.add(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value) || prototype === Object.prototype || prototype === null) {
      for (const [key, part] of Object.entries(value)) look(join(name, key), part);
    } else if (value instanceof Map) {
      for (const [key, part] of value) look(join(name, String(key)), part);
    }
  };
  for (const [name, value] of Object.entries(module)) look(name, value);
}

function summaryLine(module: AnyModule): string {
  const details = module.details();
  const count = module.parameterCount;
  const size = count > 0 ? `, ${count.toLocaleString("en-US")} parameter${count === 1 ? "" : "s"}` : "";
  return `${module.constructor.name}${details && `(${details})`}${size}`;
}

/** Runs a module's forward inside its memory scope; errors on their way out learn where in the model they happened. */
function enter<Inputs extends readonly Tensor[], Output>(
  module: Module<Inputs, Output>,
  inputs: Inputs,
): Output {
  return inNameOf(module, () => {
    checkCall(module, inputs);
    const output = moduleScope(() => within(module, () => compute(module, inputs)), module);
    if (recorder !== null) record(recorder, module, inputs, output);
    return output;
  });
}

function compute<Inputs extends readonly Tensor[], Output>(
  module: Module<Inputs, Output>,
  inputs: Inputs,
): Output {
  const forward = (given: Inputs): Output => {
    const output = module.forward(...given);
    checkOutput(module, output);
    return output;
  };
  const hooks = hooksOf(module);
  if (hooks === undefined) return forward(inputs);
  return callWithHooks(hooks, module, inputs, (given) => forward(given as Inputs)) as Output;
}

/** @internal Whether somebody is shown what passes through a module's calls. */
export function isWatched(module: AnyModule): boolean {
  const hooks = hooksOf(module);
  if (hooks === undefined) return recorder !== null;
  return recorder !== null || hooks.before.size + hooks.after.size + hooks.backward.size > 0;
}

/** @internal Runs `body` for a module: errors on their way out learn where in the model they happened. */
export function inNameOf<T>(module: AnyModule, body: () => T): T {
  try {
    return body();
  } catch (error) {
    locate(module, error);
    throw error;
  }
}

/** Ends a trace whose code was terminated in the middle. */
export function stopTracing(): void {
  recorder = null;
}

function checkCall(module: AnyModule, inputs: readonly unknown[]): void {
  if (typeof module.forward !== "function") {
    throw new ArgumentError(
      `${module.constructor.name} has no forward: write forward(x: Tensor) { return … } in the class`,
    );
  }
  if (inputs.length === 0 && module.forward.length > 0) requireTensor("", "the input", undefined);
  for (const input of inputs) {
    if (!(input instanceof Tensor)) requireTensor("", "the input", input);
  }
}

function checkOutput(module: AnyModule, output: unknown): void {
  if (output === undefined)
    throw new ArgumentError(`${module.constructor.name}.forward returned nothing: end it with return …`);
  if (output instanceof Promise) {
    throw new ArgumentError(
      `${module.constructor.name}.forward is async; a network computes at once: remove async and await`,
    );
  }
}

function record(into: Recorder, module: AnyModule, inputs: readonly Tensor[], output: unknown): void {
  if (!(output instanceof Tensor) || module.namedChildren().length > 0) return;
  into.records.push({
    path: into.paths.get(module) ?? "",
    module,
    inputShape: inputs[0]?.shape ?? [],
    outputShape: output.shape,
    parameterCount: module.parameterCount,
    output: output.keep(),
  });
}

function pathOf(root: AnyModule, module: AnyModule): string | undefined {
  return root.namedModules().find(([, known]) => known === module)?.[0];
}

/** Puts `LeNet5.f6 (Linear 120 → 84): ` before an engine error's message; each enclosing module writes a longer path. */
function locate(module: AnyModule, error: unknown): void {
  if (!(error instanceof Error) || !locatable.some((kind) => error instanceof kind)) return;
  const failure = failures.get(error) ?? { module, message: error.message };
  failures.set(error, failure);
  const path = pathOf(module, failure.module);
  if (path === undefined) return;
  const kind = failure.module.constructor.name;
  const details = failure.module.details();
  const before = error.message;
  error.message =
    path === ""
      ? `${kind}${details && `(${details})`}: ${failure.message}`
      : `${module.constructor.name}.${path} (${kind}${details && ` ${details}`}): ${failure.message}`;
  if (error.stack?.includes(before)) error.stack = error.stack.replace(before, () => error.message);
}

/** Refuses what is not a module where one is needed: `nn.relu` without brackets, a class without `new`. */
export function requireModule(operation: string, role: string, value: unknown): AnyModule {
  if (value instanceof Module) return value;
  const remedy = isClass(value)
    ? "; make an instance of it with new"
    : typeof value === "function"
      ? "; call it: its result is the layer"
      : "";
  throw new ArgumentError(`${operation}: ${role} must be a module, got ${describeInput(value)}${remedy}`);
}
