/** Tables: a model's layers with shapes and parameters, and results side by side. */
import { ShapeError } from "../../../engine/errors.ts";
import { type AnyModule, Module } from "../../../engine/nn/module.ts";
import { type Column, table } from "../drawing/table.ts";
import type { Displayable } from "../mime.ts";
import { isRate } from "../training/curves.ts";
import { countOf, formatCount, formatNumber, formatPercent, formatShape } from "../wording.ts";

export interface SummaryRow {
  /** Path in the model and kind, such as `conv1` and `Conv2d(1 → 6, kernel 5×5)`. */
  path: string;
  layer: string;
  /** Known after the model ran. */
  outputShape?: readonly number[];
  parameterCount: number;
}

/** The table of `show.summary`. `total` counts shared parameters once. */
export function summaryTable(
  model: string,
  rows: readonly SummaryRow[],
  total: number,
  input?: readonly number[],
): Displayable {
  const shapes = rows.some(({ outputShape }) => outputShape);
  const columns: Column[] = [
    { title: "name", align: "left" },
    { title: "layer", align: "left" },
    ...(shapes ? [{ title: "output shape", align: "right" } as const] : []),
    { title: "parameters", align: "right" },
  ];
  const line = (row: SummaryRow): string[] => [
    row.path,
    row.layer,
    ...(shapes ? [row.outputShape ? formatShape(row.outputShape) : ""] : []),
    formatCount(row.parameterCount),
  ];
  const first = input ? [["input", "", ...(shapes ? [formatShape(input)] : []), ""]] : [];
  return table({
    text: `${model}: ${countOf(rows.length, "layer")}, ${countOf(total, "parameter")}.`,
    title: model,
    columns,
    rows: [...first, ...rows.map(line)],
    total: ["total", "", ...(shapes ? [""] : []), formatCount(total)],
  });
}

/** What `compare` sets in a row: a number, several by name, or a model, of which its layers and parameters are counted. */
export type Compared = number | Readonly<Record<string, number>> | AnyModule;

/**
 * Draws results side by side: one row for each name, one column for each number; rates in per cent, the best in words. Of models the
 * layers and parameters are counted.
 *
 * @example
 * show.compare({ "linear": { accuracy: 0.924 }, "LeNet-5": { accuracy: 0.989, parameters: 61706 } });
 * show.compare({ "LeNet-5": models.leNet5(), "VGG": models.vggSmall() });
 */
export function compare(results: Readonly<Record<string, Compared>>): Displayable {
  const rows = Object.entries(results).map(([name, result]): [string, Readonly<Record<string, number>>] => {
    if (typeof result === "number") return [name, { result }];
    return [name, result instanceof Module ? sizeOf(result) : (result as Readonly<Record<string, number>>)];
  });
  if (rows.length === 0)
    throw new ShapeError(
      "show.compare: nothing to compare; give results by name, such as { small: await evaluate(a, test), large: await evaluate(b, test) }",
    );
  const keys = [...new Set(rows.flatMap(([, result]) => Object.keys(result)))];
  const print = (key: string, value: number | undefined) => {
    if (value === undefined) return "";
    if (isRate(key) && value >= 0 && value <= 1) return formatPercent(value, 2);
    return Number.isInteger(value) ? formatCount(value) : formatNumber(value);
  };
  const leading = keys.find((key) => isRate(key) || /loss/i.test(key)) ?? keys[0]!;
  const lowerIsBetter = /error|loss/i.test(leading);
  const ranked = rows.filter(([, result]) => Number.isFinite(result[leading]));
  const best = ranked.reduce<(typeof ranked)[number] | undefined>((top, row) => {
    if (!top) return row;
    return row[1][leading]! < top[1][leading]! === lowerIsBetter ? row : top;
  }, undefined);
  const models = Object.values(results).every((result) => result instanceof Module);
  if (models) return modelsTable(rows, keys, print);
  const verdict = best
    ? `; ${lowerIsBetter ? "lowest" : "highest"} ${leading}: ${best[0]} (${print(leading, best[1][leading])})`
    : "";
  return table({
    text: `${countOf(rows.length, "result")} compared${verdict}.`,
    columns: [{ title: "", align: "left" }, ...keys.map((key) => ({ title: key, align: "right" }) as const)],
    rows: rows.map(([name, result]) => [name, ...keys.map((key) => print(key, result[key]))]),
  });
}

/** The numbers by which models are compared; layers are those that have no parts. */
function sizeOf(model: AnyModule): Readonly<Record<string, number>> {
  const layers = model.namedModules().filter(([, module]) => module.children.length === 0);
  return { layers: layers.length, parameters: model.parameterCount };
}

function modelsTable(
  rows: readonly (readonly [string, Readonly<Record<string, number>>])[],
  keys: readonly string[],
  print: (key: string, value: number | undefined) => string,
): Displayable {
  const size = ([, { parameters }]: (typeof rows)[number]) => parameters ?? 0;
  const smallest = rows.reduce((least, row) => (size(row) < size(least) ? row : least));
  return table({
    text: `${countOf(rows.length, "model")} compared; fewest parameters: ${smallest[0]} (${formatCount(size(smallest))}).`,
    columns: [{ title: "", align: "left" }, ...keys.map((key) => ({ title: key, align: "right" }) as const)],
    rows: rows.map(([name, result]) => [name, ...keys.map((key) => print(key, result[key]))]),
  });
}
