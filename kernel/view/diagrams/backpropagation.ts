/** Backpropagation step by step: values forward through the graph, then gradients back, each by the local derivative. */
import { ArgumentError, describeValue, GradientError } from "../../../engine/errors.ts";
import type { ComputationGraph, GraphVertex } from "../../../engine/graph.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type NestedNumbers, type Tensor } from "../../../engine/tensor.ts";
import { animation } from "../drawing/animation.ts";
import {
  type Diagram,
  type DiagramEdge,
  type DiagramNode,
  type DiagramStep,
  diagram,
  type Line,
} from "../drawing/diagram.ts";
import { type Displayable, displayable, displaySymbol, type MimeBundle } from "../mime.ts";
import { countOf, formatNumber, formatShape } from "../wording.ts";
import { boxes, summary } from "./boxes.ts";
import { computation, type GraphPictureOptions, isScalar, numberIn } from "./computation.ts";
import { gates, symbolOf } from "./gates.ts";

/** Options of `backpropagation`. */
export interface BackpropagationOptions {
  /** A title above the picture. */
  title?: string;
  /** All steps beside each other (the default for single numbers), or one after the other (the default for tensors). */
  as?: "grid" | "animation";
  /** A model whose parameters are called by their paths. */
  model?: NonNullable<GraphPictureOptions["model"]>;
  /** How many pictures are drawn at most; steps are drawn together where there are more (default 12, fewer of a large graph). */
  maxSteps?: number;
}

/** What happens in a step: values that are computed, or gradients that flow out of operations. */
interface Step {
  kind: "forward" | "backward";
  /** The vertices whose turn it is. */
  active: readonly number[];
  caption: string;
}

/** More numbers or tensors than these nobody follows, and their pictures would weigh too much. */
const MOST_VERTICES = 22;
const MOST_STEPS = 12;
/** Characters of a picture; a display has to stay below 200 KB. */
const HEAVIEST = 190_000;

/** Stands for the name at the end of the graph. */
const RESULT = -1;

/**
 * Draws how backpropagation goes through a computation: first the values, operation by operation, then the gradients in reverse
 * order, of single numbers each as the gradient that arrives times the local derivative; of tensors shape, mean and norm. Call it
 * before `backward()`. Throws an ArgumentError for a computation of more than 22 numbers or tensors: take a smaller network.
 * Lecture steps 000.24, 000.25 and 002.3.
 *
 * @example
 * const [x, y, z] = [-2, 5, -4].map((value) => tensor(value, { requiresGrad: true }));
 * const f = x.named("x").add(y.named("y")).named("q").mul(z.named("z")).named("f");
 * show.backpropagation(f);
 * show.backpropagation(f, { as: "animation" });
 * show.backpropagation(nn.crossEntropy(model(x), y), { model });
 */
export function backpropagation(loss: Tensor, options: BackpropagationOptions = {}): Displayable {
  checkOptions("show.backpropagation", options, ["title", "as", "maxSteps", "model"]);
  const { maxSteps, as: wanted } = options;
  if (wanted !== undefined && wanted !== "grid" && wanted !== "animation")
    throw new ArgumentError(
      `show.backpropagation: as must be "grid" or "animation", got ${describeValue(wanted)}`,
    );
  if (maxSteps !== undefined && !(Number.isInteger(maxSteps) && maxSteps >= 2))
    throw new ArgumentError(
      `show.backpropagation: maxSteps must be a whole number from 2, got ${describeValue(maxSteps)}`,
    );
  const found = differentiated(loss, options);
  const as = wanted ?? (isScalar(found) ? "grid" : "animation");
  const text = sentence(found);
  if (as === "animation") {
    const content = stepwise(found, text, maxSteps ?? Number.POSITIVE_INFINITY, options);
    const frames = content.steps!.map((step, i) => ({
      kind: "diagram" as const,
      // A chart with a slider, which no front end makes smaller.
      diagram: { ...content, maxWidth: 780, steps: [{ ...step, number: i + 1 }] },
    }));
    return animation(frames, text, { secondsPerFrame: 1.6, step: "step" });
  }
  const draw = (most: number): MimeBundle =>
    diagram(stepwise(found, text, most, options), text)[displaySymbol]();
  return displayable(text, () => {
    // The heavier each step, the fewer.
    const parts = found.vertices.length + found.edges.length;
    let most = maxSteps ?? Math.max(2, Math.min(MOST_STEPS, Math.floor(250 / parts)));
    let bundle = draw(most);
    while (maxSteps === undefined && most > 2 && String(bundle.data["image/png"]).length > HEAVIEST) {
      most = Math.floor(most * 0.7);
      bundle = draw(most);
    }
    return bundle;
  });
}

/** `f = −12 by 2 operations forward; as many backward give ∂f/∂x = −4, ∂f/∂y = −4, ∂f/∂z = 3.` */
function sentence({ vertices }: ComputationGraph): string {
  const root = vertices.at(-1)!;
  const operations = vertices.filter(({ op }) => op !== null).length;
  const slopes = vertices
    .filter(({ op, requiresGrad }) => op === null && requiresGrad)
    .map((vertex) => `∂${nameOf(root)}/∂${nameOf(vertex)} ${equals(vertex.gradient)}`);
  return `${nameOf(root)} = ${number(numberIn(root.value))} by ${countOf(operations, "operation")} forward; as many backward give ${slopes.slice(0, 6).join(", ")}${slopes.length > 6 ? " …" : ""}.`;
}

function stepwise(
  found: ComputationGraph,
  text: string,
  most: number,
  { title }: BackpropagationOptions,
): Diagram {
  const areNumbers = isScalar(found);
  const whole = areNumbers ? gates(found, { formulas: false }) : boxes(found, { formulas: false });
  const steps = inAtMost(stepsOf(found), most);
  return {
    title: title ?? `Backpropagation through ${nameOf(found.vertices.at(-1)!)}`,
    subtitle: text,
    ...whole,
    notes: areNumbers
      ? [
          "Blue, over a line: the value. Red, under it: the gradient, which is the gradient that arrives times the local derivative; Σ adds up what arrives along several lines.",
        ]
      : [
          `Blue: the value. Red: the gradient of ${nameOf(found.vertices.at(-1)!)}, in the same shape. The norm is the root of the sum of squares.`,
        ],
    steps: steps.map((step, i) => frame(found, whole, steps.slice(0, i + 1), step)),
  };
}

function differentiated(loss: unknown, { model }: BackpropagationOptions): ComputationGraph {
  if (!isTensor(loss))
    throw new ArgumentError(
      `show.backpropagation: expected a tensor, such as a loss; got ${describeValue(loss)}`,
    );
  if (!loss.requiresGrad || loss.op === null)
    throw new GradientError(
      "show.backpropagation: this tensor was not computed from variables with requiresGrad, so there is nothing to go back through; give a loss that was computed from parameters",
    );
  if (loss.size !== 1)
    throw new GradientError(
      `show.backpropagation: the way back begins at a single number, this tensor has the shape ${formatShape(loss.shape)}; give its sum() or mean()`,
    );
  const found = computation(loss, model === undefined ? {} : { model });
  if (found.vertices.length > MOST_VERTICES)
    throw new ArgumentError(
      `show.backpropagation: ${found.vertices.length} ${isScalar(found) ? "numbers" : "tensors"} are too many to follow step by step (at most ${MOST_VERTICES}); show.graph draws those nearest the result`,
    );
  if (found.vertices.at(-1)!.gradient === null)
    throw new GradientError(
      "show.backpropagation: backward() has been through this graph already; show it before, or pass { retainGraph: true } to backward()",
    );
  return found;
}

/** The inputs; each operation; the gradient 1 of the result; each operation in reverse. */
function stepsOf(found: ComputationGraph): Step[] {
  const { vertices, edges } = found;
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const root = vertices.at(-1)!;
  const given = vertices.filter(({ op }) => op === null);
  const computed = vertices.filter(({ op }) => op !== null);
  const inputs = given.filter(({ name, requiresGrad }) => name !== null || requiresGrad);
  const forward = computed.map((vertex): Step => {
    const operands = edges
      .filter(({ to }) => to === vertex.id)
      .map(({ from }) => {
        const operand = byId.get(from)!;
        return operand.tensor.size === 1 ? number(numberIn(operand.value)) : nameOf(operand);
      });
    const name = vertex.name === null ? "" : `${vertex.name} = `;
    const result =
      vertex.tensor.size === 1 ? `= ${number(numberIn(vertex.value))}` : `→ ${formatShape(vertex.shape)}`;
    const caption = `${name}${expression(vertex.op!, operands)} ${result}`;
    return { kind: "forward", active: [vertex.id], caption };
  });
  const backward = computed.toReversed().map((vertex): Step => {
    const arriving = number(numberIn(vertex.gradient));
    const parts = edges
      .filter(({ to, gradient }) => to === vertex.id && gradient !== null)
      .map(({ from, derivative, gradient }) => {
        const way = derivative === null ? "" : `${arriving} · ${bracketed(derivative)} = `;
        return `to ${nameOf(byId.get(from)!)}: ${way}${summary(gradient!, false)}`;
      });
    return { kind: "backward", active: [vertex.id], caption: parts.join(", ") };
  });
  return [
    {
      kind: "forward",
      active: inputs.map(({ id }) => id),
      caption: inputs.map((vertex) => `${nameOf(vertex)} ${shownAs(vertex)}`).join(", "),
    },
    ...forward,
    { kind: "backward", active: [RESULT], caption: `∂${nameOf(root)}/∂${nameOf(root)} = 1` },
    ...backward,
  ];
}

/** Neighbouring steps of one kind together, so that there are at most so many. */
function inAtMost(steps: readonly Step[], most: number): Step[] {
  for (let together = 1; ; together++) {
    const merged = (["forward", "backward"] as const).flatMap((kind) => {
      const own = steps.filter((step) => step.kind === kind);
      return Array.from({ length: Math.ceil(own.length / together) }, (_, i): Step => {
        const part = own.slice(i * together, (i + 1) * together);
        const active = part.flatMap((step) => step.active);
        return { kind, active, caption: part.map(({ caption }) => caption).join("; ") };
      });
    });
    if (merged.length <= most) return merged;
  }
}

/** The diagram as it is after the steps `done`, the last of which is `now`. */
function frame(
  found: ComputationGraph,
  whole: Pick<Diagram, "nodes" | "edges">,
  done: readonly Step[],
  now: Step,
): DiagramStep {
  const over = (kind: Step["kind"]): Set<number> =>
    new Set(done.filter((step) => step.kind === kind).flatMap(({ active }) => active));
  const [forward, backward] = [over("forward"), over("backward")];
  const byId = new Map(found.vertices.map((vertex) => [vertex.id, vertex]));
  const root = found.vertices.at(-1)!;
  const isBack = now.kind === "backward";
  const isKnown = (id: number): boolean => forward.has(id) || byId.get(id)!.op === null;
  const turn = (active: boolean, known: boolean): Pick<DiagramNode, "emphasis"> =>
    active ? { emphasis: "active" } : known ? {} : { emphasis: "waiting" };

  const hasArrived = (id: number): boolean =>
    id === root.id ? isBack : found.edges.every(({ from, to }) => from !== id || backward.has(to));
  /** In boxes values and gradients stand inside. */
  const isShown = (node: string, { tone }: Line): boolean =>
    tone === "value"
      ? isKnown(Number(node))
      : tone === "gradient"
        ? isBack && hasArrived(Number(node))
        : true;
  const nodes = whole.nodes.map(({ below, lines, ...rest }): DiagramNode => {
    const node = {
      ...rest,
      lines: lines.map((line) => (isShown(rest.id, line) ? line : { ...line, hidden: true })),
    };
    if (node.id === "result") return { ...node, ...turn(false, isKnown(root.id)) };
    const id = Number(node.id);
    const summed = found.edges.every(({ from, to }) => from !== id || backward.has(to));
    return {
      ...node,
      ...(below !== undefined && summed ? { below } : {}),
      ...turn(now.active.includes(id), isKnown(id)),
    };
  });
  const edges = whole.edges.map(({ above, below, ...edge }, i): DiagramEdge => {
    const from = Number(edge.from);
    // The last line leads to the result's name: its gradient is the 1 with which the way back begins.
    const to = found.edges[i]?.to ?? null;
    const arrived = to === null ? isBack : backward.has(to);
    const begins = to === null && now.active.includes(RESULT);
    const moves = isBack ? begins || (to !== null && now.active.includes(to)) : now.active.includes(from);
    return {
      ...edge,
      ...(above !== undefined && isKnown(from) ? { above } : {}),
      ...(below !== undefined && arrived ? { below } : {}),
      ...turn(moves && (!isBack || byId.get(from)!.gradient !== null), isKnown(from)),
    };
  });
  return { caption: `${isBack ? "Backward" : "Forward"}: ${now.caption}`, nodes, edges };
}

const infix: ReadonlySet<string> = new Set(["add", "sub", "mul", "div"]);

/** `−2 + 5`, `max(3, 1)`. */
function expression(op: string, operands: readonly string[]): string {
  if (infix.has(op))
    return operands
      .map((operand, i) => (i > 0 && operand.startsWith("−") ? `(${operand})` : operand))
      .join(` ${op === "mul" ? "·" : op === "div" ? "/" : symbolOf(op)} `);
  return `${op === "maximum" ? "max" : op === "minimum" ? "min" : op}(${operands.join(", ")})`;
}

/** `= −4`, `= [0.1, 0.2]`, `has norm 2.3`. */
function equals(value: NestedNumbers | null): string {
  if (value === null || typeof value === "number") return `= ${number(value)}`;
  const numbers = summary(value, false);
  return numbers.startsWith("norm") ? `has ${numbers}` : `= ${numbers}`;
}

/** `= 3`, `3×4`. */
const shownAs = ({ tensor, value, shape }: GraphVertex): string =>
  tensor.size === 1 ? `= ${number(numberIn(value))}` : formatShape(shape);

const number = (value: number | null): string => (value === null ? "?" : formatNumber(value));

const bracketed = (value: number): string => (value < 0 ? `(${formatNumber(value)})` : formatNumber(value));

/** A vertex's name, or what it is. */
function nameOf({ name, op }: GraphVertex): string {
  return name ?? (op === null ? "the input" : symbolOf(op));
}
