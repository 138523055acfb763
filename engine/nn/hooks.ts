// What watches a module's calls: hooks before and after forward, and on the gradients that pass through it backward. It knows
// no module: only what is called with what.

import type { HookHandle } from "../autograd.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { outsideScopes } from "../memory.ts";
import { type Primitive, run } from "../op.ts";
import { describeShape, sameShape } from "../shapes.ts";
import { Tensor } from "../tensor.ts";
import { describeInput } from "./requireTensor.ts";

type Before = (inputs: readonly Tensor[]) => unknown;
type After = (inputs: readonly Tensor[], output: unknown) => unknown;
type Backward = (inputGradients: readonly (Tensor | null)[], outputGradient: Tensor) => unknown;

/** The hooks of one module, each kind in order of registration. */
export interface ModuleHooks {
  readonly before: Set<{ readonly hook: Before }>;
  readonly after: Set<{ readonly hook: After }>;
  readonly backward: Set<{ readonly hook: Backward }>;
}

const byModule = new WeakMap<object, ModuleHooks>();

/** The hooks of a module, if it ever had any. */
export function hooksOf(module: object): ModuleHooks | undefined {
  return byModule.get(module);
}

/** The hooks of a module, to add to. */
export function ownHooks(module: object): ModuleHooks {
  const hooks = byModule.get(module) ?? { before: new Set(), after: new Set(), backward: new Set() };
  byModule.set(module, hooks);
  return hooks;
}

/** Adds `call`, which runs a student's `hook`, until the handle removes it. */
export function addHook<Hook>(
  operation: string,
  entries: Set<{ readonly hook: Hook }>,
  hook: unknown,
  call: Hook,
): HookHandle {
  if (typeof hook !== "function")
    throw new ArgumentError(`${operation}: a hook is a function, got ${describeValue(hook)}`);
  const entry = { hook: call };
  entries.add(entry);
  return {
    remove() {
      entries.delete(entry);
    },
  };
}

/** Calls a module's forward, with what its hooks make of inputs, output and gradients. */
export function callWithHooks(
  hooks: ModuleHooks,
  module: object,
  inputs: readonly Tensor[],
  forward: (inputs: readonly Tensor[]) => unknown,
): unknown {
  let given = inputs;
  for (const { hook } of [...hooks.before])
    given = nextInputs(
      module,
      given,
      show(() => hook(given), given),
    );
  let output = hooks.backward.size > 0 ? watchGradients(hooks, module, given, forward) : forward(given);
  for (const { hook } of [...hooks.after]) {
    const before = output;
    const answer = show(() => hook(given, before), [...given, before]);
    if (answer instanceof Tensor) output = answer;
  }
  return output;
}

/** Runs a hook as code outside of the module: what it is shown and what it makes can be kept. */
function show(call: () => unknown, shown: readonly unknown[]): unknown {
  for (const value of shown.flat()) if (value instanceof Tensor) value.holding.seen = true;
  return outsideScopes(call);
}

function nextInputs(module: object, inputs: readonly Tensor[], answer: unknown): readonly Tensor[] {
  if (answer instanceof Tensor) {
    if (inputs.length === 1) return [answer];
  } else if (!Array.isArray(answer)) return inputs;
  else if (answer.length === inputs.length && answer.every((value) => value instanceof Tensor)) return answer;
  throw new ArgumentError(
    `registerForwardPreHook: ${module.constructor.name} has ${inputs.length} input${inputs.length === 1 ? "" : "s"}; the hook must return as many tensors, or nothing; it returned ${describeInput(answer)}`,
  );
}

/** The same tensor as a step of its own in the graph: where the gradients of one call can be met. */
const gate: Primitive = {
  name: "identity",
  shape: ([x]) => x!.shape,
  view: () => 0,
  backward: (gradient) => [gradient],
};

function watchGradients(
  hooks: ModuleHooks,
  module: object,
  inputs: readonly Tensor[],
  forward: (inputs: readonly Tensor[]) => unknown,
): unknown {
  const entrances = inputs.map((input) => (input.requiresGrad ? run(gate, [input], undefined) : input));
  const output = forward(entrances);
  if (!(output instanceof Tensor))
    throw new ArgumentError(
      `registerBackwardHook: watches modules that return one Tensor; ${module.constructor.name} returned ${describeInput(output)}. Register a hook on the tensors instead: tensor.registerHook(…)`,
    );
  if (!output.requiresGrad) return output;
  const exit = run(gate, [output], undefined);
  const watched = entrances.filter((entrance) => entrance.node !== null);
  const found: (Tensor | null)[] = inputs.map(() => null);
  let above: Tensor | null = null;
  let missing = 0;
  exit.registerHook((gradient) => {
    above = gradient;
    found.fill(null);
    missing = watched.length;
    if (missing === 0) callBackward(hooks, module, found, gradient);
  });
  entrances.forEach((entrance, i) => {
    if (entrance.node === null) return;
    entrance.registerHook((gradient) => {
      found[i] = gradient;
      return --missing === 0 && above !== null ? callBackward(hooks, module, found, above) : undefined;
    });
  });
  return exit;
}

/** Returns the gradient that takes the place of the only input's. */
function callBackward(
  hooks: ModuleHooks,
  module: object,
  found: (Tensor | null)[],
  above: Tensor,
): Tensor | undefined {
  let replacement: Tensor | undefined;
  for (const { hook } of [...hooks.backward]) {
    const answer = hook([...found], above);
    if (!(answer instanceof Tensor)) continue;
    const gradient = found[0] ?? null;
    if (found.length !== 1 || gradient === null)
      throw new ArgumentError(
        `registerBackwardHook: only the gradient of a single input can be replaced; ${module.constructor.name} has ${found.length === 1 ? "an input without gradient" : `${found.length} inputs`}. Return nothing, or register a hook on the tensor`,
      );
    if (!sameShape(answer.shape, gradient.shape))
      throw new ShapeError(
        `registerBackwardHook: the hook of ${module.constructor.name} returned ${describeShape(answer.shape)} for the input's gradient ${describeShape(gradient.shape)}; they must be equal`,
      );
    found[0] = answer;
    replacement = answer;
  }
  return replacement;
}
