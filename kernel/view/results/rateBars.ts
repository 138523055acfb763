/** What charts of rates by class or group share: names down the side, counts beside the bars, a line for all together. */
import { type ChartSpec, rounded } from "../drawing/chart.ts";
import { ink, role } from "../theme.ts";
import { formatPercent } from "../wording.ts";

/** Names down the side, in the order of the rows. */
export function namesAxis(title: string | null): ChartSpec {
  const axis = { title, labelLimit: 160, ticks: false, domain: false };
  return { field: "name", type: "nominal", sort: null, axis };
}

/** The rows' `label` to the right of a chart of this width. */
export function countsBeside(width: number): ChartSpec {
  return {
    mark: { type: "text", align: "left", dx: 6, fontSize: 10, color: ink.muted },
    encoding: { x: { value: width }, text: { field: "label" } },
  };
}

/** A dashed line at the rate of all together, with its percentage on top. */
export function overallLine(overall: number, aligned: "center" | "right"): ChartSpec {
  // Near the axis the words stand to the right, away from its title.
  const align = overall < 0.1 ? "left" : aligned;
  const text = `all ${formatPercent(overall)}`;
  return {
    data: { values: [{ overall: rounded(overall) }] },
    encoding: {
      x: { field: "overall", type: "quantitative" },
      y: { value: 0 },
      color: { value: role.validation },
    },
    layer: [
      {
        mark: { type: "rule", strokeDash: [4, 3], strokeWidth: 1.5 },
        encoding: { y2: { value: "height" } },
      },
      { mark: { type: "text", text, align, baseline: "bottom", dy: -3, fontSize: 10 } },
    ],
  };
}
