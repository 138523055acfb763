// Loading what fits of a state into a model, with a report of what did not.

import { ArgumentError, describeValue } from "../errors.ts";
import { copyInto } from "../inplace.ts";
import { inspect } from "../inspect.ts";
import { type AnyModule, isOptional, requireModule } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import { describeShape, type Shape, sameShape } from "../shapes.ts";
import { Tensor } from "../tensor.ts";

/** Options of `loadWeights`. */
export interface LoadOptions {
  /** Leaves out what begins with one of these paths, such as `"fc"` for a head that is to be trained anew. */
  readonly except?: readonly string[];
}

/** What {@link loadWeights} did, by path. */
export class LoadReport {
  /** Copied into the model. */
  readonly loaded: readonly string[];
  /** In the model, not in the state: as they were. Not a batch norm's count of batches, which older files lack. */
  readonly missing: readonly string[];
  /** In the state, not in the model. */
  readonly unexpected: readonly string[];
  /** In both, of different shapes: as they were. */
  readonly misshapen: readonly { readonly path: string; readonly model: Shape; readonly state: Shape }[];

  constructor(
    loaded: readonly string[],
    missing: readonly string[],
    unexpected: readonly string[],
    misshapen: LoadReport["misshapen"],
  ) {
    this.loaded = loaded;
    this.missing = missing;
    this.unexpected = unexpected;
    this.misshapen = misshapen;
  }

  /** A line for what was loaded, one for each thing that was not. */
  toString(): string {
    const lines = [`${this.loaded.length} tensor${this.loaded.length === 1 ? "" : "s"} loaded`];
    for (const path of this.missing) lines.push(`missing from the state: ${path}`);
    for (const { path, model, state } of this.misshapen)
      lines.push(
        `of another shape: ${path} is ${describeShape(model)} in the model, ${describeShape(state)} in the state`,
      );
    for (const path of this.unexpected) lines.push(`not in the model: ${path}`);
    return lines.join("\n  ");
  }

  /** Node's `console.log(report)` prints the same. */
  [inspect](): string {
    return this.toString();
  }
}

/**
 * Copies into a model what a state has of the same path and shape, leaves the rest as it is, and reports both: for a model
 * whose head differs from the one that was trained (lecture step 003.70). Where all must fit, `model.loadStateDict(state)`
 * throws instead of loading a part. Throws an ArgumentError when nothing at all fits.
 *
 * @example
 * const report = exchange.loadWeights(model, await exchange.loadSafetensors("resnet18.safetensors"), { except: ["fc"] })
 * report.missing   // ["fc.weight", "fc.bias"]
 */
export function loadWeights(
  model: AnyModule,
  state: Readonly<Record<string, Tensor>>,
  options: LoadOptions = {},
): LoadReport {
  checkOptions("loadWeights", options, ["except"]);
  const { except = [] } = options;
  requireModule("loadWeights", "the first argument", model);
  if (typeof state !== "object" || state === null || state instanceof Promise || state instanceof Tensor) {
    throw new ArgumentError(
      `loadWeights: the state must be tensors by name, got ${describeValue(state)}; read it with await exchange.loadSafetensors(path)`,
    );
  }
  const left = (path: string): boolean =>
    except.some((start) => path === start || path.startsWith(`${start}.`));
  const own = new Map([...model.namedParameters(), ...model.namedBuffers()]);
  const loaded: string[] = [];
  const missing: string[] = [];
  const misshapen: { path: string; model: Shape; state: Shape }[] = [];
  for (const [path, target] of own) {
    const saved = Object.hasOwn(state, path) && !left(path) ? state[path] : undefined;
    if (saved === undefined && isOptional(target) && !left(path)) continue;
    if (saved === undefined) missing.push(path);
    else if (!(saved instanceof Tensor))
      throw new ArgumentError(`loadWeights: ${path} must be a Tensor, got ${describeValue(saved)}`);
    else if (!sameShape(saved.shape, target.shape))
      misshapen.push({ path, model: target.shape, state: saved.shape });
    else loaded.push(path);
  }
  const unexpected = Object.keys(state).filter((path) => !own.has(path) && !left(path));
  const report = new LoadReport(loaded, missing, unexpected, misshapen);
  if (loaded.length === 0) {
    throw new ArgumentError(
      `loadWeights: nothing of the state fits the model; the state is of another model:\n  ${report}`,
    );
  }
  for (const path of loaded) copyInto(own.get(path)!, state[path]!);
  return report;
}
