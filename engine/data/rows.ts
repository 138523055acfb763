/** Copies of some rows of a tensor: what a subset or a batch is made of. */

import type { Storage } from "../backend/backend.ts";
import { makeEmpty } from "../creation.ts";
import { blockOf } from "../memory.ts";
import type { Tensor } from "../tensor.ts";

/** The rows that `indices` (int32, on the tensor's own backend) name, as a new tensor made by `operation`. */
export function gatherRows(operation: string, all: Tensor, indices: Storage): Tensor {
  const { backend } = blockOf(all.holding);
  const rowLength = all.size / all.shape[0]!;
  const made = makeEmpty(operation, [indices.length, ...all.shape.slice(1)], all.dtype, backend);
  backend.gatherRows(all.storage, indices, made.storage, rowLength);
  return made;
}

/** The rows `rows` of `all`, kept: on the same memory where they lie one after another, else as a copy. */
export function selectRows(all: Tensor, rows: Int32Array): Tensor {
  const start = rows[0]!;
  if (rows.every((row, i) => row === start + i)) {
    return rows.length === all.shape[0] ? all : all.narrow(0, start, rows.length).keep();
  }
  const { backend } = blockOf(all.holding);
  const indices = backend.allocate("int32", rows.length);
  try {
    indices.values().set(rows);
    return gatherRows("subset", all, indices).keep();
  } finally {
    backend.release(indices);
  }
}
