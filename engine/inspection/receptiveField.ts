/** What a unit sees of the image: size, step and place of receptive fields, along every branch of a network. */

import type { Conv2dGeometry, Pool2dGeometry } from "../backend/backend.ts";
import { zeros } from "../creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { enableGrad } from "../gradmode.ts";
import { Conv2d } from "../nn/convolution.ts";
import { inEvaluation } from "../nn/evaluation.ts";
import { LocalResponseNorm } from "../nn/localResponseNorm.ts";
import type { AnyModule, Module } from "../nn/module.ts";
import { Upsample } from "../nn/upsample.ts";
import type { GraphNode } from "../op.ts";
import type { Walking } from "../ops/movement.ts";
import type { Shape } from "../shapes.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { checkModel, layerAt } from "./observe.ts";

/** A part of the image in pixels: rows from `top` to before `bottom`, columns from `left` to before `right`. */
export interface Patch {
  /** The first row. */
  readonly top: number;
  /** The first column. */
  readonly left: number;
  /** The first row that no longer belongs to it. */
  readonly bottom: number;
  /** The first column that no longer belongs to it. */
  readonly right: number;
}

/** What the units of one layer see. Two numbers are `[vertical, horizontal]`. */
export interface LayerField {
  /** Where the layer sits in its model. */
  readonly path: string;
  /** What kind of layer it is. */
  readonly type: string;
  /** `[N, C, H, W]`, or `[N, D]` of units that see the whole image. */
  readonly outputShape: Shape;
  /** Pixels that a unit depends on; more than the image has where the field reaches into padding. */
  readonly size: readonly [number, number];
  /** Pixels between the fields of neighbouring units; 0 where all see the whole image. */
  readonly stride: readonly [number, number];
  /** Where the first unit's field begins; negative in the padding. */
  readonly start: readonly [number, number];
}

/** First and last row (or column) that count. */
type Span = readonly [from: number, to: number];
type Place = readonly [rows: Span, columns: Span];

/** Units looked at to find size and stride: where maps grow, neighbours differ by turns. */
const sampled = 16;

/** See {@link receptiveField}. */
export class ReceptiveFields {
  /** In the order in which the layers run. */
  readonly layers: readonly LayerField[];
  readonly #model: Module;
  readonly #image: readonly [height: number, width: number];
  readonly #outputs: ReadonlyMap<AnyModule, Tensor>;
  readonly #shortcuts: ReadonlyMap<Tensor, Shortcut>;
  /** What was computed from the image, and the image: not the weights. */
  readonly #carrying = new Map<Tensor, boolean>();

  /** @internal Use `inspection.receptiveField(model, shape)`. */
  constructor(model: Module, shape: readonly [number, number, number]) {
    this.#model = model;
    this.#image = [shape[1], shape[2]];
    const { image, outputs, shortcuts } = follow(model, shape);
    this.#carrying.set(image, true);
    this.#outputs = outputs;
    this.#shortcuts = shortcuts;
    const named = new Map(model.namedModules().map(([path, module]) => [module, path]));
    this.layers = Array.from(outputs, ([module, output]) =>
      this.#describe(named.get(module)!, module, output),
    );
    // What is still asked is who was computed from whom: the numbers can go.
    for (const [tensor, carries] of this.#carrying) {
      if (!carries) continue;
      tensor.node?.saved?.dispose();
      tensor.dispose();
    }
  }

  /** As `patch`, with the padding that the unit sees: rows and columns below 0 and beyond the image. */
  window(layer: string | AnyModule, unit: readonly [row: number, column: number]): Patch {
    const output = this.#outputs.get(layerAt("receptiveField", this.#model, layer));
    if (output === undefined)
      throw new ArgumentError(
        "receptiveField: the model does not run this layer, or nothing it gives comes from the image",
      );
    const units = output.ndim === 4 ? output.shape.slice(2) : [1, 1];
    for (const d of [0, 1])
      if (!(Number.isInteger(unit?.[d]) && unit[d]! >= 0 && unit[d]! < units[d]!))
        throw new ArgumentError(
          `receptiveField: a unit is [row, column] in a map of ${units.join(" × ")}; got ${Array.isArray(unit) ? `[${unit.join(", ")}]` : describeValue(unit)}`,
        );
    const [rows, columns] = this.#seen(output, unit[0], unit[1]);
    return { top: rows[0], left: columns[0], bottom: rows[1] + 1, right: columns[1] + 1 };
  }

  /**
   * The part of the image that the unit in this row and column of a layer's map sees, cut off at the border.
   *
   * @example
   * const fields = inspection.receptiveField(models.leNet5(), [1, 28, 28]);
   * const { top, left, bottom, right } = fields.patch("c3", [3, 4]);
   */
  patch(layer: string | AnyModule, unit: readonly [row: number, column: number]): Patch {
    const { top, left, bottom, right } = this.window(layer, unit);
    const [height, width] = this.#image;
    const within = (value: number, most: number) => Math.min(Math.max(value, 0), most);
    return {
      top: within(top, height),
      left: within(left, width),
      bottom: within(bottom, height),
      right: within(right, width),
    };
  }

  /** A line per layer: `conv2  Conv2d  14 × 14 pixels, every 2`. */
  toString(): string {
    const longest = Math.max(...this.layers.map(({ path }) => path.length), 0);
    return this.layers
      .map(
        ({ path, type, size, stride }) =>
          `${path.padEnd(longest)}  ${size.join(" × ")} pixels${stride[0] === 0 ? "" : `, every ${Number(stride[0].toFixed(2))}`}  ${type}`,
      )
      .join("\n");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  #describe(path: string, module: AnyModule, output: Tensor): LayerField {
    const places = Array.from({ length: sampled + 1 }, (_, i) => this.#seen(output, i, i));
    const of = (axis: 0 | 1) => {
      const starts = places.map((place) => place[axis][0]);
      return {
        size: Math.max(...places.map((place) => place[axis][1] - place[axis][0] + 1)),
        stride: (starts[sampled]! - starts[0]!) / sampled,
        start: starts[0]!,
      };
    };
    const [rows, columns] = [of(0), of(1)];
    return {
      path,
      type: module.constructor.name,
      outputShape: output.shape,
      size: [rows.size, columns.size],
      stride: [rows.stride, columns.stride],
      start: [rows.start, columns.start],
    };
  }

  /** What the unit sees, padding included: from the layer's output back to the image, all branches together. */
  #seen(output: Tensor, row: number, column: number): Place {
    const [height, width] = this.#image;
    const all: Place = [
      [0, height - 1],
      [0, width - 1],
    ];
    const found = new Map<Tensor, Place | null>([
      [
        output,
        output.ndim === 4
          ? [
              [row, row],
              [column, column],
            ]
          : null,
      ],
    ]);
    const order = this.#resultsFirst(output);
    for (const tensor of order) {
      const place = found.get(tensor);
      if (place === undefined) continue;
      for (const [input, seen] of this.#back(tensor, place)) {
        const known = found.get(input);
        found.set(input, known === undefined ? seen : union(known, seen));
      }
    }
    return found.get(order.at(-1)!) ?? all;
  }

  /** The operands of a tensor that carry the image, with the part of each that counts; null for all of it. */
  #back(tensor: Tensor, place: Place | null): [Tensor, Place | null][] {
    const shortcut = this.#shortcuts.get(tensor);
    if (shortcut !== undefined)
      return [[shortcut.input, place && [shortcut.rows(place[0]), shortcut.columns(place[1])]]];
    const { node } = tensor;
    if (node === null) return [];
    const carrying = node.inputs.filter((input) => this.#carrying.get(input));
    return carrying.map((input) => [input, place && operandPlace(node, tensor, input, place)]);
  }

  /** Everything between `root` and the image, results before operands; the image comes last. */
  #resultsFirst(root: Tensor): Tensor[] {
    const order: Tensor[] = [];
    const entered = new Set<Tensor>();
    const open: { tensor: Tensor; done: boolean }[] = [{ tensor: root, done: false }];
    for (let item = open.pop(); item !== undefined; item = open.pop()) {
      const { tensor, done } = item;
      const shortcut = this.#shortcuts.get(tensor);
      const operands = shortcut === undefined ? tensor.inputs : [shortcut.input];
      if (done) {
        const carries = this.#carrying.get(tensor) ?? operands.some((input) => this.#carrying.get(input));
        this.#carrying.set(tensor, carries);
        if (carries) order.push(tensor);
      } else if (!entered.has(tensor)) {
        entered.add(tensor);
        open.push({ tensor, done: true });
        for (const input of operands) open.push({ tensor: input, done: false });
      }
    }
    return order.reverse();
  }
}

function union(a: Place | null, b: Place | null): Place | null {
  if (a === null || b === null) return null;
  const both = (p: Span, q: Span): Span => [Math.min(p[0], q[0]), Math.max(p[1], q[1])];
  return [both(a[0], b[0]), both(a[1], b[1])];
}

/** The part of an operand that counts for a part of the result; null for all of it. */
function operandPlace(node: GraphNode, output: Tensor, input: Tensor, [rows, columns]: Place): Place | null {
  if (output.ndim !== 4 || input.ndim !== 4) return null;
  const [height, width] = input.shape.slice(2) as [number, number];
  switch (node.primitive.name) {
    case "conv2d":
      return windows(node.options as Conv2dGeometry, [rows, columns]);
    case "convTranspose2d":
      return stamps(node.options as Conv2dGeometry, [rows, columns]);
    case "maxPool2d":
    case "avgPool2d": {
      const { geometry } = node.options as { geometry: Pool2dGeometry };
      return windows({ ...geometry, dilationHeight: 1, dilationWidth: 1 }, [rows, columns]);
    }
    case "pad": {
      const { walk } = node.options as { walk: Walking };
      const outWidth = output.shape[3]!;
      const [top, left] = [Math.floor(walk.offset / outWidth) % output.shape[2]!, walk.offset % outWidth];
      return [moved(rows, -top), moved(columns, -left)];
    }
    case "concat": {
      const { dim } = node.options as { dim: number };
      if (dim < 2) return [rows, columns];
      const before = node.inputs
        .slice(0, node.inputs.indexOf(input))
        .reduce((sum, one) => sum + one.shape[dim]!, 0);
      const limit = (span: Span, size: number): Span => [
        Math.min(Math.max(span[0] - before, 0), size - 1),
        Math.min(Math.max(span[1] - before, 0), size - 1),
      ];
      return dim === 2 ? [limit(rows, height), columns] : [rows, limit(columns, width)];
    }
    case "slice":
    case "flip":
      return walked(node.options, height, width, rows, columns);
    default:
      return output.shape[2] === height && output.shape[3] === width && node.primitive.name !== "permute"
        ? [rows, columns]
        : null;
  }
}

const moved = ([from, to]: Span, by: number): Span => [from + by, to + by];

type Windows = Omit<Pool2dGeometry, "planes"> & Pick<Conv2dGeometry, "dilationHeight" | "dilationWidth">;

/** Rows and columns alike; `reach` is the distance from a window's first to its last tap. */
function alongBoth(
  geometry: Windows,
  [rows, columns]: Place,
  span: (results: Span, reach: number, stride: number, padding: number) => Span,
): Place {
  const { kernelHeight, kernelWidth, dilationHeight, dilationWidth } = geometry;
  return [
    span(rows, dilationHeight * (kernelHeight - 1), geometry.strideHeight, geometry.padTop),
    span(columns, dilationWidth * (kernelWidth - 1), geometry.strideWidth, geometry.padLeft),
  ];
}

/** A window per result: from its first to its last tap. */
function windows(geometry: Windows, results: Place): Place {
  return alongBoth(geometry, results, ([from, to], reach, stride, padding) => [
    from * stride - padding,
    to * stride - padding + reach,
  ]);
}

/** The pixels whose stamps reach a result. */
function stamps(geometry: Windows, results: Place): Place {
  return alongBoth(geometry, results, ([from, to], reach, stride, padding) => [
    Math.ceil((from + padding - reach) / stride),
    Math.floor((to + padding) / stride),
  ]);
}

/** A walk over the operand, forwards or backwards, in whole rows and columns; null for any other. */
function walked(options: unknown, height: number, width: number, rows: Span, columns: Span): Place | null {
  if (typeof options !== "object" || options === null || !("strides" in options)) return null;
  const { strides, offset } = options as Walking;
  const [down, across] = [strides[2]! / width, strides[3]!];
  if (!Number.isInteger(down)) return null;
  const ends = ([from, to]: Span, first: number, step: number): Span => {
    const both = [first + from * step, first + to * step];
    return [Math.min(...both), Math.max(...both)];
  };
  return [ends(rows, Math.floor(offset / width) % height, down), ends(columns, offset % width, across)];
}

/**
 * A convolution whose border repeats what lies just inside: its units see the same part of the image as with zeros there. Null
 * where the border comes from the other side, or is a mirror image that reaches further than the window does.
 */
function borderedWindow(module: Conv2d, input: Tensor): Shortcut | null {
  const { kernelSize, stride, dilation, padding, paddingMode } = module;
  const axes = ([0, 1] as const).map((axis) => {
    const reach = dilation[axis] * (kernelSize[axis] - 1);
    const before = padding === "valid" ? 0 : padding === "same" ? Math.floor(reach / 2) : padding[axis];
    return { reach, before, step: stride[axis] };
  });
  if (
    paddingMode === "circular" ||
    (paddingMode === "reflect" && axes.some(({ reach, before }) => 2 * before > reach))
  )
    return null;
  const [rows, columns] = axes.map(
    ({ reach, before, step }) =>
      ([from, to]: Span): Span => [from * step - before, to * step - before + reach],
  );
  return { input, rows: rows!, columns: columns! };
}

/** A layer whose inside is no window: what its output sees of its input. */
interface Shortcut {
  readonly input: Tensor;
  rows(span: Span): Span;
  columns(span: Span): Span;
}

function shortcutOf(module: AnyModule, input: Tensor, output: Tensor): Shortcut | null {
  if (module instanceof LocalResponseNorm) return { input, rows: (span) => span, columns: (span) => span };
  if (module instanceof Conv2d && module.paddingMode !== "zeros") return borderedWindow(module, input);
  if (!(module instanceof Upsample)) return null;
  const scaled =
    (axis: number) =>
    ([from, to]: Span): Span => {
      const ratio = input.shape[axis]! / output.shape[axis]!;
      if (module.mode === "nearest") return [Math.floor(from * ratio), Math.floor(to * ratio)];
      if (module.alignCorners) {
        const step = (input.shape[axis]! - 1) / Math.max(1, output.shape[axis]! - 1);
        return [Math.floor(from * step), Math.ceil(to * step)];
      }
      return [Math.floor((from + 0.5) * ratio - 0.5), Math.ceil((to + 0.5) * ratio - 0.5)];
    };
  return { input, rows: scaled(2), columns: scaled(3) };
}

/** Runs the model once on an empty image: each leaf layer's output, and the layers to be skipped. */
function follow(
  model: Module,
  [channels, height, width]: readonly [number, number, number],
): { image: Tensor; outputs: Map<AnyModule, Tensor>; shortcuts: Map<Tensor, Shortcut> } {
  const image = zeros([1, channels, height, width]).keep();
  image.requiresGrad = true;
  const outputs = new Map<AnyModule, Tensor>();
  const shortcuts = new Map<Tensor, Shortcut>();
  const handles = model.namedModules().flatMap(([, module]) => {
    if (module.namedChildren().length > 0) return [];
    return module.registerForwardHook((_module, inputs: readonly Tensor[], output: unknown) => {
      if (!isTensor(output) || !output.requiresGrad) return;
      outputs.set(module, output);
      const shortcut = inputs[0]?.ndim === 4 ? shortcutOf(module, inputs[0], output) : null;
      if (shortcut !== null) shortcuts.set(output, shortcut);
    });
  });
  try {
    inEvaluation(model, () => enableGrad(() => model(image)));
  } finally {
    for (const handle of handles) handle.remove();
  }
  return { image, outputs, shortcuts };
}

/**
 * The receptive fields of all layers of a model for images `[C, H, W]`: how many pixels a unit sees, how far the fields of
 * neighbours are apart, where they begin; along residual, parallel and concatenated branches the largest. Per layer
 * `r = r + (k − 1)·j` and `j = j·s` with kernel k, stride s. Araujo, Norris & Sim 2019; lecture steps 000.40 and 003.74.
 * Zero padding belongs to the field (`size`), not to the image (`patch`). Convolutions in one or three dimensions, and whatever
 * else mixes places, see everything; of borders from the other side (`"circular"`) the field holds all between.
 *
 * @throws ShapeError for a shape that is not `[C, H, W]`.
 * @example
 * const fields = inspection.receptiveField(models.leNet5(), [1, 28, 28]);
 * fields.layers.map(({ path, size }) => `${path} ${size[0]}`);
 */
export function receptiveField(model: Module, shape: readonly number[]): ReceptiveFields {
  checkModel("receptiveField", model);
  const wanted: readonly unknown[] = Array.isArray(shape) ? shape : [];
  if (wanted.length !== 3 || !wanted.every((n) => typeof n === "number" && Number.isInteger(n) && n >= 1))
    throw new ShapeError(
      `receptiveField: the shape of an image is [C, H, W], such as [1, 28, 28]; got ${Array.isArray(shape) ? `[${shape.join(", ")}]` : describeValue(shape)}`,
    );
  return new ReceptiveFields(model, shape as readonly [number, number, number]);
}
