/** One frame of the live training dashboard as SVG: two small charts under a progress bar, always of the same size. */

import { fontSize, ink, role } from "../theme.ts";
import { formatNumber } from "../wording.ts";
import { fitText, textWidth } from "./font.ts";
import { svgDocument, svgRect, svgText } from "./svg.ts";
import { epochTicks, niceTicks } from "./ticks.ts";

export const FRAME_WIDTH = 720;
export const FRAME_HEIGHT = 290;

export interface FrameSeries {
  name: string;
  colour: string;
  dash: readonly number[];
  /** x, y, x, y … ; x in epochs. */
  points: Float64Array;
  /** x, low, high … : the spread behind the line. */
  band?: Float64Array;
  marks?: boolean;
  /** A ring around the point at x, such as the best so far; its name stands beside the title. */
  ring?: { x: number; label: string };
}

export interface FrameChart {
  title: string;
  /** Axis labels are percentages. */
  percent: boolean;
  series: readonly FrameSeries[];
  /** Shown while there is nothing to draw. */
  empty: string;
}

export interface TrainingFrame {
  title: string;
  status: "running" | "done" | "interrupted" | "failed";
  /** Share of the work done, where the amount is known. */
  progress: number | null;
  progressText: string;
  valuesText: string;
  epochs: number;
  charts: readonly FrameChart[];
}

const MARGIN = 14;
const barColour = {
  running: role.train,
  done: role.right,
  interrupted: "#b7791f",
  failed: role.wrong,
} as const;

export function frameSvg(frame: TrainingFrame): string {
  const inner = FRAME_WIDTH - 2 * MARGIN;
  const parts: string[] = [];
  const status = fitText(frame.progressText, inner * 0.72, fontSize.label);
  parts.push(svgText(status, FRAME_WIDTH - MARGIN, 24, { anchor: "end" }));
  const titleRoom = inner - textWidth(status, fontSize.label) - 16;
  const title = fitText(frame.title, titleRoom, fontSize.title, "bold");
  parts.push(svgText(title, MARGIN, 25, { size: fontSize.title, weight: "bold", colour: ink.strong }));

  parts.push(svgRect(MARGIN, 33, inner, 8, `rx="4" fill="${ink.grid}"`));
  const share = frame.progress ?? (frame.status === "done" ? 1 : 0);
  if (share > 0) {
    const width = Math.max(8, inner * Math.min(1, share));
    parts.push(svgRect(MARGIN, 33, width, 8, `rx="4" fill="${barColour[frame.status]}"`));
  }
  parts.push(svgText(fitText(frame.valuesText, inner, fontSize.label), MARGIN, 58, { colour: ink.text }));

  const chartWidth = (inner - 24) / frame.charts.length;
  for (const [index, chart] of frame.charts.entries()) {
    parts.push(
      chartSvg(
        chart,
        frame.epochs,
        MARGIN + index * (chartWidth + 24),
        70,
        chartWidth,
        FRAME_HEIGHT - 70 - 10,
      ),
    );
  }
  return svgDocument(FRAME_WIDTH, FRAME_HEIGHT, parts.join(""));
}

function chartSvg(
  chart: FrameChart,
  epochs: number,
  x: number,
  y: number,
  width: number,
  height: number,
): string {
  const parts: string[] = [svgText(chart.title, x, y + 10, { weight: "bold", colour: ink.strong })];
  parts.push(ringLegend(chart, x, y + 10), legend(chart, x + width, y + 10));
  const plot = { left: x + 42, top: y + 22, right: x + width - 4, bottom: y + height - 30 };
  const extent = yExtent(chart);
  const ticks = niceTicks(extent.low, extent.high, 5);
  const [low, high] = [Math.min(extent.low, ticks[0]!), Math.max(extent.high, ticks.at(-1)!)];
  const placeX = (epoch: number) => plot.left + (epoch / epochs) * (plot.right - plot.left);
  const placeY = (value: number) => plot.bottom - ((value - low) / (high - low)) * (plot.bottom - plot.top);

  for (const tick of ticks) {
    const at = placeY(tick).toFixed(1);
    parts.push(`<path d="M${plot.left} ${at}H${plot.right}" stroke="${ink.grid}"/>`);
    const label = chart.percent ? `${formatNumber(tick * 100)} %` : formatNumber(tick);
    parts.push(
      svgText(label, plot.left - 6, placeY(tick) + 3.5, {
        size: fontSize.small,
        anchor: "end",
        colour: ink.muted,
      }),
    );
  }
  for (const tick of epochTicks(epochs)) {
    const at = placeX(tick).toFixed(1);
    parts.push(`<path d="M${at} ${plot.bottom}v4" stroke="${ink.line}"/>`);
    const style = { size: fontSize.small, anchor: "middle", colour: ink.muted } as const;
    parts.push(svgText(formatNumber(tick), placeX(tick), plot.bottom + 15, style));
  }
  parts.push(`<path d="M${plot.left} ${plot.bottom}H${plot.right}" stroke="${ink.line}"/>`);
  const middle = (plot.left + plot.right) / 2;
  parts.push(
    svgText("epochs", middle, plot.bottom + 27, {
      size: fontSize.small,
      anchor: "middle",
      colour: ink.muted,
    }),
  );

  if (chart.series.every((series) => series.points.length === 0)) {
    const style = { anchor: "middle", colour: ink.muted } as const;
    parts.push(svgText(chart.empty, middle, (plot.top + plot.bottom) / 2, style));
  }
  for (const series of chart.series) {
    if (series.band) parts.push(bandPath(series.band, placeX, placeY, series.colour));
    parts.push(linePath(series, placeX, placeY), ringAt(series, placeX, placeY));
  }
  return parts.join("");
}

function legend(chart: FrameChart, right: number, y: number): string {
  const parts: string[] = [];
  let x = right;
  for (const series of [...chart.series].reverse()) {
    x -= textWidth(series.name, fontSize.small);
    parts.push(svgText(series.name, x, y, { size: fontSize.small }));
    const dash = `stroke-dasharray="${series.dash.join(" ")}"`;
    parts.push(
      `<path d="M${(x - 24).toFixed(1)} ${y - 3.5}h20" stroke="${series.colour}" stroke-width="2" ${dash}/>`,
    );
    x -= 38;
  }
  return parts.join("");
}

function linePath(series: FrameSeries, placeX: (x: number) => number, placeY: (y: number) => number): string {
  const { points, colour } = series;
  let path = "";
  let marks = "";
  let pen = "M";
  for (let i = 0; i < points.length; i += 2) {
    if (!Number.isFinite(points[i + 1]!)) {
      pen = "M";
      continue;
    }
    const [x, y] = [placeX(points[i]!).toFixed(1), placeY(points[i + 1]!).toFixed(1)];
    path += `${pen}${x} ${y}`;
    pen = "L";
    if (series.marks) marks += `<circle cx="${x}" cy="${y}" r="2.8" fill="${colour}"/>`;
  }
  const stroke = `fill="none" stroke="${colour}" stroke-width="1.8" stroke-linejoin="round"`;
  return path === ""
    ? ""
    : `<path d="${path}" ${stroke} stroke-dasharray="${series.dash.join(" ")}"/>${marks}`;
}

const ringPath = (x: number, y: number, radius: number): string =>
  `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius}" fill="none" stroke="${role.right}" stroke-width="1.8"/>`;

/** What the ring means, beside the chart's title. */
function ringLegend(chart: FrameChart, x: number, y: number): string {
  const ring = chart.series.find((series) => series.ring)?.ring;
  if (ring === undefined) return "";
  const left = x + textWidth(chart.title, fontSize.label, "bold") + 22;
  return `${ringPath(left, y - 3.5, 5)}${svgText(ring.label, left + 11, y, { size: fontSize.small })}`;
}

function ringAt(
  { points, ring }: FrameSeries,
  placeX: (x: number) => number,
  placeY: (y: number) => number,
): string {
  const at = ring === undefined ? -1 : points.findIndex((x, i) => i % 2 === 0 && x === ring.x);
  if (at === -1 || !Number.isFinite(points[at + 1]!)) return "";
  return ringPath(placeX(points[at]!), placeY(points[at + 1]!), 6);
}

function bandPath(
  band: Float64Array,
  placeX: (x: number) => number,
  placeY: (y: number) => number,
  colour: string,
): string {
  const [above, below]: [string[], string[]] = [[], []];
  for (let i = 0; i < band.length; i += 3) {
    if (!Number.isFinite(band[i + 1]!) || !Number.isFinite(band[i + 2]!)) continue;
    const x = placeX(band[i]!).toFixed(1);
    above.push(`${x} ${placeY(band[i + 2]!).toFixed(1)}`);
    below.unshift(`${x} ${placeY(band[i + 1]!).toFixed(1)}`);
  }
  return above.length < 2
    ? ""
    : `<path d="M${[...above, ...below].join("L")}Z" fill="${colour}" fill-opacity="0.18"/>`;
}

function yExtent(chart: FrameChart): { low: number; high: number } {
  const [lows, highs]: [number[], number[]] = [[], []];
  for (const { points, band } of chart.series) {
    for (let i = 1; i < points.length; i += 2) if (Number.isFinite(points[i]!)) lows.push(points[i]!);
    for (let i = 1; band && i < band.length; i += 3) {
      if (Number.isFinite(band[i]!) && Number.isFinite(band[i + 1]!)) {
        lows.push(band[i]!);
        highs.push(band[i + 1]!);
      }
    }
  }
  if (lows.length === 0) return { low: 0, high: 1 };
  const low = Math.min(...lows);
  const high = Math.max(...lows, ...highs);
  if (chart.percent) return { low: Math.max(0, Math.min(low, 0.9)), high: 1 };
  return { low: Math.min(0, low), high: high > low || high > 0 ? high : low + 1 };
}
