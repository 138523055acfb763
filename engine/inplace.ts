// Changes of a tensor's values where they are: what initialisers, optimisers and loading do. No operation of a graph does
// it; a graph that used the tensor before notices by its version.

import type { Backend } from "./backend/backend.ts";
import { blockOf, noteChange } from "./memory.ts";
import type { Tensor } from "./tensor.ts";

/** The backend a tensor lives on. */
export function backendOf(tensor: Tensor): Backend {
  return blockOf(tensor.holding).backend;
}

/** Tells graphs that used the tensor that its values are others now. */
export function markChanged(tensor: Tensor): void {
  noteChange(tensor.holding);
}

/** Writes `next()` to every element, in row-major order. */
export function writeEach(tensor: Tensor, next: () => number): void {
  const values = tensor.storage.values();
  for (let i = 0; i < values.length; i++) values[i] = next();
  markChanged(tensor);
}

/** Copies `source`, of the same size, into `target`; dtypes and backends may differ. */
export function copyInto(target: Tensor, source: Tensor): void {
  if (backendOf(target) === backendOf(source)) backendOf(target).copy(source.storage, target.storage);
  else target.storage.values().set(source.storage.values());
  markChanged(target);
}
