/**
 * The oracle: every kernel of the contract as the loop its formula says, in plain TypeScript. Slow and obvious on purpose;
 * sums are kept in float64. All dtypes, float64 too. Every other backend is tested against this one.
 */
import { OutOfMemoryError } from "../errors.ts";
import type {
  AdamOptions,
  Backend,
  BackendDescription,
  BinaryKind,
  Broadcast,
  Channels,
  Conv2dFinish,
  Conv2dGeometry,
  DType,
  MatmulFinish,
  MatmulGeometry,
  Pool2dGeometry,
  ReduceKind,
  Reduction,
  SgdOptions,
  Storage,
  TypedArray,
  UnaryKind,
  Walk,
  WarpGeometry,
} from "./backend.ts";
import { finishConvolution, finishProduct } from "./finish.ts";
import { warpPictures } from "./warp.ts";

function makeArray(dtype: DType, length: number): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "int32":
      return new Int32Array(length);
    case "bool":
      return new Uint8Array(length);
  }
}

class ReferenceStorage implements Storage {
  readonly dtype: DType;
  readonly array: TypedArray;
  readonly owner: ReferenceStorage | null;
  released = false;

  constructor(dtype: DType, array: TypedArray, owner: ReferenceStorage | null) {
    this.dtype = dtype;
    this.array = array;
    this.owner = owner;
  }

  get length(): number {
    return this.array.length;
  }

  get byteOffset(): number {
    return this.array.byteOffset;
  }

  values(): TypedArray {
    if ((this.owner ?? this).released) throw new Error("reference backend: this storage was released");
    return this.array;
  }

  slice(start: number, length: number): Storage {
    return new ReferenceStorage(this.dtype, this.array.subarray(start, start + length), this.owner ?? this);
  }
}

/** Rounds half to even, as PyTorch does. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

const unaryFunctions: Record<UnaryKind, (x: number) => number> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
  sin: Math.sin,
  cos: Math.cos,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  relu: (x) => (x <= 0 ? 0 : x),
  sigmoid: (x) => {
    if (x >= 0) return 1 / (1 + Math.exp(-x));
    const e = Math.exp(x);
    return e / (1 + e);
  },
  tanh: Math.tanh,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  logicalNot: (x) => (x === 0 ? 1 : 0),
};

const larger = (a: number, b: number) => (Number.isNaN(a) || a > b ? a : b);
const smaller = (a: number, b: number) => (Number.isNaN(a) || a < b ? a : b);

const binaryFunctions: Record<BinaryKind, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  maximum: larger,
  minimum: smaller,
  reluGradient: (y, g) => (y > 0 ? g : 0),
  sigmoidGradient: (y, g) => g * y * (1 - y),
  tanhGradient: (y, g) => g * (1 - y * y),
  equal: (a, b) => (a === b ? 1 : 0),
  notEqual: (a, b) => (a !== b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  greater: (a, b) => (a > b ? 1 : 0),
  greaterEqual: (a, b) => (a >= b ? 1 : 0),
};

/** int32 products may pass 2⁵³; wrap as 32-bit machines do. */
const int32Functions: Partial<Record<BinaryKind, (a: number, b: number) => number>> = { mul: Math.imul };

/** Calls `visit(i, position)` for each element `i` of a walk. */
function walkThrough(
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  visit: (i: number, position: number) => void,
): void {
  const index = new Array<number>(shape.length).fill(0);
  const total = shape.reduce((product, size) => product * size, 1);
  let position = offset;
  for (let i = 0; i < total; i++) {
    visit(i, position);
    for (let d = shape.length - 1; d >= 0; d--) {
      position += strides[d]!;
      if (++index[d]! < shape[d]!) break;
      position -= strides[d]! * shape[d]!;
      index[d] = 0;
    }
  }
}

/** Calls `visit` for every pair of an input pixel and an output pixel that a kernel position connects. */
function convolve(
  g: Conv2dGeometry,
  visit: (input: number, weight: number, output: number, outChannel: number) => void,
): void {
  const inPerGroup = g.inChannels / g.groups;
  const outPerGroup = g.outChannels / g.groups;
  for (let n = 0; n < g.batch; n++)
    for (let o = 0; o < g.outChannels; o++) {
      const group = Math.floor(o / outPerGroup);
      for (let y = 0; y < g.outHeight; y++)
        for (let x = 0; x < g.outWidth; x++) {
          const output = ((n * g.outChannels + o) * g.outHeight + y) * g.outWidth + x;
          for (let c = 0; c < inPerGroup; c++)
            for (let i = 0; i < g.kernelHeight; i++) {
              const row = y * g.strideHeight - g.padTop + i * g.dilationHeight;
              if (row < 0 || row >= g.inHeight) continue;
              for (let j = 0; j < g.kernelWidth; j++) {
                const column = x * g.strideWidth - g.padLeft + j * g.dilationWidth;
                if (column < 0 || column >= g.inWidth) continue;
                const channel = group * inPerGroup + c;
                const input = ((n * g.inChannels + channel) * g.inHeight + row) * g.inWidth + column;
                const weight = ((o * inPerGroup + c) * g.kernelHeight + i) * g.kernelWidth + j;
                visit(input, weight, output, o);
              }
            }
        }
    }
}

/** Calls `visit` for every window with the positions (within the plane) that it covers. */
function pool(
  g: Pool2dGeometry,
  visit: (plane: number, output: number, covered: readonly number[]) => void,
): void {
  for (let plane = 0; plane < g.planes; plane++)
    for (let y = 0; y < g.outHeight; y++)
      for (let x = 0; x < g.outWidth; x++) {
        const covered: number[] = [];
        for (let i = 0; i < g.kernelHeight; i++)
          for (let j = 0; j < g.kernelWidth; j++) {
            const row = y * g.strideHeight - g.padTop + i;
            const column = x * g.strideWidth - g.padLeft + j;
            if (row >= 0 && row < g.inHeight && column >= 0 && column < g.inWidth)
              covered.push(row * g.inWidth + column);
          }
        visit(plane, (plane * g.outHeight + y) * g.outWidth + x, covered);
      }
}

/** Sums in float64, whatever the operands are. */
function accumulator(out: Storage): Float64Array {
  return new Float64Array(out.length);
}

class ReferenceBackend implements Backend {
  readonly name = "reference";
  bytesInUse = 0;

  describe(): BackendDescription {
    return { name: this.name, simd: "none", threads: 1, blas: null };
  }

  allocate(dtype: DType, length: number): Storage {
    let array: TypedArray;
    try {
      array = makeArray(dtype, length);
    } catch {
      throw new OutOfMemoryError(
        `no memory for ${length.toLocaleString("en")} numbers of ${dtype}; ${this.bytesInUse.toLocaleString("en")} bytes are in use`,
      );
    }
    this.bytesInUse += array.byteLength;
    return new ReferenceStorage(dtype, array, null);
  }

  release(storage: Storage): void {
    if (!(storage instanceof ReferenceStorage) || storage.owner !== null || storage.released)
      throw new Error("reference backend: only a live storage it allocated can be released");
    storage.released = true;
    this.bytesInUse -= storage.array.byteLength;
  }

  fill(out: Storage, value: number): void {
    out.values().fill(value);
  }

  copy(x: Storage, out: Storage): void {
    const source = x.values();
    const target = out.values();
    if (out.dtype === "bool") for (let i = 0; i < source.length; i++) target[i] = source[i] === 0 ? 0 : 1;
    else target.set(source);
  }

  strided(x: Storage, walk: Walk, out: Storage): void {
    const source = x.values();
    const target = out.values();
    walkThrough(walk.shape, walk.strides, walk.offset, (i, position) => {
      target[i] = source[position]!;
    });
  }

  stridedAdd(x: Storage, walk: Walk, out: Storage): void {
    const source = x.values();
    const target = out.values();
    const sums = Float64Array.from(target);
    walkThrough(walk.shape, walk.strides, walk.offset, (i, position) => {
      sums[position]! += source[i]!;
    });
    target.set(sums);
  }

  unary(kind: UnaryKind, x: Storage, out: Storage): void {
    const f = unaryFunctions[kind];
    const source = x.values();
    const target = out.values();
    for (let i = 0; i < target.length; i++) target[i] = f(source[i]!);
  }

  binary(kind: BinaryKind, a: Storage, b: Storage, out: Storage, broadcast?: Broadcast): void {
    const f = (a.dtype === "int32" && int32Functions[kind]) || binaryFunctions[kind];
    const left = a.values();
    const right = b.values();
    const target = out.values();
    if (broadcast === undefined) {
      for (let i = 0; i < target.length; i++) target[i] = f(left[i]!, right[i]!);
      return;
    }
    const positions = new Int32Array(target.length);
    walkThrough(broadcast.shape, broadcast.aStrides, 0, (i, position) => {
      positions[i] = position;
    });
    walkThrough(broadcast.shape, broadcast.bStrides, 0, (i, position) => {
      target[i] = f(left[positions[i]!]!, right[position]!);
    });
  }

  where(condition: Storage, a: Storage, b: Storage, out: Storage): void {
    const choice = condition.values();
    const left = a.values();
    const right = b.values();
    const target = out.values();
    for (let i = 0; i < target.length; i++) target[i] = choice[i] !== 0 ? left[i]! : right[i]!;
  }

  reduce(kind: ReduceKind, x: Storage, reduction: Reduction, out: Storage): void {
    const { outer, size, inner } = reduction;
    const source = x.values();
    const target = out.values();
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const at = (k: number) => source[(o * size + k) * inner + i]!;
        target[o * inner + i] = reduceOne(kind, size, at);
      }
  }

  matmul(a: Storage, b: Storage, out: Storage, geometry: MatmulGeometry, finish?: MatmulFinish): void {
    const { batch, m, n, k, transposeA, transposeB, batchStrideA, batchStrideB, accumulate } = geometry;
    const left = a.values();
    const right = b.values();
    const target = out.values();
    for (let t = 0; t < batch; t++)
      for (let row = 0; row < m; row++)
        for (let column = 0; column < n; column++) {
          let sum = accumulate ? target[(t * m + row) * n + column]! : 0;
          for (let p = 0; p < k; p++)
            sum +=
              left[t * batchStrideA + (transposeA ? p * m + row : row * k + p)]! *
              right[t * batchStrideB + (transposeB ? column * k + p : p * n + column)]!;
          target[(t * m + row) * n + column] = sum;
        }
    if (finish !== undefined) finishProduct(this, out, geometry, finish);
  }

  conv2d(
    x: Storage,
    weight: Storage,
    bias: Storage | null,
    out: Storage,
    geometry: Conv2dGeometry,
    finish?: Conv2dFinish,
  ): void {
    const input = x.values();
    const kernel = weight.values();
    const sums = accumulator(out);
    convolve(geometry, (i, w, o) => {
      sums[o]! += input[i]! * kernel[w]!;
    });
    if (bias !== null) {
      const perChannel = bias.values();
      const pixels = geometry.outHeight * geometry.outWidth;
      for (let o = 0; o < sums.length; o++)
        sums[o]! += perChannel[Math.floor(o / pixels) % geometry.outChannels]!;
    }
    out.values().set(sums);
    if (finish !== undefined) finishConvolution(this, out, geometry, finish);
  }

  conv2dInputGradient(gradient: Storage, weight: Storage, out: Storage, geometry: Conv2dGeometry): void {
    const g = gradient.values();
    const kernel = weight.values();
    const sums = accumulator(out);
    convolve(geometry, (i, w, o) => {
      sums[i]! += g[o]! * kernel[w]!;
    });
    out.values().set(sums);
  }

  conv2dWeightGradient(x: Storage, gradient: Storage, out: Storage, geometry: Conv2dGeometry): void {
    const input = x.values();
    const g = gradient.values();
    const sums = accumulator(out);
    convolve(geometry, (i, w, o) => {
      sums[w]! += g[o]! * input[i]!;
    });
    out.values().set(sums);
  }

  maxPool2d(x: Storage, out: Storage, indices: Storage, geometry: Pool2dGeometry): void {
    const source = x.values();
    const target = out.values();
    const winners = indices.values();
    const pixels = geometry.inHeight * geometry.inWidth;
    pool(geometry, (plane, output, covered) => {
      let best = covered[0]!;
      for (const position of covered) {
        const value = source[plane * pixels + position]!;
        const record = source[plane * pixels + best]!;
        if (value > record || (Number.isNaN(value) && !Number.isNaN(record))) best = position;
      }
      target[output] = source[plane * pixels + best]!;
      winners[output] = best;
    });
  }

  maxPool2dGradient(gradient: Storage, indices: Storage, out: Storage, geometry: Pool2dGeometry): void {
    const g = gradient.values();
    const winners = indices.values();
    const sums = accumulator(out);
    const pixels = geometry.inHeight * geometry.inWidth;
    const perPlane = geometry.outHeight * geometry.outWidth;
    for (let o = 0; o < g.length; o++) sums[Math.floor(o / perPlane) * pixels + winners[o]!]! += g[o]!;
    out.values().set(sums);
  }

  avgPool2d(x: Storage, out: Storage, geometry: Pool2dGeometry): void {
    const source = x.values();
    const target = out.values();
    const pixels = geometry.inHeight * geometry.inWidth;
    pool(geometry, (plane, output, covered) => {
      let sum = 0;
      for (const position of covered) sum += source[plane * pixels + position]!;
      target[output] = sum / covered.length;
    });
  }

  avgPool2dGradient(gradient: Storage, out: Storage, geometry: Pool2dGeometry): void {
    const g = gradient.values();
    const sums = accumulator(out);
    const pixels = geometry.inHeight * geometry.inWidth;
    pool(geometry, (plane, output, covered) => {
      for (const position of covered) sums[plane * pixels + position]! += g[output]! / covered.length;
    });
    out.values().set(sums);
  }

  moments(x: Storage, mean: Storage, variance: Storage, layout: Channels): void {
    const source = x.values();
    const sums = new Float64Array(layout.channels);
    const squares = new Float64Array(layout.channels);
    const count = layout.outer * layout.inner;
    perChannel(layout, (i, c) => {
      sums[c]! += source[i]! / count;
    });
    perChannel(layout, (i, c) => {
      squares[c]! += (source[i]! - sums[c]!) ** 2 / count;
    });
    mean.values().set(sums);
    variance.values().set(squares);
  }

  normalize(
    x: Storage,
    mean: Storage,
    inverse: Storage,
    weight: Storage | null,
    bias: Storage | null,
    out: Storage,
    layout: Channels,
  ): void {
    const [source, centre, scale, target] = [x.values(), mean.values(), inverse.values(), out.values()];
    const [factor, offset] = [weight?.values() ?? null, bias?.values() ?? null];
    perChannel(layout, (i, c) => {
      target[i] = (source[i]! - centre[c]!) * scale[c]! * (factor?.[c] ?? 1) + (offset?.[c] ?? 0);
    });
  }

  normalizeSums(
    gradient: Storage,
    x: Storage,
    mean: Storage,
    inverse: Storage,
    sums: Storage,
    layout: Channels,
  ): void {
    const [g, source, centre, scale] = [gradient.values(), x.values(), mean.values(), inverse.values()];
    const totals = new Float64Array(2 * layout.channels);
    perChannel(layout, (i, c) => {
      totals[c]! += g[i]!;
      totals[layout.channels + c]! += g[i]! * (source[i]! - centre[c]!) * scale[c]!;
    });
    sums.values().set(totals);
  }

  normalizeGradient(
    gradient: Storage,
    x: Storage,
    mean: Storage,
    inverse: Storage,
    weight: Storage | null,
    sums: Storage,
    out: Storage,
    layout: Channels,
  ): void {
    const [g, source, centre, scale] = [gradient.values(), x.values(), mean.values(), inverse.values()];
    const [totals, target, factor] = [sums.values(), out.values(), weight?.values() ?? null];
    const count = layout.outer * layout.inner;
    perChannel(layout, (i, c) => {
      const standard = (source[i]! - centre[c]!) * scale[c]!;
      const slope = g[i]! - totals[c]! / count - (standard * totals[layout.channels + c]!) / count;
      target[i] = scale[c]! * (factor?.[c] ?? 1) * slope;
    });
  }

  softmax(x: Storage, out: Storage, rows: number, size: number): void {
    const source = x.values();
    const target = out.values();
    for (let row = 0; row < rows; row++) {
      const values = Array.from(source.subarray(row * size, (row + 1) * size));
      const shift = values.reduce(larger, Number.NEGATIVE_INFINITY);
      const powers = values.map((value) => Math.exp(value - shift));
      const total = powers.reduce((sum, power) => sum + power, 0);
      for (let i = 0; i < size; i++) target[row * size + i] = powers[i]! / total;
    }
  }

  logSoftmax(x: Storage, out: Storage, rows: number, size: number): void {
    const source = x.values();
    const target = out.values();
    for (let row = 0; row < rows; row++) {
      const values = Array.from(source.subarray(row * size, (row + 1) * size));
      const shift = values.reduce(larger, Number.NEGATIVE_INFINITY);
      const total = values.reduce((sum, value) => sum + Math.exp(value - shift), 0);
      for (let i = 0; i < size; i++) target[row * size + i] = values[i]! - shift - Math.log(total);
    }
  }

  crossEntropy(
    x: Storage,
    labels: Storage,
    probabilities: Storage,
    losses: Storage,
    rows: number,
    size: number,
  ): void {
    this.softmax(x, probabilities, rows, size);
    const source = x.values();
    const classes = labels.values();
    const target = losses.values();
    for (let row = 0; row < rows; row++) {
      const values = Array.from(source.subarray(row * size, (row + 1) * size));
      const shift = values.reduce(larger, Number.NEGATIVE_INFINITY);
      const total = values.reduce((sum, value) => sum + Math.exp(value - shift), 0);
      target[row] = Math.log(total) - (values[classes[row]!]! - shift);
    }
  }

  crossEntropyGradient(
    probabilities: Storage,
    labels: Storage,
    gradient: Storage,
    out: Storage,
    rows: number,
    size: number,
  ): void {
    const share = probabilities.values();
    const classes = labels.values();
    const slope = gradient.values();
    const target = out.values();
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < size; i++) {
        const at = row * size + i;
        target[at] = (share[at]! - (i === classes[row] ? 1 : 0)) * slope[row]!;
      }
  }

  gatherRows(x: Storage, indices: Storage, out: Storage, rowLength: number): void {
    const source = x.values();
    const rows = indices.values();
    const target = out.values();
    for (let i = 0; i < rows.length; i++)
      for (let j = 0; j < rowLength; j++) target[i * rowLength + j] = source[rows[i]! * rowLength + j]!;
  }

  scatterAddRows(x: Storage, indices: Storage, out: Storage, rowLength: number): void {
    const source = x.values();
    const rows = indices.values();
    const target = out.values();
    const sums = Float64Array.from(target);
    for (let i = 0; i < rows.length; i++)
      for (let j = 0; j < rowLength; j++) sums[rows[i]! * rowLength + j]! += source[i * rowLength + j]!;
    target.set(sums);
  }

  warp(x: Storage, maps: Float64Array, out: Storage, geometry: WarpGeometry): void {
    warpPictures(x.values(), maps, out.values(), geometry);
  }

  sgdStep(parameter: Storage, gradient: Storage, velocity: Storage | null, options: SgdOptions): void {
    const p = parameter.values();
    const g = gradient.values();
    const v = velocity?.values() ?? null;
    for (let i = 0; i < p.length; i++) {
      let step = g[i]! + options.weightDecay * p[i]!;
      if (v !== null) {
        v[i] = options.momentum * v[i]! + step;
        step = v[i]!;
      }
      p[i] = p[i]! - options.learningRate * step;
    }
  }

  adamStep(parameter: Storage, gradient: Storage, m: Storage, v: Storage, options: AdamOptions): void {
    const p = parameter.values();
    const g = gradient.values();
    const mean = m.values();
    const square = v.values();
    const { beta1, beta2 } = options;
    const meanCorrection = 1 - beta1 ** options.step;
    const squareCorrection = 1 - beta2 ** options.step;
    for (let i = 0; i < p.length; i++) {
      const slope = g[i]! + options.weightDecay * p[i]!;
      mean[i] = beta1 * mean[i]! + (1 - beta1) * slope;
      square[i] = beta2 * square[i]! + (1 - beta2) * slope * slope;
      const denominator = Math.sqrt(square[i]! / squareCorrection) + options.epsilon;
      p[i] = p[i]! - (options.learningRate * (mean[i]! / meanCorrection)) / denominator;
    }
  }
}

function perChannel({ outer, channels, inner }: Channels, visit: (i: number, channel: number) => void): void {
  for (let o = 0; o < outer; o++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < inner; i++) visit((o * channels + c) * inner + i, c);
}

function reduceOne(kind: ReduceKind, size: number, at: (k: number) => number): number {
  switch (kind) {
    case "sum": {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += at(k);
      return sum;
    }
    case "prod": {
      let product = 1;
      for (let k = 0; k < size; k++) product *= at(k);
      return product;
    }
    case "max":
      return at(extreme(size, at, (a, b) => a > b));
    case "min":
      return at(extreme(size, at, (a, b) => a < b));
    case "argmax":
      return extreme(size, at, (a, b) => a > b);
    case "argmin":
      return extreme(size, at, (a, b) => a < b);
  }
}

/** The first position that beats all others; the first NaN beats everything. */
function extreme(size: number, at: (k: number) => number, beats: (a: number, b: number) => boolean): number {
  let best = 0;
  for (let k = 1; k < size; k++) {
    if (Number.isNaN(at(best))) return best;
    if (Number.isNaN(at(k)) || beats(at(k), at(best))) best = k;
  }
  return best;
}

/** The one reference backend. */
export const referenceBackend: Backend = new ReferenceBackend();
