// Gradients made smaller where they are too large to be followed: between `backward()` and the optimiser's step.

import { ArgumentError, describeValue, GradientError } from "../errors.ts";
import { noGrad } from "../gradmode.ts";
import { markChanged } from "../inplace.ts";
import { blockOf } from "../memory.ts";
import { checkOptions } from "../options.ts";
import { describeShape } from "../shapes.ts";
import { Tensor } from "../tensor.ts";
import type { Parameter } from "./module.ts";
import { describeInput, requireTensor } from "./requireTensor.ts";

/** Options of `clipGradNorm`. */
export interface ClipGradNormOptions {
  /** The norm's p: 2 by default, `Infinity` for the largest absolute value. */
  readonly p?: number;
}

/**
 * Shortens the gradient, all parameters' gradients seen as one long vector, to at most `maxNorm`; its direction stays.
 * Every gradient is multiplied by `maxNorm / (norm + 1e-6)` where that is below 1. Returns the norm before. Parameters
 * without a gradient are left out. Throws a GradientError when there is no gradient at all, or one with NaN or infinity.
 * Source: Pascanu, Mikolov & Bengio 2013, algorithm 1; PyTorch's `clip_grad_norm_`.
 *
 * @example
 * loss.backward();
 * const norm = nn.clipGradNorm(model.parameters(), 1);
 * optimizer.step();
 */
export function clipGradNorm(
  parameters: Iterable<Parameter> | Parameter,
  maxNorm: number,
  options: ClipGradNormOptions = {},
): number {
  checkOptions("clipGradNorm", options, ["p"]);
  const { p = 2 } = options;
  requireBound("clipGradNorm", "maxNorm", maxNorm);
  if (!(typeof p === "number" && p > 0))
    throw new ArgumentError(`clipGradNorm: p must be a number > 0, got ${describeValue(p)}`);
  const clipped = withGradients("clipGradNorm", parameters);
  const norms = clipped.map((parameter) => norm(parameter.gradient!.storage.values(), p));
  norms.forEach((length, i) => {
    if (!Number.isFinite(length))
      throw new GradientError(
        `clipGradNorm: the gradient of ${nameOf(clipped[i]!, i)} contains NaN or infinity, which no factor makes smaller; no gradient was changed. detectAnomaly(() => …) finds the operation that made it`,
      );
  });
  const total = norm(norms, p);
  const factor = maxNorm / (total + 1e-6);
  if (factor < 1) for (const parameter of clipped) change(parameter, (value) => value * factor);
  return total;
}

/**
 * Limits every element of every gradient to `[−maxValue, maxValue]`; the direction changes. Parameters without a gradient
 * are left out. Throws a GradientError when there is no gradient at all. As PyTorch's `clip_grad_value_`.
 *
 * @example
 * loss.backward();
 * nn.clipGradValue(model.parameters(), 0.5);
 * optimizer.step();
 */
export function clipGradValue(parameters: Iterable<Parameter> | Parameter, maxValue: number): void {
  requireBound("clipGradValue", "maxValue", maxValue);
  for (const parameter of withGradients("clipGradValue", parameters))
    change(parameter, (value) => Math.max(-maxValue, Math.min(maxValue, value)));
}

function norm(values: ArrayLike<number>, p: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (Number.isNaN(size)) return Number.NaN;
    if (p === 2) sum += size * size;
    else if (p === Number.POSITIVE_INFINITY) sum = Math.max(sum, size);
    else sum += size ** p;
  }
  return p === Number.POSITIVE_INFINITY ? sum : sum ** (1 / p);
}

/** Writes new values into a parameter's gradient; into a copy of its own where the memory is another tensor's too. */
function change(parameter: Parameter, next: (value: number) => number): void {
  const { gradient } = parameter;
  if (blockOf(gradient!.holding).references > 1 || gradient!.requiresGrad) {
    parameter.gradient = noGrad(() => gradient!.clone());
    if (!gradient!.holding.seen) gradient!.dispose();
  }
  const target: Tensor = parameter.gradient!;
  const values = target.storage.values();
  for (let i = 0; i < values.length; i++) values[i] = next(values[i]!);
  markChanged(target);
}

function withGradients(operation: string, parameters: Iterable<Parameter> | Parameter): Parameter[] {
  const list: unknown = parameters;
  if (typeof list === "function")
    throw new ArgumentError(
      `${operation}: expected parameters, got ${describeInput(list)}; write model.parameters()`,
    );
  if (!(Symbol.iterator in Object(list)) || typeof list === "string")
    throw new ArgumentError(
      `${operation}: expected parameters as an array, got ${describeInput(list)}; write model.parameters() or [w, b]`,
    );
  const all = parameters instanceof Tensor ? [parameters] : [...new Set(parameters)];
  all.forEach((tensor, i) => {
    requireTensor(operation, `parameter ${i}`, tensor);
  });
  const found = all.filter((tensor) => tensor.gradient !== null);
  if (found.length === 0)
    throw new GradientError(`${operation}: no parameter has a gradient; call loss.backward() before it`);
  return found;
}

function requireBound(operation: string, name: string, value: unknown): void {
  if (!(typeof value === "number" && value >= 0 && Number.isFinite(value)))
    throw new ArgumentError(`${operation}: ${name} must be a number ≥ 0, got ${describeValue(value)}`);
}

function nameOf(parameter: Parameter, index: number): string {
  return `parameter ${index} (${parameter.label ? `${parameter.label} ` : ""}${describeShape(parameter.shape)})`;
}
