/** Data sets whose samples are no pictures: points in the plane as a scatter chart, other rows of numbers as a sentence. */
import type { Dataset } from "../../../engine/data/dataset.ts";
import { chart, rounded, someOf } from "../drawing/chart.ts";
import { type Displayable, displayable } from "../mime.ts";
import { palette } from "../theme.ts";
import { countOf, formatCount } from "../wording.ts";

/** More points than this hide each other, and make the chart heavy. */
const MOST_POINTS = 1000;

/** The picture of a data set of points `[N, 2]`, coloured and shaped by class; of other rows the sentence alone. */
export function pointsPicture(dataset: Dataset): Displayable {
  const text = `${dataset}${spreadOf(dataset)}.`;
  if (dataset.targetNames.includes("next") && dataset.sampleShape.length === 1)
    return seriesPicture(dataset, text);
  if (dataset.sampleShape.join() !== "2") return displayable(text, () => ({ data: { "text/plain": text } }));
  const part =
    dataset.size > MOST_POINTS
      ? dataset.subset(
          someOf(
            Array.from({ length: dataset.size }, (_, i) => i),
            MOST_POINTS,
          ),
        )
      : dataset;
  const places = part.points.toTypedArray();
  const labels = part.isLabelled ? part.labels.toTypedArray() : null;
  const rows = Array.from({ length: part.size }, (_, i) => ({
    x: rounded(places[2 * i]!),
    y: rounded(places[2 * i + 1]!),
    ...(labels === null ? {} : { class: part.classes[labels[i]!] }),
  }));
  const kind = { field: "class", type: "nominal", sort: null, title: "class" };
  const axis = (field: string, title: string) => ({
    field,
    type: "quantitative",
    scale: { zero: false, nice: true },
    axis: { title },
  });
  const spec = {
    title: {
      text: dataset.name,
      subtitle: part.size < dataset.size ? [text, `${formatCount(part.size)} of them are shown.`] : text,
    },
    data: { values: rows },
    width: 360,
    height: 360,
    mark: { type: "point", filled: true, size: 36, opacity: 0.75 },
    encoding: {
      x: axis("x", "x₁"),
      y: axis("y", "x₂"),
      ...(labels === null ? {} : { color: kind, shape: kind }),
    },
  };
  return chart(spec, text);
}

/** How many samples each class has. */
function spreadOf({ classCounts, classes }: Dataset): string {
  if (classCounts.length === 0) return "";
  if (new Set(classCounts).size === 1) return `, ${formatCount(classCounts[0]!)} each`;
  if (classCounts.length > 4) return "";
  return `: ${classCounts.map((count, label) => `${countOf(count, "sample")} of ${classes[label]}`).join(", ")}`;
}

const WINDOWS = 4;

/** Windows of a series, and after each the values that are to be predicted. */
function seriesPicture(dataset: Dataset, text: string): Displayable {
  const part = dataset.take(Math.min(dataset.size, WINDOWS));
  const rows = ["images", "next"].flatMap((name) => {
    const values = part.target(name).toTypedArray();
    const length = values.length / part.size;
    const first = name === "next" ? part.sampleShape[0]! : 0;
    return Array.from(values, (value, i) => ({
      step: first + (i % length),
      value: rounded(value),
      window: `window ${Math.floor(i / length)}`,
      part: name === "next" ? "to be predicted" : "given",
    }));
  });
  const axes = {
    x: { field: "step", type: "quantitative", title: "step", axis: { grid: false, tickMinStep: 1 } },
    y: { field: "value", type: "quantitative", title: "value", scale: { zero: false } },
  };
  const kind = (range: readonly unknown[]) => ({
    field: "part",
    type: "nominal",
    title: null,
    scale: { domain: ["given", "to be predicted"], range },
    legend: { orient: "bottom" },
  });
  const spec = {
    title: { text: dataset.name, subtitle: [text, `The first ${countOf(part.size, "window")} shown.`] },
    data: { values: rows },
    facet: { field: "window", type: "nominal", title: null, sort: null, header: { labelAnchor: "start" } },
    columns: 2,
    spacing: 16,
    spec: {
      width: 280,
      height: 90,
      encoding: axes,
      layer: [
        { transform: [{ filter: "datum.part === 'given'" }], mark: { type: "line", color: palette[0] } },
        {
          mark: { type: "point", filled: true, size: 30, opacity: 1 },
          encoding: { color: kind([palette[0], palette[1]]), shape: kind(["circle", "triangle-up"]) },
        },
      ],
    },
  };
  return chart(spec, text);
}
