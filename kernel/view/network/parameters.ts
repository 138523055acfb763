/** Tables of what is trained: a model's parameters, and an optimiser's groups of them. */
import { type AnyModule, requireModule } from "../../../engine/nn/module.ts";
import type { Optimizer } from "../../../engine/optim/optimizer.ts";
import { statistics } from "../data/statistics.ts";
import { table } from "../drawing/table.ts";
import type { Displayable } from "../mime.ts";
import { countOf, formatCount, formatNumber, formatShape } from "../wording.ts";
import { layerName } from "./layers.ts";

/**
 * Draws a table of a model's parameters: name, shape, count, mean, standard deviation and the norm of the gradient, which a parameter
 * has after `backward()`. Says which are frozen, and where something is not a number.
 *
 * @example
 * nn.crossEntropy(model(images), labels).backward();
 * show.parameters(model)
 */
export function parameters(model: AnyModule): Displayable {
  requireModule("show.parameters", "model", model);
  const named = model.namedParameters();
  const rows = named.map(([path, parameter]) => {
    const { mean, std, nan, infinite } = statistics(parameter.toTypedArray());
    const { grad } = parameter;
    return {
      path,
      shape: formatShape(parameter.shape),
      count: parameter.size,
      mean,
      std,
      odd: nan + infinite,
      frozen: !parameter.requiresGrad,
      norm: grad === null ? null : normOf(grad.toTypedArray()),
    };
  });
  const frozen = rows.filter((row) => row.frozen);
  const odd = rows.filter((row) => row.odd > 0 || (row.norm !== null && !Number.isFinite(row.norm)));
  const notes = [
    ...(frozen.length > 0 ? [`${countOf(sum(frozen), "value")} frozen`] : []),
    ...(odd.length > 0 ? [`not finite: ${odd.map(({ path }) => path).join(", ")}`] : []),
    ...(rows.some(({ norm }) => norm !== null) ? [] : ["no gradients yet: call loss.backward()"]),
  ];
  const text = `${layerName(model)}: ${countOf(rows.length, "parameter tensor")} with ${countOf(model.parameterCount, "value")}${notes.length > 0 ? `; ${notes.join("; ")}` : ""}.`;
  return table({
    text,
    title: layerName(model),
    columns: [
      { title: "name", align: "left" },
      { title: "shape", align: "right" },
      { title: "count", align: "right" },
      { title: "mean", align: "right" },
      { title: "deviation", align: "right" },
      { title: "gradient norm", align: "right" },
    ],
    rows: rows.map((row) => [
      row.path,
      row.shape,
      formatCount(row.count),
      row.odd > 0 ? `${countOf(row.odd, "value")} not finite` : formatNumber(row.mean),
      formatNumber(row.std),
      row.frozen ? "frozen" : row.norm === null ? "none" : formatNumber(row.norm),
    ]),
    total: ["total", "", formatCount(model.parameterCount), "", "", ""],
  });
}

const sum = (rows: readonly { count: number }[]): number =>
  rows.reduce((total, { count }) => total + count, 0);

function normOf(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2;
  return Math.sqrt(squares);
}

/** An optimiser: its line, and where it has several groups a table of their settings. */
export function optimizerPicture(optimizer: Optimizer<object>): Displayable | string {
  const { groups, lr } = optimizer;
  if (groups.length < 2) return String(optimizer);
  const names = [...new Set(groups.flatMap(({ settings }) => Object.keys(settings)))];
  const print = (value: unknown) =>
    typeof value === "number"
      ? formatNumber(value)
      : Array.isArray(value)
        ? value.map(String).join(", ")
        : String(value ?? "");
  return table({
    text: `${optimizer}.`,
    title: `${optimizer.constructor.name}, ${countOf(optimizer.stepCount, "step")}`,
    columns: [
      { title: "group", align: "left" },
      { title: "tensors", align: "right" },
      { title: "values", align: "right" },
      { title: "lr", align: "right" },
      ...names.map((title) => ({ title, align: "right" }) as const),
    ],
    rows: groups.map(({ parameters: trained, settings, factor }, i) => [
      String(i),
      formatCount(trained.length),
      formatCount(trained.reduce((total, { size }) => total + size, 0)),
      formatNumber(lr * factor),
      ...names.map((name) => print(Reflect.get(settings, name))),
    ]),
  });
}
