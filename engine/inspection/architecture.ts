/** How a network is built: its layers as boxes, with every branch and where branches meet, as plain data for drawing. */

import { withBackend } from "../backend/current.ts";
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { enableGrad } from "../gradmode.ts";
import { operandsFirst } from "../graph.ts";
import { Embedding } from "../nn/embedding.ts";
import { inEvaluation } from "../nn/evaluation.ts";
import { type AnyModule, Module } from "../nn/module.ts";
import { checkOptions } from "../options.ts";
import type { Place } from "../place.ts";
import { isTensor, type Tensor } from "../tensor.ts";
import { checkModel, onZeros } from "./observe.ts";

/** A layer, a module drawn as one, or an operation outside of layers, such as the sum of a residual block. */
export interface ArchitectureNode {
  /** Its position in `nodes`; what it is computed from comes before it. */
  readonly id: number;
  /** A layer that has no layers in it, a module with its layers left out, an operation, or what the network is given. */
  readonly kind: "input" | "layer" | "module" | "operation";
  /** Where it sits in its model; of several alike the first. Empty for the input and for operations of the model itself. */
  readonly path: string;
  /** Such as `Conv2d`, `add` or `input`. */
  readonly type: string;
  /** What a layer prints between its brackets. */
  readonly details: string;
  /** Of one sample, without the batch. */
  readonly outputShape: readonly number[];
  /** 0 where a layer runs again. */
  readonly parameters: number;
  /** How many alike follow one another here: 1, or more where they are drawn as one. */
  readonly times: number;
  /** The innermost of `groups` that it stands in. */
  readonly group: number | null;
}

/** A module around several nodes. */
export interface ArchitectureGroup {
  /** Its position in `groups`. */
  readonly id: number;
  /** Where it sits in its model. */
  readonly path: string;
  /** What kind of module it is. */
  readonly type: string;
  /** The group around it. */
  readonly inside: number | null;
}

/** See {@link architecture}. */
export interface Architecture {
  /** In order of execution. */
  readonly nodes: readonly ArchitectureNode[];
  /** Who is computed from whom, by the nodes' `id`. */
  readonly edges: readonly { readonly from: number; readonly to: number }[];
  /** Modules around several nodes, outer ones first. */
  readonly groups: readonly ArchitectureGroup[];
  /** How deep modules were opened. */
  readonly depth: number;
  /** All numbers that training adjusts. */
  readonly parameters: number;
}

/** Options of `architecture`. */
export interface ArchitectureOptions {
  /**
   * How deep modules in modules are opened: 1 shows the model's own fields. Left out, as deep as gives at most `most`
   * nodes, twice as many where they are one chain; at least 1.
   */
  readonly depth?: number;
  /** How many nodes a depth that is chosen may give (default 24). */
  readonly most?: number;
}

/** A part of the network while it is sorted out: a call of a module, or the result of an operation. */
type Part = Place | Tensor;

/**
 * The parts of a network in order of execution with shapes and parameters, and who is computed from whom: along residual
 * and parallel branches too, down to the sums and joins where they meet. `shape` is that of one sample, `[C, H, W]` or `[D]`, and
 * of whole numbers for a model that begins with an embedding.
 * Three and more equal parts in a row become one, with their number. What changes nothing in evaluation, such as dropout, is no
 * part. Lecture steps 003.61, 003.62 and 004.23.
 *
 * @throws ShapeError where the shape is none, and what the model itself throws where the shape does not fit.
 * @example
 * inspection.architecture(models.leNet5(), [1, 28, 28]).nodes.map(({ path, type }) => `${path} ${type}`);
 */
export function architecture(
  model: Module,
  shape: readonly number[],
  options: ArchitectureOptions = {},
): Architecture {
  checkOptions("architecture", options, ["depth", "most"]);
  checkModel("architecture", model);
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every((n) => Number.isInteger(n) && n >= 1))
    throw new ShapeError(
      `architecture: the shape is that of one sample, such as [1, 28, 28]; got ${Array.isArray(shape) ? `[${shape.join(", ")}]` : describeValue(shape)}`,
    );
  const { depth, most = 24 } = options;
  if (depth !== undefined && !(Number.isInteger(depth) && depth >= 0))
    throw new ArgumentError(
      `architecture: depth is a whole number from 0, the whole model as one; got ${describeValue(depth)}`,
    );
  const [parameter] = model.parameters();
  const run = () => {
    const tape = record(model, shape);
    try {
      if (depth !== undefined) return at(model, tape, depth);
      let chosen = at(model, tape, 1);
      for (let deeper = 2; deeper <= tape.deepest; deeper++) {
        const next = at(model, tape, deeper);
        if (next.nodes.length > (isChain(next) ? 2 * most : most)) break;
        chosen = next;
      }
      return chosen;
    } finally {
      for (const tensor of tape.carrying) {
        tensor.node?.saved?.dispose();
        tensor.dispose();
      }
    }
  };
  return parameter === undefined ? run() : withBackend(parameter.holding.backend, run);
}

const isChain = ({ nodes, edges }: Architecture): boolean =>
  edges.length === nodes.length - 1 && edges.every(({ from, to }) => to === from + 1);

interface Tape {
  readonly image: Tensor;
  /** What is computed from the image, and the image first; operands before results. */
  readonly carrying: ReadonlySet<Tensor>;
  /** The calls around the operation that made a tensor, the model's first. */
  readonly calls: ReadonlyMap<Tensor, readonly Place[]>;
  readonly deepest: number;
}

function record(model: Module, shape: readonly number[]): Tape {
  const { image, output } = onZeros(model, [1, ...shape], (zero) => {
    zero.keep().requiresGrad = zero.dtype !== "int32";
    const output: unknown = inEvaluation(model, () => enableGrad(() => model(zero)));
    return { image: zero, output };
  });
  const results = (Array.isArray(output) ? output : [output]).filter(isTensor);
  const carrying = new Set([image]);
  for (const tensor of operandsFirst(results))
    if (tensor.inputs.some((input) => carrying.has(input)) || isLookedUp(tensor)) carrying.add(tensor);
  if (carrying.size === 1)
    throw new ArgumentError(
      `architecture: nothing that ${model.constructor.name} returns is computed from its input by operations with a gradient; make what it computes return a tensor, by layers or operations on its input`,
    );
  const calls = new Map([...carrying].map((tensor) => [tensor, callsAround(tensor)]));
  const deepest = Math.max(...[...calls.values()].map(({ length }) => length - 1));
  return { image, carrying, calls, deepest };
}

/** Whether it is what an embedding has for the whole numbers it was given, whose way from the input no graph keeps. */
function isLookedUp({ inputs, node }: Tensor): boolean {
  return node?.place?.module instanceof Embedding && inputs.some(({ dtype }) => dtype === "int32");
}

function callsAround(tensor: Tensor): Place[] {
  const calls: Place[] = [];
  for (let place = tensor.node?.place ?? null; place !== null; place = place.outer) calls.unshift(place);
  return calls;
}

const isLeaf = ({ module }: Place): boolean =>
  module instanceof Module && module.namedChildren().length === 0;

/** What a tensor belongs to when modules are opened down to a depth: the layer, the closed module, or itself. */
function partOf(
  tensor: Tensor,
  calls: readonly Place[],
  depth: number,
): { part: Part; around: readonly Place[] } {
  const closed = calls.findIndex((place, level) => level === depth || isLeaf(place));
  return closed === -1
    ? { part: tensor, around: calls.slice(1) }
    : { part: calls[closed]!, around: calls.slice(1, closed) };
}

type Draft = { -readonly [K in keyof ArchitectureNode]: ArchitectureNode[K] };

function at(model: Module, tape: Tape, depth: number): Architecture {
  const paths = new Map<AnyModule, string>(model.namedModules().map(([path, module]) => [module, path]));
  const counted = new Set<AnyModule>();
  const groups: ArchitectureGroup[] = [];
  const groupIds = new Map<Place, number>();
  const groupOf = (around: readonly Place[]): number | null =>
    around.reduce<number | null>((inside, place) => {
      const known = groupIds.get(place);
      if (known !== undefined) return known;
      const id = groups.length;
      groupIds.set(place, id);
      const module = place.module as AnyModule;
      groups.push({ id, path: paths.get(module) ?? "", type: module.constructor.name, inside });
      return id;
    }, null);

  const nodes: Draft[] = [];
  const ids = new Map<Part, number>();
  const edges = new Map<string, { from: number; to: number }>();
  const nodeOf = new Map<Tensor, number>();
  for (const tensor of tape.carrying) {
    const calls = tape.calls.get(tensor)!;
    const { part, around } = partOf(tensor, calls, depth);
    let id = ids.get(part);
    if (id === undefined) {
      id = nodes.length;
      ids.set(part, id);
      nodes.push({
        id,
        times: 1,
        group: groupOf(around),
        ...described(part, tensor, around, paths, counted),
      });
    }
    // The last tensor of a part is its result.
    nodes[id]!.outputShape = tensor.shape.slice(1);
    nodeOf.set(tensor, id);
    const operands = isLookedUp(tensor) ? [tape.image] : tensor.inputs;
    for (const input of operands) {
      const from = nodeOf.get(input);
      if (from !== undefined && from !== id) edges.set(`${from} ${id}`, { from, to: id });
    }
  }
  return {
    ...tidied(repeatsJoined(nodes, [...edges.values()]), groups),
    depth,
    parameters: model.parameterCount,
  };
}

function described(
  part: Part,
  tensor: Tensor,
  around: readonly Place[],
  paths: ReadonlyMap<AnyModule, string>,
  counted: Set<AnyModule>,
): Pick<Draft, "kind" | "path" | "type" | "details" | "parameters" | "outputShape"> {
  const outputShape = tensor.shape.slice(1);
  if (isTensor(part)) {
    const outer = around.at(-1)?.module as AnyModule | undefined;
    const path = outer === undefined ? "" : (paths.get(outer) ?? "");
    const given = tensor.op === null;
    return {
      kind: given ? "input" : "operation",
      path,
      type: tensor.op ?? "input",
      details: "",
      parameters: 0,
      outputShape,
    };
  }
  const module = part.module as AnyModule;
  const again = counted.has(module);
  counted.add(module);
  return {
    kind: isLeaf(part) ? "layer" : "module",
    path: paths.get(module) ?? "",
    type: module.constructor.name,
    details: module.details(),
    parameters: again ? 0 : module.parameterCount,
    outputShape,
  };
}

type Edge = { from: number; to: number };

/** Three and more nodes alike in a row, each computed from nothing but the one before, become one. */
function repeatsJoined(nodes: readonly Draft[], edges: readonly Edge[]): { nodes: Draft[]; edges: Edge[] } {
  const before = Map.groupBy(edges, ({ to }) => to);
  const after = Map.groupBy(edges, ({ from }) => from);
  const look = (node: Draft): string =>
    [node.kind, node.type, node.details, node.outputShape, node.parameters, node.group].join("|");
  const only = (found: readonly Edge[] | undefined): Edge | null => (found?.length === 1 ? found[0]! : null);
  const heads = new Map<number, number>();
  for (const node of nodes) {
    const edge = only(before.get(node.id));
    const previous = edge === null ? undefined : nodes[edge.from];
    const follows =
      previous !== undefined && only(after.get(previous.id)) !== null && look(previous) === look(node);
    heads.set(node.id, follows ? heads.get(previous.id)! : node.id);
  }
  const sizes = new Map<number, number>();
  for (const head of heads.values()) sizes.set(head, (sizes.get(head) ?? 0) + 1);
  const place = (id: number): number => (sizes.get(heads.get(id)!)! >= 3 ? heads.get(id)! : id);
  const kept = nodes.filter(({ id }) => place(id) === id);
  const ids = new Map(kept.map(({ id }, position) => [id, position]));
  return {
    nodes: kept.map((node) => {
      const times = sizes.get(node.id) ?? 1;
      const joined = times >= 3 ? times : 1;
      return { ...node, id: ids.get(node.id)!, times: joined, parameters: node.parameters * joined };
    }),
    edges: edges
      .map(({ from, to }) => ({ from: ids.get(place(from))!, to: ids.get(place(to))! }))
      .filter(({ from, to }) => from !== to),
  };
}

/** Groups that still surround two nodes and more. */
function tidied(
  { nodes, edges }: { nodes: readonly Draft[]; edges: readonly Edge[] },
  groups: readonly ArchitectureGroup[],
): Pick<Architecture, "nodes" | "edges" | "groups"> {
  const members = groups.map(() => 0);
  for (const node of nodes)
    for (let group = node.group; group !== null; group = groups[group]!.inside) members[group]!++;
  const outer = (group: number | null): number | null =>
    group === null || members[group]! >= 2 ? group : outer(groups[group]!.inside);
  const kept = groups.filter(({ id }) => members[id]! >= 2);
  const ids = new Map(kept.map(({ id }, position) => [id, position]));
  const renamed = (group: number | null): number | null => {
    const found = outer(group);
    return found === null ? null : ids.get(found)!;
  };
  return {
    nodes: nodes.map((node) => ({ ...node, group: renamed(node.group) })),
    edges,
    groups: kept.map((group) => ({ ...group, id: ids.get(group.id)!, inside: renamed(group.inside) })),
  };
}
