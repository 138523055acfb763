/** A fully connected network as neurons: circles with biases or activations, lines with weights. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { Linear } from "../../../engine/nn/linear.ts";
import { type AnyModule, type Module, requireModule } from "../../../engine/nn/module.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import { centred, colourOf, hexOf, valueRange } from "../colours.ts";
import { type DiagramEdge, type DiagramNode, diagram, type Line } from "../drawing/diagram.ts";
import type { Displayable } from "../mime.ts";
import { layerName } from "../network/layers.ts";
import { ink } from "../theme.ts";
import { countOf, formatCount, formatNumber, formatShape, withRange } from "../wording.ts";

/** Options of `neurons`. */
export interface NeuronsOptions {
  /** A title above the picture. */
  title?: string;
  /** One sample, `[D]` or `[1, D]`: the circles then show what each neuron answers to it. */
  input?: Tensor;
  /** Names of the inputs. */
  inputs?: readonly string[];
  /** Names of the outputs. */
  outputs?: readonly string[];
  /** How many units of a layer are drawn at most (default 12, fewer in networks of more than three layers). */
  maxUnits?: number;
}

const colours = { positive: "#b2182b", negative: "#2166ac" } as const;
const LAYERS = { apart: 210, width: 800, numbered: 150 } as const;
/** Between units of a column in CSS pixels: as much as there is room for. */
const UNITS = { least: 50, most: 84, height: 560 } as const;
const CIRCLE = 42;
/** Whether a line of text fits between two circles. */
const hasRoom = (spacing: number): boolean => spacing >= CIRCLE + 16;
/** Between two layers with at most so many lines, and room for them, each carries its number. */
const MOST_NUMBERS = 12;
/** Lines that can be told apart, over all layers; of more, the widest are drawn. In a wide picture each weighs more. */
const mostLines = (gaps: number): number => Math.max(4, Math.floor((gaps <= 2 ? 80 : 50) / gaps));

/** All columns together stay readable, and the display light. */
const mostUnits = (columns: number): number => Math.max(5, Math.min(12, Math.floor(48 / columns)));

/** One column: units with bias and answer. */
interface Column {
  name: string;
  size: number;
  biases: ArrayLike<number> | null;
  answers: ArrayLike<number> | null;
}

/** The weights between two columns, `[units, inputs]` row by row. */
type Weights = ArrayLike<number>;

/**
 * Draws a fully connected network unit by unit: positive weights as solid red lines, negative ones as dashed blue lines, the wider the larger;
 * biases in the circles, or with `input` what each unit answers. Of large layers the first and last units are drawn, and how
 * many lie between. Lecture steps 000.14 and 004.11.
 *
 * @example
 * show.neurons(models.mlp([2, 3, 1]), { input: tensor([0.5, -1]) });
 */
export function neurons(model: Module, options: NeuronsOptions = {}): Displayable {
  checkOptions("show.neurons", options, ["title", "input", "inputs", "outputs", "maxUnits"]);
  requireModule("show.neurons", "model", model);
  const layers = linearLayers(model);
  const { maxUnits = mostUnits(layers.length + 1), input } = options;
  if (!Number.isInteger(maxUnits) || maxUnits < 3)
    throw new ArgumentError(
      `show.neurons: maxUnits must be a whole number from 3, got ${describeValue(maxUnits)}`,
    );
  const columns = columnsOf(model, layers, input);
  const weights = layers.map(({ weight }) => weight.toTypedArray());
  const places = columns.map(({ size }) => drawnUnits(size, maxUnits));
  const all = weights.map((values) => valueRange(values));
  const [low, high] = [
    Math.min(...all.map((range) => range.low)),
    Math.max(...all.map((range) => range.high)),
  ];
  const reach = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const rows = Math.max(
    ...columns.map(({ size }, i) => places[i]!.length + (size > places[i]!.length ? 1 : 0)),
  );
  const spacing = Math.max(UNITS.least, Math.min(UNITS.most, UNITS.height / rows));
  const most = mostLines(weights.length);
  const lines = weights.map((values, i) => linesOf(values, i, columns, places, reach));
  const hidden = lines.reduce((sum, { length }) => sum + Math.max(0, length - most), 0);
  const cut = columns.some(({ size }, i) => size > places[i]!.length);
  const text = `${layerName(model)} ${columns.map(({ size }) => size).join("-")}: ${countOf(model.parameterCount, "parameter")}, ${withRange(
    "weights",
    weights.flatMap((values) => Array.from(values)),
  )}${cut ? `; up to ${maxUnits} units of each layer are drawn` : ""}.`;
  return diagram(
    {
      title: options.title ?? `${layerName(model)} ${columns.map(({ size }) => size).join("-")}`,
      subtitle: text,
      nodes: [...unitsOf(columns, places, spacing), ...headsOf(columns, places, spacing, rows, options)],
      edges: lines.flatMap((all) => all.slice(-most)),
      arrange: "byHand",
      legend: [
        { text: "positive weight", colour: colours.positive },
        { text: "negative weight", colour: colours.negative, dashed: true },
        { text: `widest: ${formatNumber(reach)}`, colour: ink.muted, width: 4 },
      ],
      notes: [
        input === undefined
          ? "In each circle: the bias."
          : `In each circle: what the unit answers to this input${hasRoom(spacing) ? "; below it, b: the bias" : ""}.`,
        ...(hidden > 0
          ? [
              `Between two layers the ${most} lines with the largest weights are drawn, ${formatCount(hidden)} are not.`,
            ]
          : []),
      ],
    },
    text,
  );
}

function linearLayers(model: AnyModule): Linear[] {
  const leaves = model.namedModules().filter(([, module]) => module.children.length === 0);
  const other = leaves.find(([, module]) => !(module instanceof Linear) && module.parameterCount > 0);
  if (other !== undefined)
    throw new ArgumentError(
      `show.neurons: draws fully connected networks, ${other[0] || "this one"} is a ${layerName(other[1])}; use show.architecture`,
    );
  const found = leaves.flatMap(([, module]) => (module instanceof Linear ? [module] : []));
  if (found.length === 0)
    throw new ArgumentError(
      `show.neurons: ${layerName(model)} has no linear layer; give a network such as models.mlp([2, 3, 1])`,
    );
  found.slice(1).forEach((layer, i) => {
    const before = found[i]!.weight.shape[0]!;
    if (layer.weight.shape[1] !== before)
      throw new ShapeError(
        `show.neurons: draws layers one after the other; layer ${i} gives ${before} units, the next takes ${layer.weight.shape[1]}`,
      );
  });
  return found;
}

function columnsOf(model: Module, layers: readonly Linear[], input: Tensor | undefined): Column[] {
  const inputs = layers[0]!.weight.shape[1]!;
  const answers = input === undefined ? null : answersOf(model, layers, input, inputs);
  const paths = new Map(model.namedModules().map(([path, module]) => [module as unknown, path]));
  return [
    { name: "input", size: inputs, biases: null, answers: answers?.[0] ?? null },
    ...layers.map((layer, i) => ({
      name: (paths.get(layer) || "output").replace(/^(\d)/, "layer $1"),
      size: layer.weight.shape[0]!,
      biases: layer.bias?.toTypedArray() ?? null,
      answers: answers?.[i + 1] ?? null,
    })),
  ];
}

/** The input, and after each linear layer what reaches the next: with the activation. */
function answersOf(
  model: Module,
  layers: readonly Linear[],
  input: Tensor,
  inputs: number,
): ArrayLike<number>[] {
  if (!isTensor(input))
    throw new ArgumentError(`show.neurons: input is one sample as a Tensor, got ${describeValue(input)}`);
  if (input.size !== inputs)
    throw new ShapeError(
      `show.neurons: the network takes ${countOf(inputs, "number")}, input has shape ${formatShape(input.shape)}; give one sample`,
    );
  const row = noGrad(() => input.detach().reshape([1, inputs]));
  const records = model.trace(row);
  const answers: ArrayLike<number>[] = [row.toTypedArray()];
  for (const record of records) {
    if (record.module instanceof Linear) answers.push([]);
    if (answers.length > 1) answers[answers.length - 1] = record.output.toTypedArray();
  }
  if (answers.length !== layers.length + 1)
    throw new ArgumentError("show.neurons: with an input, each linear layer of the network has to run once");
  return answers;
}

/** Which units are drawn: all, or the first and the last. */
function drawnUnits(size: number, most: number): number[] {
  if (size <= most) return Array.from({ length: size }, (_, i) => i);
  const first = Math.ceil((most - 1) / 2);
  const last = most - 1 - first;
  return [
    ...Array.from({ length: first }, (_, i) => i),
    ...Array.from({ length: last }, (_, i) => size - last + i),
  ];
}

const idOf = (column: number, unit: number): string => `${column} ${unit}`;

/** Rows from the middle: where a gap is, one row is left for the dots. */
function rowsOf(
  size: number,
  drawn: readonly number[],
  spacing: number,
): { rows: Map<number, number>; gap: number | null } {
  const cut = drawn.length < size;
  const count = drawn.length + (cut ? 1 : 0);
  const firstAfter = drawn.findIndex((unit, i) => i > 0 && unit !== drawn[i - 1]! + 1);
  const rows = new Map(
    drawn.map((unit, i) => [unit, (i + (cut && i >= firstAfter ? 1 : 0) - (count - 1) / 2) * spacing]),
  );
  return { rows, gap: cut ? (firstAfter - (count - 1) / 2) * spacing : null };
}

const xOf = (column: number, count: number): number =>
  column * Math.min(LAYERS.apart, LAYERS.width / Math.max(1, count - 1));

function unitsOf(
  columns: readonly Column[],
  places: readonly (readonly number[])[],
  spacing: number,
): DiagramNode[] {
  return columns.flatMap(({ size, biases, answers }, c) => {
    const { rows, gap } = rowsOf(size, places[c]!, spacing);
    const x = xOf(c, columns.length);
    const range = answers === null ? null : centred(valueRange(answers));
    const units = places[c]!.map((unit): DiagramNode => {
      const bias = biases === null ? null : biases[unit]!;
      const value = answers?.[unit] ?? bias;
      const fill =
        range === null
          ? c === 0
            ? ink.paper
            : "#eef3f8"
          : hexOf(pale(colourOf(answers![unit]!, "diverging", range.low, range.high)));
      return {
        id: idOf(c, unit),
        shape: "circle",
        size: [CIRCLE, CIRCLE],
        at: { x, y: rows.get(unit)! },
        fill,
        lines: value === null ? [] : [line(compact(value), "number")],
        ...(answers === null || bias === null || !hasRoom(spacing)
          ? {}
          : { below: [line(`b ${compact(bias)}`, "muted")] }),
      };
    });
    const missing = size - places[c]!.length;
    return gap === null
      ? units
      : [
          ...units,
          {
            id: `${c} gap`,
            shape: "plain" as const,
            at: { x, y: gap },
            lines: [line("⋮", "name"), line(`${formatCount(missing)} more`, "muted")],
          },
        ];
  });
}

/** Two decimals, which fit into a circle. */
function compact(value: number): string {
  const plain = Math.abs(value) < 100 && Math.abs(value) >= 0.005;
  return plain ? formatNumber(Number(value.toFixed(2)), 4) : formatNumber(value, 1);
}

/** Lighter, so that the number on it can be read. */
const pale = ([red, green, blue]: readonly [number, number, number]): [number, number, number] => [
  Math.round(255 - 0.4 * (255 - red)),
  Math.round(255 - 0.4 * (255 - green)),
  Math.round(255 - 0.4 * (255 - blue)),
];

/** Names over the columns, and beside inputs and outputs. */
function headsOf(
  columns: readonly Column[],
  places: readonly (readonly number[])[],
  spacing: number,
  rows: number,
  { inputs, outputs }: NeuronsOptions,
): DiagramNode[] {
  const top = -(rows / 2) * spacing - (spacing < 60 ? 14 : 6);
  const heads = columns.map(
    ({ name, size }, c): DiagramNode => ({
      id: `head ${c}`,
      shape: "plain",
      at: { x: xOf(c, columns.length), y: top },
      lines: [line(name, "name"), line(countOf(size, "unit"), "muted")],
    }),
  );
  const beside = (c: number, names: readonly string[] | undefined, side: -1 | 1): DiagramNode[] => {
    if (names === undefined) return [];
    const { size } = columns[c]!;
    if (names.length !== size)
      throw new ShapeError(
        `show.neurons: ${names.length} names for ${size} ${side < 0 ? "inputs" : "outputs"}; give one each`,
      );
    const { rows: ys } = rowsOf(size, places[c]!, spacing);
    const room = Math.max(...names.map(({ length }) => length)) * 4 + 34;
    return places[c]!.map((unit) => ({
      id: `name ${c} ${unit}`,
      shape: "plain",
      at: { x: xOf(c, columns.length) + side * room, y: ys.get(unit)! },
      lines: [line(names[unit]!, "name")],
    }));
  };
  return [...heads, ...beside(0, inputs, -1), ...beside(columns.length - 1, outputs, 1)];
}

/** The lines into a layer, the widest on top. */
function linesOf(
  values: Weights,
  layer: number,
  columns: readonly Column[],
  places: readonly (readonly number[])[],
  reach: number,
): DiagramEdge[] {
  const inputs = columns[layer]!.size;
  const [sources, targets] = [places[layer]!, places[layer + 1]!];
  const numbered =
    sources.length * targets.length <= MOST_NUMBERS && xOf(1, columns.length) >= LAYERS.numbered;
  // Where the lines' heights are evenly apart: nearer the side with more units.
  const [n, m] = [sources.length, targets.length];
  const labelAt = m <= n ? 1 / (m + 1) : n / (n + 1);
  return targets
    .flatMap((to) => sources.map((from) => ({ from, to, weight: values[to * inputs + from]! })))
    .toSorted((a, b) => Math.abs(a.weight) - Math.abs(b.weight))
    .map(({ from, to, weight }): DiagramEdge => {
      const share = Number.isFinite(weight) ? Math.abs(weight) / reach : 1;
      return {
        from: idOf(layer, from),
        to: idOf(layer + 1, to),
        colour: weight >= 0 ? colours.positive : Number.isNaN(weight) ? ink.strong : colours.negative,
        dashed: weight < 0,
        width: Math.round((0.4 + 3.6 * share) * 10) / 10,
        arrow: false,
        ...(numbered ? { above: [line(formatNumber(weight, 2))], labelAt } : {}),
      };
    });
}

const line = (text: string, tone: NonNullable<Line["tone"]> = "plain"): Line => ({ text, tone });
