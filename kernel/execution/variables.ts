// The student's variables as `%who` lists them. Knows the engine's objects by their shape only.

/** Type and size of what `read` gives: `["Tensor [64, 1, 28, 28] float32", "201 kB"]`. */
export function describeVariable(read: () => unknown): [type: string, size: string] {
  let value: unknown;
  try {
    value = read();
  } catch {
    return ["no value: its cell stopped before", ""];
  }
  try {
    return describe(value);
  } catch (error) {
    // A getter or a recycled tensor may refuse.
    return [nameOf(value), error instanceof Error ? error.name : ""];
  }
}

function describe(value: unknown): [string, string] {
  if (value === null || value === undefined) return [String(value), ""];
  if (typeof value === "string") return ["string", count(value.length, "character")];
  if (typeof value === "function" && isPlain(value))
    return [isClass(value as () => unknown) ? "class" : "function", ""];
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return [typeof value, String(value)];
  if (typeof value === "symbol") return ["symbol", ""];
  const name = nameOf(value);
  if (isTensor(value))
    return [`${name} [${value.shape.join(", ")}] ${value.dtype}`, formatBytes(bytesOf(value))];
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    const length = "length" in value ? ` (${value.length})` : "";
    return [`${name}${length}`, formatBytes(value.byteLength)];
  }
  if (Array.isArray(value)) return [name, count(value.length, "element")];
  if (value instanceof Map || value instanceof Set) return [name, count(value.size, "element")];
  const parameters = parametersOf(value);
  if (parameters) {
    const numbers = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const memory = parameters.reduce((sum, parameter) => sum + bytesOf(parameter), 0);
    return [name, `${count(numbers, "parameter")}, ${formatBytes(memory)}`];
  }
  if (value instanceof Date) return [name, value.toISOString()];
  return [name, count(Object.keys(value).length, name === "Module" ? "export" : "property", "properties")];
}

interface TensorLike {
  shape: readonly number[];
  dtype: string;
}

function isTensor(value: object): value is TensorLike {
  return "shape" in value && Array.isArray(value.shape) && "dtype" in value && "backward" in value;
}

/** What a model, or anything else with a method `parameters`, has learned. */
function parametersOf(value: object): TensorLike[] | null {
  if (!("parameters" in value) || typeof value.parameters !== "function") return null;
  const list: unknown = Reflect.apply(value.parameters, value, []);
  if (!Array.isArray(list)) return null;
  return list.every((each) => typeof each === "object" && each !== null && isTensor(each)) ? list : null;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, each) => product * each, 1);
}

function bytesOf({ shape, dtype }: TensorLike): number {
  return sizeOf(shape) * (dtype === "bool" ? 1 : dtype === "float64" ? 8 : 4);
}

function nameOf(value: unknown): string {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return typeof value;
  const tag: unknown = Reflect.get(value, Symbol.toStringTag);
  if (tag === "Module") return tag;
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((typeof prototype !== "object" && typeof prototype !== "function") || prototype === null)
    return "object";
  const maker: unknown = Reflect.get(prototype, "constructor");
  const name = typeof maker === "function" ? maker.name : "";
  return name === "" || name === "Object" ? "object" : name;
}

/** A function and nothing more; layers are functions too. */
function isPlain(value: object): boolean {
  return /^(?:Async)?(?:Generator)?(?:Function)?$/.test(nameOf(value)) || isClass(value as () => unknown);
}

function isClass(value: (...given: never) => unknown): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString("en-US")} ${number === 1 ? noun : plural}`;
}

/** `201 kB`. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB"];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  const value = bytes / 1000 ** unit;
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `12.3 ms`, `1.23 s`, `3 min 05 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000)
    return `${milliseconds < 10 ? milliseconds.toFixed(2) : milliseconds.toPrecision(3)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** Columns side by side, without trailing spaces. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
