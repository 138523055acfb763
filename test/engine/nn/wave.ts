import { tensor } from "../../../engine/creation.ts";
import type { Tensor } from "../../../engine/tensor.ts";

/** The numbers of golden.py's `wave`: scale · sin(step · i + phase). */
export function wave(shape: readonly number[], scale: number, step: number, phase = 0): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from({ length: size }, (_, i) => scale * Math.sin(step * i + phase));
  return tensor(values, { shape: [...shape] });
}

/** All numbers of nested arrays. */
export function flat(values: unknown): number[] {
  return Array.isArray(values) ? values.flatMap(flat) : [Number(values)];
}
