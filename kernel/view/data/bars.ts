/** Bars: class counts, probabilities, any few numbers with names. */
import { ShapeError } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import { type ChartSpec, chart, rounded } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { palette, role } from "../theme.ts";
import { listOf, type NumberSource } from "../values.ts";
import { countOf, formatNumber, formatPercent, wrapped } from "../wording.ts";

/** Options of `bars`. */
export interface BarsOptions {
  /** A name for each bar; numbers where left out. */
  labels?: readonly string[];
  /** A title above the chart. */
  title?: string;
  /** Unit of the values, such as `images`; probabilities are found by themselves. */
  unit?: string;
}

/**
 * Draws one bar for each value; values that are probabilities (between 0 and 1, sum 1) get a percentage axis.
 *
 * @example
 * show.bars(logits.softmax(1), { labels: test.classes });
 * show.bars([980, 1135], { labels: ["zero", "one"], unit: "images" });
 */
export function bars(
  source: NumberSource | Readonly<Record<string, number>>,
  options: BarsOptions = {},
): Displayable {
  checkOptions("show.bars", options, ["labels", "title", "unit"]);
  const [values, labels] = namedValues(source, options.labels);
  if (values.length === 0)
    throw new ShapeError("show.bars: expected numbers, got none; give a list, a tensor, or { name: value }");
  if (values.length > 200) {
    throw new ShapeError(
      `show.bars: ${countOf(values.length, "bar")} are too many to read; use show.tensor for a histogram`,
    );
  }
  if (labels.length !== values.length) {
    throw new ShapeError(
      `show.bars: ${countOf(labels.length, "label")} for ${countOf(values.length, "value")}; give one for each`,
    );
  }
  const sum = values.reduce((total, value) => total + value, 0);
  const probabilities =
    !options.unit &&
    values.length > 1 &&
    Math.abs(sum - 1) < 1e-3 &&
    values.every((value) => value >= 0 && value <= 1);
  const print = (value: number) =>
    probabilities ? formatPercent(value) : `${formatNumber(value)}${options.unit ? ` ${options.unit}` : ""}`;
  const text = barsSentence(values, labels, print, probabilities);
  return chart(barsSpec(values, labels, text, options, probabilities), text);
}

function namedValues(
  source: NumberSource | Readonly<Record<string, number>>,
  labels?: readonly string[],
): [number[], readonly string[]] {
  if (typeof source === "object" && source !== null && Object.getPrototypeOf(source) === Object.prototype) {
    return [Object.values(source as Record<string, number>), labels ?? Object.keys(source)];
  }
  const values = listOf(source as NumberSource, "show.bars");
  return [values, labels ?? values.map((_, i) => String(i))];
}

function barsSentence(
  values: number[],
  labels: readonly string[],
  print: (value: number) => string,
  probabilities: boolean,
): string {
  const finite = values.filter(Number.isFinite);
  const odd = values.length - finite.length;
  const note = odd > 0 ? `; ${countOf(odd, "value")} not finite` : "";
  if (finite.length === 0) return `${countOf(values.length, "value")}, none finite.`;
  const top = values.indexOf(Math.max(...finite));
  const bottom = values.indexOf(Math.min(...finite));
  if (probabilities)
    return `Most probable of ${values.length}: ${labels[top]} with ${print(values[top]!)}${note}.`;
  if (values[top] === values[bottom])
    return `${countOf(values.length, "value")}, all ${print(values[top]!)}${note}.`;
  return `${countOf(values.length, "value")}: most ${labels[top]} (${print(values[top]!)}), least ${labels[bottom]} (${print(values[bottom]!)})${note}.`;
}

function barsSpec(
  values: number[],
  labels: readonly string[],
  text: string,
  options: BarsOptions,
  probabilities: boolean,
): ChartSpec {
  const rows = values.map((value, i) => ({
    label: labels[i],
    value: rounded(value),
    odd: Number.isFinite(value) ? "" : formatNumber(value),
  }));
  const longest = Math.max(...labels.map((label) => label.length));
  const lying = longest > 6 || values.length > 24;
  const unit = probabilities ? "probability" : (options.unit ?? "value");
  const names = {
    field: "label",
    type: "nominal",
    scale: { domain: [...new Set(labels)] },
    axis: { title: null, labelAngle: 0, labelLimit: 180, ticks: false },
  };
  const lengths = {
    field: "value",
    type: "quantitative",
    scale:
      probabilities || values.every((value) => !Number.isFinite(value) || value === 0)
        ? { domain: [0, 1] }
        : {},
    axis: { title: unit, ...(probabilities ? { format: ".0%" } : {}) },
  };
  const size = lying
    ? { width: 420, height: Math.max(60, Math.min(640, rows.length * 20)) }
    : { width: Math.max(160, Math.min(640, rows.length * 40)), height: 200 };
  return {
    title: {
      text: options.title ?? (probabilities ? "Probabilities" : "Values"),
      subtitle: wrapped(text, size.width + 60),
    },
    data: { values: rows },
    ...size,
    encoding: { [lying ? "y" : "x"]: names },
    layer: [
      {
        mark: { type: "bar", color: palette[0], cornerRadiusEnd: 2 },
        encoding: {
          [lying ? "x" : "y"]: lengths,
          tooltip: [
            { field: "label", title: "name" },
            { field: "value", title: unit, format: probabilities ? ".2%" : "," },
          ],
        },
      },
      ...(rows.some(({ odd }) => odd !== "") ? [oddLayer(lying, size)] : []),
    ],
  };
}

/** What is not finite is written where its bar would stand. */
function oddLayer(lying: boolean, { height }: { height: number }): ChartSpec {
  return {
    mark: {
      type: "text",
      color: role.wrong,
      fontSize: 10,
      ...(lying ? { align: "left", dx: 4 } : { baseline: "bottom", dy: -3 }),
    },
    encoding: { [lying ? "x" : "y"]: { value: lying ? 0 : height }, text: { field: "odd" } },
  };
}
