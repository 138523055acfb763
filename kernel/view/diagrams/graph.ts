/** The computational graph of a tensor: gates with values over and gradients under their lines; boxes where tensors are large. */
import { ArgumentError } from "../../../engine/errors.ts";
import type { ComputationGraph } from "../../../engine/graph.ts";
import { checkOptions } from "../../../engine/options.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { diagram } from "../drawing/diagram.ts";
import type { Displayable } from "../mime.ts";
import { countOf, formatCount, formatNumber, formatShape } from "../wording.ts";
import { boxes } from "./boxes.ts";
import { computation, type GraphPictureOptions, isScalar, nameOf, numberIn, rootOf } from "./computation.ts";
import { gates } from "./gates.ts";

/**
 * Draws how a tensor was computed. Single numbers as in a textbook: a gate for each operation, over every line the value
 * that flows forward and under it the gradient that flows back. Larger tensors as boxes with shape, mean and norm.
 * Takes the tensor, or what `graphOf` returned. Lecture steps 002.2, 002.3 and 004.22.
 *
 * @example
 * const [x, y, z] = [-2, 5, -4].map((value) => tensor(value, { requiresGrad: true }));
 * show.graph(x.named("x").add(y.named("y")).named("q").mul(z.named("z")).named("f"));
 */
export function graph(source: Tensor | ComputationGraph, options: GraphPictureOptions = {}): Displayable {
  checkOptions("show.graph", options, ["title", "values", "gradients", "formulas", "model", "maxNodes"]);
  const { maxNodes = 32 } = options;
  if (!Number.isInteger(maxNodes) || maxNodes < 2)
    throw new ArgumentError(`show.graph: maxNodes must be a whole number from 2, got ${maxNodes}`);
  const found = computation(source, options);
  const shown = nearest(found, maxNodes);
  const drawing = isScalar(found) ? gates(shown, options) : boxes(shown, options);
  const text = sentence(found, options);
  const cut = found.vertices.length - shown.vertices.length;
  const subtitle =
    cut > 0
      ? `${text} The ${formatCount(shown.vertices.length)} tensors nearest the result are drawn, ${formatCount(cut)} are not.`
      : text;
  const title = options.title ?? `How ${nameOf(rootOf(found))} is computed`;
  return diagram({ title, subtitle, ...drawing }, subtitle);
}
/** The vertices nearest the result, with the lines between them. */
function nearest({ vertices, edges }: ComputationGraph, most: number): ComputationGraph {
  if (vertices.length <= most) return { vertices, edges };
  const operands = vertices.map((): number[] => []);
  for (const { from, to } of edges) operands[to]!.push(from);
  const kept = new Set([vertices.length - 1]);
  for (const id of kept) for (const from of operands[id]!) if (kept.size < most) kept.add(from);
  return {
    vertices: vertices.filter(({ id }) => kept.has(id)),
    edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
  };
}
/** "f = −12 by 2 operations (add, mul) from x, y, z; ∂f/∂x = −4, ∂f/∂y = −4, ∂f/∂z = 3." */
function sentence(found: ComputationGraph, { gradients = true }: GraphPictureOptions): string {
  const root = rootOf(found);
  const number = numberIn(root.value);
  const name = root.name ?? "The result";
  const result =
    root.tensor.size === 1 && number !== null
      ? `${name} = ${formatNumber(number)}`
      : `${name} ${formatShape(root.shape)}`;
  const operations = found.vertices.filter(({ op }) => op !== null);
  if (operations.length === 0)
    return `${root.name ?? "The tensor"} (${formatShape(root.shape)}) was given, not computed: it has no graph.`;
  const kinds = [...new Set(operations.map(({ op }) => op!))];
  const by = `${countOf(operations.length, "operation")}${kinds.length <= 6 ? ` (${kinds.join(", ")})` : ""}`;
  const leaves = found.vertices.filter(({ op, requiresGrad }) => op === null && requiresGrad);
  const slopes = leaves.flatMap(({ name: leaf, gradient, tensor }) =>
    gradients && leaf !== null && tensor.size === 1 && gradient !== null
      ? [`∂${root.name ?? "result"}/∂${leaf} = ${formatNumber(numberIn(gradient)!)}`]
      : [],
  );
  const tail = slopes.length > 0 && slopes.length <= 6 ? `; ${slopes.join(", ")}` : "";
  return `${result} by ${by} from ${countOf(leaves.length, "variable")}${tail}.`;
}
