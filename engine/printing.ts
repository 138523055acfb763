/** Tensors as text. */
import type { TypedArray } from "./backend/backend.ts";
import { valuesOf } from "./memory.ts";
import { describeShape, type Shape } from "./shapes.ts";
import type { NestedNumbers, Tensor } from "./tensor.ts";

/** A tensor of up to this many elements prints in full. */
const FULL = 1000;
/** How many elements of a larger one are shown at each end of a dimension. */
const EDGE = 3;

/** Row-major values as nested arrays. */
export function nestValues(values: TypedArray, shape: Shape): NestedNumbers {
  const nest = (dim: number, start: number, length: number): NestedNumbers => {
    if (dim === shape.length) return values[start]!;
    const size = shape[dim]!;
    const part = size === 0 ? 0 : length / size;
    return Array.from({ length: size }, (_item, i) => nest(dim + 1, start + i * part, part));
  };
  return nest(0, 0, values.length);
}

/** Which positions of a dimension are shown; null stands for "…". */
function shownPositions(size: number, truncate: boolean): (number | null)[] {
  if (!truncate || size <= 2 * EDGE) return Array.from({ length: size }, (_item, i) => i);
  return [0, 1, 2, null, size - 3, size - 2, size - 1];
}

/** One notation for all numbers shown, as in PyTorch: whole numbers bare, else 4 decimals, or scientific for a wide range. */
function chooseFormat(numbers: readonly number[]): (value: number) => string {
  const finite = numbers.filter(Number.isFinite);
  const special = (value: number) => (Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf");
  const format = (write: (value: number) => string) => (value: number) =>
    Number.isFinite(value) ? write(value) : special(value);
  const sizes = finite.map(Math.abs).filter((value) => value > 0);
  const largest = Math.max(0, ...sizes);
  const smallest = sizes.length === 0 ? 1 : Math.min(...sizes);
  const wide = largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4;
  if (finite.every(Number.isInteger))
    return format(largest >= 1e9 ? (value) => value.toExponential(4) : (value) => `${value}.`);
  return format(
    wide && (largest >= 1e5 || smallest < 1e-3)
      ? (value) => value.toExponential(4)
      : (value) => value.toFixed(4),
  );
}

function formatValues(tensor: Tensor, indent: string): string {
  const values = valuesOf(tensor.holding);
  const { shape } = tensor;
  const truncate = tensor.size > FULL;
  const shown: number[] = [];
  const visit = (dim: number, start: number, length: number): void => {
    if (dim === shape.length) shown.push(values[start]!);
    else
      for (const i of shownPositions(shape[dim]!, truncate))
        if (i !== null) visit(dim + 1, start + (i * length) / shape[dim]!, length / shape[dim]!);
  };
  if (tensor.size > 0) visit(0, 0, tensor.size);
  const write =
    tensor.dtype === "bool"
      ? (value: number) => (value === 0 ? "false" : "true")
      : tensor.dtype === "int32"
        ? String
        : chooseFormat(shown);
  const width = Math.max(0, ...shown.map((value) => write(value).length));
  const render = (dim: number, start: number, length: number, margin: string): string => {
    if (dim === shape.length) return write(values[start]!).padStart(shape.length === 0 ? 0 : width);
    const size = shape[dim]!;
    const part = size === 0 ? 0 : length / size;
    const items = shownPositions(size, truncate).map((i) =>
      i === null ? "…" : render(dim + 1, start + i * part, part, `${margin} `),
    );
    if (dim === shape.length - 1) return `[${wrap(items, margin)}]`;
    return `[${items.join(`,${"\n".repeat(shape.length - 1 - dim)}${margin} `)}]`;
  };
  return render(0, 0, tensor.size, indent);
}

/** Breaks a long row into lines of up to 100 characters. */
function wrap(items: readonly string[], margin: string): string {
  const perLine = Math.max(1, Math.floor((100 - margin.length) / ((items[0]?.length ?? 1) + 2)));
  const lines: string[] = [];
  for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(", "));
  return lines.join(`,\n${margin} `);
}

function attributes(tensor: Tensor): string[] {
  const list: string[] = [];
  if (tensor.label !== null) list.push(`label "${tensor.label}"`);
  if (tensor.op !== null) list.push(`op ${tensor.op}`);
  else if (tensor.requiresGrad) list.push("requiresGrad");
  return list;
}

/**
 * `tensor([[1., 2.], [3., 4.]])`: the values, aligned; the corners of large tensors, with the shape. dtype unless float32,
 * and how it takes part in a graph.
 */
export function formatTensor(tensor: Tensor): string {
  if (tensor.isRecycled) return `tensor ${describeShape(tensor.shape)} (recycled: ${tensor.holding.end})`;
  const list = attributes(tensor);
  if (tensor.dtype !== "float32") list.unshift(tensor.dtype);
  if (tensor.size > FULL || tensor.size === 0) list.unshift(`shape ${describeShape(tensor.shape)}`);
  const suffix = list.map((item) => `, ${item}`).join("");
  return `tensor(${formatValues(tensor, "       ")}${suffix})`;
}

/** `Tensor [64, 10] float32, −2.31 … 4.2, mean 0.1, op matmul`. */
export function summariseTensor(tensor: Tensor): string {
  const list = [`Tensor ${describeShape(tensor.shape)} ${tensor.dtype}`];
  if (tensor.isRecycled) list.push("recycled");
  else if (tensor.size > 0) {
    const values = valuesOf(tensor.holding);
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let total = 0;
    let strange = 0;
    for (const value of values) {
      if (!Number.isFinite(value)) strange++;
      else {
        low = Math.min(low, value);
        high = Math.max(high, value);
        total += value;
      }
    }
    const short = (value: number) => String(Number(value.toPrecision(4)));
    if (tensor.size === 1) list.push(short(values[0]!));
    else if (strange < tensor.size)
      list.push(`${short(low)} … ${short(high)}, mean ${short(total / (tensor.size - strange))}`);
    if (strange > 0) list.push(`${strange} of ${tensor.size} are NaN or infinite`);
  }
  return [...list, ...attributes(tensor)].join(", ");
}
