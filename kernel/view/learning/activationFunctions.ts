/** Activation functions with their derivatives, as automatic differentiation finds them. */

import { gradients } from "../../../engine/autograd.ts";
import { linspace } from "../../../engine/creation.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { enableGrad } from "../../../engine/gradmode.ts";
import { withScope } from "../../../engine/memory.ts";
import * as nn from "../../../engine/nn/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor, type Tensor } from "../../../engine/tensor.ts";
import {
  type ChartSpec,
  chart,
  downsample,
  emptyPlot,
  type Point,
  roomyRange,
  rounded,
} from "../drawing/chart.ts";
import { niceTicks } from "../drawing/ticks.ts";
import type { Displayable } from "../mime.ts";
import { layerText } from "../network/layers.ts";
import { dashes, ink, role } from "../theme.ts";
import { countOf, formatNumber, formatShape, wrapped } from "../wording.ts";

/** A layer such as `nn.relu()`, or a function of a tensor that acts on each number by itself. */
export type ActivationSource = nn.Module | ((x: Tensor) => Tensor);

/** Options of `activationFunctions`. */
export interface ActivationFunctionsOptions {
  /** From where to where, −4 to 4 where left out. */
  x?: readonly [low: number, high: number];
  /** A title above the picture. */
  title?: string;
}

const operation = "show.activationFunctions";
const PLACES = 321;

/**
 * Draws activation functions, each with its derivative (dashed) as the engine differentiates it; the eight of the lectures where
 * none are given. By name where they are functions of your own. Lecture steps 001.7, 001.9, 002.9 to 002.14, 004.11 to 004.13.
 *
 * @example
 * show.activationFunctions([nn.sigmoid(), nn.tanh(), nn.relu()]);
 * show.activationFunctions({ swish: (x: Tensor) => x.mul(x.sigmoid()) });
 */
export function activationFunctions(
  source: readonly ActivationSource[] | Readonly<Record<string, ActivationSource>> = lectures(),
  options: ActivationFunctionsOptions = {},
): Displayable {
  checkOptions(operation, options, ["x", "title"]);
  const [low, high] = options.x ?? [-4, 4];
  if (!(low < high && Number.isFinite(high - low)))
    throw new ArgumentError(`${operation}: x is [low, high] with low below high, got [${low}, ${high}]`);
  const named = Array.isArray(source)
    ? source.map((item: ActivationSource, i): [string, ActivationSource] => [titleOf(item, i), item])
    : Object.entries(source as Readonly<Record<string, ActivationSource>>);
  if (named.length === 0)
    throw new ShapeError(
      `${operation}: no activation to draw; give layers such as [nn.relu()], functions by name, or nothing for the usual ones`,
    );
  if (named.length > 24)
    throw new ArgumentError(`${operation}: at most 24 functions fit, got ${named.length}`);
  const curves = named.map(([name, item]) => ({ name, ...curvesOf(name, item, low, high) }));
  const steepest = curves.map(({ name, slope }) => `${name} ${slopeText(slope)}`);
  const text = `${countOf(named.length, "activation function")} and ${named.length === 1 ? "its derivative" : "their derivatives"}; largest slope: ${steepest.join(", ")}.`;
  const columns = Math.ceil(named.length / Math.ceil(named.length / 4));
  const width = 138;
  const spec = {
    title: {
      text: options.title ?? "Activation functions",
      subtitle: [
        ...wrapped(text, Math.max(380, columns * (width + 44))),
        "solid: the function, dashed: its derivative",
      ],
    },
    columns,
    spacing: { row: 14, column: 14 },
    concat: curves.map((curve) => panel(curve, [low, high], width)),
  };
  return chart(spec, text);
}

const lectures = (): nn.Module[] => [
  nn.sigmoid(),
  nn.tanh(),
  nn.relu(),
  nn.leakyRelu(0.1),
  nn.elu(),
  nn.softplus(),
  nn.gelu(),
  nn.step(),
];

const titleOf = (item: unknown, i: number): string =>
  item instanceof nn.Module ? layerText(item) : functionName(item) || `function ${i}`;

const functionName = (item: unknown): string => (typeof item === "function" ? item.name : "");

function slopeText(slope: readonly Point[]): string {
  const values = slope.map(({ y }) => y).filter(Number.isFinite);
  return values.length === 0 ? "not finite" : formatNumber(values.reduce((a, b) => Math.max(a, b)));
}

interface Curves {
  /** The function. */
  readonly value: Point[];
  /** Its derivative. */
  readonly slope: Point[];
}

function curvesOf(name: string, item: ActivationSource, low: number, high: number): Curves {
  if (typeof item !== "function")
    throw new ArgumentError(
      `${operation}: expected layers such as nn.relu() or functions of a tensor, got ${describeValue(item)} for "${name}"`,
    );
  return enableGrad(() =>
    withScope(() => {
      const x = linspace(low, high, PLACES);
      x.requiresGrad = true;
      const y: unknown = item(x);
      if (!isTensor(y) || y.shape.join() !== x.shape.join())
        throw new ShapeError(
          `${operation}: ${name} must give a number for each number; for [${PLACES}] it gave ${isTensor(y) ? formatShape(y.shape) : describeValue(y)}`,
        );
      const at = x.toTypedArray();
      const points = (values: ArrayLike<number>) =>
        Array.from(at, (place, i) => ({ x: place, y: values[i]! }));
      return { value: points(y.toTypedArray()), slope: points(slopesOf(y, x)) };
    }),
  );
}

/** dy/dx at each place: all others have no part in it, so the gradient of the sum holds each. 0 for what does not depend on x. */
function slopesOf(y: Tensor, x: Tensor): ArrayLike<number> {
  if (!y.requiresGrad) return new Float32Array(x.size);
  const [slope] = gradients(y.sum(), [x]);
  return slope!.toTypedArray();
}

function panel(
  { name, value, slope }: Curves & { name: string },
  range: readonly [number, number],
  width: number,
): ChartSpec {
  const rows = [
    ...downsample(value, 120).map((point) => row(point, "function")),
    ...downsample(slope, 120).map((point) => row(point, "derivative")),
  ];
  // A tick at the top of each panel keeps the titles of a row at one height.
  const { low, high } = roomyRange(rows.map(({ y }) => y ?? Number.NaN));
  const ticks = niceTicks(low, high, 5);
  const kinds = ["function", "derivative"];
  const kind = (scaled: readonly unknown[]) => ({
    field: "kind",
    type: "nominal",
    scale: { domain: kinds, range: scaled },
    legend: null,
  });
  const encoding = (field: "x" | "y") => ({
    field,
    type: "quantitative",
    title: null,
    scale: { domain: field === "x" ? range : [ticks[0], ticks.at(-1)], nice: false },
    axis: field === "x" ? { tickCount: 5 } : { values: ticks, minExtent: 26 },
  });
  return {
    width,
    height: 110,
    title: { text: name, fontSize: 12, offset: 10, limit: width + 34, frame: "group" },
    data: { values: rows },
    encoding: { x: encoding("x"), y: encoding("y") },
    layer: [
      {
        data: { values: [{ y: 0 }] },
        mark: { type: "rule", color: ink.line },
        encoding: { x: { value: 0 }, x2: { value: width } },
      },
      {
        mark: { type: "line", strokeWidth: 2 },
        encoding: {
          color: kind([role.train, role.validation]),
          strokeDash: kind([dashes[0], dashes[1]]),
          tooltip: [
            { field: "kind", title: name },
            { field: "x", title: "a", format: ".3~g" },
            { field: "y", title: "value", format: ".3~g" },
          ],
        },
      },
      ...(rows.length === 0 ? [emptyPlot(width, 110)] : []),
    ],
  };
}

const row = ({ x, y }: Point, kind: string) => ({ x: rounded(x), y: rounded(y), kind });
