// The safetensors format: named tensors behind a header of JSON. It takes no memory for a tensor before the whole header has
// been found sound, and it runs nothing that a file says. The format: github.com/huggingface/safetensors.

import type { DType, TypedArray } from "../backend/backend.ts";
import { getBackend } from "../backend/current.ts";
import { tensor } from "../creation.ts";
import { ArgumentError, describeValue } from "../errors.ts";
import { Tensor } from "../tensor.ts";

/** A file whose parts can be read: `nodeWeightFiles.ts` on Node. */
export interface WeightFile {
  readonly size: number;
  read(start: number, length: number): Promise<Uint8Array>;
}

/** What a file says that cannot be: it is damaged, cut off, not of this format, or made to do harm. */
export class WeightFileError extends Error {
  /** "WeightFileError". */
  override readonly name = "WeightFileError";
}

interface Entry {
  readonly name: string;
  readonly kind: Kind;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

interface Kind {
  readonly bytes: number;
  /** What a tensor of these values is here. */
  readonly dtype: DType;
  /** Reads the little-endian values. */
  readonly decode: (bytes: DataView, count: number, name: string) => TypedArray | readonly number[];
}

const largestHeader = 100_000_000;

const filled = <Values extends TypedArray>(values: Values, at: (i: number) => number): Values => {
  for (let i = 0; i < values.length; i++) values[i] = at(i);
  return values;
};

const kinds: Readonly<Record<string, Kind>> = {
  F64: {
    bytes: 8,
    dtype: "float64",
    decode: (view, n) => filled(new Float64Array(n), (i) => view.getFloat64(8 * i, true)),
  },
  F32: {
    bytes: 4,
    dtype: "float32",
    decode: (view, n) => copyOf(view, n) ?? filled(new Float32Array(n), (i) => view.getFloat32(4 * i, true)),
  },
  F16: {
    bytes: 2,
    dtype: "float32",
    decode: (view, n) => filled(new Float32Array(n), (i) => halfValue(view.getUint16(2 * i, true))),
  },
  BF16: {
    bytes: 2,
    dtype: "float32",
    decode: (view, n) => {
      const upper = new Uint32Array(n);
      for (let i = 0; i < n; i++) upper[i] = view.getUint16(2 * i, true) << 16;
      return new Float32Array(upper.buffer);
    },
  },
  I64: {
    bytes: 8,
    dtype: "int32",
    decode: (view, n, name) =>
      filled(new Int32Array(n), (i) => {
        const value = view.getBigInt64(8 * i, true);
        if (value !== BigInt.asIntN(32, value)) {
          throw new WeightFileError(
            `loadSafetensors: ${name} holds ${value}, which does not fit the 32 bits of int32`,
          );
        }
        return Number(value);
      }),
  },
  I32: {
    bytes: 4,
    dtype: "int32",
    decode: (view, n) => filled(new Int32Array(n), (i) => view.getInt32(4 * i, true)),
  },
  I16: {
    bytes: 2,
    dtype: "int32",
    decode: (view, n) => filled(new Int32Array(n), (i) => view.getInt16(2 * i, true)),
  },
  I8: { bytes: 1, dtype: "int32", decode: (view, n) => filled(new Int32Array(n), (i) => view.getInt8(i)) },
  U8: { bytes: 1, dtype: "int32", decode: (view, n) => filled(new Int32Array(n), (i) => view.getUint8(i)) },
  // A byte other than 0 and 1 is true, as where the format comes from.
  BOOL: { bytes: 1, dtype: "bool", decode: (view, n) => filled(new Uint8Array(n), (i) => view.getUint8(i)) },
};

const kindOfDtype: Readonly<Record<DType, string>> = {
  float32: "F32",
  float64: "F64",
  int32: "I32",
  bool: "BOOL",
};

/** The bits as they are, where the machine is little-endian as the file is. */
function copyOf(view: DataView, count: number): Float32Array | null {
  if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1) return null;
  const copy = new Float32Array(count);
  new Uint8Array(copy.buffer).set(new Uint8Array(view.buffer, view.byteOffset, 4 * count));
  return copy;
}

/** IEEE 754 binary16: 1 bit sign, 5 bits exponent, 10 bits fraction. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const renamed: readonly (readonly [ours: string, pyTorch: string])[] = [
  ["runningMean", "running_mean"],
  ["runningVar", "running_var"],
  ["numBatchesTracked", "num_batches_tracked"],
];

/** PyTorch writes the buffers of batch normalisation in its own spelling; all other names are alike. */
function rename(path: string, from: 0 | 1): string {
  const cut = path.lastIndexOf(".") + 1;
  const pair = renamed.find((names) => names[from] === path.slice(cut));
  return pair === undefined ? path : path.slice(0, cut) + pair[1 - from];
}

/**
 * The bytes of a safetensors file, in parts: the header first, then each tensor. `state` is what `model.stateDict()` gives;
 * `metadata` is kept in the header.
 */
export function* encodeSafetensors(
  state: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array, void, undefined> {
  if (typeof state !== "object" || state === null || state instanceof Tensor) {
    throw new ArgumentError(
      `saveSafetensors: needs tensors by name, as model.stateDict() gives them; got ${describeValue(state)}`,
    );
  }
  const header: Record<string, unknown> = { __metadata__: { format: "pt", ...metadata } };
  // The largest elements first, so that each tensor starts at a multiple of its element's size.
  const tensors = Object.entries(state).map(([path, value]) => {
    if (!(value instanceof Tensor)) {
      throw new ArgumentError(
        `saveSafetensors: ${path} must be a Tensor, got ${describeValue(value)}; pass model.stateDict()`,
      );
    }
    return { name: rename(path, 0), kind: kindOfDtype[value.dtype], value };
  });
  tensors.sort((a, b) => kinds[b.kind]!.bytes - kinds[a.kind]!.bytes || (a.name < b.name ? -1 : 1));
  let end = 0;
  for (const { name, kind, value } of tensors) {
    if (name === "__metadata__" || Object.hasOwn(header, name)) {
      throw new ArgumentError(`saveSafetensors: two tensors would have the name ${JSON.stringify(name)}`);
    }
    const start = end;
    end += value.size * kinds[kind]!.bytes;
    header[name] = { dtype: kind, shape: value.shape, data_offsets: [start, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const head = new Uint8Array(8 + padded).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true);
  head.set(text, 8);
  yield head;
  for (const { kind, value } of tensors) yield encodeValues(value.toTypedArray(), kind);
}

function encodeValues(values: TypedArray, kind: string): Uint8Array {
  const { bytes } = kinds[kind]!;
  const encoded = new Uint8Array(values.length * bytes);
  if (new Uint8Array(Uint32Array.of(1).buffer)[0] === 1) {
    encoded.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return encoded;
  }
  const view = new DataView(encoded.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (kind === "F64") view.setFloat64(8 * i, value, true);
    else if (kind === "F32") view.setFloat32(4 * i, value, true);
    else if (kind === "I32") view.setInt32(4 * i, value, true);
    else view.setUint8(i, value);
  }
  return encoded;
}

/**
 * The tensors of a safetensors file by name. The whole header is checked against the size of the file before memory is
 * taken for any of them. Throws a WeightFileError for a file that is cut off, damaged or of another format.
 */
export async function decodeSafetensors(file: WeightFile): Promise<Record<string, Tensor>> {
  const entries = await readHeader(file);
  const names = new Set<string>();
  for (const { name } of entries) {
    const own = rename(name, 1);
    if (names.has(own)) throw damaged(`two of its tensors are called ${own} here`);
    names.add(own);
  }
  const loaded: [string, Tensor][] = [];
  for (const { name, kind, shape, start, end } of entries) {
    const bytes = await file.read(start, end - start);
    if (bytes.length !== end - start) throw damaged(`it ends in the middle of ${name}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const values = kind.decode(view, (end - start) / kind.bytes, name);
    const dtype = kind.dtype === "float64" && getBackend().name !== "reference" ? "float32" : kind.dtype;
    const made = tensor(values, { shape: [...shape], dtype });
    loaded.push([rename(name, 1), made]);
  }
  return Object.fromEntries(loaded);
}

function damaged(what: string): WeightFileError {
  return new WeightFileError(
    `loadSafetensors: the file is damaged, cut off or not in the safetensors format: ${what}`,
  );
}

async function readHeader(file: WeightFile): Promise<Entry[]> {
  if (file.size < 8) throw damaged(`it has ${file.size} bytes, the length of the header alone takes 8`);
  const first = await file.read(0, 8);
  const length = Number(new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true));
  if (length > largestHeader)
    throw damaged(`its header would have ${length} bytes, at most ${largestHeader} may be`);
  if (8 + length > file.size)
    throw damaged(`its header would have ${length} bytes, the whole file has ${file.size}`);
  const bytes = await file.read(8, length);
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw damaged("its header is no JSON");
  }
  if (bytes[0] !== 0x7b || typeof header !== "object" || header === null)
    throw damaged("its header is no JSON object");
  const twice = repeatedName(text);
  if (twice !== null)
    throw damaged(`its header says ${JSON.stringify(twice)} twice, and only one can be meant`);
  const dataStart = 8 + length;
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => readEntry(name, entry, dataStart, file.size))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  let next = dataStart;
  for (const { name, start, end } of entries) {
    if (start !== next)
      throw damaged(`${name} ${start < next ? "overlaps another tensor" : "leaves a gap before it"}`);
    next = end;
  }
  if (next !== file.size) throw damaged(`${file.size - next} bytes after the last tensor belong to none`);
  return entries;
}

/** A name that an object of a JSON text has more than once: `JSON.parse` keeps the last in silence, the format forbids it. */
function repeatedName(text: string): string | null {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{") open.push(new Set());
    else if (text[i] === "}") open.pop();
    if (text[i] !== '"') continue;
    const start = i++;
    while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
    let after = i + 1;
    while (/\s/.test(text[after] ?? "")) after++;
    if (text[after] !== ":") continue;
    const name: string = JSON.parse(text.slice(start, i + 1));
    const names = open.at(-1)!;
    if (names.has(name)) return name;
    names.add(name);
  }
  return null;
}

function readEntry(name: string, entry: unknown, dataStart: number, size: number): Entry {
  if (typeof entry !== "object" || entry === null) throw damaged(`${name} has no description`);
  const dtype: unknown = Reflect.get(entry, "dtype");
  const shape: unknown = Reflect.get(entry, "shape");
  const offsets: unknown = Reflect.get(entry, "data_offsets");
  const kind = typeof dtype === "string" && Object.hasOwn(kinds, dtype) ? kinds[dtype] : undefined;
  if (kind === undefined) {
    throw new WeightFileError(
      `loadSafetensors: ${name} holds ${describeValue(dtype)}; known are ${Object.keys(kinds).join(", ")}`,
    );
  }
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw damaged(`the shape of ${name} is no list of sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw damaged(`the offsets of ${name} are no pair of places`);
  const [from, to] = offsets as [number, number];
  const bytes = shape.reduce((product: number, length: number) => product * length, kind.bytes);
  if (to > size - dataStart || from > to)
    throw damaged(`${name} would end at byte ${dataStart + to}, the file has ${size}`);
  if (bytes !== to - from)
    throw damaged(
      `${name} [${shape.join(", ")}] of ${String(dtype)} needs ${bytes} bytes, the header gives it ${to - from}`,
    );
  return { name, kind, shape, start: dataStart + from, end: dataStart + to };
}
