/** Finding the operation that made the first NaN or infinity, forward or backward. */
import { AnomalyError } from "./errors.ts";
import type { GraphNode } from "./op.ts";
import { describePlace } from "./place.ts";
import { describeShape, sameShape, stridesOf } from "./shapes.ts";
import type { Tensor } from "./tensor.ts";

const entered: object[] = [];
let suspended = 0;

/** Whether results are being checked now. */
export let detecting = false;

function update(): void {
  detecting = entered.length > 0 && suspended === 0;
}

/**
 * Runs `body` and stops at the first operation that makes NaN or infinity from finite numbers: an AnomalyError says which
 * operation, in which layer, forward or backward, where in the result, and from what. Everything is slower meanwhile, so
 * use it to find a mistake, not for training. For an async `body` (a whole `fit`) it lasts until its promise settles.
 * Infinity that was given, as in a mask, may pass on; NaN may not. Returns what `body` returns.
 *
 * @example
 * detectAnomaly(() => tensor([1, 0]).log());   // AnomalyError: log made -Infinity at [1], from 0
 * await detectAnomaly(() => fit(model, loader, { optimizer }));
 */
export function detectAnomaly<T>(body: () => T): T {
  const entry = {};
  entered.push(entry);
  update();
  const leave = (): void => {
    entered.splice(entered.indexOf(entry), 1);
    update();
  };
  let result: T;
  try {
    result = body();
  } catch (error) {
    leave();
    throw error;
  }
  if (result instanceof Promise) return result.finally(leave) as T;
  leave();
  return result;
}

/** Runs code whose intermediate results are nobody's business, such as the inside of one operation's gradient. */
export function withoutDetecting<T>(body: () => T): T {
  suspended++;
  update();
  try {
    return body();
  } finally {
    suspended--;
    update();
  }
}

/** Stops checking: for code that was terminated in the middle. */
export function resetAnomalyDetection(): void {
  entered.length = 0;
  suspended = 0;
  update();
}

interface Anomaly {
  readonly value: number;
  readonly index: readonly number[];
  readonly flat: number;
}

/** The first NaN, else the first infinity; null where all are finite. */
function anomalyIn(tensor: Tensor): Anomaly | null {
  if (tensor.dtype !== "float32" && tensor.dtype !== "float64") return null;
  const values = tensor.storage.values();
  let flat = values.findIndex(Number.isNaN);
  if (flat === -1) flat = values.findIndex((value) => !Number.isFinite(value));
  if (flat === -1) return null;
  const index = stridesOf(tensor.shape).map((stride, d) => Math.floor(flat / stride) % tensor.shape[d]!);
  return { value: values[flat]!, index, flat };
}

const at = ({ index }: Anomaly): string => (index.length === 0 ? "" : ` at ${describeShape(index)}`);

const nameOf = (tensor: Tensor): string => (tensor.label === null ? "" : `${tensor.label} `);

/** `, from 0 and 3`: the operands' elements that the result's element comes from, where that is one each. */
function origins(found: Anomaly, out: Tensor, inputs: readonly Tensor[]): string {
  if (!inputs.every((input) => input.size === 1 || sameShape(input.shape, out.shape))) return "";
  const parts = inputs.map((input) => input.storage.values()[input.size === 1 ? 0 : found.flat]!);
  return `, from ${parts.join(" and ")}`;
}

/** Checks what an operation computed. */
export function checkResult(operation: string, inputs: readonly Tensor[], out: Tensor): void {
  const found = anomalyIn(out);
  if (found === null) return;
  for (let i = 0; i < inputs.length; i++) {
    const operand = anomalyIn(inputs[i]!);
    if (operand === null) continue;
    if (!Number.isNaN(found.value)) return;
    const cause = Number.isNaN(operand.value) ? "contains NaN already" : `contains ${operand.value}`;
    throw new AnomalyError(
      `${operation} made NaN${at(found)}: its operand ${i}, ${nameOf(inputs[i]!)}${describeShape(inputs[i]!.shape)}, ${cause}${at(operand)}`,
    );
  }
  throw new AnomalyError(
    `${operation} made ${found.value}${at(found)}${origins(found, out, inputs)} (the first in the forward pass)`,
  );
}

/** Checks what one operation's gradient computed from `gradient`, the gradient of its result. */
export function checkParts(node: GraphNode, gradient: Tensor, parts: readonly (Tensor | null)[]): void {
  const operation = node.primitive.name;
  const where = node.place === null ? "" : `${describePlace(node.place)}: `;
  const given = anomalyIn(gradient);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? null;
    const input = node.inputs[i]!;
    const found = part === null || !input.requiresGrad ? null : anomalyIn(part);
    if (found === null) continue;
    const cause =
      given === null
        ? sameShape(input.shape, part!.shape)
          ? `, where the operand is ${input.storage.values()[found.flat]}`
          : ""
        : `; the gradient given to backward() contains ${given.value}${at(given)} already`;
    throw new AnomalyError(
      `${where}the gradient of ${operation} for its operand ${i}, ${nameOf(input)}${describeShape(input.shape)}, is ${found.value}${at(found)}${cause} (the first in the backward pass)`,
    );
  }
}
