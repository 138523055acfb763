/** Making tensors: from numbers, of one value, in a row, at random. */
import type { Backend, DType, TypedArray } from "./backend/backend.ts";
import { getBackend, withBackend } from "./backend/current.ts";
import { ArgumentError, DTypeError, describeValue, ShapeError } from "./errors.ts";
import { allocate } from "./memory.ts";
import { checkOptions } from "./options.ts";
import { defaultGenerator, type Generator } from "./random.ts";
import {
  broadcastShapes,
  broadcastStrides,
  checkShape,
  describeShape,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from "./shapes.ts";
import { type NestedNumbers, Tensor } from "./tensor.ts";

/** Options of the functions that make tensors: `zeros`, `full`, `arange`, `eye` and the like. */
export interface CreationOptions {
  /** "float32", "float64", "int32" or "bool"; each function says its default. */
  dtype?: DType;
  /** Whether `backward()` computes a gradient for it (default false); floats only. */
  requiresGrad?: boolean;
}

/** Options of `tensor`. */
export interface TensorOptions extends CreationOptions {
  /** The shape of values given as one flat array. */
  shape?: readonly number[];
}

/** Options of the functions that draw numbers: `rand`, `randn`, `randint`, `bernoulli` and the like. */
export interface RandomOptions extends CreationOptions {
  /** Where the random numbers come from; the default generator, which `seed(n)` resets, if omitted. */
  generator?: Generator;
}

const known = ["dtype", "requiresGrad"] as const;
const knownAtRandom = [...known, "generator"] as const;

/** What `tensor` accepts: numbers or truth values, nested as deep as there are dimensions, or a typed array. */
export type TensorData =
  | number
  | boolean
  | TypedArray
  | Uint8ClampedArray
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint32Array
  | readonly TensorData[]
  | NestedNumbers;

const dtypes: readonly string[] = ["float32", "float64", "int32", "bool"];

function checkDType(operation: string, dtype: unknown): void {
  if (typeof dtype !== "string" || !dtypes.includes(dtype))
    throw new DTypeError(
      `${operation}: dtype is one of "float32", "float64", "int32", "bool"; got ${describeValue(dtype)}`,
    );
}

/** The shape of a new tensor; says so when sizes are given one by one. */
function newShape(operation: string, shape: unknown, options: unknown): number[] {
  if (typeof options === "number")
    throw new ArgumentError(
      `${operation}: the shape is one array of sizes, as in [${String(shape)}, ${options}]; what follows is { options }`,
    );
  return checkShape(operation, shape);
}

/** A new tensor with undefined contents. */
export function makeEmpty(operation: string, shape: Shape, dtype: DType, backend = getBackend()): Tensor {
  checkDType(operation, dtype);
  return new Tensor(allocate(backend, dtype, shape, operation));
}

function finish(made: Tensor, options: CreationOptions): Tensor {
  if (options.requiresGrad) made.requiresGrad = true;
  return made;
}

// ── From numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Walks down the first elements: the shape the data claims to have. */
function claimedShape(data: unknown): number[] {
  const shape: number[] = [];
  let level: unknown = data;
  while (Array.isArray(level) || isTyped(level)) {
    shape.push(level.length);
    if (level.length === 0) break;
    level = level[0];
  }
  return shape;
}

function isTyped(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && "length" in value;
}

function fillFrom(
  data: unknown,
  shape: Shape,
  depth: number,
  out: TypedArray,
  start: number,
  path: string,
): number {
  if (depth === shape.length) {
    if (typeof data === "number") out[start] = data;
    else if (typeof data === "boolean") out[start] = data ? 1 : 0;
    else throw notANumber(data, path, shape);
    return start + 1;
  }
  if (!Array.isArray(data) && !isTyped(data)) throw ragged(data, path, shape, depth);
  if (data.length !== shape[depth]) throw ragged(data, path, shape, depth);
  let next = start;
  for (let i = 0; i < data.length; i++)
    next = fillFrom(data[i], shape, depth + 1, out, next, `${path}[${i}]`);
  return next;
}

function notANumber(value: unknown, path: string, shape: Shape): Error {
  if (Array.isArray(value)) return ragged(value, path, shape, shape.length);
  const where = path === "" ? "" : ` at ${path}`;
  const remedy =
    typeof value === "string"
      ? "; convert text with Number(…) first"
      : value instanceof Tensor
        ? "; join tensors with stack([…])"
        : typeof value === "bigint"
          ? "; convert with Number(…)"
          : "";
  return new ArgumentError(`tensor: expected numbers, got ${describeValue(value)}${where}${remedy}`);
}

function ragged(value: unknown, path: string, shape: Shape, depth: number): Error {
  const expected = depth < shape.length ? `${shape[depth]} elements` : "a number";
  return new ShapeError(
    `tensor: the nested array is ragged: every row must have as many elements as the first one; ` +
      `data${path} should have ${expected}, it is ${describeValue(value)}`,
  );
}

/** The dtype that fits JavaScript data: truth values are bool, Int32Array is int32, everything else float32. */
function dtypeOf(data: unknown): DType {
  let level = data;
  while (Array.isArray(level) && level.length > 0) level = level[0];
  if (typeof level === "boolean") return "bool";
  if (level instanceof Int32Array) return "int32";
  if (level instanceof Float64Array && getBackend().name === "reference") return "float64";
  return "float32";
}

/**
 * A tensor of the given numbers: a number, nested arrays, or a typed array (with its `shape`, or flat). float32 unless
 * `dtype` says otherwise; truth values make bool, an Int32Array int32. Throws where arrays are ragged or hold no numbers.
 *
 * @example
 * tensor([[1, 2], [3, 4]], { requiresGrad: true })
 * tensor(new Float32Array(784), { shape: [1, 28, 28] })
 */
export function tensor(data: TensorData, options: TensorOptions = {}): Tensor {
  checkOptions("tensor", options, [...known, "shape"]);
  const given: unknown = data;
  if (given === undefined || given === null || typeof given === "string" || given instanceof Tensor)
    throw notTensorData(given);
  const dtype = options.dtype ?? dtypeOf(data);
  const natural = claimedShape(data);
  const shape = options.shape === undefined ? natural : checkShape("tensor", options.shape);
  const size = sizeOf(natural);
  if (sizeOf(shape) !== size)
    throw new ShapeError(
      `tensor: shape ${describeShape(shape)} has ${sizeOf(shape)} elements, the data has ${size}`,
    );
  const made = makeEmpty("tensor", shape, dtype);
  const values = made.storage.values();
  // The shape-only backend has no values to set.
  if (isTyped(data) && dtype !== "bool") values.set(values.length === 0 ? [] : data);
  else fillFrom(data, natural, 0, values, 0, "");
  if (dtype === "bool") for (let i = 0; i < values.length; i++) values[i] = values[i] === 0 ? 0 : 1;
  return finish(made, options);
}

function notTensorData(value: unknown): Error {
  if (value instanceof Tensor)
    return new ArgumentError(
      "tensor: this is a tensor already; use .clone() for a copy, .detach() to leave its graph",
    );
  return notANumber(value, "", []);
}

/** @internal A number as a tensor without dimensions, to go with operands of this dtype on this backend. Cached. */
export function constant(value: number, dtype: DType, backend: Backend): Tensor {
  let cache = constants.get(backend);
  if (cache === undefined) {
    cache = new Map();
    constants.set(backend, cache);
  }
  const key = dtype === "float32" ? value : `${value} ${dtype}`;
  const known = Object.is(value, -0) ? undefined : cache.get(key);
  if (known !== undefined) return known;
  const made = makeEmpty("constant", [], dtype, backend);
  backend.fill(made.storage, value);
  if (cache.size < 256 && !Object.is(value, -0)) {
    made.keep();
    cache.set(key, made);
  }
  return made;
}

const constants = new WeakMap<Backend, Map<number | string, Tensor>>();

// ── Of one value ─────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A tensor of this shape with one value everywhere. Throws a ShapeError for a size that is no whole number from 0 up.
 *
 * @example
 * full([2, 2], 7)   // [[7, 7], [7, 7]]
 */
export function full(shape: readonly number[], value: number, options: CreationOptions = {}): Tensor {
  if (typeof value !== "number")
    throw new ArgumentError(`full: the value is a number; got ${describeValue(value)}`);
  return filled("full", shape, value, options);
}

function filled(
  operation: string,
  shape: readonly number[],
  value: number,
  options: CreationOptions,
): Tensor {
  const sizes = newShape(operation, shape, options);
  checkOptions(operation, options, known);
  const made = makeEmpty(operation, sizes, options.dtype ?? "float32");
  getBackend().fill(made.storage, value);
  return finish(made, options);
}

/**
 * A tensor of zeros. Throws a ShapeError for a size that is no whole number from 0 up.
 *
 * @example
 * zeros([64, 10])   // [64, 10]
 */
export function zeros(shape: readonly number[], options: CreationOptions = {}): Tensor {
  return filled("zeros", shape, 0, options);
}

/** A tensor of ones. Throws a ShapeError for a size that is no whole number from 0 up. */
export function ones(shape: readonly number[], options: CreationOptions = {}): Tensor {
  return filled("ones", shape, 1, options);
}

/**
 * Shape, dtype and backend of `like`, one value everywhere. Throws an ArgumentError when `like` is no tensor.
 *
 * @example
 * fullLike(zeros([2]), 7)   // [7, 7]
 */
export function fullLike(like: Tensor, value: number, options: CreationOptions = {}): Tensor {
  return filledLike("fullLike", like, value, options);
}

function filledLike(operation: string, like: Tensor, value: number, options: CreationOptions): Tensor {
  checkOptions(operation, options, known);
  checkLike(operation, like);
  const { backend } = like.holding;
  const made = makeEmpty(operation, like.shape, options.dtype ?? like.dtype, backend);
  backend.fill(made.storage, value);
  return finish(made, options);
}

/** Zeros in the shape and dtype of `like`. Throws an ArgumentError when `like` is no tensor. */
export function zerosLike(like: Tensor, options: CreationOptions = {}): Tensor {
  return filledLike("zerosLike", like, 0, options);
}

/** Ones in the shape and dtype of `like`. Throws an ArgumentError when `like` is no tensor. */
export function onesLike(like: Tensor, options: CreationOptions = {}): Tensor {
  return filledLike("onesLike", like, 1, options);
}

/**
 * The identity matrix `[rows, columns]`; square if only `rows` is given. Throws a ShapeError for a size that is no
 * whole number from 0 up.
 *
 * @example
 * eye(2)   // [[1, 0], [0, 1]]
 */
export function eye(rows: number, columns = rows, options: CreationOptions = {}): Tensor {
  checkOptions("eye", options, known);
  const made = zeros(checkShape("eye", [rows, columns]), { ...options, requiresGrad: false });
  const values = made.storage.values();
  for (let i = 0; i < Math.min(rows, columns); i++) values[i * columns + i] = 1;
  return finish(made, options);
}

// ── In a row ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * `start, start + step, …` up to but not including `end`; `arange(n)` counts 0 … n − 1. float32 unless `dtype` says
 * int32. Throws an ArgumentError when the steps never arrive.
 *
 * @example
 * arange(2, 10, 3)   // [2, 5, 8]
 */
export function arange(start: number, end?: number, step = 1, options: CreationOptions = {}): Tensor {
  checkOptions("arange", options, known);
  const [from, to] = end === undefined ? [0, start] : [start, end];
  for (const bound of [from, to, step])
    if (typeof bound !== "number" || !Number.isFinite(bound))
      throw new ArgumentError(`arange: start, end and step are finite numbers; got ${describeValue(bound)}`);
  if (step === 0 || (to - from) / step < 0)
    throw new ArgumentError(`arange: from ${from} to ${to} by steps of ${step} never arrives`);
  const count = Math.ceil((to - from) / step);
  const made = makeEmpty("arange", [count], options.dtype ?? "float32");
  const values = made.storage.values();
  for (let i = 0; i < count; i++) values[i] = from + i * step;
  return finish(made, options);
}

/**
 * `count` numbers from `start` to `end`, both included, evenly spaced. Throws a ShapeError for a size that is no
 * whole number from 0 up.
 *
 * @example
 * linspace(0, 1, 5)   // [0, 0.25, 0.5, 0.75, 1]
 */
export function linspace(start: number, end: number, count: number, options: CreationOptions = {}): Tensor {
  checkOptions("linspace", options, known);
  const shape = checkShape("linspace", count);
  const made = makeEmpty("linspace", shape, options.dtype ?? "float32");
  const values = made.storage.values();
  for (let i = 0; i < count; i++)
    values[i] = i === count - 1 && count > 1 ? end : start + (i * (end - start)) / Math.max(1, count - 1);
  return finish(made, options);
}

// ── At random ────────────────────────────────────────────────────────────────────────────────────────────────────────

function random(
  operation: string,
  shape: readonly number[],
  options: RandomOptions,
  dtype: DType,
  fill: (generator: Generator, values: TypedArray) => void,
): Tensor {
  const sizes = newShape(operation, shape, options);
  checkOptions(operation, options, knownAtRandom);
  const made = makeEmpty(operation, sizes, options.dtype ?? dtype);
  fill(options.generator ?? defaultGenerator, made.storage.values());
  return finish(made, options);
}

/** Uniform random numbers in [0, 1). Throws a ShapeError for a size that is no whole number from 0 up. */
export function rand(shape: readonly number[], options: RandomOptions = {}): Tensor {
  return random("rand", shape, options, "float32", (generator, values) => {
    for (let i = 0; i < values.length; i++) values[i] = generator.uniform();
  });
}

/**
 * Normally distributed random numbers with mean 0 and standard deviation 1. Throws a ShapeError for a size that is no
 * whole number from 0 up.
 *
 * @example
 * randn([64, 10])   // [64, 10]
 */
export function randn(shape: readonly number[], options: RandomOptions = {}): Tensor {
  return random("randn", shape, options, "float32", (generator, values) => {
    for (let i = 0; i < values.length; i++) values[i] = generator.normal();
  });
}

/**
 * Uniform random numbers in [0, 1), in the shape, dtype and on the backend of `like`. Throws an ArgumentError when
 * `like` is no tensor.
 */
export function randLike(like: Tensor, options: RandomOptions = {}): Tensor {
  checkOptions("randLike", options, knownAtRandom);
  checkLike("randLike", like);
  return withBackend(like.holding.backend, () => rand(like.shape, { dtype: floatOf(like), ...options }));
}

/**
 * Normally distributed random numbers, in the shape, dtype and on the backend of `like`. Throws an ArgumentError when
 * `like` is no tensor.
 */
export function randnLike(like: Tensor, options: RandomOptions = {}): Tensor {
  checkOptions("randnLike", options, knownAtRandom);
  checkLike("randnLike", like);
  return withBackend(like.holding.backend, () => randn(like.shape, { dtype: floatOf(like), ...options }));
}

function checkLike(operation: string, like: unknown): void {
  if (!(like instanceof Tensor))
    throw new ArgumentError(`${operation}: expected a tensor, got ${describeValue(like)}`);
}

const floatOf = (like: Tensor): DType => (like.dtype === "float64" ? "float64" : "float32");

/**
 * Normally distributed random numbers with the given mean and standard deviation: numbers, or tensors that broadcast;
 * `shape` is theirs unless given. No gradient flows through: for the reparametrisation trick write
 * `mean.add(randnLike(mean).mul(deviation))`. Throws an ArgumentError for a deviation below 0, a ShapeError when the
 * shapes do not fit.
 *
 * @example
 * normal(0, 0.1, [64, 10])
 */
export function normal(
  mean: Tensor | number,
  deviation: Tensor | number,
  shape?: readonly number[],
  options: RandomOptions = {},
): Tensor {
  const parameters = [mean, deviation].map((value, i) => {
    if (value instanceof Tensor) return value;
    if (typeof value === "number") return { shape: [], storage: { values: () => [value] } };
    throw new ArgumentError(
      `normal: the ${i === 0 ? "mean" : "standard deviation"} is a number or a tensor; got ${describeValue(value)}`,
    );
  });
  const common = broadcastShapes("normal", parameters[0]!.shape, parameters[1]!.shape);
  const sizes = shape === undefined ? common : newShape("normal", shape, options);
  if (!sameShape(broadcastShapes("normal", common, sizes), sizes))
    throw new ShapeError(
      `normal: mean and deviation are ${describeShape(common)}, which does not fit the shape ${describeShape(sizes)}`,
    );
  const [means, deviations] = parameters.map((parameter) => repeated(parameter, sizes));
  for (const value of deviations!)
    if (!(value >= 0))
      throw new ArgumentError(`normal: a standard deviation is a number from 0 up; got ${value}`);
  const holder = [mean, deviation].find((value) => value instanceof Tensor);
  const backend = holder instanceof Tensor ? holder.holding.backend : getBackend();
  return withBackend(backend, () =>
    random("normal", sizes, options, "float32", (generator, values) => {
      for (let i = 0; i < values.length; i++) values[i] = generator.normal(means![i]!, deviations![i]!);
    }),
  );
}

/** The values of something repeated to a shape that it fits. */
function repeated(
  { shape, storage }: { shape: Shape; storage: { values(): ArrayLike<number> } },
  to: Shape,
): number[] {
  const values = storage.values();
  const [strides, steps] = [stridesOf(to), broadcastStrides(shape, to)];
  return Array.from({ length: sizeOf(to) }, (_value, i) => {
    let at = 0;
    for (let d = 0; d < to.length; d++) at += (Math.floor(i / strides[d]!) % to[d]!) * steps[d]!;
    return values[at]!;
  });
}

/**
 * 1 with the given probability, else 0, for each element: `bernoulli(hidden.sigmoid())` samples binary units. Shape and
 * dtype are those of the probabilities. No gradient. Throws an ArgumentError for a number that is no probability.
 */
export function bernoulli(probabilities: Tensor, options: RandomOptions = {}): Tensor {
  checkProbabilities("bernoulli", probabilities);
  const chances = probabilities.storage.values();
  for (const chance of chances)
    if (!(chance >= 0 && chance <= 1))
      throw new ArgumentError(`bernoulli: a probability is a number from 0 to 1; got ${chance}`);
  return withBackend(probabilities.holding.backend, () =>
    random("bernoulli", probabilities.shape, options, probabilities.dtype, (generator, values) => {
      const current = probabilities.storage.values();
      for (let i = 0; i < values.length; i++) values[i] = generator.uniform() < current[i]! ? 1 : 0;
    }),
  );
}

function checkProbabilities(operation: string, given: unknown): asserts given is Tensor {
  if (!(given instanceof Tensor))
    throw new ArgumentError(
      `${operation}: expected a tensor of probabilities, got ${describeValue(given)}; make one with tensor(…)`,
    );
  if (given.dtype !== "float32" && given.dtype !== "float64")
    throw new DTypeError(`${operation}: probabilities are float numbers, got ${given.dtype}`);
}

/** Options of `multinomial`. */
export interface MultinomialOptions extends RandomOptions {
  /** Whether a position may be drawn again; no by default. */
  replacement?: boolean;
}

/**
 * `count` positions drawn at random, each as likely as its weight: `[n]` → `[count]`, or for each row `[m, n]` →
 * `[m, count]`; int32. Weights need not add up to 1. Throws an ArgumentError where fewer positions than wanted have a weight.
 *
 * @example
 * multinomial(tensor([0, 1, 0]), 1)   // [1]
 */
export function multinomial(weights: Tensor, count: number, options: MultinomialOptions = {}): Tensor {
  checkOptions("multinomial", options, [...knownAtRandom, "replacement"]);
  checkProbabilities("multinomial", weights);
  if (weights.ndim !== 1 && weights.ndim !== 2)
    throw new ShapeError(`multinomial: the weights are [n] or [m, n], got ${describeShape(weights.shape)}`);
  if (!Number.isInteger(count) || count < 1)
    throw new ArgumentError(
      `multinomial: the number of draws is a whole number from 1 up; got ${describeValue(count)}`,
    );
  const n = weights.shape.at(-1)!;
  const rows = sizeOf(weights.shape.slice(0, -1));
  const all = Float64Array.from(weights.storage.values());
  const { replacement = false, ...drawing } = options;
  for (let row = 0; row < rows; row++) checkWeights(all.subarray(row * n, (row + 1) * n), count, replacement);
  const shape = [...weights.shape.slice(0, -1), count];
  return withBackend(weights.holding.backend, () =>
    random("multinomial", shape, drawing, "int32", (generator, values) => {
      for (let row = 0; row < rows; row++) {
        const left = all.subarray(row * n, (row + 1) * n);
        for (let i = 0; i < count; i++) {
          const position = draw(left, generator);
          values[row * count + i] = position;
          if (!replacement) left[position] = 0;
        }
      }
    }),
  );
}

function checkWeights(weights: Float64Array, count: number, replacement: boolean): void {
  for (const weight of weights)
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new ArgumentError(`multinomial: a weight is a finite number from 0 up; got ${weight}`);
  const possible = weights.reduce((total, weight) => total + (weight > 0 ? 1 : 0), 0);
  if (possible < (replacement ? 1 : count))
    throw new ArgumentError(
      `multinomial: ${possible} position${possible === 1 ? " has" : "s have"} a weight above 0, ${count} ${count === 1 ? "is" : "are"} to be drawn${replacement || possible === 0 ? "" : "; pass { replacement: true } to draw some again"}`,
    );
}

/** One position, as likely as its weight. */
function draw(weights: Float64Array, generator: Generator): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let rest = generator.uniform() * total;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    rest -= weights[i]!;
    last = i;
    if (rest < 0) break;
  }
  return last;
}

/**
 * Whole random numbers in [low, high), int32. Throws an ArgumentError unless low < high, both whole numbers.
 *
 * @example
 * randint(0, 10, [3])   // [3]
 */
export function randint(
  low: number,
  high: number,
  shape: readonly number[],
  options: RandomOptions = {},
): Tensor {
  checkOptions("randint", options, knownAtRandom);
  if (!Number.isInteger(low) || !Number.isInteger(high) || high <= low)
    throw new ArgumentError(
      `randint: draws whole numbers from low up to but not including high; got low ${describeValue(low)} and high ${describeValue(high)}`,
    );
  return random("randint", shape, options, "int32", (generator, values) => {
    for (let i = 0; i < values.length; i++) values[i] = low + generator.integer(high - low);
  });
}

/** The numbers 0 … n − 1 in random order, int32. Throws a ShapeError when n is no whole number from 0 up. */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  return random("randperm", [n], options, "int32", (generator, values) => {
    values.set(generator.permutation(n));
  });
}
