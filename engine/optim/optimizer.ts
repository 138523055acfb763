// What every optimiser shares: which parameters it changes, its learning rate, and the checks before a step.

import type { HookHandle } from "../autograd.ts";
import { ArgumentError, describeValue, GradientError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { backendOf, copyInto, markChanged } from "../inplace.ts";
import { inspect } from "../inspect.ts";
import { undivided } from "../interrupt.ts";
import { addHook } from "../nn/hooks.ts";
import { isMarkedParameter, Module, type Parameter } from "../nn/module.ts";
import { describeInput, requireTensor } from "../nn/requireTensor.ts";
import { checkNames } from "../options.ts";
import { describeShape } from "../shapes.ts";
import { Tensor } from "../tensor.ts";

interface StepHook {
  readonly hook: () => void;
}

/** Some of the parameters with settings of their own; what is not given is as for all. */
export type ParameterGroup<Settings extends object = object> = {
  readonly parameters: Iterable<Parameter>;
  /** The group's learning rate; when the optimizer's is changed or follows a schedule, it changes in proportion. */
  readonly lr?: number;
} & Partial<Settings>;

/** The parameters an optimizer trains: `model.parameters()`, or groups of them with settings of their own. */
export type Trained<Settings extends object = object> =
  | Iterable<Parameter>
  | readonly ParameterGroup<Settings>[];

/** What an optimizer knows, as plain data: to go on training later. See {@link Optimizer.stateDict}. */
export interface OptimizerState {
  /** The kind of optimizer, such as "Adam". */
  readonly optimizer: string;
  /** The learning rate. */
  readonly lr: number;
  /** How many steps were made. */
  readonly stepCount: number;
  /** What is remembered of each parameter, by its number: velocities, moments, counts of steps. */
  readonly parameters: readonly Readonly<Record<string, Tensor | number>>[];
}

/** One group as an optimizer keeps it. */
export interface Group<Settings extends object> {
  /** The group's parameters. */
  readonly parameters: readonly Parameter[];
  /** What the group sets for itself, and the optimizer's settings for the rest. */
  readonly settings: Settings;
  /** The group's learning rate over the optimizer's. */
  readonly factor: number;
}

/** What an optimizer remembers of one parameter. */
export type Memory = Record<string, Tensor | number>;

/**
 * Changes parameters by their gradients. `step()` changes all parameters or, when it throws, none: a missing gradient
 * or one with NaN or infinity in it stops the step before anything is touched. Parameters with `requiresGrad = false`
 * (frozen ones) are left alone.
 */
export abstract class Optimizer<Settings extends object = object> {
  /** All parameters it changes, of all groups. */
  readonly parameters: readonly Parameter[];
  /** The parameters by the settings they are trained with; one group unless several were given. */
  readonly groups: readonly Group<Settings>[];
  /** How many steps were made. */
  stepCount = 0;
  readonly #memory = new Map<Parameter, Memory>();
  readonly #stepHooks = { before: new Set<StepHook>(), after: new Set<StepHook>() };
  #lr = 0;

  /** From where to where learning rates usually lie that work: what advice on a training is measured by. */
  get usualRates(): readonly [low: number, high: number] {
    return [0.01, 0.1];
  }

  /** `check` returns the settings or throws. */
  constructor(
    trained: Trained<Settings>,
    lr: number,
    settings: Settings,
    check: (settings: Settings) => void,
  ) {
    this.lr = lr;
    check(settings);
    this.groups = groupsOf(this.operation, trained, this.lr, settings, check);
    this.parameters = this.groups.flatMap(({ parameters }) => parameters);
  }

  /** The name of the function that makes it, for messages. */
  get operation(): string {
    const { name } = this.constructor;
    return name.charAt(0).toLowerCase() + name.slice(1);
  }

  /** The learning rate; set it at any time: `optimizer.lr *= 0.1`. Groups with their own follow in proportion. */
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
    const chosen = new Set(trained);
    for (const { parameters, settings } of this.groups) {
      for (const tensor of parameters) {
        if (chosen.has(tensor) && !this.#memory.has(tensor))
          this.#memory.set(tensor, this.remember(tensor, settings));
      }
    }
    for (const { hook } of [...this.#stepHooks.before]) hook();
    undivided(() => {
      this.stepCount++;
      for (const { parameters, settings, factor } of this.groups) {
        for (const tensor of parameters) {
          if (!chosen.has(tensor)) continue;
          this.update(tensor, tensor.gradient!, this.#lr * factor, settings, this.#memory.get(tensor)!);
          markChanged(tensor);
        }
      }
    });
    for (const { hook } of [...this.#stepHooks.after]) hook();
  }

  /** Has every `step()` call `hook` before the parameters change, once the gradients are found to be fine. */
  registerStepPreHook(hook: (optimizer: this) => void): HookHandle {
    return addHook("registerStepPreHook", this.#stepHooks.before, hook, () => hook(this));
  }

  /** Has every `step()` call `hook` after all parameters have changed. */
  registerStepPostHook(hook: (optimizer: this) => void): HookHandle {
    return addHook("registerStepPostHook", this.#stepHooks.after, hook, () => hook(this));
  }

  /** Forgets all gradients. Not needed before `backward()`, which overwrites them. */
  zeroGrad(): void {
    for (const tensor of this.parameters) tensor.grad = null;
  }

  /**
   * A copy of all that the optimizer has learned: learning rate, number of steps, velocities and moments. With the model's
   * own `stateDict()` training can go on later as if it had never stopped.
   */
  stateDict(): OptimizerState {
    const copy = (value: Tensor | number): Tensor | number =>
      typeof value === "number" ? value : noGrad(() => value.detach().clone()).keep();
    return {
      optimizer: this.constructor.name,
      lr: this.lr,
      stepCount: this.stepCount,
      parameters: this.parameters.map((tensor) =>
        Object.fromEntries(
          Object.entries(this.#memory.get(tensor) ?? {}).map(([name, value]) => [name, copy(value)]),
        ),
      ),
    };
  }

  /**
   * Takes over a state saved by `stateDict()`; all or, when it is of another optimizer or of other parameters, nothing.
   *
   * @example
   * optimizer.loadStateDict(saved)
   */
  loadStateDict(state: OptimizerState): this {
    const problem = this.mismatch(state);
    if (problem !== null) {
      throw new ArgumentError(
        `${this.operation}.loadStateDict: ${problem}; make the model and the optimizer as they were when the state was saved`,
      );
    }
    const memories = state.parameters.map((saved, i) => {
      if (Object.keys(saved).length === 0) return null;
      const tensor = this.parameters[i]!;
      const memory = this.remember(tensor, this.groupOf(tensor).settings);
      for (const [name, value] of Object.entries(saved)) {
        const own = memory[name];
        if (typeof value === "number") memory[name] = value;
        else if (own instanceof Tensor) copyInto(own, value);
      }
      return memory;
    });
    this.lr = state.lr;
    this.stepCount = state.stepCount;
    this.#memory.clear();
    memories.forEach((memory, i) => {
      if (memory !== null) this.#memory.set(this.parameters[i]!, memory);
    });
    return this;
  }

  /** One line: kind, settings, how many parameters and steps. */
  toString(): string {
    const size = this.parameters.reduce((sum, tensor) => sum + tensor.size, 0);
    const groups = this.groups.length > 1 ? ` in ${this.groups.length} groups` : "";
    return `${this.constructor.name}(${this.details()}), ${size.toLocaleString("en-US")} parameters${groups}, ${this.stepCount.toLocaleString("en-US")} steps`;
  }

  [inspect](): string {
    return this.toString();
  }

  /** What it prints between its brackets. */
  protected abstract details(): string;

  /** Makes what it remembers of a parameter; may run out of memory, so all before any update. */
  protected abstract remember(tensor: Parameter, settings: Settings): Memory;

  /** Changes one parameter. */
  protected abstract update(
    tensor: Parameter,
    gradient: Tensor,
    learningRate: number,
    settings: Settings,
    memory: Memory,
  ): void;

  private groupOf(tensor: Parameter): Group<Settings> {
    return this.groups.find(({ parameters }) => parameters.includes(tensor))!;
  }

  private mismatch(state: OptimizerState): string | null {
    if (state?.optimizer !== this.constructor.name) {
      return `the state is of ${state?.optimizer === undefined ? describeInput(state) : `another optimizer, ${state.optimizer}`}, this is ${this.constructor.name}`;
    }
    if (state.parameters.length !== this.parameters.length) {
      return `the state is of ${state.parameters.length} parameters, this trains ${this.parameters.length}`;
    }
    for (const [i, saved] of state.parameters.entries()) {
      const tensor = this.parameters[i]!;
      for (const [name, value] of Object.entries(saved)) {
        if (typeof value === "number" || value.shape.join() === tensor.shape.join()) continue;
        return `${name} of parameter ${i} is ${describeShape(value.shape)}, the parameter ${describeShape(tensor.shape)}`;
      }
    }
    return null;
  }

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

function groupsOf<Settings extends object>(
  operation: string,
  trained: Trained<Settings>,
  lr: number,
  settings: Settings,
  check: (settings: Settings) => void,
): Group<Settings>[] {
  if (Array.isArray(trained) && trained.some((group: unknown) => isObject(group) && "params" in group)) {
    throw new ArgumentError(
      `${operation}: a group names its parameters in full: { parameters: [w, b], lr: 0.01 }`,
    );
  }
  if (!isGrouped(trained)) {
    return [{ parameters: checkParameters(operation, trained), settings, factor: 1 }];
  }
  const groups = trained.map((group, i) => {
    checkNames(`${operation}: group ${i}`, group, ["parameters", "lr", ...Object.keys(settings)]);
    const { parameters, lr: own = lr, ...other } = group;
    requireNonNegative(operation, `the lr of group ${i}`, own);
    if (own !== lr && lr === 0) {
      throw new ArgumentError(
        `${operation}: group ${i} has a learning rate, but the optimizer's is 0, of which it is no multiple`,
      );
    }
    const merged: Settings = { ...settings, ...other };
    check(merged);
    return {
      parameters: checkParameters(operation, parameters),
      settings: merged,
      factor: own === lr ? 1 : own / lr,
    };
  });
  const seen = new Map<Parameter, number>();
  groups.forEach(({ parameters }, i) => {
    for (const tensor of parameters) {
      if (seen.has(tensor)) {
        throw new ArgumentError(
          `${operation}: a parameter ${describeShape(tensor.shape)} is in group ${seen.get(tensor)} and in group ${i}; it can be in one`,
        );
      }
      seen.set(tensor, i);
    }
  });
  return groups;
}

function isGrouped<Settings extends object>(
  trained: Trained<Settings>,
): trained is readonly ParameterGroup<Settings>[] {
  if (!Array.isArray(trained) || trained.length === 0) return false;
  return trained.every((group: unknown) => isObject(group) && "parameters" in group);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof Tensor);
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
