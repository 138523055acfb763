// Our primitives in ONNX's operators.

import type { Conv2dGeometry, DType, Pool2dGeometry } from "../backend/backend.ts";
import type { Walking } from "../ops/movement.ts";
import { type Shape, sameShape, sizeOf, stridesOf } from "../shapes.ts";
import type { OnnxAttribute } from "./onnxFormat.ts";

/** A tensor as two runs saw it, of `N` samples and of more: where the sizes differ, they follow the batch. */
export interface Sizes {
  readonly shape: Shape;
  readonly other: Shape;
}

/** One operator whose result is wanted. */
export interface Operation {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** A primitive that was run, and what its operators may use. */
export interface Call {
  /** The primitive's options, and those of the run of more samples. */
  readonly options: unknown;
  readonly otherOptions: unknown;
  /** Names of the operands, their sizes, and what kinds of numbers they are. */
  readonly inputs: readonly string[];
  readonly sizes: readonly Sizes[];
  readonly kinds: readonly DType[];
  readonly output: Sizes;
  readonly dtype: DType;
  /** Adds an operator before the last one; the name of its result. */
  emit(operator: string, inputs: readonly string[], attributes?: Operation["attributes"]): string;
  /** Adds whole numbers (sizes, axes, positions); their name. */
  whole(values: readonly number[], shape?: Shape): string;
  /** Adds a single number of the output's kind; its name. */
  number(value: number): string;
  /** The name of the number of samples, as a list of one. */
  batch(): string;
  /** Whether a size is the number of samples. */
  isBatch(size: number, other: number): boolean;
  /** Ends the export: what cannot be said in ONNX, and what to do about it. */
  refuse(why: string): never;
}

type Operator = (call: Call) => Operation;

/** Beyond every size: up to the end, or down to the first. */
const farEnd = 2 ** 31 - 1;

const ints = (...values: readonly number[]): OnnxAttribute => ({ ints: values });
const int = (value: number): OnnxAttribute => ({ int: value });
const float = (value: number): OnnxAttribute => ({ float: value });

/** The same in both: one operator with the same operands. */
const plain =
  (operator: string, attributes?: Operation["attributes"]): Operator =>
  ({ inputs }) => ({ operator, inputs, ...(attributes && { attributes }) });

/** Sizes as ONNX takes them for a new shape: −1 for what follows, 0 for what stays. */
function shapeOf(call: Call, from: Sizes, to: Sizes): string {
  const follows = to.shape.map((size, d) => size !== to.other[d]);
  const stays = to.shape.map(
    (size, d) => follows[d] === true && from.shape[d] === size && from.other[d] === to.other[d],
  );
  if (follows.filter((one, d) => one && !stays[d]).length > 1)
    call.refuse("more than one size of its result follows the batch; reshape in two steps");
  return call.whole(to.shape.map((size, d) => (stays[d] ? 0 : follows[d] ? -1 : size)));
}

/** Into another shape, where it is another. */
function reshaped(call: Call, input: string, from: Sizes, to: Sizes): Operation {
  return sameShape(from.shape, to.shape) && sameShape(from.other, to.other)
    ? { operator: "Identity", inputs: [input] }
    : { operator: "Reshape", inputs: [input, shapeOf(call, from, to)] };
}

const reshape: Operator = (call) => reshaped(call, call.inputs[0]!, call.sizes[0]!, call.output);

const expand: Operator = (call) => {
  const { shape, other } = call.output;
  const [from] = call.sizes;
  const lead = shape.length - from!.shape.length;
  const parts = shape.map((size, d) => {
    if (size === other[d]) return call.whole([size]);
    // A size that is there stays as it is when it meets a 1.
    if (from!.shape[d - lead] === size && from!.other[d - lead] === other[d]) return call.whole([1]);
    return call.isBatch(size, other[d]!)
      ? call.batch()
      : call.refuse("it repeats something as often as the batch asks for; reshape, expand, then reshape");
  });
  const sizes = parts.length === 1 ? parts[0]! : call.emit("Concat", parts, { axis: int(0) });
  return { operator: "Expand", inputs: [call.inputs[0]!, sizes] };
};

const permute: Operator = ({ inputs, options }) => ({
  operator: "Transpose",
  inputs,
  attributes: { perm: ints(...(options as { dims: readonly number[] }).dims) },
});

/** Where a walk begins, dimension by dimension. */
function startOf(offset: number, shape: Shape): number[] {
  const strides = stridesOf(shape);
  return shape.map((size, d) => Math.floor(offset / strides[d]!) % size);
}

/** A walk, forwards or backwards, that keeps the dimensions; any other as positions in each sample. */
function walk(call: Call, { strides, offset }: Walking): Operation {
  const { shape, other } = call.output;
  const from = call.sizes[0]!;
  const inStrides = stridesOf(from.shape);
  const steps = strides.map((stride, d) => stride / (inStrides[d] ?? Number.NaN));
  const starts = startOf(offset, from.shape);
  if (shape.length === from.shape.length && steps.every((step) => Number.isInteger(step) && step !== 0)) {
    const ends = shape.map((size, d) => {
      if (size !== other[d]) return steps[d]! > 0 ? endOfBatch(call, starts[d]!, steps[d]!, d) : -farEnd;
      const end = starts[d]! + steps[d]! * (size - 1) + Math.sign(steps[d]!);
      return end < 0 ? -farEnd : end;
    });
    const moved = shape.map((size, d) => (size !== other[d] && steps[d]! < 0 ? -1 : starts[d]!));
    const axes = shape.map((_size, d) => d);
    const lists = [moved, ends, axes, steps].map((list) => call.whole(list));
    return { operator: "Slice", inputs: [call.inputs[0]!, ...lists] };
  }
  const kept = shape[0] !== other[0];
  if ((kept && strides[0] !== inStrides[0]) || shape.some((size, d) => d > 0 && size !== other[d]))
    call.refuse("it picks samples out of the batch; pick along the other dimensions");
  if (!kept && from.shape[0] !== from.other[0] && offset >= inStrides[0]!)
    call.refuse("it picks samples out of the batch; pick along the other dimensions");
  const [sizes, moves] = kept ? [shape.slice(1), strides.slice(1)] : [shape, strides];
  const positions = positionsOf(sizes, moves, offset);
  const flat = call.emit("Reshape", [call.inputs[0]!, call.whole(kept ? [0, -1] : [-1])]);
  return {
    operator: "Gather",
    inputs: [flat, call.whole(positions, sizes)],
    attributes: { axis: int(kept ? 1 : 0) },
  };
}

/** Where a slice along the batch ends, whatever its size. */
function endOfBatch(call: Call, start: number, step: number, d: number): number {
  const left = (from: number, to: number) => from - start - to;
  const cut = left(call.sizes[0]!.shape[d]!, call.output.shape[d]!);
  if (step !== 1 || cut !== left(call.sizes[0]!.other[d]!, call.output.other[d]!))
    call.refuse("it picks samples by the size of the batch; pick along the other dimensions");
  return cut === 0 ? farEnd : -cut;
}

function positionsOf(shape: Shape, strides: readonly number[], offset: number): number[] {
  let positions = [offset];
  for (let d = 0; d < shape.length; d++)
    positions = positions.flatMap((at) => Array.from({ length: shape[d]! }, (_, i) => at + i * strides[d]!));
  return positions;
}

const slice: Operator = (call) => {
  const { options } = call;
  if (options !== null && typeof options === "object" && "strides" in options)
    return walk(call, options as Walking);
  const { start } = options as { start: number };
  return walk(call, { shape: call.output.shape, strides: stridesOf(call.output.shape), offset: start });
};

const pad: Operator = (call) => {
  const { shape } = call.output;
  const before = startOf((call.options as { walk: Walking }).walk.offset, shape);
  const after = shape.map((size, d) => size - before[d]! - call.sizes[0]!.shape[d]!);
  return { operator: "Pad", inputs: [call.inputs[0]!, call.whole([...before, ...after])] };
};

/** How far the last window reaches beyond the input. */
const overhang = (count: number, stride: number, span: number, size: number, before: number): number =>
  Math.max(0, (count - 1) * stride + span - size - before);

type Windows = Omit<Pool2dGeometry, "planes"> & { dilationHeight?: number; dilationWidth?: number };

function windows(g: Windows): Record<string, OnnxAttribute> {
  const [down, across] = [g.dilationHeight ?? 1, g.dilationWidth ?? 1];
  return {
    kernel_shape: ints(g.kernelHeight, g.kernelWidth),
    strides: ints(g.strideHeight, g.strideWidth),
    pads: ints(
      g.padTop,
      g.padLeft,
      overhang(g.outHeight, g.strideHeight, down * (g.kernelHeight - 1) + 1, g.inHeight, g.padTop),
      overhang(g.outWidth, g.strideWidth, across * (g.kernelWidth - 1) + 1, g.inWidth, g.padLeft),
    ),
  };
}

const pool =
  (operator: string): Operator =>
  ({ inputs, options }) => ({
    operator,
    inputs,
    attributes: windows((options as { geometry: Pool2dGeometry }).geometry),
  });

const conv2d: Operator = ({ inputs, options }) => {
  const g = options as Conv2dGeometry;
  const dilations = ints(g.dilationHeight, g.dilationWidth);
  return { operator: "Conv", inputs, attributes: { ...windows(g), dilations, group: int(g.groups) } };
};

/** The gradient of a convolution by its input: the geometry's input is our output. */
const convTranspose2d: Operator = ({ inputs, options }) => {
  const g = options as Conv2dGeometry;
  const missing = (from: number, to: number, stride: number, span: number, padding: number) =>
    to - (stride * (from - 1) + span - 2 * padding);
  const down = g.dilationHeight * (g.kernelHeight - 1) + 1;
  const across = g.dilationWidth * (g.kernelWidth - 1) + 1;
  return {
    operator: "ConvTranspose",
    inputs,
    attributes: {
      kernel_shape: ints(g.kernelHeight, g.kernelWidth),
      strides: ints(g.strideHeight, g.strideWidth),
      pads: ints(g.padTop, g.padLeft, g.padTop, g.padLeft),
      output_padding: ints(
        missing(g.outHeight, g.inHeight, g.strideHeight, down, g.padTop),
        missing(g.outWidth, g.inWidth, g.strideWidth, across, g.padLeft),
      ),
      dilations: ints(g.dilationHeight, g.dilationWidth),
      group: int(g.groups),
    },
  };
};

const matmul: Operator = (call) => {
  const { transposeA, transposeB } = call.options as { transposeA: boolean; transposeB: boolean };
  const [a, b] = call.inputs as [string, string];
  const rank = call.output.shape.length;
  if (!transposeA && !transposeB) return { operator: "MatMul", inputs: [a, b] };
  if (rank === 2)
    return {
      operator: "Gemm",
      inputs: [a, b],
      attributes: { transA: int(Number(transposeA)), transB: int(Number(transposeB)) },
    };
  const perm = ints(...Array.from({ length: rank - 2 }, (_, d) => d), rank - 1, rank - 2);
  const turned = (name: string, wanted: boolean) =>
    wanted ? call.emit("Transpose", [name], { perm }) : name;
  return { operator: "MatMul", inputs: [turned(a, transposeA), turned(b, transposeB)] };
};

/** The dimensions are those whose size became 1; one that is 1 anyway makes no difference. */
function reducedAxes(call: Call): number[] {
  const { other } = call.sizes[0]!;
  return (call.otherOptions as { kept: Shape }).kept.flatMap((size, d) => (size === other[d] ? [] : [d]));
}

const reduce =
  (operator: string): Operator =>
  (call) => {
    const kept = (call.options as { kept: Shape }).kept;
    const keptOther = (call.otherOptions as { kept: Shape }).kept;
    const axes = reducedAxes(call);
    if (axes.length === 0) return reshape(call);
    const { shape } = call.output;
    const keepDim = shape.length === kept.length;
    const name =
      axes.length === kept.length - shape.length || keepDim ? null : reduced(call, operator, axes, true);
    if (name === null) {
      const { inputs, attributes } = reduction(call, operator, axes, keepDim);
      return { operator, inputs, attributes };
    }
    return reshaped(call, name, { shape: kept, other: keptOther }, call.output);
  };

/** ReduceSum takes its axes as an operand since opset 13, the others since 18. */
function reduction(call: Call, operator: string, axes: readonly number[], keepDim: boolean) {
  const keepdims = int(Number(keepDim));
  return operator === "ReduceSum"
    ? { inputs: [call.inputs[0]!, call.whole(axes)], attributes: { keepdims } }
    : { inputs: [call.inputs[0]!], attributes: { axes: ints(...axes), keepdims } };
}

function reduced(call: Call, operator: string, axes: readonly number[], keepDim: boolean): string {
  const { inputs, attributes } = reduction(call, operator, axes, keepDim);
  return call.emit(operator, inputs, attributes);
}

/** ONNX counts positions in 64 bits. */
const position =
  (operator: string): Operator =>
  (call) => {
    const [axis, ...more] = reducedAxes(call);
    if (axis === undefined || more.length > 0)
      call.refuse("ONNX looks along one dimension; give it, as in argmax(1)");
    const keepdims = int(Number(call.output.shape.length === call.sizes[0]!.shape.length));
    const found = call.emit(operator, call.inputs, { axis: int(axis), keepdims });
    return { operator: "Cast", inputs: [found], attributes: { to: int(onnxTypes.int32) } };
  };

const standardize: Operator = (call) => {
  const { dims, epsilon } = call.options as { dims: readonly number[]; epsilon: number };
  const [x, weight, bias] = call.inputs as [string, string?, string?];
  const mean = (name: string) => call.emit("ReduceMean", [name], { axes: ints(...dims), keepdims: int(1) });
  const centred = call.emit("Sub", [x, mean(x)]);
  const variance = mean(call.emit("Mul", [centred, centred]));
  const deviation = call.emit("Sqrt", [call.emit("Add", [variance, call.number(epsilon)])]);
  if (weight === undefined || bias === undefined) return { operator: "Div", inputs: [centred, deviation] };
  const size = call.sizes[0]!.shape.map((channels, d) => (dims.includes(d) ? 1 : channels));
  const [factor, offset] = [weight, bias].map((name) => call.emit("Reshape", [name, call.whole(size)])) as [
    string,
    string,
  ];
  const scaled = call.emit("Mul", [call.emit("Div", [centred, deviation]), factor]);
  return { operator: "Add", inputs: [scaled, offset] };
};

/** With the running statistics, in ONNX's own order of operands. */
const batchNorm: Operator = (call) => {
  const { epsilon } = call.options as { epsilon: number };
  return { operator: "BatchNormalization", inputs: call.inputs, attributes: { epsilon: float(epsilon) } };
};

/** Whole rows of the first dimension: what follows it is the row. */
const gatherRows: Operator = (call) => {
  const { rowLength } = call.options as { rowLength: number };
  const [from, indices] = call.sizes as [Sizes, Sizes];
  const [row, otherRow] = [from.shape.slice(1), from.other.slice(1)];
  if (sizeOf(row) !== rowLength)
    call.refuse("its rows are no rows of its operand; reshape the operand first");
  const picked = call.emit("Gather", call.inputs, { axis: int(0) });
  const found = { shape: [...indices.shape, ...row], other: [...indices.other, ...otherRow] };
  return reshaped(call, picked, found, call.output);
};

const step: Operator = (call) => ({
  operator: "Cast",
  inputs: [call.emit("Greater", [call.inputs[0]!, call.number(0)])],
  attributes: { to: int(onnxTypes[call.dtype]) },
});

/** ONNX orders no truth values: as whole numbers they are ordered. */
const comparison =
  (operator: string): Operator =>
  (call) => ({
    operator,
    inputs: call.inputs.map((name, i) =>
      call.kinds[i] === "bool" ? call.emit("Cast", [name], { to: int(onnxTypes.int32) }) : name,
    ),
  });

const notEqual: Operator = (call) => ({ operator: "Not", inputs: [call.emit("Equal", call.inputs)] });

const cumsum: Operator = (call) => {
  const { axis, backwards } = call.options as { axis: number; backwards: boolean };
  const inputs = [call.inputs[0]!, call.whole([axis], [])];
  return { operator: "CumSum", inputs, attributes: { reverse: int(Number(backwards)) } };
};

const onnxTypes: Readonly<Record<DType, number>> = { float32: 1, int32: 6, bool: 9, float64: 11 };

/** Which take one sample's numbers for all samples, as NumPy does. */
export const broadcasting: ReadonlySet<string> = new Set([
  "add",
  "sub",
  "mul",
  "div",
  "pow",
  "maximum",
  "minimum",
  "where",
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
  "matmul",
]);

/** How many of the last operands are found anew in the file: they are saved results, not part of any graph. */
export const savedOperands: ReadonlyMap<string, number> = new Map([["standardize", 2]]);

/** By the primitive's name. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["conv2d", conv2d],
  ["convTranspose2d", convTranspose2d],
  ["maxPool2d", pool("MaxPool")],
  ["avgPool2d", pool("AveragePool")],
  ["matmul", matmul],
  ["reshape", reshape],
  ["flatten", reshape],
  ["unsqueeze", reshape],
  ["squeeze", reshape],
  ["permute", permute],
  ["slice", slice],
  ["flip", slice],
  ["expand", expand],
  ["pad", pad],
  [
    "concat",
    ({ inputs, options }) => ({
      operator: "Concat",
      inputs,
      attributes: { axis: int((options as { dim: number }).dim) },
    }),
  ],
  ["sum", reduce("ReduceSum")],
  ["mean", reduce("ReduceMean")],
  ["prod", reduce("ReduceProd")],
  ["max", reduce("ReduceMax")],
  ["min", reduce("ReduceMin")],
  ["argmax", position("ArgMax")],
  ["argmin", position("ArgMin")],
  ["logSumExp", reduce("ReduceLogSumExp")],
  ["cumsum", cumsum],
  ["add", plain("Add")],
  ["sub", plain("Sub")],
  ["mul", plain("Mul")],
  ["div", plain("Div")],
  ["pow", plain("Pow")],
  ["maximum", plain("Max")],
  ["minimum", plain("Min")],
  ["neg", plain("Neg")],
  ["abs", plain("Abs")],
  ["sign", plain("Sign")],
  ["exp", plain("Exp")],
  ["log", plain("Log")],
  ["sqrt", plain("Sqrt")],
  ["square", ({ inputs: [x] }) => ({ operator: "Mul", inputs: [x!, x!] })],
  ["reciprocal", plain("Reciprocal")],
  ["sin", plain("Sin")],
  ["cos", plain("Cos")],
  ["floor", plain("Floor")],
  ["ceil", plain("Ceil")],
  ["round", plain("Round")],
  ["erf", plain("Erf")],
  ["relu", plain("Relu")],
  ["sigmoid", plain("Sigmoid")],
  ["tanh", plain("Tanh")],
  ["softplus", plain("Softplus")],
  [
    "leakyRelu",
    ({ inputs, options }) => ({
      operator: "LeakyRelu",
      inputs,
      attributes: { alpha: float(options as number) },
    }),
  ],
  [
    "elu",
    ({ inputs, options }) => ({ operator: "Elu", inputs, attributes: { alpha: float(options as number) } }),
  ],
  ["softmax", plain("Softmax", { axis: int(-1) })],
  ["logSoftmax", plain("LogSoftmax", { axis: int(-1) })],
  ["prelu", plain("PRelu")],
  ["step", step],
  ["equal", plain("Equal")],
  ["notEqual", notEqual],
  ["less", comparison("Less")],
  ["lessEqual", comparison("LessOrEqual")],
  ["greater", comparison("Greater")],
  ["greaterEqual", comparison("GreaterOrEqual")],
  ["logicalNot", plain("Not")],
  ["where", plain("Where")],
  [
    "clamp",
    (call) => {
      const [low, high] = call.options as readonly [number, number];
      return { operator: "Clip", inputs: [call.inputs[0]!, call.number(low), call.number(high)] };
    },
  ],
  ["clone", plain("Identity")],
  ["to", ({ inputs, dtype }) => ({ operator: "Cast", inputs, attributes: { to: int(onnxTypes[dtype]) } })],
  ["standardize", standardize],
  ["batchNorm", batchNorm],
  ["gatherRows", gatherRows],
  [
    "gather",
    ({ inputs, options }) => ({
      operator: "GatherElements",
      inputs,
      attributes: { axis: int(options as number) },
    }),
  ],
]);
