// What every optimiser shares: which parameters it changes, its learning rate, and the checks before a step.

import { ArgumentError, describeValue, GradientError } from "../errors.ts";
import { backendOf, markChanged } from "../inplace.ts";
import { inspect } from "../inspect.ts";
import { isMarkedParameter, Module, type Parameter } from "../nn/module.ts";
import { describeInput, requireTensor } from "../nn/requireTensor.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Changes parameters by their gradients. `step()` changes all parameters or, when it throws, none: a missing gradient
 * or one with NaN or infinity in it stops the step before anything is touched. Parameters with `requiresGrad = false`
 * (frozen ones) are left alone.
 */
export abstract class Optimizer {
  readonly parameters: readonly Parameter[];
  /** How many steps were made. */
  stepCount = 0;
  #lr = 0;

  constructor(parameters: Iterable<Parameter>, lr: number) {
    this.parameters = checkParameters(this.operation, parameters);
    this.lr = lr;
  }

  /** The name of the function that makes it, for messages. */
  get operation(): string {
    return this.constructor.name.toLowerCase();
  }

  /** The learning rate; set it at any time: `optimizer.lr *= 0.1`. */
  get lr(): number {
    return this.#lr;
  }

  set lr(value: number) {
    this.#lr = requireNonNegative(this.operation, "lr (the learning rate)", value);
  }

  /** Changes every parameter once by its gradient. Call it after `loss.backward()`. */
  step(): void {
    const trained = this.parameters.filter((tensor) => tensor.requiresGrad);
    this.checkGradients(trained);
    for (const tensor of trained) this.prepare(tensor);
    this.stepCount++;
    for (const tensor of trained) {
      this.update(tensor, tensor.gradient!);
      markChanged(tensor);
    }
  }

  /** Forgets all gradients. Not needed before `backward()`, which overwrites them. */
  zeroGrad(): void {
    for (const tensor of this.parameters) tensor.grad = null;
  }

  toString(): string {
    const size = this.parameters.reduce((sum, tensor) => sum + tensor.size, 0);
    return `${this.constructor.name}(${this.details()}), ${size.toLocaleString("en-US")} parameters, ${this.stepCount.toLocaleString("en-US")} steps`;
  }

  [inspect](): string {
    return this.toString();
  }

  /** What it prints between its brackets. */
  protected abstract details(): string;

  /** Makes what it remembers of a parameter, where that is missing; may run out of memory, so all before any update. */
  protected abstract prepare(tensor: Parameter): void;

  /** Changes one parameter. */
  protected abstract update(tensor: Parameter, gradient: Tensor): void;

  private checkGradients(trained: readonly Parameter[]): void {
    const missing = trained.filter((tensor) => tensor.gradient === null);
    if (missing.length > 0) {
      throw new GradientError(
        missing.length === trained.length
          ? `${this.operation}: no parameter has a gradient; call loss.backward() before step()`
          : `${this.operation}: ${missing.map((tensor) => this.nameOf(tensor)).join(", ")} got no gradient from backward(): the loss does not depend on it; use it in forward, leave it out of the optimizer, or freeze it with requiresGrad = false`,
      );
    }
    for (const tensor of trained) {
      if (hasFiniteSum(tensor.gradient!)) continue;
      throw new GradientError(
        `${this.operation}: the gradient of ${this.nameOf(tensor)} contains NaN or infinity at step ${this.stepCount + 1}; no parameter was changed. Lower the learning rate (now ${this.lr}), or look for NaN in the inputs`,
      );
    }
  }

  private nameOf(tensor: Parameter): string {
    const name = tensor.label ? `${tensor.label} ` : "";
    return `parameter ${this.parameters.indexOf(tensor)} (${name}${describeShape(tensor.shape)})`;
  }
}

/** By the sum, one pass of a fast kernel: NaN and infinity survive every addition. */
function hasFiniteSum(gradient: Tensor): boolean {
  const backend = backendOf(gradient);
  const sum = backend.allocate(gradient.dtype, 1);
  try {
    backend.reduce("sum", gradient.storage, { outer: 1, size: gradient.size, inner: 1 }, sum);
    return Number.isFinite(sum.values()[0]);
  } finally {
    backend.release(sum);
  }
}

function checkParameters(operation: string, parameters: Iterable<Parameter>): Parameter[] {
  const input: unknown = parameters;
  if (input instanceof Module) {
    throw new ArgumentError(
      `${operation}: expected the model's parameters, got the model; write model.parameters()`,
    );
  }
  if (typeof input === "function") {
    throw new ArgumentError(`${operation}: expected parameters, got a function; call it: model.parameters()`);
  }
  if (!(Symbol.iterator in Object(input)) || typeof input === "string") {
    throw new ArgumentError(
      `${operation}: expected parameters as an array, got ${describeInput(input)}; write model.parameters() or [w, b]`,
    );
  }
  const list = [...new Set(parameters)];
  if (list.length === 0) {
    throw new ArgumentError(
      `${operation}: there are no parameters to train; are the layers fields of the model (this.fc = …), not #private ones or local variables?`,
    );
  }
  list.forEach((tensor, index) => {
    requireTensor(operation, `parameter ${index}`, tensor);
    const subject = `${operation}: parameter ${index} ${describeShape(tensor.shape)}`;
    if (tensor.op !== null) {
      throw new ArgumentError(
        `${subject} is the result of ${tensor.op}, not a tensor of its own; train its inputs, or write nn.parameter(x.detach())`,
      );
    }
    if (!tensor.requiresGrad && !isMarkedParameter(tensor)) {
      throw new ArgumentError(
        `${subject} does not require a gradient; write nn.parameter(x), or tensor(…, { requiresGrad: true })`,
      );
    }
  });
  return list;
}

/** A finite number ≥ 0, else an ArgumentError that names the optimiser and the option. */
export function requireNonNegative(operation: string, name: string, value: number): number {
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return value;
  throw new ArgumentError(`${operation}: ${name} must be a number ≥ 0, got ${describeValue(value)}`);
}

/** A number in [0, 1), else an ArgumentError that names the optimiser and the option. */
export function requireFraction(operation: string, name: string, value: number): number {
  if (typeof value === "number" && value >= 0 && value < 1) return value;
  throw new ArgumentError(
    `${operation}: ${name} must be a number from 0 to below 1, got ${describeValue(value)}`,
  );
}
