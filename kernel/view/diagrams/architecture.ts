/** How a network is built: a box for each layer with shape and parameters, branches drawn as branches. */
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import {
  type Architecture,
  type ArchitectureNode,
  architecture as architectureOf,
} from "../../../engine/inspection/architecture.ts";
import { type Module, requireModule } from "../../../engine/nn/module.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type Diagram, type DiagramNode, diagram, type Line } from "../drawing/diagram.ts";
import type { Displayable } from "../mime.ts";
import { layerName } from "../network/layers.ts";
import { ink } from "../theme.ts";
import { countOf, formatCount, formatShape, wrapped } from "../wording.ts";
import { volumes } from "./volumes.ts";

/** Options of `architecture`. */
export interface ArchitecturePictureOptions {
  /** A title above the picture. */
  title?: string;
  /** How deep modules in modules are opened; left out, as deep as gives at most 24 boxes (48 in a chain). */
  depth?: number;
  /** Boxes for all networks, or the volumes of a chain of layers as in the papers on convolutional networks. */
  style?: "boxes" | "volumes";
}

/**
 * Draws how a network is built: a box for each layer with what it gives and how many parameters it has, branches as
 * branches that meet in a sum or a join, modules as frames. Equal parts in a row become one with their number; what changes
 * nothing in evaluation, such as dropout, is left out. With
 * `style: "volumes"` the maps of a chain of layers as stacks of sheets, as LeCun et al. drew LeNet-5 in 1998. `inputShape` is that of
 * one sample. Lecture steps 003.56, 003.61, 003.62 and 004.23.
 *
 * @example
 * show.architecture(models.leNet5(), [1, 28, 28], { style: "volumes" });
 */
export function architecture(
  model: Module,
  inputShape: readonly number[],
  options: ArchitecturePictureOptions = {},
): Displayable {
  checkOptions("show.architecture", options, ["title", "depth", "style"]);
  requireModule("show.architecture", "model", model);
  const { style = "boxes", depth } = options;
  if (style !== "boxes" && style !== "volumes")
    throw new ArgumentError(`show.architecture: style is "boxes" or "volumes", got ${describeValue(style)}`);
  const found = architectureOf(model, inputShape, depth === undefined ? {} : { depth });
  const text = sentence(layerName(model), found);
  const title = options.title ?? layerName(model);
  const content = style === "volumes" ? volumes(found) : boxes(found);
  return diagram({ title, subtitle: text, ...content }, text);
}

/** `LeNet5: 12 layers; 61,706 parameters; from 1×28×28 to 10.` */
function sentence(name: string, { nodes, edges, parameters }: Architecture): string {
  const kinds = [
    ["layer", "layer"],
    ["module", "closed module"],
    ["operation", "operation"],
  ] as const;
  const counts = kinds.flatMap(([kind, noun]) => {
    const count = nodes.reduce((sum, node) => sum + (node.kind === kind ? node.times : 0), 0);
    return count === 0 ? [] : [countOf(count, noun)];
  });
  const used = new Set(edges.map(({ from }) => from));
  const outputs = nodes.filter(({ id }) => !used.has(id)).map(({ outputShape }) => formatShape(outputShape));
  return `${name}: ${counts.join(", ")}; ${countOf(parameters, "parameter")}; from ${formatShape(nodes[0]!.outputShape)} to ${outputs.join(" and ")}.`;
}

/** What kind of layer it is, by its type; colour only repeats what the text says. */
const fills: readonly (readonly [type: RegExp, fill: string])[] = [
  [/conv/i, "#dcebf7"],
  [/pool|upsample/i, "#dff1e8"],
  [/linear|embedding/i, "#fdecd2"],
  [/norm/i, "#eceff3"],
  [/relu|sigmoid|tanh|elu|softmax|activation/i, "#f1e9f6"],
];

/** Of more boxes than these, those without parameters do not say where they sit: the display stays light. */
const MANY = 36;

const signs: Readonly<Record<string, string>> = { add: "+", sub: "−", mul: "×" };

function boxes({ nodes, edges, groups }: Architecture): Omit<Diagram, "title"> {
  const isChain = edges.length === nodes.length - 1 && edges.every(({ from, to }) => to === from + 1);
  return {
    nodes: nodes.map((node) => boxOf(node, nodes.length > MANY)),
    edges: edges.map(({ from, to }) => ({ from: `${from}`, to: `${to}` })),
    groups: isChain
      ? []
      : groups.map(({ id, path, type, inside }) => ({
          id: `${id}`,
          label: `${path}: ${type}`,
          ...(inside === null ? {} : { inside: `${inside}` }),
        })),
    arrange: isChain ? "rows" : "down",
  };
}

function boxOf(node: ArchitectureNode, isBrief: boolean): DiagramNode {
  const { id, kind, path, type, details, outputShape, parameters, times, group } = node;
  const shape = line(formatShape(outputShape), "value");
  const common = { id: `${id}`, ...(group === null ? {} : { group: `${group}` }) };
  if (kind === "input") return { ...common, shape: "pill", lines: [line("input", "name"), shape] };
  if (kind === "operation")
    return signs[type] === undefined
      ? { ...common, shape: "pill", lines: [line(type, "name"), shape] }
      : { ...common, shape: "circle", lines: [line(signs[type], "name")] };
  return {
    ...common,
    fill: fills.find(([known]) => known.test(type))?.[1] ?? ink.paper,
    lines: [
      line(`${times > 1 ? `${times} × ` : ""}${type}`, "name"),
      ...(path === "" || (isBrief && parameters === 0)
        ? []
        : [line(times > 1 ? `${path} …` : path, "muted")]),
      ...(details === "" ? [] : wrapped(details, 150).map((part) => line(part))),
      shape,
      ...(parameters > 0 ? [line(`${formatCount(parameters)} parameters`, "muted")] : []),
    ],
  };
}

const line = (text: string, tone: NonNullable<Line["tone"]> = "plain"): Line => ({ text, tone });
